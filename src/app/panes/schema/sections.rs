//! The sections of a relation's structure, from its columns to its partitions, as lines.

use crate::app::panes::schema::{LineKind, SchemaLine};
use crate::app::span::{Ink, Span};
use crate::ops::migrations_desk::Origins;
use crate::schema::{Column, Generation, Index, Policy, Relation, RelationName};
use crate::text;

type Cells = Vec<Vec<Span<'static>>>;

/// The lines of a relation, without its definition.
pub fn lines(relation: &Relation, origins: &Origins) -> Vec<SchemaLine> {
    let mut out = Sections::default();
    about(relation, &mut out);
    columns(relation, origins, &mut out);
    keys(relation, &mut out);
    references(relation, &mut out);
    constraints(relation, &mut out);
    indexes(relation, &mut out);
    triggers(relation, &mut out);
    policies(relation, &mut out);
    partitions(relation, &mut out);
    out.lines
}

#[derive(Default)]
struct Sections {
    lines: Vec<SchemaLine>,
    section: usize,
}

impl Sections {
    fn heading(&mut self, name: &'static str, count: usize) {
        if !self.lines.is_empty() {
            self.section += 1;
            self.push(LineKind::Blank, Vec::new(), None, String::new());
        }
        let mut words = vec![Span::new(Ink::Group, name)];
        if count > 0 {
            words.push(Span::new(Ink::Muted, format!("  {}", text::grouped(count as u64))));
        }
        self.push(LineKind::Heading, vec![words], None, String::new());
    }

    fn entry(&mut self, cells: Cells, copy: String) {
        self.push(LineKind::Entry, cells, None, copy);
    }

    fn leading(&mut self, cells: Cells, target: &RelationName, copy: String) {
        self.push(LineKind::Entry, cells, Some(target.clone()), copy);
    }

    fn detail(&mut self, spans: Vec<Span<'static>>, copy: String) {
        self.push(LineKind::Detail, vec![spans], None, copy);
    }

    fn push(&mut self, kind: LineKind, cells: Cells, target: Option<RelationName>, copy: String) {
        self.lines.push(SchemaLine { section: self.section, kind, cells, target, copy });
    }
}

fn one(ink: Ink, words: impl Into<String>) -> Vec<Span<'static>> {
    vec![Span::new(ink, words.into())]
}

fn nothing() -> Vec<Span<'static>> {
    Vec::new()
}

/// What it is, how large, whose: in one line or two.
fn about(relation: &Relation, out: &mut Sections) {
    let mut facts = vec![relation.kind.word().to_owned()];
    if let Some(rows) = relation.rows_estimate {
        facts.push(format!("~ {} rows", text::short_count(rows)));
    }
    if let Some(bytes) = relation.table_bytes {
        facts.push(text::short_bytes(bytes));
    }
    if let Some(bytes) = relation.index_bytes.filter(|bytes| *bytes > 0) {
        facts.push(format!("indexes {}", text::short_bytes(bytes)));
    }
    if let Some(owner) = &relation.owner {
        facts.push(format!("owner {owner}"));
    }
    facts.extend(relation.traits.iter().cloned());
    let said = facts.join(" · ");
    out.detail(one(Ink::Muted, said.clone()), said);
    if let Some(comment) = &relation.comment {
        out.detail(one(Ink::Comment, comment.clone()), comment.clone());
    }
    if let Some(part) = &relation.partition_of {
        let words = vec![
            Span::link(),
            Span::new(Ink::Muted, " partition of "),
            Span::new(Ink::Strong, part.parent.to_string()),
            Span::new(Ink::Muted, format!("  {}", part.bounds)),
        ];
        let copy = format!("PARTITION OF {} {}", part.parent, part.bounds);
        out.push(LineKind::Detail, vec![words], Some(part.parent.clone()), copy);
    }
    if let Some(key) = &relation.partition_key {
        out.detail(one(Ink::Muted, format!("partitioned by {key}")), key.clone());
    }
    if !relation.readable {
        out.detail(one(Ink::Warning, "your role may not read its rows"), String::new());
    }
}

fn columns(relation: &Relation, origins: &Origins, out: &mut Sections) {
    if relation.columns.is_empty() {
        return;
    }
    out.heading("Columns", relation.columns.len());
    for column in &relation.columns {
        let mark = if relation.in_primary_key(&column.name) {
            Span::key()
        } else if relation.foreign_key_of(&column.name).is_some() {
            Span::link()
        } else {
            Span::new(Ink::Text, " ")
        };
        let name = vec![mark, Span::new(Ink::Strong, format!(" {}", column.name))];
        let null = if column.nullable { nothing() } else { one(Ink::Keyword, "not null") };
        let made = made(column, origins.of(&relation.name, &column.name));
        let cells = vec![name, one(Ink::Identifier, column.type_name.clone()), null, made];
        let target = relation.foreign_key_of(&column.name).map(|key| key.target.clone());
        out.push(LineKind::Entry, cells, target, column.name.clone());
    }
}

