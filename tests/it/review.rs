//! What is told of a plan and of migrations that are written: the form of the JSON, the rules the
//! README lists, and hazards by file and line, from the real binary on both engines.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dbstudio::schema::hazard::{Policy, Rule};
use serde_json::Value;

use crate::cli::{documented_keys, keys};
use crate::server;
use crate::verbs::{Database, Project};

const FIRST: &str = "CREATE TABLE buyers (id integer PRIMARY KEY);
CREATE TABLE orders (id integer PRIMARY KEY, note text, buyer integer, old text);
";

/// The rules a review of a project's migrations tells of: where, how heavy, and which.
fn reviewed(project: &Project, arguments: &[&str]) -> (i32, Vec<String>) {
    let told = project.run(&[&["review", "--json"], arguments].concat());
    let json = told.json();
    let migrations = json["migrations"].as_array().unwrap_or_else(|| panic!("{told:?}"));
    let hazards = migrations.iter().flat_map(|one| one["hazards"].as_array().unwrap());
    let line = |hazard: &Value| {
        let text = |key: &str| hazard[key].as_str().unwrap().to_owned();
        format!("{} {} {}", hazard["line"], text("severity"), text("rule"))
    };
    (told.code, hazards.map(line).collect())
}

fn migrations(project: &Project, files: &[(&str, &str)]) {
    fs::create_dir_all(project.path("migrations")).unwrap();
    for (name, text) in files {
        fs::write(project.path("migrations").join(name), text).unwrap();
    }
}

fn postgres() -> Project {
    Project::new(Database::Postgres(server::postgres().create_database("review")))
}

fn sqlite() -> Project {
    let file = server::sqlite("review");
    file.execute("VACUUM");
    Project::new(Database::Sqlite(file))
}

#[test]
fn the_plan_as_json_is_as_documented() {
    let documented = documented_keys("<!-- plan json -->");
    for project in [postgres(), sqlite()] {
        migrations(&project, &[("0001_first.sql", FIRST)]);
        project.schema(
            "CREATE TABLE buyers (id integer PRIMARY KEY);
             CREATE TABLE orders (id integer PRIMARY KEY, remark text NOT NULL, buyer integer);",
        );
        let rename = ["--yes", "--json", "--rename", "orders.note=remark"];
        let told = project.run(&[&["generate"][..], &rename].concat());
        let mut found = BTreeSet::new();
        keys(&told.json(), "", &mut found);
        // An empty list tells nothing of what it would hold.
        let inside = |key: &String| format!("{key}[].");
        let all = found.clone();
        found.retain(|key| !all.iter().any(|other| other.starts_with(&inside(key))));
        let lists = ["statements", "statements[].hazards", "migrations"];
        let expected: BTreeSet<String> =
            documented.iter().filter(|key| !lists.contains(&key.as_str())).cloned().collect();
        assert_eq!(found, expected, "{told:?}");
        for list in lists {
            assert!(documented.contains(list), "{list}");
        }
    }
}

