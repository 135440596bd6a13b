//! `rollback` on both engines: the ways back in reverse, what they lose, and those that are
//! written where there are none.

use crate::verbs::Project;

fn three(project: &Project) {
    project.migration("0001_a.up.sql", "CREATE TABLE a (id integer PRIMARY KEY, note text);\n");
    project.migration("0001_a.down.sql", "DROP TABLE a;\n");
    project.migration("0002_more.up.sql", "ALTER TABLE a ADD COLUMN more text;\n");
    project.migration("0002_more.down.sql", "ALTER TABLE a DROP COLUMN more;\n");
    project.migration("0003_b.up.sql", "CREATE TABLE b (id integer PRIMARY KEY);\n");
    project.migration("0003_b.down.sql", "-- nothing here\n");
    project.succeeds(&["migrate", "--yes"]);
    project.execute("INSERT INTO a VALUES (1, 'x', 'y'); INSERT INTO b VALUES (1), (2), (3)");
}

fn columns(project: &Project) -> String {
    let sql = if project.is_sqlite() {
        "SELECT name FROM pragma_table_info('a') ORDER BY cid"
    } else {
        "SELECT attname FROM pg_attribute WHERE attrelid = 'a'::regclass AND attnum > 0 AND NOT \
         attisdropped ORDER BY attnum"
    };
    project.query(sql).replace('\n', " ")
}

#[test]
fn migrations_are_taken_back_in_reverse_with_what_is_lost() {
    for project in Project::both() {
        three(&project);
        project.fails(&["rollback"], 4, &["--yes"]);
        let told = project.succeeds(&["rollback", "--yes"]);
        assert_eq!(told.result, "taken back 0003_b\n");
        assert!(told.talk.contains("no way back in the folder"), "{told:?}");
        assert!(told.talk.contains("3 rows"), "{told:?}");
        assert_eq!(project.applied(), "1 2");
        let told = project.succeeds(&["rollback", "--yes"]);
        assert!(told.talk.contains("more") && told.talk.contains("as measured now"), "{told:?}");
        assert_eq!((columns(&project).as_str(), project.applied().as_str()), ("id note", "1"));
        let operations = project.ledger("operations");
        let sql = format!("SELECT target FROM {operations} WHERE what = 'rollback' ORDER BY id");
        assert_eq!(project.query(&sql), "0003_b\n0002_more");
        project.succeeds(&["migrate", "--yes"]);
        let told = project.succeeds(&["rollback", "--to", "1", "--yes", "--one-transaction"]);
        assert_eq!(told.result, "taken back 0003_b\ntaken back 0002_more\n");
        let told = project.succeeds(&["rollback", "--to", "0", "--yes"]);
        assert_eq!((told.result.as_str(), project.applied().as_str()), ("taken back 0001_a\n", ""));
        let told = project.succeeds(&["rollback", "--yes"]);
        assert!(told.result.contains("Nothing to do"), "{told:?}");
    }
}

#[test]
fn a_way_back_that_fails_leaves_everything() {
    for project in Project::both() {
        three(&project);
        project.migration("0003_b.down.sql", "DROP TABLE b;\nDROP TABLE nowhere;\n");
        project.fails(
            &["rollback", "--yes"],
            1,
            &["0003_b.down.sql, line 2", "Nothing of 0003_b is left"],
        );
        assert_eq!(
            (project.applied().as_str(), project.query("SELECT count(*)||'' FROM b").as_str()),
            ("1 2 3", "3")
        );
    }
}

#[test]
fn a_migration_whose_file_is_gone_is_taken_back_by_the_text_that_was_kept() {
    for project in Project::both() {
        three(&project);
        project.succeeds(&["rollback", "--yes"]);
        for way in ["up", "down"] {
            std::fs::remove_file(project.path(&format!("migrations/0002_more.{way}.sql"))).unwrap();
        }
        let told = project.succeeds(&["rollback", "--yes"]);
        assert!(told.talk.contains("as the ledger kept it"), "{told:?}");
        assert_eq!((columns(&project).as_str(), project.applied().as_str()), ("id note", "1"));
    }
}
