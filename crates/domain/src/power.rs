//! Power: the state of a machine, the commands to change it, and the record of who gave them.

use std::str::FromStr;

use crate::Timestamp;
use crate::error::{Error, Result};

/// Whether a machine has power, as its BMC says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerState {
    /// The machine runs.
    On,
    /// The machine is off (its BMC is not).
    Off,
}

impl PowerState {
    /// The state's name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl FromStr for PowerState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            other => Err(Error::internal(format!("unknown power state '{other}'"))),
        }
    }
}

/// A change of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerCommand {
    /// Switch on; done when it is on already.
    On,
    /// Switch off at once; done when it is off already.
    Off,
    /// Restart at once. Its outcome cannot be read back, so it is never repeated.
    Reset,
    /// Ask the operating system to shut down.
    Shutdown,
}

impl PowerCommand {
    /// The command's name in the store and in histories.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "power_on",
            Self::Off => "power_off",
            Self::Reset => "reset",
            Self::Shutdown => "shutdown",
        }
    }

    /// The state that proves the command done; a reset has none.
    pub fn wanted_state(self) -> Option<PowerState> {
        match self {
            Self::On => Some(PowerState::On),
            Self::Off | Self::Shutdown => Some(PowerState::Off),
            Self::Reset => None,
        }
    }
}

impl FromStr for PowerCommand {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::On, Self::Off, Self::Reset, Self::Shutdown]
            .into_iter()
            .find(|command| command.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown power command '{text}'")))
    }
}

/// How far a power action has come. The intent is stored before anything is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerActionState {
    /// Wanted, nothing sent yet.
    Intended,
    /// About to be sent, or sent; what became of it is not known yet.
    Sent,
    /// The device did it.
    Done,
    /// It did not happen, and why is kept.
    Failed,
    /// It was sent and nobody can tell whether it happened.
    Unknown,
}

impl PowerActionState {
    /// The state's name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for PowerActionState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [
            Self::Intended,
            Self::Sent,
            Self::Done,
            Self::Failed,
            Self::Unknown,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
        .ok_or_else(|| Error::internal(format!("unknown power action state '{text}'")))
    }
}

/// A power command given to a node: who gave it, when, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerAction {
    /// Key in the store.
    pub id: i64,
    /// The node's key.
    pub node_id: i64,
    /// What was asked.
    pub command: PowerCommand,
    /// How far it has come.
    pub state: PowerActionState,
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked.
    pub user_name: String,
    /// When it was asked for.
    pub start_time: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}
