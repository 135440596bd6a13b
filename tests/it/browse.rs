//! Browsing as a person does it, on the demo and on tables made for the purpose.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use dbstudio::app::effect::Effect;
use dbstudio::app::model::Link;
use dbstudio::app::msg::{Event, Msg};
use dbstudio::config::{MaskedColumn, Protection};
use dbstudio::ops::demo;
use dbstudio::ops::session::Request;
use dbstudio::problem::Problem;

use crate::server;
use crate::studio::{Studio, parse};

/// The demo's database, made once for all tests.
fn demo_file() -> PathBuf {
    static MADE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, file) = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(demo::make(folder.path())).unwrap();
        let file = demo::folder(folder.path()).join("demo.db");
        (folder, file)
    });
    file.clone()
}

fn demo_studio(size: (u16, u16)) -> Studio {
    let file = demo_file();
    Studio::open_with(file.to_str().unwrap(), size, |target| {
        target.masked.push(MaskedColumn {
            schema: "main".to_owned(),
            table: "token_vault".to_owned(),
            column: "ciphertext".to_owned(),
        });
    })
}

/// The screen without what differs from run to run: the place of the file, the time it took.
fn stable(studio: &Studio) -> String {
    let file = demo_file();
    let screen = studio.screen().replace(file.to_str().unwrap(), "demo.db");
    let mut lines: Vec<String> = screen.lines().map(ToOwned::to_owned).collect();
    if let Some(last) = lines.last_mut()
        && let Some(cut) = last.trim_end().strip_suffix(" ms").map(|rest| rest.rfind(' '))
    {
        last.truncate(cut.unwrap_or(0));
        *last = last.trim_end().to_owned();
    }
    // The place is cut at the edge where the folder's name is long.
    let shown = |line: &String| !line.contains("SQLite 3.51.3 at");
    lines.retain(shown);
    lines.join("\n")
}

#[test]
fn the_screens_of_the_demo() {
    for (name, size) in [("80x24", (80, 24)), ("120x40", (120, 40))] {
        let mut studio = demo_studio(size);
        insta::assert_snapshot!(format!("demo_overview_{name}"), stable(&studio));
        studio.keys("G<enter>");
        insta::assert_snapshot!(format!("demo_users_{name}"), stable(&studio));
        studio.keys("<tab>ggj<enter>");
        insta::assert_snapshot!(format!("demo_audit_log_{name}"), stable(&studio));
        studio.keys("<tab>jj<enter>");
        insta::assert_snapshot!(format!("demo_token_vault_masked_{name}"), stable(&studio));
    }
}

#[test]
fn ten_thousand_rows_are_paged_without_gaps_or_repeats() {
    let file = server::sqlite("paging");
    file.execute(
        "CREATE TABLE numbers (id INTEGER PRIMARY KEY, word TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO numbers SELECT i, 'row ' || i FROM n;",
    );
    let mut studio = Studio::open(&file.url(), (100, 30));
    studio.keys("<enter>");
    let seen = |studio: &Studio| {
        let pane = studio.model.data.as_ref().unwrap();
        pane.current_row().unwrap().cells[0].plain().parse::<u64>().unwrap()
    };
    let mut last = seen(&studio);
    assert_eq!(last, 1);
    while last < 10_000 {
        studio.keys("<down>");
        assert_eq!(seen(&studio), last + 1);
        last += 1;
    }
    assert!(studio.screen().contains("10,000 rows") || studio.screen().contains("row 10,000"));
    assert!(studio.model.data.as_ref().unwrap().window.len() <= 1_600, "the window is bounded");
    while last > 1 {
        studio.keys("<up>");
        assert_eq!(seen(&studio), last - 1);
        last -= 1;
    }
    studio.keys("G");
    assert_eq!(seen(&studio), 10_000);
    studio.keys("gg");
    assert_eq!(seen(&studio), 1);
    studio.keys("%50<enter>");
    assert!((4_900..5_100).contains(&seen(&studio)), "half way is {}", seen(&studio));
}

