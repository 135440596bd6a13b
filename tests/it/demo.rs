//! The demo project: its schema and rows are valid on both engines, its migrations make exactly
//! that schema and take it back, and it is made whole, once, and quickly.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use dbstudio::config::{Address, Protection, Target};
use dbstudio::ops::demo::{self, MIGRATIONS, SCHEMA, SEEDS};
use dbstudio::problem::Result;

use crate::server::{self, TestFile};

/// Every table and the number of rows the seeds bring.
const ROWS: &[(&str, &str)] = &[
    ("users", "400"),
    ("accounts", "691"),
    ("token_vault", "982"),
    ("sessions", "1000"),
    ("audit_log", "1927"),
];

/// What SQLite's catalogue says, whatever way the SQL that made it was laid out.
const SQLITE_CATALOGUE: &str = "
    SELECT 'column', m.type, m.name, c.cid, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk
      FROM sqlite_schema m, pragma_table_xinfo(m.name) c WHERE m.type IN ('table', 'view')
    UNION ALL
    SELECT 'index', l.origin, m.name, i.seqno, i.name, l.\"unique\", l.partial, s.sql, i.\"desc\"
      FROM sqlite_schema m, pragma_index_list(m.name) l, pragma_index_xinfo(l.name) i
      LEFT JOIN sqlite_schema s ON s.name = l.name WHERE m.type = 'table'
    UNION ALL
    SELECT 'reference', f.\"table\", m.name, f.id, f.\"from\", f.\"to\", f.on_delete, f.on_update, f.seq
      FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
    UNION ALL
    SELECT 'sql', type, name, '', '', '', '', replace(replace(sql, char(10), ''), ' ', ''), ''
      FROM sqlite_schema WHERE type <> 'table' OR name NOT IN ('users')
    ORDER BY 1, 2, 3, 4, 5";

/// What PostgreSQL's catalogue says.
const POSTGRES_CATALOGUE: &str = "
    SELECT 'column', table_name, ordinal_position, column_name, data_type, is_nullable, column_default
      FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 2, 3;
    SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 2, 3;
    SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 2;
    SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 2;";

fn make(data: &Path) -> Result<Target> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(demo::make(data))
}

/// A file that was made already.
fn existing(path: &Path) -> TestFile {
    let mut file = server::sqlite("unused");
    file.path = path.to_owned();
    file
}

