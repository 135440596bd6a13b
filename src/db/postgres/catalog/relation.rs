//! One relation in full, in one round trip: its head and all its parts.
//!
//! Nothing here decides how a part is read (that is `parts`) or how the SQL that makes the
//! relation is written (that is `definition`).

use std::collections::HashMap;

use sqlx::postgres::PgRow;

use super::super::failure::Answered;
use super::super::fields::Fields;
use super::super::pool::Lease;
use super::definition::{self, Body, Head};
use super::{ROWS_ESTIMATE, kind, parts, view};
use crate::problem::Problem;
use crate::schema::{Check, PartitionOf, Relation, RelationKind, RelationName};
use crate::sql::Dialect;

/// The statement that reads the head: everything there is one of.
fn head(oid: &str) -> String {
    let free = parts::free(oid);
    format!(
        "SELECT 'head', c.relkind, c.relispartition, pg_get_userbyid(c.relowner),
                obj_description(c.oid, 'pg_class'),
                CASE c.relkind WHEN 'p' THEN (
                    SELECT sum(greatest(l.reltuples, 0))::int8
                    FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid
                    WHERE t.isleaf AND l.reltuples > 0) ELSE {ROWS_ESTIMATE} END,
                CASE WHEN c.relkind IN ('r', 'm', 't') AND {free} THEN pg_table_size(c.oid) END,
                CASE WHEN c.relkind IN ('r', 'm', 't') AND {free} THEN pg_indexes_size(c.oid) END,
                c.relpersistence, to_json(c.reloptions), s.spcname,
                c.relrowsecurity, c.relforcerowsecurity,
                CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
                pn.nspname, p.relname, pg_get_expr(c.relpartbound, c.oid),
                CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) END,
                has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'),
                quote_ident(n.nspname) || '.' || quote_ident(c.relname),
                quote_ident(pn.nspname) || '.' || quote_ident(p.relname),
                (SELECT quote_ident(f.srvname) FROM pg_foreign_table t
                 JOIN pg_foreign_server f ON f.oid = t.ftserver WHERE t.ftrelid = c.oid),
                (SELECT json_agg(quote_ident(hn.nspname) || '.' || quote_ident(h.relname) ORDER BY i.inhseqno)
                 FROM pg_inherits i JOIN pg_class h ON h.oid = i.inhparent
                 JOIN pg_namespace hn ON hn.oid = h.relnamespace
                 WHERE i.inhrelid = c.oid AND NOT c.relispartition),
                c.relispopulated
         FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
         LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
         LEFT JOIN pg_class p ON p.oid = i.inhparent
         LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
         WHERE c.oid = {oid}"
    )
}

/// SQL that finds a relation's oid by its name.
pub(in crate::db::postgres) fn oid(name: &RelationName) -> String {
    format!(
        "(SELECT r.oid FROM pg_catalog.pg_class r
          JOIN pg_catalog.pg_namespace s ON s.oid = r.relnamespace
          WHERE s.nspname = {} AND r.relname = {})",
        Dialect::Postgres.literal(&name.schema),
        Dialect::Postgres.literal(&name.name)
    )
}

/// The relation of that name; a view knows whether its rows can be written.
pub(in crate::db::postgres) async fn relation(
    lease: &mut Lease,
    name: &RelationName,
) -> Answered<Relation> {
    let mut found = alone(lease, name).await?;
    if found.kind == RelationKind::View {
        match view::base(lease, &oid(name)).await? {
            Ok(base) => {
                let under = RelationName::new(base.schema.as_str(), base.name.as_str());
                let table = alone(lease, &under).await?;
                base.lend(&mut found, &table);
            }
            Err(why) => found.updatable = Some(why),
        }
    }
    Ok(found)
}

/// The relation of that name as the catalogue tells it.
async fn alone(lease: &mut Lease, name: &RelationName) -> Answered<Relation> {
    let oid = oid(name);
    let version = lease.pool.pinned().version;
    let rows =
        lease.simple(format!("{};\n{}", head(&oid), parts::questions(&oid, version))).await?;
    let mut by_part: HashMap<String, Vec<&PgRow>> = HashMap::new();
    for row in &rows {
        by_part.entry(Fields::new(row).text(0)?).or_default().push(row);
    }
    let gone = || {
        Problem::failed(
            format!("There is no relation {name}"),
            "it was dropped or renamed, or is none that holds rows",
            "press R to read the outline again",
        )
    };
    let Some(head) = by_part.get("head").and_then(|rows| rows.first()) else {
        return Err(gone().into());
    };
    let head = Fields::new(head);
    let Some(kind) = kind(&head.text(1)?, head.flag(2)?) else {
        return Err(gone().into());
    };
    let part = |part: &str| {
        let rows = by_part.get(part).map(Vec::as_slice).unwrap_or_default();
        rows.iter().map(|row| Fields::new(row)).collect::<Vec<_>>()
    };
    Ok(assemble(name, kind, head, part)?)
}

