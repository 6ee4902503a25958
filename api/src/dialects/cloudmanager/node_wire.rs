//! A node as CloudManager shows it.

use std::collections::{BTreeMap, BTreeSet};

use assay_app::{NodeDetail, NodeHypervisor};
use assay_domain::node_class::{NodeClass as Class, NodeImage, NodeType};
use assay_domain::{NodePowerControl, PowerControl, PowerState};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::dialects::age;

use super::availability_storage_wire::NodeStorage;
use super::iso;
use super::os_hypervisor::OsHypervisor;

/// A thing that is named by key and name.
#[derive(Serialize, ToSchema)]
pub(super) struct Named {
    /// Key.
    #[schema(example = 1)]
    pub(super) id: i64,
    /// Name.
    #[schema(example = "default")]
    pub(super) name: String,
}

impl From<NodeImage> for Named {
    fn from(image: NodeImage) -> Self {
        let NodeImage { id, name } = image;
        Self { id, name }
    }
}

impl From<NodeType> for Named {
    fn from(kind: NodeType) -> Self {
        Self {
            id: kind.id,
            name: kind.name,
        }
    }
}

/// A node's class.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeClass {
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// Whether new nodes get it.
    is_default: bool,
    /// Name.
    #[schema(example = "hypervisor")]
    name: String,
    /// Its types; shown below a power control only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) node_types: Option<Vec<Named>>,
}

impl From<Class> for NodeClass {
    fn from(class: Class) -> Self {
        Self {
            id: class.id,
            is_default: class.is_default,
            name: class.name,
            node_types: None,
        }
    }
}

/// A power control that feeds a node.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct NodeControl {
    /// Whether the node's power actions use it.
    is_default: bool,
    /// Whether the device has answered at least once.
    is_initialized: bool,
    /// The power control's key.
    #[schema(example = 1)]
    power_control_id: i64,
    /// Kind of device.
    #[schema(example = "Redfish")]
    control_type: String,
    /// The power control's label.
    power_control_title: String,
    /// The output that feeds the node.
    #[schema(example = "1")]
    power_control_port: String,
    /// Protocol.
    #[schema(example = "redfish")]
    protocol_type: String,
}

impl From<(NodePowerControl, PowerControl)> for NodeControl {
    fn from((assignment, control): (NodePowerControl, PowerControl)) -> Self {
        Self {
            is_default: assignment.is_default,
            is_initialized: assignment.is_initialized,
            power_control_id: control.id,
            control_type: control.control_type,
            power_control_title: control.title,
            power_control_port: assignment.port,
            protocol_type: control.protocol_type,
        }
    }
}

/// A node.
#[derive(Serialize, ToSchema)]
#[schema(as = Node)]
pub(super) struct NodeWire {
    /// Whether it is in use.
    active: bool,
    /// Availability storages that it can reach, by key; absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    availability_storages: Vec<NodeStorage>,
    /// 0 out of service, 1 enabled, 2 disabled, 3 alarm, 4 reserved.
    #[schema(minimum = 0, maximum = 4)]
    condition: i32,
    /// The virtual controller that it is bound to.
    controller_id: Option<String>,
    /// Kind of that controller.
    controller_type: Option<String>,
    /// When it was created, UTC.
    #[schema(example = "2018-10-24T12:12:02")]
    created_at: String,
    /// Logical CPUs.
    cpu_amount: Option<i32>,
    /// How far the hypervisor oversubscribes its CPUs, with `with_os_object`; null where no cloud
    /// tells.
    cpu_allocation_ratio: Option<f64>,
    /// Free text.
    description: Option<String>,
    /// Place: data centre.
    dtc_number: Option<i32>,
    /// Root disk in GiB.
    hdd_gb: Option<i64>,
    /// Id of the hypervisor in the cloud.
    hypervisor_id: Option<String>,
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// Boot image.
    image: Option<Named>,
    /// The boot image's key, as it is written.
    image_id: Option<i64>,
    /// Inventory code.
    inventory_code: Option<String>,
    /// Addresses of the operating system.
    ip_addresses: Vec<String>,
    /// Whether it is a controller.
    is_controller: bool,
    /// Whether it is taken out of automatic actions.
    is_reserved: bool,
    /// Main MAC address.
    mac_address: Option<String>,
    /// Free data, e.g. `cpu_benchmark`; absent when there is none.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Option<Object>)]
    metadata: Map<String, Value>,
    /// Host name.
    #[schema(example = "node1.example.org")]
    name: Option<String>,
    /// In the single view only, when it is known: the iSCSI targets that the node's host had sessions with
    /// when it was looked last, by the name of the node that has the storage's address, or else by that
    /// address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<BTreeMap<String, Vec<String>>>,
        example = json!({"storage1.example.org": ["iqn.2010-10.org.openstack:volume-9ce44bf8-f981-45b8-8ef4-8120f4761420"]})
    )]
    pub(super) nas: Option<BTreeMap<String, BTreeSet<String>>>,
    /// Class.
    pub(super) node_class: Option<NodeClass>,
    /// Power controls that feed it.
    pub(super) node_controls: Vec<NodeControl>,
    /// Type within the class.
    node_type: Option<Named>,
    /// Whether NodeSafe is enabled: what would interrupt the machine is refused (an addition of
    /// Assay).
    nodesafe: bool,
    /// Who owns it.
    owner: Option<String>,
    /// power_on, power_off, or null when it was never read.
    #[schema(value_type = Option<String>, example = "power_off")]
    power_state: Option<&'static str>,
    /// How old the last reading of the power state is, in seconds (an addition of Assay).
    #[schema(example = 12)]
    power_state_age: Option<i64>,
    /// When the power state was read last, UTC (an addition of Assay).
    #[schema(example = "2018-10-25T06:31:36")]
    power_state_observed_at: Option<String>,
    /// turning_on, turning_off or rebooting while a power command is under way (an addition of
    /// Assay).
    #[schema(value_type = Option<String>, example = "turning_on")]
    power_transition: Option<&'static str>,
    /// Place: rack.
    rack_number: Option<i32>,
    /// Memory in MiB.
    ram_mb: Option<i64>,
    /// How far the hypervisor oversubscribes its memory, with `with_os_object`; null where no cloud
    /// tells.
    ram_allocation_ratio: Option<f64>,
    /// Place: row.
    row_number: Option<i32>,
    /// Label.
    title: Option<String>,
    /// Place: unit in the rack.
    unit_number: Option<i32>,
    /// UUID, by which the inspector's API names the node (an addition of Assay).
    #[schema(example = "5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b")]
    uuid: String,
    /// With `with_os_object`: the hypervisor that the cloud has on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    os_hypervisor: Option<OsHypervisor>,
    /// With `with_hwinfo`: the inventory of the last introspection.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(super) hwinfo: Option<Box<RawValue>>,
}

