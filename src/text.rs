//! Text made fit for a screen, and measured.
//!
//! [`visible`] is the one gate: every string from a database, an error or a file passes it
//! before a cell of the screen or a line of the command line. What it lets through cannot move
//! the cursor, change colours, reverse the direction of writing or take no width at all. It
//! never fails and never loses the fact that something was there: what it replaces stays
//! visible as a sign.

pub mod lines;

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text with everything that could act on a terminal or hide replaced by a visible sign.
///
/// C0 controls become their control pictures (U+2400 and on; line breaks `↵`, tabs `→`), C1
/// controls, bidirectional marks, zero-width and other format characters, private use and
/// unassigned noncharacters become `·`. With `ascii` every replacement is `?`.
pub fn visible(text: &str, ascii: bool) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    if !ascii && !text.chars().any(|character| replacement(character).is_some()) {
        return Cow::Owned(settled(text));
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match replacement(character) {
            Some(_) if ascii => out.push('?'),
            Some(sign) => out.push(sign),
            None if ascii && !character.is_ascii() => out.push('?'),
            None => out.push(character),
        }
    }
    Cow::Owned(settled(&out))
}

/// Whether a character could act on a terminal, or hide from the eye.
pub fn acts_or_hides(character: char) -> bool {
    replacement(character).is_some()
}

/// A sentence with its first letter large.
pub fn capital(sentence: &str) -> String {
    // A name (`public.users`, `_sqlx_migrations`, `schema.sql`) is written as it is.
    let first = sentence.split(' ').next().unwrap_or_default();
    if first == "dbstudio" || first.trim_end_matches(['.', ':', ',']).contains(['.', '_', '/']) {
        return sentence.to_owned();
    }
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Drops what a terminal and we would measure differently: a cluster that starts with a
/// combining mark gets a dotted circle to stand on, and a cluster keeps at most eight marks.
/// A joiner that joins nothing becomes a sign, as terminals glue whatever comes next to it;
/// the wish to show an emoji as text (U+FE0E) is not passed on, as they disagree about the
/// cells that leaves it.
fn settled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        if cluster_width(cluster) == 0 {
            out.push('\u{25cc}');
        }
        let mut characters = cluster.chars().take(9).peekable();
        while let Some(character) = characters.next() {
            let joins = |next: &char| UnicodeWidthChar::width(*next).is_some_and(|it| it > 0);
            match character {
                JOINER if !characters.peek().is_some_and(joins) => out.push('·'),
                '\u{fe0e}' => {}
                _ => out.push(character),
            }
        }
    }
    out
}

/// Joins two pictures into one (zero width joiner).
const JOINER: char = '\u{200d}';

/// The sign that stands for a character that must not reach the screen.
fn replacement(character: char) -> Option<char> {
    let code = u32::from(character);
    match code {
        0x0a => Some('↵'),
        0x09 => Some('→'),
        0x00..=0x1f => char::from_u32(0x2400 + code),
        0x7f => Some('\u{2421}'),
        0x80..=0x9f => Some('·'),
        // Soft hyphen, Arabic letter mark, Hangul fillers, Khmer inherent vowels, Mongolian
        // separators: drawn as nothing, or not, as the terminal likes.
        0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f => Some('·'),
        // Zero-width space and joiners outside emoji, marks, embeddings, overrides, isolates.
        0x200b | 0x200c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2060..=0x206f => Some('·'),
        0x3164 | 0xfeff | 0xffa0 | 0xfff0..=0xfffb => Some('·'),
        0xe000..=0xf8ff | 0xe0000..=0xe0fff | 0xf0000..=0x10_ffff => Some('·'),
        _ if code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code) => Some('·'),
        _ => None,
    }
}

/// The width of text in cells of the screen. Only for text that passed [`visible`].
///
/// Cluster by cluster, as the text is drawn: some letters are measured as one where they meet
/// (Arabic lam and alef), but each lies in cells of its own.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(cluster_width).sum()
}

/// The cells of one cluster. Terminals give the halfwidth voicing marks of Japanese a cell of
/// their own, although they belong to the letter before them (and ratatui counts so too: where
/// we differed from it, the next letter would never be sent).
fn cluster_width(cluster: &str) -> usize {
    let marks = cluster.chars().filter(|mark| matches!(mark, '\u{ff9e}' | '\u{ff9f}'));
    UnicodeWidthStr::width(cluster) + marks.count()
}

