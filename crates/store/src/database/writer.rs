//! The one thread that writes to SQLite, with group commit.
//!
//! It takes all jobs that wait, runs each in a savepoint of one transaction, commits once, and
//! answers all. A job that fails is rolled back alone. When the commit fails, or the disk is full,
//! nothing of the group has happened, and every job of it is answered with that error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use assay_domain::{Error, Result};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::sqlite::connect_writer;
use crate::fault::{Fault, Outcome, unavailable};

/// How many jobs share a commit at most; a bound on the time until the first one is answered.
const GROUP_LIMIT: usize = 256;

/// How many jobs may wait; who comes later waits for a place.
const QUEUE_LIMIT: usize = 1024;

/// The way to the writing thread. The thread ends, its queue done, when this is dropped.
pub(super) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    wait: Duration,
}

impl Writer {
    /// Connects and starts the thread.
    pub(super) fn start(path: String, wait: Duration) -> Outcome<Self> {
        let connection = connect_writer(&path)?;
        let (jobs, queue) = mpsc::channel(QUEUE_LIMIT);
        let thread = Thread {
            path,
            connection: Some(connection),
        };
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.serve(queue))
            .map_err(Fault::io("cannot start the writer of the database"))?;
        Ok(Self { jobs, wait })
    }

    /// Runs `work` in the next group; the answer comes after the commit.
    ///
    /// # Errors
    /// What `work` fails with; [`Error::Unavailable`] when the queue stays full.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Outcome<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Pending {
            work: Some(work),
            outcome: None,
            reply,
        });
        self.jobs
            .send_timeout(job, self.wait)
            .await
            .map_err(|failure| match failure {
                mpsc::error::SendTimeoutError::Timeout(_) => {
                    unavailable("too many changes wait for the database", 1)
                }
                mpsc::error::SendTimeoutError::Closed(_) => Fault::WriterEnded.into(),
            })?;
        answer.await.map_err(|_| Error::from(Fault::WriterEnded))?
    }
}

/// How one job went.
enum Ran {
    Well,
    Badly(Error),
    Panicked,
}

/// A change that waits for its group.
trait Job: Send {
    /// Does the change, and keeps the outcome.
    fn run(&mut self, connection: &mut SqliteConnection) -> Ran;

    /// Tells the caller the kept outcome, or why the whole group failed.
    fn answer(self: Box<Self>, group: Result<()>);
}

struct Pending<T, F> {
    work: Option<F>,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Pending<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> Outcome<T> + Send,
{
    fn run(&mut self, connection: &mut SqliteConnection) -> Ran {
        let Some(work) = self.work.take() else {
            return Ran::Badly(Fault::WriterEnded.into());
        };
        // The connection is dropped after a panic, so nobody sees what the panic left behind.
        let (ran, outcome) = match catch_unwind(AssertUnwindSafe(|| work(connection))) {
            Ok(Ok(value)) => (Ran::Well, Ok(value)),
            Ok(Err(fault)) => {
                let error = Error::from(fault);
                (Ran::Badly(error.clone()), Err(error))
            }
            Err(payload) => (Ran::Panicked, Err(Fault::panicked(payload.as_ref()).into())),
        };
        self.outcome = Some(outcome);
        ran
    }

    fn answer(self: Box<Self>, group: Result<()>) {
        let outcome = match (group, self.outcome) {
            // Even a job that failed by itself: it may have failed for what now did not happen.
            (Err(error), _) => Err(error),
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Fault::WriterEnded.into()),
        };
        // Nobody listens any more when the caller was cancelled; the change stands.
        let _ = self.reply.send(outcome);
    }
}

struct Thread {
    path: String,
    connection: Option<SqliteConnection>,
}

impl Thread {
    fn serve(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        while let Some(first) = queue.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP_LIMIT
                && let Ok(next) = queue.try_recv()
            {
                group.push(next);
            }
            let outcome = self.commit(&mut group).map_err(Error::from);
            if let Err(error) = &outcome {
                tracing::error!(%error, jobs = group.len(), "a group of changes was not committed");
            }
            for job in group {
                job.answer(outcome.clone());
            }
        }
    }

    /// Runs the group in one transaction. A connection that is not sound any more is dropped, and
    /// the next group gets a new one.
    fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Outcome<()> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect_writer(&self.path)?,
        };
        if run_group(&mut connection, group)? {
            self.connection = Some(connection);
        }
        Ok(())
    }
}

/// Whether the connection is sound after the group.
fn run_group(connection: &mut SqliteConnection, group: &mut [Box<dyn Job>]) -> Outcome<bool> {
    // IMMEDIATE: a transaction that begins by reading and then writes fails at once with
    // "database is locked" when another process writes, in spite of the busy timeout.
    AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")?;
    let mut sound = true;
    for job in group {
        AnsiTransactionManager::begin_transaction(connection)?;
        match job.run(connection) {
            Ran::Well => AnsiTransactionManager::commit_transaction(connection)?,
            // A full disk makes SQLite roll back the whole group by itself; the savepoint is gone
            // then, and the job's error is the group's.
            Ran::Badly(error) => {
                AnsiTransactionManager::rollback_transaction(connection).map_err(|_| error)?;
            }
            Ran::Panicked => {
                AnsiTransactionManager::rollback_transaction(connection)?;
                sound = false;
            }
        }
    }
    AnsiTransactionManager::commit_transaction(connection)?;
    Ok(sound)
}
