//! Views, materialized views, and routines.

use super::piece::Piece;
use super::{name, parts, table};
use crate::schema::model::{Key, Kind, Routine, RoutineKind, View};
use crate::schema::plan::Action;

/// CREATE VIEW, or CREATE OR REPLACE VIEW.
pub(super) fn create_view(key: &Key, view: &View, replace: bool) -> Vec<Piece> {
    let or_replace = if replace { "OR REPLACE " } else { "" };
    let options = if view.options.is_empty() {
        String::new()
    } else {
        format!(" WITH ({})", table::options(&view.options))
    };
    let sql = format!(
        "CREATE {or_replace}VIEW {}{options} AS\n{}",
        name::of(key),
        view.definition.trim_end()
    );
    let action = if replace { Action::Alter(key.clone()) } else { Action::Create(key.clone()) };
    let mut pieces = vec![Piece::whole(sql, action)];
    if !replace {
        pieces.extend(columns(key, None, view));
    }
    pieces
}

/// Changes a view in place.
pub(super) fn alter_view(key: &Key, have: &View, want: &View) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if have.definition != want.definition {
        pieces.extend(create_view(key, want, true));
    } else {
        pieces.extend(parts::view_options(key, &have.options, &want.options));
    }
    pieces.extend(columns(key, Some(have), want));
    pieces
}

/// Defaults and comments of a view's columns.
fn columns(key: &Key, have: Option<&View>, want: &View) -> Vec<Piece> {
    let word = if key.kind == Kind::View { "VIEW" } else { "MATERIALIZED VIEW" };
    let mut pieces = Vec::new();
    for column in &want.columns {
        let old = have.and_then(|have| have.columns.iter().find(|old| old.name == column.name));
        let named = name::ident(&column.name);
        if old.and_then(|old| old.default.as_ref()) != column.default.as_ref() {
            let said = match &column.default {
                Some(default) => format!("SET DEFAULT {default}"),
                None => "DROP DEFAULT".to_owned(),
            };
            let sql = format!("ALTER {word} {} ALTER COLUMN {named} {said}", name::of(key));
            pieces.push(Piece::whole(sql, Action::Alter(key.clone())));
        }
        if old.and_then(|old| old.comment.as_ref()) != column.comment.as_ref() {
            let text =
                column.comment.as_ref().map_or("NULL".to_owned(), |text| name::literal(text));
            let sql = format!("COMMENT ON COLUMN {}.{named} IS {text}", name::of(key));
            pieces.push(Piece::whole(sql, Action::Comment(key.clone())));
        }
    }
    pieces
}

/// CREATE MATERIALIZED VIEW.
pub(super) fn create_materialized(key: &Key, view: &View) -> Vec<Piece> {
    let mut sql = format!("CREATE MATERIALIZED VIEW {}", name::of(key));
    if let Some(method) = &view.access_method {
        sql.push_str(&format!(" USING {}", name::ident(method)));
    }
    if !view.options.is_empty() {
        sql.push_str(&format!(" WITH ({})", table::options(&view.options)));
    }
    if let Some(space) = &view.tablespace {
        sql.push_str(&format!(" TABLESPACE {}", name::ident(space)));
    }
    sql.push_str(&format!(" AS\n{}", view.definition.trim_end()));
    if !view.populated {
        sql.push_str("\nWITH NO DATA");
    }
    let mut pieces = vec![Piece::whole(sql, Action::Create(key.clone()))];
    pieces.extend(columns(key, None, view));
    pieces
}

/// Changes a materialized view in place.
pub(super) fn alter_materialized(key: &Key, have: &View, want: &View) -> Vec<Piece> {
    let mut pieces = parts::view_options(key, &have.options, &want.options);
    if have.populated != want.populated {
        let data = if want.populated { "" } else { " WITH NO DATA" };
        let sql = format!("REFRESH MATERIALIZED VIEW {}{data}", name::of(key));
        pieces.push(Piece::whole(sql, Action::Alter(key.clone())));
    }
    pieces.extend(columns(key, Some(have), want));
    pieces
}

/// The order of CLUSTER on a materialized view, once its indexes are there.
pub(super) fn identities(key: &Key, have: Option<&View>, want: &View) -> Vec<Piece> {
    if have.and_then(|have| have.clustered_on.as_ref()) == want.clustered_on.as_ref() {
        return Vec::new();
    }
    let said = match &want.clustered_on {
        Some(index) => format!("CLUSTER ON {}", name::ident(index)),
        None => "SET WITHOUT CLUSTER".to_owned(),
    };
    let sql = format!("ALTER MATERIALIZED VIEW {} {said}", name::of(key));
    vec![Piece::whole(sql, Action::Alter(key.clone()))]
}

/// The word for a routine in DROP, COMMENT and GRANT.
pub(super) fn routine_word(routine: &Routine) -> &'static str {
    match routine.kind {
        RoutineKind::Function | RoutineKind::Window => "FUNCTION",
        RoutineKind::Procedure => "PROCEDURE",
        RoutineKind::Aggregate => "AGGREGATE",
    }
}

/// A routine by name and argument types.
pub(super) fn routine_name(key: &Key, routine: &Routine) -> String {
    let arguments = match routine.kind {
        // An ordered-set aggregate names its arguments in two groups; one without any is `(*)`.
        RoutineKind::Aggregate if routine.arguments.is_empty() => "*",
        RoutineKind::Aggregate => &routine.arguments,
        _ => &routine.signature,
    };
    format!("{}({arguments})", name::qualified(&key.schema, &key.name))
}

/// CREATE FUNCTION and its kin: the server's own text, which replaces what is there.
pub(super) fn create_routine(key: &Key, routine: &Routine, replace: bool) -> Piece {
    let definition = routine.definition.trim_end();
    let sql = match definition.strip_prefix("CREATE OR REPLACE ").filter(|_| !replace) {
        Some(rest) => format!("CREATE {rest}"),
        None => definition.to_owned(),
    };
    let action = if replace { Action::Alter(key.clone()) } else { Action::Create(key.clone()) };
    Piece::whole(sql, action)
}

/// DROP FUNCTION and its kin.
pub(super) fn drop_routine(key: &Key, routine: &Routine) -> Piece {
    let sql = format!("DROP {} {}", routine_word(routine), routine_name(key, routine));
    Piece::whole(sql, Action::Drop(key.clone()))
}
