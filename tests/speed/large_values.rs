//! A table of 200 texts of 1 MB each: opening it must not fetch them.

use crate::databases;
use crate::figures::{Figures, Limit};
use crate::process;
use crate::visit::Visit;

/// Measures on both engines.
pub fn measure(figures: &mut Figures) {
    eprintln!("making 200 texts of 1 MB");
    let (database, file) = databases::large_values();
    let sql = "SELECT id, label, left(body, 100) FROM large ORDER BY id LIMIT 100;";
    let psql = process::psql_statement(&database, sql, 9);
    let sql = "SELECT id, label, substr(body, 1, 100) FROM large ORDER BY id LIMIT 100;";
    let sqlite3 = process::sqlite3_run(&file.path, sql);
    for (engine, address, beside) in
        [("PostgreSQL", database.socket_url(), psql), ("SQLite", file.url(), sqlite3)]
    {
        let open = |visit: &mut Visit| {
            visit.shows("large");
            visit.press_for_rows("<enter>", 1)
        };
        let mut times = Vec::new();
        for _ in 0..9 {
            times.push(open(&mut Visit::start(&address)));
        }
        let name = format!("open 200 cells of 1 MB, {engine}");
        figures.times(
            &name,
            &times,
            Some(Limit::median(50.0)),
            &format!("their beginnings: {beside}"),
        );

        let mut visit = Visit::start(&address);
        open(&mut visit);
        let last = |screen: &vt100::Screen| crate::visit::labels(screen).last() == Some(&200);
        visit.press("G", "the last row", last);
        visit.press_for_rows("gg", 1);
        visit.note_memory(figures, &format!("200 cells of 1 MB, from end to end, {engine}"));
    }
}
