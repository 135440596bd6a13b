//! Changing a schema, up to the point where somebody must say yes: the schema there is and the
//! one that is wanted, the renames between them, and a plan that was tried.
//!
//! The front end asks between the parts; nothing here writes a file or touches a person's
//! database beyond reading its schema.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::proof::{self, Proof, Question};
use super::{desired, history, replay};
use crate::config::{Address, Config, Policy, Project, Target};
use crate::db::connection::Connection;
use crate::db::fault::Script;
use crate::db::scratch::Scratch;
use crate::db::stop::Stop;
use crate::migrations::{Migration, Source};
use crate::problem::{Kind, Problem, Result};
use crate::schema::hazard::{self, Allowance, Effects, Facts};
use crate::schema::model::{Model, Scope, Unmodelled};
use crate::schema::plan::{self, Plan};
use crate::schema::rename::{self, Answer, Candidate, Rename};
use crate::sql::Dialect;

/// What a change is made in: the project, and the database that stands for its engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The project.
    pub project: Project,
    /// The database.
    pub target: Target,
    /// Where scratch databases are made, if not on its server.
    pub scratch: Option<Target>,
    /// What of a database is compared.
    pub scope: Scope,
    /// Whether others use the database meanwhile.
    pub online: bool,
    /// What is to happen for hazards, by rule, where that is settled.
    pub policies: BTreeMap<String, Policy>,
    /// The folder in which is kept what was done.
    pub state: PathBuf,
}

impl Setting {
    /// The setting of a target; `online` is what the person said, if anything.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(config: &Config, target: Target, online: Option<bool>) -> Result<Self> {
        let mut project = config.project();
        project.migrations = Source::of(&project)?.folder;
        let scope = Scope {
            schemas: project.schemas.clone(),
            privileges: project.privileges,
            owners: project.owners,
        };
        Ok(Self {
            scratch: config.scratch(&target)?,
            online: online.unwrap_or_else(|| config.online(&target)),
            policies: config.policies(Some(&target)),
            state: config.places().state.clone(),
            scope,
            project,
            target,
        })
    }
}

/// What was answered about renames.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// What the person typed.
    pub typed: Vec<Answer>,
    /// What the person said yes to, in that order.
    pub yes: Vec<Rename>,
    /// What the person said no to.
    pub no: Vec<Rename>,
    /// Whether whatever is left is no rename.
    pub none: bool,
}

/// Whether the renames are settled.
#[derive(Debug, Clone)]
pub enum Settled {
    /// These may be renames, and nobody has said whether they are.
    Open(Vec<Candidate>),
    /// They are settled: these.
    Renames(Vec<Rename>),
}

/// A change on its way: a scratch database that holds the schema there is, and the one wanted.
#[derive(Debug)]
pub struct Change {
    /// What it is made in.
    pub setting: Setting,
    scratch: Scratch,
    /// The one the schema wanted was made in, where both sides had to be made.
    other: Option<Scratch>,
    /// Whether that still holds it.
    is_other_held: bool,
    /// Whether the scratch is known to hold exactly the schema there is.
    is_held: bool,
    /// The schema there is.
    pub current: Model,
    /// The schema wanted.
    pub desired: Model,
    /// The renames that comments in the schema tell of.
    comments: Vec<Answer>,
    /// The hazards that comments in the schema allow.
    pub allowances: Vec<Allowance>,
    /// What the person should know, in sentences.
    pub notes: Vec<String>,
    /// What forbids carrying it out, whatever is in it.
    pub objection: Option<Problem>,
}

/// Where a schema comes from.
#[derive(Debug, Clone)]
pub enum Side {
    /// The schema the project wants.
    Desired,
    /// SQL from elsewhere.
    Scripts(Vec<Script>),
    /// The migrations, one after the other.
    Migrations(Vec<Migration>),
    /// A database.
    Live(Box<Target>),
    /// A schema that was read before.
    Read(Box<Model>),
}

impl Side {
    /// Whether it is made in a scratch database to be read.
    fn is_made(&self) -> bool {
        matches!(self, Self::Migrations(_) | Self::Desired | Self::Scripts(_))
    }
}

