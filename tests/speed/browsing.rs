//! The large table: opening it, moving in it, its ends and its middle, sorting, filtering, and
//! what the studio takes of the machine meanwhile. Each screen is checked to show the rows it
//! must show before its time counts.

use std::time::{Duration, Instant};

use crate::databases::{self, code, score};
use crate::figures::{Figures, Limit, shown};
use crate::process;
use crate::screen::DEADLINE;
use crate::visit::{FULL, Visit, labels, labels_in};

/// What is asked of the large table on one engine.
struct Table {
    engine: &'static str,
    address: String,
    rows: u64,
    /// What others take for its first 100 rows, sorted by `score`, and filtered by it.
    beside: [String; 3],
    /// The rows that come first by `code`, up and down.
    by_code: [u64; 2],
}

/// Measures on both engines with a table of so many rows.
pub fn measure(figures: &mut Figures, rows: u64) {
    let wanted = 42.min(rows - 1);
    let statements = [
        "SELECT * FROM events ORDER BY id LIMIT 100;".to_owned(),
        "SELECT * FROM events ORDER BY score, id LIMIT 100;".to_owned(),
        format!("SELECT * FROM events WHERE score = {wanted} ORDER BY id LIMIT 100;"),
    ];
    eprintln!("making a table of {rows} rows on PostgreSQL");
    let database = databases::events_on_postgres(rows);
    let beside = [20, 3, 3].iter().zip(&statements);
    let beside: Vec<String> =
        beside.map(|(runs, sql)| process::psql_statement(&database, sql, *runs)).collect();
    let first = |order: &str| {
        let sql = format!("SELECT id FROM events ORDER BY {order} LIMIT 1");
        database.psql(&sql).trim().parse().unwrap()
    };
    let by_code = [first("code, id"), first("code DESC, id DESC")];
    let table = Table {
        engine: "PostgreSQL",
        address: database.socket_url(),
        rows,
        beside: beside.try_into().unwrap(),
        by_code,
    };
    table.measure(figures);
    drop(table);
    drop(database);

    eprintln!("making a table of {rows} rows on SQLite");
    let file = databases::events_on_sqlite(rows);
    let beside: Vec<String> =
        statements.iter().map(|sql| process::sqlite3_run(&file.path, sql)).collect();
    let first = |order: &str| {
        let sql = format!("SELECT CAST(id AS TEXT) FROM events ORDER BY {order} LIMIT 1");
        file.query(&sql).trim().parse().unwrap()
    };
    let by_code = [first("code, id"), first("code DESC, id DESC")];
    let table = Table {
        engine: "SQLite",
        address: file.url(),
        rows,
        beside: beside.try_into().unwrap(),
        by_code,
    };
    table.measure(figures);
}

impl Table {
    fn measure(&self, figures: &mut Figures) {
        self.open(figures);
        let mut visit = self.visit();
        visit.press_for_rows("<enter>", 1);
        self.idle(figures, &visit);
        self.move_about(figures, &mut visit);
        self.hold(figures, &mut visit);
        self.jump(figures, &mut visit);
        visit.note_memory(figures, &format!("after all that paging, {}", self.engine));
        self.sort(figures, &mut visit);
        self.filter(figures, &mut visit);
        visit.note_memory(figures, &format!("after sorting and filtering, {}", self.engine));
    }

    /// A studio that shows the list with the table in it, the cursor on it.
    fn visit(&self) -> Visit {
        let visit = Visit::start(&self.address);
        visit.shows("events");
        visit
    }

    fn named(&self, what: &str) -> String {
        format!("{what}, {}", self.engine)
    }

    /// From the key to the first rows, each time in a studio that never saw the table.
    fn open(&self, figures: &mut Figures) {
        let mut times = Vec::new();
        for _ in 0..9 {
            let mut visit = self.visit();
            times.push(visit.press_for_rows("<enter>", 1));
        }
        let name = format!("open a table of {} rows, {}", grouped(self.rows), self.engine);
        figures.times(&name, &times, Some(Limit::median(20.0)), &self.beside[0]);
    }