#[test]
fn a_foreign_key_is_followed_and_walked_back() {
    let mut studio = demo_studio((120, 36));
    studio.keys("<enter>");
    let name = |studio: &Studio| studio.model.data.as_ref().unwrap().name.name.clone();
    assert_eq!(name(&studio), "accounts");
    studio.keys("jjjl");
    let row = studio.model.data.as_ref().unwrap().row;
    let cell = studio.model.data.as_ref().unwrap().current_cell().unwrap().1.clone();
    studio.keys("<enter>");
    assert_eq!(name(&studio), "users");
    let pane = studio.model.data.as_ref().unwrap();
    assert_eq!(pane.window.len(), 1);
    assert_eq!(pane.current_row().unwrap().cells[0], cell);
    assert!(studio.screen().contains("filter: id = "), "{}", studio.screen());
    studio.keys("<ctrl+o>");
    assert_eq!(name(&studio), "accounts");
    assert_eq!(studio.model.data.as_ref().unwrap().row, row);
}

#[test]
fn masked_values_are_dots_and_stay_out_of_copies() {
    let mut studio = demo_studio((160, 36));
    studio.keys("jjj<enter>");
    let pane = studio.model.data.as_ref().unwrap();
    assert_eq!(pane.name.name, "token_vault");
    let index = pane.columns.all().iter().position(|column| column.name == "ciphertext").unwrap();
    let secret = pane.current_row().unwrap().cells[index].plain().into_owned();
    assert!(secret.len() > 8);
    for copy in ["yr", "yj", "ys", "ym"] {
        studio.keys(copy);
        assert!(!studio.copied().unwrap().contains(&secret), "{copy} holds the secret");
    }
    for _ in 0..index {
        studio.keys("l");
    }
    assert!(!studio.screen().contains(&secret[..8]));
    let before = studio.asked.len();
    studio.keys("yc");
    assert_eq!(studio.asked.len(), before, "a masked cell is not copied");
    studio.keys("z");
    assert!(studio.screen().contains(&secret[..8]), "revealed:\n{}", studio.screen());
    studio.keys("z");
    assert!(!studio.screen().contains(&secret[..8]));
}

#[test]
fn rows_are_copied_in_every_form() {
    let file = server::sqlite("copies");
    file.execute(
        "CREATE TABLE \"odd table\" (id INTEGER PRIMARY KEY, \"a|b\" TEXT, doc JSON, n REAL);
         INSERT INTO \"odd table\" VALUES (1, 'it''s' || char(9) || 'x', '{\"b\":1,\"a\":1e400}', 0.5);
         INSERT INTO \"odd table\" VALUES (2, NULL, NULL, NULL);",
    );
    let mut studio = Studio::open(&file.url(), (120, 36));
    studio.keys("<enter>  ");
    let mut all = String::new();
    for copy in ["yr", "yj", "ys", "ym"] {
        studio.keys(copy);
        all.push_str(&format!("{copy}\n{}\n\n", studio.copied().unwrap()));
    }
    insta::assert_snapshot!("copies", all);
}

#[test]
fn columns_are_hidden_pinned_and_resized_and_it_is_remembered() {
    let mut studio = demo_studio((120, 36));
    studio.keys("G<enter>ll-l!>>");
    let look = studio.asked.iter().rev().find_map(|effect| match effect {
        Effect::Remember(kept) => Some(kept.2.clone()),
        _ => None,
    });
    let look = look.unwrap();
    assert_eq!((look.hidden.len(), look.pinned.len(), look.widths.len()), (1, 1, 1));
    let pane = studio.model.data.as_ref().unwrap();
    let first = pane.columns.shown()[0];
    assert_eq!(pane.columns.get(first).unwrap().name, look.pinned[0]);
    studio.keys("_");
    assert_eq!(studio.model.data.as_ref().unwrap().columns.hidden(), 0);
}

#[test]
fn a_stale_answer_changes_nothing() {
    let mut studio = demo_studio((100, 30));
    studio.keys("<enter>");
    let slow = studio.send_only(Msg::Input(dbstudio::app::key::Input::Key(parse("s")[0])));
    let [Effect::Start(slot, ticket, _)] = slow.as_slice() else { panic!("{slow:?}") };
    studio.keys("s");
    let before = (studio.screen(), studio.model.revision());
    let problem = Problem::failed("too late", "", "");
    studio.send(Msg::Reply(*slot, *ticket, Event::Failed(problem)));
    assert_eq!((studio.screen(), studio.model.revision()), before);
}

