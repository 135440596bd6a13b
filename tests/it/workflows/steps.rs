//! The walks of the ways that go from step to step: setting up, changing the schema, developing,
//! starting afresh, deploying, finding out what is wrong.

use std::fs;

use super::{Part, Walk};

pub const FIRST: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);\n";
pub const SECOND: &str =
    "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, born text);
CREATE TABLE orders (id integer PRIMARY KEY, buyer integer REFERENCES users (id));\n";

pub const PARTS: &[Part] = &[
    (
        "Initial setup",
        |walk| fs::remove_file(walk.project.path("dbstudio.toml")).unwrap(),
        &[
            ("install", |walk| {
                let told = walk.ends(0, &["--version"]);
                assert!(told.result.contains(env!("CARGO_PKG_VERSION")), "{told:?}");
            }),
            ("start a project", init),
            ("configure the environment", configured),
            ("set the database up", set_up),
            ("verify", verified),
        ],
    ),
    (
        "Schema change",
        |walk| begun(walk, FIRST),
        &[
            ("edit the schema", edited),
            ("generate a migration", generated),
            ("review its SQL", |walk| {
                let told = walk.ends(0, &["review"]);
                assert!(told.result.contains("0002"), "{told:?}");
            }),
            ("rehearse it", |walk| {
                let told = walk.ends(0, &["rehearse", "--json"]);
                assert!(told.json()["passed"] == true, "{told:?}");
            }),
            ("apply it", applied),
            ("it is in the history", in_history),
            ("verify", verified_second),
        ],
    ),
    (
        "Quick development",
        |_| (),
        &[
            ("edit the schema", |walk| walk.project.schema(FIRST)),
            ("push", |walk| {
                assert_eq!(walk.run(&["push"]).code, 4);
                walk.ends(0, &["push", "--yes"]);
                assert_eq!(walk.tables(), "users");
                assert_eq!(walk.project.files("migrations"), [""; 0]);
            }),
            ("view the changes", viewed),
            ("test them", |walk| {
                walk.project.execute("INSERT INTO users (id, name) VALUES (1, 'Ada')")
            }),
            ("iterate", iterated),
        ],
    ),
    (
        "Reset and refresh",
        |walk| {
            begun(walk, FIRST);
            seeds(walk);
        },
        &[("full reset", fresh), ("partial reset", partial), ("sample data", seeded)],
    ),
    (
        "Production deployment",
        super::safety::deployed,
        &[
            ("change the schema, generate", |walk| {
                edited(walk);
                generated(walk);
            }),
            ("test locally", |walk| {
                applied(walk);
                walk.ends(0, &["status"]);
            }),
            ("commit and push", |walk| {
                let files = walk.project.files("migrations");
                assert!(files.iter().any(|name| name.starts_with("0002")), "{files:?}");
            }),
            ("check in CI", |walk| drop(walk.ends(0, &["check"]))),
            ("pull on the server", super::safety::pulled),
            ("back up", super::safety::backed_up),
            ("apply", super::safety::migrated),
            ("verify", super::safety::verified),
            ("take it back", super::safety::rolled_back),
        ],
    ),
    (
        "Troubleshooting",
        |walk| walk.project.schema(FIRST),
        &[
            (
                "is the connection right, is it running, are there tables, is the data sound?",
                |walk| {
                    let told = walk.ends(3, &["doctor"]);
                    assert!(told.result.contains("dbstudio setup"), "{told:?}");
                },
            ),
            ("no connection: is it running, is the URL right, is the port open?", unreachable_one),
            ("no tables", |walk| {
                walk.ends(0, &["setup", "--yes"]);
                assert_eq!(walk.tables(), "users");
            }),
            ("look at the data", |walk| {
                walk.project.execute("INSERT INTO users (id, name) VALUES (1, 'Ada')");
                let mut studio = walk.studio();
                studio.keys("/users<enter><enter>");
                assert!(studio.screen().contains("Ada"), "{}", studio.screen());
            }),
            ("bring a backup back", restored),
            ("start afresh, last", |walk| {
                seeds(walk);
                fresh(walk);
            }),
            ("all good", |walk| {
                walk.ends(0, &["doctor"]);
                walk.ends(0, &["status"]);
            }),
        ],
    ),
];

/// The schema is set up in the development database.
pub fn begun(walk: &Walk, schema: &str) {
    walk.project.schema(schema);
    walk.ends(0, &["setup", "--yes"]);
}

/// The seeds: one file.
pub fn seeds(walk: &Walk) {
    fs::create_dir_all(walk.project.path("seeds")).unwrap();
    fs::write(walk.project.path("seeds/users.csv"), "id,name\n1,Ada\n2,Bo\n").unwrap();
}

fn init(walk: &Walk) {
    walk.ends(0, &["init"]);
    for name in ["dbstudio.toml", "schema.sql", "migrations", "seeds"] {
        assert!(walk.project.path(name).exists(), "{name}");
    }
}

