//! Settings of dry runs.

use std::time::Duration;

use serde::Deserialize;

/// How dry runs over many reports are done.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DryRunSettings {
    /// Threads that evaluate reports; 0 for as many as there are processors.
    pub threads: usize,
    /// How long one dry run may take, takeovers by other workers included.
    #[serde(deserialize_with = "crate::settings::seconds")]
    pub time_limit: Duration,
}

impl Default for DryRunSettings {
    fn default() -> Self {
        Self {
            threads: 0,
            time_limit: Duration::from_secs(1800),
        }
    }
}

impl DryRunSettings {
    /// How many threads that is, at least 1.
    pub(super) fn thread_count(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            given => given,
        }
    }
}
