//! Indexes that are no constraint's, and extended statistics.
//!
//! The index of a constraint is read only for what its table says of it.

use super::super::fields::Fields;
use super::address::{Address, class};
use super::constraints::insert;
use super::reading::{Reading, numbers};
use super::relations::target as statistics_target;
use super::{Question, own};
use crate::schema::model::{Body, Index, Key, Kind, ReplicaIdentity};
use crate::sql::Dialect;
use crate::sql::lexer::tokens;

pub(super) fn question(question: &Question) -> String {
    format!(
        "SELECT 'index', i.indexrelid, i.indrelid, c.relname,
                CASE WHEN k.oid IS NULL THEN pg_get_indexdef(i.indexrelid) END,
                i.indisunique, i.indisvalid, i.indkey, i.indnkeyatts, i.indisclustered,
                i.indisreplident, pn.nspname, pt.relname, p.relname,
                quote_ident(s.spcname), pg_get_expr(i.indpred, i.indrelid)
         FROM pg_index i
         JOIN pg_class c ON c.oid = i.indexrelid
         LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
         LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
         LEFT JOIN pg_class p ON p.oid = h.inhparent
         LEFT JOIN pg_index pi ON pi.indexrelid = p.oid
         LEFT JOIN pg_class pt ON pt.oid = pi.indrelid
         LEFT JOIN pg_namespace pn ON pn.oid = pt.relnamespace
         LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
         WHERE {}",
        question.within("c.relnamespace")
    )
}

pub(super) fn index(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let (oid, relation, name) = (row.integer(1)?, row.integer(2)?, row.text(3)?);
    let Some(of) = reading.relations.get(&relation) else {
        return Ok(());
    };
    let (of, partition_key) = (of.key.clone(), of.names(&keys(row)?));
    marks(reading, row, (relation, &name))?;
    let Some(definition) = row.optional(4)? else {
        return Ok(());
    };
    let parent = match (row.optional(11)?, row.optional(12)?, row.optional(13)?) {
        (Some(schema), Some(table), Some(name)) => {
            Some(Key::part(Kind::Index, schema, table, name))
        }
        _ => None,
    };
    let body = Body::Index(Index {
        relation: of,
        definition: with_tablespace(definition, row)?,
        unique: row.flag(5)?,
        valid: row.flag(6)?,
        columns: partition_key,
        parent: parent.clone(),
        statistics: Vec::new(),
    });
    let address = Address::new(class::RELATION, oid);
    if let Some(key) = reading.add_part(address, relation, (Kind::Index, name), body)
        && let Some(parent) = parent
    {
        reading.need(&key, parent);
    }
    Ok(())
}

/// The numbers of the columns that are keys, not only included.
fn keys(row: Fields<'_>) -> sqlx::Result<String> {
    let count = usize::try_from(row.integer(8)?).unwrap_or_default();
    let all = row.text(7)?;
    let keys: Vec<String> = numbers(&all).take(count).map(|number| number.to_string()).collect();
    Ok(keys.join(" "))
}

/// What the server prints leaves the tablespace out.
fn with_tablespace(definition: String, row: Fields<'_>) -> sqlx::Result<String> {
    let Some(tablespace) = row.optional(14)? else {
        return Ok(definition);
    };
    let filter = row.optional(15)?.map(|filter| format!(" WHERE {filter}"));
    insert(&definition, &format!(" TABLESPACE {tablespace}"), &filter.unwrap_or_default())
}

/// What the table says of an index, a constraint's too.
fn marks(
    reading: &mut Reading<'_>,
    row: Fields<'_>,
    (relation, name): (i64, &str),
) -> sqlx::Result<()> {
    let (clustered, identifies) = (row.flag(9)?, row.flag(10)?);
    match reading.relation_body(relation) {
        Some(Body::Table(table)) => {
            if clustered {
                table.clustered_on = Some(name.to_owned());
            }
            if identifies {
                table.replica_identity = ReplicaIdentity::Index(name.to_owned());
            }
        }
        Some(Body::MaterializedView(view)) if clustered => {
            view.clustered_on = Some(name.to_owned());
        }
        _ => {}
    }
    Ok(())
}

