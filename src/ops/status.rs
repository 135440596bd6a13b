//! Everything worth knowing about a database in one answer: the server, and every relation with
//! its columns, rows and sizes. Reads only, and nothing that takes the longer the more rows there
//! are: counts are exact where counting is quick, else what statistics say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::change::Setting;
use super::difference::Difference;
use super::drift::{self, Reach};
use super::standing::{self, Standing};
use crate::db::page::{Identity, Selection};
use crate::db::stop::Stop;
use crate::db::{Db, RelationSize, ServerFacts};
use crate::migrations::{Entry, State};
use crate::problem::{Kind, Result};
use crate::schema::{OutlineRelation, Relation, RelationKind, RelationName};

/// Up to this many rows a table is counted; beyond it, statistics answer.
const COUNTED_ROWS: u64 = 10_000;

/// So many tables are counted in any case.
const COUNTED_TABLES: usize = 50;

/// Counting more of them may take this long all together; the rest keep their estimates.
const COUNTING_TIME: Duration = Duration::from_millis(100);

/// What there is to know about a database.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseStatus {
    /// What the server says of itself and of our session.
    pub server: ServerFacts,
    /// Every relation, in the order of the tree.
    pub relations: Vec<RelationStatus>,
    /// What the role may not see or could not be read, in sentences.
    pub unseen: Vec<String>,
}

/// What there is to know about one relation.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationStatus {
    /// Its name.
    pub name: RelationName,
    /// What it is.
    pub kind: RelationKind,
    /// How many columns it has.
    pub columns: u32,
    /// How many rows it has; `None` where nothing is known without counting long.
    pub rows: Option<Rows>,
    /// Bytes on disk with what is stored out of line, without indexes.
    pub table_bytes: Option<u64>,
    /// Bytes on disk of its indexes.
    pub index_bytes: Option<u64>,
    /// Everything the catalogue says of it, where that was asked for.
    pub details: Option<Relation>,
}

/// A number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Counted.
    Exactly(u64),
    /// By statistics.
    About(u64),
}

impl DatabaseStatus {
    /// Asks an open database. With `details` every relation's columns are read too.
    ///
    /// # Errors
    /// When the connection is lost, the work is stopped, or the catalogue cannot be read.
    pub async fn gather(db: &Db, details: bool, stop: &Stop) -> Result<Self> {
        let outline = db.outline(stop).await?;
        let mut unseen = outline.unseen.clone();
        let sizes = match db.sizes(stop).await {
            Ok(sizes) => sizes,
            Err(problem) if is_final(problem.kind) => return Err(problem),
            Err(problem) => {
                unseen.push(format!("the sizes of tables: {}", problem.why));
                Vec::new()
            }
        };
        let sizes: HashMap<&RelationName, &RelationSize> =
            sizes.iter().map(|size| (&size.relation, size)).collect();
        let started = Instant::now();
        let mut relations = Vec::new();
        for (name, outlined) in outline.relations() {
            let mut status = RelationStatus::outlined(&name, outlined, sizes.get(&name).copied());
            let in_time = relations.len() < COUNTED_TABLES || started.elapsed() < COUNTING_TIME;
            if outlined.readable && in_time && is_quick(outlined) {
                status.count(db, stop).await?;
            }
            if details {
                status.read_details(db, stop, &mut unseen).await?;
            }
            relations.push(status);
        }
        Ok(Self { server: db.server().clone(), relations, unseen })
    }
}

impl RelationStatus {
    fn outlined(
        name: &RelationName,
        outlined: &OutlineRelation,
        size: Option<&RelationSize>,
    ) -> Self {
        Self {
            name: name.clone(),
            kind: outlined.kind,
            columns: outlined.columns,
            rows: outlined.rows_estimate.map(Rows::About),
            table_bytes: size.and_then(|size| size.table_bytes).or(outlined.bytes_estimate),
            index_bytes: size.and_then(|size| size.index_bytes),
            details: None,
        }
    }

    /// Counts up to the limit; a table that is larger, or cannot be counted, keeps its estimate.
    async fn count(&mut self, db: &Db, stop: &Stop) -> Result<()> {
        let all = Selection {
            relation: self.name.clone(),
            columns: Arc::from([]),
            identity: Identity::None,
            filter: Vec::new(),
            sort: Vec::new(),
        };
        match db.count(&all, Some(COUNTED_ROWS + 1), stop).await {
            Ok(count) if count <= COUNTED_ROWS => self.rows = Some(Rows::Exactly(count)),
            Err(problem) if is_final(problem.kind) => return Err(problem),
            Ok(_) | Err(_) => {}
        }
        Ok(())
    }

