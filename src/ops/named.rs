//! A relation by the name a person typed: qualified or not, quoted or not. Nothing here reads
//! more than the outline.

use crate::db::Db;
use crate::db::stop::Stop;
use crate::problem::{Problem, Result};
use crate::schema::{Outline, Relation, RelationName};
use crate::sql::Dialect;

/// Finds a relation by its name and reads it.
///
/// # Errors
/// There is none, or there are several, of that name; the catalogue cannot be read.
pub(super) async fn relation(
    db: &Db,
    dialect: Dialect,
    typed: &str,
    stop: &Stop,
) -> Result<Relation> {
    let outline = db.outline(stop).await?;
    let name = find(&outline, dialect, typed)?;
    db.relation(&name, stop).await
}

/// The relation somebody means: a name in the schema where tables go by default is meant before
/// one elsewhere, an exact one before one that differs in case.
fn find(outline: &Outline, dialect: Dialect, typed: &str) -> Result<RelationName> {
    let typed = typed.trim();
    let usual = match dialect {
        Dialect::Postgres => "public",
        Dialect::Sqlite => "main",
    };
    let forms = |name: &RelationName| {
        let RelationName { schema, name } = name;
        [
            name.clone(),
            format!("{schema}.{name}"),
            dialect.ident(name),
            dialect.relation(schema, name),
            format!("{schema}.{}", dialect.ident(name)),
        ]
    };
    let all: Vec<RelationName> = outline.relations().map(|(name, _)| name).collect();
    let matching = |same: &dyn Fn(&str) -> bool| -> Vec<&RelationName> {
        all.iter().filter(|name| forms(name).iter().any(|form| same(form))).collect()
    };
    let mut found = matching(&|form| form == typed);
    if found.is_empty() {
        found = matching(&|form| form.eq_ignore_ascii_case(typed));
    }
    if let Some(here) = found.iter().find(|name| name.schema == usual) {
        return Ok((*here).clone());
    }
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(missing(&all, typed)),
        several => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(Problem::usage(
                format!("{typed} could be several tables"),
                format!("there are {}", names.join(", ")),
                "write the schema before the name, as in schema.table",
            ))
        }
    }
}

fn missing(all: &[RelationName], typed: &str) -> Problem {
    let bare = typed.rsplit('.').next().unwrap_or(typed).to_lowercase();
    let near = |name: &&RelationName| {
        let distance = strsim::damerau_levenshtein(&bare, &name.name.to_lowercase());
        (distance <= 2).then_some(distance)
    };
    let nearest = all.iter().filter(|name| near(name).is_some()).min_by_key(near);
    let fix = match nearest {
        Some(name) => format!("if you meant {name}, name that"),
        None => "dbstudio status lists the tables there are".to_owned(),
    };
    Problem::usage(
        format!("There is no table or view {typed}"),
        "the database has none of that name that you may see",
        fix,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{OutlineRelation, OutlineSchema, RelationKind};

    fn outline(names: &[(&str, &str)]) -> Outline {
        let schema = |(schema, name): &(&str, &str)| OutlineSchema {
            name: (*schema).to_owned(),
            relations: vec![OutlineRelation {
                name: (*name).to_owned(),
                kind: RelationKind::Table,
                columns: 1,
                rows_estimate: None,
                bytes_estimate: None,
                readable: true,
                partition_of: None,
                comment: None,
            }],
            ..OutlineSchema::default()
        };
        Outline { schemas: names.iter().map(schema).collect(), unseen: Vec::new() }
    }

    #[test]
    fn a_name_is_found_the_way_people_write_it() {
        let outline = outline(&[
            ("public", "users"),
            ("audit", "users"),
            ("audit", "Log.x"),
            ("a", "twice"),
            ("b", "twice"),
        ]);
        let find = |typed: &str| find(&outline, Dialect::Postgres, typed);
        for (typed, expected) in [
            ("users", "public.users"),
            ("Users", "public.users"),
            ("audit.users", "audit.users"),
            ("\"audit\".\"Log.x\"", "audit.Log.x"),
            ("Log.x", "audit.Log.x"),
            ("a.twice", "a.twice"),
        ] {
            assert_eq!(find(typed).unwrap().to_string(), expected, "{typed}");
        }
        assert!(find("twice").unwrap_err().why.contains("a.twice, b.twice"));
        assert!(find("user").unwrap_err().fix.contains("public.users"));
    }
}
