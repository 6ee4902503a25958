//! Lanes: one per power control, held by one operation at a time.

use std::collections::HashMap;
use std::sync::Arc;

use assay_domain::DriverError;
use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tokio::time::{Instant, sleep_until, timeout};

use super::GateLimits;
use crate::peer::Peer;

/// The lanes of all power controls that are in use, or were lately.
#[derive(Default)]
pub(super) struct Lanes {
    by_id: Mutex<HashMap<i64, Arc<Track>>>,
}

#[derive(Default)]
struct Track {
    /// Held by the operation under way; knows when the last one ended.
    turn: Arc<Turn<Option<Instant>>>,
    /// A refusal that could not be stored yet.
    unsaved: Mutex<Option<String>>,
}

/// A power control's lane, held until dropped.
pub(super) struct Lane {
    turn: OwnedMutexGuard<Option<Instant>>,
    track: Arc<Track>,
}

impl Lanes {
    /// Waits for a lane's turn and keeps the interval to the operation before.
    pub(super) async fn take(
        &self,
        id: i64,
        limits: GateLimits,
        peer: &Peer,
    ) -> Result<Lane, DriverError> {
        let track = self.track(id, limits);
        let turn = Arc::clone(&track.turn).lock_owned();
        let turn = timeout(limits.queue, turn).await.map_err(|_| {
            peer.timed_out(format!(
                "other operations on it took longer than {} s",
                limits.queue.as_secs()
            ))
        })?;
        if let Some(last) = *turn {
            sleep_until(last + limits.interval).await;
        }
        Ok(Lane { turn, track })
    }

    /// The track of a power control; those that nobody needs any more are let go.
    fn track(&self, id: i64, limits: GateLimits) -> Arc<Track> {
        let mut tracks = self.by_id.lock();
        tracks.retain(|_, track| Arc::strong_count(track) > 1 || track.is_needed(limits));
        Arc::clone(tracks.entry(id).or_default())
    }
}

impl Track {
    fn is_needed(&self, limits: GateLimits) -> bool {
        let recent = match self.turn.try_lock() {
            Ok(last) => last.is_some_and(|last| last.elapsed() < limits.interval),
            Err(_) => true,
        };
        recent || self.unsaved.lock().is_some()
    }
}

impl Lane {
    /// A refusal that the store does not know yet.
    pub(super) fn unsaved_refusal(&self) -> Option<String> {
        self.track.unsaved.lock().clone()
    }

    /// Remembers a refusal until it is stored; `None` once it is.
    pub(super) fn remember_refusal(&self, reason: Option<String>) {
        *self.track.unsaved.lock() = reason;
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        *self.turn = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn operations_keep_their_distance_and_others_do_not_wait() {
        let lanes = Lanes::default();
        let limits = GateLimits {
            interval: Duration::from_millis(300),
            ..GateLimits::default()
        };
        let start = Instant::now();
        drop(lanes.take(1, limits, &Peer::unknown()).await.unwrap());
        drop(lanes.take(2, limits, &Peer::unknown()).await.unwrap());
        assert!(start.elapsed() < Duration::from_millis(300));
        drop(lanes.take(1, limits, &Peer::unknown()).await.unwrap());
        assert!(start.elapsed() >= Duration::from_millis(300));
    }

    #[tokio::test]
    async fn waiting_has_an_end() {
        let lanes = Lanes::default();
        let limits = GateLimits {
            queue: Duration::from_millis(50),
            ..GateLimits::default()
        };
        let _held = lanes.take(1, limits, &Peer::unknown()).await.unwrap();
        let error = lanes.take(1, limits, &Peer::unknown()).await.err();
        assert!(matches!(error, Some(DriverError::TimedOut { .. })));
    }

    #[tokio::test]
    async fn lanes_do_not_pile_up() {
        let lanes = Lanes::default();
        let limits = GateLimits {
            interval: Duration::ZERO,
            ..GateLimits::default()
        };
        for id in 0..1000 {
            drop(lanes.take(id, limits, &Peer::unknown()).await.unwrap());
        }
        assert!(lanes.by_id.lock().len() < 3);
    }
}
