//! Why a database does not work, found out step by step: the settings, the way to the server, the
//! login, the rights, the tables, the data. Each step says what was found, why that matters and
//! what to do next; a step whose ground is missing is not tried.
//!
//! Only looks. Starting afresh is never the advice before the data was looked at.

use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::change::Setting;
use super::check::{self, Matter};
use super::status::{DatabaseStatus, MigrationStatus, RelationStatus, Rows};
use crate::config::{Address, Config, Host, PostgresAddress, SqliteAddress, State, Target};
use crate::db::Db;
use crate::db::connection::Connection;
use crate::db::health::{Depth, Health, Rights};
use crate::db::stop::Stop;
use crate::migrations::ledger::SCHEMA;
use crate::problem::{Kind, Problem, Result};
use crate::schema::RelationKind;
use crate::schema::model::{Scope, is_history_table};

/// How long finding or reaching a host may take when no limit is set.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Worth a look, but in nobody's way.
    Doubtful,
    /// It is what is wrong, or part of it.
    Bad,
    /// Not tried: what it stands on is missing.
    Untried,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
            Self::Untried => "untried",
        }
    }
}

/// A step of the examination, in the order they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The files of settings, and which database they name.
    Settings,
    /// The variables the project requires.
    Variables,
    /// The host's name, or the file.
    Name,
    /// Whether anybody listens there.
    Port,
    /// TLS, authentication and the database's name.
    Login,
    /// What the role may do.
    Rights,
    /// Whether there are tables.
    Tables,
    /// How the migrations stand.
    Migrations,
    /// Whether the data is sound.
    Data,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 9] = [
        Self::Settings,
        Self::Variables,
        Self::Name,
        Self::Port,
        Self::Login,
        Self::Rights,
        Self::Tables,
        Self::Migrations,
        Self::Data,
    ];

    /// Its name, for scripts.
    pub fn id(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Variables => "variables",
            Self::Name => "name",
            Self::Port => "port",
            Self::Login => "login",
            Self::Rights => "rights",
            Self::Tables => "tables",
            Self::Migrations => "migrations",
            Self::Data => "data",
        }
    }

    /// What it asks.
    pub fn question(self) -> &'static str {
        match self {
            Self::Settings => "Is it clear which database is meant?",
            Self::Variables => "Are the required variables set as they should be?",
            Self::Name => "Is there such a host, or such a file?",
            Self::Port => "Does anybody listen there?",
            Self::Login => "Does the server let us into the database?",
            Self::Rights => "May this role change the schema?",
            Self::Tables => "Are there tables?",
            Self::Migrations => "Are the migrations applied, and the ones in the folder?",
            Self::Data => "Is the data sound?",
        }
    }
}

/// What a step has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The step.
    pub step: Step,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found, a sentence each.
    pub found: Vec<String>,
    /// Why it matters; empty where all is well.
    pub matters: String,
    /// What to do next, a command or a sentence each.
    pub next: Vec<String>,
}

impl Finding {
    fn good(step: Step, found: impl Into<String>) -> Self {
        let (verdict, matters) = (Verdict::Good, String::new());
        Self { step, verdict, found: vec![found.into()], matters, next: Vec::new() }
    }

    fn bad(step: Step, problem: &Problem, matters: &str) -> Self {
        let why = Some(problem.why.clone()).filter(|why| !why.is_empty());
        Self {
            step,
            verdict: Verdict::Bad,
            found: std::iter::once(problem.what.clone()).chain(why).collect(),
            matters: matters.to_owned(),
            next: vec![problem.fix.clone()],
        }
    }

    fn untried(step: Step) -> Self {
        let found = vec!["not tried: a step before it failed".to_owned()];
        Self { step, verdict: Verdict::Untried, found, matters: String::new(), next: Vec::new() }
    }

