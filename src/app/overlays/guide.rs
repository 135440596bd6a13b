//! "What do you want to do?": the ways of working with a database, the one that fits how it is now
//! first. Choosing one begins it.

use ratatui::layout::Rect;

use crate::app::command::CommandId;
use crate::app::commands;
use crate::app::effect::{Effect, Slot};
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::migrations;
use crate::app::model::{Link, Model};
use crate::app::overlays::place::{Scroll, centred, inside, line_at, narrow};
use crate::app::overlays::{Next, Overlay};
use crate::app::update::screen;
use crate::config::Protection;
use crate::ops::difference::Difference;
use crate::ops::migrations_desk::State as Standing;
use crate::ops::session::Request;

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
#[derive(Debug, Clone)]
struct State {
    lost: bool,
    empty: bool,
    pending: usize,
    unsettled: bool,
    /// How the database differs from what its migrations give.
    drifted: Vec<String>,
    /// What the schema has and the migrations have not, or the other way round.
    unwritten: Vec<String>,
    /// Whether the two are being found out.
    looking: bool,
    protection: Protection,
}

impl State {
    fn of(model: &Model) -> Self {
        let standing = model.migrations.standing.as_ref();
        let all = standing.map(|standing| standing.entries.as_slice()).unwrap_or_default();
        let is_settled = |state: &Standing| *state == Standing::Applied || state.is_pending();
        let looking = model.tickets.is_running(Slot::Drift);
        let found = model.status.drift.as_ref().filter(|_| !looking).map(|drift| &drift.found);
        let told = |all: &[Difference]| -> Vec<String> {
            all.iter().map(|one| format!("{} {}", one.key.kind.word(), one.key)).collect()
        };
        Self {
            lost: matches!(model.link, Link::Lost(_)),
            empty: model.tree.is_empty_of_tables(),
            drifted: found.map(|found| told(&found.drift)).unwrap_or_default(),
            unwritten: found
                .and_then(|found| found.unwritten.as_deref().map(told))
                .unwrap_or_default(),
            looking,
            pending: standing.map_or(0, |standing| standing.pending().count()),
            unsettled: all.iter().any(|entry| !is_settled(&entry.state)),
            protection: model.target.as_ref().map_or(Protection::Production, |it| it.protection),
        }
    }
}

impl Guide {
    /// The ways from here.
    pub fn new(model: &Model) -> Self {
        Self { ways: sorted(&State::of(model)), list: Scroll::default() }
    }

