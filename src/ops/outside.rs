//! A command of the project's own, named in its configuration: it runs with `sh -c` in a folder,
//! without input, is ended with all it started when it takes too long or was stopped, and what it
//! prints is taken, not shown.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::db::stop::Stop;
use crate::problem::{Problem, Result};

/// How long a command may take.
const COMMAND_TIME: Duration = Duration::from_secs(120);

/// The most that is taken of what it prints, in bytes.
const MOST: u64 = 256 * 1024 * 1024;

/// How many lines of what a command said are shown.
const LAST_LINES: usize = 12;

/// What a command is for, in words that problems are made of.
pub(super) struct Purpose {
    /// `command for the schema`.
    pub(super) what: &'static str,
    /// What to do when it fails.
    pub(super) fix: &'static str,
}

/// What a command printed.
#[derive(Debug)]
pub(super) struct Ran {
    /// What it printed on standard output.
    pub(super) printed: Vec<u8>,
    /// The last lines of what it said on standard error.
    pub(super) said: String,
}

impl Ran {
    /// The last lines of all it printed, as text.
    pub(super) fn words(&self) -> String {
        let words = [last_lines(&self.printed), self.said.clone()];
        let words = words.into_iter().filter(|words| !words.is_empty());
        words.collect::<Vec<_>>().join("\n")
    }
}

/// Runs a command and takes what it prints.
///
/// # Errors
/// It cannot be started, fails, takes too long, or was stopped.
pub(super) async fn run(
    command: &str,
    folder: &Path,
    purpose: &Purpose,
    stop: &Stop,
) -> Result<Ran> {
    let what = purpose.what;
    let mut child = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        // A group of its own, so that what it starts can be ended with it.
        .process_group(0)
        .spawn()
        .map_err(|why| {
            Problem::failed(
                format!("The {what} cannot be started"),
                format!("sh in {}: {why}", folder.display()),
                "make sure that there is a shell and that the folder exists",
            )
        })?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let outcome = tokio::select! {
        biased;
        () = stop.asked() => Err(Problem::cancelled("Stopped")),
        done = tokio::time::timeout(COMMAND_TIME, finish(&mut child, what)) => {
            done.unwrap_or_else(|_| Err(too_long(command, what)))
        }
    };
    if outcome.is_err() {
        if let Some(group) = group {
            // A group that has ended by itself meanwhile needs nothing.
            let _ = kill_process_group(group, Signal::KILL);
        }
        drop(child.wait().await);
    }
    let (status, out, err) = outcome?;
    let said = last_lines(&err);
    if !status.success() {
        let all = Ran { printed: out, said };
        return Err(failed(command, status, &all.words(), purpose));
    }
    Ok(Ran { printed: out, said })
}

type Finished = (ExitStatus, Vec<u8>, Vec<u8>);

/// Waits for the end of a command and of what it prints.
async fn finish(child: &mut Child, what: &str) -> Result<Finished> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err, status) = tokio::join!(all(out), all(err), child.wait());
    let told = |why: std::io::Error| {
        Problem::failed(
            format!("What the {what} prints cannot be read"),
            why.to_string(),
            "run it by hand to see what it does",
        )
    };
    Ok((status.map_err(told)?, out.map_err(told)?, err.map_err(told)?))
}

async fn all(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(MOST).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn too_long(command: &str, what: &str) -> Problem {
    Problem::failed(
        format!("The {what} takes too long and was ended"),
        format!("{command} ran for {} s", COMMAND_TIME.as_secs()),
        "run it by hand to see what it waits for; it gets no input",
    )
}

fn failed(command: &str, status: ExitStatus, last: &str, purpose: &Purpose) -> Problem {
    let how = match status.code() {
        // As a shell reports it (POSIX, "Exit Status for Commands").
        Some(127) => "there is no such command (exit code 127)".to_owned(),
        Some(126) => "it may not be run (exit code 126)".to_owned(),
        Some(code) => format!("it ended with exit code {code}"),
        None => "it was ended by a signal".to_owned(),
    };
    let said = if last.is_empty() { String::new() } else { format!(":\n{last}") };
    Problem::failed(
        format!("The {} failed", purpose.what),
        format!("{command}: {how}{said}"),
        purpose.fix,
    )
}

/// The last lines of what a command said.
fn last_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let skipped = lines.len().saturating_sub(LAST_LINES);
    lines.into_iter().skip(skipped).collect::<Vec<_>>().join("\n")
}
