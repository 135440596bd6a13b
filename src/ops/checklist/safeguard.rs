//! The items that can stand on the checklist of any operation, whatever it does: that a backup was
//! made, that few people are at work, that the team knows. Their evidence is of the very database the
//! operation is about, asked just now. Only reads.

use std::time::Duration;

use crate::config::{Checks, Config, Target, minute};
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::ops::backup::Place;
use crate::ops::evidence::{Bond, Cabinet, Sort, now, span};
use crate::problem::{Kind, Result};

use super::Item;

/// The items.
pub(super) const SAFEGUARDS: [&str; 3] = ["backup", "off-peak", "team-notified"];

/// How long a notification counts.
const NOTIFIED: Duration = Duration::from_secs(12 * 60 * 60);

/// The hour at the database, and who works with it.
pub(super) struct Hour {
    clock: String,
    /// How many other sessions there are, and how many of them run something; none on SQLite.
    sessions: Option<(u64, u64)>,
}

/// What the items are gathered from.
pub(super) enum Ground {
    /// The database answers: what tells it from every other one, and the hour there.
    Live(Bond, Hour),
    /// There is no database of that name yet.
    Nowhere,
    /// It cannot be asked, in a sentence.
    Silent(String),
}

impl Hour {
    /// Asks a database.
    pub(super) async fn at(connection: &mut Connection) -> Result<Self> {
        let sql = match connection {
            Connection::Sqlite(_) => "SELECT strftime('%H:%M', 'now', 'localtime')",
            Connection::Postgres(_) => {
                "SELECT to_char(clock_timestamp(), 'HH24:MI'), count(*), \
                 count(*) FILTER (WHERE a.state <> 'idle') FROM pg_catalog.pg_stat_activity a \
                 WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() \
                 AND a.backend_type = 'client backend'"
            }
        };
        let row = connection.rows(sql).await?.into_iter().next().unwrap_or_default();
        let mut cells = row.into_iter().map(Option::unwrap_or_default);
        let clock = cells.next().unwrap_or_default();
        let mut number = || cells.next().and_then(|text| text.parse().ok());
        let sessions = number().zip(number());
        Ok(Self { clock, sessions })
    }
}

/// Asks a database what the items are gathered from; `what` is what the team would be told of.
/// Where `may_be_broken` it need not answer.
pub(super) async fn ground(
    target: &Target,
    (what, may_be_broken): (&str, bool),
    stop: &Stop,
) -> Result<Ground> {
    let asked: Result<Ground> = async {
        let mut connection = Connection::open_reading(target, stop).await?;
        let bond = Bond::of_text(&mut connection, target, what).await;
        let hour = Hour::at(&mut connection).await;
        connection.close().await;
        Ok(Ground::Live(bond?, hour?))
    }
    .await;
    match asked {
        Err(problem) if may_be_broken && problem.kind != Kind::Cancelled => {
            Ok(Ground::Silent(format!("the database cannot be asked: {}", problem.what)))
        }
        asked => asked,
    }
}

/// One of the items, by its name. `spared` says why nothing needs a backup, if so.
pub(super) fn item(
    id: &'static str,
    (config, target, checks): (&Config, &Target, &Checks),
    ground: &Ground,
    spared: Option<&str>,
) -> Option<Item> {
    let title = match id {
        "backup" => "a backup was made",
        "off-peak" => "few people are at work",
        "team-notified" => "the team knows",
        _ => return None,
    };
    let (shown, evidence) = match (id, spared, ground) {
        ("backup", Some(why), _) => (true, vec![why.to_owned()]),
        (_, _, Ground::Nowhere) => (true, vec!["there is no database of that name yet".to_owned()]),
        (_, _, Ground::Silent(why)) => (false, vec![why.clone()]),
        ("backup", None, Ground::Live(bond, _)) => backup(config, target, checks, bond),
        ("off-peak", _, Ground::Live(_, hour)) => off_peak(checks, hour),
        (_, _, Ground::Live(bond, _)) => notified(config, checks, bond),
    };
    Some(Item { id, title, shown, evidence })
}

fn backup(config: &Config, target: &Target, checks: &Checks, bond: &Bond) -> (bool, Vec<String>) {
    match Place::of(config, target).recent(&bond.database, checks.backup_age) {
        Ok(found) => (true, vec![found]),
        Err(why) => (false, vec![why]),
    }
}

fn off_peak(checks: &Checks, hour: &Hour) -> (bool, Vec<String>) {
    let at = minute(&hour.clock);
    let mut evidence = Vec::new();
    let shown = match (checks.off_peak, at) {
        (Some(window), Some(at)) => {
            let word = if window.holds(at) { "within" } else { "outside" };
            evidence.push(format!("it is {} there, {word} {window}", hour.clock));
            window.holds(at)
        }
        _ => {
            evidence.push(format!("it is {} there; no off_peak is configured", hour.clock));
            false
        }
    };
    if let Some((all, active)) = hour.sessions {
        let s = if all == 1 { "" } else { "s" };
        evidence.push(format!("{all} other session{s}, {active} of them at work"));
    }
    (shown, evidence)
}

fn notified(config: &Config, checks: &Checks, bond: &Bond) -> (bool, Vec<String>) {
    let cabinet = Cabinet::of(&config.places().state, &bond.database);
    let (shown, told) = match cabinet.valid(Sort::Notification, bond, NOTIFIED) {
        Ok(one) => (true, format!("{}, {} ago", one.summary, span(now().saturating_sub(one.at)))),
        Err(_) if checks.notify.is_some() => {
            (false, "the command notify has not run for this yet".to_owned())
        }
        Err(_) => (false, "no command notify is configured: only you can know".to_owned()),
    };
    (shown, vec![told])
}
