//! What a live database must be asked before a plan runs on it: which rows and values it would
//! lose, and which rows it would fail on. Only the questions; each engine writes them its own way.

use std::collections::BTreeSet;

use super::domain;
use super::examine::object;
use super::lookup::{
    between_commas, body_before, closing, has_column, in_brackets, is_generated, is_of_type,
    is_rebuilt, is_there, later, sqlite_table,
};
use super::names::Names;
use super::sqlite_constraint::{Declared, declared};
use super::type_change::fit;
use crate::schema::RelationName;
use crate::schema::model::{
    Body, Constraint, ConstraintKind, Index, Key, Kind, Model, SqliteColumn,
};
use crate::schema::plan::{Action, Plan};
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

/// What is asked of one table. Texts are SQL over the table's columns by the names they have when
/// the step runs; see [`Wanted::renamed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Its rows, which are lost.
    Rows,
    /// Its rows, any of which makes the step fail.
    Occupied,
    /// The values of a column that are not NULL, which are lost.
    Values(String),
    /// The rows with NULL in one of these columns.
    Nulls(Vec<String>),
    /// The sets of rows that are alike in all of these expressions.
    Duplicates {
        /// The expressions.
        keys: Vec<String>,
        /// The condition of a partial index.
        condition: Option<String>,
        /// Whether NULL counts as equal to NULL.
        nulls_equal: bool,
    },
    /// The rows for which a check is false.
    Failing(String),
    /// The rows that refer to nothing.
    Orphans {
        /// The columns that refer.
        columns: Vec<String>,
        /// The table referred to; `None` if the plan makes it, so that it has no rows.
        parent: Option<RelationName>,
        /// The columns referred to.
        referenced: Vec<String>,
    },
    /// The values of a column that do not fit another type.
    Unfit {
        /// The column.
        column: String,
        /// The type it has.
        from: String,
        /// The type it gets.
        to: String,
        /// The expression after USING, where one is written.
        using: Option<String>,
        /// The labels, where the new type is an enum.
        labels: Option<Vec<String>>,
    },
    /// The values of a column that lose something by getting another type: the expression finds
    /// them.
    Lossy {
        /// The column.
        column: String,
        /// The type it has.
        from: String,
        /// The type it gets.
        to: String,
        /// Whether an expression after USING cuts instead of failing.
        using: bool,
    },
    /// The rows that have a label of an enum in a column.
    Labelled {
        /// The column.
        column: String,
        /// Whether the column is an array of the enum.
        array: bool,
        /// The label.
        label: String,
    },
}

/// A question about one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The step it is for.
    pub step: usize,
    /// What of that step.
    pub object: Key,
    /// The table, by the name it has before the plan.
    pub table: RelationName,
    /// The columns of it that the plan renames first: the name before, the name then.
    pub renamed: Vec<(String, String)>,
    /// What is asked.
    pub subject: Subject,
}

impl Subject {
    /// Whether one such row makes the step fail; else it is lost.
    pub fn fails(&self) -> bool {
        !matches!(self, Self::Rows | Self::Values(_) | Self::Lossy { .. })
    }

    /// That there are none, as a sentence without its full stop.
    pub(super) fn cleared(&self) -> String {
        match self {
            Self::Rows | Self::Occupied => "it has no rows".to_owned(),
            Self::Values(column) => format!("{column} holds no value"),
            Self::Nulls(columns) => format!("no row has NULL in {}", columns.join(" or ")),
            Self::Duplicates { keys, .. } => {
                let keys: Vec<&str> = keys.iter().map(|key| key.trim_matches('"')).collect();
                format!("no value of {} occurs more than once", keys.join(", "))
            }
            Self::Failing(_) => "every row passes the check".to_owned(),
            Self::Orphans { columns, .. } => {
                format!("every {} refers to a row", columns.join(", "))
            }
            Self::Unfit { column, to, .. } => format!("every value of {column} fits {to}"),
            Self::Lossy { column, to, .. } => {
                format!("no value of {column} loses anything as {to}")
            }
            Self::Labelled { column, label, .. } => format!("no row has {label:?} in {column}"),
        }
    }

