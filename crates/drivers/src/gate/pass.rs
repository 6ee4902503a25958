//! A pass: the right of this process to be at a device, kept while it is needed and given back whatever
//! happens to the operation.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::DriverError;
use assay_domain::gate::{Entry, GateRules, GateState};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::lane::{Lane, LaneTurn, Track};
use crate::peer::Peer;
use crate::retry::jittered;

/// The longest pause between two questions whether the gate is free: its holder may be done early.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// What takes longer than this is not waited for here: whoever asks has something else to do meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a pass is extended within the time that it counts.
const PARTS: u32 = 4;

/// One gate: whose it is, its rules, and where its state is kept.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) id: i64,
    pub(super) rules: GateRules,
    pub(super) state: Arc<dyn GateState>,
}

/// The right to be at a device. Dropping it gives it back as well.
pub(super) struct Pass {
    /// Whether earlier logins may have failed without anybody having said so.
    pub(super) in_doubt: bool,
    pub(super) track: Arc<Track>,
    lost: CancellationToken,
    done: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
}

impl Door {
    /// Waits until this process is let through, at most `limit`. The lane is free again once the pass
    /// has been given back.
    pub(super) async fn enter(
        &self,
        lane: Lane,
        limit: Duration,
        peer: &Peer,
    ) -> Result<Pass, DriverError> {
        let deadline = Instant::now() + limit;
        loop {
            let entry = self
                .state
                .enter(self.id, &self.rules)
                .await
                .map_err(|error| {
                    peer.not_asked(format!("the state of its gate cannot be read ({error})"))
                })?;
            match entry {
                Entry::In { in_doubt } => return Ok(self.pass(lane, in_doubt)),
                Entry::Shut { reason } => return Err(peer.refused(reason)),
                Entry::Wait { time, cause } if time > PATIENCE => {
                    let seconds = time.as_secs();
                    return Err(peer.not_asked(format!("{cause}; {seconds} s to go")));
                }
                Entry::Wait { time, cause } => {
                    let time = time.min(jittered(ASK_AGAIN));
                    if Instant::now() + time > deadline {
                        return Err(peer.not_asked(cause));
                    }
                    sleep(time).await;
                }
            }
        }
    }

    fn pass(&self, lane: Lane, in_doubt: bool) -> Pass {
        let lost = CancellationToken::new();
        let (done, is_done) = oneshot::channel();
        let keeper = tokio::spawn(self.clone().keep(lane.turn, is_done, lost.clone()));
        Pass {
            track: lane.track,
            in_doubt,
            lost,
            done,
            keeper,
        }
    }

    /// Extends the pass until it is given back or lost, and gives it back.
    async fn keep(
        self,
        _turn: LaneTurn,
        mut is_done: oneshot::Receiver<()>,
        lost: CancellationToken,
    ) {
        let mut kept = Instant::now();
        while !lost.is_cancelled() {
            tokio::select! {
                _ = &mut is_done => break,
                () = sleep(self.rules.hold / PARTS) => {}
            }
            let asked = Instant::now();
            let extended = self.state.extend(self.id, &self.rules);
            match timeout(self.rules.hold / PARTS, extended).await {
                Ok(Ok(true)) => kept = asked,
                Ok(Err(_)) | Err(_) if kept.elapsed() < self.rules.hold => {}
                _ => lost.cancel(),
            }
        }
        if let Err(error) = self.state.leave(self.id, &self.rules).await {
            tracing::warn!(power_control = self.id, %error, "a gate was not given back; it opens by itself");
        }
    }
}

impl Pass {
    /// Does some work while the pass holds. Work is dropped when the pass is lost, because the database
    /// has not answered for as long as it counts, or another process has taken it.
    pub(super) async fn hold<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.lost.cancelled() => None,
        }
    }

    /// Gives the pass back; the next caller can be let through afterwards.
    pub(super) async fn leave(self) {
        drop(self.done);
        // A keeper that panicked has given nothing back; the pass runs out.
        let _ = self.keeper.await;
    }
}
