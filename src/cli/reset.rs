//! `reset`: what goes is shown, with its rows; then the checklist, the questions, the dropping.

use serde_json::{Value, json};

use super::acquainted::permitted;
use super::args::Global;
use super::change::configured;
use super::checklist::{self, Desk, account};
use super::print::{self, Paint, Role, harmless};
use super::run::wait_for;
use super::{ask, review};
use crate::config::Protection;
use crate::db::stop::Stop;
use crate::ops::change::Setting;
use crate::ops::checklist::{Item, Word};
use crate::ops::reset::{self, Reset};
use crate::ops::status::Rows;
use crate::problem::{Problem, Result};
use crate::text;

/// `dbstudio reset`.
pub(super) fn reset(dry_run: bool, confirm: Option<&str>, global: &Global) -> Result<u8> {
    Word::read("reset", &global.ack)?;
    let (config, target) = configured(None, global)?;
    wait_for(|stop| async move {
        let target = permitted(&config, target, reset::permit, &stop).await?;
        let setting = Setting::new(&config, target, None)?;
        let target = &setting.target;
        let mut plan = reset::plan(setting.clone(), &stop).await?;
        if plan.is_nothing() {
            return nothing(&plan, global);
        }
        let list = plan.matter().gather(&config, target, &stop).await?;
        if dry_run {
            return show(&plan, &list.items, global).map(|()| 0);
        }
        if !global.json {
            print::talk(&text_of(&plan, Paint::of_talk()));
        }
        let again = async || {
            let now = reset::plan(setting.clone(), &stop).await?;
            if now.steps != plan.steps {
                return Err(changed());
            }
            now.matter().gather(&config, target, &stop).await
        };
        let desk = Desk { config: &config, target, global, stop: &stop };
        let signed = desk.complete(list, again).await?;
        confirmed(&plan, confirm, global, &stop).await?;
        let now = again().await?;
        plan.account = account(&now, &signed, confirm)?;
        let said = plan.carry_out(&stop, &mut |_| ()).await?;
        if global.json {
            print::json(&to_json(&plan, &now.items, true))?;
        } else {
            print::result(&format!("Done: {} is empty.\n", harmless(&plan.database)))?;
            print::talk(&review::sentences(&said));
        }
        Ok(0)
    })
}

fn changed() -> Problem {
    Problem::failed(
        "The database has changed since the reset was planned",
        "somebody else changed its schema; this run has changed nothing",
        "run the reset again to see what there is now",
    )
}

/// Asks what is asked before something is destroyed.
async fn confirmed(
    plan: &Reset,
    confirm: Option<&str>,
    global: &Global,
    stop: &Stop,
) -> Result<()> {
    if plan.target.protection != Protection::Development || confirm.is_some() {
        ask::name(&plan.database, confirm, stop).await?;
    }
    let question = format!("Drop all of this in {}?", plan.target.address);
    ask::confirm(&question, global.yes, stop).await
}

fn nothing(plan: &Reset, global: &Global) -> Result<u8> {
    if global.json {
        return print::json(&to_json(plan, &[], false)).map(|()| 0);
    }
    print::result("Nothing to do: the database is empty.\n")?;
    print::talk(&review::sentences(&plan.kept));
    Ok(0)
}

fn show(plan: &Reset, items: &[Item], global: &Global) -> Result<()> {
    if global.json {
        return print::json(&to_json(plan, items, false));
    }
    let paint = Paint::of_result();
    let acknowledged = vec![false; items.len()];
    let checklist = review::checklist(items, &acknowledged, paint);
    print::result(&format!("{}\n{checklist}", text_of(plan, paint)))
}

/// A number of rows as a person reads it.
fn rows(found: Option<Rows>) -> String {
    match found {
        Some(Rows::Exactly(1)) => "1 row".to_owned(),
        Some(Rows::Exactly(count)) => format!("{} rows", text::grouped(count)),
        Some(Rows::About(count)) => format!("about {} rows", text::grouped(count)),
        None => "an unknown number of rows".to_owned(),
    }
}

fn text_of(plan: &Reset, paint: Paint) -> String {
    let title = format!("What goes from {} ({})", plan.database, plan.target.address);
    let mut out = format!("{}\n", paint.text(Role::Heading, &harmless(&title)));
    let count = |(kind, count): &(crate::schema::model::Kind, usize)| {
        let word = kind.word();
        let plural = if *count == 1 || word.ends_with('s') { "" } else { "s" };
        format!("{count} {word}{plural}")
    };
    let objects: Vec<String> = plan.objects.iter().map(count).collect();
    out.push_str(&format!("  {}\n", objects.join(", ")));
    let widest = plan.tables.iter().map(|(name, _)| text::width(&name.to_string())).max();
    for (name, found) in &plan.tables {
        let name = name.to_string();
        let gap = widest.unwrap_or(0).saturating_sub(text::width(&name)) + 2;
        let role = if matches!(found, Some(Rows::Exactly(0))) { Role::Muted } else { Role::Danger };
        let line = format!("{}{}{}", harmless(&name), " ".repeat(gap), rows(*found));
        out.push_str(&format!("    {}\n", paint.text(role, &line)));
    }
    for note in &plan.kept {
        out.push_str(&format!("  {}", review::sentence(note)));
    }
    out
}

fn to_json(plan: &Reset, items: &[Item], applied: bool) -> Value {
    let rows = |found: Option<Rows>| match found {
        Some(Rows::Exactly(count)) => json!({ "count": count, "exact": true }),
        Some(Rows::About(count)) => json!({ "count": count, "exact": false }),
        None => Value::Null,
    };
    json!({
        "format": 1,
        "database": plan.database,
        "protection": plan.target.protection.word(),
        "objects": plan.objects.iter()
            .map(|(kind, count)| json!({ "kind": kind.word(), "count": count }))
            .collect::<Vec<_>>(),
        "tables": plan.tables.iter()
            .map(|(name, found)| json!({ "name": name.to_string(), "rows": rows(*found) }))
            .collect::<Vec<_>>(),
        "statements": plan.steps.iter().map(|step| json!({ "sql": step.sql })).collect::<Vec<_>>(),
        "kept": plan.kept,
        "checklist": checklist::to_json(items),
        "applied": applied,
    })
}
