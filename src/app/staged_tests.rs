//! Tests of what waits to be applied: kept by row, undone and redone, never mixed up.

use proptest::prelude::*;

use super::*;
use crate::schema::relation::fixture;

fn of(name: &str) -> Editable {
    let identity = Identity::Key(vec!["id".to_owned()]);
    Editable { relation: Arc::new(fixture::table("main", name)), identity, masked: BTreeSet::new() }
}

fn key(id: i64) -> Key {
    [Value::Integer(id)].into()
}

fn change(staged: &mut Staged, of: &Editable, id: i64, read: &str, to: &str) {
    let row = RowId::of(&key(id));
    let before = staged.row(&of.relation.name, &row).cloned();
    let wanted = Wanted::Value(Value::text(to));
    let after = with_cell(before.as_ref(), &key(id), "name", &Value::text(read), wanted);
    staged.put(of, vec![(row, after)]);
}

#[test]
fn a_cell_put_back_to_what_was_read_is_no_edit() {
    let (mut staged, users) = (Staged::default(), of("users"));
    change(&mut staged, &users, 1, "ada", "eve");
    assert_eq!(staged.counts(&users.relation.name).changed, 1);
    // The value on the screen is the staged one; what was read stays "ada".
    change(&mut staged, &users, 1, "eve", "bob");
    let edit = staged.row(&users.relation.name, &RowId::of(&key(1)));
    let Some(RowEdit::Changed { cells, .. }) = edit else { panic!("{edit:?}") };
    assert_eq!(cells["name"].read, Value::text("ada"));
    change(&mut staged, &users, 1, "bob", "ada");
    assert!(staged.is_empty());
    staged.undo();
    assert_eq!(staged.total(), 1);
}

#[test]
fn steps_are_taken_back_and_done_again_as_wholes() {
    let (mut staged, users) = (Staged::default(), of("users"));
    let deleted = |id| {
        let read = BTreeMap::from([("id".to_owned(), Value::Integer(id))]);
        (RowId::of(&key(id)), Some(RowEdit::Deleted { key: key(id), read }))
    };
    staged.put(&users, vec![deleted(1), deleted(2)]);
    assert_eq!(staged.counts(&users.relation.name).deleted, 2);
    assert_eq!(staged.undo().as_ref(), Some(&users.relation.name));
    assert!(staged.is_empty());
    assert!(staged.undo().is_none());
    staged.redo();
    assert_eq!(staged.total(), 2);
    staged.undo();
    change(&mut staged, &users, 3, "a", "b");
    assert!(staged.redo().is_none(), "a new step forgets what was taken back");
}

#[test]
fn the_journal_is_told_everything_but_masked_values() {
    let mut users = of("users");
    users.masked.insert("secret".to_owned());
    let mut staged = Staged::default();
    let cells = BTreeMap::from([
        ("name".to_owned(), Wanted::Value(Value::text("ada"))),
        ("secret".to_owned(), Wanted::Value(Value::text("hunter2"))),
    ]);
    let row = staged.new_row();
    staged.put(&users, vec![(row, Some(RowEdit::Added { cells }))]);
    let owed = staged.take_owed();
    assert_eq!(owed.len(), 1);
    assert_eq!(owed[0].left_out, ["secret"]);
    assert!(!format!("{owed:?}").contains("hunter2"));
}

proptest! {
    #[test]
    fn undo_leads_back_through_every_state(ops in prop::collection::vec((0_i64..4, 0_u8..3), 1..40)) {
        let (mut staged, users) = (Staged::default(), of("users"));
        let mut states = vec![staged.tables()];
        for (id, to) in ops {
            let before = staged.tables();
            change(&mut staged, &users, id, "0", &to.to_string());
            if staged.tables() != before {
                states.push(staged.tables());
            }
        }
        let last = states.len() - 1;
        for state in states.iter().take(last).rev() {
            staged.undo();
            prop_assert_eq!(same(&staged.tables()), same(state));
        }
        prop_assert!(staged.is_empty());
        for state in states.iter().skip(1) {
            staged.redo();
            prop_assert_eq!(same(&staged.tables()), same(state));
        }
    }
}

/// The edits whatever order they were made in.
fn same(tables: &[TableEdits]) -> Vec<BTreeMap<RowId, RowEdit>> {
    tables.iter().map(|table| table.rows.iter().cloned().collect()).collect()
}