#[test]
fn a_slow_page_shows_that_it_is_read_and_can_be_cancelled() {
    let mut studio = demo_studio((100, 30));
    studio.keys("<enter>");
    let rows = studio.screen();
    let effects = studio.send_only(Msg::Input(dbstudio::app::key::Input::Key(parse("s")[0])));
    let [Effect::Start(slot, ticket, _)] = effects.as_slice() else { panic!("{effects:?}") };
    let early = studio.model.now + Duration::from_millis(100);
    studio.send(Msg::Tick(early));
    assert!(!studio.screen().contains("reading rows"), "patience is 200 ms");
    studio.wait(Duration::from_millis(1_400));
    let screen = studio.screen();
    assert!(screen.contains("reading rows 1.5 s"), "{screen}");
    assert!(screen.contains("ctrl+c cancel"), "{screen}");
    let first_row = rows.lines().nth(4).unwrap();
    assert!(screen.contains(&first_row[60..]), "what was there stays");
    let asked = studio.send_only(Msg::Input(dbstudio::app::key::Input::Key(parse("<ctrl+c>")[0])));
    assert_eq!(asked, [Effect::Cancel(*slot)]);
    studio.send(Msg::Reply(*slot, *ticket, Event::Failed(Problem::cancelled("reading rows"))));
    assert!(studio.screen().contains("Cancelled"), "{}", studio.screen());
}

#[test]
fn a_lost_connection_keeps_the_screen_and_is_mended() {
    let mut studio = demo_studio((100, 30));
    studio.keys("<enter>jj");
    let row = studio.screen().lines().nth(6).unwrap().to_owned();
    let effects = studio.send_only(Msg::Input(dbstudio::app::key::Input::Key(parse("#")[0])));
    let [Effect::Start(slot, ticket, _)] = effects.as_slice() else { panic!("{effects:?}") };
    let gone = Msg::Reply(*slot, *ticket, Event::Failed(Problem::disconnected("it went away")));
    let effects = studio.send_only(gone);
    assert!(matches!(studio.model.link, Link::Lost(_)));
    assert!(studio.screen().contains(&row), "what was on the screen stays");
    assert!(studio.screen().contains("connecting again"), "{}", studio.screen());
    let again = effects.into_iter().find_map(|effect| match effect {
        Effect::Start(slot, ticket, request) if matches!(*request, Request::Connect(_)) => {
            Some((slot, ticket))
        }
        _ => None,
    });
    let (slot, ticket) = again.unwrap();
    let refused = Problem::failed("nobody listens", "", "");
    studio.send_only(Msg::Reply(slot, ticket, Event::Failed(refused)));
    assert!(studio.screen().contains("next try in"), "{}", studio.screen());
    // The time comes, and the real session connects.
    studio.wait(Duration::from_secs(20));
    assert!(matches!(studio.model.link, Link::Open(_)));
    assert!(studio.screen().contains(&row));
}

#[test]
fn production_is_told_by_word_and_read_only() {
    let file = demo_file();
    let mut studio = Studio::open_with(file.to_str().unwrap(), (120, 30), |target| {
        target.protection = Protection::Production;
        target.name = Some("shop".to_owned());
    });
    studio.keys("<enter>");
    let screen = studio.screen();
    assert!(screen.contains("shop (production)"), "{screen}");
    assert!(screen.contains("read-only"), "{screen}");
}

#[test]
fn a_relation_that_cannot_be_read_says_why_where_its_rows_would_be() {
    let mut studio = demo_studio((100, 30));
    let effects = studio.send_only(Msg::Input(dbstudio::app::key::Input::Key(parse("<enter>")[0])));
    let [Effect::Start(slot, ticket, _)] = effects.as_slice() else { panic!("{effects:?}") };
    let why = Problem::failed("accounts cannot be read", "permission denied", "ask its owner");
    studio.send(Msg::Reply(*slot, *ticket, Event::Failed(why)));
    let screen = studio.screen();
    for words in ["accounts cannot be read", "Ask its owner", "permission denied"] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
}

