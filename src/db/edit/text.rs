//! The text of a statement, with its parameters in place: what runs has a number where what is shown
//! has the value.
//!
//! Nothing here decides what a statement says.

use super::{Given, Reference};
use crate::db::keyset::Bind;
use crate::db::value::{hex, real_text};
use crate::sql::Dialect;

/// Longer values are shown by so many bytes of their beginning on a screen.
pub(super) const PICTURED: usize = 600;

/// A text with parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    dialect: Dialect,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Sql(String),
    Bind {
        bind: Bind,
        hidden: bool,
    },
    /// What another statement of the same transaction gives, and that one's number in it.
    Given {
        from: Reference,
        statement: usize,
    },
}

impl Text {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, pieces: Vec::new() }
    }

    pub(super) fn sql_piece(&mut self, sql: impl Into<String>) -> &mut Self {
        self.pieces.push(Piece::Sql(sql.into()));
        self
    }

    pub(super) fn bind(&mut self, bind: Bind, hidden: bool) -> &mut Self {
        self.pieces.push(Piece::Bind { bind, hidden });
        self
    }

    pub(super) fn sql(&self) -> String {
        let mut number = 0;
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_str(sql),
                Piece::Bind { .. } | Piece::Given { .. } => {
                    number += 1;
                    let mark = if self.dialect == Dialect::Postgres { '$' } else { '?' };
                    out.push_str(&format!("{mark}{number}"));
                }
            }
        }
        out
    }

    /// A parameter whose value is known once another statement ran.
    pub(super) fn given(&mut self, from: &Reference) -> &mut Self {
        self.pieces.push(Piece::Given { from: from.clone(), statement: 0 });
        self
    }

    /// The values of the parameters; `None` where one is not given yet.
    pub(super) fn binds(&self, given: &Given) -> Option<Vec<Bind>> {
        let bind = |piece: &Piece| match piece {
            Piece::Bind { bind, .. } => Some(Some(bind.clone())),
            Piece::Given { from, .. } => Some(given.bind(self.dialect, from)),
            Piece::Sql(_) => None,
        };
        self.pieces.iter().filter_map(bind).collect()
    }

    /// The new rows whose values it takes.
    pub(super) fn needs(&self) -> impl Iterator<Item = &Reference> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Given { from, .. } => Some(from),
            _ => None,
        })
    }

    /// Says which statements, counted from 0, give the values of the new rows of [`Self::needs`], in
    /// their order.
    pub(super) fn number(&mut self, places: Vec<usize>) {
        let given = self.pieces.iter_mut().filter_map(|piece| match piece {
            Piece::Given { statement, .. } => Some(statement),
            _ => None,
        });
        for (statement, place) in given.zip(places) {
            *statement = place;
        }
    }

    pub(super) fn shown(&self) -> String {
        self.shown_up_to(usize::MAX)
    }

    /// The text with the values in it, each up to so many bytes.
    pub(super) fn shown_up_to(&self, most: usize) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_str(sql),
                Piece::Given { from, statement } => {
                    out.push_str(&format!("«{} of statement {}»", from.column, statement + 1));
                }
                Piece::Bind { hidden: true, .. } => out.push_str("'••••••'"),
                Piece::Bind { bind, .. } => match beginning(bind, most) {
                    Some((bind, bytes)) => {
                        out.push_str(&literal(self.dialect, &bind));
                        out.push_str(&format!(" /* the beginning of {bytes} bytes in all */"));
                    }
                    None => out.push_str(&literal(self.dialect, bind)),
                },
            }
        }
        out
    }
}

/// The beginning of a value longer than `most` bytes, and how long it is.
fn beginning(bind: &Bind, most: usize) -> Option<(Bind, usize)> {
    match bind {
        Bind::Text(text) if text.len() > most => {
            let end = (0..=most).rev().find(|at| text.is_char_boundary(*at))?;
            Some((Bind::Text(text.get(..end)?.to_owned()), text.len()))
        }
        Bind::Blob(bytes) if bytes.len() > most => {
            Some((Bind::Blob(bytes.get(..most)?.to_vec()), bytes.len()))
        }
        _ => None,
    }
}

fn literal(dialect: Dialect, bind: &Bind) -> String {
    match bind {
        Bind::Null => "NULL".to_owned(),
        Bind::Text(text) => dialect.literal(text),
        Bind::Integer(number) => number.to_string(),
        // SQLite has no word for infinity, but a number too large for it is one.
        Bind::Real(number) if number.is_infinite() => {
            if *number > 0.0 { "9e999" } else { "-9e999" }.to_owned()
        }
        Bind::Real(number) => real_text(*number),
        Bind::Blob(bytes) => format!("x'{}'", hex(bytes)),
    }
}