#[test]
fn the_readme_lists_every_rule() {
    let mut expected = String::from("| Rule | Weight | Done | What it is |\n|---|---|---|---|\n");
    for rule in Rule::all() {
        let policy = match rule.default_policy() {
            Policy::Ignore => "ignore",
            Policy::Warn => "warn",
            Policy::Refuse => "refuse",
        };
        let (id, weight, title) = (rule.id(), rule.severity().word(), rule.title());
        expected.push_str(&format!("| `{id}` | {weight} | {policy} | {title} |\n"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (_, after) = readme.split_once("<!-- hazard rules -->\n\n").expect("the README's marker");
    let table: String = after
        .lines()
        .take_while(|line| line.starts_with('|'))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(table == expected, "the table of rules in README.md is to be:\n{expected}");
}

#[test]
fn what_a_written_migration_does_is_seen() {
    let project = postgres();
    migrations(
        &project,
        &[
            ("0001_first.sql", FIRST),
            (
                "0002_second.up.sql",
                "-- by hand

ALTER TABLE orders ALTER note TYPE varchar(20),
  ADD FOREIGN KEY (buyer) REFERENCES buyers (id);
DO $$ BEGIN ALTER TABLE orders DROP COLUMN old; END $$;
DROP TABLE IF EXISTS nothing;
CREATE TABLE fresh (id integer PRIMARY KEY);
CREATE INDEX ON fresh (id);
ALTER TABLE orders RENAME COLUMN buyer TO customer;
UPDATE orders SET note = 'x';
ALTER TABLE orders RENAME TO purchases;
ALTER TABLE purchases ALTER note SET NOT NULL;
",
            ),
            (
                "0003_third.sql",
                "-- no-transaction\nCREATE INDEX CONCURRENTLY notes ON purchases (note);\n",
            ),
        ],
    );
    let (code, told) = reviewed(&project, &["0002", "--no-online"]);
    let expected = [
        "3 danger narrow-type",
        "3 warning add-foreign-key",
        "3 warning rewrite-table",
        "3 notice unindexed-foreign-key",
        "5 danger drop-column",
        "9 warning rename-column",
        "10 danger update-without-where",
        "11 warning rename-table",
        "12 warning set-not-null",
    ];
    assert_eq!((code, told), (0, expected.map(str::to_owned).to_vec()));
    let (_, told) = reviewed(&project, &["0002_second", "--online"]);
    for more in ["3 notice no-lock-timeout", "12 warning work-after-lock"] {
        assert!(told.iter().any(|line| line == more), "{more}: {told:?}");
    }
    let newest = vec!["2 notice not-in-transaction".to_owned()];
    assert_eq!(reviewed(&project, &["--online"]), (0, newest));
    let told = project.run(&["review", "migrations/0002_second.up.sql"]);
    let line = "migrations/0002_second.up.sql:5: danger drop-column public.orders.old\n";
    assert!(told.code == 0 && told.result.contains(line), "{told:?}");
}

#[test]
fn a_table_rebuilt_by_hand_is_one_thing() {
    let project = sqlite();
    migrations(
        &project,
        &[
            (
                "0001_first.sql",
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
CREATE INDEX t_a ON t (a);
CREATE VIEW v AS SELECT a FROM t;
",
            ),
            (
                "0002_second.sql",
                "CREATE TABLE new_t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, c INTEGER);
INSERT INTO new_t (id, a) SELECT id, a FROM t;
DROP TABLE t;
ALTER TABLE new_t RENAME TO t;
ALTER TABLE t RENAME COLUMN c TO d;
",
            ),
        ],
    );
    let expected = [
        "4 danger drop-column",
        "4 danger rebuild-loses-parts",
        "4 warning rebuild-table",
        "4 warning set-not-null",
        "5 warning rename-column",
    ];
    assert_eq!(reviewed(&project, &[]), (0, expected.map(str::to_owned).to_vec()));
    let none = reviewed(&project, &["1"]);
    assert_eq!(none, (0, Vec::new()));
}

#[test]
fn what_is_refused_ends_with_3_unless_a_comment_allows_it() {
    for project in [postgres(), sqlite()] {
        let drop = "DROP TABLE orders;\nDROP TABLE buyers;\n";
        migrations(&project, &[("0001_first.sql", FIRST), ("0002_second.sql", drop)]);
        project.configure("protection = \"development\"", "[hazards]\ndrop-table = \"refuse\"");
        let both = vec!["1 danger drop-table".to_owned(), "2 danger drop-table".to_owned()];
        assert_eq!(reviewed(&project, &[]), (3, both));
        let told = project.run(&["review"]);
        assert!(
            told.result.contains("drop-table") && told.result.contains("(refused)"),
            "{told:?}"
        );
        let allowed = "-- dbstudio: allow drop-table: they are in the archive\nDROP TABLE orders;
DROP TABLE buyers; -- dbstudio: allow drop-table: these too\n";
        migrations(&project, &[("0002_second.sql", allowed)]);
        assert_eq!(reviewed(&project, &["--all"]), (0, Vec::new()));
        assert!(project.run(&["review"]).result.contains("nothing hazardous"));
        migrations(&project, &[("0002_second.sql", "CREATE INDEX i ON\nnowhere (id);\n")]);
        let told = project.run(&["review"]);
        assert!(told.code == 1 && told.talk.contains("0002_second.sql, line"), "{told:?}");
        assert_eq!(project.run(&["review", "0009"]).code, 2);
        let told = project.run(&["review", "1", "--all"]);
        assert_eq!(told.code, 2, "{told:?}");
    }
    assert_eq!(sqlite().run(&["review"]).code, 2);
}

#[test]
fn migrations_of_online_environments_limit_their_waiting() {
    let project = postgres();
    project.configure("protection = \"production\"", "");
    migrations(&project, &[("0001_first.sql", FIRST)]);
    project.schema(
        "CREATE TABLE buyers (id integer PRIMARY KEY);
         CREATE TABLE orders (id integer PRIMARY KEY, note text NOT NULL, buyer integer, old text);
         CREATE TABLE fresh (id integer PRIMARY KEY);
         CREATE INDEX orders_buyer ON orders (buyer);",
    );
    let told = project.run(&["generate", "--yes", "--json"]);
    assert_eq!(told.code, 0, "{told:?}");
    let statements = told.json()["statements"].clone();
    let mut texts = Vec::new();
    for file in project.files("migrations").iter().filter(|file| !file.starts_with("0001")) {
        let text = fs::read_to_string(project.path("migrations").join(file)).unwrap();
        let strong = ["SET NOT NULL", "NOT VALID", "DROP "].iter().any(|word| text.contains(word));
        let alone = text.starts_with("-- no-transaction");
        let limited = text.contains("\n\nSET LOCAL lock_timeout = '4s';\n\n");
        assert_eq!(limited, strong && !alone, "{file}:\n{text}");
        texts.push(text);
    }
    // What was shown is what stands in the files.
    for statement in statements.as_array().unwrap() {
        let sql = statement["sql"].as_str().unwrap();
        assert!(texts.iter().any(|text| text.contains(&format!("{sql};\n"))), "{sql}");
    }
    let rules = told.result.matches("no-lock-timeout").count();
    assert_eq!(rules, 0, "{told:?}");
    assert_eq!(project.run(&["generate", "--check"]).code, 0);
}
