//! Everything the studio knows at one moment. Views read it; only `update` changes it.
//!
//! It holds no connection, no task and no closure, and never learns anything except through a
//! message.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::edit::Editing;
use crate::app::effect::{Effect, Slot, Tickets};
use crate::app::key::Key;
use crate::app::keymap::Keymap;
use crate::app::operations::Chain;
use crate::app::overlays::Overlay;
use crate::app::panes::data::DataPane;
use crate::app::panes::migrations::MigrationsPane;
use crate::app::panes::schema::SchemaPane;
use crate::app::panes::status::StatusPane;
use crate::app::panes::tree::Tree;
use crate::app::staged::Staged;
use crate::config::{Choice, Interface, Looks, TableLook, Target};
use crate::db::{Engine, ServerFacts};
use crate::ops::session::Request;
use crate::problem::Problem;
use crate::schema::{Relation, RelationName};

/// What the studio is started with.
#[derive(Debug, Clone)]
pub struct Startup {
    /// The database to open; `None` shows the welcome screen.
    pub target: Option<Target>,
    /// Databases to choose from on the welcome screen.
    pub choices: Vec<Choice>,
    /// How the screens look and listen.
    pub interface: Interface,
    /// What the person should know before anything else, such as a file others can read.
    pub warnings: Vec<String>,
    /// Whether only ASCII may be drawn.
    pub ascii: bool,
    /// The size of the screen in columns and rows.
    pub size: (u16, u16),
    /// When it was.
    pub now: Instant,
}

/// The view on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Rows.
    Data,
    /// The structure of one relation.
    Schema,
    /// The migrations of the project.
    Migrations,
    /// How the database is doing.
    Status,
}

/// The pane that takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The tree of tables.
    Tree,
    /// The pane beside it.
    Main,
}

/// How the studio stands with its database.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// None was asked for: the welcome screen.
    None,
    /// One is being opened for the first time.
    Opening,
    /// It could not be opened.
    Failed(Problem),
    /// It is open.
    Open(Box<ServerFacts>),
    /// It was open and the connection broke; what was on the screen stays.
    Lost(Box<Lost>),
}

/// A broken connection and the attempts to mend it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lost {
    /// What the server had said of itself.
    pub facts: ServerFacts,
    /// The latest failure.
    pub problem: Problem,
    /// How often connecting again failed.
    pub attempts: u32,
    /// When to try next.
    pub retry_at: Instant,
}

/// A sentence for the person, in the footer for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether it is good news, plain or bad.
    pub tone: Tone,
    /// When it goes.
    pub until: Instant,
}

/// The tone of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Good,
    /// Something to know.
    Plain,
    /// Something went wrong or needs care.
    Bad,
}

/// Work that takes longer than this shows that it runs.
pub const PATIENCE: Duration = Duration::from_millis(200);

/// How often the time of running work is drawn again.
const BEAT: Duration = Duration::from_millis(100);

/// Relations kept in full; the oldest makes room.
const KEPT_RELATIONS: usize = 64;

/// Everything the studio knows.
#[derive(Debug)]
pub struct Model {
    /// The database that is open or to be opened.
    pub target: Option<Target>,
    /// How the studio stands with it.
    pub link: Link,
    /// Databases to choose from.
    pub choices: Vec<Choice>,
    /// The choice under the cursor on the welcome screen.
    pub choice: usize,
    /// The view on the screen.
    pub view: View,
    /// The pane that takes the keys.
    pub focus: Focus,
    /// The tree of tables.
    pub tree: Tree,
    /// The rows on the screen.
    pub data: Option<DataPane>,
    /// The pane on its way: it replaces `data` once its first rows are here.
    pub opening: Option<Box<Opening>>,
    /// Where `back` leads, the latest last.
    pub trail: Vec<DataPane>,
    /// The structure of one relation.
    pub schema: SchemaPane,
    /// The migrations of the project.
    pub migrations: MigrationsPane,
    /// How the database is doing.
    pub status: StatusPane,
    /// Operations that follow one another, where somebody began such a row of them.
    pub chain: Option<Chain>,
    /// What lies over the panes; the last takes the keys.
    pub overlays: Vec<Overlay>,
    /// The keys typed of a chord.
    pub chord: Vec<Key>,
    /// The keys in force.
    pub keymap: Keymap,
    /// What runs.
    pub tickets: Tickets,
    /// A sentence in the footer.
    pub notice: Option<Notice>,
    /// The theme's name; `None` for the one that fits the terminal.
    pub theme: Option<String>,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// Whether only ASCII may be drawn.
    pub ascii: bool,
    /// The size of the screen in columns and rows.
    pub size: (u16, u16),
    /// The time of the latest tick.
    pub now: Instant,
    /// How the tables of this database look.
    pub looks: Looks,
    /// How long the last page took on the server and on the way.
    pub latency: Option<Duration>,
    /// What to do with a whole value that was asked for to be copied.
    pub copy_value: bool,
    /// Edits of rows that wait to be applied.
    pub staged: Staged,
    /// What editing knows beside them.
    pub editing: Editing,
    /// The relation that was last read before anybody asked for it.
    pub peeked: Option<RelationName>,
    relations: VecDeque<Arc<Relation>>,
    revision: u64,
}

/// A pane that waits for its first rows, and how it was come to.
#[derive(Debug)]
pub struct Opening {
    /// The pane.
    pub pane: DataPane,
    /// Whether the pane before it is kept for `back`.
    pub keep: bool,
}

