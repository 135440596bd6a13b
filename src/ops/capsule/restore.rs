//! Putting back what a capsule holds while its migration is taken back: as soon as what it belongs
//! to is there again, so that what the way back says after that (NOT NULL, a key) meets the values;
//! the rest at the end. What does not come back is said, and stays in the capsule.

use super::aside::Aside;
use super::{Terms, all, number, numbers};
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::migrations::capsule::store::Store;
use crate::migrations::capsule::table::{self, Table};
use crate::migrations::capsule::{Capsule, Index, Item, Sort, State};
use crate::schema::hazard::counted;
use crate::schema::plan::Step;
use crate::sql::Dialect;

/// How a table was before the way back began.
#[derive(Debug, Clone, Copy, Default)]
struct Start {
    /// It was there, with every column.
    whole: bool,
    /// These had the types they had.
    typed: bool,
}

impl Start {
    /// Whether an item of this sort can only be put back at the end of the way back.
    fn waits(self, sort: Sort) -> bool {
        match sort {
            Sort::Table | Sort::Columns => self.whole,
            Sort::Values => self.typed,
            Sort::Rows => true,
        }
    }
}

/// What became of an item.
#[derive(Debug, Clone, Default)]
struct Fate {
    /// It was put back, as far as it can be.
    done: bool,
    /// The rows that are in the table and of which nothing is kept.
    added: u64,
    /// Why it could not be put back, in the engine's words.
    refused: Option<String>,
}

/// A capsule on its way back.
#[derive(Debug)]
pub(in crate::ops) struct Restoring {
    capsule: Capsule,
    starts: Vec<Start>,
    fates: Vec<Fate>,
}

/// The statements a guarded transaction on SQLite is told of, so that it knows which tables are
/// going to get rows back: those of the capsules of these migrations.
pub(in crate::ops) async fn guarded(
    connection: &mut Connection,
    keys: &[&str],
    stop: &Stop,
) -> Result<Vec<Step>, Fault> {
    if connection.dialect() == Dialect::Postgres {
        return Ok(Vec::new());
    }
    let mut steps = Vec::new();
    for capsule in Index::new(Dialect::Sqlite).list(connection, None, stop).await? {
        let meant = keys.contains(&capsule.key.as_str()) && capsule.state == State::Kept;
        for item in capsule.items.iter().filter(|_| meant) {
            let table = Dialect::Sqlite.relation(&item.schema, &item.table);
            steps.push(Step::new(format!("UPDATE {table} SET rowid = rowid"), Vec::new()));
        }
    }
    Ok(steps)
}

impl Restoring {
    /// Looks up what is kept of a migration that is about to be taken back, and marks what others
    /// have changed since.
    pub(in crate::ops) async fn begin(
        connection: &mut Connection,
        key: &str,
        terms: Terms<'_>,
    ) -> Result<Option<Self>, Fault> {
        let (dialect, stop) = (connection.dialect(), terms.stop);
        let all = Index::new(dialect).list(connection, Some(key), stop).await?;
        let Some(capsule) = all.into_iter().find(|one| one.state == State::Kept) else {
            return Ok(None);
        };
        let aside = Aside::set(connection, terms.own, stop).await?;
        let mut starts = Vec::new();
        for item in &capsule.items {
            let now = table::read(connection, &item.relation(), stop).await?;
            let start = now.map_or_else(Start::default, |now| {
                let store = Store::new(dialect, item, &now);
                Start { whole: store.has_all(), typed: store.has_types() }
            });
            starts.push(start);
            let changes = matches!(item.sort, Sort::Values | Sort::Rows);
            if changes
                && let Some(now) = table::read(connection, &item.relation_later(), stop).await?
                && let Some(sql) = Store::new(dialect, item, &now).later().settle()
            {
                connection.run(&sql, stop).await?;
            }
        }
        aside.back(connection, stop).await?;
        let fates = vec![Fate::default(); starts.len()];
        Ok(Some(Self { capsule, starts, fates }))
    }

    /// Puts back what a statement of the way back has made room for.
    pub(in crate::ops) async fn step(
        &mut self,
        connection: &mut Connection,
        terms: Terms<'_>,
    ) -> Result<(), Fault> {
        let mut all = self.capsule.items.iter().zip(&self.starts).zip(&self.fates);
        if all.all(|((item, start), fate)| fate.done || start.waits(item.sort)) {
            return Ok(());
        }
        let aside = Aside::set(connection, terms.own, terms.stop).await?;
        self.pass(connection, terms, false).await?;
        aside.back(connection, terms.stop).await
    }

    /// Puts back what is left at the end of the way back, and says of everything what became of it.
    pub(in crate::ops) async fn end(
        mut self,
        connection: &mut Connection,
        terms: Terms<'_>,
    ) -> Result<Vec<String>, Fault> {
        let aside = Aside::set(connection, terms.own, terms.stop).await?;
        // A row may name one of a table that comes after it.
        while self.pass(connection, terms, true).await? {}
        let told = self.settle(connection, terms).await?;
        aside.back(connection, terms.stop).await?;
        Ok(told)
    }

