//! The checklist of a migration to production as scripts meet it: what is missing is said with
//! exit 4, evidence ticks what it shows, reasons are kept, and nothing gets round it.

use std::fs;

use crate::drift::{apply, write_migration};
use crate::verbs::{Database, Project, Told};

const UP: &str = "CREATE TABLE orders (id integer PRIMARY KEY);\n";
const DOWN: &str = "DROP TABLE orders;\n";

/// A production project with a pending migration, and its staging environment.
pub struct Shop {
    pub project: Project,
    pub staging: Project,
}

impl Shop {
    pub fn both() -> [Self; 2] {
        let (ours, theirs) = (Project::both(), Project::both());
        let mut theirs = theirs.into_iter();
        ours.map(|project| {
            let shop = Self { project, staging: theirs.next().unwrap() };
            write_migration(&shop.project, "0001_orders", UP, DOWN);
            write_migration(&shop.staging, "0001_orders", UP, DOWN);
            shop.configure("");
            shop
        })
    }

    pub fn configure(&self, more: &str) {
        let url = |database: &Database| match database {
            Database::Postgres(database) => database.url(),
            Database::Sqlite(file) => file.url(),
        };
        let text = format!(
            "default_environment = \"live\"\n[environments.live]\nurl = \"{}\"\nprotection = \
             \"production\"\n{more}\n[environments.staging]\nurl = \"{}\"\nprotection = \
             \"staging\"\n",
            url(&self.project.database),
            url(&self.staging.database)
        );
        fs::write(self.project.path("dbstudio.toml"), text).unwrap();
    }

    pub fn name(&self) -> String {
        match &self.project.database {
            Database::Postgres(database) => database.name.clone(),
            Database::Sqlite(file) => file.path.file_name().unwrap().to_string_lossy().into_owned(),
        }
    }

    /// Migrates with everything else said.
    fn migrate(&self, acks: &[&str]) -> Told {
        let name = self.name();
        let mut arguments = vec!["migrate", "--yes", "--confirm", &name];
        for ack in acks {
            arguments.extend(["--ack", ack]);
        }
        self.project.run(&arguments)
    }
}

/// The items that a refusal names.
fn missing(told: &Told) -> Vec<String> {
    assert_eq!(told.code, 4, "{told:?}");
    let (_, acks) = told.talk.split_once("--ack ").unwrap_or_else(|| panic!("{told:?}"));
    let acks = acks.lines().next().unwrap().split("--ack ");
    let name = |ack: &str| ack.trim().trim_matches('"').split('=').next().unwrap().to_owned();
    acks.map(name).collect()
}

const ALL: [&str; 6] =
    ["tested-on-staging", "reviewed", "backup", "rollback-plan", "off-peak", "team-notified"];

#[test]
fn production_asks_for_every_item_and_nothing_gets_round_it() {
    for shop in Shop::both() {
        let told = shop.migrate(&[]);
        assert_eq!(missing(&told), ALL, "{told:?}");
        assert_eq!(missing(&shop.migrate(&["all", "all=really"])), ALL);
        let left = missing(&shop.migrate(&ALL));
        assert_eq!(left, ["tested-on-staging", "backup", "rollback-plan", "off-peak"]);
        assert_eq!(shop.migrate(&["nonsense"]).code, 2);
        let told = shop.project.run(&["migrate", "--yes", "--json"]);
        assert_eq!(told.code, 4, "{told:?}");
        // The same database by another way is production all the same.
        let url = match &shop.project.database {
            Database::Postgres(database) => database.url(),
            Database::Sqlite(file) => file.url(),
        };
        let told =
            shop.project.run(&["migrate", "--yes", "--url", &url, "--confirm", &shop.name()]);
        assert_eq!(told.code, 4, "{told:?}");
        assert!(shop.project.run(&["status", "--json"]).json()["migrations"]["applied"] == 0);
    }
}

#[test]
fn evidence_ticks_what_it_shows_and_reasons_waive_the_rest() {
    for shop in Shop::both() {
        apply(&shop.staging, "0001_orders");
        let told = shop.migrate(&[]);
        assert!(!missing(&told).contains(&"tested-on-staging".to_owned()), "{told:?}");
        assert_eq!(shop.project.run(&["rehearse"]).code, 0);
        let told = shop.migrate(&[]);
        assert_eq!(missing(&told), ["reviewed", "backup", "off-peak", "team-notified"], "{told:?}");
        shop.configure("off_peak = \"00:00-24:00\"\nnotify = \"exit 3\"");
        let acks = ["reviewed", "backup=nothing is lost"];
        let told = shop.migrate(&acks);
        assert!(told.code == 1 && told.talk.contains("tells the team has failed"), "{told:?}");
        shop.configure("off_peak = \"00:00-24:00\"\nnotify = \"env > told\"");
        let told = shop.migrate(&acks);
        assert_eq!(told.code, 0, "{told:?}");
        let told = fs::read_to_string(shop.project.path("told")).unwrap();
        for line in ["DBSTUDIO_MIGRATIONS=0001_orders", "DBSTUDIO_ENVIRONMENT=live"] {
            assert!(told.lines().any(|one| one == line), "{told}");
        }
        // What was said is kept beside the history.
        let kept = match &shop.project.database {
            Database::Postgres(_) => "SELECT detail FROM dbstudio.operations",
            Database::Sqlite(_) => "SELECT detail FROM _dbstudio_operations",
        };
        assert!(
            shop.project.query(kept).contains("nothing is lost"),
            "{}",
            shop.project.query(kept)
        );
        assert_eq!(shop.project.query("SELECT count(*) FROM orders"), "0");
    }
}

