//! The gate: the one way to a device.
//!
//! It lets one operation at a time through to each power control, keeps a minimum interval between
//! them, repeats what may be repeated, gives everything a time limit, closes the session on every
//! path, and stays shut once the device has refused our credentials, so that no account is locked by
//! a password that is wrong.

mod lane;
mod power;
mod reset;

use std::sync::Arc;
use std::time::Duration;

use assay_domain::gate::GateState;
use assay_domain::{DriverError, Session, Target};
use futures::future::BoxFuture;
use tokio::time::{sleep, timeout};

pub use reset::ResetOutcome;

use crate::peer::Peer;
use crate::registry::Drivers;
use crate::retry::Retry;
use lane::{Lane, Lanes};

/// The gate's limits.
#[derive(Debug, Clone, Copy)]
pub struct GateLimits {
    /// The least time between two operations on one power control.
    pub interval: Duration,
    /// The longest time that an operation waits for the ones before it.
    pub queue: Duration,
    /// The longest time that connecting may take, with its repetitions.
    pub connect: Duration,
    /// The longest time for the requests of one operation, with their repetitions, beside waiting
    /// for a power state.
    pub operation: Duration,
    /// How long a power command whose answer was lost is given to show its effect before it is sent
    /// again: BMCs change state up to some ten seconds after they answer.
    pub settle: Duration,
    /// How often an attempt is made in all when errors are transient.
    pub attempts: u32,
    /// The longest pause after the first failed attempt; it doubles with each one.
    pub first_pause: Duration,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(100),
            queue: Duration::from_mins(10),
            connect: Duration::from_mins(2),
            operation: Duration::from_mins(3),
            settle: Duration::from_secs(15),
            attempts: 3,
            first_pause: Duration::from_secs(1),
        }
    }
}

/// Whether an operation may be carried out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Twice is the same as once.
    Idempotent,
    /// Never twice.
    Never,
}

/// The one way to all devices. Cloning shares it.
#[derive(Clone)]
pub struct Gate {
    drivers: Drivers,
    state: Arc<dyn GateState>,
    limits: GateLimits,
    lanes: Arc<Lanes>,
}

/// A session that the gate has let through, and the lane it holds meanwhile.
struct Open {
    session: Box<dyn Session>,
    lane: Lane,
    peer: Peer,
}

impl Gate {
    /// A gate with the standard limits. `state` tells which power controls have refused our
    /// credentials, for all workers.
    pub fn new(drivers: Drivers, state: Arc<dyn GateState>) -> Self {
        Self::with_limits(drivers, state, GateLimits::default())
    }

    /// A gate with limits of one's own.
    pub fn with_limits(drivers: Drivers, state: Arc<dyn GateState>, limits: GateLimits) -> Self {
        Self {
            drivers,
            state,
            limits,
            lanes: Arc::default(),
        }
    }

    /// The drivers behind the gate.
    pub fn drivers(&self) -> &Drivers {
        &self.drivers
    }

    /// Closes what is open on devices, for at most `limit`, before the process ends.
    pub async fn shutdown(&self, limit: Duration) {
        self.drivers.shutdown(limit).await;
    }

