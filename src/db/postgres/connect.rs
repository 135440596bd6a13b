//! Opening a connection: the address as the library's options, every `sslmode` as libpq means
//! it, the limit on time, and the way around a pooler that refuses startup options.
//!
//! Nothing here sets up a session beyond what the startup packet carries, and no password is
//! ever put into a message.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection as _};
use tokio::time::{Instant, timeout_at};

use super::failure;
use crate::config::{Host, PostgresAddress, Secret, SslMode, Target};
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};

/// The startup option only a session that is really ours knows of afterwards. A pooler either
/// refuses startup options or forgets them.
pub(super) const DIRECT: &str = "dbstudio.direct";

/// How to reach one server, again and again.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    address: PostgresAddress,
    limit: Duration,
    /// Whether startup options may be sent, as far as is known.
    startup_options: bool,
    /// The way of encrypting that worked last, tried first the next time.
    attempts: Vec<PgSslMode>,
}

impl Dialer {
    /// A dialer for a target's address.
    pub(super) fn new(address: &PostgresAddress, target: &Target) -> Self {
        let limit = address.connect_timeout.unwrap_or(target.session.connect_timeout);
        Self {
            address: address.clone(),
            limit,
            startup_options: target.session.transaction_pooler != Some(true),
            attempts: attempts(address),
        }
    }

    /// Whether the server took our startup options.
    pub(super) fn sends_options(&self) -> bool {
        self.startup_options
    }

    /// Opens a connection, and remembers what worked for the next time.
    ///
    /// # Errors
    /// Every way connecting can fail, told apart; [`Kind::Cancelled`] when stopped.
    pub(super) async fn dial(&mut self, stop: &Stop) -> Result<PgConnection> {
        let until = Instant::now() + self.limit;
        tokio::select! {
            biased;
            () = stop.asked() => Err(Problem::cancelled("Connecting was stopped")),
            opened = timeout_at(until, self.attempt_all()) => {
                opened.unwrap_or_else(|_| {
                    Err(failure::timeout(&self.address, Some(self.limit)))
                })
            }
        }
    }

    /// Tries each way of encrypting in libpq's order (manual, section 34.19.3).
    async fn attempt_all(&mut self) -> Result<PgConnection> {
        let mut first: Option<Problem> = None;
        for mode in self.attempts.clone() {
            match self.attempt(mode).await {
                Ok(open) => {
                    // What worked goes first, so that the next session does not try in vain.
                    self.attempts.sort_by_key(|candidate| !same(*candidate, mode));
                    return Ok(open);
                }
                Err(error) => {
                    let again = worth_another_way(&error);
                    let problem = failure::connecting(&error, &self.address);
                    // A server that answered tells more than one that could not be asked.
                    let answered = failure::state(&error).is_some();
                    match &mut first {
                        Some(told) if answered => *told = problem,
                        Some(_) => {}
                        None => first = Some(problem),
                    }
                    if !again {
                        break;
                    }
                }
            }
        }
        Err(first.unwrap_or_else(|| {
            Problem::new(Kind::Usage, "This connection has no way to connect", "", "check sslmode")
        }))
    }

    /// One way of encrypting, without startup options when the server refuses those.
    async fn attempt(&mut self, mode: PgSslMode) -> sqlx::Result<PgConnection> {
        let opened = PgConnection::connect_with(&self.options(mode)?).await;
        match opened {
            Err(error) if self.startup_options && refuses_options(&error) => {
                self.startup_options = false;
                PgConnection::connect_with(&self.options(mode)?).await
            }
            other => other,
        }
    }

