//! How fast rows leave and enter: `dbstudio export` and `import`, the release binary from its start
//! to its end, beside `psql \copy` and `sqlite3` doing the same in the same run.
//!
//! `cargo bench --bench exchange` prints a table in Markdown. Arguments, after `--`: `--rows N` for
//! the rows that are exported (10,000,000 if not given; a tenth of them is imported), `--check` to
//! fail when a figure is beyond its limit. What was written is compared or counted, so that a program
//! that does less is not taken for a faster one. Memory is the most each process had, and that for a
//! tenth of the rows beside it: it must not depend on how many there are. No figure is taken from
//! anywhere but the clock and the system.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

#[expect(dead_code, reason = "the studio's benchmark makes more tables than this one")]
mod databases;
#[expect(dead_code, reason = "the studio's benchmark notes more than this one")]
mod figures;
#[expect(dead_code, reason = "the studio's benchmark asks more of a process than this one")]
mod process;

mod child;
#[expect(dead_code, reason = "the tests use more of their server than a benchmark does")]
#[path = "../it/server.rs"]
mod server;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use figures::{Figures, median, shown};
use server::{TestDatabase, TestFile};

/// How often each is done, ours and theirs in turn.
const RUNS: usize = 3;

/// How much longer than the other program it may take.
const RATIO: f64 = 1.2;

/// How much more memory ten times the rows may need, in KiB.
const GROWTH: u64 = 4 * 1024;

/// The table that is imported into, as the one that is exported is.
const IMPORTED: &str = "CREATE TABLE imported (id bigint PRIMARY KEY, label text NOT NULL, \
    code integer, score integer NOT NULL, amount numeric(10,2) NOT NULL, note text)";

fn main() -> ExitCode {
    let (mut rows, mut check) = (10_000_000, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rows" => rows = arguments.next().and_then(|rows| rows.parse().ok()).unwrap_or(rows),
            "--check" => check = true,
            // Cargo hands this on to every benchmark.
            "--bench" => {}
            other => {
                eprintln!("unknown argument {other}\nArguments: [--rows N] [--check]");
                return ExitCode::from(2);
            }
        }
    }
    let mut figures = Figures::default();
    let folder = tempfile::tempdir().unwrap();
    on_postgres(&mut figures, rows, folder.path());
    on_sqlite(&mut figures, rows, folder.path());
    figures.end(check)
}

fn on_postgres(figures: &mut Figures, rows: u64, folder: &Path) {
    let database = databases::events_on_postgres(rows);
    let url = database.socket_url();
    let ours = |arguments: &[&str]| dbstudio(&url, arguments);
    let (mine, copied) = (folder.join("ours.csv"), folder.join("theirs.csv"));
    let copy = "COPY (SELECT * FROM events) TO STDOUT (FORMAT csv, HEADER)";
    let theirs = || printed(psql(&database, copy), &copied);
    let name = format!("export {rows} rows as CSV, PostgreSQL");
    let csv = || printed(ours(&["export", "events"]), &mine);
    let most = compare(figures, &name, "psql COPY", csv, theirs, || ());
    assert!(same(&mine, &copied), "they wrote something else");
    let tenth = format!("id <= {}", rows / 10);
    let part = printed(ours(&["export", "events", "--where", &tenth]), &mine);
    flat(figures, "export as CSV, PostgreSQL", part.1, most);
    let json = || printed(ours(&["export", "events", "--format", "jsonl"]), &mine);
    let name = format!("export {rows} rows as JSON lines, PostgreSQL");
    note(figures, &name, &[json()]);
    let some = rows / 10;
    database.psql(IMPORTED);
    let limited = copy.replace("events)", &format!("events LIMIT {some})"));
    printed(psql(&database, &limited), &mine);
    let file = mine.to_str().unwrap();
    let imported = |rows: u64| {
        let count = database.psql("SELECT count(*) FROM imported");
        assert_eq!(count.trim(), rows.to_string(), "not all rows were imported");
    };
    let import = || {
        let took = run(&mut ours(&["import", file, "--into", "imported", "--yes"]));
        imported(some);
        took
    };
    let copy = format!("\\copy imported FROM '{file}' (FORMAT csv, HEADER)");
    let theirs = || run(&mut psql(&database, &copy));
    let name = format!("import {some} rows of CSV, PostgreSQL");
    let most = compare(figures, &name, "psql \\copy", import, theirs, || {
        database.psql("TRUNCATE imported");
    });
    let few = folder.join("few.csv");
    let limited = limited.replace(&format!("LIMIT {some}"), &format!("LIMIT {}", some / 10));
    printed(psql(&database, &limited), &few);
    database.psql("TRUNCATE imported");
    let few = run(&mut ours(&["import", few.to_str().unwrap(), "--into", "imported", "--yes"]));
    imported(some / 10);
    flat(figures, "import of CSV, PostgreSQL", few.1, most);
}

