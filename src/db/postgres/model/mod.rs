//! The whole schema, as [`crate::schema::model`] holds it: two questions to the catalogue, each
//! one round trip by the simple protocol, whose every field is text.
//!
//! It waits for whoever holds a relation exclusively, because the server locks what it prints the
//! definition of. Nothing here begins or ends a transaction, and what it sets for its own
//! statements is as it was before. No user's row is read, and nothing that is there is passed over
//! in silence: what the model has no place for is named in [`Model::unmodelled`].

mod address;
mod comments;
mod constraints;
mod grants;
mod indexes;
mod needs;
mod nested;
mod parts;
mod reading;
mod relations;
mod routines;
mod sequences;
mod spaces;
mod types;
mod unmodelled;

use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgRow};

use self::address::class;
use self::reading::Reading;
use super::fields::Fields;
use crate::schema::model::{Model, Scope};
use crate::sql::Dialect;

/// What the server's texts depend on, and what each is set to while they are written.
const SETTINGS: &[(&str, &str)] = &[
    ("search_path", ""),
    ("quote_all_identifiers", "off"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    // Compiling these statements would take longer than they do.
    ("jit", "off"),
];

/// What is asked, for the statements to be written by.
struct Question {
    /// `server_version_num`.
    version: i64,
    /// SQL: the schemas that are read, by number, comma-separated; never empty.
    schemas: String,
    /// Whether privileges are read.
    privileges: bool,
}

impl Question {
    /// SQL: whether the namespace in this column is read.
    fn within(&self, column: &str) -> String {
        format!("{column} IN ({})", self.schemas)
    }

    /// The second text from this version on, before it the first.
    fn since(&self, version: i64, before: &'static str, from: &'static str) -> &'static str {
        if self.version >= version { from } else { before }
    }

    /// Every statement, in the order their rows are taken.
    fn statements(&self) -> String {
        let mut all = vec![
            address::question(),
            spaces::schemas(self),
            spaces::extensions(),
            spaces::collations(self),
            relations::relations(self),
            relations::parents(self),
            relations::columns(self),
            relations::defaults(self),
            types::question(self),
            types::checks(self),
            sequences::question(self),
            routines::question(self),
            routines::aggregates(self),
            constraints::question(self),
            indexes::question(self),
            indexes::targets(self),
            indexes::statistics(self),
            parts::rules(self),
            parts::triggers(self),
            parts::policies(self),
            spaces::event_triggers(),
        ];
        if self.privileges {
            all.push(grants::defaults(self));
            all.push(grants::question(self));
        }
        all.push(comments::question());
        all.push(unmodelled::question(self));
        all.push(needs::question());
        all.join(";\n")
    }
}

/// SQL: whether the object of this class and number belongs to no extension.
fn own(class: i64, oid: &str) -> String {
    format!(
        "NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = {class} AND e.objid = {oid}
                     AND e.deptype = 'e')"
    )
}

/// Reads everything in the scope. The connection may be in a transaction.
///
/// # Errors
/// What the server refused; an answer that is not what was asked for.
pub(in crate::db) async fn read(
    connection: &mut PgConnection,
    scope: &Scope,
    version: i64,
) -> sqlx::Result<Model> {
    let before = simple(connection, opening(scope)).await?;
    let model = body(connection, scope, version, &before).await;
    // Inside a transaction the settings would last to its end.
    let restored = match restoring(&before) {
        Ok(sql) => simple(connection, sql).await.map(drop),
        Err(error) => Err(error),
    };
    // A failure of the server has undone them itself, and is the one to tell of.
    model.and_then(|model| restored.map(|()| model))
}

async fn body(
    connection: &mut PgConnection,
    scope: &Scope,
    version: i64,
    before: &[PgRow],
) -> sqlx::Result<Model> {
    let mut schemas = Vec::new();
    for fields in tagged(before, "schema")? {
        schemas.push(fields.integer(1)?.to_string());
    }
    if schemas.is_empty() {
        schemas.push("0".to_owned());
    }
    let question = Question { version, schemas: schemas.join(", "), privileges: scope.privileges };
    let rows = simple(connection, format!("{}{}", pinning(), question.statements())).await?;
    let mut reading = Reading::new(scope, version);
    for row in &rows {
        take(&mut reading, Fields::new(row))?;
    }
    reading.finish()
}

