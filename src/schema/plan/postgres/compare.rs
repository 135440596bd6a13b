//! Whether two objects of one key differ, and whether the one can be turned into the other where
//! it stands. The manual's ALTER pages say what can; no SQL is written here.

use std::ops::Range;

use super::directory::Side;
use super::fate::Fate;
use crate::schema::model::{
    Attribute, Body, Column, Constraint, ConstraintKind, Domain, Index, Key, Kind, Policy, Routine,
    RoutineKind, Table, View,
};
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

/// What becomes of an object because of what it is and what it is to be.
pub(super) fn fate(
    key: &Key,
    (have, want): (&Body, &Body),
    (current, desired): (&Side, &Side),
    online: bool,
) -> Fate {
    if have == want {
        return Fate::Keep;
    }
    match (have, want) {
        (Body::Table(have), Body::Table(want)) => table(have, want),
        (Body::Column(have), Body::Column(want)) => column(have, want),
        (Body::Constraint(have), Body::Constraint(want)) => {
            constraint(have, want, is_partitioned(&key.table(), desired))
        }
        (Body::Index(have), Body::Index(want)) => {
            index(have, want, is_partitioned(&key.table(), desired))
        }
        (Body::Routine(have), Body::Routine(want)) => match routine(have, want) {
            Fate::Replace if parts_tables(key, current) => Fate::Swap,
            fate => fate,
        },
        (Body::View(have), Body::View(want)) => view(have, want),
        (Body::Policy(have), Body::Policy(want)) => policy(have, want),
        (Body::Domain(have), Body::Domain(want)) => domain(key, (have, want), current),
        (Body::Enum { labels: have }, Body::Enum { labels: want }) => {
            let grows = is_subsequence(have, want);
            if grows && (online || !new_label_is_used(key, (have, want), (current, desired))) {
                Fate::Alter
            } else {
                Fate::Swap
            }
        }
        (Body::Composite { attributes: have }, Body::Composite { attributes: want }) => {
            composite(have, want)
        }
        (Body::Range { .. }, Body::Range { .. }) => Fate::Swap,
        (Body::MaterializedView(have), Body::MaterializedView(want)) => {
            let mut same = have.clone();
            same.clustered_on.clone_from(&want.clustered_on);
            same.options.clone_from(&want.options);
            same.populated = want.populated;
            if same == *want { Fate::Alter } else { Fate::Replace }
        }
        (
            Body::Trigger { definition: have, .. } | Body::EventTrigger { definition: have, .. },
            Body::Trigger { definition: want, .. } | Body::EventTrigger { definition: want, .. },
        ) => {
            if have == want {
                Fate::Alter
            } else {
                Fate::Replace
            }
        }
        (
            Body::Statistics { definition: have, target: before },
            Body::Statistics { definition: want, target: after },
        ) => statistics((have, *before), (want, *after)),
        (Body::Extension { schema: have }, Body::Extension { schema: want }) => {
            if have.is_empty() || want.is_empty() { Fate::Keep } else { Fate::Alter }
        }
        (Body::Collation { .. }, _) => collation(key, current),
        _ => Fate::Alter,
    }
}

fn composite(have: &[Attribute], want: &[Attribute]) -> Fate {
    let stays = have.iter().filter(|one| want.iter().any(|other| other == *one)).count();
    let mut starts = want.iter().take(stays).zip(have.iter().filter(|one| want.contains(one)));
    if stays > 0 && starts.all(|(one, other)| one == other) { Fate::Alter } else { Fate::Swap }
}

fn statistics((have, before): (&str, Option<i32>), (want, after): (&str, Option<i32>)) -> Fate {
    match statistics_parts(have) == statistics_parts(want) {
        true if before == after => Fate::Keep,
        true => Fate::Alter,
        false => Fate::Replace,
    }
}

