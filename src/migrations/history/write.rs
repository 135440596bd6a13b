//! The SQL that makes a history table and writes in it, per format and engine, as the format's own
//! tool does: so that the tool agrees afterwards. Pure: nothing here runs a statement or reads a
//! clock; times are given as what has passed since 1970, UTC.

use std::time::Duration;

use super::History;
use crate::migrations::folder::Migration;
use crate::migrations::format::Format;
use crate::migrations::name;
use crate::sql::Dialect;

impl History {
    /// What must run before anything can be written down: it makes the table, or makes an older
    /// one fit. Empty where nothing must.
    pub fn prepare(&self) -> Vec<String> {
        if self.is_there {
            return self.upgrade.clone();
        }
        let (dialect, table) = (self.dialect, self.table.sql(self.dialect));
        let is_postgres = dialect == Dialect::Postgres;
        match self.format {
            Format::Native | Format::Plain => vec![native_table(dialect, &table)],
            Format::Drizzle | Format::DrizzleFolders => {
                let schema = self.table.schema.as_ref().filter(|_| is_postgres);
                let schema = schema
                    .map(|schema| format!("CREATE SCHEMA IF NOT EXISTS {}", dialect.ident(schema)));
                let columns = match (self.format, dialect) {
                    (Format::Drizzle, Dialect::Postgres) => {
                        "id SERIAL PRIMARY KEY,\n\t\t\t\thash text NOT NULL,\n\t\t\t\tcreated_at bigint"
                    }
                    (Format::Drizzle, Dialect::Sqlite) => {
                        "id SERIAL PRIMARY KEY,\n\t\t\t\thash text NOT NULL,\n\t\t\t\tcreated_at numeric"
                    }
                    (_, Dialect::Postgres) => {
                        "id SERIAL PRIMARY KEY,\n\t\t\t\thash text NOT NULL,\n\t\t\t\tcreated_at bigint,\n\t\t\t\tname text,\n\t\t\t\tapplied_at timestamp with time zone DEFAULT now()"
                    }
                    (_, Dialect::Sqlite) => {
                        "id INTEGER PRIMARY KEY,\n\t\t\t\thash text NOT NULL,\n\t\t\t\tcreated_at numeric,\n\t\t\t\tname text,\n\t\t\t\tapplied_at TEXT"
                    }
                };
                let table =
                    format!("CREATE TABLE IF NOT EXISTS {table} (\n\t\t\t\t{columns}\n\t\t\t)");
                schema.into_iter().chain([table]).collect()
            }
            Format::Dbmate => {
                let length = if is_postgres { "" } else { "(128)" };
                vec![format!(
                    "create table if not exists {table} (version varchar{length} primary key)"
                )]
            }
            Format::Golang if is_postgres => vec![format!(
                "CREATE TABLE IF NOT EXISTS {table} (version bigint not null primary key, dirty \
                 boolean not null)"
            )],
            Format::Golang => vec![
                format!("CREATE TABLE IF NOT EXISTS {table} (version uint64,dirty bool)"),
                format!("CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON {table} (version)"),
            ],
            Format::Refinery => {
                let width = if self.wide { "int8" } else { "int4" };
                vec![format!(
                    "CREATE TABLE IF NOT EXISTS {table}(\n             version {width} PRIMARY \
                     KEY,\n             name VARCHAR(255),\n             applied_on VARCHAR(255),\
                     \n             checksum VARCHAR(255))"
                )]
            }
            Format::Prisma => vec![prisma_table(dialect, &table)],
        }
    }

    /// What the tool writes down before a migration that runs outside a transaction begins: that
    /// it was begun. Empty where it writes nothing.
    pub fn begin(&self, migration: &Migration, now: Duration) -> Vec<String> {
        let table = self.table.sql(self.dialect);
        match self.format {
            Format::Golang => self.golang_row(migration.version, true),
            Format::Prisma => {
                let values = self.prisma_values(migration, "0");
                let now = self.timestamp(now);
                vec![format!(
                    "INSERT INTO {table} (id, checksum, migration_name, applied_steps_count, \
                     started_at) VALUES ({values}, {now})"
                )]
            }
            _ => Vec::new(),
        }
    }

