//! Making random items. What an item refers to is chosen among what is there; what does not fit
//! after all, the repair takes away.

use super::grow_parts::{constraint, index, policy, rule, trigger, view};
use super::random::Random;
use super::repair::is_generated;
use super::values::{BUILT, built};
use super::world::{
    Base, Column, Expr, Grant, Id, Item, Routine, Sequence, Slot, Sort, Strategy, Table, Type,
    Value, What, World,
};

/// The kinds of item, each as often as it is worth.
const KINDS: &[(&str, usize)] = &[
    ("schema", 1),
    ("collation", 1),
    ("enum", 3),
    ("domain", 3),
    ("composite", 2),
    ("range", 1),
    ("sequence", 2),
    ("routine", 6),
    ("table", 6),
    ("partition", 4),
    ("column", 9),
    ("constraint", 9),
    ("index", 6),
    ("view", 6),
    ("trigger", 3),
    ("rule", 2),
    ("policy", 2),
    ("statistics", 2),
    ("event trigger", 1),
    ("default privileges", 1),
];

/// A whole random schema.
pub fn world(random: &mut Random, version: i64, size: usize) -> World {
    let mut world = World::new(version);
    for kind in ["schema", "enum", "routine", "table", "table"] {
        grow(&mut world, random, kind);
    }
    for _ in 0..size {
        let kind = any_kind(random);
        grow(&mut world, random, kind);
    }
    world.repair();
    world
}

pub fn any_kind(random: &mut Random) -> &'static str {
    let all: usize = KINDS.iter().map(|(_, weight)| weight).sum();
    let mut at = random.below(all);
    for (kind, weight) in KINDS {
        if at < *weight {
            return kind;
        }
        at -= weight;
    }
    "column"
}

/// Adds an item of a kind, if what it needs is there.
pub fn grow(world: &mut World, random: &mut Random, kind: &str) -> Option<Id> {
    let id = match kind {
        "schema" => {
            let taken = world.items.values().map(|item| item.name.clone()).collect();
            let name = random.name(&taken);
            world.add(0, name, What::Schema)
        }
        "column" => {
            let table = random.pick(&world.tables())?;
            column(world, random, table)?
        }
        "constraint" => constraint(world, random)?,
        "index" => index(world, random)?,
        "view" => view(world, random)?,
        "trigger" => trigger(world, random)?,
        "rule" => rule(world, random)?,
        "policy" => policy(world, random)?,
        "partition" => partition(world, random)?,
        "event trigger" => event_trigger(world, random)?,
        "default privileges" => default_privileges(world, random)?,
        "statistics" => statistics(world, random)?,
        _ => {
            let what = free(world, random, kind)?;
            let id = in_schema(world, random, what)?;
            if kind == "table" {
                for _ in 0..1 + random.below(5) {
                    column(world, random, id);
                }
            }
            id
        }
    };
    let comment = random.comment();
    let grants = grants(random);
    if let Some(item) = world.items.get_mut(&id) {
        item.comment = comment;
        item.grants = grants;
    }
    world.repair();
    world.items.contains_key(&id).then_some(id)
}

fn event_trigger(world: &mut World, random: &mut Random) -> Option<Id> {
    let is = |what: &What| matches!(what, What::Routine(it) if it.sort == Sort::EventTrigger);
    let function = random.pick(&world.all(is))?;
    let what = What::EventTrigger {
        function,
        event: random.below(4),
        tags: random.below(3),
        firing: random.below(6),
    };
    let name = random.name(&world.taken(0));
    Some(world.add(0, name, what))
}

fn default_privileges(world: &mut World, random: &mut Random) -> Option<Id> {
    let of = schema(world, random)?;
    let what = What::DefaultPrivileges {
        role: random.below(3),
        on: random.below(4),
        grant: random.below(2),
    };
    Some(world.add(of, String::new(), what))
}

fn statistics(world: &mut World, random: &mut Random) -> Option<Id> {
    let table = random.pick(&world.tables())?;
    let columns = random.some(&world.own_columns(table), 3);
    let what = What::Statistics {
        columns,
        kinds: random.below(4),
        target: random.chance(30).then(|| random.small()),
        expression: random.chance(20),
    };
    in_schema(world, random, what)
}

