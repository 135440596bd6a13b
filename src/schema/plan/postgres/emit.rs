//! From a node of the graph to its statements.

use std::collections::BTreeMap;

use super::directory::Side;
use super::fate::{Fate, Fates, parent_of};
use super::fold::is_kept_below;
use super::graph::{Act, Graph, Node};
use super::piece::Piece;
use super::table::Inside;
use super::weave::is_alone;
use super::{
    column, compare, finish, name, online, parts, range, rows, sequence, serial, table, types, view,
};
use crate::schema::model::{Body, ConstraintKind, Key, Kind, Table};
use crate::schema::plan::Action;

/// What all statements are written from.
pub(super) struct Emitter<'m> {
    pub(super) current: &'m Side<'m>,
    pub(super) desired: &'m Side<'m>,
    pub(super) fates: &'m Fates<'m>,
    pub(super) graph: &'m Graph<'m>,
    /// Whether others use the tables meanwhile.
    pub(super) online: bool,
    /// Nodes by the number of the node they became part of.
    pub(super) parts: BTreeMap<usize, Vec<&'m Node<'m>>>,
}

impl<'m> Emitter<'m> {
    /// An emitter for a finished graph.
    pub(super) fn new(
        current: &'m Side<'m>,
        desired: &'m Side<'m>,
        fates: &'m Fates<'m>,
        graph: &'m Graph<'m>,
        online: bool,
    ) -> Self {
        let nodes: Vec<&Node> = graph.nodes().map(|(_, node)| node).collect();
        let parts = graph
            .parts()
            .into_iter()
            .map(|(root, numbers)| {
                let found = numbers.iter().filter_map(|number| nodes.get(*number).copied());
                (root, found.collect())
            })
            .collect();
        Self { current, desired, fates, graph, online, parts }
    }

    /// The statements of a node.
    pub(super) fn pieces(&self, number: usize, node: &Node) -> Vec<Piece> {
        let key = node.key;
        let mut pieces = match node.act {
            Act::Create => self.create(number, key),
            Act::Alter => self.alter(key),
            Act::Drop => self.drop(key),
            Act::Aside if key.kind == Kind::Table => rows::step_aside(key, self.current),
            Act::Copy => rows::copy(key, self.current, self.desired, self.fates),
            Act::Aside if key.kind == Kind::Index => {
                let to = name::ident(&sequence::aside(&key.name));
                let sql = format!("ALTER INDEX {} RENAME TO {to}", name::of(key));
                vec![Piece::whole(sql, Action::Aside(key.clone()))]
            }
            Act::Aside if key.kind == Kind::Constraint => vec![parts::step_aside(key)],
            Act::Aside if key.kind == Kind::Sequence => {
                let to = name::ident(&sequence::aside(&key.name));
                let sql = format!("ALTER SEQUENCE {} RENAME TO {to}", name::of(key));
                vec![Piece::whole(sql, Action::Aside(key.clone()))]
            }
            Act::Aside => self.step_aside(key),
            Act::Own => match self.desired.body(key) {
                Some(Body::Sequence(body)) => self.own(key, body.owned_by.as_ref()),
                _ => Vec::new(),
            },
            Act::Disown => vec![sequence::own(key, None)],
            Act::Attach => {
                let parent = node.parent.iter();
                parent.map(|parent| table::attach(key, parent, self.desired)).collect()
            }
            Act::Detach => {
                let parent = node.parent.iter();
                parent.map(|parent| table::detach(key, parent, self.current)).collect()
            }
            Act::Finish => {
                let (have, want) = (self.current.get(key), self.desired.get(key));
                finish::pieces(key, self.fates.get(key), have, want)
            }
        };
        if self.fates.get(key) == Fate::Replace {
            remark(&mut pieces, self.current);
        }
        pieces
    }

    /// Renames a type out of the way of its new form.
    fn step_aside(&self, key: &Key) -> Vec<Piece> {
        match (self.current.get(key), self.desired.body(key)) {
            (Some(object), Some(Body::Range { definition: want })) => {
                let Body::Range { definition: have } = &object.body else { return Vec::new() };
                let swapped = |need: &Key| self.fates.get(need) == Fate::Swap;
                let new_subtype = object.needs.iter().any(swapped);
                range::step_aside(key, have, want, new_subtype)
            }
            _ => vec![types::step_aside(key)],
        }
    }

