//! What a domain that changes asks of the columns that have it: their values must pass its new
//! checks, and be there where it refuses NULL. The live database knows the domain only as it was,
//! so a value is held against the type below it and each check by itself.

use super::lookup::{in_brackets, is_of_type};
use super::names::Names;
use crate::schema::model::{Body, Domain, Key, Kind, Model};
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

/// The domain of this name, if there is one.
pub(super) fn domain_of<'m>(model: &'m Model, type_name: &str) -> Option<(&'m Key, &'m Domain)> {
    model.objects.iter().find_map(|(key, object)| match &object.body {
        Body::Domain(domain) if is_of_type(type_name, key) && !type_name.ends_with(']') => {
            Some((key, domain))
        }
        _ => None,
    })
}

/// The columns of a domain, by the names they have in the model.
pub(super) fn columns(model: &Model, names: &Names, domain: &Key) -> Vec<Key> {
    let before = names.before(domain);
    let has = |type_name: &str| {
        !type_name.ends_with(']')
            && (is_of_type(type_name, domain) || is_of_type(type_name, &before))
    };
    let found = model.objects.iter().filter(|(key, object)| {
        matches!(&object.body, Body::Column(column) if has(&column.type_name))
            && key.kind == Kind::Column
    });
    found.map(|(key, _)| key.clone()).collect()
}

/// What the checks of a domain ask of a column, as expressions over it: all that are not checked
/// for the domain as it was, or those that are named in the statement.
pub(super) fn checks(
    domain: &Domain,
    was: Option<&Domain>,
    statement: Option<&str>,
    column: &str,
) -> Vec<String> {
    let passed = |name: &str, definition: &str| {
        was.is_some_and(|was| {
            let mut checks = was.checks.iter();
            checks.any(|one| one.validated && one.name == name && one.definition == definition)
        })
    };
    let named = |name: &str| {
        let written = Dialect::Postgres.name(name);
        statement.is_none_or(|sql| sql.contains(&format!("CONSTRAINT {written}")))
    };
    let value = format!("({}::{})", Dialect::Postgres.ident(column), domain.base);
    let asked = domain.checks.iter().filter(|check| {
        check.validated && named(&check.name) && !passed(&check.name, &check.definition)
    });
    asked.filter_map(|check| of_value(&check.definition, &value)).collect()
}

/// The expression of a check with something in the place of VALUE.
fn of_value(definition: &str, value: &str) -> Option<String> {
    let expression = in_brackets(Dialect::Postgres, definition)?;
    let mut out = String::new();
    for token in tokens(Dialect::Postgres, expression) {
        let is_value = token.is_word(expression, "VALUE");
        out.push_str(if is_value { value } else { token.text(expression) });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_asked_of_the_column() {
        let definition = "CHECK (((VALUE > 0) AND (\"VALUE\" <> 'VALUE'::text)))";
        let expected = "((\"a b\" > 0) AND (\"VALUE\" <> 'VALUE'::text))";
        assert_eq!(of_value(definition, "\"a b\"").as_deref(), Some(expected));
    }
}
