//! A node: one machine, one record, whichever dialect writes it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::Timestamp;
use crate::power::PowerState;

/// A machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Key in the store; CloudManager's `id`.
    pub id: i64,
    /// The node's UUID; the inspector's key.
    pub uuid: String,
    /// Host name, unique when set.
    pub name: Option<String>,
    /// Label for people.
    pub title: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Who owns it, free text.
    pub owner: Option<String>,
    /// Whether it is in use.
    pub active: bool,
    /// 0 out of service, 1 enabled, 2 disabled, 3 alarm, 4 reserved.
    pub condition: i32,
    /// Taken out of every automatic action.
    pub is_reserved: bool,
    /// Protected: what would interrupt its machine is refused, unless it is forced.
    pub is_protected: bool,
    /// Whether it is a controller.
    pub is_controller: bool,
    /// The last power state that was read, if any.
    pub power_state: Option<PowerState>,
    /// The assigned boot image's key.
    pub image_id: Option<i64>,
    /// Class key.
    pub node_class_id: Option<i64>,
    /// Type key.
    pub node_type_id: Option<i64>,
    /// Addresses of the operating system.
    pub ip_addresses: Vec<String>,
    /// The main MAC address as an operator gave it.
    pub mac_address: Option<String>,
    /// Id of the hypervisor in the cloud.
    pub hypervisor_id: Option<String>,
    /// Id of the virtual controller it is bound to.
    pub controller_id: Option<String>,
    /// Kind of that controller.
    pub controller_type: Option<String>,
    /// Place: data centre, 1 to 99.
    pub dtc_number: Option<i32>,
    /// Place: row, 1 to 99.
    pub row_number: Option<i32>,
    /// Place: rack, 1 to 99.
    pub rack_number: Option<i32>,
    /// Place: unit in the rack, 1 to 99.
    pub unit_number: Option<i32>,
    /// Logical CPUs (properties/cpus of the inspector's view).
    pub cpu_amount: Option<i32>,
    /// CPU architecture, e.g. `x86_64`.
    pub cpu_arch: Option<String>,
    /// Memory in MiB (properties/memory_mb).
    pub ram_mb: Option<i64>,
    /// Root disk in GiB (properties/local_gb).
    pub hdd_gb: Option<i64>,
    /// Inventory code, free text.
    pub inventory_code: Option<String>,
    /// System UUID of the machine (SMBIOS), lower case.
    pub system_uuid: Option<String>,
    /// Serial number of the machine.
    pub serial_number: Option<String>,
    /// Address of its BMC, for lookup; textual IP address.
    pub bmc_address: Option<String>,
    /// Free data of CloudManager.
    pub metadata: Map<String, Value>,
    /// Further properties (root_device, inspection_scope, …).
    pub properties: Map<String, Value>,
    /// Capabilities, e.g. boot_mode: uefi.
    pub capabilities: BTreeMap<String, String>,
    /// Traits (`CUSTOM_…`).
    pub traits: BTreeSet<String>,
    /// Free data of rules and hooks.
    pub extra: Map<String, Value>,
    /// When it was enrolled.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Option<Timestamp>,
}

/// A node to enrol; what is not given gets its default in the store.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewNode {
    /// UUID; made by the use case when absent.
    pub uuid: Option<String>,
    /// All that was given.
    pub fields: NodePatch,
    /// Ports known from the start: MAC address and whether it boots from it.
    pub ports: Vec<(String, bool)>,
}

/// A partial change of a node: `None` leaves a field as it is; in a double option, `Some(None)`
/// empties it.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs, reason = "each field is described at Node")]
pub struct NodePatch {
    pub name: Option<Option<String>>,
    pub title: Option<Option<String>>,
    pub description: Option<Option<String>>,
    pub owner: Option<Option<String>>,
    pub active: Option<bool>,
    pub condition: Option<i32>,
    pub is_reserved: Option<bool>,
    pub is_protected: Option<bool>,
    pub is_controller: Option<bool>,
    pub power_state: Option<Option<PowerState>>,
    pub image_id: Option<Option<i64>>,
    pub node_class_id: Option<Option<i64>>,
    pub node_type_id: Option<Option<i64>>,
    pub ip_addresses: Option<Vec<String>>,
    pub mac_address: Option<Option<String>>,
    pub hypervisor_id: Option<Option<String>>,
    pub controller_id: Option<Option<String>>,
    pub controller_type: Option<Option<String>>,
    pub dtc_number: Option<Option<i32>>,
    pub row_number: Option<Option<i32>>,
    pub rack_number: Option<Option<i32>>,
    pub unit_number: Option<Option<i32>>,
    pub cpu_amount: Option<Option<i32>>,
    pub cpu_arch: Option<Option<String>>,
    pub ram_mb: Option<Option<i64>>,
    pub hdd_gb: Option<Option<i64>>,
    pub inventory_code: Option<Option<String>>,
    pub system_uuid: Option<Option<String>>,
    pub serial_number: Option<Option<String>>,
    pub bmc_address: Option<Option<String>>,
    pub metadata: Option<Map<String, Value>>,
    pub properties: Option<Map<String, Value>>,
    pub capabilities: Option<BTreeMap<String, String>>,
    pub traits: Option<BTreeSet<String>>,
    pub extra: Option<Map<String, Value>>,
    pub created_at: Option<Timestamp>,
}

macro_rules! changed {
    ($before:ident, $after:ident, $($field:ident),+ $(,)?) => {
        NodePatch {
            created_at: None,
            $($field: ($before.$field != $after.$field).then(|| $after.$field.clone()),)+
        }
    };
}

impl NodePatch {
    /// What must change so that `before` becomes `after`; key, UUID and times are left out.
    pub fn between(before: &Node, after: &Node) -> Self {
        changed!(
            before,
            after,
            name,
            title,
            description,
            owner,
            active,
            condition,
            is_reserved,
            is_protected,
            is_controller,
            power_state,
            image_id,
            node_class_id,
            node_type_id,
            ip_addresses,
            mac_address,
            hypervisor_id,
            controller_id,
            controller_type,
            dtc_number,
            row_number,
            rack_number,
            unit_number,
            cpu_amount,
            cpu_arch,
            ram_mb,
            hdd_gb,
            inventory_code,
            system_uuid,
            serial_number,
            bmc_address,
            metadata,
            properties,
            capabilities,
            traits,
            extra,
        )
    }
}

/// The fields by which a list of nodes can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is described at Node")]
pub enum NodeField {
    Id,
    ImageId,
    NodeClassId,
    NodeTypeId,
    HypervisorId,
    Name,
    ControllerId,
    ControllerType,
    Description,
    DtcNumber,
    UnitNumber,
    RackNumber,
    RowNumber,
    CpuAmount,
    RamMb,
    HddGb,
    MacAddress,
    Title,
    IsReserved,
    IsController,
    InventoryCode,
    PowerState,
    Owner,
    Active,
    Condition,
}
