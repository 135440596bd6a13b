//! Enums, ranges and domains. Composite types are read with the relations, where their
//! attributes are.
//!
//! Base types are not modelled.

use super::super::fields::Fields;
use super::address::{Address, class};
use super::reading::Reading;
use super::{Question, own};
use crate::schema::model::{Body, Domain, DomainCheck, Key, Kind};

pub(super) fn question(question: &Question) -> String {
    let multirange = if question.version >= 140_000 {
        "mn.nspname, m.typname, quote_ident(mn.nspname) || '.' || quote_ident(m.typname)"
    } else {
        "NULL, NULL, NULL"
    };
    let joined = question.since(
        140_000,
        "",
        "LEFT JOIN pg_type m ON m.oid = r.rngmultitypid
         LEFT JOIN pg_namespace mn ON mn.oid = m.typnamespace",
    );
    format!(
        "SELECT 'type', t.oid, n.nspname, t.typname, pg_get_userbyid(t.typowner), t.typtype,
                CASE WHEN t.typtype = 'e' THEN
                     (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)
                      FROM pg_enum e WHERE e.enumtypid = t.oid) END,
                format_type(t.typbasetype, t.typtypmod),
                CASE WHEN t.typcollation <> b.typcollation
                     THEN quote_ident(kn.nspname) || '.' || quote_ident(k.collname) END,
                t.typnotnull,
                coalesce(pg_get_expr(t.typdefaultbin, 'pg_type'::regclass), t.typdefault),
                format_type(r.rngsubtype, NULL),
                CASE WHEN NOT o.opcdefault
                     THEN quote_ident(o_n.nspname) || '.' || quote_ident(o.opcname) END,
                CASE WHEN r.rngcollation <> u.typcollation
                     THEN quote_ident(rkn.nspname) || '.' || quote_ident(rk.collname) END,
                nullif(r.rngcanonical, 0)::regproc::text, nullif(r.rngsubdiff, 0)::regproc::text,
                nullif(r.rngcanonical, 0), {multirange}
         FROM pg_type t
         JOIN pg_namespace n ON n.oid = t.typnamespace
         LEFT JOIN pg_type b ON b.oid = t.typbasetype
         LEFT JOIN pg_collation k ON k.oid = t.typcollation
         LEFT JOIN pg_namespace kn ON kn.oid = k.collnamespace
         LEFT JOIN pg_range r ON r.rngtypid = t.oid
         LEFT JOIN pg_type u ON u.oid = r.rngsubtype
         LEFT JOIN pg_collation rk ON rk.oid = r.rngcollation
         LEFT JOIN pg_namespace rkn ON rkn.oid = rk.collnamespace
         LEFT JOIN pg_opclass o ON o.oid = r.rngsubopc
         LEFT JOIN pg_namespace o_n ON o_n.oid = o.opcnamespace
         {joined}
         WHERE t.typtype IN ('e', 'd', 'r') AND {} AND {}",
        question.within("t.typnamespace"),
        own(class::TYPE, "t.oid")
    )
}

pub(super) fn named(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let (schema, name) = (row.text(2)?, row.text(3)?);
    let (kind, body) = match row.text(5)?.as_str() {
        "e" => (Kind::Enum, Body::Enum { labels: row.list(6)? }),
        "r" => (Kind::Range, Body::Range { definition: range(row, &schema, &name)? }),
        _ => (Kind::Domain, Body::Domain(domain(row)?)),
    };
    let key = Key::new(kind, schema, name);
    if let Some(canonical) = row.optional_integer(16)? {
        reading.canonical.insert(Address::new(class::PROC, canonical), key.clone());
    }
    reading.add(Address::new(class::TYPE, row.integer(1)?), key, row.optional(4)?, body);
    Ok(())
}

fn domain(row: Fields<'_>) -> sqlx::Result<Domain> {
    Ok(Domain {
        base: row.text(7)?,
        collation: row.optional(8)?,
        not_null: row.flag(9)?,
        default: row.optional(10)?,
        checks: Vec::new(),
    })
}

fn range(row: Fields<'_>, schema: &str, name: &str) -> sqlx::Result<String> {
    let mut options = vec![format!("subtype = {}", row.text(11)?)];
    let rest = ["subtype_opclass", "collation", "canonical", "subtype_diff"];
    for (index, option) in (12..).zip(rest) {
        if let Some(value) = row.optional(index)? {
            options.push(format!("{option} = {value}"));
        }
    }
    let multirange = (row.optional(17)?, row.optional(18)?);
    if let (Some(its_schema), Some(its_name)) = multirange
        && (its_schema != schema || its_name != multirange_name(name))
    {
        options.push(format!("multirange_type_name = {}", row.text(19)?));
    }
    Ok(options.join(", "))
}

/// What the server calls the multirange type when it is not told.
fn multirange_name(range: &str) -> String {
    match range.split_once("range") {
        Some((before, after)) => format!("{before}multirange{after}"),
        None => format!("{range}_multirange"),
    }
}

pub(super) fn checks(question: &Question) -> String {
    format!(
        "SELECT 'domain check', k.oid, k.contypid, k.conname, pg_get_constraintdef(k.oid),
                k.convalidated
         FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid
         WHERE k.contype = 'c' AND {} ORDER BY k.conname COLLATE \"C\"",
        question.within("t.typnamespace")
    )
}

pub(super) fn check(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let (oid, of, name) = (row.integer(1)?, row.integer(2)?, row.text(3)?);
    let domain = Address::new(class::TYPE, of);
    let Some(key) = reading.addresses.exactly(domain).cloned() else {
        return Ok(());
    };
    if let Some(Body::Domain(domain)) = reading.body(class::TYPE, of) {
        domain.checks.push(DomainCheck {
            name: name.clone(),
            definition: row.text(4)?,
            validated: row.flag(5)?,
            comment: None,
        });
    }
    reading.checks.insert(oid, (key, name));
    reading.addresses.alias(Address::new(class::CONSTRAINT, oid), domain);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::multirange_name;

    #[test]
    fn a_multirange_is_called_as_the_server_would() {
        assert_eq!(multirange_name("floatrange"), "floatmultirange");
        assert_eq!(multirange_name("range_of_ranges"), "multirange_of_ranges");
        assert_eq!(multirange_name("span"), "span_multirange");
    }
}
