//! Sequences, and the options they share with identity columns.

use super::piece::Piece;
use super::{name, serial};
use crate::schema::model::{Key, Sequence, SequenceOptions};
use crate::schema::plan::Action;

/// What an object is called while a new one takes its name: never a name of a person's. Of a long
/// name it has only the beginning, for the server cuts names at 63 bytes, and a number by which it
/// differs from others that begin alike.
pub(super) fn aside(own: &str) -> String {
    if own.len() <= 54 {
        return format!("{own}__dbs_old");
    }
    let start = (0..=45).rev().find_map(|end| own.get(..end)).unwrap_or_default();
    let hash = own
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{start}_{hash:08x}__dbs_old")
}

/// The options that are not what the server would choose by itself.
pub(super) fn unusual(options: &SequenceOptions) -> Vec<String> {
    let up = options.increment > 0;
    let greatest = serial::type_maximum(&options.type_name);
    let (minimum, maximum) = if up { (1, greatest) } else { (-greatest - 1, -1) };
    let start = if up { options.minimum } else { options.maximum };
    let mut said = Vec::new();
    if options.start != start {
        said.push(format!("START WITH {}", options.start));
    }
    if options.increment != 1 {
        said.push(format!("INCREMENT BY {}", options.increment));
    }
    if options.minimum != minimum {
        said.push(format!("MINVALUE {}", options.minimum));
    }
    if options.maximum != maximum {
        said.push(format!("MAXVALUE {}", options.maximum));
    }
    if options.cache != 1 {
        said.push(format!("CACHE {}", options.cache));
    }
    if options.cycle {
        said.push("CYCLE".to_owned());
    }
    said
}

/// The options that differ.
pub(super) fn changes(have: &SequenceOptions, want: &SequenceOptions) -> Vec<String> {
    let mut said = Vec::new();
    if have.increment != want.increment {
        said.push(format!("INCREMENT BY {}", want.increment));
    }
    if have.minimum != want.minimum || have.type_name != want.type_name {
        said.push(format!("MINVALUE {}", want.minimum));
    }
    if have.maximum != want.maximum || have.type_name != want.type_name {
        said.push(format!("MAXVALUE {}", want.maximum));
    }
    if have.start != want.start {
        said.push(format!("START WITH {}", want.start));
    }
    if have.cache != want.cache {
        said.push(format!("CACHE {}", want.cache));
    }
    if have.cycle != want.cycle {
        said.push(if want.cycle { "CYCLE" } else { "NO CYCLE" }.to_owned());
    }
    said
}

/// How a sequence goes on where what it has given lies outside what it may give from now on; the
/// server would refuse the new limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onward {
    /// From its new start: it cannot come back within its limits by itself.
    Restart,
    /// From the nearest of its new limits, if it has not come so far yet.
    Skip(i64),
}

/// How a sequence goes on; `None` where it stands within its new limits, as far as its old start
/// tells.
pub(super) fn onward(have: &SequenceOptions, want: &SequenceOptions) -> Option<Onward> {
    let below = have.start < want.minimum;
    let above = have.start > want.maximum;
    let apart = have.maximum < want.minimum || have.minimum > want.maximum;
    match have.increment > 0 {
        _ if !below && !above => None,
        true if below && !apart => Some(Onward::Skip(want.minimum)),
        false if above && !apart => Some(Onward::Skip(want.maximum)),
        _ => Some(Onward::Restart),
    }
}

/// Moves a sequence on to a value, while its old limits hold.
pub(super) fn skip(key: &Key, have: &SequenceOptions, value: i64) -> Piece {
    let sequence = name::of(key);
    let before = if have.increment > 0 { "<" } else { ">" };
    let sql = format!(
        "SELECT setval({}, {value}, false) FROM {sequence} WHERE last_value {before} {value}",
        name::literal(&sequence)
    );
    Piece::whole(sql, Action::Alter(key.clone()))
}

/// CREATE SEQUENCE.
pub(super) fn create(key: &Key, sequence: &Sequence) -> Piece {
    let unlogged = if sequence.unlogged { "UNLOGGED " } else { "" };
    let mut sql = format!("CREATE {unlogged}SEQUENCE {}", name::of(key));
    if sequence.options.type_name != "bigint" {
        sql.push_str(&format!(" AS {}", sequence.options.type_name));
    }
    for option in unusual(&sequence.options) {
        sql.push_str(&format!(" {option}"));
    }
    Piece::whole(sql, Action::Create(key.clone()))
}

/// ALTER SEQUENCE.
pub(super) fn alter(key: &Key, have: &Sequence, want: &Sequence) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut said = changes(&have.options, &want.options);
    if have.options.type_name != want.options.type_name {
        said.insert(0, format!("AS {}", want.options.type_name));
    }
    match onward(&have.options, &want.options) {
        Some(Onward::Restart) => said.push(format!("RESTART WITH {}", want.options.start)),
        Some(Onward::Skip(value)) => pieces.push(skip(key, &have.options, value)),
        None => {}
    }
    if !said.is_empty() {
        let sql = format!("ALTER SEQUENCE {} {}", name::of(key), said.join(" "));
        pieces.push(Piece::whole(sql, Action::Alter(key.clone())));
    }
    if have.unlogged != want.unlogged {
        let word = if want.unlogged { "UNLOGGED" } else { "LOGGED" };
        let sql = format!("ALTER SEQUENCE {} SET {word}", name::of(key));
        pieces.push(Piece::whole(sql, Action::Alter(key.clone())));
    }
    pieces
}

/// Lets a sequence that is new to a column go on after the values there are.
pub(super) fn go_on(key: &Key, column: &Key, options: &SequenceOptions) -> Piece {
    let sql = format!(
        "SELECT setval({}, coalesce(max({}) + {}, {}), false) FROM {}",
        name::literal(&name::of(key)),
        name::ident(&column.name),
        options.increment,
        options.start,
        name::relation(column)
    );
    Piece::whole(sql, Action::Alter(column.clone()))
}

/// Gives a sequence to a column, or to none.
pub(super) fn own(key: &Key, column: Option<&Key>) -> Piece {
    let owner = match column {
        Some(column) => format!("{}.{}", name::relation(column), name::ident(&column.name)),
        None => "NONE".to_owned(),
    };
    let sql = format!("ALTER SEQUENCE {} OWNED BY {owner}", name::of(key));
    Piece::whole(sql, Action::Alter(key.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_apart_while_they_are_aside() {
        assert_eq!(aside("mood"), "mood__dbs_old");
        let long = |end: &str| aside(&format!("{}{end}", "ö".repeat(30)));
        assert!(long("a").len() <= 63 && long("a").ends_with("__dbs_old"), "{}", long("a"));
        assert_ne!(long("a"), long("b"));
    }
}
