//! Importing a file into a table: which field becomes which column, what would be written, and
//! the writing itself. Nothing here asks or prints.

mod fitting;
mod object;
mod rows;
mod tabular;
mod text;

use std::path::{Path, PathBuf};

use serde_json::json;

pub use self::fitting::{Becomes, Preview};
use self::fitting::{Fitting, SAMPLE};
pub use self::rows::FileRows;
use self::rows::Shape;
use self::tabular::Parting;
pub use self::text::Bytes;
use self::text::Text;
use super::chronicle::Chronicle;
use super::export::{column, dialect};
use super::migrate::Account;
use super::named;
use crate::config::{Protection, Target};
use crate::db::Db;
use crate::db::connection::Connection;
use crate::db::export::Format;
use crate::db::import::{Import, Imported, InColumn};
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};
use crate::schema::{Generation, Relation, RelationKind};
use crate::sql::Dialect;

/// What a person wants to have imported, and how the file is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The table's name as it was typed.
    pub relation: String,
    /// The file's name for messages.
    pub source: String,
    /// The file's format: CSV, TSV or JSON lines.
    pub format: Format,
    /// What parts the fields of CSV.
    pub delimiter: Option<char>,
    /// The file's encoding, by name.
    pub encoding: String,
    /// What stands for NULL, if not what the format has for it.
    pub null: Option<String>,
    /// Whether the first line holds the names of the fields.
    pub header: bool,
    /// The columns the fields become, in the file's order.
    pub columns: Vec<String>,
    /// Fields that become a column of another name, as `field=column`; `field=` leaves one out.
    pub map: Vec<String>,
    /// The key by which rows that are there are changed; empty for the primary key.
    pub upsert: Option<Vec<String>>,
    /// Rows of one transaction.
    pub batch: Option<u64>,
    /// Where rows go that do not fit.
    pub rejects: Option<PathBuf>,
    /// Whether everything is taken back.
    pub dry_run: bool,
}

/// An import that may begin.
pub struct Ready {
    /// What is written where.
    pub import: Import,
    /// What becomes of the file's fields.
    pub preview: Preview,
    /// The database's name as the server has it.
    pub database: String,
    /// The rows.
    pub rows: FileRows,
}

/// Refuses what may not be written to.
///
/// # Errors
/// A connection that only reads.
pub fn permit(target: &Target) -> Result<()> {
    if !target.read_only {
        return Ok(());
    }
    Err(Problem::new(
        Kind::Refused,
        "Nothing is imported into this database",
        "it is opened for reading only",
        "take --read-only, or read_only of the environment, away",
    ))
}

/// Whether somebody has to name the database before anything is written.
pub fn must_be_named(target: &Target) -> bool {
    target.protection == Protection::Production
}

/// Reads the beginning of the file and finds out what becomes of it.
///
/// # Errors
/// There is no such table or column; the file cannot be understood.
pub async fn prepare(target: &Target, wanted: &Wanted, bytes: Bytes, stop: &Stop) -> Result<Ready> {
    permit(target)?;
    let shape = shape(wanted)?;
    if let Some(path) = wanted.rejects.as_ref().filter(|path| path.exists()) {
        return Err(Problem::usage(
            format!("{} is there already", path.display()),
            "rows that do not fit would be mixed with what it holds",
            "name another file with --rejects",
        ));
    }
    let db = Db::connect(target, stop).await?;
    let dialect = dialect(&db);
    let database = db.server().database.clone();
    let relation = named::relation(&db, dialect, &wanted.relation, stop).await;
    db.close().await;
    let relation = relation?;
    refuse_kind(&relation)?;
    let text = Text::new(bytes, &wanted.encoding, &wanted.source)?;
    let mut rows = FileRows::new(text, shape, &wanted.source);
    let fields = fields(&mut rows, wanted, &relation).await?;
    rows.single = fields.as_ref().is_some_and(|fields| fields.len() == 1);
    let sample = rows.sample(SAMPLE).await?;
    let fitting = Fitting { relation: &relation, wanted, dialect };
    let (layout, columns) = fitting.layout(fields, &sample)?;
    rows.layout = layout;
    if let Some(path) = &wanted.rejects {
        rows.keep_rejects(path, wanted.header);
    }
    let upsert = wanted.upsert.as_ref().map(|key| upsert_key(&relation, key, &columns));
    let import = Import {
        relation: relation.name.clone(),
        staged: relation.row_security == Some(true) || relation.kind == RelationKind::View,
        upsert: upsert.transpose()?,
        batch: wanted.batch,
        rejects: wanted.rejects.is_some(),
        dry_run: wanted.dry_run,
        source: wanted.source.clone(),
        columns,
    };
    let preview = fitting.preview(&rows.layout, &import, &sample);
    Ok(Ready { import, preview, database, rows })
}

