//! The filter of a selection as SQL: what was typed is bound, never written into the text;
//! only a raw WHERE is embedded, after it proved to be one closed expression.

use super::{Bind, Binder, column_sql, comparison_type};
use crate::db::page::{Condition, Operator, PageColumn, Selection};
use crate::problem::{Problem, Result};
use crate::sql::Dialect;
use crate::sql::expression;

/// The conditions of a selection joined by AND, without the word WHERE; empty without a filter.
/// What they bind is added to `binds`.
///
/// # Errors
/// A column that is not there, too few values, an operator the engine does not have, a raw
/// expression that is not one closed expression: each a usage problem.
pub fn where_clause(
    dialect: Dialect,
    selection: &Selection,
    binds: &mut Vec<Bind>,
) -> Result<String> {
    let mut parts = Vec::with_capacity(selection.filter.len());
    for condition in &selection.filter {
        let mut binder = Binder::new(dialect, binds);
        parts.push(match condition {
            Condition::Raw(text) => {
                expression::check(dialect, text)?;
                format!("(\n{text}\n)")
            }
            Condition::Equals { column, value } => {
                let found = known(selection, column)?;
                let sql = column_sql(dialect, selection, column);
                if value.is_null() {
                    format!("{sql} IS NULL")
                } else {
                    let type_sql = comparison_type(&found.type_name, &found.base_type);
                    let value = binder.value(value, &type_sql)?;
                    match dialect {
                        Dialect::Postgres if !has_equality(found) => {
                            format!("{sql}::text = {value}::text")
                        }
                        _ => format!("{sql} = {value}"),
                    }
                }
            }
            Condition::Column { column, operator, values } => {
                let found = known(selection, column)?;
                let sql = column_sql(dialect, selection, column);
                Comparison { dialect, column: found, sql }.render(*operator, values, &mut binder)?
            }
        });
    }
    Ok(parts.join(" AND "))
}

fn known<'a>(selection: &'a Selection, name: &str) -> Result<&'a PageColumn> {
    selection.columns.iter().find(|column| column.name == name).ok_or_else(|| {
        Problem::usage(
            format!("There is no column {name} to filter by"),
            format!("{} has no column of that name now", selection.relation),
            "remove the filter with F, or refresh with R",
        )
    })
}

/// Types without an operator `=` that compares values (PostgreSQL).
fn has_equality(column: &PageColumn) -> bool {
    let element = column.base_type.strip_prefix('_').unwrap_or(&column.base_type);
    !matches!(element, "json" | "xml" | "point" | "polygon" | "box" | "circle" | "path" | "lseg")
}

/// One column compared with what was typed.
struct Comparison<'a> {
    dialect: Dialect,
    column: &'a PageColumn,
    sql: String,
}

