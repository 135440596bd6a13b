//! A whole schema as the model holds it: one of every kind is read, whatever the session is set
//! to; every change of the schema is a change of the model; and no need leads nowhere or back.

use std::collections::{BTreeMap, BTreeSet};

use dbstudio::db::connection::Connection;
use dbstudio::db::stop::Stop;
use dbstudio::schema::model::{
    Body, ConstraintKind, Firing, Grant, Grantee, Key, Kind, Model, ReplicaIdentity, RoutineKind,
    Scope,
};

use super::{address, address_of, target};
use crate::server::{self, TestDatabase};

const EVERY_KIND: &str = include_str!("model/every_kind.sql");

/// The changes that must each be seen.
const CHANGES: &str = include_str!("model/changes.sql");

/// Every kind, and the roles its schema names.
fn every_kind(label: &str) -> TestDatabase {
    let database = server::postgres().create_database(label);
    for role in ["everybody", "reader", "\"odd role\""] {
        // Another test may be making it at the same time.
        database.psql(&format!(
            "DO $$ BEGIN CREATE ROLE {role} LOGIN;
             EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$"
        ));
    }
    database.psql(EVERY_KIND);
    database
}

fn everything() -> Scope {
    Scope { schemas: None, privileges: true, owners: true }
}

async fn connect(database: &TestDatabase) -> Connection {
    let target = target(address_of(database));
    Connection::open(&target, &Stop::new()).await.expect("the database opens")
}

async fn read(connection: &mut Connection, scope: &Scope) -> Model {
    connection.model(scope, &Stop::new()).await.expect("the schema is read")
}

async fn model(database: &TestDatabase, scope: &Scope) -> Model {
    read(&mut connect(database).await, scope).await
}

fn app(kind: Kind, name: &str) -> Key {
    Key::new(kind, "app", name)
}

fn of_people(kind: Kind, name: &str) -> Key {
    Key::part(kind, "app", "people", name)
}

fn routine(name: &str, signature: &str) -> Key {
    Key { of: signature.to_owned(), ..app(Kind::Routine, name) }
}

/// The keys of the objects in which two models differ.
fn differences(one: &Model, other: &Model) -> Vec<String> {
    let keys: BTreeSet<&Key> = one.objects.keys().chain(other.objects.keys()).collect();
    let differs = |key: &&Key| one.get(key) != other.get(key);
    let objects = keys.into_iter().filter(differs).map(|key| format!("{:?} {key}", key.kind));
    let unmodelled = one.unmodelled.symmetric_difference(&other.unmodelled);
    objects.chain(unmodelled.map(|it| format!("{} {}", it.kind, it.name))).collect()
}

/// Needs that lead to nothing, and objects whose needs lead back to them.
fn bad_needs(model: &Model) -> Vec<String> {
    let mut bad = Vec::new();
    let mut left: BTreeMap<&Key, BTreeSet<&Key>> = BTreeMap::new();
    for (key, object) in &model.objects {
        for need in object.needs.iter().filter(|need| model.get(need).is_none()) {
            bad.push(format!("{key} needs {need}, which is not there"));
        }
        let relation = |need: &&Key| {
            need.name == key.of
                && matches!(need.kind, Kind::Table | Kind::View | Kind::MaterializedView)
        };
        if key.kind.is_part() && !object.needs.iter().any(|need| relation(&need)) {
            bad.push(format!("{key} does not need its relation"));
        }
        left.insert(key, object.needs.iter().collect());
    }
    loop {
        let free: Vec<&Key> =
            left.iter().filter(|(_, needs)| needs.is_empty()).map(|(key, _)| *key).collect();
        if free.is_empty() {
            break;
        }
        for key in &free {
            left.remove(key);
        }
        for needs in left.values_mut() {
            needs.retain(|need| !free.contains(need));
        }
    }
    bad.extend(left.into_iter().map(|(key, needs)| format!("{key} is in a cycle: {needs:?}")));
    bad
}

fn version() -> i64 {
    server::postgres().psql("postgres", "SHOW server_version_num").trim().parse().unwrap()
}

