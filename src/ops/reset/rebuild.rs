//! Whether a project can be set up anew: its migrations, or where there are none its schema, are
//! run from nothing in a scratch database. That is also how it is known which extensions the
//! project makes itself.

use std::collections::BTreeSet;

use super::super::change::Setting;
use super::super::{desired, replay};
use crate::db::scratch::Scratch;
use crate::db::stop::Stop;
use crate::migrations::Source;
use crate::problem::{Kind as Sort, Problem, Result};
use crate::schema::model::{Kind, Model};

/// Whether the project can be set up anew.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rebuild {
    /// Whether it can.
    pub works: bool,
    /// How that is known, or why it cannot, in a sentence.
    pub evidence: String,
    /// The extensions the project makes itself.
    pub(super) extensions: BTreeSet<String>,
}

/// Tries it.
///
/// # Errors
/// The work was stopped; that it does not work is an answer.
pub(super) async fn tried(setting: &Setting, stop: &Stop) -> Result<Rebuild> {
    match from_nothing(setting, stop).await {
        Ok((said, before, model)) => {
            let extensions = model.of_kind(Kind::Extension).map(|(key, _)| key);
            let own = extensions.filter(|key| !before.objects.contains_key(key));
            let extensions = own.map(|key| key.name.clone()).collect();
            Ok(Rebuild { works: true, evidence: said, extensions })
        }
        Err(problem) if problem.kind == Sort::Cancelled => Err(problem),
        Err(problem) => {
            let why = problem.why.lines().next().unwrap_or_default();
            let evidence = format!("{}: {why}", problem.what);
            Ok(Rebuild { works: false, evidence, extensions: BTreeSet::new() })
        }
    }
}

async fn from_nothing(setting: &Setting, stop: &Stop) -> Result<(String, Model, Model)> {
    let existing = Source::of(&setting.project)?.whole()?;
    let scripts = match existing.is_empty() {
        true => desired::sources(&setting.project, stop).await?,
        false => Vec::new(),
    };
    let mut scratch = Scratch::new(&setting.target, setting.scratch.as_ref(), stop).await?;
    let tried = async {
        let connection = scratch.connection()?;
        let before = connection.model(&setting.scope, stop).await?;
        let said = if existing.is_empty() {
            desired::execute(connection, &scripts, stop).await?;
            "there is no migration yet; the schema ran from nothing in a scratch database"
                .to_owned()
        } else {
            replay::replay(connection, &existing, stop).await?;
            let count = existing.len();
            let noun = if count == 1 { "migration" } else { "migrations" };
            format!("{count} {noun} ran from nothing in a scratch database")
        };
        let model = connection.model(&setting.scope, stop).await?;
        if model.objects.len() <= before.objects.len() && model.objects == before.objects {
            return Err(Problem::failed(
                "there is nothing to set up",
                "neither the migrations nor the schema make anything",
                "",
            ));
        }
        Ok((said, before, model))
    };
    let tried = tried.await;
    let closed = scratch.close().await;
    let tried = tried?;
    closed?;
    Ok(tried)
}
