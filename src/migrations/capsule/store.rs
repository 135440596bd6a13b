//! The SQL of what a capsule holds of one table: copying it, comparing it with what a migration
//! made of it, and putting it back. Only texts; nothing here runs one.
//!
//! On PostgreSQL every value is kept as the text the server prints, so that no type, domain or
//! collation is held up by the copy; on SQLite as it is stored.

use super::table::{Form, Table};
use super::{Index, Item, Sort};
use crate::sql::Dialect;

/// What became of a row that is kept: `changed` or `deleted` by the migration, `stale` once
/// somebody else has changed it since.
const STATE: &str = "__dbstudio_state";

/// What the migration made of a row, as text.
const AFTER: &str = "__dbstudio_after";

/// The row's number (SQLite).
const ROWID: &str = "__dbstudio_rowid";

/// The SQL of one item.
#[derive(Debug, Clone, Copy)]
pub struct Store<'a> {
    dialect: Dialect,
    item: &'a Item,
    /// The table as it is now.
    now: &'a Table,
    /// Whether it has the names it has after the migration, not those from before.
    later: bool,
}

impl<'a> Store<'a> {
    /// The SQL of an item whose table is like this now.
    pub fn new(dialect: Dialect, item: &'a Item, now: &'a Table) -> Self {
        Self { dialect, item, now, later: false }
    }

    /// The same by the names things have after the migration.
    pub fn later(self) -> Self {
        Self { later: true, ..self }
    }

    /// The statements that copy what is to be kept. Nobody writes to the table until the
    /// transaction ends.
    pub fn copy(self) -> Vec<String> {
        let (store, table) = (self.store(), self.relation());
        let names = self.item.columns.iter().map(|column| column.name.as_str());
        let only = self.only();
        if self.dialect == Dialect::Postgres {
            let values: Vec<String> = names
                .map(|name| format!("{} AS {}", self.text("t", name), self.ident(name)))
                .collect();
            return vec![
                format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"),
                format!(
                    "CREATE TABLE {store} AS SELECT {}, NULL::text AS \"{STATE}\", \
                     NULL::text AS \"{AFTER}\" FROM {only}{table} AS t",
                    values.join(", ")
                ),
                revoke(&store),
            ];
        }
        let names: Vec<String> = names.map(|name| self.ident(name)).collect();
        let mut made: Vec<String> =
            self.item.columns.iter().map(|column| self.declared(column)).collect();
        let (mut into, mut from) = (names.clone(), names);
        if let Some(rowid) = self.now.rowid.filter(|_| self.item.rowid) {
            made.push(format!("\"{ROWID}\""));
            into.push(format!("\"{ROWID}\""));
            from.push(rowid.to_owned());
        }
        let mut out = vec![
            format!("CREATE TABLE {store} ({}, \"{STATE}\", \"{AFTER}\")", made.join(", ")),
            format!(
                "INSERT INTO {store} ({}) SELECT {} FROM {table}",
                into.join(", "),
                from.join(", ")
            ),
        ];
        if !self.item.key.is_empty() {
            let key: Vec<String> = self.item.key.iter().map(|name| self.ident(name)).collect();
            let index = self.ident(&format!("{}_key", self.item.store));
            out.push(format!(
                "CREATE INDEX main.{index} ON {} ({})",
                self.ident(&self.item.store),
                key.join(", ")
            ));
        }
        out
    }

    /// A column of the copy on SQLite: only the key has a type, so that it can be looked up; the
    /// values of others stay exactly what they are.
    fn declared(self, column: &super::Column) -> String {
        let name = self.ident(&column.name);
        let is_any = column.type_name.eq_ignore_ascii_case("any");
        match self.item.key.contains(&column.name) && !is_any {
            true => format!("{name} {}", column.type_name),
            false => name,
        }
    }

    /// The statements that leave of the copy only what the migration has changed, and write down
    /// what it made of it. None where rows cannot be found any more.
    pub fn compare(self) -> Vec<String> {
        let values = self.compared();
        if !self.can_match() || values.is_empty() {
            return Vec::new();
        }
        let (store, same) = (self.store(), self.same());
        let (only, table) = (self.only(), self.relation());
        let too = match self.item.sort {
            Sort::Values => format!(" OR \"{STATE}\" = 'deleted'"),
            _ => String::new(),
        };
        vec![
            format!(
                "UPDATE {store} AS s SET \"{STATE}\" = 'changed', \"{AFTER}\" = {} \
                 FROM {only}{table} AS t WHERE {same} AND ({})",
                self.rendered(&values),
                self.differs(&values)
            ),
            format!(
                "UPDATE {store} AS s SET \"{STATE}\" = 'deleted' WHERE \"{STATE}\" IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM {only}{table} AS t WHERE {same})"
            ),
            format!("DELETE FROM {store} WHERE \"{STATE}\" IS NULL{too}"),
        ]
    }