    /// Gives a sequence to a column. A new one goes on after the values that are there.
    fn own(&self, key: &Key, column: Option<&Key>) -> Vec<Piece> {
        let mut pieces = vec![sequence::own(key, column)];
        let is_new = self.fates.get(key) == Fate::Create;
        if let (Some(column), Some(Body::Sequence(sequence))) = (column, self.desired.body(key))
            && is_new
            && self.current.column(column).is_some()
            && self.is_numbered(column)
        {
            pieces.push(sequence::go_on(key, column, &sequence.options));
        }
        pieces
    }

    /// Whether a column's values come from a sequence.
    fn is_numbered(&self, column: &Key) -> bool {
        let default = column::default_of(column, self.desired);
        default.is_some_and(|default| default.contains("nextval("))
            && self.desired.column(column).is_some_and(|column| {
                matches!(column.type_name.as_str(), "smallint" | "integer" | "bigint")
            })
    }

    fn members(&self, number: usize, kind: Kind) -> Vec<Key> {
        let parts = self.parts.get(&number).into_iter().flatten();
        let made = parts.filter(|node| node.act == Act::Create && node.key.kind == kind);
        made.map(|node| node.key.clone()).collect()
    }

    /// What is written inside a CREATE TABLE.
    fn inside(&self, number: usize, key: &Key, table: &Table) -> Inside {
        let names = |keys: Vec<Key>| keys.into_iter().map(|key| key.name).collect();
        let sequences = self.members(number, Kind::Sequence);
        let is_serial = |column: &Key| {
            serial::of_column(column, self.desired)
                .is_some_and(|sequence| sequences.contains(&sequence))
        };
        let columns = self.members(number, Kind::Column);
        let is_later = |own: &&String| {
            let column = self.graph.find(Act::Create, &key.child(Kind::Column, own.as_str()));
            column.is_some_and(|column| self.graph.root(column) != number)
        };
        let serials = columns.into_iter().filter(|column| is_serial(column)).collect();
        Inside {
            defaults: names(self.members(number, Kind::Default)),
            later: table.order.iter().filter(is_later).cloned().collect(),
            serials: names(serials),
            constraints: self.constraints(number),
        }
    }

    fn create(&self, number: usize, key: &Key) -> Vec<Piece> {
        let Some(body) = self.desired.body(key) else { return Vec::new() };
        match body {
            Body::Table(table) => {
                // Its owner, who copies the rows of its old form, is held to its policies after that.
                let swapped = self.fates.get(key) == Fate::Swap;
                let force_row_security = table.force_row_security && !swapped;
                let table = &Table { force_row_security, ..table.clone() };
                table::create(key, table, &self.inside(number, key, table), self.desired)
            }
            Body::Column(body) => {
                let folded = !self.members(number, Kind::Default).is_empty();
                let default = column::default_of(key, self.desired).filter(|_| folded);
                let is_serial = !self.members(number, Kind::Sequence).is_empty();
                let remade = self.fates.get(key) == Fate::Replace;
                column::add(key, body, default, is_serial, remade)
            }
            Body::Default { expression } => vec![column::default(key, Some(expression))],
            Body::Constraint(body) if self.is_used(key) => online::add_constraint(key, body)
                .unwrap_or_else(|| vec![parts::add_constraint(key, body, false)]),
            Body::Index(body) if self.is_used(key) => match online::create_index(key, body) {
                Some(piece) => vec![piece],
                None => parts::create_index(key, body, false),
            },
            Body::Constraint(body) => {
                let mut pieces =
                    vec![parts::add_constraint(key, body, is_alone(key, self.desired))];
                let indexed = !matches!(body.kind, ConstraintKind::Check | ConstraintKind::Foreign);
                let parent = body.parent.iter();
                let parent = parent.filter(|it| indexed && is_alone(it, self.desired));
                pieces.extend(parent.map(|parent| parts::attach_index(key, parent)));
                pieces
            }
            Body::Index(body) => {
                let mut pieces = parts::create_index(key, body, is_alone(key, self.desired));
                let parent = body.parent.iter().filter(|it| is_alone(it, self.desired));
                pieces.extend(parent.map(|parent| parts::attach_index(key, parent)));
                pieces
            }
            Body::Sequence(body) => vec![sequence::create(key, body)],
            Body::View(body) => view::create_view(key, body, false),
            Body::MaterializedView(body) => view::create_materialized(key, body),
            Body::Routine(body) => vec![view::create_routine(key, body, false)],
            Body::Policy(body) => vec![parts::create_policy(key, body)],
            Body::Trigger { .. }
            | Body::Rule { .. }
            | Body::EventTrigger { .. }
            | Body::Statistics { .. } => parts::create(key, body, self.desired),
            Body::DefaultPrivileges => Vec::new(),
            _ => types::create(key, body),
        }
    }

