//! The servers the tests run against: one PostgreSQL for the whole test process, a database of
//! its own for each test, and SQLite files.
//!
//! The PostgreSQL server is made with `initdb` when the first test asks for it. A shell watches
//! over it: it waits for the end of a pipe whose other end only this process holds, so that the
//! server stops and its folder goes however the tests end, by `kill -9` too. A test that cannot
//! have a server fails and says how to get one.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long the server may take to answer its first connection.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Folders of servers are called this and the number of the test process.
const FOLDER_PREFIX: &str = "dbstudio-test-";

const ADVICE: &str = "The tests need the PostgreSQL server programs (13 or later). \
    Debian and Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; \
    macOS: brew install postgresql. If they are in an unusual folder, name it in \
    DBSTUDIO_TEST_PG_BIN.";

/// A running PostgreSQL server. Everybody may connect as `postgres` without a password.
#[derive(Debug)]
pub struct Server {
    /// The folder with `initdb`, `postgres`, `psql` and the others.
    pub programs: PathBuf,
    /// The folder of the Unix-domain socket.
    pub socket_folder: PathBuf,
    /// The port, on 127.0.0.1 and in the socket's file name.
    pub port: u16,
    /// The user the server runs as, when the tests themselves run as root.
    run_as: Option<RunAs>,
    /// The watching shell: the server ends when this process's end of its pipe closes.
    watch: Child,
}

/// A database of its own for one test; dropped with the value.
#[derive(Debug)]
pub struct TestDatabase {
    server: &'static Server,
    /// Its name.
    pub name: String,
}

/// A SQLite file in a folder of its own; removed with the value.
#[derive(Debug)]
pub struct TestFile {
    /// The folder, which holds nothing else at first.
    pub folder: tempfile::TempDir,
    /// The path of the file, which does not exist yet.
    pub path: PathBuf,
}

#[derive(Debug, Clone, Copy)]
struct RunAs {
    user: u32,
    group: u32,
}

/// The server of this test process, started at the first call.
pub fn postgres() -> &'static Server {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    match SERVER.get_or_init(start) {
        Ok(server) => server,
        Err(why) => panic!("there is no PostgreSQL server for this test: {why}\n{ADVICE}"),
    }
}

/// A place for a SQLite file called `LABEL.db`.
pub fn sqlite(label: &str) -> TestFile {
    let folder = tempfile::Builder::new().prefix("dbstudio-").tempdir().unwrap();
    let path = folder.path().join(format!("{label}.db"));
    TestFile { folder, path }
}

impl Server {
    /// A new empty database whose name begins with `label`.
    pub fn create_database(&'static self, label: &str) -> TestDatabase {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{label}_{number}");
        self.psql("postgres", &format!("CREATE DATABASE {} TEMPLATE template0", quoted(&name)));
        TestDatabase { server: self, name }
    }

    /// Runs SQL in a database with psql and returns what it prints: rows without headings,
    /// columns parted by `|`, NULL as nothing. Panics with psql's words if a statement fails.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        self.psql_with(database, &["-At"], sql)
    }

    /// As [`Server::psql`], with other options for the output.
    pub fn psql_with(&self, database: &str, options: &[&str], sql: &str) -> String {
        let output = self.try_psql(database, options, sql);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "psql failed in {database}:\n{said}\nrunning:\n{sql}");
        String::from_utf8(output.stdout).expect("psql prints UTF-8")
    }

    /// Runs SQL with psql whatever comes of it.
    pub fn try_psql(&self, database: &str, options: &[&str], sql: &str) -> Output {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database])
            .arg("-h")
            .arg(&self.socket_folder)
            .args(["-p", &self.port.to_string()])
            .args(options)
            .env("PGCLIENTENCODING", "UTF8")
            .env("PGCONNECT_TIMEOUT", "10")
            .env_remove("PGOPTIONS");
        feed(psql, sql)
    }

    /// The data folder, for a test that changes the server's settings.
    pub fn data_folder(&self) -> PathBuf {
        self.socket_folder.join("data")
    }

    /// Runs one of the server's own programs as the user the server runs as.
    pub fn program(&self, name: &str) -> Command {
        command(&self.programs.join(name), self.run_as)
    }
}

