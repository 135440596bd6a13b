//! Values out of a row, by the storage class each has, whatever its column declares.

use sqlx::decode::Decode;
use sqlx::sqlite::{Sqlite as Driver, SqliteRow, SqliteValueRef};
use sqlx::{Row, TypeInfo, ValueRef};

use super::failure;
use crate::db::value::{PREFIX_BYTES, Truncated, Value};
use crate::problem::{Problem, Result};

fn raw(row: &SqliteRow, at: usize) -> Result<SqliteValueRef<'_>> {
    row.try_get_raw(at).map_err(|error| failure::explain(&error))
}

fn undecodable(error: &dyn std::error::Error) -> Problem {
    Problem::failed("A value could not be read", error.to_string(), "press R to try again")
}

/// The value at that place of the row, whole.
pub(super) fn value(row: &SqliteRow, at: usize) -> Result<Value> {
    let raw = raw(row, at)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let class = class(&raw);
    let decoded = match class {
        Class::Integer => <i64 as Decode<Driver>>::decode(raw).map(Value::Integer),
        Class::Real => <f64 as Decode<Driver>>::decode(raw).map(Value::Real),
        Class::Text => <&[u8] as Decode<Driver>>::decode(raw).map(text_of),
        Class::Blob => {
            <&[u8] as Decode<Driver>>::decode(raw).map(|bytes| Value::Blob(bytes.into()))
        }
    };
    decoded.map_err(|error| undecodable(error.as_ref()))
}

/// The storage classes but NULL.
enum Class {
    Integer,
    Real,
    Text,
    Blob,
}

fn class(raw: &SqliteValueRef<'_>) -> Class {
    match raw.type_info().name() {
        "INTEGER" => Class::Integer,
        "REAL" => Class::Real,
        "TEXT" => Class::Text,
        _ => Class::Blob,
    }
}

fn text_of(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::text(text),
        Err(_) => Value::Malformed(bytes.into()),
    }
}

/// The value cut to a prefix if it is long. `length` is what the row says of the whole value's
/// length, where it already is a prefix: negative for a blob, positive for a text.
pub(super) fn cut(value: Value, length: Option<i64>) -> Value {
    let Some(length) = length else {
        return match &value {
            Value::Text(text) if text.len() > PREFIX_BYTES => {
                shortened(text.as_bytes(), text.len() as u64)
            }
            Value::Malformed(bytes) if bytes.len() > PREFIX_BYTES => {
                shortened(bytes, bytes.len() as u64)
            }
            Value::Blob(bytes) if bytes.len() > PREFIX_BYTES => {
                let prefix = bytes.get(..PREFIX_BYTES).unwrap_or_default();
                long(Value::Blob(prefix.into()), bytes.len() as u64)
            }
            _ => value,
        };
    };
    let whole = length.unsigned_abs();
    match value {
        Value::Blob(bytes) if length > 0 => shortened(&bytes, whole),
        Value::Text(text) => shortened(text.as_bytes(), whole),
        Value::Malformed(bytes) => shortened(&bytes, whole),
        other => long(other, whole),
    }
}

fn long(prefix: Value, bytes: u64) -> Value {
    Value::Truncated(Box::new(Truncated { prefix, bytes, digest: None }))
}

/// The beginning of a text, ending at a character's boundary where the bytes are UTF-8.
fn shortened(bytes: &[u8], whole: u64) -> Value {
    let head = bytes.get(..PREFIX_BYTES.min(bytes.len())).unwrap_or_default();
    let prefix = match std::str::from_utf8(head) {
        Ok(text) => Value::text(text),
        // Only the cut itself may have split a character.
        Err(error) if error.error_len().is_none() => {
            text_of(head.get(..error.valid_up_to()).unwrap_or_default())
        }
        Err(_) => Value::Malformed(head.into()),
    };
    long(prefix, whole)
}

/// The floating-point number a text writes, with a point, an exponent or the word for infinity.
pub(super) fn number_of(text: &str) -> Option<f64> {
    match text {
        "Inf" => return Some(f64::INFINITY),
        "-Inf" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let plain =
        text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let broken = text.contains(['.', 'e', 'E']);
    let number = if plain && broken { text.parse::<f64>().ok() } else { None };
    number.filter(|number| number.is_finite())
}

/// An integer, 0 where there is none.
pub(super) fn integer(row: &SqliteRow, at: usize) -> Result<i64> {
    Ok(match value(row, at)? {
        Value::Integer(number) => number,
        _ => 0,
    })
}

/// A text of the catalogue, if there is one. Bytes that are not UTF-8 are replaced: such a name
/// can be shown, but not asked for.
pub(super) fn text(row: &SqliteRow, at: usize) -> Result<Option<String>> {
    Ok(match value(row, at)? {
        Value::Null => None,
        Value::Text(text) => Some(text.into()),
        Value::Malformed(bytes) | Value::Blob(bytes) => {
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Truncated(_) => None,
    })
}

/// A text of the catalogue, empty where there is none.
pub(super) fn name(row: &SqliteRow, at: usize) -> Result<String> {
    text(row, at).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        let text = "é".repeat(3000);
        let Value::Truncated(cut) = cut(Value::text(text.as_str()), None) else { panic!() };
        assert_eq!(cut.bytes, 6000);
        assert_eq!(cut.prefix, Value::text("é".repeat(2048)));
        let odd = format!("a{text}");
        let Value::Truncated(odd) = super::cut(Value::text(odd.as_str()), None) else { panic!() };
        assert_eq!(odd.prefix, Value::text(format!("a{}", "é".repeat(2047))));
    }

    #[test]
    fn bytes_that_are_no_text_stay_as_they_are() {
        let bytes = [0xff; 5000];
        let Value::Truncated(cut) = cut(Value::Blob(bytes.into()), Some(5000)) else { panic!() };
        assert_eq!(cut.prefix, Value::Malformed([0xff; PREFIX_BYTES].into()));
        let Value::Truncated(cut) = super::cut(Value::Blob([1; 9].into()), Some(-7)) else {
            panic!()
        };
        assert_eq!((cut.prefix, cut.bytes), (Value::Blob([1; 9].into()), 7));
    }
}
