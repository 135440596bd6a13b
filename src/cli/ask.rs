//! Asking the person on the terminal. Where nobody can answer nothing is asked, and the answer
//! is a refusal; Ctrl+C while a question stands is heard.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::print::{self, harmless};
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};

/// How long between two looks whether an answer was typed.
const PAUSE: Duration = Duration::from_millis(30);

/// Asks a question whose answer is yes or no; anything but a yes is a no.
///
/// # Errors
/// The person stopped it, or the terminal is gone.
pub(super) async fn yes(question: &str, stop: &Stop) -> Result<bool> {
    print::talk(&format!("{} [y/N] ", harmless(question)));
    let answer = line(stop).await?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a text to be typed.
///
/// # Errors
/// The person stopped it, or the terminal is gone.
pub(super) async fn typed(question: &str, stop: &Stop) -> Result<String> {
    print::talk(question);
    line(stop).await
}

/// Makes sure that the person wants what was shown: by `--yes`, or by asking.
///
/// # Errors
/// The person said no, or nobody could be asked.
pub(super) async fn confirm(question: &str, said_yes: bool, stop: &Stop) -> Result<()> {
    if said_yes {
        return Ok(());
    }
    if !print::can_ask() {
        return Err(Problem::new(
            Kind::Refused,
            "Nothing was changed",
            "nobody can be asked here, since there is no terminal",
            "look at the plan, and run the command again with --yes",
        ));
    }
    if yes(question, stop).await? {
        return Ok(());
    }
    Err(Problem::new(
        Kind::Refused,
        "Nothing was changed",
        "the answer was no",
        "run the command again when the plan is right",
    ))
}

/// Makes sure that the person means this database: by its name as the server reports it, given
/// beforehand with `--confirm` or typed now. A yes is not enough.
///
/// # Errors
/// It is another name, or nobody could be asked.
pub(super) async fn name(expected: &str, given: Option<&str>, stop: &Stop) -> Result<()> {
    let refused = |why: String| {
        let fix = format!("make sure that it is the database you mean; then --confirm {expected}");
        Problem::new(Kind::Refused, "Nothing was changed", why, fix)
    };
    let typed = match given {
        Some(given) => given.to_owned(),
        None if print::can_ask() => {
            print::talk(&format!("Type the database's name ({}) to go on: ", harmless(expected)));
            line(stop).await?.trim().to_owned()
        }
        None => {
            return Err(refused(
                "the database's name must be typed, and there is no terminal".to_owned(),
            ));
        }
    };
    if typed == expected {
        return Ok(());
    }
    Err(refused(format!("the server calls the database {expected}, not {typed}")))
}

/// Waits for a line. A read that blocks would not hear Ctrl+C, so it begins only once there is
/// something to read.
async fn line(stop: &Stop) -> Result<String> {
    let told = |why: &dyn std::fmt::Display| {
        Problem::failed("The answer cannot be read", why.to_string(), "run it with --yes")
    };
    let stdin = io::stdin();
    loop {
        if stop.is_asked() {
            print::talk("\n");
            return Err(Problem::cancelled("Stopped; nothing was changed"));
        }
        let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        if poll(&mut waiting, Some(&now)).map_err(|why| told(&why))? > 0 {
            break;
        }
        tokio::select! {
            () = stop.asked() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    let mut answer = String::new();
    stdin.read_line(&mut answer).map_err(|why| told(&why))?;
    Ok(answer)
}
