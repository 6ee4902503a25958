//! How often and how far apart an attempt is repeated.

use std::time::Duration;

use assay_domain::DriverError;
use rand::Rng;

/// Attempts in all, with pauses between them that grow twofold and are jittered, so that the many
/// tasks that one dead switch has stopped do not come back as one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    /// Attempts in all, at least one.
    pub(crate) attempts: u32,
    /// The longest first pause.
    pub(crate) first_pause: Duration,
}

impl Retry {
    /// The pause after the failed attempt number `attempt` (from 1): between half and all of
    /// `first_pause` times two to the power of `attempt - 1`.
    pub(crate) fn pause(self, attempt: u32) -> Duration {
        let longest = self
            .first_pause
            .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1).min(6)));
        jittered(longest)
    }

    /// Whether the failed attempt number `attempt` (from 1) is worth another.
    pub(crate) fn again(self, attempt: u32, error: &DriverError) -> bool {
        attempt < self.attempts && error.is_transient()
    }
}

/// A random part of `longest`, at least half of it.
pub(crate) fn jittered(longest: Duration) -> Duration {
    longest.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_their_bounds() {
        let retry = Retry {
            attempts: 3,
            first_pause: Duration::from_millis(100),
        };
        for attempt in 1..10 {
            let longest = Duration::from_millis(100) * 2_u32.pow((attempt - 1).min(6));
            let pause = retry.pause(attempt);
            assert!(pause >= longest / 2 && pause <= longest, "{pause:?}");
        }
    }

    #[test]
    fn only_transient_errors_are_repeated_and_only_so_often() {
        let retry = Retry {
            attempts: 2,
            first_pause: Duration::ZERO,
        };
        let (endpoint, cause) = (String::from("bmc:443"), String::new());
        let lost = DriverError::Unreachable {
            endpoint: endpoint.clone(),
            cause: cause.clone(),
        };
        assert!(retry.again(1, &lost) && !retry.again(2, &lost));
        let untrusted = DriverError::Untrusted {
            endpoint: endpoint.clone(),
            cause: cause.clone(),
        };
        assert!(!retry.again(1, &untrusted));
        assert!(!retry.again(1, &DriverError::Refused { endpoint, cause }));
    }
}
