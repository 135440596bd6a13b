//! Reading a schema into a model. A stand-in until the reader itself is merged.

use sqlx::postgres::PgConnection;

use crate::schema::model::{Model, Scope};
use crate::sql::Dialect;

/// Reads nothing.
pub(in crate::db) async fn read(
    _connection: &mut PgConnection,
    _scope: &Scope,
    _version: i64,
) -> sqlx::Result<Model> {
    Ok(Model::empty(Dialect::Postgres))
}
