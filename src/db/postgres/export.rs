//! Exporting through COPY: what the server writes is handed on as it is where the format is the
//! server's own, and put into the other formats otherwise. The transaction only reads.
//!
//! Dates and intervals are written the ISO way whatever the session shows, so that a file reads
//! back the same anywhere.

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Column as _, Row as _, TypeInfo as _};

use super::failure::{self, Answered, Fault};
use super::pool::Lease;
use super::{Postgres, cancel};
use crate::db::export::{
    CHUNK, Cell, Export, Exported, Fields, Format, OutColumn, Sink, Sort, Source, Writing,
};
use crate::db::keyset::Bind;
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;
use crate::sql::lexer::{TokenKind, tokens};

/// What the transaction is set to, for files that mean the same to every reader.
const SETTINGS: &str = "SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; \
                        SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'";

impl Postgres {
    /// Reads rows and hands them over in a format.
    ///
    /// # Errors
    /// What the server refused, what the sink did not take.
    pub async fn export(
        &self,
        export: &Export,
        sink: &mut impl Sink,
        stop: &Stop,
    ) -> Result<Exported> {
        let mut lease = self.pool.lease(stop).await?;
        let pid = lease.pid();
        let work = async {
            lease.begin().await?;
            run(&mut lease, export, sink, stop).await
        };
        let outcome = cancel::supervise(&self.pool, &pid, stop, work).await;
        let told = |error: &sqlx::Error| match &export.source {
            Source::Rows { selection, .. } => {
                let doing = format!("The rows of {} could not be read", selection.relation);
                let limit = self.pool.statement_timeout();
                let problem = failure::reading(error, selection, &doing, limit);
                match problem.kind {
                    Kind::Usage => Problem { fix: "correct the filter".to_owned(), ..problem },
                    _ => problem,
                }
            }
            Source::Query(_) => {
                let limit = self.pool.statement_timeout();
                failure::statement(error, "The query could not be run", limit)
            }
        };
        match outcome {
            cancel::Outcome::Done(Ok(done)) => {
                lease.give_back();
                Ok(done)
            }
            // A COPY that failed leaves answers behind that nobody waits for: the next user of
            // this connection would take them for its own.
            outcome => {
                lease.throw_away();
                Err(match outcome {
                    cancel::Outcome::Done(Err(Fault::Sql(error))) => told(&error),
                    cancel::Outcome::Done(Err(Fault::Told(problem))) => problem,
                    _ => Problem::cancelled("Stopped"),
                })
            }
        }
    }
}

async fn run(
    lease: &mut Lease,
    export: &Export,
    sink: &mut impl Sink,
    stop: &Stop,
) -> Answered<Exported> {
    let (sql, binds) = export.source.sql(Dialect::Postgres)?;
    let sql = inlined(&sql, &binds);
    // Behind a pooler the transaction has begun.
    if !lease.pool.pinned().pooled {
        lease.simple("BEGIN READ ONLY".to_owned()).await?;
    }
    lease.simple(SETTINGS.to_owned()).await?;
    let columns = match &export.source {
        Source::Rows { columns, .. } => columns.clone(),
        Source::Query(query) => described(lease, query).await?,
    };
    let exported = if is_the_servers(export) {
        pass(lease, export, &sql, sink, stop).await?
    } else {
        put(lease, Writing::new(export, Dialect::Postgres, columns), &sql, sink, stop).await?
    };
    lease.simple("COMMIT".to_owned()).await?;
    Ok(exported)
}

/// Whether the server writes the format itself.
fn is_the_servers(export: &Export) -> bool {
    export.style.format == Format::Csv && !export.style.safe_formulas
}

/// Hands on what the server writes.
async fn pass(
    lease: &mut Lease,
    export: &Export,
    sql: &str,
    sink: &mut impl Sink,
    stop: &Stop,
) -> Answered<Exported> {
    let header = export.style.header;
    let null = Dialect::Postgres.literal(export.style.null.as_deref().unwrap_or_default());
    let copy =
        format!("COPY (\n{sql}\n) TO STDOUT WITH (FORMAT csv, HEADER {header}, NULL {null})");
    let mut messages = lease.raw()?.copy_out_raw(&copy).await?;
    let mut bytes = Vec::with_capacity(CHUNK * 2);
    // A message is a row, and the header is one too.
    let (mut rows, mut skip) = (0, header);
    while let Some(message) = messages.try_next().await? {
        if std::mem::take(&mut skip) {
            bytes.extend_from_slice(&message);
            continue;
        }
        rows += 1;
        bytes.extend_from_slice(&message);
        if bytes.len() >= CHUNK {
            hand_over(&mut bytes, rows, sink, stop).await?;
        }
    }
    hand_over(&mut bytes, rows, sink, stop).await?;
    Ok(Exported { rows })
}

