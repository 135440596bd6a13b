//! The tree of everything there is, flattened to the lines a person sees.
//!
//! It knows the outline and what is folded; it never reads a database and never draws.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::schema::model::{LEDGER_SCHEMA, is_history_table};
use crate::schema::{
    Outline, OutlineRelation, OutlineSchema, RelationKind, RelationName, TypeKind,
};

/// The tree and where its cursor stands.
#[derive(Debug, Default)]
pub struct Tree {
    outline: Arc<Outline>,
    /// Branches that are not as they are by default.
    toggled: BTreeSet<Branch>,
    lines: Vec<Line>,
    /// The line under the cursor.
    pub cursor: usize,
    /// The first line on the screen.
    pub top: usize,
    find: String,
}

/// Something that folds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Branch {
    /// A schema.
    Schema(String),
    /// The types, sequences or functions of a schema.
    Group(String, Group),
    /// A partitioned table and its partitions.
    Partitions(RelationName),
}

/// A group of things in a schema that are no relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Enums, domains, composite and range types.
    Types,
    /// Sequences.
    Sequences,
    /// Functions, procedures, aggregates.
    Functions,
}

/// One line of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// How deep it is indented.
    pub depth: u16,
    /// Its text, not yet fit for a screen.
    pub label: String,
    /// What stands behind it.
    pub item: Item,
}

/// What a line of the tree is.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Something that folds, whether it is open, and how many things are in it.
    Branch(Branch, bool, usize),
    /// A relation; for a partitioned one, whether its partitions are shown.
    Relation(Leaf),
    /// A type, a sequence or a function: its sort and what defines it.
    Object(&'static str, Vec<String>),
}

/// A relation in the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// Its full name.
    pub name: RelationName,
    /// What it is.
    pub kind: RelationKind,
    /// About how many rows it has.
    pub rows: Option<u64>,
    /// Whether the role may read it.
    pub readable: bool,
    /// Whether its partitions are shown; `None` when it has none.
    pub open: Option<bool>,
}

impl Tree {
    /// Takes a new outline; the cursor stays on what it stood on, if that is still there.
    /// What migration tools and dbstudio keep for themselves comes last.
    pub fn set_outline(&mut self, mut outline: Arc<Outline>) {
        let is_kept = |relation: &OutlineRelation| is_history_table(&relation.name);
        let is_mixed = |schema: &OutlineSchema| {
            schema.name == LEDGER_SCHEMA || schema.relations.iter().any(is_kept)
        };
        if outline.schemas.iter().any(is_mixed) {
            let sorted = Arc::make_mut(&mut outline);
            sorted.schemas.sort_by_key(|schema| schema.name == LEDGER_SCHEMA);
            for schema in &mut sorted.schemas {
                schema.relations.sort_by_key(is_kept);
            }
        }
        self.outline = outline;
        self.rebuild();
    }

    /// Whether there is no relation but those migration tools and dbstudio keep for themselves.
    pub fn is_empty_of_tables(&self) -> bool {
        let own = self.outline.schemas.iter().filter(|schema| schema.name != LEDGER_SCHEMA);
        own.flat_map(|schema| &schema.relations).all(|one| is_history_table(&one.name))
    }

    /// Everything there is, folded or not.
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// The lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The line under the cursor.
    pub fn current(&self) -> Option<&Line> {
        self.lines.get(self.cursor)
    }

    /// What the lines are narrowed by.
    pub fn find(&self) -> &str {
        &self.find
    }

    /// Narrows the lines to relations whose name holds the text; all for an empty text.
    pub fn set_find(&mut self, find: &str) {
        self.find = find.to_lowercase();
        self.rebuild();
        // What was looked for is a relation, not the schema above it.
        let first = self.lines.iter().position(|line| matches!(line.item, Item::Relation(_)));
        if let Some(first) = first.filter(|_| !self.find.is_empty()) {
            self.cursor = first;
            self.top = 0;
        }
    }

    /// A relation's name as a title says it: bare where there is only one schema, so that it
    /// says nothing a person has to be told.
    pub fn title(&self, name: &RelationName) -> String {
        match self.outline.schemas.as_slice() {
            [only] if only.name == name.schema => name.name.clone(),
            _ => name.to_string(),
        }
    }

    /// How many relations there are.
    pub fn relation_count(&self) -> usize {
        self.outline.schemas.iter().map(|schema| schema.relations.len()).sum()
    }

