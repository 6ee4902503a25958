//! The capability to read and clear the device's log of events.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::sensors::Health;
use crate::Timestamp;
use crate::driver::DriverError;

/// One entry of a device's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLogEntry {
    /// Its number or name in the log.
    pub id: String,
    /// When, by the device's clock; none when it had no time then.
    pub at: Option<Timestamp>,
    /// What it is about, e.g. a sensor's name.
    pub subject: String,
    /// What happened.
    pub text: String,
    /// How it is to be taken; none when the device does not tell.
    pub severity: Option<Health>,
}

/// Reads and clears the log.
#[async_trait]
pub trait EventLogCapability: Send + Sync {
    /// All entries, the oldest first.
    async fn event_log(&self) -> Result<Vec<EventLogEntry>, DriverError>;

    /// Removes all entries.
    async fn clear_event_log(&self) -> Result<(), DriverError>;
}
