//! Comments, put where what they are on is.
//!
//! A comment the server or an extension brought itself is none.

use super::super::fields::Fields;
use super::address::{Address, class};
use super::reading::Reading;
use crate::schema::model::{Body, Kind};

/// The comments on what somebody made, and on the schema `public` that every database has.
pub(super) fn question() -> String {
    format!(
        "SELECT 'comment', d.classoid, d.objoid, d.objsubid, d.description
         FROM pg_description d
         WHERE (d.objoid >= 16384 OR d.classoid = {namespace})
           AND d.classoid <> {extension}
           AND NOT (d.classoid = {namespace} AND d.description = 'standard public schema'
                    AND d.objoid = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'public'))
         UNION ALL
         SELECT 'comment', d.classoid, d.objoid, d.objsubid, d.description
         FROM pg_description d
         JOIN pg_extension x ON x.oid = d.objoid AND x.extname <> 'plpgsql'
         LEFT JOIN pg_available_extensions a ON a.name = x.extname
         WHERE d.classoid = {extension} AND a.comment IS DISTINCT FROM d.description",
        namespace = class::NAMESPACE,
        extension = class::EXTENSION,
    )
}

pub(super) fn comment(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let (class, oid, part) = (row.integer(1)?, row.integer(2)?, row.integer(3)?);
    let text = row.text(4)?;
    if class == class::CONSTRAINT
        && let Some((domain, name)) = reading.checks.get(&oid).cloned()
    {
        if let Some(object) = reading.objects.get_mut(&domain)
            && let Body::Domain(domain) = &mut object.body
        {
            for check in domain.checks.iter_mut().filter(|check| check.name == name) {
                check.comment = Some(text.clone());
            }
        }
        return Ok(());
    }
    let address = Address { class, oid, part };
    if let Some(key) = reading.addresses.exactly(address).cloned() {
        if let Some(object) = reading.objects.get_mut(&key) {
            object.comment = Some(text);
        }
        return Ok(());
    }
    beside(reading, address, text);
    Ok(())
}

/// A comment on what is no object of its own: a view's column, or something with no place.
fn beside(reading: &mut Reading<'_>, address: Address, text: String) {
    let column = reading
        .relations
        .get(&address.oid)
        .filter(|_| address.class == class::RELATION)
        .and_then(|relation| relation.columns.get(&address.part))
        .cloned();
    if let Some(name) = &column
        && let Some(Body::View(view) | Body::MaterializedView(view)) =
            reading.relation_body(address.oid)
    {
        for column in view.columns.iter_mut().filter(|column| column.name == *name) {
            column.comment = Some(text.clone());
        }
        return;
    }
    let Some(key) = reading.addresses.object(address).cloned() else {
        return;
    };
    let name = match &column {
        Some(column) => format!("{key}.{column}"),
        None => key.to_string(),
    };
    let kind = match key.kind {
        Kind::Composite => "comment on an attribute",
        Kind::Constraint => "comment on a constraint's index",
        Kind::Column => "comment on an identity column's sequence",
        _ => "comment on a part",
    };
    reading.unmodelled(kind, name);
}