    /// What to do about the rows it found, where they make the step fail.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Rows | Self::Values(_) | Self::Lossy { .. } => "",
            Self::Occupied => "Give it a default, or add it without NOT NULL and fill it first.",
            Self::Nulls(_) => "Fill those rows first.",
            Self::Duplicates { .. } => "Change or delete the duplicates first.",
            Self::Failing(_) => "Change or delete those rows first.",
            Self::Orphans { .. } => "Delete those rows, or add what they refer to, first.",
            Self::Unfit { .. } => "Change those values first.",
            Self::Labelled { .. } => "Give those rows another label first.",
        }
    }

    /// The answer as a sentence without its full stop.
    pub(super) fn sentence(&self, amount: &str, one: bool) -> String {
        let rows = if one { "row" } else { "rows" };
        let s = if one { "" } else { "s" };
        let has = if one { "has" } else { "have" };
        match self {
            Self::Rows => format!("{amount} {rows} lost"),
            Self::Occupied => format!("{amount} {rows} without a value for it"),
            Self::Values(column) => format!("{amount} value{s} of {column} lost"),
            Self::Nulls(columns) => {
                format!("{amount} {rows} {has} NULL in {}", columns.join(" or "))
            }
            Self::Duplicates { keys, .. } => {
                let keys: Vec<&str> = keys.iter().map(|key| key.trim_matches('"')).collect();
                format!("{amount} value{s} of {} occurring more than once", keys.join(", "))
            }
            Self::Failing(_) => format!("{amount} {rows} that the check refuses"),
            Self::Orphans { columns, .. } => {
                format!("{amount} {rows} whose {} refers to nothing", columns.join(", "))
            }
            Self::Unfit { column, to, .. } => {
                format!("{amount} value{s} of {column} that cannot become {to}")
            }
            Self::Lossy { column, to, .. } => {
                format!("{amount} value{s} of {column} that lose something as {to}")
            }
            Self::Labelled { column, label, .. } => {
                format!("{amount} {rows} {has} {label:?} in {column}")
            }
        }
    }
}

/// The tables of the database that a plan touches, by the names they have there.
pub fn touched(plan: &Plan, current: &Model) -> BTreeSet<RelationName> {
    let mut names = Names::default();
    let mut out = BTreeSet::new();
    for step in &plan.steps {
        for key in step.actions.iter().filter_map(object) {
            let table = if key.kind.is_part() { key.table() } else { key.clone() };
            let stored = matches!(table.kind, Kind::Table | Kind::MaterializedView);
            if stored && is_there(current, &names, &table) {
                out.insert(names.relation(&table));
            }
        }
        names.follow(&step.actions);
    }
    out
}

/// The questions of a plan, in the order of its steps. The current model is that of the database
/// that will be asked, by its own names or by those after the plan's renames.
pub fn wanted(plan: &Plan, current: &Model, desired: &Model) -> Vec<Wanted> {
    let mut names = Names::default();
    let mut asker = Asker { plan, current, desired, out: Vec::new() };
    for (step, found) in plan.steps.iter().enumerate() {
        for action in &found.actions {
            asker.ask(step, action, &names);
        }
        names.follow(&found.actions);
    }
    asker.out
}

struct Asker<'a> {
    plan: &'a Plan,
    current: &'a Model,
    desired: &'a Model,
    out: Vec<Wanted>,
}

