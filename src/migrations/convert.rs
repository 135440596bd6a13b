//! A folder of another tool's migrations as one of our own: the same SQL under our names, in the
//! same order, with the ways back where there are some. Pure: nothing is written here.

use super::folder::{Folder, Migration};
use super::format::{Format, NO_TRANSACTION, native_checksum};
use super::name::slug;
use crate::db::fault::Script;

/// What drizzle-kit writes between statements; SQL takes it for a comment.
const BREAKPOINT: &str = "--> statement-breakpoint";

/// The digits of a number where the old ones do not order the migrations.
const WIDTH: usize = 4;

/// A migration in our own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// What identifies the old one in its history.
    pub old_key: String,
    /// The new one; its files' names have no folder.
    pub migration: Migration,
}

impl Converted {
    /// The files of it: names without a folder, and texts.
    pub fn files(&self) -> Vec<(&str, &str)> {
        let up = Some((self.migration.up.name.as_str(), self.migration.up.text.as_str()));
        let down = self.migration.down.as_ref().map(|it| (it.name.as_str(), it.text.as_str()));
        up.into_iter().chain(down).collect()
    }
}

/// The migrations of a folder in our own form. `is_alone` says which of them must not run in a
/// transaction, each way.
pub fn convert(folder: &Folder, is_alone: impl Fn(&Migration) -> (bool, bool)) -> Vec<Converted> {
    let versions: Vec<i64> = folder.migrations.iter().map(|one| one.version).collect();
    let keeps = versions.is_sorted_by(|one, other| one < other)
        && folder.migrations.iter().all(|one| is_number(&one.digits));
    let mut converted = Vec::new();
    for (number, old) in (1_i64..).zip(&folder.migrations) {
        let (version, digits) = match keeps {
            true => (old.version, old.digits.clone()),
            false => (number, format!("{number:0WIDTH$}")),
        };
        converted.push(one(folder.format, old, (version, digits), is_alone(old)));
    }
    converted
}

fn is_number(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn one(
    format: Format,
    old: &Migration,
    (version, digits): (i64, String),
    (alone, down_alone): (bool, bool),
) -> Converted {
    let description = slug(&old.description);
    let stem = format!("{digits}_{description}");
    let text = |script: &Script, alone: bool| marked(&plain(format, &script.text), alone);
    let down = old
        .down
        .as_ref()
        .map(|script| Script { name: format!("{stem}.down.sql"), text: text(script, down_alone) });
    let ending = if down.is_some() { "up.sql" } else { "sql" };
    let up = Script { name: format!("{stem}.{ending}"), text: text(&old.up, alone) };
    Converted {
        old_key: old.key.clone(),
        migration: Migration {
            version,
            digits,
            description,
            stem,
            key: version.to_string(),
            checksum: native_checksum(&up.text, &[]),
            also: Vec::new(),
            alone,
            down_alone,
            up,
            down,
        },
    }
}

/// The text without what only the old tool understands.
fn plain(format: Format, text: &str) -> String {
    match format {
        Format::Drizzle | Format::DrizzleFolders => {
            let lines = text.lines().map(|line| line.replace(BREAKPOINT, "").trim_end().to_owned());
            ended(&lines.collect::<Vec<_>>().join("\n"))
        }
        Format::Dbmate => {
            let is_mark = |line: &str| {
                let rest = line.strip_prefix("--").map(str::trim_start);
                rest.is_some_and(|rest| rest.starts_with("migrate:"))
            };
            let lines = text.lines().filter(|line| !is_mark(line)).map(str::trim_end);
            ended(lines.collect::<Vec<_>>().join("\n").trim())
        }
        _ => text.to_owned(),
    }
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// The text with our mark at its beginning, if it must not run in a transaction, and else without.
fn marked(text: &str, alone: bool) -> String {
    match (alone, text.starts_with(NO_TRANSACTION)) {
        (true, false) => format!("{NO_TRANSACTION}\n{text}"),
        (false, true) => format!("\n{text}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(format: Format, migrations: &[(&str, &str, &str)]) -> Folder {
        let one = |(digits, description, text): &(&str, &str, &str)| Migration {
            version: digits.parse().unwrap_or_default(),
            digits: (*digits).to_owned(),
            description: (*description).to_owned(),
            key: format!("key {digits}"),
            up: Script { name: "x".to_owned(), text: (*text).to_owned() },
            ..Migration::default()
        };
        Folder {
            path: "m".into(),
            format,
            migrations: migrations.iter().map(one).collect(),
            misfits: Vec::new(),
            notes: Vec::new(),
            table: None,
        }
    }

    #[test]
    fn numbers_stay_where_they_order() {
        let names = |folder: &Folder| -> Vec<String> {
            convert(folder, |_| (false, false)).iter().map(|one| one.migration.name()).collect()
        };
        let good = folder(Format::Refinery, &[("1", "A b", ""), ("0012", "c", "")]);
        assert_eq!(names(&good), ["1_a_b", "0012_c"]);
        let same = folder(Format::Prisma, &[("20260101", "a", ""), ("20260101", "b", "")]);
        assert_eq!(names(&same), ["0001_a", "0002_b"]);
        let none = folder(Format::Prisma, &[("", "zero_migration", "")]);
        assert_eq!(names(&none), ["0001_zero_migration"]);
    }

    #[test]
    fn the_sql_stays_and_the_marks_go() {
        let text = |format, text: &str, alone| {
            let folder = folder(format, &[("1", "a", text)]);
            convert(&folder, |_| (alone, false)).remove(0).migration.up.text
        };
        assert_eq!(text(Format::Drizzle, "A;--> statement-breakpoint\nB;", false), "A;\nB;\n");
        assert_eq!(text(Format::Dbmate, "   \n-- migrate:up\nA;\n\n  \n", false), "A;\n");
        assert_eq!(text(Format::Golang, "A", true), "-- no-transaction\nA");
        assert_eq!(text(Format::Prisma, "-- no-transaction\nA", false), "\n-- no-transaction\nA");
    }
}
