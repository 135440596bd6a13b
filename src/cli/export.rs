//! `export`: a table or a query into a file, or to standard output.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};
use serde_json::json;

use super::args::Global;
use super::ask;
use super::change::configured;
use super::print::{self, harmless};
use crate::config::Target;
use crate::db::Db;
use crate::db::export::{Format, Style};
use crate::db::stop::Stop;
use crate::ops::export::{self, Progress, Ready, Wanted};
use crate::problem::{Problem, Result};
use crate::text;

/// How often progress is told.
const OFTEN: Duration = Duration::from_millis(200);

/// What `export` takes.
#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// The table or view; schema.table where it must be
    #[arg(value_name = "TABLE", required_unless_present = "query")]
    table: Option<String>,
    /// A query instead of a table; it may only read
    #[arg(long, value_name = "SQL", conflicts_with_all = ["table", "columns", "where", "order"])]
    query: Option<String>,
    /// The format; by the ending of --out, else csv
    #[arg(long, value_parser = PossibleValuesParser::new(Format::ALL.map(Format::word)))]
    format: Option<String>,
    /// The file to write; - for standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// The columns, in the order they are written
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    columns: Vec<String>,
    /// Which rows: what would follow WHERE
    #[arg(long, value_name = "SQL")]
    r#where: Option<String>,
    /// What to sort by: columns, with desc behind those that go down
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    order: Vec<String>,
    /// What stands for NULL; nothing in csv, \N in tsv, NULL in markdown
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
    /// Leave the line with the names of the columns out
    #[arg(long)]
    no_header: bool,
    /// Put ' before text that a spreadsheet would run as a formula
    #[arg(long)]
    safe_formulas: bool,
    /// Write masked columns too
    #[arg(long)]
    reveal: bool,
}

impl ExportArguments {
    fn file(&self) -> Option<&Path> {
        self.out.as_deref().filter(|path| path.as_os_str() != "-")
    }

    fn style(&self) -> Style {
        let named = self.format.as_deref().and_then(Format::of_extension);
        let extension = self.file().and_then(Path::extension);
        let ending = || Format::of_extension(&extension?.to_string_lossy());
        Style {
            format: named.or_else(ending).unwrap_or(Format::Csv),
            null: self.null.clone(),
            header: !self.no_header,
            safe_formulas: self.safe_formulas,
        }
    }

    fn wanted(&self) -> Wanted {
        if let Some(query) = &self.query {
            return Wanted::Query(query.clone());
        }
        Wanted::Rows {
            relation: self.table.clone().unwrap_or_default(),
            columns: self.columns.clone(),
            filter: self.r#where.clone(),
            order: self.order.clone(),
        }
    }
}

/// `dbstudio export`.
pub(super) fn export(
    target: Option<String>,
    wanted: &ExportArguments,
    global: &Global,
) -> Result<u8> {
    let (_, target) = configured(target, global)?;
    super::run::wait_for(|stop| async move {
        let db = Db::connect(&target, &stop).await?;
        let exported = follow(&db, &target, wanted, global, &stop).await;
        db.close().await;
        exported
    })
}

async fn follow(
    db: &Db,
    target: &Target,
    wanted: &ExportArguments,
    global: &Global,
    stop: &Stop,
) -> Result<u8> {
    let style = wanted.style();
    let ready = export::prepare(db, target, &wanted.wanted(), &style, wanted.reveal, stop).await?;
    print::talk(
        &ready.notes.iter().map(|note| format!("{}\n", harmless(note))).collect::<String>(),
    );
    let Some(path) = wanted.file() else { return print_rows(db, &ready, stop).await };
    if path.is_file() {
        let question = format!("Replace {}?", path.display());
        ask::confirm(&question, global.yes, stop).await?;
    }
    let meter = Meter::new();
    let done = export::to_file(db, &ready.export, path, &|now| meter.tell(now), stop).await;
    meter.end();
    let done = done.map_err(|problem| untouched(problem, path))?;
    if global.json {
        let file = path.to_string_lossy();
        print::json(&json!({ "file": file, "rows": done.rows, "bytes": done.bytes }))?;
        return Ok(0);
    }
    let (rows, bytes) = (rows(done.rows), text::short_bytes(done.bytes));
    let name = harmless(&path.display().to_string());
    print::result(&format!("{name}: {rows}, {bytes}\n")).map(|()| 0)
}

/// Writes the rows to standard output.
async fn print_rows(db: &Db, ready: &Ready, stop: &Stop) -> Result<u8> {
    let meter = Meter::new();
    let mut stream = print::Stream::new(|now| meter.tell(now));
    let exported = db.export(&ready.export, &mut stream, stop).await;
    let ended = stream.end(stop).await;
    meter.end();
    match exported {
        // A reader that went away has seen what it wanted.
        Err(_) if stream.is_gone() => Ok(0),
        Err(problem) => Err(problem),
        Ok(_) => ended.map(|()| 0),
    }
}

/// What a failure means for the file.
fn untouched(problem: Problem, path: &Path) -> Problem {
    let left = if path.exists() { "is as it was" } else { "was not made" };
    let what = format!("{}; {} {left}", problem.what, path.display());
    Problem { what, ..problem }
}

/// Rows in words.
pub(super) fn rows(count: u64) -> String {
    format!("{} {}", text::grouped(count), if count == 1 { "row" } else { "rows" })
}

/// Tells a person how far long work has come, now and then, on a line of its own.
pub(super) struct Meter {
    began: Instant,
    told: Mutex<Option<Instant>>,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), told: Mutex::new(None) }
    }

    pub(super) fn tell(&self, now: Progress) {
        let Ok(mut told) = self.told.lock() else { return };
        if told.unwrap_or(self.began).elapsed() < OFTEN {
            return;
        }
        *told = Some(Instant::now());
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let speed = text::short_bytes((now.bytes as f64 / seconds) as u64);
        let bytes = text::short_bytes(now.bytes);
        print::progress(&match now.bytes {
            0 => format!("{}  {}/s", rows(now.rows), rows((now.rows as f64 / seconds) as u64)),
            _ => format!("{}  {bytes}  {speed}/s", rows(now.rows)),
        });
    }

    pub(super) fn end(&self) {
        if self.told.lock().is_ok_and(|told| told.is_some()) {
            print::progress("");
        }
    }
}