impl Asker<'_> {
    fn ask(&mut self, step: usize, action: &Action, names: &Names) {
        match action {
            Action::Drop(key) | Action::DropToRemake(key) | Action::DropOld(key) => {
                self.dropped(step, key, names);
            }
            Action::SetNotNull(key) if key.kind == Kind::Domain => {
                for column in domain::columns(self.current, names, key) {
                    let subject = Subject::Nulls(vec![column.name.clone()]);
                    self.push(step, key, &column.table(), names, subject);
                }
            }
            Action::Validate(key) if key.kind == Kind::Domain => self.validated(step, key, names),
            Action::SetNotNull(key) => {
                self.push(step, key, &key.table(), names, Subject::Nulls(vec![key.name.clone()]));
            }
            Action::AddRequired(key) => {
                self.push(step, key, &key.table(), names, Subject::Occupied);
            }
            Action::ChangeType { column, from, to, using } => {
                self.retyped(step, column, (from, to), using.as_ref(), names);
            }
            Action::RemoveLabel { key, label } => self.unlabelled(step, key, label, names),
            Action::Create(key) | Action::Remake(key) | Action::Validate(key) => {
                self.made(step, action, key, names);
            }
            Action::Rebuild(key) => self.rebuilt(step, key, names),
            Action::Alter(_)
            | Action::Aside(_)
            | Action::Prepare(_)
            | Action::Comment(_)
            | Action::Rename { .. }
            | Action::Authorize(_)
            | Action::Setting => {}
        }
    }

    /// Asks, if the table is there and every column that is asked about.
    fn push(&mut self, step: usize, object: &Key, table: &Key, names: &Names, subject: Subject) {
        if !is_there(self.current, names, table) {
            return;
        }
        let columns: Vec<&String> = match &subject {
            Subject::Values(column)
            | Subject::Unfit { column, .. }
            | Subject::Lossy { column, .. }
            | Subject::Labelled { column, .. } => vec![column],
            Subject::Nulls(columns) | Subject::Orphans { columns, .. } => columns.iter().collect(),
            _ => Vec::new(),
        };
        let there = |column: &&String| {
            has_column(self.current, names, &table.child(Kind::Column, column.as_str()))
        };
        if !columns.iter().all(there) || self.asks_of_new(table, names, &subject) {
            return;
        }
        let (object, table, renamed) =
            (object.clone(), names.relation(table), names.columns(table));
        let wanted = Wanted { step, object, table, renamed, subject };
        if !self.out.contains(&wanted) {
            self.out.push(wanted);
        }
    }

    /// Whether expressions name a column that is not there yet: it has no values to ask about, and
    /// SQLite would take its quoted name for a text.
    fn asks_of_new(&self, table: &Key, names: &Names, subject: &Subject) -> bool {
        let texts: Vec<&String> = match subject {
            Subject::Failing(check) => vec![check],
            Subject::Duplicates { keys, condition, .. } => keys.iter().chain(condition).collect(),
            _ => return false,
        };
        let dialect = self.plan.dialect;
        let columns: Vec<String> = match self.desired.body(table) {
            Some(Body::SqliteTable(table)) => {
                table.columns.iter().map(|column| column.name.to_lowercase()).collect()
            }
            _ => {
                let parts = self.desired.parts(table);
                let columns = parts.filter(|(key, _)| key.kind == Kind::Column);
                columns.map(|(key, _)| key.name.clone()).collect()
            }
        };
        texts.into_iter().any(|text| {
            tokens(dialect, text).iter().filter_map(|token| token.name(text)).any(|name| {
                let name = if dialect == Dialect::Sqlite { name.to_lowercase() } else { name };
                columns.contains(&name)
                    && !has_column(self.current, names, &table.child(Kind::Column, name))
            })
        })
    }

    fn dropped(&mut self, step: usize, key: &Key, names: &Names) {
        match key.kind {
            Kind::Table if is_rebuilt(self.plan, key) => {}
            Kind::Table => self.push(step, key, key, names, Subject::Rows),
            Kind::Column if !is_generated(self.current, names, key) => {
                let subject = Subject::Values(key.name.clone());
                self.push(step, key, &key.table(), names, subject);
            }
            _ => {}
        }
    }

    fn retyped(
        &mut self,
        step: usize,
        key: &Key,
        (from, to): (&str, &str),
        using: Option<&String>,
        names: &Names,
    ) {
        let column = key.name.clone();
        let labels = self.desired.objects.iter().find_map(|(key, object)| match &object.body {
            Body::Enum { labels } if is_of_type(to, key) => Some(labels.clone()),
            _ => None,
        });
        let was = domain::domain_of(self.current, to).map(|(_, domain)| domain);
        let new = domain::domain_of(self.desired, to).filter(|(_, new)| was != Some(*new));
        if let Some((_, domain)) = new {
            let base = domain.base.clone();
            if from != base && from != to {
                self.retyped(step, key, (from, &base), None, names);
            }
            if domain.not_null {
                self.push(step, key, &key.table(), names, Subject::Nulls(vec![column.clone()]));
            }
            for check in domain::checks(domain, None, None, &column) {
                self.push(step, key, &key.table(), names, Subject::Failing(check));
            }
            return;
        }
        let fit = fit(from, to, using.is_some());
        let has_labels = labels.is_some();
        let (from, to) = (from.to_owned(), to.to_owned());
        let lossy = Subject::Lossy {
            column: column.clone(),
            from: from.clone(),
            to: to.clone(),
            using: using.is_some(),
        };
        let unfit = Subject::Unfit { column, from, to, using: using.cloned(), labels };
        let is_postgres = self.plan.dialect == Dialect::Postgres;
        if fit.may_fail || has_labels || !is_postgres {
            self.push(step, key, &key.table(), names, unfit);
        }
        if fit.loses || !is_postgres {
            self.push(step, key, &key.table(), names, lossy);
        }
    }

    /// The values of a domain's columns must pass its new checks.
    fn validated(&mut self, step: usize, key: &Key, names: &Names) {
        let Some(Body::Domain(new)) = self.desired.body(key) else { return };
        let was = match body_before(self.current, names, key) {
            Some(Body::Domain(was)) => Some(was),
            _ => None,
        };
        let sql = self.plan.steps.get(step).map(|step| step.sql.as_str());
        for column in domain::columns(self.current, names, key) {
            for check in domain::checks(new, was, sql, &column.name) {
                self.push(step, key, &column.table(), names, Subject::Failing(check));
            }
        }
    }

    fn unlabelled(&mut self, step: usize, key: &Key, label: &str, names: &Names) {
        let before = names.before(key);
        let mut columns = Vec::new();
        for (column, object) in &self.current.objects {
            let Body::Column(body) = &object.body else { continue };
            if is_of_type(&body.type_name, &before) || is_of_type(&body.type_name, key) {
                columns.push((column.clone(), body.type_name.ends_with(']')));
            }
        }
        for (column, array) in columns {
            let (name, label) = (column.name.clone(), label.to_owned());
            let subject = Subject::Labelled { column: name, array, label };
            // The model knows the column by its own name already.
            self.push(step, key, &column.table(), &Names::default(), subject);
        }
    }

    fn made(&mut self, step: usize, action: &Action, key: &Key, names: &Names) {
        match self.desired.body(key) {
            Some(Body::Constraint(made)) => {
                let validates = matches!(action, Action::Validate(_));
                let later = later(self.plan, step + 1, &Action::Validate(key.clone()));
                let passes =
                    body_before(self.current, names, key) == Some(&Body::Constraint(made.clone()));
                if validates || !later && made.validated && !passes && made.parent.is_none() {
                    self.constrained(step, key, &made.clone(), names);
                }
            }
            Some(Body::Index(index)) if index.unique && index.parent.is_none() => {
                let passes =
                    body_before(self.current, names, key) == Some(&Body::Index(index.clone()));
                if let Some(subject) = duplicates(index).filter(|_| !passes) {
                    self.push(step, key, &index.relation, names, subject);
                }
            }
            Some(Body::SqliteWritten(index)) if key.kind == Kind::Index => {
                if let Some(subject) = unique_of_sqlite(&index.sql) {
                    self.push(step, key, &key.table(), names, subject);
                }
            }
            _ => {}
        }
    }

    fn constrained(&mut self, step: usize, key: &Key, made: &Constraint, names: &Names) {
        let (table, columns) = (key.table(), made.columns.clone());
        let keys = || columns.iter().map(|name| Dialect::Postgres.ident(name)).collect();
        let subject = match made.kind {
            ConstraintKind::Primary => {
                self.push(step, key, &table, names, Subject::Nulls(columns.clone()));
                Subject::Duplicates { keys: keys(), condition: None, nulls_equal: false }
            }
            ConstraintKind::Unique => Subject::Duplicates {
                keys: keys(),
                condition: None,
                nulls_equal: made.definition.contains("NULLS NOT DISTINCT"),
            },
            ConstraintKind::Check => match in_brackets(Dialect::Postgres, &made.definition) {
                Some(expression) => Subject::Failing(expression.to_owned()),
                None => return,
            },
            ConstraintKind::Foreign => {
                let there = |key: &&Key| is_there(self.current, names, key);
                let parent = made.references.as_ref().filter(there).map(|key| names.relation(key));
                let referenced = made.referenced_columns.clone();
                Subject::Orphans { columns: columns.clone(), parent, referenced }
            }
            ConstraintKind::Exclusion => return,
        };
        self.push(step, key, &table, names, subject);
    }

    /// What the copying of a SQLite table may fail on beyond its other actions, found by comparing
    /// the two forms of it.
    fn rebuilt(&mut self, step: usize, key: &Key, names: &Names) {
        let Some(Body::SqliteTable(new)) = self.desired.body(key) else { return };
        let Some(old) = sqlite_table(self.current, names, key) else { return };
        if new.strict && !old.strict {
            // What gets another type as well is asked for by that.
            let stays = |column: &&SqliteColumn| {
                old.column(&column.name)
                    .is_some_and(|old| old.type_name.eq_ignore_ascii_case(&column.type_name))
            };
            for column in new.columns.iter().filter(stays) {
                let (column, to) = (column.name.clone(), column.type_name.clone());
                let from = to.clone();
                let subject = Subject::Unfit { column, from, to, using: None, labels: None };
                self.push(step, key, key, names, subject);
            }
        }
        let (has, had) = (declared(new), declared(old));
        for made in has.into_iter().filter(|made| !had.contains(made)) {
            let subject = match made {
                Declared::Check(expression) => Subject::Failing(expression),
                Declared::Unique(columns) => Subject::Duplicates {
                    keys: columns.iter().map(|name| Dialect::Sqlite.ident(name)).collect(),
                    condition: None,
                    nulls_equal: false,
                },
                Declared::Foreign { columns, parent, referenced } => {
                    let parent = Key::new(Kind::Table, key.schema.clone(), parent);
                    let there = Some(&parent).filter(|key| is_there(self.current, names, key));
                    let parent = there.map(|key| names.relation(key));
                    Subject::Orphans { columns, parent, referenced }
                }
            };
            self.push(step, key, key, names, subject);
        }
    }
}

