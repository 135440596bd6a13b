//! Schemas, extensions, collations, and types of every kind.

use super::piece::Piece;
use super::{name, sequence};
use crate::schema::model::{Attribute, Body, Domain, DomainCheck, Key, Kind};
use crate::schema::plan::{Action, Step};

/// The statement that makes a schema, an extension, a collation or a type.
pub(super) fn create(key: &Key, body: &Body) -> Vec<Piece> {
    let named = name::of(key);
    let sql = match body {
        Body::Schema => format!("CREATE SCHEMA {named}"),
        Body::Extension { schema } if schema.is_empty() => format!("CREATE EXTENSION {named}"),
        Body::Extension { schema } => {
            format!("CREATE EXTENSION {named} WITH SCHEMA {}", name::ident(schema))
        }
        Body::Collation { definition } => format!("CREATE COLLATION {named} {definition}"),
        Body::Enum { labels } => {
            let labels: Vec<String> = labels.iter().map(|label| name::literal(label)).collect();
            format!("CREATE TYPE {named} AS ENUM ({})", labels.join(", "))
        }
        Body::Composite { attributes } if attributes.is_empty() => {
            format!("CREATE TYPE {named} AS ()")
        }
        Body::Composite { attributes } => {
            let lines: Vec<String> = attributes.iter().map(attribute).collect();
            format!("CREATE TYPE {named} AS (\n    {}\n)", lines.join(",\n    "))
        }
        Body::Range { definition } => format!("CREATE TYPE {named} AS RANGE ({definition})"),
        Body::Domain(domain) => return create_domain(key, domain),
        _ => return Vec::new(),
    };
    vec![Piece::whole(sql, Action::Create(key.clone()))]
}

fn attribute(attribute: &Attribute) -> String {
    let collate = attribute.collation.as_ref().map(|collation| format!(" COLLATE {collation}"));
    format!(
        "{} {}{}",
        name::ident(&attribute.name),
        attribute.type_name,
        collate.unwrap_or_default()
    )
}

