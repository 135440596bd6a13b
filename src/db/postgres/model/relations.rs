//! Tables, views, materialized views and composite types: what they are, their columns in order,
//! the columns' defaults, and what they inherit from.
//!
//! Foreign tables are not modelled; sequences are read elsewhere.

use std::collections::BTreeMap;

use super::super::fields::Fields;
use super::address::{Address, class};
use super::reading::{Reading, Relation};
use super::{Question, own};
use crate::schema::model::{
    Attribute, Body, Column, Key, Kind, Options, PartitionOf, ReplicaIdentity, Storage, Table,
    View, ViewColumn,
};

pub(super) fn relations(question: &Question) -> String {
    format!(
        "SELECT 'relation', c.oid, n.nspname, c.relname, pg_get_userbyid(c.relowner), c.relkind,
                c.relpersistence = 'u',
                CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
                CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
                array_to_json(c.reloptions), array_to_json(t.reloptions),
                nullif(a.amname, 'heap'), yn.nspname, y.typname,
                c.relrowsecurity, c.relforcerowsecurity, c.relreplident, s.spcname,
                CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
                c.relispopulated, c.reltype, c.relispartition
         FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
         LEFT JOIN pg_am a ON a.oid = c.relam
         LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
         LEFT JOIN pg_type y ON y.oid = c.reloftype
         LEFT JOIN pg_namespace yn ON yn.oid = y.typnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'c') AND c.relpersistence <> 't' AND {} AND {}
           AND (c.relkind <> 'c' OR {})",
        question.within("c.relnamespace"),
        own(class::RELATION, "c.oid"),
        own(class::TYPE, "c.reltype")
    )
}

pub(super) fn relation(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let oid = row.integer(1)?;
    let (kind, body) = match row.text(5)?.as_str() {
        "v" => (Kind::View, Body::View(view(row)?)),
        "m" => (Kind::MaterializedView, Body::MaterializedView(view(row)?)),
        "c" => (Kind::Composite, Body::Composite { attributes: Vec::new() }),
        _ => (Kind::Table, Body::Table(table(row)?)),
    };
    let key = Key::new(kind, row.text(2)?, row.text(3)?);
    let mut address = Address::new(class::RELATION, oid);
    if kind == Kind::Composite {
        // A composite type is known by its type; what there is of a relation belongs to it.
        let of = Address::new(class::TYPE, row.integer(20)?);
        reading.addresses.alias(address, of);
        address = of;
    }
    let relation = Relation {
        key: key.clone(),
        partition: row.flag(21)?,
        unlogged: row.flag(6)?,
        columns: BTreeMap::new(),
    };
    reading.relations.insert(oid, relation);
    let of_type = match &body {
        Body::Table(table) => table.of_type.clone(),
        _ => None,
    };
    reading.add(address, key.clone(), row.optional(4)?, body);
    if let Some(of_type) = of_type {
        reading.need(&key, of_type);
    }
    Ok(())
}

fn table(row: Fields<'_>) -> sqlx::Result<Table> {
    let mut options = row.list(9)?;
    options.extend(row.list(10)?.into_iter().map(|option| format!("toast.{option}")));
    let of_type = row.optional(12)?.zip(row.optional(13)?);
    // The parent comes with the parents' rows.
    let partition_of = row.optional(8)?.map(|bounds| PartitionOf {
        parent: Key::new(Kind::Table, String::new(), String::new()),
        bounds,
    });
    Ok(Table {
        unlogged: row.flag(6)?,
        partition_by: row.optional(7)?,
        partition_of,
        inherits: Vec::new(),
        options: Options(options),
        access_method: row.optional(11)?,
        of_type: of_type.map(|(schema, name)| Key::new(Kind::Composite, schema, name)),
        row_security: row.flag(14)?,
        force_row_security: row.flag(15)?,
        replica_identity: match row.text(16)?.as_str() {
            "n" => ReplicaIdentity::Nothing,
            "f" => ReplicaIdentity::Full,
            // The index comes with the indexes' rows; if it was dropped there is none.
            "i" => ReplicaIdentity::Nothing,
            _ => ReplicaIdentity::Default,
        },
        clustered_on: None,
        tablespace: row.optional(17)?,
        order: Vec::new(),
    })
}