#[tokio::test]
async fn one_of_every_kind_is_read() {
    let database = every_kind("model_kinds");
    let model = model(&database, &everything()).await;
    let kinds: BTreeSet<Kind> = model.objects.keys().map(|key| key.kind).collect();
    for kind in [
        Kind::Schema,
        Kind::Extension,
        Kind::Collation,
        Kind::Enum,
        Kind::Composite,
        Kind::Range,
        Kind::Domain,
        Kind::Sequence,
        Kind::Routine,
        Kind::Table,
        Kind::Column,
        Kind::Default,
        Kind::Constraint,
        Kind::Index,
        Kind::Statistics,
        Kind::View,
        Kind::MaterializedView,
        Kind::Rule,
        Kind::Trigger,
        Kind::Policy,
        Kind::EventTrigger,
        Kind::DefaultPrivileges,
    ] {
        assert!(kinds.contains(&kind), "no {}", kind.word());
    }
    assert_eq!(bad_needs(&model), Vec::<String>::new());
    // What an extension, a range type, an identity column, a foreign key or a session brings
    // along is no object of its own.
    let keys: Vec<String> = model.objects.keys().map(ToString::to_string).collect();
    for alien in ["hstore(", "citext(", "words(", "app.numbering", "RI_", "passing", "plpgsql"] {
        assert!(!keys.iter().any(|key| key.contains(alien)), "{alien} in {keys:?}");
    }
}

#[tokio::test]
async fn what_is_not_modelled_is_named() {
    let database = every_kind("model_unmodelled");
    let model = model(&database, &everything()).await;
    let named: Vec<String> =
        model.unmodelled.iter().map(|it| format!("{} {}", it.kind, it.name)).collect();
    assert_eq!(
        named,
        [
            "access method heap2",
            "base type app.shell",
            "cast app.mood AS integer",
            "comment on a constraint's index app.people.people_pkey",
            "comment on an attribute app.point3.x",
            "conversion app.conv",
            "foreign data wrapper wrapper",
            "foreign server far",
            "foreign table app.far_away",
            "language tongue",
            "operator app.<+>(numeric, numeric)",
            "operator family app.family",
            "publication news",
            "state of a partition's trigger app.events_rest.each",
            "text search configuration app.english",
            "text search dictionary app.simple",
            "user mapping reader on far",
        ]
    );
}

#[tokio::test]
async fn tables_are_read_with_their_columns() {
    let database = every_kind("model_tables");
    let model = model(&database, &Scope::default()).await;
    let people = model.table(&app(Kind::Table, "people")).unwrap();
    assert_eq!(
        people.options.0,
        ["fillfactor=70", "autovacuum_enabled=false", "toast.autovacuum_enabled=false"]
    );
    assert_eq!(people.replica_identity, ReplicaIdentity::Index("by_email".to_owned()));
    assert_eq!(people.clustered_on.as_deref(), Some("by_email"));
    assert!(people.row_security && people.force_row_security);
    assert!(people.order.iter().take(3).eq(["id", "other", "legacy"]));
    let part = model.table(&app(Kind::Table, "events_2024")).unwrap();
    assert_eq!(part.partition_by.as_deref(), Some("LIST (id)"));
    let of = part.partition_of.as_ref().unwrap();
    assert_eq!(of.parent, app(Kind::Table, "events"));
    assert_eq!(of.bounds, "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')");
    let child = model.table(&app(Kind::Table, "child")).unwrap();
    assert_eq!(child.inherits, [app(Kind::Table, "base"), app(Kind::Table, "other_base")]);
    let typed = model.table(&app(Kind::Table, "typed")).unwrap();
    assert_eq!(typed.of_type, Some(app(Kind::Composite, "point3")));

    let column = |name: &str| model.column(&of_people(Kind::Column, name)).unwrap();
    let identity = column("id").identity.as_ref().unwrap();
    assert!(identity.always && identity.options.start == 100 && identity.options.increment == 10);
    assert_eq!(column("other").identity.as_ref().unwrap().sequence, "numbering");
    let storage = column("note").storage.clone().unwrap();
    assert_eq!((storage.set.as_str(), storage.usual.as_str()), ("external", "extended"));
    assert_eq!(column("note").collation.as_deref(), Some("app.blind"));
    assert_eq!(column("name").collation, None);
    assert_eq!(column("email").statistics, Some(500));
    assert_eq!(column("email").options.0, ["n_distinct=5", "n_distinct_inherited=6"]);
    assert_eq!(column("total").generated.as_deref(), Some("(ratio * (2)::double precision)"));
    assert_eq!(column("deep").type_name, "app.nested[]");
    assert!(!column("boss").not_null && column("email").not_null);
    let local = |table: &str, name: &str| {
        model.column(&Key::part(Kind::Column, "app", table, name)).unwrap().local
    };
    assert!(local("child", "own") && local("child", "note") && !local("child", "stamp"));
    assert!(!local("attached", "id"));
    let default = Body::Default {
        expression: "'2024-03-01 10:00:00+00'::timestamp with time zone".to_owned(),
    };
    assert_eq!(model.body(&of_people(Kind::Default, "at")), Some(&default));
    assert_eq!(model.body(&of_people(Kind::Default, "total")), None);
}

