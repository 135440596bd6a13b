//! The record view: the row under the cursor, one column after the other.
//!
//! It keeps no values: it shows the grid's own row, so going to the next row is the grid's
//! business.

use ratatui::layout::Rect;

use crate::app::clipboard;
use crate::app::effect::Effect;
use crate::app::field::Field;
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::layout::layout;
use crate::app::model::{Model, Tone};
use crate::app::overlays::cell::Cell;
use crate::app::overlays::cell::wrap::span_rows;
use crate::app::overlays::place::{Scroll, centred, inside, line_at, signed};
use crate::app::overlays::{Next, Overlay};
use crate::app::panes::data::DataPane;
use crate::app::panes::data::columns::{GridColumn, Sort};
use crate::app::span::{Ink, Span};
use crate::app::update::screen;
use crate::db::value::Value;
use crate::text;

/// The rows one value takes at most.
const MOST_ROWS: usize = 3;

/// The widest the names are made, and the types.
const WIDEST: usize = 28;

/// The record view.
#[derive(Debug)]
pub struct Record {
    /// The cursor among the columns that are not narrowed away.
    pub list: Scroll,
    /// What the names of the columns are narrowed by; `None` while nobody types it.
    pub find: Option<Field>,
    wanted: String,
}

/// One column of the record, ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The column's index in the catalogue's order.
    pub index: usize,
    /// Its name, with the marks of keys.
    pub name: Vec<Span<'static>>,
    /// Its type.
    pub type_name: String,
    /// The value, in rows.
    pub rows: Vec<Vec<Span<'static>>>,
}

/// The widths of the three columns of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Widths {
    /// The names with their marks.
    pub name: u16,
    /// The types; nothing where there is no room.
    pub type_name: u16,
    /// The values.
    pub value: u16,
}

impl Record {
    /// The row under the cursor, the cursor on the same column.
    pub fn new(model: &Model) -> Option<Self> {
        let pane = model.data.as_ref()?;
        pane.current_row()?;
        let mut record = Self { list: Scroll::default(), find: None, wanted: String::new() };
        let cursor = pane.columns.current().unwrap_or(0);
        record.to(cursor, model);
        Some(record)
    }

    /// What the names are narrowed by.
    pub fn wanted(&self) -> &str {
        &self.wanted
    }

    /// The indexes of the columns that are not narrowed away.
    pub fn columns(&self, pane: &DataPane) -> Vec<usize> {
        let all = pane.columns.all().iter().enumerate();
        let hit = |column: &GridColumn| {
            self.wanted.is_empty() || column.name.to_lowercase().contains(&self.wanted)
        };
        all.filter(|(_, column)| hit(column)).map(|(index, _)| index).collect()
    }

    /// The widths on this screen.
    pub fn widths(&self, model: &Model) -> Widths {
        let room = inside(self.area(model)).width;
        let columns = model.data.as_ref().map(|pane| pane.columns.all()).unwrap_or_default();
        let widest = |words: fn(&GridColumn) -> &str| {
            let wide = |column: &GridColumn| text::width(&text::visible(words(column), false));
            columns.iter().map(wide).max().unwrap_or(0).min(WIDEST)
        };
        let short = |cells: usize| u16::try_from(cells).unwrap_or(u16::MAX);
        let name = short(widest(|column| &column.name) + 2);
        let type_name = short(widest(|column| &column.type_name)).min(room / 4);
        let value = room.saturating_sub(name + type_name + 4);
        Widths { name, type_name, value }
    }

    /// The columns on the screen, each with its value, from the top on.
    pub fn items(&self, model: &Model) -> Vec<Item> {
        let Some(pane) = &model.data else { return Vec::new() };
        let widths = self.widths(model);
        let height = usize::from(self.lines(self.area(model)).height);
        let mut used = 0;
        let mut items = Vec::new();
        for index in self.columns(pane).into_iter().skip(self.list.top) {
            if used >= height {
                break;
            }
            let Some(item) = item(pane, index, usize::from(widths.value), model.ascii) else {
                break;
            };
            used += item.rows.len();
            items.push(item);
        }
        items
    }

