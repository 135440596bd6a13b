//! An export into a file: whole under its name or not there at all. It grows under a name of its
//! own beside it, and takes its place once it is on the disk.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs;
use tokio::io::AsyncWriteExt;

use crate::db::Db;
use crate::db::export::{Export, Exported, Sink};
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};

/// How far an export has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Rows that were written.
    pub rows: u64,
    /// Bytes that were written.
    pub bytes: u64,
}

/// Writes an export into a file and answers how much it is. What was there under its name stays
/// until all of the new is on the disk.
///
/// # Errors
/// The file cannot be written, the rows cannot be read, or the work was stopped; then nothing is
/// left.
pub async fn to_file(
    db: &Db,
    export: &Export,
    path: &Path,
    tell: &(dyn Fn(Progress) + Send + Sync),
    stop: &Stop,
) -> Result<Progress> {
    // A link stays one: what it leads to is replaced.
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let told = |why: io::Error| unwritable(path, &why);
    let special = fs::metadata(path).await.is_ok_and(|found| !found.is_file());
    if special {
        let file = fs::OpenOptions::new().write(true).open(path).await.map_err(told)?;
        let mut sink = FileSink { file, path, done: Progress::default(), tell };
        let Exported { rows } = db.export(export, &mut sink, stop).await?;
        sink.file.flush().await.map_err(told)?;
        return Ok(Progress { rows, ..sink.done });
    }
    let part = Part::beside(path);
    let file = fs::OpenOptions::new().write(true).create_new(true).open(&part.path).await;
    let mut sink = FileSink { file: file.map_err(told)?, path, done: Progress::default(), tell };
    let Exported { rows } = db.export(export, &mut sink, stop).await?;
    sink.file.flush().await.map_err(told)?;
    sink.file.sync_all().await.map_err(told)?;
    let done = Progress { rows, ..sink.done };
    drop(sink);
    if let Ok(before) = fs::metadata(path).await {
        // Who might read the one before may read this one, and nobody else.
        fs::set_permissions(&part.path, before.permissions()).await.map_err(told)?;
    }
    fs::rename(&part.path, path).await.map_err(told)?;
    // The name is on the disk once the folder is.
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        && let Ok(folder) = fs::File::open(folder).await
    {
        // A file system that cannot do this has no need of it.
        drop(folder.sync_all().await);
    }
    Ok(done)
}

/// Writes bytes into a file that takes its name once all of them are on the disk.
///
/// # Errors
/// The file cannot be written; then nothing is left.
pub async fn whole_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let told = |why: io::Error| unwritable(path, &why);
    let part = Part::beside(path);
    let file = fs::OpenOptions::new().write(true).create_new(true).open(&part.path).await;
    let mut file = file.map_err(told)?;
    file.write_all(bytes).await.map_err(told)?;
    file.flush().await.map_err(told)?;
    file.sync_all().await.map_err(told)?;
    drop(file);
    fs::rename(&part.path, path).await.map_err(told)
}

/// The file that grows; gone when this is dropped, unless it has taken its place.
struct Part {
    path: PathBuf,
}

impl Part {
    fn beside(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self { path: path.with_file_name(format!(".{name}.{}.part", std::process::id())) }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After the rename there is none.
        drop(std::fs::remove_file(&self.path));
    }
}

struct FileSink<'a> {
    file: fs::File,
    path: &'a Path,
    done: Progress,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
}

impl Sink for FileSink<'_> {
    async fn take(&mut self, bytes: &[u8], rows: u64) -> Result<()> {
        self.file.write_all(bytes).await.map_err(|why| unwritable(self.path, &why))?;
        self.done = Progress { rows, bytes: self.done.bytes + bytes.len() as u64 };
        (self.tell)(self.done);
        Ok(())
    }
}

fn unwritable(path: &Path, why: &io::Error) -> Problem {
    Problem::failed(
        format!("{} cannot be written", path.display()),
        why.to_string(),
        "make sure that its folder is there and may be written to, and that the disk has room",
    )
}
