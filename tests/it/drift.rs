//! Drift as scripts meet it: a change made by hand is found exactly, for every kind of object on
//! both engines, and the SQL either way does what it says.

use std::collections::BTreeSet;
use std::fs;

use sha2::{Digest as _, Sha384};

use crate::cli::{documented_keys, keys};
use crate::verbs::{Database, Project};

/// Writes a migration and its way back.
pub fn write_migration(project: &Project, name: &str, up: &str, down: &str) {
    fs::create_dir_all(project.path("migrations")).unwrap();
    fs::write(project.path(&format!("migrations/{name}.up.sql")), up).unwrap();
    if !down.is_empty() {
        fs::write(project.path(&format!("migrations/{name}.down.sql")), down).unwrap();
    }
}

/// Runs a migration of the folder and writes it down as sqlx does.
pub fn apply(project: &Project, name: &str) {
    let up = fs::read_to_string(project.path(&format!("migrations/{name}.up.sql"))).unwrap();
    project.execute(&up);
    record(project, name);
}

/// Writes a migration down as sqlx does once it is applied.
pub fn record(project: &Project, name: &str) {
    let up = fs::read(project.path(&format!("migrations/{name}.up.sql"))).unwrap();
    let digest: String = Sha384::digest(&up).iter().map(|byte| format!("{byte:02x}")).collect();
    let (version, description) = name.split_once('_').unwrap();
    let version = version.trim_start_matches('0');
    let (types, checksum, success) = match &project.database {
        Database::Postgres(_) => {
            (["timestamptz", "now()", "bytea"], format!("'\\x{digest}'"), "true")
        }
        Database::Sqlite(_) => {
            (["timestamp", "CURRENT_TIMESTAMP", "blob"], format!("x'{digest}'"), "1")
        }
    };
    let [time, now, bytes] = types;
    project.execute(&format!(
        "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description \
         TEXT NOT NULL, installed_on {time} NOT NULL DEFAULT {now}, success BOOLEAN NOT NULL, \
         checksum {bytes} NOT NULL, execution_time BIGINT NOT NULL);
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES ({version}, '{}', {success}, {checksum}, 1500000)",
        description.replace('_', " ")
    ));
}

