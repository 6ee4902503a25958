//! No admission: somebody else decides whom the DHCP server serves.

use assay_domain::admission::{AdmissionError, PxeAdmission, Wanted};
use async_trait::async_trait;

/// The driver `none`.
#[derive(Debug, Clone, Copy, Default)]
pub struct None;

#[async_trait]
impl PxeAdmission for None {
    fn name(&self) -> &'static str {
        "none"
    }

    fn is_active(&self) -> bool {
        false
    }

    async fn apply(&self, _wanted: &Wanted) -> Result<(), AdmissionError> {
        Ok(())
    }

    async fn is_disturbed(&self) -> bool {
        false
    }
}
