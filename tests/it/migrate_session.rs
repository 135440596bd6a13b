//! What a migration leaves in its session, and what becomes of the sessions themselves: the one
//! that holds the lock is ended while the last statement runs; somebody asks to stop while one
//! migration is committed and the next is begun in the same message; functions of the database's
//! own set something whenever a table is made.

use std::process::Command;

use crate::migrate_faults::{Session, WAITS, database, ended, gates, start, until, until_alone};
use crate::verbs::Project;

const DONE: &str = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM done";

/// Ends the session that holds the lock against other migrators.
fn end_the_lock(project: &Project) {
    let ended = project.query(
        "SELECT count(*) FROM (SELECT pg_terminate_backend(pid, 10000) AS ended FROM pg_locks WHERE \
         locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE \
         datname = current_database())) t WHERE ended",
    );
    assert_eq!(ended, "1");
}

#[test]
fn a_lock_that_is_lost_during_the_last_statement_keeps_it_from_being_committed() {
    for gate in [4, 1] {
        let project = Project::postgres();
        gates(&project, "");
        let hold = format!("BEGIN; SELECT FROM gates WHERE id = {gate} FOR UPDATE");
        let session = Session::new(database(&project), &hold);
        let child = start(&project, &["migrate", "--yes"]);
        // Long after it was made sure that the lock is held.
        until(&project, &format!("{WAITS} AND clock_timestamp() - query_start > '600 ms'"));
        end_the_lock(&project);
        drop(session);
        let told = ended(child);
        assert_eq!(told.code, 1, "{told:?}");
        for expected in [
            "The lock against other migrators was lost",
            "administrator command",
            "Nothing of 0001_gates is left",
            "1 migration waits",
        ] {
            assert!(told.talk.contains(expected), "{expected}: {told:?}");
        }
        until_alone(&project);
        assert_eq!((project.query(DONE).as_str(), project.applied().as_str()), ("", ""));
        project.succeeds(&["migrate", "--yes"]);
        assert_eq!((project.query(DONE).as_str(), project.applied().as_str()), ("1 2 3 4", "1"));
    }
}

#[test]
fn stopped_while_one_is_committed_and_the_next_begun_the_state_is_told_and_a_second_run_goes_on() {
    let project = Project::postgres();
    // A constraint that is looked at when everything is committed, and can be made to wait there.
    project.execute(
        "CREATE TABLE gate (id int); INSERT INTO gate VALUES (1);
         CREATE TABLE done (id int);
         CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.id = 1 THEN PERFORM FROM gate FOR UPDATE; END IF; RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON done DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION pass()",
    );
    for number in 1..=3 {
        let text =
            format!("SET search_path = public, elsewhere;\nINSERT INTO done VALUES ({number});\n");
        project.migration(&format!("000{number}_m.sql"), &text);
    }
    let session = Session::new(database(&project), "BEGIN; SELECT FROM gate FOR UPDATE");
    let child = start(&project, &["migrate", "--yes", "--json"]);
    // Only a COMMIT waits there: with it went what puts the session back, and the next BEGIN.
    until(&project, WAITS);
    let interrupted =
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    drop(session);
    let told = ended(child);
    assert_eq!(told.code, 130, "{told:?}");
    let why = told.json()["problem"]["why"].as_str().unwrap().to_owned();
    assert_eq!(why, "0001_m was applied before and stays so; 2 migrations wait");
    until_alone(&project);
    assert_eq!((project.query(DONE).as_str(), project.applied().as_str()), ("1", "1"));
    let ledger = format!("SELECT count(*) FROM {}", project.ledger("operations"));
    let kept = format!("{ledger} WHERE what = 'migrate' AND outcome = 'done'");
    assert_eq!(project.query(&kept), "1");
    let told = project.succeeds(&["migrate", "--yes", "--json"]);
    assert_eq!(told.json()["migrations"].as_array().map(Vec::len), Some(2), "{told:?}");
    assert_eq!((project.query(DONE).as_str(), project.applied().as_str()), ("1 2 3", "1 2 3"));
    assert_eq!(project.query(&kept), "3");
}

/// What sets something for the session whenever a table was made.
const SETTING: &str = "CREATE FUNCTION sets() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
PERFORM set_config('search_path', 'elsewhere', false);
PERFORM set_config('statement_timeout', '7min', false); END $$;
CREATE EVENT TRIGGER sets ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.sets();
";

#[test]
fn what_an_event_trigger_sets_is_none_of_the_next_migrations() {
    // It is there before; or a migration makes it between two that only make tables.
    for from in [0, 2] {
        let project = Project::postgres();
        project.execute("CREATE SCHEMA elsewhere");
        if from == 0 {
            project.execute(SETTING);
        }
        for number in 1..=5 {
            let text = match number == from {
                true => SETTING.to_owned(),
                false => format!("CREATE TABLE t{number} (id int);\n"),
            };
            project.migration(&format!("000{number}_m.sql"), &text);
        }
        project.migration(
            "0006_look.sql",
            "CREATE VIEW public.looks AS SELECT 1 AS one;\nDO $$ BEGIN ASSERT \
             current_setting('statement_timeout') <> '7min', 'it has leaked'; END $$;\n",
        );
        project.succeeds(&["migrate", "--yes"]);
        let tables = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE \
                      relkind = 'r' AND relname ~ '^t[0-9]$' AND relnamespace = 'public'::regnamespace";
        let expected = if from == 0 { "t1 t2 t3 t4 t5" } else { "t1 t3 t4 t5" };
        assert_eq!(project.query(tables), expected, "from {from}");
        assert_eq!(project.applied(), "1 2 3 4 5 6");
    }
}
