//! `sqlx.toml`, as far as it says where sqlx's migrations are and how they are remembered. It is
//! only read, never written.

use std::fs;
use std::path::{Path, PathBuf};

use crate::problem::{Problem, Result};

/// What `sqlx.toml` says about migrations.
#[derive(Debug, Default)]
pub struct SqlxSettings {
    /// The folder of the migrations, from the project's folder.
    pub folder: Option<PathBuf>,
    /// The history table.
    pub table: Option<String>,
    /// Letters that are left out of checksums.
    pub ignored: Vec<char>,
}

impl SqlxSettings {
    /// Reads the file of a folder; nothing where there is none.
    ///
    /// # Errors
    /// It cannot be read or understood.
    pub fn read(project: &Path) -> Result<Self> {
        let path = project.join("sqlx.toml");
        let told = |why: String| {
            let fix = "correct it, or remove it if sqlx is not used here";
            Problem::usage(format!("{} cannot be used", path.display()), why, fix)
        };
        let text = match fs::read_to_string(&path) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(|why| told(why.to_string()))?,
        };
        let table: toml::Table =
            text.parse().map_err(|why: toml::de::Error| told(why.message().to_owned()))?;
        let Some(migrate) = table.get("migrate").and_then(toml::Value::as_table) else {
            return Ok(Self::default());
        };
        let word = |name: &str| migrate.get(name).and_then(toml::Value::as_str);
        let mut ignored = Vec::new();
        if let Some(value) = migrate.get("ignored-chars") {
            let letters = value.as_array().into_iter().flatten();
            for letter in letters {
                let mut text = letter.as_str().unwrap_or_default().chars();
                match (text.next(), text.next()) {
                    (Some(letter), None) => ignored.push(letter),
                    _ => return Err(told("ignored-chars is no list of single letters".to_owned())),
                }
            }
        }
        Ok(Self {
            folder: word("migrations-dir").map(PathBuf::from),
            table: word("table-name").map(str::to_owned),
            ignored,
        })
    }
}
