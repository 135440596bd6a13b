//! What becomes of each field of a file: found by its name, or said by the person; and how that
//! looks before anything is written. Pure but for what it is given.

use super::rows::{Layout, REJECTED};
use super::{Wanted, is_document, makes_itself};
use crate::db::import::{Import, InColumn};
use crate::ops::export::column;
use crate::problem::{Problem, Result};
use crate::schema::{Column, Generation, Relation};
use crate::sql::Dialect;

/// Records that are looked at before anything is written.
pub(super) const SAMPLE: usize = 100;
/// Values of each field that are shown.
const SHOWN: usize = 3;

/// A field, and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Becomes {
    /// Its name in the file.
    pub field: String,
    /// The column and its type; `None` for a field that is left out.
    pub column: Option<(String, String)>,
    /// Its first values; `None` for NULL.
    pub values: Vec<Option<String>>,
}

/// What an import would write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// The fields of the file.
    pub fields: Vec<Becomes>,
    /// Columns the file has nothing for, with what they get.
    pub unfilled: Vec<(String, String)>,
    /// What else there is to know, in sentences.
    pub notes: Vec<String>,
}

/// Fits a file to a table.
pub(super) struct Fitting<'a> {
    pub(super) relation: &'a Relation,
    pub(super) wanted: &'a Wanted,
    pub(super) dialect: Dialect,
}

type Sample = [Vec<(String, Option<String>)>];

