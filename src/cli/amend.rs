//! `baseline` and `repair`: what a database remembers of its migrations is shown as it is and as it
//! will be, then asked about, then written.

use serde_json::{Value, json};

use super::acquainted::acquainted;
use super::args::{Global, Repaired, Written};
use super::change::configured;
use super::print::{self, Paint, Role, harmless};
use super::run::wait_for;
use super::{ask, review};
use crate::config::Protection;
use crate::db::stop::Stop;
use crate::migrations::Holder;
use crate::ops::amend::{self, Amendment, Cause, Wanted};
use crate::ops::change::Setting;
use crate::ops::migrate::Account;
use crate::problem::{Kind, Problem, Result};

/// Up to this many statements are shown without being asked for.
const SHOWN: usize = 24;

/// `dbstudio baseline`.
pub(super) fn baseline(
    to: Option<String>,
    reason: Option<String>,
    way: &Written,
    global: &Global,
) -> Result<u8> {
    follow(Wanted::Baseline(to), reason, way, global)
}

/// `dbstudio repair`.
pub(super) fn repair(of: Repaired, reason: String, way: &Written, global: &Global) -> Result<u8> {
    if reason.trim().is_empty() {
        return Err(Problem::usage(
            "A repair needs a reason",
            "the one that was given is empty, and it is kept for those who come later",
            "say why with --reason",
        ));
    }
    let wanted = match of {
        Repaired { applied: Some(name), .. } => Wanted::Applied(name),
        Repaired { not_applied: Some(name), .. } => Wanted::NotApplied(name),
        Repaired { accept, .. } => Wanted::Accepted(accept.unwrap_or_default()),
    };
    follow(wanted, Some(reason), way, global)
}

fn follow(wanted: Wanted, reason: Option<String>, way: &Written, global: &Global) -> Result<u8> {
    let (config, target) = configured(None, global)?;
    let cause = Cause { origin: Account::of_process(Value::Null).origin, reason };
    wait_for(|stop| async move {
        let target = acquainted(&config, target, &stop).await?;
        let setting = Setting::new(&config, target, None)?;
        let amendment = amend::plan(&setting, wanted, &cause, &stop).await?;
        if amendment.corrections.is_empty() {
            return nothing(&amendment, global);
        }
        if way.dry_run {
            return show(&amendment, false, global);
        }
        if !global.json {
            print::talk(&text(&amendment, global.verbose, Paint::of_talk()));
        }
        agree(&setting, &amendment.database, way.confirm.as_deref(), global, &stop).await?;
        let mut waiting = |holders: Vec<Holder>| {
            let who: Vec<String> = holders.iter().map(Holder::words).collect();
            print::talk(&format!("Waiting for {}\n", harmless(&who.join("; "))));
        };
        amend::carry_out(&setting, &amendment, &stop, &mut waiting).await?;
        show(&amendment, true, global)
    })
}

/// Makes sure, as the environment's protection wants it, that this is to happen. `confirm` is the
/// database's name, where it was given.
pub(super) async fn agree(
    setting: &Setting,
    database: &str,
    confirm: Option<&str>,
    global: &Global,
    stop: &Stop,
) -> Result<()> {
    let address = &setting.target.address;
    if let Some(typed) = confirm {
        return is_named(typed, database);
    }
    if setting.target.protection != Protection::Production {
        return ask::confirm(&format!("Write this in {address}?"), global.yes, stop).await;
    }
    if !print::can_ask() || global.json {
        return Err(Problem::new(
            Kind::Refused,
            "Nothing was changed",
            format!(
                "{address} is production, where --yes is not enough: the database's name has to be \
                 typed, and nobody can be asked here"
            ),
            "look at what would be written, and run the command again with --confirm and the \
             database's name",
        ));
    }
    let question = format!("This is written in {address}, which is production.");
    let typed = ask::typed(&format!("{question}\nType the database's name: "), stop).await?;
    is_named(typed.trim(), database)
}

/// Whether what was typed is the database's name, as the server has it.
fn is_named(typed: &str, database: &str) -> Result<()> {
    if typed == database {
        return Ok(());
    }
    Err(Problem::new(
        Kind::Refused,
        "Nothing was changed",
        format!("{} is not the database's name, which is {}", harmless(typed), harmless(database)),
        "make sure that this is the database you mean, and type its name",
    ))
}

fn nothing(amendment: &Amendment, global: &Global) -> Result<u8> {
    if global.json {
        return show(amendment, false, global);
    }
    print::result("Nothing to do: no migration waits.\n").map(|()| 0)
}

/// The result: what was written, or would be.
fn show(amendment: &Amendment, written: bool, global: &Global) -> Result<u8> {
    if global.json {
        return print::json(&to_json(amendment, written)).map(|()| 0);
    }
    if !written {
        return print::result(&text(amendment, global.verbose, Paint::of_result())).map(|()| 0);
    }
    let lines = amendment
        .corrections
        .iter()
        .map(|one| format!("{}: {}\n", harmless(&one.name), one.becomes));
    print::result(&lines.collect::<String>()).map(|()| 0)
}

fn text(amendment: &Amendment, verbose: bool, paint: Paint) -> String {
    let mut out = String::new();
    for one in &amendment.corrections {
        let was = paint.text(Role::Muted, one.was.word());
        let arrow = paint.sign("→", "->");
        out.push_str(&format!("{}  {was} {arrow} {}\n", harmless(&one.name), one.becomes));
    }
    let count = amendment.statements.len();
    if verbose || count <= SHOWN {
        out.push('\n');
        for sql in &amendment.statements {
            let lines: Vec<String> = sql.lines().map(harmless).collect();
            out.push_str(&format!("{};\n", lines.join("\n")));
        }
    } else {
        out.push_str(&format!("These are {count} statements; -v shows them.\n"));
    }
    out.extend(amendment.notes.iter().map(|note| review::sentence(note)));
    out
}

fn to_json(amendment: &Amendment, written: bool) -> Value {
    let corrections = amendment
        .corrections
        .iter()
        .map(|one| json!({ "name": one.name, "was": one.was.word(), "becomes": one.becomes }));
    json!({
        "format": 1,
        "database": amendment.database,
        "written": written,
        "migrations": corrections.collect::<Vec<_>>(),
        "statements": amendment.statements,
        "notes": amendment.notes,
    })
}
