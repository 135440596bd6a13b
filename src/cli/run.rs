//! From arguments to an outcome: which use-case, on which database, with which exit code.

use std::ffi::OsString;
use std::future::Future;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;
use serde_json::json;

use super::acquainted::acquainted;
use super::args::{Action, Arguments, Global, MigrationVerb, RowVerb, SchemaVerb, command};
use super::print::{self, Paint, Role, harmless};
use super::{
    adopt, amend, backup, change, check, compare, doctor, drift, examine, export, import, migrate,
    rehearse, reset, seed, status, workflow,
};
use crate::config::{Config, Flags, Places, State, Target, Variables};
use crate::db::Db;
use crate::db::stop::Stop;
use crate::ops::change::Setting;
use crate::ops::past;
use crate::ops::restore::Way;
use crate::ops::rollback::Wish;
use crate::ops::status::{DatabaseStatus, MigrationStatus};
use crate::ops::{capsules, demo, init};
use crate::problem::{Kind, Problem, Result};

/// What is left to do after the arguments were followed.
pub enum Outcome {
    /// Nothing: leave with this exit code.
    Done(u8),
    /// Open the studio.
    OpenStudio(Box<StudioArguments>),
}

/// What the studio starts with. It has no `Debug`: the variables in it must not print.
pub struct StudioArguments {
    /// Everything the person and the project have settled.
    pub config: Config,
    /// The database to open; without one the studio welcomes.
    pub target: Option<Target>,
}

/// Follows the arguments, the program's own name first. Problems are printed here.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Outcome {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => parsed,
        Err(told) => return Outcome::Done(explain(&told, &arguments)),
    };
    let as_json = parsed.global.json;
    follow(parsed).unwrap_or_else(|problem| Outcome::Done(print::report(&problem, as_json)))
}

fn follow(parsed: Arguments) -> Result<Outcome> {
    let Arguments { target, global, action } = parsed;
    let Some(action) = action else { return studio(target, &global) };
    let done = match action {
        Action::Demo => {
            refuse_target(target.as_deref().or(global.url.as_deref()), "demo")?;
            return open_demo(&global);
        }
        Action::Init => {
            refuse_target(target.as_deref().or(global.url.as_deref()), "init")?;
            start_project(&global)
        }
        Action::Status { target: own, drift } => show_status(one_of(target, own)?, drift, &global),
        Action::Doctor { target: own, thorough } => {
            doctor::doctor(one_of(target, own)?, thorough, &global)
        }
        Action::Setup { planning, confirm } => {
            refuse_target(target.as_deref(), "setup")?;
            workflow::setup(&planning.planning(), confirm, &global)
        }
        Action::Fresh { planning, confirm } => {
            refuse_target(target.as_deref(), "fresh")?;
            workflow::fresh(&planning.planning(), confirm, &global)
        }
        Action::Schema(verb) => with_schema(verb, target, &global),
        Action::Migrations(verb) => with_migrations(verb, target, &global),
        Action::Rows(verb) => with_rows(verb, target, &global),
        Action::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "dbstudio", &mut script);
            print::result(&String::from_utf8_lossy(&script)).map(|()| 0)
        }
    };
    done.map(Outcome::Done)
}

fn with_schema(verb: SchemaVerb, target: Option<String>, global: &Global) -> Result<u8> {
    match verb {
        SchemaVerb::Generate { name, planning, empty, check } => {
            refuse_target(target.as_deref(), "generate")?;
            change::generate(name, &planning, empty, check, global)
        }
        SchemaVerb::Push { planning } => {
            refuse_target(target.as_deref(), "push")?;
            change::push(&planning, global)
        }
        SchemaVerb::Pull { out, split } => compare::pull(target, out, split, global),
        SchemaVerb::Diff { from, to, planning } => {
            refuse_target(target.as_deref(), "diff")?;
            compare::diff(from, to, &planning, global)
        }
        SchemaVerb::Review { migrations, all, online, no_online } => {
            refuse_target(target.as_deref(), "review")?;
            let online = if no_online { Some(false) } else { online.then_some(true) };
            examine::review(&migrations, all, online, global)
        }
        SchemaVerb::Drift { sql, adopt, renames } => {
            refuse_target(target.as_deref(), "drift")?;
            drift::drift(sql, adopt.as_deref(), &renames, global)
        }
    }
}

