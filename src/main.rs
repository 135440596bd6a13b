//! The `dbstudio` binary: hands over to the command line and turns its outcome into an exit code.

use std::process::ExitCode;

use dbstudio::cli::{self, Outcome};
use dbstudio::tui;

fn main() -> ExitCode {
    // A second installation is the only way this fails, and the first is then in place.
    drop(color_eyre::install());
    match cli::run(std::env::args_os()) {
        Outcome::Done(code) => ExitCode::from(code),
        Outcome::OpenStudio(start) => match tui::open(start.config, start.target) {
            Ok(ending) => ExitCode::from(ending.exit_code()),
            Err(problem) => ExitCode::from(cli::report(&problem, false)),
        },
    }
}
