//! `seed` as scripts meet it, on both engines: the project's files, what is said of mistakes in
//! them, rows made from the schema alone, whom it refuses, and that a killed or stopped run leaves
//! nothing.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::server;
use crate::verbs::{Database, Project, Told};

const SCHEMA: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, note text);
CREATE TABLE orders (id integer PRIMARY KEY, buyer integer NOT NULL REFERENCES users (id),
    total numeric(10, 2) NOT NULL CHECK (total > 0));\n";

const YES: [&str; 4] = ["seed", "--yes", "--ack", "all"];

fn made(schema: &str) -> [Project; 2] {
    let projects = Project::both();
    for project in &projects {
        project.execute(schema);
        fs::create_dir(project.path("seeds")).unwrap();
    }
    projects
}

fn write(project: &Project, name: &str, text: &str) {
    fs::write(project.path("seeds").join(name), text).unwrap();
}

#[test]
fn files_are_loaded_in_order_all_or_none_and_again_with_upsert() {
    for project in made(SCHEMA) {
        write(
            &project,
            "01_start.sql",
            "BEGIN; INSERT INTO users VALUES (1, 'Ada', NULL); COMMIT;",
        );
        write(&project, "02_users.csv", "id,name,note\r\n2,\"B, \"\"o\"\"\",\n3,Cy,\"\"\n");
        write(
            &project,
            "03_orders.jsonl",
            "{\"id\": 1, \"buyer\": 2, \"total\": 12.50}\n\n{\"total\": \"3\", \"buyer\": 3, \"id\": 2}\n",
        );
        write(&project, "README.md", "hello");
        let told = project.run(&["seed", "--dry-run"]);
        assert!(told.code == 0 && told.result.contains("2 rows for"), "{told:?}");
        assert_eq!(project.query("SELECT count(*) FROM users"), "0");
        assert_eq!(project.run(&["seed"]).code, 4);
        let told = project.run(&["seed", "--yes", "--json"]);
        assert_eq!((told.code, &told.json()["applied"]), (0, &true.into()), "{told:?}");
        let names = "SELECT name || coalesce('[' || note || ']', '') FROM users ORDER BY id";
        assert_eq!(project.query(names), "Ada\nB, \"o\"\nCy[]");
        assert_eq!(
            project.query("SELECT sum(total) FROM orders"),
            "15.5".to_owned()
                + match project.database {
                    Database::Postgres(_) => "0",
                    Database::Sqlite(_) => "",
                }
        );
        // Tables with rows are not filled by the way, and not twice.
        assert_eq!(project.run(&["seed", "--yes"]).code, 4);
        let told = project.run(&YES);
        assert!(told.code == 1 && told.talk.contains("01_start.sql, line 1"), "{told:?}");
        fs::remove_file(project.path("seeds/01_start.sql")).unwrap();
        write(&project, "02_users.csv", "id,name\n2,Bo\n4,Di\n");
        let told = project.run(&[&YES[..], &["--upsert"]].concat());
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(project.query(names), "Ada\nBo\nCy[]\nDi");
    }
}

#[test]
fn mistakes_are_told_with_their_place_and_nothing_is_kept() {
    for project in made(SCHEMA) {
        for (name, text, code, expected) in [
            ("users.csv", "id,name\n1,Ada\n2,\n", 1, "users.csv, line 3, column 3"),
            ("users.csv", "id,name\n1,Ada,x\n", 2, "users.csv, line 2, column 7"),
            ("users.csv", "id,nam\n1,Ada\n", 2, "there is no column nam"),
            ("users.csv", "id,name\n1,\"Ada\n", 2, "line 2, column 3: the quotation mark"),
            ("people.csv", "id\n1\n", 2, "people.csv is for no table"),
            ("users.jsonl", "{\"id\": 1, \"name\": \"A\"}\n{\"id\": }\n", 2, "line 2, column 8"),
            ("users.jsonl", "[1]\n", 2, "no JSON object"),
            (
                "users.sql",
                "INSERT INTO users VALUES (1, 'A', NULL);\nINSERT INTO usrs;",
                1,
                "line 2",
            ),
            ("orders.csv", "id,buyer,total\n1,7,5\n", 1, "users"),
            ("orders.csv", "id,buyer,total\n1,7,0\n", 1, "orders.csv, line 2"),
        ] {
            write(&project, name, text);
            let told = project.run(&["seed", "--yes"]);
            assert_eq!(told.code, code, "{name}: {text}: {told:?}");
            assert!(told.talk.contains(expected), "{expected}: {told:?}");
            assert_eq!(project.query("SELECT count(*) FROM users"), "0");
            fs::remove_file(project.path("seeds").join(name)).unwrap();
        }
        if let Database::Postgres(_) = project.database {
            write(&project, "users.csv", "id,name\n1,Ada\ntwo,Bo\n");
            let told = project.run(&["seed", "--yes"]);
            assert!(told.talk.contains("users.csv, line 3, column 1"), "{told:?}");
        }
    }
}

