//! Hostile strings in every place a database has for a string: none of them may act on the
//! terminal, hide, or move the frame by a cell. Once cell by cell in what is drawn, on every
//! relation of a hostile database; and once on a real terminal that measures clusters
//! otherwise than we do.

use std::path::PathBuf;
use std::time::Duration;

use dbstudio::text::width;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ratatui::buffer::Buffer;

use crate::screen::{Start, Terminal};
use crate::server::{self, TestDatabase, TestFile};
use crate::studio::Studio;

/// Nothing written for so long: the screen answers no key any more.
const QUIET: Duration = Duration::from_millis(120);

/// What each string is, and the string.
fn strings() -> Vec<(&'static str, String)> {
    let marks = "\u{300}\u{301}\u{302}\u{303}\u{316}\u{317}\u{489}".repeat(20);
    let plain = [
        ("sgr", "\u{1b}[31mRED\u{1b}[2J\u{1b}[H"),
        ("clipboard", "\u{1b}]52;c;cHduZWQ=\u{7}"),
        ("title", "\u{1b}]0;owned\u{7}\u{1b}]2;owned\u{1b}\\"),
        ("link", "\u{1b}]8;;http://evil.example\u{1b}\\x\u{1b}]8;;\u{1b}\\"),
        ("c1", "\u{9b}31m\u{9d}0;x\u{9c}\u{85}\u{90}"),
        ("overprint", "abc\rXY\u{8}\u{8}Z\u{7f}\u{b}\u{c}\u{7}"),
        ("bidi", "a\u{202e}evil\u{202c}b\u{2066}i\u{2069}\u{2067}x\u{200e}\u{200f}\u{61c}"),
        ("hidden", "z\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}w\u{ad}\u{34f}\u{180e}"),
        ("cjk", "日本語の長い名前がここにあります"),
        ("emoji", "👨‍👩‍👧‍👦 ❤️ 👍🏽 🏳️‍🌈 ☺️ ☺ 👩🏽‍❤️‍💋‍👨🏻"),
        ("flags", "🇩🇪🇫🇷🇯🇵🇺"),
        ("keycap", "1️⃣ #️⃣"),
        ("quotes", "it's \"q\" `x` \\ ; -- /* */ $$ {} %s"),
        ("lines", "one\ntwo\tthree\r\nfour"),
        ("spaces", "   before and after   "),
        ("jamo", "\u{1112}\u{1161}\u{11ab}"),
        ("thai", "กำ ำ"),
        ("arabic", "العربية لا"),
        ("hebrew", "שָׁלוֹם"),
        ("hindi", "नमस्ते क्षि"),
        ("tags", "🏴\u{e0067}\u{e0062}\u{e007f}"),
        ("private", "\u{e000}\u{f0000}\u{fffe}"),
        ("separators", "a\u{2028}b\u{2029}c"),
        ("fullwidth", "ＡＢＣ ｶﾞ"),
        ("variants", "⌚\u{fe0e} ⚡\u{fe0e} ©\u{fe0f} 葛\u{e0100}"),
        ("annotation", "\u{fff9}a\u{fffa}b\u{fffb}"),
        ("ligature", "﷽﷽"),
    ];
    let mut all: Vec<_> = plain.map(|(name, text)| (name, text.to_owned())).into();
    all.push(("zalgo", format!("Z{marks}algo")));
    all.push(("long", "L".repeat(3000)));
    all
}

