//! A name as a person writes it: parts with dots between them, quoted where they need it.

use super::Thing;
use crate::schema::model::{Key, Kind};

/// A written name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    /// Its parts.
    pub parts: Vec<Part>,
    /// The text it was read from.
    pub text: String,
}

/// One part of a written name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The name without quotes.
    pub name: String,
    /// Whether it was quoted: then its case counts.
    pub quoted: bool,
}

impl Part {
    fn is(&self, name: &str) -> bool {
        self.name == name || !self.quoted && self.name.eq_ignore_ascii_case(name)
    }
}

impl Path {
    /// Reads a name; `None` if it is empty or a quotation mark is not closed.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut parts = Vec::new();
        let mut letters = text.chars().peekable();
        loop {
            let mut part = Part { name: String::new(), quoted: false };
            if letters.next_if_eq(&'"').is_some() {
                part.quoted = true;
                loop {
                    match letters.next()? {
                        '"' if letters.next_if_eq(&'"').is_some() => part.name.push('"'),
                        '"' => break,
                        letter => part.name.push(letter),
                    }
                }
            } else {
                while let Some(letter) = letters.next_if(|letter| *letter != '.') {
                    part.name.push(letter);
                }
            }
            if part.name.is_empty() {
                return None;
            }
            parts.push(part);
            match letters.next() {
                Some('.') => {}
                Some(_) => return None,
                None => return Some(Self { parts, text: text.to_owned() }),
            }
        }
    }

    /// A name put together from what is known to be exact.
    pub fn exact(parts: impl IntoIterator<Item = Part>) -> Self {
        let parts: Vec<Part> = parts.into_iter().collect();
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        Self { text: names.join("."), parts }
    }

    /// The last part: the name itself.
    pub fn last(&self) -> Option<&Part> {
        self.parts.last()
    }

    /// Whether this names the thing, wholly or by the end of its whole name.
    pub fn names(&self, thing: &Thing) -> bool {
        let whole = whole(thing);
        let ends = |whole: &[&str]| {
            self.parts.len() <= whole.len()
                && self.parts.iter().rev().zip(whole.iter().rev()).all(|(part, name)| part.is(name))
        };
        let shown = matches!(thing, Thing::Object(key) if key.to_string() == self.text);
        // An index may be named by its schema, as it is in SQL.
        let short: Vec<&str> = match thing {
            Thing::Object(Key { kind: Kind::Index, schema, name, .. }) => vec![schema, name],
            _ => Vec::new(),
        };
        shown || ends(&whole) || !short.is_empty() && ends(&short)
    }
}

/// The parts of a thing's whole name.
fn whole(thing: &Thing) -> Vec<&str> {
    let key = match thing {
        Thing::Object(key) | Thing::Label { key, .. } => key,
    };
    let mut out = Vec::new();
    if !key.schema.is_empty() {
        out.push(key.schema.as_str());
    }
    if key.kind.is_part() {
        out.push(&key.of);
    }
    out.push(&key.name);
    if let Thing::Label { label, .. } = thing {
        out.push(label);
    }
    out
}
