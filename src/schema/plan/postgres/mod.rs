//! PostgreSQL's statements of a plan. Nothing here decides what changes.

pub mod rename;