fn take(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    match row.text(0)?.as_str() {
        "pinned" => Ok(()),
        "member" => address::member(reading, row),
        "alias" => address::alias(reading, row),
        "schema" => spaces::schema(reading, row),
        "extension" => spaces::extension(reading, row),
        "collation" => spaces::collation(reading, row),
        "relation" => relations::relation(reading, row),
        "parent" => relations::parent(reading, row),
        "column" => relations::column(reading, row),
        "default" => relations::default(reading, row),
        "type" => types::named(reading, row),
        "domain check" => types::check(reading, row),
        "sequence" => sequences::sequence(reading, row),
        "routine" => routines::routine(reading, row),
        "aggregate" => routines::aggregate(reading, row),
        "constraint" => constraints::constraint(reading, row),
        "index" => indexes::index(reading, row),
        "target" => indexes::target(reading, row),
        "statistics" => indexes::extended(reading, row),
        "rule" => parts::rule(reading, row),
        "trigger" => parts::trigger(reading, row),
        "policy" => parts::policy(reading, row),
        "event trigger" => spaces::event_trigger(reading, row),
        "default privileges" => grants::default(reading, row),
        "grant" => grants::grant(reading, row),
        "comment" => comments::comment(reading, row),
        "unmodelled" => unmodelled::named(reading, row),
        "need" => needs::need(reading, row),
        tag => Err(strange(&format!("there is no kind of row called {tag}"))),
    }
}

/// An answer that is not what was asked for.
fn strange(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("the catalogue: {what}").into())
}

async fn simple(connection: &mut PgConnection, sql: String) -> sqlx::Result<Vec<PgRow>> {
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await
}

fn tagged<'r>(rows: &'r [PgRow], tag: &str) -> sqlx::Result<Vec<Fields<'r>>> {
    let mut found = Vec::new();
    for fields in rows.iter().map(Fields::new) {
        if fields.text(0)? == tag {
            found.push(fields);
        }
    }
    Ok(found)
}

/// What the settings are, and the schemas of the scope.
fn opening(scope: &Scope) -> String {
    let literal = |text: &str| Dialect::Postgres.literal(text);
    let mut sql = String::new();
    for (name, _) in SETTINGS {
        let name = literal(name);
        sql.push_str(&format!("SELECT 'setting', {name}, pg_catalog.current_setting({name});\n"));
    }
    let wanted = match &scope.schemas {
        None => String::new(),
        Some(names) if names.is_empty() => " AND false".to_owned(),
        Some(names) => {
            let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
            format!(" AND n.nspname IN ({})", names.join(", "))
        }
    };
    // The one question that is asked while other schemas may come first.
    sql.push_str(&format!(
        "SELECT 'schema', n.oid FROM pg_catalog.pg_namespace n
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'{wanted}
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                WHERE e.classid = {} AND e.objid = n.oid AND e.deptype = 'e')",
        class::NAMESPACE
    ));
    sql
}

/// Sets what the texts depend on, for this transaction: the statements of one message are one
/// when there is no other.
fn pinning() -> String {
    let set = |(name, value): &(&str, &str)| set_config(name, value);
    format!("SELECT 'pinned', {};\n", SETTINGS.iter().map(set).collect::<Vec<_>>().join(", "))
}

fn restoring(before: &[PgRow]) -> sqlx::Result<String> {
    let mut calls = Vec::new();
    for fields in tagged(before, "setting")? {
        calls.push(set_config(&fields.text(1)?, &fields.text(2)?));
    }
    Ok(format!("SELECT {}", calls.join(", ")))
}

fn set_config(name: &str, value: &str) -> String {
    let literal = |text: &str| Dialect::Postgres.literal(text);
    format!("pg_catalog.set_config({}, {}, true)", literal(name), literal(value))
}
