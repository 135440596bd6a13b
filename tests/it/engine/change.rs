//! Random edits: one schema becomes the next as people change theirs.

use super::grow::{
    any_expr, any_kind, any_type, any_value, free_slot, grants, grow, labels, routine, sequence,
};
use super::random::Random;
use super::values::quoted;
use super::world::{Id, Strategy, Table, What, World};

/// Another schema made from one by some edits.
pub fn changed(world: &World, random: &mut Random) -> World {
    let mut next = world.clone();
    for _ in 0..1 + random.below(7) {
        edit(&mut next, random);
        next.repair();
    }
    next
}

fn edit(world: &mut World, random: &mut Random) {
    let all: Vec<Id> = world.items.keys().copied().collect();
    let Some(id) = random.pick(&all) else { return };
    match random.below(12) {
        0..=2 => {
            let kind = any_kind(random);
            grow(world, random, kind);
        }
        3 | 4 => drop(world.items.remove(&id)),
        5 => {
            let comment = random.comment();
            let grants = grants(random);
            if let Some(item) = world.items.get_mut(&id) {
                item.comment = comment;
                item.grants = grants;
            }
        }
        6 => rename(world, random, id),
        _ => tweak(world, random, id),
    }
}

/// The same schema with other names for some tables and columns, and the answers that say which.
pub fn renamed(world: &World, random: &mut Random) -> (World, Vec<String>) {
    let (mut next, mut answers) = (world.clone(), Vec::new());
    let things = world.all(|what| matches!(what, What::Table(_) | What::Column(_)));
    let mut touched = Vec::new();
    for id in random.some(&things, 4) {
        let Some(item) = world.get(id) else { continue };
        let is_table = matches!(item.what, What::Table(_));
        let table = if is_table { id } else { item.of };
        // A column that a parent has too has the parent's name.
        if !is_table && !world.parents(table).is_empty() {
            continue;
        }
        // A column of a table that is renamed too goes by either of its names.
        let old = if is_table {
            world.named(id)
        } else {
            format!("{}.{}", world.named(table), quoted(&item.name))
        };
        rename(&mut next, random, id);
        let new = next.get(id).map(|item| quoted(&item.name)).unwrap_or_default();
        let given_up = touched.contains(&new);
        if new == quoted(&item.name) || given_up {
            next = world.clone();
            (answers, touched) = (Vec::new(), Vec::new());
            continue;
        }
        touched.push(quoted(&item.name));
        answers.push(format!("{} {old}={new}", if is_table { "table" } else { "column" }));
    }
    (next, answers)
}

/// Another name, perhaps one that was just given up.
fn rename(world: &mut World, random: &mut Random, id: Id) {
    let Some(item) = world.get(id) else { return };
    let mut taken = world.taken(item.of);
    let schema = world.get(item.of).map_or(0, |it| it.of);
    taken.extend(world.taken(schema));
    if matches!(item.what, What::Schema) {
        taken.extend(world.items.values().map(|item| item.name.clone()));
    }
    let name = random.name(&taken);
    if let Some(item) = world.items.get_mut(&id) {
        item.name = name;
    }
}

fn tweak(world: &mut World, random: &mut Random, id: Id) {
    let Some(mut item) = world.get(id).cloned() else { return };
    let relation = item.of;
    match &item.what {
        What::Schema | What::DefaultPrivileges { .. } => {}
        What::Table(_) => return tweak_table(world, random, id),
        What::Column(_) | What::Constraint(_) => {
            tweak_column(world, random, relation, &mut item.what);
        }
        What::Index(_) | What::View(_) => {
            tweak_reading(world, random, relation, &mut item.what);
        }
        What::Collation { .. }
        | What::Enum { .. }
        | What::Domain { .. }
        | What::Composite { .. }
        | What::Range { .. }
        | What::Sequence(_) => tweak_type(world, random, &mut item.what),
        What::Routine(_) => tweak_routine(world, random, &mut item.what),
        _ => tweak_part(world, random, relation, &mut item.what),
    }
    world.items.insert(id, item);
}

