//! From fates to a graph: which pieces of work there are, which must come before which, and which
//! are done by another's statement.

use std::collections::{BTreeMap, BTreeSet};

use super::directory::Side;
use super::fate::{Fate, Fates, hangs_on, parent_of};
use super::finish::{finishes, named_index};
use super::graph::{Act, Graph};
use super::kin::clone_ranks;
use super::serial;
use super::slot::{Slot, relation_slot, slots};
use crate::schema::model::{Body, ConstraintKind, Key, Kind, Object, Table};
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

/// The two schemas and what becomes of their objects.
pub(super) struct Weaver<'m> {
    pub(super) current: &'m Side<'m>,
    pub(super) desired: &'m Side<'m>,
    pub(super) fates: &'m Fates<'m>,
    pub(super) graph: Graph<'m>,
    /// Columns of new tables that are added to them later, when what gets them from there has
    /// joined.
    pub(super) later: BTreeSet<Key>,
}

impl<'m> Weaver<'m> {
    /// The graph of all the work.
    pub(super) fn weave(
        current: &'m Side<'m>,
        desired: &'m Side<'m>,
        fates: &'m Fates<'m>,
    ) -> Graph<'m> {
        let graph = Graph::new(current.directory());
        let mut weaver = Self { current, desired, fates, graph, later: BTreeSet::new() };
        weaver.add_nodes();
        weaver.add_links();
        weaver.add_owners();
        weaver.add_needs();
        weaver.grow_parents_first();
        weaver.fill_first();
        weaver.free_names();
        weaver.wait_for_partitions();
        weaver.own_indexes_last();
        weaver.imply_clones();
        weaver.follow_bodies();
        serial::mark(&mut weaver);
        super::fold::creates(&mut weaver);
        super::fold::drops(&mut weaver);
        weaver.add_places();
        weaver.graph
    }

    /// The objects of a model about which there is work so far, in the order of their keys.
    pub(super) fn worked(&self, model: &'m Side<'m>) -> Vec<(&'m Key, &'m Object)> {
        self.graph.keys().filter_map(|entry| Some((entry.0, model.of(entry)?))).collect()
    }

    /// Columns stand in the order of their table, and keys before what refers to them.
    fn add_places(&mut self) {
        let (new, old) = (clone_ranks(self.desired), clone_ranks(self.current));
        let keys: Vec<&Key> = self.graph.keys().map(|(key, _, _)| key).collect();
        for key in keys {
            let place = place(key, self.desired, &new).or_else(|| place(key, self.current, &old));
            if let Some(place) = place {
                self.graph.place(key, place);
            }
        }
    }

    fn add_nodes(&mut self) {
        let mut named = Vec::new();
        let entries = self.current.directory().entries().iter().copied().zip(self.fates.all());
        for ((key, have, want), fate) in entries {
            let acts: &[Act] = match fate {
                Fate::Keep => &[],
                Fate::Alter => &[Act::Alter],
                Fate::Replace => &[Act::Drop, Act::Create],
                Fate::Swap => &[Act::Aside, Act::Create, Act::Drop],
                Fate::Create => &[Act::Create],
                Fate::Drop => &[Act::Drop],
            };
            let numbers: Vec<usize> = acts.iter().map(|act| self.graph.add(*act, key)).collect();
            if let [first, second] | [first, second, _] = numbers.as_slice()
                && !self.goes_with_swapped(key)
            {
                self.graph.edge(*first, *second, false);
            }
            if let [_, second, third] = numbers.as_slice() {
                self.graph.edge(*second, *third, false);
                if key.kind == Kind::Table {
                    let copy = self.graph.add(Act::Copy, key);
                    self.graph.edge(*second, copy, false);
                    self.graph.edge(copy, *third, false);
                }
            }
            if fate != Fate::Drop && finishes(key, fate, have, want) {
                let finish = self.graph.add(Act::Finish, key);
                if let Some(start) = self.start(key) {
                    self.graph.edge(start, finish, false);
                }
                named.extend(want.map(|want| (finish, key, named_index(&want.body))));
            }
        }
        // What names an index comes after that is made.
        for (finish, key, indexes) in named {
            for index in indexes {
                for kind in [Kind::Index, Kind::Constraint] {
                    if let Some(made) = self.start(&key.child(kind, &index)) {
                        self.graph.edge(made, finish, false);
                    }
                }
            }
        }
    }

    /// Whether a part stays on the old form of a table that is swapped, and goes with it. The names
    /// of constraints and indexes are needed sooner.
    fn goes_with_swapped(&self, key: &Key) -> bool {
        key.kind.is_part()
            && !matches!(key.kind, Kind::Constraint | Kind::Index)
            && !self.fates.keeps_all(Kind::Table)
            && self.fates.get(&key.table()) == Fate::Swap
    }

    /// The node after which the object is as it is to be.
    pub(super) fn start(&self, key: &Key) -> Option<usize> {
        self.graph.find(Act::Create, key).or_else(|| self.graph.find(Act::Alter, key))
    }

    /// The node after which the object no longer is as it was.
    fn end(&self, key: &Key) -> Option<usize> {
        self.graph.find(Act::Drop, key).or_else(|| self.graph.find(Act::Alter, key))
    }

    /// Tables that join or leave a parent.
    fn add_links(&mut self) {
        let links = |table: &Table| -> BTreeMap<Key, Option<String>> {
            let partition =
                table.partition_of.iter().map(|of| (of.parent.clone(), Some(of.bounds.clone())));
            partition.chain(table.inherits.iter().map(|parent| (parent.clone(), None))).collect()
        };
        let table = |object: Option<&Object>| match object.map(|object| &object.body) {
            Some(Body::Table(table)) => links(table),
            _ => BTreeMap::new(),
        };
        for (key, have, want) in self.current.directory().of_kind(Kind::Table) {
            let (have, want, fate) = (table(have), table(want), self.fates.get(key));
            let stays = matches!(fate, Fate::Keep | Fate::Alter);
            for (parent, bounds) in &have {
                if stays && (self.fates.get(parent).goes() || want.get(parent) != Some(bounds)) {
                    let detach = self.link(Act::Detach, key, parent);
                    self.between(detach, self.graph.find(Act::Drop, parent));
                    self.between(detach, self.graph.find(Act::Aside, parent));
                    self.between(detach, self.graph.find(Act::Copy, parent));
                    self.leave_clones(detach, key);
                    self.leave_first(detach, key, parent);
                }
            }
            if fate == Fate::Drop {
                self.leave_referenced(key);
            }
            // Its place among the partitions is the new one's.
            if let (Fate::Swap, Some((parent, Some(_)))) = (fate, have.first_key_value()) {
                let detach = self.link(Act::Detach, key, parent);
                self.between(detach, self.graph.find(Act::Aside, key));
                self.leave_clones(detach, key);
                self.leave_first(detach, key, parent);
            }
            for (parent, bounds) in &want {
                let fresh = self.fates.get(parent).goes() || have.get(parent) != Some(bounds);
                let inline = !stays && super::table::is_inline(key, self.desired);
                if (stays && fresh) || (!stays && fate != Fate::Drop && !inline) {
                    let attach = self.link(Act::Attach, key, parent);
                    for node in [self.start(parent), self.start(key)].into_iter().flatten() {
                        self.graph.edge(node, attach, false);
                    }
                    let later = self.columns_along(attach, key, parent, stays);
                    self.columns_before(attach, key, &later);
                    self.columns_before(attach, parent, &later);
                    self.between(attach, self.graph.find(Act::Copy, parent));
                    self.join_first(attach, key, parent, have.keys());
                    if !stays {
                        self.keys_after(attach, key);
                    }
                }
                // Rows need the partitions they belong to; what inherits is not asked.
                if let (Some(start), false, true) = (self.start(key), stays, bounds.is_some()) {
                    self.between(start, self.graph.find(Act::Copy, parent));
                }
            }
        }
    }

    /// A new table gets its own keys and indexes once it has joined: attaching would take one that
    /// fits for the parent's.
    fn keys_after(&mut self, attach: usize, table: &Key) {
        let own = self.desired.parts(table).filter(|(key, object)| {
            matches!(key.kind, Kind::Constraint | Kind::Index)
                && parent_of(&object.body).is_none()
                && !super::fold::is_check(&object.body)
        });
        let made: Vec<usize> =
            own.filter_map(|(key, _)| self.graph.find(Act::Create, key)).collect();
        for node in made {
            self.graph.edge(attach, node, false);
        }
    }

    /// What a partition has from its parent becomes its own when it leaves: what is not wanted
    /// goes with the parent's before, or by itself afterwards; what is stays only if the table
    /// leaves first.
    fn leave_clones(&mut self, detach: usize, table: &Key) {
        for (key, object) in self.current.parts(table) {
            if matches!(key.kind, Kind::Column | Kind::Default) {
                continue;
            }
            let own = self.graph.find(Act::Drop, key);
            for parent in clone_parents(key, &object.body, self.current) {
                let whole = self.graph.find(Act::Drop, &parent.table());
                match (own, self.graph.find(Act::Drop, &parent)) {
                    (Some(_), Some(drop)) if whole.is_none() => {
                        self.graph.edge(drop, detach, false)
                    }
                    (Some(own), _) => self.graph.edge(detach, own, false),
                    (None, Some(drop)) => self.graph.edge(detach, drop, false),
                    (None, None) => {}
                }
            }
        }
    }

    pub(super) fn link(&mut self, act: Act, key: &Key, parent: &Key) -> usize {
        self.graph.add_about(act, key, Some(parent))
    }

    fn between(&mut self, first: usize, then: Option<usize>) {
        if let Some(then) = then {
            self.graph.edge(first, then, false);
        }
    }

    /// Sequences that are given to a column, or must outlive one.
    fn add_owners(&mut self) {
        let owner = |object: Option<&'m Object>| match object.map(|object| &object.body) {
            Some(Body::Sequence(sequence)) => sequence.owned_by.as_ref(),
            _ => None,
        };
        for (key, have, want) in self.current.directory().of_kind(Kind::Sequence) {
            let (have, want, fate) = (owner(have), owner(want), self.fates.get(key));
            let stays = matches!(fate, Fate::Keep | Fate::Alter);
            if let Some(column) = have.filter(|_| stays) {
                let goes = self.fates.get(column).goes() || self.fates.get(&column.table()).goes();
                if goes {
                    let disown = self.graph.add(Act::Disown, key);
                    self.between(disown, self.graph.find(Act::Drop, column));
                    self.between(disown, self.graph.find(Act::Drop, &column.table()));
                }
            }
            if let Some(column) = want {
                let fresh = self.fates.get(column).goes()
                    || self.fates.get(&column.table()).goes()
                    || have != want;
                if fate != Fate::Drop && (!stays || fresh) {
                    let own = self.graph.add(Act::Own, key);
                    for node in [self.start(key), self.start(column)].into_iter().flatten() {
                        self.graph.edge(node, own, false);
                    }
                }
            } else if stays && have.is_some() {
                self.graph.add(Act::Disown, key);
            }
        }
    }

    /// What is made needs what it needs; what goes, goes after what needs it.
    fn add_needs(&mut self) {
        for (key, object) in self.worked(self.desired) {
            let Some(start) = self.start(key) else { continue };
            for need in &object.needs {
                if let Some(node) = self.graph.find(Act::Create, need) {
                    self.graph.edge(node, start, false);
                } else if let Some(node) = self.graph.find(Act::Alter, need) {
                    let made = self.graph.find(Act::Create, key).is_some();
                    self.graph.edge(node, start, !made);
                }
            }
        }
        for (key, object) in self.worked(self.current) {
            let Some(end) = self.end(key) else { continue };
            let drop = self.graph.find(Act::Drop, key);
            for need in &object.needs {
                if let Some(node) = self.graph.find(Act::Drop, need) {
                    self.graph.edge(end, node, false);
                }
                // A table that joins or leaves another does not care for defaults.
                let beside = key.kind == Kind::Default && need.kind == Kind::Table;
                let drop = drop.filter(|_| !beside);
                if let (Some(drop), Some(alter)) = (drop, self.graph.find(Act::Alter, need)) {
                    // A type that is swapped goes only after its columns have moved over.
                    let soft = key.kind != Kind::Default && !key.kind.is_part();
                    self.graph.edge(drop, alter, soft && self.fates.get(key) == Fate::Swap);
                }
            }
        }
    }

    /// What is made for a partitioned table alone comes once the partitions are there, or they
    /// would get theirs.
    fn wait_for_partitions(&mut self) {
        let parts = [Kind::Constraint, Kind::Index];
        for (key, _) in parts.into_iter().flat_map(|kind| self.desired.of_kind(kind)) {
            let Some(made) = self.graph.find(Act::Create, key) else { continue };
            if !is_alone(key, self.desired) {
                continue;
            }
            let whole = key.table();
            let below = self.desired.tables().filter(|(_, table)| hangs_on(table, &whole));
            let joined = |table| [self.start(table), self.graph.joins(table)];
            let nodes: Vec<usize> = below.flat_map(|(table, _)| joined(table)).flatten().collect();
            for node in nodes {
                self.graph.edge(node, made, false);
            }
        }
    }

    /// A name is free only once what had it is gone.
    fn free_names(&mut self) {
        let mut freed: BTreeMap<Slot, usize> = BTreeMap::new();
        for (key, object) in self.worked(self.current) {
            let swapped = self.fates.get(key) == Fate::Swap;
            let act = if swapped { Act::Aside } else { Act::Drop };
            if let Some(node) = self.graph.find(act, key)
                && !self.goes_with_swapped(key)
            {
                freed.extend(slots(key, &object.body).into_iter().map(|slot| (slot, node)));
            }
            // The sequence of an identity goes with it.
            if let (Body::Column(column), Some(node)) =
                (&object.body, self.graph.find(Act::Alter, key))
                && self.desired.column(key).is_some_and(|column| column.identity.is_none())
            {
                let sequence = column.identity.iter().map(|identity| identity.sequence.clone());
                freed.extend(sequence.map(|name| (relation_slot(&key.schema, &name), node)));
            }
        }
        for (new, old) in &self.fates.renamed {
            if let (Some(alter), Some(body)) =
                (self.graph.find(Act::Alter, new), self.current.body(old))
            {
                let node = if self.fates.makes_way(new) {
                    let aside = self.graph.add(Act::Aside, old);
                    self.graph.edge(aside, alter, false);
                    aside
                } else {
                    alter
                };
                freed.extend(slots(old, body).into_iter().map(|slot| (slot, node)));
            }
        }
        for (key, object) in self.worked(self.desired) {
            let Some(start) = self.start(key) else { continue };
            for slot in slots(key, &object.body) {
                if let Some(node) = freed.get(&slot).filter(|node| **node != start) {
                    self.graph.edge(*node, start, false);
                }
            }
        }
    }

    /// Indexes and constraints of a partition that its parent's bring along, and what a child
    /// inherits from its parents: no statements of their own.
    fn imply_clones(&mut self) {
        for (key, object) in self.worked(self.desired) {
            let Some(node) = self.start(key) else { continue };
            let parents = clone_parents(key, &object.body, self.desired);
            if parent_of(&object.body).is_some_and(|parent| is_alone(parent, self.desired)) {
                let bases: Vec<usize> =
                    parents.iter().filter_map(|parent| self.start(parent)).collect();
                for parent in bases {
                    self.graph.edge(parent, node, false);
                }
                continue;
            }
            let column = key.kind == Kind::Column || key.kind == Kind::Default;
            if super::kin::is_odd(&object.body, self.desired) {
                self.stand_before_parents(node, key);
            } else if column {
                self.follow_parents(node, key, &object.body, &parents);
            } else if self.graph.find(Act::Create, key).is_some() {
                self.bring_along(node, key, &object.body, &parents);
            }
        }
    }

    /// A column or default of a child changes with its parents' where they change alike.
    fn follow_parents(&mut self, node: usize, key: &Key, body: &Body, parents: &[Key]) {
        if parents.is_empty() || !self.is_linked_throughout(key) {
            return;
        }
        let bases: Vec<usize> = parents.iter().filter_map(|parent| self.start(parent)).collect();
        // A column that the child declares too, or that it has already, is there as it is to be
        // before its parents' joins it.
        let made = |key: &Key| self.graph.find(Act::Create, key).is_some();
        let own = match body {
            Body::Column(column) if made(key) => column.local,
            Body::Column(_) => parents.iter().any(made),
            _ => false,
        };
        let implied = self.graph.find(Act::Create, &key.table()).is_none()
            && !bases.is_empty()
            && !own
            && (self.comes_from_parents(key, body) || self.same_as_parents(key, body, parents));
        if implied {
            self.graph.imply(node);
        }
        for base in bases {
            if own {
                self.graph.edge(node, base, false);
            } else {
                self.graph.edge(base, node, !implied);
            }
        }
    }

    /// An index or constraint comes along when the parent's is made, or its table joins the parent.
    fn bring_along(&mut self, node: usize, key: &Key, body: &Body, parents: &[Key]) {
        let inherited = match body {
            Body::Constraint(constraint) => !constraint.local,
            _ => false,
        };
        let table = self.graph.find(Act::Create, &key.table());
        let inline = super::table::is_inline(&key.table(), self.desired);
        let in_brackets = table.is_some() && !inline && super::fold::is_check(body);
        if in_brackets || (parent_of(body).is_none() && !inherited) {
            return;
        }
        if super::fold::is_check(body)
            && table.is_none()
            && self.join_with_check(node, key, parents)
        {
            return;
        }
        let bases: Vec<usize> = parents.iter().filter_map(|parent| self.start(parent)).collect();
        let joins = self.graph.joins(&key.table());
        let made = parents.iter().any(|parent| self.graph.find(Act::Create, parent).is_some());
        if made || joins.is_some() || table.is_some() {
            self.graph.imply(node);
        }
        for base in bases.into_iter().chain(joins) {
            self.graph.edge(base, node, false);
        }
    }

    /// Whether a table is below the same parents before, during and after: only then do changes of
    /// theirs reach it.
    fn is_linked_throughout(&self, part: &Key) -> bool {
        let parents = |model: &Side| {
            let table = model.table(&part.table());
            table.map(|table| (table.partition_of.clone(), table.inherits.clone()))
        };
        parents(self.current) == parents(self.desired) && self.graph.joins(&part.table()).is_none()
    }

    /// Whether a change of a parent's column or default does the same to the child's.
    fn same_as_parents(&self, key: &Key, body: &Body, parents: &[Key]) -> bool {
        parents.iter().all(|parent| match (body, self.desired.body(parent)) {
            (Body::Column(own), Some(Body::Column(theirs))) => {
                let mut same = theirs.clone();
                same.local = own.local;
                same == *own && self.start(parent).is_some()
            }
            (own, Some(theirs)) => own == theirs && self.start(parent).is_some(),
            (_, None) => false,
        }) && key.kind.is_part()
    }

    /// Routines whose bodies are texts name what they use; where they can, they come after it.
    fn follow_bodies(&mut self) {
        let mut made: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, node) in self.graph.nodes() {
            let named = matches!(
                node.key.kind,
                Kind::Table
                    | Kind::View
                    | Kind::MaterializedView
                    | Kind::Routine
                    | Kind::Sequence
                    | Kind::Enum
                    | Kind::Domain
                    | Kind::Composite
                    | Kind::Column
            );
            if named && matches!(node.act, Act::Create | Act::Alter) {
                made.entry(node.key.name.clone()).or_default().push(number);
            }
        }
        for (key, object) in self.worked(self.desired) {
            let Body::Routine(routine) = &object.body else { continue };
            let Some(start) = self.start(key).filter(|_| !routine.parsed_body) else { continue };
            for word in words(&routine.definition) {
                for node in made.get(&word).into_iter().flatten().filter(|node| **node != start) {
                    self.graph.edge(*node, start, true);
                }
            }
        }
    }
}

