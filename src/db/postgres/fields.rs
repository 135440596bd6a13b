//! The fields of one row of the catalogue, as the text the server sent.
//!
//! Nothing here knows what a field means, and nothing guesses: a field that is not what was
//! asked for is an error.

use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::{Row as _, ValueRef as _};

/// A row of a statement sent by the simple protocol, where every value is text.
#[derive(Clone, Copy)]
pub(super) struct Fields<'r> {
    row: &'r PgRow,
}

/// What the server prints for a field, byte for byte; `None` for NULL.
pub(super) fn bytes(row: &PgRow, index: usize) -> sqlx::Result<Option<&[u8]>> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(None);
    }
    raw.as_bytes().map(Some).map_err(sqlx::Error::Decode)
}

fn strange(index: usize, what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("field {index} of the catalogue is not {what}").into())
}

impl<'r> Fields<'r> {
    pub(super) fn new(row: &'r PgRow) -> Self {
        Self { row }
    }

    /// Text, or `None` for NULL. Bytes that are not UTF-8 (in a `SQL_ASCII` database) are
    /// replaced: a catalogue name is shown, never sent back in pieces.
    pub(super) fn optional(&self, index: usize) -> sqlx::Result<Option<String>> {
        let text = bytes(self.row, index)?;
        Ok(text.map(|text| String::from_utf8_lossy(text).into_owned()))
    }

    /// Text; empty for NULL.
    pub(super) fn text(&self, index: usize) -> sqlx::Result<String> {
        self.optional(index).map(Option::unwrap_or_default)
    }

    /// A boolean; false for NULL.
    pub(super) fn flag(&self, index: usize) -> sqlx::Result<bool> {
        Ok(bytes(self.row, index)? == Some(b"t"))
    }

    /// An integer.
    pub(super) fn integer(&self, index: usize) -> sqlx::Result<i64> {
        self.optional_integer(index)?.ok_or_else(|| strange(index, "an integer"))
    }

    /// An integer, or `None` for NULL.
    pub(super) fn optional_integer(&self, index: usize) -> sqlx::Result<Option<i64>> {
        let Some(text) = self.optional(index)? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| strange(index, "an integer"))
    }

    /// A number of rows or bytes, or `None` for NULL and for what is below zero.
    pub(super) fn optional_count(&self, index: usize) -> sqlx::Result<Option<u64>> {
        Ok(self.optional_integer(index)?.and_then(|number| u64::try_from(number).ok()))
    }

    /// The strings of a JSON array; none for NULL.
    pub(super) fn list(&self, index: usize) -> sqlx::Result<Vec<String>> {
        let Some(text) = self.optional(index)? else {
            return Ok(Vec::new());
        };
        let Ok(Json::Array(items)) = serde_json::from_str(&text) else {
            return Err(strange(index, "a JSON array"));
        };
        let text = |item: Json| match item {
            Json::String(text) => text,
            other => other.to_string(),
        };
        Ok(items.into_iter().map(text).collect())
    }
}
