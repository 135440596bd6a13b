//! What the studio asks about a project's migrations, and what it is told: how they stand, what is
//! hazardous about one, what difference it makes.
//!
//! Everything here is data in and data out; nothing is carried out before somebody says yes.

mod carry;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::amend;
use super::amend::Cause;
pub use super::amend::{Amendment, Wanted};
use super::as_applied;
pub use super::as_applied::Texts;
use super::change::Setting;
use super::checklist::{self, Aid, Gathered, Signed};
use super::chronicle::Entry as Done;
use super::migrate::{self, Account, Wishes};
use super::origins;
pub use super::origins::Origins;
use super::past;
pub use super::picture::{Difference, Fate};
pub use super::rehearse::Rehearsal;
use super::rehearse::{self, Data};
use super::rollback::{self, Wish};
use super::run::{self, Direction, Run, Scheduled};
use super::session::{Progress, Tell};
use super::standing::Standing;
use super::{examine, push, review};
use crate::config::{Config, Protection, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::Holder;
pub use crate::migrations::{Entry, Format, History, Migration, Misfit, Record, State};
use crate::problem::{Kind, Problem, Result};
use crate::schema::hazard::{self, Around, Hazard, Rule};
use crate::sql::Dialect;

/// A question about the migrations of the project, or work on them.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// How they stand in the database.
    Standing,
    /// What is hazardous about one of them, by its key, and what difference it makes, the others
    /// being as they were read; of those whose files are missing the texts that were applied.
    Examine(Arc<Standing>, Arc<Texts>, String),
    /// Which migration made each column.
    Origins,
    /// What was done to the database.
    Timeline,
    /// What an order would run.
    Plan(Order),
    /// The same where so many statements of its first migration are done, as a person says.
    Resume(Order, usize),
    /// To gather the evidence for the checklist of a plan; with the migrations that were read to
    /// their end, by name.
    Gather(Arc<Plan>, Vec<String>),
    /// To do something about an item of that checklist, and gather again.
    Aid(Arc<Plan>, Aid, Vec<String>),
    /// To carry out what was said yes to, with what was said about its checklist.
    Carry(Arc<Plan>, Box<Signed>),
    /// To rehearse what is pending, up to the migration of this key where there is one.
    Rehearse(Option<String>),
    /// What would be written in the history, and the person's reason.
    Amend(Wanted, Option<String>),
    /// To write what was said yes to in the history.
    Write(Arc<Amendment>),
}

/// What a person wants done with migrations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// To apply what is pending, up to the migration of this key.
    Apply {
        /// The last one; all without it.
        to: Option<String>,
    },
    /// To take migrations back.
    RollBack {
        /// The one that becomes the newest that is applied; the newest is taken back without it.
        to: Option<String>,
    },
}

impl Order {
    /// Which way migrations run.
    pub fn direction(&self) -> Direction {
        match self {
            Self::Apply { .. } => Direction::Up,
            Self::RollBack { .. } => Direction::Down,
        }
    }
}

/// What an order would run, to be looked at before a yes.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The order.
    pub order: Order,
    /// What runs.
    pub run: Run,
    /// The hazards of each script, in their order.
    pub hazards: Vec<Vec<Hazard>>,
    /// The hazards that forbid it here.
    pub refused: Vec<Hazard>,
    /// What the person must know, in sentences.
    pub warnings: Vec<String>,
    /// What each script would lose that is taken back, measured, in sentences.
    pub losses: Vec<Vec<String>>,
    /// The rehearsal of what is to be applied, where the environment wants one.
    pub rehearsal: Option<Arc<Rehearsal>>,
    /// What is other in the schema after each script, as far as that is known.
    pub pictures: Vec<Vec<Difference>>,
    /// Whose SQL it is.
    pub dialect: Dialect,
    /// The items that stand on its checklist here.
    pub items: Vec<&'static str>,
}

