//! What a plan would lose, fail on and lock, measured on a real server against rows that are known.

use dbstudio::db::connection::Connection;
use dbstudio::db::measure::Bounds;
use dbstudio::db::stop::Stop;
use dbstudio::schema::RelationName;
use dbstudio::schema::hazard::{
    Context, Facts, Hazard, How, LockMode, Measures, Outcome, Severity, examine,
};
use dbstudio::schema::model::{Model, Scope};
use dbstudio::schema::plan::{Plan, Step, postgres};

use crate::scratch::target;
use crate::server::{self, TestDatabase};

const BEFORE: &str = "
    CREATE SCHEMA shop;
    CREATE TYPE shop.mood AS ENUM ('sad', 'ok', 'happy');
    CREATE TABLE shop.buyers (id integer PRIMARY KEY, email text);
    CREATE TABLE shop.orders (
        id integer PRIMARY KEY, buyer integer, note text, total numeric(12,4), code text,
        mood shop.mood, placed timestamp, big bigint
    );
    CREATE TABLE shop.gone (id integer);";

const ROWS: &str = "
    INSERT INTO shop.buyers SELECT n, 'b' || n % 8 FROM generate_series(1, 10) AS n;
    INSERT INTO shop.orders
    SELECT n, CASE WHEN n = 7 THEN 99 WHEN n = 8 THEN NULL ELSE n % 10 + 1 END,
        CASE WHEN n % 4 = 0 THEN NULL ELSE 'note ' || n END,
        n + CASE WHEN n % 5 = 0 THEN 0.125 ELSE 0 END,
        CASE WHEN n = 3 THEN 'x' ELSE n::text END,
        (ARRAY['sad', 'ok', 'happy'])[n % 3 + 1]::shop.mood,
        timestamp '2026-01-01' + n * interval '12 hours',
        CASE WHEN n = 20 THEN 5000000000 ELSE n END
    FROM generate_series(1, 20) AS n;
    INSERT INTO shop.gone SELECT generate_series(1, 1234);";

/// A database with the rows, one with the schema that is wanted, and the plan between.
struct Case {
    live: Connection,
    plan: Plan,
    current: Model,
    desired: Model,
    // Dropped last: the databases go with it.
    _databases: Vec<TestDatabase>,
}

async fn model(database: &TestDatabase) -> (Connection, Model) {
    let mut connection = Connection::open(&target(&database.url()), &Stop::new()).await.unwrap();
    let model = connection.model(&Scope::default(), &Stop::new()).await.unwrap();
    (connection, model)
}

async fn case(name: &str, before: &str, rows: &str, after: &str) -> Case {
    let live = server::postgres().create_database(name);
    live.psql(before);
    live.psql(rows);
    let wanted = server::postgres().create_database(&format!("{name}_wanted"));
    wanted.psql(after);
    let (connection, current) = model(&live).await;
    let (other, desired) = model(&wanted).await;
    other.close().await;
    let plan = postgres::plan(&current, &desired, false);
    Case { live: connection, plan, current, desired, _databases: vec![live, wanted] }
}

impl Case {
    async fn measures(&mut self, bounds: &Bounds) -> Measures {
        let models = (&self.current, &self.desired);
        self.live.measure(&self.plan, models, bounds, &Stop::new()).await.unwrap()
    }

    /// Every answer as `object: words`.
    async fn told(&mut self, bounds: &Bounds) -> Vec<String> {
        let measures = self.measures(bounds).await;
        let told = measures.readings.iter();
        told.map(|reading| format!("{}: {}", reading.object, reading.words())).collect()
    }

    fn hazards(&self, facts: &Facts) -> Vec<Hazard> {
        let context = Context { current: &self.current, desired: &self.desired, online: true };
        examine(&self.plan, facts, &context)
    }
}

#[track_caller]
fn has(told: &[String], expected: &str) {
    assert!(told.iter().any(|line| line == expected), "no {expected:?} in {told:#?}");
}

