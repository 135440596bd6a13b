//! From what the core says a word is to how it is drawn: the role and, for a sign, the glyph.

use ratatui::buffer::Buffer;

use crate::app::span::{Ink, Span};
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::line::{self, Segment};

/// The role of a word.
pub fn role(ink: Ink) -> Role {
    match ink {
        Ink::Text => Role::Text,
        Ink::Strong => Role::Strong,
        Ink::Muted => Role::Muted,
        Ink::Good => Role::Good,
        Ink::Warning => Role::Warning,
        Ink::Danger => Role::Danger,
        Ink::Information => Role::Information,
        Ink::Group => Role::Group,
        Ink::KeyMark => Role::KeyMark,
        Ink::LinkMark => Role::LinkMark,
        Ink::DangerMark => Role::Danger,
        Ink::WarningMark => Role::Warning,
        Ink::NoticeMark => Role::Information,
        Ink::Gauge | Ink::Spark => Role::Accent,
        Ink::Dot => Role::Muted,
        Ink::Null => Role::Null,
        Ink::Masked => Role::Masked,
        Ink::String => Role::String,
        Ink::Number => Role::Number,
        Ink::Keyword => Role::Keyword,
        Ink::Comment => Role::Comment,
        Ink::Identifier => Role::Identifier,
        Ink::JsonKey => Role::JsonKey,
        Ink::Punctuation => Role::JsonPunctuation,
    }
}

/// A word as it is drawn.
pub fn segment<'a>(span: &'a Span<'_>, look: &Look) -> Segment<'a> {
    let role = role(span.ink);
    match span.ink {
        Ink::KeyMark => Segment::new(role, look.glyphs.key),
        Ink::LinkMark => Segment::new(role, look.glyphs.leads),
        Ink::DangerMark => Segment::new(role, look.glyphs.cross),
        Ink::WarningMark => Segment::new(role, "!"),
        Ink::NoticeMark => Segment::new(role, look.glyphs.dot),
        Ink::Dot => Segment::new(role, format!(" {} ", look.glyphs.dot)),
        Ink::Gauge => Segment::new(role, picture(&span.text, look.glyphs.gauge)),
        Ink::Spark => Segment::new(role, picture(&span.text, look.glyphs.spark)),
        Ink::Null => Segment::new(role, look.glyphs.null),
        Ink::Masked => Segment::new(role, look.glyphs.mask.repeat(span.text.chars().count())),
        _ => Segment::new(role, span.text.as_ref()),
    }
}

/// Digits as the signs they stand for.
fn picture(digits: &str, signs: &[&'static str]) -> String {
    let sign = |digit: char| {
        let level = digit.to_digit(10).and_then(|level| usize::try_from(level).ok());
        level.and_then(|level| signs.get(level)).copied().unwrap_or(" ")
    };
    digits.chars().map(sign).collect()
}

/// Draws words one after the other into `cells` cells; returns how many they took.
pub fn write(buf: &mut Buffer, at: (u16, u16), cells: u16, spans: &[Span<'_>], look: &Look) -> u16 {
    let segments: Vec<Segment<'_>> = spans.iter().map(|span| segment(span, look)).collect();
    line::write_segments(buf, at, cells, &segments, look)
}