/// What extended statistics are said to be, its columns and expressions sorted: the server prints
/// the columns in the order of their table, whatever was said.
fn statistics_parts(definition: &str) -> (&str, Vec<&str>, &str) {
    let all = tokens(Dialect::Postgres, definition);
    let on = all.iter().find(|token| token.is_word(definition, "ON"));
    let from = all.iter().rfind(|token| token.is_word(definition, "FROM"));
    let (Some(on), Some(from)) = (on, from) else { return (definition, Vec::new(), "") };
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, on.range.end);
    for token in all.iter().filter(|token| token.range.start >= on.range.end) {
        let end = token.range.start;
        match token.text(definition) {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => {
                parts.extend(definition.get(start..end));
                start = token.range.end;
            }
            _ if end == from.range.start => parts.extend(definition.get(start..end)),
            _ => {}
        }
    }
    let mut parts: Vec<&str> = parts.into_iter().map(str::trim).collect();
    parts.sort_unstable();
    let outside = |range| definition.get::<Range<usize>>(range).unwrap_or_default();
    (outside(0..on.range.start), parts, outside(from.range.start..definition.len()))
}

fn table(have: &Table, want: &Table) -> Fate {
    if have.partition_by != want.partition_by {
        return Fate::Swap;
    }
    let mut same = have.clone();
    same.order.clone_from(&want.order);
    if same == *want { Fate::Keep } else { Fate::Alter }
}

fn column(have: &Column, want: &Column) -> Fate {
    let mut same = have.clone();
    same.local = want.local;
    if same == *want {
        return Fate::Keep;
    }
    // A generated column's expression cannot be changed before version 17, nor can an ordinary
    // column become generated; the other way there is DROP EXPRESSION.
    let remade = want.generated.is_some()
        && (have.generated != want.generated || have.type_name != want.type_name);
    if remade { Fate::Replace } else { Fate::Alter }
}

fn is_partitioned(table: &Key, model: &Side) -> bool {
    model.table(table).is_some_and(|table| table.partition_by.is_some())
}

fn constraint(have: &Constraint, want: &Constraint, partitioned: bool) -> Fate {
    let text =
        |constraint: &Constraint| constraint.definition.trim_end_matches(" NOT VALID").to_owned();
    let partial = matches!(have.kind, ConstraintKind::Check | ConstraintKind::Foreign);
    if partial && !have.local && !want.local && have.parent == want.parent {
        return Fate::Keep;
    }
    let as_valid = partitioned || have.index_valid || !want.index_valid;
    if have.definition == want.definition && as_valid {
        return if have.parent == want.parent { Fate::Keep } else { Fate::Alter };
    }
    let becomes_valid = text(have) == text(want) && !have.validated && want.validated;
    if becomes_valid && partial { Fate::Alter } else { Fate::Replace }
}

fn index(have: &Index, want: &Index, partitioned: bool) -> Fate {
    if have.definition != want.definition || have.relation != want.relation {
        return Fate::Replace;
    }
    if !have.valid && want.valid && have.parent.is_none() && !partitioned {
        return Fate::Replace;
    }
    let moved = have.parent.is_some() && want.parent.is_some() && have.parent != want.parent;
    if moved {
        return Fate::Replace;
    }
    let mut same = have.clone();
    same.valid = want.valid;
    if same == *want { Fate::Keep } else { Fate::Alter }
}

fn routine(have: &Routine, want: &Routine) -> Fate {
    let replaceable = have.kind == want.kind
        && have.kind != RoutineKind::Aggregate
        && have.result == want.result
        && (have.arguments == want.arguments || only_gains_defaults(have, want));
    if replaceable { Fate::Alter } else { Fate::Replace }
}

/// Whether a table is parted by what a routine gives: it is needed until the table's new form has
/// its rows.
fn parts_tables(key: &Key, current: &Side) -> bool {
    current.of_kind(Kind::Table).any(|(_, table)| table.needs.contains(key))
}