#[test]
fn postgres_forms_survive_and_numbering_goes_on() {
    let project = Project::new(Database::Postgres(server::postgres().create_database("seed_pg")));
    project.execute(
        "CREATE SCHEMA shop; CREATE TABLE shop.items (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            tags text[], data jsonb, made timestamptz, twice int GENERATED ALWAYS AS (id * 2) STORED)",
    );
    fs::create_dir(project.path("seeds")).unwrap();
    write(
        &project,
        "10_shop.items.jsonl",
        "{\"id\": 5, \"tags\": [\"a\", \"b c\", null], \"data\": {\"x\": 12345678901234567890.5}, \"made\": \"2024-01-01\", \"twice\": 10}\n",
    );
    let told = project.run(&["seed", "--yes"]);
    assert_eq!(told.code, 0, "{told:?}");
    project.execute("INSERT INTO shop.items (tags) VALUES (NULL)");
    assert_eq!(
        project.query("SELECT id, tags, data, twice FROM shop.items ORDER BY id"),
        "5|{a,\"b c\",NULL}|{\"x\": 12345678901234567890.5}|10\n6|||12"
    );
}

const RICH: &str = "CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE people (id integer PRIMARY KEY, email varchar(40) NOT NULL UNIQUE, first_name text,
    country char(2) REFERENCES countries (code), age integer CHECK (age BETWEEN 18 AND 99),
    boss integer REFERENCES people (id), born date CHECK (born < '2006-01-01'));
CREATE TABLE trips (a integer NOT NULL REFERENCES people (id), b char(2) NOT NULL REFERENCES
    countries (code), starts date NOT NULL, ends date NOT NULL, kind text NOT NULL
    CHECK (kind IN ('work', 'fun')), price numeric(8, 2) CHECK (price > 10),
    code text CHECK (length(code) = 5), CHECK (ends >= starts), PRIMARY KEY (a, b),
    CHECK ((kind = 'work' AND price IS NOT NULL) OR (kind = 'fun' AND price IS NULL)));\n";

#[test]
fn rows_are_made_from_the_schema_alone_the_same_every_time() {
    let dump = "SELECT a, b, starts, ends, kind, price, code FROM trips ORDER BY a, b";
    let mut dumps = Vec::new();
    for _ in 0..2 {
        for project in made(RICH) {
            let told = project.run(&["seed", "--generate", "40", "--seed", "7", "--yes", "--json"]);
            assert_eq!(told.code, 0, "{told:?}");
            for part in told.json()["parts"].as_array().unwrap() {
                assert_eq!(
                    (part["rows"].as_u64(), part["missing"].as_u64()),
                    (Some(40), Some(0)),
                    "{part}"
                );
            }
            let related = "SELECT count(*) > 5 FROM people p JOIN people b ON b.id = p.boss";
            assert!(["t", "1"].contains(&project.query(related).as_str()));
            assert_eq!(
                project.query("SELECT count(*) FROM people WHERE email NOT LIKE '%@%.%'"),
                "0"
            );
            dumps.push(project.query(dump));
            if let Database::Sqlite(_) = project.database {
                assert_eq!(project.query("SELECT count(*) FROM pragma_foreign_key_check"), "0");
            }
            let told = project.run(&[
                "seed",
                "--generate",
                "3",
                "--table",
                "people",
                "--seed",
                "8",
                "--yes",
                "--ack",
                "all",
            ]);
            assert_eq!(told.code, 0, "{told:?}");
            assert_eq!(project.query("SELECT count(*) FROM people"), "43");
        }
    }
    assert_eq!((&dumps[0], &dumps[1]), (&dumps[2], &dumps[3]));
}

