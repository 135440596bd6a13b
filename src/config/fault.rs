//! What is wrong with an address, before anybody knows where the address stands.

use crate::problem::Problem;

/// Why an address cannot be understood, and what to write instead; the one who knows where it
/// came from makes a [`Problem`] of it. Never repeats what may be part of a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Why, as a sentence without its full stop.
    pub why: String,
    /// What to write instead.
    pub fix: String,
}

impl Fault {
    pub(super) fn new(why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { why: why.into(), fix: fix.into() }
    }

    /// The problem, with the address named by where it stands: `of DATABASE_URL`.
    pub fn of(self, whose: &str) -> Problem {
        Problem::usage(format!("The address {whose} cannot be used"), self.why, self.fix)
    }
}
