//! What lies over the panes, met as a person meets it: keys in, screens and requests out.

use dbstudio::app::effect::Slot;
use dbstudio::app::key::{Code, Input, Key, MouseAction};
use dbstudio::app::msg::Msg;
use dbstudio::db::Engine;
use dbstudio::db::page::{Condition, Operator};
use dbstudio::db::value::Value;
use dbstudio::ops::session::Request;
use dbstudio::problem::Problem;
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::shop::{HOSTILE, Shop};
use crate::{migrations_run, schema_change};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 36);

fn orders() -> Shop {
    Shop::orders(Engine::Postgres, SMALL)
}

/// The orders with the cursor on a column.
fn at_column(place: usize) -> Shop {
    let mut shop = orders();
    shop.keys(&"l ".repeat(place));
    shop
}

fn filter(shop: &Shop) -> &[Condition] {
    &shop.model.data.as_ref().unwrap().filter
}

fn typed(column: &str, operator: Operator, values: &[&str]) -> Condition {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Condition::Column { column: column.to_owned(), operator, values }
}

#[test]
fn the_palette_finds_commands_and_tables() {
    for (name, size) in [("palette_80", SMALL), ("palette_120", LARGE)] {
        let mut shop = Shop::orders(Engine::Postgres, size);
        shop.keys(":");
        assert_snapshot!(name, shop.screen());
    }
    let mut shop = orders();
    shop.keys(":");
    shop.types("ordit");
    assert_snapshot!("palette_typed", shop.screen());
    shop.keys("enter");
    assert!(shop.model.overlays.is_empty());
    assert_eq!(shop.model.data.as_ref().unwrap().name.name, "order_items");
}

#[test]
fn the_palette_runs_commands_of_the_rows_from_the_tree_too() {
    let mut shop = orders();
    shop.keys("tab ctrl+p");
    shop.types("as a record");
    shop.keys("enter");
    assert!(shop.screen().contains("customer_id"), "{}", shop.screen());
    shop.keys("esc :");
    shop.types("zzzzzz");
    shop.keys("enter");
    assert!(shop.screen().contains("Nothing matches"));
    shop.mouse(MouseAction::Press, 0, 23);
    assert!(shop.model.overlays.is_empty());
    shop.keys(":");
    shop.types("theme");
    shop.click("Next theme");
    assert!(shop.screen().contains("Theme: light"));
}

#[test]
fn the_help_shows_the_keys_in_force_and_narrows() {
    for (name, size) in [("help_80", SMALL), ("help_120", LARGE)] {
        let mut shop = Shop::orders(Engine::Postgres, size);
        shop.keys("?");
        assert_snapshot!(name, shop.screen());
    }
    let mut shop = orders();
    shop.keys("? pgdn pgdn pgdn pgdn pgdn pgdn");
    assert!(shop.screen().contains("Copy the text that is shown"), "{}", shop.screen());
    shop.types("markdown");
    let screen = shop.screen();
    assert!(screen.contains("Copy the row as a Markdown table"), "{screen}");
    assert!(!screen.contains("Next match"), "{screen}");
    shop.keys("esc esc");
    assert!(shop.model.overlays.is_empty());
}

