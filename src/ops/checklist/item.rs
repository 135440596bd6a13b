//! An item of a checklist, and what somebody says about it. Nothing here gathers or asks.

use crate::config::{Target, checklist_items};
use crate::problem::{Problem, Result};

/// Something to be sure of before an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name, as `--ack` takes it.
    pub id: &'static str,
    /// What it asks.
    pub title: &'static str,
    /// Whether the evidence alone shows it.
    pub shown: bool,
    /// The evidence, in sentences.
    pub evidence: Vec<String>,
}

impl Item {
    /// Whether it is the environment that is meant, by the name the server gives the database.
    pub(in crate::ops) fn environment(target: &Target, database: &str) -> Self {
        let (protection, address) = (target.protection, &target.address);
        Self {
            id: "environment",
            title: "this is the environment you mean, and not production",
            shown: protection == crate::config::Protection::Development,
            evidence: vec![format!(
                "the server calls the database {database}; {address} is protected as {}",
                protection.word()
            )],
        }
    }

    /// One that stands on a list and that nothing here knows how to show: only a person can speak
    /// for it.
    pub(super) fn unknown(id: &'static str) -> Self {
        let evidence = vec!["nothing is known about it: only you can know".to_owned()];
        Self { id, title: "what its name says", shown: false, evidence }
    }

    /// Whether its evidence counts what would go or be changed, so that a person's word about it
    /// holds for that count alone.
    pub fn is_measured(&self) -> bool {
        matches!(self.id, "no-important-data" | "can-afford-the-loss" | "rows")
    }

    /// It in a line, with its evidence.
    pub(super) fn line(&self) -> String {
        format!("{}: {} ({})", self.id, self.title, self.evidence.join("; "))
    }
}

/// What somebody says about an item: that they made sure of it, or that it does not matter now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The item, or `all`.
    pub item: String,
    /// The reason, if one was given.
    pub reason: Option<String>,
}

impl Word {
    /// That somebody made sure of an item.
    pub fn tick(item: &str) -> Self {
        Self { item: item.to_owned(), reason: None }
    }

    /// Reads what was said about the checklist of an operation: `ITEM` or `ITEM=REASON` each.
    ///
    /// # Errors
    /// There is no such item on it.
    pub fn read(operation: &str, given: &[String]) -> Result<Vec<Self>> {
        let known = checklist_items(operation);
        let word = |text: &String| {
            let (item, reason) = match text.split_once('=') {
                Some((item, reason)) => (item.trim(), Some(reason.trim())),
                None => (text.trim(), None),
            };
            if item != "all" && !known.contains(&item) {
                return Err(Problem::usage(
                    format!("There is no item {item} on the checklist of {operation}"),
                    format!("its items are {}", known.join(", ")),
                    "name one of these, with a reason as in --ack \"backup=nothing is lost\"",
                ));
            }
            let reason = reason.filter(|reason| !reason.is_empty()).map(str::to_owned);
            Ok(Self { item: item.to_owned(), reason })
        };
        given.iter().map(word).collect()
    }
}
