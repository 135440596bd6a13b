//! Folders in which the way there and the way back are files of their own: ours (which are
//! sqlx's), golang-migrate's, and numbered files of no tool.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha384};

use super::super::files::{self, Listing, Text};
use super::super::folder::{Folder, Migration, Misfit};
use super::super::source::Source;
use super::Format;
use crate::problem::Result;

/// The first line of a migration of ours that must not run in a transaction; it must be the very
/// first bytes of the file (as sqlx looks for it).
pub(in super::super) const NO_TRANSACTION: &str = "-- no-transaction";

/// The direction of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// A file's name, taken apart.
#[derive(Debug)]
struct Named {
    version: i64,
    digits: String,
    description: String,
    stem: String,
    way: Way,
    path: PathBuf,
}

/// Reads such a folder.
pub(super) fn read(source: &Source, format: Format) -> Result<Folder> {
    let mut folder = Folder::empty(source, format);
    let mut ups: BTreeMap<i64, Vec<Named>> = BTreeMap::new();
    let mut downs: BTreeMap<i64, Vec<Named>> = BTreeMap::new();
    for path in Listing::read(&source.folder)?.sql {
        match take_apart(&path, format) {
            Ok(named) if named.way == Way::Up => ups.entry(named.version).or_default().push(named),
            Ok(named) => downs.entry(named.version).or_default().push(named),
            Err(why) => folder.misfits.push(Misfit::new(path, why)),
        }
    }
    for (version, group) in ups {
        for named in group {
            let back = take_down(&mut downs, version, &named, format);
            match migration(named, back, source, format) {
                Ok(migration) => folder.migrations.push(migration),
                Err(misfit) => folder.misfits.push(misfit),
            }
        }
    }
    for named in downs.into_values().flatten() {
        let why = format!(
            "it takes back a migration that is not there: {}.up.sql is not beside it",
            named.stem
        );
        folder.misfits.push(Misfit::new(named.path, why));
    }
    Ok(folder)
}

/// The way back of a migration. golang-migrate looks at the number alone.
fn take_down(
    downs: &mut BTreeMap<i64, Vec<Named>>,
    version: i64,
    up: &Named,
    format: Format,
) -> Option<Named> {
    let group = downs.get_mut(&version)?;
    let at = group.iter().position(|down| format == Format::Golang || down.stem == up.stem)?;
    let down = group.swap_remove(at);
    if group.is_empty() {
        downs.remove(&version);
    }
    Some(down)
}

fn migration(
    named: Named,
    back: Option<Named>,
    source: &Source,
    format: Format,
) -> std::result::Result<Migration, Misfit> {
    let up = Text::read(&named.path)?;
    let down = back.map(|back| Text::read(&back.path)).transpose()?;
    let is_alone = |text: &Text| format != Format::Golang && text.raw.starts_with(NO_TRANSACTION);
    let checksum = if format == Format::Golang {
        Vec::new()
    } else {
        native_checksum(&up.raw, &source.ignored)
    };
    let Named { version, digits, description, stem, .. } = named;
    Ok(Migration {
        version,
        digits,
        description,
        stem,
        key: version.to_string(),
        checksum,
        also: Vec::new(),
        alone: is_alone(&up),
        down_alone: down.as_ref().is_some_and(is_alone),
        up: up.script(),
        down: down.map(|text| text.script()),
    })
}

/// The checksum of a text as sqlx has it, without the letters it is told to leave out.
pub(in super::super) fn native_checksum(raw: &str, ignored: &[char]) -> Vec<u8> {
    let mut digest = Sha384::new();
    raw.split(|letter| ignored.contains(&letter)).for_each(|part| digest.update(part));
    digest.finalize().to_vec()
}

fn take_apart(path: &Path, format: Format) -> std::result::Result<Named, String> {
    let name = files::name(path);
    let parts: &[_] = match format {
        Format::Golang => &[(".up.sql", Way::Up), (".down.sql", Way::Down)],
        _ => &[(".up.sql", Way::Up), (".down.sql", Way::Down), (".sql", Way::Up)],
    };
    let misnamed = || match format {
        Format::Golang => "a migration of golang-migrate is called NUMBER_NAME.up.sql or \
                           NUMBER_NAME.down.sql"
            .to_owned(),
        Format::Plain => "a migration's name begins with its number".to_owned(),
        _ => "a migration is called NUMBER_NAME.up.sql and NUMBER_NAME.down.sql, or \
              NUMBER_NAME.sql"
            .to_owned(),
    };
    let stem = parts.iter().find_map(|(ending, way)| Some((name.strip_suffix(ending)?, *way)));
    let (stem, way) = stem.ok_or_else(misnamed)?;
    let (digits, rest) = files::digits(stem).ok_or_else(misnamed)?;
    let description = match format {
        Format::Plain => rest.trim_start_matches(['_', '-', '.', ' ']),
        _ => rest.strip_prefix('_').ok_or_else(misnamed)?,
    };
    let version = digits.parse().map_err(|_| format!("its number is beyond {}", i64::MAX))?;
    Ok(Named {
        version,
        digits: digits.to_owned(),
        description: description.to_owned(),
        stem: stem.to_owned(),
        way,
        path: path.to_path_buf(),
    })
}