#[tokio::test]
async fn constraints_and_indexes_are_read_with_what_they_belong_to() {
    let database = every_kind("model_constraints");
    let model = model(&database, &Scope::default()).await;
    let constraint = |table: &str, name: &str| match model.body(&Key::part(
        Kind::Constraint,
        "app",
        table,
        name,
    )) {
        Some(Body::Constraint(constraint)) => constraint.clone(),
        other => panic!("{table}.{name} is {other:?}"),
    };
    let key = constraint("people", "people_pkey");
    assert_eq!(key.definition, "PRIMARY KEY (id) INCLUDE (email) WITH (fillfactor=80)");
    assert_eq!(key.columns, ["id"]);
    let boss = constraint("people", "boss");
    assert_eq!(boss.kind, ConstraintKind::Foreign);
    assert_eq!(boss.references, Some(app(Kind::Table, "people")));
    assert_eq!((boss.columns, boss.referenced_columns), (vec!["boss".into()], vec!["id".into()]));
    let later = constraint("people", "later");
    assert!(!later.validated && later.definition.ends_with("NOT VALID"));
    let inherited = constraint("child", "base_note_check");
    assert!(!inherited.local && inherited.parent.is_none());
    let cloned = constraint("attached", "events_person_fkey");
    let parent = Key::part(Kind::Constraint, "app", "events", "events_person_fkey");
    assert!(!cloned.local && cloned.parent == Some(parent));
    assert!(constraint("attached", "own").local);
    // The server acts on a foreign key to a partitioned table by one for each partition.
    let about_events =
        model.objects.keys().filter(|key| key.kind == Kind::Constraint && key.of == "notes");
    assert_eq!(about_events.count(), 2);

    let index =
        |table: &str, name: &str| match model.body(&Key::part(Kind::Index, "app", table, name)) {
            Some(Body::Index(index)) => index.clone(),
            other => panic!("{table}.{name} is {other:?}"),
        };
    assert_eq!(index("people", "by_name").columns, ["name"]);
    assert_eq!(index("people", "by_name").statistics, [(2, 77)]);
    assert!(!index("events", "invalid").valid && index("events", "events_kind").valid);
    let parent = Key::part(Kind::Index, "app", "events", "events_kind");
    assert_eq!(index("attached", "attached_kind").parent, Some(parent));
    assert_eq!(index("counted", "counted_mood").relation.kind, Kind::MaterializedView);
    assert_eq!(model.body(&of_people(Kind::Index, "people_pkey")), None);
}

