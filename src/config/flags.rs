//! What the command line says about which database to open.
//!
//! Holds text as it was typed, so it does not print what may be an address.

use std::path::PathBuf;

use super::nearest::shown;

/// What the command line says about which database to open.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// The argument without a flag: an address, a file, or a name.
    pub target: Option<String>,
    /// `--url`.
    pub url: Option<String>,
    /// `-e`, `--env`.
    pub environment: Option<String>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--read-only`.
    pub read_only: bool,
}

impl std::fmt::Debug for Flags {
    /// Shows names, never what may be an address with its password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flags")
            .field("target", &self.target.as_deref().map(shown))
            .field("url", &self.url.as_ref().map(|_| "…"))
            .field("environment", &self.environment)
            .field("config", &self.config)
            .field("read_only", &self.read_only)
            .finish()
    }
}