/// Writes the rows, and writes down that it was done. Returns what there is to say of that.
///
/// # Errors
/// As [`run`].
pub async fn record(
    state: &Path,
    target: &Target,
    ready: &mut Ready,
    stop: &Stop,
) -> Result<(Imported, Option<String>)> {
    if ready.import.dry_run {
        return run(target, ready, stop).await.map(|done| (done, None));
    }
    let account = Account::default().with(json!({
        "file": ready.import.source, "upsert": ready.import.upsert.is_some(),
    }));
    let subject = ready.import.relation.to_string();
    let mut begun = Chronicle::of(state, target).begin("import", &subject, &account);
    let done = run(target, ready, stop).await;
    if let Ok(done) = &done {
        begun.add(json!({ "rows": done.rows, "rejected": done.rejected }));
    }
    let said = begun.end(&done).await;
    done.map(|done| (done, said))
}

/// Writes the rows.
///
/// # Errors
/// A row does not fit, with its line; the file cannot be read; what the engine refused. What
/// stays is said.
pub async fn run(target: &Target, ready: &mut Ready, stop: &Stop) -> Result<Imported> {
    permit(target)?;
    let mut connection = Connection::open(target, stop).await?;
    let done = connection.import(&ready.import, &mut ready.rows, stop).await;
    connection.close().await;
    let done = done?;
    Ok(Imported { rejected: done.rejected + ready.rows.turned_away, ..done })
}

fn shape(wanted: &Wanted) -> Result<Shape> {
    let delimiter = match wanted.delimiter {
        None => b',',
        Some(letter) if wanted.format == Format::Csv => u8::try_from(letter)
            .ok()
            .filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r'))
            .ok_or_else(|| {
                Problem::usage(
                    format!("{letter} cannot part fields"),
                    "it must be one ASCII letter other than a quote or a line break",
                    "write --delimiter ';' or --delimiter tab",
                )
            })?,
        Some(_) => {
            return Err(Problem::usage(
                "--delimiter is for csv",
                format!("the file is read as {}", wanted.format.word()),
                "leave it out, or add --format csv",
            ));
        }
    };
    let null = |usual: &str| wanted.null.clone().unwrap_or_else(|| usual.to_owned());
    match wanted.format {
        Format::Csv => Ok(Shape::Table(Parting::Quotes(delimiter), null(""))),
        Format::Tsv => Ok(Shape::Table(Parting::Backslashes, null("\\N"))),
        Format::JsonLines => Ok(Shape::Objects),
        other => Err(Problem::usage(
            format!("{} cannot be imported", other.word()),
            "rows are read from csv, tsv and jsonl",
            "run SQL with psql or sqlite3; export as one of those three",
        )),
    }
}

fn refuse_kind(relation: &Relation) -> Result<()> {
    if matches!(relation.kind, RelationKind::MaterializedView) {
        return Err(Problem::usage(
            format!("{} is a {}", relation.name, relation.kind.word()),
            "its rows come from its query",
            "import into the tables it reads",
        ));
    }
    Ok(())
}

/// The fields of the file, as far as it names them.
async fn fields(
    rows: &mut FileRows,
    wanted: &Wanted,
    relation: &Relation,
) -> Result<Option<Vec<String>>> {
    if wanted.format == Format::JsonLines {
        return Ok(None);
    }
    let header = if wanted.header { rows.header().await? } else { None };
    if wanted.header && header.is_none() {
        return Err(Problem::failed(
            format!("{} is empty", wanted.source),
            "not even the names of the fields stand in it",
            "add --no-header if it has none, or check the file",
        ));
    }
    if !wanted.columns.is_empty() {
        if let Some(header) = header.filter(|header| header.len() != wanted.columns.len()) {
            return Err(Problem::usage(
                format!("{} has {} fields", wanted.source, header.len()),
                format!("--columns names {}", wanted.columns.len()),
                "name a column for each field; fields can be left out with --map FIELD=",
            ));
        }
        return Ok(Some(wanted.columns.clone()));
    }
    let usual = || relation.columns.iter().filter(|column| !makes_itself(column));
    Ok(header.or_else(|| Some(usual().map(|column| column.name.clone()).collect())))
}

/// Whether a column's values cannot be given.
fn makes_itself(column: &crate::schema::Column) -> bool {
    matches!(column.generation, Some(Generation::Stored(_) | Generation::Virtual(_)))
}

fn upsert_key(relation: &Relation, typed: &[String], filled: &[InColumn]) -> Result<Vec<String>> {
    let key: Vec<String> = if typed.is_empty() {
        let primary = relation.primary_key.as_ref().ok_or_else(|| {
            Problem::usage(
                format!("{} has no primary key", relation.name),
                "rows that are there cannot be told from new ones",
                "name the columns of a unique key, as in --upsert email",
            )
        })?;
        primary.columns.clone()
    } else {
        typed.iter().map(|name| Ok(column(relation, name)?.name.clone())).collect::<Result<_>>()?
    };
    match key.iter().find(|name| !filled.iter().any(|column| column.name == **name)) {
        None => Ok(key),
        Some(missing) => Err(Problem::usage(
            format!("The file has no field for {missing}"),
            "it is part of the key by which rows are told apart",
            "map a field to it with --map FIELD=COLUMN, or choose another key",
        )),
    }
}

/// Whether a dialect's documents are a type of their own.
fn is_document(dialect: Dialect, base_type: &str) -> bool {
    dialect == Dialect::Postgres && matches!(base_type, "json" | "jsonb")
}
