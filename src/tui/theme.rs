//! The one place where colours are named: every other drawing says a role.
//!
//! A theme gives each [`Role`] a style. The themes are files compiled into the binary, each
//! role with a true colour and a twin for terminals of sixteen; what the terminal can show
//! and which theme fits it is read from the environment. Nothing here draws.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::problem::{Problem, Result};

macro_rules! roles {
    ($($(#[doc = $doc:literal])* $role:ident = $word:literal,)*) => {
        /// What a piece of the screen is; the theme decides how that looks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Role { $($(#[doc = $doc])* $role,)* }

        impl Role {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$role,)*];

            /// The role's name in a theme file.
            pub fn word(self) -> &'static str {
                match self { $(Self::$role => $word,)* }
            }
        }
    };
}

roles! {
    /// The whole screen, before anything is drawn.
    Ground = "ground",
    /// Ordinary words and values.
    Text = "text",
    /// Words that name what is being looked at.
    Strong = "strong",
    /// Words beside the point.
    Muted = "muted",
    /// What was there before, while something newer is being read.
    Stale = "stale",
    /// The one accent.
    Accent = "accent",
    /// Words on a ground of the accent.
    AccentText = "accent_text",
    /// What destroys, failed, or is production.
    Danger = "danger",
    /// Words on a ground of danger.
    DangerText = "danger_text",
    /// What needs care.
    Warning = "warning",
    /// Words on a ground of warning.
    WarningText = "warning_text",
    /// What succeeded.
    Good = "good",
    /// What is worth knowing.
    Information = "information",
    /// Lines around panes.
    Border = "border",
    /// Lines around the pane that gets the keys.
    BorderFocused = "border_focused",
    /// Lines around anything of production.
    BorderDanger = "border_danger",
    /// A pane's title.
    Title = "title",
    /// The title of the pane that gets the keys.
    TitleFocused = "title_focused",
    /// The count at the right of a title.
    Count = "count",
    /// The line a scrollbar's thumb moves on.
    Scrollbar = "scrollbar",
    /// The scrollbar's thumb.
    ScrollbarThumb = "scrollbar_thumb",
    /// The name of a view that is not shown.
    Tab = "tab",
    /// The name of the view that is.
    TabActive = "tab_active",
    /// A key in a hint.
    HintKey = "hint_key",
    /// What the key does.
    HintLabel = "hint_label",
    /// The ground of a dialog.
    Dialog = "dialog",
    /// Everything behind a dialog.
    Backdrop = "backdrop",
    /// A field to type in.
    Field = "field",
    /// The character under a field's cursor.
    FieldCursor = "field_cursor",
    /// What an empty field says.
    Placeholder = "placeholder",
    /// The row under the cursor.
    Selection = "selection",
    /// The row under the cursor of a pane that does not get the keys.
    SelectionAway = "selection_away",
    /// The cell under the cursor.
    Cursor = "cursor",
    /// Rows marked by hand.
    Marked = "marked",
    /// A grid's header.
    Header = "header",
    /// The header of a column the rows are sorted by.
    HeaderSorted = "header_sorted",
    /// The sign of a key column.
    KeyMark = "key_mark",
    /// The sign of a foreign key.
    LinkMark = "link_mark",
    /// A heading within a list.
    Group = "group",
    /// NULL.
    Null = "null",
    /// A value that is hidden.
    Masked = "masked",
    /// A value that was changed and not yet applied.
    Changed = "changed",
    /// A row that was added and not yet applied.
    Added = "added",
    /// A row that is to be deleted.
    Deleted = "deleted",
    /// Text that was searched for.
    Match = "match",
    /// The one of those the cursor is on.
    MatchCurrent = "match_current",
    /// Text in quotes.
    String = "string",
    /// A number.
    Number = "number",
    /// A word of SQL.
    Keyword = "keyword",
    /// A comment.
    Comment = "comment",
    /// A name in SQL.
    Identifier = "identifier",
    /// The name of a member of a JSON object.
    JsonKey = "json_key",
    /// Braces, brackets, colons and commas of JSON.
    JsonPunctuation = "json_punctuation",
}

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// None: bold, dim, reverse and underline only.
    None,
    /// The sixteen every terminal has.
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// Any.
    True,
}

impl Depth {
    /// Reads it from the environment: `NO_COLOR` set to anything means none, `COLORTERM` and
    /// `TERM` say what the terminal can do.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let holds = |name: &str| variable(name).unwrap_or_default();
        if !holds("NO_COLOR").is_empty() {
            return Self::None;
        }
        let term = holds("TERM");
        match holds("COLORTERM").as_str() {
            "truecolor" | "24bit" => Self::True,
            _ if term.ends_with("-direct") => Self::True,
            _ if term.contains("256color") => Self::Indexed,
            _ if term.starts_with("vt1") || term.starts_with("vt2") => Self::None,
            _ => Self::Sixteen,
        }
    }
}

/// The themes, by name.
const FILES: [(&str, &str); 4] = [
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.toml")),
    ("none", include_str!("../../assets/themes/none.toml")),
];

