//! Where the SQL of the desired schema comes from: files, folders of them, or a command.
//!
//! Nothing here runs SQL.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{Project, SchemaSource};
use crate::db::fault::{Place, Script};
use crate::db::stop::Stop;
use crate::ops::outside::{self, Purpose};
use crate::problem::{Problem, Result};

/// The most SQL that is taken, in bytes.
const MOST: u64 = 256 * 1024 * 1024;

/// The command that prints the schema.
const SCHEMA: Purpose = Purpose {
    what: "command for the schema",
    fix: "run it by hand in the project's folder until it prints the schema",
};

/// How deep folders may be in each other; a link that leads back up ends here.
const DEEPEST: usize = 32;

/// Reads the SQL of a project's desired schema.
///
/// # Errors
/// A file that is missing, cannot be read or is no text; a folder without SQL; a command that
/// fails, takes too long or prints nothing.
pub async fn sources(project: &Project, stop: &Stop) -> Result<Vec<Script>> {
    match &project.schema {
        SchemaSource::Paths(paths) => {
            let mut scripts = Vec::new();
            for path in paths {
                scripts.extend(read(path, &project.folder)?);
            }
            Ok(scripts)
        }
        SchemaSource::Command(command) => {
            print(command, &project.folder, stop).await.map(|script| vec![script])
        }
    }
}

/// Reads a file, or all `.sql` files of a folder and the folders in it. Names in messages start
/// from `folder`.
///
/// # Errors
/// As [`sources`].
pub fn read(path: &Path, folder: &Path) -> Result<Vec<Script>> {
    if !path.is_dir() {
        return read_file(path, folder).map(|script| vec![script]);
    }
    let mut files = Vec::new();
    collect(path, DEEPEST, &mut files)
        .map_err(|(path, why)| unreadable(&path, &why.to_string()))?;
    files.sort();
    if files.is_empty() {
        return Err(Problem::usage(
            format!("There is no .sql file in {}", path.display()),
            "the desired schema is read from the .sql files of this folder and those in it",
            "write the schema there, or name another place with schema in [project] of \
             dbstudio.toml",
        ));
    }
    files.iter().map(|file| read_file(file, folder)).collect()
}

fn collect(
    folder: &Path,
    deep: usize,
    files: &mut Vec<PathBuf>,
) -> std::result::Result<(), (PathBuf, std::io::Error)> {
    let told = |why| (folder.to_path_buf(), why);
    for entry in fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            if deep > 0 {
                collect(&path, deep - 1, files)?;
            }
        } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("sql")) {
            files.push(path);
        }
    }
    Ok(())
}

fn read_file(path: &Path, folder: &Path) -> Result<Script> {
    let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let size = match fs::metadata(path) {
        Ok(found) => found.len(),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            return Err(Problem::usage(
                format!("There is no {}", path.display()),
                "the desired schema is read from it",
                "write the schema there, or name another place with schema in [project] of \
                 dbstudio.toml",
            ));
        }
        Err(why) => return Err(unreadable(path, &why.to_string())),
    };
    if size > MOST {
        return Err(unreadable(path, "it is larger than 256 MiB: is it a dump with rows in it?"));
    }
    let bytes = fs::read(path).map_err(|why| unreadable(path, &why.to_string()))?;
    text(&name, bytes).map(|text| Script { name, text })
}

/// SQL as text; a byte order mark is no part of it.
fn text(name: &str, bytes: Vec<u8>) -> Result<String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem::usage(
            format!("{name} is not UTF-8"),
            "it is UTF-16",
            "save it as UTF-8 in your editor",
        ));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..valid).unwrap_or_default();
        let before = String::from_utf8_lossy(before);
        let place = Place::of(&before, before.len());
        Problem::usage(
            format!("{name} is not UTF-8"),
            format!("line {}, column {} holds another byte", place.line, place.column),
            "save it as UTF-8 in your editor",
        )
    })?;
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

fn unreadable(path: &Path, why: &str) -> Problem {
    Problem::failed(
        format!("{} cannot be read", path.display()),
        why,
        "make sure that it is a text file and may be read",
    )
}

/// Runs a command and takes what it prints.
async fn print(command: &str, folder: &Path, stop: &Stop) -> Result<Script> {
    let ran = outside::run(command, folder, &SCHEMA, stop).await?;
    let text = text("what the command printed", ran.printed)?;
    if text.trim().is_empty() {
        let said = if ran.said.is_empty() { String::new() } else { format!(":\n{}", ran.said) };
        return Err(Problem::failed(
            "The command for the schema printed nothing",
            format!("{command}{said}"),
            "make it print the SQL of the whole schema on standard output",
        ));
    }
    Ok(Script { name: format!("the output of {command}"), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn printed(command: &str) -> Result<Script> {
        print(command, Path::new("/"), &Stop::new()).await
    }

    #[tokio::test]
    async fn a_command_prints_the_schema_or_says_why_not() {
        let script = printed("echo 'CREATE TABLE t (id int);'; echo note >&2").await.unwrap();
        assert_eq!(script.text, "CREATE TABLE t (id int);\n");
        let problem = printed("echo first >&2; echo second >&2; exit 3").await.unwrap_err();
        assert!(problem.why.ends_with("exit code 3:\nfirst\nsecond"), "{}", problem.why);
        let problem = printed("no-such-program-here").await.unwrap_err();
        assert!(problem.why.contains("there is no such command"), "{}", problem.why);
        let problem = printed("true").await.unwrap_err();
        assert!(problem.what.contains("printed nothing"), "{}", problem.what);
        let problem = printed("printf '\\377'").await.unwrap_err();
        assert!(problem.why.contains("line 1, column 1"), "{}", problem.why);
    }

    #[tokio::test]
    async fn a_stopped_command_ends_with_all_it_started() {
        let stop = Stop::new();
        stop.ask();
        let problem = print("sleep 600 & sleep 600", Path::new("/"), &stop).await.unwrap_err();
        assert_eq!(problem.kind, crate::problem::Kind::Cancelled);
    }

    #[test]
    fn folders_are_read_whole_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(read(path, path).unwrap_err().what.contains("no .sql file"));
        fs::create_dir_all(path.join("b/c")).unwrap();
        for (name, text) in [
            ("z.sql", "1"),
            ("b/c/x.SQL", "\u{feff}2"),
            ("b/notes.md", "no"),
            (".hidden.sql", "no"),
        ] {
            fs::write(path.join(name), text).unwrap();
        }
        let read_all = read(path, path).unwrap();
        let found: Vec<_> =
            read_all.iter().map(|script| (script.name.as_str(), script.text.as_str())).collect();
        assert_eq!(found, [("b/c/x.SQL", "2"), ("z.sql", "1")]);
        let problem = read(&path.join("missing.sql"), path).unwrap_err();
        assert!(problem.what.contains("missing.sql"), "{}", problem.what);
    }
}
