//! What the studio asks about operations on a whole database (to empty it, to fill it, to back it up,
//! to bring a backup back), and what it is told: the plan with its checklist, and, after a yes, what
//! came of it.
//!
//! Everything here is data in and data out; nothing is carried out before somebody says yes, and what
//! the checklist showed is gathered once more just before.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::acquaintance;
use super::backup::{self, Backup, Place};
use super::change::Setting;
use super::checklist::{self, Aid, Checklist, Gathered, Matter, Signed};
use super::evidence::{now, span};
use super::migrate::Account;
use super::reset::{self, Reset};
use super::restore::{self, Restore, Way};
use super::seed::{self, Done, Part, Seed, USUAL_SEED, Wanted};
use super::session::{Progress, Tell};
use crate::config::{Address, Config, Protection, Target};
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};
use crate::sql::Dialect;

/// What a person wants done with a whole database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// To drop everything in it.
    Reset,
    /// To put the project's seeds into it.
    Seed,
    /// To make so many rows for each table, from the schema alone.
    Rows(usize),
    /// To make a backup.
    Backup,
    /// To bring back the backup of this name in the folder.
    Restore(String),
}

/// A question about an operation, or the operation itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// What would be done.
    Plan(Wish),
    /// To gather the evidence for the checklist once more.
    Gather(Arc<Plan>),
    /// To do something about an item of it, and gather again.
    Aid(Arc<Plan>, Aid),
    /// To carry out what was said yes to, with what was said about its checklist.
    Carry(Arc<Plan>, Box<Signed>),
    /// The backups of the database.
    Backups,
}

impl Ask {
    /// Whether another database takes the place of the one that is open, which must be let go of
    /// before.
    pub fn replaces(&self) -> bool {
        match self {
            Self::Plan(wish) => matches!(wish, Wish::Restore(_)),
            Self::Carry(plan, _) => matches!(plan.work, Work::Restore(_)),
            Self::Gather(_) | Self::Aid(..) | Self::Backups => false,
        }
    }
}

/// What would be done, to be looked at before a yes.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What is wanted.
    pub wish: Wish,
    /// The database, protected as it was recognised.
    pub target: Target,
    /// Its name as the server reports it.
    pub database: String,
    /// Whose SQL it speaks.
    pub dialect: Dialect,
    /// What would be done.
    pub work: Work,
    /// What to be sure of before.
    pub gathered: Gathered,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Everything is dropped.
    Reset(Box<Reset>),
    /// Rows are put in.
    Seed(Box<Seed>),
    /// A backup is made.
    Backup(Box<Keeping>),
    /// A backup is brought back.
    Restore(Box<Restore>),
}

impl Work {
    /// What its checklist is gathered for.
    fn matter(&self, database: &str) -> Matter {
        match self {
            Self::Reset(reset) => reset.matter(),
            Self::Seed(seed) => seed.matter(),
            Self::Restore(restore) => restore.matter(self.way()),
            Self::Backup(_) => Matter::new("backup", database, Vec::new()),
        }
    }

    /// How a restore goes: who was shown to be in the way is sent away.
    fn way(&self) -> Way {
        match self {
            Self::Restore(restore) => {
                Way { disconnect: !restore.sessions.is_empty(), drop_old: false }
            }
            _ => Way::default(),
        }
    }
}

/// Where a backup goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// The folder.
    pub folder: PathBuf,
    /// How many of the database's backups stay; all where nothing is said.
    pub keep: Option<usize>,
    /// The newest there is, and how long ago it was made, in words.
    pub newest: Option<(Backup, String)>,
}

impl Plan {
    /// Whether the database's name has to be typed before: anywhere but in development, and where
    /// sessions of others are ended.
    pub fn needs_name(&self) -> bool {
        let is_strict = self.target.protection != Protection::Development;
        match &self.work {
            Work::Reset(_) | Work::Seed(_) => is_strict,
            Work::Backup(_) => false,
            Work::Restore(restore) => restore.needs_name() || !restore.sessions.is_empty(),
        }
    }

