//! What can go wrong while edits are applied: a connection cut before and after the commit, a
//! column dropped under an edit, a crash in the middle; and the server's own log as the witness
//! that what was shown is what ran.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestRunner};

use crate::edit::{Shop, column};
use crate::server;
use crate::studio::Studio;

/// A relay to the server that cuts one connection at its first COMMIT.
struct Relay {
    port: u16,
    armed: Arc<AtomicBool>,
}

impl Relay {
    /// With `after` the server gets the COMMIT and answers, but nobody hears of it.
    fn start(to: u16, after: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let armed = Arc::new(AtomicBool::new(false));
        let watch = Arc::clone(&armed);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
                let cut = Arc::new(AtomicBool::new(false));
                let (from, into) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (armed, heard) = (Arc::clone(&watch), Arc::clone(&cut));
                thread::spawn(move || to_server(from, into, after, &armed, &heard));
                thread::spawn(move || to_client(server, client, &cut));
            }
        });
        Self { port, armed }
    }
}

fn to_server(
    mut from: TcpStream,
    mut to: TcpStream,
    after: bool,
    armed: &AtomicBool,
    cut: &AtomicBool,
) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let sent = &bytes[..count];
        let is_commit = sent.windows(7).any(|part| part == b"COMMIT\0");
        if is_commit && armed.swap(false, Ordering::SeqCst) {
            cut.store(true, Ordering::SeqCst);
            if !after {
                break;
            }
        }
        if to.write_all(sent).is_err() {
            break;
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}

fn to_client(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if cut.load(Ordering::SeqCst) || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}

#[test]
fn the_outcome_of_a_commit_nobody_answered_for_is_asked_of_the_server() {
    let [shop, _] = Shop::both("edit_cut");
    let Shop::Postgres(database) = &shop else { panic!("the first is PostgreSQL") };
    for after in [false, true] {
        let relay = Relay::start(server::postgres().port, after);
        let url = format!(
            "postgres://postgres@127.0.0.1:{}/{}?sslmode=disable",
            relay.port, database.name
        );
        let mut studio = Studio::open(&url, (120, 36));
        shop.open(&mut studio, "customers");
        column(&mut studio, "name");
        studio.paste("ADA");
        studio.keys("<ctrl+s>");
        relay.armed.store(true, Ordering::SeqCst);
        studio.keys("a");
        let name = database.psql("SELECT name FROM customers WHERE id = 1");
        if after {
            assert_eq!(name, "ADA\n");
            assert!(studio.screen().contains("Applied 1 change"), "{}", studio.screen());
            assert!(studio.model.staged.is_empty());
        } else {
            assert_eq!(name, "ada\n");
            assert!(studio.screen().contains("rolled back"), "{}", studio.screen());
            assert_eq!(studio.model.staged.total(), 1, "nothing is lost");
            studio.keys("<esc>u");
        }
    }
}

#[test]
fn a_column_dropped_under_an_edit_changes_nothing() {
    for shop in Shop::both("edit_dropped") {
        let mut studio = shop.orders();
        column(&mut studio, "note");
        studio.paste("mine");
        studio.keys("j");
        column(&mut studio, "customer");
        studio.paste("3");
        studio.keys("<ctrl+s>");
        shop.run("ALTER TABLE orders DROP COLUMN note");
        studio.keys("a");
        let screen = studio.screen();
        assert!(
            screen.contains("was refused") && screen.contains("Nothing was changed"),
            "{screen}"
        );
        assert_eq!(shop.query("SELECT customer || '' FROM orders ORDER BY id"), "1\n1\n2\n");
        // Taken out, the other edit is applied.
        studio.keys("xa");
        assert!(studio.model.staged.is_empty(), "{}", studio.screen());
        assert_eq!(shop.query("SELECT customer || '' FROM orders ORDER BY id"), "1\n3\n2\n");
    }
}

