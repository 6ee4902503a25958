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
    /// Whether an output is a feed: it gives a machine its mains, so that a machine with several is
    /// off only when all are. Else the device speaks for the machine itself, as a BMC does.
    pub feeds: bool,
}

/// All kinds of devices. The first six are CloudManager's own.
pub const DEVICE_TYPES: [DeviceType; 9] = [
    feed("ET7067", "modbus", 8),
    feed("DaenetIP2", "snmp", 16),
    DeviceType {
        coils: 8,
        ..machine("DaenetIP2_ACPI", "snmp")
    },
    machine("SshDevice", "ssh"),
    machine("IntelAMT", "intel_amt"),
    machine("SupermicroRackDevice", "ipmi"),
    machine("Redfish", "redfish"),
    feed("RackPDU", "snmp", 64),
    machine("Fake", "fake"),
];

const fn feed(control_type: &'static str, protocol_type: &'static str, coils: i32) -> DeviceType {
    DeviceType {
        control_type,
        protocol_type,
        coils,
        feeds: true,
    }
}

const fn machine(control_type: &'static str, protocol_type: &'static str) -> DeviceType {
    DeviceType {
        control_type,
        protocol_type,
        coils: 1,
        feeds: false,
    }
}

/// The device type of that kind and protocol, if Assay knows the pair.
pub fn device_type(control_type: &str, protocol_type: &str) -> Option<DeviceType> {
    DEVICE_TYPES
        .into_iter()
        .find(|known| known.control_type == control_type && known.protocol_type == protocol_type)
}
