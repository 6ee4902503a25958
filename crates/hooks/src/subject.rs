//! What hooks and rules work on: a node, its ports, and a report about it.

use assay_domain::{Node, Port};
use serde_json::Value;

/// A node with its ports and the report that was received for it. Hooks and rules change all
/// three in memory; the caller compares with what it had and stores the difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The node.
    pub node: Node,
    /// All its ports. New ones have the id 0; ones to delete are taken out.
    pub ports: Vec<Port>,
    /// The report as it arrived; hooks add their findings to it, which makes it the processed one.
    pub data: Value,
}
