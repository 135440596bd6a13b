//! The filter form: one condition on a column by its parts, or a WHERE as text, beside the
//! conditions already in force.
//!
//! Nothing that was typed is lost by a mistake: the form says what is wrong and stays.

use ratatui::layout::Rect;

use crate::app::browse;
use crate::app::effect::Effect;
use crate::app::field::Field;
use crate::app::key::{Code, Key, Mouse, MouseAction};
use crate::app::model::Model;
use crate::app::overlays::Next;
use crate::app::overlays::place::{centred, inside, line_at, narrow};
use crate::app::panes::data::columns::GridColumn;
use crate::app::panes::data::filter::{list, operators, takes};
use crate::app::update::screen;
use crate::db::Engine;
use crate::db::page::{Condition, Operator};
use crate::db::value::Value;
use crate::sql::{Dialect, expression};
use crate::text;

/// The form.
#[derive(Debug)]
pub struct FilterForm {
    /// The conditions in force that stay.
    pub kept: Vec<Condition>,
    /// The columns to choose from.
    pub columns: Vec<Choice>,
    /// The chosen one.
    pub column: usize,
    /// The chosen operator, among those of the column.
    pub operator: usize,
    /// What to compare with; how many of them count depends on the operator.
    pub values: [Field; 2],
    /// The WHERE as text.
    pub raw: Field,
    /// Which line has the keys.
    pub spot: Spot,
    /// Why the form cannot be applied as it stands.
    pub complaint: Option<String>,
    engine: Engine,
    removed: bool,
}

/// A column that can be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: String,
    /// The operators that fit it.
    pub operators: Vec<Operator>,
    /// The value under the grid's cursor, as a suggestion; none for what may not be shown.
    pub suggestion: String,
}

/// A line of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A condition in force.
    Kept(usize),
    /// The column.
    Column,
    /// The operator.
    Operator,
    /// The first or second value.
    Value(usize),
    /// The WHERE as text.
    Raw,
}

/// Suggestions longer than this are none.
const LONGEST_SUGGESTION: usize = 200;

impl FilterForm {
    /// A form that starts at the value of the column under the cursor.
    pub fn new(model: &Model) -> Option<Self> {
        let pane = model.data.as_ref()?;
        let engine = model.engine()?;
        let relation = pane.relation.as_ref()?;
        let row = pane.current_row();
        let choice = |(index, column): (usize, &GridColumn)| {
            let value = row.and_then(|row| row.cells.get(index)).filter(|_| pane.is_shown(index));
            let base = relation.column(&column.name).map_or("", |it| it.base_type.as_str());
            let document = matches!(value.map(Value::peek), Some(Value::Text(text))
                if text.trim_start().starts_with(['{', '[']));
            Choice {
                name: column.name.clone(),
                type_name: column.type_name.clone(),
                operators: operators(engine, base, column, document),
                suggestion: value.map(suggestion).unwrap_or_default(),
            }
        };
        let columns: Vec<Choice> = pane.columns.all().iter().enumerate().map(choice).collect();
        let column = pane.columns.current()?;
        let mut form = Self {
            kept: pane.filter.clone(),
            column,
            operator: 0,
            columns,
            values: [Field::default(), Field::default()],
            raw: Field::default(),
            spot: Spot::Value(0),
            complaint: None,
            engine,
            removed: false,
        };
        // NULL equals nothing; what a person means there is that it is NULL.
        if pane.current_cell().is_some_and(|(_, value)| value.is_null()) && pane.is_shown(column) {
            form.choose(Operator::IsNull);
            form.spot = Spot::Operator;
        }
        Some(form)
    }

    /// The chosen column.
    pub fn choice(&self) -> Option<&Choice> {
        self.columns.get(self.column)
    }

    /// The chosen operator.
    pub fn chosen(&self) -> Operator {
        let operators = self.choice().map(|choice| choice.operators.as_slice());
        operators.and_then(|all| all.get(self.operator)).copied().unwrap_or(Operator::Eq)
    }

    /// How many value lines the operator wants.
    pub fn wanted(&self) -> usize {
        takes(self.chosen(), self.engine)
    }

