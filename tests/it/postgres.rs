//! PostgreSQL as a user meets it: opening, the catalogue, values, pages, cancelling.

mod cancelling;
mod catalogue;
mod measure;
mod model;
mod opening;
mod pages;
mod pooler;
mod private;
mod renames;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use dbstudio::config::{
    Address, Host, Origin, PostgresAddress, Protection, SessionSettings, SslMode, Target,
};
use dbstudio::db::Db;
use dbstudio::db::page::{Identity, Page, PageColumn, PageRequest, Place, Selection, SortKey};
use dbstudio::db::stop::Stop;
use dbstudio::problem::Problem;
use dbstudio::schema::{Relation, RelationKind, RelationName};

use crate::server::TestDatabase;

/// The address of a role on a server of 127.0.0.1.
fn address(port: u16, user: &str, database: &str) -> PostgresAddress {
    PostgresAddress {
        host: Host::Tcp("127.0.0.1".to_owned()),
        port,
        user: user.to_owned(),
        password: None,
        database: database.to_owned(),
        ssl: SslMode::Prefer,
        ssl_root_cert: None,
        ssl_cert: None,
        ssl_key: None,
        application_name: None,
        options: None,
        connect_timeout: None,
    }
}

fn address_of(database: &TestDatabase) -> PostgresAddress {
    address(database.server().port, "postgres", &database.name)
}

fn socket_address_of(database: &TestDatabase) -> PostgresAddress {
    let folder: PathBuf = database.server().socket_folder.clone();
    PostgresAddress { host: Host::Socket(folder), ..address_of(database) }
}

/// A development target with nothing special.
fn target(address: PostgresAddress) -> Target {
    Target {
        name: None,
        address: Address::Postgres(address),
        protection: Protection::Development,
        origin: Origin::Flag,
        read_only: false,
        session: SessionSettings::default(),
        masked: Vec::new(),
    }
}

async fn open(database: &TestDatabase) -> Db {
    open_target(&target(address_of(database))).await
}

async fn open_target(target: &Target) -> Db {
    Db::connect(target, &Stop::new()).await.expect("the database opens")
}

async fn refusal(target: &Target) -> Problem {
    match Db::connect(target, &Stop::new()).await {
        Ok(_) => panic!("{target:?} opened"),
        Err(problem) => problem,
    }
}

fn name(schema: &str, name: &str) -> RelationName {
    RelationName::new(schema, name)
}

async fn relation(db: &Db, table: &str) -> Relation {
    db.relation(&name("public", table), &Stop::new()).await.expect("the relation is read")
}

/// The selection of a whole relation, as the studio makes one.
fn whole(relation: &Relation) -> Selection {
    let column = |column: &dbstudio::schema::Column| PageColumn {
        name: column.name.clone(),
        type_name: column.type_name.clone(),
        base_type: column.base_type.clone(),
        nullable: column.nullable,
    };
    let identity = match (relation.identity_key(), relation.kind) {
        (Some(key), _) => Identity::Key(key.columns.clone()),
        (None, RelationKind::View | RelationKind::ForeignTable) => Identity::None,
        (None, _) => Identity::Ctid,
    };
    Selection {
        relation: relation.name.clone(),
        columns: relation.columns.iter().map(column).collect(),
        identity,
        filter: Vec::new(),
        sort: Vec::new(),
    }
}

fn sorted(selection: &Selection, sort: &[(&str, bool)]) -> Selection {
    let key = |(column, descending): &(&str, bool)| SortKey {
        column: (*column).into(),
        descending: *descending,
    };
    Selection { sort: sort.iter().map(key).collect(), ..selection.clone() }
}

async fn page(db: &Db, selection: &Selection, place: Place, limit: usize) -> Page {
    let request = PageRequest { selection: selection.clone(), place, limit };
    db.page(&request, &Stop::new()).await.expect("the page is read")
}

/// Waits until a query prints something, and says what was printed last when it never does.
async fn until(database: &TestDatabase, sql: &str, expected: &str, within: Duration) {
    let deadline = std::time::Instant::now() + within;
    loop {
        let printed = database.psql(sql);
        if printed.trim() == expected {
            return;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "after {within:?} {sql} still prints {printed:?}, not {expected:?}"
        );
        tokio::task::yield_now().await;
    }
}
