//! Writing the next migration: what its two files are called and what stands in them. Nothing is
//! written here; the front end shows the draft first.

use std::cmp::Reverse;

use super::as_applied::Known;
use super::change::{self, Change, Setting, Side};
use super::difference::{Difference, differences};
use super::outside::{self, Purpose};
use super::proof::Proof;
use super::review::{self, Review};
use super::{history, replay, wording};
use crate::db::scratch::Scratch;
use crate::db::stop::Stop;
use crate::migrations::{self, Migration, Pair, Source, State};
use crate::problem::{Kind, Problem, Result};
use crate::schema::hazard::Hazard;
use crate::schema::model::Model;
use crate::schema::plan::{Action, Plan};

/// The widest a line of a file's head is, in characters.
const WIDTH: usize = 98;

/// A migration that is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Number and name, as in the files' names.
    pub name: String,
    /// The files.
    pub pair: Pair,
}

/// What goes into a migration.
#[derive(Debug, Clone, Copy)]
struct Contents<'a> {
    /// The way there.
    up: &'a Plan,
    /// The way back.
    down: &'a Plan,
    /// What is hazardous about the way there, a sentence each.
    hazards: &'a [String],
}

/// The migrations there are, where dbstudio can write the next one.
///
/// # Errors
/// The folder cannot be read, something is wrong in it, or its format is written by its own tool.
pub fn existing(setting: &Setting) -> Result<Vec<Migration>> {
    let folder = Source::of(&setting.project)?.read()?;
    if !folder.format.is_written_here() {
        let tool = folder.format.tool();
        return Err(Problem::usage(
            format!("dbstudio does not write migrations of {tool}"),
            format!(
                "{} is a folder of {tool}, which keeps more beside the SQL",
                folder.path.display()
            ),
            "name the command that writes them with generate in [project] of dbstudio.toml; or \
             turn the folder into one of dbstudio's own with dbstudio adopt",
        ));
    }
    folder.whole()
}

/// Begins the change from what the migrations make to what the schema says; answers with the
/// migrations there are, too. Files count as they are. Where one was changed since it was applied
/// to the setting's database, that is noted; where it makes another schema now, no migration can
/// fit both the database and a new one, so the change has an objection.
///
/// # Errors
/// As [`existing`]; a side cannot be read; or no scratch database can be made.
pub async fn begin(setting: Setting, stop: &Stop) -> Result<(Change, Vec<Migration>)> {
    let existing = existing(&setting)?;
    let from = Side::Migrations(existing.clone());
    let asked = setting.clone();
    // What they keep while they wait is much: on the heap it does not fill the stack.
    let between = Box::pin(Change::between(setting, from, Side::Desired, stop));
    let (change, known) = tokio::join!(between, Box::pin(Known::look(&asked, stop)));
    let mut change = change?;
    let held = async {
        let (known, unknown) = known?;
        change.notes.extend(unknown);
        match known {
            Some(known) => Box::pin(hold_against(&mut change, &existing, &known, stop)).await,
            None => Ok(()),
        }
    };
    match held.await {
        Ok(()) => Ok((change, existing)),
        Err(problem) => {
            // What failed first is what the person must know.
            drop(change.close().await);
            Err(problem)
        }
    }
}

/// Holds the files against what was applied to the database.
async fn hold_against(
    change: &mut Change,
    existing: &[Migration],
    known: &Known,
    stop: &Stop,
) -> Result<()> {
    let entries = known.standing.entries.iter();
    let missing = entries.filter(|entry| entry.state == State::Missing);
    change.notes.extend(missing.map(|entry| {
        format!("{} is applied, but its file is missing; nothing here counts on it", entry.name)
    }));
    let changed = known.changed();
    for one in &changed {
        let kept = match one.applied {
            Some(_) => "",
            None => ", and the text that was applied is not known",
        };
        let name = &one.name;
        change.notes.push(format!(
            "{name} has changed since it was applied{kept}; its file as it is now counts here"
        ));
    }
    let first = changed.iter().find(|one| one.applied.is_some());
    let Some(first) = first.filter(|_| !change.is_nothing()) else { return Ok(()) };
    let others = match applied(change, &known.in_place(existing), stop).await {
        Ok(applied) => differences(&applied, &change.current),
        Err(problem) if matches!(problem.kind, Kind::Cancelled | Kind::Disconnected) => {
            return Err(problem);
        }
        Err(problem) => {
            let why = format!("what comes after it does not run on that text: {}", problem.why);
            change.objection = Some(objection(&first.name, &why));
            return Ok(());
        }
    };
    if !others.is_empty() {
        let why = format!("its file makes another schema now: {}", named_few(&others));
        change.objection = Some(objection(&first.name, &why));
    }
    Ok(())
}