    /// The statement that marks what somebody has changed since the migration, which is not put
    /// back. None where rows cannot be found any more.
    pub fn settle(self) -> Option<String> {
        let values = self.compared();
        if !self.can_match() || values.is_empty() {
            return None;
        }
        Some(format!(
            "UPDATE {} AS s SET \"{STATE}\" = 'stale' WHERE \"{STATE}\" = 'changed' AND NOT EXISTS \
             (SELECT 1 FROM {}{} AS t WHERE {} AND {} = s.\"{AFTER}\")",
            self.store(),
            self.only(),
            self.relation(),
            self.same(),
            self.rendered(&values),
        ))
    }

    /// The statement that puts rows back: all that are kept, or those the migration deleted. A row
    /// that is there is left alone.
    pub fn insert(self) -> String {
        let columns = self.common();
        let (mut into, mut from): (Vec<String>, Vec<String>) =
            columns.iter().map(|name| (self.ident(name), self.value(name))).unzip();
        if let Some(rowid) = self.now.rowid.filter(|_| self.item.rowid) {
            into.push(rowid.to_owned());
            from.push(format!("s.\"{ROWID}\""));
        }
        let overriding = match self.dialect {
            Dialect::Postgres => " OVERRIDING SYSTEM VALUE",
            Dialect::Sqlite => "",
        };
        format!(
            "INSERT INTO {} ({}){overriding} SELECT {} FROM {} AS s WHERE {}",
            self.relation(),
            into.join(", "),
            from.join(", "),
            self.store(),
            self.missing(),
        )
    }

    /// The condition for a row that is to be put back.
    fn missing(self) -> String {
        let wanted = match self.item.sort {
            Sort::Table => "true".to_owned(),
            _ => format!("s.\"{STATE}\" = 'deleted'"),
        };
        match self.can_match() {
            true => format!(
                "{wanted} AND NOT EXISTS (SELECT 1 FROM {}{} AS t WHERE {})",
                self.only(),
                self.relation(),
                self.same()
            ),
            false => wanted,
        }
    }

    /// The statement that gives rows these values back. With `unfilled` only where there is none.
    pub fn update(self, unfilled: bool) -> Option<String> {
        let values = self.given();
        if values.is_empty() {
            return None;
        }
        let set: Vec<String> = values
            .iter()
            .map(|name| format!("{} = {}", self.ident(name), self.value(name)))
            .collect();
        let empty: Vec<String> =
            values.iter().map(|name| format!("t.{} IS NULL", self.ident(name))).collect();
        let empty = if unfilled { format!(" AND {}", empty.join(" AND ")) } else { String::new() };
        Some(format!(
            "UPDATE {}{} AS t SET {} FROM {} AS s WHERE {} AND {}{empty}",
            self.only(),
            self.relation(),
            set.join(", "),
            self.store(),
            self.same(),
            self.wanted(),
        ))
    }

    /// The question how many rows get values back.
    pub fn matching(self) -> String {
        format!(
            "SELECT count(*) FROM {} AS s WHERE {} AND EXISTS (SELECT 1 FROM {}{} AS t WHERE {})",
            self.store(),
            self.wanted(),
            self.only(),
            self.relation(),
            self.same()
        )
    }

    /// The question how many rows there are of which nothing is kept.
    pub fn added(self) -> String {
        format!(
            "SELECT count(*) FROM {}{} AS t WHERE NOT EXISTS (SELECT 1 FROM {} AS s WHERE {})",
            self.only(),
            self.relation(),
            self.store(),
            self.same()
        )
    }

    /// The question whether the values of a column are all alike, as those are that a column is
    /// filled with: how many different ones there are, but not more than two.
    pub fn fillings(self) -> String {
        let values: Vec<String> = self.given().iter().map(|name| self.ident(name)).collect();
        format!(
            "SELECT count(*) FROM (SELECT DISTINCT {} FROM {} LIMIT 2)",
            values.join(", "),
            self.relation()
        )
    }

    /// The statement that takes out of the copy what is in the table again as it was.
    pub fn clear(self) -> String {
        let values = self.given();
        let same = match self.item.sort {
            Sort::Table | Sort::Rows => self.common(),
            _ => values,
        };
        let differs = self.differs(&same);
        let differs = if differs.is_empty() { "false" } else { &differs };
        format!(
            "DELETE FROM {} AS s WHERE (\"{STATE}\" IS NULL OR \"{STATE}\" <> 'stale') AND EXISTS \
             (SELECT 1 FROM {}{} AS t WHERE {} AND NOT ({differs}))",
            self.store(),
            self.only(),
            self.relation(),
            self.same(),
        )
    }

