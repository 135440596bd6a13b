//! How everything looks: the theme and the signs, chosen once at the start.
//!
//! It reads the settings and the variables it is given, and touches neither afterwards.

use ratatui::style::Style;

use crate::config::Interface;
use crate::problem::Result;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::{Depth, Role, Theme};

/// The theme and the signs.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// How each role looks.
    pub theme: Theme,
    /// The signs to draw with.
    pub glyphs: Glyphs,
}

impl Look {
    /// What the settings ask for, and where they ask for nothing what the terminal's
    /// variables suggest.
    ///
    /// # Errors
    /// A usage problem when the settings name a theme that does not exist.
    pub fn choose(
        interface: &Interface,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let name = interface.theme.as_deref();
        let name = name.unwrap_or_else(|| Theme::guess(&variable));
        let theme = Theme::load(name, Depth::detect(&variable))?;
        Ok(Self { theme, glyphs: Glyphs::choose(interface.ascii, &variable) })
    }

    /// How the role looks.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }
}
