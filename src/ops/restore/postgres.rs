//! Bringing a dump back on PostgreSQL: into a database of another name, which then changes names
//! with the one there is in one transaction.

use std::hash::{BuildHasher, Hasher};
use std::process::Stdio;

use super::{Done, Part, Reading, Restore, Tell, Way};
use crate::config::{Address, PostgresAddress, Target};
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::ops::backup::{self, Running};
use crate::ops::evidence;
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;

/// How the name of a database that is being restored into begins.
const PREFIX: &str = "dbstudio_restore_";

/// A leftover is removed once it is this old, in seconds.
const LEFTOVER_AGE: u32 = 30;

fn ident(name: &str) -> String {
    Dialect::Postgres.ident(name)
}

fn literal(text: &str) -> String {
    Dialect::Postgres.literal(text)
}

/// The address of another database on the same server.
fn beside(target: &Target, address: &PostgresAddress, database: &str) -> Target {
    let mut address = address.clone();
    database.clone_into(&mut address.database);
    Target { address: Address::Postgres(address), ..target.clone() }
}

/// A connection to a database of the server's that is not the one to be replaced.
async fn reach(target: &Target, address: &PostgresAddress, stop: &Stop) -> Result<Connection> {
    let names: Vec<&str> =
        ["postgres", "template1"].into_iter().filter(|name| *name != address.database).collect();
    let mut first = None;
    for name in names {
        match Connection::open(&beside(target, address, name), stop).await {
            Ok(open) => return Ok(open),
            Err(problem) => drop(first.get_or_insert(problem)),
        }
    }
    let other = || Problem::disconnected("no other database of the server lets us in");
    Err(first.unwrap_or_else(other))
}

fn told(fault: Fault) -> Problem {
    let fix = "the role must be allowed to make databases (CREATEDB) and own the one there is; \
               the database is as it was";
    fault.problem("The backup cannot be restored", fix)
}

/// Finds out what is there.
pub(super) async fn look(
    restore: &mut Restore,
    address: &PostgresAddress,
    stop: &Stop,
) -> Result<()> {
    let mut admin = reach(&restore.target, address, stop).await?;
    let looked = async {
        restore.notes.extend(remove_leftovers(&mut admin).await);
        let name = literal(&address.database);
        let sql = format!("SELECT FROM pg_catalog.pg_database WHERE datname = {name}");
        restore.replaces = !admin.rows(&sql).await?.is_empty();
        restore.sessions = sessions(&mut admin, &address.database).await?;
        Ok(())
    };
    let looked = looked.await;
    admin.close().await;
    looked
}

/// Whether the server has a database of that name.
pub(super) async fn is_there(
    target: &Target,
    address: &PostgresAddress,
    stop: &Stop,
) -> Result<bool> {
    let mut admin = reach(target, address, stop).await?;
    let name = literal(&address.database);
    let sql = format!("SELECT FROM pg_catalog.pg_database WHERE datname = {name}");
    let found = admin.rows(&sql).await;
    admin.close().await;
    Ok(!found?.is_empty())
}

/// Who is in a database, a line each.
async fn sessions(admin: &mut Connection, database: &str) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT pid, usename, nullif(application_name, ''), coalesce(host(client_addr), 'local'),
                state, left(query, 60)
         FROM pg_catalog.pg_stat_activity
         WHERE datname = {} AND backend_type = 'client backend' AND pid <> pg_backend_pid()
         ORDER BY backend_start",
        literal(database)
    );
    let rows = admin.rows(&sql).await?;
    let line = |row: Vec<Option<String>>| {
        let words: Vec<String> = row.into_iter().flatten().collect();
        words.join(" · ").replace('\n', " ")
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Drops what restores that were killed left behind. Returns what was dropped, in sentences.
async fn remove_leftovers(admin: &mut Connection) -> Vec<String> {
    let sql = format!(
        "SELECT d.datname FROM pg_catalog.pg_database d
         WHERE d.datname ~ '^{PREFIX}[0-9]{{9,11}}_[0-9a-f]{{16}}$'
           AND d.datdba = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
           AND pg_catalog.split_part(d.datname, '_', 3)::bigint
               < extract(epoch FROM clock_timestamp()) - {LEFTOVER_AGE}
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)"
    );
    let mut removed = Vec::new();
    for name in admin.rows(&sql).await.unwrap_or_default().into_iter().flatten().flatten() {
        let sql = format!("DROP DATABASE IF EXISTS {}", ident(&name));
        if admin.run(&sql, &Stop::new()).await.is_ok() {
            removed.push(format!(
                "a restore that was killed had left the database {name}; it was dropped, and \
                 nothing else was changed by it"
            ));
        }
    }
    removed
}

