//! Renames as a person meets them: a table before, a table after, and what is asked.

use super::*;
use crate::schema::model::{Column, Constraint, ConstraintKind, Object, ReplicaIdentity, Table};
use crate::schema::model::{SqliteColumn, SqliteTable};
use crate::sql::Dialect;

/// A model of tables written `orders: id integer, note text` and enums `mood = sad, ok`.
fn model(lines: &[&str]) -> Model {
    let mut model = Model::empty(Dialect::Postgres);
    let schema = Key::global(Kind::Schema, "public");
    model.objects.insert(schema, Object::new(Body::Schema));
    for line in lines {
        if let Some((name, labels)) = line.split_once(" = ") {
            let labels = labels.split(", ").map(str::to_owned).collect();
            let key = Key::new(Kind::Enum, "public", name);
            model.objects.insert(key, Object::new(Body::Enum { labels }));
            continue;
        }
        let (name, columns) = line.split_once(": ").unwrap();
        let table = Key::new(Kind::Table, "public", name);
        let mut order = Vec::new();
        for column in columns.split(", ") {
            let (name, type_name) = column.split_once(' ').unwrap();
            order.push(name.to_owned());
            let body = if let Some(definition) = type_name.strip_prefix("! ") {
                order.pop();
                let key = table.child(Kind::Constraint, name);
                model.objects.insert(key, Object::new(check(definition)));
                continue;
            } else {
                column_of(type_name)
            };
            model.objects.insert(table.child(Kind::Column, name), Object::new(body));
        }
        model.objects.insert(table, Object::new(table_of(order)));
    }
    model
}

fn table_of(order: Vec<String>) -> Body {
    Body::Table(Table {
        unlogged: false,
        partition_by: None,
        partition_of: None,
        inherits: Vec::new(),
        options: crate::schema::model::Options::default(),
        access_method: None,
        of_type: None,
        row_security: false,
        force_row_security: false,
        replica_identity: ReplicaIdentity::Default,
        clustered_on: None,
        tablespace: None,
        order,
    })
}

fn column_of(type_name: &str) -> Body {
    Body::Column(Column {
        type_name: type_name.to_owned(),
        collation: None,
        not_null: false,
        identity: None,
        generated: None,
        virtual_generated: false,
        storage: None,
        compression: None,
        statistics: None,
        options: crate::schema::model::Options::default(),
        local: true,
    })
}

fn check(definition: &str) -> Body {
    Body::Constraint(Constraint {
        kind: ConstraintKind::Check,
        definition: definition.to_owned(),
        columns: Vec::new(),
        references: None,
        referenced_columns: Vec::new(),
        validated: true,
        local: true,
        parent: None,
        index_valid: true,
    })
}

fn found(before: &[&str], after: &[&str]) -> Vec<String> {
    let shown = |candidate: Candidate| candidate.rename.to_string();
    candidates(&model(before), &model(after)).into_iter().map(shown).collect()
}

fn resolved(before: &[&str], after: &[&str], answers: &[&str]) -> Result<Vec<String>, String> {
    let answers: Vec<Answer> = answers.iter().map(|text| parse(text).unwrap()).collect();
    resolve(&model(before), &model(after), &answers)
        .map(|renames| renames.iter().map(ToString::to_string).collect())
        .map_err(|problem| problem.to_string())
}

const ORDERS: &str = "orders: id integer, note text, total numeric(12,2), placed date";

#[test]
fn a_column_of_the_same_type_may_be_renamed() {
    assert_eq!(
        found(&[ORDERS], &["orders: id integer, remark text, total numeric(12,2), placed date"]),
        ["column public.orders.note to remark"]
    );
}

#[test]
fn the_likest_of_several_columns_is_taken() {
    let after = "orders: id integer, total numeric(12,2), placed date, notes text, memo text";
    assert_eq!(found(&[ORDERS], &[after]), ["column public.orders.note to notes"]);
}

