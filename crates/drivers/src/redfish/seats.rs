//! At most two sessions per BMC within this process: some have eight in all, for everybody.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Sessions that this process may have open on one BMC at once.
const PER_BMC: usize = 2;

/// The right to one session on a BMC; it ends when this is dropped.
pub(super) type Seat = OwnedSemaphorePermit;

/// The seats of all BMCs, by endpoint.
#[derive(Default)]
pub(super) struct Seats {
    by_endpoint: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Seats {
    /// Waits for a seat; `None` never comes, since the semaphores are never closed.
    pub(super) async fn take(&self, endpoint: &str) -> Option<Seat> {
        let semaphore = {
            let mut seats = self.by_endpoint.lock();
            seats.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
            Arc::clone(
                seats
                    .entry(endpoint.to_ascii_lowercase())
                    .or_insert_with(|| Arc::new(Semaphore::new(PER_BMC))),
            )
        };
        semaphore.acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn the_third_waits_until_one_leaves() {
        let seats = Seats::default();
        let first = seats.take("bmc:443").await;
        let second = seats.take("BMC:443").await;
        assert!(first.is_some() && second.is_some());
        assert!(seats.take("bmc:443").now_or_never().is_none());
        assert!(seats.take("other:443").now_or_never().is_some());
        drop(first);
        assert!(seats.take("bmc:443").now_or_never().is_some());
    }
}