impl Plan {
    /// The refusal of the whole, if a hazard or the rehearsal forbids it.
    ///
    /// # Errors
    /// One does.
    pub fn permit(&self) -> Result<()> {
        if let Some(failed) = self.rehearsal.as_ref().filter(|rehearsal| !rehearsal.is_passed()) {
            let why = failed.failure.as_ref().map(|failure| &failure.problem);
            return Err(Problem::new(
                Kind::Refused,
                "The rehearsal failed, and this is production",
                why.map_or_else(
                    || "a way back fails, or leads elsewhere".to_owned(),
                    |problem| format!("{}\n{}", problem.what, problem.why),
                ),
                "rehearse by itself to see all that was found, and correct the migrations",
            ));
        }
        if self.refused.is_empty() {
            return Ok(());
        }
        let rules: Vec<&str> = self.refused.iter().map(|hazard| hazard.rule.id()).collect();
        Err(Problem::new(
            Kind::Refused,
            "The migrations do what the configuration refuses",
            self.refused.iter().map(review::sentence).collect::<Vec<_>>().join("\n"),
            format!("change the SQL, or the hazards ({}) of dbstudio.toml", rules.join(", ")),
        ))
    }
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// What was carried out.
    pub plan: Arc<Plan>,
    /// The migrations that ran, and how long each took.
    pub done: Vec<(String, Duration)>,
    /// Those that somebody else had run meanwhile.
    pub by_others: Vec<String>,
    /// What became of undo capsules, in sentences.
    pub capsules: Vec<String>,
    /// What there is to know besides, in sentences.
    pub notes: Vec<String>,
    /// How long all of it took.
    pub elapsed: Duration,
}

/// What came of an [`Ask`].
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// How they stand, and the texts that were applied of those whose files are others now.
    Standing(Arc<Standing>, Arc<Texts>),
    /// What there is to know of one.
    Examined(Arc<Examined>),
    /// Which migration made each column.
    Origins(Arc<Origins>),
    /// What was done, the newest first.
    Timeline(Arc<Vec<Done>>),
    /// What an order would run; nothing, with what there is to know of that.
    Planned(Arc<Plan>),
    /// The evidence for a checklist.
    Gathered(Box<Gathered>),
    /// Something on the checklist was open just before the run: nothing was run.
    Reopened(Box<Gathered>),
    /// It is carried out.
    Carried(Box<Carried>),
    /// What came of a rehearsal.
    Rehearsed(Arc<Rehearsal>),
    /// What would be written in the history.
    Amendment(Arc<Amendment>),
    /// It is written.
    Amended(Arc<Amendment>),
}

/// What there is to know of a migration that was tried in a scratch database.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// What identifies it.
    pub key: String,
    /// Its hazards, each with the line its statement begins on, in the order of the file.
    pub hazards: Vec<Hazard>,
    /// The rules among them that the configuration refuses.
    pub refused: Vec<Rule>,
    /// What is other in the schema after it.
    pub picture: Vec<Difference>,
}

/// Answers.
///
/// # Errors
/// There is no project, its migrations or the database cannot be read, a migration does not run in
/// a scratch database, or what was said yes to cannot be carried out.
pub async fn serve(
    config: &Config,
    target: &Target,
    ask: Ask,
    stop: &Stop,
    tell: &Tell<'_>,
) -> Result<Told> {
    if config.project_file().is_none() {
        return Err(Problem::usage(
            "There is no project here",
            "the folder of the migrations is named by a dbstudio.toml, and none was found here or \
             in a folder above",
            "leave, start one with dbstudio init in the folder of your choice, and open dbstudio \
             there",
        ));
    }
    let setting = Setting::new(config, target.clone(), None)?;
    answer((config, &setting), ask, stop, tell).await
}

async fn answer(
    (config, setting): (&Config, &Setting),
    ask: Ask,
    stop: &Stop,
    tell: &Tell<'_>,
) -> Result<Told> {
    match ask {
        Ask::Standing => {
            let (standing, texts) = stand(setting, stop).await?;
            Ok(Told::Standing(Arc::new(standing), Arc::new(texts)))
        }
        Ask::Examine(standing, texts, key) => {
            let found = examined(setting, (&standing, &texts, &key), stop).await?;
            Ok(Told::Examined(Arc::new(found)))
        }
        Ask::Origins => origins::find(setting, stop).await.map(|it| Told::Origins(Arc::new(it))),
        Ask::Timeline => {
            let found = past::timeline(config, &setting.target, stop).await?;
            Ok(Told::Timeline(Arc::new(found)))
        }
        Ask::Plan(order) => {
            let planned = plan((config, setting), order, None, stop, tell).await?;
            Ok(Told::Planned(Arc::new(planned)))
        }
        Ask::Resume(order, done) => {
            let planned = plan((config, setting), order, Some(done), stop, tell).await?;
            Ok(Told::Planned(Arc::new(planned)))
        }
        Ask::Rehearse(to) => {
            let rehearsed = rehearsed((config, setting), to.as_deref(), stop, tell).await?;
            Ok(Told::Rehearsed(Arc::new(rehearsed)))
        }
        Ask::Amend(wanted, reason) => {
            let origin = Account::of_process(Value::Null).origin;
            let cause = Cause { origin, reason };
            let amendment = amend::plan(setting, wanted, &cause, stop).await?;
            Ok(Told::Amendment(Arc::new(amendment)))
        }
        Ask::Write(amendment) => {
            let waiting = &mut |holders: Vec<Holder>| {
                let what = "another migrator works on this database".to_owned();
                tell(Progress::Run(Box::new(run::Progress::Waiting { what, holders })));
            };
            amend::carry_out(setting, &amendment, stop, waiting).await?;
            Ok(Told::Amended(amendment))
        }
        Ask::Gather(plan, read) => {
            let list = checklist::gather(config, setting, &plan.run, &read, stop).await?;
            Ok(Told::Gathered(Box::new(list.gathered(None))))
        }
        Ask::Aid(plan, aid, read) => {
            let found = carry::aided((config, setting), (&plan, aid, &read), stop, tell).await?;
            Ok(Told::Gathered(Box::new(found)))
        }
        Ask::Carry(plan, signed) => {
            carry::carry((config, setting), (plan, &signed), stop, tell).await
        }
    }
}

