//! Writing the schema of a live database as SQL that makes it anew: one file, or a folder with a
//! file for each table. The SQL was tried in a scratch database before anybody sees it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::change::{self, Change, Setting, Side};
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};
use crate::schema::model::Kind;
use crate::schema::plan::{Action, Plan, Step};
use crate::sql::Dialect;

/// SQL that makes a schema anew.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// The statements in an order that works.
    pub plan: Plan,
    /// What the person should know, in sentences.
    pub notes: Vec<String>,
}

/// A file of SQL that is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFile {
    /// Where it goes.
    pub path: PathBuf,
    /// What stands in it.
    pub text: String,
    /// What is there now.
    pub found: Found,
}

/// What is there where a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// The very same text.
    Same,
    /// Something else, which would be lost.
    Other,
}

/// Reads the schema of the setting's database and finds SQL that makes it.
///
/// # Errors
/// The database cannot be read, or no scratch database can be made.
pub async fn pull(setting: Setting, stop: &Stop) -> Result<Pulled> {
    let live = Side::Live(Box::new(setting.target.clone()));
    let mut change = Change::between(setting, Side::Scripts(Vec::new()), live, stop).await?;
    let notes = change.notes.clone();
    let proven = if change.is_nothing() {
        Ok(Plan::empty(change.desired.dialect))
    } else {
        change.prove(Vec::new(), false, stop).await.map(|proof| proof.up)
    };
    let closed = change.close().await;
    let plan = proven?;
    closed?;
    Ok(Pulled { plan, notes })
}

/// One file with everything in it.
pub fn whole(plan: &Plan) -> String {
    change::script(plan)
}

/// A file for each table and view, and some for what belongs to none, below a folder.
pub fn split(plan: &Plan, folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files: BTreeMap<PathBuf, Plan> = BTreeMap::new();
    for step in &plan.steps {
        let path = folder.join(place(plan.dialect, step));
        let file = files.entry(path).or_insert_with(|| Plan::empty(plan.dialect));
        file.steps.push(step.clone());
    }
    files.into_iter().map(|(path, plan)| (path, change::script(&plan))).collect()
}

/// The file a step belongs in: that of the first thing it is about.
fn place(dialect: Dialect, step: &Step) -> PathBuf {
    let key = step.actions.iter().find_map(Action::key);
    let Some(key) = key else { return PathBuf::from("settings.sql") };
    let name = match key.kind {
        Kind::Schema => "schemas".to_owned(),
        Kind::Extension => "extensions".to_owned(),
        Kind::EventTrigger => "event_triggers".to_owned(),
        Kind::DefaultPrivileges => "default_privileges".to_owned(),
        Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain | Kind::Collation => {
            "types".to_owned()
        }
        Kind::Sequence => "sequences".to_owned(),
        Kind::Routine => "functions".to_owned(),
        kind if kind.is_part() => file_name(&key.of),
        _ => file_name(&key.name),
    };
    let file = format!("{name}.sql");
    if dialect == Dialect::Sqlite || key.schema.is_empty() || key.kind == Kind::Schema {
        return PathBuf::from(file);
    }
    Path::new(&file_name(&key.schema)).join(file)
}

/// A name as a file's: what could lead elsewhere or cannot stand there is replaced.
fn file_name(name: &str) -> String {
    let safe = |letter: char| {
        if letter.is_alphanumeric() || matches!(letter, '_' | '-' | ' ') { letter } else { '_' }
    };
    name.chars().map(safe).collect()
}

/// What would be written where, with what is there now.
///
/// # Errors
/// What is there cannot be read.
pub fn compare(files: BTreeMap<PathBuf, String>) -> Result<Vec<SchemaFile>> {
    let compared = |(path, text): (PathBuf, String)| {
        let found = match fs::read(&path) {
            Ok(bytes) if bytes == text.as_bytes() => Found::Same,
            Ok(_) => Found::Other,
            Err(why) if why.kind() == io::ErrorKind::NotFound => Found::Nothing,
            Err(why) => return Err(told(&path, "read", &why)),
        };
        Ok(SchemaFile { path, text, found })
    };
    files.into_iter().map(compared).collect()
}

/// Writes the files that differ, each whole: what was there stays until the new one is on the
/// disk.
///
/// # Errors
/// A file cannot be written; those before it are.
pub fn write(files: &[SchemaFile]) -> Result<()> {
    for file in files.iter().filter(|file| file.found != Found::Same) {
        let written = write_one(&file.path, &file.text);
        written.map_err(|why| told(&file.path, "written", &why))?;
    }
    Ok(())
}

fn write_one(path: &Path, text: &str) -> io::Result<()> {
    use io::Write;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = fs::File::create(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // It may not even be there; the failure above is what counts.
        drop(fs::remove_file(&beside));
    }
    written
}

fn told(path: &Path, what: &str, why: &io::Error) -> Problem {
    Problem::failed(
        format!("{} cannot be {what}", path.display()),
        why.to_string(),
        "make sure that it is a file that may be changed and the disk has room",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::model::Key;

    #[test]
    fn every_table_has_its_file() {
        let table = Key::new(Kind::Table, "public", "../orders");
        let index = table.child(Kind::Index, "orders_note");
        let steps = [
            Action::Create(Key::global(Kind::Schema, "audit")),
            Action::Create(table),
            Action::Create(Key::new(Kind::Enum, "audit", "mood")),
            Action::Create(index),
        ];
        let steps = steps
            .into_iter()
            .enumerate()
            .map(|(at, action)| Step::new(format!("S{at}"), vec![action]));
        let plan = Plan { steps: steps.collect(), ..Plan::empty(Dialect::Postgres) };
        let files: Vec<_> = split(&plan, Path::new("schema")).into_iter().collect();
        let expected = [
            ("schema/audit/types.sql", "S2;\n"),
            ("schema/public/___orders.sql", "S1;\n\nS3;\n"),
            ("schema/schemas.sql", "S0;\n"),
        ];
        let expected = expected.map(|(path, text)| (PathBuf::from(path), text.to_owned()));
        assert_eq!(files, expected);
    }

    #[test]
    fn what_is_the_same_stays_and_what_differs_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.sql"), "1").unwrap();
        fs::write(at("b.sql"), "old").unwrap();
        let wanted = [("a.sql", "1"), ("b.sql", "2"), ("new/c.sql", "3")];
        let wanted = wanted.map(|(name, text)| (at(name), text.to_owned())).into();
        let files = compare(wanted).unwrap();
        let found: Vec<_> = files.iter().map(|file| file.found).collect();
        assert_eq!(found, [Found::Same, Found::Other, Found::Nothing]);
        write(&files).unwrap();
        assert_eq!(fs::read_to_string(at("b.sql")).unwrap(), "2");
        assert_eq!(fs::read_to_string(at("new/c.sql")).unwrap(), "3");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
