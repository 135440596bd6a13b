//! The names of what a partition has of its parent's indexes and constraints. The server gives them
//! by itself, after what is there already; where nothing but such a name differs, the part is
//! renamed. No SQL is written here.

use std::collections::BTreeMap;

use super::directory::Side;
use super::fate::{Fate, Fates, parent_of};
use crate::schema::model::{Body, Key, Kind};

/// A part as it is to be called, and as it is.
type Pair = (Key, Key);

impl Fates<'_> {
    /// Finds the parts that are only renamed.
    pub(super) fn pair_clones(&mut self, current: &Side, desired: &Side) {
        let parent = |model: &Side, key: &Key| model.body(key).and_then(parent_of).cloned();
        let changes = self.changes().map(|(key, _)| key);
        let moved: Vec<Key> =
            changes.filter(|key| parent(current, key) != parent(desired, key)).cloned().collect();
        let mut pairs: Vec<Pair> = Vec::new();
        for new in &moved {
            let Some(above) = parent(desired, new).filter(|it| self.get(it) == Fate::Keep) else {
                continue;
            };
            let old = moved.iter().find(|old| {
                is_beside(new, old)
                    && parent(current, old).as_ref() == Some(&above)
                    && !pairs.iter().any(|(_, taken)| taken == *old)
            });
            pairs.extend(old.map(|old| (new.clone(), old.clone())));
        }
        self.follow_down(&mut pairs, current, desired);
        for (new, old) in &pairs {
            self.set(new, Fate::Alter);
            self.renamed.insert(new.clone(), old.clone());
        }
        // What had a name that is another's from now on.
        for (_, old) in &pairs {
            if self.renamed.contains_key(old) {
                continue;
            }
            if desired.get(old).is_some() {
                self.set(old, Fate::Create);
            } else {
                self.set(old, Fate::Keep);
            }
        }
    }

    /// What has one of the parts as its parent has it under another name too.
    fn follow_down(&mut self, pairs: &mut Vec<Pair>, current: &Side, desired: &Side) {
        if pairs.is_empty() {
            return;
        }
        let (before, after) = (children(current), children(desired));
        let mut at = 0;
        while let Some((new, old)) = pairs.get(at).cloned() {
            at += 1;
            let olds = before.get(&old).map(Vec::as_slice).unwrap_or_default();
            for child in after.get(&new).into_iter().flatten() {
                let Some(was) = olds.iter().find(|was| is_beside(child, was)) else { continue };
                if child != was {
                    pairs.push(((*child).clone(), (*was).clone()));
                } else if is_same(current.body(was), desired.body(child)) {
                    self.set(child, Fate::Keep);
                }
            }
        }
    }

    /// Whether a part that gets another name is the one that makes way, of several that get each
    /// other's.
    pub(super) fn makes_way(&self, new: &Key) -> bool {
        let mut held = self.renamed.get(new);
        while let Some(key) = held.filter(|key| *key < new) {
            held = self.renamed.get(key);
        }
        held == Some(new)
    }
}

/// Whether two parts are of one kind and table.
fn is_beside(one: &Key, other: &Key) -> bool {
    (one.kind, &one.schema, &one.of) == (other.kind, &other.schema, &other.of)
}

/// What belongs to an index or constraint of a parent.
fn children<'m>(model: &'m Side<'m>) -> BTreeMap<&'m Key, Vec<&'m Key>> {
    let mut found: BTreeMap<&Key, Vec<&Key>> = BTreeMap::new();
    let kinds = [Kind::Index, Kind::Constraint];
    for (key, object) in kinds.into_iter().flat_map(|kind| model.of_kind(kind)) {
        if let Some(parent) = parent_of(&object.body) {
            found.entry(parent).or_default().push(key);
        }
    }
    found
}

/// Whether two bodies are alike but for the name of their parent.
fn is_same(have: Option<&Body>, want: Option<&Body>) -> bool {
    let mut have = have.cloned();
    match (&mut have, want) {
        (Some(Body::Index(have)), Some(Body::Index(want))) => {
            have.parent.clone_from(&want.parent);
        }
        (Some(Body::Constraint(have)), Some(Body::Constraint(want))) => {
            have.parent.clone_from(&want.parent);
        }
        _ => {}
    }
    have.as_ref() == want
}
