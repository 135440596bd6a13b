//! A golden file as data: read from its sections, and written again.

use std::fmt;

use dbstudio::ops::change::script;
use dbstudio::ops::review::Statement;

use super::Made;

/// What stands before the name of a section.
const MARK: &str = "-- ## ";

/// A case: what is given, and what dbstudio makes of it.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// What the case is about, as comments.
    pub title: String,
    /// Its settings, one a line: `rename a=b`, `no-renames`, `privileges`, `online`, `fails`,
    /// `other-values table.column`.
    pub with: String,
    /// The schema there is.
    pub before: String,
    /// What puts rows into it.
    pub rows: String,
    /// The schema that is wanted.
    pub after: String,
    /// The plan, with what was found out about each statement.
    pub up: String,
    /// The words of the failure, where the rows make the plan fail.
    pub failure: String,
    /// The way back.
    pub down: String,
    /// What the person is told of the whole.
    pub notes: String,
    /// The rows once the plan has run.
    pub rows_afterwards: String,
}

impl Case {
    /// Reads a golden file.
    pub fn read(text: &str) -> Self {
        let mut case = Self::default();
        let mut section = "title";
        for line in text.lines() {
            if let Some(name) = line.strip_prefix(MARK) {
                section = name;
                continue;
            }
            let (_, part) = case
                .sections()
                .into_iter()
                .find(|(name, _)| *name == section)
                .unwrap_or_else(|| panic!("no golden file has a section {section:?}"));
            part.push_str(line);
            part.push('\n');
        }
        for (_, part) in case.sections() {
            *part = part.trim().to_owned();
        }
        case
    }

    fn sections(&mut self) -> [(&'static str, &mut String); 10] {
        [
            ("title", &mut self.title),
            ("with", &mut self.with),
            ("before", &mut self.before),
            ("rows", &mut self.rows),
            ("after", &mut self.after),
            ("up", &mut self.up),
            ("failure", &mut self.failure),
            ("down", &mut self.down),
            ("notes", &mut self.notes),
            ("rows afterwards", &mut self.rows_afterwards),
        ]
    }

    /// Whether a setting is given.
    pub fn has(&self, setting: &str) -> bool {
        self.settings(setting).next().is_some()
    }

    /// What is given for a setting.
    pub fn settings<'a>(&'a self, setting: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.with.lines().map(|line| line.trim_start_matches("--").trim());
        lines.filter_map(move |line| {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            (word == setting).then_some(rest)
        })
    }

    /// Fills in what was made of it.
    pub fn fill(&mut self, made: &Made) {
        let statements: Vec<String> = made.review.statements.iter().map(statement).collect();
        self.up = statements.join("\n\n");
        self.down = made.proof.down.as_ref().map(script).unwrap_or_default().trim().to_owned();
        self.notes = comments(made.review.notes.iter().map(String::as_str));
    }
}

/// Lines as comments.
pub fn comments<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(|line| format!("-- {line}")).collect::<Vec<_>>().join("\n")
}

fn statement(statement: &Statement) -> String {
    let mut head = vec![statement.what.clone()];
    head.extend(statement.locks.iter().cloned());
    head.extend(statement.rewrites.iter().map(|table| format!("writes {table} anew")));
    if statement.outside_transaction {
        head.push("outside a transaction".to_owned());
    }
    let mut lines = vec![head.join(" · ")];
    for hazard in &statement.hazards {
        let mut line = format!("{} {}", hazard.severity.word(), hazard.rule.id());
        line.extend(hazard.object.iter().map(|key| format!(" {key}")));
        line.extend(hazard.measured.iter().map(|measured| format!(": {measured}")));
        lines.push(line);
    }
    lines.extend(statement.untold().map(|measure| format!("measured: {measure}")));
    format!("{}\n{};", comments(lines.iter().map(String::as_str)), statement.sql)
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        let mut copy = self.clone();
        for (name, part) in copy.sections().into_iter().skip(1) {
            if !part.is_empty() {
                write!(f, "\n{MARK}{name}\n{part}\n")?;
            }
        }
        Ok(())
    }
}