    /// The address as the library wants it.
    fn options(&self, mode: PgSslMode) -> sqlx::Result<PgConnectOptions> {
        let address = &self.address;
        let mut options = if self.startup_options {
            // The library takes options of another form than `-c name=value` (Neon routes by
            // `endpoint=…`) only inside a URL.
            let given = address.options.as_deref().unwrap_or_default();
            let all = format!("{given} -c {DIRECT}=on");
            format!("postgres://localhost/?options={}", escaped(all.trim())).parse()?
        } else {
            PgConnectOptions::new_without_pgpass()
        };
        options = match &address.host {
            Host::Tcp(host) => options.host(host.trim_matches(['[', ']'])),
            Host::Socket(folder) => options.socket(folder),
        };
        options = options
            .port(address.port)
            .username(&address.user)
            .password(address.password.as_ref().map_or("", Secret::reveal))
            .database(&address.database)
            .application_name(address.application_name.as_deref().unwrap_or("dbstudio"))
            // psql does not ask for more digits than the server gives by itself.
            .extra_float_digits(None)
            .ssl_mode(mode)
            .disable_statement_logging();
        if let Some(file) = address.ssl_root_cert.as_ref().filter(|file| !is_system(file)) {
            options = options.ssl_root_cert(file);
        }
        if let Some(file) = &address.ssl_cert {
            options = options.ssl_client_cert(file);
        }
        if let Some(file) = &address.ssl_key {
            options = options.ssl_client_key(file);
        }
        Ok(options)
    }
}

/// libpq's `sslrootcert=system`: the system's authorities, which are the default here.
fn is_system(file: &std::path::Path) -> bool {
    file.as_os_str() == "system"
}

/// The ways of encrypting to try, in order. Sockets are never encrypted.
fn attempts(address: &PostgresAddress) -> Vec<PgSslMode> {
    if matches!(address.host, Host::Socket(_)) {
        return vec![PgSslMode::Disable];
    }
    match address.ssl {
        SslMode::Disable => vec![PgSslMode::Disable],
        SslMode::Allow => vec![PgSslMode::Disable, PgSslMode::Require],
        SslMode::Prefer => vec![PgSslMode::Prefer, PgSslMode::Disable],
        // With a root certificate at hand, libpq's `require` checks it like `verify-ca`.
        SslMode::Require if address.ssl_root_cert.is_some() => vec![PgSslMode::VerifyCa],
        SslMode::Require => vec![PgSslMode::Require],
        SslMode::VerifyCa => vec![PgSslMode::VerifyCa],
        SslMode::VerifyFull => vec![PgSslMode::VerifyFull],
    }
}

fn same(one: PgSslMode, other: PgSslMode) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}

/// Whether the other way of encrypting may succeed where this one failed: TLS itself failed, or
/// the server's rules (which may differ for encrypted connections) did not let us in.
fn worth_another_way(error: &sqlx::Error) -> bool {
    match failure::state(error) {
        Some(code) => code.starts_with("28"),
        None => match error {
            sqlx::Error::Tls(_) => true,
            sqlx::Error::Io(io) => {
                use std::io::ErrorKind as K;
                matches!(io.kind(), K::UnexpectedEof | K::ConnectionReset | K::InvalidData)
            }
            _ => false,
        },
    }
}

/// Whether the server, or a pooler before it, refuses options in the startup packet:
/// protocol_violation, feature_not_supported, undefined_object.
fn refuses_options(error: &sqlx::Error) -> bool {
    matches!(failure::state(error), Some("08P01" | "0A000" | "42704" | "22023"))
}

/// Text as it stands in the query part of a URL.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The settings inside libpq's `options` (`-c name=value`, `-cname=value`, `--name=value`),
/// with backslashes taken off as the server does.
pub(super) fn settings(options: Option<&str>) -> Vec<(String, String)> {
    let mut words = words(options.unwrap_or_default()).into_iter();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let setting = if word == "-c" {
            words.next()
        } else {
            word.strip_prefix("--").or_else(|| word.strip_prefix("-c")).map(str::to_owned)
        };
        if let Some((name, value)) = setting.as_deref().and_then(|setting| setting.split_once('='))
        {
            found.push((name.replace('-', "_"), value.to_owned()));
        }
    }
    found
}

/// Words parted by blanks; a backslash keeps the next character as it is.
fn words(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = options.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => word.extend(letters.next()),
            blank if blank.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => word.push(other),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{escaped, settings};

    #[test]
    fn options_are_read_as_the_server_reads_them() {
        let options = r"-c search_path=a,b --work-mem=4MB -cTimeZone=Etc/GMT\ x endpoint=ep-1";
        let read = settings(Some(options));
        let expected = [("search_path", "a,b"), ("work_mem", "4MB"), ("TimeZone", "Etc/GMT x")];
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(read, expected);
        assert_eq!(settings(None), Vec::new());
    }

    #[test]
    fn options_survive_the_url() {
        assert_eq!(escaped("-c a=b\\ &"), "%2Dc%20a%3Db%5C%20%26");
    }
}
