//! The two files: what may stand in them, what is refused and how, and the documented example.

use std::collections::BTreeSet;

use dbstudio::config::settings::{Home, SETTINGS};
use dbstudio::config::{Protection, State};

use super::Machine;

const MISTAKES: &[(&str, &str)] = &[
    (
        "defalt_environment = 'x'",
        "line 1, column 1: there is no setting \"defalt_environment\"\nDid you mean default_environment?",
    ),
    (
        "[environments.a]\nurl = 'x.db'\n  protecton = 'staging'",
        "line 3, column 3: [environments.a] has no setting \"protecton\"\nDid you mean protection?",
    ),
    (
        "[environments.a]\nurl = 'x.db'\nprotection = 'prod'",
        "line 3, column 14: \"prod\" is none of development, staging, production\nDid you mean production?",
    ),
    (
        "[environments.a]\nurl = 5",
        "line 2, column 7: url cannot be a number\nIt takes text in quotes",
    ),
    (
        "[environments.a]\nurl = 'x.db'\nread_only = 'yes'",
        "line 3, column 13: read_only cannot be text\nIt takes true or false",
    ),
    (
        "[environments.a]\nurl = 'x.db'\nstatement_timeout = '3 weeks'",
        "line 3, column 21: a span of time is seconds, as 30, or text, as \"30s\", \"500ms\", \"2min\"\nCorrect the line",
    ),
    (
        "[environments.a]\nprotection = 'staging'",
        "line 1, column 1: [environments.a] has no url\nAdd url = \"postgres://user@host/database\" or url = \"sqlite:file.db\"",
    ),
    (
        "url = 'x.db'",
        "line 1, column 1: there is no setting \"url\"\nIt belongs below a line [environments.NAME]",
    ),
    (
        "environments = 3",
        "line 1, column 1: \"environments\" holds settings and is none itself\nWrite [environments.NAME] on a line of its own, with its settings below",
    ),
    (
        "[interface]\ntheme = 'dark'",
        "line 1, column 2: there is no setting \"interface\"\nIt is a person's own setting: move it into config.toml in dbstudio's configuration folder",
    ),
    (
        "masked = 'a.b'",
        "line 1, column 10: masked cannot be text\nIt takes a list of texts, as [\"one\", \"two\"]",
    ),
    (
        "masked = ['a.b',\n 'c']",
        "line 2, column 2: a masked column is two or three names joined by dots\nWrite \"schema.table.column\" or \"table.column\"; a name with a dot or a quote in it goes in double quotes, as '\"my.schema\".users.token'",
    ),
    (
        "required_env = ['A: bas64']",
        "line 1, column 17: the rule for A is not one dbstudio knows\nWrite \"NAME\" or \"NAME: rule\"; the rules are non-empty, url, base64 of 32 bytes, one of a, b, c",
    ),
    ("größe = 1\n", "line 1, column 3: it is not TOML there: "),
    ("a = 1\na = 2", "line 2, column 1: it is not TOML there: "),
    ("# é\n[environments.a]\nurl = 'x.db", "line 3, column "),
];

#[test]
fn mistakes_are_named_with_their_line_and_the_nearest_setting() {
    for (text, expected) in MISTAKES.iter().copied() {
        let machine = Machine::new().project(text);
        let told = machine.told(&machine.config().map(|_| ()).unwrap_err());
        let expected = format!("The file ~/project/dbstudio.toml cannot be used\n{expected}");
        let whole = !expected.ends_with(": ") && !expected.ends_with("column ");
        assert!(
            if whole { told == expected } else { told.starts_with(&expected) },
            "{text}\n{told}\n{expected}"
        );
    }
}

#[test]
fn a_persons_mistakes_are_told_alike() {
    let cases = [
        (
            "[interface]\ntheme = 'drak'",
            "line 2, column 9: \"drak\" is none of dark, light, high-contrast, none\nDid you mean dark?",
        ),
        (
            "[interface]\nmuose = true",
            "line 2, column 1: [interface] has no setting \"muose\"\nDid you mean mouse?",
        ),
        (
            "[keys]\nopen = 3",
            "line 2, column 8: open cannot be a number\nIt takes a key, as \"ctrl+s\", or a list of keys",
        ),
        (
            "default_environment = 'x'",
            "line 1, column 1: there is no setting \"default_environment\"\nIt is a project's setting: move it into the project's dbstudio.toml",
        ),
    ];
    for (text, expected) in cases {
        let machine = Machine::new().settings(text);
        let told = machine.told(&machine.config().map(|_| ()).unwrap_err());
        let expected =
            format!("The file ~/settings/dbstudio/config.toml cannot be used\n{expected}");
        assert_eq!(told, expected, "{text}");
    }
}

