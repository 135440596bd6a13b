//! PostgreSQL's locks on relations, weakest first, with what each keeps others from.

use std::fmt;

/// A lock on a relation (PostgreSQL manual, 13.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockMode {
    /// Taken by reading.
    AccessShare,
    /// Taken by SELECT … FOR UPDATE.
    RowShare,
    /// Taken by writing.
    RowExclusive,
    /// Taken by VACUUM, CREATE INDEX CONCURRENTLY, VALIDATE CONSTRAINT.
    ShareUpdateExclusive,
    /// Taken by CREATE INDEX.
    Share,
    /// Taken by CREATE TRIGGER and ADD FOREIGN KEY.
    ShareRowExclusive,
    /// Taken by REFRESH MATERIALIZED VIEW CONCURRENTLY.
    Exclusive,
    /// Taken by DROP, TRUNCATE and most of ALTER TABLE.
    AccessExclusive,
}

impl LockMode {
    /// All modes, weakest first.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// The mode of `pg_locks`: `AccessExclusiveLock`.
    pub fn from_catalog(mode: &str) -> Option<Self> {
        let letters = mode.strip_suffix("Lock")?;
        Self::ALL.into_iter().find(|known| known.name().replace(' ', "") == letters.to_uppercase())
    }

    /// The name as the manual and `LOCK TABLE` write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// What others cannot do meanwhile, after "blocks".
    pub fn blocks(self) -> &'static str {
        match self {
            Self::AccessShare | Self::RowShare | Self::RowExclusive => "nothing but stronger locks",
            Self::ShareUpdateExclusive => "other changes of the schema, and vacuum",
            Self::Share | Self::ShareRowExclusive => "writes",
            Self::Exclusive => "everything but reads",
            Self::AccessExclusive => "everything, reads too",
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_from_the_catalogue_and_ordered() {
        let read = |mode| LockMode::from_catalog(mode);
        assert_eq!(read("AccessExclusiveLock"), Some(LockMode::AccessExclusive));
        assert_eq!(read("ShareUpdateExclusiveLock"), Some(LockMode::ShareUpdateExclusive));
        assert_eq!(read("SIReadLock"), None);
        assert!(LockMode::Share < LockMode::AccessExclusive);
    }
}