fn create_domain(key: &Key, domain: &Domain) -> Vec<Piece> {
    let mut sql = format!("CREATE DOMAIN {} AS {}", name::of(key), domain.base);
    if let Some(collation) = &domain.collation {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = &domain.default {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    if domain.not_null {
        sql.push_str(" NOT NULL");
    }
    let (inside, after): (Vec<_>, Vec<_>) = domain.checks.iter().partition(|check| check.validated);
    for check in inside {
        sql.push_str(&format!(
            "\n    CONSTRAINT {} {}",
            name::ident(&check.name),
            check.definition
        ));
    }
    let mut pieces = vec![Piece::whole(sql, Action::Create(key.clone()))];
    pieces.extend(after.into_iter().map(|check| add_check(key, check)));
    pieces.extend(
        domain
            .checks
            .iter()
            .filter_map(|check| check.comment.as_ref().map(|_| comment_on_check(key, check))),
    );
    pieces
}

fn add_check(key: &Key, check: &DomainCheck) -> Piece {
    let sql = format!(
        "ALTER DOMAIN {} ADD CONSTRAINT {} {}",
        name::of(key),
        name::ident(&check.name),
        check.definition
    );
    Piece::whole(sql, Action::Alter(key.clone()))
}

fn comment_on_check(key: &Key, check: &DomainCheck) -> Piece {
    let text = check.comment.as_ref().map_or("NULL".to_owned(), |text| name::literal(text));
    let sql = format!(
        "COMMENT ON CONSTRAINT {} ON DOMAIN {} IS {text}",
        name::ident(&check.name),
        name::of(key)
    );
    Piece::whole(sql, Action::Comment(key.clone()))
}

/// The statements that change a type in place.
pub(super) fn alter(key: &Key, have: &Body, want: &Body) -> Vec<Piece> {
    match (have, want) {
        (Body::Composite { attributes: have }, Body::Composite { attributes: want }) => {
            alter_attributes(key, have, want)
        }
        (Body::Domain(have), Body::Domain(want)) => alter_domain(key, have, want),
        (Body::Extension { .. }, Body::Extension { schema }) => {
            let schema = name::ident(schema);
            let sql = format!("ALTER EXTENSION {} SET SCHEMA {schema}", name::of(key));
            vec![Piece::whole(sql, Action::Alter(key.clone()))]
        }
        _ => Vec::new(),
    }
}

/// ADD VALUE for each new label, at its place; by itself where the label is used at once.
pub(super) fn add_labels(key: &Key, have: &[String], want: &[String], used: bool) -> Vec<Piece> {
    let mut there: Vec<&String> = have.iter().collect();
    let mut pieces = Vec::new();
    for (place, label) in want.iter().enumerate() {
        if there.contains(&label) {
            continue;
        }
        let before = want.get(place + 1..).unwrap_or_default();
        let next = before.iter().find(|other| there.contains(other));
        let previous = want.get(..place).unwrap_or_default().last();
        let at = match (next, previous) {
            (None, _) => String::new(),
            (Some(_), Some(previous)) => format!(" AFTER {}", name::literal(previous)),
            (Some(next), None) => format!(" BEFORE {}", name::literal(next)),
        };
        let sql = format!("ALTER TYPE {} ADD VALUE {}{at}", name::of(key), name::literal(label));
        let step = Step::new(sql, vec![Action::Alter(key.clone())]);
        pieces.push(Piece::Whole(Step { outside_transaction: used, ..step }));
        there.push(label);
    }
    pieces
}

fn alter_attributes(key: &Key, have: &[Attribute], want: &[Attribute]) -> Vec<Piece> {
    let dropped: Vec<&Attribute> = have.iter().filter(|one| !want.contains(one)).collect();
    let lost = dropped.iter().filter(|one| !want.iter().any(|new| new.name == one.name));
    let mut actions = vec![Action::Alter(key.clone())];
    actions.extend(
        lost.map(|one| Action::DropAttribute { key: key.clone(), attribute: one.name.clone() }),
    );
    let added = want.iter().filter(|one| !have.contains(one));
    let dropped =
        dropped.into_iter().map(|one| format!("DROP ATTRIBUTE {}", name::ident(&one.name)));
    let added = added.map(|one| format!("ADD ATTRIBUTE {}", attribute(one)));
    let said: Vec<String> = dropped.chain(added).collect();
    let sql = format!("ALTER TYPE {} {}", name::of(key), said.join(", "));
    vec![Piece::Whole(Step::new(sql, actions))]
}

/// The text of a check, whether or not it is known to hold.
fn check_text(check: &DomainCheck) -> &str {
    check.definition.trim_end_matches(" NOT VALID")
}

/// Whether a check stays: it may come to be known to hold, but not cease to be.
fn stays(old: &DomainCheck, new: &DomainCheck) -> bool {
    old.name == new.name
        && check_text(old) == check_text(new)
        && (old.validated == new.validated || new.validated)
}

/// Whether the values that are there must pass something they did not have to pass before.
pub(super) fn asks_rows(have: &Domain, want: &Domain) -> bool {
    let passed = |new: &DomainCheck| {
        have.checks.iter().any(|old| old.validated == new.validated && stays(old, new))
    };
    (want.not_null && !have.not_null) || want.checks.iter().any(|new| new.validated && !passed(new))
}

fn alter_domain(key: &Key, have: &Domain, want: &Domain) -> Vec<Piece> {
    let say = |said: String, action: Action| {
        Piece::whole(format!("ALTER DOMAIN {} {said}", name::of(key)), action)
    };
    let altered = || Action::Alter(key.clone());
    let mut pieces = Vec::new();
    if have.default != want.default {
        let said = match &want.default {
            Some(default) => format!("SET DEFAULT {default}"),
            None => "DROP DEFAULT".to_owned(),
        };
        pieces.push(say(said, altered()));
    }
    for old in have.checks.iter().filter(|old| !want.checks.iter().any(|new| stays(old, new))) {
        pieces.push(say(format!("DROP CONSTRAINT {}", name::ident(&old.name)), altered()));
    }
    match (have.not_null, want.not_null) {
        (false, true) => {
            pieces.push(say("SET NOT NULL".to_owned(), Action::SetNotNull(key.clone())));
        }
        (true, false) => pieces.push(say("DROP NOT NULL".to_owned(), altered())),
        _ => {}
    }
    for new in &want.checks {
        let old = have.checks.iter().find(|old| stays(old, new));
        let named = name::ident(&new.name);
        match old {
            None => {
                let sql = format!(
                    "ALTER DOMAIN {} ADD CONSTRAINT {named} {}",
                    name::of(key),
                    new.definition
                );
                let validates = new.validated.then(|| Action::Validate(key.clone()));
                let actions = std::iter::once(altered()).chain(validates).collect();
                pieces.push(Piece::Whole(Step::new(sql, actions)));
            }
            Some(old) if !old.validated && new.validated => {
                let action = Action::Validate(key.clone());
                pieces.push(say(format!("VALIDATE CONSTRAINT {named}"), action));
            }
            Some(_) => {}
        }
        if old.and_then(|old| old.comment.as_ref()) != new.comment.as_ref() {
            pieces.push(comment_on_check(key, new));
        }
    }
    pieces
}

/// The word that DROP, ALTER and COMMENT use for a kind of type or schema, or for a routine.
pub(super) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Schema => "SCHEMA",
        Kind::Extension => "EXTENSION",
        Kind::Collation => "COLLATION",
        Kind::Domain => "DOMAIN",
        Kind::Routine => "ROUTINE",
        _ => "TYPE",
    }
}

/// Renames a type or routine so that a new one can have its name.
pub(super) fn step_aside(key: &Key) -> Piece {
    let sql = format!(
        "ALTER {} {} RENAME TO {}",
        word(key.kind),
        name::of(key),
        name::ident(&sequence::aside(&key.name))
    );
    Piece::whole(sql, Action::Aside(key.clone()))
}

/// Drops a type, schema or routine; one that stepped aside by its new name.
pub(super) fn drop(key: &Key, stepped_aside: bool) -> Piece {
    if stepped_aside {
        let old = name::of(&Key { name: sequence::aside(&key.name), ..key.clone() });
        let sql = format!("DROP {} {old}", word(key.kind));
        return Piece::whole(sql, Action::DropOld(key.clone()));
    }
    Piece::whole(format!("DROP {} {}", word(key.kind), name::of(key)), Action::Drop(key.clone()))
}
