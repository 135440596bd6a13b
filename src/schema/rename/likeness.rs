//! How alike two objects of the same kind are, from 0 to 1. Below [`PLAUSIBLE`] nobody would
//! take the one for the other.

use std::collections::BTreeSet;

use crate::schema::model::{Body, Column, Key, Kind, Model, SqliteColumn};
use crate::schema::type_name::TypeName;

/// The least likeness at which an answer is asked for.
pub(super) const PLAUSIBLE: f64 = 0.5;

/// How alike, and why in words.
#[derive(Debug, Clone)]
pub(super) struct Likeness {
    /// From 0 to 1.
    pub degree: f64,
    /// What is the same.
    pub why: String,
    /// Whether dropping and making again would end in the same database, so that nobody needs to
    /// be asked.
    pub same: bool,
}

impl Likeness {
    fn new(degree: f64, why: impl Into<String>) -> Option<Self> {
        (degree >= PLAUSIBLE).then(|| Self { degree, why: why.into(), same: false })
    }

    fn same(name: f64, why: impl Into<String>) -> Option<Self> {
        Some(Self { degree: 0.8 + 0.2 * name, why: why.into(), same: true })
    }
}

/// How alike two names are: by their letters, or by the words they are made of.
pub(super) fn of_names(a: &str, b: &str) -> f64 {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let letters = strsim::normalized_damerau_levenshtein(&a, &b);
    let words = |name: &str| -> BTreeSet<String> {
        name.split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|word| word.strip_suffix('s').unwrap_or(word).to_owned())
            .collect()
    };
    letters.max(0.9 * dice(&words(&a), &words(&b)))
}

/// Twice what both have, over what they have together.
fn dice<T: Ord>(a: &BTreeSet<T>, b: &BTreeSet<T>) -> f64 {
    ratio(2 * a.intersection(b).count(), a.len() + b.len())
}

/// A part of a whole; of nothing, nothing.
fn ratio(part: usize, whole: usize) -> f64 {
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    if whole == 0 { 0.0 } else { count(part) / count(whole) }
}

/// What a column is, as far as likeness goes.
struct Traits {
    type_name: TypeName,
    not_null: bool,
    generated: bool,
    default: Option<String>,
    /// The names before and after it.
    neighbours: (Option<String>, Option<String>),
}

fn traits(model: &Model, key: &Key) -> Option<Traits> {
    let around = |order: &[String]| {
        let at = order.iter().position(|name| *name == key.name);
        let named = |at: Option<usize>| at.and_then(|at| order.get(at)).cloned();
        (named(at.and_then(|at| at.checked_sub(1))), named(at.map(|at| at + 1)))
    };
    match model.body(&key.table()) {
        Some(Body::SqliteTable(table)) => {
            let column = table.columns.iter().find(|column| column.name == key.name)?;
            let order: Vec<String> = table.columns.iter().map(|found| found.name.clone()).collect();
            Some(of_sqlite(column, around(&order)))
        }
        Some(Body::Table(table)) => {
            let column = model.column(key)?;
            let default = key.table().child(Kind::Default, key.name.as_str());
            let default = match model.body(&default) {
                Some(Body::Default { expression }) => Some(expression.clone()),
                _ => None,
            };
            Some(of_postgres(column, default, around(&table.order)))
        }
        _ => None,
    }
}

fn of_postgres(
    column: &Column,
    default: Option<String>,
    neighbours: (Option<String>, Option<String>),
) -> Traits {
    Traits {
        type_name: TypeName::of(&column.type_name),
        not_null: column.not_null,
        generated: column.generated.is_some(),
        default,
        neighbours,
    }
}

fn of_sqlite(column: &SqliteColumn, neighbours: (Option<String>, Option<String>)) -> Traits {
    Traits {
        type_name: TypeName::of(&column.type_name),
        not_null: column.not_null,
        generated: column.generated.is_some(),
        default: column.default.clone(),
        neighbours,
    }
}

