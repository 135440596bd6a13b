//! Importing through COPY: each batch is one COPY inside the transaction, so that an error is
//! heard of before the next one is sent. Upserts go through a temporary table.
//!
//! While one batch is on its way the next is read from the file. A row that does not fit is found
//! by the line COPY names, else by halving; savepoints keep what came before.

use super::writer::Writer;
use crate::db::export::escape;
use crate::db::fault::Fault;
use crate::db::import::{Batch, CellKind, Import, Imported, Misfit, Rows};
use crate::db::postgres::cancel;
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};
use crate::sql::Dialect;

/// The table rows go into before they are merged.
const STAGE: &str = "pg_temp.dbstudio_import";
/// The column of it that holds each row's place in the batch.
const PLACE: &str = "dbstudio_row";
/// About how many bytes are sent at once.
const CHUNK: usize = 128 * 1024;

impl Writer {
    /// Writes rows into a table.
    pub(in crate::db) async fn import(
        &mut self,
        import: &Import,
        rows: &mut impl Rows,
        stop: &Stop,
    ) -> Result<Imported> {
        let mut work = Work { writer: self, import, stop, kept: 0 };
        let done = work.follow(rows).await;
        if done.is_err() {
            // Where the connection is gone the server rolls back by itself.
            drop(work.writer.end("ROLLBACK").await);
        }
        work.writer.forget_pid();
        done
    }

    /// Sends one COPY and waits for its end.
    async fn copy(
        &mut self,
        statement: &str,
        batch: &Batch,
        range: std::ops::Range<usize>,
        placed: bool,
        stop: &Stop,
    ) -> std::result::Result<(), Fault> {
        let (dialer, pid) = self.canceller();
        let work = async {
            let mut copy = self.raw().copy_in_raw(statement).await?;
            let mut text = Vec::with_capacity(CHUNK * 2);
            for row in range {
                if placed {
                    text.extend_from_slice(format!("{row}\t").as_bytes());
                }
                line(batch, row, &mut text);
                if text.len() >= CHUNK {
                    if stop.is_asked() {
                        break;
                    }
                    copy.send(&text[..]).await?;
                    text.clear();
                }
            }
            if stop.is_asked() {
                return copy.abort("stopped").await.map(|()| 0);
            }
            copy.send(&text[..]).await?;
            copy.finish().await
        };
        let ending = cancel::drive(stop, || super::writer::ask(dialer.clone(), pid), work).await;
        self.settle(ending).await.map(drop)
    }
}

/// A row as COPY reads it.
fn line(batch: &Batch, row: usize, out: &mut Vec<u8>) {
    for (at, (kind, value)) in batch.row(row).enumerate() {
        if at > 0 {
            out.push(b'\t');
        }
        match kind {
            CellKind::Null => out.extend_from_slice(b"\\N"),
            CellKind::Number | CellKind::Truth => out.extend_from_slice(value),
            CellKind::Text => escape(value, out),
        }
    }
    out.push(b'\n');
}

struct Work<'a> {
    writer: &'a mut Writer,
    import: &'a Import,
    stop: &'a Stop,
    /// Rows of transactions that were committed.
    kept: u64,
}

