//! The constraints of tables: keys, checks, foreign keys and exclusions.
//!
//! What refuses NULL is read with the columns, what a domain checks with the domains, and a
//! constraint trigger is a trigger.

use super::super::fields::Fields;
use super::Question;
use super::address::{Address, class};
use super::reading::Reading;
use crate::schema::model::{Body, Constraint, ConstraintKind, Key, Kind};

/// A foreign key to a partitioned table has a row for each partition referred to; those are how
/// the server acts on it, not constraints of anybody.
pub(super) fn question(question: &Question) -> String {
    format!(
        "SELECT 'constraint', k.oid, k.conrelid, k.conname, k.contype,
                pg_get_constraintdef(k.oid), k.conkey, k.conislocal, k.convalidated,
                CASE WHEN k.contype IN ('p', 'u', 'x') THEN k.conindid END, i.indisvalid,
                fn.nspname, f.relname,
                CASE WHEN k.contype = 'f' THEN
                     (SELECT json_agg(a.attname ORDER BY u.place)
                      FROM unnest(k.confkey) WITH ORDINALITY u (number, place)
                      JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number) END,
                coalesce(pn.nspname, hn.nspname), coalesce(p.relname, ht.relname),
                coalesce(u.conname, hi.relname), k.conparentid <> 0,
                CASE WHEN k.contype IN ('p', 'u') THEN array_to_json(c.reloptions) END,
                quote_ident(s.spcname),
                CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END
                || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END,
                pg_get_expr(i.indpred, i.indrelid)
         FROM pg_constraint k
         JOIN pg_class o ON o.oid = k.conrelid
         LEFT JOIN pg_class f ON k.contype = 'f' AND f.oid = k.confrelid
         LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
         LEFT JOIN pg_constraint u ON u.oid = k.conparentid
         LEFT JOIN pg_class p ON p.oid = u.conrelid
         LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
         LEFT JOIN pg_inherits h ON k.conparentid = 0 AND h.inhrelid = k.conindid
              AND k.contype IN ('p', 'u', 'x')
         LEFT JOIN pg_class hi ON hi.oid = h.inhparent
         LEFT JOIN pg_index hx ON hx.indexrelid = hi.oid
         LEFT JOIN pg_class ht ON ht.oid = hx.indrelid
         LEFT JOIN pg_namespace hn ON hn.oid = ht.relnamespace
         LEFT JOIN pg_index i ON k.contype IN ('p', 'u', 'x') AND i.indexrelid = k.conindid
         LEFT JOIN pg_class c ON c.oid = i.indexrelid
         LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
         WHERE k.contype IN ('p', 'u', 'c', 'f', 'x') AND {}
           AND NOT (k.contype = 'f' AND k.conparentid <> 0 AND u.conrelid = k.conrelid)",
        question.within("o.relnamespace")
    )
}

pub(super) fn constraint(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let (oid, relation, name) = (row.integer(1)?, row.integer(2)?, row.text(3)?);
    let Some(of) = reading.relations.get(&relation) else {
        return Ok(());
    };
    let references = row.optional(11)?.zip(row.optional(12)?);
    let parent = match (row.optional(14)?, row.optional(15)?, row.optional(16)?) {
        (Some(schema), Some(table), Some(name)) => {
            // The server takes a constraint's index for its like of an index that is none's.
            let kind = if row.flag(17)? { Kind::Constraint } else { Kind::Index };
            Some(Key::part(kind, schema, table, name))
        }
        _ => None,
    };
    let index = row.optional_integer(9)?;
    let body = Constraint {
        kind: match row.text(4)?.as_str() {
            "p" => ConstraintKind::Primary,
            "u" => ConstraintKind::Unique,
            "c" => ConstraintKind::Check,
            "f" => ConstraintKind::Foreign,
            _ => ConstraintKind::Exclusion,
        },
        definition: definition(row)?,
        columns: of.names(&row.text(6)?),
        references: references.map(|(schema, name)| Key::new(Kind::Table, schema, name)),
        referenced_columns: row.list(13)?,
        validated: row.flag(8)?,
        local: row.flag(7)? && !row.flag(17)?,
        parent: parent.clone(),
        index_valid: index.is_none() || row.flag(10)?,
    };
    let references = body.references.clone();
    let address = Address::new(class::CONSTRAINT, oid);
    let body = Body::Constraint(body);
    let Some(key) = reading.add_part(address, relation, (Kind::Constraint, name), body) else {
        return Ok(());
    };
    for needed in [references, parent].into_iter().flatten() {
        reading.need(&key, needed);
    }
    if let Some(index) = index {
        reading.addresses.alias(Address::new(class::RELATION, index), address);
    }
    Ok(())
}

/// What the server prints, and in its place what it leaves out of it: the storage parameters and
/// the tablespace of the index.
fn definition(row: Fields<'_>) -> sqlx::Result<String> {
    let definition = row.text(5)?;
    let mut clauses = String::new();
    let mut options = row.list(18)?;
    if !options.is_empty() {
        options.sort();
        clauses.push_str(&format!(" WITH ({})", options.join(", ")));
    }
    if let Some(tablespace) = row.optional(19)? {
        clauses.push_str(&format!(" USING INDEX TABLESPACE {tablespace}"));
    }
    if clauses.is_empty() {
        return Ok(definition);
    }
    let filter = row.optional(21)?.map(|filter| format!(" WHERE ({filter})"));
    let end = format!("{}{}", filter.unwrap_or_default(), row.text(20)?);
    insert(&definition, &clauses, &end)
}

/// A definition with clauses put in before its end.
pub(super) fn insert(definition: &str, clauses: &str, end: &str) -> sqlx::Result<String> {
    match definition.strip_suffix(end) {
        Some(start) => Ok(format!("{start}{clauses}{end}")),
        None => Err(super::strange(&format!("{definition:?} does not end with {end:?}"))),
    }
}