/// How alike a column that goes and one that comes are, both of the same table.
pub(super) fn of_columns(
    current: &Model,
    from: &Key,
    desired: &Model,
    to: &Key,
) -> Option<Likeness> {
    let (old, new) = (traits(current, from)?, traits(desired, to)?);
    if old.generated != new.generated {
        return None;
    }
    let name = of_names(&from.name, &to.name);
    let mut why = Vec::new();
    let of_type = if old.type_name == new.type_name {
        why.push(format!("the same type, {}", old.type_name.base));
        0.5
    } else if old.type_name.family() == new.type_name.family() {
        why.push(format!("a like type, {} and {}", old.type_name.base, new.type_name.base));
        0.35
    } else if name >= 0.75 {
        0.15
    } else {
        return None;
    };
    if name >= 0.5 {
        why.push("a like name".to_owned());
    }
    let known = |name: &Option<String>| name.is_some();
    let (before, after) =
        (old.neighbours.0 == new.neighbours.0, old.neighbours.1 == new.neighbours.1);
    let place = match (before, after) {
        (true, true) => 0.12,
        (true, false) if known(&old.neighbours.0) => 0.06,
        (false, true) if known(&old.neighbours.1) => 0.06,
        _ => 0.0,
    };
    if place > 0.1 {
        why.push("the same place".to_owned());
    }
    let rest = [old.not_null == new.not_null, old.default == new.default];
    let rest: f64 = rest.iter().map(|same| if *same { 0.04 } else { 0.0 }).sum();
    Likeness::new(of_type + 0.3 * name + place + rest, why.join(", "))
}

/// The columns of a table with their types.
fn columns(model: &Model, table: &Key) -> BTreeSet<(String, TypeNameText)> {
    match model.body(table) {
        Some(Body::SqliteTable(found)) => found
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.type_name.to_lowercase()))
            .collect(),
        _ => model
            .parts(table)
            .filter_map(|(key, object)| match &object.body {
                Body::Column(column) => Some((key.name.clone(), column.type_name.clone())),
                _ => None,
            })
            .collect(),
    }
}

type TypeNameText = String;

/// How alike two tables are: by their columns first, by their names second.
fn of_tables(current: &Model, from: &Key, desired: &Model, to: &Key) -> Option<Likeness> {
    let alike = match (current.body(from)?, desired.body(to)?) {
        (Body::Table(a), Body::Table(b)) => {
            a.partition_by.is_some() == b.partition_by.is_some()
                && a.partition_of.is_some() == b.partition_of.is_some()
        }
        (Body::SqliteTable(a), Body::SqliteTable(b)) => a.is_virtual == b.is_virtual,
        _ => false,
    };
    if !alike {
        return None;
    }
    let (old, new) = (columns(current, from), columns(desired, to));
    let names = |set: &BTreeSet<(String, String)>| -> BTreeSet<String> {
        set.iter().map(|(name, _)| name.clone()).collect()
    };
    // A column counts half by its name, half by name and type.
    let shape = f64::midpoint(dice(&old, &new), dice(&names(&old), &names(&new)));
    let both = names(&old).intersection(&names(&new)).count();
    let name = of_names(&from.name, &to.name);
    let why = format!("{both} of {} columns are in both", old.len().max(new.len()));
    Likeness::new(0.1 + 0.6 * shape + 0.3 * name, why)
}

/// The text of a routine after its name, so that two can be compared.
fn after_name(definition: &str) -> &str {
    definition.find('(').and_then(|at| definition.get(at..)).unwrap_or(definition)
}

