//! Tests of what the public interface does not show: migrations, and the writer of SQLite.

mod migrations;
mod writer;
