//! CREATE, ALTER and DROP TABLE, and how tables join and leave their parents.

use super::directory::Side;
use super::piece::Piece;
use super::{column, name};
use crate::schema::model::{Body, Column, Key, Kind, ReplicaIdentity, Table};
use crate::schema::plan::Action;

/// What is written inside a CREATE TABLE besides its columns.
pub(super) struct Inside {
    /// Defaults that are written with their columns, by the column's name.
    pub(super) defaults: Vec<String>,
    /// Columns that are added later, by statements of their own.
    pub(super) later: Vec<String>,
    /// Columns that are written as `serial`.
    pub(super) serials: Vec<String>,
    /// Constraints.
    pub(super) constraints: Vec<Key>,
}

/// Whether a table names its parent in its own CREATE TABLE: always where it inherits; a
/// partition only where nothing in its columns is its own.
pub(super) fn is_inline(key: &Key, model: &Side) -> bool {
    let Some(table) = model.table(key) else { return false };
    let Some(of) = &table.partition_of else { return true };
    let Some(parent) = model.table(&of.parent) else { return false };
    table.order == parent.order
        && table.order.iter().all(|name| {
            let own = model.column(&key.child(Kind::Column, name));
            let theirs = model.column(&of.parent.child(Kind::Column, name));
            let default = model.body(&key.child(Kind::Default, name));
            let parents_default = model.body(&of.parent.child(Kind::Default, name));
            let strict = own.is_some_and(|column| column.not_null);
            let plain = |column: &Column| Column {
                local: true,
                not_null: strict || column.not_null,
                ..column.clone()
            };
            own.map(plain) == theirs.map(plain)
                && (default == parents_default || default.is_some())
                && own.is_some_and(|column| column.identity.is_none())
        })
}

/// CREATE TABLE.
pub(super) fn create(key: &Key, table: &Table, inside: &Inside, model: &Side) -> Vec<Piece> {
    let mut sql = String::from("CREATE ");
    if table.unlogged {
        sql.push_str("UNLOGGED ");
    }
    sql.push_str(&format!("TABLE {}", name::of(key)));
    let partition = table.partition_of.as_ref().filter(|_| is_inline(key, model));
    let lines = lines(key, table, inside, model, partition.is_some());
    if let Some(of) = partition {
        sql.push_str(&format!(" PARTITION OF {}", name::of(&of.parent)));
    } else if let Some(type_key) = &table.of_type {
        sql.push_str(&format!(" OF {}", name::of(type_key)));
    }
    if !lines.is_empty() {
        sql.push_str(&format!(" (\n    {}\n)", lines.join(",\n    ")));
    } else if partition.is_none() && table.of_type.is_none() {
        sql.push_str(" ()");
    }
    if !table.inherits.is_empty() {
        let parents: Vec<String> = table.inherits.iter().map(name::of).collect();
        sql.push_str(&format!(" INHERITS ({})", parents.join(", ")));
    }
    if let Some(of) = partition {
        sql.push_str(&format!(" {}", of.bounds));
    }
    if let Some(by) = &table.partition_by {
        sql.push_str(&format!(" PARTITION BY {by}"));
    }
    if let Some(method) = &table.access_method {
        sql.push_str(&format!(" USING {}", name::ident(method)));
    }
    if !table.options.is_empty() {
        sql.push_str(&format!(" WITH ({})", options(&table.options)));
    }
    if let Some(space) = &table.tablespace {
        sql.push_str(&format!(" TABLESPACE {}", name::ident(space)));
    }
    let mut pieces = vec![Piece::whole(sql, Action::Create(key.clone()))];
    for column in table.order.iter().filter(|column| !inside.later.contains(column)) {
        let column = key.child(Kind::Column, column);
        if let Some(body) = model.column(&column) {
            pieces.extend(column::extras(&column, None, body));
        }
    }
    pieces.extend(security(key, None, table));
    pieces
}

