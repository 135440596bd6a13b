//! How a project's migrations stand in a database: the folder, what the database remembers, and
//! what follows from the two. Only reads.

use std::collections::{HashMap, HashSet};

use crate::config::{Project, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::ledger::{Done, Found, Ledger};
use crate::migrations::{
    self, Entry, Folder, Format, Guess, HalfDone, History, Misfit, Record, Source, State,
};
use crate::problem::Result;

/// How the migrations of a project stand in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The form of the migrations.
    pub format: Format,
    /// The folder, as a path to show.
    pub folder: String,
    /// The history table as the database names it; none while there is none.
    pub history: Option<String>,
    /// The history itself: what writes in it.
    pub book: History,
    /// The migrations in the order they run; those whose file is missing at their number's place.
    pub entries: Vec<Entry>,
    /// The files that look like migrations and are none.
    pub misfits: Vec<Misfit>,
    /// What else the person should know, in sentences.
    pub notes: Vec<String>,
}

impl Standing {
    /// The migrations that wait to be applied, in their order.
    pub fn pending(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.state.is_pending())
    }

    /// That every file could be read: what one that could not holds, nobody knows.
    ///
    /// # Errors
    /// The first that could not.
    pub fn readable(&self) -> Result<()> {
        let unread = self.misfits.iter().find(|misfit| misfit.unread);
        unread.map_or(Ok(()), |misfit| Err(misfit.problem()))
    }

    /// The entry a person means by what was typed: a number, a name, a file's name, or the key.
    pub fn find(&self, text: &str) -> Option<&Entry> {
        let is_meant = |entry: &&Entry| {
            entry.key == text
                || entry.name == text
                || entry.migration.as_ref().is_some_and(|it| it.is_called(text))
        };
        self.entries.iter().find(is_meant)
    }
}

/// Reads how a project's migrations stand in the database a connection is to. What stopped
/// halfway is looked up in the ledger where `half_done` names nothing.
///
/// # Errors
/// The folder or the history cannot be read, or the folder is of a tool dbstudio does not read.
pub async fn read(
    project: &Project,
    connection: &mut Connection,
    half_done: &[HalfDone],
    stop: &Stop,
) -> Result<Standing> {
    let source = Source::of(project)?;
    let (folder, mut book) = settle(&source, connection, stop).await?;
    let records = book.read(connection, stop).await?;
    let kept = kept(&book, half_done, connection, stop).await?;
    let mut notes = folder.notes.clone();
    notes.extend(elsewhere(&book, records.as_deref(), connection, stop).await?);
    notes.extend(oddities(&folder));
    let mut entries = migrations::states(&folder, records.as_deref(), &kept.half_done);
    let passed = passed_over(entries.iter().map(|entry| entry.key.as_str()), &kept.done);
    for entry in &mut entries {
        if entry.state == State::Applied && passed.contains(&entry.key) {
            (entry.state, entry.record) = (State::Skipped, None);
        }
        if let Some(record) = &mut entry.record {
            record.by = kept.authors.get(&entry.name).cloned();
        }
    }
    notes.extend(words(&entries, folder.format));
    Ok(Standing {
        format: folder.format,
        folder: folder.path.display().to_string(),
        history: book.is_there.then(|| book.table.shown()),
        book,
        entries,
        misfits: folder.misfits,
        notes,
    })
}

/// What our own ledger knows beside the history.
#[derive(Default)]
struct Kept {
    half_done: Vec<HalfDone>,
    /// Who did the last thing to a migration, by its name.
    authors: HashMap<String, String>,
    /// What was done, where the history itself keeps only the newest.
    done: Vec<Done>,
}

/// Reads the ledger, where there is one.
async fn kept(
    book: &History,
    half_done: &[HalfDone],
    connection: &mut Connection,
    stop: &Stop,
) -> Result<Kept> {
    let ledger = Ledger::new(book.dialect);
    if ledger.find(connection).await? != Found::There {
        return Ok(Kept { half_done: half_done.to_vec(), ..Kept::default() });
    }
    let mut kept = Kept { half_done: half_done.to_vec(), ..Kept::default() };
    if half_done.is_empty() {
        let marked = ledger.marked(connection).await?;
        kept.half_done = marked.iter().filter(|one| !one.down).map(HalfDone::from).collect();
    }
    for (target, who) in ledger.authors(connection, stop).await? {
        kept.authors.entry(target).or_insert(who);
    }
    if book.format == Format::Golang {
        kept.done = ledger.done(connection, stop).await?;
    }
    Ok(kept)
}

/// The numbers a history of one row passes over although they never ran: those between the number
/// that was the newest and one that was applied then, unless something was done to them or to what
/// was applied since. `keys` are those of the folder.
fn passed_over<'a>(keys: impl Iterator<Item = &'a str>, done: &[Done]) -> HashSet<String> {
    let number = |key: &str| key.parse::<i128>().ok();
    let is_within = |key: i128| {
        done.iter().enumerate().any(|(at, one)| {
            let applied = one.key.as_deref().and_then(number);
            let above = one.above.as_deref().and_then(number);
            let (Some(above), Some(applied)) = (above, applied) else { return false };
            let is_undone = |later: &Done| later.what != "migrate" && later.key == one.key;
            let since = done.get(at + 1..).unwrap_or_default();
            above < key && key < applied && !since.iter().any(is_undone)
        })
    };
    let is_known = |key: &str| done.iter().any(|one| one.key.as_deref() == Some(key));
    let passed = keys.filter(|key| !is_known(key) && number(key).is_some_and(is_within));
    passed.map(str::to_owned).collect()
}

