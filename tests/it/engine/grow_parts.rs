//! Making random parts of relations: constraints, indexes, views, triggers, rules and policies.

use super::grow::*;
use super::random::Random;
use super::repair::is_generated;
use super::world::*;

/// The key a foreign key refers to, and the columns that can refer to it.
pub(super) fn referring(
    world: &mut World,
    random: &mut Random,
    table: Id,
    columns: &[Id],
) -> Option<(Id, Vec<Id>)> {
    let keys = world.all(|what| matches!(what, What::Constraint(it) if matches!(it.kind, Rule1::Primary | Rule1::Unique)));
    let target = random.pick(&keys)?;
    let wanted: Vec<Type> = world
        .constraint(target)?
        .columns
        .iter()
        .filter_map(|id| Some(world.column(*id)?.kind))
        .collect();
    let mut chosen: Vec<Id> = wanted
        .iter()
        .filter_map(|kind| {
            let fits: Vec<Id> = columns
                .iter()
                .copied()
                .filter(|id| {
                    world.column(*id).is_some_and(|it| it.kind == *kind && !is_generated(it))
                })
                .collect();
            random.pick(&fits)
        })
        .collect();
    // Where nothing fits, a column is made that does.
    if chosen.len() < wanted.len() && world.table(table)?.partition_of.is_none() {
        chosen = wanted.iter().map(|kind| new_column(world, random, table, *kind)).collect();
    }
    chosen.dedup();
    Some((target, chosen))
}

pub(super) fn constraint(world: &mut World, random: &mut Random) -> Option<Id> {
    let table = random.pick(&world.tables())?;
    let kind = random.one(&[
        Rule1::Primary,
        Rule1::Primary,
        Rule1::Unique,
        Rule1::Check,
        Rule1::Check,
        Rule1::Foreign,
        Rule1::Foreign,
        Rule1::Foreign,
        Rule1::Exclusion,
    ]);
    let columns = world.columns(table);
    let mut chosen = random.some(&columns, if kind == Rule1::Exclusion { 1 } else { 2 });
    let mut key = None;
    if kind == Rule1::Foreign {
        let (target, fitting) = referring(world, random, table, &columns)?;
        (key, chosen) = (Some(target), fitting);
    } else if let Some((_, key)) = world.table(table)?.partition_by
        && !chosen.contains(&key)
        && kind != Rule1::Check
    {
        chosen.push(key);
    }
    let expr = any_expr(world, random, table);
    let what = Constraint {
        kind,
        named: random.chance(60),
        include: if matches!(kind, Rule1::Primary | Rule1::Unique) && random.chance(15) {
            random.some(&columns, 1)
        } else {
            Vec::new()
        },
        columns: chosen,
        expr: if kind == Rule1::Exclusion && random.chance(60) { None } else { expr },
        key,
        deferrable: if random.chance(20) { 1 + random.below(2) as u32 } else { 0 },
        not_valid: random.chance(20),
        on_delete: random.below(5),
        on_update: random.below(5),
        full: random.chance(20),
        nulls_equal: world.version >= 150_000 && random.chance(20),
        no_inherit: random.chance(15),
        options: random.chance(15),
    };
    let name = schema_name(world, random, table)?;
    Some(world.add(table, name, What::Constraint(what)))
}

pub(super) fn index(world: &mut World, random: &mut Random) -> Option<Id> {
    let relations = world.all(|what| {
        matches!(what, What::Table(_)) || matches!(what, What::View(it) if it.materialized)
    });
    let relation = random.pick(&relations)?;
    let outputs: Vec<Id> = world.outputs(relation).into_iter().map(|(id, _, _)| id).collect();
    let collations = world.all(|what| matches!(what, What::Collation { .. }));
    let parts = random
        .some(&outputs, 3)
        .into_iter()
        .map(|column| Part {
            column,
            expression: random.chance(20),
            descending: random.chance(20),
            nulls_other: random.chance(20),
            class: random.chance(20),
            collate: random.pick(&collations).filter(|_| random.chance(20)),
        })
        .collect();
    let what = Index {
        method: random.one(&["btree", "btree", "btree", "hash", "gin", "gist", "brin"]),
        named: random.chance(70),
        parts,
        unique: random.chance(30),
        nulls_equal: world.version >= 150_000 && random.chance(20),
        filter: any_expr(world, random, relation).filter(|_| random.chance(25)),
        include: if random.chance(20) { random.some(&outputs, 2) } else { Vec::new() },
        options: random.chance(15),
        only: random.chance(15),
        statistics: random.chance(15).then(|| random.small()),
    };
    let name = schema_name(world, random, relation)?;
    Some(world.add(relation, name, What::Index(what)))
}

