//! Runs the SQL of a schema in a scratch database, in an order that works.
//!
//! Statements run one by one, as they are written. One that names something that is not there
//! yet is put off and tried again once others have run, so neither the order of files nor that
//! within a file matters. What a script sets holds for the rest of that script alone, also for
//! the statements of it that were put off.

use super::circle;
use super::judge::{Verdict, judge, refusal, without_meta_commands};
use crate::db::connection::Connection;
use crate::db::fault::{Fault, Place, Script};
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};
use crate::sql::Dialect;
use crate::sql::statement::split;

/// How many statements are sent at a time at the most.
const AT_A_TIME: usize = 250;

/// After how many parts that could not be run so in a pass the rest goes one by one.
const FAILED_PARTS: usize = 3;

/// A statement to run.
#[derive(Debug)]
pub(super) struct Piece<'s> {
    /// The script it stands in.
    pub(super) script: &'s Script,
    /// Which script that is.
    index: usize,
    /// The byte of the script's text where it begins.
    start: usize,
    /// The statement.
    pub(super) sql: String,
    /// How many of the script's settings stand before it.
    settings: usize,
    /// Why it could not be run yet.
    pub(super) fault: Option<Fault>,
}

impl Piece<'_> {
    /// Its line in the script.
    pub(super) fn line(&self) -> usize {
        Place::of(&self.script.text, self.start).line
    }

    /// Whether it runs with the same settings.
    fn goes_with(&self, other: &Self) -> bool {
        self.index == other.index && self.settings == other.settings
    }

    fn problem(&self, fault: &Fault) -> Problem {
        told(fault, fault.in_script(self.script, self.start, &self.sql))
    }
}

/// A script's settings, in order: the byte where each begins, and its text.
type Settings = Vec<(usize, String)>;

/// What the session is set to: the script, and how many of its settings.
type State = Option<(usize, usize)>;

/// Runs the scripts on an empty scratch database.
///
/// # Errors
/// The first statement that cannot be run, with its file, line and column and the engine's
/// words; files that need each other in a circle; a statement that would change the server.
pub async fn execute(scratch: &mut Connection, sources: &[Script], stop: &Stop) -> Result<()> {
    let (mut pieces, settings) = pieces(scratch, sources).await?;
    let mut run = Run { scratch, settings, state: None, stop, checked: true };
    let mut unchecked = Vec::new();
    while !pieces.is_empty() {
        let before = pieces.len();
        pieces = run.pass(pieces, &mut unchecked).await?;
        if pieces.len() < before {
            continue;
        }
        // Functions may call each other in a circle: their bodies are checked afterwards.
        if run.checked && run.scratch.dialect() == Dialect::Postgres {
            run.checked = false;
            run.state = None;
            continue;
        }
        return Err(stuck(&pieces));
    }
    run.check_bodies(&unchecked).await?;
    run.scratch.reset().await
}

/// Cuts the scripts into what is to be run, and refuses what may not be.
async fn pieces<'s>(
    scratch: &mut Connection,
    sources: &'s [Script],
) -> Result<(Vec<Piece<'s>>, Vec<Settings>)> {
    let dialect = scratch.dialect();
    let (mut pieces, mut settings) = (Vec::new(), Vec::new());
    for (index, script) in sources.iter().enumerate() {
        let text = without_meta_commands(dialect, &script.text).map_err(|(at, word)| {
            let (why, fix) = refusal(&word);
            refused(script, at, &why, fix)
        })?;
        let mut own: Settings = Vec::new();
        for statement in split(dialect, &text) {
            if statement.is_blank() {
                continue;
            }
            let (start, sql) = (statement.body.start, statement.text(&text));
            match judge(dialect, sql) {
                Verdict::Run => pieces.push(Piece {
                    script,
                    index,
                    start,
                    sql: sql.to_owned(),
                    settings: own.len(),
                    fault: None,
                }),
                Verdict::Setting(sql) => own.push((start, sql)),
                Verdict::Skip => {}
                Verdict::Role(name) => role_is_there(scratch, script, start, sql, &name).await?,
                Verdict::Refuse(why, fix) => return Err(refused(script, start, &why, fix)),
            }
        }
        settings.push(own);
    }
    Ok((pieces, settings))
}

/// A statement of a migration that may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) struct Judged {
    /// The byte of the script's text where it begins.
    pub(in crate::ops) start: usize,
    /// The statement.
    pub(in crate::ops) sql: String,
}