fn configured(walk: &Walk) {
    let file = walk.project.path("dbstudio.toml");
    let required = "required_env = [\"DATABASE_URL: url\", \"TOKEN_VAULT_ENCRYPTION_KEY: base64 \
                    of 32 bytes\", \"TOKEN_VAULT_STORAGE: one of postgres, sqlite\"]";
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{required}\n{text}")).unwrap();
    let mut variables = format!("DATABASE_URL={}\n", walk.url());
    fs::write(walk.project.path(".env.local"), &variables).unwrap();
    let told = walk.ends(3, &["status", "--json"]);
    let states = |told: &crate::verbs::Told| {
        let json = told.json();
        let all = json["required"].as_array().unwrap().iter();
        all.map(|one| one["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(states(&told), ["met", "missing", "missing"]);
    let key = format!("{}A=", "A".repeat(42));
    variables
        .push_str(&format!("TOKEN_VAULT_ENCRYPTION_KEY={key}\nTOKEN_VAULT_STORAGE=postgres\n"));
    fs::write(walk.project.path(".env.local"), &variables).unwrap();
    let told = walk.ends(0, &["status", "--json"]);
    assert_eq!(states(&told), ["met"; 3]);
    assert!(!told.result.contains(&key), "{told:?}");
}

fn set_up(walk: &Walk) {
    walk.project.schema(FIRST);
    assert_eq!(walk.ends(4, &["setup"]).result, "");
    walk.ends(0, &["setup", "--yes"]);
    assert_eq!(walk.project.files("migrations").len(), 2);
    assert_eq!(walk.tables(), "users");
    assert_eq!(walk.project.applied(), "1");
}

fn verified(walk: &Walk) {
    let told = walk.ends(0, &["status", "--verbose", "--json"]).json();
    let users = &told["relations"].as_array().unwrap().iter();
    let users = users.clone().find(|one| one["name"] == "users").unwrap();
    assert_eq!((&users["column_count"], &users["rows"]), (&2.into(), &0.into()), "{told}");
    assert_eq!(users["columns"][1]["name"], "name", "{told}");
}

pub fn edited(walk: &Walk) {
    walk.project.schema(SECOND);
}

pub fn generated(walk: &Walk) {
    walk.ends(3, &["generate", "--check"]);
    walk.ends(0, &["generate", "--yes"]);
    walk.ends(0, &["generate", "--check"]);
    let files = walk.project.files("migrations");
    assert_eq!(files.len(), 4, "{files:?}");
    let up = walk.project.path("migrations").join(&files[3]);
    assert!(fs::read_to_string(up).unwrap().contains("orders"), "{files:?}");
}

pub fn applied(walk: &Walk) {
    assert_eq!(walk.run(&["migrate"]).code, 4);
    assert_eq!(walk.project.applied(), "1");
    walk.ends(0, &["migrate", "--yes"]);
    assert_eq!(walk.project.applied(), "1 2");
    assert_eq!(walk.project.query("SELECT count(born) FROM users"), "0");
}

pub fn in_history(walk: &Walk) {
    let told = walk.ends(0, &["status", "--json"]).json();
    let migrations = &told["migrations"];
    assert_eq!((&migrations["applied"], &migrations["pending"]), (&2.into(), &0.into()), "{told}");
    assert!(migrations["last"]["name"].as_str().unwrap().starts_with("0002"), "{told}");
    assert!(migrations["last"]["by"].is_string(), "{told}");
}

pub fn verified_second(walk: &Walk) {
    let told = walk.ends(0, &["status", "--json"]).json();
    let named =
        |name: &str| told["relations"].as_array().unwrap().iter().any(|one| one["name"] == name);
    assert!(named("orders") && named("users"), "{told}");
    assert_eq!(walk.project.run(&["check"]).code, 0);
}

pub fn viewed(walk: &Walk) {
    let mut studio = walk.studio();
    assert!(studio.screen().contains("users"), "{}", studio.screen());
    studio.keys("/users<enter>2<enter>");
    assert!(studio.screen().contains("Primary key"), "{}", studio.screen());
}

pub fn iterated(walk: &Walk) {
    edited(walk);
    walk.ends(0, &["push", "--yes"]);
    assert_eq!(walk.project.query("SELECT name FROM users WHERE born IS NULL"), "Ada");
    assert_eq!(walk.tables(), "orders users");
    assert_eq!(walk.project.files("migrations"), [""; 0]);
}

pub fn fresh(walk: &Walk) {
    let drop_all = "DELETE FROM users; INSERT INTO users (id, name) VALUES (9, 'Eve')";
    walk.project.execute(drop_all);
    assert_eq!(walk.run(&["fresh"]).code, 4);
    let told = walk.ends(4, &["fresh", "--yes"]);
    assert!(told.talk.contains("checklist"), "{told:?}");
    assert_eq!(walk.project.query("SELECT name FROM users"), "Eve");
    walk.ends(0, &["fresh", "--yes", "--ack", "all"]);
    assert_eq!(walk.project.query("SELECT name FROM users ORDER BY id"), "Ada\nBo");
    assert_eq!(walk.project.applied(), "1");
}

fn partial(walk: &Walk) {
    walk.ends(0, &["reset", "--yes", "--ack", "all"]);
    assert_eq!(walk.tables(), "");
    walk.ends(0, &["setup", "--yes"]);
    assert_eq!(walk.project.query("SELECT count(*) FROM users"), "0");
}

pub fn seeded(walk: &Walk) {
    assert_eq!(walk.run(&["seed"]).code, 4);
    walk.ends(0, &["seed", "--yes", "--ack", "all"]);
    assert_eq!(walk.project.query("SELECT name FROM users ORDER BY id"), "Ada\nBo");
}

fn unreachable_one(walk: &Walk) {
    let (other, words) = match walk.is_sqlite() {
        true => (format!("{}-gone", walk.url()), "cannot be found"),
        false => (format!("{}_gone", walk.url()), "createdb"),
    };
    let told = walk.ends(3, &["doctor", &other]);
    assert!(told.result.contains(words), "{told:?}");
}

pub fn restored(walk: &Walk) {
    walk.ends(0, &["backup"]);
    walk.project.execute("DELETE FROM users");
    assert_eq!(walk.run(&["restore"]).code, 4);
    walk.ends(0, &["restore", "--yes", "--drop-old"]);
    assert_eq!(walk.project.query("SELECT name FROM users"), "Ada");
}
