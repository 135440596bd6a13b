//! Columns of tables and of their parents: what reaches a child by itself, and what must wait
//! until a table has left a parent. No SQL is written here.

use std::collections::BTreeMap;

use super::directory::Side;
use super::fate::{Fate, changes_type, parent_of};
use super::graph::Act;
use super::weave::{Weaver, clone_parents};
use crate::schema::model::{Body, ConstraintKind, Index, Key, Kind, Table};

impl Weaver<'_> {
    /// A table leaves its parent before either of them changes: until then the one's columns are
    /// not its own, and the other's changes reach it.
    pub(super) fn leave_first(&mut self, detach: usize, table: &Key, parent: &Key) {
        let inherited = |key: &&Key| {
            matches!(key.kind, Kind::Column | Kind::Default)
                && self.current.has(&parent.child(key.kind, &key.name))
        };
        let own = self.current.parts(table).map(|(key, _)| key).filter(inherited);
        let own = own.filter_map(|key| {
            self.graph.find(Act::Drop, key).or_else(|| self.graph.find(Act::Alter, key))
        });
        let columns = |key: &&Key| matches!(key.kind, Kind::Column | Kind::Default);
        let before = self.current.parts(parent).map(|(key, _)| key).filter(columns);
        let after = self.desired.parts(parent).map(|(key, _)| key);
        let theirs = before
            .flat_map(|key| [(Act::Drop, key), (Act::Alter, key)])
            .chain(after.map(|key| (Act::Create, key)));
        let theirs = theirs.filter_map(|(act, key)| self.graph.find(act, key));
        let later: Vec<usize> = own.chain(theirs).collect();
        for node in later {
            self.graph.edge(detach, node, false);
        }
        // The server asks whether its rows are referred to; by what goes, they are not.
        let whole_of = |key: &Key| whole_of(key, self.current);
        let above: Vec<Key> = std::iter::successors(Some(parent.clone()), whole_of).collect();
        let foreign = self.current.of_kind(Kind::Constraint).filter(|(_, object)| {
            matches!(&object.body, Body::Constraint(constraint)
                if constraint.references.as_ref().is_some_and(|table| above.contains(table)))
        });
        let gone: Vec<usize> =
            foreign.filter_map(|(key, _)| self.graph.find(Act::Drop, key)).collect();
        for node in gone {
            self.graph.edge(node, detach, true);
        }
    }

    /// The columns a table gets from its parent, and only from there, once it has joined.
    pub(super) fn columns_along(
        &mut self,
        attach: usize,
        key: &Key,
        parent: &Key,
        stays: bool,
    ) -> Vec<String> {
        // A partition is attached with all columns of its parent, and none of them is its own.
        let partition = |table: &&Table| table.partition_of.is_some();
        let whole = self.graph.find(Act::Create, parent).is_some();
        let table = self.desired.table(key).filter(|_| stays);
        let table = table.filter(|table| !(whole && partition(table)));
        let columns = table.into_iter().flat_map(|table| &table.order);
        let inherited = columns.filter(|name| {
            let own = key.child(Kind::Column, name.as_str());
            self.desired.column(&own).is_some_and(|column| !column.local)
        });
        let mut along = Vec::new();
        for name in inherited {
            let made = |of: &Key| self.graph.find(Act::Create, &of.child(Kind::Column, name));
            let (Some(own), Some(theirs)) = (made(key), made(parent)) else { continue };
            let column = parent.child(Kind::Column, name);
            if !self.is_new_throughout(&column) {
                continue;
            }
            self.add_later(attach, &column);
            self.graph.edge(theirs, own, false);
            self.graph.imply(own);
            let default = self.graph.find(Act::Create, &key.child(Kind::Default, name));
            default.into_iter().for_each(|default| self.graph.imply(default));
            along.push(name.clone());
        }
        along
    }

    /// A table joins with all its columns in place, but for those it gets by joining; a partition
    /// must not have any that its parent lacks.
    pub(super) fn columns_before(&mut self, attach: usize, table: &Key, later: &[String]) {
        let columns: Vec<Key> = self
            .desired
            .parts(table)
            .filter(|(key, _)| key.kind == Kind::Column && !later.contains(&key.name))
            .map(|(key, _)| key.clone())
            .collect();
        for column in columns {
            if let Some(node) = self.start(&column) {
                self.graph.edge(node, attach, false);
            }
        }
        let partition = self.desired.table(table).is_some_and(|table| table.partition_of.is_some());
        let gone = self.current.parts(table).map(|(key, _)| key);
        // What a table had that is made anew goes with its old form.
        let stays = self.fates.get(table) != Fate::Swap;
        let gone = gone.filter(|key| key.kind == Kind::Column && partition && stays);
        let gone: Vec<usize> = gone
            .filter(|key| !self.desired.has(key))
            .filter_map(|key| self.graph.find(Act::Drop, key))
            .collect();
        for node in gone {
            self.graph.edge(node, attach, false);
        }
    }

    /// Whether a column is made, by one table for all that have it from there.
    fn is_new_throughout(&self, column: &Key) -> bool {
        let Some(object) = self.desired.get(column) else { return false };
        let own = matches!(&object.body, Body::Column(body) if body.local);
        let above = clone_parents(column, &object.body, self.desired);
        self.graph.find(Act::Create, column).is_some()
            && own == above.is_empty()
            && above.iter().all(|parent| self.is_new_throughout(parent))
    }

    /// A column comes to a table once another has joined it: by itself, not inside CREATE TABLE. One
    /// that the table has from parents of its own comes to those then.
    fn add_later(&mut self, attach: usize, column: &Key) {
        let (Some(node), Some(object)) =
            (self.graph.find(Act::Create, column), self.desired.get(column))
        else {
            return;
        };
        self.graph.edge(attach, node, false);
        let is_new = self.graph.find(Act::Create, &column.table()).is_some();
        if is_new && !self.later.insert(column.clone()) {
            return;
        }
        if let Some(copy) = self.graph.find(Act::Copy, &column.table()) {
            self.graph.edge(node, copy, false);
        }
        if matches!(&object.body, Body::Column(body) if body.local) {
            return;
        }
        if is_new {
            self.graph.imply(node);
        }
        for parent in clone_parents(column, &object.body, self.desired) {
            self.add_later(attach, &parent);
            if let Some(theirs) = self.graph.find(Act::Create, &parent) {
                self.graph.edge(theirs, node, false);
            }
        }
    }

    /// What a table only inherits stays so while it is below some parent that has it: it joins the
    /// new one before it leaves the old.
    pub(super) fn join_first<'k>(
        &mut self,
        attach: usize,
        table: &Key,
        parent: &Key,
        left: impl Iterator<Item = &'k Key>,
    ) {
        let inherits =
            |model: &Side| model.table(table).is_some_and(|table| table.partition_of.is_none());
        if !inherits(self.current) || !inherits(self.desired) {
            return;
        }
        for old in left.filter(|old| *old != parent) {
            let Some(detach) = self.graph.number(Act::Detach, table, Some(old)) else { continue };
            let only_inherited =
                |key: &Key, model: &Side| model.column(key).is_some_and(|column| !column.local);
            let kept = self.current.parts(table).map(|(key, _)| key).any(|key| {
                only_inherited(key, self.current)
                    && only_inherited(key, self.desired)
                    && self.current.column(&old.child(Kind::Column, &key.name)).is_some()
                    && self.desired.column(&parent.child(Kind::Column, &key.name)).is_some()
            });
            if kept {
                self.graph.edge(attach, detach, true);
            }
        }
    }

    /// A partition of a table that foreign keys refer to cannot be dropped: it leaves its parent
    /// first, which asks whether the rows that go with it are referred to.
    pub(super) fn leave_referenced(&mut self, table: &Key) {
        let whole_of = |key: &Key| whole_of(key, self.current);
        let Some(parent) = whole_of(table).filter(|parent| !self.fates.get(parent).goes()) else {
            return;
        };
        let above: Vec<Key> = std::iter::successors(Some(parent.clone()), whole_of).collect();
        let Some(drop) = self.graph.find(Act::Drop, table) else { return };
        let mut referred = false;
        for (key, object) in self.current.of_kind(Kind::Constraint) {
            let Body::Constraint(constraint) = &object.body else { continue };
            if !constraint.references.as_ref().is_some_and(|referenced| above.contains(referenced))
            {
                continue;
            }
            match self.graph.find(Act::Drop, key) {
                Some(node) => self.graph.edge(node, drop, false),
                None => referred = true,
            }
        }
        if referred {
            let detach = self.link(Act::Detach, table, &parent);
            self.graph.edge(detach, drop, false);
        }
    }

    /// A check that a table has from a parent it joins: it comes along if the parent's is made
    /// after that, and else must be there before. Says whether it is such a check.
    pub(super) fn join_with_check(&mut self, node: usize, key: &Key, parents: &[Key]) -> bool {
        let table = key.table();
        let joined: Vec<(usize, Option<usize>)> = parents
            .iter()
            .filter_map(|parent| {
                let attach = self.graph.number(Act::Attach, &table, Some(&parent.table()))?;
                Some((attach, self.graph.find(Act::Create, parent)))
            })
            .collect();
        for (attach, made) in &joined {
            match made {
                Some(made) => {
                    self.graph.edge(*attach, *made, false);
                    self.graph.edge(*made, node, false);
                    self.graph.imply(node);
                }
                None => self.graph.edge(node, *attach, false),
            }
        }
        !joined.is_empty()
    }

    /// What has another form than its parent's is there when that is made, and its table has joined.
    pub(super) fn stand_before_parents(&mut self, node: usize, key: &Key) {
        if self.graph.find(Act::Create, key) != Some(node) {
            return;
        }
        let mut own = key.clone();
        while let Some(parent) = self.desired.body(&own).and_then(parent_of) {
            if let Some(base) = self.graph.find(Act::Create, parent) {
                self.graph.forget(base, node);
                self.graph.edge(node, base, false);
                if let Some(attach) = self.graph.joins(&own.table()) {
                    self.graph.edge(attach, base, false);
                }
            }
            own = parent.clone();
        }
    }

    /// A partition's own index is made after those of the tables above it: one that is there could
    /// be taken for its like of theirs.
    pub(super) fn own_indexes_last(&mut self) {
        let indexed = |key: &Key, body: &Body| {
            key.kind == Kind::Index || key.kind == Kind::Constraint && !super::fold::is_check(body)
        };
        let whole_of = |key: &Key| whole_of(key, self.desired);
        let mut edges = Vec::new();
        for (own, node) in self.graph.nodes().filter(|(_, node)| node.act == Act::Create) {
            let key = &node.key;
            let Some(body) = self.desired.body(key).filter(|body| indexed(key, body)) else {
                continue;
            };
            if parent_of(body).is_some() {
                continue;
            }
            for above in std::iter::successors(whole_of(&key.table()), whole_of) {
                let theirs = self.desired.parts(&above);
                let theirs = theirs.filter(|(key, object)| indexed(key, &object.body));
                let made = theirs.filter_map(|(key, _)| self.graph.find(Act::Create, key));
                edges.extend(made.map(|node| (node, own)));
            }
        }
        for (first, then) in edges {
            self.graph.edge(first, then, true);
        }
    }

    /// A table is made below another once that one has the columns it is to have.
    pub(super) fn grow_parents_first(&mut self) {
        let mut edges = Vec::new();
        for (key, object) in self.worked(self.desired) {
            let Body::Table(table) = &object.body else { continue };
            let Some(made) = self.graph.find(Act::Create, key) else { continue };
            let partition = table.partition_of.iter().map(|of| &of.parent);
            for parent in partition.chain(&table.inherits) {
                let columns =
                    self.desired.parts(parent).filter(|(key, _)| key.kind == Kind::Column);
                for (column, _) in columns {
                    if self.later.contains(&key.child(Kind::Column, &column.name)) {
                        continue;
                    }
                    let added = self.graph.find(Act::Create, column).map(|node| (node, false));
                    let changed = self.graph.find(Act::Alter, column).map(|node| (node, true));
                    edges.extend(added.or(changed).map(|(node, soft)| (node, made, soft)));
                }
            }
        }
        for (first, then, soft) in edges {
            self.graph.edge(first, then, soft);
        }
    }

    /// A table that is made anew has its rows before there is what changes them on their way in, or
    /// reads them when it is made.
    pub(super) fn fill_first(&mut self) {
        let filled = self.graph.nodes().filter(|(_, node)| node.act == Act::Copy);
        let filled: BTreeMap<Key, usize> =
            filled.map(|(copy, node)| (node.key.clone(), copy)).collect();
        if filled.is_empty() {
            return;
        }
        for (key, object) in self.worked(self.desired) {
            let Some(made) = self.graph.find(Act::Create, key) else { continue };
            let read: Vec<Key> = match &object.body {
                Body::Constraint(constraint) => constraint.references.iter().cloned().collect(),
                Body::Trigger { .. }
                | Body::Rule { .. }
                | Body::View(_)
                | Body::MaterializedView(_)
                | Body::Routine(_) => object.needs.iter().flat_map(tables_of).collect(),
                _ => continue,
            };
            for copy in read.iter().filter_map(|table| filled.get(table)) {
                self.graph.edge(*copy, made, false);
            }
        }
    }

    /// Whether a child's column is made, or gets its type, by the statement for its parents', so
    /// that it cannot have one of its own; what else differs is then left to a later look.
    pub(super) fn comes_from_parents(&self, key: &Key, body: &Body) -> bool {
        match body {
            Body::Column(column) if self.graph.find(Act::Create, key).is_some() => !column.local,
            Body::Column(_) => {
                changes_type(key, self.current, self.desired)
                    || self.fates.is_swapped(key, self.current)
            }
            _ => false,
        }
    }
}

