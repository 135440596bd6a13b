//! How fast the schema engine is: large schemas read, compared and planned in memory, and
//! `dbstudio generate` from its start to its end, on databases this program makes itself.
//!
//! `cargo bench --bench schema` prints a table in Markdown. Arguments, after `--`: `--only WORD`
//! for the groups whose name holds the word, `--check` to fail when a figure is beyond its limit.
//! Nothing here is a mock, and no figure is taken from anywhere but the clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

#[expect(dead_code, reason = "the studio's benchmark notes more than this one")]
mod figures;
mod generating;
mod planning;
#[expect(dead_code, reason = "the studio's benchmark asks more of a process than this one")]
mod process;
mod schemas;

mod child;
#[expect(dead_code, reason = "the tests use more of their server than a benchmark does")]
#[path = "../it/server.rs"]
mod server;

use std::process::ExitCode;

use figures::Figures;

/// What is measured together, and its name.
type Group = (&'static str, fn(&mut Figures));

const GROUPS: [Group; 2] = [("planning", planning::measure), ("generate", generating::measure)];

fn main() -> ExitCode {
    let (mut only, mut check) = (None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--only" => only = arguments.next(),
            "--check" => check = true,
            // Cargo hands this on to every benchmark.
            "--bench" => {}
            other => {
                eprintln!("unknown argument {other}\nArguments: [--only WORD] [--check]");
                return ExitCode::from(2);
            }
        }
    }
    let mut figures = Figures::default();
    for (name, measure) in GROUPS {
        if only.as_ref().is_none_or(|only| name.contains(only.as_str())) {
            measure(&mut figures);
        }
    }
    figures.end(check)
}
