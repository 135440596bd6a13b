//! Cuts SQL into tokens, for colours and for the judgements of this room.
//!
//! Every byte of the input belongs to exactly one token, in order, so the tokens' texts joined
//! are the input again; bad input becomes tokens that are not `closed`, never an error. The
//! rules are those of the PostgreSQL manual, 4.1 "Lexical Structure", and of SQLite's own
//! description of its tokens. Nothing here knows what a statement means.

use std::ops::Range;

use super::Dialect;
use super::keyword::is_keyword;

/// The sort of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Blanks and line ends.
    Space,
    /// A comment, to the end of its line or between its marks.
    Comment,
    /// A bare word that is a keyword of the dialect.
    Keyword,
    /// Any other bare word.
    Identifier,
    /// A name between quotation marks.
    QuotedIdentifier,
    /// A string, bit string or blob, with its prefix and marks.
    String,
    /// A number.
    Number,
    /// One operator, or a byte no rule knows.
    Operator,
    /// One of `( ) [ ] { } , ; .`
    Punctuation,
    /// A parameter: `$1`, `?`, `:name` …
    Parameter,
}

/// A token: its sort and the bytes it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The sort.
    pub kind: TokenKind,
    /// The bytes of the input it covers; always at character boundaries.
    pub range: Range<usize>,
    /// Whether a string, quoted name or comment has its closing mark; true for all others.
    pub closed: bool,
}

impl Token {
    /// The token's text within the input it was cut from.
    pub fn text<'a>(&self, input: &'a str) -> &'a str {
        input.get(self.range.clone()).unwrap_or_default()
    }

    /// Whether this is neither space nor comment.
    pub fn significant(&self) -> bool {
        !matches!(self.kind, TokenKind::Space | TokenKind::Comment)
    }

    /// Whether this is the bare word, in any case.
    pub fn is_word(&self, input: &str, word: &str) -> bool {
        matches!(self.kind, TokenKind::Keyword | TokenKind::Identifier)
            && self.text(input).eq_ignore_ascii_case(word)
    }

    /// The name a bare or quoted identifier stands for, its case kept; for a string its content,
    /// since SQLite lets a string stand for a name. `None` for other tokens.
    pub fn name(&self, input: &str) -> Option<String> {
        let text = self.text(input);
        match self.kind {
            TokenKind::Keyword | TokenKind::Identifier => Some(text.to_owned()),
            TokenKind::QuotedIdentifier | TokenKind::String => {
                let open = text.chars().next()?;
                let close = if open == '[' { ']' } else { open };
                let inner = text.strip_prefix(open)?;
                let inner = if self.closed { inner.strip_suffix(close)? } else { inner };
                if open == '[' {
                    return Some(inner.to_owned());
                }
                Some(inner.replace(&format!("{close}{close}"), &close.to_string()))
            }
            _ => None,
        }
    }
}

/// Cuts the input into tokens.
pub fn tokens(dialect: Dialect, input: &str) -> Vec<Token> {
    let mut out = Vec::with_capacity(input.len() / 4);
    out.extend(cuts(dialect, input).map(|token| match token.kind {
        TokenKind::Identifier if is_keyword(dialect, token.text(input)) => {
            Token { kind: TokenKind::Keyword, ..token }
        }
        _ => token,
    }));
    out
}

/// The same, one by one, for who does not ask which of the bare words are keywords: every bare
/// word is an identifier.
pub(crate) fn cuts(dialect: Dialect, input: &str) -> impl Iterator<Item = Token> + '_ {
    let mut lexer = Lexer { dialect, bytes: input.as_bytes(), at: 0 };
    std::iter::from_fn(move || {
        if !lexer.more() {
            return None;
        }
        let start = lexer.at;
        let (kind, closed) = lexer.next();
        if lexer.at <= start {
            lexer.at = start + 1;
        }
        // A token only ever ends before an ASCII byte or after a run of letters, which takes
        // in every byte of a longer character, so this is a boundary already; be safe anyway.
        while !input.is_char_boundary(lexer.at) {
            lexer.at += 1;
        }
        Some(Token { kind, range: start..lexer.at, closed })
    })
}

struct Lexer<'a> {
    dialect: Dialect,
    bytes: &'a [u8],
    at: usize,
}

