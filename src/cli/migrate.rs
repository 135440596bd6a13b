//! `migrate` and `rollback`: the plan is shown, then asked about as the protection wants it, then
//! run, with what happens told as it happens.

use serde_json::{Value, json};

use super::acquainted::acquainted;
use super::args::{Global, Running};
use super::ask;
use super::change::configured;
use super::checklist::{Desk, permitted};
use super::print::{self, Paint, Role, harmless};
use super::run::wait_for;
use crate::config::{Protection, Target};
use crate::db::fault::Place;
use crate::db::stop::Stop;
use crate::ops::change::Setting;
use crate::ops::checklist;
use crate::ops::migrate::{self, Account, Planned, Report, Wishes};
use crate::ops::rollback::{self, Wish};
use crate::ops::run::{Direction, Progress, Run, Scheduled};
use crate::problem::{Kind, Problem, Result};
use crate::sql::classify;

/// The version of the form of the JSON.
const FORMAT: u32 = 1;

impl Running {
    /// What is to be run, and how.
    pub(super) fn wishes(&self, to: Option<String>, ignore_missing: bool) -> Wishes {
        let (one_transaction, resume_after) = (self.one_transaction, self.resume_after);
        Wishes { to, one_transaction, resume_after, ignore_missing }
    }
}

/// `dbstudio migrate`.
pub(super) fn migrate(wishes: &Wishes, running: &Running, global: &Global) -> Result<u8> {
    let (config, target) = configured(None, global)?;
    wait_for(|stop| async move {
        let target = acquainted(&config, target, &stop).await?;
        let setting = Setting::new(&config, target, None)?;
        let planned = migrate::plan(&setting, wishes, &stop).await?;
        let desk = Desk { config: &config, target: &setting.target, global, stop: &stop };
        let work = Work { desk, setting: &setting, running, global, stop: &stop };
        work.follow(&planned).await
    })
}

/// `dbstudio rollback`.
pub(super) fn rollback(wish: &Wish, running: &Running, global: &Global) -> Result<u8> {
    let (config, target) = configured(None, global)?;
    wait_for(|stop| async move {
        let target = acquainted(&config, target, &stop).await?;
        let setting = Setting::new(&config, target, None)?;
        let planned = rollback::plan(&setting, wish, &running.wishes(None, false), &stop).await?;
        let desk = Desk { config: &config, target: &setting.target, global, stop: &stop };
        let work = Work { desk, setting: &setting, running, global, stop: &stop };
        work.follow(&planned).await
    })
}

/// What was asked for.
struct Work<'a> {
    desk: Desk<'a>,
    setting: &'a Setting,
    running: &'a Running,
    global: &'a Global,
    stop: &'a Stop,
}

impl Work<'_> {
    async fn follow(&self, planned: &Planned) -> Result<u8> {
        let run = &planned.run;
        if self.running.dry_run {
            if self.global.json {
                return print::json(&to_json(planned, None)).map(|()| 0);
            }
            self.notes(run);
            return print::sql(&migrate::as_sql(planned)).map(|()| 0);
        }
        if run.scripts.is_empty() {
            if self.global.json {
                return print::json(&to_json(planned, Some(&Report::default()))).map(|()| 0);
            }
            self.notes(run);
            return print::result(nothing(run.direction)).map(|()| 0);
        }
        if !self.global.json {
            print::talk(&text(planned, Paint::of_talk()));
        }
        let gather = || checklist::gather(self.desk.config, self.setting, run, &[], self.stop);
        let signed = self.desk.complete(gather().await?, gather).await?;
        self.permit(run).await?;
        let checklist = permitted(&gather().await?, &signed)?;
        let report = self.run(run, checklist).await?;
        if self.global.json {
            return print::json(&to_json(planned, Some(&report))).map(|()| 0);
        }
        print::result(&told(&report, run.direction)).map(|()| 0)
    }

    fn notes(&self, run: &Run) {
        let paint = Paint::of_talk();
        print::talk(&run.notes.iter().map(|note| noted(note, paint)).collect::<String>());
    }

    /// Makes sure, as the environment's protection wants it, that this is to happen.
    async fn permit(&self, run: &Run) -> Result<()> {
        let target = &self.setting.target;
        let what = counted(run);
        if let Some(typed) = &self.running.confirm {
            return is_named(typed, run);
        }
        if target.protection != Protection::Production {
            let question = format!("{what} on {}?", target.address);
            return ask::confirm(&question, self.global.yes, self.stop).await;
        }
        if !print::can_ask() || self.global.json {
            return Err(unnamed(target));
        }
        let question = format!("{what} on {}, which is production.", target.address);
        let typed =
            ask::typed(&format!("{question}\nType the database's name: "), self.stop).await?;
        is_named(typed.trim(), run)
    }

    async fn run(&self, run: &Run, checklist: Value) -> Result<Report> {
        let protection = self.setting.target.protection.word();
        let account = Account::of_process(json!({
            "protection": protection,
            "checklist": checklist,
        }));
        let (paint, quiet, verbose) = (Paint::of_talk(), self.global.json, self.global.verbose);
        let mut tell = |progress: Progress| {
            let line = match progress {
                Progress::Statement { .. } if !verbose => return,
                progress => line(run, progress, paint),
            };
            if !quiet {
                print::talk(&line);
            }
        };
        let report = migrate::run(self.setting, run, &account, self.stop, &mut tell).await?;
        print::talk(&report.notes.iter().map(|note| noted(note, paint)).collect::<String>());
        Ok(report)
    }
}

fn nothing(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "Nothing to do: every migration is applied.\n",
        Direction::Down => "Nothing to do: no migration is applied.\n",
    }
}

