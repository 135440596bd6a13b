//! The hazards of migrations somebody wrote: what each statement does is found out by running it in
//! a scratch database and comparing the schema before and after it, and judged by the rules that
//! plans are held to; the words of a statement tell the rest. Nothing here touches a person's
//! database.

use std::collections::BTreeMap;

pub use super::as_applied::Changed;
use super::as_applied::Known;
use super::change::Setting;
use super::desired::judged;
use super::picture::{self, Difference};
use super::replay;
use super::review::{policies, policy_of};
use crate::config::Policy;
use crate::db::connection::Connection;
use crate::db::fault::Script;
use crate::db::scratch::Scratch;
use crate::db::stop::Stop;
use crate::migrations::Migration;
use crate::problem::{Problem, Result};
use crate::schema::hazard::{self, Around, Context, Facts, Hazard, Rule};
use crate::schema::model::{Key, Kind, Model, Object, Scope};
use crate::schema::plan::{Action, Plan, Step};
use crate::sql::Dialect;
use crate::sql::statement::split;

/// A migration and what is hazardous about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// Number and name.
    pub name: String,
    /// The file, as its folder names it.
    pub file: String,
    /// Its hazards, each with the line its statement begins on, in the order of the file.
    pub hazards: Vec<Hazard>,
    /// The rules among them that the configuration refuses.
    pub refused: Vec<Rule>,
    /// What is other in the schema after it.
    pub picture: Vec<Difference>,
}

/// The migrations of a folder as they are to be examined for a database.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ground {
    /// All of them in their order; those whose files were changed since they were applied there as
    /// they were then, where that is known.
    pub migrations: Vec<Migration>,
    /// Those whose files were changed.
    pub changed: Vec<Changed>,
    /// What the person should know, in sentences.
    pub notes: Vec<String>,
}

impl Ground {
    /// Asks the setting's database which files were changed since they were applied. Where it
    /// cannot be asked files count as they are, which is noted.
    ///
    /// # Errors
    /// The work was stopped.
    pub async fn of(setting: &Setting, found: &[Migration], stop: &Stop) -> Result<Self> {
        let (known, unknown) = Known::look(setting, stop).await?;
        let mut ground = Self { notes: unknown.into_iter().collect(), ..Self::default() };
        let Some(known) = known else {
            return Ok(Self { migrations: found.to_vec(), ..ground });
        };
        ground.migrations = known.in_place(found);
        ground.changed = known.changed();
        let note = |one: &Changed| match one.applied {
            Some(_) => format!(
                "{} has changed since it was applied; the text that was applied, which the ledger \
                 has kept, counts here, not its file",
                one.name
            ),
            None => format!(
                "{} has changed since it was applied, and what was applied is not known; its file \
                 as it is now counts here",
                one.name
            ),
        };
        ground.notes.extend(ground.changed.iter().map(note));
        Ok(ground)
    }

    /// What is known of the file of a migration, if it was changed since it was applied.
    pub fn changed(&self, name: &str) -> Option<&Changed> {
        self.changed.iter().find(|one| one.name == name)
    }
}

/// Examines those of the migrations that are `wanted`, all of them having been run up to the last.
///
/// # Errors
/// A migration does not run, the configuration names a rule there is not, or no scratch database
/// can be made.
pub async fn examine(
    setting: &Setting,
    migrations: &[Migration],
    wanted: impl Fn(&Migration) -> bool,
    stop: &Stop,
) -> Result<Vec<Examined>> {
    let rules = policies(&setting.policies)?;
    let mut scratch = Scratch::new(&setting.target, setting.scratch.as_ref(), stop).await?;
    let outcome = async {
        scratch.reset(stop).await?;
        let mut out = Vec::new();
        // What comes after the last of them says nothing of it.
        let last = migrations.iter().rposition(&wanted).map_or(0, |last| last + 1);
        for migration in migrations.iter().take(last) {
            let connection = scratch.connection()?;
            if wanted(migration) {
                let found = one(connection, setting, migration, stop).await?;
                out.push(Examined::of(migration, found, &rules));
            } else {
                replay::run(connection, &migration.up, migration.alone, stop).await?;
            }
        }
        Ok(out)
    }
    .await;
    let closed = scratch.close().await;
    // What failed first is what the person must know.
    let outcome = outcome?;
    closed.map(|()| outcome)
}

