//! Importing into SQLite: one thread runs one prepared statement for each row of a batch, while
//! the next batch is read from the file. A row that does not fit is undone by itself, so those
//! before it stay.

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::cell::number_of;
use super::{Writer, direct};
use crate::config::SqliteAddress;
use crate::db::import::{Batch, CellKind, Import, Imported, InColumn, Misfit, Rows};
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;

/// Rows between two looks whether the work was stopped.
const OFTEN: usize = 512;

/// What the thread is told to do.
enum Order {
    /// Write these rows.
    Rows(Batch),
    /// End the transaction; so many rows are then written in all.
    Commit(u64),
}

/// What it answers: the batch it was given, with the rows that did not fit.
type Answer = Result<(Batch, Vec<Misfit>)>;

impl Writer {
    /// Writes rows into a table.
    pub(in crate::db) async fn import(
        &mut self,
        import: &Import,
        rows: &mut impl Rows,
        stop: &Stop,
    ) -> Result<Imported> {
        let (orders, taken) = mpsc::channel(1);
        let (answers, mut answered) = mpsc::channel(1);
        let (address, wanted, watched) = (self.address().clone(), import.clone(), stop.clone());
        let working = tokio::task::spawn_blocking(move || {
            Work::follow(&address, &wanted, &watched, taken, &answers)
        });
        let done = drive(import, rows, stop, &orders, &mut answered).await;
        // Without orders it undoes what was not committed, and ends.
        drop(orders);
        let ended = working.await.unwrap_or_else(|_| Err(ended()));
        done.and_then(|done| ended.map(|()| done))
    }
}

fn ended() -> Problem {
    Problem::failed("The import ended", "the thread that writes the file ended", "run it again")
}

async fn drive(
    import: &Import,
    rows: &mut impl Rows,
    stop: &Stop,
    orders: &mpsc::Sender<Order>,
    answered: &mut mpsc::Receiver<Answer>,
) -> Result<Imported> {
    let mut done = Imported::default();
    let (mut open, mut kept) = (0, 0);
    let mut next = import.next(rows, import.most(0), 0, stop).await?;
    while let Some(batch) = next.take() {
        if stop.is_asked() {
            return Err(import.stopped(kept));
        }
        let count = batch.len() as u64;
        let full = import.batch.is_some_and(|most| open + count >= most);
        orders.send(Order::Rows(batch)).await.map_err(|_| ended())?;
        let most = import.most(if full { 0 } else { open + count });
        let read = import.next(rows, most, kept, stop).await;
        let (batch, misfits) = answer(answered).await?;
        for misfit in &misfits {
            rows.reject(&batch, misfit)?;
        }
        open += count;
        done.rejected += misfits.len() as u64;
        done.rows += count - misfits.len() as u64;
        if full {
            orders.send(Order::Commit(done.rows)).await.map_err(|_| ended())?;
            answer(answered).await?;
            (open, kept) = (0, done.rows);
        }
        rows.written(done.rows);
        next = read?;
    }
    if stop.is_asked() {
        return Err(import.stopped(kept));
    }
    orders.send(Order::Commit(done.rows)).await.map_err(|_| ended())?;
    answer(answered).await?;
    Ok(done)
}

async fn answer(answered: &mut mpsc::Receiver<Answer>) -> Answer {
    answered.recv().await.unwrap_or_else(|| Err(ended()))
}

/// How a column takes text ("Datatypes In SQLite", 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    /// Text stays text.
    Text,
    /// Text that is a number becomes one.
    Number,
    /// Everything stays what it is; bytes may be written as `x'00ff'`.
    Blob,
}

fn affinity(column: &InColumn) -> Affinity {
    let declared = column.type_name.to_ascii_uppercase();
    let has = |word: &str| declared.contains(word);
    if has("INT") {
        Affinity::Number
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Affinity::Text
    } else if has("BLOB") || declared.trim().is_empty() || declared == "ANY" {
        Affinity::Blob
    } else {
        Affinity::Number
    }
}

struct Work<'a> {
    import: &'a Import,
    connection: &'a Connection,
    affinities: Vec<Affinity>,
    kept: u64,
}

