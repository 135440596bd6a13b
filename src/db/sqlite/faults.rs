//! Whether views and triggers work: SQLite takes their text unread, and says what is wrong with it
//! only when it compiles a statement that needs them. Nothing here runs one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use super::failure;
use crate::schema::model::{Key, Kind, each_word};
use crate::sql::Dialect;

/// What is looked at together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// A view, by its name in lower case.
    View(String),
    /// The triggers of a table or view, by its name in lower case, that fire on one event.
    Triggers(String, Event),
}

/// What makes a trigger fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Delete,
    Insert,
    Update,
}

impl Look {
    /// What a trigger is looked at with; `None` for a text that is none.
    pub(super) fn of_trigger(table: &str, sql: &str) -> Option<Self> {
        let events =
            [("delete", Event::Delete), ("insert", Event::Insert), ("update", Event::Update)];
        // Behind CREATE TRIGGER and the name, the first of these words is the event.
        let event = each_word(sql).skip(3).find_map(|word| {
            let found = events.into_iter().find(|(keyword, _)| word.is(keyword));
            found.map(|(_, event)| event)
        })?;
        Some(Self::Triggers(table.to_ascii_lowercase(), event))
    }

    /// Whether one of these objects is looked at here.
    pub(super) fn is_among(&self, keys: &BTreeSet<&Key>) -> bool {
        keys.iter().any(|key| match self {
            Self::View(name) => key.kind == Kind::View && key.name.eq_ignore_ascii_case(name),
            Self::Triggers(of, _) => key.kind == Kind::Trigger && key.of.eq_ignore_ascii_case(of),
        })
    }

    /// The statement that needs what is looked at; `None` where there is none.
    async fn statement(&self, connection: &mut SqliteConnection) -> sqlx::Result<Option<String>> {
        let (Self::View(name) | Self::Triggers(name, _)) = self;
        let relation = Dialect::Sqlite.relation("main", name);
        let Self::Triggers(_, event) = self else {
            return Ok(Some(format!("SELECT * FROM {relation} LIMIT 0")));
        };
        Ok(match event {
            Event::Delete => Some(format!("EXPLAIN QUERY PLAN DELETE FROM {relation}")),
            Event::Insert => {
                Some(format!("EXPLAIN QUERY PLAN INSERT INTO {relation} DEFAULT VALUES"))
            }
            Event::Update => {
                let sql = format!(
                    "SELECT name FROM pragma_table_xinfo({}, 'main') WHERE hidden = 0",
                    Dialect::Sqlite.literal(name)
                );
                let mut sets = Vec::new();
                for row in lenient(rows(connection, &sql).await)?.unwrap_or_default() {
                    let column = Dialect::Sqlite.ident(&row.try_get::<String, _>(0)?);
                    sets.push(format!("{column} = {column}"));
                }
                let sets = sets.join(", ");
                let sql = || format!("EXPLAIN QUERY PLAN UPDATE {relation} SET {sets}");
                (!sets.is_empty()).then(sql)
            }
        })
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::View(name) => write!(f, "The view {name}"),
            Self::Triggers(of, Event::Delete) => write!(f, "The triggers on DELETE of {of}"),
            Self::Triggers(of, Event::Insert) => write!(f, "The triggers on INSERT of {of}"),
            Self::Triggers(of, Event::Update) => write!(f, "The triggers on UPDATE of {of}"),
        }
    }
}

/// Everything that can be looked at, with SQLite's words where it does not work.
pub(super) async fn faults(
    connection: &mut SqliteConnection,
) -> sqlx::Result<BTreeMap<Look, Option<String>>> {
    let sql =
        "SELECT type, tbl_name, sql FROM main.sqlite_schema WHERE type IN ('view', 'trigger')";
    let mut looks = BTreeSet::new();
    for row in rows(connection, sql).await? {
        let (kind, of, text): (String, String, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        looks.extend(match kind.as_str() {
            "view" => Some(Look::View(of.to_ascii_lowercase())),
            _ => Look::of_trigger(&of, &text),
        });
    }
    let mut statements = Vec::with_capacity(looks.len());
    for look in &looks {
        statements.push(look.statement(connection).await?);
    }
    // Mostly everything works, and is found to with one question.
    let all: Vec<&str> = statements.iter().flatten().map(String::as_str).collect();
    let work = lenient(rows(connection, &all.join(";\n")).await)?.is_some();
    let mut found = BTreeMap::new();
    for (look, sql) in looks.into_iter().zip(statements) {
        let fault = match sql.filter(|_| !work) {
            None => None,
            Some(sql) => match rows(connection, &sql).await {
                Ok(_) => None,
                Err(error) if failure::code(&error) == Some(1) => Some(failure::words(&error)),
                Err(error) => return Err(error),
            },
        };
        found.insert(look, fault);
    }
    Ok(found)
}

/// Whether the fault is that SQLite lacks here what another program brings along.
pub(super) fn is_foreign(fault: &str) -> bool {
    let starts = ["no such function", "no such module", "no such collation", "unknown function"];
    starts.iter().any(|start| fault.contains(start))
}

/// The rows of one statement.
pub(super) async fn rows(
    connection: &mut SqliteConnection,
    sql: &str,
) -> sqlx::Result<Vec<SqliteRow>> {
    sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(connection).await
}

/// An ordinary error of a statement becomes nothing; a lock, a damaged file or a stop does not.
pub(super) fn lenient<T>(outcome: sqlx::Result<T>) -> sqlx::Result<Option<T>> {
    match outcome {
        Err(error) if failure::code(&error) == Some(1) => Ok(None),
        other => other.map(Some),
    }
}