/// How a column gets its value, which migration made it, and what else is worth saying of it.
fn made(column: &Column, origin: Option<&str>) -> Vec<Span<'static>> {
    let mut parts: Vec<Vec<Span<'static>>> = Vec::new();
    let words = |word: &'static str, rest: &str| {
        vec![Span::new(Ink::Keyword, word), Span::new(Ink::Text, rest.to_owned())]
    };
    match &column.generation {
        Some(Generation::IdentityAlways) => parts.push(words("identity", " always")),
        Some(Generation::IdentityByDefault) => parts.push(words("identity", "")),
        Some(Generation::Stored(made)) => parts.push(words("stored", &format!(" {made}"))),
        Some(Generation::Virtual(made)) => parts.push(words("virtual", &format!(" {made}"))),
        Some(Generation::RowidAlias) => parts.push(words("rowid", "")),
        None => {}
    }
    if let Some(default) = &column.default {
        parts.push(words("default", &format!(" {default}")));
    }
    if let Some(collation) = &column.collation {
        parts.push(words("collate", &format!(" {collation}")));
    }
    if !column.enum_labels.is_empty() {
        parts.push(one(Ink::Muted, column.enum_labels.join(" | ")));
    }
    if !column.readable {
        parts.push(one(Ink::Warning, "not readable by your role"));
    }
    if let Some(migration) = origin {
        parts.push(one(Ink::Muted, format!("since {migration}")));
    }
    if let Some(comment) = &column.comment {
        parts.push(one(Ink::Comment, comment.clone()));
    }
    let mut spans = Vec::new();
    for part in parts {
        if !spans.is_empty() {
            spans.push(Span::new(Ink::Text, "  "));
        }
        spans.extend(part);
    }
    spans
}

fn keys(relation: &Relation, out: &mut Sections) {
    if let Some(key) = &relation.primary_key {
        out.heading("Primary key", 0);
        let all = key.columns.join(", ");
        let columns = vec![Span::key(), Span::new(Ink::Strong, format!(" {all}"))];
        let cells =
            vec![columns, one(Ink::Muted, key.name.clone()), one(Ink::Muted, &*key.deferrable)];
        out.entry(cells, all);
    }
    if relation.unique_keys.is_empty() {
        return;
    }
    out.heading("Unique", relation.unique_keys.len());
    for key in &relation.unique_keys {
        let all = key.columns.join(", ");
        let mut more = key.deferrable.clone();
        if key.nulls_not_distinct {
            more = format!("NULLS NOT DISTINCT {more}").trim_end().to_owned();
        }
        let cells = vec![
            one(Ink::Strong, format!("  {all}")),
            one(Ink::Muted, key.name.clone()),
            one(Ink::Muted, more),
        ];
        out.entry(cells, all);
    }
}

/// What happens on delete or update, where it is more than refusing.
fn action(word: &str, action: &str) -> String {
    match action {
        "" | "NO ACTION" => String::new(),
        other => format!("on {word} {}", other.to_lowercase()),
    }
}

fn references(relation: &Relation, out: &mut Sections) {
    if !relation.foreign_keys.is_empty() {
        out.heading("Foreign keys", relation.foreign_keys.len());
    }
    for key in &relation.foreign_keys {
        let there = format!("{} ({})", key.target, key.target_columns.join(", "));
        let here = key.columns.join(", ");
        let actions = [action("delete", &key.on_delete), action("update", &key.on_update)];
        let mut more = vec![Span::new(Ink::Muted, actions.join(" ").trim().to_owned())];
        if !key.validated {
            more.push(Span::new(Ink::Warning, " not validated"));
        }
        let copy = format!("FOREIGN KEY ({here}) REFERENCES {there}");
        let cells = vec![
            vec![Span::link(), Span::new(Ink::Strong, format!(" {here}"))],
            one(Ink::Identifier, there),
            more,
            one(Ink::Muted, key.name.clone()),
        ];
        out.leading(cells, &key.target, copy);
    }
    if !relation.incoming.is_empty() {
        out.heading("Referenced by", relation.incoming.len());
    }
    for key in &relation.incoming {
        let there = format!("{} ({})", key.source, key.source_columns.join(", "));
        let here = format!("on {}", key.columns.join(", "));
        let copy = format!("{there} {here}");
        let cells = vec![
            vec![Span::link(), Span::new(Ink::Strong, format!(" {there}"))],
            one(Ink::Muted, here),
            one(Ink::Muted, action("delete", &key.on_delete)),
            one(Ink::Muted, key.name.clone()),
        ];
        out.leading(cells, &key.source, copy);
    }
}