/// The differences that `drift --json` tells of, as `+ kind object`.
fn found(project: &Project) -> BTreeSet<String> {
    let told = project.run(&["drift", "--json"]);
    let json = told.json();
    let all = json["drift"].as_array().unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(told.code, if all.is_empty() { 0 } else { 3 }, "{told:?}");
    let sign = |place: &str| match place {
        "database" => '+',
        "migrations" => '-',
        _ => '~',
    };
    let text = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap().to_owned();
    all.iter()
        .map(|one| {
            format!("{} {} {}", sign(&text(one, "where")), text(one, "kind"), text(one, "object"))
        })
        .collect()
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// What each engine's migration makes, what somebody does by hand, and what drift that is.
const POSTGRES: [&str; 3] = [
    "CREATE SCHEMA audit;
CREATE COLLATION public.german (provider = icu, locale = 'de');
CREATE COLLATION public.numbers (provider = icu, locale = 'en-u-kn-true');
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE kind AS ENUM ('a', 'b');
CREATE TYPE place AS (street text, town text);
CREATE TYPE span AS RANGE (subtype = int4);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE SEQUENCE tickets INCREMENT 1;
CREATE SEQUENCE spare;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL DEFAULT 'x', age int, town text, note text);
CREATE TABLE orders (id int PRIMARY KEY, buyer int CONSTRAINT buyer_fk REFERENCES users, total numeric(8,2), at timestamptz,
    CONSTRAINT total_positive CHECK (total > 0));
CREATE TABLE old_things (id int PRIMARY KEY);
CREATE TABLE log (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX orders_at ON orders (at);
CREATE INDEX users_name ON users (name);
CREATE STATISTICS users_stat ON age, town FROM users;
CREATE VIEW adults AS SELECT id, name FROM users WHERE age >= 18;
CREATE MATERIALIZED VIEW totals AS SELECT buyer, sum(total) AS total FROM orders GROUP BY buyer;
CREATE RULE quiet AS ON DELETE TO old_things DO INSTEAD NOTHING;
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users USING (id > 0);
COMMENT ON TABLE orders IS 'what was bought';
CREATE EVENT TRIGGER watching ON ddl_command_start EXECUTE FUNCTION watch();
ALTER EVENT TRIGGER watching DISABLE;
",
    "CREATE SCHEMA extra;
CREATE EXTENSION hstore SCHEMA extra;
DROP COLLATION numbers;
ALTER TYPE mood ADD VALUE 'happy';
CREATE TYPE colour AS ENUM ('red');
ALTER TYPE place ADD ATTRIBUTE zip text;
DROP TYPE span;
ALTER DOMAIN email SET NOT NULL;
ALTER SEQUENCE tickets INCREMENT 5;
DROP SEQUENCE spare;
CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n + n';
CREATE TABLE by_hand (id int PRIMARY KEY, what text);
DROP TABLE old_things;
DROP MATERIALIZED VIEW totals;
ALTER TABLE users ADD COLUMN phone varchar(20), DROP COLUMN age CASCADE, ALTER COLUMN name DROP DEFAULT;
ALTER TABLE orders ALTER COLUMN total TYPE numeric(12,2), DROP CONSTRAINT total_positive;
ALTER TABLE orders ALTER COLUMN at SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT buyer_fk, ADD CONSTRAINT buyer_fk FOREIGN KEY (buyer) REFERENCES users ON DELETE CASCADE;
CREATE TABLE log_2027 PARTITION OF log FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
DROP INDEX orders_at;
CREATE INDEX orders_total ON orders (total);
CREATE STATISTICS orders_stat ON buyer, at FROM orders;
CREATE VIEW rich AS SELECT 1 AS one;
DROP TRIGGER touched ON users;
CREATE TRIGGER late AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
ALTER POLICY own ON users USING (id > 10);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY more ON orders FOR SELECT USING (true);
CREATE RULE lost AS ON DELETE TO by_hand DO ALSO NOTIFY lost;
COMMENT ON TABLE orders IS 'sold';
DROP EVENT TRIGGER watching;
",
    "+ schema extra
+ extension hstore
- collation public.numbers
~ enum public.mood
+ enum public.colour
~ composite type public.place
- range type public.span
~ domain public.email
~ sequence public.tickets
- sequence public.spare
~ routine public.twice(integer)
+ table public.by_hand
- table public.old_things
~ table public.orders
+ column public.users.phone
- column public.users.age
- default public.users.name
~ column public.orders.total
~ column public.orders.at
- constraint public.orders.total_positive
~ constraint public.orders.buyer_fk
+ table public.log_2027
- index public.orders.orders_at
+ index public.orders.orders_total
+ statistics public.orders_stat
- statistics public.users_stat
+ view public.rich
- view public.adults
- materialized view public.totals
- trigger public.users.touched
+ trigger public.orders.late
~ policy public.users.own
+ policy public.orders.more
- event trigger watching
",
];

const SQLITE: [&str; 3] = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT 'x', age INTEGER, town TEXT, note TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, buyer INTEGER REFERENCES users (id), total REAL CHECK (total > 0), at TEXT);
CREATE TABLE old_things (id INTEGER PRIMARY KEY);
CREATE TABLE log (id INTEGER PRIMARY KEY, at TEXT);
CREATE INDEX orders_at ON orders (at);
CREATE INDEX users_name ON users (name);
CREATE VIEW adults AS SELECT id, name FROM users WHERE age >= 18;
CREATE VIEW towns AS SELECT DISTINCT town FROM users;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN INSERT INTO log (at) VALUES ('now'); END;
CREATE VIRTUAL TABLE words USING fts5(word);
",
    "CREATE TABLE by_hand (id INTEGER PRIMARY KEY, what TEXT);
DROP TABLE old_things;
ALTER TABLE users ADD COLUMN phone TEXT;
DROP VIEW adults;
DROP VIEW towns;
CREATE VIEW towns AS SELECT town FROM users;
CREATE VIEW rich AS SELECT 1 AS one;
DROP INDEX orders_at;
CREATE INDEX orders_total ON orders (total);
DROP TRIGGER touched;
CREATE TRIGGER late AFTER INSERT ON orders BEGIN SELECT 1; END;
DROP TABLE words;
DROP INDEX users_name;
CREATE INDEX users_name ON users (name DESC);
ALTER TABLE log ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
",
    "+ table main.by_hand
- table main.old_things
+ column main.users.phone
+ column main.log.level
- view main.adults
~ view main.towns
+ view main.rich
- index main.orders.orders_at
+ index main.orders.orders_total
- trigger main.users.touched
+ trigger main.orders.late
- table main.words
~ index main.users.users_name
",
];

fn given(project: &Project) -> [&'static str; 3] {
    match project.database {
        Database::Postgres(_) => POSTGRES,
        Database::Sqlite(_) => SQLITE,
    }
}

/// A project whose one migration is applied, with some rows.
fn start(project: &Project) {
    let [made, ..] = given(project);
    write_migration(project, "0001_start", made, "");
    apply(project, "0001_start");
    project.execute(
        "INSERT INTO users (id, name, age, town, note) VALUES (1, 'Ada', 36, 'London', 'first');
         INSERT INTO orders (id, buyer, total, at) VALUES (1, 1, 9.5, '2026-01-01')",
    );
}