/// Brings it back.
pub(super) async fn carry_out(
    restore: &Restore,
    address: &PostgresAddress,
    way: Way,
    stop: &Stop,
    tell: &mut Tell<'_>,
) -> Result<Done> {
    let mut admin = reach(&restore.target, address, stop).await?;
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    let new = format!("{PREFIX}{}_{random:016x}", evidence::now());
    let mut work = Work { restore, address, way, admin: &mut admin, new };
    let done = work.all(stop, tell).await;
    if done.is_err() {
        // What cannot be dropped now, the next run drops.
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", ident(&work.new));
        drop(work.admin.run(&sql, &Stop::new()).await);
    }
    admin.close().await;
    done
}

struct Work<'a> {
    restore: &'a Restore,
    address: &'a PostgresAddress,
    way: Way,
    admin: &'a mut Connection,
    /// The database that is restored into.
    new: String,
}

impl Work<'_> {
    async fn all(&mut self, stop: &Stop, tell: &mut Tell<'_>) -> Result<Done> {
        // Before the long work: somebody in the way would be in the way afterwards too.
        self.nobody_there(stop).await?;
        let file = &self.restore.file;
        let server = self.admin.version().unwrap_or_default() / 10_000;
        let made_by = self.restore.backup.as_ref().and_then(|backup| {
            let version = backup.tool.strip_prefix("pg_dump ")?;
            version.split('.').next()?.parse::<i64>().ok()
        });
        let tools = backup::find(server.max(made_by.unwrap_or(0))).await?;
        tell(Part::Begins("reading the backup to its end"));
        let expected = backup::count(&tools, file, stop).await?;
        tell(Part::Begins("bringing it into a new database"));
        let sql = self.creation().await?;
        self.admin.run(&sql, stop).await.map_err(told)?;
        let mut address = self.address.clone();
        address.database.clone_from(&self.new);
        let mut command = tools.command("pg_restore", Some(&address));
        command.args(["--exit-on-error", "--no-password", "--dbname"]).arg(&self.new);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut reading = Reading::of(file, tell);
        let fed = &mut |bytes| reading.add(bytes);
        Running::start(command, "pg_restore")?.input(file, fed, stop).await?;
        let beside = beside(&self.restore.target, self.address, &self.new);
        let mut there = Connection::open(&beside, stop).await?;
        let found = backup::tables(&mut there).await;
        let analyzed = match &found {
            Ok(_) => there.run("ANALYZE", stop).await,
            Err(_) => Ok(()),
        };
        there.close().await;
        let found = found?;
        if found != expected {
            return Err(Problem::failed(
                "The backup did not come back whole",
                format!("{expected} tables are in it, and {found} came back"),
                "the database there is stays as it was; choose another backup",
            ));
        }
        let mut notes = Vec::new();
        match analyzed {
            Err(fault) if fault.lost || fault.stopped => return Err(told(fault)),
            Err(fault) => notes.push(format!("no statistics were gathered: {}", fault.words())),
            Ok(()) => {}
        }
        tell(Part::Begins("putting it in its place"));
        let kept = self.swap(&mut notes, stop).await?;
        Ok(Done { kept, tables: found, notes })
    }

    /// The statement that makes a database like the one there is.
    async fn creation(&mut self) -> Result<String> {
        let sql = format!(
            "SELECT pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
                    f ->> 'datlocprovider', coalesce(f ->> 'datlocale', f ->> 'daticulocale')
             FROM pg_catalog.pg_database d, pg_catalog.to_jsonb(d) f WHERE d.datname = {}",
            literal(&self.address.database)
        );
        let row = self.admin.rows(&sql).await?.into_iter().next().unwrap_or_default();
        let mut made = format!("CREATE DATABASE {} TEMPLATE template0", ident(&self.new));
        let [Some(encoding), Some(collate), Some(ctype), provider, locale] = row.as_slice() else {
            return Ok(made);
        };
        made.push_str(&format!(
            " ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            literal(encoding),
            literal(collate),
            literal(ctype)
        ));
        match (provider.as_deref(), locale) {
            (Some("i"), Some(locale)) => {
                made.push_str(&format!(" LOCALE_PROVIDER icu ICU_LOCALE {}", literal(locale)));
            }
            (Some("b"), Some(locale)) => {
                let locale = literal(locale);
                made.push_str(&format!(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {locale}"));
            }
            _ => {}
        }
        Ok(made)
    }

    /// Makes sure that nobody is in the database that is replaced.
    async fn nobody_there(&mut self, stop: &Stop) -> Result<()> {
        let name = &self.address.database;
        let sessions = sessions(self.admin, name).await?;
        if sessions.is_empty() {
            return Ok(());
        }
        if !self.way.disconnect {
            return Err(Problem::new(
                Kind::Refused,
                format!("Somebody is connected to {name}"),
                sessions.join("\n"),
                "ask them to leave, or run it with --disconnect, which ends their sessions",
            ));
        }
        let sql = format!(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
             WHERE datname = {} AND pid <> pg_backend_pid()",
            literal(name)
        );
        self.admin.run(&sql, stop).await.map_err(told)
    }

    async fn exists(&mut self, name: &str) -> Result<bool> {
        let sql = format!("SELECT FROM pg_catalog.pg_database WHERE datname = {}", literal(name));
        Ok(!self.admin.rows(&sql).await?.is_empty())
    }

    /// A name no database has: this one, or with a number after it where two come in a second.
    async fn free(&mut self, name: String) -> Result<String> {
        let mut found = name.clone();
        for number in 2_u32.. {
            if !self.exists(&found).await? {
                break;
            }
            found = format!("{name}_{number}");
        }
        Ok(found)
    }

    /// Changes the names, both or none. Returns the name of the database there was.
    async fn swap(&mut self, notes: &mut Vec<String>, stop: &Stop) -> Result<Option<String>> {
        let name = self.address.database.clone();
        let rename = |from: &str, to: &str| {
            format!("ALTER DATABASE {} RENAME TO {}", ident(from), ident(to))
        };
        if !self.exists(&name).await? {
            self.admin.run(&rename(&self.new, &name), stop).await.map_err(told)?;
            return Ok(None);
        }
        let properties = self.properties(&name).await?;
        // Names are cut at 63 bytes, and the end is what tells them apart.
        let head: String = name
            .char_indices()
            .take_while(|(at, letter)| at + letter.len_utf8() <= 38)
            .map(|(_, letter)| letter)
            .collect();
        let old = format!("{head}_before_{}", backup::stamp(evidence::now()).to_lowercase());
        let old = self.free(old).await?;
        for sql in &properties {
            if let Err(fault) = self.admin.run(sql, stop).await {
                notes.push(format!(
                    "a setting of the database was not taken over: {}",
                    fault.words()
                ));
            }
        }
        self.nobody_there(stop).await?;
        let both = [rename(&name, &old), rename(&self.new, &name)];
        let ran = async {
            self.admin.run("BEGIN", stop).await?;
            for sql in &both {
                self.admin.run(sql, stop).await?;
            }
            self.admin.run("COMMIT", &Stop::new()).await
        };
        if let Err(fault) = ran.await {
            drop(self.admin.run("ROLLBACK", &Stop::new()).await);
            if fault.code.as_deref() == Some("55006") {
                self.way.disconnect = false;
                self.nobody_there(stop).await?;
            }
            return Err(told(fault));
        }
        if !self.way.drop_old {
            return Ok(Some(old));
        }
        let sql = format!("DROP DATABASE {}", ident(&old));
        match self.admin.run(&sql, &Stop::new()).await {
            Ok(()) => Ok(None),
            Err(fault) => {
                notes.push(format!(
                    "the database there was could not be dropped: {}",
                    fault.words()
                ));
                Ok(Some(old))
            }
        }
    }

    /// What a dump does not hold of a database: its owner, its settings, who may connect.
    async fn properties(&mut self, name: &str) -> Result<Vec<String>> {
        let (name, new) = (literal(name), literal(&ident(&self.new)));
        let sql = format!(
            "SELECT 'ALTER DATABASE ' || {new} || ' OWNER TO ' || quote_ident(r.rolname)
             FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
             WHERE d.datname = {name} AND r.rolname <> current_user
             UNION ALL
             SELECT 'ALTER DATABASE ' || {new} || ' CONNECTION LIMIT ' || d.datconnlimit
             FROM pg_catalog.pg_database d WHERE d.datname = {name} AND d.datconnlimit <> -1
             UNION ALL
             SELECT coalesce('ALTER ROLE ' || quote_ident(r.rolname) || ' IN DATABASE ',
                             'ALTER DATABASE ') || {new} || ' SET '
                    || quote_ident(split_part(c.setting, '=', 1)) || ' TO '
                    || CASE WHEN split_part(c.setting, '=', 1) IN ('search_path', 'DateStyle',
                            'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries')
                       THEN substr(c.setting, strpos(c.setting, '=') + 1)
                       ELSE quote_literal(substr(c.setting, strpos(c.setting, '=') + 1)) END
             FROM pg_catalog.pg_db_role_setting s
             JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c(setting)
             WHERE d.datname = {name}
             UNION ALL
             SELECT 'REVOKE ALL ON DATABASE ' || {new} || ' FROM PUBLIC'
             FROM pg_catalog.pg_database d WHERE d.datname = {name} AND d.datacl IS NOT NULL
             UNION ALL
             SELECT 'GRANT ' || a.privilege_type || ' ON DATABASE ' || {new} || ' TO '
                    || coalesce(quote_ident(r.rolname), 'PUBLIC')
                    || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
             FROM pg_catalog.pg_database d, aclexplode(d.datacl) a
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
             WHERE d.datname = {name} AND (a.grantee = 0 OR r.rolname IS NOT NULL)"
        );
        Ok(self.admin.rows(&sql).await?.into_iter().flatten().flatten().collect())
    }
}