impl Change {
    /// Reads both sides. The scratch database holds the schema there is afterwards, unless
    /// nothing differs.
    ///
    /// # Errors
    /// A side cannot be read, or no scratch database can be made.
    pub async fn between(setting: Setting, from: Side, to: Side, stop: &Stop) -> Result<Self> {
        let place = || Scratch::new(&setting.target, setting.scratch.as_ref(), stop);
        let second = async {
            // Two databases in memory share one lock on memory, and are slower at once.
            let is_server = matches!(setting.target.address, Address::Postgres(_));
            let wanted = is_server && from.is_made() && to.is_made();
            if wanted { place().await.map(Some) } else { Ok(None) }
        };
        let (mut scratch, mut other) = match tokio::join!(place(), second) {
            (Ok(scratch), Ok(other)) => (scratch, other),
            (Err(problem), Ok(None)) => return Err(problem),
            (Ok(made), Err(problem)) | (Err(problem), Ok(Some(made))) => {
                drop(made.close().await);
                return Err(problem);
            }
            (Err(problem), Err(_)) => return Err(problem),
        };
        let places = Places { scratch: &mut scratch, other: other.as_mut() };
        match read_sides(places, &setting, from, to, stop).await {
            Ok(Sides { current, is_held, desired, comments, notes }) => {
                let Comments { renames: comments, allowances } = comments;
                Ok(Self {
                    setting,
                    scratch,
                    is_other_held: other.is_some(),
                    other,
                    is_held,
                    current,
                    desired,
                    comments,
                    allowances,
                    notes,
                    objection: None,
                })
            }
            Err(problem) => {
                // What failed first is what the person must know.
                drop(close(scratch, other).await);
                Err(problem)
            }
        }
    }

