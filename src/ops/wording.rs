//! What the steps of a plan do, in words a person reads; and what a migration is called after
//! them. Read from a step's actions, never from its SQL.

use std::collections::BTreeSet;

use crate::schema::hazard;
use crate::schema::model::{Key, Kind};
use crate::schema::plan::{Action, Plan, Step};

/// The most actions of one step that are told one by one.
const MOST: usize = 3;

/// What a step does: `adds column public.orders.note`.
pub fn what(step: &Step) -> String {
    let mut told: Vec<String> = step.actions.iter().map(action).collect();
    told.dedup();
    let more = told.len().saturating_sub(MOST);
    told.truncate(MOST);
    let mut words = told.join("; ");
    match more {
        0 => {}
        1 => words.push_str("; and one thing more"),
        more => words.push_str(&format!("; and {more} things more")),
    }
    words
}

fn action(action: &Action) -> String {
    let thing = |key: &Key| format!("{} {key}", key.kind.word());
    match action {
        Action::Create(key) if key.kind == Kind::Column => format!("adds {}", thing(key)),
        Action::Create(key) => format!("makes {}", thing(key)),
        Action::Drop(key) => format!("drops {}", thing(key)),
        Action::DropToRemake(key) if key.kind == Kind::Table => {
            format!("drops the old form of {}", thing(key))
        }
        Action::Remake(key) if key.kind == Kind::Table => {
            format!("puts the new form of {} in its place", thing(key))
        }
        Action::Prepare(key) => format!("makes the new form of {}", thing(key)),
        Action::DropToRemake(key) => format!("drops {} for a while", thing(key)),
        Action::Remake(key) => format!("makes {} again", thing(key)),
        Action::Aside(key) => format!("sets {} aside", thing(key)),
        Action::DropOld(key) => format!("drops the old form of {}", thing(key)),
        Action::Comment(key) => format!("comments on {}", thing(key)),
        Action::Alter(key) => format!("changes {}", thing(key)),
        Action::Rename { from, to } if from.name == to.name => {
            format!("moves {} to {}", thing(from), to.schema)
        }
        Action::Rename { from, to } => format!("renames {} to {}", thing(from), to.name),
        Action::SetNotNull(key) => format!("refuses NULL in {key}"),
        Action::AddRequired(key) => format!("adds {}, which must not be NULL", thing(key)),
        // The type's own name stays where its collation changes, or it was made anew.
        Action::ChangeType { column, from, to, .. } if from == to => {
            format!("changes the type of {}", thing(column))
        }
        Action::ChangeType { column, from, to, .. } => {
            format!("changes {column} from {from} to {to}")
        }
        Action::RemoveLabel { key, label } => format!("takes {label} out of {}", thing(key)),
        Action::DropAttribute { key, attribute } => {
            format!("takes {attribute} out of {}", thing(key))
        }
        Action::Validate(key) => format!("checks the rows for {}", thing(key)),
        Action::Rebuild(key) => format!("copies the rows of {key} into its new form"),
        Action::Authorize(key) => format!("changes who may do what with {}", thing(key)),
        Action::Setting => "sets up the transaction".to_owned(),
    }
}

/// What is lost for good by a plan: taking it back brings the things back, not what they held.
pub fn losses(plan: &Plan) -> Vec<String> {
    let lost = plan.steps.iter().flat_map(|step| &step.actions).filter_map(|action| match action {
        Action::Drop(key) => match key.kind {
            Kind::Table => Some(format!("the rows of {key}")),
            Kind::Column => Some(format!("the values of {key}")),
            Kind::Sequence => Some(format!("how far {key} had counted")),
            _ => None,
        },
        Action::ChangeType { column, from, to, using }
            if hazard::loses_values(from, to, using.is_some()) =>
        {
            Some(format!("what values of {column} lose on their way from {from} to {to}"))
        }
        Action::RemoveLabel { key, label } => Some(format!("which rows had {label} of {key}")),
        Action::DropAttribute { key, attribute } => {
            Some(format!("the values of {attribute} in {key}"))
        }
        _ => None,
    });
    let mut seen = BTreeSet::new();
    lost.filter(|loss| seen.insert(loss.clone())).collect()
}