fn tweak_type(world: &World, random: &mut Random, what: &mut What) {
    match what {
        What::Collation { locale } => *locale = random.below(3),
        What::Enum { labels: have } => match random.below(4) {
            0 => *have = random.shuffled(have),
            1 if have.len() > 1 => drop(have.remove(random.below(have.len()))),
            _ => {
                let new = labels(random).into_iter().find(|label| !have.contains(label));
                have.extend(new);
                let last = have.len() - 1;
                have.swap(last, random.below(last + 1));
            }
        },
        What::Domain { base, not_null, default, checks } => match random.below(5) {
            0 => *base = any_type(world, random),
            1 => *not_null = !*not_null,
            2 => *default = random.chance(60).then(|| random.small()),
            3 if !checks.is_empty() => drop(checks.pop()),
            _ => {
                let number = checks.len();
                checks.push((format!("check {number}"), random.small()));
            }
        },
        What::Composite { attributes } => {
            let kind = any_type(world, random);
            let at = random.below(attributes.len().max(1));
            match random.below(4) {
                0 if attributes.len() > 1 => drop(attributes.remove(at)),
                1 if !attributes.is_empty() => attributes[at].1 = kind,
                2 => *attributes = random.shuffled(attributes),
                _ => attributes.push((format!("more {}", attributes.len()), kind)),
            }
        }
        What::Range { subtype } => *subtype = random.one(&["integer", "text", "date"]),
        What::Sequence(have) => {
            let new = sequence(world, random);
            if random.chance(30) {
                have.owner = new.owner;
            } else {
                *have = super::world::Sequence { owner: have.owner, ..new };
            }
        }
        _ => {}
    }
}

fn tweak_routine(world: &World, random: &mut Random, what: &mut What) {
    let What::Routine(have) = what else { return };
    let new = routine(world, random);
    match random.below(6) {
        0 => have.returns = new.returns,
        1 => have.arguments = new.arguments,
        2 => have.options = new.options,
        3 => have.immutable = !have.immutable,
        4 => have.plpgsql = !have.plpgsql,
        _ => have.body = new.body,
    }
    if let Some((_, _, default)) = have.arguments.last_mut().filter(|_| random.chance(20)) {
        *default = !*default;
    }
}

fn tweak_column(world: &World, random: &mut Random, relation: Id, what: &mut What) {
    match what {
        What::Column(column) => match random.below(8) {
            0 | 1 => column.kind = any_type(world, random),
            2 | 3 => column.value = any_value(world, random, relation, column.kind),
            4 => column.not_null = !column.not_null,
            5 => column.place = random.below(30) as i32,
            6 => {
                let collations = world.all(|what| matches!(what, What::Collation { .. }));
                column.collation = random.pick(&collations);
            }
            _ => {
                column.storage = random.small();
                column.statistics = random.chance(50).then(|| random.small());
                column.options = random.below(3) as u32;
            }
        },
        What::Constraint(it) => match random.below(9) {
            0 => it.columns = random.some(&world.columns(relation), 2),
            1 => it.deferrable = random.below(3) as u32,
            2 => it.not_valid = !it.not_valid,
            3 => it.on_delete = random.below(5),
            4 => it.on_update = random.below(5),
            5 => it.no_inherit = !it.no_inherit,
            6 => it.nulls_equal = world.version >= 150_000 && !it.nulls_equal,
            7 => it.options = !it.options,
            _ => it.expr = any_expr(world, random, relation),
        },
        _ => {}
    }
}

fn tweak_reading(world: &World, random: &mut Random, relation: Id, what: &mut What) {
    match what {
        What::Index(index) => match random.below(7) {
            0 => index.unique = !index.unique,
            1 => index.filter = any_expr(world, random, relation).filter(|_| random.chance(60)),
            2 => index.parts = random.shuffled(&index.parts),
            3 => index.only = !index.only,
            4 => index.method = random.one(&["btree", "hash", "gin", "gist", "brin"]),
            5 => index.statistics = random.chance(60).then(|| random.small()),
            _ => {
                if let Some(part) = index.parts.first_mut() {
                    part.descending = !part.descending;
                    part.expression = random.chance(30);
                }
            }
        },
        What::View(view) => match random.below(8) {
            0 if view.entries.len() > 1 => {
                let at = random.below(view.entries.len());
                view.entries.remove(at);
            }
            1 => view.entries = random.shuffled(&view.entries),
            2 => view.materialized = !view.materialized,
            3 => view.shape = random.small(),
            4 => view.options = random.small(),
            5 => view.no_data = !view.no_data,
            6 => {
                let at = random.below(view.entries.len());
                view.entries[at].default = random.chance(50).then(|| random.small());
                view.entries[at].comment = random.comment();
                view.entries[at].flavour = random.below(4) as u32;
            }
            _ => {
                let source = view.entries[0].source;
                view.filter = any_expr(world, random, source);
            }
        },
        _ => {}
    }
}

