//! Reads the text of a check into an expression, by descent through the operators' precedence
//! (PostgreSQL manual, section 4.1.6; SQLite's is the same as far as this goes). Pure.

use super::expression::{Expression, Relation};
use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, tokens};

/// How deep expressions may stand in each other.
const DEEPEST: usize = 60;

/// A text that is read, and how far.
pub(super) struct Reader<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    /// A reader at the beginning of a text.
    pub(super) fn new(dialect: Dialect, text: &'t str) -> Self {
        let all = tokens(dialect, text).into_iter().filter(Token::significant).collect();
        Self { text, tokens: all, at: 0, depth: 0 }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is(&self, mark: &str) -> bool {
        self.peek().is_some_and(|token| {
            matches!(token.kind, TokenKind::Operator | TokenKind::Punctuation)
                && token.text(self.text) == mark
        })
    }

    fn is_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(self.text, word))
    }

    fn eat(&mut self, mark: &str) -> bool {
        let is = self.is(mark);
        self.at += usize::from(is);
        is
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.at += usize::from(is);
        is
    }

    /// An expression, up to where it ends; `None` for one that cannot be read.
    pub(super) fn either(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut all = vec![self.both()?];
        while self.eat_word("or") {
            all.push(self.both()?);
        }
        self.depth -= 1;
        if all.len() == 1 { all.pop() } else { Some(Expression::Or(all)) }
    }

    fn both(&mut self) -> Option<Expression> {
        let mut all = vec![self.not()?];
        while self.eat_word("and") {
            all.push(self.not()?);
        }
        if all.len() == 1 { all.pop() } else { Some(Expression::And(all)) }
    }

    fn not(&mut self) -> Option<Expression> {
        if !self.eat_word("not") {
            return self.comparison();
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let inner = self.not()?;
        self.depth -= 1;
        Some(Expression::Not(Box::new(inner)))
    }

    fn comparison(&mut self) -> Option<Expression> {
        let mut left = self.sum()?;
        loop {
            let negated = self.is_word("not")
                && self.tokens.get(self.at + 1).is_some_and(|next| {
                    ["in", "like", "ilike", "between", "glob"]
                        .iter()
                        .any(|word| next.is_word(self.text, word))
                });
            self.at += usize::from(negated);
            let found = match self.clause(&left)? {
                Some(found) => found,
                None => return Some(left),
            };
            left = if negated { Expression::Not(Box::new(found)) } else { found };
        }
    }

    /// What may follow the left side of a comparison; `Some(None)` where nothing does.
    #[expect(clippy::option_option, reason = "the outer one is a text that cannot be read")]
    fn clause(&mut self, left: &Expression) -> Option<Option<Expression>> {
        let boxed = || Box::new(left.clone());
        if self.eat_word("is") {
            return self.is_clause(boxed()).map(Some);
        }
        if self.eat_word("isnull") {
            return Some(Some(Expression::IsNull(boxed())));
        }
        if self.eat_word("notnull") {
            return Some(Some(Expression::Not(Box::new(Expression::IsNull(boxed())))));
        }
        if self.eat_word("between") {
            self.eat_word("symmetric");
            let low = self.sum()?;
            if !self.eat_word("and") {
                return None;
            }
            let high = self.sum()?;
            let from = Expression::Compare(Relation::MoreOrSame, boxed(), Box::new(low));
            let to = Expression::Compare(Relation::LessOrSame, boxed(), Box::new(high));
            return Some(Some(Expression::And(vec![from, to])));
        }
        if self.eat_word("in") {
            let list = self.list()?;
            return Some(Some(Expression::In(boxed(), list)));
        }
        match self.pattern(left)? {
            Some(found) => Some(Some(found)),
            None => self.relation(left),
        }
    }

    /// LIKE and the operators of patterns.
    #[expect(clippy::option_option, reason = "as above")]
    fn pattern(&mut self, left: &Expression) -> Option<Option<Expression>> {
        let boxed = || Box::new(left.clone());
        if self.eat_word("like") || self.eat("~~") {
            let pattern = self.sum()?;
            return Some(Some(match pattern {
                Expression::Text(pattern) if !self.is_word("escape") => {
                    Expression::Like(boxed(), pattern)
                }
                _ => Expression::Unknown,
            }));
        }
        if self.eat("!~~") {
            return Some(Some(match self.sum()? {
                Expression::Text(pattern) => {
                    Expression::Not(Box::new(Expression::Like(boxed(), pattern)))
                }
                _ => Expression::Unknown,
            }));
        }
        for (mark, case, holds) in
            [("~", true, true), ("~*", false, true), ("!~", true, false), ("!~*", false, false)]
        {
            if self.eat(mark) {
                let Expression::Text(pattern) = self.sum()? else {
                    return Some(Some(Expression::Unknown));
                };
                let found = Expression::Match(boxed(), pattern, case);
                return Some(Some(if holds { found } else { Expression::Not(Box::new(found)) }));
            }
        }
        Some(None)
    }

    /// A comparison, with one value or with a list.
    #[expect(clippy::option_option, reason = "as above")]
    fn relation(&mut self, left: &Expression) -> Option<Option<Expression>> {
        let mark = self.peek().map(|token| token.text(self.text)).unwrap_or_default();
        let Some(relation) = Relation::of(mark) else {
            let is_other = self.peek().is_some_and(|token| token.kind == TokenKind::Operator);
            let is_other = is_other || ["ilike", "glob", "collate"].iter().any(|w| self.is_word(w));
            if !is_other {
                return Some(None);
            }
            self.at += 1;
            self.sum()?;
            return Some(Some(Expression::Unknown));
        };
        self.at += 1;
        if self.eat_word("any") || self.eat_word("all") {
            let found = Expression::In(Box::new(left.clone()), self.quantified()?);
            return Some(Some(match relation {
                Relation::Same => found,
                Relation::Other => Expression::Not(Box::new(found)),
                _ => Expression::Unknown,
            }));
        }
        let right = Box::new(self.sum()?);
        Some(Some(Expression::Compare(relation, Box::new(left.clone()), right)))
    }

    fn is_clause(&mut self, left: Box<Expression>) -> Option<Expression> {
        let negated = self.eat_word("not");
        let found = if self.eat_word("null") {
            Expression::IsNull(left)
        } else if self.eat_word("true") {
            *left
        } else if self.eat_word("false") {
            Expression::Not(left)
        } else if self.eat_word("distinct") {
            self.eat_word("from");
            self.sum()?;
            Expression::Unknown
        } else {
            return None;
        };
        Some(if negated { Expression::Not(Box::new(found)) } else { found })
    }

    /// `(1, 2, 3)`
    fn list(&mut self) -> Option<Vec<Expression>> {
        if !self.eat("(") {
            return None;
        }
        let mut items = Vec::new();
        while !self.eat(")") {
            items.push(self.either()?);
            self.eat(",");
            self.peek()?;
        }
        Some(items)
    }

    /// `(ARRAY[…])`, `('{…}'::text[])`, casts and brackets around them included.
    fn quantified(&mut self) -> Option<Vec<Expression>> {
        let mut open = 0;
        while self.eat("(") {
            open += 1;
        }
        let items = if self.eat_word("array") {
            if !self.eat("[") {
                return None;
            }
            let mut items = Vec::new();
            while !self.eat("]") {
                items.push(self.either()?);
                self.eat(",");
                self.peek()?;
            }
            items
        } else {
            let Expression::Text(text) = self.primary()? else { return None };
            let inner = text.trim_start_matches('{').trim_end_matches('}');
            inner
                .split(',')
                .map(|item| Expression::Text(item.trim_matches('"').to_owned()))
                .collect()
        };
        self.casts();
        for _ in 0..open {
            if !self.eat(")") {
                return None;
            }
            self.casts();
        }
        Some(items)
    }

    fn sum(&mut self) -> Option<Expression> {
        let mut left = self.product()?;
        loop {
            let mark = ['+', '-'].into_iter().find(|mark| self.is(&mark.to_string()));
            let joined = self.is("||");
            if joined {
                self.at += 1;
                self.product()?;
                left = Expression::Unknown;
                continue;
            }
            let Some(mark) = mark else { return Some(left) };
            self.at += 1;
            let right = self.product()?;
            left = Expression::Sum(mark, Box::new(left), Box::new(right));
        }
    }

    fn product(&mut self) -> Option<Expression> {
        let mut left = self.cast()?;
        loop {
            let mark = ['*', '/', '%'].into_iter().find(|mark| self.is(&mark.to_string()));
            let Some(mark) = mark else { return Some(left) };
            self.at += 1;
            let right = self.cast()?;
            left = Expression::Sum(mark, Box::new(left), Box::new(right));
        }
    }

    fn cast(&mut self) -> Option<Expression> {
        let inner = self.primary()?;
        self.casts();
        if self.eat("[") {
            // An element of an array, or a part of it.
            while !self.eat("]") {
                self.at += 1;
                self.peek()?;
            }
            self.casts();
            return Some(Expression::Unknown);
        }
        if self.eat("->") || self.eat("->>") {
            self.primary()?;
            self.casts();
            return Some(Expression::Unknown);
        }
        Some(inner)
    }

    /// Passes over casts: a value means the same with another type, as far as this goes.
    fn casts(&mut self) {
        const MORE: [&str; 5] = ["varying", "precision", "with", "without", "time"];
        while self.eat("::") {
            self.at += 1;
            while self.eat(".") {
                self.at += 1;
            }
            while MORE.iter().any(|word| self.eat_word(word)) || self.eat_word("zone") {}
            if self.eat("(") {
                while self.peek().is_some() && !self.eat(")") {
                    self.at += 1;
                }
            }
            while MORE.iter().any(|word| self.eat_word(word)) || self.eat_word("zone") {}
            while self.eat("[") {
                self.eat("]");
            }
        }
        if self.eat_word("collate") {
            self.at += 1;
            while self.eat(".") {
                self.at += 1;
            }
        }
    }

    fn primary(&mut self) -> Option<Expression> {
        if self.eat("(") {
            let inner = self.either()?;
            return self.eat(")").then_some(inner);
        }
        if self.eat("-") {
            return Some(match self.cast()? {
                Expression::Number(number) => Expression::Number(-number),
                inner => Expression::Sum('-', Box::new(Expression::Number(0.0)), Box::new(inner)),
            });
        }
        let token = self.peek()?.clone();
        self.at += 1;
        match token.kind {
            TokenKind::Number => {
                let number = token.text(self.text).replace('_', "").parse();
                Some(number.map_or(Expression::Unknown, Expression::Number))
            }
            TokenKind::String => Some(text_of(&token, self.text)),
            TokenKind::QuotedIdentifier => self.named(token.name(self.text)?, true),
            TokenKind::Keyword | TokenKind::Identifier => {
                let word = token.text(self.text).to_owned();
                self.word(word)
            }
            _ => None,
        }
    }

    fn word(&mut self, word: String) -> Option<Expression> {
        match word.to_ascii_lowercase().as_str() {
            "null" => return Some(Expression::Null),
            "true" => return Some(Expression::Truth(true)),
            "false" => return Some(Expression::Truth(false)),
            "current_date" | "current_timestamp" | "localtimestamp" | "current_time" => {
                return Some(Expression::Now);
            }
            "case" => {
                while !self.eat_word("end") {
                    self.at += 1;
                    self.peek()?;
                }
                return Some(Expression::Unknown);
            }
            "cast" if self.is("(") => {
                self.at += 1;
                let inner = self.either()?;
                while !self.eat(")") {
                    self.at += 1;
                    self.peek()?;
                }
                return Some(inner);
            }
            "interval" | "date" | "timestamp" | "time" | "numeric"
                if self.peek().is_some_and(|next| next.kind == TokenKind::String) =>
            {
                return self.primary();
            }
            _ => {}
        }
        self.named(word, false)
    }

    /// A column, or a function with its arguments.
    fn named(&mut self, mut name: String, quoted: bool) -> Option<Expression> {
        while self.eat(".") {
            name = self.peek()?.name(self.text)?;
            self.at += 1;
        }
        if !self.is("(") {
            return Some(Expression::Column(name));
        }
        self.at += 1;
        let mut arguments = Vec::new();
        while !self.eat(")") {
            // The words inside some functions' brackets, as in trim(BOTH FROM x).
            if ["both", "leading", "trailing", "from", "distinct"].iter().any(|w| self.eat_word(w))
            {
                continue;
            }
            if self.eat("*") {
                continue;
            }
            arguments.push(self.either()?);
            self.eat(",");
            self.peek()?;
        }
        let name = if quoted { name } else { name.to_ascii_lowercase() };
        if matches!(name.as_str(), "now" | "statement_timestamp" | "clock_timestamp") {
            return Some(Expression::Now);
        }
        Some(Expression::Call(name, arguments))
    }
}

/// The content of a string; escapes other than doubled marks are left unknown.
fn text_of(token: &Token, text: &str) -> Expression {
    let written = token.text(text);
    let (escaped, inner) = match written.strip_prefix(['E', 'e']) {
        Some(inner) => (true, inner),
        None => (false, written),
    };
    let Some(inner) = inner.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')) else {
        return Expression::Unknown;
    };
    let inner = inner.replace("''", "'");
    if !escaped {
        return Expression::Text(inner);
    }
    let plain = inner.replace("\\\\", "\u{0}");
    if plain.contains('\\') {
        return Expression::Unknown;
    }
    Expression::Text(plain.replace('\u{0}', "\\"))
}
