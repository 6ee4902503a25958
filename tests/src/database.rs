//! Both databases, and SQL that only a test may say to them.

use std::process::{Child, Command};
use std::time::Duration;

use assay_store::testing::{Kind, TestDatabase, postgres_rows};

use crate::wait;

/// An empty database for one server.
pub struct Database(TestDatabase, Kind);

impl Database {
    /// SQLite.
    pub async fn sqlite() -> Self {
        Self::empty(Kind::Sqlite).await
    }

    /// PostgreSQL.
    pub async fn postgres() -> Self {
        Self::empty(Kind::Postgres).await
    }

    async fn empty(kind: Kind) -> Self {
        let database = TestDatabase::empty(kind).await;
        Self(database.unwrap_or_else(|error| panic!("{error:?}")), kind)
    }

    /// What the server is told.
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// The folder of its migrations.
    pub fn kind(&self) -> &'static str {
        match self.1 {
            Kind::Sqlite => "sqlite",
            Kind::Postgres => "postgres",
        }
    }

    /// Runs SQL.
    pub fn execute(&self, sql: &str) {
        let output = self.command(sql).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{complaint}");
    }

    /// Runs SQL of PostgreSQL in a transaction that has `table` to itself: nobody else reads it or
    /// writes to it until the end, which comes once somebody waits for that. Returns while it waits.
    pub async fn execute_before_a_waiter(&self, table: &str, sql: &str) -> Child {
        // Databases of one cluster may have tables of the same key.
        let locks = format!(
            "SELECT 1 AS one FROM pg_locks WHERE relation = '{table}'::regclass AND database =
                 (SELECT oid FROM pg_database WHERE datname = current_database())"
        );
        let script = format!(
            "SET LOCAL statement_timeout = '30s';
             LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;
             DO $$ BEGIN WHILE NOT EXISTS ({locks} AND NOT granted) LOOP
                 PERFORM pg_sleep(0.01);
             END LOOP; END $$;
             {sql}"
        );
        let child = self.command(&script).spawn().unwrap();
        let held = format!("{locks} AND granted AND mode = 'AccessExclusiveLock'");
        wait::until("the table is locked", Duration::from_secs(30), async || {
            let rows = postgres_rows(self.url(), &held).unwrap();
            rows.first().cloned()
        })
        .await;
        child
    }

    fn command(&self, sql: &str) -> Command {
        if let Some(file) = self.url().strip_prefix("sqlite:") {
            let script =
                "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
            let mut command = Command::new("/usr/bin/python3");
            command.args(["-c", script, file, sql]);
            command
        } else {
            let mut command = Command::new("psql");
            command.args(["--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"]);
            command.args(["--dbname", self.url(), "--command", sql]);
            command
        }
    }
}
