//! A scrollbar: a thin thumb on a pane's right border.
//!
//! It takes fractions, since nobody counts the rows of a large table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::line;

/// The rows of the thumb, from the first and including it, to the last and excluding it, on a
/// bar of `height` rows. `from` and `to` say which part of the whole is in view, 0 to 1.
/// `None` when everything is in view. The thumb touches an end only when the view does.
pub fn thumb(height: u16, from: f64, to: f64) -> Option<(u16, u16)> {
    let (from, to) = (from.clamp(0.0, 1.0), to.clamp(0.0, 1.0));
    if height == 0 || from.is_nan() || to.is_nan() || from >= to {
        return None;
    }
    if from <= 0.0 && to >= 1.0 {
        return None;
    }
    let rows = f64::from(height);
    let long = (((to - from) * rows).round()).clamp(1.0, (rows - 1.0).max(1.0)) as u16;
    let free = height - long;
    let place = from / (1.0 - (to - from)).max(f64::EPSILON);
    let mut first = ((place * f64::from(free)).round() as u16).min(free);
    if free > 1 {
        if from > 0.0 {
            first = first.max(1);
        }
        if to < 1.0 {
            first = first.min(free - 1);
        }
    }
    Some((first, first + long))
}

/// Draws the thumb on the right border of the frame around `area`, between its corners.
pub fn draw(area: Rect, from: f64, to: f64, buf: &mut Buffer, look: &Look) {
    if area.width == 0 {
        return;
    }
    let height = area.height.saturating_sub(2);
    let Some((first, end)) = thumb(height, from, to) else { return };
    let style = look.style(Role::ScrollbarThumb);
    for row in first..end {
        let at = (area.right() - 1, area.y.saturating_add(1).saturating_add(row));
        line::put(buf, at, 1, look.glyphs.thumb, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumb_touches_an_end_only_when_the_view_does() {
        assert_eq!(thumb(10, 0.0, 1.0), None);
        assert_eq!(thumb(10, 0.0, 0.5), Some((0, 5)));
        assert_eq!(thumb(10, 0.5, 1.0), Some((5, 10)));
        assert_eq!(thumb(10, 0.000_001, 0.000_002), Some((1, 2)));
        assert_eq!(thumb(10, 0.999_998, 0.999_999), Some((8, 9)));
        assert_eq!(thumb(0, 0.0, 0.5), None);
        assert_eq!(thumb(10, f64::NAN, 0.5), None);
        for height in 1..40 {
            for part in 0..100 {
                let from = f64::from(part) / 100.0;
                if let Some((first, end)) = thumb(height, from, from + 0.013) {
                    assert!(first < end && end <= height, "{height} {from}");
                }
            }
        }
    }
}
