//! Reads the paths a Rust source names: `use` trees with their groups, paths inside expressions
//! and macros, and `super::` that climbs out of its room. Comments and literals are no code.

/// Something a source names, as an absolute path: `crate::db::page::Page` is
/// `["crate", "db", "page", "Page"]`, `sqlx::query` is `["sqlx", "query"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The line, from 1.
    pub line: usize,
    /// The segments.
    pub path: Vec<String>,
    /// Whether it is part of a `pub use`.
    pub exported: bool,
    /// What follows the path: `(`, `!`, `;` or another token; empty at the end of the source.
    pub next: String,
    /// Whether it follows a dot, as a method or a field does.
    pub after_dot: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    line: usize,
    text: String,
}

/// Everything the source of module `module` (`["db", "page"]`) names.
pub fn names(module: &[String], source: &str) -> Vec<Named> {
    let tokens = tokens(source);
    let mut scan = Scan { tokens: &tokens, at: 0, found: Vec::new() };
    let mut inline: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    while let Some(token) = scan.peek(0) {
        match token {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if inline.last().is_some_and(|(_, opened)| *opened == depth) {
                    inline.pop();
                }
            }
            "mod" if scan.peek(2) == Some("{") => {
                inline.push((scan.peek(1).unwrap_or_default().to_owned(), depth));
            }
            // `use<'a>` says what an `impl Trait` captures: no path.
            "use" if scan.peek(1) != Some("<") => {
                let exported = scan.exported();
                scan.at += 1;
                let here = absolute_prefix(module, &inline);
                scan.tree(&[], &here, exported);
                continue;
            }
            word if is_word(word) && scan.starts_path() => {
                let here = absolute_prefix(module, &inline);
                scan.path(&here);
                continue;
            }
            _ => {}
        }
        scan.at += 1;
    }
    scan.found
}

fn absolute_prefix(module: &[String], inline: &[(String, usize)]) -> Vec<String> {
    let outer = module.iter().cloned();
    outer.chain(inline.iter().map(|(name, _)| name.clone())).collect()
}

struct Scan<'a> {
    tokens: &'a [Token],
    at: usize,
    found: Vec<Named>,
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> Option<&str> {
        self.tokens.get(self.at + ahead).map(|token| token.text.as_str())
    }

    fn before(&self) -> Option<&str> {
        let before = self.at.checked_sub(1)?;
        self.tokens.get(before).map(|token| token.text.as_str())
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |token| token.line)
    }

    /// Whether the word here is not the later part of a path that was read already.
    fn starts_path(&self) -> bool {
        self.before() != Some("::") || {
            let two_before = self.at.checked_sub(2).and_then(|at| self.tokens.get(at));
            !two_before.is_some_and(|token| is_word(&token.text) || token.text == ">")
        }
    }

    /// Whether the `use` here is public: `pub use` or `pub(crate) use`.
    fn exported(&self) -> bool {
        matches!(self.before(), Some("pub" | ")"))
    }

    /// A path in an expression or a type.
    fn path(&mut self, here: &[String]) {
        let line = self.line();
        let after_dot = self.before() == Some(".");
        let mut segments = vec![self.peek(0).unwrap_or_default().to_owned()];
        self.at += 1;
        while self.peek(0) == Some("::") && self.peek(1).is_some_and(is_word) {
            segments.push(self.peek(1).unwrap_or_default().to_owned());
            self.at += 2;
        }
        self.push(line, &segments, here, false, after_dot);
    }

    /// One branch of a `use` tree, up to the comma, brace or semicolon after it.
    fn tree(&mut self, prefix: &[String], here: &[String], exported: bool) {
        let line = self.line();
        let mut segments = prefix.to_vec();
        while let Some(token) = self.peek(0) {
            match token {
                "::" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while self.peek(0).is_some_and(|token| token != "}") {
                        let before = self.at;
                        self.tree(&segments, here, exported);
                        // A comma; or a sign that no tree has, which must not hold us up.
                        if self.peek(0) == Some(",") || self.at == before {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "as" => self.at += 2,
                "," | "}" | ";" => break,
                _ => {
                    segments.push(token.to_owned());
                    self.at += 1;
                }
            }
        }
        self.push(line, &segments, here, exported, false);
    }

    fn push(
        &mut self,
        line: usize,
        segments: &[String],
        here: &[String],
        exported: bool,
        after_dot: bool,
    ) {
        let next = self.peek(0).unwrap_or_default().to_owned();
        let path = absolute(segments, here);
        self.found.push(Named { line, path, exported, next, after_dot });
    }
}

/// Resolves `crate`, `self` and `super` at the head of a path.
fn absolute(segments: &[String], here: &[String]) -> Vec<String> {
    let relative = matches!(segments.first().map(String::as_str), Some("self" | "super"));
    if !relative {
        return segments.to_vec();
    }
    let climbs = segments.iter().filter(|segment| *segment == "super").count();
    let kept = here.len().saturating_sub(climbs);
    let rest = segments.iter().filter(|segment| *segment != "self" && *segment != "super");
    std::iter::once("crate".to_owned())
        .chain(here.iter().take(kept).cloned())
        .chain(rest.cloned())
        .collect()
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Words, `::` and single signs, with comments, strings, characters and lifetimes left out.
fn tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = literal(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let length = end.unwrap_or(rest.len());
            found.push(Token { line, text: rest[..length].to_owned() });
            length
        } else if rest.starts_with("::") {
            found.push(Token { line, text: "::".to_owned() });
            2
        } else {
            if !first.is_whitespace() {
                found.push(Token { line, text: first.to_string() });
            }
            first.len_utf8()
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the string, character or lifetime the text begins with.
fn literal(text: &str) -> Option<usize> {
    let bare = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = text.len() - bare.len();
    if prefix <= 2 && text[..prefix].contains('r') {
        let hashes = bare.len() - bare.trim_start_matches('#').len();
        if bare[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = prefix + hashes + 1;
            let end = text[body..].find(&close)?;
            return Some(body + end + close.len());
        }
    }
    if prefix <= 1 && bare.starts_with('"') {
        return Some(prefix + quoted(bare, '"')?);
    }
    if prefix <= 1 && bare.starts_with('\'') {
        let mut chars = bare.chars().skip(1);
        let (one, two) = (chars.next()?, chars.next());
        if one == '\\' || two == Some('\'') {
            return Some(prefix + quoted(bare, '\'')?);
        }
        let name = bare[1..].find(|c: char| !c.is_alphanumeric() && c != '_');
        return Some(prefix + 1 + name.unwrap_or(bare.len() - 1));
    }
    None
}

fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}
