//! The undo capsule on both engines: what a migration destroys comes back when it is taken back,
//! and what does not come back is said; the capsule is made with the migration or not at all, and is
//! seen nowhere but in its own list.

use std::process::{Child, Stdio};

use crate::migrate_faults::Session;
use crate::verbs::{Database, Project, Told};

const ON: &str = "protection = \"development\"\ncapsule = true";

/// A project whose first migration is applied.
fn project(project: Project, schema: &str, rows: &str) -> Project {
    project.configure(ON, "");
    project.migration("0001_first.up.sql", schema);
    project.migration("0001_first.down.sql", "SELECT 1;\n");
    project.succeeds(&["migrate", "--yes"]);
    project.execute(rows);
    project
}

fn both(schema: &str, rows: &str) -> [Project; 2] {
    Project::both().map(|one| project(one, schema, rows))
}

impl Project {
    /// Writes the second migration.
    fn second(&self, up: &str, down: &str) {
        self.migration("0002_second.up.sql", up);
        self.migration("0002_second.down.sql", down);
    }

    /// How many tables of capsules there are, the index left out.
    fn stores(&self) -> String {
        self.query(if self.is_sqlite() {
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name LIKE '_dbstudio_capsule_%'"
        } else {
            "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('dbstudio') AND \
             relname LIKE 'capsule\\_%' AND relkind = 'r'"
        })
    }

    /// Applies the second migration, and takes it back.
    #[track_caller]
    fn there_and_back(&self) -> (Told, Told) {
        let there = self.succeeds(&["migrate", "--yes"]);
        let back = self.succeeds(&["rollback", "--yes"]);
        (there, back)
    }
}

#[track_caller]
fn says(told: &Told, words: &[&str]) {
    for expected in words {
        assert!(told.talk.contains(expected), "{expected} in {told:?}");
    }
}

const CUSTOMERS: &str = "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, \
    note text, grade integer);\n";
const PEOPLE: &str = "INSERT INTO customers VALUES (1, 'Ada', 'first', 7), (2, 'Bob', NULL, 8), \
    (3, 'Cy', 'it''s \"x\"; --', NULL)";
const ALL: &str = "SELECT id || '|' || name || '|' || coalesce(note, '-') || '|' || \
    coalesce(CAST(grade AS text), '-') FROM customers ORDER BY id";

#[test]
fn a_dropped_column_comes_back_with_its_values() {
    for project in both(CUSTOMERS, PEOPLE) {
        let before = project.query(ALL);
        project.second(
            "ALTER TABLE customers DROP COLUMN note;\n",
            "ALTER TABLE customers ADD COLUMN note text;\n",
        );
        let told = project.succeeds(&["migrate", "--dry-run"]);
        says(&told, &["the capsule keeps customers.note, 2 values, ~"]);
        assert_eq!(project.stores(), "0");
        project.succeeds(&["migrate", "--yes"]);
        assert_eq!(project.stores(), "1");
        let told = project.succeeds(&["rollback", "--dry-run"]);
        says(&told, &["the capsule of 0002_second puts back customers.note, 3 rows"]);
        let told = project.succeeds(&["rollback", "--yes"]);
        says(&told, &["customers.note: 3 rows have their values back"]);
        assert_eq!(project.query(ALL), before);
        assert_eq!(project.stores(), "0");
        let (_, told) = project.there_and_back();
        says(&told, &["3 rows have their values back"]);
        assert_eq!(project.query(ALL), before);
    }
}

#[test]
fn a_column_that_must_not_be_null_is_filled_before_the_way_back_says_so() {
    let schema = "CREATE TABLE a (id integer PRIMARY KEY, code text NOT NULL UNIQUE);\n";
    let project = project(Project::postgres(), schema, "INSERT INTO a VALUES (1, 'x'), (2, 'y')");
    project.second(
        "ALTER TABLE a DROP COLUMN code;\n",
        "ALTER TABLE a ADD COLUMN code text;\nALTER TABLE a ALTER COLUMN code SET NOT NULL;\n\
         ALTER TABLE a ADD CONSTRAINT a_code_key UNIQUE (code);\n",
    );
    project.there_and_back();
    assert_eq!(project.query("SELECT string_agg(id || code, ' ' ORDER BY id) FROM a"), "1x 2y");
    project.second(
        "ALTER TABLE a DROP COLUMN code;\n",
        "ALTER TABLE a ADD COLUMN code text NOT NULL DEFAULT 'none';\n",
    );
    project.there_and_back();
    assert_eq!(project.query("SELECT string_agg(id || code, ' ' ORDER BY id) FROM a"), "1x 2y");
}

