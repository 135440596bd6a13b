//! The workflows of the README, walked: every row of its table has a walk here, in the order of
//! the table, with the real binary on a real project on both engines, and its outcome is looked at.
//! A row without a walk fails, and so does a walk that does not run the commands of its row, or a
//! place in the studio that is not there.

mod safety;
mod steps;

use std::cell::RefCell;
use std::fs;

use crate::screen::Start;
use crate::server;
use crate::studio::Studio;
use crate::verbs::{Database, Project, Told};

/// What walks a row.
type Step = fn(&Walk);

/// A part of the table: its title, what is there before it, and its rows.
type Part = (&'static str, Step, &'static [(&'static str, Step)]);

/// The environments of a walk's project.
const ENVIRONMENTS: [&str; 3] = ["development", "staging", "production"];

/// A project with three environments, and what was run in it.
pub struct Walk {
    pub project: Project,
    staging: Database,
    production: Database,
    ran: RefCell<Vec<String>>,
}

fn url(database: &Database) -> String {
    match database {
        Database::Postgres(database) => database.url(),
        Database::Sqlite(file) => file.url(),
    }
}

impl Walk {
    fn on(sqlite: bool) -> Self {
        let database = |name: &str| match sqlite {
            false => Database::Postgres(server::postgres().create_database(name)),
            true => {
                let file = server::sqlite(name);
                file.execute("VACUUM");
                Database::Sqlite(file)
            }
        };
        let [development, staging, production] = ENVIRONMENTS;
        let walk = Self {
            project: Project::new(database(development)),
            staging: database(staging),
            production: database(production),
            ran: RefCell::default(),
        };
        walk.configure("", "");
        walk
    }

    /// Writes the project's configuration, with more in front and more for production.
    pub fn configure(&self, more: &str, production: &str) {
        let databases = [&self.project.database, &self.staging, &self.production];
        let mut text = format!(
            "default_environment = \"development\"\n{more}\n[project]\nbackups = \"kept\"\n"
        );
        for (name, database) in ENVIRONMENTS.iter().zip(databases) {
            text.push_str(&format!(
                "[environments.{name}]\nurl = \"{}\"\nprotection = \"{name}\"\n",
                url(database)
            ));
        }
        fs::write(self.project.path("dbstudio.toml"), format!("{text}{production}\n")).unwrap();
    }

    pub fn url(&self) -> String {
        url(&self.project.database)
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.project.database, Database::Sqlite(_))
    }

    /// The name of the database of an environment, as the server has it.
    pub fn name(&self, environment: &str) -> String {
        match self.database(environment) {
            Database::Postgres(database) => database.name.clone(),
            Database::Sqlite(file) => file.path.file_name().unwrap().to_string_lossy().into_owned(),
        }
    }

    fn database(&self, environment: &str) -> &Database {
        match environment {
            "staging" => &self.staging,
            "production" => &self.production,
            _ => &self.project.database,
        }
    }

    /// Asks the database of an environment.
    pub fn ask(&self, environment: &str, sql: &str) -> String {
        match self.database(environment) {
            Database::Postgres(database) => database.psql(sql).trim().to_owned(),
            Database::Sqlite(file) => file.query(sql).trim().to_owned(),
        }
    }

    /// Runs a command, whatever comes of it.
    pub fn run(&self, arguments: &[&str]) -> Told {
        self.ran.borrow_mut().push(format!("dbstudio {}", arguments.join(" ")));
        self.project.run(arguments)
    }

    /// Runs a command that ends with this exit code.
    #[track_caller]
    pub fn ends(&self, code: i32, arguments: &[&str]) -> Told {
        let told = self.run(arguments);
        assert_eq!(told.code, code, "{arguments:?}: {told:?}");
        told
    }

    /// Opens the studio on the development database.
    pub fn studio(&self) -> Studio {
        self.ran.borrow_mut().push("dbstudio".to_owned());
        Studio::open_in(self.project.folder.path(), &self.url(), (120, 40), |_| {})
    }

    /// What the tables of the development database are called, without those of the tools.
    pub fn tables(&self) -> String {
        self.project.query(match self.is_sqlite() {
            true => {
                "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE type = \
                 'table' AND name NOT GLOB '_*' AND name NOT GLOB 'sqlite_*' ORDER BY name)"
            }
            false => {
                "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = \
                 'r' AND relnamespace = 'public'::regnamespace AND relname !~ '^_'"
            }
        })
    }

    /// Whether the commands of a row were run since the last row.
    fn assert_ran(&self, row: &Row) {
        let ran = self.ran.take();
        for wanted in row.commands() {
            let mut words = wanted.split(' ');
            let has = |line: &String| {
                let line: Vec<&str> = line.split(' ').collect();
                match wanted == "dbstudio" {
                    true => line.len() == 1,
                    false => words.all(|word| line.contains(&word)),
                }
            };
            assert!(ran.iter().any(has), "{row:?}: {wanted} was not run, but {ran:?}");
        }
    }

    /// Goes where a row says it is in the studio.
    fn see(&self, row: &Row) {
        for way in row.screen.split(", or ").filter(|way| !way.is_empty()) {
            let keys = quoted(way, '`');
            let labels = quoted(way, '*');
            if keys.is_empty() {
                let empty = tempfile::tempdir().unwrap();
                let welcome = Start::studio(&[]).folder(empty.path()).spawn();
                for label in labels {
                    welcome.wait_for(&label, |screen| holds(&screen.contents(), &label));
                }
                continue;
            }
            let mut studio = self.studio();
            // What is `w` in `3` is reached by 3 and then w.
            let mut keys = keys.clone();
            if way.contains("` in `") {
                keys.reverse();
            }
            for key in &keys {
                let before = studio.screen();
                studio.keys(key);
                let is_new = studio.screen() != before || key == "1";
                assert!(is_new, "{row:?}: {key} does nothing on\n{before}");
            }
            for label in &labels {
                if keys.last().is_some_and(|key| key == ":") {
                    studio.keys(&label.replace(' ', "<space>"));
                }
                let screen = studio.screen();
                assert!(holds(&screen, label), "{row:?}: {label} is not on\n{screen}");
            }
        }
        self.ran.take();
    }
}

fn holds(screen: &str, label: &str) -> bool {
    screen.to_lowercase().contains(&label.to_lowercase())
}

/// What stands between pairs of a mark.
fn quoted(text: &str, mark: char) -> Vec<String> {
    text.split(mark).skip(1).step_by(2).map(str::to_owned).collect()
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    part: String,
    step: String,
    command: String,
    screen: String,
}

impl Row {
    /// The commands of dbstudio that it names.
    fn commands(&self) -> Vec<String> {
        let all = quoted(&self.command, '`').into_iter();
        all.filter(|one| one.starts_with("dbstudio") && !one.ends_with(".toml")).collect()
    }
}

/// The table in the README.
fn table() -> Vec<Row> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, after) = readme.split_once("\n## Workflows\n").expect("the README has the workflows");
    let lines = after.lines().skip_while(|line| !line.starts_with('|')).skip(2);
    let mut part = String::new();
    let mut rows = Vec::new();
    for line in lines.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [step, command, screen] = cells[..] else { panic!("{line} has no three cells") };
        match step.strip_prefix("**") {
            Some(title) => part = title.trim_end_matches('*').to_owned(),
            None => rows.push(Row {
                part: part.clone(),
                step: step.to_owned(),
                command: command.to_owned(),
                screen: screen.to_owned(),
            }),
        }
    }
    rows
}