impl Comparison<'_> {
    fn render(&self, operator: Operator, values: &[String], binder: &mut Binder) -> Result<String> {
        let sql = &self.sql;
        Ok(match operator {
            Operator::IsNull => format!("{sql} IS NULL"),
            Operator::IsNotNull => format!("{sql} IS NOT NULL"),
            Operator::Eq => self.compare("=", values, binder)?,
            Operator::Ne => self.compare("<>", values, binder)?,
            Operator::Lt => self.compare("<", values, binder)?,
            Operator::Le => self.compare("<=", values, binder)?,
            Operator::Gt => self.compare(">", values, binder)?,
            Operator::Ge => self.compare(">=", values, binder)?,
            Operator::Between => {
                let [low, high] = values else { return Err(self.wanted("two values", values)) };
                let (low, high) = (self.typed(low, binder), self.typed(high, binder));
                format!("{sql} BETWEEN {low} AND {high}")
            }
            Operator::In if values.is_empty() => "1 = 0".to_owned(),
            Operator::In => {
                let typed: Vec<String> =
                    values.iter().map(|value| self.typed(value, binder)).collect();
                format!("{} IN ({})", self.comparable(), typed.join(", "))
            }
            Operator::Like => self.pattern("LIKE", values, binder)?,
            Operator::NotLike => self.pattern("NOT LIKE", values, binder)?,
            Operator::ILike if self.dialect == Dialect::Sqlite => {
                self.pattern("LIKE", values, binder)?
            }
            Operator::ILike => self.pattern("ILIKE", values, binder)?,
            Operator::Regex if self.dialect == Dialect::Sqlite => {
                return Err(Problem::usage(
                    "SQLite has no regular expressions",
                    "The operator needs a function that this build of SQLite does not have",
                    "use LIKE with % and _, or GLOB in a raw WHERE",
                ));
            }
            Operator::Regex => self.pattern("~", values, binder)?,
            Operator::JsonPath => self.json(values, binder)?,
        })
    }

    fn wanted(&self, wanted: &str, values: &[String]) -> Problem {
        Problem::usage(
            format!("The condition on {} needs {wanted}", self.column.name),
            format!("{} were given", values.len()),
            "type the missing value, or remove the condition with F",
        )
    }

    fn one<'v>(&self, values: &'v [String]) -> Result<&'v str> {
        match values {
            [value] => Ok(value),
            _ => Err(self.wanted("one value", values)),
        }
    }

    fn compare(&self, sign: &str, values: &[String], binder: &mut Binder) -> Result<String> {
        let value = self.typed(self.one(values)?, binder);
        let column = if matches!(sign, "=" | "<>") { self.comparable() } else { self.sql.clone() };
        Ok(format!("{column} {sign} {value}"))
    }

    /// The column as it can be tested for equality.
    fn comparable(&self) -> String {
        match self.dialect {
            Dialect::Postgres if !has_equality(self.column) => format!("{}::text", self.sql),
            _ => self.sql.clone(),
        }
    }

    fn pattern(&self, operator: &str, values: &[String], binder: &mut Binder) -> Result<String> {
        let value = binder.bind(Bind::Text(self.one(values)?.to_owned()));
        Ok(match self.dialect {
            Dialect::Postgres => format!("{}::text {operator} {value}::text", self.sql),
            Dialect::Sqlite => format!("{} {operator} {value}", self.sql),
        })
    }

    /// What was typed, as a value of the column's type.
    fn typed(&self, text: &str, binder: &mut Binder) -> String {
        match self.dialect {
            Dialect::Postgres if !has_equality(self.column) => {
                format!("{}::text", binder.bind(Bind::Text(text.to_owned())))
            }
            Dialect::Postgres => {
                let column = self.column;
                binder.cast(text, &comparison_type(&column.type_name, &column.base_type))
            }
            Dialect::Sqlite => binder.bind(typed_sqlite(&self.column.type_name, text)),
        }
    }

    fn json(&self, values: &[String], binder: &mut Binder) -> Result<String> {
        let sql = &self.sql;
        match (self.dialect, values) {
            (Dialect::Postgres, [path]) => {
                let operator = if is_predicate(path) { "@@" } else { "@?" };
                let path = binder.bind(Bind::Text(path.clone()));
                Ok(format!("{sql}::jsonb {operator} {path}::text::jsonpath"))
            }
            // Whether JSON is valid is asked first: one bad document must not fail the page.
            (Dialect::Sqlite, [path]) => {
                let path = binder.bind(Bind::Text(path.clone()));
                Ok(format!(
                    "CASE WHEN json_valid({sql}) THEN json_type({sql}, {path}) END IS NOT NULL"
                ))
            }
            (Dialect::Sqlite, [path, value]) => {
                let path = binder.bind(Bind::Text(path.clone()));
                let text = binder.bind(Bind::Text(value.clone()));
                Ok(format!(
                    "CASE WHEN json_valid({sql}) THEN CAST(json_extract({sql}, {path}) AS TEXT) END = {text}"
                ))
            }
            (Dialect::Postgres, _) => Err(self.wanted("one JSON path", values)),
            (Dialect::Sqlite, _) => Err(self.wanted("a JSON path and a value", values)),
        }
    }
}