fn with_migrations(verb: MigrationVerb, target: Option<String>, global: &Global) -> Result<u8> {
    match verb {
        MigrationVerb::Migrate { to, running, ignore_missing } => {
            refuse_target(target.as_deref(), "migrate")?;
            let wishes = running.wishes(to, ignore_missing);
            migrate::migrate(&wishes, &running, global)
        }
        MigrationVerb::Rollback { count, to, running } => {
            refuse_target(target.as_deref(), "rollback")?;
            let wish = to.map_or_else(|| Wish::Last(count.unwrap_or(1)), Wish::To);
            migrate::rollback(&wish, &running, global)
        }
        MigrationVerb::Rehearse { to, with_data } => {
            refuse_target(target.as_deref(), "rehearse")?;
            rehearse::rehearse(to.as_deref(), with_data.as_deref(), global)
        }
        MigrationVerb::Check { target: own, except } => {
            check::check(one_of(target, own)?, &except, global)
        }
        MigrationVerb::Baseline { to, reason, way } => {
            refuse_target(target.as_deref(), "baseline")?;
            amend::baseline(to, reason, &way, global)
        }
        MigrationVerb::Repair { of, reason, way } => {
            refuse_target(target.as_deref(), "repair")?;
            amend::repair(of, reason, &way, global)
        }
        MigrationVerb::Capsules { prune, drop, way } => {
            refuse_target(target.as_deref(), "capsules")?;
            let wish = match (prune, drop.is_empty()) {
                (true, _) => Some(capsules::Wish::Old),
                (false, false) => Some(capsules::Wish::Numbered(drop)),
                (false, true) => None,
            };
            super::capsules::capsules(wish, &way, global)
        }
        MigrationVerb::Adopt { into, way } => {
            refuse_target(target.as_deref(), "adopt")?;
            adopt::adopt(into, &way, global)
        }
    }
}

fn with_rows(verb: RowVerb, target: Option<String>, global: &Global) -> Result<u8> {
    match verb {
        RowVerb::Seed { dry_run, upsert, generate, table, seed, confirm } => {
            refuse_target(target.as_deref(), "seed")?;
            let wanted = seed::wanted(generate, table, seed);
            let confirm = confirm.as_deref();
            seed::seed(dry_run, upsert, wanted, confirm, global)
        }
        RowVerb::Reset { dry_run, confirm } => {
            refuse_target(target.as_deref(), "reset")?;
            reset::reset(dry_run, confirm.as_deref(), global)
        }
        RowVerb::Backup { target: own, list } => backup::backup(one_of(target, own)?, list, global),
        RowVerb::Restore { backup, dry_run, disconnect, drop_old, confirm } => {
            refuse_target(target.as_deref(), "restore")?;
            let way = Way { disconnect, drop_old };
            let (backup, confirm) = (backup.as_deref(), confirm.as_deref());
            backup::restore(&backup::Asked { backup, dry_run, way, confirm }, global)
        }
        RowVerb::Export(wanted) => export::export(target, &wanted, global),
        RowVerb::Import(wanted) => import::import(target, &wanted, global),
    }
}

/// Opens the studio on what was named, or on what the project and the variables say.
fn studio(target: Option<String>, global: &Global) -> Result<Outcome> {
    let (config, target) = resolve(target, global)?;
    needs_terminal()?;
    Ok(Outcome::OpenStudio(Box::new(StudioArguments { config, target })))
}

