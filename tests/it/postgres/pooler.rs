//! Behind a transaction pooler: every transaction may get another session, settings do not
//! last, and prepared statements belong to somebody else.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dbstudio::config::PostgresAddress;
use dbstudio::db::page::Place;
use dbstudio::db::stop::Stop;
use dbstudio::problem::Kind;

use super::{address, open_target, page, relation, target, until, whole};
use crate::server::{TestDatabase, postgres};

/// A running pgbouncer in transaction mode before one database.
struct Pooler {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    places.map(|folder| folder.join("pgbouncer")).find(|program| program.exists()).expect(
        "this test needs pgbouncer: apt-get install pgbouncer (Debian, Ubuntu), \
         dnf install pgbouncer (Fedora), brew install pgbouncer (macOS)",
    )
}

impl Pooler {
    fn start(database: &TestDatabase, more: &str) -> Self {
        let folder =
            tempfile::Builder::new().prefix("dbstudio-pooler-").tempdir_in("/tmp").unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n\
             unix_socket_dir =\n{more}\n[users]\n",
            database.server().port
        )
        .replace("* = host", "* = user=postgres host");
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        // pgbouncer refuses root as PostgreSQL does.
        let mut command = postgres().program(program().to_str().unwrap());
        command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        let process = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "pgbouncer does not start");
            std::thread::yield_now();
        }
        Self { process, port, _folder: folder }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

const ROWS: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 100) g;
    CREATE VIEW zone AS SELECT current_setting('TimeZone') AS zone, current_setting('transaction_read_only') AS ro;
    CREATE VIEW slow AS SELECT g FROM generate_series(1, 1000000) g WHERE pg_sleep(60) IS NOT NULL;";

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_behind_a_transaction_pooler() {
    let database = postgres().create_database("pooled");
    database.psql(ROWS);
    database.psql(&format!("ALTER DATABASE \"{}\" SET TimeZone = 'Asia/Tokyo'", database.name));
    // With options refused, and with options swallowed.
    for more in ["", "ignore_startup_parameters = options"] {
        let pooler = Pooler::start(&database, more);
        let address = PostgresAddress {
            ssl: dbstudio::config::SslMode::Disable,
            ..address(pooler.port, "postgres", &database.name)
        };
        let db = open_target(&target(address)).await;
        assert!(db.server().pooled, "{more}");
        assert_eq!(db.server().time_zone.as_deref(), Some("Asia/Tokyo"));
        assert!(
            db.outline(&Stop::new()).await.unwrap().find(&super::name("public", "t")).is_some()
        );
        let rows = whole(&relation(&db, "t").await);
        let zone = whole(&relation(&db, "zone").await);
        let pages = (0..12).map(|round| {
            let (db, rows, zone) = (db.clone(), rows.clone(), zone.clone());
            tokio::spawn(async move {
                let first = page(&db, &rows, Place::Start, 10).await;
                let last = first.rows.last().unwrap().anchor.clone();
                assert_eq!(
                    page(&db, &rows, Place::After(last), 200).await.rows.len(),
                    90,
                    "{round}"
                );
                let session = page(&db, &zone, Place::Start, 1).await;
                let expected = ["Asia/Tokyo", "on"].map(dbstudio::db::value::Value::text);
                assert_eq!(*session.rows[0].cells, expected);
            })
        });
        for done in pages.collect::<Vec<_>>() {
            done.await.unwrap();
        }
        // A failed read leaves no transaction behind.
        let mut wrong = rows.clone();
        wrong.filter.push(dbstudio::db::page::Condition::Raw("nonsense".into()));
        assert_eq!(db.count(&wrong, None, &Stop::new()).await.unwrap_err().kind, Kind::Usage);
        assert_eq!(db.count(&rows, None, &Stop::new()).await.unwrap(), 100);
        let stuck = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state ~ 'in transaction'";
        until(&database, stuck, "0", Duration::from_secs(5)).await;
        let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query ~ 'slow' AND pid <> pg_backend_pid()";
        let stop = Stop::new();
        let counting = {
            let (db, stop) = (db.clone(), stop.clone());
            let slow = whole(&relation(&db, "slow").await);
            tokio::spawn(async move { db.count(&slow, None, &stop).await })
        };
        until(&database, running, "1", Duration::from_secs(10)).await;
        stop.ask();
        assert_eq!(counting.await.unwrap().unwrap_err().kind, Kind::Cancelled);
        until(&database, running, "0", Duration::from_secs(1)).await;
        assert_eq!(db.count(&rows, None, &Stop::new()).await.unwrap(), 100);
        db.close().await;
    }
}