/// How the migrations stand, and what was applied of those whose files are others now.
async fn stand(setting: &Setting, stop: &Stop) -> Result<(Standing, Texts)> {
    let mut live = match push::is_to_be_made(&setting.target) {
        true => Connection::in_memory().await?,
        false => Connection::open_reading(&setting.target, stop).await?,
    };
    let found = read(setting, &mut live, stop).await;
    live.close().await;
    let (mut standing, texts) = found?;
    let folder = Path::new(&standing.folder);
    if let Ok(inside) = folder.strip_prefix(&setting.project.folder) {
        standing.folder = inside.display().to_string();
    }
    Ok((standing, texts))
}

async fn read(setting: &Setting, live: &mut Connection, stop: &Stop) -> Result<(Standing, Texts)> {
    let bearings = migrate::look(setting, live, stop).await?;
    let texts = match &bearings.ledger {
        // A ledger that cannot be read keeps nothing else from being shown.
        Ok(_) => as_applied::texts(&bearings.standing, live).await.unwrap_or_default(),
        Err(_) => Texts::new(),
    };
    Ok((bearings.standing, texts))
}

/// Those of the migrations that run up to one, in their order: those of these keys as their files
/// are now, the others as they were applied.
fn up_to((standing, texts): (&Standing, &Texts), keys: &[&str]) -> Result<Vec<Migration>> {
    let mut migrations = Vec::new();
    let mut left = keys.len();
    for entry in &standing.entries {
        let is_it = keys.contains(&entry.key.as_str());
        if left == 0 || (matches!(entry.state, State::Duplicate(_)) && !is_it) {
            continue;
        }
        left -= usize::from(is_it);
        let found = match &entry.migration {
            Some(migration) if is_it => Some(migration.clone()),
            _ => as_applied::migration(entry, texts),
        };
        migrations.push(found.ok_or_else(|| {
            Problem::failed(
                "It cannot be tried",
                format!("the file of {}, which runs before it, is missing", entry.name),
                "bring that file back",
            )
        })?);
    }
    Ok(migrations)
}

/// Tries a migration in a scratch database after those before it.
async fn examined(
    setting: &Setting,
    (standing, texts, key): (&Standing, &Texts, &str),
    stop: &Stop,
) -> Result<Examined> {
    let migrations = up_to((standing, texts), &[key])?;
    let examined = examine::examine(setting, &migrations, |it| it.key == key, stop).await?;
    let found = examined.into_iter().next_back().ok_or_else(|| {
        Problem::failed(
            "The migration is not there any more",
            "its file was removed meanwhile",
            "read the migrations again",
        )
    })?;
    let (hazards, refused, picture) = (found.hazards, found.refused, found.picture);
    Ok(Examined { key: key.to_owned(), hazards, refused, picture })
}

