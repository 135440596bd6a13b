//! The studio without a terminal: keys in, screens out, on a real database.
//!
//! A [`Studio`] drives the real `update` and draws with the real views; what `update` asks
//! for is served by a real session, one request after the other, so a test reads as what a
//! person did and saw. Nothing here waits for time to pass: the clock is the test's own.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use dbstudio::app::effect::Effect;
use dbstudio::app::key::{Code, Input, Key};
use dbstudio::app::model::{Model, Startup};
use dbstudio::app::msg::{Event, Msg};
use dbstudio::app::update::update;
use dbstudio::config::{Config, Flags, Interface, Target, Variables};
use dbstudio::ops::session::{Progress, Session, Stop};
use dbstudio::tui::look::Look;
use dbstudio::tui::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A studio with its database, and everything it asked for so far.
pub struct Studio {
    pub model: Model,
    pub look: Look,
    /// Effects that are not work for the session: copies, marks to remember, the wish to leave.
    pub asked: Vec<Effect>,
    /// What the session told of how far work had come.
    pub told: Vec<Progress>,
    session: Session,
    runtime: Runtime,
    _home: Option<TempDir>,
}

impl Studio {
    /// Opens what an address names, on a screen of this size.
    pub fn open(address: &str, size: (u16, u16)) -> Self {
        Self::open_with(address, size, |_| {})
    }

    /// Opens what an address names after a change to the target.
    pub fn open_with(address: &str, size: (u16, u16), change: impl FnOnce(&mut Target)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut studio = Self::open_in(home.path(), address, size, change);
        studio._home = Some(home);
        studio
    }

    /// The same in a home that outlives it.
    pub fn open_in(
        home: &Path,
        address: &str,
        size: (u16, u16),
        change: impl FnOnce(&mut Target),
    ) -> Self {
        let folder = |name: &str| home.join(name).to_str().unwrap().to_owned();
        let variables = Variables::from_pairs([
            ("HOME", folder("")),
            ("XDG_CONFIG_HOME", folder("config")),
            ("XDG_DATA_HOME", folder("data")),
            ("XDG_STATE_HOME", folder("state")),
        ]);
        let config = Config::load(&Flags::default(), home, variables).unwrap();
        let mut target = config.resolve(address).unwrap();
        change(&mut target);
        let interface = Interface { ascii: Some(false), ..Interface::default() };
        let look = Look::choose(&interface, |_| None).unwrap();
        let start = Startup {
            target: Some(target),
            choices: Vec::new(),
            interface,
            warnings: Vec::new(),
            ascii: false,
            size,
            now: Instant::now(),
        };
        let mut studio = Self {
            model: Model::new(start),
            look,
            asked: Vec::new(),
            told: Vec::new(),
            session: Session::new(config),
            runtime: Runtime::new().unwrap(),
            _home: None,
        };
        let mut effects = Vec::new();
        studio.model.begin(&mut effects);
        studio.settle(effects);
        studio
    }

    /// Lets a message happen, and everything that follows from it.
    pub fn send(&mut self, msg: Msg) {
        let mut effects = Vec::new();
        update(&mut self.model, msg, &mut effects);
        self.settle(effects);
    }

    /// Lets a message happen without serving what it asks for; returns that.
    pub fn send_only(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        update(&mut self.model, msg, &mut effects);
        effects
    }

    /// Presses keys, written as a person would: letters as they are, others as `<enter>`.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for key in parse(keys) {
            self.send(Msg::Input(Input::Key(key)));
        }
        self
    }

    /// Pastes text.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.send(Msg::Input(Input::Paste(text.to_owned())));
        self
    }

    /// Lets time pass.
    pub fn wait(&mut self, time: Duration) {
        let now = self.model.now + time;
        self.send(Msg::Tick(now));
    }

    /// The screen, one line a line, blanks at the ends cut.
    pub fn screen(&self) -> String {
        let buf = self.draw();
        let wide = usize::from(buf.area.width);
        let lines = buf.content().chunks(wide).map(|cells| {
            let line: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
            line.trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The screen with its colours.
    pub fn draw(&self) -> Buffer {
        let (width, height) = self.model.size;
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        view::draw(&self.model, &self.look, area, &mut buf);
        buf
    }

    /// The text last copied.
    pub fn copied(&self) -> Option<&str> {
        self.asked.iter().rev().find_map(|effect| match effect {
            Effect::Copy(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Serves effects that were held back.
    pub fn serve(&mut self, effects: Vec<Effect>) {
        self.settle(effects);
    }

    fn settle(&mut self, effects: Vec<Effect>) {
        let mut waiting = effects;
        while !waiting.is_empty() {
            let mut next = Vec::new();
            for effect in waiting {
                match effect {
                    Effect::Start(slot, ticket, request) => {
                        let stop = Stop::new();
                        let told = Mutex::new(Vec::new());
                        let tell = |progress| told.lock().unwrap().push(progress);
                        let served = self.session.serve_telling(*request, &stop, &tell);
                        let event = match self.runtime.block_on(served) {
                            Ok(answer) => Event::Done(answer),
                            Err(problem) => Event::Failed(problem),
                        };
                        self.told.extend(told.into_inner().unwrap());
                        update(&mut self.model, Msg::Reply(slot, ticket, event), &mut next);
                    }
                    Effect::Cancel(_) => {}
                    Effect::Journal(records) => {
                        self.session.journal(records);
                        self.session.write_journal().unwrap();
                    }
                    other => self.asked.push(other),
                }
            }
            waiting = next;
        }
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.runtime.block_on(self.session.close());
    }
}

/// Keys from text: `jj<enter>`, `<ctrl+p>`, `<lt>` for `<`.
pub fn parse(text: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|tail| tail.split_once('>')) {
            let key =
                if name == "lt" { Some(Key::plain(Code::Char('<'))) } else { Key::parse(name) };
            keys.push(key.unwrap_or_else(|| panic!("<{name}> names no key")));
            rest = after;
        } else {
            keys.push(Key::plain(Code::Char(first)));
            rest = &rest[first.len_utf8()..];
        }
    }
    keys
}
