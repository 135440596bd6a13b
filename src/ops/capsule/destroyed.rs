//! What a migration destroys, told from what its statements were seen to do in a scratch database,
//! and from their words: tables and columns that go, types that change, rows that are deleted or
//! changed. By the names things have before the migration. Only judges; reads no rows.

use std::collections::BTreeSet;

use super::Save;
use crate::migrations::capsule::Sort;
use crate::schema::RelationName;
use crate::schema::hazard::keeps_values;
use crate::schema::model::{Body, Key, Kind, Model, is_history_table};
use crate::schema::plan::{Action, Plan};
use crate::sql::Dialect;
use crate::sql::touch::{Rows, touch};

/// What a migration destroys that ran as this plan on a schema like `before` and led to `after`;
/// `search` are the schemas a bare name is looked for in.
pub(super) fn by_plan(plan: &Plan, before: &Model, after: &Model, search: &[String]) -> Vec<Save> {
    let mut work = Work { before, after, search, renamed: Vec::new(), saves: Vec::new() };
    for step in &plan.steps {
        let touched = touch(plan.dialect, &step.sql);
        for rows in &touched.rows {
            work.rows(rows);
        }
        for action in &step.actions {
            work.action(action, touched.converts);
        }
    }
    let mut saves = std::mem::take(&mut work.saves);
    for save in &mut saves {
        work.follow(save);
    }
    merged(saves)
}

struct Work<'a> {
    before: &'a Model,
    after: &'a Model,
    search: &'a [String],
    /// The renames so far: what it was called, what it is called.
    renamed: Vec<(Key, Key)>,
    saves: Vec<Save>,
}

