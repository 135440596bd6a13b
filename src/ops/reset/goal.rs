//! What is left of a database after a reset, and the statements that lead there. Pure.
//!
//! What stays: on PostgreSQL the schema `public`, an extension the project does not make itself,
//! the schema such an extension lives in, and default privileges of what stays. All else goes,
//! the tables in which migrations are remembered too: the project is set up anew from nothing.

use std::collections::BTreeSet;

use crate::schema::RelationName;
use crate::schema::model::{Body, Key, Kind, Model, Scope};
use crate::schema::plan::{self, Action, Step};
use crate::sql::Dialect;

/// What stays of a schema; `made` are the extensions the project makes itself.
pub(super) fn goal(current: &Model, made: &BTreeSet<String>) -> Model {
    let mut goal = Model::empty(current.dialect);
    if current.dialect == Dialect::Sqlite {
        return goal;
    }
    let stays = |key: &Key| key.kind == Kind::Extension && !made.contains(&key.name);
    let homes = current.objects.iter().filter(|(key, _)| stays(key));
    let homes: BTreeSet<String> = homes
        .filter_map(|(_, object)| match &object.body {
            Body::Extension { schema } => Some(schema.clone()),
            _ => None,
        })
        .chain(["public".to_owned()])
        .collect();
    let is_kept = |key: &Key| match key.kind {
        Kind::Extension => stays(key),
        Kind::Schema => homes.contains(&key.name),
        Kind::DefaultPrivileges => key.schema.is_empty() || homes.contains(&key.schema),
        _ => false,
    };
    let kept = current.objects.iter().filter(|(key, _)| is_kept(key));
    goal.objects.extend(kept.map(|(key, object)| (key.clone(), object.clone())));
    goal.unmodelled.clone_from(&current.unmodelled);
    goal
}

/// What stays, in sentences.
pub(super) fn kept(current: &Model, goal: &Model) -> Vec<String> {
    let mut said = Vec::new();
    for key in goal.objects.keys() {
        match key.kind {
            Kind::Extension => said
                .push(format!("extension {} stays: the project does not make it itself", key.name)),
            Kind::Schema if key.name == "public" => {
                said.push("schema public stays, as a new database has one".to_owned());
            }
            Kind::Schema => {
                said.push(format!("schema {} stays: an extension that stays is in it", key.name));
            }
            _ => {}
        }
    }
    let in_schema = IN_SCHEMAS.map(|(kind, ..)| kind);
    let others = current.unmodelled.iter().filter(|one| !in_schema.contains(&one.kind.as_str()));
    said.extend(others.map(|one| format!("{} {} stays: it is in no schema", one.kind, one.name)));
    said
}

/// The statements that lead from a schema to what stays of it.
pub(super) fn steps(
    current: &Model,
    goal: &Model,
    histories: &[RelationName],
    strangers: (Vec<Step>, Vec<Step>),
) -> Vec<Step> {
    let mut steps = plan::plan(current, goal, false).steps;
    let is_schema = |step: &Step| {
        let mut actions = step.actions.iter();
        actions.any(|action| matches!(action, Action::Drop(key) if key.kind == Kind::Schema))
    };
    let (first, last) = strangers;
    let at = steps.iter().position(is_schema).unwrap_or(steps.len());
    steps.splice(at..at, last);
    steps.splice(0..0, first);
    steps.extend(histories.iter().map(|name| {
        let key = Key::new(Kind::Table, name.schema.as_str(), name.name.as_str());
        let sql = format!("DROP TABLE {}", current.dialect.relation(&name.schema, &name.name));
        Step::new(sql, vec![Action::Drop(key)])
    }));
    steps
}

/// What stands in a schema and has no place in the model: the kind as the model names it, the
/// catalogue, its column of the schema, a condition, and whether it goes before what the model has.
const IN_SCHEMAS: [(&str, &str, &str, &str, bool); 9] = [
    ("operator class", "pg_opclass", "opcnamespace", "true", true),
    ("operator family", "pg_opfamily", "opfnamespace", "true", true),
    ("operator", "pg_operator", "oprnamespace", "true", true),
    ("foreign table", "pg_class", "relnamespace", "o.relkind = 'f'", false),
    ("conversion", "pg_conversion", "connamespace", "true", false),
    ("text search configuration", "pg_ts_config", "cfgnamespace", "true", false),
    ("text search dictionary", "pg_ts_dict", "dictnamespace", "true", false),
    ("text search parser", "pg_ts_parser", "prsnamespace", "true", false),
    ("text search template", "pg_ts_template", "tmplnamespace", "true", false),
];

/// The question for them: the kind, the name as `DROP` takes it, and whether it goes first.
pub(super) fn strangers(scope: &Scope) -> String {
    let within = match &scope.schemas {
        Some(schemas) => {
            let names: Vec<String> =
                schemas.iter().map(|name| Dialect::Postgres.literal(name)).collect();
            format!("n.nspname IN ({})", names.join(", "))
        }
        None => "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'".to_owned(),
    };
    let one = |(at, (kind, table, schema, condition, first)): (
        usize,
        &(&str, &str, &str, &str, bool),
    )| {
        format!(
            "SELECT {at} AS place, '{kind}' AS kind, i.identity, {first} AS first
             FROM pg_catalog.{table} o
             JOIN pg_catalog.pg_namespace n ON n.oid = o.{schema},
                  pg_catalog.pg_identify_object('pg_catalog.{table}'::regclass, o.oid, 0) i
             WHERE {condition} AND {within} AND o.oid >= 16384
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                   WHERE e.classid = 'pg_catalog.{table}'::regclass AND e.objid = o.oid
                     AND e.deptype IN ('e', 'i'))"
        )
    };
    let all: Vec<String> = IN_SCHEMAS.iter().enumerate().map(one).collect();
    format!(
        "SELECT kind, identity, first FROM ({}) found ORDER BY place, identity",
        all.join(" UNION ALL ")
    )
}

/// The statements that drop them: those that run first and those that run last.
pub(super) fn stranger_steps(rows: Vec<Vec<Option<String>>>) -> (Vec<Step>, Vec<Step>) {
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for row in rows {
        let [Some(kind), Some(identity), Some(goes_first)] = row.as_slice() else { continue };
        // An operator class takes its family along where that was made for it.
        let sql = format!("DROP {} IF EXISTS {identity}", kind.to_uppercase());
        let place = if goes_first == "t" { &mut first } else { &mut last };
        place.push(Step::new(sql, vec![Action::Setting]));
    }
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::model::Object;

    #[test]
    fn extensions_of_others_stay_with_their_schema() {
        let mut current = Model::empty(Dialect::Postgres);
        let extension = |schema: &str| Object::new(Body::Extension { schema: schema.to_owned() });
        for name in ["public", "gis", "app"] {
            current.objects.insert(Key::global(Kind::Schema, name), Object::new(Body::Schema));
        }
        current.objects.insert(Key::global(Kind::Extension, "postgis"), extension("gis"));
        current.objects.insert(Key::global(Kind::Extension, "citext"), extension("app"));
        let goal = goal(&current, &BTreeSet::from(["citext".to_owned()]));
        let left: Vec<String> = goal.objects.keys().map(ToString::to_string).collect();
        assert_eq!(left, ["gis", "public", "postgis"]);
        let sql: Vec<String> =
            steps(&current, &goal, &[], Default::default()).into_iter().map(|s| s.sql).collect();
        assert_eq!(sql.len(), 2, "{sql:?}");
    }
}