#[test]
fn what_was_done_by_hand_is_found_exactly_and_repaired() {
    for project in Project::both() {
        let [_, by_hand, expected] = given(&project);
        start(&project);
        assert_eq!(found(&project), BTreeSet::new());
        project.execute(by_hand);
        assert_eq!(found(&project), lines(expected));
        let told = project.run(&["drift"]);
        assert!(told.code == 3 && told.result.contains("only in the database"), "{told:?}");
        let repair = project.run(&["drift", "--sql", "repair"]);
        assert_eq!(repair.code, 3, "{repair:?}");
        project.execute(&repair.result);
        assert_eq!(found(&project), BTreeSet::new(), "{}", repair.result);
        assert_eq!(project.query("SELECT name, note FROM users"), "Ada|first");
        assert_eq!(project.query("SELECT count(*) FROM orders"), "1");
    }
}

#[test]
fn what_was_done_by_hand_can_be_kept_as_a_migration() {
    for project in Project::both() {
        let [_, by_hand, _] = given(&project);
        start(&project);
        project.execute(by_hand);
        let told = project.run(&["drift", "--adopt"]);
        assert_eq!((told.code, project.files("migrations").len()), (4, 1), "{told:?}");
        let told = project.run(&["drift", "--adopt", "what we did", "--yes"]);
        assert_eq!(told.code, 0, "{told:?}");
        let files = project.files("migrations");
        let ups: Vec<&String> = files.iter().filter(|file| file.ends_with(".up.sql")).collect();
        for file in &ups[1..] {
            record(&project, file.strip_suffix(".up.sql").unwrap());
        }
        assert_eq!(found(&project), BTreeSet::new(), "{files:?}");
    }
}

#[test]
fn a_rename_by_hand_is_renamed_back_with_what_is_in_it() {
    for project in Project::both() {
        start(&project);
        project.execute("ALTER TABLE users RENAME COLUMN note TO remark");
        let told = project.run(&["drift", "--json"]);
        assert!(told.result.contains("is taken for a rename"), "{told:?}");
        let repair = project.run(&["drift", "--sql", "repair"]);
        project.execute(&repair.result);
        assert_eq!(project.query("SELECT note FROM users"), "first");
        assert_eq!(found(&project), BTreeSet::new());
        project.execute("ALTER TABLE users RENAME COLUMN note TO remark");
        let told = project.run(&["drift", "--json", "--no-renames"]);
        assert!(told.result.contains("drop-column") || told.result.contains("drops"), "{told:?}");
    }
}

#[test]
fn schema_migrations_and_database_are_compared_three_ways() {
    for project in Project::both() {
        start(&project);
        write_migration(&project, "0002_more", "CREATE TABLE more (id integer PRIMARY KEY);", "");
        let [made, ..] = given(&project);
        project.schema(&format!(
            "{made}CREATE TABLE more (id integer PRIMARY KEY);
             CREATE TABLE newest (id integer PRIMARY KEY);"
        ));
        let told = project.run(&["drift", "--json"]);
        let json = told.json();
        let names = |key: &str| -> Vec<String> {
            let all = json[key].as_array().unwrap_or_else(|| panic!("{key}: {told:?}"));
            all.iter().map(|one| one["object"].as_str().unwrap().to_owned()).collect()
        };
        let end = |names: Vec<String>| -> Vec<String> {
            names.iter().map(|name| name.rsplit('.').next().unwrap().to_owned()).collect()
        };
        assert_eq!((told.code, names("drift").len()), (0, 0), "{told:?}");
        assert_eq!(json["pending"][0], "0002_more");
        assert_eq!(end(names("unwritten")), ["newest"]);
        assert_eq!(end(names("behind")), ["more", "newest"]);
        let text = project.run(&["drift"]).result;
        assert!(text.contains("dbstudio migrate") && text.contains("dbstudio generate"), "{text}");
    }
}

#[test]
fn the_drift_as_json_is_what_the_readme_documents() {
    for project in Project::both() {
        let [made, ..] = given(&project);
        start(&project);
        project.schema(made);
        project.execute("CREATE TABLE by_hand (id integer PRIMARY KEY)");
        let mut found = BTreeSet::new();
        keys(&project.run(&["drift", "--json"]).json(), "", &mut found);
        // Plans have a table of their own.
        let is_plan = |key: &str| key.starts_with("repair.") || key.starts_with("adopt.");
        let plans = found.iter().any(|key| is_plan(key));
        found.retain(|key| !is_plan(key) && !key.starts_with("behind"));
        found.extend(["repair", "adopt", "behind"].map(str::to_owned));
        assert!(plans);
        assert_eq!(found, documented_keys("<!-- drift json -->"));
    }
}

