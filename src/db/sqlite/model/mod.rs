//! Reading a schema into a model. A stand-in until the reader itself is merged.

use sqlx::sqlite::SqliteConnection;

use crate::schema::model::Model;
use crate::sql::Dialect;

/// Reads nothing.
pub(in crate::db) async fn read(_connection: &mut SqliteConnection) -> sqlx::Result<Model> {
    Ok(Model::empty(Dialect::Sqlite))
}
