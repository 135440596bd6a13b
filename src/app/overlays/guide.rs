//! "What do you want to do?": the ways of working with a database, the one that fits how it is now
//! first. Choosing one begins it; what only the command line has is copied as a command.

use ratatui::layout::Rect;

use crate::app::command::CommandId;
use crate::app::commands;
use crate::app::effect::Effect;
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::model::{Link, Model, Tone};
use crate::app::overlays::Next;
use crate::app::overlays::place::{Scroll, centred, inside, line_at, narrow};
use crate::app::update::screen;
use crate::config::Protection;
use crate::ops::migrations_desk::State as Standing;

/// What choosing begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    /// Commands of the studio, one after the other.
    Commands(&'static [CommandId]),
    /// A command of the shell, which is copied.
    Shell(&'static str),
}

/// One way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What somebody wants.
    pub wish: String,
    /// What it does, or why it fits now.
    pub detail: String,
    /// Whether it is what fits now.
    pub fits: bool,
    begins: Begins,
}

/// The list of ways.
#[derive(Debug)]
pub struct Guide {
    /// The ways, what fits first.
    pub ways: Vec<Way>,
    /// The cursor.
    pub list: Scroll,
}

/// How the database is, as far as it matters here.
struct State {
    lost: bool,
    empty: bool,
    pending: usize,
    unsettled: bool,
    protection: Protection,
}

impl State {
    fn of(model: &Model) -> Self {
        let standing = model.migrations.standing.as_ref();
        let all = standing.map(|standing| standing.entries.as_slice()).unwrap_or_default();
        let is_settled = |state: &Standing| *state == Standing::Applied || state.is_pending();
        Self {
            lost: matches!(model.link, Link::Lost(_)),
            empty: model.tree.relation_count() == 0,
            pending: standing.map_or(0, |standing| standing.pending().count()),
            unsettled: all.iter().any(|entry| !is_settled(&entry.state)),
            protection: model.target.as_ref().map_or(Protection::Production, |it| it.protection),
        }
    }
}

impl Guide {
    /// The ways from here.
    pub fn new(model: &Model) -> Self {
        let mut ways = ways(&State::of(model));
        ways.sort_by_key(|way| !way.fits);
        Self { ways, list: Scroll::default() }
    }

    /// Where it stands. Each way has two lines.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let lines = u16::try_from(self.ways.len() * 2).unwrap_or(u16::MAX);
        let height = lines.saturating_add(2).min(screen.height.saturating_sub(4));
        centred(screen, narrow(screen, 64), height)
    }

    /// The ways that fit the screen.
    pub fn height(&self, model: &Model) -> usize {
        (usize::from(inside(self.area(model)).height) / 2).max(1)
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let height = self.height(model);
        let step = match key.code {
            Code::Esc | Code::Char('q' | 'W') => return Next::Close,
            Code::Char('c') if key.ctrl => return Next::Close,
            Code::Enter => return self.begin(model, effects),
            Code::Up | Code::Char('k') => -1,
            Code::Down | Code::Char('j') => 1,
            Code::Home | Code::Char('g') => isize::MIN,
            Code::End | Code::Char('G') => isize::MAX,
            _ => 0,
        };
        self.list.by(step, self.ways.len(), height);
        Next::Stay
    }

    /// Takes the mouse: a click begins, a click outside closes.
    pub fn mouse(&mut self, mouse: Mouse, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let (height, area) = (self.height(model), self.area(model));
        match mouse.action {
            MouseAction::WheelUp => self.list.wheel(-1, self.ways.len(), height),
            MouseAction::WheelDown => self.list.wheel(1, self.ways.len(), height),
            MouseAction::Press => {
                let Some(line) = line_at(inside(area), mouse) else {
                    let within = line_at(area, mouse).is_some();
                    return if within { Next::Stay } else { Next::Close };
                };
                let way = self.list.top + line / 2;
                if way < self.ways.len() {
                    self.list.cursor = way;
                    return self.begin(model, effects);
                }
            }
            _ => {}
        }
        Next::Stay
    }

    fn begin(&self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let Some(way) = self.ways.get(self.list.cursor) else { return Next::Stay };
        match way.begins {
            Begins::Commands(ids) => {
                for id in ids {
                    commands::run(model, *id, effects);
                }
            }
            Begins::Shell(command) => {
                effects.push(Effect::Copy(command.to_owned()));
                model.notify(Tone::Good, format!("Copied, for the command line: {command}"));
            }
        }
        Next::Close
    }
}

