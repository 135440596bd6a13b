//! What was measured: times and memory with their limits, printed as a table in Markdown.
//! It never measures anything itself.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

/// The limit on the memory of the studio in every case, in MiB.
pub const MOST_MEMORY: f64 = 32.0;

/// Everything measured so far.
#[derive(Default)]
pub struct Figures {
    lines: Vec<Line>,
}

struct Line {
    name: String,
    median: String,
    worst: String,
    limit: String,
    beside: String,
    holds: bool,
}

/// What a time may be.
#[derive(Clone, Copy)]
pub struct Limit {
    median: Duration,
    worst: Option<Duration>,
}

impl Limit {
    /// For the median, in milliseconds.
    pub fn median(milliseconds: f64) -> Self {
        Self { median: Duration::from_secs_f64(milliseconds / 1e3), worst: None }
    }

    /// And for the worst.
    pub fn worst(self, milliseconds: f64) -> Self {
        Self { worst: Some(Duration::from_secs_f64(milliseconds / 1e3)), ..self }
    }
}

impl Figures {
    /// Takes the times of one thing done several times. `beside` is what another program, or
    /// the server alone, took for the same.
    pub fn times(&mut self, name: &str, times: &[Duration], limit: Option<Limit>, beside: &str) {
        let mut sorted = times.to_vec();
        sorted.sort();
        let median = sorted[sorted.len() / 2];
        let worst = sorted[sorted.len() - 1];
        let holds = limit.is_none_or(|limit| {
            median <= limit.median && limit.worst.is_none_or(|most| worst <= most)
        });
        let said = limit.map(|limit| {
            let worst = limit.worst.map(|worst| format!(", worst {}", shown(worst)));
            format!("{}{}", shown(limit.median), worst.unwrap_or_default())
        });
        self.push(Line {
            name: format!("{name} ({} times)", times.len()),
            median: shown(median),
            worst: shown(worst),
            limit: said.unwrap_or_default(),
            beside: beside.to_owned(),
            holds,
        });
    }

    /// Takes the most memory a process ever had, in KiB.
    pub fn memory(&mut self, name: &str, kib: u64) {
        let mib = kib as f64 / 1024.0;
        self.push(Line {
            name: format!("memory: {name}"),
            median: String::new(),
            worst: format!("{mib:.1} MB"),
            limit: format!("{MOST_MEMORY:.0} MB"),
            beside: String::new(),
            holds: mib <= MOST_MEMORY,
        });
    }

    /// Takes something else, in words.
    pub fn other(&mut self, name: &str, value: &str, limit: &str, holds: bool) {
        self.push(Line {
            name: name.to_owned(),
            median: value.to_owned(),
            worst: String::new(),
            limit: limit.to_owned(),
            beside: String::new(),
            holds,
        });
    }

    fn push(&mut self, line: Line) {
        let Line { name, median, worst, .. } = &line;
        eprintln!("{name}: {median} {worst}{}", if line.holds { "" } else { "   <- misses" });
        self.lines.push(line);
    }

    /// Prints all of it, and what is beyond its limit; with `check` that is a failure.
    pub fn end(&self, check: bool) -> ExitCode {
        println!("{self}");
        let missed: Vec<&Line> = self.lines.iter().filter(|line| !line.holds).collect();
        for line in &missed {
            eprintln!("beyond its limit: {}", line.name);
        }
        if check && !missed.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| | median | worst | limit | | beside |\n|---|--:|--:|--:|---|---|")?;
        for Line { name, median, worst, limit, beside, holds } in &self.lines {
            let verdict = match (limit.is_empty(), holds) {
                (true, _) => "",
                (false, true) => "held",
                (false, false) => "**missed**",
            };
            writeln!(f, "| {name} | {median} | {worst} | {limit} | {verdict} | {beside} |")?;
        }
        Ok(())
    }
}

/// A time as the table has it.
pub fn shown(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    match milliseconds {
        short if short < 10.0 => format!("{short:.1} ms"),
        medium if medium < 10_000.0 => format!("{medium:.0} ms"),
        long => format!("{:.1} s", long / 1e3),
    }
}

/// The middle one of several times.
pub fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}
