//! Settings of the signs of life of nodes' hosts.

use std::time::Duration;

use assay_domain::{Error, Result};
use serde::Deserialize;

use crate::settings::seconds;

/// How many signs a host may miss at least before it counts as silent.
const FEWEST_MISSED: u32 = 3;

/// Signs of life that hosts write to their availability storages, and what is made of their silence.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeartbeatSettings {
    /// Whether this worker may watch: it has the storages at their controller paths.
    pub watch: bool,
    /// The time between two signs of a host, and between two looks at the storages.
    #[serde(deserialize_with = "seconds")]
    pub interval: Duration,
    /// How long a host does not write to a storage until it counts as silent there; at least three
    /// intervals.
    #[serde(deserialize_with = "seconds")]
    pub silence: Duration,
    /// Whether hosts that are silent on all their storages, and cannot be reached, are evacuated.
    pub evacuate: bool,
    /// How many hosts are being evacuated for their silence at a time, at most.
    pub at_once: usize,
}

impl Default for HeartbeatSettings {
    fn default() -> Self {
        Self {
            watch: false,
            interval: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            evacuate: false,
            at_once: 1,
        }
    }
}

impl HeartbeatSettings {
    /// Checks what a configuration says.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a silence that is too short, and for an evacuation of none at a time.
    pub fn check(&self) -> Result<()> {
        if self.silence < self.interval * FEWEST_MISSED {
            return Err(Error::invalid(format!(
                "silence is shorter than {FEWEST_MISSED} intervals"
            )));
        }
        if self.at_once == 0 {
            return Err(Error::invalid("at_once is not at least 1"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_takes_several_missed_signs() {
        let good = HeartbeatSettings::default();
        assert_eq!(good.check(), Ok(()));
        let hasty = HeartbeatSettings {
            silence: Duration::from_secs(29),
            ..good.clone()
        };
        assert!(hasty.check().is_err());
        let idle = HeartbeatSettings { at_once: 0, ..good };
        assert!(idle.check().is_err());
    }
}