impl Work<'_> {
    fn action(&mut self, action: &Action, converts: bool) {
        match action {
            Action::Rename { from, to } => self.renamed.push((from.clone(), to.clone())),
            Action::Drop(key) | Action::DropToRemake(key) | Action::DropOld(key) => self.drop(key),
            Action::ChangeType { column, from, to, .. } if converts || !keeps_values(from, to) => {
                self.column(column, Sort::Values);
            }
            Action::DropAttribute { key, .. } => self.attribute(key),
            Action::Rebuild(table) => self.rebuilt(&self.earlier(table)),
            _ => {}
        }
    }

    /// What something was called before the migration.
    fn earlier(&self, key: &Key) -> Key {
        let mut key = key.clone();
        for (from, to) in self.renamed.iter().rev() {
            if key == *to {
                key = from.clone();
            } else if key.kind.is_part() && key.table() == *to {
                (key.schema, key.of) = (from.schema.clone(), from.name.clone());
            }
        }
        key
    }

    /// Notes what the table and its columns are called once the migration has run.
    fn follow(&self, save: &mut Save) {
        let before = Key::new(Kind::Table, &save.table.schema, &save.table.name);
        let then = self.then(&before);
        if then != before {
            save.later = Some((then.schema.clone(), then.name.clone()));
        }
        for name in columns(self.before, &before) {
            let then = self.then(&before.child(Kind::Column, name.as_str()));
            if then.name != name {
                save.renamed.push((name, then.name));
            }
        }
    }

    /// What something that was there before the migration is called after it.
    fn then(&self, key: &Key) -> Key {
        let mut key = key.clone();
        for (from, to) in &self.renamed {
            if key == *from {
                key = to.clone();
            } else if key.kind.is_part() && key.table() == *from {
                (key.schema, key.of) = (to.schema.clone(), to.name.clone());
            }
        }
        key
    }

    fn drop(&mut self, key: &Key) {
        let earlier = self.earlier(key);
        match key.kind {
            Kind::Table if !self.is_ours(&earlier) => {}
            // Another form of it has its name by the end: it was rebuilt by hand.
            Kind::Table if self.after.get(&earlier).is_some() => self.rebuilt(&earlier),
            Kind::Table => self.save(&earlier, Sort::Table, Vec::new()),
            Kind::Column => self.column(key, Sort::Columns),
            _ => {}
        }
    }

    fn column(&mut self, key: &Key, sort: Sort) {
        let key = self.earlier(key);
        let table = key.table();
        // What a table does to its columns it does to its partitions'.
        let is_part = matches!(self.before.body(&table), Some(Body::Table(found))
            if found.partition_of.is_some());
        if !is_part && self.is_ours(&table) && columns(self.before, &table).contains(&key.name) {
            self.save(&table, sort, vec![key.name]);
        }
    }

    /// A table whose rows were copied into another form of it: columns may be gone, and rows.
    fn rebuilt(&mut self, table: &Key) {
        if !self.is_ours(table) {
            return;
        }
        let (old, new) = (columns(self.before, table), columns(self.after, table));
        let gone: Vec<String> = old.difference(&new).cloned().collect();
        match gone.is_empty() {
            true => self.save(table, Sort::Rows, Vec::new()),
            false => self.save(table, Sort::Columns, gone),
        }
    }

    /// The columns of a composite type that loses an attribute.
    fn attribute(&mut self, key: &Key) {
        let names = [key.name.clone(), key.to_string()];
        let of_type = |name: &str| names.iter().any(|own| own == name.trim_end_matches("[]"));
        let found: Vec<(Key, String)> = self
            .before
            .of_kind(Kind::Column)
            .filter(|(_, object)| match &object.body {
                Body::Column(column) => of_type(&column.type_name.replace('"', "")),
                _ => false,
            })
            .map(|(key, _)| (key.table(), key.name.clone()))
            .collect();
        for (table, column) in found {
            self.save(&table, Sort::Values, vec![column]);
        }
    }

    /// Rows that a statement deletes or changes.
    fn rows(&mut self, rows: &Rows) {
        let Some(now) = self.find(rows) else { return };
        let table = self.earlier(&now);
        if !self.is_ours(&table) {
            return;
        }
        let Some(written) = &rows.columns else {
            self.save(&table, Sort::Rows, Vec::new());
            if let Some(save) = self.saves.last_mut() {
                save.truncates = rows.cascades;
            }
            return;
        };
        // A column the migration has added had nothing to lose.
        let known = columns(self.before, &table);
        let is_known = |name: &String| {
            let key = self.earlier(&now.child(Kind::Column, name.as_str()));
            known.iter().find(|one| one.eq_ignore_ascii_case(&key.name)).cloned()
        };
        let lost: Vec<String> = written.iter().filter_map(is_known).collect();
        for name in lost {
            self.save(&table, Sort::Values, vec![name]);
        }
    }

    /// The table a statement names, by the name it has then.
    fn find(&self, rows: &Rows) -> Option<Key> {
        let known = |key: &Key| {
            self.before.get(key).is_some() || self.renamed.iter().any(|(_, to)| to == key)
        };
        if self.before.dialect == Dialect::Sqlite {
            let same = |key: &&Key| key.name.eq_ignore_ascii_case(&rows.table);
            let tables = self.before.of_kind(Kind::Table).map(|(key, _)| key);
            return tables.chain(self.renamed.iter().map(|(_, to)| to)).find(same).cloned();
        }
        let schemas = match &rows.schema {
            Some(schema) => std::slice::from_ref(schema),
            None => self.search,
        };
        let keys = schemas.iter().map(|schema| Key::new(Kind::Table, schema, &rows.table));
        keys.into_iter().find(known)
    }

    /// Whether a table was there before the migration, and is not one that keeps a history.
    fn is_ours(&self, table: &Key) -> bool {
        table.kind == Kind::Table
            && self.before.get(table).is_some()
            && !is_history_table(&table.name)
            && !matches!(self.before.body(table), Some(Body::SqliteTable(found)) if found.is_virtual)
    }

    fn save(&mut self, table: &Key, sort: Sort, columns: Vec<String>) {
        // What a partition holds is kept with the table it is a part of, if that goes too.
        if let (Sort::Table, Some(Body::Table(found))) = (sort, self.before.body(table))
            && let Some(part) = &found.partition_of
            && self.after.get(&part.parent).is_none()
        {
            return;
        }
        let name = RelationName::new(&table.schema, &table.name);
        self.saves.push(Save::new(name, sort, columns));
    }
}

