//! What the person and the project have settled: the file as written, environments resolved
//! (flag over variable over file), protection, masks, keys and looks.
//!
//! Nothing here connects to anything, and no value of a variable or password ever reaches a
//! message: names only.

mod address;
mod bytes;
mod checklist;
mod choice;
mod conninfo;
pub mod discovery;
mod disk;
mod expand;
mod fault;
mod file;
mod flags;
mod libpq;
mod mask;
mod named;
mod nearest;
mod password_file;
mod percent;
mod places;
mod project;
pub mod recent;
pub mod remembered;
mod required;
mod resolve;
mod service;
pub mod settings;
mod span;
mod sqlite;
mod sqlx_file;
pub mod url;
mod variables;
mod veil;

use std::collections::BTreeMap;
use std::time::Duration;

pub use address::{Address, Host, PostgresAddress, Secret, SqliteAddress, SslMode};
pub use checklist::{Checks, Window, items as checklist_items, minute};
pub use choice::Choice;
pub(crate) use disk::{make_folder, recall, remember, replace_whole};
pub use fault::Fault;
pub use flags::Flags;
pub use places::Places;
pub use project::{Numbering, Policy, Project, SchemaSource};
pub use remembered::{Looks, TableLook, database_id};
pub use required::{Requirement, RequirementState, Rule, State};
pub use resolve::Config;
pub use sqlx_file::SqlxSettings;
pub use variables::Variables;
pub use veil::veiled;

/// How careful dbstudio must be with a database.
///
/// The order is that of strictness: the greater is the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protection {
    /// Anything goes, destruction after a checklist.
    Development,
    /// No push; destruction only after the database's name was typed.
    Staging,
    /// Read-only until unlocked; nothing that drops.
    Production,
}

/// Where the address of a target came from, for the person to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An argument or `--url`.
    Flag,
    /// A variable, by name (`DATABASE_URL`, or `PGHOST` and its family).
    Variable(String),
    /// An environment of the project's `dbstudio.toml`.
    Environment(String),
    /// A saved connection of the user's settings.
    Saved(String),
    /// An address opened before.
    Recent,
    /// The demo project.
    Demo,
}

impl Protection {
    /// The word for it, as it is written in a file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// One database to work on, resolved: everything a connection needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The name of the environment or saved connection, if it has one.
    pub name: Option<String>,
    /// Where the database is.
    pub address: Address,
    /// How careful to be.
    pub protection: Protection,
    /// Where the address came from.
    pub origin: Origin,
    /// Whether every session must be read-only, as `--read-only` asks.
    pub read_only: bool,
    /// Timeouts, time zone and pooling.
    pub session: SessionSettings,
    /// Columns shown as dots.
    pub masked: Vec<MaskedColumn>,
}

/// How sessions are set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSettings {
    /// How long connecting may take, all attempts together.
    pub connect_timeout: Duration,
    /// How long one statement may take; `None` for no limit.
    pub statement_timeout: Option<Duration>,
    /// The session time zone; the server's own where `None`. Either way it is set explicitly on
    /// every session, so that it cannot differ between two.
    pub time_zone: Option<String>,
    /// Whether the server is behind a pooler that gives each transaction another session;
    /// `None` to find out.
    pub transaction_pooler: Option<bool>,
    /// How long a migrator waits for another one.
    pub lock_wait: Duration,
    /// Whether dbstudio keeps tables of its own in the database, of what it did to it.
    pub ledger: bool,
    /// Whether what migrations destroy is kept there too; by the protection where `None`.
    pub capsule: Option<bool>,
    /// The most bytes that are kept of one migration.
    pub capsule_limit: u64,
    /// How many days they are kept.
    pub capsule_keep: u64,
}

/// A column whose values are shown as dots until revealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedColumn {
    /// The schema of the table (`main` on SQLite).
    pub schema: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

/// How the screens look and listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The theme's name: `dark`, `light`, `high-contrast` or `none`; by the terminal when `None`.
    pub theme: Option<String>,
    /// Whether only ASCII may be drawn; by the locale when `None`.
    pub ascii: Option<bool>,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// Keys that differ from the defaults: command id to the keys that run it.
    pub keys: BTreeMap<String, Vec<String>>,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            statement_timeout: None,
            time_zone: None,
            transaction_pooler: None,
            lock_wait: Duration::from_secs(60),
            ledger: true,
            capsule: None,
            capsule_limit: 100 << 20,
            capsule_keep: 30,
        }
    }
}

impl Default for Interface {
    fn default() -> Self {
        Self { theme: None, ascii: None, mouse: true, keys: BTreeMap::new() }
    }
}

impl Target {
    /// Whether what migrations destroy is kept in the database, so that taking them back brings it
    /// back: where nobody said, everywhere but in development.
    pub fn keeps_capsules(&self) -> bool {
        self.session.capsule.unwrap_or(self.protection != Protection::Development)
    }

    /// Whether the column is masked. Case does not count: SQLite has no regard for it, and
    /// dots too many do less harm than a secret shown.
    pub fn masks(&self, schema: &str, table: &str, column: &str) -> bool {
        let hit = |mask: &MaskedColumn| {
            mask.schema.eq_ignore_ascii_case(schema)
                && mask.table.eq_ignore_ascii_case(table)
                && mask.column.eq_ignore_ascii_case(column)
        };
        self.masked.iter().any(hit)
    }
}
