//! Journeys through editing rows on a real terminal, on PostgreSQL and SQLite: staged, reviewed,
//! applied and taken back; and what the grid shows written to a file, watched and stopped.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::edit::Shop;
use crate::journey::{gone, step};
use crate::screen::{Start, Terminal};

#[test]
fn edited_reviewed_applied_and_taken_back() {
    for shop in Shop::both("journey_edit") {
        let mut it = Start::studio(&[&shop.url()]).size(80, 24).spawn();
        it.wait_for_text("customers");
        step(&mut it, "/customers<enter><enter>", "ada@a.io");
        step(&mut it, "le", "enter stage");
        step(&mut it, "<end> lovelace<enter>", "1 changed");
        // A new row, its key and its name typed; another one goes.
        step(&mut it, "a", "1 added");
        step(&mut it, "0e", "enter stage");
        gone(&mut it, "9<enter>", "esc ");
        step(&mut it, "le", "enter stage");
        gone(&mut it, "grace<enter>", "esc ");
        it.wait_for_text("grace");
        step(&mut it, "ggjjdd", "1 deleted");
        gone(&mut it, "u", "1 deleted");
        step(&mut it, "<ctrl+r>", "1 deleted");
        step(&mut it, "<ctrl+s>", "3 statements, one transaction");
        it.wait_for_text("ada lovelace");
        gone(&mut it, "a", "one transaction");
        it.wait_for_text("Applied 3 changes");
        let names = "SELECT name FROM customers ORDER BY id";
        assert_eq!(shop.query(names), "ada lovelace\nbob\ngrace\n");
        step(&mut it, "U", "3 statements, one transaction");
        gone(&mut it, "a", "one transaction");
        it.wait_for_text("Applied 3 changes");
        assert_eq!(shop.query(names), "ada\nbob\neve\n");
        it.keys("q");
        assert_eq!(it.wait_for_end().exit_code(), 0);
        it.assert_given_back();
        it.assert_only_drawn();
    }
}

/// A view whose first rows come at once, and whose last never do.
fn endless(shop: &Shop) {
    if shop.is_postgres() {
        shop.run(
            "CREATE TABLE large AS SELECT g AS id, repeat('x', 200) AS t FROM generate_series(1, 60000) g",
        );
        shop.run(
            "CREATE VIEW endless AS SELECT id, t, CASE WHEN id = 59999 THEN pg_sleep(600)::text END AS s FROM large",
        );
    } else {
        shop.run(
            "CREATE TABLE large AS WITH RECURSIVE g(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM g LIMIT 60000)
             SELECT id, printf('%.200c', 'x') AS t FROM g",
        );
        shop.run(
            "CREATE VIEW endless AS SELECT id, t FROM large
             UNION ALL SELECT count(*), '' FROM large a, large b, large c",
        );
    }
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The studio that exports, once rows have been written.
fn exporting(it: &mut Terminal, folder: &Path) {
    step(it, ":export these<enter>", "Export these rows to a file");
    for _ in 0..20 {
        it.keys("<backspace>");
    }
    it.keys("out.csv<enter>");
    it.wait_for_text("rows; ctrl+c stops it");
    let found = files(folder);
    assert!(found.len() == 1 && found[0].ends_with(".part"), "{found:?}");
}

#[test]
fn an_export_from_the_grid_is_watched_and_stopped_and_leaves_no_half_file() {
    for shop in Shop::both("journey_export") {
        endless(&shop);
        let folder = tempfile::tempdir().unwrap();
        let start = || Start::studio(&[&shop.url()]).folder(folder.path()).size(120, 36).spawn();
        let mut it = start();
        it.wait_for_text("endless");
        step(&mut it, "/endless<enter><enter>", "xxx");
        exporting(&mut it, folder.path());
        // The studio is there meanwhile.
        step(&mut it, "jjj", "row 4");
        it.keys("<ctrl+c>");
        it.wait_for_text("Cancelled writing rows to a file");
        assert!(files(folder.path()).is_empty(), "{:?}", files(folder.path()));
        if let Shop::Postgres(database) = &shop {
            let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                           AND state = 'active' AND query LIKE 'COPY%'";
            assert_eq!(database.psql(running), "0\n");
        }
        // Killed, there is none under its name either.
        exporting(&mut it, folder.path());
        it.signal(Signal::KILL);
        it.wait_for_end();
        assert!(files(folder.path()).iter().all(|name| name != "out.csv"));
        for part in files(folder.path()) {
            fs::remove_file(folder.path().join(part)).unwrap();
        }
    }
}
