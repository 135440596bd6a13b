//! What stands above the text: how the migration under the cursor stands, since when, and what can
//! be done about it.

use crate::app::command::CommandId;
use crate::app::overlays::cell::wrap;
use crate::app::panes::migrations::{Known, MigrationsPane, Place, Row, Side, words};
use crate::app::span::{Ink, Span};
use crate::ops::migrations_desk::{Entry, State};
use crate::schema::hazard::Severity;
use crate::text;

/// The most rows it has.
const MOST: usize = 5;

/// The cells in front of its words: the sign of the state, and a blank.
pub const SIGN: u16 = 2;

/// What stands above the text.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Head {
    /// How the migration stands, for its sign.
    pub state: Option<State>,
    /// Its rows, fitted.
    pub rows: Vec<Vec<Span<'static>>>,
}

impl Head {
    /// What stands above what is shown.
    pub(super) fn of(pane: &MigrationsPane, place: &Place<'_>) -> Self {
        let room = usize::from(place.width.saturating_sub(SIGN));
        let (state, facts, lines) = match (pane.side(), pane.current()) {
            (Side::Pending, _) => (None, pending(pane, place), Vec::new()),
            (Side::Timeline, _) => (None, done(pane, place), Vec::new()),
            (_, Some(entry)) => {
                (Some(entry.state.clone()), facts(pane, entry, place), lines(pane, entry, place))
            }
            (_, None) => (None, Vec::new(), Vec::new()),
        };
        let rows = lines.iter().flat_map(|line| wrap::word_rows(line, room, place.ascii));
        let rows = words::fact_rows(facts, room).into_iter().chain(rows);
        Self { state, rows: rows.take(MOST).collect() }
    }

    /// The lines it takes, with the blank one below it.
    pub fn height(&self) -> u16 {
        let rows = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
        if rows == 0 { 0 } else { rows.saturating_add(1) }
    }
}

fn pending(pane: &MigrationsPane, place: &Place<'_>) -> Vec<Span<'static>> {
    let count = pane.standing.iter().flat_map(|standing| standing.pending()).count();
    let said = match count {
        0 => "Nothing is pending".to_owned(),
        1 => "The one that is pending".to_owned(),
        many => format!("All {} that are pending, as they run", text::grouped(many as u64)),
    };
    let back = format!("{} shows one again", place.key(CommandId::PendingScript));
    vec![Span::new(Ink::Strong, said), Span::new(Ink::Muted, back)]
}

/// How much was done, and which key goes back.
fn done(pane: &MigrationsPane, place: &Place<'_>) -> Vec<Span<'static>> {
    let said = match pane.timeline.as_ref().map(|all| all.len()) {
        None => "Reading what was done".to_owned(),
        Some(0) => "Nothing was done yet, as far as is known".to_owned(),
        Some(_) => "What was done, the newest first (UTC)".to_owned(),
    };
    let open = place.key(CommandId::Open);
    let back = place.key(CommandId::Timeline);
    let keys = format!("{open} its details, {back} the migrations again");
    vec![Span::new(Ink::Strong, said), Span::new(Ink::Muted, keys)]
}

/// How a migration stands, since when, and how hazardous it is.
fn facts(pane: &MigrationsPane, entry: &Entry, place: &Place<'_>) -> Vec<Span<'static>> {
    let strong = match words::ink(&entry.state) {
        Ink::Muted => Ink::Good,
        ink => ink,
    };
    let mut facts = vec![Span::new(strong, entry.state.word())];
    facts.extend(words::past(entry));
    if pane.side() == Side::Up && entry.migration.is_some() {
        facts.extend(hazards(pane.known(&entry.key), place));
    }
    facts
}

/// What else is to be known of it, and what can be done.
fn lines(pane: &MigrationsPane, entry: &Entry, place: &Place<'_>) -> Vec<Vec<Span<'static>>> {
    let mut lines = Vec::new();
    if let Some(migration) = entry.migration.as_ref().filter(|migration| migration.alone) {
        let file = &migration.up.name;
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let words = format!("{file} asks to run outside a transaction");
        lines.push(vec![Span::new(Ink::Warning, words)]);
    }
    let advice = pane.standing.as_ref().and_then(|it| words::advice(entry, it, place));
    lines.extend(advice.map(|words| vec![Span::new(Ink::Text, words)]));
    lines
}

/// How hazardous it is, as far as that is known.
fn hazards(known: Known<'_>, place: &Place<'_>) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let mut add = |ink: Ink, words: String| spans.push(Span::new(ink, words));
    match known {
        Known::Nothing if place.tries => {}
        Known::Nothing => {
            let key = place.key(CommandId::Examine);
            add(Ink::Muted, format!("{key} tries it in a scratch database"));
        }
        Known::Soon => add(Ink::Muted, "trying it in a scratch database".to_owned()),
        Known::Not(_) => add(Ink::Warning, "could not be tried".to_owned()),
        Known::All(examined) => {
            for (severity, ink) in
                [(Severity::Danger, Ink::Danger), (Severity::Warning, Ink::Warning)]
            {
                let is_it = |hazard: &&crate::schema::hazard::Hazard| hazard.severity == severity;
                let count = examined.hazards.iter().filter(is_it).count();
                if count > 0 {
                    let plural = if count == 1 { "" } else { "s" };
                    add(ink, format!("{count} {}{plural}", severity.word()));
                }
            }
            if !examined.refused.is_empty() {
                add(Ink::Danger, "refused by the configuration".to_owned());
            }
        }
    }
    spans
}

/// The file or note under the cursor, as a heading.
pub fn title(pane: &MigrationsPane) -> String {
    match (pane.side(), pane.row(), pane.current()) {
        (Side::Pending, ..) => "Pending".to_owned(),
        (Side::Timeline, ..) => "Timeline".to_owned(),
        (_, _, Some(entry)) => entry.name.clone(),
        (_, Some(Row::Misfit(at)), _) => {
            let misfit = pane.standing.as_ref().and_then(|it| it.misfits.get(*at));
            let name = misfit.and_then(|misfit| misfit.path.file_name());
            name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        }
        (_, Some(Row::Note(_)), _) => "To know".to_owned(),
        _ => "Migration".to_owned(),
    }
}
