//! A table as a capsule has to know it: its columns, what a row is found by, how far its numbering
//! has come, and how large it is. Only asks.

use std::collections::BTreeMap;

use super::{Column, Counter};
use crate::db::connection::Connection;
use crate::db::fault::Fault;
use crate::db::stop::Stop;
use crate::schema::RelationName;
use crate::sql::Dialect;

type Answer<T> = Result<T, Fault>;

/// What a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An ordinary one, that holds its rows itself.
    Ordinary,
    /// A partitioned one, whose partitions hold its rows.
    Partitioned,
    /// One whose rows are elsewhere, or are made when they are read.
    Foreign,
}

/// A table as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it is.
    pub form: Form,
    /// Its columns that hold values, in their order; generated ones do not.
    pub columns: Vec<Column>,
    /// The sets of columns a row can be found by, the primary key first.
    pub keys: Vec<Vec<String>>,
    /// A name by which the rows' numbers can be asked for, where no column has them (SQLite).
    pub rowid: Option<&'static str>,
    /// Of each column, the type without its length, to which text is read back (PostgreSQL).
    pub bases: BTreeMap<String, String>,
    /// The columns that number themselves and take no other number.
    pub always: Vec<String>,
}

impl Table {
    /// A table that is not there.
    pub fn gone() -> Self {
        Self {
            form: Form::Ordinary,
            columns: Vec::new(),
            keys: Vec::new(),
            rowid: None,
            bases: BTreeMap::new(),
            always: Vec::new(),
        }
    }

    /// Whether it has a column of this name that holds values.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// What a row is found by without any of these columns.
    pub fn key_beside(&self, columns: &[String]) -> Vec<String> {
        let free = |key: &&Vec<String>| !key.iter().any(|name| columns.contains(name));
        self.keys.iter().find(free).cloned().unwrap_or_default()
    }
}

/// Reads a table; `None` where there is none.
///
/// # Errors
/// The catalogue cannot be read.
pub async fn read(
    connection: &mut Connection,
    name: &RelationName,
    stop: &Stop,
) -> Answer<Option<Table>> {
    match connection.dialect() {
        Dialect::Postgres => postgres(connection, name, stop).await,
        Dialect::Sqlite => sqlite(connection, name, stop).await,
    }
}

/// The condition on `c` and `n` that picks a relation.
fn is_it(name: &RelationName) -> String {
    let literal = |text: &str| Dialect::Postgres.literal(text);
    format!("n.nspname = {} AND c.relname = {}", literal(&name.schema), literal(&name.name))
}

async fn postgres(
    connection: &mut Connection,
    name: &RelationName,
    stop: &Stop,
) -> Answer<Option<Table>> {
    let is_it = is_it(name);
    let of = "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";
    let sql = format!("SELECT c.relkind {of} WHERE {is_it} AND c.relkind IN ('r', 'p', 'f')");
    let Some(kind) = first(connection.query(&sql, stop).await?) else { return Ok(None) };
    let sql = format!(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
         pg_catalog.format_type(a.atttypid, -1), a.attidentity {of} \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
         WHERE {is_it} AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' \
         ORDER BY a.attnum"
    );
    let columns = connection.query(&sql, stop).await?;
    let cell =
        |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    let bases = columns.iter().map(|row| (cell(row, 0), cell(row, 2))).collect();
    let always = columns.iter().filter(|row| cell(row, 3) == "a").map(|row| cell(row, 0)).collect();
    let sql = format!(
        "SELECT i.indexrelid, a.attname {of} JOIN pg_catalog.pg_index i ON i.indrelid = c.oid \
         CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place) \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number \
         WHERE {is_it} AND i.indisunique AND i.indisvalid AND i.indimmediate \
         AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute b WHERE b.attrelid = c.oid \
             AND b.attnum = ANY (i.indkey::int2[]) AND NOT b.attnotnull) \
         ORDER BY i.indisprimary DESC, i.indexrelid, k.place"
    );
    let keys = grouped(connection.query(&sql, stop).await?);
    let form = match kind.as_str() {
        "r" => Form::Ordinary,
        "p" => Form::Partitioned,
        _ => Form::Foreign,
    };
    Ok(Some(Table { form, columns: pairs(columns), keys, rowid: None, bases, always }))
}

