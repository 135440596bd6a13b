//! Every command there is, in one table: its id, title, default keys, where it applies and
//! what the footer calls it. The keymap, the help, the palette, the footer and the documented
//! ids of the config all read this table, so they cannot drift apart.

/// What a command is, apart from how it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each variant's meaning is its title in the table")]
pub enum CommandId {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    HalfUp,
    HalfDown,
    First,
    Last,
    FirstColumn,
    LastColumn,
    NextPane,
    DataView,
    SchemaView,
    Open,
    Fold,
    Unfold,
    Find,
    FindNext,
    FindPrevious,
    Filter,
    ClearFilter,
    Sort,
    SortMore,
    Count,
    GoTo,
    Cell,
    Record,
    Follow,
    Back,
    Referencing,
    Hide,
    ShowHidden,
    Pin,
    Narrower,
    Wider,
    Reveal,
    CopyCell,
    CopyRow,
    CopyJson,
    CopySql,
    CopyMarkdown,
    Mark,
    Range,
    EditCell,
    AddRow,
    AddCopy,
    DeleteRow,
    SetNull,
    UndoEdit,
    RedoEdit,
    ReviewEdits,
    DiscardEdits,
    UndoApply,
    UnlockEdits,
    RestoreEdits,
    Refresh,
    Palette,
    Help,
    Theme,
    Mouse,
    Connections,
    Generate,
    Push,
    Compare,
    Cancel,
    Escape,
    Close,
    Suspend,
    Quit,
}

/// Where a command applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Wherever no field takes the letters.
    Everywhere,
    /// In any list or grid: moving.
    Moving,
    /// In the tree of tables.
    Tree,
    /// In the grid of rows.
    Grid,
    /// In the schema view.
    Schema,
}

/// One row of the table.
#[derive(Debug)]
pub struct Command {
    /// What it is.
    pub id: CommandId,
    /// Its name in the config's `[keys]`.
    pub name: &'static str,
    /// What it does, for the help and the palette.
    pub title: &'static str,
    /// Its keys, each a chord of keys parted by spaces, unless the config says otherwise.
    pub keys: &'static [&'static str],
    /// Where it applies.
    pub scope: Scope,
    /// One or two words for the footer; empty keeps it out of the footer.
    pub hint: &'static str,
}

const fn row(
    id: CommandId,
    name: &'static str,
    scope: Scope,
    keys: &'static [&'static str],
    title: &'static str,
    hint: &'static str,
) -> Command {
    Command { id, name, title, keys, scope, hint }
}

use CommandId as C;
use Scope::{Everywhere, Grid, Moving, Schema, Tree};