#[tokio::test]
async fn losses_and_failures_are_counted() {
    let after = "
        CREATE SCHEMA shop;
        CREATE TYPE shop.mood AS ENUM ('ok', 'happy');
        CREATE TABLE shop.buyers (id integer PRIMARY KEY, email text UNIQUE);
        CREATE TABLE shop.orders (
            id integer PRIMARY KEY, buyer integer NOT NULL REFERENCES shop.buyers,
            total numeric(12,2) CHECK (total > 3), code integer,
            mood shop.mood, placed date, big integer, extra integer NOT NULL
        );";
    let mut case = case("losses", BEFORE, ROWS, after).await;
    let told = case.told(&Bounds::default()).await;
    for expected in [
        "shop.gone: 1,234 rows lost",
        "shop.orders.note: 15 values of note lost",
        "shop.orders.buyer: 1 row has NULL in buyer: id = 8",
        "shop.orders.extra: 20 rows without a value for it",
        "shop.buyers.buyers_email_key: 2 values of email occurring more than once: b1, b2",
        "shop.orders.orders_total_check: 3 rows that the check refuses: id = 1, id = 2, id = 3",
        "shop.orders.orders_buyer_fkey: 1 row whose buyer refers to nothing: buyer = 99",
        "shop.orders.total: no values of total that cannot become numeric(12,2)",
        "shop.orders.total: 4 values of total that lose something as numeric(12,2): \
         '10.1250', '15.1250', '20.1250', …",
        "shop.orders.code: 1 value of code that cannot become integer: 'x'",
        "shop.orders.big: 1 value of big that cannot become integer: '5000000000'",
        "shop.orders.placed: 10 values of placed that lose something as date: \
         '2026-01-01 12:00:00', '2026-01-02 12:00:00', '2026-01-03 12:00:00', …",
        "shop.orders.mood: 6 values of mood that cannot become shop.mood: 'sad'",
    ] {
        has(&told, expected);
    }
    let measures = case.measures(&Bounds::default()).await;
    let orders = RelationName::new("shop", "orders");
    assert!(measures.tables[&orders].words().starts_with("20 rows, "));

    let hazards = case.hazards(&Facts { effects: Vec::new(), measures });
    let of = |id: &str| hazards.iter().find(|hazard| hazard.rule.id() == id).unwrap();
    for id in [
        "drop-table",
        "set-not-null",
        "add-required-column",
        "add-unique",
        "add-check",
        "add-foreign-key",
        "narrow-type",
        "remove-label",
    ] {
        assert_eq!(of(id).severity, Severity::Danger, "{:?}", of(id));
    }
    assert_eq!(of("drop-table").measured.as_deref(), Some("1,234 rows lost"));
}

#[tokio::test]
async fn what_is_masked_is_counted_and_not_shown() {
    let after = BEFORE.replace("email text", "email text UNIQUE");
    let mut case = case("masked", BEFORE, ROWS, &after).await;
    let masked = dbstudio::config::MaskedColumn {
        schema: "shop".into(),
        table: "buyers".into(),
        column: "email".into(),
    };
    let bounds = Bounds { masked: vec![masked], ..Bounds::default() };
    assert_eq!(
        case.told(&bounds).await,
        ["shop.buyers.buyers_email_key: 2 values of email occurring more than once"]
    );
}

#[tokio::test]
async fn a_large_table_is_sampled_and_says_so() {
    let before = "CREATE TABLE t (id integer, note text)";
    let rows = "INSERT INTO t SELECT n, CASE WHEN n % 2 = 0 THEN 'x' END \
                FROM generate_series(1, 100000) AS n; ANALYZE t";
    let mut case = case("sampled", before, rows, "CREATE TABLE t (id integer)").await;
    let told = case.told(&Bounds::default()).await;
    assert_eq!(told, ["public.t.note: 50,000 values of note lost"]);
    let bounds = Bounds { exact_up_to: 0, ..Bounds::default() };
    let measures = case.measures(&bounds).await;
    let Outcome::Counted { count, .. } = &measures.readings[0].outcome else { panic!() };
    assert_eq!(count.how, How::Sampled);
    assert!((40_000..60_000).contains(&count.number), "{count:?}");
    assert!(measures.readings[0].words().starts_with("about "));
    let rows = measures.tables[&RelationName::new("public", "t")].rows;
    assert!((80_000..120_000).contains(&rows.number), "{rows:?}");
    assert!(case.plan.steps[0].sql.contains("DROP COLUMN"), "{:?}", case.plan);
}

#[tokio::test]
async fn one_question_without_an_answer_spoils_no_other() {
    let before = "CREATE TABLE t (a integer, b integer, c integer)";
    let rows = "INSERT INTO t VALUES (0, 1, NULL), (1, 1, 1)";
    let after = "CREATE TABLE t (a integer CONSTRAINT one CHECK (1 / a > 0), b integer UNIQUE, \
                 c integer NOT NULL)";
    let mut case = case("spoiled", before, rows, after).await;
    let told = case.told(&Bounds::default()).await;
    has(&told, "public.t.one: not known: division by zero");
    has(&told, "public.t.c: 1 row has NULL in c");
    has(&told, "public.t.t_b_key: 1 value of b occurring more than once: 1");
}

