//! The forms of migrations as scripts meet them, on both engines: what `baseline` and `repair` write
//! is what the form's own tool writes, row for row, and nothing is written that nobody asked for.

use std::fs;

use crate::server;
use crate::verbs::{Database, Project, Told};

/// A form of migrations: its files, its history table, and what is in it when all are applied.
pub struct Form {
    pub word: &'static str,
    pub files: &'static [(&'static str, &'static str)],
    /// A question about the rows, and the answer when both are applied.
    pub rows: &'static str,
    pub applied: &'static str,
    pub table: &'static str,
    /// The answer when only the first is.
    pub first: &'static str,
}

pub const UP: &str = "CREATE TABLE a (id integer PRIMARY KEY);\n";
const NEXT: &str = "CREATE TABLE b (id integer PRIMARY KEY);\n";

pub const FORMS: &[Form] = &[
    Form {
        word: "native",
        files: &[
            ("0001_first_one.up.sql", UP),
            ("0001_first_one.down.sql", "DROP TABLE a;\n"),
            ("0002_second.sql", NEXT),
        ],
        table: "_sqlx_migrations",
        rows: "SELECT version, description, success, execution_time >= -1 FROM _sqlx_migrations ORDER BY 1",
        applied: "1|first one|1|1 2|second|1|1",
        first: "1|first one|1|1",
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
            ("0001_b.sql", NEXT),
        ],
        table: "__drizzle_migrations",
        rows: "SELECT created_at, hash FROM __drizzle_migrations ORDER BY 1",
        applied: "1795367247861|{sha256} 1795367247999|{next}",
        first: "1795367247861|{sha256}",
    },
    Form {
        word: "drizzle-folders",
        files: &[
            ("20260131120000_a/migration.sql", UP),
            ("20260131120000_a/snapshot.json", "{}"),
            ("20260131120001_b/migration.sql", NEXT),
        ],
        table: "__drizzle_migrations",
        rows: "SELECT created_at, hash, name FROM __drizzle_migrations ORDER BY 1",
        applied: "1769860800000|{sha256}|20260131120000_a 1769860801000|{next}|20260131120001_b",
        first: "1769860800000|{sha256}|20260131120000_a",
    },
    Form {
        word: "dbmate",
        files: &[
            (
                "20260131_a.sql",
                "-- migrate:up\nCREATE TABLE a (b int);\n-- migrate:down\nDROP TABLE a;\n",
            ),
            ("20260201_b.sql", "-- migrate:up\nCREATE TABLE b (b int);\n-- migrate:down\n"),
        ],
        table: "schema_migrations",
        rows: "SELECT version FROM schema_migrations ORDER BY 1",
        applied: "20260131 20260201",
        first: "20260131",
    },
    Form {
        word: "golang-migrate",
        files: &[("000001_a.up.sql", UP), ("000001_a.down.sql", ""), ("000002_b.up.sql", NEXT)],
        table: "schema_migrations",
        rows: "SELECT version, dirty FROM schema_migrations ORDER BY 1",
        applied: "2|0",
        first: "1|0",
    },
    Form {
        word: "refinery",
        files: &[("V1__a.sql", UP), ("U2__b.sql", NEXT)],
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
            ("20260131120001_b/migration.sql", NEXT),
        ],
        table: "_prisma_migrations",
        rows: "SELECT migration_name, checksum, length(id), finished_at IS NOT NULL, \
               rolled_back_at IS NOT NULL, applied_steps_count FROM _prisma_migrations ORDER BY 1",
        applied: "20260131120000_a|{sha256}|36|1|0|1 20260131120001_b|{next}|36|1|0|1",
        first: "20260131120000_a|{sha256}|36|1|0|1",
    },
    Form {
        word: "plain",
        files: &[("001-a.sql", UP), ("002.sql", NEXT)],
        table: "_sqlx_migrations",
        rows: "SELECT version, description FROM _sqlx_migrations ORDER BY 1",
        applied: "1|a 2|",
        first: "1|a",
    },
];

/// As sha256sum has it for [`UP`].
const SHA256: &str = "11013c085764fb3370c08afc6de3f24f43aea9fac2fed2c9d289fabd07ee3fce";

