//! PostgreSQL's own programs: finding those of a fitting version, and running them with everything
//! they need to reach the server. A password goes to the program alone, in a variable; never into
//! its arguments.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::config::{Host, PostgresAddress, Secret};
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};

/// The programs of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) struct Tools {
    /// Where they are.
    folder: PathBuf,
    /// The major version.
    pub(in crate::ops) major: i64,
    /// The version as they print it: `15.18`.
    pub(in crate::ops) version: String,
}

/// Finds the programs, at least of a major version: on the path, else where they are installed.
///
/// # Errors
/// There are none, or all are older; the package to install is named.
pub(in crate::ops) async fn find(least: i64) -> Result<Tools> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(installed());
    let mut newest: Option<Tools> = None;
    for folder in folders {
        let whole = ["pg_dump", "pg_restore"].iter().all(|name| folder.join(name).is_file());
        if !whole {
            continue;
        }
        let Some(tools) = version(&folder).await else { continue };
        if tools.major >= least {
            return Ok(tools);
        }
        if newest.as_ref().is_none_or(|found| found.major < tools.major) {
            newest = Some(tools);
        }
    }
    let why = match newest {
        Some(found) => format!(
            "the server is PostgreSQL {least}, and the newest pg_dump here is {} ({})",
            found.version,
            found.folder.display()
        ),
        None => "there is no pg_dump here".to_owned(),
    };
    Err(Problem::failed(
        "PostgreSQL's own programs for backups are missing",
        why,
        format!(
            "install version {least} or later: Debian and Ubuntu: apt-get install \
             postgresql-client-{least}; Fedora: dnf install postgresql; macOS: brew install \
             postgresql@{least}"
        ),
    ))
}

/// Where systems install them, the newest first.
fn installed() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for parent in ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt", "/usr/local/opt"] {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let digits = name.trim_start_matches("postgresql@").trim_start_matches("pgsql-");
            if let Ok(version) = digits.parse() {
                found.push((version, entry.path().join("bin")));
            }
        }
    }
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder).collect()
}

async fn version(folder: &Path) -> Option<Tools> {
    let mut asked = Command::new(folder.join("pg_dump"));
    asked.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
    let output = asked.output().await.ok().filter(|output| output.status.success())?;
    // pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().nth(2)?.to_owned();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some(Tools { folder: folder.to_path_buf(), major: digits.parse().ok()?, version })
}

impl Tools {
    /// A program with what it needs to reach an address, and nothing of ours besides.
    pub(in crate::ops) fn command(&self, name: &str, address: Option<&PostgresAddress>) -> Command {
        let mut command = Command::new(self.folder.join(name));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(&name);
            }
        }
        command.env("LC_MESSAGES", "C").stdin(Stdio::null()).kill_on_drop(true).process_group(0);
        let Some(address) = address else { return command };
        let host = match &address.host {
            Host::Tcp(host) => host.trim_matches(['[', ']']).to_owned(),
            Host::Socket(folder) => folder.display().to_string(),
        };
        command.env("PGHOST", host).env("PGPORT", address.port.to_string());
        command.env("PGUSER", &address.user).env("PGDATABASE", &address.database);
        command.env("PGSSLMODE", address.ssl.word()).env("PGAPPNAME", "dbstudio");
        let files = [
            ("PGSSLROOTCERT", &address.ssl_root_cert),
            ("PGSSLCERT", &address.ssl_cert),
            ("PGSSLKEY", &address.ssl_key),
        ];
        for (name, file) in files {
            if let Some(file) = file {
                command.env(name, file);
            }
        }
        if let Some(password) = address.password.as_ref().map(Secret::reveal) {
            command.env("PGPASSWORD", password);
        }
        if let Some(options) = &address.options {
            command.env("PGOPTIONS", options);
        }
        command
    }
}

/// A program that runs; it ends, with all it started, when this goes.
pub(in crate::ops) struct Running {
    child: Child,
    name: &'static str,
}

impl Running {
    /// Starts a program.
    ///
    /// # Errors
    /// It cannot be started.
    pub(in crate::ops) fn start(mut command: Command, name: &'static str) -> Result<Self> {
        command.stderr(Stdio::piped());
        let child = command.spawn().map_err(|why| {
            let fix = "make sure that PostgreSQL's client programs are installed";
            Problem::failed(format!("{name} cannot be started"), why.to_string(), fix)
        })?;
        Ok(Self { child, name })
    }