    /// The statement that empties the copy.
    pub fn empty(self) -> String {
        format!("DELETE FROM {}", self.store())
    }

    /// The question how many rows of the copy would find none of theirs, or another than the
    /// migration left; none where rows cannot be found any more.
    pub fn strangers(self) -> Option<String> {
        let wanted = match self.item.sort {
            Sort::Table => return None,
            Sort::Columns => "true".to_owned(),
            Sort::Values | Sort::Rows => format!("s.\"{STATE}\" = 'changed'"),
        };
        let values = self.compared();
        let alike = match self.item.sort {
            Sort::Columns => String::new(),
            _ if values.is_empty() => return None,
            _ => format!(" AND {} = s.\"{AFTER}\"", self.rendered(&values)),
        };
        self.can_match().then(|| {
            format!(
                "SELECT count(*) FROM {} AS s WHERE {wanted} AND NOT EXISTS \
                 (SELECT 1 FROM {}{} AS t WHERE {}{alike})",
                self.store(),
                self.only(),
                self.relation(),
                self.same()
            )
        })
    }

    /// The question how many rows the table has.
    pub fn count_table(self) -> String {
        format!("SELECT count(*) FROM {}{}", self.only(), self.relation())
    }

    /// The question how many rows the copy has, and how many of these are `stale`.
    pub fn count(self) -> String {
        format!(
            "SELECT count(*), count(CASE WHEN \"{STATE}\" = 'stale' THEN 1 END) FROM {}",
            self.store()
        )
    }

    /// The question how many bytes the copy takes.
    pub fn bytes(self) -> String {
        if self.dialect == Dialect::Postgres {
            let literal = self.dialect.literal(&self.store());
            return format!("SELECT pg_catalog.pg_table_size({literal}::pg_catalog.regclass)");
        }
        let length = |column: &super::Column| {
            format!("coalesce(length(CAST({} AS BLOB)), 0)", self.ident(&column.name))
        };
        let lengths: Vec<String> = self.item.columns.iter().map(length).collect();
        format!("SELECT coalesce(sum({} + 8), 0) FROM {}", lengths.join(" + "), self.store())
    }

    /// The statements that set the numbering of the table beyond what it had given out.
    pub fn recount(self) -> Vec<String> {
        let table = self.dialect.literal(&self.relation());
        let name = self.dialect.literal(&self.item.table);
        let counters = self.item.counters.iter();
        match self.dialect {
            Dialect::Postgres => counters
                .filter(|counter| self.now.column(&counter.column).is_some())
                .map(|counter| {
                    let (last, column) = (counter.last, self.dialect.literal(&counter.column));
                    let sequence = format!("pg_catalog.pg_get_serial_sequence({table}, {column})");
                    format!(
                        "SELECT pg_catalog.setval({sequence}::pg_catalog.regclass, {last}) WHERE \
                         coalesce(pg_catalog.pg_sequence_last_value({sequence}::pg_catalog.regclass), \
                         {last} - 1) < {last}"
                    )
                })
                .collect(),
            Dialect::Sqlite => counters
                .flat_map(|counter| {
                    let last = counter.last;
                    [
                        format!(
                            "INSERT INTO main.sqlite_sequence (name, seq) SELECT {name}, {last} WHERE \
                             NOT EXISTS (SELECT 1 FROM main.sqlite_sequence WHERE name = {name})"
                        ),
                        format!(
                            "UPDATE main.sqlite_sequence SET seq = max(seq, {last}) WHERE name = {name}"
                        ),
                    ]
                })
                .collect(),
        }
    }

    /// Whether a row that is kept can be found in the table.
    pub fn can_match(self) -> bool {
        let key = &self.item.key;
        !key.is_empty() && key.iter().all(|name| self.is_there(name))
    }

    /// Whether the table has every column again that is to get values back.
    pub fn has_all(self) -> bool {
        let names = self.item.columns.iter().map(|column| &column.name);
        match self.item.values.as_slice() {
            [] => names.into_iter().all(|name| self.is_there(name)),
            values => values.iter().all(|name| self.is_there(name)),
        }
    }

    /// Whether these columns have the types they had.
    pub fn has_types(self) -> bool {
        let mut kept = self.item.columns.iter();
        kept.all(|column| {
            !self.item.values.contains(&column.name)
                || self
                    .now
                    .column(&column.name)
                    .is_some_and(|now| now.type_name.eq_ignore_ascii_case(&column.type_name))
        })
    }

