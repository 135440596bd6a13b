//! Running migrations from the view, without a database: what is shown before a yes, what a yes
//! takes, what is shown while it runs and after it.

use std::sync::Arc;
use std::time::Duration;

use dbstudio::app::effect::Slot;
use dbstudio::app::msg::{Event, Msg};
use dbstudio::config::Protection;
use dbstudio::ops::migrations_desk::{Ask, Carried, Order, Plan, Rehearsal, State, Told, Wanted};
use dbstudio::ops::rehearse::{Back, Failure, Rehearsed};
use dbstudio::ops::run::{Direction, Holder, Progress, Run, Scheduled, Statement};
use dbstudio::ops::session::Request;
use dbstudio::problem::{Kind, Problem};
use dbstudio::schema::hazard::{Rule, Severity};
use dbstudio::schema::model::Model;
use dbstudio::sql::Dialect;
use dbstudio::sql::statement::split;
use insta::assert_snapshot;

use crate::migrations_view::{entry, examined, hazard, standing, told, with};
use crate::shop::Shop;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 36);

fn scheduled(number: i64, name: &str, direction: Direction) -> Scheduled {
    let migration = entry(number, name, State::Pending).migration.unwrap();
    let script = match direction {
        Direction::Up => migration.up.clone(),
        Direction::Down => migration.down.clone().unwrap(),
    };
    let statements = split(Dialect::Postgres, &script.text)
        .into_iter()
        .filter(|piece| !piece.is_blank())
        .map(|piece| Statement {
            sql: piece.text(&script.text).to_owned(),
            start: piece.body.start,
            alone: false,
        });
    Scheduled {
        statements: statements.collect(),
        migration,
        from: 0,
        unsure: false,
        transaction: true,
        before: None,
        capsule: Vec::new(),
    }
}

fn plan(order: &Order) -> Plan {
    let direction = order.direction();
    let scripts = match direction {
        Direction::Up => vec![
            scheduled(5, "shipments", direction),
            scheduled(7, "refunds", direction),
            scheduled(12, "a_name_that_is_longer_than_the_list_is_wide", direction),
        ],
        Direction::Down => vec![scheduled(6, "vouchers", direction)],
    };
    let dangers = vec![
        hazard(Rule::DropColumn, Severity::Danger, 1, 10),
        hazard(Rule::DropIndex, Severity::Notice, 2, 13),
    ];
    let run = Run {
        direction,
        scripts,
        one_transaction: false,
        database: "shop".to_owned(),
        fingerprint: String::new(),
        notes: vec!["0010_returns would be passed over by sqlx".to_owned()],
    };
    Plan {
        order: order.clone(),
        hazards: if direction == Direction::Up {
            vec![Vec::new(), dangers, Vec::new()]
        } else {
            vec![Vec::new()]
        },
        refused: Vec::new(),
        warnings: Vec::new(),
        losses: if direction == Direction::Down {
            vec![vec!["table vouchers: 12 rows lost".to_owned()]]
        } else {
            Vec::new()
        },
        rehearsal: None,
        pictures: vec![examined("7").picture],
        dialect: Dialect::Postgres,
        run,
    }
}

pub fn answer(ask: &Ask) -> Option<Told> {
    Some(match ask {
        Ask::Standing => told(standing()),
        Ask::Examine(_, _, key) => Told::Examined(Arc::new(examined(key))),
        Ask::Plan(order) | Ask::Resume(order, _) => Told::Planned(Arc::new(plan(order))),
        Ask::Carry(plan) => Told::Carried(Box::new(Carried {
            plan: Arc::clone(plan),
            done: vec![
                ("0005_shipments".to_owned(), Duration::from_millis(12)),
                ("0007_refunds".to_owned(), Duration::from_millis(1_431)),
            ],
            by_others: vec!["0012_a_name_that_is_longer_than_the_list_is_wide".to_owned()],
            capsules: Vec::new(),
            notes: Vec::new(),
            elapsed: Duration::from_millis(1_502),
        })),
        Ask::Rehearse(_) => Told::Rehearsed(Arc::new(rehearsal())),
        Ask::Origins | Ask::Timeline | Ask::Amend(..) | Ask::Write(_) => return None,
    })
}

fn rehearsal() -> Rehearsal {
    let proven = Back::Tried {
        took: Duration::from_millis(4),
        schema: Vec::new(),
        rows: Vec::new(),
        again: Vec::new(),
    };
    let one = |name: &str, back| Rehearsed {
        name: name.to_owned(),
        file: format!("migrations/{name}.up.sql"),
        took: Duration::from_millis(12),
        rows: Vec::new(),
        back,
        hazards: vec![hazard(Rule::DropColumn, Severity::Danger, 1, 10)],
        refused: Vec::new(),
    };
    Rehearsal {
        on: "a scratch database with the live schema".to_owned(),
        scripts: vec![one("0005_shipments", proven), one("0007_refunds", Back::None)],
        failure: Some(Failure {
            name: "0008_stock".to_owned(),
            problem: Problem::failed(
                "migrations/0008_stock.up.sql:3:1: relation \"nowhere\" does not exist",
                "ALTER TABLE nowhere ADD COLUMN a text",
                "correct the file",
            ),
        }),
        outcome: None,
        live: Model::empty(Dialect::Postgres),
        notes: Vec::new(),
    }
}

