//! The terminal is sane whatever happens: signals, panics, Ctrl+Z, other sizes, a window that
//! closes. The real binary on a real pty.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::screen::{Start, Terminal};

/// Longer than any frame, spinner or wake-up of ours takes to follow another.
const A_WHILE: Duration = Duration::from_millis(400);

/// The studio on the demo, with its first screen drawn and nothing more to do.
fn demo(start: Start) -> Terminal {
    let terminal = start.arguments(&["demo"]).spawn();
    terminal.wait_for_text("dbstudio");
    terminal.wait_for_text("users");
    terminal.wait_for_silence(A_WHILE);
    terminal
}

#[test]
fn a_signal_ends_the_studio_and_the_terminal_is_given_back() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let terminal = demo(Start::studio(&[]));
        assert!(terminal.contents().contains("dbstudio"));
        let asked = Instant::now();
        terminal.signal(signal);
        let status = terminal.wait_for_end();
        assert_eq!(status.exit_code(), code, "{signal:?}");
        assert!(asked.elapsed() < Duration::from_secs(3), "{signal:?} took {:?}", asked.elapsed());
        terminal.assert_given_back();
        terminal.assert_only_drawn();
    }
}

#[test]
fn leaving_gives_the_terminal_back() {
    let mut terminal = demo(Start::studio(&[]));
    terminal.keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
    terminal.assert_only_drawn();
}

#[test]
fn a_panic_of_the_loop_gives_the_terminal_back_before_it_is_reported() {
    let mut terminal = demo(Start::studio(&[]).variable("DBSTUDIO_TEST_PANIC", "loop"));
    terminal.keys("j");
    assert_eq!(terminal.wait_for_end().exit_code(), 101);
    terminal.assert_given_back();
    terminal.wait_for_text("a test asked for this panic");
}

#[test]
fn work_that_panics_is_a_failure_on_the_screen_and_nothing_else() {
    let start = Start::studio(&["demo"]).variable("DBSTUDIO_TEST_PANIC", "task");
    let mut terminal = start.size(120, 36).spawn();
    terminal.wait_for_text("made a mistake");
    terminal.wait_for("the studio still has the screen", vt100::Screen::alternate_screen);
    terminal.keys("<ctrl+c>");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
    terminal.assert_only_drawn();
}

#[test]
fn ctrl_z_stops_and_fg_draws_everything_again() {
    let mut terminal = Start::program("/bin/bash")
        .arguments(&["--norc", "--noprofile", "-i"])
        .variable("PS1", "shell> ")
        .spawn();
    terminal.wait_for_text("shell> ");
    terminal.send(format!("{} demo\r", env!("CARGO_BIN_EXE_dbstudio")).as_bytes());
    terminal.wait_for("the studio", vt100::Screen::alternate_screen);
    terminal.wait_for_text("users");
    terminal.keys("<ctrl+z>");
    terminal.wait_for("the shell", |screen| {
        !screen.alternate_screen() && !screen.hide_cursor() && screen.contents().contains("Stopped")
    });
    // The line discipline echoes again: the shell's line editor or the terminal shows it.
    terminal.send(b"echo a$((1+1))b\r");
    terminal.wait_for_text("a2b");
    terminal.resize(100, 30);
    terminal.send(b"fg\r");
    terminal.wait_for("the studio again", |screen| {
        screen.alternate_screen() && screen.hide_cursor() && screen.contents().contains("users")
    });
    terminal.wait_for("all of the new size", |screen| {
        screen.rows(0, 100).last().is_some_and(|row| !row.trim().is_empty())
    });
    terminal.keys("q");
    // What is typed before the shell reads again may lose its end.
    terminal.wait_for("the shell at the end", |screen| {
        !screen.alternate_screen() && screen.contents().trim_end().ends_with("shell>")
    });
    terminal.send(b"exit 7\r");
    assert_eq!(terminal.wait_for_end().exit_code(), 7);
}

#[test]
fn stopped_from_outside_it_comes_back_on_its_screen() {
    let terminal = demo(Start::studio(&[]));
    terminal.signal(Signal::STOP);
    let written = terminal.log().len();
    terminal.signal(Signal::CONT);
    terminal.wait_for("the screen drawn again", |screen| {
        screen.alternate_screen() && screen.contents().contains("users")
    });
    terminal.wait_for_silence(A_WHILE);
    let log = terminal.log();
    let again = String::from_utf8_lossy(log.get(written..).unwrap()).into_owned();
    assert!(again.contains("\x1b[?1049h") && again.contains("users"), "{again:?}");
}

#[test]
fn every_size_is_drawn_even_while_it_changes() {
    let terminal = Start::studio(&["demo"]).spawn();
    for (columns, rows) in [(120, 36), (40, 10), (10, 3), (1, 1), (200, 50), (80, 24), (100, 30)] {
        terminal.resize(columns, rows);
    }
    terminal.wait_for("the last size filled", |screen| {
        let drawn: Vec<String> = screen.rows(0, 100).collect();
        screen.contents().contains("users")
            && drawn.len() == 30
            && drawn.last().is_some_and(|row| !row.trim().is_empty())
    });
    terminal.signal(Signal::TERM);
    terminal.wait_for_end();
    terminal.assert_given_back();
    terminal.assert_only_drawn();
}

#[test]
fn an_idle_studio_writes_nothing_and_uses_no_time() {
    let terminal = demo(Start::studio(&[]));
    // The sentence in the footer goes by itself; after that there is nothing to do.
    terminal.wait_for_silence(Duration::from_secs(6));
    let used = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", terminal.pid())).unwrap();
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        // The 14th and 15th field of proc(5): user and system time in ticks of 10 ms.
        fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum::<u64>()
    };
    let before = used();
    assert!(terminal.is_silent_for(Duration::from_secs(3)), "an idle studio writes");
    assert!(used() - before <= 1, "an idle studio used {} ticks in 3 s", used() - before);
}

#[test]
fn a_terminal_that_vanishes_ends_the_studio() {
    let mut terminal = demo(Start::studio(&[]));
    terminal.vanish();
    assert_eq!(terminal.wait_for_end().exit_code(), 129);
}

#[test]
fn without_a_terminal_it_says_where_to_run_it() {
    let home = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dbstudio"))
        .arg("demo")
        .env_clear()
        .env("HOME", home.path())
        .env("TERM", "xterm-256color")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("terminal"), "{said}");
    assert!(output.stdout.is_empty());

    let terminal = Start::studio(&["demo"]).variable("TERM", "dumb").spawn();
    assert_eq!(terminal.wait_for_end().exit_code(), 2);
    terminal.wait_for_text("TERM is `dumb`");
    terminal.assert_given_back();
}
