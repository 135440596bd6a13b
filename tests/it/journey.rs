//! Journeys of a newcomer through the whole studio, on a real terminal: every key is pressed
//! as a person would, and every step waits for what the screen must show then.

use std::fs;

use tempfile::TempDir;

use crate::screen::{Start, Terminal};
use crate::server;

/// Presses keys and waits for a text.
#[track_caller]
pub fn step(terminal: &mut Terminal, keys: &str, shown: &str) {
    terminal.keys(keys);
    terminal.wait_for_text(shown);
}

/// Presses keys and waits until a text is gone.
#[track_caller]
pub fn gone(terminal: &mut Terminal, keys: &str, text: &str) {
    terminal.keys(keys);
    terminal.wait_for(&format!("`{text}` to go"), |screen| !screen.contents().contains(text));
}

/// Leaves the studio, and looks at what it leaves behind.
#[track_caller]
pub fn leave(mut terminal: Terminal) {
    terminal.keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
    terminal.assert_only_drawn();
}

/// What was put onto the clipboard last, decoded.
fn clipboard(written: &[u8]) -> Option<String> {
    let log = String::from_utf8_lossy(written);
    let (_, after) = log.rsplit_once("\u{1b}]52;c;")?;
    let (encoded, _) = after.split_once('\u{7}')?;
    let digit = |letter: u8| match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for value in encoded.bytes().filter_map(digit) {
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    String::from_utf8(bytes).ok()
}

#[test]
fn through_the_demo() {
    let mut it = Start::studio(&["demo"]).size(120, 36).spawn();
    it.wait_for_text("user_overview");
    it.wait_for_text("? help");

    // A table by its name, its rows, a page on, the end and back.
    step(&mut it, "/users<enter>", "/ users");
    step(&mut it, "<enter>", "id INTEGER · row 1");
    it.wait_for_text("400 rows");
    step(&mut it, "<pgdn>", "row 31");
    step(&mut it, "G", "   400  ");
    step(&mut it, "gg", "row 1 ");

    // Sorted by the second column, up, down, not.
    step(&mut it, "ls", "↑");
    step(&mut it, "s", "↓");
    gone(&mut it, "s", "↓");

    // Filtered by the column under the cursor.
    step(&mut it, "f", "Filter");
    step(&mut it, "a@b.invalid<enter>", "No row meets the filter");
    gone(&mut it, "F", "No row meets the filter");

    // The tokens: a masked column stays dots, a record shows the row.
    step(&mut it, "<tab>/vault<enter><enter>", "token_vault ─");
    it.wait_for_text("••••••");
    step(&mut it, "r", "enter open  n p next, previous row");
    gone(&mut it, "<esc>", "previous row");

    // Along a foreign key and back.
    step(&mut it, "<enter>", "1 row");
    it.wait_for_text("accounts ─");
    step(&mut it, "<ctrl+o>", "token_vault ─");

    // Who refers to a user.
    step(&mut it, "<tab>/users<enter><enter>", "users ─");
    step(&mut it, "O", "Rows that refer to this one");
    gone(&mut it, "<esc>", "Rows that refer");

    // A JSON document in the audit log, folded and unfolded.
    step(&mut it, ":audit_log<enter>", "audit_log ─");
    step(&mut it, "$", "created_at TIMESTAMP · row 1");
    step(&mut it, "h", "payload JSON · row 1");
    step(&mut it, "<enter>", "enter fold");
    gone(&mut it, "<esc>", "enter fold");

    // Copies: a cell, then a row as JSON.
    it.keys("0yc");
    it.wait_for_written("the copied cell", |log| clipboard(log).as_deref() == Some("1"));
    it.wait_for_text("opied");
    it.keys("yj");
    it.wait_for_written("the copied row", |log| {
        clipboard(log).is_some_and(|copied| copied.trim_start().starts_with('{'))
    });

    // The structure, and what its lines lead to.
    step(&mut it, "2", "Primary key");
    it.wait_for_text("Foreign keys");
    step(&mut it, "1", "row 1 ");

    // Help by name, another theme, another size.
    step(&mut it, "?", "All keys");
    gone(&mut it, "markdown", "Everywhere");
    // Escape clears what was typed, and then closes.
    step(&mut it, "<esc>", "Everywhere");
    gone(&mut it, "<esc>", "Everywhere");
    step(&mut it, "T", "Theme: light");
    it.resize(80, 24);
    it.wait_for("the smaller screen", |screen| {
        screen.rows(0, 80).nth(22).is_some_and(|row| row.starts_with('╰'))
    });
    it.wait_for_text("? help");
    it.resize(30, 8);
    it.wait_for_text("is too small");
    it.resize(200, 50);
    it.wait_for_text("audit_log ─");

    it.keys("q");
    assert_eq!(it.wait_for_end().exit_code(), 0);
    it.assert_given_back();
    it.assert_only_drawn();
}

#[test]
fn a_document_is_folded_and_unfolded() {
    let file = server::sqlite("folding");
    file.execute(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, note JSON);
         INSERT INTO notes VALUES (1, '{\"first\": \"words enough to fill the column\", \
         \"outer\": {\"inner\": [1, 2]}, \"last\": true}');",
    );
    let mut it = Start::studio(&[file.path.to_str().unwrap()]).size(80, 24).spawn();
    it.wait_for_text("notes");
    step(&mut it, "<enter>", "id INTEGER · row 1");
    step(&mut it, "l<enter>", "\"inner\"");
    it.wait_for_text("enter fold");
    gone(&mut it, "jj<enter>", "\"inner\"");
    step(&mut it, "<enter>", "\"inner\"");
    gone(&mut it, "z", "\"inner\"");
    gone(&mut it, "<esc>", "enter fold");
    it.keys("q");
    assert_eq!(it.wait_for_end().exit_code(), 0);
    it.assert_only_drawn();
}

