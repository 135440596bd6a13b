//! The checklist of running migrations where that is dangerous: what to be sure of, with the
//! evidence that is gathered for each item, and what was said about the rest. Evidence is gathered
//! again just before the run; what held then and does not hold any more stops it.
//!
//! Nothing here asks anybody, and nothing is run but the command a project has for telling its team.

mod gathered;
mod notice;

use serde_json::{Value, json};

use super::change::Setting;
use super::difference::of_person;
use super::evidence::{self, Bond, Cabinet, Sort, StagingRecord, now, span};
use super::push::{self, Item};
use super::run::{Direction, Run};
use crate::config::{Checks, Config, Protection, Target, minute};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::migrations::Migration;
use crate::problem::{Kind, Problem, Result};
pub use gathered::{Aid, Gathered, Signed, holds};
pub use notice::{Notice, notify};

/// Everything that can stand on the checklist of migrations, in the order it is shown.
pub const ITEMS: [&str; 6] =
    ["tested-on-staging", "reviewed", "backup", "rollback-plan", "off-peak", "team-notified"];

/// The items that only a person can say, or that a person may tick without a reason.
pub const TICKS: [&str; 2] = ["reviewed", "team-notified"];

/// How long a notification counts.
const NOTIFIED: std::time::Duration = std::time::Duration::from_secs(12 * 60 * 60);

/// A checklist whose evidence was gathered.
#[derive(Debug, Clone, PartialEq)]
pub struct Checklist {
    /// The items, in their order.
    pub items: Vec<Item>,
    /// What is settled.
    pub checks: Checks,
    /// What the evidence is about.
    pub bond: Bond,
}

/// What somebody says about an item: that they made sure of it, or that it does not matter now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The item, or `all`.
    pub item: String,
    /// The reason, if one was given.
    pub reason: Option<String>,
}

impl Word {
    /// That somebody made sure of an item.
    pub fn tick(item: &str) -> Self {
        Self { item: item.to_owned(), reason: None }
    }

    /// Reads `ITEM` or `ITEM=REASON`.
    ///
    /// # Errors
    /// There is no such item.
    pub fn read(text: &str) -> Result<Self> {
        let (item, reason) = match text.split_once('=') {
            Some((item, reason)) => (item.trim(), Some(reason.trim())),
            None => (text.trim(), None),
        };
        if item != "all" && !ITEMS.contains(&item) {
            return Err(Problem::usage(
                format!("There is no item {item} on this checklist"),
                format!("its items are {}", ITEMS.join(", ")),
                "name one of these, with a reason as in --ack \"backup=nothing is lost\"",
            ));
        }
        let reason = reason.filter(|reason| !reason.is_empty()).map(str::to_owned);
        Ok(Self { item: item.to_owned(), reason })
    }
}

/// The operation as the configuration names it.
pub fn operation(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "migrate",
        Direction::Down => "rollback",
    }
}

/// The items that stand on the list of an operation: those that are configured, else all of them
/// in production and none elsewhere.
///
/// # Errors
/// The configuration names an item there is not.
pub fn items(
    checks: &Checks,
    protection: Protection,
    direction: Direction,
) -> Result<Vec<&'static str>> {
    let Some(configured) = &checks.items else {
        let usual = |item: &&str| match direction {
            Direction::Up => true,
            // What is taken back is applied, and taking it back is the plan.
            Direction::Down => !matches!(*item, "tested-on-staging" | "rollback-plan"),
        };
        return Ok(match protection {
            Protection::Production => ITEMS.into_iter().filter(usual).collect(),
            _ => Vec::new(),
        });
    };
    for item in configured {
        if !ITEMS.contains(&item.as_str()) {
            let near = ITEMS.into_iter().min_by_key(|known| strsim::levenshtein(known, item));
            return Err(Problem::usage(
                format!("There is no item {item} on the checklist of migrations"),
                "checklists in dbstudio.toml names it",
                near.map_or_else(String::new, |near| format!("did you mean {near}?")),
            ));
        }
    }
    Ok(ITEMS.into_iter().filter(|item| configured.iter().any(|one| one == item)).collect())
}

/// Of an operation's own items those that stand on its list here: all of them where nothing is
/// configured.
///
/// # Errors
/// The configuration cannot be used.
pub fn standing(
    config: &Config,
    target: &Target,
    operation: &str,
    items: Vec<Item>,
) -> Result<Vec<Item>> {
    let wanted = config.checks(target, operation)?.items;
    let stands =
        |item: &Item| wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|one| one == item.id));
    Ok(items.into_iter().filter(stands).collect())
}

