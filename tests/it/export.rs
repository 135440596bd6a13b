//! `export` as scripts and people meet it, on both engines: every value as it is, nothing but
//! whole files, nothing masked, and nothing written to the database.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use dbstudio::app::command::CommandId;
use dbstudio::app::msg::Msg;
use dbstudio::config::MaskedColumn;
use dbstudio::schema::RelationName;

use crate::server;
use crate::studio::Studio;
use crate::verbs::{Database, Project, Told};

/// A table with values that formats stumble over.
pub fn nasty(project: &Project) {
    let (text, more) = match &project.database {
        Database::Postgres(_) => (
            "CREATE TABLE nasty (id int PRIMARY KEY, t text, n numeric, b boolean, d bytea,
                                 a text[], j jsonb, at timestamptz);",
            "INSERT INTO nasty VALUES
             (1, E'a,\"b\"\\nc\\\\d\\te', 1.50, true, '\\x00ff', ARRAY['x,y', NULL, ''], '{\"k\": [1, null]}', '2024-01-02 03:04:05+00'),
             (2, '', 'NaN', false, '', '{}', '\"s\"', 'infinity'),
             (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
             (4, '\\N', -12345678901234567890.10, true, '\\x0a', NULL, '[]', '0044-03-15 00:00:00+00 BC'),
             (5, '=cmd()', 0, NULL, NULL, NULL, '1', NULL),
             (6, 'ü😀\u{2028}' || chr(7), 7, NULL, NULL, NULL, 'true', NULL),
             (7, E'\\r', 8, NULL, NULL, NULL, NULL, NULL);",
        ),
        Database::Sqlite(_) => (
            "CREATE TABLE nasty (id integer PRIMARY KEY, t text, n numeric, b boolean, d blob);",
            "INSERT INTO nasty VALUES
             (1, 'a,\"b\"' || char(10) || 'c\\d' || char(9) || 'e', 1.5, 1, x'00ff'),
             (2, '', 9e999, 0, x''), (3, NULL, NULL, NULL, NULL),
             (4, '\\N', -9223372036854775808, 1, x'0a'), (5, '=cmd()', 0.1, NULL, NULL),
             (6, 'ü😀\u{2028}' || char(7), 7, NULL, NULL), (7, char(13), 8, NULL, NULL);",
        ),
    };
    project.execute(text);
    project.execute(more);
}

fn exported(project: &Project, arguments: &[&str]) -> String {
    let told = project.run(&[&["export"], arguments].concat());
    assert_eq!(told.code, 0, "{arguments:?}: {told:?}");
    told.result
}

#[test]
fn csv_is_what_the_server_itself_writes() {
    let project = Project::new(Database::Postgres(server::postgres().create_database("export")));
    nasty(&project);
    let Database::Postgres(database) = &project.database else { panic!() };
    database.psql("ALTER TABLE nasty ADD at2 interval DEFAULT '1 day 2 hours'");
    let copied =
        database.psql("SET TimeZone = 'UTC'; COPY nasty TO STDOUT WITH (FORMAT csv, HEADER)");
    assert_eq!(exported(&project, &["nasty"]), copied);
    let copied =
        database.psql("COPY (SELECT id, t FROM nasty) TO STDOUT WITH (FORMAT csv, NULL 'x')");
    let ours = ["nasty", "--columns", "id,t", "--null", "x", "--no-header"];
    assert_eq!(exported(&project, &ours), copied);
    // Written by us rather than by the server, it is the same but for the formula.
    let safe = exported(&project, &[&ours[..], &["--safe-formulas"]].concat());
    let expected = copied.replace("5,=cmd()", "5,\"'=cmd()\"").replace("\"\r\"", "\"'\r\"");
    assert_eq!(safe, expected);
    let copied = database.psql("SET TimeZone = 'UTC'; COPY nasty TO STDOUT");
    assert_eq!(exported(&project, &["nasty", "--format", "tsv", "--no-header"]), copied);
}

#[test]
fn each_format_tells_null_from_nothing() {
    for project in Project::both() {
        nasty(&project);
        let rows = ["nasty", "--columns", "id,t", "--where", "id IN (2, 3)", "--order", "id desc"];
        for (format, expected) in [
            ("csv", "id,t\n3,\n2,\"\"\n"),
            ("tsv", "id\tt\n3\t\\N\n2\t\n"),
            ("jsonl", "{\"id\":3,\"t\":null}\n{\"id\":2,\"t\":\"\"}\n"),
            ("json", "[\n{\"id\":3,\"t\":null},\n{\"id\":2,\"t\":\"\"}\n]\n"),
            ("markdown", "| 3 | NULL |\n| 2 |  |\n"),
        ] {
            let text = exported(&project, &[&rows[..], &["--format", format]].concat());
            assert!(text.ends_with(expected), "{format}: {text}");
        }
        let none = ["nasty", "--where", "id > 100", "--format", "json"];
        assert_eq!(exported(&project, &none), "[]\n");
    }
}