    /// Adds something that is not as it should be.
    fn add(&mut self, verdict: Verdict, found: String, next: impl Into<String>) {
        if self.verdict == Verdict::Good {
            self.found.clear();
        }
        if self.verdict != Verdict::Bad {
            self.verdict = verdict;
        }
        self.found.push(found);
        let next = next.into();
        if !next.is_empty() && !self.next.contains(&next) {
            self.next.push(next);
        }
    }
}

/// What is to be examined.
pub struct Patient<'a> {
    /// The settings, unless they could not be read.
    pub config: Option<&'a Config>,
    /// The database they name, or why they name none.
    pub target: std::result::Result<&'a Target, Problem>,
    /// How far the look at the data goes.
    pub depth: Depth,
}

/// Examines step by step; `tell` is told each finding as it is made.
///
/// # Errors
/// The work was stopped.
pub async fn examine(
    patient: &Patient<'_>,
    tell: &mut (dyn FnMut(&Finding) + Send),
    stop: &Stop,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut note = |finding: Finding| {
        tell(&finding);
        let good = finding.verdict != Verdict::Bad;
        findings.push(finding);
        good
    };
    let mut goes_on = note(settings(patient));
    note(variables(patient.config));
    if let Ok(target) = patient.target.as_ref() {
        if goes_on {
            goes_on = reach(target, &mut note, stop).await?;
        }
        if goes_on {
            inside(target, patient, &mut note, stop).await?;
        }
    }
    for step in Step::ALL {
        if !findings.iter().any(|finding| finding.step == step) {
            let finding = Finding::untried(step);
            tell(&finding);
            findings.push(finding);
        }
    }
    Ok(findings)
}

fn settings(patient: &Patient<'_>) -> Finding {
    match &patient.target {
        Err(problem) => {
            Finding::bad(Step::Settings, problem, "without an address there is nothing to open")
        }
        Ok(target) => {
            let name = target.name.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
            let protection = target.protection.word();
            let place = format!("{name}{} ({protection})", target.address);
            let mut finding = Finding::good(Step::Settings, place);
            for warning in patient.config.map(Config::warnings).unwrap_or_default() {
                finding.verdict = Verdict::Doubtful;
                finding.found.push(warning.clone());
            }
            finding
        }
    }
}

fn variables(config: Option<&Config>) -> Finding {
    let states = config.map(Config::check).unwrap_or_default();
    let step = Step::Variables;
    let mut finding = match states.len() {
        0 => Finding::good(step, "the project requires none (required_env of dbstudio.toml)"),
        1 => Finding::good(step, "the one required variable is set as it should be"),
        count => Finding::good(step, format!("all {count} are set as they should be")),
    };
    for one in &states {
        let found = match &one.state {
            State::Met => continue,
            State::Missing => format!("{} is not set; it must be {}", one.name, one.rule),
            State::Invalid(why) => format!("{}: {why}", one.name),
        };
        finding.matters = "the application that uses this database needs them".to_owned();
        let next = "set them in the environment, in .env.local or in .env beside dbstudio.toml";
        finding.add(Verdict::Bad, found, next);
    }
    finding
}

type Note<'a> = dyn FnMut(Finding) -> bool + Send + 'a;

/// The way to the server or the file.
async fn reach(target: &Target, note: &mut Note<'_>, stop: &Stop) -> Result<bool> {
    match &target.address {
        Address::Sqlite(address) => Ok(note(file(address)) && note(no_port())),
        Address::Postgres(address) => {
            let limit = address.connect_timeout.unwrap_or(target.session.connect_timeout);
            let limit = if limit.is_zero() { PATIENCE } else { limit };
            tokio::select! {
                () = stop.asked() => Err(Problem::cancelled("Stopped")),
                reached = host(address, limit, note) => Ok(reached),
            }
        }
    }
}

fn no_port() -> Finding {
    Finding::good(Step::Port, "a file needs no server")
}