pub fn grants(random: &mut Random) -> Vec<Grant> {
    let mut found: Vec<Grant> = Vec::new();
    while random.chance(15) {
        let role = random.below(3);
        let grant =
            Grant { role, privilege: random.below(4), grantable: role > 0 && random.chance(30) };
        if !found.iter().any(|it| (it.role, it.privilege) == (grant.role, grant.privilege)) {
            found.push(grant);
        }
    }
    found
}

fn schema(world: &World, random: &mut Random) -> Option<Id> {
    random.pick(&world.all(|what| *what == What::Schema))
}

pub(super) fn in_schema(world: &mut World, random: &mut Random, what: What) -> Option<Id> {
    let of = schema(world, random)?;
    let name = if let What::Routine(routine) = &what {
        // An overload, sometimes.
        let count = routine.arguments.len();
        let others = world.all(|what| matches!(what, What::Routine(it) if it.arguments.len() != count && it.sort == Sort::Function));
        let others: Vec<Id> =
            others.into_iter().filter(|id| world.get(*id).is_some_and(|it| it.of == of)).collect();
        match random.pick(&others).filter(|_| random.chance(30) && routine.sort == Sort::Function) {
            Some(other) => world.get(other)?.name.clone(),
            None => random.name(&world.taken(of)),
        }
    } else {
        random.name(&world.taken(of))
    };
    Some(world.add(of, name, what))
}

/// A type for a column.
pub fn any_type(world: &World, random: &mut Random) -> Type {
    let is_type = |what: &What| {
        matches!(
            what,
            What::Enum { .. } | What::Domain { .. } | What::Composite { .. } | What::Range { .. }
        )
    };
    let users = world.all(is_type);
    let base = match random.pick(&users) {
        Some(user) if random.chance(35) => Base::User(user),
        _ if random.chance(45) => Base::Built(random.one(&["integer", "bigint", "text"])),
        _ => Base::Built(random.one(BUILT)),
    };
    Type { base, array: random.chance(10) }
}

pub fn labels(random: &mut Random) -> Vec<String> {
    let all = ["new", "it's", "old \"one\"", "Done", "größer", "a,b", "x", "two words"];
    random.some(&all, 5).into_iter().map(str::to_owned).collect()
}

pub fn sequence(world: &World, random: &mut Random) -> Sequence {
    let type_name = random.one(&["bigint", "integer", "smallint"]);
    let step = random.one(&[1, 1, 2, -1]);
    let columns = world.all(|what| matches!(what, What::Column(it) if !is_generated(it)));
    Sequence {
        type_name,
        start: if step > 0 { 1 + random.below(20) as i64 } else { -1 - random.below(9) as i64 },
        step,
        most: random.chance(20).then_some(if step > 0 { 30_000 } else { -1 }),
        cache: random.one(&[1, 1, 5]),
        cycle: random.chance(20),
        unlogged: world.version >= 150_000 && random.chance(15),
        owner: random.pick(&columns).filter(|_| random.chance(40)),
    }
}

pub fn routine(world: &World, random: &mut Random) -> Routine {
    let relations = world.all(|what| matches!(what, What::Table(_) | What::View(_)));
    let relation = random.pick(&relations);
    let sort = match (random.below(15), relation) {
        (0..=5, _) => Sort::Function,
        (6, _) => Sort::Procedure,
        (7, _) => Sort::Aggregate,
        (8 | 9, _) => Sort::Trigger,
        (10, _) => Sort::EventTrigger,
        (11, Some(relation)) => Sort::Rows(relation),
        (12, Some(relation)) if world.version >= 140_000 => Sort::Parsed(relation),
        (13, Some(relation)) => Sort::Reads(relation),
        _ => Sort::Table,
    };
    let argument = |number: usize, random: &mut Random| {
        let names = ["a", "Two Words", "select", "d"];
        (names[number].to_owned(), any_type(world, random), random.chance(30))
    };
    let most = if matches!(sort, Sort::Function | Sort::Procedure | Sort::Table) {
        random.below(4)
    } else {
        0
    };
    let mut arguments: Vec<_> = (0..most).map(|number| argument(number, random)).collect();
    let returns = if random.chance(35) { built("boolean") } else { any_type(world, random) };
    // What others can use as a condition on their columns.
    if returns == built("boolean") && sort == Sort::Function && random.chance(70) {
        let columns = world.all(|what| matches!(what, What::Column(_)));
        let kind = random.pick(&columns).and_then(|id| world.column(id)).map(|column| column.kind);
        arguments = vec![("a".to_owned(), kind.unwrap_or(built("integer")), false)];
    }
    Routine {
        sort,
        arguments,
        returns,
        plpgsql: random.chance(35),
        body: random.small(),
        immutable: random.chance(70),
        options: random.small(),
    }
}

