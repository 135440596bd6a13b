//! The rules over what a step does to each object: what is lost, what fails on the rows there are,
//! and what breaks for those who use the schema.

use super::examine::{Context, Examiner};
use super::lookup::{
    body_before, column_before, has_column, is_generated, is_of_type, is_rebuilt, later,
    relation_of, sqlite_table,
};
use super::type_change::{Fit, fit};
use super::wanted::Subject;
use super::words::Words;
use super::{Rule, Severity};
use crate::schema::model::{Body, Column, Constraint, ConstraintKind, Key, Kind, Model, Table};
use crate::schema::plan::{Action, Step, groups};
use crate::sql::Dialect;

impl Examiner<'_> {
    pub(super) fn action(&mut self, step: usize, found: &Step, action: &Action) {
        match action {
            Action::Drop(key) => self.dropped(step, found, key),
            Action::DropToRemake(key) => self.remade(step, found, key),
            Action::Create(key) => self.created(step, found, key),
            Action::Remake(key) => self.made_again(step, found, key),
            Action::Alter(key) => self.altered(step, found, key),
            Action::Aside(key) if is_type(key) => self.report(Rule::RemadeObject, step, key),
            Action::DropOld(key) if key.kind == Kind::Table => self.remade(step, found, key),
            Action::Rename { from, .. } => {
                let rule = match from.kind {
                    Kind::Table | Kind::View | Kind::MaterializedView => Rule::RenameTable,
                    Kind::Column => Rule::RenameColumn,
                    _ => Rule::RenameObject,
                };
                self.report(rule, step, from);
            }
            Action::SetNotNull(key) if key.kind == Kind::Domain => {
                self.report(Rule::SetNotNull, step, key);
            }
            Action::Validate(key) if key.kind == Kind::Domain => {
                self.report(Rule::AddCheck, step, key);
            }
            Action::SetNotNull(key) => {
                if self.is_there(&key.table()) {
                    self.report(Rule::SetNotNull, step, key);
                    if found.apart {
                        self.retell(step, Rule::SetNotNull, APART);
                    }
                    self.spare_the_scan(step, key);
                }
            }
            Action::AddRequired(key) => {
                if self.is_there(&key.table()) {
                    self.report(Rule::AddRequired, step, key);
                }
            }
            Action::ChangeType { column, from, to, using } => {
                self.retyped(step, column, fit(from, to, using.is_some()));
            }
            Action::RemoveLabel { key, .. } => self.report(Rule::RemoveLabel, step, key),
            Action::Validate(key) => self.validated(step, key),
            Action::Rebuild(key) => self.report(Rule::RebuildTable, step, key),
            Action::Authorize(key) => self.authorized(step, found, key),
            Action::Aside(_)
            | Action::Prepare(_)
            | Action::DropOld(_)
            | Action::Comment(_)
            | Action::Setting => {}
        }
    }

    /// A column gets another type. What was measured on it counts more than the types' names.
    fn retyped(&mut self, step: usize, column: &Key, fit: Fit) {
        let found = |subject: fn(&Subject) -> bool| {
            self.facts
                .measures
                .of(step, column)
                .any(|reading| subject(&reading.subject) && reading.is_found())
        };
        let unfit = found(Subject::fails);
        let lossy = found(|subject| matches!(subject, Subject::Lossy { .. }));
        let fewer = self.loses_labels(column);
        if fewer {
            self.report(Rule::RemoveLabel, step, column);
        } else if fit.may_fail || unfit {
            self.report(Rule::NarrowType, step, column);
        }
        if fit.loses || lossy {
            self.report(Rule::LossyType, step, column);
        }
    }

    /// Whether a column stays of an enum that has fewer labels than before.
    fn loses_labels(&self, column: &Key) -> bool {
        let labels = |model: &Model, column: Option<&Column>| {
            let type_name = column?.type_name.clone();
            model.objects.iter().find_map(|(key, object)| match &object.body {
                Body::Enum { labels } if is_of_type(&type_name, key) => Some(labels.clone()),
                _ => None,
            })
        };
        let Context { current, desired, .. } = self.context;
        let old = labels(current, column_before(current, &self.names, column));
        let new = labels(desired, desired.column(column));
        match (old, new) {
            (Some(old), Some(new)) => old.iter().any(|label| !new.contains(label)),
            _ => false,
        }
    }

    /// Whether a part goes only because what it belongs to goes in the same step.
    fn goes_along(&self, found: &Step, key: &Key) -> bool {
        let models = [self.context.current, self.context.desired];
        key.kind.is_part() && found.actions.contains(&Action::Drop(relation_of(models, key)))
    }

    fn dropped(&mut self, step: usize, found: &Step, key: &Key) {
        if self.goes_along(found, key) {
            return;
        }
        let current = self.context.current;
        let rule = match key.kind {
            Kind::Table => match sqlite_table(current, &self.names, key) {
                Some(table) if table.is_virtual => Rule::DropVirtualTable,
                _ => Rule::DropTable,
            },
            Kind::Column => Rule::DropColumn,
            Kind::Schema => Rule::DropSchema,
            Kind::MaterializedView => Rule::DropMaterializedView,
            Kind::Sequence => Rule::DropSequence,
            Kind::View => Rule::DropView,
            Kind::Routine => Rule::DropRoutine,
            Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain => Rule::DropType,
            Kind::Extension => Rule::DropExtension,
            Kind::Constraint => Rule::DropConstraint,
            Kind::Index => Rule::DropIndex,
            Kind::Trigger | Kind::Rule | Kind::EventTrigger => Rule::DropTrigger,
            Kind::Policy => Rule::DropPolicy,
            Kind::Default => Rule::DropDefault,
            Kind::DefaultPrivileges => Rule::ChangePrivileges,
            Kind::Collation | Kind::Statistics => return,
        };
        // A plan may put a check in place for a while, to be dropped when it has done its work.
        if body_before(current, &self.names, key).is_none()
            && sqlite_table(current, &self.names, &key.table()).is_none()
        {
            return;
        }
        self.report(rule, step, key);
        if key.kind == Kind::Column && is_generated(current, &self.names, key) {
            self.lighten(step, rule, "Its values are computed from other columns.");
        }
        let cascade = Words::of(self.plan.dialect, &found.sql).has("CASCADE");
        if key.kind == Kind::Schema && !cascade {
            let why = "What is in it has to go first, or it stays.";
            let nothing = "There is nothing in it.";
            let full = self.holds_something(key);
            self.lighten(step, rule, if full { why } else { nothing });
        }
    }

    fn holds_something(&self, schema: &Key) -> bool {
        self.context.current.objects.keys().any(|key| key.schema == schema.name)
    }

    /// Makes the last hazard of a rule a notice, and says why.
    fn lighten(&mut self, step: usize, rule: Rule, why: &str) {
        let last =
            self.out.iter_mut().rev().find(|hazard| hazard.step == step && hazard.rule == rule);
        if let Some(hazard) = last {
            hazard.severity = Severity::Notice;
            why.clone_into(&mut hazard.why);
        }
    }

    /// Tells the last hazard of a rule otherwise, unless more is known of it: it fails.
    fn retell(&mut self, step: usize, rule: Rule, (why, safer): (&str, &str)) {
        let last =
            self.out.iter_mut().rev().find(|hazard| hazard.step == step && hazard.rule == rule);
        if let Some(hazard) = last
            && hazard.severity < Severity::Danger
        {
            why.clone_into(&mut hazard.why);
            safer.clone_into(&mut hazard.safer);
        }
    }

    /// What is dropped to be made again: a table's rows are copied before, or they are lost.
    fn remade(&mut self, step: usize, found: &Step, key: &Key) {
        let along = found.actions.contains(&Action::DropToRemake(key.table()));
        let rebuilt = is_rebuilt(self.plan, key);
        match key.kind {
            _ if rebuilt || key.kind.is_part() && along => {}
            Kind::Table => self.report(Rule::DropTable, step, key),
            Kind::Column if !is_generated(self.context.current, &self.names, key) => {
                self.report(Rule::DropColumn, step, key);
            }
            Kind::Sequence => self.report(Rule::DropSequence, step, key),
            _ => self.report(Rule::RemadeObject, step, key),
        }
    }

    fn created(&mut self, step: usize, found: &Step, key: &Key) {
        let desired = self.context.desired;
        match desired.body(key) {
            Some(Body::Column(column)) => self.column(step, key, column),
            Some(Body::Constraint(made)) => self.constraint(step, found, key, made),
            Some(Body::Index(index)) if self.is_there(&index.relation) => {
                if index.unique {
                    self.unique(step, found, key);
                }
                if !found.outside_transaction {
                    self.report(Rule::IndexNotConcurrent, step, key);
                }
            }
            Some(Body::SqliteWritten(written)) if key.kind == Kind::Index => {
                let unique = Words::of(Dialect::Sqlite, &written.sql).begins("CREATE UNIQUE");
                if unique && self.is_there(&key.table()) {
                    self.report(Rule::AddUnique, step, key);
                }
            }
            Some(Body::Trigger { .. }) if self.is_there(&key.table()) => {
                self.report(Rule::AddTrigger, step, key);
            }
            Some(Body::Policy(_)) if self.is_there(&key.table()) => {
                self.report(Rule::ChangePolicy, step, key);
            }
            Some(Body::Table(table)) => self.table(step, key, table),
            _ => {}
        }
    }

    /// What is made again is as heavy as what is made, but for what the rows are known to pass.
    fn made_again(&mut self, step: usize, found: &Step, key: &Key) {
        let same =
            body_before(self.context.current, &self.names, key) == self.context.desired.body(key);
        let builds = self.plan.dialect == Dialect::Postgres
            && self.is_there(&key.table())
            && !found.outside_transaction;
        match key.kind {
            Kind::Index if same && builds => self.report(Rule::IndexNotConcurrent, step, key),
            Kind::Constraint | Kind::Index if same => {}
            Kind::Constraint | Kind::Index => self.created(step, found, key),
            _ => {}
        }
    }

    fn unique(&mut self, step: usize, found: &Step, key: &Key) {
        self.report(Rule::AddUnique, step, key);
        if found.outside_transaction {
            self.retell(step, Rule::AddUnique, CONCURRENT);
        }
    }

    fn table(&mut self, step: usize, key: &Key, table: &Table) {
        if let Some(part) = &table.partition_of
            && self.is_there(&part.parent)
        {
            self.report(Rule::AddPartition, step, key);
        }
        if table.row_security && self.is_there(key) {
            self.closed(step, key);
        }
    }

    /// Row security that is on without a policy lets nobody in.
    fn closed(&mut self, step: usize, key: &Key) {
        let policy = |(key, _): &(&Key, _)| key.kind == Kind::Policy;
        let open = self.context.desired.parts(key).any(|part| policy(&(part.0, ())));
        self.report(Rule::EnableRowSecurity, step, key);
        if open {
            let why = "Who may see which rows is up to its policies from now on.";
            self.lighten(step, Rule::EnableRowSecurity, why);
        }
    }

    fn column(&mut self, step: usize, key: &Key, column: &Column) {
        let base = column.type_name.as_str();
        if base == "json" {
            self.report(Rule::JsonColumn, step, key);
        }
        if base.starts_with("character(") {
            self.report(Rule::CharColumn, step, key);
        }
        if base.starts_with("timestamp") && base.ends_with("without time zone") {
            self.report(Rule::TimestampWithoutZone, step, key);
        }
        if column.identity.is_some() && matches!(base, "integer" | "smallint") {
            self.report(Rule::SmallKey, step, key);
        }
    }

    fn constraint(&mut self, step: usize, found: &Step, key: &Key, made: &Constraint) {
        let unindexed =
            made.kind == ConstraintKind::Foreign && !self.is_indexed(key, &made.columns);
        if unindexed && self.is_there(&key.table()) {
            self.report(Rule::UnindexedForeignKey, step, key);
        }
        let later = later(self.plan, step + 1, &Action::Validate(key.clone()));
        let words = Words::of(self.plan.dialect, &found.sql);
        // What an index has proven, or a later step validates, reads nothing here.
        if !self.is_there(&key.table()) || !made.validated || later || words.has("USING INDEX") {
            return;
        }
        let rule = match made.kind {
            ConstraintKind::Primary | ConstraintKind::Unique if found.outside_transaction => {
                return self.unique(step, found, key);
            }
            ConstraintKind::Primary => Rule::AddPrimaryKey,
            ConstraintKind::Unique => Rule::AddUnique,
            ConstraintKind::Check => Rule::AddCheck,
            ConstraintKind::Foreign => Rule::AddForeignKey,
            ConstraintKind::Exclusion => Rule::AddExclusion,
        };
        self.report(rule, step, key);
    }

    /// Whether some index or key of the table begins with these columns.
    fn is_indexed(&self, key: &Key, columns: &[String]) -> bool {
        let begins = |with: &[String]| {
            with.len() >= columns.len()
                && with.iter().take(columns.len()).all(|name| columns.contains(name))
        };
        self.context.desired.parts(&key.table()).any(|(_, object)| match &object.body {
            Body::Index(index) => begins(&index.columns),
            Body::Constraint(found) => {
                matches!(found.kind, ConstraintKind::Primary | ConstraintKind::Unique)
                    && begins(&found.columns)
            }
            _ => false,
        })
    }

    fn validated(&mut self, step: usize, key: &Key) {
        if !self.is_there(&key.table()) {
            return;
        }
        self.report(Rule::ValidateConstraint, step, key);
        if !self.context.online {
            return;
        }
        let group = groups(&self.plan.steps).into_iter().find(|group| group.contains(&step));
        let mut before = self.plan.steps.iter().take(step).skip(group.map_or(step, |it| it.start));
        if before.any(|found| found.actions.contains(&Action::Create(key.clone()))) {
            self.report(Rule::ValidateInSameTransaction, step, key);
        }
    }

    /// With a valid check that says the same, PostgreSQL reads no row to refuse NULL.
    fn spare_the_scan(&mut self, step: usize, key: &Key) {
        let column = self.plan.dialect.ident(&key.name);
        let proves = |found: &Step| {
            found.actions.iter().any(|action| {
                matches!(action, Action::Create(made) if made.kind == Kind::Constraint
                    && made.table() == key.table())
            }) && found.sql.contains("IS NOT NULL")
                && found.sql.contains(&column)
        };
        let steps = || self.plan.steps.iter().take(step);
        let validated = steps()
            .flat_map(|step| &step.actions)
            .any(|action| matches!(action, Action::Validate(made) if made.table() == key.table()));
        if validated && steps().any(proves) {
            self.lighten(
                step,
                Rule::SetNotNull,
                "A valid check has proven it already: no row is read.",
            );
        }
    }

    /// Who may do what changes. What is new, or made again as it was, takes nothing from anybody.
    fn authorized(&mut self, step: usize, found: &Step, key: &Key) {
        let words = Words::of(self.plan.dialect, &found.sql);
        if key.kind == Kind::Policy {
            if !self.is_there(&key.table()) {
                return;
            }
            let again = self.context.desired.get(key).is_some();
            match words.begins("DROP POLICY") {
                true if again => self.report(Rule::RemadeObject, step, key),
                true => self.report(Rule::DropPolicy, step, key),
                false => self.report(Rule::ChangePolicy, step, key),
            }
            return;
        }
        if words.has("ROW LEVEL SECURITY") {
            if words.has("ENABLE ROW LEVEL SECURITY") && self.is_there(key) {
                self.closed(step, key);
            }
            return;
        }
        let grants = |model: &Model, key: &Key| {
            model.get(key).map(|object| (object.grants.clone(), object.owner.clone()))
        };
        let before = grants(self.context.current, &self.names.before(key))
            .or_else(|| grants(self.context.current, key));
        let is_new = before.is_none() && key.kind != Kind::DefaultPrivileges;
        if !is_new && before != grants(self.context.desired, key) {
            self.report(Rule::ChangePrivileges, step, key);
        }
    }

    fn altered(&mut self, step: usize, found: &Step, key: &Key) {
        let current = self.context.current;
        let words = Words::of(self.plan.dialect, &found.sql);
        match key.kind {
            Kind::Table if words.has("ENABLE ROW LEVEL SECURITY") => self.closed(step, key),
            Kind::Column => {
                let had = column_before(current, &self.names, key).is_some_and(|old| old.not_null);
                let has = self.context.desired.column(key).is_some_and(|new| new.not_null);
                if had && !has && words.has("DROP NOT NULL") {
                    self.report(Rule::DropNotNull, step, key);
                }
            }
            Kind::Routine => self.report(Rule::ReplaceRoutine, step, key),
            Kind::Policy if has_table(self, key) => self.report(Rule::ChangePolicy, step, key),
            _ => {}
        }
    }
}

/// Why and the safer way of refusing NULL by a check that is validated apart.
const APART: (&str, &str) =
    ("It fails if a row has NULL. Others can read and write meanwhile.", "Fill those rows first.");

/// Why and the safer way of refusing duplicates by an index that is built concurrently.
const CONCURRENT: (&str, &str) = (
    "It fails if there are any. Others can read and write meanwhile.",
    "Look for duplicates first, and change them.",
);

fn is_type(key: &Key) -> bool {
    matches!(key.kind, Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain)
}

fn has_table(examiner: &Examiner<'_>, key: &Key) -> bool {
    examiner.is_there(&key.table()) || has_column(examiner.context.current, &examiner.names, key)
}