    /// Hands everything it prints to `take`, and waits for its end.
    ///
    /// # Errors
    /// It fails, what it prints cannot be taken, or the work was stopped.
    pub(in crate::ops) async fn output(
        mut self,
        stop: &Stop,
        take: &mut (dyn FnMut(&[u8]) -> std::io::Result<()> + Send),
    ) -> Result<()> {
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        let reading = async {
            let Some(mut out) = out else { return Ok(()) };
            let mut part = vec![0; 1 << 16];
            loop {
                let count = out.read(&mut part).await?;
                if count == 0 {
                    return Ok(());
                }
                take(part.get(..count).unwrap_or_default())?;
            }
        };
        // Reading that fails lets go of the pipe, which ends the program: its words then end too.
        let work = async { tokio::join!(reading, words(err)) };
        let (read, words) = tokio::select! {
            biased;
            () = stop.asked() => return Err(self.stopped()),
            done = work => done,
        };
        if let Err(why) = read {
            let name = self.name;
            self.end();
            return Err(unwritable(name, &why));
        }
        let status = self.child.wait().await;
        self.judge(status, &words)
    }

    /// Hands it a file, and waits for its end.
    ///
    /// # Errors
    /// It fails, the file cannot be read, or the work was stopped.
    pub(in crate::ops) async fn input(
        mut self,
        file: &Path,
        fed: &mut (dyn FnMut(usize) + Send),
        stop: &Stop,
    ) -> Result<()> {
        let (pipe, err) = (self.child.stdin.take(), self.child.stderr.take());
        let feeding = async {
            let Some(mut pipe) = pipe else { return Ok(()) };
            let mut file = tokio::fs::File::open(file).await?;
            let mut part = vec![0; 1 << 16];
            loop {
                let count = file.read(&mut part).await?;
                let read = part.get(..count).unwrap_or_default();
                match pipe.write_all(read).await {
                    // It stopped reading: its own words say why.
                    Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
                    written => written?,
                }
                if count == 0 {
                    return pipe.shutdown().await;
                }
                fed(count);
            }
        };
        let work = async { tokio::join!(feeding, words(err)) };
        let (fed, words) = tokio::select! {
            biased;
            () = stop.asked() => return Err(self.stopped()),
            done = work => done,
        };
        if let Err(why) = fed {
            self.end();
            return Err(Problem::failed(
                format!("{} cannot be read", file.display()),
                why.to_string(),
                "make sure that the backup may be read",
            ));
        }
        let status = self.child.wait().await;
        self.judge(status, &words)
    }

    fn stopped(&mut self) -> Problem {
        self.end();
        Problem::cancelled("Stopped")
    }

    fn end(&mut self) {
        let group = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // One that has ended by itself meanwhile needs nothing.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn judge(&self, status: std::io::Result<ExitStatus>, words: &str) -> Result<()> {
        if status.as_ref().is_ok_and(ExitStatus::success) {
            return Ok(());
        }
        let how = match status {
            Ok(status) => status.to_string(),
            Err(why) => why.to_string(),
        };
        let why = if words.is_empty() { how } else { words.to_owned() };
        Err(Problem::failed(
            format!("{} failed", self.name),
            why,
            "its words say what to correct; run the command again then",
        ))
    }
}

/// The last lines of what a program says.
async fn words(stream: Option<tokio::process::ChildStderr>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        // What cannot be read of its words is only missing from a message.
        drop(stream.read_to_end(&mut bytes).await);
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(8);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// The problem of a file that cannot be written to its end.
pub(super) fn unwritable(what: &str, why: &std::io::Error) -> Problem {
    let full = matches!(
        why.kind(),
        std::io::ErrorKind::StorageFull
            | std::io::ErrorKind::QuotaExceeded
            | std::io::ErrorKind::FileTooLarge
    );
    Problem::failed(
        "The backup could not be written",
        format!("what {what} gave did not fit: {why}"),
        if full {
            "make room, or name another folder with backups in [project]; nothing is left of it"
        } else {
            "make sure that the folder may be written to; nothing is left of it"
        },
    )
}