#[test]
fn a_rehearsal_of_other_files_or_of_one_way_is_no_plan_for_going_back() {
    for shop in Shop::both() {
        assert_eq!(shop.project.run(&["rehearse"]).code, 0);
        assert!(!missing(&shop.migrate(&[])).contains(&"rollback-plan".to_owned()));
        write_migration(&shop.project, "0001_orders", &format!("{UP}-- more\n"), DOWN);
        let told = shop.migrate(&[]);
        assert!(missing(&told).contains(&"rollback-plan".to_owned()), "{told:?}");
        assert!(told.talk.contains("of other files"), "{told:?}");
        fs::remove_file(shop.project.path("migrations/0001_orders.down.sql")).unwrap();
        assert_eq!(shop.project.run(&["rehearse"]).code, 0);
        let told = shop.migrate(&[]);
        assert!(told.talk.contains("cannot be rolled back: 0001_orders"), "{told:?}");
    }
}

#[test]
fn checklists_are_configured_by_environment_and_operation() {
    for shop in Shop::both() {
        shop.configure("checklists = { migrate = [\"reviewed\"], rollback = [] }");
        assert_eq!(missing(&shop.migrate(&[])), ["reviewed"]);
        assert_eq!(shop.migrate(&["reviewed"]).code, 0);
        let told = shop.project.run(&["rollback", "--yes", "--confirm", &shop.name()]);
        assert_eq!(told.code, 0, "{told:?}");
        shop.configure("checklists = { migrate = [\"reviewd\"] }");
        let told = shop.migrate(&[]);
        assert!(told.code == 2 && told.talk.contains("Did you mean reviewed"), "{told:?}");
        shop.configure("off_peak = \"late\"");
        assert_eq!(shop.migrate(&[]).code, 2);
    }
}

#[test]
fn push_seed_and_reset_have_lists_of_their_own_too() {
    for project in Project::both() {
        project.schema("CREATE TABLE users (id integer PRIMARY KEY);\n");
        let lists = "[checklists]\nseed = []\nreset = []\npush = [\"can-afford-the-loss\"]";
        project.configure("checklists = { reset = [\"team-notified\"] }", lists);
        assert_eq!(project.run(&["push", "--yes"]).code, 0);
        project.execute("INSERT INTO users VALUES (7)");
        fs::create_dir_all(project.path("seeds")).unwrap();
        fs::write(project.path("seeds/users.csv"), "id\n8\n").unwrap();
        let told = project.run(&["seed", "--yes"]);
        assert_eq!(told.code, 0, "{told:?}");
        project.schema("CREATE TABLE other (name text);\n");
        let push = ["push", "--yes", "--no-renames"];
        let told = project.run(&push);
        assert_eq!(missing(&told), ["can-afford-the-loss"], "{told:?}");
        assert_eq!(project.query("SELECT count(*) FROM users"), "2");
        let told = project.run(&[&push[..], &["--ack", "can-afford-the-loss=a try"]].concat());
        assert_eq!(told.code, 0, "{told:?}");
        let told = project.run(&["reset", "--yes"]);
        assert_eq!(missing(&told), ["team-notified"], "{told:?}");
        let told = project.run(&["reset", "--yes", "--ack", "team-notified=I work alone"]);
        assert_eq!(told.code, 0, "{told:?}");
        let told = project.run(&["status", "--json"]).result;
        assert!(told.contains("a try") && told.contains("I work alone"), "{told}");
    }
}

#[test]
fn fresh_goes_through_the_lists_of_its_parts() {
    for project in Project::both() {
        project.schema("CREATE TABLE users (id integer PRIMARY KEY);\n");
        project
            .configure("", "[checklists]\nmigrate = [\"reviewed\"]\nreset = [\"team-notified\"]");
        assert_eq!(project.run(&["push", "--yes"]).code, 0);
        fs::create_dir_all(project.path("seeds")).unwrap();
        assert_eq!(missing(&project.run(&["fresh", "--yes"])), ["team-notified"]);
        let told = project.run(&["fresh", "--yes", "--ack", "team-notified=alone"]);
        assert_eq!(missing(&told), ["reviewed"], "{told:?}");
        let told = project.run(&["fresh", "--yes", "--ack", "team-notified=alone,reviewed"]);
        assert_eq!(told.code, 0, "{told:?}");
    }
}

#[test]
fn a_list_of_no_operation_and_an_item_of_another_list_are_refused() {
    let [project, _] = Project::both();
    for (list, fix) in [
        ("fresh = []", "reset, then setup, then seed"),
        ("psuh = []", "Did you mean push"),
        ("reset = [\"rebiuld\"]", "Did you mean rebuild"),
        ("seed = [\"tested-on-staging\"]", "environment, rows"),
    ] {
        project.configure("", &format!("[checklists]\n{list}"));
        let told = project.run(&["status"]);
        assert!(told.code == 2 && told.talk.contains(fix), "{told:?}");
        assert!(told.talk.contains("line 2"), "{told:?}");
    }
}
