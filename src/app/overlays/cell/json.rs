//! A JSON document cut into the lines of its pretty form, each a place in the text itself.
//!
//! Nothing is read into numbers or maps: every digit, the order and even the repetition of
//! names stay as they are (RFC 8259 allows both). What is no JSON is refused as a whole.

use std::ops::Range;

/// A document as lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    lines: Vec<Line>,
}

/// One line of the pretty form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How deep it is indented.
    pub depth: u32,
    /// What stands on it, apart from the name.
    pub kind: Kind,
    /// Whether a comma follows.
    pub comma: bool,
    /// For a line that opens or closes, the line of the other end.
    pub partner: u32,
    /// For a line that opens, how many members are between.
    pub members: u32,
    key: (u32, u32),
    value: (u32, u32),
}

/// What stands on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An object or array opens.
    Open,
    /// It closes.
    Close,
    /// An object or array of nothing.
    Empty,
    /// Text.
    String,
    /// A number.
    Number,
    /// `true`, `false` or `null`.
    Word,
}

/// The longest text that is cut into lines, in bytes.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

impl Line {
    /// The name of the member with its quotes; empty in arrays.
    pub fn key(&self) -> Range<usize> {
        self.key.0 as usize..self.key.1 as usize
    }

    /// The value, or the bracket.
    pub fn value(&self) -> Range<usize> {
        self.value.0 as usize..self.value.1 as usize
    }
}

impl Document {
    /// Cuts a text into lines; `None` where it is no JSON, or too long.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > MOST_BYTES {
            return None;
        }
        let mut reader =
            Reader { bytes: text.as_bytes(), at: 0, lines: Vec::new(), open: Vec::new() };
        reader.document()?;
        reader.lines.shrink_to_fit();
        Some(Self { lines: reader.lines })
    }

    /// The lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    lines: Vec<Line>,
    /// The containers around this place: the line that opens each, and whether it is an object.
    open: Vec<(usize, bool)>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn document(&mut self) -> Option<()> {
        loop {
            // A value, with its name where the container around it is an object.
            let key = match self.open.last() {
                Some((_, true)) => self.key()?,
                _ => 0..0,
            };
            if let Some((line, _)) = self.open.last() {
                self.lines.get_mut(*line)?.members += 1;
            }
            self.blanks();
            if self.value(key)? {
                continue;
            }
            if self.after()? {
                return Some(());
            }
        }
    }

    fn key(&mut self) -> Option<Range<usize>> {
        self.blanks();
        let key = self.string()?;
        self.blanks();
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        Some(key)
    }

    /// Reads a value; `true` when it opened a container that is not empty.
    fn value(&mut self, key: Range<usize>) -> Option<bool> {
        let start = self.at;
        let kind = match self.peek()? {
            open @ (b'{' | b'[') => {
                self.at += 1;
                self.blanks();
                let close = if open == b'{' { b'}' } else { b']' };
                if self.peek()? != close {
                    self.push(Kind::Open, key, start..start + 1);
                    self.open.push((self.lines.len() - 1, open == b'{'));
                    return Some(true);
                }
                self.at += 1;
                Kind::Empty
            }
            b'"' => {
                self.string()?;
                Kind::String
            }
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.number()?,
        };
        self.push(kind, key, start..self.at);
        Some(false)
    }

    /// Reads what follows a value; `true` at the end of the document.
    fn after(&mut self) -> Option<bool> {
        loop {
            self.blanks();
            let Some((line, object)) = self.open.last().copied() else {
                return (self.at == self.bytes.len()).then_some(true);
            };
            match self.peek()? {
                b',' => {
                    self.at += 1;
                    self.lines.last_mut()?.comma = true;
                    return Some(false);
                }
                close if close == if object { b'}' } else { b']' } => {
                    self.at += 1;
                    self.open.pop();
                    self.push(Kind::Close, 0..0, self.at - 1..self.at);
                    let here = u32::try_from(self.lines.len() - 1).ok()?;
                    self.lines.last_mut()?.partner = u32::try_from(line).ok()?;
                    self.lines.get_mut(line)?.partner = here;
                }
                _ => return None,
            }
        }
    }

    fn push(&mut self, kind: Kind, key: Range<usize>, value: Range<usize>) {
        // The text is shorter than 4 GB: MOST_BYTES.
        let short = |range: Range<usize>| (range.start as u32, range.end as u32);
        self.lines.push(Line {
            depth: self.open.len() as u32,
            kind,
            comma: false,
            partner: 0,
            members: 0,
            key: short(key),
            value: short(value),
        });
    }

    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Some(start..self.at),
                b'\\' => {
                    let escaped = self.peek()?;
                    self.at += 1;
                    match escaped {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' => {
                            let digits = self.bytes.get(self.at..self.at + 4)?;
                            if !digits.iter().all(u8::is_ascii_hexdigit) {
                                return None;
                            }
                            self.at += 4;
                        }
                        _ => return None,
                    }
                }
                0..=0x1f => return None,
                _ => {}
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<Kind> {
        let found = self.bytes.get(self.at..self.at + word.len())?;
        self.at += word.len();
        (found == word).then_some(Kind::Word)
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<Kind> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(Kind::Number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let document = Document::read(text).unwrap();
        let shown = |line: &Line| {
            let comma = if line.comma { "," } else { "" };
            let key = &text[line.key()];
            let value = if line.kind == Kind::Empty { "()" } else { &text[line.value()] };
            format!("{}{key}{value}{comma}", " ".repeat(line.depth as usize))
        };
        document.lines().iter().map(shown).collect()
    }

    #[test]
    fn lines_keep_digits_order_and_repetitions() {
        let text = r#" {"b": 1.50e+3, "a":[ {}, [ ] ,true],"b":12345678901234567890123} "#;
        let expected = [
            "{",
            " \"b\"1.50e+3,",
            " \"a\"[",
            "  (),",
            "  (),",
            "  true",
            " ],",
            " \"b\"12345678901234567890123",
            "}",
        ];
        assert_eq!(lines(text), expected);
        let document = Document::read(text).unwrap();
        assert_eq!((document.lines[0].partner, document.lines[8].partner), (8, 0));
        assert_eq!((document.lines[2].partner, document.lines[2].members), (6, 3));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\":}",
            "01",
            "1.",
            "-",
            "{a:1}",
            "\"\u{1}\"",
            "[1] 2",
            "{1,2}",
            "nul",
            "\"\\x\"",
            "{\"a\":1,}",
            "]",
            "[}",
            "\"open",
        ] {
            assert_eq!(Document::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Document::read(&deep).unwrap().lines().len(), 200_001);
    }

    proptest! {
        #[test]
        fn it_accepts_what_a_full_parser_accepts(text in "[\\[\\]{}\",:0-9eE+.ntrufals\\\\ -]{0,24}") {
            let full = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert_eq!(Document::read(&text).is_some(), full, "{}", text);
        }
    }
}
