//! What a person can choose from when nothing was asked for: environments, saved connections,
//! and what was opened before.

use super::named::Named;
use super::{Config, Origin, Protection, Target, recent};
use crate::problem::Result;

/// One database to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name: the environment's, the saved connection's, or the database's.
    pub name: String,
    /// Where it comes from: [`Origin::Environment`], [`Origin::Saved`] or [`Origin::Recent`].
    pub origin: Origin,
    /// Its address without the password, or why it has none, in a few words.
    pub address: String,
    /// How careful dbstudio will be.
    pub protection: Protection,
    /// Why it cannot be opened as things are, if so: a variable that is not set, say.
    pub obstacle: Option<String>,
}

impl Config {
    /// The database a person chose.
    ///
    /// # Errors
    /// When its address cannot be made out.
    pub fn open(&self, choice: &Choice) -> Result<Target> {
        let named = self.named().into_iter().find(|named| named.origin() == choice.origin);
        match named {
            Some(named) => self.at_name(&named).map(|(target, _)| target),
            None => {
                self.read_typed(&choice.address, choice.origin.clone()).map(|(target, _)| target)
            }
        }
    }

    /// Every database that can be chosen: environments, saved connections, and recent addresses
    /// that are none of these.
    pub fn choices(&self) -> Vec<Choice> {
        let named = self.named();
        let mut targets = Vec::new();
        let mut choices: Vec<_> = named
            .iter()
            .map(|named| {
                let target = self.at_name(named);
                let choice = self.choice_of(named, &target);
                targets.extend(target.map(|(target, _)| target));
                choice
            })
            .collect();
        for recent in recent::load(&self.places().state).0 {
            let Ok((target, _)) = self.read_typed(&recent.url, Origin::Recent) else { continue };
            if !targets.iter().any(|other| other.address.same_database(&target.address)) {
                choices.push(Choice {
                    name: target.address.database(),
                    origin: Origin::Recent,
                    address: recent.url,
                    protection: target.protection,
                    obstacle: None,
                });
            }
        }
        choices
    }

    fn choice_of(&self, named: &Named<'_>, target: &Result<(Target, Vec<String>)>) -> Choice {
        let (address, protection, obstacle) = match target {
            Ok((target, _)) => (target.address.to_string(), target.protection, None),
            Err(problem) => {
                let written = named.protection(self.variables()).ok().flatten();
                let protection = written.unwrap_or(Protection::Production);
                (problem.what.clone(), protection, Some(problem.to_string()))
            }
        };
        let name = named.database.name.clone();
        Choice { name, origin: named.origin(), address, protection, obstacle }
    }
}
