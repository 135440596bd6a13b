//! What the model has no place for, by kind and name.
//!
//! Only what somebody made: nothing of the server's own, nothing of an extension's.

use super::super::fields::Fields;
use super::Question;
use super::reading::Reading;

/// Things that stand in a schema: kind, table of the catalogue, column of the schema, name in
/// SQL, condition.
const IN_SCHEMAS: &[(&str, &str, &str, &str, &str)] = &[
    ("foreign table", "pg_class", "relnamespace", "o.relname", "o.relkind = 'f'"),
    ("operator", "pg_operator", "oprnamespace", "o.oprname || operands", "true"),
    ("operator class", "pg_opclass", "opcnamespace", "o.opcname", "true"),
    ("operator family", "pg_opfamily", "opfnamespace", "o.opfname", "true"),
    ("conversion", "pg_conversion", "connamespace", "o.conname", "true"),
    ("text search parser", "pg_ts_parser", "prsnamespace", "o.prsname", "true"),
    ("text search dictionary", "pg_ts_dict", "dictnamespace", "o.dictname", "true"),
    ("text search template", "pg_ts_template", "tmplnamespace", "o.tmplname", "true"),
    ("text search configuration", "pg_ts_config", "cfgnamespace", "o.cfgname", "true"),
    (
        "base type",
        "pg_type",
        "typnamespace",
        "o.typname",
        "(o.typtype = 'b' OR o.typtype = 'p')
           AND NOT EXISTS (SELECT FROM pg_type a WHERE a.typarray = o.oid)",
    ),
];

/// Things that stand in no schema: kind, table of the catalogue, name in SQL.
const GLOBAL: &[(&str, &str, &str)] = &[
    ("foreign data wrapper", "pg_foreign_data_wrapper", "o.fdwname"),
    ("foreign server", "pg_foreign_server", "o.srvname"),
    ("publication", "pg_publication", "o.pubname"),
    (
        "cast",
        "pg_cast",
        "format_type(o.castsource, NULL) || ' AS ' || format_type(o.casttarget, NULL)",
    ),
    ("access method", "pg_am", "o.amname"),
    ("language", "pg_language", "o.lanname"),
    (
        "transform",
        "pg_transform",
        "format_type(o.trftype, NULL) || ' for ' || (SELECT l.lanname FROM pg_language l WHERE l.oid = o.trflang)",
    ),
];

/// SQL: whether somebody made it, neither an extension nor the server along with something else.
fn made(table: &str) -> String {
    format!(
        "o.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend e
              WHERE e.classid = '{table}'::regclass AND e.objid = o.oid AND e.deptype IN ('e', 'i'))"
    )
}

pub(super) fn question(question: &Question) -> String {
    let mut all = Vec::new();
    for (kind, table, schema, name, condition) in IN_SCHEMAS {
        let name = name.replace(
            "operands",
            "'(' || CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END
             || ', ' || CASE WHEN o.oprright = 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END || ')'",
        );
        all.push(format!(
            "SELECT 'unmodelled', '{kind}', n.nspname || '.' || {name}
             FROM {table} o JOIN pg_namespace n ON n.oid = o.{schema}
             WHERE {condition} AND {} AND {}",
            question.within("n.oid"),
            made(table)
        ));
    }
    for (kind, table, name) in GLOBAL {
        all.push(format!(
            "SELECT 'unmodelled', '{kind}', {name}::text FROM {table} o WHERE {}",
            made(table)
        ));
    }
    all.push(
        "SELECT 'unmodelled', 'user mapping', m.usename || ' on ' || m.srvname
         FROM pg_user_mappings m
         UNION ALL
         SELECT 'unmodelled', 'subscription', s.subname::text FROM pg_subscription s
         WHERE s.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
         UNION ALL
         SELECT 'unmodelled', 'security label',
                l.provider || ' on ' || pg_describe_object(l.classoid, l.objoid, l.objsubid)
         FROM pg_seclabel l"
            .to_owned(),
    );
    all.join("\nUNION ALL\n")
}

pub(super) fn named(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    reading.unmodelled(&row.text(1)?, row.text(2)?);
    Ok(())
}