fn constraints(relation: &Relation, out: &mut Sections) {
    if !relation.checks.is_empty() {
        out.heading("Checks", relation.checks.len());
    }
    for check in &relation.checks {
        let mut name = one(Ink::Muted, format!("  {}", check.name));
        if !check.validated {
            name.push(Span::new(Ink::Warning, " not validated"));
        }
        out.entry(vec![name, one(Ink::Text, check.expression.clone())], check.expression.clone());
    }
    if !relation.exclusions.is_empty() {
        out.heading("Exclusions", relation.exclusions.len());
    }
    for exclusion in &relation.exclusions {
        let cells = vec![
            one(Ink::Muted, format!("  {}", exclusion.name)),
            one(Ink::Text, exclusion.definition.clone()),
        ];
        out.entry(cells, exclusion.definition.clone());
    }
}

fn indexes(relation: &Relation, out: &mut Sections) {
    if !relation.indexes.is_empty() {
        out.heading("Indexes", relation.indexes.len());
    }
    for index in &relation.indexes {
        let bytes = index.bytes.map(text::short_bytes).unwrap_or_default();
        let cells = vec![
            one(Ink::Strong, format!("  {}", index.name)),
            one(Ink::Text, index.columns.join(", ")),
            one(Ink::Muted, bytes),
            index_words(index),
        ];
        let all = index.columns.join(", ");
        let copy = if index.definition.is_empty() { all } else { index.definition.clone() };
        out.entry(cells, copy);
    }
}

fn index_words(index: &Index) -> Vec<Span<'static>> {
    let mut words = Vec::new();
    if !index.valid {
        words.push(Span::new(Ink::Danger, "INVALID, not used; "));
    }
    if index.primary {
        words.push(Span::new(Ink::Muted, "primary "));
    } else if index.unique {
        words.push(Span::new(Ink::Keyword, "unique "));
    }
    words.push(Span::new(Ink::Muted, index.method.clone()));
    if let Some(predicate) = &index.predicate {
        words.push(Span::new(Ink::Keyword, " where "));
        words.push(Span::new(Ink::Text, predicate.clone()));
    }
    words
}

fn triggers(relation: &Relation, out: &mut Sections) {
    if !relation.triggers.is_empty() {
        out.heading("Triggers", relation.triggers.len());
    }
    for trigger in &relation.triggers {
        let state = if trigger.enabled { nothing() } else { one(Ink::Warning, "disabled") };
        let sql = trigger.definition.split_whitespace().collect::<Vec<_>>().join(" ");
        let cells =
            vec![one(Ink::Strong, format!("  {}", trigger.name)), state, one(Ink::Muted, sql)];
        out.entry(cells, trigger.definition.clone());
    }
}

fn policies(relation: &Relation, out: &mut Sections) {
    if relation.policies.is_empty() && relation.row_security.is_none() {
        return;
    }
    out.heading("Row security", relation.policies.len());
    let state = match relation.row_security {
        Some(true) => ("on, for the owner too", Ink::Information),
        Some(false) => ("on", Ink::Information),
        None => ("off: the policies below do nothing", Ink::Warning),
    };
    out.detail(vec![Span::new(Ink::Text, "  "), Span::new(state.1, state.0)], String::new());
    for policy in &relation.policies {
        let roles = format!("to {}", policy.roles.join(", "));
        let kind = if policy.permissive { "" } else { " restrictive" };
        let cells = vec![
            one(Ink::Strong, format!("  {}", policy.name)),
            one(Ink::Keyword, format!("{}{kind}", policy.command.to_lowercase())),
            one(Ink::Muted, roles),
            policy_words(policy),
        ];
        out.entry(cells, policy.using.clone().unwrap_or_else(|| policy.name.clone()));
    }
}

fn policy_words(policy: &Policy) -> Vec<Span<'static>> {
    let mut words = Vec::new();
    for (word, expression) in [("using ", &policy.using), ("check ", &policy.with_check)] {
        if let Some(expression) = expression {
            words.push(Span::new(Ink::Keyword, word));
            words.push(Span::new(Ink::Text, format!("{expression} ")));
        }
    }
    words
}

fn partitions(relation: &Relation, out: &mut Sections) {
    if relation.partitions.is_empty() {
        return;
    }
    out.heading("Partitions", relation.partitions.len());
    for name in &relation.partitions {
        let cells = vec![vec![Span::link(), Span::new(Ink::Strong, format!(" {name}"))]];
        out.leading(cells, name, name.to_string());
    }
}
