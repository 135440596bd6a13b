//! Asks PostgreSQL whether what is in a database is sound. Only reads; a question takes a limited
//! time, and one that cannot be answered is named and passed over.

use super::writer::Writer;
use crate::db::fault::Fault;
use crate::db::health::{Behind, Depth, Health, Orphans, Rights, is_final};
use crate::db::stop::Stop;
use crate::schema::model::Scope;
use crate::sql::Dialect;

/// How long one question may take.
const PATIENCE: &str = "20s";

type Rows = Vec<Vec<Option<String>>>;

/// What the role may do.
pub(in crate::db) async fn rights(writer: &mut Writer, stop: &Stop) -> Result<Rights, Fault> {
    // Our own session sets the setting too; what it would be without us is the reset value.
    let sql = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
                      THEN 'the server is a standby, which takes no writes'
                      WHEN (SELECT reset_val FROM pg_catalog.pg_settings
                            WHERE name = 'default_transaction_read_only') = 'on'
                      THEN 'default_transaction_read_only is on for this role or database' END,
               current_schema() IS NOT NULL
                 AND pg_catalog.has_schema_privilege(current_schema(), 'CREATE'),
               current_schema(),
               (SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles
                WHERE rolname = current_user),
               (SELECT count(*) FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'
                  AND n.nspname <> 'information_schema'
                  AND NOT pg_catalog.has_table_privilege(c.oid, 'SELECT'))";
    let rows = writer.query(sql, stop).await?;
    let row = rows.into_iter().next().unwrap_or_default();
    let text = |at: usize| row.get(at).cloned().flatten();
    let is_true = |at: usize| text(at).as_deref() == Some("t");
    Ok(Rights {
        read_only: text(0),
        create: is_true(1),
        schema: text(2),
        scratch: is_true(3),
        unreadable: text(4).and_then(|count| count.parse().ok()).unwrap_or(0),
    })
}

/// Whether what is there is sound.
pub(in crate::db) async fn health(
    writer: &mut Writer,
    scope: &Scope,
    depth: Depth,
    stop: &Stop,
) -> Result<Health, Fault> {
    let mut looking = Looking { writer, depth, stop, health: Health::default() };
    let begin = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = '{PATIENCE}'; SET LOCAL lock_timeout = '2s'"
    );
    looking.writer.run(&begin, stop).await?;
    let looked = looking.all(&schemas(scope)).await;
    let health = std::mem::take(&mut looking.health);
    let ended = looking.writer.end("ROLLBACK").await;
    looked?;
    ended?;
    Ok(health)
}

/// The condition that a schema `n` is one of the project's.
fn schemas(scope: &Scope) -> String {
    match &scope.schemas {
        None => {
            "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dbstudio')".into()
        }
        Some(names) => {
            let names: Vec<String> =
                names.iter().map(|name| Dialect::Postgres.literal(name)).collect();
            // An empty list is no list in SQL.
            format!("n.nspname IN (NULL, {})", [names, vec!["NULL".to_owned()]].concat().join(", "))
        }
    }
}

struct Looking<'a> {
    writer: &'a mut Writer,
    depth: Depth,
    stop: &'a Stop,
    health: Health,
}

