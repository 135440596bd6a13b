//! Databases that have a name: environments and saved connections, with the file they are in.

use super::file::{self, Database, File};
use super::settings::{self, Form, Home};
use super::{Origin, Protection, Variables};
use crate::problem::Result;

/// An environment or a saved connection, and the file it is in.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) file: &'a File,
    pub(super) database: &'a Database,
    pub(super) home: Home,
}

impl Named<'_> {
    /// Its table in the file.
    pub(super) fn table(&self) -> String {
        let kind = if self.home == Home::Project { "environments" } else { "connections" };
        format!("[{kind}.{}]", self.database.name)
    }

    pub(super) fn origin(&self) -> Origin {
        let name = self.database.name.clone();
        if self.home == Home::Project { Origin::Environment(name) } else { Origin::Saved(name) }
    }

    /// A text of its own, variables put in and checked.
    pub(super) fn text(
        &self,
        field: &str,
        form: Form,
        variables: &Variables,
    ) -> Result<Option<String>> {
        let Some(written) = self.database.text(field) else { return Ok(None) };
        let whose = format!("{field} of {}", self.table());
        self.file.checked(written, form, &whose, variables).map(Some)
    }

    /// The protection that is written.
    pub(super) fn protection(&self, variables: &Variables) -> Result<Option<Protection>> {
        let word = self.text("protection", Form::Word(settings::PROTECTIONS), variables)?;
        Ok(word.as_deref().and_then(file::protection))
    }
}
