//! The way out of the box and back: the person's own editor, a file to read the value from, a file
//! to write it to.
//!
//! What comes back is staged only once the database has proven it; what it does not take stays in
//! the box. Values of masked columns never go out. Nothing here touches a file itself.

use super::{Editor, LONGEST_OUTSIDE};
use crate::app::edit_rows::held;
use crate::app::effect::{Draft, Effect, Slot};
use crate::app::field::Page;
use crate::app::key::Code;
use crate::app::model::{Model, Tone};
use crate::app::overlays::prompt::{Prompt, Purpose};
use crate::app::overlays::{Next, Overlay};
use crate::db::edit::Typed;
use crate::db::page::ValueRequest;
use crate::db::value::Value;
use crate::ops::edit::{Content, Outgoing, Request};
use crate::ops::session;
use crate::text;

/// How a cell is edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In the box.
    Box,
    /// In the person's own editor, with the box behind it.
    Outside,
}

/// The longest value that is written to a file, in bytes as the database tells them.
const LONGEST_TO_FILE: u64 = 512 << 20;

impl Editor {
    /// Whether the cell holds bytes rather than text.
    pub(super) fn holds_bytes(&self, value: Option<&Value>) -> bool {
        let Some(column) = self.of.relation.column(&self.name) else { return false };
        if !column.base_type.is_empty() {
            return column.base_type == "bytea";
        }
        matches!(value.map(Value::peek), Some(Value::Blob(_)))
            || column.type_name.to_ascii_uppercase().contains("BLOB")
    }

    /// Whether a file can be read into it and written from it.
    pub fn takes_files(&self) -> bool {
        !self.is_closed
    }

    /// Whether it holds bytes.
    pub fn is_bytes(&self) -> bool {
        self.is_bytes
    }

    fn is_secret(&self) -> bool {
        self.of.masked.contains(&self.name)
    }

    /// Opens the person's own editor on what is in the box.
    pub(super) fn ask_out(&mut self, model: &mut Model, effects: &mut Vec<Effect>) {
        if self.reading {
            return;
        }
        if self.is_secret() {
            self.complaint = Some("masked: its values are not written to a file".to_owned());
            return;
        }
        self.is_going_out = true;
        if let Some(bytes) = self.too_long.filter(|_| self.page.text().is_empty()) {
            if bytes > LONGEST_OUTSIDE {
                self.is_going_out = false;
                let most = text::short_bytes(LONGEST_OUTSIDE);
                self.complaint =
                    Some(format!("longer than {most}: ctrl+s writes it to a file instead"));
                return;
            }
            self.too_long = None;
            self.read_whole(model, effects);
        }
        self.go_out(effects);
    }

    /// Opens the person's own editor, if that waits for nothing any more.
    pub(super) fn go_out(&mut self, effects: &mut Vec<Effect>) {
        if !self.is_going_out || self.reading {
            return;
        }
        self.is_going_out = false;
        let kind = match () {
            () if self.is_json => "json",
            () if self.type_name.eq_ignore_ascii_case("xml") => "xml",
            () => "txt",
        };
        let safe =
            |letter: char| if letter.is_alphanumeric() || letter == '_' { letter } else { '-' };
        let name: String = self.name.chars().take(60).map(safe).collect();
        let (name, text) = (format!("{name}.{kind}"), self.page.text());
        effects.push(Effect::Draft(Box::new(Draft { name, text })));
    }

    /// Takes what the person's own editor left, and what went wrong there.
    pub fn come_back(
        &mut self,
        written: Option<String>,
        trouble: Option<String>,
        model: &mut Model,
        effects: &mut Vec<Effect>,
    ) -> Next {
        let before = self.page.text();
        let written = written.map(|text| match text.strip_suffix('\n') {
            // Editors end a file with a line end that nobody typed.
            Some(cut) if !before.ends_with('\n') => cut.to_owned(),
            _ => text,
        });
        let is_new = written.as_ref().is_some_and(|text| *text != before);
        if let Some(text) = written.as_ref().filter(|_| is_new) {
            self.page = Page::new(text);
            self.changed();
        }
        if let Some(trouble) = trouble {
            let kept = if is_new { "; what was written is here, and not staged" } else { "" };
            self.complaint = Some(format!("{trouble}{kept}"));
            return Next::Stay;
        }
        match written {
            Some(text) if is_new => self.stage_text(text, model, effects),
            _ if before == self.first => {
                model.notify(Tone::Plain, "Nothing was changed");
                return self.leave(model, effects);
            }
            _ => {}
        }
        Next::Stay
    }

    /// Asks for a file to read the value from, or to write it to.
    pub(super) fn ask_file(&mut self, code: Code) -> Next {
        if !self.takes_files() || self.reading {
            return Next::Stay;
        }
        let purpose = if code == Code::Char('l') { Purpose::FromFile } else { Purpose::ToFile };
        if purpose == Purpose::ToFile && self.is_secret() {
            self.complaint = Some("masked: its values are not written to a file".to_owned());
            return Next::Stay;
        }
        Next::Over(Box::new(Overlay::Prompt(Box::new(Prompt::new(purpose, "")))))
    }

    /// Begins to read the value from a file.
    pub fn read_file(&mut self, path: &str, model: &mut Model, effects: &mut Vec<Effect>) {
        self.complaint = None;
        let request = Request::FromFile { path: path.to_owned(), as_bytes: self.is_bytes };
        model.start(Slot::Edit, session::Request::Edit(request), effects);
    }

    /// Takes what a file holds: it is staged once it is proven.
    pub fn take_file(&mut self, typed: Typed, model: &mut Model, effects: &mut Vec<Effect>) {
        match typed {
            Typed::Text(text) => {
                self.page = Page::new(&text);
                self.changed();
                self.stage_text(text, model, effects);
            }
            other => {
                self.changed();
                self.stage(other, model, effects);
            }
        }
    }

    /// Begins to write what the cell holds to a file.
    pub fn write_file(&mut self, path: &str, model: &mut Model, effects: &mut Vec<Effect>) {
        self.complaint = None;
        let Some(target) = self.targets.last() else { return };
        let edit = model.staged.row(&self.of.relation.name, &target.row);
        let value = held(target, edit).remove(&self.name).unwrap_or(Value::Null);
        let content = match value {
            Value::Null => {
                self.complaint = Some("there is nothing to write: the cell is empty".to_owned());
                return;
            }
            Value::Truncated(long) if long.bytes > LONGEST_TO_FILE => {
                let most = text::short_bytes(LONGEST_TO_FILE);
                self.complaint = Some(format!("longer than {most}: export the table instead"));
                return;
            }
            Value::Truncated(_) => {
                let anchor = target.anchor.clone();
                let selection = model.data.as_mut().and_then(|pane| pane.selection().cloned());
                let (Some(anchor), Some(selection)) = (anchor, selection) else { return };
                let column = self.name.clone();
                Content::Stored(Box::new(ValueRequest { selection, anchor, column }))
            }
            value => Content::Here(value),
        };
        let outgoing = Outgoing { path: path.to_owned(), content, as_bytes: self.is_bytes };
        let request = session::Request::Edit(Request::ToFile(Box::new(outgoing)));
        model.start(Slot::Edit, request, effects);
    }
}
