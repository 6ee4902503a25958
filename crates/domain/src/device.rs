//! What a node's device says beside power, how old that is, and what it can be told.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::capability::{BootOverride, EventLogEntry, Identify, ManagementInfo, Part, Sensor};
use crate::error::{Error, Result};

/// A side of a device that is read as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aspect {
    /// Its sensors.
    Sensors,
    /// Its log of events.
    EventLog,
    /// The machine's replaceable parts.
    Parts,
    /// The device itself: firmware, network, accounts.
    Management,
    /// What the machine boots next.
    BootOverride,
}

impl Aspect {
    /// All aspects.
    pub const ALL: [Self; 5] = [
        Self::Sensors,
        Self::EventLog,
        Self::Parts,
        Self::Management,
        Self::BootOverride,
    ];

    /// The aspect's name in the store and in tasks.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sensors => "sensors",
            Self::EventLog => "event_log",
            Self::Parts => "parts",
            Self::Management => "management",
            Self::BootOverride => "boot_override",
        }
    }
}

impl FromStr for Aspect {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|aspect| aspect.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown aspect '{text}' of a device")))
    }
}

/// What a device says of one of its aspects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceFacts {
    /// All sensors.
    Sensors(Vec<Sensor>),
    /// All entries of the log, the oldest first.
    EventLog(Vec<EventLogEntry>),
    /// All parts.
    Parts(Vec<Part>),
    /// The device itself.
    Management(ManagementInfo),
    /// The boot override.
    BootOverride(BootOverride),
}

/// What was read last of one aspect of a node's device.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceReading {
    /// What it said; none when it has never answered.
    pub facts: Option<DeviceFacts>,
    /// When it said so.
    pub observed_at: Option<Timestamp>,
    /// UUID of the task that asked last, or asks now.
    pub task: String,
}

/// What a device can be told beside power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceCommand {
    /// Switches the identification light.
    Identify(Identify),
    /// Removes all entries of the log.
    ClearEventLog,
    /// Sets or clears the boot override.
    SetBootOverride(BootOverride),
}

impl DeviceCommand {
    /// The aspect of the device that is another one afterwards.
    pub fn changes(self) -> Option<Aspect> {
        match self {
            Self::Identify(_) => None,
            Self::ClearEventLog => Some(Aspect::EventLog),
            Self::SetBootOverride(_) => Some(Aspect::BootOverride),
        }
    }
}
