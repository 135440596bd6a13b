//! How a file differs from the text that was applied: its lines, with those that are new and those
//! that are gone.

use crate::app::panes::migrations::page::{Line, LineKind};
use crate::app::span::{Ink, Span};

/// Texts of more lines than this are compared from their beginnings and ends alone.
const MOST: usize = 2_000;

/// The lines of both texts, side by side.
pub(super) fn lines(before: &str, after: &str) -> Vec<Line> {
    let (ones, others): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let head = ones.iter().zip(&others).take_while(|(one, other)| one == other).count();
    let (ones_rest, others_rest) = (rest(&ones, head), rest(&others, head));
    let tail = ones_rest.iter().rev().zip(others_rest.iter().rev());
    let tail = tail.take_while(|(one, other)| one == other).count();
    let middle = |all: &[&'_ str]| -> Vec<String> {
        let until = all.len().saturating_sub(tail);
        all.iter().take(until).map(|line| (*line).to_owned()).collect()
    };
    let (gone, new) = (middle(ones_rest), middle(others_rest));
    let mut out: Vec<Line> = ones.iter().take(head).map(|line| same(line)).collect();
    out.extend(between(&gone, &new));
    out.extend(ones_rest.iter().skip(ones_rest.len().saturating_sub(tail)).map(|line| same(line)));
    if gone.is_empty() && new.is_empty() {
        let words =
            "The lines are the same: only how they end, or an invisible character, differs.";
        out.insert(0, Line::of(LineKind::Prose, Ink::Muted, words));
    }
    out
}

fn rest<'a, 'b>(lines: &'a [&'b str], from: usize) -> &'a [&'b str] {
    lines.get(from..).unwrap_or_default()
}

fn same(line: &str) -> Line {
    row(" ", Ink::Muted, line)
}

fn row(sign: &'static str, ink: Ink, line: &str) -> Line {
    let words = line.replace('\t', "    ");
    Line::new(LineKind::Sql, 0, vec![Span::new(ink, format!("{sign} {words}"))])
}

/// The lines that are not the same, those that both have kept together.
fn between(gone: &[String], new: &[String]) -> Vec<Line> {
    let mut out = Vec::new();
    let (mut at, mut to) = (0, 0);
    for (one, other) in common(gone, new) {
        out.extend(gone.iter().take(one).skip(at).map(|line| row("-", Ink::Danger, line)));
        out.extend(new.iter().take(other).skip(to).map(|line| row("+", Ink::Good, line)));
        out.extend(gone.get(one).map(|line| same(line)));
        (at, to) = (one + 1, other + 1);
    }
    out.extend(gone.iter().skip(at).map(|line| row("-", Ink::Danger, line)));
    out.extend(new.iter().skip(to).map(|line| row("+", Ink::Good, line)));
    out
}

/// The longest row of lines that both have, as their places in each.
fn common(gone: &[String], new: &[String]) -> Vec<(usize, usize)> {
    if gone.len().saturating_mul(new.len()) > MOST * MOST {
        return Vec::new();
    }
    // How long the longest one is from each pair of places on, the last pair first.
    let wide = new.len() + 1;
    let mut longest = vec![0_u32; (gone.len() + 1) * wide];
    let at = |one: usize, other: usize| one * wide + other;
    for (one, line) in gone.iter().enumerate().rev() {
        for (other, its) in new.iter().enumerate().rev() {
            let of = |place: usize| longest.get(place).copied().unwrap_or(0);
            let found = if line == its {
                of(at(one + 1, other + 1)) + 1
            } else {
                of(at(one + 1, other)).max(of(at(one, other + 1)))
            };
            if let Some(cell) = longest.get_mut(at(one, other)) {
                *cell = found;
            }
        }
    }
    let (mut one, mut other) = (0, 0);
    let mut out = Vec::new();
    while let (Some(line), Some(its)) = (gone.get(one), new.get(other)) {
        let of = |place: usize| longest.get(place).copied().unwrap_or(0);
        if line == its {
            out.push((one, other));
            (one, other) = (one + 1, other + 1);
        } else if of(at(one + 1, other)) >= of(at(one, other + 1)) {
            one += 1;
        } else {
            other += 1;
        }
    }
    out
}