#[test]
fn json_keeps_numbers_documents_and_truth() {
    for project in Project::both() {
        nasty(&project);
        let text = exported(&project, &["nasty", "--format", "json", "--order", "id"]);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json[0]["t"], "a,\"b\"\nc\\d\te");
        assert_eq!(json[5]["t"], "ü😀\u{2028}\u{7}");
        match &project.database {
            Database::Postgres(_) => {
                assert!(text.contains("\"n\":1.50,\"b\":true") && text.contains("\"n\":\"NaN\""));
                assert_eq!(json[0]["j"]["k"][0], 1);
                assert_eq!(json[3]["at"], "0044-03-15 00:00:00+00 BC");
                assert!(text.contains("\"n\":-12345678901234567890.10"));
            }
            Database::Sqlite(_) => {
                assert!(text.contains("\"n\":1.5,\"b\":1,\"d\":\"x'00ff'\""), "{text}");
                assert_eq!((&json[1]["n"], &json[3]["n"]), (&"Inf".into(), &i64::MIN.into()));
            }
        }
    }
}

#[test]
fn inserts_bring_every_value_back() {
    for project in Project::both() {
        nasty(&project);
        let script = exported(&project, &["nasty", "--format", "sql", "--order", "id"]);
        let everything = match &project.database {
            Database::Postgres(_) => "SELECT string_agg(nasty::text, ';' ORDER BY id) FROM nasty",
            Database::Sqlite(_) => {
                "SELECT group_concat(quote(id) || quote(t) || quote(n) || quote(b) || quote(d)) \
                 FROM (SELECT * FROM nasty ORDER BY id)"
            }
        };
        let before = project.query(everything);
        project.execute("DELETE FROM nasty");
        project.execute(&script);
        assert_eq!(project.query(everything), before);
    }
}

#[test]
fn formulas_are_made_harmless_and_numbers_stay() {
    for project in Project::both() {
        project.execute(
            "CREATE TABLE f (id integer PRIMARY KEY, t text);
             INSERT INTO f VALUES (-1, '=1+1'), (2, '+x'), (3, '-5'), (4, '@a'), (5, '-1+2'), (6, '＝1'), (7, 'a=')",
        );
        let plain = exported(&project, &["f", "--order", "id"]);
        assert_eq!(plain, "id,t\n-1,=1+1\n2,+x\n3,-5\n4,@a\n5,-1+2\n6,＝1\n7,a=\n");
        let safe = exported(&project, &["f", "--order", "id", "--safe-formulas"]);
        let expected =
            "id,t\n-1,\"'=1+1\"\n2,\"'+x\"\n3,-5\n4,\"'@a\"\n5,\"'-1+2\"\n6,\"'＝1\"\n7,a=\n";
        assert_eq!(safe, expected);
        assert_eq!(project.run(&["export", "f", "--format", "json", "--safe-formulas"]).code, 2);
    }
}

#[test]
fn masked_columns_are_left_out_until_revealed() {
    for project in Project::both() {
        let schema =
            if matches!(project.database, Database::Sqlite(_)) { "main" } else { "public" };
        project.configure("protection = \"development\"", "masked = [\"users.token\"]");
        project.execute(
            "CREATE TABLE users (id integer PRIMARY KEY, token text); INSERT INTO users VALUES (1, 'secret')",
        );
        let told = project.run(&["export", "users"]);
        assert_eq!((told.code, told.result.as_str()), (0, "id\n1\n"), "{told:?}");
        assert!(told.talk.contains("token") && told.talk.contains("--reveal"), "{told:?}");
        let name = format!("{schema}.users");
        for refused in [
            &["export", &name, "--columns", "token"][..],
            &["export", "--query", "SELECT upper(token) FROM Users"],
        ] {
            let told = project.run(refused);
            assert!(told.code == 4 && told.result.is_empty(), "{refused:?}: {told:?}");
            let told = project.run(&[refused, &["--reveal"]].concat());
            assert!(told.code == 0 && told.result.to_lowercase().contains("secret"), "{told:?}");
        }
        assert_eq!(exported(&project, &["users", "--reveal"]), "id,token\n1,secret\n");
    }
}

