//! What has to happen to a table that both schemas have: nothing, `ALTER TABLE`, the rebuild, or
//! for a virtual table dropping it and making it anew.
//!
//! `ALTER TABLE` is chosen only where SQLite does it whatever rows there are ("ALTER TABLE" in
//! its documentation), and where the text it leaves behind is read as the one wanted.

use super::module::Module;
use super::side::{Side, Thing, fold};
use crate::schema::model::{
    Clause, ClauseKind, ColumnText, Definition, Form, Kind, SqliteTable, Word, same_clauses,
    same_words, words,
};
use crate::schema::plan::{Action, Step};
use crate::sql::Dialect;
use crate::sql::lexer::{TokenKind, tokens};

/// What happens to a table.
#[derive(Debug)]
pub(super) enum Change<'m> {
    /// Nothing.
    Keep,
    /// These statements.
    Alter(Vec<Step>),
    /// A new form of it, the rows copied.
    Rebuild(Box<Forms<'m>>),
    /// It is dropped and made anew; what it holds is lost.
    Replace,
}

/// The texts of a table that is rebuilt, taken apart.
#[derive(Debug)]
pub(super) struct Forms<'m> {
    /// As it is; none where it is virtual.
    pub(super) old: Option<Definition<'m>>,
    /// As it is to be.
    pub(super) new: Definition<'m>,
}

/// Decides. `whole` is whether no column may be dropped in place, because of what else there is.
pub(super) fn change<'m>(have: &Thing<'m>, want: &Thing<'m>, whole: bool) -> Change<'m> {
    let (Some(old), Some(new)) = (have.table, want.table) else { return Change::Replace };
    if old.sql == new.sql {
        return Change::Keep;
    }
    if old.is_virtual || new.is_virtual {
        return if old.same(new) { Change::Keep } else { replaced(old, new) };
    }
    let (before, wanted) = (Definition::read(&old.sql), Definition::read(&new.sql));
    if old.same_read(new, (before.as_ref(), wanted.as_ref())) {
        return Change::Keep;
    }
    let Some(wanted) = wanted else { return Change::Replace };
    let steps = before.as_ref().and_then(|definition| {
        let before = Written { table: old, definition };
        let after = Written { table: new, definition: &wanted };
        altered(have, &before, &after, whole)
    });
    match steps {
        Some(steps) => Change::Alter(steps),
        None => Change::Rebuild(Box::new(Forms { old: before, new: wanted })),
    }
}

/// What happens where one of both is a virtual table.
fn replaced<'m>(old: &'m SqliteTable, new: &'m SqliteTable) -> Change<'m> {
    let holds = |table: &SqliteTable| !table.is_virtual || Module::of(&table.sql).holds_rows();
    let common = old.columns.iter().any(|column| new.column(&column.name).is_some());
    let definition =
        if new.is_virtual { Definition::of_virtual(&new.sql) } else { Definition::read(&new.sql) };
    match definition {
        Some(definition) if common && holds(old) && holds(new) => {
            let old = Definition::read(&old.sql);
            Change::Rebuild(Box::new(Forms { old, new: definition }))
        }
        _ => Change::Replace,
    }
}

/// A table and its text taken apart.
struct Written<'a> {
    table: &'a SqliteTable,
    definition: &'a Definition<'a>,
}

/// The statements that alter a table in place, if that can be done.
fn altered(have: &Thing, old: &Written, new: &Written, whole: bool) -> Option<Vec<Step>> {
    if old.table.strict != new.table.strict || old.table.without_rowid != new.table.without_rowid {
        return None;
    }
    let stays = |column: &&ColumnText| new.definition.column(&column.name).is_some();
    let (kept, lost): (Vec<&ColumnText>, Vec<&ColumnText>) =
        old.definition.columns.iter().partition(stays);
    let is_new = |column: &&ColumnText| old.definition.column(&column.name).is_none();
    let (added, twins): (Vec<&ColumnText>, Vec<&ColumnText>) =
        new.definition.columns.iter().partition(is_new);
    let same_types = kept.iter().all(|column| {
        let twin = new.definition.column(&column.name);
        twin.is_some_and(|twin| same_words(&column.type_words, &twin.type_words))
    });
    if kept.is_empty() || !same_types {
        return None;
    }
    let left = kept.iter().flat_map(|column| &column.clauses).chain(&old.definition.constraints);
    let wanted = twins.iter().flat_map(|column| &column.clauses).chain(&new.definition.constraints);
    if !same_clauses(left, wanted) {
        return None;
    }
    let mut steps = drops(have, old, &lost, whole)?;
    steps.extend(additions(have, new, &added)?);
    Some(steps)
}

