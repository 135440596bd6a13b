//! How much of a backup is written so far: the length of its draft, looked at while it grows. It only
//! looks; it never touches the draft, and never holds up the work that writes it.

use std::fs;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

/// Is told how many bytes of a backup are written so far.
pub type Tell<'a> = dyn Fn(u64) + Send + Sync + 'a;

/// How often is looked: often enough to be seen growing.
const PACE: Duration = Duration::from_millis(250);

/// Does work that writes a file, and tells the file's length whenever it is another, the last one
/// too.
pub(super) async fn followed<T>(
    file: &Path,
    tell: &Tell<'_>,
    work: impl Future<Output = T> + Send,
) -> T {
    let mut work = pin!(work);
    let mut pace = tokio::time::interval(PACE);
    let mut last = None;
    let mut look = || {
        let length = fs::metadata(file).map(|about| about.len()).ok();
        if let Some(length) = length.filter(|_| length != last) {
            tell(length);
        }
        last = length;
    };
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                look();
                return done;
            }
            _ = pace.tick() => look(),
        }
    }
}