#[test]
fn through_a_postgresql_database() {
    let database = server::postgres().create_database("journey");
    database.psql(
        "CREATE SCHEMA shop;
         CREATE TYPE shop.state AS ENUM ('open', 'paid');
         CREATE TABLE shop.customers (id int PRIMARY KEY, name text NOT NULL);
         CREATE TABLE shop.orders (id int PRIMARY KEY, customer int REFERENCES shop.customers, \
         state shop.state, details jsonb);
         INSERT INTO shop.customers SELECT n, 'customer ' || n FROM generate_series(1, 300) n;
         INSERT INTO shop.orders SELECT n, n % 300 + 1, 'paid', \
         jsonb_build_object('lines', jsonb_build_array(n, n + 1)) FROM generate_series(1, 2000) n;
         ANALYZE;",
    );
    let mut it = Start::studio(&[&database.url()]).size(80, 24).spawn();
    it.wait_for_text("shop");
    step(&mut it, "/orders<enter><enter>", "shop.orders");
    it.wait_for_text("~ 2,000 rows");
    step(&mut it, "#", "2,000 rows ╮");
    step(&mut it, "G", "1999");
    step(&mut it, "gg", "row 1 ");
    step(&mut it, "l<enter>", "shop.customers");
    it.wait_for_text("customer 2");
    step(&mut it, "<ctrl+o>", "shop.orders");
    step(&mut it, "lllp", "JSON · 17 B");
    gone(&mut it, "<esc>", "JSON · 17 B");
    step(&mut it, "2", "shop.state");
    step(&mut it, "1", "shop.orders");
    it.keys("q");
    assert_eq!(it.wait_for_end().exit_code(), 0);
    it.assert_given_back();
    it.assert_only_drawn();
}

#[test]
fn a_connection_that_fails_is_explained_and_tried_again() {
    let server = server::postgres();
    let name = format!("late_{}", std::process::id());
    let secret = "swordfish-never-shown";
    let url = format!("postgres://postgres:{secret}@127.0.0.1:{}/{name}", server.port);
    let mut it = Start::studio(&[&url]).size(80, 24).spawn();
    it.wait_for_text("Not connected");
    it.wait_for_text(&name);
    it.wait_for_text("r try again");
    // The welcome screen is a key away and offers everything.
    step(&mut it, "w", "open the demo");
    step(&mut it, "u", "Open a database");
    gone(&mut it, "<esc>", "Open a database");
    it.keys("q");
    assert_eq!(it.wait_for_end().exit_code(), 0);
    it.assert_given_back();

    let mut it = Start::studio(&[&url]).size(80, 24).spawn();
    it.wait_for_text("Not connected");
    server.psql("postgres", &format!("CREATE DATABASE {name}"));
    step(&mut it, "r", "There is no table yet");
    it.keys("q");
    assert_eq!(it.wait_for_end().exit_code(), 0);
    server.psql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
    assert!(!String::from_utf8_lossy(&it.log()).contains(secret), "the password was written");
    it.assert_only_drawn();
}

#[test]
fn what_cannot_be_opened_is_explained_without_the_password() {
    let secret = "swordfish-never-shown";
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "no database, only words ".repeat(100)).unwrap();
    let port = server::postgres().port;
    let cases = [
        (format!("postgres://u:{secret}@127.0.0.1:1/x"), "No server listens at 127.0.0.1:1"),
        (
            format!("postgres://postgres:{secret}@127.0.0.1:{port}/postgres?sslmode=require"),
            "has no TLS",
        ),
        (format!("postgres://nobody:{secret}@127.0.0.1:{port}/postgres"), "nobody"),
        (text.to_str().unwrap().to_owned(), "is not a SQLite database"),
    ];
    for (address, said) in cases {
        let mut it = Start::studio(&[&address]).size(120, 36).spawn();
        it.wait_for_text("Not connected");
        it.wait_for_text(said);
        it.keys("q");
        assert_eq!(it.wait_for_end().exit_code(), 0, "{address}");
        assert!(!String::from_utf8_lossy(&it.log()).contains(secret), "{address}");
        it.assert_given_back();
        it.assert_only_drawn();
    }
    let place = folder.path().to_str().unwrap();
    let misspelt = format!("postgres://u:{secret}@h/x?sslmode=always");
    for (address, said) in [(place, "is a folder"), (misspelt.as_str(), "sslmode")] {
        let it = Start::studio(&[address]).size(120, 36).spawn();
        assert_eq!(it.wait_for_end().exit_code(), 2, "{address}");
        it.wait_for_text(said);
        assert!(!String::from_utf8_lossy(&it.log()).contains(secret), "{address}");
    }
}

