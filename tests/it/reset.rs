//! `reset` as scripts and people meet it, on both engines: what it says beforehand, what it takes
//! with it and what it leaves, whom it refuses, and what is there after it was killed, stopped, or
//! raced by another.

use std::process::Stdio;

use serde_json::Value;

use crate::server;
use crate::verbs::{Database, Project, Told};

const SCHEMA: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id integer PRIMARY KEY, buyer integer REFERENCES users (id));
CREATE INDEX orders_buyer ON orders (buyer);
CREATE VIEW buyers AS SELECT u.name FROM users u JOIN orders o ON o.buyer = u.id;\n";

/// A project whose schema is in its database, with a migration, rows and a history.
fn filled(project: &Project) {
    project.schema(SCHEMA);
    assert_eq!(project.run(&["generate", "--yes"]).code, 0);
    let told = project.run(&["push", "--yes", "--ack", "all"]);
    assert_eq!(told.code, 0, "{told:?}");
    project.execute(
        "INSERT INTO users VALUES (1, 'Ada'), (2, 'Bo'); INSERT INTO orders VALUES (1, 1);
         CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY);
         INSERT INTO _sqlx_migrations VALUES (1)",
    );
}

/// How many relations of the project's are in the database.
fn relations(project: &Project) -> String {
    project.query(match project.database {
        Database::Postgres(_) => {
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        }
        Database::Sqlite(_) => {
            "SELECT count(*) FROM sqlite_schema WHERE tbl_name NOT GLOB '_dbstudio_*'"
        }
    })
}

const ALL: [&str; 4] = ["reset", "--yes", "--ack", "all"];

#[test]
fn a_reset_says_what_goes_and_leaves_nothing() {
    for project in Project::both() {
        filled(&project);
        let before = relations(&project);
        let told = project.run(&["reset", "--dry-run", "--json"]);
        assert_eq!(told.code, 0, "{told:?}");
        let json = told.json();
        let rows = |table: &str| -> Value {
            let tables = json["tables"].as_array().unwrap();
            let found = tables.iter().find(|one| one["name"].as_str().unwrap().ends_with(table));
            found.unwrap_or_else(|| panic!("{json}"))["rows"]["count"].clone()
        };
        assert_eq!((rows("users"), rows("orders")), (2.into(), 1.into()), "{json}");
        assert_eq!((rows("_sqlx_migrations"), &json["applied"]), (1.into(), &false.into()));
        let told = project.run(&["reset", "--dry-run"]);
        assert!(told.result.contains("2 rows") && told.result.contains("3 tables"), "{told:?}");
        assert!(told.result.contains("1 migration ran from nothing"), "{told:?}");
        for arguments in [&["reset"][..], &["reset", "--yes"], &["reset", "--ack", "all"]] {
            assert_eq!(project.run(arguments).code, 4, "{arguments:?}");
        }
        let told = project.run(&["reset", "--yes", "--ack", "team-notified"]);
        assert!(told.code == 4 && told.talk.contains("--ack backup"), "{told:?}");
        assert_eq!(relations(&project), before);
        let told = project.run(&["reset", "--yes", "--ack", "team-notified=I work alone,backup"]);
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(relations(&project), "0");
        assert!(project.run(&["reset"]).result.contains("Nothing to do"));
        let told = project.run(&["push", "--yes", "--json"]);
        assert_eq!(told.code, 0, "{told:?}");
        let told = project.run(&["reset", "--yes", "--ack", "team-notified"]);
        assert_eq!(told.code, 0, "an empty one needs no backup: {told:?}");
    }
}

#[test]
fn production_is_never_reset_and_staging_asks_for_the_name() {
    for project in Project::both() {
        filled(&project);
        let before = relations(&project);
        let url = match &project.database {
            Database::Postgres(database) => database.url().replace("127.0.0.1", "localhost"),
            Database::Sqlite(file) => file.path.display().to_string(),
        };
        project.configure("protection = \"production\"", "");
        for more in [&[][..], &["--json"], &["--url", &url], &["--confirm", "x"], &["--dry-run"]] {
            let told = project.run(&[&ALL[..], more].concat());
            assert_eq!(told.code, 4, "{more:?}: {told:?}");
        }
        // The same database under another environment's name is still the strictest's.
        let text = std::fs::read_to_string(project.path("dbstudio.toml")).unwrap();
        let other = text.split_once("[environments.").unwrap().1;
        let other =
            other.replace("development]", "mine]").replace("\"production\"", "\"development\"");
        std::fs::write(project.path("dbstudio.toml"), format!("{text}\n[environments.{other}"))
            .unwrap();
        let told = project.run(&[&ALL[..], &["-e", "mine"]].concat());
        assert_eq!(told.code, 4, "{told:?}");
        project.configure("protection = \"staging\"", "");
        let told = project.run(&ALL);
        assert!(told.code == 4 && told.talk.contains("--confirm"), "{told:?}");
        let told = project.run(&[&ALL[..], &["--confirm", "other"]].concat());
        assert_eq!(told.code, 4, "{told:?}");
        assert_eq!(relations(&project), before);
        let name = match &project.database {
            Database::Postgres(database) => database.name.clone(),
            Database::Sqlite(file) => file.path.file_name().unwrap().to_string_lossy().into_owned(),
        };
        let told = project.run(&[&ALL[..], &["--confirm", &name]].concat());
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(relations(&project), "0");
    }
}

