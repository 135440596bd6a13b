//! The texts of a model in which brackets may differ that say nothing: after this they are equal
//! when the conditions are, however these came to be.

use crate::schema::model::{Body, Object};
use crate::sql::nesting::flattened;

/// Takes such brackets out of an object's texts.
pub(super) fn flatten(object: &mut Object) {
    let texts: Vec<&mut String> = match &mut object.body {
        Body::Default { expression } => vec![expression],
        Body::Column(column) => column.generated.iter_mut().collect(),
        Body::Constraint(constraint) => vec![&mut constraint.definition],
        Body::Index(index) => vec![&mut index.definition],
        Body::View(view) | Body::MaterializedView(view) => vec![&mut view.definition],
        Body::Policy(policy) => policy.using.iter_mut().chain(&mut policy.check).collect(),
        Body::Trigger { definition, .. }
        | Body::Rule { definition, .. }
        | Body::Statistics { definition, .. } => vec![definition],
        Body::Domain(domain) => {
            let checks = domain.checks.iter_mut().map(|check| &mut check.definition);
            domain.default.iter_mut().chain(checks).collect()
        }
        Body::Routine(routine) if routine.parsed_body => vec![&mut routine.definition],
        _ => Vec::new(),
    };
    for text in texts {
        *text = flattened(text);
    }
}
