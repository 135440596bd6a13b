//! What a hand-written statement was seen to do, and what its words say, as one list: the schema
//! knows better what was dropped or refused, the words know what leaves no trace in it.

use super::words::Words;
use super::{Hazard, Rule};
use crate::schema::plan::Plan;
use crate::sql::statement::split;

/// Rules that are judged by what was seen, wherever something was.
const SEEN: &[Rule] = &[
    Rule::DropTable,
    Rule::DropColumn,
    Rule::DropSchema,
    Rule::DropMaterializedView,
    Rule::DropSequence,
    Rule::DropView,
    Rule::DropRoutine,
    Rule::DropType,
    Rule::DropExtension,
    Rule::DropConstraint,
    Rule::DropIndex,
    Rule::DropTrigger,
    Rule::DropPolicy,
    Rule::DropDefault,
    Rule::DropNotNull,
    Rule::SetNotNull,
    Rule::AddRequired,
    Rule::NarrowType,
    Rule::AddUnique,
    Rule::AddPrimaryKey,
    Rule::AddCheck,
    Rule::AddForeignKey,
    Rule::AddExclusion,
    Rule::ValidateConstraint,
    Rule::IndexNotConcurrent,
    Rule::DropIndexNotConcurrent,
    Rule::AddTrigger,
    Rule::RenameTable,
    Rule::RenameColumn,
    Rule::RenameObject,
    Rule::ReplaceRoutine,
    Rule::RewriteTable,
];

/// Puts the hazards of what a text did and of what it says together, each with its line. The steps
/// of the plan are the statements of the text; `watched` tells which of them were seen.
pub fn merged(
    plan: &Plan,
    watched: impl Fn(usize) -> bool,
    (seen, read): (Vec<Hazard>, Vec<Hazard>),
    text: &str,
) -> Vec<Hazard> {
    let pieces: Vec<_> =
        split(plan.dialect, text).into_iter().filter(|piece| !piece.is_blank()).collect();
    let line = |step: usize| {
        let start = pieces.get(step).map_or(0, |piece| piece.body.start);
        text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1
    };
    let is_read = |rule: Rule, step: usize| {
        read.iter().any(|hazard| hazard.step == step && hazard.rule == rule)
    };
    let mut out: Vec<Hazard> = Vec::new();
    for hazard in seen {
        let step = plan.steps.get(hazard.step);
        let words = Words::of(plan.dialect, step.map_or("", |step| step.sql.as_str()));
        let known = match hazard.rule {
            // The words know that the table was copied before.
            Rule::DropTable if words.begins("DROP TABLE") => is_read(Rule::DropTable, hazard.step),
            Rule::RenameTable if is_read(Rule::RebuildTable, hazard.step) => false,
            // A file without a transaction says so itself; what matters is what needs that.
            Rule::NotInTransaction => is_read(hazard.rule, hazard.step),
            _ => true,
        };
        if known {
            out.push(hazard);
        }
    }
    for hazard in read {
        let told = |one: &Hazard| one.step == hazard.step && one.rule == hazard.rule;
        let judged = watched(hazard.step) && SEEN.contains(&hazard.rule);
        if !judged && !out.iter().any(told) {
            out.push(hazard);
        }
    }
    for hazard in &mut out {
        hazard.line = Some(line(hazard.step));
    }
    out.sort_by_key(|hazard| (hazard.step, std::cmp::Reverse(hazard.severity)));
    out
}
