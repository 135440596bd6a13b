//! Cells into bytes: what changed on the screen, as few escape sequences as it takes.
//!
//! It is the only place that composes what reaches the terminal while the studio runs. A
//! frame is collected and handed out whole, so that it can be written in one piece. Nothing
//! is sent from here.

use std::io;
use std::io::Write;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::{Color, Modifier};

use crate::text::width;

/// What stands in the place of a control that should not have come so far.
const NOT_DRAWN: &str = "?";

/// Collects the bytes of a frame.
#[derive(Debug)]
pub struct Painter {
    out: Vec<u8>,
    size: Size,
    cursor: Option<Position>,
    pen: Pen,
    hidden: bool,
    /// What lies on the screen, to mend the rest of a line with.
    shown: Buffer,
}

/// What the terminal draws with at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifiers: Modifier,
}

const PLAIN: Pen = Pen { fg: Color::Reset, bg: Color::Reset, modifiers: Modifier::empty() };

/// SGR parameters of the modifiers (ECMA-48, section 8.3.117).
const MODIFIERS: [(Modifier, &str); 8] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::SLOW_BLINK, "5"),
    (Modifier::RAPID_BLINK, "6"),
    (Modifier::REVERSED, "7"),
    (Modifier::CROSSED_OUT, "9"),
];

impl Painter {
    /// A painter for a screen of that size whose cursor is hidden already.
    pub fn new(size: Size) -> Self {
        let shown = Buffer::empty(Rect::from((Position::ORIGIN, size)));
        let out = Vec::with_capacity(16 * 1024);
        Self { out, size, cursor: None, pen: PLAIN, hidden: true, shown }
    }

    /// The screen has another size now.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// Somebody else drew: nothing is known about the cursor and the colours any more.
    pub fn forget(&mut self) {
        self.out.clear();
        self.cursor = None;
        self.pen = PLAIN;
        self.hidden = true;
    }

    /// What the frame is made of; empty when nothing changed. To be given back to
    /// [`Painter::recycle`] once it is written.
    pub fn take(&mut self) -> Vec<u8> {
        self.set(PLAIN);
        std::mem::take(&mut self.out)
    }

    /// Takes the room of a written frame back for the next one.
    pub fn recycle(&mut self, mut written: Vec<u8>) {
        // One huge frame must not hold its memory for ever.
        if self.out.is_empty() && written.capacity() <= 256 * 1024 {
            written.clear();
            self.out = written;
        }
    }

    fn go(&mut self, x: u16, y: u16) {
        let to = Position::new(x, y);
        if self.cursor != Some(to) {
            // Writing to a Vec cannot fail.
            let _ = write!(self.out, "\x1b[{};{}H", u32::from(y) + 1, u32::from(x) + 1);
            self.cursor = Some(to);
        }
    }

    /// Draws a line anew from a column on. A terminal that takes more cells for a cluster than
    /// we do has drawn over what follows it; what follows is therefore drawn over that.
    fn mend(&mut self, (from, y): (u16, u16)) {
        let mut x = from;
        while x < self.size.width {
            let Some(cell) = self.shown.cell((x, y)).cloned() else { return };
            self.paint((x, y), &cell);
            let wide = u16::try_from(width(cell.symbol())).unwrap_or(1);
            x = x.saturating_add(wide.max(1));
        }
    }

    fn paint(&mut self, (x, y): (u16, u16), cell: &Cell) {
        let symbol = cell.symbol();
        // The last gate: whatever a cell holds, a control never leaves it.
        let symbol = if symbol.chars().any(char::is_control) { NOT_DRAWN } else { symbol };
        let measure = Measure::of(symbol);
        self.go(x, y);
        self.set(Pen { fg: cell.fg, bg: cell.bg, modifiers: cell.modifier });
        if let Measure::Doubtful { ours, most } = measure {
            // Empty first: a terminal that takes fewer cells would leave the others as they are.
            self.out.extend(std::iter::repeat_n(b' ', usize::from(ours)));
            self.cursor = None;
            self.go(x, y);
            let fits = x.saturating_add(most) <= self.size.width;
            // At the end of the line more cells would go on in the next one.
            let first = symbol.chars().next().map_or(0, char::len_utf8);
            let whole = if fits { symbol } else { symbol.get(..first).unwrap_or(NOT_DRAWN) };
            self.out.extend_from_slice(whole.as_bytes());
        } else {
            self.out.extend_from_slice(symbol.as_bytes());
        }
        // Only after what every terminal measures as one cell the cursor is where we think.
        let next = x.saturating_add(1);
        let known = matches!(measure, Measure::One) && next < self.size.width;
        self.cursor = known.then_some(Position::new(next, y));
    }