#[test]
fn keys_for_commands_there_are_not_are_refused_with_their_line() {
    let machine = Machine::new().settings("[keys]\nopen = 'o'\nrefersh = ['R', '$']");
    let config = machine.config().unwrap();
    assert_eq!(config.interface().keys["refersh"], ["R", "$"]);
    let told = machine.told(&config.check_commands(&["open", "refresh"]).unwrap_err());
    assert_eq!(
        told,
        "The file ~/settings/dbstudio/config.toml cannot be used\nline 3, column 11: there is no command \"refersh\"\nDid you mean refresh?"
    );
    config.check_commands(&["open", "refersh"]).unwrap();
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let broken = Machine::new();
    std::fs::write(broken.path("project/dbstudio.toml"), b"# \xff\n").unwrap();
    let told = broken.told(&broken.config().map(|_| ()).unwrap_err());
    assert_eq!(
        told,
        "The file ~/project/dbstudio.toml cannot be read\nline 1 is not UTF-8 text\nSave it as UTF-8"
    );
    let mut missing = Machine::new();
    missing.flags.config = Some("gone.toml".into());
    let told = missing.told(&missing.config().map(|_| ()).unwrap_err());
    assert_eq!(
        told,
        "There is no configuration file ~/project/deep/gone.toml\n--config names it\nCheck the path, or leave --config out to have dbstudio.toml looked for"
    );
    let mut named = Machine::new()
        .file("project/other.toml", "[environments.o]\nurl = 'o.db'")
        .project("nonsense");
    named.flags.config = Some("../other.toml".into());
    assert_eq!(named.target().unwrap().unwrap().name.as_deref(), Some("o"));
}

#[test]
fn a_password_in_a_file_others_can_read_is_warned_of() {
    let clear = "[environments.a]\nurl = 'postgres://u:hunter2@localhost/x'";
    let variable = "[environments.a]\nurl = 'postgres://u:${PW:-x}@localhost/x'";
    let pairs = "[environments.a]\nurl = 'host=localhost password=hunter2 user=u'";
    for (text, mode, warned) in [
        (clear, 0o644, true),
        (clear, 0o600, false),
        (pairs, 0o640, true),
        (variable, 0o644, false),
    ] {
        let machine = Machine::new().project(text).mode("project/dbstudio.toml", mode);
        let warnings = machine.config().unwrap().warnings().join("\n");
        assert_eq!(warnings.contains("chmod 600"), warned, "{warnings}");
        assert!(!warnings.contains("hunter2"));
    }
}

#[test]
fn required_variables_are_checked_and_never_shown() {
    let text = r#"
required_env = [
    "DATABASE_URL: url",
    "TOKEN_VAULT_ENCRYPTION_KEY: base64 of 32 bytes",
    "TOKEN_VAULT_STORAGE: one of postgres, file",
    "PLAIN",
]
"#;
    // 32 bytes, all 0xFB, whose base64 differs between the alphabets.
    let standard = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";
    let url_safe = "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s";
    let met = || vec![State::Met, State::Met, State::Met, State::Met];
    let invalid = |why: &str| State::Invalid(why.to_owned());
    let cases = [
        (["postgres://u:hunter2@h/x", standard, "postgres", "x"], met()),
        (["sqlite:shop.db", url_safe, "file", "x"], met()),
        (
            ["hunter2", "aHVudGVyMg==", "hunter2", " "],
            vec![
                invalid("it is not a URL"),
                invalid("it is base64 of 7 bytes, not of 32"),
                invalid("it is none of postgres, file"),
                invalid("it is empty"),
            ],
        ),
        (
            ["", "hunter2!", "Postgres", "x"],
            vec![
                invalid("it is empty"),
                invalid("it is not base64"),
                invalid("it is none of postgres, file"),
                State::Met,
            ],
        ),
    ];
    let names = ["DATABASE_URL", "TOKEN_VAULT_ENCRYPTION_KEY", "TOKEN_VAULT_STORAGE", "PLAIN"];
    for (values, expected) in cases {
        let mut machine = Machine::new().project(text);
        for (name, value) in names.iter().zip(values) {
            machine = machine.variable(name, value);
        }
        let config = machine.config().unwrap();
        let checked = config.check();
        assert!(!format!("{checked:?}").contains("hunter2"));
        assert!(checked.iter().map(|one| one.name.as_str()).eq(names));
        assert_eq!(checked.into_iter().map(|one| one.state).collect::<Vec<_>>(), expected);
    }
    let nothing = Machine::new().project(text).config().unwrap().check();
    assert!(nothing.iter().all(|one| one.state == State::Missing));
    let rules: Vec<_> = nothing.iter().map(|one| one.rule.as_str()).collect();
    assert_eq!(rules, ["a URL", "base64 of 32 bytes", "one of postgres, file", "non-empty"]);
}

