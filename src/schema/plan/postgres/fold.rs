//! Work that another statement does along: columns and constraints written inside CREATE TABLE,
//! defaults inside ADD COLUMN, and all that goes by itself when a table or column is dropped.

use std::collections::BTreeMap;

use super::directory::Side;
use super::fate::{Fate, Fates, parent_of};
use super::graph::{Act, Graph};
use super::kin::clone_ranks;
use super::serial;
use super::weave::Weaver;
use crate::schema::model::{Body, ConstraintKind, Key, Kind};

/// Folds what is made into the statement that makes its table or column.
pub(super) fn creates(weaver: &mut Weaver<'_>) {
    let Weaver { desired, graph, later, .. } = weaver;
    for (key, _) in desired.of_kind(Kind::Column).filter(|(key, _)| !later.contains(key)) {
        let made = (graph.find(Act::Create, key), graph.find(Act::Create, &key.table()));
        if let (Some(column), Some(table)) = made {
            graph.absorb(column, table);
        }
    }
    for (key, object) in desired.of_kind(Kind::Sequence) {
        if let Body::Sequence(sequence) = &object.body
            && let Some(column) = &sequence.owned_by
            && serial::is_plain(key, desired)
        {
            fold_serial(graph, key, column);
        }
    }
    for (key, _) in desired.of_kind(Kind::Default) {
        let Some(default) = graph.find(Act::Create, key) else { continue };
        let column = key.table().child(Kind::Column, &key.name);
        if let Some(column) = graph.find(Act::Create, &column) {
            graph.merge(default, column);
        }
    }
    // A foreign key of a table to itself fits in once the key it refers to has.
    let made = |key: &Key| graph.find(Act::Create, key).is_some();
    let ranks = clone_ranks(desired);
    let foldable = desired.of_kind(Kind::Constraint).filter(|(key, object)| {
        made(key)
            && is_foldable(key, &object.body, desired)
            && !has_twin_before(key, &object.body, desired, &ranks)
    });
    let mut left: Vec<&Key> = foldable.map(|(key, _)| key).collect();
    loop {
        let before = left.len();
        left.retain(|key| {
            let made = (graph.find(Act::Create, key), graph.find(Act::Create, &key.table()));
            !matches!(made, (Some(node), Some(table)) if graph.merge(node, table))
        });
        if left.len() == before {
            return;
        }
    }
}

/// Whether a constraint can stand inside its CREATE TABLE: a new partition that is attached later
/// needs its parent's checks too.
fn is_foldable(key: &Key, body: &Body, model: &Side) -> bool {
    let Body::Constraint(constraint) = body else { return false };
    let attached = model.table(&key.table()).is_some_and(|table| table.partition_of.is_some())
        && !super::table::is_inline(&key.table(), model);
    // Keys come after it is attached, or one of them could be taken for a parent's.
    let own = constraint.local && constraint.parent.is_none() && !attached;
    constraint.validated && (own || (attached && constraint.kind == ConstraintKind::Check))
}

/// Whether it is a check constraint.
pub(super) fn is_check(body: &Body) -> bool {
    matches!(body, Body::Constraint(constraint) if constraint.kind == ConstraintKind::Check)
}

/// Whether it is a check constraint that only the table's parents declare.
fn is_inherited(body: &Body) -> bool {
    matches!(body, Body::Constraint(constraint)
        if constraint.kind == ConstraintKind::Check && !constraint.local)
}

/// Whether there is another key of the same columns that comes before it. In one CREATE TABLE the
/// server takes the two for one.
fn has_twin_before(key: &Key, body: &Body, model: &Side, ranks: &BTreeMap<&Key, usize>) -> bool {
    let Body::Constraint(own) = body else { return false };
    let is_key = |kind| matches!(kind, ConstraintKind::Primary | ConstraintKind::Unique);
    let place = |key: &Key, kind: ConstraintKind| {
        (kind as usize, ranks.get(key).copied().unwrap_or_default(), key.name.clone())
    };
    let whole = key.table();
    is_key(own.kind)
        && model.parts(&whole).any(|(other, object)| match &object.body {
            Body::Constraint(twin) => {
                is_key(twin.kind)
                    && twin.columns == own.columns
                    && place(other, twin.kind) < place(key, own.kind)
            }
            _ => false,
        })
}

/// A serial column brings its sequence, its default and the ownership along.
fn fold_serial(graph: &mut Graph, sequence: &Key, column: &Key) {
    let default = column.table().child(Kind::Default, &column.name);
    let made = [
        graph.find(Act::Create, sequence),
        graph.find(Act::Create, &default),
        graph.find(Act::Own, sequence),
    ];
    let whole = graph.find(Act::Create, column);
    if let ([Some(sequence), Some(default), Some(own)], Some(whole)) = (made, whole) {
        for part in [sequence, default, own] {
            graph.merge(part, whole);
        }
    }
}