/// A folder of another tool with one migration that is applied: its files, and what the tool has
/// written down of it on each engine.
fn foreign(project: &Project, tool: &str) {
    let made = "CREATE TABLE a (id integer PRIMARY KEY);\n";
    let file = |name: &str, text: &str| {
        let path = project.path("migrations").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let is_postgres = matches!(project.database, Database::Postgres(_));
    let history = match tool {
        "dbmate" => {
            let text = format!("-- migrate:up\n{made}-- migrate:down\nDROP TABLE a;\n");
            file("20260101000000_a.sql", &text);
            "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);
             INSERT INTO schema_migrations VALUES ('20260101000000')"
                .to_owned()
        }
        "golang-migrate" => {
            file("1_a.up.sql", made);
            file("1_a.down.sql", "DROP TABLE a;\n");
            "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
             INSERT INTO schema_migrations VALUES (1, false)"
                .to_owned()
        }
        _ => {
            file("0000_a.sql", made);
            let dialect = if is_postgres { "postgresql" } else { "sqlite" };
            file(
                "meta/_journal.json",
                &format!(
                    "{{\"version\":\"7\",\"dialect\":\"{dialect}\",\"entries\":[{{\"idx\":0,\
                     \"version\":\"7\",\"when\":1795367247861,\"tag\":\"0000_a\",\"breakpoints\":true}}]}}"
                ),
            );
            let hash = sha2::Sha256::digest(made.as_bytes());
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let (schema, table) = match is_postgres {
                true => ("CREATE SCHEMA drizzle;", "drizzle.__drizzle_migrations"),
                false => ("", "__drizzle_migrations"),
            };
            format!(
                "{schema} CREATE TABLE {table} (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint);
                 INSERT INTO {table} (hash, created_at) VALUES ('{hash}', 1795367247861)"
            )
        }
    };
    project.execute(&format!("{made}{history}"));
}

#[test]
fn drift_is_found_in_the_folders_of_other_tools_too() {
    for tool in ["dbmate", "golang-migrate", "drizzle"] {
        for project in Project::both() {
            foreign(&project, tool);
            assert_eq!(found(&project), BTreeSet::new(), "{tool}");
            project.execute("CREATE TABLE by_hand (id integer PRIMARY KEY)");
            let schema =
                if matches!(project.database, Database::Postgres(_)) { "public" } else { "main" };
            assert_eq!(found(&project), lines(&format!("+ table {schema}.by_hand")), "{tool}");
            project.execute(&project.run(&["drift", "--sql", "repair"]).result);
            assert_eq!(found(&project), BTreeSet::new(), "{tool}");
            let told = project.run(&["check", "--json"]);
            assert_eq!(told.json()["findings"], serde_json::json!([]), "{tool}: {told:?}");
        }
    }
}

#[test]
fn of_a_file_that_changed_or_is_gone_the_text_that_was_applied_counts() {
    for project in Project::both() {
        project.migration("0001_a.sql", "CREATE TABLE a (id integer, note text);\n");
        project.migration("0002_b.sql", "CREATE TABLE b (id integer);\n");
        project.succeeds(&["migrate", "--yes"]);
        project.migration("0001_a.sql", "CREATE TABLE a (id integer, other text);\n");
        assert_eq!(found(&project), BTreeSet::new());
        let json = project.succeeds(&["status", "--json"]).json();
        let diff = &json["migrations"]["others"][0]["diff"];
        assert!(
            diff[0].as_str().unwrap().starts_with("- ")
                && diff[1].as_str().unwrap().starts_with("+ "),
            "{json}"
        );
        assert!(
            project
                .succeeds(&["status"])
                .result
                .contains("+ CREATE TABLE a (id integer, other text)")
        );
        let notes = project.run(&["drift", "--json"]).json()["notes"].to_string();
        assert!(notes.contains("its file has changed since; the text that was applied"), "{notes}");
        fs::remove_file(project.path("migrations/0002_b.sql")).unwrap();
        assert_eq!(found(&project), BTreeSet::new());
        let notes =
            project.run(&["status", "--drift", "--json"]).json()["migrations"]["notes"].to_string();
        assert!(notes.contains("its file is missing; the text that was applied"), "{notes}");
        // What was not kept cannot be compared, and is said.
        project.execute(&format!("DELETE FROM {}", project.ledger("texts")));
        assert_eq!(found(&project).len(), 3, "{:?}", found(&project));
    }
}
