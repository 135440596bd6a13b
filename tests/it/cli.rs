//! The command line as scripts and people meet it: the real binary, its exit codes, what it
//! prints where, and that a password is never part of it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use dbstudio::ops::demo::{SCHEMA, SEEDS};
use serde_json::Value;

use crate::server::{self, TestFile};

const PASSWORD: &str = "hunter2-and-more";

/// A place of its own for one test: home, settings, data and a working folder, all empty.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("dbstudio-").tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        Self { folder }
    }

    fn work(&self) -> std::path::PathBuf {
        self.folder.path().join("work")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dbstudio"));
        let home = self.folder.path();
        command.args(arguments).current_dir(self.work()).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home).env("XDG_DATA_HOME", home.join("data"));
        command.env("XDG_CONFIG_HOME", home.join("config"));
        command.env("XDG_STATE_HOME", home.join("state"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Told {
        Told::of(self.command(arguments).output().unwrap())
    }
}

/// What a run left: its exit code and what it printed.
#[derive(Debug)]
struct Told {
    code: i32,
    result: String,
    talk: String,
}

impl Told {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the program ends by itself"),
            result: String::from_utf8(output.stdout).unwrap(),
            talk: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.result).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }
}

/// The demo's schema and rows in a SQLite file.
fn demo_file() -> TestFile {
    let file = server::sqlite("demo");
    file.execute(SCHEMA);
    for (_, seed) in SEEDS {
        file.execute(seed);
    }
    file
}

/// The names in the README's table behind a marker.
pub fn documented_keys(marker: &str) -> BTreeSet<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, after) = readme.split_once(marker).expect("the README's marker");
    let rows = after.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| row.strip_prefix("| `")?.split_once('`'))
        .map(|(key, _)| key.to_owned())
        .collect()
}

/// Every key of some JSON, as `relations[].name`; the members of `null` are unknown.
pub fn keys(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let here = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                keys(member, &here, found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().for_each(|item| keys(item, &format!("{at}[]"), found));
        }
        _ => {
            found.insert(at.to_owned());
        }
    }
}

#[test]
fn version_and_help_are_results() {
    let place = Place::new();
    let told = place.run(&["--version"]);
    assert_eq!((told.code, told.talk.as_str()), (0, ""));
    assert_eq!(told.result, format!("dbstudio {}\n", env!("CARGO_PKG_VERSION")));
    for arguments in [&["--help"][..], &["status", "--help"], &["-h"]] {
        let told = place.run(arguments);
        assert_eq!((told.code, told.talk.as_str()), (0, ""), "{arguments:?}");
        assert!(told.result.contains("Usage: dbstudio"), "{arguments:?}");
    }
}

#[test]
fn wrong_arguments_are_told_with_what_was_meant_and_exit_2() {
    let place = Place::new();
    for (arguments, expected) in [
        (&["--jsno"][..], "--json"),
        (&["status", "--verbos"], "--verbose"),
        (&["completions", "bsh"], "bash"),
        (&["completions"], "<SHELL>"),
        (&["stauts"], "dbstudio status"),
        (&["statsu", "--json"], "dbstudio status"),
        (&["demo", "other.db"], "unexpected argument"),
        (&["other.db", "demo"], "takes no database"),
        (&["a.db", "status", "b.db"], "Two databases"),
        (&["a.db", "--url", "sqlite:b.db"], "Two databases"),
        (&["--config", "nowhere.toml", "status"], "nowhere.toml"),
        (&["-e", "nowhere", "status"], "nowhere"),
        (&["status"], "DATABASE_URL"),
    ] {
        let told = place.run(arguments);
        assert_eq!(told.code, 2, "{arguments:?}: {told:?}");
        let said = format!("{}{}", told.talk, told.result);
        assert!(said.contains(expected), "{arguments:?}: {told:?}");
    }
}

#[test]
fn the_studio_needs_a_terminal_and_says_so() {
    let place = Place::new();
    for arguments in [&[][..], &["demo"]] {
        let told = place.run(arguments);
        assert_eq!((told.code, told.result.as_str()), (2, ""), "{told:?}");
        assert!(told.talk.contains("needs a terminal"), "{told:?}");
    }
    assert!(!place.folder.path().join("data").exists(), "nothing is made for nobody");
}

#[test]
fn init_starts_a_project_and_never_overwrites_it() {
    let place = Place::new();
    let told = place.run(&["init"]);
    assert_eq!(told.code, 0, "{told:?}");
    for name in ["dbstudio.toml", "schema.sql", "migrations/", "seeds/"] {
        assert!(told.result.contains(name), "{told:?}");
        assert!(place.work().join(name).exists(), "{name}");
    }
    let schema = place.work().join("schema.sql");
    fs::write(&schema, "-- mine").unwrap();
    fs::remove_dir(place.work().join("seeds")).unwrap();
    let json = place.run(&["init", "--json"]).json();
    assert_eq!(json["made"], serde_json::json!(["seeds/"]));
    assert_eq!(json["kept"], serde_json::json!(["dbstudio.toml", "schema.sql", "migrations/"]));
    assert_eq!(fs::read_to_string(&schema).unwrap(), "-- mine");
}

