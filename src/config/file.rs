//! The two configuration files as they are written: the project's `dbstudio.toml` and the
//! person's `config.toml`.
//!
//! Every name is looked up in the one table of settings, so a mistyped one is refused with its
//! line and the nearest name there is. The file's own lines never reach an error: they may hold
//! a password. Variables in strings are left for the moment the string is needed, so that an
//! environment nobody asked for may name a variable nobody has set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::expand::{self, Fault};
use super::mask::Mask;
use super::nearest::{shown, suggestion};
use super::required::Requirement;
use super::settings::{self, Form, Home};
use super::{Policy, Protection, SchemaSource, Variables, bytes, checklist, disk, project, span};
use crate::problem::{Problem, Result};

/// Something written in a file, and where it stands; lines and columns count from 1.
#[derive(Clone)]
pub(super) struct Written<T> {
    pub(super) value: T,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// One configuration file.
#[derive(Clone)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) default_environment: Option<Written<String>>,
    /// The environments of a project, the saved connections of a person, in the file's order.
    pub(super) databases: Vec<Database>,
    pub(super) required: Vec<Requirement>,
    pub(super) masked: Vec<Mask>,
    pub(super) theme: Option<Written<String>>,
    pub(super) ascii: Option<bool>,
    pub(super) mouse: Option<bool>,
    pub(super) keys: BTreeMap<String, Written<Vec<String>>>,
    pub(super) project: project::Written,
    /// What is to happen for hazards, by rule.
    pub(super) hazards: BTreeMap<String, Policy>,
    /// What stands on checklists, by operation.
    pub(super) checklists: BTreeMap<String, Vec<String>>,
}

/// An environment or a saved connection, as written.
#[derive(Clone)]
pub(super) struct Database {
    pub(super) name: String,
    /// The line that names it.
    pub(super) line: usize,
    texts: BTreeMap<&'static str, Written<String>>,
    switches: BTreeMap<&'static str, bool>,
    /// What is to happen for hazards here, by rule.
    pub(super) hazards: BTreeMap<String, Policy>,
    /// What stands on checklists here, by operation.
    pub(super) checklists: BTreeMap<String, Vec<String>>,
}

impl Database {
    /// A switch of this database's, if it is written.
    pub(super) fn switch(&self, name: &str) -> Option<bool> {
        self.switches.get(name).copied()
    }

    /// A text of this database's as it is written, variables and all.
    pub(super) fn text(&self, name: &str) -> Option<&Written<String>> {
        self.texts.get(name)
    }
}

impl File {
    /// Reads a file, if it is there.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or holds something dbstudio has no use for.
    pub(super) fn read(path: &Path, home: Home) -> Result<Option<Self>> {
        let Some(text) = disk::read_if_there(path)? else { return Ok(None) };
        Self::parse(path, &text, home).map(Some)
    }

    pub(super) fn parse(path: &Path, text: &str, home: Home) -> Result<Self> {
        let file = Self {
            path: path.to_path_buf(),
            default_environment: None,
            databases: Vec::new(),
            required: Vec::new(),
            masked: Vec::new(),
            theme: None,
            ascii: None,
            mouse: None,
            keys: BTreeMap::new(),
            project: project::Written::default(),
            hazards: BTreeMap::new(),
            checklists: BTreeMap::new(),
        };
        let mut reader = Reader { text, home, file };
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let why = format!("it is not TOML there: {}", first_line(error.message()));
            reader.problem(at, why, "Correct the line; config.example.toml shows the form")
        })?;
        reader.table(table.get_ref(), &mut Vec::new())?;
        let file = reader.file;
        let Some(database) = file.databases.iter().find(|one| !one.texts.contains_key("url"))
        else {
            return Ok(file);
        };
        let kind = if home == Home::Project { "environments" } else { "connections" };
        Err(file.problem(
            database.line,
            1,
            format!("[{kind}.{}] has no url", shown(&database.name).trim_matches('"')),
            "Add url = \"postgres://user@host/database\" or url = \"sqlite:file.db\"",
        ))
    }

    /// The folder relative paths in this file start from.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// A problem with this file, at a place in it.
    pub(super) fn problem(
        &self,
        line: usize,
        column: usize,
        why: impl AsRef<str>,
        fix: impl Into<String>,
    ) -> Problem {
        Problem::usage(
            format!("The file {} cannot be used", self.path.display()),
            format!("line {line}, column {column}: {}", why.as_ref()),
            fix,
        )
    }

    /// A text with its variables put in; `whose` says what the text is, for the error.
    ///
    /// # Errors
    /// When a variable it names is not set.
    pub(super) fn expanded(
        &self,
        written: &Written<String>,
        whose: &str,
        variables: &Variables,
    ) -> Result<String> {
        let here = |why: String, fix: &str| self.problem(written.line, written.column, why, fix);
        expand::expand(&written.value, variables).map_err(|fault| match fault {
            Fault::Unset(name) => Problem::usage(
                format!("The variable {name} is not set"),
                format!("{whose} needs it: {}, line {}", self.path.display(), written.line),
                format!("{}, or give a default as ${{{name}:-…}}", variables.how_to_set(&name)),
            ),
            Fault::Unclosed => here(
                format!("in {whose}, a ${{ has no }}"),
                "Close it as in ${NAME}, or write $$ for a dollar",
            ),
            Fault::Name => here(
                format!("in {whose}, what stands in ${{…}} is no variable's name"),
                "A name has letters, digits and _; a default follows it as ${NAME:-default}",
            ),
        })
    }

    /// A text with its variables put in, that must then be as its setting asks.
    ///
    /// # Errors
    /// When a variable is not set, or the text is not what may be written there.
    pub(super) fn checked(
        &self,
        written: &Written<String>,
        form: Form,
        whose: &str,
        variables: &Variables,
    ) -> Result<String> {
        let text = self.expanded(written, whose, variables)?;
        match form.complaint(&text) {
            None => Ok(text),
            Some(why) => Err(self.problem(
                written.line,
                written.column,
                format!("in {whose}, {why}"),
                "Correct the line, or the variable in it",
            )),
        }
    }
}