#[test]
fn what_changed_in_between_is_said_and_left_alone() {
    for project in both(CUSTOMERS, PEOPLE) {
        project.second(
            "ALTER TABLE customers DROP COLUMN note;\n",
            "ALTER TABLE customers ADD COLUMN note text;\n",
        );
        project.succeeds(&["migrate", "--yes"]);
        project.execute(
            "DELETE FROM customers WHERE id = 1; INSERT INTO customers VALUES (9, 'New', 1)",
        );
        let told = project.succeeds(&["rollback", "--dry-run"]);
        says(&told, &["but not 1 row that changed or went since", "1 row came since"]);
        let told = project.succeeds(&["rollback", "--yes"]);
        says(
            &told,
            &[
                "2 rows have their values back",
                "1 row gone since",
                "1 row added since",
                "stays in capsule 1",
            ],
        );
        assert_eq!(project.query("SELECT note FROM customers WHERE id = 3"), "it's \"x\"; --");
        let told = project.succeeds(&["capsules"]);
        assert!(told.result.contains("what a rollback could not put back"), "{told:?}");
        assert!(told.result.contains("customers.note, 1 row"), "{told:?}");
        let told = project.succeeds(&["capsules", "--json"]);
        let json = told.json();
        let capsule = &json["capsules"][0];
        assert_eq!((&capsule["state"], &capsule["rows"]), (&"rest".into(), &1.into()), "{told:?}");
        project.fails(&["capsules", "--drop", "7", "--yes"], 2, &["no capsule 7"]);
        project.fails(&["capsules", "--drop", "1"], 4, &["--yes"]);
        let told = project.succeeds(&["capsules", "--drop", "1", "--yes"]);
        assert_eq!(told.result, "removed capsule 1 of 0002_second\n");
        assert_eq!(project.stores(), "0");
    }
}

const SHOP: &str = "CREATE TABLE parents (id integer PRIMARY KEY, name text);
CREATE TABLE children (id integer PRIMARY KEY, parent integer NOT NULL REFERENCES parents (id), name text);
";

#[test]
fn dropped_tables_come_back_parents_first() {
    let rows = "INSERT INTO parents VALUES (1, 'p'), (2, 'q'); INSERT INTO children VALUES \
                (10, 1, 'a'), (11, 2, NULL), (12, 2, 'c')";
    for project in both(SHOP, rows) {
        let all = "SELECT c.id || coalesce(c.name, '-') || p.name FROM children c \
                   JOIN parents p ON p.id = c.parent ORDER BY c.id";
        let before = project.query(all);
        project.second("DROP TABLE children;\nDROP TABLE parents;\n", SHOP);
        let (there, back) = project.there_and_back();
        says(&there, &["the capsule keeps children, 3 rows", "the capsule keeps parents, 2 rows"]);
        says(&back, &["children: 3 rows came back", "parents: 2 rows came back"]);
        assert_eq!((project.query(all), project.stores()), (before, "0".to_owned()));
    }
}

#[test]
fn a_table_comes_back_before_its_children_point_at_it_and_counts_on() {
    let schema = "CREATE TABLE p (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, \
                  loud text GENERATED ALWAYS AS (upper(name)) STORED, n serial);\n\
                  CREATE TABLE c (id int PRIMARY KEY, p bigint REFERENCES p);\n\
                  CREATE TABLE log (what text);\n\
                  CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS \
                  $$ BEGIN INSERT INTO log VALUES (TG_OP); RETURN NEW; END $$;\n";
    let rows = "INSERT INTO p (name) VALUES ('a'), ('b'), ('c'); DELETE FROM p WHERE id = 3; \
                INSERT INTO c VALUES (1, 2)";
    let project = project(Project::postgres(), schema, rows);
    project.second(
        "DROP TABLE p CASCADE;\n",
        "CREATE TABLE p (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, \
         loud text GENERATED ALWAYS AS (upper(name)) STORED, n serial);\n\
         CREATE TRIGGER tells AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION tell();\n\
         ALTER TABLE c ADD CONSTRAINT c_p_fkey FOREIGN KEY (p) REFERENCES p;\n",
    );
    project.there_and_back();
    project.execute("INSERT INTO p (name) VALUES ('d')");
    let all = "SELECT string_agg(id || name || loud || n, ' ' ORDER BY id) FROM p";
    assert_eq!(project.query(all), "1aA1 2bB2 4dD4");
    assert_eq!(project.query("SELECT count(*) FROM log"), "1");
}

