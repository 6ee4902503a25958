//! Lanes: one per power control, held by one operation of this process at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::DriverError;
use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tokio::time::timeout;

use crate::peer::Peer;

/// From how many lanes on it is looked whether some are not needed any more.
const MANY: usize = 1024;

/// The lanes of all power controls that are in use, or were lately.
#[derive(Default)]
pub(super) struct Lanes {
    tracks: Mutex<Tracks>,
}

#[derive(Default)]
struct Tracks {
    by_id: HashMap<i64, Arc<Track>>,
    /// How many were needed when it was looked last.
    needed: usize,
}

/// What is remembered of one lane.
#[derive(Default)]
pub(super) struct Track {
    /// Held by the operation under way.
    turn: Arc<Turn<()>>,
    /// A refusal that could not be stored yet.
    unsaved: Mutex<Option<String>>,
}

/// A lane's turn, held until dropped.
pub(super) type LaneTurn = OwnedMutexGuard<()>;

/// A power control's lane, held until its turn is dropped.
pub(super) struct Lane {
    pub(super) turn: LaneTurn,
    pub(super) track: Arc<Track>,
}

impl Lanes {
    /// Waits for a lane's turn, at most `limit`.
    pub(super) async fn take(
        &self,
        id: i64,
        limit: Duration,
        peer: &Peer,
    ) -> Result<Lane, DriverError> {
        let track = self.track(id);
        let turn = Arc::clone(&track.turn).lock_owned();
        let turn = timeout(limit, turn).await.map_err(|_| {
            peer.not_asked(format!(
                "other operations on it took longer than {} s",
                limit.as_secs_f64()
            ))
        })?;
        Ok(Lane { turn, track })
    }

    /// The track of a power control. Those that nobody needs any more are let go whenever there are
    /// twice as many as were needed before.
    fn track(&self, id: i64) -> Arc<Track> {
        let mut tracks = self.tracks.lock();
        if tracks.by_id.len() >= MANY.max(2 * tracks.needed) {
            tracks.by_id.retain(|_, track| track.is_needed());
            tracks.needed = tracks.by_id.len();
        }
        Arc::clone(tracks.by_id.entry(id).or_default())
    }
}

impl Track {
    fn is_needed(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) > 1
            || self.unsaved.lock().is_some()
            || self.turn.try_lock().is_err()
    }

    /// A refusal that the store does not know yet.
    pub(super) fn unsaved_refusal(&self) -> Option<String> {
        self.unsaved.lock().clone()
    }

    /// Remembers a refusal until it is stored; `None` once it is.
    pub(super) fn remember_refusal(&self, reason: Option<String>) {
        *self.unsaved.lock() = reason;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn waiting_has_an_end_and_others_do_not_wait() {
        let lanes = Lanes::default();
        let _held = lanes.take(1, LONG, &Peer::unknown()).await.unwrap();
        drop(lanes.take(2, LONG, &Peer::unknown()).await.unwrap());
        let limit = Duration::from_millis(50);
        let error = lanes.take(1, limit, &Peer::unknown()).await.err();
        assert!(matches!(error, Some(DriverError::NotAsked { .. })));
    }

    #[tokio::test]
    async fn lanes_do_not_pile_up() {
        let lanes = Lanes::default();
        let held = lanes.take(-1, LONG, &Peer::unknown()).await.unwrap();
        for id in 0..10_000 {
            drop(lanes.take(id, LONG, &Peer::unknown()).await.unwrap());
        }
        assert!(lanes.tracks.lock().by_id.len() <= MANY);
        let limit = Duration::ZERO;
        assert!(lanes.take(-1, limit, &Peer::unknown()).await.is_err());
        drop(held);
    }
}
