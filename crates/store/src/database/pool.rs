//! A pool of connections behind a semaphore, so that waiting costs no thread.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::{Error, Result};
use diesel::r2d2::{self, ConnectionManager, R2D2Connection};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::fault::{Fault, Outcome, unavailable};

/// Connections of one kind; as many queries run at a time as there are connections.
pub(crate) struct Pool<C: R2D2Connection + Send + 'static> {
    connections: r2d2::Pool<ConnectionManager<C>>,
    permits: Arc<Semaphore>,
    wait: Duration,
}

impl<C: R2D2Connection + Send + 'static> Pool<C> {
    /// A pool from what `builder` sets, with `size` connections at most.
    pub(crate) fn new(
        builder: r2d2::Builder<ConnectionManager<C>>,
        url: &str,
        size: u32,
        wait: Duration,
    ) -> Self {
        let size = size.max(1);
        let connections = builder
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(wait)
            .error_handler(Box::new(Reporter))
            .build_unchecked(ConnectionManager::new(url));
        Self {
            connections,
            permits: Arc::new(Semaphore::new(size as usize)),
            wait,
        }
    }

    /// A connection for use on this thread. Blocks.
    pub(crate) fn connection(&self) -> Outcome<r2d2::PooledConnection<ConnectionManager<C>>> {
        Ok(self.connections.get()?)
    }

    /// Runs `work` with a connection on a blocking thread.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no connection becomes free in time.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut C) -> Outcome<T> + Send + 'static,
    {
        let permit = tokio::time::timeout(self.wait, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| unavailable("all connections to the database are busy", 1))?
            .map_err(Error::internal)?;
        let connections = self.connections.clone();
        let outcome = spawn_blocking(move || {
            let mut connection = connections.get()?;
            let outcome = work(&mut connection);
            drop(connection);
            drop(permit);
            outcome
        })
        .await;
        match outcome {
            Ok(outcome) => Ok(outcome?),
            Err(failure) => Err(match failure.try_into_panic() {
                Ok(payload) => Fault::panicked(payload.as_ref()).into(),
                Err(cancelled) => Error::internal(cancelled),
            }),
        }
    }
}

/// Tells the log why a connection could not be made.
#[derive(Debug)]
struct Reporter;

impl r2d2::HandleError<r2d2::Error> for Reporter {
    fn handle_error(&self, error: r2d2::Error) {
        tracing::warn!(%error, "cannot connect to the database");
    }
}