fn view(row: Fields<'_>) -> sqlx::Result<View> {
    let mut options = row.list(9)?;
    options.extend(row.list(10)?.into_iter().map(|option| format!("toast.{option}")));
    let definition = row.text(18)?;
    let definition = definition.trim();
    Ok(View {
        definition: definition.strip_suffix(';').unwrap_or(definition).to_owned(),
        columns: Vec::new(),
        options: Options(options),
        populated: row.flag(19)?,
        access_method: row.optional(11)?,
        tablespace: row.optional(17)?,
        clustered_on: None,
    })
}

/// The parents of tables and of indexes.
pub(super) fn parents(question: &Question) -> String {
    format!(
        "SELECT 'parent', i.inhrelid, n.nspname, p.relname
         FROM pg_inherits i
         JOIN pg_class c ON c.oid = i.inhrelid
         JOIN pg_class p ON p.oid = i.inhparent
         JOIN pg_namespace n ON n.oid = p.relnamespace
         WHERE c.relkind IN ('r', 'p') AND {}
         ORDER BY i.inhrelid, i.inhseqno",
        question.within("c.relnamespace")
    )
}

pub(super) fn parent(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let oid = row.integer(1)?;
    let parent = Key::new(Kind::Table, row.text(2)?, row.text(3)?);
    let Some(table) = reading.table(oid) else {
        return Ok(());
    };
    match &mut table.partition_of {
        Some(of) => of.parent = parent.clone(),
        None => table.inherits.push(parent.clone()),
    }
    if let Some(key) = reading.relations.get(&oid).map(|relation| relation.key.clone()) {
        reading.need(&key, parent);
    }
    Ok(())
}

pub(super) fn columns(question: &Question) -> String {
    let compression = question.since(140_000, "NULL", "nullif(a.attcompression, '')");
    format!(
        "SELECT 'column', a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
                CASE WHEN a.attcollation <> 0
                     THEN quote_ident(kn.nspname) || '.' || quote_ident(k.collname) END,
                a.attcollation <> t.typcollation, a.attnotnull, a.attgenerated <> '',
                a.attgenerated = 'v',
                CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text || t.typstorage::text END,
                {compression}, a.attstattarget, array_to_json(a.attoptions), a.attislocal
         FROM pg_attribute a
         JOIN pg_class c ON c.oid = a.attrelid
         JOIN pg_type t ON t.oid = a.atttypid
         LEFT JOIN pg_collation k ON k.oid = a.attcollation
         LEFT JOIN pg_namespace kn ON kn.oid = k.collnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped
           AND {}
         ORDER BY a.attrelid, a.attnum",
        question.within("c.relnamespace")
    )
}

pub(super) fn column(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let (relation, number, name) = (row.integer(1)?, row.integer(2)?, row.text(3)?);
    let Some(of) = reading.relations.get_mut(&relation) else {
        return Ok(());
    };
    of.columns.insert(number, name.clone());
    let partition = of.partition;
    let type_name = row.text(4)?;
    let collation = row.optional(5)?;
    let other = if row.flag(6)? { collation.clone() } else { None };
    let key = of.key.clone();
    match reading.objects.get_mut(&key).map(|object| &mut object.body) {
        Some(Body::View(view) | Body::MaterializedView(view)) => {
            view.columns.push(ViewColumn {
                name,
                type_name,
                collation,
                default: None,
                comment: None,
            });
            view_column_extras(reading, row, &key)?;
        }
        Some(Body::Composite { attributes }) => {
            attributes.push(Attribute { name, type_name, collation: other });
        }
        Some(Body::Table(table)) => {
            table.order.push(name.clone());
            let column = table_column(row, type_name, other, partition)?;
            let address = Address::column(relation, number);
            reading.add_part(address, relation, (Kind::Column, name), Body::Column(column));
        }
        _ => {}
    }
    Ok(())
}