fn parts() -> Vec<Part> {
    [steps::PARTS, safety::PARTS].concat()
}

/// Walks those parts of the table on one engine.
fn walk(sqlite: bool, part: impl Fn(usize) -> bool) {
    let rows = table();
    for (number, (title, begin, steps)) in parts().into_iter().enumerate() {
        if !part(number) {
            continue;
        }
        let walk = Walk::on(sqlite);
        begin(&walk);
        walk.ran.take();
        for (step, walked) in steps {
            let row = rows.iter().find(|row| row.part == title && row.step == *step);
            let row = row.unwrap_or_else(|| panic!("{title}, {step} is not in the README"));
            walked(&walk);
            walk.assert_ran(row);
            walk.see(row);
        }
    }
}

#[test]
fn every_row_of_the_table_has_a_walk() {
    let told = |part: &str, step: &str| format!("{part}: {step}");
    let rows: Vec<String> = table().iter().map(|row| told(&row.part, &row.step)).collect();
    let walks = parts().into_iter().flat_map(|(part, _, steps)| {
        steps.iter().map(move |(step, _)| told(part, step)).collect::<Vec<_>>()
    });
    assert_eq!(rows, walks.collect::<Vec<_>>());
}

#[test]
fn what_is_done_every_day_is_walked_on_postgres() {
    walk(false, |part| part < 4);
}

#[test]
fn what_is_done_every_day_is_walked_on_sqlite() {
    walk(true, |part| part < 4);
}

#[test]
fn what_is_done_with_care_is_walked_on_postgres() {
    walk(false, |part| part >= 4);
}

#[test]
fn what_is_done_with_care_is_walked_on_sqlite() {
    walk(true, |part| part >= 4);
}
