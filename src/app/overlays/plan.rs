//! What is to be done with migrations, before a yes: the very text that runs, script by script,
//! with its hazards below the statements they belong to.
//!
//! It runs nothing: a yes leads to a question, and on production to the database's name.

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::app::checklist;
use crate::app::effect::Effect;
use crate::app::key::{Code, Key, Mouse};
use crate::app::migrations;
use crate::app::model::{Model, Tone};
use crate::app::msg::Msg;
use crate::app::operations;
use crate::app::overlays::checklist::{Checklist, Sayings, Work};
use crate::app::overlays::confirm::Confirm;
use crate::app::overlays::outcome::{Outcome, sentence};
use crate::app::overlays::place::{Scroll, inside, signed};
use crate::app::overlays::prompt::{Prompt, Purpose};
use crate::app::overlays::{Next, Overlay};
use crate::app::panes::migrations::{Line, LineKind, PageRow, fitted, sql};
use crate::app::span::{Ink, Span};
use crate::app::update::screen;
use crate::config::Protection;
use crate::ops::checklist::Signed;
use crate::ops::migrations_desk::{Amendment, Plan};
use crate::ops::operations_desk;
use crate::ops::run::Scheduled;
use crate::problem::Result;
use crate::schema::hazard::{Hazard, Severity};
use crate::sql::Dialect;
use crate::text;

/// What is looked at.
#[derive(Debug, Clone)]
pub enum Subject {
    /// Migrations that are to run.
    Run(Arc<Plan>),
    /// What is to be written in the history.
    Amendment(Arc<Amendment>),
    /// What is to be done with the whole database.
    Operation(Arc<operations_desk::Plan>),
}

impl Subject {
    /// The database's name as the server reports it.
    pub fn database(&self) -> &str {
        match self {
            Self::Run(plan) => &plan.run.database,
            Self::Amendment(amendment) => &amendment.database,
            Self::Operation(plan) => &plan.database,
        }
    }

    /// It in a few words: `Apply 2 migrations`.
    pub fn intent(&self) -> String {
        match self {
            Self::Run(plan) => migrations::intent(plan),
            Self::Operation(plan) => operations::intent(plan),
            Self::Amendment(amendment) => match amendment.corrections.as_slice() {
                [one] => format!("Write of {}: {}", one.name, one.becomes),
                many => format!("Write of {} migrations", text::grouped(many.len() as u64)),
            },
        }
    }

    /// The same, and the database it is for.
    pub fn title(&self) -> String {
        match self {
            Self::Run(plan) => migrations::whole_intent(plan),
            Self::Operation(plan) => operations::intent(plan),
            Self::Amendment(amendment) => {
                format!("What {} remembers of its migrations", amendment.database)
            }
        }
    }

    /// One word for carrying it out.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Run(plan) => migrations::verb(plan.order.direction()),
            Self::Amendment(_) => "write",
            Self::Operation(plan) => operations::verb(plan),
        }
    }

    /// How many statements there are.
    pub fn statements(&self) -> usize {
        match self {
            Self::Run(plan) => {
                let of = |one: &Scheduled| one.statements.len().saturating_sub(one.from);
                plan.run.scripts.iter().map(of).sum()
            }
            Self::Amendment(amendment) => amendment.statements.len(),
            Self::Operation(plan) => match &plan.work {
                operations_desk::Work::Reset(reset) => reset.steps.len(),
                _ => 0,
            },
        }
    }

    /// The hazards.
    pub fn hazards(&self) -> impl Iterator<Item = &Hazard> {
        let hazards = match self {
            Self::Run(plan) => plan.hazards.as_slice(),
            Self::Amendment(_) | Self::Operation(_) => &[],
        };
        hazards.iter().flatten()
    }

    /// Whether it may be carried out here.
    ///
    /// # Errors
    /// It is refused.
    pub fn permit(&self) -> Result<()> {
        match self {
            Self::Run(plan) => plan.permit(),
            Self::Amendment(_) | Self::Operation(_) => Ok(()),
        }
    }

    /// Whether there is something that warns.
    pub fn warns(&self) -> bool {
        match self {
            Self::Run(plan) => !plan.warnings.is_empty(),
            Self::Amendment(_) => false,
            Self::Operation(plan) => matches!(
                plan.work,
                operations_desk::Work::Reset(_) | operations_desk::Work::Restore(_)
            ),
        }
    }
}

