//! Plans for PostgreSQL: from what there is to what is wanted, in an order the server accepts.
//!
//! The work goes in four stages: what becomes of each object (`fate`), which pieces of work that
//! makes and what must come before what (`weave`, `graph`), which of them another statement does
//! along (`fold`), and the statements (`emit` and the files of the kinds). Every identifier is
//! quoted here and nowhere else; expressions and definitions are the server's own texts. Nothing
//! here asks a server anything.

mod cast;
mod clone;
mod column;
mod compare;
mod directory;
mod emit;
mod fate;
mod finish;
mod fold;
mod graph;
mod kin;
mod name;
mod online;
mod parts;
mod piece;
mod range;
pub mod rename;
mod rows;
mod sequence;
mod serial;
mod slot;
mod stored;
mod table;
mod types;
mod view;
mod weave;

use super::{Action, Plan, Step};
use crate::schema::model::{Body, ConstraintKind, Key, Kind, Model, Pair, Table};
use crate::sql::Dialect;
use directory::{Directory, Side};
use emit::Emitter;
use fate::{Fate, Fates};
use graph::{Act, Node};
use weave::Weaver;

/// The plan that turns the one schema into the other. Renames are none of its business: they are
/// carried out first, and this sees what they leave.
///
/// With `online`, others use the tables meanwhile: what would keep them waiting is done in the
/// ways that do not, in statements by themselves.
pub fn plan(current: &Model, desired: &Model, online: bool) -> Plan {
    let directory = Directory::of(current, desired);
    let (current, desired) = &Side::both(current, desired, &directory);
    let fates = Fates::new(current, desired, online);
    let graph = Weaver::weave(current, desired, &fates);
    let emitter = Emitter::new(current, desired, &fates, &graph, online);
    let nodes: Vec<&Node> = graph.nodes().map(|(_, node)| node).collect();
    let mut pieces = Vec::new();
    for number in graph.order() {
        let Some(node) = nodes.get(number) else { continue };
        let late = matches!(node.key.kind, Kind::Column | Kind::Constraint | Kind::Index);
        let waits = online && late && !graph.is_needed(number);
        pieces.extend(online::staged(emitter.pieces(number, node), waits));
    }
    let mut steps = piece::join(online::by_stage(pieces.into_iter()));
    if routines_look_ahead(&nodes, desired) {
        let setting = "SET LOCAL check_function_bodies = off";
        steps.insert(0, Step::new(setting, vec![Action::Setting]));
    }
    let mut notes = notes(current, desired);
    if online {
        notes.extend(blocking(&fates, current, desired));
    }
    Plan { dialect: Dialect::Postgres, steps, notes }
}

/// The objects in which two schemas differ, of those a plan could do something about.
pub fn differences(current: &Model, desired: &Model) -> Vec<Key> {
    let directory = Directory::of(current, desired);
    let (current, desired) = &Side::both(current, desired, &directory);
    let fates = Fates::new(current, desired, false);
    let differs = |((key, have, want), fate): &(&Pair<'_>, Fate)| {
        *fate != Fate::Keep || finish::finishes(key, *fate, *have, *want)
    };
    let entries = directory.entries().iter().zip(fates.all());
    entries.filter(differs).map(|((key, _, _), _)| (*key).clone()).collect()
}

/// Whether routines are made whose texts may use what comes later, or cannot be used yet: two or
/// more of them, or one beside new labels of an enum. Those that are parsed when they are made do
/// not care.
fn routines_look_ahead(nodes: &[&Node], desired: &Side) -> bool {
    let made = |node: &&&Node| matches!(node.act, Act::Create | Act::Alter);
    let routine = |node: &&&Node| match desired.body(node.key) {
        Some(Body::Routine(routine)) => {
            !routine.parsed_body && routine.definition.contains("LANGUAGE sql")
        }
        _ => false,
    };
    let routines = nodes.iter().filter(made).filter(routine).count();
    let grows = |node: &&Node| node.act == Act::Alter && node.key.kind == Kind::Enum;
    routines > 1 || (routines > 0 && nodes.iter().any(grows))
}

/// What cannot be done without keeping others waiting, in sentences.
fn blocking(fates: &Fates, current: &Side, desired: &Side) -> Vec<String> {
    let mut notes = Vec::new();
    for (key, fate) in fates.changes() {
        let Some(table) = current.table(&key.table()) else { continue };
        let made = matches!(fate, Fate::Create | Fate::Replace);
        let stays = matches!(fates.get(&key.table()), Fate::Keep | Fate::Alter);
        let parted = table.partition_by.is_some() || table.partition_of.is_some();
        let own = desired.body(key).and_then(fate::parent_of).is_none();
        let slow = match desired.body(key) {
            Some(Body::Index(_)) => parted && own,
            Some(Body::Constraint(constraint)) => {
                constraint.kind == ConstraintKind::Exclusion
                    || (parted && own && constraint.local && constraint.validated)
            }
            _ => false,
        };
        if made && stays && slow {
            let word = key.kind.word();
            notes.push(format!(
                "The {word} {key} cannot be made online: it blocks writes while it is built"
            ));
        }
    }
    notes
}

/// A table that comes to inherit columns it has goes on declaring them: there is no statement that
/// changes it.
fn own_columns(key: &Key, want: &Table, current: &Side, desired: &Side) -> Option<String> {
    let local = |model: &Side, name: &str| {
        model.column(&key.child(Kind::Column, name)).is_some_and(|column| column.local)
    };
    let inherits = !want.inherits.is_empty();
    let kept = |name: &&String| inherits && local(current, name) && !local(desired, name);
    let kept: Vec<&str> = want.order.iter().filter(kept).map(String::as_str).collect();
    (!kept.is_empty()).then(|| {
        format!(
            "The table {key} goes on declaring what it comes to inherit ({}): these columns stay \
             when its parent loses them",
            kept.join(", ")
        )
    })
}

/// What is left as it is: the order of columns, which only a new table could change.
fn notes(current: &Side, desired: &Side) -> Vec<String> {
    let mut notes = Vec::new();
    for (key, want) in desired.tables() {
        notes.extend(own_columns(key, want, current, desired));
        let Some(have) = current.table(key).filter(|have| have.order != want.order) else {
            continue;
        };
        let kept = |order: &[String], other: &[String]| -> Vec<String> {
            order.iter().filter(|name| other.contains(name)).cloned().collect()
        };
        let added_last = want
            .order
            .iter()
            .skip_while(|name| have.order.contains(name))
            .all(|name| !have.order.contains(name));
        if kept(&have.order, &want.order) != kept(&want.order, &have.order) || !added_last {
            notes.push(format!(
                "The columns of {key} keep their places: PostgreSQL adds new ones at the end"
            ));
        }
    }
    notes
}
