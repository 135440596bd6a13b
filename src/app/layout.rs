//! Where everything stands on a screen of a given size: shared by the views, which draw
//! there, and by the mouse, which clicks there. It decides geometry and nothing else.

use ratatui::layout::Rect;

use crate::app::model::{Link, Model, View};
use crate::app::panes::data::DataPane;
use crate::app::panes::data::columns::{GAP, Sort};

/// The smallest screen that is drawn on.
pub const SMALLEST: (u16, u16) = (60, 16);

/// The areas of one screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// Whether the screen is too small for anything.
    pub too_small: bool,
    /// The line at the top.
    pub header: Rect,
    /// The tree with its border; empty on the welcome screen.
    pub tree: Rect,
    /// The lines of the tree.
    pub tree_lines: Rect,
    /// The main pane with its border.
    pub main: Rect,
    /// The main pane within its border.
    pub body: Rect,
    /// The line of column names in the grid.
    pub grid_header: Rect,
    /// The rows of the grid.
    pub grid_rows: Rect,
    /// The new rows under the others; empty without any.
    pub new_rows: Rect,
    /// The line of the filter under the grid; empty without one.
    pub filter: Rect,
    /// What stands above the text of a migration: how it stands.
    pub head: Rect,
    /// The text of a migration.
    pub text: Rect,
    /// What stands below the list of migrations: how many stand how.
    pub summary: Rect,
    /// The columns on the screen, from left to right.
    pub columns: Vec<ColumnPlace>,
    /// The line at the bottom.
    pub footer: Rect,
}

/// Where one column of the grid stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnPlace {
    /// Its place among the shown columns.
    pub place: usize,
    /// Its index in the catalogue's order.
    pub index: usize,
    /// Its first cell of the screen.
    pub x: u16,
    /// The cells it has on this screen; fewer than its width where the edge cuts it.
    pub width: u16,
}

/// The width of the strip at the left of the grid that marks rows.
pub const GUTTER: u16 = 1;

/// From this width on the sheets of the status view stand beside each other.
const BESIDE: u16 = 100;

/// The areas of a screen of this size.
pub fn layout(model: &Model, area: Rect) -> Layout {
    let mut out = Layout::default();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        out.too_small = true;
        return out;
    }
    out.header = Rect { height: 1, ..area };
    out.footer = Rect { y: area.bottom() - 1, height: 1, ..area };
    let middle = Rect { y: area.y + 1, height: area.height - 2, ..area };
    if matches!(model.link, Link::None | Link::Failed(_) | Link::Opening) {
        out.main = middle;
        out.body = inner(middle);
        return out;
    }
    if model.view == View::Status {
        status(middle, &mut out);
        return out;
    }
    let wide = match model.view {
        View::Migrations => list_width(area.width),
        _ => tree_width(area.width),
    };
    out.tree = Rect { width: wide, ..middle };
    out.tree_lines = inner(out.tree);
    out.main = Rect { x: middle.x + wide, width: middle.width - wide, ..middle };
    out.body = inner(out.main);
    match model.view {
        View::Data => {
            let added = model.data.as_ref().map_or(0, |pane| model.staged.counts(&pane.name).added);
            grid(model.data.as_ref(), added, &mut out);
        }
        View::Migrations => migrations(model, &mut out),
        View::Schema | View::Status => {}
    }
    out
}

/// Two sheets: beside each other where there is room, else one above the other.
fn status(middle: Rect, out: &mut Layout) {
    if middle.width >= BESIDE {
        let wide = middle.width / 2;
        out.tree = Rect { width: wide, ..middle };
        out.main = Rect { x: middle.x + wide, width: middle.width - wide, ..middle };
    } else {
        let high = middle.height / 2;
        out.tree = Rect { height: high, ..middle };
        out.main = Rect { y: middle.y + high, height: middle.height - high, ..middle };
    }
    out.tree_lines = inner(out.tree);
    out.body = inner(out.main);
}

