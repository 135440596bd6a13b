//! Taking migrations back: the ways back in reverse order, each with what it would lose, measured
//! in the database. One whose way back is missing or empty gets one written from the schema the
//! migrations before it make, tried in a scratch database. Running is that of applying.
//!
//! Nothing here asks anybody or writes a file.

use super::as_applied;
use super::capsule;
use super::change::{self, Setting};
use super::examine::watch;
use super::migrate::{Bearings, Planned, Wishes, fingerprint, is_applied, look, position, resume};
use super::proof::{Question, prove};
use super::run::{Direction, Run, Scheduled};
use super::script::cut;
use super::{push, replay, wording};
use crate::db::connection::Connection;
use crate::db::fault::Script;
use crate::db::measure::Bounds;
use crate::db::scratch::Scratch;
use crate::db::stop::Stop;
use crate::migrations::ledger::{Ledger, checksum};
use crate::migrations::{Entry, Format, Migration, State};
use crate::problem::{Kind, Problem, Result};
use crate::schema::model::Model;
use crate::schema::plan::Plan;
use crate::sql::Dialect;

/// Which migrations are to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// The last so many.
    Last(usize),
    /// All after this one, as a person names it; `0` for all there are.
    To(String),
}

/// Plans the way back. Only reads, and works in a scratch database where one can be had.
///
/// # Errors
/// The folder or the history cannot be read; a migration has no way back and none can be written;
/// a statement that is refused. Of `how` only the transaction and where to go on count.
pub async fn plan(setting: &Setting, wish: &Wish, how: &Wishes, stop: &Stop) -> Result<Planned> {
    let mut connection = match push::is_to_be_made(&setting.target) {
        true => Connection::in_memory().await?,
        false => Connection::open_reading(&setting.target, stop).await?,
    };
    let planned = from(setting, &mut connection, (wish, how), stop).await;
    connection.close().await;
    planned
}

async fn from(
    setting: &Setting,
    connection: &mut Connection,
    (wish, how): (&Wish, &Wishes),
    stop: &Stop,
) -> Result<Planned> {
    let found = look(setting, connection, stop).await?;
    found.standing.readable()?;
    let chosen = chosen(&found, wish)?;
    let mut migrations = Vec::new();
    for entry in &chosen {
        migrations.push(known(connection, &found, entry).await?);
    }
    let mut work = Work { setting, found: &found, notes: Vec::new(), losses: Vec::new() };
    work.try_out(connection, &mut migrations, stop).await?;
    let Work { mut notes, losses, .. } = work;
    let dialect = connection.dialect();
    let mut scripts = Vec::new();
    for migration in migrations {
        scripts.push(scheduled(&found, dialect, migration, &mut notes)?);
    }
    resume(&mut scripts, how)?;
    if let (true, Some(alone)) = (how.one_transaction, scripts.iter().find(|one| !one.transaction))
    {
        return Err(Problem::usage(
            "They cannot all be taken back in one transaction",
            format!("{} runs outside a transaction", alone.migration.name()),
            "leave --one-transaction out",
        ));
    }
    notes.extend(found.tables(&scripts));
    let named: Vec<(String, String)> = scripts
        .iter()
        .map(|script| (script.migration.key.clone(), script.migration.name()))
        .collect();
    notes.extend(capsule::notes(connection, &named, stop).await?);
    let fingerprint = fingerprint(&found.standing);
    let run = Run {
        direction: Direction::Down,
        scripts,
        one_transaction: how.one_transaction,
        database: found.database.clone(),
        fingerprint,
        notes,
    };
    Ok(Planned { run, standing: found.standing, losses })
}

/// The migrations that are to be taken back, the newest first.
fn chosen<'a>(found: &'a Bearings, wish: &Wish) -> Result<Vec<&'a Entry>> {
    let entries = &found.standing.entries;
    let is_back = |entry: &&Entry| is_applied(entry) || is_half_back(found, entry);
    let applied = || entries.iter().filter(is_back).rev();
    let failed = entries.iter().find(|entry| {
        matches!(entry.state, State::Failed | State::HalfDone { .. }) && !is_half_back(found, entry)
    });
    if let Some(entry) = failed {
        return Err(Problem::new(
            Kind::Refused,
            format!("{} is {}", entry.name, entry.state.word()),
            "what is there of it is not known, so nothing can be taken back behind it",
            "finish it with dbstudio migrate, or say with dbstudio repair whether it is applied",
        ));
    }
    match wish {
        Wish::Last(count) => Ok(applied().take(*count).collect()),
        Wish::To(text) if text == "0" => Ok(applied().collect()),
        Wish::To(text) => {
            let stays = position(&found.standing, text)?;
            let stays = entries.get(stays).map(|entry| &entry.key);
            Ok(applied().take_while(|entry| Some(&entry.key) != stays).collect())
        }
    }
}