impl Work<'_> {
    fn follow(
        address: &SqliteAddress,
        import: &Import,
        stop: &Stop,
        mut orders: mpsc::Receiver<Order>,
        answers: &mpsc::Sender<Answer>,
    ) -> Result<()> {
        let send = |answer: Answer| answers.blocking_send(answer).is_ok();
        let connection = match direct::open(address, true, stop) {
            Ok(connection) => connection,
            Err(problem) => {
                send(Err(problem));
                return Ok(());
            }
        };
        let affinities = import.columns.iter().map(affinity).collect();
        let mut work = Work { import, connection: &connection, affinities, kept: 0 };
        while let Some(order) = orders.blocking_recv() {
            let answer = match order {
                Order::Rows(batch) => work.rows(batch, stop),
                Order::Commit(rows) => work.commit(rows).map(|()| (Batch::default(), Vec::new())),
            };
            let failed = answer.is_err();
            if !send(answer) || failed {
                break;
            }
        }
        // Dropping the connection would undo it too, only later.
        if !connection.is_autocommit() {
            connection.progress_handler(0, None::<fn() -> bool>).map_err(|e| direct::told(&e))?;
            connection.execute_batch("ROLLBACK").map_err(|error| direct::told(&error))?;
        }
        Ok(())
    }

    fn rows(&mut self, batch: Batch, stop: &Stop) -> Answer {
        if self.connection.is_autocommit() {
            self.batch("BEGIN IMMEDIATE")?;
        }
        let sql = self.statement();
        let mut statement = self.connection.prepare(&sql).map_err(|e| self.told(&e))?;
        let mut misfits = Vec::new();
        for row in 0..batch.len() {
            if row % OFTEN == 0 && stop.is_asked() {
                return Err(self.import.stopped(self.kept));
            }
            for (at, (kind, value)) in batch.row(row).enumerate() {
                let affinity = self.affinities.get(at).copied().unwrap_or(Affinity::Blob);
                bind(&mut statement, at + 1, kind, value, affinity).map_err(|e| self.told(&e))?;
            }
            let Err(error) = statement.raw_execute() else { continue };
            let misfit = Misfit { row, ..self.misfit(&error)? };
            if !self.import.rejects {
                return Err(self.import.misfit(&batch, &misfit, self.kept));
            }
            misfits.push(misfit);
        }
        drop(statement);
        Ok((batch, misfits))
    }

    /// The row's fault, or else why everything ends.
    fn misfit(&self, error: &rusqlite::Error) -> Result<Misfit> {
        const TOO_BIG: i32 = 18;
        const CONSTRAINT: i32 = 19;
        const MISMATCH: i32 = 20;
        if self.connection.is_autocommit() {
            return Err(Problem::failed(
                "The transaction was rolled back",
                format!("{}. {}", direct::words(error), self.import.left(self.kept)),
                "a trigger or a full disk has done that; correct it, and run the import again",
            ));
        }
        if !matches!(direct::code(error), Some(TOO_BIG | CONSTRAINT | MISMATCH)) {
            return Err(self.told(error));
        }
        let why = direct::words(error);
        // `UNIQUE constraint failed: t.a, t.b`, `cannot store TEXT value in INTEGER column t.a`.
        let named = why.rsplit(['.', ' ']).next().unwrap_or_default();
        let column = self.import.columns.iter().find(|column| column.name == named);
        Ok(Misfit { row: 0, column: column.map(|column| column.name.clone()), why })
    }

    fn commit(&mut self, rows: u64) -> Result<()> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        if self.import.dry_run {
            self.check_references()?;
            return self.batch("ROLLBACK");
        }
        self.batch("COMMIT")?;
        self.kept = rows;
        Ok(())
    }

    /// What COMMIT would say of foreign keys that are checked at the end.
    fn check_references(&self) -> Result<()> {
        let table = Dialect::Sqlite.literal(&self.import.relation.name);
        let sql = format!("SELECT count(*) FROM pragma_foreign_key_check({table})");
        let count = self.connection.query_row(&sql, (), |row| row.get::<_, i64>(0));
        match count.map_err(|error| self.told(&error))? {
            0 => Ok(()),
            count => Err(Problem::failed(
                "The rows refer to rows that are not there",
                format!("{count} rows of {} do", self.import.relation),
                "import the tables they refer to first",
            )),
        }
    }

    fn statement(&self) -> String {
        let ident = |name: &String| Dialect::Sqlite.ident(name);
        let relation = &self.import.relation;
        let target = Dialect::Sqlite.relation(&relation.schema, &relation.name);
        let names: Vec<String> =
            self.import.columns.iter().map(|column| ident(&column.name)).collect();
        let values: Vec<String> = (1..=names.len()).map(|number| format!("?{number}")).collect();
        let mut sql =
            format!("INSERT INTO {target} ({}) VALUES ({})", names.join(", "), values.join(", "));
        if let Some(key) = &self.import.upsert {
            let keys: Vec<String> = key.iter().map(ident).collect();
            let others = self.import.columns.iter().filter(|column| !key.contains(&column.name));
            let set: Vec<String> = others
                .map(|column| ident(&column.name))
                .map(|name| format!("{name} = excluded.{name}"))
                .collect();
            let action = match set.is_empty() {
                true => "NOTHING".to_owned(),
                false => format!("UPDATE SET {}", set.join(", ")),
            };
            sql.push_str(&format!(" ON CONFLICT ({}) DO {action}", keys.join(", ")));
        }
        sql
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(|error| self.told(&error))
    }

    fn told(&self, error: &rusqlite::Error) -> Problem {
        let problem = direct::told(error);
        if problem.kind == Kind::Cancelled {
            return self.import.stopped(self.kept);
        }
        Problem {
            what: format!("The rows cannot be written to {}", self.import.relation),
            why: format!("{}: {}. {}", problem.what, problem.why, self.import.left(self.kept)),
            ..problem
        }
    }
}

