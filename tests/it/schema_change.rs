//! Changing the schema from the studio: what is asked, what is shown before a yes, what follows
//! it. Keys in, screens and requests out.

use std::collections::BTreeMap;
use std::sync::Arc;

use dbstudio::app::command::CommandId;
use dbstudio::app::effect::Slot;
use dbstudio::app::key::MouseAction;
use dbstudio::app::msg::{Event, Msg};
use dbstudio::config::{
    Address, Origin, Project, Protection, SchemaSource, SessionSettings, SqliteAddress, Target,
};
use dbstudio::db::Engine;
use dbstudio::ops::change::Setting;
use dbstudio::ops::checklist::{Gathered, Item};
use dbstudio::ops::preparation::{Intent, Outcome, Prepared};
use dbstudio::ops::proof::{Proof, Stage};
use dbstudio::ops::review::{Review, Statement};
use dbstudio::ops::session::Request;
use dbstudio::problem::{Kind, Problem};
use dbstudio::schema::hazard::{Hazard, Rule, Severity};
use dbstudio::schema::model::{Key, Kind as Sort, Model, Scope};
use dbstudio::schema::plan::{Plan, Step};
use dbstudio::schema::rename::{Candidate, Rename};
use dbstudio::sql::Dialect;
use insta::assert_snapshot;

use crate::shop::{HOSTILE, Shop};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

fn column(name: &str) -> Key {
    Key::part(Sort::Column, "public", "customers", name)
}

fn hazard(rule: Rule, severity: Severity, step: usize, measured: Option<&str>) -> Hazard {
    Hazard {
        rule,
        severity,
        step,
        line: None,
        object: Some(column("note")),
        why: "Its values are lost, and what still reads it fails.".to_owned(),
        safer: "Release a version that no longer uses it first; keep a copy.".to_owned(),
        measured: measured.map(str::to_owned),
        cleared: false,
    }
}

fn statement(sql: &str, what: &str, hazards: Vec<Hazard>) -> Statement {
    Statement {
        sql: sql.to_owned(),
        what: what.to_owned(),
        locks: vec!["ACCESS EXCLUSIVE on public.customers".to_owned()],
        blocks: vec!["reads and writes of public.customers".to_owned()],
        rewrites: Vec::new(),
        watched: true,
        outside_transaction: false,
        apart: false,
        hazards,
        measures: Vec::new(),
    }
}

fn statements() -> Vec<Statement> {
    let lost = "750 values of note lost";
    let dangers = vec![
        hazard(Rule::DropColumn, Severity::Danger, 1, Some(lost)),
        hazard(Rule::DropIndex, Severity::Notice, 1, None),
    ];
    let warnings = vec![hazard(Rule::RenameColumn, Severity::Warning, 0, None)];
    let mut all = vec![
        statement(
            "ALTER TABLE public.customers RENAME COLUMN mail TO email",
            "renames column public.customers.mail to email",
            warnings,
        ),
        statement(
            "ALTER TABLE public.customers\n    DROP COLUMN note",
            "drops column public.customers.note",
            dangers,
        ),
        statement(
            "CREATE TABLE public.refunds (\n    id bigint PRIMARY KEY,\n    reason text DEFAULT \
             'it''s broken' NOT NULL -- in words\n)",
            "makes table public.refunds",
            Vec::new(),
        ),
        statement(
            "CREATE INDEX CONCURRENTLY refunds_reason ON public.refunds (reason) WHERE reason <> \
             'it''s broken' AND id > 1000",
            "makes index public.refunds.refunds_reason",
            Vec::new(),
        ),
    ];
    all[1].measures = vec![lost.to_owned(), "3,000 rows, 192 kB: roughly 40 ms".to_owned()];
    all[2].locks.clear();
    all[3].locks.clear();
    all[3].outside_transaction = true;
    all[3].rewrites = vec!["public.refunds".to_owned()];
    all
}

fn setting() -> Setting {
    let file = Some("shop.db".into());
    Setting {
        state: std::path::PathBuf::new(),
        project: Project {
            folder: "shop".into(),
            schema: SchemaSource::Paths(Vec::new()),
            migrations: "shop/migrations".into(),
            backups: None,
            backup_keep: None,
            seeds: "shop/seeds".into(),
            format: None,
            history: None,
            generate: None,
            numbering: None,
            schemas: None,
            privileges: false,
            owners: false,
        },
        target: Target {
            name: None,
            address: Address::Sqlite(SqliteAddress { file, read_only: false, immutable: false }),
            protection: Protection::Development,
            origin: Origin::Flag,
            read_only: false,
            session: SessionSettings::default(),
            masked: Vec::new(),
        },
        scratch: None,
        scope: Scope::default(),
        online: false,
        policies: BTreeMap::new(),
    }
}

