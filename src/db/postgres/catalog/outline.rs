//! The outline: schemas, relations, types, sequences and functions, in one round trip that
//! stays fast for thousands of tables.
//!
//! Only `pg_catalog` is read, never a relation, so a locked table cannot hold it up.

use std::collections::{BTreeMap, HashMap};

use sqlx::postgres::PgRow;

use super::super::failure::Answered;
use super::super::fields::Fields;
use super::super::pool::Lease;
use super::{OF_CAPSULES, ROWS_ESTIMATE, SYSTEM_SCHEMA, kind, types};
use crate::db::RelationSize;
use crate::schema::{
    Function, Outline, OutlineRelation, OutlineSchema, RelationKind, RelationName, Sequence,
};

/// How many names a sentence about unreadable things lists.
const NAMES: usize = 5;

fn schemas() -> String {
    format!(
        "SELECT 'schema', n.nspname, has_schema_privilege(n.oid, 'USAGE'),
                obj_description(n.oid, 'pg_namespace'), current_user
         FROM pg_namespace n WHERE NOT {SYSTEM_SCHEMA}"
    )
}

fn relations() -> String {
    format!(
        "SELECT 'relation', n.nspname, c.relname, c.relkind, c.relispartition,
                c.relnatts - coalesce(g.gone, 0), {ROWS_ESTIMATE},
                CASE WHEN c.relkind IN ('r', 'm') AND (c.relpages > 0 OR c.reltuples >= 0)
                     THEN c.relpages::int8 * current_setting('block_size')::int8 END,
                has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'),
                pn.nspname, p.relname, d.description
         FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN (SELECT attrelid, count(*) AS gone FROM pg_attribute
                    WHERE attisdropped AND attnum > 0 GROUP BY attrelid) g ON g.attrelid = c.oid
         LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
         LEFT JOIN pg_class p ON p.oid = i.inhparent
         LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
         LEFT JOIN pg_description d
                ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
         WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT {SYSTEM_SCHEMA} AND NOT {OF_CAPSULES}"
    )
}

fn sequences() -> String {
    format!(
        "SELECT 'sequence', n.nspname, c.relname, format_type(s.seqtypid, NULL),
                CASE WHEN has_sequence_privilege(c.oid, 'SELECT,USAGE')
                     THEN pg_sequence_last_value(c.oid::regclass) END,
                o.relname || '.' || a.attname
         FROM pg_sequence s
         JOIN pg_class c ON c.oid = s.seqrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_depend e ON e.classid = 'pg_class'::regclass AND e.objid = c.oid
              AND e.refclassid = 'pg_class'::regclass AND e.refobjsubid > 0
              AND e.deptype IN ('a', 'i')
         LEFT JOIN pg_class o ON o.oid = e.refobjid
         LEFT JOIN pg_attribute a ON a.attrelid = e.refobjid AND a.attnum = e.refobjsubid
         WHERE e.deptype IS DISTINCT FROM 'i' AND NOT {SYSTEM_SCHEMA}"
    )
}

fn functions() -> String {
    format!(
        "SELECT 'function', n.nspname, p.proname, pg_get_function_arguments(p.oid),
                pg_get_function_result(p.oid), p.prokind, l.lanname
         FROM pg_proc p
         JOIN pg_namespace n ON n.oid = p.pronamespace
         JOIN pg_language l ON l.oid = p.prolang
         WHERE NOT {SYSTEM_SCHEMA}
           AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass
                           AND e.objid = p.oid AND e.deptype = 'e')"
    )
}

/// Everything there is, roughly.
pub(in crate::db::postgres) async fn outline(lease: &mut Lease) -> Answered<Outline> {
    let parts = [schemas(), relations(), types::question(), sequences(), functions()];
    let rows = lease.simple(parts.join(";\n")).await?;
    let mut reading = Reading::default();
    for row in &rows {
        reading.take(row)?;
    }
    Ok(reading.finish())
}

/// The exact sizes of every table and materialized view, partitions one by one.
pub(in crate::db::postgres) async fn sizes(lease: &mut Lease) -> Answered<Vec<RelationSize>> {
    // A table under an exclusive lock would make pg_table_size() wait for it.
    let sql = format!(
        "WITH held AS MATERIALIZED (SELECT relation FROM pg_locks
                WHERE granted AND mode = 'AccessExclusiveLock' AND relation IS NOT NULL)
         SELECT n.nspname, c.relname,
                CASE WHEN free THEN pg_table_size(c.oid) END,
                CASE WHEN free THEN pg_indexes_size(c.oid) END
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         CROSS JOIN LATERAL (SELECT c.oid NOT IN (SELECT relation FROM held) AS free) f
         WHERE c.relkind IN ('r', 'm') AND NOT {SYSTEM_SCHEMA} AND NOT {OF_CAPSULES}
         ORDER BY n.nspname, c.relname"
    );
    let rows = lease.simple(sql).await?;
    let size = |row: &PgRow| {
        let fields = Fields::new(row);
        Ok(RelationSize {
            relation: RelationName::new(fields.text(0)?, fields.text(1)?),
            table_bytes: fields.optional_count(2)?,
            index_bytes: fields.optional_count(3)?,
        })
    };
    rows.iter().map(size).collect()
}

/// The outline while its rows come in.
#[derive(Default)]
struct Reading {
    schemas: BTreeMap<String, OutlineSchema>,
    role: String,
}

