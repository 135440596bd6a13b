//! Words and what they are, before anything is drawn: the core says what a piece of a line
//! means, the theme how that looks. Nothing here knows a colour, and no text in here has
//! passed [`visible`](crate::text::visible) yet.

use std::borrow::Cow;

use crate::text;

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ink {
    /// Ordinary words.
    Text,
    /// A name that is being looked at.
    Strong,
    /// Words beside the point.
    Muted,
    /// What is well.
    Good,
    /// What needs care.
    Warning,
    /// What is broken.
    Danger,
    /// What is worth knowing.
    Information,
    /// A heading.
    Group,
    /// The sign of a key column.
    KeyMark,
    /// The sign of something that leads somewhere.
    LinkMark,
    /// The sign of something dangerous.
    DangerMark,
    /// The sign of something that needs care.
    WarningMark,
    /// The sign of something worth knowing.
    NoticeMark,
    /// What parts two facts on one line.
    Dot,
    /// NULL.
    Null,
    /// A hidden value.
    Masked,
    /// Text in quotes.
    String,
    /// A number.
    Number,
    /// A word of a language.
    Keyword,
    /// A comment.
    Comment,
    /// A name in SQL.
    Identifier,
    /// The name of a member of a JSON object.
    JsonKey,
    /// A gauge: for each cell a digit, how many eighths of it are full.
    Gauge,
    /// A spark line: for each cell a digit from 0 to 7, how high it is.
    Spark,
    /// Braces, brackets, colons and commas.
    Punctuation,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<'a> {
    /// What it is.
    pub ink: Ink,
    /// Its words as they came.
    pub text: Cow<'a, str>,
}

impl<'a> Span<'a> {
    /// A piece of a line.
    pub fn new(ink: Ink, text: impl Into<Cow<'a, str>>) -> Self {
        Self { ink, text: text.into() }
    }

    /// The sign of a key column.
    pub fn key() -> Self {
        Self::new(Ink::KeyMark, "⚿")
    }

    /// The sign of something that leads somewhere.
    pub fn link() -> Self {
        Self::new(Ink::LinkMark, "→")
    }

    /// What parts two facts on one line.
    pub fn dot() -> Self {
        Self::new(Ink::Dot, " · ")
    }

    /// NULL.
    pub fn null() -> Self {
        Self::new(Ink::Null, "∅")
    }
}

/// The cells these pieces take on a screen, one after the other.
pub fn width(spans: &[Span<'_>]) -> usize {
    let wide = |span: &Span<'_>| text::width(&text::visible(text::head(&span.text, 4096), false));
    spans.iter().map(wide).sum()
}