/// A plan with these statements.
fn prepared(intent: Intent, statements: Vec<Statement>) -> Prepared {
    let steps = statements.iter().map(|it| Step::new(it.sql.clone(), Vec::new())).collect();
    let up = Plan { steps, ..Plan::empty(Dialect::Postgres) };
    let down = Plan::empty(Dialect::Postgres);
    let item = |id, title, shown, evidence: &[&str]| Item {
        id,
        title,
        shown,
        evidence: evidence.iter().map(|told| (*told).to_owned()).collect(),
    };
    let model = Model::empty(Dialect::Postgres);
    Prepared {
        intent,
        setting: setting(),
        proof: Proof {
            current: model.clone(),
            desired: model.clone(),
            stages: vec![Stage { up: up.clone(), down: down.clone() }],
            up,
            down: Some(down),
        },
        review: Review {
            statements,
            renames: Vec::new(),
            notes: vec!["server cron is not compared".to_owned()],
            refused: Vec::new(),
            objection: None,
        },
        gathered: Gathered {
            items: match intent {
                Intent::Push => vec![
                    item("development", "this is a development database", true, &["shop is local"]),
                    item(
                        "data",
                        "no important data is affected",
                        false,
                        &["column customers.note"],
                    ),
                    item(
                        "loss",
                        "the loss can be afforded",
                        false,
                        &["customers.note: 750 values"; 9],
                    ),
                ],
                _ => Vec::new(),
            },
            ..Gathered::default()
        },
        name: "rename_customers_mail".to_owned(),
        current: model,
        existing: Vec::new(),
        at: 1_800_000_000,
    }
}

fn ready(intent: Intent) -> Outcome {
    Outcome::Ready(Arc::new(prepared(intent, statements())))
}

fn candidates() -> Vec<Candidate> {
    let of =
        |rename, why: &str| Candidate { rename, likeness: 0.8, why: why.to_owned(), same: false };
    let table = |name: &str| Key::new(Sort::Table, "shop", name);
    vec![
        of(
            Rename::Object { from: column("mail"), to: column("email") },
            "the same type, text, a like name, the same place",
        ),
        of(Rename::Object { from: table("orders"), to: table("purchases") }, "4 of 5 columns"),
        of(
            Rename::Label {
                key: Key::new(Sort::Enum, "public", "state"),
                from: "payed".to_owned(),
                to: "paid".to_owned(),
            },
            "a like name",
        ),
    ]
}

/// What comes of preparing a push: questions, then a plan.
pub fn outcomes() -> Vec<Outcome> {
    vec![Outcome::Open(candidates()), ready(Intent::Push)]
}

/// A shop in which preparing a change ends so, and the change that was begun.
fn begun(intent: Intent, size: (u16, u16), outcomes: Vec<Outcome>) -> Shop {
    let mut shop = Shop::new(Engine::Postgres, size);
    shop.outcomes = outcomes;
    shop.send(Msg::Run(match intent {
        Intent::Generate => CommandId::Generate,
        Intent::Push => CommandId::Push,
        Intent::Compare => CommandId::Compare,
    }));
    shop
}

fn pushes(shop: &Shop) -> usize {
    shop.asked.iter().filter(|asked| matches!(asked, Request::Push(..))).count()
}

#[test]
fn a_plan_is_reviewed_with_its_hazards_on_their_lines() {
    for (name, size) in [("review_80", SMALL), ("review_120", LARGE)] {
        let shop = begun(Intent::Push, size, vec![ready(Intent::Push)]);
        assert_snapshot!(name, shop.screen());
    }
    let mut shop = begun(Intent::Push, SMALL, vec![ready(Intent::Push)]);
    assert!(shop.plain_screen().is_ascii(), "{}", shop.plain_screen());
    shop.keys("G");
    assert_snapshot!("review_end", shop.screen());
    shop.keys("g g");
    assert!(shop.screen().contains("1  ALTER TABLE"), "{}", shop.screen());
    // A hazard is found together with its statement, and what is copied is where the cursor is.
    shop.keys("n n y");
    assert_eq!(shop.copied, ["ALTER TABLE public.customers\n    DROP COLUMN note;\n"]);
    shop.keys("N y Y");
    assert!(shop.copied[1].contains("RENAME COLUMN"), "{:?}", shop.copied);
    assert_eq!(shop.copied[2].matches(";\n").count(), 4, "{:?}", shop.copied);
    shop.keys("esc");
    assert!(shop.model.overlays.is_empty());
    assert_eq!(pushes(&shop), 0);
}

