//! Both databases, and SQL that only a test may say to them.

use std::path::Path;
use std::process::Command;

/// A database for one server.
pub struct Database {
    cluster: Option<assay_store::testing::Cluster>,
}

impl Database {
    /// SQLite in the server's data folder.
    pub fn sqlite() -> Self {
        Self { cluster: None }
    }

    /// A PostgreSQL of its own.
    pub fn postgres() -> Self {
        let cluster = assay_store::testing::Cluster::start().expect("PostgreSQL starts");
        Self {
            cluster: Some(cluster),
        }
    }

    /// What the server is told; nothing for the default.
    pub fn url(&self) -> Option<String> {
        self.cluster
            .as_ref()
            .map(|cluster| cluster.url().to_owned())
    }

    /// The folder of its migrations.
    pub fn kind(&self) -> &'static str {
        if self.cluster.is_some() {
            "postgres"
        } else {
            "sqlite"
        }
    }

    /// Runs SQL in the database of the server with this data folder.
    pub fn execute(&self, data: &Path, sql: &str) {
        let mut command = if let Some(cluster) = &self.cluster {
            let mut command = Command::new("psql");
            command.args(["--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"]);
            command.args(["--dbname", cluster.url(), "--command", sql]);
            command
        } else {
            let script =
                "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
            let mut command = Command::new("/usr/bin/python3");
            command.args(["-c", script]).arg(sqlite_file(data)).arg(sql);
            command
        };
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// The one SQLite database in a server's data folder.
fn sqlite_file(data: &Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found = entries.filter(|path| {
        std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0"))
    });
    found.next().expect("a SQLite database in the data folder")
}
