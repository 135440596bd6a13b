//! What stands in no relation and is no type or routine: schemas, extensions, collations and
//! event triggers.
//!
//! Nothing here reads what is in a schema.

use super::super::fields::Fields;
use super::address::{Address, class};
use super::reading::Reading;
use super::{Question, own};
use crate::schema::model::{Body, Firing, Key, Kind};
use crate::sql::Dialect;

pub(super) fn schemas(question: &Question) -> String {
    format!(
        "SELECT 'schema', n.oid, n.nspname, pg_get_userbyid(n.nspowner)
         FROM pg_namespace n WHERE {}",
        question.within("n.oid")
    )
}

pub(super) fn schema(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let address = Address::new(class::NAMESPACE, row.integer(1)?);
    let key = Key::global(Kind::Schema, row.text(2)?);
    reading.add(address, key, row.optional(3)?, Body::Schema);
    Ok(())
}

/// The extensions but for plpgsql in its place, which every database begins with.
pub(super) fn extensions() -> String {
    "SELECT 'extension', x.oid, x.extname, n.nspname, pg_get_userbyid(x.extowner)
     FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace
     WHERE NOT (x.extname = 'plpgsql' AND n.nspname = 'pg_catalog')"
        .to_owned()
}

pub(super) fn extension(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let mut schema = row.text(3)?;
    if schema == "pg_catalog" {
        schema.clear();
    }
    let key = Key::global(Kind::Extension, row.text(2)?);
    let needed = Key::global(Kind::Schema, schema.clone());
    let address = Address::new(class::EXTENSION, row.integer(1)?);
    reading.add(address, key.clone(), row.optional(4)?, Body::Extension { schema });
    reading.need(&key, needed);
    Ok(())
}

pub(super) fn collations(question: &Question) -> String {
    let locale = match question.version {
        170_000.. => "k.colllocale",
        150_000.. => "k.colliculocale",
        _ => "NULL",
    };
    let rules = question.since(160_000, "NULL", "k.collicurules");
    format!(
        "SELECT 'collation', k.oid, n.nspname, k.collname, pg_get_userbyid(k.collowner),
                k.collprovider, k.collisdeterministic, k.collcollate, k.collctype, {locale}, {rules}
         FROM pg_collation k JOIN pg_namespace n ON n.oid = k.collnamespace
         WHERE {} AND {}
           AND k.collencoding IN (-1, (SELECT d.encoding FROM pg_database d
                                       WHERE d.datname = current_database()))",
        question.within("k.collnamespace"),
        own(class::COLLATION, "k.oid")
    )
}

pub(super) fn collation(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let literal = |text: &str| Dialect::Postgres.literal(text);
    let (collate, ctype) = (row.optional(7)?, row.optional(8)?);
    let mut options = Vec::new();
    let provider = row.text(5)?;
    match provider.as_str() {
        "i" | "b" => {
            let word = if provider == "i" { "icu" } else { "builtin" };
            options.push(format!("provider = {word}"));
            // Before PostgreSQL 15 the locale of ICU stood where that of the C library does.
            let locale = row.optional(9)?.or(collate).unwrap_or_default();
            options.push(format!("locale = {}", literal(&locale)));
        }
        _ => {
            options.push("provider = libc".to_owned());
            let (collate, ctype) = (collate.unwrap_or_default(), ctype.unwrap_or_default());
            if collate == ctype {
                options.push(format!("locale = {}", literal(&collate)));
            } else {
                options.push(format!("lc_collate = {}", literal(&collate)));
                options.push(format!("lc_ctype = {}", literal(&ctype)));
            }
        }
    }
    if !row.flag(6)? {
        options.push("deterministic = false".to_owned());
    }
    if let Some(rules) = row.optional(10)? {
        options.push(format!("rules = {}", literal(&rules)));
    }
    let key = Key::new(Kind::Collation, row.text(2)?, row.text(3)?);
    let body = Body::Collation { definition: format!("({})", options.join(", ")) };
    reading.add(Address::new(class::COLLATION, row.integer(1)?), key, row.optional(4)?, body);
    Ok(())
}

pub(super) fn event_triggers() -> String {
    format!(
        "SELECT 'event trigger', t.oid, t.evtname, pg_get_userbyid(t.evtowner), t.evtevent,
                t.evtenabled, array_to_json(t.evttags),
                (SELECT quote_ident(n.nspname) || '.' || quote_ident(p.proname)
                 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                 WHERE p.oid = t.evtfoid)
         FROM pg_event_trigger t WHERE {}",
        own(class::EVENT_TRIGGER, "t.oid")
    )
}

pub(super) fn event_trigger(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let mut definition = format!("ON {}", row.text(4)?);
    let tags = row.list(6)?;
    if !tags.is_empty() {
        let tags: Vec<String> = tags.iter().map(|tag| Dialect::Postgres.literal(tag)).collect();
        definition.push_str(&format!(" WHEN TAG IN ({})", tags.join(", ")));
    }
    definition.push_str(&format!(" EXECUTE FUNCTION {}()", row.text(7)?));
    let body = Body::EventTrigger { definition, firing: firing(&row.text(5)?) };
    let key = Key::global(Kind::EventTrigger, row.text(2)?);
    reading.add(Address::new(class::EVENT_TRIGGER, row.integer(1)?), key, row.optional(3)?, body);
    Ok(())
}

/// `tgenabled`, `ev_enabled` or `evtenabled`.
pub(super) fn firing(letter: &str) -> Firing {
    match letter {
        "D" => Firing::Disabled,
        "R" => Firing::Replica,
        "A" => Firing::Always,
        _ => Firing::Origin,
    }
}
