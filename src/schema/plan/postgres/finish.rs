//! What an object gets once it is there: its comment, its privileges, its owner.

use std::collections::{BTreeMap, BTreeSet};

use super::fate::Fate;
use super::piece::Piece;
use super::{name, table, types, view};
use crate::schema::model::{Body, Grant, Grantee, Key, Kind, Object, ReplicaIdentity};
use crate::schema::plan::Action;

/// Whether anything is left to do once the object is there.
pub(super) fn finishes(
    key: &Key,
    fate: Fate,
    have: Option<&Object>,
    want: Option<&Object>,
) -> bool {
    // What is kept is alike in its body.
    let alike = fate == Fate::Keep
        && have.zip(want).is_some_and(|(have, want)| {
            have.comment == want.comment && have.owner == want.owner && have.grants == want.grants
        });
    !alike && !pieces(key, fate, have, want).is_empty()
}

/// The statements that are left to do.
pub(super) fn pieces(
    key: &Key,
    fate: Fate,
    have: Option<&Object>,
    want: Option<&Object>,
) -> Vec<Piece> {
    let Some(want) = want else { return Vec::new() };
    let stays = matches!(fate, Fate::Keep | Fate::Alter);
    let have = have.filter(|_| stays);
    let mut pieces = identities(key, have, want);
    if have.and_then(|have| have.comment.as_ref()) != want.comment.as_ref() {
        pieces.extend(comment(key, want));
    }
    if let Some(owner) = want
        .owner
        .as_ref()
        .filter(|owner| have.is_some_and(|have| have.owner.as_ref() != Some(owner)))
    {
        let sql = format!("ALTER {} OWNER TO {}", target(key, &want.body), name::ident(owner));
        pieces.push(Piece::whole(sql, Action::Authorize(key.clone())));
    }
    let before = match have {
        Some(have) => have.grants.clone(),
        None if key.kind == Kind::DefaultPrivileges => usual_defaults(key, &want.grants),
        None => usual_grants(key.kind, want),
    };
    if key.kind == Kind::DefaultPrivileges {
        pieces.extend(default_privileges(key, &before, &want.grants));
    } else if before != want.grants && (stays || !want.grants.is_empty()) {
        pieces.extend(grants(key, want, &before, &want.grants));
    }
    pieces
}

/// What names an index, which must be there first.
fn identities(key: &Key, have: Option<&Object>, want: &Object) -> Vec<Piece> {
    let old = have.map(|have| &have.body);
    match (&want.body, old) {
        (Body::Table(want), Some(Body::Table(have))) => table::identities(key, Some(have), want),
        (Body::Table(want), _) => table::identities(key, None, want),
        (Body::MaterializedView(want), Some(Body::MaterializedView(have))) => {
            view::identities(key, Some(have), want)
        }
        (Body::MaterializedView(want), _) => view::identities(key, None, want),
        _ => Vec::new(),
    }
}

/// The indexes an object names in what is left to do.
pub(super) fn named_index(body: &Body) -> Vec<String> {
    match body {
        Body::Table(table) => {
            let replica = match &table.replica_identity {
                ReplicaIdentity::Index(index) => Some(index.clone()),
                _ => None,
            };
            replica.into_iter().chain(table.clustered_on.clone()).collect()
        }
        Body::MaterializedView(view) => view.clustered_on.iter().cloned().collect(),
        _ => Vec::new(),
    }
}

/// What a new object's privileges are when nobody says anything (manual, 5.7 "Privileges").
fn usual_grants(kind: Kind, want: &Object) -> BTreeSet<Grant> {
    let owners = want.grants.iter().filter(|grant| grant.grantee == Grantee::Owner);
    let mut found: BTreeSet<Grant> = if kind == Kind::Column || kind == Kind::DefaultPrivileges {
        BTreeSet::new()
    } else {
        owners.cloned().collect()
    };
    let public = match kind {
        Kind::Routine => Some("EXECUTE"),
        Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain => Some("USAGE"),
        _ => None,
    };
    if let Some(privilege) = public.filter(|_| !want.grants.is_empty()) {
        found.insert(Grant {
            grantee: Grantee::Public,
            privilege: privilege.to_owned(),
            grantable: false,
        });
    }
    found
}