#[test]
fn what_the_database_refuses_is_told_at_its_statement() {
    for shop in Shop::both("edit_unique") {
        let mut studio = shop.table("customers", |_| {});
        column(&mut studio, "email");
        studio.paste("e@e.io");
        studio.keys("<ctrl+s>a");
        let screen = studio.screen();
        assert!(
            screen.contains("another row has this key") || screen.contains("Another row has"),
            "{screen}"
        );
        assert_eq!(studio.model.staged.total(), 1);
    }
}

#[test]
fn what_is_shown_is_what_ran() {
    let database = server::postgres().create_database("edit_log");
    database.psql(
        "CREATE TABLE logged_rows (id int PRIMARY KEY, word text, at timestamptz, n numeric(9,2));
         INSERT INTO logged_rows VALUES (1, 'it''s', '2026-01-02 03:04:05+00', 1.5), (2, NULL, NULL, NULL), (3, 'x', NULL, 0);",
    );
    let name = &database.name;
    for setting in ["log_statement = 'all'", "log_min_messages = 'log'"] {
        database.psql(&format!("ALTER DATABASE {name} SET {setting}"));
    }
    let shop = Shop::Postgres(database);
    let mut studio = shop.table("logged_rows", |_| {});
    studio.keys("l");
    studio.paste("two\twords '");
    studio.keys("u");
    studio.paste("one word '");
    studio.keys("jjddG");
    studio.keys("a");
    studio.paste("7\tnew\t2026-05-06 07:08:09+02\t12.345\n");
    studio.keys("<ctrl+s>Y");
    let shown: Vec<String> = studio
        .copied()
        .unwrap()
        .lines()
        .filter(|line| line.contains("logged_rows"))
        .map(|line| line.trim_end_matches(';').to_owned())
        .collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    studio.keys("a");
    assert!(studio.screen().contains("Applied 3 changes"), "{}", studio.screen());
    let log = server::postgres().socket_folder.join("log");
    let log = fs::read_to_string(log).unwrap();
    let mut ran = Vec::new();
    let mut lines = log.lines();
    while let Some(line) = lines.next() {
        let Some((_, statement)) = line.split_once("execute <unnamed>: ") else { continue };
        let writes = ["INSERT", "UPDATE", "DELETE"].iter().any(|verb| statement.starts_with(verb));
        if writes && statement.contains("logged_rows") {
            let detail = lines.next().and_then(|line| line.split_once("parameters: ")).unwrap().1;
            ran.push(with_values(statement, detail));
        }
    }
    assert_eq!(ran, shown);
}

/// A statement of the log with its parameters in place, as the log quotes them.
fn with_values(statement: &str, detail: &str) -> String {
    let mut values = BTreeMap::new();
    let mut rest = detail;
    for number in 1.. {
        let Some(after) = rest.strip_prefix(&format!("${number} = ")) else { break };
        let next = after.find(&format!(", ${} = ", number + 1));
        let (value, following) = match next {
            Some(at) => (&after[..at], &after[at + 2..]),
            None => (after, ""),
        };
        values.insert(number, value.to_owned());
        rest = following;
    }
    let mut out = statement.to_owned();
    for (number, value) in values.iter().rev() {
        out = out.replace(&format!("${number}"), value);
    }
    out
}

/// Something a person does to the rows of a small table.
#[derive(Debug, Clone)]
enum Act {
    Down,
    Up,
    Word(u8),
    Null,
    Delete,
    Add(u8),
    Page(bool),
    Ends(bool),
    Undo,
    Redo,
    Sort,
    Refresh,
    Apply,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Down),
        2 => Just(Act::Up),
        5 => (0_u8..4).prop_map(Act::Word),
        2 => Just(Act::Null),
        2 => Just(Act::Delete),
        2 => (0_u8..4).prop_map(Act::Add),
        2 => any::<bool>().prop_map(Act::Page),
        1 => any::<bool>().prop_map(Act::Ends),
        2 => Just(Act::Undo),
        1 => Just(Act::Redo),
        1 => Just(Act::Sort),
        1 => Just(Act::Refresh),
        1 => Just(Act::Apply),
    ]
}

