//! Reading a history table: which columns it has, and its rows as records. Only asks.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{History, Record, Table};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::format::Format;
use crate::problem::{Problem, Result};
use crate::sql::Dialect;

/// A row as the database prints it.
type Row = Vec<Option<String>>;

impl History {
    /// Reads what the database remembers; nothing where there is no such table.
    ///
    /// # Errors
    /// The table cannot be read, or is not one of this format.
    pub async fn read(
        &mut self,
        connection: &mut Connection,
        stop: &Stop,
    ) -> Result<Option<Vec<Record>>> {
        let Some((schema, columns)) = columns(connection, &self.table, stop).await? else {
            self.is_there = false;
            return Ok(None);
        };
        self.is_there = true;
        if self.dialect == Dialect::Postgres {
            self.table.schema = Some(schema);
        }
        let needed = self.needed();
        if let Some(lacking) = needed.iter().find(|name| !columns.contains(**name)) {
            return Err(self.not_ours(lacking));
        }
        let is_old = self.format == Format::DrizzleFolders && !columns.contains("name");
        let sql = self.question(is_old);
        let rows = asked(connection, &sql, &self.table, stop).await?;
        let mut records: Vec<Record> = rows.iter().map(|row| self.record(row, is_old)).collect();
        if is_old {
            self.upgrade(&mut records);
        }
        Ok(Some(records))
    }

    /// Whether a database has a table that this format's tool keeps: of two tools that call
    /// theirs alike, this one's.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn fits(&self, connection: &mut Connection, stop: &Stop) -> Result<bool> {
        let Some((_, columns)) = columns(connection, &self.table, stop).await? else {
            return Ok(false);
        };
        let is_whole = self.needed().iter().all(|name| columns.contains(*name));
        // drizzle-kit's older table has fewer columns than its newer one, dbmate's fewer than
        // golang-migrate's.
        let is_more = match self.format {
            Format::Drizzle => columns.contains("name"),
            Format::Dbmate => columns.contains("dirty"),
            Format::DrizzleFolders => !columns.contains("name"),
            _ => false,
        };
        Ok(is_whole && !is_more)
    }

    /// The columns that make a table one of the format.
    fn needed(&self) -> &'static [&'static str] {
        match self.format {
            Format::Native | Format::Plain => {
                &["version", "description", "installed_on", "success", "checksum", "execution_time"]
            }
            Format::Drizzle | Format::DrizzleFolders => &["hash", "created_at"],
            Format::Dbmate => &["version"],
            Format::Golang => &["version", "dirty"],
            Format::Refinery => &["version", "name", "applied_on", "checksum"],
            Format::Prisma => {
                &["id", "checksum", "finished_at", "migration_name", "rolled_back_at", "started_at"]
            }
        }
    }

    /// The question that reads the rows; what it asks for stands in the order of the fields of
    /// [`History::record`].
    fn question(&self, is_old: bool) -> String {
        let table = self.table.sql(self.dialect);
        let hex = match self.dialect {
            Dialect::Postgres => "encode(checksum, 'hex')",
            Dialect::Sqlite => "hex(checksum)",
        };
        match self.format {
            Format::Native | Format::Plain => format!(
                "SELECT version, description, {hex}, success, installed_on, execution_time \
                 FROM {table} ORDER BY version"
            ),
            Format::Drizzle => {
                format!("SELECT created_at, NULL, hash FROM {table} ORDER BY created_at")
            }
            Format::DrizzleFolders if is_old => {
                format!("SELECT created_at, NULL, hash FROM {table} ORDER BY created_at")
            }
            Format::DrizzleFolders => format!(
                "SELECT created_at, name, hash, NULL, applied_at FROM {table} ORDER BY name"
            ),
            Format::Dbmate => format!("SELECT version FROM {table} ORDER BY version"),
            Format::Golang => format!("SELECT version, NULL, NULL, NOT dirty FROM {table}"),
            Format::Refinery => format!(
                "SELECT version, name, checksum, NULL, applied_on FROM {table} ORDER BY version"
            ),
            Format::Prisma => {
                let took = match self.dialect {
                    Dialect::Postgres => {
                        "round(extract(epoch FROM finished_at - started_at) * 1000000000)::bigint"
                    }
                    Dialect::Sqlite => "NULL",
                };
                format!(
                    "SELECT migration_name, migration_name, checksum, \
                     finished_at IS NOT NULL, coalesce(finished_at, started_at), {took}, \
                     rolled_back_at IS NOT NULL FROM {table} ORDER BY started_at"
                )
            }
        }
    }

    fn record(&self, row: &Row, is_old: bool) -> Record {
        let cell = |at: usize| row.get(at).cloned().flatten();
        let is_set = |at: usize| cell(at).is_some_and(|word| is_true(&word));
        let first = cell(0).unwrap_or_default();
        let name = cell(1);
        let checksum = cell(2).map(|text| match self.format {
            Format::Native | Format::Plain => bytes(&text),
            _ => text.into_bytes(),
        });
        let says =
            matches!(self.format, Format::Native | Format::Plain | Format::Golang | Format::Prisma);
        let took = cell(5).and_then(|text| text.parse().ok()).map(Duration::from_nanos);
        Record {
            key: match (&name, self.format) {
                (Some(name), Format::DrizzleFolders) if !is_old => name.clone(),
                _ => first,
            },
            name,
            checksum,
            finished: !says || is_set(3),
            rolled_back: is_set(6),
            when: cell(4),
            took,
            by: None,
        }
    }

    /// Gives the records of an older history of drizzle-kit the keys of this folder, as drizzle-kit
    /// 1.0 does when it upgrades the table: by the second, else by the text.
    fn upgrade(&mut self, records: &mut [Record]) {
        let table = self.table.sql(self.dialect);
        self.upgrade = match self.dialect {
            Dialect::Postgres => vec![
                format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS \"name\" text"),
                format!(
                    "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS \"applied_at\" \
                     timestamp with time zone DEFAULT now()"
                ),
            ],
            Dialect::Sqlite => vec![
                format!("ALTER TABLE {table} ADD COLUMN \"name\" text"),
                format!("ALTER TABLE {table} ADD COLUMN \"applied_at\" TEXT"),
            ],
        };
        for record in records {
            let second = record.key.parse::<i64>().map_or(i64::MIN, |millis| millis / 1_000);
            let hash = record.checksum.clone().unwrap_or_default();
            let same: Vec<_> = self.marks.iter().filter(|mark| mark.second == second).collect();
            let mark = match same.as_slice() {
                [only] => Some(*only),
                [] => self.marks.iter().find(|mark| mark.checksum == hash),
                several => several.iter().find(|mark| mark.checksum == hash).copied(),
            };
            let Some(mark) = mark else { continue };
            self.upgrade.push(format!(
                "UPDATE {table} SET \"name\" = {}, \"applied_at\" = NULL \
                 WHERE created_at = {} AND hash = {}",
                self.dialect.literal(&mark.key),
                self.dialect.literal(&record.key),
                self.dialect.literal(&String::from_utf8_lossy(&hash)),
            ));
            record.key.clone_from(&mark.key);
            record.name = Some(mark.key.clone());
        }
    }

    fn not_ours(&self, lacking: &str) -> Problem {
        Problem::usage(
            format!(
                "The table {} is not one that {} keeps",
                self.table.shown(),
                self.format.tool()
            ),
            format!("it has no column {lacking}"),
            "say which tool's migrations these are with format, or where their history is with \
             history, in [project] of dbstudio.toml",
        )
    }
}

