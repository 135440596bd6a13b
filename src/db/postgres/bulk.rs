//! Many statements in one message, for databases that are thrown away: a scratch has no use for
//! an answer to each of two thousand statements, and waiting for them is most of the time it takes.
//!
//! All of them are done or none is. Which of them failed is not known here: whoever needs that
//! runs them one by one. Nothing of a person's database is changed this way.

use super::writer::Writer;
use crate::db::fault::Fault;
use crate::db::stop::Stop;

/// The most SQL in one message, in bytes: a long one is parsed as a whole before any of it runs.
const MESSAGE: usize = 128 * 1024;

impl Writer {
    /// Runs statements in one transaction, several in a message (manual, section 55.2.2.1
    /// "Multiple Statements in a Simple Query"); rolled back where one fails.
    pub(in crate::db) async fn transaction_of(
        &mut self,
        statements: &[&str],
        stop: &Stop,
    ) -> Result<(), Fault> {
        if statements.is_empty() {
            return Ok(());
        }
        let mut ran = Ok(());
        for (at, part) in parts(statements).into_iter().enumerate() {
            // With the first message: the server has all of that work before it is waited for.
            let begin = if at == 0 { "BEGIN;\n" } else { "" };
            ran = self.run(&format!("{begin}{}", message(part)), stop).await;
            if ran.is_err() {
                break;
            }
        }
        match ran {
            Ok(()) => self.end("COMMIT").await,
            Err(fault) => {
                // Where the connection is gone the server rolls back by itself.
                drop(self.end("ROLLBACK").await);
                Err(fault)
            }
        }
    }
}

/// The statements as one text. A comment at the end of one must not hide the semicolon.
fn message(statements: &[&str]) -> String {
    let mut text = String::with_capacity(statements.iter().map(|sql| sql.len() + 3).sum());
    for sql in statements {
        text.push_str(sql);
        text.push_str("\n;\n");
    }
    text
}

/// The statements in parts that fit into a message each; one that is longer goes alone.
fn parts<'a, 's>(statements: &'a [&'s str]) -> Vec<&'a [&'s str]> {
    let (mut parts, mut rest) = (Vec::new(), statements);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |sql: &&&str| {
            bytes += sql.len();
            bytes <= MESSAGE
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (part, after) = rest.split_at(count.min(rest.len()));
        parts.push(part);
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_parted_by_their_length() {
        let long = "x".repeat(MESSAGE);
        let statements = ["a", "b", long.as_str(), "c"];
        let lengths = |parts: Vec<&[&str]>| parts.iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!(lengths(parts(&statements)), [2, 1, 1]);
        assert!(parts(&[]).is_empty());
        assert_eq!(message(&["a -- b", "c"]), "a -- b\n;\nc\n;\n");
    }
}