#[test]
fn a_new_project_is_understood_and_points_at_its_database() {
    let place = Place::new();
    place.run(&["init"]);
    let told = place.run(&["status"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.talk.contains("development.db"), "{told:?}");
}

#[test]
fn init_hints_at_what_version_control_would_publish() {
    let place = Place::new();
    fs::create_dir(place.work().join(".git")).unwrap();
    assert!(place.run(&["init"]).talk.contains(".gitignore"));
    fs::write(place.work().join(".gitignore"), ".env\n.env.local\n").unwrap();
    assert!(!place.run(&["init"]).talk.contains(".gitignore"));
}

#[test]
fn init_explains_a_file_where_a_folder_belongs() {
    let place = Place::new();
    fs::write(place.work().join("migrations"), "a file").unwrap();
    let told = place.run(&["init"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.talk.contains("migrations cannot be made"), "{told:?}");
}

#[test]
fn status_of_a_sqlite_file_as_text() {
    let (place, file) = (Place::new(), demo_file());
    let told = place.run(&["status", &file.url()]);
    assert_eq!(told.code, 0, "{told:?}");
    for expected in ["SQLite", "development", "main.users", "691", "main.user_overview", "view"] {
        assert!(told.result.contains(expected), "{expected}: {}", told.result);
    }
    assert!(!told.result.contains("ciphertext"), "columns are for -v: {}", told.result);
    assert!(!told.result.contains('\u{1b}'), "no colours in a pipe");
    let told = place.run(&["status", "-v", &file.url()]);
    assert!(told.result.contains("ciphertext TEXT · not null"), "{}", told.result);
    assert!(told.result.contains("refers to main.users"), "{}", told.result);
}

#[test]
fn status_of_a_postgres_database_as_text() {
    let place = Place::new();
    let database = server::postgres().create_database("status");
    database.psql(SCHEMA);
    for (_, seed) in SEEDS {
        database.psql(seed);
    }
    for url in [database.url(), database.socket_url()] {
        let told = place.run(&["status", "-v", &url]);
        assert_eq!(told.code, 0, "{told:?}");
        for expected in ["PostgreSQL", "development", "public.users", "1,927", "payload json"] {
            assert!(told.result.contains(expected), "{expected}: {}", told.result);
        }
    }
}

#[test]
fn status_as_json_has_the_keys_that_are_documented_and_no_others() {
    let place = Place::new();
    let toml = "required_env = [\"STATUS_TEST\"]\n";
    fs::write(place.work().join("dbstudio.toml"), toml).unwrap();
    fs::create_dir(place.work().join("migrations")).unwrap();
    fs::write(place.work().join("schema.sql"), "CREATE TABLE wanted (id integer);").unwrap();
    for (name, text) in [("0001_changed.sql", "SELECT 1"), ("notes.sql", "")] {
        fs::write(place.work().join("migrations").join(name), text).unwrap();
    }
    let history = "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text, \
                   installed_on timestamp DEFAULT CURRENT_TIMESTAMP, success boolean, checksum \
                   bytea, execution_time bigint); INSERT INTO _sqlx_migrations (version, \
                   description, success, checksum, execution_time) VALUES (1, 'x', true, '', 1)";
    let documented = documented_keys("<!-- status json -->");
    assert!(documented.len() > 20, "{documented:?}");
    let database = server::postgres().create_database("status_json");
    database.psql(&format!("{SCHEMA};{history}"));
    for url in [database.url(), demo_file_url(&place, history)] {
        assert_eq!(place.run(&["backup", &url]).code, 0);
        let seed = ["seed", "--generate", "1", "--table", "users", "--yes", "--ack", "all"];
        let told = place.run(&[&seed[..], &["--url", &url]].concat());
        assert_eq!(told.code, 0, "{told:?}");
        let told = place.run(&["status", "--json", "--verbose", "--drift", &url]);
        assert_eq!(told.code, 3, "{told:?}");
        let mut found = BTreeSet::new();
        keys(&told.json(), "", &mut found);
        assert_eq!(found, documented);
    }
}

/// A SQLite file with the demo's schema in the working folder.
fn demo_file_url(place: &Place, more: &str) -> String {
    let mut file = server::sqlite("unused");
    file.path = place.work().join("shop.db");
    file.execute(SCHEMA);
    file.execute(more);
    file.url()
}

#[test]
fn status_as_json_says_what_is_there() {
    let (place, file) = (Place::new(), demo_file());
    let told = place.run(&["status", "--json", &file.url()]);
    assert_eq!(told.code, 0, "{told:?}");
    let json = told.json();
    assert_eq!(json["format"], 1);
    assert_eq!(json["connection"]["engine"], "SQLite");
    assert_eq!(json["connection"]["protection"], "development");
    let relations = json["relations"].as_array().unwrap();
    let users = relations.iter().find(|one| one["name"] == "users").unwrap();
    assert_eq!(users["rows"], 400);
    assert_eq!(users["rows_exact"], true);
    assert_eq!(users["column_count"], 9);
    assert_eq!(users["columns"], Value::Null);
}

#[test]
fn required_variables_are_checked_and_their_values_never_shown() {
    let (place, file) = (Place::new(), demo_file());
    fs::write(
        place.work().join("dbstudio.toml"),
        "required_env = [\"TOKEN_VAULT_ENCRYPTION_KEY: base64 of 32 bytes\", \
         \"TOKEN_VAULT_STORAGE: one of postgres, memory\"]\n",
    )
    .unwrap();
    let url = file.url();
    let told = place.run(&["status", &url]);
    assert_eq!(told.code, 3, "{told:?}");
    assert!(told.talk.contains("2 required variables are missing"), "{told:?}");
    let mut wrong = place.command(&["status", &url]);
    wrong.env("TOKEN_VAULT_ENCRYPTION_KEY", PASSWORD).env("TOKEN_VAULT_STORAGE", "memory");
    let told = Told::of(wrong.output().unwrap());
    assert_eq!(told.code, 3, "{told:?}");
    assert!(told.result.contains("TOKEN_VAULT_ENCRYPTION_KEY  wrong"), "{told:?}");
    assert!(!format!("{told:?}").contains(PASSWORD), "{told:?}");
    let key = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
    let mut right = place.command(&["status", &url]);
    right.env("TOKEN_VAULT_ENCRYPTION_KEY", key).env("TOKEN_VAULT_STORAGE", "memory");
    let told = Told::of(right.output().unwrap());
    assert_eq!(told.code, 0, "{told:?}");
    assert!(!format!("{told:?}").contains(key), "{told:?}");
}

#[test]
fn problems_are_json_too_when_that_was_asked_for() {
    let place = Place::new();
    let told = place.run(&["status", "--json", "nowhere.db"]);
    assert_eq!(told.code, 1, "{told:?}");
    let problem = &told.json()["problem"];
    assert_eq!(problem["kind"], "failed");
    for part in ["what", "fix"] {
        assert_ne!(problem[part].as_str().unwrap(), "", "{problem}");
    }
}

#[test]
fn a_password_is_never_printed() {
    let place = Place::new();
    let port = server::postgres().port;
    let url = format!("postgres://nobody:{PASSWORD}@127.0.0.1:{port}/nowhere");
    let closed = format!("postgres://nobody:{PASSWORD}@127.0.0.1:1/nowhere");
    let words = format!("host=127.0.0.1 port={port} password={PASSWORD} dbname=nowhere");
    let flag = format!("--url={url}");
    let mistyped = format!("--ulr={url}");
    for arguments in [
        &["status", url.as_str()][..],
        &["status", "--json", &url],
        &["status", &closed],
        &["status", &words],
        &["status", &flag],
        &["status", &mistyped],
        &["demo", &url],
        &["init", &url],
        &["completions", &url],
        &[&url],
        &["status", &url, &url],
        &["-e", &url, "status"],
    ] {
        let told = place.run(arguments);
        assert_ne!(told.code, 0, "{arguments:?}: {told:?}");
        assert!(!format!("{told:?}").contains(PASSWORD), "{arguments:?}: {told:?}");
    }
    let mut by_variable = place.command(&["status"]);
    let told = Told::of(by_variable.env("DATABASE_URL", &url).output().unwrap());
    assert_eq!(told.code, 1, "{told:?}");
    assert!(!format!("{told:?}").contains(PASSWORD), "{told:?}");
}

#[test]
fn names_in_a_database_cannot_act_on_the_terminal() {
    let (place, file) = (Place::new(), server::sqlite("hostile"));
    file.execute("CREATE TABLE \"a\u{1b}[2Jb\u{9b}31m\u{202e}c\" (\"x\u{7}\ny\" \"t\u{1b}]0;z\")");
    for arguments in [&["status", "-v"][..], &["status", "-v", "--json"]] {
        let told = Told::of(place.command(arguments).arg(file.url()).output().unwrap());
        assert_eq!(told.code, 0, "{told:?}");
        let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!told.result.contains(acts), "{told:?}");
    }
    let json = place.run(&["status", "--json", &file.url()]).json();
    assert_eq!(json["relations"][0]["name"], "a\u{1b}[2Jb\u{9b}31m\u{202e}c");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    let mut command = place.command(&["completions", "bash"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut talk = String::new();
    child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
    assert_eq!((child.wait().unwrap().code(), talk.as_str()), (Some(0), ""));
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let place = Place::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = place.command(&["completions", "bash"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be written"));
}

#[test]
fn completions_know_the_commands_in_every_shell() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let told = place.run(&["completions", shell]);
        assert_eq!((told.code, told.talk.as_str()), (0, ""), "{shell}");
        for word in ["demo", "init", "status", "read-only"] {
            assert!(told.result.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_readme_names_every_command_and_option() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let command = dbstudio::cli::command();
    for action in command.get_subcommands() {
        let name = action.get_name();
        assert!(readme.contains(&format!("dbstudio {name}")), "README.md: dbstudio {name}");
    }
    for option in command.get_arguments().filter_map(|argument| argument.get_long()) {
        assert!(readme.contains(&format!("--{option}")), "README.md: --{option}");
    }
}
