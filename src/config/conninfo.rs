//! PostgreSQL addresses as libpq takes them: URIs and `key=value` strings (PostgreSQL manual,
//! section 34.1.1 "Connection Strings"), read into parameters.
//!
//! Nothing is filled in or looked up here. An error never repeats a value, nor any text that
//! would be part of a password if the person forgot to encode it.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::nearest::{nearest, suggestion};
use super::percent::decode;

/// What dbstudio does with a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It is applied.
    Applied,
    /// It changes nothing that matters here.
    Ignored,
    /// It cannot be applied, which the person is told.
    Told,
    /// Only these values can be honoured; any other would leave the connection less safe than
    /// was asked, or to the wrong server, so it is refused.
    Only(&'static [&'static str]),
}

/// Every parameter known, the variable libpq fills it from (section 34.15 "Environment
/// Variables"), and what is done with it. The last are those other programs add to URLs.
pub(super) const PARAMETERS: &[(&str, &str, Use)] = &[
    ("host", "PGHOST", Use::Applied),
    ("hostaddr", "PGHOSTADDR", Use::Applied),
    ("port", "PGPORT", Use::Applied),
    ("dbname", "PGDATABASE", Use::Applied),
    ("user", "PGUSER", Use::Applied),
    ("password", "PGPASSWORD", Use::Applied),
    ("passfile", "PGPASSFILE", Use::Applied),
    ("service", "PGSERVICE", Use::Applied),
    ("servicefile", "PGSERVICEFILE", Use::Applied),
    ("sslmode", "PGSSLMODE", Use::Applied),
    ("sslrootcert", "PGSSLROOTCERT", Use::Applied),
    ("sslcert", "PGSSLCERT", Use::Applied),
    ("sslkey", "PGSSLKEY", Use::Applied),
    ("application_name", "PGAPPNAME", Use::Applied),
    ("fallback_application_name", "", Use::Applied),
    ("options", "PGOPTIONS", Use::Applied),
    ("connect_timeout", "PGCONNECT_TIMEOUT", Use::Applied),
    ("client_encoding", "PGCLIENTENCODING", Use::Ignored),
    ("keepalives", "", Use::Ignored),
    ("keepalives_idle", "", Use::Ignored),
    ("keepalives_interval", "", Use::Ignored),
    ("keepalives_count", "", Use::Ignored),
    ("tcp_user_timeout", "", Use::Ignored),
    ("sslcompression", "PGSSLCOMPRESSION", Use::Ignored),
    ("sslsni", "PGSSLSNI", Use::Ignored),
    ("krbsrvname", "PGKRBSRVNAME", Use::Ignored),
    ("gsslib", "PGGSSLIB", Use::Ignored),
    ("gssdelegation", "PGGSSDELEGATION", Use::Ignored),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS", Use::Ignored),
    ("gssencmode", "PGGSSENCMODE", Use::Only(&["disable", "prefer"])),
    ("channel_binding", "PGCHANNELBINDING", Use::Told),
    ("require_auth", "PGREQUIREAUTH", Use::Only(&[])),
    ("requirepeer", "PGREQUIREPEER", Use::Only(&[])),
    ("sslcrl", "PGSSLCRL", Use::Only(&[])),
    ("sslcrldir", "PGSSLCRLDIR", Use::Only(&[])),
    ("sslpassword", "", Use::Only(&[])),
    ("sslcertmode", "PGSSLCERTMODE", Use::Only(&["allow"])),
    ("sslnegotiation", "PGSSLNEGOTIATION", Use::Only(&["postgres"])),
    (
        "ssl_min_protocol_version",
        "PGSSLMINPROTOCOLVERSION",
        Use::Only(&["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", Use::Only(&["TLSv1.3"])),
    ("target_session_attrs", "PGTARGETSESSIONATTRS", Use::Only(&["any"])),
    ("replication", "", Use::Only(&["false", "off", "no", "0"])),
    ("pgbouncer", "", Use::Applied),
    ("schema", "", Use::Told),
    ("connection_limit", "", Use::Ignored),
    ("pool_timeout", "", Use::Ignored),
    ("socket_timeout", "", Use::Ignored),
    ("statement_cache_size", "", Use::Ignored),
    ("statement-cache-capacity", "", Use::Ignored),
    ("pool_max_conns", "", Use::Ignored),
    ("uselibpqcompat", "", Use::Ignored),
];

/// The parameters of an address, by name. Holds passwords, so it does not print.
#[derive(Clone, Default)]
pub(super) struct Parameters(BTreeMap<&'static str, String>);

impl Parameters {
    /// A parameter's value; an empty one counts as absent, as in libpq.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Sets a parameter; a later value replaces an earlier one.
    ///
    /// # Errors
    /// When there is no such parameter. A name far from any known one is not repeated: it may
    /// be a piece of a password that was not encoded.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        // As libpq does for JDBC's sake (section 34.1.1.2).
        let (name, value) =
            if (name, value) == ("ssl", "true") { ("sslmode", "require") } else { (name, value) };
        if let Some((known, ..)) = PARAMETERS.iter().find(|(known, ..)| *known == name) {
            self.0.insert(known, value.to_owned());
            return Ok(());
        }
        let names: Vec<_> = PARAMETERS.iter().map(|(name, ..)| *name).collect();
        if nearest(name, names.iter().copied()).is_some() {
            return Err(Fault::new(
                format!("it has a parameter {name:?}, which PostgreSQL does not know"),
                suggestion(name, &names),
            ));
        }
        Err(Fault::new(
            "it has a parameter PostgreSQL does not know",
            "Use those libpq documents, such as sslmode, application_name or connect_timeout; in a user name or password, write @ : / ? # & and % percent-encoded",
        ))
    }

    /// Fills in what is not set.
    pub(super) fn fill(&mut self, name: &'static str, value: &str) {
        if self.get(name).is_none() && !value.is_empty() {
            self.0.insert(name, value.to_owned());
        }
    }
}

const ENCODE: &str = "In a user name or password, write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25";

/// Reads a URI; `rest` is what follows `postgres://` (section 34.1.1.2 "Connection URIs").
pub(super) fn read_uri(rest: &str) -> Result<Parameters, Fault> {
    let mut parameters = Parameters::default();
    // The user part ends at the first @, if that comes before any slash.
    let authority_end = rest.find('/').unwrap_or(rest.len());
    let at = rest.get(..authority_end).and_then(|authority| authority.find('@'));
    let rest = match at.and_then(|at| rest.get(..at).zip(rest.get(at + 1..))) {
        None => rest,
        Some((person, rest)) => {
            let (user, password) = match person.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (person, None),
            };
            parameters.set("user", &decode(user)?)?;
            if let Some(password) = password {
                parameters.set("password", &decode(password)?)?;
            }
            rest
        }
    };
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    // An @ here means that what was taken for a place holds part of a password, and nothing of
    // it may be shown or used.
    if place.contains('@') || place.contains('#') {
        return Err(Fault::new("it has an @ or a # where the server's name should be", ENCODE));
    }
    let (server, database) = match place.split_once('/') {
        Some((server, database)) => (server, Some(database)),
        None => (place, None),
    };
    read_server(server, &mut parameters)?;
    if database.is_some_and(|database| database.contains('&') && database.contains('=')) {
        return Err(Fault::new(
            "its parameters do not begin with a ?",
            "Write the first parameter as ?name=value and the others as &name=value",
        ));
    }
    if let Some(database) = database {
        parameters.set("dbname", &decode(database)?)?;
    }
    for pair in query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty())
    {
        let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.contains('='))
        else {
            return Err(Fault::new(
                "a parameter after its ? is not name=value",
                "Write = in a value as %3D, & as %26; in a user name or password, ? as %3F",
            ));
        };
        parameters.set(&decode(name)?, &decode(value)?)?;
    }
    Ok(parameters)
}

