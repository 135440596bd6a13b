//! From the start of the program to its first frame and to the list of tables.

use std::time::Duration;

use crate::databases::many_tables;
use crate::figures::{Figures, Limit};
use crate::process;
use crate::visit::Visit;

/// How often each is done.
const RUNS: usize = 15;

/// Measures with 14 and with 1,000 tables on both engines.
pub fn measure(figures: &mut Figures) {
    let mut first_frames = Vec::new();
    for (count, last, limit) in [(14, "t0014", 50.0), (1_000, "t0025", 70.0)] {
        eprintln!("making {count} tables");
        let (database, file) = many_tables(count);
        let beside = process::psql_run(&database, "\\d");
        for (engine, address, beside) in
            [("PostgreSQL", database.socket_url(), beside.as_str()), ("SQLite", file.url(), "")]
        {
            let mut listed = Vec::new();
            let mut memory = 0;
            for _ in 0..RUNS {
                let visit = Visit::start(&address);
                first_frames.push(visit.shows("dbstudio"));
                listed.push(visit.shows(last));
                visit.terminal.wait_for_silence(Duration::from_millis(60));
                memory = memory.max(process::most_memory(visit.terminal.pid()));
            }
            let name = format!("start to the list of {count} tables, {engine}");
            figures.times(&name, &listed, Some(Limit::median(limit)), beside);
            figures.memory(&format!("{count} tables, {engine}"), memory);
        }
    }
    figures.times("start to the first frame", &first_frames, Some(Limit::median(10.0)), "");
}
