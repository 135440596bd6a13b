//! Migrations that may not be read: the folder, or one file in it. The error names the path, the
//! reason and what to do; nothing is passed over, run or lost.
//!
//! Whoever is root may read everything, so the program then runs as somebody else.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::screen::Start;
use crate::verbs::{Database, Project, Told};

/// The account `nobody` is this on every system these tests meet; any that is not root would do.
const NOBODY: u32 = 65_534;

fn is_root(project: &Project) -> bool {
    fs::metadata(project.folder.path()).unwrap().uid() == 0
}

/// A project with two migrations, of which one is applied.
fn begun(project: &Project) {
    project.schema("CREATE TABLE a (id integer PRIMARY KEY);\n");
    project.migration("0001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY);\n");
    project.succeeds(&["migrate", "--yes"]);
    project.migration("0002_b.sql", "CREATE TABLE b (id integer PRIMARY KEY);\n");
    fs::create_dir_all(project.path("home")).unwrap();
    if is_root(project) {
        // Copied by another process: one that anybody has open for writing cannot be run.
        let mut copy = Command::new("install");
        copy.args(["-m", "755", env!("CARGO_BIN_EXE_dbstudio")]).arg(program(project));
        assert!(copy.status().unwrap().success());
        give(project.folder.path());
        if let Database::Sqlite(file) = &project.database {
            give(file.folder.path());
        }
    }
}

/// Gives a folder and all that is in it away.
fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

/// The program where somebody else may run it: whatever it was built in may be root's alone.
fn program(project: &Project) -> PathBuf {
    project.path("program")
}

/// The program as somebody who may not read everything.
fn run(project: &Project, arguments: &[&str]) -> Told {
    let mut command: Command = project.command(arguments);
    if fs::metadata(project.folder.path()).unwrap().uid() == NOBODY {
        let mut other = Command::new(program(project));
        other.args(arguments).current_dir(project.folder.path()).stdin(Stdio::null()).env_clear();
        other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        other.uid(NOBODY).gid(NOBODY);
        command = other;
    }
    Told::of(command.output().unwrap())
}

fn with_mode(path: &Path, mode: u32, work: impl FnOnce()) {
    let before = fs::metadata(path).unwrap().permissions();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    work();
    fs::set_permissions(path, before).unwrap();
}

const READING: [&[&str]; 6] = [
    &["migrate", "--yes"],
    &["rehearse"],
    &["rollback", "--yes"],
    &["generate", "--yes"],
    &["review"],
    &["baseline", "--to", "0002", "--yes"],
];

fn refused(project: &Project, path: &Path, words: &[&str]) {
    for arguments in READING {
        let told = run(project, arguments);
        assert_eq!((told.code, told.result.as_str()), (1, ""), "{arguments:?}: {told:?}");
        let path = path.display().to_string();
        for expected in [&[path.as_str(), "Permission denied"], words].concat() {
            assert!(told.talk.contains(expected), "{arguments:?}: {expected}: {told:?}");
        }
    }
}

#[test]
fn a_folder_that_may_not_be_read_is_named_with_the_reason_and_the_way_out() {
    for project in Project::both() {
        begun(&project);
        let folder: PathBuf = project.path("migrations");
        with_mode(&folder, 0o000, || {
            refused(&project, &folder, &["The folder", "cannot be read", "chmod u+rx"]);
            let told = run(&project, &["status"]);
            assert!(format!("{told:?}").contains("Permission denied"), "{told:?}");
            let told = run(&project, &["check"]);
            assert!(told.code != 0 && told.talk.contains("Permission denied"), "{told:?}");
        });
        // Listed it may be, but nothing in it may be opened.
        with_mode(&folder, 0o400, || {
            refused(&project, &folder.join("0001_a.sql"), &["cannot be read", "chmod u+r"]);
        });
        assert_eq!(project.files("migrations"), ["0001_a.sql", "0002_b.sql"]);
        assert_eq!(project.applied(), "1");
        let told = run(&project, &["migrate", "--yes"]);
        assert_eq!((told.code, project.applied().as_str()), (0, "1 2"), "{told:?}");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_never_passed_over() {
    for project in Project::both() {
        begun(&project);
        for file in ["0001_a.sql", "0002_b.sql"] {
            let path = project.path("migrations").join(file);
            with_mode(&path, 0o000, || {
                refused(&project, &path, &["cannot be read", "chmod u+r", "move it out"]);
                let told = run(&project, &["status"]);
                assert!(told.result.contains("not readable"), "{told:?}");
                let told = run(&project, &["check", "--json"]);
                let finding = format!("{} cannot be read", path.display());
                assert!(told.code == 3 && told.result.contains(&finding), "{told:?}");
            });
        }
        assert_eq!((project.files("migrations").len(), project.applied().as_str()), (2, "1"));
        let told = run(&project, &["migrate", "--yes"]);
        assert_eq!((told.code, project.applied().as_str()), (0, "1 2"), "{told:?}");
    }
}

#[test]
fn the_studio_says_it_and_gives_the_terminal_back() {
    let [_, project] = Project::both();
    begun(&project);
    let start = match fs::metadata(project.folder.path()).unwrap().uid() {
        NOBODY => {
            let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
            let program = program(&project).display().to_string();
            let who = [user.as_str(), group.as_str(), "--clear-groups", &program];
            Start::program("setpriv").arguments(&who)
        }
        _ => Start::studio(&[]),
    };
    let home = project.path("home").display().to_string();
    let start = start.folder(project.folder.path()).size(120, 36).variable("HOME", &home);
    let start = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"]
        .iter()
        .fold(start, |start, name| start.variable(name, &home));
    with_mode(&project.path("migrations"), 0o000, || {
        let mut terminal = start.spawn();
        terminal.wait_for_text("_sqlx_migrations");
        terminal.keys("3");
        terminal.wait_for_text("Permission denied");
        assert!(terminal.contents().contains("as with chmod u+rx"), "{}", terminal.contents());
        terminal.keys("q");
        assert_eq!(terminal.wait_for_end().exit_code(), 0);
        terminal.assert_given_back();
    });
    assert_eq!(project.applied(), "1");
}
