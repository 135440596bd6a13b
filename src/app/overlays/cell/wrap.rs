//! Long text in rows of a given width, as lazily as a megabyte needs it.
//!
//! A text is cut once into pieces: its lines, and very long lines in parts. Rows are made of
//! the pieces on the screen only, so scrolling costs the same wherever it happens.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::app::span::Span;
use crate::text::{visible, width};

/// Lines longer than this many bytes are cut into parts.
const PIECE: usize = 4096;

/// How far before its end a part looks for a blank to end at.
const NEAR: usize = 256;

/// Where the pieces of a text begin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pieces {
    starts: Vec<u32>,
}

impl Pieces {
    /// Cuts a text. What lies beyond 4 GB, more than either engine stores, is left out.
    pub fn cut(text: &str) -> Self {
        let mut starts = Vec::new();
        let mut start = 0;
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        for end in ends.chain([text.len()]) {
            if start == end && start > 0 {
                continue;
            }
            let mut from = start;
            while let Ok(at) = u32::try_from(from) {
                starts.push(at);
                if end - from <= PIECE + 1 {
                    break;
                }
                from = part_end(text, from);
            }
            start = end;
        }
        Self { starts }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// One piece, without the line break it ends with.
    pub fn get<'a>(&self, text: &'a str, index: usize) -> &'a str {
        let Some(start) = self.starts.get(index) else { return "" };
        let end = self.starts.get(index + 1).map_or(text.len(), |end| *end as usize);
        let piece = text.get(*start as usize..end).unwrap_or("");
        piece.strip_suffix('\n').unwrap_or(piece)
    }
}

/// Where a part of a long line that begins at `from` ends: after a blank near its end, or
/// between two characters.
fn part_end(text: &str, from: usize) -> usize {
    let mut end = from + PIECE;
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let near = text.as_bytes().get(end.saturating_sub(NEAR)..end).unwrap_or_default();
    match near.iter().rposition(|byte| *byte == b' ') {
        Some(blank) => end - near.len() + blank + 1,
        None => end,
    }
}

/// The cells one cluster takes once it was made visible.
pub fn cells(cluster: &str, ascii: bool) -> usize {
    match cluster.as_bytes() {
        [0x20..=0x7e] => 1,
        _ => width(&visible(cluster, ascii)),
    }
}

/// The rows of a piece, as ranges of its bytes: broken after blanks where there are some,
/// anywhere otherwise. A piece of nothing is one row.
pub fn rows(piece: &str, cells_wide: usize, ascii: bool) -> Vec<Range<usize>> {
    let room = cells_wide.max(1);
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0);
    // The latest place to break at, and the cells that stand before it.
    let mut blank: Option<(usize, usize)> = None;
    for (at, cluster) in piece.grapheme_indices(true) {
        let wide = cells(cluster, ascii);
        if used + wide > room && at > start {
            if cluster == " " {
                // The blank that does not fit is the break itself.
                rows.push(start..at);
                (start, used, blank) = (at + 1, 0, None);
                continue;
            }
            let (end, before) = blank.unwrap_or((at, used));
            rows.push(start..end);
            (start, used, blank) = (end, used - before, None);
        }
        used += wide;
        if cluster == " " {
            blank = Some((at + 1, used));
        }
    }
    if start < piece.len() || rows.is_empty() {
        rows.push(start..piece.len());
    }
    rows
}

/// What of a piece is in view when `left` cells are scrolled off at its left.
pub fn beyond(piece: &str, left: usize, ascii: bool) -> &str {
    let mut used = 0;
    for (at, cluster) in piece.grapheme_indices(true) {
        if used >= left {
            return piece.get(at..).unwrap_or("");
        }
        used += cells(cluster, ascii);
    }
    ""
}

