//! Hand-written statements, and the rules that find them.

use super::*;
use crate::schema::hazard::{Policy, allowances, silence};

fn rules(dialect: Dialect, sql: &str) -> Vec<&'static str> {
    let around = Around { in_transaction: true, before: None };
    examine_text(dialect, sql, around).iter().map(|hazard| hazard.rule.id()).collect()
}

fn postgres(sql: &str) -> Vec<&'static str> {
    rules(Dialect::Postgres, sql)
}

fn sqlite(sql: &str) -> Vec<&'static str> {
    rules(Dialect::Sqlite, sql)
}

#[test]
fn rows_without_a_condition_are_seen_wherever_they_stand() {
    assert_eq!(postgres("DELETE FROM t"), ["delete-without-where"]);
    assert_eq!(postgres("DELETE FROM t WHERE id = 1"), [""; 0]);
    assert_eq!(postgres("UPDATE ONLY t SET a = (SELECT 1 WHERE true)"), ["update-without-where"]);
    assert_eq!(
        postgres("WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone WHERE a = 1"),
        ["delete-without-where"]
    );
    assert_eq!(postgres("INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1"), [""; 0]);
    assert_eq!(postgres("TRUNCATE a, b CASCADE"), ["truncate-cascade"]);
    assert_eq!(postgres("SELECT 'DELETE FROM t'"), [""; 0]);
    assert_eq!(sqlite("REPLACE INTO t VALUES (1)"), ["replace-rows"]);
}

#[test]
fn each_part_of_alter_table_is_read() {
    assert_eq!(
        postgres(
            "ALTER TABLE ONLY shop.t DROP COLUMN a, DROP b, ALTER c SET NOT NULL, \
             ALTER COLUMN d SET DATA TYPE int, ADD COLUMN e numeric(3, 2) NOT NULL, \
             ADD f int NOT NULL DEFAULT 0, ADD g uuid DEFAULT gen_random_uuid(), \
             DROP CONSTRAINT h, ADD CONSTRAINT i UNIQUE (c)"
        ),
        [
            "drop-column",
            "drop-column",
            "set-not-null",
            "narrow-type",
            "add-required-column",
            "rewrite-table",
            "drop-constraint",
            "add-unique",
        ]
    );
    assert_eq!(postgres("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID"), [""; 0]);
    assert_eq!(postgres("ALTER TABLE t DROP COLUMN a CASCADE"), ["drop-column", "drop-cascade"]);
    assert_eq!(postgres("ALTER TABLE t RENAME a TO b"), ["rename-column"]);
    assert_eq!(postgres("ALTER TABLE t DISABLE ROW LEVEL SECURITY"), ["disable-row-security"]);
    assert_eq!(postgres("ALTER TABLE t SET UNLOGGED"), ["set-logged"]);
}

#[test]
fn what_the_text_makes_itself_has_no_users_yet() {
    assert_eq!(
        postgres(
            "CREATE TABLE a.t (id int); CREATE UNIQUE INDEX ON a.t (id); \
             ALTER TABLE a.t ADD PRIMARY KEY (id); UPDATE a.t SET id = 1; DROP TABLE a.t"
        ),
        [""; 0]
    );
}

#[test]
fn what_static_tools_do_not_say_is_said() {
    for (sql, expected) in [
        ("DROP SCHEMA shop CASCADE", vec!["drop-schema", "drop-cascade"]),
        ("CLUSTER t USING i", vec!["cluster"]),
        ("REFRESH MATERIALIZED VIEW v", vec!["refresh-not-concurrent"]),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", vec!["concurrently-in-transaction"]),
        ("CREATE INDEX CONCURRENTLY i ON t (a)", vec!["concurrently-in-transaction"]),
        ("CREATE INDEX i ON t (a)", vec!["index-not-concurrent"]),
        ("DROP POLICY p ON t", vec!["drop-policy"]),
        ("ALTER TABLE t DISABLE TRIGGER ALL", vec!["disable-trigger"]),
        ("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)", vec!["add-partition"]),
        ("ALTER TABLE p DETACH PARTITION p1", vec!["detach-partition"]),
        ("CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()", vec!["add-trigger"]),
        ("COMMIT", vec!["transaction-in-migration"]),
        ("DROP INDEX i", vec!["drop-index", "drop-index-not-concurrent"]),
        ("REVOKE ALL ON t FROM u", vec!["change-privileges"]),
    ] {
        assert_eq!(postgres(sql), expected, "{sql}");
    }
    let vacuum = postgres("VACUUM (FULL, ANALYZE) t");
    assert_eq!(vacuum, ["vacuum-full", "concurrently-in-transaction"]);
}