/// What the default privileges of a role are while nothing is said: none that are added in a
/// schema; else those of the server (manual, 5.7 "Privileges"). The given ones are some that are or
/// will be there, which tell of privileges only newer servers know.
pub(super) fn usual_defaults(key: &Key, given: &BTreeSet<Grant>) -> BTreeSet<Grant> {
    if !key.schema.is_empty() {
        return BTreeSet::new();
    }
    let (owner, public): (&[&str], Option<&str>) = match key.of.as_str() {
        "TABLES" => {
            (&["INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"], None)
        }
        "SEQUENCES" => (&["USAGE", "SELECT", "UPDATE"], None),
        "FUNCTIONS" => (&["EXECUTE"], Some("EXECUTE")),
        "TYPES" => (&["USAGE"], Some("USAGE")),
        "SCHEMAS" => (&["USAGE", "CREATE"], None),
        _ => (&["SELECT", "UPDATE"], None),
    };
    let newer = given.iter().filter(|grant| grant.grantee == Grantee::Owner);
    let newer = newer.map(|grant| grant.privilege.as_str()).filter(|name| *name == "MAINTAIN");
    let grant = |grantee: Grantee, privilege: &str| Grant {
        grantee,
        privilege: privilege.to_owned(),
        grantable: false,
    };
    let owners = owner.iter().copied().chain(newer).map(|name| grant(Grantee::Owner, name));
    owners.chain(public.map(|name| grant(Grantee::Public, name))).collect()
}

fn comment(key: &Key, object: &Object) -> Option<Piece> {
    let text = object.comment.as_ref().map_or("NULL".to_owned(), |text| name::literal(text));
    let sql = format!("COMMENT ON {} IS {text}", target(key, &object.body));
    (key.kind != Kind::Default).then(|| Piece::whole(sql, Action::Comment(key.clone())))
}

/// The object as COMMENT ON and ALTER … OWNER name it.
fn target(key: &Key, body: &Body) -> String {
    match (key.kind, body) {
        (Kind::Column, _) => {
            format!("COLUMN {}.{}", name::relation(key), name::ident(&key.name))
        }
        (Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy, _) => {
            let word = key.kind.word().to_uppercase();
            format!("{word} {} ON {}", name::ident(&key.name), name::relation(key))
        }
        (_, Body::Routine(routine)) => {
            format!("{} {}", view::routine_word(routine), view::routine_name(key, routine))
        }
        (Kind::Enum | Kind::Composite | Kind::Range, _) => {
            format!("{} {}", types::word(key.kind), name::of(key))
        }
        (kind, _) => format!("{} {}", kind.word().to_uppercase(), name::of(key)),
    }
}

/// The object as GRANT and REVOKE name it.
fn grant_target(key: &Key, object: &Object) -> String {
    match (key.kind, &object.body) {
        (Kind::Column, _) => name::relation(key),
        (_, Body::Routine(routine)) => {
            // GRANT has no word for aggregates: they are functions to it.
            let word = match view::routine_word(routine) {
                "AGGREGATE" => "FUNCTION",
                word => word,
            };
            format!("{word} {}({})", name::qualified(&key.schema, &key.name), routine.signature)
        }
        (Kind::Schema, _) => format!("SCHEMA {}", name::of(key)),
        (Kind::Sequence, _) => format!("SEQUENCE {}", name::of(key)),
        (Kind::Domain, _) => format!("DOMAIN {}", name::of(key)),
        (Kind::Enum | Kind::Composite | Kind::Range, _) => format!("TYPE {}", name::of(key)),
        _ => format!("TABLE {}", name::of(key)),
    }
}

