//! How fast the studio is: the real binary on a terminal, timed from a key to the screen that
//! must follow from it, on databases this program makes itself.
//!
//! `cargo bench --bench speed` prints a table in Markdown. Arguments, after `--`:
//! `--rows N` for the large table (10,000,000 if not given; 100,000 for a quick look),
//! `--only WORD` for the groups whose name holds the word, `--check` to fail when a figure is
//! beyond its limit. Nothing here is a mock, and no figure is taken from anywhere but the clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

mod browsing;
mod databases;
mod figures;
mod large_values;
mod opening;
mod process;
mod visit;
mod wide;

#[expect(dead_code, reason = "the tests use more of their terminal than a benchmark does")]
#[path = "../it/screen.rs"]
mod screen;

#[expect(dead_code, reason = "the tests use more of their server than a benchmark does")]
#[path = "../it/server.rs"]
mod server;

use std::process::ExitCode;

use figures::Figures;

/// What was asked for on the command line.
struct Wanted {
    rows: u64,
    only: Option<String>,
    check: bool,
}

/// What is measured together, and its name.
type Group<'a> = (&'a str, &'a dyn Fn(&mut Figures));

fn main() -> ExitCode {
    let wanted = match read_arguments(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(why) => {
            eprintln!("{why}\nArguments: [--rows N] [--only WORD] [--check]");
            return ExitCode::from(2);
        }
    };
    let mut figures = Figures::default();
    let groups: [Group<'_>; 4] = [
        ("opening", &opening::measure),
        ("browsing", &|figures| browsing::measure(figures, wanted.rows)),
        ("wide", &wide::measure),
        ("large", &large_values::measure),
    ];
    for (name, measure) in groups {
        if wanted.only.as_ref().is_none_or(|only| name.contains(only.as_str())) {
            measure(&mut figures);
        }
    }
    figures.end(wanted.check)
}

fn read_arguments(arguments: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted { rows: 10_000_000, only: None, check: false };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rows" => {
                let rows = arguments.next().and_then(|rows| rows.parse().ok());
                wanted.rows = rows
                    .filter(|rows| *rows >= 10_000 && rows % 10_000 == 0)
                    .ok_or("--rows takes a multiple of 10000")?;
            }
            "--only" => wanted.only = Some(arguments.next().ok_or("--only takes a word")?),
            "--check" => wanted.check = true,
            // Cargo hands this on to every benchmark.
            "--bench" => {}
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(wanted)
}