    /// Nothing to do: nothing written, no time on a CPU.
    fn idle(&self, figures: &mut Figures, visit: &Visit) {
        visit.terminal.wait_for_silence(Duration::from_millis(500));
        let (written, cpu) = (visit.terminal.log().len(), process::cpu_time(visit.terminal.pid()));
        visit.terminal.is_silent_for(Duration::from_secs(5));
        let written = visit.terminal.log().len() - written;
        let cpu = process::cpu_time(visit.terminal.pid()) - cpu;
        let value = format!("{written} bytes, {} ms of CPU", cpu.as_millis());
        let holds = written == 0 && cpu.is_zero();
        figures.other(&self.named("idle for 5 s"), &value, "0 bytes, 0 ms", holds);
    }

    /// Keys with the rows in the window: the cursor a row down, then whole screens.
    fn move_about(&self, figures: &mut Figures, visit: &mut Visit) {
        let limit = Some(Limit::median(1.5).worst(16.0));
        let mut times = Vec::new();
        for row in 2..=100 {
            times.push(visit.press_for("j", &format!("row {row} ")));
        }
        figures.times(&self.named("j to its frame"), &times, limit, "");
        let mut times = Vec::new();
        for _ in 0..10 {
            // The rows that follow are read ahead while the screen rests.
            times.push(page(visit, "<pgdn>"));
        }
        for _ in 0..10 {
            times.push(page(visit, "<pgup>"));
        }
        figures.times(&self.named("PageDown, PageUp to its frame"), &times, limit, "");
    }

    /// PageDown held: the next key comes as soon as the screen has moved. Every row must be
    /// seen on the way.
    fn hold(&self, figures: &mut Figures, visit: &mut Visit) {
        visit.press_for_rows("gg", 1);
        let mut times = Vec::new();
        let pages = 300.min(self.rows / 40);
        for _ in 0..pages {
            times.push(page(visit, "<pgdn>"));
        }
        let top = visible(visit)[0];
        let (mut slowest, from, begun) = (Duration::ZERO, top, Instant::now());
        for _ in 0..pages {
            slowest = slowest.max(page_held(visit, "<pgdn>"));
        }
        let rate = (visible(visit)[0] - from) as f64 / begun.elapsed().as_secs_f64();
        let limit = Some(Limit::median(1.5));
        figures.times(&self.named("PageDown through many windows"), &times, limit, "");
        let (rate, slowest) = (grouped(rate as u64), shown(slowest));
        let value = format!("{rate} rows/s, no gap; longest wait {slowest}");
        let name = format!("PageDown held through {} rows", grouped(visible(visit)[0] - from));
        figures.other(&self.named(&name), &value, "", true);
    }

    /// Both ends, and a place in the middle.
    fn jump(&self, figures: &mut Figures, visit: &mut Visit) {
        let (mut ends, mut beginnings, mut middles, mut beyond) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let last = self.rows;
        for turn in 0..10 {
            ends.push(visit.press("G", "the last row at the bottom", |screen| {
                let labels = labels(screen);
                labels.len() == FULL && labels.last() == Some(&last)
            }));
            beyond.push(page(visit, "<pgup>"));
            beyond.push(page(visit, "<pgup>"));
            beginnings.push(visit.press_for_rows("gg", 1));
            let before = visible(visit)[0];
            visit.press_for("%", "percent, 0 to 100");
            let percent = 10 + turn * 8;
            visit.press(&percent.to_string(), "the number", |screen| {
                screen.contents().contains(&percent.to_string())
            });
            middles.push(visit.press("<enter>", "another place", |screen| {
                is_whole(&labels(screen)) && labels(screen)[0] != before
            }));
            beyond.push(page(visit, "<pgdn>"));
            beyond.push(page(visit, "<pgdn>"));
        }
        // One read of an index, which takes less than 1 ms, and 5 ms for all the rest.
        let one_read = Some(Limit::median(6.0));
        figures.times(&self.named("G: to the last row"), &ends, one_read, "");
        figures.times(&self.named("gg: to the first row"), &beginnings, one_read, "");
        figures.times(&self.named("%: to a place in percent"), &middles, one_read, "");
        figures.times(&self.named("a page on from there"), &beyond, one_read, "");
        visit.press_for_rows("gg", 1);
    }

