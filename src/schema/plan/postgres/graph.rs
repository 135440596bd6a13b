//! The order of the work: pieces of work as nodes, what must come first as edges, nodes that
//! become part of another, and one deterministic way through all of it.
//!
//! Nothing here knows what a node does.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::directory::Directory;
use super::fate::Kinds;
use crate::schema::model::{Key, Kind, Pair};

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Act {
    /// A sequence lets go of its column, so that it stays when the column goes.
    Disown,
    /// A table leaves a parent, or an index its.
    Detach,
    /// It is dropped.
    Drop,
    /// It is renamed to make room for a new one.
    Aside,
    /// It is changed in place.
    Alter,
    /// It is made.
    Create,
    /// A table that was made anew takes over the rows of the old one.
    Copy,
    /// A sequence is given to its column.
    Own,
    /// A table joins a parent.
    Attach,
    /// It gets its comment, privileges and owner.
    Finish,
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Node<'m> {
    /// What is done.
    pub(super) act: Act,
    /// To what.
    pub(super) key: &'m Key,
    /// The key's number.
    number: usize,
    /// Of attaching and detaching: the parent.
    pub(super) parent: Option<Key>,
}

/// Nodes and edges.
#[derive(Debug)]
pub(super) struct Graph<'m> {
    directory: &'m Directory<'m>,
    nodes: Vec<Node<'m>>,
    /// The numbers of the nodes about a key, by the key's number.
    about: Vec<Vec<usize>>,
    /// The kinds of those keys.
    kinds: Kinds,
    /// What must come before a node, and whether that may be given up to break a circle.
    before: Vec<BTreeMap<usize, bool>>,
    after: Vec<BTreeSet<usize>>,
    /// What a node became a part of.
    owner: Vec<usize>,
    /// Nodes for which another statement already does the work.
    implied: BTreeSet<usize>,
    /// Where a part stands among its like in its table, by the key's number.
    places: Vec<usize>,
}

impl<'m> Graph<'m> {
    /// A graph without nodes.
    pub(super) fn new(directory: &'m Directory<'m>) -> Self {
        let keys = directory.entries().len();
        Self {
            directory,
            nodes: Vec::new(),
            about: vec![Vec::new(); keys],
            kinds: Kinds::default(),
            before: Vec::new(),
            after: Vec::new(),
            owner: Vec::new(),
            implied: BTreeSet::new(),
            places: vec![0; keys],
        }
    }

    /// Adds a node; the number of one that is there already.
    pub(super) fn add(&mut self, act: Act, key: &Key) -> usize {
        self.add_about(act, key, None)
    }

    /// Adds a node about a table and perhaps a parent. About what is in neither schema there is no
    /// work: nothing is added, and the number is no node's.
    pub(super) fn add_about(&mut self, act: Act, key: &Key, parent: Option<&Key>) -> usize {
        if let Some(number) = self.number(act, key, parent) {
            return number;
        }
        let at = self.directory.number(key);
        let entry = at.and_then(|at| Some((at, self.directory.entries().get(at)?)));
        let Some((at, (key, _, _))) = entry else { return usize::MAX };
        let number = self.nodes.len();
        self.kinds.add(key);
        if let Some(about) = self.about.get_mut(at) {
            about.push(number);
        }
        self.nodes.push(Node { act, key, number: at, parent: parent.cloned() });
        self.before.push(BTreeMap::new());
        self.after.push(BTreeSet::new());
        self.owner.push(number);
        number
    }

    /// The number of a node, if it is there.
    pub(super) fn find(&self, act: Act, key: &Key) -> Option<usize> {
        self.number(act, key, None)
    }

    /// The first node by which a table joins a parent.
    pub(super) fn joins(&self, table: &Key) -> Option<usize> {
        self.of(table).find(|(_, node)| node.act == Act::Attach).map(|(number, _)| number)
    }

    /// The number of a node about a table and perhaps a parent.
    pub(super) fn number(&self, act: Act, key: &Key, parent: Option<&Key>) -> Option<usize> {
        let mut of = self.of(key);
        of.find(|(_, node)| node.act == act && node.parent.as_ref() == parent)
            .map(|(number, _)| number)
    }

    /// The nodes about a key.
    fn of(&self, key: &Key) -> impl Iterator<Item = (usize, &Node<'m>)> {
        let number = if self.kinds.may_hold(key) { self.directory.number(key) } else { None };
        let about = number.and_then(|number| self.about.get(number)).map(Vec::as_slice);
        let numbers = about.unwrap_or_default().iter();
        numbers.filter_map(|number| Some((*number, self.nodes.get(*number)?)))
    }

    /// Whether a table leaves a parent.
    pub(super) fn leaves(&self, table: &Key, parent: &Key) -> bool {
        self.number(Act::Detach, table, Some(parent)).is_some()
    }

