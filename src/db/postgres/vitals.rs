//! Asks PostgreSQL how a database is doing: its own statistics (manual, chapter "The Cumulative
//! Statistics System") and its locks. One round trip each, and nothing that waits for a lock.

use std::time::Duration;

use sqlx::postgres::PgRow;

use super::failure::Answered;
use super::fields::Fields;
use super::pool::Lease;
use crate::db::vitals::{Counters, DeadRows, IndexFacts, ServerSession, Vitals};

/// The most sessions that are read.
const SESSIONS: u32 = 100;

/// The most of each other list.
const LINES: u32 = 20;

/// Everything.
pub(super) async fn vitals(lease: &mut Lease) -> Answered<Vitals> {
    let mut vitals = Vitals { sessions: sessions(lease).await?, ..Vitals::default() };
    counters(lease, &mut vitals).await?;
    vitals.dead = dead(lease).await?;
    vitals.unused = unused(lease).await?;
    vitals.duplicates = duplicates(lease).await?;
    Ok(vitals)
}

async fn sessions(lease: &mut Lease) -> Answered<Vec<ServerSession>> {
    let sql = format!(
        "SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''),
                coalesce(a.state, a.backend_type, ''),
                (extract(epoch FROM clock_timestamp()
                  - CASE WHEN a.state = 'idle' THEN a.state_change
                         ELSE coalesce(a.xact_start, a.query_start) END) * 1000)::int8,
                CASE WHEN a.wait_event_type IN ('Lock', 'LWLock', 'IO', 'BufferPin')
                     THEN a.wait_event_type || ': ' || a.wait_event END,
                to_json(CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid)
                             ELSE ARRAY[]::int[] END),
                left(regexp_replace(coalesce(a.query, ''), '\\s+', ' ', 'g'), 300)
         FROM pg_stat_activity a
         WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
           AND a.application_name IS DISTINCT FROM current_setting('application_name')
         ORDER BY a.state = 'idle', coalesce(a.xact_start, a.query_start) NULLS LAST, a.pid
         LIMIT {SESSIONS}"
    );
    let rows = lease.simple(sql).await?;
    let session = |row: &PgRow| {
        let fields = Fields::new(row);
        let blocked = fields.list(6)?;
        Ok(ServerSession {
            pid: fields.integer(0)?,
            user: fields.text(1)?,
            program: fields.text(2)?,
            state: fields.text(3)?,
            since: fields.optional_count(4)?.map(Duration::from_millis),
            waits: fields.optional(5)?,
            blocked_by: blocked.iter().filter_map(|pid| pid.parse().ok()).collect(),
            query: fields.text(7)?,
        })
    };
    rows.iter().map(session).collect()
}

async fn counters(lease: &mut Lease, vitals: &mut Vitals) -> Answered<()> {
    let sql = "SELECT d.xact_commit, d.xact_rollback, d.blks_hit, d.blks_read, d.deadlocks,
                      d.temp_bytes, (SELECT sum(numbackends) FROM pg_stat_database),
                      current_setting('max_connections')
               FROM pg_stat_database d WHERE d.datname = current_database()";
    let rows = lease.simple(sql.to_owned()).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let fields = Fields::new(row);
    let count = |index| fields.optional_count(index).map(Option::unwrap_or_default);
    vitals.counters = Some(Counters {
        commits: count(0)?,
        rollbacks: count(1)?,
        hits: count(2)?,
        reads: count(3)?,
        deadlocks: count(4)?,
        temporary_bytes: count(5)?,
    });
    vitals.connections = Some((count(6)?, count(7)?));
    Ok(())
}

