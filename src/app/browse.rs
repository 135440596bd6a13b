//! Going from relation to relation: open, follow a key, walk back, filter, sort, read again.

use std::sync::Arc;

use crate::app::effect::{Effect, Slot};
use crate::app::layout::layout;
use crate::app::migrations;
use crate::app::model::{Focus, Link, Model, Opening, Tone, View};
use crate::app::overlays::Overlay;
use crate::app::overlays::cell::Cell;
use crate::app::overlays::references::References;
use crate::app::panes::data::window::Window;
use crate::app::panes::data::{Awaiting, DataPane};
use crate::app::panes::tree::Item;
use crate::app::update::screen;
use crate::db::page::{Condition, Identity, PageColumn, Place, Selection, SortKey};
use crate::db::value::Value;
use crate::ops::session::Request;
use crate::schema::{Incoming, Relation, RelationName};

/// Opens a relation's rows under a filter. What is on the screen stays until the first rows
/// are here; with `keep` it can be come back to.
pub fn open(
    model: &mut Model,
    name: RelationName,
    filter: Vec<Condition>,
    keep: bool,
    effects: &mut Vec<Effect>,
) {
    for slot in [Slot::Extend, Slot::Count] {
        model.abandon(slot, effects);
    }
    model.view = View::Data;
    let same = model.data.as_ref().is_some_and(|pane| pane.name == name && pane.filter == filter);
    if same && model.opening.is_none() && model.data.as_ref().is_some_and(|it| it.problem.is_none())
    {
        return;
    }
    let pane = DataPane::new(name.clone(), filter);
    model.opening = Some(Box::new(Opening { pane, keep }));
    match model.relation(&name) {
        Some(relation) => {
            model.abandon(Slot::Relation, effects);
            prepare(model, relation, effects);
        }
        None => {
            model.abandon(Slot::Page, effects);
            // What is on its way already comes sooner than what is asked for anew.
            if !is_peeking(model, &name) {
                model.start(Slot::Relation, Request::Relation(name), effects);
            }
        }
    }
}

fn is_peeking(model: &Model, name: &RelationName) -> bool {
    model.tickets.is_running(Slot::Peek) && model.peeked.as_ref() == Some(name)
}

/// Reads the relation under the tree's cursor before anybody asks for it: opening it then costs
/// its rows alone.
pub fn peek_ahead(model: &mut Model, effects: &mut Vec<Effect>) {
    let idle = matches!(model.link, Link::Open(_)) && !model.tickets.is_running(Slot::Peek);
    let in_tree = model.focus == Focus::Tree && matches!(model.view, View::Data | View::Schema);
    if !idle || !in_tree || model.opening.is_some() {
        return;
    }
    let Some(Item::Relation(leaf)) = model.tree.current().map(|line| &line.item) else { return };
    if !leaf.readable || model.peeked.as_ref() == Some(&leaf.name) {
        return;
    }
    let name = leaf.name.clone();
    model.peeked = Some(name.clone());
    if model.relation(&name).is_none() {
        model.start(Slot::Peek, Request::Relation(name), effects);
    }
}

/// Gives the opening pane its relation and asks for its first rows.
pub fn prepare(model: &mut Model, relation: Arc<Relation>, effects: &mut Vec<Effect>) {
    let look = model.look(&relation.name);
    let height = page_height(model);
    let target = model.target.clone();
    let Some(opening) = &mut model.opening else { return };
    opening.pane.set_relation(relation, &look, target.as_ref());
    opening.pane.awaiting = Some(Awaiting::First);
    if let Some(request) = opening.pane.request(Place::Start, height) {
        model.start(Slot::Page, Request::Page(Box::new(request)), effects);
    }
}

/// The rows a grid has on this screen, whether it is on it now or not.
pub fn page_height(model: &Model) -> usize {
    let rows = layout(model, screen(model)).grid_height();
    if rows > 0 { rows } else { usize::from(model.size.1.saturating_sub(5)) }
}

/// Puts the opening pane in the place of the one before, which is kept if it should be.
pub fn arrive(model: &mut Model) {
    let Some(opening) = model.opening.take() else { return };
    let before = model.data.replace(opening.pane);
    if let Some(before) = before.filter(|_| opening.keep) {
        let mut before = before;
        before.rest();
        model.trail.push(before);
        // A long walk keeps its latest steps.
        if model.trail.len() > 20 {
            model.trail.remove(0);
        }
    } else if !opening.keep {
        model.trail.clear();
    }
    let name = model.data.as_ref().map(|pane| pane.name.clone());
    if let Some(name) = name {
        let height = layout(model, screen(model)).tree_height();
        model.tree.reveal(&name, height);
    }
}

/// Back to the rows one came from, as they were.
pub fn back(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.trail.pop() {
        Some(pane) => {
            let name = pane.name.clone();
            model.opening = None;
            for slot in [Slot::Page, Slot::Extend, Slot::Count, Slot::Relation] {
                model.abandon(slot, effects);
            }
            model.data = Some(pane);
            model.view = View::Data;
            model.focus = Focus::Main;
            let height = layout(model, screen(model)).tree_height();
            model.tree.reveal(&name, height);
        }
        None => model.notify(Tone::Plain, "This is where you started"),
    }
}

