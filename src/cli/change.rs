//! `generate` and `push`: the plan is shown, then asked about, then carried out.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::args::{Global, Planning};
use super::print::{self, Paint, harmless};
use super::run::{resolve, unconfigured, wait_for};
use super::{ask, review};
use crate::config::{Config, Target};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::{self, Migration};
use crate::ops::change::{Answers, Change, Setting, Settled, Side};
use crate::ops::generate::{self, Contents, Draft};
use crate::ops::push::{self, Basis, Item};
use crate::ops::review::{Review, of_change};
use crate::problem::{Kind, Problem, Result};
use crate::schema::hazard::Facts;
use crate::schema::rename::{self, Rename};

impl Planning {
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
    let existing = migrations::read(&setting.project.migrations)?;
    wait_for(|stop| async move {
        let mut work = Generating { name, planning, check, global, existing };
        if empty {
            let draft = generate::empty(&setting, &work.existing, work.name.as_deref(), now());
            return work.write(&draft, None, &stop).await;
        }
        let from = Side::Migrations(std::mem::take(&mut work.existing));
        let existing = migrations::read(&setting.project.migrations)?;
        work.existing = existing;
        let mut change = Change::between(setting, from, Side::Desired, &stop).await?;
        let outcome = work.follow(&mut change, answers, &stop).await;
        closed(change, outcome).await
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
        let down = proof.down.as_ref().unwrap_or(&proof.up);
        let hazards = review.hazards();
        let contents = Contents { up: &proof.up, down, hazards: &hazards };
        let draft =
            generate::draft(&change.setting, &self.existing, self.name.as_deref(), contents, now());
        if self.planning.dry_run {
            return self.show(&draft, &review);
        }
        if !self.global.json {
            print::talk(&review::text(&review, Paint::of_talk()));
        }
        review.permit()?;
        self.write(&draft, Some(&review), stop).await
    }

    /// Shows what would be written.
    fn show(&self, draft: &Draft, review: &Review) -> Result<u8> {
        if self.global.json {
            let mut json = review::to_json(review, false);
            json["migration"] = described(draft);
            print::json(&json)?;
            return Ok(0);
        }
        let files =
            [(&draft.pair.up, &draft.pair.up_text), (&draft.pair.down, &draft.pair.down_text)];
        let text = files.map(|(path, text)| format!("-- {}\n{text}", path.display()));
        print::sql(&text.join("\n")).map(|()| 0)
    }

    async fn write(&self, draft: &Draft, review: Option<&Review>, stop: &Stop) -> Result<u8> {
        let question = format!("Write {} and its .down.sql?", draft.pair.up.display());
        ask::confirm(&question, self.global.yes, stop).await?;
        migrations::write(&draft.pair)?;
        if self.global.json {
            let mut json = match review {
                Some(review) => review::to_json(review, false),
                None => review::nothing(&[]),
            };
            json["migration"] = described(draft);
            print::json(&json)?;
            return Ok(0);
        }
        let (up, down) =
            (draft.pair.up.display().to_string(), draft.pair.down.display().to_string());
        print::result(&format!("{}\n{}\n", harmless(&up), harmless(&down))).map(|()| 0)
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
    let acks = Acks::read(&global.ack, &push::ITEMS)?;
    let (config, target) = configured(None, global)?;
    if !planning.dry_run {
        push::permit(&target)?;
    }
    let setting = Setting::new(&config, target, planning.wishes_online())?;
    wait_for(|stop| async move {
        let live = Side::Live(Box::new(setting.target.clone()));
        let mut change = Change::between(setting, live, Side::Desired, &stop).await?;
        let outcome = pushing(&mut change, answers, &acks, planning, global, &stop).await;
        closed(change, outcome).await
    })
}

async fn pushing(
    change: &mut Change,
    answers: Answers,
    acks: &Acks,
    planning: &Planning,
    global: &Global,
    stop: &Stop,
) -> Result<u8> {
    if change.is_nothing() {
        if global.json {
            print::json(&review::nothing(&change.notes))?;
        } else {
            print::result("Nothing to do: the database has the schema.\n")?;
            print::talk(
                &change.notes.iter().map(|note| review::sentence(note)).collect::<String>(),
            );
        }
        return Ok(0);
    }
    let renames = renames(change, answers, global.json, stop).await?;
    let proof = change.prove(renames.clone(), false, stop).await?;
    let target = change.setting.target.clone();
    let mut live = if planning.dry_run {
        Connection::open_reading(&target, stop).await?
    } else {
        Connection::open(&target, stop).await?
    };
    let outcome = async {
        let measures = push::measure(&mut live, change, &proof, stop).await?;
        let items = push::checklist(&target, &measures);
        let effects = change.watch(&proof, false, stop).await?;
        let review = of_change(change, &proof, &renames, &Facts { effects, measures })?;
        if planning.dry_run {
            if global.json {
                print::json(&review::to_json(&review, false))?;
            } else {
                print::result(&review::text(&review, Paint::of_result()))?;
            }
            return Ok(0);
        }
        if !global.json {
            print::talk(&review::text(&review, Paint::of_talk()));
        }
        review.permit()?;
        check_off(&items, acks, global, stop).await?;
        let question = format!("Run {} on {}?", review::counted(&review), target.address);
        ask::confirm(&question, global.yes, stop).await?;
        push::run(&mut live, Basis::of(change), &proof.up, stop, &mut |_| ()).await?;
        if global.json {
            print::json(&review::to_json(&review, true))?;
        } else {
            let done = format!("Done: {} ran.\n", review::counted(&review));
            print::result(&done)?;
        }
        Ok(0)
    }
    .await;
    live.close().await;
    outcome
}

/// Goes through a checklist: evidence first, then what was acknowledged, then the person.
async fn check_off(items: &[Item], acks: &Acks, global: &Global, stop: &Stop) -> Result<()> {
    let mut acknowledged: Vec<bool> = items.iter().map(|item| acks.holds(item.id)).collect();
    let paint = Paint::of_talk();
    if !global.json {
        print::talk(&review::checklist(items, &acknowledged, paint));
    }
    for (item, acknowledged) in items.iter().zip(&mut acknowledged) {
        if item.shown || *acknowledged || !print::can_ask() || global.json {
            continue;
        }
        let evidence = item.evidence.join("; ");
        *acknowledged =
            ask::yes(&format!("{}: {} ({evidence})?", item.id, item.title), stop).await?;
    }
    let open: Vec<&Item> = items
        .iter()
        .zip(&acknowledged)
        .filter(|(item, acknowledged)| !item.shown && !**acknowledged)
        .map(|(item, _)| item)
        .collect();
    if open.is_empty() { Ok(()) } else { Err(push::incomplete(&open)) }
}

/// What was acknowledged on the command line.
struct Acks {
    all: bool,
    items: Vec<String>,
}

impl Acks {
    /// Reads `ITEM[=REASON]` of those there are.
    fn read(given: &[String], known: &[&str]) -> Result<Self> {
        let mut items = Vec::new();
        for text in given {
            let item = text.split_once('=').map_or(text.as_str(), |(item, _)| item).trim();
            if item != "all" && !known.contains(&item) {
                return Err(Problem::usage(
                    format!("There is no item {item} on this checklist"),
                    format!("its items are {}", known.join(", ")),
                    "name one of these, or all",
                ));
            }
            items.push(item.to_owned());
        }
        Ok(Self { all: items.iter().any(|item| item == "all"), items })
    }

    fn holds(&self, item: &str) -> bool {
        self.all || self.items.iter().any(|held| held == item)
    }
}
