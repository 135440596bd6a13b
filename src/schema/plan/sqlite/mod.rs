//! The plan for SQLite: `ALTER TABLE` where SQLite can, else the rebuild of the table; indexes,
//! views and triggers dropped and made again where they differ or what they stand on does.
//!
//! The plan counts on how it is run: in one transaction, with `foreign_keys` off and
//! `legacy_alter_table` on (off for a rename). Nothing here runs a statement or measures one.

mod change;
mod module;
mod rebuild;
mod side;

use std::collections::{BTreeMap, BTreeSet};

use change::{Change, Forms, change, may_hold_literals};
use module::Module;
use rebuild::rebuild;
use side::{Side, Thing, fold};

use super::{Action, Plan, Step};
use crate::schema::model::{Key, Kind, Model, names, same_text};
use crate::sql::Dialect;
use crate::sql::lexer::{TokenKind, cuts};

/// The statements that lead from one schema to another.
pub fn plan(current: &Model, desired: &Model) -> Plan {
    let (have, want) = (Side::of(current), Side::of(desired));
    let mut planner = Planner::new(have, want);
    planner.drop_triggers();
    planner.drop_views();
    planner.drop_indexes();
    planner.drop_tables();
    planner.make_tables();
    planner.make_views();
    planner.make_triggers();
    let mut steps = planner.steps;
    steps.iter_mut().for_each(|step| close(&mut step.sql));
    Plan { dialect: Dialect::Sqlite, steps, notes: planner.notes }
}

/// Lets a semicolon follow a stored text that ends in a comment, without becoming part of it.
fn close(sql: &mut String) {
    if !sql.contains("--") && !sql.contains("/*") {
        return;
    }
    let found = cuts(Dialect::Sqlite, sql);
    let Some(last) = found.filter(|token| token.kind != TokenKind::Space).last() else { return };
    if last.kind == TokenKind::Comment && !last.closed {
        sql.truncate(last.range.start);
    } else if last.kind == TokenKind::Comment && last.text(sql).starts_with("--") {
        sql.push('\n');
    }
}

/// The statements that make a schema from nothing, as they were written.
pub fn create_all(model: &Model) -> Plan {
    plan(&Model::empty(Dialect::Sqlite), model)
}

/// The statement that renames a table or a column, with everything that names it; `None` for
/// what SQLite cannot rename. It must run with `legacy_alter_table` off.
pub fn rename(from: &Key, to: &Key) -> Option<Step> {
    let ident = |name: &str| Dialect::Sqlite.ident(name);
    let sql = match (from.kind, to.kind) {
        (Kind::Table, Kind::Table) => {
            format!("ALTER TABLE {} RENAME TO {}", ident(&from.name), ident(&to.name))
        }
        (Kind::Column, Kind::Column) => format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            ident(&to.of),
            ident(&from.name),
            ident(&to.name)
        ),
        _ => return None,
    };
    Some(Step::new(sql, vec![Action::Rename { from: from.clone(), to: to.clone() }]))
}

/// Both schemas, what happens to what is in both, and the statements so far.
struct Planner<'a> {
    have: Side<'a>,
    want: Side<'a>,
    /// By folded name, for tables both have.
    changes: BTreeMap<String, Change<'a>>,
    /// The relations, by folded name, that are dropped with all their parts.
    dropped: BTreeSet<String>,
    steps: Vec<Step>,
    notes: Vec<String>,
}

impl<'a> Planner<'a> {
    fn new(have: Side<'a>, want: Side<'a>) -> Self {
        let mut planner = Self {
            have,
            want,
            changes: BTreeMap::new(),
            dropped: BTreeSet::new(),
            steps: Vec::new(),
            notes: Vec::new(),
        };
        planner.decide(false);
        let drops =
            |step: &Step| step.actions.iter().any(|action| matches!(action, Action::Drop(_)));
        let drops = planner.changes.values().any(|change| match change {
            Change::Alter(steps) => steps.iter().any(drops),
            _ => false,
        });
        if drops && (may_hold_literals(&planner.have) || planner.is_unsound_meanwhile()) {
            planner.decide(true);
        }
        planner
    }

    /// Decides what happens to each table. `whole` is whether no column may be dropped in place.
    fn decide(&mut self, whole: bool) {
        self.changes.clear();
        self.dropped.clear();
        for (name, table) in &self.have.tables {
            let change = self.want.tables.get(name).map(|wanted| change(table, wanted, whole));
            if !matches!(change, Some(Change::Keep | Change::Alter(_))) {
                self.dropped.insert(name.clone());
            }
            self.changes.extend(change.map(|change| (name.clone(), change)));
        }
        for (name, view) in &self.have.views {
            let twin = self.want.views.get(name);
            if !twin.is_some_and(|wanted| same_text(view.sql, wanted.sql)) {
                self.dropped.insert(name.clone());
            }
        }
    }