fn open_demo(global: &Global) -> Result<Outcome> {
    needs_terminal()?;
    let places = Places::find(&Variables::of_process())?;
    let mut target = wait_for(|_| async { demo::make(&places.data).await })?;
    target.read_only = global.read_only;
    let folder = demo::folder(&places.data);
    let flags = Flags { config: Some(folder.join("dbstudio.toml")), ..flags(None, global) };
    let config = Config::load(&flags, &folder, Variables::of_process())?;
    Ok(Outcome::OpenStudio(Box::new(StudioArguments { config, target: Some(target) })))
}

fn start_project(global: &Global) -> Result<u8> {
    let started = init::start(&working_folder()?)?;
    if global.json {
        print::json(&json!({
            "folder": started.folder.to_string_lossy(),
            "made": started.made,
            "kept": started.kept,
            "hints": started.hints,
        }))?;
        return Ok(0);
    }
    let paint = Paint::of_result();
    let mut text = String::new();
    for name in &started.made {
        text.push_str(&format!("{}  {name}\n", paint.text(Role::Good, "made")));
    }
    for name in &started.kept {
        text.push_str(&format!(
            "{}  {name}  (was there already)\n",
            paint.text(Role::Muted, "kept")
        ));
    }
    print::result(&text)?;
    let mut talk: String =
        started.hints.iter().map(|hint| format!("{}\n", harmless(hint))).collect();
    if !started.made.is_empty() {
        talk.push_str("Next: name your database in dbstudio.toml, then run dbstudio.\n");
    }
    print::talk(&talk);
    Ok(0)
}

pub(super) fn show_status(target: Option<String>, drift: bool, global: &Global) -> Result<u8> {
    let (config, target) = resolve(target, global)?;
    let required = config.check();
    let target = target.ok_or_else(unconfigured)?;
    let (target, database, migrations, past) = wait_for(|stop| {
        let config = &config;
        async move {
            let target = acquainted(config, target, &stop).await?;
            let setting = Setting::new(config, target, None)?;
            let target = &setting.target;
            let db = Db::connect(target, &stop).await?;
            // Each has connections of its own: the one reads while the other waits.
            let (gathered, migrations, past) = tokio::join!(
                DatabaseStatus::gather(&db, global.verbose, &stop),
                MigrationStatus::gather(&setting, drift, &stop),
                past::read(config, target, &stop)
            );
            db.close().await;
            let (gathered, migrations, past) = (gathered?, migrations?, past?);
            Ok((setting.target, gathered, migrations, past))
        }
    })?;
    let page = status::Page {
        target: &target,
        database: &database,
        required: &required,
        migrations: migrations.as_ref(),
        past: &past,
    };
    if global.json {
        print::json(&page.to_json())?;
    } else {
        print::result(&page.to_text(Paint::of_result()))?;
    }
    let unmet = required.iter().filter(|one| one.state != State::Met).count();
    if unmet > 0 {
        let noun = if unmet == 1 { "variable is" } else { "variables are" };
        print::talk(&format!("{unmet} required {noun} missing or wrong\n"));
        return Ok(Problem::new(Kind::Found, "", "", "").exit_code());
    }
    Ok(0)
}

/// The problem of a command that needs a database where nothing names one.
pub(super) fn unconfigured() -> Problem {
    Problem::usage(
        "No database is configured",
        "there is no dbstudio.toml with an environment here or above, and DATABASE_URL is not set",
        "name one, as in dbstudio status postgres://user@host/database, or start a project with \
         dbstudio init",
    )
}

/// The configuration, and the database that flags, variables and files settle on.
pub(super) fn resolve(target: Option<String>, global: &Global) -> Result<(Config, Option<Target>)> {
    if target.is_some() && global.url.is_some() {
        return Err(two_databases());
    }
    let flags = flags(target, global);
    let folder = working_folder()?;
    let config = Config::load(&flags, &folder, Variables::of_process())?;
    let warnings = config.warnings();
    let paint = Paint::of_talk();
    let say = |warning: &String| {
        format!("{} {}\n", paint.text(Role::Warning, "warning:"), harmless(warning))
    };
    print::talk(&warnings.iter().map(say).collect::<String>());
    let target = config.target(&flags).map_err(|problem| meant(problem, &flags, &folder))?;
    Ok((config, target))
}

