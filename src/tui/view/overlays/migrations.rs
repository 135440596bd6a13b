//! What lies over the panes while migrations are looked at and run: the plan, the run, and the
//! question where one that was cut off goes on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::effect::Slot;
use crate::app::model::Model;
use crate::app::overlays::plan::PlanReview;
use crate::app::overlays::resume::Resume;
use crate::app::overlays::running::{Row, Running};
use crate::app::panes::migrations::lasting;
use crate::ops::run::{Direction, Scheduled};
use crate::schema::hazard::Severity;
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::view::overlays::{thumb, words};
use crate::tui::view::{ink, migrations};
use crate::tui::widgets::keyhints::Hint;
use crate::tui::widgets::line::{self, Align, Segment};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::{dialog, spinner};

/// The plan, before a yes.
pub fn plan(it: &PlanReview, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, it.subject.title());
    let count = plan_count(it, look);
    let mut hints = Vec::new();
    if it.subject.permit().is_ok() {
        hints.push(Hint::new("a", it.subject.verb()));
    }
    if it.subject.hazards().next().is_some() {
        hints.push(Hint::new("n", "next hazard"));
    }
    hints.push(Hint::new("y", "copy"));
    hints.push(Hint::new("esc", "leave"));
    let danger = it.hazards(Severity::Danger) > 0 || it.subject.warns();
    let panel = Panel {
        title: &title,
        count: &count,
        hints: &hints,
        focused: true,
        danger,
        ..Panel::default()
    };
    dialog::draw(&panel, area, buf, look);
    let body = PlanReview::body(area);
    let (rows, gutter) = (it.rows(), it.gutter());
    for ((at, row), y) in rows.iter().enumerate().skip(it.list.top).zip(body.top()..body.bottom()) {
        let Some(found) = it.line(row) else { continue };
        let place = Rect { y, height: 1, ..body };
        if at == it.list.cursor {
            line::paint(buf, place, Role::Selection, look);
        }
        migrations::text_row(found, row, gutter, place, look, buf);
    }
    thumb(area, it.list.top, usize::from(body.height), rows.len(), buf, look);
}

/// How much it is, and how dangerous.
fn plan_count(it: &PlanReview, look: &Look) -> Vec<Segment<'static>> {
    let statements = it.subject.statements();
    let plural = if statements == 1 { "" } else { "s" };
    let all = format!("{} statement{plural}", text::grouped(statements as u64));
    if statements == 0 {
        return Vec::new();
    }
    let mut count = vec![Segment::new(Role::Count, all)];
    for (severity, role) in [(Severity::Danger, Role::Danger), (Severity::Warning, Role::Warning)] {
        let number = it.hazards(severity);
        if number > 0 {
            let plural = if number == 1 { "" } else { "s" };
            count.push(Segment::new(Role::Muted, format!(" {} ", look.glyphs.dot)));
            count.push(Segment::new(role, format!("{number} {}{plural}", severity.word())));
        }
    }
    count
}

/// The run: scripts, the statements of the one that runs, and who is in the way.
pub fn running(it: &Running, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let doing = match it.plan.run.direction {
        Direction::Up => "Applying to",
        Direction::Down => "Rolling back on",
    };
    let title = words(Role::Title, format!("{doing} {}", it.plan.run.database));
    let elapsed = model.tickets.elapsed(Slot::Op, model.now).unwrap_or_default();
    let (begun, all) = it.counts();
    let count = words(Role::Count, format!("{begun} of {all}  {}", spinner::elapsed(elapsed)));
    let hint = match model.tickets.is_cancelling(Slot::Op) {
        true => Hint::new("stopping", ""),
        false => Hint::new("ctrl+c", "stop"),
    };
    let panel =
        Panel { title: &title, count: &count, hints: &[hint], focused: true, ..Panel::default() };
    dialog::draw(&panel, area, buf, look);
    let body = Running::body(area);
    let mut lines = body.top()..body.bottom();
    for (row, y) in it.shown().into_iter().zip(lines.by_ref()) {
        running_row(it, row, (model, look), Rect { y, height: 1, ..body }, buf);
    }
    let waiting = it.waiting(usize::from(body.width), look.glyphs.ascii);
    if waiting.is_empty() || lines.next().is_none() {
        return;
    }
    for (spans, y) in waiting.iter().zip(lines) {
        ink::write(buf, (body.x, y), body.width, spans, look);
    }
}

