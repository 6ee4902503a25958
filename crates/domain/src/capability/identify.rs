//! The capability to show people in front of the rack which machine is meant.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::driver::DriverError;

/// How the identification light is to shine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identify {
    /// Not at all.
    Off,
    /// For this long; devices round to what they can, at most 255 s.
    For(Duration),
    /// Until it is switched off.
    On,
}

/// Switches the identification light.
#[async_trait]
pub trait IdentifyCapability: Send + Sync {
    /// Switches the light.
    async fn identify(&self, how: Identify) -> Result<(), DriverError>;
}
