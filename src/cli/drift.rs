//! `drift`: how the database differs from what its applied migrations give, the SQL both ways, and
//! what the schema has that no migration makes.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::args::{Global, Renames, WayOut};
use super::change::configured;
use super::print::{self, Paint, Role, harmless};
use super::run::wait_for;
use super::{ask, review};
use crate::db::stop::Stop;
use crate::migrations::{self, Format, Migration};
use crate::ops::change::{Answers, Setting, script};
use crate::ops::difference::{Difference, Where};
use crate::ops::drift::{self, Reach, Survey, Ways};
use crate::ops::generate;
use crate::ops::standing::{self, Standing};
use crate::problem::{Kind, Problem, Result};
use crate::schema::rename;
use crate::text::width;

/// The version of the form of the JSON.
const FORMAT: u32 = 1;

/// `dbstudio drift`.
pub(super) fn drift(
    sql: Option<WayOut>,
    adopt: Option<&str>,
    renames: &Renames,
    global: &Global,
) -> Result<u8> {
    let typed = renames.rename.iter().map(|text| rename::parse(text)).collect::<Result<_>>()?;
    let answers = Answers { typed, none: renames.no_renames, ..Answers::default() };
    let (config, target) = configured(None, global)?;
    let setting = Setting::new(&config, target, None)?;
    wait_for(|stop| async move {
        let standing = standing::at(&setting.project, &setting.target, &stop).await?;
        let survey = drift::survey(&setting, &standing, Reach::ThreeWays, &stop).await?;
        let ways = match survey.drift.as_slice() {
            [] => None,
            _ => Some(drift::ways(&setting, &survey, answers, &stop).await?),
        };
        let page = Page { standing: &standing, survey: &survey, ways: ways.as_ref() };
        if let Some(name) = adopt {
            return page
                .adopt(&setting, Some(name).filter(|name| !name.is_empty()), global, &stop)
                .await;
        }
        if let Some(wanted) = sql {
            page.print(wanted)?;
        } else if global.json {
            print::json(&page.to_json())?;
        } else {
            print::result(&page.to_text(Paint::of_result()))?;
        }
        Ok(if ways.is_some() { Problem::new(Kind::Found, "", "", "").exit_code() } else { 0 })
    })
}

/// Everything that is shown.
#[derive(Clone, Copy)]
struct Page<'a> {
    standing: &'a Standing,
    survey: &'a Survey,
    ways: Option<&'a Ways>,
}