    /// Whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        plan::differences(&self.current, &self.desired).is_empty()
    }

    /// Finds out which renames there are, and which nobody has answered for.
    ///
    /// # Errors
    /// An answer that fits nothing.
    pub async fn settle(&mut self, answers: &Answers, stop: &Stop) -> Result<Settled> {
        let mut all = answers.typed.clone();
        all.extend(self.comments.iter().cloned());
        let mut renames = rename::resolve(&self.current, &self.desired, &all)?;
        renames.extend(answers.yes.iter().cloned());
        if answers.none {
            return Ok(Settled::Renames(renames));
        }
        let open = if renames.is_empty() {
            rename::candidates(&self.current, &self.desired)
        } else {
            let renamed = self.renamed(&renames, stop).await?;
            rename::candidates(&renamed, &self.desired)
        };
        let is_open =
            |candidate: &Candidate| !candidate.same && !answers.no.contains(&candidate.rename);
        let open: Vec<Candidate> = open.into_iter().filter(is_open).collect();
        Ok(if open.is_empty() { Settled::Renames(renames) } else { Settled::Open(open) })
    }

    /// The schema there is with other names, which the scratch database does not keep.
    async fn renamed(&mut self, renames: &[Rename], stop: &Stop) -> Result<Model> {
        let steps = plan::rename_steps(renames, &self.current)?;
        let scratch = self.scratch.connection()?;
        let told = |sql: &str| {
            let what = format!("The rename does not work: {sql}");
            move |fault: crate::db::fault::Fault| fault.problem(what, "leave that rename out")
        };
        scratch.run("BEGIN", stop).await.map_err(told("BEGIN"))?;
        let mut read = Ok(());
        for step in &steps {
            read = scratch.run(&step.sql, stop).await.map_err(told(&step.sql));
            if read.is_err() {
                break;
            }
        }
        let model = match read {
            Ok(()) => scratch.model(&self.setting.scope, stop).await,
            Err(problem) => Err(problem),
        };
        let back = scratch.run("ROLLBACK", &Stop::new()).await.map_err(told("ROLLBACK"));
        model.and_then(|model| back.map(|()| model))
    }

    /// Makes the plan and tries it in the scratch database, on request with the way back.
    ///
    /// # Errors
    /// The plan does not hold.
    pub async fn prove(&mut self, renames: Vec<Rename>, down: bool, stop: &Stop) -> Result<Proof> {
        let question = Question {
            scope: self.setting.scope.clone(),
            renames,
            down,
            online: self.setting.online,
        };
        let is_held = std::mem::take(&mut self.is_held);
        let scratch = self.scratch.connection()?;
        let current = if is_held {
            self.current.clone()
        } else {
            scratch.model(&question.scope, stop).await?
        };
        let may = std::mem::take(&mut self.is_other_held) && down && question.renames.is_empty();
        let mut proof = match self.other.as_mut().filter(|_| may) {
            None => proof::prove(scratch, current, &self.desired, &question, stop).await?,
            // It holds the schema wanted, so that the way back can be tried there meanwhile.
            Some(other) => {
                let places = (scratch, other.connection()?);
                let (proof, is_other) =
                    proof::prove_at_once(places, current, &self.desired, &question, stop).await?;
                if is_other {
                    std::mem::swap(&mut self.scratch, other);
                }
                proof
            }
        };
        // What has a way back becomes files, and nobody knows who runs those.
        if down && self.setting.online {
            super::patience::limit(&mut proof);
        }
        Ok(proof)
    }

    /// The plan as it is at first sight, without renames and not tried.
    pub fn rough(&self) -> Plan {
        plan::plan(&self.current, &self.desired, self.setting.online)
    }

    /// Finds out what each step of a proven plan locks and writes anew, by running them once more
    /// in the scratch database; nothing where no table that is there is touched, or on SQLite.
    /// `is_back` says that it holds the schema there is again.
    ///
    /// # Errors
    /// The scratch is lost or the work was stopped; steps that cannot be watched are left out.
    pub async fn watch(
        &mut self,
        proof: &Proof,
        is_back: bool,
        stop: &Stop,
    ) -> Result<Vec<Option<Effects>>> {
        // A statement of SQLite locks the whole file, whatever it does.
        if proof.up.dialect == Dialect::Sqlite {
            return Ok(Vec::new());
        }
        let context = proof.context(self.setting.online);
        let locks = hazard::locks(&proof.up, &Facts::default(), &context);
        if locks.iter().all(|(effects, _)| effects.locks.is_empty()) {
            return Ok(Vec::new());
        }
        if !is_back {
            self.scratch.reset(stop).await?;
            let scratch = self.scratch.connection()?;
            proof::build(scratch, &proof.current, &self.setting.scope, stop).await?;
        }
        let watched = self.scratch.connection()?.apply_watched(&proof.up.steps, stop).await;
        match watched {
            Ok(effects) => Ok(effects),
            Err(failure)
                if matches!(failure.problem.kind, Kind::Cancelled | Kind::Disconnected) =>
            {
                Err(failure.problem)
            }
            // Some plans hold only as one transaction; the rules then say what to expect.
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Removes the scratch databases.
    ///
    /// # Errors
    /// One cannot be removed; the next run then does that.
    pub async fn close(self) -> Result<()> {
        close(self.scratch, self.other).await
    }
}

async fn close(scratch: Scratch, other: Option<Scratch>) -> Result<()> {
    let other = async {
        match other {
            Some(other) => other.close().await,
            None => Ok(()),
        }
    };
    let (first, second) = tokio::join!(scratch.close(), other);
    first.and(second)
}

/// Where the sides are made.
struct Places<'a> {
    /// What holds the schema there is in the end.
    scratch: &'a mut Scratch,
    /// Made where the schema wanted needs a place too: both are made at once then.
    other: Option<&'a mut Scratch>,
}

/// Both sides, read.
struct Sides {
    current: Model,
    /// Whether the scratch holds exactly that.
    is_held: bool,
    desired: Model,
    comments: Comments,
    notes: Vec<String>,
}

/// What comments in the schema say.
#[derive(Default)]
struct Comments {
    renames: Vec<Answer>,
    allowances: Vec<Allowance>,
}