/// The table that a table is a partition of.
fn whole_of(table: &Key, model: &Side) -> Option<Key> {
    let of = model.table(table).and_then(|table| table.partition_of.as_ref());
    of.map(|of| of.parent.clone())
}

/// The table something is, or is a part of.
fn tables_of(key: &Key) -> Option<Key> {
    match key.kind {
        Kind::Table => Some(key.clone()),
        kind => kind.is_part().then(|| key.table()),
    }
}

/// Whether a partition's index or key is of another form than the parent's it belongs to: the server
/// takes one that is there for its like where their columns are the same, say a unique constraint
/// for that of a primary key, but does not make it so by itself.
pub(super) fn is_odd(body: &Body, model: &Side) -> bool {
    let parent = parent_of(body).and_then(|parent| model.body(parent));
    match (body, parent) {
        (Body::Constraint(own), Some(Body::Constraint(theirs))) => {
            let indexed = !matches!(own.kind, ConstraintKind::Check | ConstraintKind::Foreign);
            indexed && own.definition != theirs.definition
        }
        (Body::Index(own), Some(Body::Index(theirs))) => {
            let form = |index: &Index| {
                let parts = index.definition.split_once(" USING ");
                parts.map(|(_, form)| form.to_owned())
            };
            own.unique != theirs.unique || form(own) != form(theirs)
        }
        (_, parent) => parent.is_some(),
    }
}

/// Where indexes and constraints of partitioned tables stand among each other: in the order in
/// which the server has named what the partitions have of them.
pub(super) fn clone_ranks<'m>(model: &'m Side<'m>) -> BTreeMap<&'m Key, usize> {
    let kinds = [Kind::Index, Kind::Constraint];
    let clones = kinds.into_iter().flat_map(|kind| model.of_kind(kind));
    let number = |name: &str| (super::name::number(name), name.len());
    let mut named: Vec<((u64, usize), &str, &Key)> = clones
        .filter_map(|(key, object)| {
            Some((number(&key.name), key.name.as_str(), parent_of(&object.body)?))
        })
        .collect();
    named.sort();
    let mut ranks = BTreeMap::new();
    for (at, (_, _, parent)) in named.into_iter().enumerate() {
        ranks.entry(parent).or_insert(at + 1);
    }
    ranks
}
