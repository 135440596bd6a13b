//! Opening: every way to connect, and for every way to fail a message a newcomer can act on.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use dbstudio::config::{Host, PostgresAddress, Secret, SslMode};
use dbstudio::db::Db;
use dbstudio::db::stop::Stop;
use dbstudio::problem::{Kind, Problem};

use super::private::{Certificates, PrivateServer};
use super::{
    address, address_of, open, open_target, page, refusal, relation, socket_address_of, target,
    until, whole,
};
use crate::server::postgres;

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_who_it_is() {
    let database = postgres().create_database("facts");
    let db = open(&database).await;
    let facts = db.server();
    let version = database.psql("SHOW server_version");
    assert_eq!(facts.version, version.split_whitespace().next().unwrap());
    assert_eq!(facts.database, database.name);
    assert_eq!(facts.place, format!("127.0.0.1:{}", postgres().port));
    assert_eq!(facts.user.as_deref(), Some("postgres"));
    assert_eq!(facts.time_zone.as_deref(), Some(database.psql("SHOW TimeZone").trim()));
    assert_eq!((facts.encoding.as_str(), &facts.tls), ("UTF8", &None));
    assert!(!facts.pooled && !facts.read_only);
    assert!(facts.bytes.unwrap() > 1_000_000 && facts.latency > Duration::ZERO);
    let seen = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dbstudio' AND datname = current_database()";
    until(&database, seen, "1", Duration::from_secs(5)).await;
    db.close().await;
    until(&database, seen, "0", Duration::from_secs(5)).await;
    let socket = open_target(&target(socket_address_of(&database))).await;
    assert!(!socket.server().pooled);
    socket.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn options_and_the_time_zone_reach_the_session() {
    let database = postgres().create_database("options");
    database.psql("CREATE VIEW settings AS SELECT current_setting('TimeZone') AS zone, current_setting('work_mem') AS memory, current_setting('search_path') AS path, timestamptz '2024-07-01 00:00Z' AS at");
    let options = "-c work_mem=7MB -c search_path=public,pg_temp -c TimeZone=Asia/Tokyo";
    let mut wanted =
        target(PostgresAddress { options: Some(options.into()), ..address_of(&database) });
    for (zone, expected) in
        [(None, "Asia/Tokyo"), (Some("America/New_York".to_owned()), "America/New_York")]
    {
        wanted.session.time_zone = zone;
        let db = open_target(&wanted).await;
        assert_eq!(db.server().time_zone.as_deref(), Some(expected));
        let view = whole(&relation(&db, "settings").await);
        let cells =
            page(&db, &view, dbstudio::db::page::Place::Start, 1).await.rows[0].cells.clone();
        let text = |index: usize| match &cells[index] {
            dbstudio::db::value::Value::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!((text(0).as_str(), text(1).as_str()), (expected, "7MB"));
        assert_eq!(text(2).replace(' ', ""), "public,pg_temp");
        db.close().await;
    }
    wanted.session.time_zone = Some("Nowhere/Town".into());
    let problem = refusal(&wanted).await;
    assert_eq!(problem.kind, Kind::Usage);
    assert!(problem.what.contains("Nowhere/Town"), "{problem}");
}

/// What must be in a problem's headline, and what must never be in it.
fn says(problem: &Problem, what: &str) {
    assert!(problem.what.contains(what), "{problem:?} does not say {what:?}");
    assert!(!problem.fix.is_empty(), "{problem:?}");
    assert!(!format!("{problem:?}").contains("sesame"), "{problem:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_to_connect_is_told_apart() {
    let server = PrivateServer::start(None);
    let port = server.port;
    let at = |user: &str| address(port, user, "postgres");
    let password = |text: &str| Some(Secret::new(text));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let socket = |folder: PathBuf| PostgresAddress { host: Host::Socket(folder), ..at("postgres") };
    let tls = |ssl| PostgresAddress { ssl, ..at("postgres") };
    let host = Host::Tcp("no-such-host.invalid".into());
    let cases: Vec<(PostgresAddress, &str)> = vec![
        (PostgresAddress { port: free, ..at("postgres") }, "No server listens at 127.0.0.1"),
        (
            PostgresAddress { host, ..at("postgres") },
            "The host name no-such-host.invalid is not known",
        ),
        (
            socket("/nonexistent".into()),
            "There is no server behind the socket /nonexistent/.s.PGSQL",
        ),
        (at("secret"), "wants a password for role secret"),
        (
            PostgresAddress { password: password("sesame?"), ..at("secret") },
            "did not accept the password of role secret",
        ),
        (
            PostgresAddress { password: password("sesame?"), ..at("old_secret") },
            "did not accept the password",
        ),
        (at("stranger"), "The server's rules do not let role stranger in"),
        (at("ghost"), "does not let role ghost in"),
        (at("limited"), "no connection left"),
        (address(port, "postgres", "no such db"), "There is no database no such db"),
        (tls(SslMode::Require), "has no TLS, and sslmode=require asks for it"),
        (tls(SslMode::VerifyFull), "has no TLS, and sslmode=verify-full asks for it"),
        (at("tls_only"), "The server's rules do not let role tls_only in"),
    ];
    for (address, what) in cases {
        says(&refusal(&target(address)).await, what);
    }
    for user in ["secret", "old_secret"] {
        let address = PostgresAddress { password: password("open sesame"), ..at(user) };
        open_target(&target(address)).await.close().await;
    }
    for ssl in [SslMode::Disable, SslMode::Allow, SslMode::Prefer] {
        let db = open_target(&target(tls(ssl))).await;
        assert_eq!(db.server().tls, None);
        db.close().await;
    }
    // On a socket TLS is neither possible nor needed.
    let local = PostgresAddress { ssl: SslMode::Require, ..socket(server.socket_folder()) };
    open_target(&target(local)).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sslmodes_mean_what_they_mean_to_libpq() {
    let certificates = Certificates::make();
    let server = PrivateServer::start(Some(&certificates));
    let root = |name: &str| Some(certificates.authority(name));
    let at = |host: &str, user: &str, ssl, ssl_root_cert| PostgresAddress {
        host: Host::Tcp(host.into()),
        ssl,
        ssl_root_cert,
        ..address(server.port, user, "postgres")
    };
    use SslMode::{Allow, Disable, Prefer, Require, VerifyCa, VerifyFull};
    let fine = [
        (at("127.0.0.1", "postgres", Disable, None), false),
        (at("127.0.0.1", "postgres", Allow, None), false),
        (at("127.0.0.1", "postgres", Prefer, None), true),
        (at("127.0.0.1", "postgres", Require, None), true),
        (at("127.0.0.1", "tls_only", Allow, None), true),
        (at("127.0.0.1", "tls_only", Prefer, None), true),
        (at("127.0.0.1", "plain_only", Prefer, None), false),
        (at("127.0.0.1", "plain_only", Allow, None), false),
        (at("127.0.0.1", "postgres", VerifyCa, root("root")), true),
        (at("127.0.0.1", "postgres", Require, root("root")), true),
        (at("localhost", "postgres", VerifyFull, root("root")), true),
    ];
    for (address, encrypted) in fine {
        let db = open_target(&target(address.clone())).await;
        assert_eq!(db.server().tls.is_some(), encrypted, "{address:?}: {:?}", db.server().tls);
        if encrypted {
            assert!(
                db.server().tls.as_deref().unwrap().starts_with("TLSv1."),
                "{:?}",
                db.server().tls
            );
        }
        db.close().await;
    }
    let refused = [
        (at("127.0.0.1", "tls_only", Disable, None), "rules do not let role tls_only in"),
        (at("127.0.0.1", "plain_only", Require, None), "rules do not let role plain_only in"),
        (at("localhost", "postgres", VerifyFull, None), "not signed by an authority we trust"),
        (
            at("localhost", "postgres", VerifyCa, root("other")),
            "not signed by an authority we trust",
        ),
        (
            at("localhost", "postgres", Require, root("other")),
            "not signed by an authority we trust",
        ),
        (at("127.0.0.1", "postgres", VerifyFull, root("root")), "is not for the host"),
    ];
    for (address, what) in refused {
        says(&refusal(&target(address)).await, what);
    }
    let lost = at("localhost", "postgres", VerifyFull, Some("/nonexistent/root.crt".into()));
    says(&refusal(&target(lost)).await, "root.crt");
}

/// A listener that reads what comes, answers with these bytes, and closes or keeps silent.
fn listener(answer: &'static [u8], hold: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut packet = [0; 512];
            let _ = client.read(&mut packet);
            let _ = client.write_all(answer);
            if hold {
                held.push(client);
            }
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_ready_server_is_told_apart() {
    let plain =
        |port| PostgresAddress { ssl: SslMode::Disable, ..address(port, "postgres", "postgres") };
    let starting = b"E\x00\x00\x00\x4bSFATAL\0VFATAL\0C57P03\0Mthe database system is starting up, wait for it\0\0";
    let web = listener(b"HTTP/1.1 400 Bad Request\r\n\r\n", true);
    let cases = [
        (address(web, "postgres", "postgres"), "does not speak PostgreSQL's protocol"),
        (plain(listener(b"", false)), "closed the connection while we were logging in"),
        (plain(listener(starting, true)), "is not ready for connections"),
    ];
    assert_eq!(starting.len() - 1, 0x4b, "the message's length is right");
    for (address, what) in cases {
        says(&refusal(&target(address)).await, what);
    }
    let begun = Instant::now();
    let limit = Some(Duration::from_millis(300));
    let silent = PostgresAddress { connect_timeout: limit, ..plain(listener(b"", true)) };
    let problem = refusal(&target(silent.clone())).await;
    says(&problem, "does not answer");
    assert_eq!(problem.why, "no answer within 300 ms");
    assert!(begun.elapsed() < Duration::from_secs(3));
    // And while it waits it can be stopped.
    let patient = target(PostgresAddress { connect_timeout: None, ..silent });
    let stop = Stop::new();
    let connecting = {
        let stop = stop.clone();
        tokio::spawn(async move { Db::connect(&patient, &stop).await.map(|_| ()) })
    };
    stop.ask();
    assert_eq!(connecting.await.unwrap().unwrap_err().kind, Kind::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_and_starts_is_found_again() {
    let server = PrivateServer::start(None);
    server.psql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    let db = open_target(&target(address(server.port, "postgres", "postgres"))).await;
    let rows = whole(&relation(&db, "t").await);
    server.down();
    let problem = db.count(&rows, None, &Stop::new()).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Disconnected);
    says(&problem, "No server listens");
    server.up();
    assert_eq!(db.count(&rows, None, &Stop::new()).await.unwrap(), 1);
    db.close().await;
}
