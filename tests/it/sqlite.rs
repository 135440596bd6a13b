//! A SQLite file for one test, written with another connection than the one that is tested.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dbstudio::config::{Address, Origin, Protection, SessionSettings, SqliteAddress, Target};
use dbstudio::db::Db;
use dbstudio::db::page::{Identity, Page, PageColumn, PageRequest, Place, Selection, SortKey};
use dbstudio::db::stop::Stop;
use dbstudio::db::value::Value;
use dbstudio::problem::Result;
use dbstudio::schema::{Relation, RelationName};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use tempfile::TempDir;

/// A database file in a folder that goes away with it.
pub struct File {
    folder: TempDir,
    name: &'static str,
}

impl File {
    /// A new file made by these statements.
    pub async fn of(sql: &str) -> Self {
        let file = Self { folder: TempDir::new().unwrap(), name: "test.db" };
        file.run(sql).await;
        file
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    /// A connection that may write.
    pub async fn writer(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.path()).create_if_missing(true);
        options.connect().await.unwrap()
    }

    pub async fn run(&self, sql: &str) {
        let mut writer = self.writer().await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut writer).await.unwrap();
        sqlx::Connection::close(writer).await.unwrap();
    }

    pub async fn open(&self) -> Db {
        open(&self.path()).await.unwrap()
    }
}

/// How that file is asked for on the command line.
pub fn target(file: Option<&Path>) -> Target {
    Target {
        name: None,
        address: Address::Sqlite(SqliteAddress {
            file: file.map(Path::to_path_buf),
            read_only: false,
            immutable: false,
        }),
        protection: Protection::Development,
        origin: Origin::Flag,
        read_only: false,
        session: SessionSettings::default(),
        masked: Vec::new(),
    }
}

pub async fn open(file: &Path) -> Result<Db> {
    Db::connect(&target(Some(file)), &Stop::new()).await
}

pub async fn relation(db: &Db, name: &str) -> Relation {
    db.relation(&RelationName::new("main", name), &Stop::new()).await.unwrap()
}

/// Rows of a relation as the studio would ask for them.
pub fn selection(relation: &Relation, sort: &[(&str, bool)]) -> Selection {
    let columns: Arc<[PageColumn]> = relation
        .columns
        .iter()
        .map(|column| PageColumn {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            base_type: column.base_type.clone(),
            nullable: column.nullable,
        })
        .collect();
    let identity = match (relation.identity_key(), &relation.rowid) {
        (Some(key), _) => Identity::Key(key.columns.clone()),
        (None, Some(rowid)) => Identity::Rowid(rowid.clone()),
        (None, None) => Identity::None,
    };
    Selection {
        relation: relation.name.clone(),
        columns,
        identity,
        filter: Vec::new(),
        sort: sort
            .iter()
            .map(|(column, descending)| SortKey {
                column: (*column).to_owned(),
                descending: *descending,
            })
            .collect(),
    }
}

pub async fn page(db: &Db, rows: &Selection, place: Place, limit: usize) -> Result<Page> {
    db.page(&PageRequest { selection: rows.clone(), place, limit }, &Stop::new()).await
}

/// The first column of every row of a page.
pub fn firsts(page: &Page) -> Vec<Value> {
    page.rows.iter().map(|row| row.cells[0].clone()).collect()
}
