//! How a database is doing right now, as facts for a dashboard: who is connected and who waits for
//! whom, how much is read from memory, what is never used. Cheap enough to be asked again every
//! few seconds; no user's row is read, and nothing is judged.

use std::time::Duration;

/// How a database is doing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vitals {
    /// The sessions of this database but our own, the longest at work first (PostgreSQL).
    pub sessions: Vec<ServerSession>,
    /// How many sessions the whole server has, and how many it takes (PostgreSQL).
    pub connections: Option<(u64, u64)>,
    /// Counters since the statistics were last reset (PostgreSQL).
    pub counters: Option<Counters>,
    /// Tables with rows that are dead and not yet removed, the most first (PostgreSQL).
    pub dead: Vec<DeadRows>,
    /// Indexes no query has used since the statistics were last reset, the largest first; those
    /// that hold a constraint are left out (PostgreSQL).
    pub unused: Vec<IndexFacts>,
    /// Indexes whose columns another of the same table begins with, and that one.
    pub duplicates: Vec<(IndexFacts, String)>,
    /// How the file is doing (SQLite).
    pub file: Option<FileFacts>,
}

/// A session on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSession {
    /// The server's process.
    pub pid: i64,
    /// The role.
    pub user: String,
    /// The program, as it calls itself.
    pub program: String,
    /// `active`, `idle`, `idle in transaction`, …
    pub state: String,
    /// How long its transaction, or else its statement, has been going on.
    pub since: Option<Duration>,
    /// What it waits for, if it does.
    pub waits: Option<String>,
    /// The processes whose locks it waits for.
    pub blocked_by: Vec<i64>,
    /// What it runs or ran last, on one line and cut.
    pub query: String,
}

/// Counters of a database, since its statistics were reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Transactions that were committed.
    pub commits: u64,
    /// Transactions that were rolled back.
    pub rollbacks: u64,
    /// Blocks found in the server's memory.
    pub hits: u64,
    /// Blocks that had to be read.
    pub reads: u64,
    /// Deadlocks.
    pub deadlocks: u64,
    /// Bytes written to temporary files.
    pub temporary_bytes: u64,
}

impl Counters {
    /// The part of blocks found in memory, from 0 to 1; none before any was asked for.
    pub fn hit_rate(&self) -> Option<f64> {
        let all = self.hits.saturating_add(self.reads);
        (all > 0).then(|| self.hits as f64 / all as f64)
    }
}

/// Rows that are dead and not yet removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadRows {
    /// The table.
    pub table: String,
    /// Dead rows.
    pub dead: u64,
    /// Rows that live.
    pub live: u64,
    /// When it was last vacuumed, by hand or by itself, as the server prints it.
    pub vacuumed: Option<String>,
}

/// An index worth a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFacts {
    /// The index.
    pub name: String,
    /// Its table.
    pub table: String,
    /// Its bytes; none where they are not known.
    pub bytes: Option<u64>,
}

/// How a SQLite file is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// Bytes of a page.
    pub page_bytes: u64,
    /// Pages of the file.
    pub pages: u64,
    /// Pages that are free inside the file.
    pub free_pages: u64,
    /// `wal`, `delete`, …
    pub journal_mode: String,
    /// `user_version`, which programs use for themselves.
    pub user_version: i64,
}
