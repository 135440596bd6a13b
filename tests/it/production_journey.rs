//! A migration to production through its whole checklist on a real terminal, on both engines: what
//! evidence shows, what is done with a key, what is waived with a reason, the name typed; and that
//! evidence which went stale in between opens its item again.

use crate::checklist::Shop;
use crate::drift::apply;
use crate::journey::{leave, step};
use crate::screen::{Start, Terminal};
use crate::verbs::Database;

fn studio(shop: &Shop) -> Terminal {
    let mut it = Start::studio(&[]).folder(shop.project.folder.path()).size(120, 36).spawn();
    it.wait_for_text("? help");
    step(&mut it, "3", "1 pending");
    step(&mut it, "a", "Apply 0001_orders to");
    it.wait_for_text("esc leave");
    it
}

/// What the ledger holds of what was said.
fn kept(shop: &Shop) -> String {
    let table = match &shop.project.database {
        Database::Postgres(_) => "dbstudio.operations",
        Database::Sqlite(_) => "_dbstudio_operations",
    };
    shop.project.query(&format!("SELECT detail FROM {table}"))
}

fn tables(shop: &Shop) -> String {
    shop.project.query(match &shop.project.database {
        Database::Postgres(_) => "SELECT count(*) FROM pg_tables WHERE tablename = 'orders'",
        Database::Sqlite(_) => "SELECT count(*) FROM sqlite_schema WHERE name = 'orders'",
    })
}

#[test]
fn through_the_whole_checklist_of_production() {
    for shop in Shop::both() {
        shop.configure("notify = \"env > told\"");
        let mut it = studio(&shop);
        // The plan was rehearsed as it was made, and its one file is in sight to the end.
        step(&mut it, "a", "4 open");
        it.wait_for_text("rehearsed on");
        it.wait_for_text("looked at to the end");
        // Nothing leads on, and evidence is not ticked away.
        step(&mut it, "<enter><space>", "wants evidence, or a reason");
        step(&mut it, "b", "was made and verified");
        it.wait_for_text("3 open");
        step(&mut it, "n", "ran and ended well");
        it.wait_for_text("2 open");
        // What neither evidence nor a tick settles is waived, with a reason.
        step(&mut it, "kkkkkkw", "Why go on without it?");
        step(&mut it, "<enter>", "kept for those who come later");
        step(&mut it, "staging is being rebuilt<enter>", "waived: staging is being rebuilt");
        step(&mut it, "<enter>w", "Why go on without it?");
        step(&mut it, "nobody shops at night<enter>", "all hold");
        assert_eq!(tables(&shop), "0");
        step(&mut it, "<enter>", "the database's name");
        step(&mut it, "nothing<enter>", "the database is called");
        it.keys(&"<backspace>".repeat(7));
        step(&mut it, &format!("{}<enter>", shop.name()), "Applied 1 migration in");
        step(&mut it, "<enter>", "1 applied");
        leave(it);
        assert_eq!(tables(&shop), "1");
        let told = std::fs::read_to_string(shop.project.path("told")).unwrap();
        assert!(told.contains("DBSTUDIO_MIGRATIONS=0001_orders"), "{told}");
        let kept = kept(&shop);
        for reason in ["staging is being rebuilt", "nobody shops at night", "made and verified"] {
            assert!(kept.contains(reason), "{kept}");
        }
    }
}

#[test]
fn evidence_that_went_stale_opens_its_item_again() {
    for shop in Shop::both() {
        shop.configure("off_peak = \"00:00-24:00\"");
        apply(&shop.staging, "0001_orders");
        let mut it = studio(&shop);
        step(&mut it, "a", "2 open");
        step(&mut it, "b", "was made and verified");
        step(&mut it, "<enter><space>", "all hold");
        // Somebody changes the schema while the list is looked at.
        shop.project.execute("CREATE TABLE meanwhile (id integer PRIMARY KEY)");
        step(&mut it, "<enter>", "the database's name");
        step(&mut it, &format!("{}<enter>", shop.name()), "does not hold any more");
        it.wait_for_text("of another schema");
        it.wait_for_text("1 open");
        assert_eq!(tables(&shop), "0");
        // Rehearsed on what is there now it holds, and what was said still counts.
        step(&mut it, "r", "rehearsing 0001_orders");
        it.wait_for_text("all hold");
        step(&mut it, "<enter>", "the database's name");
        step(&mut it, &format!("{}<enter>", shop.name()), "Applied 1 migration in");
        step(&mut it, "<enter>", "1 applied");
        leave(it);
        assert_eq!(tables(&shop), "1");
    }
}