async fn dead(lease: &mut Lease) -> Answered<Vec<DeadRows>> {
    let sql = format!(
        "SELECT format('%s.%s', schemaname, relname), n_dead_tup, n_live_tup,
                to_char(greatest(last_vacuum, last_autovacuum), 'YYYY-MM-DD HH24:MI')
         FROM pg_stat_user_tables WHERE n_dead_tup > 0 ORDER BY n_dead_tup DESC, 1 LIMIT {LINES}"
    );
    let rows = lease.simple(sql).await?;
    let row = |row: &PgRow| {
        let fields = Fields::new(row);
        Ok(DeadRows {
            table: fields.text(0)?,
            dead: fields.optional_count(1)?.unwrap_or_default(),
            live: fields.optional_count(2)?.unwrap_or_default(),
            vacuumed: fields.optional(3)?,
        })
    };
    rows.iter().map(row).collect()
}

fn index(row: &PgRow) -> sqlx::Result<IndexFacts> {
    let fields = Fields::new(row);
    Ok(IndexFacts {
        name: fields.text(0)?,
        table: fields.text(1)?,
        bytes: fields.optional_count(2)?,
    })
}

/// SQL for the bytes of an index as the catalogue last knew them: asking for the file itself would
/// wait for a lock.
const BYTES: &str = "c.relpages::int8 * current_setting('block_size')::int8";

async fn unused(lease: &mut Lease) -> Answered<Vec<IndexFacts>> {
    let sql = format!(
        "SELECT format('%s.%s', s.schemaname, s.indexrelname),
                format('%s.%s', s.schemaname, s.relname), {BYTES}
         FROM pg_stat_user_indexes s
         JOIN pg_index i ON i.indexrelid = s.indexrelid
         JOIN pg_class c ON c.oid = s.indexrelid
         WHERE s.idx_scan = 0 AND NOT i.indisunique AND NOT i.indisexclusion AND c.relpages > 1
         ORDER BY c.relpages DESC, 1 LIMIT {LINES}"
    );
    let rows = lease.simple(sql).await?;
    Ok(rows.iter().map(index).collect::<sqlx::Result<_>>()?)
}

/// An index is another's duplicate when that one begins with the same columns in the same way and
/// covers the same rows; of two equal ones the younger is the duplicate.
async fn duplicates(lease: &mut Lease) -> Answered<Vec<(IndexFacts, String)>> {
    let sql = format!(
        "SELECT format('%s.%s', n.nspname, c.relname), format('%s.%s', n.nspname, t.relname), {BYTES},
                format('%s.%s', n.nspname, o.relname)
         FROM pg_index i
         JOIN pg_class c ON c.oid = i.indexrelid
         JOIN pg_class t ON t.oid = i.indrelid
         JOIN pg_namespace n ON n.oid = t.relnamespace
         JOIN pg_index j ON j.indrelid = i.indrelid AND j.indexrelid <> i.indexrelid
         JOIN pg_class o ON o.oid = j.indexrelid
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND NOT i.indisunique AND NOT i.indisexclusion AND i.indexprs IS NULL
           AND j.indisvalid AND c.relam = o.relam AND c.relkind = 'i'
           AND i.indpred IS NOT DISTINCT FROM j.indpred
           AND (j.indkey::text || ' ') LIKE (i.indkey::text || ' %')
           AND (j.indclass::text || ' ') LIKE (i.indclass::text || ' %')
           AND (j.indcollation::text || ' ') LIKE (i.indcollation::text || ' %')
           AND (j.indoption::text || ' ') LIKE (i.indoption::text || ' %')
           AND (i.indkey::text <> j.indkey::text OR j.indisunique OR i.indexrelid > j.indexrelid)
         ORDER BY c.relpages DESC, 1, 4 LIMIT {LINES}"
    );
    let rows = lease.simple(sql).await?;
    let pair = |row: &PgRow| Ok((index(row)?, Fields::new(row).text(3)?));
    let mut found: Vec<(IndexFacts, String)> =
        rows.iter().map(pair).collect::<sqlx::Result<_>>()?;
    found.dedup_by(|one, before| one.0.name == before.0.name);
    Ok(found)
}