#[test]
fn postgres_types_partitions_and_circles_are_filled() {
    let project = Project::new(Database::Postgres(server::postgres().create_database("seed_rich")));
    project.execute(
        "CREATE TYPE mood AS ENUM ('ok', 'sad'); CREATE DOMAIN plate AS text CHECK (VALUE ~ '^[A-Z]{2}-[0-9]{3}$');
         CREATE DOMAIN share AS int CHECK (VALUE > 0 AND VALUE <= 100); CREATE TYPE pair AS (x int, y text);
         CREATE TABLE everything (id bigserial PRIMARY KEY, a mood NOT NULL, b plate NOT NULL UNIQUE, c share NOT NULL,
            d pair NOT NULL, e int[] NOT NULL, f int4range NOT NULL, g inet NOT NULL, h macaddr NOT NULL, i uuid NOT NULL,
            j jsonb NOT NULL, k interval NOT NULL, l bytea NOT NULL, m bit(5) NOT NULL, n tsvector NOT NULL, o point NOT NULL,
            p money NOT NULL, q xml NOT NULL, r timestamptz NOT NULL CHECK (r < now()), s time NOT NULL, t mood[] NOT NULL,
            u varbit(9) NOT NULL, v double precision NOT NULL, w circle NOT NULL, x tstzrange NOT NULL, y int8multirange NOT NULL,
            z numeric(3, 3) NOT NULL, EXCLUDE USING gist (x WITH &&));
         CREATE TABLE log (at date NOT NULL, kind text NOT NULL, id int NOT NULL, PRIMARY KEY (at, kind, id)) PARTITION BY RANGE (at);
         CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2024-02-01') PARTITION BY LIST (kind);
         CREATE TABLE log_1_a PARTITION OF log_1 FOR VALUES IN ('a', 'b');
         CREATE TABLE team (id serial PRIMARY KEY, lead int NOT NULL);
         CREATE TABLE member (id serial PRIMARY KEY, team int NOT NULL REFERENCES team (id));
         ALTER TABLE team ADD FOREIGN KEY (lead) REFERENCES member (id) DEFERRABLE;
         CREATE TABLE x (id int PRIMARY KEY, y int); CREATE TABLE y (id int PRIMARY KEY, x int NOT NULL REFERENCES x (id));
         ALTER TABLE x ADD FOREIGN KEY (y) REFERENCES y (id);
         CREATE TABLE self (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, next int NOT NULL REFERENCES self (id))",
    );
    let told = project.run(&["seed", "--generate", "15", "--yes", "--json"]);
    assert_eq!(told.code, 0, "{told:?}");
    for part in told.json()["parts"].as_array().unwrap() {
        let least = if part["table"] == "public.everything" { 5 } else { 15 };
        assert!(part["rows"].as_u64().unwrap() >= least, "{part}");
    }
    assert_eq!(project.query("SELECT count(y) FROM x"), "15");
    // Numbers that were written do not come again.
    project.execute(
        "BEGIN; INSERT INTO self (next) SELECT min(id) FROM self; SET CONSTRAINTS ALL DEFERRED;
        INSERT INTO team (lead) SELECT min(id) FROM member; COMMIT",
    );
}

