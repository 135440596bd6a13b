//! The forms of other tools applied by us, on both engines: the rows their tools would have written,
//! nothing the second time, the way back, and files as people and machines leave them.

use std::collections::BTreeSet;
use std::fs;

use sha2::{Digest as _, Sha256, Sha384};

use crate::cli::{documented_keys, keys};
use crate::formats::{FORMS, Form, UP, done, standing};
use crate::verbs::{Database, Project};

/// The form of this word.
fn form(word: &str) -> &'static Form {
    FORMS.iter().find(|form| form.word == word).unwrap()
}

/// The file of a form that makes the table `a`.
fn first_file(form: &Form) -> &'static str {
    form.files.iter().find(|(_, text)| text.contains("TABLE a")).unwrap().0
}

/// The file of a form that makes the table `b`.
fn second_file(form: &Form) -> &'static str {
    form.files.iter().find(|(_, text)| text.contains("TABLE b")).unwrap().0
}

fn write(project: &Project, name: &str, text: impl AsRef<[u8]>) {
    let path = project.path("migrations").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn has_table(project: &Project, name: &str) -> bool {
    let sql = match &project.database {
        Database::Postgres(_) => format!("SELECT to_regclass('{name}') IS NOT NULL"),
        Database::Sqlite(_) => format!("SELECT count(*) FROM sqlite_schema WHERE name = '{name}'"),
    };
    matches!(project.query(&sql).as_str(), "t" | "1")
}

#[test]
fn every_form_is_applied_and_taken_back() {
    for form in FORMS {
        for project in Project::both() {
            let word = form.word;
            form.place(&project);
            let told = done(&project, &["migrate", "--yes"]);
            assert_eq!(told.result.matches("applied").count(), 2, "{word}: {told:?}");
            assert_eq!(form.history(&project), Form::expected(form.applied), "{word}");
            assert_eq!(standing(&project), (2, Vec::new(), Vec::new()), "{word}");
            let told = done(&project, &["migrate", "--yes"]);
            assert!(told.result.contains("Nothing to do"), "{word}: {told:?}");
            assert_eq!(form.history(&project), Form::expected(form.applied), "{word}");
            // No form has a way back of the second: it is written, and said to be.
            let told = done(&project, &["rollback", "--yes"]);
            assert!(told.talk.contains("no way back in the folder"), "{word}: {told:?}");
            assert_eq!(form.history(&project), Form::expected(form.first), "{word}");
            assert!(has_table(&project, "a") && !has_table(&project, "b"), "{word}");
        }
    }
}

#[test]
fn what_has_no_way_back_and_no_text_is_not_taken_back() {
    for word in ["drizzle-folders", "refinery", "prisma"] {
        for project in Project::both() {
            let form = form(word);
            form.place(&project);
            done(&project, &["migrate", "--yes"]);
            project.execute(&format!("DELETE FROM {}", project.ledger("texts")));
            fs::remove_file(project.path("migrations").join(second_file(form))).unwrap();
            let told = project.run(&["rollback", "--yes"]);
            assert_eq!(told.code, 4, "{word}: {told:?}");
            assert!(told.talk.contains("has not kept its text"), "{word}: {told:?}");
            assert_eq!(form.history(&project), Form::expected(form.applied), "{word}");
        }
    }
}

#[test]
fn a_mark_and_the_ends_of_lines_of_windows_are_part_of_the_checksum() {
    let text = format!("\u{feff}{}", UP.replace('\n', "\r\n"));
    for form in FORMS.iter().filter(|form| form.word != "dbmate") {
        for project in Project::both() {
            let word = form.word;
            form.place(&project);
            write(&project, first_file(form), &text);
            done(&project, &["migrate", "--yes"]);
            assert_eq!(standing(&project), (2, Vec::new(), Vec::new()), "{word}");
            assert!(has_table(&project, "a"), "{word}");
            let sums = match (word, &project.database) {
                ("native" | "plain", Database::Postgres(_)) => {
                    "SELECT encode(checksum, 'hex') FROM _sqlx_migrations WHERE version = 1"
                }
                ("native" | "plain", Database::Sqlite(_)) => {
                    "SELECT lower(hex(checksum)) FROM _sqlx_migrations WHERE version = 1"
                }
                ("drizzle" | "drizzle-folders", Database::Postgres(_)) => {
                    "SELECT hash FROM drizzle.__drizzle_migrations ORDER BY created_at LIMIT 1"
                }
                ("drizzle" | "drizzle-folders", Database::Sqlite(_)) => {
                    "SELECT hash FROM __drizzle_migrations ORDER BY created_at LIMIT 1"
                }
                ("prisma", _) => {
                    "SELECT checksum FROM _prisma_migrations ORDER BY migration_name LIMIT 1"
                }
                _ => continue,
            };
            let expected = match word {
                "native" | "plain" => hex(&Sha384::digest(text.as_bytes())),
                _ => hex(&Sha256::digest(text.as_bytes())),
            };
            assert_eq!(project.query(sums), expected, "{word}");
            // Prisma takes the same text with other ends of lines for the same; the others do not.
            write(&project, first_file(form), text.replace("\r\n", "\n"));
            let others = standing(&project).1.len();
            assert_eq!(others, usize::from(word != "prisma"), "{word}");
        }
    }
}

#[test]
fn dbmate_marks_are_found_behind_the_ends_of_lines_of_windows() {
    for project in Project::both() {
        let form = form("dbmate");
        form.place(&project);
        let text = form.files[0].1.replace('\n', "\r\n");
        write(&project, first_file(form), text);
        done(&project, &["migrate", "--yes"]);
        assert_eq!(form.history(&project), form.applied);
        assert!(has_table(&project, "a"));
    }
}

#[test]
fn a_file_that_is_no_text_stops_everything_and_is_named() {
    for form in FORMS {
        // The files are read before any engine is asked.
        let (project, word, file) = (Project::sqlite(), form.word, second_file(form));
        form.place(&project);
        write(&project, file, b"CREATE TABLE b (id integer);\n-- \xff\n");
        let told = project.run(&["migrate", "--yes"]);
        assert!(told.code != 0 && told.talk.contains(file), "{word}: {told:?}");
        assert!(told.talk.contains("not UTF-8"), "{word}: {told:?}");
        assert!(!has_table(&project, "a"), "{word}");
        let misfits = standing(&project).2;
        assert!(misfits.iter().any(|why| why.contains("not UTF-8")), "{word}: {misfits:?}");
    }
}

#[test]
fn a_folder_that_is_none_is_said_in_every_form() {
    for form in FORMS {
        let project = Project::sqlite();
        let settled = format!("[project]\nformat = \"{}\"", form.word);
        project.configure("protection = \"development\"", &settled);
        fs::write(project.path("migrations"), "no folder").unwrap();
        for arguments in [&["migrate", "--yes"][..], &["status"]] {
            let told = project.run(arguments);
            assert!(told.code != 0, "{}: {told:?}", form.word);
            assert!(told.talk.contains("migrations"), "{}: {told:?}", form.word);
        }
    }
}

#[test]
fn an_empty_file_does_nothing_and_is_said() {
    for form in FORMS.iter().filter(|form| form.word != "dbmate") {
        for project in Project::both() {
            form.place(&project);
            write(&project, second_file(form), "");
            let told = done(&project, &["migrate", "--yes"]);
            assert!(told.talk.contains("is empty"), "{}: {told:?}", form.word);
            assert_eq!(standing(&project).0, 2, "{}", form.word);
            assert!(!has_table(&project, "b"));
        }
    }
    // dbmate itself refuses a file without its marks.
    let project = Project::sqlite();
    form("dbmate").place(&project);
    write(&project, second_file(form("dbmate")), "");
    let told = project.run(&["migrate", "--yes"]);
    assert!(told.code != 0 && told.talk.contains("migrate:up"), "{told:?}");
}

#[test]
fn two_files_of_one_number_are_not_told_apart() {
    let twins = [
        ("native", "0002_twin.sql"),
        ("dbmate", "20260201_twin.sql"),
        ("golang-migrate", "000002_twin.up.sql"),
        ("refinery", "V2__twin.sql"),
        ("plain", "002-twin.sql"),
    ];
    for (word, twin) in twins {
        let (project, form) = (Project::sqlite(), form(word));
        form.place(&project);
        let text = form.files.iter().find(|(name, _)| *name == second_file(form)).unwrap().1;
        write(&project, twin, text.replace("TABLE b", "TABLE twin"));
        let told = project.run(&["migrate", "--yes"]);
        assert_eq!(told.code, 4, "{word}: {told:?}");
        assert!(told.talk.contains("the same number"), "{word}: {told:?}");
        assert!(!has_table(&project, "a"), "{word}");
        let others = standing(&project).1;
        let twins = others.iter().filter(|one| one.ends_with("duplicate")).count();
        assert_eq!(twins, 2, "{word}: {others:?}");
    }
}

#[test]
fn the_ledger_knows_what_one_row_of_golang_migrate_passes_over() {
    for project in Project::both() {
        let form = form("golang-migrate");
        form.place(&project);
        write(&project, "000005_e.up.sql", "CREATE TABLE e (id integer);\n");
        done(&project, &["migrate", "--yes"]);
        write(&project, "000003_c.up.sql", "CREATE TABLE c (id integer);\n");
        let (applied, others, _) = standing(&project);
        assert_eq!((applied, others), (3, vec!["000003_c skipped".to_owned()]));
        let told = done(&project, &["migrate", "--yes"]);
        assert!(told.talk.contains("would pass over 000003_c"), "{told:?}");
        assert!(has_table(&project, "c"));
        assert_eq!(form.history(&project), "5|0");
        assert_eq!(standing(&project), (4, Vec::new(), Vec::new()));
        // What the tool itself applied nobody knows but its one row.
        project.execute("UPDATE schema_migrations SET version = 9");
        write(&project, "000009_i.up.sql", "CREATE TABLE i (id integer);\n");
        write(&project, "000007_g.up.sql", "CREATE TABLE g (id integer);\n");
        assert_eq!(standing(&project), (6, Vec::new(), Vec::new()));
    }
}

#[test]
fn the_json_has_the_keys_the_readme_lists() {
    let told = |project: &Project, arguments: &[&str]| {
        let mut found = BTreeSet::new();
        keys(&done(project, arguments).json(), "", &mut found);
        found
    };
    for project in Project::both() {
        let form = form("dbmate");
        form.place(&project);
        project.execute("CREATE TABLE a (b int)");
        let first = first_file(form);
        let documented = documented_keys("<!-- baseline json -->");
        let reason = ["--yes", "--json", "--reason", "r"];
        let found = told(&project, &[&["baseline", "--to", first][..], &reason].concat());
        assert_eq!(found, documented);
        let found = told(&project, &[&["repair", "--not-applied", first][..], &reason].concat());
        assert_eq!(found, documented);
        done(&project, &["baseline", "--to", first, "--yes"]);
        fs::rename(project.path("migrations"), project.path("db")).unwrap();
        project.configure("protection = \"development\"", "[project]\nmigrations = \"db\"");
        let found = told(&project, &["adopt", "--yes", "--json"]);
        assert_eq!(found, documented_keys("<!-- adopt json -->"));
    }
}
