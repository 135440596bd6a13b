//! A change prepared for somebody to say yes to: the schemas read, the renames settled, the plan
//! tried and weighed; and, after the yes, carried out.
//!
//! The studio asks for each part as data and answers in between; the scratch database is kept
//! meanwhile, and only then. Nothing of a person's is changed here before the yes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::backup::{self, Place};
use super::change::{self, Answers, Change, Setting, Settled, Side};
use super::checklist::{self, Aid, Checklist, Gathered, Signed};
use super::generate::{self, Draft};
use super::migrate::Account;
use super::proof::Proof;
use super::push::{self, Basis};
use super::review::{self, Review};
use super::wording;
use crate::config::{Config, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::{self, Migration, Pair};
use crate::problem::{Problem, Result};
use crate::schema::hazard::{Facts, Measures};
use crate::schema::model::Model;
use crate::schema::rename::{Candidate, Rename};

/// What a change is prepared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// To write the next migration.
    Generate,
    /// To make the database match the schema.
    Push,
    /// To look at the difference.
    Compare,
}

impl Intent {
    /// The parts of preparing it, in order, as somebody who waits reads them.
    pub fn phases(self) -> &'static [&'static str] {
        match self {
            Self::Generate => &[
                "reading the schema and the migrations",
                "planning, and trying the plan in a scratch database",
                "watching what it locks",
            ],
            Self::Push | Self::Compare => &[
                "reading the schema and the database",
                "planning, and trying the plan in a scratch database",
                "watching what it locks",
                "counting what it would lose",
            ],
        }
    }
}

/// What is to be prepared.
#[derive(Debug, Clone, PartialEq)]
pub struct Preparation {
    /// What for.
    pub intent: Intent,
    /// The database that is open.
    pub target: Target,
    /// What was answered about renames so far.
    pub answers: Answers,
}

/// What came of preparing.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// There is nothing to do; what there is to know of that, in sentences.
    Nothing(Vec<String>),
    /// These may be renames, and nobody has said whether they are.
    Open(Vec<Candidate>),
    /// It is ready to be looked at.
    Ready(Arc<Prepared>),
}

/// A change that is ready to be looked at and carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// What it is for.
    pub intent: Intent,
    /// What it was made in.
    pub setting: Setting,
    /// The plan that was tried.
    pub proof: Proof,
    /// The plan as it is looked at.
    pub review: Review,
    /// What to be sure of before it runs; empty where nothing runs.
    pub gathered: Gathered,
    /// What a migration of it would be called, without its number.
    pub name: String,
    /// The schema there was.
    pub current: Model,
    /// The migrations there were.
    pub existing: Vec<Migration>,
    /// When it was prepared, in seconds since 1970.
    pub at: u64,
}

impl Prepared {
    /// All its statements as one script.
    pub fn script(&self) -> String {
        change::script(&self.proof.up)
    }

    /// The migrations that carry it out: one of this name, or one for each part that must run by
    /// itself. Under the name that was proposed each part has one of its own.
    pub fn drafts(&self, name: &str) -> Vec<Draft> {
        let is_proposed = self.proof.stages.len() > 1 && name.trim() == self.name;
        let name = Some(name.trim()).filter(|name| !is_proposed && !name.is_empty());
        let made = (&self.proof, &self.review);
        generate::drafts(&self.setting, &self.existing, name, made, self.at)
    }

