//! What the tests share: a database, an engine, tasks, and workers that take them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_domain::{NewTask, Task, TaskKind, TaskStatus, Timestamp};
use assay_queue::testing::SharedBroker;
use assay_queue::{Delivery, Queue, QueueSettings, Want, connect};
use assay_store::Store;
use assay_store::testing::{Kind, TestDatabase};
use chrono::{DurationRound, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Runs each test function with both engines on both databases.
macro_rules! on_all {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            use assay_store::testing::Kind;
            use crate::world::{Engine, World};

            #[tokio::test(flavor = "multi_thread")]
            async fn embedded_sqlite() {
                super::$name(World::new(Engine::Embedded, Kind::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn embedded_postgres() {
                super::$name(World::new(Engine::Embedded, Kind::Postgres).await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn rabbitmq_sqlite() {
                super::$name(World::new(Engine::RabbitMq, Kind::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn rabbitmq_postgres() {
                super::$name(World::new(Engine::RabbitMq, Kind::Postgres).await).await;
            }
        })+
    };
}

/// How long anything may take that is to happen soon.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// A lease that outlives the test.
pub(crate) const LONG: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Embedded,
    RabbitMq,
}

/// A database, and how to begin an engine on it.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) settings: QueueSettings,
    // After the stores that use it.
    _database: TestDatabase,
    _broker: Option<SharedBroker>,
}

impl World {
    pub(crate) async fn new(engine: Engine, kind: Kind) -> Self {
        let broker = match engine {
            Engine::Embedded => None,
            Engine::RabbitMq => Some(SharedBroker::join().await.unwrap()),
        };
        let settings = broker.as_ref().map(SharedBroker::settings);
        Self::with(settings.unwrap_or_default(), kind, broker).await
    }

    /// A world whose engine is reached by these settings.
    pub(crate) async fn at(settings: QueueSettings, kind: Kind) -> Self {
        Self::with(settings, kind, None).await
    }

    async fn with(settings: QueueSettings, kind: Kind, broker: Option<SharedBroker>) -> Self {
        // A second test of the same process finds it set up.
        let _ = tracing_subscriber::fmt()
            .with_env_filter("assay_queue=debug")
            .with_test_writer()
            .try_init();
        let database = TestDatabase::migrated(kind).await.unwrap();
        let store = database.store().await.unwrap();
        Self {
            store,
            settings,
            _database: database,
            _broker: broker,
        }
    }

    /// An engine as a process of its own would have it.
    pub(crate) async fn queue(&self) -> Arc<dyn Queue> {
        connect(&self.settings, self.store.clone()).await.unwrap()
    }

    /// Stores a task that may run at once.
    pub(crate) async fn task(&self) -> Task {
        self.task_after(Duration::ZERO).await
    }

    /// Stores a task that may run after a while.
    pub(crate) async fn task_after(&self, after: Duration) -> Task {
        let new = NewTask {
            uuid: Uuid::new_v4().to_string(),
            kind: TaskKind::Ping,
            payload: serde_json::json!({"given": true}),
            node_id: None,
            max_attempts: 3,
            run_after: now() + TimeDelta::from_std(after).unwrap(),
            requested_by: "ann".to_owned(),
            dialect: "assay".to_owned(),
            request_id: "request".to_owned(),
        };
        self.store.enqueue_task(new, now()).await.unwrap()
    }

    /// Ends a task well.
    pub(crate) async fn finish(&self, delivery: Delivery, owner: &str) {
        let id = delivery.task.id;
        let ended = self
            .store
            .finish_task(id, owner, TaskStatus::Success, None, None, now());
        assert!(ended.await.unwrap(), "the task was not held");
        delivery.receipt.done().await;
    }

    pub(crate) async fn reload(&self, task: &Task) -> Task {
        self.store.task(&task.uuid).await.unwrap().unwrap()
    }
}

pub(crate) fn now() -> Timestamp {
    Utc::now()
        .duration_trunc(TimeDelta::microseconds(1))
        .unwrap()
}

/// Takes once; waits for `patience` at most.
pub(crate) async fn take(
    queue: &Arc<dyn Queue>,
    owner: &str,
    limit: usize,
    patience: Duration,
    lease: Duration,
) -> Vec<Delivery> {
    let stop = CancellationToken::new();
    let want = Want {
        owner,
        class: "quick",
        limit,
        patience,
        lease,
        stop: &stop,
    };
    queue.take(want).await.unwrap()
}

/// Takes until there is a task.
pub(crate) async fn take_one(queue: &Arc<dyn Queue>, owner: &str, lease: Duration) -> Delivery {
    let begun = Instant::now();
    while begun.elapsed() < SOON {
        let patience = Duration::from_millis(500);
        if let Some(delivery) = take(queue, owner, 1, patience, lease).await.pop() {
            return delivery;
        }
    }
    panic!("no task came: {:?}", queue.state().await);
}

/// Takes and ends tasks until `count` have come; gives their keys.
pub(crate) async fn work(
    world: &World,
    queue: &Arc<dyn Queue>,
    owner: &str,
    count: usize,
) -> Vec<i64> {
    let begun = Instant::now();
    let mut done = Vec::new();
    while done.len() < count {
        assert!(
            begun.elapsed() < SOON,
            "only {} of {count} came: {:?}",
            done.len(),
            queue.state().await
        );
        for delivery in take(queue, owner, 20, Duration::from_millis(300), LONG).await {
            done.push(delivery.task.id);
            world.finish(delivery, owner).await;
        }
    }
    done
}

/// Waits until a condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < SOON, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