    /// Writes down that a migration is applied. `took` is how long it took, where that is known;
    /// `now` what has passed since 1970.
    pub fn enter(
        &self,
        migration: &Migration,
        took: Option<Duration>,
        now: Duration,
    ) -> Vec<String> {
        let (dialect, table) = (self.dialect, self.table.sql(self.dialect));
        let key = dialect.literal(&migration.key);
        let text = String::from_utf8_lossy(&migration.checksum);
        let checksum = dialect.literal(&text);
        match self.format {
            Format::Native | Format::Plain => {
                let took = took.and_then(|took| i64::try_from(took.as_nanos()).ok()).unwrap_or(-1);
                let description = dialect.literal(&migration.description.replace('_', " "));
                vec![format!(
                    "INSERT INTO {table} ( version, description, success, checksum, \
                     execution_time ) VALUES ( {}, {description}, TRUE, {}, {took} )",
                    migration.version,
                    blob(dialect, &migration.checksum)
                )]
            }
            Format::Drizzle => vec![format!(
                "insert into {table} (\"hash\", \"created_at\") values({checksum}, {})",
                migration.key
            )],
            Format::DrizzleFolders => {
                let millis = second_of(&migration.digits).saturating_mul(1_000);
                vec![match dialect {
                    Dialect::Postgres => format!(
                        "insert into {table} (\"hash\", \"created_at\", \"name\") \
                         values({checksum}, {millis}, {key})"
                    ),
                    Dialect::Sqlite => format!(
                        "insert into {table} (\"hash\", \"created_at\", \"name\", \
                         \"applied_at\") values({checksum}, {millis}, {key}, {})",
                        dialect.literal(&name::iso(now, 3))
                    ),
                }]
            }
            Format::Dbmate => vec![format!("insert into {table} (version) values ({key})")],
            Format::Golang => self.golang_row(migration.version, false),
            Format::Refinery => {
                let name = dialect.literal(&migration.description);
                let applied = dialect.literal(&name::iso(now, 9));
                vec![format!(
                    "INSERT INTO {table} (version, name, applied_on, checksum) VALUES ({}, \
                     {name}, {applied}, {})",
                    migration.version,
                    self.refinery_checksum(migration)
                )]
            }
            Format::Prisma => self.prisma_entry(migration, took, now),
        }
    }

    /// Writes down that a migration is not applied any more. `before` is the newest of those that
    /// stay applied, which some formats point at.
    pub fn remove(&self, key: &str, before: Option<&Migration>, now: Duration) -> Vec<String> {
        let (dialect, table) = (self.dialect, self.table.sql(self.dialect));
        let literal = dialect.literal(key);
        let number: i64 = key.parse().unwrap_or(-1);
        match self.format {
            Format::Native | Format::Plain | Format::Refinery => {
                vec![format!("DELETE FROM {table} WHERE version = {number}")]
            }
            Format::Drizzle => vec![format!("DELETE FROM {table} WHERE created_at = {literal}")],
            Format::DrizzleFolders => vec![format!(
                "DELETE FROM {table} WHERE name = {literal} OR (name IS NULL AND \
                 CAST(created_at AS text) = {literal})"
            )],
            Format::Dbmate => vec![format!("delete from {table} where version = {literal}")],
            Format::Golang => {
                let mut statements = vec![format!("DELETE FROM {table} WHERE version = {number}")];
                if let Some(before) = before {
                    statements.push(format!(
                        "INSERT INTO {table} (version, dirty) SELECT {}, FALSE \
                         WHERE NOT EXISTS (SELECT 1 FROM {table})",
                        before.version
                    ));
                }
                statements
            }
            Format::Prisma => vec![
                format!(
                    "UPDATE {table} SET rolled_back_at = {} WHERE migration_name = {literal} AND \
                     finished_at IS NULL AND rolled_back_at IS NULL",
                    self.timestamp(now)
                ),
                format!(
                    "DELETE FROM {table} WHERE migration_name = {literal} AND finished_at IS NOT \
                     NULL AND rolled_back_at IS NULL"
                ),
            ],
        }
    }

    /// Writes down the checksum the file has now. Empty in a format without checksums.
    pub fn accept(&self, migration: &Migration) -> Vec<String> {
        let (dialect, table) = (self.dialect, self.table.sql(self.dialect));
        let key = dialect.literal(&migration.key);
        let text = String::from_utf8_lossy(&migration.checksum);
        let checksum = dialect.literal(&text);
        match self.format {
            Format::Native | Format::Plain => vec![format!(
                "UPDATE {table} SET checksum = {} WHERE version = {}",
                blob(dialect, &migration.checksum),
                migration.version
            )],
            Format::Drizzle => {
                vec![format!("UPDATE {table} SET hash = {checksum} WHERE created_at = {key}")]
            }
            Format::DrizzleFolders => {
                vec![format!("UPDATE {table} SET hash = {checksum} WHERE name = {key}")]
            }
            Format::Refinery => vec![format!(
                "UPDATE {table} SET checksum = {} WHERE version = {}",
                self.refinery_checksum(migration),
                migration.version
            )],
            Format::Prisma => vec![format!(
                "UPDATE {table} SET checksum = {checksum} WHERE migration_name = {key} AND \
                 rolled_back_at IS NULL"
            )],
            Format::Dbmate | Format::Golang => Vec::new(),
        }
    }

    /// The one row golang-migrate keeps. One applied late must not take the newest one's place.
    fn golang_row(&self, version: i64, dirty: bool) -> Vec<String> {
        let table = self.table.sql(self.dialect);
        let dirty = if dirty { "TRUE" } else { "FALSE" };
        vec![
            format!("DELETE FROM {table} WHERE version <= {version}"),
            format!(
                "INSERT INTO {table} (version, dirty) SELECT {version}, {dirty} \
                 WHERE NOT EXISTS (SELECT 1 FROM {table})"
            ),
        ]
    }

