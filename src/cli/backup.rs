//! `backup` and `restore`: what is there and what is made; and what would be replaced, asked about
//! before it is.

use serde_json::{Value, json};

use super::acquainted::acquainted;
use super::args::Global;
use super::change::configured;
use super::checklist::{self, Desk, account};
use super::print::{self, Paint, Role, harmless};
use super::run::wait_for;
use super::{ask, review};
use crate::config::{Config, Target};
use crate::ops::backup::{self, Backup, Made, Place};
use crate::ops::checklist::{Item, Word};
use crate::ops::restore::{self, Done, Part, Restore, Way};
use crate::problem::{Kind, Problem, Result};
use crate::text;

/// `dbstudio backup`.
pub(super) fn backup(target: Option<String>, list: bool, global: &Global) -> Result<u8> {
    let (config, target) = configured(target, global)?;
    let place = Place::of(&config, &target);
    if list {
        return show(&place, global).map(|()| 0);
    }
    wait_for(|stop| async move {
        let target = acquainted(&config, target, &stop).await?;
        let made = backup::make(&target, &place, &stop).await?;
        tell(&made, global).map(|()| 0)
    })
}

fn tell(made: &Made, global: &Global) -> Result<()> {
    if global.json {
        return print::json(&json!({
            "format": 1,
            "backup": described(&made.backup),
            "path": made.path.to_string_lossy(),
            "removed": made.removed,
            "notes": made.notes,
        }));
    }
    let backup = &made.backup;
    print::result(&format!("{}\n", harmless(&made.path.display().to_string())))?;
    let mut talk = format!(
        "Verified: {} tables, {}, made with {}.\n",
        backup.tables,
        text::short_bytes(backup.bytes),
        harmless(&backup.tool)
    );
    for name in &made.removed {
        talk.push_str(&format!("Removed {}, as backup_keep says.\n", harmless(name)));
    }
    talk.extend(made.notes.iter().map(|note| review::sentence(note)));
    print::talk(&talk);
    Ok(())
}

fn show(place: &Place, global: &Global) -> Result<()> {
    let (all, warning) = backup::all(&place.folder);
    if global.json {
        return print::json(&json!({
            "format": 1,
            "folder": place.folder.to_string_lossy(),
            "backups": all.iter().map(described).collect::<Vec<_>>(),
        }));
    }
    let mut out = String::new();
    for one in &all {
        let there = place.folder.join(&one.file).exists();
        let (role, gone) = if there { (Role::Good, "") } else { (Role::Danger, "  (gone)") };
        let line = format!(
            "{}  {} UTC  {}  {} tables  {} {}{gone}",
            one.file,
            backup::moment(one.taken),
            text::short_bytes(one.bytes),
            one.tables,
            one.database,
            one.place
        );
        let paint = Paint::of_result();
        out.push_str(&format!("{}\n", paint.text(role, &harmless(&line))));
    }
    print::result(&out)?;
    let mut talk = warning.map(|warning| review::sentence(&warning)).unwrap_or_default();
    if all.is_empty() {
        talk.push_str(&review::sentence(&format!(
            "there is no backup in {}",
            place.folder.display()
        )));
    }
    print::talk(&talk);
    Ok(())
}

fn described(backup: &Backup) -> Value {
    json!({
        "file": backup.file,
        "database": backup.database,
        "engine": backup.engine,
        "place": backup.place,
        "identity": backup.identity,
        "taken": backup.taken,
        "bytes": backup.bytes,
        "sha256": backup.sha256,
        "tool": backup.tool,
        "server": backup.server,
        "tables": backup.tables,
    })
}

/// What `restore` was asked for.
pub(super) struct Asked<'a> {
    /// The backup; the newest where nothing is said.
    pub(super) backup: Option<&'a str>,
    /// Whether nothing is to be changed.
    pub(super) dry_run: bool,
    /// How.
    pub(super) way: Way,
    /// The database's name.
    pub(super) confirm: Option<&'a str>,
}

