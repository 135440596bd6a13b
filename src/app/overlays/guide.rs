//! "What do you want to do?": the ways of working with a database, the one that fits how it is now
//! first. Choosing one begins it.

use ratatui::layout::Rect;

use crate::app::command::CommandId;
use crate::app::commands;
use crate::app::effect::Effect;
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::model::{Link, Model};
use crate::app::overlays::Next;
use crate::app::overlays::place::{Scroll, centred, inside, line_at, narrow};
use crate::app::update::screen;
use crate::config::Protection;
use crate::ops::migrations_desk::State as Standing;

/// One way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What somebody wants.
    pub wish: String,
    /// What it does, or why it fits now.
    pub detail: String,
    /// Whether it is what fits now.
    pub fits: bool,
    begins: CommandId,
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
        commands::run(model, way.begins, effects);
        Next::Close
    }
}

fn way(wish: &str, detail: &str, fits: bool, begins: CommandId) -> Way {
    Way { wish: wish.to_owned(), detail: detail.to_owned(), fits, begins }
}

fn ways(state: &State) -> Vec<Way> {
    let mut all: Vec<Way> = to_begin(state).into();
    all.extend(to_change(state));
    all.extend(to_look(state));
    all.extend(to_fill(state));
    all
}

fn to_begin(state: &State) -> [Way; 3] {
    let waiting = match state.pending {
        0 => "None waits as far as is known".to_owned(),
        1 => "1 waits: look at it, rehearse it, apply it".to_owned(),
        many => format!("{many} wait: look at them, rehearse them, apply them"),
    };
    [
        way(
            "Something is broken",
            "The status; dbstudio doctor finds out why, step by step",
            state.lost || state.unsettled,
            CommandId::StatusView,
        ),
        way(
            "Set the database up for the first time",
            "Writes a migration, applies it, shows the status",
            state.empty && !state.lost && state.pending == 0,
            CommandId::SetUp,
        ),
        way(
            "Apply migrations",
            &waiting,
            state.pending > 0 && !state.lost,
            CommandId::MigrationsView,
        ),
    ]
}

fn to_change(state: &State) -> Vec<Way> {
    let mut all = vec![way(
        "I changed the schema: write a migration",
        "What the schema has and the migrations have not, reviewed",
        false,
        CommandId::Generate,
    )];
    if state.protection == Protection::Development {
        all.push(way(
            "I changed the schema: try it at once",
            "Makes this database match the schema, no migration",
            false,
            CommandId::Push,
        ));
    }
    all
}

fn to_look(state: &State) -> [Way; 3] {
    [
        way(
            "Check the database",
            "Connection, tables, sizes, sessions, locks, indexes",
            false,
            CommandId::StatusView,
        ),
        way(
            "Browse rows",
            "The tree at the left, enter opens a table",
            !state.empty && state.pending == 0 && !state.lost && !state.unsettled,
            CommandId::DataView,
        ),
        way(
            "See what differs from the schema",
            "The SQL that a push would run, with its hazards",
            false,
            CommandId::Compare,
        ),
    ]
}

fn to_fill(state: &State) -> Vec<Way> {
    let is_production = state.protection == Protection::Production;
    let mut all = Vec::new();
    if !is_production {
        all.push(way(
            "Add sample data",
            "The project's seeds; what goes where is shown first",
            false,
            CommandId::Seed,
        ));
        all.push(way(
            "Make sample rows",
            "From the schema alone; checks and foreign keys hold",
            false,
            CommandId::SeedRows,
        ));
    }
    all.push(way("Make a backup", "Verified before it counts", false, CommandId::Backup));
    all.push(way(
        "Bring a backup back",
        "Into a new database first, swapped only when whole",
        false,
        CommandId::Backups,
    ));
    let afresh = match is_production {
        true => "Refused on production: it says why, and what to do",
        false => "Drops everything, sets it up, seeds it; look at it first",
    };
    all.push(way("Start afresh", afresh, false, CommandId::Fresh));
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
        assert!(!all.iter().any(|wish| wish.contains("sample") || wish.contains("at once")));
        assert!(all.iter().any(|wish| wish.contains("afresh")), "it says why it is refused");
    }
}