    /// Moves the cursor by lines and keeps it on the screen of `height` lines.
    pub fn move_by(&mut self, lines: isize, height: usize) {
        self.move_to(self.cursor.saturating_add_signed(lines), height);
    }

    /// Moves the cursor to a line.
    pub fn move_to(&mut self, line: usize, height: usize) {
        self.cursor = line.min(self.lines.len().saturating_sub(1));
        let height = height.max(1);
        self.top = self.top.clamp((self.cursor + 1).saturating_sub(height), self.cursor);
        self.top = self.top.min(self.lines.len().saturating_sub(height.min(self.lines.len())));
    }

    /// Moves the cursor to a relation, opening what hides it.
    pub fn reveal(&mut self, name: &RelationName, height: usize) {
        if !self.find.is_empty() && !name.name.to_lowercase().contains(&self.find) {
            self.find.clear();
        }
        if !self.is_open(&Branch::Schema(name.schema.clone())) {
            self.toggle(Branch::Schema(name.schema.clone()));
        }
        if let Some(parent) = self.outline.find(name).and_then(|found| found.partition_of.clone())
            && !self.is_open(&Branch::Partitions(parent.clone()))
        {
            self.toggle(Branch::Partitions(parent));
        }
        self.rebuild();
        let here = |line: &Line| matches!(&line.item, Item::Relation(leaf) if leaf.name == *name);
        if let Some(line) = self.lines.iter().position(here) {
            self.move_to(line, height);
        }
    }

    /// Folds or unfolds the branch under the cursor; whether there was one.
    pub fn toggle_current(&mut self) -> bool {
        let Some(branch) = self.current_branch() else { return false };
        self.toggle(branch);
        self.rebuild();
        true
    }

    /// Unfolds the branch under the cursor, or steps into an open one.
    pub fn unfold(&mut self, height: usize) {
        match self.current_open() {
            Some(false) => {
                self.toggle_current();
            }
            Some(true) => self.move_by(1, height),
            None => {}
        }
    }

    /// Folds the branch under the cursor, or steps out to the parent.
    pub fn fold(&mut self, height: usize) {
        if self.current_open() == Some(true) {
            self.toggle_current();
            return;
        }
        let depth = self.current().map_or(0, |line| line.depth);
        let before = self.lines.get(..self.cursor).unwrap_or_default();
        if let Some(parent) = before.iter().rposition(|line| line.depth < depth) {
            self.move_to(parent, height);
        }
    }

    fn current_branch(&self) -> Option<Branch> {
        match &self.current()?.item {
            Item::Branch(branch, ..) => Some(branch.clone()),
            Item::Relation(leaf) if leaf.open.is_some() => {
                Some(Branch::Partitions(leaf.name.clone()))
            }
            _ => None,
        }
    }

    fn current_open(&self) -> Option<bool> {
        match &self.current()?.item {
            Item::Branch(_, open, _) => Some(*open),
            Item::Relation(leaf) => leaf.open,
            Item::Object(..) => None,
        }
    }

    fn toggle(&mut self, branch: Branch) {
        if !self.toggled.remove(&branch) {
            self.toggled.insert(branch);
        }
    }

    /// Schemas are open by default as long as there are few; groups and partitions are not.
    fn is_open(&self, branch: &Branch) -> bool {
        let by_default = match branch {
            Branch::Schema(name) if name == LEDGER_SCHEMA => false,
            Branch::Schema(name) => self.outline.schemas.len() <= 4 || name == "public",
            _ => false,
        };
        by_default != self.toggled.contains(branch)
    }

    fn rebuild(&mut self) {
        let held = self.current().map(|line| (line.label.clone(), line.depth));
        let outline = Arc::clone(&self.outline);
        let mut lines = Vec::new();
        // One schema needs no line of its own.
        let lone = outline.schemas.len() == 1;
        for schema in &outline.schemas {
            let branch = Branch::Schema(schema.name.clone());
            let searching = !self.find.is_empty();
            let open = searching || self.is_open(&branch);
            let before = lines.len();
            if !lone {
                let item = Item::Branch(branch, open, schema.relations.len());
                lines.push(Line { depth: 0, label: schema.name.clone(), item });
            }
            if open || lone {
                self.add_schema(schema, u16::from(!lone), &mut lines);
            }
            if searching && !lone && lines.len() == before + 1 {
                lines.pop();
            }
        }
        self.lines = lines;
        let same = |line: &Line| held.as_ref().is_some_and(|(label, _)| *label == line.label);
        if !self.lines.get(self.cursor).is_some_and(same)
            && let Some(found) = self.lines.iter().position(same)
        {
            self.cursor = found;
        }
        self.cursor = self.cursor.min(self.lines.len().saturating_sub(1));
        self.top = self.top.min(self.cursor);
    }