fn all<T>(
    rows: &[Fields<'_>],
    read: impl Fn(Fields<'_>) -> sqlx::Result<T>,
) -> sqlx::Result<Vec<T>> {
    rows.iter().map(|fields| read(*fields)).collect()
}

/// Puts the parts together.
fn assemble<'r>(
    name: &RelationName,
    kind: RelationKind,
    head: Fields<'r>,
    part: impl Fn(&str) -> Vec<Fields<'r>>,
) -> sqlx::Result<Relation> {
    let (columns, constraints, indexes) = (part("column"), part("constraint"), part("index"));
    let of_type = |wanted: &str| -> sqlx::Result<Vec<Fields<'r>>> {
        let mut found = Vec::new();
        for constraint in &constraints {
            if constraint.text(2)? == wanted {
                found.push(*constraint);
            }
        }
        Ok(found)
    };
    let mut unique_keys = all(&of_type("u")?, parts::unique_key)?;
    unique_keys.extend(all(&indexes, parts::unique_index)?.into_iter().flatten());
    let parent = head.optional(14)?.zip(head.optional(15)?);
    let partition_of =
        parent.map(|(schema, name)| (RelationName::new(schema, name), head.text(16)));
    let partition_of = match partition_of {
        Some((parent, bounds)) => Some(PartitionOf { parent, bounds: bounds? }),
        None => None,
    };
    let secured = head.flag(11)?;
    let policies = all(&part("policy"), parts::policy)?;
    let mut relation = Relation {
        name: name.clone(),
        kind,
        columns: all(&columns, parts::column)?,
        primary_key: all(&of_type("p")?, parts::unique_key)?.into_iter().next(),
        unique_keys,
        foreign_keys: all(&part("foreign key"), parts::foreign_key)?,
        incoming: all(&part("incoming"), parts::referrer)?,
        checks: all(&of_type("c")?, check)?,
        exclusions: all(&of_type("x")?, parts::exclusion)?,
        indexes: all(&indexes, parts::index)?,
        triggers: all(&part("trigger"), parts::trigger)?,
        row_security: (secured || !policies.is_empty()).then_some(secured),
        policies,
        partition_of,
        partition_key: head.optional(13)?,
        partitions: all(&part("partition"), |row| {
            Ok(RelationName::new(row.text(1)?, row.text(2)?))
        })?,
        rows_estimate: head.optional_count(5)?,
        table_bytes: head.optional_count(6)?,
        index_bytes: head.optional_count(7)?,
        owner: head.optional(3)?,
        traits: traits(head)?,
        comment: head.optional(4)?,
        definition: String::new(),
        rowid: None,
        updatable: None,
        readable: head.flag(18)?,
    };
    let described = Body {
        columns: &columns,
        constraints: &constraints,
        foreign_keys: &part("foreign key"),
        indexes: &indexes,
    };
    relation.definition = definition::write(&relation, &Head::read(head)?, &described)?;
    Ok(relation)
}

fn check(fields: Fields<'_>) -> sqlx::Result<Check> {
    Ok(Check { name: fields.text(1)?, expression: fields.text(9)?, validated: fields.flag(6)? })
}

/// Words that change how the relation stores or guards its rows.
fn traits(head: Fields<'_>) -> sqlx::Result<Vec<String>> {
    let mut words = Vec::new();
    match head.text(8)?.as_str() {
        "u" => words.push("UNLOGGED".to_owned()),
        "t" => words.push("TEMPORARY".to_owned()),
        _ => {}
    }
    if head.flag(12)? {
        words.push("FORCE ROW LEVEL SECURITY".to_owned());
    }
    if let Some(space) = head.optional(10)? {
        words.push(format!("TABLESPACE {space}"));
    }
    words.extend(head.list(9)?);
    if !head.flag(23)? {
        words.push("WITH NO DATA".to_owned());
    }
    Ok(words)
}