#[test]
fn an_empty_database_says_what_to_do() {
    let file = server::sqlite("empty");
    file.execute("CREATE TABLE gone (id INTEGER); DROP TABLE gone;");
    let studio = Studio::open(&file.url(), (80, 24));
    assert!(studio.screen().contains("no tables yet"), "{}", studio.screen());
}

#[test]
fn every_size_of_screen_is_drawn() {
    let mut studio = demo_studio((80, 24));
    studio.keys("G<enter>");
    for width in (1..=200).step_by(7) {
        for height in (1..=60).step_by(5) {
            studio.send(Msg::Resized(width, height));
            studio.keys("jl");
            studio.screen();
        }
    }
    studio.send(Msg::Resized(40, 10));
    assert!(studio.screen().contains("too small"));
}

#[test]
fn a_password_that_is_typed_never_shows() {
    let mut studio = demo_studio((100, 30));
    studio.keys("C");
    studio.keys("postgres://ada:hunter2");
    assert!(!studio.screen().contains("hunter"), "{}", studio.screen());
    studio.keys("@db/shop");
    let screen = studio.screen();
    assert!(screen.contains("postgres://ada:•••••••@db/shop"), "{screen}");
}

#[test]
fn a_cancelled_sort_is_taken_back() {
    let mut studio = demo_studio((100, 30));
    studio.keys("<enter>");
    let before = studio.screen();
    let press = |key: &str| Msg::Input(dbstudio::app::key::Input::Key(parse(key)[0]));
    let effects = studio.send_only(press("s"));
    let [Effect::Start(slot, ticket, _)] = effects.as_slice() else { panic!("{effects:?}") };
    studio.send_only(press("<ctrl+c>"));
    let cancelled = Event::Failed(Problem::cancelled("reading rows"));
    studio.send(Msg::Reply(*slot, *ticket, cancelled));
    assert!(studio.model.data.as_ref().unwrap().sort.is_empty());
    // Paging goes on in the order of the rows that are here.
    studio.keys("<esc>Ggg");
    assert_eq!(stable_rows(&studio.screen()), stable_rows(&before));
}

#[test]
fn a_place_that_cannot_be_found_leaves_the_rows() {
    let mut studio = demo_studio((100, 30));
    studio.keys("<enter>jj");
    let before = stable_rows(&studio.screen());
    let effects = studio.send_only(Msg::Input(dbstudio::app::key::Input::Key(parse("G")[0])));
    let [Effect::Start(slot, ticket, _)] = effects.as_slice() else { panic!("{effects:?}") };
    let failed = Event::Failed(Problem::failed("no such place", "", ""));
    studio.send(Msg::Reply(*slot, *ticket, failed));
    assert!(studio.screen().contains("no such place"));
    assert_eq!(stable_rows(&studio.screen()), before);
}

#[test]
fn a_table_that_changed_is_read_as_it_is_now() {
    let file = server::sqlite("changed");
    file.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'one');",
    );
    let mut studio = Studio::open(&file.url(), (100, 24));
    studio.keys("<enter>");
    assert!(studio.screen().contains("one"));
    file.execute("ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'added'; ALTER TABLE t DROP COLUMN a;");
    studio.keys("R");
    let screen = studio.screen();
    assert!(screen.contains("added") && !screen.contains("one"), "{screen}");
}

#[test]
fn walking_far_keeps_little() {
    let file = server::sqlite("walk");
    file.execute(
        "CREATE TABLE node (id INTEGER PRIMARY KEY, next INTEGER REFERENCES node, pad TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO node SELECT i, i % 5000 + 1, 'x' FROM n;",
    );
    let mut studio = Studio::open(&file.url(), (100, 24));
    studio.keys("<enter>");
    for _ in 0..60 {
        studio.keys("<pgdn>");
    }
    let (row, cell) = {
        let pane = studio.model.data.as_ref().unwrap();
        (pane.row, pane.current_row().unwrap().cells[0].clone())
    };
    assert!(row > 200);
    studio.keys("l<enter>");
    assert!(studio.model.trail[0].window.len() < 600);
    studio.keys("<ctrl+o>");
    let pane = studio.model.data.as_ref().unwrap();
    assert_eq!(pane.current_row().unwrap().cells[0], cell);
}

