//! How each table was left: columns hidden, pinned and resized. One small file a database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Address, disk, sqlite};
use crate::problem::Result;

/// How a table was left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TableLook {
    /// Columns that are not drawn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
    /// Columns that stay in sight, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<String>,
    /// Columns of a chosen width, in cells of the screen.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub widths: BTreeMap<String, u16>,
}

/// How the tables of one database were left, by schema and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Looks(BTreeMap<String, BTreeMap<String, TableLook>>);

impl Looks {
    /// How a table was left, if it was touched.
    pub fn get(&self, schema: &str, table: &str) -> Option<&TableLook> {
        self.0.get(schema)?.get(table)
    }

    /// Keeps how a table is left; one left as it came is forgotten.
    pub fn set(&mut self, schema: &str, table: &str, look: TableLook) {
        let tables = self.0.entry(schema.to_owned()).or_default();
        if look == TableLook::default() {
            tables.remove(table);
        } else {
            tables.insert(table.to_owned(), look);
        }
        self.0.retain(|_, tables| !tables.is_empty());
    }

    /// Reads how a database's tables were left, and what is wrong with the file, if anything; a
    /// damaged file is set aside and counts as empty.
    pub fn load(state: &Path, address: &Address) -> (Self, Option<String>) {
        disk::recall(&file(state, address))
    }

    /// Writes how a database's tables are left.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, state: &Path, address: &Address) -> Result<()> {
        disk::remember(&file(state, address), self)
    }
}

/// A name for a database that fits in a file's name: the same for every user and from run to
/// run, and nothing that can be read back.
pub fn database_id(address: &Address) -> String {
    let text = match address {
        Address::Postgres(postgres) => format!("{}/{}", address.place(), postgres.database),
        Address::Sqlite(file) => match &file.file {
            Some(file) => sqlite::plain(file).display().to_string(),
            None => ":memory:".to_owned(),
        },
    };
    // FNV-1a, 64 bits: the standard library's hash may differ from one release to the next.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn file(state: &Path, address: &Address) -> PathBuf {
    state.join("looks").join(format!("{}.json", database_id(address)))
}
