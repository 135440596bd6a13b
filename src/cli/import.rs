//! `import`: what the rows of a file become is shown and asked about, then they are written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};
use serde_json::json;

use super::acquainted::acquainted;
use super::args::Global;
use super::ask;
use super::change::configured;
use super::export::{Meter, rows};
use super::print::{self, Paint, Role, harmless};
use super::review;
use crate::config::Target;
use crate::db::export::Format;
use crate::db::import::Imported;
use crate::db::stop::Stop;
use crate::ops::export::Progress;
use crate::ops::import::{self, Becomes, Bytes, Preview, Ready, Wanted};
use crate::problem::{Kind, Problem, Result};
use crate::text;

/// The widest a value in the preview is, in cells.
const WIDEST: usize = 24;

/// What `import` takes.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// The file; - for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The table its rows go into
    #[arg(long, value_name = "TABLE")]
    into: String,
    /// The format; by the ending of the file, else csv
    #[arg(long, value_parser = PossibleValuesParser::new(["csv", "tsv", "jsonl"]))]
    format: Option<String>,
    /// The columns the fields become, in the order of the file
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    columns: Vec<String>,
    /// Fields that become a column of another name; FIELD= leaves one out
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',')]
    map: Vec<String>,
    /// What stands for NULL where it is not quoted; nothing in csv, \N in tsv
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
    /// The encoding: utf-8, latin1, utf-16, …
    #[arg(long, value_name = "NAME", default_value = "utf-8")]
    encoding: String,
    /// What parts the fields of csv: a letter, or tab
    #[arg(long, value_name = "LETTER")]
    delimiter: Option<String>,
    /// The first line is a row, not the names of the fields
    #[arg(long)]
    no_header: bool,
    /// Change rows that are there, by the primary key or by this one
    #[arg(long, value_name = "COLUMN", num_args = 0..=1, default_missing_value = "")]
    upsert: Option<String>,
    /// Make every so many rows a transaction of their own
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,
    /// Go on without rows that do not fit, and write them here with the reason
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    rejects: Option<PathBuf>,
    /// Try everything, and take it back
    #[arg(long)]
    dry_run: bool,
    /// The database's name, which production asks for
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

