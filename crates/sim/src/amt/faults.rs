//! What an AMT device does wrong, or slowly, as data; and what it has seen.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::restart::RestartFault;

/// The faults of one device. The default is none, and an immediate change of power state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AmtFaults {
    /// A power command takes effect this long after its answer.
    pub state_change_delay: Duration,
    /// Every answer is held back this long.
    pub answer_delay: Duration,
    /// Accepts connections and requests, and never answers.
    pub mute: bool,
    /// Takes no password for right.
    pub refuse_credentials: bool,
    /// Resets the connection in place of an answer.
    pub reset_connections: bool,
    /// Closes the connection in place of the answer to a power command, which it carries out.
    pub hang_up_after_command: bool,
    /// Restarts itself while it is asked; connections are closed meanwhile.
    pub restart: Option<RestartFault>,
    /// Cuts its XML off in the middle.
    pub malformed_xml: bool,
    /// A nonce is good for this many requests; `None` for any number.
    pub nonce_uses: Option<u32>,
    /// Does not say that a nonce has run out when it refuses it.
    pub hides_staleness: bool,
    /// Calls every nonce stale, new ones as well.
    pub always_stale: bool,
    /// Answers power commands and does nothing.
    pub ignore_commands: bool,
    /// Ends power commands with this value and does nothing.
    pub return_value: Option<u32>,
    /// The operating system has no agent that could shut it down.
    pub no_graceful: bool,
    /// Does not list the power states that can be asked for, as old firmware.
    pub hides_available: bool,
    /// Classes that it does not have.
    pub missing: Vec<String>,
    /// Denies the account everything but reading.
    pub read_only: bool,
    /// Answers every request that is logged in with this HTTP status and a page of HTML.
    pub status: Option<u16>,
}

/// Counts since the device started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AmtCounters {
    /// Requests that were logged in, by action and class: `Get CIM_Chassis`.
    pub requests: BTreeMap<String, u64>,
    /// Connections taken.
    pub connections: u64,
    /// Requests without a login, each of which got a challenge.
    pub challenges: u64,
    /// Nonces that were answered rightly for the first time.
    pub logins: u64,
    /// Wrong names, passwords or nonce counts.
    pub refused_logins: u64,
    /// Right answers to nonces that had run out.
    pub stale: u64,
    /// Every power command that was asked for, in order.
    pub power_commands: Vec<AmtPowerCommand>,
    /// Power changes that the machine did not obey.
    pub disobeyed: u64,
}

/// A power command that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmtPowerCommand {
    /// The value of the parameter PowerState.
    pub state: u32,
    /// Whether the device answered it with success.
    pub accepted: bool,
}

impl AmtCounters {
    /// How many commands for this power state were accepted.
    pub fn accepted(&self, state: u32) -> usize {
        self.power_commands
            .iter()
            .filter(|command| command.state == state && command.accepted)
            .count()
    }
}