impl TestDatabase {
    /// The address over TCP.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{}", self.server.port, self.name)
    }

    /// The address over the Unix-domain socket.
    pub fn socket_url(&self) -> String {
        let folder = self.server.socket_folder.display();
        format!("postgres://postgres@/{}?host={folder}&port={}", self.name, self.server.port)
    }

    /// Runs SQL in it with psql; see [`Server::psql`].
    pub fn psql(&self, sql: &str) -> String {
        self.server.psql(&self.name, sql)
    }

    /// The server it is on.
    pub fn server(&self) -> &'static Server {
        self.server
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&self.name));
        let output = self.server.try_psql("postgres", &[], &sql);
        if !output.status.success() && !std::thread::panicking() {
            panic!("{} stays: {}", self.name, String::from_utf8_lossy(&output.stderr));
        }
    }
}

impl TestFile {
    /// The address of the file.
    pub fn url(&self) -> String {
        format!("sqlite://{}", self.path.display())
    }

    /// Runs a script on the file, making it if need be.
    pub fn execute(&self, script: &str) {
        self.run(script.to_owned(), false);
    }

    /// Runs one query and returns its rows, columns parted by `|`, NULL as nothing.
    pub fn query(&self, sql: &str) -> String {
        self.run(sql.to_owned(), true)
    }

    /// On a thread with a runtime of its own, so that a test may call it from inside one.
    fn run(&self, sql: String, rows: bool) -> String {
        let path = self.path.clone();
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(run_sqlite(&path, sql, rows))
        };
        std::thread::spawn(work).join().expect("the script runs")
    }
}

async fn run_sqlite(path: &Path, sql: String, rows: bool) -> String {
    use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row, ValueRef};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.expect("the SQLite file opens");
    let mut printed = String::new();
    if rows {
        let fetched = connection.fetch_all(AssertSqlSafe(sql)).await.expect("the query runs");
        for row in fetched {
            let cell = |index| {
                let raw = row.try_get_raw(index).expect("a column");
                let is_null = raw.is_null();
                let text = || row.try_get_unchecked::<String, _>(index).expect("text");
                if is_null { String::new() } else { text() }
            };
            let cells: Vec<String> = (0..row.len()).map(cell).collect();
            printed.push_str(&cells.join("|"));
            printed.push('\n');
        }
    } else {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.expect("the script runs");
    }
    connection.close().await.expect("the SQLite file closes");
    printed
}

/// An identifier quoted for PostgreSQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Runs a program with this text as its input.
fn feed(mut program: Command, input: &str) -> Output {
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap_or_else(|why| panic!("{program:?}: {why}\n{ADVICE}"));
    let mut pipe = child.stdin.take().expect("a pipe was asked for");
    let input = input.to_owned();
    // Written beside the reading: a program that prints while it reads must not block us both.
    let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the program ends");
    // A program that stopped at an error closes its input early; its status tells of it.
    drop(writer.join());
    output
}

/// Starts a server; three times at most, as another process may take the free port before the
/// server does.
fn start() -> Result<Server, String> {
    let programs = find_programs()?;
    let run_as = run_as()?;
    let base = PathBuf::from("/tmp");
    remove_stale(&base, &programs, run_as);
    let again = |_: String| attempt(&base, &programs, run_as);
    attempt(&base, &programs, run_as).or_else(again).or_else(again)
}

fn attempt(base: &Path, programs: &Path, run_as: Option<RunAs>) -> Result<Server, String> {
    let folder = base.join(format!("{FOLDER_PREFIX}{}", std::process::id()));
    let told = |why: std::io::Error| format!("{}: {why}", folder.display());
    fs::create_dir(&folder).map_err(told)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(told)?;
    if let Some(who) = run_as {
        std::os::unix::fs::chown(&folder, Some(who.user), Some(who.group)).map_err(told)?;
    }
    let port = free_port().map_err(|why| format!("no free port: {why}"))?;
    let mut watch = watched(programs, &folder, port, run_as)?;
    let mut said = String::new();
    if let Some(pipe) = watch.stdout.take() {
        BufReader::new(pipe).read_line(&mut said).map_err(told)?;
    }
    let programs = programs.to_owned();
    let server = Server { programs, socket_folder: folder, port, run_as, watch };
    if said == "made\n" { ready(server) } else { Err(ended(server, "initdb failed")) }
}

