//! Two texts compared line by line: the lines both have, those that are gone, those that are new.

/// Texts whose middles have more pairs of lines than the square of this are compared from their
/// beginnings and ends alone.
const MOST: usize = 2_000;

/// Where a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// In both texts.
    Kept,
    /// Only in the first.
    Gone,
    /// Only in the second.
    New,
}

impl Fate {
    /// The sign before such a line.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Kept => " ",
            Self::Gone => "-",
            Self::New => "+",
        }
    }
}

/// The lines of both texts in one row, those that are gone before those that are new.
pub fn compared<'a>(before: &'a str, after: &'a str) -> Vec<(Fate, &'a str)> {
    let (ones, others): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let head = ones.iter().zip(&others).take_while(|(one, other)| one == other).count();
    let (ones_rest, others_rest) = (rest(&ones, head), rest(&others, head));
    let tail = ones_rest.iter().rev().zip(others_rest.iter().rev());
    let tail = tail.take_while(|(one, other)| one == other).count();
    let gone = rest_before(ones_rest, tail);
    let new = rest_before(others_rest, tail);
    let kept = |line: &&'a str| (Fate::Kept, *line);
    let mut out: Vec<(Fate, &str)> = ones.iter().take(head).map(kept).collect();
    out.extend(between(gone, new));
    out.extend(ones_rest.iter().skip(gone.len()).map(kept));
    out
}

/// The lines that only one of two texts has, each after its sign, in one row.
pub fn differing(before: &str, after: &str) -> Vec<String> {
    let lines = compared(before, after).into_iter();
    let told = lines.filter(|(fate, _)| *fate != Fate::Kept);
    told.map(|(fate, line)| format!("{} {line}", fate.sign())).collect()
}

fn rest<'a, 'b>(lines: &'a [&'b str], from: usize) -> &'a [&'b str] {
    lines.get(from..).unwrap_or_default()
}

fn rest_before<'a, 'b>(lines: &'a [&'b str], tail: usize) -> &'a [&'b str] {
    lines.get(..lines.len().saturating_sub(tail)).unwrap_or_default()
}

/// The lines that are not the same, those that both have kept together.
fn between<'a>(gone: &[&'a str], new: &[&'a str]) -> Vec<(Fate, &'a str)> {
    let mut out = Vec::new();
    let (mut at, mut to) = (0, 0);
    for (one, other) in common(gone, new) {
        out.extend(gone.iter().take(one).skip(at).map(|line| (Fate::Gone, *line)));
        out.extend(new.iter().take(other).skip(to).map(|line| (Fate::New, *line)));
        out.extend(gone.get(one).map(|line| (Fate::Kept, *line)));
        (at, to) = (one + 1, other + 1);
    }
    out.extend(gone.iter().skip(at).map(|line| (Fate::Gone, *line)));
    out.extend(new.iter().skip(to).map(|line| (Fate::New, *line)));
    out
}

/// The longest row of lines that both have, as their places in each.
fn common(gone: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_both_have_stay_together() {
        let told = |before: &str, after: &str| -> Vec<String> {
            let all = compared(before, after);
            all.iter().map(|(fate, line)| format!("{}{line}", fate.sign())).collect()
        };
        assert_eq!(told("a\nb\nc\n", "a\nx\nc\n"), [" a", "-b", "+x", " c"]);
        assert_eq!(told("a\nb\nc", "b\nc\nd"), ["-a", " b", " c", "+d"]);
        assert_eq!(told("", "a"), ["+a"]);
        assert_eq!(told("a\r\n", "a\n"), [" a"]);
    }
}