impl Examined {
    /// Examines one migration on a scratch that holds the schema it meets, and leaves the scratch
    /// as it makes it.
    ///
    /// # Errors
    /// The migration does not run, or the configuration names a rule there is not.
    pub(super) async fn on(
        scratch: &mut Connection,
        setting: &Setting,
        migration: &Migration,
        stop: &Stop,
    ) -> Result<Self> {
        let rules = policies(&setting.policies)?;
        let found = one(scratch, setting, migration, stop).await?;
        Ok(Self::of(migration, found, &rules))
    }

    fn of(migration: &Migration, found: Found, rules: &BTreeMap<Rule, Policy>) -> Self {
        let (mut hazards, picture) = found;
        hazards.retain(|hazard| policy_of(rules, hazard.rule) != Policy::Ignore);
        let is_refused = |rule: &Rule| policy_of(rules, *rule) == Policy::Refuse;
        let mut refused: Vec<Rule> = hazards.iter().map(|hazard| hazard.rule).collect();
        refused.retain(is_refused);
        refused.dedup();
        Self { name: migration.name(), file: migration.up.name.clone(), hazards, refused, picture }
    }
}

/// The hazards of a migration, and what is other in the schema after it.
type Found = (Vec<Hazard>, Vec<Difference>);

/// Examines one migration and leaves the scratch as it makes it.
async fn one(
    scratch: &mut Connection,
    setting: &Setting,
    migration: &Migration,
    stop: &Stop,
) -> Result<Found> {
    let (dialect, script) = (scratch.dialect(), &migration.up);
    let alone = dialect == Dialect::Postgres && migration.alone;
    let (watched, desired) = followed(scratch, script, alone, &setting.scope, stop).await?;
    let pieces = split(dialect, &script.text);
    let starts: Vec<usize> =
        pieces.iter().filter(|piece| !piece.is_blank()).map(|piece| piece.body.start).collect();
    let plan = watched.plan(&desired, script, alone);
    let picture = picture::between(&watched.before, &desired);
    // What is made and then renamed is looked up by the name it was made under.
    let mut known = desired;
    for (key, object) in watched.made {
        known.objects.entry(key).or_insert(object);
    }
    let context = Context {
        current: &watched.before,
        desired: &known,
        online: setting.online,
        elsewhere: true,
    };
    let seen = hazard::examine(&plan, &Facts::default(), &context);
    let around = Around { in_transaction: !alone, before: Some(&watched.before) };
    let read = hazard::examine_text(dialect, &script.text, around);
    let is_watched =
        |step: usize| starts.get(step).is_some_and(|at| watched.actions.contains_key(at));
    let merged = hazard::merged(&plan, is_watched, (seen, read), &script.text);
    let allowances = hazard::allowances(dialect, &script.text);
    Ok((hazard::silence(dialect, merged, &allowances), picture))
}

/// What the statements of a migration did.
pub(super) struct Watched {
    /// The schema before it.
    pub(super) before: Model,
    /// What each statement did, by the byte of the text where it begins.
    actions: BTreeMap<usize, Vec<Action>>,
    /// What they made or changed, as it was then.
    made: BTreeMap<Key, Object>,
}

impl Watched {
    /// The migration as a plan: the statements that do something, in their order.
    pub(super) fn plan(&self, desired: &Model, script: &Script, alone: bool) -> Plan {
        let dialect = desired.dialect;
        let pieces = split(dialect, &script.text);
        let steps = pieces.iter().filter(|piece| !piece.is_blank()).map(|piece| {
            let mut actions = self.actions.get(&piece.body.start).cloned().unwrap_or_default();
            // A table that gets the name of one there was is that one's new form.
            if let [Action::Rename { to, .. }] = actions.as_slice()
                && to.kind == Kind::Table
                && self.before.get(to).is_some()
            {
                actions = hazard::rebuilt(to, &self.before, desired);
            }
            Step { outside_transaction: alone, ..Step::new(piece.text(&script.text), actions) }
        });
        Plan { steps: steps.collect(), ..Plan::empty(dialect) }
    }
}

