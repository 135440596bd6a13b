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

mod as_applied;
mod backup;
mod browse;
mod capsule;
mod check;
mod checklist;
mod checklist_screen;
mod cli;
mod config;
mod demo;
mod desired;
mod doctor;
mod doctor_journey;
mod drift;
mod edit;
mod edit_faults;
mod edit_journal;
mod edit_journey;
mod edit_kill;
mod edit_long;
mod edit_outside;
mod edit_parents;
mod edit_types;
mod edit_views;
mod engine;
mod evidence;
mod export;
mod faults;
mod formats;
mod formats_apply;
mod formats_turns;
mod golden;
mod hostile;
mod house;
mod import;
mod journey;
mod keyset;
mod migrate;
mod migrate_faults;
mod migrate_session;
mod migrate_sqlite;
mod migrations_journey;
mod migrations_run;
mod migrations_view;
mod operations;
mod operations_journey;
mod operations_screen;
mod overlays;
mod postgres;
mod production_journey;
mod pty_server;
mod pty_terminal;
mod pulled;
mod refusals;
mod rehearse;
mod reset;
mod review;
mod rollback;
mod safeguards;
mod schema_change;
mod schema_pane;
mod scratch;
mod screen;
mod seed;
mod server;
mod shop;
mod sqlite;
mod sqlite_catalog;
mod sqlite_measure;
mod sqlite_open;
mod sqlite_rows;
mod status_view;
mod studio;
mod unreadable;
mod verbs;
mod workflows;