/// The columns and constraints between the brackets.
fn lines(key: &Key, table: &Table, inside: &Inside, model: &Side, partition: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for own in table.order.iter().filter(|own| !inside.later.contains(own)) {
        let column_key = key.child(Kind::Column, own);
        let Some(body) = model.column(&column_key) else { continue };
        let written = inside.defaults.contains(own);
        let default = key.child(Kind::Default, own);
        let default = match model.body(&default) {
            Some(Body::Default { expression }) if written => Some(expression.as_str()),
            _ => None,
        };
        if partition {
            lines.extend(partition_line(key, table, own, body, default, model));
        } else if table.of_type.is_some() {
            let rest = column::typed_options(body, default);
            if !rest.is_empty() {
                lines.push(format!("{} WITH OPTIONS{rest}", name::ident(own)));
            }
        } else if body.local || table.inherits.is_empty() {
            let serial = inside.serials.contains(own);
            lines.push(column::line(&column_key, body, default, serial));
        }
    }
    for constraint in &inside.constraints {
        if let Some(Body::Constraint(body)) = model.body(constraint) {
            lines.push(format!("CONSTRAINT {} {}", name::ident(&constraint.name), body.definition));
        }
    }
    lines
}

/// What a partition's column has beyond its parent's.
fn partition_line(
    key: &Key,
    table: &Table,
    own: &str,
    body: &Column,
    default: Option<&str>,
    model: &Side,
) -> Option<String> {
    let parent = &table.partition_of.as_ref()?.parent;
    let inherited = model.body(&parent.child(Kind::Default, own));
    let differs = inherited != model.body(&key.child(Kind::Default, own));
    let mut line = String::new();
    if let Some(default) = default.filter(|_| differs) {
        line.push_str(&format!(" DEFAULT {default}"));
    }
    let stricter = |column: &Column| body.not_null && !column.not_null;
    if model.column(&parent.child(Kind::Column, own)).is_some_and(stricter) {
        line.push_str(" NOT NULL");
    }
    (!line.is_empty()).then(|| format!("{}{line}", name::ident(own)))
}

