//! A session with one database: requests as data in, answers as data out.
//!
//! The studio's runner hands every [`Request`] to [`Session::serve`] on a task of its own.
//! Nothing here knows which pane asked, or draws, or decides what to ask next.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use serde_json::json;

use crate::config::{Choice, Config, Looks, Protection, TableLook, Target};
use crate::db::edit::Applied;
use crate::db::export::Export;
use crate::db::page::{Page, PageRequest, Selection, ValueRequest};
pub use crate::db::stop::Stop;
use crate::db::value::Value;
use crate::db::{Db, ServerFacts};
use crate::ops::acquaintance;
use crate::ops::checklist::{Aid, Gathered, Signed};
use crate::ops::chronicle::Chronicle;
use crate::ops::dashboard::{self, Dashboard, Drifting};
use crate::ops::journal::{Journal, Record};
use crate::ops::migrate::Account;
use crate::ops::migrations_desk::{self, Ask, Told};
use crate::ops::preparation::{self, Desk, Outcome, Preparation, Prepared};
use crate::ops::{demo, edit, export, init, journal, operations_desk, push, run};
use crate::problem::{Kind, Problem, Result};
use crate::schema::{Outline, Relation, RelationName};

/// A piece of work for the database, as data.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Open a database; the one that was open is closed once the new one answers.
    Connect(Box<Target>),
    /// Read the outline.
    Outline,
    /// Read one relation in full.
    Relation(RelationName),
    /// Read a page of rows.
    Page(Box<PageRequest>),
    /// Count a selection's rows exactly.
    Count(Box<Selection>),
    /// Read one whole value.
    Value(Box<ValueRequest>),
    /// Count the rows of each selection, up to [`REFERENCE_LIMIT`] each.
    References(Vec<Selection>),
    /// Make the demo project, if it is not there, and say where it is.
    Demo,
    /// Make a project in the working folder.
    Init,
    /// Make the SQLite file of a target, empty.
    Create(Box<Target>),
    /// Turn something chosen on the welcome screen into a target.
    Choose(Box<Choice>),
    /// Turn something typed on the welcome screen (a URL, a file, an environment) into a target.
    Resolve(String),
    /// Find out how the database is doing; `whole` for what changes slowly too.
    Dashboard {
        /// Whether tables, sizes, migrations and required variables are wanted.
        whole: bool,
        /// The database that is open.
        target: Box<Target>,
    },
    /// Look for drift between the database, its migrations and the schema.
    Drift(Box<Target>),
    /// Prepare a change of the schema as far as it goes without asking.
    Prepare(Box<Preparation>),
    /// Let go of a change whose renames nobody wants to answer for.
    LetGo,
    /// Carry out a change on the database that is open, with what was said on its checklist.
    Push(Arc<Prepared>, Box<Signed>),
    /// Do something about an item of a push's checklist, if so asked, and gather its evidence again.
    Gather(Arc<Prepared>, Option<Aid>),
    /// Write rows of a database to a file that is not there yet, on a connection of its own.
    Export(Box<(Target, Export)>, String),
    /// Write a change as the next migration, under this name.
    Write(Arc<Prepared>, String),
    /// Prove, review or apply edits of rows.
    Edit(edit::Request),
    /// A question about the migrations of the project in this database, or work on them.
    Migrations(Box<Target>, Box<Ask>),
    /// A question about an operation on the whole database, or the operation.
    Operations(Box<Target>, Box<operations_desk::Ask>),
}

/// How far long work has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Which of its parts begins, counted from 0.
    Part(usize),
    /// How far a run of migrations has come.
    Run(Box<run::Progress>),
    /// What begins, in words.
    Said(String),
    /// How many bytes of a backup are written so far.
    Written(u64),
    /// How many bytes of a backup are read so far.
    Read {
        /// What is being done, in words.
        words: String,
        /// So far.
        bytes: u64,
        /// Of all there are.
        of: u64,
    },
}

/// Is told how far work has come.
pub type Tell<'a> = dyn Fn(Progress) + Send + Sync + 'a;

/// Rows referring to another are counted up to this many; beyond it is "more than".
pub const REFERENCE_LIMIT: u64 = 1_000;

