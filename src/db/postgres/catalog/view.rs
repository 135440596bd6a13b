//! Whether the rows of a view can be edited through the table under it, and by which key.
//!
//! It is certain only for a view that PostgreSQL itself writes through (one table, nothing
//! grouped) and that shows the table's whole key as it is. Where a column of the view comes from
//! is read from the view's stored query, in which the server keeps it; nothing is guessed from
//! names.

use super::super::failure::Answered;
use super::super::fields::Fields;
use super::super::pool::Lease;
use crate::schema::{
    Check, Column, ForeignKey, Generation, Incoming, Relation, Through, UniqueKey, Updatable,
};
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

/// A column of a view: its number there, the table it comes from, its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Origin {
    number: i64,
    table: i64,
    column: i64,
}

/// What the server says of a view.
struct Told {
    query: String,
    /// Whether UPDATE, DELETE and INSERT go through without a trigger.
    goes_through: bool,
    rules: bool,
    triggers: bool,
    columns: Vec<ToldColumn>,
}

/// What it says of one of its columns.
struct ToldColumn {
    name: String,
    number: i64,
    is_updatable: bool,
}

/// The base table: its oid, kind and schema, and its columns' names by their numbers.
pub(super) struct Base {
    kind: String,
    pub(super) schema: String,
    pub(super) name: String,
    columns: Vec<(i64, String)>,
    view: Told,
    origins: Vec<Origin>,
}

fn not(why: impl Into<String>) -> Updatable {
    Updatable::Not(format!("This view is read-only here: {}", why.into()))
}

/// The table a view's rows come from, or why they cannot be written.
pub(super) async fn base(lease: &mut Lease, oid: &str) -> Answered<Result<Base, Updatable>> {
    let sql = format!(
        "SELECT r.ev_action::text, pg_relation_is_updatable(r.ev_class, false) & 28 = 28,
                EXISTS (SELECT FROM pg_rewrite o WHERE o.ev_class = r.ev_class
                        AND o.rulename <> '_RETURN'),
                EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = r.ev_class
                        AND NOT t.tgisinternal AND t.tgtype & 64 <> 0),
                a.attname, a.attnum, pg_column_is_updatable(a.attrelid, a.attnum, false)
         FROM pg_rewrite r JOIN pg_attribute a ON a.attrelid = r.ev_class AND a.attnum > 0
         WHERE r.ev_class = {oid} AND r.rulename = '_RETURN' ORDER BY a.attnum"
    );
    let rows = lease.simple(sql).await?;
    let Some(first) = rows.first().map(Fields::new) else {
        return Ok(Err(not("its query is not known")));
    };
    let mut columns = Vec::with_capacity(rows.len());
    for row in rows.iter().map(Fields::new) {
        let (name, number, is_updatable) = (row.text(4)?, row.integer(5)?, row.flag(6)?);
        columns.push(ToldColumn { name, number, is_updatable });
    }
    let view = Told {
        query: first.text(0)?,
        goes_through: first.flag(1)?,
        rules: first.flag(2)?,
        triggers: first.flag(3)?,
        columns,
    };
    let origins = match origins_of(&view) {
        Ok(origins) => origins,
        Err(why) => return Ok(Err(why)),
    };
    let table = origins.first().map_or(0, |origin| origin.table);
    let sql = format!(
        "SELECT c.relkind, n.nspname, c.relname, a.attnum, a.attname
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.oid = {table}::oid"
    );
    let rows = lease.simple(sql).await?;
    let Some(first) = rows.first().map(Fields::new) else {
        return Ok(Err(not("the table under it is not known")));
    };
    let (kind, schema, name) = (first.text(0)?, first.text(1)?, first.text(2)?);
    let mut columns = Vec::with_capacity(rows.len());
    for row in rows.iter().map(Fields::new) {
        columns.push((row.integer(3)?, row.text(4)?));
    }
    Ok(Ok(Base { kind, schema, name, columns, view, origins }))
}

