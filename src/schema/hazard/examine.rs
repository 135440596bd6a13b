//! The examination of a plan: each action by its rules, each step by its locks, and the plan as a
//! whole. What was measured makes a hazard heavier or lighter; it never makes one up.

use std::time::Duration;

use super::measures::{Facts, Reading, TableSize};
use super::names::Names;
use super::wanted::Subject;
use super::words::Words;
use super::{Hazard, LockMode, Rule, Severity, text};
use crate::schema::RelationName;
use crate::schema::model::{Key, Model};
use crate::schema::plan::{Action, Plan, Step};
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
}

/// The hazards of a plan, in the order of its steps.
pub fn examine(plan: &Plan, facts: &Facts, context: &Context<'_>) -> Vec<Hazard> {
    let names = Names::default();
    let mut examiner =
        Examiner { plan, facts, context: *context, names, out: Vec::new(), strong: Vec::new() };
    for (step, found) in plan.steps.iter().enumerate() {
        for action in &found.actions {
            examiner.action(step, found, action);
        }
        examiner.words(step, found);
        examiner.locks(step, found);
        examiner.names.follow(&found.actions);
    }
    examiner.whole();
    examiner.out.sort_by_key(|hazard| hazard.step);
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
        let mut hazard = Hazard::of(rule, step, Some(object.clone()));
        let readings: Vec<&Reading> = self
            .facts
            .measures
            .of(step, object)
            .filter(|reading| tells(rule, &reading.subject))
            .collect();
        weigh(&mut hazard, &readings);
        let table = if object.kind.is_part() { object.table() } else { object.clone() };
        if let Some(size) = self.size(&table).filter(|_| reads_all(rule)) {
            let size = size.words_with_time(rule == Rule::RebuildTable);
            hazard.measured = Some(match hazard.measured {
                Some(words) => format!("{words}; {size}"),
                None => size,
            });
            if hazard.severity == Severity::Warning && !self.is_felt(&table, rule) {
                hazard.severity = Severity::Notice;
            }
        }
        self.out.push(hazard);
    }

    /// Rules that are about the words of a step, whatever its actions.
    fn words(&mut self, step: usize, found: &Step) {
        let words = Words::of(self.plan.dialect, &found.sql);
        for rule in text::planned(self.plan.dialect, &words) {
            if self.has(step, &[rule]) {
                continue;
            }
            let object = found.actions.first().and_then(object);
            self.out.push(Hazard::of(rule, step, object.cloned()));
        }
        if found.outside_transaction {
            let object = found.actions.first().and_then(object).cloned();
            self.out.push(Hazard::of(Rule::NotInTransaction, step, object));
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
            self.out.push(Hazard::of(Rule::LabelInSameTransaction, step, None));
        }
        self.patience();
        self.order();
    }

    /// Whether the first strong lock is waited for without a limit.
    fn patience(&mut self) {
        let limited = |step: &Step| {
            step.actions.contains(&Action::Setting) && step.sql.contains("lock_timeout")
        };
        let Some(first) = self.strong.first().copied() else { return };
        if self.context.online && !self.plan.steps.iter().take(first).any(limited) {
            self.out.push(Hazard::of(Rule::NoLockTimeout, first, None));
        }
    }

    /// Whether slow work follows a strong lock in one transaction.
    fn order(&mut self) {
        if !self.context.online {
            return;
        }
        let mut held: Option<usize> = None;
        let mut late = Vec::new();
        for (step, found) in self.plan.steps.iter().enumerate() {
            if found.outside_transaction {
                held = None;
                continue;
            }
            let slow = |hazard: &&Hazard| hazard.step == step && SLOW.contains(&hazard.rule);
            let felt = |hazard: &Hazard| {
                hazard.object.as_ref().is_none_or(|object| {
                    let table = if object.kind.is_part() { object.table() } else { object.clone() };
                    self.is_felt(&table, hazard.rule)
                })
            };
            if held.is_some() && self.out.iter().filter(slow).any(felt) {
                late.push(step);
            }
            if self.strong.contains(&step) {
                held = held.or(Some(step));
            }
        }
        for step in late {
            self.out.push(Hazard::of(Rule::WorkAfterLock, step, None));
        }
    }
}

