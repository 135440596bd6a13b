//! A plan as text and as JSON: every statement as it runs, its hazards on the line it stands on.

use serde_json::{Value, json};

use super::print::{Paint, Role, harmless};
use crate::ops::checklist::Item;
use crate::ops::review::{Review, Statement};
use crate::schema::hazard::{Hazard, Severity};
use crate::text::{capital, width};

/// The version of the form of the JSON.
const FORMAT: u32 = 1;

/// The cells a hazard's mark and weight take: `✗ danger   `.
const WEIGHT: usize = 11;

/// The plan as a person reads it: each statement, and below it what there is to know of it. Where
/// nobody watches that is comments, so that the whole can be run.
pub(super) fn text(review: &Review, paint: Paint) -> String {
    let page = Page { paint, margin: if paint.is_watched() { "  " } else { "-- " } };
    let mut out = String::new();
    for statement in &review.statements {
        out.push('\n');
        out.push_str(&page.statement(statement));
    }
    out.push('\n');
    let outermost = Page { margin: if paint.is_watched() { "" } else { "-- " }, ..page };
    for note in &review.notes {
        out.push_str(&outermost.muted(&format!("note: {note}")));
    }
    out.push_str(&outermost.summary(review));
    out
}

/// How a plan is laid out.
#[derive(Clone, Copy)]
struct Page {
    paint: Paint,
    /// What stands before each line that is no SQL.
    margin: &'static str,
}

impl Page {
    fn statement(self, statement: &Statement) -> String {
        let mut out: String = statement.sql.lines().map(harmless).collect::<Vec<_>>().join("\n");
        // A comment at its end would hide the semicolon.
        let comment = statement.sql.lines().last().is_some_and(|line| line.contains("--"));
        out.push_str(if comment { "\n;\n" } else { ";\n" });
        out.push_str(&self.muted(&facts(statement)));
        for hazard in &statement.hazards {
            out.push_str(&self.hazard(hazard));
        }
        for measure in statement.untold() {
            out.push_str(&self.muted(&format!("measured: {measure}")));
        }
        out
    }

    fn muted(self, told: &str) -> String {
        if told.is_empty() {
            return String::new();
        }
        self.remark(Role::Muted, "", &[(Role::Muted, told.to_owned())])
    }

    fn hazard(self, hazard: &Hazard) -> String {
        let named = match &hazard.object {
            Some(key) => format!("{} {}", hazard.rule.id(), key.name),
            None => hazard.rule.id().to_owned(),
        };
        let measured = hazard.measured.clone().unwrap_or_default();
        if hazard.is_settled() {
            let head = format!("{} ", self.paint.sign("✓", "+"));
            return self.remark(
                Role::Good,
                &head,
                &[(Role::Muted, format!("{named}: {measured}"))],
            );
        }
        let (sign, role) = match hazard.severity {
            Severity::Danger => (self.paint.sign("✗", "x"), Role::Danger),
            Severity::Warning => ("!", Role::Warning),
            Severity::Notice => (self.paint.sign("·", "-"), Role::Muted),
        };
        let word = hazard.severity.word();
        let head = format!("{:WEIGHT$}", format!("{sign} {word}"));
        let why = phrase(&hazard.why);
        if hazard.severity == Severity::Notice {
            let measured = if measured.is_empty() { measured } else { format!(" ({measured})") };
            return self.remark(role, &head, &[(role, format!("{named}: {why}{measured}"))]);
        }
        let mut told = vec![(Role::Heading, format!("{named}: {why}"))];
        if !measured.is_empty() {
            told.push((role, measured));
        }
        if !hazard.safer.is_empty() {
            told.push((Role::Muted, format!("safer: {}", phrase(&hazard.safer))));
        }
        self.remark(role, &head, &told)
    }

