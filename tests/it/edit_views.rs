//! Views: those that PostgreSQL writes through are edited by the key of the table under them;
//! others are read-only, and say why.

use crate::edit::{Shop, column};
use crate::studio::Studio;

const VIEWS: &str = "
    CREATE VIEW paid AS SELECT o.status AS state, o.id AS number, total, note, customer AS buyer,
            total * 2 AS twice_paid
        FROM orders o WHERE o.status = 'paid' AND EXISTS (SELECT id, name FROM customers c WHERE c.id = o.customer)
        WITH CHECK OPTION;
    CREATE VIEW keyless AS SELECT status, total FROM orders;
    CREATE VIEW joined AS SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer;
    CREATE VIEW grouped AS SELECT customer AS id, count(*) FROM orders GROUP BY customer;
    CREATE VIEW sorted AS SELECT id, total FROM orders ORDER BY total;
    CREATE VIEW over AS SELECT * FROM paid;
    CREATE VIEW ruled AS SELECT id, note FROM orders;
    CREATE RULE kept AS ON DELETE TO ruled DO INSTEAD NOTHING;
    CREATE VIEW triggered AS SELECT id, note FROM orders;
    CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER instead INSTEAD OF UPDATE ON triggered FOR EACH ROW EXECUTE FUNCTION nothing();
    CREATE TRIGGER noted AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION nothing();";

fn why(studio: &Studio) -> String {
    let notice = studio.model.notice.as_ref();
    notice.map(|notice| notice.text.clone()).unwrap_or_else(|| panic!("{}", studio.screen()))
}

#[test]
fn a_simple_view_is_edited_by_the_key_under_it() {
    let [shop, _] = Shop::both("views_simple");
    shop.run(VIEWS);
    let mut studio = shop.table("paid", |_| {});
    column(&mut studio, "note");
    studio.paste("through");
    column(&mut studio, "twice_paid");
    studio.keys("e");
    assert!(studio.screen().contains("made by the database"), "{}", studio.screen());
    // The key of a customer is found as in the table.
    column(&mut studio, "buyer");
    studio.keys("e");
    assert!(studio.screen().contains("bob"), "{}", studio.screen());
    studio.keys("<esc><ctrl+s>");
    let screen = studio.screen();
    for words in ["UPDATE public.paid SET note", "number = '1'", "public.orders", "trigger noted"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    // Guarded as in a table.
    shop.run("UPDATE orders SET note = 'theirs' WHERE id = 1");
    studio.keys("a");
    assert!(studio.screen().contains("1 conflict"), "{}", studio.screen());
    studio.keys("m");
    studio.keys("a");
    assert!(studio.screen().contains("Applied 1 change"), "{}", studio.screen());
    assert_eq!(shop.query("SELECT note FROM orders WHERE id = 1"), "through\n");
    studio.keys("U");
    studio.keys("a");
    assert_eq!(shop.query("SELECT note FROM orders WHERE id = 1"), "theirs\n");
    // What the view would not show is refused by the server, and nothing is written.
    column(&mut studio, "state");
    studio.keys("e");
    studio.keys("o<enter><ctrl+s>a");
    assert!(studio.screen().contains("check option"), "{}", studio.screen());
    assert_eq!(shop.query("SELECT status FROM orders WHERE id = 1"), "paid\n");
    studio.keys("<esc>u");
    studio.keys("dd<ctrl+s>a");
    assert!(studio.screen().contains("Applied 1 change"), "{}", studio.screen());
    assert_eq!(shop.query("SELECT count(*) FROM orders"), "2\n");
}

#[test]
fn other_views_are_read_only_and_say_why() {
    let [shop, file] = Shop::both("views_fixed");
    shop.run(VIEWS);
    for (view, said) in [
        ("keyless", "the key of public.orders (id) is not all in it"),
        ("joined", "not simple"),
        ("grouped", "not simple"),
        ("sorted", "ORDER BY of its own"),
        ("over", "a view of public.paid"),
        ("ruled", "rules decide"),
        ("triggered", "INSTEAD OF"),
    ] {
        let mut studio = shop.table(view, |_| {});
        studio.keys("e");
        assert!(why(&studio).contains(said), "{view}: {}", why(&studio));
        assert!(studio.model.overlays.is_empty() && studio.model.staged.is_empty());
    }
    file.run("CREATE VIEW plain AS SELECT id, note FROM orders");
    file.run("CREATE VIEW triggered AS SELECT id, note FROM orders");
    file.run("CREATE TRIGGER i INSTEAD OF UPDATE ON triggered BEGIN SELECT 1; END");
    for (view, said) in [("plain", "SQLite writes to no view"), ("triggered", "INSTEAD OF")] {
        let mut studio = file.table(view, |_| {});
        studio.keys("dd");
        assert!(why(&studio).contains(said), "{view}: {}", why(&studio));
    }
}
