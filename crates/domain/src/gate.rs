//! What all callers of one BMC share: the breaker on refused credentials.

use async_trait::async_trait;

use crate::error::Result;

/// The state of a device's gate, kept where all workers see it.
#[async_trait]
pub trait GateState: Send + Sync {
    /// Why the gate of this power control is shut, if it is.
    async fn refused(&self, power_control_id: i64) -> Result<Option<String>>;

    /// Shuts the gate: the device refused our credentials. It opens when they are changed.
    async fn refuse(&self, power_control_id: i64, reason: &str) -> Result<()>;
}
