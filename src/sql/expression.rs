//! Whether text that a person typed for WHERE is one closed expression, so that it can stand
//! between brackets without reaching what is around them. It does not know any column.

use super::Dialect;
use super::lexer::{TokenKind, tokens};
use crate::problem::{Problem, Result};

/// Refuses text that is not one closed expression: what follows it must stay ours.
///
/// # Errors
/// A usage problem that says where it goes wrong.
pub fn check(dialect: Dialect, text: &str) -> Result<()> {
    let refuse = |at: usize, why: &str| {
        let letters = text.get(..at).map_or(0, |before| before.chars().count());
        let near: String = text.get(at..).unwrap_or_default().chars().take(20).collect();
        Err(Problem::usage(
            "The condition is not one complete expression",
            if near.is_empty() {
                why.to_owned()
            } else {
                format!("{why}, at character {}: {near}", letters + 1)
            },
            "write what would follow WHERE, such as  status = 'paid' AND total > 10",
        ))
    };
    if let Some(at) = text.find('\0') {
        return refuse(at, "It holds a NUL character");
    }
    let (mut open, mut empty) = (Vec::new(), true);
    for token in tokens(dialect, text) {
        let at = token.range.start;
        if !token.closed {
            return refuse(at, "A quotation mark or comment is not closed");
        }
        empty &= !token.significant();
        match (token.kind, token.text(text)) {
            (TokenKind::Parameter, _) => {
                return refuse(at, "A parameter stands where a value is needed");
            }
            (TokenKind::Punctuation, ";") => return refuse(at, "A semicolon ends a statement"),
            (TokenKind::Punctuation, mark @ ("(" | "[")) => open.push((mark.to_owned(), at)),
            (TokenKind::Punctuation, mark @ (")" | "]")) => {
                let fits = match open.pop() {
                    Some((before, _)) => (before == "(") == (mark == ")"),
                    None => false,
                };
                if !fits {
                    return refuse(at, "A bracket closes that was not opened");
                }
            }
            _ => {}
        }
    }
    match open.pop() {
        Some((_, at)) => refuse(at, "A bracket is not closed"),
        None if empty => refuse(text.len(), "It is empty"),
        None => Ok(()),
    }
}