    /// How a restore goes: who was shown to be in the way is sent away.
    pub fn way(&self) -> Way {
        self.work.way()
    }
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// What was carried out.
    pub plan: Arc<Plan>,
    /// What was done, a line each.
    pub done: Vec<String>,
    /// What there is to know besides, in sentences.
    pub notes: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// The backups of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backups {
    /// The folder they are in.
    pub folder: PathBuf,
    /// They, the newest first, each with how long ago it was made in words, and whether its file
    /// is there.
    pub all: Vec<(Backup, String, bool)>,
    /// What is wrong with their index, if anything.
    pub warning: Option<String>,
}

/// What came of an [`Ask`].
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// There is nothing to do; what there is to know of that, in sentences.
    Nothing(Wish, Vec<String>),
    /// What would be done.
    Planned(Arc<Plan>),
    /// The evidence for its checklist.
    Gathered(Box<Gathered>),
    /// Something on the checklist was open just before: nothing was done.
    Reopened(Box<Gathered>),
    /// It is carried out.
    Carried(Box<Carried>),
    /// The backups there are.
    Backups(Box<Backups>),
}

/// Answers.
///
/// # Errors
/// It is refused here, something cannot be read, or it fails; then how things are is said.
pub async fn serve(
    config: &Config,
    target: &Target,
    ask: Ask,
    stop: &Stop,
    tell: &Tell<'_>,
) -> Result<Told> {
    match ask {
        Ask::Plan(wish) => plan(config, target.clone(), wish, stop).await,
        Ask::Gather(plan) => {
            let list = gathered(config, &plan, stop).await?;
            Ok(Told::Gathered(Box::new(list.gathered(None))))
        }
        Ask::Aid(plan, aid) => {
            aided(config, (&plan, aid), stop, tell).await?;
            let list = gathered(config, &plan, stop).await?;
            Ok(Told::Gathered(Box::new(list.gathered(None))))
        }
        Ask::Carry(plan, signed) => carry(config, (plan, &signed), stop, tell).await,
        Ask::Backups => Ok(Told::Backups(Box::new(backups(config, target)))),
    }
}

fn backups(config: &Config, target: &Target) -> Backups {
    let place = Place::of(config, target);
    let (all, warning) = backup::all(&place.folder);
    let told = |one: Backup| {
        let is_there = place.folder.join(&one.file).exists();
        let age = span(now().saturating_sub(one.taken));
        (one, age, is_there)
    };
    Backups { all: all.into_iter().rev().map(told).collect(), folder: place.folder, warning }
}

async fn plan(config: &Config, target: Target, wish: Wish, stop: &Stop) -> Result<Told> {
    let (target, database, work) = match sketched(config, target, &wish, stop).await? {
        Sketch::Nothing(notes) => return Ok(Told::Nothing(wish, notes)),
        Sketch::Work { target, database, work } => (*target, database, work),
    };
    let dialect = match target.address {
        Address::Postgres(_) => Dialect::Postgres,
        Address::Sqlite(_) => Dialect::Sqlite,
    };
    let list = work.matter(&database).gather(config, &target, stop).await?;
    let gathered = list.gathered(None);
    Ok(Told::Planned(Arc::new(Plan { wish, target, database, dialect, work, gathered })))
}

/// What a wish comes to.
enum Sketch {
    /// There is nothing to do; what there is to know of that, in sentences.
    Nothing(Vec<String>),
    /// What would be done, in which database, under the name its server gives it.
    Work { target: Box<Target>, database: String, work: Work },
}

