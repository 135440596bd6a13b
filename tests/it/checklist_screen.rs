//! The checklist of migrations in production on the screen, without a database: what each item
//! shows, what is done about it with a key, what only a reason stands in for, and that nothing runs
//! before all of it holds.

use std::cell::RefCell;
use std::sync::Arc;

use dbstudio::app::effect::Slot;
use dbstudio::app::msg::{Event, Msg};
use dbstudio::config::{Protection, checklist_items};
use dbstudio::ops::checklist::{Aid, Gathered, Item, Word};
use dbstudio::ops::migrations_desk::{Ask, Order, Told};
use dbstudio::ops::session::Request;
use dbstudio::problem::{Kind, Problem};
use insta::assert_snapshot;

use crate::migrations_run::{self, plan};
use crate::migrations_view::with;
use crate::shop::Shop;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 36);

thread_local! {
    /// What was done about the items.
    static DONE: RefCell<Vec<Aid>> = const { RefCell::new(Vec::new()) };
}

fn item(id: &'static str, title: &'static str, shown: bool, evidence: &[&str]) -> Item {
    let evidence = evidence.iter().map(|told| (*told).to_owned()).collect();
    Item { id, title, shown, evidence }
}

fn gathered(read: &[String]) -> Gathered {
    let done = |aid| DONE.with_borrow(|done| done.contains(&aid));
    let (backup, rehearsed) = (done(Aid::Backup), done(Aid::Rehearse));
    let told = |is: bool, shown: &'static str, open: &'static str| if is { shown } else { open };
    let unread = format!("6 statements in 3 files; {} were read", read.len());
    let items = vec![
        item(
            "tested-on-staging",
            "the same migrations are applied on staging",
            true,
            &["staging has them applied, the very same texts"],
        ),
        item("reviewed", "the SQL was reviewed", read.len() == 3, &[&unread]),
        item(
            "backup",
            "a backup was made",
            backup,
            &[told(
                backup,
                "shop_1.dump was made and verified, 0 seconds ago",
                "there is no backup yet",
            )],
        ),
        item(
            "rollback-plan",
            "the way back was rehearsed",
            rehearsed,
            &[
                told(
                    rehearsed,
                    "rehearsed on a copy: passed, 0 seconds ago",
                    "there is no rehearsal yet",
                ),
                "going back does not bring back rows of vouchers: 0, were 12",
            ],
        ),
        item(
            "off-peak",
            "few people are at work",
            false,
            &["it is 14:02 there, outside 22:00-06:00", "3 other sessions, 1 of them at work"],
        ),
        item(
            "team-notified",
            "the team knows",
            done(Aid::Notify),
            &["the command notify has not run for this yet"],
        ),
    ];
    let aids = vec![Aid::Backup, Aid::Rehearse, Aid::Notify];
    Gathered { items, strict: true, aids, trouble: None }
}

fn answer(ask: &Ask) -> Option<Told> {
    Some(match ask {
        Ask::Plan(order) => {
            let mut plan = plan(order);
            plan.items = checklist_items("migrate").to_vec();
            Told::Planned(Arc::new(plan))
        }
        Ask::Gather(_, read) => Told::Gathered(Box::new(gathered(read))),
        Ask::Aid(_, aid, read) => {
            DONE.with_borrow_mut(|done| done.push(*aid));
            Told::Gathered(Box::new(gathered(read)))
        }
        other => return migrations_run::answer(other),
    })
}

/// The plan of what is pending in production, read to its end.
fn looked_at(size: (u16, u16), answer: fn(&Ask) -> Option<Told>) -> Shop {
    DONE.with_borrow_mut(Vec::clear);
    let mut shop = with(answer, size);
    if let Some(target) = &mut shop.model.target {
        target.protection = Protection::Production;
    }
    shop.keys("a pgdn pgdn pgdn pgdn G");
    shop
}

/// What a run was asked for with.
fn carried(shop: &Shop) -> Option<Vec<Word>> {
    shop.asked.iter().rev().find_map(|request| match request {
        Request::Migrations(_, ask) => match &**ask {
            Ask::Carry(_, signed) => Some(signed.words.clone()),
            _ => None,
        },
        _ => None,
    })
}

#[test]
fn every_item_shows_its_evidence_and_nothing_runs_before_all_hold() {
    for (size, name) in [(SMALL, "80"), (LARGE, "120")] {
        let mut shop = looked_at(size, answer);
        shop.keys("a");
        assert_snapshot!(format!("open_{name}"), shop.screen());
        assert!(shop.plain_screen().is_ascii(), "{}", shop.plain_screen());
        shop.keys("b n r");
        shop.keys("k j w");
        assert_snapshot!(format!("waiving_{name}"), shop.screen());
        shop.keys("enter");
        assert!(shop.screen().contains("kept for those who come later"), "{}", shop.screen());
        shop.types("a holiday");
        shop.keys("enter");
        assert_snapshot!(format!("holds_{name}"), shop.screen());
        shop.keys("enter");
        assert!(shop.screen().contains("the database's name"), "{}", shop.screen());
        assert_eq!(carried(&shop), None);
        shop.types("shop");
        shop.keys("enter");
        let word = Word { item: "off-peak".to_owned(), reason: Some("a holiday".to_owned()) };
        assert_eq!(carried(&shop), Some(vec![word]));
        assert!(shop.screen().contains("Applied 2 migrations"), "{}", shop.screen());
        shop.keys("enter");
        assert!(shop.model.overlays.is_empty());
    }
}

