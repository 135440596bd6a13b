//! Functions, procedures, window functions and aggregates, each with the statement that makes it.
//!
//! The server prints all but aggregates: those are written here, from its own words. What the
//! server makes with a range type belongs to the type.

use super::super::fields::Fields;
use super::address::{Address, class};
use super::reading::Reading;
use super::{Question, own};
use crate::schema::model::{Body, Key, Kind, Routine, RoutineKind};
use crate::sql::Dialect;

pub(super) fn question(question: &Question) -> String {
    let parsed = question.since(140_000, "false", "p.prosqlbody IS NOT NULL");
    format!(
        "SELECT 'routine', p.oid, n.nspname, p.proname, pg_get_userbyid(p.proowner), p.prokind,
                CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
                pg_get_function_result(p.oid), pg_get_function_arguments(p.oid),
                (SELECT string_agg(format_type(a.type, NULL), ', ' ORDER BY a.place)
                 FROM unnest(p.proargtypes) WITH ORDINALITY a (type, place)),
                {parsed}
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE {}
           AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = {} AND e.objid = p.oid
                           AND e.deptype IN ('e', 'i'))",
        question.within("p.pronamespace"),
        class::PROC
    )
}

pub(super) fn routine(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let (schema, name, signature) = (row.text(2)?, row.text(3)?, row.text(9)?);
    let body = Body::Routine(Routine {
        kind: match row.text(5)?.as_str() {
            "p" => RoutineKind::Procedure,
            "a" => RoutineKind::Aggregate,
            "w" => RoutineKind::Window,
            _ => RoutineKind::Function,
        },
        definition: row.text(6)?.trim_end().to_owned(),
        result: row.text(7)?,
        arguments: row.text(8)?,
        signature: signature.clone(),
        parsed_body: row.flag(10)?,
    });
    let key = Key { kind: Kind::Routine, schema, of: signature, name };
    reading.add(Address::new(class::PROC, row.integer(1)?), key, row.optional(4)?, body);
    Ok(())
}

pub(super) fn aggregates(question: &Question) -> String {
    format!(
        "SELECT 'aggregate', p.oid, quote_ident(n.nspname) || '.' || quote_ident(p.proname),
                coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*'),
                a.aggtransfn::text, format_type(a.aggtranstype, NULL), nullif(a.aggtransspace, 0),
                nullif(a.aggfinalfn, 0)::regproc::text, a.aggfinalextra,
                nullif(a.aggfinalmodify, CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END),
                nullif(a.aggcombinefn, 0)::regproc::text, nullif(a.aggserialfn, 0)::regproc::text,
                nullif(a.aggdeserialfn, 0)::regproc::text, a.agginitval,
                nullif(a.aggmtransfn, 0)::regproc::text, nullif(a.aggminvtransfn, 0)::regproc::text,
                CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END,
                nullif(a.aggmtransspace, 0), nullif(a.aggmfinalfn, 0)::regproc::text,
                a.aggmfinalextra,
                nullif(a.aggmfinalmodify, CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END),
                a.aggminitval,
                (SELECT 'OPERATOR(' || quote_ident(o_n.nspname) || '.' || o.oprname || ')'
                 FROM pg_operator o JOIN pg_namespace o_n ON o_n.oid = o.oprnamespace
                 WHERE o.oid = a.aggsortop),
                p.proparallel, a.aggkind
         FROM pg_aggregate a
         JOIN pg_proc p ON p.oid = a.aggfnoid
         JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE {} AND {}",
        question.within("p.pronamespace"),
        own(class::PROC, "p.oid")
    )
}

/// What an option of an aggregate is written as.
#[derive(Clone, Copy)]
enum Written {
    /// As the server prints it.
    Plain,
    /// As a literal.
    Literal,
    /// By its name alone, where it is on.
    Flag,
    /// As what a final function does to the state.
    Modify,
}

/// The options in the order of the fields from the fifth on.
const OPTIONS: &[(&str, Written)] = &[
    ("SFUNC", Written::Plain),
    ("STYPE", Written::Plain),
    ("SSPACE", Written::Plain),
    ("FINALFUNC", Written::Plain),
    ("FINALFUNC_EXTRA", Written::Flag),
    ("FINALFUNC_MODIFY", Written::Modify),
    ("COMBINEFUNC", Written::Plain),
    ("SERIALFUNC", Written::Plain),
    ("DESERIALFUNC", Written::Plain),
    ("INITCOND", Written::Literal),
    ("MSFUNC", Written::Plain),
    ("MINVFUNC", Written::Plain),
    ("MSTYPE", Written::Plain),
    ("MSSPACE", Written::Plain),
    ("MFINALFUNC", Written::Plain),
    ("MFINALFUNC_EXTRA", Written::Flag),
    ("MFINALFUNC_MODIFY", Written::Modify),
    ("MINITCOND", Written::Literal),
    ("SORTOP", Written::Plain),
];

pub(super) fn aggregate(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let mut options = Vec::new();
    for (index, (name, written)) in (4..).zip(OPTIONS) {
        if matches!(written, Written::Flag) {
            if row.flag(index)? {
                options.push((*name).to_owned());
            }
            continue;
        }
        let Some(text) = row.optional(index)? else {
            continue;
        };
        let value = match written {
            Written::Literal => Dialect::Postgres.literal(&text),
            Written::Modify => modify(&text).to_owned(),
            Written::Plain | Written::Flag => text,
        };
        options.push(format!("{name} = {value}"));
    }
    match row.text(23)?.as_str() {
        "s" => options.push("PARALLEL = SAFE".to_owned()),
        "r" => options.push("PARALLEL = RESTRICTED".to_owned()),
        _ => {}
    }
    if row.text(24)? == "h" {
        options.push("HYPOTHETICAL".to_owned());
    }
    let head = format!("CREATE AGGREGATE {}({})", row.text(2)?, row.text(3)?);
    if let Some(Body::Routine(routine)) = reading.body(class::PROC, row.integer(1)?) {
        routine.definition = format!("{head} (\n    {}\n)", options.join(",\n    "));
    }
    Ok(())
}

fn modify(letter: &str) -> &'static str {
    match letter {
        "s" => "SHAREABLE",
        "w" => "READ_WRITE",
        _ => "READ_ONLY",
    }
}
