//! What a project has settled about checklists: which items an operation has in an environment,
//! when its quiet hours are, how old evidence may be, and how the team is told. Nothing here runs
//! a command or knows what an item asks.

use std::time::Duration;

use super::file::length;
use super::nearest::{shown, suggestion};
use super::settings::Form;
use super::{Config, Target};
use crate::problem::{Problem, Result};

/// How old evidence may be where nothing is written.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// What can stand on the checklist of migrations.
const OF_MIGRATIONS: &[&str] =
    &["tested-on-staging", "reviewed", "backup", "rollback-plan", "off-peak", "team-notified"];

/// The operations that have a checklist, each with what can stand on it.
pub(super) const LISTS: [(&str, &[&str]); 5] = [
    ("migrate", OF_MIGRATIONS),
    ("rollback", OF_MIGRATIONS),
    ("push", &["development", "no-important-data", "can-afford-the-loss"]),
    ("seed", &["environment", "rows"]),
    ("reset", &["environment", "backup", "team", "rebuild"]),
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

/// What can stand on the checklist of an operation; nothing where it has none.
pub(super) fn items(operation: &str) -> &'static [&'static str] {
    LISTS.iter().find(|(name, _)| *name == operation).map_or(&[], |(_, items)| items)
}

/// What is settled about the checklists of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    /// The items of the operation that was asked for; `None` where the defaults hold.
    pub items: Option<Vec<String>>,
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
            items: None,
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
        let project = self.project_written().and_then(|file| file.checklists.get(operation));
        let mut checks = Checks { items: project.cloned(), ..Checks::default() };
        let Some(named) = self.named_target(target) else { return Ok(checks) };
        if let Some(own) = named.database.checklists.get(operation) {
            checks.items = Some(own.clone());
        }
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
