//! Values of every sort: within what is asked of the column, and otherwise as its name lets one
//! expect. The same random numbers make the same values. Pure but for the numbers it is given.

use fake::rand::RngExt;
use fake::rand::rngs::StdRng;

use super::cell::Cell;
use super::demand::{Demand, Limit, Value};
use super::form;
use super::meaning::{Meaning, hexadecimal, uuid};
use super::moment::{self, DAY};
use super::pattern;
use super::shape::Sort;

/// What a value is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    /// The sort.
    pub(super) sort: &'a Sort,
    /// What is asked of it.
    pub(super) demand: &'a Demand,
    /// What it is about.
    pub(super) meaning: Meaning,
}

/// A value that is not NULL; `None` where none can be made.
pub(super) fn value(wish: Wish<'_>, rng: &mut StdRng) -> Option<Cell> {
    if let Some(list) = &wish.demand.one_of {
        let chosen = list.get(rng.random_range(0..list.len().max(1)))?;
        return Some(match chosen {
            Value::Number(number) => Cell::Number(number.to_string()),
            Value::Text(text) => Cell::Text(text.clone()),
            Value::Truth(truth) => Cell::Truth(*truth),
            Value::Null | Value::Opaque => return None,
        });
    }
    match wish.sort {
        Sort::Integer(least, most) => integer(wish, (*least, *most), rng),
        Sort::Decimal(before, after) => decimal(wish, *before, *after, rng),
        Sort::Float => {
            let (low, high) = span(wish, (-1e9, 1e9), 1e-3);
            let number = low + (high - low) * rng.random::<f64>();
            Some(Cell::Number(format!("{:.4}", number.clamp(low, high))))
        }
        Sort::Truth => Some(Cell::Truth(rng.random_bool(0.5))),
        Sort::Text(most) => text(wish, *most, rng).map(Cell::Text),
        Sort::Bytes => {
            let least = wish.demand.shortest.unwrap_or(16);
            let length = least.min(wish.demand.longest.unwrap_or(usize::MAX)).min(1 << 16);
            Some(Cell::Bytes((0..length).map(|_| rng.random()).collect()))
        }
        Sort::Date => {
            let (from, to) = moments(wish, DAY);
            Some(Cell::Text(moment::date(
                rng.random_range(from / DAY..=(to / DAY).max(from / DAY)),
            )))
        }
        Sort::Time(zone) => {
            let zone = if *zone { "+00" } else { "" };
            Some(Cell::Text(format!("{}{zone}", moment::time(rng.random_range(0..DAY)))))
        }
        Sort::Moment(zone) => {
            let (from, to) = moments(wish, 1);
            let zone = if *zone { "+00" } else { "" };
            Some(Cell::Text(format!("{}{zone}", moment::moment(rng.random_range(from..=to)))))
        }
        Sort::Span => Some(Cell::Text(format!(
            "{} days {}",
            rng.random_range(0..30),
            moment::time(rng.random_range(0..DAY))
        ))),
        Sort::Uuid => Some(Cell::Text(uuid(rng))),
        Sort::Json => Some(Cell::Text(json(rng))),
        Sort::Label(labels) => {
            labels.get(rng.random_range(0..labels.len().max(1))).cloned().map(Cell::Text)
        }
        Sort::Domain(inner, _) => value(Wish { sort: inner, ..wish }, rng),
        _ => compound(wish, rng),
    }
}

fn compound(wish: Wish<'_>, rng: &mut StdRng) -> Option<Cell> {
    let free = Demand::default();
    match wish.sort {
        Sort::Bits(most, fewer) => {
            let length = if *fewer { rng.random_range(1..=(*most).clamp(1, 64)) } else { *most };
            let bits = (0..length).map(|_| if rng.random() { '1' } else { '0' });
            Some(Cell::Text(bits.collect()))
        }
        Sort::Form(form) => Some(Cell::Text(form::text(*form, rng))),
        Sort::Array(item) => {
            let least = wish.demand.shortest.unwrap_or(1);
            let count = rng.random_range(least..=least + 2);
            let item = Wish { sort: item, demand: &free, ..wish };
            let items: Option<Vec<String>> =
                (0..count).map(|_| value(item, rng).map(|cell| quoted(&cell.text()))).collect();
            Some(Cell::Text(format!("{{{}}}", items?.join(","))))
        }
        Sort::Range(item) => range(wish, item, rng).map(Cell::Text),
        Sort::Ranges(item) => Some(Cell::Text(format!("{{{}}}", range(wish, item, rng)?))),
        Sort::Fields(fields) => {
            let each = fields.iter().map(|field| {
                let demand = demands_of(field);
                let wish = Wish { sort: field, demand: &demand, meaning: Meaning::Other };
                value(wish, rng).map(|cell| quoted(&cell.text()))
            });
            let each: Option<Vec<String>> = each.collect();
            Some(Cell::Text(format!("({})", each?.join(","))))
        }
        _ => None,
    }
}

