//! The gate: the one way to a device.
//!
//! It lets one operation at a time through to each power control, in this process (a lane) and in the
//! whole fleet (a pass), at the pace that the device's protocol bears, repeats what may be repeated,
//! gives everything a time limit, closes the session on every path, and stays shut once the device has
//! refused our credentials, so that no account is locked by a password that is wrong.

mod device;
mod lane;
mod pass;
mod power;
mod reset;

use std::sync::Arc;
use std::time::Duration;

use assay_domain::gate::{GateRules, GateState, Pace};
use assay_domain::{Driver, DriverError, Session, Target};
use futures::future::BoxFuture;
use tokio::time::{sleep, timeout};

pub use reset::ResetOutcome;

use crate::peer::Peer;
use crate::registry::Drivers;
use crate::retry::Retry;
use lane::{Lanes, Track};
use pass::{Door, Pass};

/// The gate's limits.
#[derive(Debug, Clone, Copy)]
pub struct GateLimits {
    /// The pace of all devices, instead of what each driver says of its own.
    pub pace: Option<Pace>,
    /// As [`GateRules::hold`].
    pub hold: Duration,
    /// As [`GateRules::session_life`].
    pub session_life: Duration,
    /// As [`GateRules::lockout`].
    pub lockout: Duration,
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
            pace: None,
            hold: Duration::from_secs(15),
            session_life: Duration::from_secs(60),
            lockout: Duration::from_mins(5),
            queue: Duration::from_mins(10),
            connect: Duration::from_mins(2),
            operation: Duration::from_mins(3),
            settle: Duration::from_secs(15),
            attempts: 3,
            first_pause: Duration::from_secs(1),
        }
    }
}

impl GateLimits {
    /// The limits of an operation that is done again soon anyway: one attempt, and `limit` for each of
    /// waiting, connecting and asking.
    fn brief(self, limit: Duration) -> Self {
        Self {
            queue: limit,
            connect: limit,
            operation: limit,
            attempts: 1,
            ..self
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

/// A session that the gate has let through, and the pass it holds meanwhile.
struct Open {
    session: Box<dyn Session>,
    pass: Pass,
    peer: Peer,
    limits: GateLimits,
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
        let open = self.open(target, protocol, self.limits).await?;
        let outcome = match repeat {
            Repeat::Idempotent => self.repeated(&open, &mut operation).await,
            Repeat::Never => open.limited(operation(open.session.as_ref())).await,
        };
        self.finish(target, open, outcome).await
    }

    /// Runs an operation until it succeeds, fails for good, or has used up its attempts or time.
    async fn repeated<T, F>(&self, open: &Open, operation: &mut F) -> Result<T, DriverError>
    where
        F: for<'a> FnMut(&'a dyn Session) -> BoxFuture<'a, Result<T, DriverError>> + Send,
    {
        let retry = open.limits.retry();
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
        open.limited(attempts).await
    }

    /// Takes the device's lane and a pass through its gate, and connects.
    async fn open(
        &self,
        target: &Target,
        protocol: &str,
        limits: GateLimits,
    ) -> Result<Open, DriverError> {
        let peer = Peer::of(target);
        let driver = self.drivers.get(protocol).ok_or_else(|| {
            peer.unsupported(format!("this build has no driver for '{protocol}'"))
        })?;
        let id = target.power_control_id;
        let lane = self.lanes.take(id, limits.queue, &peer).await?;
        if let Some(reason) = lane.track.unsaved_refusal() {
            self.shut(target, &lane.track, &reason).await;
            return Err(peer.refused(reason));
        }
        let door = Door {
            id,
            rules: limits.rules(driver.as_ref()),
            state: Arc::clone(&self.state),
        };
        let pass = door.enter(lane, limits.queue, &peer).await?;
        let connecting = pass
            .hold(connect(driver.as_ref(), target, limits, &peer))
            .await;
        match connecting.unwrap_or_else(|| Err(lost(&peer))) {
            Ok(session) => {
                // A glance is over before this is stored.
                if (pass.in_doubt || limits.attempts > 1)
                    && let Err(error) = self.state.accepted(id).await
                {
                    tracing::warn!(endpoint = target.endpoint(), %error,
                        "it could not be stored that the credentials are right");
                }
                Ok(Open {
                    session,
                    pass,
                    peer,
                    limits,
                })
            }
            Err(error) => {
                self.note_refusal(target, &pass.track, &error).await;
                pass.leave().await;
                Err(error)
            }
        }
    }

    /// Closes the session, shuts the gate if the credentials were refused, and gives the pass back.
    async fn finish<T>(
        &self,
        target: &Target,
        open: Open,
        outcome: Result<T, DriverError>,
    ) -> Result<T, DriverError> {
        open.session.close().await;
        if let Err(error) = &outcome {
            self.note_refusal(target, &open.pass.track, error).await;
        }
        open.pass.leave().await;
        outcome
    }

    async fn note_refusal(&self, target: &Target, track: &Track, error: &DriverError) {
        if let DriverError::Refused { cause, .. } = error {
            self.shut(target, track, cause).await;
        }
    }

    /// Shuts the gate for all workers. While that cannot be stored, the lane remembers it for this
    /// process and the next caller stores it.
    async fn shut(&self, target: &Target, track: &Track, reason: &str) {
        let stored = self.state.refuse(target.power_control_id, reason).await;
        if let Err(error) = &stored {
            tracing::error!(endpoint = target.endpoint(), %error,
                "a refusal of credentials could not be stored");
        }
        track.remember_refusal(stored.is_err().then(|| reason.to_owned()));
    }
}

impl GateLimits {
    fn rules(self, driver: &dyn Driver) -> GateRules {
        GateRules {
            pace: self.pace.unwrap_or_else(|| driver.pace()),
            hold: self.hold,
            session_life: self.session_life,
            lockout: self.lockout,
        }
    }

    fn retry(self) -> Retry {
        Retry {
            attempts: self.attempts,
            first_pause: self.first_pause,
        }
    }
}

impl Open {
    /// Does some work within the time limit of operations, and while the pass holds.
    async fn limited<T>(
        &self,
        work: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, DriverError> {
        let limit = self.limits.operation;
        let limited = timeout(limit, work);
        let done = self
            .pass
            .hold(limited)
            .await
            .ok_or_else(|| lost(&self.peer))?;
        done.unwrap_or_else(|_| {
            Err(self.peer.timed_out(format!(
                "the operation took longer than {} s",
                limit.as_secs_f64()
            )))
        })
    }
}

/// Connects, again and again while errors are transient, within the limits.
async fn connect(
    driver: &dyn Driver,
    target: &Target,
    limits: GateLimits,
    peer: &Peer,
) -> Result<Box<dyn Session>, DriverError> {
    let retry = limits.retry();
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
    let limit = limits.connect;
    timeout(limit, connecting).await.unwrap_or_else(|_| {
        let text = format!("connecting took longer than {} s", limit.as_secs_f64());
        Err(peer.timed_out(text))
    })
}

fn lost(peer: &Peer) -> DriverError {
    peer.not_asked("the right to ask it was lost: the database did not answer for too long")
}