/// Watches a migration, and leaves the scratch as it makes it; the schema there is then, too.
pub(super) async fn followed(
    scratch: &mut Connection,
    script: &Script,
    alone: bool,
    scope: &Scope,
    stop: &Stop,
) -> Result<(Watched, Model)> {
    let watched = watch(scratch, script, alone, scope, stop).await?;
    if !alone {
        replay::run(scratch, script, alone, stop).await?;
    } else if scratch.dialect() == Dialect::Postgres {
        scratch.reset().await?;
    }
    let after = scratch.model(scope, stop).await?;
    Ok((watched, after))
}

/// Runs a migration statement by statement, reading the schema in between. What may run in a
/// transaction is taken back again; the first statement that fails there ends the watching, and
/// running the migration as it is meant tells of it.
pub(super) async fn watch(
    scratch: &mut Connection,
    script: &Script,
    alone: bool,
    scope: &Scope,
    stop: &Stop,
) -> Result<Watched> {
    let dialect = scratch.dialect();
    let mut before = scratch.model(scope, stop).await?;
    let mut watched =
        Watched { before: before.clone(), actions: BTreeMap::new(), made: BTreeMap::new() };
    let statements = judged(scratch, script).await?;
    if !alone {
        begin(scratch, dialect, stop).await?;
    }
    for one in &statements {
        let ran = scratch.run(&one.sql, stop).await;
        match ran {
            Err(fault) if alone || fault.lost => {
                return Err(fault.in_script(script, one.start, &one.sql));
            }
            Err(_) => break,
            Ok(()) => {}
        }
        let actions = if keeps_schema(&one.sql) {
            hazard::observed(&one.sql, &before, &before)
        } else {
            let after = scratch.model(scope, stop).await?;
            let actions = hazard::observed(&one.sql, &before, &after);
            let found = actions.iter().filter_map(|action| action.key());
            let made = found.filter_map(|key| Some((key.clone(), after.get(key)?.clone())));
            watched.made.extend(made);
            before = after;
            actions
        };
        watched.actions.insert(one.start, actions);
    }
    if !alone {
        end(scratch, dialect).await?;
    }
    Ok(watched)
}

/// Whether a statement only moves rows or sets something, so that the schema need not be read.
fn keeps_schema(sql: &str) -> bool {
    let first = sql.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    ["INSERT", "UPDATE", "DELETE", "SET", "TRUNCATE"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
}

/// Begins what will be taken back. SQLite lets a table be rebuilt by hand only so.
async fn begin(scratch: &mut Connection, dialect: Dialect, stop: &Stop) -> Result<()> {
    if dialect == Dialect::Sqlite {
        let ours = ["PRAGMA foreign_keys = 0", "PRAGMA legacy_alter_table = 1"];
        for sql in ours {
            told(scratch.run(sql, stop).await)?;
        }
    }
    told(scratch.run("BEGIN", stop).await)
}

async fn end(scratch: &mut Connection, dialect: Dialect) -> Result<()> {
    told(scratch.run("ROLLBACK", &Stop::new()).await)?;
    match dialect {
        Dialect::Postgres => scratch.reset().await,
        Dialect::Sqlite => {
            for sql in ["PRAGMA legacy_alter_table = 0", "PRAGMA foreign_keys = 1"] {
                told(scratch.run(sql, &Stop::new()).await)?;
            }
            Ok(())
        }
    }
}

fn told(ran: std::result::Result<(), crate::db::fault::Fault>) -> Result<()> {
    let fix = "try again; if it stays, report it as a bug";
    ran.map_err(|fault| {
        fault.problem("The migration could not be tried in a scratch database", fix)
    })
}

/// The migrations a person means by what they wrote: a number, a name, or a file; the newest where
/// nothing is written. Answers with what identifies each.
///
/// # Errors
/// There is none of that name, or there are no migrations.
pub fn chosen(migrations: &[Migration], written: &[String]) -> Result<Vec<String>> {
    let Some(newest) = migrations.last() else {
        return Err(Problem::usage(
            "There are no migrations yet",
            "the folder of migrations is empty",
            "write the first one with dbstudio generate",
        ));
    };
    if written.is_empty() {
        return Ok(vec![newest.key.clone()]);
    }
    let find = |text: &String| {
        let found = migrations.iter().find(|one| one.is_called(text));
        found.map(|one| one.key.clone()).ok_or_else(|| {
            Problem::usage(
                format!("There is no migration {text}"),
                format!("the newest one is {}", newest.name()),
                "name one by its number, its name or its file",
            )
        })
    };
    written.iter().map(find).collect()
}