/// Starts the shell that makes and runs the server until the pipe to it closes, then cleans up.
/// It says `made` once `initdb` is done.
///
/// TERM ends a server that has not set its handlers up yet; one that has would wait for its
/// clients, and INT tells it not to.
fn watched(
    programs: &Path,
    folder: &Path,
    port: u16,
    run_as: Option<RunAs>,
) -> Result<Child, String> {
    let script = r#"
        trap '' PIPE
        "$1/initdb" -A trust --no-sync -U postgres -E UTF8 --locale=C.UTF-8 -D "$2/data" \
            </dev/null >"$2/log" 2>&1 && echo made
        exec >/dev/null
        "$1/postgres" -D "$2/data" -k "$2" -p "$3" -c listen_addresses=127.0.0.1 \
            -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
            -c max_connections=200 -c unix_socket_permissions=0777 \
            -c max_wal_size=4GB -c log_min_messages=fatal </dev/null >>"$2/log" 2>&1 &
        server=$!
        read -r order
        kill -TERM "$server" 2>/dev/null
        kill -INT "$server" 2>/dev/null
        wait "$server"
        cd / && rm -rf "$2"
    "#;
    let mut shell = command(Path::new("/bin/sh"), run_as);
    shell.args(["-c", script, "watch"]).arg(programs).arg(folder).arg(port.to_string());
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // A group of its own: Ctrl+C ends the tests, and through the pipe the server, not the shell.
    shell.process_group(0).current_dir(folder);
    shell.spawn().map_err(|why| format!("/bin/sh: {why}"))
}

/// Waits until the server answers a query.
fn ready(server: Server) -> Result<Server, String> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        let output = server.try_psql("postgres", &["-At"], "SELECT 1");
        if output.status.success() {
            return Ok(server);
        }
        let log = fs::read_to_string(server.socket_folder.join("log")).unwrap_or_default();
        // A refused port is final; "the database system is starting up" is FATAL too and is not.
        if log.contains("could not create") || Instant::now() > deadline {
            return Err(ended(server, "the server does not start"));
        }
        // Between two attempts lies psql's own start, so this is no busy loop.
        std::thread::yield_now();
    }
}

/// Ends a server that did not come up, and says what its log says.
fn ended(mut server: Server, what: &str) -> String {
    let log = fs::read_to_string(server.socket_folder.join("log")).unwrap_or_default();
    drop(server.watch.stdin.take());
    match server.watch.wait() {
        Ok(_) => format!("{what}: {log}"),
        Err(why) => format!("{what}: {log} ({why})"),
    }
}

/// A command that runs as another user where the tests run as root.
fn command(program: &Path, run_as: Option<RunAs>) -> Command {
    let mut command = Command::new(program);
    if let Some(who) = run_as {
        command.uid(who.user).gid(who.group);
    }
    command.env("LC_ALL", "C.UTF-8").env_remove("PGDATA");
    command
}

/// `initdb` and `postgres` refuse root: then `postgres`, or else `nobody`, runs them.
fn run_as() -> Result<Option<RunAs>, String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|why| format!("/etc/passwd: {why}"))?;
    let find = |name: &str| {
        users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            match fields.as_slice() {
                [user, _, uid, gid, ..] if *user == name => {
                    Some(RunAs { user: uid.parse().ok()?, group: gid.parse().ok()? })
                }
                _ => None,
            }
        })
    };
    let found = find("postgres").or_else(|| find("nobody"));
    found.map(Some).ok_or_else(|| "PostgreSQL refuses root, and there is no other user".to_owned())
}

