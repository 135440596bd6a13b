//! The token that asks running work to end.
//!
//! Whoever started the work holds one clone, the work another. Setting it is a request: the
//! work ends its statement on the server, cleans up and then answers with a cancelled
//! [`Problem`](crate::problem::Problem). It is never un-set.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A request to stop, shared by those who ask and those who work.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    asked: AtomicBool,
    wake: Notify,
}

impl Stop {
    /// A token nobody has set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to end.
    pub fn ask(&self) {
        self.inner.asked.store(true, Ordering::SeqCst);
        self.inner.wake.notify_waiters();
    }

    /// Whether somebody asked; cheap enough for a SQLite progress handler.
    pub fn is_asked(&self) -> bool {
        self.inner.asked.load(Ordering::Relaxed)
    }

    /// Waits until somebody asks; at once if somebody already has.
    pub async fn asked(&self) {
        loop {
            let woken = self.inner.wake.notified();
            if self.is_asked() {
                return;
            }
            woken.await;
        }
    }
}
