//! Every setting there is, in one table: it reads the files, finds the nearest name for a
//! mistyped one, and is what `config.example.toml` is checked against.
//!
//! Nothing reads a setting that is not in this table.

/// A setting that may stand in a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its place: names joined by dots, `*` where the person chooses the name.
    pub path: &'static str,
    /// What may be written there.
    pub form: Form,
    /// The file, or files, it may stand in.
    pub home: Home,
}

/// What may be written for a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// `true` or `false`.
    Switch,
    /// Seconds as a number, or text such as `"30s"`, `"500ms"`, `"2min"`, `"1h"`.
    Span,
    /// A whole number from 1 on.
    Count,
    /// An amount of memory as text, such as `"100 MB"`.
    Bytes,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts.
    List,
    /// One text or a list of them.
    Keys,
    /// A path, a list of paths, or a command that prints what would be in the file.
    Source,
}

/// Which file a setting belongs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// The project's `dbstudio.toml`.
    Project,
    /// The person's `config.toml`.
    Person,
    /// Either.
    Both,
}

/// The words for [`super::Protection`], as they are written.
pub const PROTECTIONS: &[&str] = &["development", "staging", "production"];

/// The words for [`super::Numbering`], as they are written.
pub const NUMBERINGS: &[&str] = &["sequence", "timestamp"];

/// The forms of migrations, as they are written.
pub const FORMATS: &[&str] = &[
    "native",
    "drizzle",
    "drizzle-folders",
    "dbmate",
    "golang-migrate",
    "refinery",
    "prisma",
    "plain",
];

/// The words for [`super::Policy`], as they are written.
pub const POLICIES: &[&str] = &["ignore", "warn", "refuse"];

/// The themes there are.
pub const THEMES: &[&str] = &["dark", "light", "high-contrast", "none"];

const fn project(path: &'static str, form: Form) -> Setting {
    Setting { path, form, home: Home::Project }
}

const fn person(path: &'static str, form: Form) -> Setting {
    Setting { path, form, home: Home::Person }
}

const fn both(path: &'static str, form: Form) -> Setting {
    Setting { path, form, home: Home::Both }
}

/// Every setting there is.
pub const SETTINGS: &[Setting] = &[
    project("default_environment", Form::Text),
    project("required_env", Form::List),
    both("masked", Form::List),
    project("project.schema", Form::Source),
    project("project.migrations", Form::Text),
    project("project.seeds", Form::Text),
    project("project.backups", Form::Text),
    project("project.backup_keep", Form::Count),
    project("project.format", Form::Word(FORMATS)),
    project("project.history", Form::Text),
    project("project.generate", Form::Text),
    project("project.numbering", Form::Word(NUMBERINGS)),
    project("project.schemas", Form::List),
    project("project.privileges", Form::Switch),
    project("project.owners", Form::Switch),
    project("hazards.*", Form::Word(POLICIES)),
    project("checklists.*", Form::List),
    project("environments.*.url", Form::Text),
    project("environments.*.protection", Form::Word(PROTECTIONS)),
    project("environments.*.connect_timeout", Form::Span),
    project("environments.*.statement_timeout", Form::Span),
    project("environments.*.time_zone", Form::Text),
    project("environments.*.transaction_pooler", Form::Switch),
    project("environments.*.read_only", Form::Switch),
    project("environments.*.scratch_url", Form::Text),
    project("environments.*.online", Form::Switch),
    project("environments.*.lock_wait", Form::Span),
    project("environments.*.ledger", Form::Switch),
    project("environments.*.capsule", Form::Switch),
    project("environments.*.capsule_limit", Form::Bytes),
    project("environments.*.capsule_keep", Form::Count),
    project("environments.*.hazards.*", Form::Word(POLICIES)),
    project("environments.*.checklists.*", Form::List),
    project("environments.*.off_peak", Form::Text),
    project("environments.*.notify", Form::Text),
    project("environments.*.backup_age", Form::Span),
    project("environments.*.rehearsal_age", Form::Span),
    person("connections.*.url", Form::Text),
    person("connections.*.protection", Form::Word(PROTECTIONS)),
    person("connections.*.connect_timeout", Form::Span),
    person("connections.*.statement_timeout", Form::Span),
    person("connections.*.time_zone", Form::Text),
    person("connections.*.transaction_pooler", Form::Switch),
    person("connections.*.read_only", Form::Switch),
    person("connections.*.scratch_url", Form::Text),
    person("connections.*.online", Form::Switch),
    person("connections.*.lock_wait", Form::Span),
    person("connections.*.ledger", Form::Switch),
    person("connections.*.hazards.*", Form::Word(POLICIES)),
    person("interface.theme", Form::Word(THEMES)),
    person("interface.ascii", Form::Switch),
    person("interface.mouse", Form::Switch),
    person("keys.*", Form::Keys),
];

impl Setting {
    /// Whether the setting may stand in a file of this kind.
    pub fn lives_in(&self, home: Home) -> bool {
        self.home == home || self.home == Home::Both || home == Home::Both
    }

    /// Whether `path` is this setting's, or, if `whole` is false, leads to it.
    fn fits(&self, path: &[String], whole: bool) -> bool {
        let mut steps = self.path.split('.');
        path.iter().all(|name| steps.next().is_some_and(|step| step == "*" || step == name))
            && steps.next().is_none() == whole
    }
}

/// The setting at a path, in a file of this kind.
pub(super) fn find(path: &[String], home: Home) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.lives_in(home) && setting.fits(path, true))
}

/// Whether a path leads to settings, as `environments` does.
pub(super) fn leads_on(path: &[String], home: Home) -> bool {
    SETTINGS.iter().any(|setting| setting.lives_in(home) && setting.fits(path, false))
}

/// The names that may stand directly in the table at `path`.
pub(super) fn names_in(path: &[String], home: Home) -> Vec<&'static str> {
    let mut names = Vec::new();
    for setting in SETTINGS {
        let within = path.is_empty() || setting.fits(path, false);
        if let (true, Some(name)) =
            (within && setting.lives_in(home), setting.path.split('.').nth(path.len()))
            && name != "*"
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}