fn ways(state: &State) -> Vec<Way> {
    use Begins::{Commands, Shell};
    use CommandId as C;
    let is_development = state.protection == Protection::Development;
    let way = |wish: &str, detail: &str, fits: bool, begins: Begins| Way {
        wish: wish.to_owned(),
        detail: detail.to_owned(),
        fits,
        begins,
    };
    let waiting = match state.pending {
        0 => "None waits as far as is known".to_owned(),
        1 => "1 waits: look at it, rehearse it, apply it".to_owned(),
        many => format!("{many} wait: look at them, rehearse them, apply them"),
    };
    let is_first = state.empty && !state.lost;
    let mut all = vec![
        way(
            "Something is broken",
            "See how the database is doing; dbstudio doctor finds out why, step by step",
            state.lost || state.unsettled,
            Commands(&[C::StatusView]),
        ),
        way(
            "Set the database up for the first time",
            "Writes what the schema has as a migration, applies it, shows the status",
            is_first && state.pending == 0,
            Shell("dbstudio setup"),
        ),
        way(
            "Apply migrations",
            &waiting,
            state.pending > 0 && !state.lost,
            Commands(&[C::MigrationsView]),
        ),
        way(
            "I changed the schema: write a migration",
            "The difference between the schema and the migrations, up and down, reviewed first",
            false,
            Commands(&[C::Generate]),
        ),
    ];
    if is_development {
        all.push(way(
            "I changed the schema: try it at once",
            "Makes this database match the schema, without a migration; development only",
            false,
            Commands(&[C::Push]),
        ));
    }
    all.extend([
        way(
            "Check the database",
            "Connection, tables, sizes, sessions, locks, indexes",
            false,
            Commands(&[C::StatusView]),
        ),
        way(
            "Browse rows",
            "The tree at the left, enter opens a table",
            !state.empty && state.pending == 0 && !state.lost && !state.unsettled,
            Commands(&[C::DataView]),
        ),
        way(
            "See what differs from the schema",
            "The SQL that a push would run, with its hazards",
            false,
            Commands(&[C::Compare]),
        ),
    ]);
    if state.protection != Protection::Production {
        all.extend([
            way(
                "Add sample data",
                "The project's seeds, or rows made from the schema (--generate)",
                false,
                Shell("dbstudio seed"),
            ),
            way(
                "Start afresh",
                "Drops everything, sets it up again and seeds it; look at the data first",
                false,
                Shell("dbstudio fresh"),
            ),
        ]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(state: &State) -> Vec<String> {
        ways(state).into_iter().filter(|way| way.fits).map(|way| way.wish).collect()
    }

    #[test]
    fn what_fits_is_told_by_how_the_database_is() {
        let calm = State {
            lost: false,
            empty: false,
            pending: 0,
            unsettled: false,
            protection: Protection::Development,
        };
        assert_eq!(first(&calm), ["Browse rows"]);
        assert_eq!(
            first(&State { empty: true, ..calm }),
            ["Set the database up for the first time"]
        );
        assert_eq!(first(&State { pending: 2, ..calm }), ["Apply migrations"]);
        assert_eq!(first(&State { lost: true, empty: true, ..calm }), ["Something is broken"]);
        let production = State { protection: Protection::Production, ..calm };
        let all: Vec<String> = ways(&production).into_iter().map(|way| way.wish).collect();
        assert!(!all.iter().any(|wish| wish.contains("afresh") || wish.contains("at once")));
    }
}