/// What a unique index refuses, from its definition: `… USING btree (lower(a), b DESC) WHERE (c)`.
fn duplicates(index: &Index) -> Option<Subject> {
    const DIALECT: Dialect = Dialect::Postgres;
    let (_, rest) = index.definition.split_once(" USING ")?;
    let keys = between_commas(DIALECT, in_brackets(DIALECT, rest)?);
    let keys = keys.into_iter().filter_map(|key| bare_key(DIALECT, key)).collect();
    let condition = rest.split_once(" WHERE ").map(|(_, condition)| condition.to_owned());
    let nulls_equal = rest.contains("NULLS NOT DISTINCT");
    Some(Subject::Duplicates { keys, condition, nulls_equal })
}

/// The same of a SQLite index, from its text; `None` if it is not unique.
fn unique_of_sqlite(sql: &str) -> Option<Subject> {
    const DIALECT: Dialect = Dialect::Sqlite;
    let upper = sql.to_ascii_uppercase();
    if upper.split_whitespace().nth(1) != Some("UNIQUE") {
        return None;
    }
    let keys = between_commas(DIALECT, in_brackets(DIALECT, sql)?);
    let keys = keys.into_iter().filter_map(|key| bare_key(DIALECT, key)).collect();
    let condition = after_word(DIALECT, sql, "WHERE").map(str::to_owned);
    Some(Subject::Duplicates { keys, condition, nulls_equal: false })
}

/// The text after the first such word that stands in no bracket.
fn after_word<'a>(dialect: Dialect, sql: &'a str, word: &str) -> Option<&'a str> {
    let mut depth = 0usize;
    for token in tokens(dialect, sql) {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 && token.is_word(sql, word) => return sql.get(token.range.end..),
            _ => {}
        }
    }
    None
}

/// A key of an index without its collation, operator class and order.
fn bare_key(dialect: Dialect, key: &str) -> Option<String> {
    let found = tokens(dialect, key);
    let first = found.first()?;
    let next = found.get(1).is_some_and(|token| token.text(key) == "(");
    let end = if first.text(key) == "(" {
        closing(key, &found, 0)?
    } else if next {
        closing(key, &found, 1)?
    } else {
        0
    };
    // A function may stand in a schema: take everything up to the bracket that closes last.
    let qualified = found.get(1).is_some_and(|token| token.text(key) == ".");
    let end = if qualified {
        let open = found.iter().position(|token| token.text(key) == "(")?;
        closing(key, &found, open)?
    } else {
        end
    };
    key.get(..found.get(end)?.range.end).map(str::to_owned)
}
