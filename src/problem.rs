//! What failed, why, and what to do next: the one error of the project.
//!
//! Every layer returns a [`Problem`]; the front ends print its three sentences and turn its
//! [`Kind`] into an exit code. A problem never holds a password, a token or the value of a
//! variable: whoever builds one passes only text that may be shown to anybody.

use std::fmt;

/// A result whose error is a [`Problem`].
pub type Result<T> = std::result::Result<T, Problem>;

/// What sort of failure this is; the front ends act on it, never on the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The work was tried and did not succeed (exit code 1).
    Failed,
    /// What was typed or configured cannot be understood (exit code 2).
    Usage,
    /// A check ran and found something (exit code 3).
    Found,
    /// A safety rule refused the work before it began (exit code 4).
    Refused,
    /// What is named is not there, and could be made (exit code 1).
    Absent,
    /// A person stopped the work.
    Cancelled,
    /// The connection is gone; trying again may well succeed.
    Disconnected,
}

/// What failed, why, and what to do next, each a sentence or more in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What sort of failure this is.
    pub kind: Kind,
    /// What failed, as one short sentence without a full stop at its end.
    pub what: String,
    /// Why: the server's own words, the line of a file, the rule that was broken. May be empty.
    pub why: String,
    /// What to do next, as an instruction. May be empty only for [`Kind::Cancelled`].
    pub fix: String,
}

impl Problem {
    /// A problem of any kind.
    pub fn new(
        kind: Kind,
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { kind, what: what.into(), why: why.into(), fix: fix.into() }
    }

    /// Work that was tried and did not succeed.
    pub fn failed(what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Kind::Failed, what, why, fix)
    }

    /// Something typed or configured that cannot be understood.
    pub fn usage(what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what, why, fix)
    }

    /// Work a person stopped.
    pub fn cancelled(what: impl Into<String>) -> Self {
        Self::new(Kind::Cancelled, what, "", "")
    }

    /// A connection that was lost.
    pub fn disconnected(why: impl Into<String>) -> Self {
        Self::new(
            Kind::Disconnected,
            "The connection to the database was lost",
            why,
            "dbstudio connects again by itself; press R to try now",
        )
    }

    /// The process exit code of DESIGN's command-line contract: 1 failed, 2 usage, 3 found,
    /// 4 refused. A cancelled command is 130, as a shell reports an interrupt.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed | Kind::Absent | Kind::Disconnected => 1,
            Kind::Usage => 2,
            Kind::Found => 3,
            Kind::Refused => 4,
            Kind::Cancelled => 130,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.why.is_empty() {
            write!(f, ": {}", self.why)?;
        }
        if !self.fix.is_empty() {
            write!(f, " ({})", self.fix)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
