//! A schema as the generator holds it: numbered items that refer to each other by number, so that
//! one can be changed or taken out and the rest repaired. Knows nothing of the program's own
//! model: what is written from this is the independent opinion.

use std::collections::{BTreeMap, BTreeSet};

/// The number of an item, the same in a schema and in what was made from it.
pub type Id = u32;

/// A whole schema.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// The server's version number: what can be said depends on it.
    pub version: i64,
    /// The next free number.
    pub next: Id,
    /// The items by number; one refers to smaller numbers only, but for foreign keys.
    pub items: BTreeMap<Id, Item>,
}

/// One thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The schema or relation it is in; 0 for what is in none.
    pub of: Id,
    pub name: String,
    pub comment: Option<String>,
    pub grants: Vec<Grant>,
    pub what: What,
}

/// A privilege: 0 is PUBLIC, others are roles.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    pub role: usize,
    pub privilege: usize,
    pub grantable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Base {
    Built(&'static str),
    User(Id),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    pub base: Base,
    pub array: bool,
}

/// An expression over one column, written by the column's type.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub column: Id,
    pub flavour: u32,
    /// A function that is used while it fits the column.
    pub function: Option<Id>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Schema,
    Collation { locale: usize },
    Enum { labels: Vec<String> },
    Domain { base: Type, not_null: bool, default: Option<u32>, checks: Vec<(String, u32)> },
    Composite { attributes: Vec<(String, Type)> },
    Range { subtype: &'static str },
    Sequence(Sequence),
    Routine(Routine),
    Table(Table),
    Column(Column),
    Constraint(Constraint),
    Index(Index),
    View(View),
    Trigger(Trigger),
    Rule(Rule),
    Policy(Policy),
    Statistics { columns: Vec<Id>, kinds: usize, target: Option<u32>, expression: bool },
    EventTrigger { function: Id, event: usize, tags: usize, firing: usize },
    DefaultPrivileges { role: usize, on: usize, grant: usize },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    pub type_name: &'static str,
    pub start: i64,
    pub step: i64,
    pub most: Option<i64>,
    pub cache: i64,
    pub cycle: bool,
    pub unlogged: bool,
    pub owner: Option<Id>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sort {
    Function,
    Procedure,
    Aggregate,
    Trigger,
    EventTrigger,
    /// Answers with rows of a relation.
    Rows(Id),
    /// Its parsed body reads a relation.
    Parsed(Id),
    /// Its body, a text, reads a relation.
    Reads(Id),
    /// Answers with a table of its own.
    Table,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Routine {
    pub sort: Sort,
    pub arguments: Vec<(String, Type, bool)>,
    pub returns: Type,
    pub plpgsql: bool,
    pub body: u32,
    pub immutable: bool,
    pub options: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    List,
    Range,
    Hash,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    pub parent: Id,
    /// 0 is the default partition.
    pub number: u32,
    /// Made for itself with its columns in this order, then attached.
    pub attached: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub unlogged: bool,
    pub options: u32,
    pub partition_by: Option<(Strategy, Id)>,
    pub partition_of: Option<Slot>,
    pub inherits: Vec<Id>,
    pub security: u32,
    pub replica: u32,
    pub clustered: Option<Id>,
    /// Whether constraints are written inside CREATE TABLE.
    pub inline: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    None,
    Literal(u32),
    Function(Id),
    Sequence(Id),
    Serial,
    Identity {
        always: bool,
        start: i64,
        step: i64,
    },
    Generated(Id, u32),
    /// `now()`, `gen_random_uuid()`, `CURRENT_USER`: by the type.
    Clock,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub kind: Type,
    pub value: Value,
    pub not_null: bool,
    pub collation: Option<Id>,
    pub storage: u32,
    pub statistics: Option<u32>,
    pub options: u32,
    pub place: i32,
    /// A column of a table that this one's table inherits from: its name and type are this one's.
    pub again: Option<Id>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule1 {
    Primary,
    Unique,
    Check,
    Foreign,
    Exclusion,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    pub kind: Rule1,
    pub named: bool,
    pub columns: Vec<Id>,
    pub include: Vec<Id>,
    pub expr: Option<Expr>,
    /// Of a foreign key: the key it refers to.
    pub key: Option<Id>,
    pub deferrable: u32,
    pub not_valid: bool,
    pub on_delete: usize,
    pub on_update: usize,
    pub full: bool,
    pub nulls_equal: bool,
    pub no_inherit: bool,
    pub options: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub column: Id,
    pub expression: bool,
    pub descending: bool,
    pub nulls_other: bool,
    pub class: bool,
    pub collate: Option<Id>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    pub method: &'static str,
    pub named: bool,
    pub parts: Vec<Part>,
    pub unique: bool,
    pub nulls_equal: bool,
    pub filter: Option<Expr>,
    pub include: Vec<Id>,
    pub options: bool,
    pub only: bool,
    pub statistics: Option<u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub id: Id,
    pub name: String,
    pub source: Id,
    pub column: Id,
    pub flavour: u32,
    pub default: Option<u32>,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub materialized: bool,
    pub entries: Vec<Entry>,
    pub filter: Option<Expr>,
    /// A primary key that it is grouped by.
    pub grouped: Option<Id>,
    pub aggregate: bool,
    pub function: Option<Id>,
    pub shape: u32,
    pub options: u32,
    pub no_data: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    pub function: Id,
    pub before: bool,
    pub events: usize,
    pub columns: Vec<Id>,
    pub when: Option<Expr>,
    pub row: bool,
    pub constraint: bool,
    pub transition: bool,
    pub firing: usize,
    pub argument: Option<u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub event: usize,
    pub instead: bool,
    pub other: Option<Id>,
    pub condition: Option<Expr>,
    pub firing: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub command: usize,
    pub restrictive: bool,
    pub roles: Vec<usize>,
    pub using: Option<Expr>,
    pub check: Option<Expr>,
    pub other: Option<Id>,
}

impl World {
    /// Nothing.
    pub fn new(version: i64) -> Self {
        Self { version, next: 1, items: BTreeMap::new() }
    }

    /// Adds an item.
    pub fn add(&mut self, of: Id, name: String, what: What) -> Id {
        let id = self.next;
        self.next += 1;
        let item = Item { of, name, comment: None, grants: Vec::new(), what };
        self.items.insert(id, item);
        id
    }

    pub fn get(&self, id: Id) -> Option<&Item> {
        self.items.get(&id)
    }

    pub fn table(&self, id: Id) -> Option<&Table> {
        match &self.get(id)?.what {
            What::Table(table) => Some(table),
            _ => None,
        }
    }

    pub fn column(&self, id: Id) -> Option<&Column> {
        match &self.get(id)?.what {
            What::Column(column) => Some(column),
            _ => None,
        }
    }

    pub fn view(&self, id: Id) -> Option<&View> {
        match &self.get(id)?.what {
            What::View(view) => Some(view),
            _ => None,
        }
    }

    pub fn routine(&self, id: Id) -> Option<&Routine> {
        match &self.get(id)?.what {
            What::Routine(routine) => Some(routine),
            _ => None,
        }
    }

    pub fn constraint(&self, id: Id) -> Option<&Constraint> {
        match &self.get(id)?.what {
            What::Constraint(constraint) => Some(constraint),
            _ => None,
        }
    }

    /// The items that are of a kind.
    pub fn all(&self, is: impl Fn(&What) -> bool) -> Vec<Id> {
        self.items.iter().filter(|(_, item)| is(&item.what)).map(|(id, _)| *id).collect()
    }

    pub fn tables(&self) -> Vec<Id> {
        self.all(|what| matches!(what, What::Table(_)))
    }

    /// The tables a table hangs on.
    pub fn parents(&self, table: Id) -> Vec<Id> {
        let Some(body) = self.table(table) else { return Vec::new() };
        let partition = body.partition_of.iter().map(|slot| slot.parent);
        partition.chain(body.inherits.iter().copied()).collect()
    }

    /// The tables that hang on a table.
    pub fn children(&self, table: Id) -> Vec<Id> {
        self.tables().into_iter().filter(|child| self.parents(*child).contains(&table)).collect()
    }

    /// All tables that hang together with one.
    pub fn family(&self, table: Id) -> BTreeSet<Id> {
        let mut found = BTreeSet::from([table]);
        let mut open = vec![table];
        while let Some(one) = open.pop() {
            for next in self.parents(one).into_iter().chain(self.children(one)) {
                if found.insert(next) {
                    open.push(next);
                }
            }
        }
        found
    }

    /// A table's own columns in their order.
    pub fn own_columns(&self, table: Id) -> Vec<Id> {
        let mut found: Vec<(i32, Id)> = self
            .items
            .iter()
            .filter(|(_, item)| item.of == table)
            .filter_map(|(id, item)| match &item.what {
                What::Column(column) => Some((column.place, *id)),
                _ => None,
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// All columns of a table, those of its parents first.
    pub fn columns(&self, table: Id) -> Vec<Id> {
        let mut found = Vec::new();
        for parent in self.parents(table) {
            for column in self.columns(parent) {
                if !found.contains(&column) {
                    found.push(column);
                }
            }
        }
        let own = self.own_columns(table).into_iter();
        found.extend(own.filter(|id| self.column(*id).is_some_and(|body| body.again.is_none())));
        found
    }

    /// What can be read from a relation: number, name, type.
    pub fn outputs(&self, relation: Id) -> Vec<(Id, String, Type)> {
        match self.get(relation).map(|item| &item.what) {
            Some(What::Table(_)) => self
                .columns(relation)
                .into_iter()
                .filter_map(|id| Some((id, self.get(id)?.name.clone(), self.column(id)?.kind)))
                .collect(),
            Some(What::View(view)) => view
                .entries
                .iter()
                .map(|entry| (entry.id, entry.name.clone(), self.entry_type(view, entry)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// One thing that can be read from a relation.
    pub fn output(&self, relation: Id, id: Id) -> Option<(String, Type)> {
        let found = self.outputs(relation).into_iter().find(|(found, _, _)| *found == id);
        found.map(|(_, name, kind)| (name, kind))
    }

    fn entry_type(&self, view: &View, entry: &Entry) -> Type {
        let built = |name| Type { base: Base::Built(name), array: false };
        if view.aggregate {
            return built("bigint");
        }
        match entry.flavour {
            1 => built("boolean"),
            2 => built("text"),
            3 => built("json"),
            _ => self.output(entry.source, entry.column).map_or(built("text"), |(_, kind)| kind),
        }
    }

    /// The names that a new item in a schema or relation must not have.
    pub fn taken(&self, of: Id) -> BTreeSet<String> {
        let family = if self.table(of).is_some() { self.family(of) } else { BTreeSet::from([of]) };
        let mut found: BTreeSet<String> = self
            .items
            .values()
            .filter(|item| family.contains(&item.of))
            .map(|item| item.name.clone())
            .collect();
        // Indexes and keys have their names in the schema.
        for item in self.items.values() {
            let named = matches!(item.what, What::Index(_) | What::Constraint(_));
            let schema = self.get(item.of).map(|relation| relation.of);
            if named && schema == Some(of) {
                found.insert(item.name.clone());
            }
        }
        found
    }

    /// The schema something is in.
    pub fn schema_of(&self, id: Id) -> Id {
        match self.get(id) {
            Some(item) => match self.get(item.of).map(|of| &of.what) {
                Some(What::Schema) => item.of,
                Some(_) => self.schema_of(item.of),
                None => 0,
            },
            None => 0,
        }
    }

    /// The numbers of items there are with this one as their relation.
    pub fn parts(&self, relation: Id) -> Vec<Id> {
        let parts = self.items.iter().filter(|(_, item)| item.of == relation);
        parts.map(|(id, _)| *id).collect()
    }
}
