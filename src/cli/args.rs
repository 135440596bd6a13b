//! The arguments as they are typed. Nothing here looks at files, variables or databases.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::export::ExportArguments;
use super::import::ImportArguments;

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
#[derive(Debug, Clone, Args)]
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
    /// Say yes to what is asked; without a terminal nothing is written otherwise
    #[arg(short, long, global = true)]
    pub(super) yes: bool,
    /// Items of a checklist you have made sure of, with a reason if you like; all for every one
    #[arg(long, global = true, value_name = "ITEM[=REASON]", value_delimiter = ',')]
    pub(super) ack: Vec<String>,
    /// Say more
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

/// How a change of a schema is planned.
#[derive(Debug, Clone, Args)]
pub(super) struct Planning {
    /// Show the plan and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// What has another name now: a table, a column, an index, …; may be given several times
    #[arg(long, value_name = "OLD=NEW")]
    pub(super) rename: Vec<String>,
    /// Nothing else was renamed: what is gone is dropped, what is new is made
    #[arg(long)]
    pub(super) no_renames: bool,
    /// Plan so that others can go on working meanwhile
    #[arg(long, overrides_with = "no_online")]
    pub(super) online: bool,
    /// Plan without regard to others
    #[arg(long)]
    pub(super) no_online: bool,
}

/// What is settled beforehand where the plan is not what is asked for.
#[derive(Debug, Clone, Args)]
pub(super) struct Settling {
    /// What has another name now: a table, a column, an index, …; may be given several times
    #[arg(long, value_name = "OLD=NEW")]
    pub(super) rename: Vec<String>,
    /// Nothing else was renamed: what is gone is dropped, what is new is made
    #[arg(long)]
    pub(super) no_renames: bool,
}

impl Settling {
    /// The same as the planning of a change.
    pub(super) fn planning(self) -> Planning {
        let Self { rename, no_renames } = self;
        Planning { dry_run: false, rename, no_renames, online: false, no_online: false }
    }
}

/// How something is written in a database.
#[derive(Debug, Clone, Args)]
pub(super) struct Written {
    /// Show what would be written and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The database's name, which production asks for; it says yes too
    #[arg(long, value_name = "NAME")]
    pub(super) confirm: Option<String>,
}

/// What is to be repaired.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Repaired {
    /// It is applied, whatever the database remembers
    #[arg(long, value_name = "MIGRATION")]
    pub(super) applied: Option<String>,
    /// It is not applied
    #[arg(long, value_name = "MIGRATION")]
    pub(super) not_applied: Option<String>,
    /// It is applied, and what its file is now is as good as what ran
    #[arg(long, value_name = "MIGRATION")]
    pub(super) accept: Option<String>,
}

/// A way out of a drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum WayOut {
    /// Make the database what its migrations give.
    Repair,
    /// Make what the migrations give into what the database has.
    Adopt,
}

/// What is said about renames.
#[derive(Debug, Clone, Args)]
pub(super) struct Renames {
    /// What has another name in the database: a table, a column, an index, …; may be given several
    /// times
    #[arg(long, value_name = "OLD=NEW")]
    pub(super) rename: Vec<String>,
    /// Nothing else was renamed
    #[arg(long)]
    pub(super) no_renames: bool,
}

