//! The tables that are measured on, the same on both engines. They are made, never found.

use crate::server::{self, TestDatabase, TestFile};

/// A large table: a key, an indexed column (a tenth of it NULL) and one without an index. The
/// numbers in both are spread over the table: neighbours in their order are far apart in it.
///
/// `label` tells on the screen which row it is.
const EVENTS: &str = "CREATE TABLE events (id bigint PRIMARY KEY, label text NOT NULL, \
    code integer, score integer NOT NULL, amount numeric(10,2) NOT NULL, note text)";

/// The multipliers have no factor in common with a multiple of ten: each number comes once.
fn event(id: &str, rows: u64, label: &str) -> String {
    format!(
        "SELECT {id}, {label}, CASE WHEN {id} % 10 <> 0 THEN ({id} * 7919) % {rows} END, \
         ({id} * 104729) % {rows}, ({id} % 100000) / 100.0, \
         CASE WHEN {id} % 3 = 0 THEN 'a note on row ' || {id} END"
    )
}

/// The value of the column without an index in a row.
pub fn score(id: u64, rows: u64) -> u64 {
    (id * 104_729) % rows
}

/// The value of the indexed column in a row.
pub fn code(id: u64, rows: u64) -> u64 {
    (id * 7_919) % rows
}

/// The large table on PostgreSQL, with its statistics.
pub fn events_on_postgres(rows: u64) -> TestDatabase {
    let database = server::postgres().create_database("speed");
    let event = event("id", rows, "'r' || lpad(id::text, 8, '0')");
    database.psql(&format!(
        "{EVENTS};
         INSERT INTO events {event} FROM generate_series(1, {rows}::bigint) AS id;
         CREATE INDEX ON events (code);"
    ));
    database.psql("VACUUM ANALYZE events");
    database.psql("CHECKPOINT");
    database
}

/// The large table on SQLite.
pub fn events_on_sqlite(rows: u64) -> TestFile {
    let file = server::sqlite("events");
    let event = event("id", rows, "printf('r%08d', id)");
    // A column of exactly this type is the rowid.
    let table = EVENTS.replace("bigint PRIMARY KEY", "INTEGER PRIMARY KEY");
    file.execute(&format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {table};
         INSERT INTO events WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n \
           WHERE id < {rows}) {event} FROM n;
         CREATE INDEX events_code ON events (code); PRAGMA journal_mode = DELETE; ANALYZE;"
    ));
    file
}

/// So many tables of five columns, called `t0001` and so on, with keys, indexes and references.
pub fn many_tables(count: usize) -> (TestDatabase, TestFile) {
    let mut sql = String::new();
    for number in 1..=count {
        let reference =
            if number > 1 { format!(" REFERENCES t{:04}", number - 1) } else { String::new() };
        sql.push_str(&format!(
            "CREATE TABLE t{number:04} (id integer PRIMARY KEY, name text NOT NULL, \
             born date, parent integer{reference}, doc text);\n\
             CREATE INDEX t{number:04}_name ON t{number:04} (name);\n"
        ));
    }
    let database = server::postgres().create_database("many");
    database.psql(&format!("{sql} ANALYZE;"));
    let file = server::sqlite("many");
    file.execute(&format!("BEGIN; {sql} COMMIT;"));
    (database, file)
}

/// The type of a column of the wide table.
pub fn kind(number: usize) -> &'static str {
    ["integer", "text", "numeric", "date"][number % 4]
}

/// A table `wide` of so many columns `c001` and so on after its key, with 10,000 rows.
pub fn wide(columns: usize) -> (TestDatabase, TestFile) {
    let (mut names, mut values) = (String::new(), String::new());
    for number in 1..columns {
        let kind = kind(number);
        names.push_str(&format!(", c{number:03} {kind}"));
        values.push_str(&match kind {
            "integer" => format!(", id * {number}"),
            "text" => format!(", 'v' || (id + {number})"),
            "numeric" => format!(", id + 0.{number}"),
            _ => ", date('2026-01-01')".to_owned(),
        });
    }
    let database = server::postgres().create_database("wide");
    database.psql(&format!(
        "CREATE TABLE wide (id integer PRIMARY KEY{names});
         INSERT INTO wide SELECT id{values} FROM generate_series(1, 10000) AS id;"
    ));
    database.psql("VACUUM ANALYZE wide");
    let file = server::sqlite("wide");
    file.execute(&format!(
        "CREATE TABLE wide (id INTEGER PRIMARY KEY{names});
         INSERT INTO wide WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n \
           WHERE id < 10000) SELECT id{values} FROM n;"
    ));
    (database, file)
}

/// A table `large` of 200 rows with a text of 1 MB each that hardly compresses.
pub fn large_values() -> (TestDatabase, TestFile) {
    let database = server::postgres().create_database("large");
    database.psql(
        "CREATE TABLE large (id integer PRIMARY KEY, label text NOT NULL, body text NOT NULL);
         INSERT INTO large SELECT id, 'r' || lpad(id::text, 8, '0'),
           (SELECT string_agg(md5((id * 40000 + part)::text), '') FROM generate_series(1, 32768) part)
           FROM generate_series(1, 200) AS id;",
    );
    database.psql("VACUUM ANALYZE large");
    let file = server::sqlite("large");
    file.execute(
        "CREATE TABLE large (id INTEGER PRIMARY KEY, label TEXT NOT NULL, body TEXT NOT NULL);
         INSERT INTO large WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n \
           WHERE id < 200) SELECT id, printf('r%08d', id), hex(randomblob(524288)) FROM n;",
    );
    (database, file)
}