#[tokio::test]
async fn what_acts_is_read_and_says_what_it_needs() {
    let database = every_kind("model_programs");
    let model = model(&database, &Scope::default()).await;
    let needs = |key: &Key| &model.get(key).unwrap_or_else(|| panic!("no {key}")).needs;
    let firing = |name: &str| match model.body(&of_people(Kind::Trigger, name)) {
        Some(Body::Trigger { firing, .. }) => *firing,
        other => panic!("{name} is {other:?}"),
    };
    assert_eq!(firing("touch"), Firing::Disabled);
    assert_eq!(firing("checked"), Firing::Always);
    assert_eq!(firing("seen"), Firing::Replica);
    let touch = needs(&of_people(Kind::Trigger, "touch"));
    assert!(touch.contains(&routine("touch", "")));
    assert!(touch.contains(&of_people(Kind::Column, "mood")));
    let clone = Key::part(Kind::Trigger, "app", "events_rest", "each");
    assert_eq!(model.get(&clone), None);
    let Some(Body::Policy(policy)) = model.body(&of_people(Kind::Policy, "own_rows")) else {
        panic!("there is no policy");
    };
    assert_eq!(policy.roles, ["odd role", "reader"]);
    assert!(needs(&of_people(Kind::Policy, "own_rows")).contains(&routine("fits", "text")));
    let Some(Body::EventTrigger { definition, .. }) =
        model.body(&Key::global(Kind::EventTrigger, "watch"))
    else {
        panic!("there is no event trigger");
    };
    assert_eq!(
        definition,
        "ON ddl_command_end WHEN TAG IN ('DROP TABLE', 'CREATE TABLE') \
         EXECUTE FUNCTION public.on_ddl()"
    );
    assert!(
        needs(&app(Kind::View, "happier")).contains(&of_people(Kind::Constraint, "people_pkey"))
    );
    assert!(needs(&app(Kind::View, "happier")).contains(&app(Kind::View, "happy")));
    assert!(needs(&app(Kind::MaterializedView, "counted")).contains(&app(Kind::View, "happy")));
    assert!(
        needs(&of_people(Kind::Column, "extras")).contains(&Key::global(Kind::Extension, "hstore"))
    );
    assert!(needs(&of_people(Kind::Column, "moods")).contains(&app(Kind::Enum, "mood")));
    assert!(
        needs(&of_people(Kind::Default, "legacy"))
            .contains(&app(Kind::Sequence, "people_legacy_seq"))
    );
    assert!(needs(&app(Kind::Domain, "short")).contains(&app(Kind::Sequence, "domain_numbers")));
}

/// The statement made for each aggregate makes the same aggregate again.
#[tokio::test]
async fn aggregates_are_written_as_they_were() {
    let database = every_kind("model_aggregates");
    let before = model(&database, &Scope::default()).await;
    let mut again = String::new();
    let mut count = 0;
    for (key, object) in &before.objects {
        if let Body::Routine(made) = &object.body
            && made.kind == RoutineKind::Aggregate
        {
            again.push_str(&format!("DROP ROUTINE app.{}({});\n", key.name, made.signature));
            again.push_str(&format!("{};\n", made.definition));
            if let Some(comment) = &object.comment {
                let (name, of) = (&key.name, &made.signature);
                again.push_str(&format!("COMMENT ON ROUTINE app.{name}({of}) IS '{comment}';\n"));
            }
            count += 1;
        }
    }
    assert_eq!(count, 7);
    database.psql(&again);
    assert_eq!(differences(&before, &model(&database, &Scope::default()).await), [""; 0]);
}

#[tokio::test]
async fn two_databases_of_the_same_making_are_equal_however_the_sessions_are_set() {
    let (one, other) = (every_kind("model_one"), every_kind("model_other"));
    // Numbers the server gave to things, and the order of grants, say nothing.
    other.psql("REVOKE USAGE ON SCHEMA app FROM reader; GRANT USAGE ON SCHEMA app TO reader");
    for setting in [
        "search_path = app, public",
        "\"DateStyle\" = 'German'",
        "\"TimeZone\" = 'Asia/Tokyo'",
        "\"IntervalStyle\" = iso_8601",
        "bytea_output = escape",
        "quote_all_identifiers = on",
        "extra_float_digits = -3",
    ] {
        other.psql(&format!("ALTER DATABASE {} SET {setting}", other.name));
    }
    let (one, other) = (model(&one, &everything()).await, model(&other, &everything()).await);
    assert_eq!(differences(&one, &other), [""; 0]);
    assert_eq!(one, other);
}

#[tokio::test]
async fn a_transaction_is_left_as_it_was() {
    let database = every_kind("model_transaction");
    let mut connection = connect(&database).await;
    let stop = Stop::new();
    connection.run("BEGIN; SET LOCAL search_path = app, \"Odd schema\"", &stop).await.unwrap();
    connection.run("CREATE TABLE only_here (id integer)", &stop).await.unwrap();
    let inside = read(&mut connection, &Scope::default()).await;
    assert!(inside.table(&app(Kind::Table, "only_here")).is_some());
    let shown = connection.query("SHOW search_path", &stop).await.unwrap();
    assert_eq!(shown, [[Some("app, \"Odd schema\"".to_owned())]]);
    connection.run("ROLLBACK", &stop).await.unwrap();
    let shown = connection.query("SHOW search_path", &stop).await.unwrap();
    assert_eq!(shown, [[Some("\"$user\", public".to_owned())]]);
    let outside = read(&mut connection, &Scope::default()).await;
    assert!(outside.table(&app(Kind::Table, "only_here")).is_none());
}