/// The same for [`NEXT`].
const NEXT_SHA256: &str = "edd3c75263053034dd9f859b62ef3eed2c33d8693633fc0fa85a83415329c99f";

impl Form {
    pub fn place(&self, project: &Project) {
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
    pub fn history(&self, project: &Project) -> String {
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

    pub fn expected(text: &str) -> String {
        text.replace("{sha256}", SHA256).replace("{next}", NEXT_SHA256)
    }
}

/// The migrations of an answer as `name was`.
fn waiting(told: &Told) -> Vec<String> {
    let json = told.json();
    let all = json["migrations"].as_array().unwrap_or_else(|| panic!("{told:?}")).clone();
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    all.iter().map(|one| format!("{} {}", word(&one["name"]), word(&one["was"]))).collect()
}

pub fn done(project: &Project, arguments: &[&str]) -> Told {
    let told = project.run(arguments);
    assert_eq!(told.code, 0, "{arguments:?}: {told:?}");
    told
}

/// How many are applied, those that are not simply that, and why files are no migrations.
pub fn standing(project: &Project) -> (u64, Vec<String>, Vec<String>) {
    let told = project.run(&["status", "--json"]);
    let json = told.json();
    let migrations = &json["migrations"];
    let others = migrations["others"].as_array().unwrap_or_else(|| panic!("{told:?}")).clone();
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let others = others.iter().map(|one| format!("{} {}", word(&one["name"]), word(&one["state"])));
    let misfits = migrations["misfits"].as_array().unwrap().clone();
    let misfits = misfits.iter().map(|one| word(&one["why"])).collect();
    (migrations["applied"].as_u64().unwrap(), others.collect(), misfits)
}

#[test]
fn every_form_is_written_down_as_its_tool_does_on_postgres() {
    for form in FORMS {
        let database = server::postgres().create_database("formats");
        written_down(form, &Project::new(Database::Postgres(database)));
    }
}

#[test]
fn every_form_is_written_down_as_its_tool_does_on_sqlite() {
    for form in FORMS {
        let file = server::sqlite("formats");
        file.execute("VACUUM");
        written_down(form, &Project::new(Database::Sqlite(file)));
    }
}

fn written_down(form: &Form, project: &Project) {
    let word = form.word;
    form.place(project);
    let told = done(project, &["baseline", "--dry-run", "--json"]);
    assert_eq!(waiting(&told).len(), 2, "{word}: {told:?}");
    let name = waiting(&told)[0].trim_end_matches(" pending").to_owned();
    let told = project.run(&["baseline"]);
    assert_eq!(told.code, 4, "{word}: {told:?}");
    assert!(told.talk.contains(form.table), "{word}: {told:?}");
    project.execute(UP);
    done(project, &["baseline", "--to", &name, "--yes", "--reason", "by hand"]);
    assert_eq!(form.history(project), Form::expected(form.first), "{word}");
    done(project, &["migrate", "--yes"]);
    assert_eq!(form.history(project), Form::expected(form.applied), "{word}");
    assert_eq!(project.query("SELECT count(*) FROM b"), "0");
    // A text that has changed since is told of, and can be accepted, where there are checksums.
    let file = form.files.iter().find(|(_, text)| text.contains("TABLE a")).unwrap();
    let path = project.path("migrations").join(file.0);
    fs::write(&path, file.1.replace("TABLE a", "TABLE  a")).unwrap();
    let accept = ["repair", "--accept", name.as_str(), "--reason", "a space more", "--yes"];
    let sums = !matches!(word, "dbmate" | "golang-migrate");
    let (applied, others, _) = standing(project);
    assert_eq!((applied, others.len()), (2, usize::from(sums)), "{word} {others:?}");
    assert_eq!(project.run(&accept).code, if sums { 0 } else { 4 }, "{word}");
    assert_eq!(standing(project).1, [""; 0], "{word}");
    // Taking the newer one out again leaves the first.
    done(project, &["repair", "--not-applied", second(form), "--reason", "r", "--yes"]);
    let (applied, others, _) = standing(project);
    assert_eq!((applied, others.len()), (1, 1), "{word} {others:?}");
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

#[test]
fn a_history_tells_pairs_of_files_apart() {
    for project in Project::both() {
        let form = FORMS.iter().find(|form| form.word == "golang-migrate").unwrap();
        form.place(&project);
        project.configure("protection = \"development\"", "");
        project.execute("CREATE TABLE schema_migrations (version bigint NOT NULL, dirty boolean)");
        project.execute("INSERT INTO schema_migrations VALUES (1, FALSE)");
        let (applied, others, _) = standing(&project);
        assert_eq!((applied, others), (1, vec!["000002_b pending".to_owned()]));
        project.execute("UPDATE schema_migrations SET dirty = TRUE");
        assert_eq!(standing(&project).1[0], "000001_a failed");
        let told = project.run(&["baseline", "--yes"]);
        assert!(told.code == 4 && told.talk.contains("000001_a is failed"), "{told:?}");
        let told = project.run(&["repair", "--applied", "1", "--reason", " ", "--yes"]);
        assert_eq!(told.code, 2, "{told:?}");
        done(&project, &["repair", "--applied", "1", "--reason", "looked at it", "--yes"]);
        assert_eq!(standing(&project).0, 1);
        let ledger = match &project.database {
            Database::Postgres(_) => "dbstudio.operations",
            Database::Sqlite(_) => "_dbstudio_operations",
        };
        let kept = project.query(&format!("SELECT what, target, detail FROM {ledger}"));
        assert!(kept.starts_with("repair|000001_a|") && kept.contains("looked at it"), "{kept}");
    }
}

#[test]
fn a_history_of_another_name_is_used() {
    let [project, _] = Project::both();
    project.execute("CREATE SCHEMA app");
    project.configure("protection = \"development\"", "[project]\nhistory = \"app.done\"");
    fs::create_dir_all(project.path("migrations")).unwrap();
    fs::write(project.path("migrations/1_a.sql"), UP).unwrap();
    done(&project, &["migrate", "--yes"]);
    assert_eq!(project.query("SELECT version FROM app.done"), "1");
    // A table that another tool keeps is not taken for this one's.
    project.configure("protection = \"development\"", "[project]\nhistory = \"a\"");
    let told = project.run(&["baseline", "--yes"]);
    assert!(told.code == 2 && told.talk.contains("no column version"), "{told:?}");
}

#[test]
fn drizzle_names_what_it_would_pass_over() {
    for project in Project::both() {
        FORMS.iter().find(|form| form.word == "drizzle").unwrap().place(&project);
        done(&project, &["baseline", "--yes"]);
        let journal = project.path("migrations/meta/_journal.json");
        let text = fs::read_to_string(&journal).unwrap();
        let late = ",{\"idx\":2,\"version\":\"7\",\"when\":1795367247900,\"tag\":\"0002_late\",\
                    \"breakpoints\":true}]";
        fs::write(&journal, text.replace(']', late)).unwrap();
        let late = "CREATE TABLE late (id int)\n--> statement-breakpoint\nSELECT 1";
        fs::write(project.path("migrations/0002_late.sql"), late).unwrap();
        fs::write(project.path("migrations/0003_stray.sql"), UP).unwrap();
        let (applied, others, misfits) = standing(&project);
        assert_eq!((applied, others), (2, vec!["0002_late skipped".to_owned()]));
        assert!(misfits[0].contains("journal does not name it"), "{misfits:?}");
        let told = project.run(&["migrate", "--yes"]);
        assert!(told.code != 0 && told.talk.contains("0003_stray.sql"), "{told:?}");
        fs::remove_file(project.path("migrations/0003_stray.sql")).unwrap();
        done(&project, &["migrate", "--yes"]);
        assert_eq!(project.query("SELECT count(*) FROM late"), "0");
        assert_eq!(standing(&project).0, 3);
    }
}

#[test]
fn another_tools_folder_becomes_our_own() {
    for word in ["drizzle", "dbmate"] {
        for project in Project::both() {
            let form = FORMS.iter().find(|form| form.word == word).unwrap();
            form.place(&project);
            fs::rename(project.path("migrations"), project.path("db")).unwrap();
            project.configure("protection = \"development\"", "[project]\nmigrations = \"db\"");
            let first = form.files.iter().rfind(|(_, text)| text.contains("TABLE a")).unwrap().0;
            done(&project, &["migrate", "--to", first, "--yes"]);
            let told = project.run(&["adopt"]);
            assert!(told.code == 4 && told.talk.contains("_sqlx_migrations"), "{told:?}");
            assert!(!project.path("migrations").exists());
            let told = done(&project, &["adopt", "--yes"]);
            assert!(told.result.contains("migrations = \"migrations\""), "{told:?}");
            assert_eq!(project.files("db").len(), form.files.len());
            project.configure("protection = \"development\"", &told.result);
            let (applied, others, _) = standing(&project);
            assert_eq!((applied, others.len()), (1, 1), "{others:?}");
            done(&project, &["migrate", "--yes"]);
            assert_eq!(project.query("SELECT count(*) FROM b"), "0");
            let told = project.run(&["adopt", "--yes"]);
            assert!(told.code == 2 && told.talk.contains("own form already"), "{told:?}");
        }
    }
}

#[test]
fn adopting_leaves_nothing_half_written() {
    let [_, project] = Project::both();
    FORMS.iter().find(|form| form.word == "dbmate").unwrap().place(&project);
    project.execute(
        "CREATE TABLE schema_migrations (version varchar(128) primary key);\
         INSERT INTO schema_migrations VALUES ('20260131');\
         CREATE TABLE _dbstudio_operations (id integer);",
    );
    let told = project.run(&["adopt", "--yes"]);
    assert!(told.code != 0, "{told:?}");
    assert!(!project.path("migrations-adopted").exists());
    assert_eq!(project.query("SELECT count(*) FROM sqlite_schema WHERE name LIKE '_sqlx%'"), "0");
}

#[test]
fn production_asks_for_the_databases_name() {
    for project in Project::both() {
        FORMS[0].place(&project);
        project.configure("protection = \"production\"", "");
        let told = project.run(&["baseline", "--yes"]);
        assert!(told.code == 4 && told.talk.contains("--confirm"), "{told:?}");
        assert_eq!(project.run(&["baseline", "--confirm", "other"]).code, 4);
        let told = done(&project, &["baseline", "--dry-run", "--json"]);
        let name = told.json()["database"].as_str().unwrap().to_owned();
        done(&project, &["baseline", "--confirm", &name]);
        assert_eq!(standing(&project).0, 2);
    }
}

#[test]
fn a_projects_own_command_writes_migrations_and_they_are_reviewed() {
    for project in Project::both() {
        FORMS[0].place(&project);
        let own = |command: &str| {
            // A text in double quotes is written as in JSON (TOML, "String").
            let text = serde_json::Value::from(command);
            project.configure(
                "protection = \"development\"",
                &format!("[project]\ngenerate = {text}"),
            );
        };
        own("echo 'DROP TABLE a;' > migrations/0003_{name}.sql; echo wrote it");
        let told = project.run(&["generate", "gone"]);
        assert!(told.code == 4 && !project.path("migrations/0003_gone.sql").exists(), "{told:?}");
        assert_eq!(project.run(&["generate", "--check"]).code, 2);
        let told = done(&project, &["generate", "gone", "--yes"]);
        assert!(told.talk.contains("wrote it"), "{told:?}");
        assert!(told.result.contains("0003_gone.sql") && told.result.contains("drop"), "{told:?}");
        own("true");
        let told = done(&project, &["generate", "--yes"]);
        assert!(told.result.contains("wrote no migration"), "{told:?}");
        assert_eq!(project.run(&["generate", "named", "--yes"]).code, 2);
        own("echo no >&2; exit 3");
        let told = project.run(&["generate", "--yes"]);
        assert!(told.code == 1 && told.talk.contains("exit code 3"), "{told:?}");
    }
}

#[test]
fn what_dbstudio_does_not_write_it_says() {
    let [_, project] = Project::both();
    FORMS[1].place(&project);
    project.schema(UP);
    let told = project.run(&["generate", "--yes"]);
    assert!(told.code == 2 && told.talk.contains("drizzle-kit"), "{told:?}");
    assert!(told.talk.contains("generate in [project]"), "{told:?}");
}