impl Form {
    /// What is wrong with a text for this form, its variables put in already.
    fn complaint(self, text: &str) -> Option<String> {
        match self {
            Self::Word(words) if !words.contains(&text) => {
                Some(format!("{} is none of {}", shown(text), words.join(", ")))
            }
            Self::Span => span::read(text).err(),
            Self::Bytes => bytes::read(text).err(),
            _ => None,
        }
    }

    /// What may be written, in words.
    fn asks(self) -> String {
        match self {
            Self::Text => "text in quotes".to_owned(),
            Self::Switch => "true or false".to_owned(),
            Self::Span => "seconds, as 30, or text, as \"30s\", \"500ms\", \"2min\"".to_owned(),
            Self::Count => "a whole number from 1 on, as 10".to_owned(),
            Self::Bytes => "an amount of memory in quotes, as \"100 MB\"".to_owned(),
            Self::Word(words) => format!("one of {}, in quotes", words.join(", ")),
            Self::List => "a list of texts, as [\"one\", \"two\"]".to_owned(),
            Self::Keys => "a key, as \"ctrl+s\", or a list of keys".to_owned(),
            Self::Source => {
                "a path in quotes, a list of paths, or { command = \"…\" }, which prints SQL"
                    .to_owned()
            }
        }
    }
}

/// The words for the protection levels.
pub(super) fn protection(word: &str) -> Option<Protection> {
    match word {
        "development" => Some(Protection::Development),
        "staging" => Some(Protection::Staging),
        "production" => Some(Protection::Production),
        _ => None,
    }
}

/// A span of time that was checked before; `None` if it was not.
pub(super) fn length(text: &str) -> Option<Duration> {
    span::read(text).ok()
}

/// The first line of a message of the TOML parser's: the rest repeats what is written.
fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

/// Walks through a parsed file and keeps what the table of settings knows.
struct Reader<'a> {
    text: &'a str,
    home: Home,
    file: File,
}