/// The list with its summary below, the head and the text of the one under the cursor.
fn migrations(model: &Model, out: &mut Layout) {
    // A rule, how many stand how, and where the database remembers them.
    let counts = u16::try_from(model.migrations.summary().len()).unwrap_or(u16::MAX);
    let below = if model.migrations.standing.is_some() { counts.saturating_add(2) } else { 0 };
    let list = out.tree_lines;
    let below = below.min(list.height.saturating_sub(3));
    out.tree_lines = Rect { height: list.height - below, ..list };
    out.summary = Rect { y: list.bottom() - below, height: below, ..list };
    // A blank cell at each side keeps the words off the frame.
    let body = Rect {
        x: out.body.x.saturating_add(1),
        width: out.body.width.saturating_sub(2),
        ..out.body
    };
    let head = model.migrations.head().height().min(body.height / 2);
    out.head = Rect { height: head, ..body };
    out.text = Rect { y: body.y + head, height: body.height - head, ..body };
}

fn inner(area: Rect) -> Rect {
    Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

/// A quarter of the screen, within reason.
fn tree_width(width: u16) -> u16 {
    (width / 4).clamp(20, 38)
}

/// Nearly half of the screen: how a migration stands and since when is told in the list.
fn list_width(width: u16) -> u16 {
    (u32::from(width) * 47 / 100).try_into().unwrap_or(width).clamp(30, 72)
}

fn grid(data: Option<&DataPane>, added: usize, out: &mut Layout) {
    let body = out.body;
    let narrowed = data.is_some_and(|pane| !pane.filter.is_empty());
    let filter = u16::from(narrowed && body.height > 4);
    out.grid_header = Rect { height: 1.min(body.height), ..body };
    out.filter = Rect { y: body.bottom().saturating_sub(filter), height: filter, ..body };
    let height = body.height.saturating_sub(1 + filter);
    // New rows follow the last of the others where that is in sight, and never take more than
    // half of the room.
    let new_rows = u16::try_from(added).unwrap_or(u16::MAX).min(height / 2);
    let height = height - new_rows;
    out.grid_rows = Rect { y: body.y + 1, height, ..body };
    let shown = data.map_or(0, |pane| pane.window.len().saturating_sub(pane.top));
    let above = u16::try_from(shown).unwrap_or(u16::MAX).min(height);
    out.new_rows = Rect { y: body.y + 1 + above, height: new_rows, ..body };
    if let Some(pane) = data {
        out.columns = places(pane, body);
    }
}

/// The columns that fit: pinned ones, then the others from the leftmost on.
fn places(pane: &DataPane, body: Rect) -> Vec<ColumnPlace> {
    let columns = &pane.columns;
    let pinned = columns.pinned();
    let scrolled = columns.left()..columns.shown().len();
    let mut out = Vec::new();
    let mut x = body.x + GUTTER;
    for place in (0..pinned).chain(scrolled) {
        let Some(index) = columns.shown().get(place).copied() else { break };
        let Some(column) = columns.get(index) else { break };
        if x >= body.right() {
            break;
        }
        let width = column.width.min(body.right() - x);
        // A sliver of a column says nothing; the sign at the edge says that there is more.
        if width < column.width.min(4) && !out.is_empty() {
            break;
        }
        out.push(ColumnPlace { place, index, x, width });
        x = x.saturating_add(width + GAP);
    }
    widen_last(pane, body, &mut out);
    out
}

/// The last column takes the room that is left: what does not fit its width need not be cut
/// where nothing stands beside it. Numbers stay where they are, at the right of their width.
fn widen_last(pane: &DataPane, body: Rect, out: &mut [ColumnPlace]) {
    let Some(last) = out.last_mut() else { return };
    let number = pane.columns.get(last.index).is_some_and(|column| column.sort == Sort::Number);
    if !number && last.place + 1 == pane.columns.shown().len() {
        last.width = last.width.max(body.right().saturating_sub(last.x));
    }
}

impl Layout {
    /// The rows of the grid that fit the screen.
    pub fn grid_height(&self) -> usize {
        usize::from(self.grid_rows.height)
    }

    /// The lines of the tree that fit the screen.
    pub fn tree_height(&self) -> usize {
        usize::from(self.tree_lines.height)
    }

    /// The cells the text of a migration has.
    pub fn text_width(&self) -> u16 {
        self.text.width
    }

    /// The cells the grid's columns have.
    pub fn grid_width(&self) -> u16 {
        self.grid_rows.width.saturating_sub(GUTTER)
    }
}