    /// Whether a view or trigger that is there while tables are altered does not work, or names
    /// what is gone then: SQLite drops no column while one such is there.
    fn is_unsound_meanwhile(&self) -> bool {
        let gone = |name: &String| match self.changes.get(name) {
            Some(Change::Rebuild(_)) => false,
            _ => self.dropped.contains(name),
        };
        let fails = |twin: Option<&Thing>| twin.is_some_and(|twin| twin.fault.is_some());
        let unsound = |thing: &Thing| thing.fault.is_some() || names(thing.sql).iter().any(gone);
        let view = |(name, view): (&String, &Thing)| {
            !self.dropped.contains(name) && (unsound(view) || fails(self.want.views.get(name)))
        };
        let trigger = |(name, trigger): (&String, &Thing)| {
            let host = trigger.host();
            let there =
                if self.dropped.contains(&host) { !gone(&host) } else { self.stays(trigger) };
            there && (unsound(trigger) || fails(self.want.triggers.get(name)))
        };
        self.have.views.iter().any(view) || self.have.triggers.iter().any(trigger)
    }

    fn step(&mut self, sql: impl Into<String>, actions: Vec<Action>) {
        self.steps.push(Step::new(sql, actions));
    }

    fn drop(&mut self, word: &str, key: &Key, actions: Vec<Action>) {
        self.step(format!("DROP {word} {}", Dialect::Sqlite.ident(&key.name)), actions);
    }

    /// Whether an index or trigger that is there stays as it is.
    fn stays(&self, part: &Thing) -> bool {
        !self.dropped.contains(&part.host())
            && self.want.twin(part.key).is_some_and(|twin| same_text(part.sql, twin.sql))
    }

    /// What the end of an index, trigger or view means.
    fn end(&self, thing: &Thing) -> Action {
        let again = match thing.key.kind {
            Kind::View => self.want.views.contains_key(&fold(&thing.key.name)),
            _ => self.want.twin(thing.key).is_some(),
        };
        let key = thing.key.clone();
        if again { Action::DropToRemake(key) } else { Action::Drop(key) }
    }

    /// What making an index, trigger or view means.
    fn beginning(&self, thing: &Thing) -> Action {
        let before = match thing.key.kind {
            Kind::View => self.have.views.contains_key(&fold(&thing.key.name)),
            _ => self.have.twin(thing.key).is_some(),
        };
        let key = thing.key.clone();
        if before { Action::Remake(key) } else { Action::Create(key) }
    }

    /// What ends with a relation that is dropped; an index dropped before is not among it.
    fn ends_with(&self, host: &str) -> Vec<Action> {
        let parts = self.have.parts(host).filter(|part| !self.is_in_the_way(part));
        parts.map(|part| self.end(&part)).collect()
    }

    /// Whether an index that goes with its table must go earlier, because something else that
    /// is made before gets its name.
    fn is_in_the_way(&self, part: &Thing) -> bool {
        let name = fold(&part.key.name);
        part.key.kind == Kind::Index
            && (self.want.tables.contains_key(&name)
                || self.want.views.contains_key(&name)
                || self.want.indexes.get(&name).is_some_and(|twin| twin.host() != part.host()))
    }

    fn drop_triggers(&mut self) {
        let triggers: Vec<Thing> = self.have.triggers.values().copied().collect();
        for trigger in triggers {
            if !self.stays(&trigger) && !self.dropped.contains(&trigger.host()) {
                self.drop("TRIGGER", trigger.key, vec![self.end(&trigger)]);
            }
        }
    }

    fn drop_views(&mut self) {
        for view in Side::ordered(&self.have.views).into_iter().rev() {
            let name = fold(&view.key.name);
            if self.dropped.contains(&name) {
                let mut actions = vec![self.end(&view)];
                actions.extend(self.ends_with(&name));
                self.drop("VIEW", view.key, actions);
            }
        }
    }

    fn drop_indexes(&mut self) {
        let indexes: Vec<Thing> = self.have.indexes.values().copied().collect();
        for index in indexes {
            let with_its_table = self.dropped.contains(&index.host());
            if !self.stays(&index) && (!with_its_table || self.is_in_the_way(&index)) {
                self.drop("INDEX", index.key, vec![self.end(&index)]);
            }
        }
    }