/// The schema that the migrations make as they were applied.
async fn applied(change: &Change, migrations: &[Migration], stop: &Stop) -> Result<Model> {
    let setting = &change.setting;
    let mut scratch = Scratch::new(&setting.target, setting.scratch.as_ref(), stop).await?;
    let made = async {
        scratch.reset(stop).await?;
        let connection = scratch.connection()?;
        replay::replay(connection, migrations, stop).await?;
        connection.model(&setting.scope, stop).await
    }
    .await;
    let closed = scratch.close().await;
    let mut made = made?;
    closed?;
    history::spare(&mut made, &change.desired);
    Ok(made)
}

/// The first of what differs, in words.
fn named_few(others: &[Difference]) -> String {
    const FEW: usize = 3;
    let named: Vec<String> =
        others.iter().take(FEW).map(|one| format!("{} {}", one.key.kind.word(), one.key)).collect();
    let more = match others.len().saturating_sub(FEW) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more} differ", named.join(", "))
}

fn objection(name: &str, why: &str) -> Problem {
    Problem::new(
        Kind::Refused,
        format!("{name} has changed since it was applied"),
        format!("{why}; a migration planned on the file would not fit the database"),
        format!(
            "bring the old text back (dbstudio review {name} shows what differs) and generate \
             again: the change then becomes a migration of its own; or, if the database is of no \
             importance, make it anew from the files with dbstudio reset"
        ),
    )
}

/// The command that writes migrations in our place.
const GENERATOR: Purpose = Purpose {
    what: "command that writes migrations",
    fix: "run it by hand in the project's folder to see what it needs",
};

/// What a project's own command wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Brought {
    /// Every migration there is now.
    pub migrations: Vec<Migration>,
    /// What identifies those that were not there before.
    pub new: Vec<String>,
    /// The last lines of what the command printed.
    pub words: String,
}

/// The command with the name of the migration where it has a place for it: `{name}`.
///
/// # Errors
/// A name was given and there is no place for it.
pub fn with_name(command: &str, name: Option<&str>) -> Result<String> {
    match (command.contains("{name}"), name) {
        (true, name) => Ok(command.replace("{name}", &migrations::slug(name.unwrap_or_default()))),
        (false, None) => Ok(command.to_owned()),
        (false, Some(name)) => Err(Problem::usage(
            "The command that writes migrations takes no name",
            format!("{command} has no {{name}} in it, so {name} cannot be given to it"),
            "write {name} in generate of [project] where the name belongs",
        )),
    }
}

/// Runs the project's own command that writes migrations, and finds out what it wrote.
///
/// # Errors
/// It fails; or the folder cannot be read, before or after.
pub async fn by_command(setting: &Setting, command: &str, stop: &Stop) -> Result<Brought> {
    let source = Source::of(&setting.project)?;
    let before = source.whole()?;
    let ran = outside::run(command, &setting.project.folder, &GENERATOR, stop).await?;
    // A first migration may be what shows which tool's the folder is.
    let migrations = source.whole()?;
    let is_new = |one: &&Migration| !before.iter().any(|old| old.stem == one.stem);
    let new = migrations.iter().filter(is_new).map(|one| one.key.clone()).collect();
    Ok(Brought { new, migrations, words: ran.words() })
}

/// The next migrations that carry out a proven plan: one, or one for each part of it that must
/// run by itself. They are named after what they do unless a name is given. `now` is the time in
/// seconds since 1970, UTC.
pub fn drafts(
    setting: &Setting,
    existing: &[Migration],
    name: Option<&str>,
    (proof, review): (&Proof, &Review),
    now: u64,
) -> Vec<Draft> {
    let mut next = migrations::next(existing, setting.project.numbering, now);
    let mut statements = review.statements.iter();
    let mut drafts = Vec::new();
    for stage in &proof.stages {
        let own = statements.by_ref().take(stage.up.steps.len());
        let mut hazards: Vec<&Hazard> = own.flat_map(|statement| &statement.hazards).collect();
        hazards.sort_by_key(|hazard| Reverse(hazard.severity));
        let hazards: Vec<String> = hazards.into_iter().map(review::sentence).collect();
        let proposed = wording::name(&stage.up);
        let name = migrations::slug(name.unwrap_or(&proposed));
        let name = format!("{}_{name}", next.digits);
        let contents = Contents { up: &stage.up, down: &stage.down, hazards: &hazards };
        let (up, down) = (up_text(&name, contents), down_text(&name, contents));
        let pair = Pair::new(&setting.project.migrations, &name, up, down);
        drafts.push(Draft { name, pair });
        next = next.following();
    }
    drafts
}

