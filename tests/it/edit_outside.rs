//! A value through the person's own editor, and from and to files: nothing is lost when somebody
//! says no, and nothing is written half.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dbstudio::app::effect::{Draft, Effect};
use dbstudio::app::msg::Msg;
use dbstudio::app::overlays::Overlay;
use dbstudio::config::MaskedColumn;

use crate::edit::{Shop, column};
use crate::journey::{gone, step};
use crate::screen::Start;
use crate::studio::Studio;

/// What was given to the person's editor last.
fn draft(studio: &Studio) -> Draft {
    let drafts = studio.asked.iter().rev().find_map(|effect| match effect {
        Effect::Draft(draft) => Some((**draft).clone()),
        _ => None,
    });
    drafts.unwrap_or_else(|| panic!("no editor was opened:\n{}", studio.screen()))
}

/// The editor wrote this, and ended well.
fn written(studio: &mut Studio, text: &str) {
    studio.send(Msg::Drafted { text: Some(text.to_owned()), trouble: None });
}

#[test]
fn a_cell_is_changed_in_the_persons_editor() {
    for shop in Shop::both("outside") {
        let mut studio = shop.orders();
        column(&mut studio, "note");
        studio.keys("E");
        assert_eq!(draft(&studio), Draft { name: "note.txt".into(), text: "first".into() });
        written(&mut studio, "two\nlines\n");
        assert!(studio.model.overlays.is_empty(), "{}", studio.screen());
        // What was staged is what is given next, and what is left as it is stages nothing.
        studio.keys("E");
        assert_eq!(draft(&studio).text, "two\nlines");
        written(&mut studio, "two\nlines\n");
        assert!(studio.screen().contains("Nothing was changed"), "{}", studio.screen());
        assert!(studio.model.overlays.is_empty());
        studio.keys("<ctrl+s>a");
        assert_eq!(shop.query("SELECT note FROM orders WHERE id = 1"), "two\nlines\n");
        // A document is laid out for it, and goes back onto its line.
        column(&mut studio, "doc");
        studio.keys("E");
        let given = draft(&studio);
        assert_eq!((given.name.as_str(), given.text.lines().count()), ("doc.json", 6));
        written(&mut studio, "{\n  \"a\": oops\n}\n");
        let screen = studio.screen();
        assert!(screen.contains("line 2, column 8") && screen.contains("oops"), "{screen}");
        studio.keys("<ctrl+g>");
        assert!(draft(&studio).text.contains("oops"), "what was written is not lost");
        written(&mut studio, "{\n  \"a\": [3]\n}\n");
        studio.keys("<ctrl+s>a");
        let doc = shop.query("SELECT doc FROM orders WHERE id = 1");
        assert_eq!(doc.replace(' ', ""), "{\"a\":[3]}\n");
        // A closed choice can be typed there too, and a NULL begins with nothing.
        column(&mut studio, "status");
        studio.keys("E");
        written(&mut studio, "refunded\n");
        studio.keys("j");
        column(&mut studio, "note");
        studio.keys("E");
        assert_eq!(draft(&studio).text, "");
        written(&mut studio, "x\n\n");
        studio.keys("<ctrl+s>a");
        let rows =
            "SELECT status || ':' || coalesce(note, '') FROM orders WHERE id < 3 ORDER BY id";
        assert_eq!(shop.query(rows), "refunded:two\nlines\nopen:x\n\n");
    }
}

