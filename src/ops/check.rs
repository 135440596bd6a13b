//! Everything that stands between a database and its project being at one: migrations that wait,
//! files that are not what was applied, drift, hazards that are refused. Each is told with why it
//! matters and what to run next. Only reads; what has to be tried out is tried in a scratch
//! database.

use std::collections::BTreeSet;

use super::change::Setting;
use super::difference::{Difference, Where};
use super::drift::{self, Reach};
use super::examine::{self, Examined};
use super::standing::{self, Standing};
use crate::db::stop::Stop;
use crate::migrations::{Entry, Migration, State};
use crate::problem::{Kind, Problem, Result};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matter {
    /// Migrations that are not applied.
    Pending,
    /// Files that are not what was applied, or are gone.
    Files,
    /// Migrations that failed, or stopped halfway.
    HalfDone,
    /// The database is not what its applied migrations give.
    Drift,
    /// The schema has what no migration makes.
    Schema,
    /// Pending migrations do what the configuration refuses, or do not run.
    Hazards,
}

impl Matter {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Files, Self::HalfDone, Self::Drift, Self::Schema, Self::Hazards];

    /// The word for it on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Files => "files",
            Self::HalfDone => "half-done",
            Self::Drift => "drift",
            Self::Schema => "schema",
            Self::Hazards => "hazards",
        }
    }

    /// The matter a word means.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|matter| matter.word() == word)
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The matter.
    pub matter: Matter,
    /// What it is about: a migration, a file, an object.
    pub about: String,
    /// What was found, in a sentence without its full stop.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// What to run or do next.
    pub fix: String,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// How the migrations stand.
    pub standing: Standing,
    /// What was found, matter by matter.
    pub findings: Vec<Finding>,
    /// What else the person should know, in sentences.
    pub notes: Vec<String>,
}

/// Looks for everything that is `wanted`.
///
/// # Errors
/// The database or the folder cannot be read, or something cannot be tried out because no scratch
/// database can be made.
pub async fn check(setting: &Setting, wanted: &BTreeSet<Matter>, stop: &Stop) -> Result<Checked> {
    let standing = standing::at(&setting.project, &setting.target, stop).await?;
    let mut notes = standing.notes.clone();
    let mut findings = of_standing(&standing);
    let trials = [Matter::Drift, Matter::Schema];
    if trials.iter().any(|matter| wanted.contains(matter)) {
        let reach = if wanted.contains(&Matter::Schema) { Reach::ThreeWays } else { Reach::Drift };
        let survey = drift::survey(setting, &standing, reach, stop).await?;
        findings.extend(survey.drift.iter().map(of_drift));
        findings.extend(survey.unwritten.iter().flatten().map(of_schema));
        notes.extend(survey.notes);
    }
    if wanted.contains(&Matter::Hazards) && standing.pending().next().is_some() {
        findings.extend(of_pending(setting, &standing, stop).await?);
    }
    findings.retain(|finding| wanted.contains(&finding.matter));
    findings.sort_by_key(|finding| finding.matter);
    Ok(Checked { standing, findings, notes })
}

/// What shows without trying anything out.
pub(super) fn of_standing(standing: &Standing) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        standing.entries.iter().filter_map(|entry| of_entry(entry, standing)).collect();
    findings.extend(standing.misfits.iter().map(|misfit| Finding {
        matter: Matter::Files,
        about: misfit.path.display().to_string(),
        what: misfit.what(),
        why: misfit.why.clone(),
        fix: match misfit.unread {
            true => misfit.fix(),
            false => {
                "give it the name and form of a migration, or move it out of the folder".into()
            }
        },
    }));
    findings
}

fn of_entry(entry: &Entry, standing: &Standing) -> Option<Finding> {
    let tool = standing.format.tool();
    let (matter, told) = match &entry.state {
        State::Applied => return None,
        State::Pending | State::OutOfOrder | State::Skipped => {
            (Matter::Pending, waiting(entry, tool))
        }
        State::Failed | State::HalfDone { .. } => (Matter::HalfDone, begun(entry, tool)),
        State::Changed | State::Missing | State::Duplicate(_) => (Matter::Files, filed(entry)),
    };
    let [what, why, fix] = told;
    Some(Finding { matter, about: entry.name.clone(), what, why, fix })
}

/// What, why and what next of a migration that is not applied.
fn waiting(entry: &Entry, tool: &str) -> [String; 3] {
    let name = &entry.name;
    let late = format!("{name} is not applied, although later ones are");
    match entry.state {
        State::OutOfOrder => [
            late,
            "it was made for a database without those, so try it out first".to_owned(),
            "dbstudio rehearse, then dbstudio migrate".to_owned(),
        ],
        State::Skipped => [
            late,
            format!("{tool} passes over such a file and says nothing"),
            "dbstudio rehearse, then dbstudio migrate; or give it a number after the newest one"
                .to_owned(),
        ],
        _ => [
            format!("{name} is not applied"),
            "the database lacks what it makes".to_owned(),
            "dbstudio migrate".to_owned(),
        ],
    }
}