    /// Where it stands.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let columns = model.data.as_ref().map_or(0, |pane| pane.columns.all().len());
        let width = (u32::from(screen.width) * 4 / 5).clamp(72, 112) as u16;
        // Room for some long values, without a desert below a few short ones.
        let lines = u16::try_from(columns + columns / 3).unwrap_or(u16::MAX).saturating_add(4);
        centred(screen, width, lines.min(screen.height.saturating_sub(2)))
    }

    /// Where the columns stand in there: above the line that narrows them, if there is one.
    pub fn lines(&self, area: Rect) -> Rect {
        let inner = inside(area);
        let find = u16::from(self.find.is_some() || !self.wanted.is_empty());
        Rect { height: inner.height.saturating_sub(find), ..inner }
    }

    /// The index of the column under the cursor.
    fn current(&self, model: &Model) -> Option<usize> {
        let pane = model.data.as_ref()?;
        self.columns(pane).get(self.list.cursor).copied()
    }

    /// Moves the cursor to a column, by its index, as far as it is not narrowed away.
    fn to(&mut self, index: usize, model: &Model) {
        let Some(pane) = &model.data else { return };
        let columns = self.columns(pane);
        let place = columns.iter().position(|column| *column == index).unwrap_or(0);
        self.place(place, model);
    }

    /// Moves the cursor and keeps all rows of its value on the screen.
    fn place(&mut self, place: usize, model: &Model) {
        let Some(pane) = &model.data else { return };
        let columns = self.columns(pane);
        let height = usize::from(self.lines(self.area(model)).height).max(1);
        let wide = usize::from(self.widths(model).value);
        self.list.cursor = place.min(columns.len().saturating_sub(1));
        self.list.top = self.list.top.min(self.list.cursor);
        let rows = |place: usize| {
            let index = columns.get(place).copied();
            let item = index.and_then(|index| item(pane, index, wide, model.ascii));
            item.map_or(1, |item| item.rows.len())
        };
        let mut used = 0;
        let mut first = self.list.cursor;
        for place in (self.list.top..=self.list.cursor).rev() {
            used += rows(place);
            if used > height {
                break;
            }
            first = place;
        }
        self.list.top = self.list.top.max(first);
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        if self.find.is_some() {
            return self.find_key(key, model);
        }
        let page = signed((usize::from(self.lines(self.area(model)).height) / 2).max(1));
        let step = match key.code {
            Code::Char('c') if key.ctrl => return Next::Close,
            Code::Char('d') if key.ctrl => page,
            Code::Char('u') if key.ctrl => -page,
            _ if key.ctrl || key.alt => 0,
            Code::Esc if !self.wanted.is_empty() => {
                let index = self.current(model);
                self.wanted.clear();
                self.to(index.unwrap_or(0), model);
                0
            }
            Code::Esc | Code::Char('q' | 'r') => return Next::Close,
            Code::Up | Code::Char('k') => -1,
            Code::Down | Code::Char('j') => 1,
            Code::PageUp => -page,
            Code::PageDown | Code::Char(' ') => page,
            Code::Home | Code::Char('g') => isize::MIN,
            Code::End | Code::Char('G') => isize::MAX,
            Code::Char('n' | 'J' | 'l') | Code::Right => return self.row(1, model),
            Code::Char('p' | 'K' | 'h') | Code::Left => return self.row(-1, model),
            Code::Enter => return self.open(model, effects),
            Code::Char('/') => {
                self.find = Some(Field::new(&self.wanted));
                0
            }
            Code::Char('y') => {
                if let Some(index) = self.current(model) {
                    clipboard::column(model, index, effects);
                }
                0
            }
            Code::Char('z') => {
                self.reveal(model);
                0
            }
            _ => 0,
        };
        if step != 0 {
            self.place(self.list.cursor.saturating_add_signed(step), model);
            self.sync(model);
        }
        Next::Stay
    }

    fn find_key(&mut self, key: Key, model: &mut Model) -> Next {
        let Some(field) = &mut self.find else { return Next::Stay };
        match key.code {
            Code::Enter => self.find = None,
            Code::Esc => {
                let index = self.current(model);
                self.find = None;
                self.wanted.clear();
                self.to(index.unwrap_or(0), model);
            }
            Code::Up => self.place(self.list.cursor.saturating_sub(1), model),
            Code::Down => self.place(self.list.cursor + 1, model),
            Code::Char('c') if key.ctrl => return Next::Close,
            _ => {
                if field.key(key) {
                    self.narrow(model);
                }
            }
        }
        self.sync(model);
        Next::Stay
    }

    fn narrow(&mut self, model: &Model) {
        let index = self.current(model);
        if let Some(field) = &self.find {
            self.wanted = field.text().to_lowercase();
            self.list = Scroll::default();
            self.to(index.unwrap_or(0), model);
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str, model: &Model) -> Next {
        if let Some(field) = &mut self.find {
            field.paste(text);
            self.narrow(model);
        }
        Next::Stay
    }

    /// Takes the mouse: a click moves the cursor, and opens what it is on; one outside closes.
    pub fn mouse(&mut self, mouse: Mouse, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let area = self.area(model);
        match mouse.action {
            MouseAction::WheelUp => self.place(self.list.cursor.saturating_sub(1), model),
            MouseAction::WheelDown => self.place(self.list.cursor + 1, model),
            MouseAction::Press if line_at(area, mouse).is_none() => return Next::Close,
            MouseAction::Press => {
                if let Some(line) = line_at(self.lines(area), mouse) {
                    let mut below = 0;
                    for (at, item) in self.items(model).iter().enumerate() {
                        below += item.rows.len();
                        if line < below {
                            let place = self.list.top + at;
                            let again = place == self.list.cursor;
                            self.place(place, model);
                            self.sync(model);
                            return if again { self.open(model, effects) } else { Next::Stay };
                        }
                    }
                }
            }
            _ => {}
        }
        Next::Stay
    }

    /// Moves the grid's cursor to the same column, so that both agree when this closes.
    fn sync(&self, model: &mut Model) {
        let Some(index) = self.current(model) else { return };
        let cells = layout(model, screen(model)).grid_width();
        let Some(pane) = &mut model.data else { return };
        if let Some(place) = pane.columns.shown().iter().position(|shown| *shown == index) {
            pane.columns.move_to(place, cells);
        }
    }

    fn row(&mut self, step: isize, model: &mut Model) -> Next {
        let height = layout(model, screen(model)).grid_height();
        if let Some(pane) = &mut model.data {
            pane.move_by(step, height);
        }
        self.place(self.list.cursor, model);
        Next::Stay
    }

    fn open(&self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let Some(index) = self.current(model) else { return Next::Stay };
        match Cell::at(model, index, effects) {
            Some(cell) => Next::Over(Box::new(Overlay::Cell(cell))),
            None => Next::Stay,
        }
    }

    fn reveal(&self, model: &mut Model) {
        let Some(index) = self.current(model) else { return };
        let Some(pane) = &mut model.data else { return };
        if !pane.columns.get(index).is_some_and(|column| column.masked) {
            model.notify(Tone::Plain, "This column is not masked");
        } else if !pane.revealed.remove(&index) {
            pane.revealed.insert(index);
        }
    }
}

