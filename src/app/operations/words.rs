//! An operation in words: what it is called, and what would be done as lines to look at.

use crate::app::overlays::outcome::sentence;
use crate::app::panes::migrations::{Line, LineKind, sql};
use crate::app::span::{Ink, Span};
use crate::ops::operations_desk::{Keeping, Plan, Wish, Work};
use crate::ops::reset::Reset;
use crate::ops::restore::Restore;
use crate::ops::seed::Seed;
use crate::ops::status::Rows;
use crate::schema::RelationName;
use crate::schema::model::Kind;
use crate::text;

/// It in a few words, and the database it is for.
pub fn intent(plan: &Plan) -> String {
    let database = &plan.database;
    match plan.wish {
        Wish::Reset => format!("Drop everything in {database}"),
        Wish::Seed => format!("Put the seeds into {database}"),
        Wish::Rows(rows) => {
            format!("Make {} rows for each table of {database}", text::grouped(rows as u64))
        }
        Wish::Backup => format!("Back up {database}"),
        Wish::Restore(_) => format!("Restore {database}"),
    }
}

/// What is done to which database while it runs, where it is one thing that takes long.
pub fn about(plan: &Plan) -> Option<String> {
    let database = &plan.database;
    match &plan.work {
        Work::Backup(_) => Some(format!("Backing up {database}")),
        Work::Restore(restore) => {
            let backup = restore.file.file_name().unwrap_or_default().to_string_lossy();
            Some(format!("Restoring {backup} into {database}"))
        }
        Work::Reset(_) | Work::Seed(_) => None,
    }
}

/// What is said while a backup is made, with how many bytes of it are written so far, if any are.
pub fn copying(bytes: Option<u64>) -> String {
    let what = "Copying it, and verifying the copy";
    match bytes {
        Some(bytes) => format!("{what}: {} so far", text::short_bytes(bytes)),
        None => what.to_owned(),
    }
}

/// How far the reading of a backup is.
pub fn reading(words: &str, bytes: u64, of: u64) -> String {
    format!("{words}: {} of {}", text::short_bytes(bytes), text::short_bytes(of))
}

/// One word for carrying it out.
pub fn verb(plan: &Plan) -> &'static str {
    match plan.wish {
        Wish::Reset => "reset",
        Wish::Seed => "seed",
        Wish::Rows(_) => "make them",
        Wish::Backup => "back up",
        Wish::Restore(_) => "restore",
    }
}

/// What would be done, line by line.
pub fn lines(plan: &Plan) -> Vec<Line> {
    match &plan.work {
        Work::Reset(reset) => of_reset(plan, reset),
        Work::Seed(seed) => of_seed(seed),
        Work::Backup(keeping) => of_backup(keeping),
        Work::Restore(restore) => of_restore(plan, restore),
    }
}

fn prose(ink: Ink, words: impl Into<String>) -> Line {
    Line::of(LineKind::Prose, ink, words.into())
}

fn noted(note: &str) -> Line {
    let words = Span::new(Ink::Muted, format!(" {}", sentence(note)));
    Line::new(LineKind::Prose, 0, vec![Span::new(Ink::NoticeMark, "·"), words])
}

/// A number of rows as a person reads it.
fn rows(found: Option<Rows>) -> String {
    match found {
        Some(Rows::Exactly(0)) => "empty".to_owned(),
        Some(Rows::Exactly(1)) => "1 row".to_owned(),
        Some(Rows::Exactly(count)) => format!("{} rows", text::grouped(count)),
        Some(Rows::About(count)) => format!("~ {} rows", text::grouped(count)),
        None => "not counted".to_owned(),
    }
}

/// A relation's name; SQLite's one schema goes without saying.
fn named(name: &RelationName) -> String {
    match name.schema.as_str() {
        "main" => name.name.clone(),
        _ => name.to_string(),
    }
}

/// What belongs to a name: the name, and its words.
type Cell = (String, Ink, String);

/// Names at the left, what belongs to each behind them, ending in one line as numbers do.
fn numbers(cells: Vec<Cell>) -> Vec<Line> {
    let widest = cells.iter().map(|(.., value)| shown_width(value)).max().unwrap_or(0);
    table(cells, widest)
}

/// The same with what belongs to each beginning in one line.
fn facts(cells: Vec<Cell>) -> Vec<Line> {
    table(cells, 0)
}

fn shown_width(words: &str) -> usize {
    text::width(&text::visible(words, false))
}

/// Names at the left, and behind them what belongs to each, filled up to a width on its left.
fn table(cells: Vec<Cell>, filled: usize) -> Vec<Line> {
    let names = cells.iter().map(|(name, ..)| shown_width(name)).max().unwrap_or(0).min(48);
    let line = |(name, ink, value): Cell| {
        let gap = names.saturating_sub(shown_width(&name)) + 2;
        let gap = gap + filled.saturating_sub(shown_width(&value));
        let spans = vec![
            Span::new(Ink::Strong, name),
            Span::new(Ink::Text, " ".repeat(gap)),
            Span::new(ink, value),
        ];
        Line::new(LineKind::Prose, 2, spans)
    };
    cells.into_iter().map(line).collect()
}

