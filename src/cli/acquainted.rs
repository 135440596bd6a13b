//! Meeting a database before anything is done with it: it is recognised by what it is, whatever
//! its address says, and what was begun on it and cut off is told.

use super::print;
use super::review;
use crate::config::{Config, Target};
use crate::db::stop::Stop;
use crate::ops::acquaintance;
use crate::ops::chronicle::Chronicle;
use crate::problem::Result;

/// The target with the strictest protection it has or had under any address.
///
/// # Errors
/// The database cannot be reached.
pub(super) async fn acquainted(config: &Config, target: Target, stop: &Stop) -> Result<Target> {
    let target = acquaintance::met(config, target, stop).await?;
    told(config, &target, stop).await;
    Ok(target)
}

/// The same for work that a refusal of `permit` must end.
///
/// # Errors
/// It is refused, or the database cannot be reached.
pub(super) async fn permitted(
    config: &Config,
    target: Target,
    permit: fn(&Target) -> Result<()>,
    stop: &Stop,
) -> Result<Target> {
    let target = acquaintance::permitted(config, target, permit, stop).await?;
    told(config, &target, stop).await;
    Ok(target)
}

/// Tells what was begun on it from this machine and cut off, and what became of that.
pub(super) async fn told(config: &Config, target: &Target, stop: &Stop) {
    let said = Chronicle::of(&config.places().state, target).settle(stop).await;
    print::talk(&review::sentences(&said));
}
