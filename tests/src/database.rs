//! Both databases, and SQL that only a test may say to them.

use std::process::Command;

use assay_store::testing::{Kind, TestDatabase};

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
        let mut command = if let Some(file) = self.url().strip_prefix("sqlite:") {
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
        };
        let output = command.output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{complaint}");
    }
}
