//! A table of 200 columns: opening it, and going sideways through its columns.

use crate::databases;
use crate::figures::{Figures, Limit};
use crate::process;
use crate::visit::Visit;

/// Measures on both engines.
pub fn measure(figures: &mut Figures) {
    eprintln!("making a table of 200 columns");
    let (database, file) = databases::wide(200);
    let sql = "SELECT * FROM wide ORDER BY id LIMIT 100;";
    let psql = process::psql_statement(&database, sql, 9);
    let sqlite3 = process::sqlite3_run(&file.path, sql);
    for (engine, address, beside) in
        [("PostgreSQL", database.socket_url(), psql), ("SQLite", file.url(), sqlite3)]
    {
        let open = |visit: &mut Visit| {
            visit.shows("wide");
            visit.press_for_column("<enter>", "id integer")
        };
        let mut times = Vec::new();
        for _ in 0..9 {
            times.push(open(&mut Visit::start(&address)));
        }
        let name = format!("open 200 columns x 10,000 rows, {engine}");
        figures.times(&name, &times, Some(Limit::median(50.0)), &beside);

        let mut visit = Visit::start(&address);
        open(&mut visit);
        let mut times = Vec::new();
        for column in 1..200 {
            let kind = databases::kind(column);
            times.push(visit.press_for_column("l", &format!("c{column:03} {kind}")));
        }
        let name = format!("a column sideways, {engine}");
        figures.times(&name, &times, Some(Limit::median(2.0).worst(16.0)), "");
        for _ in 0..20 {
            visit.terminal.keys("<pgdn>");
            visit.terminal.wait_for_silence(std::time::Duration::from_millis(40));
        }
        visit.note_memory(figures, &format!("200 columns, sideways and down, {engine}"));
    }
}