    fn set(&mut self, pen: Pen) {
        if pen == self.pen {
            return;
        }
        let mut now = self.pen;
        let mut parts: Vec<u8> = Vec::with_capacity(48);
        // A modifier is only taken away together with everything else: the sequences that
        // take single ones away differ between terminals.
        if !pen.modifiers.contains(now.modifiers) || (pen == PLAIN && now != PLAIN) {
            parts.push(b'0');
            now = PLAIN;
        }
        for (modifier, code) in MODIFIERS {
            if pen.modifiers.contains(modifier) && !now.modifiers.contains(modifier) {
                part(&mut parts, code);
            }
        }
        if pen.fg != now.fg {
            colour(&mut parts, pen.fg, false);
        }
        if pen.bg != now.bg {
            colour(&mut parts, pen.bg, true);
        }
        self.pen = pen;
        if !parts.is_empty() {
            self.out.extend_from_slice(b"\x1b[");
            self.out.extend_from_slice(&parts);
            self.out.push(b'm');
        }
    }
}

/// How many cells a terminal takes for a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// One, all agree.
    One,
    /// Two, all agree.
    Two,
    /// Terminals differ: we take `ours`, none takes more than `most`.
    Doubtful { ours: u16, most: u16 },
}

impl Measure {
    fn of(symbol: &str) -> Self {
        if symbol.len() == 1 {
            return Self::One;
        }
        let mut characters = symbol.chars();
        if let (Some(only), None) = (characters.next(), characters.next()) {
            match u32::from(only) {
                // Latin, Greek, Cyrillic; dashes and quotes; arrows, control pictures, frames,
                // blocks, shapes and Braille.
                0xa0..=0x2ff | 0x370..=0x482 | 0x48a..=0x52f => return Self::One,
                0x2010..=0x2027 | 0x2190..=0x21ff | 0x2205 | 0x2400..=0x2426 => return Self::One,
                0x2500..=0x25fc | 0x2800..=0x28ff => return Self::One,
                // Chinese, Japanese, Korean, and what is as wide.
                0x3041..=0x3096 | 0x30a1..=0x30fa | 0x3400..=0x4dbf | 0x4e00..=0x9fff => {
                    return Self::Two;
                }
                0xac00..=0xd7a3 | 0xff01..=0xff60 => return Self::Two,
                _ => {}
            }
        }
        let most = |character: char| match width(character.encode_utf8(&mut [0; 4])) {
            // Two for a sign of which newer terminals have made a picture.
            1 if u32::from(character) >= 0x2000 => 2,
            wide => u16::try_from(wide).unwrap_or(u16::MAX),
        };
        let ours = u16::try_from(width(symbol)).unwrap_or(u16::MAX);
        Self::Doubtful { ours, most: symbol.chars().map(most).sum::<u16>().max(ours) }
    }

    fn is_doubtful(self) -> bool {
        matches!(self, Self::Doubtful { .. })
    }
}

fn part(parts: &mut Vec<u8>, code: &str) {
    if !parts.is_empty() {
        parts.push(b';');
    }
    parts.extend_from_slice(code.as_bytes());
}

fn colour(parts: &mut Vec<u8>, color: Color, ground: bool) {
    let basic = |code: u8| (code + if ground { 10 } else { 0 }).to_string();
    let extended = if ground { 48 } else { 38 };
    let code = match color {
        Color::Reset => basic(39),
        Color::Black => basic(30),
        Color::Red => basic(31),
        Color::Green => basic(32),
        Color::Yellow => basic(33),
        Color::Blue => basic(34),
        Color::Magenta => basic(35),
        Color::Cyan => basic(36),
        Color::Gray => basic(37),
        Color::DarkGray => basic(90),
        Color::LightRed => basic(91),
        Color::LightGreen => basic(92),
        Color::LightYellow => basic(93),
        Color::LightBlue => basic(94),
        Color::LightMagenta => basic(95),
        Color::LightCyan => basic(96),
        Color::White => basic(97),
        Color::Indexed(index) => format!("{extended};5;{index}"),
        Color::Rgb(red, green, blue) => format!("{extended};2;{red};{green};{blue}"),
    };
    part(parts, &code);
}