async fn sqlite(
    connection: &mut Connection,
    name: &RelationName,
    stop: &Stop,
) -> Answer<Option<Table>> {
    let literal = Dialect::Sqlite.literal(&name.name);
    let sql = format!(
        "SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = {literal} COLLATE NOCASE \
         AND type IN ('table', 'virtual')"
    );
    let Some(found) = connection.query(&sql, stop).await?.into_iter().next() else {
        return Ok(None);
    };
    let is = |at: usize, word: &str| found.get(at).and_then(Option::as_deref) == Some(word);
    let (is_virtual, without_rowid) = (is(0, "virtual"), is(1, "1"));
    let sql = format!(
        "SELECT name, type, pk, \"notnull\" FROM pragma_table_xinfo({literal}, 'main') \
         WHERE hidden = 0 ORDER BY cid"
    );
    let rows = connection.query(&sql, stop).await?;
    let mut primary: Vec<(u32, String)> = Vec::new();
    for row in &rows {
        let cell = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let place = cell(2).parse().unwrap_or(0);
        if place > 0 {
            primary.push((place, cell(0)));
        }
    }
    primary.sort();
    let columns = pairs(rows);
    // One column of the type INTEGER is the row's number itself.
    let is_alias = primary.len() == 1
        && columns.iter().any(|column| {
            primary.iter().any(|(_, name)| *name == column.name)
                && column.type_name.eq_ignore_ascii_case("INTEGER")
        });
    let sql = format!(
        "SELECT l.name, i.name FROM pragma_index_list({literal}, 'main') l, \
         pragma_index_info(l.name, 'main') i WHERE l.\"unique\" AND NOT l.partial \
         AND NOT EXISTS (SELECT 1 FROM pragma_index_info(l.name, 'main') j \
             LEFT JOIN pragma_table_xinfo({literal}, 'main') t ON t.cid = j.cid \
             WHERE j.cid < 0 OR t.\"notnull\" = 0) \
         ORDER BY l.seq, i.seqno"
    );
    let mut keys: Vec<Vec<String>> = Vec::new();
    if !primary.is_empty() {
        keys.push(primary.into_iter().map(|(_, name)| name).collect());
    }
    keys.extend(grouped(connection.query(&sql, stop).await?));
    let taken = |name: &str| columns.iter().any(|one: &Column| one.name.eq_ignore_ascii_case(name));
    let rowid = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !taken(name));
    let rowid = rowid.filter(|_| !without_rowid && !is_alias && !is_virtual);
    let form = if is_virtual { Form::Foreign } else { Form::Ordinary };
    let (bases, always) = (BTreeMap::new(), Vec::new());
    Ok(Some(Table { form, columns, keys, rowid, bases, always }))
}

/// How far the numbering of a table's columns has come.
///
/// # Errors
/// The sequences cannot be read.
pub async fn counters(
    connection: &mut Connection,
    name: &RelationName,
    columns: &[Column],
    stop: &Stop,
) -> Answer<Vec<Counter>> {
    if connection.dialect() == Dialect::Sqlite {
        let sql = "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'";
        if connection.query(sql, stop).await?.is_empty() {
            return Ok(Vec::new());
        }
        let literal = Dialect::Sqlite.literal(&name.name);
        let sql = format!("SELECT seq FROM main.sqlite_sequence WHERE name = {literal}");
        let last = first(connection.query(&sql, stop).await?).and_then(|seq| seq.parse().ok());
        return Ok(last.map(|last| Counter { column: String::new(), last }).into_iter().collect());
    }
    let literal = |text: &str| Dialect::Postgres.literal(text);
    let table = literal(&Dialect::Postgres.relation(&name.schema, &name.name));
    let mut found = Vec::new();
    for column in columns {
        let sequence =
            format!("pg_catalog.pg_get_serial_sequence({table}, {})", literal(&column.name));
        let sql = format!(
            "SELECT pg_catalog.pg_sequence_last_value({sequence}::pg_catalog.regclass) \
             WHERE {sequence} IS NOT NULL"
        );
        let last = first(connection.query(&sql, stop).await?).and_then(|last| last.parse().ok());
        found.extend(last.map(|last| Counter { column: column.name.clone(), last }));
    }
    Ok(found)
}

/// How large the rows of a table are, or some of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How many rows it has.
    pub rows: u64,
    /// How many values of these columns are not NULL; the rows, where all columns are meant.
    pub values: u64,
    /// How many bytes all of it takes.
    pub bytes: u64,
    /// Whether it was counted, not estimated.
    pub exact: bool,
}

/// A table with more bytes than this is not read to measure it (PostgreSQL).
const READ_UP_TO: u64 = 1 << 28;

/// What a row takes beside its values.
const ROW: u64 = 28;

