//! What `pg_dump --schema-only` says of a database, in a form in which two of them are equal when
//! the schemas are: its entries sorted, and the columns of a table.

use crate::server::TestDatabase;

/// The dump of a database, entry by entry.
pub fn of(database: &TestDatabase, privileges: bool) -> Vec<String> {
    let server = database.server();
    let mut program = server.program("pg_dump");
    program.args(["--schema-only", "--no-owner", "--quote-all-identifiers", "-U", "postgres"]);
    program.arg("-h").arg(&server.socket_folder).args(["-p", &server.port.to_string()]);
    if !privileges {
        program.arg("--no-privileges");
    }
    let output = program.arg(&database.name).output().expect("pg_dump runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "pg_dump failed: {said}");
    let text = String::from_utf8(output.stdout).expect("pg_dump prints UTF-8");
    let mut entries: Vec<String> = text.split("\n--\n-- Name: ").skip(1).map(normal).collect();
    entries.sort();
    entries
}

/// An entry of which the order of lines says nothing.
fn normal(entry: &str) -> String {
    let (head, body) = entry.split_once('\n').unwrap_or((entry, ""));
    let body = body.split("\n--\n-- PostgreSQL database dump complete").next().unwrap_or(body);
    let body = with_sorted_options(body);
    let body = body.as_str();
    if head.contains("; Type: STATISTICS;") {
        return format!("{head}\n{}", with_sorted_columns(body.trim()));
    }
    let sorted =
        ["; Type: TABLE;", "; Type: ACL;", "; Type: DEFAULT ACL;", "; Type: TABLE ATTACH;"];
    if !sorted.iter().any(|kind| head.contains(kind)) {
        return format!("{head}\n{}", body.trim());
    }
    let mut lines: Vec<&str> = body
        .lines()
        .map(|line| line.trim_end_matches(','))
        .filter(|line| !line.is_empty() && *line != "--")
        .collect();
    lines.sort_unstable();
    format!("{head}\n{}", lines.join("\n"))
}

/// Extended statistics list their columns in the order of the table's, whatever was said.
fn with_sorted_columns(body: &str) -> String {
    let line = |line: &str| -> String {
        let parts = line.split_once(" ON ").and_then(|(before, rest)| {
            let (columns, table) = rest.rsplit_once(" FROM ")?;
            Some((before, columns, table))
        });
        let Some((before, columns, table)) = parts else { return line.to_owned() };
        let mut columns: Vec<&str> = columns.split(", ").collect();
        columns.sort_unstable();
        format!("{before} ON {} FROM {table}", columns.join(", "))
    };
    body.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Storage parameters stand in the order in which they were set.
fn with_sorted_options(body: &str) -> String {
    let line = |line: &str| -> String {
        // `a BETWEEN b AND c AND d` is printed with brackets that are lost when it is read again.
        if line.contains(" AND ") || line.contains(" OR ") {
            return line.replace(['(', ')'], "");
        }
        let Some((before, rest)) = line.split_once("WITH (\"") else { return line.to_owned() };
        let Some((inner, after)) = rest.split_once(')') else { return line.to_owned() };
        let inner = format!("\"{inner}");
        let mut options: Vec<&str> = inner.split(", ").collect();
        options.sort_unstable();
        format!("{before}WITH ({}){after}", options.join(", "))
    };
    body.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The entries that only one of two dumps has.
pub fn differences(one: &[String], other: &[String]) -> Option<String> {
    if one == other {
        return None;
    }
    let only = |these: &[String], those: &[String], sign: &str| -> String {
        let alone = these.iter().filter(|entry| !those.contains(entry));
        alone
            .map(|entry| format!("{sign} {}\n", entry.replace('\n', &format!("\n{sign} "))))
            .collect()
    };
    Some(format!("{}{}", only(one, other, "-"), only(other, one, "+")))
}
