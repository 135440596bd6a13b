//! Folders in which each migration is a folder with `migration.sql` in it: drizzle-kit's from 1.0
//! and Prisma's up to 7.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::super::files::{self, Listing, Text};
use super::super::folder::{Folder, Migration, Misfit};
use super::super::source::Source;
use super::drizzle::hex;
use super::{Format, breakpoints};
use crate::problem::{Problem, Result};

/// The digits such a folder's name begins with: a second, in UTC.
const STAMP: usize = 14;

/// Reads such a folder.
pub(super) fn read(source: &Source, format: Format) -> Result<Folder> {
    if format == Format::DrizzleFolders && source.folder.join("meta/_journal.json").exists() {
        return Err(Problem::usage(
            format!("{} is half converted", source.folder.display()),
            "it has the journal of drizzle-kit up to 0.31, and drizzle-kit 1.0 refuses that",
            "run drizzle-kit up, or write format = \"drizzle\" in [project] of dbstudio.toml",
        ));
    }
    let mut folder = Folder::empty(source, format);
    let listing = Listing::read(&source.folder)?;
    for path in listing.folders {
        let file = path.join("migration.sql");
        // One that may not be looked for is told of when it is read.
        if matches!(file.try_exists(), Ok(false)) {
            if path.file_name().is_some_and(|name| name != "meta") {
                let why = "there is no migration.sql in it".to_owned();
                folder.misfits.push(Misfit::new(path, why));
            }
            continue;
        }
        match migration(&path, &file, format) {
            Ok(migration) => folder.migrations.push(migration),
            Err(misfit) => folder.misfits.push(misfit),
        }
    }
    for path in listing.sql {
        let why = format!("a migration of {} is a folder with migration.sql in it", format.tool());
        folder.misfits.push(Misfit::new(path, why));
    }
    Ok(folder)
}

fn migration(path: &Path, file: &Path, format: Format) -> std::result::Result<Migration, Misfit> {
    let told = |why: String| Misfit::new(file.to_path_buf(), why);
    let name = files::name(path);
    let stamp = files::digits(&name).filter(|(digits, _)| digits.len() >= STAMP);
    // drizzle-kit reads a time from the digits; Prisma only orders by the name.
    if format == Format::DrizzleFolders && stamp.is_none() {
        return Err(told(format!("{name} does not begin with the {STAMP} digits of a time")));
    }
    let (digits, rest) = files::digits(&name).unwrap_or(("", name.as_str()));
    let text = Text::read(file)?;
    let mut up = text.script();
    let mut also = Vec::new();
    if format == Format::DrizzleFolders {
        up.text = breakpoints::ended(&up.text).map_err(told)?;
    } else {
        also = other_lines(&text.raw);
    }
    Ok(Migration {
        version: digits.parse().unwrap_or(0),
        digits: digits.to_owned(),
        description: rest.trim_start_matches('_').to_owned(),
        key: name.clone(),
        stem: name.clone(),
        up,
        checksum: hex(&Sha256::digest(text.raw.as_bytes())).into_bytes(),
        also,
        ..Migration::default()
    })
}

/// The checksums Prisma takes for the same text: of both line ends, and as old versions wrote
/// them, without the zeros of its bytes.
fn other_lines(raw: &str) -> Vec<Vec<u8>> {
    let unix = raw.replace("\r\n", "\n");
    let windows = unix.replace('\n', "\r\n");
    let mut sums = Vec::new();
    for text in [raw, &unix, &windows] {
        let digest = Sha256::digest(text.as_bytes());
        let unpadded: String = digest.iter().map(|byte| format!("{byte:x}")).collect();
        sums.extend([hex(&digest).into_bytes(), unpadded.into_bytes()]);
    }
    sums
}