fn of_reset(plan: &Plan, reset: &Reset) -> Vec<Line> {
    let count = |(kind, count): &(Kind, usize)| {
        let word = kind.word();
        let plural = if *count == 1 || word.ends_with('s') { "" } else { "s" };
        format!("{count} {word}{plural}")
    };
    let objects: Vec<String> = reset.objects.iter().map(count).collect();
    let (all, exact) = reset.rows();
    let total = if exact { Rows::Exactly(all) } else { Rows::About(all) };
    let what = vec![
        Span::new(Ink::DangerMark, "✗"),
        Span::new(Ink::Danger, format!(" {} go, with {}.", objects.join(", "), rows(Some(total)))),
    ];
    let mut lines = vec![Line::new(LineKind::Prose, 0, what), Line::blank()];
    let cell = |(name, found): &(RelationName, Option<Rows>)| {
        let ink = match found {
            Some(Rows::Exactly(0)) => Ink::Muted,
            _ => Ink::Danger,
        };
        (named(name), ink, rows(*found))
    };
    lines.extend(numbers(reset.tables.iter().map(cell).collect()));
    if !reset.kept.is_empty() {
        lines.push(Line::blank());
        lines.extend(reset.kept.iter().map(|note| noted(note)));
    }
    lines.push(Line::blank());
    lines.push(prose(Ink::Muted, "What runs, in one transaction:"));
    let script: String = reset.steps.iter().map(|step| format!("{};\n", step.sql)).collect();
    lines.extend(sql(plan.dialect, &script, &[]));
    lines
}

fn of_seed(seed: &Seed) -> Vec<Line> {
    let mut lines =
        vec![prose(Ink::Text, "In one transaction, all of it or nothing:"), Line::blank()];
    let cell = |told: String| match told.split_once(": ") {
        Some((name, what)) => (name.to_owned(), Ink::Text, what.to_owned()),
        None => (told, Ink::Text, String::new()),
    };
    lines.extend(facts(seed.lines().into_iter().map(cell).collect()));
    if !seed.there.is_empty() {
        lines.push(Line::blank());
        let what = vec![
            Span::new(Ink::WarningMark, "!"),
            Span::new(Ink::Warning, " These tables have rows already:"),
        ];
        lines.push(Line::new(LineKind::Prose, 0, what));
        let there =
            seed.there.iter().map(|(name, found)| (named(name), Ink::Warning, rows(Some(*found))));
        lines.extend(numbers(there.collect()));
    }
    if !seed.notes.is_empty() {
        lines.push(Line::blank());
        lines.extend(seed.notes.iter().map(|note| noted(note)));
    }
    lines
}

fn of_backup(keeping: &Keeping) -> Vec<Line> {
    let keep = match keeping.keep {
        None => "all of them (backup_keep of dbstudio.toml limits them)".to_owned(),
        Some(1) => "the newest alone, as backup_keep says".to_owned(),
        Some(keep) => format!("the newest {keep}, as backup_keep says"),
    };
    let newest = match &keeping.newest {
        None => "none yet".to_owned(),
        Some((backup, age)) => {
            format!("{}, {}, {age} ago", backup.file, text::short_bytes(backup.bytes))
        }
    };
    let known =
        [("into", keeping.folder.display().to_string()), ("kept", keep), ("newest so far", newest)];
    let mut lines =
        facts(known.map(|(name, what)| (name.to_owned(), Ink::Text, what)).into_iter().collect());
    lines.push(Line::blank());
    lines.push(noted("the database is only read, and others go on working with it"));
    lines.push(noted(
        "the copy is verified before it gets its name; stopped, nothing of it is left",
    ));
    lines
}

fn of_restore(plan: &Plan, restore: &Restore) -> Vec<Line> {
    let told = restore.lines(plan.way());
    let mut lines: Vec<Line> = told.iter().map(|line| prose(Ink::Text, sentence(line))).collect();
    if !restore.sessions.is_empty() {
        lines.push(Line::blank());
        let what = vec![
            Span::new(Ink::WarningMark, "!"),
            Span::new(Ink::Warning, " They are connected, and their sessions are ended:"),
        ];
        lines.push(Line::new(LineKind::Prose, 0, what));
        lines.extend(restore.sessions.iter().map(|who| prose(Ink::Warning, format!("  {who}"))));
    }
    lines.push(Line::blank());
    lines.push(noted("the studio has let go of the database, and opens it again afterwards"));
    lines.extend(restore.notes.iter().map(|note| noted(note)));
    lines
}
