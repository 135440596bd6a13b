//! One journal's file: made for its owner alone, locked while its studio runs, only ever added to.
//!
//! A line that could not be written whole is taken back, so that the file always ends with one.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::config::make_folder;
use crate::problem::{Problem, Result};

/// How many journals of one database and role there can be.
const MOST: u32 = 10_000;

/// A journal's file that is ours.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    file: fs::File,
    length: u64,
}

impl File {
    /// Makes a new one and locks it.
    pub(super) fn create(folder: &Path, name: &str) -> Result<Self> {
        let failed = |error: std::io::Error| failed(folder, &error);
        make_folder(folder).map_err(failed)?;
        for number in 1..MOST {
            let path = folder.join(format!("{name}.{number}.jsonl"));
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(&path) {
                Ok(file) => {
                    // Another studio may have found the empty file before it was locked, and
                    // taken it for one that was left behind.
                    if file.try_lock().is_err() || !is_there(&path, &file) {
                        continue;
                    }
                    // The name must be as durable as what is written under it.
                    drop(fs::File::open(folder).and_then(|folder| folder.sync_all()));
                    return Ok(Self { path, file, length: 0 });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Problem::failed(
            "The journal of edits cannot be made",
            format!("{} holds {MOST} of them", folder.display()),
            "remove those you do not need",
        ))
    }

    /// Adds lines and makes them durable.
    pub(super) fn append(&mut self, lines: &[String]) -> Result<()> {
        let mut text = lines.join("\n");
        text.push('\n');
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Half a line would be read as damage.
                drop(self.file.set_len(self.length));
                drop(std::io::Seek::seek(&mut self.file, std::io::SeekFrom::Start(self.length)));
                Err(failed(&self.path, &error))
            }
        }
    }

    /// Nothing waits any more.
    pub(super) fn remove(self) {
        // A file that stays holds only what was done: the next studio removes it.
        drop(fs::remove_file(&self.path));
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // A program that is being started has a copy of the handle for a moment, which would hold
        // the lock.
        drop(self.file.unlock());
    }
}

/// Whether a path still names the file.
fn is_there(path: &Path, file: &fs::File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let same = |named: fs::Metadata, held: fs::Metadata| {
            (named.dev(), named.ino()) == (held.dev(), held.ino())
        };
        fs::metadata(path).and_then(|named| Ok(same(named, file.metadata()?))).unwrap_or(false)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Problem {
    Problem::failed(
        "The latest edits are not in the journal yet",
        format!("{}: {error}", path.display()),
        "make room on the disk; they are kept here and written with the next edit",
    )
}
