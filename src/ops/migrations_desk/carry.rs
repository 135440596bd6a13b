//! From the yes to the run: the checklist of a plan, what is done about its items from the screen, and
//! the run itself, which begins only if all of it holds just before. Asks nobody.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;

use super::{Carried, Order, Plan, Tell, Told, rehearsed};
use crate::config::Config;
use crate::db::stop::Stop;
use crate::ops::backup::{self, Place};
use crate::ops::change::Setting;
use crate::ops::checklist::{self, Aid, Checklist, Gathered, Signed};
use crate::ops::migrate::{self, Account, Report};
use crate::ops::rehearse::Rehearsal;
use crate::ops::run::{self, Direction};
use crate::ops::session::Progress;
use crate::problem::{Kind, Problem, Result};

/// The items that stand on the checklist of a run here.
pub(super) fn items(
    (config, setting): (&Config, &Setting),
    direction: Direction,
) -> Result<Vec<&'static str>> {
    Ok(config.checks(&setting.target, checklist::operation(direction))?.items)
}

/// Does something about an item, and gathers all evidence again.
pub(super) async fn aided(
    (config, setting): (&Config, &Setting),
    (plan, aid, read): (&Plan, Aid, &[String]),
    stop: &Stop,
    tell: &Tell<'_>,
) -> Result<Gathered> {
    let target = &setting.target;
    let mut trouble = None;
    match aid {
        Aid::Backup => {
            let so_far = |bytes: u64| tell(Progress::Written(bytes));
            let place = Place::of(config, target);
            backup::make_telling(target, &place, stop, &so_far).await?;
        }
        Aid::Rehearse => {
            let (Order::Apply { to } | Order::RollBack { to }) = &plan.order;
            let to = to.as_deref().filter(|_| plan.run.direction == Direction::Up);
            let found = rehearsed((config, setting), to, stop, tell).await?;
            trouble = failure(&found);
        }
        Aid::Notify => {
            let list = checklist::gather(config, setting, &plan.run, read, stop).await?;
            list.notify(config, target, stop).await?;
        }
    }
    let list = checklist::gather(config, setting, &plan.run, read, stop).await?;
    Ok(list.gathered(trouble))
}

/// Why a rehearsal is no plan for going back.
fn failure(found: &Rehearsal) -> Option<Problem> {
    if found.is_passed() {
        return None;
    }
    let why = found.failure.as_ref().map(|failure| {
        let Problem { what, why, .. } = &failure.problem;
        format!("{}: {what}\n{why}", failure.name)
    });
    Some(Problem::failed(
        "The rehearsal failed",
        why.unwrap_or_else(|| "a way back fails, or leads elsewhere".to_owned()),
        "leave, and rehearse from the list to see all that was found",
    ))
}

/// Gathers the evidence once more; what does not hold, if anything.
async fn open(
    (config, setting): (&Config, &Setting),
    (plan, signed): (&Plan, &Signed),
    stop: &Stop,
) -> Result<(Checklist, Option<Problem>)> {
    let list = checklist::gather(config, setting, &plan.run, &signed.read, stop).await?;
    let trouble = list.permit(signed).err().map(checklist::here);
    Ok((list, trouble))
}

/// Carries out what was said yes to, if everything on its checklist holds now.
pub(super) async fn carry(
    (config, setting): (&Config, &Setting),
    (plan, signed): (Arc<Plan>, &Signed),
    stop: &Stop,
    tell: &Tell<'_>,
) -> Result<Told> {
    plan.permit()?;
    let begun = Instant::now();
    let (list, trouble) = open((config, setting), (&plan, signed), stop).await?;
    if let Some(problem) = trouble {
        return match problem.kind {
            Kind::Refused => Ok(Told::Reopened(Box::new(list.gathered(Some(problem))))),
            _ => Err(problem),
        };
    }
    let account = Account::of_process(json!({
        "protection": setting.target.protection.word(),
        "checklist": list.record(&signed.words),
    }));
    let mut on_step = |progress: run::Progress| tell(Progress::Run(Box::new(progress)));
    // What a run keeps while it waits is much: on the heap it does not fill the thread's stack.
    let run = Box::pin(migrate::run(setting, &plan.run, &account, stop, &mut on_step));
    let report = run.await?;
    let Report { done, by_others, capsules, notes } = report;
    let elapsed = begun.elapsed();
    Ok(Told::Carried(Box::new(Carried { plan, done, by_others, capsules, notes, elapsed })))
}