    async fn read_details(&mut self, db: &Db, stop: &Stop, unseen: &mut Vec<String>) -> Result<()> {
        match db.relation(&self.name, stop).await {
            Ok(relation) => self.details = Some(relation),
            Err(problem) if is_final(problem.kind) => return Err(problem),
            Err(problem) => unseen.push(format!("the columns of {}: {}", self.name, problem.why)),
        }
        Ok(())
    }
}

/// Whether nothing more can be asked after a problem of this kind.
fn is_final(kind: Kind) -> bool {
    matches!(kind, Kind::Cancelled | Kind::Disconnected)
}

/// Whether counting is worth a try: rows of its own, and not known to be many.
fn is_quick(outlined: &OutlineRelation) -> bool {
    let holds_rows = matches!(
        outlined.kind,
        RelationKind::Table | RelationKind::Partition | RelationKind::MaterializedView
    );
    holds_rows && outlined.rows_estimate.is_none_or(|rows| rows <= COUNTED_ROWS)
}

/// How a database, its migrations and the project's schema differ, two by two.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ThreeWays {
    /// The database against its applied migrations.
    pub drift: Vec<Difference>,
    /// All migrations against the schema; `None` where the project has none to compare with, or its
    /// migrations do not run.
    pub unwritten: Option<Vec<Difference>>,
    /// The database against the schema.
    pub behind: Option<Vec<Difference>>,
    /// What the person should know, in sentences.
    pub notes: Vec<String>,
}

impl ThreeWays {
    /// Finds it out in a scratch database. Where the schema cannot be made, the database is
    /// compared with its migrations alone, and why is noted.
    ///
    /// # Errors
    /// No scratch database can be made, or the applied migrations do not run.
    pub async fn find(setting: &Setting, standing: &Standing, stop: &Stop) -> Result<Self> {
        let mut notes = Vec::new();
        let survey = match drift::survey(setting, standing, Reach::ThreeWays, stop).await {
            Ok(survey) => survey,
            Err(problem) if is_final(problem.kind) => return Err(problem),
            Err(problem) => {
                let survey = drift::survey(setting, standing, Reach::Drift, stop).await?;
                notes.push(format!("the schema was not compared: {}", problem.what));
                survey
            }
        };
        notes.extend(survey.notes);
        let (drift, unwritten, behind) = (survey.drift, survey.unwritten, survey.behind);
        Ok(Self { drift, unwritten, behind, notes })
    }
}

/// How the project's migrations stand in a database.
#[derive(Debug, Clone, PartialEq)]
pub struct MigrationStatus {
    /// How they stand.
    pub standing: Standing,
    /// How database, migrations and schema differ, where that was asked for.
    pub drift: Option<ThreeWays>,
    /// What else the person should know, in sentences.
    pub notes: Vec<String>,
}

impl MigrationStatus {
    /// Reads it; with `drift` the applied migrations are replayed in a scratch database. None where
    /// there are no migrations, neither in the folder nor in the database.
    ///
    /// # Errors
    /// The folder or the history cannot be read, no scratch database can be made, or the applied
    /// migrations do not run.
    pub async fn gather(setting: &Setting, drift: bool, stop: &Stop) -> Result<Option<Self>> {
        let standing = standing::at(&setting.project, &setting.target, stop).await?;
        if standing.entries.is_empty() && standing.misfits.is_empty() {
            return Ok(None);
        }
        let mut notes = standing.notes.clone();
        let drift = match drift {
            false => None,
            true => {
                let found = ThreeWays::find(setting, &standing, stop).await?;
                notes.extend(found.notes.iter().cloned());
                Some(found)
            }
        };
        Ok(Some(Self { standing, drift, notes }))
    }

    /// How many migrations are applied, as far as the database remembers.
    pub fn applied(&self) -> usize {
        let is_applied = |entry: &&Entry| {
            matches!(entry.state, State::Applied | State::Changed | State::Missing)
        };
        self.standing.entries.iter().filter(is_applied).count()
    }

    /// The migration that was applied last.
    pub fn last(&self) -> Option<&Entry> {
        let done = |entry: &&Entry| entry.record.as_ref().is_some_and(|record| record.finished);
        let when = |entry: &&Entry| entry.record.as_ref().and_then(|record| record.when.clone());
        // Of several of one moment the last of the folder.
        self.standing.entries.iter().filter(done).max_by_key(when)
    }
}
