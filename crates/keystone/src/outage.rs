//! A pause after a failure, so that callers do not queue up before a service that is away.

use std::time::{Duration, Instant};

use assay_domain::Error;
use parking_lot::Mutex;

/// Until when the service is not asked again.
#[derive(Default)]
pub(crate) struct Outage {
    until: Mutex<Option<Instant>>,
}

impl Outage {
    /// Begins a pause, unless a longer one has begun.
    pub(crate) fn begin(&self, pause: Duration) {
        let end = Instant::now() + pause;
        let mut until = self.until.lock();
        if until.is_none_or(|known| known < end) {
            *until = Some(end);
        }
    }

    /// Ends the pause: the service has answered.
    pub(crate) fn end(&self) {
        *self.until.lock() = None;
    }

    /// Refuses while the pause lasts.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with the seconds that are left.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let left = self
            .until
            .lock()
            .map(|end| end.saturating_duration_since(Instant::now()))
            .filter(|left| !left.is_zero());
        match left {
            Some(left) => Err(unavailable(left)),
            None => Ok(()),
        }
    }
}

/// What callers are told while the service cannot be asked.
pub(crate) fn unavailable(pause: Duration) -> Error {
    Error::Unavailable {
        message: "the identity service cannot be asked whose token this is".to_owned(),
        retry_after: pause.as_secs() + 1,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Outage;

    #[test]
    fn a_pause_lasts_until_its_end_and_the_longest_counts() {
        let outage = Outage::default();
        outage.check().unwrap();
        outage.begin(Duration::from_secs(60));
        outage.begin(Duration::from_millis(1));
        std::thread::sleep(Duration::from_millis(5));
        assert!(outage.check().is_err());
        outage.end();
        outage.check().unwrap();
    }
}
