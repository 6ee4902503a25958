//! A reset: sent at most once, since its outcome cannot be read back.

use assay_domain::capability::SendError;
use assay_domain::{DriverError, PowerCommand, Target};

use super::Gate;
use super::power::power_of;

/// What became of a reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResetOutcome {
    /// The device took it.
    Done,
    /// It certainly did not happen: nothing was sent, or the device said no.
    NotSent(DriverError),
    /// It was sent, and nobody can tell whether it happened; it must not be repeated.
    Unknown(DriverError),
}

impl Gate {
    /// Restarts a machine at once. Connecting is repeated when it fails; the reset itself is sent
    /// once or not at all. If the returned future is dropped, the outcome is unknown.
    pub async fn reset_once(&self, target: &Target, protocol: &str) -> ResetOutcome {
        let open = match self.open(target, protocol, self.limits).await {
            Ok(open) => open,
            Err(error) => return ResetOutcome::NotSent(error),
        };
        let sent = match power_of(open.session.as_ref(), &open.peer) {
            Ok(power) => self.limited_send(&open, power, PowerCommand::Reset).await,
            Err(error) => Err(SendError::NotSent(error)),
        };
        let (outcome, error) = match sent {
            Ok(()) => (ResetOutcome::Done, Ok(())),
            Err(SendError::NotSent(error)) => (ResetOutcome::NotSent(error.clone()), Err(error)),
            Err(SendError::Unknown(error)) => (ResetOutcome::Unknown(error.clone()), Err(error)),
        };
        // Only for the session's end and the gate: the outcome says the rest.
        let _ = self.finish(target, open, error).await;
        outcome
    }
}
