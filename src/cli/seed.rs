//! `seed`: what is put in is shown, then the checklist and the questions, then it is put in.

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
use crate::ops::seed::{self, Done, Part, Seed, USUAL_SEED, Wanted};
use crate::problem::{Problem, Result};

/// What `--generate` and what goes with it ask for.
pub(super) fn wanted(
    generate: Option<usize>,
    tables: Vec<String>,
    seed: Option<u64>,
) -> Option<Wanted> {
    let rows = generate?;
    Some(Wanted { rows, tables, seed: seed.unwrap_or(USUAL_SEED) })
}

/// `dbstudio seed`.
pub(super) fn seed(
    dry_run: bool,
    upsert: bool,
    wanted: Option<Wanted>,
    confirm: Option<&str>,
    global: &Global,
) -> Result<u8> {
    Word::read("seed", &global.ack)?;
    let (config, target) = configured(None, global)?;
    wait_for(|stop| async move {
        let target = permitted(&config, target, seed::permit, &stop).await?;
        let setting = Setting::new(&config, target, None)?;
        let target = &setting.target;
        let planned = || seed::plan(&setting, upsert, wanted.clone(), &stop);
        let mut plan = planned().await?;
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
            let now = planned().await?;
            if now.lines() != plan.lines() {
                return Err(changed());
            }
            now.matter().gather(&config, target, &stop).await
        };
        let desk = Desk { config: &config, target, global, stop: &stop };
        let signed = desk.complete(list, again).await?;
        confirmed(&plan, confirm, global, &stop).await?;
        let now = again().await?;
        plan.account = account(&now, &signed, confirm)?;
        let done = plan.carry_out(&stop, &mut |_, _| ()).await?;
        tell(&plan, &now.items, &done, global).map(|()| 0)
    })
}

fn changed() -> Problem {
    Problem::failed(
        "The seeds have changed since they were shown; nothing was put in",
        "a file of their folder was changed, or the tables were",
        "run the command again to see what would be put in now",
    )
}

async fn confirmed(plan: &Seed, confirm: Option<&str>, global: &Global, stop: &Stop) -> Result<()> {
    if plan.target.protection != Protection::Development || confirm.is_some() {
        ask::name(&plan.database, confirm, stop).await?;
    }
    ask::confirm(&format!("Put this into {}?", plan.target.address), global.yes, stop).await
}

fn nothing(plan: &Seed, global: &Global) -> Result<u8> {
    if global.json {
        return print::json(&to_json(plan, &[], None)).map(|()| 0);
    }
    print::result("Nothing to do: there is no seed, or no table.\n")?;
    print::talk(&review::sentences(&plan.notes));
    Ok(0)
}

fn show(plan: &Seed, items: &[Item], global: &Global) -> Result<()> {
    if global.json {
        return print::json(&to_json(plan, items, None));
    }
    let paint = Paint::of_result();
    let checklist = review::checklist(items, &vec![false; items.len()], paint);
    print::result(&format!("{}\n{checklist}", text_of(plan, paint)))
}

fn text_of(plan: &Seed, paint: Paint) -> String {
    let title = format!("What is put into {} ({})", plan.database, plan.target.address);
    let mut out = format!("{}\n", paint.text(Role::Heading, &harmless(&title)));
    for line in plan.lines() {
        out.push_str(&format!("  {}\n", harmless(&line)));
    }
    for note in &plan.notes {
        out.push_str(&format!("  {}", review::sentence(note)));
    }
    out
}

fn tell(plan: &Seed, items: &[Item], done: &Done, global: &Global) -> Result<()> {
    if global.json {
        return print::json(&to_json(plan, items, Some(done)));
    }
    let paint = Paint::of_result();
    let mut out = String::new();
    let rows = |count: usize| {
        if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
    };
    for part in &done.parts {
        let line = match part {
            Part::Script(name, 1) => format!("{name}: 1 statement"),
            Part::Script(name, count) => format!("{name}: {count} statements"),
            Part::File(name, table, count) => format!("{name}: {} for {table}", rows(*count)),
            Part::Made(filled) if filled.missing == 0 => {
                format!("{}: {}", filled.table, rows(filled.rows))
            }
            Part::Made(filled) => format!(
                "{}: {}, {} left out: {}",
                filled.table,
                rows(filled.rows),
                filled.missing,
                filled.why.as_deref().unwrap_or("the server refused them")
            ),
        };
        let is_short = matches!(part, Part::Made(filled) if filled.missing > 0);
        let role = if is_short { Role::Warning } else { Role::Good };
        out.push_str(&format!("{}\n", paint.text(role, &harmless(&line))));
    }
    out.push_str(&format!("Done in {:.1} s.\n", done.took.as_secs_f64()));
    print::result(&out)?;
    print::talk(&review::sentences(&done.notes));
    Ok(())
}

fn to_json(plan: &Seed, items: &[Item], done: Option<&Done>) -> Value {
    let part = |part: &Part| match part {
        Part::Script(name, count) => json!({ "file": name, "statements": count }),
        Part::File(name, table, count) => {
            json!({ "file": name, "table": table.to_string(), "rows": count })
        }
        Part::Made(filled) => json!({
            "table": filled.table.to_string(), "rows": filled.rows,
            "missing": filled.missing, "why": filled.why,
        }),
    };
    let parts = done.map(|done| done.parts.iter().map(part).collect::<Vec<_>>());
    json!({
        "format": 1,
        "database": plan.database,
        "protection": plan.target.protection.word(),
        "plan": plan.lines(),
        "notes": plan.notes,
        "checklist": checklist::to_json(items),
        "parts": parts.unwrap_or_default(),
        "applied": done.is_some(),
    })
}