    /// Tries everything that is not put back yet; answers whether something was.
    async fn pass(
        &mut self,
        connection: &mut Connection,
        terms: Terms<'_>,
        last: bool,
    ) -> Result<bool, Fault> {
        let mut progress = false;
        let (dialect, items) = (connection.dialect(), &self.capsule.items);
        for ((item, start), fate) in items.iter().zip(&self.starts).zip(&mut self.fates) {
            if fate.done || (!last && start.waits(item.sort)) {
                continue;
            }
            let now = table::read(connection, &item.relation(), terms.stop).await?;
            let Some(now) = now else { continue };
            let store = Store::new(dialect, item, &now);
            let ready = match item.sort {
                _ if last => true,
                Sort::Table => store.has_all(),
                Sort::Columns => store.has_all() && store.has_types(),
                Sort::Values | Sort::Rows => store.has_types(),
            };
            if !ready {
                continue;
            }
            connection.run("SAVEPOINT dbstudio_capsule", terms.stop).await?;
            match put(connection, item, &now, start.whole, terms.stop).await {
                Ok(added) => {
                    connection.run("RELEASE SAVEPOINT dbstudio_capsule", terms.stop).await?;
                    *fate = Fate { done: true, added, refused: None };
                    progress = true;
                }
                Err(fault) if fault.lost || fault.stopped => return Err(fault),
                Err(fault) => {
                    let back = "ROLLBACK TO SAVEPOINT dbstudio_capsule; \
                                RELEASE SAVEPOINT dbstudio_capsule";
                    connection.run(back, terms.stop).await?;
                    let masked = item
                        .columns
                        .iter()
                        .any(|column| terms.target.masks(&item.schema, &item.table, &column.name));
                    fate.refused = Some(match masked {
                        true => "the words of the database may hold what is masked".to_owned(),
                        false => fault.words(),
                    });
                }
            }
        }
        Ok(progress)
    }

    /// Takes away what is back, keeps the rest, and tells of both.
    async fn settle(
        &mut self,
        connection: &mut Connection,
        terms: Terms<'_>,
    ) -> Result<Vec<String>, Fault> {
        let (dialect, stop) = (connection.dialect(), terms.stop);
        let index = Index::new(dialect);
        let (mut told, mut rest) = (Vec::new(), Vec::new());
        let items = std::mem::take(&mut self.capsule.items);
        for (mut item, fate) in items.into_iter().zip(&self.fates) {
            let now = Table::gone();
            let sql = Store::new(dialect, &item, &now).count();
            let left = numbers(connection, &sql, stop).await?;
            let number = |at: usize| left.get(at).copied().unwrap_or(0);
            let (left, stale) = (number(0), number(1));
            told.push(words(&item, fate, left, stale));
            if left == 0 {
                connection.run(&index.drop_store(&item.store), stop).await?;
            } else {
                item.rows = left;
                rest.push(item);
            }
        }
        self.capsule.items = rest;
        self.capsule.state = State::Rest;
        if self.capsule.items.is_empty() {
            all(connection, &index.drop(&self.capsule), stop).await?;
        } else {
            connection.run(&index.update(&self.capsule), stop).await?;
            told.push(format!(
                "what did not come back stays in capsule {}: dbstudio capsules lists it",
                self.capsule.id
            ));
        }
        Ok(told)
    }
}

/// What became of an item, in a sentence: how many of its rows are left in the capsule, and how
/// many of these because others have changed them since.
fn words(item: &Item, fate: &Fate, left: u64, stale: u64) -> String {
    let what = item.what();
    let rows = |count: u64| counted(count, "row", "rows");
    let back = item.rows.saturating_sub(left);
    let is_whole = matches!(item.sort, Sort::Table | Sort::Rows);
    let mut told = match (back, is_whole) {
        (0, _) => format!("{what}: nothing came back"),
        (back, true) => format!("{what}: {} came back", rows(back)),
        (1, false) => format!("{what}: 1 row has its value back"),
        (back, false) => format!("{what}: {} have their values back", rows(back)),
    };
    if stale > 0 {
        told.push_str(&format!("; {} changed or gone since, left alone", rows(stale)));
    }
    let lacking = left - stale.min(left);
    if let Some(refused) = fate.refused.as_ref().filter(|_| lacking > 0) {
        told.push_str(&format!("; {} refused: {refused}", rows(lacking)));
    } else if lacking > 0 && item.key.is_empty() {
        told.push_str(&format!("; {} cannot be found again without a key", rows(lacking)));
    } else if lacking > 0 {
        let why = match is_whole {
            true => "there by now with other values",
            false => "gone since or with another value by now",
        };
        told.push_str(&format!("; {} {why}", rows(lacking)));
    }
    if fate.added > 0 {
        told.push_str(&format!("; {} added since, of which nothing was kept", rows(fate.added)));
    }
    told
}

