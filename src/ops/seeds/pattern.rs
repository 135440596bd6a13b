//! Texts that fit a pattern: of LIKE, and of regular expressions as far as they are simple. Pure
//! but for the random numbers it is given.

use fake::rand::RngExt;
use fake::rand::rngs::StdRng;

/// A text that fits a pattern of LIKE.
pub(super) fn of_like(pattern: &str, rng: &mut StdRng) -> String {
    let mut out = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => (0..rng.random_range(1..6)).for_each(|_| out.push(small(rng))),
            '_' => out.push(small(rng)),
            '\\' => out.extend(letters.next()),
            other => out.push(other),
        }
    }
    out
}

fn small(rng: &mut StdRng) -> char {
    char::from(rng.random_range(b'a'..=b'z'))
}

/// The most repetitions where a pattern sets no end.
const REPEATED: usize = 8;

/// A text that fits a regular expression of letters, classes, groups and repetitions; `None` for
/// one that has more.
pub(super) fn of_expression(pattern: &str, rng: &mut StdRng) -> Option<String> {
    let letters: Vec<char> = pattern.chars().collect();
    let mut maker = Maker { letters: &letters, at: 0, rng, depth: 0 };
    let made = maker.alternatives()?;
    (maker.at == letters.len()).then_some(made)
}

/// A regular expression of texts another one, with or without case, most likely does not fit;
/// `None` where any text will do as well. `[^a-z]` is avoided by the letters it names, any other
/// by the letters and digits it does not.
pub(super) fn avoiding(pattern: &str, case: bool) -> Option<String> {
    if let Some(named) = pattern.strip_prefix("[^")
        && let Some((named, "" | "+")) = named.split_once(']')
    {
        return Some(format!("[{named}]{{3,9}}"));
    }
    let has = |marks: &[&str]| marks.iter().any(|mark| pattern.contains(mark));
    let any = has(&["\\w", "[:alnum:]"]);
    let letters = any || has(&["[:alpha:]"]);
    let small = letters || has(&["a-z", "[:lower:]"]) || (!case && has(&["A-Z"]));
    let capital = letters || has(&["A-Z", "[:upper:]"]) || (!case && has(&["a-z"]));
    let digits = any || has(&["0-9", "\\d", "[:digit:]"]);
    let space = has(&["\\s", "[:space:]", " "]) && !pattern.starts_with('^');
    if !(small || capital || digits || space) {
        return None;
    }
    let set: String = [("a-z", small), ("A-Z", capital), ("0-9", digits)]
        .into_iter()
        .filter_map(|(set, is_refused)| (!is_refused).then_some(set))
        .collect();
    Some(if set.is_empty() { "(-|=|\\.){3,9}".to_owned() } else { format!("[{set}]{{3,9}}") })
}

struct Maker<'a> {
    letters: &'a [char],
    at: usize,
    rng: &'a mut StdRng,
    depth: usize,
}