/// Where a part stands among its like in its table, if that is not by name alone.
fn place(key: &Key, model: &Side, ranks: &BTreeMap<&Key, usize>) -> Option<usize> {
    let rank = ranks.get(key).copied();
    match (key.kind, model.body(key)) {
        (Kind::Column | Kind::Default, _) => {
            model.table(&key.table())?.order.iter().position(|column| *column == key.name)
        }
        (_, Some(Body::Constraint(constraint))) => {
            let among = match constraint.kind {
                ConstraintKind::Foreign => usize::from(!has_usual_name(key)),
                _ => rank.unwrap_or_default(),
            };
            Some(constraint.kind as usize * AMONG + among)
        }
        (_, Some(Body::Index(_))) => rank,
        _ => None,
    }
}

/// More than there are constraints of one kind in a table.
const AMONG: usize = 1 << 32;

/// Whether a foreign key has a name as the server gives it. The server names what a foreign key to
/// a partitioned table has for each partition so, and must find such names taken.
fn has_usual_name(key: &Key) -> bool {
    key.name.contains("_fkey")
}

/// The identifiers in a routine's text, those in its quoted body too.
fn words(definition: &str) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens(Dialect::Postgres, definition) {
        let text = token.text(definition);
        if text.starts_with('$') || text.starts_with('\'') {
            let inner = text.trim_matches(['$', '\'']);
            let inside = tokens(Dialect::Postgres, inner);
            found.extend(inside.iter().filter_map(|token| token.name(inner)));
        } else if let Some(name) = token.name(definition) {
            found.push(name);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether an index or constraint of a partitioned table lacks its like on one of the partitions:
/// then it is made for the table alone, and what partitions have is attached by hand.
pub(super) fn is_alone(key: &Key, model: &Side) -> bool {
    let whole = key.table();
    if model.table(&whole).is_none_or(|table| table.partition_by.is_none()) {
        return false;
    }
    let partitions = model
        .tables()
        .filter(|(_, table)| table.partition_of.as_ref().is_some_and(|of| of.parent == whole));
    let with_index = match model.body(key) {
        Some(Body::Index(_)) => true,
        Some(Body::Constraint(constraint)) => matches!(
            constraint.kind,
            ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclusion
        ),
        _ => false,
    };
    with_index && { partitions }
        .any(|(table, _)| !model.parts(table).any(|(_, part)| parent_of(&part.body) == Some(key)))
}

/// What a parent has of the same: the index or constraint a partition's belongs to, the column,
/// default or constraint that is inherited.
pub(super) fn clone_parents(key: &Key, body: &Body, model: &Side) -> Vec<Key> {
    if let Some(parent) = parent_of(body) {
        return vec![parent.clone()];
    }
    if !matches!(key.kind, Kind::Column | Kind::Default | Kind::Constraint) {
        return Vec::new();
    }
    let Some(table) = model.table(&key.table()) else { return Vec::new() };
    let partition = table.partition_of.iter().map(|of| &of.parent);
    let parents = partition.chain(&table.inherits).map(|parent| parent.child(key.kind, &key.name));
    parents.filter(|parent| model.has(parent)).collect()
}
