//! The studio without a terminal or a database: keys in, what the screen shows and what it
//! asks for out. Requests are answered from a small shop kept here, some of it hostile, at
//! once or when a test says so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dbstudio::app::effect::{Effect, Slot, Ticket};
use dbstudio::app::key::{Input, Key, Mouse, MouseAction};
use dbstudio::app::model::{Model, Startup};
use dbstudio::app::msg::{Event, Msg};
use dbstudio::app::update::update;
use dbstudio::config::{
    Address, Interface, Looks, MaskedColumn, Origin, Protection, SessionSettings, SqliteAddress,
    Target,
};
use dbstudio::db::page::{Anchor, Page, Place, Row};
use dbstudio::db::value::{Truncated, Value};
use dbstudio::db::{Engine, ServerFacts};
use dbstudio::ops::migrations_desk::{Ask, Told};
use dbstudio::ops::preparation::Outcome;
use dbstudio::ops::session::{Answer, Opened, Request};
use dbstudio::problem::Problem;
use dbstudio::schema::{
    Check, Column, Exclusion, ForeignKey, Generation, Incoming, Index, Outline, OutlineRelation,
    OutlineSchema, PartitionOf, Policy, Relation, RelationKind, RelationName, Trigger, UniqueKey,
};
use dbstudio::tui::look::Look;
use dbstudio::tui::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Text that would act on a terminal, if it got there.
pub const HOSTILE: &str = "a\u{1b}[31mred\u{202e}gnp\u{0}\u{9b}2J\r\n日本語\u{200b}\u{feff}👩‍👩‍👧";

/// A studio with the shop's tables in its tree.
pub struct Shop {
    pub model: Model,
    pub engine: Engine,
    /// What was asked for and is not answered by itself.
    pub held: Vec<(Slot, Ticket, Request)>,
    /// Slots whose requests are held.
    pub hold: BTreeSet<Slot>,
    /// Everything that was copied.
    pub copied: Vec<String>,
    /// The slots that were asked to end.
    pub cancelled: Vec<Slot>,
    /// The latest request of all.
    pub asked: Vec<Request>,
    /// What a whole value turns out to be.
    pub whole: Option<Value>,
    /// What comes of preparing a change, the first time, the second time, …
    pub outcomes: Vec<Outcome>,
    /// What comes of a question about the migrations.
    pub migrations: fn(&Ask) -> Option<Told>,
    started: Instant,
}

impl Shop {
    pub fn new(engine: Engine, size: (u16, u16)) -> Self {
        let started = Instant::now();
        let address = Address::Sqlite(SqliteAddress {
            file: Some("shop.db".into()),
            read_only: false,
            immutable: false,
        });
        let masked = MaskedColumn {
            schema: "public".to_owned(),
            table: "orders".to_owned(),
            column: "secret".to_owned(),
        };
        let target = Target {
            name: Some("shop".to_owned()),
            address,
            protection: Protection::Development,
            origin: Origin::Flag,
            read_only: false,
            session: SessionSettings::default(),
            masked: vec![masked],
        };
        let model = Model::new(Startup {
            target: Some(target),
            choices: Vec::new(),
            interface: Interface { ascii: Some(false), ..Interface::default() },
            warnings: Vec::new(),
            ascii: false,
            size,
            now: started,
        });
        let mut shop = Self {
            model,
            engine,
            held: Vec::new(),
            hold: BTreeSet::new(),
            copied: Vec::new(),
            cancelled: Vec::new(),
            asked: Vec::new(),
            whole: Some(Value::text(format!("{}the end", "long ".repeat(3_000)))),
            outcomes: Vec::new(),
            migrations: |_| None,
            started,
        };
        let mut effects = Vec::new();
        shop.model.begin(&mut effects);
        shop.settle(effects);
        shop
    }

    /// With the rows of the orders on the screen and the keys in them.
    pub fn orders(engine: Engine, size: (u16, u16)) -> Self {
        let mut shop = Self::new(engine, size);
        shop.send(Msg::Open(RelationName::new("public", "orders")));
        shop
    }