/// Gathers the evidence for everything on the list of a run. `read` are the names of the migrations
/// whose text somebody has looked at to its end.
///
/// # Errors
/// The database cannot be asked, or the configuration cannot be used.
pub async fn gather(
    config: &Config,
    setting: &Setting,
    run: &Run,
    read: &[String],
    stop: &Stop,
) -> Result<Checklist> {
    let target = &setting.target;
    let checks = config.checks(target, operation(run.direction))?;
    let wanted = items(&checks, target.protection, run.direction)?;
    if wanted.is_empty() {
        return Ok(Checklist { items: Vec::new(), checks, bond: Bond::default() });
    }
    let migrations: Vec<Migration> =
        run.scripts.iter().map(|script| script.migration.clone()).collect();
    let mut connection = match push::is_to_be_made(target) {
        true => Connection::in_memory().await?,
        false => Connection::open_reading(target, stop).await?,
    };
    let asked = ask(&mut connection, setting, &migrations, stop).await;
    connection.close().await;
    let (bond, hour) = asked?;
    let cabinet = Cabinet::of(&config.places().state, &bond.database);
    let mut items = Vec::new();
    for id in wanted {
        items.push(match id {
            "tested-on-staging" => {
                staged(&evidence::staging(config, &setting.project, &migrations, stop).await?)
            }
            "reviewed" => reviewed(run, read),
            "backup" => backup(&cabinet, &bond, &checks),
            "rollback-plan" => rollback_plan(&cabinet, &bond, &checks, run),
            "off-peak" => off_peak(&checks, &hour),
            _ => notified(&cabinet, &bond, &checks),
        });
    }
    Ok(Checklist { items, checks, bond })
}

/// The hour at the database, and who works with it.
struct Hour {
    clock: String,
    /// How many other sessions there are, and how many of them run something; none on SQLite.
    sessions: Option<(u64, u64)>,
}

async fn ask(
    connection: &mut Connection,
    setting: &Setting,
    migrations: &[Migration],
    stop: &Stop,
) -> Result<(Bond, Hour)> {
    let live = of_person(connection.model(&setting.scope, stop).await?);
    let bond = Bond::of(connection, &setting.target, migrations, &live).await?;
    let sql = match connection {
        Connection::Sqlite(_) => "SELECT strftime('%H:%M', 'now', 'localtime')",
        Connection::Postgres(_) => {
            "SELECT to_char(clock_timestamp(), 'HH24:MI'), count(*), \
             count(*) FILTER (WHERE a.state <> 'idle') FROM pg_catalog.pg_stat_activity a \
             WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() \
             AND a.backend_type = 'client backend'"
        }
    };
    let row = connection.rows(sql).await?.into_iter().next().unwrap_or_default();
    let mut cells = row.into_iter().map(Option::unwrap_or_default);
    let clock = cells.next().unwrap_or_default();
    let mut number = || cells.next().and_then(|text| text.parse().ok());
    let sessions = number().zip(number());
    Ok((bond, Hour { clock, sessions }))
}

fn staged(records: &[StagingRecord]) -> Item {
    let told = |record: &StagingRecord| {
        let name = &record.environment;
        match (&record.trouble, record.lacking.as_slice()) {
            (Some(problem), _) => format!("{name} could not be asked: {}", problem.what),
            (None, []) => format!("{name} has them applied, the very same texts"),
            (None, lacking) => format!("{name}: {}", lacking.join(", ")),
        }
    };
    let mut evidence: Vec<String> = records.iter().map(told).collect();
    if evidence.is_empty() {
        evidence.push("the project has no environment with protection = \"staging\"".to_owned());
    }
    Item {
        id: "tested-on-staging",
        title: "the same migrations are applied on staging",
        shown: records.iter().any(StagingRecord::holds),
        evidence,
    }
}

fn reviewed(run: &Run, read: &[String]) -> Item {
    let statements: usize = run.scripts.iter().map(|script| script.statements.len()).sum();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let files = run.scripts.len();
    let (statement_s, file_s) = (plural(statements), plural(files));
    let names = run.scripts.iter().map(|script| script.migration.name());
    let unread: Vec<String> = names.filter(|name| !read.contains(name)).collect();
    let end = match (unread.as_slice(), read) {
        ([], _) => ", looked at to the end".to_owned(),
        (_, []) => String::new(),
        (unread, _) => format!("; not yet to its end: {}", unread.join(", ")),
    };
    Item {
        id: "reviewed",
        title: "the SQL was reviewed",
        shown: unread.is_empty(),
        evidence: vec![format!("{statements} statement{statement_s} in {files} file{file_s}{end}")],
    }
}