    /// A mark, and paragraphs that hang beside it.
    fn remark(self, role: Role, mark: &str, paragraphs: &[(Role, String)]) -> String {
        let hang = width(mark);
        let mut out = String::new();
        let mut before = self.paint.text(role, mark);
        for (role, paragraph) in paragraphs {
            for line in self.paint.lines(&harmless(paragraph), width(self.margin) + hang) {
                let margin = self.paint.text(Role::Muted, self.margin);
                out.push_str(&format!("{margin}{before}{}\n", self.paint.text(*role, &line)));
                before = " ".repeat(hang);
            }
        }
        out
    }

    /// How many statements there are, in how many parts, and how many hazards of each weight.
    fn summary(self, review: &Review) -> String {
        let mut told = counted(review);
        match review.parts().len() {
            0 | 1 => {}
            parts => told.push_str(&format!(", one after the other in {parts} transactions")),
        }
        let mut out = self.paint.text(Role::Heading, &told);
        let weights = [
            (Severity::Danger, Role::Danger),
            (Severity::Warning, Role::Warning),
            (Severity::Notice, Role::Muted),
        ];
        for (severity, role) in weights {
            let number = review.hazards(severity);
            if number > 0 {
                let s = if number == 1 { "" } else { "s" };
                let words = format!("{number} {}{s}", severity.word());
                out.push_str(&format!(" · {}", self.paint.text(role, &words)));
            }
        }
        format!("{}{out}\n", self.paint.text(Role::Muted, self.margin))
    }
}

/// A sentence as it stands after a colon: without its full stop, and small at its beginning unless
/// that is a word of SQL.
pub(super) fn phrase(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    let first = letters.next();
    let rest = letters.as_str();
    let is_sql = rest.chars().next().is_some_and(char::is_uppercase);
    let small =
        |first: char| if is_sql { first.to_string() } else { first.to_lowercase().collect() };
    format!("{}{rest}", first.map(small).unwrap_or_default())
}

/// What a statement does and what it keeps others from, in a line.
fn facts(statement: &Statement) -> String {
    let mut facts = vec![statement.what.clone()];
    facts.extend(statement.blocks.iter().map(|what| format!("blocks {what}")));
    facts.extend(statement.rewrites.iter().map(|table| format!("writes {table} anew")));
    if statement.outside_transaction {
        facts.push("outside a transaction".to_owned());
    }
    facts.retain(|fact| !fact.is_empty());
    facts.join(" · ")
}

/// The checklist as a person reads it.
pub(super) fn checklist(items: &[Item], acknowledged: &[bool], paint: Paint) -> String {
    let mut out = String::new();
    for (item, acknowledged) in items.iter().zip(acknowledged) {
        let (mark, role) =
            if item.shown || *acknowledged { ("[x]", Role::Good) } else { ("[ ]", Role::Warning) };
        let evidence = item.evidence.join("; ");
        out.push_str(&format!(
            "{} {}: {} {}\n",
            paint.text(role, mark),
            item.id,
            item.title,
            paint.text(Role::Muted, &format!("({})", harmless(&evidence)))
        ));
    }
    out
}

/// The plan as JSON. `applied` is whether it was carried out.
pub(super) fn to_json(review: &Review, applied: bool) -> Value {
    json!({
        "format": FORMAT,
        "statements": review.statements.iter().map(statement_json).collect::<Vec<_>>(),
        "renames": review.renames.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "notes": review.notes,
        "applied": applied,
    })
}

/// The plan as JSON with the migrations it makes.
pub(super) fn with_migrations(json: Value, migrations: impl Iterator<Item = Value>) -> Value {
    let Value::Object(mut members) = json else { return json };
    members.insert("migrations".to_owned(), migrations.collect());
    Value::Object(members)
}

/// The JSON of a plan that does nothing.
pub(super) fn nothing(notes: &[String]) -> Value {
    json!({ "format": FORMAT, "statements": [], "renames": [], "notes": notes, "applied": false })
}

fn statement_json(statement: &Statement) -> Value {
    json!({
        "sql": statement.sql,
        "what": statement.what,
        "lock": statement.locks,
        "blocks": statement.blocks,
        "rewrites": statement.rewrites,
        "watched": statement.watched,
        "outside_transaction": statement.outside_transaction,
        "apart": statement.apart,
        "hazards": statement.hazards.iter().map(hazard_json).collect::<Vec<_>>(),
        "measures": statement.measures,
    })
}