    fn add_schema(&self, schema: &OutlineSchema, depth: u16, lines: &mut Vec<Line>) {
        if !self.find.is_empty() {
            let hits = schema
                .relations
                .iter()
                .filter(|relation| relation.name.to_lowercase().contains(&self.find));
            lines.extend(hits.map(|relation| leaf_line(schema, relation, depth, None)));
            return;
        }
        // A partition whose parent lives in another schema has no parent here to stand under.
        let top = schema.relations.iter().filter(|relation| {
            relation.partition_of.as_ref().is_none_or(|parent| parent.schema != schema.name)
        });
        for relation in top {
            self.add_relation(schema, relation, depth, lines);
        }
        let groups = [
            (Group::Types, "types", schema.types.len()),
            (Group::Sequences, "sequences", schema.sequences.len()),
            (Group::Functions, "functions", schema.functions.len()),
        ];
        for (group, label, count) in groups {
            if count == 0 {
                continue;
            }
            let branch = Branch::Group(schema.name.clone(), group);
            let open = self.is_open(&branch);
            let item = Item::Branch(branch, open, count);
            lines.push(Line { depth, label: label.to_owned(), item });
            if open {
                add_group(schema, group, depth + 1, lines);
            }
        }
    }

    fn add_relation(
        &self,
        schema: &OutlineSchema,
        relation: &OutlineRelation,
        depth: u16,
        lines: &mut Vec<Line>,
    ) {
        let name = RelationName::new(&schema.name, &relation.name);
        if relation.kind != RelationKind::PartitionedTable {
            lines.push(leaf_line(schema, relation, depth, None));
            return;
        }
        let open = self.is_open(&Branch::Partitions(name.clone()));
        lines.push(leaf_line(schema, relation, depth, Some(open)));
        if open {
            let parts =
                schema.relations.iter().filter(|part| part.partition_of.as_ref() == Some(&name));
            for part in parts {
                // A partition may be partitioned again; its own kind says so.
                self.add_relation(schema, part, depth + 1, lines);
            }
        }
    }
}

fn leaf_line(
    schema: &OutlineSchema,
    relation: &OutlineRelation,
    depth: u16,
    open: Option<bool>,
) -> Line {
    let leaf = Leaf {
        name: RelationName::new(&schema.name, &relation.name),
        kind: relation.kind,
        rows: relation.rows_estimate,
        readable: relation.readable,
        open,
    };
    Line { depth, label: relation.name.clone(), item: Item::Relation(leaf) }
}

fn add_group(schema: &OutlineSchema, group: Group, depth: u16, lines: &mut Vec<Line>) {
    let mut add = |label: &str, sort: &'static str, definition: Vec<String>| {
        lines.push(Line { depth, label: label.to_owned(), item: Item::Object(sort, definition) });
    };
    match group {
        Group::Types => {
            for kind in &schema.types {
                let sort = match kind.kind {
                    TypeKind::Enum => "enum",
                    TypeKind::Domain => "domain",
                    TypeKind::Composite => "composite type",
                    TypeKind::Range => "range type",
                };
                add(&kind.name, sort, kind.definition.clone());
            }
        }
        Group::Sequences => {
            for sequence in &schema.sequences {
                let mut definition = vec![format!("of {}", sequence.type_name)];
                definition.extend(sequence.last_value.map(|last| format!("last value {last}")));
                definition.extend(sequence.owned_by.as_ref().map(|by| format!("owned by {by}")));
                add(&sequence.name, "sequence", definition);
            }
        }
        Group::Functions => {
            for function in &schema.functions {
                let mut definition = vec![format!("({})", function.arguments)];
                if !function.returns.is_empty() {
                    definition.push(format!("returns {}", function.returns));
                }
                definition.push(format!("language {}", function.language));
                add(&function.name, function.kind, definition);
            }
        }
    }
}
