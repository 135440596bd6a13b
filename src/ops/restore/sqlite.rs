//! Bringing a copy back on SQLite: beside the file there is, checked, and then in its place by a
//! rename, so that at every moment there is a whole database under the name.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Done, Part, Reading, Restore, Tell, Way, unreadable};
use crate::config::SqliteAddress;
use crate::db::connection::Connection;
use crate::db::stop::Stop;
use crate::ops::backup::{self, Draft};
use crate::ops::evidence;
use crate::problem::{Kind, Problem, Result};

/// Brings it back.
pub(super) async fn carry_out(
    restore: &Restore,
    address: &SqliteAddress,
    way: Way,
    stop: &Stop,
    tell: &mut Tell<'_>,
) -> Result<Done> {
    let Some(file) = &address.file else {
        return Err(Problem::usage("A database in memory cannot be restored", "", "name a file"));
    };
    // Through a link, the file it leads to is replaced.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.clone());
    let notes: Vec<String> = file
        .parent()
        .map(backup::remove_drafts)
        .unwrap_or_default()
        .into_iter()
        .map(|name| {
            format!(
                "a restore that was killed had left {name}; it was removed, and nothing else was \
                 changed by it"
            )
        })
        .collect();
    tell(Part::Begins("copying the backup beside the database"));
    let draft = Draft::beside(&file);
    copy(&restore.file, &draft, &mut Reading::of(&restore.file, tell), stop)?;
    tell(Part::Begins("checking the copy"));
    let rows = backup::check(&restore.target, &draft.path, stop).await?;
    if let Some(known) = restore.backup.as_ref().filter(|known| known.rows != rows) {
        return Err(Problem::failed(
            "The backup did not come back whole",
            format!("it had {} tables with other rows", known.rows.len()),
            "the database there is stays as it was; choose another backup",
        ));
    }
    tell(Part::Begins("putting it in its place"));
    if !file.exists() {
        draft.place(&file).map_err(|why| unwritable(&file, &why))?;
        return Ok(Done { kept: None, tables: rows.len(), notes });
    }
    let mut live = Connection::open(&restore.target, stop).await?;
    let swapped = swap(&mut live, restore, draft, &file, way, stop).await;
    live.close().await;
    let kept = swapped?;
    Ok(Done { kept, tables: rows.len(), notes })
}

fn copy(from: &Path, draft: &Draft, reading: &mut Reading<'_, '_>, stop: &Stop) -> Result<()> {
    let told = |why: std::io::Error| unwritable(&draft.path, &why);
    let mut source = fs::File::open(from).map_err(|why| unreadable(from, &why))?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut copy = options.open(&draft.path).map_err(told)?;
    let mut part = vec![0; 1 << 20];
    loop {
        if stop.is_asked() {
            return Err(Problem::cancelled("Stopped; the database is as it was"));
        }
        let count =
            std::io::Read::read(&mut source, &mut part).map_err(|why| unreadable(from, &why))?;
        if count == 0 {
            return copy.sync_all().map_err(told);
        }
        let part = part.get(..count).unwrap_or_default();
        std::io::Write::write_all(&mut copy, part).map_err(told)?;
        reading.add(count);
    }
}

fn unwritable(path: &Path, why: &std::io::Error) -> Problem {
    Problem::failed(
        format!("{} cannot be written", path.display()),
        why.to_string(),
        "make room, and make sure that the folder may be written to; the database is as it was",
    )
}

/// Puts the draft in the place of the file, while nobody else can write to it. Returns where the
/// file there was is now.
async fn swap(
    live: &mut Connection,
    restore: &Restore,
    draft: Draft,
    file: &Path,
    way: Way,
    stop: &Stop,
) -> Result<Option<String>> {
    let busy = |fault: crate::db::fault::Fault| {
        if fault.lost || fault.stopped {
            return fault.problem("", "");
        }
        Problem::new(
            Kind::Refused,
            format!("Somebody has {} open", file.display()),
            fault.words(),
            "close the programs that use it, and run the command again; it is as it was",
        )
    };
    let mode = live.query("PRAGMA journal_mode", stop).await.map_err(busy)?;
    let mode = mode.into_iter().flatten().flatten().next().unwrap_or_default();
    if mode == "wal" {
        // What is only in its log would be lost, or read into the new file: this writes it into
        // the file, and fails while anybody else has it open.
        let sql = "PRAGMA journal_mode = DELETE";
        let now = live.query(sql, stop).await.map_err(busy)?;
        if now.into_iter().flatten().flatten().next().as_deref() != Some("delete") {
            let message = "its log is in use".to_owned();
            return Err(busy(crate::db::fault::Fault { message, ..Default::default() }));
        }
        let address =
            SqliteAddress { file: Some(draft.path.clone()), read_only: false, immutable: false };
        let target = crate::config::Target {
            address: crate::config::Address::Sqlite(address),
            ..restore.target.clone()
        };
        let mut new = Connection::open(&target, stop).await?;
        let set = new.query("PRAGMA journal_mode = WAL", stop).await;
        new.close().await;
        set.map_err(busy)?;
    }
    live.run("BEGIN EXCLUSIVE", stop).await.map_err(busy)?;
    let swapped = exchange(draft, file, way);
    // Nothing was written in it; whatever file it is by now, its locks end here.
    drop(live.run("ROLLBACK", &Stop::new()).await);
    swapped
}

fn exchange(draft: Draft, file: &Path, way: Way) -> Result<Option<String>> {
    let told = |why: std::io::Error| unwritable(file, &why);
    if let Ok(about) = fs::metadata(file) {
        fs::set_permissions(&draft.path, about.permissions()).map_err(told)?;
    }
    if way.drop_old {
        draft.replace(file).map_err(told)?;
        return Ok(None);
    }
    let beside = |ending: &str| {
        let mut kept = file.as_os_str().to_owned();
        kept.push(format!(".before-{}{ending}", backup::stamp(evidence::now())));
        PathBuf::from(kept)
    };
    // Of two in a second neither may take the other's place.
    let mut kept = beside("");
    for number in 2_u32.. {
        if !kept.exists() {
            break;
        }
        kept = beside(&format!("-{number}"));
    }
    // A second name first: so the file is never without one, and never gone.
    if fs::hard_link(file, &kept).is_err() {
        fs::copy(file, &kept).map_err(|why| unwritable(&kept, &why))?;
    }
    draft.replace(file).map_err(told)?;
    Ok(Some(kept.display().to_string()))
}
