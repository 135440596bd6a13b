//! A value on its way into a statement: what it is, and how it is written in each dialect. Pure.

use super::demand::Value;
use crate::sql::Dialect;

/// A value to insert.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Cell {
    /// NULL.
    Null,
    /// What the engine gives by itself; such a column is left out of the statement.
    Default,
    /// A number, in digits.
    Number(String),
    /// A text; on PostgreSQL the text of any other type too.
    Text(String),
    /// True or false.
    Truth(bool),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A literal as the engine itself wrote it.
    Written(String),
}

impl Cell {
    /// The literal.
    pub(super) fn literal(&self, dialect: Dialect, out: &mut String) {
        match self {
            Self::Null => out.push_str("NULL"),
            Self::Default => out.push_str("DEFAULT"),
            // A number that is quoted becomes whatever the column is.
            Self::Number(digits) if dialect == Dialect::Postgres => {
                out.push('\'');
                out.push_str(digits);
                out.push('\'');
            }
            Self::Number(digits) | Self::Written(digits) => out.push_str(digits),
            Self::Text(text) if text.contains('\0') => {
                // Neither engine has a literal for it; what follows it is still told.
                out.push_str(&dialect.literal(&text.replace('\0', "\u{fffd}")));
            }
            Self::Text(text) => out.push_str(&dialect.literal(text)),
            Self::Truth(truth) => out.push_str(match (dialect, truth) {
                (Dialect::Postgres, true) => "'true'",
                (Dialect::Postgres, false) => "'false'",
                (Dialect::Sqlite, true) => "1",
                (Dialect::Sqlite, false) => "0",
            }),
            Self::Bytes(bytes) => {
                out.push_str(if dialect == Dialect::Postgres { "'\\x" } else { "X'" });
                for byte in bytes {
                    out.push_str(&format!("{byte:02x}"));
                }
                out.push('\'');
            }
        }
    }

    /// The text of it, as it stands inside an array.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Null | Self::Default => String::new(),
            Self::Number(text) | Self::Text(text) | Self::Written(text) => text.clone(),
            Self::Truth(truth) => truth.to_string(),
            Self::Bytes(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("\\x{digits}")
            }
        }
    }

    /// The value a check would look at.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Number(digits) => digits.parse().map_or(Value::Opaque, Value::Number),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Truth(truth) => Value::Truth(*truth),
            Self::Written(literal) => match literal.strip_prefix('\'') {
                Some(inner) => {
                    Value::Text(inner.strip_suffix('\'').unwrap_or(inner).replace("''", "'"))
                }
                None => literal.parse().map_or(Value::Opaque, Value::Number),
            },
            Self::Default | Self::Bytes(_) => Value::Opaque,
        }
    }
}