/// `Apply 2 migrations`.
fn counted(run: &Run) -> String {
    let verb = match run.direction {
        Direction::Up => "Apply",
        Direction::Down => "Take back",
    };
    match run.scripts.as_slice() {
        [one] => format!("{verb} {}", harmless(&one.migration.name())),
        many => format!("{verb} {} migrations", many.len()),
    }
}

/// Whether what was typed is the database's name, as the server has it.
fn is_named(typed: &str, run: &Run) -> Result<()> {
    if typed == run.database {
        return Ok(());
    }
    Err(Problem::new(
        Kind::Refused,
        "Nothing was changed",
        format!(
            "{} is not the database's name, which is {}",
            harmless(typed),
            harmless(&run.database)
        ),
        "make sure that this is the database you mean, and type its name",
    ))
}

fn unnamed(target: &Target) -> Problem {
    Problem::new(
        Kind::Refused,
        "Nothing was changed",
        format!(
            "{} is production, where --yes is not enough: the database's name has to be typed, \
             and nobody can be asked here",
            target.address
        ),
        "look at the plan, and run the command again with --confirm and the database's name",
    )
}

fn noted(note: &str, paint: Paint) -> String {
    format!("{}\n", paint.text(Role::Muted, &format!("note: {}", harmless(note))))
}

/// The plan as a person reads it.
fn text(planned: &Planned, paint: Paint) -> String {
    let (run, dialect) = (&planned.run, planned.standing.book.dialect);
    let mut out = String::new();
    for (at, script) in run.scripts.iter().enumerate() {
        let file = script.script(run.direction);
        let apart = if script.transaction { "" } else { ", outside a transaction" };
        let from = match script.from {
            0 => String::new(),
            done => format!(", going on after statement {done}"),
        };
        let head = format!("{}{apart}{from}", harmless(&file.name));
        out.push_str(&format!("\n{}\n", paint.text(Role::Heading, &head)));
        for statement in script.statements.iter().skip(script.from) {
            for line in statement.sql.lines() {
                out.push_str(&format!("  {}\n", harmless(line)));
            }
            if classify::effect(dialect, &statement.sql) == classify::Effect::Destroys {
                let sign = paint.sign("✗", "!");
                let mark = format!("  {sign} this removes something with what it holds\n");
                out.push_str(&paint.text(Role::Danger, &mark));
            }
        }
        for loss in planned.losses.get(at).into_iter().flatten() {
            let told = format!("  lost, as measured now: {}", harmless(loss));
            out.push_str(&format!("{}\n", paint.text(Role::Danger, &told)));
        }
    }
    out.push('\n');
    out.push_str(&run.notes.iter().map(|note| noted(note, paint)).collect::<String>());
    out
}

/// What happened, in a line.
fn line(run: &Run, progress: Progress, paint: Paint) -> String {
    let name = |at: usize| run.scripts.get(at).map(|one| one.migration.name()).unwrap_or_default();
    match progress {
        Progress::Waiting { what, holders } => {
            let who: Vec<String> = holders.iter().map(|one| harmless(&one.words())).collect();
            let who = if who.is_empty() { String::new() } else { format!(": {}", who.join("; ")) };
            format!("{} {}{who}\n", paint.text(Role::Warning, "waiting:"), harmless(&what))
        }
        Progress::Told(told) => format!("  {}\n", paint.text(Role::Muted, &harmless(&told))),
        Progress::Statement { script, statement } => {
            let of = run.scripts.get(script).map_or(0, |one| one.statements.len());
            let told = format!("{}: statement {} of {of}", harmless(&name(script)), statement + 1);
            format!("  {}\n", paint.text(Role::Muted, &told))
        }
        Progress::Finished { script, took } => {
            let sign = paint.text(Role::Good, paint.sign("✓", "+"));
            format!("{sign} {} ({} ms)\n", harmless(&name(script)), took.as_millis())
        }
    }
}

/// What came of it.
fn told(report: &Report, direction: Direction) -> String {
    let verb = match direction {
        Direction::Up => "applied",
        Direction::Down => "taken back",
    };
    let mut out = String::new();
    for (name, _) in &report.done {
        out.push_str(&format!("{verb} {}\n", harmless(name)));
    }
    for name in &report.by_others {
        out.push_str(&format!("{} (by somebody else meanwhile)\n", harmless(name)));
    }
    out
}

fn to_json(planned: &Planned, report: Option<&Report>) -> Value {
    let run = &planned.run;
    let dialect = planned.standing.book.dialect;
    let took = |name: &str| {
        let found = report?.done.iter().find(|(done, _)| done == name);
        found.map(|(_, took)| u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
    };
    let script = |(at, script): (usize, &Scheduled)| {
        let (file, name) = (script.script(run.direction), script.migration.name());
        let statements = script.statements.iter().map(|one| {
            json!({
                "sql": one.sql,
                "line": Place::of(&file.text, one.start).line,
                "outside_transaction": one.alone,
                "destroys": classify::effect(dialect, &one.sql) == classify::Effect::Destroys,
            })
        });
        json!({
            "key": script.migration.key,
            "name": name,
            "file": file.name,
            "transaction": script.transaction,
            "from": script.from,
            "statements": statements.collect::<Vec<_>>(),
            "losses": planned.losses.get(at).cloned().unwrap_or_default(),
            "milliseconds": took(&name),
        })
    };
    json!({
        "format": FORMAT,
        "database": run.database,
        "direction": match run.direction {
            Direction::Up => "up",
            Direction::Down => "down",
        },
        "migrations": run.scripts.iter().enumerate().map(script).collect::<Vec<_>>(),
        "notes": run.notes,
        "applied": report.is_some(),
        "capsules": report.map(|report| report.capsules.clone()).unwrap_or_default(),
        "by_others": report.map(|report| report.by_others.clone()).unwrap_or_default(),
    })
}
