//! `ALTER … RENAME` for everything that can get another name in place. A move to another schema is
//! a statement of its own after it. Nothing here decides what is renamed.

use super::name::qualified;
use super::range::usual_multirange;
use crate::schema::model::{Body, Key, Kind, Model, RoutineKind};
use crate::schema::plan::{Action, Step};
use crate::schema::rename::Rename;
use crate::sql::Dialect;

const DIALECT: Dialect = Dialect::Postgres;

/// The statements of a rename: one, or two when the schema is another too. The model is the
/// current one, which knows the arguments of a routine.
pub fn steps(rename: &Rename, model: &Model) -> Vec<Step> {
    let (from, to) = match rename {
        Rename::Label { key, from, to } => {
            let value = |label: &str| DIALECT.literal(label);
            let sql = format!(
                "ALTER TYPE {} RENAME VALUE {} TO {}",
                qualified(&key.schema, &key.name),
                value(from),
                value(to)
            );
            return vec![Step::new(sql, vec![Action::Alter(key.clone())])];
        }
        Rename::Object { from, to } => (from, to),
    };
    let mut out = Vec::new();
    let action = || vec![Action::Rename { from: from.clone(), to: to.clone() }];
    if from.name != to.name {
        out.push(Step::new(named(from, &to.name, model), action()));
    }
    out.extend(multirange(from, to, model).map(|sql| Step::new(sql, action())));
    if from.schema != to.schema && !from.kind.is_part() {
        let between = Key { name: to.name.clone(), ..from.clone() };
        let subject = subject(&between, model.body(from));
        let sql = format!("ALTER {subject} SET SCHEMA {}", DIALECT.name(&to.schema));
        out.push(Step::new(sql, action()));
    }
    out
}

/// A range type's multirange type keeps its name unless it is renamed too (PostgreSQL 14 and
/// later, which make one for every range type).
fn multirange(from: &Key, to: &Key, model: &Model) -> Option<String> {
    let Some(Body::Range { definition }) = model.body(from) else { return None };
    if definition.contains("multirange_type_name") || from.name == to.name {
        return None;
    }
    let old = qualified(&from.schema, &usual_multirange(&from.name));
    let new = DIALECT.name(&usual_multirange(&to.name));
    Some(format!("ALTER TYPE {old} RENAME TO {new}"))
}

/// The statement that gives an object another name within what it stands in.
fn named(from: &Key, name: &str, model: &Model) -> String {
    let (old, new) = (DIALECT.name(&from.name), DIALECT.name(name));
    let relation = qualified(&from.schema, &from.of);
    match from.kind {
        Kind::Column => format!("ALTER TABLE {relation} RENAME COLUMN {old} TO {new}"),
        Kind::Constraint => format!("ALTER TABLE {relation} RENAME CONSTRAINT {old} TO {new}"),
        Kind::Trigger => format!("ALTER TRIGGER {old} ON {relation} RENAME TO {new}"),
        Kind::Policy => format!("ALTER POLICY {old} ON {relation} RENAME TO {new}"),
        Kind::Rule => format!("ALTER RULE {old} ON {relation} RENAME TO {new}"),
        _ => format!("ALTER {} RENAME TO {new}", subject(from, model.body(from))),
    }
}

/// What an object is called after ALTER: its kind's word and its whole name.
fn subject(key: &Key, body: Option<&Body>) -> String {
    let whole = qualified(&key.schema, &key.name);
    match (key.kind, body) {
        (Kind::Schema, _) => format!("SCHEMA {}", DIALECT.name(&key.name)),
        (Kind::EventTrigger, _) => format!("EVENT TRIGGER {}", DIALECT.name(&key.name)),
        (Kind::Routine, Some(Body::Routine(routine))) => {
            let word = match routine.kind {
                RoutineKind::Procedure => "PROCEDURE",
                RoutineKind::Aggregate => "AGGREGATE",
                RoutineKind::Function | RoutineKind::Window => "FUNCTION",
            };
            let none = routine.kind == RoutineKind::Aggregate && routine.signature.is_empty();
            let signature = if none { "*" } else { routine.signature.as_str() };
            format!("{word} {whole}({signature})")
        }
        (kind, _) => format!("{} {whole}", word(kind)),
    }
}

/// The word after ALTER for what has a plain qualified name.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Enum | Kind::Composite | Kind::Range => "TYPE",
        Kind::Domain => "DOMAIN",
        Kind::Sequence => "SEQUENCE",
        Kind::Collation => "COLLATION",
        Kind::Index => "INDEX",
        Kind::Statistics => "STATISTICS",
        Kind::View => "VIEW",
        Kind::MaterializedView => "MATERIALIZED VIEW",
        Kind::Routine => "ROUTINE",
        _ => "TABLE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(from: Key, to: Key) -> Vec<String> {
        let model = Model::empty(DIALECT);
        steps(&Rename::Object { from, to }, &model).into_iter().map(|step| step.sql).collect()
    }

    #[test]
    fn each_kind_has_its_own_statement() {
        let table = Key::new(Kind::Table, "shop", "Orders");
        assert_eq!(
            sql(table.clone(), Key::new(Kind::Table, "shop", "purchases")),
            [r#"ALTER TABLE shop."Orders" RENAME TO purchases"#]
        );
        assert_eq!(
            sql(table.child(Kind::Column, "a"), table.child(Kind::Column, "b\"c")),
            [r#"ALTER TABLE shop."Orders" RENAME COLUMN a TO "b""c""#]
        );
        assert_eq!(
            sql(table.child(Kind::Constraint, "a"), table.child(Kind::Constraint, "b")),
            [r#"ALTER TABLE shop."Orders" RENAME CONSTRAINT a TO b"#]
        );
        assert_eq!(
            sql(table.child(Kind::Index, "a"), table.child(Kind::Index, "b")),
            [r#"ALTER INDEX shop.a RENAME TO b"#]
        );
        assert_eq!(
            sql(Key::new(Kind::View, "a", "v"), Key::new(Kind::View, "b", "w")),
            [r#"ALTER VIEW a.v RENAME TO w"#, r#"ALTER VIEW a.w SET SCHEMA b"#]
        );
        let label = Rename::Label {
            key: Key::new(Kind::Enum, "shop", "mood"),
            from: "sad".into(),
            to: "it's".into(),
        };
        assert_eq!(
            steps(&label, &Model::empty(DIALECT))[0].sql,
            r#"ALTER TYPE shop.mood RENAME VALUE 'sad' TO 'it''s'"#
        );
    }
}
