//! What an IPMI BMC has seen.

use std::collections::BTreeMap;
use std::time::SystemTime;

use assay_ipmi::command::chassis::Control;

/// Counts since the BMC started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IpmiCounters {
    /// Datagrams that arrived.
    pub datagrams: u64,
    /// Commands by network function and number, those outside of sessions included.
    pub commands: BTreeMap<(u8, u8), u64>,
    /// Every Chassis Control that was asked for, in order.
    pub controls: Vec<ControlSeen>,
    /// Sessions opened.
    pub logins: u64,
    /// Wrong names and wrong passwords.
    pub failed_logins: u64,
    /// Sessions refused because the table was full.
    pub refused_sessions: u64,
    /// Sessions that nobody used or closed until their time was over.
    pub expired_sessions: u64,
    /// Sessions open now.
    pub open_sessions: usize,
    /// The most sessions that were ever open at once.
    pub most_sessions: usize,
    /// Power changes that the machine did not obey.
    pub disobeyed: u64,
}

/// A Chassis Control that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlSeen {
    /// What it was to do.
    pub control: Control,
    /// When it arrived.
    pub at: SystemTime,
}

impl IpmiCounters {
    /// How many of this control were asked for.
    pub fn controls(&self, control: Control) -> usize {
        let seen = self.controls.iter();
        seen.filter(|seen| seen.control == control).count()
    }
}
