//! The migrations: the list of them with how each stands, and beside it the one under the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::command::CommandId;
use crate::app::effect::Slot;
use crate::app::layout::Layout;
use crate::app::model::{Focus, Model};
use crate::app::panes::migrations::{
    Line, LineKind, MigrationsPane, PageRow, Row, SIGN, Side, day, lasting, place_of_history, title,
};
use crate::config::Protection;
use crate::ops::migrations_desk::{Entry, State};
use crate::ops::standing::Standing;
use crate::schema::hazard::Severity;
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::{ink, problem};
use crate::tui::widgets::line::{self, Align, Segment};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::{scrollbar, spinner};

/// The blank cells between two columns of the list.
const GAP: u16 = 2;

/// The cells a day has.
const DAY: u16 = 10;

/// The cells a name keeps before a column is left out: at least, and at most.
const NAME: (u16, u16) = (16, 24);

/// Draws the whole view.
pub fn draw(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    list(model, look, places, buf);
    page(model, look, places, buf);
}

fn is_danger(model: &Model) -> bool {
    model.target.as_ref().is_some_and(|target| target.protection == Protection::Production)
}

fn list(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    let pane = &model.migrations;
    let focused = model.focus == Focus::Tree && model.overlays.is_empty();
    let mut title = vec![Segment::new(Role::Title, "Migrations")];
    title.extend(reading(model, Slot::Standing, "reading", look));
    let count = pane.standing.as_ref().map(|it| text::grouped(it.entries.len() as u64));
    let count: Vec<_> = count.map(|count| Segment::new(Role::Count, count)).into_iter().collect();
    let danger = is_danger(model);
    let panel = Panel { title: &title, count: &count, focused, danger, ..Panel::default() };
    panel.draw(places.tree, buf, look);
    let Some(standing) = &pane.standing else { return };
    let body = places.tree_lines;
    let columns = Columns::of(standing, body.width);
    let shown = pane.rows().iter().enumerate().skip(pane.list.top);
    for ((at, row), y) in shown.zip(body.top()..body.bottom()) {
        let place = Rect { y, height: 1, ..body };
        if at == pane.list.cursor {
            let role = if focused { Role::Selection } else { Role::SelectionAway };
            line::paint(buf, place, role, look);
        }
        list_row(standing, row, &columns, place, look, buf);
    }
    foot(pane, standing, places, look, buf);
    let (all, height) = (pane.rows().len(), usize::from(body.height));
    if all > height {
        let part = |lines: usize| lines as f64 / all as f64;
        let area = Rect { height: body.height + 2, ..places.tree };
        scrollbar::draw(area, part(pane.list.top), part(pane.list.top + height), buf, look);
    }
}

/// Work that takes a while, in a title.
fn reading(model: &Model, slot: Slot, what: &str, look: &Look) -> Option<Segment<'static>> {
    let elapsed = model.tickets.elapsed(slot, model.now)?;
    let sign = spinner::sign(elapsed, &look.glyphs)?;
    let words = format!("  {sign} {what} {}", spinner::elapsed(elapsed));
    Some(Segment::new(Role::Muted, words))
}

/// The columns of the list on this screen.
struct Columns {
    /// The cells of the word for the state.
    word: u16,
    /// Whether the day it was applied is told.
    day: bool,
    /// The cells of how long it took; 0 where that is not told.
    took: u16,
    /// The cells of who applied it; 0 where that is not told.
    by: u16,
}

