//! New rows that refer to new rows: chosen among those that are staged, written parents first, with
//! the key the database gave the parent.

use crate::edit::{Shop, column, retype};
use crate::studio::Studio;

const TREE: &str =
    "CREATE TABLE nodes (id ID, parent integer REFERENCES nodes, name text NOT NULL);
    CREATE TABLE leaves (id ID, node integer NOT NULL REFERENCES nodes, name text);";

/// The tables, on either engine numbered by the database.
fn made(label: &str) -> [Shop; 2] {
    let shops = Shop::both(label);
    for shop in &shops {
        let id = match shop.is_postgres() {
            true => "int GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            false => "INTEGER PRIMARY KEY",
        };
        for statement in TREE.replace("ID", id).split_inclusive(';') {
            shop.run(statement);
        }
        shop.run("INSERT INTO nodes (name) VALUES ('root')");
    }
    shops
}

/// Types into a cell of the new row under the cursor.
fn fill(studio: &mut Studio, name: &str, text: &str) {
    column(studio, name);
    studio.keys("e");
    retype(studio, text);
    studio.keys("<enter>");
    assert!(studio.model.overlays.is_empty(), "{}", studio.screen());
}

/// Chooses a new row for a cell.
fn refer(studio: &mut Studio, name: &str, to: &str) {
    column(studio, name);
    studio.keys("e").keys(to);
    let screen = studio.screen();
    assert!(screen.contains("new row") && screen.contains(to), "{screen}");
    studio.keys("<down><enter>");
    assert!(studio.model.overlays.is_empty(), "{}", studio.screen());
    assert!(studio.screen().contains(&format!("new: {to}")), "{}", studio.screen());
}

#[test]
fn a_new_child_gets_the_key_its_new_parent_was_given() {
    for shop in made("parents") {
        let mut studio = shop.table("nodes", |_| {});
        studio.keys("a");
        fill(&mut studio, "name", "trunk");
        // A child in the same table, and one in another; the child is staged before its parent
        // has a name that sorts first.
        studio.keys("a");
        fill(&mut studio, "name", "branch");
        refer(&mut studio, "parent", "trunk");
        shop.open(&mut studio, "leaves");
        studio.keys("a");
        fill(&mut studio, "name", "green");
        refer(&mut studio, "node", "branch");
        // What is there already may move under what is new.
        shop.open(&mut studio, "nodes");
        studio.keys("gg");
        refer(&mut studio, "parent", "trunk");
        studio.keys("<ctrl+s>");
        let screen = studio.screen();
        assert!(screen.contains("«id of statement 1»"), "{screen}");
        studio.keys("a");
        assert!(studio.screen().contains("Applied 4 changes"), "{}", studio.screen());
        let tree = "SELECT n.name || '<' || p.name FROM nodes n JOIN nodes p ON p.id = n.parent ORDER BY 1";
        assert_eq!(shop.query(tree), "branch<trunk\nroot<trunk\n");
        let leaf = "SELECT l.name || '<' || n.name FROM leaves l JOIN nodes n ON n.id = l.node";
        assert_eq!(shop.query(leaf), "green<branch\n");
        // And all of it back, children first.
        studio.keys("U");
        studio.keys("a");
        assert!(studio.model.staged.is_empty(), "{}", studio.screen());
        assert_eq!(shop.query("SELECT name || count(*) FROM nodes GROUP BY name"), "root1\n");
    }
}

#[test]
fn what_cannot_be_referred_to_is_refused_with_the_reason() {
    for shop in made("parents_no") {
        let mut studio = shop.table("nodes", |_| {});
        for name in ["one", "two"] {
            studio.keys("a");
            fill(&mut studio, "name", name);
        }
        refer(&mut studio, "parent", "one");
        // In a circle nobody can be the first.
        studio.keys("k");
        refer(&mut studio, "parent", "two");
        studio.keys("<ctrl+s>");
        assert!(studio.screen().contains("in a circle"), "{}", studio.screen());
        studio.keys("u<ctrl+s>");
        assert!(studio.screen().contains("2 statements"), "{}", studio.screen());
        studio.keys("<esc>");
        // A parent that is taken away takes no child with it in silence.
        studio.keys("dd<ctrl+s>");
        assert!(studio.screen().contains("not staged any more"), "{}", studio.screen());
        assert_eq!(shop.query("SELECT count(*) || '' FROM nodes"), "1\n");
    }
}

#[test]
fn references_to_new_rows_outlive_a_crash() {
    for shop in made("parents_again") {
        let home = tempfile::tempdir().unwrap();
        let open = || Studio::open_in(home.path(), &shop.url(), (120, 36), |_| {});
        for name in ["oak", "elm"] {
            // Each in a journal of its own, which count their rows alike.
            let mut studio = open();
            studio.keys("n");
            shop.open(&mut studio, "nodes");
            studio.keys("a");
            fill(&mut studio, "name", name);
            shop.open(&mut studio, "leaves");
            studio.keys("a");
            refer(&mut studio, "node", name);
            fill(&mut studio, "name", name);
        }
        let mut studio = open();
        studio.keys("y<ctrl+s>a");
        assert!(studio.screen().contains("Applied 4 changes"), "{}", studio.screen());
        let leaf =
            "SELECT l.name || '<' || n.name FROM leaves l JOIN nodes n ON n.id = l.node ORDER BY 1";
        assert_eq!(shop.query(leaf), "elm<elm\noak<oak\n");
    }
}
