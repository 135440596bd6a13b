//! What PostgreSQL and the way to it can refuse, told in sentences a newcomer can act on.
//!
//! Classification goes by SQLSTATE and by the kind of I/O error, and by text only where the
//! library below gives nothing else. Nothing here may hold a password: the server's messages
//! never repeat one, and no connection option is printed.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::postgres::PgDatabaseError;

use crate::config::{Host, PostgresAddress, SslMode};
use crate::db::page::{Condition, Selection};
use crate::db::value::Value;
use crate::problem::{Kind, Problem};

/// Why a piece of work ended: the library's error, or a problem already told in sentences.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server or the connection failed.
    Sql(sqlx::Error),
    /// Something was wrong with the request itself.
    Told(Problem),
}

/// What a piece of work answers.
pub(super) type Answered<T> = Result<T, Fault>;

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Told(problem)
    }
}

/// What the server reported, if it was the server.
fn reported(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
}

/// The SQLSTATE (PostgreSQL manual, appendix A), if the server answered with one.
pub(super) fn state(error: &sqlx::Error) -> Option<&str> {
    reported(error).map(PgDatabaseError::code)
}

/// Whether the connection cannot be used any more after this error.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match state(error) {
        // admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped,
        // idle_session_timeout, idle_in_transaction_session_timeout, class 08
        Some(code) => {
            matches!(code, "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03")
                || code.starts_with("08")
        }
        None => matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::WorkerCrashed
        ),
    }
}

/// The server's own words: its message, its detail and its hint.
pub(super) fn words(error: &sqlx::Error) -> String {
    let Some(error) = reported(error) else {
        return chain(error);
    };
    let mut words = error.message().to_owned();
    for more in [error.detail(), error.hint()].into_iter().flatten() {
        words.push_str(". ");
        words.push_str(more.trim_end_matches('.'));
    }
    words
}