/// The schema and the columns of a table, if a database has it.
async fn columns(
    connection: &mut Connection,
    table: &Table,
    stop: &Stop,
) -> Result<Option<(String, BTreeSet<String>)>> {
    let dialect = connection.dialect();
    let sql = match dialect {
        Dialect::Postgres => format!(
            "SELECT n.nspname, a.attname FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
             WHERE c.oid = to_regclass({}) AND a.attnum > 0 AND NOT a.attisdropped",
            dialect.literal(&table.sql(dialect))
        ),
        Dialect::Sqlite => {
            format!("SELECT 'main', name FROM pragma_table_info({})", dialect.literal(&table.name))
        }
    };
    let rows = asked(connection, &sql, table, stop).await?;
    let mut schema = None;
    let mut names = BTreeSet::new();
    for row in rows {
        let mut cells = row.into_iter().flatten();
        schema = cells.next().or(schema);
        names.extend(cells.next());
    }
    Ok(schema.map(|schema| (schema, names)))
}

async fn asked(
    connection: &mut Connection,
    sql: &str,
    table: &Table,
    stop: &Stop,
) -> Result<Vec<Row>> {
    connection.query(sql, stop).await.map_err(|fault| {
        fault.problem(
            format!("The history of migrations in {} cannot be read", table.shown()),
            "make sure that the role may read it",
        )
    })
}

fn is_true(word: &str) -> bool {
    matches!(word, "t" | "true" | "1")
}

/// The bytes of hexadecimal digits.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect()
}
