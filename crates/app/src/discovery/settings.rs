//! Settings of discovery.

use std::time::Duration;

use serde::Deserialize;

/// Whether and how unknown machines that boot are taken in. All numbers are for the whole fleet.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscoverySettings {
    /// Whether they are. If not, an unknown machine boots from its next device.
    pub enabled: bool,
    /// Unknown machines that may boot the ramdisk, or report without having done so, per minute.
    pub per_minute: u32,
    /// Unknown machines whose report is awaited, and reports that wait for a decision, at one time.
    pub max_waiting: u32,
    /// One report of an unknown machine, in bytes.
    pub max_report_bytes: u64,
    /// How long a report that waits for a decision is kept, and the record of the decision.
    #[serde(deserialize_with = "crate::settings::seconds")]
    pub keep_held: Duration,
}

impl Default for DiscoverySettings {
    fn default() -> Self {
        Self {
            enabled: false,
            per_minute: 60,
            max_waiting: 100,
            max_report_bytes: 4 << 20,
            keep_held: Duration::from_secs(7 * 24 * 3600),
        }
    }
}