#[tokio::test]
async fn locks_and_rewrites_are_watched() {
    let database = server::postgres().create_database("watched");
    database.psql(
        "CREATE TABLE parent (id integer PRIMARY KEY);
         CREATE TABLE child (id integer PRIMARY KEY, parent integer REFERENCES parent, note varchar(10));
         CREATE INDEX child_note ON child (note);",
    );
    let mut connection = Connection::open(&target(&database.url()), &Stop::new()).await.unwrap();
    let step = |sql: &str| Step::new(sql, Vec::new());
    let mut outside = step("CREATE INDEX CONCURRENTLY child_parent ON child (parent)");
    outside.outside_transaction = true;
    let steps = [
        step("ALTER TABLE child ALTER note TYPE varchar(20)"),
        step("ALTER TABLE child ALTER note TYPE char(20)"),
        step("ALTER TABLE child ADD n bigint DEFAULT 0"),
        step("ALTER TABLE child ADD u uuid DEFAULT gen_random_uuid()"),
        step("CREATE INDEX ON child (n)"),
        outside,
        step("CREATE TABLE other (id integer REFERENCES parent)"),
        step("REINDEX INDEX child_note"),
        step("DROP TABLE child"),
    ];
    let seen = connection.apply_watched(&steps, &Stop::new()).await.unwrap();
    let name = |name: &str| RelationName::new("public", name);
    let (parent, child) = (name("parent"), name("child"));
    let of = |at: usize| seen[at].clone().unwrap();
    let exclusive = LockMode::AccessExclusive;
    assert_eq!(of(0).locks, [(child.clone(), exclusive)]);
    assert_eq!((of(0).rewrites, of(0).rebuilds), (vec![], vec![]));
    assert_eq!(of(1).rewrites, std::slice::from_ref(&child));
    assert_eq!((of(2).rewrites, of(2).locks), (vec![], vec![(child.clone(), exclusive)]));
    assert_eq!(of(3).rewrites, std::slice::from_ref(&child));
    assert_eq!(of(4).locks, [(child.clone(), LockMode::Share)]);
    assert_eq!(seen[5], None);
    assert_eq!(of(6).locks, [(parent.clone(), LockMode::ShareRowExclusive)]);
    assert_eq!(of(7).rebuilds, [name("child_note")]);
    assert_eq!(of(8).locks, [(child, exclusive), (parent, exclusive)]);
}

#[tokio::test]
async fn a_plan_is_told_with_everything_that_was_measured() {
    let after = "
        CREATE SCHEMA shop;
        CREATE TYPE shop.mood AS ENUM ('sad', 'ok', 'happy');
        CREATE TABLE shop.buyers (id integer PRIMARY KEY, email text);
        CREATE TABLE shop.orders (
            id integer PRIMARY KEY, buyer integer REFERENCES shop.buyers (id), note varchar(8) NOT NULL,
            total numeric(12,4), code text, mood shop.mood, placed timestamp, big bigint,
            token uuid DEFAULT gen_random_uuid()
        );
        CREATE INDEX orders_code ON shop.orders (code);";
    let mut case = case("told", BEFORE, ROWS, after).await;
    let scratch = server::postgres().create_database("told_scratch");
    scratch.psql(BEFORE);
    let (mut other, _) = model(&scratch).await;
    let effects = other.apply_watched(&case.plan.steps, &Stop::new()).await.unwrap();
    let measures = case.measures(&Bounds::default()).await;
    let hazards = case.hazards(&Facts { effects, measures });
    let told: Vec<String> = hazards
        .iter()
        .map(|hazard| format!("{} {} {}", hazard.step, hazard.severity.word(), hazard.rule.id()))
        .collect();
    assert_eq!(
        told,
        [
            "0 danger drop-table",
            "0 notice no-lock-timeout",
            "1 notice narrow-type",
            "1 danger set-not-null",
            "1 notice unindexed-foreign-key",
            "1 danger add-foreign-key",
            "1 notice rewrite-table",
            "1 notice locks-other-table",
            "2 notice index-not-concurrent",
        ]
    );
    let why = |at: usize| hazards[at].why.as_str();
    assert!(
        why(3).contains("ACCESS EXCLUSIVE on shop.orders (measured on a scratch)"),
        "{}",
        why(3)
    );
    assert!(why(7).contains("SHARE ROW EXCLUSIVE on shop.buyers"), "{}", why(7));
    let measured = |at: usize| hazards[at].measured.clone().unwrap();
    assert!(
        measured(3).starts_with("5 rows have NULL in note: id = 4, id = 8, id = 12, …; 20 rows")
    );
    assert!(measured(5).starts_with("1 row whose buyer refers to nothing: buyer = 99; 20 rows"));
}