/// Reads the folder in the form it has; of two that look alike the history in the database tells.
async fn settle(
    source: &Source,
    connection: &mut Connection,
    stop: &Stop,
) -> Result<(Folder, History)> {
    let dialect = connection.dialect();
    let mut format = source.guess()?;
    if format == Guess::Pairs {
        let golang = History::of(Format::Golang, dialect, source.table(Format::Golang));
        let native = History::of(Format::Native, dialect, source.table(Format::Native));
        let is_golang =
            !native.fits(connection, stop).await? && golang.fits(connection, stop).await?;
        format = Guess::Sure(if is_golang { Format::Golang } else { Format::Native });
    }
    let folder = source.read_as(format.without_database())?;
    let book = History::new(&folder, dialect);
    Ok((folder, book))
}

/// Whether other tools have written down what they applied here, where this format has nothing.
async fn elsewhere(
    book: &History,
    records: Option<&[Record]>,
    connection: &mut Connection,
    stop: &Stop,
) -> Result<Option<String>> {
    if records.is_some_and(|records| !records.is_empty()) {
        return Ok(None);
    }
    for format in Format::ALL {
        let other = History::of(format, book.dialect, None);
        let is_own = other.table.name == book.table.name && format == book.format;
        if format != Format::Plain && !is_own && other.fits(connection, stop).await? {
            return Ok(Some(format!(
                "the database has a history of {} in {}, and none of {}: what is applied may be \
                 written down there; if these are its migrations, write format = \"{}\" in \
                 [project] of dbstudio.toml",
                format.tool(),
                other.table.shown(),
                book.format.tool(),
                format.word()
            )));
        }
    }
    Ok(None)
}

/// What is odd about the files themselves.
fn oddities(folder: &Folder) -> Vec<String> {
    let is_empty = |text: &str| text.trim().is_empty();
    let empty = folder.migrations.iter().filter(|one| is_empty(&one.up.text));
    empty.map(|one| format!("{} is empty: applying it does nothing", one.up.name)).collect()
}

/// What the format's own tool would make of this.
fn words(entries: &[Entry], format: Format) -> Vec<String> {
    let names = |state: &State| -> Vec<&str> {
        entries.iter().filter(|one| one.state == *state).map(|one| one.name.as_str()).collect()
    };
    let mut notes = Vec::new();
    let skipped = names(&State::Skipped);
    if !skipped.is_empty() {
        notes.push(format!(
            "{} would pass over {}, since a later migration is applied",
            format.tool(),
            skipped.join(", ")
        ));
    }
    let late = names(&State::OutOfOrder);
    let refuses = late.iter().filter(|name| name.starts_with('V')).copied().collect::<Vec<_>>();
    if format == Format::Refinery && !refuses.is_empty() {
        notes.push(format!(
            "refinery would refuse {}, since a later migration is applied",
            refuses.join(", ")
        ));
    }
    if format == Format::Golang {
        notes.push(
            "golang-migrate remembers only the newest migration: that those before it are applied \
             follows from that alone, but for what lies between migrations that dbstudio applied, \
             which its ledger knows"
                .to_owned(),
        );
    }
    notes
}

/// Reads how a project's migrations stand in a database, over a connection of its own that only
/// reads; what stopped halfway is taken from dbstudio's ledger, where there is one.
///
/// # Errors
/// The database cannot be reached, and as [`read`].
pub async fn at(project: &Project, target: &Target, stop: &Stop) -> Result<Standing> {
    let mut connection = Connection::open_reading(target, stop).await?;
    let standing = read(project, &mut connection, &[], stop).await;
    connection.close().await;
    standing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_two_that_ran_one_after_the_other_was_passed_over() {
        let ran = |what: &str, key: &str, above: Option<&str>| Done {
            what: what.to_owned(),
            key: Some(key.to_owned()),
            above: above.map(str::to_owned),
        };
        let told = |done: &[Done]| {
            let mut passed: Vec<String> =
                passed_over(["1", "2", "3", "4", "5", "6"].into_iter(), done).into_iter().collect();
            passed.sort();
            passed.join(" ")
        };
        let (first, second) = (ran("migrate", "2", None), ran("migrate", "5", Some("2")));
        assert_eq!(told(&[first.clone(), second.clone()]), "3 4");
        // The tool may have applied what is between two runs that do not say what was newest.
        assert_eq!(told(&[first.clone(), ran("migrate", "5", None)]), "");
        assert_eq!(told(&[first.clone(), second.clone(), ran("migrate", "3", Some("5"))]), "4");
        assert_eq!(told(&[first, second, ran("rollback", "5", None)]), "");
    }
}
