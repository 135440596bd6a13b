//! What an engine answers when a statement fails, in its own words and with the place it points
//! at; and how that becomes a [`Problem`] that names the file, the line and the column.
//!
//! A fault is data: whoever ran the statement decides whether it is a failure. Nothing here runs
//! anything.

use crate::problem::Problem;

/// Why a statement failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fault {
    /// The engine's message.
    pub message: String,
    /// More about it (PostgreSQL).
    pub detail: Option<Box<str>>,
    /// What the server suggests (PostgreSQL).
    pub hint: Option<Box<str>>,
    /// Inside which function or block it happened (PostgreSQL).
    pub context: Option<Box<str>>,
    /// The SQLSTATE on PostgreSQL, the extended result code on SQLite.
    pub code: Option<String>,
    /// The place in the statement's text, in characters counted from 1.
    pub position: Option<usize>,
    /// Whether the connection is gone.
    pub lost: bool,
    /// Whether it was a person who stopped it.
    pub stopped: bool,
}

/// What to do where a transaction needs more locks than the server has room for.
pub const CROWDED: &str = "one transaction touches more tables, indexes and sequences than the \
    server has locks for: raise max_locks_per_transaction in postgresql.conf and restart it, or \
    make the change in parts";

/// SQL with the name a person knows it by, for messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// A file's path as the person wrote it, or what printed the text.
    pub name: String,
    /// The SQL.
    pub text: String,
}

/// A place in a text; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The place of a byte of a text.
    pub fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).map_or(0, |rest| rest.chars().count()) + 1;
        Self { line: before.matches('\n').count() + 1, column }
    }
}

impl Fault {
    /// Whether the server's table of locks was full: out_of_memory, with the setting that makes room
    /// named (manual, section 20.12 "Lock Management").
    pub fn is_crowded(&self) -> bool {
        let hint = self.hint.as_deref().unwrap_or_default();
        self.code.as_deref() == Some("53200") && hint.contains("max_locks_per_transaction")
    }

    /// A statement that a person stopped.
    pub(super) fn stopped() -> Self {
        Self { message: "stopped".to_owned(), stopped: true, ..Self::default() }
    }

    /// A connection that is gone.
    pub(super) fn lost(message: impl Into<String>) -> Self {
        Self { message: message.into(), lost: true, ..Self::default() }
    }

    /// The engine's words on one line: the message, the detail and the hint.
    pub fn words(&self) -> String {
        let mut words = self.message.trim_end_matches('.').to_owned();
        for more in [&self.detail, &self.hint].into_iter().flatten() {
            words.push_str(". ");
            words.push_str(more.trim_end_matches('.'));
        }
        words
    }

    /// Whether something that was named does not exist, so that the statement may well succeed
    /// once other statements have run (PostgreSQL manual, appendix A; SQLite's own words).
    pub fn is_missing(&self) -> bool {
        match self.code.as_deref() {
            // undefined_table, _column, _function, _object, schema; a unique key that a foreign
            // key needs.
            Some("42P01" | "42703" | "42883" | "42704" | "3F000" | "42830") => true,
            _ => self.message.starts_with("no such "),
        }
    }

    /// The byte of a statement the fault points at.
    pub fn offset_in(&self, sql: &str) -> Option<usize> {
        let position = self.position?.checked_sub(1)?;
        sql.char_indices().nth(position).map(|(at, _)| at)
    }

    /// The problem of a statement that stands on its own.
    pub fn problem(&self, what: impl Into<String>, fix: impl Into<String>) -> Problem {
        if self.stopped {
            return Problem::cancelled("Stopped");
        }
        if self.lost {
            return Problem::disconnected(self.words());
        }
        Problem::failed(what, self.words(), fix)
    }

    /// The problem of a statement of a script: `start` is the byte of the script's text where
    /// the statement begins.
    pub fn in_script(&self, script: &Script, start: usize, sql: &str) -> Problem {
        if self.stopped || self.lost {
            return self.problem("", "");
        }
        let at = start + self.offset_in(sql).unwrap_or(0);
        let place = Place::of(&script.text, at);
        let mut why = self.message.clone();
        let column = match self.position {
            Some(_) => {
                why.push_str(&pointed(&script.text, place));
                format!(", column {}", place.column)
            }
            None => {
                let line = script.text.lines().nth(place.line - 1).unwrap_or_default();
                why.push_str(&format!("\n  {}", line.trim_end()));
                String::new()
            }
        };
        for more in [&self.detail, &self.hint, &self.context].into_iter().flatten() {
            why.push('\n');
            why.push_str(more);
        }
        Problem::failed(
            format!("{}, line {}{column}: the SQL does not run", script.name, place.line),
            why,
            "correct the statement, and run the command again",
        )
    }
}

/// The line of a place with a caret below the column. A tab stays one, so that both line up.
fn pointed(text: &str, place: Place) -> String {
    let line = text.lines().nth(place.line.saturating_sub(1)).unwrap_or_default();
    let before = line.chars().take(place.column - 1);
    let indent: String = before.map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
    format!("\n  {}\n  {indent}^", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_points_at_its_place_in_the_file() {
        let text = "CREATE TABLE a (id int);\n\nCREATE TABLE b (é int,\n  id itn);\n".to_owned();
        let script = Script { name: "schema.sql".to_owned(), text };
        let start = script.text.find("CREATE TABLE b").unwrap();
        let sql = script.text[start..].trim_end().trim_end_matches(';');
        let position = sql.chars().position(|letter| letter == '\n').unwrap() + 2 + 5;
        let fault = Fault {
            message: "type \"itn\" does not exist".to_owned(),
            code: Some("42704".to_owned()),
            position: Some(position),
            ..Fault::default()
        };
        let problem = fault.in_script(&script, start, sql);
        assert_eq!(problem.what, "schema.sql, line 4, column 6: the SQL does not run");
        assert_eq!(problem.why, "type \"itn\" does not exist\n    id itn);\n       ^");
        assert!(fault.is_missing());
    }

    #[test]
    fn a_stopped_statement_is_no_failure() {
        let script = Script { name: "a".to_owned(), text: "SELECT 1".to_owned() };
        let problem = Fault::stopped().in_script(&script, 0, "SELECT 1");
        assert_eq!(problem.kind, crate::problem::Kind::Cancelled);
    }
}