/// Finds out what a wish comes to, without the evidence for its checklist.
async fn sketched(config: &Config, target: Target, wish: &Wish, stop: &Stop) -> Result<Sketch> {
    let (target, database, work) = match wish {
        Wish::Reset => {
            let target = acquaintance::permitted(config, target, reset::permit, stop).await?;
            let setting = Setting::new(config, target.clone(), None)?;
            let reset = reset::plan(setting, stop).await?;
            if reset.is_nothing() {
                return Ok(Sketch::Nothing(reset.kept));
            }
            (target, reset.database.clone(), Work::Reset(Box::new(reset)))
        }
        Wish::Seed | Wish::Rows(_) => {
            let target = acquaintance::permitted(config, target, seed::permit, stop).await?;
            let setting = Setting::new(config, target.clone(), None)?;
            let seed = seed::plan(&setting, false, wanted(wish), stop).await?;
            if seed.is_nothing() {
                return Ok(Sketch::Nothing(seed.notes));
            }
            (target, seed.database.clone(), Work::Seed(Box::new(seed)))
        }
        Wish::Backup => {
            let target = acquaintance::met(config, target, stop).await?;
            let place = Place::of(config, &target);
            let newest = backups(config, &target).all.into_iter().find(|(_, _, there)| *there);
            let newest = newest.map(|(backup, age, _)| (backup, age));
            let keeping = Keeping { folder: place.folder, keep: place.keep, newest };
            let name = target.address.database();
            (target, name, Work::Backup(Box::new(keeping)))
        }
        Wish::Restore(file) => {
            let target = match restore::is_there(&target, stop).await? {
                true => acquaintance::met(config, target, stop).await?,
                false => target,
            };
            let place = Place::of(config, &target);
            let restore = restore::plan(&target, &place, Some(file), stop).await?;
            (target, restore.database.clone(), Work::Restore(Box::new(restore)))
        }
    };
    Ok(Sketch::Work { target: Box::new(target), database, work })
}

fn wanted(wish: &Wish) -> Option<Wanted> {
    match wish {
        Wish::Rows(rows) => Some(Wanted { rows: *rows, tables: Vec::new(), seed: USUAL_SEED }),
        _ => None,
    }
}

/// Gathers the evidence once more, of the database as it is now.
async fn gathered(config: &Config, shown: &Plan, stop: &Stop) -> Result<Checklist> {
    let work = match &shown.work {
        // What is brought back is another database: the one there is is only asked.
        Work::Restore(_) | Work::Backup(_) => shown.work.clone(),
        Work::Reset(_) | Work::Seed(_) => {
            match sketched(config, shown.target.clone(), &shown.wish, stop).await? {
                Sketch::Nothing(_) => return Err(changed("there is nothing left to do")),
                Sketch::Work { work, .. } => work,
            }
        }
    };
    let is_same = match (&shown.work, &work) {
        (Work::Reset(before), Work::Reset(now)) => before.steps == now.steps,
        (Work::Seed(before), Work::Seed(now)) => before.lines() == now.lines(),
        _ => true,
    };
    match is_same {
        true => work.matter(&shown.database).gather(config, &shown.target, stop).await,
        false => Err(changed("what would be done is something else by now")),
    }
}

fn changed(why: &str) -> Problem {
    Problem::failed(
        "The plan does not fit any more; nothing was changed",
        format!("{why}: somebody else has changed the database, or the project, meanwhile"),
        "leave, and begin again to see the plan that fits now",
    )
}

async fn aided(
    config: &Config,
    (plan, aid): (&Plan, Aid),
    stop: &Stop,
    tell: &Tell<'_>,
) -> Result<()> {
    match aid {
        Aid::Backup => {
            let place = Place::of(config, &plan.target);
            let so_far = |bytes: u64| tell(Progress::Written(bytes));
            backup::make_telling(&plan.target, &place, stop, &so_far).await.map(drop)
        }
        Aid::Notify => {
            let list = gathered(config, plan, stop).await?;
            list.notify(config, &plan.target, stop).await
        }
        Aid::Rehearse => Ok(()),
    }
}

/// Gathers the evidence once more; the list, and what does not hold, if anything.
async fn open(
    config: &Config,
    (plan, signed): (&Plan, &Signed),
    stop: &Stop,
) -> Result<(Option<Checklist>, Option<Problem>)> {
    if plan.gathered.items.is_empty() {
        return Ok((None, None));
    }
    let list = gathered(config, plan, stop).await?;
    let trouble = list.permit(signed).err().map(checklist::here);
    Ok((Some(list), trouble))
}