#[test]
fn a_new_label_is_not_used_in_its_own_transaction() {
    let sql = "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad'; SELECT 1;
               ALTER TABLE t ALTER a SET DEFAULT 'sad'";
    assert_eq!(postgres(sql), ["label-in-same-transaction"]);
    let around = Around::default();
    assert_eq!(examine_text(Dialect::Postgres, sql, around), []);
}

#[test]
fn sqlite_has_its_own_traps() {
    assert_eq!(sqlite("PRAGMA foreign_keys = OFF"), ["foreign-keys-in-transaction"]);
    assert_eq!(sqlite("PRAGMA foreign_keys"), [""; 0]);
    assert_eq!(sqlite("INSERT INTO \"t\" VALUES (1, \"one\")"), ["double-quoted-text"]);
    assert_eq!(sqlite("SELECT \"a\" FROM \"t\" WHERE \"t\".\"a\" = \"t\".\"b\""), [""; 0]);
    assert_eq!(
        sqlite("ALTER TABLE t ADD COLUMN a TEXT DEFAULT CURRENT_TIMESTAMP"),
        ["non-constant-default"]
    );
    assert_eq!(sqlite("ALTER TABLE t ADD a TEXT NOT NULL"), ["add-required-column"]);
}

#[test]
fn a_rebuild_by_hand_is_one_thing_and_must_make_its_parts_again() {
    use crate::schema::model::{Body, Object, SqliteTable, SqliteWritten};
    let sql = "CREATE TABLE new_t (id INTEGER PRIMARY KEY AUTOINCREMENT);
        INSERT INTO new_t SELECT id FROM t; DROP TABLE t; ALTER TABLE new_t RENAME TO t;
        CREATE INDEX kept ON t (id)";
    assert_eq!(sqlite(sql), ["rebuild-table"]);
    let mut before = Model::empty(Dialect::Sqlite);
    let table = Key::new(Kind::Table, "main", "t");
    let body = Body::SqliteTable(SqliteTable {
        sql: String::new(),
        is_virtual: false,
        strict: false,
        without_rowid: false,
        autoincrement: true,
        columns: Vec::new(),
    });
    for (kind, name) in [(Kind::Index, "kept"), (Kind::Trigger, "lost")] {
        let body = Body::SqliteWritten(SqliteWritten { sql: String::new(), fault: None });
        before.objects.insert(table.child(kind, name), Object::new(body));
    }
    before.objects.insert(table, Object::new(body));
    let around = Around { in_transaction: true, before: Some(&before) };
    let found = examine_text(Dialect::Sqlite, sql, around);
    let ids: Vec<&str> = found.iter().map(|hazard| hazard.rule.id()).collect();
    assert_eq!(ids, ["rebuild-loses-parts", "counter-reset", "rebuild-table"]);
    assert_eq!(found[0].object.as_ref().unwrap().name, "lost");
    assert_eq!(found[0].line, Some(2));
}

#[test]
fn comments_silence_one_rule_for_one_statement_with_a_reason() {
    let sql = "-- dbstudio: allow drop-column: nothing reads it
ALTER TABLE t DROP COLUMN a;
ALTER TABLE t DROP COLUMN b;
DROP TABLE u; -- dbstudio: allow drop-table
-- dbstudio: allow drop-tabel: a slip
DROP TABLE v;
";
    let found = examine_text(Dialect::Postgres, sql, Around::default());
    let left = silence(Dialect::Postgres, found, &allowances(Dialect::Postgres, sql));
    let shown: Vec<(usize, &str)> =
        left.iter().map(|found| (found.step, found.rule.id())).collect();
    assert_eq!(
        shown,
        [(1, "drop-column"), (2, "drop-table"), (3, "drop-table"), (3, "unknown-allowance")]
    );
    assert!(left[1].why.contains("line 4 allows it without a reason"), "{}", left[1].why);
    assert_eq!(Policy::from_word("refuse"), Some(Policy::Refuse));
}
