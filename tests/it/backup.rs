//! `backup` and `restore` as scripts meet them, on both engines: what is made, listed, kept and
//! brought back, what is refused, and what is there after one was killed or the disk was full.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use dbstudio::config::{Config, Flags, Variables};
use dbstudio::db::stop::Stop;
use dbstudio::ops::backup::Place;
use dbstudio::ops::restore::{self, Part, Way};

use crate::server;
use crate::verbs::{Database, Project, Told};

/// A project on each engine, with rows, whose backups are in its own folder.
fn filled() -> [Project; 2] {
    let projects = Project::both();
    for project in &projects {
        configure(project, "development", "");
        let many = match project.database {
            Database::Postgres(_) => "SELECT i, md5(i::text) FROM generate_series(1, 3000) i",
            Database::Sqlite(_) => {
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                 SELECT i, hex(randomblob(16)) FROM n"
            }
        };
        project.execute(&format!(
            "CREATE TABLE users (id integer PRIMARY KEY, name text); CREATE TABLE empty (x integer);
             INSERT INTO users {many}; UPDATE users SET name = 'Ada' WHERE id = 1"
        ));
    }
    projects
}

fn configure(project: &Project, protection: &str, more: &str) {
    project.configure(
        &format!("protection = \"{protection}\""),
        &format!("[project]\nbackups = \"kept\"\n{more}"),
    );
}

/// The names of the files in the folders of backups.
fn backups(project: &Project) -> Vec<String> {
    let files = project.files("kept").into_iter();
    files.filter(|name| !name.ends_with("index.json")).collect()
}

fn name(project: &Project) -> String {
    match &project.database {
        Database::Postgres(database) => database.name.clone(),
        Database::Sqlite(file) => file.path.file_name().unwrap().to_string_lossy().into_owned(),
    }
}

const FIRST: &str = "SELECT name FROM users WHERE id = 1";

#[test]
fn what_was_backed_up_comes_back_and_what_was_there_is_kept() {
    for project in filled() {
        let told = project.run(&["restore", "--yes"]);
        assert_eq!(told.code, 2, "{told:?}");
        let told = project.run(&["backup"]);
        assert!(told.code == 0 && told.talk.contains("2 tables"), "{told:?}");
        assert!(PathBuf::from(told.result.trim()).exists(), "{told:?}");
        let told = project.run(&["backup", "--list", "--json"]);
        let listed = &told.json()["backups"][0];
        assert_eq!((&listed["tables"], listed["sha256"].as_str().unwrap().len()), (&2.into(), 64));
        project.execute("UPDATE users SET name = 'Eve' WHERE id = 1; DROP TABLE empty");
        assert_eq!(project.run(&["restore"]).code, 4);
        let told = project.run(&["restore", "--dry-run"]);
        assert!(told.code == 0 && told.result.contains("takes the place of"), "{told:?}");
        assert_eq!(project.query(FIRST), "Eve");
        let told = project.run(&["restore", "--yes", "--json"]);
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(project.query(FIRST), "Ada");
        assert_eq!(project.query("SELECT count(*) FROM empty"), "0");
        let kept = told.json()["kept"].as_str().unwrap().to_owned();
        let was = match &project.database {
            Database::Postgres(_) => server::postgres().psql(&kept, FIRST).trim().to_owned(),
            Database::Sqlite(file) => {
                let there = fs::read(&file.path).unwrap();
                fs::copy(&kept, &file.path).unwrap();
                let was = file.query(FIRST).trim().to_owned();
                fs::write(&file.path, there).unwrap();
                was
            }
        };
        assert_eq!(was, "Eve");
        let told = project.run(&["restore", "--yes", "--drop-old", "--json"]);
        assert_eq!((told.code, &told.json()["kept"]), (0, &serde_json::Value::Null), "{told:?}");
        assert_eq!(project.query(FIRST), "Ada");
        if let Database::Postgres(_) = project.database {
            server::postgres().psql("postgres", &format!("DROP DATABASE \"{kept}\""));
        }
    }
}

#[test]
fn a_damaged_backup_is_refused_and_old_ones_go() {
    for project in filled() {
        configure(&project, "development", "backup_keep = 2");
        for _ in 0..3 {
            let told = project.run(&["backup"]);
            assert_eq!(told.code, 0, "{told:?}");
        }
        assert_eq!(backups(&project).len(), 2);
        let file = project.path("kept").join(backups(&project).last().unwrap());
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        fs::write(&file, bytes).unwrap();
        let told = project.run(&["restore", "--yes", "--drop-old", file.to_str().unwrap()]);
        assert!(told.code == 1 && told.talk.contains("not the backup that was made"), "{told:?}");
        // Outside the index nobody knows its checksum, and it still is not taken for a whole one.
        let half = project.path("half");
        let bytes = fs::read(project.path("kept").join(&backups(&project)[0])).unwrap();
        fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
        let told = project.run(&["restore", "--yes", "half"]);
        assert_eq!(told.code, 1, "{told:?}");
        assert_eq!(project.query(FIRST), "Ada");
    }
}