impl From<NodeDetail> for NodeWire {
    fn from(detail: NodeDetail) -> Self {
        let NodeDetail {
            node,
            class,
            node_type,
            image,
            controls,
            ports: _,
            storages,
            under_way,
            power_observed_at,
        } = detail;
        Self {
            active: node.active,
            availability_storages: storages.into_iter().map(NodeStorage::from).collect(),
            condition: node.condition,
            controller_id: node.controller_id,
            controller_type: node.controller_type,
            created_at: iso(node.created_at),
            cpu_amount: node.cpu_amount,
            cpu_allocation_ratio: None,
            description: node.description,
            dtc_number: node.dtc_number,
            hdd_gb: node.hdd_gb,
            hypervisor_id: node.hypervisor_id,
            id: node.id,
            image: image.map(Named::from),
            image_id: node.image_id,
            inventory_code: node.inventory_code,
            ip_addresses: node.ip_addresses,
            is_controller: node.is_controller,
            is_reserved: node.is_reserved,
            mac_address: node.mac_address,
            metadata: node.metadata,
            name: node.name,
            nas: None,
            node_class: class.map(NodeClass::from),
            node_controls: controls.into_iter().map(NodeControl::from).collect(),
            nodesafe: node.is_protected,
            node_type: node_type.map(Named::from),
            owner: node.owner,
            power_state: node.power_state.map(power_state),
            power_state_age: power_observed_at.map(age),
            power_state_observed_at: power_observed_at.map(iso),
            power_transition: under_way.map(|change| change.transition.as_str()),
            rack_number: node.rack_number,
            ram_mb: node.ram_mb,
            ram_allocation_ratio: None,
            row_number: node.row_number,
            title: node.title,
            unit_number: node.unit_number,
            uuid: node.uuid,
            os_hypervisor: None,
            hwinfo: None,
        }
    }
}

impl NodeWire {
    /// Adds what the cloud says of it.
    pub(super) fn describe(&mut self, known: NodeHypervisor) {
        if let Some(capacity) = &known.capacity {
            self.cpu_allocation_ratio = Some(capacity.cpu_allocation_ratio);
            self.ram_allocation_ratio = Some(capacity.ram_allocation_ratio);
        }
        self.os_hypervisor = Some(known.hypervisor.into());
    }
}

/// A power state in this API's words.
pub(super) fn power_state(state: PowerState) -> &'static str {
    match state {
        PowerState::On => "power_on",
        PowerState::Off => "power_off",
    }
}

/// One node.
#[derive(Serialize, ToSchema)]
pub(super) struct OneNode {
    /// The node.
    pub(super) node: NodeWire,
}

/// A list of nodes.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeList {
    /// The nodes, by key.
    pub(super) nodes: Vec<NodeWire>,
}

/// How many there are.
#[derive(Serialize, ToSchema)]
pub(super) struct Count {
    /// The number.
    #[schema(example = 2)]
    pub(super) count: i64,
}