impl Page<'_> {
    /// Prints the SQL of one way alone, so that it can be run.
    fn print(self, wanted: WayOut) -> Result<()> {
        let Some(ways) = self.ways else { return Ok(()) };
        let way = match wanted {
            WayOut::Repair => &ways.repair,
            WayOut::Adopt => &ways.adopt,
        };
        print::talk(
            &way.review.notes.iter().map(|note| review::sentence(note)).collect::<String>(),
        );
        print::sql(&script(&way.proof.up))
    }

    /// Writes the migration that keeps what the database has.
    async fn adopt(
        self,
        setting: &Setting,
        name: Option<&str>,
        global: &Global,
        stop: &Stop,
    ) -> Result<u8> {
        let Some(ways) = self.ways else {
            print::result("Nothing to do: the database is what its migrations give.\n")?;
            return Ok(0);
        };
        if let Some(pending) = self.standing.pending().next() {
            return Err(Problem::usage(
                "The drift cannot be kept as a migration yet",
                format!("{} is not applied, and would run before it elsewhere", pending.name),
                "apply what is pending first, with dbstudio migrate",
            ));
        }
        if !matches!(self.standing.format, Format::Native | Format::Plain | Format::Golang) {
            return Err(Problem::usage(
                "The drift cannot be kept as a migration of dbstudio's",
                format!("{} writes the files of this folder", self.standing.format.tool()),
                "change its schema to what the database has, let it write the migration, and \
                 compare with dbstudio drift --sql adopt",
            ));
        }
        let way = &ways.adopt;
        if !global.json {
            print::talk(&review::text(&way.review, Paint::of_talk()));
        }
        let entries = self.standing.entries.iter();
        let existing: Vec<Migration> = entries.filter_map(|one| one.migration.clone()).collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let made = (&way.proof, &way.review);
        let drafts = generate::drafts(setting, &existing, name.or(Some("adopt drift")), made, now);
        let names: Vec<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
        let question = format!("Write {}, with its way back?", names.join(", "));
        ask::confirm(&question, global.yes, stop).await?;
        let pairs: Vec<_> = drafts.iter().map(|draft| draft.pair.clone()).collect();
        migrations::write_all(&pairs)?;
        let files: Vec<String> = pairs
            .iter()
            .flat_map(|pair| [&pair.up, &pair.down])
            .map(|file| file.display().to_string())
            .collect();
        if global.json {
            print::json(&json!({ "format": FORMAT, "written": files }))?;
        } else {
            print::result(
                &files.iter().map(|file| format!("{}\n", harmless(file))).collect::<String>(),
            )?;
            print::talk(
                "This database has what it makes: mark it as applied here, with dbstudio repair.\n",
            );
        }
        Ok(0)
    }

    fn to_json(self) -> Value {
        let survey = self.survey;
        let list = |found: &[Difference], names| -> Vec<Value> {
            found.iter().map(|one| difference_json(one, names)).collect()
        };
        let unwritten = survey.unwritten.as_deref().map(|found| list(found, MIGRATIONS_SCHEMA));
        let behind = survey.behind.as_deref().map(|found| list(found, DATABASE_SCHEMA));
        let pending: Vec<&str> = self.standing.pending().map(|entry| entry.name.as_str()).collect();
        json!({
            "format": FORMAT,
            "applied": survey.applied,
            "pending": pending,
            "drift": list(&survey.drift, DATABASE_MIGRATIONS),
            "unwritten": unwritten,
            "behind": behind,
            "repair": self.ways.map(|ways| review::to_json(&ways.repair.review, false)),
            "adopt": self.ways.map(|ways| review::to_json(&ways.adopt.review, false)),
            "notes": survey.notes,
            "trouble": survey.trouble.as_ref().map(ToString::to_string),
        })
    }

    /// As a person reads it. The SQL is shown only where somebody watches: both ways in one output
    /// are nothing to run.
    fn to_text(self, paint: Paint) -> String {
        let survey = self.survey;
        let mut out = section(
            &format!("Database and migrations ({} applied)", survey.applied),
            &survey.drift,
            DATABASE_MIGRATIONS,
            paint,
        );
        if let Some(unwritten) = &survey.unwritten {
            out.push_str(&section("Migrations and schema", unwritten, MIGRATIONS_SCHEMA, paint));
        }
        if let Some(behind) = &survey.behind {
            out.push_str(&section("Database and schema", behind, DATABASE_SCHEMA, paint));
        }
        for note in &survey.notes {
            let note = paint.text(Role::Muted, &format!("note: {}", harmless(note)));
            out.push_str(&format!("{note}\n"));
        }
        if let Some(trouble) = &survey.trouble {
            let told = format!("what is pending does not run: {}", harmless(&trouble.to_string()));
            out.push_str(&format!("{}\n", paint.text(Role::Danger, &told)));
        }
        if let Some(ways) = self.ways.filter(|_| paint.is_watched()) {
            let heads = [
                ("To take the drift back, in this database", &ways.repair),
                ("To keep it, as a migration", &ways.adopt),
            ];
            for (head, way) in heads {
                out.push_str(&format!("\n{}\n", paint.text(Role::Heading, head)));
                out.push_str(&review::text(&way.review, paint));
            }
        }
        out.push_str(&self.advice());
        out
    }

    /// What to do next.
    fn advice(self) -> String {
        let mut out = String::new();
        if self.ways.is_some() {
            out.push_str(
                "\ndbstudio drift --sql repair prints the SQL that takes the drift back, \
                 --adopt writes the migration that keeps it.\n",
            );
        }
        let pending = self.standing.pending().count();
        if pending > 0 {
            let noun = if pending == 1 { "migration is" } else { "migrations are" };
            out.push_str(&format!("\n{pending} {noun} pending: dbstudio migrate applies them.\n"));
        }
        if self.survey.unwritten.as_ref().is_some_and(|found| !found.is_empty()) {
            out.push_str(
                "\nNo migration makes what the schema has: dbstudio generate writes it.\n",
            );
        }
        out
    }
}

/// The names of two sides.
pub(super) type Sides = [&'static str; 2];

pub(super) const DATABASE_MIGRATIONS: Sides = ["database", "migrations"];
pub(super) const MIGRATIONS_SCHEMA: Sides = ["migrations", "schema"];
pub(super) const DATABASE_SCHEMA: Sides = ["database", "schema"];

/// A heading with the number of differences, and a line for each.
fn section(title: &str, found: &[Difference], sides: Sides, paint: Paint) -> String {
    let (role, told) = match found.len() {
        0 => (Role::Good, "the same".to_owned()),
        1 => (Role::Warning, "1 difference".to_owned()),
        count => (Role::Warning, format!("{count} differences")),
    };
    let mut out = format!("{}: {}\n", paint.text(Role::Heading, title), paint.text(role, &told));
    let things: Vec<String> = found.iter().map(|one| harmless(&thing(one))).collect();
    let widest = things.iter().map(|thing| width(thing)).max().unwrap_or_default();
    for (one, thing) in found.iter().zip(things) {
        let [first, second] = sides;
        let (sign, told) = match one.place {
            Where::First => ("+", format!("only in the {first}")),
            Where::Second => ("-", format!("only in the {second}")),
            Where::Both => ("~", "different".to_owned()),
        };
        let space = " ".repeat(widest.saturating_sub(width(&thing)));
        out.push_str(&format!("  {sign} {thing}{space}  {}\n", paint.text(Role::Muted, &told)));
    }
    out
}

fn thing(one: &Difference) -> String {
    format!("{} {}", one.key.kind.word(), one.key)
}

/// A difference as JSON.
pub(super) fn difference_json(one: &Difference, sides: Sides) -> Value {
    let [first, second] = sides;
    let place = match one.place {
        Where::First => first,
        Where::Second => second,
        Where::Both => "both",
    };
    json!({ "kind": one.key.kind.word(), "object": one.key.to_string(), "where": place })
}