impl Model {
    /// The studio as it starts. A mistake in the configured keys becomes a notice and the
    /// default keys stay in force.
    pub fn new(start: Startup) -> Self {
        let (keymap, trouble) = match Keymap::new(&start.interface.keys) {
            Ok(keymap) => (keymap, None),
            Err(problem) => (Keymap::defaults(), Some(problem.to_string())),
        };
        let link = if start.target.is_some() { Link::Opening } else { Link::None };
        let mut model = Self {
            target: start.target,
            link,
            choices: start.choices,
            choice: 0,
            view: View::Data,
            focus: Focus::Tree,
            tree: Tree::default(),
            data: None,
            opening: None,
            trail: Vec::new(),
            schema: SchemaPane::default(),
            migrations: MigrationsPane::default(),
            status: StatusPane::default(),
            chain: None,
            overlays: Vec::new(),
            chord: Vec::new(),
            keymap,
            tickets: Tickets::default(),
            notice: None,
            theme: start.interface.theme,
            mouse: start.interface.mouse,
            ascii: start.ascii,
            size: start.size,
            now: start.now,
            looks: Looks::default(),
            latency: None,
            copy_value: false,
            staged: Staged::default(),
            editing: Editing::default(),
            peeked: None,
            relations: VecDeque::new(),
            revision: 1,
        };
        let warnings = trouble.into_iter().chain(start.warnings).collect::<Vec<_>>();
        if !warnings.is_empty() {
            model.notify(Tone::Bad, warnings.join(" · "));
        }
        model
    }

    /// What to do first.
    pub fn begin(&mut self, effects: &mut Vec<Effect>) {
        if let Some(target) = self.target.clone() {
            self.start(Slot::Connect, Request::Connect(Box::new(target)), effects);
        }
    }

    /// A number that grows whenever what is drawn may have changed.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Notes that what is drawn may have changed.
    pub fn touch(&mut self) {
        self.revision += 1;
    }

    /// How soon a tick is wanted; `None` to sleep until something happens.
    pub fn wake(&self) -> Option<Duration> {
        let beat = self.tickets.running().next().map(|_| {
            let longest = self.tickets.running().filter_map(|s| self.tickets.elapsed(s, self.now));
            let longest = longest.max().unwrap_or_default();
            // The first beat is when patience ends: fast work costs no frame.
            if longest < PATIENCE { PATIENCE - longest } else { BEAT }
        });
        let notice = self.notice.as_ref().map(|it| it.until.saturating_duration_since(self.now));
        let retry = match &self.link {
            Link::Lost(lost) if !self.tickets.is_running(Slot::Connect) => {
                let left = lost.retry_at.saturating_duration_since(self.now);
                // The seconds that are left are shown: each of them is a beat.
                let part = Duration::from_nanos(u64::from(left.subsec_nanos()));
                Some(if part.is_zero() { left.min(Duration::from_secs(1)) } else { part })
            }
            _ => None,
        };
        let due = self.migrations.due.map(|due| due.saturating_duration_since(self.now));
        let asks = crate::app::status::wake(self);
        [beat, notice, retry, due, asks].into_iter().flatten().min()
    }

    /// Starts work in a slot; whatever ran there is asked to end and its answer will not count.
    pub fn start(&mut self, slot: Slot, request: Request, effects: &mut Vec<Effect>) {
        let ticket = self.tickets.issue(slot, self.now);
        effects.push(Effect::Start(slot, ticket, Box::new(request)));
    }

    /// Asks a slot's work to end and makes its answer not count.
    pub fn abandon(&mut self, slot: Slot, effects: &mut Vec<Effect>) {
        if self.tickets.forget(slot) {
            effects.push(Effect::Cancel(slot));
        }
    }

    /// Shows a sentence in the footer for a while.
    pub fn notify(&mut self, tone: Tone, text: impl Into<String>) {
        let seconds = if tone == Tone::Bad { 8 } else { 4 };
        let until = self.now + Duration::from_secs(seconds);
        self.notice = Some(Notice { text: text.into(), tone, until });
    }

    /// What somebody waits for now: what was read ahead counts once a pane needs it.
    pub fn awaited(&self) -> impl Iterator<Item = Slot> {
        let opening = self.opening.is_some();
        let counts = move |slot: &Slot| slot.is_awaited() || (opening && *slot == Slot::Peek);
        self.tickets.running().filter(counts)
    }

    /// What the server said of itself, also while the connection is broken.
    pub fn facts(&self) -> Option<&ServerFacts> {
        match &self.link {
            Link::Open(facts) => Some(facts),
            Link::Lost(lost) => Some(&lost.facts),
            _ => None,
        }
    }

    /// The engine of the open database.
    pub fn engine(&self) -> Option<Engine> {
        self.facts().map(|facts| facts.engine)
    }

    /// A relation that was read in full before.
    pub fn relation(&self, name: &RelationName) -> Option<Arc<Relation>> {
        self.relations.iter().find(|relation| relation.name == *name).cloned()
    }

    /// Keeps a relation that was read in full.
    pub fn keep_relation(&mut self, relation: Arc<Relation>) {
        self.relations.retain(|kept| kept.name != relation.name);
        self.relations.push_back(relation);
        if self.relations.len() > KEPT_RELATIONS {
            self.relations.pop_front();
        }
    }

    /// Forgets all relations: they have to be read again.
    pub fn forget_relations(&mut self) {
        self.relations.clear();
        self.peeked = None;
    }

    /// How a table's columns looked when it was last open.
    pub fn look(&self, name: &RelationName) -> TableLook {
        self.looks.get(&name.schema, &name.name).cloned().unwrap_or_default()
    }
}
