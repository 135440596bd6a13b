//! Small pieces the screens are drawn with: lines of text, panes, dialogs, fields, hints.
//!
//! They draw straight into a buffer, take every colour from a role and every sign from the
//! glyphs, and keep nothing between two frames. None of them knows what it shows.

pub mod dialog;
pub mod field;
pub mod keyhints;
pub mod line;
pub mod panel;
pub mod scrollbar;
pub mod spinner;
