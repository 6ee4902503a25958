//! A report that a machine's agent sent, and what hooks and rules made of it.

use serde_json::Value;

use crate::Timestamp;

/// Which form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// As the agent sent it.
    Raw,
    /// After the hooks.
    Processed,
}

/// One stored report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Key in the store.
    pub id: i64,
    /// The introspection it belongs to.
    pub introspection_id: i64,
    /// The node's key.
    pub node_id: i64,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Size in bytes as it arrived, before compression.
    pub size: i64,
    /// The data in the form that was asked for; null when that form does not exist yet.
    pub data: Value,
}