/// Cuts a migration into its statements, and refuses what would change the server. It runs in
/// the order it is written in, its settings with it.
pub(in crate::ops) async fn judged(
    scratch: &mut Connection,
    script: &Script,
) -> Result<Vec<Judged>> {
    let dialect = scratch.dialect();
    let mut out = Vec::new();
    let mut text = script.text.clone();
    if text.starts_with('\u{feff}') {
        // A byte order mark is no SQL; every place stays where it is.
        text.replace_range(..'\u{feff}'.len_utf8(), "   ");
    }
    for statement in split(dialect, &text) {
        let (start, sql) = (statement.body.start, statement.text(&text));
        if statement.is_blank() {
            continue;
        }
        match judge(dialect, sql) {
            Verdict::Role(name) => role_is_there(scratch, script, start, sql, &name).await?,
            Verdict::Refuse(why, fix) => return Err(refused(script, start, &why, fix)),
            // What a migration begins and commits itself runs in ours.
            Verdict::Skip => {}
            Verdict::Run | Verdict::Setting(_) => {
                out.push(Judged { start, sql: sql.to_owned() });
            }
        }
    }
    Ok(out)
}

/// A script may make roles, as long as they are there: they belong to the server.
async fn role_is_there(
    scratch: &mut Connection,
    script: &Script,
    start: usize,
    sql: &str,
    name: &str,
) -> Result<()> {
    let name_literal = Dialect::Postgres.literal(name);
    let question = format!("SELECT FROM pg_catalog.pg_roles WHERE rolname = {name_literal}");
    if !scratch.rows(&question).await?.is_empty() {
        return Ok(());
    }
    let why = format!("there is no role {name}, and making one would change the whole server");
    Err(refused(script, start, &why, &format!("run it once yourself: {sql};")))
}

/// The scripts on their way through the scratch database.
struct Run<'a> {
    scratch: &'a mut Connection,
    settings: Vec<Settings>,
    state: State,
    stop: &'a Stop,
    /// Whether the bodies of functions are checked when they are made.
    checked: bool,
}

