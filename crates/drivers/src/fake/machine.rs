//! A machine that exists in memory: its state, and what it has seen.

use std::sync::Arc;

use assay_domain::capability::{BootOverride, EventLogEntry, Health, Identify, SystemInfo};
use assay_domain::{PowerCommand, PowerState};
use parking_lot::Mutex;

use super::facts;

/// The most entries that the event log keeps.
const LOG_LIMIT: usize = 1000;

/// A machine as sessions share it.
pub(super) type Shared = Arc<Mutex<Machine>>;

/// What a machine has seen, for tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Requests, logins among them.
    pub requests: u64,
    /// Logins that were refused.
    pub refused_logins: u64,
    /// Sessions that are open now.
    pub open_sessions: usize,
    /// How the identification light was set last.
    pub light: Option<Identify>,
    /// Power commands that had an effect, in their order.
    pub commands: Vec<PowerCommand>,
}

/// A machine and its BMC.
pub(super) struct Machine {
    pub(super) power: PowerState,
    pub(super) boot: BootOverride,
    pub(super) log: Vec<EventLogEntry>,
    pub(super) system: SystemInfo,
    pub(super) seen: Seen,
    /// Number of the next log entry.
    next_entry: u64,
}

impl Machine {
    /// A machine that is off and boots in its own order. Its identity follows from its name.
    pub(super) fn new(endpoint: &str, output: &str) -> Self {
        Self {
            power: PowerState::Off,
            boot: OWN_ORDER,
            log: Vec::new(),
            system: facts::system(endpoint, output),
            seen: Seen::default(),
            next_entry: 1,
        }
    }

    /// Carries out a command. One for the state that the machine is in has no effect.
    pub(super) fn obey(&mut self, command: PowerCommand) {
        match command.wanted_state() {
            Some(wanted) if wanted == self.power => return,
            Some(wanted) => self.power = wanted,
            // As a BMC that cuts the power for a moment: whatever it was, it runs afterwards.
            None => self.power = PowerState::On,
        }
        if self.power == PowerState::On && !self.boot.persistent {
            self.boot = OWN_ORDER;
        }
        self.seen.commands.push(command);
        self.note(command.as_str());
    }

    fn note(&mut self, text: &str) {
        if self.log.len() >= LOG_LIMIT {
            self.log.remove(0);
        }
        self.log.push(EventLogEntry {
            id: self.next_entry.to_string(),
            at: None,
            subject: "Power".into(),
            text: text.into(),
            severity: Some(Health::Ok),
        });
        self.next_entry += 1;
    }
}

/// No override.
const OWN_ORDER: BootOverride = BootOverride {
    device: None,
    persistent: false,
    mode: None,
};

#[cfg(test)]
mod tests {
    use assay_domain::capability::BootDevice;

    use super::*;

    #[test]
    fn an_override_holds_for_one_boot_and_the_log_has_an_end() {
        let mut machine = Machine::new("fake:1", "1");
        machine.boot.device = Some(BootDevice::Network);
        machine.obey(PowerCommand::Off);
        assert!(machine.seen.commands.is_empty(), "it was off");
        machine.obey(PowerCommand::On);
        assert_eq!(machine.boot, OWN_ORDER);
        for _ in 0..LOG_LIMIT + 5 {
            machine.obey(PowerCommand::Reset);
        }
        assert_eq!(machine.log.len(), LOG_LIMIT);
        assert_eq!(machine.log[0].id, "7");
    }
}