#[test]
fn schema_and_rows_are_valid_on_postgres() {
    let database = server::postgres().create_database("demo");
    database.psql(SCHEMA);
    for (_, seed) in SEEDS {
        database.psql(seed);
    }
    for (table, rows) in ROWS {
        let count = database.psql(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(count.trim(), *rows, "{table}");
    }
    let kinds = database.psql("SELECT DISTINCT json_typeof(payload) FROM audit_log");
    assert_eq!(kinds, "object\n");
}

#[test]
fn migrations_make_exactly_the_schema_and_take_it_back_on_postgres() {
    let server = server::postgres();
    let (migrated, direct) = (server.create_database("migrated"), server.create_database("direct"));
    direct.psql(SCHEMA);
    for migration in MIGRATIONS {
        migrated.psql(migration.up);
    }
    let expected = direct.psql(POSTGRES_CATALOGUE);
    assert!(expected.contains("user_overview") && expected.contains("last_seen_at"));
    assert_eq!(migrated.psql(POSTGRES_CATALOGUE), expected);
    for migration in MIGRATIONS.iter().rev() {
        migrated.psql(migration.down);
    }
    assert_eq!(migrated.psql(POSTGRES_CATALOGUE), "");
}

#[test]
fn migrations_make_exactly_the_schema_and_take_it_back_on_sqlite() {
    let (migrated, direct) = (server::sqlite("migrated"), server::sqlite("direct"));
    direct.execute(SCHEMA);
    for migration in MIGRATIONS {
        migrated.execute(migration.up);
    }
    let expected = direct.query(SQLITE_CATALOGUE);
    assert!(expected.contains("user_overview") && expected.contains("last_seen_at"));
    assert_eq!(migrated.query(SQLITE_CATALOGUE), expected);
    for migration in MIGRATIONS.iter().rev() {
        migrated.execute(migration.down);
    }
    assert_eq!(migrated.query("SELECT name FROM sqlite_schema"), "");
}

#[test]
fn every_step_of_the_migrations_can_be_taken_back_with_rows_in_place() {
    let file = server::sqlite("steps");
    for (at, migration) in MIGRATIONS.iter().enumerate() {
        file.execute(migration.up);
        let before = file.query(SQLITE_CATALOGUE);
        file.execute(migration.down);
        file.execute(migration.up);
        assert_eq!(file.query(SQLITE_CATALOGUE), before, "migration {}", at + 1);
    }
    for (_, seed) in SEEDS {
        file.execute(seed);
    }
    file.execute(MIGRATIONS.last().unwrap().down);
    assert_eq!(file.query("SELECT count(*) || '' FROM users"), "400\n");
}

#[test]
fn the_repository_holds_the_migrations_and_seeds_that_the_binary_carries() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |folder: &str| {
        let entries = fs::read_dir(package.join(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    let carried: Vec<String> = MIGRATIONS
        .iter()
        .flat_map(|migration| ["down", "up"].map(|way| format!("{}.{way}.sql", migration.name)))
        .collect();
    assert_eq!(files("migrations"), carried);
    let carried: Vec<&str> = SEEDS.iter().map(|(name, _)| *name).collect();
    assert_eq!(files("assets/demo/seeds"), carried);
}

#[test]
fn the_demo_is_made_within_a_second_and_stays_as_it_is() {
    let data = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let target = make(data.path()).unwrap();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(target.protection, Protection::Development);
    assert!(target.masks("main", "token_vault", "ciphertext"));
    let Address::Sqlite(address) = target.address.clone() else { panic!("{target:?}") };
    let path = address.file.unwrap();
    let file = existing(&path);
    for (table, rows) in ROWS {
        let count = file.query(&format!("SELECT count(*) || '' FROM {table}"));
        assert_eq!(count.trim(), *rows, "{table}");
    }
    assert_eq!(file.query("PRAGMA foreign_key_check"), "");
    assert_eq!(file.query("PRAGMA integrity_check"), "ok\n");
    file.execute("DELETE FROM audit_log");
    assert_eq!(make(data.path()).unwrap(), target);
    assert_eq!(file.query("SELECT count(*) || '' FROM audit_log"), "0\n");
    let folder = path.parent().unwrap();
    for name in ["dbstudio.toml", "schema.sql", "migrations", "seeds"] {
        assert!(folder.join(name).exists(), "{name}");
    }
    let mut left = fs::read_dir(data.path()).unwrap();
    assert_eq!(left.next().unwrap().unwrap().file_name(), "demo");
    assert!(left.next().is_none());
}

#[test]
fn a_demo_that_lost_its_database_gets_it_back_and_keeps_the_rest() {
    let data = tempfile::tempdir().unwrap();
    make(data.path()).unwrap();
    let folder = demo::folder(data.path());
    fs::write(folder.join("schema.sql"), "-- mine").unwrap();
    fs::remove_file(folder.join("demo.db")).unwrap();
    make(data.path()).unwrap();
    assert!(folder.join("demo.db").exists());
    assert_eq!(fs::read_to_string(folder.join("schema.sql")).unwrap(), "-- mine");
}

#[test]
fn a_demo_made_after_a_killed_run_is_whole() {
    let data = tempfile::tempdir().unwrap();
    let of_this_process = data.path().join(format!("demo.{}.partial", std::process::id()));
    fs::create_dir_all(of_this_process.join("seeds")).unwrap();
    fs::write(of_this_process.join("demo.db"), "half").unwrap();
    make(data.path()).unwrap();
    assert!(!of_this_process.exists());
    let file = existing(&demo::folder(data.path()).join("demo.db"));
    assert_eq!(file.query("PRAGMA integrity_check"), "ok\n");
}

#[test]
fn a_data_folder_that_cannot_be_made_is_explained() {
    let data = tempfile::tempdir().unwrap();
    let taken = data.path().join("taken");
    fs::write(&taken, "a file").unwrap();
    let problem = make(&taken).unwrap_err();
    assert!(problem.what.contains("demo project cannot be made"), "{problem}");
    assert!(problem.fix.contains("XDG_DATA_HOME"), "{problem}");
}
