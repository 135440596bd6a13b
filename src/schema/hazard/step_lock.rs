//! Which locks a step is expected to take, and what it is expected to write anew, by PostgreSQL's
//! manual and by measurements on PostgreSQL 15. Only for where a step was not watched on a scratch:
//! a statement outside a transaction cannot be.

use super::LockMode::{self, AccessExclusive, Share, ShareRowExclusive, ShareUpdateExclusive};
use super::examine::Context;
use super::lookup::{has_column, later, relation_of};
use super::measures::Effects;
use super::names::Names;
use super::type_change::fit;
use crate::schema::RelationName;
use crate::schema::model::{Body, ConstraintKind, Key, Kind};
use crate::schema::plan::{Action, Plan};
use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, tokens};

/// What a step is expected to do, by the names relations have when it runs; `names` knows the
/// renames before it. Says nothing on SQLite, where the whole file is locked.
pub(super) fn expected(plan: &Plan, step: usize, names: &Names, context: &Context<'_>) -> Effects {
    let mut out = Effects::default();
    let Some(found) = plan.steps.get(step).filter(|_| plan.dialect == Dialect::Postgres) else {
        return out;
    };
    let teller = Teller { plan, context, names, concurrent: found.outside_transaction };
    for action in &found.actions {
        teller.tell(step, action, &mut out);
    }
    out
}

struct Teller<'a> {
    plan: &'a Plan,
    context: &'a Context<'a>,
    names: &'a Names,
    concurrent: bool,
}

impl Teller<'_> {
    fn tell(&self, step: usize, action: &Action, out: &mut Effects) {
        let models = [self.context.current, self.context.desired];
        let relation = |key: &Key| match key.kind {
            kind if kind.is_part() => relation_of(models, key),
            _ => key.clone(),
        };
        match action {
            Action::Create(key) | Action::Remake(key) => self.made(step, key, out),
            Action::Drop(key) | Action::DropToRemake(key) => self.dropped(key, out),
            Action::Rename { from: key, .. } | Action::Alter(key) | Action::Aside(key) => {
                lock(out, &relation(key), AccessExclusive);
            }
            // By way of a check that is validated apart.
            Action::SetNotNull(key) if self.apart(step) => {
                lock(out, &key.table(), ShareUpdateExclusive);
            }
            Action::SetNotNull(key) | Action::AddRequired(key) => {
                lock(out, &key.table(), AccessExclusive);
            }
            Action::ChangeType { column, from, to, using } => {
                lock(out, &column.table(), AccessExclusive);
                if !fit(from, to, using.is_some()).in_place {
                    out.rewrites.push(named(&column.table()));
                }
            }
            Action::Validate(key) => lock(out, &key.table(), ShareUpdateExclusive),
            Action::Comment(key) => lock(out, &relation(key), ShareUpdateExclusive),
            Action::RemoveLabel { .. }
            | Action::Rebuild(_)
            | Action::DropOld(_)
            | Action::Prepare(_)
            | Action::Authorize(_)
            | Action::Setting => {}
        }
    }

    fn apart(&self, step: usize) -> bool {
        self.plan.steps.get(step).is_some_and(|step| step.apart)
    }

    fn made(&self, step: usize, key: &Key, out: &mut Effects) {
        match self.context.desired.body(key) {
            Some(Body::Index(index)) => {
                let mode = if self.concurrent { ShareUpdateExclusive } else { Share };
                lock(out, &index.relation, mode);
            }
            // The index a key is made of later, which has the key's name.
            Some(Body::Constraint(_)) if self.concurrent => {
                lock(out, &key.table(), ShareUpdateExclusive);
            }
            Some(Body::Constraint(made)) => match made.kind {
                ConstraintKind::Foreign => {
                    lock(out, &key.table(), ShareRowExclusive);
                    if let Some(parent) = &made.references {
                        lock(out, parent, ShareRowExclusive);
                    }
                }
                _ => lock(out, &key.table(), AccessExclusive),
            },
            Some(Body::Column(column)) => {
                lock(out, &key.table(), AccessExclusive);
                let default =
                    self.context.desired.body(&key.table().child(Kind::Default, &*key.name));
                let computed = column.generated.is_some() && !column.virtual_generated;
                let volatile = match default {
                    Some(Body::Default { expression }) => may_be_volatile(expression),
                    _ => false,
                };
                let new = !has_column(self.context.current, self.names, key);
                if new && (computed || column.identity.is_some() || volatile) {
                    out.rewrites.push(named(&key.table()));
                }
            }
            Some(Body::Table(table)) => {
                if let Some(part) = &table.partition_of {
                    let attached = later(self.plan, step + 1, &Action::Alter(key.clone()));
                    lock(out, &part.parent, if attached { Share } else { AccessExclusive });
                }
            }
            Some(Body::Trigger { .. }) => lock(out, &key.table(), ShareRowExclusive),
            Some(Body::Policy(_) | Body::Rule { .. } | Body::Default { .. }) => {
                lock(out, &key.table(), AccessExclusive);
            }
            _ => {}
        }
    }

    fn dropped(&self, key: &Key, out: &mut Effects) {
        let current = self.context.current;
        match key.kind {
            Kind::Table => {
                lock(out, key, AccessExclusive);
                // The tables it refers to lose the triggers of its foreign keys.
                for (_, object) in current.parts(&self.names.before(key)) {
                    if let Body::Constraint(found) = &object.body
                        && let Some(parent) = &found.references
                    {
                        lock(out, parent, AccessExclusive);
                    }
                }
            }
            Kind::Index if self.concurrent => lock(out, &key.table(), ShareUpdateExclusive),
            kind if kind.is_part() => lock(out, &key.table(), AccessExclusive),
            Kind::MaterializedView => lock(out, key, AccessExclusive),
            _ => {}
        }
    }
}

