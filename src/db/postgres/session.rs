//! What every session is told at its start, and what the first one learns of the server.
//!
//! All of it is one statement: opening must stay fast. Settings that change how values print
//! are put back to what the server would have given psql, because the library below sends
//! values of its own for `DateStyle` and `TimeZone` when it connects.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgRow};

use super::connect::{DIRECT, settings};
use super::failure::{self, Answered};
use super::fields::Fields;
use crate::config::{Host, PostgresAddress, Protection, Target};
use crate::db::{Engine, ServerFacts};
use crate::problem::{Kind, Problem};
use crate::sql::Dialect;

/// The oldest server whose catalogue is understood.
const OLDEST: i64 = 130_000;

/// What a session is to be, as far as the target says.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    time_zone: Option<String>,
    statement_timeout: Option<Duration>,
    read_only: bool,
    /// Settings of the address's `options`, which must be set by hand where the startup packet
    /// cannot carry them.
    options: Vec<(String, String)>,
}

/// What every session of this database is set to, once the first has found it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pinned {
    /// Settings by name, in the order they are set.
    settings: Vec<(String, String)>,
    /// Whether each transaction may get another session.
    pub(super) pooled: bool,
    /// Whether bytes print as hexadecimal digits (`bytea_output`).
    pub(super) hex: bool,
    /// `server_version_num`.
    pub(super) version: i64,
}

impl Wishes {
    /// What a target asks of its sessions.
    pub(super) fn new(address: &PostgresAddress, target: &Target) -> Self {
        Self {
            time_zone: target.session.time_zone.clone(),
            statement_timeout: target.session.statement_timeout,
            read_only: target.read_only || target.protection == Protection::Production,
            options: settings(address.options.as_deref()),
        }
    }

    /// The limit on one statement that we set.
    pub(super) fn statement_timeout(&self) -> Option<Duration> {
        self.statement_timeout
    }

    fn option(&self, name: &str) -> Option<&str> {
        let named = self.options.iter().rev().find(|(given, _)| given.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }
}

impl Pinned {
    /// The statement that sets a session up and answers with its process id. With `local` it
    /// lasts for the transaction.
    pub(super) fn setup(&self, local: bool) -> String {
        let mut sql = "SELECT pg_catalog.pg_backend_pid()".to_owned();
        for (name, value) in &self.settings {
            let (name, value) = (Dialect::Postgres.literal(name), Dialect::Postgres.literal(value));
            sql.push_str(&format!(", pg_catalog.set_config({name}, {value}, {local})"));
        }
        sql
    }
}

/// A value as a literal, or NULL.
fn literal(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), |text| Dialect::Postgres.literal(text))
}

/// Asks the server everything at once. What a session would be set to without us is looked for
/// where the server looks for it (manual, section 20.1): settings of the role in this database,
/// of the role, of the database, of everybody; then the configuration files, which only some
/// roles may read; then `log_timezone`, which initdb sets to the same zone as `TimeZone`.
fn question(wishes: &Wishes, direct: bool) -> String {
    let direct_sql = if direct {
        format!("coalesce(current_setting('{DIRECT}', true), '') = 'on'")
    } else {
        "false".to_owned()
    };
    let from_file = |name: &str| {
        format!(
            "CASE WHEN may_read_files THEN substring(query_to_xml('SELECT setting AS v FROM \
             pg_catalog.pg_file_settings WHERE lower(name) = ''{name}'' AND error IS NULL ORDER BY \
             seqno DESC LIMIT 1', false, false, '')::text from '<v>([^<&]*)</v>') END"
        )
    };
    let stored = |name: &str| {
        format!("(SELECT value FROM stored WHERE name = '{name}' ORDER BY rank DESC LIMIT 1)")
    };
    let zone = literal(wishes.time_zone.as_deref().or(wishes.option("TimeZone")));
    let style = literal(wishes.option("DateStyle"));
    let (zone_stored, style_stored) = (stored("timezone"), stored("datestyle"));
    let (zone_file, style_file) = (from_file("timezone"), from_file("datestyle"));
    format!(
        "WITH me AS MATERIALIZED (
            SELECT d.oid AS database, r.oid AS role,
                   has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
                     AND has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')
                     AS may_read_files
            FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
            WHERE d.datname = current_database() AND r.rolname = session_user),
         stored AS MATERIALIZED (
            SELECT lower(split_part(s, '=', 1)) AS name, substr(s, strpos(s, '=') + 1) AS value,
                   (setdatabase <> 0)::int + 2 * (setrole <> 0)::int AS rank
            FROM me, pg_catalog.pg_db_role_setting, unnest(setconfig) AS s
            WHERE setdatabase IN (0, database) AND setrole IN (0, role)),
         pinned AS MATERIALIZED (
            SELECT coalesce({zone}, {zone_stored}, {zone_file}, current_setting('log_timezone')) AS zone,
                   coalesce({style}, {style_stored}, {style_file}, current_setting('DateStyle')) AS style
            FROM me)
         SELECT current_setting('server_version'), current_setting('server_version_num'),
                current_database(), session_user, current_setting('server_encoding'),
                {direct_sql},
                (SELECT concat_ws(', ', version, cipher) FROM pg_catalog.pg_stat_ssl
                 WHERE pid = pg_backend_pid() AND ssl),
                pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on',
                CASE WHEN has_database_privilege(current_database(), 'CONNECT')
                     THEN pg_database_size(current_database()) END,
                current_setting('bytea_output') = 'hex',
                version() ~ 'linux',
                zone, style
         FROM pinned"
    )
}