#[test]
fn what_the_editor_wrote_is_not_lost_when_somebody_says_no() {
    for shop in Shop::both("outside_no") {
        let mut studio = shop.orders();
        column(&mut studio, "total");
        studio.keys("E");
        written(&mut studio, "-3\n");
        let screen = studio.screen();
        assert!(screen.contains("total_is_positive") && screen.contains("-3"), "{screen}");
        assert!(studio.model.staged.is_empty());
        let trouble = Some("The editor ended with exit status: 1".to_owned());
        studio.keys("<ctrl+g>");
        studio.send(Msg::Drafted { text: Some("77\n".into()), trouble: trouble.clone() });
        let screen = studio.screen();
        assert!(screen.contains("77") && screen.contains("exit status"), "{screen}");
        assert!(studio.model.staged.is_empty(), "what a failed editor left is not staged");
        studio.keys("<ctrl+g>");
        studio.send(Msg::Drafted { text: None, trouble });
        assert!(studio.screen().contains("77"), "{}", studio.screen());
        studio.keys("<enter>");
        assert_eq!(studio.model.staged.total(), 1, "{}", studio.screen());
    }
}

#[test]
fn masked_values_do_not_leave() {
    for shop in Shop::both("outside_masked") {
        let schema = if shop.is_postgres() { "public" } else { "main" };
        let masked = MaskedColumn {
            schema: schema.to_owned(),
            table: "customers".to_owned(),
            column: "email".to_owned(),
        };
        let mut studio = shop.table("customers", |target| target.masked.push(masked));
        column(&mut studio, "email");
        studio.keys("E");
        assert!(studio.screen().contains("not written to a file"), "{}", studio.screen());
        for way in ["<ctrl+g>", "<ctrl+s>"] {
            studio.keys("e").keys(way);
            assert!(studio.screen().contains("not written to a file"), "{}", studio.screen());
            studio.keys("<esc>");
        }
        // Enter on what is hidden leaves it.
        studio.keys("e<enter>");
        assert!(studio.model.staged.is_empty() && studio.model.overlays.is_empty());
        let drafts = |effect: &Effect| matches!(effect, Effect::Draft(_));
        assert!(!studio.asked.iter().any(drafts));
    }
}

/// Reads a value from a file, or writes it to one.
fn through(studio: &mut Studio, key: &str, path: &Path) {
    studio.keys("e").keys(key).paste(path.to_str().unwrap()).keys("<enter>");
}