#[test]
fn what_is_not_the_projects_stays() {
    let database = server::postgres().create_database("reset_kept");
    let project = Project::new(Database::Postgres(database));
    project.configure(
        "protection = \"development\"",
        "[project]\nschemas = [\"app\", \"ext\", \"more\"]",
    );
    project.schema(
        "CREATE SCHEMA app; CREATE EXTENSION hstore SCHEMA app; CREATE TABLE app.t (h app.hstore);",
    );
    project.execute(
        "CREATE SCHEMA app; CREATE EXTENSION hstore SCHEMA app; CREATE TABLE app.t (h app.hstore);
         CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE TABLE ext.t (c ext.citext);
         CREATE SCHEMA more; CREATE FUNCTION more.same(int, int) RETURNS bool LANGUAGE sql AS 'SELECT $1 = $2';
         CREATE OPERATOR more.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = more.same);
         CREATE TEXT SEARCH CONFIGURATION more.words (COPY = simple);
         CREATE TYPE more.mood AS ENUM ('ok'); CREATE TABLE more.t (m more.mood);
         CREATE TABLE public.others (id int); CREATE TABLE public._sqlx_migrations (
             version bigint PRIMARY KEY, description text NOT NULL,
             installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL,
             checksum bytea NOT NULL, execution_time bigint NOT NULL);
         INSERT INTO public._sqlx_migrations VALUES (77, 'theirs', now(), true, '', 0)",
    );
    let told = project.run(&ALL);
    assert_eq!(told.code, 0, "{told:?}");
    for sentence in ["xtension citext stays", "chema ext stays", "public._sqlx_migrations stays"] {
        assert!(told.talk.contains(sentence), "{sentence}: {told:?}");
    }
    let left = project.query(
        "SELECT string_agg(n, ' ' ORDER BY n) FROM (SELECT nspname::text AS n FROM pg_namespace
         WHERE nspname !~ '^pg_|information' UNION ALL SELECT extname FROM pg_extension
         UNION ALL SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) x",
    );
    assert_eq!(left, "_sqlx_migrations citext ext others plpgsql public");
}

#[test]
fn two_who_reset_at_once_and_one_who_is_killed_leave_all_or_nothing() {
    let database = server::postgres().create_database("reset_races");
    let project = Project::new(Database::Postgres(database));
    filled(&project);
    let Database::Postgres(database) = &project.database else { panic!() };
    // A session of another holds a lock that every reset has to wait for.
    let hold = || {
        let mut psql = std::process::Command::new(server::postgres().programs.join("psql"));
        psql.args(["-XAtq", &database.url()]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut psql = psql.spawn().unwrap();
        use std::io::Write;
        let pipe = psql.stdin.as_mut().unwrap();
        pipe.write_all(b"BEGIN; LOCK TABLE orders IN ROW EXCLUSIVE MODE;\n").unwrap();
        wait_for(&project, "mode = 'RowExclusiveLock' AND granted", 1);
        psql
    };
    let start = || {
        let mut command = project.command(&ALL);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let before = relations(&project);
    for signal in ["-KILL", "-INT"] {
        let mut holder = hold();
        let child = start();
        wait_for(&project, "NOT granted", 1);
        let pid = child.id().to_string();
        assert!(
            std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success()
        );
        let output = child.wait_with_output().unwrap();
        if signal == "-INT" {
            assert_eq!(output.status.code(), Some(130), "{output:?}");
        }
        drop(holder.stdin.take());
        holder.wait().unwrap();
        wait_for(&project, "locktype = 'relation' AND mode = 'AccessExclusiveLock'", 0);
        assert_eq!(relations(&project), before);
    }
    let mut holder = hold();
    let both = [start(), start()];
    wait_for(&project, "NOT granted", 2);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    let told = both.map(|child| Told::of(child.wait_with_output().unwrap()));
    let mut codes = told.each_ref().map(|told| told.code);
    codes.sort_unstable();
    assert_eq!(codes, [0, 1], "{told:?}");
    let loser = told.iter().find(|told| told.code == 1).unwrap();
    assert!(loser.talk.contains("omebody else has emptied the database"), "{loser:?}");
    assert_eq!(relations(&project), "0");
}

/// Waits until so many locks in the project's database are of this sort.
fn wait_for(project: &Project, locks: &str, count: u32) {
    project.query(&format!(
        "DO $$ BEGIN WHILE (SELECT count(DISTINCT pid) FROM pg_locks l JOIN pg_stat_activity USING (pid)
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND {locks}) <> {count}
         LOOP PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
    ));
}
