//! Migrations whose files were changed since they were applied: what speaks of the database takes
//! the text that was applied, and what is written for it is not planned on another one.

use std::fs;

use dbstudio::db::stop::Stop;
use dbstudio::ops::change::Setting;
use dbstudio::ops::origins;
use dbstudio::schema::RelationName;

use crate::evidence::config;
use crate::verbs::Project;

const MADE: &str = "CREATE TABLE a (id integer PRIMARY KEY, note text);\n";
const OTHER: &str = "CREATE TABLE a (id integer PRIMARY KEY, other text);\n";

#[test]
fn a_review_is_of_what_was_applied_and_says_what_differs() {
    for project in Project::both() {
        project.migration("0001_a.sql", MADE);
        project.migration("0002_b.sql", "ALTER TABLE a DROP COLUMN note;\n");
        project.succeeds(&["migrate", "--yes"]);
        project.migration("0001_a.sql", OTHER);
        let told = project.succeeds(&["review"]);
        assert!(told.result.contains("0002_b.sql:1: danger drop-column"), "{told:?}");
        assert!(
            told.talk.contains("0001_a has changed since it was applied; the text"),
            "{told:?}"
        );
        assert!(!told.result.contains("other"), "{told:?}");
        let told = project.succeeds(&["review", "0001"]);
        for line in
            ["0001_a.sql (as it was applied): nothing hazardous", "    - CREATE", "    + CREATE"]
        {
            assert!(told.result.contains(line), "{line}: {told:?}");
        }
        let json = project.succeeds(&["review", "--all", "--json"]).json();
        let diff = &json["migrations"][0]["diff"];
        assert_eq!(
            *diff,
            serde_json::json!([format!("- {}", MADE.trim()), format!("+ {}", OTHER.trim())])
        );
        assert_eq!(json["migrations"][1]["diff"], serde_json::Value::Null);
        assert_eq!(json["notes"].as_array().unwrap().len(), 1, "{json}");
        // What was not kept is not known, and is said.
        project.execute(&format!("DELETE FROM {}", project.ledger("texts")));
        project.succeeds(&["review", "0001", "--json"]);
        project.fails(&["review"], 1, &["what was applied is not known", "0002_b.sql, line 1"]);
    }
}

#[test]
fn nothing_is_generated_on_a_file_that_makes_another_schema_than_was_applied() {
    for project in Project::both() {
        project.migration("0001_a.sql", MADE);
        project.succeeds(&["migrate", "--yes"]);
        project.schema("CREATE TABLE a (id integer PRIMARY KEY, note text, born text);\n");
        project.migration("0001_a.sql", OTHER);
        let no_renames = ["generate", "--yes", "--no-renames"];
        let words = [
            "0001_a has changed since it was applied",
            "a.note",
            "dbstudio review 0001_a",
            "reset",
        ];
        project.fails(&no_renames, 4, &words);
        assert_eq!(project.files("migrations"), ["0001_a.sql"]);
        let told = project.succeeds(&["generate", "--dry-run", "--no-renames", "--json"]);
        assert!(told.json()["notes"].to_string().contains("counts here"), "{told:?}");
        project.fails(&["generate", "--check"], 3, &[]);
        // Neither is it where what comes later does not run on what was applied.
        project.migration("0002_b.sql", "ALTER TABLE a DROP COLUMN other;\n");
        project.fails(&no_renames, 4, &["does not run on that text"]);
        fs::remove_file(project.path("migrations/0002_b.sql")).unwrap();
        // A change that makes no difference is only said.
        project.migration("0001_a.sql", &format!("-- The first one.\n{MADE}"));
        let told = project.succeeds(&["generate", "--yes"]);
        assert!(
            told.talk.contains("0001_a has changed since it was applied; its file"),
            "{told:?}"
        );
        assert_eq!(project.files("migrations").len(), 3);
        project.migration("0001_a.sql", MADE);
        let told = project.succeeds(&["generate", "--yes"]);
        assert!(!told.talk.contains("has changed"), "{told:?}");
        project.succeeds(&["migrate", "--yes"]);
        // A file of another branch that is gone does not count, and that is said.
        for way in ["up", "down"] {
            fs::remove_file(project.path(&format!("migrations/0002_add_a_born.{way}.sql")))
                .unwrap();
        }
        let told = project.succeeds(&["generate", "--dry-run", "--json"]);
        assert!(told.json()["notes"].to_string().contains("its file is missing"), "{told:?}");
        assert_eq!(told.statements().len(), 1, "{told:?}");
    }
}

#[tokio::test]
async fn a_column_is_since_the_migration_that_made_it_in_the_database() {
    for project in Project::both() {
        project.migration("0001_a.sql", MADE);
        project.migration("0002_b.sql", "CREATE TABLE b (id integer PRIMARY KEY);\n");
        project.migration("0003_c.sql", "ALTER TABLE b ADD COLUMN late text;\n");
        project.succeeds(&["migrate", "--yes"]);
        project.migration("0001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY);\n");
        project.migration(
            "0002_b.sql",
            "CREATE TABLE b (id integer PRIMARY KEY);\nALTER TABLE a ADD COLUMN note text;\n",
        );
        fs::remove_file(project.path("migrations/0003_c.sql")).unwrap();
        project.migration("0004_d.sql", "ALTER TABLE a ADD COLUMN by_hand text;\n");
        project.execute("ALTER TABLE a ADD COLUMN by_hand text");
        let config = config(&project);
        let target = config.target(&dbstudio::config::Flags::default()).unwrap().unwrap();
        let setting = Setting::new(&config, target, None).unwrap();
        let found = origins::find(&setting, &Stop::new()).await.unwrap();
        let schema = if project.is_sqlite() { "main" } else { "public" };
        let since = |table: &str, column: &str| {
            found.of(&RelationName::new(schema, table), column).map(str::to_owned)
        };
        assert_eq!(since("a", "note").as_deref(), Some("0001_a"));
        assert_eq!(since("b", "id").as_deref(), Some("0002_b"));
        // Its file is gone.
        assert!(since("b", "late").is_some_and(|name| name.contains('3')), "{found:?}");
        assert_eq!(since("a", "by_hand"), None, "what is pending has made nothing here");
    }
}
