//! `generate` and `push`: the plan is shown, then asked about, then carried out.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::acquainted::permitted;
use super::args::{Global, Planning};
use super::checklist::{Desk, account};
use super::print::{self, Paint, harmless};
use super::run::{resolve, unconfigured, wait_for};
use super::{ask, review};
use crate::config::{Config, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::{self, Migration, Pair};
use crate::ops::acquaintance;
use crate::ops::change::{self, Answers, Change, Setting, Settled, Side};
use crate::ops::checklist::Word;
use crate::ops::generate::{self, Draft};
use crate::ops::proof::Proof;
use crate::ops::push::{self, Basis};
use crate::ops::review::{Review, of_change};
use crate::problem::{Kind, Problem, Result};
use crate::schema::hazard::{Facts, Measures};
use crate::schema::model::Model;
use crate::schema::rename::{self, Rename};
use crate::sql::Dialect;

impl Planning {
    /// Whether anything was said about how to plan.
    fn is_settled(&self) -> bool {
        self.dry_run || self.no_renames || !self.rename.is_empty()
    }

    /// What was said about working while others do, if anything.
    pub(super) fn wishes_online(&self) -> Option<bool> {
        match (self.online, self.no_online) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    /// What was said about renames.
    pub(super) fn answers(&self) -> Result<Answers> {
        let typed = self.rename.iter().map(|text| rename::parse(text)).collect::<Result<_>>()?;
        Ok(Answers { typed, none: self.no_renames, ..Answers::default() })
    }
}

/// The configuration and the database, which there must be.
pub(super) fn configured(target: Option<String>, global: &Global) -> Result<(Config, Target)> {
    let (config, target) = resolve(target, global)?;
    Ok((config, target.ok_or_else(unconfigured)?))
}

/// Settles the renames, asking about those nobody has answered for.
pub(super) async fn renames(
    change: &mut Change,
    mut answers: Answers,
    as_json: bool,
    stop: &Stop,
) -> Result<Vec<Rename>> {
    loop {
        let open = match change.settle(&answers, stop).await? {
            Settled::Renames(renames) => return Ok(renames),
            Settled::Open(open) => open,
        };
        // One at a time: a yes may settle others.
        let Some(first) = open.first().filter(|_| print::can_ask() && !as_json) else {
            return Err(rename::refusal(&open));
        };
        let question = format!("Is it a rename: {}? ({})", first.rename, first.why);
        if ask::yes(&question, stop).await? {
            answers.yes.push(first.rename.clone());
        } else {
            answers.no.push(first.rename.clone());
        }
    }
}

/// Ends a change whatever came of it; a failure of the work itself is told first.
pub(super) async fn closed<T>(change: Change, outcome: Result<T>) -> Result<T> {
    let closed = change.close().await;
    let outcome = outcome?;
    closed?;
    Ok(outcome)
}

/// `dbstudio generate`.
pub(super) fn generate(
    name: Option<String>,
    planning: &Planning,
    empty: bool,
    check: bool,
    global: &Global,
) -> Result<u8> {
    let answers = planning.answers()?;
    let (config, target) = configured(None, global)?;
    let setting = Setting::new(&config, target, planning.wishes_online())?;
    if let Some(command) = setting.project.generate.clone() {
        let is_asked = empty || check || planning.is_settled();
        return by_command(&setting, &command, name.as_deref(), is_asked, global);
    }
    // A folder that cannot be gone on with is told before anything is made.
    let existing = generate::existing(&setting)?;
    wait_for(|stop| async move {
        let mut work = Generating { name, planning, check, global, existing };
        if empty {
            let draft = generate::empty(&setting, &work.existing, work.name.as_deref(), now());
            return work.write(&[draft], None, &stop).await;
        }
        let (mut change, existing) = generate::begin(setting, &stop).await?;
        work.existing = existing;
        let outcome = work.follow(&mut change, answers, &stop).await;
        closed(change, outcome).await
    })
}

/// `dbstudio generate` where the project has a command that writes migrations: it runs, and what
/// it wrote is reviewed.
fn by_command(
    setting: &Setting,
    command: &str,
    name: Option<&str>,
    is_asked: bool,
    global: &Global,
) -> Result<u8> {
    if is_asked {
        return Err(Problem::usage(
            "The project's own command writes its migrations",
            format!("{command} knows nothing of the options given here"),
            "run dbstudio generate without them, or take generate out of [project]",
        ));
    }
    let command = generate::with_name(command, name)?;
    wait_for(|stop| async move {
        ask::confirm(&format!("Run {command}?"), global.yes, &stop).await?;
        let brought = generate::by_command(setting, &command, &stop).await?;
        let words = brought.words.lines().map(|line| format!("  {}\n", harmless(line)));
        print::talk(&words.collect::<String>());
        if brought.new.is_empty() {
            if global.json {
                return print::json(&review::nothing(&[])).map(|()| 0);
            }
            print::result("The command wrote no migration.\n")?;
            print::talk("If it had something to ask, run it by itself in a terminal.\n");
            return Ok(0);
        }
        super::examine::show(setting, &brought.migrations, &brought.new, global, &stop).await
    })
}

/// The seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What `generate` was asked for.
struct Generating<'a> {
    name: Option<String>,
    planning: &'a Planning,
    check: bool,
    global: &'a Global,
    existing: Vec<Migration>,
}

impl Generating<'_> {
    async fn follow(&self, change: &mut Change, answers: Answers, stop: &Stop) -> Result<u8> {
        if change.is_nothing() {
            if self.global.json {
                print::json(&review::nothing(&change.notes))?;
            } else {
                print::result("Nothing to do: the migrations make the schema.\n")?;
                print::talk(
                    &change.notes.iter().map(|note| review::sentence(note)).collect::<String>(),
                );
            }
            return Ok(0);
        }
        if self.check {
            return Err(Problem::new(
                Kind::Found,
                "The migrations do not make the schema",
                crate::ops::wording::name(&change.rough()),
                "run dbstudio generate to write the migration",
            ));
        }
        let renames = renames(change, answers, self.global.json, stop).await?;
        let proof = change.prove(renames.clone(), true, stop).await?;
        let effects = change.watch(&proof, true, stop).await?;
        let facts = Facts { effects, ..Facts::default() };
        let review = of_change(change, &proof, &renames, &facts)?;
        let name = self.name.as_deref();
        let made = (&proof, &review);
        let drafts = generate::drafts(&change.setting, &self.existing, name, made, now());
        if self.planning.dry_run {
            return self.show(&drafts, &review);
        }
        if !self.global.json {
            print::talk(&review::text(&review, Paint::of_talk()));
        }
        review.permit()?;
        self.write(&drafts, Some(&review), stop).await
    }

    /// Shows what would be written.
    fn show(&self, drafts: &[Draft], review: &Review) -> Result<u8> {
        if self.global.json {
            let json = review::to_json(review, false);
            print::json(&review::with_migrations(json, drafts.iter().map(described)))?;
            return Ok(0);
        }
        let files = drafts
            .iter()
            .map(|draft| &draft.pair)
            .flat_map(|pair| [(&pair.up, &pair.up_text), (&pair.down, &pair.down_text)]);
        let text: Vec<String> =
            files.map(|(path, text)| format!("-- {}\n{text}", path.display())).collect();
        print::sql(&text.join("\n")).map(|()| 0)
    }

    async fn write(&self, drafts: &[Draft], review: Option<&Review>, stop: &Stop) -> Result<u8> {
        let question = match drafts {
            [draft] => format!("Write {} and its .down.sql?", draft.pair.up.display()),
            _ => format!("Write these {} migrations, each with its .down.sql?", drafts.len()),
        };
        ask::confirm(&question, self.global.yes, stop).await?;
        let pairs: Vec<Pair> = drafts.iter().map(|draft| draft.pair.clone()).collect();
        migrations::write_all(&pairs)?;
        if self.global.json {
            let json = match review {
                Some(review) => review::to_json(review, false),
                None => review::nothing(&[]),
            };
            print::json(&review::with_migrations(json, drafts.iter().map(described)))?;
            return Ok(0);
        }
        let files = pairs.iter().flat_map(|pair| [&pair.up, &pair.down]);
        let lines = files.map(|file| format!("{}\n", harmless(&file.display().to_string())));
        print::result(&lines.collect::<String>()).map(|()| 0)
    }
}