/// A failed statement as data, for those who look into it.
pub(super) fn fault(error: &sqlx::Error) -> crate::db::fault::Fault {
    use sqlx::postgres::PgErrorPosition;
    let lost = is_lost(error);
    let Some(error) = reported(error) else {
        return crate::db::fault::Fault { message: chain(error), lost, ..Default::default() };
    };
    let owned = |text: Option<&str>| text.map(Into::into);
    crate::db::fault::Fault {
        message: error.message().to_owned(),
        detail: owned(error.detail()),
        hint: owned(error.hint()),
        context: owned(error.r#where()),
        code: Some(error.code().to_owned()),
        position: match error.position() {
            Some(PgErrorPosition::Original(position)) => Some(position),
            _ => None,
        },
        lost,
        stopped: false,
    }
}

/// Whether a connection was refused because the server has no such database.
pub(super) fn is_missing_database(problem: &Problem) -> bool {
    problem.what.starts_with(NO_DATABASE)
}

/// How the problem of a database that is not there begins.
const NO_DATABASE: &str = "There is no database ";

/// An error and its causes on one line, each said once.
fn chain(error: &sqlx::Error) -> String {
    let mut words = match error {
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Tls(error) => error.to_string(),
        other => other.to_string(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        source = cause.source();
    }
    words
}

/// Where the server is, for a person: `host:port`, or the socket's file.
pub(super) fn place(address: &PostgresAddress) -> String {
    match &address.host {
        Host::Tcp(host) if host.contains(':') => format!("[{host}]:{}", address.port),
        Host::Tcp(host) => format!("{host}:{}", address.port),
        Host::Socket(folder) => format!("{}/.s.PGSQL.{}", folder.display(), address.port),
    }
}

/// Why a connection could not be opened.
pub(super) fn connecting(error: &sqlx::Error, address: &PostgresAddress) -> Problem {
    if let Some(code) = state(error) {
        return refused(code, &words(error), address);
    }
    let place = place(address);
    match error {
        // The TLS library reports a certificate it does not trust as an I/O error.
        sqlx::Error::Io(io) if io.kind() == ErrorKind::InvalidData => {
            tls(&chain(error), address, &place)
        }
        sqlx::Error::Io(io) => unreachable_server(io, address, &place),
        sqlx::Error::Tls(_) => tls(&chain(error), address, &place),
        sqlx::Error::Configuration(_) => Problem::usage(
            "The connection's settings cannot be used",
            chain(error),
            "check the certificate settings (sslrootcert, sslcert and sslkey) of this connection",
        ),
        sqlx::Error::Protocol(_) => Problem::failed(
            format!("What answers at {place} does not speak PostgreSQL's protocol"),
            chain(error),
            "check the host and the port; PostgreSQL's usual port is 5432",
        ),
        _ => Problem::failed(
            format!("Cannot connect to {place}"),
            chain(error),
            "check the address, and that the server is running",
        ),
    }
}

/// The server answered, and said no.
fn refused(code: &str, words: &str, address: &PostgresAddress) -> Problem {
    let (user, database, place) = (&address.user, &address.database, place(address));
    let (what, fix) = match code {
        "28P01" if address.password.is_none() => (
            format!("The server wants a password for role {user}, and none was given"),
            "put it into PGPASSWORD, into ~/.pgpass, or into the URL through a variable".to_owned(),
        ),
        "28P01" => (
            format!("The server did not accept the password of role {user}"),
            "check the password in the URL, in PGPASSWORD or in ~/.pgpass".to_owned(),
        ),
        "28000" if words.contains("pg_hba.conf") => (
            format!("The server's rules do not let role {user} in from here"),
            "its administrator must add a line for this role, database and address to \
             pg_hba.conf; if the rule asks for encryption, use sslmode=require"
                .to_owned(),
        ),
        "28000" => (
            format!("The server does not let role {user} in"),
            "check the role's name in the URL; createuser makes a new role".to_owned(),
        ),
        "3D000" => (
            format!("{NO_DATABASE}{database} on the server at {place}"),
            format!(
                "check the name in the URL, or make it: createdb {}",
                if plain(database) { database } else { "NAME" }
            ),
        ),
        "53300" => (
            "The server has no connection left for us".to_owned(),
            "close other programs that use it, or ask for a higher max_connections".to_owned(),
        ),
        "57P03" => (
            format!("The server at {place} is not ready for connections"),
            "it is starting up, shutting down or recovering; wait a moment and try again"
                .to_owned(),
        ),
        "42501" => (
            format!("Role {user} may not connect to database {database}"),
            format!(
                "its owner can allow it: GRANT CONNECT ON DATABASE … TO {}",
                if plain(user) { user } else { "ROLE" }
            ),
        ),
        _ => (
            format!("The server at {place} refused the connection"),
            "the server's words above say why; check the URL".to_owned(),
        ),
    };
    Problem::failed(what, words, fix)
}

/// Whether a name can be shown inside a shell command as it is.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Nobody answered at all.
fn unreachable_server(io: &std::io::Error, address: &PostgresAddress, place: &str) -> Problem {
    let text = io.to_string();
    let (what, fix) = match (&address.host, io.kind()) {
        (Host::Socket(_), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => (
            format!("There is no server behind the socket {place}"),
            "start PostgreSQL, or check the folder and the port: the socket's file is named \
             after both",
        ),
        (Host::Socket(_), ErrorKind::PermissionDenied) => (
            format!("The socket {place} may not be opened by this user"),
            "ask for access to the folder, or connect over TCP with a host name",
        ),
        (Host::Tcp(_), ErrorKind::ConnectionRefused) => (
            format!("No server listens at {place}"),
            "start PostgreSQL there, or check the host and the port",
        ),
        (Host::Tcp(host), _) if text.contains("lookup address") || text.contains("resolve") => {
            let fix = "check the spelling of the host, and the network's DNS";
            return Problem::failed(format!("The host name {host} is not known"), text, fix);
        }
        (_, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => (
            format!("The server at {place} closed the connection while we were logging in"),
            "check that PostgreSQL listens on this port; its log says more",
        ),
        (
            Host::Tcp(_),
            ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::IsADirectory,
        ) if certificates(address).next().is_some() => {
            let files: Vec<String> = certificates(address).collect();
            return Problem::usage(
                format!("A certificate's file cannot be read: {}", files.join(" or ")),
                text,
                "check sslrootcert, sslcert and sslkey of this connection",
            );
        }
        (_, ErrorKind::TimedOut) => return timeout(address, None),
        _ => (
            format!("The server at {place} cannot be reached"),
            "check the network, a VPN or a firewall in between, the host and the port",
        ),
    };
    Problem::failed(what, text, fix)
}

/// The certificates' files of an address that cannot be opened.
fn certificates(address: &PostgresAddress) -> impl Iterator<Item = String> {
    let files = [&address.ssl_root_cert, &address.ssl_cert, &address.ssl_key];
    let unreadable = |file: &&std::path::PathBuf| std::fs::File::open(file).is_err();
    files.into_iter().flatten().filter(unreadable).map(|file| file.display().to_string())
}

/// Connecting took longer than it may.
pub(super) fn timeout(address: &PostgresAddress, limit: Option<Duration>) -> Problem {
    let why = match limit {
        Some(limit) => format!("no answer within {}", spoken(limit)),
        None => "the network gave up waiting for an answer".to_owned(),
    };
    Problem::failed(
        format!("The server at {} does not answer", place(address)),
        why,
        "check the host and the port, and whether a firewall or a missing VPN swallows the \
         connection; connect_timeout in the URL raises the limit",
    )
}

/// TLS was wanted and did not come about.
fn tls(words: &str, address: &PostgresAddress, place: &str) -> Problem {
    let (what, fix) = if words.contains("does not support TLS") {
        (
            format!("The server at {place} has no TLS, and sslmode={} asks for it", mode(address)),
            "turn ssl on in the server, or, only on a network you trust, use sslmode=prefer",
        )
    } else if words.contains("NotValidForName") || words.contains("not valid for name") {
        (
            format!("The server's certificate is not for the host of {place}"),
            "use the host name the certificate was made for, or sslmode=verify-ca if the \
             authority alone is proof enough",
        )
    } else if words.contains("CaUsedAsEndEntity") {
        (
            format!("The certificate of {place} is an authority's own, used as a server's"),
            "make the server a certificate of its own (with basicConstraints=CA:FALSE), signed \
             by the authority that sslrootcert names",
        )
    } else if words.contains("Expired") || words.contains("expired") {
        (
            format!("The certificate of {place} has expired"),
            "renew the server's certificate, or check this machine's clock",
        )
    } else if words.contains("UnknownIssuer") || words.contains("certificate") {
        (
            format!("The certificate of {place} is not signed by an authority we trust"),
            "name the authority's file with sslrootcert, or, only on a network you trust, use \
             sslmode=require, which checks nothing",
        )
    } else {
        (
            format!("The encrypted connection to {place} could not be made"),
            "check the sslmode and the server's TLS settings",
        )
    };
    Problem::failed(what, words, fix)
}

fn mode(address: &PostgresAddress) -> &'static str {
    if address.ssl == SslMode::Require && address.ssl_root_cert.is_some() {
        return "require with sslrootcert";
    }
    address.ssl.word()
}

/// A server too old to be understood.
pub(super) fn too_old(version: &str) -> Problem {
    Problem::failed(
        format!("The server is PostgreSQL {version}, and dbstudio needs 13 or later"),
        "its catalogue lacks what dbstudio reads",
        "upgrade the server, or use a client made for it",
    )
}

/// A length of time as a person says it.
pub(super) fn spoken(limit: Duration) -> String {
    match limit.as_millis() {
        ms if ms >= 1000 && ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms => format!("{ms} ms"),
    }
}

/// Why a statement failed. `doing` is what was tried, as the problem's headline.
pub(super) fn statement(error: &sqlx::Error, doing: &str, limit: Option<Duration>) -> Problem {
    let words = words(error);
    if is_lost(error) {
        return Problem::disconnected(words);
    }
    let Some(code) = state(error) else {
        return Problem::failed(doing, words, "try again; if it stays, report it as a bug");
    };
    let fix = match code {
        "57014" if words.contains("statement timeout") => {
            let why = match limit {
                Some(limit) => format!("the statement timeout of {} ended it", spoken(limit)),
                None => format!("the server's own statement timeout ended it ({words})"),
            };
            let fix = "narrow it with a filter, or raise statement_timeout in the configuration";
            return Problem::failed(doing, why, fix);
        }
        "57014" => "somebody ended it on the server; try again",
        "42501" => "ask the owner for the right: GRANT SELECT ON … TO your role",
        "42P01" | "3F000" | "42703" => "what was there has changed; press R to read it again",
        "40001" | "40P01" => "try again",
        "25006" => "this connection is read-only; connect to another environment to write",
        "55P03" => "another session holds a lock on it; try again when that has ended",
        code if code.starts_with("53") => "the server is short of a resource; try again later",
        code if code.starts_with("42") => "check the filter",
        code if code.starts_with("58") || code.starts_with("XX") => {
            "the server has trouble of its own: show these words to whoever runs it"
        }
        _ => "the server's words above say what it did not accept",
    };
    Problem::failed(doing, words, fix)
}

/// Whether a statement failed because a typed value is no value of its column's type.
fn is_bad_value(code: &str) -> bool {
    // data exceptions, unknown enum label, wrong regular expression or JSON path
    code.starts_with("22") || matches!(code, "42704" | "42883" | "42846" | "2201B")
}

/// Why reading rows failed, naming the filter's column and value when it was the filter.
pub(super) fn reading(
    error: &sqlx::Error,
    selection: &Selection,
    doing: &str,
    limit: Option<Duration>,
) -> Problem {
    let problem = statement(error, doing, limit);
    let Some(code) = state(error) else {
        return problem;
    };
    if problem.kind != Kind::Failed || !(is_bad_value(code) || code.starts_with("42")) {
        return problem;
    }
    let suspects: Vec<(&str, String)> = selection.filter.iter().filter_map(suspect).collect();
    let guilty = suspects
        .iter()
        .find(|(_, typed)| !typed.is_empty() && problem.why.contains(typed.as_str()))
        .or(if suspects.len() == 1 { suspects.first() } else { None });
    let raw = selection.filter.iter().any(|condition| matches!(condition, Condition::Raw(_)));
    match guilty {
        Some((column, typed)) if is_bad_value(code) && !raw => {
            let type_name = selection
                .columns
                .iter()
                .find(|candidate| candidate.name == *column)
                .map_or("", |candidate| candidate.type_name.as_str());
            Problem::usage(
                format!("The filter on {column} cannot use the value {typed}"),
                problem.why,
                format!("type a value that fits the column's type, {type_name}"),
            )
        }
        _ if code == "42501" || code == "42P01" || selection.filter.is_empty() => problem,
        _ => Problem::usage(
            "The server did not understand the filter",
            problem.why,
            "correct the filter; F clears it",
        ),
    }
}

/// The column of a condition and what was typed for it.
fn suspect(condition: &Condition) -> Option<(&str, String)> {
    match condition {
        Condition::Column { column, values, .. } => Some((column, values.join(", "))),
        Condition::Equals { column, value: Value::Text(text) } => Some((column, text.to_string())),
        _ => None,
    }
}
