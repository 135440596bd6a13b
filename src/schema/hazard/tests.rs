//! Plans and the hazards found in them, with and without measures.

use std::collections::BTreeMap;

use super::*;
use crate::schema::RelationName;
use crate::schema::model::{
    Body, Column, Constraint, ConstraintKind, Index, Kind, Model, Object, ReplicaIdentity, Table,
};
use crate::schema::plan::{Action, Plan, Step};
use crate::sql::Dialect;

fn table() -> Key {
    Key::new(Kind::Table, "shop", "orders")
}

fn part(kind: Kind, name: &str) -> Key {
    table().child(kind, name)
}

fn base() -> Model {
    let mut model = Model::empty(Dialect::Postgres);
    let body = Body::Table(Table {
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
        order: vec!["id".into(), "note".into(), "buyer".into()],
    });
    model.objects.insert(Key::global(Kind::Schema, "shop"), Object::new(Body::Schema));
    model.objects.insert(table(), Object::new(body.clone()));
    model.objects.insert(Key::new(Kind::Table, "shop", "buyers"), Object::new(body));
    for name in ["id", "note", "buyer"] {
        model.objects.insert(part(Kind::Column, name), Object::new(column("text")));
    }
    model
}

fn column(type_name: &str) -> Body {
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

fn constraint(kind: ConstraintKind, definition: &str, columns: &[&str]) -> Body {
    let foreign = kind == ConstraintKind::Foreign;
    Body::Constraint(Constraint {
        kind,
        definition: definition.to_owned(),
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        references: foreign.then(|| Key::new(Kind::Table, "shop", "buyers")),
        referenced_columns: if foreign { vec!["id".into()] } else { Vec::new() },
        validated: true,
        local: true,
        parent: None,
        index_valid: true,
    })
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan { dialect: Dialect::Postgres, steps, notes: Vec::new() }
}

fn found(plan: &Plan, desired: &Model, facts: &Facts) -> Vec<Hazard> {
    examine(plan, facts, &Context { current: &base(), desired, online: true, elsewhere: true })
}

fn ids(hazards: &[Hazard]) -> Vec<&'static str> {
    hazards.iter().map(|hazard| hazard.rule.id()).collect()
}

fn counted(step: usize, object: Key, subject: Subject, number: u64) -> Reading {
    let outcome = Outcome::Counted { count: Count::exact(number), examples: Vec::new() };
    Reading { step, object, subject, outcome }
}

fn measured(readings: Vec<Reading>) -> Facts {
    let size = TableSize { rows: Count::exact(12_431), bytes: Some(3 << 20), scan: None };
    let tables = BTreeMap::from([(RelationName::new("shop", "orders"), size)]);
    Facts { effects: Vec::new(), measures: Measures { tables, readings } }
}

#[test]
fn a_dropped_column_is_as_heavy_as_what_it_holds() {
    let note = part(Kind::Column, "note");
    let drop = Step::new("ALTER TABLE … DROP COLUMN note", vec![Action::Drop(note.clone())]);
    let plan = plan(vec![drop]);
    let hazards = found(&plan, &base(), &Facts::default());
    assert_eq!(ids(&hazards), ["drop-column", "exclusive-lock", "no-lock-timeout"]);
    assert_eq!(hazards[0].severity, Severity::Danger);

    let lost = counted(0, note.clone(), Subject::Values("note".into()), 3_020);
    let hazards = found(&plan, &base(), &measured(vec![lost]));
    assert_eq!(hazards[0].measured.as_deref(), Some("3,020 values of note lost"));
    assert_eq!(hazards[1].measured.as_deref(), Some("12,431 rows, 3.0 MB"));

    let none = counted(0, note, Subject::Values("note".into()), 0);
    let hazards = found(&plan, &base(), &measured(vec![none]));
    assert_eq!(hazards[0].severity, Severity::Notice);
    assert_eq!(hazards[0].why, "What still uses it fails.");
    assert_eq!(hazards[0].measured.as_deref(), Some("note holds no value"));
}

