//! Turning a folder of another tool's migrations into one of our own: the files are written beside
//! the old ones, and what the tool's history says is applied is written into a history of our own.
//! The old folder and the old history stay as they are. Nothing here asks anybody.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::amend::{self, Amendment, Cause, Correction, Wanted};
use super::change::Setting;
use super::script::cut;
use super::standing::Standing;
use crate::db::connection::Connection;
use crate::db::fault::Script;
use crate::db::stop::Stop;
use crate::migrations::ledger::Found;
use crate::migrations::{
    self, Converted, Entry, Format, History, Holder, Migration, Source, State,
};
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;

/// The folders that are tried where no place is named, from the project's folder.
const PLACES: [&str; 2] = ["migrations", "migrations-adopted"];

/// What is going to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Adoption {
    /// The folder of the new files.
    pub into: PathBuf,
    /// The migrations in our own form.
    pub migrations: Vec<Converted>,
    /// Whether the folder is there already, with exactly these files.
    pub is_there: bool,
    /// What is written in the database.
    pub amendment: Amendment,
    /// The lines of `[project]` that make it the project's folder.
    pub lines: Vec<String>,
}

/// Looks what would be written. Only reads. `into` is where a person wants it.
///
/// # Errors
/// The folder is our own already; something is wrong in it or in its history; the place is taken.
pub async fn plan(
    setting: &Setting,
    into: Option<&Path>,
    cause: &Cause,
    stop: &Stop,
) -> Result<Adoption> {
    let mut connection = Connection::open_reading(&setting.target, stop).await?;
    let looked = async {
        let (standing, ledger) = amend::look(setting, &mut connection, stop).await?;
        permit(&standing)?;
        let source = Source::of(&setting.project)?;
        let folder = source.read_as(standing.format)?;
        let alone = alone(connection.dialect(), standing.format, &folder.migrations)?;
        let converted = migrations::convert(&folder, |one| {
            (alone.contains(&(&one.key, false)), alone.contains(&(&one.key, true)))
        });
        let (into, is_there) = place(setting, into, &converted)?;
        let mut history = History::of(Format::Native, connection.dialect(), None);
        let held = history.read(&mut connection, stop).await?.unwrap_or_default();
        let held: BTreeSet<String> = held.into_iter().map(|record| record.key).collect();
        let books = Books { standing: &standing, history: &history, held: &held, cause };
        let database = connection.database().to_owned();
        let amendment = books.amendment(&converted, ledger.as_ref(), &into, database)?;
        let lines = lines(setting, &into);
        Ok(Adoption { into, migrations: converted, is_there, amendment, lines })
    }
    .await;
    connection.close().await;
    looked
}

/// Writes the files, then the history; if that cannot be written, the files are taken away again.
///
/// # Errors
/// Either cannot be written, or the migrations stand otherwise now. Nothing is left then.
pub async fn carry_out(
    setting: &Setting,
    adoption: &Adoption,
    stop: &Stop,
    waiting: &mut (dyn FnMut(Vec<Holder>) + Send),
) -> Result<()> {
    if !adoption.is_there {
        write(&adoption.into, &adoption.migrations)?;
    }
    if adoption.amendment.statements.is_empty() {
        return Ok(());
    }
    let written = amend::carry_out(setting, &adoption.amendment, stop, waiting).await;
    let Err(problem) = written else { return Ok(()) };
    if adoption.is_there || problem.kind == Kind::Disconnected {
        return Err(problem);
    }
    match fs::remove_dir_all(&adoption.into) {
        Ok(()) => Err(problem),
        Err(_) => {
            let fix = format!("remove {}; then {}", adoption.into.display(), problem.fix);
            Err(Problem { fix, ..problem })
        }
    }
}

/// Refuses where something would be lost or guessed.
fn permit(standing: &Standing) -> Result<()> {
    if standing.format == Format::Native {
        return Err(Problem::usage(
            format!("{} is a folder of dbstudio's own form already", standing.folder),
            "adopt turns those of other tools into one",
            "if it is another tool's, say which with format in [project] of dbstudio.toml",
        ));
    }
    if let Some(misfit) = standing.misfits.first() {
        return Err(misfit.problem());
    }
    let stands = |entry: &&Entry| {
        matches!(entry.state, State::Failed | State::HalfDone { .. } | State::Duplicate(_))
    };
    match standing.entries.iter().find(stands) {
        None => Ok(()),
        Some(entry) => Err(Problem::new(
            Kind::Refused,
            format!("{} is {}", entry.name, entry.state.word()),
            "whether it is applied is not certain, so it cannot be carried over",
            "settle it first: dbstudio repair says whether it is applied",
        )),
    }
}

/// The migrations that must not run in a transaction, with which way.
fn alone(
    dialect: Dialect,
    format: Format,
    migrations: &[Migration],
) -> Result<BTreeSet<(&String, bool)>> {
    let mut alone = BTreeSet::new();
    for one in migrations {
        let down = one.down.iter().map(|script| (script, one.down_alone, true));
        for (script, says, way) in [(&one.up, one.alone, false)].into_iter().chain(down) {
            if !cut(dialect, format, script, says)?.transaction {
                alone.insert((&one.key, way));
            }
        }
    }
    Ok(alone)
}

/// Where the files go, and whether they are there.
fn place(
    setting: &Setting,
    into: Option<&Path>,
    converted: &[Converted],
) -> Result<(PathBuf, bool)> {
    let old = &setting.project.migrations;
    let folder = &setting.project.folder;
    let places: Vec<PathBuf> = match into {
        Some(into) => vec![folder.join(into)],
        None => PLACES.iter().map(|name| folder.join(name)).collect(),
    };
    for place in &places {
        let is_old = place == old || place.starts_with(old);
        if !is_old && is_free(place) {
            return Ok((place.clone(), false));
        }
        if !is_old && holds(place, converted) {
            return Ok((place.clone(), true));
        }
    }
    let tried: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    Err(Problem::usage(
        "There is no place for the adopted migrations",
        format!("{} is not empty, or is where the old ones are", tried.join(" and ")),
        "name another folder with --into",
    ))
}