/// An identifier of at most so many bytes, quoted.
fn quoted(prefix: &str, name: &str, bytes: usize) -> String {
    let mut end = name.len().min(bytes);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("\"{prefix}{}\"", name[..end].replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A SQLite file whose name is hostile too, full of hostile names and values.
fn sqlite() -> (TestFile, PathBuf) {
    let file = server::sqlite("hostile");
    let mut script = String::from("CREATE TABLE plain (id INTEGER PRIMARY KEY, kind, value);\n");
    for (at, (kind, text)) in strings().iter().enumerate() {
        let value = literal(text);
        script += &format!("INSERT INTO plain VALUES ({at}, '{kind}', {value});\n");
        let name = |prefix| quoted(prefix, text, 300);
        let (table, column) = (name("t"), name(""));
        script += &format!(
            "CREATE TABLE {table} ({column} {kinds} PRIMARY KEY, c TEXT DEFAULT {value} \
             CONSTRAINT {check} CHECK (length(c) > 0), ref REFERENCES plain (id));
             INSERT INTO {table} VALUES ({value}, {value}, {at});
             CREATE INDEX {index} ON {table} (c);
             CREATE VIEW {view} AS SELECT {value} AS {column}, * FROM {table};
             CREATE TRIGGER {trigger} AFTER INSERT ON {table} BEGIN SELECT {value}; END;\n",
            kinds = name("k"),
            check = name("c"),
            index = name("i"),
            view = name("v"),
            trigger = name("r"),
        );
    }
    script += "INSERT INTO plain VALUES (900, 'nul', cast(x'6100620a' AS TEXT)),
        (901, 'no UTF-8', cast(x'61ff80c0fe1b5b316d' AS TEXT)),
        (902, 'bytes', x'00ff1b5b313b33316d');";
    script += &format!(
        "INSERT INTO plain VALUES (903, 'json', {});",
        literal(
            "{\"\u{1b}[31m\":\"\u{202e}\",\"a\":{\"b\":[\"\u{9b}\",\"日本\",{\"x\u{200b}\":1}]}}"
        )
    );
    file.execute(&script);
    let named = file.path.with_file_name("h\u{1b}[31m\u{202e}日本👨‍👩‍👧.db");
    std::fs::rename(&file.path, &named).unwrap();
    (file, named)
}

/// A PostgreSQL database full of hostile names and values.
fn postgres() -> TestDatabase {
    let database = server::postgres().create_database("hostile");
    let mut script = String::from(
        "SET client_min_messages = error;
         CREATE TABLE plain (id int PRIMARY KEY, kind text, value text, j jsonb, b bytea, \
         a text[]);\n",
    );
    for (at, (kind, text)) in strings().iter().enumerate() {
        let value = literal(text);
        script += &format!(
            "INSERT INTO plain VALUES ({at}, '{kind}', {value}, jsonb_build_object({value}, \
             jsonb_build_array({value}, jsonb_build_object('x', {value}))), \
             convert_to({value}, 'utf8'), ARRAY[{value}, NULL]);\n"
        );
        let name = |prefix| quoted(prefix, text, 50);
        let (schema, table, plain) = (name(""), name("t"), name("e"));
        let label = literal(schema.trim_matches('"'));
        script += &format!(
            "CREATE SCHEMA {schema};
             CREATE TYPE {schema}.{plain} AS ENUM ({label});
             CREATE DOMAIN {schema}.{domain} AS text CONSTRAINT {check} CHECK (value <> 'no');
             CREATE TABLE {schema}.{table} ({column} {schema}.{plain} PRIMARY KEY, \
             c {schema}.{domain} DEFAULT {value}, ref int CONSTRAINT {key} REFERENCES plain);
             INSERT INTO {schema}.{table} VALUES ({label}, {value}, {at});
             CREATE INDEX {index} ON {schema}.{table} (c);
             CREATE VIEW {schema}.{view} AS SELECT {value}::text AS {column};
             CREATE SEQUENCE {schema}.{sequence};
             COMMENT ON SCHEMA {schema} IS {value};
             COMMENT ON TABLE {schema}.{table} IS {value};
             COMMENT ON COLUMN {schema}.{table}.c IS {value};
             CREATE FUNCTION {schema}.{function}() RETURNS int LANGUAGE plpgsql AS \
             $hostile$BEGIN RAISE EXCEPTION USING MESSAGE = {value}, DETAIL = {value}, \
             HINT = {value}; END$hostile$;
             CREATE VIEW {schema}.{broken} AS SELECT {schema}.{function}() AS x;\n",
            domain = name("d"),
            check = name("k"),
            column = name("c"),
            key = name("f"),
            index = name("i"),
            view = name("v"),
            sequence = name("s"),
            function = name("p"),
            broken = name("x"),
        );
    }
    database.psql(&script);
    database
}

/// The columns of the frames' sides on a screen of that width: tree, then rows.
fn sides(width: u16) -> [u16; 4] {
    let tree = (width / 4).clamp(20, 38);
    [0, tree - 1, tree, width - 1]
}

const CORNERS: [&str; 4] = ["╭", "╮", "╰", "╯"];

fn is_side(symbol: &str) -> bool {
    matches!(symbol, "│" | "┃" | "+" | "|" | "#")
}

/// What of the frame is not where it has to be. `at` gives the symbol of a cell. Over a dialog
/// only what no dialog covers is looked at, and the dialog's own frame.
fn displaced(size: (u16, u16), dialog: bool, at: impl Fn(u16, u16) -> String) -> Vec<String> {
    let (width, height) = size;
    let mut wrong = Vec::new();
    let columns = sides(width);
    let outer = if dialog { vec![columns[0], columns[3]] } else { columns.to_vec() };
    for y in 2..height - 2 {
        for x in &outer {
            let symbol = at(*x, y);
            if !is_side(&symbol) {
                wrong.push(format!("{symbol:?} at {x}, {y}"));
            }
        }
    }
    if !dialog {
        for (y, corners) in [(1, [0, 1]), (height - 2, [2, 3])] {
            for (place, x) in columns.iter().enumerate() {
                let symbol = at(*x, y);
                if symbol != CORNERS[corners[place % 2]] && symbol != "+" {
                    wrong.push(format!("{symbol:?} for a corner at {x}, {y}"));
                }
            }
        }
        return wrong;
    }
    let corner = |y: u16, from: u16, sign: &str| (from..width).find(|x| at(*x, y) == sign);
    // In the first line the pane of rows has a corner of its own.
    let opens = |x: &u16, y| at(*x, y) == "╭" && (y != 1 || *x != columns[2]);
    let top = (0..height - 2).find_map(|y| Some(((1..width).find(|x| opens(x, y))?, y)));
    let Some((left, top)) = top else { return vec!["there is no dialog".to_owned()] };
    let Some(right) = corner(top, left, "╮") else { return vec!["no corner".to_owned()] };
    for y in top + 1..height - 1 {
        let (start, end) = (at(left, y), at(right, y));
        if start == "╰" && end == "╯" {
            return wrong;
        }
        if !is_side(&start) || !is_side(&end) {
            wrong.push(format!("{start:?} and {end:?} of the dialog in line {y}"));
        }
    }
    wrong
}

/// Whether a character may be in a cell at all: none that acts, hides or turns.
fn is_harmless(character: char) -> bool {
    let code = u32::from(character);
    let hidden = matches!(code, 0xad | 0x61c | 0x180e | 0x200b | 0x200c | 0x200e | 0x200f)
        || matches!(code, 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb)
        || matches!(code, 0xe000..=0xf8ff | 0xe0000..=0xe0fff | 0xf0000..);
    !character.is_control() && !hidden
}

/// What of a drawn buffer is not as it has to be.
fn faults(buf: &Buffer, dialog: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, cell) in buf.content().iter().enumerate() {
        let symbol = cell.symbol();
        if !symbol.chars().all(is_harmless) || symbol.ends_with('\u{200d}') {
            wrong.push(format!("{symbol:?} in cell {at}"));
        }
    }
    let size = (buf.area.width, buf.area.height);
    let line = |y| (0..size.0).map(move |x| buf.cell((x, y)).unwrap().symbol());
    for y in 0..size.1 {
        // What a wide symbol covers is empty, and no symbol reaches beyond the line.
        let mut covered = 0;
        let fits = line(y).all(|symbol| {
            let fine = covered == 0 || symbol == " ";
            covered = if covered > 0 { covered - 1 } else { width(symbol).max(1) - 1 };
            fine
        });
        if !fits || covered > 0 {
            wrong.push(format!("line {y} is not as wide as its cells"));
        }
    }
    wrong.extend(displaced(size, dialog, |x, y| buf.cell((x, y)).unwrap().symbol().to_owned()));
    wrong
}

#[track_caller]
fn check(studio: &Studio, dialog: bool, doing: &str) {
    let wrong = faults(&studio.draw(), dialog);
    assert!(wrong.is_empty(), "{doing}: {wrong:?}\n{}", studio.screen());
}

/// Every relation, in all views; every string in all dialogs.
fn walk(studio: &mut Studio, relations: usize) {
    check(studio, false, "the tree");
    studio.keys("gg");
    let mut seen = 0;
    for line in 0..relations * 8 {
        studio.keys("l");
        let opened = studio.model.focus == dbstudio::app::model::Focus::Main;
        check(studio, false, &format!("line {line}"));
        if opened {
            seen += 1;
            studio.keys("l");
            check(studio, false, &format!("rows of line {line}"));
            studio.keys("2");
            check(studio, false, &format!("structure of line {line}"));
            studio.keys("G");
            check(studio, false, &format!("the end of the structure of line {line}"));
            studio.keys("1<esc><esc>");
            studio.model.focus = dbstudio::app::model::Focus::Tree;
        }
        studio.keys("j");
    }
    assert!(seen >= relations, "only {seen} relations were opened");
    studio.keys("/plain<enter><enter>ll");
    for row in 0..strings().len() + 2 {
        for dialog in ["<enter>", "p", "r", "f"] {
            studio.keys(dialog);
            check(studio, true, &format!("{dialog} on row {row}"));
            studio.keys("<esc>");
        }
        studio.keys("j");
    }
    studio.keys("gg0O");
    if !studio.model.overlays.is_empty() {
        check(studio, true, "the referring rows");
        studio.keys("<esc>");
    }
    studio.keys(":plain");
    check(studio, true, "the palette");
    studio.keys("<esc>?");
    check(studio, true, "the help");
    studio.keys("<esc>");
}

#[test]
fn nothing_hostile_of_a_sqlite_file_is_drawn() {
    let (_file, path) = sqlite();
    for size in [(80, 24), (120, 36), (200, 50)] {
        let mut studio = Studio::open(path.to_str().unwrap(), size);
        walk(&mut studio, strings().len() * 2);
    }
}

#[test]
fn nothing_hostile_of_a_postgresql_database_is_drawn() {
    let database = postgres();
    for size in [(80, 24), (120, 36)] {
        let mut studio = Studio::open(&database.url(), size);
        walk(&mut studio, strings().len() * 3);
    }
}

/// Random text out of what screens get wrong.
fn odd_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(strings()).prop_map(|(_, text)| text.chars().take(40).collect()),
        proptest::collection::vec(any::<char>(), 0..12)
            .prop_map(|all| all.into_iter().collect::<String>()),
        "[ -~]{0,12}",
    ];
    proptest::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat().replace('\0', "0"))
}

