//! Edits that wait are on the disk: found again after a crash, fitted to what the tables have
//! become, kept apart between two studios, and never with a masked value in them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use dbstudio::config::{MaskedColumn, Target};
use rustix::process::Signal;

use crate::edit::{Shop, column};
use crate::screen::Start;
use crate::studio::Studio;

/// The studio on the rows of a table, in a home that outlives it.
fn studio(shop: &Shop, home: &Path, table: &str, change: impl FnOnce(&mut Target)) -> Studio {
    let mut studio = Studio::open_in(home, &shop.url(), (120, 36), change);
    if studio.model.overlays.is_empty() {
        shop.open(&mut studio, table);
    }
    studio
}

/// The journals below a home.
fn journals(home: &Path) -> Vec<PathBuf> {
    let folder = home.join("state/dbstudio/edits");
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_journal = |path: &PathBuf| !path.to_str().unwrap().contains(".undo.");
    paths.filter(is_journal).collect()
}

/// Sets the name of the customer under the cursor.
fn rename(studio: &mut Studio, to: &str) {
    column(studio, "name");
    studio.paste(to);
}

#[test]
fn edits_are_found_again_and_offered() {
    for shop in Shop::both("journal_again") {
        let home = tempfile::tempdir().unwrap();
        let mut first = studio(&shop, home.path(), "customers", |_| {});
        rename(&mut first, "ADA");
        first.keys("jdd");
        first.keys("a");
        first.keys("u");
        let [journal] = &journals(home.path())[..] else { panic!("one journal") };
        assert_eq!(fs::metadata(journal).unwrap().permissions().mode() & 0o777, 0o600);
        drop(first);
        let mut again = studio(&shop, home.path(), "customers", |_| {});
        assert!(again.screen().contains("Bring back edits"), "{}", again.screen());
        // No leaves them for the next time.
        again.keys("n");
        drop(again);
        let mut again = studio(&shop, home.path(), "customers", |_| {});
        again.keys("y");
        let screen = again.screen();
        assert!(screen.contains("1 changed · 1 deleted") && screen.contains("▎ADA"), "{screen}");
        again.keys("<ctrl+s>a");
        assert!(again.screen().contains("Applied 2 changes"), "{}", again.screen());
        assert!(journals(home.path()).is_empty(), "what is applied is not kept");
        let names = "SELECT name FROM customers ORDER BY id";
        assert_eq!(shop.query(names), "ADA\neve\n");
    }
}

#[test]
fn two_studios_do_not_disturb_each_other() {
    for shop in Shop::both("journal_two") {
        let home = tempfile::tempdir().unwrap();
        let mut one = studio(&shop, home.path(), "customers", |_| {});
        rename(&mut one, "ONE");
        let mut two = studio(&shop, home.path(), "customers", |_| {});
        assert!(two.model.overlays.is_empty(), "what a studio at work holds is not offered");
        two.keys("j");
        rename(&mut two, "TWO");
        assert_eq!(journals(home.path()).len(), 2);
        one.keys("<ctrl+s>a");
        assert_eq!(journals(home.path()).len(), 1);
        drop(two);
        let mut three = studio(&shop, home.path(), "customers", |_| {});
        three.keys("y<ctrl+s>a");
        assert_eq!(shop.query("SELECT name FROM customers ORDER BY id"), "ONE\nTWO\neve\n");
    }
}

#[test]
fn what_does_not_fit_any_more_is_told_and_kept() {
    for shop in Shop::both("journal_changed") {
        let home = tempfile::tempdir().unwrap();
        let mut first = studio(&shop, home.path(), "orders", |_| {});
        column(&mut first, "note");
        first.paste("a note");
        first.keys("j");
        column(&mut first, "total");
        first.paste("3");
        drop(first);
        shop.run("ALTER TABLE orders DROP COLUMN note");
        let mut again = studio(&shop, home.path(), "orders", |_| {});
        again.keys("y");
        let screen = again.screen();
        assert!(screen.contains("has no column note any more"), "{screen}");
        again.keys("<esc>");
        assert_eq!(again.model.staged.total(), 1);
        let kept = journals(home.path());
        assert!(
            kept.iter().any(|path| path.extension().is_some_and(|it| it == "kept")),
            "{kept:?}"
        );
    }
}

#[test]
fn masked_values_are_not_written_down() {
    for shop in Shop::both("journal_masked") {
        let home = tempfile::tempdir().unwrap();
        let mask = |target: &mut Target| {
            let schema = if shop.is_postgres() { "public" } else { "main" };
            target.masked.push(MaskedColumn {
                schema: schema.to_owned(),
                table: "customers".to_owned(),
                column: "email".to_owned(),
            });
        };
        let mut first = studio(&shop, home.path(), "customers", mask);
        column(&mut first, "email");
        first.paste("hunter2");
        first.keys("jj");
        rename(&mut first, "EVE");
        first.keys("<ctrl+s>");
        assert!(!first.screen().contains("hunter2"), "{}", first.screen());
        first.keys("<esc>");
        for journal in journals(home.path()) {
            let written = fs::read_to_string(journal).unwrap();
            assert!(!written.contains("hunter2") && !written.contains("ada@a.io"), "{written}");
        }
        drop(first);
        let mut again = studio(&shop, home.path(), "customers", mask);
        again.keys("y");
        assert!(again.screen().contains("masked columns email"), "{}", again.screen());
    }
}

#[test]
fn what_was_applied_is_taken_back_after_another_start() {
    for shop in Shop::both("journal_undo") {
        let home = tempfile::tempdir().unwrap();
        let mut first = studio(&shop, home.path(), "customers", |_| {});
        first.keys("j");
        rename(&mut first, "BOB");
        first.keys("<ctrl+s>a");
        rename(&mut first, "ROB");
        first.keys("<ctrl+s>a");
        drop(first);
        let names = "SELECT name FROM customers WHERE id = 2";
        assert_eq!(shop.query(names), "ROB\n");
        let mut again = studio(&shop, home.path(), "customers", |_| {});
        again.keys("U");
        assert!(again.screen().contains("SET name = 'BOB'"), "{}", again.screen());
        again.keys("a");
        assert_eq!(shop.query(names), "BOB\n");
        // Guarded like any edit: somebody else's work is not undone.
        again.keys("U");
        shop.run("UPDATE customers SET name = 'theirs' WHERE id = 2");
        again.keys("a");
        assert!(again.screen().contains("1 conflict"), "{}", again.screen());
        assert_eq!(shop.query(names), "theirs\n");
    }
}

#[test]
fn edits_outlive_a_kill() {
    for shop in Shop::both("journal_kill") {
        let state = tempfile::tempdir().unwrap();
        let state_folder = state.path().to_str().unwrap();
        let start = || {
            let start = Start::studio(&[&shop.url()]).size(120, 36);
            start.variable("XDG_STATE_HOME", state_folder).spawn()
        };
        let mut it = start();
        it.wait_for_text("customers");
        it.keys("/customers<enter><enter>");
        it.wait_for_text("ada@a.io");
        for number in 1..=3 {
            it.keys("a");
            it.wait_for_text(&format!("{number} added"));
        }
        it.signal(Signal::KILL);
        it.wait_for_end();
        let mut it = start();
        it.wait_for_text("Bring back edits");
        it.keys("y");
        it.wait_for_text("3 added");
        it.keys("q");
        it.wait_for_text("Leave with edits");
        it.keys("y");
        it.wait_for_end();
        let it = start();
        it.wait_for_text("Bring back edits");
        it.signal(Signal::TERM);
        it.wait_for_end();
    }
}
