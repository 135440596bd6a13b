//! Exporting a table, a view or a query: what is written, in which columns, and what is left out
//! because it is masked. Nothing here asks or prints.

mod file;

use std::sync::Arc;

pub use self::file::{Progress, to_file, whole_file};
use super::named;
use crate::config::Target;
use crate::db::export::{Export, Format, OutColumn, Sort, Source, Style};
use crate::db::page::{Condition, Identity, PageColumn, Selection, SortKey};
use crate::db::stop::Stop;
use crate::db::{Db, Engine};
use crate::problem::{Kind, Problem, Result};
use crate::schema::{Column, Generation, Relation};
use crate::sql::classify::{Effect, effect};
use crate::sql::lexer::tokens;
use crate::sql::{Dialect, expression, statement};

/// What a person wants to have exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Rows of a relation.
    Rows {
        /// Its name as it was typed.
        relation: String,
        /// The columns, in the order they are written; all of them if there is none.
        columns: Vec<String>,
        /// What would follow WHERE.
        filter: Option<String>,
        /// Columns to sort by, each with `desc` behind it or not.
        order: Vec<String>,
    },
    /// What a query answers.
    Query(String),
}

/// An export that may begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Ready {
    /// What is read and how it is written.
    pub export: Export,
    /// What is left out, in sentences.
    pub notes: Vec<String>,
}

/// Finds out what is exported. With `reveal` masked columns are written like others.
///
/// # Errors
/// There is no such relation or column, the query does not only read, something is masked.
pub async fn prepare(
    db: &Db,
    target: &Target,
    wanted: &Wanted,
    style: &Style,
    reveal: bool,
    stop: &Stop,
) -> Result<Ready> {
    style.check()?;
    let dialect = dialect(db);
    match wanted {
        Wanted::Query(sql) => {
            let sql = reading(dialect, sql)?;
            if style.format == Format::Sql {
                return Err(Problem::usage(
                    "A query has no table to insert into",
                    "INSERT statements name the table their rows go to",
                    "export the table itself, or choose another --format",
                ));
            }
            if !reveal {
                refuse_masked(dialect, target, &sql)?;
            }
            let export = Export { source: Source::Query(sql), style: style.clone() };
            Ok(Ready { export, notes: Vec::new() })
        }
        Wanted::Rows { relation, columns, filter, order } => {
            let relation = named::relation(db, dialect, relation, stop).await?;
            let mut notes = Vec::new();
            let masks = Masks { target, reveal };
            let columns = chosen(&relation, columns, &masks, style.format, &mut notes)?;
            let filter = filter.iter().map(|text| Condition::Raw(text.clone())).collect();
            let sort = order.iter().map(|key| sort_key(&relation, key)).collect::<Result<_>>()?;
            let selection = selection(&relation, filter, sort);
            let overriding = columns.iter().any(|column| {
                let found = relation.column(&column.name);
                found.and_then(|column| column.generation.as_ref())
                    == Some(&Generation::IdentityAlways)
            });
            let source = Source::Rows { selection: Box::new(selection), columns, overriding };
            Ok(Ready { export: Export { source, style: style.clone() }, notes })
        }
    }
}

/// Whose SQL a database understands.
pub(super) fn dialect(db: &Db) -> Dialect {
    match db.server().engine {
        Engine::Postgres => Dialect::Postgres,
        Engine::Sqlite => Dialect::Sqlite,
    }
}

/// What is masked, and whether it may be seen.
struct Masks<'a> {
    target: &'a Target,
    reveal: bool,
}

/// The columns that are written, and why others are not.
fn chosen(
    relation: &Relation,
    named: &[String],
    masks: &Masks<'_>,
    format: Format,
    notes: &mut Vec<String>,
) -> Result<Vec<OutColumn>> {
    let name = &relation.name;
    let masked = |column: &Column| {
        !masks.reveal && masks.target.masks(&name.schema, &name.name, &column.name)
    };
    let out = |column: &Column| OutColumn {
        name: column.name.clone(),
        sort: Sort::of(&column.base_type),
    };
    if !named.is_empty() {
        let find = |typed: &String| {
            let column = column(relation, typed)?;
            if masked(column) { Err(is_masked(&column.name)) } else { Ok(out(column)) }
        };
        return named.iter().map(find).collect();
    }
    let mut left_out: [(Vec<&str>, &str); 3] =
        [(Vec::new(), "masked"), (Vec::new(), "not yours to read"), (Vec::new(), "generated")];
    let mut written = Vec::new();
    for column in &relation.columns {
        let generated =
            matches!(column.generation, Some(Generation::Stored(_) | Generation::Virtual(_)));
        let why = match column {
            column if masked(column) => Some(0),
            column if !column.readable => Some(1),
            _ if generated && format == Format::Sql => Some(2),
            _ => None,
        };
        match why.and_then(|why| left_out.get_mut(why)) {
            Some((names, _)) => names.push(&column.name),
            None => written.push(out(column)),
        }
    }
    for (names, why) in left_out.iter().filter(|(names, _)| !names.is_empty()) {
        let reveal = if *why == "masked" { "; --reveal writes masked columns too" } else { "" };
        notes.push(format!("Left out, being {why}: {}{reveal}", names.join(", ")));
    }
    if written.is_empty() && !relation.columns.is_empty() {
        return Err(Problem::new(
            Kind::Refused,
            format!("Nothing of {name} may be written"),
            notes.join("; "),
            "add --reveal, or export another table",
        ));
    }
    Ok(written)
}

