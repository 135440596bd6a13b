//! Answers to "was it renamed?": what a person typed or wrote into the schema file, and which
//! renames that means for two given schemas.

use std::collections::BTreeSet;

use super::path::Path;
use super::{Rename, Thing, things};
use crate::problem::{Problem, Result};
use crate::schema::model::{Kind, Model};

/// A yes: this is what that was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What sort of thing, where it is known.
    pub(super) sort: Sort,
    /// What it is called now.
    pub(super) from: Path,
    /// What it is to be called.
    pub(super) to: Path,
    /// Where the answer stands.
    pub(super) origin: Origin,
}

/// Where an answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An option of the command line, or a dialog.
    Typed,
    /// A comment in the schema file, on this line of it. It stays there when the rename is long
    /// done, so it may well have nothing to say.
    Comment {
        /// The line, counted from 1.
        line: usize,
    },
}

/// What sort of thing an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Whatever has that name.
    Any,
    /// Any type but a table's.
    Type,
    /// An object of a kind.
    Object(Kind),
    /// A label of an enum.
    Label,
}

impl Sort {
    fn takes(self, thing: &Thing) -> bool {
        match (self, thing) {
            (Self::Any, _) | (Self::Label, Thing::Label { .. }) => true,
            (Self::Type, Thing::Object(key)) => {
                matches!(key.kind, Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain)
            }
            (Self::Object(kind), Thing::Object(key)) => kind == key.kind,
            _ => false,
        }
    }
}

/// The words an answer may begin with to say what it is about.
const SORTS: &[(&str, Sort)] = &[
    ("table", Sort::Object(Kind::Table)),
    ("column", Sort::Object(Kind::Column)),
    ("index", Sort::Object(Kind::Index)),
    ("constraint", Sort::Object(Kind::Constraint)),
    ("type", Sort::Type),
    ("label", Sort::Label),
    ("view", Sort::Object(Kind::View)),
    ("sequence", Sort::Object(Kind::Sequence)),
    ("schema", Sort::Object(Kind::Schema)),
    ("function", Sort::Object(Kind::Routine)),
];

/// Reads `old=new`: `orders=purchases`, `orders.note=remark`, `shop.mood.sad=unhappy`, and with
/// the kind in front where two things have one name: `constraint orders.total=total_positive`.
///
/// # Errors
/// A usage problem when there are not two names.
pub fn parse(text: &str) -> Result<Answer> {
    let wrong = |why: &str| {
        Problem::usage(
            format!("--rename {text} cannot be understood"),
            why,
            "write --rename old=new, such as orders=purchases or orders.note=remark; \
             quote a name with a dot or a capital in it",
        )
    };
    let mut quoted = false;
    let mut equals = None;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '=' if !quoted => equals = equals.or(Some(at)),
            _ => {}
        }
    }
    let parts = equals.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
    let Some((old, new)) = parts else { return Err(wrong("There is no = between two names")) };
    let (sort, old) = SORTS
        .iter()
        .find_map(|(word, sort)| {
            let rest = old.trim_start().strip_prefix(word)?;
            rest.starts_with(' ').then_some((*sort, rest))
        })
        .unwrap_or((Sort::Any, old));
    match (Path::read(old), Path::read(new)) {
        (Some(from), Some(to)) => Ok(Answer { sort, from, to, origin: Origin::Typed }),
        (None, _) => Err(wrong("The old name is not a name")),
        (_, None) => Err(wrong("The new name is not a name")),
    }
}

/// A thing as it is called now, and as it will be called after the renames found so far.
struct Tracked {
    was: Thing,
    now: Thing,
}

/// The renames that answers mean, in the order in which they must run: what stands in a renamed
/// table is named by the table's new name. An answer may use either.
///
/// A comment whose rename is done already, or has nothing to rename in this database, means
/// nothing. One thing cannot take the name that another gives up in the same plan.
///
/// # Errors
/// A usage problem for the first answer that names nothing that is dropped, nothing that is
/// added, things of two kinds, or more than one pair.
pub fn resolve(current: &Model, desired: &Model, answers: &[Answer]) -> Result<Vec<Rename>> {
    let new = things(desired);
    let wanted: BTreeSet<&Thing> = new.iter().collect();
    let mut old: Vec<Tracked> =
        things(current).into_iter().map(|was| Tracked { now: was.clone(), was }).collect();
    let mut found: Vec<Rename> = Vec::new();
    let mut open: Vec<&Answer> = answers.iter().collect();
    for rank in 0..=2 {
        let mut left = Vec::new();
        for answer in open {
            let pairs = pairs(&old, &new, &wanted, answer, rank);
            let [rename] = pairs.as_slice() else {
                if pairs.len() > 1 {
                    return Err(ambiguous(answer, &pairs));
                }
                left.push(answer);
                continue;
            };
            if found.contains(rename) {
                continue;
            }
            if found.iter().any(|other| other.overlaps(rename)) {
                return Err(twice(answer));
            }
            for tracked in &mut old {
                tracked.now = tracked.now.after(rename);
            }
            found.push(rename.clone());
        }
        open = left;
    }
    for answer in open {
        unused(answer, &old, &new, &found)?;
    }
    Ok(found)
}

