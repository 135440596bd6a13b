//! The demo project: made in the person's data folder on first use, and opened from there.
//!
//! It is built in a folder of another name, its database flushed to the disk, and renamed: there is a
//! whole demo or none, whenever the program is killed. What is there is never written again:
//! it is the person's to change, and to delete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::config::{
    Address, MaskedColumn, Origin, Protection, SessionSettings, SqliteAddress, Target,
};
use crate::db::script::create_sqlite;
use crate::problem::{Problem, Result};

/// The schema, in SQL that both engines understand.
pub const SCHEMA: &str = include_str!("../../assets/demo/schema.sql");

/// The project's configuration.
pub const CONFIGURATION: &str = include_str!("../../assets/demo/dbstudio.toml");

/// The sample rows, by file name, in the order they must be loaded.
pub const SEEDS: &[(&str, &str)] = &[
    ("01_users.sql", include_str!("../../assets/demo/seeds/01_users.sql")),
    ("02_accounts.sql", include_str!("../../assets/demo/seeds/02_accounts.sql")),
    ("03_token_vault.sql", include_str!("../../assets/demo/seeds/03_token_vault.sql")),
    ("04_sessions.sql", include_str!("../../assets/demo/seeds/04_sessions.sql")),
    ("05_audit_log.sql", include_str!("../../assets/demo/seeds/05_audit_log.sql")),
];

macro_rules! migration {
    ($name:literal) => {
        Migration {
            name: $name,
            up: include_str!(concat!("../../migrations/", $name, ".up.sql")),
            down: include_str!(concat!("../../migrations/", $name, ".down.sql")),
        }
    };
}

/// The migrations that make the schema, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    migration!("0001_users_and_accounts"),
    migration!("0002_token_vault"),
    migration!("0003_sessions"),
    migration!("0004_audit_log"),
    migration!("0005_last_seen"),
    migration!("0006_user_overview"),
];

/// A migration of the demo project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its version and description, as its files are called without their endings.
    pub name: &'static str,
    /// The SQL that applies it.
    pub up: &'static str,
    /// The SQL that takes it back.
    pub down: &'static str,
}

/// A build older than this was left by a run that was killed.
const ABANDONED_AFTER: Duration = Duration::from_secs(600);

/// The demo project's folder within the person's data folder.
pub fn folder(data: &Path) -> PathBuf {
    data.join("demo")
}

/// Makes the demo project in the data folder, unless it is there, and says where it is.
///
/// # Errors
/// When the data folder cannot be written.
pub async fn make(data: &Path) -> Result<Target> {
    let folder = folder(data);
    let file = folder.join("demo.db");
    if !file.exists() {
        let partial = data.join(format!("demo.{}.partial", std::process::id()));
        let built = build(data, &partial, &folder).await;
        // Whatever came of it, what is left under the other name is of no use.
        let removed = if partial.exists() { fs::remove_dir_all(&partial) } else { Ok(()) };
        built?;
        removed.map_err(|why| unwritable(&partial, &why))?;
    }
    Ok(target(file))
}

/// The demo's database as a target to connect to.
fn target(file: PathBuf) -> Target {
    Target {
        name: Some("demo".to_owned()),
        address: Address::Sqlite(SqliteAddress {
            file: Some(file),
            read_only: false,
            immutable: false,
        }),
        protection: Protection::Development,
        origin: Origin::Demo,
        read_only: false,
        session: SessionSettings::default(),
        masked: vec![MaskedColumn {
            schema: "main".to_owned(),
            table: "token_vault".to_owned(),
            column: "ciphertext".to_owned(),
        }],
    }
}

/// Builds the project under another name and puts it in its place.
async fn build(data: &Path, partial: &Path, folder: &Path) -> Result<()> {
    let told = |why: io::Error| unwritable(data, &why);
    fs::create_dir_all(data).map_err(told)?;
    remove_abandoned(data).map_err(told)?;
    write_files(partial).map_err(told)?;
    let seeds = SEEDS.iter().map(|(_, seed)| *seed);
    let scripts: Vec<&'static str> = std::iter::once(SCHEMA).chain(seeds).collect();
    create_sqlite(&partial.join("demo.db"), &scripts).await?;
    place(partial, folder).map_err(told)
}

/// Puts what was built in its place: the folder as a whole, or where a folder is left that has
/// lost its database, that alone.
fn place(partial: &Path, folder: &Path) -> io::Result<()> {
    fs::File::open(partial)?.sync_all()?;
    if folder.exists() {
        return fs::rename(partial.join("demo.db"), folder.join("demo.db"));
    }
    match fs::rename(partial, folder) {
        // Another run was faster; its demo is as good.
        Err(_) if folder.join("demo.db").exists() => Ok(()),
        renamed => renamed,
    }
}

fn write_files(partial: &Path) -> io::Result<()> {
    let (migrations, seeds) = (partial.join("migrations"), partial.join("seeds"));
    for folder in [partial, &migrations, &seeds] {
        fs::create_dir(folder)?;
    }
    fs::write(partial.join("dbstudio.toml"), CONFIGURATION)?;
    fs::write(partial.join("schema.sql"), SCHEMA)?;
    for migration in MIGRATIONS {
        fs::write(migrations.join(format!("{}.up.sql", migration.name)), migration.up)?;
        fs::write(migrations.join(format!("{}.down.sql", migration.name)), migration.down)?;
    }
    SEEDS.iter().try_for_each(|(name, seed)| fs::write(seeds.join(name), seed))
}

/// Removes what killed runs left behind.
fn remove_abandoned(data: &Path) -> io::Result<()> {
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with("demo.") || !name.ends_with(".partial") {
            continue;
        }
        let of_this_process = name == format!("demo.{}.partial", std::process::id());
        let age = SystemTime::now().duration_since(entry.metadata()?.modified()?);
        if of_this_process || age.is_ok_and(|age| age > ABANDONED_AFTER) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn unwritable(folder: &Path, why: &io::Error) -> Problem {
    Problem::failed(
        format!("The demo project cannot be made in {}", folder.display()),
        why.to_string(),
        "make sure that the folder can be written to, or choose another one with XDG_DATA_HOME",
    )
}
