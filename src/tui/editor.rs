//! The person's editor: which one it is, and running it until it is done with a file.
//!
//! Whoever calls this has given the terminal back before, and takes it again afterwards.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app::effect::Draft;
use crate::ops::draft::DraftFile;
use crate::problem::{Problem, Result};

/// Whether the editor has the terminal.
static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// Whether the editor has the terminal now: what a key does there is its business.
pub fn is_open() -> bool {
    IS_OPEN.load(Ordering::SeqCst)
}

/// Opens a file in the editor that `VISUAL` or `EDITOR` names, `vi` where neither does, and waits.
///
/// # Errors
/// There is no such editor, or it says that it failed.
pub fn open(file: &str, variable: impl Fn(&str) -> Option<String>) -> Result<()> {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(variable);
    let editor = named.map(|name| name.trim().to_owned()).find(|name| !name.is_empty());
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    // A shell parts the editor from its options, as Git does; the file is never part of a command.
    let command = format!("{editor} \"$1\"");
    IS_OPEN.store(true, Ordering::SeqCst);
    let ran = Command::new("sh").args(["-c", &command, "sh", file]).status();
    IS_OPEN.store(false, Ordering::SeqCst);
    let why = match ran {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) if status.code() == Some(127) => "there is no such program".to_owned(),
        Ok(status) => format!("it ended with {status}"),
        Err(error) => error.to_string(),
    };
    Err(Problem::failed(
        format!("The editor {editor} did not do its work"),
        why,
        "set EDITOR to the editor of your choice, and start dbstudio again",
    ))
}

/// Lets the person change a text, in a private file below this folder: what it is then, if that
/// could be read, and what went wrong. What could not be read stays where it is.
pub fn change(
    draft: &Draft,
    state: &Path,
    variable: impl Fn(&str) -> Option<String>,
) -> (Option<String>, Option<Problem>) {
    let file = match DraftFile::write(state, &draft.name, &draft.text) {
        Ok(file) => file,
        Err(problem) => return (None, Some(problem)),
    };
    let edited = match file.path().to_str() {
        Some(path) => open(path, variable),
        None => Err(Problem::failed(
            "The editor was not started",
            "the path of the state folder is no text",
            "set XDG_STATE_HOME to another folder",
        )),
    };
    // An editor that failed may have written all the same: that is not lost.
    match (file.read_back(), edited) {
        (Ok(text), Ok(())) => (Some(text), None),
        (Ok(text), Err(problem)) => (Some(text), Some(problem)),
        (Err(problem), _) => (None, Some(problem)),
    }
}
