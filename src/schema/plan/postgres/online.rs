//! Changing tables that others use meanwhile: indexes built concurrently, constraints checked
//! after they were added, NOT NULL by way of a check, keys by way of an index (manual: CREATE INDEX
//! "Building Indexes Concurrently", ALTER TABLE "Notes").
//!
//! A statement that takes long stands by itself or apart, and after all others where nothing needs
//! it sooner, so that there are few transactions. What
//! cannot be done so is done as otherwise, and a note says that it blocks.

use super::name;
use super::piece::Piece;
use crate::schema::model::{Constraint, ConstraintKind, Index, Key};
use crate::schema::plan::{Action, Step};
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

/// A statement that runs by itself.
fn alone(sql: impl Into<String>, action: Action) -> Piece {
    Piece::Whole(Step { outside_transaction: true, ..Step::new(sql, vec![action]) })
}

/// A check of all rows, in another transaction than what it checks was added in.
fn validate(table: &str, named: &str, action: Action) -> Piece {
    let sql = format!("ALTER TABLE {table} VALIDATE CONSTRAINT {named}");
    Piece::Whole(Step { apart: true, ..Step::new(sql, vec![action]) })
}

/// CREATE INDEX CONCURRENTLY from the server's own definition; `None` where the definition is not
/// of the form the server prints.
pub(super) fn create_index(key: &Key, index: &Index) -> Option<Piece> {
    let definition = &index.definition;
    let all = tokens(Dialect::Postgres, definition);
    let word = all.iter().find(|token| token.is_word(definition, "INDEX"))?;
    let before = definition.get(..word.range.end)?;
    let after = definition.get(word.range.end..)?;
    Some(alone(format!("{before} CONCURRENTLY{after}"), Action::Create(key.clone())))
}

/// DROP INDEX CONCURRENTLY; the name may be the one it stepped aside to.
pub(super) fn drop_index(key: &Key, called: &str, action: Action) -> Piece {
    let index = name::qualified(&key.schema, called);
    alone(format!("DROP INDEX CONCURRENTLY {index}"), action)
}

/// A constraint on a table that has rows: added without looking at them and validated then, or
/// made of an index that was built concurrently. `None` where neither works.
pub(super) fn add_constraint(key: &Key, constraint: &Constraint) -> Option<Vec<Piece>> {
    let (table, named) = (name::relation(key), name::ident(&key.name));
    match constraint.kind {
        ConstraintKind::Check | ConstraintKind::Foreign if constraint.validated => {
            let add = format!("ADD CONSTRAINT {named} {} NOT VALID", constraint.definition);
            Some(vec![
                Piece::clause(&table, add, Action::Create(key.clone())),
                validate(&table, &named, Action::Validate(key.clone())),
            ])
        }
        ConstraintKind::Primary | ConstraintKind::Unique => by_index(key, constraint),
        _ => None,
    }
}

/// A key by way of a unique index of its name.
fn by_index(key: &Key, constraint: &Constraint) -> Option<Vec<Piece>> {
    let definition = constraint.definition.as_str();
    let plain = ["WITH (", "TABLESPACE", "WITHOUT OVERLAPS"];
    if plain.iter().any(|word| definition.contains(word)) {
        return None;
    }
    let open = definition.find('(')?;
    let (head, rest) = (definition.get(..open)?.trim(), definition.get(open..)?);
    let deferring = rest.find(" DEFERRABLE");
    let (columns, deferring) = match deferring {
        Some(at) => (rest.get(..at)?, rest.get(at..)?),
        None => (rest, ""),
    };
    let kind = if head.starts_with("PRIMARY") { "PRIMARY KEY" } else { "UNIQUE" };
    let nulls = if head.contains("NULLS NOT DISTINCT") { " NULLS NOT DISTINCT" } else { "" };
    let (table, named) = (name::relation(key), name::ident(&key.name));
    let build = format!("CREATE UNIQUE INDEX CONCURRENTLY {named} ON {table} {columns}{nulls}");
    let add = format!("ADD CONSTRAINT {named} {kind} USING INDEX {named}{deferring}");
    Some(vec![
        alone(build, Action::Create(key.clone())),
        Piece::clause(&table, add, Action::Alter(key.clone())),
    ])
}