#[tokio::test]
async fn the_scope_says_what_is_read() {
    let database = every_kind("model_scope");
    let mut connection = connect(&database).await;
    let all = read(&mut connection, &Scope::default()).await;
    assert!(all.objects.values().all(|object| object.owner.is_none() && object.grants.is_empty()));
    assert!(!all.objects.keys().any(|key| key.kind == Kind::DefaultPrivileges));
    let odd = Scope { schemas: Some(vec!["Odd schema".to_owned()]), ..Scope::default() };
    let odd = read(&mut connection, &odd).await;
    let schemas: BTreeSet<&str> = odd.objects.keys().map(|key| key.schema.as_str()).collect();
    assert_eq!(schemas, BTreeSet::from(["", "Odd schema"]));
    assert!(odd.get(&Key::global(Kind::Extension, "hstore")).is_some());
    assert_eq!(odd.get(&Key::global(Kind::Schema, "app")), None);
    assert_eq!(bad_needs(&odd), Vec::<String>::new());
    let none = Scope { schemas: Some(Vec::new()), ..Scope::default() };
    let none = read(&mut connection, &none).await;
    assert!(none.objects.keys().all(|key| key.schema.is_empty() && key.kind != Kind::Schema));
}

#[tokio::test]
async fn privileges_are_written_out_and_the_owner_is_the_owner() {
    let database = every_kind("model_privileges");
    let model = model(&database, &everything()).await;
    let grants = |key: &Key| &model.get(key).unwrap_or_else(|| panic!("no {key}")).grants;
    let grant = |grantee: Grantee, privilege: &str, grantable: bool| Grant {
        grantee,
        privilege: privilege.to_owned(),
        grantable,
    };
    let reader = || Grantee::Role("reader".to_owned());
    let people = grants(&app(Kind::Table, "people"));
    assert!(people.contains(&grant(reader(), "SELECT", true)));
    assert!(people.contains(&grant(Grantee::Owner, "DELETE", false)));
    assert!(grants(&app(Kind::Table, "no_identity")).is_empty());
    assert!(!grants(&app(Kind::Table, "notes")).contains(&grant(Grantee::Owner, "DELETE", false)));
    let odd = grant(Grantee::Role("odd role".to_owned()), "UPDATE", false);
    assert_eq!(grants(&of_people(Kind::Column, "mood")), &BTreeSet::from([odd]));
    let execute = grant(Grantee::Public, "EXECUTE", false);
    assert!(grants(&routine("fits", "text")).contains(&execute));
    assert!(!grants(&routine("touch", "")).contains(&execute));
    assert!(!grants(&app(Kind::Enum, "mood")).iter().any(|grant| grant.grantee == Grantee::Public));
    let later = Key {
        kind: Kind::DefaultPrivileges,
        schema: "app".to_owned(),
        of: "TABLES".to_owned(),
        name: "postgres".to_owned(),
    };
    assert_eq!(grants(&later), &BTreeSet::from([grant(reader(), "SELECT", false)]));
    let owner = |key: &Key| model.get(key).unwrap().owner.as_deref();
    assert_eq!(owner(&app(Kind::Table, "base")), Some("everybody"));
    assert_eq!(owner(&app(Kind::Table, "people")), Some("postgres"));
}

#[tokio::test]
async fn who_may_do_nothing_reads_the_same() {
    let database = every_kind("model_stranger");
    database.psql("CREATE ROLE model_stranger LOGIN; REVOKE ALL ON SCHEMA app, public FROM PUBLIC");
    let stranger = address(database.server().port, "model_stranger", &database.name);
    let mut connection =
        Connection::open_reading(&target(stranger), &Stop::new()).await.expect("it opens");
    let theirs = read(&mut connection, &everything()).await;
    assert_eq!(differences(&model(&database, &everything()).await, &theirs), [""; 0]);
    drop(connection);
    drop(database);
    server::postgres().psql("postgres", "DROP ROLE model_stranger");
}

