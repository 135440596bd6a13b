//! Parts of relations that have a definition of their own: constraints, indexes, triggers, rules,
//! policies, and extended statistics and event triggers beside them.

use super::directory::Side;
use super::piece::Piece;
use super::{name, table};
use crate::schema::model::{Body, Constraint, ConstraintKind, Firing, Index, Key, Kind, Policy};
use crate::schema::plan::Action;
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

/// ADD CONSTRAINT; `alone` for a partitioned table without its partitions.
pub(super) fn add_constraint(key: &Key, constraint: &Constraint, alone: bool) -> Piece {
    let clause = format!("ADD CONSTRAINT {} {}", name::ident(&key.name), constraint.definition);
    let only = if alone { "ONLY " } else { "" };
    Piece::clause(format!("{only}{}", name::relation(key)), clause, Action::Create(key.clone()))
}

/// Attaches a partition's index, or that of its constraint, to the parent's.
pub(super) fn attach_index(key: &Key, parent: &Key) -> Piece {
    let sql = format!(
        "ALTER INDEX {} ATTACH PARTITION {}",
        name::qualified(&parent.schema, &parent.name),
        name::qualified(&key.schema, &key.name)
    );
    Piece::whole(sql, Action::Alter(key.clone()))
}

/// DROP CONSTRAINT.
pub(super) fn drop_constraint(key: &Key) -> Piece {
    let clause = format!("DROP CONSTRAINT {}", name::ident(&key.name));
    Piece::clause(name::relation(key), clause, Action::Drop(key.clone()))
}

fn renaming(key: &Key, from: &str, to: &str) -> String {
    let clause = format!("RENAME CONSTRAINT {} TO {}", name::ident(from), name::ident(to));
    format!("ALTER TABLE {} {clause}", name::relation(key))
}

/// Renames a constraint out of the way of another that gets its name.
pub(super) fn step_aside(key: &Key) -> Piece {
    let sql = renaming(key, &key.name, &super::sequence::aside(&key.name));
    Piece::whole(sql, Action::Aside(key.clone()))
}

/// What can change of a constraint in place: that all rows pass it, and its name.
pub(super) fn alter_constraint(
    key: &Key,
    have: &Constraint,
    want: &Constraint,
    old_name: Option<&Key>,
    attached_along: bool,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if let Some(old) = old_name {
        let rename = Action::Rename { from: old.clone(), to: key.clone() };
        pieces.push(Piece::whole(renaming(key, &old.name, &key.name), rename));
    }
    let indexed = !matches!(want.kind, ConstraintKind::Check | ConstraintKind::Foreign);
    if have.parent.is_none()
        && let Some(parent) = want.parent.as_ref().filter(|_| indexed && !attached_along)
    {
        pieces.push(attach_index(key, parent));
    }
    if !have.validated && want.validated {
        let clause = format!("VALIDATE CONSTRAINT {}", name::ident(&key.name));
        let action = Action::Validate(key.clone());
        pieces.push(Piece::clause(name::relation(key), clause, action));
    }
    pieces
}

/// CREATE INDEX, on all partitions too unless it is for the partitioned table alone.
pub(super) fn create_index(key: &Key, index: &Index, alone: bool) -> Vec<Piece> {
    let sql = if alone { index.definition.clone() } else { without_only(&index.definition) };
    let mut pieces = vec![Piece::whole(sql, Action::Create(key.clone()))];
    pieces.extend(index_statistics(key, &[], &index.statistics));
    pieces
}

/// The server prints `ON ONLY table` for the index of a partitioned table; without ONLY the
/// partitions get theirs as well.
fn without_only(definition: &str) -> String {
    let all = tokens(Dialect::Postgres, definition);
    let words: Vec<_> = all.iter().filter(|token| token.significant()).collect();
    let on = words.iter().position(|token| token.is_word(definition, "ON"));
    let only = on.and_then(|on| words.get(on + 1)).filter(|t| t.is_word(definition, "ONLY"));
    let Some(only) = only else { return definition.to_owned() };
    let before = definition.get(..only.range.start).unwrap_or_default();
    let after = definition.get(only.range.end..).unwrap_or_default();
    format!("{before}{}", after.trim_start())
}

