//! `import` as scripts and people meet it, on both engines: what was exported comes back as it
//! was, a row that does not fit is named by its line, and nothing is written by halves.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::export::nasty;
use crate::server;
use crate::verbs::{Database, Project, Told};

/// Everything in the table of nasty values, as one text.
fn everything(project: &Project) -> String {
    project.query(match &project.database {
        Database::Postgres(_) => "SELECT string_agg(nasty::text, ';' ORDER BY id) FROM nasty",
        Database::Sqlite(_) => {
            "SELECT group_concat(quote(id) || quote(t) || quote(n) || quote(b) || quote(d)) \
             FROM (SELECT * FROM nasty ORDER BY id)"
        }
    })
}

/// Runs `import` with this text as its standard input.
fn fed(project: &Project, arguments: &[&str], input: &[u8]) -> Told {
    let mut command = project.command(&[&["import", "-"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
    let told = Told::of(child.wait_with_output().unwrap());
    writer.join().unwrap();
    told
}

fn people(project: &Project) {
    project.execute(
        "CREATE TABLE people (id integer PRIMARY KEY, name text NOT NULL, age integer CHECK (age > 0),
         note text DEFAULT 'none')",
    );
}

const ALL: &str = "SELECT group_concat(id || ':' || name || ':' || coalesce(age, -1) || ':' || coalesce(note, 'NULL'))
     FROM (SELECT * FROM people ORDER BY id) AS p";

/// All rows of the table of people.
fn all(project: &Project) -> String {
    let sql = match &project.database {
        Database::Postgres(_) => {
            ALL.replace("group_concat(", "string_agg(").replace("'NULL'))", "'NULL'), ',')")
        }
        Database::Sqlite(_) => ALL.to_owned(),
    };
    project.query(&sql)
}

#[test]
fn what_was_exported_comes_back_as_it_was() {
    for project in Project::both() {
        nasty(&project);
        let huge = "chr(233)".to_owned();
        let huge = match &project.database {
            Database::Postgres(_) => format!("repeat({huge} || E'\"\\n', 500000)"),
            Database::Sqlite(_) => {
                "replace(hex(zeroblob(500000)), '00', 'é\"' || char(10))".to_owned()
            }
        };
        project.execute(&format!("INSERT INTO nasty (id, t) VALUES (99, {huge})"));
        let before = everything(&project);
        for file in ["n.csv", "n.tsv", "n.jsonl"] {
            let told = project.run(&["export", "nasty", "--out", file]);
            assert_eq!(told.code, 0, "{told:?}");
            project.execute("DELETE FROM nasty");
            let told = project.run(&["import", file, "--into", "nasty", "--yes"]);
            assert!(told.code == 0 && told.result.contains("8 rows"), "{file}: {told:?}");
            assert!(everything(&project) == before, "{file} did not bring everything back");
        }
        project.execute("DELETE FROM nasty");
        let told = project.run(&["export", "nasty", "--out", "none.csv"]);
        assert_eq!(told.code, 0, "{told:?}");
        let told = project.run(&["import", "none.csv", "--into", "nasty", "--yes"]);
        assert!(told.code == 0 && told.result.contains("0 rows"), "{told:?}");
    }
}

#[test]
fn one_column_of_nothing_comes_back_too() {
    for project in Project::both() {
        project.execute("CREATE TABLE one (t text); INSERT INTO one VALUES (NULL), (''), (NULL)");
        let csv = project.run(&["export", "one"]).result;
        assert_eq!(csv, "t\n\n\"\"\n\n");
        project.execute("DELETE FROM one");
        let told = fed(&project, &["--into", "one", "--yes"], csv.as_bytes());
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(project.query("SELECT count(*), count(t) FROM one"), "3|1");
    }
}

#[test]
fn what_becomes_of_a_file_is_shown_before_anything_is_written() {
    for project in Project::both() {
        people(&project);
        fs::write(project.path("p.csv"), "ID,full name,extra\n1,Ada,x\n2,,y\n").unwrap();
        let told = project.run(&["import", "p.csv", "--into", "people"]);
        assert!(told.code == 2 && told.talk.contains("--map 'full name=COLUMN'"), "{told:?}");
        let map = ["import", "p.csv", "--into", "people", "--map", "full name=name,extra="];
        let told = project.run(&map);
        assert_eq!((told.code, told.result.as_str()), (4, ""), "{told:?}");
        for shown in
            ["full name", "Ada · NULL", "left out", "note is not in the file", "one transaction"]
        {
            assert!(told.talk.contains(shown), "{shown}: {told:?}");
        }
        let told = project.run(&[&map[..], &["--yes"]].concat());
        assert!(told.code == 1 && told.talk.contains("p.csv, line 3, column name"), "{told:?}");
        assert_eq!(project.query("SELECT count(*) FROM people"), "0");
        let told = project.run(&[&map[..], &["--yes", "--null", "-"]].concat());
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(all(&project), "1:Ada:-1:none,2::-1:none");
    }
}

#[test]
fn a_row_that_does_not_fit_is_named_by_its_line() {
    for project in Project::both() {
        people(&project);
        let postgres = matches!(project.database, Database::Postgres(_));
        for (text, expected) in [
            ("id,name,age\n1,\"A\nda\",3\n\n2,Bob,5\n3,Cy,-4\n", "line 6"),
            ("id,name,age\n1,Ada,3\n2,Bob\n", "line 3: the row has 2 values, not 3"),
            ("id,name,age\n1,Ada,3,4\n", "line 2: the row has 4 values, not 3"),
            ("id,name,age\n1,\"Ada,3\n2,Bob,1\n", "line 2: a quote is never closed"),
            ("id,name,age\n1,\"A\"da,3\n", "line 2: a quote closes inside a value"),
            ("id,name,age\n1,Ada,3\n1,Bob,4\n", "line 3"),
        ] {
            let told = fed(&project, &["--into", "people", "--yes"], text.as_bytes());
            assert!(told.code == 1 && told.talk.contains(expected), "{text}: {told:?}");
            // What the first rows already show is told before anything is asked.
            let asked = told.talk.contains("one transaction");
            assert!(!asked || told.talk.contains("Nothing was imported"), "{told:?}");
            assert_eq!(all(&project), "");
        }
        if postgres {
            let told = fed(&project, &["--into", "people", "--yes"], b"id,name,age\n1,A,x\n");
            assert!(
                told.talk.contains("line 2, column age") && told.talk.contains("\"x\""),
                "{told:?}"
            );
        }
        let json = b"{\"id\":1,\"name\":\"Ada\"}\n{\"id\":2,\"name\":\n";
        let told = fed(&project, &["--into", "people", "--yes", "--format", "jsonl"], json);
        assert!(told.code == 1 && told.talk.contains("line 2: no JSON object"), "{told:?}");
        let json = b"{\"id\":1,\"name\":\"Ada\"}\n{\"id\":2,\"nam\":\"Bob\"}\n";
        let told = fed(&project, &["--into", "people", "--yes", "--format", "jsonl"], json);
        assert!(told.code == 2 && told.talk.contains("nam"), "{told:?}");
        assert_eq!(all(&project), "");
    }
}

#[test]
fn a_reference_to_nothing_is_found_though_nobody_tells_its_line() {
    let project = Project::new(Database::Postgres(server::postgres().create_database("fk")));
    project.execute(
        "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1), (2);
         CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a)",
    );
    let mut text = String::from("id,a\n");
    for id in 0..5000 {
        text.push_str(&format!("{id},{}\n", if id == 3210 { 3 } else { 1 + id % 2 }));
    }
    let told = fed(&project, &["--into", "b", "--yes"], text.as_bytes());
    assert!(told.code == 1 && told.talk.contains("line 3212"), "{told:?}");
    assert!(told.talk.contains("(a)=(3)"), "{told:?}");
    assert_eq!(project.query("SELECT count(*) FROM b"), "0");
    let told = fed(&project, &["--into", "b", "--yes", "--rejects", "r.csv"], text.as_bytes());
    assert_eq!(told.code, 3, "{told:?}");
    assert_eq!(project.query("SELECT count(*) FROM b"), "4999");
}

#[test]
fn rows_that_do_not_fit_go_to_a_file_that_can_be_imported_again() {
    for project in Project::both() {
        people(&project);
        let text = "id,name,age\n1,\"A,\nda\",3\n2,Bob,-5\n3,,4\n4,Dan\n5,Eve,\n1,Twice,1\n";
        let told = fed(
            &project,
            &["--into", "people", "--yes", "--rejects", "r.csv", "--json"],
            text.as_bytes(),
        );
        assert_eq!(told.code, 3, "{told:?}");
        assert_eq!((&told.json()["rows"], &told.json()["rejected"]), (&2.into(), &4.into()));
        assert_eq!(all(&project), "1:A,\nda:3:none,5:Eve:-1:none");
        let rejects = fs::read_to_string(project.path("r.csv")).unwrap();
        assert!(
            rejects.starts_with("\"id\",\"name\",\"age\",\"rejected line\",\"rejected because\"\n")
        );
        for row in ["2,Bob,-5,\"4\",", "3,,4,\"5\",", "4,Dan,\"6\",", "1,Twice,1,\"8\","] {
            assert!(rejects.contains(row), "{row}: {rejects}");
        }
        let told =
            project.run(&["import", "r.csv", "--into", "people", "--yes", "--rejects", "r.csv"]);
        assert_eq!(told.code, 2, "{told:?}");
        let corrected = rejects.replace("2,Bob,-5", "2,Bob,5").replace("3,,4", "3,Cy,4");
        let corrected = corrected.replace("4,Dan,", "4,Dan,,").replace("1,Twice", "6,Twice");
        fs::write(project.path("r.csv"), corrected).unwrap();
        let told = project.run(&["import", "r.csv", "--into", "people", "--yes"]);
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(project.query("SELECT count(*), sum(age) FROM people"), "6|13");
        let json = b"{\"id\":7,\"name\":\"Gil\"}\n{\"id\":7,\"name\":\"Twin\"}\nnothing\n";
        let arguments = ["--into", "people", "--format", "jsonl", "--yes", "--rejects", "r.jsonl"];
        let told = fed(&project, &arguments, json);
        assert_eq!(told.code, 3, "{told:?}");
        let rejects = fs::read_to_string(project.path("r.jsonl")).unwrap();
        let rows: Vec<serde_json::Value> =
            rejects.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let twin = rows.iter().find(|row| row["name"] == "Twin").unwrap();
        assert_eq!(twin["rejected line"], 2);
        assert!(rows.iter().any(|row| row["rejected text"] == "nothing"), "{rejects}");
    }
}

#[test]
fn rows_that_are_there_are_changed_by_their_key() {
    for project in Project::both() {
        people(&project);
        project.execute("CREATE UNIQUE INDEX by_name ON people (name); INSERT INTO people VALUES (1, 'Ada', 1, 'kept'), (2, 'Bob', 2, 'kept')");
        let text = b"id,name,age\n2,Bob,22\n3,Cy,3\n2,Bobby,23\n";
        assert_eq!(fed(&project, &["--into", "people", "--yes"], text).code, 1);
        let told = fed(&project, &["--into", "people", "--yes", "--upsert"], text);
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(all(&project), "1:Ada:1:kept,2:Bobby:23:kept,3:Cy:3:none");
        let told = fed(
            &project,
            &["--into", "people", "--yes", "--upsert", "name"],
            b"name,id,age\nAda,1,\n",
        );
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(all(&project), "1:Ada:-1:kept,2:Bobby:23:kept,3:Cy:3:none");
        let told = fed(
            &project,
            &["--into", "people", "--yes", "--upsert", "--rejects", "r.csv"],
            b"id,name,age\n4,Dan,-1\n1,Ada,9\n5,Bobby,1\n",
        );
        assert_eq!(told.code, 3, "{told:?}");
        assert_eq!(all(&project), "1:Ada:9:kept,2:Bobby:23:kept,3:Cy:3:none");
        let told = fed(&project, &["--into", "people", "--yes", "--upsert", "note"], text);
        assert!(told.code == 2 && told.talk.contains("no field for note"), "{told:?}");
    }
}

#[test]
fn batches_stay_and_are_said_to_and_a_dry_run_leaves_nothing() {
    for project in Project::both() {
        people(&project);
        let text = b"id,name\n1,a\n2,b\n3,c\n4,d\n5,e\n5,f\n";
        let told = fed(&project, &["--into", "people", "--yes", "--batch", "2"], text);
        assert!(told.code == 1 && told.talk.contains("line 7"), "{told:?}");
        assert!(
            told.talk.contains("4 rows of the batches before were imported and stay"),
            "{told:?}"
        );
        assert_eq!(project.query("SELECT count(*) FROM people"), "4");
        project.execute("DELETE FROM people");
        let told = fed(&project, &["--into", "people", "--dry-run"], text);
        assert!(told.code == 1 && told.talk.contains("line 7"), "{told:?}");
        let told = fed(&project, &["--into", "people", "--dry-run", "--rejects", "r.csv"], text);
        assert!(told.code == 3 && told.result.contains("5 rows would go into"), "{told:?}");
        assert_eq!(project.query("SELECT count(*) FROM people"), "0");
    }
}

#[test]
fn encodings_delimiters_and_files_without_names_are_read() {
    for project in Project::both() {
        people(&project);
        let told = fed(&project, &["--into", "people", "--yes"], b"id,name\n1,J\xfcrgen\n");
        assert!(told.code == 1 && told.talk.contains("line 2: this is not UTF-8"), "{told:?}");
        let latin = ["--into", "people", "--yes", "--encoding", "latin1", "--delimiter", ";"];
        assert_eq!(fed(&project, &latin, b"id;name\r\n1;J\xfcrgen\r\n").code, 0);
        for (id, mark, encode) in [
            (2, [0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]),
            (3, [0xfe, 0xff], u16::to_be_bytes),
        ] {
            let text = format!("id,name\n{id},\"ü😀\"\n");
            let mut bytes = mark.to_vec();
            bytes.extend(text.encode_utf16().flat_map(encode));
            let told =
                fed(&project, &["--into", "people", "--yes", "--encoding", "utf-16"], &bytes);
            assert_eq!(told.code, 0, "{told:?}");
        }
        let bare = ["--into", "people", "--yes", "--no-header", "--columns", "name,id"];
        assert_eq!(fed(&project, &bare, b"\xef\xbb\xbfx,4\n").code, 0);
        assert_eq!(
            fed(&project, &["--into", "people", "--yes", "--no-header"], b"5,y,1,z").code,
            0
        );
        let expected = "1:Jürgen:-1:none,2:ü😀:-1:none,3:ü😀:-1:none,4:x:-1:none,5:y:1:z";
        assert_eq!(all(&project), expected);
        assert_eq!(fed(&project, &["--into", "people", "--encoding", "klingon"], b"").code, 2);
        let told = fed(&project, &["--into", "people", "--yes"], b"");
        assert!(told.code == 1 && told.talk.contains("empty"), "{told:?}");
    }
}

#[test]
fn production_wants_its_name_and_read_only_stays_so() {
    for project in Project::both() {
        people(&project);
        project.configure("protection = \"production\"", "");
        let text = b"id,name\n1,a\n";
        let told = fed(&project, &["--into", "people", "--yes"], text);
        assert!(told.code == 4 && told.talk.contains("--confirm"), "{told:?}");
        assert_eq!(
            fed(&project, &["--into", "people", "--yes", "--confirm", "other"], text).code,
            4
        );
        assert_eq!(project.query("SELECT count(*) FROM people"), "0");
        let name = match &project.database {
            Database::Postgres(database) => database.name.clone(),
            Database::Sqlite(file) => file.path.file_name().unwrap().to_string_lossy().into_owned(),
        };
        let told = fed(&project, &["--into", "people", "--yes", "--confirm", &name], text);
        assert_eq!(told.code, 0, "{told:?}");
        let told = fed(&project, &["--into", "people", "--read-only", "--confirm", &name], text);
        assert_eq!(told.code, 4, "{told:?}");
        assert_eq!(project.query("SELECT count(*) FROM people"), "1");
    }
}

#[test]
fn a_stopped_or_killed_import_leaves_nothing() {
    for project in Project::both() {
        people(&project);
        for (signal, code) in [("-INT", Some(130)), ("-KILL", None)] {
            let mut child = project
                .command(&["import", "-", "--into", "people", "--yes"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut pipe = child.stdin.take().unwrap();
            let row = |id: u32| format!("{id},{}\n", "x".repeat(1000));
            let rows: String = (0..10_000).map(row).collect();
            // More than the pipe and what is read ahead hold: some rows are in the database.
            pipe.write_all(format!("id,name\n{rows}").as_bytes()).unwrap();
            let killed = Command::new("kill").args([signal, &child.id().to_string()]).status();
            assert!(killed.unwrap().success());
            assert_eq!(child.wait().unwrap().code(), code);
            drop(pipe);
            assert_eq!(project.query("SELECT count(*) FROM people"), "0");
        }
    }
}

#[test]
fn tables_that_copy_does_not_reach_are_filled_too() {
    let project = Project::new(Database::Postgres(server::postgres().create_database("views")));
    project.execute(
        "CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (n * 2) STORED);
         CREATE VIEW v AS SELECT id, n FROM p;
         CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);
         CREATE TABLE parts_2024 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    );
    let told = fed(&project, &["--into", "p", "--yes"], b"id,n,twice\n7,1,2\n");
    assert!(told.code == 0 && told.talk.contains("setval"), "{told:?}");
    let told = fed(&project, &["--into", "v", "--yes"], b"id,n\n8,2\n");
    assert_eq!(told.code, 0, "{told:?}");
    let told = fed(&project, &["--into", "p", "--yes", "--upsert"], b"id,n\n8,3\n9,4\n");
    assert_eq!(told.code, 0, "{told:?}");
    assert_eq!(
        project.query("SELECT string_agg(id || ':' || twice, ',' ORDER BY id) FROM p"),
        "7:2,8:6,9:8"
    );
    let told = fed(&project, &["--into", "parts", "--yes"], b"id,at\n1,2024-05-06\n2,2026-01-01\n");
    assert!(told.code == 1 && told.talk.contains("line 3"), "{told:?}");
    let told = fed(&project, &["--into", "nothing", "--yes"], b"id\n1\n");
    assert_eq!(told.code, 2, "{told:?}");
}

#[test]
fn triggers_that_talk_or_forbid_do_not_hang_it() {
    let project = Project::new(Database::Postgres(server::postgres().create_database("talk")));
    project.execute(
        "CREATE TABLE t (id int, n text);
         CREATE FUNCTION talk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE WARNING '%', repeat('talk', 250);
             IF NEW.id = 19000 THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END $$;
         CREATE TRIGGER talk BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION talk()",
    );
    let rows: String = (0..20_000).map(|id| format!("{id},x\n")).collect();
    let told = fed(&project, &["--into", "t", "--yes"], format!("id,n\n{rows}").as_bytes());
    assert!(told.code == 1 && told.talk.contains("line 19002"), "{told:?}");
    assert!(told.talk.contains("not this one"), "{told:?}");
}