/// What a domain asks of its values by itself.
pub(super) fn demands_of(sort: &Sort) -> Demand {
    let mut demands = [Demand::default()];
    let mut inner = sort;
    while let Sort::Domain(below, checks) = inner {
        for check in checks {
            super::demand::gather(check, true, &|_| Some(0), &mut |_| 0, &mut demands);
        }
        inner = below;
    }
    let [demand] = demands;
    demand
}

/// A value as it stands in an array or a row: always between marks.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn range(wish: Wish<'_>, item: &Sort, rng: &mut StdRng) -> Option<String> {
    let free = Demand::default();
    let wish = Wish { sort: item, demand: &free, ..wish };
    let (one, other) = (value(wish, rng)?.text(), value(wish, rng)?.text());
    let number = |text: &str| text.parse::<f64>().ok();
    let in_order = match (number(&one), number(&other)) {
        (Some(one), Some(other)) => one <= other,
        _ => one <= other,
    };
    let (low, high) = if in_order { (one, other) } else { (other, one) };
    Some(format!("[{},{})", quoted(&low), quoted(&high)))
}

/// The numbers from and to, as asked, else as the meaning lets one expect; `step` is the least
/// difference between two.
fn span(wish: Wish<'_>, limit: (f64, f64), step: f64) -> (f64, f64) {
    let natural = wish.meaning.numbers();
    let width = (natural.1 - natural.0).max(step);
    let number = |end: &Option<(Limit, bool)>, inward: f64| match end {
        Some((Limit::Number(number), strict)) => {
            Some(if *strict { number + inward } else { *number })
        }
        Some((Limit::Text(text), strict)) => {
            let number: f64 = text.parse().ok()?;
            Some(if *strict { number + inward } else { number })
        }
        _ => None,
    };
    let least = number(&wish.demand.least, step);
    let most = number(&wish.demand.most, -step);
    let (mut low, mut high) = (natural.0.max(limit.0), natural.1.min(limit.1));
    if let Some(least) = least {
        low = low.max(least);
    }
    if let Some(most) = most {
        high = high.min(most);
    }
    if low > high {
        (low, high) = match (least, most) {
            (Some(least), Some(most)) => (least, most.max(least)),
            (Some(least), None) => (least, (least + width).min(limit.1)),
            (None, Some(most)) => ((most - width).max(limit.0), most),
            (None, None) => (limit.0.max(0.0).min(limit.1), limit.1),
        };
    }
    (low.max(limit.0), high.min(limit.1).max(low.max(limit.0)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "clamped")]
fn integer(wish: Wish<'_>, limit: (i64, i64), rng: &mut StdRng) -> Option<Cell> {
    // Beyond 2^53 neighbours are the same to an f64.
    let bound = |number: i64| (number as f64).clamp(-9e15, 9e15);
    let (low, high) = span(wish, (bound(limit.0), bound(limit.1)), 1.0);
    let (low, high) = (low.ceil() as i64, high.floor() as i64);
    (low <= high).then(|| Cell::Number(rng.random_range(low..=high).to_string()))
}

#[expect(clippy::cast_possible_truncation, reason = "clamped")]
fn decimal(wish: Wish<'_>, before: u32, after: u32, rng: &mut StdRng) -> Option<Cell> {
    let after = after.min(12);
    let before = before.min(14 - after.min(13));
    let unit = 10f64.powi(after as i32);
    let most = 10f64.powi(before as i32) - 1.0 / unit;
    let (low, high) = span(wish, (-most, most), 1.0 / unit);
    let (low, high) = ((low * unit).ceil() as i64, (high * unit).floor() as i64);
    if low > high {
        return None;
    }
    let units = rng.random_range(low..=high);
    if after == 0 {
        return Some(Cell::Number(units.to_string()));
    }
    let divisor = 10i64.pow(after);
    let sign = if units < 0 { "-" } else { "" };
    let (whole, part) = ((units / divisor).abs(), (units % divisor).abs());
    Some(Cell::Number(format!("{sign}{whole}.{part:0width$}", width = after as usize)))
}

/// The seconds since 1970 from and to.
fn moments(wish: Wish<'_>, step: i64) -> (i64, i64) {
    let natural = match wish.meaning {
        Meaning::Birth => (moment::of_year(1950), moment::of_year(2005)),
        Meaning::Future => (moment::of_year(2090), moment::of_year(2099)),
        _ => (moment::of_year(2020), moment::of_year(2025)),
    };
    let at = |end: &Option<(Limit, bool)>, inward: i64| match end {
        Some((Limit::Text(text), strict)) => {
            moment::read(text).map(|at| if *strict { at + inward } else { at })
        }
        _ => None,
    };
    let is_now = |end: &Option<(Limit, bool)>| matches!(end, Some((Limit::Now, _)));
    let natural = match (is_now(&wish.demand.least), is_now(&wish.demand.most)) {
        (true, _) => (moment::of_year(2090), moment::of_year(2099)),
        (_, true) if wish.meaning != Meaning::Birth => {
            (moment::of_year(2015), moment::of_year(2025))
        }
        _ => natural,
    };
    let least = at(&wish.demand.least, step);
    let most = at(&wish.demand.most, -step);
    let low = least.map_or(natural.0, |least| natural.0.max(least));
    let high = most.map_or(natural.1, |most| natural.1.min(most));
    if low <= high {
        return (low, high);
    }
    match (least, most) {
        (Some(least), Some(most)) => (least, most.max(least)),
        (Some(least), None) => (least, least + 1_000 * DAY),
        (_, Some(most)) => (most - 1_000 * DAY, most),
        (None, None) => natural,
    }
}

fn text(wish: Wish<'_>, most: Option<usize>, rng: &mut StdRng) -> Option<String> {
    let demand = wish.demand;
    let most = most.into_iter().chain(demand.longest).min();
    let least = demand.shortest.unwrap_or(0);
    let mut made = match (&demand.matching, &demand.like) {
        (Some(expression), _) => {
            pattern::of_expression(expression, rng).unwrap_or_else(|| wish.meaning.text(rng))
        }
        (None, Some(like)) => pattern::of_like(like, rng),
        (None, None) => match wish.meaning {
            Meaning::Past | Meaning::Future | Meaning::Birth => {
                let (from, to) = moments(wish, 1);
                moment::moment(rng.random_range(from..=to))
            }
            meaning => meaning.text(rng),
        },
    };
    match demand.capital {
        Some(true) => made = made.to_uppercase(),
        Some(false) => made = made.to_lowercase(),
        None => {}
    }
    let is_free = demand.matching.is_none() && demand.like.is_none();
    if let Some(most) = most
        && made.chars().count() > most
    {
        made = made.chars().take(most).collect();
        if is_free && most > 3 {
            made = made.trim_end().to_owned();
        }
    }
    while is_free && made.chars().count() < least {
        made.push(char::from(rng.random_range(b'a'..=b'z')));
    }
    if let (Some((Limit::Text(low), _)), true) = (&demand.least, is_free)
        && made < *low
    {
        made = format!("{low}{made}");
    }
    Some(made)
}

fn json(rng: &mut StdRng) -> String {
    let tags = ["new", "sale", "gift", "rare"];
    let tag = tags.get(rng.random_range(0..tags.len())).copied().unwrap_or_default();
    format!(
        "{{\"id\": \"{}\", \"count\": {}, \"tags\": [\"{tag}\"], \"active\": {}}}",
        hexadecimal(rng, 8),
        rng.random_range(0..100),
        rng.random_bool(0.5)
    )
}