    /// What an empty value line says: the suggestion, or what to type.
    pub fn placeholder(&self, value: usize) -> String {
        let suggestion = self.suggestion();
        match (self.chosen(), value) {
            (Operator::Between, 0) => "from, included".to_owned(),
            (Operator::Between, _) => "to, included".to_owned(),
            (Operator::In, _) => "a, b, 'c, d'".to_owned(),
            (Operator::Like | Operator::NotLike | Operator::ILike, _) => {
                "% any text, _ any letter".to_owned()
            }
            (Operator::Regex, _) => "a regular expression".to_owned(),
            (Operator::JsonPath, 0) if self.engine == Engine::Sqlite => "$.a.b[0]".to_owned(),
            (Operator::JsonPath, 0) => "$.a ? (@ > 1)".to_owned(),
            (Operator::JsonPath, _) => "equal to this; empty: any".to_owned(),
            _ if !suggestion.is_empty() => suggestion.to_owned(),
            _ => "a value; '' for empty text".to_owned(),
        }
    }

    fn suggestion(&self) -> &str {
        let fits = matches!(
            self.chosen(),
            Operator::Eq | Operator::Ne | Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge
        );
        self.choice().filter(|_| fits).map_or("", |choice| choice.suggestion.as_str())
    }

    /// The lines of the form from top to bottom.
    pub fn spots(&self) -> Vec<Spot> {
        let mut spots: Vec<Spot> = (0..self.kept.len()).map(Spot::Kept).collect();
        spots.extend([Spot::Column, Spot::Operator]);
        spots.extend((0..self.wanted()).map(Spot::Value));
        spots.push(Spot::Raw);
        spots
    }

    /// Where it stands: a line for each condition in force, four for the condition, one for
    /// the text, and some air.
    pub fn area(&self, model: &Model) -> Rect {
        let screen = screen(model);
        let kept = u16::try_from(self.kept.len()).unwrap_or(u16::MAX);
        let kept = if kept == 0 { 0 } else { kept.saturating_add(1) };
        let height = kept.saturating_add(9);
        centred(screen, narrow(screen, 64), height.min(screen.height.saturating_sub(2)))
    }

    /// Each line of the form with where it stands; those that do not fit are left out at the
    /// top.
    pub fn places(&self, model: &Model) -> Vec<(Spot, Rect)> {
        let inner = inside(self.area(model));
        let mut rows: Vec<Option<Spot>> = Vec::new();
        rows.extend((0..self.kept.len()).map(|at| Some(Spot::Kept(at))));
        if !self.kept.is_empty() {
            rows.push(None);
        }
        rows.extend([Some(Spot::Column), Some(Spot::Operator)]);
        rows.extend((0..2).map(|at| (at < self.wanted()).then_some(Spot::Value(at))));
        rows.extend([None, Some(Spot::Raw)]);
        // The last line of all is for the complaint.
        let room = usize::from(inner.height.saturating_sub(1));
        let skip = rows.len().saturating_sub(room);
        let shown = rows.into_iter().skip(skip).zip(inner.y..inner.bottom());
        shown.filter_map(|(spot, y)| Some((spot?, Rect { y, height: 1, ..inner }))).collect()
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        match key.code {
            Code::Esc => return Next::Close,
            Code::Char('c') if key.ctrl => return Next::Close,
            Code::Enter => return self.enter(model, effects),
            Code::Tab => {
                self.spot = if self.spot == Spot::Raw { self.first_value() } else { Spot::Raw };
                self.complaint = None;
            }
            Code::Up => self.step(-1),
            Code::Down => self.step(1),
            Code::Char('p') if key.ctrl => self.step(-1),
            Code::Char('n') if key.ctrl => self.step(1),
            _ => self.on_line(key),
        }
        Next::Stay
    }