#[test]
fn a_step_that_will_fail_is_a_danger_and_says_on_what() {
    let note = part(Kind::Column, "note");
    let step = Step::new("ALTER TABLE …", vec![Action::SetNotNull(note.clone())]);
    let outcome = Outcome::Counted {
        count: Count::exact(2),
        examples: vec!["id = 7".into(), "id = 9".into()],
    };
    let subject = Subject::Nulls(vec!["note".into()]);
    let facts = measured(vec![Reading { step: 0, object: note, subject, outcome }]);
    let hazards = found(&plan(vec![step]), &base(), &facts);
    let first = &hazards[0];
    assert_eq!((first.rule, first.severity), (Rule::SetNotNull, Severity::Danger));
    assert_eq!(first.why, "It fails on the rows there are.");
    assert_eq!(first.safer, "Fill those rows first.");
    assert_eq!(first.measured.as_deref(), Some("2 rows have NULL in note: id = 7, id = 9"));
}

#[test]
fn locks_and_rewrites_watched_on_a_scratch_go_before_the_manual() {
    let change = Action::ChangeType {
        column: part(Kind::Column, "note"),
        from: "character varying(10)".into(),
        to: "shop.short".into(),
        using: None,
    };
    let plan = plan(vec![Step::new("ALTER TABLE …", vec![change])]);
    let orders = RelationName::new("shop", "orders");
    let watched = |rewrites: Vec<RelationName>| Facts {
        effects: vec![Some(Effects {
            locks: vec![(orders.clone(), LockMode::AccessExclusive)],
            rewrites,
            rebuilds: Vec::new(),
        })],
        ..measured(Vec::new())
    };
    let hazards = found(&plan, &base(), &watched(vec![orders.clone()]));
    assert_eq!(ids(&hazards), ["narrow-type", "rewrite-table", "no-lock-timeout"]);
    assert_eq!(hazards[1].measured.as_deref(), Some("12,431 rows, 3.0 MB"));
    let hazards = found(&plan, &base(), &watched(Vec::new()));
    assert_eq!(ids(&hazards), ["narrow-type", "scan-under-lock", "no-lock-timeout"]);
}

#[test]
fn other_tables_that_are_locked_are_named() {
    let key = part(Kind::Constraint, "buyer_fkey");
    let mut desired = base();
    let made = constraint(
        ConstraintKind::Foreign,
        "FOREIGN KEY (buyer) REFERENCES shop.buyers(id)",
        &["buyer"],
    );
    desired.objects.insert(key.clone(), Object::new(made));
    let add = Step::new("ALTER TABLE …", vec![Action::Create(key.clone())]);
    let hazards = found(&plan(vec![add.clone()]), &desired, &Facts::default());
    assert_eq!(
        ids(&hazards),
        ["add-foreign-key", "unindexed-foreign-key", "locks-other-table", "no-lock-timeout"]
    );
    assert_eq!(hazards[2].object, Some(Key::new(Kind::Table, "shop", "buyers")));

    let mut validate = Step::new("ALTER TABLE … VALIDATE", vec![Action::Validate(key)]);
    let hazards = found(&plan(vec![add.clone(), validate.clone()]), &desired, &Facts::default());
    assert!(ids(&hazards).contains(&"validate-in-same-transaction"), "{hazards:?}");
    validate.outside_transaction = true;
    let hazards = found(&plan(vec![add, validate]), &desired, &Facts::default());
    assert!(!ids(&hazards).contains(&"validate-in-same-transaction"));
    assert!(!ids(&hazards).contains(&"add-foreign-key"));
}