/// The example's parts: the project's file as it stands, the person's with its marks taken off.
fn example() -> (String, String) {
    let text = include_str!("../../../config.example.toml");
    let (project, person) = text.split_once("your own config.toml\n").unwrap();
    let person: Vec<_> = person
        .lines()
        .map(|line| match line.strip_prefix('#') {
            // `# ` begins a sentence, `#` alone a setting.
            Some(setting) if !setting.starts_with(' ') => setting,
            _ => line,
        })
        .collect();
    (project.to_owned(), person.join("\n"))
}

/// The settings a TOML text sets, by their places in the table of settings.
fn set_in(text: &str, home: Home) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut pending = vec![(Vec::new(), toml::from_str::<toml::Value>(text).unwrap())];
    while let Some((path, value)) = pending.pop() {
        let is = |steps: &str| {
            let mut steps = steps.split('.');
            path.iter()
                .all(|name: &String| steps.next().is_some_and(|step| step == "*" || step == name))
                && steps.next().is_none()
        };
        match SETTINGS.iter().find(|setting| setting.lives_in(home) && is(setting.path)) {
            Some(setting) => drop(found.insert(setting.path)),
            None => {
                for (name, value) in value.as_table().expect("every leaf is a setting") {
                    let mut path = path.clone();
                    path.push(name.clone());
                    pending.push((path, value.clone()));
                }
            }
        }
    }
    found
}

#[test]
fn the_example_documents_every_setting_and_only_those() {
    let (project, person) = example();
    for (text, home) in [(&project, Home::Project), (&person, Home::Person)] {
        let known: BTreeSet<_> =
            SETTINGS.iter().filter(|one| one.lives_in(home)).map(|one| one.path).collect();
        assert_eq!(set_in(text, home), known);
    }
    // Every one with a sentence before it.
    let text = include_str!("../../../config.example.toml");
    let named = SETTINGS.iter().filter(|one| one.home != Home::Person && !one.path.ends_with('*'));
    for setting in named {
        let name = setting.path.rsplit('.').next().unwrap();
        let lines: Vec<_> = text.lines().collect();
        let at = lines.iter().position(|line| line.starts_with(&format!("{name} ="))).unwrap();
        assert!(lines[at - 1].starts_with("# "), "{name} is not explained");
    }
}

#[test]
fn the_example_works_as_it_stands() {
    let (project, person) = example();
    let machine = Machine::new().project(&project).settings(&person).variable("PGUSER", "me");
    let config = machine.config().unwrap();
    assert!(config.warnings().is_empty(), "{:?}", config.warnings());
    assert_eq!(config.required().len(), 4);
    assert_eq!(config.project_folder(), machine.path("project"));
    let target = config.target(&machine.flags).unwrap().unwrap();
    assert_eq!(target.address.to_string(), "postgres://me@localhost:5432/shop");
    assert_eq!(target.name.as_deref(), Some("development"));
    assert!(target.masks("public", "token_vault", "ciphertext"));
    let reports = config.resolve("reports").unwrap();
    assert_eq!(reports.protection, Protection::Production);
    assert_eq!(reports.session.time_zone.as_deref(), Some("Europe/Paris"));
    assert_eq!(config.interface().theme.as_deref(), Some("dark"));
    assert_eq!(config.interface().keys["refresh"], ["R", "ctrl+l"]);
}
