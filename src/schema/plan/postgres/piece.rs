//! The pieces a plan is put together from: whole statements, and clauses of ALTER TABLE, which
//! are joined where several for the same table follow each other.

use crate::schema::plan::{Action, Step};

/// A statement, or a clause that may share one with its neighbours.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// A statement of its own.
    Whole(Step),
    /// A clause of `ALTER TABLE table`.
    Clause {
        /// The table as it stands in the SQL, after ALTER TABLE.
        table: String,
        /// The clause.
        clause: String,
        /// What it does.
        actions: Vec<Action>,
    },
}

impl Piece {
    /// A statement of its own.
    pub(super) fn whole(sql: impl Into<String>, action: Action) -> Self {
        Self::Whole(Step::new(sql, vec![action]))
    }

    /// A clause of ALTER TABLE.
    pub(super) fn clause(
        table: impl Into<String>,
        clause: impl Into<String>,
        action: Action,
    ) -> Self {
        Self::Clause { table: table.into(), clause: clause.into(), actions: vec![action] }
    }
}

/// Joins neighbouring clauses of one table into one statement each.
pub(super) fn join(pieces: Vec<Piece>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut open: Option<(String, Vec<String>, Vec<Action>)> = None;
    for piece in pieces {
        match piece {
            Piece::Clause { table, clause, actions } => match &mut open {
                Some((on, clauses, done)) if *on == table && may_join(clauses, &clause) => {
                    clauses.push(clause);
                    done.extend(actions);
                }
                _ => {
                    steps.extend(open.take().map(finished));
                    open = Some((table, vec![clause], actions));
                }
            },
            Piece::Whole(step) => {
                steps.extend(open.take().map(finished));
                steps.push(step);
            }
        }
    }
    steps.extend(open.map(finished));
    steps
}

/// ALTER TABLE works in passes and not in the order of its clauses, so a column may not be
/// dropped and added in one, nor a constraint dropped and added again before a column changes; and
/// a parent is left last, whatever stands before it.
fn may_join(clauses: &[String], next: &str) -> bool {
    let leaves = |clause: &String| clause.starts_with("NO INHERIT ");
    if clauses.iter().any(leaves) && !next.starts_with("NO INHERIT ") {
        return false;
    }
    // A computed column's type cannot be changed with USING, not even where it ceases to be one; and
    // an identity looks at the type there is before.
    let follows = |last: &str, first: &str| {
        clauses.iter().any(|clause| {
            let column = clause.find(last).and_then(|at| clause.get(..at));
            column.and_then(|column| next.strip_prefix(column)).is_some_and(|rest| {
                column.is_some_and(|column| column.starts_with("ALTER COLUMN "))
                    && rest.starts_with(first)
            })
        })
    };
    let retyped = follows("DROP EXPRESSION", "TYPE ") || follows("DROP IDENTITY", "TYPE ");
    if retyped || follows("TYPE ", "ADD GENERATED ") {
        return false;
    }
    let opposite = match next.split(' ').next() {
        Some("ADD") => "DROP ",
        Some("DROP") => "ADD ",
        _ => return true,
    };
    !clauses.iter().any(|clause| clause.starts_with(opposite))
}

fn finished((table, clauses, actions): (String, Vec<String>, Vec<Action>)) -> Step {
    let separator = if clauses.len() > 1 { "\n    " } else { " " };
    let sql = format!("ALTER TABLE {table}{separator}{}", clauses.join(",\n    "));
    Step::new(sql, actions)
}