pub(super) fn hazard_json(hazard: &Hazard) -> Value {
    json!({
        "rule": hazard.rule.id(),
        "severity": hazard.severity.word(),
        "object": hazard.object.as_ref().map(ToString::to_string),
        "why": hazard.why,
        "safer": hazard.safer,
        "measured": hazard.measured,
    })
}

/// How many statements, in words: `3 statements`.
pub(super) fn counted(review: &Review) -> String {
    match review.statements.len() {
        1 => "1 statement".to_owned(),
        count => format!("{count} statements"),
    }
}

/// A sentence to the person, with its full stop.
pub(super) fn sentence(text: &str) -> String {
    format!("{}.\n", harmless(&capital(text)))
}

/// Sentences to the person, a line each.
pub(super) fn sentences<'t>(texts: impl IntoIterator<Item = &'t String>) -> String {
    texts.into_iter().map(|text| sentence(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::hazard::Rule;
    use crate::schema::model::{Key, Kind};

    fn hazard(rule: Rule, severity: Severity, why: &str, measured: Option<&str>) -> Hazard {
        Hazard {
            rule,
            severity,
            step: 0,
            line: None,
            object: Some(Key::part(Kind::Column, "public", "orders", "note")),
            why: why.to_owned(),
            safer: "ADD … NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own."
                .to_owned(),
            measured: measured.map(str::to_owned),
            cleared: false,
        }
    }

    fn review() -> Review {
        let lost = hazard(
            Rule::DropColumn,
            Severity::Danger,
            "Its values are lost, and what still reads it fails.",
            Some("2 values of note lost"),
        );
        let lock = hazard(
            Rule::ExclusiveLock,
            Severity::Notice,
            "It waits for the queries that run, and later ones wait behind it.",
            Some("3 rows, 16.0 kB"),
        );
        let passes = Some("every row passes the check");
        let passed = Hazard {
            cleared: true,
            ..hazard(Rule::AddCheck, Severity::Notice, "It fails.", passes)
        };
        let statement = Statement {
            sql: "ALTER TABLE public.orders\n    DROP COLUMN note".to_owned(),
            what: "drops column public.orders.note".to_owned(),
            locks: vec!["ACCESS EXCLUSIVE on public.orders".to_owned()],
            blocks: vec!["reads and writes of public.orders".to_owned()],
            rewrites: Vec::new(),
            watched: true,
            outside_transaction: false,
            apart: false,
            hazards: vec![lost, lock, passed],
            measures: vec!["every row passes the check".to_owned(), "more".to_owned()],
        };
        Review {
            statements: vec![statement],
            renames: Vec::new(),
            notes: vec!["server cron is not compared".to_owned()],
            refused: Vec::new(),
            objection: None,
        }
    }

    #[test]
    fn a_plan_reads_well_on_a_narrow_terminal() {
        let expected = "
ALTER TABLE public.orders
    DROP COLUMN note;
  drops column public.orders.note · blocks reads and writes of
  public.orders
  ✗ danger   drop-column note: its values are lost, and what
             still reads it fails
             2 values of note lost
             safer: ADD … NOT VALID, then VALIDATE CONSTRAINT
             in a transaction of its own
  · notice   exclusive-lock note: it waits for the queries
             that run, and later ones wait behind it (3 rows,
             16.0 kB)
  ✓ add-check note: every row passes the check
  measured: more

note: server cron is not compared
1 statement · 1 danger · 1 notice
";
        assert_eq!(text(&review(), Paint::plain(Some(62))), expected);
    }

    #[test]
    fn a_plan_that_nobody_watches_can_be_run() {
        let told = text(&review(), Paint::plain(None));
        let sql: Vec<&str> = told.lines().filter(|line| !line.starts_with("--")).collect();
        assert_eq!(sql.join("\n").trim(), "ALTER TABLE public.orders\n    DROP COLUMN note;");
        assert!(told.contains("\n-- ✗ danger   drop-column note: its values are lost, and what"));
    }
}
