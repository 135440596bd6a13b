//! Long values that edits take the place of: of the page only their beginning is here, and what
//! guards an edit has to be all of it.
//!
//! A value that is changed is read whole, so that it can be put back; one that is too long for
//! that, and those of a row that goes, by their digest.

use crate::db::Db;
use crate::db::page::ValueRequest;
use crate::db::stop::Stop;
use crate::db::value::{Truncated, Value};
use crate::problem::Result;

/// The longest value that is read whole, in bytes.
const LONGEST: u64 = 16 << 20;

/// As much is read whole for one step; the rest is guarded by digests.
const MOST: u64 = 64 << 20;

/// A long value, and what was read of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Original {
    /// Where it is.
    pub request: ValueRequest,
    /// What was read of it.
    pub seen: Truncated,
    /// Whether it is worth reading whole.
    pub whole: bool,
}

/// What guards each of them. One that is not as it was seen keeps what was seen, which no row
/// holds any more: applying finds the conflict.
///
/// # Errors
/// The database cannot be asked, or the work was stopped.
pub(super) async fn find(db: &Db, long: &[Original], stop: &Stop) -> Result<Vec<Value>> {
    let (mut found, mut read) = (Vec::with_capacity(long.len()), 0);
    for one in long {
        let seen = || Value::Truncated(Box::new(one.seen.clone()));
        let fits = one.seen.bytes <= LONGEST && read + one.seen.bytes <= MOST;
        found.push(if one.whole && fits {
            read += one.seen.bytes;
            let whole = db.value(&one.request, stop).await?;
            whole.filter(|whole| whole.continues(&one.seen)).unwrap_or_else(seen)
        } else {
            let digest = db.digest(&one.request, stop).await?;
            Value::Truncated(Box::new(Truncated { digest, ..one.seen.clone() }))
        });
    }
    Ok(found)
}
