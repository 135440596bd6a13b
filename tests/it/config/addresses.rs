//! Addresses as libpq and SQLite read them, what fills them in, and what is wrong with them.

use dbstudio::config::{Address, Host, PostgresAddress};

use super::Machine;

fn postgres(machine: &Machine, text: &str) -> PostgresAddress {
    match machine.config().unwrap().resolve(text) {
        Ok(target) => match target.address {
            Address::Postgres(address) => address,
            other => panic!("{text}: {other}"),
        },
        Err(problem) => panic!("{text}: {problem}"),
    }
}

fn password(address: &PostgresAddress) -> Option<&str> {
    address.password.as_ref().map(|password| password.reveal())
}

const READ: &[(&str, &str, Option<&str>)] = &[
    ("postgresql://", "postgres://me@pg:5432/me", None),
    ("postgres:", "postgres://me@pg:5432/me", None),
    ("postgresql://localhost", "postgres://me@localhost:5432/me", None),
    ("postgresql://localhost:5433", "postgres://me@localhost:5433/me", None),
    ("postgresql://localhost/mydb", "postgres://me@localhost:5432/mydb", None),
    ("postgresql://user@localhost", "postgres://user@localhost:5432/user", None),
    ("postgresql://user:secret@localhost", "postgres://user@localhost:5432/user", Some("secret")),
    (
        "postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp",
        "postgres://other@localhost:5432/otherdb",
        None,
    ),
    (
        "postgresql://user@localhost:5433/mydb?options=-c%20synchronous_commit%3Doff",
        "postgres://user@localhost:5433/mydb",
        None,
    ),
    ("postgresql:///mydb?host=localhost&port=5433", "postgres://me@localhost:5433/mydb", None),
    (
        "postgresql://[2001:db8::1234]/database",
        "postgres://me@[2001:db8::1234]:5432/database",
        None,
    ),
    (
        "postgresql:///dbname?host=/var/lib/postgresql",
        "postgres://me@/dbname?host=/var/lib/postgresql&port=5432",
        None,
    ),
    (
        "postgresql://%2Fvar%2Flib%2Fpostgresql/dbname",
        "postgres://me@/dbname?host=/var/lib/postgresql&port=5432",
        None,
    ),
    (
        "postgres://a%40b:p%3A%2F%3F%23%5B%5D%40%25@h/d%2Fe",
        "postgres://a%40b@h:5432/d%2Fe",
        Some("p:/?#[]@%"),
    ),
    ("postgres://u:p?q#r@h/d", "postgres://u@h:5432/d", Some("p?q#r")),
    ("postgres://u:@h/d", "postgres://u@h:5432/d", None),
    ("postgres://u@h:/d?sslmode=require&port=7", "postgres://u@h:7/d?sslmode=require", None),
    (
        "postgres://h/d?user=u%40srv&password=x%26y&dbname=e",
        "postgres://u%40srv@h:5432/e",
        Some("x&y"),
    ),
    ("postgres://h/d?ssl=true", "postgres://me@h:5432/d?sslmode=require", None),
    ("POSTGRES://h/d", "postgres://me@h:5432/d", None),
    (
        "host=localhost port=5432 dbname=mydb connect_timeout=10",
        "postgres://me@localhost:5432/mydb",
        None,
    ),
    (
        "host = h  password = 'it\\'s a \\\\ secret' user=u\n dbname=d",
        "postgres://u@h:5432/d",
        Some("it's a \\ secret"),
    ),
    ("host=h password=a\\ b dbname=''", "postgres://me@h:5432/me", Some("a b")),
    ("hostaddr=10.1.2.3 host=name dbname=d", "postgres://me@10.1.2.3:5432/d", None),
    ("postgres://größe@h/日本", "postgres://gr%C3%B6%C3%9Fe@h:5432/%E6%97%A5%E6%9C%AC", None),
];

#[test]
fn addresses_are_read_as_libpq_reads_them() {
    let machine = Machine::new().variable("PGUSER", "me").variable("PGHOST", "pg");
    // The examples of the manual's section 34.1.1, and the forms its text describes.
    for (text, shown, secret) in READ.iter().copied() {
        let address = postgres(&machine, text);
        assert_eq!(address.to_string(), shown, "{text}");
        assert_eq!(password(&address), secret, "{text}");
    }
    let address = postgres(&machine, READ[8].0);
    assert_eq!(address.options.as_deref(), Some("-c synchronous_commit=off"));
    let address = postgres(&machine, READ[7].0);
    assert_eq!(address.application_name.as_deref(), Some("myapp"));
    assert_eq!(address.connect_timeout.unwrap().as_secs(), 10);
}