fn backup(cabinet: &Cabinet, bond: &Bond, checks: &Checks) -> Item {
    let found = cabinet.valid(Sort::Backup, bond, checks.backup_age);
    let (shown, told) = match found {
        Ok(one) => (true, format!("{}, {} ago", one.summary, span(now().saturating_sub(one.at)))),
        Err(why) => (false, why),
    };
    Item { id: "backup", title: "a backup was made", shown, evidence: vec![told] }
}

fn rollback_plan(cabinet: &Cabinet, bond: &Bond, checks: &Checks, run: &Run) -> Item {
    let found = cabinet.valid(Sort::Rehearsal, bond, checks.rehearsal_age);
    let (shown, mut evidence) = match found {
        Err(why) => (false, vec![format!("{why}: dbstudio rehearse makes one")]),
        Ok(one) => {
            let is = |key: &str| one.detail.get(key).and_then(Value::as_bool).unwrap_or(false);
            let age = span(now().saturating_sub(one.at));
            let mut evidence = vec![format!("{}, {age} ago", one.summary)];
            let lost = one.detail.get("lost").and_then(Value::as_array);
            let lost = lost.into_iter().flatten().filter_map(Value::as_str);
            evidence.extend(lost.map(|loss| format!("going back does not bring back {loss}")));
            if !is("reversible") {
                let names = one.detail.get("one_way").and_then(Value::as_array);
                let names: Vec<&str> =
                    names.into_iter().flatten().filter_map(Value::as_str).collect();
                evidence.push(format!("cannot be rolled back: {}", names.join(", ")));
            }
            (is("passed") && is("reversible"), evidence)
        }
    };
    let saves = run.scripts.iter().flat_map(|script| &script.capsule);
    evidence.extend(saves.map(|save| match save.kept {
        Some(false) => format!("the undo capsule does not keep {}", save.what()),
        _ => format!("the undo capsule keeps {}", save.what()),
    }));
    Item { id: "rollback-plan", title: "the way back was rehearsed", shown, evidence }
}

fn off_peak(checks: &Checks, hour: &Hour) -> Item {
    let at = minute(&hour.clock);
    let mut evidence = Vec::new();
    let shown = match (checks.off_peak, at) {
        (Some(window), Some(at)) => {
            let word = if window.holds(at) { "within" } else { "outside" };
            evidence.push(format!("it is {} there, {word} {window}", hour.clock));
            window.holds(at)
        }
        _ => {
            evidence.push(format!("it is {} there; no off_peak is configured", hour.clock));
            false
        }
    };
    if let Some((all, active)) = hour.sessions {
        let s = if all == 1 { "" } else { "s" };
        evidence.push(format!("{all} other session{s}, {active} of them at work"));
    }
    Item { id: "off-peak", title: "few people are at work", shown, evidence }
}

fn notified(cabinet: &Cabinet, bond: &Bond, checks: &Checks) -> Item {
    let (shown, told) = match cabinet.valid(Sort::Notification, bond, NOTIFIED) {
        Ok(one) => (true, format!("{}, {} ago", one.summary, span(now().saturating_sub(one.at)))),
        Err(_) if checks.notify.is_some() => {
            (false, "the command notify has not run for these migrations yet".to_owned())
        }
        Err(_) => (false, "no command notify is configured".to_owned()),
    };
    Item { id: "team-notified", title: "the team knows", shown, evidence: vec![told] }
}

impl Checklist {
    /// The items that neither the evidence shows nor somebody has spoken for. In production `all`
    /// speaks for nothing, and what evidence could show is waived only with a reason.
    pub fn open(&self, words: &[Word], protection: Protection) -> Vec<&Item> {
        let is_production = protection == Protection::Production;
        let speaks = |word: &Word, item: &Item| match (word.item == item.id, is_production) {
            (true, true) => word.reason.is_some() || TICKS.contains(&item.id),
            (true, false) => true,
            (false, true) => false,
            (false, false) => word.item == "all",
        };
        let is_open = |item: &&Item| !item.shown && !words.iter().any(|word| speaks(word, item));
        self.items.iter().filter(is_open).collect()
    }

    /// The refusal of a run whose list is not complete.
    pub fn incomplete(&self, open: &[&Item], direction: Direction) -> Problem {
        let line =
            |item: &&Item| format!("{}: {} ({})", item.id, item.title, item.evidence.join("; "));
        let acks: Vec<String> = open
            .iter()
            .map(|item| match TICKS.contains(&item.id) {
                true => item.id.to_owned(),
                false => format!("\"{}=REASON\"", item.id),
            })
            .collect();
        Problem::new(
            Kind::Refused,
            format!("The checklist of this {} is not complete", operation(direction)),
            open.iter().map(line).collect::<Vec<_>>().join("\n"),
            format!(
                "make sure of each; what cannot be shown is said with --ack {}",
                acks.join(" --ack ")
            ),
        )
    }