    fn sort(&self, figures: &mut Figures, visit: &mut Visit) {
        let (mut indexed, mut not) = (Vec::new(), Vec::new());
        visit.press_for_column("ll", "code integer");
        for _ in 0..3 {
            indexed.push(visit.press_for_rows("s", self.by_code[0]));
            indexed.push(visit.press_for_rows("s", self.by_code[1]));
            visit.press_for_rows("s", 1);
        }
        visit.press_for_column("l", "score integer");
        for _ in 0..2 {
            let lowest = (1..=self.rows).find(|id| score(*id, self.rows) == 0).unwrap();
            let highest = (1..=self.rows).find(|id| score(*id, self.rows) == self.rows - 1);
            not.push(visit.press_for_rows("s", lowest));
            not.push(visit.press_for_rows("s", highest.unwrap()));
            visit.press_for_rows("s", 1);
        }
        let limit = Some(Limit::median(10.0));
        figures.times(&self.named("sort by an indexed column"), &indexed, limit, "");
        figures.times(&self.named("sort by one without an index"), &not, None, &self.beside[1]);
    }

    fn filter(&self, figures: &mut Figures, visit: &mut Visit) {
        let (mut indexed, mut not) = (Vec::new(), Vec::new());
        for id in [777, 3_333, 9_999, 5_001, 1_234] {
            let condition = format!("code = {}", code(id, self.rows));
            indexed.push(filtered(visit, &condition, id));
        }
        for id in [4_321, 2_222, 8_888] {
            let condition = format!("score = {}", score(id, self.rows));
            not.push(filtered(visit, &condition, id));
        }
        let limit = Some(Limit::median(10.0));
        figures.times(&self.named("filter on an indexed column"), &indexed, limit, "");
        figures.times(&self.named("filter on one without an index"), &not, None, &self.beside[2]);
    }
}

/// Filters by a condition as text, which one row meets, and clears it; the time of the filter.
fn filtered(visit: &mut Visit, condition: &str, id: u64) -> Duration {
    visit.press_for("f<tab>", "WHERE");
    visit.press_for(condition, condition);
    let what = format!("only row {id}");
    let time = visit.press("<enter>", &what, |screen| labels(screen) == [id]);
    visit.press_for_rows("F", 1);
    time
}

/// The rows on the screen.
fn visible(visit: &Visit) -> Vec<u64> {
    labels_in(&visit.terminal.contents())
}

/// Whether the screen is full of rows that follow each other by key.
fn is_whole(labels: &[u64]) -> bool {
    labels.len() == FULL && labels.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// Presses a key that moves by a screen, after a rest, and checks that no row was left out.
fn page(visit: &mut Visit, key: &str) -> Duration {
    visit.terminal.wait_for_silence(Duration::from_millis(40));
    page_now(visit, key)
}

fn page_now(visit: &mut Visit, key: &str) -> Duration {
    let before = visible(visit);
    let time = visit.press_now(key, "other rows, all in a row", |screen| {
        let labels = labels(screen);
        is_whole(&labels) && labels[0] != before[0]
    });
    follows(&before, &visible(visit));
    time
}

/// The same as a key that is held does it: where the rows to come are still on their way, it
/// comes again after a while.
fn page_held(visit: &mut Visit, key: &str) -> Duration {
    const REPEAT: Duration = Duration::from_millis(33);
    let (before, begun) = (visible(visit), Instant::now());
    let moved = |visit: &Visit| {
        let labels = visible(visit);
        is_whole(&labels) && labels[0] != before[0]
    };
    visit.terminal.keys(key);
    while !moved(visit) {
        if visit.terminal.is_silent_for(REPEAT) && !moved(visit) {
            visit.terminal.keys(key);
        }
        assert!(begun.elapsed() < DEADLINE, "{}", visit.terminal.contents());
    }
    let time = begun.elapsed();
    follows(&before, &visible(visit));
    time
}

/// Asserts that no row was left out between two screens.
fn follows(before: &[u64], after: &[u64]) {
    let (up, down) = (after[0] < before[0], after[0] <= before[before.len() - 1] + 1);
    let met = if up { after[after.len() - 1] + 1 >= before[0] } else { down };
    assert!(met, "rows were left out between {before:?} and {after:?}");
}

/// A number with its thousands parted.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
