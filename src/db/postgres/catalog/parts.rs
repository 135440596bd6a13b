//! The statements that read one relation, one for each of its parts, and their rows as the
//! parts of [`Relation`](crate::schema::Relation).
//!
//! Every statement's first column names the part, because all go in one round trip. Nothing
//! here puts the parts together.

use super::super::fields::Fields;
use crate::schema::{
    Column, Exclusion, ForeignKey, Generation, Incoming, Index, Policy, RelationName, Trigger,
    UniqueKey,
};

/// SQL for the names of a relation's columns behind an array of their numbers, in its order.
fn names(relation: &str, numbers: &str) -> String {
    format!(
        "(SELECT json_agg(a.attname ORDER BY u.place)
          FROM unnest({numbers}) WITH ORDINALITY AS u(number, place)
          JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = u.number)"
    )
}

/// SQL for a referential action's words.
fn action(code: &str) -> String {
    format!(
        "CASE {code} WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE'
              WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' ELSE '' END"
    )
}

const DEFERRABLE: &str = "CASE WHEN k.condeferrable THEN 'DEFERRABLE'
     || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END ELSE '' END";

/// All parts of the relation whose oid the SQL `oid` finds.
pub(super) fn questions(oid: &str, version: i64) -> String {
    let parts = [
        columns(oid),
        constraints(oid, version),
        foreign_keys(oid),
        indexes(oid, version),
        incoming(oid),
        triggers(oid),
        policies(oid),
        format!(
            "SELECT 'partition', n.nspname, c.relname FROM pg_inherits i
             JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE i.inhparent = {oid} AND c.relispartition ORDER BY 2, 3"
        ),
    ];
    parts.join(";\n")
}

fn columns(oid: &str) -> String {
    // A chain of domains is followed down to the type that stores the value.
    format!(
        "WITH RECURSIVE chain AS (
             SELECT DISTINCT t.oid AS start, t.oid, t.typname, t.typtype, t.typbasetype,
                    t.typnotnull AS not_null, t.typcollation
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
             WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
             UNION ALL
             SELECT chain.start, t.oid, t.typname, t.typtype, t.typbasetype,
                    chain.not_null OR t.typnotnull, chain.typcollation
             FROM chain JOIN pg_type t ON t.oid = chain.typbasetype WHERE chain.typtype = 'd')
         SELECT 'column', a.attname, format_type(a.atttypid, a.atttypmod), b.typname,
                NOT (a.attnotnull OR b.not_null), pg_get_expr(d.adbin, d.adrelid),
                a.attidentity, a.attgenerated,
                CASE WHEN a.attcollation <> b.typcollation
                     THEN (SELECT quote_ident(o.collname) FROM pg_collation o
                           WHERE o.oid = a.attcollation) END,
                col_description(a.attrelid, a.attnum),
                CASE WHEN b.typtype = 'e' THEN (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)
                     FROM pg_enum e WHERE e.enumtypid = b.oid) END,
                has_column_privilege(a.attrelid, a.attnum, 'SELECT'),
                quote_ident(a.attname), a.attnotnull
         FROM pg_attribute a
         JOIN chain b ON b.start = a.atttypid AND b.typtype <> 'd'
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum"
    )
}

/// Keys, checks and exclusions. Since 18 NOT NULL is a constraint too; the columns tell it.
fn constraints(oid: &str, version: i64) -> String {
    let columns = names(oid, "k.conkey");
    let same_nulls =
        if version >= 150_000 { "coalesce(i.indnullsnotdistinct, false)" } else { "false" };
    format!(
        "SELECT 'constraint', k.conname, k.contype, {columns}, {same_nulls}, {DEFERRABLE},
                k.convalidated, pg_get_constraintdef(k.oid, true), quote_ident(k.conname),
                pg_get_expr(k.conbin, k.conrelid, true), k.conislocal
         FROM pg_constraint k LEFT JOIN pg_index i ON i.indexrelid = k.conindid
         WHERE k.conrelid = {oid} AND k.contype IN ('p', 'u', 'c', 'x') ORDER BY k.conname"
    )
}

