//! Chance that can be repeated: a seed gives the same choices on every machine. And the names the
//! random schemas use: plain ones and the ones that break whoever forgets to quote.

use std::collections::BTreeSet;

/// A sequence of choices that follows from its seed alone (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

/// Names; numbers are added where one is taken.
const WORDS: &[&str] = &[
    "orders",
    "note",
    "id",
    "select",
    "user",
    "Order",
    "two words",
    "it\"s",
    "o'clock",
    "a.b",
    "größe",
    "名前",
    "TABLE",
    "x",
    "end;--",
    "$1",
    "%s\\",
    "value",
    "a_name_of_exactly_sixty_three_bytes_as_long_as_the_server_allows",
];

/// Comments.
const REMARKS: &[&str] = &["plain", "it's \"so\"", "two\nlines", "back\\slash $$", "ß ∅ 名"];

impl Random {
    /// The choices of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below another, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A small number for values.
    pub fn small(&mut self) -> u32 {
        self.below(90) as u32
    }

    /// Yes, so often in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several; `None` of none.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { Some(of[self.below(of.len())].clone()) }
    }

    /// One of several that there are.
    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// Some of several, in a random order, at least one and at most so many.
    pub fn some<T: Clone>(&mut self, of: &[T], most: usize) -> Vec<T> {
        let mut left: Vec<T> = of.to_vec();
        let count = if left.is_empty() { 0 } else { 1 + self.below(most.min(left.len())) };
        (0..count).map(|_| left.remove(self.below(left.len()))).collect()
    }

    /// The same in a random order.
    pub fn shuffled<T: Clone>(&mut self, of: &[T]) -> Vec<T> {
        let mut left = of.to_vec();
        let mut out = Vec::new();
        while !left.is_empty() {
            out.push(left.remove(self.below(left.len())));
        }
        out
    }

    /// A name that is not taken.
    pub fn name(&mut self, taken: &BTreeSet<String>) -> String {
        let word = if self.chance(60) {
            WORDS[self.below(3)].to_owned()
        } else {
            let word = self.one(WORDS);
            let end = word.char_indices().map(|(at, _)| at).take_while(|at| *at <= 63).last();
            if word.len() > 63 {
                word[..end.unwrap_or_default()].to_owned()
            } else {
                word.to_owned()
            }
        };
        if !taken.contains(&word) {
            return word;
        }
        let short: String = word.chars().take(20).collect();
        (2..).map(|number| format!("{short}{number}")).find(|name| !taken.contains(name)).unwrap()
    }

    /// A comment, sometimes.
    pub fn comment(&mut self) -> Option<String> {
        self.chance(12).then(|| self.one(REMARKS).to_owned())
    }
}
