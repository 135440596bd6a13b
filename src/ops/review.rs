//! A plan as somebody looks at it before saying yes: every statement as it will run, with what it
//! does, what it locks, and what is hazardous about it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::change::Change;
use super::proof::Proof;
use crate::config::Policy;
use crate::problem::{Kind, Problem, Result};
use crate::schema::RelationName;
use crate::schema::hazard::{
    self, Allowance, Context, Effects, Facts, Hazard, LockMode, Rule, Severity,
};
use crate::schema::plan::{Plan, grouped};
use crate::schema::rename::Rename;

/// A plan to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The statements in the order they run.
    pub statements: Vec<Statement>,
    /// The renames it carries out.
    pub renames: Vec<Rename>,
    /// What the person should know of the whole, in sentences.
    pub notes: Vec<String>,
    /// The hazards that forbid it here.
    pub refused: Vec<Hazard>,
    /// What else forbids it.
    pub objection: Option<Problem>,
}

/// A statement of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its text, as it will run.
    pub sql: String,
    /// What it does, in words.
    pub what: String,
    /// The locks it takes on tables that are there: `ACCESS EXCLUSIVE on public.orders`.
    pub locks: Vec<String>,
    /// What others cannot do meanwhile: `reads and writes of public.orders`.
    pub blocks: Vec<String>,
    /// The tables it writes anew.
    pub rewrites: Vec<String>,
    /// Whether what it locks and writes anew was watched on a scratch; else it is what the manual
    /// says.
    pub watched: bool,
    /// Whether it runs outside a transaction.
    pub outside_transaction: bool,
    /// Whether it runs in another transaction than those around it.
    pub apart: bool,
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

/// What is to happen for the hazards of a rule.
pub fn policy_of(policies: &BTreeMap<Rule, Policy>, rule: Rule) -> Policy {
    policies.get(&rule).copied().unwrap_or(match rule.default_policy() {
        hazard::Policy::Ignore => Policy::Ignore,
        hazard::Policy::Warn => Policy::Warn,
        hazard::Policy::Refuse => Policy::Refuse,
    })
}

/// Looks at a change's plan that was tried, as it is shown before somebody says yes.
///
/// # Errors
/// The configuration names a rule there is not.
pub fn of_change(
    change: &Change,
    proof: &Proof,
    renames: &[Rename],
    facts: &Facts,
) -> Result<Review> {
    let context = proof.context(change.setting.online);
    let rules = policies(&change.setting.policies)?;
    let rules = (&rules, change.allowances.as_slice());
    let mut review = review(&proof.up, renames, facts, &context, rules);
    review.notes.extend(change.notes.iter().cloned());
    review.objection.clone_from(&change.objection);
    Ok(review)
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
    let policy = |rule: Rule| policy_of(policies, rule);
    let found = hazard::examine(plan, facts, context);
    let mut hazards = hazard::silence(plan.dialect, found, allowances);
    hazards.retain(|hazard| policy(hazard.rule) != Policy::Ignore);
    let is_refused = |hazard: &&Hazard| policy(hazard.rule) == Policy::Refuse;
    let refused = hazards.iter().filter(is_refused).cloned().collect();
    let mut of_step: BTreeMap<usize, Vec<Hazard>> = BTreeMap::new();
    for hazard in hazards {
        of_step.entry(hazard.step).or_default().push(hazard);
    }
    let mut measures: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for reading in &facts.measures.readings {
        measures.entry(reading.step).or_default().push(reading.words());
    }
    let locks = hazard::locks(plan, facts, context);
    let statements = plan.steps.iter().zip(locks).enumerate().map(|(at, (step, locks))| {
        let (effects, watched) = locks;
        Statement {
            sql: step.sql.clone(),
            what: super::wording::what(step),
            locks: told(&effects),
            blocks: blocked(&effects),
            rewrites: effects.rewrites.iter().map(ToString::to_string).collect(),
            watched,
            outside_transaction: step.outside_transaction,
            apart: step.apart,
            hazards: of_step.remove(&at).unwrap_or_default(),
            measures: measures.remove(&at).unwrap_or_default(),
        }
    });
    Review {
        statements: statements.collect(),
        renames: renames.to_vec(),
        notes: plan.notes.clone(),
        refused,
        objection: None,
    }
}

fn told(effects: &Effects) -> Vec<String> {
    effects.locks.iter().map(|(relation, mode)| format!("{mode} on {relation}")).collect()
}

fn blocked(effects: &Effects) -> Vec<String> {
    let blocked = |(relation, mode): &(RelationName, LockMode)| match mode {
        LockMode::AccessExclusive => Some(format!("reads and writes of {relation}")),
        LockMode::Share | LockMode::ShareRowExclusive | LockMode::Exclusive => {
            Some(format!("writes to {relation}"))
        }
        _ => None,
    };
    effects.locks.iter().filter_map(blocked).collect()
}

impl Statement {
    /// The measures that no hazard tells of.
    pub fn untold(&self) -> impl Iterator<Item = &str> {
        let told = |measure: &str| {
            let mut measured = self.hazards.iter().filter_map(|hazard| hazard.measured.as_ref());
            measured.any(|words| words.contains(measure))
        };
        self.measures.iter().map(String::as_str).filter(move |measure| !told(measure))
    }
}

impl Review {
    /// How many of the statements run together, part by part; one that runs outside a transaction
    /// is a part.
    pub fn parts(&self) -> Vec<Range<usize>> {
        grouped(self.statements.iter().map(|one| (one.outside_transaction, one.apart)))
    }

    /// How many hazards of a weight there are, besides what was looked for and not found.
    pub fn hazards(&self, severity: Severity) -> usize {
        let hazards = self.statements.iter().flat_map(|statement| &statement.hazards);
        hazards.filter(|hazard| hazard.severity == severity && !hazard.is_settled()).count()
    }

    /// The refusal of the whole, if a hazard or what it was planned on forbids it.
    ///
    /// # Errors
    /// One does.
    pub fn permit(&self) -> Result<()> {
        if let Some(objection) = &self.objection {
            return Err(objection.clone());
        }
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
    let why = hazard.why.trim_end_matches('.');
    format!("{} {}{about}: {why}{measured}", hazard.severity.word(), hazard.rule.id())
}