/// The rows of the grid, without the frame around them.
fn stable_rows(screen: &str) -> Vec<String> {
    let lines: Vec<&str> = screen.lines().collect();
    lines[3..lines.len() - 2]
        .iter()
        .map(|line| line.trim_end_matches(['│', '┃']).to_owned())
        .collect()
}

#[test]
fn the_mouse_opens_sorts_scrolls_and_is_handed_back() {
    use dbstudio::app::key::{Input, Mouse, MouseAction};
    let mut studio = demo_studio((120, 36));
    let mouse = |studio: &mut Studio, action, x, y| {
        studio.send(Msg::Input(Input::Mouse(Mouse { action, x, y })));
    };
    let line_of = |studio: &Studio, word: &str| {
        let at = studio.screen().lines().position(|line| line.contains(word)).unwrap();
        u16::try_from(at).unwrap()
    };
    let users = line_of(&studio, "▪ users");
    mouse(&mut studio, MouseAction::Press, 5, users);
    assert_eq!(studio.model.data.as_ref().unwrap().name.name, "users");
    let header = 2;
    let email = studio.screen().lines().nth(2).unwrap().chars().position(|c| c == 'e').unwrap();
    mouse(&mut studio, MouseAction::Press, u16::try_from(email).unwrap(), header);
    assert_eq!(studio.model.data.as_ref().unwrap().sort[0].column, "email");
    let top = studio.model.data.as_ref().unwrap().top;
    mouse(&mut studio, MouseAction::WheelDown, 60, 10);
    assert_eq!(studio.model.data.as_ref().unwrap().top, top + 3);
    mouse(&mut studio, MouseAction::Press, 60, 10);
    assert_eq!(studio.model.data.as_ref().unwrap().row, top + 3 + 7);
    studio.keys("m");
    assert!(studio.asked.contains(&Effect::CaptureMouse(false)));
}

#[test]
fn escape_and_a_key_in_one_breath_are_two_keys() {
    let mut studio = demo_studio((100, 30));
    studio.keys("<enter>/apple<enter>");
    assert_eq!(studio.model.data.as_ref().unwrap().find, "apple");
    studio.keys("<alt+2>");
    assert_eq!(studio.model.data.as_ref().unwrap().find, "");
    assert!(studio.screen().contains("Primary key"), "{}", studio.screen());
}

#[test]
fn the_table_under_the_cursor_is_read_before_it_is_asked_for() {
    let mut studio = demo_studio((100, 30));
    let press = |key: &str| Msg::Input(dbstudio::app::key::Input::Key(parse(key)[0]));
    let peeked = studio.send_only(press("j"));
    let [Effect::Start(slot, ticket, request)] = peeked.as_slice() else { panic!("{peeked:?}") };
    assert!(matches!(&**request, Request::Relation(name) if name.name == "audit_log"));
    // Opened before the answer is there: it is waited for, not asked for again.
    assert_eq!(studio.send_only(press("<enter>")), []);
    // A failure nobody had asked about is asked about now.
    let failed = Event::Failed(Problem::failed("not now", "", ""));
    studio.send(Msg::Reply(*slot, *ticket, failed));
    assert!(studio.screen().contains("audit_log ─"), "{}", studio.screen());
}

#[test]
fn a_page_down_at_the_edge_is_made_up_for() {
    let file = server::sqlite("edge");
    file.execute(
        "CREATE TABLE n (id INTEGER PRIMARY KEY);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO n SELECT i FROM n;",
    );
    let mut studio = Studio::open(&file.url(), (100, 24));
    studio.keys("<enter>");
    let at = |studio: &Studio| {
        let pane = studio.model.data.as_ref().unwrap();
        pane.current_row().unwrap().cells[0].plain().parse::<i64>().unwrap()
    };
    // The next rows are asked for and held back while the cursor goes to the edge.
    let press = |key: &str| Msg::Input(dbstudio::app::key::Input::Key(parse(key)[0]));
    let mut held = Vec::new();
    let mut wanted = at(&studio);
    for _ in 0..40 {
        let before = at(&studio);
        held.extend(studio.send_only(press("<pgdn>")));
        let moved = at(&studio) - before;
        if moved < 18 {
            break;
        }
        wanted = at(&studio);
    }
    assert_eq!(held.len(), 1, "{held:?}");
    studio.serve(held);
    assert_eq!(at(&studio), wanted + 18);
}
