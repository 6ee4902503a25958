//! SQLite: many readers beside one writer.

use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use assay_domain::Result;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{self, CustomizeConnection};

use super::pool::Pool;
use super::writer::Writer;
use crate::StoreConfig;
use crate::fault::{Fault, Outcome};

/// What every connection is set to.
///
/// - `busy_timeout`: another process (an operator's command) may be writing.
/// - `case_sensitive_like`: `LIKE` compares as PostgreSQL's does.
/// - No memory map: an I/O error in one would end the process.
const COMMON: &str = "PRAGMA busy_timeout = 5000;
PRAGMA foreign_keys = ON;
PRAGMA case_sensitive_like = ON;
PRAGMA temp_store = MEMORY;";

/// The writer's further settings. `synchronous = FULL` makes every commit wait for the disk: an
/// accepted request is a promise that survives a power failure. Group commit makes it cheap, as
/// all requests that wait share one commit. The log shrinks to 64 MiB after a burst; the cache is
/// 8 MiB.
const WRITER: &str = "PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 67108864;
PRAGMA cache_size = -8192;";

/// The readers' further settings; the cache is 2 MiB each.
const READER: &str = "PRAGMA query_only = ON;
PRAGMA cache_size = -2048;";

/// A database in a file.
pub(crate) struct Sqlite {
    readers: Pool<SqliteConnection>,
    writer: Writer,
}

impl Sqlite {
    /// Opens the file, or makes it, readable by its owner only. Blocks.
    pub(crate) fn open(path: &str, config: &StoreConfig) -> Outcome<Self> {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .map_err(Fault::io(format!("cannot open the database {path}")))?;
        let writer = Writer::start(path.to_owned(), config.wait)?;
        let builder = r2d2::Pool::builder()
            .test_on_check_out(false)
            .connection_customizer(Box::new(Reader))
            .idle_timeout(Some(Duration::from_mins(5)));
        let readers = Pool::new(builder, path, config.readers, config.wait);
        Ok(Self { readers, writer })
    }

    /// Runs `work` on a reading connection.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Outcome<T> + Send + 'static,
    {
        self.readers.run(work).await
    }

    /// Runs `work` in a transaction of the writer and answers after the commit.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Outcome<T> + Send + 'static,
    {
        self.writer.run(work).await
    }
}

/// A connection for the writer.
pub(super) fn connect_writer(path: &str) -> Outcome<SqliteConnection> {
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute(COMMON)?;
    connection.batch_execute(WRITER)?;
    Ok(connection)
}

/// Sets a new connection up for reading.
#[derive(Debug)]
struct Reader;

impl CustomizeConnection<SqliteConnection, r2d2::Error> for Reader {
    fn on_acquire(
        &self,
        connection: &mut SqliteConnection,
    ) -> std::result::Result<(), r2d2::Error> {
        connection
            .batch_execute(COMMON)
            .and_then(|()| connection.batch_execute(READER))
            .map_err(r2d2::Error::QueryError)
    }
}