#[test]
fn a_query_only_reads() {
    for project in Project::both() {
        project.execute(
            "CREATE TABLE t (id integer PRIMARY KEY, n text); INSERT INTO t VALUES (1, 'a')",
        );
        let query =
            "WITH one AS (SELECT id, n AS \"the name\" FROM t) SELECT *, 2 AS two FROM one;";
        assert_eq!(exported(&project, &["--query", query]), "id,the name,two\n1,a,2\n");
        let json = exported(&project, &["--query", query, "--format", "jsonl"]);
        assert_eq!(json, "{\"id\":1,\"the name\":\"a\",\"two\":2}\n");
        for query in
            ["DELETE FROM t RETURNING *", "SELECT 1; SELECT 2", "SELECT 1) TO STDOUT --", ""]
        {
            let told = project.run(&["export", "--query", query]);
            assert!(matches!(told.code, 2 | 4) && told.result.is_empty(), "{query}: {told:?}");
        }
        let told = project.run(&["export", "--query", "SELECT nothing FROM t"]);
        assert!(told.code == 1 && told.talk.contains("nothing"), "{told:?}");
        assert_eq!(project.query("SELECT count(*) FROM t"), "1");
    }
    // A function may hide a write; then it is the server that refuses.
    let project = Project::new(Database::Postgres(server::postgres().create_database("reads")));
    project.execute(
        "CREATE TABLE t (id int);
         CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING 1'",
    );
    let told = project.run(&["export", "--query", "SELECT f()"]);
    assert!(told.code != 0 && told.talk.contains("read-only"), "{told:?}");
    assert_eq!(project.query("SELECT count(*) FROM t"), "0");
}

#[test]
fn a_file_is_whole_and_what_was_there_is_asked_for() {
    for project in Project::both() {
        nasty(&project);
        let told = project.run(&["export", "nasty", "--out", "n.tsv", "--json"]);
        assert_eq!((told.code, &told.json()["rows"]), (0, &7.into()), "{told:?}");
        let text = fs::read_to_string(project.path("n.tsv")).unwrap();
        assert!(text.starts_with("id\tt\t"), "{text}");
        assert_eq!(told.json()["bytes"], text.len());
        fs::write(project.path("n.tsv"), "mine").unwrap();
        assert_eq!(project.run(&["export", "nasty", "--out", "n.tsv"]).code, 4);
        assert_eq!(fs::read_to_string(project.path("n.tsv")).unwrap(), "mine");
        let told = project.run(&["export", "nasty", "--out", "n.tsv", "--where", "1/", "--yes"]);
        assert!(matches!(told.code, 1 | 2) && told.talk.contains("is as it was"), "{told:?}");
        let told = project.run(&["export", "nasty", "--out", "n.tsv", "--yes"]);
        assert!(told.code == 0 && told.result.contains("7 rows"), "{told:?}");
        assert_eq!(fs::read_to_string(project.path("n.tsv")).unwrap(), text);
        let told = project.run(&["export", "nasty", "--out", "none/n.csv"]);
        assert!(told.code == 1 && told.talk.contains("was not made"), "{told:?}");
        let told = project.run(&["export", "nsty"]);
        assert!(told.code == 2 && told.talk.contains(".nasty"), "{told:?}");
        assert_eq!(project.files("."), ["dbstudio.toml", "n.tsv"]);
    }
}

/// A table large enough that an export of it is caught at work.
fn large(project: &Project) {
    match &project.database {
        Database::Postgres(_) => project.execute(
            "CREATE TABLE large AS SELECT g AS id, repeat('x', 200) AS t FROM generate_series(1, 100000) g",
        ),
        Database::Sqlite(_) => project.execute(
            "CREATE TABLE large AS WITH RECURSIVE g(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM g LIMIT 100000)
             SELECT id, printf('%.200c', 'x') AS t FROM g",
        ),
    }
}

#[test]
fn a_full_disk_leaves_nothing_half() {
    for project in Project::both() {
        large(&project);
        let binary = project.command(&[]).get_program().to_owned();
        let mut shell = project.command(&[]);
        let mut limited = Command::new("/bin/sh");
        limited.args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" export large --out l.csv"]);
        limited.arg(binary).current_dir(project.folder.path()).stdin(Stdio::null()).env_clear();
        for (name, value) in shell.arg("").get_envs().filter_map(|(n, v)| Some((n, v?))) {
            limited.env(name, value);
        }
        let told = Told::of(limited.output().unwrap());
        assert!(told.code == 1 && told.talk.contains("l.csv cannot be written"), "{told:?}");
        assert_eq!(project.files("."), ["dbstudio.toml"]);
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    for project in Project::both() {
        large(&project);
        let mut child = project
            .command(&["export", "large"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 8];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        assert_eq!(&first[..5], b"id,t\n");
        let told = Told::of(child.wait_with_output().unwrap());
        assert_eq!((told.code, told.talk.as_str()), (0, ""), "{told:?}");
    }
}