/// Measures a table: `columns` are those that would be kept, `values` those among them that count.
///
/// # Errors
/// The table cannot be read, or it was stopped.
pub async fn size(
    connection: &mut Connection,
    name: &RelationName,
    (columns, values): (&[String], &[String]),
    stop: &Stop,
) -> Answer<Size> {
    let dialect = connection.dialect();
    if dialect == Dialect::Postgres {
        let sql = format!(
            "SELECT coalesce(sum(pg_catalog.pg_table_size(t.relid)), 0), \
             (SELECT coalesce(sum(greatest(p.reltuples, 0)), 0)::int8 FROM pg_catalog.pg_class p \
              WHERE p.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(c.oid) \
                              UNION SELECT c.oid)) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             CROSS JOIN LATERAL (SELECT relid FROM pg_catalog.pg_partition_tree(c.oid) \
                                 UNION SELECT c.oid) t (relid) \
             WHERE {} GROUP BY c.oid",
            is_it(name)
        );
        let row = connection.query(&sql, stop).await?.into_iter().next().unwrap_or_default();
        let number = |at: usize| row.get(at).and_then(|cell| cell.as_ref()?.parse().ok());
        let (bytes, rows): (u64, u64) = (number(0).unwrap_or(0), number(1).unwrap_or(0));
        if bytes > READ_UP_TO {
            let widths = widths(connection, name, columns, stop).await?;
            let bytes = widths.map_or(bytes, |width| bytes.min(rows * (width + ROW)));
            return Ok(Size { rows, values: rows, bytes, exact: false });
        }
    }
    let table = dialect.relation(&name.schema, &name.name);
    let length = |column: &String| match dialect {
        Dialect::Postgres => {
            format!("coalesce(octet_length({}::text), 0)", dialect.ident(column))
        }
        Dialect::Sqlite => {
            format!("coalesce(length(CAST({} AS BLOB)), 0)", dialect.ident(column))
        }
    };
    let lengths: Vec<String> = columns.iter().map(length).collect();
    let lengths = if lengths.is_empty() { "0".to_owned() } else { lengths.join(" + ") };
    let counted: Vec<String> =
        values.iter().map(|column| format!("count({})", dialect.ident(column))).collect();
    let counted = if counted.is_empty() { "count(*)".to_owned() } else { counted.join(" + ") };
    let sql = format!("SELECT count(*), {counted}, coalesce(sum({lengths}), 0) FROM {table}");
    let row = connection.query(&sql, stop).await?.into_iter().next().unwrap_or_default();
    let number = |at: usize| -> u64 {
        let cell = row.get(at).and_then(|cell| cell.as_ref()?.parse().ok());
        cell.unwrap_or(0)
    };
    let rows = number(0);
    Ok(Size { rows, values: number(1), bytes: number(2) + rows * ROW, exact: true })
}

/// How many bytes these columns of a row take on average, where the server has counted it.
async fn widths(
    connection: &mut Connection,
    name: &RelationName,
    columns: &[String],
    stop: &Stop,
) -> Answer<Option<u64>> {
    let literal = |text: &str| Dialect::Postgres.literal(text);
    let names: Vec<String> = columns.iter().map(|column| literal(column)).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let sql = format!(
        "SELECT count(DISTINCT attname), coalesce(sum(avg_width), 0) FROM pg_catalog.pg_stats \
         WHERE schemaname = {} AND tablename = {} AND attname IN ({})",
        literal(&name.schema),
        literal(&name.name),
        names.join(", ")
    );
    let row = connection.query(&sql, stop).await?.into_iter().next().unwrap_or_default();
    let number = |at: usize| row.get(at).and_then(|cell| cell.as_ref()?.parse::<u64>().ok());
    let whole = number(0).is_some_and(|known| known == names.len() as u64);
    Ok(number(1).filter(|width| whole && *width > 0))
}

/// The first cell of the first row.
pub(super) fn first(rows: Vec<Vec<Option<String>>>) -> Option<String> {
    rows.into_iter().next()?.into_iter().next()?
}

fn pairs(rows: Vec<Vec<Option<String>>>) -> Vec<Column> {
    let column = |row: Vec<Option<String>>| {
        let mut cells = row.into_iter().map(Option::unwrap_or_default);
        let mut cell = || cells.next().unwrap_or_default();
        Column { name: cell(), type_name: cell(), later: None }
    };
    rows.into_iter().map(column).collect()
}

/// The second cells of rows that follow each other with the same first one.
fn grouped(rows: Vec<Vec<Option<String>>>) -> Vec<Vec<String>> {
    let mut last = String::new();
    let mut out: Vec<Vec<String>> = Vec::new();
    for row in rows {
        let mut cells = row.into_iter().map(Option::unwrap_or_default);
        let (of, name) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        match out.last_mut().filter(|_| of == last) {
            Some(group) => group.push(name),
            None => out.push(vec![name]),
        }
        last = of;
    }
    out
}
