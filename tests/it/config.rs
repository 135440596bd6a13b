//! Configuration as a person meets it: files, variables and flags in, a target or the full text
//! of a problem out.

mod addresses;
mod files;
mod memories;
mod secrets;
mod targets;

use std::path::{Path, PathBuf};

use dbstudio::config::{Config, Flags, Target, Variables};
use dbstudio::problem::{Problem, Result};

/// A machine of its own: a home, a project, and the variables of a process.
pub(crate) struct Machine {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    pub(crate) flags: Flags,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut machine = Self { folder, variables: Vec::new(), flags: Flags::default() };
        for name in ["home", "project/deep", "settings/dbstudio", "data", "state"] {
            std::fs::create_dir_all(machine.path(name)).unwrap();
        }
        for (variable, folder) in [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "settings"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
        ] {
            let folder = machine.path(folder).display().to_string();
            machine.variables.push((variable.into(), folder));
        }
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// A file, with permissions as an editor would give it.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.path(name), text).unwrap();
        self
    }

    pub(crate) fn mode(self, name: &str, mode: u32) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), permissions).unwrap();
        self
    }

    pub(crate) fn project(self, text: &str) -> Self {
        self.file("project/dbstudio.toml", text)
    }

    pub(crate) fn settings(self, text: &str) -> Self {
        self.file("settings/dbstudio/config.toml", text)
            .mode("settings/dbstudio/config.toml", 0o600)
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub(crate) fn typed(mut self, text: &str) -> Self {
        self.flags.target = Some(text.into());
        self
    }

    pub(crate) fn environment(mut self, name: &str) -> Self {
        self.flags.environment = Some(name.into());
        self
    }

    pub(crate) fn config(&self) -> Result<Config> {
        let variables = Variables::from_pairs(self.variables.clone());
        Config::load(&self.flags, &self.path("project/deep"), variables)
    }

    pub(crate) fn target(&self) -> Result<Option<Target>> {
        self.config()?.target(&self.flags)
    }

    /// The target in one line: address, protection, and where it is from.
    pub(crate) fn line(&self) -> String {
        match self.target() {
            Ok(None) => "none".to_owned(),
            Ok(Some(target)) => self.plain(&format!(
                "{} {} {} {:?}",
                target.address,
                target.name.as_deref().unwrap_or("-"),
                target.protection.word(),
                target.origin
            )),
            Err(problem) => self.told(&problem),
        }
    }

    /// The full text of a problem, the machine's folder as `~`.
    pub(crate) fn told(&self, problem: &Problem) -> String {
        self.plain(&format!("{}\n{}\n{}", problem.what, problem.why, problem.fix))
    }

    pub(crate) fn plain(&self, text: &str) -> String {
        text.replace(&self.path("").display().to_string(), "~/")
            .replace(&Path::new(&self.path("x")).parent().unwrap().display().to_string(), "~")
    }
}