    /// Holds this list, gathered just before a run, against the one that was shown.
    ///
    /// # Errors
    /// What held then does not hold any more.
    pub fn still_holds(&self, shown: &[Item]) -> Result<()> {
        holds(&self.items, shown)
    }

    /// The list as somebody goes through it where it can be acted on.
    pub fn gathered(&self, trouble: Option<Problem>) -> Gathered {
        let is_there = |aid: &Aid| {
            let item = self.items.iter().any(|item| aid.is_about(item.id));
            item && (*aid != Aid::Notify || self.checks.notify.is_some())
        };
        let aids = [Aid::Backup, Aid::Rehearse, Aid::Notify].into_iter().filter(is_there);
        Gathered { items: self.items.clone(), aids: aids.collect(), trouble }
    }

    /// The list with what was said, for the ledger.
    pub fn record(&self, words: &[Word]) -> Value {
        recorded(&self.items, words)
    }
}

/// A list with what was said, for the ledger.
pub fn recorded(items: &[Item], words: &[Word]) -> Value {
    let item = |item: &Item| {
        let of = |name: &str| words.iter().find(|word| word.item == name);
        let word = of(item.id).or_else(|| of("all"));
        json!({
            "item": item.id,
            "shown": item.shown,
            "evidence": item.evidence,
            "acknowledged": word.is_some(),
            "reason": word.and_then(|word| word.reason.clone()),
        })
    };
    Value::Array(items.iter().map(item).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(shown: &[bool; 6]) -> Checklist {
        let item = |(id, shown): (&'static str, &bool)| Item {
            id,
            title: "",
            shown: *shown,
            evidence: vec!["e".to_owned()],
        };
        let items = ITEMS.into_iter().zip(shown).map(item).collect();
        Checklist { items, checks: Checks::default(), bond: Bond::default() }
    }

    fn open(list: &Checklist, words: &[&str], protection: Protection) -> Vec<&'static str> {
        let words: Vec<Word> = words.iter().map(|text| Word::read(text).unwrap()).collect();
        list.open(&words, protection).iter().map(|item| item.id).collect()
    }

    #[test]
    fn in_production_what_evidence_could_show_needs_a_reason() {
        let nothing = list(&[false; 6]);
        let production = Protection::Production;
        assert_eq!(open(&nothing, &["all", "all=really"], production), ITEMS);
        let bare = ITEMS.map(str::to_owned);
        let bare: Vec<&str> = bare.iter().map(String::as_str).collect();
        let left = ["tested-on-staging", "backup", "rollback-plan", "off-peak"];
        assert_eq!(open(&nothing, &bare, production), left);
        let reasons = left.map(|item| format!("{item}=because"));
        let mut words: Vec<&str> = reasons.iter().map(String::as_str).collect();
        words.extend(["reviewed", "team-notified"]);
        assert_eq!(open(&nothing, &words, production), [""; 0]);
        assert_eq!(open(&nothing, &["backup="], Protection::Staging).len(), 5);
        assert_eq!(open(&nothing, &["all"], Protection::Staging), [""; 0]);
        assert_eq!(open(&list(&[true; 6]), &[], production), [""; 0]);
        assert!(Word::read("backups=x").is_err());
    }

    #[test]
    fn what_held_before_must_hold_at_the_run() {
        let (before, after) = (list(&[true; 6]), list(&[true, true, false, true, true, true]));
        assert!(before.still_holds(&before.items).is_ok());
        let problem = after.still_holds(&before.items).unwrap_err();
        assert_eq!((problem.kind, problem.why.as_str()), (Kind::Refused, "backup: e"));
        assert!(before.still_holds(&after.items).is_ok());
    }

    #[test]
    fn the_list_is_as_configured_else_by_protection() {
        let usual = Checks::default();
        let of = |checks: &Checks, protection, direction| items(checks, protection, direction);
        let all = of(&usual, Protection::Production, Direction::Up).unwrap();
        assert_eq!(all, ITEMS);
        let back = of(&usual, Protection::Production, Direction::Down).unwrap();
        assert_eq!(back, ["reviewed", "backup", "off-peak", "team-notified"]);
        assert!(of(&usual, Protection::Staging, Direction::Up).unwrap().is_empty());
        let own = |items: &[&str]| Checks {
            items: Some(items.iter().map(|item| (*item).to_owned()).collect()),
            ..Checks::default()
        };
        let staging = own(&["backup", "reviewed"]);
        let staging = of(&staging, Protection::Staging, Direction::Up).unwrap();
        assert_eq!(staging, ["reviewed", "backup"]);
        let wrong = of(&own(&["bakup"]), Protection::Staging, Direction::Up).unwrap_err();
        assert!(wrong.fix.contains("backup"), "{wrong}");
    }
}