fn file(address: &SqliteAddress) -> Finding {
    let step = Step::Name;
    let Some(file) = &address.file else {
        return Finding::good(step, "a database in memory, empty each time it is opened");
    };
    match std::fs::metadata(file) {
        Ok(found) if found.is_file() => {
            let bytes = found.len();
            Finding::good(step, format!("{} is there, {bytes} bytes", file.display()))
        }
        Ok(_) => Finding::bad(
            step,
            &Problem::usage(
                format!("{} is not a file", file.display()),
                "",
                "name the file itself in the address",
            ),
            "a SQLite database is one file",
        ),
        Err(why) => Finding::bad(
            step,
            &Problem::failed(
                format!("{} cannot be found", file.display()),
                why.to_string(),
                "check the path, which starts from the folder of dbstudio.toml; dbstudio setup \
                 makes a new file",
            ),
            "a wrong path is the most common reason for a database that seems empty",
        ),
    }
}

/// The host's name, then its port; for a socket its file.
async fn host(address: &PostgresAddress, limit: Duration, note: &mut Note<'_>) -> bool {
    let port = address.port;
    let name = match &address.host {
        Host::Socket(folder) => return socket(folder, port, note).await,
        Host::Tcp(name) => name.trim_matches(['[', ']']).to_owned(),
    };
    let looked = timeout(limit, lookup_host((name.as_str(), port))).await;
    let problem = |what: String, why: String, fix: &str| Problem::failed(what, why, fix);
    let addresses: Vec<_> = match looked {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(why)) => {
            let problem = problem(
                format!("The host {name} is not known"),
                why.to_string(),
                "check the spelling in the URL, that you are in the right network or VPN, and DNS",
            );
            return note(Finding::bad(Step::Name, &problem, "the server cannot be found"));
        }
        Err(_) => {
            let why = format!("no answer in {} s", limit.as_secs_f32());
            let fix = "check that this machine is online and its DNS server answers";
            let problem = problem(format!("The host {name} was not found in time"), why, fix);
            return note(Finding::bad(Step::Name, &problem, "the server cannot be found"));
        }
    };
    let list: Vec<String> = addresses.iter().map(|it| it.ip().to_string()).collect();
    note(Finding::good(Step::Name, format!("{name} is {}", list.join(", "))));
    let mut last = String::from("no address");
    for one in addresses {
        match timeout(limit, TcpStream::connect(one)).await {
            Ok(Ok(_)) => return note(Finding::good(Step::Port, format!("{one} is open"))),
            Ok(Err(why)) => last = why.to_string(),
            Err(_) => last = format!("no answer in {} s", limit.as_secs_f32()),
        }
    }
    let refused = last.contains("refused");
    let fix = if refused {
        "start PostgreSQL there (systemctl status postgresql, pg_lsclusters), and check the port \
         and listen_addresses"
    } else {
        "check the firewall between here and there, and that the port is right"
    };
    let problem = problem(format!("Nobody answers at {name}, port {port}"), last, fix);
    note(Finding::bad(Step::Port, &problem, "the host is there, but no server answers on it"))
}

async fn socket(folder: &std::path::Path, port: u16, note: &mut Note<'_>) -> bool {
    let file = folder.join(format!(".s.PGSQL.{port}"));
    let told =
        |what: String, why: std::io::Error, fix: &str| Problem::failed(what, why.to_string(), fix);
    if let Err(why) = std::fs::metadata(&file) {
        let fix = "start PostgreSQL, or check the folder and the port in the address: the \
                   socket's file is named after both";
        let problem = told(format!("There is no socket {}", file.display()), why, fix);
        return note(Finding::bad(Step::Name, &problem, "no server of this machine listens there"));
    }
    note(Finding::good(Step::Name, format!("the socket {} is there", file.display())));
    match tokio::net::UnixStream::connect(&file).await {
        Ok(_) => note(Finding::good(Step::Port, "a server listens on it")),
        Err(why) => {
            let fix = "start PostgreSQL; a crash can leave the socket's file behind";
            let problem = told("Nobody listens on the socket".to_owned(), why, fix);
            note(Finding::bad(Step::Port, &problem, "the server is not running"))
        }
    }
}

