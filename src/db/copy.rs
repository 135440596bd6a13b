//! A copy of a SQLite file with everything in it, to try things out on: beside the file itself, so
//! on the same disk, in a folder only its owner may read, and gone afterwards.
//!
//! The original is only read, and consistently: nobody who writes to it meanwhile is kept waiting
//! for longer than SQLite's own copying takes. What a killed run left behind, the next one removes:
//! a folder of ours that nobody holds the lock of.

use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use super::connection::Connection;
use super::stop::Stop;
use crate::config::{Address, SqliteAddress, Target};
use crate::problem::{Problem, Result};
use crate::sql::Dialect;

/// How the folder of every copy begins; a random number follows.
const PREFIX: &str = ".dbstudio-copy-";

/// The file in the folder whose lock says that somebody uses the copy.
const LOCK: &str = "lock";

/// A copy of a SQLite file, and a connection to it.
#[derive(Debug)]
pub struct Copy {
    connection: Option<Connection>,
    /// Kept for its `Drop`.
    _folder: Folder,
    /// What the person should know, in sentences.
    pub notes: Vec<String>,
}

/// The folder of a copy; it goes with the value.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now the next run removes.
        drop(fs::remove_dir_all(&self.path));
    }
}

impl Copy {
    /// Copies the file of a target.
    ///
    /// # Errors
    /// The target is no file, it cannot be read, or there is no room for a copy.
    pub async fn of(target: &Target, stop: &Stop) -> Result<Self> {
        let Address::Sqlite(SqliteAddress { file: Some(file), .. }) = &target.address else {
            return Err(Problem::usage(
                "There is no file to copy",
                "the database is in memory, and gone with its connection",
                "name a SQLite file",
            ));
        };
        let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        let beside = file.parent().map_or_else(std::env::temp_dir, Path::to_path_buf);
        remove_leftovers(&beside);
        let mut notes = Vec::new();
        let folder = match make(&beside) {
            Ok(folder) => folder,
            Err(_) => {
                let temporary = std::env::temp_dir();
                remove_leftovers(&temporary);
                notes.push(format!(
                    "{} cannot be written to, so the copy was made in {}",
                    beside.display(),
                    temporary.display()
                ));
                make(&temporary).map_err(|why| no_folder(&temporary, &why))?
            }
        };
        let path = folder.path.join("copy.db");
        let mut original = Connection::open_reading(target, stop).await?;
        let sql = format!("VACUUM INTO {}", Dialect::Sqlite.literal(&path.to_string_lossy()));
        // The connection refuses every write, and takes the copy for one.
        let copied = original.run(&format!("PRAGMA query_only = OFF; {sql}"), stop).await;
        original.close().await;
        copied.map_err(|fault| {
            fault.problem(
                format!("{} could not be copied", file.display()),
                "make sure that the disk has room for another file of its size",
            )
        })?;
        let address = SqliteAddress { file: Some(path), read_only: false, immutable: false };
        let copy = Target {
            name: None,
            address: Address::Sqlite(address),
            read_only: false,
            ..target.clone()
        };
        let connection = Connection::open(&copy, stop).await?;
        Ok(Self { connection: Some(connection), _folder: folder, notes })
    }

    /// The connection to it.
    ///
    /// # Errors
    /// It was closed.
    pub fn connection(&mut self) -> Result<&mut Connection> {
        self.connection.as_mut().ok_or_else(|| Problem::disconnected("the copy was closed"))
    }

    /// Removes it.
    pub async fn close(mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
    }
}

/// Makes a folder of ours and takes its lock.
fn make(beside: &Path) -> std::io::Result<Folder> {
    let random = std::hash::RandomState::new().build_hasher().finish();
    let path = beside.join(format!("{PREFIX}{random:016x}"));
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(&path)?;
    let locked = File::create(path.join(LOCK)).and_then(|lock| {
        lock.lock()?;
        Ok(lock)
    });
    match locked {
        Ok(lock) => Ok(Folder { path, _lock: lock }),
        Err(why) => {
            // The failure above is what counts.
            drop(fs::remove_dir_all(&path));
            Err(why)
        }
    }
}

/// Removes folders of copies whose runs are gone. What cannot be removed stays for a later run.
fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_ours = digits.is_some_and(|rest| {
            rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Ok(lock) = File::open(path.join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            drop(fs::remove_dir_all(&path));
        }
    }
}

fn no_folder(folder: &Path, why: &std::io::Error) -> Problem {
    Problem::failed(
        format!("No folder for a copy can be made in {}", folder.display()),
        why.to_string(),
        "make sure that it can be written to, or name another in TMPDIR",
    )
}