impl ImportArguments {
    fn is_stdin(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    fn wanted(&self) -> Result<Wanted> {
        let named = self.format.as_deref().and_then(Format::of_extension);
        let extension = self.file.extension();
        let ending = || Format::of_extension(&extension?.to_string_lossy());
        let list = |text: &String| {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            names.map(str::to_owned).collect()
        };
        let source = if self.is_stdin() {
            "standard input".to_owned()
        } else {
            self.file.display().to_string()
        };
        Ok(Wanted {
            relation: self.into.clone(),
            source,
            format: named.or_else(ending).unwrap_or(Format::Csv),
            delimiter: self.delimiter.as_deref().map(letter).transpose()?,
            encoding: self.encoding.clone(),
            null: self.null.clone(),
            header: !self.no_header,
            columns: self.columns.clone(),
            map: self.map.clone(),
            upsert: self.upsert.as_ref().map(list),
            batch: self.batch,
            rejects: self.rejects.clone(),
            dry_run: self.dry_run,
        })
    }
}

fn letter(text: &str) -> Result<char> {
    let mut letters = text.chars();
    match (text, letters.next(), letters.next()) {
        ("tab" | "\\t", _, _) => Ok('\t'),
        (_, Some(letter), None) => Ok(letter),
        _ => Err(Problem::usage(
            format!("{} cannot part fields", harmless(text)),
            "it must be one letter",
            "write --delimiter ';' or --delimiter tab",
        )),
    }
}

/// `dbstudio import`.
pub(super) fn import(
    target: Option<String>,
    arguments: &ImportArguments,
    global: &Global,
) -> Result<u8> {
    let wanted = arguments.wanted()?;
    let (config, target) = configured(target, global)?;
    import::permit(&target)?;
    super::run::wait_for(|stop| async move {
        let target = acquainted(&config, target, &stop).await?;
        let bytes: Bytes = match arguments.is_stdin() {
            true => Box::new(tokio::io::stdin()),
            false => Box::new(opened(&arguments.file).await?),
        };
        let mut ready = tokio::select! {
            biased;
            () = stop.asked() => return Err(Problem::cancelled("Stopped; nothing was imported")),
            ready = import::prepare(&target, &wanted, bytes, &stop) => ready?,
        };
        if !global.json {
            print::talk(&preview(&ready, &target, Paint::of_talk()));
        }
        agree(&ready, &target, arguments, global, &stop).await?;
        let meter = Arc::new(Meter::new());
        let told = Arc::clone(&meter);
        ready.rows.telling(move |rows| told.tell(Progress { rows, bytes: 0 }));
        let done = import::record(&config.places().state, &target, &mut ready, &stop).await;
        meter.end();
        let (done, said) = done?;
        print::talk(&review::sentences(&said));
        report(&ready, &done, arguments, global)
    })
}

async fn opened(path: &Path) -> Result<tokio::fs::File> {
    let told = |why: String| {
        let what = format!("{} cannot be read", path.display());
        Problem::failed(what, why, "check the path, and that you may read the file")
    };
    let file = tokio::fs::File::open(path).await.map_err(|why| told(why.to_string()))?;
    match file.metadata().await {
        Ok(found) if found.is_dir() => Err(told("it is a folder".to_owned())),
        _ => Ok(file),
    }
}

/// Makes sure, as the environment's protection wants it, that this is to happen.
async fn agree(
    ready: &Ready,
    target: &Target,
    arguments: &ImportArguments,
    global: &Global,
    stop: &Stop,
) -> Result<()> {
    if arguments.dry_run {
        return Ok(());
    }
    if import::must_be_named(target) || arguments.confirm.is_some() {
        return ask::name(&ready.database, arguments.confirm.as_deref(), stop).await;
    }
    if arguments.is_stdin() && !global.yes {
        return Err(Problem::new(
            Kind::Refused,
            "Nothing was imported",
            "the rows come from standard input, so no answer can",
            "run it with --dry-run first, then with --yes",
        ));
    }
    let question = format!("Import the rows into {}?", ready.import.relation);
    ask::confirm(&question, global.yes, stop).await
}

/// What becomes of the file, as a person reads it.
fn preview(ready: &Ready, target: &Target, paint: Paint) -> String {
    let Preview { fields, unfilled, notes } = &ready.preview;
    let to = harmless(&format!(
        "{} {} {} in {}",
        ready.import.source,
        paint.sign("→", "->"),
        ready.import.relation,
        target.address
    ));
    let mut out = format!("{}\n", paint.text(Role::Heading, &to));
    let becomes = |field: &Becomes| match &field.column {
        None => ["left out".to_owned(), String::new()],
        Some((name, type_name)) => [harmless(name), harmless(type_name)],
    };
    let rows: Vec<[String; 4]> = fields
        .iter()
        .map(|field| {
            let [column, type_name] = becomes(field);
            let masked = field.column.as_ref().is_some_and(|(column, _)| {
                let relation = &ready.import.relation;
                target.masks(&relation.schema, &relation.name, column)
            });
            let value = |value: &Option<String>| match value {
                None => "NULL".to_owned(),
                Some(_) if masked => "•••".to_owned(),
                Some(text) => text::ellipsis(&harmless(text), WIDEST, false).into_owned(),
            };
            let values: Vec<String> = field.values.iter().map(value).collect();
            [harmless(&field.field), column, type_name, values.join(" · ")]
        })
        .collect();
    let width = |at: usize| {
        rows.iter().filter_map(|row| row.get(at)).map(|text| text::width(text)).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let padded = |text: &str, width: usize| {
        format!("{text}{}", " ".repeat(width.saturating_sub(text::width(text))))
    };
    let arrow = paint.sign("→", "->");
    for [field, column, type_name, values] in &rows {
        let [field_width, column_width, type_width] = widths;
        out.push_str(&format!(
            "  {} {arrow} {}  {}  {}\n",
            padded(field, field_width),
            padded(column, column_width),
            paint.text(Role::Muted, &padded(type_name, type_width)),
            paint.text(Role::Muted, values),
        ));
    }
    for (column, gets) in unfilled {
        let told = harmless(&format!("{column} is not in the file and gets {gets}"));
        out.push_str(&format!("  {}\n", paint.text(Role::Muted, &told)));
    }
    for note in notes {
        out.push_str(&format!("{}\n", harmless(note)));
    }
    out
}

fn report(
    ready: &Ready,
    done: &Imported,
    arguments: &ImportArguments,
    global: &Global,
) -> Result<u8> {
    let relation = &ready.import.relation;
    let code = match done.rejected {
        0 => 0,
        _ => Problem::new(Kind::Found, "", "", "").exit_code(),
    };
    if global.json {
        print::json(&json!({
            "schema": relation.schema,
            "table": relation.name,
            "rows": done.rows,
            "rejected": done.rejected,
            "dry_run": arguments.dry_run,
        }))?;
        return Ok(code);
    }
    let done_with = if arguments.dry_run { "would go into" } else { "into" };
    let line = format!("{}: {} {done_with} {relation}", ready.import.source, rows(done.rows));
    print::result(&format!("{}\n", harmless(&line)))?;
    if let Some(path) = arguments.rejects.as_ref().filter(|_| done.rejected > 0) {
        let line = format!("{} did not fit: see {}", rows(done.rejected), path.display());
        print::talk(&format!("{}\n", harmless(&line)));
    }
    Ok(code)
}
