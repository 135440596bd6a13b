//! The order in which tables are filled: those referred to first. Where tables refer to each other
//! in a circle, one reference waits: it is filled in afterwards, or its keys are settled
//! beforehand. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::shape::{Reference, Shape, Table};
use crate::schema::RelationName;

/// A reference: its table, and its place among the table's references.
pub(super) type Edge = (RelationName, usize);

/// The order, and what is special about references.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Order {
    /// The tables, in the order they are filled.
    pub(super) tables: Vec<RelationName>,
    /// References that stay NULL at first, and are filled in at the end where the table has a
    /// primary key.
    pub(super) later: BTreeSet<Edge>,
    /// References to rows that are not there yet: their keys are settled beforehand.
    pub(super) ahead: BTreeSet<Edge>,
    /// Tables that cannot be filled, and why.
    pub(super) skipped: BTreeMap<RelationName, String>,
}

/// Finds the order of these tables.
pub(super) fn order(shape: &Shape, chosen: &BTreeSet<RelationName>) -> Order {
    let mut order = Order::default();
    let mut left: BTreeSet<&RelationName> =
        chosen.iter().filter(|name| shape.tables.contains_key(name)).collect();
    // Within a table: a row may refer to one made before it, the first of all to itself.
    for name in &left {
        let Some(table) = shape.tables.get(*name) else { continue };
        for (at, reference) in table.references.iter().enumerate() {
            if reference.target == **name && !may_be_null(table, reference) {
                order.ahead.insert(((*name).clone(), at));
            }
        }
    }
    while !left.is_empty() {
        let free = left.iter().find(|name| waits(shape, &order, &left, name).is_none()).copied();
        if let Some(name) = free {
            left.remove(name);
            order.tables.push(name.clone());
            continue;
        }
        let circle = circle(shape, &order, &left);
        let edge = |fits: &dyn Fn(&Table, &Reference) -> bool| {
            circle.iter().find(|(name, at)| {
                let table = shape.tables.get(name);
                let found = table.and_then(|table| Some((table, table.references.get(*at)?)));
                found.is_some_and(|(table, reference)| fits(table, reference))
            })
        };
        if let Some(edge) =
            edge(&|table, reference| may_be_null(table, reference) && !table.primary.is_empty())
        {
            order.later.insert(edge.clone());
        } else if let Some(edge) = edge(&|_, reference| reference.deferrable) {
            order.ahead.insert(edge.clone());
        } else if let Some(edge) = edge(&may_be_null) {
            // Without a primary key nothing says which rows to fill in: these stay NULL.
            order.later.insert(edge.clone());
        } else if let Some((name, _)) = circle.first() {
            let names: Vec<String> = circle.iter().map(|(name, _)| name.to_string()).collect();
            let why = format!(
                "{} refer to each other, and none of the foreign keys may be NULL or wait",
                names.join(" and ")
            );
            left.remove(name);
            order.skipped.insert(name.clone(), why);
        } else {
            break;
        }
    }
    order
}

fn may_be_null(table: &Table, reference: &Reference) -> bool {
    let nullable = |at: &usize| table.columns.get(*at).is_some_and(|column| column.nullable);
    reference.columns.iter().any(nullable)
}

/// The first reference of a table whose target is not filled yet.
fn waits(
    shape: &Shape,
    order: &Order,
    left: &BTreeSet<&RelationName>,
    name: &RelationName,
) -> Option<Edge> {
    let table = shape.tables.get(name)?;
    table.references.iter().enumerate().find_map(|(at, reference)| {
        let edge = (name.clone(), at);
        let is_free = reference.target == *name
            || !left.contains(&reference.target)
            || order.later.contains(&edge)
            || order.ahead.contains(&edge);
        (!is_free).then_some(edge)
    })
}

/// References that lead in a circle, found by following what each table waits for.
fn circle(shape: &Shape, order: &Order, left: &BTreeSet<&RelationName>) -> Vec<Edge> {
    let mut path: Vec<Edge> = Vec::new();
    let Some(mut name) = left.first().map(|name| (*name).clone()) else { return path };
    while let Some(edge) = waits(shape, order, left, &name) {
        if let Some(start) = path.iter().position(|(before, _)| *before == name) {
            return path.split_off(start);
        }
        let next = shape
            .tables
            .get(&name)
            .and_then(|table| table.references.get(edge.1))
            .map(|reference| reference.target.clone());
        path.push(edge);
        let Some(next) = next else { break };
        name = next;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::shape::{Column, Origin, Sort};
    use super::*;
    use crate::sql::Dialect;

    /// A table referred to, whether the reference may be NULL, and whether it can wait.
    type To = (&'static str, bool, bool);

    fn shape(tables: &[(&str, &[To])]) -> Shape {
        let name = |name: &str| RelationName::new("public", name);
        let column = |nullable| Column {
            name: "c".to_owned(),
            type_name: "integer".to_owned(),
            sort: Sort::Integer(0, 9),
            nullable,
            default: false,
            origin: Origin::Written,
        };
        let table = |references: &[To]| Table {
            columns: std::iter::once(column(false))
                .chain(references.iter().map(|(_, nullable, _)| column(*nullable)))
                .collect(),
            primary: vec![0],
            uniques: Vec::new(),
            references: references
                .iter()
                .enumerate()
                .map(|(at, (target, _, deferrable))| Reference {
                    columns: vec![at + 1],
                    target: name(target),
                    target_columns: vec!["c".to_owned()],
                    deferrable: *deferrable,
                })
                .collect(),
            checks: Vec::new(),
            partitions: None,
        };
        let tables = tables.iter().map(|(of, references)| (name(of), table(references)));
        Shape { dialect: Dialect::Postgres, tables: tables.collect() }
    }

    fn ordered(shape: &Shape) -> (Vec<String>, Order) {
        let found = order(shape, &shape.tables.keys().cloned().collect());
        (found.tables.iter().map(|name| name.name.clone()).collect(), found)
    }

    #[test]
    fn parents_come_first_and_circles_are_cut_where_they_may() {
        let (tables, _) = ordered(&shape(&[("a", &[("b", false, false)]), ("b", &[])]));
        assert_eq!(tables, ["b", "a"]);
        let (tables, found) = ordered(&shape(&[
            ("a", &[("b", false, false)]),
            ("b", &[("a", true, false)]),
            ("c", &[("c", false, false), ("a", false, false)]),
        ]));
        assert_eq!((tables.len(), found.later.len(), found.ahead.len()), (3, 1, 1));
        let (tables, found) =
            ordered(&shape(&[("a", &[("b", false, true)]), ("b", &[("a", false, false)])]));
        assert_eq!((tables.len(), found.ahead.len()), (2, 1));
        let (tables, found) =
            ordered(&shape(&[("a", &[("b", false, false)]), ("b", &[("a", false, false)])]));
        assert_eq!((tables.as_slice(), found.skipped.len()), (&["b".to_owned()][..], 1));
    }
}
