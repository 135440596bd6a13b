//! Writing the two files of a new migration: both or none, each whole, never over another file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::problem::{Problem, Result};

/// A new migration: what its files are called and what is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The file that applies it.
    pub up: PathBuf,
    /// Its text.
    pub up_text: String,
    /// The file that takes it back.
    pub down: PathBuf,
    /// Its text.
    pub down_text: String,
}

impl Pair {
    /// The files of a migration in a folder.
    pub fn new(folder: &Path, name: &str, up_text: String, down_text: String) -> Self {
        Self {
            up: folder.join(format!("{name}.up.sql")),
            up_text,
            down: folder.join(format!("{name}.down.sql")),
            down_text,
        }
    }
}

/// Writes the files of several migrations. The folder is made if need be.
///
/// # Errors
/// One of them is there already, or cannot be written; then none is left.
pub fn write_all(pairs: &[Pair]) -> Result<()> {
    for (at, pair) in pairs.iter().enumerate() {
        let Err(problem) = write(pair) else { continue };
        let written = pairs.get(..at).unwrap_or_default();
        let files = written.iter().flat_map(|pair| [&pair.up, &pair.down]);
        let left: Vec<String> = files
            .filter(|file| fs::remove_file(file).is_err())
            .map(|file| file.display().to_string())
            .collect();
        return Err(if left.is_empty() {
            problem
        } else {
            Problem { fix: format!("remove {}", left.join(", ")), ..problem }
        });
    }
    Ok(())
}

/// Writes both files. The folder is made if need be.
///
/// # Errors
/// One of them is there already, or cannot be written; then neither is left.
pub fn write(pair: &Pair) -> Result<()> {
    let told = |path: &Path, why: &io::Error| {
        let fix = if why.kind() == io::ErrorKind::AlreadyExists {
            "run the command again: it then takes the next number"
        } else {
            "make sure that the folder can be written to and the disk has room"
        };
        Problem::failed(format!("{} cannot be written", path.display()), why.to_string(), fix)
    };
    if let Some(folder) = pair.up.parent() {
        fs::create_dir_all(folder).map_err(|why| told(folder, &why))?;
    }
    // The way back first: a migration that can be applied is never there without it.
    place(&pair.down, &pair.down_text).map_err(|why| told(&pair.down, &why))?;
    if let Err(why) = place(&pair.up, &pair.up_text) {
        // We have just made it; nobody else has it open.
        let undone = fs::remove_file(&pair.down);
        let problem = told(&pair.up, &why);
        return Err(match undone {
            Ok(()) => problem,
            Err(_) => Problem { fix: format!("remove {}", pair.down.display()), ..problem },
        });
    }
    Ok(())
}

/// Puts a file in its place, whole and on the disk, if nothing is there.
fn place(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let placed = File::create(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // A link is made only where nothing is, which a rename does not look at.
        fs::hard_link(&beside, path).or_else(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => Err(why),
            // Some file systems have no links.
            _ if path.exists() => Err(io::ErrorKind::AlreadyExists.into()),
            _ => fs::rename(&beside, path),
        })
    });
    match fs::remove_file(&beside) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => placed.and(Err(why)),
        _ => placed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("new/migrations");
        let pair = Pair::new(&inside, "0001_a", "up".to_owned(), "down".to_owned());
        write(&pair).unwrap();
        assert_eq!(fs::read_to_string(&pair.up).unwrap(), "up");
        assert_eq!(fs::read_to_string(&pair.down).unwrap(), "down");
        let other =
            Pair { down: inside.join("other.sql"), up_text: "x".to_owned(), ..pair.clone() };
        assert!(write(&other).unwrap_err().fix.contains("next number"));
        assert_eq!(fs::read_to_string(&pair.up).unwrap(), "up");
        let mut left: Vec<_> =
            fs::read_dir(&inside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["0001_a.down.sql", "0001_a.up.sql"]);
        let second = Pair::new(&inside, "0002_b", "up".to_owned(), "down".to_owned());
        assert!(write_all(&[second.clone(), pair]).is_err());
        assert!(!second.up.exists() && !second.down.exists());
    }
}