/// SET NOT NULL without a scan under the strongest lock: a check that is validated first proves it
/// (since version 12).
pub(super) fn set_not_null(key: &Key) -> Vec<Piece> {
    let (table, named) = (name::relation(key), name::ident(&key.name));
    let mut check: String = key.name.chars().take(40).collect();
    while check.len() > 40 {
        check.pop();
    }
    let check = name::ident(&format!("{check}__dbs_not_null"));
    let altered = || Action::Alter(key.clone());
    vec![
        Piece::clause(
            &table,
            format!("ADD CONSTRAINT {check} CHECK ({named} IS NOT NULL) NOT VALID"),
            altered(),
        ),
        validate(&table, &check, Action::SetNotNull(key.clone())),
        Piece::clause(&table, format!("ALTER COLUMN {named} SET NOT NULL"), altered()),
        Piece::clause(&table, format!("DROP CONSTRAINT {check}"), altered()),
    ]
}

/// The stage of each piece of one object's work: 0 at its place; where nothing needs the object,
/// checks of rows come in stage 1, what is built concurrently in 2, and what follows from them in 3.
pub(super) fn staged(pieces: Vec<Piece>, waits: bool) -> impl Iterator<Item = (usize, Piece)> {
    let mut late = false;
    pieces.into_iter().map(move |piece| {
        let own = match &piece {
            Piece::Whole(step) if step.apart => 1,
            Piece::Whole(step) if step.outside_transaction => 2,
            _ if late => 3,
            _ => 0,
        };
        late = late || own > 0;
        (if waits { own } else { 0 }, piece)
    })
}

/// The pieces stage by stage.
pub(super) fn by_stage(pieces: impl Iterator<Item = (usize, Piece)>) -> Vec<Piece> {
    let mut all: Vec<(usize, Piece)> = pieces.collect();
    all.sort_by_key(|(stage, _)| *stage);
    all.into_iter().map(|(_, piece)| piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::model::Kind;

    fn key(kind: Kind) -> Key {
        Key::part(kind, "public", "orders", "orders_code_key")
    }

    fn constraint(kind: ConstraintKind, definition: &str) -> Constraint {
        Constraint {
            kind,
            definition: definition.to_owned(),
            columns: vec!["code".to_owned()],
            references: None,
            referenced_columns: Vec::new(),
            validated: true,
            local: true,
            parent: None,
            index_valid: true,
        }
    }

    fn sql(pieces: Option<Vec<Piece>>) -> Vec<String> {
        let steps = super::super::piece::join(pieces.unwrap_or_default());
        steps.into_iter().map(|step| step.sql).collect()
    }

    #[test]
    fn keys_are_built_as_indexes_first() {
        let unique = constraint(ConstraintKind::Unique, "UNIQUE (code) INCLUDE (id) DEFERRABLE");
        assert_eq!(
            sql(add_constraint(&key(Kind::Constraint), &unique)),
            [
                "CREATE UNIQUE INDEX CONCURRENTLY orders_code_key ON public.orders (code) INCLUDE (id)",
                "ALTER TABLE public.orders ADD CONSTRAINT orders_code_key UNIQUE USING INDEX \
                 orders_code_key DEFERRABLE",
            ]
        );
        let nulls = constraint(ConstraintKind::Unique, "UNIQUE NULLS NOT DISTINCT (code)");
        assert!(
            sql(add_constraint(&key(Kind::Constraint), &nulls))[0].ends_with("NULLS NOT DISTINCT")
        );
        let excluded = constraint(ConstraintKind::Exclusion, "EXCLUDE USING gist (code WITH =)");
        assert!(add_constraint(&key(Kind::Constraint), &excluded).is_none());
    }

    #[test]
    fn checks_are_validated_after_they_are_there() {
        let check = constraint(ConstraintKind::Check, "CHECK ((code > 0))");
        assert_eq!(
            sql(add_constraint(&key(Kind::Constraint), &check)),
            [
                "ALTER TABLE public.orders ADD CONSTRAINT orders_code_key CHECK ((code > 0)) NOT VALID",
                "ALTER TABLE public.orders VALIDATE CONSTRAINT orders_code_key",
            ]
        );
    }
}
