//! The store over both databases: every test body runs on SQLite and on PostgreSQL.

#[macro_use]
mod world;

mod backup;
mod introspections;
mod keys;
mod lookup;
mod nodes;
mod power;
mod races;
mod reports;
mod rules_and_users;
mod tasks;