fn table_column(
    row: Fields<'_>,
    type_name: String,
    collation: Option<String>,
    partition: bool,
) -> sqlx::Result<Column> {
    let options = row.list(13)?;
    Ok(Column {
        type_name,
        collation,
        not_null: row.flag(7)?,
        identity: None,
        // The expression comes with the defaults' rows.
        generated: row.flag(8)?.then(String::new),
        virtual_generated: row.flag(9)?,
        storage: row.optional(10)?.as_deref().map(storage),
        compression: row.optional(11)?.map(|letter| match letter.as_str() {
            "p" => "pglz".to_owned(),
            "l" => "lz4".to_owned(),
            _ => letter,
        }),
        statistics: target(row, 12)?,
        options: Options(options),
        local: row.flag(14)? && !partition,
    })
}

/// The way that was set and the type's own, from a letter for each.
fn storage(letters: &str) -> Storage {
    let mut ways = letters.chars().map(|letter| match letter {
        'p' => "plain".to_owned(),
        'e' => "external".to_owned(),
        'm' => "main".to_owned(),
        _ => "extended".to_owned(),
    });
    Storage { set: ways.next().unwrap_or_default(), usual: ways.next().unwrap_or_default() }
}

/// A statistics target: none was set when it is below zero, or NULL (since 17).
pub(super) fn target(row: Fields<'_>, index: usize) -> sqlx::Result<Option<i32>> {
    let target = row.optional_integer(index)?;
    Ok(target.and_then(|target| i32::try_from(target).ok()).filter(|target| *target >= 0))
}

/// What can be set on a column of a materialized view and has no place in the model.
fn view_column_extras(reading: &mut Reading<'_>, row: Fields<'_>, of: &Key) -> sqlx::Result<()> {
    let column = || Ok::<_, sqlx::Error>(format!("{of}.{}", row.text(3)?));
    let set = [
        (row.optional(10)?.is_some() && of.kind == Kind::MaterializedView, "storage of a column"),
        (row.optional(11)?.is_some(), "compression of a column"),
        (target(row, 12)?.is_some(), "statistics target of a column"),
        (!row.list(13)?.is_empty(), "options of a column"),
    ];
    for (set, kind) in set {
        if set {
            reading.unmodelled(kind, column()?);
        }
    }
    Ok(())
}

pub(super) fn defaults(question: &Question) -> String {
    format!(
        "SELECT 'default', d.oid, d.adrelid, d.adnum, pg_get_expr(d.adbin, d.adrelid)
         FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
         WHERE {}",
        question.within("c.relnamespace")
    )
}

pub(super) fn default(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let address = Address::new(class::DEFAULT, row.integer(1)?);
    let (relation, number, expression) = (row.integer(2)?, row.integer(3)?, row.text(4)?);
    let Some(of) = reading.relations.get(&relation) else {
        return Ok(());
    };
    let (name, key) = (of.columns.get(&number).cloned(), of.key.clone());
    let Some(name) = name else {
        return Ok(());
    };
    if let Some(Body::View(view)) = reading.relation_body(relation) {
        for column in view.columns.iter_mut().filter(|column| column.name == name) {
            column.default = Some(expression.clone());
        }
        reading.addresses.alias(address, Address::new(class::RELATION, relation));
        return Ok(());
    }
    match reading.column(relation, number) {
        Some(Column { generated: Some(generated), .. }) => {
            *generated = expression;
            reading.addresses.alias(address, Address::column(relation, number));
        }
        Some(_) => {
            let column = key.child(Kind::Column, name.clone());
            let body = Body::Default { expression };
            if let Some(key) = reading.add_part(address, relation, (Kind::Default, name), body) {
                reading.need(&key, column);
            }
        }
        None => {}
    }
    Ok(())
}