/// Folds what is dropped into what takes it along.
pub(super) fn drops(weaver: &mut Weaver<'_>) {
    let worked = weaver.worked(weaver.current);
    let Weaver { current, desired, fates, graph, .. } = weaver;
    for (key, object) in worked {
        let Some(node) = graph.find(Act::Drop, key) else { continue };
        // The names of a swapped table's indexes are needed before the old table can go.
        let named = matches!(key.kind, Kind::Constraint | Kind::Index);
        let swapped = named && fates.get(&key.table()) == Fate::Swap;
        // What is inherited cannot be dropped by itself, and its name is the table's alone.
        if swapped
            && is_inherited(&object.body)
            && let Some(old) = graph.find(Act::Drop, &key.table())
        {
            graph.absorb(node, old);
            continue;
        }
        let leaves = |parent: &Key| {
            graph.leaves(&key.table(), &parent.table()) && graph.find(Act::Drop, parent).is_none()
        };
        if swapped && parent_of(&object.body).is_none_or(leaves) {
            if let Some(aside) = graph.find(Act::Aside, &key.table()) {
                graph.edge(node, aside, false);
            }
            continue;
        }
        if matches!(key.kind, Kind::Column | Kind::Default)
            && let Some(table) = graph.find(Act::Drop, &key.table())
        {
            graph.absorb(node, table);
            continue;
        }
        let mut holders = holders(key, &object.body, current, fates);
        if key.kind == Kind::Column && !goes_along(key, &object.body, current, desired, graph) {
            holders.retain(|holder| holder.kind != Kind::Column);
            // It is the child's own only once the parents' is gone.
            for parent in super::weave::clone_parents(key, &object.body, current) {
                if let Some(first) = graph.find(Act::Drop, &parent) {
                    graph.edge(first, node, false);
                }
            }
        }
        // What a table has of a parent it leaves is its own when the parent goes; its defaults are
        // its own before, for it leaves before its parent's change.
        holders.retain(|holder| {
            !graph.leaves(&key.table(), &holder.table())
                || (key.kind != Kind::Default && graph.find(Act::Drop, &holder.table()).is_none())
        });
        for holder in holders {
            let taken = graph.find(Act::Drop, &holder);
            if taken.is_some_and(|taken| graph.merge(node, taken)) {
                break;
            }
        }
    }
}

/// Whether a child's column goes when its parents' do: it is theirs alone, all of them drop it for
/// their children too, and the table does not leave any of them first.
fn goes_along(key: &Key, body: &Body, current: &Side, desired: &Side, graph: &Graph) -> bool {
    let own = matches!(body, Body::Column(column) if column.local);
    let parents = super::weave::clone_parents(key, body, current);
    let drops = |parent: &Key| {
        graph.find(Act::Drop, parent).is_some()
            && !is_kept_below(parent, current, desired)
            && !graph.leaves(&key.table(), &parent.table())
    };
    !own && parents.iter().all(drops)
}

/// Whether a table that inherits a column is to have it for itself: dropping it from the parent
/// must not reach that table.
pub(super) fn is_kept_below(column: &Key, current: &Side, desired: &Side) -> bool {
    let whole = column.table();
    current.tables().any(|(child, table)| {
        table.inherits.contains(&whole)
            && desired.column(&child.child(Kind::Column, &column.name)).is_some()
    })
}

/// What takes an object along when it is dropped, the largest first.
fn holders(key: &Key, body: &Body, model: &Side, fates: &Fates) -> Vec<Key> {
    let mut found = Vec::new();
    match body {
        Body::Sequence(sequence) => {
            if let Some(column) = &sequence.owned_by {
                found.extend([column.table(), column.clone()]);
            }
        }
        Body::Table(table) => {
            found.extend(table.partition_of.iter().map(|of| of.parent.clone()));
        }
        Body::Index(index) => {
            found.push(index.relation.clone());
            found.extend(parent_of(body).cloned());
        }
        _ if key.kind.is_part() => {
            for kind in [Kind::Table, Kind::View, Kind::MaterializedView] {
                found.push(Key::new(kind, &key.schema, &key.of));
            }
            // A parent's default takes the child's along, but not when the parent's column goes.
            let parents = super::weave::clone_parents(key, body, model).into_iter();
            let column_goes = |parent: &Key| {
                parent.kind == Kind::Default
                    && fates.get(&parent.table().child(Kind::Column, &parent.name)).goes()
            };
            found.extend(parents.filter(|parent| !column_goes(parent)));
        }
        _ => {}
    }
    if matches!(key.kind, Kind::Default | Kind::Constraint | Kind::Index) {
        // A column takes a constraint along that is about it, but neither the foreign keys that
        // refer to it nor an exclusion constraint whose condition reads it.
        let reads_only = |column: &Key| match body {
            Body::Constraint(constraint) => {
                matches!(constraint.kind, ConstraintKind::Exclusion | ConstraintKind::Foreign)
                    && !constraint.columns.contains(&column.name)
            }
            _ => false,
        };
        let needs = model.get(key).into_iter().flat_map(|object| &object.needs);
        found.extend(
            needs
                .filter(|need| {
                    need.kind == Kind::Column
                        && need.schema == key.schema
                        && need.of == key.of
                        && !reads_only(need)
                })
                .cloned(),
        );
    }
    found
}
