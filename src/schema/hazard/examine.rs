//! The examination of a plan: each action by its rules, each step by its locks, and the plan as a
//! whole. What was measured makes a hazard heavier or lighter; it never makes one up.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::measures::{FELT, Facts, TableSize};
use super::names::Names;
use super::weight::SLOW;
use super::words::Words;
use super::{Hazard, Rule, text};
use crate::schema::model::{Key, Model};
use crate::schema::plan::{Action, Plan, Step, groups};
use crate::sql::Dialect;

/// What a plan is examined against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The schema before the plan, by its own names or by those after the plan's renames.
    pub current: &'a Model,
    /// The schema after it.
    pub desired: &'a Model,
    /// Whether others use the database meanwhile, so that locks matter beyond their cost.
    pub online: bool,
    /// Whether something else than dbstudio may run it, which then limits no waiting for locks.
    pub elsewhere: bool,
}

/// The hazards of a plan, in the order of its steps.
pub fn examine(plan: &Plan, facts: &Facts, context: &Context<'_>) -> Vec<Hazard> {
    let mut examiner = Examiner {
        plan,
        facts,
        context: *context,
        names: Names::default(),
        out: Vec::new(),
        strong: Vec::new(),
        told: BTreeSet::new(),
    };
    let effects = super::lock_hazard::locks(plan, facts, context);
    for (step, found) in plan.steps.iter().enumerate() {
        for action in &found.actions {
            examiner.action(step, found, action);
        }
        examiner.words(step, found);
        if let Some((effects, _)) = effects.get(step) {
            examiner.locks(step, found, effects);
        }
        examiner.names.follow(&found.actions);
    }
    examiner.whole();
    examiner.out.sort_by_key(|hazard| (hazard.step, Reverse(hazard.severity)));
    examiner.out
}

pub(super) struct Examiner<'a> {
    pub plan: &'a Plan,
    pub facts: &'a Facts,
    pub context: Context<'a>,
    /// The renames of the steps before the one that is looked at.
    pub names: Names,
    pub out: Vec<Hazard>,
    /// The steps that lock a table that is there against writes at least.
    pub strong: Vec<usize>,
    /// The tables whose locks were told of, and by which rule.
    pub told: BTreeSet<(Rule, Key)>,
}

impl Examiner<'_> {
    /// Whether a relation is there before the plan.
    pub fn is_there(&self, relation: &Key) -> bool {
        super::lookup::is_there(self.context.current, &self.names, relation)
    }

    /// The size of a table, by the name it has at this step.
    pub fn size(&self, table: &Key) -> Option<&TableSize> {
        self.facts.measures.tables.get(&self.names.relation(table))
    }

    /// Whether others notice how long such work on a table takes; where its size is not known, they
    /// may.
    pub fn is_felt(&self, table: &Key, rule: Rule) -> bool {
        let written = matches!(rule, Rule::RewriteTable | Rule::RebuildTable);
        let time = self.size(table).and_then(|size| size.busy(written));
        time.is_none_or(|time| time >= FELT)
    }

    /// Whether the step is known by the rule already.
    pub fn has(&self, step: usize, rules: &[Rule]) -> bool {
        self.out.iter().any(|hazard| hazard.step == step && rules.contains(&hazard.rule))
    }

    /// Reports a hazard of an object with what was measured of it.
    pub fn report(&mut self, rule: Rule, step: usize, object: &Key) {
        let known = |hazard: &Hazard| {
            hazard.rule == rule && hazard.step == step && hazard.object.as_ref() == Some(object)
        };
        if self.out.iter().any(known) {
            return;
        }
        let hazard = self.hazard(rule, step, Some(object.clone()));
        self.out.push(self.weighed(hazard, object));
    }

    /// A hazard as its rule tells it.
    pub fn hazard(&self, rule: Rule, step: usize, object: Option<Key>) -> Hazard {
        Hazard::of(self.plan.dialect, rule, step, object)
    }

    /// Rules that are about the words of a step, whatever its actions.
    fn words(&mut self, step: usize, found: &Step) {
        let words = Words::of(self.plan.dialect, &found.sql);
        for rule in text::planned(self.plan.dialect, &words) {
            if self.has(step, &[rule]) {
                continue;
            }
            let object = found.actions.first().and_then(object);
            self.out.push(self.hazard(rule, step, object.cloned()));
        }
        if found.outside_transaction {
            let object = found.actions.first().and_then(object).cloned();
            self.out.push(self.hazard(Rule::NotInTransaction, step, object));
        }
    }

    /// Rules about several steps together.
    fn whole(&mut self) {
        if self.plan.dialect == Dialect::Sqlite {
            return;
        }
        let statements: Vec<(&str, bool)> = self
            .plan
            .steps
            .iter()
            .map(|step| (step.sql.as_str(), step.outside_transaction))
            .collect();
        for step in text::labels_used_too_soon(&statements) {
            self.out.push(self.hazard(Rule::LabelInSameTransaction, step, None));
        }
        self.patience();
        self.order();
    }

    /// Whether the first strong lock is waited for without a limit.
    fn patience(&mut self) {
        if !self.context.online || !self.context.elsewhere {
            return;
        }
        let limits = |step: &Step| {
            step.actions.contains(&Action::Setting) && step.sql.contains("lock_timeout")
        };
        let steps = &self.plan.steps;
        let limited = |strong: usize| {
            let group = groups(steps).into_iter().find(|group| group.contains(&strong));
            let within = group.map_or(strong, |group| group.start)..strong;
            steps.iter().enumerate().take(strong).any(|(at, step)| {
                limits(step) && (within.contains(&at) || !step.sql.contains("LOCAL"))
            })
        };
        let first = self.strong.iter().copied().find(|strong| !limited(*strong));
        if let Some(first) = first {
            self.out.push(self.hazard(Rule::NoLockTimeout, first, None));
        }
    }

    /// Whether slow work follows a strong lock in one transaction.
    fn order(&mut self) {
        if !self.context.online {
            return;
        }
        let mut late = Vec::new();
        for group in groups(&self.plan.steps) {
            let held = self.strong.iter().find(|step| group.contains(step));
            let Some(held) = held else { continue };
            late.extend((held + 1..group.end).filter(|step| self.is_slow(*step)));
        }
        for step in late {
            self.out.push(self.hazard(Rule::WorkAfterLock, step, None));
        }
    }

    /// Whether others notice how long a step takes; one that is told of for that already is not.
    fn is_slow(&self, step: usize) -> bool {
        let felt = |hazard: &Hazard| {
            hazard.object.as_ref().is_none_or(|object| {
                let table = if object.kind.is_part() { object.table() } else { object.clone() };
                self.is_felt(&table, hazard.rule)
            })
        };
        let mut slow =
            self.out.iter().filter(|found| found.step == step && SLOW.contains(&found.rule));
        !self.has(step, &[Rule::ValidateInSameTransaction]) && slow.any(felt)
    }
}

/// The object an action is about.
pub(super) fn object(action: &Action) -> Option<&Key> {
    match action {
        Action::Create(key)
        | Action::Drop(key)
        | Action::DropToRemake(key)
        | Action::Remake(key)
        | Action::Aside(key)
        | Action::Prepare(key)
        | Action::DropOld(key)
        | Action::Comment(key)
        | Action::Alter(key)
        | Action::Rename { from: key, .. }
        | Action::SetNotNull(key)
        | Action::AddRequired(key)
        | Action::ChangeType { column: key, .. }
        | Action::RemoveLabel { key, .. }
        | Action::Validate(key)
        | Action::Rebuild(key)
        | Action::Authorize(key) => Some(key),
        Action::Setting => None,
    }
}
