//! Finds text that only looks like a column: SQLite takes a name in double quotes that is no
//! column for a text, so that a rebuild which selects a column the old table has not got fills
//! every row with the column's name. The same name in brackets is never a text, so a statement
//! that can be compiled with the one and not with the other holds such a text.

use sqlx::sqlite::SqliteConnection;

use crate::db::fault::Fault;
use crate::db::sqlite::failure;
use crate::db::sqlite::faults::rows;
use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, tokens};

/// The fault of a statement that reads or writes rows and holds such a text, if it does.
pub(in crate::db::sqlite) async fn literal(
    connection: &mut SqliteConnection,
    sql: &str,
) -> sqlx::Result<Option<Fault>> {
    let all = tokens(Dialect::Sqlite, sql);
    let first = all.iter().find(|token| token.significant());
    let first = first.map(|token| token.text(sql).to_ascii_uppercase()).unwrap_or_default();
    if !["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "SELECT"].contains(&first.as_str()) {
        return Ok(None);
    }
    let quoted: Vec<&Token> = all.iter().filter(|token| is_quoted(token, sql)).collect();
    if quoted.is_empty() {
        return Ok(None);
    }
    let mut bracketed = sql.to_owned();
    for token in quoted.iter().rev() {
        let name = token.name(sql).unwrap_or_default();
        bracketed.replace_range(token.range.clone(), &never_text(&name));
    }
    let Err(error) = rows(connection, &format!("EXPLAIN {bracketed}")).await else {
        return Ok(None);
    };
    if failure::code(&error) != Some(1) {
        return Err(error);
    }
    let words = failure::words(&error);
    let Some(missing) = words.strip_prefix("no such column: ") else { return Ok(None) };
    if rows(connection, &format!("EXPLAIN {sql}")).await.is_err() {
        // It fails by itself, and says why better.
        return Ok(None);
    }
    let named = quoted.iter().find(|token| token.name(sql).as_deref() == Some(missing));
    let at = named.and_then(|token| sql.get(..token.range.start));
    Ok(Some(Fault {
        message: format!(
            "\"{missing}\" is no column here, so SQLite would take it for the text '{missing}'"
        ),
        hint: Some(format!("if a text is meant, write it in single quotes: '{missing}'").into()),
        position: at.map(|before| before.chars().count() + 1),
        ..Fault::default()
    }))
}

fn is_quoted(token: &Token, sql: &str) -> bool {
    token.kind == TokenKind::QuotedIdentifier && token.closed && token.text(sql).starts_with('"')
}

/// A name in marks that never hold a text.
fn never_text(name: &str) -> String {
    if name.contains(']') { format!("`{}`", name.replace('`', "``")) } else { format!("[{name}]") }
}