/// Whether a jsonpath says something true or false (`$.a > 1`, for `@@`) rather than points to
/// items (`$.a ? (@ > 1)`, for `@?`); PostgreSQL manual 9.16.2.
fn is_predicate(path: &str) -> bool {
    let (mut outside, mut depth, mut quoted, mut escaped) = (String::new(), 0usize, false, false);
    let mut filter_at: Option<usize> = None;
    let mut filter_next = false;
    for letter in path.chars() {
        if quoted {
            quoted = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        match letter {
            '"' => quoted = true,
            '?' => filter_next = true,
            '(' => {
                depth += 1;
                if filter_next && filter_at.is_none() {
                    filter_at = Some(depth);
                }
                filter_next = false;
            }
            ')' => {
                if filter_at == Some(depth) {
                    filter_at = None;
                }
                depth = depth.saturating_sub(1);
            }
            _ if filter_at.is_none() => outside.push(letter),
            _ => {}
        }
    }
    let signs = ["=", "<", ">", "!", "&&", "||"];
    let words = ["like_regex", "starts", "exists", "unknown"];
    signs.iter().any(|sign| outside.contains(sign))
        || outside
            .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .any(|word| words.contains(&word))
}

/// The affinities of SQLite's columns ("Datatypes In SQLite", 3.1), as far as they matter here.
fn text_affinity(type_name: &str) -> bool {
    let upper = type_name.to_ascii_uppercase();
    let has = |part: &str| upper.contains(part);
    !has("INT") && (has("CHAR") || has("CLOB") || has("TEXT"))
}

/// Typed text as SQLite would have stored it: `x'…'` a blob; what looks like a number a number,
/// unless the column makes text of everything; else text.
fn typed_sqlite(type_name: &str, text: &str) -> Bind {
    if let Some(bytes) = blob(text) {
        return Bind::Blob(bytes);
    }
    let trimmed = text.trim();
    let numeric = trimmed.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if text_affinity(type_name) || !numeric {
        return Bind::Text(text.to_owned());
    }
    if let Ok(number) = trimmed.parse::<i64>() {
        return Bind::Integer(number);
    }
    match trimmed.parse::<f64>() {
        Ok(number) => Bind::Real(number),
        Err(_) => Bind::Text(text.to_owned()),
    }
}

fn blob(text: &str) -> Option<Vec<u8>> {
    let hex = text.trim().strip_prefix(['x', 'X'])?.strip_prefix('\'')?.strip_suffix('\'')?;
    if hex.len() % 2 != 0 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..hex.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::selection;
    use super::*;
    use crate::db::page::Identity;

    fn clause(dialect: Dialect, condition: Condition) -> Result<(String, Vec<Bind>)> {
        let columns = [("n", "int4"), ("s", "text"), ("j", "jsonb"), ("any", "")];
        let mut rows = selection(&columns, Identity::None, &[]);
        rows.filter = vec![condition];
        let mut binds = Vec::new();
        where_clause(dialect, &rows, &mut binds).map(|sql| (sql, binds))
    }

    fn column(name: &str, operator: Operator, values: &[&str]) -> Condition {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Condition::Column { column: name.to_owned(), operator, values }
    }

    #[test]
    fn typed_text_is_bound_and_cast() {
        let (sql, binds) =
            clause(Dialect::Postgres, column("n", Operator::Between, &["1", "2; DROP"])).unwrap();
        assert_eq!(
            sql,
            r#""t"."n" BETWEEN $1::text::pg_catalog."int4" AND $2::text::pg_catalog."int4""#
        );
        assert_eq!(binds, [Bind::Text("1".into()), Bind::Text("2; DROP".into())]);
        let (sql, _) = clause(Dialect::Postgres, column("n", Operator::Like, &["1%"])).unwrap();
        assert_eq!(sql, r#""t"."n"::text LIKE $1::text"#);
    }

    #[test]
    fn sqlite_binds_by_affinity() {
        let bound = |name: &str, text: &str| {
            clause(Dialect::Sqlite, column(name, Operator::Eq, &[text])).unwrap().1.remove(0)
        };
        assert_eq!(bound("n", "42"), Bind::Integer(42));
        assert_eq!(bound("n", "-1.5e3"), Bind::Real(-1500.0));
        assert_eq!(bound("any", "99999999999999999999"), Bind::Real(1e20));
        assert_eq!(bound("any", "inf"), Bind::Text("inf".into()));
        assert_eq!(bound("s", "42"), Bind::Text("42".into()));
        assert_eq!(bound("any", "x'00fF'"), Bind::Blob(vec![0, 255]));
        assert_eq!(bound("any", "x'0'"), Bind::Text("x'0'".into()));
    }

    #[test]
    fn a_json_path_is_a_predicate_or_points_to_items() {
        assert!(is_predicate("$.a > 1"));
        assert!(is_predicate("exists($.a ? (@ > 1))"));
        assert!(!is_predicate("$.a ? (@.b > 1 && (@.c < 2)).d"));
        assert!(!is_predicate("$.\"a>b\"[0]"));
    }

    #[test]
    fn only_one_closed_expression_is_let_in() {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            for fine in ["n > 1 -- all", "s IN ('a;b', ')') AND (n = 1)", "EXISTS (SELECT 1)"] {
                assert!(clause(dialect, Condition::Raw(fine.to_owned())).is_ok(), "{fine}");
            }
            let bad = [
                "",
                " ",
                "-- x",
                "1) OR (1",
                "(1",
                "1; DROP TABLE t",
                "'a",
                "\"a",
                "1 /* x",
                "n = $1",
                "a\0b",
            ];
            for bad in bad {
                let problem = clause(dialect, Condition::Raw(bad.to_owned())).unwrap_err();
                assert_eq!(problem.kind, crate::problem::Kind::Usage, "{bad}");
            }
        }
        let problem = clause(Dialect::Sqlite, Condition::Raw("n = 'ä' ; x".into())).unwrap_err();
        assert!(problem.why.contains("at character 9"), "{}", problem.why);
    }

    #[test]
    fn wrong_conditions_are_refused() {
        assert!(clause(Dialect::Sqlite, column("gone", Operator::Eq, &["1"])).is_err());
        assert!(clause(Dialect::Sqlite, column("n", Operator::Between, &["1"])).is_err());
        assert!(clause(Dialect::Sqlite, column("n", Operator::Regex, &["1"])).is_err());
        assert_eq!(clause(Dialect::Sqlite, column("n", Operator::In, &[])).unwrap().0, "1 = 0");
    }
}
