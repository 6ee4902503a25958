//! The queue: how workers learn of tasks. The task row is the truth; an engine only says "look".
//!
//! A lost or repeated announcement is therefore harmless: a task is claimed by a compare-and-set on
//! its row, whoever told the worker of it. Two engines: embedded, where workers look into the
//! database and bells of the same process wake them, and RabbitMQ, where a relay publishes what the
//! database says must be announced. One conformance suite runs over both.
#![forbid(unsafe_code)]

mod delivery;
mod embedded;
mod rabbitmq;
mod settings;
mod state;
#[cfg(feature = "testing")]
pub mod testing;

use std::sync::Arc;

use assay_domain::{Result, Timestamp};
use assay_store::Store;
use async_trait::async_trait;
use chrono::{DurationRound, TimeDelta, Utc};

pub use delivery::{Delivery, Receipt, Want};
pub use embedded::EmbeddedQueue;
pub use rabbitmq::RabbitQueue;
pub use settings::QueueSettings;
pub use state::{ClassState, LinkState, QueueState};

/// An engine that brings tasks to workers.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Says that a task of this class was stored; called after the transaction that stored it.
    /// It never fails: what is stored is announced sooner or later, whatever happens here.
    async fn announce(&self, class: &str);

    /// Claims tasks as `want` says; waits up to its patience for the first. Empty when there was
    /// none. Not to be dropped while it waits: it ends by itself when `want.stop` is cancelled.
    ///
    /// # Errors
    /// When the database cannot be asked.
    async fn take(&self, want: Want<'_>) -> Result<Vec<Delivery>>;

    /// Says that this process takes no more tasks of this class for now: whatever was reserved for
    /// it and not taken goes to others at once.
    async fn leave(&self, class: &str);

    /// Whether the engine can announce tasks; asks nobody.
    fn link(&self) -> LinkState;

    /// How the engine is, by asking database and broker.
    async fn state(&self) -> QueueState;

    /// Ends what the engine does in the background and its connections.
    async fn shutdown(&self);
}

/// The engine that the settings choose, begun: RabbitMQ when they have a URL, else the embedded one.
/// A broker that cannot be reached is no error: the engine goes on trying.
///
/// # Errors
/// [`assay_domain::Error::Invalid`] for settings that cannot work: a URL that is none, a file that
/// cannot be read.
pub async fn connect(settings: &QueueSettings, store: Store) -> Result<Arc<dyn Queue>> {
    match &settings.url {
        None => Ok(Arc::new(EmbeddedQueue::new(store))),
        Some(url) => Ok(Arc::new(RabbitQueue::start(url, settings, store).await?)),
    }
}

/// Now, cut to the microseconds that the store keeps.
fn now() -> Timestamp {
    let now = Utc::now();
    now.duration_trunc(TimeDelta::microseconds(1))
        .unwrap_or(now)
}

/// The instant `after` from now; far away when that is out of range.
fn later(after: std::time::Duration) -> Timestamp {
    TimeDelta::from_std(after)
        .ok()
        .and_then(|delta| now().checked_add_signed(delta))
        .unwrap_or(Timestamp::MAX_UTC)
}