/// Whether a place is not there, or is a folder with nothing in it.
fn is_free(place: &Path) -> bool {
    match fs::read_dir(place) {
        Ok(mut entries) => entries.next().is_none(),
        Err(why) => why.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Whether a folder has exactly these migrations.
fn holds(place: &Path, converted: &[Converted]) -> bool {
    let Ok(found) = migrations::read(place) else { return false };
    let same = |one: &Migration, other: &Converted| {
        let text = |script: &Option<Script>| script.as_ref().map(|script| script.text.clone());
        let wanted = &other.migration;
        one.stem == wanted.stem
            && one.up.text == wanted.up.text
            && text(&one.down) == text(&wanted.down)
    };
    found.len() == converted.len() && found.iter().zip(converted).all(|(one, it)| same(one, it))
}

/// Writes the folder beside its place and puts it there whole.
fn write(into: &Path, converted: &[Converted]) -> Result<()> {
    let told = |why: std::io::Error| {
        Problem::failed(
            format!("{} cannot be written", into.display()),
            why.to_string(),
            "make sure that the folder above it can be written to and the disk has room",
        )
    };
    let name = into.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = into.with_file_name(format!(".{name}.{}", std::process::id()));
    let made = fs::create_dir_all(&beside)
        .and_then(|()| fill(&beside, converted))
        .map_err(told)
        .and_then(|()| match holds(&beside, converted) {
            true => fs::rename(&beside, into).map_err(told),
            false => Err(Problem::failed(
                "The adopted migrations do not read as the old ones",
                "what was written is not what was meant",
                "report this as a bug; nothing was changed",
            )),
        });
    if made.is_err() {
        // It is ours, and nobody has seen it.
        drop(fs::remove_dir_all(&beside));
    }
    made
}

fn fill(folder: &Path, converted: &[Converted]) -> std::io::Result<()> {
    for (name, text) in converted.iter().flat_map(Converted::files) {
        let file = folder.join(name);
        fs::write(&file, text)?;
        fs::File::open(&file)?.sync_all()?;
    }
    Ok(())
}

/// What the lines of `[project]` are afterwards.
fn lines(setting: &Setting, into: &Path) -> Vec<String> {
    let seen = into.strip_prefix(&setting.project.folder).unwrap_or(into);
    // A path in double quotes is written as JSON writes a text (TOML, "String").
    let path = serde_json::Value::from(seen.to_string_lossy().into_owned()).to_string();
    let mut lines = vec![format!("migrations = {path}"), "format = \"native\"".to_owned()];
    for (name, is_set) in [
        ("history", setting.project.history.is_some()),
        ("generate", setting.project.generate.is_some()),
    ] {
        if is_set {
            lines.push(format!("# and take the line {name} away"));
        }
    }
    lines
}

/// The two histories.
struct Books<'a> {
    standing: &'a Standing,
    history: &'a History,
    /// The keys our own history has already.
    held: &'a BTreeSet<String>,
    cause: &'a Cause,
}

impl Books<'_> {
    fn amendment(
        &self,
        converted: &[Converted],
        ledger: Option<&Found>,
        into: &Path,
        database: String,
    ) -> Result<Amendment> {
        let standing = self.standing;
        let (mut statements, mut corrections) = (self.history.prepare(), Vec::new());
        let mut chosen = Vec::new();
        for entry in &standing.entries {
            let is_applied = matches!(entry.state, State::Applied | State::Changed);
            let new = converted.iter().find(|one| one.old_key == entry.key);
            let Some(new) = new.filter(|_| is_applied) else { continue };
            if self.held.contains(&new.migration.key) {
                continue;
            }
            statements.extend(self.history.enter(&new.migration, None, amend::now()));
            chosen.push(entry);
            corrections.push(Correction {
                key: new.migration.key.clone(),
                name: new.migration.name(),
                was: entry.state.clone(),
                becomes: "applied",
            });
        }
        let mut notes = self.notes();
        match ledger {
            _ if corrections.is_empty() => statements.clear(),
            Some(Found::Barred(why)) => {
                notes.push(format!("there is no ledger here ({why}): who did this is not kept"));
            }
            None => notes.push("the ledger is turned off: who did this is not kept".to_owned()),
            Some(found) => {
                let origin = format!("adopted into {}", into.display());
                let reason = self.cause.reason.clone().or(Some(origin));
                let cause = Cause { reason, ..self.cause.clone() };
                let dialect = standing.book.dialect;
                statements.extend(amend::ledger_sql(
                    dialect,
                    found,
                    &chosen,
                    &Wanted::Adopted,
                    &cause,
                ));
            }
        }
        Ok(Amendment {
            wanted: Wanted::Adopted,
            corrections,
            statements,
            notes,
            database,
            format: standing.format,
            cause: self.cause.clone(),
            fingerprint: amend::fingerprint(standing),
        })
    }

    /// What of the old history is not carried over as it is.
    fn notes(&self) -> Vec<String> {
        let mut notes = self.standing.notes.clone();
        notes.extend(self.standing.entries.iter().filter_map(|entry| match entry.state {
            State::Missing => {
                Some(format!("{} is applied and has no file: it is not carried over", entry.name))
            }
            State::Changed => Some(format!(
                "{} has changed since it was applied: it is carried over as it is now",
                entry.name
            )),
            _ => None,
        }));
        notes
    }
}