const OPERATOR: &[u8] = b"+-*/<>=~!@#%^&|`?";

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn more(&self) -> bool {
        self.at < self.bytes.len()
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.more() && wanted(self.peek(0)) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> (TokenKind, bool) {
        let postgres = self.dialect == Dialect::Postgres;
        let byte = self.peek(0);
        match byte {
            _ if self.is_space() => self.space(),
            b'-' if self.peek(1) == b'-' => {
                self.take_while(|byte| byte != b'\n' && (byte != b'\r' || !postgres));
                (TokenKind::Comment, true)
            }
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            b'\'' => self.quoted(TokenKind::String, b'\'', false),
            b'"' => self.quoted(TokenKind::QuotedIdentifier, b'"', false),
            b'`' if !postgres => self.quoted(TokenKind::QuotedIdentifier, b'`', false),
            b'[' if !postgres => self.bracketed(),
            b'$' if postgres => self.dollar(),
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            b'.' if self.peek(1) == b'.' && postgres => self.operator(2),
            b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b';' | b'.' => {
                self.at += 1;
                (TokenKind::Punctuation, true)
            }
            b'?' | b'@' | b':' | b'$' | b'#' if !postgres => self.sqlite_parameter(),
            b':' => {
                let long = matches!(self.peek(1), b':' | b'=');
                self.operator(if long { 2 } else { 1 })
            }
            _ if starts_word(byte) => self.word(),
            _ if OPERATOR.contains(&byte) => self.operator_run(),
            _ => self.operator(1),
        }
    }

    /// SQLite takes no vertical tab for a space, and a byte-order mark for one.
    fn is_space(&self) -> bool {
        match self.peek(0) {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c => true,
            0x0b => self.dialect == Dialect::Postgres,
            0xef => self.dialect == Dialect::Sqlite && self.peek(1) == 0xbb && self.peek(2) == 0xbf,
            _ => false,
        }
    }

    fn space(&mut self) -> (TokenKind, bool) {
        while self.more() && self.is_space() {
            self.at += if self.peek(0) == 0xef { 3 } else { 1 };
        }
        (TokenKind::Space, true)
    }

    /// PostgreSQL's comments nest; SQLite's do not.
    fn block_comment(&mut self) -> (TokenKind, bool) {
        let mut depth = 0usize;
        while self.more() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') if depth == 0 || self.dialect == Dialect::Postgres => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return (TokenKind::Comment, true);
                    }
                }
                _ => self.at += 1,
            }
        }
        (TokenKind::Comment, false)
    }

    /// From an opening mark to the closing one; a doubled mark stands for itself.
    fn quoted(&mut self, kind: TokenKind, mark: u8, backslashes: bool) -> (TokenKind, bool) {
        self.at += 1;
        while self.more() {
            let byte = self.peek(0);
            if byte == mark && self.peek(1) == mark {
                self.at += 2;
            } else if byte == mark {
                self.at += 1;
                return (kind, true);
            } else if byte == b'\\' && backslashes {
                self.at = (self.at + 2).min(self.bytes.len());
            } else {
                self.at += 1;
            }
        }
        (kind, false)
    }

    fn bracketed(&mut self) -> (TokenKind, bool) {
        self.take_while(|byte| byte != b']');
        let closed = self.more();
        self.at += usize::from(closed);
        (TokenKind::QuotedIdentifier, closed)
    }

    /// `$1`, or `$tag$ … $tag$`.
    fn dollar(&mut self) -> (TokenKind, bool) {
        if self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.take_while(|byte| byte.is_ascii_digit());
            return (TokenKind::Parameter, true);
        }
        let start = self.at;
        self.at += 1;
        if starts_word(self.peek(0)) {
            self.take_while(|byte| in_word(byte) && byte != b'$');
        }
        if self.peek(0) != b'$' {
            self.at = start;
            return self.operator(1);
        }
        self.at += 1;
        let tag = self.bytes.get(start..self.at).unwrap_or_default();
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match rest.windows(tag.len()).position(|window| window == tag) {
            Some(found) => {
                self.at += found + tag.len();
                (TokenKind::String, true)
            }
            None => {
                self.at = self.bytes.len();
                (TokenKind::String, false)
            }
        }
    }

    fn number(&mut self) -> (TokenKind, bool) {
        let base = self.peek(1).to_ascii_lowercase();
        let postgres = self.dialect == Dialect::Postgres;
        if self.peek(0) == b'0' && (base == b'x' || (postgres && (base == b'o' || base == b'b'))) {
            self.at += 2;
            self.take_while(|byte| byte.is_ascii_hexdigit() || byte == b'_');
            return (TokenKind::Number, true);
        }
        let digit = |byte: u8| byte.is_ascii_digit() || byte == b'_';
        self.take_while(digit);
        if self.peek(0) == b'.' && !(postgres && self.peek(1) == b'.') {
            self.at += 1;
            self.take_while(digit);
        }
        if self.peek(0).eq_ignore_ascii_case(&b'e') {
            let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
            if self.peek(1 + sign).is_ascii_digit() {
                self.at += 1 + sign;
                self.take_while(digit);
            }
        }
        (TokenKind::Number, true)
    }

    /// A bare word, or the prefix of a string: `E''`, `B''`, `X''`, `N''`, `U&''`, `U&""`.
    fn word(&mut self) -> (TokenKind, bool) {
        let first = self.peek(0).to_ascii_lowercase();
        let postgres = self.dialect == Dialect::Postgres;
        if self.peek(1) == b'\''
            && (first == b'x' || (postgres && matches!(first, b'e' | b'b' | b'n')))
        {
            self.at += 1;
            return self.quoted(TokenKind::String, b'\'', first == b'e');
        }
        if postgres && first == b'u' && self.peek(1) == b'&' {
            let mark = self.peek(2);
            if mark == b'\'' || mark == b'"' {
                self.at += 2;
                let name = mark == b'"';
                let kind = if name { TokenKind::QuotedIdentifier } else { TokenKind::String };
                return self.quoted(kind, mark, false);
            }
        }
        self.take_while(in_word);
        (TokenKind::Identifier, true)
    }

    /// `?`, `?1`, `:name`, `@name`, `$name`, `#name`; a lone mark is an operator.
    fn sqlite_parameter(&mut self) -> (TokenKind, bool) {
        let mark = self.peek(0);
        self.at += 1;
        if mark == b'?' {
            self.take_while(|byte| byte.is_ascii_digit());
            return (TokenKind::Parameter, true);
        }
        let start = self.at;
        self.take_while(in_word);
        let named = self.at > start;
        (if named { TokenKind::Parameter } else { TokenKind::Operator }, true)
    }

    fn operator(&mut self, length: usize) -> (TokenKind, bool) {
        self.at = (self.at + length).min(self.bytes.len());
        (TokenKind::Operator, true)
    }

    /// The longest operator here. PostgreSQL's may be of any length but hold no comment mark,
    /// and end in `+` or `-` only if they hold one of the rarer characters.
    fn operator_run(&mut self) -> (TokenKind, bool) {
        if self.dialect == Dialect::Sqlite {
            let three = [self.peek(0), self.peek(1), self.peek(2)];
            let length = match &three {
                b"->>" => 3,
                [b'-', b'>', _] | [b'|', b'|', _] | [b'<', b'<' | b'=' | b'>', _] => 2,
                [b'>', b'>' | b'=', _] | [b'!' | b'=', b'=', _] => 2,
                _ => 1,
            };
            return self.operator(length);
        }
        let start = self.at;
        while self.more() && OPERATOR.contains(&self.peek(0)) {
            let two = (self.peek(0), self.peek(1));
            if self.at > start && (two == (b'-', b'-') || two == (b'/', b'*')) {
                break;
            }
            self.at += 1;
        }
        let rare = |byte: &u8| b"~!@#%^&|`?".contains(byte);
        let run = self.bytes.get(start..self.at).unwrap_or_default();
        if !run.iter().any(rare) {
            while self.at > start + 1 && matches!(self.bytes.get(self.at - 1), Some(b'+' | b'-')) {
                self.at -= 1;
            }
        }
        (TokenKind::Operator, true)
    }
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn in_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(dialect: Dialect, input: &str) -> Vec<(TokenKind, &str)> {
        tokens(dialect, input)
            .into_iter()
            .filter(Token::significant)
            .map(|token| (token.kind, &input[token.range]))
            .collect()
    }

    #[test]
    fn postgres_strings_and_operators() {
        use TokenKind::*;
        let text = r#"E'a\'b' U&"d\0061" $x$ ' $y$ $x$ a->>'b' 1..2 -- c"#;
        let found = kinds(Dialect::Postgres, text);
        let expected = [
            (String, r"E'a\'b'"),
            (QuotedIdentifier, r#"U&"d\0061""#),
            (String, "$x$ ' $y$ $x$"),
            (Identifier, "a"),
            (Operator, "->>"),
            (String, "'b'"),
            (Number, "1"),
            (Operator, ".."),
            (Number, "2"),
        ];
        assert_eq!(found, expected);
        assert_eq!(
            kinds(Dialect::Postgres, "a=-1"),
            [(Identifier, "a"), (Operator, "="), (Operator, "-"), (Number, "1")]
        );
        assert_eq!(kinds(Dialect::Postgres, "/* a /* b */ c */ 1"), [(Number, "1")]);
    }

    #[test]
    fn sqlite_names_and_parameters() {
        use TokenKind::*;
        let text = "[a b] `c``d` x'00' :p $q ?1 0x1F a->>'$.b' /* /* */ 2";
        let expected = [
            (QuotedIdentifier, "[a b]"),
            (QuotedIdentifier, "`c``d`"),
            (String, "x'00'"),
            (Parameter, ":p"),
            (Parameter, "$q"),
            (Parameter, "?1"),
            (Number, "0x1F"),
            (Identifier, "a"),
            (Operator, "->>"),
            (String, "'$.b'"),
            (Number, "2"),
        ];
        assert_eq!(kinds(Dialect::Sqlite, text), expected);
    }

    #[test]
    fn what_is_not_closed_says_so() {
        for text in ["'a", "\"a", "$x$ a", "/* a"] {
            let last = tokens(Dialect::Postgres, text).pop().unwrap();
            assert!(!last.closed, "{text}");
        }
        assert!(!tokens(Dialect::Sqlite, "[a").pop().unwrap().closed);
    }

    proptest! {
        #[test]
        fn joined_tokens_are_the_input(text in "[\\PC\n\t'\"$`\\[\\]/*\\-;?:@#eEuUxX&]{0,60}") {
            for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                let mut joined = String::new();
                for token in tokens(dialect, &text) {
                    prop_assert_eq!(token.range.start, joined.len());
                    prop_assert!(!token.range.is_empty());
                    joined.push_str(token.text(&text));
                }
                prop_assert_eq!(&joined, &text);
            }
        }
    }
}
