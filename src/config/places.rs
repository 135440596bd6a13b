//! Where dbstudio keeps things on this machine: settings, data and memories, each in the
//! platform's folder for it.
//!
//! On Linux these follow the XDG base directories; a folder named by `XDG_CONFIG_HOME`,
//! `XDG_DATA_HOME` or `XDG_STATE_HOME` is honoured on every platform, so that a test or a
//! container can keep a studio to itself. Nothing is made here.

use std::path::{Path, PathBuf};

use super::Variables;
use crate::problem::{Problem, Result};

/// The folder's name in each of the platform's folders.
const NAME: &str = "dbstudio";

/// The folders that are dbstudio's on this machine. They need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The person's settings and saved connections (`config.toml`).
    pub config: PathBuf,
    /// The demo project and other data that can be made again.
    pub data: PathBuf,
    /// What is remembered between runs: recent addresses, views of tables, journals.
    pub state: PathBuf,
}

impl Places {
    /// The folders for this person.
    ///
    /// # Errors
    /// When neither the variables nor the system name a home folder.
    pub fn find(variables: &Variables) -> Result<Self> {
        let named = |name: &str| {
            let folder = PathBuf::from(variables.process(name)?);
            // The XDG specification has relative paths ignored.
            folder.is_absolute().then(|| folder.join(NAME))
        };
        let own = directories::ProjectDirs::from("", "", NAME);
        let own = own.as_ref();
        let config = named("XDG_CONFIG_HOME").or_else(|| own.map(|own| own.config_dir().into()));
        let data = named("XDG_DATA_HOME").or_else(|| own.map(|own| own.data_dir().into()));
        let state = named("XDG_STATE_HOME").or_else(|| {
            own.map(|own| own.state_dir().unwrap_or_else(|| own.data_local_dir()).into())
        });
        match (config, data, state) {
            (Some(config), Some(data), Some(state)) => Ok(Self { config, data, state }),
            _ => Err(Problem::usage(
                "There is no folder for dbstudio's settings",
                "neither HOME nor the system's list of users names a home folder",
                "Set HOME, or XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_STATE_HOME",
            )),
        }
    }

    /// The person's settings file.
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }
}

/// The person's home folder, as libpq finds it: `HOME`, or else what the system says.
pub(crate) fn home(variables: &Variables) -> Option<PathBuf> {
    variables
        .process("HOME")
        .map(PathBuf::from)
        .or_else(|| directories::BaseDirs::new().map(|dirs| Path::to_path_buf(dirs.home_dir())))
}
