//! What becomes of each object: kept, changed in place, made again, made, or dropped.
//!
//! One thing leads to another: what needs an object that is dropped must go before it and come
//! back after it. The rules that say how are here; no SQL is.

use std::collections::{BTreeMap, BTreeSet};

use super::directory::{Directory, Side};
use super::kin::is_odd;
use super::weave::is_alone;
use super::{cast, compare};
use crate::schema::model::{Body, ConstraintKind, Key, Kind, Table};
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is, perhaps with another comment or other privileges.
    Keep,
    /// It is changed in place.
    Alter,
    /// It is dropped and made again.
    Replace,
    /// It is renamed aside and made again; the columns that use a type move over, a table's rows
    /// are copied; then the old one is dropped.
    Swap,
    /// It is new.
    Create,
    /// It goes.
    Drop,
}

impl Fate {
    /// Whether the object that is there now ceases to be.
    pub(super) fn goes(self) -> bool {
        matches!(self, Self::Drop | Self::Replace | Self::Swap)
    }
}

/// The fates of all objects of two schemas.
#[derive(Debug)]
pub(super) struct Fates<'m> {
    directory: &'m Directory<'m>,
    /// By the number of the key.
    fates: Vec<Fate>,
    /// The kinds of what does not.
    kinds: Kinds,
    /// Parts of partitions that only change their name: the new key and the old one.
    pub(super) renamed: BTreeMap<Key, Key>,
}

impl<'m> Fates<'m> {
    /// Works them out.
    pub(super) fn new(current: &Side<'m>, desired: &Side<'m>, online: bool) -> Self {
        let directory = current.directory();
        let (kinds, renamed) = (Kinds::default(), BTreeMap::new());
        let mut found = Self { directory, fates: Vec::new(), kinds, renamed };
        found.fates.reserve(directory.entries().len());
        for (key, have, want) in directory.entries() {
            let fate = match (have, want) {
                (Some(have), Some(want)) => {
                    compare::fate(key, (&have.body, &want.body), (current, desired), online)
                }
                (None, _) => Fate::Create,
                (Some(_), None) => Fate::Drop,
            };
            if fate != Fate::Keep {
                found.kinds.add(key);
            }
            found.fates.push(fate);
        }
        found.pair_clones(current, desired);
        found.settle_foreign_keys(current, desired);
        let renamed: BTreeSet<Key> = found.renamed.values().cloned().collect();
        while found.changes().next().is_some()
            && (found.spread(current, desired, &renamed)
                || found.remake_alone(current, desired)
                || found.remake_checks(current, desired)
                || found.remake_above(desired)
                || found.remake_parted(current, desired)
                || found.remake_keys(current, desired))
        {}
        if online {
            found.swap_indexes(current);
        }
        found
    }

    /// The fate of a key; of one nobody knows, that it stays.
    pub(super) fn get(&self, key: &Key) -> Fate {
        if !self.kinds.may_hold(key) {
            return Fate::Keep;
        }
        let number = self.directory.number(key);
        number.and_then(|number| self.fates.get(number)).copied().unwrap_or(Fate::Keep)
    }

