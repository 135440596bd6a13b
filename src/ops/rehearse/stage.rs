//! What migrations are rehearsed on: a copy of a SQLite file with its data, or a PostgreSQL scratch
//! database that holds the live schema, with rows where they were asked for.

use super::Data;
use crate::db::connection::Connection;
use crate::db::copy::Copy;
use crate::db::scratch::Scratch;
use crate::db::stop::Stop;
use crate::migrations::Migration;
use crate::ops::change::Setting;
use crate::ops::proof;
use crate::problem::{Problem, Result};
use crate::schema::model::Model;
use crate::sql::Dialect;
use crate::sql::statement::split;

/// What a PostgreSQL scratch without rows is called.
pub(super) const SCHEMA_ALONE: &str = "a scratch database with the live schema and no rows";

/// What migrations are rehearsed on.
pub(super) struct Stage<'a> {
    ground: Ground<'a>,
    /// What it is, in words.
    pub(super) on: String,
    /// Whether it holds rows.
    pub(super) has_rows: bool,
    /// What the person should know of it, in sentences.
    pub(super) notes: Vec<String>,
}

enum Ground<'a> {
    Scratch(&'a mut Scratch),
    Copy(Box<Copy>),
}

impl<'a> Stage<'a> {
    /// Makes it ready. The scratch is used on PostgreSQL, and emptied first.
    pub(super) async fn set(
        scratch: &'a mut Scratch,
        setting: &Setting,
        live: &Model,
        data: Data,
        stop: &Stop,
    ) -> Result<Self> {
        if live.dialect == Dialect::Sqlite {
            if let Data::Sample(_) = data {
                return Err(Problem::usage(
                    "A SQLite file is rehearsed on with all of its rows",
                    "it is copied whole",
                    "leave --with-data out",
                ));
            }
            let mut copy = Copy::of(&setting.target, stop).await?;
            let notes = std::mem::take(&mut copy.notes);
            return Ok(Self {
                ground: Ground::Copy(Box::new(copy)),
                on: "a copy of the file with its rows".to_owned(),
                has_rows: true,
                notes,
            });
        }
        scratch.reset(stop).await?;
        proof::build(scratch.connection()?, live, &setting.scope, stop).await?;
        Ok(Self {
            ground: Ground::Scratch(scratch),
            on: SCHEMA_ALONE.to_owned(),
            has_rows: false,
            notes: Vec::new(),
        })
    }

    /// The connection to it.
    pub(super) fn connection(&mut self) -> Result<&mut Connection> {
        match &mut self.ground {
            Ground::Scratch(scratch) => scratch.connection(),
            Ground::Copy(copy) => copy.connection(),
        }
    }

    /// Lets go of it; a copy is removed.
    pub(super) async fn close(self) {
        if let Ground::Copy(copy) = self.ground {
            copy.close().await;
        }
    }
}

/// What is left of a migration whose first statements are done; every place stays where it is.
pub(super) fn rest(migration: &Migration, done: usize, dialect: Dialect) -> Migration {
    let text = &migration.up.text;
    let pieces = split(dialect, text);
    let mut real = pieces.iter().filter(|piece| !piece.is_blank());
    let start = real.nth(done).map_or(text.len(), |next| next.body.start);
    let (head, tail) = text.split_at_checked(start).unwrap_or(("", text));
    let blank: String =
        head.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }).collect();
    let mut left = migration.clone();
    left.up.text = format!("{blank}{tail}");
    // Its way back is for the whole of it.
    left.down = None;
    left
}