/// Asks a new connection who it is and decides what every session is set to. The session itself
/// is not set up yet.
pub(super) async fn meet(
    connection: &mut PgConnection,
    wishes: &Wishes,
    address: &PostgresAddress,
    direct: bool,
    wanted_pooled: Option<bool>,
) -> Answered<(ServerFacts, Pinned)> {
    if let Some(version) = connection.server_version_num()
        && i64::from(version) < OLDEST
    {
        return Err(failure::too_old(&dotted(i64::from(version))).into());
    }
    let row: PgRow =
        sqlx::raw_sql(AssertSqlSafe(question(wishes, direct))).fetch_one(&mut *connection).await?;
    let fields = Fields::new(&row);
    let version_num = fields.integer(1)?;
    if version_num < OLDEST {
        return Err(failure::too_old(&dotted(version_num)).into());
    }
    let (zone, style) = (fields.text(11)?, fields.text(12)?);
    let direct_session = direct && fields.flag(5)?;
    let pooled = wanted_pooled.unwrap_or(!direct_session);
    let mut settings = vec![("TimeZone".to_owned(), zone.clone()), ("DateStyle".to_owned(), style)];
    // Compiling a statement pays off over minutes; ours end within milliseconds, and those of
    // the catalogue would pay for it each time.
    settings.push(("jit".to_owned(), "off".to_owned()));
    // Rows without an order should come from the first on, each time (manual, section 19.13.1).
    settings.push(("synchronize_seqscans".to_owned(), "off".to_owned()));
    let encoding = fields.text(4)?;
    if encoding == "SQL_ASCII" {
        // Such a database holds any bytes; asked for UTF-8 the server would refuse to send some.
        settings.push(("client_encoding".to_owned(), encoding.clone()));
    }
    if let Some(limit) = wishes.statement_timeout {
        settings.push(("statement_timeout".to_owned(), limit.as_millis().max(1).to_string()));
    }
    if wishes.read_only && !pooled {
        settings.push(("default_transaction_read_only".to_owned(), "on".to_owned()));
    }
    // A server that notices a vanished client ends its statement by itself.
    if version_num >= 140_000 && fields.flag(10)? {
        settings.push(("client_connection_check_interval".to_owned(), "1000".to_owned()));
    }
    if !direct {
        let ours = ["timezone", "datestyle"];
        let missing = wishes.options.iter();
        settings.extend(
            missing.filter(|(name, _)| !ours.contains(&name.to_lowercase().as_str())).cloned(),
        );
    }
    let facts = ServerFacts {
        engine: Engine::Postgres,
        version: leading_number(&fields.text(0)?),
        database: fields.text(2)?,
        place: match &address.host {
            Host::Tcp(_) => failure::place(address),
            Host::Socket(folder) => format!("{}:{}", folder.display(), address.port),
        },
        user: Some(fields.text(3)?),
        time_zone: Some(zone),
        encoding,
        tls: fields.optional(6)?.filter(|tls| !tls.is_empty()),
        read_only: wishes.read_only || fields.flag(7)?,
        pooled,
        bytes: fields.optional_count(8)?,
        // Measured by the statement that sets the session up.
        latency: Duration::ZERO,
    };
    let pinned = Pinned { settings, pooled, hex: fields.flag(9)?, version: version_num };
    Ok((facts, pinned))
}

/// Why a session could not be set up, for the setting that a person chose.
pub(super) fn setup_failed(error: &sqlx::Error, wishes: &Wishes) -> Problem {
    let words = failure::words(error);
    if failure::state(error) == Some("22023") && words.contains("TimeZone") {
        let zone = wishes.time_zone.clone().unwrap_or_default();
        return Problem::usage(
            format!("The server does not know the time zone {zone}"),
            words,
            "set time_zone to a name such as Europe/Berlin or UTC",
        );
    }
    let mut problem = failure::statement(error, "The session could not be set up", None);
    if problem.kind == Kind::Failed {
        problem.fix = "check the options of the URL and the session settings of the \
                       configuration"
            .to_owned();
    }
    problem
}

/// `15.18` out of `15.18 (Debian 15.18-0+deb12u1)`.
fn leading_number(version: &str) -> String {
    version.split_whitespace().next().unwrap_or_default().to_owned()
}

/// `9.6.24` or `15.18` out of `server_version_num`.
fn dotted(number: i64) -> String {
    if number >= 100_000 {
        return format!("{}.{}", number / 10_000, number % 10_000);
    }
    format!("{}.{}.{}", number / 10_000, number / 100 % 100, number % 100)
}

#[cfg(test)]
mod tests {
    use super::dotted;

    #[test]
    fn versions_read_as_people_write_them() {
        assert_eq!(dotted(150_018), "15.18");
        assert_eq!(dotted(90_624), "9.6.24");
    }
}
