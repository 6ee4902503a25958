//! The capability to read and change a machine's power.

use std::time::Duration;

use async_trait::async_trait;

use crate::driver::DriverError;
use crate::power::{PowerCommand, PowerState};

/// Reads and changes the power of the machine behind a session.
#[async_trait]
pub trait PowerCapability: Send + Sync {
    /// The power state as the device says now.
    async fn power_state(&self) -> Result<PowerState, DriverError>;

    /// Sends the command, once. The device may answer seconds before the state changes.
    async fn send(&self, command: PowerCommand) -> Result<(), DriverError>;

    /// Polls until the machine is in `wanted` or `limit` has passed.
    ///
    /// # Errors
    /// [`DriverError::TimedOut`] when the limit passes first.
    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError>;
}
