//! From what is configured to a running studio. Nothing here draws or spawns.

use std::time::Instant;

use crate::app::command::COMMANDS;
use crate::app::model::Startup;
use crate::config::{Config, Target};
use crate::ops::session::Session;
use crate::problem::Result;
use crate::tui::event_loop::run;
use crate::tui::signals::Ending;

/// Opens the studio on `target`, or on the welcome screen without one.
///
/// # Errors
/// When a key is set for a command that does not exist, when there is no terminal the studio could run in, or the system refuses what it needs.
pub fn open(config: Config, target: Option<Target>) -> Result<Ending> {
    let commands: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
    config.check_commands(&commands)?;
    // Also with a target: when it cannot be opened, the welcome screen is a key away.
    let choices = config.choices();
    let start = Startup {
        target,
        choices,
        interface: config.interface().clone(),
        warnings: config.warnings().to_vec(),
        ascii: false,
        size: (80, 24),
        now: Instant::now(),
    };
    run(start, Session::new(config))
}