fn index_statistics(key: &Key, have: &[(i16, i32)], want: &[(i16, i32)]) -> Vec<Piece> {
    let set = want.iter().filter(|one| !have.contains(one)).copied();
    let unset = have
        .iter()
        .filter(|(number, _)| !want.iter().any(|(other, _)| other == number))
        .map(|(number, _)| (*number, -1));
    let say = |(number, target): (i16, i32)| {
        let sql =
            format!("ALTER INDEX {} ALTER COLUMN {number} SET STATISTICS {target}", name::of(key));
        Piece::whole(sql, Action::Alter(key.clone()))
    };
    set.chain(unset).map(say).collect()
}

/// What can change of an index in place: its name, its parent and its statistics targets.
pub(super) fn alter_index(
    key: &Key,
    have: &Index,
    want: &Index,
    old_name: Option<&Key>,
    attached_along: bool,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if let Some(old) = old_name {
        let sql = format!("ALTER INDEX {} RENAME TO {}", name::of(old), name::ident(&key.name));
        pieces.push(Piece::whole(sql, Action::Rename { from: old.clone(), to: key.clone() }));
    }
    if have.parent.is_none()
        && let Some(parent) = want.parent.as_ref().filter(|_| !attached_along)
    {
        pieces.push(attach_index(key, parent));
    }
    pieces.extend(index_statistics(key, &have.statistics, &want.statistics));
    pieces
}

/// A policy.
pub(super) fn create_policy(key: &Key, policy: &Policy) -> Piece {
    let mut sql = format!("CREATE POLICY {} ON {}", name::ident(&key.name), name::relation(key));
    if !policy.permissive {
        sql.push_str(" AS RESTRICTIVE");
    }
    if policy.command != "ALL" {
        sql.push_str(&format!(" FOR {}", policy.command));
    }
    if !policy.roles.is_empty() {
        sql.push_str(&format!(" TO {}", name::list(&policy.roles)));
    }
    sql.push_str(&expressions(policy.using.as_ref(), policy.check.as_ref()));
    Piece::whole(sql, Action::Authorize(key.clone()))
}

fn expressions(using: Option<&String>, check: Option<&String>) -> String {
    let using = using.map(|using| format!(" USING ({using})")).unwrap_or_default();
    let check = check.map(|check| format!(" WITH CHECK ({check})")).unwrap_or_default();
    format!("{using}{check}")
}

/// ALTER POLICY.
pub(super) fn alter_policy(key: &Key, have: &Policy, want: &Policy) -> Piece {
    let mut sql = format!("ALTER POLICY {} ON {}", name::ident(&key.name), name::relation(key));
    if have.roles != want.roles {
        let roles =
            if want.roles.is_empty() { "PUBLIC".to_owned() } else { name::list(&want.roles) };
        sql.push_str(&format!(" TO {roles}"));
    }
    let using = want.using.as_ref().filter(|_| have.using != want.using);
    let check = want.check.as_ref().filter(|_| have.check != want.check);
    sql.push_str(&expressions(using, check));
    Piece::whole(sql, Action::Authorize(key.clone()))
}

/// The statements that make a trigger, a rule, statistics or an event trigger.
pub(super) fn create(key: &Key, body: &Body, model: &Side) -> Vec<Piece> {
    let (sql, after) = match body {
        Body::Trigger { definition, firing } => (definition.clone(), firing_piece(key, *firing)),
        Body::Rule { definition, firing } => {
            (definition.trim_end_matches(';').to_owned(), firing_piece(key, *firing))
        }
        Body::EventTrigger { definition, firing } => (
            format!("CREATE EVENT TRIGGER {} {definition}", name::ident(&key.name)),
            firing_piece(key, *firing),
        ),
        Body::Statistics { definition, target } => {
            (definition.clone(), target.map(|target| statistics_target(key, Some(target))))
        }
        _ => return Vec::new(),
    };
    let after = after.filter(|_| !is_usual(body));
    let on_view = [Kind::View, Kind::MaterializedView]
        .into_iter()
        .any(|kind| model.has(&Key::new(kind, &key.schema, &key.of)));
    let mut pieces = vec![Piece::whole(sql, Action::Create(key.clone()))];
    // ALTER TABLE knows the triggers of a view too.
    pieces.extend(after.filter(|_| !on_view || key.kind != Kind::Statistics));
    pieces
}

