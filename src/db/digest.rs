//! What a table holds as two numbers: how many rows, and a digest of them in which their order does
//! not count. Two digests of one process can be compared, and tell whether rows have changed.

use super::connection::Connection;
use super::fault::Fault;
use super::stop::Stop;
use crate::schema::RelationName;
use crate::sql::Dialect;

/// A table with more rows than this is only counted.
pub const MOST_ROWS: u64 = 2_000_000;

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// How many rows.
    pub rows: u64,
    /// What they say; `None` where there are too many to look at all of them.
    pub sum: Option<String>,
}

impl Connection {
    /// The digest of a table's rows over these columns.
    ///
    /// # Errors
    /// The engine's words.
    pub async fn digest(
        &mut self,
        table: &RelationName,
        columns: &[String],
        stop: &Stop,
    ) -> Result<Digest, Fault> {
        let dialect = self.dialect();
        let relation = dialect.relation(&table.schema, &table.name);
        // Of a table others inherit from, and of a partition, only its own rows.
        let from = match dialect {
            Dialect::Postgres => format!("ONLY {relation}"),
            Dialect::Sqlite => relation,
        };
        let count = format!("SELECT count(*) FROM {from}");
        let counted = self.query(&count, stop).await?.into_iter().flatten().flatten().next();
        let rows = counted.and_then(|text| text.parse().ok()).unwrap_or_default();
        if rows > MOST_ROWS || columns.is_empty() {
            return Ok(Digest { rows, sum: None });
        }
        let list: Vec<String> = columns.iter().map(|name| dialect.ident(name)).collect();
        let list = list.join(", ");
        let sum = match self {
            Self::Postgres(writer) => {
                let sql = format!(
                    "SELECT coalesce(sum(pg_catalog.hashtextextended(ROW({list})::text, 0)), 0)::text \
                     FROM {from}"
                );
                writer.query(&sql, stop).await?.into_iter().flatten().flatten().next()
            }
            Self::Sqlite(writer) => {
                let sql = format!("SELECT {list} FROM {from}");
                Some(writer.digest(&sql, stop).await?.to_string())
            }
        };
        Ok(Digest { rows, sum })
    }
}
