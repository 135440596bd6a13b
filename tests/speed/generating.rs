//! `dbstudio generate` on 500 tables, the release binary from its start to its end, beside the
//! engine's own shell executing the same schema in the same run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::figures::{Figures, median, shown};
use crate::schemas::{self, Engine};
use crate::server::{self, Server};

/// How many tables there are.
const TABLES: usize = 500;

/// How often each is done.
const RUNS: usize = 5;

/// What `generate` may take beyond the time that executing the schema takes, in seconds.
const BEYOND: f64 = 2.0;

/// The most memory it may take, in MiB.
const MOST_MEMORY: f64 = 256.0;

/// Measures on both engines.
pub fn measure(figures: &mut Figures) {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        eprintln!("generating for {TABLES} tables on {}", engine.name());
        let sql = schemas::schema(engine, TABLES, &schemas::none);
        let changed = schemas::schema(engine, TABLES, &schemas::fifty(TABLES));
        let alone = executed(engine, &sql);
        let project = Project::new(engine);
        let mut generate = |what: &str, options: &[&str]| {
            let runs: Vec<(Duration, u64)> = (0..RUNS).map(|_| project.generate(options)).collect();
            note(figures, &format!("{what}, {}", engine.name()), &runs, alone);
        };
        project.write("schema.sql", &sql);
        generate("generate 500 tables", &["--dry-run"]);
        project.generate(&["--yes"]);
        generate("generate, nothing to do", &["--check"]);
        project.write("schema.sql", &changed);
        generate("generate, 50 of 500 tables changed", &["--dry-run", "--no-renames"]);
    }
}

fn note(figures: &mut Figures, name: &str, runs: &[(Duration, u64)], alone: Option<Duration>) {
    let times: Vec<Duration> = runs.iter().map(|run| run.0).collect();
    let (most, worst) = (runs.iter().map(|run| run.1).max(), times.iter().max());
    let took = median(&times);
    let beyond = took.saturating_sub(alone.unwrap_or_default());
    let value = format!(
        "{}, at worst {}; the shell {}; beyond it {}",
        shown(took),
        worst.copied().map(shown).unwrap_or_default(),
        alone.map_or_else(|| "is missing".to_owned(), shown),
        shown(beyond)
    );
    let holds = beyond.as_secs_f64() <= BEYOND;
    figures.other(&format!("{name} ({} times)", runs.len()), &value, "2 s beyond it", holds);
    let mib = most.unwrap_or_default() as f64 / 1024.0;
    let limit = format!("{MOST_MEMORY:.0} MB");
    let value = format!("{mib:.1} MB");
    figures.other(&format!("memory: {name}"), &value, &limit, mib <= MOST_MEMORY);
}

/// The time the engine's shell takes to execute a schema in an empty database; none if it is not
/// installed.
fn executed(engine: Engine, sql: &str) -> Option<Duration> {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("schema.sql");
    fs::write(&script, sql).unwrap();
    let mut times = Vec::new();
    for number in 0..RUNS {
        let time = match engine {
            Engine::Postgres => {
                let database = server::postgres().create_database("alone");
                let mut psql = Command::new(database.server().programs.join("psql"));
                psql.args(["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f"]).arg(&script);
                run(psql.arg(database.socket_url())).0
            }
            Engine::Sqlite => {
                Command::new("sqlite3").arg("-version").output().ok()?;
                let mut sqlite3 = Command::new("sqlite3");
                let read = format!(".read '{}'", script.display());
                let file = folder.path().join(format!("alone{number}.db"));
                run(sqlite3.arg(file).args(["BEGIN", &read, "COMMIT"])).0
            }
        };
        times.push(time);
    }
    Some(median(&times))
}

/// A project on an engine, in a folder of its own.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Postgres => maintenance(server::postgres()),
            Engine::Sqlite => "sqlite:development.db".to_owned(),
        };
        let project = Self { folder };
        fs::create_dir(project.path().join("migrations")).unwrap();
        project.write(
            "dbstudio.toml",
            &format!(
                "default_environment = \"development\"\n\n[environments.development]\n\
                 url = \"{url}\"\nprotection = \"development\"\n"
            ),
        );
        project
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn generate(&self, options: &[&str]) -> (Duration, u64) {
        let mut program = Command::new(env!("CARGO_BIN_EXE_dbstudio"));
        program.arg("generate").args(options).arg("--json").current_dir(self.path());
        for (variable, folder) in
            [("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data")]
        {
            program.env(variable, self.path().join(folder));
        }
        run(&mut program)
    }
}

/// The address of the database every server has: of a project's own one only the server counts.
fn maintenance(server: &Server) -> String {
    let folder = server.socket_folder.display();
    format!("postgres://postgres@/postgres?host={folder}&port={}", server.port)
}

/// Runs a program to its end, with the time it took and the most memory it had, in KiB.
fn run(program: &mut Command) -> (Duration, u64) {
    crate::child::run(program.stdout(Stdio::null()), Duration::from_millis(1))
}