fn on_sqlite(figures: &mut Figures, rows: u64, folder: &Path) {
    if Command::new("sqlite3").arg("-version").output().is_err() {
        eprintln!("sqlite3 is not installed: SQLite is not measured");
        return;
    }
    let file = databases::events_on_sqlite(rows);
    let (mine, theirs_out) = (folder.join("ours.csv"), folder.join("theirs.csv"));
    let url = file.url();
    let export = || printed(dbstudio(&url, &["export", "events"]), &mine);
    let theirs = || {
        let mut sqlite3 = Command::new("sqlite3");
        sqlite3.args(["-csv", "-header"]).arg(&file.path).arg("SELECT * FROM events");
        printed(sqlite3, &theirs_out)
    };
    let name = format!("export {rows} rows as CSV, SQLite");
    let most = compare(figures, &name, "sqlite3 -csv", export, theirs, || ());
    assert_eq!(lines(&mine), lines(&theirs_out), "they wrote something else");
    let some = rows / 10;
    let tenth = format!("id <= {some}");
    let part = printed(dbstudio(&url, &["export", "events", "--where", &tenth]), &mine);
    flat(figures, "export as CSV, SQLite", part.1, most);
    let target = server::sqlite("imported");
    import_on_sqlite(figures, some, &mine, &target);
}

fn import_on_sqlite(figures: &mut Figures, rows: u64, csv: &Path, target: &TestFile) {
    target.execute(&IMPORTED.replace("bigint PRIMARY KEY", "INTEGER PRIMARY KEY"));
    let url = target.url();
    let arguments = ["import", csv.to_str().unwrap(), "--into", "imported", "--yes"];
    let import = || {
        let took = run(&mut dbstudio(&url, &arguments));
        let count = target.query("SELECT count(*) FROM imported");
        assert_eq!(count.trim(), rows.to_string(), "not all rows were imported");
        took
    };
    let read = format!(".import --csv --skip 1 '{}' imported", csv.display());
    let theirs = || run(Command::new("sqlite3").arg(&target.path).arg(&read));
    let name = format!("import {rows} rows of CSV, SQLite");
    compare(figures, &name, "sqlite3 .import", import, theirs, || {
        target.execute("DELETE FROM imported");
    });
}

/// Does both in turn, each as often first as the other can be, and notes ours with the ratio;
/// the most memory ours had, in KiB.
fn compare(
    figures: &mut Figures,
    name: &str,
    other: &str,
    ours: impl Fn() -> (Duration, u64),
    theirs: impl Fn() -> (Duration, u64),
    before: impl Fn(),
) -> u64 {
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for turn in 0..RUNS * 2 {
        before();
        // Ours, theirs, theirs, ours, ours, theirs: neither always finds the disk as the other
        // left it.
        if matches!(turn % 4, 0 | 3) {
            mine.push(ours());
        } else {
            others.push(theirs());
        }
    }
    let took = median(&mine.iter().map(|run| run.0).collect::<Vec<_>>());
    let beside = median(&others.iter().map(|run| run.0).collect::<Vec<_>>());
    let ratio = took.as_secs_f64() / beside.as_secs_f64();
    let value = format!("{}; {other} {}; {ratio:.2} times", shown(took), shown(beside));
    figures.other(&format!("{name} ({RUNS} times)"), &value, "1.2 times", ratio <= RATIO);
    let most = mine.iter().map(|run| run.1).max().unwrap_or_default();
    figures.memory(name, most);
    let (other_most, words) = (others.iter().map(|run| run.1).max().unwrap_or_default(), other);
    eprintln!("memory of {words}: {:.1} MB", other_most as f64 / 1024.0);
    most
}

/// Notes by how much memory grew from a tenth of the rows to all of them, both in KiB.
fn flat(figures: &mut Figures, name: &str, tenth: u64, all: u64) {
    let grown = all.saturating_sub(tenth);
    let value = format!("{:.1} MB", grown as f64 / 1024.0);
    let limit = format!("{} MB", GROWTH / 1024);
    figures.other(
        &format!("memory for ten times the rows: {name}"),
        &value,
        &limit,
        grown <= GROWTH,
    );
}

/// How many lines a file has.
fn lines(path: &Path) -> usize {
    let mut reader = std::io::BufReader::new(File::open(path).unwrap());
    let mut count = 0;
    loop {
        let bytes = std::io::BufRead::fill_buf(&mut reader).unwrap();
        if bytes.is_empty() {
            return count;
        }
        let length = bytes.len();
        count += bytes.iter().filter(|byte| **byte == b'\n').count();
        std::io::BufRead::consume(&mut reader, length);
    }
}

fn note(figures: &mut Figures, name: &str, runs: &[(Duration, u64)]) {
    figures.times(name, &runs.iter().map(|run| run.0).collect::<Vec<_>>(), None, "");
    figures.memory(name, runs.iter().map(|run| run.1).max().unwrap_or_default());
}

fn same(one: &PathBuf, other: &PathBuf) -> bool {
    let bytes = |path| fs::metadata(path).unwrap().len();
    bytes(one) == bytes(other)
}

fn dbstudio(url: &str, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_dbstudio"));
    program.args(arguments).args(["--url", url]).stdout(Stdio::null()).stderr(Stdio::null());
    program
}

fn psql(database: &TestDatabase, command: &str) -> Command {
    let mut program = Command::new(database.server().programs.join("psql"));
    program.args(["-X", "-q", "-c", command, &database.socket_url()]).stdout(Stdio::null());
    program
}

/// Runs a program with its standard output in a file.
fn printed(mut program: Command, path: &Path) -> (Duration, u64) {
    let out = File::create(path).unwrap();
    run(program.stdout(out))
}

/// Runs a program to its end, with the time it took and the most memory it had, in KiB.
fn run(program: &mut Command) -> (Duration, u64) {
    child::run(program, Duration::from_millis(5))
}