#[test]
fn postgres_circles_without_a_key_short_sequences_and_refused_patterns_are_filled() {
    let project = Project::new(Database::Postgres(server::postgres().create_database("seed_odd")));
    project.execute(
        "CREATE TABLE one (foo text, bar text, UNIQUE (foo, bar)); CREATE TABLE two (foo text NOT NULL, bar text, UNIQUE (foo, bar));
         ALTER TABLE one ADD FOREIGN KEY (foo, bar) REFERENCES two (foo, bar);
         ALTER TABLE two ADD FOREIGN KEY (foo, bar) REFERENCES one (foo, bar);
         CREATE TABLE few (n int GENERATED ALWAYS AS IDENTITY (MINVALUE -10 MAXVALUE 9 START -10 INCREMENT 5 CACHE 3), x int);
         CREATE TABLE round (n int GENERATED ALWAYS AS IDENTITY (MAXVALUE 3 CYCLE), x int);
         CREATE TABLE plain (a text NOT NULL CHECK (a !~ '[a-z]'), b text NOT NULL CHECK (b !~* '[a-z]'),
            c text NOT NULL CHECK (c !~ '[^a-f]'), d text NOT NULL CHECK (d !~ '^\\s*$'), e text NOT NULL CHECK (e !~ '\\w'))",
    );
    let told = project.run(&["seed", "--generate", "20", "--yes", "--json"]);
    assert_eq!(told.code, 0, "{told:?}");
    for part in told.json()["parts"].as_array().unwrap() {
        let is_few = part["table"] == "public.few";
        assert_eq!(part["rows"], if is_few { 4 } else { 20 }, "{part}");
        let why = part["why"].as_str().unwrap_or_default();
        assert_eq!(why.contains("few_n_seq has no more than 4 numbers"), is_few, "{part}");
    }
    assert_eq!(project.query("SELECT string_agg(n::text, ' ') FROM few"), "-10 -5 0 5");
}

#[test]
fn production_is_never_seeded_and_staging_asks_for_the_name() {
    for project in made(SCHEMA) {
        project.configure("protection = \"production\"", "");
        for more in [&[][..], &["--generate", "3"], &["--json"], &["--dry-run"]] {
            assert_eq!(project.run(&[&YES[..], more].concat()).code, 4, "{more:?}");
        }
        project.configure("protection = \"staging\"", "");
        let told = project.run(&[&YES[..], &["--generate", "3"]].concat());
        assert_eq!(told.code, 4, "{told:?}");
        assert_eq!(project.query("SELECT count(*) FROM users"), "0");
        let name = match &project.database {
            Database::Postgres(database) => database.name.clone(),
            Database::Sqlite(file) => file.path.file_name().unwrap().to_string_lossy().into_owned(),
        };
        let told = project.run(&[&YES[..], &["--generate", "3", "--confirm", &name]].concat());
        assert_eq!(told.code, 0, "{told:?}");
    }
}

#[test]
fn a_killed_or_stopped_run_leaves_no_row() {
    for project in made(SCHEMA) {
        for signal in ["-KILL", "-INT"] {
            let mut child = project
                .command(&["seed", "--generate", "300000", "--yes"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            under_way(&project, &mut child);
            let pid = child.id().to_string();
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
            let output = child.wait_with_output().unwrap();
            is_over(&project);
            if signal == "-INT" {
                let told = Told::of(output);
                assert!(told.code == 130 && told.talk.contains("taken back"), "{told:?}");
            }
            assert_eq!(project.query("SELECT count(*) FROM users"), "0");
            if let Database::Sqlite(file) = &project.database {
                // One that was not begun in earnest stays; the next run must not be taken for it.
                fs::remove_file(file.path.with_extension("db-journal")).ok();
            }
        }
    }
}

/// Waits until the server has noticed that nobody is there any more.
fn is_over(project: &Project) {
    if let Database::Postgres(_) = project.database {
        project.query(
            "DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE pid <> pg_backend_pid()
             AND datname = current_database()) LOOP PERFORM pg_sleep(0.01);
             PERFORM pg_stat_clear_snapshot(); END LOOP; END $$",
        );
    }
}

/// Waits until rows are being written.
fn under_way(project: &Project, child: &mut Child) {
    loop {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        let begun = match &project.database {
            Database::Postgres(_) => {
                project.query(
                    "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                    WHERE c.relname = 'users' AND mode = 'RowExclusiveLock'",
                ) != "0"
            }
            Database::Sqlite(file) => file.path.with_extension("db-journal").exists(),
        };
        if begun {
            return;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_virtual_table_gets_no_rows_and_is_named() {
    let [_, project] = Project::both();
    project.execute(
        "CREATE VIRTUAL TABLE search USING fts5 (body); CREATE TABLE notes (id integer PRIMARY KEY)",
    );
    let told = project.run(&["seed", "--generate", "2", "--yes", "--ack", "all"]);
    assert!(told.code == 0 && told.talk.contains("search is passed over"), "{told:?}");
    assert_eq!(project.query("SELECT (SELECT count(*) FROM notes), count(*) FROM search"), "2|0");
}