#[test]
fn a_document_is_shown_with_every_digit_and_folds() {
    let mut shop = at_column(4);
    shop.keys("enter");
    assert_snapshot!("cell_json", shop.screen());
    shop.keys("z j");
    let folded = shop.screen();
    assert!(folded.contains("\"items\": […] 2 items,"), "{folded}");
    assert!(!folded.contains("    \"sku\""), "{folded}");
    shop.keys("right");
    assert!(shop.screen().contains("{…} 2 members"), "{}", shop.screen());
    shop.keys("t");
    assert!(shop.screen().contains(r#"{"items": [{"sku""#), "{}", shop.screen());
    shop.keys("y");
    assert!(shop.copied[0].contains("12345678901234567890.10"));
    shop.keys("esc j enter");
    assert!(shop.screen().contains("{\"broken\":"), "invalid JSON is text: {}", shop.screen());
}

#[test]
fn bytes_are_shown_in_hexadecimal() {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let mut shop = Shop::orders(engine, SMALL);
        shop.keys("l l l l l l l p");
        let screen = shop.screen();
        assert!(screen.contains("000010  70 77 7e 85"), "{screen}");
        assert!(screen.contains("pw~"), "{screen}");
        assert!(screen.contains("bytes · 40 B") || screen.contains("bytes · 82 B"), "{screen}");
    }
    let mut shop = at_column(7);
    shop.keys("p");
    assert_snapshot!("cell_bytes", shop.screen());
}

#[test]
fn a_long_value_is_read_whole_and_can_be_let_go() {
    let mut shop = at_column(5);
    shop.keys("j");
    shop.hold.insert(Slot::Value);
    shop.keys("p");
    shop.wait(1_300);
    assert_snapshot!("cell_reading", shop.screen());
    shop.keys("ctrl+c");
    assert_eq!(shop.cancelled.last(), Some(&Slot::Value));
    shop.fail(&Problem::cancelled("It was stopped"));
    assert!(shop.screen().contains("Only the beginning"), "{}", shop.screen());
    shop.keys("enter G");
    assert!(shop.screen().contains("the end"), "{}", shop.screen());
    assert!(shop.screen().contains("14.7 kB"), "{}", shop.screen());

    let mut shop = at_column(5);
    shop.keys("j");
    shop.hold.insert(Slot::Value);
    shop.keys("p y esc");
    assert!(shop.copied.is_empty());
    shop.release();
    assert!(shop.copied[0].ends_with("the end"), "closing does not lose what is to be copied");

    let mut shop = at_column(5);
    shop.keys("j");
    shop.hold.insert(Slot::Value);
    shop.keys("p esc");
    assert_eq!(shop.cancelled.last(), Some(&Slot::Value), "nobody waits for it any more");
}

#[test]
fn a_row_that_went_away_is_said() {
    let mut shop = at_column(5);
    shop.whole = None;
    shop.keys("j p");
    assert!(shop.screen().contains("its row is gone"), "{}", shop.screen());
}

#[test]
fn a_masked_value_is_never_drawn_before_it_is_revealed() {
    let mut shop = at_column(6);
    for keys in ["p", "y", "[", "]", "esc", "r", "y", "/", "esc", "enter", "esc", "esc", "f"] {
        shop.keys(keys);
        let screen = shop.screen();
        assert!(!screen.contains("hunter2"), "after {keys}:\n{screen}");
    }
    assert!(shop.copied.is_empty());
    shop.keys("esc p");
    assert!(shop.screen().contains("z reveals it"), "{}", shop.screen());
    shop.keys("z");
    assert!(shop.screen().contains("hunter2-the-secret"), "{}", shop.screen());
}

#[test]
fn hostile_text_stays_text() {
    let mut shop = at_column(5);
    shop.keys("p");
    let screen = shop.screen();
    assert!(screen.contains("a␛[31mred·gnp␀·2J␍"), "{screen}");
    assert!(shop.plain_screen().is_ascii());
}

#[test]
fn a_huge_value_stays_quick() {
    let line = "x".repeat(20 * 1024 * 1024);
    let lines = "word ".repeat(6 * 1024 * 1024);
    for whole in [line, lines] {
        let mut shop = at_column(5);
        shop.whole = Some(Value::text(whole));
        shop.keys("j p G k k pgup w pgup w g pgdn");
        assert!(shop.elapsed().as_secs() < 5, "{:?}", shop.elapsed());
        shop.screen();
    }
    let members: Vec<String> = (0..100_000).map(|at| format!("\"key{at}\": [{at}]")).collect();
    let mut shop = at_column(5);
    shop.whole = Some(Value::text(format!("{{{}}}", members.join(", "))));
    shop.keys("j p G");
    assert!(shop.screen().contains("99999"), "{}", shop.screen());
    shop.keys("z G");
    assert!(shop.screen().contains("\"key99999\": […] 1 item"), "{}", shop.screen());
    assert!(shop.elapsed().as_secs() < 5, "{:?}", shop.elapsed());
}

#[test]
fn the_record_shows_a_row_and_walks() {
    for (name, size) in [("record_80", SMALL), ("record_120", LARGE)] {
        let mut shop = Shop::orders(Engine::Postgres, size);
        shop.keys("r");
        assert_snapshot!(name, shop.screen());
    }
    let mut shop = orders();
    shop.keys("r n n J j j");
    let screen = shop.screen();
    assert!(screen.contains("row 4"), "{screen}");
    shop.keys("y");
    assert_eq!(shop.copied, ["paid"]);
    shop.keys("j j enter");
    assert!(shop.screen().contains("jsonb"), "the cell opens over it: {}", shop.screen());
    shop.keys("esc /");
    shop.types("tot");
    shop.keys("enter y");
    assert_eq!(shop.copied.last().map(String::as_str), Some("429.90"));
    shop.keys("esc esc");
    assert!(shop.model.overlays.is_empty());
    let pane = shop.model.data.as_ref().unwrap();
    assert_eq!(pane.columns.current_column().unwrap().name, "total");
}

#[test]
fn the_filter_form_starts_at_the_value_under_the_cursor() {
    for (name, size) in [("filter_80", SMALL), ("filter_120", LARGE)] {
        let mut shop = Shop::orders(Engine::Postgres, size);
        shop.keys("l l f");
        assert_snapshot!(name, shop.screen());
    }
    let mut shop = at_column(2);
    shop.keys("f enter");
    assert_eq!(filter(&shop), [typed("status", Operator::Eq, &["new"])]);
    assert!(shop.screen().contains("filter: status = 'new'"), "{}", shop.screen());
}

#[test]
fn conditions_add_up_are_replaced_and_removed() {
    let mut shop = at_column(2);
    shop.keys("f");
    shop.types("paid");
    shop.keys("enter l f up right right enter");
    let suggested = typed("total", Operator::Lt, &["129.90"]);
    assert_eq!(filter(&shop), [typed("status", Operator::Eq, &["paid"]), suggested]);
    shop.keys("f up right right right right down");
    shop.types("100");
    shop.keys("enter");
    assert_eq!(filter(&shop)[0], typed("status", Operator::Eq, &["paid"]));
    assert!(filter(&shop).contains(&typed("total", Operator::Gt, &["100"])), "{:?}", filter(&shop));
    let before = filter(&shop).len();
    shop.keys("h f");
    shop.types("sent");
    shop.keys("enter");
    assert_eq!(filter(&shop)[0], typed("status", Operator::Eq, &["sent"]));
    assert_eq!(filter(&shop).len(), before, "the same column and operator is replaced");
    shop.keys("f up up up");
    assert_snapshot!("filter_in_force", shop.screen());
    for _ in 0..before {
        shop.keys("del");
    }
    shop.keys("esc");
    assert_eq!(filter(&shop).len(), before, "leaving changes nothing");
    shop.keys("f up up up ctrl+d enter");
    assert_eq!(filter(&shop).len(), before - 1);
}

#[test]
fn mistakes_in_the_form_are_said_and_lose_nothing() {
    let mut shop = at_column(3);
    shop.keys("f tab");
    shop.types("total > (10");
    shop.keys("enter");
    assert_snapshot!("filter_mistake", shop.screen());
    shop.types(")");
    shop.keys("enter");
    assert_eq!(filter(&shop), [Condition::Raw("total > (10)".to_owned())]);
    shop.keys("f tab");
    shop.types("1=1; drop table orders");
    shop.keys("enter");
    assert!(shop.screen().contains("A semicolon ends a statement"), "{}", shop.screen());
    shop.keys("esc f up right right right right right right down");
    shop.types("5");
    shop.keys("enter");
    assert!(shop.screen().contains("between needs both values"), "{}", shop.screen());
    shop.keys("down");
    shop.types("9");
    shop.keys("enter");
    assert!(filter(&shop).contains(&typed("total", Operator::Between, &["5", "9"])));
}

#[test]
fn operators_fit_the_engine_and_the_type() {
    let mut shop = Shop::orders(Engine::Sqlite, LARGE);
    shop.keys("l l f");
    let screen = shop.screen();
    assert!(screen.contains("like") && !screen.contains("ilike"), "{screen}");
    assert!(!screen.contains("matches"), "{screen}");
    let mut shop = Shop::orders(Engine::Postgres, LARGE);
    shop.keys("f");
    let screen = shop.screen();
    assert!(screen.contains("between") && !screen.contains("like"), "{screen}");
    shop.keys("up up p");
    let screen = shop.screen();
    assert!(screen.contains("payload") && screen.contains("json path"), "{screen}");
    shop.keys("esc l l l l l f");
    assert!(shop.screen().contains("a␛[31m") || shop.screen().contains("value"));
}

#[test]
fn null_suggests_is_null() {
    let mut shop = at_column(8);
    shop.keys("f enter");
    assert_eq!(filter(&shop), [typed("net", Operator::IsNull, &[])]);
}

#[test]
fn who_refers_to_a_row_is_counted_and_opened() {
    let mut shop = orders();
    shop.hold.insert(Slot::References);
    shop.keys("O");
    assert!(shop.screen().contains("loading…"), "{}", shop.screen());
    shop.release();
    assert_snapshot!("references_80", shop.screen());
    shop.keys("j enter");
    let pane = shop.model.data.as_ref().unwrap();
    assert_eq!(pane.name.name, "refunds");
    let wanted = Condition::Equals { column: "order_id".to_owned(), value: Value::text("1") };
    assert_eq!(pane.filter, [wanted]);
    shop.keys("ctrl+o");
    assert_eq!(shop.model.data.as_ref().unwrap().name.name, "orders");

    shop.hold.insert(Slot::References);
    shop.keys("O");
    shop.fail(&Problem::failed("The server said no", "", "try again"));
    assert!(shop.screen().contains("Not counted: The server said no"), "{}", shop.screen());
    shop.keys("esc O esc");
    assert!(shop.model.overlays.is_empty());
}

#[test]
fn prompts_stand_where_they_belong() {
    let mut shop = orders();
    shop.keys("/");
    shop.types("pai");
    assert_snapshot!("find_rows", shop.screen());
    shop.keys("esc tab /");
    shop.types("ord");
    assert_snapshot!("find_tables", shop.screen());
    shop.keys("enter tab %");
    shop.types("200");
    shop.keys("enter");
    assert_snapshot!("go_to", shop.screen());
    shop.keys("esc C");
    assert_snapshot!("connections", shop.screen());
}

#[test]
fn leaving_while_work_runs_is_asked() {
    let mut shop = orders();
    shop.hold.insert(Slot::Count);
    shop.keys("#");
    shop.wait(2_000);
    shop.keys("q");
    assert_snapshot!("confirm", shop.screen());
    shop.keys("n");
    assert!(shop.model.overlays.is_empty());
}

#[test]
fn what_was_asked_names_the_column_it_is_about() {
    let mut shop = at_column(5);
    shop.keys("j p");
    let Some(Request::Value(asked)) = shop.asked.last() else { panic!("{:?}", shop.asked) };
    assert_eq!((asked.column.as_str(), &asked.anchor.0[0]), ("note", &Value::text("2")));
}

fn any_key() -> impl Strategy<Value = Key> {
    let named = prop::sample::select(vec![
        Code::Enter,
        Code::Esc,
        Code::Tab,
        Code::Backspace,
        Code::Delete,
        Code::Left,
        Code::Right,
        Code::Up,
        Code::Down,
        Code::Home,
        Code::End,
        Code::PageUp,
        Code::PageDown,
        Code::F(1),
    ]);
    let letters: Vec<char> = "hjklgG0$:?/fFsSnNrpOyzwt[]dqxT12%#JK'(, ".chars().collect();
    prop_oneof![
        4 => prop::sample::select(letters).prop_map(|letter| Key::plain(Code::Char(letter))),
        3 => named.prop_map(Key::plain),
        1 => prop::sample::select("dufbnpocv".chars().collect::<Vec<_>>()).prop_map(Key::ctrl),
    ]
}

#[derive(Debug, Clone)]
enum Act {
    Key(Key),
    Paste,
    Mouse(MouseAction, u16, u16),
    Resize(u16, u16),
    Hold,
    Release,
    Fail,
}

fn any_act() -> impl Strategy<Value = Act> {
    let mouse = prop::sample::select(vec![
        MouseAction::Press,
        MouseAction::WheelUp,
        MouseAction::WheelDown,
        MouseAction::WheelRight,
    ]);
    prop_oneof![
        30 => any_key().prop_map(Act::Key),
        1 => Just(Act::Paste),
        4 => (mouse, 0_u16..130, 0_u16..40).prop_map(|(action, x, y)| Act::Mouse(action, x, y)),
        1 => (0_u16..140, 0_u16..45).prop_map(|(width, height)| Act::Resize(width, height)),
        1 => Just(Act::Hold),
        1 => Just(Act::Release),
        1 => Just(Act::Fail),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_keys_panics_or_reaches_the_terminal(
        acts in prop::collection::vec(any_act(), 0..60),
        sqlite in any::<bool>(),
        start in prop::sample::select(vec![
            "", ":", "?", "p", "r", "f", "O", "2", "l l l l p", "/", "push", "push y y y", "push y y y a",
            "generate y y y w", "diff n n n", "3", "3 a", "3 a a y", "3 b a", "3 f x enter", "3 r",
            "3 tab j j n", "3 p s",
        ]),
    ) {
        let engine = if sqlite { Engine::Sqlite } else { Engine::Postgres };
        let mut shop = Shop::orders(engine, SMALL);
        shop.outcomes = schema_change::outcomes();
        shop.migrations = migrations_run::answer;
        let (command, keys) = start.split_once(' ').unwrap_or((start, ""));
        match dbstudio::app::command::named(command) {
            Some(command) => {
                shop.send(Msg::Run(command.id));
                shop.keys(keys);
            }
            None => shop.keys(start),
        }
        for act in acts {
            match act {
                Act::Key(key) => shop.send(Msg::Input(Input::Key(key))),
                Act::Paste => shop.send(Msg::Input(Input::Paste(HOSTILE.to_owned()))),
                Act::Mouse(action, x, y) => shop.mouse(action, x, y),
                Act::Resize(width, height) => shop.send(Msg::Resized(width, height)),
                Act::Hold => {
                    shop.hold.extend([
                        Slot::Value, Slot::Page, Slot::References, Slot::Op, Slot::Standing,
                        Slot::Examine,
                    ]);
                },
                Act::Release => shop.release(),
                Act::Fail => shop.fail(&Problem::failed(HOSTILE, HOSTILE, "try again")),
            }
            // Drawing asserts that no control character gets to a cell.
            let screen = shop.screen();
            let revealed = shop.model.data.as_ref().is_some_and(|it| !it.revealed.is_empty());
            prop_assert!(revealed || !screen.contains("hunter2"), "{}", screen);
        }
    }
}