/// Work under a lock that takes longer than this is felt.
const FELT: Duration = Duration::from_millis(200);

/// Rules of steps that take long on a large table.
const SLOW: &[Rule] = &[
    Rule::RewriteTable,
    Rule::ScanUnderLock,
    Rule::IndexNotConcurrent,
    Rule::SetNotNull,
    Rule::AddUnique,
    Rule::AddPrimaryKey,
    Rule::AddCheck,
    Rule::AddForeignKey,
    Rule::AddExclusion,
    Rule::ValidateConstraint,
];

/// The object an action is about.
pub(super) fn object(action: &Action) -> Option<&Key> {
    match action {
        Action::Create(key)
        | Action::Drop(key)
        | Action::DropToRemake(key)
        | Action::Remake(key)
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

/// Whether the step of such a hazard reads the whole table, so that its size matters.
fn reads_all(rule: Rule) -> bool {
    SLOW.contains(&rule) || rule == Rule::RebuildTable
}

/// Whether an answer to this question is for this rule.
fn tells(rule: Rule, subject: &Subject) -> bool {
    match subject {
        Subject::Rows => matches!(rule, Rule::DropTable | Rule::DropVirtualTable),
        Subject::Values(_) => rule == Rule::DropColumn,
        Subject::Occupied => rule == Rule::AddRequired,
        Subject::Nulls(_) => matches!(rule, Rule::SetNotNull | Rule::AddPrimaryKey),
        Subject::Lossy { .. } => rule == Rule::LossyType,
        Subject::Unfit { .. } => {
            matches!(rule, Rule::NarrowType | Rule::RemoveLabel | Rule::RebuildTable)
        }
        Subject::Labelled { .. } => rule == Rule::RemoveLabel,
        Subject::Duplicates { .. } => {
            matches!(rule, Rule::AddUnique | Rule::AddPrimaryKey | Rule::RebuildTable)
        }
        Subject::Failing(_) => {
            matches!(rule, Rule::AddCheck | Rule::ValidateConstraint | Rule::RebuildTable)
        }
        Subject::Orphans { .. } => {
            matches!(rule, Rule::AddForeignKey | Rule::ValidateConstraint | Rule::RebuildTable)
        }
    }
}

/// Lets what was measured decide how much a hazard weighs.
fn weigh(hazard: &mut Hazard, readings: &[&Reading]) {
    if readings.is_empty() {
        return;
    }
    let words: Vec<String> = readings.iter().map(|reading| reading.words()).collect();
    hazard.measured = Some(words.join("; "));
    let lost = |reading: &&&Reading| reading.is_found() && !reading.subject.fails();
    if readings.iter().any(|reading| reading.fails()) {
        hazard.severity = Severity::Danger;
        hazard.why = format!("It will fail as the rows are now. {}", hazard.rule.why());
    } else if readings.iter().all(|reading| reading.clears()) {
        hazard.severity = Severity::Notice;
    } else if readings.iter().any(|reading| lost(&reading)) {
        hazard.severity = Severity::Danger;
    }
}

/// A relation's key among the tables of the models, by its name at this step.
impl Examiner<'_> {
    pub fn table_named(&self, relation: &RelationName) -> Option<Key> {
        use crate::schema::model::Kind::{MaterializedView, Table};
        let key = |kind| Key::new(kind, relation.schema.clone(), relation.name.clone());
        [key(Table), key(MaterializedView)].into_iter().find(|key| self.is_there(key))
    }

    /// The sentence about a lock.
    pub fn lock_words(&self, mode: LockMode, relation: &RelationName, measured: bool) -> String {
        let how = if measured { "measured on a scratch" } else { "by the manual" };
        format!("It takes {mode} on {relation} ({how}), which blocks {}.", mode.blocks())
    }
}