#[test]
fn nothing_runs_before_every_item_is_ticked() {
    for (name, size) in [("checklist_80", SMALL), ("checklist_120", LARGE)] {
        let mut shop = begun(Intent::Push, size, vec![ready(Intent::Push)]);
        shop.keys("a");
        assert_snapshot!(name, shop.screen());
    }
    let mut shop = begun(Intent::Push, SMALL, vec![ready(Intent::Push)]);
    shop.keys("enter enter enter k space enter");
    assert_eq!(pushes(&shop), 0);
    shop.keys("space enter space space enter");
    assert_eq!(pushes(&shop), 0, "the last item was ticked and unticked");
    shop.keys("esc");
    assert!(shop.screen().contains("a apply"), "{}", shop.screen());
    shop.keys("a");
    shop.click("[ ]");
    shop.keys("j j space");
    assert!(shop.screen().contains("enter run"), "{}", shop.screen());
    shop.hold.insert(Slot::Op);
    shop.keys("enter");
    assert_eq!(pushes(&shop), 1);
}

#[test]
fn a_push_is_followed_statement_by_statement_and_the_tables_are_read_again() {
    let mut shop = begun(Intent::Push, SMALL, vec![ready(Intent::Push)]);
    shop.hold.insert(Slot::Op);
    shop.keys("a space j space enter");
    let (slot, ticket, _) = shop.held[0].clone();
    shop.send(Msg::Reply(slot, ticket, Event::Progress(2)));
    shop.wait(2_300);
    assert_snapshot!("pushing", shop.screen());
    // It cannot be left, and nothing else can be begun.
    shop.keys("esc q enter");
    shop.send(Msg::Run(CommandId::Generate));
    assert_eq!(shop.held.len(), 1);
    shop.asked.clear();
    shop.release();
    assert_snapshot!("pushed", shop.screen());
    assert!(shop.asked.contains(&Request::Outline));
    shop.keys("enter");
    assert!(shop.model.overlays.is_empty());
}

#[test]
fn a_push_that_fails_or_is_stopped_says_how_things_are() {
    let mut shop = begun(Intent::Push, SMALL, vec![ready(Intent::Push)]);
    shop.hold.insert(Slot::Op);
    shop.keys("a space j space enter");
    let why = "column \"note\" does not exist\nALTER TABLE public.customers\n    DROP COLUMN note\n\
               Everything was rolled back: the database is as it was";
    shop.fail(&Problem::failed("Statement 2 of 4 failed", why, "correct it and push again"));
    assert_snapshot!("push_failed", shop.screen());
    shop.keys("esc");
    assert!(shop.screen().contains("a apply"), "the plan is still there: {}", shop.screen());

    shop.hold.insert(Slot::Op);
    shop.keys("a space j space enter ctrl+c");
    assert_eq!(shop.cancelled.last(), Some(&Slot::Op));
    shop.wait(300);
    assert!(shop.screen().contains("stopping"), "{}", shop.screen());
    let stopped = Problem::new(Kind::Cancelled, "Stopped", "Everything was rolled back", "");
    shop.fail(&stopped);
    assert!(shop.screen().contains("Everything was rolled back."), "{}", shop.screen());
}

#[test]
fn renames_are_asked_one_by_one() {
    for (name, size) in [("rename_80", SMALL), ("rename_120", LARGE)] {
        let shop = begun(Intent::Push, size, vec![Outcome::Open(candidates())]);
        assert_snapshot!(name, shop.screen());
    }
    let mut shop = begun(Intent::Push, SMALL, outcomes());
    shop.keys("y");
    assert!(shop.screen().contains("shop.purchases the renamed"), "{}", shop.screen());
    shop.keys("y backspace enter n");
    assert_snapshot!("rename_label", shop.screen());
    shop.keys("y");
    let Some(Request::Prepare(last)) = shop.asked.last() else { panic!("{:?}", shop.asked) };
    let [mail, orders, label] = candidates().try_into().unwrap();
    assert_eq!(last.answers.yes, [mail.rename, label.rename]);
    assert_eq!(last.answers.no, [orders.rename]);
    assert!(shop.screen().contains("Push to shop"), "{}", shop.screen());
}

#[test]
fn a_yes_may_lead_to_further_questions_and_leaving_lets_go() {
    let all = candidates();
    let (first, rest) = (vec![all[0].clone()], vec![all[1].clone()]);
    let outcomes = vec![Outcome::Open(first), Outcome::Open(rest), ready(Intent::Generate)];
    let mut shop = begun(Intent::Generate, SMALL, outcomes.clone());
    shop.keys("y n");
    let Some(Request::Prepare(last)) = shop.asked.last() else { panic!("{:?}", shop.asked) };
    assert_eq!((last.answers.yes.len(), last.answers.no.len()), (1, 1));
    assert!(shop.screen().contains("w write"), "{}", shop.screen());

    let mut shop = begun(Intent::Generate, SMALL, outcomes);
    shop.keys("esc");
    assert_eq!(shop.asked.last(), Some(&Request::LetGo));
    assert!(shop.screen().contains("Nothing was changed"), "{}", shop.screen());
}