#[test]
fn columns_of_other_families_with_other_names_are_none() {
    let after = "orders: id integer, shipped_at timestamp, total numeric(12,2), placed date";
    assert_eq!(found(&[ORDERS], &[after]), [""; 0]);
}

#[test]
fn a_table_with_the_same_columns_may_be_renamed_and_its_columns_are_not_asked_for_yet() {
    let after = "purchases: id integer, remark text, total numeric(12,2), placed date";
    assert_eq!(found(&[ORDERS], &[after]), ["table public.orders to purchases"]);
    assert_eq!(found(&[ORDERS], &["sessions: id integer, token bytea, seen timestamp"]), [""; 0]);
}

#[test]
fn constraints_are_the_same_by_their_definition_and_need_no_answer() {
    let before = model(&["t: a integer, a_check ! CHECK ((a > 0))"]);
    let after = model(&["t: a integer, positive ! CHECK ((a > 0))"]);
    let found = candidates(&before, &after);
    assert_eq!(found.len(), 1);
    assert!(found[0].same);
    assert_eq!(found[0].rename.to_string(), "constraint public.t.a_check to positive");
}

#[test]
fn labels_are_renamed_by_place_or_name() {
    assert_eq!(
        found(&["mood = sad, ok, happy"], &["mood = unhappy, ok, happy"]),
        ["label \"sad\" of enum public.mood to \"unhappy\""]
    );
    assert_eq!(found(&["mood = sad, ok, happy"], &["mood = ok, happy, angry"]), [""; 0]);
}

#[test]
fn nothing_becomes_another_kind() {
    assert_eq!(found(&["mood = sad, ok"], &["mood2: id integer"]), [""; 0]);
}

#[test]
fn columns_of_sqlite_are_found_in_their_table() {
    let table = |columns: &[&str]| {
        let mut model = Model::empty(Dialect::Sqlite);
        let column = |name: &&str| SqliteColumn {
            name: (*name).to_owned(),
            type_name: "TEXT".into(),
            not_null: false,
            default: None,
            primary_key: 0,
            generated: None,
            sql: format!("{name} TEXT"),
        };
        let body = Body::SqliteTable(SqliteTable {
            sql: String::new(),
            is_virtual: false,
            strict: false,
            without_rowid: false,
            autoincrement: false,
            columns: columns.iter().map(column).collect(),
        });
        model.objects.insert(Key::new(Kind::Table, "main", "t"), Object::new(body));
        model
    };
    let (before, after) = (table(&["a", "note"]), table(&["a", "notes"]));
    let found = candidates(&before, &after);
    assert_eq!(found[0].option(), "--rename main.t.note=notes");
    let answer = parse("t.note=notes").unwrap();
    assert_eq!(resolve(&before, &after, &[answer]).unwrap(), [found[0].rename.clone()]);
}

#[test]
fn an_option_can_be_typed_as_it_is_shown() {
    let before = model(&["Odd name: id integer, a.b text", "mood = it's, ok"]);
    let after = model(&["Odd name: id integer, b=c text", "mood = its, ok"]);
    for candidate in candidates(&before, &after) {
        let option = candidate.option();
        let typed = option.strip_prefix("--rename '").and_then(|rest| rest.strip_suffix('\''));
        let typed = typed.unwrap().replace("'\\''", "'");
        let answer = parse(&typed).unwrap();
        assert_eq!(resolve(&before, &after, &[answer]).unwrap(), [candidate.rename]);
    }
}

#[test]
fn answers_may_be_short_or_whole() {
    let after = "orders: id integer, remark text, total numeric(12,2), placed date";
    for answer in [
        "note=remark",
        "orders.note=remark",
        "public.orders.note=orders.remark",
        "NOTE=remark",
        "column note=remark",
        "\"orders\".\"note\"=\"remark\"",
    ] {
        assert_eq!(
            resolved(&[ORDERS], &[after], &[answer]).unwrap(),
            ["column public.orders.note to remark"],
            "{answer}"
        );
    }
}

