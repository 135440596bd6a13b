//! What things were called before the renames of a plan: the live database, which the plan has
//! not touched yet, still knows them by those names.

use crate::schema::RelationName;
use crate::schema::model::{Key, Kind};
use crate::schema::plan::Action;
use crate::schema::rename::moved;

/// The renames of the steps so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    renames: Vec<(Key, Key)>,
}

impl Names {
    /// Takes note of the renames of a step.
    pub fn follow(&mut self, actions: &[Action]) {
        for action in actions {
            if let Action::Rename { from, to } = action {
                let renamed = (from.clone(), to.clone());
                if !self.renames.contains(&renamed) {
                    self.renames.push(renamed);
                }
            }
        }
    }

    /// What an object was called before all of them.
    pub fn before(&self, key: &Key) -> Key {
        self.renames.iter().rev().fold(key.clone(), |key, (from, to)| moved(&key, to, from))
    }

    /// The name a relation had.
    pub fn relation(&self, key: &Key) -> RelationName {
        let before = self.before(key);
        RelationName::new(before.schema, before.name)
    }

    /// The columns of a table that were renamed: what each was called and what it is called now.
    pub fn columns(&self, table: &Key) -> Vec<(String, String)> {
        let now = self.renames.iter().filter(|(_, to)| {
            to.kind == Kind::Column && self.before(&to.table()) == self.before(table)
        });
        let mut out: Vec<(String, String)> =
            now.map(|(_, to)| (self.before(to).name, to.name.clone())).collect();
        out.reverse();
        out.dedup_by(|a, b| a.0 == b.0);
        out
    }
}
