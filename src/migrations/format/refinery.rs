//! Folders of refinery: `V1__name.sql`, and `U1__name.sql` for those that may come late; in
//! folders within folders too.

use std::hash::Hasher as _;
use std::path::{Path, PathBuf};

use siphasher::sip::SipHasher13;

use super::super::files::{self, Listing, Text};
use super::super::folder::{Folder, Migration, Misfit};
use super::super::source::Source;
use super::Format;
use crate::problem::Result;

/// How deep folders are looked into.
const DEPTH: usize = 16;

/// A file's name, taken apart.
struct Named<'a> {
    digits: &'a str,
    name: &'a str,
}

/// Whether a file is named as refinery's are.
pub(in super::super) fn is_named(file: &str) -> bool {
    take_apart(file).is_some()
}

fn take_apart(file: &str) -> Option<Named<'_>> {
    let rest = file.strip_suffix(".sql")?.strip_prefix(['V', 'U'])?;
    let (digits, rest) = files::digits(rest)?;
    let name = rest.strip_prefix("__").filter(|name| !name.is_empty())?;
    let is_word = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    is_word.then_some(Named { digits, name })
}

/// Reads such a folder.
pub(super) fn read(source: &Source) -> Result<Folder> {
    let mut folder = Folder::empty(source, Format::Refinery);
    let mut paths = Vec::new();
    collect(&source.folder, DEPTH, &mut paths)?;
    for path in paths {
        match migration(&path) {
            Ok(migration) => folder.migrations.push(migration),
            Err(misfit) => folder.misfits.push(misfit),
        }
    }
    folder.migrations.sort_by_key(|migration| migration.version);
    Ok(folder)
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<()> {
    let listing = Listing::read(folder)?;
    paths.extend(listing.sql);
    for inside in listing.folders {
        if depth > 0 && !inside.is_symlink() {
            collect(&inside, depth - 1, paths)?;
        }
    }
    Ok(())
}

fn migration(path: &Path) -> std::result::Result<Migration, Misfit> {
    let told = |why: &str| Misfit::new(path.to_path_buf(), why.to_owned());
    let file = files::name(path);
    let named = take_apart(&file)
        .ok_or_else(|| told("a migration of refinery is called V1__name.sql or U1__name.sql"))?;
    let version: i64 =
        named.digits.parse().map_err(|_| told("its number is larger than refinery counts"))?;
    let text = Text::read(path)?;
    let wide = checksum(named.name, &version.to_le_bytes(), &text.raw);
    let narrow = i32::try_from(version)
        .ok()
        .map(|short| checksum(named.name, &short.to_le_bytes(), &text.raw));
    // Which of the two refinery means depends on how it was built; the history table shows it.
    let (checksum, also) = match narrow {
        Some(narrow) => (narrow, vec![wide]),
        None => (wide, Vec::new()),
    };
    Ok(Migration {
        version,
        digits: named.digits.to_owned(),
        description: named.name.to_owned(),
        stem: file.strip_suffix(".sql").unwrap_or(&file).to_owned(),
        key: version.to_string(),
        up: text.script(),
        checksum,
        also,
        ..Migration::default()
    })
}

/// What refinery writes down for a file: the hash of its name, its number and its text, as a
/// decimal number.
fn checksum(name: &str, version: &[u8], sql: &str) -> Vec<u8> {
    let mut hasher = SipHasher13::new();
    for bytes in [name.as_bytes(), &[0xff], version, sql.as_bytes(), &[0xff]] {
        hasher.write(bytes);
    }
    hasher.finish().to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hash as _};

    use super::*;

    #[test]
    fn the_checksum_is_of_name_number_and_text() {
        // The standard library's hasher is the same one at present, with the same feeding.
        let mut hasher = DefaultHasher::new();
        ("initial", 1_i32, "CREATE TABLE a (b int);\n").hash(&mut hasher);
        let expected = hasher.finish().to_string().into_bytes();
        assert_eq!(
            checksum("initial", &1_i32.to_le_bytes(), "CREATE TABLE a (b int);\n"),
            expected
        );
    }

    #[test]
    fn names_are_taken_apart() {
        assert!(is_named("V1__a.sql") && is_named("U0012__a_b.sql"));
        assert!(!is_named("V1_a.sql") && !is_named("W1__a.sql") && !is_named("V1.2__a.sql"));
        assert!(!is_named("V1__a b.sql") && !is_named("V__a.sql"));
    }
}
