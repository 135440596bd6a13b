//! Starting a project in a folder: its configuration, its schema, and places for migrations and
//! seeds. Nothing that is there already is ever touched.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::problem::{Problem, Result};

/// The files of a new project and what they begin with.
const FILES: &[(&str, &str)] = &[
    ("dbstudio.toml", include_str!("../../assets/project/dbstudio.toml")),
    ("schema.sql", include_str!("../../assets/project/schema.sql")),
];

/// The folders of a new project.
const FOLDERS: &[&str] = &["migrations", "seeds"];

/// What was made and what was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The project's folder.
    pub folder: PathBuf,
    /// What was made, relative to the folder; folders end in `/`.
    pub made: Vec<String>,
    /// What was there already and stayed as it was.
    pub kept: Vec<String>,
    /// What to look after next, in sentences.
    pub hints: Vec<String>,
}

/// Starts a project in a folder that exists.
///
/// # Errors
/// When the folder cannot be written, or something else has the name of a folder it needs.
pub fn start(folder: &Path) -> Result<Started> {
    let mut started = Started {
        folder: folder.to_owned(),
        made: Vec::new(),
        kept: Vec::new(),
        hints: Vec::new(),
    };
    for (name, text) in FILES {
        let is_new = write_new(&folder.join(name), text).map_err(|why| told(folder, name, &why))?;
        started.record(is_new, (*name).to_owned());
    }
    for name in FOLDERS {
        let path = folder.join(name);
        let is_new = match fs::create_dir(&path) {
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => false,
            made => made.map(|()| true).map_err(|why| told(folder, name, &why))?,
        };
        started.record(is_new, format!("{name}/"));
    }
    started.hints.extend(hint_above(folder));
    started.hints.extend(hint_ignore(folder));
    Ok(started)
}

impl Started {
    fn record(&mut self, is_new: bool, name: String) {
        if is_new { self.made.push(name) } else { self.kept.push(name) }
    }
}

/// Writes a file that must not be there; says whether it was new.
fn write_new(path: &Path, text: &str) -> io::Result<bool> {
    match fs::File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(why) => Err(why),
    }
}

/// A project in a folder above is no longer found from here.
fn hint_above(folder: &Path) -> Option<String> {
    let mut above = folder.ancestors().skip(1).map(|folder| folder.join("dbstudio.toml"));
    let found = above.find(|file| file.is_file())?;
    Some(format!(
        "{} belongs to a project above; in this folder the new one is used instead",
        found.display()
    ))
}

/// Passwords belong in `.env`, and `.env` out of version control.
fn hint_ignore(folder: &Path) -> Option<String> {
    let in_git = folder.ancestors().any(|folder| folder.join(".git").exists());
    let mut ignored =
        folder.ancestors().filter_map(|folder| fs::read_to_string(folder.join(".gitignore")).ok());
    let covers = |text: String| {
        text.lines()
            .map(|line| line.trim().trim_start_matches('/'))
            .any(|line| matches!(line, ".env" | ".env*" | ".env.*" | ".env.local" | "*.local"))
    };
    (in_git && !ignored.any(covers)).then(|| {
        "Add .env and .env.local to .gitignore before you put a password in one of them".to_owned()
    })
}

fn told(folder: &Path, name: &str, why: &io::Error) -> Problem {
    Problem::failed(
        format!("{} cannot be made", folder.join(name).display()),
        why.to_string(),
        "make sure that the folder can be written to; what is there already is never changed",
    )
}
