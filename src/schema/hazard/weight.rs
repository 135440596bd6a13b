//! How much a hazard weighs after what was measured, and what is told of it. What was measured
//! never makes a hazard up; it makes one heavier or lighter.

use super::examine::Examiner;
use super::measures::Reading;
use super::wanted::Subject;
use super::{Hazard, Rule, Severity};
use crate::schema::model::Key;
use crate::schema::plan::Action;

/// Rules of steps that take long on a large table.
pub(super) const SLOW: &[Rule] = &[
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

impl Examiner<'_> {
    /// Whether others wait while a step runs.
    fn waits(&self, step: usize) -> bool {
        self.plan.steps.get(step).is_some_and(|step| !step.apart && !step.outside_transaction)
    }

    /// Whether an answer belongs to another hazard of the object: a domain that refuses NULL is one
    /// thing, a column that does so besides its new type another.
    fn is_anothers(&self, hazard: &Hazard, reading: &Reading) -> bool {
        let refuses = Action::SetNotNull(reading.object.clone());
        hazard.rule == Rule::NarrowType
            && matches!(reading.subject, Subject::Nulls(_))
            && self.plan.steps.get(hazard.step).is_some_and(|step| step.actions.contains(&refuses))
    }

    /// Weighs a hazard by the answers about its object, then by the size of its table.
    pub fn weighed(&self, mut hazard: Hazard, object: &Key) -> Hazard {
        let readings: Vec<&Reading> = self
            .facts
            .measures
            .of(hazard.step, object)
            .filter(|reading| tells(hazard.rule, &reading.subject))
            .filter(|reading| !self.is_anothers(&hazard, reading))
            .collect();
        if weigh(&mut hazard, &readings) {
            return hazard;
        }
        let table = if object.kind.is_part() { object.table() } else { object.clone() };
        let reads_all = SLOW.contains(&hazard.rule) || hazard.rule == Rule::RebuildTable;
        if let Some(size) = self.size(&table).filter(|_| reads_all) {
            let size = size.words_with_time(hazard.rule == Rule::RebuildTable);
            hazard.measured = Some(match hazard.measured {
                Some(words) => format!("{words}; {size}"),
                None => size,
            });
            let felt = self.is_felt(&table, hazard.rule);
            if hazard.severity == Severity::Warning && !felt {
                hazard.severity = Severity::Notice;
            } else if hazard.cleared && felt && self.waits(hazard.step) {
                hazard.severity = hazard.rule.severity().min(Severity::Warning);
            }
        }
        hazard
    }
}

/// Whether an answer to this question is for this rule.
fn tells(rule: Rule, subject: &Subject) -> bool {
    match subject {
        Subject::Rows => matches!(rule, Rule::DropTable | Rule::DropVirtualTable),
        Subject::Values(_) => rule == Rule::DropColumn,
        Subject::Attribute { .. } => rule == Rule::DropAttribute,
        Subject::Occupied => rule == Rule::AddRequired,
        Subject::Nulls(_) => {
            matches!(rule, Rule::SetNotNull | Rule::AddPrimaryKey | Rule::NarrowType)
        }
        Subject::Lossy { .. } => rule == Rule::LossyType,
        Subject::Unfit { .. } => {
            matches!(rule, Rule::NarrowType | Rule::RemoveLabel | Rule::RebuildTable)
        }
        Subject::Labelled { .. } => rule == Rule::RemoveLabel,
        Subject::Duplicates { .. } => {
            matches!(rule, Rule::AddUnique | Rule::AddPrimaryKey | Rule::RebuildTable)
        }
        Subject::Failing(_) => {
            matches!(
                rule,
                Rule::AddCheck | Rule::ValidateConstraint | Rule::RebuildTable | Rule::NarrowType
            )
        }
        Subject::Orphans { .. } => {
            matches!(rule, Rule::AddForeignKey | Rule::ValidateConstraint | Rule::RebuildTable)
        }
    }
}

/// Lets what was measured decide how much a hazard weighs, and what is told. Answers whether the
/// step is known to fail, so that nothing else of it matters.
fn weigh(hazard: &mut Hazard, readings: &[&Reading]) -> bool {
    if readings.is_empty() {
        return false;
    }
    let told = |of: &dyn Fn(&Reading) -> bool| -> Option<String> {
        let words: Vec<String> =
            readings.iter().filter(|reading| of(reading)).map(|reading| reading.words()).collect();
        (!words.is_empty()).then(|| words.join("; "))
    };
    if let Some(failing) = readings.iter().find(|reading| reading.fails()) {
        hazard.severity = Severity::Danger;
        "It fails on the rows there are.".clone_into(&mut hazard.why);
        failing.subject.remedy().clone_into(&mut hazard.safer);
        hazard.measured = told(&Reading::fails);
        return true;
    }
    hazard.measured = told(&|reading| !reading.clears()).or_else(|| told(&|_| true));
    if readings.iter().all(|reading| reading.clears()) {
        hazard.severity = Severity::Notice;
        hazard.cleared = readings.iter().all(|reading| reading.subject.fails());
        if !hazard.cleared {
            // Nothing is lost; what is left is that it is gone.
            "What still uses it fails.".clone_into(&mut hazard.why);
        }
    } else if readings.iter().any(|reading| reading.is_found() && !reading.subject.fails()) {
        hazard.severity = Severity::Danger;
    }
    false
}