    /// All nodes.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (usize, &Node<'m>)> {
        self.nodes.iter().enumerate()
    }

    /// The keys about which there is work, in their order.
    pub(super) fn keys(&self) -> impl Iterator<Item = Pair<'m>> + '_ {
        let entries = self.directory.entries().iter().zip(&self.about);
        entries.filter(|(_, about)| !about.is_empty()).map(|(entry, _)| *entry)
    }

    /// The node a node became a part of, or itself.
    pub(super) fn root(&self, mut number: usize) -> usize {
        while let Some(up) = self.owner.get(number).copied().filter(|up| *up != number) {
            number = up;
        }
        number
    }

    /// Says where a part stands among its like in its table.
    pub(super) fn place(&mut self, key: &Key, place: usize) {
        let number = self.directory.number(key);
        if let Some(own) = number.and_then(|number| self.places.get_mut(number)) {
            *own = place;
        }
    }

    /// Where a part stands among its like in its table.
    pub(super) fn place_of(&self, key: &Key) -> usize {
        let number = self.directory.number(key);
        number.and_then(|number| self.places.get(number)).copied().unwrap_or_default()
    }

    /// Says that another statement does this node's work.
    pub(super) fn imply(&mut self, number: usize) {
        self.implied.insert(number);
    }

    /// Says that the one comes before the other; a soft edge may be given up.
    pub(super) fn edge(&mut self, first: usize, then: usize, soft: bool) {
        let (first, then) = (self.root(first), self.root(then));
        if first == then {
            return;
        }
        if let Some(before) = self.before.get_mut(then) {
            let held = before.entry(first).or_insert(soft);
            *held = *held && soft;
        }
        if let Some(after) = self.after.get_mut(first) {
            after.insert(then);
        }
    }

    /// Takes an edge back.
    pub(super) fn forget(&mut self, first: usize, then: usize) {
        if let Some(before) = self.before.get_mut(then) {
            before.remove(&first);
        }
        if let Some(after) = self.after.get_mut(first) {
            after.remove(&then);
        }
    }

    /// Makes a node a part of another, unless that would close a circle.
    pub(super) fn merge(&mut self, part: usize, whole: usize) -> bool {
        let (part, whole) = (self.root(part), self.root(whole));
        if part == whole {
            return true;
        }
        if self.leads_around(part, whole) || self.leads_around(whole, part) {
            return false;
        }
        self.absorb(part, whole);
        true
    }

    /// Makes a node a part of another, whatever lies between them.
    pub(super) fn absorb(&mut self, part: usize, whole: usize) {
        let (part, whole) = (self.root(part), self.root(whole));
        if part == whole {
            return;
        }
        let before = self.before.get_mut(part).map(std::mem::take).unwrap_or_default();
        let after = self.after.get_mut(part).map(std::mem::take).unwrap_or_default();
        for (first, soft) in before {
            if let Some(after) = self.after.get_mut(first) {
                after.remove(&part);
            }
            self.edge(first, whole, soft);
        }
        for then in after {
            let soft = self.before.get_mut(then).and_then(|before| before.remove(&part));
            self.edge(whole, then, soft.unwrap_or(false));
        }
        if let Some(owner) = self.owner.get_mut(part) {
            *owner = whole;
        }
    }

    /// Whether a path of more than one hard edge leads from the one to the other. It is looked for
    /// from both ends at once: much may lie behind the one and little before the other.
    fn leads_around(&self, from: usize, to: usize) -> bool {
        let mut ahead: Vec<usize> = self.hard_after(from).filter(|next| *next != to).collect();
        let mut behind: Vec<usize> = self.hard_before(to).filter(|last| *last != from).collect();
        let mut reached: HashSet<usize> = ahead.iter().copied().collect();
        let mut reaching: HashSet<usize> = behind.iter().copied().collect();
        if !reached.is_disjoint(&reaching) {
            return true;
        }
        while let (Some(next), Some(last)) = (ahead.pop(), behind.pop()) {
            for number in self.hard_after(next) {
                if reaching.contains(&number) {
                    return true;
                }
                if reached.insert(number) {
                    ahead.push(number);
                }
            }
            for number in self.hard_before(last).filter(|number| *number != from) {
                if reached.contains(&number) {
                    return true;
                }
                if reaching.insert(number) {
                    behind.push(number);
                }
            }
        }
        false
    }

    fn hard_before(&self, number: usize) -> impl Iterator<Item = usize> + '_ {
        let before = self.before.get(number).into_iter().flatten();
        before.filter(|(_, soft)| !**soft).map(|(first, _)| *first)
    }

    fn hard_after(&self, number: usize) -> impl Iterator<Item = usize> + '_ {
        let after = self.after.get(number).into_iter().flatten().copied();
        after.filter(move |next| {
            self.before.get(*next).and_then(|before| before.get(&number)) == Some(&false)
        })
    }

    /// Whether other work must come after a node.
    pub(super) fn is_needed(&self, number: usize) -> bool {
        self.hard_after(number).next().is_some()
    }

    /// The nodes that became parts of a node.
    pub(super) fn parts(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for number in 0..self.nodes.len() {
            let root = self.root(number);
            if root != number {
                parts.entry(root).or_default().push(number);
            }
        }
        parts
    }

    /// The nodes that are to be carried out, each after what it needs; those of one table one after
    /// the other, where that can be. Where a circle is left, soft edges give way first.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut waits: Vec<BTreeMap<usize, bool>> = self.before.clone();
        let alive: BTreeSet<usize> =
            (0..self.nodes.len()).filter(|number| self.root(*number) == *number).collect();
        let mut ready: BTreeSet<(Rank<'_>, usize)> = BTreeSet::new();
        let mut left = alive.clone();
        let free = |waits: &[BTreeMap<usize, bool>], number: usize| {
            waits.get(number).is_none_or(BTreeMap::is_empty)
        };
        for number in &alive {
            if free(&waits, *number) {
                ready.insert((self.rank(*number), *number));
            }
        }
        let mut order = Vec::new();
        let mut last: Option<Rank<'_>> = None;
        while !left.is_empty() {
            let beside = last.as_ref().and_then(|last| {
                let next = ready.range((last.first_beside(), 0)..).next();
                next.filter(|(rank, _)| rank.is_beside(last)).cloned()
            });
            let next = match beside.or_else(|| ready.first().cloned()) {
                Some(next) => {
                    ready.remove(&next);
                    last = Some(next.0);
                    next.1
                }
                None => self.least_bound(&left, &waits),
            };
            if !left.remove(&next) {
                continue;
            }
            if !self.implied.contains(&next) {
                order.push(next);
            }
            for then in self.after.get(next).into_iter().flatten() {
                if let Some(before) = waits.get_mut(*then) {
                    before.remove(&next);
                }
                if left.contains(then) && free(&waits, *then) {
                    ready.insert((self.rank(*then), *then));
                }
            }
        }
        order
    }

    /// Of the nodes in a circle that waits for no other, the one with the fewest hard edges before
    /// it.
    fn least_bound(&self, left: &BTreeSet<usize>, waits: &[BTreeMap<usize, bool>]) -> usize {
        let left = &first_circle(left, waits);
        let bonds = |number: &usize| {
            let hard = waits
                .get(*number)
                .map_or(0, |before| before.values().filter(|soft| !**soft).count());
            (hard, self.rank(*number))
        };
        left.iter().copied().min_by_key(|number| bonds(number)).unwrap_or_default()
    }

    fn rank(&self, number: usize) -> Rank<'_> {
        self.nodes
            .get(number)
            .map(|node| Rank::of(node, self.places.get(node.number).copied().unwrap_or_default()))
            .unwrap_or_default()
    }
}

