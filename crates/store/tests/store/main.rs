//! The store over both databases: every test body runs on SQLite and on PostgreSQL.

#[macro_use]
mod world;

mod nodes;
mod tasks;
