//! The one integration test binary: every area is a module, so that all of them share one
//! PostgreSQL server and one link step. Nothing here mocks a server or sleeps.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs
)]

mod browse;
mod cli;
mod config;
mod demo;
mod desired;
mod edit;
mod edit_faults;
mod edit_journal;
mod edit_types;
mod engine;
mod faults;
mod golden;
mod hostile;
mod house;
mod journey;
mod keyset;
mod overlays;
mod postgres;
mod pty_server;
mod pty_terminal;
mod pulled;
mod review;
mod schema_change;
mod schema_pane;
mod scratch;
mod screen;
mod server;
mod shop;
mod sqlite;
mod sqlite_catalog;
mod sqlite_measure;
mod sqlite_open;
mod sqlite_rows;
mod studio;
mod verbs;