/// A style for every role.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    name: &'static str,
    styles: Vec<Style>,
}

/// One role as a theme file writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Spec {
    fg: Option<String>,
    bg: Option<String>,
    fg16: Option<String>,
    bg16: Option<String>,
    modifiers: Vec<String>,
    modifiers16: Option<Vec<String>>,
}

impl Theme {
    /// The names a person may choose from.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// The theme of that name, in the colours the terminal has. Without colours it is always
    /// `none`, whatever was asked for.
    ///
    /// # Errors
    /// A usage problem when no theme has that name.
    pub fn load(name: &str, depth: Depth) -> Result<Self> {
        let asked = if depth == Depth::None { "none" } else { name };
        let Some((name, file)) = FILES.iter().find(|(known, _)| *known == asked) else {
            let known: Vec<&str> = Self::names().collect();
            return Err(Problem::usage(
                format!("There is no theme called `{asked}`"),
                format!("the themes are {}", known.join(", ")),
                "set `theme` in your settings to one of those, or take the line out",
            ));
        };
        let specs: BTreeMap<String, Spec> = toml::from_str(file).map_err(|error| {
            Problem::failed(
                format!("The theme `{name}` cannot be read"),
                error.to_string(),
                "choose another theme in your settings, and report this",
            )
        })?;
        let styles = Role::ALL
            .iter()
            .map(|role| specs.get(role.word()).map_or_else(Style::new, |spec| spec.style(depth)))
            .collect();
        Ok(Self { name, styles })
    }

    /// The theme that fits the terminal: light when `COLORFGBG` (set by rxvt, Konsole and
    /// others as `foreground;background`) says that its ground is light, else dark.
    pub fn guess(variable: impl Fn(&str) -> Option<String>) -> &'static str {
        let colours = variable("COLORFGBG").unwrap_or_default();
        match colours.rsplit(';').next().and_then(|ground| ground.parse::<u8>().ok()) {
            Some(7 | 9..=15) => "light",
            _ => "dark",
        }
    }

    /// The theme's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How the role looks. A style that leaves a colour out keeps the one under it.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }
}

impl Spec {
    fn style(&self, depth: Depth) -> Style {
        let (fg, bg, modifiers) = match depth {
            Depth::None => (None, None, &self.modifiers),
            Depth::Sixteen => (
                self.fg16.as_deref().and_then(basic),
                self.bg16.as_deref().and_then(basic),
                self.modifiers16.as_ref().unwrap_or(&self.modifiers),
            ),
            Depth::Indexed | Depth::True => {
                let colour = |text: &Option<String>| {
                    let (red, green, blue) = rgb(text.as_deref()?)?;
                    Some(match depth {
                        Depth::True => Color::Rgb(red, green, blue),
                        _ => Color::Indexed(nearest(red, green, blue)),
                    })
                };
                (colour(&self.fg), colour(&self.bg), &self.modifiers)
            }
        };
        let modifiers = modifiers.iter().filter_map(|word| modifier(word));
        Style { fg, bg, ..Style::new() }.add_modifier(modifiers.collect())
    }
}

fn modifier(word: &str) -> Option<Modifier> {
    Some(match word {
        "bold" => Modifier::BOLD,
        "dim" => Modifier::DIM,
        "italic" => Modifier::ITALIC,
        "underline" => Modifier::UNDERLINED,
        "reverse" => Modifier::REVERSED,
        "strike" => Modifier::CROSSED_OUT,
        _ => return None,
    })
}

fn basic(word: &str) -> Option<Color> {
    Some(match word {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return None,
    })
}

fn rgb(text: &str) -> Option<(u8, u8, u8)> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some((part(0)?, part(2)?, part(4)?))
}