#[test]
fn a_url_reads_back_as_the_same_address() {
    let machine =
        Machine::new().variable("PGSSLMODE", "verify-full").variable("PGAPPNAME", "other");
    for text in [
        "postgres://a%40b:pw@h:5433/d%2Fe?sslmode=verify-ca&sslrootcert=/r%20oot.crt&application_name=x%26y",
        "postgres://u@[::1]/d?sslmode=disable&options=-csearch_path%3Da&application_name=z",
        "postgres://u@/d?host=/run/odd%20place&application_name=z&sslmode=verify-full",
        "postgres://u@h/d?sslcert=/c.crt&sslkey=/c.key&application_name=z",
    ] {
        let config = machine.config().unwrap();
        let mut first = config.resolve(text).unwrap().address;
        let again = config.resolve(&first.to_url()).unwrap().address;
        if let Address::Postgres(first) = &mut first {
            first.password = None;
        }
        assert_eq!(first, again, "{text}");
    }
    for text in ["sqlite:/a%3Fb%23c%25.db?mode=ro&immutable=1", "sqlite::memory:", "/plain ü.db"] {
        let config = machine.config().unwrap();
        let first = config.resolve(text).unwrap().address;
        assert_eq!(config.resolve(&first.to_url()).unwrap().address, first, "{text}");
    }
}

#[test]
fn variables_fill_in_what_an_address_leaves_out() {
    let machine = [
        ("PGHOST", "pg.example.com"),
        ("PGPORT", "5444"),
        ("PGUSER", "ada"),
        ("PGPASSWORD", "hunter2"),
        ("PGDATABASE", "shop"),
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", "/root.crt"),
        ("PGSSLCERT", "/me.crt"),
        ("PGSSLKEY", "/me.key"),
        ("PGAPPNAME", "mine"),
        ("PGOPTIONS", "-c geqo=off"),
        ("PGCONNECT_TIMEOUT", "4"),
    ]
    .into_iter()
    .fold(Machine::new(), |machine, (name, value)| machine.variable(name, value));
    let Some(Address::Postgres(all)) = machine.target().unwrap().map(|target| target.address)
    else {
        panic!("the variables name a server")
    };
    assert_eq!(all.to_string(), "postgres://ada@pg.example.com:5444/shop?sslmode=verify-full");
    assert_eq!(password(&all), Some("hunter2"));
    assert_eq!(all.ssl_root_cert, Some("/root.crt".into()));
    assert_eq!((all.ssl_cert, all.ssl_key), (Some("/me.crt".into()), Some("/me.key".into())));
    assert_eq!(all.application_name.as_deref(), Some("mine"));
    assert_eq!(all.options.as_deref(), Some("-c geqo=off"));
    assert_eq!(all.connect_timeout.unwrap().as_secs(), 4);
    let some = postgres(&machine, "postgres://u:own@/d?port=1&sslmode=disable");
    assert_eq!(some.to_string(), "postgres://u@pg.example.com:1/d?sslmode=disable");
    assert_eq!(password(&some), Some("own"));
}

#[test]
fn certificates_in_the_home_folder_count_as_libpq_has_it() {
    let machine = Machine::new();
    let folder = machine.path("home/.postgresql");
    std::fs::create_dir(&folder).unwrap();
    let plain = postgres(&machine, "postgres://u@h/d?sslmode=require");
    assert_eq!((plain.ssl.word(), plain.ssl_root_cert), ("require", None));
    for name in ["root.crt", "postgresql.crt", "postgresql.key"] {
        std::fs::write(folder.join(name), "").unwrap();
    }
    let checked = postgres(&machine, "postgres://u@h/d?sslmode=require");
    assert_eq!(
        (checked.ssl.word(), checked.ssl_root_cert),
        ("verify-ca", Some(folder.join("root.crt")))
    );
    assert_eq!(checked.ssl_cert, Some(folder.join("postgresql.crt")));
    assert_eq!(checked.ssl_key, Some(folder.join("postgresql.key")));
    let system = postgres(&machine, "postgres://u@h/d?sslrootcert=system");
    assert_eq!((system.ssl.word(), system.ssl_root_cert), ("verify-full", None));
    let relative = Machine::new()
        .project("[environments.a]\nurl = 'postgres://u@h/d?sslmode=verify-ca&sslrootcert=ca.pem'");
    let address = postgres(&relative, "a");
    assert_eq!(address.ssl_root_cert, Some(relative.path("project/ca.pem")));
}

