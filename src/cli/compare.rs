//! `pull` and `diff`: schemas as SQL, and the SQL between two of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::{Global, Planning};
use super::change::{closed, configured, renames};
use super::print::{self, Paint, Role, harmless};
use super::run::{resolve, unconfigured, wait_for};
use super::{ask, review};
use crate::config::{Config, SchemaSource, Target};
use crate::db::stop::Stop;
use crate::migrations::Source;
use crate::ops::change::{Change, Setting, Side};
use crate::ops::pull::{self, Found, Pulled, SchemaFile};
use crate::ops::review::of_change;
use crate::ops::{change, desired};
use crate::problem::{Problem, Result};
use crate::schema::hazard::Facts;

/// `dbstudio pull`.
pub(super) fn pull(
    target: Option<String>,
    out: Option<PathBuf>,
    split: bool,
    global: &Global,
) -> Result<u8> {
    let (config, target) = configured(target, global)?;
    let prints = out.as_deref() == Some(Path::new("-"));
    if prints && split {
        return Err(Problem::usage(
            "Many files cannot be printed",
            "--split writes a folder, and --out - prints",
            "leave one of the two out",
        ));
    }
    let place = if prints { None } else { Some(place(&config, out, split)?) };
    let setting = Setting::new(&config, target, None)?;
    wait_for(|stop| async move {
        let pulled = pull::pull(setting, &stop).await?;
        let notes: String = pulled.notes.iter().map(|note| review::sentence(note)).collect();
        print::talk(&notes);
        let Some(place) = place else {
            if global.json {
                let sql = pull::whole(&pulled.plan);
                return print::json(&json!({ "format": 1, "sql": sql })).map(|()| 0);
            }
            return print::sql(&pull::whole(&pulled.plan)).map(|()| 0);
        };
        let files = if split {
            pull::split(&pulled.plan, &place)
        } else {
            BTreeMap::from([(place, pull::whole(&pulled.plan))])
        };
        write(&pulled, &pull::compare(files)?, global, &stop).await
    })
}

/// Where the schema is written when nothing else is said: where the project reads it.
fn place(config: &Config, out: Option<PathBuf>, split: bool) -> Result<PathBuf> {
    if let Some(out) = out {
        return Ok(out);
    }
    let elsewhere = |why: &str| {
        Problem::usage("It is not clear where to write the schema", why, "name a place with --out")
    };
    let path = match config.project().schema {
        SchemaSource::Command(_) => return Err(elsewhere("the project's schema is a command's")),
        SchemaSource::Paths(paths) => match <[PathBuf; 1]>::try_from(paths) {
            Ok([path]) => path,
            Err(_) => return Err(elsewhere("the project's schema is in several places")),
        },
    };
    match (path.is_dir(), split) {
        (true, false) => Err(Problem::usage(
            format!("{} is a folder", path.display()),
            "one file was asked for, and the project reads its schema from a folder",
            "write a folder with --split, or name a file with --out",
        )),
        (false, true) => Err(Problem::usage(
            format!("{} is one file", path.display()),
            "a folder was asked for, and the project reads its schema from a file",
            "name a folder with --out, and then in schema of [project]",
        )),
        _ => Ok(path),
    }
}

/// Shows which files would be written, asks, and writes them.
async fn write(pulled: &Pulled, files: &[SchemaFile], global: &Global, stop: &Stop) -> Result<u8> {
    let (paint, mut list) = (Paint::of_talk(), String::new());
    for file in files {
        let (word, role) = match file.found {
            Found::Nothing => ("new    ", Role::Good),
            Found::Same => ("same   ", Role::Muted),
            Found::Other => ("replace", Role::Warning),
        };
        let path = harmless(&file.path.display().to_string());
        list.push_str(&format!("{} {path}\n", paint.text(role, word)));
    }
    if !global.json {
        print::talk(&list);
    }
    let changed: Vec<&SchemaFile> = files.iter().filter(|file| file.found != Found::Same).collect();
    if !changed.is_empty() {
        let count = changed.len();
        let question = match changed.as_slice() {
            [only] => format!("Write {}?", only.path.display()),
            _ => format!("Write {count} files?"),
        };
        ask::confirm(&question, global.yes, stop).await?;
        pull::write(files)?;
    }
    let paths: Vec<String> = changed.iter().map(|file| file.path.display().to_string()).collect();
    if global.json {
        print::json(&json!({ "format": 1, "written": paths, "notes": pulled.notes }))?;
    } else if paths.is_empty() {
        print::result("Nothing to do: the schema is written down as it is.\n")?;
    } else {
        print::result(
            &paths.iter().map(|path| format!("{}\n", harmless(path))).collect::<String>(),
        )?;
    }
    Ok(0)
}

/// `dbstudio diff`.
pub(super) fn diff(
    from: Option<String>,
    to: Option<String>,
    planning: &Planning,
    global: &Global,
) -> Result<u8> {
    let answers = planning.answers()?;
    let (config, target) = resolve(None, global)?;
    let from = side(&config, target.as_ref(), from.as_deref().unwrap_or("database"))?;
    let to = side(&config, target.as_ref(), to.as_deref().unwrap_or("schema"))?;
    // What is compared and where it is tried out is settled by a database of the two, else by
    // the one that is configured.
    let named = [&from, &to].into_iter().find_map(|side| match side {
        Side::Live(target) => Some((**target).clone()),
        _ => None,
    });
    let target = named.or(target).ok_or_else(unconfigured)?;
    let setting = Setting::new(&config, target, planning.wishes_online())?;
    wait_for(|stop| async move {
        let mut change = Change::between(setting, from, to, &stop).await?;
        let outcome = async {
            if change.is_nothing() {
                return same(&change, global);
            }
            let renames = renames(&mut change, answers, global.json, &stop).await?;
            let proof = change.prove(renames.clone(), false, &stop).await?;
            let effects = change.watch(&proof, false, &stop).await?;
            let facts = Facts { effects, ..Facts::default() };
            let review = of_change(&change, &proof, &renames, &facts)?;
            if global.json {
                print::json(&review::to_json(&review, false))?;
            } else if print::is_watched() {
                print::result(&review::text(&review, Paint::of_result()))?;
            } else {
                print::sql(&change::script(&proof.up))?;
                let notes = review.notes.iter().map(|note| review::sentence(note));
                print::talk(&notes.collect::<String>());
            }
            Ok(0)
        }
        .await;
        closed(change, outcome).await
    })
}

fn same(change: &Change, global: &Global) -> Result<u8> {
    if global.json {
        return print::json(&review::nothing(&change.notes)).map(|()| 0);
    }
    print::talk("The two are the same.\n");
    print::talk(&review::sentences(&change.notes));
    Ok(0)
}

/// What a word of `diff` means.
fn side(config: &Config, target: Option<&Target>, word: &str) -> Result<Side> {
    match word {
        "schema" => Ok(Side::Desired),
        "migrations" => Ok(Side::Migrations(Source::of(&config.project())?.whole()?)),
        "database" => {
            let target = target.ok_or_else(unconfigured)?;
            Ok(Side::Live(Box::new(target.clone())))
        }
        other => {
            let path = Path::new(other);
            let is_sql = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("sql"));
            if is_sql || path.is_dir() {
                return desired::read(path, Path::new("")).map(Side::Scripts);
            }
            config.resolve(other).map(|target| Side::Live(Box::new(target)))
        }
    }
}