fn foreign_keys(oid: &str) -> String {
    let (columns, target_columns) =
        (names("k.conrelid", "k.conkey"), names("k.confrelid", "k.confkey"));
    let (on_delete, on_update) = (action("k.confdeltype"), action("k.confupdtype"));
    format!(
        "SELECT 'foreign key', k.conname, {columns}, n.nspname, c.relname, {target_columns},
                {on_delete}, {on_update}, k.convalidated,
                pg_get_constraintdef(k.oid, true), quote_ident(k.conname)
         FROM pg_constraint k
         JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE k.conrelid = {oid} AND k.contype = 'f' AND {OWN_KEY} ORDER BY k.conname"
    )
}

/// SQL: the key is not one the server made by itself for a partition of the target. A key to a
/// partitioned table has such children on the same referring table.
const OWN_KEY: &str = "NOT EXISTS (SELECT FROM pg_constraint o WHERE o.oid = k.conparentid
     AND o.conrelid = k.conrelid)";

fn incoming(oid: &str) -> String {
    let (columns, target_columns) =
        (names("k.conrelid", "k.conkey"), names("k.confrelid", "k.confkey"));
    let on_delete = action("k.confdeltype");
    // A partition's share of its parent's key would only repeat it.
    format!(
        "SELECT 'incoming', n.nspname, c.relname, k.conname, {columns}, {target_columns}, {on_delete}
         FROM pg_constraint k
         JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE k.confrelid = {oid} AND k.contype = 'f' AND k.conparentid = 0
         ORDER BY n.nspname, c.relname, k.conname"
    )
}

fn indexes(oid: &str, version: i64) -> String {
    let same_nulls = if version >= 150_000 { "x.indnullsnotdistinct" } else { "false" };
    let free = free(oid);
    let key_columns = names("x.indrelid", "(x.indkey::int2[])[0:x.indnkeyatts - 1]");
    format!(
        "SELECT 'index', c.relname,
                (SELECT json_agg(pg_get_indexdef(c.oid, n, true) ORDER BY n)
                 FROM generate_series(1, x.indnkeyatts) n),
                x.indisunique, x.indisprimary, m.amname, pg_get_expr(x.indpred, x.indrelid, true),
                CASE WHEN {free} THEN pg_relation_size(c.oid) END,
                x.indisvalid AND x.indisready, pg_get_indexdef(c.oid),
                k.oid IS NULL AND x.indisunique AND x.indisvalid AND x.indimmediate
                  AND x.indpred IS NULL AND x.indexprs IS NULL AS is_key,
                {key_columns}, {same_nulls}, k.oid IS NOT NULL
         FROM pg_index x
         JOIN pg_class c ON c.oid = x.indexrelid
         JOIN pg_am m ON m.oid = c.relam
         LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid
              AND k.contype IN ('p', 'u', 'x')
         WHERE x.indrelid = {oid} ORDER BY x.indisprimary DESC, c.relname"
    )
}

/// SQL: whether nobody holds the relation so that asking for its size would wait.
pub(super) fn free(oid: &str) -> String {
    format!(
        "(SELECT NOT EXISTS (SELECT FROM pg_locks l WHERE l.relation = {oid} AND l.granted
           AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()))"
    )
}

fn triggers(oid: &str) -> String {
    format!(
        "SELECT 'trigger', t.tgname, t.tgenabled <> 'D', pg_get_triggerdef(t.oid, true)
         FROM pg_trigger t WHERE t.tgrelid = {oid} AND NOT t.tgisinternal ORDER BY t.tgname"
    )
}

fn policies(oid: &str) -> String {
    format!(
        "SELECT 'policy', p.polname,
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                     WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                p.polpermissive,
                (SELECT json_agg(CASE WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r)::text END)
                 FROM unnest(p.polroles) r),
                pg_get_expr(p.polqual, p.polrelid, true),
                pg_get_expr(p.polwithcheck, p.polrelid, true)
         FROM pg_policy p WHERE p.polrelid = {oid} ORDER BY p.polname"
    )
}

