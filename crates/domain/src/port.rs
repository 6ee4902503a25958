//! A network port of a node.

use serde_json::{Map, Value};

/// A network port of a node, identified by its MAC address.
#[derive(Debug, Clone, PartialEq)]
pub struct Port {
    /// Key in the store; 0 for a port that is not stored yet.
    pub id: i64,
    /// The port's UUID.
    pub uuid: String,
    /// The node's key.
    pub node_id: i64,
    /// MAC address, lower case with colons; unique in the installation.
    pub address: String,
    /// Whether the machine boots from this port.
    pub pxe_enabled: bool,
    /// Switch, port and switch name as LLDP told (`switch_id`, `port_id`, `switch_info`).
    pub local_link_connection: Map<String, Value>,
    /// Free data, e.g. `client-id` of InfiniBand.
    pub extra: Map<String, Value>,
}
