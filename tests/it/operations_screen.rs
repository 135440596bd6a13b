//! Operations on the whole database from the studio, on real databases: what the plan of each shows,
//! what its checklist asks in development and in staging, what production is told, and that the
//! screen follows what was done.

use std::fs;
use std::path::PathBuf;

use dbstudio::app::effect::Effect;
use dbstudio::app::key::{Code, Input, Key};
use dbstudio::app::model::View;
use dbstudio::app::msg::{Event, Msg};
use dbstudio::config::Protection;
use dbstudio::ops::session::Progress;
use insta::assert_snapshot;
use tempfile::TempDir;

use crate::server::{self, TestFile};
use crate::studio::Studio;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 36);

const SCHEMA: &str = "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id)
);
";

/// A project on a SQLite file that is called `shop.db`.
struct Project {
    home: TempDir,
    file: TestFile,
}

impl Project {
    fn new() -> Self {
        let home = tempfile::Builder::new().prefix("dbstudio-").tempdir().unwrap();
        let it = Self { home, file: server::sqlite("shop") };
        for folder in ["migrations", "seeds"] {
            fs::create_dir(it.path(folder)).unwrap();
        }
        fs::write(it.path("schema.sql"), SCHEMA).unwrap();
        let url = format!("[environments.here]\nurl = \"sqlite:{}\"\n", it.file.path.display());
        fs::write(it.path("dbstudio.toml"), url).unwrap();
        fs::write(it.path("seeds/01_customers.csv"), "id,name\n1,Ada\n2,Bo\n").unwrap();
        fs::write(it.path("seeds/02_orders.sql"), "INSERT INTO orders VALUES (1, 2);\n").unwrap();
        it.execute(SCHEMA);
        it.execute(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1200)
             INSERT INTO customers SELECT n, 'customer ' || n FROM n;
             INSERT INTO orders VALUES (1, 1);",
        );
        it
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn execute(&self, sql: &str) {
        self.file.execute(sql);
    }

    fn query(&self, sql: &str) -> String {
        self.file.query(sql).trim().to_owned()
    }

    /// How many of its tables are there; what was done is kept beside them.
    fn left(&self) -> String {
        self.query("SELECT count(*) FROM sqlite_schema WHERE name IN ('customers', 'orders')")
    }

    fn studio(&self, size: (u16, u16), protection: Protection) -> Studio {
        let address = format!("sqlite:{}", self.file.path.display());
        Studio::open_in(self.home.path(), &address, size, |target| target.protection = protection)
    }
}

#[test]
fn a_reset_shows_what_goes_and_asks_for_every_item() {
    let project = Project::new();
    for (size, name) in [(SMALL, "80"), (LARGE, "120")] {
        let mut it = project.studio(size, Protection::Development);
        it.keys(":drop everything<enter>");
        assert_snapshot!(format!("reset_{name}"), it.screen());
        it.keys("a");
        let screen = it.screen();
        for shown in ["Drop everything in shop.db?", "[ ] A backup was made", "2 open"] {
            assert!(screen.contains(shown), "{shown} in\n{screen}");
        }
        it.keys("<enter><enter>");
        assert_eq!(project.query("SELECT count(*) FROM customers"), "1200");
        it.keys("<esc><esc>");
        assert!(it.screen().contains("Nothing was changed"), "{}", it.screen());
    }
}

#[test]
fn a_reset_runs_once_all_holds_and_the_screen_follows() {
    let project = Project::new();
    let mut it = project.studio(LARGE, Protection::Development);
    it.keys("/customers<enter><enter>");
    assert!(it.screen().contains("customer 1"), "{}", it.screen());
    it.keys(":drop everything<enter>ab");
    assert!(it.screen().contains("was made and verified"), "{}", it.screen());
    assert!(it.screen().contains("1 open"), "{}", it.screen());
    it.keys("<enter><space>");
    assert!(it.screen().contains("all hold"), "{}", it.screen());
    it.keys("<enter>");
    assert!(it.screen().contains("Done in"), "{}", it.screen());
    it.keys("<enter>");
    assert!(!it.screen().contains("customer 1"), "{}", it.screen());
    assert_eq!(project.left(), "0");
}