/// Shows the structure of a relation; where one came from is forgotten.
pub fn show_structure(model: &mut Model, name: RelationName, effects: &mut Vec<Effect>) {
    model.schema.trail.clear();
    read_structure(model, name, effects);
}

/// Shows the structure of another relation, from which `back` leads here.
pub fn go_to_structure(model: &mut Model, name: RelationName, effects: &mut Vec<Effect>) {
    if let Some(before) = model.schema.wanted.clone().filter(|before| *before != name) {
        model.schema.trail.push(before);
        // A long walk keeps its latest steps.
        if model.schema.trail.len() > 20 {
            model.schema.trail.remove(0);
        }
    }
    read_structure(model, name, effects);
}

/// Back to the structure one came from.
pub fn back_to_structure(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.schema.trail.pop() {
        Some(name) => read_structure(model, name, effects),
        None => model.notify(Tone::Plain, "This is where you started"),
    }
}

fn read_structure(model: &mut Model, name: RelationName, effects: &mut Vec<Effect>) {
    model.view = View::Schema;
    model.schema.wanted = Some(name.clone());
    match model.relation(&name) {
        Some(relation) => {
            let engine = model.engine();
            model.schema.show(relation, engine);
        }
        None => model.start(Slot::Relation, Request::Relation(name), effects),
    }
}

/// Reads again what is on the screen; connects again when the connection is broken.
pub fn refresh(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Link::Lost(_) = &model.link {
        if let Some(target) = model.target.clone() {
            model.start(Slot::Connect, Request::Connect(Box::new(target)), effects);
        }
        return;
    }
    model.forget_relations();
    model.start(Slot::Outline, Request::Outline, effects);
    if model.migrations.standing.is_some() || model.view == View::Migrations {
        migrations::read(model, effects);
    }
    match model.view {
        View::Migrations => {}
        View::Status => model.status.expire(),
        View::Schema => {
            if let Some(name) = model.schema.wanted.clone() {
                model.start(Slot::Relation, Request::Relation(name), effects);
            }
        }
        View::Data => {
            // Its columns may have changed too.
            if let Some(name) = model.data.as_ref().map(|pane| pane.name.clone()) {
                model.start(Slot::Relation, Request::Relation(name), effects);
            }
            reread(model, effects);
        }
    }
}

/// The structure of the relation on the screen was read again: where it changed, its rows have
/// to be read as it is now.
pub fn restructure(model: &mut Model, relation: &Arc<Relation>, effects: &mut Vec<Effect>) {
    let target = model.target.clone();
    let Some(pane) = model.data.as_mut().filter(|pane| pane.name == relation.name) else { return };
    let Some(before) = &pane.relation else { return };
    if before.columns == relation.columns && before.primary_key == relation.primary_key {
        pane.relation = Some(Arc::clone(relation));
        return;
    }
    let look = pane.columns.look();
    let exists = |name: &String| relation.column(name).is_some();
    let sort = pane.sort.iter().filter(|key| exists(&key.column)).cloned().collect();
    let filter = std::mem::take(&mut pane.filter);
    pane.set_relation(Arc::clone(relation), &look, target.as_ref());
    pane.window = Window::default();
    (pane.row, pane.top) = (0, 0);
    pane.ask_for(filter, sort);
    model.read_page(Place::Start, Awaiting::First, effects);
}

/// Reads the rows on the screen again, staying where the cursor is.
pub fn reread(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(pane) = &mut model.data else { return };
    if pane.relation.is_none() {
        let (name, filter) = (pane.name.clone(), pane.filter.clone());
        open(model, name, filter, false, effects);
        return;
    }
    pane.exact = None;
    let (place, awaiting) = pane.again();
    model.read_page(place, awaiting, effects);
}

/// Sorts by the column under the cursor: up, down, not. With `more` the other sort columns
/// stay before it.
pub fn sort(model: &mut Model, more: bool, effects: &mut Vec<Effect>) {
    let Some(pane) = &mut model.data else { return };
    let Some(column) = pane.columns.current_column().map(|column| column.name.clone()) else {
        return;
    };
    let before = pane.sort.iter().find(|key| key.column == column).map(|key| key.descending);
    let mut sort = if more { pane.sort.clone() } else { Vec::new() };
    sort.retain(|key| key.column != column);
    match before {
        None => sort.push(SortKey { column, descending: false }),
        Some(false) => sort.push(SortKey { column, descending: true }),
        Some(true) => {}
    }
    // The same rows in another order are as many.
    let exact = pane.exact;
    pane.ask_for(pane.filter.clone(), sort);
    pane.exact = exact;
    model.read_page(Place::Start, Awaiting::First, effects);
}