    /// What the table calls a column that is kept, by now.
    fn theirs(self, name: &str) -> &'a str {
        let column = self.item.columns.iter().find(|column| column.name == name);
        let later = column.and_then(|column| column.later.as_deref()).filter(|_| self.later);
        later.or_else(|| column.map(|column| column.name.as_str())).unwrap_or_default()
    }

    /// Whether the table has a column that is kept.
    fn is_there(self, name: &str) -> bool {
        self.now.column(self.theirs(name)).is_some()
    }

    /// The columns that are kept and are there.
    fn common(self) -> Vec<String> {
        let kept = self.item.columns.iter().map(|column| column.name.clone());
        kept.filter(|name| self.is_there(name)).collect()
    }

    /// The columns that get values back.
    fn given(self) -> Vec<String> {
        let all = match self.item.values.as_slice() {
            [] => self.common(),
            values => values.to_vec(),
        };
        let is_given = |name: &String| self.is_there(name) && !self.item.key.contains(name);
        all.into_iter().filter(is_given).collect()
    }

    /// The columns a migration may have changed the values of.
    fn compared(self) -> Vec<String> {
        match self.item.sort {
            Sort::Rows => self.common(),
            _ => self.given(),
        }
    }

    /// The condition for a row of the copy whose values are wanted.
    fn wanted(self) -> String {
        match self.item.sort {
            Sort::Columns | Sort::Table => "true".to_owned(),
            Sort::Values | Sort::Rows => {
                format!("(s.\"{STATE}\" IS NULL OR s.\"{STATE}\" = 'changed')")
            }
        }
    }

    /// The condition that a row of the copy and one of the table are the same one.
    fn same(self) -> String {
        let same = |name: &String| match self.dialect {
            Dialect::Postgres => format!("{} = s.{}", self.text("t", name), self.ident(name)),
            Dialect::Sqlite => {
                format!("t.{} = s.{}", self.ident(self.theirs(name)), self.ident(name))
            }
        };
        self.item.key.iter().map(same).collect::<Vec<_>>().join(" AND ")
    }

    /// The condition that a row of the copy and the same of the table differ.
    fn differs(self, columns: &[String]) -> String {
        let differs = |name: &String| {
            let ident = self.ident(name);
            match self.dialect {
                Dialect::Postgres => {
                    format!("{} IS DISTINCT FROM s.{ident}", self.text("t", name))
                }
                Dialect::Sqlite => {
                    let theirs = self.ident(self.theirs(name));
                    format!("quote(t.{theirs}) IS NOT quote(s.{ident})")
                }
            }
        };
        columns.iter().map(differs).collect::<Vec<_>>().join(" OR ")
    }

    /// What a row of the table holds in these columns, as one text.
    fn rendered(self, columns: &[String]) -> String {
        let one = |name: &String| match self.dialect {
            Dialect::Postgres => self.text("t", name),
            Dialect::Sqlite => format!("quote(t.{})", self.ident(self.theirs(name))),
        };
        let all: Vec<String> = columns.iter().map(one).collect();
        match self.dialect {
            Dialect::Postgres => format!("ROW({})::text", all.join(", ")),
            Dialect::Sqlite => all.join(" || ',' || "),
        }
    }

    /// A value of the copy as the table's column takes it.
    fn value(self, name: &str) -> String {
        match self.now.bases.get(name) {
            Some(base) => format!("s.{}::{base}", self.ident(name)),
            None => format!("s.{}", self.ident(name)),
        }
    }

    /// A column of the table as text (PostgreSQL), in the database's own collation.
    fn text(self, alias: &str, name: &str) -> String {
        let theirs = self.ident(self.theirs(name));
        format!("({alias}.{theirs}::text COLLATE pg_catalog.\"default\")")
    }

    fn ident(self, name: &str) -> String {
        self.dialect.ident(name)
    }

    fn relation(self) -> String {
        let name = match self.later {
            true => self.item.relation_later(),
            false => self.item.relation(),
        };
        self.dialect.relation(&name.schema, &name.name)
    }

    fn store(self) -> String {
        Index::new(self.dialect).sql(&self.item.store)
    }

    /// Rows of tables that inherit from it are not the table's own.
    fn only(self) -> &'static str {
        match (self.dialect, self.now.form) {
            (Dialect::Postgres, Form::Ordinary) => "ONLY ",
            _ => "",
        }
    }
}

/// The statement that takes every right on a copy away but its owner's, whatever default privileges
/// say: it holds what others may be kept from seeing.
fn revoke(store: &str) -> String {
    let literal = Dialect::Postgres.literal(store);
    format!(
        "DO $dbstudio$ DECLARE who text; BEGIN FOR who IN SELECT DISTINCT CASE a.grantee WHEN 0 \
         THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END \
         FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a \
         WHERE c.oid = {literal}::pg_catalog.regclass AND a.grantee <> c.relowner \
         LOOP EXECUTE 'REVOKE ALL ON TABLE {store} FROM ' || who; END LOOP; END $dbstudio$"
    )
}
