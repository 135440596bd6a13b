//! Everything worth knowing about a database in one answer: the server, and every relation with
//! its columns, rows and sizes. Reads only, and nothing that takes the longer the more rows there
//! are: counts are exact where counting is quick, else what statistics say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::as_applied::{self, Texts};
use super::change::Setting;
use super::difference::Difference;
use super::drift::{self, Reach};
use super::standing::{self, Standing};
use crate::db::connection::Connection;
use crate::db::page::{Identity, Selection};
use crate::db::stop::Stop;
use crate::db::{Db, Engine, RelationSize, ServerFacts};
use crate::migrations::{Entry, State};
use crate::problem::{Kind, Result};
use crate::schema::{OutlineRelation, Relation, RelationKind, RelationName};

/// Up to this many rows a table is counted; beyond it, statistics answer.
const COUNTED_ROWS: u64 = 10_000;

/// So many tables are counted in any case, and together.
const COUNTED_TABLES: usize = 50;

/// Counting more of them begins only for so long; the rest keep their estimates.
const COUNTING_TIME: Duration = Duration::from_millis(50);

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
        // Measuring takes the longest: what can be asked meanwhile is.
        let (outline, sizes) = tokio::join!(db.outline(stop), db.sizes(stop));
        let outline = outline?;
        let mut unseen = outline.unseen.clone();
        let sizes = match sizes {
            Ok(sizes) => sizes,
            Err(problem) if is_final(problem.kind) => return Err(problem),
            Err(problem) => {
                unseen.push(format!("the sizes of tables: {}", problem.why));
                Vec::new()
            }
        };
        let sizes: HashMap<&RelationName, &RelationSize> =
            sizes.iter().map(|size| (&size.relation, size)).collect();
        let mut relations = Vec::new();
        let mut quick = Vec::new();
        for (name, outlined) in outline.relations() {
            // What has no size is under somebody's exclusive lock, and would be waited for.
            let is_locked = db.server().engine == Engine::Postgres
                && sizes.get(&name).is_some_and(|size| size.table_bytes.is_none());
            if outlined.readable && is_quick(outlined) && !is_locked {
                quick.push(relations.len());
            }
            relations.push(RelationStatus::outlined(&name, outlined, sizes.get(&name).copied()));
        }
        let started = Instant::now();
        for (number, batch) in quick.chunks(COUNTED_TABLES).enumerate() {
            if number == 0 || started.elapsed() < COUNTING_TIME {
                count(&mut relations, batch, db, stop).await?;
            }
        }
        if details {
            for status in &mut relations {
                status.read_details(db, stop, &mut unseen).await?;
            }
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

/// Counts some of the relations in one question; one by one where one of them cannot be counted.
async fn count(
    relations: &mut [RelationStatus],
    places: &[usize],
    db: &Db,
    stop: &Stop,
) -> Result<()> {
    let names: Vec<RelationName> =
        places.iter().filter_map(|at| Some(relations.get(*at)?.name.clone())).collect();
    let counted = match db.counts(&names, COUNTED_ROWS + 1, stop).await {
        Ok(counted) => counted,
        Err(problem) if is_final(problem.kind) => return Err(problem),
        Err(_) => {
            for at in places {
                if let Some(status) = relations.get_mut(*at) {
                    status.count(db, stop).await?;
                }
            }
            return Ok(());
        }
    };
    for (at, count) in places.iter().zip(counted) {
        if let Some(status) = relations.get_mut(*at).filter(|_| count <= COUNTED_ROWS) {
            status.rows = Some(Rows::Exactly(count));
        }
    }
    Ok(())
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
    /// The texts that were applied of those whose files are others now or gone, as far as they are
    /// known.
    pub texts: Texts,
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
        let mut connection = Connection::open_reading(&setting.target, stop).await?;
        let read = async {
            let standing = standing::read(&setting.project, &mut connection, &[], stop).await?;
            // What the ledger has not kept is only not shown.
            let texts = as_applied::texts(&standing, &mut connection).await.unwrap_or_default();
            Ok((standing, texts))
        }
        .await;
        connection.close().await;
        let (standing, texts) = read?;
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
        Ok(Some(Self { standing, texts, drift, notes }))
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