/// Puts other conditions in the place of those in force.
pub fn set_filter(model: &mut Model, filter: Vec<Condition>, effects: &mut Vec<Effect>) {
    let Some(pane) = &mut model.data else { return };
    pane.ask_for(filter, pane.sort.clone());
    model.abandon(Slot::Count, effects);
    model.read_page(Place::Start, Awaiting::First, effects);
}

/// Shows all rows again.
pub fn clear_filter(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.data.as_ref().is_some_and(|pane| pane.filter.is_empty()) {
        model.notify(Tone::Plain, "There is no filter");
    } else {
        set_filter(model, Vec::new(), effects);
    }
}

/// Enter on a cell: along a foreign key where one leads from it, else into the cell.
pub fn enter_cell(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some((name, filter)) = destination(model) {
        open(model, name, filter, true, effects);
    } else {
        peek(model, effects);
    }
}

/// Looks into the cell under the cursor, whatever it is.
pub fn peek(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(cell) = Cell::under_cursor(model, effects) {
        model.overlays.push(Overlay::Cell(cell));
    }
}

/// Where the foreign key of the cell under the cursor leads.
fn destination(model: &Model) -> Option<(RelationName, Vec<Condition>)> {
    let pane = model.data.as_ref()?;
    let (index, value) = pane.current_cell()?;
    let relation = pane.relation.as_ref()?;
    let key = relation.foreign_key_of(&pane.columns.get(index)?.name)?;
    if value.is_null() {
        return None;
    }
    let filter = equals(pane, &key.columns, &key.target_columns)?;
    Some((key.target.clone(), filter))
}

/// Conditions that other columns hold what columns of the row under the cursor hold. `None`
/// where one of them is NULL or not whole, which nothing can refer to.
fn equals(pane: &DataPane, here: &[String], there: &[String]) -> Option<Vec<Condition>> {
    let row = pane.current_row()?;
    let all = pane.columns.all();
    let mut filter = Vec::with_capacity(here.len());
    for (mine, other) in here.iter().zip(there) {
        let index = all.iter().position(|column| column.name == *mine)?;
        let value = row.cells.get(index)?;
        if matches!(value, Value::Null | Value::Truncated(_)) {
            return None;
        }
        filter.push(Condition::Equals { column: other.clone(), value: value.clone() });
    }
    Some(filter)
}

/// One way other rows refer to the row under the cursor.
#[derive(Debug, Clone, PartialEq)]
pub struct Referrer {
    /// The relation and columns that refer.
    pub incoming: Incoming,
    /// What finds the rows.
    pub filter: Vec<Condition>,
}

/// Asks which rows refer to the one under the cursor, and shows what is known at once.
pub fn referencing(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(pane) = &model.data else { return };
    let Some(relation) = pane.relation.clone() else { return };
    if pane.current_row().is_none() {
        return;
    }
    let mut referrers = Vec::new();
    let mut selections = Vec::new();
    for incoming in &relation.incoming {
        let Some(filter) = equals(pane, &incoming.columns, &incoming.source_columns) else {
            continue;
        };
        let columns = incoming.columns.iter().zip(&incoming.source_columns);
        let columns = columns.filter_map(|(mine, theirs)| {
            let column = relation.column(mine)?;
            Some(PageColumn {
                name: theirs.clone(),
                type_name: column.type_name.clone(),
                base_type: column.base_type.clone(),
                nullable: true,
            })
        });
        selections.push(Selection {
            relation: incoming.source.clone(),
            columns: columns.collect(),
            identity: Identity::None,
            filter: filter.clone(),
            sort: Vec::new(),
        });
        referrers.push(Referrer { incoming: incoming.clone(), filter });
    }
    if referrers.is_empty() {
        let text = if relation.incoming.is_empty() {
            format!("No table refers to {}", model.tree.title(&relation.name))
        } else {
            "The key of this row is not one that others can refer to".to_owned()
        };
        model.notify(Tone::Plain, text);
        return;
    }
    model.start(Slot::References, Request::References(selections), effects);
    let list = Box::new(References::new(referrers));
    model.overlays.push(Overlay::References(list));
}

/// Keeps how the columns look now.
pub fn remember_look(model: &mut Model, effects: &mut Vec<Effect>) {
    let (Some(pane), Some(target)) = (&model.data, &model.target) else { return };
    let (name, look) = (pane.name.clone(), pane.columns.look());
    effects.push(Effect::Remember(Box::new((target.clone(), name.clone(), look.clone()))));
    model.looks.set(&name.schema, &name.name, look);
}

impl Model {
    /// Asks for a page that replaces the rows on the screen.
    pub fn read_page(&mut self, place: Place, awaiting: Awaiting, effects: &mut Vec<Effect>) {
        self.abandon(Slot::Extend, effects);
        let height = page_height(self);
        let Some(pane) = &mut self.data else { return };
        let Some(request) = pane.request(place, height) else { return };
        pane.awaiting = Some(awaiting);
        self.start(Slot::Page, Request::Page(Box::new(request)), effects);
    }
}
