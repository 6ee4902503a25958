//! Rate limits by the peer's address, for what can be asked without a token.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use assay_app::RateLimits;
use assay_domain::{Error, Result};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use rocket::Request;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest};

use crate::context::reject;
use crate::refusal;

/// Peers that have been quiet are forgotten once in so many checks.
const CHECKS_PER_CLEANING: u32 = 4096;

struct Limiter {
    peers: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
    checks: AtomicU32,
    /// Whether machines ask here, and not people.
    is_of_machines: bool,
}

impl Limiter {
    fn new(quota: Quota, is_of_machines: bool) -> Self {
        Self {
            peers: RateLimiter::dashmap(quota),
            clock: DefaultClock::default(),
            checks: AtomicU32::new(0),
            is_of_machines,
        }
    }

    fn check(&self, request: &Request<'_>) -> Result<()> {
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks % CHECKS_PER_CLEANING == CHECKS_PER_CLEANING - 1 {
            self.peers.retain_recent();
        }
        let peer = request
            .remote()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        self.peers.check_key(&peer).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            let error = Error::RateLimited {
                retry_after: wait.as_secs() + 1,
            };
            if self.is_of_machines {
                refusal::note_rate(request, peer, &error);
            }
            error
        })
    }
}

/// The limiters of everything that is limited.
pub(crate) struct Limiters {
    login: Limiter,
    reports: Limiter,
    boot: Limiter,
}

impl Limiters {
    /// Limiters as configured; a rate of 0 counts as 1.
    pub(crate) fn new(limits: &RateLimits) -> Self {
        let at_least_one = |rate: u32| NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
        Self {
            login: Limiter::new(
                Quota::per_minute(at_least_one(limits.login_per_minute)),
                false,
            ),
            reports: Limiter::new(
                Quota::per_second(at_least_one(limits.reports_per_second)),
                true,
            ),
            boot: Limiter::new(
                Quota::per_second(at_least_one(limits.boot_per_second)),
                true,
            ),
        }
    }
}

macro_rules! rate_guard {
    ($(#[$doc:meta])* $name:ident, $limiter:ident) => {
        $(#[$doc])*
        pub(crate) struct $name;

        #[rocket::async_trait]
        impl<'r> FromRequest<'r> for $name {
            type Error = ();

            async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
                let checked = match request.rocket().state::<Limiters>() {
                    Some(limiters) => limiters.$limiter.check(request),
                    None => Err(Error::internal("the rate limiters are not managed")),
                };
                match checked {
                    Ok(()) => Outcome::Success(Self),
                    Err(error) => reject(request, error),
                }
            }
        }
    };
}

rate_guard!(
    /// The peer may try to log in now.
    LoginRate,
    login
);
rate_guard!(
    /// The peer may send a report now.
    ReportRate,
    reports
);
rate_guard!(
    /// The peer may ask for boot scripts, boot files and phases now.
    BootRate,
    boot
);
