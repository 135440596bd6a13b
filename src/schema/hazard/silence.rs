//! Comments that silence a rule, with a reason. In a migration for the statement they stand at, in
//! a schema file for what the statement makes, or in either for the object they name:
//!
//! ```sql
//! -- dbstudio: allow drop-column: nothing has read it since March
//! ALTER TABLE orders DROP COLUMN note;
//! -- dbstudio: allow drop-table old_orders: copied to the archive
//! ```

use super::{Hazard, Rule};
use crate::schema::model::Key;
use crate::schema::rename::made;
use crate::sql::Dialect;
use crate::sql::lexer::{TokenKind, tokens};
use crate::sql::statement::{Statement, split};

/// A comment that allows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The rule, or what stands in its place.
    pub rule: Result<Rule, String>,
    /// Why it is allowed; without a reason nothing is.
    pub reason: Option<String>,
    /// What it is for.
    pub reach: Reach,
    /// Its line, counted from 1.
    pub line: usize,
}

/// What an allowance is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// A statement of the file, counted from 0 among those that do something.
    Statement(usize),
    /// An object and its parts: the end of its name, or all of it.
    Object(Vec<String>),
}

/// The allowances of a migration, in order.
pub fn allowances(dialect: Dialect, text: &str) -> Vec<Allowance> {
    let pieces: Vec<Statement> =
        split(dialect, text).into_iter().filter(|piece| !piece.is_blank()).collect();
    written(dialect, text, |place| {
        let same_line = |piece: &&Statement| {
            let between = text.get(piece.body.end..place);
            between.is_some_and(|between| !between.contains('\n'))
        };
        // What stands behind a statement on its line is about it.
        let step = pieces.iter().rposition(|piece| piece.body.end <= place && same_line(&piece));
        let step = step.or_else(|| pieces.iter().position(|piece| piece.body.end > place));
        step.map(Reach::Statement)
    })
}

/// The allowances of a schema file, which makes objects and never drops any.
pub fn schema_allowances(dialect: Dialect, text: &str) -> Vec<Allowance> {
    let made = made(dialect, text);
    written(dialect, text, |place| {
        let start = text.get(..place).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let alone = text.get(start..place).is_some_and(|before| before.trim().is_empty());
        let found = match alone {
            true => made.iter().find(|(start, _)| *start > place),
            false => made.iter().rev().find(|(start, _)| *start < place),
        };
        found.map(|(_, path)| Reach::Object(path.clone()))
    })
}

/// The comments that allow something. One that names its object is for that, whatever it stands
/// at; one that stands at nothing is for nothing.
fn written(dialect: Dialect, text: &str, at: impl Fn(usize) -> Option<Reach>) -> Vec<Allowance> {
    let mut out = Vec::new();
    for token in tokens(dialect, text).iter().filter(|token| token.kind == TokenKind::Comment) {
        let inside = token.text(text).trim_start_matches("--").trim_start_matches("/*");
        let inside = inside.trim_end_matches("*/").trim();
        let Some(rest) = inside.strip_prefix("dbstudio:").map(str::trim_start) else { continue };
        let Some(rest) = rest.strip_prefix("allow ") else { continue };
        let (what, reason) = rest.split_once(':').unwrap_or((rest, ""));
        let what = what.trim();
        let (rule, object) = what.split_once(char::is_whitespace).unwrap_or((what, ""));
        let place = token.range.start;
        let reach = match object.trim() {
            "" => at(place),
            named => Some(Reach::Object(
                named.split('.').map(|part| part.trim_matches('"').to_owned()).collect(),
            )),
        };
        let reason = reason.trim();
        out.extend(reach.map(|reach| Allowance {
            rule: Rule::from_id(rule).ok_or_else(|| rule.to_owned()),
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
            reach,
            line: text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1,
        }));
    }
    out
}

impl Allowance {
    fn is_for(&self, hazard: &Hazard) -> bool {
        self.rule == Ok(hazard.rule)
            && match &self.reach {
                Reach::Statement(step) => *step == hazard.step,
                Reach::Object(path) => hazard.object.as_ref().is_some_and(|key| names(path, key)),
            }
    }
}

/// Whether a written name is that of an object, or of the relation it is a part of.
fn names(path: &[String], key: &Key) -> bool {
    let relation = [key.schema.as_str(), key.of.as_str()];
    let whole = [key.schema.as_str(), key.of.as_str(), key.name.as_str()];
    let plain = [key.schema.as_str(), key.name.as_str()];
    let ends = |whole: &[&str]| {
        path.len() <= whole.len()
            && path.iter().rev().zip(whole.iter().rev()).all(|(part, name)| {
                // A text that was not run knows no schema.
                part.eq_ignore_ascii_case(name) || name.is_empty()
            })
    };
    if key.kind.is_part() { ends(&whole) || ends(&relation) } else { ends(&plain) }
}

/// Takes out what is allowed. An allowance without a reason silences nothing and says so; one for
/// no known rule is a hazard itself.
pub fn silence(dialect: Dialect, hazards: Vec<Hazard>, allowances: &[Allowance]) -> Vec<Hazard> {
    let mut out = Vec::new();
    for mut hazard in hazards {
        let mut found = allowances.iter().filter(|allowance| allowance.is_for(&hazard)).peekable();
        let first = found.peek().copied();
        if found.any(|allowance| allowance.reason.is_some()) {
            continue;
        }
        if let Some(allowance) = first {
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
        let step = match allowance.reach {
            Reach::Statement(step) => step,
            Reach::Object(_) => 0,
        };
        let mut hazard = Hazard::of(dialect, Rule::UnknownAllowance, step, None);
        hazard.line = Some(allowance.line);
        hazard.why = format!("There is no rule named {word:?}. {}", hazard.why);
        out.push(hazard);
    }
    out.sort_by_key(|hazard| hazard.step);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::model::Kind;

    #[test]
    fn a_schema_file_allows_by_what_it_makes_or_names() {
        let text = "-- dbstudio: allow drop-column: nothing reads it
CREATE TABLE shop.orders (
  id integer, -- dbstudio: allow narrow-type: all are small
  note text
);
-- dbstudio: allow drop-table shop.gone: it is in the archive
";
        let allowances = schema_allowances(Dialect::Postgres, text);
        let table = |name: &str| Key::new(Kind::Table, "shop", name);
        let column = |name: &str| table("orders").child(Kind::Column, name);
        let left = |rule: Rule, key: Key| {
            let found = vec![Hazard::of(Dialect::Postgres, rule, 3, Some(key))];
            !silence(Dialect::Postgres, found, &allowances).is_empty()
        };
        assert!(!left(Rule::DropColumn, column("old")));
        assert!(!left(Rule::NarrowType, column("id")));
        assert!(!left(Rule::DropTable, table("gone")));
        assert!(left(Rule::NarrowType, column("note")));
        assert!(left(Rule::DropTable, table("orders")));
        assert!(left(Rule::DropColumn, table("other").child(Kind::Column, "old")));
    }
}
