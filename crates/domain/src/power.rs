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

    /// Whether it takes a running machine away from those who use it.
    pub fn interrupts(self) -> bool {
        !matches!(self, Self::On)
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

/// What a machine's power is doing while a command is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PowerTransition {
    /// It is being switched on.
    TurningOn,
    /// It is being switched off, at once or by its operating system.
    TurningOff,
    /// It is being restarted.
    Rebooting,
}

impl PowerTransition {
    /// The transition's name in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TurningOn => "turning_on",
            Self::TurningOff => "turning_off",
            Self::Rebooting => "rebooting",
        }
    }
}

impl From<PowerCommand> for PowerTransition {
    fn from(command: PowerCommand) -> Self {
        match command {
            PowerCommand::On => Self::TurningOn,
            PowerCommand::Off | PowerCommand::Shutdown => Self::TurningOff,
            PowerCommand::Reset => Self::Rebooting,
        }
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
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::Intended,
        Self::Sent,
        Self::Done,
        Self::Failed,
        Self::Unknown,
    ];

    /// Whether nothing more happens to the action.
    pub fn is_final(self) -> bool {
        match self {
            Self::Intended | Self::Sent => false,
            Self::Done | Self::Failed | Self::Unknown => true,
        }
    }

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
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown power action state '{text}'")))
    }
}

/// One output of a power control.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OutputRef {
    /// The power control's key.
    pub power_control_id: i64,
    /// The output's name, mostly a number from 1.
    pub port: String,
}

/// A power command given to a node or to one output: who gave it, when, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerAction {
    /// Key in the store.
    pub id: i64,
    /// The node's key; none for an output that feeds no node.
    pub node_id: Option<i64>,
    /// The one output that is switched; none when the whole node is.
    pub output: Option<OutputRef>,
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
    /// The UUID of the task that does it; none for actions of versions that did not keep it.
    pub task: Option<String>,
    /// The UUID of the request for many nodes that it came with.
    pub batch: Option<String>,
}

impl PowerAction {
    /// What the node's power is doing because of this action; none when it has ended, or when it
    /// is about one output.
    pub fn transition(&self) -> Option<PowerTransition> {
        (!self.state.is_final() && self.output.is_none()).then(|| self.command.into())
    }

    /// What was acted on, for people.
    pub fn subject(&self) -> String {
        match (&self.output, self.node_id) {
            (Some(output), _) => format!(
                "output {} of power control {}",
                output.port, output.power_control_id
            ),
            (None, Some(node)) => format!("node {node}"),
            (None, None) => "nothing".to_owned(),
        }
    }
}
