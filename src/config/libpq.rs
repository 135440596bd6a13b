//! What libpq adds to an address: the service file, the `PG*` variables, its defaults and the
//! password file, in this order (PostgreSQL manual, sections 34.1.2, 34.15, 34.16 and 34.17).
//!
//! Reads files and variables; connects to nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::address::{SOCKET_FOLDERS, is_usual};
use super::conninfo::{PARAMETERS, Parameters, Use, several};
use super::fault::Fault;
use super::nearest::{shown, suggestion};
use super::password_file::{self, Wanted};
use super::url::{Parsed, Surroundings};
use super::{Address, Host, PostgresAddress, Secret, SslMode, Variables, places, service};

/// libpq's words for [`SslMode`].
const SSL_MODES: [(&str, SslMode); 6] = [
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

/// The port of PostgreSQL.
const PORT: u16 = 5432;

/// Fills an address in from all that libpq looks at.
pub(super) fn complete(
    mut parameters: Parameters,
    surroundings: &Surroundings<'_>,
) -> Result<Parsed, Fault> {
    let variables = surroundings.variables;
    for name in ["service", "servicefile"] {
        fill_from_variable(&mut parameters, name, variables);
    }
    service::fill(&mut parameters, variables)?;
    for (name, ..) in PARAMETERS {
        fill_from_variable(&mut parameters, name, variables);
    }
    let mut notes = refuse_or_tell(&parameters)?;
    let port = port(&parameters)?;
    let (ssl, ssl_root_cert) = ssl(&parameters, surroundings)?;
    let host = host(&parameters, port, ssl)?;
    let user = match parameters.get("user") {
        Some(user) => user.to_owned(),
        None => system_user(variables).ok_or_else(|| {
            Fault::new(
                "it names no user, and this machine has no name for you",
                "Write postgres://user@host/database",
            )
        })?,
    };
    let database = parameters.get("dbname").unwrap_or(&user).to_owned();
    let password = match parameters.get("password") {
        Some(password) => Some(Secret::new(password)),
        None => {
            let wanted = Wanted {
                host: &host_for_password(&host, &parameters),
                port,
                database: &database,
                user: &user,
            };
            let file = password_file::path(parameters.get("passfile"), variables);
            let (password, warning) =
                file.map_or((None, None), |file| password_file::look_up(&file, &wanted));
            notes.extend(warning);
            password
        }
    };
    let (ssl_cert, ssl_key) = client_certificate(&parameters, surroundings);
    let name = parameters.get("application_name");
    let address = PostgresAddress {
        host,
        port,
        user,
        password,
        database,
        ssl,
        ssl_root_cert,
        ssl_cert,
        ssl_key,
        application_name: name.or(parameters.get("fallback_application_name")).map(str::to_owned),
        options: parameters.get("options").map(str::to_owned),
        connect_timeout: connect_timeout(&parameters)?,
    };
    let transaction_pooler = parameters.get("pgbouncer").map(|word| word == "true");
    Ok(Parsed { address: Address::Postgres(address), transaction_pooler, notes })
}

fn fill_from_variable(parameters: &mut Parameters, name: &'static str, variables: &Variables) {
    let variable =
        PARAMETERS.iter().find(|(known, ..)| *known == name).map(|(_, variable, _)| *variable);
    if let Some(value) =
        variable.filter(|name| !name.is_empty()).and_then(|name| variables.filled(name))
    {
        parameters.fill(name, value);
    }
}

/// Refuses what would make the connection other than was asked; says what cannot be applied.
fn refuse_or_tell(parameters: &Parameters) -> Result<Vec<String>, Fault> {
    let mut notes = Vec::new();
    for (name, variable, treatment) in PARAMETERS {
        let Some(value) = parameters.get(name) else { continue };
        match treatment {
            Use::Applied | Use::Ignored => {}
            Use::Told => {
                notes.push(format!("The address has {name}, which dbstudio does not apply"))
            }
            Use::Only(values) if values.contains(&value) => {}
            Use::Only(values) => {
                let named = if variable.is_empty() {
                    (*name).to_owned()
                } else {
                    format!("{name} (or {variable})")
                };
                let why = format!("dbstudio cannot honour its {named}");
                let fix = match values.first() {
                    None => format!("Leave {name} out if the connection may do without it"),
                    Some(value) => format!("Leave {name} out, or write {name}={value}"),
                };
                return Err(Fault::new(why, fix));
            }
        }
    }
    Ok(notes)
}

fn port(parameters: &Parameters) -> Result<u16, Fault> {
    let Some(port) = parameters.get("port") else { return Ok(PORT) };
    if port.contains(',') {
        return Err(several());
    }
    port.trim().parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        // What stands where a port should may be part of a password.
        Fault::new(
            "its port is not a number from 1 to 65535",
            "Correct it; if your password has a : / @ ? or #, write them as %3A %2F %40 %3F %23",
        )
    })
}

/// The host: the name given, else the address, else the folder that holds the server's socket,
/// else this machine over TCP.
fn host(parameters: &Parameters, port: u16, ssl: SslMode) -> Result<Host, Fault> {
    let (name, address) = (parameters.get("host"), parameters.get("hostaddr"));
    let host = match (name, address) {
        (Some(_), Some(_)) if ssl == SslMode::VerifyFull => {
            return Err(Fault::new(
                "it has both host and hostaddr, and dbstudio checks a certificate against the name it connects to",
                "Keep host alone, or write sslmode=verify-ca",
            ));
        }
        (_, Some(address)) => address,
        (Some(name), None) => name,
        (None, None) => return Ok(default_host(&SOCKET_FOLDERS.map(Path::new), port)),
    };
    if host.contains(',') {
        return Err(several());
    }
    if host.starts_with('@') {
        return Err(Fault::new(
            "abstract sockets are not supported",
            "Name the socket's folder, or a host",
        ));
    }
    if host.starts_with('/') {
        return Ok(Host::Socket(PathBuf::from(host)));
    }
    if host.contains(|letter: char| {
        letter.is_whitespace() || letter.is_control() || "@/".contains(letter)
    }) {
        return Err(Fault::new(
            "its host holds characters no host's name has",
            "Correct it; if your password has a : / @ ? or #, write them as %3A %2F %40 %3F %23",
        ));
    }
    Ok(Host::Tcp(host.to_owned()))
}