/// Puts what the server writes into another format.
async fn put(
    lease: &mut Lease,
    mut writing: Writing,
    sql: &str,
    sink: &mut impl Sink,
    stop: &Stop,
) -> Answered<Exported> {
    let copy = format!("COPY (\n{sql}\n) TO STDOUT");
    let mut messages = lease.raw()?.copy_out_raw(&copy).await?;
    let mut fields = Fields::default();
    while let Some(message) = messages.try_next().await? {
        let line = message.strip_suffix(b"\n").unwrap_or(&message);
        writing.begin_row();
        fields.each(line, |_, field| writing.cell(field.map_or(Cell::Null, Cell::Text)));
        writing.end_row();
        if writing.out.len() >= CHUNK {
            writing.settle();
            let rows = writing.rows();
            hand_over(&mut writing.out, rows, sink, stop).await?;
        }
    }
    writing.finish();
    let rows = writing.rows();
    hand_over(&mut writing.out, rows, sink, stop).await?;
    Ok(Exported { rows })
}

/// Hands bytes over. Once the work is stopped nobody waits for whoever takes them: the server is
/// being asked to end, and what it still sends must be read.
async fn hand_over(
    bytes: &mut Vec<u8>,
    rows: u64,
    sink: &mut impl Sink,
    stop: &Stop,
) -> Answered<()> {
    if !bytes.is_empty() {
        tokio::select! {
            biased;
            () = stop.asked() => {}
            taken = sink.take(bytes, rows) => taken?,
        }
    }
    bytes.clear();
    Ok(())
}

/// The columns of a query: it is asked for no row, beside a row of another that is there.
async fn described(lease: &mut Lease, query: &str) -> Answered<Vec<OutColumn>> {
    let sql = format!(
        "SELECT asked.* FROM (SELECT 1) AS one LEFT JOIN LATERAL (SELECT * FROM (\n{query}\n) AS \
         whole LIMIT 0) AS asked ON true"
    );
    let row = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(lease.raw()?).await?;
    let column = |column: &sqlx::postgres::PgColumn| OutColumn {
        name: column.name().to_owned(),
        sort: Sort::of(&column.type_info().name().to_ascii_lowercase()),
    };
    Ok(row.columns().iter().map(column).collect())
}

/// The statement with its parameters written out: COPY takes none.
fn inlined(sql: &str, binds: &[Bind]) -> String {
    if binds.is_empty() {
        return sql.to_owned();
    }
    let mut out = String::with_capacity(sql.len());
    for token in tokens(Dialect::Postgres, sql) {
        let text = token.text(sql);
        let number = text.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
        let bind = number
            .filter(|_| token.kind == TokenKind::Parameter)
            .and_then(|number| binds.get(number.checked_sub(1)?));
        match bind {
            None => out.push_str(text),
            Some(Bind::Text(text)) => out.push_str(&Dialect::Postgres.literal(text)),
            Some(Bind::Integer(number)) => out.push_str(&format!("'{number}'")),
            Some(Bind::Real(number)) => out.push_str(&format!("'{number}'")),
            Some(Bind::Blob(bytes)) => {
                out.push_str(&format!("'\\x{}'::bytea", crate::db::value::hex(bytes)));
            }
            Some(Bind::Null) => out.push_str("NULL"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_written_out_as_literals() {
        let binds = [Bind::Text("it's".into()), Bind::Text("5".into())];
        let sql = "\"t\".\"a\" = $1::text AND '$2' <> $2::text::int4 -- $1";
        let expected = "\"t\".\"a\" = 'it''s'::text AND '$2' <> '5'::text::int4 -- $1";
        assert_eq!(inlined(sql, &binds), expected);
    }
}