/// What an order would run, tried in a scratch database as far as that can be.
async fn plan(
    (config, setting): (&Config, &Setting),
    order: Order,
    resume_after: Option<usize>,
    stop: &Stop,
    tell: &Tell<'_>,
) -> Result<Plan> {
    tell(Progress::Part(0));
    let how = Wishes { resume_after, ..Wishes::default() };
    let planned = match &order {
        Order::Apply { to } => {
            migrate::plan(setting, &Wishes { to: to.clone(), ..how }, stop).await?
        }
        Order::RollBack { to } => {
            let wish = to.clone().map_or(Wish::Last(1), Wish::To);
            rollback::plan(setting, &wish, &how, stop).await?
        }
    };
    let dialect = planned.standing.book.dialect;
    let mut plan = Plan {
        hazards: vec![Vec::new(); planned.run.scripts.len()],
        pictures: Vec::new(),
        refused: Vec::new(),
        warnings: Vec::new(),
        losses: planned.losses,
        rehearsal: None,
        items: carry::items((config, setting), planned.run.direction)?,
        run: planned.run,
        order,
        dialect,
    };
    if plan.run.scripts.is_empty() {
        return Ok(plan);
    }
    tell(Progress::Part(1));
    let is_production = setting.target.protection == Protection::Production;
    match plan.run.direction {
        Direction::Up if is_production => {
            let (Order::Apply { to } | Order::RollBack { to }) = &plan.order;
            let found = rehearsed((config, setting), to.as_deref(), stop, &|_| ()).await?;
            plan.heed(Arc::new(found));
        }
        Direction::Up => plan.weigh(setting, &planned.standing, stop).await?,
        Direction::Down => plan.read(),
    }
    Ok(plan)
}

impl Plan {
    /// Finds the hazards of what is to be applied. What cannot be tried is said, not hidden.
    async fn weigh(&mut self, setting: &Setting, standing: &Standing, stop: &Stop) -> Result<()> {
        let keys: Vec<String> =
            self.run.scripts.iter().map(|script| script.migration.key.clone()).collect();
        let wanted: Vec<&str> = keys.iter().map(String::as_str).collect();
        let is_other = |entry: &Entry| matches!(entry.state, State::Changed | State::Missing);
        let texts = match standing.entries.iter().any(is_other) {
            true => stand(setting, stop).await?.1,
            false => Texts::new(),
        };
        let tried = match up_to((standing, &texts), &wanted) {
            Ok(all) => examine::examine(setting, &all, |it| keys.contains(&it.key), stop).await,
            Err(problem) => Err(problem),
        };
        let found = match tried {
            Ok(found) => found,
            Err(problem) if problem.kind == Kind::Cancelled => return Err(problem),
            Err(problem) => {
                let why = if problem.why.is_empty() { problem.what } else { problem.why };
                self.warnings.push(format!(
                    "they do not run in a scratch database, so what they do is not known: {why}"
                ));
                self.read();
                return Ok(());
            }
        };
        let mut hazards = Vec::new();
        for one in found {
            let is_refused = |hazard: &&Hazard| one.refused.contains(&hazard.rule);
            self.refused.extend(one.hazards.iter().filter(is_refused).cloned());
            hazards.push(one.hazards);
            self.pictures.push(one.picture);
        }
        self.hazards = hazards;
        Ok(())
    }

    /// Takes what the rehearsal found.
    fn heed(&mut self, rehearsal: Arc<Rehearsal>) {
        self.read();
        for (at, script) in self.run.scripts.iter().enumerate() {
            let name = script.migration.name();
            let Some(one) = rehearsal.scripts.iter().find(|one| one.name == name) else { continue };
            if let Some(hazards) = self.hazards.get_mut(at) {
                hazards.clone_from(&one.hazards);
            }
            let is_refused = |hazard: &&Hazard| one.refused.contains(&hazard.rule);
            self.refused.extend(one.hazards.iter().filter(is_refused).cloned());
        }
        self.rehearsal = Some(rehearsal);
    }

    /// Finds the hazards that the words of the scripts tell.
    fn read(&mut self) {
        let (dialect, direction) = (self.dialect, self.run.direction);
        let of = |scheduled: &Scheduled| {
            let text = &scheduled.script(direction).text;
            let around = Around { in_transaction: scheduled.transaction, before: None };
            let found = hazard::examine_text(dialect, text, around);
            hazard::silence(dialect, found, &hazard::allowances(dialect, text))
        };
        self.hazards = self.run.scripts.iter().map(of).collect();
    }
}

/// Rehearses what is pending; which of them runs is told by its number.
async fn rehearsed(
    (config, setting): (&Config, &Setting),
    to: Option<&str>,
    stop: &Stop,
    tell: &Tell<'_>,
) -> Result<Rehearsal> {
    tell(Progress::Part(0));
    let mut begun = 0;
    let mut on_next = |_: &str| {
        begun += 1;
        tell(Progress::Part(begun));
    };
    let state = &config.places().state;
    rehearse::pending_of(setting, state, (to, Data::Usual), stop, &mut on_next).await
}