fn bind(
    statement: &mut rusqlite::Statement<'_>,
    at: usize,
    kind: CellKind,
    value: &[u8],
    affinity: Affinity,
) -> rusqlite::Result<()> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    match kind {
        CellKind::Null => statement.raw_bind_parameter(at, rusqlite::types::Null),
        CellKind::Truth => statement.raw_bind_parameter(at, i64::from(text == "true")),
        CellKind::Number => match text.parse::<i64>() {
            Ok(number) => statement.raw_bind_parameter(at, number),
            Err(_) => match text.parse::<f64>() {
                Ok(number) => statement.raw_bind_parameter(at, number),
                Err(_) => statement.raw_bind_parameter(at, text),
            },
        },
        // SQLite's own reading of decimals may be off in the last digit.
        CellKind::Text if affinity == Affinity::Number => match number_of(text) {
            Some(number) => statement.raw_bind_parameter(at, number),
            None => statement.raw_bind_parameter(at, text),
        },
        CellKind::Text if affinity == Affinity::Blob => match bytes_of(text) {
            Some(bytes) => statement.raw_bind_parameter(at, bytes),
            None => statement.raw_bind_parameter(at, text),
        },
        CellKind::Text => statement.raw_bind_parameter(at, text),
    }
}

/// The bytes a text such as `x'00ff'` writes.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("x'")?.strip_suffix('\'')?.as_bytes();
    let nibble = |digit: &u8| char::from(*digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
    if digits.len() % 2 != 0 {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(nibble(high)? * 16 + nibble(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_take_text_as_sqlite_says() {
        let of = |type_name: &str| {
            affinity(&InColumn { name: "a".to_owned(), type_name: type_name.to_owned() })
        };
        assert_eq!(of("bigint"), Affinity::Number);
        assert_eq!(of("varchar(10)"), Affinity::Text);
        assert_eq!(of(""), Affinity::Blob);
        assert_eq!(of("decimal(10,2)"), Affinity::Number);
        assert_eq!(of("CHARINT"), Affinity::Number);
    }

    #[test]
    fn bytes_are_read_as_they_are_written() {
        assert_eq!(bytes_of("x'00fF'"), Some(vec![0, 255]));
        assert_eq!(bytes_of("x''"), Some(Vec::new()));
        for text in ["x'0'", "x'0g'", "00ff", "x'00", "X"] {
            assert_eq!(bytes_of(text), None, "{text}");
        }
    }
}
