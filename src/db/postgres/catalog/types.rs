//! The types somebody made: enums, domains, composites and ranges, with what defines them.
//!
//! Types of an extension are left out: they are part of it, not of the schema.

use super::super::fields::Fields;
use super::SYSTEM_SCHEMA;
use crate::schema::{NamedType, TypeKind};

/// The statement that lists them.
pub(super) fn question() -> String {
    format!(
        "SELECT 'type', n.nspname, t.typname, t.typtype,
                CASE t.typtype
                WHEN 'e' THEN (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)
                               FROM pg_enum e WHERE e.enumtypid = t.oid)
                WHEN 'd' THEN (SELECT json_agg(line ORDER BY place, line) FROM (
                        SELECT 0 AS place, format_type(t.typbasetype, t.typtypmod)
                               || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END AS line
                        UNION ALL SELECT 1, 'DEFAULT ' || t.typdefault WHERE t.typdefault IS NOT NULL
                        UNION ALL SELECT 2, pg_get_constraintdef(k.oid, true)
                        FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c') d)
                WHEN 'c' THEN (SELECT json_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                                               ORDER BY a.attnum)
                               FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0
                               AND NOT a.attisdropped)
                WHEN 'r' THEN (SELECT json_agg('subtype ' || format_type(r.rngsubtype, NULL))
                               FROM pg_range r WHERE r.rngtypid = t.oid) END
         FROM pg_type t
         JOIN pg_namespace n ON n.oid = t.typnamespace
         LEFT JOIN pg_class c ON c.oid = t.typrelid
         WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
           AND NOT {SYSTEM_SCHEMA}
           AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass
                           AND e.objid = t.oid AND e.deptype = 'e')"
    )
}

/// One of its rows.
pub(super) fn named(fields: Fields<'_>) -> sqlx::Result<Option<NamedType>> {
    let kind = match fields.text(3)?.as_str() {
        "e" => TypeKind::Enum,
        "d" => TypeKind::Domain,
        "c" => TypeKind::Composite,
        "r" => TypeKind::Range,
        _ => return Ok(None),
    };
    Ok(Some(NamedType { name: fields.text(2)?, kind, definition: fields.list(4)? }))
}
