//! The model while the catalogue's rows come in, with what is needed only to understand them.
//!
//! Nothing here knows a statement.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::address::{Address, Addresses, class};
use super::strange;
use crate::schema::model::{Body, Column, Key, Kind, Model, Object, Scope, Table, Unmodelled};
use crate::sql::Dialect;

/// What is read so far.
pub(super) struct Reading<'s> {
    pub(super) scope: &'s Scope,
    pub(super) version: i64,
    pub(super) objects: HashMap<Key, Object>,
    unmodelled: BTreeSet<Unmodelled>,
    pub(super) addresses: Addresses,
    /// Tables, views, materialized views and composite types by number.
    pub(super) relations: HashMap<i64, Relation>,
    /// Domain checks by number: the domain and the check's name.
    pub(super) checks: HashMap<i64, (Key, String)>,
    /// The functions that bring ranges into one form, and the types they are of.
    pub(super) canonical: HashMap<Address, Key>,
}

/// A relation the rows of its parts refer to by number.
pub(super) struct Relation {
    pub(super) key: Key,
    pub(super) partition: bool,
    pub(super) unlogged: bool,
    /// Its columns by number.
    pub(super) columns: BTreeMap<i64, String>,
}

impl Relation {
    /// The names of the columns of a list like `1 3` or `{1,3}`; expressions (0) have none.
    pub(super) fn names(&self, numbers: &str) -> Vec<String> {
        self::numbers(numbers).filter_map(|number| self.columns.get(&number).cloned()).collect()
    }
}

/// The numbers of a list like `1 3` or `{1,3}`.
pub(super) fn numbers(list: &str) -> impl Iterator<Item = i64> {
    list.split(|c: char| !c.is_ascii_digit() && c != '-').filter_map(|number| number.parse().ok())
}

impl<'s> Reading<'s> {
    pub(super) fn new(scope: &'s Scope, version: i64) -> Self {
        Self {
            scope,
            version,
            objects: HashMap::new(),
            unmodelled: BTreeSet::new(),
            addresses: Addresses::default(),
            relations: HashMap::new(),
            checks: HashMap::new(),
            canonical: HashMap::new(),
        }
    }

    /// Takes an object in, which needs the schema it stands in.
    pub(super) fn add(&mut self, address: Address, key: Key, owner: Option<String>, body: Body) {
        self.addresses.add(address, key.clone());
        let owner = owner.filter(|_| self.scope.owners);
        if let Some(object) = self.add_unaddressed(key, body) {
            object.owner = owner;
        }
    }

    /// The same for what nothing else refers to.
    pub(super) fn add_unaddressed(&mut self, key: Key, body: Body) -> Option<&mut Object> {
        let mut object = Object::new(body);
        if !key.kind.is_part() && !key.schema.is_empty() {
            object.needs.insert(Key::global(Kind::Schema, key.schema.clone()));
        }
        self.objects.insert(key.clone(), object);
        self.objects.get_mut(&key)
    }

    /// Takes in a part of a relation; nothing if the relation is not in the model.
    pub(super) fn add_part(
        &mut self,
        address: Address,
        relation: i64,
        (kind, name): (Kind, String),
        body: Body,
    ) -> Option<Key> {
        let of = self.relations.get(&relation)?.key.clone();
        let key = of.child(kind, name);
        self.add(address, key.clone(), None, body);
        self.need(&key, of);
        Some(key)
    }

    /// Says that an object needs another.
    pub(super) fn need(&mut self, key: &Key, needed: Key) {
        if *key != needed
            && let Some(object) = self.objects.get_mut(key)
        {
            object.needs.insert(needed);
        }
    }

    pub(super) fn unmodelled(&mut self, kind: &str, name: impl Into<String>) {
        self.unmodelled.insert(Unmodelled { kind: kind.to_owned(), name: name.into() });
    }

    /// The table of a number, if it is one that is read.
    pub(super) fn table(&mut self, relation: i64) -> Option<&mut Table> {
        let key = &self.relations.get(&relation)?.key;
        match self.objects.get_mut(key).map(|object| &mut object.body) {
            Some(Body::Table(table)) => Some(table),
            _ => None,
        }
    }

    /// The column of a number, if its table is read.
    pub(super) fn column(&mut self, relation: i64, number: i64) -> Option<&mut Column> {
        let key = self.addresses.exactly(Address::column(relation, number))?;
        match self.objects.get_mut(key).map(|object| &mut object.body) {
            Some(Body::Column(column)) => Some(column),
            _ => None,
        }
    }

    /// The body of what was taken in at an address.
    pub(super) fn body(&mut self, class: i64, oid: i64) -> Option<&mut Body> {
        let key = self.addresses.exactly(Address::new(class, oid))?;
        self.objects.get_mut(key).map(|object| &mut object.body)
    }

    /// The relation's own body.
    pub(super) fn relation_body(&mut self, relation: i64) -> Option<&mut Body> {
        self.body(class::RELATION, relation)
    }

    /// The whole, with no need that leads out of it.
    pub(super) fn finish(mut self) -> sqlx::Result<Model> {
        let keys: HashSet<Key> = self.objects.keys().cloned().collect();
        for (key, object) in &mut self.objects {
            object.needs.retain(|need| keys.contains(need));
            super::nested::flatten(object);
            if key.kind.is_part() && !object.needs.iter().any(|need| need.name == key.of) {
                return Err(strange(&format!("the {} {key} has no relation", key.kind.word())));
            }
        }
        Ok(Model {
            dialect: Dialect::Postgres,
            objects: self.objects.into_iter().collect(),
            unmodelled: self.unmodelled,
        })
    }
}
