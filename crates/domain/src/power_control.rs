//! A power control: a BMC, PDU or relay that switches machines.

use crate::Timestamp;
use crate::secret::Secret;

/// A BMC, PDU or relay, and how to reach it.
#[derive(Clone, PartialEq)]
pub struct PowerControl {
    /// Key in the store.
    pub id: i64,
    /// Label; `protocol://type@host:port` when none was given.
    pub title: String,
    /// Kind of device, e.g. `Redfish`, `SupermicroRackDevice`.
    pub control_type: String,
    /// Protocol, e.g. `redfish`, `ipmi`.
    pub protocol_type: String,
    /// Host name or address.
    pub host: String,
    /// TCP or UDP port, 1 to 65535.
    pub port_number: i32,
    /// Login name.
    pub login: Option<String>,
    /// Password; encrypted at rest.
    pub password: Option<Secret>,
    /// Private key (PEM) for ssh; encrypted at rest.
    pub ssh_key: Option<Secret>,
    /// Settings of the driver, e.g. `tls` and `system_id` for Redfish.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// Why the device refused our credentials, and since when; no further attempt until they change.
    pub refused: Option<String>,
    /// When it was created.
    pub time_created: Timestamp,
    /// When it was changed last.
    pub time_updated: Option<Timestamp>,
}

/// A partial change of a power control: `None` leaves a field as it is.
#[derive(Clone, Default)]
#[allow(missing_docs, reason = "each field is described at PowerControl")]
pub struct PowerControlPatch {
    pub title: Option<String>,
    pub control_type: Option<String>,
    pub protocol_type: Option<String>,
    pub host: Option<String>,
    pub port_number: Option<i32>,
    pub login: Option<Option<String>>,
    pub password: Option<Option<Secret>>,
    pub ssh_key: Option<Option<Secret>>,
    pub settings: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The fields by which a list of power controls can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is described at PowerControl")]
pub enum PowerControlField {
    Id,
    TimeCreated,
    Title,
    ControlType,
    ProtocolType,
    Host,
    PortNumber,
}

/// A power control that is assigned to a node: which of its outputs feeds the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePowerControl {
    /// The node's key.
    pub node_id: i64,
    /// The node's name.
    pub node_name: Option<String>,
    /// The node's last known power state.
    pub node_power_state: Option<crate::PowerState>,
    /// The power control's key.
    pub power_control_id: i64,
    /// The output's name, mostly a number from 1.
    pub port: String,
    /// Whether the node's power actions use this one.
    pub is_default: bool,
    /// Whether the device has answered through this assignment at least once.
    pub is_initialized: bool,
}

/// A kind of device that Assay knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceType {
    /// Kind of device.
    pub control_type: &'static str,
    /// Its protocol.
    pub protocol_type: &'static str,
    /// How many outputs it has.
    pub coils: i32,
}

/// All kinds of devices. The first six are CloudManager's own; a kind whose driver this build does
/// not have can be recorded, and a command to it is answered as unsupported.
pub const DEVICE_TYPES: [DeviceType; 7] = [
    DeviceType {
        control_type: "ET7067",
        protocol_type: "modbus",
        coils: 8,
    },
    DeviceType {
        control_type: "DaenetIP2",
        protocol_type: "snmp",
        coils: 16,
    },
    DeviceType {
        control_type: "DaenetIP2_ACPI",
        protocol_type: "snmp",
        coils: 8,
    },
    DeviceType {
        control_type: "SshDevice",
        protocol_type: "ssh",
        coils: 1,
    },
    DeviceType {
        control_type: "IntelAMT",
        protocol_type: "intel_amt",
        coils: 1,
    },
    DeviceType {
        control_type: "SupermicroRackDevice",
        protocol_type: "ipmi",
        coils: 1,
    },
    DeviceType {
        control_type: "Redfish",
        protocol_type: "redfish",
        coils: 1,
    },
];

/// The device type of that kind and protocol, if Assay knows the pair.
pub fn device_type(control_type: &str, protocol_type: &str) -> Option<DeviceType> {
    DEVICE_TYPES
        .into_iter()
        .find(|known| known.control_type == control_type && known.protocol_type == protocol_type)
}