#[test]
fn whatever_a_name_and_a_value_hold_the_frame_stays() {
    let case = (odd_text(), odd_text(), odd_text(), 60_u16..130, 16_u16..40);
    let mut runner =
        TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let tried = runner.run(&case, |(table, column, value, width, height)| {
        let file = server::sqlite("odd");
        let (table, column) = (quoted("t", &table, 200), quoted("c", &column, 200));
        let value = literal(&value);
        file.execute(&format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, {column} TEXT DEFAULT {value});
             INSERT INTO {table} ({column}) VALUES ({value}), ({value} || {value});"
        ));
        let mut studio = Studio::open(file.path.to_str().unwrap(), (width, height));
        let found = |studio: &Studio, dialog| {
            let wrong = faults(&studio.draw(), dialog);
            prop_assert!(wrong.is_empty(), "{wrong:?}\n{}", studio.screen());
            Ok(())
        };
        found(&studio, false)?;
        studio.keys("<enter>l");
        found(&studio, false)?;
        for dialog in ["<enter>", "r", "f"] {
            studio.keys(dialog);
            found(&studio, true)?;
            studio.keys("<esc>");
        }
        studio.keys("2");
        found(&studio, false)
    });
    if let Err(failure) = tried {
        panic!("{failure}");
    }
}

