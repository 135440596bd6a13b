//! The forms of migrations as scripts meet them, on both engines: what `baseline` and `repair` write
//! is what the form's own tool writes, row for row, and nothing is written that nobody asked for.

use std::fs;

use crate::verbs::{Database, Project, Told};

/// A form of migrations: its files, its history table, and what is in it when all are applied.
struct Form {
    word: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// A question about the rows, and the answer when both are applied.
    rows: &'static str,
    applied: &'static str,
    table: &'static str,
    /// The answer when only the first is.
    first: &'static str,
}

const UP: &str = "CREATE TABLE a (id integer PRIMARY KEY);\n";

const FORMS: &[Form] = &[
    Form {
        word: "native",
        files: &[
            ("0001_first_one.up.sql", UP),
            ("0001_first_one.down.sql", "DROP TABLE a;\n"),
            ("0002_second.sql", "CREATE TABLE b (id integer PRIMARY KEY);\n"),
        ],
        table: "_sqlx_migrations",
        rows: "SELECT version, description, success, execution_time FROM _sqlx_migrations ORDER BY 1",
        applied: "1|first one|1|-1 2|second|1|-1",
        first: "1|first one|1|-1",
    },
    Form {
        word: "drizzle",
        files: &[
            (
                "meta/_journal.json",
                "{\"version\":\"7\",\"dialect\":\"postgresql\",\"entries\":[\
                 {\"idx\":0,\"version\":\"7\",\"when\":1795367247861,\"tag\":\"0000_a\",\"breakpoints\":true},\
                 {\"idx\":1,\"version\":\"7\",\"when\":1795367247999,\"tag\":\"0001_b\",\"breakpoints\":true}]}",
            ),
            ("0000_a.sql", UP),
            ("0001_b.sql", UP),
        ],
        table: "__drizzle_migrations",
        rows: "SELECT created_at, hash FROM __drizzle_migrations ORDER BY 1",
        applied: "1795367247861|{sha256} 1795367247999|{sha256}",
        first: "1795367247861|{sha256}",
    },
    Form {
        word: "drizzle-folders",
        files: &[
            ("20260131120000_a/migration.sql", UP),
            ("20260131120000_a/snapshot.json", "{}"),
            ("20260131120001_b/migration.sql", UP),
        ],
        table: "__drizzle_migrations",
        rows: "SELECT created_at, hash, name FROM __drizzle_migrations ORDER BY 1",
        applied: "1769860800000|{sha256}|20260131120000_a 1769860801000|{sha256}|20260131120001_b",
        first: "1769860800000|{sha256}|20260131120000_a",
    },
    Form {
        word: "dbmate",
        files: &[
            (
                "20260131_a.sql",
                "-- migrate:up\nCREATE TABLE a (b int);\n-- migrate:down\nDROP TABLE a;\n",
            ),
            ("20260201_b.sql", "-- migrate:up\n-- migrate:down\n"),
        ],
        table: "schema_migrations",
        rows: "SELECT version FROM schema_migrations ORDER BY 1",
        applied: "20260131 20260201",
        first: "20260131",
    },
    Form {
        word: "golang-migrate",
        files: &[("000001_a.up.sql", UP), ("000001_a.down.sql", ""), ("000002_b.up.sql", UP)],
        table: "schema_migrations",
        rows: "SELECT version, dirty FROM schema_migrations ORDER BY 1",
        applied: "2|0",
        first: "1|0",
    },
    Form {
        word: "refinery",
        files: &[("V1__a.sql", UP), ("U2__b.sql", UP)],
        table: "refinery_schema_history",
        rows: "SELECT version, name, length(applied_on) FROM refinery_schema_history ORDER BY 1",
        applied: "1|a|30 2|b|30",
        first: "1|a|30",
    },
    Form {
        word: "prisma",
        files: &[
            ("migration_lock.toml", "provider = \"postgresql\"\n"),
            ("20260131120000_a/migration.sql", UP),
            ("20260131120001_b/migration.sql", UP),
        ],
        table: "_prisma_migrations",
        rows: "SELECT migration_name, checksum, length(id), finished_at IS NOT NULL, \
               rolled_back_at IS NOT NULL, applied_steps_count FROM _prisma_migrations ORDER BY 1",
        applied: "20260131120000_a|{sha256}|36|1|0|1 20260131120001_b|{sha256}|36|1|0|1",
        first: "20260131120000_a|{sha256}|36|1|0|1",
    },
    Form {
        word: "plain",
        files: &[("001-a.sql", UP), ("002.sql", UP)],
        table: "_sqlx_migrations",
        rows: "SELECT version, description FROM _sqlx_migrations ORDER BY 1",
        applied: "1|a 2|",
        first: "1|a",
    },
];

