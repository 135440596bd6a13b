//! What a capsule will bring back when its migration is taken back, told before it is: what it
//! holds, and what it cannot put back any more. Only reads.

use super::aside::Aside;
use super::number;
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::migrations::capsule::store::Store;
use crate::migrations::capsule::table;
use crate::migrations::capsule::{Capsule, Index, Item, Sort, State};
use crate::problem::Result;
use crate::schema::hazard::counted;

/// What the capsules of migrations, given by key and name, will bring back, in sentences.
pub(in crate::ops) async fn notes(
    connection: &mut Connection,
    migrations: &[(String, String)],
    stop: &Stop,
) -> Result<Vec<String>> {
    let told = all(connection, migrations, stop).await;
    told.map_err(|fault| {
        let fix = "have the role granted the tables of the schema dbstudio, or try again";
        fault.problem("What the undo capsules hold could not be read", fix)
    })
}

async fn all(
    connection: &mut Connection,
    migrations: &[(String, String)],
    stop: &Stop,
) -> std::result::Result<Vec<String>, Fault> {
    let index = Index::new(connection.dialect());
    let capsules = index.list(connection, None, stop).await?;
    let mut told = Vec::new();
    if capsules.is_empty() {
        return Ok(told);
    }
    connection.run("BEGIN", stop).await?;
    let read = async {
        let aside = Aside::set(connection, "", stop).await?;
        for (key, name) in migrations {
            let of = |one: &&Capsule| one.key == *key && one.state == State::Kept;
            let Some(capsule) = capsules.iter().find(of) else { continue };
            for item in &capsule.items {
                told.push(note(connection, name, item, stop).await?);
            }
        }
        aside.back(connection, stop).await
    }
    .await;
    let ended = connection.run("ROLLBACK", &Stop::new()).await;
    read.and(ended).map(|()| told)
}

async fn note(
    connection: &mut Connection,
    name: &str,
    item: &Item,
    stop: &Stop,
) -> std::result::Result<String, Fault> {
    let mut told = format!("the capsule of {name} puts back {}", item.words());
    if item.key.is_empty() && item.sort != Sort::Table {
        return Ok(format!(
            "the capsule of {name} has {}, which has no key: only a person can put it back",
            item.words()
        ));
    }
    let Some(now) = table::read(connection, &item.relation_later(), stop).await? else {
        return Ok(told);
    };
    let store = Store::new(connection.dialect(), item, &now).later();
    if let Some(sql) = store.strangers() {
        let strangers = number(connection, &sql, stop).await?;
        if strangers > 0 {
            let rows = counted(strangers, "row", "rows");
            told.push_str(&format!(", but not {rows} that changed or went since"));
        }
    }
    if !item.values.is_empty() && store.can_match() {
        let added = number(connection, &store.added(), stop).await?;
        if added > 0 && item.sort == Sort::Columns {
            let rows = counted(added, "row", "rows");
            told.push_str(&format!("; {rows} came since, with nothing to get back"));
        }
    }
    Ok(told)
}
