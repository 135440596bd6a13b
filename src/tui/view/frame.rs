//! The first and the last line of the screen: where we are, and what keys do now.

use ratatui::buffer::Buffer;

use crate::app::command::{COMMANDS, Command, CommandId, Scope};
use crate::app::effect::Slot;
use crate::app::layout::Layout;
use crate::app::migrations;
use crate::app::model::{Focus, Link, Model, PATIENCE, Tone, View};
use crate::app::update::scopes;
use crate::config::Protection;
use crate::db::edit::why_read_only;
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::keyhints::{self, Hint};
use crate::tui::widgets::line::{self, Segment};
use crate::tui::widgets::spinner;

/// The cells of a database's name that are there before views are called by their names.
const NAME: usize = 12;

/// Draws the first line: the database at the left, the views at the right.
pub fn header(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    let area = places.header;
    let width = |segments: &[Segment<'_>]| {
        u16::try_from(line::segments_width(segments, look)).unwrap_or(u16::MAX)
    };
    let mut shown = if model.facts().is_some() { tabs(model, false) } else { Vec::new() };
    // Which database it is matters more than how the other views are called.
    let wanted = least(model, look);
    if !shown.is_empty() && area.width.saturating_sub(width(&shown) + 3) < wanted {
        shown = tabs(model, true);
    }
    let wide = width(&shown);
    let room = area.width.saturating_sub(wide + 3);
    line::write_segments(buf, (area.x + 1, area.y), room, &place(model, look, room), look);
    line::write_segments(buf, (area.right().saturating_sub(wide + 1), area.y), wide, &shown, look);
}

/// The cells that where we are takes at least: with the head of the database's name.
fn least(model: &Model, look: &Look) -> u16 {
    let state = line::segments_width(&state_of_link(model, look), look);
    let name = model.facts().map_or(0, |facts| text::width(text::head(&facts.database, 1024)));
    let all = text::width("dbstudio") + 2 + name.min(NAME) + state;
    u16::try_from(all).unwrap_or(u16::MAX)
}

/// Where we are, in `room` cells: the environment and the state of the connection are always
/// whole; the server goes first where there is no room, then the end of the database's name.
fn place<'a>(model: &'a Model, look: &Look, room: u16) -> Vec<Segment<'a>> {
    let mut out = vec![Segment::new(Role::Accent, "dbstudio")];
    let state = state_of_link(model, look);
    if let Some(facts) = model.facts() {
        let wide = |segments: &[Segment<'_>]| line::segments_width(segments, look);
        let room = usize::from(room).saturating_sub(wide(&out) + 2 + wide(&state));
        let name = text::visible(text::head(&facts.database, 1024), look.glyphs.ascii);
        let server = format!(" {} {} {}", look.glyphs.dot, facts.engine.name(), facts.version);
        let server = [Segment::new(Role::Muted, server)];
        out.push(Segment::new(Role::Muted, "  "));
        let fits = text::width(&name) + wide(&server) <= room;
        let shown = text::ellipsis(&name, room, look.glyphs.ascii).into_owned();
        out.push(Segment::new(Role::Strong, shown));
        if fits {
            out.extend(server);
        }
    }
    out.extend(state);
    out
}

/// What must never be missed: a database that takes no changes, the environment, a connection
/// that is gone.
fn state_of_link(model: &Model, look: &Look) -> Vec<Segment<'static>> {
    let mut out = Vec::new();
    if model.facts().is_some_and(|facts| facts.read_only) {
        out.push(Segment::new(Role::Muted, format!(" {} read-only", look.glyphs.dot)));
    }
    // One that was let go of, to be replaced, is what the dialog on the screen is about.
    let is_let_go = matches!(model.link, Link::Opening) && !model.overlays.is_empty();
    let is_known = model.facts().is_some() || is_let_go;
    if let Some(target) = model.target.as_ref().filter(|_| is_known) {
        let (role, word) = match target.protection {
            Protection::Production => (Role::DangerText, "production"),
            Protection::Staging => (Role::WarningText, "staging"),
            Protection::Development => (Role::Good, "development"),
        };
        let name = target.name.as_deref().unwrap_or(word);
        out.push(Segment::new(Role::Muted, "  "));
        let shown = if name == word { name.to_owned() } else { format!("{name} ({word})") };
        out.push(Segment::new(role, format!(" {shown} ")));
    }
    if let Link::Lost(lost) = &model.link {
        let left = lost.retry_at.saturating_duration_since(model.now).as_secs_f64().ceil();
        let state = if model.tickets.is_running(Slot::Connect) {
            " connecting again ".to_owned()
        } else {
            format!(" disconnected, next try in {left} s ")
        };
        out.push(Segment::new(Role::Muted, "  "));
        out.push(Segment::new(Role::DangerText, state));
    }
    out
}

/// The views; `short` ones have a name only where they are shown.
fn tabs(model: &Model, short: bool) -> Vec<Segment<'static>> {
    let mut out = Vec::new();
    for (view, key, name) in [
        (View::Data, "1", "Data"),
        (View::Schema, "2", "Schema"),
        (View::Migrations, "3", "Migrations"),
        (View::Status, "4", "Status"),
    ] {
        let role = if model.view == view { Role::TabActive } else { Role::Tab };
        if !out.is_empty() {
            out.push(Segment::new(Role::Tab, "  "));
        }
        let is_shown = model.view == view;
        out.push(match short && !is_shown {
            true => Segment::new(role, key),
            false => Segment::new(role, format!("{key} {name}")),
        });
    }
    out
}

