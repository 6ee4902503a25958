//! Host keys of devices that were trusted at first use, kept where all workers see them.

use async_trait::async_trait;

use crate::error::Result;

/// The first host key that each power control's device showed. A key is text as OpenSSH writes it: the
/// algorithm and the base64 of the key, without a comment.
///
/// It belongs to the device at an address: whoever keeps it forgets it when the power control's host or
/// port changes, and when an operator says that the device was replaced.
#[async_trait]
pub trait HostKeys: Send + Sync {
    /// The key that is remembered for this power control, if there is one.
    async fn known(&self, power_control_id: i64) -> Result<Option<String>>;

    /// Remembers a key unless one is remembered already (compare-and-set), and gives the one that is
    /// remembered afterwards: of two workers that meet a device at once, both go by the same key.
    async fn remember(&self, power_control_id: i64, key: &str) -> Result<String>;
}
