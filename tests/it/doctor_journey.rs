//! `dbstudio doctor` on a terminal of 80 columns, as a person meets it on six broken set-ups: what is
//! wrong, why it matters and what to do are in sight, nothing is cut off, and the advice helps.

use std::fs;

use crate::drift::write_migration;
use crate::screen::{Start, Terminal};
use crate::server;
use crate::verbs::{Database, Project};

const HEALTHY: &str = "Nothing is in the way.";
const ONE_WRONG: &str = "One thing is wrong; what to do is said above.";

/// A file with one migration applied and a row in its table: nothing is wrong with it.
fn sound() -> Project {
    let file = server::sqlite("examined");
    file.execute("VACUUM");
    let project = Project::new(Database::Sqlite(file));
    write_migration(&project, "0001_a", "CREATE TABLE a (id integer PRIMARY KEY);\n", "");
    assert_eq!(project.run(&["migrate", "--yes"]).code, 0);
    project.execute("INSERT INTO a VALUES (1)");
    project
}

/// Runs the doctor to its last sentence.
#[track_caller]
fn examine(project: &Project, arguments: &[&str], code: u32, last: &str) -> Terminal {
    let start = Start::studio(&["doctor"]).arguments(arguments).folder(project.folder.path());
    let terminal = start.spawn();
    terminal.wait_for_text(last);
    assert_eq!(terminal.wait_for_end().exit_code(), code, "{}", terminal.contents());
    terminal.assert_given_back();
    // On a screen that is wider and higher, a line too long for this one stays one line.
    let mut wide = vt100::Parser::new(100, 400, 0);
    wide.process(&terminal.log());
    for line in wide.screen().rows(0, 400) {
        assert!(line.trim_end().chars().count() <= 80, "too long for the screen: {line}");
    }
    terminal
}

/// Expects one thing to be wrong, and these words about it on the screen, however they wrap.
#[track_caller]
fn wrong(project: &Project, arguments: &[&str], words: &[&str]) -> Terminal {
    let terminal = examine(project, arguments, 3, ONE_WRONG);
    let shown = terminal.contents();
    assert_eq!(shown.matches('✗').count(), 1, "{shown}");
    let flowing = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words.iter().chain(&["why:", "next:"]) {
        assert!(flowing.contains(word), "{word} is not in\n{shown}");
    }
    terminal
}

#[test]
fn six_broken_setups_one_after_the_other() {
    let project = sound();
    examine(&project, &[], 0, HEALTHY);

    // An environment that is not there; the one that is named instead is sound.
    let words = ["no environment \"nobody\"", "nothing to open", "Known here: development"];
    wrong(&project, &["-e", "nobody"], &words);
    examine(&project, &["-e", "development"], 0, HEALTHY);

    // A server that is not there. Nothing listens on the port of tcpmux.
    let words = ["Nobody answers", "no server answers on it", "start PostgreSQL"];
    let terminal = wrong(&project, &["postgres://ada@127.0.0.1:1/shop"], &words);
    insta::assert_snapshot!("no_server", terminal.contents());

    // A database that the server does not have.
    let database = server::postgres().create_database("examined");
    let url = database.url().replace(&database.name, "not_there");
    wrong(&project, &[&url], &["not_there", "createdb"]);

    // A required variable that nobody set; it is put where the advice says.
    project.configure("", "required_env = [\"VAULT_KEY: base64 of 32 bytes\"]");
    wrong(&project, &[], &["VAULT_KEY", ".env.local"]);
    let key = format!("VAULT_KEY={}=\n", "A".repeat(43));
    fs::write(project.path(".env.local"), key).unwrap();
    examine(&project, &[], 0, HEALTHY);

    // An applied migration that was changed; its file is brought back.
    let file = project.path("migrations/0001_a.up.sql");
    let before = fs::read(&file).unwrap();
    fs::write(&file, "CREATE TABLE other (id integer PRIMARY KEY);\n").unwrap();
    wrong(&project, &[], &["0001_a has changed", "dbstudio repair"]);
    fs::write(&file, before).unwrap();
    examine(&project, &[], 0, HEALTHY);

    // A file that is gone.
    let Database::Sqlite(file) = &project.database else { panic!("the other engine") };
    fs::remove_file(&file.path).unwrap();
    wrong(&project, &[], &["cannot be found", "a wrong path", "check the path"]);
}
