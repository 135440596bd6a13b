//! One of the two schemas, looked up by name as SQLite compares names: whatever their case.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::model::{Body, Key, Kind, Model, SqliteTable};

/// A name as SQLite compares it.
pub(super) fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A table, view, index or trigger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thing<'a> {
    pub(super) key: &'a Key,
    pub(super) sql: &'a str,
    pub(super) table: Option<&'a SqliteTable>,
    pub(super) needs: &'a BTreeSet<Key>,
    /// Why it does not work, if it does not.
    pub(super) fault: Option<&'a str>,
}

impl Thing<'_> {
    /// The name of the relation it is a part of, folded.
    pub(super) fn host(&self) -> String {
        fold(&self.key.of)
    }
}

/// A schema by folded names. Triggers have names of their own; the rest share theirs.
#[derive(Debug)]
pub(super) struct Side<'a> {
    pub(super) tables: BTreeMap<String, Thing<'a>>,
    pub(super) views: BTreeMap<String, Thing<'a>>,
    pub(super) indexes: BTreeMap<String, Thing<'a>>,
    pub(super) triggers: BTreeMap<String, Thing<'a>>,
    /// The indexes and triggers by the folded name of the relation they belong to.
    parts: BTreeMap<String, Vec<Thing<'a>>>,
}

impl<'a> Side<'a> {
    pub(super) fn of(model: &'a Model) -> Self {
        let mut side = Self {
            tables: BTreeMap::new(),
            views: BTreeMap::new(),
            indexes: BTreeMap::new(),
            triggers: BTreeMap::new(),
            parts: BTreeMap::new(),
        };
        for (key, object) in &model.objects {
            let (sql, table, fault) = match &object.body {
                Body::SqliteTable(table) => (table.sql.as_str(), Some(table), None),
                Body::SqliteWritten(written) => {
                    (written.sql.as_str(), None, written.fault.as_deref())
                }
                _ => continue,
            };
            let things = match key.kind {
                Kind::Table => &mut side.tables,
                Kind::View => &mut side.views,
                Kind::Index => &mut side.indexes,
                Kind::Trigger => &mut side.triggers,
                _ => continue,
            };
            let thing = Thing { key, sql, table, needs: &object.needs, fault };
            things.insert(fold(&key.name), thing);
            if key.kind.is_part() {
                side.parts.entry(thing.host()).or_default().push(thing);
            }
        }
        side
    }

    /// Whether anything but a trigger has this folded name.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.tables.contains_key(name)
            || self.views.contains_key(name)
            || self.indexes.contains_key(name)
    }

    /// The index or trigger of the same name as another side's.
    pub(super) fn twin(&self, part: &Key) -> Option<Thing<'a>> {
        let things = if part.kind == Kind::Index { &self.indexes } else { &self.triggers };
        things.get(&fold(&part.name)).copied()
    }

    /// The indexes and triggers of a relation, by its folded name.
    pub(super) fn parts(&self, host: &str) -> impl Iterator<Item = Thing<'a>> {
        self.parts.get(host).into_iter().flatten().copied()
    }

    /// The names in an order in which what is needed comes first; a circle is broken at the name
    /// that comes first in the alphabet.
    pub(super) fn ordered(things: &BTreeMap<String, Thing<'a>>) -> Vec<Thing<'a>> {
        let mut order = Vec::with_capacity(things.len());
        let mut seen = BTreeSet::new();
        // What is still to be placed: a name, and whether what it needs was placed.
        let mut open: Vec<(&str, bool)> = Vec::new();
        for name in things.keys() {
            open.push((name, false));
            while let Some((name, ready)) = open.pop() {
                let Some((name, thing)) = things.get_key_value(name) else { continue };
                if ready {
                    order.push(*thing);
                } else if seen.insert(name.as_str()) {
                    open.push((name, true));
                    let mut needed: Vec<String> =
                        thing.needs.iter().map(|key| fold(&key.name)).collect();
                    needed.sort();
                    for name in needed.iter().rev() {
                        if let Some((name, _)) = things.get_key_value(name) {
                            open.push((name, false));
                        }
                    }
                }
            }
        }
        order
    }
}
