//! The walks of what is decided and made sure of: which command, in which environment, before a
//! migration in production, a reset, a push; and the commands in short.

use std::fs;

use super::steps::{
    FIRST, SECOND, applied, begun, edited, fresh, generated, in_history, seeded, seeds,
    verified_second, viewed,
};
use super::{Part, Walk};

const REVIEWED: &str = "reviewed";

pub const PARTS: &[Part] = &[
    (
        "Which command?",
        |walk| walk.project.schema(FIRST),
        &[
            ("first time", |walk| {
                walk.ends(0, &["setup", "--yes"]);
                assert_eq!(
                    (walk.tables().as_str(), walk.project.applied().as_str()),
                    ("users", "1")
                );
            }),
            ("the schema changed, in production or staging", |walk| {
                edited(walk);
                generated(walk);
                walk.ends(0, &["migrate", "--yes", "-e", "staging"]);
                assert_eq!(walk.ask("staging", "SELECT count(*) FROM orders"), "0");
            }),
            ("the schema changed, in development, quickly", |walk| {
                walk.ends(0, &["push", "--yes"]);
                assert_eq!(walk.tables(), "orders users");
            }),
            ("the schema changed, in development, properly", |walk| {
                walk.project.execute("DROP TABLE orders");
                walk.project.execute("ALTER TABLE users DROP COLUMN born");
                walk.ends(0, &["generate", "--yes"]);
                applied(walk);
            }),
            ("check the database", in_history),
            ("browse and edit rows", browsed),
            ("add sample data", |walk| {
                walk.project.execute("DELETE FROM users");
                seeds(walk);
                seeded(walk);
            }),
            ("start fresh", |walk| {
                walk.ends(0, &["fresh", "--yes", "--ack", "all"]);
                assert_eq!(walk.project.query("SELECT count(*) FROM users"), "2");
            }),
            ("something is broken", |walk| {
                walk.ends(0, &["doctor"]);
                walk.ends(0, &["status"]);
                viewed(walk);
                walk.ends(0, &["fresh", "--yes", "--ack", "all"]);
                assert_eq!(walk.project.query("SELECT count(*) FROM users"), "2");
            }),
        ],
    ),
    (
        "By environment",
        deployed,
        &[
            ("development: edit, push, test, again", |walk| {
                edited(walk);
                walk.ends(0, &["push", "--yes"]);
                walk.project.execute("INSERT INTO orders VALUES (1, NULL)");
                viewed(walk);
                assert_eq!(walk.run(&["push", "--yes", "-e", "staging"]).code, 4);
            }),
            ("staging: edit, generate, review, migrate, verify", |walk| {
                generated(walk);
                walk.ends(0, &["review"]);
                walk.ends(0, &["migrate", "-e", "staging", "--yes"]);
                let told = walk.ends(0, &["status", "-e", "staging", "--json"]).json();
                assert_eq!(told["migrations"]["pending"], 0, "{told}");
            }),
            ("production: what staging has tested, migrate, verify", |walk| {
                backed_up(walk);
                migrated(walk);
                verified(walk);
            }),
            ("production: roll back", rolled_back),
        ],
    ),
    (
        "A migration's life",
        |walk| begun(walk, FIRST),
        &[
            ("the schema changes, a migration is generated", |walk| {
                edited(walk);
                generated(walk);
            }),
            ("its SQL is reviewed", |walk| {
                let told = walk.ends(0, &["review", "--json"]).json();
                let name = told["migrations"][0]["name"].as_str().unwrap();
                assert!(name.starts_with("0002"), "{told}");
            }),
            ("it is applied", applied),
            ("the history has it", in_history),
            ("its changes are verified", |walk| {
                verified_second(walk);
                walk.ends(0, &["check"]);
            }),
        ],
    ),
    (
        "Before a migration in production",
        |walk| {
            deployed(walk);
            edited(walk);
            generated(walk);
        },
        &[
            ("tested on staging", |walk| {
                assert!(open(walk, &[]).contains(&"tested-on-staging".to_owned()));
                walk.ends(0, &["migrate", "-e", "staging", "--yes"]);
                assert!(!open(walk, &[]).contains(&"tested-on-staging".to_owned()));
            }),
            (REVIEWED, |walk| {
                walk.ends(0, &["review"]);
                assert!(open(walk, &[]).contains(&REVIEWED.to_owned()));
                assert!(!open(walk, &[REVIEWED]).contains(&REVIEWED.to_owned()));
            }),
            ("backup created", |walk| {
                assert!(open(walk, &[]).contains(&"backup".to_owned()));
                walk.ends(0, &["backup", "-e", "production"]);
                assert!(!open(walk, &[]).contains(&"backup".to_owned()));
            }),
            ("rollback plan ready", |walk| {
                assert!(open(walk, &[]).contains(&"rollback-plan".to_owned()));
                walk.ends(0, &["rehearse", "-e", "production"]);
                assert!(!open(walk, &[]).contains(&"rollback-plan".to_owned()));
            }),
            ("off-peak hours", |walk| {
                assert_eq!(open(walk, &[REVIEWED]), ["off-peak", "team-notified"]);
                walk.configure("", "off_peak = \"00:00-24:00\"");
                assert_eq!(open(walk, &[REVIEWED]), ["team-notified"]);
            }),
            ("team notified", |walk| {
                walk.configure("", "off_peak = \"00:00-24:00\"\nnotify = \"env > told\"");
                let name = walk.name("production");
                let acks = ["--ack", REVIEWED, "--confirm", &name];
                walk.ends(0, &[&["migrate", "-e", "production"][..], &acks].concat());
                assert!(fs::read_to_string(walk.project.path("told")).unwrap().contains("0002"));
                assert_eq!(walk.ask("production", "SELECT count(*) FROM orders"), "0");
            }),
        ],
    ),
    (
        "Before a reset",
        |walk| {
            begun(walk, FIRST);
            walk.project.execute("INSERT INTO users VALUES (1, 'Ada')");
        },
        &[
            ("it is not production", |walk| {
                let told = walk.ends(4, &["reset", "-e", "production", "--yes", "--ack", "all"]);
                assert!(told.talk.contains("production"), "{told:?}");
            }),
            ("backup created, if needed", |walk| {
                assert_eq!(asked(walk, "reset", &[]), ["backup", "team-notified"]);
                walk.ends(0, &["backup"]);
                assert_eq!(asked(walk, "reset", &[]), ["team-notified"]);
            }),
            ("team notified", |walk| {
                assert_eq!(asked(walk, "reset", &[]), ["team-notified"]);
            }),
            ("ready to rebuild", |walk| {
                let broken = walk.project.path("migrations/0002_broken.up.sql");
                fs::write(&broken, "CREATE TABLE users (id integer);\n").unwrap();
                assert_eq!(asked(walk, "reset", &["team-notified"]), ["rebuild"]);
                fs::remove_file(broken).unwrap();
                walk.ends(0, &["reset", "--yes", "--ack", "team-notified"]);
                assert_eq!(walk.tables(), "");
            }),
        ],
    ),
    (
        "Before a push",
        |walk| {
            walk.project.schema(SECOND);
            walk.ends(0, &["push", "--yes"]);
            walk.project.execute("INSERT INTO users VALUES (1, 'Ada', '1815')");
            walk.project.schema(FIRST);
        },
        &[
            ("development only", |walk| {
                for environment in ["staging", "production"] {
                    walk.ends(4, &["push", "--yes", "--ack", "all", "-e", environment]);
                }
            }),
            ("no important data", |walk| {
                let open = asked(walk, "push", &["can-afford-the-loss"]);
                assert_eq!(open, ["no-important-data"]);
            }),
            ("can afford the loss", |walk| {
                let open = asked(walk, "push", &["no-important-data"]);
                assert_eq!(open, ["can-afford-the-loss"]);
                let acks = "no-important-data,can-afford-the-loss";
                walk.ends(0, &["push", "--yes", "--no-renames", "--ack", acks]);
                assert_eq!(walk.tables(), "users");
            }),
        ],
    ),
    (
        "In short",
        |walk| {
            walk.project.schema(FIRST);
            seeds(walk);
        },
        &[
            ("setup", |walk| drop(walk.ends(0, &["setup", "--yes"]))),
            ("status", |walk| {
                let told = walk.ends(0, &["status"]);
                assert!(told.result.contains("users"), "{told:?}");
            }),
            ("GUI", viewed),
            ("generate", |walk| {
                edited(walk);
                generated(walk);
            }),
            ("migrate", applied),
            ("push, in development", |walk| {
                walk.project.schema(&format!("{SECOND}CREATE TABLE more (id integer);\n"));
                walk.ends(0, &["push", "--yes"]);
                assert_eq!(walk.tables(), "more orders users");
                edited(walk);
                walk.project.execute("DROP TABLE more");
            }),
            ("reset", |walk| {
                fs::remove_dir_all(walk.project.path("migrations")).unwrap();
                walk.project.schema(FIRST);
                fresh(walk);
            }),
        ],
    ),
];

