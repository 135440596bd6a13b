//! Folders of every form as their tools write them, and what is wrong in each when it is.

use std::fs;
use std::path::Path;

use super::super::detect::Guess;
use super::super::folder::{Folder, Migration};
use super::super::source::Source;
use super::Format;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn source(path: &Path) -> Source {
    Source { format: None, ..Source::at(path, Format::Native) }
}

/// The folder as it is found out to be.
fn read(files: &[(&str, &str)]) -> Folder {
    source(folder(files).path()).read().unwrap()
}

fn keys(folder: &Folder) -> Vec<&str> {
    folder.migrations.iter().map(|one| one.key.as_str()).collect()
}

fn misfits(folder: &Folder) -> Vec<String> {
    let told = |path: &Path, why: &str| {
        format!("{}: {why}", path.strip_prefix(&folder.path).unwrap().display())
    };
    folder.misfits.iter().map(|one| told(&one.path, &one.why)).collect()
}

fn sum(migration: &Migration) -> &str {
    std::str::from_utf8(&migration.checksum).unwrap()
}

const JOURNAL: &str = r#"{"version":"7","dialect":"postgresql","entries":[
  {"idx":0,"version":"7","when":1795367247861,"tag":"0000_fearless_chamber","breakpoints":true},
  {"idx":1,"version":"7","when":1795367200000,"tag":"0001_gone","breakpoints":true},
  {"idx":2,"version":"7","when":1795367300000,"tag":"0002_last","breakpoints":true}]}"#;

#[test]
fn drizzle_goes_by_its_journal() {
    let read = read(&[
        ("meta/_journal.json", JOURNAL),
        ("meta/0000_snapshot.json", "{}"),
        ("0000_fearless_chamber.sql", "CREATE TABLE a (x int);\n"),
        ("0002_last.sql", "SELECT 1\n--> statement-breakpoint\nSELECT 2;\r\n"),
        ("0003_stray.sql", "SELECT 3;"),
    ]);
    assert_eq!(read.format, Format::Drizzle);
    assert_eq!(keys(&read), ["1795367247861", "1795367300000"]);
    let first = &read.migrations[0];
    assert_eq!((first.version, first.name().as_str()), (0, "0000_fearless_chamber"));
    // As sha256sum has it.
    assert_eq!(sum(first), "1c0a5f21cdffcd4210b24724676c9084acc427f170eb1a8bdd097e359601ecca");
    assert!(read.migrations[1].up.text.starts_with("SELECT 1\n;"));
    assert_eq!(
        misfits(&read),
        [
            "0001_gone.sql: the journal names it, but there is no such file",
            "0003_stray.sql: drizzle-kit's journal does not name it, so nobody runs it"
        ]
    );
    assert!(read.notes[0].contains("0001_gone is journaled after a younger"), "{:?}", read.notes);
}

#[test]
fn a_journal_that_cannot_be_read_is_said() {
    let folder = folder(&[("meta/_journal.json", "{")]);
    let problem = source(folder.path()).read().unwrap_err();
    assert!(problem.what.contains("_journal.json cannot be read"), "{problem}");
}

#[test]
fn folders_are_of_drizzle_or_prisma() {
    let sql = "CREATE TABLE a (x int);\n";
    let drizzle = read(&[
        ("20261122171538_glorious_talos/migration.sql", sql),
        ("20261122171538_glorious_talos/snapshot.json", "{}"),
        ("early/migration.sql", sql),
        ("20261122171539_empty/notes.txt", ""),
    ]);
    assert_eq!(drizzle.format, Format::DrizzleFolders);
    assert_eq!(keys(&drizzle), ["20261122171538_glorious_talos"]);
    assert_eq!(misfits(&drizzle).len(), 2, "{:?}", drizzle.misfits);
    let prisma = read(&[
        ("migration_lock.toml", "provider = \"sqlite\""),
        ("20260101000000_init/migration.sql", "SELECT 1;\r\nSELECT 2;\n"),
        ("stray.sql", sql),
    ]);
    assert_eq!(prisma.format, Format::Prisma);
    let init = &prisma.migrations[0];
    assert_eq!(init.key, "20260101000000_init");
    assert_eq!(init.also.len(), 6);
    assert!(misfits(&prisma)[0].starts_with("stray.sql: "));
}

#[test]
fn dbmate_has_both_ways_in_one_file() {
    let read = read(&[
        ("20260101_a.sql", "-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n"),
        ("20260102_b.sql", "-- migrate:up transaction:false\nSELECT 3;\n-- migrate:down\n"),
        ("20260103_c.sql", "SELECT 1;\n"),
    ]);
    assert_eq!(read.format, Format::Dbmate);
    assert_eq!(keys(&read), ["20260101", "20260102"]);
    assert_eq!(read.migrations[0].down.as_ref().unwrap().text.find("SELECT 2"), Some(41));
    assert!(read.migrations[1].alone && !read.migrations[1].down_alone);
    assert!(misfits(&read)[0].contains("line 1 stands before"), "{:?}", read.misfits);
}