/// Whether a run that was cut off was taking it back.
fn is_half_back(found: &Bearings, entry: &Entry) -> bool {
    found.marked.iter().any(|one| one.down && one.key == entry.key)
}

/// The migration of an entry; one whose file is missing as the ledger kept it.
async fn known(connection: &mut Connection, found: &Bearings, entry: &Entry) -> Result<Migration> {
    if let Some(migration) = &entry.migration {
        return Ok(migration.clone());
    }
    let mut texts = Vec::new();
    if found.ledger.is_ok() && found.has_ledger {
        texts = Ledger::new(connection.dialect()).texts(connection, &entry.key).await?;
    }
    let Some((up, down)) = texts.pop() else {
        return Err(Problem::new(
            Kind::Refused,
            format!("{} cannot be taken back", entry.name),
            "its file is not in the folder, and the ledger has not kept its text",
            "bring the file back, and run the command again",
        ));
    };
    let kept = |text: String, way: &str| Script {
        name: format!("{} ({way}, as the ledger kept it)", entry.name),
        text,
    };
    Ok(Migration {
        version: entry.key.parse().unwrap_or_default(),
        stem: entry.name.clone(),
        up: kept(up, "up"),
        down: down.map(|down| kept(down, "down")),
        key: entry.key.clone(),
        ..Migration::default()
    })
}

fn scheduled(
    found: &Bearings,
    dialect: Dialect,
    migration: Migration,
    notes: &mut Vec<String>,
) -> Result<Scheduled> {
    let format = found.standing.format;
    let script = migration.down.clone().unwrap_or_default();
    let cut = cut(dialect, format, &script, migration.down_alone)?;
    notes.extend(cut.notes);
    let marked = found.marked.iter().find(|one| one.down && one.key == migration.key);
    let (mut from, mut unsure) = (0, false);
    if let Some(marked) = marked {
        if cut.transaction || marked.checksum != checksum(&script.text) {
            return Err(Problem::new(
                Kind::Refused,
                format!("The way back of {} has changed since it was cut off", migration.name()),
                format!("{} of its statements are done, and they may be others now", marked.done()),
                "bring the old text back and run the command again",
            ));
        }
        (from, unsure) = (marked.done(), marked.is_unsure());
    }
    let before = match format {
        Format::Golang => before(found, &migration),
        _ => None,
    };
    let (statements, transaction) = (cut.statements, cut.transaction);
    let capsule = Vec::new();
    Ok(Scheduled { migration, statements, from, unsure, transaction, before, capsule })
}

/// The newest migration that stays applied when this one is taken back.
fn before(found: &Bearings, migration: &Migration) -> Option<Migration> {
    let entries = &found.standing.entries;
    let at = entries.iter().position(|entry| entry.key == migration.key)?;
    let earlier = entries.iter().take(at).rev().find(|entry| is_applied(entry));
    earlier?.migration.clone()
}

/// What is found out in a scratch database.
struct Work<'a> {
    setting: &'a Setting,
    found: &'a Bearings,
    notes: Vec<String>,
    /// What each migration would lose, measured, in the order they are taken back.
    losses: Vec<Vec<String>>,
}