/// A name for a migration that does this: `create_orders`, `add_orders_note`.
pub fn name(plan: &Plan) -> String {
    let actions = || plan.steps.iter().flat_map(|step| &step.actions);
    let renames: Vec<String> = actions()
        .filter_map(|action| match action {
            Action::Rename { from, .. } => Some(format!("rename {}", place(from))),
            _ => None,
        })
        .collect();
    // Parts of what is made or dropped whole are no news.
    let whole = |key: &Key| matches!(key.kind, Kind::Table | Kind::View | Kind::MaterializedView);
    let of = |wanted: fn(&Action) -> Option<&Key>| -> Vec<Key> {
        actions().filter_map(wanted).cloned().collect()
    };
    let made = of(|action| match action {
        Action::Create(key) | Action::AddRequired(key) => Some(key),
        _ => None,
    });
    let dropped = of(|action| match action {
        Action::Drop(key) => Some(key),
        _ => None,
    });
    let parts_of = |keys: &[Key]| -> Vec<Key> {
        let wholes: BTreeSet<_> =
            keys.iter().filter(|key| whole(key)).map(|key| (&key.schema, &key.name)).collect();
        let is_part = |key: &&Key| key.kind.is_part() && wholes.contains(&(&key.schema, &key.of));
        keys.iter().filter(|key| !is_part(key)).cloned().collect()
    };
    let mut phrases = renames;
    phrases.extend(parts_of(&made).iter().map(|key| match key.kind {
        kind if kind.is_part() => format!("add {}", place(key)),
        _ => format!("create {}", place(key)),
    }));
    phrases.extend(parts_of(&dropped).iter().map(|key| format!("drop {}", place(key))));
    if phrases.is_empty() {
        phrases.extend(actions().filter_map(|action| match action {
            Action::Validate(key) => Some(format!("validate {}", place(key))),
            Action::SetNotNull(key) => Some(format!("require {}", place(key))),
            Action::Alter(key)
            | Action::Rebuild(key)
            | Action::Remake(key)
            | Action::Authorize(key)
            | Action::ChangeType { column: key, .. }
            | Action::RemoveLabel { key, .. }
            | Action::DropAttribute { key, .. } => Some(format!("change {}", place(key))),
            _ => None,
        }));
    }
    let mut seen = BTreeSet::new();
    phrases.retain(|phrase| seen.insert(phrase.clone()));
    match phrases.as_slice() {
        [] => "change schema".to_owned(),
        [only] => only.clone(),
        [one, other] => match (one.split_once(' '), other.split_once(' ')) {
            (Some((verb, _)), Some((same, rest))) if verb == same => format!("{one} and {rest}"),
            _ => format!("{one} and {other}"),
        },
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// A thing's name without its schema, a part's after its relation's.
fn place(key: &Key) -> String {
    // Most constraints and indexes are called after their table anyhow.
    let told = key.name.strip_prefix(key.of.as_str()).is_some_and(|rest| rest.starts_with('_'));
    if key.kind.is_part() && !told { format!("{} {}", key.of, key.name) } else { key.name.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Dialect;

    fn plan(actions: Vec<Vec<Action>>) -> Plan {
        let steps = actions.into_iter().map(|actions| Step::new("x", actions)).collect();
        Plan { steps, ..Plan::empty(Dialect::Postgres) }
    }

    #[test]
    fn migrations_are_called_after_what_they_do() {
        let orders = Key::new(Kind::Table, "public", "orders");
        let note = orders.child(Kind::Column, "note");
        let made = plan(vec![vec![Action::Create(orders.clone()), Action::Create(note.clone())]]);
        assert_eq!(name(&made), "create orders");
        assert_eq!(name(&plan(vec![vec![Action::Create(note.clone())]])), "add orders note");
        let dropped = plan(vec![vec![Action::Drop(note.clone())], vec![Action::SetNotNull(note)]]);
        assert_eq!(name(&dropped), "drop orders note");
        assert_eq!(losses(&dropped), ["the values of public.orders.note"]);
        assert_eq!(what(&dropped.steps[0]), "drops column public.orders.note");
        let users = Key::new(Kind::Table, "public", "users");
        let both = plan(vec![vec![Action::Create(users)], vec![Action::Create(orders.clone())]]);
        assert_eq!(name(&both), "create users and orders");
        assert_eq!(name(&plan(vec![vec![Action::Rebuild(orders)]])), "change orders");
        assert_eq!(name(&plan(Vec::new())), "change schema");
    }
}