/// A plan that is looked at.
#[derive(Debug)]
pub struct PlanReview {
    /// The plan.
    pub subject: Subject,
    /// The row under the cursor.
    pub list: Scroll,
    lines: Vec<Line>,
    rows: Vec<PageRow>,
    gutter: u16,
    /// The width the rows were made for, and whether for ASCII.
    made_for: Option<(u16, bool)>,
    /// Whether its last row was in sight.
    pub is_read: bool,
    /// What was said on its checklist before.
    pub said: Sayings,
    /// The last line of each script, by the migration's name.
    ends: Vec<(String, usize)>,
    /// The migrations whose last line was in sight, by name.
    read: Vec<String>,
}

impl PlanReview {
    /// A plan from its first line on.
    pub fn new(subject: Subject, model: &Model) -> Self {
        let (lines, ends) = match &subject {
            Subject::Run(plan) => lines(plan),
            Subject::Amendment(amendment) => {
                (amended(amendment, migrations::dialect(model)), Vec::new())
            }
            Subject::Operation(plan) => (operations::lines(plan), Vec::new()),
        };
        let read = match &subject {
            Subject::Run(plan) => migrations::read_before(model, plan),
            Subject::Amendment(_) | Subject::Operation(_) => Vec::new(),
        };
        let last = lines.iter().filter_map(|line| line.number).max();
        let gutter = last.map_or(0, |last| last.to_string().len() + 3);
        let mut it = Self {
            subject,
            list: Scroll::default(),
            lines,
            rows: Vec::new(),
            gutter: u16::try_from(gutter).unwrap_or(0),
            made_for: None,
            is_read: false,
            said: Sayings::new(),
            ends,
            read,
        };
        it.fit(model);
        it
    }