/// What is staged of a row.
#[derive(Debug, Clone, PartialEq)]
enum Staged {
    Word(Option<String>),
    New(Option<String>),
    Gone,
}

type Rows = BTreeMap<i64, Option<String>>;

/// What the studio should hold.
#[derive(Debug, Clone, Default)]
struct Expected {
    rows: Rows,
    staged: BTreeMap<i64, Staged>,
    undo: Vec<BTreeMap<i64, Staged>>,
    redo: Vec<BTreeMap<i64, Staged>>,
    /// New rows so far, staged ones under their negative number.
    next: i64,
}

/// Rows the database numbers are told apart from the first ones by being beyond this.
const NEW: i64 = 1_000;

impl Expected {
    fn stage(&mut self, id: i64, to: Option<Staged>) {
        let before = self.staged.clone();
        match to {
            Some(staged) => self.staged.insert(id, staged),
            None => self.staged.remove(&id),
        };
        if self.staged != before {
            self.undo.push(before);
            self.redo.clear();
        }
    }

    fn word(&mut self, id: i64, word: Option<String>) {
        if self.staged.get(&id) != Some(&Staged::Gone) {
            let same = self.rows.get(&id) == Some(&word);
            self.stage(id, (!same).then_some(Staged::Word(word)));
        }
    }

    fn step(&mut self, back: bool) {
        let (from, to) =
            if back { (&mut self.undo, &mut self.redo) } else { (&mut self.redo, &mut self.undo) };
        if let Some(state) = from.pop() {
            to.push(std::mem::replace(&mut self.staged, state));
        }
    }

    fn apply(&mut self) {
        for (id, staged) in std::mem::take(&mut self.staged) {
            match staged {
                Staged::Word(word) => drop(self.rows.insert(id, word)),
                Staged::New(word) => {
                    // Some number that no row has: which one it gets is the database's to say.
                    let last = self.rows.last_key_value().map_or(NEW, |(id, _)| *id);
                    self.rows.insert(last.max(NEW) + 1, word);
                }
                Staged::Gone => drop(self.rows.remove(&id)),
            }
        }
        (self.undo, self.redo) = (Vec::new(), Vec::new());
    }
}

/// The rows each run begins with: more than a screen holds.
fn first_rows() -> Rows {
    let word = |id: i64| (id % 7 != 2).then(|| format!("w{}'", id % 5));
    (1..=80).map(|id| (id, word(id))).collect()
}

/// The words of all rows, those of new ones in no order, since the database numbers them.
fn told(rows: impl Iterator<Item = (i64, Option<String>)>) -> Vec<String> {
    let shown = |(id, word): (i64, Option<String>)| {
        let word = word.unwrap_or_else(|| "NULL".to_owned());
        if id > NEW { format!("new={word}") } else { format!("{id}={word}") }
    };
    let mut all: Vec<String> = rows.map(shown).collect();
    all.sort();
    all
}

/// The rows as they are.
fn rows_of(shop: &Shop) -> impl Iterator<Item = (i64, Option<String>)> {
    let now = shop.query("SELECT id || '=' || coalesce(word, 'NULL') FROM words ORDER BY id");
    let row = |line: &str| {
        let (id, word) = line.split_once('=').unwrap();
        (id.parse().unwrap(), (word != "NULL").then(|| word.to_owned()))
    };
    now.lines().map(row).collect::<Vec<_>>().into_iter()
}

/// Makes the rows what they are at the beginning of a run.
fn fill(shop: &Shop) {
    shop.run("DELETE FROM words");
    let values = first_rows().into_iter().map(|(id, word)| match word {
        Some(word) => format!("({id}, '{}')", word.replace('\'', "''")),
        None => format!("({id}, NULL)"),
    });
    let values = values.collect::<Vec<_>>().join(", ");
    shop.run(&format!("INSERT INTO words VALUES {values}"));
    // What the database numbers next is beyond all of those.
    shop.run(&format!("INSERT INTO words (id) VALUES ({})", NEW + 1));
    shop.run(&format!("DELETE FROM words WHERE id > {NEW}"));
}

