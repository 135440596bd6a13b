//! What a project has settled about checklists: which items an operation has in an environment,
//! when its quiet hours are, how old evidence may be, and how the team is told. Nothing here runs
//! a command or knows what an item asks.

use std::time::Duration;

use super::file::length;
use super::nearest::{shown, suggestion};
use super::settings::Form;
use super::{Config, Protection, Target};
use crate::problem::{Problem, Result};

/// How old evidence may be where nothing is written.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// What can stand on the checklist of migrations.
const OF_MIGRATIONS: &[&str] =
    &["tested-on-staging", "reviewed", "backup", "rollback-plan", "off-peak", "team-notified"];

/// The operations that have a checklist, each with everything that can stand on it, in the order
/// it is shown.
const LISTS: [(&str, &[&str]); 6] = [
    ("migrate", OF_MIGRATIONS),
    ("rollback", OF_MIGRATIONS),
    (
        "push",
        &[
            "development",
            "no-important-data",
            "can-afford-the-loss",
            "backup",
            "off-peak",
            "team-notified",
        ],
    ),
    ("seed", &["environment", "rows", "backup", "off-peak", "team-notified"]),
    ("reset", &["environment", "backup", "off-peak", "team-notified", "rebuild"]),
    ("restore", &["backup", "off-peak", "team-notified"]),
];

/// What is wrong with the name of an operation that is to have a checklist, and what to write
/// instead.
pub(super) fn complaint(operation: &str) -> Option<(String, String)> {
    let known = LISTS.map(|(name, _)| name);
    if known.contains(&operation) {
        return None;
    }
    let fix = match operation {
        "fresh" => "It is reset, then setup, then seed: write the lists of these".to_owned(),
        "setup" => "What it runs is migrate: write the list of that".to_owned(),
        _ => suggestion(operation, &known),
    };
    Some((format!("{} has no checklist", shown(operation)), fix))
}

/// What can stand on the checklist of an operation, in the order it is shown; nothing where it has
/// none.
pub fn items(operation: &str) -> &'static [&'static str] {
    LISTS.iter().find(|(name, _)| *name == operation).map_or(&[], |(_, items)| items)
}

/// Whether an item stands on the list of an operation where nothing is configured.
fn is_usual(operation: &str, item: &str, protection: Protection) -> bool {
    let is_production = protection == Protection::Production;
    match operation {
        "migrate" => is_production,
        // What is taken back is applied, and taking it back is the plan.
        "rollback" => is_production && !matches!(item, "tested-on-staging" | "rollback-plan"),
        // A restore is often in a hurry, and need not wait for the night.
        "restore" => is_production && item != "off-peak",
        "reset" => item != "off-peak",
        _ => !matches!(item, "backup" | "off-peak" | "team-notified"),
    }
}

/// What is settled about the checklists of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    /// The items on the list of the operation that was asked for, in the order they are shown.
    pub items: Vec<&'static str>,
    /// The hours in which it is quiet.
    pub off_peak: Option<Window>,
    /// The command that tells the team.
    pub notify: Option<String>,
    /// How old a backup may be.
    pub backup_age: Duration,
    /// How old a rehearsal may be.
    pub rehearsal_age: Duration,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            off_peak: None,
            notify: None,
            backup_age: MAX_AGE,
            rehearsal_age: MAX_AGE,
        }
    }
}

/// Hours of the day, in minutes since midnight; it may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first minute that is in it.
    pub from: u16,
    /// The first minute that is not in it any more.
    pub to: u16,
}

impl Window {
    /// Reads `22:00-06:00`.
    pub fn read(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        Some(Self { from: minute(from.trim())?, to: minute(to.trim())? })
    }

    /// Whether a minute of the day is in it.
    pub fn holds(self, at: u16) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&at)
        } else {
            at >= self.from || at < self.to
        }
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

/// The minute of the day that `HH:MM` is; `24:00` is the end of it.
pub fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let at = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && at <= 24 * 60).then_some(at)
}

impl Config {
    /// What is settled about the checklist of an operation (`migrate`, `reset`) on a database:
    /// its environment's own word before the project's.
    ///
    /// # Errors
    /// Something written cannot be understood, or a variable in it is not set.
    pub fn checks(&self, target: &Target, operation: &str) -> Result<Checks> {
        let named = self.named_target(target);
        let project = self.project_written().and_then(|file| file.checklists.get(operation));
        let own = named.as_ref().and_then(|named| named.database.checklists.get(operation));
        let stands = |item: &&&'static str| match own.or(project) {
            Some(written) => written.iter().any(|one| one == **item),
            None => is_usual(operation, item, target.protection),
        };
        let items = items(operation).iter().filter(stands).copied().collect();
        let mut checks = Checks { items, ..Checks::default() };
        let Some(named) = named else { return Ok(checks) };
        let text = |name, form| named.text(name, form, self.variables());
        checks.notify = text("notify", Form::Text)?.filter(|command| !command.trim().is_empty());
        if let Some(age) = text("backup_age", Form::Span)?.and_then(|text| length(&text)) {
            checks.backup_age = age;
        }
        if let Some(age) = text("rehearsal_age", Form::Span)?.and_then(|text| length(&text)) {
            checks.rehearsal_age = age;
        }
        if let Some(written) = text("off_peak", Form::Text)? {
            let window = Window::read(&written).ok_or_else(|| {
                Problem::usage(
                    format!("off_peak of {} cannot be understood", named.table()),
                    "it is no span of hours",
                    "write it as \"22:00-06:00\"",
                )
            })?;
            checks.off_peak = Some(window);
        }
        Ok(checks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_a_list_where_nothing_is_written() {
        let of = |operation, protection| -> Vec<&str> {
            let stands = |item: &&&str| is_usual(operation, item, protection);
            items(operation).iter().filter(stands).copied().collect()
        };
        let (staging, production) = (Protection::Staging, Protection::Production);
        assert_eq!(of("migrate", production), OF_MIGRATIONS);
        let back = ["reviewed", "backup", "off-peak", "team-notified"];
        assert_eq!(of("rollback", production), back);
        assert!(of("migrate", staging).is_empty() && of("restore", staging).is_empty());
        assert_eq!(of("restore", production), ["backup", "team-notified"]);
        assert_eq!(of("reset", staging), ["environment", "backup", "team-notified", "rebuild"]);
        assert_eq!(of("seed", staging), ["environment", "rows"]);
        let push = ["development", "no-important-data", "can-afford-the-loss"];
        assert_eq!(of("push", Protection::Development), push);
    }

    #[test]
    fn hours_may_go_over_midnight() {
        let night = Window::read("22:00 - 06:30").unwrap();
        assert_eq!(night.to_string(), "22:00-06:30");
        let holds = |text| night.holds(minute(text).unwrap());
        assert_eq!(["22:00", "23:59", "00:00", "06:29"].map(holds), [true; 4]);
        assert_eq!(["06:30", "12:00", "21:59"].map(holds), [false; 3]);
        let day = Window::read("09:00-24:00").unwrap();
        assert!(day.holds(minute("23:59").unwrap()) && !day.holds(minute("08:59").unwrap()));
        for wrong in ["", "22:00", "25:00-06:00", "22:60-06:00", "22-6", "a-b"] {
            assert_eq!(Window::read(wrong), None, "{wrong}");
        }
    }
}
