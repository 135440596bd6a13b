//! One line of JSON lines: an object, whose values keep the text they have in the file. Nothing
//! here changes a digit or the order of a document.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::db::import::CellKind;

/// The keys of an object with their values as they are written.
#[derive(Debug)]
pub(super) struct Object<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Deserialize<'a> for Object<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

struct Pairs;

/// A key, which borrows unless it has escapes in it.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Visitor<'a> for Pairs {
    type Value = Object<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Object<'a>, A::Error> {
        let mut pairs: Vec<(Cow<'a, str>, &'a RawValue)> = Vec::new();
        while let Some((Key(key), value)) = map.next_entry::<Key<'a>, &'a RawValue>()? {
            if pairs.iter().any(|(before, _)| *before == key) {
                return Err(A::Error::custom(format!("the key {key} stands there twice")));
            }
            pairs.push((key, value));
        }
        Ok(Object(pairs))
    }
}

/// A value as a cell: a document column takes it as it is written.
pub(super) fn cell<'a>(value: &'a RawValue, document: bool) -> (CellKind, Cow<'a, str>) {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'n') => (CellKind::Null, Cow::Borrowed("")),
        _ if document => (CellKind::Text, Cow::Borrowed(text)),
        Some(b't' | b'f') => (CellKind::Truth, Cow::Borrowed(text)),
        Some(b'"') => {
            let string = serde_json::from_str::<Key<'a>>(text);
            (CellKind::Text, string.map_or(Cow::Borrowed(text), |Key(string)| string))
        }
        Some(b'{' | b'[') => (CellKind::Text, Cow::Borrowed(text)),
        _ => (CellKind::Number, Cow::Borrowed(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_text() {
        let line = r#"{"a": 1.50, "b\n": "x\"y", "c": {"k":[1, 2]}, "d": null, "e": true}"#;
        let Object(pairs) = serde_json::from_str(line).unwrap();
        let cells: Vec<_> =
            pairs.iter().map(|(key, value)| (key.as_ref(), cell(value, false))).collect();
        let expected = [
            ("a", (CellKind::Number, "1.50")),
            ("b\n", (CellKind::Text, "x\"y")),
            ("c", (CellKind::Text, "{\"k\":[1, 2]}")),
            ("d", (CellKind::Null, "")),
            ("e", (CellKind::Truth, "true")),
        ];
        let expected = expected.map(|(key, (kind, text))| (key, (kind, Cow::Borrowed(text))));
        assert_eq!(cells, expected);
        assert_eq!(cell(pairs[0].1, true).0, CellKind::Text);
        assert!(serde_json::from_str::<Object>(r#"{"a":1,"a":2}"#).is_err());
        assert!(serde_json::from_str::<Object>("[1]").is_err());
    }
}
