//! What the answers to our questions change. Only the answer that is waited for counts.

use std::sync::Arc;
use std::time::Duration;

use crate::app::browse;
use crate::app::change;
use crate::app::checklist;
use crate::app::clipboard;
use crate::app::edit;
use crate::app::edit::Editing;
use crate::app::edit_apply;
use crate::app::effect::{Effect, Slot, Ticket};
use crate::app::export;
use crate::app::layout::layout;
use crate::app::migrations;
use crate::app::model::{Focus, Link, Lost, Model, Tone};
use crate::app::msg::Event;
use crate::app::operations;
use crate::app::overlays::guide;
use crate::app::panes::data::{Awaiting, DataPane, Side};
use crate::app::staged::Staged;
use crate::app::status;
use crate::app::update::screen;
use crate::app::welcome;
use crate::db::page::Page;
use crate::db::value::Value;
use crate::ops::session::{Answer, Opened, Request};
use crate::problem::{Kind, Problem};
use crate::schema::Relation;

/// Takes an answer.
pub fn reply(
    model: &mut Model,
    slot: Slot,
    ticket: Ticket,
    event: Event,
    effects: &mut Vec<Effect>,
) {
    let is_over = !matches!(event, Event::Progress(_) | Event::Ran(_) | Event::Said(_));
    let counts = match is_over {
        true => model.tickets.accept(slot, ticket),
        false => model.tickets.is_current(slot, ticket),
    };
    if !counts {
        return;
    }
    model.touch();
    let mut overlays = std::mem::take(&mut model.overlays);
    let taken = overlays.iter_mut().rev().any(|overlay| overlay.reply(slot, &event));
    model.overlays = overlays;
    match event {
        Event::Done(answer) => done(model, slot, answer, effects),
        // It has a connection of its own.
        Event::Failed(problem) if slot == Slot::Drift => {
            status::not_drifted(model, &problem);
            guide::learned(model, slot, effects);
        }
        Event::Failed(problem) => failed(model, slot, problem, taken, effects),
        Event::Progress(rows) if slot == Slot::Export => export::progressed(model, rows),
        // Who shows how far the work is has taken it.
        Event::Progress(_) | Event::Said(_) => {}
        Event::Ran(progress) => migrations::progressed(model, &progress),
    }
}

fn done(model: &mut Model, slot: Slot, answer: Answer, effects: &mut Vec<Effect>) {
    match answer {
        Answer::Connected(opened) => connected(model, *opened, effects),
        Answer::Outline(outline) => {
            for sentence in outline.unseen.iter().take(1) {
                model.notify(Tone::Plain, sentence.clone());
            }
            model.tree.set_outline(outline);
        }
        Answer::Relation(relation) => relation_read(model, relation, effects),
        Answer::Page(page) if slot == Slot::Extend => extended(model, *page),
        Answer::Page(page) => page_read(model, *page),
        Answer::Count(count) => {
            if let Some(pane) = &mut model.data {
                pane.exact = Some(count);
                pane.window.settle_offset(count);
            }
        }
        Answer::Value(value) => value_read(model, value, effects),
        Answer::References(_) => {}
        Answer::Target(target) => {
            model.target = Some(*target.clone());
            model.link = Link::Opening;
            model.abandon(Slot::Op, effects);
            model.overlays.clear();
            model.start(Slot::Connect, Request::Connect(target), effects);
        }
        Answer::Made(files, choices) => welcome::made(model, &files, choices),
        Answer::Prepared(outcome) => change::prepared(model, outcome, effects),
        Answer::Reopened(found) => change::reopened(model, *found),
        Answer::Gathered(found) => checklist::gathered(model, *found),
        Answer::Pushed(elapsed) => change::pushed(model, elapsed, effects),
        Answer::Written(files) => change::written(model, &files, effects),
        Answer::LetGo => {}
        Answer::Exported(file, done) => export::done(model, &file, done.rows, done.bytes),
        Answer::Dashboard(found) => status::told(model, *found),
        Answer::Drift(found) => {
            status::drifted(model, Some(*found));
            guide::learned(model, Slot::Drift, effects);
        }
        Answer::Migrations(told) => migrations::told(model, *told, effects),
        Answer::Operations(told) => operations::told(model, *told, effects),
        Answer::Edit(answer) => edit::answered(model, answer, effects),
    }
}