/// The longest beginning of `text` that fits into `cells`, and the cells it takes.
pub fn fit(text: &str, cells: usize) -> (&str, usize) {
    if text.is_ascii() {
        let end = text.len().min(cells);
        return (text.get(..end).unwrap_or(text), end);
    }
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        let wide = cluster_width(cluster);
        if used + wide > cells {
            return (text.get(..at).unwrap_or(""), used);
        }
        used += wide;
    }
    (text, used)
}

/// `text` in at most `cells`: whole, or its beginning and an ellipsis.
pub fn ellipsis(text: &str, cells: usize, ascii: bool) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let dots = if ascii { "~" } else { "…" };
    let (start, _) = fit(text, cells.saturating_sub(1));
    Cow::Owned(if cells == 0 { String::new() } else { format!("{start}{dots}") })
}

/// `text` in lines of at most `cells`, cut at blanks; a word that is wider stands on a line of its
/// own.
pub fn wrapped(text: &str, cells: usize) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in text.split_whitespace() {
        let wide = width(word);
        if used > 0 && used + 1 + wide > cells {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += wide;
    }
    lines.push(line);
    lines
}

/// Whether a terminal shows more than ASCII: only where `LC_ALL`, `LC_CTYPE` or `LANG` (the first
/// of them that is set and not empty, as POSIX orders them) names UTF-8.
pub fn speaks_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let set = |name: &&str| variable(name).filter(|held| !held.is_empty());
    let locale = names.iter().find_map(set).unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// The beginning of a text, at most about `limit` bytes, cut between characters. What is cut
/// off before measuring keeps a cell of a megabyte as cheap as one of a line.
pub fn head(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while end > 0 && !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// A count as a person reads it at a glance: `14`, `1,204`, `48.2 k`, `10.0 M`.
pub fn short_count(count: u64) -> String {
    let scaled = |unit: f64, sign: &str| format!("{:.1} {sign}", count as f64 / unit);
    match count {
        0..10_000 => grouped(count),
        10_000..999_950 => scaled(1e3, "k"),
        999_950..999_950_000 => scaled(1e6, "M"),
        _ => scaled(1e9, "G"),
    }
}

/// A number with its thousands parted by commas.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A size in bytes as a person reads it: `312 B`, `48.2 kB`, `1.3 GB` (powers of 1024, with
/// the units PostgreSQL's `pg_size_pretty` uses).
pub fn short_bytes(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB", "PB"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_passes() {
        let hostile = "a\u{1b}[31mb\u{9b}2Jc\u{202e}d\u{200b}e\0f\r\n\t\u{7f}\u{feff}";
        let shown = visible(hostile, false);
        assert_eq!(shown, "a␛[31mb·2Jc·d·e␀f␍↵→␡·");
        assert!(visible(hostile, true).is_ascii());
    }

    #[test]
    fn a_joiner_without_something_to_join_is_shown() {
        assert_eq!(visible("z\u{200d}", false), "z·");
        assert_eq!(visible("z\u{200d}\u{301}", false), "z·\u{301}");
        let crowd = "\u{1f468}\u{200d}".repeat(9);
        let shown = visible(&crowd, false);
        assert!(!shown.ends_with(JOINER), "{shown:?}");
        assert_eq!(visible("\u{231a}\u{fe0e}", false), "\u{231a}");
    }

    #[test]
    fn text_is_as_wide_as_its_clusters() {
        assert_eq!(width("\u{644}\u{627}"), 2);
        assert_eq!(width("日本"), 4);
        assert_eq!(width("ｶﾞ"), 2);
    }

    #[test]
    fn letters_of_the_world_pass_unchanged() {
        for text in ["čaj", "日本語", "שלום", "👩‍👩‍👧‍👦", "नमस्ते", "é"]
        {
            assert_eq!(visible(text, false), text);
        }
    }

    #[test]
    fn fitting_never_cuts_a_wide_character_in_two() {
        assert_eq!(fit("日本語", 3), ("日", 2));
        assert_eq!(ellipsis("日本語", 5, false), "日本…");
        assert_eq!(ellipsis("abc", 3, false), "abc");
        assert_eq!(ellipsis("abcd", 3, true), "ab~");
    }

    #[test]
    fn lines_are_cut_at_blanks() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("日本 語 unbreakable", 5), ["日本", "語", "unbreakable"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn counts_and_sizes_read_at_a_glance() {
        assert_eq!(short_count(9_999), "9,999");
        assert_eq!(short_count(48_213), "48.2 k");
        assert_eq!(short_count(10_000_000), "10.0 M");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(short_bytes(312), "312 B");
        assert_eq!(short_bytes(1_400_000_000), "1.3 GB");
    }
}
