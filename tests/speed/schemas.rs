//! Schemas of any size, as SQL: tables of eight columns with keys, references, checks, indexes,
//! views, triggers and comments, some of them partitioned. The same number of tables and the same
//! changes give the same text each time.

use std::fmt::Write;

/// Which SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    Sqlite,
}

impl Engine {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }
}

/// How many tables stand in one schema of PostgreSQL.
const IN_ONE_SCHEMA: usize = 250;

/// Of so many tables, the last four are a partitioned one and its partitions (PostgreSQL).
const GROUP: usize = 40;

/// A schema of so many tables, of which those for which `changed` says so look different.
pub fn schema(engine: Engine, tables: usize, changed: &dyn Fn(usize) -> bool) -> String {
    let mut sql = String::new();
    if engine == Engine::Postgres {
        for number in 0..tables.div_ceil(IN_ONE_SCHEMA) {
            writeln!(
                sql,
                "CREATE SCHEMA s{number};\n\
                 CREATE TYPE s{number}.mood AS ENUM ('new', 'paid', 'sent');\n\
                 CREATE FUNCTION s{number}.touch() RETURNS trigger LANGUAGE plpgsql AS \
                 $$BEGIN NEW.seen := now(); RETURN NEW; END$$;"
            )
            .unwrap();
        }
    }
    for number in 0..tables {
        let table = Table { engine, number, changed: changed(number) };
        match (engine, number % GROUP) {
            (Engine::Postgres, 36) => table.partitioned(&mut sql),
            (Engine::Postgres, 37..) => table.partition(&mut sql),
            _ => table.ordinary(&mut sql),
        }
    }
    sql
}

/// No table is changed.
pub fn none(_: usize) -> bool {
    false
}

/// Every table is changed.
pub fn all(_: usize) -> bool {
    true
}

/// About fifty of the tables are changed.
pub fn fifty(tables: usize) -> impl Fn(usize) -> bool {
    // Odd, so that every kind of change comes up.
    let every = (tables / 50).max(1) | 1;
    move |number| number.is_multiple_of(every)
}

struct Table {
    engine: Engine,
    number: usize,
    changed: bool,
}

impl Table {
    /// Whether it is changed in this way.
    fn has(&self, change: usize) -> bool {
        self.changed && self.number % 6 == change
    }

    fn schema(&self) -> String {
        match self.engine {
            Engine::Postgres => format!("s{}.", self.number / IN_ONE_SCHEMA),
            Engine::Sqlite => String::new(),
        }
    }

    fn name(&self) -> String {
        format!("{}t{:04}", self.schema(), self.number)
    }

    /// The table before it in the same group, which it refers to.
    fn before(&self) -> Option<String> {
        let number = self.number.checked_sub(1)?;
        let ordinary = number % GROUP < 36 || self.engine == Engine::Sqlite;
        ordinary.then(|| Self { number, ..*self }.name())
    }

    fn ordinary(&self, sql: &mut String) {
        let (name, short) = (self.name(), format!("t{:04}", self.number));
        let postgres = self.engine == Engine::Postgres;
        let pick = |ours: &str, theirs: &str| {
            (if postgres { ours } else { theirs }).replace("$s.", &self.schema())
        };
        let id = match (postgres, self.number % 3) {
            (false, _) => "integer PRIMARY KEY",
            (true, 0) => "serial PRIMARY KEY",
            (true, _) => "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        };
        let mut lines = vec![
            format!("id {id}"),
            "name text NOT NULL".to_owned(),
            format!("code varchar({}) NOT NULL DEFAULT 'x'", if self.has(1) { 40 } else { 20 }),
            "amount numeric(12,2) NOT NULL DEFAULT 0".to_owned(),
            format!(
                "parent bigint{}",
                self.before().map(|before| format!(" REFERENCES {before}")).unwrap_or_default()
            ),
            pick("mood $s.mood NOT NULL DEFAULT 'new'", "mood text NOT NULL DEFAULT 'new'"),
            pick(
                "seen timestamptz NOT NULL DEFAULT now()",
                "seen text NOT NULL DEFAULT CURRENT_TIMESTAMP",
            ),
            format!("note text{}", if self.has(2) { " NOT NULL DEFAULT ''" } else { "" }),
        ];
        if self.has(0) {
            lines.push("added text".to_owned());
        }
        lines.push(format!("CONSTRAINT {short}_code UNIQUE (code)"));
        let least = if self.has(3) { -1 } else { 0 };
        lines.push(format!("CONSTRAINT {short}_amount CHECK (amount >= {least})"));
        writeln!(sql, "CREATE TABLE {name} (\n    {}\n);", lines.join(",\n    ")).unwrap();
        self.beside(sql, &name, &short);
    }

    /// Indexes, comments, views and triggers.
    fn beside(&self, sql: &mut String, name: &str, short: &str) {
        let order = if self.has(4) { " DESC" } else { "" };
        writeln!(sql, "CREATE INDEX {short}_name ON {name} (name, amount{order});").unwrap();
        writeln!(sql, "CREATE INDEX {short}_parent ON {name} (parent);").unwrap();
        if self.number.is_multiple_of(5) {
            let wanted = if self.has(5) { 2 } else { 1 };
            writeln!(
                sql,
                "CREATE VIEW {}v{:04} AS SELECT id, name, amount * {wanted} AS worth FROM {name} \
                 WHERE mood <> 'new';",
                self.schema(),
                self.number
            )
            .unwrap();
        }
        if self.engine == Engine::Sqlite {
            if self.number.is_multiple_of(10) {
                writeln!(
                    sql,
                    "CREATE TRIGGER {short}_touch AFTER UPDATE OF name ON {name} BEGIN \
                     UPDATE {name} SET seen = CURRENT_TIMESTAMP WHERE id = NEW.id; END;"
                )
                .unwrap();
            }
            return;
        }
        if self.number.is_multiple_of(10) {
            writeln!(
                sql,
                "CREATE TRIGGER {short}_touch BEFORE UPDATE ON {name} FOR EACH ROW \
                 EXECUTE FUNCTION {}touch();",
                self.schema()
            )
            .unwrap();
        }
        let said = if self.has(5) { "another" } else { "a" };
        writeln!(
            sql,
            "COMMENT ON TABLE {name} IS '{said} table, number {}';\n\
             COMMENT ON COLUMN {name}.amount IS 'what it is worth';",
            self.number
        )
        .unwrap();
    }

    fn partitioned(&self, sql: &mut String) {
        let (name, short) = (self.name(), format!("t{:04}", self.number));
        let added = if self.changed { ", added text" } else { "" };
        writeln!(
            sql,
            "CREATE TABLE {name} (id bigint NOT NULL, seen date NOT NULL, name text NOT NULL, \
             code varchar(20), amount numeric(12,2) NOT NULL DEFAULT 0, a integer, b integer, \
             note text{added}, PRIMARY KEY (id, seen)) PARTITION BY RANGE (seen);\n\
             CREATE INDEX {short}_name ON {name} (name);"
        )
        .unwrap();
    }

    fn partition(&self, sql: &mut String) {
        let first = self.number - self.number % GROUP + 36;
        let whole = Self { number: first, ..*self }.name();
        let year = 2020 + self.number - first;
        writeln!(
            sql,
            "CREATE TABLE {} PARTITION OF {whole} FOR VALUES FROM ('{year}-01-01') TO \
             ('{}-01-01');",
            self.name(),
            year + 1
        )
        .unwrap();
    }
}