fn connected(model: &mut Model, opened: Opened, effects: &mut Vec<Effect>) {
    let again = matches!(model.link, Link::Lost(_));
    model.link = Link::Open(Box::new(opened.facts));
    if let Some(trouble) = opened.trouble {
        model.notify(Tone::Bad, trouble);
    }
    if let Some(known) = opened.known {
        let words = format!("This database was met as {} before", known.protection.word());
        model.notify(Tone::Bad, words);
        model.target = Some(*known);
    }
    model.start(Slot::Outline, Request::Outline, effects);
    if let Some(target) = &model.target {
        effects.push(Effect::Opened(Box::new(target.clone())));
    }
    if !again {
        model.looks = opened.looks;
        model.staged = Staged::default();
        model.editing = Editing::default();
        model.data = None;
        model.opening = None;
        model.trail.clear();
        model.schema = crate::app::panes::schema::SchemaPane::default();
        model.status = crate::app::panes::status::StatusPane::default();
        model.forget_relations();
        model.focus = Focus::Tree;
        migrations::forget(model, effects);
        if opened.waiting > 0 {
            edit_apply::offer(model, opened.waiting);
        }
        return;
    }
    model.notify(Tone::Good, "Connected again");
    let broken =
        model.data.as_ref().is_some_and(|pane| pane.problem.is_some() || !pane.is_settled());
    if let Some(opening) = model.opening.take() {
        browse::open(model, opening.pane.name, opening.pane.filter, opening.keep, effects);
    } else if broken {
        browse::reread(model, effects);
    }
}

fn relation_read(model: &mut Model, relation: Arc<Relation>, effects: &mut Vec<Effect>) {
    model.keep_relation(Arc::clone(&relation));
    model.staged.relation_read(&relation);
    if model.schema.wanted.as_ref() == Some(&relation.name) {
        let engine = model.engine();
        model.schema.show(Arc::clone(&relation), engine);
    }
    let waits = |opening: &crate::app::model::Opening| {
        opening.pane.name == relation.name && opening.pane.relation.is_none()
    };
    if model.opening.as_deref().is_some_and(waits) {
        browse::prepare(model, relation, effects);
    } else {
        browse::restructure(model, &relation, effects);
    }
}

fn page_read(model: &mut Model, page: Page) {
    model.latency = Some(page.elapsed);
    if model.opening.is_some() {
        browse::arrive(model);
    }
    let ascii = model.ascii;
    let height = layout(model, screen(model)).grid_height();
    if let Some(pane) = &mut model.data {
        let awaiting = pane.awaiting.take().unwrap_or(Awaiting::First);
        pane.replace(page, awaiting, ascii);
        if let Some(total) = pane.exact {
            // The end of a table whose rows were counted: which row it is, is known.
            pane.window.settle_offset(total);
        }
        pane.keep_visible(height);
    }
}

fn extended(model: &mut Model, page: Page) {
    let height = layout(model, screen(model)).grid_height();
    let ascii = model.ascii;
    let Some(pane) = &mut model.data else { return };
    pane.columns.make_room(page.rows.iter(), ascii);
    match pane.extending.take() {
        Some(Side::After) => {
            let cut = pane.window.append(page, pane.top);
            pane.row = pane.row.saturating_sub(cut);
            pane.top = pane.top.saturating_sub(cut);
        }
        Some(Side::Before) => {
            let added = pane.window.prepend(page, pane.row);
            pane.row += added;
            pane.top += added;
        }
        None => {}
    }
    if pane.window.is_whole() {
        pane.exact = Some(pane.window.len() as u64);
    }
    pane.keep_visible(height);
    let owed = std::mem::take(&mut pane.owed);
    if owed != 0 {
        pane.scroll_by(owed, height);
    }
}

fn value_read(model: &mut Model, value: Option<Value>, effects: &mut Vec<Effect>) {
    if !std::mem::take(&mut model.copy_value) {
        return;
    }
    match value {
        Some(value) => clipboard::put(model, &value, effects),
        None => model.notify(Tone::Bad, "The row is gone; R reads the table again"),
    }
}

