//! Comments that silence a rule for the statement they stand before, with a reason:
//!
//! ```sql
//! -- dbstudio: allow drop-column: nothing has read it since March
//! ALTER TABLE orders DROP COLUMN note;
//! ```

use super::{Hazard, Rule, Severity};
use crate::sql::Dialect;
use crate::sql::lexer::{TokenKind, tokens};
use crate::sql::statement::split;

/// A comment that allows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The rule, or what stands in its place.
    pub rule: Result<Rule, String>,
    /// Why it is allowed; without a reason nothing is.
    pub reason: Option<String>,
    /// The statement it is for, counted from 0 among those that do something.
    pub step: usize,
    /// Its line, counted from 1.
    pub line: usize,
}

/// The allowances of a file, in order.
pub fn allowances(dialect: Dialect, text: &str) -> Vec<Allowance> {
    let pieces: Vec<_> =
        split(dialect, text).into_iter().filter(|piece| !piece.is_blank()).collect();
    let mut out = Vec::new();
    for token in tokens(dialect, text).iter().filter(|token| token.kind == TokenKind::Comment) {
        let inside = token.text(text).trim_start_matches("--").trim_start_matches("/*");
        let inside = inside.trim_end_matches("*/").trim();
        let Some(rest) = inside.strip_prefix("dbstudio:").map(str::trim_start) else { continue };
        let Some(rest) = rest.strip_prefix("allow ") else { continue };
        let (rule, reason) = rest.split_once(':').unwrap_or((rest, ""));
        let rule = rule.trim();
        let place = token.range.start;
        let same_line = |piece: &&crate::sql::statement::Statement| {
            let between = text.get(piece.body.end..place);
            between.is_some_and(|between| !between.contains('\n'))
        };
        // What stands behind a statement on its line is about it.
        let step = pieces.iter().rposition(|piece| piece.body.end <= place && same_line(&piece));
        let step = step.or_else(|| pieces.iter().position(|piece| piece.body.end > place));
        let reason = reason.trim();
        out.extend(step.map(|step| Allowance {
            rule: Rule::from_id(rule).ok_or_else(|| rule.to_owned()),
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
            step,
            line: text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1,
        }));
    }
    out
}

/// Takes out what is allowed. An allowance without a reason silences nothing and says so; one for
/// no known rule is a hazard itself.
pub fn silence(hazards: Vec<Hazard>, allowances: &[Allowance]) -> Vec<Hazard> {
    let of = |hazard: &Hazard| {
        allowances
            .iter()
            .filter(|found| found.rule == Ok(hazard.rule) && found.step == hazard.step)
            .collect::<Vec<_>>()
    };
    let mut out = Vec::new();
    for mut hazard in hazards {
        let found = of(&hazard);
        if found.iter().any(|allowance| allowance.reason.is_some()) {
            continue;
        }
        if let Some(allowance) = found.first() {
            hazard.why = format!(
                "{} The comment on line {} allows it without a reason, so it does not count: write \
                 -- dbstudio: allow {}: why",
                hazard.why,
                allowance.line,
                hazard.rule.id()
            );
        }
        out.push(hazard);
    }
    for allowance in allowances {
        let Err(word) = &allowance.rule else { continue };
        let mut hazard = Hazard::of(Rule::UnknownAllowance, allowance.step, None);
        hazard.line = Some(allowance.line);
        hazard.severity = Severity::Notice;
        hazard.why = format!("There is no rule named {word:?}. {}", Rule::UnknownAllowance.why());
        out.push(hazard);
    }
    out.sort_by_key(|hazard| hazard.step);
    out
}
