//! Waits between attempts: exponential, with jitter, so that a rack of
//! machines that booted together does not call together.

use std::time::Duration;

/// Waits that double from `first` to `most`, each shortened at random by up to half.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    most: Duration,
}

impl Backoff {
    /// Starts with waits around `first`.
    pub fn new(first: Duration, most: Duration) -> Self {
        Self { next: first, most }
    }

    /// The next wait.
    pub fn wait(&mut self) -> Duration {
        let full = self.next.min(self.most);
        self.next = full.saturating_mul(2);
        full.mul_f64(0.5 + 0.5 * random_fraction())
    }
}

/// A number from 0 to just under 1.
fn random_fraction() -> f64 {
    f64::from(random_u32()) / (f64::from(u32::MAX) + 1.0)
}

/// A random number, good enough for jitter and transaction ids: early in a
/// boot the kernel may have no entropy yet, and waiting for it would be worse
/// than taking the clock.
pub(crate) fn random_u32() -> u32 {
    let mut bytes = [0u8; 4];
    let flags = rustix::rand::GetRandomFlags::NONBLOCK;
    if rustix::rand::getrandom(&mut bytes, flags) == Ok(4) {
        return u32::from_ne_bytes(bytes);
    }
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // Fewer than 2^30 nanoseconds in a second, spread over all bits.
    u32::try_from(now.tv_nsec)
        .unwrap_or_default()
        .wrapping_mul(2_654_435_761)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_within_their_bounds() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10));
        let waits: Vec<f64> = (0..8).map(|_| backoff.wait().as_secs_f64()).collect();
        for (wait, full) in waits
            .iter()
            .zip([1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 10.0])
        {
            assert!((full / 2.0..=full).contains(wait), "{wait} of {full}");
        }
    }
}
