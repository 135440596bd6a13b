//! The arguments as they are typed. Nothing here looks at files, variables or databases.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration, 3 a check found something,
4 refused by a safety rule.";

/// A database studio for the terminal: browse PostgreSQL and SQLite, and change their schemas
/// safely.
#[derive(Debug, Parser)]
#[command(name = "dbstudio", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub(super) struct Arguments {
    /// What to open: a URL (postgres://…, sqlite:…), a SQLite file, or the name of an
    /// environment or a saved connection
    #[arg(value_name = "DATABASE", value_hint = ValueHint::AnyPath)]
    pub(super) target: Option<String>,
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) action: Option<Action>,
}

/// What holds for every command.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// The environment of dbstudio.toml to work on
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// The database's address; stronger than the environment
    #[arg(long, global = true, value_name = "URL")]
    pub(super) url: Option<String>,
    /// The project's configuration file, instead of the dbstudio.toml found upwards from here
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
    /// Print the result, and a problem, as JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Let the server refuse every write
    #[arg(long, global = true)]
    pub(super) read_only: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

/// What to do instead of opening the studio.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Open the studio on a sample project, made on first use
    Demo,
    /// Start a project here: dbstudio.toml, schema.sql, migrations/, seeds/
    Init,
    /// Show everything worth knowing: connection, server, tables with columns, rows and sizes
    Status {
        /// The database, as for `dbstudio DATABASE`
        #[arg(value_name = "DATABASE", value_hint = ValueHint::AnyPath)]
        target: Option<String>,
    },
    /// Print the script that completes dbstudio's arguments in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The whole command line as data, for completions and for the documentation's test.
pub fn command() -> clap::Command {
    Arguments::command()
}
