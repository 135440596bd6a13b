//! A change prepared for somebody to say yes to: the schemas read, the renames settled, the plan
//! tried and weighed; and, after the yes, carried out.
//!
//! The studio asks for each part as data and answers in between; the scratch database is kept
//! meanwhile, and only then. Nothing of a person's is changed here before the yes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::change::{self, Answers, Change, Setting, Settled, Side};
use super::checklist::{self, Gathered, Word};
use super::generate::{self, Draft};
use super::migrate::Account;
use super::proof::Proof;
use super::push::{self, Basis, Item};
use super::review::{self, Review};
use super::wording;
use crate::config::{Config, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::{self, Migration, Pair};
use crate::problem::{Kind, Problem, Result};
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
    pub items: Vec<Item>,
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

    /// Gathers the evidence for its checklist once more; the checklist as it is now, where that is
    /// another than the one that was shown.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn reopened(&self, stop: &Stop) -> Result<Option<Gathered>> {
        let target = &self.setting.target;
        if self.items.is_empty() || push::is_to_be_made(target) {
            return Ok(None);
        }
        let mut live = Connection::open_reading(target, stop).await?;
        let change = (&self.current, &self.proof.up, &self.proof.desired);
        let measured = push::measured(&mut live, target, change, stop).await;
        live.close().await;
        let mut items = push::checklist(target, &measured?);
        items.retain(|item| self.items.iter().any(|shown| shown.id == item.id));
        if items == self.items {
            return Ok(None);
        }
        let trouble = Problem::new(
            Kind::Refused,
            "What the checklist showed is other by now; nothing was run",
            "rows were added, changed or removed since it was shown",
            "look at the checklist again, and tick what can still be afforded",
        );
        Ok(Some(Gathered { items, aids: Vec::new(), trouble: Some(trouble) }))
    }

    /// Runs the plan on the database, with what was said on its checklist; `tell` is told of each
    /// statement before it runs.
    ///
    /// # Errors
    /// It is refused here, the schema has changed meanwhile, or a statement fails.
    pub async fn push(&self, words: &[Word], stop: &Stop, tell: &Tell<'_>) -> Result<Duration> {
        let begun = Instant::now();
        push::permit(&self.setting.target)?;
        self.review.permit()?;
        let is_open = |item: &&Item| !item.shown && !words.iter().any(|word| word.item == item.id);
        let open: Vec<&Item> = self.items.iter().filter(is_open).collect();
        if !open.is_empty() {
            return Err(push::incomplete(&open));
        }
        let basis = Basis {
            scope: &self.setting.scope,
            current: &self.current,
            desired: &self.proof.desired,
        };
        let on_step = &mut |step| tell(step);
        let checklist = checklist::recorded(&self.items, words);
        let account = Account::of_process(json!({ "checklist": checklist }));
        let by = (basis, &account);
        push::record(&self.setting, by, &self.proof.up, stop, on_step).await?;
        Ok(begun.elapsed())
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
                Box::new(Open::begin(config, wanted, stop).await?)
            }
        };
        let outcome = open.follow(&wanted.answers, stop, tell).await;
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
        let items = match self.intent {
            Intent::Push => {
                let target = &change.setting.target;
                let items = push::checklist(target, &measures);
                checklist::standing(&self.config, target, "push", items)?
            }
            Intent::Generate | Intent::Compare => Vec::new(),
        };
        let review = review::of_change(change, &proof, &renames, &Facts { effects, measures })?;
        Ok(Prepared {
            intent: self.intent,
            setting: change.setting.clone(),
            name: migrations::slug(&wording::name(&proof.up)),
            proof,
            review,
            items,
            current: change.current.clone(),
            existing: self.existing.clone(),
            at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        })
    }
}
