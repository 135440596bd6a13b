//! Exporting from SQLite: one thread steps the statement and writes the format, another place
//! takes the bytes, and a few chunks at most lie between the two.

use rusqlite::types::ValueRef;
use tokio::sync::mpsc;

use super::{Sqlite, direct};
use crate::config::SqliteAddress;
use crate::db::export::{CHUNK, Cell, Export, Exported, OutColumn, Sink, Sort, Source, Writing};
use crate::db::keyset::Bind;
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;

/// Chunks that may wait for whoever takes them.
const WAITING: usize = 4;

/// Bytes of whole rows, and how many rows were finished with them.
type Chunk = (Vec<u8>, u64);

impl Sqlite {
    /// Reads rows and hands them over in a format.
    ///
    /// # Errors
    /// SQLite refuses the query, the sink does not take the bytes, the work was stopped.
    pub async fn export(
        &self,
        export: &Export,
        sink: &mut impl Sink,
        stop: &Stop,
    ) -> Result<Exported> {
        // Its own, so that a sink that fails ends the reading without stopping the caller.
        let ending = Stop::new();
        let (sender, mut chunks) = mpsc::channel::<Chunk>(WAITING);
        let (address, wanted, watched) =
            (self.inner.address.clone(), export.clone(), ending.clone());
        let reading =
            tokio::task::spawn_blocking(move || read(&address, &wanted, &watched, &sender));
        let mut taken = Ok(());
        loop {
            let chunk = tokio::select! {
                biased;
                () = stop.asked() => break,
                chunk = chunks.recv() => chunk,
            };
            let Some((bytes, rows)) = chunk else { break };
            taken = tokio::select! {
                biased;
                () = stop.asked() => break,
                taken = sink.take(&bytes, rows) => taken,
            };
            if taken.is_err() {
                break;
            }
        }
        ending.ask();
        chunks.close();
        // What waits to be taken would keep the thread waiting.
        while chunks.recv().await.is_some() {}
        let read = reading.await.unwrap_or_else(|_| Err(ended()));
        if stop.is_asked() {
            return Err(Problem::cancelled("Stopped"));
        }
        taken?;
        read
    }
}

fn ended() -> Problem {
    Problem::failed("The export ended", "the thread that reads the file ended", "run it again")
}

fn read(
    address: &SqliteAddress,
    export: &Export,
    stop: &Stop,
    chunks: &mpsc::Sender<Chunk>,
) -> Result<Exported> {
    let (sql, binds) = export.source.sql(Dialect::Sqlite)?;
    let connection = direct::open(address, false, stop)?;
    let told = |error: &rusqlite::Error| of_source(direct::told(error), &export.source);
    let mut statement = connection.prepare(&sql).map_err(|error| told(&error))?;
    if !statement.readonly() {
        return Err(Problem::new(
            Kind::Refused,
            "Only a query that reads can be exported",
            "SQLite says that this statement changes the database",
            "write a SELECT",
        ));
    }
    for (at, bind) in binds.iter().enumerate() {
        let bound = match bind {
            Bind::Text(text) => statement.raw_bind_parameter(at + 1, text),
            Bind::Integer(number) => statement.raw_bind_parameter(at + 1, number),
            Bind::Real(number) => statement.raw_bind_parameter(at + 1, number),
            Bind::Blob(bytes) => statement.raw_bind_parameter(at + 1, bytes),
            Bind::Null => statement.raw_bind_parameter(at + 1, rusqlite::types::Null),
        };
        bound.map_err(|error| told(&error))?;
    }
    let columns = match &export.source {
        Source::Rows { columns, .. } => columns.clone(),
        Source::Query(_) => {
            let column = |name: &str| OutColumn { name: name.to_owned(), sort: Sort::Text };
            statement.column_names().into_iter().map(column).collect()
        }
    };
    let width = columns.len();
    let mut writing = Writing::new(export, Dialect::Sqlite, columns);
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(|error| told(&error))? {
        writing.begin_row();
        for at in 0..width {
            writing.cell(cell(row.get_ref(at).map_err(|error| told(&error))?));
        }
        writing.end_row();
        if writing.out.len() >= CHUNK {
            writing.settle();
            let full = std::mem::replace(&mut writing.out, Vec::with_capacity(CHUNK * 2));
            if chunks.blocking_send((full, writing.rows())).is_err() {
                return Err(Problem::cancelled("Stopped"));
            }
        }
    }
    writing.finish();
    let done = writing.rows();
    // Whoever went away does not want the rest either.
    let _ = chunks.blocking_send((std::mem::take(&mut writing.out), done));
    Ok(Exported { rows: done })
}

fn cell(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(text) => Cell::Text(text),
        ValueRef::Blob(bytes) => Cell::Blob(bytes),
    }
}

/// Says what was read when it failed.
fn of_source(problem: Problem, source: &Source) -> Problem {
    match source {
        Source::Query(_) if problem.kind == Kind::Failed => {
            Problem { fix: "correct the query, and run it again".to_owned(), ..problem }
        }
        _ => problem,
    }
}