#[test]
fn the_password_file_is_read_unless_others_can_read_it() {
    let lines = "h:5432:d:u:from\\:file\nlocalhost:*:*:u:socket\n";
    let machine = || Machine::new().file("home/.pgpass", lines);
    let private = machine().mode("home/.pgpass", 0o600);
    assert_eq!(password(&postgres(&private, "postgres://u@h/d")), Some("from:file"));
    assert_eq!(password(&postgres(&private, "postgres://u:own@h/d")), Some("own"));
    assert_eq!(password(&postgres(&private, "postgres://u@h:5433/d")), None);
    assert_eq!(password(&postgres(&private, "postgres://u@/x?host=/tmp")), Some("socket"));
    assert_eq!(password(&postgres(&private, "postgres://u@/x?host=/elsewhere")), None);
    let open = machine().mode("home/.pgpass", 0o640).typed("postgres://u@h/d");
    assert_eq!(password(&postgres(&open, "postgres://u@h/d")), None);
    let warnings = open.plain(&open.config().unwrap().warnings().join("\n"));
    assert_eq!(
        warnings,
        "The password file ~/home/.pgpass was ignored: others can read it; run chmod 0600 ~/home/.pgpass"
    );
    let named = Machine::new().file("home/other", "*:*:*:*:named").mode("home/other", 0o600);
    let path = named.path("home/other").display().to_string();
    let named = named.variable("PGPASSFILE", &path);
    assert_eq!(password(&postgres(&named, "postgres://u@h/d")), Some("named"));
}

#[test]
fn a_service_gives_what_the_address_does_not_say() {
    let text = "# mine\n[other]\nhost=no\n[shop]\nhost=svc.example.com\nport=5433\nuser=svc\n[last]\nhost=no\n";
    let machine = Machine::new()
        .file("home/.pg_service.conf", text)
        .variable("PGHOST", "pg")
        .variable("PGAPPNAME", "a");
    let address = postgres(&machine, "postgres:///d?service=shop&port=1");
    assert_eq!(address.to_string(), "postgres://svc@svc.example.com:1/d");
    assert_eq!(address.application_name.as_deref(), Some("a"));
    let machine = machine.variable("PGSERVICE", "shop");
    assert_eq!(
        machine.line(),
        "postgres://svc@svc.example.com:5433/svc - production Variable(\"PGSERVICE\")"
    );
    let told = machine.told(&machine.config().unwrap().resolve("service=gone").unwrap_err());
    assert_eq!(
        told,
        "The address given cannot be used\nthere is no service \"gone\" in ~/home/.pg_service.conf or /etc/postgresql-common/pg_service.conf\nCorrect PGSERVICE or service=, or add the service to the file"
    );
}

#[test]
fn sqlite_addresses_are_read_in_every_form() {
    let machine = Machine::new().file("project/deep/plain", "").file("project/deep/a=b", "");
    let cases = [
        ("sqlite:a.db", "sqlite:~/project/deep/a.db"),
        ("sqlite://a.db", "sqlite:~/project/deep/a.db"),
        ("sqlite:///srv/a.db", "sqlite:/srv/a.db"),
        ("sqlite:a%20b%2Fc.db", "sqlite:~/project/deep/a b/c.db"),
        ("sqlite::memory:", "sqlite::memory:"),
        ("sqlite://:memory:", "sqlite::memory:"),
        (":memory:", "sqlite::memory:"),
        ("file:x?mode=memory&cache=shared", "sqlite::memory:"),
        ("file:a.db?mode=ro&immutable=1", "sqlite:~/project/deep/a.db?mode=ro&immutable=1"),
        ("file:///srv/a.db?mode=rw", "sqlite:/srv/a.db"),
        ("file://localhost/srv/a.db", "sqlite:/srv/a.db"),
        ("plain", "sqlite:~/project/deep/plain"),
        ("a=b", "sqlite:~/project/deep/a=b"),
        ("/no/such/file.SQLITE3", "sqlite:/no/such/file.SQLITE3"),
        ("~/mine.db", "sqlite:~/home/mine.db"),
        ("100%.db", "sqlite:~/project/deep/100%25.db"),
    ];
    for (text, shown) in cases {
        let target = machine.config().unwrap().resolve(text);
        let line = match &target {
            Ok(target) => machine.plain(&target.address.to_string()),
            Err(problem) => machine.told(problem),
        };
        assert_eq!(line, shown, "{text}");
    }
}

const ENCODE: &str = "In a user name or password, write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25";
const PORT: &str =
    "Correct it; if your password has a : / @ ? or #, write them as %3A %2F %40 %3F %23";