#[test]
fn an_index_blocks_writes_unless_it_is_built_concurrently() {
    let key = part(Kind::Index, "orders_note");
    let mut desired = base();
    let body = Body::Index(Index {
        relation: table(),
        definition:
            "CREATE UNIQUE INDEX orders_note ON shop.orders USING btree (lower(note) DESC, \
                     buyer COLLATE \"C\") WHERE (id IS NOT NULL)"
                .into(),
        unique: true,
        valid: true,
        columns: vec!["buyer".into()],
        parent: None,
        statistics: Vec::new(),
    });
    desired.objects.insert(key.clone(), Object::new(body));
    let mut step = Step::new("CREATE UNIQUE INDEX …", vec![Action::Create(key)]);
    let hazards = found(&plan(vec![step.clone()]), &desired, &Facts::default());
    assert_eq!(ids(&hazards), ["add-unique", "index-not-concurrent", "no-lock-timeout"]);
    let asked = wanted(&plan(vec![step.clone()]), &base(), &desired);
    assert_eq!(
        asked[0].subject,
        Subject::Duplicates {
            keys: vec!["lower(note)".into(), "buyer".into()],
            condition: Some("(id IS NOT NULL)".into()),
            nulls_equal: false,
        }
    );
    step.outside_transaction = true;
    let hazards = found(&plan(vec![step]), &desired, &Facts::default());
    assert_eq!(ids(&hazards), ["add-unique", "not-in-transaction"]);
}

#[test]
fn questions_use_the_names_of_before_the_renames() {
    let mut desired = base();
    let purchases = Key::new(Kind::Table, "shop", "purchases");
    let key = purchases.child(Kind::Constraint, "c");
    desired.objects.insert(
        key.clone(),
        Object::new(constraint(ConstraintKind::Check, "CHECK ((remark <> ''::text))", &["remark"])),
    );
    let rename = |from: Key, to: Key| Step::new("…", vec![Action::Rename { from, to }]);
    let plan = plan(vec![
        rename(table(), purchases.clone()),
        rename(purchases.child(Kind::Column, "note"), purchases.child(Kind::Column, "remark")),
        Step::new("…", vec![Action::Create(key.clone())]),
        Step::new("…", vec![Action::Drop(purchases.child(Kind::Column, "buyer"))]),
    ]);
    let asked = wanted(&plan, &base(), &desired);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].table, RelationName::new("shop", "orders"));
    assert_eq!(asked[0].renamed, [("note".to_owned(), "remark".to_owned())]);
    assert_eq!(asked[0].subject, Subject::Failing("(remark <> ''::text)".into()));
    assert_eq!(asked[1].subject, Subject::Values("buyer".into()));
    let hazards = found(&plan, &desired, &Facts::default());
    assert!(ids(&hazards).starts_with(&["rename-table"]), "{:?}", ids(&hazards));
    assert!(ids(&hazards).contains(&"add-check"));
}

#[test]
fn what_a_hand_written_statement_did_is_told_from_the_schemas() {
    let before = base();
    let mut after = base();
    after.objects.remove(&part(Kind::Column, "note"));
    after.objects.insert(part(Kind::Column, "buyer"), Object::new(column("integer")));
    let mut required = column("integer");
    if let Body::Column(column) = &mut required {
        column.not_null = true;
    }
    after.objects.insert(part(Kind::Column, "seller"), Object::new(required));
    let actions = observed("ALTER TABLE …", &before, &after);
    assert!(matches!(&actions[0], Action::ChangeType { to, .. } if to == "integer"));
    assert_eq!(
        actions[1..],
        [
            Action::Drop(part(Kind::Column, "note")),
            Action::AddRequired(part(Kind::Column, "seller")),
        ]
    );
}

