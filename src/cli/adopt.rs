//! `adopt`: which files and which rows would be written is shown, then asked about, then written.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::acquainted::acquainted;
use super::amend::agree;
use super::args::{Global, Written};
use super::change::configured;
use super::print::{self, Paint, Role, harmless};
use super::review;
use super::run::wait_for;
use crate::config::Config;
use crate::migrations::{Converted, Holder};
use crate::ops::adopt::{self, Adoption};
use crate::ops::amend::Cause;
use crate::ops::change::Setting;
use crate::ops::migrate::Account;
use crate::problem::Result;

/// `dbstudio adopt`.
pub(super) fn adopt(into: Option<PathBuf>, way: &Written, global: &Global) -> Result<u8> {
    let (config, target) = configured(None, global)?;
    let others = others(&config, target.name.as_deref());
    let cause = Cause { origin: Account::of_process(serde_json::Value::Null).origin, reason: None };
    wait_for(|stop| async move {
        let target = acquainted(&config, target, &stop).await?;
        let setting = Setting::new(&config, target, None)?;
        let adoption = adopt::plan(&setting, into.as_deref(), &cause, &stop).await?;
        if way.dry_run {
            return show(&adoption, false, &others, global);
        }
        let is_done = adoption.is_there && adoption.amendment.statements.is_empty();
        if !is_done {
            if !global.json {
                print::talk(&text(&adoption, Paint::of_talk()));
            }
            let (database, confirm) = (&adoption.amendment.database, way.confirm.as_deref());
            agree(&setting, database, confirm, global, &stop).await?;
            let mut waiting = |holders: Vec<Holder>| {
                let who: Vec<String> = holders.iter().map(Holder::words).collect();
                print::talk(&format!("Waiting for {}\n", harmless(&who.join("; "))));
            };
            adopt::carry_out(&setting, &adoption, &stop, &mut waiting).await?;
        }
        show(&adoption, true, &others, global)
    })
}

/// The project's other environments, whose databases have histories too.
fn others(config: &Config, own: Option<&str>) -> Vec<String> {
    let names = config.environments();
    names.into_iter().filter(|name| Some(name.as_str()) != own).collect()
}

fn files(adoption: &Adoption) -> Vec<String> {
    let names = adoption.migrations.iter().flat_map(Converted::files).map(|(name, _)| name);
    names.map(|name| seen(&adoption.into.join(name))).collect()
}

/// A file as seen from the working folder.
fn seen(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

fn text(adoption: &Adoption, paint: Paint) -> String {
    let mut out = String::new();
    let (word, role) =
        if adoption.is_there { ("same ", Role::Muted) } else { ("new  ", Role::Good) };
    for file in files(adoption) {
        out.push_str(&format!("{} {}\n", paint.text(role, word), harmless(&file)));
    }
    out.push('\n');
    for one in &adoption.amendment.corrections {
        let was = paint.text(Role::Muted, one.was.word());
        let name = harmless(&one.name);
        out.push_str(&format!("{name}  {was}: written down as {}\n", one.becomes));
    }
    for sql in &adoption.amendment.statements {
        let lines: Vec<String> = sql.lines().map(harmless).collect();
        out.push_str(&format!("{};\n", lines.join("\n")));
    }
    out.extend(adoption.amendment.notes.iter().map(|note| review::sentence(note)));
    out
}

fn show(adoption: &Adoption, written: bool, others: &[String], global: &Global) -> Result<u8> {
    if global.json {
        let names = adoption.amendment.corrections.iter().map(|one| &one.name);
        return print::json(&json!({
            "format": 1,
            "written": written,
            "files": files(adoption),
            "applied": names.collect::<Vec<_>>(),
            "statements": adoption.amendment.statements,
            "lines": adoption.lines,
            "notes": adoption.amendment.notes,
        }))
        .map(|()| 0);
    }
    if !written {
        return print::result(&text(adoption, Paint::of_result())).map(|()| 0);
    }
    let mut out = String::from("[project]\n");
    out.extend(adoption.lines.iter().map(|line| format!("{}\n", harmless(line))));
    print::talk("Done. These lines of dbstudio.toml make it the project's folder:\n");
    if !others.is_empty() {
        print::talk(&format!(
            "Before that, run dbstudio adopt -e NAME for {} too: each database's history is \
             carried over from the old one.\n",
            harmless(&others.join(", "))
        ));
    }
    print::result(&out).map(|()| 0)
}