pub(super) fn view(world: &mut World, random: &mut Random) -> Option<Id> {
    let relations = world.all(|what| matches!(what, What::Table(_) | What::View(_)));
    let sources = random.some(&relations, 2);
    let mut entries = Vec::new();
    let mut taken = std::collections::BTreeSet::new();
    for source in &sources {
        for (column, name, _) in random.some(&world.outputs(*source), 3) {
            let own = if random.chance(50) { name } else { random.name(&taken) };
            let own = if taken.contains(&own) { random.name(&taken) } else { own };
            taken.insert(own.clone());
            let id = world.next;
            world.next += 1;
            let flavour = if random.chance(25) { 1 + random.below(3) as u32 } else { 0 };
            let default = random.chance(6).then(|| random.small());
            entries.push(Entry {
                id,
                name: own,
                source: *source,
                column,
                flavour,
                default,
                comment: random.comment(),
            });
        }
    }
    let first = *sources.first()?;
    let keys = world.all(|what| matches!(what, What::Constraint(it) if it.kind == Rule1::Primary));
    let key = keys.into_iter().find(|key| world.get(*key).is_some_and(|it| it.of == first));
    let functions = world.all(|what| matches!(what, What::Routine(it) if it.sort == Sort::Function && it.arguments.is_empty()));
    let what = View {
        materialized: random.chance(25),
        filter: any_expr(world, random, first).filter(|_| random.chance(40)),
        entries,
        grouped: key.filter(|_| random.chance(30)),
        aggregate: random.chance(10),
        function: random.pick(&functions).filter(|_| random.chance(20)),
        shape: random.small(),
        options: if random.chance(30) { random.small() } else { 0 },
        no_data: random.chance(30),
    };
    in_schema(world, random, What::View(what))
}

pub(super) fn with_rows(world: &World) -> Vec<Id> {
    world.all(|what| {
        matches!(what, What::Table(_)) || matches!(what, What::View(it) if !it.materialized)
    })
}

pub(super) fn trigger(world: &mut World, random: &mut Random) -> Option<Id> {
    let relation = random.pick(&with_rows(world))?;
    let functions = world.all(|what| matches!(what, What::Routine(it) if it.sort == Sort::Trigger));
    let function = random.pick(&functions)?;
    let what = Trigger {
        function,
        before: random.chance(50),
        events: 1 + random.below(7),
        columns: if random.chance(40) {
            random.some(&world.columns(relation), 2)
        } else {
            Vec::new()
        },
        when: any_expr(world, random, relation).filter(|_| random.chance(40)),
        row: random.chance(60),
        constraint: random.chance(15),
        transition: random.chance(15),
        firing: random.below(8),
        argument: random.chance(20).then(|| random.small()),
    };
    let name = random.name(&world.taken(relation));
    Some(world.add(relation, name, What::Trigger(what)))
}

pub(super) fn rule(world: &mut World, random: &mut Random) -> Option<Id> {
    let relation = random.pick(&with_rows(world))?;
    let what = Rule {
        event: random.below(3),
        instead: random.chance(20),
        other: random.pick(&world.tables()).filter(|_| random.chance(40)),
        condition: any_expr(world, random, relation).filter(|_| random.chance(40)),
        firing: random.below(8),
    };
    let name = random.name(&world.taken(relation));
    Some(world.add(relation, name, What::Rule(what)))
}

pub(super) fn policy(world: &mut World, random: &mut Random) -> Option<Id> {
    let table = random.pick(&world.tables())?;
    let what = Policy {
        command: random.below(5),
        restrictive: random.chance(30),
        roles: (1..3).filter(|_| random.chance(30)).collect(),
        using: any_expr(world, random, table).filter(|_| random.chance(70)),
        check: any_expr(world, random, table).filter(|_| random.chance(40)),
        other: random.pick(&world.tables()).filter(|_| random.chance(30)),
    };
    let name = random.name(&world.taken(table));
    Some(world.add(table, name, What::Policy(what)))
}