/// Whether the arguments differ by new default values alone (manual, CREATE FUNCTION: names may
/// not change, defaults may not go).
fn only_gains_defaults(have: &Routine, want: &Routine) -> bool {
    !have.arguments.contains(" DEFAULT ")
        && want.arguments.split(" DEFAULT ").next().is_some_and(|start| {
            have.arguments.starts_with(start)
                && have.arguments.matches(", ").count() <= want.arguments.matches(", ").count()
        })
}

/// CREATE OR REPLACE VIEW keeps a view's columns and may add some at its end.
fn view(have: &View, want: &View) -> Fate {
    let starts = have.columns.len() <= want.columns.len()
        && have.columns.iter().zip(&want.columns).all(|(one, other)| {
            one.name == other.name
                && one.type_name == other.type_name
                && one.collation == other.collation
        });
    if starts { Fate::Alter } else { Fate::Replace }
}

fn policy(have: &Policy, want: &Policy) -> Fate {
    let taken = |have: &Option<String>, want: &Option<String>| have.is_some() && want.is_none();
    let remade = have.command != want.command
        || have.permissive != want.permissive
        || taken(&have.using, &want.using)
        || taken(&have.check, &want.check);
    if remade { Fate::Replace } else { Fate::Alter }
}

fn domain(key: &Key, (have, want): (&Domain, &Domain), current: &Side) -> Fate {
    let same = have.base == want.base && have.collation == want.collation;
    let asked = super::types::asks_rows(have, want) && super::stored::is_inside(key, current);
    if same && !asked { Fate::Alter } else { Fate::Swap }
}

/// What rows or types have cannot be dropped under them.
fn collation(key: &Key, current: &Side) -> Fate {
    let keeps = |body: &Body| {
        matches!(
            body,
            Body::Table(_)
                | Body::Column(_)
                | Body::Domain(_)
                | Body::Composite { .. }
                | Body::Range { .. }
        )
    };
    let mut objects = current.objects.values();
    if objects.any(|object| object.needs.contains(key) && keeps(&object.body)) {
        Fate::Swap
    } else {
        Fate::Replace
    }
}

/// Whether the one list is the other with some left out, the order kept.
fn is_subsequence(short: &[String], long: &[String]) -> bool {
    let mut rest = long.iter();
    short.iter().all(|wanted| rest.any(|found| found == wanted))
}

/// Whether something new or changed speaks of a label that the enum does not have yet. A label
/// added in a transaction cannot be used in it (manual, ALTER TYPE), so the enum is swapped; or, where
/// others use it meanwhile, the label is added by itself before.
pub(super) fn new_label_is_used(
    key: &Key,
    (have, want): (&[String], &[String]),
    (current, desired): (&Side, &Side),
) -> bool {
    let added: Vec<String> = want
        .iter()
        .filter(|label| !have.contains(label))
        .map(|label| super::name::literal(label))
        .collect();
    desired.objects.iter().any(|(other, object)| {
        object.needs.contains(key)
            && current.body(other) != Some(&object.body)
            && texts(&object.body).iter().any(|text| added.iter().any(|label| text.contains(label)))
    })
}

/// The expressions in an object that the server evaluates or parses when it is made.
fn texts(body: &Body) -> Vec<&str> {
    match body {
        Body::Default { expression } => vec![expression],
        Body::Column(column) => column.generated.iter().map(String::as_str).collect(),
        Body::Constraint(constraint) => vec![&constraint.definition],
        Body::Index(index) => vec![&index.definition],
        Body::View(view) | Body::MaterializedView(view) => vec![&view.definition],
        Body::Policy(policy) => {
            policy.using.iter().chain(&policy.check).map(String::as_str).collect()
        }
        Body::Trigger { definition, .. }
        | Body::Rule { definition, .. }
        | Body::Statistics { definition, .. } => vec![definition],
        Body::Domain(domain) => {
            let checks = domain.checks.iter().map(|check| check.definition.as_str());
            domain.default.iter().map(String::as_str).chain(checks).collect()
        }
        Body::Routine(routine) if routine.parsed_body => vec![&routine.definition],
        Body::Routine(routine) => vec![&routine.arguments],
        _ => Vec::new(),
    }
}