/// The columns of a table that hold values.
fn columns(model: &Model, table: &Key) -> BTreeSet<String> {
    if let Some(Body::SqliteTable(found)) = model.body(table) {
        let stored = found.columns.iter().filter(|column| column.generated.is_none());
        return stored.map(|column| column.name.clone()).collect();
    }
    let parts = model.parts(table).filter_map(|(key, object)| match &object.body {
        Body::Column(column) if column.generated.is_none() => Some(key.name.clone()),
        _ => None,
    });
    parts.collect()
}

/// What a migration destroys, told by the words of its statements alone, on a database that has
/// this schema.
pub(super) fn by_words(statements: &[String], before: &Model, search: &[String]) -> Vec<Save> {
    let dialect = before.dialect;
    let mut plan = Plan::empty(dialect);
    for sql in statements {
        plan.steps.push(crate::schema::plan::Step::new(sql.clone(), Vec::new()));
    }
    let mut saves = by_plan(&plan, before, before, search);
    let nothing = crate::schema::hazard::Around { in_transaction: true, before: Some(before) };
    let text = statements.join(";\n");
    for hazard in crate::schema::hazard::examine_text(dialect, &text, nothing) {
        use crate::schema::hazard::Rule;
        let Some(object) = &hazard.object else { continue };
        let of = if object.kind == Kind::Column { &object.of } else { &object.name };
        let tables = before.of_kind(Kind::Table).map(|(key, _)| key);
        let mut tables = tables.filter(|key| key.name.eq_ignore_ascii_case(of));
        let Some(table) = tables.next() else { continue };
        let name = RelationName::new(&table.schema, &table.name);
        match hazard.rule {
            Rule::DropTable => saves.push(Save::new(name, Sort::Table, Vec::new())),
            Rule::DropColumn => {
                saves.push(Save::new(name, Sort::Columns, vec![object.name.clone()]));
            }
            Rule::NarrowType => {
                saves.push(Save::new(name, Sort::Values, vec![object.name.clone()]));
            }
            _ => {}
        }
    }
    merged(saves)
}

/// One entry for each table and sort, and for each column whose values change: somebody may change
/// one of them later, and not the others. What a larger one holds is not kept twice.
fn merged(saves: Vec<Save>) -> Vec<Save> {
    let mut out: Vec<Save> = Vec::new();
    for save in saves {
        let is_same = |one: &&mut Save| {
            let apart = save.sort == Sort::Values && one.columns != save.columns;
            one.table == save.table && one.sort == save.sort && !apart
        };
        match out.iter_mut().find(is_same) {
            Some(one) => {
                let new = save.columns.into_iter().filter(|name| !one.columns.contains(name));
                let new: Vec<String> = new.collect();
                one.columns.extend(new);
                one.truncates |= save.truncates;
            }
            None => out.push(save),
        }
    }
    let all = out.clone();
    let holds = |sort: Sort, save: &Save| {
        all.iter().find(|one| one.table == save.table && one.sort == sort)
    };
    for save in &mut out {
        if save.sort == Sort::Values
            && let Some(dropped) = holds(Sort::Columns, save)
        {
            save.columns.retain(|name| !dropped.columns.contains(name));
        }
    }
    out.retain(|save| match save.sort {
        Sort::Table => true,
        _ if holds(Sort::Table, save).is_some() => false,
        Sort::Rows => true,
        Sort::Values => holds(Sort::Rows, save).is_none() && !save.columns.is_empty(),
        Sort::Columns => true,
    });
    out
}
