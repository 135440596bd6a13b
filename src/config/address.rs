//! Where a database is: parsed, complete, and safe to print.
//!
//! An address holds a password only inside [`Secret`], which prints as dots whichever way it
//! is printed. Nothing here opens a connection.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::percent::encode;
use super::sqlite;

/// Text that never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps text that must not be shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that hands it to the server.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// The address of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a handful exist at a time")]
pub enum Address {
    /// A PostgreSQL database.
    Postgres(PostgresAddress),
    /// A SQLite database.
    Sqlite(SqliteAddress),
}

/// A PostgreSQL database with all that libpq would have filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    /// A host name, an IP address, or a folder that holds the server's socket.
    pub host: Host,
    /// The port; also part of a socket's file name.
    pub port: u16,
    /// The role to log in as.
    pub user: String,
    /// Its password, from the URL, PGPASSWORD or the password file.
    pub password: Option<Secret>,
    /// The database.
    pub database: String,
    /// Whether and how far TLS is asked for.
    pub ssl: SslMode,
    /// Certificates to trust; the system's when absent.
    pub ssl_root_cert: Option<PathBuf>,
    /// A client certificate.
    pub ssl_cert: Option<PathBuf>,
    /// The client certificate's key.
    pub ssl_key: Option<PathBuf>,
    /// The name the server shows for our sessions.
    pub application_name: Option<String>,
    /// `options`: settings given to the server at start, in libpq's form (`-c name=value`).
    pub options: Option<String>,
    /// How long one attempt to connect may take.
    pub connect_timeout: Option<Duration>,
}

/// Where a PostgreSQL server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// Over TCP.
    Tcp(String),
    /// Over a Unix-domain socket in this folder.
    Socket(PathBuf),
}

/// libpq's `sslmode` (PostgreSQL manual, section 34.19 "SSL Support").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SslMode {
    /// Never.
    Disable,
    /// Only if the server insists.
    Allow,
    /// If the server can; libpq's default.
    Prefer,
    /// Always, without checking who the server is.
    Require,
    /// Always, with a certificate from a trusted authority.
    VerifyCa,
    /// Always, with a certificate from a trusted authority for this very host.
    VerifyFull,
}

/// A SQLite database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteAddress {
    /// The file, or `None` for `:memory:`.
    pub file: Option<PathBuf>,
    /// Whether the URL asked for `mode=ro`.
    pub read_only: bool,
    /// Whether the URL asked for `immutable=1`.
    pub immutable: bool,
}

impl SslMode {
    /// The word libpq has for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// libpq's usual folders for sockets: Debian's and Red Hat's, where it leads, and PostgreSQL's.
pub(super) const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

impl Host {
    /// Whether the server is on this machine, or its name is that of this machine.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Tcp(name) => {
                name.eq_ignore_ascii_case("localhost")
                    || ip(name).is_some_and(|ip| ip.is_loopback())
            }
        }
    }

    /// Whether two hosts are the same server, the ports being equal, as far as names tell. All
    /// names of this machine are one, and so are its usual socket folders: to take two servers
    /// for one only makes dbstudio more careful.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(one), Self::Tcp(two)) => {
                let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
                bare(one) == bare(two)
                    || (ip(one).is_some() && ip(one) == ip(two))
                    || (self.is_local() && other.is_local())
            }
            (Self::Socket(one), Self::Socket(two)) => {
                sqlite::plain(one) == sqlite::plain(two) || (is_usual(one) && is_usual(two))
            }
            (Self::Socket(folder), tcp) | (tcp, Self::Socket(folder)) => {
                is_usual(folder) && tcp.is_local()
            }
        }
    }
}

