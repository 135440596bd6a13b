//! Constraints, indexes, views, routines, triggers, rules, policies, comments and privileges of a
//! random schema, as SQL.

use super::values::{Family, built, literal, quoted};
use super::world::{Expr, Id, Index, Part, Rule1, Sort, View, What, World};

/// The roles privileges are given to; `roles` makes them.
pub const ROLES: &[&str] = &["PUBLIC", "dbs_reader", "\"dbs Odd role\""];

const FIRING: &[&str] = &["DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS"];

impl World {
    fn name_list(&self, ids: &[Id]) -> String {
        let names = ids.iter().filter_map(|id| self.get(*id)).map(|item| quoted(&item.name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// A condition over a relation's column, its name after a prefix such as `NEW.`.
    fn condition_on(&self, relation: Id, expr: &Expr, prefix: &str) -> String {
        match self.output(relation, expr.column) {
            Some((name, kind)) => self.condition(expr, kind, &format!("{prefix}{}", quoted(&name))),
            None => "true".to_owned(),
        }
    }

    /// A constraint as it stands after ADD or in brackets.
    pub fn constraint_sql(&self, id: Id) -> Option<String> {
        let item = self.get(id)?;
        let it = self.constraint(id)?;
        let columns = self.name_list(&it.columns);
        let mut sql =
            if it.named { format!("CONSTRAINT {} ", quoted(&item.name)) } else { String::new() };
        let expr = it.expr.as_ref().map(|expr| self.condition_on(item.of, expr, ""));
        match it.kind {
            Rule1::Check => {
                sql.push_str(&format!("CHECK ({})", expr.unwrap_or_default()));
                if it.no_inherit {
                    sql.push_str(" NO INHERIT");
                }
            }
            Rule1::Primary | Rule1::Unique => {
                let unique = it.kind == Rule1::Unique;
                let equal = if unique && it.nulls_equal { " NULLS NOT DISTINCT" } else { "" };
                sql.push_str(if unique { "UNIQUE" } else { "PRIMARY KEY" });
                sql.push_str(&format!("{equal} ({columns})"));
                if !it.include.is_empty() {
                    sql.push_str(&format!(" INCLUDE ({})", self.name_list(&it.include)));
                }
                if it.options {
                    sql.push_str(" WITH (fillfactor = 80)");
                }
            }
            Rule1::Exclusion => {
                let kind = self.column(*it.columns.first()?)?.kind;
                let (method, operator) = if self.family_of(kind) == Family::Range {
                    ("gist", "&&")
                } else {
                    ("btree", "=")
                };
                sql.push_str(&format!("EXCLUDE USING {method} ({columns} WITH {operator})"));
                sql.push_str(&expr.map(|expr| format!(" WHERE ({expr})")).unwrap_or_default());
            }
            Rule1::Foreign => {
                let key = it.key?;
                let theirs = self.name_list(&self.constraint(key)?.columns);
                let actions = ["NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"];
                let full = if it.full { " MATCH FULL" } else { "" };
                sql.push_str(&format!(
                    "FOREIGN KEY ({columns}) REFERENCES {} ({theirs}){full} ON UPDATE {} ON DELETE {}",
                    self.named(self.get(key)?.of),
                    actions[it.on_update],
                    actions[it.on_delete]
                ));
            }
        }
        if it.kind != Rule1::Check {
            sql.push_str(
                ["", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"][it.deferrable as usize],
            );
        }
        Some(sql)
    }

    /// Constraints that do not stand in their tables, and the tables' indexes: foreign keys last.
    pub fn constraint_statements(&self) -> Vec<String> {
        let (mut keys, mut foreign) = (Vec::new(), Vec::new());
        for id in self.all(|what| matches!(what, What::Constraint(_))) {
            let (Some(item), Some(it)) = (self.get(id), self.constraint(id)) else { continue };
            let is_foreign = it.kind == Rule1::Foreign;
            if self.is_inline(item.of) && !is_foreign && !it.not_valid {
                continue;
            }
            let later = it.not_valid && matches!(it.kind, Rule1::Check | Rule1::Foreign);
            let not_valid = if later { " NOT VALID" } else { "" };
            let Some(sql) = self.constraint_sql(id) else { continue };
            let sql = format!("ALTER TABLE {} ADD {sql}{not_valid}", self.named(item.of));
            if is_foreign { foreign.push(sql) } else { keys.push(sql) }
        }
        keys.extend(self.index_statements(false));
        keys.extend(foreign);
        keys
    }

    /// The indexes of materialized views, or of tables.
    pub fn index_statements(&self, on_views: bool) -> Vec<String> {
        let mut out = Vec::new();
        for (id, item) in &self.items {
            let What::Index(index) = &item.what else { continue };
            if self.view(item.of).is_some() == on_views {
                out.extend(self.index_sql(*id, item.of, &item.name, index));
            }
        }
        out
    }

    fn index_sql(&self, id: Id, relation: Id, name: &str, index: &Index) -> Vec<String> {
        let named = if index.named { format!(" {}", quoted(name)) } else { String::new() };
        let unique = if index.unique { "UNIQUE " } else { "" };
        let only = if index.only { "ONLY " } else { "" };
        let parts: Vec<String> =
            index.parts.iter().filter_map(|part| self.index_part(relation, index, part)).collect();
        let mut sql = format!(
            "CREATE {unique}INDEX{named} ON {only}{} USING {} ({})",
            self.named(relation),
            index.method,
            parts.join(", ")
        );
        let names = self.outputs(relation);
        let plain = |id: &Id| {
            names.iter().find(|(found, _, _)| found == id).map(|(_, name, _)| quoted(name))
        };
        let include: Vec<String> = index.include.iter().filter_map(plain).collect();
        if !include.is_empty() && index.method == "btree" {
            sql.push_str(&format!(" INCLUDE ({})", include.join(", ")));
        }
        if index.unique && index.nulls_equal {
            sql.push_str(" NULLS NOT DISTINCT");
        }
        if index.options && index.method == "btree" {
            sql.push_str(" WITH (fillfactor = 60)");
        }
        if let Some(filter) = &index.filter {
            sql.push_str(&format!(" WHERE {}", self.condition_on(relation, filter, "")));
        }
        let mut out = vec![sql];
        let btree = index.method == "btree";
        let computed = index.parts.iter().position(|part| part.expression && btree);
        if let (Some(target), Some(at), true) = (index.statistics, computed, index.named) {
            let schema = self.named(self.schema_of(id));
            out.push(format!(
                "ALTER INDEX {schema}.{} ALTER COLUMN {} SET STATISTICS {target}",
                quoted(name),
                at + 1
            ));
        }
        out
    }

    fn index_part(&self, relation: Id, index: &Index, part: &Part) -> Option<String> {
        let (name, kind) = self.output(relation, part.column)?;
        let name = quoted(&name);
        let mut sql =
            if part.expression { format!("({})", self.computed(kind, &name)) } else { name };
        if index.method != "btree" {
            return Some(if part.expression {
                quoted(&self.output(relation, part.column)?.0)
            } else {
                sql
            });
        }
        let plain = part.collate.is_none()
            && self.column(part.column).is_some_and(|column| column.collation.is_none())
            && self.below(kind) != built("character(5)");
        if let Some(collation) = part.collate {
            sql.push_str(&format!(" COLLATE {}", self.named(collation)));
        } else if part.class && plain {
            sql.push_str(" text_pattern_ops");
        }
        if part.descending {
            sql.push_str(" DESC");
        }
        if part.nulls_other {
            sql.push_str(if part.descending { " NULLS LAST" } else { " NULLS FIRST" });
        }
        Some(sql)
    }

    fn view_query(
        &self,
        view: &View,
        list: &str,
        (first, second): (Id, Option<Id>),
        aggregate: Option<Id>,
    ) -> String {
        let mut select = format!("SELECT {} FROM {} AS s1", list, self.named(first));
        if let Some(second) = second {
            select.push_str(&format!(" CROSS JOIN {} AS s2", self.named(second)));
        }
        let mut conditions: Vec<String> = view
            .filter
            .iter()
            .map(|filter| format!("({})", self.condition_on(first, filter, "s1.")))
            .collect();
        if let Some(function) = view.function.filter(|_| aggregate.is_none()) {
            conditions.push(format!("({}() IS NULL) IS NOT NULL", self.named(function)));
        }
        if !conditions.is_empty() {
            select.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
        }
        if let Some(key) = view.grouped.and_then(|key| self.constraint(key)) {
            let names = key.columns.iter().filter_map(|id| self.get(*id));
            let names: Vec<String> =
                names.map(|item| format!("s1.{}", quoted(&item.name))).collect();
            select.push_str(&format!(" GROUP BY {}", names.join(", ")));
        }
        let shape = view.shape % 6;
        match shape {
            3 => format!("{select} UNION ALL {select}"),
            4 => format!("WITH picked AS ({select}) SELECT * FROM picked"),
            5 => format!("SELECT * FROM ({select}) AS picked"),
            _ => select,
        }
    }

    /// The statements that make a view.
    pub fn view_sql(&self, id: Id, view: &View) -> Vec<String> {
        let named = self.named(id);
        let first = view.entries[0].source;
        let second = view.entries.iter().map(|entry| entry.source).find(|source| *source != first);
        let alias = |source: Id| if source == first { "s1" } else { "s2" };
        let aggregate = view
            .function
            .filter(|it| self.routine(*it).is_some_and(|it| it.sort == Sort::Aggregate));
        let expression = |entry: &super::world::Entry| -> String {
            let (name, kind) =
                self.output(entry.source, entry.column).unwrap_or((String::new(), built("text")));
            let column = format!("{}.{}", alias(entry.source), quoted(&name));
            match (view.aggregate, entry.flavour) {
                (true, _) => match aggregate.filter(|_| kind == built("integer")) {
                    Some(aggregate) => format!("{}({column})::bigint", self.named(aggregate)),
                    None => format!("count({column})"),
                },
                (_, 1) => format!("{column} IS NULL"),
                (_, 2) => format!("{column}::text"),
                (_, 3) => format!("row_to_json({})", alias(entry.source)),
                _ => column,
            }
        };
        let list: Vec<String> = view
            .entries
            .iter()
            .map(|entry| format!("{} AS {}", expression(entry), quoted(&entry.name)))
            .collect();
        let select = self.view_query(view, &list.join(", "), (first, second), aggregate);
        let shape = view.shape % 6;
        let plain = shape < 3
            && second.is_none()
            && view.grouped.is_none()
            && !view.aggregate
            && self.table(first).is_some()
            && view.entries.iter().any(|entry| entry.flavour == 0);
        let word = if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" };
        let options = view_options(view, plain, self.version);
        let mut sql = format!("CREATE {word} {named}{options} AS {select}");
        if view.materialized && view.no_data {
            sql.push_str(" WITH NO DATA");
        }
        let mut out = vec![sql];
        for entry in view.entries.iter().filter(|_| !view.materialized) {
            if let (Some(number), Some((_, kind))) = (entry.default, self.output(id, entry.id)) {
                let value = self.value(kind, number);
                out.push(format!(
                    "ALTER VIEW {named} ALTER COLUMN {} SET DEFAULT {value}",
                    quoted(&entry.name)
                ));
            }
        }
        out
    }

    /// Triggers, rules, policies, statistics and event triggers.
    pub fn part_statements(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (id, item) in &self.items {
            let name = quoted(&item.name);
            let relation = self.named(item.of);
            let fire = |word: &str, firing: usize| {
                let said = FIRING.get(firing).filter(|_| self.table(item.of).is_some());
                said.map(|said| format!("ALTER TABLE {relation} {said} {word} {name}"))
            };
            match &item.what {
                What::Trigger(trigger) => {
                    out.push(self.trigger_sql(item.of, &name, trigger));
                    out.extend(fire("TRIGGER", trigger.firing));
                }
                What::Rule(rule) => {
                    out.push(self.rule_sql(item.of, &name, rule));
                    out.extend(fire("RULE", rule.firing));
                }
                What::Policy(policy) => out.push(self.policy_sql(item.of, &name, policy)),
                What::Statistics { .. } => out.extend(self.statistics_sql(*id, &item.what)),
                What::EventTrigger { .. } => out.extend(self.event_trigger_sql(&name, &item.what)),
                _ => {}
            }
        }
        out
    }

    fn rule_sql(&self, relation: Id, name: &str, rule: &super::world::Rule) -> String {
        let named = self.named(relation);
        let event = ["UPDATE", "DELETE", "INSERT"][rule.event];
        let row = if rule.event == 2 { "NEW." } else { "OLD." };
        let condition = rule
            .condition
            .as_ref()
            .map(|it| format!(" WHERE {}", self.condition_on(relation, it, row)));
        let action = rule.other.map_or("NOTHING".to_owned(), |other| {
            format!("DELETE FROM {} WHERE false", self.named(other))
        });
        let how = if rule.instead { "INSTEAD" } else { "ALSO" };
        format!(
            "CREATE RULE {name} AS ON {event} TO {named}{} DO {how} {action}",
            condition.unwrap_or_default()
        )
    }

    fn policy_sql(&self, relation: Id, name: &str, policy: &super::world::Policy) -> String {
        let named = self.named(relation);
        let command = ["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"][policy.command];
        let mut sql = format!("CREATE POLICY {name} ON {named}");
        if policy.restrictive {
            sql.push_str(" AS RESTRICTIVE");
        }
        sql.push_str(&format!(" FOR {command}"));
        if !policy.roles.is_empty() {
            let roles: Vec<&str> = policy.roles.iter().map(|role| ROLES[*role]).collect();
            sql.push_str(&format!(" TO {}", roles.join(", ")));
        }
        let also = policy
            .other
            .map(|other| format!(" AND EXISTS (SELECT FROM {})", self.named(other)))
            .unwrap_or_default();
        let write = |it: &Expr| format!("({}){also}", self.condition_on(relation, it, ""));
        if let Some(using) = policy.using.as_ref().filter(|_| command != "INSERT") {
            sql.push_str(&format!(" USING ({})", write(using)));
        }
        if let Some(check) =
            policy.check.as_ref().filter(|_| !matches!(command, "SELECT" | "DELETE"))
        {
            sql.push_str(&format!(" WITH CHECK ({})", write(check)));
        }
        sql
    }

    fn statistics_sql(&self, id: Id, what: &What) -> Vec<String> {
        let mut out = Vec::new();
        let What::Statistics { columns, kinds, target, expression } = what else { return out };
        let Some(table) = self.statistics_of(columns) else { return out };
        let kinds = ["", " (ndistinct)", " (dependencies, mcv)", " (mcv)"][*kinds];
        let mut on = self.name_list(columns);
        let last = self.get(columns[0]).zip(self.column(columns[0]));
        if let Some((last, column)) = last.filter(|_| *expression && self.version >= 140_000) {
            on.push_str(&format!(", ({})", self.computed(column.kind, &quoted(&last.name))));
        }
        out.push(format!(
            "CREATE STATISTICS {}{kinds} ON {on} FROM {}",
            self.named(id),
            self.named(table)
        ));
        out.extend(
            target.map(|target| {
                format!("ALTER STATISTICS {} SET STATISTICS {target}", self.named(id))
            }),
        );
        out
    }

    fn event_trigger_sql(&self, name: &str, what: &What) -> Vec<String> {
        let mut out = Vec::new();
        let What::EventTrigger { function, event, tags, firing } = what else { return out };
        let event = ["ddl_command_start", "ddl_command_end", "sql_drop", "table_rewrite"][*event];
        let tags = if event == "table_rewrite" {
            ""
        } else {
            ["", " WHEN TAG IN ('CREATE TABLE')", " WHEN TAG IN ('DROP TABLE', 'ALTER TABLE')"]
                [*tags]
        };
        out.push(format!(
            "CREATE EVENT TRIGGER {name} ON {event}{tags} EXECUTE FUNCTION {}()",
            self.named(*function)
        ));
        if let Some(firing) = FIRING.get(*firing) {
            out.push(format!("ALTER EVENT TRIGGER {name} {firing}"));
        }
        out
    }

    fn trigger_sql(&self, relation: Id, name: &str, it: &super::world::Trigger) -> String {
        let on_view = self.view(relation).is_some();
        let is_constraint = it.constraint;
        let row = it.row || is_constraint;
        let events = if it.transition { 1 << (it.events % 3) } else { it.events };
        let instead = on_view && row;
        let after = is_constraint || it.transition || !it.before;
        let time = if instead {
            "INSTEAD OF"
        } else if after {
            "AFTER"
        } else {
            "BEFORE"
        };
        let mut said = Vec::new();
        if events & 1 > 0 {
            said.push("INSERT".to_owned());
        }
        if events & 2 > 0 {
            let of = if it.columns.is_empty() || instead || it.transition || on_view {
                String::new()
            } else {
                format!(" OF {}", self.name_list(&it.columns))
            };
            said.push(format!("UPDATE{of}"));
        }
        if events & 4 > 0 {
            said.push("DELETE".to_owned());
        }
        let word = if is_constraint { "CONSTRAINT TRIGGER" } else { "TRIGGER" };
        let mut sql = format!(
            "CREATE {word} {name} {time} {} ON {}",
            said.join(" OR "),
            self.named(relation)
        );
        if is_constraint && it.before {
            sql.push_str(" DEFERRABLE INITIALLY DEFERRED");
        }
        if it.transition && !is_constraint {
            let new = if events & 4 > 0 { "OLD" } else { "NEW" };
            sql.push_str(&format!(" REFERENCING {new} TABLE AS moved"));
        }
        sql.push_str(if row { " FOR EACH ROW" } else { " FOR EACH STATEMENT" });
        let prefix = match events {
            1..=3 => Some("NEW."),
            4 | 6 => Some("OLD."),
            _ => None,
        };
        if let (Some(when), Some(prefix), true) = (&it.when, prefix, row && !instead) {
            sql.push_str(&format!(" WHEN ({})", self.condition_on(relation, when, prefix)));
        }
        let argument = it.argument.map(|n| format!("'it''s {n}'")).unwrap_or_default();
        sql.push_str(&format!(" EXECUTE FUNCTION {}({argument})", self.named(it.function)));
        sql
    }

    /// The object as COMMENT ON and GRANT name it, and the privileges there are.
    fn subject(&self, id: Id) -> Option<(String, &'static [&'static str])> {
        let item = self.get(id)?;
        let named = self.named(id);
        let on = format!("{} ON {}", quoted(&item.name), self.named(item.of));
        let none: &'static [&'static str] = &[];
        Some(match &item.what {
            What::Schema => (format!("SCHEMA {named}"), &["USAGE", "CREATE"]),
            What::Collation { .. } => (format!("COLLATION {named}"), none),
            What::Enum { .. } | What::Composite { .. } | What::Range { .. } => {
                (format!("TYPE {named}"), &["USAGE"])
            }
            What::Domain { .. } => (format!("DOMAIN {named}"), &["USAGE"]),
            What::Sequence(_) => (format!("SEQUENCE {named}"), &["USAGE", "SELECT", "UPDATE"]),
            What::Table(_) => (format!("TABLE {named}"), &["SELECT", "INSERT", "UPDATE", "DELETE"]),
            What::View(view) => (
                format!("{} {named}", if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" }),
                &["SELECT", "INSERT", "UPDATE", "DELETE"],
            ),
            What::Column(column) if column.again.is_none() => (
                format!("COLUMN {}.{}", self.named(item.of), quoted(&item.name)),
                &["SELECT", "INSERT", "UPDATE", "REFERENCES"],
            ),
            What::Routine(it) => {
                let types: Vec<String> =
                    it.arguments.iter().map(|(_, kind, _)| self.type_sql(*kind)).collect();
                let word = match it.sort {
                    Sort::Procedure => "PROCEDURE",
                    Sort::Aggregate => "AGGREGATE",
                    _ => "FUNCTION",
                };
                let types = if it.sort == Sort::Aggregate {
                    "integer".to_owned()
                } else {
                    types.join(", ")
                };
                (format!("{word} {named}({types})"), &["EXECUTE"])
            }
            What::Constraint(it) if it.named => (format!("CONSTRAINT {on}"), none),
            What::Index(it) if it.named => {
                (format!("INDEX {}.{}", self.named(self.schema_of(id)), quoted(&item.name)), none)
            }
            What::Trigger(_) => (format!("TRIGGER {on}"), none),
            What::Rule(_) => (format!("RULE {on}"), none),
            What::Policy(_) => (format!("POLICY {on}"), none),
            What::Statistics { .. } => (format!("STATISTICS {named}"), none),
            What::EventTrigger { .. } => (format!("EVENT TRIGGER {named}"), none),
            _ => return None,
        })
    }

    pub fn comment_statements(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (id, item) in &self.items {
            let Some((subject, _)) = self.subject(*id) else { continue };
            if let Some(comment) = &item.comment {
                out.push(format!("COMMENT ON {subject} IS {}", literal(comment)));
            }
            let What::View(view) = &item.what else { continue };
            for entry in &view.entries {
                if let Some(comment) = &entry.comment {
                    let column = format!("{}.{}", self.named(*id), quoted(&entry.name));
                    out.push(format!("COMMENT ON COLUMN {column} IS {}", literal(comment)));
                }
            }
        }
        out
    }

    pub fn grant_statements(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (id, item) in &self.items {
            if let What::DefaultPrivileges { role, on, grant } = &item.what {
                let (privilege, on) = [
                    ("SELECT", "TABLES"),
                    ("USAGE", "SEQUENCES"),
                    ("EXECUTE", "FUNCTIONS"),
                    ("USAGE", "TYPES"),
                ][*on];
                let option = if *grant == 1 && *role > 0 { " WITH GRANT OPTION" } else { "" };
                let schema = self.named(item.of);
                out.push(format!("ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {privilege} ON {on} TO {}{option}", ROLES[*role]));
                continue;
            }
            let Some((subject, privileges)) = self.subject(*id) else { continue };
            for grant in item.grants.iter().filter(|_| !privileges.is_empty()) {
                let privilege = privileges[grant.privilege % privileges.len()];
                let role = ROLES[grant.role];
                let option = if grant.grantable { " WITH GRANT OPTION" } else { "" };
                let subject = match &item.what {
                    What::View(_) => format!("TABLE {}", self.named(*id)),
                    What::Routine(_) => subject.replace("AGGREGATE ", "FUNCTION "),
                    _ => subject.clone(),
                };
                out.push(match &item.what {
                    What::Column(_) => {
                        format!(
                            "GRANT {privilege} ({}) ON {} TO {role}{option}",
                            quoted(&item.name),
                            self.named(item.of)
                        )
                    }
                    What::Routine(_)
                    | What::Enum { .. }
                    | What::Composite { .. }
                    | What::Range { .. }
                    | What::Domain { .. }
                        if grant.role == 0 =>
                    {
                        format!("REVOKE {privilege} ON {subject} FROM PUBLIC")
                    }
                    _ => format!("GRANT {privilege} ON {subject} TO {role}{option}"),
                });
            }
        }
        out
    }
}

fn view_options(view: &View, plain: bool, version: i64) -> String {
    let mut said = Vec::new();
    if view.materialized {
        if view.options & 1 == 1 {
            said.push("fillfactor = 80");
        }
    } else {
        if view.options & 1 == 1 {
            said.push("security_barrier = true");
        }
        if view.options & 2 == 2 && plain {
            said.push(if view.options & 8 == 8 {
                "check_option = local"
            } else {
                "check_option = cascaded"
            });
        }
        if view.options & 4 == 4 && version >= 150_000 {
            said.push("security_invoker = true");
        }
    }
    if said.is_empty() { String::new() } else { format!(" WITH ({})", said.join(", ")) }
}