fn named(relation: &Key) -> RelationName {
    RelationName::new(relation.schema.clone(), relation.name.clone())
}

fn lock(out: &mut Effects, relation: &Key, mode: LockMode) {
    let relation = named(relation);
    match out.locks.iter_mut().find(|(name, _)| *name == relation) {
        Some((_, held)) => *held = mode.max(*held),
        None => out.locks.push((relation, mode)),
    }
}

/// Whether a default may give each row another value, so that they must be written: it calls
/// something that is not known to be the same all along a statement.
pub(super) fn may_be_volatile(expression: &str) -> bool {
    const STABLE: &[&str] = &[
        "now",
        "statement_timestamp",
        "transaction_timestamp",
        "to_timestamp",
        "current_setting",
        "lower",
        "upper",
        "length",
        "date_trunc",
        "make_interval",
        "timezone",
    ];
    let found: Vec<Token> =
        tokens(Dialect::Postgres, expression).into_iter().filter(Token::significant).collect();
    let mut cast = false;
    found.iter().enumerate().any(|(at, token)| {
        let word = matches!(token.kind, TokenKind::Identifier | TokenKind::QuotedIdentifier);
        let calls = found.get(at + 1).is_some_and(|next| next.text(expression) == "(");
        let known = token.name(expression).is_some_and(|name| STABLE.contains(&name.as_str()));
        // What follows :: is the name of a type, which may have brackets too.
        cast = token.text(expression) == "::" || cast && token.name(expression).is_some();
        word && calls && !known && !cast
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_that_change_from_row_to_row_are_seen() {
        for volatile in
            ["gen_random_uuid()", "nextval('a'::regclass)", "(random() * (10)::numeric)"]
        {
            assert!(may_be_volatile(volatile), "{volatile}");
        }
        for stable in ["now()", "0", "'a'::text", "CURRENT_TIMESTAMP", "(1 + 2)", "'x'::varchar(3)"]
        {
            assert!(!may_be_volatile(stable), "{stable}");
        }
    }
}