#[test]
fn what_goes_is_looked_at_again_just_before() {
    let project = Project::new();
    project.execute("DELETE FROM orders; DELETE FROM customers;");
    let mut it = project.studio(LARGE, Protection::Development);
    it.keys(":drop everything<enter>a");
    // Nothing is in it, so nothing has to be backed up.
    assert!(it.screen().contains("there is nothing to back up"), "{}", it.screen());
    it.keys("<enter><space>");
    assert!(it.screen().contains("all hold"), "{}", it.screen());
    project.execute("INSERT INTO customers VALUES (7, 'meanwhile')");
    it.keys("<enter>");
    assert!(it.screen().contains("does not hold any more"), "{}", it.screen());
    assert!(it.screen().contains("1 open"), "{}", it.screen());
    assert_eq!(project.query("SELECT count(*) FROM customers"), "1");
    // What would go is another thing by now: nothing goes.
    it.keys("b");
    project.execute("CREATE TABLE more (id INTEGER PRIMARY KEY)");
    it.keys("<enter>");
    assert!(it.screen().contains("does not fit any more"), "{}", it.screen());
    assert_eq!(project.query("SELECT count(*) FROM customers"), "1");
}

#[test]
fn staging_wants_the_name_typed_and_production_is_refused() {
    let project = Project::new();
    let mut it = project.studio(SMALL, Protection::Staging);
    it.keys(":drop everything<enter>ab<enter><space><enter><space>");
    assert!(it.screen().contains("all hold"), "{}", it.screen());
    it.keys("<enter>");
    assert!(it.screen().contains("type the database's name"), "{}", it.screen());
    it.keys("shop<enter>");
    assert!(it.screen().contains("the database is called shop.db"), "{}", it.screen());
    assert_eq!(project.query("SELECT count(*) FROM customers"), "1200");
    it.keys(".db<enter>");
    assert!(it.screen().contains("Done in"), "{}", it.screen());
    assert_eq!(project.left(), "0");

    let project = Project::new();
    let mut it = project.studio(SMALL, Protection::Production);
    for (wish, title) in [
        (":drop everything", "Not reset"),
        (":project's seeds", "Not seeded"),
        (":start afresh", "Not reset"),
    ] {
        it.keys(&format!("{wish}<enter>"));
        let screen = it.screen();
        assert!(screen.contains(title) && screen.contains("is production"), "{screen}");
        assert!(screen.contains("Name a development or staging database"), "{screen}");
        it.keys("<enter>");
    }
    assert_snapshot!("guide_production", {
        it.keys("WG");
        it.screen()
    });
    assert_eq!(project.query("SELECT count(*) FROM customers"), "1200");
}

#[test]
fn seeds_are_shown_with_what_is_there_and_put_in() {
    let project = Project::new();
    project.execute(
        "DELETE FROM orders; DELETE FROM customers; INSERT INTO customers VALUES (9, 'x');",
    );
    for (size, name) in [(SMALL, "80"), (LARGE, "120")] {
        let mut it = project.studio(size, Protection::Development);
        it.keys(":project's seeds<enter>");
        assert_snapshot!(format!("seed_{name}"), it.screen());
        it.keys("<esc>");
    }
    let mut it = project.studio(LARGE, Protection::Development);
    it.keys(":project's seeds<enter>a");
    assert!(it.screen().contains("customers has 1 row"), "{}", it.screen());
    it.keys("<space><enter>");
    assert!(it.screen().contains("2 rows for main.customers"), "{}", it.screen());
    assert_eq!(project.query("SELECT count(*) FROM customers"), "3");
    // Once more it fails as a whole, and says where.
    it.keys("<enter>:project's seeds<enter>a<space><enter>");
    assert!(it.screen().contains("Not seeded"), "{}", it.screen());
    assert_eq!(project.query("SELECT count(*) FROM orders"), "1");
    // Rows from the schema alone.
    it.keys("<enter>:make sample rows<enter>");
    it.keys("<backspace><backspace><backspace>0<enter>");
    assert!(it.screen().contains("a number from 1"), "{}", it.screen());
    it.keys("<backspace>40<enter>");
    assert!(it.screen().contains("40 rows made from the schema"), "{}", it.screen());
    it.keys("a<space><enter>");
    assert!(it.screen().contains("main.orders: 40 rows"), "{}", it.screen());
    assert_eq!(project.query("SELECT count(*) FROM orders"), "41");
}

