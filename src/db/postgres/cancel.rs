//! Stopping for real: the statement ends on the server, its connection is drained, and only
//! then does the work answer that it was stopped.
//!
//! Dropping a future of the library would leave the server executing; nothing here drops one
//! before the server was asked to end it and was given time to.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::failure::{self, Answered, Fault};
use super::pool::{Lease, Pool};
use crate::db::stop::Stop;
use crate::problem::{Kind, Problem, Result};

/// How long a statement may take to end after the server was asked to end it.
const DRAIN: Duration = Duration::from_secs(5);

/// How long to wait before asking again: a request that came between two statements of the work
/// hit neither.
const AGAIN: Duration = Duration::from_millis(250);

/// How a piece of work came to its end.
pub(super) enum Outcome<T> {
    /// By itself.
    Done(Answered<T>),
    /// By being stopped; the connection has nothing left to read.
    Drained,
    /// By being stopped, without the server ending it in time.
    Abandoned,
}

/// How driven work came to its end.
pub(super) enum Ending<T> {
    /// By itself.
    ByItself(T),
    /// After it was stopped, whether by that or by itself.
    Stopped(T),
    /// Not at all in time.
    Never,
}

/// Drives work to its end. When stopped, `cancel` asks the server to end it, again and again
/// until it has ended: a request that came between two statements of the work hit neither.
pub(super) async fn drive<T, C>(
    stop: &Stop,
    cancel: impl Fn() -> C,
    work: impl Future<Output = T>,
) -> Ending<T>
where
    C: Future<Output = Result<()>>,
{
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return Ending::ByItself(done),
        () = stop.asked() => {}
    }
    let until = Instant::now() + DRAIN;
    while Instant::now() < until {
        let mut asking = std::pin::pin!(cancel());
        tokio::select! {
            biased;
            done = &mut work => {
                // Waiting for the request to arrive keeps it from hitting whoever comes next;
                // whether it still found anything to end does not matter any more.
                let _ = asking.await;
                return Ending::Stopped(done);
            }
            // A server that cannot be asked now is asked again, until the deadline.
            _ = &mut asking => {}
        }
        if let Ok(done) = timeout(AGAIN, &mut work).await {
            return Ending::Stopped(done);
        }
    }
    Ending::Never
}

/// Drives work on a leased connection to its end, and ends it on the server when stopped.
pub(super) async fn supervise<T>(
    pool: &Pool,
    pid: &std::sync::atomic::AtomicI32,
    stop: &Stop,
    work: impl Future<Output = Answered<T>>,
) -> Outcome<T> {
    match drive(stop, || pool.cancel(pid.load(Ordering::SeqCst)), work).await {
        Ending::ByItself(done) => Outcome::Done(done),
        Ending::Stopped(done) => drained(&done),
        Ending::Never => Outcome::Abandoned,
    }
}

/// The work ended after it was stopped, whether by that or by itself.
fn drained<T>(done: &Answered<T>) -> Outcome<T> {
    match done {
        Err(Fault::Sql(error)) if failure::is_lost(error) => Outcome::Abandoned,
        _ => Outcome::Drained,
    }
}

/// Settles a lease after its work: gives the connection back or throws it away, and tells what
/// came of the work. `told` puts an error of the server into sentences.
pub(super) async fn settle<T>(
    mut lease: Lease,
    outcome: Outcome<T>,
    told: impl FnOnce(&sqlx::Error) -> Problem,
) -> Result<T> {
    match outcome {
        Outcome::Done(Ok(answer)) => {
            lease.give_back();
            Ok(answer)
        }
        Outcome::Done(Err(Fault::Told(problem))) => {
            lease.give_back();
            Err(problem)
        }
        Outcome::Done(Err(Fault::Sql(error))) => {
            let problem = told(&error);
            if problem.kind == Kind::Disconnected || failure::is_lost(&error) {
                lease.pool.distrust();
                lease.throw_away();
            } else {
                lease.give_back();
            }
            Err(problem)
        }
        Outcome::Drained => {
            if lease.rinse().await {
                lease.give_back();
            } else {
                lease.throw_away();
            }
            Err(Problem::cancelled("Stopped"))
        }
        Outcome::Abandoned => {
            lease.throw_away();
            Err(Problem::cancelled("Stopped"))
        }
    }
}
