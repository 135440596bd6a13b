//! What the system says of a process, and other programs timed. Reads /proc.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::figures::{median, shown};
use crate::server::TestDatabase;

/// How often another program is run for its figure.
const RUNS: usize = 5;

/// The most memory the process ever had in RAM, in KiB: `VmHWM` of /proc/PID/status.
pub fn most_memory(process: rustix::process::Pid) -> u64 {
    let number = process.as_raw_nonzero();
    let status = std::fs::read_to_string(format!("/proc/{number}/status")).unwrap();
    peak(&status).unwrap()
}

/// The most memory that such a status tells of, in KiB; nothing of a process that has ended.
pub fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// The time the process spent on a CPU, counted by the system in hundredths of a second.
pub fn cpu_time(process: rustix::process::Pid) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    let stat = stat.unwrap();
    // The name before it is in brackets and may hold anything.
    let after = stat.rsplit_once(')').unwrap().1;
    let ticks: Vec<u64> =
        after.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse().unwrap()).collect();
    Duration::from_millis(ticks.iter().sum::<u64>() * 10)
}

/// The time of `psql` from its start to its end with one command, in words.
pub fn psql_run(database: &TestDatabase, command: &str) -> String {
    let psql = database.server().programs.join("psql");
    let run = || {
        let begun = Instant::now();
        let mut psql = Command::new(&psql);
        psql.args(["-X", "-c", command, &database.socket_url()]).stdin(Stdio::null());
        let status = psql.env("PAGER", "cat").stdout(Stdio::null()).status().unwrap();
        assert!(status.success());
        begun.elapsed()
    };
    let times: Vec<Duration> = (0..RUNS).map(|_| run()).collect();
    format!("`psql -c '{}'` {}", command.replace("FROM events", "…"), shown(median(&times)))
}

/// The time a statement takes in an open session of `psql`, by its own clock.
pub fn psql_statement(database: &TestDatabase, sql: &str, runs: usize) -> String {
    let script = format!("\\timing on\n{}", format!("{sql}\n").repeat(runs));
    let said = database.psql(&script);
    let times: Vec<Duration> = said
        .lines()
        .filter_map(|line| line.strip_prefix("Time: ")?.split(' ').next()?.parse::<f64>().ok())
        .map(|milliseconds| Duration::from_secs_f64(milliseconds / 1e3))
        .collect();
    assert_eq!(times.len(), runs, "{said}");
    format!("psql, connected: {}", shown(median(&times)))
}

/// The time of `sqlite3` from its start to its end with one statement, if it is installed.
pub fn sqlite3_run(file: &std::path::Path, sql: &str) -> String {
    let run = || {
        let begun = Instant::now();
        let mut program = Command::new("sqlite3");
        let status = program.arg(file).arg(sql).stdin(Stdio::null()).stdout(Stdio::null()).status();
        status.ok().filter(std::process::ExitStatus::success).map(|_| begun.elapsed())
    };
    let times: Option<Vec<Duration>> = (0..RUNS).map(|_| run()).collect();
    times.map(|times| format!("sqlite3, started: {}", shown(median(&times)))).unwrap_or_default()
}