/// A folder with a project on this database that wants this schema.
fn project(url: &str, schema: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("[environments.development]\nurl = \"{url}\"\n");
    fs::write(folder.path().join("dbstudio.toml"), settings).unwrap();
    fs::write(folder.path().join("schema.sql"), schema).unwrap();
    folder
}

#[test]
fn from_a_schema_file_to_a_sqlite_database() {
    let file = server::sqlite("pushing");
    file.execute(
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, mail TEXT NOT NULL, note TEXT);
         INSERT INTO customers VALUES (1, 'ada@x.ch', 'kept long'), (2, 'bo@x.ch', NULL);",
    );
    let wanted =
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, age INTEGER);";
    let folder = project(&format!("sqlite:{}", file.path.display()), wanted);
    let mut it = Start::studio(&[]).folder(folder.path()).size(80, 24).spawn();
    it.wait_for_text("customers");
    step(&mut it, "<enter>", "id INTEGER · row 1");
    step(&mut it, ":push<enter>", "Is the column customers.email the renamed");
    step(&mut it, "y", "a apply");
    it.wait_for_text("1 value of note lost");
    // Nothing runs before every item is ticked.
    step(&mut it, "a", "2 open");
    step(&mut it, "<enter><space>", "1 open");
    step(&mut it, "j<space>", "enter run");
    assert_eq!(
        file.query("SELECT count(*) FROM pragma_table_info('customers') WHERE name = 'mail'")
            .trim(),
        "1"
    );
    step(&mut it, "<enter>", "Applied");
    step(&mut it, "<enter>", "email");
    it.wait_for_text("age");
    gone(&mut it, "", "Applied");
    step(&mut it, ":push<enter>", "there is nothing to");
    it.keys("<enter>q");
    assert_eq!(it.wait_for_end().exit_code(), 0);
    assert_eq!(file.query("SELECT email FROM customers ORDER BY id LIMIT 1").trim(), "ada@x.ch");
    it.assert_given_back();
    it.assert_only_drawn();
}

#[test]
fn from_a_schema_file_to_a_postgresql_database_and_a_migration() {
    let database = server::postgres().create_database("pushing");
    database.psql(
        "CREATE TYPE state AS ENUM ('new', 'payed');
         CREATE TABLE orders (id int PRIMARY KEY, state state NOT NULL, total int);
         CREATE VIEW totals AS SELECT id, total FROM orders;
         INSERT INTO orders SELECT n, 'payed', n FROM generate_series(1, 200) n;",
    );
    let wanted = "CREATE TYPE state AS ENUM ('new', 'paid');
        CREATE TABLE orders (id int PRIMARY KEY, state state NOT NULL, total numeric(12, 2));
        CREATE VIEW totals AS SELECT id, total FROM orders;";
    let folder = project(&database.url(), wanted);
    let mut it = Start::studio(&[]).folder(folder.path()).size(120, 36).spawn();
    it.wait_for_text("totals");
    step(&mut it, "/orders<enter><enter>", "row 1 ");
    step(&mut it, ":push<enter>", "Is the label paid of the enum state the renamed payed?");
    step(&mut it, "y", "a apply");
    it.wait_for_text("RENAME VALUE 'payed' TO 'paid'");
    step(&mut it, "a", "Run ");
    // What evidence does not show is ticked by hand.
    if it.contents().contains(" open ") {
        step(&mut it, "<space>j<space>", "enter run");
    }
    step(&mut it, "<enter>", "Applied");
    step(&mut it, "<enter>", "1.00");
    step(&mut it, ":generate<enter>", "w write");
    step(&mut it, "w", "Name of the migration");
    step(&mut it, "<enter>", "The migration is written");
    it.keys("<enter>q");
    assert_eq!(it.wait_for_end().exit_code(), 0);
    assert_eq!(
        database.psql("SELECT state || ' ' || total FROM orders WHERE id = 7").trim(),
        "paid 7.00"
    );
    let written = fs::read_dir(folder.path().join("migrations")).unwrap().count();
    assert_eq!(written, 2);
    it.assert_given_back();
    it.assert_only_drawn();
}

#[test]
fn from_the_welcome_to_the_demo() {
    let mut it = Start::studio(&[]).size(80, 24).spawn();
    it.wait_for_text("Welcome");
    it.wait_for_text("open the demo");
    step(&mut it, "<enter>", "user_overview");
    step(&mut it, "<enter>", "row 1 ");
    it.keys("q");
    assert_eq!(it.wait_for_end().exit_code(), 0);
    it.assert_given_back();
    it.assert_only_drawn();
}