/// Where the view's columns come from, if all that come from a table come from the same.
fn origins_of(view: &Told) -> Result<Vec<Origin>, Updatable> {
    if view.triggers {
        return Err(not(
            "triggers (INSTEAD OF) do its writes, and only they know which row that changes",
        ));
    }
    if view.rules {
        return Err(not("rules decide what becomes of its writes"));
    }
    if !view.goes_through {
        return Err(not(
            "its query is not simple (several tables, or something grouped, distinct or limited), \
             so that PostgreSQL cannot write through it; edit the tables under it",
        ));
    }
    let (origins, is_sorted) = origins(&view.query);
    if is_sorted {
        return Err(not(
            "it has an ORDER BY of its own, which reading it by key would undo; edit the table \
             under it",
        ));
    }
    let origins: Vec<Origin> = origins.into_iter().filter(|origin| origin.table != 0).collect();
    let table = origins.first().map(|origin| origin.table);
    if table.is_none() || origins.iter().any(|origin| Some(origin.table) != table) {
        return Err(not("none of its columns is one of the table under it as it is"));
    }
    Ok(origins)
}

/// The result columns of a stored query, and whether it sorts its rows: what is in its own target
/// list and its own sort clause, not in those of queries within it.
fn origins(tree: &str) -> (Vec<Origin>, bool) {
    let (mut depth, mut is_list, mut found) = (0_usize, false, Vec::new());
    let mut is_sorted = false;
    let (mut word, mut key) = (String::new(), String::new());
    let mut here = Origin { number: 0, table: 0, column: 0 };
    let mut letters = tree.chars();
    // A list of one query, the query, its target list, an entry of that: each one deeper.
    let (in_query, in_entry) = (2, 4);
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => word.extend(letters.next()),
            '(' | '{' | ')' | '}' | ' ' | '\n' => {
                let ended = std::mem::take(&mut word);
                if ended.starts_with(':') {
                    if depth == in_query {
                        is_list = ended == ":targetList";
                    }
                    key = ended;
                } else if depth == in_entry && is_list && !ended.is_empty() {
                    let number = ended.parse().unwrap_or(0);
                    match key.as_str() {
                        ":resno" => here.number = number,
                        ":resorigtbl" => here.table = number,
                        ":resorigcol" => here.column = number,
                        _ => {}
                    }
                }
                match letter {
                    '(' | '{' => {
                        is_sorted |= depth == in_query && key == ":sortClause";
                        depth += 1;
                    }
                    ')' | '}' => {
                        if depth == in_entry && is_list && letter == '}' {
                            found.push(here);
                            here = Origin { number: 0, table: 0, column: 0 };
                        }
                        depth = depth.saturating_sub(1);
                    }
                    _ => {}
                }
            }
            letter => word.push(letter),
        }
    }
    (found, is_sorted)
}

impl Base {
    /// The name of the view's column that shows a column of the table as it is.
    fn shown(&self, column: &str) -> Option<String> {
        let number = self.columns.iter().find(|(_, name)| name == column)?.0;
        let origin = self.origins.iter().find(|origin| origin.column == number)?;
        let told = self.view.columns.iter().find(|told| told.number == origin.number)?;
        told.is_updatable.then(|| told.name.clone())
    }

    fn all_shown(&self, columns: &[String]) -> Option<Vec<String>> {
        columns.iter().map(|column| self.shown(column)).collect()
    }

    /// The name of the table's column that the view shows under this name.
    fn under(&self, column: &str) -> Option<&str> {
        let told = self.view.columns.iter().find(|told| told.name == column)?;
        let origin = self.origins.iter().find(|origin| origin.number == told.number)?;
        let found = self.columns.iter().find(|(number, _)| *number == origin.column)?;
        told.is_updatable.then_some(found.1.as_str())
    }

