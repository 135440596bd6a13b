//! The checklist of an operation that is dangerous where it is to run: what to be sure of, with the
//! evidence that is gathered for each item, and what was said about the rest. Evidence is gathered
//! again just before the run; what held then and does not hold any more stops it.
//!
//! Nothing here asks anybody, and nothing is run but the command a project has for telling its team.

mod gathered;
mod item;
mod notice;
mod run;
mod safeguard;

use serde_json::{Value, json};

use super::evidence::Bond;
use crate::config::{Checks, Config, Protection, Target};
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};
pub(super) use gathered::here;
pub use gathered::{Aid, Gathered, Signed, holds};
pub use item::{Item, Word};
pub use run::{gather, operation};

/// The items that only a person can say, or that a person may tick without a reason.
pub const TICKS: [&str; 2] = ["reviewed", "team-notified"];

/// A checklist whose evidence was gathered.
#[derive(Debug, Clone, PartialEq)]
pub struct Checklist {
    /// The operation as the configuration names it.
    pub operation: &'static str,
    /// Whether only a reason stands in for evidence: in production.
    pub strict: bool,
    /// The database's name.
    pub database: String,
    /// The migrations that would run, by name.
    pub migrations: Vec<String>,
    /// The items, in their order.
    pub items: Vec<Item>,
    /// What is settled.
    pub checks: Checks,
    /// What the evidence is about.
    pub bond: Bond,
}

/// What a list is gathered for, where it is not migrations that run.
#[derive(Debug, Clone)]
pub struct Matter {
    /// The operation as the configuration names it.
    pub operation: &'static str,
    /// The database's name.
    pub database: String,
    /// The items the operation itself knows about.
    pub own: Vec<Item>,
    /// What would be done, as text: the team is told of this and of nothing else.
    pub what: String,
    /// Why nothing needs a backup, if so.
    pub spared: Option<String>,
    /// Whether the database is there.
    pub is_there: bool,
    /// Whether the database may be one that cannot be read.
    pub may_be_broken: bool,
}

impl Matter {
    /// An operation on a database that is there.
    pub(super) fn new(operation: &'static str, database: &str, own: Vec<Item>) -> Self {
        Self {
            operation,
            database: database.to_owned(),
            own,
            what: String::new(),
            spared: None,
            is_there: true,
            may_be_broken: false,
        }
    }

    /// Gathers the evidence for everything on its list.
    ///
    /// # Errors
    /// The database cannot be asked, or the configuration cannot be used.
    pub async fn gather(self, config: &Config, target: &Target, stop: &Stop) -> Result<Checklist> {
        let checks = config.checks(target, self.operation)?;
        let is_guarded = checks.items.iter().any(|id| safeguard::SAFEGUARDS.contains(id));
        let ground = match is_guarded && self.is_there {
            true => safeguard::ground(target, (&self.what, self.may_be_broken), stop).await?,
            false => safeguard::Ground::Nowhere,
        };
        let mut own = self.own;
        let mut item = |id: &'static str| match own.iter().position(|item| item.id == id) {
            Some(at) => own.swap_remove(at),
            None => {
                let of = (config, target, &checks);
                let found = safeguard::item(id, of, &ground, self.spared.as_deref());
                found.unwrap_or_else(|| Item::unknown(id))
            }
        };
        let items = checks.items.iter().map(|id| item(id)).collect();
        let bond = match ground {
            safeguard::Ground::Live(bond, _) => bond,
            _ => Bond::default(),
        };
        Ok(Checklist {
            operation: self.operation,
            strict: target.protection == Protection::Production,
            database: self.database,
            migrations: Vec::new(),
            items,
            checks,
            bond,
        })
    }
}

impl Checklist {
    /// The items that neither the evidence shows nor somebody has spoken for. Where it is strict
    /// `all` speaks for nothing, and what evidence could show is waived only with a reason.
    pub fn open(&self, words: &[Word]) -> Vec<&Item> {
        let speaks = |word: &Word, item: &Item| match (word.item == item.id, self.strict) {
            (true, true) => word.reason.is_some() || TICKS.contains(&item.id),
            (true, false) => true,
            (false, true) => false,
            (false, false) => word.item == "all",
        };
        let is_open = |item: &&Item| !item.shown && !words.iter().any(|word| speaks(word, item));
        self.items.iter().filter(is_open).collect()
    }

    /// The refusal of a run whose list is not complete.
    pub fn incomplete(&self, open: &[&Item]) -> Problem {
        let ack = |item: &&Item| match self.strict && !TICKS.contains(&item.id) {
            true => format!("\"{}=REASON\"", item.id),
            false => item.id.to_owned(),
        };
        let acks: Vec<String> = open.iter().map(ack).collect();
        let lines: Vec<String> = open.iter().map(|item| item.line()).collect();
        Problem::new(
            Kind::Refused,
            format!("The checklist of this {} is not complete", self.operation),
            lines.join("\n"),
            format!(
                "make sure of each; what cannot be shown is said with --ack {}",
                acks.join(" --ack ")
            ),
        )
    }

