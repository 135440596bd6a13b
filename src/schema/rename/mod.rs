//! What was renamed, rather than dropped and made: candidates found by likeness, and the answers
//! that settle them. Nothing is ever renamed on a guess; who guesses right here only asks less.
//!
//! A rename runs before everything else of a plan, and both schemas are read again afterwards, so
//! no model is rewritten here.

mod answer;
mod candidate;
mod comment;
mod likeness;
mod path;

use std::fmt;

pub use answer::{Answer, Origin, parse, resolve};
pub use candidate::{Candidate, candidates, refusal};
pub use comment::comments;
pub(in crate::schema) use comment::made;

use super::model::{Body, Key, Kind, Model, Object};

/// What has another name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rename {
    /// An object: a table, a column, an index, …
    Object {
        /// What it is called now.
        from: Key,
        /// What it is to be called; of the same kind.
        to: Key,
    },
    /// A label of an enum.
    Label {
        /// The enum.
        key: Key,
        /// The label there is.
        from: String,
        /// The label it becomes.
        to: String,
    },
}

impl Rename {
    /// The rename that takes this one back.
    pub fn reversed(&self) -> Self {
        match self {
            Self::Object { from, to } => Self::Object { from: to.clone(), to: from.clone() },
            Self::Label { key, from, to } => {
                Self::Label { key: key.clone(), from: to.clone(), to: from.clone() }
            }
        }
    }

    /// Whether the other rename is about the same old or the same new thing.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.things(), other.things());
        mine.0 == theirs.0 || mine.1 == theirs.1
    }

    /// The thing as it is, and as it will be.
    fn things(&self) -> (Thing, Thing) {
        match self {
            Self::Object { from, to } => (Thing::Object(from.clone()), Thing::Object(to.clone())),
            Self::Label { key, from, to } => {
                let label =
                    |label: &String| Thing::Label { key: key.clone(), label: label.clone() };
                (label(from), label(to))
            }
        }
    }

    /// The rename of one thing to another of the same sort.
    fn of(from: &Thing, to: &Thing) -> Option<Self> {
        match (from, to) {
            (Thing::Object(from), Thing::Object(to)) => {
                Some(Self::Object { from: from.clone(), to: to.clone() })
            }
            (Thing::Label { key, label: from }, Thing::Label { label: to, .. }) => {
                Some(Self::Label { key: key.clone(), from: from.clone(), to: to.clone() })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Rename {
    /// `table shop.orders to purchases`, as a person reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { from, to } if from.schema != to.schema => {
                write!(f, "{} {from} to {to}", from.kind.word())
            }
            Self::Object { from, to } => write!(f, "{} {from} to {}", from.kind.word(), to.name),
            Self::Label { key, from, to } => write!(f, "label {from:?} of enum {key} to {to:?}"),
        }
    }
}

/// Something that has a name which can change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Thing {
    /// An object; on SQLite also a column, which is no object of its own there.
    Object(Key),
    /// A label of an enum.
    Label {
        /// The enum.
        key: Key,
        /// The label.
        label: String,
    },
}

impl Thing {
    /// Whether it is named within something that may itself get another name.
    fn rank(&self) -> u8 {
        match self {
            Self::Object(key) if key.kind == Kind::Schema => 0,
            Self::Object(key) if !key.kind.is_part() => 1,
            _ => 2,
        }
    }

    /// The thing after a rename of it or of what it stands in.
    fn after(&self, rename: &Rename) -> Self {
        match (self, rename) {
            (Self::Object(key), Rename::Object { from, to }) => Self::Object(moved(key, from, to)),
            (Self::Label { key, label }, Rename::Object { from, to }) => {
                Self::Label { key: moved(key, from, to), label: label.clone() }
            }
            (Self::Label { key, label }, Rename::Label { key: of, from, to })
                if key == of && label == from =>
            {
                Self::Label { key: key.clone(), label: to.clone() }
            }
            _ => self.clone(),
        }
    }
}

/// A key after an object got another name.
pub(in crate::schema) fn moved(key: &Key, from: &Key, to: &Key) -> Key {
    let mut key = key.clone();
    if key == *from {
        return to.clone();
    }
    if from.kind == Kind::Schema && key.schema == from.name {
        key.schema.clone_from(&to.name);
    }
    let relation = matches!(from.kind, Kind::Table | Kind::View | Kind::MaterializedView);
    if relation && key.kind.is_part() && key.schema == from.schema && key.of == from.name {
        key.schema.clone_from(&to.schema);
        key.of.clone_from(&to.name);
    }
    key
}

/// Everything of a model that has a name of its own and can get another one in place.
fn things(model: &Model) -> Vec<Thing> {
    let mut out = Vec::new();
    for (key, object) in &model.objects {
        things_of(key, &object.body, &mut out);
    }
    out
}

/// The things of either model that the other may not have. What both have under one key is none,
/// but for what is inside of it.
fn apart(current: &Model, desired: &Model) -> (Vec<Thing>, Vec<Thing>) {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for (key, have, want) in current.beside(desired) {
        let holds = |object: Option<&Object>| {
            let body = object.map(|object| &object.body);
            matches!(body, None | Some(Body::SqliteTable(_) | Body::Enum { .. }))
        };
        if !holds(have) && !holds(want) {
            continue;
        }
        for (object, out) in [(have, &mut old), (want, &mut new)] {
            if let Some(object) = object {
                things_of(key, &object.body, out);
            }
        }
    }
    (old, new)
}

fn things_of(key: &Key, body: &Body, out: &mut Vec<Thing>) {
    match body {
        Body::SqliteWritten(_) | Body::Default { .. } | Body::DefaultPrivileges => return,
        Body::SqliteTable(table) => {
            let column = |name: &String| Thing::Object(key.child(Kind::Column, name.as_str()));
            out.extend(table.columns.iter().map(|found| column(&found.name)));
        }
        Body::Enum { labels } => out.extend(
            labels.iter().map(|label| Thing::Label { key: key.clone(), label: label.clone() }),
        ),
        _ => {}
    }
    // An extension is what it is by its name.
    if key.kind != Kind::Extension {
        out.push(Thing::Object(key.clone()));
    }
}

#[cfg(test)]
mod tests;
