//! Whether a domain's values are kept inside values of other types. The server looks at the
//! columns of a domain when it gets a condition, but never into arrays, composites and ranges: it
//! refuses the condition instead (manual, ALTER DOMAIN, "Notes").
//!
//! Nothing here decides what becomes of such a domain.

use std::collections::BTreeSet;

use super::name;
use crate::schema::model::{Body, Key, Model, ViewColumn};

/// Whether a table or materialized view has a column with values of the domain, or of a domain
/// over it, inside values of another type.
pub(super) fn is_inside(domain: &Key, model: &Model) -> bool {
    let mut types = Types { plain: [name::of(domain)].into(), ..Types::default() };
    let mut known = 0;
    while known < types.plain.len() + types.holding.len() {
        known = types.plain.len() + types.holding.len();
        for (key, object) in &model.objects {
            match &object.body {
                Body::Domain(over) => types.add_domain(key, &over.base),
                Body::Composite { attributes } => {
                    let held = attributes.iter().any(|it| types.holds(&it.type_name));
                    types.add_if(held, key);
                }
                Body::Range { definition } => {
                    let subtype = definition.split(", ").next().unwrap_or_default();
                    let held = types.holds(subtype.trim_start_matches("subtype = "));
                    types.add_if(held, key);
                }
                _ => {}
            }
        }
    }
    model.objects.values().any(|object| match &object.body {
        Body::Column(column) => types.is_nested(&column.type_name),
        Body::MaterializedView(view) => {
            view.columns.iter().any(|column: &ViewColumn| types.is_nested(&column.type_name))
        }
        _ => false,
    })
}

/// Types by their names as the server prints them.
#[derive(Default)]
struct Types {
    /// The domain, and domains over it: the server looks at their columns.
    plain: BTreeSet<String>,
    /// Those whose values hold values of the domain.
    holding: BTreeSet<String>,
}

impl Types {
    /// Whether values of a type hold values of the domain, not being such themselves.
    fn is_nested(&self, type_name: &str) -> bool {
        match type_name.strip_suffix("[]") {
            Some(element) => self.plain.contains(element) || self.holding.contains(element),
            None => self.holding.contains(type_name),
        }
    }

    fn holds(&self, type_name: &str) -> bool {
        self.plain.contains(type_name) || self.is_nested(type_name)
    }

    fn add_domain(&mut self, key: &Key, base: &str) {
        if self.plain.contains(base) {
            self.plain.insert(name::of(key));
        }
        self.add_if(self.is_nested(base), key);
    }

    fn add_if(&mut self, holding: bool, key: &Key) {
        if holding {
            self.holding.insert(name::of(key));
        }
    }
}
