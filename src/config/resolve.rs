//! From flags, variables and files to one target: which database, and how careful to be with it.
//!
//! What was asked for wins over variables, and variables over files. A database that a file
//! protects is protected however its address was given.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::file::{self, File};
use super::flags::Flags;
use super::named::Named;
use super::nearest::{shown, suggestion};
use super::settings::{self, Form, Home};
use super::url::{self, FORMS, Parsed, Surroundings};
use super::{
    Address, Fault, Interface, Origin, Places, Protection, Requirement, RequirementState,
    SessionSettings, Target, Variables, bytes, discovery, disk, expand, recent,
};
use crate::problem::{Problem, Result};

/// The variables any of which says that a PostgreSQL server is meant.
const SERVER_VARIABLES: [&str; 6] =
    ["PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE", "PGPORT", "PGUSER"];

/// Everything that is configured, read and checked.
#[derive(Clone)]
pub struct Config {
    project: Option<File>,
    person: Option<File>,
    variables: Variables,
    working_folder: PathBuf,
    places: Places,
    interface: Interface,
    read_only: bool,
    warnings: Vec<String>,
    /// What it was read with: what the command line says, and the process's own variables.
    from: (Flags, Variables),
    /// Where each of [`Config::named`] is, in their order, as far as that can be told with
    /// variables missing; read once, as every target is compared with all of them.
    whereabouts: Vec<Option<Address>>,
}

impl Config {
    /// Reads what is configured: the project's file and `.env` files, and the person's settings.
    /// `variables` are the process's own.
    ///
    /// # Errors
    /// When a file cannot be read or holds something dbstudio has no use for.
    pub fn load(flags: &Flags, working_folder: &Path, mut variables: Variables) -> Result<Self> {
        let working_folder = std::path::absolute(working_folder).map_err(|error| {
            let fix = "Change to a folder that exists";
            Problem::failed("The working folder cannot be found", error.to_string(), fix)
        })?;
        let from = (flags.clone(), variables.clone());
        let places = Places::find(&variables)?;
        let path = discovery::project_file(flags.config.as_deref(), &working_folder)?;
        let project = match &path {
            Some(path) => File::read(path, Home::Project)?,
            None => None,
        };
        let folder = path.as_deref().and_then(Path::parent).unwrap_or(&working_folder);
        let mut warnings = variables.add_files(folder)?;
        let person = File::read(&places.settings_file(), Home::Person)?;
        warnings.extend([&project, &person].into_iter().flatten().filter_map(exposed_password));
        warnings.extend(recent::load(&places.state).1);
        let interface = interface(person.as_ref(), &variables)?;
        let read_only = flags.read_only;
        let mut config = Self {
            project,
            person,
            variables,
            working_folder,
            places,
            interface,
            read_only,
            warnings,
            from,
            whereabouts: Vec::new(),
        };
        config.whereabouts = config.named().iter().map(|named| config.whereabouts(named)).collect();
        config.warnings.extend(config.contradictions());
        // A target that cannot be resolved is told of by whoever asks for it.
        if let Ok(Some((_, notes))) = config.find(flags) {
            config.warnings.extend(notes);
        }
        Ok(config)
    }