#[test]
fn an_interrupted_or_killed_export_leaves_no_half_file() {
    for project in Project::both() {
        large(&project);
        fs::write(project.path("pipe.csv"), "mine").unwrap();
        for (signal, code) in [("-INT", Some(130)), ("-KILL", None)] {
            // It never ends by itself, and the file has begun once rows have come.
            let endless = match &project.database {
                Database::Postgres(_) => {
                    "SELECT *, pg_sleep(CASE WHEN id = 99999 THEN 600 END) FROM large"
                }
                Database::Sqlite(_) => {
                    "SELECT * FROM large UNION ALL SELECT count(*), '' FROM large a, large b, large c"
                }
            };
            let mut child = project
                .command(&["export", "--query", endless, "--out", "pipe.csv", "--yes"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let part = format!(".pipe.csv.{}.part", child.id());
            let part = project.path(&part);
            while fs::metadata(&part).map_or(0, |found| found.len()) == 0 {
                assert!(child.try_wait().unwrap().is_none(), "it ended");
                std::thread::yield_now();
            }
            let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
            assert!(kill.unwrap().success());
            assert_eq!(child.wait().unwrap().code(), code);
            assert_eq!(fs::read_to_string(project.path("pipe.csv")).unwrap(), "mine");
            assert_eq!(part.exists(), signal == "-KILL");
        }
        if let Database::Postgres(database) = &project.database {
            // The interrupted one has ended on the server; the killed one ends when it is noticed.
            let name = &database.name;
            database.server().psql("postgres", &format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
        }
    }
}

#[test]
fn interrupting_a_pipe_that_nobody_reads_does_not_hang() {
    for project in Project::both() {
        large(&project);
        let mut child = project
            .command(&["export", "large"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdout.take().unwrap();
        let mut first = [0; 1];
        pipe.read_exact(&mut first).unwrap();
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        drop(pipe);
    }
}

#[test]
fn columns_that_make_themselves_are_written_but_not_inserted() {
    let project = Project::new(Database::Postgres(server::postgres().create_database("made")));
    project.execute(
        "CREATE TABLE m (id int GENERATED ALWAYS AS IDENTITY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED);
         INSERT INTO m (a) VALUES (1), (2)",
    );
    assert_eq!(exported(&project, &["m"]), "id,a,twice\n1,1,2\n2,2,4\n");
    let told = project.run(&["export", "m", "--format", "sql"]);
    assert!(
        told.talk.contains("twice") && told.result.contains("OVERRIDING SYSTEM VALUE"),
        "{told:?}"
    );
    project.execute("DELETE FROM m");
    project.execute(&told.result);
    assert_eq!(project.query("SELECT count(*), sum(twice) FROM m"), "2|6");
}

#[test]
fn what_the_grid_shows_is_exported_to_a_file() {
    for project in Project::both() {
        project.execute(
            "CREATE TABLE people (id integer PRIMARY KEY, name text, token text);
             INSERT INTO people VALUES (1, 'Ada', 's1'), (2, NULL, 's2'), (3, '', 's3')",
        );
        let (url, schema) = match &project.database {
            Database::Postgres(database) => (database.url(), "public"),
            Database::Sqlite(file) => (file.url(), "main"),
        };
        let mask = |schema: &str| MaskedColumn {
            schema: schema.to_owned(),
            table: "people".to_owned(),
            column: "token".to_owned(),
        };
        let mut it = Studio::open_with(&url, (120, 36), |target| target.masked.push(mask(schema)));
        it.send(Msg::Open(RelationName::new(schema, "people")));
        it.send(Msg::Run(CommandId::Sort));
        it.send(Msg::Run(CommandId::Sort));
        let path = project.path("grid.csv");
        let typed = |it: &mut Studio, name: &str| {
            it.send(Msg::Run(CommandId::Export));
            it.keys(&"<backspace>".repeat(30)).keys(name).keys("<enter>");
        };
        typed(&mut it, "grid.xlsx");
        assert!(it.screen().contains("end it with .csv"), "{}", it.screen());
        it.keys("<esc>");
        typed(&mut it, path.to_str().unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "id,name\n3,\"\"\n2,\n1,Ada\n");
        assert!(it.screen().contains("Exported 3 rows"), "{}", it.screen());
        typed(&mut it, path.to_str().unwrap());
        assert!(it.screen().contains("is there already"), "{}", it.screen());
    }
}