#[test]
fn evidence_is_not_ticked_away_and_an_unread_file_stays_open() {
    DONE.with_borrow_mut(Vec::clear);
    let mut shop = with(answer, SMALL);
    if let Some(target) = &mut shop.model.target {
        target.protection = Protection::Production;
    }
    shop.keys("a a");
    assert!(shop.screen().contains("5 open"), "{}", shop.screen());
    shop.keys("space");
    assert!(shop.screen().contains("read each file to its end"), "{}", shop.screen());
    shop.keys("j space");
    assert!(shop.screen().contains("wants evidence, or a reason"), "{}", shop.screen());
    // A tick is enough for what only a person knows; it outlives a look at the plan.
    shop.keys("G j j j space");
    assert!(shop.screen().contains("4 open"), "{}", shop.screen());
    shop.keys("enter");
    assert_eq!(carried(&shop), None);
    shop.keys("esc pgdn pgdn pgdn pgdn G a");
    assert!(shop.screen().contains("3 open"), "{}", shop.screen());
    shop.keys("enter esc esc");
    assert_eq!(carried(&shop), None);
    assert!(shop.model.overlays.is_empty());
}

#[test]
fn what_is_done_about_an_item_is_followed_stopped_and_explained() {
    let mut shop = looked_at(LARGE, answer);
    shop.keys("a");
    shop.hold.insert(Slot::Op);
    shop.keys("r");
    let ticket = shop.held.last().unwrap().1;
    shop.send(Msg::Reply(Slot::Op, ticket, Event::Progress(2)));
    shop.wait(1_300);
    assert_snapshot!("rehearsing", shop.screen());
    // Nothing else begins meanwhile.
    shop.keys("b space enter w");
    assert_eq!(shop.held.len(), 1);
    shop.keys("esc");
    assert_eq!(shop.cancelled, [Slot::Op]);
    shop.fail(&Problem::cancelled("Stopped"));
    assert!(shop.screen().contains("4 open"), "{}", shop.screen());
    shop.hold.insert(Slot::Op);
    shop.keys("b");
    shop.fail(&Problem::failed(
        "The backup cannot be made",
        "pg_dump 14 is older than the server, which is 15",
        "install postgresql-client-15",
    ));
    assert_snapshot!("no_backup", shop.screen());
    assert_eq!(carried(&shop), None);
}

#[test]
fn what_does_not_hold_any_more_is_open_again() {
    let stale = |ask: &Ask| match ask {
        Ask::Carry(_, signed) => {
            DONE.with_borrow_mut(|done| done.retain(|aid| *aid != Aid::Rehearse));
            let what = "Something on the checklist does not hold any more; nothing was run";
            let why = "rollback-plan: the rehearsal is of another schema: it has changed since";
            let problem = Problem::new(Kind::Refused, what, why, "look at the checklist again");
            let found = Gathered { trouble: Some(problem), ..gathered(&signed.read) };
            Some(Told::Reopened(Box::new(found)))
        }
        other => answer(other),
    };
    let mut shop = looked_at(LARGE, stale);
    shop.keys("a b n r w");
    shop.types("a holiday");
    shop.keys("enter enter");
    shop.types("shop");
    shop.keys("enter");
    assert_snapshot!("reopened", shop.screen());
    // What was said is kept; only what does not hold is done again.
    shop.keys("r");
    assert!(shop.screen().contains("all hold"), "{}", shop.screen());
}

#[test]
fn where_a_checklist_is_configured_elsewhere_a_tick_is_enough() {
    let staging = |ask: &Ask| match ask {
        Ask::Plan(order @ Order::Apply { .. }) => {
            let mut plan = plan(order);
            plan.items = vec!["off-peak"];
            Some(Told::Planned(Arc::new(plan)))
        }
        Ask::Gather(_, read) => {
            let mut found = gathered(read);
            found.items.retain(|item| item.id == "off-peak");
            found.aids.clear();
            found.strict = false;
            Some(Told::Gathered(Box::new(found)))
        }
        other => answer(other),
    };
    let mut shop = with(staging, SMALL);
    if let Some(target) = &mut shop.model.target {
        target.protection = Protection::Staging;
    }
    shop.keys("a a space");
    assert!(shop.screen().contains("all hold"), "{}", shop.screen());
    shop.keys("enter");
    assert_eq!(carried(&shop), Some(vec![Word { item: "off-peak".to_owned(), reason: None }]));
}

#[test]
fn rolling_back_in_production_has_a_list_of_its_own() {
    let back = |ask: &Ask| match ask {
        Ask::Plan(order @ Order::RollBack { .. }) => {
            let mut plan = plan(order);
            plan.items = vec!["reviewed", "team-notified"];
            Some(Told::Planned(Arc::new(plan)))
        }
        Ask::Gather(plan, read) => {
            let mut found = gathered(&[]);
            found.items.retain(|item| plan.items.contains(&item.id));
            found.aids = vec![Aid::Notify];
            // The way back is what was looked at.
            found.items[0].shown = read.as_slice() == ["0006_vouchers"];
            Some(Told::Gathered(Box::new(found)))
        }
        other => answer(other),
    };
    DONE.with_borrow_mut(Vec::clear);
    let mut shop = with(back, LARGE);
    if let Some(target) = &mut shop.model.target {
        target.protection = Protection::Production;
    }
    shop.keys("b a");
    assert_snapshot!("roll_back", shop.screen());
    shop.keys("space enter");
    assert!(shop.screen().contains("the database's name"), "{}", shop.screen());
    shop.types("shop");
    shop.keys("enter");
    let word = Word { item: "team-notified".to_owned(), reason: None };
    assert_eq!(carried(&shop), Some(vec![word]));
}
