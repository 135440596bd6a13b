//! The rebuild of a table: a new form of it beside the old one, the rows copied, the old one
//! dropped, the new one renamed ("Making Other Kinds Of Table Schema Changes" in SQLite's
//! documentation of ALTER TABLE).
//!
//! It counts on `foreign_keys` being off and `legacy_alter_table` being on: without them the
//! drop deletes the rows of other tables, and the rename fails where a view names the table.

use super::change::Forms;
use super::module::Module;
use crate::schema::model::{Definition, Form, Key, Kind, SqliteColumn, SqliteTable, words};
use crate::schema::plan::{Action, Step};
use crate::sql::Dialect;

/// The statements of a rebuild and what the person should know of it.
pub(super) struct Rebuilt {
    pub(super) steps: Vec<Step>,
    pub(super) notes: Vec<String>,
}

/// A rebuild in the making.
struct Rebuild<'a> {
    /// The key of the table as it is.
    key: &'a Key,
    old: &'a SqliteTable,
    new: &'a SqliteTable,
    definition: &'a Definition<'a>,
    /// The name it ends up with.
    name: &'a str,
    /// The name of what stands beside it meanwhile.
    temporary: &'a str,
    /// The columns of both that are other names for the rowid.
    aliases: (Option<&'a str>, Option<&'a str>),
    notes: Vec<String>,
}

/// Rebuilds a table into its new form. `dropped` is what is dropped with it: its indexes and
/// triggers.
pub(super) fn rebuild(
    (key, old): (&Key, &SqliteTable),
    (name, new): (&str, &SqliteTable),
    forms: &Forms<'_>,
    temporary: &str,
    dropped: Vec<Action>,
) -> Rebuilt {
    let definition = &forms.new;
    let (before, after) = (old.rowid_alias(forms.old.as_ref()), new.rowid_alias(Some(definition)));
    let aliases =
        (before.map(|column| column.name.as_str()), after.map(|column| column.name.as_str()));
    let notes = Vec::new();
    let mut rebuild = Rebuild { key, old, new, definition, name, temporary, aliases, notes };
    let mut drop = vec![Action::DropToRemake(key.clone())];
    drop.extend(rebuild.lost());
    drop.extend(dropped);
    let itself = definition.names_itself(name);
    let copy = rebuild.copy(if itself { Way::Back } else { Way::Over });
    let steps = if itself { rebuild.out_and_back(copy, drop) } else { rebuild.beside(copy, drop) };
    Rebuilt { steps, notes: rebuild.notes }
}

/// Between which tables rows are copied.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From the old table to the new form beside it.
    Over,
    /// From the copy beside it to the new form under the table's own name.
    Back,
}

/// What the rowids are called where they are copied along.
const CARRIED: &str = "__dbs_rowid";