impl Columns {
    fn of(standing: &Standing, width: u16) -> Self {
        let wide = |words: &str| u16::try_from(text::width(words)).unwrap_or(u16::MAX);
        let records = || standing.entries.iter().filter_map(|entry| entry.record.as_ref());
        let word = standing.entries.iter().map(|entry| wide(entry.state.word())).max();
        let took = records().filter_map(|record| record.took).map(|it| wide(&lasting(it))).max();
        let by = records().filter_map(|record| record.by.as_deref()).map(wide).max();
        let mut columns = Self { word: word.unwrap_or(0), day: false, took: 0, by: 0 };
        let name = standing.entries.iter().map(|entry| wide(&entry.name)).max().unwrap_or(0);
        let name = name.clamp(NAME.0, NAME.1);
        let mut room = width.saturating_sub(2 + SIGN + name + GAP + columns.word);
        let mut fits = |cells: u16| {
            let fits = cells > 0 && cells + GAP <= room;
            room = room.saturating_sub(if fits { cells + GAP } else { 0 });
            fits
        };
        columns.day = records().any(|record| record.when.is_some()) && fits(DAY);
        columns.took = took.filter(|took| fits(*took)).unwrap_or(0);
        columns.by = by.map(|by| by.min(12)).filter(|by| fits(*by)).unwrap_or(0);
        columns
    }
}

fn list_row(
    standing: &Standing,
    row: &Row,
    columns: &Columns,
    place: Rect,
    look: &Look,
    buf: &mut Buffer,
) {
    let (x, y) = (place.x.saturating_add(1), place.y);
    let room = place.width.saturating_sub(2);
    match row {
        Row::Blank => {}
        Row::Heading(words) => {
            line::write(buf, (x, y), room, words, look.style(Role::Group), look);
        }
        Row::Misfit(at) => {
            line::put(buf, (x, y), 1, "!", look.style(Role::Warning));
            let name = standing.misfits.get(*at).and_then(|misfit| misfit.path.file_name());
            let name = name.unwrap_or_default().to_string_lossy();
            let at = (x.saturating_add(SIGN), y);
            line::write(buf, at, room.saturating_sub(SIGN), &name, look.style(Role::Text), look);
        }
        Row::Note(at) => {
            line::put(buf, (x, y), 1, look.glyphs.dot, look.style(Role::Information));
            let note = standing.notes.get(*at).map_or("", String::as_str);
            let at = (x.saturating_add(SIGN), y);
            line::write(buf, at, room.saturating_sub(SIGN), note, look.style(Role::Text), look);
        }
        Row::Entry(at) => {
            if let Some(entry) = standing.entries.get(*at) {
                list_entry(entry, columns, Rect { x, width: room, ..place }, look, buf);
            }
        }
    }
}

fn list_entry(entry: &Entry, columns: &Columns, place: Rect, look: &Look, buf: &mut Buffer) {
    let (sign, role) = sign(&entry.state, look);
    line::put(buf, (place.x, place.y), 1, sign, look.style(role));
    let mut end = place.right();
    let mut column = |cells: u16, words: &str, role: Role, align: Align, buf: &mut Buffer| {
        let x = end.saturating_sub(cells);
        line::write_aligned(buf, (x, place.y), cells, words, align, look.style(role), look);
        end = x.saturating_sub(GAP);
    };
    let record = entry.record.as_ref();
    if columns.by > 0 {
        let by = record.and_then(|record| record.by.as_deref()).unwrap_or("");
        column(columns.by, by, Role::Muted, Align::Left, buf);
    }
    if columns.took > 0 {
        let took = record.and_then(|record| record.took).map(lasting).unwrap_or_default();
        column(columns.took, &took, Role::Muted, Align::Right, buf);
    }
    if columns.day {
        let day = record.and_then(day).unwrap_or_default();
        column(DAY, &day, Role::Muted, Align::Left, buf);
    }
    let word = if entry.state == State::Applied { Role::Muted } else { role };
    column(columns.word, entry.state.word(), word, Align::Left, buf);
    let x = place.x.saturating_add(SIGN);
    let room = end.saturating_sub(x);
    name(entry, (x, place.y), room, look, buf);
}