#[test]
fn a_reset_knows_a_backup_of_this_database_alone() {
    for project in filled() {
        project.schema("CREATE TABLE users (id integer PRIMARY KEY, name text);");
        let reset = ["reset", "--dry-run"];
        let told = project.run(&reset);
        assert!(told.result.contains("[ ] backup"), "{told:?}");
        assert_eq!(project.run(&["backup"]).code, 0);
        let told = project.run(&reset);
        assert!(told.result.contains("[x] backup"), "{told:?}");
        assert_eq!(project.run(&["reset", "--yes", "--ack", "team-notified"]).code, 0);
        // Another database in its place: the backup is not of that one.
        match &project.database {
            Database::Postgres(database) => {
                let name = &database.name;
                let server = server::postgres();
                server.psql("postgres", &format!("DROP DATABASE \"{name}\" WITH (FORCE)"));
                server.psql("postgres", &format!("CREATE DATABASE \"{name}\""));
            }
            Database::Sqlite(file) => {
                let other = file.path.with_extension("other");
                fs::copy(&file.path, &other).unwrap();
                fs::rename(&other, &file.path).unwrap();
            }
        }
        project
            .execute("CREATE TABLE users (id integer PRIMARY KEY); INSERT INTO users VALUES (1)");
        let told = project.run(&reset);
        assert!(told.result.contains("[ ] backup"), "{told:?}");
    }
}

#[test]
fn production_is_restored_only_by_its_name() {
    for project in filled() {
        assert_eq!(project.run(&["backup"]).code, 0);
        configure(&project, "production", "");
        project.execute("UPDATE users SET name = 'Eve' WHERE id = 1");
        for more in [&[][..], &["--confirm", "other"]] {
            let told = project.run(&[&["restore", "--yes", "--ack", "all"][..], more].concat());
            assert_eq!(told.code, 4, "{told:?}");
        }
        assert_eq!(project.run(&["restore", "--yes", "--read-only"]).code, 4);
        assert_eq!(project.query(FIRST), "Eve");
        let name = name(&project);
        let restore = ["restore", "--yes", "--drop-old", "--confirm", &name];
        assert_eq!(project.run(&restore).code, 4);
        let told = project.run(&[&restore[..], &["--ack", "team-notified"]].concat());
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(project.query(FIRST), "Ada");
    }
}