/// Does one thing, in the studio and in what is expected of it.
fn once(
    shop: &Shop,
    studio: &mut Studio,
    act: &Act,
    expected: &mut Expected,
) -> Result<(), TestCaseError> {
    if studio.model.data.as_ref().unwrap().new_row.is_some() {
        studio.keys("gg");
    }
    let pane = studio.model.data.as_ref().unwrap();
    let here = pane.current_row().map(|row| row.cells[0].plain().parse::<i64>().unwrap());
    match (act, here) {
        (Act::Down, _) => drop(studio.keys("j").screen()),
        (Act::Up, _) => drop(studio.keys("k").screen()),
        (Act::Sort, _) => drop(studio.keys("s").screen()),
        (Act::Refresh, _) => drop(studio.keys("R").screen()),
        (Act::Page(down), _) => drop(studio.keys(if *down { "<pgdn>" } else { "<pgup>" }).screen()),
        (Act::Ends(last), _) => drop(studio.keys(if *last { "G" } else { "gg" }).screen()),
        (Act::Add(number), _) => {
            studio.keys("a");
            column(studio, "word");
            studio.paste(&format!("w{number}"));
            expected.next += 1;
            let id = -expected.next;
            expected.stage(id, Some(Staged::New(None)));
            expected.stage(id, Some(Staged::New(Some(format!("w{number}")))));
            studio.keys("gg");
        }
        (Act::Undo, _) => {
            studio.keys("u");
            expected.step(true);
        }
        (Act::Redo, _) => {
            studio.keys("<ctrl+r>");
            expected.step(false);
        }
        (Act::Apply, _) if expected.staged.is_empty() => {}
        (Act::Apply, _) => {
            studio.keys("<ctrl+s>a");
            expected.apply();
            prop_assert_eq!(told(rows_of(shop)), told(expected.rows.clone().into_iter()));
            // From now on its new rows are known by the numbers the database gave them.
            expected.rows = rows_of(shop).collect();
        }
        (_, None) => {}
        (Act::Word(number), Some(id)) => {
            studio.paste(&format!("w{number}"));
            expected.word(id, Some(format!("w{number}")));
        }
        (Act::Null, Some(id)) => {
            studio.keys("x");
            expected.word(id, None);
        }
        (Act::Delete, Some(id)) => {
            studio.keys("dd");
            let is_gone = expected.staged.get(&id) == Some(&Staged::Gone);
            expected.stage(id, (!is_gone).then_some(Staged::Gone));
        }
    }
    Ok(())
}

fn play(shop: &Shop, acts: &[Act]) -> Result<(), TestCaseError> {
    fill(shop);
    let mut studio = shop.table("words", |_| {});
    let mut expected = Expected { rows: first_rows(), ..Expected::default() };
    column(&mut studio, "word");
    for act in acts {
        once(shop, &mut studio, act, &mut expected)?;
        prop_assert_eq!(studio.model.staged.total(), expected.staged.len(), "after {:?}", act);
    }
    if !studio.model.staged.is_empty() {
        studio.keys("<ctrl+s>a");
        expected.apply();
    }
    prop_assert!(studio.model.staged.is_empty(), "{}", studio.screen());
    prop_assert_eq!(told(rows_of(shop)), told(expected.rows.clone().into_iter()));
    Ok(())
}

#[test]
fn whatever_is_done_the_database_is_what_was_wanted() {
    for shop in Shop::both("edit_random") {
        let id = match shop.is_postgres() {
            true => "int GENERATED BY DEFAULT AS IDENTITY (START WITH 1002) PRIMARY KEY",
            false => "INTEGER PRIMARY KEY AUTOINCREMENT",
        };
        shop.run(&format!("CREATE TABLE words (id {id}, word text)"));
        let runs = Runs { cases: 8, failure_persistence: None, ..Runs::default() };
        let mut runner = TestRunner::new(runs);
        let acts = prop::collection::vec(act(), 1..30);
        runner.run(&acts, |acts| play(&shop, &acts)).unwrap();
    }
}