fn ip(name: &str) -> Option<IpAddr> {
    name.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// Whether a folder is one libpq looks for sockets in by itself.
pub(super) fn is_usual(folder: &Path) -> bool {
    SOCKET_FOLDERS.iter().any(|usual| folder == Path::new(usual))
}

impl Address {
    /// Where it is, for a line on the screen: `host:port`, the socket, or the file.
    pub fn place(&self) -> String {
        match self {
            Self::Postgres(address) => match &address.host {
                Host::Tcp(host) if host.contains(':') => format!("[{host}]:{}", address.port),
                Host::Tcp(host) => format!("{host}:{}", address.port),
                Host::Socket(folder) => {
                    folder.join(format!(".s.PGSQL.{}", address.port)).display().to_string()
                }
            },
            Self::Sqlite(SqliteAddress { file: Some(file), .. }) => file.display().to_string(),
            Self::Sqlite(SqliteAddress { file: None, .. }) => ":memory:".to_owned(),
        }
    }

    /// The database's name: PostgreSQL's own, or the file's without its folder.
    pub fn database(&self) -> String {
        match self {
            Self::Postgres(address) => address.database.clone(),
            Self::Sqlite(SqliteAddress { file: Some(file), .. }) => {
                file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
            }
            Self::Sqlite(SqliteAddress { file: None, .. }) => ":memory:".to_owned(),
        }
    }

    /// Whether the database is on this machine: a socket, a loopback address, a file, memory.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Postgres(address) => address.host.is_local(),
            Self::Sqlite(_) => true,
        }
    }

    /// Whether two addresses lead to the same database, whoever logs in and however: the same
    /// server, port and name, or the same file. Two databases in memory are never the same.
    pub fn same_database(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Postgres(one), Self::Postgres(two)) => {
                one.port == two.port && one.database == two.database && one.host.is(&two.host)
            }
            (Self::Sqlite(one), Self::Sqlite(two)) => match (&one.file, &two.file) {
                (Some(one), Some(two)) => sqlite::plain(one) == sqlite::plain(two),
                _ => false,
            },
            _ => false,
        }
    }

    /// The address as a URL that reads back as this address, but for the password, which is
    /// never in it, and a time limit for connecting.
    pub fn to_url(&self) -> String {
        let Self::Postgres(address) = self else { return self.to_string() };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let more = [
            ("sslrootcert", path(&address.ssl_root_cert)),
            ("sslcert", path(&address.ssl_cert)),
            ("sslkey", path(&address.ssl_key)),
            ("application_name", address.application_name.clone()),
            ("options", address.options.clone()),
        ];
        let mut url = self.to_string();
        for (name, value) in more {
            if let Some(value) = value {
                let joint = if url.contains('?') { '&' } else { '?' };
                url.push_str(&format!("{joint}{name}={}", encode(&value, "/")));
            }
        }
        url
    }
}

impl fmt::Display for Address {
    /// The address as a URL, without the password and without what is rarely of interest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(address) => address.fmt(f),
            Self::Sqlite(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parameters = Vec::new();
        write!(f, "postgres://{}@", encode(&self.user, ""))?;
        match &self.host {
            Host::Tcp(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port)?,
            Host::Tcp(host) => write!(f, "{}:{}", encode(host, ""), self.port)?,
            Host::Socket(folder) => {
                parameters.push(format!("host={}", encode(&folder.to_string_lossy(), "/")));
                parameters.push(format!("port={}", self.port));
            }
        }
        write!(f, "/{}", encode(&self.database, ""))?;
        // TLS is never spoken over a socket.
        if self.ssl != SslMode::Prefer && matches!(self.host, Host::Tcp(_)) {
            parameters.push(format!("sslmode={}", self.ssl.word()));
        }
        if parameters.is_empty() { Ok(()) } else { write!(f, "?{}", parameters.join("&")) }
    }
}

impl fmt::Display for SqliteAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(file) = &self.file else { return f.write_str("sqlite::memory:") };
        write!(f, "sqlite:{}", encode_path(&file.to_string_lossy()))?;
        match (self.read_only, self.immutable) {
            (false, false) => Ok(()),
            (true, false) => f.write_str("?mode=ro"),
            (false, true) => f.write_str("?immutable=1"),
            (true, true) => f.write_str("?mode=ro&immutable=1"),
        }
    }
}

/// A path with only what a URL would misread encoded, so that people can still read it.
fn encode_path(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}