/// Where to go on: the statements of a migration that was cut off.
pub fn resume(it: &Resume, model: &Model, look: &Look, buf: &mut Buffer) {
    let area = it.area(model);
    let title = words(Role::Title, format!("Where does {} go on?", it.name));
    let count = words(Role::Count, format!("{} done", it.done));
    let hints = [Hint::new("j/k", "move"), Hint::new("enter", "go on"), Hint::new("esc", "leave")];
    let panel =
        Panel { title: &title, count: &count, hints: &hints, focused: true, ..Panel::default() };
    dialog::draw(&panel, area, buf, look);
    let body = Resume::body(area);
    let rows = it.rows(usize::from(body.width), look.glyphs.ascii);
    for (row, y) in rows.iter().zip(body.top()..body.bottom()) {
        ink::write(buf, (body.x, y), body.width, row, look);
    }
}

fn running_row(
    it: &Running,
    row: Row,
    (model, look): (&Model, &Look),
    place: Rect,
    buf: &mut Buffer,
) {
    let scripts = &it.plan.run.scripts;
    let (current, indent, words, took, state) = match row {
        Row::Script(at) => {
            let name = scripts.get(at).map(|one| one.migration.name()).unwrap_or_default();
            let took = it.done.get(&at).copied();
            let current = it.at.map(|(script, _)| script);
            (current == Some(at) && took.is_none(), 0, name, took, current > Some(at))
        }
        Row::Statement(script, statement) => {
            let found = scripts.get(script).map_or("", |one| first_line(one, statement));
            let took = it.took.get(&(script, statement)).copied();
            let current = it.at == Some((script, statement)) && took.is_none();
            (current, 2, found.to_owned(), took, it.at > Some((script, statement)))
        }
    };
    let is_script = matches!(row, Row::Script(_));
    let turning = it.since.map(|since| model.now.saturating_duration_since(since));
    let turning = turning.and_then(|time| spinner::sign(time, &look.glyphs));
    let (sign, mark, role) = if took.is_some() || state {
        (look.glyphs.check, Role::Good, Role::Muted)
    } else if current && is_script {
        (look.glyphs.open, Role::Accent, Role::Strong)
    } else if current {
        (turning.unwrap_or(look.glyphs.closed), Role::Accent, Role::Text)
    } else {
        (look.glyphs.pending, Role::Muted, Role::Muted)
    };
    let x = place.x.saturating_add(indent);
    line::put(buf, (x, place.y), 1, sign, look.style(mark));
    let time = match (took, current && !is_script) {
        (Some(took), _) => lasting(took),
        (None, true) => it
            .since
            .map(|since| spinner::elapsed(model.now.saturating_duration_since(since)))
            .unwrap_or_default(),
        _ => String::new(),
    };
    let wide = u16::try_from(text::width(&time)).unwrap_or(u16::MAX).min(place.width);
    let at = (place.right().saturating_sub(wide), place.y);
    line::write_aligned(buf, at, wide, &time, Align::Right, look.style(Role::Muted), look);
    let room = place.width.saturating_sub(indent + 2).saturating_sub(wide + 1);
    line::write(buf, (x.saturating_add(2), place.y), room, &words, look.style(role), look);
}

/// What of a statement tells it from others: its first line that is no comment.
fn first_line(script: &Scheduled, statement: usize) -> &str {
    let sql = script.statements.get(statement).map_or("", |found| found.sql.as_str());
    let mut lines = sql.lines().map(str::trim);
    lines.find(|line| !line.is_empty() && !line.starts_with("--")).unwrap_or(sql)
}
