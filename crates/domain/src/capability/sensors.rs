//! The capability to read sensors.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::driver::DriverError;

/// How a sensor's reading is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Within its limits.
    Ok,
    /// Past a limit that wants attention.
    Warning,
    /// Past a limit that harms, or will.
    Critical,
}

/// One sensor as the device shows it now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensor {
    /// Its name, unique on the device.
    pub name: String,
    /// What it measures, in the field's words: temperature, voltage, current, fan, power, or the
    /// device's own word.
    pub kind: String,
    /// The reading; none when the sensor has states only, or none now.
    pub value: Option<f64>,
    /// Its unit as SI writes it, e.g. `°C`, `V`, `W`; RPM for fans; empty without one.
    pub unit: String,
    /// The states that are asserted, in words.
    pub states: Vec<String>,
    /// How it is to be taken; none when the device cannot tell.
    pub health: Option<Health>,
}

/// Reads sensors.
#[async_trait]
pub trait SensorCapability: Send + Sync {
    /// All sensors, in the device's order.
    async fn sensors(&self) -> Result<Vec<Sensor>, DriverError>;
}