/// The answer to a [`Request`] of the same name.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The database is open.
    Connected(Box<Opened>),
    /// The outline.
    Outline(Arc<Outline>),
    /// One relation.
    Relation(Arc<Relation>),
    /// A page.
    Page(Box<Page>),
    /// A count.
    Count(u64),
    /// A value, or that its row is gone.
    Value(Option<Value>),
    /// The counts, in the order they were asked for.
    References(Vec<u64>),
    /// A target to connect to, from `Demo` or `Resolve`.
    Target(Box<Target>),
    /// Files that were made, as paths to show, and the databases there are to choose from now.
    Made(Vec<String>, Vec<Choice>),
    /// How the database is doing.
    Dashboard(Box<Dashboard>),
    /// What differs from what.
    Drift(Box<Drifting>),
    /// What came of preparing.
    Prepared(Outcome),
    /// It is let go of.
    LetGo,
    /// What the checklist of a change showed is other by now: nothing was run.
    Reopened(Box<Gathered>),
    /// The evidence for the checklist of a push.
    Gathered(Box<Gathered>),
    /// It is carried out, in this time.
    Pushed(Duration),
    /// The migration is written: its files, as paths to show.
    Written(Vec<String>),
    /// The rows are written to this file, so many.
    Exported(String, export::Progress),
    /// What came of a question about the migrations.
    Migrations(Box<Told>),
    /// What came of a question about an operation, or of the operation.
    Operations(Box<operations_desk::Told>),
    /// What came of the edits.
    Edit(edit::Answer),
}

/// A database that was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// What the server says of itself.
    pub facts: ServerFacts,
    /// How its tables looked when they were last open.
    pub looks: Looks,
    /// How many rows have edits that a studio which is gone did not apply.
    pub waiting: usize,
    /// Why that could not be read, if so; what was begun on the database and cut off.
    pub trouble: Option<String>,
    /// The target as it is to be treated, where the database was met before as something stricter.
    pub known: Option<Box<Target>>,
}

/// A database that is open, or is about to be. Clones share it.
#[derive(Clone)]
pub struct Session {
    config: Arc<RwLock<Arc<Config>>>,
    open: Arc<RwLock<Option<Db>>>,
    looks: Arc<Mutex<Looks>>,
    journal: Arc<Mutex<Journal>>,
    desk: Desk,
}

impl Session {
    /// A session with nothing open.
    pub fn new(config: Config) -> Self {
        Self {
            config: Arc::new(RwLock::new(Arc::new(config))),
            open: Arc::default(),
            looks: Arc::default(),
            journal: Arc::default(),
            desk: Desk::default(),
        }
    }

    /// What is configured.
    fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a project in the working folder, and reads what is configured again.
    fn init(&self) -> Result<Answer> {
        let config = self.config();
        let started = init::start(config.project_folder())?;
        let config = Arc::new(config.again()?);
        let choices = config.choices();
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(Answer::Made(started.made, choices))
    }

    /// Answers about an operation, or carries it out; what another database takes the place of is let
    /// go of before.
    async fn operate(
        &self,
        target: &Target,
        ask: operations_desk::Ask,
        stop: &Stop,
        tell: &Tell<'_>,
    ) -> Result<Answer> {
        if ask.replaces() {
            self.let_go().await;
        }
        // What long work keeps while it waits is much: on the heap it does not fill the stack.
        let config = self.config();
        let told = Box::pin(operations_desk::serve(&config, target, ask, stop, tell)).await?;
        Ok(Answer::Operations(Box::new(told)))
    }

    /// Lets go of the database that is open.
    async fn let_go(&self) {
        let open = self.open.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(db) = open {
            db.close().await;
        }
    }

