//! The migrations view without a database: keys in, screens and requests out, for migrations in
//! every state there is.

use std::sync::Arc;
use std::time::Duration;

use dbstudio::app::command::CommandId;
use dbstudio::app::effect::Slot;
use dbstudio::app::key::MouseAction;
use dbstudio::app::msg::Msg;
use dbstudio::db::Engine;
use dbstudio::db::fault::Script;
use dbstudio::ops::migrations_desk::{
    Ask, Difference, Entry, Examined, Fate, Format, History, Migration, Misfit, Record, State,
    Texts, Told,
};
use dbstudio::ops::session::Request;
use dbstudio::ops::standing::Standing;
use dbstudio::schema::hazard::{Hazard, Rule, Severity};
use dbstudio::schema::model::{Key, Kind as Sort};
use dbstudio::sql::Dialect;
use insta::assert_snapshot;

use crate::shop::{HOSTILE, Shop};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 36);

const REFUNDS: &str = "-- 0007_refunds
-- Refunds get a table of their own.

CREATE TABLE public.refunds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES public.orders (id),
    reason text DEFAULT 'it''s broken' NOT NULL -- in words
);

ALTER TABLE public.customers
    DROP COLUMN note;

CREATE INDEX refunds_reason ON public.refunds (reason) WHERE reason <> 'it''s broken' AND id > 1000;
";

pub fn entry(number: i64, name: &str, state: State) -> Entry {
    let digits = format!("{number:04}");
    let up = if name == "refunds" {
        REFUNDS.to_owned()
    } else {
        format!("CREATE TABLE {name} (id bigint);\n")
    };
    let script = |way: &str, text: String| Script {
        name: format!("migrations/{digits}_{name}.{way}.sql"),
        text,
    };
    let is_known =
        !matches!(state, State::Pending | State::OutOfOrder | State::Skipped | State::Duplicate(_));
    let record = Record {
        key: number.to_string(),
        finished: state != State::Failed,
        when: Some(format!("2026-11-{number:02} 14:02:11.123456+00")),
        took: Some(Duration::from_millis(7 * number.unsigned_abs())),
        by: Some("ada".to_owned()),
        ..Record::default()
    };
    let migration = Migration {
        version: number,
        digits: digits.clone(),
        description: name.to_owned(),
        up: script("up", up),
        down: Some(script("down", format!("DROP TABLE {name};\n"))),
        key: number.to_string(),
        ..Migration::default()
    };
    Entry {
        key: number.to_string(),
        name: format!("{digits}_{name}"),
        migration: Some(migration).filter(|_| state != State::Missing),
        record: Some(record).filter(|_| is_known),
        state,
    }
}

pub fn standing() -> Standing {
    let named = [
        ("customers", State::Applied),
        ("orders", State::Applied),
        ("order_items", State::Changed),
        ("audit", State::Missing),
        ("shipments", State::OutOfOrder),
        ("vouchers", State::Applied),
        ("refunds", State::Pending),
        ("stock", State::HalfDone { done: 3, unsure: true }),
        ("suppliers", State::Failed),
        ("returns", State::Skipped),
        ("invoices", State::Duplicate("0011_bills.up.sql has the number 11 too".to_owned())),
        ("a_name_that_is_longer_than_the_list_is_wide", State::Pending),
    ];
    let entries = (1..).zip(named).map(|(number, (name, state))| entry(number, name, state));
    Standing {
        format: Format::Native,
        folder: "migrations".to_owned(),
        history: Some("public._sqlx_migrations".to_owned()),
        book: History::of(Format::Native, Dialect::Postgres, None),
        entries: entries.collect(),
        misfits: vec![Misfit {
            path: "migrations/refunds-old.sql".into(),
            why: "its name has no number".to_owned(),
            unread: false,
        }],
        notes: vec!["the role may not read dbstudio's own records of the migrations".to_owned()],
    }
}

pub fn hazard(rule: Rule, severity: Severity, step: usize, line: usize) -> Hazard {
    Hazard {
        rule,
        severity,
        step,
        line: Some(line),
        object: Some(Key::part(Sort::Column, "public", "customers", "note")),
        why: "Its values are lost, and what still reads it fails.".to_owned(),
        safer: "Release a version that no longer uses it first; keep a copy.".to_owned(),
        measured: None,
        cleared: false,
    }
}

