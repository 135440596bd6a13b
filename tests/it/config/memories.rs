//! What is remembered between runs: recent addresses, and how tables were left.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, UNIX_EPOCH};

use dbstudio::config::recent::{self, LIMIT};
use dbstudio::config::remembered::{Looks, TableLook, database_id};
use dbstudio::config::{Address, Origin};

use super::Machine;

fn address(machine: &Machine, text: &str) -> Address {
    machine.config().unwrap().resolve(text).unwrap().address
}

#[test]
fn recent_addresses_come_newest_first_without_passwords() {
    let machine = Machine::new();
    let state = machine.path("state/dbstudio");
    assert_eq!(recent::load(&state), (Vec::new(), None));
    for number in 0..LIMIT as u64 + 3 {
        let opened =
            address(&machine, &format!("postgres://u:hunter2@h/d{number}?sslmode=require"));
        recent::remember(&state, &opened, Some("shop"), UNIX_EPOCH + Duration::from_secs(number))
            .unwrap();
    }
    let again = address(&machine, "postgres://u:other@h/d9?sslmode=require");
    recent::remember(&state, &again, None, UNIX_EPOCH + Duration::from_secs(99)).unwrap();
    recent::remember(&state, &address(&machine, ":memory:"), None, UNIX_EPOCH).unwrap();
    let (kept, warning) = recent::load(&state);
    assert_eq!((kept.len(), warning), (LIMIT, None));
    assert_eq!(kept[0].url, "postgres://u@h:5432/d9?sslmode=require");
    assert_eq!((kept[0].opened, kept[0].name.as_deref()), (99, None));
    assert_eq!(kept[1].url, "postgres://u@h:5432/d14?sslmode=require");
    assert_eq!(kept.iter().filter(|one| one.url.contains("/d9?")).count(), 1);
    let file = state.join("recent.json");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("other"));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&state).unwrap().count(), 1, "nothing is left over");
}

#[test]
fn a_damaged_memory_is_set_aside_and_told_once() {
    let machine = Machine::new();
    let state = machine.path("state/dbstudio");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("recent.json"), "[{\"url\": 3").unwrap();
    let warnings = machine.config().unwrap().warnings().join("\n");
    assert_eq!(
        machine.plain(&warnings),
        "The file ~/state/dbstudio/recent.json is damaged at line 1, column 10; it was kept as ~/state/dbstudio/recent.json.damaged"
    );
    assert_eq!(std::fs::read_to_string(state.join("recent.json.damaged")).unwrap(), "[{\"url\": 3");
    assert!(machine.config().unwrap().warnings().is_empty());
}

#[test]
fn the_demo_is_not_recent() {
    let machine = Machine::new();
    let config = machine.config().unwrap();
    let mut target = config.resolve("/a.db").unwrap();
    target.origin = Origin::Demo;
    config.remember(&target).unwrap();
    assert_eq!(config.choices(), []);
}

#[test]
fn how_tables_were_left_is_kept_by_database() {
    let machine = Machine::new();
    let state = machine.path("state/dbstudio");
    let shop = address(&machine, "postgres://u:hunter2@h/shop");
    let (mut looks, warning) = Looks::load(&state, &shop);
    assert_eq!((looks.clone(), warning), (Looks::default(), None));
    let look = TableLook {
        hidden: vec!["no.te".into()],
        pinned: vec!["id".into()],
        widths: [("größe".to_owned(), 12)].into(),
    };
    looks.set("public", "orders", look.clone());
    looks.set("a.b", "c\u{1b}", TableLook { hidden: vec!["x".into()], ..TableLook::default() });
    looks.save(&state, &shop).unwrap();
    // Another user's look at the same database is the same.
    let (kept, _) = Looks::load(&state, &address(&machine, "postgres://v@h:5432/shop"));
    assert_eq!(kept, looks);
    assert_eq!(kept.get("public", "orders"), Some(&look));
    assert_eq!(Looks::load(&state, &address(&machine, "postgres://u@h/other")).0, Looks::default());
    looks.set("public", "orders", TableLook::default());
    assert_eq!(looks.get("public", "orders"), None);
    // The names of files must be the same in every release.
    assert_eq!(database_id(&shop).len(), 16);
    let file = state.join("looks").join(format!("{}.json", database_id(&shop)));
    std::fs::write(&file, "{").unwrap();
    let (none, warning) = Looks::load(&state, &shop);
    assert_eq!(none, Looks::default());
    assert!(warning.unwrap().contains("is damaged"));
}