async fn read_sides(
    Places { scratch, other }: Places<'_>,
    setting: &Setting,
    from: Side,
    to: Side,
    stop: &Stop,
) -> Result<Sides> {
    let mut comments = Comments::default();
    let is_live = matches!(to, Side::Live(_));
    let is_replayed = from.is_made();
    let (mut desired, mut current) = match other {
        Some(other) => {
            let there = read(other, setting, to, Some(&mut comments), stop);
            let (desired, current) = tokio::join!(there, read(scratch, setting, from, None, stop));
            (desired?, current?)
        }
        None => {
            let desired = read(scratch, setting, to, Some(&mut comments), stop).await?;
            (desired, read(scratch, setting, from, None, stop).await?)
        }
    };
    if is_live {
        let nothing = Model::empty(desired.dialect);
        history::spare(&mut desired, &nothing);
    }
    if current.dialect != desired.dialect {
        return Err(two_engines());
    }
    let spared = history::spare(&mut current, &desired);
    let mut is_held = is_replayed && spared.is_empty();
    let mut notes: Vec<String> = spared
        .into_iter()
        .map(|table| format!("{table} keeps the history of migrations and is left alone"))
        .collect();
    notes.extend(uncompared(&current, &desired));
    let same = plan::differences(&current, &desired).is_empty();
    if !is_replayed && !same {
        scratch.reset(stop).await?;
        let made = proof::build(scratch.connection()?, &current, &setting.scope, stop).await?;
        is_held = made == current;
    }
    Ok(Sides { current, is_held, desired, comments, notes })
}

/// Reads one side; what is not a database is made in the scratch, which is emptied first.
async fn read(
    scratch: &mut Scratch,
    setting: &Setting,
    side: Side,
    comments: Option<&mut Comments>,
    stop: &Stop,
) -> Result<Model> {
    match side {
        Side::Live(target) => {
            let mut live = Connection::open_reading(&target, stop).await?;
            let model = live.model(&setting.scope, stop).await;
            live.close().await;
            return model;
        }
        Side::Read(model) => return Ok(*model),
        Side::Migrations(migrations) => {
            scratch.reset(stop).await?;
            replay::replay(scratch.connection()?, &migrations, stop).await?;
        }
        Side::Desired | Side::Scripts(_) => {
            let scripts = match side {
                Side::Scripts(scripts) => scripts,
                _ => desired::sources(&setting.project, stop).await?,
            };
            scratch.reset(stop).await?;
            let connection = scratch.connection()?;
            desired::execute(connection, &scripts, stop).await?;
            if let Some(comments) = comments {
                for script in &scripts {
                    let (dialect, text) = (connection.dialect(), &script.text);
                    comments.renames.extend(rename::comments(dialect, text)?);
                    comments.allowances.extend(hazard::schema_allowances(dialect, text));
                }
            }
        }
    }
    scratch.connection()?.model(&setting.scope, stop).await
}

/// What one side has or both have that is not compared.
fn uncompared(current: &Model, desired: &Model) -> Vec<String> {
    let told = |one: &Unmodelled| format!("{} {} is not compared", one.kind, one.name);
    current.unmodelled.union(&desired.unmodelled).map(told).collect()
}

fn two_engines() -> Problem {
    Problem::usage(
        "A PostgreSQL and a SQLite schema cannot be compared",
        "each has things the other has no word for",
        "name two of one kind",
    )
}

/// A plan as a script: every statement with its semicolon.
pub fn script(plan: &Plan) -> String {
    let statement = |sql: &str| match plan.dialect {
        // A comment at its end would hide the semicolon.
        Dialect::Postgres | Dialect::Sqlite if ends_in_comment(plan.dialect, sql) => {
            format!("{sql}\n;\n")
        }
        _ => format!("{sql};\n"),
    };
    plan.steps.iter().map(|step| statement(&step.sql)).collect::<Vec<_>>().join("\n")
}

fn ends_in_comment(dialect: Dialect, sql: &str) -> bool {
    use crate::sql::lexer::{TokenKind, tokens};
    let last = tokens(dialect, sql).into_iter().rfind(|token| token.kind != TokenKind::Space);
    last.is_some_and(|token| token.kind == TokenKind::Comment)
}