/// What is seen once the database is open.
async fn inside(
    target: &Target,
    patient: &Patient<'_>,
    note: &mut Note<'_>,
    stop: &Stop,
) -> Result<()> {
    let db = match Db::connect(target, stop).await {
        Ok(db) => db,
        Err(problem) if problem.kind == Kind::Cancelled => return Err(problem),
        Err(problem) => {
            let matters = "the server is there, but nothing can be read before it lets us in";
            note(Finding::bad(Step::Login, &problem, matters));
            return Ok(());
        }
    };
    let server = db.server();
    let user = server.user.as_ref().map(|user| format!(" as {user}")).unwrap_or_default();
    let tls = server.tls.as_deref().unwrap_or("no TLS");
    let (engine, version) = (server.engine.name(), &server.version);
    let milliseconds = server.latency.as_secs_f64() * 1_000.0;
    let open = format!(
        "{engine} {version}, database {}{user}, {tls}, {milliseconds:.1} ms",
        server.database
    );
    note(Finding::good(Step::Login, open));
    let status = DatabaseStatus::gather(&db, false, stop).await;
    db.close().await;
    let mut live = Connection::open_reading(target, stop).await?;
    let looked = look(&mut live, status, (target, patient), note, stop).await;
    live.close().await;
    looked
}

