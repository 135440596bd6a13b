#![doc = include_str!("ARCHITECTURE.md")]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

pub mod app;
pub mod cli;
pub mod config;
pub mod db;
pub mod migrations;
pub mod ops;
pub mod problem;
pub mod schema;
pub mod sql;
pub mod text;
pub mod tui;