impl Reading {
    fn take(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let fields = Fields::new(row);
        let tag = fields.text(0)?;
        let schema = self.schemas.entry(fields.text(1)?).or_default();
        match tag.as_str() {
            "schema" => {
                schema.name = fields.text(1)?;
                schema.usable = fields.flag(2)?;
                schema.comment = fields.optional(3)?;
                self.role = fields.text(4)?;
            }
            "relation" => schema.relations.extend(relation(fields)?),
            "type" => schema.types.extend(types::named(fields)?),
            "sequence" => schema.sequences.push(Sequence {
                name: fields.text(2)?,
                type_name: fields.text(3)?,
                last_value: fields.optional_integer(4)?,
                owned_by: fields.optional(5)?,
            }),
            _ => schema.functions.push(Function {
                name: fields.text(2)?,
                arguments: fields.text(3)?,
                returns: fields.text(4)?,
                kind: match fields.text(5)?.as_str() {
                    "p" => "procedure",
                    "a" => "aggregate",
                    "w" => "window",
                    _ => "function",
                },
                language: fields.text(6)?,
            }),
        }
        Ok(())
    }

    fn finish(self) -> Outline {
        // A schema made between the statements has no row of its own: it is seen next time.
        let mut schemas: Vec<OutlineSchema> =
            self.schemas.into_values().filter(|schema| !schema.name.is_empty()).collect();
        for schema in &mut schemas {
            schema.relations.sort_by(|a, b| a.name.cmp(&b.name));
            schema.types.sort_by(|a, b| a.name.cmp(&b.name));
            schema.sequences.sort_by(|a, b| a.name.cmp(&b.name));
            schema.functions.sort_by(|a, b| (&a.name, &a.arguments).cmp(&(&b.name, &b.arguments)));
        }
        add_partitions_up(&mut schemas);
        let unseen = unseen(&schemas, &self.role);
        Outline { schemas, unseen }
    }
}

fn relation(fields: Fields<'_>) -> sqlx::Result<Option<OutlineRelation>> {
    let Some(kind) = kind(&fields.text(3)?, fields.flag(4)?) else {
        return Ok(None);
    };
    let parent = fields.optional(9)?.zip(fields.optional(10)?);
    Ok(Some(OutlineRelation {
        name: fields.text(2)?,
        kind,
        columns: u32::try_from(fields.integer(5)?).unwrap_or_default(),
        rows_estimate: fields.optional_count(6)?,
        bytes_estimate: fields.optional_count(7)?,
        readable: fields.flag(8)?,
        partition_of: parent.map(|(schema, name)| RelationName::new(schema, name)),
        comment: fields.optional(11)?,
    }))
}

/// A partitioned table holds nothing itself: its estimates are the sums over its leaves.
fn add_partitions_up(schemas: &mut [OutlineSchema]) {
    type Sums = HashMap<RelationName, (Option<u64>, Option<u64>)>;
    let mut parents: HashMap<RelationName, RelationName> = HashMap::new();
    for (name, relation) in each(schemas) {
        if let Some(parent) = &relation.partition_of {
            parents.insert(name, parent.clone());
        }
    }
    let mut sums: Sums = HashMap::new();
    for (name, relation) in each(schemas) {
        if relation.kind == RelationKind::PartitionedTable {
            continue;
        }
        let mut up = parents.get(&name);
        while let Some(parent) = up {
            let (rows, bytes) = sums.entry(parent.clone()).or_default();
            *rows = plus(*rows, relation.rows_estimate);
            *bytes = plus(*bytes, relation.bytes_estimate);
            up = parents.get(parent);
        }
    }
    for schema in schemas {
        for relation in &mut schema.relations {
            let name = RelationName::new(&schema.name, &relation.name);
            if relation.kind == RelationKind::PartitionedTable
                && let Some((rows, bytes)) = sums.get(&name)
            {
                (relation.rows_estimate, relation.bytes_estimate) = (*rows, *bytes);
            }
        }
    }
}

fn each(schemas: &[OutlineSchema]) -> impl Iterator<Item = (RelationName, &OutlineRelation)> {
    schemas.iter().flat_map(|schema| {
        let named = |relation| -> (RelationName, &OutlineRelation) {
            let relation: &OutlineRelation = relation;
            (RelationName::new(&schema.name, &relation.name), relation)
        };
        schema.relations.iter().map(named)
    })
}

fn plus(sum: Option<u64>, more: Option<u64>) -> Option<u64> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum.saturating_add(more)),
        (sum, more) => sum.or(more),
    }
}

/// What the role may not see, in sentences.
fn unseen(schemas: &[OutlineSchema], role: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let closed: Vec<String> =
        schemas.iter().filter(|schema| !schema.usable).map(|schema| schema.name.clone()).collect();
    if let Some(names) = listed(&closed, "schema", "schemas") {
        sentences.push(format!("{names} cannot be opened by role {role} (USAGE is missing)"));
    }
    let unreadable: Vec<String> = each(schemas)
        .filter(|(name, relation)| !relation.readable && !closed.contains(&name.schema))
        .map(|(name, _)| name.to_string())
        .collect();
    if let Some(names) = listed(&unreadable, "relation", "relations") {
        sentences.push(format!("{names} cannot be read by role {role} (SELECT is missing)"));
    }
    sentences
}

/// `3 schemas (a, b, c)`.
fn listed(names: &[String], one: &str, many: &str) -> Option<String> {
    let noun = match names.len() {
        0 => return None,
        1 => one,
        _ => many,
    };
    let shown: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
    let more = if names.len() > NAMES { ", …" } else { "" };
    Some(format!("{} {noun} ({}{more})", names.len(), shown.join(", ")))
}