/// Waits until the screen is quiet and looks at the frame, on a terminal.
#[track_caller]
fn look(terminal: &Terminal, size: (u16, u16), dialog: bool, doing: &str) {
    terminal.wait_for_silence(QUIET);
    terminal.wait_for(doing, |screen| {
        let at = |x, y| screen.cell(y, x).map_or("", vt100::Cell::contents).to_owned();
        let found = displaced(size, dialog, at);
        assert!(found.is_empty(), "{doing}: {found:?}\n{}", screen.contents());
        true
    });
    terminal.assert_only_drawn();
}

/// The main views on a terminal: keys, whether a dialog is open then, and what it is.
const VIEWS: [(&str, bool, &str); 29] = [
    ("<pgdn>", false, "a page of the tree"),
    ("<pgdn>", false, "another page of the tree"),
    ("G", false, "the end of the tree"),
    ("/plain<enter><enter>", false, "the rows"),
    ("l", false, "a column on"),
    ("l", false, "two columns on"),
    ("<pgdn>", false, "a page of rows"),
    ("gg", false, "the first row"),
    ("p", true, "the cell"),
    ("nnnn", true, "the cell below"),
    ("nnnnnnn", true, "an emoji's cell"),
    ("<esc>", false, "the rows below the cell"),
    ("r", true, "the record"),
    ("<esc>", false, "the rows below the record"),
    ("f", true, "the filter"),
    ("<esc>", false, "the rows below the filter"),
    (":", true, "the palette"),
    ("<esc>", false, "the rows below the palette"),
    ("?", true, "the help"),
    ("<esc>", false, "the rows below the help"),
    ("s", false, "sorted"),
    ("T", false, "another theme"),
    ("T", false, "a third theme"),
    ("yr", false, "copied"),
    ("2", false, "the structure"),
    ("<pgdn>", false, "more of the structure"),
    ("G", false, "the end of the structure"),
    ("1", false, "the rows again"),
    ("<tab>/owned<enter><enter>", false, "a table of hostile name"),
];