#[test]
fn narrowed_values_come_back_and_others_stay() {
    let schema =
        "CREATE TABLE t (id int PRIMARY KEY, price numeric(10,4), at timestamptz, code text);\n";
    let rows = "INSERT INTO t VALUES (1, 1.2345, '2026-01-02 03:04:05.678+00', 'abcdef'), \
                (2, 2, '2026-01-02 00:00+00', 'ab'), (3, NULL, NULL, NULL), (4, 9.9999, 'infinity', 'uvwxyz')";
    let project = project(Project::postgres(), schema, rows);
    project.second(
        "ALTER TABLE t ALTER COLUMN price TYPE numeric(10,2), \
         ALTER COLUMN code TYPE varchar(3) USING left(code, 3);\n\
         SET TimeZone = 'Asia/Tokyo';\nALTER TABLE t ALTER COLUMN at TYPE date;\n",
        "ALTER TABLE t ALTER COLUMN price TYPE numeric(10,4), ALTER COLUMN code TYPE text, \
         ALTER COLUMN at TYPE timestamptz;\n",
    );
    let before = project.query("SELECT t FROM t ORDER BY id");
    project.there_and_back();
    assert_eq!(project.query("SELECT t FROM t ORDER BY id"), before);
    project.succeeds(&["migrate", "--yes"]);
    project.execute("UPDATE t SET code = 'new' WHERE id = 4");
    let told = project.succeeds(&["rollback", "--yes"]);
    says(&told, &["1 row changed or gone since, left alone"]);
    let all =
        "SELECT string_agg(coalesce(code, '-') || coalesce(price, 0), ' ' ORDER BY id) FROM t";
    assert_eq!(project.query(all), "abcdef1.2345 ab2.0000 -0 new9.9999");
}

#[test]
fn an_enum_gets_its_label_back() {
    let schema = "CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');\n\
                  CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL);\n";
    let project = project(
        Project::postgres(),
        schema,
        "INSERT INTO t VALUES (1, 'sad'), (2, 'ok'), (3, 'glad')",
    );
    let swap = |labels: &str, how: &str| {
        format!(
            "ALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ({labels});\n\
             ALTER TABLE t ALTER COLUMN m TYPE mood USING ({how})::mood;\nDROP TYPE mood_old;\n"
        )
    };
    project.second(
        &swap("'ok', 'glad'", "CASE m::text WHEN 'sad' THEN 'ok' ELSE m::text END"),
        &swap("'sad', 'ok', 'glad'", "m::text"),
    );
    let (there, _) = project.there_and_back();
    says(&there, &["the capsule keeps t.m, 3 values"]);
    assert_eq!(project.query("SELECT string_agg(m::text, ' ' ORDER BY id) FROM t"), "sad ok glad");
}

#[test]
fn rows_that_a_statement_deletes_or_changes_come_back() {
    for project in both(CUSTOMERS, PEOPLE) {
        let before = project.query(ALL);
        project.second(
            "DELETE FROM customers WHERE id = 1;\nUPDATE customers SET note = 'lost', grade = 0 WHERE id = 3;\n",
            "SELECT 1;\n",
        );
        let (there, back) = project.there_and_back();
        says(&there, &["the capsule keeps customers, 3 rows"]);
        says(&back, &["customers: 2 rows came back"]);
        assert_eq!((project.query(ALL), project.stores()), (before.clone(), "0".to_owned()));
        project
            .second("UPDATE customers SET note = 'lost' WHERE note IS NOT NULL;\n", "SELECT 1;\n");
        project.succeeds(&["migrate", "--yes"]);
        project.execute("UPDATE customers SET note = 'later' WHERE id = 1");
        let told = project.succeeds(&["rollback", "--dry-run"]);
        says(&told, &["customers.note, 2 rows", "but not 1 row that changed or went since"]);
        let told = project.succeeds(&["rollback", "--yes"]);
        says(&told, &["1 row has its value back", "1 row changed or gone since"]);
        assert_eq!(project.query("SELECT note FROM customers WHERE id = 1"), "later");
        assert_eq!(project.query(ALL).lines().nth(2), before.lines().nth(2));
    }
}

