//! What the next migration is called. Time is given by the caller; nothing here reads a clock.

use std::time::Duration;

use super::folder::Migration;
use crate::config::Numbering;

/// The longest name, in characters; what is longer is hard to read in a list.
const LONGEST: usize = 60;

/// The digits of a number in a new folder.
const WIDTH: usize = 4;

/// The number of the next migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The number.
    pub version: i64,
    /// As it is written, with the zeros before it.
    pub digits: String,
}

impl Next {
    /// The number after this one.
    pub fn following(&self) -> Self {
        let (version, width) = (self.version.saturating_add(1), self.digits.len());
        Self { version, digits: format!("{version:0width$}") }
    }
}

/// The number after those that are there. `now` is the time in seconds since 1970, UTC. Without
/// a numbering that was settled it is that of the last migration.
pub fn next(existing: &[Migration], numbering: Option<Numbering>, now: u64) -> Next {
    let last = existing.iter().max_by_key(|migration| migration.version);
    let numbering = numbering.unwrap_or(match last {
        Some(last) if last.digits.len() == 14 => Numbering::Timestamp,
        _ => Numbering::Sequence,
    });
    let after = last.map_or(1, |last| last.version.saturating_add(1));
    match numbering {
        Numbering::Timestamp => {
            // A clock that is behind must not put it before what is there.
            let version = stamp(now).max(after);
            Next { version, digits: format!("{version:014}") }
        }
        Numbering::Sequence => {
            let width = existing.iter().map(|one| one.digits.len()).max().unwrap_or(WIDTH);
            Next { version: after, digits: format!("{after:0width$}") }
        }
    }
}

/// `20260131120000` for a second, in UTC.
fn stamp(now: u64) -> i64 {
    let (days, second) = (now / 86_400, now % 86_400);
    let (year, month, day) = date(i64::try_from(days).unwrap_or(0));
    let second = i64::try_from(second).unwrap_or(0);
    let clock = second / 3_600 * 10_000 + second / 60 % 60 * 100 + second % 60;
    ((year * 100 + month) * 100 + day) * 1_000_000 + clock
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar. Years are counted from
/// March, so that the day added in leap years is the last of one.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// The day of a date, counted from 1970-01-01: the reverse of [`date`].
pub(super) fn day(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A time as RFC 3339 writes it, in UTC, with this many digits of a second's fraction. `at` is
/// what has passed since 1970.
pub(super) fn iso(at: Duration, digits: usize) -> String {
    let (days, second) = (at.as_secs() / 86_400, at.as_secs() % 86_400);
    let (year, month, day) = date(i64::try_from(days).unwrap_or(0));
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let fraction: String = format!("{:09}", at.subsec_nanos()).chars().take(digits).collect();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction}Z")
}

/// A name as it can stand in a file's name: `Add orders.note!` is `add_orders_note`.
pub fn slug(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            out.push(letter);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    let cut: String = out.chars().take(LONGEST).collect();
    let cut = cut.trim_end_matches('_');
    if cut.is_empty() { "migration".to_owned() } else { cut.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migrations(all: &[&str]) -> Vec<Migration> {
        let one = |digits: &&str| Migration {
            version: digits.parse().unwrap(),
            digits: (*digits).to_owned(),
            ..Migration::default()
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn numbers_go_on_as_they_were() {
        let number =
            |all: &[&str], numbering| next(&migrations(all), numbering, 1_769_860_800).digits;
        assert_eq!(number(&[], None), "0001");
        assert_eq!(number(&["0001", "0006"], None), "0007");
        assert_eq!(number(&["1", "9"], None), "10");
        assert_eq!(number(&["099"], None), "100");
        assert_eq!(number(&[], Some(Numbering::Timestamp)), "20260131120000");
        assert_eq!(number(&["20250101000000"], None), "20260131120000");
        assert_eq!(number(&["20990101000000"], None), "20990101000001");
        assert_eq!(number(&["0003"], Some(Numbering::Timestamp)), "20260131120000");
    }

    #[test]
    fn days_are_dates() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (20_484, (2026, 1, 31)),
        ] {
            assert_eq!(date(days), expected);
            let (year, month, day) = expected;
            assert_eq!(super::day(year, month, day), days);
        }
    }

    #[test]
    fn times_are_written_out() {
        let at = Duration::new(1_769_860_800, 12_345_678);
        assert_eq!(iso(at, 3), "2026-01-31T12:00:00.012Z");
        assert_eq!(iso(at, 9), "2026-01-31T12:00:00.012345678Z");
    }

    #[test]
    fn names_are_fit_for_files() {
        assert_eq!(slug("Add orders.note!"), "add_orders_note");
        assert_eq!(slug("../../etc"), "etc");
        assert_eq!(slug("Größe  ändern"), "größe_ändern");
        assert_eq!(slug(" - "), "migration");
        assert_eq!(slug(&"x".repeat(99)).len(), LONGEST);
    }
}
