//! The words for how migrations stand: counts, sentences, times as a person reads them.

use std::time::Duration;

use crate::app::command::CommandId;
use crate::app::panes::migrations::Place;
use crate::app::span::{self, Ink, Span};
use crate::ops::migrations_desk::{Entry, Record, State};
use crate::ops::standing::Standing;
use crate::text;

/// How many migrations stand how: `9 applied`, `2 pending`.
pub fn summary(standing: &Standing) -> Vec<Span<'static>> {
    let mut counts: Vec<(&'static str, Ink, usize)> = Vec::new();
    for entry in &standing.entries {
        let word = entry.state.word();
        match counts.iter_mut().find(|(known, ..)| *known == word) {
            Some((.., count)) => *count += 1,
            None => counts.push((word, ink(&entry.state), 1)),
        }
    }
    // What is well comes first, what wants something done after it.
    counts.sort_by_key(|(word, ..)| match *word {
        "applied" => 0,
        "pending" => 1,
        _ => 2,
    });
    let counted = |count: usize, word: &str| format!("{} {word}", text::grouped(count as u64));
    let mut facts: Vec<Span<'static>> =
        counts.iter().map(|(word, ink, count)| Span::new(*ink, counted(*count, word))).collect();
    for (unread, word, ink) in
        [(false, "misnamed", Ink::Warning), (true, "not readable", Ink::Danger)]
    {
        let count = standing.misfits.iter().filter(|one| one.unread == unread).count();
        if count > 0 {
            facts.push(Span::new(ink, counted(count, word)));
        }
    }
    facts
}

/// Facts in rows of a given width, parted by dots within a row.
pub fn fact_rows(facts: Vec<Span<'static>>, room: usize) -> Vec<Vec<Span<'static>>> {
    let mut rows: Vec<Vec<Span<'static>>> = Vec::new();
    for fact in facts {
        let wide = span::width(std::slice::from_ref(&fact));
        match rows.last_mut().filter(|row| span::width(row) + 3 + wide <= room) {
            Some(row) => row.extend([Span::dot(), fact]),
            None => rows.push(vec![fact]),
        }
    }
    rows
}

/// The form of the migrations and where the database remembers them.
pub fn place_of_history(standing: &Standing) -> String {
    let format = standing.format.word();
    match &standing.history {
        Some(table) => format!("{format} · {table}"),
        None => format!("{format} · no history table yet"),
    }
}

/// The ink of a state's word.
pub fn ink(state: &State) -> Ink {
    match state {
        State::Applied => Ink::Muted,
        State::Pending => Ink::Information,
        State::OutOfOrder | State::Skipped | State::Changed | State::Missing => Ink::Warning,
        State::Failed | State::HalfDone { .. } | State::Duplicate(_) => Ink::Danger,
    }
}

/// The day of a time as a database prints it.
pub fn day(record: &Record) -> Option<String> {
    let when = record.when.as_deref()?;
    Some(when.split([' ', 'T']).next().unwrap_or(when).to_owned())
}

/// The time without its parts of a second.
fn time(record: &Record) -> Option<String> {
    let when = record.when.as_deref()?;
    Some(when.split('.').next().unwrap_or(when).replacen('T', " ", 1))
}

/// How long something took, in words.
pub fn lasting(time: Duration) -> String {
    match time {
        time if time < Duration::from_secs(1) => format!("{} ms", time.as_millis().max(1)),
        time if time < Duration::from_secs(60) => format!("{:.1} s", time.as_secs_f64()),
        time => format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

/// When a migration was applied, how long that took, and by whom.
pub fn past(entry: &Entry) -> Vec<Span<'static>> {
    let Some(record) = &entry.record else { return Vec::new() };
    let parts =
        [time(record), record.took.map(lasting), record.by.as_ref().map(|who| format!("by {who}"))];
    parts.into_iter().flatten().map(|part| Span::new(Ink::Muted, part)).collect()
}

/// What a person should know of a state besides its word, and what can be done about it.
pub fn advice(entry: &Entry, standing: &Standing, place: &Place<'_>) -> Option<String> {
    use CommandId as C;
    let tool = standing.format.tool();
    Some(match &entry.state {
        State::Applied => return None,
        State::Pending if standing.history.is_none() => format!(
            "The database has no history of migrations. {} applies them from the first on; where it \
             already has what they make, {} marks them as applied.",
            place.key(C::ApplyAll),
            place.key(C::Baseline)
        ),
        State::Pending => return None,
        State::OutOfOrder => format!(
            "Later ones are applied already. {tool} would still apply it, and so does {}.",
            place.key(C::ApplyAll)
        ),
        State::Skipped => format!(
            "Later ones are applied already, and {tool} would pass this one over without a word; \
             {} applies it.",
            place.key(C::ApplyAll)
        ),
        State::Changed => format!(
            "Its file is not what was applied. Put back the text it had; or {} accepts the new one, \
             which changes nothing in the database.",
            place.key(C::Repair)
        ),
        State::Missing => format!(
            "It is applied, but its file is not in {}. Bring the file back; or {} forgets that it was \
             applied.",
            standing.folder,
            place.key(C::Repair)
        ),
        State::Failed => format!(
            "It was begun and did not come to its end. Look at what it left in the database, then {} \
             says whether it counts as applied.",
            place.key(C::Repair)
        ),
        State::HalfDone { done, unsure } => half_done(*done, *unsure, place),
        State::Duplicate(why) => text::capital(why),
    })
}

fn half_done(done: usize, unsure: bool, place: &Place<'_>) -> String {
    let so_far = match done {
        0 => "It stopped in its first statement".to_owned(),
        1 => "It stopped after its first statement".to_owned(),
        many => format!("It stopped after {many} statements"),
    };
    let next = if unsure { "; the one after that may be done too" } else { "" };
    let apply = place.key(CommandId::ApplyAll);
    format!("{so_far}{next}. {apply} goes on from there.")
}