#[test]
fn filling_a_new_column_keeps_nothing() {
    for project in both(CUSTOMERS, PEOPLE) {
        project.second(
            "ALTER TABLE customers ADD COLUMN more text;\nUPDATE customers SET more = name;\n",
            "ALTER TABLE customers DROP COLUMN more;\n",
        );
        let told = project.succeeds(&["migrate", "--yes"]);
        assert!(!told.talk.contains("capsule"), "{told:?}");
        assert_eq!(project.stores(), "0");
    }
}

#[test]
fn rows_deleted_by_a_cascade_come_back() {
    let schema = "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE c (id int PRIMARY KEY, \
                  p int REFERENCES p ON DELETE CASCADE);\n";
    let project = project(
        Project::postgres(),
        schema,
        "INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (5, 1), (6, 2), (7, 1)",
    );
    project.second("DELETE FROM p WHERE id = 1;\n", "SELECT 1;\n");
    let (_, back) = project.there_and_back();
    says(&back, &["p: 1 row came back", "c: 2 rows came back"]);
    assert_eq!(
        project.query("SELECT string_agg(id || '-' || p, ' ' ORDER BY id) FROM c"),
        "5-1 6-2 7-1"
    );
}

#[test]
fn rows_emptied_with_another_table_come_back() {
    let rows = "INSERT INTO parents VALUES (1, 'p'); INSERT INTO children VALUES (10, 1, 'a')";
    let project = project(Project::postgres(), SHOP, rows);
    project.second("TRUNCATE parents CASCADE;\n", "SELECT 1;\n");
    let (_, back) = project.there_and_back();
    says(&back, &["parents: 1 row came back", "children: 1 row came back"]);
    assert_eq!(
        project.query("SELECT count(*) FROM parents JOIN children ON parent = parents.id"),
        "1"
    );
}

#[test]
fn what_is_renamed_too_comes_back_under_its_old_name() {
    for project in both(CUSTOMERS, PEOPLE) {
        let before = project.query(ALL);
        project.second(
            "ALTER TABLE customers RENAME TO people;\nALTER TABLE people RENAME COLUMN note TO remark;\n\
             UPDATE people SET remark = 'lost' WHERE id = 3;\nDELETE FROM people WHERE id = 2;\n",
            "ALTER TABLE people RENAME COLUMN remark TO note;\nALTER TABLE people RENAME TO customers;\n",
        );
        project.succeeds(&["migrate", "--yes"]);
        project.execute("UPDATE people SET remark = 'later' WHERE id = 1");
        let told = project.succeeds(&["rollback", "--yes"]);
        says(&told, &["customers: 2 rows came back"]);
        assert_eq!(project.query(ALL), before.replace("|first|", "|later|"));
    }
}

#[test]
fn a_column_lost_in_a_rebuild_comes_back() {
    let project = project(Project::sqlite(), CUSTOMERS, PEOPLE);
    let before = project.query(ALL);
    let rebuilt = |columns: &str, copied: &str, from: &str| {
        format!(
            "PRAGMA foreign_keys = OFF;\nCREATE TABLE new_customers ({columns});\n\
             INSERT INTO new_customers SELECT {copied} FROM customers{from};\nDROP TABLE customers;\n\
             ALTER TABLE new_customers RENAME TO customers;\nPRAGMA foreign_keys = ON;\n"
        )
    };
    let all = "id integer PRIMARY KEY, name text NOT NULL, note text, grade integer";
    project.second(
        &rebuilt(
            "id integer PRIMARY KEY, name text NOT NULL, grade integer",
            "id, name, grade",
            "",
        ),
        &rebuilt(all, "id, name, NULL, grade", ""),
    );
    let (there, back) = project.there_and_back();
    says(&there, &["the capsule keeps customers.note, 2 values"]);
    says(&back, &["3 rows have their values back"]);
    assert_eq!(project.query(ALL), before);
    project.second(&rebuilt(all, "*", " WHERE id > 1"), "SELECT 1;\n");
    let (_, back) = project.there_and_back();
    says(&back, &["customers: 1 row came back"]);
    assert_eq!(project.query(ALL), before);
}