#[test]
fn a_migration_is_named_before_it_is_written() {
    let mut shop = begun(Intent::Generate, SMALL, vec![ready(Intent::Generate)]);
    shop.keys("w");
    assert_snapshot!("migration_name", shop.screen());
    shop.keys("esc");
    assert!(shop.screen().contains("w write"), "{}", shop.screen());
    shop.keys("enter");
    shop.types("_too");
    shop.keys("enter");
    let Some(Request::Write(_, name)) = shop.asked.last() else { panic!("{:?}", shop.asked) };
    assert_eq!(name, "rename_customers_mail_too");
    assert_snapshot!("migration_written", shop.screen());
}

#[test]
fn work_shows_its_parts_and_can_be_stopped() {
    let mut shop = Shop::new(Engine::Postgres, SMALL);
    shop.hold.insert(Slot::Op);
    shop.send(Msg::Run(CommandId::Generate));
    assert!(!shop.screen().contains("Preparing"), "quick work does not flash: {}", shop.screen());
    let (slot, ticket, _) = shop.held[0].clone();
    shop.send(Msg::Reply(slot, ticket, Event::Progress(1)));
    shop.wait(1_300);
    assert_snapshot!("preparing", shop.screen());
    shop.keys("esc");
    assert_eq!(shop.cancelled, [Slot::Op]);
    shop.fail(&Problem::cancelled("It was stopped"));
    assert!(shop.model.overlays.is_empty());
    assert!(shop.screen().contains("Stopped; nothing was changed"), "{}", shop.screen());
    // What is told of work that is over changes nothing.
    shop.send(Msg::Reply(slot, ticket, Event::Progress(2)));
    assert!(shop.model.overlays.is_empty());
}

#[test]
fn what_is_refused_or_not_needed_is_said() {
    let notes = vec!["_sqlx_migrations keeps the history of migrations".to_owned()];
    let shop = begun(Intent::Push, SMALL, vec![Outcome::Nothing(notes)]);
    assert_snapshot!("nothing_to_do", shop.screen());

    let mut plan = prepared(Intent::Push, statements());
    plan.review.refused = plan.review.statements[1].hazards[..1].to_vec();
    let mut shop = begun(Intent::Push, SMALL, vec![Outcome::Ready(Arc::new(plan))]);
    assert!(!shop.screen().contains("a apply"), "{}", shop.screen());
    shop.keys("a");
    assert_snapshot!("refused", shop.screen());
    assert_eq!(pushes(&shop), 0);

    let mut shop = begun(Intent::Compare, SMALL, vec![ready(Intent::Compare)]);
    shop.keys("enter a w");
    assert!(shop.screen().contains("From shop to the schema"), "{}", shop.screen());
}

#[test]
fn hostile_names_stay_text_and_the_screen_may_change() {
    let mut all = statements();
    all[0].sql = format!("ALTER TABLE x RENAME TO \"{HOSTILE}\"");
    all[0].what = HOSTILE.to_owned();
    all[0].locks = vec![HOSTILE.repeat(9)];
    all[1].hazards[0].measured = Some(HOSTILE.to_owned());
    let mut plan = prepared(Intent::Push, all);
    plan.review.notes = vec![HOSTILE.repeat(20)];
    plan.gathered.items[1].evidence = vec![HOSTILE.to_owned()];
    let table = |name: &str| Key::new(Sort::Table, "shop", name);
    let rename = Rename::Object { from: table(HOSTILE), to: table("x") };
    let asked = Candidate { rename, likeness: 0.5, why: HOSTILE.to_owned(), same: false };
    let outcomes = vec![Outcome::Open(vec![asked]), Outcome::Ready(Arc::new(plan))];
    let mut shop = begun(Intent::Push, SMALL, outcomes);
    // Drawing asserts that no control character gets to a cell.
    for keys in ["y", "n n", "G", "k k", "a", "space j space", "esc", "N", "Y"] {
        for size in [LARGE, (60, 16), (61, 40), (30, 8), SMALL] {
            shop.send(Msg::Resized(size.0, size.1));
            shop.screen();
        }
        assert!(shop.plain_screen().is_ascii());
        shop.keys(keys);
        shop.mouse(MouseAction::WheelDown, 20, 12);
        shop.mouse(MouseAction::Press, 20, 12);
    }
}