async fn look(
    live: &mut Connection,
    status: Result<DatabaseStatus>,
    (target, patient): (&Target, &Patient<'_>),
    note: &mut Note<'_>,
    stop: &Stop,
) -> Result<()> {
    note(rights(&live.rights(stop).await?, target));
    match status {
        Ok(status) => note(tables(&status)),
        Err(problem) if problem.kind == Kind::Cancelled => return Err(problem),
        Err(problem) => note(Finding::bad(Step::Tables, &problem, "the catalogue is unreadable")),
    };
    let schemas = patient.config.and_then(|config| config.project().schemas);
    let scope = Scope { schemas, ..Scope::default() };
    if let Some(config) = patient.config {
        note(migrations(config, target, stop).await);
    }
    let health = live.health(&scope, patient.depth, stop).await?;
    note(data(&health));
    Ok(())
}

fn rights(rights: &Rights, target: &Target) -> Finding {
    let mut finding = Finding::good(Step::Rights, "the schema can be changed");
    finding.matters = "reading works without it; migrations and pushes do not".to_owned();
    if let Some(why) = &rights.read_only {
        finding.add(Verdict::Doubtful, why.clone(), "connect to the primary server to change it");
    }
    if target.read_only {
        let why = "dbstudio opens it for reading only, as the settings or --read-only say";
        finding.add(Verdict::Doubtful, why.to_owned(), "");
    }
    match &rights.schema {
        None => finding.add(
            Verdict::Doubtful,
            "the search path names no schema that is there, so new tables have no place".to_owned(),
            "CREATE SCHEMA public, or set search_path",
        ),
        Some(schema) if !rights.create => finding.add(
            Verdict::Doubtful,
            format!("the role may make nothing in schema {schema}"),
            format!("its owner can allow it: GRANT CREATE ON SCHEMA {schema} TO the role"),
        ),
        Some(_) => {}
    }
    if !rights.scratch {
        finding.add(
            Verdict::Doubtful,
            "the role may make no database, which trying out a change needs".to_owned(),
            "ALTER ROLE … CREATEDB, or name another server as scratch_url of the environment",
        );
    }
    if rights.unreadable > 0 {
        let found = format!("the role may not read {} tables", rights.unreadable);
        finding.add(Verdict::Doubtful, found, "GRANT SELECT on them");
    }
    if finding.verdict == Verdict::Good {
        finding.matters.clear();
    }
    finding
}

fn tables(status: &DatabaseStatus) -> Finding {
    let is_table = |one: &&RelationStatus| {
        let is_own = is_history_table(&one.name.name) || one.name.schema == SCHEMA;
        !is_own && !matches!(one.kind, RelationKind::View | RelationKind::MaterializedView)
    };
    let tables: Vec<_> = status.relations.iter().filter(is_table).collect();
    if tables.is_empty() {
        return Finding {
            step: Step::Tables,
            verdict: Verdict::Bad,
            found: vec!["there is no table".to_owned()],
            matters: "the database is empty, or the wrong one, or another schema is meant"
                .to_owned(),
            next: vec![
                "check that this is the database you mean (the first step names it)".to_owned(),
                "dbstudio setup makes the tables".to_owned(),
            ],
        };
    }
    let filled = tables.iter().filter(
        |one| matches!(one.rows, Some(Rows::Exactly(rows) | Rows::About(rows)) if rows > 0),
    );
    let filled = filled.count();
    let mut finding =
        Finding::good(Step::Tables, format!("{} tables, {filled} of them with rows", tables.len()));
    finding.found.extend(status.unseen.iter().cloned());
    if filled == 0 {
        finding.verdict = Verdict::Doubtful;
        finding.matters = "the tables are there and none has a row".to_owned();
        finding.next = vec!["dbstudio seed adds sample data".to_owned()];
    }
    finding
}

/// How the migrations stand: what waits is worth a look, what is changed, missing or half done is
/// wrong.
async fn migrations(config: &Config, target: &Target, stop: &Stop) -> Finding {
    let asked = async {
        let setting = Setting::new(config, target.clone(), None)?;
        MigrationStatus::gather(&setting, false, stop).await
    };
    let status = match asked.await {
        Ok(Some(status)) => status,
        Ok(None) => return Finding::good(Step::Migrations, "the project has none"),
        Err(problem) => {
            let matters = "what the database lacks cannot be told from what it has";
            return Finding::bad(Step::Migrations, &problem, matters);
        }
    };
    let applied = status.applied();
    let mut finding = Finding::good(Step::Migrations, format!("all {applied} are applied"));
    for one in check::of_standing(&status.standing) {
        let verdict = match one.matter {
            Matter::Pending => Verdict::Doubtful,
            _ => Verdict::Bad,
        };
        if finding.matters.is_empty() || verdict > finding.verdict {
            finding.matters.clone_from(&one.why);
        }
        finding.add(verdict, one.what, one.fix);
    }
    finding
}

fn data(health: &Health) -> Finding {
    let mut finding = Finding::good(Step::Data, "nothing is wrong with it");
    for line in &health.damage {
        let next = "stop everything that writes to the file, copy it, then restore a backup \
                    (dbstudio restore); sqlite3 FILE .recover saves what can be read";
        finding.add(Verdict::Bad, line.clone(), next);
    }
    for one in &health.orphans {
        let noun = if one.rows == 1 { "row of" } else { "rows of" };
        let found = format!("{} {noun} {} have no parent ({})", one.rows, one.table, one.key);
        let next = "open the table (dbstudio), look at those rows, and give them a parent or \
                    delete them";
        finding.add(Verdict::Bad, found, next);
    }
    for one in &health.behind {
        let found = format!(
            "{} gives {} next, but {} has {} already",
            one.sequence, one.next, one.column, one.greatest
        );
        finding.add(Verdict::Bad, found, one.repair.clone());
    }
    for one in &health.unchecked {
        let next = "ALTER TABLE … VALIDATE CONSTRAINT … checks it without locking others out";
        finding.add(Verdict::Doubtful, format!("{one} was never checked"), next);
    }
    for one in &health.broken_indexes {
        let found = format!("index {one} is not valid and not used");
        let next = "REINDEX INDEX CONCURRENTLY it, or DROP INDEX CONCURRENTLY it";
        finding.add(Verdict::Doubtful, found, next);
    }
    match finding.verdict {
        Verdict::Good => {}
        _ => {
            finding.matters =
                "look at what is wrong first: a fresh start would destroy what can be repaired"
                    .to_owned();
        }
    }
    let left = health.left_out.iter();
    finding.found.extend(left.map(|one| format!("not looked at: {one}")));
    if !health.left_out.is_empty() {
        finding.next.push("dbstudio doctor --thorough looks at everything".to_owned());
    }
    finding
}
