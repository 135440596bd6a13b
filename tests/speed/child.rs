//! A program run to its end, timed, with the most memory it had. Reads /proc.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process;

/// Runs a program to its end, with the time it took and the most memory it had, in KiB, looked at
/// after each pause.
pub fn run(program: &mut Command, pause: Duration) -> (Duration, u64) {
    let begun = Instant::now();
    let mut child = program.stdin(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (tell, told) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let ended = child.wait().unwrap();
        tell.send(begun.elapsed()).unwrap();
        ended
    });
    let mut memory = 0;
    let lasted = loop {
        // Of a process that has ended there is a status without memory, or none.
        let said = std::fs::read_to_string(&status).unwrap_or_default();
        memory = memory.max(process::peak(&said).unwrap_or_default());
        if let Ok(lasted) = told.recv_timeout(pause) {
            break lasted;
        }
    };
    assert!(waiting.join().unwrap().success(), "{program:?} failed");
    (lasted, memory)
}