/// Nodes that all wait for each other, and for nothing else that is left.
fn first_circle(left: &BTreeSet<usize>, waits: &[BTreeMap<usize, bool>]) -> BTreeSet<usize> {
    let before = |number: usize| -> BTreeSet<usize> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![number]);
        while let Some(next) = open.pop() {
            let firsts = waits.get(next).into_iter().flat_map(BTreeMap::keys);
            open.extend(
                firsts.copied().filter(|first| left.contains(first) && seen.insert(*first)),
            );
        }
        seen
    };
    let Some(start) = left.first() else { return BTreeSet::new() };
    let mut circle = before(*start);
    // What comes before a circle but does not wait for it belongs to another, which comes first.
    while let Some(earlier) = circle.iter().map(|one| before(*one)).find(|one| *one != circle) {
        circle = earlier;
    }
    circle
}

/// Where a node stands among those that could come next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Rank<'n> {
    phase: u8,
    kind: i16,
    schema: &'n str,
    of: &'n str,
    last: bool,
    own_kind: i16,
    place: usize,
    name: &'n str,
    act: u8,
}

impl<'n> Rank<'n> {
    fn of(node: &Node<'n>, place: usize) -> Self {
        let phase = match node.act {
            Act::Disown | Act::Detach => 0,
            Act::Drop => 1,
            Act::Aside => 2,
            Act::Alter | Act::Create | Act::Copy | Act::Own | Act::Attach | Act::Finish => 3,
        };
        // What hangs on a table's rows stands together, so that its clauses can be joined.
        let group = match node.key.kind {
            Kind::Default | Kind::Constraint => Kind::Column,
            Kind::Sequence if matches!(node.act, Act::Own) => Kind::Column,
            other => other,
        };
        let (mut kind, mut own_kind) = (group as i16, node.key.kind as i16);
        if phase < 2 {
            (kind, own_kind) = (-kind, -own_kind);
        }
        let act = match node.act {
            Act::Create => 0,
            Act::Alter => 1,
            Act::Own => 2,
            Act::Attach => 3,
            _ => 4,
        };
        Self {
            phase,
            kind,
            schema: &node.key.schema,
            of: &node.key.of,
            // What is said of columns comes after all clauses of their table.
            last: node.act == Act::Finish && group == Kind::Column,
            own_kind,
            place,
            name: &node.key.name,
            act,
        }
    }

    /// Whether it is about the same table as another, in the same phase.
    fn is_beside(&self, other: &Self) -> bool {
        let of = |rank: &Self| (rank.phase, rank.kind, rank.schema, rank.of);
        !self.of.is_empty() && of(self) == of(other)
    }

    /// What comes before all that is beside it.
    fn first_beside(&self) -> Self {
        Self { last: false, own_kind: i16::MIN, place: 0, name: "", act: 0, ..self.clone() }
    }
}
