//! Every sign that is drawn, each with a twin of plain ASCII.
//!
//! The signs are one cell wide wherever Unicode leaves no choice, and none of them is drawn
//! as a picture; a terminal that draws box lines two cells wide wants `ascii = true`.

/// The signs the screens are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Whether these are the plain ones.
    pub ascii: bool,
    /// What turns while something is under way.
    pub spinner: &'static [&'static str],
    /// A lying line.
    pub horizontal: &'static str,
    /// A standing line.
    pub vertical: &'static str,
    /// The corners of a frame: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// A line that branches to the right.
    pub branch_right: &'static str,
    /// A line that branches to the left.
    pub branch_left: &'static str,
    /// A line that branches downward.
    pub branch_down: &'static str,
    /// A line that branches upward.
    pub branch_up: &'static str,
    /// Two lines that cross.
    pub crossing: &'static str,
    /// The thumb of a scrollbar, on a standing line.
    pub thumb: &'static str,
    /// NULL.
    pub null: &'static str,
    /// A column of the key.
    pub key: &'static str,
    /// A foreign key, and anything that leads somewhere.
    pub leads: &'static str,
    /// Sorted from small to large.
    pub ascending: &'static str,
    /// Sorted from large to small.
    pub descending: &'static str,
    /// Text goes on beyond its end.
    pub ellipsis: &'static str,
    /// A branch of a tree that is closed.
    pub closed: &'static str,
    /// A branch of a tree that is open.
    pub open: &'static str,
    /// A table in a tree.
    pub leaf: &'static str,
    /// A view in a tree: something that reads other tables.
    pub leaf_view: &'static str,
    /// What stands for each character of a hidden value.
    pub mask: &'static str,
    /// Done, or so.
    pub check: &'static str,
    /// Failed, or not so.
    pub cross: &'static str,
    /// Not the same.
    pub differs: &'static str,
    /// Done in part.
    pub half: &'static str,
    /// Not yet known.
    pub pending: &'static str,
    /// What parts two facts on one line.
    pub dot: &'static str,
    /// The edge of a cell that was changed.
    pub edge: &'static str,
    /// A row marked by hand.
    pub marked: &'static str,
    /// The same as above.
    pub ditto: &'static str,
    /// More columns to the left.
    pub more_left: &'static str,
    /// More columns to the right.
    pub more_right: &'static str,
    /// A column that stays when the others scroll.
    pub pinned: &'static str,
    /// What a field starts with.
    pub prompt: &'static str,
    /// A cell of a gauge, from empty to full in eighths.
    pub gauge: &'static [&'static str],
    /// A cell of a spark line, from low to high.
    pub spark: &'static [&'static str],
}

impl Glyphs {
    /// The signs for a terminal that shows Unicode.
    pub const UNICODE: Self = Self {
        ascii: false,
        spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
        horizontal: "─",
        vertical: "│",
        corners: ["╭", "╮", "╰", "╯"],
        branch_right: "├",
        branch_left: "┤",
        branch_down: "┬",
        branch_up: "┴",
        crossing: "┼",
        thumb: "┃",
        null: "∅",
        key: "⚿",
        leads: "→",
        ascending: "↑",
        descending: "↓",
        ellipsis: "…",
        closed: "▸",
        open: "▾",
        leaf: "▪",
        leaf_view: "▫",
        mask: "•",
        check: "✓",
        cross: "✗",
        differs: "≠",
        half: "◐",
        pending: "○",
        dot: "·",
        edge: "▎",
        marked: "◆",
        ditto: "\"",
        more_left: "‹",
        more_right: "›",
        pinned: "╎",
        prompt: "›",
        gauge: &["░", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
        spark: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    };

    /// The signs for every other terminal.
    pub const ASCII: Self = Self {
        ascii: true,
        spinner: &["|", "/", "-", "\\"],
        horizontal: "-",
        vertical: "|",
        corners: ["+", "+", "+", "+"],
        branch_right: "+",
        branch_left: "+",
        branch_down: "+",
        branch_up: "+",
        crossing: "+",
        thumb: "#",
        null: "<null>",
        key: "#",
        leads: ">",
        ascending: "^",
        descending: "v",
        ellipsis: "~",
        closed: "+",
        open: "-",
        leaf: "=",
        leaf_view: "%",
        mask: "*",
        check: "+",
        cross: "x",
        differs: "~",
        half: "%",
        pending: "o",
        dot: "-",
        edge: "*",
        marked: "@",
        ditto: "\"",
        more_left: "<",
        more_right: ">",
        pinned: ":",
        prompt: ">",
        gauge: &[".", ".", ".", ".", "=", "=", "=", "#", "#"],
        spark: &["_", "_", ".", ".", "-", "-", "=", "#"],
    };

    /// The signs the person asked for, or those the locale allows.
    pub fn choose(ascii: Option<bool>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let plain = ascii.unwrap_or_else(|| !crate::text::speaks_unicode(variable));
        if plain { Self::ASCII } else { Self::UNICODE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::width;

    fn single(glyphs: &Glyphs) -> Vec<&'static str> {
        let Glyphs { ascii: _, spinner, corners, null: _, .. } = *glyphs;
        let mut all = vec![
            glyphs.horizontal,
            glyphs.vertical,
            glyphs.branch_right,
            glyphs.branch_left,
            glyphs.branch_down,
            glyphs.branch_up,
            glyphs.crossing,
            glyphs.thumb,
            glyphs.key,
            glyphs.leads,
            glyphs.ascending,
            glyphs.descending,
            glyphs.ellipsis,
            glyphs.closed,
            glyphs.open,
            glyphs.leaf,
            glyphs.leaf_view,
            glyphs.mask,
            glyphs.check,
            glyphs.cross,
            glyphs.differs,
            glyphs.half,
            glyphs.pending,
            glyphs.dot,
            glyphs.edge,
            glyphs.marked,
            glyphs.ditto,
            glyphs.more_left,
            glyphs.more_right,
            glyphs.pinned,
            glyphs.prompt,
        ];
        all.extend(spinner);
        all.extend(corners);
        all
    }

    #[test]
    fn every_sign_takes_one_cell_and_has_a_plain_twin() {
        for glyph in single(&Glyphs::UNICODE).into_iter().chain([Glyphs::UNICODE.null]) {
            assert_eq!(width(glyph), 1, "{glyph}");
            assert_eq!(glyph.chars().count(), 1, "{glyph}");
        }
        for glyph in single(&Glyphs::ASCII) {
            assert!(glyph.is_ascii() && glyph.len() == 1, "{glyph}");
        }
        assert!(Glyphs::ASCII.null.is_ascii());
    }

    #[test]
    fn the_locale_decides_unless_the_person_did() {
        let choose = |ascii, pairs: &[(&str, &str)]| {
            let look = |name: &str| {
                pairs.iter().find(|(known, _)| *known == name).map(|(_, held)| (*held).to_owned())
            };
            Glyphs::choose(ascii, look).ascii
        };
        assert!(!choose(None, &[("LANG", "de_CH.UTF-8")]));
        assert!(!choose(None, &[("LC_ALL", ""), ("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(choose(None, &[("LC_ALL", "C"), ("LANG", "de_CH.UTF-8")]));
        assert!(choose(None, &[]));
        assert!(choose(Some(true), &[("LANG", "C.UTF-8")]));
        assert!(!choose(Some(false), &[]));
    }
}
