//! The connection service file (PostgreSQL manual, section 34.17): named groups of parameters.

use std::path::{Path, PathBuf};

use super::conninfo::Parameters;
use super::fault::Fault;
use super::{Variables, disk, places};

/// Fills in the parameters of the service an address names, where they are not set already.
pub(super) fn fill(parameters: &mut Parameters, variables: &Variables) -> Result<(), Fault> {
    let Some(service) = parameters.get("service").map(str::to_owned) else { return Ok(()) };
    let files = files(parameters, variables);
    for file in &files {
        let text = disk::read_if_there(file).map_err(|problem| {
            Fault::new(format!("{}: {}", problem.what, problem.why), problem.fix)
        })?;
        let Some(text) = text else { continue };
        let section = section(&text, &service, file)?;
        let Some(pairs) = section else { continue };
        for (line, name, value) in pairs {
            let here = |why: &str| {
                Fault::new(
                    format!("{}, line {line}: {why}", file.display()),
                    "Correct the line; section 34.17 of PostgreSQL's manual has the form",
                )
            };
            if name == "service" || name == "servicefile" {
                return Err(here("a service cannot name another"));
            }
            let mut one = Parameters::default();
            one.set(name, value).map_err(|fault| here(&fault.why))?;
            for (known, ..) in super::conninfo::PARAMETERS {
                if let Some(value) = one.get(known) {
                    parameters.fill(known, value);
                }
            }
        }
        return Ok(());
    }
    let looked: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    Err(Fault::new(
        format!(
            "there is no service {} in {}",
            super::nearest::shown(&service),
            looked.join(" or ")
        ),
        "Correct PGSERVICE or service=, or add the service to the file",
    ))
}

fn files(parameters: &Parameters, variables: &Variables) -> Vec<PathBuf> {
    let mut files = Vec::new();
    match parameters.get("servicefile") {
        Some(file) => files.push(PathBuf::from(file)),
        None => files.extend(places::home(variables).map(|home| home.join(".pg_service.conf"))),
    }
    let system = variables.filled("PGSYSCONFDIR").unwrap_or("/etc/postgresql-common");
    files.push(Path::new(system).join("pg_service.conf"));
    files
}

/// The lines of one service, numbered; `None` if the file has no such service.
#[expect(clippy::type_complexity, reason = "the lines of a section, each with its number")]
fn section<'a>(
    text: &'a str,
    service: &str,
    file: &Path,
) -> Result<Option<Vec<(usize, &'a str, &'a str)>>, Fault> {
    let mut pairs: Option<Vec<_>> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            if pairs.is_some() {
                break;
            }
            if name == service {
                pairs = Some(Vec::new());
            }
        } else if let Some(pairs) = &mut pairs {
            let Some((name, value)) = line.split_once('=') else {
                return Err(Fault::new(
                    format!("{}, line {}: it is not name=value", file.display(), number + 1),
                    "Correct the line; section 34.17 of PostgreSQL's manual has the form",
                ));
            };
            pairs.push((number + 1, name.trim(), value.trim()));
        }
    }
    Ok(pairs)
}
