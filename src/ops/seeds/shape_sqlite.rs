//! The shape of SQLite's tables, from its catalogue.

use std::collections::BTreeMap;

use super::expression;
use super::shape::{Column, Origin, Reference, Shape, Sort, Table, Unique};
use crate::schema::model::is_history_table;
use crate::schema::type_name::TypeName;
use crate::schema::{self, Generation, Relation, RelationKind};
use crate::sql::Dialect;

/// The shape of these relations.
pub(super) fn shape(relations: &[Relation]) -> Shape {
    let mut tables = BTreeMap::new();
    for relation in relations {
        if relation.kind == RelationKind::Table && !is_history_table(&relation.name.name) {
            tables.insert(relation.name.clone(), table(relation));
        }
    }
    Shape { dialect: Dialect::Sqlite, tables }
}

fn table(relation: &Relation) -> Table {
    let strict = relation.traits.iter().any(|word| word == "STRICT");
    let columns: Vec<Column> = relation.columns.iter().map(|found| column(found, strict)).collect();
    let place =
        |name: &String| columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
    let places = |names: &[String]| names.iter().map(place).collect::<Option<Vec<usize>>>();
    let primary = relation.primary_key.as_ref().and_then(|key| places(&key.columns));
    let mut uniques: Vec<Unique> = Vec::new();
    let mut unique = |columns: Vec<usize>| {
        let found = Unique { columns, nulls_same: false };
        if !found.columns.is_empty() && !uniques.contains(&found) {
            uniques.push(found);
        }
    };
    unique(primary.clone().unwrap_or_default());
    relation.unique_keys.iter().filter_map(|key| places(&key.columns)).for_each(&mut unique);
    for index in relation.indexes.iter().filter(|index| index.unique) {
        // An expression counts as the columns it reads.
        let read = |text: &String| {
            place(text).map(|at| vec![at]).unwrap_or_else(|| {
                let words = crate::sql::lexer::tokens(Dialect::Sqlite, text);
                words.iter().filter_map(|word| place(&word.name(text)?)).collect()
            })
        };
        let mut columns: Vec<usize> = index.columns.iter().flat_map(read).collect();
        columns.dedup();
        unique(columns);
    }
    let references = relation.foreign_keys.iter().filter_map(|key| {
        Some(Reference {
            columns: places(&key.columns)?,
            target: key.target.clone(),
            target_columns: key.target_columns.clone(),
            // Each is checked at the end of the transaction, once that is asked for.
            deferrable: true,
        })
    });
    let checks = relation.checks.iter();
    let checks = checks.map(|check| expression::read(Dialect::Sqlite, &check.expression)).collect();
    let references = references.collect();
    Table {
        columns,
        primary: primary.unwrap_or_default(),
        uniques,
        references,
        checks,
        partitions: None,
    }
}

fn column(found: &schema::Column, strict: bool) -> Column {
    let origin = match &found.generation {
        Some(Generation::Stored(_) | Generation::Virtual(_)) => Origin::Computed,
        Some(Generation::RowidAlias) => Origin::Numbered { always: false },
        _ => Origin::Written,
    };
    Column {
        name: found.name.clone(),
        type_name: found.type_name.clone(),
        sort: sort(&found.type_name, strict),
        nullable: found.nullable,
        default: found.default.is_some() || origin != Origin::Written,
        origin,
    }
}

/// The values a declared type asks for: by its name where that says more than its affinity
/// ("Datatypes In SQLite", section 3.1).
fn sort(type_name: &str, strict: bool) -> Sort {
    let taken = TypeName::of(type_name);
    let argument = |at: usize| taken.arguments.get(at).and_then(|it| usize::try_from(*it).ok());
    let digits = |at: usize| argument(at).and_then(|it| u32::try_from(it).ok());
    let base = taken.base.as_str();
    if strict {
        return match base {
            "int" | "integer" => Sort::Integer(i64::MIN, i64::MAX),
            "real" => Sort::Float,
            "blob" => Sort::Bytes,
            _ => Sort::Text(None),
        };
    }
    match base {
        "boolean" | "bool" => return Sort::Truth,
        "date" => return Sort::Date,
        "time" => return Sort::Time(false),
        "datetime" | "timestamp" | "timestamptz" => return Sort::Moment(false),
        "uuid" | "guid" => return Sort::Uuid,
        "json" | "jsonb" => return Sort::Json,
        "numeric" | "decimal" | "money" => {
            let all = digits(0).unwrap_or(8).min(15);
            let after = digits(1).unwrap_or(if digits(0).is_some() { 0 } else { 2 }).min(all);
            return Sort::Decimal(all - after, after);
        }
        _ => {}
    }
    if base.starts_with("timestamp") {
        return Sort::Moment(false);
    }
    if base.contains("int") || base.contains("serial") {
        return match base {
            "tinyint" => Sort::Integer(0, 127),
            "smallint" | "int2" => Sort::Integer(i64::from(i16::MIN), i64::from(i16::MAX)),
            "integer" | "bigint" | "int8" => Sort::Integer(i64::MIN, i64::MAX),
            _ => Sort::Integer(i64::from(i32::MIN), i64::from(i32::MAX)),
        };
    }
    if base.contains("char") || base.contains("clob") || base.contains("text") {
        return Sort::Text(argument(0));
    }
    if base.contains("blob") || base.contains("bytea") || base == "binary" {
        return Sort::Bytes;
    }
    if base.contains("real") || base.contains("floa") || base.contains("doub") {
        return Sort::Float;
    }
    Sort::Text(None)
}