#[test]
fn a_column_of_a_renamed_table_is_renamed_after_it() {
    let after = "purchases: id integer, remark text, total numeric(12,2), placed date";
    for column in ["orders.note=remark", "purchases.note=remark"] {
        assert_eq!(
            resolved(&[ORDERS], &[after], &[column, "orders=purchases"]).unwrap(),
            ["table public.orders to purchases", "column public.purchases.note to remark"],
            "{column}"
        );
    }
}

#[test]
fn answers_that_do_not_fit_say_why() {
    let after = "orders: id integer, remark text, total numeric(12,2), placed date";
    let why = |answers: &[&str]| resolved(&[ORDERS], &[after], answers).unwrap_err();
    assert!(why(&["orders.nte=remark"]).contains("nothing named orders.nte; there is note"));
    assert!(why(&["note=remarks"]).contains("The schema has nothing named remarks"));
    assert!(why(&["total=remark"]).contains("total is in the schema too"));
    assert!(why(&["note=total"]).contains("total is in the database already"));
    for wrong in ["orders", "=a", "a=", "\"a=b", "a..b=c"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_answer_for_two_things_must_be_whole() {
    let before = ["a: x integer, y text", "b: x integer, y text"];
    let after = ["a: z integer, y text", "b: z integer, y text"];
    let problem = resolved(&before, &after, &["x=z"]).unwrap_err();
    assert!(problem.contains("column public.a.x to z, or the column public.b.x to z"), "{problem}");
    assert_eq!(resolved(&before, &after, &["b.x=z"]).unwrap(), ["column public.b.x to z"]);
}

#[test]
fn comments_of_the_schema_file_answer_too() {
    let file = "\
-- dbstudio: renamed from orders
CREATE TABLE purchases (
  id integer PRIMARY KEY, -- dbstudio: renamed from number
  -- dbstudio: renamed from note
  remark text,
  total numeric(12, 2) DEFAULT 0 /* dbstudio: renamed from sum */
); -- an end
CREATE TYPE mood AS ENUM (
  'unhappy', -- dbstudio: renamed from sad
  'ok'
);
";
    let before = model(&["orders: number integer, note text, sum numeric(12,2)", "mood = sad, ok"]);
    let after =
        model(&["purchases: id integer, remark text, total numeric(12,2)", "mood = unhappy, ok"]);
    let answers = comments(Dialect::Postgres, file).unwrap();
    let shown =
        |renames: Vec<Rename>| -> Vec<String> { renames.iter().map(ToString::to_string).collect() };
    assert_eq!(
        shown(resolve(&before, &after, &answers).unwrap()),
        [
            "table public.orders to purchases",
            "column public.purchases.number to id",
            "column public.purchases.note to remark",
            "column public.purchases.sum to total",
            "label \"sad\" of enum public.mood to \"unhappy\"",
        ]
    );
    // Done already, or nothing there yet: the comments have nothing to say.
    assert_eq!(resolve(&after, &after, &answers).unwrap(), []);
    assert_eq!(resolve(&model(&[]), &after, &answers).unwrap(), []);
}

#[test]
fn a_comment_after_a_statement_is_about_the_statement() {
    let file = "CREATE TABLE b (x integer); -- dbstudio: renamed from a\n";
    let answers = comments(Dialect::Postgres, file).unwrap();
    let renames = resolve(&model(&["a: x integer"]), &model(&["b: x integer"]), &answers);
    assert_eq!(renames.unwrap()[0].to_string(), "table public.a to b");
    let lost = comments(Dialect::Postgres, "SELECT 1;\n-- dbstudio: renamed from a\n");
    assert!(lost.unwrap_err().what.contains("line 2"));
}

#[test]
fn what_is_open_is_refused_with_the_options_that_settle_it() {
    let after = "orders: id integer, remark text, total numeric(12,2), placed date";
    let problem = refusal(&candidates(&model(&[ORDERS]), &model(&[after])));
    assert_eq!(problem.exit_code(), 4);
    assert!(problem.why.contains("--rename public.orders.note=remark"), "{problem}");
}