/// What the box says is wrong.
fn complaint(studio: &Studio) -> String {
    let said = studio.model.overlays.iter().rev().find_map(|overlay| match overlay {
        Overlay::Editor(editor) => editor.complaint.clone(),
        _ => None,
    });
    said.unwrap_or_else(|| panic!("nothing is wrong:\n{}", studio.screen()))
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> =
        entries.map(name).map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn bytes_come_from_a_file_and_go_to_one() {
    for shop in Shop::both("outside_bytes") {
        let bytea = if shop.is_postgres() { "bytea" } else { "blob" };
        shop.run(&format!("CREATE TABLE b (id int PRIMARY KEY, d {bytea}, t text)"));
        shop.run("INSERT INTO b VALUES (1, NULL, 'words')");
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let bytes: Vec<u8> =
            (0..3_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        fs::write(path("in"), &bytes).unwrap();
        let mut studio = shop.table("b", |_| {});
        column(&mut studio, "d");
        through(&mut studio, "<ctrl+l>", &path("in"));
        assert_eq!(studio.model.staged.total(), 1, "{}", studio.screen());
        // Out again before and after it is applied, the very bytes.
        through(&mut studio, "<ctrl+s>", &path("staged"));
        studio.keys("<esc><ctrl+s>");
        let screen = studio.screen();
        assert!(screen.contains("in all") && screen.lines().count() <= 36, "{screen}");
        studio.keys("a");
        assert!(studio.screen().contains("Applied 1 change"), "{}", studio.screen());
        through(&mut studio, "<ctrl+s>", &path("applied"));
        for name in ["staged", "applied"] {
            assert!(fs::read(path(name)).unwrap() == bytes, "{name}: {}", studio.screen());
        }
        // Nothing that is there is overwritten.
        studio.keys("<esc>");
        through(&mut studio, "<ctrl+s>", &path("applied"));
        assert!(complaint(&studio).contains("is there already"), "{}", studio.screen());
        studio.keys("<esc>");
        through(&mut studio, "<ctrl+s>", &path("none/x"));
        assert!(complaint(&studio).contains("cannot be written"), "{}", studio.screen());
        studio.keys("<esc>");
        assert_eq!(entries(folder.path()), ["applied", "in", "staged"]);
    }
}

#[test]
fn files_that_do_not_fit_are_refused_with_the_reason() {
    for shop in Shop::both("outside_unfit") {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("bytes"), [b'a', 0xff]).unwrap();
        fs::write(path("text"), "from a file\n").unwrap();
        fs::File::create(path("large")).unwrap().set_len((16 << 20) + 1).unwrap();
        let mut studio = shop.orders();
        column(&mut studio, "note");
        for (name, said) in
            [("bytes", "byte 2 is no UTF-8"), ("large", "up to 16 MiB"), ("none", "not read")]
        {
            through(&mut studio, "<ctrl+l>", &path(name));
            assert!(complaint(&studio).contains(said), "{name}: {}", complaint(&studio));
            studio.keys("<esc>");
        }
        through(&mut studio, "<ctrl+l>", folder.path());
        assert!(complaint(&studio).contains("no plain file"), "{}", studio.screen());
        studio.keys("<esc>");
        assert!(studio.model.staged.is_empty());
        through(&mut studio, "<ctrl+l>", &path("text"));
        studio.keys("<ctrl+s>a");
        // A file is taken as it is, with the line end at its end.
        assert_eq!(shop.query("SELECT note FROM orders WHERE id = 1"), "from a file\n\n");
    }
}

#[test]
fn through_a_real_editor_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let editor = folder.path().join("editor");
    let seen = folder.path().join("seen");
    let script = format!(
        "#!/bin/sh\nstat -c %a \"$1\" > {seen}\ncat \"$1\" >> {seen}\nprintf 'from outside\\n' > \"$1\"\n",
        seen = seen.display()
    );
    fs::write(folder.path().join("text"), script).unwrap();
    // Made by another program: a file that is open for writing cannot run.
    let copy = "cp \"$1\" \"$2\" && chmod 700 \"$2\"";
    let paths = [folder.path().join("text"), editor.clone()];
    let made = std::process::Command::new("sh").args(["-c", copy, "sh"]).args(&paths).status();
    assert!(made.unwrap().success());
    for shop in Shop::both("outside_pty") {
        let state = tempfile::tempdir().unwrap();
        let start = |editor: &Path| {
            let start = Start::studio(&[&shop.url()]).size(80, 24);
            let start = start.variable("XDG_STATE_HOME", state.path().to_str().unwrap());
            start.variable("EDITOR", editor.to_str().unwrap()).spawn()
        };
        let mut it = start(&editor);
        it.wait_for_text("customers");
        step(&mut it, "/customers<enter><enter>", "ada@a.io");
        step(&mut it, "lE", "1 changed");
        it.wait_for_text("from outside");
        assert_eq!(fs::read_to_string(&seen).unwrap(), "600\nada");
        step(&mut it, "<ctrl+s>", "name = 'from outside'");
        step(&mut it, "a", "Applied 1 change");
        assert_eq!(shop.query("SELECT name FROM customers WHERE id = 1"), "from outside\n");
        it.keys("q");
        it.wait_for_end();
        it.assert_given_back();
        // Drafts that were read back are gone.
        assert!(entries(&state.path().join("dbstudio/drafts")).is_empty());
        let mode = fs::metadata(state.path().join("dbstudio/drafts")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o700);
        let mut it = start(Path::new("/bin/false"));
        it.wait_for_text("customers");
        step(&mut it, "/customers<enter><enter>", "from outside");
        step(&mut it, "lE", "did not do its work");
        gone(&mut it, "<esc>", "enter stage");
        it.keys("q");
        it.wait_for_end();
    }
}