/// The table. Its order is the order of the help, and of the footer's hints.
pub const COMMANDS: &[Command] = &[
    row(C::Open, "open", Tree, &["enter"], "Open the table, or fold and unfold", "open"),
    row(
        C::Cell,
        "cell",
        Grid,
        &["enter"],
        "Open the cell; on a foreign key, go to the row",
        "open",
    ),
    row(C::EditCell, "edit", Grid, &["e", "i"], "Edit the cell, in all marked rows", "edit"),
    row(C::AddRow, "add", Grid, &["a"], "Add a row", "add"),
    row(C::AddCopy, "add-copy", Grid, &["A"], "Add a row as a copy of this one", ""),
    row(C::DeleteRow, "delete", Grid, &["d d", "del"], "Mark for deletion, or unmark", "delete"),
    row(C::ReviewEdits, "review", Everywhere, &["ctrl+s"], "Review the edits, and apply", "review"),
    row(C::SetNull, "null", Grid, &["x"], "Set the cell to NULL, in all marked rows", ""),
    row(C::UndoEdit, "undo", Grid, &["u"], "Take the latest edit back", ""),
    row(C::RedoEdit, "redo", Grid, &["ctrl+r"], "Do it again", ""),
    row(C::UndoApply, "undo-apply", Grid, &["U"], "Take back what was applied last", ""),
    row(C::DiscardEdits, "discard", Grid, &[], "Take all edits back; u brings them again", ""),
    row(C::RestoreEdits, "restore", Everywhere, &[], "Bring back edits of a studio that ended", ""),
    row(C::UnlockEdits, "unlock", Everywhere, &[], "Unlock production for editing", ""),
    row(C::Filter, "filter", Grid, &["f"], "Filter by this column, on the server", "filter"),
    row(C::ClearFilter, "clear-filter", Grid, &["F"], "Clear the filter", ""),
    row(C::Sort, "sort", Grid, &["s"], "Sort by this column: up, down, not", "sort"),
    row(C::SortMore, "sort-more", Grid, &["S"], "Sort by this column too, after the others", ""),
    row(
        C::Find,
        "find",
        Everywhere,
        &["/"],
        "Find: in the loaded rows, or among the tables",
        "find",
    ),
    row(C::FindNext, "find-next", Grid, &["n"], "Next match", ""),
    row(C::FindPrevious, "find-previous", Grid, &["N"], "Previous match", ""),
    row(C::Record, "record", Grid, &["r"], "Show the row as a record, one line a column", "record"),
    row(C::Follow, "peek", Grid, &["p"], "Look into the cell, whatever it is", ""),
    row(C::Referencing, "referencing", Grid, &["O"], "Which rows refer to this one", "referrers"),
    row(C::Back, "back", Everywhere, &["ctrl+o", "backspace"], "Back to where you came from", ""),
    row(C::CopyCell, "copy-cell", Grid, &["y c", "y y"], "Copy the cell", "copy"),
    row(C::CopyRow, "copy-row", Grid, &["y r"], "Copy the row, tab-separated", ""),
    row(C::CopyJson, "copy-json", Grid, &["y j"], "Copy the row as JSON", ""),
    row(C::CopySql, "copy-sql", Grid, &["y s"], "Copy the row as an INSERT statement", ""),
    row(C::CopyMarkdown, "copy-markdown", Grid, &["y m"], "Copy the row as a Markdown table", ""),
    row(C::Mark, "mark", Grid, &["space"], "Mark the row; copies and edits take all of them", ""),
    row(C::Range, "range", Grid, &["v"], "Begin a range of rows, or mark those in it", ""),
    row(C::Count, "count", Grid, &["#"], "Count the rows exactly", ""),
    row(C::GoTo, "go-to", Grid, &["%"], "Go to a place in the table, in percent", ""),
    row(C::Hide, "hide", Grid, &["-"], "Hide this column", ""),
    row(C::ShowHidden, "show-hidden", Grid, &["_"], "Show all hidden columns", ""),
    row(C::Pin, "pin", Grid, &["!"], "Pin this column to the left, or let it go", ""),
    row(C::Narrower, "narrower", Grid, &["<"], "Make this column narrower", ""),
    row(C::Wider, "wider", Grid, &[">"], "Make this column wider", ""),
    row(C::Reveal, "reveal", Grid, &["z"], "Reveal this masked column, or mask it again", ""),
    row(C::Unfold, "unfold", Tree, &["right", "l"], "Unfold", ""),
    row(C::Fold, "fold", Tree, &["left", "h"], "Fold, or go to the parent", ""),
    row(C::Up, "up", Moving, &["up", "k"], "Up", ""),
    row(C::Down, "down", Moving, &["down", "j"], "Down", ""),
    row(C::Left, "left", Moving, &["left", "h"], "Left", ""),
    row(C::Right, "right", Moving, &["right", "l"], "Right", ""),
    row(C::PageUp, "page-up", Moving, &["pgup", "ctrl+b"], "A page up", ""),
    row(C::PageDown, "page-down", Moving, &["pgdn", "ctrl+f"], "A page down", ""),
    row(C::HalfUp, "half-page-up", Moving, &["ctrl+u"], "Half a page up", ""),
    row(C::HalfDown, "half-page-down", Moving, &["ctrl+d"], "Half a page down", ""),
    row(C::First, "first", Moving, &["g g", "ctrl+home"], "To the first row", ""),
    row(C::Last, "last", Moving, &["G", "ctrl+end"], "To the last row", ""),
    row(C::FirstColumn, "first-column", Moving, &["0", "home"], "To the first column", ""),
    row(C::LastColumn, "last-column", Moving, &["$", "end"], "To the last column", ""),
    row(C::NextPane, "next-pane", Everywhere, &["tab"], "To the other pane", ""),
    row(C::DataView, "data", Everywhere, &["1"], "View the data", ""),
    row(C::SchemaView, "schema", Everywhere, &["2"], "View the schema", ""),
    row(C::Refresh, "refresh", Everywhere, &["R"], "Read again; when disconnected, connect", ""),
    row(
        C::Palette,
        "palette",
        Everywhere,
        &[":", "ctrl+p"],
        "Commands and tables by name",
        "commands",
    ),
    row(C::Help, "help", Everywhere, &["?", "f1"], "All keys", "help"),
    row(C::Theme, "theme", Everywhere, &["T"], "Next theme", ""),
    row(C::Mouse, "mouse", Everywhere, &["m"], "Hand the mouse to the terminal, or take it", ""),
    row(C::Connections, "connections", Everywhere, &["C"], "Open another database", ""),
    row(C::Generate, "generate", Everywhere, &[], "Generate a migration from the schema", ""),
    row(C::Push, "push", Everywhere, &[], "Push the schema to this database", ""),
    row(C::Compare, "diff", Everywhere, &[], "Show how this database differs from the schema", ""),
    row(C::Cancel, "cancel", Everywhere, &["ctrl+c"], "Cancel what runs; else leave", ""),
    row(
        C::Escape,
        "escape",
        Everywhere,
        &["esc"],
        "One level out; never leaves, never discards",
        "",
    ),
    row(
        C::Close,
        "close",
        Everywhere,
        &["q"],
        "Leave; asks first when something runs or waits",
        "",
    ),
    row(C::Suspend, "suspend", Everywhere, &["ctrl+z"], "Back to the shell; fg returns", ""),
    row(C::Quit, "quit", Everywhere, &[], "Leave at once, cancelling what runs", ""),
    row(C::Open, "open-schema", Schema, &["enter"], "Go to what the line names", "go"),
    row(
        C::CopyCell,
        "copy-line",
        Schema,
        &["y y", "y c"],
        "Copy the line; within the definition, all of it",
        "copy",
    ),
];

/// The command of that name in the config.
pub fn named(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|row| row.name == name)
}