    /// Where it stands: between the first and the last line of the screen.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let width = screen.width.saturating_sub(4).min(112);
        let lines = match self.made_for {
            Some((made, _)) if made == width => self.rows.len(),
            _ => self.made(width, model.ascii).len(),
        };
        let lines = u16::try_from(lines).unwrap_or(u16::MAX);
        let height = lines.saturating_add(2).clamp(6, screen.height.saturating_sub(2).max(6));
        let free = screen.height.saturating_sub(height).saturating_sub(2);
        let x = screen.x + screen.width.saturating_sub(width) / 2;
        Rect { x, y: screen.y + 1 + free * 2 / 5, width, height }
    }

    /// Where its rows stand in there.
    pub fn body(area: Rect) -> Rect {
        inside(area)
    }

    fn made(&self, width: u16, ascii: bool) -> Vec<PageRow> {
        let room = width.saturating_sub(4).saturating_sub(self.gutter);
        fitted(&self.lines, usize::from(room), ascii)
    }

    /// The cells in front of the text.
    pub fn gutter(&self) -> u16 {
        self.gutter
    }

    /// The rows for the screen they were last made for.
    pub fn rows(&self) -> &[PageRow] {
        &self.rows
    }

    /// The line a row is of.
    pub fn line(&self, row: &PageRow) -> Option<&Line> {
        self.lines.get(row.line)
    }

    /// Makes the rows for the screen there is now, the cursor where it was.
    pub fn fit(&mut self, model: &Model) {
        let width = screen(model).width.saturating_sub(4).min(112);
        if self.made_for != Some((width, model.ascii)) {
            let line = self.rows.get(self.list.cursor).map_or(0, |row| row.line);
            self.rows = self.made(width, model.ascii);
            self.made_for = Some((width, model.ascii));
            let row = self.rows.iter().position(|row| row.line == line).unwrap_or(0);
            self.list.to(row, self.rows.len(), self.height(model));
        }
        self.look(model);
    }

    /// Notes which ends are in sight.
    fn look(&mut self, model: &Model) {
        let (top, bottom) = (self.list.top, self.list.top + self.height(model));
        self.is_read |= bottom >= self.rows.len();
        let shown = self.rows.get(top..bottom.min(self.rows.len())).unwrap_or_default();
        let is_last =
            |at: usize, line: usize| self.rows.get(at + 1).is_none_or(|row| row.line != line);
        for (name, end) in &self.ends {
            let mut places = shown.iter().enumerate();
            let is_seen = places.any(|(at, row)| row.line == *end && is_last(top + at, *end));
            if is_seen && !self.read.contains(name) {
                self.read.push(name.clone());
            }
        }
    }

    /// What is looked at, for its checklist, where it has one.
    pub fn work(&self) -> Option<Work> {
        match &self.subject {
            Subject::Run(plan) => Some(Work::Run(Arc::clone(plan), self.read.clone())),
            Subject::Operation(plan) => Some(Work::Operation(Arc::clone(plan))),
            Subject::Amendment(_) => None,
        }
    }

    fn height(&self, model: &Model) -> usize {
        usize::from(Self::body(self.area(model)).height).max(1)
    }

    /// How many hazards of a weight it has.
    pub fn hazards(&self, severity: Severity) -> usize {
        let all = self.subject.hazards();
        all.filter(|hazard| hazard.severity == severity && !hazard.is_settled()).count()
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        self.fit(model);
        let height = self.height(model);
        let step = match key.code {
            _ if self.list.key(key, self.rows.len(), height) => 0,
            Code::Char('c') if key.ctrl => return self.leave(model),
            _ if key.ctrl || key.alt => 0,
            Code::Esc | Code::Char('q') => return self.leave(model),
            Code::Enter | Code::Char('a') => return self.yes(model, effects),
            Code::Char('y' | 'Y') => return self.copy(model, effects),
            Code::Char('n') => self.hazard(true),
            Code::Char('N') => self.hazard(false),
            _ => 0,
        };
        self.list.by(step, self.rows.len(), height);
        self.look(model);
        Next::Stay
    }

    /// The step to the next hazard, or the one before.
    fn hazard(&self, forward: bool) -> isize {
        let here = self.list.cursor;
        let is_hazard = |row: &PageRow| {
            let line = self.lines.get(row.line);
            row.is_first && line.is_some_and(|line| line.kind == LineKind::Hazard)
        };
        let mut all = self.rows.iter().enumerate().filter(|(_, row)| is_hazard(row));
        let found = match forward {
            true => all.find(|(at, _)| *at > here),
            false => all.rfind(|(at, _)| *at < here),
        };
        found.map_or(0, |(to, _)| signed(to).saturating_sub(signed(here)))
    }

    /// Takes the mouse: the wheel scrolls, a click moves the cursor.
    pub fn mouse(&mut self, mouse: Mouse, model: &Model) -> Next {
        self.fit(model);
        let body = Self::body(self.area(model));
        self.list.mouse(mouse, body, self.rows.len());
        self.look(model);
        Next::Stay
    }

    fn copy(&self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let copied = match &self.subject {
            Subject::Run(plan) => script_of(plan),
            Subject::Amendment(amendment) => {
                amendment.statements.iter().map(|sql| format!("{sql};\n")).collect()
            }
            Subject::Operation(_) => {
                let words = |line: &Line| line.spans.iter().map(|it| &*it.text).collect::<String>();
                self.lines.iter().map(|line| format!("{}\n", words(line))).collect()
            }
        };
        let size = text::short_bytes(copied.len() as u64);
        effects.push(Effect::Copy(copied));
        model.notify(Tone::Good, format!("Copied all of it, {size}"));
        Next::Stay
    }

    /// What comes after a yes: another question, or why there is none.
    fn yes(&self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        if let Err(problem) = self.subject.permit() {
            return over(Overlay::Outcome(Box::new(Outcome::of_problem("Refused", problem))));
        }
        if let Subject::Operation(plan) = &self.subject {
            return self.operate(plan, model, effects);
        }
        let target = model.target.as_ref();
        let is_production = target.is_none_or(|target| target.protection == Protection::Production);
        let asks = matches!(&self.subject, Subject::Run(plan) if plan.items.contains(&"reviewed"));
        if is_production && !self.is_read && !asks {
            model.notify(Tone::Bad, "On production the SQL is read to its end first: G goes there");
            return Next::Stay;
        }
        if checklist::has_items(&self.subject)
            && let Some(work) = self.work()
        {
            checklist::ask(model, &work, effects);
            return Next::Stay;
        }
        if is_production {
            return over(Overlay::Prompt(Box::new(Prompt::new(Purpose::DatabaseName, ""))));
        }
        over(Overlay::Confirm(self.question()))
    }

    /// The same for an operation: its checklist, the database's name, or a plain yes.
    fn operate(
        &self,
        plan: &Arc<operations_desk::Plan>,
        model: &mut Model,
        effects: &mut Vec<Effect>,
    ) -> Next {
        if !plan.gathered.items.is_empty() {
            let work = Work::Operation(Arc::clone(plan));
            let list = Checklist::new(work, plan.gathered.clone(), self.said.clone());
            return over(Overlay::Checklist(Box::new(list)));
        }
        if plan.needs_name() {
            return over(Overlay::Prompt(Box::new(Prompt::new(Purpose::DatabaseName, ""))));
        }
        if plan.wish == operations_desk::Wish::Backup {
            let signed = Signed::default();
            let working = operations::carry_out(model, Arc::clone(plan), signed, effects);
            return working.map_or(Next::Stay, over);
        }
        over(Overlay::Confirm(self.question()))
    }

    fn question(&self) -> Confirm {
        Confirm {
            title: format!("{}?", self.subject.intent()),
            text: format!("It runs on {}, as it stands here.", self.subject.database()),
            yes: self.subject.verb().to_owned(),
            then: Msg::Carry,
        }
    }

    fn leave(&self, model: &mut Model) -> Next {
        model.notify(Tone::Plain, "Nothing was changed");
        Next::Close
    }
}

