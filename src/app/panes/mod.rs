//! The panes that stay on the screen: the tree of tables, the rows, the structure of one table,
//! the migrations.

pub mod data;
pub mod migrations;
pub mod schema;
pub mod status;
pub mod tree;