/// The statistics targets set on columns of indexes.
pub(super) fn targets(question: &Question) -> String {
    format!(
        "SELECT 'target', c.oid, a.attnum, a.attstattarget
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relkind IN ('i', 'I') AND a.attstattarget >= 0 AND NOT a.attisdropped AND {}
         ORDER BY c.oid, a.attnum",
        question.within("c.relnamespace")
    )
}

pub(super) fn target(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let address = Address::new(class::RELATION, row.integer(1)?);
    let (number, target) = (i16::try_from(row.integer(2)?), statistics_target(row, 3)?);
    let Some(key) = reading.addresses.object(address).cloned() else {
        return Ok(());
    };
    let body = reading.objects.get_mut(&key).map(|object| &mut object.body);
    match (body, number, target) {
        (Some(Body::Index(index)), Ok(number), Some(target)) => {
            index.statistics.push((number, target));
        }
        _ => reading.unmodelled("statistics target of a constraint's index", key.to_string()),
    }
    Ok(())
}

pub(super) fn statistics(question: &Question) -> String {
    format!(
        "SELECT 'statistics', s.oid, n.nspname, s.stxname, pg_get_userbyid(s.stxowner),
                pg_get_statisticsobjdef(s.oid), s.stxstattarget, s.stxrelid
         FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
         WHERE {} AND {}",
        question.within("s.stxnamespace"),
        own(class::STATISTICS, "s.oid")
    )
}

pub(super) fn extended(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let address = Address::new(class::STATISTICS, row.integer(1)?);
    let key = Key::new(Kind::Statistics, row.text(2)?, row.text(3)?);
    let definition = in_order(&row.text(5)?);
    let body = Body::Statistics { definition, target: statistics_target(row, 6)? };
    let relation = Address::new(class::RELATION, row.integer(7)?);
    reading.add(address, key.clone(), row.optional(4)?, body);
    if let Some(of) = reading.addresses.exactly(relation).cloned() {
        reading.need(&key, of);
    }
    Ok(())
}

/// A definition of statistics with its columns and expressions in an order of their own: the
/// server prints columns in that of the table, which says nothing of the statistics.
fn in_order(definition: &str) -> String {
    let (mut depth, mut list, mut commas) = (0_usize, None, Vec::new());
    for token in tokens(Dialect::Postgres, definition) {
        match token.text(definition) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => commas.push(token.range),
            "ON" if depth == 0 && list.is_none() => list = Some((token.range.end, None)),
            "FROM" if depth == 0 => {
                list = list.map(|(start, _)| (start, Some(token.range.start)));
            }
            _ => {}
        }
    }
    let Some((start, Some(end))) = list else { return definition.to_owned() };
    let starts = std::iter::once(start).chain(commas.iter().map(|comma| comma.end));
    let ends = commas.iter().map(|comma| comma.start).chain(std::iter::once(end));
    let parts = starts.zip(ends).filter_map(|(from, to)| definition.get(from..to));
    let mut parts: Vec<&str> = parts.map(str::trim).collect();
    parts.sort_unstable();
    let (head, tail) = (definition.get(..start), definition.get(end..));
    format!("{} {} {}", head.unwrap_or_default(), parts.join(", "), tail.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn the_order_of_columns_is_none_of_the_statistics() {
        let one =
            r#"CREATE STATISTICS public."ON" (mcv) ON b, "a, FROM", lower(x, y) FROM public.t"#;
        let other =
            r#"CREATE STATISTICS public."ON" (mcv) ON "a, FROM", b, lower(x, y) FROM public.t"#;
        assert_eq!(in_order(one), in_order(other));
        assert_eq!(in_order(one), other);
    }
}