fn free(world: &World, random: &mut Random, kind: &str) -> Option<What> {
    Some(match kind {
        "collation" => What::Collation { locale: random.below(3) },
        "enum" => What::Enum { labels: labels(random) },
        "domain" => {
            let base = any_type(world, random);
            let names = ["check one", "b", "C"];
            let checks =
                (0..random.below(3)).map(|number| (names[number].to_owned(), random.small()));
            let checks: Vec<_> = checks.collect();
            What::Domain {
                base,
                not_null: random.chance(15),
                default: random.chance(30).then(|| random.small()),
                checks,
            }
        }
        "composite" => {
            let names = ["x", "Why", "z z", "select"];
            let attributes = (0..1 + random.below(3))
                .map(|number| (names[number].to_owned(), any_type(world, random)));
            What::Composite { attributes: attributes.collect() }
        }
        "range" => {
            What::Range { subtype: random.one(&["integer", "text", "double precision", "date"]) }
        }
        "sequence" => What::Sequence(sequence(world, random)),
        "routine" => What::Routine(routine(world, random)),
        "table" => What::Table(table(world, random)),
        _ => return None,
    })
}

fn table(world: &World, random: &mut Random) -> Table {
    let free = |id: &Id| {
        world.table(*id).is_some_and(|it| it.partition_by.is_none() && it.partition_of.is_none())
    };
    let parents: Vec<Id> = world.tables().into_iter().filter(free).collect();
    let inherits = random.pick(&parents).filter(|_| random.chance(15)).into_iter().collect();
    Table {
        unlogged: random.chance(8),
        options: if random.chance(20) { random.small() } else { 0 },
        partition_by: None,
        partition_of: None,
        inherits,
        security: if random.chance(20) { random.small() } else { 0 },
        replica: if random.chance(10) { random.small() } else { 0 },
        clustered: None,
        inline: random.chance(60),
    }
}

/// A partition of a table that is parted, or a table that becomes so.
fn partition(world: &mut World, random: &mut Random) -> Option<Id> {
    let parted = |id: &Id| world.table(*id).is_some_and(|it| it.partition_by.is_some());
    let parents: Vec<Id> = world.tables().into_iter().filter(parted).collect();
    let Some(parent) = random.pick(&parents).filter(|_| random.chance(75)) else {
        let table =
            Table { inherits: Vec::new(), unlogged: false, options: 0, ..table(world, random) };
        let id = in_schema(world, random, What::Table(table))?;
        let key = new_column(world, random, id, built("integer"));
        for _ in 0..random.below(4) {
            column(world, random, id);
        }
        let strategy = random.one(&[Strategy::List, Strategy::Range, Strategy::Hash]);
        if let Some(What::Table(table)) = world.items.get_mut(&id).map(|item| &mut item.what) {
            table.partition_by = Some((strategy, key));
        }
        return Some(id);
    };
    let number = free_slot(world, random, parent)?;
    let whole: Vec<Id> = world
        .columns(parent)
        .into_iter()
        .filter(|id| {
            world.column(*id).is_some_and(|it| it.kind == built("integer") && !is_generated(it))
        })
        .collect();
    let sub = random.pick(&whole).filter(|_| random.chance(20));
    let strategy = random.one(&[Strategy::List, Strategy::Range, Strategy::Hash]);
    let table = Table {
        unlogged: random.chance(8),
        options: if random.chance(20) { random.small() } else { 0 },
        partition_by: sub.map(|key| (strategy, key)),
        partition_of: Some(Slot {
            parent,
            number,
            attached: random.chance(35).then(|| u64::from(random.small())),
        }),
        inherits: Vec::new(),
        security: 0,
        replica: 0,
        clustered: None,
        inline: true,
    };
    in_schema(world, random, What::Table(table))
}