#[test]
fn setting_up_and_starting_afresh_go_step_by_step() {
    let project = Project::new();
    project.execute("DROP TABLE orders; DROP TABLE customers;");
    let mut it = project.studio(LARGE, Protection::Development);
    it.keys("W");
    assert!(it.screen().contains("→ Set the database up"), "{}", it.screen());
    it.keys("<enter>");
    assert!(it.screen().contains("1 of 3: write what"), "{}", it.screen());
    it.keys("w<enter>");
    assert!(it.screen().contains("2 of 3: apply"), "{}", it.screen());
    it.keys("ay");
    let screen = it.screen();
    assert!(screen.contains("Wrote migrations/0001_"), "{screen}");
    assert!(screen.contains("Applied 1 migration in"), "{screen}");
    assert_eq!(it.model.view, View::Status);
    assert_eq!(project.query("SELECT count(*) FROM _sqlx_migrations"), "1");

    // Left half way, it is over: what comes next is not begun by itself.
    it.keys("<enter>:start afresh<enter><esc>:project's seeds<enter>");
    assert!(it.model.chain.is_none());
    it.keys("<esc>");

    it.keys(":start afresh<enter>");
    assert!(it.screen().contains("1 of 5: empty the database"), "{}", it.screen());
    it.keys("a<enter><space><enter><space><enter>");
    assert!(it.screen().contains("3 of 5: apply"), "{}", it.screen());
    it.keys("ay");
    assert!(it.screen().contains("4 of 5: put the seeds in"), "{}", it.screen());
    it.keys("a<enter>");
    let screen = it.screen();
    for told in [
        "Dropped everything in shop.db",
        "No migration had to be written",
        "2 rows for main.customers",
    ] {
        assert!(screen.contains(told), "{told} in\n{screen}");
    }
    assert!(it.model.chain.is_none());
    assert_eq!(project.query("SELECT count(*) FROM orders"), "1");
}

#[test]
fn a_backup_is_made_listed_and_brought_back() {
    let project = Project::new();
    let mut it = project.studio(SMALL, Protection::Development);
    it.keys(":restore one<enter>");
    assert!(it.screen().contains("There is no backup yet"), "{}", it.screen());
    it.keys("b");
    assert!(it.screen().contains("newest so far"), "{}", it.screen());
    it.keys("a");
    assert!(it.screen().contains("Verified: 2 tables"), "{}", it.screen());
    project.execute("DELETE FROM orders; DELETE FROM customers;");
    it.keys("<enter>:restore one<enter>");
    assert!(it.screen().contains("shop.db_"), "{}", it.screen());
    it.keys("<enter>");
    let screen = it.screen();
    assert!(screen.contains("takes the place of shop.db"), "{screen}");
    it.keys("a");
    assert!(it.screen().contains("Restore shop.db?"), "{}", it.screen());
    assert_eq!(project.query("SELECT count(*) FROM customers"), "0");
    it.keys("y");
    assert!(it.screen().contains("What was there is now"), "{}", it.screen());
    assert_eq!(project.query("SELECT count(*) FROM customers"), "1200");
    // The studio has the new one open.
    it.keys("<enter>/customers<enter><enter>");
    assert!(it.screen().contains("customer 1"), "{}", it.screen());
    // Leaving at the plan opens the old one again.
    it.keys("<tab>:restore one<enter><enter><esc>/customers<enter><enter>");
    assert!(it.screen().contains("customer 1"), "{}", it.screen());
}