fn described(draft: &Draft) -> serde_json::Value {
    json!({
        "name": draft.name,
        "up": draft.pair.up.to_string_lossy(),
        "down": draft.pair.down.to_string_lossy(),
    })
}

/// `dbstudio push`.
pub(super) fn push(planning: &Planning, global: &Global) -> Result<u8> {
    let answers = planning.answers()?;
    Word::read("push", &global.ack)?;
    let (config, target) = configured(None, global)?;
    if !planning.dry_run {
        push::permit(&target)?;
    }
    wait_for(|stop| async move {
        let target = match planning.dry_run {
            true => acquaintance::met(&config, target, &stop).await?,
            false => permitted(&config, target, push::permit, &stop).await?,
        };
        let setting = Setting::new(&config, target, planning.wishes_online())?;
        let from = if push::is_to_be_made(&setting.target) {
            Side::Read(Box::new(Model::empty(Dialect::Sqlite)))
        } else {
            Side::Live(Box::new(setting.target.clone()))
        };
        let mut change = Change::between(setting, from, Side::Desired, &stop).await?;
        let pushing = Pushing { config: &config, planning, global, stop: &stop };
        let outcome = pushing.follow(&mut change, answers).await;
        closed(change, outcome).await
    })
}

/// What `push` was asked for.
struct Pushing<'a> {
    config: &'a Config,
    planning: &'a Planning,
    global: &'a Global,
    stop: &'a Stop,
}