impl Backend for Painter {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        // The line that has to be mended, and from which column on.
        let mut mend: Option<(u16, u16)> = None;
        for (x, y, cell) in content {
            if let Some(shown) = self.shown.cell_mut((x, y)) {
                shown.clone_from(cell);
            }
            // What a wide symbol covers is not sent; it must not come back in a mended line.
            for covered in 1..u16::try_from(width(cell.symbol())).unwrap_or(1) {
                if let Some(shown) = self.shown.cell_mut((x.saturating_add(covered), y)) {
                    shown.set_symbol(" ");
                }
            }
            match mend {
                Some((_, line)) if line == y => continue,
                Some(place) => self.mend(place),
                None => {}
            }
            mend = Measure::of(cell.symbol()).is_doubtful().then_some((x, y));
            if mend.is_none() {
                self.paint((x, y), cell);
            }
        }
        if let Some(place) = mend {
            self.mend(place);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if !self.hidden {
            self.out.extend_from_slice(b"\x1b[?25l");
            self.hidden = true;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.hidden {
            self.out.extend_from_slice(b"\x1b[?25h");
            self.hidden = false;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        self.go(x, y);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        // Many terminals clear with the ground they draw with.
        self.set(PLAIN);
        if matches!(clear_type, ClearType::All) {
            self.shown = Buffer::empty(Rect::from((Position::ORIGIN, self.size)));
        }
        self.out.extend_from_slice(match clear_type {
            ClearType::All => b"\x1b[2J".as_slice(),
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        });
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::style::Style;

    use super::*;

    fn frame(terminal: &mut Terminal<Painter>, words: &[(u16, u16, &str, Style)]) -> String {
        let drawn = terminal.draw(|frame| {
            for (x, y, text, style) in words {
                crate::tui::widgets::line::put(frame.buffer_mut(), (*x, *y), 99, text, *style);
            }
        });
        drawn.unwrap();
        let bytes = terminal.backend_mut().take();
        let text = String::from_utf8(bytes.clone()).unwrap().replace('\u{1b}', "␛");
        terminal.backend_mut().recycle(bytes);
        text
    }

    fn screen() -> Terminal<Painter> {
        Terminal::new(Painter::new(Size::new(20, 3))).unwrap()
    }

    #[test]
    fn only_what_changed_is_sent_and_the_same_frame_sends_nothing() {
        let mut terminal = screen();
        let bold = Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD);
        let first = frame(&mut terminal, &[(1, 0, "ab", bold), (3, 0, "c", Style::new())]);
        assert_eq!(first, "␛[1;2H␛[1;38;2;1;2;3mab␛[0mc");
        assert_eq!(frame(&mut terminal, &[(1, 0, "ab", bold), (3, 0, "c", Style::new())]), "");
        let third = frame(&mut terminal, &[(1, 0, "ab", bold), (3, 0, "d", Style::new())]);
        assert_eq!(third, "␛[1;4Hd");
    }

    #[test]
    fn after_a_cluster_of_doubtful_width_the_cursor_is_placed_and_the_line_mended() {
        let mut terminal = screen();
        frame(&mut terminal, &[(19, 0, "│", Style::new())]);
        let sent =
            frame(&mut terminal, &[(0, 0, "é👩‍👩‍👧x", Style::new()), (19, 0, "│", Style::new())]);
        let rest = " ".repeat(15);
        assert_eq!(sent, format!("␛[1;1Hé  ␛[1;2H👩‍👩‍👧␛[1;4Hx{rest}│"));
    }

    #[test]
    fn at_the_end_of_a_line_only_the_start_of_a_doubtful_cluster_is_sent() {
        let mut terminal = screen();
        let sent = frame(&mut terminal, &[(18, 1, "👩‍👩‍👧", Style::new())]);
        assert_eq!(sent, "␛[2;19H  ␛[2;19H👩");
    }

    #[test]
    fn no_control_leaves_a_cell() {
        let mut terminal = screen();
        let drawn = terminal.draw(|frame| {
            if let Some(cell) = frame.buffer_mut().cell_mut((0, 0)) {
                cell.set_symbol("\u{1b}[2J");
            }
        });
        drawn.unwrap();
        // A sign stands for it; the rest of the line is mended, as its width was doubtful.
        let sent = String::from_utf8(terminal.backend_mut().take()).unwrap();
        assert!(sent.starts_with("\u{1b}[1;1H?\u{1b}[1;5H "), "{sent:?}");
        assert!(!sent.contains("[2J"), "{sent:?}");
    }

    #[test]
    fn another_size_draws_everything_anew() {
        let mut terminal = screen();
        frame(&mut terminal, &[(0, 0, "a", Style::new())]);
        terminal.backend_mut().resize(Size::new(10, 2));
        let sent = frame(&mut terminal, &[(0, 0, "a", Style::new())]);
        assert_eq!(sent, "␛[2J␛[2J␛[1;1Ha");
        terminal.clear().unwrap();
        assert!(frame(&mut terminal, &[(0, 0, "a", Style::new())]).ends_with("a"));
    }
}
