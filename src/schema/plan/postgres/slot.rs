//! The names objects take, and within what they must be unique: one is free only once what had it
//! is gone.

use super::range;
use crate::schema::model::{Body, ConstraintKind as C, Key, Kind};

/// A place where names must be unique.
pub(super) type Slot = (u8, String, String, String);

/// The place of a relation's name.
pub(super) fn relation_slot(schema: &str, name: &str) -> Slot {
    (0, schema.to_owned(), String::new(), name.to_owned())
}

/// The names an object takes (manual, "Lexical Structure" and the CREATE pages: relations of a
/// schema share one space of names, and tables and types another).
pub(super) fn slots(key: &Key, body: &Body) -> Vec<Slot> {
    let relation = |name: &str| relation_slot(&key.schema, name);
    let type_name = |name: &str| (1, key.schema.clone(), String::new(), name.to_owned());
    match (key.kind, body) {
        // A sequence has no type, but is refused where a type of its name is.
        (
            Kind::Table | Kind::View | Kind::MaterializedView | Kind::Composite | Kind::Sequence,
            _,
        ) => vec![relation(&key.name), type_name(&key.name)],
        (Kind::Index, _) => vec![relation(&key.name)],
        (Kind::Enum | Kind::Domain, _) => vec![type_name(&key.name)],
        (_, Body::Range { definition }) => {
            let (schema, multirange) = range::multirange(key, definition);
            vec![type_name(&key.name), (1, schema, String::new(), multirange)]
        }
        (Kind::Constraint, Body::Constraint(constraint)) => {
            let mut found = vec![(2, key.schema.clone(), key.of.clone(), key.name.clone())];
            if matches!(constraint.kind, C::Primary | C::Unique | C::Exclusion) {
                found.push(relation(&key.name));
            }
            if constraint.kind == C::Primary {
                found.push((4, key.schema.clone(), key.of.clone(), String::new()));
            }
            found
        }
        (Kind::Column, Body::Column(column)) => {
            let sequence = column.identity.iter().map(|identity| relation(&identity.sequence));
            sequence.chain([(3, key.schema.clone(), key.of.clone(), key.name.clone())]).collect()
        }
        (Kind::Routine, _) => {
            vec![(5, key.schema.clone(), key.of.clone(), key.name.clone())]
        }
        _ => Vec::new(),
    }
}
