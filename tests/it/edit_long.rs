//! Values of which a page holds only the beginning: an edit of one is guarded by all of it, and
//! what was applied can be taken back whole.

use crate::edit::{Shop, column};
use crate::studio::Studio;

/// A table with a long text and long bytes, which differ at their very ends from row to row.
fn long(shop: &Shop) -> Studio {
    let (bytes, of) = match shop.is_postgres() {
        true => ("bytea", "convert_to(repeat('é', 6000) || id, 'UTF8')"),
        false => ("blob", "CAST(replace(hex(zeroblob(3000)), '00', 'éé') || id AS BLOB)"),
    };
    let text = match shop.is_postgres() {
        true => "repeat('é', 6000) || id",
        false => "replace(hex(zeroblob(3000)), '00', 'éé') || id",
    };
    shop.run(&format!("CREATE TABLE long (id int PRIMARY KEY, t text, b {bytes})"));
    shop.run("INSERT INTO long (id) VALUES (1), (2), (3)");
    shop.run(&format!("UPDATE long SET t = {text}, b = {of}"));
    shop.table("long", |_| {})
}

/// Changes the last character of a text, to one as long.
const AT_THE_END: &str = "UPDATE long SET t = substr(t, 1, length(t) - 1) || 'x' WHERE id = 1";

#[test]
fn a_change_at_the_end_of_a_long_value_is_not_overwritten() {
    for shop in Shop::both("long_guard") {
        let mut studio = long(&shop);
        column(&mut studio, "t");
        for keys in ["x", "dd", "e<ctrl+end>y<enter>"] {
            studio.keys(keys);
            assert_eq!(studio.model.staged.total(), 1, "{keys}: {}", studio.screen());
            shop.run(AT_THE_END);
            studio.keys("<ctrl+s>a");
            let screen = studio.screen();
            assert!(screen.contains("1 conflict"), "{keys}: {screen}");
            // Theirs stays; and is what the next one reads.
            studio.keys("t");
            assert!(studio.model.staged.is_empty());
            studio.keys("ggR");
            let put_back = AT_THE_END.replace("|| 'x'", "|| id");
            shop.run(&put_back);
            assert_eq!(shop.query("SELECT count(*) || '' FROM long WHERE t LIKE '%1'"), "1\n");
        }
        // With nobody else about, all of it is applied.
        studio.keys("x");
        column(&mut studio, "b");
        studio.keys("jxjdd<ctrl+s>a");
        assert!(studio.screen().contains("Applied 3 changes"), "{}", studio.screen());
        let left = "SELECT id || ':' || (t IS NULL) || (b IS NULL) FROM long ORDER BY id";
        let left = shop.query(left).replace("true", "1").replace("false", "0");
        assert_eq!(left, "1:10\n2:01\n");
        let whole = "SELECT id || substr(t, 1, 1) || length(t) || length(b) FROM long ORDER BY id";
        studio.keys("U");
        studio.keys("a");
        assert!(studio.screen().contains("Applied 3 changes"), "{}", studio.screen());
        assert_eq!(shop.query(whole), "1é600112001\n2é600112001\n3é600112001\n");
    }
}

#[test]
fn what_is_too_long_to_be_kept_is_guarded_by_its_digest_and_said() {
    for shop in Shop::both("long_digest") {
        let value = match shop.is_postgres() {
            true => "repeat('abcdefgh', 2200000)",
            false => "replace(hex(zeroblob(1100000)), '00', 'abcdefghabcdefgh')",
        };
        shop.run("CREATE TABLE long (id int PRIMARY KEY, t text)");
        shop.run(&format!("INSERT INTO long VALUES (1, {value})"));
        let mut studio = shop.table("long", |_| {});
        column(&mut studio, "t");
        studio.keys("x<ctrl+s>");
        assert!(studio.screen().contains("cannot bring it back"), "{}", studio.screen());
        shop.run(AT_THE_END);
        studio.keys("a");
        assert!(studio.screen().contains("1 conflict"), "{}", studio.screen());
        studio.keys("t");
        studio.keys("R");
        column(&mut studio, "t");
        studio.keys("x<ctrl+s>a");
        assert!(studio.screen().contains("Applied 1 change"), "{}", studio.screen());
        assert_eq!(shop.query("SELECT count(t) || '' FROM long"), "0\n");
    }
}
