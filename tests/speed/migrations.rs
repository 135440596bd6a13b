//! How fast migrations are: 1,000 small ones applied by `dbstudio migrate`, the release binary from
//! its start to its end, beside sqlx-cli on the same folder in the same run, and `dbstudio status`
//! of what they leave, on both engines.
//!
//! `cargo bench --bench migrations` prints a table in Markdown. Arguments, after `--`: `--sqlx PATH`
//! for the program of sqlx-cli (`sqlx` of the search path if not given; without it there is nothing
//! beside), `--check` to fail when a figure is beyond its limit. The server is that of the tests,
//! which does not wait for its disk: what is compared is the work. Nothing here is a mock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

#[expect(dead_code, reason = "the studio's benchmark notes more than this one")]
mod figures;
#[expect(dead_code, reason = "the studio's benchmark asks more of a process than this one")]
mod process;

mod child;
#[expect(dead_code, reason = "the tests use more of their server than a benchmark does")]
#[path = "../it/server.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use figures::{Figures, Limit, median, shown};
use server::{TestDatabase, TestFile};

/// How many migrations there are.
const MIGRATIONS: usize = 1_000;

/// How often they are applied, by each in turn.
const RUNS: usize = 3;

/// How often the status is asked for.
const LOOKS: usize = 9;

/// What the status may take, in milliseconds.
const STATUS: f64 = 200.0;

/// A new database.
enum Fresh {
    Postgres(TestDatabase),
    Sqlite(TestFile),
}

impl Fresh {
    fn new(is_postgres: bool) -> Self {
        if is_postgres {
            return Self::Postgres(server::postgres().create_database("migrations"));
        }
        let file = server::sqlite("migrations");
        file.execute("VACUUM");
        Self::Sqlite(file)
    }

    fn url(&self) -> String {
        match self {
            Self::Postgres(database) => format!("{}?sslmode=disable", database.url()),
            Self::Sqlite(file) => format!("sqlite://{}", file.path.display()),
        }
    }
}

fn main() -> ExitCode {
    let (mut sqlx, mut check) = ("sqlx".to_owned(), false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--sqlx" => sqlx = arguments.next().unwrap_or(sqlx),
            "--check" => check = true,
            // Cargo hands this on to every benchmark.
            "--bench" => {}
            other => {
                eprintln!("unknown argument {other}\nArguments: [--sqlx PATH] [--check]");
                return ExitCode::from(2);
            }
        }
    }
    let is_there = Command::new(&sqlx).arg("--version").output().is_ok();
    let sqlx = Some(sqlx).filter(|_| is_there);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let mut figures = Figures::default();
    for is_postgres in [true, false] {
        measure(&mut figures, folder.path(), sqlx.as_deref(), is_postgres);
    }
    figures.end(check)
}

/// Writes a project with the migrations, each with its way back.
fn write(folder: &Path) {
    let migrations = folder.join("migrations");
    fs::create_dir(&migrations).unwrap();
    let settings = "default_environment = \"development\"\n\n[environments.development]\n\
                    url = \"$DATABASE_URL\"\nprotection = \"development\"\n";
    fs::write(folder.join("dbstudio.toml"), settings).unwrap();
    for number in 1..=MIGRATIONS {
        let up = format!("CREATE TABLE t{number:04} (id integer PRIMARY KEY, name text);\n");
        let name = format!("{number:04}_t{number:04}");
        fs::write(migrations.join(format!("{name}.up.sql")), up).unwrap();
        let down = format!("DROP TABLE t{number:04};\n");
        fs::write(migrations.join(format!("{name}.down.sql")), down).unwrap();
    }
}

fn measure(figures: &mut Figures, folder: &Path, sqlx: Option<&str>, is_postgres: bool) {
    let engine = if is_postgres { "PostgreSQL" } else { "SQLite" };
    eprintln!("applying {MIGRATIONS} migrations on {engine}");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut last = Fresh::new(is_postgres);
    for _ in 0..RUNS {
        if let Some(sqlx) = sqlx {
            let other = Fresh::new(is_postgres);
            theirs.push(run(Command::new(sqlx).args(["migrate", "run"]), folder, &other));
        }
        last = Fresh::new(is_postgres);
        ours.push(dbstudio(&["migrate", "--yes"], folder, &last));
    }
    let beside = match theirs.as_slice() {
        [] => "sqlx-cli is not installed".to_owned(),
        theirs => format!("sqlx-cli {}", shown(median(theirs))),
    };
    let limit = (!theirs.is_empty()).then(|| Limit::median(median(&theirs).as_secs_f64() * 1e3));
    let name = format!("apply {MIGRATIONS} small migrations, {engine}");
    figures.times(&name, &ours, limit, &beside);
    let looks: Vec<Duration> =
        (0..LOOKS).map(|_| dbstudio(&["status", "--json"], folder, &last)).collect();
    let name = format!("status of {MIGRATIONS} migrations and their tables, {engine}");
    figures.times(&name, &looks, Some(Limit::median(STATUS)), "");
}

fn dbstudio(arguments: &[&str], folder: &Path, database: &Fresh) -> Duration {
    let mut program = Command::new(env!("CARGO_BIN_EXE_dbstudio"));
    for (variable, below) in
        [("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data")]
    {
        program.env(variable, folder.join(below));
    }
    run(program.args(arguments), folder, database)
}

/// Runs a program in the project on a database, with the time it took.
fn run(program: &mut Command, folder: &Path, database: &Fresh) -> Duration {
    program.current_dir(folder).env("DATABASE_URL", database.url());
    child::run(program.stdout(Stdio::null()).stderr(Stdio::null()), Duration::from_millis(20)).0
}
