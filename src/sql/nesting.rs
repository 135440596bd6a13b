//! Conditions that PostgreSQL prints with brackets they lose when they are read again: `((a AND b)
//! AND c)` is what it stores for `a BETWEEN 1 AND 2 AND c`, and the same text makes `(a AND b AND
//! c)`. The two mean the same, so both become the latter. Nothing else is changed.

use std::collections::{BTreeMap, BTreeSet};

use super::Dialect;
use super::lexer::{Token, tokens};

/// What joins the parts of a bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    And,
    Or,
}

/// The text without brackets around a part of AND that is an AND itself, or of OR.
pub fn flattened(text: &str) -> String {
    if !text.contains("((") {
        return text.to_owned();
    }
    let all = tokens(Dialect::Postgres, text);
    let words: Vec<&Token> = all.iter().filter(|token| token.significant()).collect();
    let pairs = pairs(&words, text);
    let mut dropped = BTreeSet::new();
    for (open, close) in &pairs {
        let Some(outer) = joint(&words, text, &pairs, *open, *close) else { continue };
        for (first, last) in parts(&words, text, &pairs, *open, *close) {
            let is_one = pairs.get(&first) == Some(&last);
            if is_one && joint(&words, text, &pairs, first, last) == Some(outer) {
                dropped.extend([first, last]);
            }
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for word in dropped.iter().filter_map(|number| words.get(*number)) {
        out.push_str(text.get(from..word.range.start).unwrap_or_default());
        from = word.range.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// The brackets of a text, by the numbers of their words.
fn pairs(words: &[&Token], text: &str) -> BTreeMap<usize, usize> {
    let (mut open, mut found) = (Vec::new(), BTreeMap::new());
    for (number, word) in words.iter().enumerate() {
        match word.text(text) {
            "(" => open.push(number),
            ")" => {
                if let Some(first) = open.pop() {
                    found.insert(first, number);
                }
            }
            _ => {}
        }
    }
    found
}

/// The words right inside a bracket, those in brackets of their own left out.
fn inside(pairs: &BTreeMap<usize, usize>, open: usize, close: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = open + 1;
    while at < close {
        found.push(at);
        at = pairs.get(&at).copied().unwrap_or(at) + 1;
    }
    found
}

fn joint(
    words: &[&Token],
    text: &str,
    pairs: &BTreeMap<usize, usize>,
    open: usize,
    close: usize,
) -> Option<Joint> {
    let inside = inside(pairs, open, close);
    let has = |word: &str| {
        inside.iter().any(|at| words.get(*at).is_some_and(|token| token.is_word(text, word)))
    };
    match (has("AND"), has("OR")) {
        (true, false) => Some(Joint::And),
        (false, true) => Some(Joint::Or),
        _ => None,
    }
}

/// The first and last word of each part that AND or OR joins in a bracket.
fn parts(
    words: &[&Token],
    text: &str,
    pairs: &BTreeMap<usize, usize>,
    open: usize,
    close: usize,
) -> Vec<(usize, usize)> {
    let joins = |at: &usize| {
        words.get(*at).is_some_and(|word| word.is_word(text, "AND") || word.is_word(text, "OR"))
    };
    let mut found = Vec::new();
    let mut first = open + 1;
    let ends = inside(pairs, open, close).into_iter().filter(joins).chain([close]);
    for end in ends {
        if end > first {
            found.push((first, end - 1));
        }
        first = end + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::flattened;

    #[test]
    fn only_brackets_that_say_nothing_go() {
        let same = |text: &str| assert_eq!(flattened(text), text);
        assert_eq!(
            flattened("CHECK ((((a >= 1) AND (a <= 2)) AND (b > 0)))"),
            "CHECK (((a >= 1) AND (a <= 2) AND (b > 0)))"
        );
        assert_eq!(flattened("((a OR (b OR (c OR d))))"), "((a OR b OR c OR d))");
        same("(((a > 1) OR (a < 0)) AND (b > 0))");
        same("(f((a AND b)) AND ((c)))");
        same("((NOT (a AND b)) AND c)");
        same("(x = '((a AND b) AND c)')");
    }
}
