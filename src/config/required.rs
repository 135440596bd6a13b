//! Variables a project needs, each with a rule: `required_env` of `dbstudio.toml`.
//!
//! A check says whether a value is as it should be and, if not, what it should be. It never
//! says anything of the value itself beyond its length in bytes, for base64.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Variables, expand};

/// A variable a project needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The variable's name.
    pub name: String,
    /// What its value must be.
    pub rule: Rule,
}

/// What the value of a required variable must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Anything but nothing.
    NonEmpty,
    /// An address: a scheme, `:`, and something after it.
    Url,
    /// This many bytes in base64, of the standard or the URL-safe alphabet, padded or not.
    Base64(usize),
    /// One of these words.
    OneOf(Vec<String>),
}

/// How a requirement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementState {
    /// The variable's name.
    pub name: String,
    /// Its rule, in words.
    pub rule: String,
    /// How it stands.
    pub state: State,
}

/// How a required variable stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is set, and as it should be.
    Met,
    /// It is not set.
    Missing,
    /// It is set, and this is wrong with it; the value is not repeated.
    Invalid(String),
}

const FORM: &str = "Write \"NAME\" or \"NAME: rule\"; the rules are non-empty, url, base64 of 32 bytes, one of a, b, c";

impl Requirement {
    /// Reads `NAME` or `NAME: rule`; the error is what is wrong, and what to write.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        let (name, rule) = match text.split_once(':') {
            Some((name, rule)) => (name.trim(), rule.trim()),
            None => (text.trim(), "non-empty"),
        };
        if !expand::is_name(name) {
            let why = "what stands before the rule is no variable's name".to_owned();
            return Err((why, FORM.to_owned()));
        }
        match Rule::read(rule) {
            Some(rule) => Ok(Self { name: name.to_owned(), rule }),
            None => {
                Err((format!("the rule for {name} is not one dbstudio knows"), FORM.to_owned()))
            }
        }
    }

    /// How the requirement stands with these variables.
    pub fn check(&self, variables: &Variables) -> RequirementState {
        let state = match variables.get(&self.name) {
            None => State::Missing,
            Some(value) => self.rule.complaint(value).map_or(State::Met, State::Invalid),
        };
        RequirementState { name: self.name.clone(), rule: self.rule.words(), state }
    }
}

impl Rule {
    fn read(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        if lower == "non-empty" {
            return Some(Self::NonEmpty);
        }
        if lower == "url" {
            return Some(Self::Url);
        }
        if let Some(rest) = lower.strip_prefix("base64") {
            let rest = rest.trim().trim_start_matches("of ").trim_start_matches(':');
            let rest = rest.trim().trim_end_matches("bytes").trim_end();
            return rest.parse().ok().filter(|bytes| *bytes > 0).map(Self::Base64);
        }
        // The words keep their case: a program compares them as they are.
        let words = text.get("one of".len()..).filter(|_| lower.starts_with("one of"))?;
        let words = words.trim_start_matches(':').split(',').map(str::trim);
        let words: Vec<_> = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
        (!words.is_empty()).then_some(Self::OneOf(words))
    }

    /// The rule in words.
    pub fn words(&self) -> String {
        match self {
            Self::NonEmpty => "non-empty".to_owned(),
            Self::Url => "a URL".to_owned(),
            Self::Base64(bytes) => format!("base64 of {bytes} bytes"),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
        }
    }

    fn complaint(&self, value: &str) -> Option<String> {
        if value.trim().is_empty() {
            return Some("it is empty".to_owned());
        }
        match self {
            Self::NonEmpty => None,
            Self::Url => (!is_url(value)).then(|| "it is not a URL".to_owned()),
            Self::Base64(bytes) => match decoded_length(value.trim()) {
                Some(length) if length == *bytes => None,
                Some(length) => Some(format!("it is base64 of {length} bytes, not of {bytes}")),
                None => Some("it is not base64".to_owned()),
            },
            Self::OneOf(words) => (!words.iter().any(|word| word == value.trim()))
                .then(|| format!("it is none of {}", words.join(", "))),
        }
    }
}

/// Whether the text has a URL's scheme (RFC 3986, section 3.1) and something after it.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.trim().split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
        && !rest.trim_matches('/').is_empty()
        && !text.trim().contains(char::is_whitespace)
}

/// How many bytes a base64 text stands for; `None` if it is none.
fn decoded_length(text: &str) -> Option<usize> {
    let settings =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabets = [alphabet::STANDARD, alphabet::URL_SAFE];
    let mut engines = alphabets.iter().map(|alphabet| GeneralPurpose::new(alphabet, settings));
    engines.find_map(|engine| engine.decode(text).ok()).map(|bytes| bytes.len())
}