/// As sha256sum has it for [`UP`].
const SHA256: &str = "11013c085764fb3370c08afc6de3f24f43aea9fac2fed2c9d289fabd07ee3fce";

impl Form {
    fn place(&self, project: &Project) {
        // Pairs of files are of two tools alike; while no history tells, they are our own.
        let settled =
            if self.word == "golang-migrate" { "format = \"golang-migrate\"" } else { "" };
        project.configure("protection = \"development\"", &format!("[project]\n{settled}"));
        for (name, text) in self.files {
            let path = project.path("migrations").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    /// The rows of the history, on one line, the same on both engines.
    fn history(&self, project: &Project) -> String {
        let sql = match &project.database {
            Database::Postgres(_) if self.word.starts_with("drizzle") => {
                self.rows.replace("__drizzle", "drizzle.__drizzle")
            }
            _ => self.rows.to_owned(),
        };
        let word = |word: &str| match word {
            "t" => "1".to_owned(),
            "f" => "0".to_owned(),
            other => other.to_owned(),
        };
        let row = |line: &str| line.split('|').map(word).collect::<Vec<_>>().join("|");
        project.query(&sql).lines().map(row).collect::<Vec<_>>().join(" ")
    }

    fn expected(text: &str) -> String {
        text.replace("{sha256}", SHA256)
    }
}

/// The migrations of an answer as `name was`.
fn waiting(told: &Told) -> Vec<String> {
    let json = told.json();
    let all = json["migrations"].as_array().unwrap_or_else(|| panic!("{told:?}")).clone();
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    all.iter().map(|one| format!("{} {}", word(&one["name"]), word(&one["was"]))).collect()
}

fn done(project: &Project, arguments: &[&str]) -> Told {
    let told = project.run(arguments);
    assert_eq!(told.code, 0, "{arguments:?}: {told:?}");
    told
}

#[test]
fn every_form_is_written_down_as_its_tool_does() {
    for form in FORMS {
        for project in Project::both() {
            form.place(&project);
            let told = done(&project, &["baseline", "--dry-run", "--json"]);
            assert_eq!(waiting(&told).len(), 2, "{}: {told:?}", form.word);
            let name = waiting(&told)[0].trim_end_matches(" pending").to_owned();
            let told = project.run(&["baseline"]);
            assert_eq!(told.code, 4, "{}: {told:?}", form.word);
            assert!(told.talk.contains(form.table), "{}: {told:?}", form.word);
            done(&project, &["baseline", "--to", &name, "--yes"]);
            assert_eq!(form.history(&project), Form::expected(form.first), "{}", form.word);
            let told = done(&project, &["baseline", "--yes", "--reason", "by hand", "--json"]);
            assert_eq!(waiting(&told).len(), 1, "{}: {told:?}", form.word);
            assert_eq!(form.history(&project), Form::expected(form.applied), "{}", form.word);
            let told = done(&project, &["baseline", "--yes"]);
            assert!(told.result.starts_with("Nothing to do"), "{}: {told:?}", form.word);
            // Taking the newer one out again leaves the first.
            let arguments = ["repair", "--not-applied", second(form), "--reason", "r", "--yes"];
            done(&project, &arguments);
            assert_eq!(form.history(&project), Form::expected(form.first), "{}", form.word);
            let told = done(&project, &["baseline", "--dry-run", "--json"]);
            assert_eq!(waiting(&told).len(), 1, "{}: {told:?}", form.word);
        }
    }
}

/// What the second migration of a form is called.
fn second(form: &Form) -> &'static str {
    match form.word {
        "drizzle" => "0001_b",
        "dbmate" => "20260201_b.sql",
        "prisma" | "drizzle-folders" => "20260131120001_b",
        "refinery" => "U2__b",
        _ => "2",
    }
}
