//! Scratch databases on a PostgreSQL server: made like the target's, dropped on every way out.
//!
//! Only databases of our own name pattern that belong to our own role are ever dropped, and of
//! those that other runs made only ones nobody is connected to.

use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _};

use super::connect::Dialer;
use super::failure;
use super::writer::{Facts, Writer};
use crate::config::{Address, PostgresAddress, Target};
use crate::db::connection::Access;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};
use crate::sql::Dialect;

/// How every scratch database's name begins; its second of birth and a random number follow.
const PREFIX: &str = "dbstudio_scratch_";

/// A leftover is removed once it is this old, in seconds: a run that has just made its own may
/// not be connected to it yet.
const LEFTOVER_AGE: u32 = 30;

/// How often, and after how long each, to look whether the last session is gone.
const LOOKS: usize = 40;
const LOOK: Duration = Duration::from_millis(2);

/// How long removing may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What makes and drops scratch databases on one server.
#[derive(Debug)]
pub(in crate::db) struct Server {
    admin: Option<Writer>,
    address: PostgresAddress,
    target: Target,
    /// The database that those made here are like.
    like: Facts,
    /// The one that is there now.
    name: Option<String>,
}

impl Server {
    /// Connects to where scratch databases are to be made, and removes leftovers there.
    pub(in crate::db) async fn reach(
        address: &PostgresAddress,
        target: &Target,
        elsewhere: Option<&Target>,
        stop: &Stop,
    ) -> Result<Self> {
        let (place, address) = match elsewhere.map(|other| (other, &other.address)) {
            None => (target, address),
            Some((other, Address::Postgres(address))) => (other, address),
            Some((_, Address::Sqlite(_))) => return Err(wrong_engine()),
        };
        if place.read_only {
            return Err(read_only());
        }
        let admin = open(address, place, stop).await?;
        let mut like = admin.facts().clone();
        if elsewhere.is_some()
            && let Address::Postgres(own) = &target.address
            // The target need not be there yet; then the other server's defaults will do.
            && let Ok(writer) = Writer::open(own, target, Access::Reads, stop).await
        {
            let version = like.version;
            like = writer.facts().clone();
            like.version = version;
            writer.close().await;
        }
        let target = place.clone();
        let mut server =
            Self { admin: Some(admin), address: address.clone(), target, like, name: None };
        server.remove_leftovers().await;
        Ok(server)
    }

    /// Makes a database and connects to it.
    pub(in crate::db) async fn fresh(&mut self, stop: &Stop) -> Result<Writer> {
        let born = self.ask("SELECT extract(epoch FROM clock_timestamp())::bigint", stop).await?;
        let name = format!("{PREFIX}{}_{:016x}", born.unwrap_or_default(), random());
        let sql = self.creation(&name);
        // From here on it may be there, whatever the answer is.
        self.name = Some(name.clone());
        let made = self.admin()?.run(&sql, stop).await;
        made.map_err(|fault| self.refused(&fault))?;
        let mut address = self.address.clone();
        address.database = name;
        Writer::open(&address, &self.target, Access::Scratch, stop).await.map_err(|problem| {
            if problem.kind == Kind::Cancelled { problem } else { unreachable(&problem) }
        })
    }

    /// Drops the database that is there now.
    pub(in crate::db) async fn drop_database(&mut self) -> Result<()> {
        let Some(name) = self.name.clone() else { return Ok(()) };
        self.wait_for_the_last_session(&name).await;
        let sql = removal(&name);
        let dropped = match &mut self.admin {
            Some(admin) => admin.end(&sql).await,
            None => Err(Fault::lost("the connection is gone")),
        };
        match dropped {
            Ok(()) => {
                self.name = None;
                Ok(())
            }
            // The connection may have died meanwhile; another may still get through.
            Err(_) => {
                let dropped = remove(&self.address, &self.target, &name).await;
                if dropped.is_ok() {
                    self.name = None;
                }
                dropped
            }
        }
    }

