//! Folders of dbmate: one file a migration, with marked sections for both ways.

use super::super::files::{self, Listing, Text};
use super::super::folder::{Folder, Migration, Misfit};
use super::super::source::Source;
use super::Format;
use crate::problem::Result;

/// Reads such a folder. dbmate runs the files in the order of their names.
pub(super) fn read(source: &Source) -> Result<Folder> {
    let mut folder = Folder::empty(source, Format::Dbmate);
    for path in Listing::read(&source.folder)?.sql {
        let name = files::name(&path);
        let named = files::digits(&name).zip(name.strip_suffix(".sql"));
        let Some(((digits, _), stem)) = named else {
            let why = "a migration of dbmate is called NUMBER_NAME.sql".to_owned();
            folder.misfits.push(Misfit::new(path, why));
            continue;
        };
        let read = Text::read(&path).and_then(|text| {
            migration(&text, digits, stem).map_err(|why| Misfit::new(path.clone(), why))
        });
        match read {
            Ok(migration) => folder.migrations.push(migration),
            Err(misfit) => folder.misfits.push(misfit),
        }
    }
    Ok(folder)
}

fn migration(text: &Text, digits: &str, stem: &str) -> std::result::Result<Migration, String> {
    let script = text.script();
    let sections = sections(&script.text)?;
    let alone = |way| sections.iter().any(|one| one.way == Some(way) && one.alone);
    let rest = stem.strip_prefix(digits).unwrap_or_default();
    Ok(Migration {
        version: digits.parse().unwrap_or(i64::MAX),
        digits: digits.to_owned(),
        description: rest.trim_start_matches('_').to_owned(),
        stem: stem.to_owned(),
        key: digits.to_owned(),
        alone: alone(Way::Up),
        down_alone: alone(Way::Down),
        up: text.script_of(only(&sections, Way::Up)),
        down: Some(text.script_of(only(&sections, Way::Down))),
        ..Migration::default()
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// A part of a file; the one before the first mark goes no way.
struct Section<'a> {
    way: Option<Way>,
    text: &'a str,
    alone: bool,
}

/// Whether a text has one of dbmate's marks.
pub(in super::super) fn is_marked(text: &str) -> bool {
    text.lines().any(|line| mark(line).is_some())
}

/// What a line marks, and the options after it.
fn mark(line: &str) -> Option<(Way, &str)> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
    let (way, options) = match (rest.strip_prefix("up"), rest.strip_prefix("down")) {
        (Some(options), _) => (Way::Up, options),
        (_, Some(options)) => (Way::Down, options),
        _ => return None,
    };
    let is_whole = options.is_empty() || options.starts_with(char::is_whitespace);
    is_whole.then_some((way, options))
}

fn sections(text: &str) -> std::result::Result<Vec<Section<'_>>, String> {
    let mut marks = Vec::new();
    let mut at = 0_usize;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        match mark(line) {
            Some((way, options)) => {
                let alone = options.split_whitespace().any(|option| option == "transaction:false");
                marks.push((at, way, alone));
            }
            None if marks.is_empty() && !is_comment(line) => {
                return Err(format!(
                    "line {} stands before -- migrate:up, where dbmate takes only comments",
                    number + 1
                ));
            }
            None => {}
        }
        at += line.len();
    }
    let ways: Vec<Way> = marks.iter().map(|(_, way, _)| *way).collect();
    match (ways.contains(&Way::Up), ways.contains(&Way::Down), ways.first()) {
        (false, _, _) => return Err("it has no -- migrate:up".to_owned()),
        (_, false, _) => {
            return Err("it has no -- migrate:down, which dbmate asks for".to_owned());
        }
        (_, _, Some(Way::Down)) => {
            return Err("its -- migrate:down stands before its -- migrate:up".to_owned());
        }
        _ => {}
    }
    let mut sections = Vec::new();
    let (mut before, mut rest) = (0_usize, text);
    let mut current = (None, false);
    for (at, way, alone) in marks {
        let (part, after) = rest.split_at_checked(at - before).unwrap_or((rest, ""));
        sections.push(Section { way: current.0, text: part, alone: current.1 });
        (before, rest, current) = (at, after, (Some(way), alone));
    }
    sections.push(Section { way: current.0, text: rest, alone: current.1 });
    Ok(sections)
}

fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with("--")
}

/// The sections of one way in their places, everything else blank.
fn only(sections: &[Section<'_>], way: Way) -> String {
    let mut out = String::new();
    for section in sections {
        if section.way == Some(way) {
            out.push_str(section.text);
        } else {
            let blank = |byte| if byte == b'\n' || byte == b'\r' { char::from(byte) } else { ' ' };
            out.extend(section.text.bytes().map(blank));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_stay_in_their_places() {
        let text = "-- é\n\n-- migrate:up transaction:false\nSELECT 1;\n--migrate:down\nSELECT 2;\n\
                    -- migrate:up\nSELECT 3;\n-- migrate:down \nSELECT 4;\n";
        let sections = sections(text).unwrap();
        let (up, down) = (only(&sections, Way::Up), only(&sections, Way::Down));
        for (one, holds, lacks) in
            [(&up, ["SELECT 1", "SELECT 3"], "SELECT 2"), (&down, ["SELECT 2", "SELECT 4"], "1")]
        {
            assert_eq!(one.len(), text.len());
            assert!(holds.iter().all(|part| one.find(part) == text.find(part)), "{one}");
            assert!(!one.contains(lacks), "{one}");
        }
        assert!(sections.iter().any(|one| one.way == Some(Way::Up) && one.alone));
    }

    #[test]
    fn what_dbmate_refuses_is_said() {
        for (text, why) in [
            ("SELECT 1;\n-- migrate:up\n-- migrate:down\n", "line 1"),
            ("-- migrate:down\n-- migrate:up\n", "before its"),
            ("-- migrate:up\n", "no -- migrate:down"),
            ("-- migrate:upwards\n-- migrate:down\n", "no -- migrate:up"),
        ] {
            let told = sections(text).map(|_| ()).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
    }
}
