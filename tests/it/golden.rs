//! Golden files: for each kind of change a file a person can read, with the schema before, the
//! rows in it, the schema after, and what dbstudio makes of it: the statements with their locks,
//! hazards and measures, the way back, and the rows afterwards.
//!
//! Each case runs on a real database, through the use-cases the verbs use. Beside the text it
//! is checked that the change arrives, that a second look finds nothing to do, that the way back
//! gives the first schema, and that the rows of what survives are what they were. Where a plan is
//! not the one that is written, and for all with `UPDATE_GOLDEN=1`, `pg_dump` is asked too: the
//! same statements have the same end. `UPDATE_GOLDEN=1` writes the texts anew; what they say must
//! then be read.

mod case;
mod postgres;
mod rows;
mod sqlite;

use std::fs;
use std::path::{Path, PathBuf};

use dbstudio::config::{Project, SchemaSource, Target};
use dbstudio::db::connection::Connection;
use dbstudio::db::fault::Script;
use dbstudio::db::measure::Bounds;
use dbstudio::db::stop::Stop;
use dbstudio::ops::change::{Answers, Change, Setting, Settled, Side};
use dbstudio::ops::proof::Proof;
use dbstudio::ops::review::{Review, review};
use dbstudio::problem::Result;
use dbstudio::schema::hazard::Facts;
use dbstudio::schema::model::Scope;
use dbstudio::schema::rename::{self, Rename};

use case::Case;

/// The golden files of a folder, by name.
fn files(engine: &str, group: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(engine);
    let folder = folder.join(group);
    let entries = fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    // One case while it is being written.
    if let Ok(only) = std::env::var("GOLDEN") {
        files.retain(|file| file.to_string_lossy().contains(&only));
    }
    files.sort();
    files
}

/// Compares what came of each case with its file, or writes the file anew; the texts only where
/// the server is of the version that prints definitions as they do.
fn settle(outcomes: Vec<(PathBuf, std::result::Result<Case, String>)>, same_version: bool) {
    let mut wrong = String::new();
    for (path, outcome) in outcomes {
        let name = path.display();
        let produced = match outcome {
            Ok(produced) => produced.to_string(),
            Err(why) => {
                wrong.push_str(&format!("\n== {name}\n{why}\n"));
                continue;
            }
        };
        let written = fs::read_to_string(&path).unwrap();
        if produced == written || !same_version {
            continue;
        }
        if updates() {
            fs::write(&path, produced).unwrap();
            continue;
        }
        wrong.push_str(&format!("\n== {name}: run with UPDATE_GOLDEN=1 and read what changes\n"));
        wrong.push_str(&difference(&written, &produced));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The lines of two texts that differ, between what they share at their beginning and end.
fn difference(written: &str, produced: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (written.lines().collect(), produced.lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let tail = old.iter().rev().zip(new.iter().rev());
    let tail = tail.take_while(|(old, new)| old == new).count();
    let tail = tail.min(old.len() - head).min(new.len() - head);
    let show = |mark: &str, lines: &[&str], end: usize| -> String {
        lines[head..end].iter().map(|line| format!("{mark} {line}\n")).collect()
    };
    show("-", &old, old.len() - tail) + &show("+", &new, new.len() - tail)
}

/// Whether texts are to be written anew.
fn updates() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// A plan that was made, proven and measured for a case.
struct Made {
    proof: Proof,
    review: Review,
    renames: Vec<Rename>,
}

/// Makes the plan of a case for a live database, as `push` does, with the way back, as
/// `generate` does.
async fn make(case: &Case, target: &Target) -> Result<Made> {
    let stop = Stop::new();
    let live = Side::Live(Box::new(target.clone()));
    let script = Script { name: "schema.sql".to_owned(), text: case.after.clone() };
    let mut change =
        Change::between(setting(case, target), live, Side::Scripts(vec![script]), &stop).await?;
    let made = follow(&mut change, case, target, &stop).await;
    change.close().await?;
    made
}

async fn follow(change: &mut Change, case: &Case, target: &Target, stop: &Stop) -> Result<Made> {
    let typed = case.settings("rename").map(rename::parse).collect::<Result<_>>()?;
    let answers = Answers { typed, none: case.has("no-renames"), ..Answers::default() };
    let renames = match change.settle(&answers, stop).await? {
        Settled::Renames(renames) => renames,
        Settled::Open(open) => return Err(rename::refusal(&open)),
    };
    let proof = change.prove(renames.clone(), true, stop).await?;
    let effects = change.watch(&proof, true, stop).await?;
    let mut live = Connection::open_reading(target, stop).await?;
    let models = (&change.current, &change.desired);
    let measures = live.measure(&proof.up, models, &Bounds::default(), stop).await;
    live.close().await;
    let facts = Facts { effects, measures: measures? };
    let context = proof.context(change.setting.online);
    let rules = (&Default::default(), change.allowances.as_slice());
    let mut review = review(&proof.up, &renames, &facts, &context, rules);
    review.notes.extend(change.notes.iter().cloned());
    Ok(Made { proof, review, renames })
}

fn setting(case: &Case, target: &Target) -> Setting {
    let folder = PathBuf::from("/nowhere");
    let project = Project {
        schema: SchemaSource::Paths(Vec::new()),
        migrations: folder.join("migrations"),
        backups: None,
        backup_keep: None,
        seeds: folder.join("seeds"),
        format: None,
        history: None,
        generate: None,
        numbering: None,
        schemas: None,
        privileges: case.has("privileges"),
        owners: false,
        folder,
    };
    Setting {
        state: PathBuf::new(),
        project,
        target: target.clone(),
        scratch: None,
        scope: scope(case),
        online: case.has("online"),
        policies: Default::default(),
    }
}

fn scope(case: &Case) -> Scope {
    Scope { privileges: case.has("privileges"), ..Scope::default() }
}

/// A problem as text.
fn told(problem: dbstudio::problem::Problem) -> String {
    format!("{}: {} ({})", problem.what, problem.why, problem.fix)
}
