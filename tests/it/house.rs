//! The rules of the house that a machine can check: which room may name which, who may print,
//! spawn and talk to a terminal, how files open and how long they are. The rules are those of
//! `src/ARCHITECTURE.md`; the first test holds the two together.

mod scanner;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use scanner::{Named, names};

/// The most lines a file may have.
const MOST_LINES: usize = 600;

/// A room and the rooms it may name. `lib.rs` and `main.rs` tie rooms together and may name all.
const LAYERS: &[(&str, &[&str])] = &[
    ("problem", &[]),
    ("config", &["problem"]),
    ("text", &[]),
    ("sql", &["problem"]),
    ("schema", &["sql", "problem"]),
    ("db", &["schema", "sql", "config", "problem"]),
    ("migrations", &["db", "schema", "sql", "config", "problem"]),
    ("ops", &["migrations", "db", "schema", "sql", "config", "problem"]),
    ("app", &["ops", "db", "schema", "sql", "config", "problem", "text"]),
    ("tui", &["app", "ops", "db", "schema", "sql", "config", "problem", "text"]),
    ("cli", &["ops", "migrations", "db", "schema", "sql", "config", "problem", "text"]),
];

/// Crates that belong to some rooms only.
const CRATES: &[(&str, &[&str])] = &[
    ("sqlx", &["db"]),
    ("rusqlite", &["db"]),
    ("encoding_rs", &["ops"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("tui_textarea", &["tui"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("color_eyre", &["main", "tui"]),
    ("directories", &["config"]),
    ("dotenvy", &["config"]),
    // The project's and the person's settings, and the themes.
    ("toml", &["config", "tui"]),
];

/// Rooms that are pure: they reach neither files, the network, other programs, variables, the
/// clock nor a runtime, and cannot wait.
const PURE: &[&str] = &["problem", "text", "sql", "schema", "app"];

/// What a pure room may not name.
const IMPURE: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "net"],
    &["std", "io"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["tokio"],
    &["futures_util"],
    &["Instant", "now"],
    &["SystemTime", "now"],
    &["std", "time", "Instant", "now"],
    &["std", "time", "SystemTime", "now"],
    &["async"],
    &["await"],
];

/// What of `db` the application's core may not name: what does the work rather than says it.
const NOT_FOR_APP: &[&str] = &["Db", "postgres", "sqlite", "script", "keyset", "stop"];

/// What of the terminal's libraries the application's core may name: geometry, which the view and
/// the mouse share, and in one file the editing of a text field, which is plain data.
const FOR_APP: &[(&str, &str)] = &[
    ("src/app/", "ratatui::layout::Rect"),
    ("src/app/", "ratatui::layout::Position"),
    ("src/app/field.rs", "tui_textarea::"),
];

/// Where work is started on another task or thread, and why there.
const SPAWNERS: &[&str] = &[
    // The studio's runner: every effect is a task it watches over.
    "src/tui/runner.rs",
    // A query whose future was dropped goes on at the server: somebody must end and drain it.
    "src/db/postgres/",
    // Moving many rows: one thread steps SQLite's statement, rather than two for every row.
    "src/db/sqlite/export.rs",
    "src/db/sqlite/import.rs",
];

/// Where something is written to standard output or standard error, and why there.
const PRINTERS: &[&str] = &["src/cli/print.rs", "src/tui/"];

const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

const NO_NAMES_FOR_MODULES: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "manager", "misc", "shared", "stuff"];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder of the package, as paths relative to the package.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![package().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(package()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no Rust file in {folder}");
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(package().join(path)).unwrap()
}

/// The module a file of `src/` is: `src/db/postgres/mod.rs` is `["db", "postgres"]`.
fn module_of(path: &Path) -> Vec<String> {
    let inside = path.strip_prefix("src").unwrap().with_extension("");
    let mut parts: Vec<String> =
        inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

/// Everything wrong in one source, one line each.
fn violations(path: &Path, source: &str) -> String {
    let module = module_of(path);
    let room = module.first().map_or("lib", String::as_str);
    let ties = path == Path::new("src/lib.rs") || path == Path::new("src/main.rs");
    let mut found = String::new();
    for named in names(if ties { &[] } else { &module }, source) {
        let wrongs = [
            if ties { None } else { wrong_room(room, &named) },
            wrong_crate(path, room, &named),
            impure(room, &named),
            wrong_place(path, &named),
        ];
        for wrong in wrongs.into_iter().flatten() {
            let (line, what) = (named.line, named.path.join("::"));
            writeln!(found, "{}:{line}: {what}: {wrong}", path.display()).unwrap();
        }
    }
    found
}

fn wrong_room(room: &str, named: &Named) -> Option<String> {
    let segments: Vec<&str> = named.path.iter().map(String::as_str).collect();
    let target = match segments.as_slice() {
        ["crate"] if named.next == "!" || named.next == ")" => return None,
        ["crate"] => return Some("the whole crate under another name hides what is used".into()),
        ["crate" | "dbstudio", target, ..] => *target,
        _ => return None,
    };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == room) else {
        return Some(format!("{room} is no room of the house"));
    };
    if target != room && !allowed.contains(&target) {
        return Some(format!("{room} never names {target}"));
    }
    match segments.as_slice() {
        [_, "db", part, ..] if room == "app" && NOT_FOR_APP.contains(part) => {
            Some("app names the values and pages of db, never what does its work".into())
        }
        _ => None,
    }
}

fn wrong_crate(file: &Path, room: &str, named: &Named) -> Option<String> {
    let first = named.path.first()?;
    let (name, rooms) = CRATES.iter().find(|(name, _)| name == first)?;
    // A word that is no path: a local variable or a field that happens to be called so.
    if named.path.len() == 1 && !matches!(named.next.as_str(), ";" | "," | "}") {
        return None;
    }
    if named.path.len() == 1 || named.after_dot {
        return None;
    }
    if FOR_APP
        .iter()
        .any(|(place, path)| starts(file, place) && named.path.join("::").starts_with(path))
    {
        return None;
    }
    if !rooms.contains(&room) {
        return Some(format!("{name} is for {} only", rooms.join(" and ")));
    }
    (named.exported && *name == "sqlx").then(|| "sqlx stays inside db: never exported".into())
}

fn impure(room: &str, named: &Named) -> Option<String> {
    if !PURE.contains(&room) || named.after_dot && named.path != ["await"] {
        return None;
    }
    let reaches = |what: &&&[&str]| {
        let head = named.path.iter().take(what.len()).map(String::as_str);
        head.eq(what.iter().copied())
    };
    IMPURE.iter().find(reaches).map(|_| format!("{room} is pure"))
}

fn wrong_place(path: &Path, named: &Named) -> Option<String> {
    let within = |places: &[&str]| places.iter().any(|place| starts(path, place));
    let last = named.path.last().map_or("", String::as_str);
    let spawns = matches!(last, "spawn" | "spawn_blocking" | "spawn_local") && named.path.len() > 1;
    if (spawns || last == "JoinSet") && !within(SPAWNERS) {
        return Some("only the runner starts tasks and threads".into());
    }
    let prints = PRINTING.contains(&last) && named.next == "!";
    let writes = named.path.len() > 1 && matches!(last, "stdout" | "stderr") && named.next == "(";
    if (prints || writes) && !within(PRINTERS) {
        return Some("only cli/print.rs prints".into());
    }
    None
}

fn starts(path: &Path, place: &str) -> bool {
    path.to_string_lossy().starts_with(place)
}

#[test]
fn architecture_and_this_test_tell_the_same_layers() {
    let page = read(Path::new("src/ARCHITECTURE.md"));
    for (room, allowed) in LAYERS {
        let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        let row = format!("| `{room}` | {allowed} |");
        assert!(page.contains(&row), "src/ARCHITECTURE.md lacks the row\n{row}");
    }
}

#[test]
fn architecture_lists_every_room_that_exists() {
    let page = read(Path::new("src/ARCHITECTURE.md"));
    for path in rust_files("src") {
        let Some(room) = module_of(&path).into_iter().next() else { continue };
        if path == Path::new("src/main.rs") {
            continue;
        }
        assert!(LAYERS.iter().any(|(name, _)| *name == room), "{}: no such room", path.display());
        assert!(page.contains(&format!("`{room}`")), "src/ARCHITECTURE.md says nothing of {room}");
    }
}

#[test]
fn every_source_names_only_what_its_room_may() {
    let wrong: String =
        rust_files("src").iter().map(|path| violations(path, &read(path))).collect();
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn files_open_with_what_they_are_and_stay_short() {
    let mut wrong = String::new();
    for path in rust_files("src").into_iter().chain(rust_files("tests")) {
        let source = read(&path);
        let (lines, shown) = (source.lines().count(), path.display());
        if lines > MOST_LINES {
            writeln!(wrong, "{shown}: {lines} lines; two ideas in one file?").unwrap();
        }
        if !source.starts_with("//!") && !source.starts_with("#![doc = include_str!") {
            writeln!(wrong, "{shown}: does not open with //! and what it is").unwrap();
        }
        let name = path.file_stem().unwrap().to_string_lossy();
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        if [name, folder].iter().any(|name| NO_NAMES_FOR_MODULES.contains(&name.as_ref())) {
            writeln!(wrong, "{shown}: name it for what it holds").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn nothing_is_left_for_later_and_no_test_sleeps() {
    // Put together here, so that this file does not find itself.
    let marks = ["TO", "FIX", "XX"].iter().zip(["DO", "ME", "X"]).map(|(a, b)| format!("{a}{b}"));
    let silenced = ["allow(dead", "#[ign", "thread::sl", "time::sl"].iter();
    let silenced = silenced.zip(["_code)", "ore", "eep", "eep"]).map(|(a, b)| format!("{a}{b}"));
    let needles: Vec<String> = marks.chain(silenced).collect();
    let mut wrong = String::new();
    for path in rust_files("src").into_iter().chain(rust_files("tests")) {
        for (number, line) in read(&path).lines().enumerate() {
            // A wait inside the program has its own reasons; a test waits for what must happen.
            let of_tests = starts(&path, "tests/");
            let hit = |needle: &&String| of_tests || !needle.contains("sleep");
            for needle in needles.iter().filter(hit).filter(|needle| line.contains(*needle)) {
                writeln!(wrong, "{}:{}: {needle}", path.display(), number + 1).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn planted_violations_are_found() {
    for (path, source) in [
        ("src/schema/mod.rs", "use crate::db::Db;"),
        ("src/schema/mod.rs", "use crate::{problem::Problem, db::{self, page::Page}};"),
        ("src/schema/relation.rs", "fn f() { super::super::db::x() }"),
        ("src/schema/relation.rs", "mod tests { use super::super::super::ops::demo; }"),
        ("src/schema/relation.rs", "use super::{Outline, super::db::Db};"),
        ("src/cli/run.rs", "fn f() { crate::tui::run() }"),
        ("src/cli/run.rs", "use crate as house; "),
        ("src/cli/run.rs", "fn f() { println!(\"\") }"),
        ("src/cli/run.rs", "use std::io::{self, stdout}; fn f() { io::stdout() }"),
        ("src/tui/view/mod.rs", "use crate::cli::run;"),
        ("src/tui/view/mod.rs", "fn f() { tokio::spawn(async {}) }"),
        ("src/ops/status.rs", "fn f() { std::thread::spawn(|| ()); }"),
        ("src/ops/status.rs", "fn f() { sqlx::query(\"\"); }"),
        ("src/ops/status.rs", "use ::sqlx::Row;"),
        ("src/ops/status.rs", "fn f() -> Vec<sqlx::Error> { Vec::new() }"),
        ("src/ops/status.rs", "macro_rules! m { () => { $crate::app::f() } }"),
        ("src/db/mod.rs", "pub use sqlx::Row;"),
        ("src/app/mod.rs", "use ratatui::layout::{Rect, Size};"),
        ("src/app/update.rs", "use tui_textarea::TextArea;"),
        ("src/app/mod.rs", "use crate::db::Db;"),
        ("src/app/mod.rs", "fn f() { let t = std::time::Instant::now(); }"),
        ("src/app/mod.rs", "async fn f() {}"),
        ("src/app/mod.rs", "use std::fs;"),
        ("src/main.rs", "fn f() { eprintln!() }"),
        ("src/other/mod.rs", "use crate::problem::Problem;"),
    ] {
        assert_ne!(violations(Path::new(path), source), "", "{path}: {source}");
    }
}

#[test]
fn what_the_rules_allow_is_not_reported() {
    for (path, source) in [
        ("src/db/mod.rs", "use sqlx::Row; use crate::{schema::{Outline, Relation}, sql};"),
        ("src/db/page.rs", "use super::value::Value; use crate::db::stop::Stop;"),
        ("src/app/mod.rs", "use ratatui::layout::Rect; use crate::db::{page::Page, value::Value};"),
        ("src/app/mod.rs", "// crate::tui::x\n/* sqlx::y */ fn f() { let s = \"crate::tui::x\"; }"),
        ("src/app/mod.rs", "fn f<'a>(c: char) -> bool { c == '\"' || c == '\\'' } // sqlx::x"),
        ("src/app/mod.rs", "const S: &str = r#\"a \" sqlx::x\"#; fn g(print: u8) -> u8 { print }"),
        ("src/cli/print.rs", "fn f() { println!(\"\"); let x = std::io::stdout(); }"),
        ("src/tui/runner.rs", "fn f() { tokio::spawn(async {}); }"),
        ("src/ops/status.rs", "mod tests { use super::*; use super::super::demo; }"),
        ("src/main.rs", "fn main() { dbstudio::tui::run(dbstudio::cli::run()) }"),
    ] {
        assert_eq!(violations(Path::new(path), source), "", "{path}: {source}");
    }
}

#[test]
fn the_scanner_reads_groups_renames_and_lines() {
    let found =
        names(&["db".into()], "\nuse crate::{a as b,\n c::{self, d::*}};\nfn f() { e::g() }");
    let found: Vec<(usize, String)> =
        found.into_iter().map(|named| (named.line, named.path.join("::"))).collect();
    for expected in [(2, "crate::a"), (3, "crate::c::self"), (3, "crate::c::d::*"), (4, "e::g")] {
        assert!(found.contains(&(expected.0, expected.1.to_owned())), "{expected:?} in {found:?}");
    }
}
