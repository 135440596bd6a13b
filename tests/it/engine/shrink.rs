//! A pair that breaks the property, made smaller while it breaks it in the same part.

use std::time::{Duration, Instant};

use super::pair::{Broken, Pair};
use super::world::Id;

/// The smallest pair found in the time there is, and how it is broken.
pub async fn smaller(pair: Pair, broken: Broken, within: Duration) -> (Pair, Broken) {
    let end = Instant::now() + within;
    let (mut best, mut how) = (pair, broken);
    loop {
        let mut smaller = false;
        let ids = ids(&best);
        let mut size = (ids.len() / 2).max(1);
        while size > 0 {
            for chunk in ids.chunks(size) {
                for try_out in [alike(&best, chunk), without(&best, chunk)] {
                    if Instant::now() > end {
                        return (best, how);
                    }
                    if same(&try_out, &best) {
                        continue;
                    }
                    if let Err(still) = try_out.holds_until(how.part).await
                        && still.part == how.part
                        && still.kind() == how.kind()
                    {
                        (best, how) = (try_out, still);
                        smaller = true;
                    }
                }
            }
            size /= 2;
        }
        if !smaller {
            return (best, how);
        }
    }
}

fn ids(pair: &Pair) -> Vec<Id> {
    let mut ids: Vec<Id> = pair.from.items.keys().chain(pair.to.items.keys()).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    ids.reverse();
    ids
}

fn same(one: &Pair, other: &Pair) -> bool {
    one.from == other.from && one.to == other.to
}

/// The pair without some items.
fn without(pair: &Pair, ids: &[Id]) -> Pair {
    let mut next = pair.clone();
    for world in [&mut next.from, &mut next.to] {
        world.items.retain(|id, _| !ids.contains(id));
        world.repair();
    }
    next
}

/// The pair with some items of the second as they are in the first.
fn alike(pair: &Pair, ids: &[Id]) -> Pair {
    let mut next = pair.clone();
    for id in ids {
        if let Some(item) = next.from.items.get(id) {
            next.to.items.insert(*id, item.clone());
        }
    }
    next.to.repair();
    next
}
