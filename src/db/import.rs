//! What an import asks for and where its rows come from: pure data and one trait. The engines
//! write the rows; nothing here knows a file's form or a connection.

use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};
use crate::schema::RelationName;

/// A column that is filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InColumn {
    /// Its name.
    pub name: String,
    /// The type as the catalogue prints it; on SQLite the declared one.
    pub type_name: String,
}

/// Everything about an import but its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The table.
    pub relation: RelationName,
    /// The columns that are filled, in the order of each row's cells.
    pub columns: Vec<InColumn>,
    /// The key by which a row that is there is changed instead of added; `None` only adds.
    pub upsert: Option<Vec<String>>,
    /// Whether rows go into a table of their own first, because COPY may not reach this one.
    pub staged: bool,
    /// How many rows one transaction holds; `None` for all of them.
    pub batch: Option<u64>,
    /// Whether rows that do not fit are handed back rather than ending everything.
    pub rejects: bool,
    /// Whether everything is taken back at the end.
    pub dry_run: bool,
    /// The file's name for messages.
    pub source: String,
}

/// What a cell of a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// NULL.
    Null,
    /// Text, to be read by the column's type.
    Text,
    /// A number as JSON writes one.
    Number,
    /// JSON's `true` or `false`.
    Truth,
}

/// Some rows of a file, in its order, all with the same number of cells.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    /// Where each cell ends, and what it is.
    cells: Vec<(usize, CellKind)>,
    /// For each row the line of the file it begins in.
    lines: Vec<u64>,
    /// For each row the end of what the file has for it, where that is kept.
    raw_ends: Vec<usize>,
    raw: Vec<u8>,
    width: usize,
}

/// A row that did not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Which of its batch's rows.
    pub row: usize,
    /// The column to blame, if one is.
    pub column: Option<String>,
    /// The engine's words.
    pub why: String,
}

/// What came of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Rows that were written.
    pub rows: u64,
    /// Rows that were handed back.
    pub rejected: u64,
}

/// The rows of a file.
pub trait Rows: Send {
    /// The next rows, so many at most; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    fn next(&mut self, most: usize) -> impl Future<Output = Result<Option<Batch>>> + Send;

    /// Takes a row back that did not fit.
    ///
    /// # Errors
    /// It cannot be kept.
    fn reject(&mut self, batch: &Batch, misfit: &Misfit) -> Result<()>;

    /// Is told how many rows were written so far.
    fn written(&mut self, rows: u64);
}

/// The most rows of a batch, and about how many bytes.
pub(in crate::db) const BATCH_ROWS: usize = 20_000;
/// About how many bytes a batch holds.
pub const BATCH_BYTES: usize = 2 * 1024 * 1024;

impl Batch {
    /// An empty batch of rows so wide.
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// About how many bytes it holds.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.raw.len()
    }

    /// Begins a row; its cells follow by [`Batch::cell`].
    pub fn begin(&mut self, line: u64) {
        self.lines.push(line);
    }

    /// Adds the next cell of the row.
    pub fn cell(&mut self, kind: CellKind, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.cells.push((self.bytes.len(), kind));
    }

    /// Keeps what the file has for the row.
    pub fn keep(&mut self, raw: &[u8]) {
        self.raw.extend_from_slice(raw);
        self.raw_ends.push(self.raw.len());
    }

    /// Takes the row back that was begun last.
    pub fn undo(&mut self) {
        self.lines.pop();
        self.cells.truncate(self.lines.len() * self.width);
        self.bytes.truncate(self.cells.last().map_or(0, |(end, _)| *end));
    }

    /// The line of the file a row begins in.
    pub fn line(&self, row: usize) -> u64 {
        self.lines.get(row).copied().unwrap_or_default()
    }

    /// What the file has for a row.
    pub fn raw(&self, row: usize) -> &[u8] {
        let begin = row.checked_sub(1).and_then(|before| self.raw_ends.get(before));
        let end = self.raw_ends.get(row).copied().unwrap_or_default();
        self.raw.get(begin.copied().unwrap_or(0)..end).unwrap_or_default()
    }

    /// The cells of a row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (CellKind, &[u8])> {
        let first = row * self.width;
        let mut begin =
            first.checked_sub(1).and_then(|before| self.cells.get(before)).map_or(0, |cell| cell.0);
        let cells = self.cells.get(first..first + self.width).unwrap_or_default();
        cells.iter().map(move |(end, kind)| {
            let value = self.bytes.get(begin..*end).unwrap_or_default();
            begin = *end;
            (*kind, value)
        })
    }
}

