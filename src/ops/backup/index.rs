//! The backups of one folder: what each is of, and how it is known to be whole. The index is
//! replaced whole; a backup is in it only once its file stands under its name.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::{recall, remember};
use crate::problem::{Problem, Result};

/// The index's name in its folder.
const NAME: &str = "index.json";

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The file's name in the folder.
    pub file: String,
    /// The database's name as the server reported it.
    pub database: String,
    /// `PostgreSQL` or `SQLite`.
    pub engine: String,
    /// Where the database was, without a password.
    pub place: String,
    /// What tells the database from every other one.
    pub identity: String,
    /// When it was made, in seconds since 1970.
    pub taken: u64,
    /// The file's size in bytes.
    pub bytes: u64,
    /// The file's SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// What made it, with its version.
    pub tool: String,
    /// The server's version.
    pub server: String,
    /// How many tables are in it.
    pub tables: usize,
    /// The rows of each table, where they were counted (SQLite).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<(String, u64)>,
}

/// The backups in a folder, the oldest first, and what is wrong with the index, if anything.
pub fn all(folder: &Path) -> (Vec<Backup>, Option<String>) {
    recall(&folder.join(NAME))
}

/// Puts a backup into the index, and takes out what is not there any more.
///
/// # Errors
/// The index cannot be written.
pub(super) fn add(folder: &Path, backup: &Backup) -> Result<()> {
    let (mut all, _) = all(folder);
    all.retain(|one| one.file != backup.file && folder.join(&one.file).exists());
    all.push(backup.clone());
    all.sort_by_key(|one| one.taken);
    remember(&folder.join(NAME), &all)
}

/// Removes the oldest backups of a database beyond so many. Returns what was removed.
///
/// # Errors
/// A file cannot be removed, or the index cannot be written.
pub(super) fn prune(folder: &Path, of: &Backup, keep: usize) -> Result<Vec<String>> {
    let (mut all, _) = all(folder);
    let same = |one: &&Backup| one.database == of.database && one.place == of.place;
    let count = all.iter().filter(same).count();
    let surplus: Vec<String> = all
        .iter()
        .filter(same)
        .take(count.saturating_sub(keep.max(1)))
        .map(|one| one.file.clone())
        .collect();
    for file in &surplus {
        let path = folder.join(file);
        match fs::remove_file(&path) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
                return Err(Problem::failed(
                    format!("The old backup {} cannot be removed", path.display()),
                    why.to_string(),
                    "remove it yourself; the new backup is made and whole",
                ));
            }
            _ => {}
        }
    }
    if !surplus.is_empty() {
        all.retain(|one| !surplus.contains(&one.file));
        remember(&folder.join(NAME), &all)?;
    }
    Ok(surplus)
}

/// The SHA-256 of a file, and its size.
///
/// # Errors
/// It cannot be read.
pub(in crate::ops) fn digest(path: &Path) -> std::io::Result<(String, u64)> {
    let mut file = fs::File::open(path)?;
    let mut digest = Sha256::new();
    let mut bytes = 0;
    let mut part = vec![0; 1 << 16];
    loop {
        let count = std::io::Read::read(&mut file, &mut part)?;
        if count == 0 {
            break;
        }
        digest.update(part.get(..count).unwrap_or_default());
        bytes += count as u64;
    }
    Ok((hex(&digest.finalize()), bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file on its way: under another name until it is whole, and gone if it never is.
#[derive(Debug)]
pub(in crate::ops) struct Draft {
    /// Where it is for now.
    pub(in crate::ops) path: PathBuf,
    done: bool,
}

/// What the names of drafts end in; the number of the process stands before it.
const ENDING: &str = ".part";

impl Draft {
    /// A draft beside a place; nothing is made yet.
    pub(in crate::ops) fn beside(place: &Path) -> Self {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let path = place.with_file_name(format!(".{name}.{}{ENDING}", std::process::id()));
        Self { path, done: false }
    }

    /// Gives it its name, durably, if nothing has that name.
    pub(in crate::ops) fn place(mut self, place: &Path) -> std::io::Result<()> {
        fs::OpenOptions::new().write(true).open(&self.path)?.sync_all()?;
        // A link is made only where nothing is, which a rename does not look at.
        match fs::hard_link(&self.path, place) {
            Ok(()) => {}
            Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => return Err(why),
            Err(_) if place.exists() => return Err(std::io::ErrorKind::AlreadyExists.into()),
            // Some file systems have no links.
            Err(_) => {
                fs::rename(&self.path, place)?;
                self.done = true;
            }
        }
        sync_folder(place)
    }

    /// Puts it in the place of what is there, durably.
    pub(in crate::ops) fn replace(mut self, place: &Path) -> std::io::Result<()> {
        fs::OpenOptions::new().write(true).open(&self.path)?.sync_all()?;
        fs::rename(&self.path, place)?;
        self.done = true;
        sync_folder(place)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.done {
            // If it stays, the next run removes it.
            drop(fs::remove_file(&self.path));
        }
    }
}

fn sync_folder(place: &Path) -> std::io::Result<()> {
    match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Whether there is a process of this number, whosever it is.
pub(in crate::ops) fn is_running(number: i32) -> bool {
    rustix::process::Pid::from_raw(number).is_some_and(|pid| {
        !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
    })
}

/// Removes the drafts that killed runs left in a folder. Returns their names.
pub(in crate::ops) fn remove_drafts(folder: &Path) -> Vec<String> {
    let mut removed = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix('.').and_then(|name| name.strip_suffix(ENDING));
        let number = number.and_then(|name| name.rsplit('.').next());
        let Some(number) = number.and_then(|number| number.parse::<i32>().ok()) else { continue };
        if !is_running(number) && fs::remove_file(entry.path()).is_ok() {
            removed.push(name);
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(file: &str, database: &str, taken: u64) -> Backup {
        Backup {
            file: file.to_owned(),
            database: database.to_owned(),
            engine: "SQLite".to_owned(),
            place: "here".to_owned(),
            identity: "it".to_owned(),
            taken,
            bytes: 1,
            sha256: String::new(),
            tool: String::new(),
            server: String::new(),
            tables: 0,
            rows: Vec::new(),
        }
    }

    #[test]
    fn the_oldest_of_the_same_database_go_first() {
        let folder = tempfile::tempdir().unwrap();
        for (file, database, taken) in [("a", "x", 1), ("b", "y", 2), ("c", "x", 3), ("d", "x", 4)]
        {
            fs::write(folder.path().join(file), file).unwrap();
            add(folder.path(), &backup(file, database, taken)).unwrap();
        }
        let removed = prune(folder.path(), &backup("d", "x", 4), 1).unwrap();
        assert_eq!(removed, ["a", "c"]);
        let left: Vec<String> = all(folder.path()).0.into_iter().map(|one| one.file).collect();
        assert_eq!(left, ["b", "d"]);
        assert!(!folder.path().join("a").exists() && folder.path().join("b").exists());
    }

    #[test]
    fn a_draft_is_whole_or_gone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("x");
        let draft = Draft::beside(&place);
        fs::write(&draft.path, "new").unwrap();
        draft.place(&place).unwrap();
        let draft = Draft::beside(&place);
        fs::write(&draft.path, "other").unwrap();
        assert!(draft.place(&place).is_err());
        assert_eq!(fs::read_to_string(&place).unwrap(), "new");
        fs::write(folder.path().join(".x.2147483646.part"), "old").unwrap();
        assert_eq!(remove_drafts(folder.path()).len(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
