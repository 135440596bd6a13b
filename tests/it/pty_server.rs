//! The studio and its PostgreSQL server on a real terminal: a statement that takes long, a
//! server that stops and comes back.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::screen::{DEADLINE, Start, Terminal};
use crate::server::{self, Server, TestDatabase};

/// Waits until the condition holds. Each look at a server is a process of its own, so this is
/// no busy loop.
#[track_caller]
fn eventually(what: &str, within: Duration, holds: impl Fn() -> bool) {
    let until = Instant::now() + within;
    while !holds() {
        assert!(Instant::now() < until, "waited {within:?} for {what}");
    }
}

/// The statements that sleep in a database.
fn sleeping(database: &TestDatabase) -> String {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
               AND state = 'active' AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'";
    database.psql(sql).trim().to_owned()
}

/// The studio reading a view whose rows take a minute.
fn reading_slowly(database: &TestDatabase) -> Terminal {
    database.psql("CREATE VIEW slow AS SELECT 'the end' AS word FROM pg_sleep(60)");
    let mut terminal = Start::studio(&[&database.url()]).size(100, 30).spawn();
    terminal.wait_for_text("slow");
    terminal.keys("<enter>");
    eventually("the slow statement", DEADLINE, || sleeping(database) == "1");
    terminal
}

#[test]
fn a_signal_ends_the_statement_on_the_server_too() {
    let database = server::postgres().create_database("terminated");
    let terminal = reading_slowly(&database);
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait_for_end().exit_code(), 143);
    eventually("the server to be left alone", Duration::from_secs(1), || {
        sleeping(&database) == "0"
    });
    terminal.assert_given_back();
    terminal.assert_only_drawn();
}

#[test]
fn another_size_while_rows_are_on_their_way() {
    let database = server::postgres().create_database("resized");
    let mut terminal = reading_slowly(&database);
    for (columns, rows) in [(60, 20), (120, 36), (80, 24)] {
        terminal.resize(columns, rows);
        terminal.wait_for("the whole of the new size", |screen| {
            screen.contents().contains("slow")
                && screen.rows(0, columns).last().is_some_and(|row| !row.trim().is_empty())
        });
    }
    terminal.keys("<ctrl+c>");
    terminal.wait_for_text("Cancelled");
    eventually("the cancelled statement", Duration::from_secs(5), || sleeping(&database) == "0");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait_for_end().exit_code(), 143);
    terminal.assert_only_drawn();
}

/// A server of a test's own, which may stop it.
struct OwnServer {
    shared: &'static Server,
    data: PathBuf,
    port: u16,
}

impl OwnServer {
    fn make(name: &str) -> Self {
        let shared = server::postgres();
        let data = shared.socket_folder.join(name);
        // Only a name of the socket: this server listens on no port.
        let own = Self { shared, data, port: shared.port.wrapping_add(1).max(1024) };
        own.run("initdb", &["-A", "trust", "--no-sync", "-U", "postgres", "-E", "UTF8"]);
        own
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = self.shared.program(program);
        command.arg("-D").arg(&self.data).args(arguments);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.current_dir(&self.shared.socket_folder);
        let status = command.status().unwrap();
        assert!(status.success(), "{program} {arguments:?}: {status}");
    }

    fn start(&self) {
        let folder = self.shared.socket_folder.display();
        let options = format!("-k {folder} -p {} -c listen_addresses= -c fsync=off", self.port);
        self.run("pg_ctl", &["start", "-w", "-s", "-l", "/dev/null", "-o", &options]);
    }

    fn stop(&self) {
        self.run("pg_ctl", &["stop", "-w", "-s", "-m", "immediate"]);
    }

    fn psql(&self, sql: &str) {
        let mut command = self.shared.program("psql");
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"]);
        command.arg(&self.shared.socket_folder).args(["-p", &self.port.to_string(), "-c", sql]);
        command.current_dir(&self.shared.socket_folder);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn url(&self) -> String {
        let folder = self.shared.socket_folder.display();
        format!("postgres://postgres@/postgres?host={folder}&port={}", self.port)
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let mut command = self.shared.program("pg_ctl");
        command.args(["stop", "-s", "-m", "immediate", "-D"]).arg(&self.data);
        // It may be stopped already.
        let _ = command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
    }
}

#[test]
fn a_server_that_stops_and_comes_back_is_connected_to_again() {
    let own = OwnServer::make("restarted");
    own.start();
    own.psql("CREATE TABLE lasting AS SELECT 'before the stop' AS word");
    let mut terminal = Start::studio(&[&own.url()]).size(120, 36).spawn();
    terminal.wait_for_text("lasting");
    terminal.keys("<enter>");
    terminal.wait_for_text("before the stop");
    own.stop();
    terminal.keys("R");
    terminal.wait_for_text("disconnected");
    assert!(terminal.contents().contains("before the stop"), "what was there stays");
    own.start();
    own.psql("INSERT INTO lasting VALUES ('after the stop')");
    terminal.wait_for("the connection", |screen| {
        let shown = screen.contents();
        !shown.contains("disconnected") && !shown.contains("connecting")
    });
    terminal.keys("R");
    terminal.wait_for_text("after the stop");
    terminal.keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
    terminal.assert_only_drawn();
}