impl Import {
    /// How many rows to ask for, when so many were written in the transaction that is open.
    pub(in crate::db) fn most(&self, written: u64) -> usize {
        let left = self.batch.map_or(u64::MAX, |batch| batch.saturating_sub(written).max(1));
        usize::try_from(left).unwrap_or(usize::MAX).min(BATCH_ROWS)
    }

    /// The next rows, unless somebody asks to stop while a file is slow to give any; `kept` is how
    /// many rows stay.
    pub(in crate::db) async fn next(
        &self,
        rows: &mut impl Rows,
        most: usize,
        kept: u64,
        stop: &Stop,
    ) -> Result<Option<Batch>> {
        let read = tokio::select! {
            biased;
            read = rows.next(most) => read,
            () = stop.asked() => return Err(self.stopped(kept)),
        };
        read.map_err(|problem| self.unread(problem, kept))
    }

    /// The problem of a row that did not fit; `kept` is how many rows stay.
    pub(in crate::db) fn misfit(&self, batch: &Batch, misfit: &Misfit, kept: u64) -> Problem {
        let column = misfit.column.as_ref();
        let column = column.map_or_else(String::new, |column| format!(", column {column}"));
        let line = batch.line(misfit.row);
        Problem::failed(
            format!("{}, line {line}{column}: the row does not fit", self.source),
            format!("{}\n{}", misfit.why, self.left(kept)),
            "correct the file, or add --rejects FILE to go on without the rows that do not fit",
        )
    }

    /// What a failure or a stop means for the table.
    pub(in crate::db) fn left(&self, kept: u64) -> String {
        match kept {
            0 => "Nothing was imported".to_owned(),
            1 => "One row of the batches before was imported and stays".to_owned(),
            kept => format!("{kept} rows of the batches before were imported and stay"),
        }
    }

    /// What a file that cannot be read any further means for the table.
    fn unread(&self, problem: Problem, kept: u64) -> Problem {
        let left = self.left(kept);
        let why = if problem.why.is_empty() { left } else { format!("{}\n{left}", problem.why) };
        Problem { why, ..problem }
    }

    /// An import that was stopped.
    pub(in crate::db) fn stopped(&self, kept: u64) -> Problem {
        Problem::new(Kind::Cancelled, format!("Stopped. {}", self.left(kept)), "", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_keeps_its_rows_apart() {
        let mut batch = Batch::new(2);
        for (line, cells) in [(2, ["a", ""]), (3, ["gone", "x"]), (5, ["b", "cc"])] {
            batch.begin(line);
            for cell in cells {
                batch.cell(CellKind::Text, cell.as_bytes());
            }
            if line == 3 {
                batch.undo();
            } else {
                batch.keep(cells.join(",").as_bytes());
            }
        }
        let row = |at| batch.row(at).map(|(_, value)| value.to_vec()).collect::<Vec<_>>();
        assert_eq!((batch.len(), batch.line(1)), (2, 5));
        assert_eq!(
            (row(0), row(1)),
            (vec![b"a".to_vec(), vec![]], vec![b"b".to_vec(), b"cc".to_vec()])
        );
        assert_eq!((batch.raw(0), batch.raw(1)), (&b"a,"[..], &b"b,cc"[..]));
    }
}
