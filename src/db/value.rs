//! One value of a database as the program holds it.
//!
//! A value is what the server itself prints (PostgreSQL) or what is stored (SQLite). There are
//! no in-band markers: NULL, the empty string and the text `NULL` are three different values.
//! Nothing here knows a type's name, parses a value, or makes it fit for a screen.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// One value, or the beginning of one too long to fetch with its page.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// Text: on PostgreSQL the server's own output for a value of any type.
    Text(Box<str>),
    /// A SQLite integer.
    Integer(i64),
    /// A SQLite floating-point number.
    Real(f64),
    /// A SQLite blob.
    Blob(Box<[u8]>),
    /// Text whose bytes are not valid UTF-8, kept as they are.
    Malformed(Box<[u8]>),
    /// The beginning of a value longer than [`PREFIX_BYTES`].
    Truncated(Box<Truncated>),
}

/// The beginning of a long value, and how long all of it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Truncated {
    /// The first part: never itself `Null` or `Truncated`.
    pub prefix: Value,
    /// The length of the whole value in bytes, as text on PostgreSQL, as stored on SQLite.
    pub bytes: u64,
    /// The SHA-256 of all those bytes, once somebody asked for it.
    pub digest: Option<[u8; 32]>,
}

/// The number of bytes up to which a cell is fetched whole with its page.
pub const PREFIX_BYTES: usize = 4096;

impl Value {
    /// A text value.
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Whether this is SQL NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value, or for a long one the part of it that is here.
    pub fn peek(&self) -> &Self {
        match self {
            Self::Truncated(long) => &long.prefix,
            other => other,
        }
    }

    /// The value as plain text: NULL as nothing, numbers as SQLite prints them, blobs as SQLite
    /// hex literals, bytes that are no UTF-8 with replacement signs; of a long value the part
    /// that is here.
    pub fn plain(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Real(number) => Cow::Owned(real_text(*number)),
            Self::Blob(bytes) => Cow::Owned(format!("x'{}'", hex(bytes))),
            Self::Malformed(bytes) => String::from_utf8_lossy(bytes),
            Self::Truncated(long) => long.prefix.plain(),
        }
    }

    /// The bytes of the value: of text as it is, of a number as it is printed. Of a long value
    /// those that are here.
    pub fn raw_bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Text(text) => Cow::Borrowed(text.as_bytes()),
            Self::Blob(bytes) | Self::Malformed(bytes) => Cow::Borrowed(bytes),
            Self::Truncated(long) => long.prefix.raw_bytes(),
            other => Cow::Owned(other.plain().into_owned().into_bytes()),
        }
    }

    /// Whether this is the value of which that beginning was read: it begins so, is as long, and
    /// has the digest, where that is known.
    pub fn continues(&self, long: &Truncated) -> bool {
        let whole = self.raw_bytes();
        let same = long.digest.is_none_or(|digest| sha256(&whole) == digest);
        whole.len() as u64 == long.bytes && whole.starts_with(&long.prefix.raw_bytes()) && same
    }

    /// The heap and inline bytes this value holds, for bounding memory.
    pub fn footprint(&self) -> usize {
        let heap = match self {
            Self::Null | Self::Integer(_) | Self::Real(_) => 0,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) | Self::Malformed(bytes) => bytes.len(),
            Self::Truncated(long) => size_of::<Truncated>() + long.prefix.footprint(),
        };
        size_of::<Self>() + heap
    }
}

/// The SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A floating-point number in the fewest digits that read back as the same number, always
/// told apart from an integer, infinities as SQLite prints them.
pub fn real_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Inf" } else { "-Inf" }.to_owned();
    }
    format!("{number:?}")
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