/// A plan of `--online`: NOT NULL by way of a check, a key by way of an index, a foreign key that
/// is validated afterwards.
fn online() -> (Plan, Model) {
    let mut desired = base();
    let note = part(Kind::Column, "note");
    let code = part(Kind::Constraint, "code_key");
    let buyer = part(Kind::Constraint, "buyer_fkey");
    let unique = constraint(ConstraintKind::Unique, "UNIQUE (note)", &["note"]);
    let foreign = constraint(ConstraintKind::Foreign, "FOREIGN KEY (buyer) …", &["buyer"]);
    desired.objects.insert(code.clone(), Object::new(unique));
    desired.objects.insert(buyer.clone(), Object::new(foreign));
    let step = |sql: &str, action| Step::new(sql, vec![action]);
    let apart = |sql: &str, action| Step { apart: true, ..step(sql, action) };
    let alone = |sql: &str, action| Step { outside_transaction: true, ..step(sql, action) };
    let steps = vec![
        step("ALTER TABLE … ADD … NOT VALID", Action::Alter(note.clone())),
        step("ALTER TABLE … ADD … NOT VALID", Action::Create(buyer.clone())),
        apart("ALTER TABLE … VALIDATE …", Action::SetNotNull(note.clone())),
        apart("ALTER TABLE … VALIDATE …", Action::Validate(buyer)),
        step("ALTER TABLE … SET NOT NULL", Action::Alter(note)),
        alone("CREATE UNIQUE INDEX CONCURRENTLY …", Action::Create(code.clone())),
        step("ALTER TABLE … ADD … USING INDEX", Action::Alter(code)),
    ];
    (plan(steps), desired)
}

#[test]
fn what_is_done_online_keeps_nobody_waiting() {
    let (plan, desired) = online();
    let context = Context { current: &base(), desired: &desired, online: true, elsewhere: false };
    let locks = locks(&plan, &Facts::default(), &context);
    let modes: Vec<Option<LockMode>> =
        locks.iter().map(|(effects, _)| effects.locks.first().map(|(_, mode)| *mode)).collect();
    let (exclusive, mild) = (LockMode::AccessExclusive, LockMode::ShareUpdateExclusive);
    let share = LockMode::ShareRowExclusive;
    let expected = [exclusive, share, mild, mild, exclusive, mild, exclusive];
    assert_eq!(modes, expected.map(Some));

    let found = examine(&plan, &Facts::default(), &context);
    let told: Vec<(usize, &str)> =
        found.iter().map(|hazard| (hazard.step, hazard.rule.id())).collect();
    assert_eq!(
        told,
        [
            (0, "exclusive-lock"),
            (1, "unindexed-foreign-key"),
            (1, "blocks-writes"),
            (1, "locks-other-table"),
            (2, "set-not-null"),
            (3, "validate-constraint"),
            (5, "add-unique"),
            (5, "not-in-transaction"),
        ]
    );
    for hazard in found.iter().filter(|hazard| [2, 3, 5].contains(&hazard.step)) {
        assert!(!hazard.why.contains("nobody"), "{}", hazard.why);
    }
}

#[test]
fn a_limit_counts_for_the_transaction_it_is_in() {
    let note = part(Kind::Column, "note");
    let limit = Step::new("SET LOCAL lock_timeout = '4s'", vec![Action::Setting]);
    let alter = Step::new("ALTER TABLE …", vec![Action::Alter(note.clone())]);
    let validate = Step { apart: true, ..Step::new("…", vec![Action::SetNotNull(note)]) };
    let steps = vec![limit.clone(), alter.clone(), validate.clone(), alter.clone()];
    let told = |steps: Vec<Step>| -> Vec<usize> {
        let found = found(&plan(steps), &base(), &Facts::default());
        let mine = found.iter().filter(|hazard| hazard.rule == Rule::NoLockTimeout);
        mine.map(|hazard| hazard.step).collect()
    };
    assert_eq!(told(steps), [3]);
    assert_eq!(told(vec![limit.clone(), alter.clone(), validate, limit, alter.clone()]), [0; 0]);
    let lasting = Step::new("SET lock_timeout = '4s'", vec![Action::Setting]);
    assert_eq!(told(vec![lasting, alter.clone(), alter]), [0; 0]);
}