    /// Gathers the evidence for its checklist, of the database as it is now.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn gather(&self, config: &Config, stop: &Stop) -> Result<Checklist> {
        let target = &self.setting.target;
        let mut measures = Measures::default();
        if !push::is_to_be_made(target) {
            let mut live = Connection::open_reading(target, stop).await?;
            let change = (&self.current, &self.proof.up, &self.proof.desired);
            let measured = push::measured(&mut live, target, change, stop).await;
            live.close().await;
            measures = measured?;
        }
        push::matter(target, &measures, self.script()).gather(config, target, stop).await
    }

    /// Does something about an item of its checklist, and gathers the evidence again.
    ///
    /// # Errors
    /// It does not work, or the database cannot be asked.
    pub async fn aid(
        &self,
        (config, aid): (&Config, Aid),
        stop: &Stop,
        tell: &backup::Tell<'_>,
    ) -> Result<Gathered> {
        let target = &self.setting.target;
        match aid {
            Aid::Backup => {
                let place = Place::of(config, target);
                backup::make_telling(target, &place, stop, tell).await?;
            }
            Aid::Notify => {
                self.gather(config, stop).await?.notify(config, target, stop).await?;
            }
            Aid::Rehearse => {}
        }
        Ok(self.gather(config, stop).await?.gathered(None))
    }

    /// Runs the plan on the database, if its checklist, gathered once more, holds with what was
    /// said; else the list as it is now. `tell` is told of each statement before it runs.
    ///
    /// # Errors
    /// It is refused here, the schema has changed meanwhile, or a statement fails.
    pub async fn push(
        &self,
        (config, signed): (&Config, &Signed),
        stop: &Stop,
        tell: &Tell<'_>,
    ) -> Result<std::result::Result<Duration, Gathered>> {
        let begun = Instant::now();
        push::permit(&self.setting.target)?;
        self.review.permit()?;
        let mut checklist = json!([]);
        if !self.gathered.items.is_empty() {
            let list = self.gather(config, stop).await?;
            if let Err(problem) = list.permit(signed) {
                return Ok(Err(list.gathered(Some(checklist::here(problem)))));
            }
            checklist = list.record(&signed.words);
        }
        let basis = Basis {
            scope: &self.setting.scope,
            current: &self.current,
            desired: &self.proof.desired,
        };
        let on_step = &mut |step| tell(step);
        let account = Account::of_process(json!({ "checklist": checklist }));
        let by = (basis, &account);
        push::record(&self.setting, by, &self.proof.up, stop, on_step).await?;
        Ok(Ok(begun.elapsed()))
    }

    /// Writes the migration under this name and says which files it wrote, seen from the project.
    ///
    /// # Errors
    /// It is refused, there are other migrations meanwhile, or the files cannot be written.
    pub fn write(&self, name: &str) -> Result<Vec<String>> {
        self.review.permit()?;
        if generate::existing(&self.setting)? != self.existing {
            return Err(Problem::failed(
                "The migrations have changed since this one was planned",
                "a file in their folder was added, changed or removed",
                "generate the migration again: it then fits what is there",
            ));
        }
        let pairs: Vec<Pair> = self.drafts(name).into_iter().map(|draft| draft.pair).collect();
        migrations::write_all(&pairs)?;
        let files = pairs.iter().flat_map(|pair| [&pair.up, &pair.down]);
        let folder = &self.setting.project.folder;
        let seen = |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).display().to_string();
        Ok(files.map(seen).collect())
    }
}

/// Is told how far work has come: which phase, or which statement, begins.
pub type Tell<'a> = dyn Fn(usize) + Send + Sync + 'a;

/// What is kept between two parts while a person answers.
#[derive(Clone, Default)]
pub(super) struct Desk(Arc<Mutex<Option<Box<Open>>>>);

/// A change of which renames are open.
struct Open {
    intent: Intent,
    existing: Vec<Migration>,
    change: Change,
    /// What is configured, for the checklist of a push.
    config: Config,
}

impl Desk {
    /// Removes what is kept, and its scratch database.
    pub(super) async fn clear(&self) -> Result<()> {
        match self.take() {
            Some(open) => open.change.close().await,
            None => Ok(()),
        }
    }

