//! The rules over what a step locks and writes anew, as it was watched on a scratch, or as it is
//! expected to where it was not. A table is told of once, however many steps lock it: what each of
//! them locks is known beside its hazards.

use super::examine::{Context, Examiner, object};
use super::lookup::is_there;
use super::measures::{Effects, Facts};
use super::names::Names;
use super::step_lock::expected;
use super::type_change::fit;
use super::{LockMode, Rule, Severity};
use crate::schema::RelationName;
use crate::schema::model::{Key, Kind, Model};
use crate::schema::plan::{Action, Plan, Step};
use crate::sql::Dialect;

/// Rules that tell that a table cannot be used while something is done.
const TOLD: &[Rule] = &[
    Rule::RewriteTable,
    Rule::SetLogged,
    Rule::SetNotNull,
    Rule::AddUnique,
    Rule::AddPrimaryKey,
    Rule::AddCheck,
    Rule::AddForeignKey,
    Rule::AddExclusion,
    Rule::IndexNotConcurrent,
    Rule::ValidateConstraint,
    Rule::AddTrigger,
    Rule::DropTable,
    Rule::DropMaterializedView,
];

/// What each step of a plan does to the relations that are there before the plan, and whether that
/// was watched; else it is what the manual says.
pub fn locks(plan: &Plan, facts: &Facts, context: &Context<'_>) -> Vec<(Effects, bool)> {
    let mut names = Names::default();
    let of_step = |(at, step): (usize, &Step)| {
        let found = match facts.effects_of(at) {
            Some(effects) => (effects.clone(), true),
            None => (expected(plan, at, &names, context), false),
        };
        let there = |relation: &RelationName| key(context.current, &names, relation).is_some();
        let (mut effects, watched) = found;
        effects.locks.retain(|(relation, _)| there(relation));
        effects.rewrites.retain(there);
        names.follow(&step.actions);
        (effects, watched)
    };
    plan.steps.iter().enumerate().map(of_step).collect()
}

/// A relation's key among the tables there are before the plan, by its name at a step.
fn key(current: &Model, names: &Names, relation: &RelationName) -> Option<Key> {
    let key = |kind| Key::new(kind, relation.schema.clone(), relation.name.clone());
    let kinds = [Kind::Table, Kind::MaterializedView];
    kinds.into_iter().map(key).find(|key| is_there(current, names, key))
}

impl Examiner<'_> {
    pub(super) fn locks(&mut self, step: usize, found: &Step, effects: &Effects) {
        if self.plan.dialect == Dialect::Sqlite {
            return;
        }
        let key = |relation: &RelationName| key(self.context.current, &self.names, relation);
        let rewrites: Vec<Key> = effects.rewrites.iter().filter_map(key).collect();
        let locks: Vec<(Key, LockMode)> = effects
            .locks
            .iter()
            .filter_map(|(relation, mode)| key(relation).map(|key| (key, *mode)))
            .collect();
        for key in rewrites.iter().filter(|key| !goes(found, key)) {
            self.rewritten(step, key);
        }
        for (key, mode) in &locks {
            self.locked(step, found, key, *mode);
        }
    }

    fn rewritten(&mut self, step: usize, key: &Key) {
        if self.has(step, &[Rule::SetLogged]) {
            return;
        }
        self.work(Rule::RewriteTable, step, key);
    }

    /// Reports work on a table by the size of it: a small one is done before anybody notices.
    fn work(&mut self, rule: Rule, step: usize, key: &Key) {
        let mut hazard = self.hazard(rule, step, Some(key.clone()));
        if let Some(size) = self.size(key) {
            hazard.measured = Some(size.words_with_time(rule == Rule::RewriteTable));
            let felt = self.is_felt(key, rule);
            hazard.severity = if felt { Severity::Warning } else { Severity::Notice };
        }
        self.out.push(hazard);
    }

    fn locked(&mut self, step: usize, found: &Step, key: &Key, mode: LockMode) {
        if mode < LockMode::Share {
            return;
        }
        if !self.strong.contains(&step) {
            self.strong.push(step);
        }
        if goes(found, key) {
            return;
        }
        let own = found.actions.iter().filter_map(object).any(|about| is_of(about, key));
        let exclusive = mode == LockMode::AccessExclusive;
        let rule = match own {
            true if self.has(step, TOLD) => {
                self.told.insert((Rule::ExclusiveLock, key.clone()));
                self.told.insert((Rule::BlocksWrites, key.clone()));
                return;
            }
            true if exclusive && checks(found, key) => {
                return self.work(Rule::ScanUnderLock, step, key);
            }
            true if exclusive && drops_index(found) => Rule::DropIndexNotConcurrent,
            true if exclusive => Rule::ExclusiveLock,
            true => Rule::BlocksWrites,
            false => Rule::LocksOtherTable,
        };
        // Where nobody else is, a lock that is soon gone hurts nobody.
        if !self.context.online || !self.told.insert((rule, key.clone())) {
            return;
        }
        let mut hazard = self.hazard(rule, step, Some(key.clone()));
        if let Some(size) = self.size(key) {
            hazard.measured = Some(size.words());
        }
        self.out.push(hazard);
    }
}

/// Whether the step drops the relation itself.
fn goes(found: &Step, key: &Key) -> bool {
    found.actions.iter().any(|action| match action {
        Action::Drop(gone) | Action::DropToRemake(gone) | Action::Aside(gone) => gone == key,
        _ => false,
    })
}

/// Whether an object is this relation or a part of it.
fn is_of(about: &Key, relation: &Key) -> bool {
    about == relation
        || about.kind.is_part() && about.schema == relation.schema && about.of == relation.name
}

/// Whether the step gives a column a type that its values are checked for: all rows are read even
/// if none is written.
fn checks(found: &Step, key: &Key) -> bool {
    found.actions.iter().any(|action| match action {
        Action::ChangeType { column, from, to, using } => {
            is_of(column, key) && !fit(from, to, using.is_some()).in_place
        }
        _ => false,
    })
}

fn drops_index(found: &Step) -> bool {
    found
        .actions
        .iter()
        .any(|action| matches!(action, Action::Drop(gone) if gone.kind == Kind::Index))
}