fn tweak_part(world: &World, random: &mut Random, relation: Id, what: &mut What) {
    match what {
        What::Trigger(it) => match random.below(5) {
            0 => it.events = 1 + random.below(7),
            1 => it.firing = random.below(5),
            2 => it.when = any_expr(world, random, relation),
            3 => it.before = !it.before,
            _ => it.row = !it.row,
        },
        What::Rule(it) => match random.below(3) {
            0 => it.firing = random.below(5),
            1 => it.condition = any_expr(world, random, relation),
            _ => it.event = random.below(3),
        },
        What::Policy(it) => match random.below(4) {
            0 => it.command = random.below(5),
            1 => it.using = any_expr(world, random, relation).filter(|_| random.chance(60)),
            2 => it.check = any_expr(world, random, relation).filter(|_| random.chance(60)),
            _ => it.roles = (1..3).filter(|_| random.chance(40)).collect(),
        },
        What::Statistics { kinds, target, .. } => {
            *kinds = random.below(4);
            *target = random.chance(50).then(|| random.small());
        }
        What::EventTrigger { event, firing, .. } => {
            *event = random.below(4);
            *firing = random.below(5);
        }
        _ => {}
    }
}

fn tweak_table(world: &mut World, random: &mut Random, id: Id) {
    let Some(mut table) = world.table(id).cloned() else { return };
    match random.below(9) {
        0 => table.unlogged = !table.unlogged,
        1 => table.options = random.small(),
        2 => table.security = random.small(),
        3 => table.replica = random.small(),
        4 => {
            let named = |id: &Id| matches!(world.get(*id).map(|it| &it.what), Some(What::Index(_)));
            let indexes: Vec<Id> = world.parts(id).into_iter().filter(named).collect();
            table.clustered = random.pick(&indexes);
        }
        5 | 6 => return relink(world, random, id, table),
        7 => {
            if let Some((strategy, _)) = &mut table.partition_by {
                *strategy = random.one(&[Strategy::List, Strategy::Range, Strategy::Hash]);
            }
        }
        _ => {
            let columns = world.own_columns(id);
            let whole = columns.into_iter().filter(|id| {
                world.column(*id).is_some_and(|it| it.kind == super::values::built("integer"))
            });
            let whole: Vec<Id> = whole.collect();
            table.partition_by = match table.partition_by {
                Some(_) => None,
                None => random.pick(&whole).map(|key| (Strategy::List, key)),
            };
        }
    }
    if let Some(item) = world.items.get_mut(&id) {
        item.what = What::Table(table);
    }
}

/// A table leaves its parent and stays with the columns it had, or a partition moves.
fn relink(world: &mut World, random: &mut Random, id: Id, mut table: Table) {
    if let Some(slot) = &mut table.partition_of
        && random.chance(50)
    {
        if let Some(free) = free_slot(world, random, slot.parent) {
            slot.number = free;
        }
    } else if table.partition_of.is_some() || !table.inherits.is_empty() {
        leave(world, id, &mut table);
    }
    if let Some(item) = world.items.get_mut(&id) {
        item.what = What::Table(table);
    }
}

/// Copies what a table has of its parents, so that it can stand alone.
fn leave(world: &mut World, id: Id, table: &mut Table) {
    let own = world.own_columns(id);
    let theirs: Vec<Id> =
        world.columns(id).into_iter().filter(|column| !own.contains(column)).collect();
    for one in own {
        if let Some(What::Column(column)) = world.items.get_mut(&one).map(|item| &mut item.what)
            && column.again.is_some()
        {
            world.items.remove(&one);
        }
    }
    for (at, old) in theirs.iter().enumerate() {
        let Some(mut item) = world.get(*old).cloned() else { continue };
        item.of = id;
        if let What::Column(column) = &mut item.what {
            column.place = at as i32 - 100;
            column.value = super::world::Value::None;
        }
        let new = world.next;
        world.next += 1;
        world.items.insert(new, item);
        world.moved(id, *old, new);
        if let Some((_, key)) = &mut table.partition_by
            && *key == *old
        {
            *key = new;
        }
    }
    table.partition_of = None;
    table.inherits.clear();
}

impl World {
    /// What speaks of a table's column by one number speaks of it by another.
    fn moved(&mut self, table: Id, old: Id, new: Id) {
        let swap = |id: &mut Id| {
            if *id == old {
                *id = new;
            }
        };
        for item in self.items.values_mut() {
            let own = item.of == table;
            match &mut item.what {
                What::Constraint(it) if own => {
                    it.columns.iter_mut().chain(&mut it.include).for_each(swap);
                    if let Some(expr) = &mut it.expr {
                        swap(&mut expr.column);
                    }
                }
                What::Index(it) if own => {
                    it.parts.iter_mut().for_each(|part| swap(&mut part.column));
                    it.include.iter_mut().for_each(swap);
                    if let Some(expr) = &mut it.filter {
                        swap(&mut expr.column);
                    }
                }
                What::Trigger(it) if own => {
                    it.columns.iter_mut().for_each(swap);
                    if let Some(expr) = &mut it.when {
                        swap(&mut expr.column);
                    }
                }
                What::View(view) => {
                    let of = view.entries.iter_mut().filter(|entry| entry.source == table);
                    of.for_each(|entry| swap(&mut entry.column));
                }
                _ => {}
            }
        }
    }
}