    /// Those of all that does not simply stay.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&'m Key, Fate)> + '_ {
        let all = self.directory.entries().iter().zip(self.all());
        all.filter(|(_, fate)| *fate != Fate::Keep).map(|((key, _, _), fate)| (*key, fate))
    }

    /// Those of all keys, by number.
    pub(super) fn all(&self) -> impl Iterator<Item = Fate> + '_ {
        self.fates.iter().copied()
    }

    /// Says what becomes of a key.
    pub(super) fn set(&mut self, key: &Key, fate: Fate) {
        let number = self.directory.number(key);
        if let Some(own) = number.and_then(|number| self.fates.get_mut(number)) {
            self.kinds.add(key);
            *own = fate;
        }
    }

    /// Whether everything of this kind stays.
    pub(super) fn keeps_all(&self, kind: Kind) -> bool {
        !self.kinds.contain(kind)
    }

    fn keys_with(&self, wanted: Fate) -> Vec<Key> {
        let found = self.changes().filter(|(_, fate)| *fate == wanted);
        found.map(|(key, _)| key.clone()).collect()
    }

    /// A foreign key whose columns change to types that do not compare with the old ones must be
    /// away while they do.
    fn settle_foreign_keys(&mut self, current: &Side, desired: &Side) {
        if self.keeps_all(Kind::Column) {
            return;
        }
        for (key, object) in current.of_kind(Kind::Constraint) {
            let Body::Constraint(constraint) = &object.body else { continue };
            let Some(referenced) = &constraint.references else { continue };
            if constraint.kind != ConstraintKind::Foreign
                || !matches!(self.get(key), Fate::Keep | Fate::Alter)
            {
                continue;
            }
            let own = constraint.columns.iter().map(|name| key.table().child(Kind::Column, name));
            let theirs = constraint
                .referenced_columns
                .iter()
                .map(|name| referenced.child(Kind::Column, name));
            let mut columns = own.chain(theirs).filter(|column| self.get(column) != Fate::Keep);
            let moves_far = |column: Key| match (current.column(&column), desired.column(&column)) {
                (Some(have), Some(want)) => !cast::is_near(&have.type_name, &want.type_name),
                _ => false,
            };
            if columns.any(moves_far) {
                self.set(key, Fate::Replace);
            }
        }
    }

    /// Where others use a table, an index that changes is built before the old one goes.
    fn swap_indexes(&mut self, current: &Side) {
        for key in self.keys_with(Fate::Replace) {
            let ordinary = current
                .table(&key.table())
                .is_some_and(|table| table.partition_by.is_none() && table.partition_of.is_none());
            let stays = matches!(self.get(&key.table()), Fate::Keep | Fate::Alter);
            let loses_column = current
                .get(&key)
                .is_some_and(|object| object.needs.iter().any(|need| self.get(need) != Fate::Keep));
            if key.kind == Kind::Index && ordinary && stays && !loses_column {
                self.set(&key, Fate::Swap);
            }
        }
    }

    /// Carries every fate over to what needs the object; says whether anything changed.
    fn spread(&mut self, current: &Side, desired: &Side, renamed: &BTreeSet<Key>) -> bool {
        let mut changed = false;
        for (key, object) in &current.objects {
            let fate = self.get(key);
            if !matches!(fate, Fate::Keep | Fate::Alter) || renamed.contains(key) {
                continue;
            }
            for need in &object.needs {
                let next = self.reaction(&object.body, need, current, desired);
                if let Some(next) = next.filter(|next| *next != self.get(key)) {
                    self.set(key, next);
                    changed = true;
                    if next.goes() {
                        break;
                    }
                }
            }
        }
        changed
    }

    /// A partition gets its like of every index of the table it joins. An index that is for the
    /// partitioned table alone, or not for that partition, is away meanwhile.
    fn remake_alone(&mut self, current: &Side, desired: &Side) -> bool {
        let joins = |fates: &Self, key: &Key, table: &Table| {
            let before = current.table(key).map(|table| &table.partition_of);
            before != Some(&table.partition_of) || fates.get(key).goes()
        };
        let mut changed = false;
        // What a partition has of an index that stays cannot go by itself.
        let going = self.changes().filter(|(_, fate)| fate.goes()).map(|(key, _)| key);
        let parts = going.filter(|key| matches!(key.kind, Kind::Index | Kind::Constraint));
        for clone in parts.cloned().collect::<Vec<_>>() {
            let of = |model: &Side| model.table(&clone.table())?.partition_of.clone();
            let stays = of(current).is_some() && of(current) == of(desired);
            let Some(whole) = current.body(&clone).and_then(parent_of).filter(|_| stays) else {
                continue;
            };
            if matches!(self.get(whole), Fate::Keep | Fate::Alter) {
                self.set(whole, Fate::Replace);
                changed = true;
            }
        }
        let kinds = [Kind::Index, Kind::Constraint];
        for (key, _) in kinds.into_iter().flat_map(|kind| desired.of_kind(kind)) {
            if self.keeps_all(Kind::Table)
                || !matches!(self.get(key), Fate::Keep | Fate::Alter)
                || !is_alone(key, desired)
            {
                continue;
            }
            let whole = key.table();
            let lacks = |table: &Key| {
                !desired.parts(table).any(|(_, part)| parent_of(&part.body) == Some(key))
            };
            let mut below = desired.tables().filter(|(_, table)| {
                table.partition_of.as_ref().is_some_and(|of| of.parent == whole)
            });
            if below.any(|(table, body)| joins(self, table, body) && lacks(table)) {
                self.set(key, Fate::Replace);
                changed = true;
            }
        }
        changed
    }

    /// A table that inherits gets its parent's checks as its parent's, and not as its own, when
    /// they are made: so they are made again once it has joined.
    fn remake_checks(&mut self, current: &Side, desired: &Side) -> bool {
        if self.keeps_all(Kind::Table) {
            return false;
        }
        let mut remade = Vec::new();
        for key in self.keys_with(Fate::Create) {
            let table = key.table();
            let Some(Body::Constraint(constraint)) = desired.body(&key) else { continue };
            let stays = matches!(self.get(&table), Fate::Keep | Fate::Alter);
            if constraint.kind != ConstraintKind::Check || constraint.local || !stays {
                continue;
            }
            let before = current.table(&table).map_or(&[][..], |table| &table.inherits);
            let after = desired.table(&table).map_or(&[][..], |table| &table.inherits);
            let mut open: Vec<Key> =
                after.iter().filter(|parent| !before.contains(parent)).cloned().collect();
            while let Some(parent) = open.pop() {
                let theirs = parent.child(Kind::Constraint, &key.name);
                match desired.body(&theirs) {
                    Some(Body::Constraint(body)) if body.local => remade.push(theirs),
                    Some(_) => {
                        let above = desired.table(&parent);
                        open.extend(above.into_iter().flat_map(|it| it.inherits.clone()));
                    }
                    None => {}
                }
            }
        }
        remade.retain(|key| matches!(self.get(key), Fate::Keep | Fate::Alter));
        for key in &remade {
            self.set(key, Fate::Replace);
        }
        !remade.is_empty()
    }

    /// What a partition has of another form than its parent's is taken for its like only when that
    /// is made.
    fn remake_above(&mut self, desired: &Side) -> bool {
        let made = |fate| matches!(fate, Fate::Create | Fate::Replace | Fate::Swap);
        let odd = self.changes().filter(|(key, fate)| {
            made(*fate) && desired.body(key).is_some_and(|body| is_odd(body, desired))
        });
        let above = |key: &Key| desired.body(key).and_then(parent_of).cloned();
        let tops = odd.filter_map(|(key, _)| std::iter::successors(above(key), above).last());
        let remade: Vec<Key> = tops
            .filter(|top| matches!(self.get(top), Fate::Keep | Fate::Alter))
            .filter(|top| !is_alone(top, desired))
            .collect();
        for top in &remade {
            self.set(top, Fate::Replace);
        }
        !remade.is_empty()
    }

    /// A column by which a table is parted cannot get another type: the table is made anew, and its
    /// partitions move over.
    fn remake_parted(&mut self, current: &Side, desired: &Side) -> bool {
        if self.keeps_all(Kind::Column) {
            return false;
        }
        let retyped = |column: &Key| {
            self.get(column) == Fate::Alter
                && (changes_type(column, current, desired) || self.is_swapped(column, current))
        };
        let stay = current.tables().filter(|(key, _)| !self.get(key).goes());
        let remade: Vec<Key> = stay
            .filter(|(key, table)| {
                let by = table.partition_by.as_deref().unwrap_or_default();
                let tokens = tokens(Dialect::Postgres, by);
                let mut names = tokens.iter().filter_map(|token| token.name(by));
                names.any(|name| retyped(&key.child(Kind::Column, name)))
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in &remade {
            self.set(key, Fate::Swap);
        }
        !remade.is_empty()
    }

    /// A key that a foreign key refers to is made again by the server when a column of it changes
    /// its type. Where that is a column that the key only includes, the server forgets the foreign
    /// key: so both are made again.
    fn remake_keys(&mut self, current: &Side, desired: &Side) -> bool {
        if self.keeps_all(Kind::Column) {
            return false;
        }
        let mut remade = Vec::new();
        for (key, object) in current.of_kind(Kind::Constraint) {
            let Body::Constraint(foreign) = &object.body else { continue };
            if foreign.kind != ConstraintKind::Foreign || self.get(key).goes() {
                continue;
            }
            let retyped = |need: &Key| {
                need.kind == Kind::Column
                    && !foreign.referenced_columns.contains(&need.name)
                    && self.get(need) == Fate::Alter
                    && (changes_type(need, current, desired) || self.is_swapped(need, current))
            };
            let keys = object.needs.iter().filter(|need| {
                matches!(need.kind, Kind::Constraint | Kind::Index) && !self.get(need).goes()
            });
            remade.extend(
                keys.filter(|need| {
                    current.get(need).is_some_and(|it| it.needs.iter().any(retyped))
                })
                .cloned(),
            );
        }
        for key in &remade {
            self.set(key, Fate::Replace);
        }
        !remade.is_empty()
    }

    /// What an object that would stay has to become because of one it needs.
    fn reaction(&self, body: &Body, need: &Key, current: &Side, desired: &Side) -> Option<Fate> {
        let fate = self.get(need);
        if fate.goes() {
            return match (body, need.kind) {
                (Body::Table(table), Kind::Table) if hangs_on(table, need) => None,
                (Body::Table(_), kind) if kind != Kind::Schema => Some(Fate::Swap),
                (Body::Sequence(_), _) => None,
                (Body::Column(column), _) if need.kind != Kind::Table => {
                    Some(if column.generated.is_some() { Fate::Replace } else { Fate::Alter })
                }
                (Body::Enum { .. } | Body::Composite { .. } | Body::Range { .. }, _) => {
                    Some(Fate::Swap)
                }
                (Body::Domain(_), _) => Some(Fate::Swap),
                _ => Some(Fate::Replace),
            };
        }
        let other_type = || changes_type(need, current, desired) || self.is_swapped(need, current);
        if fate == Fate::Alter && need.kind == Kind::Column && other_type() {
            let cannot_stay = match body {
                Body::View(_)
                | Body::MaterializedView(_)
                | Body::Rule { .. }
                | Body::Policy(_)
                | Body::Trigger { .. }
                | Body::Routine(_) => true,
                Body::Column(column) => column.generated.is_some(),
                // Its columns would be of two types while they change one after the other.
                Body::Constraint(constraint) => {
                    constraint.kind == ConstraintKind::Foreign && self.is_swapped(need, current)
                }
                Body::Default { .. } => {
                    let (have, want) = (current.column(need)?, desired.column(need)?);
                    (self.is_swapped(need, current) && !self.is_resorted(need, current))
                        || !cast::is_near(&have.type_name, &want.type_name)
                }
                _ => false,
            };
            return cannot_stay.then_some(Fate::Replace);
        }
        None
    }

    /// Whether a column's type or collation is renamed aside while a new one of its name is made.
    pub(super) fn is_swapped(&self, column: &Key, current: &Side) -> bool {
        self.swapped(column, current).next().is_some()
    }

    /// Whether that is its collation alone: its values are what they were.
    pub(super) fn is_resorted(&self, column: &Key, current: &Side) -> bool {
        self.is_swapped(column, current)
            && self.swapped(column, current).all(|need| need.kind == Kind::Collation)
    }

    fn swapped<'a>(
        &'a self,
        column: &Key,
        current: &'a Side<'_>,
    ) -> impl Iterator<Item = &'a Key> + use<'a> {
        let needs = current.get(column).into_iter().flat_map(|object| &object.needs);
        needs.filter(|need| need.kind != Kind::Table && self.get(need) == Fate::Swap)
    }
}