impl Run<'_> {
    /// Tries every statement once, and returns those that have to wait.
    async fn pass<'s>(
        &mut self,
        pieces: Vec<Piece<'s>>,
        unchecked: &mut Vec<Piece<'s>>,
    ) -> Result<Vec<Piece<'s>>> {
        let mut waiting = Vec::new();
        let mut failed = 0;
        for some in parted(pieces) {
            // A part that fails has cost as much as it holds; what stands out of order often does
            // so to the end.
            if self.checked && failed < FAILED_PARTS {
                if self.together(&some).await? {
                    continue;
                }
                failed += 1;
            }
            self.one_by_one(some, &mut waiting, unchecked).await?;
        }
        Ok(waiting)
    }

    async fn one_by_one<'s>(
        &mut self,
        pieces: Vec<Piece<'s>>,
        waiting: &mut Vec<Piece<'s>>,
        unchecked: &mut Vec<Piece<'s>>,
    ) -> Result<()> {
        for mut piece in pieces {
            self.set(&piece).await?;
            match self.scratch.run(&piece.sql, self.stop).await {
                Ok(()) if !self.checked => unchecked.push(piece),
                Ok(()) => {}
                // What fails otherwise may fail because of a statement that waits.
                Err(fault) if fault.is_missing() || may_be_cured(&fault, waiting) => {
                    piece.fault = Some(fault);
                    waiting.push(piece);
                }
                Err(fault) => return Err(piece.problem(&fault)),
            }
        }
        Ok(())
    }

    /// Runs statements together and answers whether that was possible.
    async fn together(&mut self, some: &[Piece<'_>]) -> Result<bool> {
        let Some(first) = some.first() else { return Ok(true) };
        self.set(first).await?;
        let texts: Vec<&str> = some.iter().map(|piece| piece.sql.as_str()).collect();
        let ran = self.scratch.run_together(&texts, self.stop).await;
        ran.map_err(|fault| first.problem(&fault))
    }

    /// Sets the session to what the script has set before a statement.
    async fn set(&mut self, piece: &Piece<'_>) -> Result<()> {
        let wanted = (piece.settings > 0).then_some((piece.index, piece.settings));
        if self.state == wanted && self.checked {
            return Ok(());
        }
        let done = match self.state {
            Some((index, done)) if index == piece.index && done <= piece.settings => done,
            _ if self.state.is_none() && self.checked => 0,
            _ => {
                self.scratch.reset().await?;
                0
            }
        };
        let settings = self.settings.get(piece.index).into_iter().flatten();
        for (start, sql) in settings.take(piece.settings).skip(done) {
            let ran = self.scratch.run(sql, self.stop).await;
            ran.map_err(|fault| told(&fault, fault.in_script(piece.script, *start, sql)))?;
        }
        self.state = wanted;
        if !self.checked {
            // Over what the script says, until the statements that are stuck have run.
            self.bodies("off").await?;
        }
        Ok(())
    }

    async fn bodies(&mut self, checked: &str) -> Result<()> {
        let sql = format!("SET check_function_bodies = {checked}");
        let set = self.scratch.run(&sql, self.stop).await;
        set.map_err(|fault| fault.problem("The session could not be set up", "try again"))
    }

    /// Makes the functions that were made unchecked once more, so that a mistake in one is told.
    async fn check_bodies(&mut self, unchecked: &[Piece<'_>]) -> Result<()> {
        self.checked = true;
        self.state = Some((usize::MAX, 0));
        for piece in unchecked {
            let Some(sql) = circle::made_again(&piece.sql) else { continue };
            self.set(piece).await?;
            let ran = self.scratch.run(&sql, self.stop).await;
            // The place is that in the text with OR REPLACE in it; the line still says enough.
            ran.map_err(|fault| piece.problem(&Fault { position: None, ..fault }))?;
        }
        Ok(())
    }
}

/// The statements in parts that run with the same settings, none too large.
fn parted(pieces: Vec<Piece<'_>>) -> Vec<Vec<Piece<'_>>> {
    let mut parts: Vec<Vec<Piece<'_>>> = Vec::new();
    for piece in pieces {
        let goes = |part: &&mut Vec<Piece<'_>>| {
            part.len() < AT_A_TIME && part.last().is_some_and(|last| last.goes_with(&piece))
        };
        match parts.last_mut().filter(goes) {
            Some(part) => part.push(piece),
            None => parts.push(vec![piece]),
        }
    }
    parts
}

/// Whether a fault may go away once the statements that wait have run: anything but what is
/// wrong in itself (syntax_error and its like) or with the connection.
fn may_be_cured(fault: &Fault, waiting: &[Piece<'_>]) -> bool {
    let wrong_in_itself = fault.lost
        || fault.stopped
        || fault.message.contains("syntax error")
        || matches!(fault.code.as_deref(), Some("42601" | "42501" | "57014"));
    !waiting.is_empty() && !wrong_in_itself
}

/// Why nothing moves any more.
fn stuck(pieces: &[Piece<'_>]) -> Problem {
    if let Some(problem) = circle::told(pieces) {
        return problem;
    }
    let fault = |piece: &&Piece<'_>| piece.fault.as_ref().is_some_and(Fault::is_missing);
    // What misses something that another waiting statement would make is only a consequence.
    let first =
        pieces.iter().filter(fault).find(|piece| circle::needed_by(piece, pieces).is_none());
    let first = first.or_else(|| pieces.first());
    match first.and_then(|piece| Some((piece, piece.fault.as_ref()?))) {
        Some((piece, fault)) => piece.problem(fault),
        None => Problem::failed("The schema does not run", "", "run it by hand"),
    }
}

/// What can be said better than in the server's words alone.
fn told(fault: &Fault, problem: Problem) -> Problem {
    let role = fault.message.strip_prefix("role \"").and_then(|rest| rest.split_once('"'));
    if let Some((role, " does not exist")) = role {
        let fix = format!(
            "make it on the server: CREATE ROLE {}; or take the statement out of the schema",
            Dialect::Postgres.ident(role)
        );
        return Problem { fix, ..problem };
    }
    if fault.message.contains("extension")
        && matches!(fault.code.as_deref(), Some("0A000" | "58P01"))
    {
        let fix = "install the extension's package on the server, or name a server that has it \
                   with scratch_url in the environment";
        return Problem { fix: fix.to_owned(), ..problem };
    }
    problem
}

fn refused(script: &Script, start: usize, why: &str, fix: &str) -> Problem {
    let place = Place::of(&script.text, start);
    let line = script.text.lines().nth(place.line - 1).unwrap_or_default().trim();
    Problem::usage(
        format!("{}, line {}: this has no place in a schema", script.name, place.line),
        format!("{why}\n  {line}"),
        fix,
    )
}