fn is_usual(body: &Body) -> bool {
    match body {
        Body::Trigger { firing, .. }
        | Body::Rule { firing, .. }
        | Body::EventTrigger { firing, .. } => *firing == Firing::Origin,
        Body::Statistics { target, .. } => target.is_none(),
        _ => true,
    }
}

fn statistics_target(key: &Key, target: Option<i32>) -> Piece {
    let target = target.unwrap_or(-1);
    let sql = format!("ALTER STATISTICS {} SET STATISTICS {target}", name::of(key));
    Piece::whole(sql, Action::Alter(key.clone()))
}

/// When a trigger or rule works.
fn firing_piece(key: &Key, firing: Firing) -> Option<Piece> {
    let word = match firing {
        Firing::Origin => "ENABLE",
        Firing::Disabled => "DISABLE",
        Firing::Replica => "ENABLE REPLICA",
        Firing::Always => "ENABLE ALWAYS",
    };
    let named = name::ident(&key.name);
    let action = Action::Alter(key.clone());
    match key.kind {
        Kind::Trigger => {
            Some(Piece::clause(name::relation(key), format!("{word} TRIGGER {named}"), action))
        }
        Kind::Rule => {
            Some(Piece::clause(name::relation(key), format!("{word} RULE {named}"), action))
        }
        Kind::EventTrigger => {
            Some(Piece::whole(format!("ALTER EVENT TRIGGER {named} {word}"), action))
        }
        _ => None,
    }
}

/// Changes one of them in place.
pub(super) fn alter(key: &Key, have: &Body, want: &Body) -> Vec<Piece> {
    match (have, want) {
        (
            Body::Rule { definition: old, firing: before },
            Body::Rule { definition, firing: after },
        ) => {
            let mut pieces = Vec::new();
            if old != definition {
                let rest = definition.trim_end_matches(';');
                let rest = rest.strip_prefix("CREATE RULE").unwrap_or(rest);
                let sql = format!("CREATE OR REPLACE RULE{rest}");
                pieces.push(Piece::whole(sql, Action::Alter(key.clone())));
            }
            pieces.extend(firing_piece(key, *after).filter(|_| before != after));
            pieces
        }
        (Body::Statistics { .. }, Body::Statistics { target, .. }) => {
            vec![statistics_target(key, *target)]
        }
        (
            Body::Trigger { firing: before, .. } | Body::EventTrigger { firing: before, .. },
            Body::Trigger { firing: after, .. } | Body::EventTrigger { firing: after, .. },
        ) => firing_piece(key, *after).filter(|_| before != after).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Drops a part that is no column, default or constraint.
pub(super) fn drop(key: &Key) -> Piece {
    let sql = match key.kind {
        Kind::Index => format!("DROP INDEX {}", name::of(key)),
        Kind::Statistics => format!("DROP STATISTICS {}", name::of(key)),
        Kind::EventTrigger => format!("DROP EVENT TRIGGER {}", name::of(key)),
        kind => {
            let word = kind.word().to_uppercase();
            format!("DROP {word} {} ON {}", name::ident(&key.name), name::relation(key))
        }
    };
    let action = if key.kind == Kind::Policy {
        Action::Authorize(key.clone())
    } else {
        Action::Drop(key.clone())
    };
    Piece::whole(sql, action)
}

/// ALTER INDEX and the like for a materialized view's parameters.
pub(super) fn view_options(key: &Key, have: &[String], want: &[String]) -> Vec<Piece> {
    let word = if key.kind == Kind::View { "VIEW" } else { "MATERIALIZED VIEW" };
    let clauses = table::option_clauses(have, want);
    let say = |clause: String| {
        let sql = format!("ALTER {word} {} {clause}", name::of(key));
        Piece::whole(sql, Action::Alter(key.clone()))
    };
    clauses.into_iter().map(say).collect()
}