/// `dbstudio restore`.
pub(super) fn restore(asked: &Asked<'_>, global: &Global) -> Result<u8> {
    Word::read("restore", &global.ack)?;
    let (config, target): (Config, Target) = configured(None, global)?;
    let place = Place::of(&config, &target);
    wait_for(|stop| async move {
        let target = match restore::is_there(&target, &stop).await? {
            true => acquainted(&config, target, &stop).await?,
            false => target,
        };
        let mut plan = restore::plan(&target, &place, asked.backup, &stop).await?;
        let gather = || plan.matter(asked.way).gather(&config, &target, &stop);
        let list = gather().await?;
        if asked.dry_run {
            return show_plan((&plan, &list.items), asked.way, global).map(|()| 0);
        }
        if !global.json {
            print::talk(&text_of(&plan, asked.way, Paint::of_talk()));
        }
        if !plan.sessions.is_empty() && !asked.way.disconnect {
            return Err(Problem::new(
                Kind::Refused,
                format!("Somebody is connected to {}", plan.database),
                plan.sessions.join("\n"),
                "ask them to leave, or run it with --disconnect, which ends their sessions",
            ));
        }
        let desk = Desk { config: &config, target: &target, global, stop: &stop };
        let signed = desk.complete(list, gather).await?;
        if plan.needs_name() || asked.confirm.is_some() {
            ask::name(&plan.database, asked.confirm, &stop).await?;
        }
        let question = format!("Restore this to {}?", plan.target.address);
        ask::confirm(&question, global.yes, &stop).await?;
        let now = gather().await?;
        plan.account = account(&now, &signed, asked.confirm)?;
        let quiet = global.json;
        let mut tell = |part: Part<'_>| match part {
            Part::Begins(words) if !quiet => print::talk(&review::sentence(words)),
            // Where a line cannot be written over, how far it is would be many lines.
            Part::Begins(_) | Part::Read { .. } => {}
        };
        let done = plan.carry_out(asked.way, &stop, &mut tell).await?;
        report((&plan, &now.items), &done, global).map(|()| 0)
    })
}

fn text_of(plan: &Restore, way: Way, paint: Paint) -> String {
    let title = format!("What is restored to {}", plan.target.address);
    let mut out = format!("{}\n", paint.text(Role::Heading, &harmless(&title)));
    for line in plan.lines(way) {
        out.push_str(&format!("  {}\n", harmless(&line)));
    }
    for line in &plan.sessions {
        let line = format!("connected: {line}");
        out.push_str(&format!("  {}\n", paint.text(Role::Warning, &harmless(&line))));
    }
    out.extend(plan.notes.iter().map(|note| format!("  {}", review::sentence(note))));
    out
}

fn show_plan((plan, items): (&Restore, &[Item]), way: Way, global: &Global) -> Result<()> {
    if global.json {
        return print::json(&plan_json((plan, items), way, None));
    }
    let paint = Paint::of_result();
    let text = text_of(plan, way, paint);
    if items.is_empty() {
        return print::result(&text);
    }
    let checklist = review::checklist(items, &vec![false; items.len()], paint);
    print::result(&format!("{text}\n{checklist}"))
}

fn plan_json((plan, items): (&Restore, &[Item]), way: Way, done: Option<&Done>) -> Value {
    json!({
        "format": 1,
        "database": plan.database,
        "file": plan.file.to_string_lossy(),
        "backup": plan.backup.as_ref().map(described),
        "replaces": plan.replaces,
        "sessions": plan.sessions,
        "plan": plan.lines(way),
        "checklist": checklist::to_json(items),
        "notes": plan.notes.iter().chain(done.iter().flat_map(|done| &done.notes))
            .collect::<Vec<_>>(),
        "kept": done.and_then(|done| done.kept.clone()),
        "applied": done.is_some(),
    })
}

fn report((plan, items): (&Restore, &[Item]), done: &Done, global: &Global) -> Result<()> {
    if global.json {
        return print::json(&plan_json((plan, items), Way::default(), Some(done)));
    }
    let kept = match &done.kept {
        Some(kept) => format!(" What was there is now {kept}."),
        None => String::new(),
    };
    let said = format!("Done: {} has {} tables.{kept}\n", plan.database, done.tables);
    print::result(&format!("{}\n", harmless(said.trim_end())))?;
    print::talk(&review::sentences(&done.notes));
    Ok(())
}
