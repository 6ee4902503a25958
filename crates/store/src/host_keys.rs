//! Host keys that were trusted at first use, for all workers.

use assay_domain::{HostKeys, Result};
use async_trait::async_trait;

use crate::Store;

impl Store {
    /// The host key that is remembered for a power control, as OpenSSH writes it.
    pub async fn host_key(&self, power_control_id: i64) -> Result<Option<String>> {
        read!(self, host_keys::known(power_control_id))
    }

    /// Forgets the host key of a power control; gives whether there was one.
    pub async fn forget_host_key(&self, power_control_id: i64) -> Result<bool> {
        write!(self, host_keys::forget(power_control_id))
    }
}

#[async_trait]
impl HostKeys for Store {
    async fn known(&self, power_control_id: i64) -> Result<Option<String>> {
        self.host_key(power_control_id).await
    }

    async fn remember(&self, power_control_id: i64, key: &str) -> Result<String> {
        let shown = key.to_owned();
        let (kept, is_new) = write!(self, host_keys::remember(power_control_id, &shown))?;
        if is_new {
            tracing::info!(
                power_control = power_control_id,
                key,
                "host key trusted at first use"
            );
        }
        Ok(kept)
    }
}