    /// refinery's checksum is over the number as wide as the table keeps it.
    fn refinery_checksum(&self, migration: &Migration) -> String {
        let dialect = self.dialect;
        let text = |bytes: &[u8]| dialect.literal(&String::from_utf8_lossy(bytes));
        let own = text(&migration.checksum);
        let Some(wide) = migration.also.first() else { return own };
        let is_wide = match dialect {
            Dialect::Postgres => format!(
                "(SELECT atttypid = 20 FROM pg_catalog.pg_attribute WHERE attrelid = \
                 to_regclass({}) AND attname = 'version')",
                dialect.literal(&self.table.sql(dialect))
            ),
            Dialect::Sqlite => format!(
                "(SELECT lower(type) IN ('int8', 'bigint') FROM pragma_table_info({}) \
                 WHERE name = 'version')",
                dialect.literal(&self.table.name)
            ),
        };
        format!("CASE WHEN {is_wide} THEN {} ELSE {own} END", text(wide))
    }

    /// Finishes the row of a migration that was begun; makes one where none was.
    fn prisma_entry(
        &self,
        migration: &Migration,
        took: Option<Duration>,
        now: Duration,
    ) -> Vec<String> {
        let table = self.table.sql(self.dialect);
        let key = self.dialect.literal(&migration.key);
        let begun = self.timestamp(now.saturating_sub(took.unwrap_or_default()));
        let done = self.timestamp(now);
        let values = self.prisma_values(migration, "1");
        vec![
            format!(
                "UPDATE {table} SET finished_at = {done}, applied_steps_count = 1 \
                 WHERE migration_name = {key} AND finished_at IS NULL AND rolled_back_at IS NULL"
            ),
            format!(
                "INSERT INTO {table} (id, checksum, migration_name, applied_steps_count, \
                 started_at, finished_at) SELECT {values}, {begun}, {done} WHERE NOT EXISTS \
                 (SELECT 1 FROM {table} WHERE migration_name = {key} AND rolled_back_at IS NULL)"
            ),
        ]
    }

    fn prisma_values(&self, migration: &Migration, steps: &str) -> String {
        let dialect = self.dialect;
        let id = match dialect {
            Dialect::Postgres => "gen_random_uuid()::text".to_owned(),
            // The digits of a random identifier (RFC 9562, version 4).
            Dialect::Sqlite => "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || \
                 substr(hex(randomblob(2)), 2) || '-' || \
                 substr('89ab', 1 + abs(random() % 4), 1) || substr(hex(randomblob(2)), 2) || \
                 '-' || hex(randomblob(6)))"
                .to_owned(),
        };
        let checksum = dialect.literal(&String::from_utf8_lossy(&migration.checksum));
        format!("{id}, {checksum}, {}, {steps}", dialect.literal(&migration.key))
    }

    /// A time as Prisma writes it.
    fn timestamp(&self, at: Duration) -> String {
        match self.dialect {
            Dialect::Postgres => format!("'{}'::timestamptz", name::iso(at, 6)),
            Dialect::Sqlite => format!("'{}'", name::iso(at, 3).replace('Z', "+00:00")),
        }
    }
}

fn native_table(dialect: Dialect, table: &str) -> String {
    let (time, now, bytes) = match dialect {
        Dialect::Postgres => ("TIMESTAMPTZ", "now()", "BYTEA"),
        Dialect::Sqlite => ("TIMESTAMP", "CURRENT_TIMESTAMP", "BLOB"),
    };
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (\n    version BIGINT PRIMARY KEY,\n    description \
         TEXT NOT NULL,\n    installed_on {time} NOT NULL DEFAULT {now},\n    success BOOLEAN NOT \
         NULL,\n    checksum {bytes} NOT NULL,\n    execution_time BIGINT NOT NULL\n)"
    )
}

fn prisma_table(dialect: Dialect, table: &str) -> String {
    match dialect {
        Dialect::Postgres => format!(
            "CREATE TABLE IF NOT EXISTS {table} (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)"
        ),
        Dialect::Sqlite => format!(
            "CREATE TABLE IF NOT EXISTS {table} (
    \"id\"                    TEXT PRIMARY KEY NOT NULL,
    \"checksum\"              TEXT NOT NULL,
    \"finished_at\"           DATETIME,
    \"migration_name\"        TEXT NOT NULL,
    \"logs\"                  TEXT,
    \"rolled_back_at\"        DATETIME,
    \"started_at\"            DATETIME NOT NULL DEFAULT current_timestamp,
    \"applied_steps_count\"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)"
        ),
    }
}

/// Bytes as a literal.
fn blob(dialect: Dialect, bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match dialect {
        Dialect::Postgres => format!("decode('{digits}', 'hex')"),
        Dialect::Sqlite => format!("X'{digits}'"),
    }
}

/// The seconds since 1970 that the first fourteen digits of a name tell, in UTC.
pub(super) fn second_of(digits: &str) -> i64 {
    let part = |from: usize, to: usize| -> i64 {
        digits.get(from..to).and_then(|part| part.parse().ok()).unwrap_or(0)
    };
    let days = name::day(part(0, 4), part(4, 6), part(6, 8));
    days * 86_400 + part(8, 10) * 3_600 + part(10, 12) * 60 + part(12, 14)
}