pub(super) fn column(fields: Fields<'_>) -> sqlx::Result<Column> {
    let expression = fields.optional(5)?;
    let stored = |expression: &Option<String>| expression.clone().unwrap_or_default();
    let generation = match (fields.text(6)?.as_str(), fields.text(7)?.as_str()) {
        ("a", _) => Some(Generation::IdentityAlways),
        ("d", _) => Some(Generation::IdentityByDefault),
        (_, "s") => Some(Generation::Stored(stored(&expression))),
        (_, "v") => Some(Generation::Virtual(stored(&expression))),
        _ => None,
    };
    Ok(Column {
        name: fields.text(1)?,
        type_name: fields.text(2)?,
        base_type: fields.text(3)?,
        nullable: fields.flag(4)?,
        default: expression.filter(|_| generation.is_none()),
        generation,
        collation: fields.optional(8)?,
        comment: fields.optional(9)?,
        enum_labels: fields.list(10)?,
        readable: fields.flag(11)?,
    })
}

pub(super) fn unique_key(fields: Fields<'_>) -> sqlx::Result<UniqueKey> {
    Ok(UniqueKey {
        name: fields.text(1)?,
        columns: fields.list(3)?,
        nulls_not_distinct: fields.flag(4)?,
        deferrable: fields.text(5)?,
    })
}

/// A unique index no constraint stands for, if it tells rows apart by plain columns.
pub(super) fn unique_index(fields: Fields<'_>) -> sqlx::Result<Option<UniqueKey>> {
    if !fields.flag(10)? {
        return Ok(None);
    }
    Ok(Some(UniqueKey {
        name: fields.text(1)?,
        columns: fields.list(11)?,
        nulls_not_distinct: fields.flag(12)?,
        deferrable: String::new(),
    }))
}

pub(super) fn exclusion(fields: Fields<'_>) -> sqlx::Result<Exclusion> {
    Ok(Exclusion { name: fields.text(1)?, definition: fields.text(7)? })
}

pub(super) fn foreign_key(fields: Fields<'_>) -> sqlx::Result<ForeignKey> {
    Ok(ForeignKey {
        name: fields.text(1)?,
        columns: fields.list(2)?,
        target: RelationName::new(fields.text(3)?, fields.text(4)?),
        target_columns: fields.list(5)?,
        on_delete: fields.text(6)?,
        on_update: fields.text(7)?,
        validated: fields.flag(8)?,
    })
}

pub(super) fn referrer(fields: Fields<'_>) -> sqlx::Result<Incoming> {
    Ok(Incoming {
        source: RelationName::new(fields.text(1)?, fields.text(2)?),
        name: fields.text(3)?,
        source_columns: fields.list(4)?,
        columns: fields.list(5)?,
        on_delete: fields.text(6)?,
    })
}

pub(super) fn index(fields: Fields<'_>) -> sqlx::Result<Index> {
    Ok(Index {
        name: fields.text(1)?,
        columns: fields.list(2)?,
        unique: fields.flag(3)?,
        primary: fields.flag(4)?,
        method: fields.text(5)?,
        predicate: fields.optional(6)?,
        bytes: fields.optional_count(7)?,
        valid: fields.flag(8)?,
        definition: fields.text(9)?,
    })
}

pub(super) fn trigger(fields: Fields<'_>) -> sqlx::Result<Trigger> {
    Ok(Trigger { name: fields.text(1)?, enabled: fields.flag(2)?, definition: fields.text(3)? })
}

pub(super) fn policy(fields: Fields<'_>) -> sqlx::Result<Policy> {
    Ok(Policy {
        name: fields.text(1)?,
        command: fields.text(2)?,
        permissive: fields.flag(3)?,
        roles: fields.list(4)?,
        using: fields.optional(5)?,
        with_check: fields.optional(6)?,
    })
}