/// Pieces of a line in rows of a given width, broken after blanks where there are some.
pub fn word_rows(spans: &[Span<'_>], cells_wide: usize, ascii: bool) -> Vec<Vec<Span<'static>>> {
    hanging_rows(spans, cells_wide, cells_wide, ascii)
}

/// The same where the first row has another width than those after it.
pub fn hanging_rows(
    spans: &[Span<'_>],
    first: usize,
    after: usize,
    ascii: bool,
) -> Vec<Vec<Span<'static>>> {
    let words: String = spans.iter().map(|span| span.text.as_ref()).collect();
    let mut cut = rows(&words, first, ascii);
    if cut.len() > 1
        && let Some(head) = cut.first().cloned()
    {
        // What the blank at a break was is not shown.
        let rest = cut.get(1).map_or(head.end, |row| row.start);
        let below = rows(words.get(rest..).unwrap_or(""), after, ascii);
        let below = below.into_iter().map(|row| row.start + rest..row.end + rest);
        cut = std::iter::once(head).chain(below).collect();
    }
    cut.iter().map(|row| within(spans, row)).collect()
}

/// What of the pieces lies within a range of their words.
fn within(spans: &[Span<'_>], row: &Range<usize>) -> Vec<Span<'static>> {
    let mut out = Vec::new();
    let mut start = 0;
    for span in spans {
        let end = start + span.text.len();
        let (from, to) = (row.start.max(start), row.end.min(end));
        if from < to {
            let part = span.text.get(from - start..to - start).unwrap_or("");
            out.push(Span::new(span.ink, part.to_owned()));
        }
        start = end;
    }
    out
}

/// Pieces of a line in rows of a given width, broken anywhere.
pub fn span_rows(spans: &[Span<'_>], cells_wide: usize, ascii: bool) -> Vec<Vec<Span<'static>>> {
    let room = cells_wide.max(1);
    let mut rows: Vec<Vec<Span<'static>>> = Vec::new();
    let mut row: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    for span in spans {
        let mut words = String::new();
        for cluster in span.text.graphemes(true) {
            let wide = cells(cluster, ascii);
            if used + wide > room && used > 0 {
                row.push(Span::new(span.ink, std::mem::take(&mut words)));
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            words.push_str(cluster);
            used += wide;
        }
        if !words.is_empty() {
            row.push(Span::new(span.ink, words));
        }
    }
    if !row.is_empty() || rows.is_empty() {
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(piece: &str, room: usize) -> Vec<&str> {
        rows(piece, room, false).into_iter().map(|row| &piece[row]).collect()
    }

    #[test]
    fn rows_break_at_blanks_where_they_can() {
        assert_eq!(shown("the quick brown fox", 10), ["the quick ", "brown fox"]);
        assert_eq!(shown("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(shown("日本語", 4), ["日本", "語"]);
        assert_eq!(shown("abc def", 3), ["abc", "def"]);
        assert_eq!(shown("", 5), [""]);
    }

    #[test]
    fn pieces_are_lines_and_parts_of_long_ones() {
        let text = format!("a\n\n{}\nend\n", "word ".repeat(2000));
        let pieces = Pieces::cut(&text);
        let all: Vec<&str> = (0..pieces.len()).map(|at| pieces.get(&text, at)).collect();
        assert_eq!((all[0], all[1], all[all.len() - 1]), ("a", "", "end"));
        assert_eq!(all[2..all.len() - 1].concat(), "word ".repeat(2000));
        assert!(all.iter().all(|piece| piece.len() <= PIECE + 4));
        assert_eq!(Pieces::cut("").len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_but_blanks_at_breaks_is_lost(piece in "[a日é \u{1b}]{0,60}", room in 1_usize..12) {
            let mut at = 0;
            for row in rows(&piece, room, false) {
                prop_assert!(piece[at..row.start].bytes().all(|byte| byte == b' '));
                prop_assert!(row.end > row.start || piece.is_empty());
                at = row.end;
            }
            prop_assert!(piece[at..].bytes().all(|byte| byte == b' '));
        }

        #[test]
        fn every_byte_is_in_a_piece(text in "[ab\n ]{0,40}", times in 1_usize..300) {
            let text = text.repeat(times);
            let pieces = Pieces::cut(&text);
            let total: usize = (0..pieces.len()).map(|at| pieces.get(&text, at).len()).sum();
            let breaks = text.matches('\n').count();
            prop_assert_eq!(total + breaks, text.len());
        }
    }
}