/// How alike two objects of the same kind are, those of tables and columns included.
pub(super) fn of_objects(
    current: &Model,
    from: &Key,
    desired: &Model,
    to: &Key,
) -> Option<Likeness> {
    let name = of_names(&from.name, &to.name);
    match (current.body(from)?, desired.body(to)?) {
        (Body::Table(_) | Body::SqliteTable(_), _) => of_tables(current, from, desired, to),
        (Body::Constraint(a), Body::Constraint(b)) if a.definition == b.definition => {
            Likeness::same(name, "the same definition")
        }
        (Body::Index(a), Body::Index(b)) => {
            let plain = |definition: &str, key: &Key| after_word(definition, &key.name);
            (plain(&a.definition, from) == plain(&b.definition, to))
                .then(|| Likeness::same(name, "the same definition"))?
        }
        (Body::View(a), Body::View(b)) | (Body::MaterializedView(a), Body::MaterializedView(b))
            if a.definition == b.definition =>
        {
            Likeness::same(name, "the same query")
        }
        (Body::Routine(a), Body::Routine(b))
            if a.kind == b.kind && after_name(&a.definition) == after_name(&b.definition) =>
        {
            Likeness::same(name, "the same arguments and body")
        }
        (Body::Sequence(a), Body::Sequence(b)) if a == b && a.owned_by.is_some() => {
            Likeness::same(name, "it counts for the same column")
        }
        (Body::Sequence(a), Body::Sequence(b)) if a == b => {
            Likeness::new(0.3 + 0.5 * name, "they count alike")
        }
        (Body::Enum { labels: a }, Body::Enum { labels: b }) => {
            let set = |labels: &[String]| labels.iter().cloned().collect::<BTreeSet<_>>();
            let both = dice(&set(a), &set(b));
            let why = if a == b { "the same labels" } else { "many of the same labels" };
            Likeness::new(0.1 + 0.65 * both + 0.25 * name, why)
        }
        (Body::Composite { attributes: a }, Body::Composite { attributes: b }) if a == b => {
            Likeness::new(0.7 + 0.3 * name, "the same attributes")
        }
        (Body::Range { definition: a }, Body::Range { definition: b }) if a == b => {
            Likeness::new(0.7 + 0.3 * name, "the same subtype")
        }
        (Body::Domain(a), Body::Domain(b)) if a.base == b.base && a.not_null == b.not_null => {
            let checks = |domain: &crate::schema::model::Domain| -> BTreeSet<String> {
                domain.checks.iter().map(|check| check.definition.clone()).collect()
            };
            let same = checks(a) == checks(b);
            Likeness::new(if same { 0.6 } else { 0.3 } + 0.4 * name, "the same type below")
        }
        (Body::Schema, Body::Schema) => of_schemas(current, from, desired, to),
        _ => None,
    }
}

/// How alike two schemas are: by what is in them.
fn of_schemas(current: &Model, from: &Key, desired: &Model, to: &Key) -> Option<Likeness> {
    let inside = |model: &Model, schema: &Key| -> BTreeSet<(Kind, String, String)> {
        let of = |key: &&Key| key.schema == schema.name;
        let part = |key: &Key| (key.kind, key.of.clone(), key.name.clone());
        model.objects.keys().filter(of).map(part).collect()
    };
    let (old, new) = (inside(current, from), inside(desired, to));
    Likeness::new(dice(&old, &new), "the same objects in them")
}

/// An index's definition after its name.
fn after_word(definition: &str, name: &str) -> String {
    let bare = format!("INDEX {name} ON ");
    let quoted = format!("INDEX \"{}\" ON ", name.replace('"', "\"\""));
    definition.replacen(&quoted, "INDEX ON ", 1).replacen(&bare, "INDEX ON ", 1)
}

/// How alike a label that goes and one that comes are. Each place is counted from both ends: one
/// renamed label has the same neighbours.
pub(super) fn of_labels(old: &[String], from: &str, new: &[String], to: &str) -> Option<Likeness> {
    let place = |labels: &[String], label: &str| labels.iter().position(|found| found == label);
    let (at, now) = (place(old, from)?, place(new, to)?);
    let same_place = at == now && old.len() == new.len()
        || at.checked_sub(1).and_then(|at| old.get(at))
            == now.checked_sub(1).and_then(|at| new.get(at))
            && old.get(at + 1) == new.get(now + 1);
    let name = of_names(from, to);
    let why = if same_place { "the same place" } else { "a like name" };
    Likeness::new(if same_place { 0.5 } else { 0.0 } + 0.5 * name, why)
}
