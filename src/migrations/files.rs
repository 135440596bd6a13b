//! The files of a folder of migrations, read whole: which there are, and what is in them. A file
//! that cannot be read is named, never passed over; nothing here knows what a file means.

use std::fs;
use std::path::{Path, PathBuf};

use super::folder::Misfit;
use crate::db::fault::Script;
use crate::problem::{Problem, Result};

/// What some editors put before a text; no engine takes it for SQL.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text of a file as it is on the disk.
pub(super) struct Text {
    /// Every byte of it; checksums are of these.
    pub(super) raw: String,
    path: PathBuf,
}

impl Text {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> std::result::Result<Self, Misfit> {
        let path = path.to_path_buf();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(why) => {
                let why = format!("it cannot be read: {why}");
                return Err(Misfit { unread: true, ..Misfit::new(path, why) });
            }
        };
        match String::from_utf8(bytes) {
            Ok(raw) => Ok(Self { raw, path }),
            Err(fault) => {
                let at = fault.utf8_error().valid_up_to().saturating_add(1);
                Err(Misfit::new(path, format!("it is not UTF-8 text: byte {at} is none")))
            }
        }
    }

    /// What runs of it: the text without the mark before it.
    pub(super) fn script(&self) -> Script {
        self.script_of(self.raw.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.raw).to_owned())
    }

    /// A script of this file's name with another text.
    pub(super) fn script_of(&self, text: String) -> Script {
        Script { name: self.path.display().to_string(), text }
    }
}

/// What is directly in a folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The files whose name ends in `.sql`, in any case, in the order of their names.
    pub(super) sql: Vec<PathBuf>,
    /// The folders, in the order of their names.
    pub(super) folders: Vec<PathBuf>,
}

impl Listing {
    /// Reads a folder; hidden entries are other programs'. No folder, nothing in it.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let told = |why: std::io::Error| {
            let shown = folder.display();
            let first = match why.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    format!("let your account read it, as with chmod u+rx {shown}")
                }
                _ => "make sure that it is a folder and may be read".to_owned(),
            };
            Problem::failed(
                format!("The folder {shown} cannot be read"),
                why.to_string(),
                format!(
                    "{first}, or name another one with migrations in [project] of dbstudio.toml"
                ),
            )
        };
        let entries = match fs::read_dir(folder) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            entries => entries.map_err(told)?,
        };
        let mut listing = Self::default();
        for entry in entries {
            let entry = entry.map_err(told)?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            // The listing itself tells what most are; only a link must be followed.
            let is_folder = match entry.file_type() {
                Ok(kind) if !kind.is_symlink() => kind.is_dir(),
                _ => path.is_dir(),
            };
            if is_folder {
                listing.folders.push(path);
            } else if has_ending(&name, ".sql") {
                listing.sql.push(path);
            }
        }
        // All are in one folder, so their bytes tell the order, and quickly.
        listing.sql.sort_unstable_by(|one, other| one.as_os_str().cmp(other.as_os_str()));
        listing.folders.sort_unstable();
        Ok(listing)
    }
}

/// Whether a name ends so, in any case.
fn has_ending(name: &str, ending: &str) -> bool {
    let at = name.len().checked_sub(ending.len());
    at.and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

/// The name of a file or folder; what is no text in it is replaced.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The digits a name begins with, and what follows them.
pub(super) fn digits(name: &str) -> Option<(&str, &str)> {
    let end = name.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(name.len());
    name.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())
}
