//! Which database is opened, and how careful dbstudio is with it.

use super::Machine;

const SHOP: &str = r#"
[environments.development]
url = "postgres://dev@localhost:5432/shop"
[environments.staging]
url = "postgres://app@staging.example.com/shop"
protection = "staging"
[environments.production]
url = "postgres://app@db.example.com/shop"
"#;

const SETTINGS: &str = r#"
[connections.reports]
url = "postgres://ada@reports.example.com/warehouse"
protection = "staging"
"#;

#[test]
fn what_is_asked_for_wins_over_variables_which_win_over_files() {
    let shop = || Machine::new().project(SHOP).settings(SETTINGS);
    let cases = [
        (Machine::new(), "none"),
        (
            shop(),
            "postgres://dev@localhost:5432/shop development development Environment(\"development\")",
        ),
        (
            shop().variable("DATABASE_URL", "postgres://u@elsewhere/x"),
            "postgres://u@elsewhere:5432/x - production Variable(\"DATABASE_URL\")",
        ),
        (
            shop().variable("DATABASE_URL", "postgres://u@elsewhere/x").environment("staging"),
            "postgres://app@staging.example.com:5432/shop staging staging Environment(\"staging\")",
        ),
        (
            shop().variable("DATABASE_URL", "postgres://u@elsewhere/x").typed("sqlite:/a/b.db"),
            "sqlite:/a/b.db - development Flag",
        ),
        (
            shop().typed("reports"),
            "postgres://ada@reports.example.com:5432/warehouse reports staging Saved(\"reports\")",
        ),
        (
            shop().environment("reports"),
            "postgres://ada@reports.example.com:5432/warehouse reports staging Saved(\"reports\")",
        ),
        (
            shop().typed("production"),
            "postgres://app@db.example.com:5432/shop production production Environment(\"production\")",
        ),
        (
            shop().variable("PGHOST", "pg.example.com").variable("PGUSER", "u"),
            "postgres://dev@localhost:5432/shop development development Environment(\"development\")",
        ),
        (
            Machine::new().variable("PGHOST", "pg.example.com").variable("PGUSER", "u"),
            "postgres://u@pg.example.com:5432/u - production Variable(\"PGHOST\")",
        ),
        (
            Machine::new()
                .project("")
                .file("project/.env", "DATABASE_URL=sqlite:a.db\nX=1")
                .file("project/.env.local", "DATABASE_URL=sqlite:local.db"),
            "sqlite:~/project/local.db - development Variable(\"DATABASE_URL\")",
        ),
        (
            Machine::new()
                .project("")
                .file("project/.env", "DATABASE_URL=sqlite:a.db")
                .variable("DATABASE_URL", ""),
            "none",
        ),
    ];
    for (machine, expected) in cases {
        assert_eq!(machine.line(), expected, "{:?}", machine.flags);
    }
}

#[test]
fn without_a_project_the_working_folders_variables_count() {
    let machine = Machine::new().file("project/deep/.env", "DATABASE_URL=sqlite:a.db");
    let expected = "sqlite:~/project/deep/a.db - development Variable(\"DATABASE_URL\")";
    assert_eq!(machine.line(), expected);
}

