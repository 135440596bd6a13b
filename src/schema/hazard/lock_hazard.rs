//! The rules over what a step locks and writes anew, as it was watched on a scratch, or as it is
//! expected to where it was not.

use super::examine::{Examiner, object};
use super::step_lock::expected;
use super::{Hazard, LockMode, Rule, Severity};
use crate::schema::RelationName;
use crate::schema::model::{Key, Kind};
use crate::schema::plan::{Action, Step};
use crate::sql::Dialect;

/// Rules that tell of a lock already.
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
];

impl Examiner<'_> {
    pub(super) fn locks(&mut self, step: usize, found: &Step) {
        if self.plan.dialect == Dialect::Sqlite {
            return;
        }
        let effects = match self.facts.effects_of(step) {
            Some(effects) => (effects.clone(), true),
            None => (expected(self.plan, step, &self.context), false),
        };
        let (effects, watched) = effects;
        for relation in &effects.rewrites {
            if let Some(key) = self.table_named(relation)
                && !goes(found, &key)
            {
                self.rewritten(step, &key, watched);
            }
        }
        for (relation, mode) in &effects.locks {
            if let Some(key) = self.table_named(relation) {
                self.locked(step, found, &key, (relation, *mode), watched);
            }
        }
    }

    fn rewritten(&mut self, step: usize, key: &Key, watched: bool) {
        if self.has(step, &[Rule::SetLogged]) {
            return;
        }
        let mut hazard = Hazard::of(Rule::RewriteTable, step, Some(key.clone()));
        let how = if watched { "Measured on a scratch" } else { "By the manual" };
        hazard.why = format!("{how}. {}", Rule::RewriteTable.why());
        self.by_size(&mut hazard, key, true);
        self.out.push(hazard);
    }

    /// A small table is done before anybody notices.
    fn by_size(&self, hazard: &mut Hazard, key: &Key, written: bool) {
        let Some(size) = self.size(key) else { return };
        hazard.measured = Some(size.words_with_time(written));
        let felt = self.is_felt(key, hazard.rule);
        hazard.severity = if felt { Severity::Warning } else { Severity::Notice };
    }

    fn locked(
        &mut self,
        step: usize,
        found: &Step,
        key: &Key,
        (relation, mode): (&RelationName, LockMode),
        watched: bool,
    ) {
        if mode >= LockMode::Share && !self.strong.contains(&step) {
            self.strong.push(step);
        }
        if mode < LockMode::Share || goes(found, key) {
            return;
        }
        let own = found.actions.iter().filter_map(object).any(|about| is_of(about, key));
        let scans =
            self.out.iter().any(|hazard| hazard.step == step && TOLD.contains(&hazard.rule) && own);
        let rule = match (own, mode) {
            (false, _) => Rule::LocksOtherTable,
            (true, _) if scans => {
                self.add_lock(step, mode, relation, watched);
                return;
            }
            (true, LockMode::AccessExclusive) if checks(found, key) => Rule::ScanUnderLock,
            (true, LockMode::AccessExclusive) if drops_index(found) => Rule::DropIndexNotConcurrent,
            (true, LockMode::AccessExclusive) => Rule::ExclusiveLock,
            (true, _) => Rule::BlocksWrites,
        };
        let mut hazard = Hazard::of(rule, step, Some(key.clone()));
        hazard.why = format!("{} {}", self.lock_words(mode, relation, watched), rule.why());
        if rule == Rule::ScanUnderLock {
            self.by_size(&mut hazard, key, false);
        } else if let Some(size) = self.size(key) {
            hazard.measured = Some(size.words());
        }
        self.out.push(hazard);
    }

    /// Adds the lock to the hazard that tells of the work done under it.
    fn add_lock(&mut self, step: usize, mode: LockMode, relation: &RelationName, watched: bool) {
        let words = self.lock_words(mode, relation, watched);
        let told =
            self.out.iter_mut().find(|hazard| hazard.step == step && TOLD.contains(&hazard.rule));
        if let Some(hazard) = told
            && !hazard.why.contains(&words)
        {
            hazard.why = format!("{} {words}", hazard.why);
        }
    }
}

/// Whether the step drops the relation itself.
fn goes(found: &Step, key: &Key) -> bool {
    found.actions.iter().any(
        |action| matches!(action, Action::Drop(gone) | Action::DropToRemake(gone) if gone == key),
    )
}

/// Whether an object is this relation or a part of it.
fn is_of(about: &Key, relation: &Key) -> bool {
    about == relation
        || about.kind.is_part() && about.schema == relation.schema && about.of == relation.name
}

/// Whether the step changes a column's type, which may read all rows even if it writes none.
fn checks(found: &Step, key: &Key) -> bool {
    found
        .actions
        .iter()
        .any(|action| matches!(action, Action::ChangeType { column, .. } if is_of(column, key)))
}

fn drops_index(found: &Step) -> bool {
    found
        .actions
        .iter()
        .any(|action| matches!(action, Action::Drop(gone) if gone.kind == Kind::Index))
}