#[test]
fn what_a_push_would_lose_is_counted_again_just_before() {
    let project = Project::new();
    project.execute("DELETE FROM orders; DELETE FROM customers;");
    let less = SCHEMA.replace(", name TEXT NOT NULL", "");
    fs::write(project.path("schema.sql"), less).unwrap();
    let mut it = project.studio(LARGE, Protection::Development);
    it.keys(":push the schema<enter>a");
    assert!(it.screen().contains("all hold"), "{}", it.screen());
    project.execute("INSERT INTO customers VALUES (1, 'meanwhile')");
    it.keys("<enter>");
    assert!(it.screen().contains("other by now"), "{}", it.screen());
    assert!(it.screen().contains("2 open"), "{}", it.screen());
    assert_eq!(project.query("SELECT name FROM customers"), "meanwhile");
    it.keys("<enter><space><enter><space><enter>");
    assert!(it.screen().contains("Applied"), "{}", it.screen());
}

#[test]
fn any_item_goes_with_a_reason_which_is_kept() {
    let project = Project::new();
    let file = project.path("dbstudio.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}[checklists]\nreset = [\"backup\"]\n")).unwrap();
    let mut it = project.studio(LARGE, Protection::Development);
    for (size, name) in [(SMALL, "80"), (LARGE, "120")] {
        it = project.studio(size, Protection::Development);
        it.keys(":drop everything<enter>aw");
        it.keys("a copy is elsewhere<enter>");
        assert_snapshot!(format!("waived_{name}"), it.screen());
    }
    it.keys("<enter>");
    assert!(it.screen().contains("Done in"), "{}", it.screen());
    assert_eq!(project.left(), "0");
    // The log of this machine has it: there is no ledger in this database.
    let mut grep = std::process::Command::new("grep");
    grep.args(["-rqF", "a copy is elsewhere"]).arg(project.path("state"));
    assert!(grep.status().unwrap().success());
}

/// A backup and a restore while they run: the database of each, and what is written so far.
fn says_what_runs(it: &mut Studio, database: &str) {
    let press = |it: &mut Studio, key| it.send_only(Msg::Input(Input::Key(Key::plain(key))));
    it.keys(":make a backup<enter>");
    let begun = press(it, Code::Char('a'));
    assert!(it.screen().contains(&format!("Backing up {database}")), "{}", it.screen());
    let Some(Effect::Start(slot, ticket, _)) = begun.first() else { panic!("{begun:?}") };
    let words = "Copying it, and verifying the copy: 3.1 MB so far";
    drop(it.send_only(Msg::Reply(*slot, *ticket, Event::Said(words.to_owned()))));
    assert!(it.screen().contains(words), "{}", it.screen());
    assert_eq!(it.screen().matches("Copying it").count(), 1, "{}", it.screen());
    it.serve(begun);
    assert!(it.screen().contains("Verified: "), "{}", it.screen());
    let is_size = |told: &Progress| matches!(told, Progress::Written(1..));
    assert!(it.told.iter().any(is_size), "{:?}", it.told);

    it.keys("<enter>:restore one<enter><enter>a");
    let begun = press(it, Code::Char('y'));
    let screen = it.screen();
    let flat: String = screen.split(['│', '\n']).map(str::trim).collect::<Vec<_>>().join(" ");
    let flat = flat.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(&format!("Restoring {database}_")), "{screen}");
    assert!(flat.contains(&format!("into {database}")), "{screen}");
    it.serve(begun);
    assert!(it.screen().contains("What was there is now"), "{}", it.screen());
}

#[test]
fn what_runs_is_named_on_sqlite() {
    let project = Project::new();
    let mut it = project.studio(SMALL, Protection::Development);
    says_what_runs(&mut it, "shop.db");
}

#[test]
fn what_runs_is_named_on_postgresql() {
    let database = server::postgres().create_database("named");
    database.psql("CREATE TABLE things AS SELECT n, md5(n::text) FROM generate_series(1, 2000) n");
    let mut it = Studio::open(&database.url(), SMALL);
    says_what_runs(&mut it, &database.name);
    drop(it);
    let left = "SELECT datname FROM pg_database WHERE datname LIKE '%_before_%'";
    for name in database.psql(left).split_whitespace().filter(|it| it.starts_with(&database.name)) {
        database.psql(&format!("DROP DATABASE \"{name}\""));
    }
}