impl Fitting<'_> {
    /// Where each field goes. Without names the keys of the first records are the fields.
    pub(super) fn layout(
        &self,
        fields: Option<Vec<String>>,
        sample: &Sample,
    ) -> Result<(Layout, Vec<InColumn>)> {
        let mapped = self.mapped()?;
        let fields = fields.unwrap_or_else(|| keys(sample, &mapped));
        let (mut layout, mut columns) = (Layout::default(), Vec::<InColumn>::new());
        for (field, _) in &mapped {
            if !fields.iter().any(|one| one == field) {
                return Err(Problem::usage(
                    format!("{} has no field {field}", self.wanted.source),
                    format!("its fields are {}", fields.join(", ")),
                    "correct --map",
                ));
            }
        }
        for field in fields {
            let Some(found) = self.find(&field, &mapped)? else {
                layout.fields.push((field, None));
                continue;
            };
            if columns.iter().any(|before| before.name == found.name) {
                return Err(Problem::usage(
                    format!("Two fields become the column {}", found.name),
                    format!("{field} is the second one"),
                    format!("leave it out with --map '{field}='"),
                ));
            }
            layout.documents.push(is_document(self.dialect, &found.base_type));
            layout.fields.push((field, Some(columns.len())));
            let (name, type_name) = (found.name.clone(), found.type_name.clone());
            columns.push(InColumn { name, type_name });
        }
        if columns.is_empty() {
            return Err(Problem::failed(
                format!("{} has nothing for {}", self.wanted.source, self.relation.name),
                "no field of it becomes a column",
                "check the file, and map its fields with --map FIELD=COLUMN",
            ));
        }
        Ok((layout, columns))
    }

    /// The column a field becomes; `None` where it is left out.
    fn find(&self, field: &str, mapped: &[(String, String)]) -> Result<Option<&Column>> {
        let said = mapped.iter().find(|(name, _)| name == field);
        let found = match said {
            Some((_, to)) if to.is_empty() => return Ok(None),
            Some((_, to)) => column(self.relation, to)?,
            None if REJECTED.contains(&field) => return Ok(None),
            None => column(self.relation, field.trim()).map_err(|problem| Problem {
                fix: format!("add --map '{field}=COLUMN', or --map '{field}=' to leave it out"),
                ..problem
            })?,
        };
        if !makes_itself(found) {
            return Ok(Some(found));
        }
        match said {
            None => Ok(None),
            Some(_) => Err(Problem::usage(
                format!("The column {} makes itself", found.name),
                "its value is always computed from others",
                format!("leave the field out with --map '{field}='"),
            )),
        }
    }

    fn mapped(&self) -> Result<Vec<(String, String)>> {
        let pair = |text: &String| {
            let pair = text.rsplit_once('=');
            let pair = pair.map(|(field, column)| (field.to_owned(), column.trim().to_owned()));
            pair.ok_or_else(|| {
                Problem::usage(
                    format!("--map {text} says nothing"),
                    "a field and its column are joined by =",
                    "write --map FIELD=COLUMN, or --map FIELD= to leave it out",
                )
            })
        };
        self.wanted.map.iter().map(pair).collect()
    }

    /// How it all looks.
    pub(super) fn preview(&self, layout: &Layout, import: &Import, sample: &Sample) -> Preview {
        let field = |(at, (name, cell)): (usize, &(String, Option<usize>))| {
            let value = |row: &Vec<(String, Option<String>)>| {
                let keyed = row.iter().find(|(key, _)| !key.is_empty() && key == name);
                let placed = || row.get(at).filter(|(key, _)| key.is_empty());
                keyed.or_else(placed).and_then(|(_, value)| value.clone())
            };
            let column = cell.and_then(|cell| import.columns.get(cell));
            Becomes {
                field: name.clone(),
                column: column.map(|column| (column.name.clone(), column.type_name.clone())),
                values: sample.iter().take(SHOWN).map(value).collect(),
            }
        };
        let fields = layout.fields.iter().enumerate().map(field).collect();
        let filled = |column: &&Column| !import.columns.iter().any(|one| one.name == column.name);
        let unfilled: Vec<&Column> =
            self.relation.columns.iter().filter(filled).filter(|one| !makes_itself(one)).collect();
        let told = unfilled.iter().map(|column| (column.name.clone(), gets(column)));
        Preview { fields, unfilled: told.collect(), notes: self.notes(import) }
    }

    fn notes(&self, import: &Import) -> Vec<String> {
        let mut notes = Vec::new();
        notes.push(match import.batch {
            None => "All rows are written in one transaction: all of them or none.".to_owned(),
            Some(rows) => format!(
                "Every {rows} rows are a transaction of their own: what was written before a \
                 failure stays."
            ),
        });
        if let Some(key) = &import.upsert {
            notes.push(format!(
                "A row whose {} is there already is changed; of two with the same the later one \
                 counts.",
                key.join(", ")
            ));
        }
        if import.dry_run {
            notes.push("Everything is taken back at the end: nothing stays.".to_owned());
        }
        let counts = |column: &&Column| {
            matches!(
                column.generation,
                Some(Generation::IdentityAlways | Generation::IdentityByDefault)
            ) || column.default.as_ref().is_some_and(|default| default.starts_with("nextval("))
        };
        let counted = self.relation.columns.iter().filter(counts);
        let given = |column: &&Column| import.columns.iter().any(|one| one.name == column.name);
        for column in counted.filter(given).filter(|_| self.dialect == Dialect::Postgres) {
            let relation = self.dialect.relation(&import.relation.schema, &import.relation.name);
            notes.push(format!(
                "The counter of {name} does not follow. Afterwards run: SELECT setval(\
                 pg_get_serial_sequence({table}, {literal}), max({ident})) FROM {relation}",
                name = column.name,
                table = self.dialect.literal(&relation),
                literal = self.dialect.literal(&column.name),
                ident = self.dialect.ident(&column.name),
            ));
        }
        notes
    }
}

/// What a column gets that the file has nothing for.
fn gets(column: &Column) -> String {
    match (&column.default, &column.generation) {
        (Some(default), _) => format!("its default, {default}"),
        (None, Some(_)) => "a number of its own".to_owned(),
        (None, None) if column.nullable => "NULL".to_owned(),
        (None, None) => "nothing, and it must have a value".to_owned(),
    }
}

/// The keys of the first records, in the order they come up, and those somebody named.
fn keys(sample: &Sample, mapped: &[(String, String)]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let found = sample.iter().flatten().map(|(key, _)| key);
    for key in found.chain(mapped.iter().map(|(field, _)| field)) {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys
}
