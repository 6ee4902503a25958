//! The RabbitMQ engine: quorum queues, one per class of work, fed from the database by a relay.
//!
//! [`link`] keeps the connection, [`relay`] publishes, [`consume`] brings messages to workers, and
//! [`dead`] fetches what nobody could do.

mod consume;
mod dead;
mod link;
mod message;
mod relay;
mod target;
pub(crate) mod topology;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use assay_domain::{Error, Result, Secret};
use assay_store::Store;
use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::Queue;
use crate::delivery::{Delivery, Want};
use crate::settings::QueueSettings;
use crate::state::{LinkState, QueueState};

use consume::Consumer;
use link::{Link, Session};
use target::Target;
use topology::Names;

/// How long the broker may take to answer a question.
const ANSWER: Duration = Duration::from_secs(5);

/// The engine with a broker. Cheap to share; [`Queue::shutdown`] ends it.
pub struct RabbitQueue {
    shared: Arc<Shared>,
    background: Mutex<Vec<JoinHandle<()>>>,
    consumers: Mutex<HashMap<String, Arc<Consumer>>>,
    draining: AtomicBool,
}

/// What all parts of the engine stand on.
struct Shared {
    store: Store,
    target: Target,
    names: Names,
    poll: Duration,
    resync: Duration,
    prefetch: Option<u16>,
    /// The connection, or why there is none.
    link: watch::Sender<Link>,
    /// Rung when a task was stored.
    nudge: Notify,
    stop: CancellationToken,
}

impl Shared {
    /// The connection, if there is one now.
    fn session(&self) -> Option<Arc<Session>> {
        self.link.borrow().session()
    }

    /// Waits for a connection; none when the engine is stopped.
    async fn connected(&self) -> Option<Arc<Session>> {
        let mut link = self.link.subscribe();
        tokio::select! {
            up = link.wait_for(|link| link.session().is_some()) => up.ok()?.session(),
            () = self.stop.cancelled() => None,
        }
    }

    /// Waits; false when the engine was stopped meanwhile.
    async fn pause(&self, time: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            () = self.stop.cancelled() => false,
        }
    }
}

impl RabbitQueue {
    /// Begins to connect, and returns at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for settings that cannot work.
    pub async fn start(url: &Secret, settings: &QueueSettings, store: Store) -> Result<Self> {
        if let Some(fault) = settings.fault() {
            return Err(Error::invalid(fault));
        }
        let target = Target::new(url, settings).await?;
        let (link, _) = watch::channel(Link::Starting {
            since: crate::now(),
        });
        let shared = Arc::new(Shared {
            store,
            target,
            names: Names::new(&settings.prefix),
            poll: settings.poll,
            resync: settings.resync,
            prefetch: settings.prefetch,
            link,
            nudge: Notify::new(),
            stop: CancellationToken::new(),
        });
        let background = vec![
            tokio::spawn(link::keep(Arc::clone(&shared))),
            tokio::spawn(relay::run(Arc::clone(&shared))),
        ];
        Ok(Self {
            shared,
            background: Mutex::new(background),
            consumers: Mutex::default(),
            draining: AtomicBool::new(false),
        })
    }

    fn consumer(&self, class: &str) -> Arc<Consumer> {
        let mut consumers = self.consumers.lock();
        let new = || Arc::new(Consumer::new(Arc::clone(&self.shared), class));
        Arc::clone(consumers.entry(class.to_owned()).or_insert_with(new))
    }

    /// Whoever takes tasks also fetches the broker's dead letters.
    fn drain(&self) {
        if !self.draining.swap(true, Ordering::SeqCst) {
            let drain = tokio::spawn(dead::run(Arc::clone(&self.shared)));
            self.background.lock().push(drain);
        }
    }

    /// Waits until the first attempt to connect has come to its end, for commands that have just
    /// begun and ask how the engine is.
    async fn first_attempt(&self) {
        let mut link = self.shared.link.subscribe();
        let ended = link.wait_for(|link| !matches!(link, Link::Starting { .. }));
        // When it takes too long, that is the answer.
        let _ = tokio::time::timeout(ANSWER, ended).await;
    }

    async fn broker_counts(&self, state: &mut QueueState) {
        let Some(session) = self.shared.session() else {
            return;
        };
        let names = &self.shared.names;
        for class in &mut state.classes {
            let counts = session.counts(&names.queue(&class.class)).await;
            class.messages = counts.map(|(messages, _)| messages);
            class.consumers = counts.map(|(_, consumers)| consumers);
        }
        let counts = session.counts(names.dead()).await;
        state.dead = counts.map(|(messages, _)| messages);
    }
}

#[async_trait]
impl Queue for RabbitQueue {
    async fn announce(&self, _class: &str) {
        self.shared.nudge.notify_one();
    }

    async fn take(&self, want: Want<'_>) -> Result<Vec<Delivery>> {
        self.drain();
        self.consumer(want.class).take(want).await
    }

    async fn leave(&self, class: &str) {
        let consumer = self.consumers.lock().remove(class);
        if let Some(consumer) = consumer {
            consumer.close().await;
        }
    }

    fn link(&self) -> LinkState {
        self.shared.link.borrow().describe()
    }

    async fn state(&self) -> QueueState {
        self.first_attempt().await;
        let mut state = QueueState::new(self.link(), &self.shared.store).await;
        let counted = tokio::time::timeout(ANSWER, self.broker_counts(&mut state)).await;
        if counted.is_err() && state.problem.is_none() {
            state.problem = Some("the broker does not answer".to_owned());
        }
        state
    }

    async fn shutdown(&self) {
        self.shared.stop.cancel();
        let consumers: Vec<_> = self.consumers.lock().drain().collect();
        for (_, consumer) in consumers {
            consumer.close().await;
        }
        let background = std::mem::take(&mut *self.background.lock());
        for part in background {
            // It ends by itself; a panic in it was reported when it happened.
            let _ = part.await;
        }
    }
}

impl Drop for RabbitQueue {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// Logs a change of the connection and counts it.
fn report(connected: bool, target: &Target, why: Option<&str>) {
    metrics::gauge!("assay_queue_connected").set(f64::from(u8::from(connected)));
    let broker = target.name();
    if connected {
        tracing::info!(broker, "connected to the broker");
    } else {
        tracing::warn!(
            broker,
            why,
            "no connection to the broker; tasks are stored and announced later"
        );
    }
}
