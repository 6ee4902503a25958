//! How an engine is: what `/readyz` and `assay status` tell of it.

use std::collections::BTreeSet;

use assay_domain::{TaskKind, Timestamp};
use assay_store::Store;

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueState {
    /// `embedded` or `rabbitmq`.
    pub engine: &'static str,
    /// Whether tasks can be announced now.
    pub connected: bool,
    /// Since when it is connected, or not.
    pub since: Timestamp,
    /// Why it is not connected, or cannot publish; never holds a password.
    pub problem: Option<String>,
    /// Every class of work.
    pub classes: Vec<ClassState>,
    /// Messages among the broker's dead letters that no worker has fetched yet.
    pub dead: Option<u32>,
}

/// Whether an engine can announce tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkState {
    /// `embedded` or `rabbitmq`.
    pub engine: &'static str,
    /// Whether there is a connection; always for the engine that needs none.
    pub connected: bool,
    /// Since when.
    pub since: Timestamp,
    /// Why there is none, or what keeps it from being used; never holds a password.
    pub problem: Option<String>,
}

/// One class of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassState {
    /// The class.
    pub class: String,
    /// Tasks in the database that wait for a worker; none while the database does not answer.
    pub waiting: Option<i64>,
    /// Since when the first of them waits.
    pub since: Option<Timestamp>,
    /// Messages that the broker holds and no worker has; none without a broker.
    pub messages: Option<u32>,
    /// Workers that the broker gives messages to; none without a broker.
    pub consumers: Option<u32>,
}

impl QueueState {
    /// The state without what a broker knows.
    pub(crate) async fn new(link: LinkState, store: &Store) -> Self {
        let LinkState {
            engine,
            connected,
            since,
            problem,
        } = link;
        Self {
            engine,
            connected,
            since,
            problem,
            classes: classes(store).await,
            dead: None,
        }
    }
}

/// Every class of work with what the database says of it.
async fn classes(store: &Store) -> Vec<ClassState> {
    let waiting = store.waiting_tasks(crate::now()).await.ok();
    let one = |class: &'static str| {
        let found = waiting
            .as_ref()
            .map(|all| all.iter().find(|one| one.class == class));
        ClassState {
            class: class.to_owned(),
            waiting: found.map(|found| found.map_or(0, |found| found.tasks)),
            since: found.flatten().and_then(|found| found.since),
            messages: None,
            consumers: None,
        }
    };
    names().into_iter().map(one).collect()
}

/// The names of all classes of work.
pub(crate) fn names() -> BTreeSet<&'static str> {
    TaskKind::ALL.into_iter().map(TaskKind::queue).collect()
}
