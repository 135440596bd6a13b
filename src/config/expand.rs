//! `${NAME}` and `${NAME:-default}` in the strings of a configuration file.
//!
//! The text a variable holds is put in as it is and not looked through again, so a value
//! cannot refer to a further variable. Values never reach an error.

use super::Variables;

/// Why a string cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A variable that is not set, and has no default.
    Unset(String),
    /// A `${` without its `}`.
    Unclosed,
    /// Text between `${` and `}` that is no variable's name.
    Name,
}

/// Whether expanding the text would change it or fail.
pub(crate) fn has_variables(text: &str) -> bool {
    text.contains("${") || text.contains("$$")
}

/// The text with its variables replaced: `${NAME}` must be set, `${NAME:-default}` takes the
/// default when the variable is unset or empty, `$$` is a dollar, and any other dollar is itself.
pub(crate) fn expand(text: &str, variables: &Variables) -> Result<String, Fault> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = after.strip_prefix('{') {
            let (inner, after) = after.split_once('}').ok_or(Fault::Unclosed)?;
            out.push_str(value(inner, variables)?);
            rest = after;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// The text with its variables replaced, unset ones by nothing; for finding out where an address
/// leads when all that is missing is its password.
pub(crate) fn expand_known(text: &str, variables: &Variables) -> Option<String> {
    let mut text = text.to_owned();
    loop {
        match expand(&text, variables) {
            Ok(known) => return Some(known),
            Err(Fault::Unset(name)) => {
                let shorter = text.replace(&format!("${{{name}}}"), "");
                if shorter == text {
                    return None;
                }
                text = shorter;
            }
            Err(_) => return None,
        }
    }
}

fn value<'a>(inner: &'a str, variables: &'a Variables) -> Result<&'a str, Fault> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    if !is_name(name) {
        return Err(Fault::Name);
    }
    match (variables.get(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default),
        (None, None) => Err(Fault::Unset(name.to_owned())),
    }
}

/// Whether the text can be a variable's name: letters, digits and `_`, no digit first.
pub(crate) fn is_name(text: &str) -> bool {
    !text.starts_with(|first: char| first.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::{Fault, expand};
    use crate::config::Variables;

    #[test]
    fn every_form_expands_or_says_why_not() {
        let variables = Variables::from_pairs([("A", "one"), ("EMPTY", ""), ("LOOP", "${A}")]);
        let cases = [
            ("plain", Ok("plain")),
            ("${A}", Ok("one")),
            ("x${A}y${A}z", Ok("xoneyonez")),
            ("${B:-two}", Ok("two")),
            ("${A:-two}", Ok("one")),
            ("${EMPTY}", Ok("")),
            ("${EMPTY:-two}", Ok("two")),
            ("${B:-}", Ok("")),
            ("${LOOP}", Ok("${A}")),
            ("$$ $A 5$ $${A}", Ok("$ $A 5$ ${A}")),
            ("${B}", Err(Fault::Unset("B".into()))),
            ("${A", Err(Fault::Unclosed)),
            ("${}", Err(Fault::Name)),
            ("${1A}", Err(Fault::Name)),
            ("${A B}", Err(Fault::Name)),
        ];
        for (text, expected) in cases {
            assert_eq!(expand(text, &variables), expected.map(str::to_owned), "{text}");
        }
    }
}