    /// The open database.
    ///
    /// # Errors
    /// [`Kind::Disconnected`] while none is open.
    pub fn db(&self) -> Result<Db> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or_else(|| {
            Problem::new(
                Kind::Disconnected,
                "No database is open",
                "",
                "press R to connect again, or choose another connection with :",
            )
        })
    }

    /// Does the work and answers. When `stop` is asked, the work ends on the server too.
    ///
    /// # Errors
    /// Whatever went wrong, [`Kind::Cancelled`] when it was stopped, and
    /// [`Kind::Disconnected`] when the connection was lost.
    pub async fn serve(&self, request: Request, stop: &Stop) -> Result<Answer> {
        self.serve_telling(request, stop, &|_| ()).await
    }

    /// The same, and `tell` is told how far long work has come.
    ///
    /// # Errors
    /// As [`Session::serve`].
    pub async fn serve_telling(
        &self,
        request: Request,
        stop: &Stop,
        tell: &Tell<'_>,
    ) -> Result<Answer> {
        let parts: &preparation::Tell<'_> = &|part| tell(Progress::Part(part));
        match request {
            Request::Connect(target) => self.connect(&target, stop).await,
            Request::Outline => {
                self.db()?.outline(stop).await.map(|outline| Answer::Outline(Arc::new(outline)))
            }
            Request::Relation(name) => {
                let relation = self.db()?.relation(&name, stop).await?;
                Ok(Answer::Relation(Arc::new(relation)))
            }
            Request::Page(page) => {
                self.db()?.page(&page, stop).await.map(|page| Answer::Page(Box::new(page)))
            }
            Request::Count(rows) => self.db()?.count(&rows, None, stop).await.map(Answer::Count),
            Request::Value(value) => self.db()?.value(&value, stop).await.map(Answer::Value),
            Request::References(selections) => self.references(&selections, stop).await,
            Request::Dashboard { whole, target } => {
                let found =
                    dashboard::gather((&self.db()?, &target), &self.config(), whole, stop).await?;
                Ok(Answer::Dashboard(Box::new(found)))
            }
            Request::Drift(target) => {
                let found = dashboard::drifting(&self.config(), &target, stop).await?;
                Ok(Answer::Drift(Box::new(found)))
            }
            Request::Demo => demo::make(&self.config().places().data)
                .await
                .map(|it| Answer::Target(Box::new(it))),
            Request::Init => self.init(),
            Request::Create(target) => {
                push::make(&target, stop).await?.close().await;
                Ok(Answer::Target(target))
            }
            Request::Choose(choice) => {
                self.config().open(&choice).map(|target| Answer::Target(Box::new(target)))
            }
            Request::Resolve(text) => {
                self.config().resolve(&text).map(|target| Answer::Target(Box::new(target)))
            }
            Request::Prepare(wanted) => {
                self.desk.prepare(&self.config(), &wanted, stop, parts).await.map(Answer::Prepared)
            }
            Request::LetGo => self.desk.clear().await.map(|()| Answer::LetGo),
            Request::Push(prepared, signed) => self.push((&prepared, &signed), stop, parts).await,
            Request::Gather(prepared, aid) => self.gather((&prepared, aid), stop, tell).await,
            Request::Write(prepared, name) => prepared.write(&name).map(Answer::Written),
            Request::Export(work, file) => write_rows(&work, file, stop, parts).await,
            Request::Migrations(target, ask) => {
                let told =
                    migrations_desk::serve(&self.config(), &target, *ask, stop, tell).await?;
                Ok(Answer::Migrations(Box::new(told)))
            }
            Request::Operations(target, ask) => self.operate(&target, *ask, stop, tell).await,
            Request::Edit(asked) => self.edit(asked, stop).await.map(Answer::Edit),
        }
    }

    /// Closes what is open, cancelling what still runs on the server.
    pub async fn close(&self) {
        // A scratch database that cannot be removed now is removed by the next run.
        let (_, ()) = tokio::join!(self.desk.clear(), self.let_go());
    }

    /// Keeps how a table's columns look. Writes a file, so it may block.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remember(&self, target: &Target, name: &RelationName, look: &TableLook) -> Result<()> {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.set(&name.schema, &name.name, look.clone());
        looks.save(&self.config().places().state, &target.address)
    }

    /// Notes what became of edits, for the next [`Session::write_journal`].
    pub fn journal(&self, records: Vec<Record>) {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).owe(records);
    }

    /// Writes into the journal what became of edits, all that was noted so far, and makes it
    /// durable. Writes a file, so it may block.
    ///
    /// # Errors
    /// When the file cannot be written: what was noted is kept, and written with the next.
    pub fn write_journal(&self) -> Result<()> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).write()
    }

    /// Where a value waits while the person's own editor is open on it.
    pub fn state_folder(&self) -> PathBuf {
        self.config().places().state.clone()
    }

    /// Notes that a database was opened, for the list of recent ones. Writes a file, so it may
    /// block.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn note_opened(&self, target: &Target) -> Result<()> {
        self.config().remember(target)
    }

    async fn connect(&self, target: &Target, stop: &Stop) -> Result<Answer> {
        let db = Db::connect(target, stop).await?;
        let config = self.config();
        // What cannot be recognised is what its address says.
        let met = acquaintance::met(&config, target.clone(), stop).await.ok();
        let known = met.filter(|met| met.protection > target.protection).map(Box::new);
        let state = &config.places().state;
        let facts = db.server().clone();
        let (looks, mut trouble) = Looks::load(state, &target.address);
        let cut_off = Chronicle::of(state, target).settle(stop).await;
        if !cut_off.is_empty() {
            trouble.get_or_insert(cut_off.join("; "));
        }
        let waiting = match self.open_journal(target, facts.user.as_deref()) {
            Ok(waiting) => waiting,
            Err(problem) => {
                trouble.get_or_insert(problem.to_string());
                0
            }
        };
        *self.looks.lock().unwrap_or_else(PoisonError::into_inner) = looks.clone();
        let before = self.open.write().unwrap_or_else(PoisonError::into_inner).replace(db);
        if let Some(before) = before {
            before.close().await;
        }
        // What was open with the one before is nobody's any more; what is left, the next run
        // removes.
        drop(self.desk.clear().await);
        Ok(Answer::Connected(Box::new(Opened { facts, looks, waiting, trouble, known })))
    }

    /// Keeps a journal of this database from now on, unless that is done already; how many rows
    /// studios that are gone left edits of.
    fn open_journal(&self, target: &Target, role: Option<&str>) -> Result<usize> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let config = self.config();
        let state = &config.places().state;
        if !journal.is_of(state, &target.address, role) {
            // What is still owed to the one before is written before it is let go of.
            let written = journal.write();
            *journal = Journal::open(state, &target.address, role)?;
            written?;
        }
        Ok(journal.found().iter().map(journal::Found::rows).sum())
    }

    /// Serves a request about edits; those that are applied in production are written down.
    async fn edit(&self, asked: edit::Request, stop: &Stop) -> Result<edit::Answer> {
        let begun = match &asked {
            edit::Request::Apply(plan) if plan.target.protection == Protection::Production => {
                let chronicle = Chronicle::of(&self.config().places().state, &plan.target);
                let tables: Vec<String> =
                    plan.tables.iter().map(|table| table.relation.name.to_string()).collect();
                let account = Account::of_process(json!({ "statements": plan.statements.len() }));
                Some(chronicle.begin("edit", &tables.join(", "), &account))
            }
            _ => None,
        };
        let answer = edit::serve(&self.db()?, asked, &self.journal, stop).await;
        if let Some(begun) = begun {
            // That it cannot be kept must not look as if the edits had failed.
            begun.end(&applied(&answer)).await;
        }
        answer
    }

    /// Carries out a change, if what its checklist showed is still so.
    async fn push(
        &self,
        (prepared, signed): (&Prepared, &Signed),
        stop: &Stop,
        tell: &preparation::Tell<'_>,
    ) -> Result<Answer> {
        let config = self.config();
        let pushed = Box::pin(prepared.push((&config, signed), stop, tell)).await?;
        Ok(match pushed {
            Ok(took) => Answer::Pushed(took),
            Err(found) => Answer::Reopened(Box::new(found)),
        })
    }

    /// Gathers the evidence of a push's checklist, once something was done about it.
    async fn gather(
        &self,
        (prepared, aid): (&Prepared, Option<Aid>),
        stop: &Stop,
        tell: &Tell<'_>,
    ) -> Result<Answer> {
        let config = self.config();
        let found = match aid {
            Some(aid) => {
                let so_far = |bytes: u64| tell(Progress::Written(bytes));
                Box::pin(prepared.aid((&config, aid), stop, &so_far)).await?
            }
            None => Box::pin(prepared.gather(&config, stop)).await?.gathered(None),
        };
        Ok(Answer::Gathered(Box::new(found)))
    }

    async fn references(&self, selections: &[Selection], stop: &Stop) -> Result<Answer> {
        let db = self.db()?;
        let mut counts = Vec::with_capacity(selections.len());
        for rows in selections {
            counts.push(db.count(rows, Some(REFERENCE_LIMIT + 1), stop).await?);
        }
        Ok(Answer::References(counts))
    }
}