/// A slot of a parted table that no partition has.
pub fn free_slot(world: &World, random: &mut Random, parent: Id) -> Option<u32> {
    let taken: Vec<u32> = world
        .children(parent)
        .into_iter()
        .filter_map(|id| world.table(id)?.partition_of.as_ref().map(|slot| slot.number))
        .collect();
    let free: Vec<u32> = (0..4).filter(|number| !taken.contains(number)).collect();
    random.pick(&free)
}

pub(super) fn new_column(world: &mut World, random: &mut Random, table: Id, kind: Type) -> Id {
    let name = random.name(&world.taken(table));
    let place = random.below(20) as i32;
    let what = Column {
        kind,
        value: Value::None,
        not_null: random.chance(30),
        collation: None,
        storage: 0,
        statistics: None,
        options: 0,
        place,
        again: None,
    };
    world.add(table, name, What::Column(what))
}

/// What a column gets by itself.
pub fn any_value(world: &World, random: &mut Random, table: Id, kind: Type) -> Value {
    let gives = |what: &What| matches!(what, What::Routine(it) if it.returns == kind && it.arguments.is_empty());
    let sequences = world.all(|what| matches!(what, What::Sequence(it) if it.owner.is_none()));
    let own: Vec<Id> = world.own_columns(table);
    match random.below(14) {
        0..=2 => Value::Literal(random.small()),
        3 => random.pick(&world.all(gives)).map_or(Value::None, Value::Function),
        4 => random.pick(&sequences).map_or(Value::None, Value::Sequence),
        5 => Value::Serial,
        6 => Value::Identity {
            always: random.chance(50),
            start: random.one(&[1, 1, 100]),
            step: random.one(&[1, 1, 10]),
        },
        7 => random.pick(&own).map_or(Value::None, |from| Value::Generated(from, random.small())),
        8 => Value::Clock,
        _ => Value::None,
    }
}

fn column(world: &mut World, random: &mut Random, table: Id) -> Option<Id> {
    let kind = any_type(world, random);
    let value = any_value(world, random, table, kind);
    let collations = world.all(|what| matches!(what, What::Collation { .. }));
    let parents: Vec<Id> =
        world.table(table)?.inherits.iter().flat_map(|parent| world.columns(*parent)).collect();
    let again = random.pick(&parents).filter(|_| random.chance(25));
    let own: Vec<Id> = world.own_columns(table);
    if let Some(theirs) = again
        && own.iter().any(|id| world.column(*id).is_some_and(|it| it.again == Some(theirs)))
    {
        return None;
    }
    let id = new_column(world, random, table, kind);
    if let Some(Item { what: What::Column(column), .. }) = world.items.get_mut(&id) {
        column.value = value;
        column.collation = random.pick(&collations).filter(|_| random.chance(30));
        column.storage = if random.chance(12) { random.small() } else { 0 };
        column.statistics = random.chance(10).then(|| random.small());
        column.options = if random.chance(8) { random.small() } else { 0 };
        column.again = again;
    }
    Some(id)
}

/// An expression over one of a relation's columns.
pub fn any_expr(world: &World, random: &mut Random, relation: Id) -> Option<Expr> {
    let (column, _, kind) = random.pick(&world.outputs(relation))?;
    let fits = world.all(|what| matches!(what, What::Routine(_)));
    let fits: Vec<Id> = fits.into_iter().filter(|id| world.takes(*id, kind)).collect();
    Some(Expr {
        column,
        flavour: random.small(),
        function: random.pick(&fits).filter(|_| random.chance(60)),
    })
}

pub(super) fn schema_name(world: &World, random: &mut Random, relation: Id) -> Option<String> {
    let schema = world.get(relation)?.of;
    let mut taken = world.taken(schema);
    taken.extend(world.taken(relation));
    Some(random.name(&taken))
}