fn on_a_terminal(address: &str, size: (u16, u16), locale: &str, no_colour: bool) {
    let mut start = Start::studio(&[address]).size(size.0, size.1).variable("LANG", locale);
    if no_colour {
        start = start.variable("NO_COLOR", "1");
    }
    let mut terminal = start.spawn();
    terminal.wait_for_text("plain");
    look(&terminal, size, false, "the first screen");
    for (keys, dialog, doing) in VIEWS {
        terminal.keys(keys);
        // Without Unicode a dialog's corners look like any other.
        if dialog && locale == "C" {
            terminal.wait_for_silence(QUIET);
            terminal.assert_only_drawn();
        } else {
            look(&terminal, size, dialog, doing);
        }
    }
    terminal.keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
    terminal.assert_only_drawn();
}

#[test]
fn nothing_of_a_sqlite_file_reaches_the_terminal_as_a_control() {
    let (_file, path) = sqlite();
    on_a_terminal(path.to_str().unwrap(), (80, 50), "C.UTF-8", false);
    on_a_terminal(path.to_str().unwrap(), (120, 36), "C", true);
}

#[test]
fn nothing_of_a_postgresql_database_reaches_the_terminal_as_a_control() {
    let database = postgres();
    on_a_terminal(&database.url(), (120, 50), "C.UTF-8", false);
}

#[test]
fn an_error_in_hostile_words_and_a_hostile_database_name() {
    let server = server::postgres();
    let name = "d\u{1b}[31m\u{202e}日本 👨‍👩‍👧";
    let sql = format!(
        "DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE); CREATE DATABASE \"{name}\";
         DROP ROLE IF EXISTS \"{name}\"; CREATE ROLE \"{name}\" SUPERUSER LOGIN;"
    );
    server.psql("postgres", &sql);
    let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let url = format!("postgres://{encoded}@127.0.0.1:{}/{encoded}", server.port);
    let size = (100, 30);
    let mut terminal = Start::studio(&[&url]).size(size.0, size.1).spawn();
    terminal.wait_for_text("no tables yet");
    look(&terminal, size, false, "an empty database");
    let message = literal("\u{1b}[31m\u{9b}2J\u{202e}日本\u{200b} 👨‍👩‍👧 \r\n\u{7}");
    server.psql(
        name,
        &format!(
            "CREATE FUNCTION boom() RETURNS int LANGUAGE plpgsql AS $x$BEGIN RAISE EXCEPTION \
             USING MESSAGE = {message}, DETAIL = {message}, HINT = {message}; END$x$;
             CREATE VIEW broken AS SELECT boom() AS x;"
        ),
    );
    terminal.keys("R");
    terminal.wait_for_text("broken");
    terminal.keys("/broken<enter><enter>");
    terminal.wait_for_text("[31m");
    look(&terminal, size, false, "a hostile error");
    terminal.keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_only_drawn();
    server
        .psql("postgres", &format!("DROP DATABASE \"{name}\" WITH (FORCE); DROP ROLE \"{name}\";"));
}