/// How migrations are run.
#[derive(Debug, Clone, Args)]
pub(super) struct Running {
    /// Print the SQL and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Run all of them in one transaction
    #[arg(long)]
    pub(super) one_transaction: bool,
    /// The database's name, which production asks for; it says yes too
    #[arg(long, value_name = "NAME")]
    pub(super) confirm: Option<String>,
    /// Of the migration that was cut off, this many statements are done: go on after them
    #[arg(long, value_name = "NUMBER")]
    pub(super) resume_after: Option<usize>,
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
        /// Look for drift too: the applied migrations are replayed in a scratch database
        #[arg(long)]
        drift: bool,
    },
    /// Find out step by step why a database does not work, and what to do: settings, variables,
    /// host, port, login, rights, tables, migrations, data
    Doctor {
        /// The database, as for `dbstudio DATABASE`
        #[arg(value_name = "DATABASE", value_hint = ValueHint::AnyPath)]
        target: Option<String>,
        /// Look at large tables too, however long it takes
        #[arg(long)]
        thorough: bool,
    },
    /// Set a database up: generate, then migrate, then status
    Setup {
        #[command(flatten)]
        planning: Settling,
        /// The database's name, which production asks for; it says yes too
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    /// Start a development or staging database afresh: reset, then setup, then seed
    Fresh {
        #[command(flatten)]
        planning: Settling,
        /// The database's name as the server reports it, which staging asks for
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    #[command(flatten)]
    Schema(SchemaVerb),
    #[command(flatten)]
    Migrations(MigrationVerb),
    #[command(flatten)]
    Rows(RowVerb),
    /// Print the script that completes dbstudio's arguments in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// What is done with schemas.
#[derive(Debug, Subcommand)]
pub(super) enum SchemaVerb {
    /// Write the next migration: what leads from the migrations to the schema, and back
    Generate {
        /// What the migration is called; after what it does if you give none
        name: Option<String>,
        #[command(flatten)]
        planning: Planning,
        /// Write a migration with nothing in it
        #[arg(long, conflicts_with_all = ["dry_run", "rename", "no_renames", "check"])]
        empty: bool,
        /// Write nothing, and exit with 3 if there is something to write
        #[arg(long, conflicts_with = "dry_run")]
        check: bool,
    },
    /// Make a development database match the schema, without a migration
    Push {
        #[command(flatten)]
        planning: Planning,
    },
    /// Write the schema of a database as SQL
    Pull {
        /// The file or folder to write; - prints it. The project's schema if you give none
        #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        out: Option<PathBuf>,
        /// Write a folder with a file for each table
        #[arg(long)]
        split: bool,
    },
    /// Show the SQL that leads from one schema to another: each is schema, migrations, database,
    /// a URL, an environment, or a file or folder of SQL
    Diff {
        /// Where from; the database if you give none
        from: Option<String>,
        /// Where to; the project's schema if you give none
        to: Option<String>,
        #[command(flatten)]
        planning: Planning,
    },
    /// Show what is hazardous about migrations that are written: what each statement does is
    /// found out in a scratch database
    Review {
        /// A migration's number, name or file; the newest if you give none
        #[arg(value_name = "MIGRATION", value_hint = ValueHint::AnyPath)]
        migrations: Vec<String>,
        /// Review every migration
        #[arg(long, conflicts_with = "migrations")]
        all: bool,
        /// Review them as run while others work with the database
        #[arg(long, overrides_with = "no_online")]
        online: bool,
        /// Review them without regard to others
        #[arg(long)]
        no_online: bool,
    },
    /// Show how the database differs from what its applied migrations give, with the SQL that takes
    /// the difference back and the SQL that keeps it; exit with 3 if it differs
    Drift {
        /// Print the SQL of one way alone
        #[arg(long, value_name = "WAY", conflicts_with = "adopt")]
        sql: Option<WayOut>,
        /// Write the migration that keeps what the database has
        #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
        adopt: Option<String>,
        #[command(flatten)]
        renames: Renames,
    },
}

/// What is done with migrations.
#[derive(Debug, Subcommand)]
pub(super) enum MigrationVerb {
    /// Apply the migrations that are pending
    Migrate {
        /// The last migration to apply: its number or its name
        #[arg(long, value_name = "MIGRATION")]
        to: Option<String>,
        #[command(flatten)]
        running: Running,
        /// Apply the others even if the file of an applied migration is missing
        #[arg(long)]
        ignore_missing: bool,
    },
    /// Take the last migrations back
    Rollback {
        /// How many; one if you give none
        #[arg(value_name = "COUNT", conflicts_with = "to")]
        count: Option<usize>,
        /// The last migration that stays: its number or its name; 0 for none
        #[arg(long, value_name = "MIGRATION")]
        to: Option<String>,
        #[command(flatten)]
        running: Running,
    },
    /// Run what is pending on a copy or a scratch with the live schema, up, down and up again, and
    /// tell whether it runs, how long it takes and whether it can be rolled back; exit with 3 if not
    Rehearse {
        /// The last migration to rehearse: its number, name or file
        #[arg(long, value_name = "VERSION")]
        to: Option<String>,
        /// With rows of the database too, on PostgreSQL: all, or so many of each table
        #[arg(long, value_name = "all|ROWS")]
        with_data: Option<String>,
    },
    /// Exit with 3 if migrations wait, files have changed, the database has drifted or a pending
    /// migration does what is refused; each with what to run next
    Check {
        /// The database, as for `dbstudio DATABASE`
        #[arg(value_name = "DATABASE", value_hint = ValueHint::AnyPath)]
        target: Option<String>,
        /// What not to look for: pending, files, half-done, drift, schema, hazards
        #[arg(long, value_name = "MATTER", value_delimiter = ',')]
        except: Vec<String>,
    },
    /// Write down that migrations are applied which were run some other way; none of them runs
    Baseline {
        /// The last one that is applied; all of them if you give none
        #[arg(long, value_name = "MIGRATION")]
        to: Option<String>,
        /// Why, which is kept
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        way: Written,
    },
    /// Correct what a database remembers of a migration; nothing of it runs
    Repair {
        #[command(flatten)]
        of: Repaired,
        /// Why, which is kept
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        way: Written,
    },
    /// List the undo capsules: what migrations destroyed, which taking them back brings back
    Capsules {
        /// Take those away that are older than capsule_keep of the environment
        #[arg(long, conflicts_with = "drop")]
        prune: bool,
        /// Take the one with this number away; may be given several times
        #[arg(long, value_name = "NUMBER")]
        drop: Vec<i64>,
        #[command(flatten)]
        way: Written,
    },
    /// Turn another tool's migrations into dbstudio's own: new files beside the old ones, and what
    /// the tool has applied written down as applied
    Adopt {
        /// The folder for the new files; migrations if you give none and it is free
        #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
        into: Option<PathBuf>,
        #[command(flatten)]
        way: Written,
    },
}

/// What is done with rows.
#[derive(Debug, Subcommand)]
pub(super) enum RowVerb {
    /// Fill a development or staging database with the project's seeds, or with rows made from the
    /// schema alone
    Seed {
        /// Show what would be put in and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Change rows whose primary key is there, instead of failing (CSV and JSON lines)
        #[arg(long, conflicts_with = "generate")]
        upsert: bool,
        /// Make so many rows for each table from the schema alone
        #[arg(long, value_name = "ROWS")]
        generate: Option<usize>,
        /// Only this table; may be given several times
        #[arg(long, value_name = "TABLE", requires = "generate")]
        table: Vec<String>,
        /// The same seed makes the same rows
        #[arg(long, value_name = "NUMBER", requires = "generate")]
        seed: Option<u64>,
        /// The database's name as the server reports it, which staging asks for
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    /// Drop everything in a development or staging database: every object of the project's
    /// schemas, all rows, the history of migrations
    Reset {
        /// Show what would go and change nothing
        #[arg(long)]
        dry_run: bool,
        /// The database's name as the server reports it, which staging asks for
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    /// Make a backup of a database, and verify it
    Backup {
        /// The database, as for `dbstudio DATABASE`
        #[arg(value_name = "DATABASE", value_hint = ValueHint::AnyPath)]
        target: Option<String>,
        /// List the backups there are
        #[arg(long)]
        list: bool,
    },
    /// Bring a backup back: into a new database first, which then takes the place of the one there
    /// is
    Restore {
        /// A backup's file, or its name in the list; the newest if you give none
        #[arg(value_name = "BACKUP", value_hint = ValueHint::AnyPath)]
        backup: Option<String>,
        /// Show what would be done and change nothing
        #[arg(long)]
        dry_run: bool,
        /// End the sessions of others in the database
        #[arg(long)]
        disconnect: bool,
        /// Drop the database there was, instead of keeping it under another name
        #[arg(long)]
        drop_old: bool,
        /// The database's name as the server reports it, which staging and production ask for
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    /// Write a table or a query to a file, or to standard output
    Export(ExportArguments),
    /// Write the rows of a file into a table
    Import(ImportArguments),
}

/// The whole command line as data, for completions and for the documentation's test.
pub fn command() -> clap::Command {
    Arguments::command()
}