impl Maker<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    /// `a|b`, up to the end or a closing bracket: one of them.
    fn alternatives(&mut self) -> Option<String> {
        self.depth += 1;
        if self.depth > 20 {
            return None;
        }
        let mut made = vec![self.sequence()?];
        while self.peek() == Some('|') {
            self.at += 1;
            made.push(self.sequence()?);
        }
        self.depth -= 1;
        let chosen = self.rng.random_range(0..made.len());
        made.into_iter().nth(chosen)
    }

    fn sequence(&mut self) -> Option<String> {
        let mut out = String::new();
        while let Some(letter) = self.peek() {
            if letter == '|' || letter == ')' {
                break;
            }
            if letter == '^' || letter == '$' {
                self.at += 1;
                continue;
            }
            let start = self.at;
            let first = self.atom()?;
            let after = self.at;
            let (least, most) = self.repetition()?;
            let end = self.at;
            let count = self.rng.random_range(least..=most);
            for turn in 0..count {
                if turn == 0 {
                    out.push_str(&first);
                    continue;
                }
                self.at = start;
                out.push_str(&self.atom()?);
                debug_assert_eq!(self.at, after);
            }
            self.at = end;
        }
        Some(out)
    }

    fn repetition(&mut self) -> Option<(usize, usize)> {
        let found = match self.peek() {
            Some('*') => (0, REPEATED),
            Some('+') => (1, REPEATED),
            Some('?') => (0, 1),
            Some('{') => {
                let rest = self.letters.get(self.at + 1..)?;
                let end = rest.iter().position(|letter| *letter == '}')?;
                let inside: String = rest.get(..end)?.iter().collect();
                self.at += end + 1;
                match inside.split_once(',') {
                    None => {
                        let exact = inside.parse().ok()?;
                        (exact, exact)
                    }
                    Some((least, "")) => {
                        let least: usize = least.parse().ok()?;
                        (least, least + REPEATED)
                    }
                    Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
                }
            }
            _ => return Some((1, 1)),
        };
        self.at += 1;
        // A lazy or possessive repetition fits the same texts.
        if matches!(self.peek(), Some('?' | '+')) {
            self.at += 1;
        }
        (found.0 <= found.1 && found.1 <= 10_000).then_some(found)
    }

    fn atom(&mut self) -> Option<String> {
        let letter = self.peek()?;
        self.at += 1;
        match letter {
            '(' => {
                if self.peek() == Some('?') {
                    if self.letters.get(self.at + 1) != Some(&':') {
                        return None;
                    }
                    self.at += 2;
                }
                let inner = self.alternatives()?;
                if self.peek() != Some(')') {
                    return None;
                }
                self.at += 1;
                Some(inner)
            }
            '[' => self.class(),
            '.' => Some(small(self.rng).to_string()),
            '\\' => self.escape().map(|set| self.one(&set)),
            '*' | '+' | '?' | '{' => None,
            other => Some(other.to_string()),
        }
    }

    fn one(&mut self, set: &[char]) -> String {
        let at = self.rng.random_range(0..set.len().max(1));
        set.get(at).map(char::to_string).unwrap_or_default()
    }

    fn escape(&mut self) -> Option<Vec<char>> {
        let letter = self.peek()?;
        self.at += 1;
        Some(match letter {
            'd' => ('0'..='9').collect(),
            'w' => ('a'..='z').chain('0'..='9').collect(),
            's' => vec![' '],
            other if !other.is_alphanumeric() => vec![other],
            _ => return None,
        })
    }

    fn class(&mut self) -> Option<String> {
        let negated = self.peek() == Some('^');
        self.at += usize::from(negated);
        let mut set: Vec<char> = Vec::new();
        let mut first = true;
        loop {
            let letter = self.peek()?;
            self.at += 1;
            match letter {
                ']' if !first => break,
                '[' if self.peek() == Some(':') => set.extend(self.named_class()?),
                '\\' => set.extend(self.escape()?),
                from => {
                    let to = self.letters.get(self.at + 1).copied().filter(|to| *to != ']');
                    match (self.peek(), to) {
                        (Some('-'), Some(to)) => {
                            self.at += 2;
                            set.extend(from..=to);
                        }
                        _ => set.push(from),
                    }
                }
            }
            first = false;
        }
        if negated {
            let all = ('a'..='z').chain('0'..='9');
            set = all.filter(|letter| !set.contains(letter)).collect();
        }
        (!set.is_empty()).then(|| self.one(&set))
    }

    fn named_class(&mut self) -> Option<Vec<char>> {
        let rest = self.letters.get(self.at + 1..)?;
        let end = rest.iter().position(|letter| *letter == ':')?;
        let name: String = rest.get(..end)?.iter().collect();
        self.at += end + 3;
        Some(match name.as_str() {
            "alpha" => ('a'..='z').chain('A'..='Z').collect(),
            "digit" => ('0'..='9').collect(),
            "alnum" => ('a'..='z').chain('A'..='Z').chain('0'..='9').collect(),
            "lower" => ('a'..='z').collect(),
            "upper" => ('A'..='Z').collect(),
            "space" => vec![' '],
            "xdigit" => ('0'..='9').chain('a'..='f').collect(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use fake::rand::SeedableRng;

    use super::*;

    #[test]
    fn texts_fit_simple_patterns() {
        let mut rng = StdRng::seed_from_u64(7);
        for _ in 0..20 {
            let made = of_expression("^[A-Z]{2}-\\d{3,5}(x|yy)?$", &mut rng).unwrap();
            let (head, tail) = made.split_once('-').unwrap();
            assert!(head.len() == 2 && head.chars().all(|letter| letter.is_ascii_uppercase()));
            assert!(tail.len() >= 3, "{made}");
            let mail = of_expression("^[^@\\s]+@[[:alnum:]]+\\.[a-z]{2,}$", &mut rng).unwrap();
            assert!(mail.contains('@') && mail.contains('.'), "{mail}");
            assert!(of_like("a_c%z", &mut rng).starts_with('a'));
        }
        assert_eq!(avoiding("[^a-z_]", true).unwrap(), "[a-z_]{3,9}");
        assert_eq!(avoiding("[a-z]", true).unwrap(), "[A-Z0-9]{3,9}");
        assert_eq!(avoiding("[a-z]", false).unwrap(), "[0-9]{3,9}");
        assert_eq!(avoiding("^\\s*$", true), None);
        assert_eq!(of_expression("(?=x)", &mut rng), None);
        assert_eq!(of_expression("\\bx", &mut rng), None);
    }
}