#[test]
fn a_rehearsal_tells_what_it_found() {
    for (size, name) in [(SMALL, "80"), (LARGE, "120")] {
        let mut shop = with(answer, size);
        shop.keys("r");
        assert_snapshot!(format!("rehearsed_{name}"), shop.screen());
    }
}

#[test]
fn a_repair_asks_for_a_reason_first() {
    let mut shop = with(answer, SMALL);
    shop.keys("g g j j f");
    assert_snapshot!("reason", shop.screen());
    shop.keys("enter");
    assert!(shop.screen().contains("kept for those who come later"), "{}", shop.screen());
    shop.hold.insert(Slot::Op);
    shop.types("why not");
    shop.keys("enter");
    let asked = shop.held.last().map(|(_, _, request)| request.clone());
    let Some(Request::Migrations(_, ask)) = asked else { panic!("{asked:?}") };
    let wanted = Wanted::Accepted("3".to_owned());
    assert_eq!(*ask, Ask::Amend(wanted, Some("why not".to_owned())));
}

fn protected(protection: Protection, size: (u16, u16)) -> Shop {
    let mut shop = with(answer, size);
    if let Some(target) = &mut shop.model.target {
        target.protection = protection;
    }
    shop
}

fn carried_out(shop: &Shop) -> usize {
    let is_it = |request: &&Request| matches!(request, Request::Migrations(_, ask) if matches!(**ask, Ask::Carry(_)));
    shop.asked.iter().filter(is_it).count()
}

/// Tells the run how far it has come.
fn tell(shop: &mut Shop, progress: Progress) {
    let ticket = shop.held.last().unwrap().1;
    shop.send(Msg::Reply(Slot::Op, ticket, Event::Ran(Box::new(progress))));
}

fn begin(shop: &mut Shop) {
    shop.hold.insert(Slot::Op);
    shop.keys("y");
}

#[test]
fn the_very_text_is_shown_and_runs_after_a_yes() {
    for (size, name) in [(SMALL, "80"), (LARGE, "120")] {
        let mut shop = with(answer, size);
        shop.keys("a");
        assert_snapshot!(format!("plan_{name}"), shop.screen());
        assert!(shop.plain_screen().is_ascii());
        shop.keys("a");
        assert_eq!(carried_out(&shop), 0);
        assert_snapshot!(format!("plan_yes_{name}"), shop.screen());
        shop.keys("y");
        assert_eq!(carried_out(&shop), 1);
        assert_snapshot!(format!("applied_{name}"), shop.screen());
        shop.keys("enter");
        assert!(shop.model.overlays.is_empty());
    }
}

#[test]
fn a_no_changes_nothing() {
    let mut shop = with(answer, SMALL);
    shop.keys("a a n esc");
    assert!(shop.screen().contains("Nothing was changed"), "{}", shop.screen());
    assert_eq!(carried_out(&shop), 0);
    assert!(shop.model.overlays.is_empty());
}

#[test]
fn production_wants_the_sql_read_and_the_name_typed() {
    let mut shop = protected(Protection::Production, SMALL);
    shop.keys("a a");
    assert!(shop.screen().contains("is read to its end first"), "{}", shop.screen());
    shop.keys("G a");
    assert_snapshot!("database_name", shop.screen());
    shop.types("ship");
    shop.keys("enter");
    assert!(shop.screen().contains("the database is called shop"), "{}", shop.screen());
    assert_eq!(carried_out(&shop), 0);
    shop.keys("backspace backspace");
    shop.types("op");
    shop.keys("enter");
    assert_eq!(carried_out(&shop), 1);
}