    /// Whether the part is of a table that is there, is in use, and has no partitions: those need
    /// each of theirs done by itself.
    fn is_used(&self, part: &Key) -> bool {
        self.online
            && matches!(self.fates.get(&part.table()), Fate::Keep | Fate::Alter)
            && self
                .current
                .table(&part.table())
                .is_some_and(|table| table.partition_by.is_none() && table.partition_of.is_none())
    }

    /// Whether a partition has a constraint as its like of the index. The server drops neither of the
    /// two without the other, and the two together only when it is told to.
    fn takes_key_along(&self, index: &Key) -> bool {
        let parted = self.current.table(&index.table());
        let mut keys = self.current.of_kind(Kind::Constraint);
        parted.is_some_and(|table| table.partition_by.is_some())
            && keys.any(|(_, object)| parent_of(&object.body) == Some(index))
    }

    /// The constraints inside a CREATE TABLE: the primary key first.
    fn constraints(&self, number: usize) -> Vec<Key> {
        let mut found = self.members(number, Kind::Constraint);
        found.sort_by_key(|key| (self.graph.place_of(key), key.name.clone()));
        found
    }

    fn alter(&self, key: &Key) -> Vec<Piece> {
        let old = self.fates.renamed.get(key);
        let have = self.current.body(old.unwrap_or(key));
        let called = old.map(|old| match self.graph.find(Act::Aside, old) {
            Some(_) => Key { name: sequence::aside(&old.name), ..old.clone() },
            None => old.clone(),
        });
        let old = called.as_ref();
        let (Some(have), Some(want)) = (have, self.desired.body(key)) else { return Vec::new() };
        match (have, want) {
            (Body::Table(have), Body::Table(want)) => table::alter(key, have, want),
            (Body::Column(_), _) => {
                let used = self.is_used(key);
                column::alter(key, (self.current, self.desired), self.fates, used)
            }
            (_, Body::Default { expression }) => vec![column::default(key, Some(expression))],
            (Body::Constraint(have), Body::Constraint(want)) => {
                let along = self.is_attached_along(key, want.parent.as_ref());
                parts::alter_constraint(key, have, want, old, along)
            }
            (Body::Index(have), Body::Index(want)) => parts::alter_index(
                key,
                have,
                want,
                old,
                self.is_attached_along(key, want.parent.as_ref()),
            ),
            (Body::Sequence(have), Body::Sequence(want)) => sequence::alter(key, have, want),
            (Body::View(have), Body::View(want)) => view::alter_view(key, have, want),
            (Body::MaterializedView(have), Body::MaterializedView(want)) => {
                view::alter_materialized(key, have, want)
            }
            (Body::Routine(_), Body::Routine(want)) => vec![view::create_routine(key, want, true)],
            (Body::Policy(have), Body::Policy(want)) => vec![parts::alter_policy(key, have, want)],
            (
                Body::Trigger { .. }
                | Body::Rule { .. }
                | Body::EventTrigger { .. }
                | Body::Statistics { .. },
                _,
            ) => parts::alter(key, have, want),
            (Body::Enum { labels: have }, Body::Enum { labels: want }) => {
                let both = (have.as_slice(), want.as_slice());
                let used = compare::new_label_is_used(key, both, (self.current, self.desired));
                types::add_labels(key, have, want, used)
            }
            _ => types::alter(key, have, want),
        }
    }