#[test]
fn the_default_environment_is_the_one_named_the_only_one_or_development() {
    let two =
        "[environments.a]\nurl = \"sqlite:/a.db\"\n[environments.b]\nurl = \"sqlite:/b.db\"\n";
    let cases = [
        (two.to_owned(), "none"),
        (
            format!("default_environment = \"b\"\n{two}"),
            "sqlite:/b.db b development Environment(\"b\")",
        ),
        (
            format!("default_environment = \"${{STAGE:-a}}\"\n{two}"),
            "sqlite:/a.db a development Environment(\"a\")",
        ),
        (
            "[environments.a]\nurl = \"a.db\"".into(),
            "sqlite:~/project/a.db a development Environment(\"a\")",
        ),
        (
            format!("default_environment = \"development\"\n{two}"),
            "The file ~/project/dbstudio.toml cannot be used\nline 1, column 23: there is no environment \"development\"\nKnown here: a, b.",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(Machine::new().project(&text).line(), expected, "{text}");
    }
}

#[test]
fn an_address_takes_the_protection_of_the_environment_it_leads_to() {
    let production = |url: &str| {
        let text = format!("[environments.live]\nurl = \"{url}\"\nprotection = \"production\"\n");
        Machine::new().project(&text)
    };
    let live = "postgres://app:secret@localhost:6543/shop";
    // However it is written, whoever logs in: a tunnel to production stays production.
    for typed in [
        "postgres://localhost:6543/shop?user=me",
        "postgresql://me:pw@127.0.0.1:6543/shop?sslmode=disable",
        "postgres://me@[::1]:6543/shop",
        "postgres://me@LOCALHOST:6543/sho%70",
        "host=localhost port=6543 dbname=shop user=me",
        "postgres://me@/shop?host=/var/run/postgresql&port=6543",
    ] {
        let target = production(live).typed(typed).target().unwrap().unwrap();
        assert_eq!(target.name.as_deref(), Some("live"), "{typed}");
        assert_eq!(target.protection.word(), "production", "{typed}");
    }
    for other in ["postgres://me@localhost:5432/shop", "postgres://me@localhost:6543/other"] {
        let target = production(live).typed(other).target().unwrap().unwrap();
        assert_eq!((target.name, target.protection.word()), (None, "development"), "{other}");
    }
    // A missing password does not hide where the environment is.
    let machine = production("postgres://app:${NOT_SET}@localhost:6543/shop");
    let target = machine.typed("postgres://me@localhost:6543/shop").target().unwrap().unwrap();
    assert_eq!(target.protection.word(), "production");
    // A SQLite file is the same by any path to it.
    let machine = production("shop.db").file("project/shop.db", "");
    let target = machine.typed("../deep/../shop.db").target().unwrap().unwrap();
    assert_eq!(target.protection.word(), "production");
    let machine = production("postgres://app@DB.example.com./shop");
    let machine = machine.variable("DATABASE_URL", "postgres://db.example.com/shop?user=x");
    assert_eq!(machine.target().unwrap().unwrap().name.as_deref(), Some("live"));
}

#[test]
fn of_two_environments_for_one_database_the_strictest_counts() {
    let text = r#"
[environments.development]
url = "${DATABASE_URL}"
protection = "development"
statement_timeout = 5
[environments.production]
url = "postgres://app@db.example.com/shop"
protection = "production"
statement_timeout = 9
"#;
    let machine = || {
        Machine::new().project(text).variable("DATABASE_URL", "postgres://u@db.example.com/shop")
    };
    let expected =
        "postgres://u@db.example.com:5432/shop production production Variable(\"DATABASE_URL\")";
    assert_eq!(machine().line(), expected);
    let asked = machine().environment("development");
    let expected =
        "postgres://u@db.example.com:5432/shop development production Environment(\"development\")";
    assert_eq!(asked.line(), expected);
    let warnings = asked.config().unwrap().warnings().to_vec();
    assert_eq!(
        warnings,
        [
            "[environments.development] and [environments.production] are the same database: both are treated as production"
        ]
    );
}

#[test]
fn without_protection_only_this_machine_is_development() {
    for (url, protection) in [
        ("postgres://u@localhost/x", "development"),
        ("postgres://u@127.8.9.10/x", "development"),
        ("postgres://u@[::1]/x", "development"),
        ("postgres://u@/x?host=/run/elsewhere", "development"),
        ("sqlite::memory:", "development"),
        ("/srv/x.sqlite3", "development"),
        ("postgres://u@10.0.0.1/x", "production"),
        ("postgres://u@localhost.example.com/x", "production"),
        ("postgres://u@128.0.0.1/x", "production"),
        ("postgres://u@db/x", "production"),
    ] {
        let target = Machine::new().typed(url).target().unwrap().unwrap();
        assert_eq!(target.protection.word(), protection, "{url}");
    }
}

#[test]
fn sessions_are_set_up_as_written_then_as_the_address_says_then_by_default() {
    let text = r#"
[environments.a]
url = "postgres://u@h/x?connect_timeout=3&pgbouncer=true"
connect_timeout = "1500ms"
statement_timeout = "2min"
time_zone = "UTC"
transaction_pooler = false
read_only = true
[environments.b]
url = "postgres://u@h/y?connect_timeout=3&pgbouncer=true"
statement_timeout = 0
"#;
    let machine = Machine::new().project(text).variable("PGTZ", "Asia/Tokyo");
    let config = machine.config().unwrap();
    let a = config.resolve("a").unwrap();
    assert_eq!(a.session.connect_timeout.as_millis(), 1500);
    assert_eq!(a.session.statement_timeout.unwrap().as_secs(), 120);
    assert_eq!(a.session.time_zone.as_deref(), Some("UTC"));
    assert_eq!(a.session.transaction_pooler, Some(false));
    assert!(a.read_only);
    let b = config.resolve("b").unwrap();
    assert_eq!(b.session.connect_timeout.as_secs(), 3);
    assert_eq!(b.session.statement_timeout, None);
    assert_eq!(b.session.time_zone.as_deref(), Some("Asia/Tokyo"));
    assert_eq!(b.session.transaction_pooler, Some(true));
    assert!(!b.read_only);
    let plain = config.resolve("postgres://u@h/z").unwrap();
    assert_eq!(plain.session.connect_timeout.as_secs(), 10);
    assert_eq!(plain.session.transaction_pooler, None);
    let mut flags = machine.flags.clone();
    (flags.read_only, flags.environment) = (true, Some("b".into()));
    assert!(config.target(&flags).unwrap().unwrap().read_only);
}

#[test]
fn what_names_no_database_is_told_with_what_would() {
    let shop = || Machine::new().project(SHOP).settings(SETTINGS);
    let mut two = shop().typed("x.db");
    two.flags.url = Some("y.db".into());
    let cases = [
        (
            shop().typed("stagin"),
            "There is no database \"stagin\"\nit is not an address, there is no such file, and no such name (environments: development, staging, production; saved connections: reports)\nDid you mean staging? Write postgres://user@host:5432/database, sqlite:file.db, or the path of a SQLite file",
        ),
        (
            Machine::new().typed("shop"),
            "There is no database \"shop\"\nit is not an address, there is no such file, and no such name (environments: none; saved connections: none)\nWrite postgres://user@host:5432/database, sqlite:file.db, or the path of a SQLite file",
        ),
        (
            shop().environment("prod"),
            "There is no environment \"prod\"\nneither ~/project/dbstudio.toml nor your own settings have one\nDid you mean production?",
        ),
        (
            Machine::new().environment("prod"),
            "There is no environment \"prod\"\nthere is no dbstudio.toml here or above\nAdd a table [environments.NAME] to dbstudio.toml, or give an address",
        ),
        (
            shop().typed(".."),
            "The address given cannot be used\n~/project/deep/.. is a folder\nName the database's file in it",
        ),
        (
            shop().variable("DATABASE_URL", "mysql://root:hunter2@localhost/x"),
            "The address in DATABASE_URL cannot be used\ndbstudio does not open mysql databases\nWrite postgres://user@host:5432/database, sqlite:file.db, or the path of a SQLite file",
        ),
        (
            two,
            "Two databases were asked for\nthe argument and --url each name one\nGive only one of them",
        ),
        (
            Machine::new().project("[environments.live]\nurl = \"${LIVE_URL}\""),
            "The variable LIVE_URL is not set\nurl of [environments.live] needs it: ~/project/dbstudio.toml, line 2\nSet it in the shell (export LIVE_URL=…) or write a line LIVE_URL=… into ~/project/.env.local, or give a default as ${LIVE_URL:-…}",
        ),
        (
            Machine::new().project("[environments.live]\nurl = \"postgres://u:p@h:port/x\""),
            "The address of [environments.live] (~/project/dbstudio.toml, line 2) cannot be used\nits port is not a number from 1 to 65535\nCorrect it; if your password has a : / @ ? or #, write them as %3A %2F %40 %3F %23",
        ),
    ];
    for (machine, expected) in cases {
        assert_eq!(machine.line(), expected, "{:?}", machine.flags);
    }
}

#[test]
fn masks_fall_on_the_schema_of_the_engine() {
    let text = "masked = ['users.Token', 'auth.sessions.\"a.b\"']";
    let config = Machine::new().project(text).settings("masked = ['more.x']").config().unwrap();
    let postgres = config.resolve("postgres://u@localhost/x").unwrap();
    assert!(postgres.masks("public", "users", "token"));
    assert!(postgres.masks("auth", "sessions", "a.b"));
    assert!(postgres.masks("public", "more", "x"));
    assert!(
        !postgres.masks("other", "users", "token") && !postgres.masks("public", "users", "name")
    );
    assert!(config.resolve("x.db").unwrap().masks("main", "users", "token"));
}

#[test]
fn every_database_can_be_chosen_and_opened() {
    let text =
        format!("{SHOP}\n[environments.later]\nurl = \"${{LATER}}\"\nprotection = \"staging\"");
    let machine = Machine::new().project(&text).settings(SETTINGS);
    let config = machine.config().unwrap();
    for typed in [
        "postgres://me:hunter2@db.example.com/shop",
        "postgres://me:hunter2@old/x?sslmode=require",
        "/a/b.db",
    ] {
        config.remember(&config.resolve(typed).unwrap()).unwrap();
    }
    let choices = config.choices();
    let lines: Vec<_> = choices
        .iter()
        .map(|choice| format!("{} {} {}", choice.name, choice.address, choice.protection.word()))
        .collect();
    assert_eq!(
        lines,
        [
            "development postgres://dev@localhost:5432/shop development",
            "staging postgres://app@staging.example.com:5432/shop staging",
            "production postgres://app@db.example.com:5432/shop production",
            "later The variable LATER is not set staging",
            "reports postgres://ada@reports.example.com:5432/warehouse staging",
            "b.db sqlite:/a/b.db development",
            "x postgres://me@old:5432/x?sslmode=require production",
        ]
    );
    for choice in &choices {
        match (&choice.obstacle, config.open(choice)) {
            (None, Ok(target)) => {
                assert_eq!(target.origin, choice.origin);
                assert_eq!(target.protection, choice.protection);
            }
            (Some(obstacle), Err(problem)) => assert_eq!(*obstacle, problem.to_string()),
            (obstacle, opened) => panic!("{choice:?}: {obstacle:?}, {opened:?}"),
        }
    }
}