#[test]
fn each_statement_ticks_and_who_is_in_the_way_is_said() {
    let mut shop = with(answer, LARGE);
    shop.keys("a a");
    begin(&mut shop);
    tell(&mut shop, Progress::Statement { script: 0, statement: 0 });
    shop.wait(40);
    tell(&mut shop, Progress::Finished { script: 0, took: Duration::from_millis(41) });
    tell(&mut shop, Progress::Statement { script: 1, statement: 0 });
    shop.wait(1_200);
    tell(&mut shop, Progress::Statement { script: 1, statement: 1 });
    shop.wait(2_300);
    let holder = Holder {
        pid: 4711,
        who: "ada, psql, 10.0.0.7".to_owned(),
        query: "UPDATE customers SET note = NULL".to_owned(),
        since: Some(Duration::from_secs(190)),
    };
    let what = "a statement waits for a lock".to_owned();
    tell(&mut shop, Progress::Waiting { what, holders: vec![holder] });
    assert_snapshot!("running_120", shop.screen());
    shop.keys("esc q");
    assert!(shop.cancelled.is_empty());
    shop.keys("ctrl+c");
    assert_eq!(shop.cancelled, [Slot::Op]);
    assert!(shop.screen().contains("stopping"), "{}", shop.screen());
    let why = "0005_shipments is applied; nothing of 0007_refunds is";
    shop.fail(&Problem::new(Kind::Cancelled, "Stopped", why, ""));
    assert!(shop.screen().contains("nothing of 0007_refunds is"), "{}", shop.screen());
}

#[test]
fn a_failure_says_where_why_and_how_things_are() {
    let mut shop = with(answer, SMALL);
    shop.keys("a a");
    begin(&mut shop);
    tell(&mut shop, Progress::Statement { script: 1, statement: 1 });
    shop.fail(&Problem::failed(
        "migrations/0007_refunds.up.sql:10:1: column \"note\" does not exist",
        "0005_shipments is applied; of 0007_refunds nothing is, it was rolled back",
        "correct the file and apply again",
    ));
    assert_snapshot!("failed_80", shop.screen());
    shop.keys("enter");
    assert!(shop.model.overlays.is_empty());
}

#[test]
fn rolling_back_shows_the_way_back_first() {
    let mut shop = with(answer, SMALL);
    shop.keys("b");
    assert_snapshot!("roll_back_80", shop.screen());
    shop.keys("a");
    assert!(shop.screen().contains("Roll back 0006_vouchers?"), "{}", shop.screen());
}

#[test]
fn what_the_configuration_refuses_does_not_run() {
    let refused = |ask: &Ask| match ask {
        Ask::Plan(order) => {
            let mut plan = plan(order);
            plan.refused = vec![hazard(Rule::DropColumn, Severity::Danger, 1, 10)];
            Some(Told::Planned(Arc::new(plan)))
        }
        other => answer(other),
    };
    let mut shop = with(refused, SMALL);
    shop.keys("a a");
    assert!(shop.screen().contains("Refused"), "{}", shop.screen());
    shop.keys("enter esc");
    assert_eq!(carried_out(&shop), 0);
}

#[test]
fn nothing_pending_is_said() {
    let none = |ask: &Ask| match ask {
        Ask::Plan(order) => {
            let mut plan = plan(order);
            plan.run.scripts.clear();
            Some(Told::Planned(Arc::new(plan)))
        }
        other => answer(other),
    };
    let mut shop = with(none, SMALL);
    shop.keys("a");
    assert!(shop.screen().contains("Every migration is applied."), "{}", shop.screen());
}

#[test]
fn any_size_of_screen_takes_the_plan_and_the_run() {
    for size in [(60, 16), (61, 17), (200, 60)] {
        let mut shop = with(answer, size);
        shop.keys("a n n N G g g ctrl+d");
        shop.screen();
        shop.send(Msg::Resized(60, 16));
        shop.keys("j a");
        begin(&mut shop);
        for statement in 0..3 {
            tell(&mut shop, Progress::Statement { script: 1, statement });
            shop.screen();
        }
    }
}

#[test]
fn where_only_a_person_can_tell_the_statement_is_chosen() {
    let cut_off = |ask: &Ask| match ask {
        Ask::Plan(order) | Ask::Resume(order, _) => {
            let mut plan = plan(order);
            if let Some(first) = plan.run.scripts.first_mut() {
                (first.transaction, first.unsure) = (false, true);
            }
            Some(Told::Planned(Arc::new(plan)))
        }
        other => answer(other),
    };
    for (size, name) in [(SMALL, "80"), (LARGE, "120")] {
        let mut shop = with(cut_off, size);
        shop.keys("a a");
        begin(&mut shop);
        shop.fail(&Problem::new(
            Kind::Refused,
            "Whether statement 1 of 0005_shipments was done before the last run was cut off is not \
             known",
            "CREATE TABLE shipments\nLook at the table shipments",
            "if it was done, run the command again with --resume-after 1; if not, with \
             --resume-after 0",
        ));
        assert_snapshot!(format!("resume_{name}"), shop.screen());
        shop.keys("j enter");
        let wanted = Ask::Resume(Order::Apply { to: None }, 1);
        let is_it = |one: &Request| matches!(one, Request::Migrations(_, ask) if **ask == wanted);
        assert!(shop.asked.iter().any(is_it), "{}", shop.screen());
    }
}