fn read_server(server: &str, parameters: &mut Parameters) -> Result<(), Fault> {
    if server.contains(',') {
        return Err(several());
    }
    let (host, port) = if let Some(rest) = server.strip_prefix('[') {
        let Some((host, after)) = rest.split_once(']') else {
            return Err(Fault::new("its [ has no ]", "Write an IPv6 address as [::1]:5432"));
        };
        if host.is_empty() || !(after.is_empty() || after.starts_with(':')) {
            return Err(Fault::new(
                "its [ ] do not hold just an address",
                "Write an IPv6 address as [::1]:5432",
            ));
        }
        (host, after.strip_prefix(':'))
    } else {
        match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        }
    };
    if !host.is_empty() {
        parameters.set("host", &decode(host)?)?;
    }
    if let Some(port) = port.filter(|port| !port.is_empty()) {
        parameters.set("port", &decode(port)?)?;
    }
    Ok(())
}

/// The problem of an address with more than one server.
pub(super) fn several() -> Fault {
    Fault::new(
        "it names several servers, and dbstudio connects to one",
        "Keep the one you want to work on",
    )
}

/// Whether a text looks like a `key=value` string: its first key is one libpq knows.
pub(super) fn is_pairs(text: &str) -> bool {
    let Some((name, _)) = text.split_once('=') else { return false };
    let name = name.trim();
    PARAMETERS.iter().any(|(known, ..)| *known == name)
        || (!name.contains(|letter: char| !letter.is_ascii_lowercase() && letter != '_')
            && nearest(name, PARAMETERS.iter().map(|(known, ..)| *known)).is_some())
}

/// Reads a `key=value` string (section 34.1.1.1 "Keyword/Value Connection Strings").
pub(super) fn read_pairs(text: &str) -> Result<Parameters, Fault> {
    let mut parameters = Parameters::default();
    let mut letters = text.chars().peekable();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        if letters.peek().is_none() {
            return Ok(parameters);
        }
        let mut name = String::new();
        while let Some(letter) = letters.next_if(|letter| *letter != '=' && !letter.is_whitespace())
        {
            name.push(letter);
        }
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        if letters.next_if_eq(&'=').is_none() {
            return Err(Fault::new(
                "one of its settings is not name=value",
                "Put a value with spaces in single quotes: password='two words'",
            ));
        }
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let value = read_value(&mut letters)?;
        parameters.set(&name, &value)?;
    }
}

fn read_value(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, Fault> {
    let mut value = String::new();
    let quoted = letters.next_if_eq(&'\'').is_some();
    loop {
        match letters.next() {
            Some('\\') => value.extend(letters.next()),
            Some('\'') if quoted => return Ok(value),
            Some(letter) if !quoted && letter.is_whitespace() => return Ok(value),
            Some(letter) => value.push(letter),
            None if quoted => {
                return Err(Fault::new(
                    "a single quote in it is not closed",
                    "Close it, or write \\' for a quote that belongs to the value",
                ));
            }
            None => return Ok(value),
        }
    }
}
