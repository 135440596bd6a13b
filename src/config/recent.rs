//! Addresses that were opened before, newest first, without their passwords.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{Address, disk};
use crate::problem::Result;

/// How many addresses are kept.
pub const LIMIT: usize = 12;

/// An address that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// The address as a URL, without a password.
    pub url: String,
    /// The environment or saved connection it went by, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was opened last, in seconds since 1970.
    pub opened: u64,
}

/// The addresses opened before, newest first, and what is wrong with the file, if anything; a
/// damaged file is set aside and counts as empty.
pub fn load(state: &Path) -> (Vec<Recent>, Option<String>) {
    let (mut recent, warning): (Vec<Recent>, _) = disk::recall(&file(state));
    recent.truncate(LIMIT);
    (recent, warning)
}

/// Puts an address at the head of the list. A database in memory is gone once it is closed, and
/// is not kept.
///
/// # Errors
/// When the file cannot be written.
pub fn remember(
    state: &Path,
    address: &Address,
    name: Option<&str>,
    now: SystemTime,
) -> Result<()> {
    if matches!(address, Address::Sqlite(sqlite) if sqlite.file.is_none()) {
        return Ok(());
    }
    let opened = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let newest = Recent { url: address.to_url(), name: name.map(str::to_owned), opened };
    let (mut recent, _) = load(state);
    recent.retain(|other| other.url != newest.url);
    recent.insert(0, newest);
    recent.truncate(LIMIT);
    disk::remember(&file(state), &recent)
}

fn file(state: &Path) -> PathBuf {
    state.join("recent.json")
}
