//! Both schemas of a plan, by key. The keys of both are numbered in their order once, so that the
//! rest of the planning compares numbers where it would compare names.
//!
//! Nothing here decides anything.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::ops::{Deref, Range};

use crate::schema::model::{Body, Column, Key, Kind, Model, Object, Pair, Table};

/// The keys of two schemas, and what each is in either.
#[derive(Debug)]
pub(super) struct Directory<'m> {
    entries: Vec<Pair<'m>>,
    numbers: HashMap<ByKey<'m>, usize, BuildHasherDefault<Quick>>,
    /// The number of a relation that has parts, by its schema and name.
    relations: HashMap<(&'m str, &'m str), usize, BuildHasherDefault<Quick>>,
    /// The parts of such a relation, in the order of their keys.
    parts: Vec<Vec<Range<usize>>>,
}

impl<'m> Directory<'m> {
    /// The keys of both schemas.
    pub(super) fn of(current: &'m Model, desired: &'m Model) -> Self {
        let entries: Vec<Pair<'m>> = current.beside(desired).collect();
        let keys = entries.iter().enumerate();
        let numbers = keys.map(|(number, (key, _, _))| (ByKey(key), number)).collect();
        let mut relations = HashMap::default();
        let mut parts: Vec<Vec<Range<usize>>> = Vec::new();
        let same = |one: &Pair<'m>, other: &Pair<'m>| {
            (one.0.kind, &one.0.of, &one.0.schema) == (other.0.kind, &other.0.of, &other.0.schema)
        };
        let mut begin = 0;
        for some in entries.chunk_by(same) {
            let end = begin + some.len();
            if let Some((key, _, _)) = some.first().filter(|(key, _, _)| key.kind.is_part()) {
                let next = parts.len();
                let relation = *relations.entry((&*key.schema, &*key.of)).or_insert(next);
                parts.resize(parts.len().max(relation + 1), Vec::new());
                parts.get_mut(relation).into_iter().for_each(|parts| parts.push(begin..end));
            }
            begin = end;
        }
        Self { entries, numbers, relations, parts }
    }

    /// Every key and what it is in either schema, by number: in the order of the keys.
    pub(super) fn entries(&self) -> &[Pair<'m>] {
        &self.entries
    }

    /// The number of a key; none if neither schema has it.
    pub(super) fn number(&self, key: &Key) -> Option<usize> {
        self.numbers.get(&ByKey(key)).copied()
    }

    /// Those of one kind.
    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = Pair<'m>> + '_ {
        let first = self.entries.partition_point(|(key, _, _)| key.kind < kind);
        let from = self.entries.get(first..).unwrap_or_default();
        from.iter().copied().take_while(move |(key, _, _)| key.kind == kind)
    }

    fn entry(&self, key: &Key) -> Option<Pair<'m>> {
        self.entries.get(self.number(key)?).copied()
    }
}

/// One of the two schemas. What is asked by key is found through the numbers; for the rest it is
/// the model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'m> {
    model: &'m Model,
    directory: &'m Directory<'m>,
    is_desired: bool,
}

impl<'m> Side<'m> {
    /// Both sides.
    pub(super) fn both(
        current: &'m Model,
        desired: &'m Model,
        directory: &'m Directory<'m>,
    ) -> (Self, Self) {
        let side = |model, is_desired| Self { model, directory, is_desired };
        (side(current, false), side(desired, true))
    }

    /// The keys of both sides.
    pub(super) fn directory(&self) -> &'m Directory<'m> {
        self.directory
    }

    /// What an entry is on this side.
    pub(super) fn of(&self, (_, have, want): Pair<'m>) -> Option<&'m Object> {
        if self.is_desired { want } else { have }
    }

    /// The object of a key.
    pub(super) fn get(&self, key: &Key) -> Option<&'m Object> {
        self.of(self.directory.entry(key)?)
    }

    /// Whether there is an object of that key.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.get(key).is_some()
    }

    /// The body of a key's object.
    pub(super) fn body(&self, key: &Key) -> Option<&'m Body> {
        self.get(key).map(|object| &object.body)
    }

    /// The table of a key, if it is one.
    pub(super) fn table(&self, key: &Key) -> Option<&'m Table> {
        match self.body(key) {
            Some(Body::Table(table)) => Some(table),
            _ => None,
        }
    }

    /// The column of a key, if it is one.
    pub(super) fn column(&self, key: &Key) -> Option<&'m Column> {
        match self.body(key) {
            Some(Body::Column(column)) => Some(column),
            _ => None,
        }
    }

    /// The parts of a relation by key.
    pub(super) fn parts(
        &self,
        relation: &Key,
    ) -> impl Iterator<Item = (&'m Key, &'m Object)> + use<'m> {
        let (side, directory) = (*self, self.directory);
        let relation = directory.relations.get(&(&*relation.schema, &*relation.name)).copied();
        let runs = relation.and_then(|relation| directory.parts.get(relation));
        let numbers = runs.into_iter().flatten().cloned().flatten();
        let entries = numbers.filter_map(move |number| directory.entries.get(number).copied());
        entries.filter_map(move |entry| Some((entry.0, side.of(entry)?)))
    }
}

impl Deref for Side<'_> {
    type Target = Model;

    fn deref(&self) -> &Model {
        self.model
    }
}

/// A key to look up: mostly the very one that was put in.
#[derive(Debug, Clone, Copy)]
struct ByKey<'k>(&'k Key);

impl PartialEq for ByKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        // What differs mostly differs in its own name.
        std::ptr::eq(self.0, other.0)
            || (self.0.kind == other.0.kind
                && self.0.name == other.0.name
                && self.0.of == other.0.of
                && self.0.schema == other.0.schema)
    }
}

impl Eq for ByKey<'_> {}

impl Hash for ByKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// A hash of short names, for maps whose order nobody sees.
#[derive(Debug, Default)]
struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let words = bytes.chunks_exact(8);
        let rest = words.remainder().iter().fold(0, |word, byte| (word << 8) | u64::from(*byte));
        words.for_each(|word| self.add(word.try_into().map_or(0, u64::from_le_bytes)));
        self.add(rest);
    }

    fn write_u8(&mut self, number: u8) {
        self.add(number.into());
    }

    fn write_isize(&mut self, number: isize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        // The map takes its places from the upper and the lower bits.
        self.0 ^ (self.0 >> 32)
    }
}