/// The first schema is in all three environments.
pub fn deployed(walk: &Walk) {
    begun(walk, FIRST);
    walk.ends(0, &["migrate", "-e", "staging", "--yes"]);
    let name = walk.name("production");
    walk.configure("", "checklists = { migrate = [] }");
    walk.ends(0, &["migrate", "-e", "production", "--confirm", &name]);
    walk.configure("", "");
}

pub fn pulled(walk: &Walk) {
    let told = walk.ends(0, &["status", "-e", "production", "--json"]).json();
    assert_eq!(told["migrations"]["pending"], 1, "{told}");
}

pub fn backed_up(walk: &Walk) {
    walk.ends(0, &["backup", "-e", "production"]);
    let listed = walk.run(&["backup", "-e", "production", "--list", "--json"]).json();
    assert_eq!(listed["backups"].as_array().unwrap().len(), 1, "{listed}");
    walk.ends(0, &["backup", "--yes", "-e", "production"]);
}

/// The items that a command asks for still.
fn listed(told: &crate::verbs::Told) -> Vec<String> {
    assert_eq!(told.code, 4, "{told:?}");
    let (_, acks) = told.talk.split_once("--ack ").unwrap_or_default();
    let acks = acks.lines().next().unwrap_or_default();
    let acks = acks.split("--ack ").flat_map(|ack| ack.split(','));
    let name = |ack: &str| ack.trim().trim_matches('"').split('=').next().unwrap().to_owned();
    acks.map(name).collect()
}

