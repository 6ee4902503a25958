//! The phases that an introspected machine passes, each stamped once.

use std::str::FromStr;

use crate::Timestamp;
use crate::error::{Error, Result};

/// A phase of an introspection, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The BMC has set the boot device and switched the machine on.
    Power,
    /// The machine asked for its boot script and got one.
    BootScript,
    /// The machine loaded the kernel.
    Kernel,
    /// The machine loaded the initramfs.
    Initramfs,
    /// The agent runs and reaches Assay.
    Agent,
    /// The agent has collected the inventory.
    Collectors,
    /// The report arrived at /v1/continue and is stored.
    Callback,
    /// The inspection hooks have run.
    Hooks,
    /// The rules have run.
    Rules,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Self; 9] = [
        Self::Power,
        Self::BootScript,
        Self::Kernel,
        Self::Initramfs,
        Self::Agent,
        Self::Collectors,
        Self::Callback,
        Self::Hooks,
        Self::Rules,
    ];

    /// The phase's name in the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::BootScript => "boot_script",
            Self::Kernel => "kernel",
            Self::Initramfs => "initramfs",
            Self::Agent => "agent",
            Self::Collectors => "collectors",
            Self::Callback => "callback",
            Self::Hooks => "hooks",
            Self::Rules => "rules",
        }
    }

    /// The sentence for an operator when this is the first phase that never came.
    pub fn missing_reason(self) -> &'static str {
        match self {
            Self::Power => "the BMC did not switch the machine on",
            Self::BootScript => {
                "the machine is on but never asked for its boot script (DHCP, cable, boot order or network card)"
            }
            Self::Kernel => "the machine got its boot script but never loaded the kernel",
            Self::Initramfs => "the machine loaded the kernel but never the initramfs",
            Self::Agent => "kernel and initramfs were loaded but the agent never reached Assay",
            Self::Collectors => "the agent started but never finished collecting the inventory",
            Self::Callback => "the agent collected the inventory but its report never arrived",
            Self::Hooks => "the report arrived but the hooks did not finish",
            Self::Rules => "the hooks ran but the rules did not finish",
        }
    }

    /// The first phase that is not in `stamped`, counting a phase as passed when a later one is.
    pub fn first_missing(stamped: &[Self]) -> Option<Self> {
        match stamped.iter().max() {
            None => Some(Self::Power),
            Some(last) => Self::ALL.into_iter().find(|phase| phase > last),
        }
    }
}

impl FromStr for Phase {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|phase| phase.as_str() == text)
            .ok_or_else(|| Error::invalid(format!("unknown phase '{text}'")))
    }
}

/// When a phase of an introspection was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseStamp {
    /// Which phase.
    pub phase: Phase,
    /// When it was reached first.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::Phase;

    #[test]
    fn the_first_missing_phase_follows_the_last_one_reached() {
        assert_eq!(Phase::first_missing(&[]), Some(Phase::Power));
        assert_eq!(
            Phase::first_missing(&[Phase::Power]),
            Some(Phase::BootScript)
        );
        assert_eq!(
            Phase::first_missing(&[Phase::Power, Phase::Agent]),
            Some(Phase::Collectors)
        );
        assert_eq!(Phase::first_missing(&[Phase::Rules]), None);
    }

    #[test]
    fn names_round_trip() {
        for phase in Phase::ALL {
            assert_eq!(phase.as_str().parse::<Phase>().unwrap(), phase);
        }
    }
}