/// The next migration with nothing in it, to be written by hand.
pub fn empty(setting: &Setting, existing: &[Migration], name: Option<&str>, now: u64) -> Draft {
    let name = named(setting, existing, name.unwrap_or("migration"), now);
    let up = format!("-- {name}\n\n");
    let down = format!("-- Takes back {name}.\n\n");
    let pair = Pair::new(&setting.project.migrations, &name, up, down);
    Draft { name, pair }
}

fn named(setting: &Setting, existing: &[Migration], name: &str, now: u64) -> String {
    let next = migrations::next(existing, setting.project.numbering, now);
    format!("{}_{}", next.digits, migrations::slug(name))
}

fn up_text(name: &str, contents: Contents<'_>) -> String {
    let mut head = vec![name.to_owned(), String::new()];
    let does = contents.up.steps.iter().filter(|step| step.actions != [Action::Setting]);
    let mut told: Vec<String> = does.map(wording::what).collect();
    told.retain(|what| !what.is_empty());
    told.dedup();
    head.extend(told.iter().map(|what| format!("* {what}")));
    if !contents.hazards.is_empty() {
        head.extend([String::new(), "Hazards:".to_owned()]);
        head.extend(contents.hazards.iter().map(|hazard| format!("* {hazard}")));
    }
    text(&head, contents.up)
}

fn down_text(name: &str, contents: Contents<'_>) -> String {
    let mut head = vec![format!("Takes back {name}.")];
    let lost = wording::losses(contents.up);
    if !lost.is_empty() {
        head.extend([String::new(), "It does not bring back:".to_owned()]);
        head.extend(lost.iter().map(|loss| format!("* {loss}")));
    }
    let lost = wording::losses(contents.down);
    if !lost.is_empty() {
        head.extend([String::new(), "It loses what was added since:".to_owned()]);
        head.extend(lost.iter().map(|loss| format!("* {loss}")));
    }
    text(&head, contents.down)
}

/// A file: its head as comments, then the statements.
fn text(head: &[String], plan: &Plan) -> String {
    let mut out = String::new();
    if plan.steps.iter().any(|step| step.outside_transaction) {
        // Where sqlx looks for it.
        out.push_str("-- no-transaction\n");
    }
    for line in head {
        for part in folded(line) {
            out.push_str(format!("-- {part}").trim_end());
            out.push('\n');
        }
    }
    out.push('\n');
    out.push_str(&change::script(plan));
    out
}

/// A line cut at blanks so that none is too wide; what goes on is indented. A line end in it, as
/// a name may have, must not end the comment.
fn folded(line: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    for word in line.split_whitespace() {
        if !part.is_empty() && part.chars().count() + 1 + word.chars().count() > WIDTH - 3 {
            parts.push(std::mem::replace(&mut part, " ".to_owned()));
        }
        if !part.is_empty() {
            part.push(' ');
        }
        part.push_str(word);
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::model::{Key, Kind};
    use crate::schema::plan::{Action, Step};
    use crate::sql::Dialect;

    #[test]
    fn files_say_what_they_do_and_what_is_lost() {
        let note = Key::part(Kind::Column, "public", "orders", "note");
        let plan = |sql: &str, action| Plan {
            steps: vec![Step::new(sql, vec![action])],
            ..Plan::empty(Dialect::Postgres)
        };
        let up = plan("ALTER TABLE orders DROP COLUMN note", Action::Drop(note.clone()));
        let down = plan("ALTER TABLE orders ADD COLUMN note text", Action::Create(note));
        let hazards = ["drops-column: a name\nwith a line end".to_owned()];
        let contents = Contents { up: &up, down: &down, hazards: &hazards };
        assert_eq!(
            up_text("0007_x", contents),
            "-- 0007_x\n--\n-- * drops column public.orders.note\n--\n-- Hazards:\n\
             -- * drops-column: a name with a line end\n\nALTER TABLE orders DROP COLUMN note;\n"
        );
        assert_eq!(
            down_text("0007_x", contents),
            "-- Takes back 0007_x.\n--\n-- It does not bring back:\n\
             -- * the values of public.orders.note\n\nALTER TABLE orders ADD COLUMN note text;\n"
        );
    }

    #[test]
    fn long_lines_are_folded() {
        let parts = folded(&"word ".repeat(40));
        assert!(parts.len() > 1 && parts.iter().all(|part| part.chars().count() < WIDTH));
    }
}