    /// Lets the view know what its table says of rows, as far as that is certain.
    pub(super) fn lend(&self, view: &mut Relation, table: &Relation) {
        let key = match self.key(table) {
            Ok(key) => key,
            Err(why) => {
                view.updatable = Some(why);
                return;
            }
        };
        for column in &mut view.columns {
            let under = self.under(&column.name).and_then(|name| table.column(name));
            lend_column(column, under);
        }
        view.foreign_keys = table.foreign_keys.iter().filter_map(|key| self.foreign(key)).collect();
        view.incoming = table.incoming.iter().filter_map(|key| self.incoming(key)).collect();
        let kept = table.checks.iter().filter(|check| self.holds_alike(check)).cloned();
        view.checks = kept.collect();
        view.updatable = Some(Updatable::Through(Box::new(Through {
            table: table.name.clone(),
            key,
            triggers: table.triggers.clone(),
        })));
    }

    /// The table's key in the view's names.
    fn key(&self, table: &Relation) -> Result<UniqueKey, Updatable> {
        let name = &table.name;
        if !matches!(self.kind.as_str(), "r" | "p") {
            return Err(not(format!("it is a view of {name}, which is no table; edit that")));
        }
        let Some(key) = table.identity_key() else {
            return Err(not(format!("{name} under it has no key that tells its rows apart")));
        };
        match self.all_shown(&key.columns) {
            Some(columns) => Ok(UniqueKey { columns, ..key.clone() }),
            None => Err(not(format!(
                "the key of {name} ({}) is not all in it; edit that table",
                key.columns.join(", ")
            ))),
        }
    }

    fn foreign(&self, key: &ForeignKey) -> Option<ForeignKey> {
        Some(ForeignKey { columns: self.all_shown(&key.columns)?, ..key.clone() })
    }

    fn incoming(&self, key: &Incoming) -> Option<Incoming> {
        Some(Incoming { columns: self.all_shown(&key.columns)?, ..key.clone() })
    }

    /// Whether a check of the table says the same of the view's columns: all it names are there
    /// under their own names.
    fn holds_alike(&self, check: &Check) -> bool {
        let expression = check.expression.as_str();
        let named = tokens(Dialect::Postgres, expression);
        let mut named = named.iter().filter_map(|token| token.name(expression));
        named.all(|name| {
            let is_column = self.columns.iter().any(|(_, column)| *column == name);
            !is_column || self.under(&name) == Some(&*name)
        })
    }
}

/// What a column of the table under it says of a column of a view.
fn lend_column(column: &mut Column, under: Option<&Column>) {
    match under {
        Some(under) => {
            column.nullable = under.nullable;
            column.default.clone_from(&under.default);
            column.generation.clone_from(&under.generation);
        }
        None => column.generation = Some(Generation::Virtual("the query of the view".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_columns_of_the_query_itself_are_found() {
        let inner = "{QUERY :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 \
                     :resname x :resorigtbl 7 :resorigcol 9 :resjunk false})}";
        let tree = format!(
            "({{QUERY :commandType 1 :rtable ({{RTE :eref {{ALIAS :aliasname o\\ \\(x}} \
             :subquery {inner}}}) :jointree {{FROMEXPR :quals {{SUBLINK :subselect {inner}}}}} \
             :targetList ({{TARGETENTRY :expr {{VAR :varno 3}} :resno 1 :resname a\\{{b \
             :resorigtbl 16400 :resorigcol 2 :resjunk false}} {{TARGETENTRY :expr {{OPEXPR}} \
             :resno 2 :resname ?column? :resorigtbl 0 :resorigcol 0 :resjunk false}}) \
             :returningList <> :sortClause <> :limitOffset {{CONST}}}})"
        );
        let (found, is_sorted) = origins(&tree);
        assert!(!is_sorted);
        let expected = [
            Origin { number: 1, table: 16400, column: 2 },
            Origin { number: 2, table: 0, column: 0 },
        ];
        assert_eq!(found, expected);
        assert!(origins(&tree.replace(":sortClause <>", ":sortClause ({X :y 1})")).1);
        assert!(origins("").0.is_empty() && origins("((({{{").0.is_empty());
    }
}
