//! Sequences: those of their own, and those that number an identity column, which are a part of
//! the column.
//!
//! Where a sequence stands is data, not schema: no value is read.

use super::super::fields::Fields;
use super::Question;
use super::address::{Address, class};
use super::own;
use super::reading::Reading;
use crate::schema::model::{Body, Identity, Key, Kind, Sequence, SequenceOptions};

pub(super) fn question(question: &Question) -> String {
    format!(
        "SELECT 'sequence', c.oid, n.nspname, c.relname, pg_get_userbyid(c.relowner),
                c.relpersistence = 'u', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
                s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
                d.deptype, d.refobjid, d.refobjsubid, a.attidentity = 'a', a.attname,
                o.relname, o_n.nspname
         FROM pg_sequence s
         JOIN pg_class c ON c.oid = s.seqrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_depend d ON d.classid = {relation} AND d.objid = c.oid AND d.objsubid = 0
              AND d.refclassid = {relation} AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
         LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         LEFT JOIN pg_class o ON o.oid = d.refobjid
         LEFT JOIN pg_namespace o_n ON o_n.oid = o.relnamespace
         WHERE c.relpersistence <> 't' AND {} AND {}",
        question.within("c.relnamespace"),
        own(class::RELATION, "c.oid"),
        relation = class::RELATION,
    )
}

pub(super) fn sequence(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let address = Address::new(class::RELATION, row.integer(1)?);
    let unlogged = row.flag(5)?;
    let options = SequenceOptions {
        type_name: row.text(6)?,
        start: row.integer(7)?,
        increment: row.integer(8)?,
        minimum: row.integer(9)?,
        maximum: row.integer(10)?,
        cache: row.integer(11)?,
        cycle: row.flag(12)?,
    };
    if row.text(13)? == "i" {
        return identity(reading, row, address, (unlogged, options));
    }
    let owned_by = match row.optional(17)? {
        Some(column) => Some(Key::part(Kind::Column, row.text(19)?, row.text(18)?, column)),
        None => None,
    };
    let key = Key::new(Kind::Sequence, row.text(2)?, row.text(3)?);
    let body = Body::Sequence(Sequence { options, unlogged, owned_by });
    reading.add(address, key, row.optional(4)?, body);
    Ok(())
}

fn identity(
    reading: &mut Reading<'_>,
    row: Fields<'_>,
    address: Address,
    (unlogged, options): (bool, SequenceOptions),
) -> sqlx::Result<()> {
    let (relation, number) = (row.integer(14)?, row.integer(15)?);
    let with_table = reading.relations.get(&relation).is_some_and(|of| of.unlogged) == unlogged;
    // Before PostgreSQL 15 a sequence is never unlogged, and that says nothing.
    let other = reading.version >= 150_000 && !with_table;
    let (always, sequence) = (row.flag(16)?, row.text(3)?);
    if let Some(column) = reading.column(relation, number) {
        column.identity = Some(Identity { always, options, sequence, unlogged: other });
        reading.addresses.alias(address, Address::column(relation, number));
    }
    Ok(())
}