/// The folder with the server's programs: the one named, else on the path, else the newest of
/// those that Debian, Fedora and Homebrew install.
fn find_programs() -> Result<PathBuf, String> {
    let whole = |folder: &PathBuf| {
        ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists())
    };
    if let Some(named) = std::env::var_os("DBSTUDIO_TEST_PG_BIN") {
        let named = PathBuf::from(named);
        let lacks = format!("DBSTUDIO_TEST_PG_BIN is {}, without initdb", named.display());
        return if whole(&named) { Ok(named) } else { Err(lacks) };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    // The path may hold only a link to one of the programs; its own folder has them all.
    let linked = |folder: PathBuf| {
        let real = fs::canonicalize(folder.join("initdb")).ok()?;
        [folder, real.parent()?.to_owned()].into_iter().find(whole)
    };
    if let Some(found) = std::env::split_paths(&path).find_map(linked) {
        return Ok(found);
    }
    let mut installed: Vec<(u32, PathBuf)> = Vec::new();
    for parent in ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt", "/usr/local/opt"] {
        let Ok(entries) = fs::read_dir(parent) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let digits = name.trim_start_matches("postgresql@").trim_start_matches("pgsql-");
            let bin = entry.path().join("bin");
            if let Ok(version) = digits.parse()
                && whole(&bin)
            {
                installed.push((version, bin));
            }
        }
    }
    installed.sort();
    installed.pop().map(|(_, bin)| bin).ok_or_else(|| "initdb was not found".to_owned())
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Removes what a run left whose watching shell was killed too.
fn remove_stale(base: &Path, programs: &Path, run_as: Option<RunAs>) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix(FOLDER_PREFIX).and_then(|pid| pid.parse().ok()) else {
            continue;
        };
        let runs = |pid| {
            let asked = rustix::process::test_kill_process(pid);
            !matches!(asked, Err(rustix::io::Errno::SRCH))
        };
        let own = rustix::process::getpid();
        let alive = rustix::process::Pid::from_raw(pid).is_some_and(|pid| pid != own && runs(pid));
        let ours = entry.metadata().is_ok_and(|meta| {
            let owner = run_as.map_or(rustix::process::geteuid().as_raw(), |who| who.user);
            meta.is_dir() && meta.uid() == owner
        });
        let watched = entry.path().join("data/postmaster.pid").exists();
        if alive || !ours {
            continue;
        }
        if watched {
            let mut stop = command(&programs.join("pg_ctl"), run_as);
            stop.args(["stop", "-s", "-m", "immediate", "-D"]).arg(entry.path().join("data"));
            let _ = stop.current_dir("/").output();
        }
        let _ = fs::remove_dir_all(entry.path());
    }
}

#[test]
fn a_database_is_made_used_over_tcp_and_socket_and_dropped() {
    let server = postgres();
    let database = server.create_database("harness");
    database.psql("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'ü'), (2, NULL)");
    assert_eq!(database.psql("SELECT * FROM t ORDER BY a"), "1|ü\n2|\n");
    for url in [database.url(), database.socket_url()] {
        let output = Command::new(server.programs.join("psql"))
            .args(["-XAt", "-c", "SELECT current_database()", &url])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), database.name, "{url}");
    }
    let name = database.name.clone();
    drop(database);
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(server.psql("postgres", &count), "0\n");
}

#[test]
fn the_server_runs_with_its_own_programs_in_its_own_folder() {
    let server = postgres();
    let database = server.create_database("programs");
    assert_eq!(database.server().port, server.port);
    let output =
        server.program("pg_ctl").arg("status").arg("-D").arg(server.data_folder()).output();
    assert!(output.unwrap().status.success());
}

#[test]
fn a_sqlite_file_is_made_on_first_use_and_goes_with_its_value() {
    let file = sqlite("harness");
    assert!(!file.path.exists());
    file.execute("CREATE TABLE t (a, b); INSERT INTO t VALUES ('1', 'ü'), ('2', NULL)");
    assert_eq!(file.query("SELECT a, b FROM t ORDER BY a"), "1|ü\n2|\n");
    assert_eq!(file.url(), format!("sqlite://{}", file.path.display()));
    let folder = file.folder.path().to_owned();
    drop(file);
    assert!(!folder.exists());
}