/// The first folder that holds the port's socket, else `localhost`: libpq was built for one
/// folder, and we may meet a server of another build.
fn default_host(folders: &[&Path], port: u16) -> Host {
    let socket = format!(".s.PGSQL.{port}");
    match folders.iter().find(|folder| folder.join(&socket).exists()) {
        Some(folder) => Host::Socket(folder.to_path_buf()),
        None => Host::Tcp("localhost".to_owned()),
    }
}

/// The host as the password file has it: `localhost` for sockets in the usual folders, the name
/// rather than the address.
fn host_for_password(host: &Host, parameters: &Parameters) -> String {
    match host {
        Host::Socket(folder) if is_usual(folder) => "localhost".to_owned(),
        Host::Socket(folder) => folder.display().to_string(),
        Host::Tcp(host) => parameters.get("host").unwrap_or(host).to_owned(),
    }
}

fn ssl(
    parameters: &Parameters,
    surroundings: &Surroundings<'_>,
) -> Result<(SslMode, Option<PathBuf>), Fault> {
    let word = parameters.get("sslmode");
    let mode = match word {
        None => None,
        Some(word) => match SSL_MODES.iter().find(|(known, _)| *known == word) {
            Some((_, mode)) => Some(*mode),
            None => {
                return Err(Fault::new(
                    format!("sslmode cannot be {}", shown(word)),
                    suggestion(word, &SSL_MODES.map(|(word, _)| word)),
                ));
            }
        },
    };
    let root = parameters.get("sslrootcert");
    if root == Some("system") {
        // Section 34.19.1: the system's roots make sense only with the host's name checked.
        return match mode {
            None | Some(SslMode::VerifyFull) => Ok((SslMode::VerifyFull, None)),
            Some(_) => Err(Fault::new(
                "sslrootcert=system asks for sslmode=verify-full",
                "Write sslmode=verify-full, or leave sslmode out",
            )),
        };
    }
    let root = root
        .map(|file| surroundings.path(file))
        .or_else(|| personal("root.crt", surroundings.variables));
    let mode = match mode.unwrap_or(SslMode::Prefer) {
        // Section 34.19.1: with a root certificate at hand, `require` is `verify-ca`.
        SslMode::Require if root.is_some() => SslMode::VerifyCa,
        mode => mode,
    };
    Ok((mode, root))
}

fn client_certificate(
    parameters: &Parameters,
    surroundings: &Surroundings<'_>,
) -> (Option<PathBuf>, Option<PathBuf>) {
    let find = |name: &str, file: &str| {
        parameters
            .get(name)
            .map(|path| surroundings.path(path))
            .or_else(|| personal(file, surroundings.variables))
    };
    let certificate = find("sslcert", "postgresql.crt");
    let key = certificate.as_ref().and_then(|_| find("sslkey", "postgresql.key"));
    (certificate, key)
}

/// A file in `~/.postgresql`, if it is there.
fn personal(name: &str, variables: &Variables) -> Option<PathBuf> {
    let path = places::home(variables)?.join(".postgresql").join(name);
    path.is_file().then_some(path)
}

/// libpq's limit in seconds; none where it is zero or less.
fn connect_timeout(parameters: &Parameters) -> Result<Option<Duration>, Fault> {
    let Some(seconds) = parameters.get("connect_timeout") else { return Ok(None) };
    match seconds.trim().parse::<i32>() {
        Ok(seconds) => Ok(u64::try_from(seconds).ok().filter(|s| *s > 0).map(Duration::from_secs)),
        Err(_) => Err(Fault::new(
            "its connect_timeout is not a number of seconds",
            "Write connect_timeout=10",
        )),
    }
}

/// The name of the account this runs as, which libpq takes for the role's.
fn system_user(variables: &Variables) -> Option<String> {
    account_name().or_else(|| {
        let named = variables.process("USER").or(variables.process("LOGNAME"));
        named.or(variables.process("USERNAME")).map(str::to_owned)
    })
}

/// The account's name in the list of users, for machines that keep one in `/etc/passwd`.
fn account_name() -> Option<String> {
    #[cfg(unix)]
    {
        let id = rustix::process::geteuid().as_raw().to_string();
        let users = std::fs::read_to_string("/etc/passwd").ok()?;
        let mut accounts = users.lines().map(|line| line.split(':'));
        accounts.find_map(|mut fields| {
            let name = fields.next()?;
            (fields.nth(1) == Some(id.as_str())).then(|| name.to_owned())
        })
    }
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use super::{Host, default_host};
    use std::path::Path;

    #[test]
    fn the_first_folder_with_the_ports_socket_is_the_default() {
        let empty = tempfile::tempdir().unwrap();
        let full = tempfile::tempdir().unwrap();
        std::fs::write(full.path().join(".s.PGSQL.5433"), "").unwrap();
        let folders: [&Path; 2] = [empty.path(), full.path()];
        assert_eq!(default_host(&folders, 5433), Host::Socket(full.path().to_path_buf()));
        assert_eq!(default_host(&folders, 5432), Host::Tcp("localhost".into()));
    }
}
