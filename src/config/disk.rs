//! Small files of ours and the person's: read whole, replaced whole, set aside when damaged.
//!
//! A file is replaced by renaming a finished one over it, so that a crash leaves the old or the
//! new, never half. What dbstudio writes here only its owner may read.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{Problem, Result};

/// The largest file read here, in bytes; settings and memories are far smaller, and a device
/// or a dump given by mistake must not fill the memory.
const LIMIT: u64 = 4 << 20;

/// The text of a file, or `None` if there is no such file.
///
/// # Errors
/// When it is there and cannot be read, is no plain file, is too big, or is not UTF-8.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>> {
    let unreadable = |why: String, fix: &str| {
        Problem::usage(format!("The file {} cannot be read", path.display()), why, fix)
    };
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error.to_string(), "Check who may read it")),
    };
    if about.is_dir() {
        return Err(unreadable("it is a folder".into(), "Name the file itself"));
    }
    if about.len() > LIMIT {
        let why = format!("it has {} bytes; a settings file has a few thousand", about.len());
        return Err(unreadable(why, "Check that it is the file you mean"));
    }
    let bytes =
        fs::read(path).map_err(|error| unreadable(error.to_string(), "Check who may read it"))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line =
                error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count() + 1;
            Err(unreadable(format!("line {line} is not UTF-8 text"), "Save it as UTF-8"))
        }
    }
}

/// Replaces a file whole, making its folder if need be; only the owner may read either.
///
/// # Errors
/// When the folder or the file cannot be written; the old file is then as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_whole(path, bytes).map_err(|error| {
        Problem::failed(
            format!("The file {} could not be written", path.display()),
            error.to_string(),
            "Check the free space and who may write to its folder",
        )
    })
}

/// The same with the system's error, for who tells of it in another way.
pub(crate) fn replace_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let name = path.file_name().map_or_else(Default::default, |name| name.to_string_lossy());
    let fresh = folder.join(format!(".{name}.{}.new", std::process::id()));
    let outcome = write_new(&fresh, bytes).and_then(|()| fs::rename(&fresh, path));
    if outcome.is_err() {
        // The rename is what failed or the disk is full: what is left over helps nobody, and
        // failing to remove it changes nothing about the error worth telling.
        fs::remove_file(&fresh).ok();
    }
    outcome
}

/// Makes a folder that only its owner may look into, and those above it that are missing.
pub(crate) fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Renames a damaged file so that it is kept and no longer in the way; says where it went.
///
/// # Errors
/// When it cannot be renamed.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf> {
    let mut name = path.file_name().map_or_else(Default::default, ToOwned::to_owned);
    name.push(".damaged");
    let kept = path.with_file_name(name);
    fs::rename(path, &kept).map_err(|error| {
        Problem::failed(
            format!("The damaged file {} could not be set aside", path.display()),
            error.to_string(),
            "Rename or remove it yourself",
        )
    })?;
    Ok(kept)
}

/// What a file of ours remembers, or nothing where there is none yet. A damaged file is set
/// aside, and said so: what it held is a convenience, and must never keep the studio from opening.
pub(crate) fn recall<T: DeserializeOwned + Default>(path: &Path) -> (T, Option<String>) {
    let text = match read_if_there(path) {
        Ok(Some(text)) => text,
        Ok(None) => return (T::default(), None),
        Err(problem) => return (T::default(), Some(format!("{}: {}", problem.what, problem.why))),
    };
    let error = match serde_json::from_str(&text) {
        Ok(kept) => return (kept, None),
        Err(error) => error,
    };
    let fate = match set_aside(path) {
        Ok(kept) => format!("it was kept as {}", kept.display()),
        Err(problem) => problem.to_string(),
    };
    let place = format!("line {}, column {}", error.line(), error.column());
    (T::default(), Some(format!("The file {} is damaged at {place}; {fate}", path.display())))
}

/// Replaces what a file of ours remembers.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn remember<T: Serialize>(path: &Path, what: &T) -> Result<()> {
    let text = serde_json::to_string_pretty(what).map_err(|error| {
        Problem::failed(
            format!("The file {} could not be written", path.display()),
            error.to_string(),
            "Report this: it is a mistake in dbstudio",
        )
    })?;
    replace(path, text.as_bytes())
}

/// Whether the file's group or anybody else may read or write it; `false` where files have no
/// such permissions.
pub(crate) fn others_can_read(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}
