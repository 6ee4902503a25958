//! The capability to read and change a machine's power.

use std::time::Duration;

use async_trait::async_trait;

use crate::driver::DriverError;
use crate::power::{PowerCommand, PowerState};

/// Why a power command did not go through, and whether it can have had an effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The device certainly did not act: nothing was sent, or it said no.
    #[error(transparent)]
    NotSent(DriverError),
    /// The command was sent and no answer tells what became of it.
    #[error("it may have been carried out: {0}")]
    Unknown(DriverError),
}

impl SendError {
    /// The device's error alone.
    pub fn into_inner(self) -> DriverError {
        match self {
            Self::NotSent(error) | Self::Unknown(error) => error,
        }
    }
}

/// Reads and changes the power of the machine behind a session.
#[async_trait]
pub trait PowerCapability: Send + Sync {
    /// The power state as the device says now.
    async fn power_state(&self) -> Result<PowerState, DriverError>;

    /// Sends the command, once; nothing is sent when the machine is in the wanted state already.
    /// The device may answer seconds before the state changes.
    async fn send(&self, command: PowerCommand) -> Result<(), SendError>;

    /// Polls until the machine is in `wanted` or `limit` has passed.
    ///
    /// # Errors
    /// [`DriverError::TimedOut`] when the limit passes first.
    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError>;
}