    fn on_line(&mut self, key: Key) {
        let remove = key.code == Code::Delete
            || key.code == Code::Backspace
            || (key.ctrl && key.code == Code::Char('d'));
        match self.spot {
            Spot::Kept(at) if remove => self.remove(at),
            Spot::Kept(_) => {}
            Spot::Column => match (key.code, key.typed()) {
                (Code::Left, _) => self.turn_column(-1),
                (Code::Right, _) => self.turn_column(1),
                (_, Some(letter)) => self.jump(letter),
                _ => {}
            },
            Spot::Operator => match key.code {
                Code::Left | Code::Char('h') => self.turn_operator(-1),
                Code::Right | Code::Char('l' | ' ') => self.turn_operator(1),
                _ => {}
            },
            Spot::Value(at) => {
                if self.values.get_mut(at).is_some_and(|field| field.key(key)) {
                    self.complaint = None;
                }
            }
            Spot::Raw => {
                if self.raw.key(key) {
                    self.complaint = None;
                }
            }
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) -> Next {
        match self.spot {
            Spot::Value(at) => {
                if let Some(field) = self.values.get_mut(at) {
                    field.paste(text);
                }
            }
            Spot::Raw => self.raw.paste(text),
            _ => {}
        }
        self.complaint = None;
        Next::Stay
    }

    /// Takes the mouse: a click goes to a line, the wheel turns what is chosen there.
    pub fn mouse(&mut self, mouse: Mouse, model: &mut Model) -> Next {
        let found = self.places(model).into_iter();
        let found = found.filter(|(_, place)| line_at(*place, mouse).is_some());
        let spot = found.map(|(spot, _)| spot).next();
        let step = match mouse.action {
            MouseAction::Press if line_at(self.area(model), mouse).is_none() => return Next::Close,
            MouseAction::Press => {
                if let Some(spot) = spot {
                    self.spot = spot;
                }
                return Next::Stay;
            }
            MouseAction::WheelUp => -1,
            MouseAction::WheelDown => 1,
            _ => return Next::Stay,
        };
        match spot {
            Some(Spot::Column) => self.turn_column(step),
            Some(Spot::Operator) => self.turn_operator(step),
            _ => {}
        }
        Next::Stay
    }

    fn first_value(&self) -> Spot {
        if self.wanted() == 0 { Spot::Operator } else { Spot::Value(0) }
    }

    fn step(&mut self, step: isize) {
        let spots = self.spots();
        let here = spots.iter().position(|spot| *spot == self.spot).unwrap_or(0);
        let to = here.saturating_add_signed(step).min(spots.len().saturating_sub(1));
        if let Some(spot) = spots.get(to) {
            self.spot = *spot;
        }
        self.complaint = None;
    }

    fn remove(&mut self, at: usize) {
        if at < self.kept.len() {
            self.kept.remove(at);
            self.removed = true;
        }
        let last = self.kept.len().checked_sub(1);
        self.spot = last.map_or(self.first_value(), |last| Spot::Kept(at.min(last)));
    }

    fn turn_column(&mut self, step: isize) {
        let count = isize::try_from(self.columns.len()).unwrap_or(1).max(1);
        let here = isize::try_from(self.column).unwrap_or(0);
        self.go_to_column(usize::try_from((here + step).rem_euclid(count)).unwrap_or(0));
    }

    /// The next column whose name begins with a letter.
    fn jump(&mut self, letter: char) {
        let wanted: String = letter.to_lowercase().collect();
        let count = self.columns.len();
        let next = (1..=count).map(|step| (self.column + step) % count.max(1)).find(|at| {
            let name = self.columns.get(*at).map(|choice| choice.name.to_lowercase());
            name.is_some_and(|name| name.starts_with(&wanted))
        });
        if let Some(at) = next {
            self.go_to_column(at);
        }
    }

    /// Another column keeps the operator if it has it.
    fn go_to_column(&mut self, column: usize) {
        let before = self.chosen();
        self.column = column;
        self.operator = 0;
        self.choose(before);
        self.complaint = None;
    }

    fn choose(&mut self, operator: Operator) {
        let operators = self.choice().map(|choice| choice.operators.clone()).unwrap_or_default();
        if let Some(at) = operators.iter().position(|known| *known == operator) {
            self.operator = at;
        }
    }

    fn turn_operator(&mut self, step: isize) {
        let count = self.choice().map_or(1, |choice| choice.operators.len());
        let count = isize::try_from(count).unwrap_or(1).max(1);
        let here = isize::try_from(self.operator).unwrap_or(0);
        self.operator = usize::try_from((here + step).rem_euclid(count)).unwrap_or(0);
        self.complaint = None;
    }

    fn enter(&mut self, model: &mut Model, effects: &mut Vec<Effect>) -> Next {
        let made = match self.spot {
            Spot::Kept(_) => Ok(None),
            Spot::Raw => self.raw_condition(),
            _ => self.condition(),
        };
        match made {
            Ok(condition) => {
                let mut filter = self.kept.clone();
                if let Some(condition) = condition {
                    put(&mut filter, condition);
                }
                if model.data.as_ref().is_some_and(|pane| pane.filter != filter) {
                    browse::set_filter(model, filter, effects);
                }
                Next::Close
            }
            Err(complaint) => {
                self.complaint = Some(complaint);
                Next::Stay
            }
        }
    }

    fn raw_condition(&self) -> Result<Option<Condition>, String> {
        let typed = self.raw.text().trim();
        if typed.is_empty() && self.removed {
            return Ok(None);
        }
        let dialect = match self.engine {
            Engine::Postgres => Dialect::Postgres,
            Engine::Sqlite => Dialect::Sqlite,
        };
        match expression::check(dialect, typed) {
            Ok(()) => Ok(Some(Condition::Raw(typed.to_owned()))),
            Err(problem) if typed.is_empty() => Err(problem.fix),
            Err(problem) => Err(problem.why),
        }
    }

    fn condition(&self) -> Result<Option<Condition>, String> {
        let Some(choice) = self.choice() else { return Ok(None) };
        let (operator, column) = (self.chosen(), choice.name.clone());
        let typed: Vec<&str> =
            self.values.iter().take(self.wanted()).map(|field| field.text()).collect();
        let nothing = typed.iter().all(|text| text.trim().is_empty());
        let values = match operator {
            Operator::In => list(typed.first().copied().unwrap_or(""))?,
            Operator::JsonPath => {
                let all = typed.iter().filter(|text| !text.trim().is_empty());
                all.map(|text| (*text).to_owned()).collect()
            }
            _ if nothing && !self.suggestion().is_empty() => vec![self.suggestion().to_owned()],
            _ => typed.iter().map(|text| unquoted_empty(text)).collect(),
        };
        if nothing && values.iter().all(String::is_empty) && self.wanted() > 0 {
            if self.removed {
                return Ok(None);
            }
            return Err("type a value to compare with ('' is the empty text)".to_owned());
        }
        let hole = operator == Operator::Between && typed.iter().any(|text| text.is_empty());
        if hole {
            return Err("between needs both values".to_owned());
        }
        let pathless = typed.first().is_some_and(|text| text.trim().is_empty());
        if operator == Operator::JsonPath && pathless {
            return Err("type a path, such as $.name".to_owned());
        }
        Ok(Some(Condition::Column { column, operator, values }))
    }
}

/// Adds a condition to others; one on the same column with the same operator makes room.
fn put(filter: &mut Vec<Condition>, condition: Condition) {
    let same = |other: &Condition| match (other, &condition) {
        (
            Condition::Column { column, operator, .. },
            Condition::Column { column: new, operator: with, .. },
        ) => column == new && operator == with,
        (
            Condition::Equals { column, .. },
            Condition::Column { column: new, operator: Operator::Eq, .. },
        ) => column == new,
        (other, new) => other == new,
    };
    match filter.iter().position(same) {
        Some(at) => {
            if let Some(place) = filter.get_mut(at) {
                *place = condition;
            }
        }
        None => filter.push(condition),
    }
}

/// `''` is how the empty text is typed.
fn unquoted_empty(text: &str) -> String {
    if text.trim() == "''" { String::new() } else { text.to_owned() }
}

fn suggestion(value: &Value) -> String {
    match value {
        Value::Null | Value::Truncated(_) | Value::Malformed(_) => String::new(),
        other => {
            let plain = other.plain();
            let fits = plain.len() <= LONGEST_SUGGESTION && !plain.contains(['\n', '\r']);
            if fits { text::head(&plain, LONGEST_SUGGESTION).to_owned() } else { String::new() }
        }
    }
}