/// The steps of xterm's cube of 216 colours.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The closest of xterm's cube (16 to 231) and ramp of greys (232 to 255). The first sixteen
/// are left out: every terminal paints those as it likes.
fn nearest(red: u8, green: u8, blue: u8) -> u8 {
    let apart = |left: u8, right: u8| i32::from(left).abs_diff(i32::from(right)).pow(2);
    let distance = |r: u8, g: u8, b: u8| apart(red, r) + apart(green, g) + apart(blue, b);
    let step = |value: u8| {
        let steps = (0_u8..).zip(STEPS);
        steps.min_by_key(|(_, step)| apart(value, *step)).unwrap_or((0, 0))
    };
    let ((r, red_step), (g, green_step), (b, blue_step)) = (step(red), step(green), step(blue));
    let cube = (distance(red_step, green_step, blue_step), 16 + 36 * r + 6 * g + b);
    let greys = (0..24_u8).map(|at| (distance(8 + 10 * at, 8 + 10 * at, 8 + 10 * at), 232 + at));
    greys.fold(cube, |best, grey| if grey.0 < best.0 { grey } else { best }).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(color: Option<Color>) -> Option<(u8, u8, u8)> {
        match color? {
            Color::Rgb(red, green, blue) => Some((red, green, blue)),
            other => panic!("{other:?} is no true colour"),
        }
    }

    /// WCAG 2.1, "contrast ratio" and "relative luminance".
    fn contrast(one: (u8, u8, u8), other: (u8, u8, u8)) -> f64 {
        let luminance = |(red, green, blue): (u8, u8, u8)| {
            let linear = |value: u8| {
                let value = f64::from(value) / 255.0;
                if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    const DRAWN: [Role; 5] =
        [Role::Border, Role::Backdrop, Role::Scrollbar, Role::ScrollbarThumb, Role::BorderFocused];
    const GROUNDS: [Role; 5] =
        [Role::Ground, Role::Dialog, Role::Selection, Role::SelectionAway, Role::Marked];

    #[test]
    fn every_theme_sets_every_role_and_nothing_else() {
        for (name, file) in FILES {
            let specs: BTreeMap<String, Spec> = toml::from_str(file).unwrap();
            for role in Role::ALL {
                assert!(specs.contains_key(role.word()), "{name} leaves out {}", role.word());
            }
            for (word, spec) in specs {
                assert!(Role::ALL.iter().any(|role| role.word() == word), "{name}: {word}");
                for text in [&spec.fg, &spec.bg].into_iter().flatten() {
                    assert!(rgb(text).is_some(), "{name}: {word}: {text}");
                }
                for text in [&spec.fg16, &spec.bg16].into_iter().flatten() {
                    assert!(basic(text).is_some(), "{name}: {word}: {text}");
                }
                for text in spec.modifiers.iter().chain(spec.modifiers16.iter().flatten()) {
                    assert!(modifier(text).is_some(), "{name}: {word}: {text}");
                }
                let coloured = spec.fg.is_some() || spec.bg.is_some();
                assert_eq!(coloured, name != "none", "{name}: {word}");
            }
        }
    }

    #[test]
    fn text_stands_out_from_every_ground_it_may_lie_on() {
        for (name, least) in [("dark", 4.5), ("light", 4.5), ("high-contrast", 7.0)] {
            let theme = Theme::load(name, Depth::True).unwrap();
            for role in Role::ALL.iter().filter(|role| !DRAWN.contains(role)) {
                let style = theme.style(*role);
                let Some(fg) = colour(style.fg) else { continue };
                let grounds: Vec<_> = match colour(style.bg) {
                    Some(bg) => vec![bg],
                    // What was there before is never lit.
                    None if *role == Role::Stale => {
                        vec![colour(theme.style(Role::Ground).bg).unwrap()]
                    }
                    None => {
                        GROUNDS.iter().filter_map(|role| colour(theme.style(*role).bg)).collect()
                    }
                };
                for bg in grounds {
                    let found = contrast(fg, bg);
                    assert!(found >= least, "{name}: {} on {bg:?} is {found:.2}", role.word());
                }
            }
            let focused = colour(theme.style(Role::BorderFocused).fg).unwrap();
            let ground = colour(theme.style(Role::Ground).bg).unwrap();
            assert!(contrast(focused, ground) >= 3.0);
        }
    }

    #[test]
    fn sixteen_colours_and_none_keep_what_matters_apart() {
        for (name, depth) in [
            ("dark", Depth::Sixteen),
            ("light", Depth::Sixteen),
            ("high-contrast", Depth::Sixteen),
            ("dark", Depth::None),
        ] {
            let theme = Theme::load(name, depth).unwrap();
            let apart = [Role::Text, Role::Muted, Role::Accent, Role::Danger, Role::Cursor];
            for (at, one) in apart.iter().enumerate() {
                for other in apart.iter().skip(at + 1) {
                    assert_ne!(theme.style(*one), theme.style(*other), "{name}: {one:?} {other:?}");
                }
            }
            let coloured = |style: Style| style.fg.is_some() || style.bg.is_some();
            let any = Role::ALL.iter().any(|role| coloured(theme.style(*role)));
            assert_eq!(any, depth != Depth::None);
        }
    }

    #[test]
    fn the_environment_says_what_the_terminal_shows() {
        let depth = |pairs: &[(&str, &str)]| {
            Depth::detect(|name| {
                pairs.iter().find(|(known, _)| *known == name).map(|(_, held)| (*held).to_owned())
            })
        };
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "tmux-256color")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "linux")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Depth::None);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]), Depth::Indexed);
        let guess = |held: &str| Theme::guess(|_| Some(held.to_owned()));
        assert_eq!(
            (guess("0;15"), guess("15;0"), guess("0;default;15")),
            ("light", "dark", "light")
        );
        assert_eq!(Theme::guess(|_| None), "dark");
    }

    #[test]
    fn the_closest_of_256_is_found() {
        assert_eq!(nearest(0, 0, 0), 16);
        assert_eq!(nearest(255, 255, 255), 231);
        assert_eq!(nearest(0x15, 0x18, 0x1e), 234);
        assert_eq!(nearest(95, 135, 175), 67);
    }

    #[test]
    fn an_unknown_theme_is_refused_with_the_known_ones() {
        let problem = Theme::load("drak", Depth::True).unwrap_err();
        assert_eq!(problem.exit_code(), 2);
        assert!(problem.why.contains("high-contrast"));
    }
}