/// GRANT and REVOKE that lead from one set of privileges to another.
fn grants(
    key: &Key,
    object: &Object,
    have: &BTreeSet<Grant>,
    want: &BTreeSet<Grant>,
) -> Vec<Piece> {
    let on = grant_target(key, object);
    let column = (key.kind == Kind::Column).then(|| format!(" ({})", name::ident(&key.name)));
    let column = column.unwrap_or_default();
    let list = |privileges: &[String]| {
        let one = |privilege: &String| format!("{privilege}{column}");
        privileges.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let owner = object.owner.as_ref().map_or("CURRENT_USER".to_owned(), |owner| name::ident(owner));
    let mut pieces = Vec::new();
    for ((grantee, _), privileges) in grouped(have.difference(want)) {
        let kept = |privilege: &String| {
            want.iter().any(|grant| grant.grantee == grantee && grant.privilege == *privilege)
        };
        let (narrowed, gone): (Vec<_>, Vec<_>) = privileges.into_iter().partition(kept);
        let from = named(&grantee, &owner);
        if !gone.is_empty() {
            let sql = format!("REVOKE {} ON {on} FROM {from}", list(&gone));
            pieces.push(Piece::whole(sql, Action::Authorize(key.clone())));
        }
        let narrowed: Vec<String> = narrowed
            .into_iter()
            .filter(|privilege| {
                have.iter().any(|grant| {
                    grant.grantee == grantee && grant.privilege == *privilege && grant.grantable
                })
            })
            .collect();
        if !narrowed.is_empty() {
            let sql = format!("REVOKE GRANT OPTION FOR {} ON {on} FROM {from}", list(&narrowed));
            pieces.push(Piece::whole(sql, Action::Authorize(key.clone())));
        }
    }
    for ((grantee, grantable), privileges) in grouped(want.difference(have)) {
        let held = |privilege: &String| {
            have.iter().any(|grant| {
                grant.grantee == grantee && grant.privilege == *privilege && grant.grantable
            })
        };
        let missing: Vec<String> =
            privileges.into_iter().filter(|one| grantable || !held(one)).collect();
        if missing.is_empty() {
            continue;
        }
        let option = if grantable { " WITH GRANT OPTION" } else { "" };
        let to = named(&grantee, &owner);
        let sql = format!("GRANT {} ON {on} TO {to}{option}", list(&missing));
        pieces.push(Piece::whole(sql, Action::Authorize(key.clone())));
    }
    pieces
}

fn grouped<'g>(grants: impl Iterator<Item = &'g Grant>) -> BTreeMap<(Grantee, bool), Vec<String>> {
    let mut found: BTreeMap<(Grantee, bool), Vec<String>> = BTreeMap::new();
    for grant in grants {
        let of = found.entry((grant.grantee.clone(), grant.grantable)).or_default();
        of.push(grant.privilege.clone());
    }
    found
}

fn named(grantee: &Grantee, owner: &str) -> String {
    match grantee {
        Grantee::Owner => owner.to_owned(),
        Grantee::Public => "PUBLIC".to_owned(),
        Grantee::Role(role) => name::ident(role),
    }
}

/// ALTER DEFAULT PRIVILEGES.
pub(super) fn default_privileges(
    key: &Key,
    have: &BTreeSet<Grant>,
    want: &BTreeSet<Grant>,
) -> Vec<Piece> {
    let mut start = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {}", name::ident(&key.name));
    if !key.schema.is_empty() {
        start.push_str(&format!(" IN SCHEMA {}", name::ident(&key.schema)));
    }
    let role = name::ident(&key.name);
    let mut pieces = Vec::new();
    for ((grantee, _), privileges) in grouped(have.difference(want)) {
        let sql = format!(
            "{start} REVOKE {} ON {} FROM {}",
            privileges.join(", "),
            key.of,
            named(&grantee, &role)
        );
        pieces.push(Piece::whole(sql, Action::Authorize(key.clone())));
    }
    for ((grantee, grantable), privileges) in grouped(want.difference(have)) {
        let option = if grantable { " WITH GRANT OPTION" } else { "" };
        let sql = format!(
            "{start} GRANT {} ON {} TO {}{option}",
            privileges.join(", "),
            key.of,
            named(&grantee, &role)
        );
        pieces.push(Piece::whole(sql, Action::Authorize(key.clone())));
    }
    pieces
}
