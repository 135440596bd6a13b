//! `capsules`: what migrations destroyed and rolling back would bring back, and what of it is taken
//! away. Never a value of it.

use serde_json::{Value, json};

use super::acquainted::acquainted;
use super::amend::agree;
use super::args::{Global, Written};
use super::change::configured;
use super::print::{self, Paint, Role, harmless};
use super::review;
use super::run::wait_for;
use crate::ops::capsules::{self, Capsule, Item, Listed, State, Wish};
use crate::ops::change::Setting;
use crate::problem::Result;

/// The version of the form of the JSON.
const FORMAT: u32 = 1;

/// `dbstudio capsules`.
pub(super) fn capsules(wish: Option<Wish>, way: &Written, global: &Global) -> Result<u8> {
    let (config, target) = configured(None, global)?;
    wait_for(|stop| async move {
        // By another address a production database is one still, and asks for its name.
        let target = acquainted(&config, target, &stop).await?;
        let setting = Setting::new(&config, target, None)?;
        let target = &setting.target;
        let Some(wish) = wish else {
            return show(&capsules::list(target, &stop).await?, None, global).map(|()| 0);
        };
        let meant = capsules::meant(target, &wish, &stop).await?;
        if meant.capsules.is_empty() || way.dry_run {
            return show(&meant, Some(false), global).map(|()| 0);
        }
        if !global.json {
            print::talk("These undo capsules go, and what they hold:\n");
            print::talk(
                &meant.capsules.iter().map(|one| text(one, Paint::of_talk())).collect::<String>(),
            );
        }
        agree(&setting, &meant.database, way.confirm.as_deref(), global, &stop).await?;
        capsules::remove(target, &meant.capsules, &stop).await?;
        show(&meant, Some(true), global).map(|()| 0)
    })
}

/// Shows capsules: all there are, or those that go (`false`) or went (`true`).
fn show(listed: &Listed, removed: Option<bool>, global: &Global) -> Result<()> {
    if global.json {
        return print::json(&json!({
            "format": FORMAT,
            "database": listed.database,
            "capsules": listed.capsules.iter().map(described).collect::<Vec<_>>(),
            "removed": removed == Some(true),
        }));
    }
    let paint = Paint::of_result();
    print::result(&match removed {
        Some(true) => {
            let gone =
                |one: &Capsule| format!("removed capsule {} of {}\n", one.id, harmless(&one.name));
            listed.capsules.iter().map(gone).collect::<String>()
        }
        _ => listed.capsules.iter().map(|one| text(one, paint)).collect(),
    })?;
    if listed.capsules.is_empty() {
        let none = match removed {
            None => "there is no undo capsule in this database",
            Some(_) => "no undo capsule is that old",
        };
        print::talk(&review::sentence(none));
    }
    Ok(())
}

/// A capsule as a person reads it.
fn text(capsule: &Capsule, paint: Paint) -> String {
    let how = match capsule.state {
        State::Open => "  its migration has not come to its end",
        State::Kept => "",
        State::Rest => "  what a rollback could not put back",
        State::Old => "  its migration was applied again since",
    };
    let head =
        format!("{}  {}  {}  by {}{how}", capsule.id, capsule.name, capsule.at, capsule.origin);
    let mut out = format!("{}\n", paint.text(Role::Heading, &harmless(&head)));
    for item in &capsule.items {
        out.push_str(&format!("   {}\n", harmless(&item.words())));
    }
    out
}

fn described(capsule: &Capsule) -> Value {
    let item = |item: &Item| {
        json!({
            "schema": item.schema,
            "table": item.table,
            "columns": item.values,
            "sort": item.sort,
            "rows": item.rows,
            "bytes": item.bytes,
            "key": item.key,
        })
    };
    json!({
        "id": capsule.id,
        "key": capsule.key,
        "name": capsule.name,
        "state": capsule.state.word(),
        "at": capsule.at,
        "by": capsule.origin,
        "rows": capsule.rows(),
        "bytes": capsule.bytes(),
        "items": capsule.items.iter().map(item).collect::<Vec<_>>(),
    })
}
