//! Privileges, with the defaults written out, and the default privileges of objects made later.
//!
//! Who granted them is not kept.

use super::super::fields::Fields;
use super::address::{Address, class};
use super::reading::Reading;
use super::{Question, own};
use crate::schema::model::{Body, Grant, Grantee, Key, Kind};

/// SQL: the privileges in `acl` of what `owner` owns, as the last fields of a row.
const GRANTED: &str = "CASE WHEN g.grantee = 0 THEN 'public' ELSE 'role' END,
                pg_get_userbyid(g.grantee), g.privilege_type, g.is_grantable";

fn of(class: i64, table: &str, prefix: &str, letter: &str, filter: &str) -> String {
    format!(
        "SELECT 'grant', {class}, o.oid, 0, g.grantee = o.{prefix}owner, {GRANTED}
         FROM {table} o
         CROSS JOIN LATERAL aclexplode(coalesce(o.{prefix}acl,
                            acldefault({letter}, o.{prefix}owner))) g
         WHERE {filter}"
    )
}

pub(super) fn question(question: &Question) -> String {
    let relations = format!(
        "o.relkind IN ('r', 'p', 'v', 'm', 'S') AND {} AND {}
         AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = {relation} AND i.objid = o.oid
                         AND o.relkind = 'S' AND i.deptype = 'i')",
        question.within("o.relnamespace"),
        own(class::RELATION, "o.oid"),
        relation = class::RELATION,
    );
    let letter = "CASE WHEN o.relkind = 'S' THEN 's' ELSE 'r' END::\"char\"";
    let columns = format!(
        "SELECT 'grant', {}, c.oid, a.attnum, g.grantee = c.relowner, {GRANTED}
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         CROSS JOIN LATERAL aclexplode(a.attacl) g
         WHERE a.attacl IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped AND {}",
        class::RELATION,
        question.within("c.relnamespace")
    );
    let (schemas, routines, types) = (
        question.within("o.oid"),
        question.within("o.pronamespace"),
        question.within("o.typnamespace"),
    );
    // A table's row type is no object of its own.
    let types = format!(
        "(o.typtype IN ('e', 'd', 'r') OR o.typtype = 'c' AND EXISTS
          (SELECT FROM pg_class c WHERE c.oid = o.typrelid AND c.relkind = 'c')) AND {types}"
    );
    [
        of(class::NAMESPACE, "pg_namespace", "nsp", "'n'", &schemas),
        of(class::RELATION, "pg_class", "rel", letter, &relations),
        columns,
        of(class::PROC, "pg_proc", "pro", "'f'", &routines),
        of(class::TYPE, "pg_type", "typ", "'T'", &types),
        identity_sequences(question),
    ]
    .join(";\n")
}

/// Privileges on a sequence that is part of a column have no place in the model.
fn identity_sequences(question: &Question) -> String {
    format!(
        "SELECT 'unmodelled', 'privileges on an identity column''s sequence',
                n.nspname || '.' || c.relname
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'S' AND c.relacl IS NOT NULL AND {}
           AND c.relacl::text[] <> acldefault('s', c.relowner)::text[]
           AND EXISTS (SELECT FROM pg_depend i WHERE i.classid = {} AND i.objid = c.oid
                       AND i.deptype = 'i')",
        question.within("c.relnamespace"),
        class::RELATION
    )
}

fn granted(row: Fields<'_>, first: usize) -> sqlx::Result<Grant> {
    let grantee = match (row.flag(first)?, row.text(first + 1)?.as_str()) {
        (true, _) => Grantee::Owner,
        (_, "public") => Grantee::Public,
        _ => Grantee::Role(row.text(first + 2)?),
    };
    Ok(Grant { grantee, privilege: row.text(first + 3)?, grantable: row.flag(first + 4)? })
}

pub(super) fn grant(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let address = Address { class: row.integer(1)?, oid: row.integer(2)?, part: row.integer(3)? };
    let grant = granted(row, 4)?;
    match reading.addresses.exactly(address).cloned() {
        Some(key) => {
            if let Some(object) = reading.objects.get_mut(&key) {
                object.grants.insert(grant);
            }
        }
        // The columns of views: the functions of a range type come here too.
        None if address.part > 0 => {
            let column = reading.relations.get(&address.oid).and_then(|relation| {
                let name = relation.columns.get(&address.part)?;
                Some(format!("{}.{name}", relation.key))
            });
            if let Some(name) = column {
                reading.unmodelled("privileges on a column of a view", name);
            }
        }
        None => {}
    }
    Ok(())
}

/// An entry without a schema holds all privileges, one with a schema those that are added.
pub(super) fn defaults(question: &Question) -> String {
    format!(
        "SELECT 'default privileges', pg_get_userbyid(d.defaclrole), n.nspname,
                CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                     WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS'
                     ELSE 'LARGE OBJECTS' END,
                g.privilege_type IS NOT NULL, g.grantee = d.defaclrole, {GRANTED}
         FROM pg_default_acl d
         LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
         LEFT JOIN LATERAL aclexplode(d.defaclacl) g ON true
         WHERE d.defaclnamespace = 0 OR {}",
        question.within("d.defaclnamespace")
    )
}

pub(super) fn default(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let key = Key {
        kind: Kind::DefaultPrivileges,
        schema: row.text(2)?,
        of: row.text(3)?,
        name: row.text(1)?,
    };
    if !reading.objects.contains_key(&key) {
        reading.add_unaddressed(key.clone(), Body::DefaultPrivileges);
    }
    if row.flag(4)? {
        let grant = granted(row, 5)?;
        if let Some(object) = reading.objects.get_mut(&key) {
            object.grants.insert(grant);
        }
    }
    Ok(())
}
