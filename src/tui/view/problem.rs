//! A problem on the screen: what to do first, then what happened and why, in sentences.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::problem::Problem;
use crate::text;
use crate::tui::look::Look;
use crate::tui::theme::Role;
use crate::tui::widgets::line;

/// Draws a problem in the middle of an area; returns the line below it.
pub fn draw(problem: &Problem, area: Rect, buf: &mut Buffer, look: &Look) -> u16 {
    let width = area.width.saturating_sub(4).min(76);
    let mut lines: Vec<(Role, String)> = Vec::new();
    let mut add = |role: Role, words: &str| {
        for part in words.lines() {
            lines.extend(wrapped(part, usize::from(width)).into_iter().map(|text| (role, text)));
        }
    };
    add(Role::Danger, &problem.what);
    add(Role::Ground, " ");
    if !problem.fix.is_empty() {
        add(Role::Strong, &text::capital(&problem.fix));
        add(Role::Ground, " ");
    }
    add(Role::Muted, &problem.why);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
    let x = area.x + (area.width - width) / 2;
    let mut y = area.y + (area.height - height) * 2 / 5;
    for (role, text) in lines.into_iter().take(usize::from(height)) {
        line::write(buf, (x, y), width, &text, look.style(role), look);
        y += 1;
    }
    y
}

/// The words of one line in lines of at most `cells` cells; a word longer than a line is cut.
pub fn wrapped(words: &str, cells: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words.split(' ') {
        let mut word = word;
        let taken = text::width(&text::visible(&line, false));
        let gap = usize::from(!line.is_empty());
        if !line.is_empty() && taken + gap + text::width(&text::visible(word, false)) > cells {
            lines.push(std::mem::take(&mut line));
        }
        while line.is_empty() && text::width(word) > cells.max(2) {
            let (start, _) = text::fit(word, cells.max(2));
            lines.push(start.to_owned());
            word = word.get(start.len()..).unwrap_or("");
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