impl Work<'_> {
    async fn follow(&mut self, rows: &mut impl Rows) -> Result<Imported> {
        let mut done = Imported::default();
        let mut open = 0;
        self.begin().await?;
        let import = self.import;
        let mut next = import.next(rows, import.most(0), 0, self.stop).await?;
        while let Some(batch) = next.take() {
            let count = batch.len() as u64;
            let full = self.import.batch.is_some_and(|most| open + count >= most);
            let most = self.import.most(if full { 0 } else { open + count });
            let (kept, stop) = (self.kept, self.stop);
            let reading = import.next(rows, most, kept, stop);
            let (misfits, read) = tokio::join!(self.insert(&batch), reading);
            let misfits = misfits?;
            for misfit in &misfits {
                rows.reject(&batch, misfit)?;
            }
            open += count;
            done.rejected += misfits.len() as u64;
            done.rows += count - misfits.len() as u64;
            if full {
                self.commit(done.rows).await?;
                self.begin().await?;
                open = 0;
            }
            rows.written(done.rows);
            next = read?;
        }
        self.commit(done.rows).await?;
        Ok(done)
    }

    async fn begin(&mut self) -> Result<()> {
        self.run("BEGIN").await?;
        self.writer.learn_pid().await.map_err(|fault| self.told(&fault))?;
        // What triggers say is not read while rows are sent, so the server must not say it.
        self.run("SET LOCAL client_min_messages = error").await?;
        if self.is_staged() {
            let target = self.target();
            let sql = format!(
                "CREATE TEMPORARY TABLE dbstudio_import ON COMMIT DROP AS \
                 SELECT 0::bigint AS {PLACE}, {} FROM {target} WITH NO DATA",
                self.columns()
            );
            self.run(&sql).await?;
        }
        Ok(())
    }

    /// Ends the transaction; `rows` have then been written in all.
    async fn commit(&mut self, rows: u64) -> Result<()> {
        if self.import.dry_run {
            self.run("SET CONSTRAINTS ALL IMMEDIATE").await?;
            return self.run("ROLLBACK").await;
        }
        if self.stop.is_asked() {
            return Err(self.import.stopped(self.kept));
        }
        // Once it is sent, only the server knows what became of it: nobody may stop it half way.
        if let Err(fault) = self.writer.end("COMMIT").await {
            let problem = self.told(&fault);
            return Err(match fault.lost {
                false => problem,
                true => Problem {
                    why: format!(
                        "{}. It was lost while the transaction was being committed",
                        problem.why
                    ),
                    fix: "look whether the rows are there before you import them again".to_owned(),
                    ..problem
                },
            });
        }
        self.writer.forget_pid();
        self.kept = rows;
        Ok(())
    }

    /// Writes a batch; answers which rows did not fit, where those are wanted back.
    async fn insert(&mut self, batch: &Batch) -> Result<Vec<Misfit>> {
        let mut misfits = Vec::new();
        let mut waiting: Vec<_> = std::iter::once(0..batch.len()).collect();
        while let Some(range) = waiting.pop() {
            if range.is_empty() {
                continue;
            }
            self.run("SAVEPOINT dbstudio_import").await?;
            let fault = match self.attempt(batch, range.clone()).await {
                Ok(()) => {
                    self.run("RELEASE dbstudio_import").await?;
                    continue;
                }
                Err(fault) if fault.stopped || fault.lost => return Err(self.told(&fault)),
                Err(fault) => fault,
            };
            self.run("ROLLBACK TO dbstudio_import").await?;
            let (row, column) = self.culprit(&fault);
            let row = row.and_then(|line| range.start.checked_add(line)?.checked_sub(1));
            let row = row.filter(|row| range.contains(row));
            let row = row.or_else(|| (range.len() == 1).then_some(range.start));
            let Some(row) = row else {
                if is_of_no_row(&fault) {
                    return Err(self.told(&fault));
                }
                // The later half waits beneath the earlier one.
                let middle = range.start + range.len() / 2;
                waiting.push(middle..range.end);
                waiting.push(range.start..middle);
                continue;
            };
            let column = column.or_else(|| self.without_value(&fault));
            let misfit = Misfit { row, column, why: fault.words() };
            if !self.import.rejects {
                return Err(self.import.misfit(batch, &misfit, self.kept));
            }
            misfits.push(misfit);
            waiting.push(row + 1..range.end);
            waiting.push(range.start..row);
        }
        misfits.sort_by_key(|misfit| misfit.row);
        Ok(misfits)
    }

    async fn attempt(
        &mut self,
        batch: &Batch,
        range: std::ops::Range<usize>,
    ) -> std::result::Result<(), Fault> {
        let staged = self.is_staged();
        let copy = if staged {
            format!("COPY {STAGE} ({PLACE}, {}) FROM STDIN", self.columns())
        } else {
            format!("COPY {} ({}) FROM STDIN", self.target(), self.columns())
        };
        self.writer.copy(&copy, batch, range, staged, self.stop).await?;
        if staged {
            self.writer.run(&self.merge(), self.stop).await?;
            self.writer.run(&format!("TRUNCATE {STAGE}"), self.stop).await?;
        }
        Ok(())
    }

    /// The statement that takes rows from the table they were put into. Of two rows with one key
    /// the later one counts, as if each had been written after the other.
    fn merge(&self) -> String {
        let (target, columns) = (self.target(), self.columns());
        let into = format!("INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE ");
        let Some(key) = &self.import.upsert else {
            return format!("{into}SELECT {columns} FROM {STAGE} ORDER BY {PLACE}");
        };
        let ident = |name: &String| Dialect::Postgres.ident(name);
        let keys: Vec<String> = key.iter().map(ident).collect();
        let keys = keys.join(", ");
        let others = self.import.columns.iter().filter(|column| !key.contains(&column.name));
        let set: Vec<String> = others
            .map(|column| ident(&column.name))
            .map(|name| format!("{name} = EXCLUDED.{name}"))
            .collect();
        let action = match set.is_empty() {
            true => "NOTHING".to_owned(),
            false => format!("UPDATE SET {}", set.join(", ")),
        };
        format!(
            "{into}SELECT {columns} FROM (SELECT DISTINCT ON ({keys}) * FROM {STAGE} \
             ORDER BY {keys}, {PLACE} DESC) AS latest ORDER BY {PLACE} \
             ON CONFLICT ({keys}) DO {action}"
        )
    }

    /// The line and the column COPY stumbled over, from where it says it was: `COPY t, line 3,
    /// column a: "x"`, in whatever language, the names as they are.
    fn culprit(&self, fault: &Fault) -> (Option<usize>, Option<String>) {
        let context = fault.context.as_deref().unwrap_or_default();
        let own = if self.is_staged() { "dbstudio_import" } else { &self.import.relation.name };
        let place = context.lines().find_map(|line| line.strip_prefix("COPY ")?.strip_prefix(own));
        let Some(place) = place else { return (None, None) };
        let digits: String = place
            .chars()
            .skip_while(|letter| !letter.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        let after = place.split_once(&digits).map_or("", |(_, after)| after);
        let names = self.import.columns.iter().map(|column| column.name.as_str());
        // The name stands before the value, which may hold any text.
        let named = |name: &&str| {
            after.find(name).is_some_and(|at| at < after.find(':').unwrap_or(after.len()))
        };
        let column = names.filter(named).max_by_key(|name| name.len());
        (digits.parse().ok(), column.map(str::to_owned))
    }

    /// The column that must have a value and got none: the message quotes it, in the quotes of
    /// whatever language (not_null_violation).
    fn without_value(&self, fault: &Fault) -> Option<String> {
        if fault.code.as_deref() != Some("23502") {
            return None;
        }
        let quoted = |name: &str| {
            let quotes = [("\"", "\""), ("»", "«"), ("«", "»"), ("“", "”"), ("'", "'")];
            quotes
                .iter()
                .any(|(open, close)| fault.message.contains(&format!("{open}{name}{close}")))
        };
        let mut names = self.import.columns.iter().map(|column| &column.name);
        names.find(|name| quoted(name)).cloned()
    }

    fn is_staged(&self) -> bool {
        self.import.staged || self.import.upsert.is_some()
    }

    fn target(&self) -> String {
        let relation = &self.import.relation;
        Dialect::Postgres.relation(&relation.schema, &relation.name)
    }

    fn columns(&self) -> String {
        let names: Vec<String> = self
            .import
            .columns
            .iter()
            .map(|column| Dialect::Postgres.ident(&column.name))
            .collect();
        names.join(", ")
    }

    async fn run(&mut self, sql: &str) -> Result<()> {
        self.writer.run(sql, self.stop).await.map_err(|fault| self.told(&fault))
    }

    fn told(&self, fault: &Fault) -> Problem {
        if fault.stopped && !fault.lost {
            return self.import.stopped(self.kept);
        }
        let what = format!("The rows cannot be written to {}", self.import.relation);
        let fix = "correct the cause, and import the file again";
        let problem = fault.problem(what, fix);
        Problem { why: format!("{}. {}", problem.why, self.import.left(self.kept)), ..problem }
    }
}

/// Whether the fault lies with the statement, whatever its rows: a table or column that is not
/// there, no permission, a table COPY may not write to, no matching key (manual, appendix A).
fn is_of_no_row(fault: &Fault) -> bool {
    let code = fault.code.as_deref().unwrap_or_default();
    let class = code.get(..2).unwrap_or_default();
    matches!(class, "42" | "0A" | "25" | "53" | "57" | "58" | "XX" | "55" | "3F")
}
