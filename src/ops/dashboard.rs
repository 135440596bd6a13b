//! What the status view shows of a database: how it is doing right now, asked every few seconds,
//! and what changes slowly (tables, sizes, required variables), asked less often. Only reads.

use crate::config::{Config, RequirementState, Target};
use crate::db::Db;
use crate::db::stop::Stop;
use crate::db::vitals::Vitals;
use crate::ops::backup::moment;
use crate::ops::change::Setting;
use crate::ops::evidence::now;
use crate::ops::past::{self, Past};
use crate::ops::standing;
use crate::ops::status::{DatabaseStatus, MigrationStatus, ThreeWays};
use crate::problem::Result;

/// What was found out at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// How the database is doing.
    pub vitals: Vitals,
    /// What changes slowly, where it was asked for.
    pub inventory: Option<Box<Inventory>>,
}

/// What changes slowly.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory {
    /// The server, and every relation with its rows and sizes.
    pub database: DatabaseStatus,
    /// How the variables stand that the project requires.
    pub required: Vec<RequirementState>,
    /// How the project's migrations stand, if it has any and they can be read.
    pub migrations: Option<MigrationStatus>,
    /// The last backup, and what was done last.
    pub past: Past,
}

/// What was found out about drift, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Drifting {
    /// When, in UTC: `2026-01-31 12:00:00`.
    pub at: String,
    /// How database, migrations and schema differ.
    pub found: ThreeWays,
}

/// Looks for drift, in a scratch database.
///
/// # Errors
/// There is no project, no scratch database can be made, or the applied migrations do not run.
pub async fn drifting(config: &Config, target: &Target, stop: &Stop) -> Result<Drifting> {
    let setting = Setting::new(config, target.clone(), None)?;
    let standing = standing::at(&setting.project, target, stop).await?;
    let found = ThreeWays::find(&setting, &standing, stop).await?;
    Ok(Drifting { at: moment(now()), found })
}

/// Asks an open database; with `whole` also for what changes slowly.
///
/// # Errors
/// The connection is lost, or the work was stopped.
pub async fn gather(
    (db, target): (&Db, &Target),
    config: &Config,
    whole: bool,
    stop: &Stop,
) -> Result<Dashboard> {
    let inventory = if whole {
        let migrations = async {
            config.project_file()?;
            // Why they cannot be read is for the view of the migrations to say.
            let setting = Setting::new(config, target.clone(), None).ok()?;
            MigrationStatus::gather(&setting, false, stop).await.ok().flatten()
        };
        let past = past::read(config, target, stop);
        let (database, migrations, past) =
            tokio::join!(DatabaseStatus::gather(db, false, stop), migrations, past);
        let (database, past) = (database?, past?);
        Some(Box::new(Inventory { database, required: config.check(), migrations, past }))
    } else {
        None
    };
    Ok(Dashboard { vitals: db.vitals(stop).await?, inventory })
}
