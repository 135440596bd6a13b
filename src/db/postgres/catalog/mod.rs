//! The catalogue: what the server says exists, as [`crate::schema`] holds it.
//!
//! Each reading is one round trip by the simple protocol, whose every field is text. No user's
//! row is read. The outline and the sizes wait for no lock; one relation in full may, because
//! the server locks it to print its expressions, and can be stopped.

mod definition;
mod outline;
mod parts;
mod relation;
mod types;
mod view;

pub(super) use outline::{outline, sizes};
pub(super) use relation::{oid as relation_oid, relation};

use crate::schema::RelationKind;

/// `pg_class.relkind`, and whether the relation is a partition, as a kind.
fn kind(relkind: &str, is_partition: bool) -> Option<RelationKind> {
    Some(match (relkind, is_partition) {
        ("r", false) => RelationKind::Table,
        ("r", true) => RelationKind::Partition,
        ("p", _) => RelationKind::PartitionedTable,
        ("f", _) => RelationKind::ForeignTable,
        ("v", _) => RelationKind::View,
        ("m", _) => RelationKind::MaterializedView,
        _ => return None,
    })
}

/// SQL: whether a schema is the server's own.
const SYSTEM_SCHEMA: &str = "(n.nspname ~ '^pg_' OR n.nspname = 'information_schema')";

/// SQL: whether the relation `c` belongs to the undo capsules. They hold what masks may hide, so
/// they are shown nowhere.
const OF_CAPSULES: &str = "(n.nspname = 'dbstudio' AND c.relname ~ '^capsule')";

/// SQL for the row estimate of `c`: what ANALYZE or VACUUM found, else what the statistics
/// counted since. Before 14 a table never analyzed has 0 there, since then -1.
const ROWS_ESTIMATE: &str = "CASE WHEN c.reltuples > 0 THEN c.reltuples::int8
    WHEN c.relkind NOT IN ('r', 'm') THEN NULL
    WHEN pg_stat_get_live_tuples(c.oid) > 0 THEN pg_stat_get_live_tuples(c.oid)
    WHEN c.reltuples = 0 AND (c.relpages > 0 OR current_setting('server_version_num')::int >= 140000)
    THEN 0 END";
