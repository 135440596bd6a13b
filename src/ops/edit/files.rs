//! A value from a file, and to one: whole, or not at all.
//!
//! What is read is not staged here; what is written takes its name once all of it is on the disk,
//! and never the name of a file that is there.

use std::path::Path;

use tokio::fs;
use tokio::io::AsyncReadExt as _;

use crate::db::Db;
use crate::db::edit::Typed;
use crate::db::page::ValueRequest;
use crate::db::stop::Stop;
use crate::db::value::Value;
use crate::ops::export::whole_file;
use crate::problem::{Kind, Problem, Result};

/// The largest file that becomes a value, in bytes: it is kept in the journal too.
const LARGEST: u64 = 16 << 20;

/// A value to be written to a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The file, which must not be there yet.
    pub path: String,
    /// The value.
    pub content: Content,
    /// Whether text is PostgreSQL's word for bytes (`\x00ff`).
    pub as_bytes: bool,
}

/// Where a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// All of it is here.
    Here(Value),
    /// It is read first.
    Stored(Box<ValueRequest>),
}

/// Reads a file as what was typed into a cell.
///
/// # Errors
/// There is no such file, it is no plain one, it is too large, or it is no text where text is
/// wanted.
pub(super) async fn read(path: &str, as_bytes: bool) -> Result<Typed> {
    let refused =
        |why: String, fix: &str| Problem::new(Kind::Refused, "The file was not read", why, fix);
    let unread = |error: std::io::Error| refused(error.to_string(), "choose a file that is there");
    let found = fs::metadata(path).await.map_err(unread)?;
    if !found.is_file() {
        return Err(refused("it is no plain file".to_owned(), "choose another"));
    }
    let too_large = || {
        let most = LARGEST >> 20;
        let why = format!("a value from a file may have up to {most} MiB");
        refused(why, "write it with a program of its own")
    };
    if found.len() > LARGEST {
        return Err(too_large());
    }
    let file = fs::File::open(path).await.map_err(unread)?;
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(LARGEST + 1).read_to_end(&mut bytes).await.map_err(unread)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    if as_bytes {
        return Ok(Typed::Bytes(bytes.into()));
    }
    String::from_utf8(bytes).map(Typed::Text).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        refused(format!("byte {at} is no UTF-8 text, and the column holds text"), "convert it")
    })
}

/// Writes a value to a file that is not there yet; how many bytes it has.
///
/// # Errors
/// The file is there already or cannot be written, the row is gone, or the work was stopped; then
/// nothing is left.
pub(super) async fn write(db: &Db, wanted: &Outgoing, stop: &Stop) -> Result<u64> {
    let path = &wanted.path;
    if Path::new(path).exists() {
        let what = "The file is there already";
        return Err(Problem::new(Kind::Refused, what, "", "choose another name"));
    }
    let value = match &wanted.content {
        Content::Here(value) => value.clone(),
        Content::Stored(request) => db.value(request, stop).await?.unwrap_or(Value::Null),
    };
    let bytes = match &value {
        Value::Null | Value::Truncated(_) => {
            let why = "the row is gone, or the cell is empty now";
            return Err(Problem::failed(format!("{path} was not written"), why, "press R"));
        }
        Value::Text(text) if wanted.as_bytes => {
            unhexed(text).unwrap_or_else(|| value.raw_bytes().into_owned())
        }
        other => other.raw_bytes().into_owned(),
    };
    whole_file(Path::new(path), &bytes).await?;
    Ok(bytes.len() as u64)
}

/// The bytes PostgreSQL prints as `\x00ff`.
fn unhexed(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    if digits.len() % 2 != 0 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_postgresql_prints_them() {
        assert_eq!(unhexed("\\x00fF"), Some(vec![0, 255]));
        assert_eq!(unhexed("\\x"), Some(Vec::new()));
        for wrong in ["00ff", "\\x0", "\\xgg"] {
            assert_eq!(unhexed(wrong), None, "{wrong}");
        }
    }
}