/// Storage parameters as SQL.
pub(super) fn options(options: &[String]) -> String {
    let one = |option: &String| match option.split_once('=') {
        Some((option, value)) => format!("{}={}", option_name(option), option_value(value)),
        None => option_name(option),
    };
    options.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn option_name(option: &str) -> String {
    match option.split_once('.') {
        Some((space, option)) => format!("{}.{}", name::ident(space), name::ident(option)),
        None => name::ident(option),
    }
}

fn option_value(value: &str) -> String {
    let plain = !value.is_empty()
        && value
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_'))
        || value.parse::<f64>().is_ok();
    if plain { value.to_owned() } else { name::literal(value) }
}

/// `SET (…)` and `RESET (…)` that lead from one list of parameters to another.
pub(super) fn option_clauses(have: &[String], want: &[String]) -> Vec<String> {
    let option = |text: &String| text.split('=').next().unwrap_or_default().to_owned();
    let set: Vec<String> = want.iter().filter(|one| !have.contains(one)).cloned().collect();
    let kept: Vec<String> = want.iter().map(option).collect();
    let reset: Vec<String> = have
        .iter()
        .map(option)
        .filter(|one| !kept.contains(one))
        .map(|one| option_name(&one))
        .collect();
    let mut clauses = Vec::new();
    if !set.is_empty() {
        clauses.push(format!("SET ({})", options(&set)));
    }
    if !reset.is_empty() {
        clauses.push(format!("RESET ({})", reset.join(", ")));
    }
    clauses
}

/// ALTER TABLE for what is the table's own.
pub(super) fn alter(key: &Key, have: &Table, want: &Table) -> Vec<Piece> {
    let mut clauses = Vec::new();
    if have.unlogged != want.unlogged {
        clauses.push(if want.unlogged { "SET UNLOGGED" } else { "SET LOGGED" }.to_owned());
    }
    clauses.extend(option_clauses(&have.options, &want.options));
    if have.access_method != want.access_method {
        let method = want.access_method.as_deref().unwrap_or("heap");
        clauses.push(format!("SET ACCESS METHOD {}", name::ident(method)));
    }
    if have.tablespace != want.tablespace {
        let space = want.tablespace.as_deref().unwrap_or("pg_default");
        clauses.push(format!("SET TABLESPACE {}", name::ident(space)));
    }
    if have.of_type != want.of_type {
        clauses.push(match &want.of_type {
            Some(type_key) => format!("OF {}", name::of(type_key)),
            None => "NOT OF".to_owned(),
        });
    }
    let table = name::of(key);
    let mut pieces: Vec<Piece> = clauses
        .into_iter()
        .map(|clause| Piece::clause(&table, clause, Action::Alter(key.clone())))
        .collect();
    pieces.extend(security(key, Some(have), want));
    pieces
}

/// Row-level security, which may be set once the table is there.
fn security(key: &Key, have: Option<&Table>, want: &Table) -> Vec<Piece> {
    let mut clauses = Vec::new();
    if have.is_some_and(|have| have.row_security) != want.row_security {
        let word = if want.row_security { "ENABLE" } else { "DISABLE" };
        clauses.push(format!("{word} ROW LEVEL SECURITY"));
    }
    if have.is_some_and(|have| have.force_row_security) != want.force_row_security {
        let word = if want.force_row_security { "FORCE" } else { "NO FORCE" };
        clauses.push(format!("{word} ROW LEVEL SECURITY"));
    }
    let table = name::of(key);
    let clause = |clause| Piece::clause(&table, clause, Action::Authorize(key.clone()));
    clauses.into_iter().map(clause).collect()
}

/// What names an index of the table, and so comes once the indexes are there: what identifies
/// rows to replication, and the order of CLUSTER.
pub(super) fn identities(key: &Key, have: Option<&Table>, want: &Table) -> Vec<Piece> {
    let mut clauses = Vec::new();
    let old = have.map_or(&ReplicaIdentity::Default, |have| &have.replica_identity);
    if *old != want.replica_identity {
        clauses.push(match &want.replica_identity {
            ReplicaIdentity::Default => "REPLICA IDENTITY DEFAULT".to_owned(),
            ReplicaIdentity::Nothing => "REPLICA IDENTITY NOTHING".to_owned(),
            ReplicaIdentity::Full => "REPLICA IDENTITY FULL".to_owned(),
            ReplicaIdentity::Index(index) => {
                format!("REPLICA IDENTITY USING INDEX {}", name::ident(index))
            }
        });
    }
    if have.and_then(|have| have.clustered_on.as_ref()) != want.clustered_on.as_ref() {
        clauses.push(match &want.clustered_on {
            Some(index) => format!("CLUSTER ON {}", name::ident(index)),
            None => "SET WITHOUT CLUSTER".to_owned(),
        });
    }
    let table = name::of(key);
    let clause = |clause| Piece::clause(&table, clause, Action::Alter(key.clone()));
    clauses.into_iter().map(clause).collect()
}

/// A table joins a parent.
pub(super) fn attach(key: &Key, parent: &Key, model: &Side) -> Piece {
    let of = model.table(key).and_then(|table| table.partition_of.as_ref());
    match of.filter(|of| of.parent == *parent) {
        Some(of) => Piece::whole(
            format!(
                "ALTER TABLE {} ATTACH PARTITION {} {}",
                name::of(parent),
                name::of(key),
                of.bounds
            ),
            Action::Alter(key.clone()),
        ),
        None => Piece::clause(
            name::of(key),
            format!("INHERIT {}", name::of(parent)),
            Action::Alter(key.clone()),
        ),
    }
}

/// A table leaves a parent.
pub(super) fn detach(key: &Key, parent: &Key, model: &Side) -> Piece {
    let of = model.table(key).and_then(|table| table.partition_of.as_ref());
    if of.is_some_and(|of| of.parent == *parent) {
        let sql = format!("ALTER TABLE {} DETACH PARTITION {}", name::of(parent), name::of(key));
        return Piece::whole(sql, Action::Alter(key.clone()));
    }
    let clause = format!("NO INHERIT {}", name::of(parent));
    Piece::clause(name::of(key), clause, Action::Alter(key.clone()))
}
