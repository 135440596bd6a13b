//! From keys to commands: the table's defaults under what the config says.
//!
//! A binding is a chord: one key, or several one after the other. Nothing here acts on a
//! command, and letters are looked up only where no field takes them.

use std::collections::BTreeMap;

use crate::app::command::{COMMANDS, CommandId, Scope, named};
use crate::app::key::{Code, Key};
use crate::problem::{Problem, Result};

/// The keys in force.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

#[derive(Debug, Clone)]
struct Binding {
    row: usize,
    chord: Vec<Key>,
}

/// What a chord, as far as it was typed, comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// A command.
    Command(CommandId),
    /// The beginning of a chord.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Keys a terminal cannot tell from others: Ctrl+m is Enter, Ctrl+i Tab, Ctrl+h Backspace,
/// Ctrl+[ Escape.
const AMBIGUOUS: [char; 4] = ['m', 'i', 'h', '['];

impl Keymap {
    /// The defaults, with what the config's `[keys]` says instead.
    ///
    /// # Errors
    /// A command that does not exist, a key that cannot be read, or one a terminal cannot
    /// tell from another.
    pub fn new(configured: &BTreeMap<String, Vec<String>>) -> Result<Self> {
        for (name, chords) in configured {
            if named(name).is_none() {
                return Err(unknown_command(name));
            }
            for chord in chords {
                parse_chord(chord).map_err(|why| bad_key(name, chord, &why))?;
            }
        }
        let mut bindings = Vec::new();
        for (row, command) in COMMANDS.iter().enumerate() {
            let chords: Vec<&str> = match configured.get(command.name) {
                Some(chords) => chords.iter().map(String::as_str).collect(),
                None => command.keys.to_vec(),
            };
            for chord in chords {
                let chord = parse_chord(chord).map_err(|why| bad_key(command.name, chord, &why))?;
                bindings.push(Binding { row, chord });
            }
        }
        Ok(Self { bindings })
    }

    /// The defaults alone.
    pub fn defaults() -> Self {
        // The table's own keys are all readable; a test holds that.
        Self::new(&BTreeMap::new()).unwrap_or(Self { bindings: Vec::new() })
    }

    /// What the keys typed so far mean where these scopes apply, the first scope first.
    pub fn look_up(&self, typed: &[Key], scopes: &[Scope]) -> Lookup {
        for scope in scopes {
            let here = |binding: &&Binding| {
                COMMANDS.get(binding.row).is_some_and(|command| command.scope == *scope)
            };
            let mut prefix = false;
            for binding in self.bindings.iter().filter(here) {
                if binding.chord == typed
                    && let Some(command) = COMMANDS.get(binding.row)
                {
                    return Lookup::Command(command.id);
                }
                prefix |= binding.chord.starts_with(typed);
            }
            if prefix {
                return Lookup::Prefix;
            }
        }
        Lookup::Nothing
    }

    /// The keys of one row of the table, as text; empty when the config took them all away.
    pub fn keys_of(&self, row: usize) -> Vec<String> {
        let mine = self.bindings.iter().filter(|binding| binding.row == row);
        mine.map(|binding| chord_text(&binding.chord)).collect()
    }

    /// The first key of a command in a scope, as text.
    pub fn key_of(&self, id: CommandId) -> Option<String> {
        let row = COMMANDS.iter().position(|command| command.id == id)?;
        self.keys_of(row).into_iter().next()
    }
}

fn chord_text(chord: &[Key]) -> String {
    let mut text = String::new();
    for (at, key) in chord.iter().enumerate() {
        let shown = key.to_string();
        // `y c` reads better as `yc`; words keep their distance.
        if at > 0 && (shown.chars().count() > 1 || text.chars().count() > 1) {
            text.push(' ');
        }
        text.push_str(&shown);
    }
    text
}

fn parse_chord(text: &str) -> std::result::Result<Vec<Key>, String> {
    let mut chord = Vec::new();
    for part in text.split_whitespace() {
        let key = Key::parse(part).ok_or_else(|| format!("`{part}` names no key"))?;
        if key.ctrl && AMBIGUOUS.iter().any(|character| key.code == Code::Char(*character)) {
            return Err(format!("a terminal cannot tell `{part}` from another key"));
        }
        chord.push(key);
    }
    if chord.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(chord)
}

fn unknown_command(name: &str) -> Problem {
    let nearest = COMMANDS
        .iter()
        .map(|command| (strsim::damerau_levenshtein(command.name, name), command.name))
        .min();
    let fix = match nearest {
        Some((distance, near)) if distance <= 3 => format!("did you mean `{near}`?"),
        _ => "press ? in the studio for the list of commands".to_owned(),
    };
    Problem::usage(format!("[keys] names a command that does not exist: `{name}`"), "", fix)
}

fn bad_key(name: &str, chord: &str, why: &str) -> Problem {
    Problem::usage(
        format!("[keys] {name} has a key that cannot be used: `{chord}`"),
        why,
        "write keys as in `ctrl+p`, `G`, `f5`, `pgdn`, `space`; a chord as in `g g`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Key> {
        text.split(' ').filter_map(Key::parse).collect()
    }

    #[test]
    fn the_defaults_are_valid_and_never_ambiguous() {
        let map = Keymap::new(&BTreeMap::new());
        assert!(map.is_ok(), "{map:?}");
        use Scope as S;
        for scope in
            [S::Everywhere, S::Moving, S::Tree, S::Grid, S::Schema, S::Migrations, S::Status]
        {
            let mut seen = Vec::new();
            for command in COMMANDS.iter().filter(|command| command.scope == scope) {
                for key in command.keys {
                    assert!(!seen.contains(key), "{key} is bound twice in {scope:?}");
                    seen.push(*key);
                }
            }
        }
    }

    #[test]
    fn chords_are_found_key_by_key() -> Result<()> {
        let map = Keymap::new(&BTreeMap::new())?;
        let scopes = [Scope::Grid, Scope::Moving];
        assert_eq!(map.look_up(&keys("g"), &scopes), Lookup::Prefix);
        assert_eq!(map.look_up(&keys("g g"), &scopes), Lookup::Command(CommandId::First));
        assert_eq!(map.look_up(&keys("g x"), &scopes), Lookup::Nothing);
        Ok(())
    }

    #[test]
    fn the_config_replaces_keys_and_its_mistakes_are_named() -> Result<()> {
        let bind =
            |name: &str, key: &str| BTreeMap::from([(name.to_owned(), vec![key.to_owned()])]);
        let map = Keymap::new(&bind("sort", "ctrl+s"))?;
        assert_eq!(map.key_of(CommandId::Sort).as_deref(), Some("ctrl+s"));
        assert_eq!(map.look_up(&keys("s"), &[Scope::Grid]), Lookup::Nothing);
        let wrong = Keymap::new(&bind("sotr", "s")).map(|_| ());
        assert!(wrong.is_err_and(|problem| problem.fix.contains("`sort`")));
        let enter = Keymap::new(&bind("sort", "ctrl+m")).map(|_| ());
        assert!(enter.is_err_and(|problem| problem.why.contains("cannot tell")));
        Ok(())
    }
}