/// Its number and name; where a long number would leave nothing of the name, the name alone: the
/// number stands above the text.
fn name(entry: &Entry, at: (u16, u16), room: u16, look: &Look, buf: &mut Buffer) {
    let parts = entry.migration.as_ref().map(|it| (it.digits.as_str(), it.description.as_str()));
    let parts = parts.filter(|(digits, rest)| !digits.is_empty() && !rest.is_empty());
    let parts = parts.or_else(|| entry.name.split_once('_'));
    let Some((digits, rest)) = parts else {
        line::write(buf, at, room, &entry.name, look.style(Role::Text), look);
        return;
    };
    let wide = u16::try_from(text::width(digits)).unwrap_or(u16::MAX).saturating_add(1);
    let named = u16::try_from(text::width(rest)).unwrap_or(u16::MAX);
    let fits = wide <= 7 || wide.saturating_add(named) <= room;
    let segments = [
        Segment::new(Role::Muted, if fits { format!("{digits} ") } else { String::new() }),
        Segment::new(Role::Text, rest),
    ];
    line::write_segments(buf, at, room, &segments, look);
}

/// The sign of a state and its role; the word stands beside it wherever it is drawn.
pub fn sign(state: &State, look: &Look) -> (&'static str, Role) {
    let glyphs = &look.glyphs;
    match state {
        State::Applied => (glyphs.check, Role::Good),
        State::Pending => (glyphs.pending, Role::Information),
        State::OutOfOrder => (glyphs.more_left, Role::Warning),
        State::Skipped => (glyphs.more_right, Role::Warning),
        State::Changed => (glyphs.differs, Role::Warning),
        State::Missing => ("?", Role::Warning),
        State::Failed => (glyphs.cross, Role::Danger),
        State::HalfDone { .. } => (glyphs.half, Role::Danger),
        State::Duplicate(_) => (glyphs.ditto, Role::Danger),
    }
}

/// How many stand how, and where the database remembers them.
fn foot(
    pane: &MigrationsPane,
    standing: &Standing,
    places: &Layout,
    look: &Look,
    buf: &mut Buffer,
) {
    let (place, frame) = (places.summary, places.tree);
    if place.height == 0 {
        return;
    }
    let style = look.style(Role::Border);
    for x in frame.x.saturating_add(1)..frame.right().saturating_sub(1) {
        line::put(buf, (x, place.y), 1, look.glyphs.horizontal, style);
    }
    let (x, room) = (place.x.saturating_add(1), place.width.saturating_sub(2));
    let mut rows = place.y.saturating_add(1)..place.bottom();
    for (spans, y) in pane.summary().iter().zip(rows.by_ref()) {
        ink::write(buf, (x, y), room, spans, look);
    }
    if let Some(y) = rows.next() {
        let words = place_of_history(standing);
        line::write(buf, (x, y), room, &words, look.style(Role::Muted), look);
    }
}

fn page(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    let pane = &model.migrations;
    let focused = model.focus == Focus::Main && model.overlays.is_empty();
    let shown = title(pane);
    let mut title = vec![Segment::new(Role::Title, shown)];
    title.extend(reading(model, Slot::Examine, "trying it", look));
    title.extend(reading(model, Slot::Timeline, "reading", look));
    let side = match pane.side() {
        Side::Up => "up",
        Side::Down => "down",
        Side::Picture => "what it changes",
        Side::Texts => "applied, and the file",
        Side::Pending => "one script",
        Side::Timeline => "",
    };
    let count = match pane.current() {
        _ if pane.side() == Side::Timeline => Vec::new(),
        None if pane.side() != Side::Pending => Vec::new(),
        _ => vec![Segment::new(Role::Count, side)],
    };
    let danger = is_danger(model);
    let panel = Panel { title: &title, count: &count, focused, danger, ..Panel::default() };
    panel.draw(places.main, buf, look);
    if let Some(found) = &pane.problem {
        problem::draw(found, places.body, buf, look);
        return;
    }
    if pane.rows().is_empty() && !matches!(pane.side(), Side::Pending | Side::Timeline) {
        nothing(model, places.body, look, buf);
        return;
    }
    head(pane, look, places.head, buf);
    rows(pane, focused, look, places, buf);
}