impl Rebuild<'_> {
    fn ident(&self, name: &str) -> String {
        Dialect::Sqlite.ident(name)
    }

    /// The usual order: the new form is made under another name and renamed.
    fn beside(&self, copy: Step, drop: Vec<Action>) -> Vec<Step> {
        let mut create = self.new.sql.clone();
        create.replace_range(self.definition.name.clone(), &self.ident(self.temporary));
        let mut steps = vec![Step::new(create, vec![Action::Prepare(self.key.clone())])];
        steps.extend(self.counter(self.temporary));
        steps.push(copy);
        steps.push(Step::new(format!("DROP TABLE {}", self.ident(&self.key.name)), drop));
        steps.push(Step::new(
            format!(
                "ALTER TABLE {} RENAME TO {}",
                self.ident(self.temporary),
                self.ident(self.name)
            ),
            vec![Action::Remake(self.key.clone())],
        ));
        steps
    }

    /// The order for a table whose expressions name it: they are understood under its own name
    /// only, so the rows wait elsewhere while it is made anew.
    fn out_and_back(&self, copy: Step, drop: Vec<Action>) -> Vec<Step> {
        let own = self.ident(&self.key.name);
        let rowid = rowid_of(self.old).map(|rowid| format!("{own}.{rowid} AS {CARRIED}"));
        let columns = self.old.columns.iter().map(|column| {
            // The plus keeps the value's class: the copy has no types to turn it into another.
            let name = self.ident(&column.name);
            format!("+{own}.{name} AS {name}")
        });
        let columns: Vec<String> = rowid.into_iter().chain(columns).collect();
        let alter = || vec![Action::Alter(self.key.clone())];
        let aside = self.ident(self.temporary);
        let mut steps = vec![Step::new(
            format!("CREATE TABLE {aside} AS SELECT {} FROM {own}", columns.join(", ")),
            vec![Action::Aside(self.key.clone())],
        )];
        let counter = self.counter(self.temporary);
        let counted = counter.is_some();
        steps.extend(counter);
        steps.push(Step::new(format!("DROP TABLE {own}"), drop));
        steps.push(Step::new(self.new.sql.clone(), vec![Action::Remake(self.key.clone())]));
        if counted {
            let (to, from) = (self.literal(self.name), self.literal(self.temporary));
            let sql = format!("UPDATE sqlite_sequence SET name = {to} WHERE name = {from}");
            steps.push(Step::new(sql, alter()));
        }
        steps.push(copy);
        steps.push(Step::new(format!("DROP TABLE {aside}"), alter()));
        steps
    }

    fn literal(&self, text: &str) -> String {
        Dialect::Sqlite.literal(text)
    }

    /// Hands on how far AUTOINCREMENT has counted, before the rows come: it only ever grows.
    fn counter(&self, to: &str) -> Option<Step> {
        if !self.old.autoincrement || !self.new.autoincrement {
            return None;
        }
        let sql = format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT {}, seq FROM sqlite_sequence WHERE name = {}",
            self.literal(to),
            self.literal(&self.key.name)
        );
        Some(Step::new(sql, vec![Action::Alter(self.key.clone())]))
    }

    /// The columns whose values go.
    fn lost(&self) -> impl Iterator<Item = Action> {
        let gone = self.old.columns.iter().filter(|column| self.new.column(&column.name).is_none());
        gone.map(|column| Action::Drop(self.key.child(Kind::Column, &column.name)))
    }

    /// The statement that copies the rows, with what may fail in it.
    fn copy(&mut self, way: Way) -> Step {
        let (from, to) = match way {
            Way::Over => (self.ident(&self.key.name), self.ident(self.temporary)),
            Way::Back => (self.ident(self.temporary), self.ident(self.name)),
        };
        let (mut targets, mut values) = (Vec::new(), Vec::new());
        let carried = match way {
            Way::Over => rowid_of(self.old).map(|rowid| format!("{from}.{rowid}")),
            Way::Back => rowid_of(self.old).map(|_| format!("{from}.{CARRIED}")),
        };
        let alias = self.aliases.1;
        let rowid = match alias {
            Some(alias) if self.old.column(alias).is_some() => None,
            Some(alias) => carried.map(|value| (self.ident(alias), value)),
            None => carried.zip(rowid_of(self.new)).map(|(value, name)| (name.to_owned(), value)),
        };
        if let Some((target, value)) = rowid {
            targets.push(target);
            values.push(value);
        }
        let mut actions = vec![Action::Rebuild(self.key.clone())];
        for column in self.new.columns.iter().filter(|column| column.generated.is_none()) {
            let is_alias = alias == Some(column.name.as_str());
            let Some(old) = self.old.column(&column.name) else {
                if column.not_null && !has_value(column) && !is_alias {
                    actions.push(Action::AddRequired(self.key.child(Kind::Column, &column.name)));
                }
                continue;
            };
            targets.push(self.ident(&column.name));
            let value = format!("{from}.{}", self.ident(&old.name));
            values.push(self.value(old, column, value));
            actions.extend(self.effects(old, column));
        }
        if targets.is_empty() {
            // Nothing is common to both: as many rows of what the new columns hold by default.
            let column = self.new.columns.iter().find(|column| column.generated.is_none());
            targets.extend(column.map(|column| self.ident(&column.name)));
            values.push(column.and_then(default_value).unwrap_or_else(|| "NULL".to_owned()));
        }
        // Without it, a conflict clause of the new form could leave rows out silently.
        let or = if self.definition.words.iter().any(|word| word.is("conflict")) {
            " OR ABORT"
        } else {
            ""
        };
        let sql = format!(
            "INSERT{or} INTO {to} ({}) SELECT {} FROM {from}",
            targets.join(", "),
            values.join(", ")
        );
        Step::new(sql, actions)
    }

    /// The value a column gets: where NULL is refused from now on, its default in place of NULL.
    fn value(&mut self, old: &SqliteColumn, new: &SqliteColumn, value: String) -> String {
        if !new.not_null || old.not_null || self.is_old_alias(old) {
            return value;
        }
        let Some(default) = default_value(new).filter(|_| has_value(new)) else {
            return value;
        };
        self.notes.push(format!(
            "Where {}.{} is NULL it becomes its default, {default}",
            self.key.name, new.name
        ));
        format!("coalesce({value}, {default})")
    }

    fn is_old_alias(&self, column: &SqliteColumn) -> bool {
        self.aliases.0 == Some(column.name.as_str())
    }

    /// What happens to a column that stays.
    fn effects(&self, old: &SqliteColumn, new: &SqliteColumn) -> Vec<Action> {
        let key = || self.key.child(Kind::Column, &old.name);
        let mut actions = Vec::new();
        // ANY takes every value as it is in a strict table only.
        let any = old.type_name.eq_ignore_ascii_case("ANY") && self.old.strict != self.new.strict;
        if any || !old.type_name.eq_ignore_ascii_case(&new.type_name) {
            actions.push(Action::ChangeType {
                column: key(),
                from: old.type_name.clone(),
                to: new.type_name.clone(),
                using: None,
            });
        }
        if new.not_null && !old.not_null && !has_value(new) && !self.is_old_alias(old) {
            actions.push(Action::SetNotNull(key()));
        }
        actions
    }
}

/// A name for the rowid where it can be copied: what it is to a virtual table is its module's.
fn rowid_of(table: &SqliteTable) -> Option<&'static str> {
    let has = !table.is_virtual || Module::of(&table.sql).has_rowids();
    table.rowid_name().filter(|_| has)
}

/// Whether the default is a value, not NULL.
fn has_value(column: &SqliteColumn) -> bool {
    column.default.as_deref().is_some_and(|default| {
        let words = words(default);
        !matches!(words.as_slice(), [word] if word.is("null"))
    })
}

/// The default of a column as an expression.
fn default_value(column: &SqliteColumn) -> Option<String> {
    let text = column.default.as_deref()?.trim();
    let known = ["null", "true", "false", "current_time", "current_date", "current_timestamp"];
    let words = words(text);
    match words.as_slice() {
        [] => None,
        // To DEFAULT, any other single name is a string.
        [word] if matches!(word.form, Form::Doubtful | Form::Quoted) => {
            Some(Dialect::Sqlite.literal(&word.text))
        }
        [word] if word.form == Form::Bare && !known.iter().any(|known| word.is(known)) => {
            Some(Dialect::Sqlite.literal(text))
        }
        [_] => Some(text.to_owned()),
        [sign, _] if sign.is_mark("-") || sign.is_mark("+") => Some(text.to_owned()),
        _ => Some(format!("({text})")),
    }
}