impl Looking<'_> {
    async fn all(&mut self, schemas: &str) -> Result<(), Fault> {
        self.unchecked(schemas).await?;
        self.broken_indexes(schemas).await?;
        self.sequences(schemas).await?;
        self.orphans(schemas).await
    }

    /// A question whose failure spoils no other.
    async fn ask(&mut self, sql: &str, about: &str) -> Result<Rows, Fault> {
        self.writer.run("SAVEPOINT question", self.stop).await?;
        let answer = self.writer.query(sql, self.stop).await;
        let after = match &answer {
            Ok(_) => "RELEASE SAVEPOINT question",
            Err(fault) if is_final(fault) => return answer,
            Err(_) => "ROLLBACK TO SAVEPOINT question; RELEASE SAVEPOINT question",
        };
        self.writer.run(after, &Stop::new()).await?;
        Ok(answer.unwrap_or_else(|fault| {
            self.health.left_out.push(format!("{about}: {}", fault.words()));
            Vec::new()
        }))
    }

    async fn unchecked(&mut self, schemas: &str) -> Result<(), Fault> {
        let sql = format!(
            "SELECT format('%I.%I', n.nspname, r.relname), c.conname
             FROM pg_catalog.pg_constraint c
             JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
             WHERE NOT c.convalidated AND {schemas} ORDER BY 1, 2"
        );
        let rows = self.ask(&sql, "constraints that were never checked").await?;
        let told = |row: Vec<Option<String>>| {
            let mut row = row.into_iter().flatten();
            format!("{} of {}", row.next_back().unwrap_or_default(), row.next().unwrap_or_default())
        };
        self.health.unchecked = rows.into_iter().map(told).collect();
        Ok(())
    }

    async fn broken_indexes(&mut self, schemas: &str) -> Result<(), Fault> {
        let sql = format!(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE NOT i.indisvalid AND c.relkind = 'i' AND {schemas} ORDER BY 1"
        );
        let rows = self.ask(&sql, "indexes that are not valid").await?;
        self.health.broken_indexes = rows.into_iter().flatten().flatten().collect();
        Ok(())
    }

    async fn sequences(&mut self, schemas: &str) -> Result<(), Fault> {
        let sql = format!(
            "SELECT format('%I.%I', n.nspname, s.relname), format('%I.%I', tn.nspname, t.relname),
                    format('%I', a.attname), greatest(t.reltuples, 0)::bigint, q.seqincrement,
                    coalesce(pg_catalog.has_sequence_privilege(s.oid, 'SELECT'), false)
                      AND pg_catalog.has_table_privilege(t.oid, 'SELECT'),
                    EXISTS (SELECT FROM pg_catalog.pg_index i
                            WHERE i.indrelid = t.oid AND i.indkey[0] = a.attnum AND i.indisvalid)
             FROM pg_catalog.pg_class s
             JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
             JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
             JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass
               AND d.objid = s.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
               AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
             JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
             JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
             JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
             WHERE s.relkind = 'S' AND NOT a.attisdropped
               AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND {schemas}
             ORDER BY 1"
        );
        for row in self.ask(&sql, "sequences").await? {
            let [sequence, table, column, rows, increment, readable, indexed] = strings(row);
            let name = format!("{table}.{column}");
            if readable != "t" {
                self.health.left_out.push(format!("{sequence}: the role may not read it"));
                continue;
            }
            // Without an index the greatest value is found by reading the whole table.
            if indexed != "t" && rows.parse().unwrap_or(u64::MAX) > self.depth.rows {
                self.health.left_out.push(format!("{name}: about {rows} rows and no index"));
                continue;
            }
            self.sequence(&sequence, (&table, &column), !increment.starts_with('-')).await?;
        }
        Ok(())
    }

    /// Holds one sequence against its column.
    async fn sequence(
        &mut self,
        sequence: &str,
        (table, column): (&str, &str),
        rises: bool,
    ) -> Result<(), Fault> {
        let (extreme, behind) = if rises { ("max", "<=") } else { ("min", ">=") };
        let sql = format!(
            "SELECT x.next, x.found FROM (SELECT
               (SELECT s.last_value + CASE WHEN s.is_called THEN q.seqincrement ELSE 0 END
                FROM {sequence} s, pg_catalog.pg_sequence q WHERE q.seqrelid = {name}::regclass) AS next,
               (SELECT {extreme}({column})::bigint FROM {table}) AS found) x
             WHERE x.next {behind} x.found",
            name = Dialect::Postgres.literal(sequence),
        );
        for row in self.ask(&sql, sequence).await? {
            let [next, greatest] = strings(row);
            let quoted = Dialect::Postgres.literal(sequence);
            self.health.behind.push(Behind {
                sequence: sequence.to_owned(),
                column: format!("{table}.{column}"),
                next: next.parse().unwrap_or_default(),
                greatest: greatest.parse().unwrap_or_default(),
                repair: format!("SELECT setval({quoted}, {extreme}({column})) FROM {table};"),
            });
        }
        Ok(())
    }

    /// Rows without their parents: a foreign key that was checked can still have some, loaded
    /// while its triggers were off.
    async fn orphans(&mut self, schemas: &str) -> Result<(), Fault> {
        let sql = format!(
            "SELECT format('%I.%I', n.nspname, r.relname), c.conname,
                    format('%I.%I', pn.nspname, p.relname), greatest(r.reltuples, 0)::bigint,
                    (SELECT string_agg(format('c.%I = p.%I', ca.attname, pa.attname), ' AND ')
                     FROM unnest(c.conkey, c.confkey) AS k(own, other)
                     JOIN pg_catalog.pg_attribute ca ON ca.attrelid = c.conrelid AND ca.attnum = k.own
                     JOIN pg_catalog.pg_attribute pa ON pa.attrelid = c.confrelid AND pa.attnum = k.other),
                    (SELECT string_agg(format('c.%I IS NOT NULL', ca.attname),
                                       CASE c.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END)
                     FROM unnest(c.conkey) AS k(own)
                     JOIN pg_catalog.pg_attribute ca ON ca.attrelid = c.conrelid AND ca.attnum = k.own)
             FROM pg_catalog.pg_constraint c
             JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
             JOIN pg_catalog.pg_class p ON p.oid = c.confrelid
             JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
             WHERE c.contype = 'f' AND c.conparentid = 0 AND {schemas}
               AND pg_catalog.has_table_privilege(r.oid, 'SELECT')
               AND pg_catalog.has_table_privilege(p.oid, 'SELECT')
             ORDER BY 1, 2"
        );
        for row in self.ask(&sql, "foreign keys").await? {
            let [table, key, parent, rows, join, set] = strings(row);
            if rows.parse().unwrap_or(u64::MAX) > self.depth.rows {
                self.health.left_out.push(format!("{key} of {table}: about {rows} rows"));
                continue;
            }
            let sql = format!(
                "SELECT count(*) FROM {table} c WHERE ({set}) AND NOT EXISTS \
                 (SELECT FROM {parent} p WHERE {join})"
            );
            let found = self.ask(&sql, &format!("{key} of {table}")).await?;
            let [count] = strings(found.into_iter().next().unwrap_or_default());
            match count.parse() {
                Ok(rows) if rows > 0 => self.health.orphans.push(Orphans { table, key, rows }),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The values of a row; what is missing is empty.
fn strings<const N: usize>(row: Vec<Option<String>>) -> [String; N] {
    let mut row = row.into_iter();
    std::array::from_fn(|_| row.next().flatten().unwrap_or_default())
}