impl Reader<'_> {
    fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).map_or(0, |rest| rest.chars().count()) + 1;
        (before.matches('\n').count() + 1, column)
    }

    fn problem(&self, at: usize, why: impl AsRef<str>, fix: impl Into<String>) -> Problem {
        let (line, column) = self.place(at);
        self.file.problem(line, column, why, fix)
    }

    fn written<T>(&self, value: T, at: usize) -> Written<T> {
        let (line, column) = self.place(at);
        Written { value, line, column }
    }

    fn table(&mut self, table: &DeTable<'_>, path: &mut Vec<String>) -> Result<()> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            path.push(key.get_ref().to_string());
            let (from, at) = (key.span().start, value.span().start);
            if let Some(setting) = settings::find(path, self.home) {
                let field = setting.path.rsplit('.').next().unwrap_or(setting.path);
                self.setting(path, field, setting.form, value.get_ref(), at)?;
            } else if settings::leads_on(path, self.home) {
                let DeValue::Table(inner) = value.get_ref() else {
                    return Err(self.no_table(path, from));
                };
                if path.len() == 2 {
                    self.file.databases.push(Database {
                        name: key.get_ref().to_string(),
                        line: self.place(from).0,
                        texts: BTreeMap::new(),
                        switches: BTreeMap::new(),
                        hazards: BTreeMap::new(),
                        checklists: BTreeMap::new(),
                    });
                }
                self.table(inner, path)?;
            } else {
                return Err(self.unknown(path, from));
            }
            path.pop();
        }
        Ok(())
    }

    fn no_table(&self, path: &[String], at: usize) -> Problem {
        let joined = path.join(".");
        let named = settings::names_in(path, self.home).is_empty();
        let example = if named { format!("[{joined}.NAME]") } else { format!("[{joined}]") };
        self.problem(
            at,
            format!("{} holds settings and is none itself", shown(&joined)),
            format!("Write {example} on a line of its own, with its settings below"),
        )
    }

    fn unknown(&self, path: &[String], at: usize) -> Problem {
        let Some((key, table)) = path.split_last() else {
            return self.problem(at, "the file is empty", "");
        };
        let r#where = match table {
            [] => "there is no setting".to_owned(),
            [table] => format!("[{table}] has no setting"),
            [table, name, ..] => {
                format!("[{table}.{}] has no setting", shown(name).trim_matches('"'))
            }
        };
        let other = if self.home == Home::Project { Home::Person } else { Home::Project };
        let elsewhere = settings::find(path, other).is_some() || settings::leads_on(path, other);
        let inside = settings::SETTINGS
            .iter()
            .find(|setting| {
                setting.lives_in(self.home) && setting.path.ends_with(&format!(".{key}"))
            })
            .filter(|_| table.is_empty());
        let fix = match (elsewhere, inside, other) {
            (true, _, Home::Person) => {
                "It is a person's own setting: move it into config.toml in dbstudio's configuration folder"
                    .to_owned()
            }
            (true, ..) => "It is a project's setting: move it into the project's dbstudio.toml".to_owned(),
            (false, Some(setting), _) => {
                let table = setting.path.rsplit_once('.').map_or("", |(table, _)| table);
                format!("It belongs below a line [{}]", table.replace('*', "NAME"))
            }
            (false, None, _) => suggestion(key, &settings::names_in(table, self.home)),
        };
        self.problem(at, format!("{where} {}", shown(key)), fix)
    }

    /// Reads the value of one setting and keeps it.
    fn setting(
        &mut self,
        path: &[String],
        field: &'static str,
        form: Form,
        value: &DeValue<'_>,
        at: usize,
    ) -> Result<()> {
        match (form, value) {
            (Form::Switch, DeValue::Boolean(on)) => self.keep_switch(field, *on),
            (Form::Text | Form::Word(_) | Form::Span | Form::Bytes, DeValue::String(text)) => {
                self.check(path, form, text, at)?;
                let text = self.written(text.to_string(), at);
                self.keep_text(path, field, text);
            }
            (Form::Count, DeValue::Integer(count)) => {
                let Some(count) = count.as_str().parse().ok().filter(|count| *count > 0) else {
                    return Err(self.wrong(path, form, value, at));
                };
                self.keep_count(field, count, at);
            }
            (Form::Span, DeValue::Integer(seconds)) => {
                let text = seconds.as_str().to_owned();
                if let Some(why) = form.complaint(&text) {
                    return Err(self.problem(at, why, "Correct the line"));
                }
                let text = self.written(text, at);
                self.keep_text(path, field, text);
            }
            (Form::Keys, DeValue::String(key)) => {
                let keys = self.written(vec![key.to_string()], at);
                self.file.keys.insert(path.last().cloned().unwrap_or_default(), keys);
            }
            (Form::Source, DeValue::String(file)) => {
                let paths = vec![PathBuf::from(file.as_ref())];
                self.file.project.schema = Some(SchemaSource::Paths(paths));
            }
            (Form::Source, DeValue::Table(table)) => {
                let command = table.iter().map(|(key, value)| (key.get_ref(), value.get_ref()));
                match command.collect::<Vec<_>>().as_slice() {
                    [(key, DeValue::String(command))] if *key == "command" => {
                        let command = SchemaSource::Command(command.to_string());
                        self.file.project.schema = Some(command);
                    }
                    _ => return Err(self.wrong(path, form, value, at)),
                }
            }
            (Form::Keys | Form::List | Form::Source, DeValue::Array(items)) => {
                let mut texts = Vec::new();
                for item in items.iter() {
                    let DeValue::String(text) = item.get_ref() else {
                        return Err(self.wrong(path, form, item.get_ref(), item.span().start));
                    };
                    texts.push(self.written(text.to_string(), item.span().start));
                }
                self.keep_items(path, field, form, texts, at)?;
            }
            _ => return Err(self.wrong(path, form, value, at)),
        }
        Ok(())
    }

    /// Refuses a text its setting has no use for. Where variables are put in later, it is looked
    /// at then; the project's own settings and the hazards have none.
    fn check(&self, path: &[String], form: Form, text: &str, at: usize) -> Result<()> {
        let is_fixed =
            path.first().is_some_and(|first| matches!(first.as_str(), "project" | "hazards"))
                || path.iter().any(|name| name == "hazards");
        match form.complaint(text).filter(|_| is_fixed || !expand::has_variables(text)) {
            None => Ok(()),
            Some(why) => {
                let fix = match form {
                    Form::Word(words) => suggestion(text, words),
                    _ => "Correct the line".to_owned(),
                };
                Err(self.problem(at, why, fix))
            }
        }
    }

    fn keep_items(
        &mut self,
        path: &[String],
        field: &'static str,
        form: Form,
        texts: Vec<Written<String>>,
        at: usize,
    ) -> Result<()> {
        let values = |texts: Vec<Written<String>>| texts.into_iter().map(|text| text.value);
        match (form, field) {
            (Form::Keys, _) => {
                let keys = self.written(values(texts).collect(), at);
                self.file.keys.insert(path.last().cloned().unwrap_or_default(), keys);
            }
            (Form::Source, _) if texts.is_empty() => {
                return Err(self.problem(
                    at,
                    "there is no path in the list",
                    "Name a file or folder",
                ));
            }
            (Form::Source, _) => {
                let paths = values(texts).map(PathBuf::from).collect();
                self.file.project.schema = Some(SchemaSource::Paths(paths));
            }
            (_, "*") => {
                let operation = path.last().cloned().unwrap_or_default();
                if let Some((why, fix)) = checklist::complaint(&operation) {
                    return Err(self.problem(at, why, fix));
                }
                let known = checklist::items(&operation);
                if let Some(wrong) = texts.iter().find(|one| !known.contains(&&*one.value)) {
                    let why = format!("{} has no item {}", operation, shown(&wrong.value));
                    let fix = suggestion(&wrong.value, known);
                    return Err(self.file.problem(wrong.line, wrong.column, why, fix));
                }
                let whole = &mut self.file.checklists;
                let lists = match self.file.databases.last_mut() {
                    Some(database) if path.len() > 2 => &mut database.checklists,
                    _ => whole,
                };
                lists.insert(operation, values(texts).collect());
            }
            (_, "schemas") => self.file.project.schemas = Some(values(texts).collect()),
            _ => self.keep_list(field, texts)?,
        }
        Ok(())
    }

    fn wrong(&self, path: &[String], form: Form, value: &DeValue<'_>, at: usize) -> Problem {
        let name = path.last().map_or("", String::as_str);
        let got = match value {
            DeValue::String(_) => "text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let why = format!("{} cannot be {got}", shown(name).trim_matches('"'));
        self.problem(at, why, format!("It takes {}", form.asks()))
    }

    fn keep_count(&mut self, field: &'static str, count: usize, at: usize) {
        let text = self.written(count.to_string(), at);
        match (field, self.file.databases.last_mut()) {
            ("backup_keep", _) => self.file.project.backup_keep = Some(count),
            (field, Some(database)) => drop(database.texts.insert(field, text)),
            _ => {}
        }
    }

    fn keep_switch(&mut self, field: &'static str, on: bool) {
        match field {
            "ascii" => self.file.ascii = Some(on),
            "mouse" => self.file.mouse = Some(on),
            "privileges" => self.file.project.privileges = on,
            "owners" => self.file.project.owners = on,
            _ => {
                if let Some(database) = self.file.databases.last_mut() {
                    database.switches.insert(field, on);
                }
            }
        }
    }

    fn keep_text(&mut self, path: &[String], field: &'static str, text: Written<String>) {
        match field {
            // A rule's name is the person's, the last of the path.
            "*" => {
                let (Some(rule), Some(policy)) = (path.last(), project::policy(&text.value)) else {
                    return;
                };
                let hazards = match self.file.databases.last_mut() {
                    Some(database) if path.len() > 2 => &mut database.hazards,
                    _ => &mut self.file.hazards,
                };
                hazards.insert(rule.clone(), policy);
            }
            "migrations" => self.file.project.migrations = Some(text.value),
            "seeds" => self.file.project.seeds = Some(text.value),
            "backups" => self.file.project.backups = Some(text.value),
            "format" => self.file.project.format = Some(text.value),
            "history" => self.file.project.history = Some(text.value),
            "generate" => self.file.project.generate = Some(text.value),
            "numbering" => self.file.project.numbering = Some(text.value),
            "default_environment" => self.file.default_environment = Some(text),
            "theme" => self.file.theme = Some(text),
            _ => {
                if let Some(database) = self.file.databases.last_mut() {
                    database.texts.insert(field, text);
                }
            }
        }
    }

    fn keep_list(&mut self, field: &'static str, texts: Vec<Written<String>>) -> Result<()> {
        for text in texts {
            let kept = if field == "masked" {
                Mask::read(&text.value).map(|mask| self.file.masked.push(mask))
            } else {
                Requirement::read(&text.value).map(|rule| self.file.required.push(rule))
            };
            kept.map_err(|(why, fix)| self.file.problem(text.line, text.column, why, fix))?;
        }
        Ok(())
    }
}