/// Asked before what takes longer to ask: the kinds of the keys that are in a map, and roughly
/// which keys those are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kinds {
    kinds: u32,
    /// How many keys were added.
    count: usize,
    /// A bit for all keys of which the names have the same lengths and ends.
    traces: [u64; 64],
}

/// So many keys that most bits are set.
const MANY: usize = 4_096;

impl Default for Kinds {
    fn default() -> Self {
        Self { kinds: 0, count: 0, traces: [0; 64] }
    }
}

impl Kinds {
    fn bit(kind: Kind) -> u32 {
        1 << kind as u32
    }

    /// Where the bit of a key is. Tables that were numbered differ at their ends.
    fn trace(key: &Key) -> (usize, u64) {
        let ends = |name: &str| {
            let last = name.bytes().rev().take(4);
            last.fold(name.len(), |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()))
        };
        let hash = ends(&key.name).wrapping_mul(31).wrapping_add(ends(&key.of)) as u32;
        let hash = hash.wrapping_mul(0x9E37_79B1) >> 20;
        ((hash >> 6) as usize, 1 << (hash & 63))
    }

    /// Adds a key.
    pub(super) fn add(&mut self, key: &Key) {
        self.kinds |= Self::bit(key.kind);
        self.count += 1;
        let (place, bit) = Self::trace(key);
        if let Some(traces) = self.traces.get_mut(place) {
            *traces |= bit;
        }
    }

    /// Whether a key of a kind is in it.
    pub(super) fn contain(&self, kind: Kind) -> bool {
        self.kinds & Self::bit(kind) != 0
    }

    /// Whether a key may be in it.
    pub(super) fn may_hold(&self, key: &Key) -> bool {
        // Once most bits are set they tell nothing.
        if !self.contain(key.kind) || self.count > MANY {
            return self.contain(key.kind);
        }
        let (place, bit) = Self::trace(key);
        self.traces.get(place).is_some_and(|traces| traces & bit != 0)
    }
}

/// Whether a column gets another type, or the same one made anew.
pub(super) fn changes_type(column: &Key, current: &Side, desired: &Side) -> bool {
    match (current.column(column), desired.column(column)) {
        (Some(have), Some(want)) => {
            have.type_name != want.type_name || have.collation != want.collation
        }
        _ => false,
    }
}

/// Whether a table is attached to, or inherits from, another.
pub(super) fn hangs_on(table: &Table, parent: &Key) -> bool {
    table.partition_of.as_ref().is_some_and(|of| of.parent == *parent)
        || table.inherits.contains(parent)
}

/// The parent's index or constraint that a partition's one belongs to.
pub(super) fn parent_of(body: &Body) -> Option<&Key> {
    match body {
        Body::Index(index) => index.parent.as_ref(),
        Body::Constraint(constraint) => constraint.parent.as_ref(),
        _ => None,
    }
}