impl Work<'_> {
    /// Runs the migrations that are applied in a scratch database and takes them back there: that
    /// shows what is lost, and what the way back of one that has none must be. Where no scratch
    /// can be had and none must be written, it is only said.
    async fn try_out(
        &mut self,
        live: &mut Connection,
        migrations: &mut [Migration],
        stop: &Stop,
    ) -> Result<()> {
        if migrations.is_empty() {
            return Ok(());
        }
        let lacks = migrations.iter().any(|one| !has_down(one));
        let outcome = self.in_scratch(live, migrations, stop).await;
        match outcome {
            Ok(()) => Ok(()),
            Err(problem) if problem.kind == Kind::Cancelled => Err(problem),
            Err(problem) if lacks => {
                let names = migrations.iter().filter(|one| !has_down(one)).map(Migration::name);
                Err(Problem::new(
                    Kind::Refused,
                    format!("There is no way back for {}", names.collect::<Vec<_>>().join(", ")),
                    format!("none is in the folder, and none can be written: {}", brief(&problem)),
                    "write the way back into the folder, and run the command again",
                ))
            }
            Err(problem) => {
                self.losses = migrations.iter().map(|_| Vec::new()).collect();
                let why = brief(&problem);
                self.notes.push(format!("what is lost could not be measured: {why}"));
                Ok(())
            }
        }
    }

    async fn in_scratch(
        &mut self,
        live: &mut Connection,
        migrations: &mut [Migration],
        stop: &Stop,
    ) -> Result<()> {
        let setting = self.setting;
        let mut scratch = Scratch::new(&setting.target, setting.scratch.as_ref(), stop).await?;
        let mut outcome = scratch.reset(stop).await;
        if outcome.is_ok() {
            outcome = match scratch.connection() {
                Ok(connection) => self.each(live, connection, migrations, stop).await,
                Err(problem) => Err(problem),
            };
        }
        // What failed first is what the person must know.
        let closed = scratch.close().await;
        outcome.and(closed)
    }

    async fn each(
        &mut self,
        live: &mut Connection,
        scratch: &mut Connection,
        migrations: &mut [Migration],
        stop: &Stop,
    ) -> Result<()> {
        let scope = &self.setting.scope;
        let texts = as_applied::texts(&self.found.standing, live).await?;
        let mut models: Vec<(String, Model)> = Vec::new();
        let applied = self
            .found
            .standing
            .entries
            .iter()
            .filter(|entry| is_applied(entry) || is_half_back(self.found, entry));
        for entry in applied {
            let own = migrations.iter().find(|one| one.key == entry.key);
            let applied = as_applied::migration(entry, &texts);
            let Some(migration) = applied.as_ref().or(own) else {
                let what = format!("{} is not in the folder", entry.name);
                return Err(Problem::failed(what, "", "bring its file back"));
            };
            if own.is_some() {
                models.push((entry.key.clone(), scratch.model(scope, stop).await?));
            }
            replay::run(scratch, &migration.up, migration.alone, stop).await?;
        }
        for migration in migrations.iter_mut() {
            let earlier = models.iter().find(|(key, _)| *key == migration.key);
            let plan = match earlier {
                Some((_, earlier)) if !has_down(migration) => {
                    self.write(scratch, migration, earlier, stop).await?
                }
                _ => self.watched(scratch, migration, stop).await?,
            };
            let (plan, before, after) = plan;
            let bounds = Bounds { masked: self.setting.target.masked.clone(), ..Bounds::default() };
            let measured = live.measure(&plan, (&before, &after), &bounds, stop).await?;
            let losses = measured.readings.iter().filter(|one| push::is_loss(one));
            self.losses
                .push(losses.map(|one| format!("{}: {}", one.object, one.words())).collect());
        }
        Ok(())
    }

    /// Takes a migration back by its own way, and finds out what that does.
    async fn watched(
        &self,
        scratch: &mut Connection,
        migration: &Migration,
        stop: &Stop,
    ) -> Result<(Plan, Model, Model)> {
        let (scope, script) = (&self.setting.scope, migration.down.clone().unwrap_or_default());
        let alone = scratch.dialect() == Dialect::Postgres && migration.down_alone;
        let watched = watch(scratch, &script, alone, scope, stop).await?;
        if !alone {
            replay::run(scratch, &script, alone, stop).await?;
        }
        let after = scratch.model(scope, stop).await?;
        let plan = watched.plan(&after, &script, alone);
        Ok((plan, watched.before, after))
    }

    /// Writes the way back of a migration: to the schema there was before it.
    async fn write(
        &mut self,
        scratch: &mut Connection,
        migration: &mut Migration,
        earlier: &Model,
        stop: &Stop,
    ) -> Result<(Plan, Model, Model)> {
        let scope = &self.setting.scope;
        let before = scratch.model(scope, stop).await?;
        let question = Question { scope: scope.clone(), ..Question::default() };
        let proof = prove(scratch, before, earlier, &question, stop).await?;
        let name = migration.name();
        if proof.up.steps.is_empty() {
            self.notes.push(format!(
                "{name} has no way back and changes no schema: only its row in the history goes, \
                 and what it did to rows stays"
            ));
        } else {
            self.notes.push(format!(
                "{name} has no way back in the folder: this one is written from the schema before \
                 it; what it did to rows stays"
            ));
            let lost = wording::losses(&proof.up);
            self.notes.extend(lost.iter().map(|lost| format!("it loses {lost}")));
        }
        let text = change::script(&proof.up);
        migration.down_alone = proof.up.steps.iter().any(|step| step.outside_transaction);
        migration.down = Some(Script { name: format!("{name} (way back, written here)"), text });
        Ok((proof.up, proof.current, proof.desired))
    }
}

/// Whether a migration has a way back that does something.
fn has_down(migration: &Migration) -> bool {
    let Some(down) = &migration.down else { return false };
    let dialects = [Dialect::Postgres, Dialect::Sqlite];
    dialects.iter().any(|dialect| {
        crate::sql::statement::split(*dialect, &down.text).iter().any(|piece| !piece.is_blank())
    })
}

fn brief(problem: &Problem) -> String {
    match problem.why.is_empty() {
        true => problem.what.clone(),
        false => format!("{}: {}", problem.what, problem.why),
    }
}