/// The same of one that was begun.
fn begun(entry: &Entry, tool: &str) -> [String; 3] {
    let name = &entry.name;
    let State::HalfDone { done, unsure } = entry.state else {
        return [
            format!("{name} was begun and failed"),
            format!("{tool} wrote down that it began, and not that it came to its end"),
            "look what of it is in the database (dbstudio drift), then dbstudio repair".to_owned(),
        ];
    };
    let why = match unsure {
        true => "whether the statement after those was carried out is not known",
        false => "it runs outside a transaction, so what was done stays",
    };
    [
        format!("{name} stopped after {done} of its statements"),
        why.to_owned(),
        "dbstudio migrate goes on where it stopped".to_owned(),
    ]
}

/// The same of one whose file is not what was applied.
fn filed(entry: &Entry) -> [String; 3] {
    let name = &entry.name;
    match &entry.state {
        State::Duplicate(why) => [
            format!("{name} has a number that another file has too"),
            why.clone(),
            "give the one that is applied nowhere yet the next number".to_owned(),
        ],
        State::Missing => [
            format!("{name} is applied, and its file is not in the folder"),
            "the migrations no longer make this database".to_owned(),
            "bring the file back from version control; if it is gone for good, dbstudio repair"
                .to_owned(),
        ],
        _ => [
            format!("{name} has changed since it was applied"),
            "other databases get something else from it than this one did".to_owned(),
            "take the change back and write a new migration; if it changes nothing that matters, \
             accept it with dbstudio repair"
                .to_owned(),
        ],
    }
}

fn of_drift(one: &Difference) -> Finding {
    let thing = format!("{} {}", one.key.kind.word(), one.key);
    let what = match one.place {
        Where::First => format!("{thing} is in the database, and no applied migration makes it"),
        Where::Second => format!("{thing} is not in the database, although a migration makes it"),
        Where::Both => format!("{thing} is another than the migrations make"),
    };
    Finding {
        matter: Matter::Drift,
        about: one.key.to_string(),
        what,
        why: "somebody changed the database by other means than its migrations".to_owned(),
        fix: "dbstudio drift shows the SQL that takes it back, and the SQL that keeps it"
            .to_owned(),
    }
}

fn of_schema(one: &Difference) -> Finding {
    let thing = format!("{} {}", one.key.kind.word(), one.key);
    let what = match one.place {
        Where::First => format!("{thing} is made by a migration, and is not in the schema"),
        Where::Second => format!("{thing} is in the schema, and no migration makes it"),
        Where::Both => format!("{thing} is another in the schema than the migrations make"),
    };
    Finding {
        matter: Matter::Schema,
        about: one.key.to_string(),
        what,
        why: "no database gets it from the migrations".to_owned(),
        fix: "dbstudio generate".to_owned(),
    }
}

/// Examines the pending migrations: what the configuration refuses, and what does not run.
async fn of_pending(setting: &Setting, standing: &Standing, stop: &Stop) -> Result<Vec<Finding>> {
    let all: Vec<Migration> =
        standing.entries.iter().filter_map(|entry| entry.migration.clone()).collect();
    let keys: BTreeSet<&str> = standing.pending().map(|entry| entry.key.as_str()).collect();
    let wanted = |migration: &Migration| keys.contains(migration.key.as_str());
    match examine::examine(setting, &all, wanted, stop).await {
        Ok(examined) => Ok(examined.iter().flat_map(refused).collect()),
        // What a file does wrong has the file's place in it; anything else stops the check.
        Err(problem) if problem.kind == Kind::Failed && names_a_file(&problem, &all) => {
            Ok(vec![Finding {
                matter: Matter::Hazards,
                about: problem.what.clone(),
                what: problem.what,
                why: problem.why,
                fix: problem.fix,
            }])
        }
        Err(problem) => Err(problem),
    }
}

fn names_a_file(problem: &Problem, migrations: &[Migration]) -> bool {
    migrations.iter().any(|one| problem.what.contains(&one.up.name))
}

fn refused(examined: &Examined) -> Vec<Finding> {
    let hazards = examined.hazards.iter().filter(|one| examined.refused.contains(&one.rule));
    let finding = |hazard: &crate::schema::hazard::Hazard| Finding {
        matter: Matter::Hazards,
        about: format!("{}:{}", examined.file, hazard.line.unwrap_or(1)),
        what: format!("{} does what is refused here: {}", examined.name, hazard.rule.id()),
        why: hazard.why.trim_end_matches('.').to_owned(),
        fix: match hazard.safer.trim_end_matches('.') {
            "" => "change the migration, or the hazards of dbstudio.toml".to_owned(),
            safer => safer.to_owned(),
        },
    };
    hazards.map(finding).collect()
}
