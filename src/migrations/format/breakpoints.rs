//! The text of a migration of drizzle-kit: its migrator cuts it at `--> statement-breakpoint`,
//! where SQL would end a statement with a semicolon.
//!
//! The text keeps its length and its lines, so that places in it are the file's.

use crate::sql::Dialect;
use crate::sql::lexer::{TokenKind, tokens};

/// What drizzle-kit writes between two statements.
const BREAKPOINT: &str = "--> statement-breakpoint";

/// The text with every statement ended as SQL ends it.
///
/// # Errors
/// A breakpoint stands where no statement can end; in a sentence.
pub(super) fn ended(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut from = 0_usize;
    while let Some(found) = rest.get(from..).and_then(|rest| rest.find(BREAKPOINT)) {
        let at = from + found;
        let (part, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let (mark, after) = after.split_at_checked(BREAKPOINT.len()).unwrap_or((after, ""));
        let end = match end_of(part) {
            // A whole file may be one comment, as drizzle-kit pull writes it: nothing runs.
            End::InBlock => {
                from = at + BREAKPOINT.len();
                continue;
            }
            End::Inside => {
                let line = out.matches('\n').count() + part.matches('\n').count() + 1;
                return Err(format!(
                    "the breakpoint on line {line} stands inside a text or a name, where \
                     drizzle-kit cuts the statement in two"
                ));
            }
            // What follows the mark on its line would be a comment.
            End::Whole if !after.lines().next().unwrap_or_default().trim().is_empty() => part.len(),
            End::Whole => {
                out.push_str(part);
                out.push_str(mark);
                (rest, from) = (after, 0);
                continue;
            }
            End::Open => part.len(),
            End::InComment(start) => start,
        };
        // A semicolon in the place of the mark, and of a comment that runs into it, ends the
        // statement before it.
        out.push_str(part.get(..end).unwrap_or_default());
        out.push(';');
        let blank = (part.len() + mark.len()).saturating_sub(end + 1);
        out.extend(std::iter::repeat_n(' ', blank));
        (rest, from) = (after, 0);
    }
    out.push_str(rest);
    Ok(out)
}

/// How a part of the text ends.
enum End {
    /// With a semicolon, or nothing is in it.
    Whole,
    /// With a statement that has none.
    Open,
    /// The same, in a comment that begins at this byte and goes on to the end of the line.
    InComment(usize),
    /// In a comment between marks that is not closed.
    InBlock,
    /// Inside a text or a name that is not closed.
    Inside,
}

fn end_of(part: &str) -> End {
    // The dialect is not known here; what is whole in either of them is whole.
    let found = tokens(Dialect::Postgres, part);
    let open = found.iter().find(|token| !token.closed);
    if let Some(open) = open
        && tokens(Dialect::Sqlite, part).iter().any(|token| !token.closed)
    {
        let is_comment = open.kind == TokenKind::Comment;
        return if is_comment { End::InBlock } else { End::Inside };
    }
    let last = found.iter().rfind(|token| token.significant());
    if last.is_none_or(|token| token.text(part) == ";") {
        return End::Whole;
    }
    match found.last() {
        Some(token)
            if token.kind == TokenKind::Comment
                && token.text(part).starts_with("--")
                && !part.ends_with('\n') =>
        {
            End::InComment(token.range.start)
        }
        _ => End::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::statement::split;

    #[test]
    fn breakpoints_end_statements_and_places_stay() {
        let text = "CREATE TABLE a (x int)\n--> statement-breakpoint\nCREATE TABLE b (y int);\
                    --> statement-breakpoint\nSELECT 1 -- é\n--> statement-breakpoint\n\
                    SELECT 2 -- two --> statement-breakpoint\nSELECT 3\n";
        let ended = ended(text).unwrap();
        assert_eq!(ended.len(), text.len());
        assert_eq!(ended.find("SELECT 3"), text.find("SELECT 3"));
        let statements: Vec<String> = split(Dialect::Postgres, &ended)
            .iter()
            .filter(|one| !one.is_blank())
            .map(|one| one.text(&ended).split("--").next().unwrap().trim().to_owned())
            .collect();
        assert_eq!(
            statements,
            [
                "CREATE TABLE a (x int)",
                "CREATE TABLE b (y int)",
                "SELECT 1",
                "SELECT 2",
                "SELECT 3"
            ]
        );
    }

    #[test]
    fn a_file_that_is_one_comment_runs_nothing() {
        let text = "-- pulled\n/*\nCREATE TABLE a (x int);\n--> statement-breakpoint\n\
                    CREATE TABLE b (x int)*/";
        assert_eq!(ended(text).unwrap(), text);
    }

    #[test]
    fn a_breakpoint_inside_a_text_is_said() {
        let why = ended("SELECT 'a\n --> statement-breakpoint b'").unwrap_err();
        assert!(why.contains("line 2"), "{why}");
    }
}
