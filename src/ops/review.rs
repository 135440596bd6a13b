//! A plan as somebody looks at it before saying yes: every statement as it will run, with what it
//! does, what it locks, and what is hazardous about it.

use std::collections::BTreeMap;

use crate::config::Policy;
use crate::problem::{Kind, Problem, Result};
use crate::schema::hazard::{self, Allowance, Context, Effects, Facts, Hazard, Rule};
use crate::schema::plan::Plan;
use crate::schema::rename::Rename;

/// A plan to look at.
#[derive(Debug, Clone)]
pub struct Review {
    /// The statements in the order they run.
    pub statements: Vec<Statement>,
    /// The renames it carries out.
    pub renames: Vec<Rename>,
    /// What the person should know of the whole, in sentences.
    pub notes: Vec<String>,
    /// The hazards that forbid it here.
    pub refused: Vec<Hazard>,
}

/// A statement of a plan.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its text, as it will run.
    pub sql: String,
    /// What it does, in words.
    pub what: String,
    /// The locks it takes on tables that are there: `ACCESS EXCLUSIVE on public.orders`.
    pub locks: Vec<String>,
    /// The tables it writes anew.
    pub rewrites: Vec<String>,
    /// Whether it runs outside a transaction.
    pub outside_transaction: bool,
    /// What is hazardous about it.
    pub hazards: Vec<Hazard>,
    /// What was measured in the live database, a sentence each.
    pub measures: Vec<String>,
}

/// The policies of rules, as the configuration has them.
///
/// # Errors
/// A rule there is not.
pub fn policies(configured: &BTreeMap<String, Policy>) -> Result<BTreeMap<Rule, Policy>> {
    let known = |(id, policy): (&String, &Policy)| match Rule::from_id(id) {
        Some(rule) => Ok((rule, *policy)),
        None => {
            let near = Rule::all().map(Rule::id).min_by_key(|rule| strsim::levenshtein(rule, id));
            Err(Problem::usage(
                format!("There is no hazard rule {id}"),
                "a table hazards of dbstudio.toml names it",
                near.map_or_else(String::new, |near| format!("did you mean {near}?")),
            ))
        }
    };
    configured.iter().map(known).collect()
}

/// Looks at a plan: what it does, what it locks, and which hazards are to be told of after the
/// configuration's rules and the schema's comments.
pub fn review(
    plan: &Plan,
    renames: &[Rename],
    facts: &Facts,
    context: &Context<'_>,
    rules: (&BTreeMap<Rule, Policy>, &[Allowance]),
) -> Review {
    let (policies, allowances) = rules;
    let policy = |rule: Rule| {
        policies.get(&rule).copied().unwrap_or(match rule.default_policy() {
            hazard::Policy::Ignore => Policy::Ignore,
            hazard::Policy::Warn => Policy::Warn,
            hazard::Policy::Refuse => Policy::Refuse,
        })
    };
    let mut hazards = hazard::silence(hazard::examine(plan, facts, context), allowances);
    hazards.retain(|hazard| policy(hazard.rule) != Policy::Ignore);
    let is_refused = |hazard: &&Hazard| policy(hazard.rule) == Policy::Refuse;
    let refused = hazards.iter().filter(is_refused).cloned().collect();
    let statement = |(at, step): (usize, &crate::schema::plan::Step)| {
        let expected;
        let effects = match facts.effects_of(at) {
            Some(effects) => effects,
            None => {
                expected = hazard::expected(plan, at, context);
                &expected
            }
        };
        let readings = facts.measures.readings.iter().filter(|reading| reading.step == at);
        Statement {
            sql: step.sql.clone(),
            what: super::wording::what(step),
            locks: locks(effects),
            rewrites: effects.rewrites.iter().map(ToString::to_string).collect(),
            outside_transaction: step.outside_transaction,
            hazards: hazards.iter().filter(|hazard| hazard.step == at).cloned().collect(),
            measures: readings.map(hazard::Reading::words).collect(),
        }
    };
    Review {
        statements: plan.steps.iter().enumerate().map(statement).collect(),
        renames: renames.to_vec(),
        notes: plan.notes.clone(),
        refused,
    }
}

fn locks(effects: &Effects) -> Vec<String> {
    effects.locks.iter().map(|(relation, mode)| format!("{mode} on {relation}")).collect()
}

impl Review {
    /// Every hazard as a sentence, for the head of a file.
    pub fn hazards(&self) -> Vec<String> {
        self.statements.iter().flat_map(|statement| &statement.hazards).map(sentence).collect()
    }

    /// The refusal of the whole, if a hazard forbids it.
    ///
    /// # Errors
    /// One does.
    pub fn permit(&self) -> Result<()> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let rules: Vec<&str> = self.refused.iter().map(|hazard| hazard.rule.id()).collect();
        Err(Problem::new(
            Kind::Refused,
            "The plan does what the configuration refuses",
            self.refused.iter().map(sentence).collect::<Vec<_>>().join("\n"),
            format!("change the schema, or the hazards ({}) of dbstudio.toml", rules.join(", ")),
        ))
    }
}

/// A hazard in a line: its weight, its rule, what it is about, what was measured.
pub fn sentence(hazard: &Hazard) -> String {
    let about = hazard.object.as_ref().map(|key| format!(" {key}")).unwrap_or_default();
    let measured = hazard.measured.as_ref().map(|told| format!(" ({told})")).unwrap_or_default();
    format!("{} {}{about}: {}{measured}", hazard.severity.word(), hazard.rule.id(), hazard.why)
}
