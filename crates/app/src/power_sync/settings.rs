//! How the power of nodes is read.

use std::time::Duration;

use serde::Deserialize;

use crate::settings::seconds;

/// How the power of nodes is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PowerSyncSettings {
    /// Whether this worker reads the power of nodes.
    pub enabled: bool,
    /// The longest time between two readings of a node that answers: what Assay says of its power is not
    /// older.
    #[serde(deserialize_with = "seconds")]
    pub interval: Duration,
    /// The longest time between two readings of a node that does not answer.
    #[serde(deserialize_with = "seconds")]
    pub longest: Duration,
    /// How long waiting for a device's turn, connecting, and its answer may take, each.
    #[serde(deserialize_with = "seconds")]
    pub read_limit: Duration,
    /// Nodes that answered last and are read at a time by one worker; of the others as many again.
    pub in_flight: usize,
    /// How long somebody who asks for a reading waits for it.
    #[serde(deserialize_with = "seconds")]
    pub answer_wait: Duration,
}

impl Default for PowerSyncSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: Duration::from_secs(60),
            longest: Duration::from_secs(600),
            read_limit: Duration::from_secs(5),
            in_flight: 256,
            answer_wait: Duration::from_secs(15),
        }
    }
}
