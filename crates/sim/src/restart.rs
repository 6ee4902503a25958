//! A BMC that restarts itself in the middle of being asked, as those do whose firmware hangs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How a BMC restarts itself. What it is asked at that moment gets no answer, its sessions are
/// forgotten, and it answers nobody until it is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartFault {
    /// With every so-manieth request (IPMI: datagram) while it runs; 0 is taken as never.
    pub every: u64,
    /// How long it is away each time.
    pub lasts: Duration,
}

/// What a BMC knows of its restarts.
#[derive(Debug, Default)]
pub(crate) struct Restart {
    asked: AtomicU64,
    count: AtomicU64,
    back: Mutex<Option<Instant>>,
}

impl Restart {
    /// Whether a request gets no answer because the BMC restarts; `forget` is called when that begins.
    pub(crate) fn swallows(&self, fault: Option<RestartFault>, forget: impl FnOnce()) -> bool {
        if self.is_away() {
            return true;
        }
        let Some(fault) = fault.filter(|fault| fault.every > 0) else {
            return false;
        };
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        if !asked.is_multiple_of(fault.every) {
            return false;
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        *self.back.lock() = Some(Instant::now() + fault.lasts);
        forget();
        true
    }

    /// How often it has restarted: what began before the last time gets no answer.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether the BMC restarts right now.
    pub(crate) fn is_away(&self) -> bool {
        self.back.lock().is_some_and(|back| Instant::now() < back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_restarts_with_the_third_request_and_comes_back() {
        let restart = Restart::default();
        let fault = Some(RestartFault {
            every: 3,
            lasts: Duration::from_millis(30),
        });
        let mut forgotten = 0;
        let mut met = Vec::new();
        for _ in 0..4 {
            met.push(restart.swallows(fault, || forgotten += 1));
        }
        assert_eq!((met, forgotten), (vec![false, false, true, true], 1));
        std::thread::sleep(Duration::from_millis(40));
        assert!(!restart.is_away() && !restart.swallows(fault, || ()));
        assert!(!restart.swallows(None, || ()));
    }
}
