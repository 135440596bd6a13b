//! Columns named by `masked`: `"schema.table.column"` or `"table.column"`.
//!
//! Names are compared without regard to case: showing dots too often does less harm than
//! showing a secret once.

use super::{Address, MaskedColumn};

/// A column to mask, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mask {
    schema: Option<String>,
    table: String,
    column: String,
}

const FORM: &str = "Write \"schema.table.column\" or \"table.column\"; a name with a dot or a quote in it goes in double quotes, as '\"my.schema\".users.token'";

impl Mask {
    /// Reads a mask; the error is what is wrong, and what to write.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        let faulty = |why: &str| (format!("a masked column {why}"), FORM.to_owned());
        let mut names = split(text)
            .ok_or_else(|| faulty("has a quote that is not closed, or text after one"))?;
        if names.iter().any(String::is_empty) {
            return Err(faulty("has an empty name in it"));
        }
        let column = names.pop();
        let table = names.pop();
        let schema = names.pop();
        match (table, column) {
            (Some(table), Some(column)) if names.is_empty() => Ok(Self { schema, table, column }),
            _ => Err(faulty("is two or three names joined by dots")),
        }
    }

    /// The column in a database: without a schema, the one where tables go by default.
    pub(super) fn column(&self, address: &Address) -> MaskedColumn {
        let usual = match address {
            Address::Postgres(_) => "public",
            Address::Sqlite(_) => "main",
        };
        MaskedColumn {
            schema: self.schema.clone().unwrap_or_else(|| usual.to_owned()),
            table: self.table.clone(),
            column: self.column.clone(),
        }
    }
}

/// The names of a dotted path, quotes taken off; `None` where the quoting is broken.
fn split(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    loop {
        let mut name = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let (before, after) = quoted.split_once('"')?;
                name.push_str(before);
                match after.strip_prefix('"') {
                    // A doubled quote is one quote of the name.
                    Some(after) => {
                        name.push('"');
                        quoted = after;
                    }
                    None => {
                        rest = after;
                        break;
                    }
                }
            }
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            let (bare, after) = rest.split_at(end);
            name.push_str(bare.trim());
            rest = after;
        }
        names.push(name);
        if rest.is_empty() {
            return Some(names);
        }
        rest = rest.strip_prefix('.')?;
    }
}

#[cfg(test)]
mod tests {
    use super::{Mask, split};

    #[test]
    fn names_are_split_at_dots_outside_quotes() {
        let cases: [(&str, Option<&[&str]>); 7] = [
            ("a.b.c", Some(&["a", "b", "c"])),
            ("users.token", Some(&["users", "token"])),
            ("\"my.schema\".\"T\"\"x\".c", Some(&["my.schema", "T\"x", "c"])),
            ("a..c", Some(&["a", "", "c"])),
            ("\"a.b", None),
            ("\"a\"b.c", None),
            ("größe.日本.c", Some(&["größe", "日本", "c"])),
        ];
        for (text, expected) in cases {
            let expected =
                expected.map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn one_name_or_four_are_refused() {
        for text in ["token", "a.b.c.d", "", "a.", ".b"] {
            assert!(Mask::read(text).is_err(), "{text}");
        }
    }
}