const ONE: &str = "Keep the one you want to work on";
const WRONG: &[(&str, &str, &str)] = &[
    ("postgres://u:hunter2@x@h/d", "it has an @ or a # where the server's name should be", ENCODE),
    ("postgres://u:hun/ter2@h/d", "it has an @ or a # where the server's name should be", ENCODE),
    (
        "postgres://u:hunter2%@h/d",
        "a % in it is not followed by two hexadecimal digits",
        "Write %25 for a percent sign; in a password, encode every character but letters and digits",
    ),
    ("postgres://u:p@h:99999/d", "its port is not a number from 1 to 65535", PORT),
    ("postgres://u:p@a,b/d", "it names several servers, and dbstudio connects to one", ONE),
    ("host=a,b", "it names several servers, and dbstudio connects to one", ONE),
    ("postgres://[::1/d", "its [ has no ]", "Write an IPv6 address as [::1]:5432"),
    (
        "postgres://h/d?sslmod=require",
        "it has a parameter \"sslmod\", which PostgreSQL does not know",
        "Did you mean sslmode?",
    ),
    (
        "postgres://h/d?hunter2=1",
        "it has a parameter PostgreSQL does not know",
        "Use those libpq documents, such as sslmode, application_name or connect_timeout; in a user name or password, write @ : / ? # & and % percent-encoded",
    ),
    ("postgres://h/d?sslmode=required", "sslmode cannot be \"required\"", "Did you mean require?"),
    (
        "postgres://h/d?require_auth=scram-sha-256",
        "dbstudio cannot honour its require_auth (or PGREQUIREAUTH)",
        "Leave require_auth out if the connection may do without it",
    ),
    (
        "postgres://h/d?target_session_attrs=read-write",
        "dbstudio cannot honour its target_session_attrs (or PGTARGETSESSIONATTRS)",
        "Leave target_session_attrs out, or write target_session_attrs=any",
    ),
    (
        "host=h password=two words",
        "one of its settings is not name=value",
        "Put a value with spaces in single quotes: password='two words'",
    ),
    (
        "host=h password='open",
        "a single quote in it is not closed",
        "Close it, or write \\' for a quote that belongs to the value",
    ),
    (
        "postgresql+psycopg2://u:p@h/d",
        "postgresql+psycopg2:// belongs to another program's drivers",
        "Write postgres:// in its place",
    ),
    ("postgre://u:p@h/d", "postgre:// is no scheme dbstudio knows", "Did you mean postgres://?"),
    ("sqlite:", "it names no file", "Write sqlite:path/to/file.db, or sqlite::memory:"),
    ("sqlite:a.db?mod=ro", "it has a parameter SQLite does not know", "Did you mean mode?"),
    (
        "",
        "it is empty",
        "Write postgres://user@host:5432/database, sqlite:file.db, or the path of a SQLite file",
    ),
];

#[test]
fn wrong_addresses_are_told_without_what_may_be_a_password() {
    for (text, why, fix) in WRONG.iter().copied() {
        let machine = Machine::new();
        let told = machine.told(&machine.config().unwrap().resolve(text).unwrap_err());
        assert_eq!(told, format!("The address given cannot be used\n{why}\n{fix}"), "{text}");
    }
}

#[test]
fn a_parameter_that_is_not_applied_is_told() {
    let machine = Machine::new().typed("postgres://u@h/d?channel_binding=require");
    let told = machine.config().unwrap().warnings().join("\n");
    assert_eq!(told, "The address has channel_binding, which dbstudio does not apply");
}

#[test]
fn places_are_short() {
    let machine = Machine::new().variable("PGUSER", "u");
    for (text, place) in [
        ("postgres://h/d", "h:5432"),
        ("postgres://[::1]/d", "[::1]:5432"),
        ("postgres:///d?host=/run/x&port=7", "/run/x/.s.PGSQL.7"),
        ("sqlite:/a/b.db", "/a/b.db"),
        (":memory:", ":memory:"),
    ] {
        assert_eq!(
            machine.config().unwrap().resolve(text).unwrap().address.place(),
            place,
            "{text}"
        );
    }
}

#[test]
fn a_server_without_a_name_is_on_this_machine() {
    let address = postgres(&Machine::new(), "postgres://u@/d?port=54329");
    assert!(address.host == Host::Tcp("localhost".into()), "no socket of that port: {address}");
    let own = postgres(&Machine::new(), "postgres://h");
    assert!(!own.user.is_empty() && own.database == own.user);
}