    /// The ways from here as more is known: the cursor stays on its way where somebody moved it.
    fn again(&mut self, state: &State, height: usize) {
        let held = self.ways.get(self.list.cursor).map(|way| way.wish.clone());
        let was_moved = self.list.cursor > 0;
        self.ways = sorted(state);
        let at = self.ways.iter().position(|way| Some(&way.wish) == held.as_ref());
        self.list = Scroll::default();
        let step = at.filter(|_| was_moved).and_then(|at| isize::try_from(at).ok()).unwrap_or(0);
        self.list.by(step, self.ways.len(), height);
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

/// Opens the guide, and finds out what it does not know yet: how the migrations stand, and in
/// development, where a scratch database is nobody's concern, whether the schema has changed.
pub fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    if matches!(model.link, Link::Open(_)) && !model.tickets.is_running(Slot::Standing) {
        match model.migrations.standing {
            Some(_) => compare(model, effects),
            None => migrations::read(model, effects),
        }
    }
    model.overlays.push(Overlay::Guide(Box::new(Guide::new(model))));
}

fn compare(model: &mut Model, effects: &mut Vec<Effect>) {
    let target = model.target.clone();
    let Some(target) = target.filter(|it| it.protection == Protection::Development) else {
        return;
    };
    if !model.tickets.is_running(Slot::Drift) {
        model.start(Slot::Drift, Request::Drift(Box::new(target)), effects);
    }
}

/// More is known of how the database is: the guide, if it is open, puts first what fits.
pub fn learned(model: &mut Model, what: Slot, effects: &mut Vec<Effect>) {
    let is_open = |overlay: &Overlay| matches!(overlay, Overlay::Guide(_));
    let Some(at) = model.overlays.iter().rposition(is_open) else { return };
    if what == Slot::Standing && model.migrations.standing.is_some() {
        compare(model, effects);
    }
    let state = State::of(model);
    let height = match model.overlays.get(at) {
        Some(Overlay::Guide(guide)) => guide.height(model),
        _ => return,
    };
    if let Some(Overlay::Guide(guide)) = model.overlays.get_mut(at) {
        guide.again(&state, height);
    }
}

fn sorted(state: &State) -> Vec<Way> {
    let mut ways = ways(state);
    ways.sort_by_key(|way| !way.fits);
    ways
}

/// What differs, in a few words.
fn counted(differences: &[String], words: &str) -> String {
    match differences {
        [] => String::new(),
        [one] => format!("{words}: {one}"),
        [one, rest @ ..] => format!("{words}: {one} and {} more", rest.len()),
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
    let has_changed = !state.unwritten.is_empty() && !state.lost && !state.empty;
    let told = match (has_changed, state.looking) {
        (true, _) => counted(&state.unwritten, "In no migration yet"),
        (false, true) => "Looking whether it has changed…".to_owned(),
        (false, false) => "What the schema has and the migrations have not, reviewed".to_owned(),
    };
    let mut all = vec![way(
        "I changed the schema: write a migration",
        &told,
        has_changed,
        CommandId::Generate,
    )];
    if state.protection == Protection::Development {
        all.push(way(
            "I changed the schema: try it at once",
            "Makes this database match the schema, no migration",
            has_changed,
            CommandId::Push,
        ));
    }
    all
}

fn to_look(state: &State) -> [Way; 3] {
    let has_drifted = !state.drifted.is_empty() && !state.lost;
    let drift = match has_drifted {
        true => counted(&state.drifted, "Changed by hand"),
        false => "The SQL that a push would run, with its hazards".to_owned(),
    };
    let is_calm = !state.empty && state.pending == 0 && !state.lost && !state.unsettled;
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
            is_calm && state.drifted.is_empty() && state.unwritten.is_empty(),
            CommandId::DataView,
        ),
        way("See what differs from the schema", &drift, has_drifted, CommandId::Compare),
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
        let calm = || State {
            lost: false,
            empty: false,
            pending: 0,
            unsettled: false,
            drifted: Vec::new(),
            unwritten: Vec::new(),
            looking: false,
            protection: Protection::Development,
        };
        assert_eq!(first(&calm()), ["Browse rows"]);
        let changed = State { unwritten: vec!["table a".to_owned()], ..calm() };
        assert_eq!(
            first(&changed),
            ["I changed the schema: write a migration", "I changed the schema: try it at once"]
        );
        let two = vec!["column a.b".to_owned(), "table c".to_owned()];
        let drifted = State { drifted: two, ..calm() };
        assert_eq!(first(&drifted), ["See what differs from the schema"]);
        let words = sorted(&drifted).first().map(|way| way.detail.clone());
        assert_eq!(words.as_deref(), Some("Changed by hand: column a.b and 1 more"));
        assert_eq!(
            first(&State { empty: true, ..calm() }),
            ["Set the database up for the first time"]
        );
        assert_eq!(first(&State { pending: 2, ..calm() }), ["Apply migrations"]);
        assert_eq!(first(&State { lost: true, empty: true, ..calm() }), ["Something is broken"]);
        let production = State { protection: Protection::Production, ..calm() };
        let all: Vec<String> = ways(&production).into_iter().map(|way| way.wish).collect();
        assert!(!all.iter().any(|wish| wish.contains("sample") || wish.contains("at once")));
        assert!(all.iter().any(|wish| wish.contains("afresh")), "it says why it is refused");
    }
}