/// The column somebody means.
pub(super) fn column<'a>(relation: &'a Relation, typed: &str) -> Result<&'a Column> {
    let exact = relation.column(typed);
    let loosely = || relation.columns.iter().find(|one| one.name.eq_ignore_ascii_case(typed));
    exact.or_else(loosely).ok_or_else(|| {
        let names: Vec<&str> = relation.columns.iter().map(|one| one.name.as_str()).collect();
        Problem::usage(
            format!("{} has no column {typed}", relation.name),
            format!("its columns are {}", names.join(", ")),
            "name one of these",
        )
    })
}

fn is_masked(column: &str) -> Problem {
    Problem::new(
        Kind::Refused,
        format!("The column {column} is masked"),
        "dbstudio.toml or your own settings say that its values are not shown",
        "add --reveal if the file may hold them",
    )
}

/// Rows of a relation.
fn selection(relation: &Relation, filter: Vec<Condition>, sort: Vec<SortKey>) -> Selection {
    let column = |column: &Column| PageColumn {
        name: column.name.clone(),
        type_name: column.type_name.clone(),
        base_type: column.base_type.clone(),
        nullable: column.nullable,
    };
    let columns: Arc<[PageColumn]> = relation.columns.iter().map(column).collect();
    Selection { relation: relation.name.clone(), columns, identity: Identity::None, filter, sort }
}

fn sort_key(relation: &Relation, typed: &str) -> Result<SortKey> {
    let typed = typed.trim();
    let (name, descending) = match typed.rsplit_once(char::is_whitespace) {
        Some((name, word)) if word.eq_ignore_ascii_case("desc") => (name.trim(), true),
        Some((name, word)) if word.eq_ignore_ascii_case("asc") => (name.trim(), false),
        _ => (typed, false),
    };
    let column = column(relation, name.trim_matches('"'))?;
    Ok(SortKey { column: column.name.clone(), descending })
}

/// A query as it may stand between brackets: one statement that only reads.
fn reading(dialect: Dialect, text: &str) -> Result<String> {
    let pieces = statement::split(dialect, text);
    let mut statements = pieces.iter().filter(|piece| !piece.is_blank());
    let (Some(one), None) = (statements.next(), statements.next()) else {
        return Err(Problem::usage(
            "An export needs one query",
            "there is none, or there are several",
            "write one SELECT after --query",
        ));
    };
    let sql = one.text(text);
    if effect(dialect, sql) != Effect::Reads {
        return Err(Problem::new(
            Kind::Refused,
            "Only a query that reads can be exported",
            "this statement may change something",
            "write a SELECT, without FOR UPDATE and INTO",
        ));
    }
    // It is put between brackets, and must not reach what is around them.
    expression::check(dialect, sql).map_err(|problem| {
        Problem::usage("The query is not one complete statement", problem.why, "correct it")
    })?;
    Ok(sql.to_owned())
}

/// Refuses a query that names a table with masked columns: what it makes of them cannot be told.
fn refuse_masked(dialect: Dialect, target: &Target, sql: &str) -> Result<()> {
    let names: Vec<String> = tokens(dialect, sql).iter().filter_map(|one| one.name(sql)).collect();
    let hit = target
        .masked
        .iter()
        .find(|mask| names.iter().any(|name| name.eq_ignore_ascii_case(&mask.table)));
    let Some(mask) = hit else { return Ok(()) };
    Err(Problem::new(
        Kind::Refused,
        "The query reads a table with masked columns",
        format!("{}.{} is masked", mask.table, mask.column),
        "export the table itself, which leaves them out, or add --reveal",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_query_that_reads_is_taken() {
        for (sql, expected) in [
            ("SELECT 1;", Some("SELECT 1")),
            ("  WITH a AS (SELECT 1) TABLE a -- done", Some("WITH a AS (SELECT 1) TABLE a")),
            ("", None),
            ("SELECT 1; SELECT 2", None),
            ("DELETE FROM t RETURNING *", None),
            ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", None),
            ("SELECT 1) TO PROGRAM 'x' --", None),
            ("SELECT $1", None),
        ] {
            assert_eq!(reading(Dialect::Postgres, sql).ok().as_deref(), expected, "{sql}");
        }
    }
}