    /// Lets a run begin only if this list, gathered just before it, still holds as it was shown and
    /// spoken for.
    ///
    /// # Errors
    /// What held then does not hold any more, or something is open.
    pub fn permit(&self, signed: &Signed) -> Result<()> {
        holds(&self.items, &signed.items)?;
        match self.open(&signed.words).as_slice() {
            [] => Ok(()),
            open => Err(self.incomplete(open)),
        }
    }

    /// The list as somebody goes through it where it can be acted on.
    pub fn gathered(&self, trouble: Option<Problem>) -> Gathered {
        let is_there = |aid: &Aid| {
            let item = self.items.iter().any(|item| aid.is_about(item.id));
            item && (*aid != Aid::Notify || self.checks.notify.is_some())
        };
        let aids = [Aid::Backup, Aid::Rehearse, Aid::Notify].into_iter().filter(is_there);
        let (items, strict) = (self.items.clone(), self.strict);
        Gathered { items, strict, aids: aids.collect(), trouble }
    }

    /// The list with what was said, for the ledger.
    pub fn record(&self, words: &[Word]) -> Value {
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
        self.items.iter().map(item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::checklist_items;

    fn item(id: &'static str, shown: bool, evidence: &str) -> Item {
        Item { id, title: "", shown, evidence: vec![evidence.to_owned()] }
    }

    fn list(shown: bool, protection: Protection) -> Checklist {
        let ids = checklist_items("migrate").iter();
        Checklist {
            operation: "migrate",
            strict: protection == Protection::Production,
            database: String::new(),
            migrations: Vec::new(),
            items: ids.map(|id| item(id, shown, "e")).collect(),
            checks: Checks::default(),
            bond: Bond::default(),
        }
    }

    fn words(given: &[&str]) -> Vec<Word> {
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        Word::read("migrate", &given).unwrap()
    }

    fn open(list: &Checklist, given: &[&str]) -> Vec<&'static str> {
        list.open(&words(given)).iter().map(|item| item.id).collect()
    }

    #[test]
    fn in_production_what_evidence_could_show_needs_a_reason() {
        let all = checklist_items("migrate");
        let nothing = list(false, Protection::Production);
        assert_eq!(open(&nothing, &["all", "all=really"]), all);
        let left = ["tested-on-staging", "backup", "rollback-plan", "off-peak"];
        assert_eq!(open(&nothing, all), left);
        let refused = nothing.incomplete(&nothing.open(&words(all))).fix;
        assert!(refused.contains("--ack \"backup=REASON\""), "{refused}");
        let reasons = left.map(|item| format!("{item}=because"));
        let mut given: Vec<&str> = reasons.iter().map(String::as_str).collect();
        given.extend(["reviewed", "team-notified"]);
        assert_eq!(open(&nothing, &given), [""; 0]);
        let staging = list(false, Protection::Staging);
        assert_eq!(open(&staging, &["backup="]).len(), 5);
        assert_eq!(open(&staging, &["all"]), [""; 0]);
        assert!(staging.incomplete(&staging.open(&[])).fix.ends_with("--ack team-notified"));
        assert_eq!(open(&list(true, Protection::Production), &[]), [""; 0]);
        assert!(Word::read("migrate", &["backups=x".to_owned()]).is_err());
        assert!(Word::read("seed", &["rollback-plan".to_owned()]).is_err());
    }

    #[test]
    fn what_held_before_must_hold_at_the_run() {
        let before = list(true, Protection::Production);
        let signed =
            |list: &Checklist, words| Signed { items: list.items.clone(), words, read: Vec::new() };
        assert!(before.permit(&signed(&before, Vec::new())).is_ok());
        let mut after = before.clone();
        after.items[2].shown = false;
        // A reason that was never asked for speaks for nothing.
        let given = words(&["backup=because"]);
        let problem = after.permit(&signed(&before, given.clone())).unwrap_err();
        assert_eq!((problem.kind, problem.why.as_str()), (Kind::Refused, "backup: e"));
        assert!(after.permit(&signed(&after, given)).is_ok());
        assert!(before.permit(&signed(&after, Vec::new())).is_ok());
    }

    #[test]
    fn a_word_about_a_count_is_about_no_other_count() {
        let (five, six) = (item("rows", false, "5 rows"), item("rows", false, "6 rows"));
        assert!(holds(std::slice::from_ref(&five), std::slice::from_ref(&five)).is_ok());
        let problem = holds(std::slice::from_ref(&six), &[five]).unwrap_err();
        assert_eq!(problem.why, "rows: 6 rows");
        // The clock of an item that only tells the time goes on.
        let (one, two) = (item("off-peak", false, "at 14:02"), item("off-peak", false, "at 14:03"));
        assert!(holds(&[two], &[one]).is_ok());
        // What was not shown at all nobody has spoken for.
        assert!(holds(&[six], &[]).is_err());
    }
}