/// The renames of one rank an answer may mean.
fn pairs(
    old: &[Tracked],
    new: &[Thing],
    wanted: &BTreeSet<&Thing>,
    answer: &Answer,
    rank: u8,
) -> Vec<Rename> {
    let had: BTreeSet<&Thing> = old.iter().map(|tracked| &tracked.now).collect();
    let mut out = Vec::new();
    for tracked in old.iter().filter(|tracked| tracked.was.rank() == rank) {
        let named = answer.from.names(&tracked.was) || answer.from.names(&tracked.now);
        if !named || !answer.sort.takes(&tracked.now) || wanted.contains(&tracked.now) {
            continue;
        }
        for to in new.iter().filter(|to| !had.contains(to) && answer.to.names(to)) {
            if same_place(&tracked.now, to) {
                out.extend(Rename::of(&tracked.now, to));
            }
        }
    }
    // A name without its schema means the one that stays where it is.
    if out.len() > 1 {
        let stays = |rename: &Rename| match rename {
            Rename::Object { from, to } => from.schema == to.schema,
            Rename::Label { .. } => true,
        };
        let staying: Vec<Rename> = out.iter().filter(|rename| stays(rename)).cloned().collect();
        if staying.len() == 1 {
            return staying;
        }
    }
    out
}

/// Whether one can become the other: of one kind, in one table or enum; between schemas a thing
/// may be moved.
fn same_place(from: &Thing, to: &Thing) -> bool {
    match (from, to) {
        (Thing::Label { key: a, .. }, Thing::Label { key: b, .. }) => a == b,
        (Thing::Object(a), Thing::Object(b)) if a.kind == b.kind => {
            a.of == b.of && (a.schema == b.schema || !a.kind.is_part())
        }
        _ => false,
    }
}

fn shown(answer: &Answer) -> String {
    match answer.origin {
        Origin::Typed => format!("--rename {}={}", answer.from.text, answer.to.text),
        Origin::Comment { line } => format!(
            "The comment on line {line} of the schema (renamed from {} to {})",
            answer.from.text, answer.to.text
        ),
    }
}

fn ambiguous(answer: &Answer, pairs: &[Rename]) -> Problem {
    let list: Vec<String> = pairs.iter().map(ToString::to_string).collect();
    Problem::usage(
        format!("{} may mean several things", shown(answer)),
        format!("It may be the {}", list.join(", or the ")),
        "write the whole name, with the kind in front if need be: --rename 'column a.b=c'",
    )
}

fn twice(answer: &Answer) -> Problem {
    Problem::usage(
        format!("{} contradicts another rename", shown(answer)),
        "One thing has one old name and one new name",
        "leave one of the two out",
    )
}

/// An answer that means no rename: fine for a comment whose time is over, else a mistake.
fn unused(answer: &Answer, old: &[Tracked], new: &[Thing], found: &[Rename]) -> Result<()> {
    let takes = |thing: &Thing| answer.sort.takes(thing);
    let is = |tracked: &&Tracked| {
        takes(&tracked.now) && (answer.from.names(&tracked.was) || answer.from.names(&tracked.now))
    };
    let before = old.iter().find(is);
    let after = new.iter().find(|thing| takes(thing) && answer.to.names(thing));
    let has_it = |thing: &Thing| old.iter().any(|tracked| tracked.now == *thing);
    let said = match (before, after) {
        (_, Some(after)) if matches!(answer.origin, Origin::Comment { .. }) && has_it(after) => {
            return Ok(());
        }
        (None, _) if matches!(answer.origin, Origin::Comment { .. }) => return Ok(()),
        (None, _) => {
            format!("The database has nothing named {}{}", answer.from.text, near(answer, old))
        }
        (_, None) => format!("The schema has nothing named {}", answer.to.text),
        (Some(before), _) if new.contains(&before.now) => {
            format!("{} is in the schema too, so it was not renamed", answer.from.text)
        }
        (_, Some(after)) if has_it(after) => {
            format!("{} is in the database already", answer.to.text)
        }
        _ if !found.is_empty() => "They are not of one kind, in one table".to_owned(),
        _ => "They are not of one kind, in one table; a renamed table needs its own --rename"
            .to_owned(),
    };
    Err(Problem::usage(
        format!("{} does not fit", shown(answer)),
        said,
        "name what is gone on the left and what is new on the right",
    ))
}

/// The name of something dropped that is near to what was typed.
fn near(answer: &Answer, old: &[Tracked]) -> String {
    let Some(typed) = answer.from.last() else { return String::new() };
    let name = |thing: &Thing| match thing {
        Thing::Object(key) => key.name.clone(),
        Thing::Label { label, .. } => label.clone(),
    };
    let nearest = old
        .iter()
        .map(|tracked| name(&tracked.was))
        .map(|name| (strsim::osa_distance(&typed.name.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(slips, name)| *slips <= 2 && *slips < name.chars().count())
        .min();
    nearest.map(|(_, name)| format!("; there is {name}")).unwrap_or_default()
}