    /// Carries out an operation on a device's session: waits for the device's turn, connects, runs
    /// `operation`, closes. Transient errors are repeated when `repeat` allows it; connecting is
    /// repeated always.
    ///
    /// # Errors
    /// [`DriverError::Refused`] without any attempt when the device has refused our credentials
    /// before; [`DriverError::Unsupported`] when there is no driver for the protocol; else what the
    /// driver says.
    pub async fn with<T, F>(
        &self,
        target: &Target,
        protocol: &str,
        repeat: Repeat,
        mut operation: F,
    ) -> Result<T, DriverError>
    where
        T: Send,
        F: for<'a> FnMut(&'a dyn Session) -> BoxFuture<'a, Result<T, DriverError>> + Send,
    {
        let open = self.open(target, protocol).await?;
        let outcome = match repeat {
            Repeat::Idempotent => self.repeated(&open, &mut operation).await,
            Repeat::Never => self.limited(&open, operation(open.session.as_ref())).await,
        };
        self.finish(target, open, outcome).await
    }

    /// Runs an operation until it succeeds, fails for good, or has used up its attempts or time.
    async fn repeated<T, F>(&self, open: &Open, operation: &mut F) -> Result<T, DriverError>
    where
        F: for<'a> FnMut(&'a dyn Session) -> BoxFuture<'a, Result<T, DriverError>> + Send,
    {
        let retry = self.retry();
        let attempts = async {
            let mut attempt = 1;
            loop {
                match operation(open.session.as_ref()).await {
                    Err(error) if retry.again(attempt, &error) => {
                        sleep(retry.pause(attempt)).await;
                        attempt += 1;
                    }
                    outcome => return outcome,
                }
            }
        };
        self.limited(open, attempts).await
    }

    async fn limited<T>(
        &self,
        open: &Open,
        work: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, DriverError> {
        let limit = self.limits.operation;
        timeout(limit, work).await.unwrap_or_else(|_| {
            Err(open.peer.timed_out(format!(
                "the operation took longer than {} s",
                limit.as_secs()
            )))
        })
    }

    /// Takes the device's lane, looks whether its gate is open, and connects.
    async fn open(&self, target: &Target, protocol: &str) -> Result<Open, DriverError> {
        let peer = Peer::of(target);
        let driver = self.drivers.get(protocol).ok_or_else(|| {
            peer.unsupported(format!("this build has no driver for '{protocol}'"))
        })?;
        let lane = self
            .lanes
            .take(target.power_control_id, self.limits, &peer)
            .await?;
        self.check(target, &lane, &peer).await?;
        let retry = self.retry();
        let connecting = async {
            let mut attempt = 1;
            loop {
                match driver.connect(target).await {
                    Err(error) if retry.again(attempt, &error) => {
                        sleep(retry.pause(attempt)).await;
                        attempt += 1;
                    }
                    outcome => return outcome,
                }
            }
        };
        let limit = self.limits.connect;
        let outcome = timeout(limit, connecting).await.unwrap_or_else(|_| {
            Err(peer.timed_out(format!("connecting took longer than {} s", limit.as_secs())))
        });
        match outcome {
            Ok(session) => Ok(Open {
                session,
                lane,
                peer,
            }),
            Err(error) => {
                self.note_refusal(target, &lane, &error).await;
                Err(error)
            }
        }
    }

    /// Closes the session and shuts the gate if the credentials were refused.
    async fn finish<T>(
        &self,
        target: &Target,
        open: Open,
        outcome: Result<T, DriverError>,
    ) -> Result<T, DriverError> {
        open.session.close().await;
        if let Err(error) = &outcome {
            self.note_refusal(target, &open.lane, error).await;
        }
        outcome
    }

    /// Whether the device may be asked at all.
    async fn check(&self, target: &Target, lane: &Lane, peer: &Peer) -> Result<(), DriverError> {
        if let Some(reason) = lane.unsaved_refusal() {
            self.shut(target, lane, &reason).await;
            return Err(peer.refused(reason));
        }
        match self.state.refused(target.power_control_id).await {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(peer.refused(reason)),
            Err(error) => {
                Err(peer.not_asked(format!("the state of its gate cannot be read ({error})")))
            }
        }
    }

    async fn note_refusal(&self, target: &Target, lane: &Lane, error: &DriverError) {
        if let DriverError::Refused { cause, .. } = error {
            self.shut(target, lane, cause).await;
        }
    }

    /// Shuts the gate for all workers. While that cannot be stored, the lane remembers it for this
    /// process and the next caller stores it.
    async fn shut(&self, target: &Target, lane: &Lane, reason: &str) {
        let stored = self.state.refuse(target.power_control_id, reason).await;
        if let Err(error) = &stored {
            tracing::error!(endpoint = target.endpoint(), %error,
                "a refusal of credentials could not be stored");
        }
        lane.remember_refusal(stored.is_err().then(|| reason.to_owned()));
    }

    fn retry(&self) -> Retry {
        Retry {
            attempts: self.limits.attempts,
            first_pause: self.limits.first_pause,
        }
    }
}
