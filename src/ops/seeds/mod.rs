//! The parts of seeding: the project's seed files, and rows made from the schema alone. What is
//! asked, confirmed and committed around them is [`super::seed`]'s.

mod cell;
mod csv;
mod demand;
mod expression;
mod files;
mod form;
mod generate;
mod insert;
mod load;
mod meaning;
mod moment;
mod order;
mod pattern;
mod reader;
mod row;
mod shape;
mod shape_postgres;
mod shape_sqlite;
mod value;

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::Target;
use crate::db::Db;
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::problem::Result;
use crate::schema::RelationName;
use crate::schema::model::Scope;
use crate::sql::Dialect;

pub(super) use files::{Content, SeedFile};
pub use generate::{Filled, Wanted};
pub(super) use moment::moment;
pub(super) use shape::Shape;

/// Reads the shape of a database's tables.
///
/// # Errors
/// The database cannot be read.
pub(super) async fn shape(target: &Target, scope: &Scope, stop: &Stop) -> Result<Shape> {
    let mut live = Connection::open_reading(target, stop).await?;
    if live.dialect() == Dialect::Postgres {
        let model = live.model(scope, stop).await;
        live.close().await;
        return Ok(shape_postgres::shape(&model?));
    }
    live.close().await;
    let db = Db::connect(target, stop).await?;
    let relations = async {
        let mut relations = Vec::new();
        for (name, _) in db.outline(stop).await?.relations() {
            relations.push(db.relation(&name, stop).await?);
        }
        Ok(relations)
    };
    let relations = relations.await;
    db.close().await;
    Ok(shape_sqlite::shape(&relations?))
}

/// Reads the seeds of a project; the names of files that are none come with them.
///
/// # Errors
/// A file that cannot be read, or does not fit its table.
pub(super) fn read(
    folder: &Path,
    project: &Path,
    shape: &Shape,
) -> Result<(Vec<SeedFile>, Vec<String>)> {
    files::read(folder, project, shape)
}

/// Loads a file, inside a transaction that is on.
///
/// # Errors
/// The statement or row that fails, with its place.
pub(super) async fn load(
    live: &mut Connection,
    shape: &Shape,
    file: &SeedFile,
    upsert: bool,
    stop: &Stop,
) -> Result<usize> {
    load::load(live, shape, file, upsert, stop).await
}

/// Fills tables with rows made from the schema, inside a transaction that is on.
///
/// # Errors
/// The connection is lost, the work was stopped, or the server cannot be asked.
pub(super) async fn fill(
    live: &mut Connection,
    shape: &Shape,
    chosen: &BTreeSet<RelationName>,
    wanted: &Wanted,
    stop: &Stop,
    tell: &mut (dyn FnMut(&RelationName, usize) + Send),
) -> Result<Vec<Filled>> {
    generate::fill(live, shape, chosen, wanted, stop, tell).await
}
