//! One BMC of a fleet, whatever it speaks.

use std::net::SocketAddr;
use std::sync::Arc;

use super::fault::FleetFault;
use crate::machine::Machine;
use crate::{Amt, AmtFaults, Bmc, Error, Faults, IpmiBmc, IpmiFaults};

/// What a BMC speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Redfish over HTTPS or HTTP.
    Redfish,
    /// IPMI over LAN (UDP).
    Ipmi,
    /// WS-Management of Intel AMT over HTTPS or HTTP.
    Amt,
}

impl Protocol {
    /// All of them, in the order in which a fleet has them.
    pub const ALL: [Self; 3] = [Self::Redfish, Self::Ipmi, Self::Amt];

    /// The `protocol_type` of its power controls.
    pub fn name(self) -> &'static str {
        match self {
            Self::Redfish => "redfish",
            Self::Ipmi => "ipmi",
            Self::Amt => "intel_amt",
        }
    }

    /// The `control_type` of its power controls.
    pub fn control_type(self) -> &'static str {
        match self {
            Self::Redfish => "Redfish",
            Self::Ipmi => "SupermicroRackDevice",
            Self::Amt => "IntelAMT",
        }
    }

    /// Whether it runs over TLS where a fleet has a certificate.
    pub fn has_tls(self) -> bool {
        self != Self::Ipmi
    }
}

/// One BMC of a fleet.
pub enum FleetBmc {
    /// It speaks Redfish.
    Redfish(Bmc),
    /// It speaks IPMI.
    Ipmi(IpmiBmc),
    /// It speaks Intel AMT.
    Amt(Amt),
}

impl FleetBmc {
    /// What it speaks.
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Redfish(_) => Protocol::Redfish,
            Self::Ipmi(_) => Protocol::Ipmi,
            Self::Amt(_) => Protocol::Amt,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Redfish(bmc) => bmc.address(),
            Self::Ipmi(bmc) => bmc.address(),
            Self::Amt(bmc) => bmc.address(),
        }
    }

    /// The machine it stands before.
    pub fn machine(&self) -> Arc<dyn Machine> {
        match self {
            Self::Redfish(bmc) => bmc.machine(),
            Self::Ipmi(bmc) => bmc.machine(),
            Self::Amt(bmc) => bmc.machine(),
        }
    }

    /// Gives it a fault in place of the ones it has, or none at all.
    pub fn set_fault(&self, fault: Option<FleetFault>) {
        match self {
            Self::Redfish(bmc) => bmc.change_faults(|faults| {
                *faults = fault.map_or_else(Faults::default, FleetFault::redfish);
            }),
            Self::Ipmi(bmc) => bmc.change_faults(|faults| {
                *faults = fault.map_or_else(IpmiFaults::default, FleetFault::ipmi);
            }),
            Self::Amt(bmc) => bmc.change_faults(|faults| {
                *faults = fault.map_or_else(AmtFaults::default, FleetFault::amt);
            }),
        }
    }

    /// How many sessions are open on it; Intel AMT has none.
    pub fn open_sessions(&self) -> usize {
        match self {
            Self::Redfish(bmc) => bmc.counters().open_sessions,
            Self::Ipmi(bmc) => bmc.counters().open_sessions,
            Self::Amt(_) => 0,
        }
    }

    /// Stops listening and switches the machine off.
    pub(super) async fn stop(self) -> Result<(), Error> {
        match self {
            Self::Redfish(bmc) => bmc.stop().await,
            Self::Ipmi(bmc) => bmc.stop().await,
            Self::Amt(bmc) => bmc.stop().await,
        }
    }
}