/// Whether edits were applied, as it is written down.
fn applied(answer: &Result<edit::Answer>) -> Result<()> {
    let nothing = |why: &str| Err(Problem::failed("nothing was written", why, ""));
    match answer {
        Ok(edit::Answer::Applied(Applied::Done(_), _)) => Ok(()),
        Ok(edit::Answer::Applied(Applied::Conflicts(_), _)) => nothing("rows had changed"),
        Ok(edit::Answer::Applied(Applied::Refused { problem, .. }, _)) => nothing(&problem.what),
        Ok(_) => nothing("it was not tried"),
        Err(problem) => Err(problem.clone()),
    }
}

/// Writes rows to a file that is not there yet.
async fn write_rows(
    (target, wanted): &(Target, Export),
    file: String,
    stop: &Stop,
    tell: &preparation::Tell<'_>,
) -> Result<Answer> {
    let path = Path::new(&file);
    if path.exists() {
        return Err(Problem::new(
            Kind::Refused,
            format!("{file} is there already"),
            "",
            "choose another name",
        ));
    }
    let db = Db::connect(target, stop).await?;
    let told = |done: export::Progress| tell(usize::try_from(done.rows).unwrap_or(usize::MAX));
    let done = export::to_file(&db, wanted, path, &told, stop).await;
    db.close().await;
    done.map(|done| Answer::Exported(file, done))
}
