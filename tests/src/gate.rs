//! The state of a gate in memory, for runs without a store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use assay_domain::Result;
use assay_domain::gate::GateState;
use async_trait::async_trait;

/// Refusals by power control.
#[derive(Debug, Default)]
pub struct MemoryState {
    refused: Mutex<HashMap<i64, String>>,
}

#[async_trait]
impl GateState for MemoryState {
    async fn refused(&self, power_control_id: i64) -> Result<Option<String>> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(refused.get(&power_control_id).cloned())
    }

    async fn refuse(&self, power_control_id: i64, reason: &str) -> Result<()> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.insert(power_control_id, reason.to_owned());
        Ok(())
    }
}
