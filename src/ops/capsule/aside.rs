//! Settings of a migration's session, set aside while the capsule works in its transaction, and put
//! back: the migration must not notice, and values must print alike when they are kept and when
//! they are compared again.

use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::sql::Dialect;

/// What is set aside, in the order in which it can be put back.
const NAMES: [&str; 10] = [
    "session_authorization",
    "role",
    "search_path",
    "DateStyle",
    "IntervalStyle",
    "extra_float_digits",
    "bytea_output",
    "TimeZone",
    "row_security",
    "standard_conforming_strings",
];

/// How values print while a capsule works. Rows that policies hide are an error, never left out.
const OURS: &str = "SELECT pg_catalog.set_config('DateStyle', 'ISO, MDY', true), \
    pg_catalog.set_config('IntervalStyle', 'postgres', true), \
    pg_catalog.set_config('extra_float_digits', '1', true), \
    pg_catalog.set_config('bytea_output', 'hex', true), \
    pg_catalog.set_config('TimeZone', 'UTC', true), \
    pg_catalog.set_config('row_security', 'off', true), \
    pg_catalog.set_config('standard_conforming_strings', 'on', true)";

/// Settings that are set aside; nothing on SQLite.
#[derive(Debug)]
pub(super) struct Aside {
    back: Option<String>,
}

impl Aside {
    /// Sets them aside, until the end of the transaction or [`Aside::back`].
    pub(super) async fn set(
        connection: &mut Connection,
        own: &str,
        stop: &Stop,
    ) -> Result<Self, Fault> {
        if connection.dialect() == Dialect::Sqlite {
            return Ok(Self { back: None });
        }
        let asked = NAMES.map(|name| format!("pg_catalog.current_setting('{name}')"));
        let sql = format!("SELECT {}", asked.join(", "));
        let row = connection.query(&sql, stop).await?.into_iter().next().unwrap_or_default();
        let back = NAMES.iter().zip(row).map(|(name, value)| {
            let value = Dialect::Postgres.literal(&value.unwrap_or_default());
            format!("pg_catalog.set_config('{name}', {value}, true)")
        });
        let back = format!("SELECT {}", back.collect::<Vec<_>>().join(", "));
        connection.run(&format!("{own}{OURS}"), stop).await?;
        Ok(Self { back: Some(back) })
    }

    /// Puts them back.
    pub(super) async fn back(self, connection: &mut Connection, stop: &Stop) -> Result<(), Fault> {
        match self.back {
            Some(sql) => connection.run(&sql, stop).await,
            None => Ok(()),
        }
    }
}
