//! The status view and the guide on real databases: what they show, that nothing is asked twice
//! at once, and that choosing a way begins it.

use crate::server;
use crate::studio::Studio;
use crate::verbs::{Database, Project};

const WIDE: (u16, u16) = (120, 36);
const NARROW: (u16, u16) = (80, 24);

fn has(screen: &str, words: &[&str]) {
    for word in words {
        assert!(screen.contains(word), "{word} is not on the screen:\n{screen}");
    }
}

#[test]
fn postgres_shows_its_tables_load_and_who_waits_for_whom() {
    let database = server::postgres().create_database("status");
    database.psql(
        "CREATE TABLE orders (id serial PRIMARY KEY, customer int, status text);
         CREATE INDEX by_customer ON orders (customer);
         CREATE INDEX pair ON orders (customer, status);
         INSERT INTO orders (customer) SELECT i FROM generate_series(1, 3000) i; ANALYZE",
    );
    let mut studio = Studio::open(&database.url(), WIDE);
    studio.keys("4");
    let screen = studio.screen();
    has(&screen, &["Database", "Activity", "Connection", "PostgreSQL", "orders", "3,000"]);
    has(&screen, &["Load", "from memory", "connections", "Sessions"]);
    has(&screen, &["Indexes another one covers", "covered by public.pair"]);
    let mut studio = Studio::open(&database.url(), NARROW);
    studio.keys("4");
    has(&studio.screen(), &["Connection", "Load", "4 Status"]);
    // The other sheet takes the keys, and its end comes into view.
    studio.keys("<tab>G");
    has(&studio.screen(), &["covered by"]);
}

#[test]
fn sqlite_shows_how_the_file_is_doing() {
    let file = server::sqlite("status");
    file.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); CREATE INDEX one ON t (a);
         CREATE INDEX two ON t (a, b); INSERT INTO t (a) VALUES (1), (2);",
    );
    let mut studio = Studio::open(&file.url(), WIDE);
    studio.keys("4");
    let screen = studio.screen();
    has(&screen, &["SQLite", "File", "free inside", "journal", "covered by two"]);
    studio.keys("R");
    has(&studio.screen(), &["free inside"]);
}

#[test]
fn the_guide_puts_first_what_fits() {
    let file = server::sqlite("guide");
    file.execute("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);");
    let mut studio = Studio::open(&file.url(), WIDE);
    studio.keys("W");
    let screen = studio.screen();
    has(
        &screen,
        &["What do you want to do?", "Browse rows", "Something is broken", "Start afresh"],
    );
    let at = |word: &str| screen.find(word).unwrap();
    assert!(at("Browse rows") < at("Something is broken"), "{screen}");
    // The second is for what is broken: it leads to the status.
    studio.keys("j<enter>");
    has(&studio.screen(), &["Activity", "free inside"]);
    studio.keys("WG<enter>");
    has(&studio.screen(), &["Drop everything in guide.db", "a reset"]);
}

#[test]
fn the_guide_finds_out_whether_the_schema_or_the_database_has_changed() {
    for project in Project::both() {
        project.schema("CREATE TABLE users (id integer PRIMARY KEY);\n");
        project.succeeds(&["setup", "--yes"]);
        let url = match &project.database {
            Database::Postgres(database) => database.url(),
            Database::Sqlite(file) => file.url(),
        };
        let mut studio = in_project(&project, &url, WIDE);
        let schema = |text: &str| std::fs::write(project.path("home/schema.sql"), text).unwrap();
        let first = |studio: &mut Studio| {
            studio.keys("W");
            let screen = studio.screen();
            let leads =
                screen.lines().find(|line| line.contains('→')).unwrap_or_default().to_owned();
            studio.keys("<esc>");
            (leads, screen)
        };
        let (leads, screen) = first(&mut studio);
        assert!(leads.contains("Browse rows"), "{screen}");
        schema("CREATE TABLE users (id integer PRIMARY KEY);\nCREATE TABLE tags (t text);\n");
        let (leads, screen) = first(&mut studio);
        assert!(leads.contains("I changed the schema: write a migration"), "{screen}");
        has(&screen, &["In no migration yet: table", "tags"]);
        schema("CREATE TABLE users (id integer PRIMARY KEY);\n");
        project.execute("CREATE TABLE by_hand (id integer PRIMARY KEY)");
        let (leads, screen) = first(&mut studio);
        assert!(leads.contains("See what differs from the schema"), "{screen}");
        has(&screen, &["Changed by hand: table", "by_hand"]);
    }
}

#[test]
fn what_was_done_the_last_backup_and_drift_are_on_screen() {
    for project in Project::both() {
        project.configure("protection = \"development\"", "[project]\nbackups = \"kept\"");
        project.schema("CREATE TABLE users (id integer PRIMARY KEY);\n");
        project.succeeds(&["setup", "--yes"]);
        project.succeeds(&["seed", "--generate", "3", "--yes", "--ack", "rows=for a look"]);
        project.succeeds(&["backup"]);
        let rows = format!("SELECT count(*) FROM {}", project.ledger("operations"));
        assert_eq!(project.query(&rows), "3", "rows that are made are no part of the ledger");
        project.execute("CREATE TABLE by_hand (id integer PRIMARY KEY)");
        let url = match &project.database {
            Database::Postgres(database) => database.url(),
            Database::Sqlite(file) => file.url(),
        };
        for (wide, size) in [(true, WIDE), (false, NARROW)] {
            let mut studio = in_project(&project, &url, size);
            studio.keys("4");
            if wide {
                has(&studio.screen(), &["last backup", "verified", "seed ", "D looks for it"]);
                studio.keys("D");
                has(&studio.screen(), &["database and migrations", "1: table", "by_hand", "alike"]);
            } else {
                studio.keys("DG");
                has(&studio.screen(), &["by_hand", "4 Status"]);
            }
            studio.keys("3o");
            let screen = studio.screen();
            has(&screen, &["Timeline", "backup", "seed", "migrate"]);
            let at = |word: &str| screen.find(word).unwrap();
            assert!(at(" backup ") < at(" seed ") && at(" seed ") < at(" migrate "), "{screen}");
            studio.keys("j<enter>");
            has(&studio.screen(), &["protection", "development"]);
            studio.keys("<enter>");
            assert!(!studio.screen().contains("protection"), "{}", studio.screen());
            studio.keys("o");
            has(&studio.screen(), &["CREATE TABLE"]);
        }
    }
}

/// The studio in a project's folder, with the state its commands have.
fn in_project(project: &Project, url: &str, size: (u16, u16)) -> Studio {
    let home = project.path("home");
    for name in ["dbstudio.toml", "schema.sql"] {
        std::fs::copy(project.path(name), home.join(name)).unwrap();
    }
    std::fs::create_dir_all(home.join("migrations")).unwrap();
    for name in project.files("migrations") {
        let from = project.path("migrations").join(&name);
        std::fs::copy(from, home.join("migrations").join(name)).unwrap();
    }
    let kept = home.join("kept");
    if !kept.exists() {
        std::os::unix::fs::symlink(project.path("kept"), kept).unwrap();
    }
    Studio::open_in(&home, url, size, |_| {})
}