/// `DROP COLUMN` for each of these, if SQLite does that; one that another names comes after it.
fn drops(have: &Thing, old: &Written, lost: &[&ColumnText], whole: bool) -> Option<Vec<Step>> {
    if !lost.is_empty() && whole {
        return None;
    }
    let mut steps = Vec::with_capacity(lost.len());
    let mut there: Vec<&ColumnText> = old.definition.columns.iter().collect();
    let mut lost = lost.to_vec();
    while !lost.is_empty() {
        let free = lost.iter().position(|column| {
            let mut others = lost.iter().filter(|other| !other.is_named(&column.name));
            !others.any(|other| mentions(other, &column.name))
        })?;
        let column = lost.swap_remove(free);
        let facts = old.table.column(&column.name)?;
        let keyed = |clause: &Clause| {
            matches!(clause.kind, ClauseKind::PrimaryKey | ClauseKind::Unique | ClauseKind::Unknown)
        };
        if facts.primary_key > 0 || column.clauses.iter().any(keyed) {
            return None;
        }
        // Looking for the comma before the last column, SQLite does not know of comments.
        let last = there.last().is_some_and(|last| last.is_named(&column.name));
        if last && has_comment(&old.table.sql) {
            return None;
        }
        there.retain(|other| !other.is_named(&column.name));
        let key = have.key.child(Kind::Column, &*column.name);
        let sql = format!(
            "ALTER TABLE {} DROP COLUMN {}",
            Dialect::Sqlite.ident(&have.key.name),
            Dialect::Sqlite.ident(&column.name)
        );
        steps.push(Step::new(sql, vec![Action::Drop(key)]));
    }
    Some(steps)
}

fn has_comment(sql: &str) -> bool {
    tokens(Dialect::Sqlite, sql).iter().any(|token| token.kind == TokenKind::Comment)
}

/// `ADD COLUMN` for each of these, if SQLite does that: those that are computed come last.
fn additions(have: &Thing, new: &Written, added: &[&ColumnText]) -> Option<Vec<Step>> {
    let computed = |column: &&&ColumnText| column.clauses.iter().any(is_generated);
    let plain = added.iter().filter(|column| !computed(column));
    let order: Vec<&ColumnText> =
        plain.chain(added.iter().filter(|column| computed(column))).copied().collect();
    let mut steps = Vec::with_capacity(order.len());
    for (place, column) in order.iter().enumerate() {
        let later = order.iter().skip(place + 1);
        if !addable(column) || later.into_iter().any(|later| mentions(column, &later.name)) {
            return None;
        }
        let sql = format!(
            "ALTER TABLE {} ADD COLUMN {}",
            Dialect::Sqlite.ident(&have.key.name),
            new.table.sql.get(column.range.clone())?
        );
        let key = have.key.child(Kind::Column, &*column.name);
        steps.push(Step::new(sql, vec![Action::Create(key)]));
    }
    Some(steps)
}

fn is_generated(clause: &Clause) -> bool {
    clause.kind == ClauseKind::Generated
}

fn mentions(column: &ColumnText, name: &str) -> bool {
    let mut words = column.clauses.iter().flat_map(|clause| &clause.words);
    words.any(|word| word.form != Form::Other && word.as_name().eq_ignore_ascii_case(name))
}

/// Whether `ADD COLUMN` takes this column whatever rows there are.
fn addable(column: &ColumnText) -> bool {
    let clause = |kind: ClauseKind| column.clauses.iter().find(move |one| one.kind == kind);
    let has = |kind| clause(kind).is_some();
    if has(ClauseKind::PrimaryKey) || has(ClauseKind::Unique) || has(ClauseKind::Unknown) {
        return false;
    }
    if let Some(generated) = clause(ClauseKind::Generated) {
        return !generated.words.iter().any(|word| word.is("stored"));
    }
    let default = clause(ClauseKind::Default).map(|clause| clause.words.as_slice());
    let value = match default {
        None => false,
        Some([word]) if word.is("null") => false,
        Some(words) if is_constant(words) => true,
        Some(_) => return false,
    };
    if value { !has(ClauseKind::References) } else { !has(ClauseKind::NotNull) }
}

/// Whether a default is a constant to `ADD COLUMN`.
fn is_constant(words: &[Word]) -> bool {
    let number =
        |word: &Word| word.text.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    match words {
        [word] => match word.form {
            Form::String => true,
            Form::Other => number(word),
            _ => word.is("true") || word.is("false"),
        },
        [sign, word] => (sign.is_mark("-") || sign.is_mark("+")) && number(word),
        _ => false,
    }
}

/// Whether a schema may hold a string in double quotes. Dropping a column writes all of them
/// with single quotes, in every table and view, so that texts no longer are what they were.
pub(super) fn may_hold_literals(side: &Side) -> bool {
    let mut known: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    for things in [&side.tables, &side.views, &side.indexes, &side.triggers] {
        known.extend(things.keys().cloned());
    }
    for table in side.tables.values().filter_map(|thing| thing.table) {
        known.extend(table.columns.iter().map(|column| fold(&column.name)));
    }
    let unknown = |word: &Word| word.form == Form::Doubtful && !known.contains(&fold(&word.text));
    let written = [&side.views, &side.indexes, &side.triggers];
    let mut written = written.into_iter().flat_map(|things| things.values());
    written.any(|thing| thing.sql.contains('"') && words(thing.sql).iter().any(unknown))
        || side.tables.values().filter_map(|thing| thing.table).any(holds_literal)
}

/// The same for one table: its expressions can name its own columns only.
fn holds_literal(table: &SqliteTable) -> bool {
    if !table.sql.contains('"') {
        return false;
    }
    let Some(definition) = Definition::read(&table.sql) else { return false };
    let expressions = definition.clauses().filter(|clause| {
        matches!(clause.kind, ClauseKind::Check | ClauseKind::Default | ClauseKind::Generated)
    });
    let mut words = expressions.flat_map(|clause| &clause.words);
    words.any(|word| word.form == Form::Doubtful && definition.column(&word.text).is_none())
}
