//! PostgreSQL: one pool for reading and writing.

use std::time::Duration;

use assay_domain::Result;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{self, CustomizeConnection};

use super::pool::Pool;
use crate::StoreConfig;
use crate::fault::{Fault, Outcome, unavailable};

/// What every connection is set to. Rows are looked up by key, a page's worth at a time, and are in memory or on
/// an SSD; with the cost that is meant for turning disks (4), reading a whole table seems cheaper.
const COSTS: &str = "SET random_page_cost = 1.1";

/// How often a transaction is run again that lost against another one.
const ATTEMPTS: u32 = 8;

/// A database on a server.
pub(crate) struct Postgres {
    pool: Pool<PgConnection>,
}

impl Postgres {
    /// Connects once, to see that the server is there. Blocks.
    pub(crate) fn open(config: &StoreConfig) -> Outcome<Self> {
        // The check on each use costs a round trip and finds what a restart of the server left.
        let builder = r2d2::Pool::builder()
            .test_on_check_out(true)
            .connection_customizer(Box::new(Costs))
            .idle_timeout(Some(Duration::from_mins(5)));
        let pool = Pool::new(builder, &config.url, config.readers, config.wait);
        // Who starts a program or runs a command reads why: libpq names host and cause, no password.
        let connection = pool.connection().map_err(|fault| {
            let message = format!("the database is not reachable: {fault}");
            Fault::Domain(unavailable(message, 1))
        })?;
        drop(connection);
        Ok(Self { pool })
    }

    /// Runs `work` on a connection; each of its statements sees what was committed before it.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Outcome<T> + Send + 'static,
    {
        self.pool.run(work).await
    }

    /// Runs `work` in a transaction of its own.
    ///
    /// READ COMMITTED is enough: what must not change between reading and writing is guarded by
    /// the condition of the UPDATE or by a unique index, and both are checked against the newest
    /// row after waiting for its lock. What is left are deadlocks, and after one `work` runs again.
    pub(crate) async fn write<T, F>(&self, mut work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut PgConnection) -> Outcome<T> + Send + 'static,
    {
        self.pool
            .run(move |connection| {
                let mut attempt = 1;
                loop {
                    let outcome = connection
                        .build_transaction()
                        .read_committed()
                        .run(&mut work);
                    match outcome {
                        Err(fault) if fault.is_transient() && attempt < ATTEMPTS => attempt += 1,
                        outcome => return outcome,
                    }
                }
            })
            .await
    }
}

/// Sets a new connection up.
#[derive(Debug)]
struct Costs;

impl CustomizeConnection<PgConnection, r2d2::Error> for Costs {
    fn on_acquire(&self, connection: &mut PgConnection) -> std::result::Result<(), r2d2::Error> {
        connection
            .batch_execute(COSTS)
            .map_err(r2d2::Error::QueryError)
    }
}