fn over(overlay: Overlay) -> Next {
    Next::Over(Box::new(overlay))
}

/// A plan as one script.
fn script_of(plan: &Plan) -> String {
    let texts = plan.run.scripts.iter().map(|scheduled| {
        let script = scheduled.script(plan.run.direction);
        format!("-- {}\n{}\n", script.name, script.text.trim())
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// The lines of what is to be written in the history: of each migration what it was and what it
/// becomes, then the statements.
fn amended(amendment: &Amendment, dialect: Dialect) -> Vec<Line> {
    let mut lines: Vec<Line> = amendment.notes.iter().map(|note| noted(note)).collect();
    if !lines.is_empty() {
        lines.push(Line::blank());
    }
    for one in &amendment.corrections {
        let spans = vec![
            Span::new(Ink::Strong, one.name.clone()),
            Span::new(Ink::Muted, format!("  {} ", one.was.word())),
            Span::link(),
            Span::new(Ink::Text, format!(" {}", one.becomes)),
        ];
        lines.push(Line::new(LineKind::Prose, 0, spans));
    }
    lines.push(Line::blank());
    let script: String = amendment.statements.iter().map(|sql| format!("{sql};\n")).collect();
    lines.extend(sql(dialect, &script, &[]));
    lines
}

fn noted(note: &str) -> Line {
    let words = Span::new(Ink::Muted, format!(" {}", sentence(note)));
    Line::new(LineKind::Prose, 0, vec![Span::new(Ink::NoticeMark, "·"), words])
}

/// The lines of a plan, and the last one of each script by the migration's name.
fn lines(plan: &Plan) -> (Vec<Line>, Vec<(String, usize)>) {
    let run = &plan.run;
    let (mut lines, mut ends) = (Vec::new(), Vec::new());
    if let Err(problem) = plan.permit() {
        let what = vec![
            Span::new(Ink::DangerMark, "✗"),
            Span::new(Ink::Danger, format!(" {}", sentence(&problem.what))),
        ];
        lines.push(Line::new(LineKind::Hazard, 0, what));
        lines.push(Line::of(LineKind::Prose, Ink::Text, sentence(&problem.fix)));
    }
    for note in &plan.warnings {
        let spans = vec![Span::new(Ink::Warning, "! "), Span::new(Ink::Text, sentence(note))];
        lines.push(Line::new(LineKind::Prose, 0, spans));
    }
    lines.extend(run.notes.iter().map(|note| noted(note)));
    if let Some(rehearsal) = plan.rehearsal.as_ref().filter(|rehearsal| rehearsal.is_passed()) {
        let words = vec![
            Span::new(Ink::Good, "Rehearsed"),
            Span::new(Ink::Text, format!(" on {}: passed.", rehearsal.on)),
        ];
        lines.push(Line::new(LineKind::Prose, 0, words));
        for name in rehearsal.one_way() {
            let words = format!("{name} cannot be rolled back.");
            lines.push(Line::of(LineKind::Prose, Ink::Warning, words));
        }
    }
    for (at, scheduled) in run.scripts.iter().enumerate() {
        if !lines.is_empty() {
            lines.push(Line::blank());
        }
        let script = scheduled.script(run.direction);
        lines.push(heading(scheduled, &script.name));
        for loss in plan.losses.get(at).into_iter().flatten() {
            let words =
                vec![Span::new(Ink::Danger, "lost: "), Span::new(Ink::Text, sentence(loss))];
            lines.push(Line::new(LineKind::Hazard, 0, words));
        }
        let none: &[Hazard] = &[];
        let hazards = plan.hazards.get(at).map_or(none, Vec::as_slice);
        lines.extend(sql(plan.dialect, &script.text, hazards));
        ends.push((scheduled.migration.name(), lines.len().saturating_sub(1)));
    }
    (lines, ends)
}

fn heading(scheduled: &Scheduled, file: &str) -> Line {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let mut spans = vec![Span::new(Ink::Group, name.to_owned())];
    let mut add = |words: String| {
        spans.push(Span::dot());
        spans.push(Span::new(Ink::Warning, words));
    };
    if !scheduled.transaction {
        add("outside a transaction".to_owned());
    }
    if scheduled.from > 0 {
        add(format!("goes on after statement {}", text::grouped(scheduled.from as u64)));
    }
    Line::new(LineKind::Heading, 0, spans)
}