fn item(pane: &DataPane, index: usize, cells: usize, ascii: bool) -> Option<Item> {
    let column = pane.columns.get(index)?;
    let value = pane.current_row()?.cells.get(index)?;
    let mark = match (column.primary, column.foreign) {
        (true, _) => Span::key(),
        (false, true) => Span::link(),
        (false, false) => Span::new(Ink::Text, " "),
    };
    let name = vec![mark, Span::new(Ink::Strong, format!(" {}", column.name))];
    let rows = if pane.is_shown(index) {
        value_rows(value, column.sort, cells, ascii)
    } else {
        vec![vec![Span::new(Ink::Masked, "••••••")]]
    };
    Some(Item { index, name, type_name: column.type_name.clone(), rows })
}

/// A value in at most three rows; what is cut off leaves its size.
fn value_rows(value: &Value, sort: Sort, cells: usize, ascii: bool) -> Vec<Vec<Span<'static>>> {
    let plain = value.peek().plain();
    let ink = match (value.peek(), sort) {
        (Value::Null, _) => return vec![vec![Span::null()]],
        (Value::Text(text), _) if text.is_empty() => {
            return vec![vec![Span::new(Ink::Muted, "''")]];
        }
        (Value::Integer(_) | Value::Real(_), _) | (_, Sort::Number) => Ink::Number,
        (Value::Blob(_) | Value::Malformed(_), _) => Ink::Muted,
        _ => Ink::Text,
    };
    let start = text::head(&plain, (cells + 1) * MOST_ROWS * 8);
    let mut rows = span_rows(&[Span::new(ink, start)], cells, ascii);
    let size = match value {
        Value::Truncated(long) => long.bytes,
        _ => plain.len() as u64,
    };
    let cut = rows.len() > MOST_ROWS || start.len() < plain.len();
    if cut || matches!(value, Value::Truncated(_)) {
        rows.truncate(MOST_ROWS);
        let said = format!("… {}", text::short_bytes(size));
        if let Some(row) = rows.last_mut() {
            let room = cells.saturating_sub(said.chars().count());
            let first = span_rows(row, room, ascii).into_iter().next().unwrap_or_default();
            *row = first;
            row.push(Span::new(Ink::Muted, said));
        }
    }
    rows
}