    /// The same, read again: files may be others by now.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn again(&self) -> Result<Self> {
        let (flags, variables) = &self.from;
        Self::load(flags, &self.working_folder, variables.clone())
    }

    /// The database that flags, variables and files name, or `None` when nothing names one.
    ///
    /// # Errors
    /// When one is named and cannot be made out.
    pub fn target(&self, flags: &Flags) -> Result<Option<Target>> {
        let mut target = self.find(flags)?.map(|(target, _)| target);
        if let Some(target) = &mut target {
            target.read_only |= flags.read_only;
        }
        Ok(target)
    }

    /// The database that something typed means: the name of an environment or a saved
    /// connection, an address, or a file.
    ///
    /// # Errors
    /// When it means none.
    pub fn resolve(&self, text: &str) -> Result<Target> {
        self.read_typed(text, Origin::Flag).map(|(target, _)| target)
    }

    /// How the screens look and listen.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// Checks that the commands keys are set for exist; `known` are the ids of all commands.
    ///
    /// # Errors
    /// When a key is set for a command there is not.
    pub fn check_commands(&self, known: &[&str]) -> Result<()> {
        let Some(file) = &self.person else { return Ok(()) };
        match file.keys.iter().find(|(id, _)| !known.contains(&id.as_str())) {
            None => Ok(()),
            Some((id, keys)) => {
                let why = format!("there is no command {}", shown(id));
                let fix = match super::nearest::nearest(id, known.iter().copied()) {
                    Some(near) => format!("Did you mean {near}?"),
                    None => "The help screen (?) lists every command".to_owned(),
                };
                Err(file.problem(keys.line, keys.column, why, fix))
            }
        }
    }

    /// The variables this project needs.
    pub fn required(&self) -> Vec<Requirement> {
        self.project.iter().flat_map(|project| project.required.clone()).collect()
    }

    /// How the variables this project needs stand.
    pub fn check(&self) -> Vec<RequirementState> {
        self.required().iter().map(|requirement| requirement.check(&self.variables)).collect()
    }

    /// The project's file, if there is one.
    pub fn project_file(&self) -> Option<&Path> {
        self.project.as_ref().map(|project| project.path.as_path())
    }

    /// The project's folder: that of its file, or the working folder where there is none.
    pub fn project_folder(&self) -> &Path {
        self.project.as_ref().map_or(&self.working_folder, File::folder)
    }

    /// The project's file as written, if there is one.
    pub(super) fn project_written(&self) -> Option<&File> {
        self.project.as_ref()
    }

    /// The folders that are dbstudio's on this machine.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The variables, the project's files included.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// What the person should know that keeps nothing from working, each in a sentence.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Puts an opened database on the list of recent ones. The demo stays off it: the welcome
    /// screen has a place for it.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub fn remember(&self, target: &Target) -> Result<()> {
        if target.origin == Origin::Demo {
            return Ok(());
        }
        let now = SystemTime::now();
        recent::remember(&self.places.state, &target.address, target.name.as_deref(), now)
    }

    /// The names of the project's environments, in the order of its file.
    pub fn environments(&self) -> Vec<String> {
        let own = self.named().into_iter().filter(|named| named.home == Home::Project);
        own.map(|named| named.database.name.clone()).collect()
    }

    /// Every environment, then every saved connection, in the order of their files.
    pub(super) fn named(&self) -> Vec<Named<'_>> {
        let files = [(&self.project, Home::Project), (&self.person, Home::Person)];
        let mut named = Vec::new();
        for (file, home) in files {
            let Some(file) = file else { continue };
            named.extend(file.databases.iter().map(|database| Named { file, database, home }));
        }
        named
    }

    fn find(&self, flags: &Flags) -> Result<Option<(Target, Vec<String>)>> {
        match (&flags.target, &flags.url, &flags.environment) {
            (Some(_), Some(_), _) => Err(twice("the argument and --url")),
            (Some(_), None, Some(_)) => Err(twice("the argument and --env")),
            (None, Some(_), Some(_)) => Err(twice("--url and --env")),
            (Some(text), None, None) => self.read_typed(text, Origin::Flag).map(Some),
            (None, Some(text), None) => self.read_typed(text, Origin::Flag).map(Some),
            (None, None, Some(name)) => self.by_name(name).map(Some),
            (None, None, None) => self.unasked(),
        }
    }

    /// The target when no flag names one.
    fn unasked(&self) -> Result<Option<(Target, Vec<String>)>> {
        if let Some(text) = self.variables.filled("DATABASE_URL") {
            return self.at_database_url(text).map(Some);
        }
        if let Some(named) = self.default_environment()? {
            return self.at_name(&named).map(Some);
        }
        let Some(name) = SERVER_VARIABLES.iter().find(|name| self.variables.filled(name).is_some())
        else {
            return Ok(None);
        };
        let parsed = url::from_variables(&self.surroundings(&self.working_folder))
            .map_err(|fault| fault.of("in the variables PGHOST, PGDATABASE and so on"))?;
        self.at_address(parsed, Origin::Variable((*name).to_owned())).map(Some)
    }

    fn at_database_url(&self, text: &str) -> Result<(Target, Vec<String>)> {
        let file = self.variables.file_of("DATABASE_URL");
        let folder = file.and_then(Path::parent).unwrap_or(&self.working_folder);
        let whose = match file {
            Some(file) => format!("in DATABASE_URL (of {})", file.display()),
            None => "in DATABASE_URL".to_owned(),
        };
        let parsed = url::parse(text, &self.surroundings(folder))
            .and_then(|parsed| parsed.ok_or_else(no_address))
            .map_err(|fault| fault.of(&whose))?;
        self.at_address(parsed, Origin::Variable("DATABASE_URL".to_owned()))
    }

    /// The environment meant when none is asked for: `default_environment`, the only one, or
    /// the one called `development`.
    fn default_environment(&self) -> Result<Option<Named<'_>>> {
        let Some(project) = &self.project else { return Ok(None) };
        let environments = || self.named().into_iter().filter(|named| named.home == Home::Project);
        if let Some(written) = &project.default_environment {
            let name = project.expanded(written, "default_environment", &self.variables)?;
            if let Some(named) = environments().find(|named| named.database.name == name) {
                return Ok(Some(named));
            }
            let why = format!("there is no environment {}", shown(&name));
            let names: Vec<_> = project.databases.iter().map(|one| one.name.as_str()).collect();
            let fix = match names.is_empty() {
                true => "Add a table [environments.NAME] with a url".to_owned(),
                false => suggestion(&name, &names),
            };
            return Err(project.problem(written.line, written.column, why, fix));
        }
        let only = if project.databases.len() == 1 { environments().next() } else { None };
        Ok(only.or_else(|| environments().find(|named| named.database.name == "development")))
    }

    /// The environment, or else the saved connection, of a name.
    fn by_name(&self, name: &str) -> Result<(Target, Vec<String>)> {
        let named = self.named();
        match named.iter().find(|named| named.database.name == name) {
            Some(named) => self.at_name(named),
            None => {
                let names: Vec<_> = named.iter().map(|one| one.database.name.as_str()).collect();
                let why = match self.project_file() {
                    Some(file) => {
                        format!("neither {} nor your own settings have one", file.display())
                    }
                    None => format!("there is no {} here or above", discovery::PROJECT_FILE),
                };
                let fix = match names.is_empty() {
                    true => "Add a table [environments.NAME] to dbstudio.toml, or give an address"
                        .to_owned(),
                    false => suggestion(name, &names),
                };
                Err(Problem::usage(format!("There is no environment {}", shown(name)), why, fix))
            }
        }
    }

    /// The target something typed means.
    pub(super) fn read_typed(&self, text: &str, origin: Origin) -> Result<(Target, Vec<String>)> {
        let text = text.trim();
        let named = self.named();
        if origin == Origin::Flag
            && let Some(named) = named.iter().find(|named| named.database.name == text)
        {
            return self.at_name(named);
        }
        let parsed = url::parse(text, &self.surroundings(&self.working_folder))
            .map_err(|fault| fault.of("given"))?;
        let Some(parsed) = parsed else { return Err(self.unknown(text)) };
        self.at_address(parsed, origin)
    }

    /// The problem of a text that is no address, no file and no name.
    fn unknown(&self, text: &str) -> Problem {
        let list = |home| {
            let named = self.named().into_iter().filter(|named| named.home == home);
            let names: Vec<_> = named.map(|named| named.database.name.clone()).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let named = self.named();
        let near =
            super::nearest::nearest(text, named.iter().map(|one| one.database.name.as_str()));
        let near = near.map_or_else(String::new, |near| format!("Did you mean {near}? "));
        Problem::usage(
            format!("There is no database {}", shown(text)),
            format!(
                "it is not an address, there is no such file, and no such name (environments: {}; saved connections: {})",
                list(Home::Project),
                list(Home::Person)
            ),
            format!("{near}{FORMS}"),
        )
    }

    pub(super) fn surroundings<'a>(&'a self, folder: &'a Path) -> Surroundings<'a> {
        Surroundings { variables: &self.variables, folder }
    }

    fn read_named(&self, named: &Named<'_>) -> Result<Parsed> {
        let Some(written) = named.database.text("url") else {
            let why = format!("{} has no url", named.table());
            return Err(named.file.problem(named.database.line, 1, why, FORMS));
        };
        let text =
            named.file.expanded(written, &format!("url of {}", named.table()), &self.variables)?;
        url::parse(&text, &self.surroundings(named.file.folder()))
            .and_then(|parsed| parsed.ok_or_else(no_address))
            .map_err(|fault| {
                let place = format!("{}, line {}", named.file.path.display(), written.line);
                fault.of(&format!("of {} ({place})", named.table()))
            })
    }

    /// Where a named database is, as far as that can be told with variables missing.
    fn whereabouts(&self, named: &Named<'_>) -> Option<Address> {
        let text = expand::expand_known(&named.database.text("url")?.value, &self.variables)?;
        let parsed = url::parse(&text, &self.surroundings(named.file.folder())).ok()??;
        Some(parsed.address)
    }

    /// How careful to be with a named database at this address; the most where what is written
    /// cannot be made out.
    fn protection(&self, named: &Named<'_>, address: &Address) -> Protection {
        match named.protection(&self.variables) {
            Ok(written) => written.unwrap_or_else(|| by_place(address)),
            Err(_) => Protection::Production,
        }
    }

    /// The named databases at an address.
    fn at_same_place(&self, address: &Address) -> Vec<Named<'_>> {
        let places = self.named().into_iter().zip(&self.whereabouts);
        let same = |place: &Option<Address>| {
            place.as_ref().is_some_and(|place| place.same_database(address))
        };
        places.filter(|(_, place)| same(place)).map(|(named, _)| named).collect()
    }

    pub(super) fn at_name(&self, named: &Named<'_>) -> Result<(Target, Vec<String>)> {
        let parsed = self.read_named(named)?;
        // A mistake in the protection of the one asked for is told, not guessed around.
        named.protection(&self.variables)?;
        let own = self.protection(named, &parsed.address);
        let others = self.at_same_place(&parsed.address);
        let others = others.iter().map(|other| self.protection(other, &parsed.address));
        let protection = others.fold(own, Protection::max);
        self.build(parsed, Some(named), protection, named.origin())
    }

    fn at_address(&self, parsed: Parsed, origin: Origin) -> Result<(Target, Vec<String>)> {
        let mut best: Option<(Protection, Named<'_>)> = None;
        for named in self.at_same_place(&parsed.address) {
            let protection = self.protection(&named, &parsed.address);
            if best.as_ref().is_none_or(|(strictest, _)| protection > *strictest) {
                best = Some((protection, named));
            }
        }
        let protection =
            best.as_ref().map_or_else(|| by_place(&parsed.address), |(strictest, _)| *strictest);
        self.build(parsed, best.as_ref().map(|(_, named)| named), protection, origin)
    }

    fn build(
        &self,
        parsed: Parsed,
        named: Option<&Named<'_>>,
        protection: Protection,
        origin: Origin,
    ) -> Result<(Target, Vec<String>)> {
        let Parsed { address, transaction_pooler, notes } = parsed;
        let mut session = SessionSettings { transaction_pooler, ..SessionSettings::default() };
        if let Address::Postgres(postgres) = &address {
            session.connect_timeout = postgres.connect_timeout.unwrap_or(session.connect_timeout);
            session.time_zone = self.variables.filled("PGTZ").map(str::to_owned);
        }
        if let Some(named) = named {
            let span = |field| -> Result<_> {
                let text = named.text(field, Form::Span, &self.variables)?;
                Ok(text.as_deref().and_then(file::length).filter(|span| !span.is_zero()))
            };
            session.connect_timeout = span("connect_timeout")?.unwrap_or(session.connect_timeout);
            session.statement_timeout = span("statement_timeout")?;
            let time_zone = named.text("time_zone", Form::Text, &self.variables)?;
            session.time_zone = time_zone.or(session.time_zone);
            session.transaction_pooler =
                named.database.switch("transaction_pooler").or(session.transaction_pooler);
            session.lock_wait = span("lock_wait")?.unwrap_or(session.lock_wait);
            session.ledger = named.database.switch("ledger").unwrap_or(session.ledger);
            session.capsule = named.database.switch("capsule");
            let limit = named.text("capsule_limit", Form::Bytes, &self.variables)?;
            let limit = limit.and_then(|text| bytes::read(&text).ok());
            session.capsule_limit = limit.unwrap_or(session.capsule_limit);
            let days = named.text("capsule_keep", Form::Count, &self.variables)?;
            let days = days.and_then(|text| text.parse().ok());
            session.capsule_keep = days.unwrap_or(session.capsule_keep);
        }
        let masks =
            [&self.project, &self.person].into_iter().flatten().flat_map(|file| &file.masked);
        let masked = masks.map(|mask| mask.column(&address)).collect();
        let own = named.and_then(|named| named.database.switch("read_only"));
        let name = named.map(|named| named.database.name.clone());
        let read_only = self.read_only || own.unwrap_or(false);
        Ok((Target { name, address, protection, origin, read_only, session, masked }, notes))
    }

    /// Databases that are named twice, with different protection.
    fn contradictions(&self) -> Vec<String> {
        let mut told = Vec::new();
        for (named, place) in self.named().into_iter().zip(&self.whereabouts) {
            let Some(address) = place else { continue };
            let own = self.protection(&named, address);
            let others = self.at_same_place(address);
            let strictest = others.iter().max_by_key(|other| self.protection(other, address));
            let Some(other) = strictest else { continue };
            let protection = self.protection(other, address);
            if protection > own {
                told.push(format!(
                    "{} and {} are the same database: both are treated as {}",
                    named.table(),
                    other.table(),
                    protection.word()
                ));
            }
        }
        told
    }
}

