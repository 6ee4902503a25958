//! Two writes with a pause between them: a button that is pressed and let go, a relay that is off and
//! on again. Once the first is sent the second is too, whoever stops waiting for it.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::DriverError;
use assay_domain::capability::SendError;
use async_snmp::Oid;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use super::wire::Wire;

/// A write, a pause, and a write that takes the first back.
pub(super) struct Stroke {
    /// What is written first, once.
    pub(super) first: (Oid, i32),
    /// The pause.
    pub(super) pause: Duration,
    /// What is written last, until it is taken.
    pub(super) last: (Oid, i32),
    /// What may be the case when the last write fails, for the error.
    pub(super) left: &'static str,
}

impl Stroke {
    /// Carries it out, as a task of `strokes`: it ends even when the caller goes away.
    ///
    /// # Errors
    /// [`SendError::NotSent`] only when the device refused the first write. When anything after it
    /// fails, or its answer is lost, nobody can tell what the machine made of it; the last write is
    /// made all the same.
    pub(super) async fn run(
        self,
        wire: &Arc<Wire>,
        strokes: &TaskTracker,
    ) -> Result<(), SendError> {
        let task = {
            let wire = Arc::clone(wire);
            strokes.spawn(async move { self.carry_out(&wire).await })
        };
        task.await.unwrap_or_else(|_| {
            Err(SendError::Unknown(
                wire.peer.failed("the command was broken off"),
            ))
        })
    }

    async fn carry_out(self, wire: &Wire) -> Result<(), SendError> {
        let (oid, value) = &self.first;
        let lost = match wire.write(oid, *value).await {
            Ok(()) => None,
            Err(fault) if fault.certainly_not() => return Err(fault.into_send(&wire.peer)),
            Err(fault) => Some(fault),
        };
        sleep(self.pause).await;
        let (oid, value) = &self.last;
        if let Err(fault) = wire.write_surely(oid, *value).await {
            let error = fault.into_driver(&wire.peer);
            tracing::error!(endpoint = wire.peer.endpoint(), %error, "{}", self.left);
            return Err(SendError::Unknown(self.unfinished(wire, &error)));
        }
        match lost {
            None => Ok(()),
            Some(fault) => Err(SendError::Unknown(fault.into_driver(&wire.peer))),
        }
    }

    /// The error of a last write that failed: transient whatever it was, as the first was taken.
    fn unfinished(&self, wire: &Wire, error: &DriverError) -> DriverError {
        wire.peer.failed(format!("{}: {error}", self.left))
    }
}