    fn drop_tables(&mut self) {
        for table in Side::ordered(&self.have.tables).into_iter().rev() {
            let name = fold(&table.key.name);
            let replaced = match self.changes.get(&name) {
                None => false,
                Some(Change::Replace) => true,
                Some(_) => continue,
            };
            let mut actions = vec![Action::Drop(table.key.clone())];
            actions.extend(self.ends_with(&name));
            self.drop("TABLE", table.key, actions);
            if replaced && self.refill(&name).is_none() {
                self.notes.push(format!(
                    "{} cannot be changed in place: it is dropped and made anew, without what it held",
                    table.key.name
                ));
            }
        }
    }

    /// The statement that fills a virtual table again which only indexes another table's rows.
    fn refill(&self, name: &str) -> Option<String> {
        let table = self.want.tables.get(name)?.table.filter(|table| table.is_virtual)?;
        let module = Module::of(&table.sql);
        let content = self.want.tables.get(&fold(module.content.as_deref()?))?.table?;
        module.reads(content, &table.columns).then(|| module.refill())
    }

    fn make_tables(&mut self) {
        for table in Side::ordered(&self.want.tables) {
            let name = fold(&table.key.name);
            match self.changes.remove(&name) {
                None => self.step(table.sql, vec![Action::Create(table.key.clone())]),
                Some(Change::Replace) => {
                    self.step(table.sql, vec![Action::Create(table.key.clone())]);
                    if let Some(refill) = self.refill(&name) {
                        self.step(refill, vec![Action::Alter(table.key.clone())]);
                    }
                }
                Some(Change::Keep) => self.note_order(&table, &[]),
                Some(Change::Alter(steps)) => {
                    self.note_order(&table, &steps);
                    self.steps.extend(steps);
                }
                Some(Change::Rebuild(forms)) => self.rebuild(&name, &table, &forms),
            }
            self.make_indexes(&name);
        }
    }

    fn rebuild(&mut self, name: &str, table: &Thing, forms: &Forms) {
        let Some(have) = self.have.tables.get(name).copied() else { return };
        let (Some(old), Some(new)) = (have.table, table.table) else { return };
        let mut temporary = format!("__dbs_{}", have.key.name);
        while self.have.takes(&fold(&temporary)) || self.want.takes(&fold(&temporary)) {
            temporary.push('_');
        }
        let rebuilt = rebuild(
            (have.key, old),
            (&table.key.name, new),
            forms,
            &temporary,
            self.ends_with(name),
        );
        self.steps.extend(rebuilt.steps);
        self.notes.extend(rebuilt.notes);
    }

    fn make_indexes(&mut self, host: &str) {
        let parts: Vec<Thing> = self.want.parts(host).collect();
        for index in parts.into_iter().filter(|part| part.key.kind == Kind::Index) {
            self.make_part(&index);
        }
    }

    /// Makes an index or trigger that is not there as it should be.
    fn make_part(&mut self, part: &Thing) {
        let stays = self.have.twin(part.key).is_some_and(|twin| self.stays(&twin));
        if !stays {
            self.make(part);
        }
    }

    /// Makes an index, view or trigger, and says if it will not work.
    fn make(&mut self, thing: &Thing) {
        let action = self.beginning(thing);
        self.step(thing.sql, vec![action]);
        if let Some(fault) = thing.fault {
            let (kind, name) = (thing.key.kind.word(), &thing.key.name);
            self.notes.push(format!("The {kind} {name} does not work: {fault}"));
        }
    }

    fn make_views(&mut self) {
        for view in Side::ordered(&self.want.views) {
            let name = fold(&view.key.name);
            if !self.have.views.contains_key(&name) || self.dropped.contains(&name) {
                self.make(&view);
            }
        }
    }

    fn make_triggers(&mut self) {
        let triggers: Vec<Thing> = self.want.triggers.values().copied().collect();
        for trigger in triggers {
            self.make_part(&trigger);
        }
    }

    /// Says where a table that is not rebuilt keeps its columns in another order.
    fn note_order(&mut self, want: &Thing, steps: &[Step]) {
        let have = self.have.tables.get(&fold(&want.key.name));
        let (Some(old), Some(new)) = (have.and_then(|have| have.table), want.table) else { return };
        let kept = old.columns.iter().filter(|column| new.column(&column.name).is_some());
        let mut order: Vec<String> = kept.map(|column| fold(&column.name)).collect();
        order.extend(steps.iter().flat_map(|step| &step.actions).filter_map(
            |action| match action {
                Action::Create(key) => Some(fold(&key.name)),
                _ => None,
            },
        ));
        if order != new.columns.iter().map(|column| fold(&column.name)).collect::<Vec<_>>() {
            self.notes.push(format!(
                "The columns of {} stand in another order than in the wanted schema; that alone is no reason to copy its rows",
                want.key.name
            ));
        }
    }
}
