//! What needs what, as the server itself keeps it.
//!
//! A need never leads back: a sequence goes with its column, and is not needed by it through
//! that.

use super::super::fields::Fields;
use super::address::{Address, class};
use super::reading::Reading;
use crate::schema::model::{Key, Kind};

/// What the server was made with (below 16384) is always there. A type that goes with another
/// thing and a view's own rule are that thing.
pub(super) fn question() -> String {
    format!(
        "SELECT 'need', d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid
         FROM pg_depend d
         WHERE d.deptype <> 'e' AND d.objid >= 16384 AND d.refobjid >= 16384
           AND d.refclassid <> {namespace}
           AND NOT (d.deptype = 'i' AND d.classid IN ({type_}, {rewrite}))",
        namespace = class::NAMESPACE,
        type_ = class::TYPE,
        rewrite = class::REWRITE,
    )
}

pub(super) fn need(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let by = Address { class: row.integer(1)?, oid: row.integer(2)?, part: row.integer(3)? };
    let needed = Address { class: row.integer(4)?, oid: row.integer(5)?, part: row.integer(6)? };
    if let (Some(key), Some(other)) =
        (reading.addresses.object(by), reading.addresses.needed(needed))
        && !leads_back(reading, by, (key, other))
    {
        let (key, other) = (key.clone(), other.clone());
        reading.need(&key, other);
    }
    Ok(())
}

fn leads_back(reading: &Reading<'_>, by: Address, (key, other): (&Key, &Key)) -> bool {
    let owned = key.kind == Kind::Sequence && other.kind == Kind::Column;
    owned || reading.canonical.get(&by) == Some(other)
}