pub fn examined(key: &str) -> Examined {
    let of = |key: Key, fate| Difference { key, fate, change: None };
    let column = |table: &str, name: &str| Key::part(Sort::Column, "public", table, name);
    let mut changed = of(column("orders", "total"), Fate::Changed);
    changed.change = Some(("numeric(10,2)".to_owned(), "numeric(12,2)".to_owned()));
    Examined {
        key: key.to_owned(),
        hazards: vec![
            hazard(Rule::DropColumn, Severity::Danger, 1, 10),
            hazard(Rule::DropIndex, Severity::Notice, 2, 13),
        ],
        refused: Vec::new(),
        picture: vec![
            of(Key::new(Sort::Table, "public", "refunds"), Fate::Added),
            of(column("refunds", "id"), Fate::Added),
            of(column("refunds", "reason"), Fate::Added),
            changed,
            of(column("customers", "note"), Fate::Removed),
            of(Key::part(Sort::Index, "public", "refunds", "refunds_reason"), Fate::Added),
        ],
    }
}

pub fn told(standing: Standing) -> Told {
    let before = "CREATE TABLE order_items (\n    id bigint\n);\nSELECT 1;\n";
    let texts = Texts::from([("3".to_owned(), before.to_owned())]);
    Told::Standing(Arc::new(standing), Arc::new(texts))
}

fn answer(ask: &Ask) -> Option<Told> {
    match ask {
        Ask::Standing => Some(told(standing())),
        Ask::Examine(_, _, key) => Some(Told::Examined(Arc::new(examined(key)))),
        _ => None,
    }
}

pub fn with(answer: fn(&Ask) -> Option<Told>, size: (u16, u16)) -> Shop {
    let mut shop = Shop::new(Engine::Postgres, size);
    shop.migrations = answer;
    shop.keys("3");
    shop
}

fn view(size: (u16, u16)) -> Shop {
    with(answer, size)
}

/// Goes to the migration of this number.
fn go_to(shop: &mut Shop, number: usize) {
    shop.keys("g g");
    for _ in 1..number {
        shop.keys("j");
    }
}

/// What was asked of the migrations: the key of what was examined, empty for all.
fn asked(shop: &Shop) -> Vec<String> {
    let of = |request: &Request| match request {
        Request::Migrations(_, ask) => Some(match &**ask {
            Ask::Examine(_, _, key) => key.clone(),
            _ => String::new(),
        }),
        _ => None,
    };
    shop.asked.iter().filter_map(of).collect()
}

#[test]
fn every_state_is_told_in_a_word_on_both_sizes() {
    for (size, name) in [(SMALL, "80"), (LARGE, "120")] {
        let mut shop = view(size);
        go_to(&mut shop, 7);
        shop.wait(200);
        assert_snapshot!(format!("states_{name}"), shop.screen());
        let plain = shop.plain_screen();
        assert!(plain.is_ascii(), "{plain}");
    }
}

#[test]
fn what_can_be_done_about_each_state_is_said() {
    let mut shop = view(LARGE);
    let mut heads = String::new();
    for number in 1..=12 {
        go_to(&mut shop, number);
        let screen = shop.screen();
        let of_text = |line: &str| line.chars().skip(55).collect::<String>();
        let head: Vec<String> = screen.lines().skip(1).take(6).map(of_text).collect();
        heads.push_str(&head.join("\n"));
        heads.push('\n');
    }
    assert_snapshot!("heads", heads);
}

#[test]
fn a_migration_is_examined_once_the_cursor_rests_on_it() {
    let mut shop = view(LARGE);
    assert_eq!(asked(&shop), [""]);
    // The first that wants something done.
    assert!(shop.screen().contains("0003_order_items"), "{}", shop.screen());
    go_to(&mut shop, 7);
    shop.wait(100);
    shop.keys("j k");
    assert_eq!(asked(&shop).len(), 1);
    shop.wait(200);
    assert_eq!(asked(&shop), ["", "7"]);
    // What is known is not asked for again.
    shop.keys("j k");
    shop.wait(1_000);
    shop.wait(1_000);
    assert_eq!(asked(&shop).len(), 2);
    assert!(shop.screen().contains("1 danger"), "{}", shop.screen());
}

#[test]
fn the_text_scrolls_and_n_goes_to_its_hazards() {
    let mut shop = view(SMALL);
    go_to(&mut shop, 7);
    shop.wait(200);
    shop.keys("n");
    assert_snapshot!("hazard_80", shop.screen());
    shop.keys("G");
    assert!(shop.screen().contains("drop-index"), "{}", shop.screen());
    shop.keys("y y");
    assert_eq!(shop.copied.last().map(String::as_str), Some(REFUNDS));
    shop.keys("esc");
    shop.keys("j");
    assert!(shop.screen().contains("half done"), "{}", shop.screen());
}

