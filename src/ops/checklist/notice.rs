//! Telling the team: the project's own command, run to its end; that it ended well is evidence.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;
use tokio::process::Command;

use super::Checklist;
use crate::config::{Config, Target};
use crate::db::stop::Stop;
use crate::ops::evidence::{Cabinet, Evidence, Sort};
use crate::problem::{Problem, Result};

/// How long the command may take.
const PATIENCE: Duration = Duration::from_secs(60);

impl Checklist {
    /// Runs the command `notify`, and keeps that it ended well. It finds the environment, the
    /// operation, the database and the migrations in variables; no address and no password is among
    /// them.
    ///
    /// # Errors
    /// There is none, it cannot be started, takes too long, or does not end well.
    pub async fn notify(&self, config: &Config, target: &Target, stop: &Stop) -> Result<()> {
        let Some(command) = &self.checks.notify else { return Err(unconfigured()) };
        let failed = |why: String| {
            Problem::failed(
                "The command that tells the team has failed",
                format!("{command}: {why}"),
                "correct notify in dbstudio.toml, or tell them and say --ack team-notified",
            )
        };
        let mut child = Command::new("sh")
            .args(["-c", command])
            .current_dir(config.project_folder())
            .env("DBSTUDIO_ENVIRONMENT", target.name.as_deref().unwrap_or_default())
            .env("DBSTUDIO_DATABASE", &self.database)
            .env("DBSTUDIO_OPERATION", self.operation)
            .env("DBSTUDIO_MIGRATIONS", self.migrations.join(" "))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            // A group of its own, so that what it starts can be ended with it.
            .process_group(0)
            .spawn()
            .map_err(|why| failed(why.to_string()))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let ended = tokio::select! {
            biased;
            () = stop.asked() => Err(Problem::cancelled("Stopped")),
            done = tokio::time::timeout(PATIENCE, child.wait()) => match done {
                Err(_) => Err(failed(format!("it ran for {} s", PATIENCE.as_secs()))),
                Ok(Err(why)) => Err(failed(why.to_string())),
                Ok(Ok(status)) if status.success() => Ok(()),
                Ok(Ok(status)) => Err(failed(status.to_string())),
            },
        };
        if let (Err(_), Some(group)) = (&ended, group) {
            // A group that has ended by itself meanwhile needs nothing.
            let _ = kill_process_group(group, Signal::KILL);
        }
        ended?;
        let evidence = Evidence::now(
            Sort::Notification,
            self.bond.clone(),
            "the command notify ran and ended well",
            json!({ "migrations": self.migrations }),
        );
        Cabinet::of(&config.places().state, &self.bond.database).keep(&evidence)
    }
}

fn unconfigured() -> Problem {
    Problem::usage(
        "There is no command to tell the team with",
        "notify is not configured for this environment",
        "write notify = \"…\" there, or tell them and say --ack team-notified",
    )
}
