//! Tests of the statements: what is shown is what runs, with the values in place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::db::edit::order::ordered;
use crate::db::page::Identity;
use crate::db::value::Truncated;
use crate::schema::relation::fixture::{column, table};
use crate::schema::{ForeignKey, Relation};

fn orders() -> Relation {
    let mut orders = table("public", "orders");
    orders.columns = vec![
        column("id", "bigint", "int8"),
        column("note", "character varying(9)", "varchar"),
        column("total", "numeric(8,2)", "numeric"),
        column("at", "point", "point"),
    ];
    orders
}

fn edits(relation: Relation, rows: Vec<(RowId, RowEdit)>) -> TableEdits {
    let identity = Identity::Key(vec!["id".to_owned()]);
    let masked = BTreeSet::from(["secret".to_owned()]);
    TableEdits { relation: Arc::new(relation), identity, masked, rows }
}

fn changed(id: &str, cells: &[(&str, Value, Wanted)]) -> (RowId, RowEdit) {
    let key: Box<[Value]> = [Value::text(id)].into();
    let cells = cells.iter().map(|(name, read, wanted)| {
        ((*name).to_owned(), CellEdit { read: read.clone(), wanted: wanted.clone() })
    });
    (RowId::of(&key), RowEdit::Changed { key, cells: cells.collect() })
}

fn text(text: &str) -> Wanted {
    Wanted::Value(Value::text(text))
}

#[test]
fn an_update_repeats_what_was_read() -> Result<()> {
    let cells = [
        ("note", Value::Null, text("it's")),
        ("total", Value::text("1.50"), Wanted::Default),
        ("at", Value::text("(1,2)"), Wanted::Value(Value::Null)),
    ];
    let edits = edits(orders(), vec![changed("7", &cells)]);
    let made = statements(Dialect::Postgres, &edits)?;
    assert_eq!(
        made[0].shown(),
        "UPDATE public.orders SET at = NULL, note = 'it''s', total = DEFAULT \
         WHERE id = '7'::int8 AND (at)::text IS NOT DISTINCT FROM '(1,2)' AND note IS NULL \
         AND (total)::text IS NOT DISTINCT FROM '1.50' \
         RETURNING (id)::text, (at)::text, note, (total)::text"
    );
    assert!(made[0].sql().contains("note = $1") && made[0].sql().contains("id = $2::int8"));
    assert_eq!(made[0].binds(&Given::default()).unwrap().len(), 4);
    Ok(())
}

#[test]
fn a_value_read_in_part_is_compared_by_its_length_and_beginning() -> Result<()> {
    let long = Truncated { prefix: Value::text("abc"), bytes: 9000, digest: None };
    let cells = [("note", Value::Truncated(Box::new(long)), text("x"))];
    let made = statements(Dialect::Postgres, &edits(orders(), vec![changed("1", &cells)]))?;
    let guard = "octet_length((CASE WHEN num_nulls(note) = 0 THEN concat(note) END)) = 9000";
    assert!(
        made[0]
            .shown()
            .contains("octet_length((note)::text) = 9000 AND left((note)::text, 3) = 'abc'")
            || made[0].shown().contains(guard),
        "{}",
        made[0].shown()
    );
    let made = statements(Dialect::Sqlite, &edits(orders(), vec![changed("1", &cells)]))?;
    assert!(made[0].shown().contains("octet_length(note) = 9000 AND substr(note, 1, 3)"));
    Ok(())
}

#[test]
fn masked_values_are_never_in_what_is_shown() -> Result<()> {
    let mut relation = orders();
    relation.columns.push(column("secret", "text", "text"));
    let cells = [("secret", Value::text("old word"), text("new word"))];
    let made = statements(Dialect::Postgres, &edits(relation, vec![changed("1", &cells)]))?;
    assert!(!made[0].shown().contains("word"), "{}", made[0].shown());
    assert!(made[0].binds(&Given::default()).unwrap().contains(&Bind::Text("new word".to_owned())));
    Ok(())
}

#[test]
fn children_come_after_their_parents_and_go_before_them() -> Result<()> {
    let mut lines = table("public", "lines");
    lines.columns = vec![column("id", "bigint", "int8"), column("order", "bigint", "int8")];
    lines.foreign_keys.push(ForeignKey {
        name: "fk".to_owned(),
        columns: vec!["order".to_owned()],
        target: orders().name,
        target_columns: vec!["id".to_owned()],
        on_delete: "NO ACTION".to_owned(),
        on_update: "NO ACTION".to_owned(),
        validated: true,
    });
    let added = |id| (RowId::Added(id), RowEdit::Added { cells: BTreeMap::new() });
    let deleted = |id: &str| {
        let key: Box<[Value]> = [Value::text(id)].into();
        (RowId::of(&key), RowEdit::Deleted { key, read: BTreeMap::new() })
    };
    let lines = edits(lines, vec![added(1), deleted("1")]);
    let orders = edits(orders(), vec![added(2), deleted("2")]);
    let made = ordered(Dialect::Postgres, &[lines, orders])?;
    let order: Vec<(Verb, &str)> =
        made.iter().map(|it| (it.verb, it.relation.name.as_str())).collect();
    assert_eq!(
        order,
        [
            (Verb::Insert, "orders"),
            (Verb::Insert, "lines"),
            (Verb::Delete, "lines"),
            (Verb::Delete, "orders")
        ]
    );
    assert_eq!(made[0].shown(), "INSERT INTO public.orders DEFAULT VALUES RETURNING (id)::text");
    Ok(())
}