#[test]
fn the_way_back_the_picture_and_the_pending_script_take_turns() {
    let mut shop = view(LARGE);
    go_to(&mut shop, 7);
    shop.wait(200);
    shop.keys("d");
    assert!(shop.screen().contains("DROP TABLE refunds"), "{}", shop.screen());
    shop.keys("s");
    assert_snapshot!("picture_120", shop.screen());
    shop.keys("s");
    assert!(shop.screen().contains("CREATE TABLE public.refunds"), "{}", shop.screen());
    shop.keys("p");
    assert_snapshot!("pending_120", shop.screen());
    shop.keys("p t");
    assert!(shop.screen().contains("The text that was applied is not known"));
}

#[test]
fn a_changed_file_is_shown_beside_what_was_applied() {
    let mut shop = view(LARGE);
    go_to(&mut shop, 3);
    shop.keys("t");
    assert_snapshot!("texts_120", shop.screen());
}

#[test]
fn misnamed_files_and_notes_are_named_below() {
    let mut shop = view(SMALL);
    shop.keys("G k");
    assert_snapshot!("misfit_80", shop.screen());
    shop.keys("j");
    assert!(shop.screen().contains("The role may not read"), "{}", shop.screen());
}

#[test]
fn what_is_not_there_says_what_to_do_next() {
    let none = |ask: &Ask| match ask {
        Ask::Standing => Some(told(Standing {
            entries: Vec::new(),
            misfits: Vec::new(),
            notes: Vec::new(),
            history: None,
            ..standing()
        })),
        _ => None,
    };
    assert_snapshot!("none_80", with(none, SMALL).screen());
    assert_snapshot!("no_project_80", with(|_| None, SMALL).screen());
    let unborn = |ask: &Ask| match ask {
        Ask::Standing => Some(told(Standing {
            entries: vec![entry(1, "customers", State::Pending)],
            misfits: Vec::new(),
            notes: Vec::new(),
            history: None,
            ..standing()
        })),
        _ => None,
    };
    assert_snapshot!("no_history_80", with(unborn, SMALL).screen());
}

#[test]
fn the_mouse_chooses_and_scrolls() {
    let mut shop = view(LARGE);
    shop.click("refunds");
    assert!(shop.screen().contains("0007_refunds"), "{}", shop.screen());
    shop.mouse(MouseAction::WheelDown, 10, 5);
    assert!(shop.screen().contains("0010_returns"), "{}", shop.screen());
    shop.mouse(MouseAction::WheelDown, 90, 12);
    shop.mouse(MouseAction::Press, 90, 12);
}

#[test]
fn hostile_names_and_texts_are_harmless() {
    let hostile = |ask: &Ask| match ask {
        Ask::Standing => {
            let mut standing = standing();
            standing.notes = vec![HOSTILE.to_owned()];
            standing.history = Some(HOSTILE.to_owned());
            standing.folder = HOSTILE.to_owned();
            for entry in &mut standing.entries {
                entry.name = format!("1_{HOSTILE}");
                if let Some(record) = &mut entry.record {
                    record.by = Some(HOSTILE.to_owned());
                    record.when = Some(HOSTILE.to_owned());
                }
                if let Some(migration) = &mut entry.migration {
                    migration.description = HOSTILE.to_owned();
                    migration.up.text = format!("-- {HOSTILE}\nSELECT '{HOSTILE}';");
                }
            }
            Some(told(standing))
        }
        _ => None,
    };
    for size in [SMALL, LARGE, (60, 16), (200, 60)] {
        let mut shop = with(hostile, size);
        for _ in 0..16 {
            shop.keys("j p s d");
            shop.screen();
        }
    }
}

#[test]
fn reading_again_keeps_the_cursor_and_what_is_known() {
    let mut shop = view(LARGE);
    go_to(&mut shop, 7);
    shop.wait(200);
    shop.hold.insert(Slot::Standing);
    shop.keys("R");
    assert!(shop.screen().contains("1 danger"), "{}", shop.screen());
    shop.release();
    assert!(shop.screen().contains("1 danger"), "{}", shop.screen());
    shop.send(Msg::Run(CommandId::DataView));
    shop.keys("3");
    assert!(shop.screen().contains("0007_refunds"), "{}", shop.screen());
}
