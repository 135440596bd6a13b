//! The environment as a value: the process's variables, and those of `.env.local` and `.env`.
//!
//! The process's own environment is read once and never changed. Values never print: what
//! shows a [`Variables`] shows names.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::disk;
use crate::problem::Result;

/// The files of variables beside a project, the stronger first.
const FILES: [&str; 2] = [".env.local", ".env"];

/// Variables by name: the process's over those of `.env.local`, over those of `.env`.
#[derive(Clone, Default)]
pub struct Variables {
    process: BTreeMap<String, String>,
    files: Vec<Layer>,
    folder: Option<PathBuf>,
}

#[derive(Clone)]
struct Layer {
    path: PathBuf,
    values: BTreeMap<String, String>,
}

impl Variables {
    /// The variables of this process. Those that are not UTF-8 are left out: nothing dbstudio
    /// reads may be anything else.
    pub fn of_process() -> Self {
        Self::from_pairs(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Variables as if the process had been started with just these.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let process = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { process, ..Self::default() }
    }

    /// Adds `.env.local` and `.env` of a folder beneath what is there. Returns what is wrong
    /// with single lines, for the person to see; such lines are left out.
    ///
    /// # Errors
    /// When a file is there and cannot be read at all.
    pub fn add_files(&mut self, folder: &Path) -> Result<Vec<String>> {
        let mut warnings = Vec::new();
        self.folder = Some(folder.to_path_buf());
        for name in FILES {
            let path = folder.join(name);
            let Some(text) = disk::read_if_there(&path)? else { continue };
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let mut values = BTreeMap::new();
            for item in dotenvy::from_read_iter(text.as_bytes()) {
                match item {
                    Ok((name, value)) => {
                        values.insert(name, value);
                    }
                    Err(error) => warnings.push(unreadable_line(&path, text, &error)),
                }
            }
            self.files.push(Layer { path, values });
        }
        Ok(warnings)
    }

    /// A variable's value, from the strongest place that has it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.process
            .get(name)
            .or_else(|| self.files.iter().find_map(|layer| layer.values.get(name)))
            .map(String::as_str)
    }

    /// A variable's value if it is set to anything but nothing.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }

    /// A variable of the process, whatever the files say: for what belongs to the machine and
    /// the person (`HOME`, `XDG_CONFIG_HOME`), which no project may move.
    pub fn process(&self, name: &str) -> Option<&str> {
        self.process.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The file a variable's value comes from; `None` when the process has it, or nobody.
    pub fn file_of(&self, name: &str) -> Option<&Path> {
        if self.process.contains_key(name) {
            return None;
        }
        let layer = self.files.iter().find(|layer| layer.values.contains_key(name))?;
        Some(&layer.path)
    }

    /// How to set a variable, as an instruction.
    pub(crate) fn how_to_set(&self, name: &str) -> String {
        let file = match &self.folder {
            Some(folder) => folder.join(".env.local").display().to_string(),
            None => ".env.local".to_owned(),
        };
        format!("Set it in the shell (export {name}=…) or write a line {name}=… into {file}")
    }
}

/// What to say of a line `dotenvy` could not read: its number, never its text.
fn unreadable_line(path: &Path, text: &str, error: &dotenvy::Error) -> String {
    let line = match error {
        dotenvy::Error::LineParse(line, _) => text.find(line.as_str()).map(|start| {
            // An unclosed quote swallows the lines after it; the first is where to look.
            text.get(..start).map_or(1, |before| before.matches('\n').count() + 1)
        }),
        _ => None,
    };
    let line = line.map_or_else(String::new, |line| format!(", line {line}"));
    format!(
        "{}{line}: the line is not NAME=value and was left out; quote a value that has spaces or quotes in it",
        path.display()
    )
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.process.keys().collect();
        let mut shape = f.debug_struct("Variables");
        shape.field("process", &names);
        for layer in &self.files {
            let names: Vec<_> = layer.values.keys().collect();
            shape.field("file", &(&layer.path, names));
        }
        shape.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Variables;

    #[test]
    fn the_process_wins_over_env_local_which_wins_over_env() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), "A=env\nB=env\nC=env\nexport D='d d'\n")
            .unwrap();
        std::fs::write(folder.path().join(".env.local"), "\u{feff}A=local\nB=local\n").unwrap();
        let mut variables = Variables::from_pairs([("A", "process")]);
        assert_eq!(variables.add_files(folder.path()).unwrap(), Vec::<String>::new());
        assert_eq!(variables.get("A"), Some("process"));
        assert_eq!(variables.get("B"), Some("local"));
        assert_eq!(variables.get("C"), Some("env"));
        assert_eq!(variables.get("D"), Some("d d"));
        assert_eq!(variables.process("B"), None);
        assert_eq!(variables.file_of("A"), None);
        assert_eq!(variables.file_of("B"), Some(folder.path().join(".env.local").as_path()));
        assert!(std::env::var("C").is_err(), "the process's own environment stays as it was");
    }

    #[test]
    fn a_bad_line_is_named_by_number_and_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let text = "A=1\nPASSWORD=hunter2 and more\nB=2\n";
        std::fs::write(folder.path().join(".env"), text).unwrap();
        let mut variables = Variables::default();
        let warnings = variables.add_files(folder.path()).unwrap();
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains(".env, line 2:"), "{warnings:?}");
        assert!(!warnings[0].contains("hunter2"));
        assert_eq!(variables.get("B"), Some("2"));
    }

    #[test]
    fn printing_shows_names_only() {
        let variables = Variables::from_pairs([("TOKEN", "hunter2")]);
        let printed = format!("{variables:?}");
        assert!(printed.contains("TOKEN") && !printed.contains("hunter2"));
    }
}