/// Puts an item back; answers how many rows there are of which nothing is kept. Its triggers do not
/// see it. `was_there` is whether what it belongs to was there before the way back began: then
/// somebody else has made it, and its values are theirs.
async fn put(
    connection: &mut Connection,
    item: &Item,
    now: &Table,
    was_there: bool,
    stop: &Stop,
) -> Result<u64, Fault> {
    let dialect = connection.dialect();
    let store = Store::new(dialect, item, now);
    let (before, after) = triggers(connection, item, now, stop).await?;
    all(connection, &before, stop).await?;
    let mut added = 0;
    match item.sort {
        Sort::Table if !store.can_match() => {
            return rows_without_key(connection, store, after, stop).await;
        }
        Sort::Table => connection.run(&store.insert(), stop).await?,
        Sort::Columns if store.can_match() => {
            added = number(connection, &store.added(), stop).await?;
            // A table that was rebuilt may have got them from the way back itself.
            let differs = dialect == Dialect::Sqlite
                && number(connection, &store.fillings(), stop).await? > 1;
            let filled = was_there || differs;
            update(connection, store, filled, stop).await?;
        }
        Sort::Values if store.can_match() => update(connection, store, false, stop).await?,
        Sort::Rows if store.can_match() => {
            connection.run(&store.insert(), stop).await?;
            update(connection, store, false, stop).await?;
        }
        _ => {}
    }
    if store.can_match() {
        connection.run(&store.clear(), stop).await?;
    }
    all(connection, &store.recount(), stop).await?;
    all(connection, &after, stop).await?;
    Ok(added)
}

async fn update(
    connection: &mut Connection,
    store: Store<'_>,
    unfilled: bool,
    stop: &Stop,
) -> Result<(), Fault> {
    match store.update(unfilled) {
        Some(sql) => connection.run(&sql, stop).await,
        None => Ok(()),
    }
}

/// Rows that nothing tells apart come back only into a table that has none.
async fn rows_without_key(
    connection: &mut Connection,
    store: Store<'_>,
    after: Vec<String>,
    stop: &Stop,
) -> Result<u64, Fault> {
    let there = number(connection, &store.count_table(), stop).await?;
    if there == 0 {
        connection.run(&store.insert(), stop).await?;
        connection.run(&store.empty(), stop).await?;
        all(connection, &store.recount(), stop).await?;
    }
    all(connection, &after, stop).await?;
    Ok(there)
}

/// What keeps the triggers of a table from seeing what comes back, and lets a column that numbers
/// itself take its numbers back; and what sets both as they were.
async fn triggers(
    connection: &mut Connection,
    item: &Item,
    now: &Table,
    stop: &Stop,
) -> Result<(Vec<String>, Vec<String>), Fault> {
    let dialect = connection.dialect();
    let table = dialect.relation(&item.schema, &item.table);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    if dialect == Dialect::Sqlite {
        let sql = format!(
            "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' \
             AND tbl_name = {} COLLATE NOCASE ORDER BY rowid",
            dialect.literal(&item.table)
        );
        for row in connection.query(&sql, stop).await? {
            if let [Some(name), Some(made)] = row.as_slice() {
                before.push(format!("DROP TRIGGER {}", dialect.relation("main", name)));
                after.push(made.clone());
            }
        }
        return Ok((before, after));
    }
    let sql = format!(
        "SELECT pg_catalog.quote_ident(tgname), tgenabled FROM pg_catalog.pg_trigger \
         WHERE tgrelid = {}::pg_catalog.regclass AND NOT tgisinternal AND tgenabled IN ('O', 'A')",
        dialect.literal(&table)
    );
    for row in connection.query(&sql, stop).await? {
        if let [Some(name), Some(enabled)] = row.as_slice() {
            let always = if enabled == "A" { "ALWAYS " } else { "" };
            before.push(format!("ALTER TABLE {table} DISABLE TRIGGER {name}"));
            after.push(format!("ALTER TABLE {table} ENABLE {always}TRIGGER {name}"));
        }
    }
    if item.sort != Sort::Table {
        for column in &now.always {
            let column = dialect.ident(column);
            let set = format!("ALTER TABLE {table} ALTER COLUMN {column} SET GENERATED");
            before.push(format!("{set} BY DEFAULT"));
            after.push(format!("{set} ALWAYS"));
        }
    }
    if !after.is_empty() {
        // A table with checks that wait for the end cannot be altered.
        after.insert(0, "SET CONSTRAINTS ALL IMMEDIATE".to_owned());
    }
    Ok((before, after))
}