    /// Whether an index is attached to its parent by attaching its table, or by making the parent.
    fn is_attached_along(&self, key: &Key, parent: Option<&Key>) -> bool {
        parent.is_some_and(|parent| self.graph.find(Act::Create, parent).is_some())
            || self.graph.joins(&key.table()).is_some()
    }

    fn drop(&self, key: &Key) -> Vec<Piece> {
        let swapped = self.fates.get(key) == Fate::Swap;
        let whole = |word: &str| {
            vec![Piece::whole(format!("DROP {word} {}", name::of(key)), Action::Drop(key.clone()))]
        };
        match (key.kind, self.current.body(key)) {
            (Kind::Table, _) if swapped => {
                let old = name::qualified(&key.schema, &sequence::aside(&key.name));
                let action = Action::DropOld(key.clone());
                vec![Piece::whole(format!("DROP TABLE {old}"), action)]
            }
            (Kind::Table, _) => whole("TABLE"),
            (Kind::View, _) => whole("VIEW"),
            (Kind::MaterializedView, _) => whole("MATERIALIZED VIEW"),
            (Kind::Sequence, _) if self.graph.find(Act::Aside, key).is_some() => {
                let old = name::qualified(&key.schema, &sequence::aside(&key.name));
                let action = Action::DropOld(key.clone());
                vec![Piece::whole(format!("DROP SEQUENCE {old}"), action)]
            }
            (Kind::Sequence, _) => whole("SEQUENCE"),
            (Kind::Column, _) => {
                let only =
                    if is_kept_below(key, self.current, self.desired) { "ONLY " } else { "" };
                let table = format!("{only}{}", name::relation(key));
                let clause = format!("DROP COLUMN {}", name::ident(&key.name));
                vec![Piece::clause(table, clause, Action::Drop(key.clone()))]
            }
            (Kind::Default, _) => vec![column::default(key, None)],
            (Kind::Constraint, _) => vec![parts::drop_constraint(key)],
            (_, Some(Body::Routine(routine))) if !swapped => {
                vec![view::drop_routine(key, routine)]
            }
            (Kind::DefaultPrivileges, _) => {
                let have = self.current.get(key).map(|object| object.grants.clone());
                let have = have.unwrap_or_default();
                finish::default_privileges(key, &have, &finish::usual_defaults(key, &have))
            }
            (Kind::Index, _) if swapped => {
                let action = Action::DropOld(key.clone());
                vec![online::drop_index(key, &sequence::aside(&key.name), action)]
            }
            (Kind::Index, _) if self.takes_key_along(key) => {
                let sql = format!("DROP INDEX {} CASCADE", name::of(key));
                vec![Piece::whole(sql, Action::Drop(key.clone()))]
            }
            (Kind::Index, _) if self.is_used(key) => {
                vec![online::drop_index(key, &key.name, Action::Drop(key.clone()))]
            }
            (
                Kind::Index
                | Kind::Trigger
                | Kind::Rule
                | Kind::Policy
                | Kind::Statistics
                | Kind::EventTrigger,
                _,
            ) => vec![parts::drop(key)],
            _ => vec![types::drop(key, swapped)],
        }
    }
}

/// What is dropped to be made again is not lost, unless it held rows or values of its own.
fn remark(pieces: &mut [Piece], current: &Side) {
    let holds = |key: &Key| {
        let computed = current.column(key).is_some_and(|column| column.generated.is_some());
        matches!(key.kind, Kind::Table | Kind::Column) && !computed
    };
    for piece in pieces {
        let actions = match piece {
            Piece::Whole(step) => &mut step.actions,
            Piece::Clause { actions, .. } => actions,
        };
        for action in actions {
            *action = match action.clone() {
                Action::Drop(key) if !holds(&key) => Action::DropToRemake(key),
                Action::Create(key) => Action::Remake(key),
                other => other,
            };
        }
    }
}
