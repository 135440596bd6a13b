//! What a plan would lose and fail on, measured on a SQLite file whose rows are known.

use dbstudio::db::connection::Connection;
use dbstudio::db::measure::Bounds;
use dbstudio::db::stop::Stop;
use dbstudio::schema::RelationName;
use dbstudio::schema::hazard::{Context, Facts, Severity, examine};
use dbstudio::schema::model::Scope;
use dbstudio::schema::plan::sqlite;

use crate::scratch::target;
use crate::server;

const BEFORE: &str = "
    CREATE TABLE teams (id INTEGER PRIMARY KEY);
    CREATE TABLE people (id INTEGER PRIMARY KEY, team INTEGER, note TEXT, age TEXT, email TEXT);
    CREATE TABLE gone (a);
    INSERT INTO teams VALUES (1), (2);
    WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20)
    INSERT INTO people SELECT i, CASE WHEN i = 5 THEN 9 WHEN i = 6 THEN NULL ELSE i % 2 + 1 END,
        CASE WHEN i % 4 > 0 THEN 'n' || i END, CASE WHEN i = 3 THEN 'old' ELSE i END, 'e' || (i % 18)
    FROM n;
    INSERT INTO gone VALUES (1), (2), (3);";

#[tokio::test]
async fn losses_and_failures_are_counted() {
    let file = server::sqlite("measured");
    file.execute(BEFORE);
    let wanted = server::sqlite("measured_wanted");
    wanted.execute(
        "CREATE TABLE teams (id INTEGER PRIMARY KEY);
         CREATE TABLE people (id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES teams(id),
            age INTEGER, email TEXT, CHECK (id < 19)) STRICT;
         CREATE UNIQUE INDEX people_email ON people (email);",
    );
    let stop = Stop::new();
    let mut live = Connection::open(&target(&file.url()), &stop).await.unwrap();
    let mut other = Connection::open(&target(&wanted.url()), &stop).await.unwrap();
    let current = live.model(&Scope::default(), &stop).await.unwrap();
    let desired = other.model(&Scope::default(), &stop).await.unwrap();
    let plan = sqlite::plan(&current, &desired);
    let measures =
        live.measure(&plan, (&current, &desired), &Bounds::default(), &stop).await.unwrap();
    let told: Vec<String> = measures
        .readings
        .iter()
        .map(|reading| format!("{}: {}", reading.object, reading.words()))
        .collect();
    for expected in [
        "main.gone: 3 rows lost",
        "main.people.note: 15 values of note lost",
        "main.people.team: 1 row has NULL in team: id = 6",
        "main.people: 2 rows that the check refuses: id = 19, id = 20",
        "main.people: 1 row whose team refers to nothing: team = 9",
        "main.people.age: 1 value of age that cannot become INTEGER: age = 'old'",
        "main.people.people_email: 2 values of email occurring more than once: 'e1', 'e2'",
    ] {
        assert!(told.iter().any(|line| line == expected), "no {expected:?} in {told:#?}");
    }
    let people = RelationName::new("main", "people");
    assert_eq!(measures.tables[&people].words(), "20 rows");

    let facts = Facts { effects: Vec::new(), measures };
    let context = Context { current: &current, desired: &desired, online: true, elsewhere: true };
    let hazards = examine(&plan, &facts, &context);
    let of = |id: &str| {
        let found = hazards.iter().find(|hazard| hazard.rule.id() == id);
        found.unwrap_or_else(|| panic!("no {id} in {hazards:#?}"))
    };
    for id in ["drop-table", "drop-column", "set-not-null", "rebuild-table", "add-unique"] {
        assert_eq!(of(id).severity, Severity::Danger, "{:?}", of(id));
    }
    // Copied, not lost: the rebuilt table is not reported as dropped.
    assert_eq!(hazards.iter().filter(|hazard| hazard.rule.id() == "drop-table").count(), 1);
    let rows = live.rows("SELECT count(*) FROM people").await.unwrap();
    assert_eq!(rows[0][0].as_deref(), Some("20"));
}