    /// Drops the database and closes the connection.
    pub(in crate::db) async fn close(mut self) -> Result<()> {
        let dropped = self.drop_database().await;
        if dropped.is_err() {
            // It was tried twice; the next run does it.
            self.name = None;
        }
        if let Some(admin) = self.admin.take() {
            admin.close().await;
        }
        dropped
    }

    /// Waits until the session that was just closed is gone. Dropping would wait for it too, but
    /// the server looks again only after a tenth of a second.
    async fn wait_for_the_last_session(&mut self, name: &str) {
        let name = Dialect::Postgres.literal(name);
        let sql = format!("SELECT FROM pg_catalog.pg_stat_activity WHERE datname = {name}");
        let Some(admin) = &mut self.admin else { return };
        for _ in 0..LOOKS {
            match admin.query(&sql, &Stop::new()).await {
                Ok(rows) if !rows.is_empty() => tokio::time::sleep(LOOK).await,
                _ => return,
            }
        }
    }

    fn admin(&mut self) -> Result<&mut Writer> {
        self.admin.as_mut().ok_or_else(|| Problem::disconnected("the connection was closed"))
    }

    async fn ask(&mut self, sql: &str, stop: &Stop) -> Result<Option<String>> {
        let rows = self.admin()?.query(sql, stop).await;
        let rows = rows.map_err(|fault| self.refused(&fault))?;
        Ok(rows.into_iter().flatten().flatten().next())
    }

    /// Removes what runs that were killed left behind. What cannot be removed now is removed by
    /// a later run, so nothing is said of it.
    async fn remove_leftovers(&mut self) {
        let sql = format!(
            "SELECT d.datname FROM pg_catalog.pg_database d
             WHERE d.datname ~ '^{PREFIX}[0-9]{{9,11}}_[0-9a-f]{{16}}$'
               AND d.datdba = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
               AND pg_catalog.split_part(d.datname, '_', 3)::bigint
                   < extract(epoch FROM clock_timestamp()) - {LEFTOVER_AGE}
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)"
        );
        let Some(admin) = &mut self.admin else { return };
        let Ok(found) = admin.query(&sql, &Stop::new()).await else { return };
        for name in found.into_iter().flatten().flatten() {
            let sql = format!("DROP DATABASE IF EXISTS {}", Dialect::Postgres.ident(&name));
            if admin.end(&sql).await.is_err_and(|fault| fault.lost) {
                return;
            }
        }
    }

    /// The statement that makes a database like the target's (manual, CREATE DATABASE).
    fn creation(&self, name: &str) -> String {
        let like = &self.like;
        let quoted = |text: &str| Dialect::Postgres.literal(text);
        let mut sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            Dialect::Postgres.ident(name),
            quoted(&like.encoding),
            quoted(&like.collate),
            quoted(&like.ctype)
        );
        let provider = like.provider.as_deref().filter(|_| like.version >= 150_000);
        let locale = like.locale.as_deref();
        match (provider, locale) {
            (Some("i"), Some(locale)) => {
                sql.push_str(&format!(" LOCALE_PROVIDER icu ICU_LOCALE {}", quoted(locale)));
                if let Some(rules) = &like.rules {
                    sql.push_str(&format!(" ICU_RULES {}", quoted(rules)));
                }
            }
            (Some("b"), Some(locale)) => {
                sql.push_str(&format!(
                    " LOCALE_PROVIDER builtin BUILTIN_LOCALE {}",
                    quoted(locale)
                ));
            }
            (Some(_), _) => sql.push_str(" LOCALE_PROVIDER libc"),
            (None, _) => {}
        }
        sql
    }

    /// Why no database could be made.
    fn refused(&self, fault: &Fault) -> Problem {
        const WHAT: &str = "No scratch database can be made";
        const ELSEWHERE: &str = "name a server where it may be made, with scratch_url in the \
             environment, such as scratch_url = \"postgres://localhost/postgres\"";
        if fault.stopped || fault.lost {
            return fault.problem(WHAT, "");
        }
        let user = Dialect::Postgres.ident(&self.role());
        match fault.code.as_deref() {
            Some("42501") => Problem::failed(
                WHAT,
                format!(
                    "role {user} may not create databases ({}), and what the schema does is \
                     found out by running it in one",
                    fault.words()
                ),
                format!("let a superuser run ALTER ROLE {user} CREATEDB; or {ELSEWHERE}"),
            ),
            Some("25006") => Problem::failed(
                WHAT,
                format!("the server only reads, as a standby does ({})", fault.words()),
                ELSEWHERE,
            ),
            _ => Problem::failed(WHAT, fault.words(), ELSEWHERE),
        }
    }

    fn role(&self) -> String {
        self.admin.as_ref().map_or_else(String::new, |admin| admin.facts().user.clone())
    }
}