#[test]
fn values_of_every_storage_class_come_back_as_they_were() {
    let schema = "CREATE TABLE t (k text PRIMARY KEY NOT NULL, v, w any) WITHOUT ROWID;\n\
                  CREATE TABLE n (v blob);\nCREATE TABLE s (id integer PRIMARY KEY AUTOINCREMENT);\n\
                  CREATE TABLE log (a);\n";
    let rows = "INSERT INTO t VALUES ('1', 1, 1), ('1.0', 1.0, '1'), ('x', x'00ff', NULL), ('y', '', x''); \
                INSERT INTO n (rowid, v) VALUES (7, 1), (9, '1'); INSERT INTO s VALUES (4), (8); DELETE FROM s WHERE id = 8";
    let project = project(Project::sqlite(), schema, rows);
    let state = "SELECT group_concat(quote(k) || quote(v) || quote(w)) FROM t UNION ALL \
                 SELECT group_concat(rowid || quote(v)) FROM n UNION ALL SELECT seq FROM sqlite_sequence WHERE name = 's'";
    let before = project.query(state);
    project.second("ALTER TABLE t DROP COLUMN v;\nDROP TABLE n;\nDROP TABLE s;\n",
        "ALTER TABLE t ADD COLUMN v;\nCREATE TABLE n (v blob);\nCREATE TABLE s (id integer PRIMARY KEY AUTOINCREMENT);\n\
         CREATE TRIGGER tn AFTER INSERT ON n BEGIN INSERT INTO log VALUES (1); END;\n\
         CREATE TRIGGER tt AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (2); END;\n");
    project.there_and_back();
    assert_eq!(project.query(state), before);
    assert_eq!(project.query("SELECT count(*) FROM log"), "0");
    assert_eq!(project.query("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), "2");
}

#[test]
fn what_is_too_large_is_not_kept_and_said() {
    for project in both(CUSTOMERS, PEOPLE) {
        project.configure(&format!("{ON}\ncapsule_limit = \"100\""), "");
        project
            .second("ALTER TABLE customers DROP COLUMN note;\nDROP TABLE customers;\n", CUSTOMERS);
        let (there, _) = project.there_and_back();
        says(
            &there,
            &[
                "customers: its ",
                "more than capsule_limit, 100 bytes",
                "rolling back does not bring",
            ],
        );
        assert_eq!(
            (project.query("SELECT count(*) FROM customers"), project.stores()),
            ("0".to_owned(), "0".to_owned())
        );
    }
}

#[test]
fn it_is_off_in_development_and_on_elsewhere() {
    for project in both(CUSTOMERS, PEOPLE) {
        project.configure("protection = \"development\"", "");
        project.second("DROP TABLE customers;\n", CUSTOMERS);
        let told = project.succeeds(&["migrate", "--dry-run"]);
        assert!(!told.talk.contains("capsule"), "{told:?}");
        project.configure("protection = \"staging\"", "");
        let told = project.succeeds(&["migrate", "--dry-run"]);
        says(&told, &["the capsule keeps customers, 3 rows"]);
        project.configure("protection = \"staging\"\ncapsule = false", "");
        let told = project.succeeds(&["migrate", "--yes"]);
        assert!(!told.talk.contains("capsule"), "{told:?}");
        assert_eq!(project.stores(), "0");
        project.configure("protection = \"staging\"\nledger = false", "");
        project.succeeds(&["rollback", "--yes"]);
        let told = project.succeeds(&["migrate", "--dry-run"]);
        says(&told, &["there is no undo capsule here (the ledger is turned off)"]);
    }
}

#[test]
fn a_migration_that_fails_leaves_no_capsule() {
    for project in both(CUSTOMERS, PEOPLE) {
        let before = project.query(ALL);
        project.second("DROP TABLE customers;\nSELECT 1/0 FROM nowhere;\n", CUSTOMERS);
        let told = project.run(&["migrate", "--yes"]);
        assert_eq!(told.code, 1, "{told:?}");
        assert_eq!((project.query(ALL), project.stores()), (before, "0".to_owned()));
    }
}

/// A program that is killed when the test is done with it, however that ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_kill_in_the_middle_leaves_no_capsule() {
    let project = project(Project::postgres(), CUSTOMERS, PEOPLE);
    let before = project.query(ALL);
    project.second("DROP TABLE customers;\nSELECT pg_advisory_xact_lock(42);\n", CUSTOMERS);
    let Database::Postgres(database) = &project.database else { panic!() };
    // Of the scratch database it is another lock.
    let held = Session::new(database, "SELECT pg_advisory_lock(42)");
    let mut command = project.command(&["migrate", "--yes"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let killed = Killed(child);
    let waits =
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted";
    while project.query(waits) == "0" {
        std::thread::yield_now();
    }
    drop(killed);
    drop(held);
    project.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    assert_eq!((project.query(ALL), project.stores()), (before.clone(), "0".to_owned()));
    project.second("DROP TABLE customers;\n", CUSTOMERS);
    project.there_and_back();
    assert_eq!(project.query(ALL), before);
}

#[test]
fn a_script_outside_a_transaction_keeps_and_puts_back_too() {
    let project = project(Project::postgres(), CUSTOMERS, PEOPLE);
    let before = project.query(ALL);
    project.second(
        "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON customers (name);\nALTER TABLE customers DROP COLUMN grade;\n\
         UPDATE customers SET note = 'gone';\n",
        "-- no-transaction\nDROP INDEX CONCURRENTLY i;\nALTER TABLE customers ADD COLUMN grade integer;\n",
    );
    let (_, back) = project.there_and_back();
    says(&back, &["customers.grade: 3 rows", "customers.note: 3 rows"]);
    assert_eq!((project.query(ALL), project.stores()), (before, "0".to_owned()));
}

#[test]
fn capsules_age() {
    for project in both(CUSTOMERS, PEOPLE) {
        project.second(
            "ALTER TABLE customers DROP COLUMN note;\n",
            "ALTER TABLE customers ADD COLUMN note text;\n",
        );
        project.succeeds(&["migrate", "--yes"]);
        let told = project.succeeds(&["capsules", "--prune", "--yes"]);
        says(&told, &["undo capsule is that old"]);
        let (index, old) = match project.is_sqlite() {
            true => ("_dbstudio_capsule", "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-31 days')"),
            false => ("dbstudio.capsule", "now() - interval '31 days'"),
        };
        project.execute(&format!("UPDATE {index} SET at = {old}"));
        let told = project.succeeds(&["capsules", "--prune", "--dry-run"]);
        assert!(told.result.contains("0002_second"), "{told:?}");
        project.migration("0003_third.up.sql", "CREATE TABLE third (a int);\n");
        let told = project.succeeds(&["migrate", "--yes"]);
        says(&told, &["the undo capsules of 0002_second are older than 30 days"]);
        assert_eq!(project.stores(), "0");
    }
}

#[test]
fn a_migration_applied_anew_does_not_bring_old_values_back() {
    for project in both(CUSTOMERS, PEOPLE) {
        project.second("DELETE FROM customers WHERE id = 1;\n", "SELECT 1;\n");
        project.succeeds(&["migrate", "--yes"]);
        project.succeeds(&["repair", "--not-applied", "2", "--reason", "test", "--yes"]);
        project.succeeds(&["migrate", "--yes"]);
        let told = project.succeeds(&["rollback", "--yes"]);
        assert!(!told.talk.contains("came back"), "{told:?}");
        assert_eq!(project.query("SELECT count(*) FROM customers"), "2");
    }
}

#[test]
fn nobody_else_sees_capsules() {
    for project in both(CUSTOMERS, PEOPLE) {
        project.configure(ON, "masked = [\"customers.note\"]");
        project.schema(
            "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, grade integer);\n",
        );
        project.second(
            "ALTER TABLE customers DROP COLUMN note;\n",
            "ALTER TABLE customers ADD COLUMN note text;\n",
        );
        let told = project.succeeds(&["migrate", "--yes", "--json"]);
        assert!(!told.result.contains("it's") && !told.talk.contains("it's"), "{told:?}");
        assert_eq!(project.stores(), "1");
        let told = project.succeeds(&["status", "--json"]);
        assert!(!told.result.contains("capsule"), "{told:?}");
        project.succeeds(&["drift"]);
        project.succeeds(&["check"]);
        assert_eq!(project.succeeds(&["diff", "--json"]).statements(), [""; 0]);
        let told = project.succeeds(&["pull", "--out", "-"]);
        assert!(!told.result.contains("capsule"), "{told:?}");
        let store =
            if project.is_sqlite() { "_dbstudio_capsule_1_1" } else { "dbstudio.capsule_1_1" };
        project.fails(&["export", store], 2, &["There is no table"]);
        let told = project.succeeds(&["capsules", "--json"]);
        assert!(!told.result.contains("it's") && told.result.contains("note"), "{told:?}");
        project.succeeds(&["reset", "--yes", "--ack", "all"]);
        assert_eq!(project.stores(), "0");
        project.succeeds(&["capsules"]);
    }
}