fn failed(model: &mut Model, slot: Slot, problem: Problem, taken: bool, effects: &mut Vec<Effect>) {
    match slot {
        Slot::Connect => return connect_failed(model, problem),
        // It has connections of its own; that of the rows says for itself when it breaks.
        Slot::Op => return change::failed(model, problem, effects),
        // They have connections of their own too.
        Slot::Standing | Slot::Examine | Slot::Origins | Slot::Timeline => {
            return migrations::failed(model, slot, problem);
        }
        Slot::Status if problem.kind != Kind::Disconnected => {
            return status::failed(model, problem);
        }
        // It has a connection of its own as well.
        Slot::Export if problem.kind != Kind::Cancelled => {
            return model.notify(Tone::Bad, problem.to_string());
        }
        Slot::Scratch => return model.notify(Tone::Bad, problem.to_string()),
        Slot::Edit => {
            edit::failed(model, &problem);
            if problem.kind == Kind::Disconnected {
                lost(model, problem, effects);
            }
            return;
        }
        _ => {}
    }
    if slot == Slot::Value {
        model.copy_value = false;
    }
    if problem.kind == Kind::Disconnected {
        lost(model, problem, effects);
        return;
    }
    if problem.kind == Kind::Cancelled {
        if !taken {
            cancelled(model, slot);
        }
        return;
    }
    match slot {
        // Nobody asked for it, unless somebody did meanwhile: then it is asked for again.
        Slot::Peek => {
            let waiting = model.opening.as_deref().filter(|it| it.pane.relation.is_none());
            if let Some(name) = waiting.map(|opening| opening.pane.name.clone()) {
                model.start(Slot::Relation, Request::Relation(name), effects);
            }
        }
        Slot::Page | Slot::Relation if model.opening.is_some() => {
            // The pane comes all the same: the problem belongs where the rows would be.
            browse::arrive(model);
            set_problem(model, problem);
        }
        Slot::Page | Slot::Extend if model.data.as_ref().is_some_and(DataPane::is_settled) => {
            // The rows that are here are still good.
            if let Some(pane) = &mut model.data {
                pane.awaiting = None;
                pane.extending = None;
                pane.stalled = slot == Slot::Extend;
            }
            model.notify(Tone::Bad, problem.to_string());
        }
        Slot::Page | Slot::Extend => set_problem(model, problem),
        _ if taken => {}
        _ => model.notify(Tone::Bad, problem.to_string()),
    }
}

fn set_problem(model: &mut Model, problem: Problem) {
    if let Some(pane) = &mut model.data {
        pane.awaiting = None;
        pane.extending = None;
        pane.problem = Some(problem);
    }
}

fn cancelled(model: &mut Model, slot: Slot) {
    let opens = matches!(slot, Slot::Page | Slot::Relation | Slot::Peek);
    if opens && model.opening.take().is_some() {
        model.notify(Tone::Plain, "Cancelled; nothing was opened");
        return;
    }
    if slot == Slot::Peek {
        return;
    }
    if slot != Slot::Page {
        model.notify(Tone::Plain, format!("Cancelled {}", slot.doing()));
        return;
    }
    if let Some(pane) = &mut model.data {
        pane.awaiting = None;
        pane.take_back();
    }
    model.notify(Tone::Plain, "Cancelled; the rows are those from before");
}

fn connect_failed(model: &mut Model, problem: Problem) {
    let now = model.now;
    match &mut model.link {
        Link::Lost(lost) => {
            lost.attempts += 1;
            // 1, 2, 4 … up to 15 seconds apart.
            let seconds = (1_u64 << lost.attempts.min(4)).min(15);
            lost.retry_at = now + Duration::from_secs(seconds);
            lost.problem = problem;
        }
        Link::Open(_) => model.notify(Tone::Bad, problem.to_string()),
        _ => model.link = Link::Failed(problem),
    }
}

/// The connection broke: what is on the screen stays, and connecting starts by itself.
fn lost(model: &mut Model, problem: Problem, effects: &mut Vec<Effect>) {
    if let Some(pane) = &mut model.data {
        pane.awaiting = None;
        pane.extending = None;
    }
    let Link::Open(facts) = &model.link else { return };
    let lost = Lost { facts: (**facts).clone(), problem, attempts: 0, retry_at: model.now };
    model.link = Link::Lost(Box::new(lost));
    if let Some(target) = model.target.clone() {
        model.start(Slot::Connect, Request::Connect(Box::new(target)), effects);
    }
}