impl Drop for Server {
    /// Work that was dropped in the middle, or failed on a way that closes nothing: the database
    /// is dropped by a thread of its own, since nobody waits here.
    fn drop(&mut self) {
        let Some(name) = self.name.take() else { return };
        let (address, target) = (self.address.clone(), self.target.clone());
        let removing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.is_ok_and(|runtime| runtime.block_on(remove(&address, &target, &name)).is_ok())
        });
        // The process must not end before; the thread is bounded in time. What it cannot remove,
        // the next run does.
        drop(removing.join());
    }
}

/// Drops a scratch database of ours over a connection of its own.
async fn remove(address: &PostgresAddress, target: &Target, name: &str) -> Result<()> {
    let removing = async {
        let mut dialer = Dialer::new(address, target);
        let mut connection = dialer.dial(&Stop::new()).await?;
        let ran = sqlx::raw_sql(AssertSqlSafe(removal(name))).execute(&mut connection).await;
        drop(connection.close().await);
        ran.map(drop).map_err(|error| {
            let what = format!("The scratch database {name} could not be dropped");
            Problem {
                fix: "the next run of dbstudio drops it; or drop it yourself".to_owned(),
                ..failure::statement(&error, &what, None)
            }
        })
    };
    match tokio::time::timeout(PATIENCE, removing).await {
        Ok(removed) => removed,
        Err(_) => Err(failure::timeout(address, Some(PATIENCE))),
    }
}

/// The statement that drops a database of ours; only our own sessions can be in it.
fn removal(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", Dialect::Postgres.ident(name))
}

/// The connection that makes and drops. A project's database need not exist yet: then it is made
/// from the one every server has.
async fn open(address: &PostgresAddress, target: &Target, stop: &Stop) -> Result<Writer> {
    match Writer::open(address, target, Access::Scratch, stop).await {
        Err(problem) if failure::is_missing_database(&problem) => {
            let mut other = address.clone();
            "postgres".clone_into(&mut other.database);
            let opened = Writer::open(&other, target, Access::Scratch, stop).await;
            opened.map_err(|_| problem)
        }
        opened => opened,
    }
}

/// A number that two runs do not share.
fn random() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

fn wrong_engine() -> Problem {
    Problem::usage(
        "scratch_url is not on PostgreSQL",
        "the environment's database is, and its schema is tried out in a scratch database of the \
         same kind",
        "name a PostgreSQL server, or take scratch_url away",
    )
}

fn read_only() -> Problem {
    Problem::new(
        Kind::Refused,
        "No scratch database can be made",
        "the connection is for reading only, and a scratch database would be made on its server",
        "name a server where it may be made, with scratch_url in the environment, or take \
         --read-only away",
    )
}

fn unreachable(problem: &Problem) -> Problem {
    Problem::failed(
        "The scratch database was made but cannot be connected to",
        problem.to_string(),
        "if a pooler is in front, name the server itself with scratch_url in the environment",
    )
}