/// The server prints definitions of indexes and keys without their tablespace: it is put in.
#[tokio::test]
async fn tablespaces_are_in_the_definitions() {
    if version() < 150_000 {
        // Before, a tablespace needs a folder of its own that the server's user owns.
        return;
    }
    let database = server::postgres().create_database("model_tablespaces");
    database
        .psql("SET allow_in_place_tablespaces = on; CREATE TABLESPACE \"Far disk\" LOCATION ''");
    let sql = "CREATE TABLE t (id integer, word text,
            PRIMARY KEY (id) WITH (fillfactor = 50) USING INDEX TABLESPACE \"Far disk\",
            UNIQUE (word) USING INDEX TABLESPACE \"Far disk\" DEFERRABLE INITIALLY DEFERRED,
            EXCLUDE USING btree (word WITH =) USING INDEX TABLESPACE \"Far disk\" WHERE (id > 3)
        ) TABLESPACE \"Far disk\";
        CREATE INDEX plain ON t (word) TABLESPACE \"Far disk\";
        CREATE INDEX partial ON t (id) WITH (fillfactor = 60) TABLESPACE \"Far disk\"
            WHERE word = 'x' OR id > 2;
        CREATE MATERIALIZED VIEW m TABLESPACE \"Far disk\" AS SELECT 1 AS one";
    database.psql(sql);
    let before = model(&database, &Scope::default()).await;
    let table = Key::new(Kind::Table, "public", "t");
    assert_eq!(before.table(&table).unwrap().tablespace.as_deref(), Some("Far disk"));
    let mut again = String::new();
    let mut found = Vec::new();
    for (key, object) in before.parts(&table) {
        match &object.body {
            Body::Constraint(constraint) => {
                let (name, definition) = (&key.name, &constraint.definition);
                again.push_str(&format!(
                    "ALTER TABLE t DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition};"
                ));
                found.push(definition.clone());
            }
            Body::Index(index) => {
                again.push_str(&format!("DROP INDEX {}; {};", key.name, index.definition));
                found.push(index.definition.clone());
            }
            _ => {}
        }
    }
    assert_eq!(
        found,
        [
            "PRIMARY KEY (id) WITH (fillfactor=50) USING INDEX TABLESPACE \"Far disk\"",
            "EXCLUDE USING btree (word WITH =) USING INDEX TABLESPACE \"Far disk\" \
             WHERE ((id > 3))",
            "UNIQUE (word) USING INDEX TABLESPACE \"Far disk\" DEFERRABLE INITIALLY DEFERRED",
            "CREATE INDEX partial ON public.t USING btree (id) WITH (fillfactor='60') \
             TABLESPACE \"Far disk\" WHERE ((word = 'x'::text) OR (id > 2))",
            "CREATE INDEX plain ON public.t USING btree (word) TABLESPACE \"Far disk\"",
        ]
    );
    database.psql(&again);
    assert_eq!(differences(&before, &model(&database, &Scope::default()).await), [""; 0]);
    drop(database);
    server::postgres().psql("postgres", "DROP TABLESPACE \"Far disk\"");
}

/// Equal only if the databases are: whatever is changed, the model changes.
#[tokio::test]
async fn every_change_is_seen() {
    let database = every_kind("model_changes");
    let mut connection = connect(&database).await;
    let stop = Stop::new();
    let before = read(&mut connection, &everything()).await;
    let version = version();
    let mut wrong = Vec::new();
    for line in CHANGES.lines().filter(|line| !line.is_empty() && !line.starts_with("-- ")) {
        // `--14 ALTER …` is of that version on.
        let (since, change) = match line.strip_prefix("--").and_then(|line| line.split_once(' ')) {
            Some((since, change)) => (since.parse::<i64>().unwrap() * 10_000, change),
            None => (0, line),
        };
        if version < since {
            continue;
        }
        match connection.run(&format!("BEGIN; {change}"), &stop).await {
            Err(fault) => wrong.push(format!("{change} fails: {}", fault.message)),
            Ok(()) if read(&mut connection, &everything()).await == before => {
                wrong.push(format!("{change} is not seen"));
            }
            Ok(()) => {}
        }
        connection.run("ROLLBACK", &stop).await.unwrap();
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(differences(&before, &read(&mut connection, &everything()).await), [""; 0]);
}