#[test]
fn a_full_disk_leaves_nothing_and_says_so() {
    for project in filled() {
        let mut command = Command::new("sh");
        let dbstudio = project.command(&["backup"]);
        command.args(["-c", "ulimit -f 16; exec \"$0\" backup"]).arg(dbstudio.get_program());
        command.current_dir(project.folder.path()).stdin(Stdio::null()).env_clear();
        command.envs(dbstudio.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let told = Told::of(command.output().unwrap());
        assert!(told.code == 1 && told.talk.contains("could not be written"), "{told:?}");
        assert_eq!(backups(&project), [""; 0]);
        assert_eq!(project.run(&["backup"]).code, 0);
    }
}

/// Programs of PostgreSQL that note how they are called, and wait where `wait` is in the arguments.
fn wrapped(project: &Project, wait: &str) -> PathBuf {
    let folder = project.path("wrapped");
    fs::create_dir_all(&folder).unwrap();
    for name in ["pg_dump", "pg_restore"] {
        let real = server::postgres().programs.join(name).display().to_string();
        let text = format!(
            "#!/bin/sh\necho \"$0 $*\" >> {0}/calls\ncase \"$*\" in *{wait}*) touch {0}/waits; read x < {0}/pipe; {real} \"$@\"; touch {0}/ended; exit;; esac\nexec {real} \"$@\"\n",
            folder.display()
        );
        // Written by another process: a program that anybody has open for writing cannot be run,
        // and what a test beside this one starts would keep it open for a moment.
        let mut writing = Command::new("sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
            .arg(folder.join(name))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        writing.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(writing.wait().unwrap().success());
    }
    assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    folder
}

#[test]
fn a_killed_backup_or_restore_leaves_the_old_state() {
    let [project, _] = filled();
    assert_eq!(project.run(&["backup"]).code, 0);
    project.execute("UPDATE users SET name = 'Eve' WHERE id = 1");
    for (wait, arguments) in
        [("--format=custom", &["backup"][..]), ("--exit-on-error", &["restore", "--yes"])]
    {
        fs::remove_dir_all(project.path("wrapped")).ok();
        let folder = wrapped(&project, wait);
        let path = format!("{}:/usr/bin:/bin", folder.display());
        let mut command = project.command(arguments);
        let talk = folder.join("talk");
        command.env("PATH", path).stdout(Stdio::null()).stderr(fs::File::create(&talk).unwrap());
        let mut child = command.spawn().unwrap();
        while !folder.join("waits").exists() {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended by itself: {:?}", fs::read_to_string(&talk));
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // Its program finds nobody to read or feed it any more.
        fs::OpenOptions::new()
            .write(true)
            .open(folder.join("pipe"))
            .unwrap()
            .write_all(b"\n")
            .unwrap();
        while !folder.join("ended").exists() {
            std::thread::yield_now();
        }
        nobody_is_there(&project);
        let whole = backups(&project).into_iter().filter(|name| !name.contains(".part"));
        assert_eq!((whole.count(), project.query(FIRST).as_str()), (1, "Eve"));
        let listed = project.run(&["backup", "--list", "--json"]).json();
        assert_eq!(listed["backups"].as_array().unwrap().len(), 1);
    }
    let told = project.run(&["backup"]);
    assert!(told.code == 0 && told.talk.contains("was killed had left"), "{told:?}");
    assert_eq!(backups(&project).len(), 2);
}

/// Waits until the last session in the project's database is gone.
fn nobody_is_there(project: &Project) {
    server::postgres().psql(
        "postgres",
        &format!(
            "DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = '{}') LOOP
             PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$",
            name(project)
        ),
    );
}

#[test]
fn a_password_is_in_no_argument_and_sessions_are_in_the_way() {
    let [project, _] = filled();
    let folder = wrapped(&project, "never");
    let text = fs::read_to_string(project.path("dbstudio.toml")).unwrap();
    fs::write(project.path("dbstudio.toml"), text.replace("postgres@", "postgres:sesame@"))
        .unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let run = |arguments: &[&str]| {
        Told::of(project.command(arguments).env("PATH", &path).output().unwrap())
    };
    assert_eq!(run(&["backup"]).code, 0);
    let Database::Postgres(database) = &project.database else { panic!() };
    let mut psql = Command::new(server::postgres().programs.join("psql"));
    psql.args(["-XAtq", &database.url()]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut psql = psql.stderr(Stdio::null()).spawn().unwrap();
    server::postgres().psql(
        "postgres",
        &format!(
            "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '{}') LOOP
             PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$",
            database.name
        ),
    );
    let told = run(&["restore", "--yes"]);
    assert!(told.code == 4 && told.talk.contains("psql"), "{told:?}");
    let told = run(&["restore", "--yes", "--disconnect", "--drop-old"]);
    assert_eq!(told.code, 0, "{told:?}");
    psql.kill().unwrap();
    psql.wait().unwrap();
    let calls = fs::read_to_string(folder.join("calls")).unwrap();
    assert!(calls.contains("pg_dump") && !calls.contains("sesame"), "{calls}");
}

#[test]
fn a_production_database_is_recognised_by_any_other_address_and_after_a_changed_config() {
    for project in filled() {
        configure(&project, "production", "");
        assert_eq!(project.run(&["backup"]).code, 0);
        let url = match &project.database {
            Database::Postgres(database) => database.socket_url(),
            Database::Sqlite(file) => {
                let other = file.path.with_extension("alias.db");
                fs::hard_link(&file.path, &other).unwrap();
                format!("sqlite:{}", other.display())
            }
        };
        for verb in ["reset", "seed"] {
            let told = project.run(&[verb, "--yes", "--ack", "all", "--url", &url]);
            assert!(told.code == 4 && told.talk.contains("same database"), "{told:?}");
        }
        configure(&project, "development", "");
        let told = project.run(&["reset", "--yes", "--ack", "all", "--json"]);
        assert_eq!(
            (told.code, &told.json()["problem"]["kind"]),
            (4, &"refused".into()),
            "{told:?}"
        );
        assert_eq!(project.query(FIRST), "Ada");
    }
}

#[test]
fn a_restore_tells_how_much_of_the_backup_is_read() {
    for project in filled() {
        assert_eq!(project.run(&["backup"]).code, 0);
        let home = project.path("home").display().to_string();
        let state = project.path("home/state").display().to_string();
        let pairs = [("HOME", home.clone()), ("XDG_STATE_HOME", state), ("XDG_CONFIG_HOME", home)];
        let variables = Variables::from_pairs(pairs);
        let config = Config::load(&Flags::default(), project.folder.path(), variables).unwrap();
        let target = config.target(&Flags::default()).unwrap().unwrap();
        let (place, stop) = (Place::of(&config, &target), Stop::new());
        let mut told = Vec::new();
        let mut tell = |part: Part<'_>| {
            if let Part::Read { bytes, of } = part {
                told.push((bytes, of));
            }
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let way = Way { drop_old: true, ..Way::default() };
        let done = runtime.block_on(async {
            let plan = restore::plan(&target, &place, None, &stop).await?;
            plan.carry_out(way, &stop, &mut tell).await
        });
        assert_eq!(done.unwrap().tables, 2);
        let size = fs::metadata(project.path("kept").join(&backups(&project)[0])).unwrap().len();
        assert_eq!((told.first(), told.last()), (Some(&(0, size)), Some(&(size, size))));
    }
}
