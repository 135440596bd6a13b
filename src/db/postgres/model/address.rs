//! How the catalogue names a thing, the number of its table, its own number and that of its
//! column, and which object of the model that is.
//!
//! Nothing here reads what an object is.

use std::collections::HashMap;

use super::super::fields::Fields;
use super::reading::Reading;
use crate::schema::model::{Key, Kind};

/// The numbers of the catalogue's tables, the same in every version.
pub(super) mod class {
    pub(in super::super) const TYPE: i64 = 1247;
    pub(in super::super) const PROC: i64 = 1255;
    pub(in super::super) const RELATION: i64 = 1259;
    pub(in super::super) const DEFAULT: i64 = 2604;
    pub(in super::super) const CONSTRAINT: i64 = 2606;
    pub(in super::super) const NAMESPACE: i64 = 2615;
    pub(in super::super) const REWRITE: i64 = 2618;
    pub(in super::super) const TRIGGER: i64 = 2620;
    pub(in super::super) const EXTENSION: i64 = 3079;
    pub(in super::super) const POLICY: i64 = 3256;
    pub(in super::super) const STATISTICS: i64 = 3381;
    pub(in super::super) const COLLATION: i64 = 3456;
    pub(in super::super) const EVENT_TRIGGER: i64 = 3466;
}

/// How many steps an array of rows of a table of an extension may be away from it.
const STEPS: usize = 6;

/// The catalogue's name of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Address {
    pub(super) class: i64,
    pub(super) oid: i64,
    /// The column; 0 for the thing itself.
    pub(super) part: i64,
}

impl Address {
    pub(super) fn new(class: i64, oid: i64) -> Self {
        Self { class, oid, part: 0 }
    }

    pub(super) fn column(relation: i64, number: i64) -> Self {
        Self { class: class::RELATION, oid: relation, part: number }
    }

    fn whole(self) -> Self {
        Self { part: 0, ..self }
    }
}

/// Which object is at which address.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    objects: HashMap<Address, Key>,
    /// What is not an object of its own but belongs to one: an array type, a constraint's index.
    aliases: HashMap<Address, Address>,
    /// What belongs to an extension.
    members: HashMap<Address, Key>,
}

impl Addresses {
    pub(super) fn add(&mut self, address: Address, key: Key) {
        self.objects.insert(address, key);
    }

    pub(super) fn alias(&mut self, address: Address, of: Address) {
        self.aliases.insert(address, of);
    }

    /// The object at this very address.
    pub(super) fn exactly(&self, address: Address) -> Option<&Key> {
        self.objects.get(&address)
    }

    /// The object that the thing at an address is, or belongs to.
    pub(super) fn object(&self, address: Address) -> Option<&Key> {
        self.walk(address, |at| self.objects.get(&at))
    }

    /// The same, or the extension it belongs to.
    pub(super) fn needed(&self, address: Address) -> Option<&Key> {
        self.walk(address, |at| self.objects.get(&at).or_else(|| self.members.get(&at.whole())))
    }

    fn walk<'a>(
        &'a self,
        mut at: Address,
        find: impl Fn(Address) -> Option<&'a Key>,
    ) -> Option<&'a Key> {
        for _ in 0..STEPS {
            let found = find(at).or_else(|| find(at.whole()));
            if found.is_some() {
                return found;
            }
            at = *self.aliases.get(&at).or_else(|| self.aliases.get(&at.whole()))?;
        }
        None
    }
}

/// What belongs to extensions, and what belongs to types.
pub(super) fn question() -> String {
    format!(
        "SELECT 'member', e.classid, e.objid, x.extname
         FROM pg_depend e JOIN pg_extension x ON x.oid = e.refobjid
         WHERE e.refclassid = {extension} AND e.deptype = 'e';
         SELECT 'alias', {type_}, t.typarray, {type_}, t.oid
         FROM pg_type t WHERE t.typarray >= 16384
         UNION ALL
         SELECT 'alias', {type_}, t.oid, {relation}, t.typrelid
         FROM pg_type t WHERE t.typrelid >= 16384
         UNION ALL
         SELECT 'alias', d.classid, d.objid, d.refclassid, d.refobjid
         FROM pg_depend d
         WHERE d.deptype = 'i' AND d.classid IN ({type_}, {proc}) AND d.refclassid = {type_}
           AND d.objid >= 16384 AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = d.objid)",
        type_ = class::TYPE,
        proc = class::PROC,
        relation = class::RELATION,
        extension = class::EXTENSION,
    )
}

pub(super) fn member(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let key = Key::global(Kind::Extension, row.text(3)?);
    reading.addresses.members.insert(Address::new(row.integer(1)?, row.integer(2)?), key);
    Ok(())
}

pub(super) fn alias(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let address = Address::new(row.integer(1)?, row.integer(2)?);
    reading.addresses.alias(address, Address::new(row.integer(3)?, row.integer(4)?));
    Ok(())
}