#[test]
fn refinery_looks_into_folders() {
    let read = read(&[
        ("V2__b.sql", "SELECT 2;"),
        ("old/V1__a.sql", "SELECT 1;"),
        ("U3__late.sql", "SELECT 3;"),
        ("V20260131120000__stamp.sql", "SELECT 4;"),
        ("V4_no.sql", ""),
    ]);
    assert_eq!(read.format, Format::Refinery);
    assert_eq!(keys(&read), ["1", "2", "3", "20260131120000"]);
    assert_eq!(read.migrations[2].name(), "U3__late");
    // A number that needs 64 bits has one checksum only.
    assert_eq!(read.migrations[0].also.len(), 1);
    assert!(read.migrations[3].also.is_empty());
    assert!(misfits(&read)[0].starts_with("V4_no.sql: "));
}

#[test]
fn pairs_are_of_sqlx_or_golang_migrate() {
    let files = [
        ("000001_a.up.sql", "-- no-transaction\nA"),
        ("000001_other.down.sql", ""),
        ("2_b.sql", "B"),
    ];
    let folder = folder(&files);
    let source = source(folder.path());
    assert_eq!(source.guess().unwrap(), Guess::Pairs);
    let native = source.read_as(Format::Native).unwrap();
    assert_eq!(keys(&native), ["1", "2"]);
    assert!(native.migrations[0].alone && native.migrations[0].down.is_none());
    assert!(misfits(&native)[0].starts_with("000001_other.down.sql: it takes back"));
    let golang = source.read_as(Format::Golang).unwrap();
    assert_eq!(keys(&golang), ["1"]);
    assert!(golang.migrations[0].down.is_some() && !golang.migrations[0].alone);
    assert!(golang.migrations[0].checksum.is_empty());
    assert!(misfits(&golang)[0].starts_with("2_b.sql: "));
}

#[test]
fn plain_files_begin_with_a_number() {
    let read = read(&[("001-init.sql", "A"), ("002.sql", "B"), ("notes.sql", "C")]);
    assert_eq!(read.format, Format::Plain);
    assert_eq!(keys(&read), ["1", "2"]);
    assert_eq!(read.migrations[0].name(), "001-init");
    assert_eq!(misfits(&read), ["notes.sql: a migration's name begins with its number"]);
}

#[test]
fn checksums_are_of_the_bytes_and_a_mark_does_not_run() {
    let sums = |text: &str| read(&[("1_a.sql", text)]).migrations.remove(0);
    let (unix, windows, marked) =
        (sums("SELECT 1;\n"), sums("SELECT 1;\r\n"), sums("\u{feff}SELECT 1;\n"));
    // As sha384sum has it.
    assert!(super::drizzle::hex(&unix.checksum).starts_with("24454095d8d7876c"));
    assert!(unix.checksum != windows.checksum && unix.checksum != marked.checksum);
    assert_eq!(marked.up.text, "SELECT 1;\n");
    let folder = folder(&[("1_a.sql", "\u{feff}SELECT 1;\r\n")]);
    let ignoring = Source { ignored: vec!['\u{feff}', '\r'], ..source(folder.path()) };
    assert_eq!(ignoring.read().unwrap().migrations[0].checksum, unix.checksum);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = folder(&[("1_a.sql", "SELECT 1;"), ("3_c.sql", "")]);
    fs::write(folder.path().join("2_b.sql"), b"SELECT '\xff';").unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("4_d.sql")).unwrap();
    let read = source(folder.path()).read().unwrap();
    assert_eq!(keys(&read), ["1", "3"]);
    let told = misfits(&read);
    assert_eq!(told[0], "2_b.sql: it is not UTF-8 text: byte 9 is none");
    assert!(told[1].starts_with("4_d.sql: it cannot be read"), "{told:?}");
}

#[test]
fn what_is_not_read_as_it_is_is_said() {
    let atlas = folder(&[("atlas.sum", "h1:x"), ("20240101000000.sql", "SELECT 1;")]);
    let problem = source(atlas.path()).read().unwrap_err();
    assert!(problem.why.contains("Atlas") && problem.fix.contains("plain"), "{problem}");
    let eight = folder(&[("app/20260101_a/migration.ts", ""), ("app/20260101_a/ops.json", "")]);
    let problem = source(eight.path()).read().unwrap_err();
    assert!(problem.why.contains("Prisma 8"), "{problem}");
}

#[test]
fn sqlx_settings_are_heeded() {
    let project = folder(&[
        (
            "sqlx.toml",
            "[migrate]\nmigrations-dir = \"db\"\ntable-name = \"app.done\"\nignored-chars = [\"\\r\"]\n",
        ),
        ("db/1_a.sql", "SELECT 1;"),
    ]);
    let settings = crate::config::Project {
        folder: project.path().to_path_buf(),
        schema: crate::config::SchemaSource::Paths(Vec::new()),
        migrations: project.path().join("migrations"),
        seeds: project.path().join("seeds"),
        backups: None,
        backup_keep: None,
        format: None,
        history: None,
        generate: None,
        numbering: None,
        schemas: None,
        privileges: false,
        owners: false,
    };
    let source = Source::of(&settings).unwrap();
    let read = source.read().unwrap();
    assert_eq!((keys(&read), read.table.as_deref()), (vec!["1"], Some("app.done")));
    assert_eq!(source.ignored, ['\r']);
    fs::write(project.path().join("sqlx.toml"), "[migrate]\nignored-chars = [\"ab\"]\n").unwrap();
    let problem = Source::of(&settings).unwrap_err();
    assert!(problem.why.contains("ignored-chars"), "{problem}");
}

#[test]
fn the_words_are_those_of_the_settings() {
    let words = Format::ALL.map(Format::word);
    assert_eq!(words, crate::config::settings::FORMATS);
}