impl Pushing<'_> {
    async fn follow(&self, change: &mut Change, answers: Answers) -> Result<u8> {
        if change.is_nothing() {
            return self.nothing(change);
        }
        let renames = renames(change, answers, self.global.json, self.stop).await?;
        let proof = change.prove(renames.clone(), false, self.stop).await?;
        let target = change.setting.target.clone();
        let effects = change.watch(&proof, false, self.stop).await?;
        let change = &*change;
        let measured = || self.measured(change, &proof);
        let gather = async |measures: &Measures| {
            let matter = push::matter(&target, measures, change::script(&proof.up));
            matter.gather(self.config, &target, self.stop).await
        };
        let measures = measured().await?;
        let list = gather(&measures).await?;
        let review = of_change(change, &proof, &renames, &Facts { effects, measures })?;
        if self.planning.dry_run {
            return self.show(&review);
        }
        if !self.global.json {
            print::talk(&review::text(&review, Paint::of_talk()));
        }
        review.permit()?;
        let desk =
            Desk { config: self.config, target: &target, global: self.global, stop: self.stop };
        let again = async || gather(&measured().await?).await;
        let signed = desk.complete(list, again).await?;
        let question = format!("Run {} on {}?", review::counted(&review), target.address);
        ask::confirm(&question, self.global.yes, self.stop).await?;
        let account = account(&again().await?, &signed, None)?;
        let by = (Basis::of(change), &account);
        let (setting, stop) = (&change.setting, self.stop);
        let said = push::record(setting, by, &proof.up, stop, &mut |_| ()).await?;
        print::talk(&review::sentences(&said));
        if self.global.json {
            print::json(&review::to_json(&review, true))?;
        } else {
            print::result(&format!("Done: {} ran.\n", review::counted(&review)))?;
        }
        Ok(0)
    }

    /// What the database says of the loss, now.
    async fn measured(&self, change: &Change, proof: &Proof) -> Result<Measures> {
        let target = &change.setting.target;
        if push::is_to_be_made(target) {
            return Ok(Measures::default());
        }
        let mut live = Connection::open_reading(target, self.stop).await?;
        let measured = push::measure(&mut live, change, proof, self.stop).await;
        live.close().await;
        measured
    }

    fn nothing(&self, change: &Change) -> Result<u8> {
        if self.global.json {
            return print::json(&review::nothing(&change.notes)).map(|()| 0);
        }
        print::result("Nothing to do: the database has the schema.\n")?;
        print::talk(&review::sentences(&change.notes));
        Ok(0)
    }

    fn show(&self, review: &Review) -> Result<u8> {
        if self.global.json {
            return print::json(&review::to_json(review, false)).map(|()| 0);
        }
        print::result(&review::text(review, Paint::of_result())).map(|()| 0)
    }
}
