//! Two schemas in memory: how long it takes to find out what differs, and to plan the way from
//! the one to the other. The schemas are read from databases that were really made, once.

use std::path::Path;
use std::time::{Duration, Instant};

use dbstudio::config::url::{self, Surroundings};
use dbstudio::config::{Origin, Protection, SessionSettings, Target, Variables};
use dbstudio::db::connection::Connection;
use dbstudio::db::stop::Stop;
use dbstudio::schema::model::{Model, Scope};
use dbstudio::schema::{plan, rename};

use crate::figures::{Figures, Limit};
use crate::schemas::{self, Engine};
use crate::server;

/// How many tables are compared.
const TABLES: usize = 2_000;

/// How often each plan is made.
const RUNS: usize = 7;

/// What comparing 2,000 tables may take, in milliseconds.
const LIMIT: f64 = 100.0;

/// Measures on both engines.
pub fn measure(figures: &mut Figures) {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        eprintln!("making schemas of {TABLES} tables on {}", engine.name());
        let (first, times) = read(engine, &schemas::none);
        figures.times(&format!("2,000 tables read, {}", engine.name()), &times, None, "");
        let (fifty, _) = read(engine, &schemas::fifty(TABLES));
        let (all, _) = read(engine, &schemas::all);
        let none = Model::empty(first.dialect);
        let limit = Some(Limit::median(LIMIT));
        let mut compare = |what: &str, from: &Model, to: &Model, limit| {
            let steps = plan::plan(from, to, false).steps.len();
            let name = format!("{what}: plan of {steps} steps, {}", engine.name());
            figures.times(&name, &timed(|| drop(plan::plan(from, to, false))), limit, "");
        };
        compare("2,000 tables, nothing differs", &first, &first.clone(), limit);
        compare("2,000 tables, 50 changed", &first, &fifty, limit);
        compare("2,000 tables, all changed", &first, &all, limit);
        compare("2,000 tables, all new", &none, &first, None);
        compare("2,000 tables, all dropped", &first, &none, None);
        for (what, to) in [("50 changed", &fifty), ("all changed", &all)] {
            let name = format!("2,000 tables, {what}: renames looked for, {}", engine.name());
            let times = timed(|| drop(rename::candidates(&first, to)));
            figures.times(&name, &times, Some(Limit::median(LIMIT)), "");
        }
    }
}

fn timed(work: impl Fn()) -> Vec<Duration> {
    let once = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..RUNS).map(once).collect()
}

/// Makes the schema and reads it a few times.
fn read(engine: Engine, changed: &dyn Fn(usize) -> bool) -> (Model, Vec<Duration>) {
    let sql = schemas::schema(engine, TABLES, changed);
    match engine {
        Engine::Postgres => {
            let database = server::postgres().create_database("planning");
            database.psql(&sql);
            read_from(&database.socket_url())
        }
        Engine::Sqlite => {
            let file = server::sqlite("planning");
            file.execute(&format!("BEGIN;{sql}COMMIT;"));
            read_from(&file.url())
        }
    }
}

fn read_from(url: &str) -> (Model, Vec<Duration>) {
    let variables = Variables::default();
    let surroundings = Surroundings { variables: &variables, folder: Path::new("/") };
    let target = Target {
        name: None,
        address: url::parse(url, &surroundings).unwrap().unwrap().address,
        protection: Protection::Development,
        origin: Origin::Flag,
        read_only: true,
        session: SessionSettings::default(),
        masked: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stop = Stop::new();
        let mut connection = Connection::open_reading(&target, &stop).await.unwrap();
        let (mut times, mut model) = (Vec::new(), None);
        for _ in 0..3 {
            let begun = Instant::now();
            model = Some(connection.model(&Scope::default(), &stop).await.unwrap());
            times.push(begun.elapsed());
        }
        connection.close().await;
        (model.unwrap(), times)
    })
}
