//! The plan of a run as a script that a person can read, or run with psql or sqlite3. Only text.

use super::apply::now;
use super::migrate::Planned;
use super::run::Direction;
use crate::sql::Dialect;

/// The plan as a script that a person can read, or run with psql or sqlite3: the statements, and
/// what is written down in the history.
pub fn as_sql(planned: &Planned) -> String {
    let (run, book) = (&planned.run, &planned.standing.book);
    let ended = |statements: &[String]| -> String {
        statements.iter().map(|sql| format!("{sql};\n")).collect()
    };
    let mut text = String::new();
    if run.scripts.is_empty() {
        return text;
    }
    let keys = book.dialect == Dialect::Sqlite;
    if keys {
        text.push_str("PRAGMA foreign_keys = OFF;\nPRAGMA legacy_alter_table = ON;\n");
    }
    text.push_str(&ended(&book.prepare()));
    let (mut begun, last) = (false, run.scripts.len() - 1);
    for (at, script) in run.scripts.iter().enumerate() {
        text.push_str(&format!("\n-- {}\n", script.script(run.direction).name));
        if script.transaction && !begun {
            text.push_str("BEGIN;\n");
            begun = true;
        }
        for statement in script.statements.iter().skip(script.from) {
            text.push_str(&format!("{}\n;\n", statement.sql.trim_end()));
        }
        text.push_str(&ended(&match run.direction {
            Direction::Up => book.enter(&script.migration, None, now()),
            Direction::Down => book.remove(&script.migration.key, script.before.as_ref(), now()),
        }));
        if script.transaction && (!run.one_transaction || at == last) {
            text.push_str("COMMIT;\n");
            begun = false;
        }
    }
    if keys {
        text.push_str("\nPRAGMA legacy_alter_table = OFF;\nPRAGMA foreign_keys = ON;\n");
    }
    text
}
