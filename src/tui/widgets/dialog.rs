//! A dialog: a narrow pane in the middle, what is behind it dimmed, its keys below.
//!
//! It computes where the dialog goes and draws its frame; the words are its owner's.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::line;
use crate::tui::widgets::panel::Panel;

/// A place in the middle of `area`: `width` and `height` with the frame, less where there is
/// no room. A little above the middle, where the eye rests.
pub fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width.saturating_sub(2)).max(area.width.min(4));
    let height = height.min(area.height.saturating_sub(2)).max(area.height.min(3));
    let (across, down) = (area.width.saturating_sub(width), area.height.saturating_sub(height));
    Rect {
        x: area.x.saturating_add(across / 2),
        y: area.y.saturating_add((down * 2) / 5),
        width,
        height,
    }
}

/// A width that reads well: three fifths of the screen, between `least` and 76 cells.
pub fn narrow(area: Rect, least: u16) -> u16 {
    let part = u32::from(area.width) * 3 / 5;
    u16::try_from(part).unwrap_or(u16::MAX).clamp(least.min(76), 76)
}

/// Dims everything that is drawn so far.
pub fn dim(buf: &mut Buffer, area: Rect, look: &Look) {
    let area = area.intersection(buf.area);
    let (ground, behind) = (look.style(Role::Ground), look.style(Role::Backdrop));
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.modifier = ratatui::style::Modifier::empty();
                cell.set_style(ground).set_style(behind);
            }
        }
    }
}

/// Draws the dialog's frame over what is there and returns what lies within, one column
/// narrower at each side than the frame needs, so that the words can breathe.
pub fn draw(panel: &Panel<'_>, area: Rect, buf: &mut Buffer, look: &Look) -> Rect {
    let area = area.intersection(buf.area);
    split_wide(buf, area);
    line::clear(buf, area, Role::Dialog, look);
    let inner = panel.draw(area, buf, look);
    if inner.width < 12 {
        return inner;
    }
    Rect { x: inner.x + 1, width: inner.width - 2, ..inner }
}

/// A wide character that the dialog's left edge would cut in two must go: half of it cannot
/// be drawn, and its other half would push the frame aside.
fn split_wide(buf: &mut Buffer, area: Rect) {
    let Some(before) = area.x.checked_sub(1) else { return };
    for y in area.top()..area.bottom() {
        if let Some(cell) = buf.cell_mut((before, y))
            && crate::text::width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Interface;

    #[test]
    fn a_dialog_lies_in_the_middle_and_never_outside() {
        assert_eq!(centred(Rect::new(0, 0, 80, 24), 40, 10), Rect::new(20, 5, 40, 10));
        for width in 0..50 {
            for height in 0..20 {
                let area = Rect::new(3, 2, width, height);
                let found = centred(area, 40, 10);
                assert_eq!(found.intersection(area), found, "{area:?}");
            }
        }
        assert_eq!(narrow(Rect::new(0, 0, 80, 24), 40), 48);
        assert_eq!(narrow(Rect::new(0, 0, 50, 24), 40), 40);
        assert_eq!(narrow(Rect::new(0, 0, 300, 24), 40), 76);
    }

    #[test]
    fn a_wide_character_under_the_edge_is_taken_out_whole() {
        let look = Look::choose(&Interface::default(), |_| None).unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, 30, 3));
        line::put(&mut buf, (0, 1), 30, "日本語日本語", look.style(Role::Text));
        let inner = draw(&Panel::default(), Rect::new(3, 0, 20, 3), &mut buf, &look);
        assert_eq!(inner, Rect::new(5, 1, 16, 1));
        assert_eq!(buf.cell((0, 1)).unwrap().symbol(), "日");
        assert_eq!(buf.cell((2, 1)).unwrap().symbol(), " ");
    }
}