/// How careful to be where nobody said: a database on this machine is one's own.
fn by_place(address: &Address) -> Protection {
    if address.is_local() { Protection::Development } else { Protection::Production }
}

fn twice(which: &str) -> Problem {
    Problem::usage(
        "Two databases were asked for",
        format!("{which} each name one"),
        "Give only one of them",
    )
}

pub(super) fn no_address() -> Fault {
    Fault::new("it is neither an address nor the path of a SQLite file", FORMS)
}

/// A warning if a file holds a password and others can read it.
fn exposed_password(file: &File) -> Option<String> {
    let mut urls = file
        .databases
        .iter()
        .flat_map(|database| ["url", "scratch_url"].map(|field| database.text(field)))
        .flatten();
    let url = urls.find(|url| url::holds_password(&url.value))?;
    disk::others_can_read(&file.path).then(|| {
        let path = file.path.display();
        format!(
            "{path}, line {}, holds a password and others can read the file: run chmod 600 {path}, or write ${{NAME}} for the password",
            url.line
        )
    })
}

fn interface(person: Option<&File>, variables: &Variables) -> Result<Interface> {
    let mut interface = Interface::default();
    let Some(file) = person else { return Ok(interface) };
    if let Some(theme) = &file.theme {
        let form = Form::Word(settings::THEMES);
        interface.theme = Some(file.checked(theme, form, "theme of [interface]", variables)?);
    }
    interface.ascii = file.ascii;
    interface.mouse = file.mouse.unwrap_or(interface.mouse);
    interface.keys = file.keys.iter().map(|(id, keys)| (id.clone(), keys.value.clone())).collect();
    Ok(interface)
}