/// The items that are open before a migration in production.
fn open(walk: &Walk, acks: &[&str]) -> Vec<String> {
    let name = walk.name("production");
    let mut arguments = vec!["migrate", "-e", "production", "--confirm", &name];
    acks.iter().for_each(|ack| arguments.extend(["--ack", ack]));
    listed(&walk.run(&arguments))
}

/// The items that a reset or a push asks for.
fn asked(walk: &Walk, command: &str, acks: &[&str]) -> Vec<String> {
    let mut arguments = vec![command, "--yes"];
    if command == "push" {
        arguments.push("--no-renames");
    }
    acks.iter().for_each(|ack| arguments.extend(["--ack", ack]));
    listed(&walk.run(&arguments))
}

pub fn migrated(walk: &Walk) {
    let told = walk.run(&["migrate", "-e", "production", "--yes", "--ack", "all"]);
    assert_eq!(told.code, 4, "{told:?}");
    walk.ends(0, &["migrate", "-e", "staging", "--yes"]);
    walk.ends(0, &["rehearse", "-e", "production"]);
    let name = walk.name("production");
    walk.ends(
        0,
        &[
            "migrate",
            "-e",
            "production",
            "--confirm",
            &name,
            "--ack",
            "reviewed,team-notified",
            "--ack",
            "off-peak=it is night",
        ],
    );
    assert_eq!(walk.ask("production", "SELECT count(*) FROM orders"), "0");
}

pub fn verified(walk: &Walk) {
    let told = walk.ends(0, &["status", "-e", "production", "--json"]).json();
    assert_eq!(told["migrations"]["pending"], 0, "{told}");
    walk.ends(0, &["check", "-e", "production"]);
}

pub fn rolled_back(walk: &Walk) {
    assert_eq!(walk.run(&["rollback", "-e", "production", "--yes"]).code, 4);
    walk.configure("", "checklists = { rollback = [] }");
    let name = walk.name("production");
    walk.ends(0, &["rollback", "-e", "production", "--confirm", &name]);
    let told = walk.ends(0, &["status", "-e", "production", "--json"]).json();
    assert_eq!(told["migrations"]["pending"], 1, "{told}");
    assert_eq!(walk.ask("production", "SELECT count(*) FROM users"), "0");
}

fn browsed(walk: &Walk) {
    walk.project.execute("INSERT INTO users (id, name) VALUES (1, 'Ada')");
    let mut studio = walk.studio();
    studio.keys("/users<enter><enter>");
    assert!(studio.screen().contains("Ada"), "{}", studio.screen());
    studio.keys("le");
    studio.paste("x");
    studio.keys("<enter><ctrl+s>");
    assert!(studio.screen().contains("UPDATE"), "{}", studio.screen());
    studio.keys("a");
    assert!(walk.project.query("SELECT name FROM users WHERE id = 1").contains('x'));
}
