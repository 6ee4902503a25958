//! The only place that reads the wall clock.

use assay_domain::Timestamp;
use chrono::{DurationRound, TimeDelta, Utc};

/// Reads the time in UTC, cut to the microseconds that the store keeps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock;

impl Clock {
    /// Now.
    pub fn now(self) -> Timestamp {
        let now = Utc::now();
        now.duration_trunc(TimeDelta::microseconds(1))
            .unwrap_or(now)
    }

    /// The instant `after` from now; far away when that is out of range.
    pub fn later(self, after: std::time::Duration) -> Timestamp {
        let now = self.now();
        TimeDelta::from_std(after)
            .ok()
            .and_then(|delta| now.checked_add_signed(delta))
            .unwrap_or(Timestamp::MAX_UTC)
    }
}