    pub fn send(&mut self, msg: Msg) {
        let mut effects = Vec::new();
        update(&mut self.model, msg, &mut effects);
        self.settle(effects);
    }

    /// Presses keys, in the notation of the config, parted by blanks.
    pub fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let key = Key::parse(key).expect(key);
            self.send(Msg::Input(Input::Key(key)));
        }
    }

    /// Types letters one by one.
    pub fn types(&mut self, text: &str) {
        for letter in text.chars() {
            let key = Key::plain(dbstudio::app::key::Code::Char(letter));
            self.send(Msg::Input(Input::Key(key)));
        }
    }

    pub fn mouse(&mut self, action: MouseAction, x: u16, y: u16) {
        self.send(Msg::Input(Input::Mouse(Mouse { action, x, y })));
    }

    /// Clicks where a text is on the screen.
    pub fn click(&mut self, text: &str) {
        let screen = self.screen();
        let (y, line) = screen
            .lines()
            .enumerate()
            .find(|(_, line)| line.contains(text))
            .unwrap_or_else(|| panic!("{text} is not on\n{screen}"));
        let x = line[..line.find(text).unwrap()].chars().count();
        self.mouse(MouseAction::Press, x as u16, y as u16);
    }

    /// Lets time pass.
    pub fn wait(&mut self, millis: u64) {
        let now = self.model.now + Duration::from_millis(millis);
        self.send(Msg::Tick(now));
    }

    /// Answers what is held.
    pub fn release(&mut self) {
        self.hold.clear();
        let held = std::mem::take(&mut self.held);
        for (slot, ticket, request) in held {
            let event = self.answer(&request);
            self.send(Msg::Reply(slot, ticket, event));
        }
    }

    /// Ends what is held as a person who cancels it would see it end.
    pub fn fail(&mut self, problem: &Problem) {
        self.hold.clear();
        for (slot, ticket, _) in std::mem::take(&mut self.held) {
            self.send(Msg::Reply(slot, ticket, Event::Failed(problem.clone())));
        }
    }

    fn settle(&mut self, effects: Vec<Effect>) {
        let mut waiting = effects;
        while !waiting.is_empty() {
            let mut more = Vec::new();
            for effect in waiting {
                match effect {
                    Effect::Start(slot, ticket, request) if self.hold.contains(&slot) => {
                        self.asked.push((*request).clone());
                        self.held.push((slot, ticket, *request));
                    }
                    Effect::Start(slot, ticket, request) => {
                        self.asked.push((*request).clone());
                        let event = self.answer(&request);
                        update(&mut self.model, Msg::Reply(slot, ticket, event), &mut more);
                    }
                    Effect::Copy(text) => self.copied.push(text),
                    Effect::Cancel(slot) => self.cancelled.push(slot),
                    _ => {}
                }
            }
            waiting = more;
        }
    }

    fn answer(&self, request: &Request) -> Event {
        Event::Done(match request {
            Request::Connect(_) => Answer::Connected(Box::new(Opened {
                facts: self.facts(),
                waiting: 0,
                looks: Looks::default(),
                trouble: None,
                known: None,
            })),
            Request::Outline => Answer::Outline(Arc::new(outline())),
            Request::Relation(name) => Answer::Relation(Arc::new(relation(name, self.engine))),
            Request::Page(page) => {
                let name = &page.selection.relation;
                let orders = name.name == "orders";
                let whole = matches!(page.place, Place::Start | Place::End | Place::From(_));
                let rows = if orders && whole { rows(self.engine) } else { Vec::new() };
                let elapsed = Duration::from_millis(3);
                Answer::Page(Box::new(Page {
                    rows,
                    more_before: false,
                    more_after: false,
                    elapsed,
                }))
            }
            Request::Count(_) => Answer::Count(40),
            Request::Value(_) => Answer::Value(self.whole.clone()),
            Request::References(selections) => {
                Answer::References((0..selections.len()).map(|at| [1_001, 0, 3][at % 3]).collect())
            }
            Request::Prepare(_) if !self.outcomes.is_empty() => {
                let asked = self.asked.iter().filter(|it| matches!(it, Request::Prepare(_)));
                let at = (asked.count() - 1).min(self.outcomes.len() - 1);
                Answer::Prepared(self.outcomes[at].clone())
            }
            Request::LetGo => Answer::LetGo,
            Request::Migrations(_, ask) => match (self.migrations)(ask) {
                Some(told) => Answer::Migrations(Box::new(told)),
                None => return Event::Failed(Problem::usage("There is no project here", "", "")),
            },
            Request::Push(..) => Answer::Pushed(Duration::from_millis(431)),
            Request::Write(_, name) => Answer::Written(vec![format!("0007_{name}.up.sql")]),
            _ => return Event::Failed(Problem::failed("It is not there", "", "try again")),
        })
    }

    fn facts(&self) -> ServerFacts {
        ServerFacts {
            engine: self.engine,
            version: "15.18".to_owned(),
            database: "shop".to_owned(),
            place: "localhost:5432".to_owned(),
            user: Some("ada".to_owned()),
            time_zone: Some("UTC".to_owned()),
            encoding: "UTF8".to_owned(),
            tls: None,
            read_only: false,
            pooled: false,
            bytes: Some(1 << 30),
            latency: Duration::from_millis(1),
        }
    }

    fn buffer(&self, ascii: bool) -> Buffer {
        let interface = Interface { ascii: Some(ascii), ..Interface::default() };
        let look = Look::choose(&interface, |_| None).unwrap();
        let area = Rect::new(0, 0, self.model.size.0, self.model.size.1);
        let mut buf = Buffer::empty(area);
        view::draw(&self.model, &look, area, &mut buf);
        buf
    }

    /// What the screen shows, a line a row, without blanks at the ends.
    pub fn screen(&self) -> String {
        text(&self.buffer(false))
    }

    /// The same on a terminal that shows ASCII only.
    pub fn plain_screen(&self) -> String {
        text(&self.buffer(true))
    }

    /// How long it has been since the studio began, for what must be quick.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let mut line = String::new();
        let mut covered = 0;
        for x in 0..buf.area.width {
            let symbol = buf.cell((x, y)).unwrap().symbol();
            assert!(!symbol.chars().any(char::is_control), "a control at {x},{y}: {symbol:?}");
            // The cells a wide character covers hold nothing of their own.
            if covered > 0 {
                covered -= 1;
                continue;
            }
            covered = dbstudio::text::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn outline() -> Outline {
    let relation = |name: &str, kind, rows| OutlineRelation {
        name: name.to_owned(),
        kind,
        columns: 9,
        rows_estimate: Some(rows),
        bytes_estimate: None,
        readable: true,
        partition_of: None,
        comment: None,
    };
    let schema = |name: &str, relations| OutlineSchema {
        name: name.to_owned(),
        usable: true,
        relations,
        ..OutlineSchema::default()
    };
    let public = vec![
        relation("customers", RelationKind::Table, 2_000_000),
        relation("order_items", RelationKind::Table, 31_000_000),
        relation("orders", RelationKind::Table, 10_000_000),
        relation("orders_by_day", RelationKind::View, 400),
        relation(HOSTILE, RelationKind::Table, 7),
    ];
    let audit = vec![relation("events", RelationKind::PartitionedTable, 90)];
    Outline { schemas: vec![schema("audit", audit), schema("public", public)], unseen: Vec::new() }
}

/// A column: name, type, base type, whether it may be NULL.
fn column(name: &str, type_name: &str, base_type: &str, nullable: bool) -> Column {
    Column {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        base_type: base_type.to_owned(),
        nullable,
        default: None,
        generation: None,
        collation: None,
        comment: None,
        enum_labels: Vec::new(),
        readable: true,
    }
}

fn columns(engine: Engine) -> Vec<Column> {
    let bytes = if engine == Engine::Postgres { ("bytea", "bytea") } else { ("BLOB", "") };
    let mut id = column("id", "bigint", "int8", false);
    id.generation = Some(Generation::IdentityAlways);
    let mut status = column("status", "order_status", "order_status", false);
    status.default = Some("'new'::order_status".to_owned());
    status.enum_labels = vec!["new".to_owned(), "paid".to_owned(), "sent".to_owned()];
    let mut note = column("note", "text", "text", true);
    note.comment = Some("what the customer \u{1b}[1mwrote".to_owned());
    let mut net = column("net", "numeric(12,2)", "numeric", true);
    net.generation = Some(Generation::Stored("(total / 1.081)".to_owned()));
    let mut all = vec![
        id,
        column("customer_id", "bigint", "int8", false),
        status,
        column("total", "numeric(12,2)", "numeric", false),
        column("payload", "jsonb", "jsonb", true),
        note,
        column("secret", "text", "text", true),
        column("picture", bytes.0, bytes.1, true),
        net,
    ];
    if engine == Engine::Sqlite {
        for column in &mut all {
            column.base_type = String::new();
        }
    }
    all
}

fn key(name: &str, columns: &[&str]) -> UniqueKey {
    UniqueKey {
        name: name.to_owned(),
        columns: columns.iter().map(|it| (*it).to_owned()).collect(),
        nulls_not_distinct: false,
        deferrable: String::new(),
    }
}

fn incoming(source: &str, column: &str, on_delete: &str) -> Incoming {
    Incoming {
        source: RelationName::new("public", source),
        name: format!("{source}_{column}_fkey"),
        source_columns: vec![column.to_owned()],
        columns: vec!["id".to_owned()],
        on_delete: on_delete.to_owned(),
    }
}

fn index(name: &str, columns: &[&str], valid: bool, predicate: Option<&str>) -> Index {
    Index {
        name: name.to_owned(),
        columns: columns.iter().map(|it| (*it).to_owned()).collect(),
        unique: name.ends_with("key"),
        primary: name.ends_with("pkey"),
        method: "btree".to_owned(),
        predicate: predicate.map(str::to_owned),
        bytes: Some(221_184),
        valid,
        definition: format!("CREATE INDEX {name} ON public.orders"),
    }
}

fn relation(name: &RelationName, engine: Engine) -> Relation {
    let bare = Relation {
        name: name.clone(),
        kind: RelationKind::Table,
        columns: vec![column("id", "bigint", "int8", false), column("name", "text", "text", true)],
        primary_key: Some(key("pkey", &["id"])),
        unique_keys: Vec::new(),
        foreign_keys: Vec::new(),
        incoming: Vec::new(),
        checks: Vec::new(),
        exclusions: Vec::new(),
        indexes: Vec::new(),
        triggers: Vec::new(),
        row_security: None,
        policies: Vec::new(),
        partition_of: None,
        partition_key: None,
        partitions: Vec::new(),
        rows_estimate: Some(12),
        table_bytes: Some(8192),
        index_bytes: None,
        owner: None,
        traits: Vec::new(),
        comment: None,
        definition: format!("CREATE TABLE {} (\n    id bigint PRIMARY KEY\n);", name.name),
        rowid: None,
        updatable: None,
        readable: true,
    };
    if name.name == "orders" { orders(bare, engine) } else { bare }
}

fn policy() -> Policy {
    Policy {
        name: "own_orders".to_owned(),
        command: "SELECT".to_owned(),
        permissive: true,
        roles: vec!["public".to_owned()],
        using: Some("(customer_id = current_customer())".to_owned()),
        with_check: None,
    }
}

fn trigger() -> Trigger {
    Trigger {
        name: "touch".to_owned(),
        enabled: false,
        definition: "CREATE TRIGGER touch BEFORE UPDATE ON orders\n EXECUTE FUNCTION touch()"
            .to_owned(),
    }
}

fn orders(bare: Relation, engine: Engine) -> Relation {
    let customers = ForeignKey {
        name: "orders_customer_id_fkey".to_owned(),
        columns: vec!["customer_id".to_owned()],
        target: RelationName::new("public", "customers"),
        target_columns: vec!["id".to_owned()],
        on_delete: "RESTRICT".to_owned(),
        on_update: "NO ACTION".to_owned(),
        validated: false,
    };
    Relation {
        columns: columns(engine),
        primary_key: Some(key("orders_pkey", &["id"])),
        unique_keys: vec![key("orders_status_total_key", &["status", "total"])],
        foreign_keys: vec![customers],
        incoming: vec![
            incoming("order_items", "order_id", "CASCADE"),
            incoming("refunds", "order_id", "NO ACTION"),
            incoming("shipments", "order_id", "SET NULL"),
        ],
        checks: vec![Check {
            name: "total_positive".to_owned(),
            expression: "(total >= 0)".to_owned(),
            validated: true,
        }],
        exclusions: vec![Exclusion {
            name: "no_overlap".to_owned(),
            definition: "EXCLUDE USING gist (period WITH &&)".to_owned(),
        }],
        indexes: vec![
            index("orders_pkey", &["id"], true, None),
            index("orders_paid", &["total", "lower(note)"], true, Some("(status = 'paid')")),
            index("orders_broken", &["note"], false, None),
        ],
        triggers: vec![trigger()],
        row_security: Some(false),
        policies: vec![policy()],
        partition_of: Some(PartitionOf {
            parent: RelationName::new("audit", "events"),
            bounds: "FOR VALUES FROM (1) TO (2)".to_owned(),
        }),
        partitions: vec![RelationName::new("public", "orders_2026")],
        rows_estimate: Some(10_000_000),
        index_bytes: Some(300_000),
        owner: Some("shop_owner".to_owned()),
        traits: vec!["fillfactor=90".to_owned()],
        comment: Some("Every order ever made".to_owned()),
        definition:
            "CREATE TABLE public.orders (\n    id bigint GENERATED ALWAYS AS IDENTITY,\n    \
                     total numeric(12,2) DEFAULT 0 -- in CHF\n);"
                .to_owned(),
        ..bare
    }
}

fn rows(engine: Engine) -> Vec<Row> {
    (1..=40_i64)
        .map(|id| {
            let number = |text: String| match engine {
                Engine::Postgres => Value::text(text),
                Engine::Sqlite => Value::Integer(id),
            };
            let long = Truncated { prefix: Value::text("long ".repeat(800)), bytes: 15_007, digest: None };
            let note = match id % 4 {
                0 => Value::Null,
                1 => Value::text(HOSTILE),
                2 => Value::Truncated(Box::new(long)),
                _ => Value::text("A note of some length that goes on\nover two lines."),
            };
            let payload = match id % 3 {
                0 => Value::Null,
                1 => Value::text(
                    r#"{"items": [{"sku": "A-1", "n": 1.50}, {}], "n": 12345678901234567890.10, "n": null, "ok": true}"#,
                ),
                _ => Value::text("{\"broken\": "),
            };
            let bytes: Vec<u8> = (0..40_u8).map(|at| at.wrapping_mul(7)).collect();
            let picture = match engine {
                Engine::Postgres => {
                    Value::text(format!("\\x{}", dbstudio::db::value::hex(&bytes)))
                }
                Engine::Sqlite => Value::Blob(bytes.into()),
            };
            let cells = vec![
                number(id.to_string()),
                number((1000 + id).to_string()),
                Value::text(if id % 2 == 0 { "paid" } else { "new" }),
                number(format!("{id}29.90")),
                payload,
                note,
                Value::text("hunter2-the-secret"),
                picture,
                Value::Null,
            ];
            Row { anchor: Anchor([cells[0].clone()].into()), cells: cells.into() }
        })
        .collect()
}
