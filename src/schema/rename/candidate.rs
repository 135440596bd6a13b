//! Which drops and additions may be one and the same thing under another name. Each side is in
//! one candidate at most, the likest pair first, so the same two schemas always give the same
//! candidates.

use std::collections::BTreeSet;

use super::likeness::{Likeness, of_columns, of_labels, of_objects};
use super::{Rename, Thing, apart};
use crate::problem::{Kind as Sort, Problem};
use crate::schema::model::{Body, Key, Kind, Model};

/// A drop and an addition that may be a rename.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// What would get which name.
    pub rename: Rename,
    /// How alike the two are, from 0 to 1.
    pub likeness: f64,
    /// What is alike, in words.
    pub why: String,
    /// Whether no answer is needed: dropping the one and making the other ends in the very same
    /// database, only with more work.
    pub same: bool,
}

impl Candidate {
    /// The option of the command line that says yes to it, quoted for a shell.
    pub fn option(&self) -> String {
        let text = match &self.rename {
            Rename::Object { from, to } => {
                let to = if from.schema == to.schema { path(&[&to.name]) } else { full(to) };
                format!("{}={to}", full(from))
            }
            Rename::Label { key, from, to } => {
                format!("{}={}", path(&[&key.schema, &key.name, from]), path(&[to]))
            }
        };
        let plain = |letter: char| letter.is_alphanumeric() || "_.=-,/".contains(letter);
        if text.chars().all(plain) {
            return format!("--rename {text}");
        }
        format!("--rename '{}'", text.replace('\'', "'\\''"))
    }
}

/// The whole name of an object, each part quoted where it has to be.
fn full(key: &Key) -> String {
    match key.kind {
        kind if kind.is_part() => path(&[&key.schema, &key.of, &key.name]),
        _ if key.schema.is_empty() => path(&[&key.name]),
        _ => path(&[&key.schema, &key.name]),
    }
}

/// Names joined by dots, those that hold anything but letters, digits and `_` quoted.
fn path(names: &[&str]) -> String {
    let part = |name: &&str| {
        let plain = |letter: char| letter.is_alphanumeric() || letter == '_';
        if !name.is_empty() && name.chars().all(plain) {
            return (*name).to_owned();
        }
        format!("\"{}\"", name.replace('"', "\"\""))
    };
    names.iter().map(part).collect::<Vec<_>>().join(".")
}

/// The drops and additions that may be renames, likest first. What stands in a table (or schema,
/// or enum) that itself may have another name is found once that is settled and the schemas are
/// read again.
pub fn candidates(current: &Model, desired: &Model) -> Vec<Candidate> {
    let (old, new) = apart(current, desired);
    let (had, has): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
    let gone = || old.iter().filter(|thing| !has.contains(thing));
    let added: Vec<&Thing> = new.iter().filter(|thing| !had.contains(thing)).collect();
    let mut found: Vec<Candidate> = Vec::new();
    for from in gone() {
        for to in added.iter().filter(|to| comparable(current, desired, from, to)) {
            if let (Some(like), Some(rename)) =
                (likeness(current, desired, from, to), Rename::of(from, to))
            {
                let Likeness { degree: likeness, why, same } = like;
                found.push(Candidate { rename, likeness, why, same });
            }
        }
    }
    found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then(a.rename.cmp(&b.rename)));
    let mut taken: Vec<Candidate> = Vec::new();
    for candidate in found {
        if !taken.iter().any(|other| other.rename.overlaps(&candidate.rename)) {
            taken.push(candidate);
        }
    }
    taken
}

/// Whether the two are of one kind and in the same place.
fn comparable(current: &Model, desired: &Model, from: &Thing, to: &Thing) -> bool {
    match (from, to) {
        (Thing::Label { key: a, .. }, Thing::Label { key: b, .. }) => a == b,
        (Thing::Object(a), Thing::Object(b)) if a.kind == b.kind => match a.kind {
            // Dropping these and making them again loses nothing, and cannot be told apart.
            Kind::Trigger | Kind::Policy | Kind::Rule | Kind::Statistics | Kind::Collation => false,
            Kind::EventTrigger => false,
            Kind::Schema => true,
            Kind::Routine => a.schema == b.schema && a.of == b.of,
            kind if kind.is_part() => a.schema == b.schema && a.of == b.of,
            _ if a.schema == b.schema => true,
            // What has the same name in another schema may have been moved.
            _ => {
                let schema = |name: &str| Key::global(Kind::Schema, name);
                let there = |model: &Model, key: &Key| model.get(&schema(&key.schema)).is_some();
                a.name == b.name && there(desired, a) && there(current, b)
            }
        },
        _ => false,
    }
}

fn likeness(current: &Model, desired: &Model, from: &Thing, to: &Thing) -> Option<Likeness> {
    match (from, to) {
        (Thing::Object(from), Thing::Object(to)) if from.kind == Kind::Column => {
            of_columns(current, from, desired, to)
        }
        (Thing::Object(from), Thing::Object(to)) => of_objects(current, from, desired, to),
        (Thing::Label { key, label: from }, Thing::Label { label: to, .. }) => {
            match (current.body(key)?, desired.body(key)?) {
                (Body::Enum { labels: old }, Body::Enum { labels: new }) => {
                    of_labels(old, from, new, to)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The refusal of work whose renames are not settled, with the very options that settle them.
pub fn refusal(open: &[Candidate]) -> Problem {
    let line = |candidate: &Candidate| {
        format!("{} ({}): {}", candidate.rename, candidate.why, candidate.option())
    };
    let lines: Vec<String> = open.iter().map(line).collect();
    Problem::new(
        Sort::Refused,
        match open {
            [_] => "Something is gone and something like it is new: it may have been renamed",
            _ => "Things are gone and others like them are new: they may have been renamed",
        },
        lines.join("; "),
        "say yes with those options, or no to all that are left with --no-renames",
    )
}