fn head(pane: &MigrationsPane, look: &Look, place: Rect, buf: &mut Buffer) {
    let head = pane.head();
    let indent = match &head.state {
        Some(state) if place.height > 0 => {
            let (sign, role) = sign(state, look);
            line::put(buf, (place.x, place.y), 1, sign, look.style(role));
            SIGN
        }
        _ => 0,
    };
    let room = place.width.saturating_sub(indent);
    for (spans, y) in head.rows.iter().zip(place.top()..place.bottom()) {
        ink::write(buf, (place.x.saturating_add(indent), y), room, spans, look);
    }
}

fn rows(pane: &MigrationsPane, focused: bool, look: &Look, places: &Layout, buf: &mut Buffer) {
    let (body, gutter) = (places.text, pane.gutter());
    let shown = pane.text_rows().iter().enumerate().skip(pane.text.top);
    for ((at, row), y) in shown.zip(body.top()..body.bottom()) {
        let Some(found) = pane.line(row) else { continue };
        if focused && at == pane.text.cursor {
            line::paint(buf, Rect { y, height: 1, ..body }, Role::Selection, look);
        }
        text_row(found, row, gutter, Rect { y, height: 1, ..body }, look, buf);
    }
    let (all, height) = (pane.text_rows().len(), usize::from(body.height));
    if all > height {
        let part = |lines: usize| lines as f64 / all as f64;
        scrollbar::draw(places.main, part(pane.text.top), part(pane.text.top + height), buf, look);
    }
}

/// A row of a migration's text: the number of its line, the sign of what is hazardous, its words.
pub fn text_row(
    found: &Line,
    row: &PageRow,
    gutter: u16,
    place: Rect,
    look: &Look,
    buf: &mut Buffer,
) {
    let (x, y) = (place.x, place.y);
    if let Some(number) = found.number.filter(|_| row.is_first) {
        let cells = gutter.saturating_sub(3);
        let (number, style) = (number.to_string(), look.style(Role::Muted));
        line::write_aligned(buf, (x, y), cells, &number, Align::Right, style, look);
        let mark = match found.mark {
            Some(Severity::Danger) => Some((look.glyphs.cross, Role::Danger)),
            Some(Severity::Warning) => Some(("!", Role::Warning)),
            Some(Severity::Notice) => Some((look.glyphs.dot, Role::Information)),
            None => None,
        };
        if let Some((sign, role)) = mark {
            line::put(buf, (x.saturating_add(cells + 1), y), 1, sign, look.style(role));
        }
    }
    let is_beside = matches!(found.kind, LineKind::Heading | LineKind::Prose);
    let skip = if is_beside { 0 } else { gutter };
    let skip = skip.saturating_add(row.indent);
    let room = place.width.saturating_sub(skip);
    ink::write(buf, (x.saturating_add(skip), y), room, &row.spans, look);
}

/// Nothing is shown yet: what to do next.
fn nothing(model: &Model, body: Rect, look: &Look, buf: &mut Buffer) {
    let key = |id| model.keymap.key_of(id).unwrap_or_default();
    let words = match &model.migrations.standing {
        None if model.tickets.is_running(Slot::Standing) => {
            ["Reading the migrations…".to_owned(), "ctrl+c stops".to_owned(), String::new()]
        }
        None => {
            let again = format!("{} reads them", key(CommandId::Refresh));
            ["The migrations are not read yet".to_owned(), again, String::new()]
        }
        Some(standing) => [
            "There are no migrations yet".to_owned(),
            format!("{} writes the first one from the schema", key(CommandId::WriteNext)),
            format!("into {}", standing.folder),
        ],
    };
    let y = body.y.saturating_add(body.height / 3);
    for ((text, role), y) in
        words.iter().zip([Role::Strong, Role::Text, Role::Muted]).zip(y..body.bottom())
    {
        let cells = body.width.saturating_sub(2);
        let wide = u16::try_from(text::width(&text::visible(text, look.glyphs.ascii)));
        let wide = wide.unwrap_or(u16::MAX).min(cells);
        let x = body.x + body.width.saturating_sub(wide) / 2;
        line::write(buf, (x, y), wide.max(1), text, look.style(role), look);
    }
}