/// Draws the last line: what was just said or what keys do, and at the right what runs.
pub fn footer(model: &Model, look: &Look, places: &Layout, buf: &mut Buffer) {
    let area = places.footer;
    let state = state(model, look);
    let wide = u16::try_from(line::segments_width(&state, look)).unwrap_or(u16::MAX);
    let wide = wide.min(area.width / 2);
    let at = (area.right().saturating_sub(wide + 1), area.y);
    line::write_segments(buf, at, wide, &state, look);
    let room = area.width.saturating_sub(wide + 3);
    let start = (area.x + 1, area.y);
    if let Some(notice) = &model.notice {
        let role = match notice.tone {
            Tone::Good => Role::Good,
            Tone::Plain => Role::Information,
            Tone::Bad => Role::Warning,
        };
        line::write(buf, start, room, &notice.text, look.style(role), look);
    } else if matches!(model.link, Link::Open(_) | Link::Lost(_)) && model.overlays.is_empty() {
        let (some, always) = hints(model);
        let kept = keyhints::width(&always, room, look);
        let used = keyhints::draw(&some, start, room.saturating_sub(kept + 2), buf, look);
        let gap = if used > 0 { 2 } else { 0 };
        keyhints::draw(&always, (start.0 + used + gap, start.1), kept, buf, look);
    }
}

/// What runs and for how long, the keys of an unfinished chord, or how long the rows took.
fn state(model: &Model, look: &Look) -> Vec<Segment<'static>> {
    if !model.chord.is_empty() {
        let keys: Vec<String> = model.chord.iter().map(ToString::to_string).collect();
        return vec![Segment::new(
            Role::Accent,
            format!("{} {}", keys.join(" "), look.glyphs.ellipsis),
        )];
    }
    let longest = model
        .awaited()
        .chain([Slot::Extend])
        .filter_map(|slot| Some((model.tickets.elapsed(slot, model.now)?, slot)))
        .max();
    if let Some((elapsed, slot)) = longest.filter(|(elapsed, _)| *elapsed >= PATIENCE) {
        let sign = spinner::sign(elapsed, &look.glyphs).unwrap_or_default();
        let time = spinner::elapsed(elapsed);
        let doing = if model.tickets.is_cancelling(slot) { "cancelling" } else { slot.doing() };
        let text = format!("{sign} {doing} {time}");
        return vec![
            Segment::new(Role::Accent, text),
            Segment::new(Role::HintLabel, "  "),
            Segment::new(Role::HintKey, "ctrl+c"),
            Segment::new(Role::HintLabel, " cancel"),
        ];
    }
    match model.latency.filter(|_| model.view == View::Data) {
        Some(latency) => {
            let millis = latency.as_secs_f64() * 1e3;
            let shown =
                if millis < 10.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") };
            vec![Segment::new(Role::Muted, shown)]
        }
        None => Vec::new(),
    }
}

/// The keys that do something now, and apart from them those that are named on any screen
/// however narrow: whoever knows them finds all others.
fn hints(model: &Model) -> (Vec<Hint<'static>>, Vec<Hint<'static>>) {
    let scopes = scopes(model);
    let here = |command: &&Command| {
        !command.hint.is_empty() && scopes.contains(&command.scope) && applies(model, command)
    };
    let rows = COMMANDS.iter().enumerate().filter(|(_, command)| here(command));
    let (mut some, mut always) = (Vec::new(), Vec::new());
    for (row, command) in rows {
        let Some(key) = model.keymap.keys_of(row).into_iter().next() else { continue };
        let copies = matches!(command.id, CommandId::CopyCell | CommandId::CopyFile);
        let label = if copies { "copy" } else { command.hint };
        let key = if copies { "y".to_owned() } else { key };
        let anywhere = matches!(command.id, CommandId::Palette | CommandId::Help);
        if anywhere { &mut always } else { &mut some }.push(Hint::new(key, label));
    }
    (some, always)
}

/// Whether a command would do something now.
fn applies(model: &Model, command: &Command) -> bool {
    if command.id == CommandId::ReviewEdits {
        return !model.staged.is_empty();
    }
    if model.view == View::Migrations {
        return migrations::applies(model, command.id);
    }
    if model.view == View::Status {
        return command.id != CommandId::Find;
    }
    if command.scope != Scope::Grid {
        let rows = model.focus == Focus::Tree || model.view == View::Data;
        return command.id != CommandId::Find || rows;
    }
    let Some(pane) = &model.data else { return false };
    let rows = !pane.window.is_empty();
    let editable = pane.asked_for().is_some_and(|asked| {
        let relation = pane.relation.as_ref();
        relation.is_some_and(|relation| why_read_only(relation, &asked.identity).is_none())
    }) && !model.target.as_ref().is_some_and(|target| target.read_only);
    match command.id {
        CommandId::Filter | CommandId::Sort => pane.problem.is_none(),
        CommandId::AddRow => editable && pane.problem.is_none(),
        CommandId::EditCell | CommandId::DeleteRow => editable && (rows || pane.new_row.is_some()),
        CommandId::Referencing => {
            rows && pane.relation.as_ref().is_some_and(|relation| !relation.incoming.is_empty())
        }
        _ => rows,
    }
}

/// A count of rows as a title shows it: `14 rows`, `~ 10.0 M rows`.
pub fn rows_text(total: Option<(u64, bool)>) -> String {
    match total {
        Some((1, true)) => "1 row".to_owned(),
        Some((count, true)) => format!("{} rows", text::grouped(count)),
        Some((count, false)) => format!("~ {} rows", text::short_count(count)),
        None => String::new(),
    }
}
