//! The structure of a relation on the screen.

use dbstudio::app::effect::Slot;
use dbstudio::app::key::MouseAction;
use dbstudio::db::Engine;
use insta::assert_snapshot;

use crate::shop::Shop;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 36);

fn structure(size: (u16, u16)) -> Shop {
    let mut shop = Shop::orders(Engine::Postgres, size);
    shop.keys("2");
    shop
}

/// Everything, by paging through it.
fn all(shop: &Shop) -> String {
    let lines = shop.model.schema.lines().iter();
    let words = lines.map(|line| {
        let cells = line
            .cells
            .iter()
            .map(|cell| cell.iter().map(|span| span.text.as_ref()).collect::<Vec<_>>().concat());
        cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned()
    });
    words.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_structure_says_everything_of_a_table() {
    let shop = structure(SMALL);
    assert_snapshot!("structure_80", shop.screen());
    assert_snapshot!("structure_lines", all(&shop));
    let shop = structure(LARGE);
    assert_snapshot!("structure_120", shop.screen());
}

#[test]
fn its_lines_are_walked_and_the_definition_ends_it() {
    let mut shop = structure(SMALL);
    shop.keys("G");
    assert_snapshot!("structure_end_80", shop.screen());
    shop.keys("y y");
    assert!(shop.copied[0].starts_with("CREATE TABLE public.orders"), "{:?}", shop.copied);
    shop.keys("g g");
    assert_eq!(shop.model.schema.list.top, 0);
    shop.keys("l j y y");
    assert_eq!(shop.copied.last().map(String::as_str), Some("id"));
    shop.keys("g g");
    shop.mouse(MouseAction::WheelDown, 50, 10);
    assert_eq!(shop.model.schema.list.top, 3);
}

#[test]
fn keys_lead_to_other_structures_and_back() {
    let mut shop = structure(LARGE);
    shop.click("customer_id");
    shop.keys("enter");
    assert!(shop.screen().contains("public.customers"), "{}", shop.screen());
    shop.keys("ctrl+o");
    assert!(shop.screen().contains("10 M") || shop.screen().contains("10.0 M"));
    assert_eq!(shop.model.schema.relation.as_ref().unwrap().name.name, "orders");
    shop.keys("g g y y");
    shop.keys("l enter");
    assert!(shop.screen().contains("This line leads nowhere"), "{}", shop.screen());
}

#[test]
fn without_a_table_it_says_what_to_do() {
    let mut shop = Shop::new(Engine::Postgres, SMALL);
    shop.keys("2");
    assert_snapshot!("structure_empty", shop.screen());
}

#[test]
fn what_was_there_stays_while_another_is_read() {
    let mut shop = structure(SMALL);
    shop.hold.extend([Slot::Relation, Slot::Peek]);
    shop.keys("tab g g j j j enter");
    shop.wait(1_000);
    let screen = shop.screen();
    assert!(screen.contains("reading"), "{screen}");
    shop.release();
}