    /// Prepares a change as far as it goes without asking.
    ///
    /// # Errors
    /// There is no project, it is refused here, a side cannot be read, or the plan does not hold.
    pub(super) async fn prepare(
        &self,
        config: &Config,
        wanted: &Preparation,
        stop: &Stop,
        tell: &Tell<'_>,
    ) -> Result<Outcome> {
        let mut open = match self.take() {
            Some(open) if open.goes_on(wanted) => open,
            before => {
                if let Some(before) = before {
                    before.change.close().await?;
                }
                tell(0);
                // What it keeps while it waits is much: on the heap it does not fill the stack.
                Box::new(Box::pin(Open::begin(config, wanted, stop)).await?)
            }
        };
        let outcome = Box::pin(open.follow(&wanted.answers, stop, tell)).await;
        if let Ok(Outcome::Open(_)) = outcome {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
            return outcome;
        }
        let closed = open.change.close().await;
        // What failed first is what the person must know.
        let outcome = outcome?;
        closed.map(|()| outcome)
    }

    fn take(&self) -> Option<Box<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Open {
    async fn begin(config: &Config, wanted: &Preparation, stop: &Stop) -> Result<Self> {
        if config.project_file().is_none() {
            return Err(Problem::usage(
                "There is no project here",
                "the schema to compare with is named by a dbstudio.toml, and none was found here \
                 or in a folder above",
                "leave, start one with dbstudio init in the folder of your choice, and open \
                 dbstudio there",
            ));
        }
        let target = wanted.target.clone();
        if wanted.intent == Intent::Push {
            push::permit(&target)?;
        }
        let setting = Setting::new(config, target, None)?;
        let (change, existing) = match wanted.intent {
            Intent::Generate => generate::begin(setting, stop).await?,
            Intent::Push | Intent::Compare => {
                let live = Side::Live(Box::new(setting.target.clone()));
                let change = Change::between(setting, live, Side::Desired, stop).await?;
                (change, Vec::new())
            }
        };
        Ok(Self { intent: wanted.intent, existing, change, config: config.clone() })
    }

    /// Whether this is what the answers are about.
    fn goes_on(&self, wanted: &Preparation) -> bool {
        let is_answered = wanted.answers != Answers::default();
        is_answered && self.intent == wanted.intent && self.change.setting.target == wanted.target
    }

    async fn follow(&mut self, answers: &Answers, stop: &Stop, tell: &Tell<'_>) -> Result<Outcome> {
        if self.change.is_nothing() {
            return Ok(Outcome::Nothing(self.change.notes.clone()));
        }
        tell(1);
        let renames = match self.change.settle(answers, stop).await? {
            Settled::Open(candidates) => return Ok(Outcome::Open(candidates)),
            Settled::Renames(renames) => renames,
        };
        self.ready(renames, stop, tell).await.map(|it| Outcome::Ready(Arc::new(it)))
    }

    async fn ready(
        &mut self,
        renames: Vec<Rename>,
        stop: &Stop,
        tell: &Tell<'_>,
    ) -> Result<Prepared> {
        let change = &mut self.change;
        let writes = self.intent == Intent::Generate;
        let proof = change.prove(renames.clone(), writes, stop).await?;
        tell(2);
        let effects = change.watch(&proof, writes, stop).await?;
        let mut measures = Measures::default();
        if !writes {
            tell(3);
            let mut live = Connection::open_reading(&change.setting.target, stop).await?;
            let measured = push::measure(&mut live, change, &proof, stop).await;
            live.close().await;
            measures = measured?;
        }
        let gathered = match self.intent {
            Intent::Push => {
                let target = &change.setting.target;
                let matter = push::matter(target, &measures, change::script(&proof.up));
                matter.gather(&self.config, target, stop).await?.gathered(None)
            }
            Intent::Generate | Intent::Compare => Gathered::default(),
        };
        let review = review::of_change(change, &proof, &renames, &Facts { effects, measures })?;
        Ok(Prepared {
            intent: self.intent,
            setting: change.setting.clone(),
            name: migrations::slug(&wording::name(&proof.up)),
            proof,
            review,
            gathered,
            current: change.current.clone(),
            existing: self.existing.clone(),
            at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        })
    }
}