fn flags(target: Option<String>, global: &Global) -> Flags {
    Flags {
        target,
        url: global.url.clone(),
        environment: global.env.clone(),
        config: global.config.clone(),
        read_only: global.read_only,
    }
}

/// A word that names no database may be a command with a slip of the finger.
fn meant(problem: Problem, flags: &Flags, folder: &Path) -> Problem {
    let Some(word) = flags.target.as_deref() else { return problem };
    if problem.kind != Kind::Usage || folder.join(word).exists() {
        return problem;
    }
    let near = |name: &str| strsim::damerau_levenshtein(word, name);
    let command = command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    match names.min_by_key(|name| near(name)) {
        Some(name) if near(name) <= 2 => Problem {
            fix: format!("if you meant the command, run dbstudio {name}; else: {}", problem.fix),
            ..problem
        },
        _ => problem,
    }
}

fn one_of(first: Option<String>, second: Option<String>) -> Result<Option<String>> {
    match (first, second) {
        (Some(_), Some(_)) => Err(two_databases()),
        (first, second) => Ok(first.or(second)),
    }
}

fn two_databases() -> Problem {
    Problem::usage(
        "Two databases are named",
        "one command works on one database",
        "name it once, either as an argument or with --url",
    )
}

fn refuse_target(target: Option<&str>, name: &str) -> Result<()> {
    target.map_or(Ok(()), |_| {
        Err(Problem::usage(
            format!("dbstudio {name} takes no database"),
            "one was named beside it",
            format!("run dbstudio {name} alone, or open the database without it"),
        ))
    })
}

fn needs_terminal() -> Result<()> {
    if print::is_watched() {
        return Ok(());
    }
    Err(Problem::usage(
        "The studio needs a terminal",
        "standard output is a pipe or a file",
        "run it in a terminal; for scripts there is dbstudio status --json",
    ))
}

fn working_folder() -> Result<PathBuf> {
    std::env::current_dir().map_err(|why| {
        Problem::failed(
            "The working folder cannot be read",
            why.to_string(),
            "change into a folder that exists, and run the command again",
        )
    })
}

/// Waits for work that Ctrl+C asks to stop; the work then ends on the server too.
pub(super) fn wait_for<W, T>(work: impl FnOnce(Stop) -> W) -> Result<T>
where
    W: Future<Output = Result<T>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|why| {
        Problem::failed(
            "The program cannot start its work",
            why.to_string(),
            "close other programs, or raise the limits of processes and open files",
        )
    })?;
    let done = runtime.block_on(async {
        let stop = Stop::new();
        let work = work(stop.clone());
        tokio::pin!(work);
        tokio::select! {
            done = &mut work => done,
            Ok(()) = tokio::signal::ctrl_c() => {
                stop.ask();
                work.await
            }
        }
    });
    // A write to a pipe nobody reads, or a read from a quiet terminal, may never end.
    runtime.shutdown_background();
    done
}

/// Prints what the parser has to say: help and the version as a result, the rest as talk.
fn explain(told: &clap::Error, arguments: &[OsString]) -> u8 {
    let is_result = matches!(told.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let text = told.render();
    if is_result {
        let text = if print::is_watched() { text.ansi().to_string() } else { text.to_string() };
        return print::result(&text).map_or_else(|problem| print::report(&problem, false), |()| 0);
    }
    // The parser repeats arguments, and one may be an address with a password in it.
    let repeated = |text: String, argument: &OsString| {
        let argument = argument.to_string_lossy();
        let value = argument.split_once('=').map_or("", |(_, value)| value);
        let secret = |part: &str| part.contains('@') || part.contains("password");
        let hide = |text: String, part: &str| {
            if secret(part) { text.replace(part, "•••") } else { text }
        };
        hide(hide(text, &argument), value)
    };
    let text = arguments.iter().fold(text.to_string(), repeated);
    print::talk(&text.lines().map(|line| format!("{}\n", harmless(line))).collect::<String>());
    2
}