async fn carry(
    config: &Config,
    (plan, signed): (Arc<Plan>, &Signed),
    stop: &Stop,
    tell: &Tell<'_>,
) -> Result<Told> {
    let (list, trouble) = open(config, (&plan, signed), stop).await?;
    if let (Some(list), Some(problem)) = (&list, trouble) {
        return Ok(Told::Reopened(Box::new(list.gathered(Some(problem)))));
    }
    let begun = Instant::now();
    let checklist = list.map_or_else(|| json!([]), |list| list.record(&signed.words));
    let account = Account::of_process(json!({ "checklist": checklist }));
    let (done, notes) = match &plan.work {
        Work::Reset(reset) => {
            let mut reset = reset.clone();
            reset.account = account;
            let notes = reset.carry_out(stop, &mut |step| tell(Progress::Part(step))).await?;
            (vec![format!("Dropped everything in {}", plan.database)], notes)
        }
        Work::Seed(seed) => {
            let mut said = |name: &str, rows: usize| tell(Progress::Said(filling(name, rows)));
            let mut seed = seed.clone();
            seed.account = account;
            let done = seed.carry_out(stop, &mut said).await?;
            (parts(&done), done.notes)
        }
        Work::Backup(_) => {
            let place = Place::of(config, &plan.target);
            let so_far = |bytes: u64| tell(Progress::Written(bytes));
            let made = backup::make_telling(&plan.target, &place, stop, &so_far).await?;
            let Backup { tables, tool, .. } = &made.backup;
            let removed =
                made.removed.iter().map(|name| format!("removed {name}, as backup_keep says"));
            let done = vec![
                format!("Written to {}", made.path.display()),
                format!("Verified: {tables} tables, made with {tool}"),
            ];
            (done, removed.chain(made.notes.iter().cloned()).collect())
        }
        Work::Restore(restore) => {
            let mut said = restoring(tell);
            let mut restore = restore.clone();
            restore.account = account;
            let found = restore.carry_out(plan.way(), stop, &mut said).await?;
            let mut done =
                vec![format!("Brought back: {} tables of {}", found.tables, plan.database)];
            done.extend(found.kept.map(|kept| format!("What was there is now {kept}")));
            (done, found.notes)
        }
    };
    let elapsed = begun.elapsed();
    Ok(Told::Carried(Box::new(Carried { plan, done, notes, elapsed })))
}

/// Tells what a restore does, in words.
fn restoring<'a>(tell: &'a Tell<'_>) -> impl FnMut(restore::Part<'_>) + Send + use<'a> {
    let mut begun = String::new();
    move |part| match part {
        restore::Part::Begins(words) => {
            words.clone_into(&mut begun);
            tell(Progress::Said(begun.clone()));
        }
        restore::Part::Read { bytes, of } => {
            tell(Progress::Read { words: begun.clone(), bytes, of });
        }
    }
}

fn filling(name: &str, rows: usize) -> String {
    match rows {
        0 => name.to_owned(),
        1 => format!("{name}: 1 row"),
        rows => format!("{name}: {rows} rows"),
    }
}

fn parts(done: &Done) -> Vec<String> {
    let told = |part: &Part| match part {
        Part::Script(name, 1) => format!("{name}: 1 statement"),
        Part::Script(name, count) => format!("{name}: {count} statements"),
        Part::File(name, table, 1) => format!("{name}: 1 row for {table}"),
        Part::File(name, table, count) => format!("{name}: {count} rows for {table}"),
        Part::Made(filled) if filled.missing == 0 => {
            filling(&filled.table.to_string(), filled.rows)
        }
        Part::Made(filled) => format!(
            "{}, {} left out: {}",
            filling(&filled.table.to_string(), filled.rows),
            filled.missing,
            filled.why.as_deref().unwrap_or("the server refused them")
        ),
    };
    done.parts.iter().map(told).collect()
}
