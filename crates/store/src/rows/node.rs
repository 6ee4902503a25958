//! Rows of the table of nodes.

use assay_domain::{Node, NodePatch, PowerState};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, host_key, mac_key, naive, parse, to_json, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::nodes;

/// A node as it is stored; `held_*` is its reservation.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = nodes)]
pub(crate) struct NodeRow {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) name: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) active: bool,
    pub(crate) condition: i32,
    pub(crate) is_reserved: bool,
    pub(crate) is_protected: bool,
    pub(crate) is_controller: bool,
    pub(crate) power_state: Option<String>,
    pub(crate) image_id: Option<i64>,
    pub(crate) node_class_id: Option<i64>,
    pub(crate) node_type_id: Option<i64>,
    pub(crate) ip_addresses: String,
    pub(crate) mac_address: Option<String>,
    pub(crate) mac_key: Option<String>,
    pub(crate) hypervisor_id: Option<String>,
    pub(crate) controller_id: Option<String>,
    pub(crate) controller_type: Option<String>,
    pub(crate) dtc_number: Option<i32>,
    pub(crate) row_number: Option<i32>,
    pub(crate) rack_number: Option<i32>,
    pub(crate) unit_number: Option<i32>,
    pub(crate) cpu_amount: Option<i32>,
    pub(crate) cpu_arch: Option<String>,
    pub(crate) ram_mb: Option<i64>,
    pub(crate) hdd_gb: Option<i64>,
    pub(crate) inventory_code: Option<String>,
    pub(crate) system_uuid: Option<String>,
    pub(crate) serial_number: Option<String>,
    pub(crate) bmc_address: Option<String>,
    pub(crate) metadata: String,
    pub(crate) properties: String,
    pub(crate) capabilities: String,
    pub(crate) traits: String,
    pub(crate) extra: String,
    pub(crate) created_at: NaiveDateTime,
    pub(crate) updated_at: Option<NaiveDateTime>,
    pub(crate) held_by: Option<String>,
    pub(crate) held_for: Option<String>,
    pub(crate) held_since: Option<NaiveDateTime>,
    pub(crate) held_until: Option<NaiveDateTime>,
}

impl TryFrom<NodeRow> for Node {
    type Error = Fault;

    fn try_from(row: NodeRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            uuid: row.uuid,
            name: row.name,
            title: row.title,
            description: row.description,
            owner: row.owner,
            active: row.active,
            condition: row.condition,
            is_reserved: row.is_reserved,
            is_protected: row.is_protected,
            is_controller: row.is_controller,
            power_state: row
                .power_state
                .as_deref()
                .map(parse::<PowerState>)
                .transpose()?,
            image_id: row.image_id,
            node_class_id: row.node_class_id,
            node_type_id: row.node_type_id,
            ip_addresses: from_json(&row.ip_addresses)?,
            mac_address: row.mac_address,
            hypervisor_id: row.hypervisor_id,
            controller_id: row.controller_id,
            controller_type: row.controller_type,
            dtc_number: row.dtc_number,
            row_number: row.row_number,
            rack_number: row.rack_number,
            unit_number: row.unit_number,
            cpu_amount: row.cpu_amount,
            cpu_arch: row.cpu_arch,
            ram_mb: row.ram_mb,
            hdd_gb: row.hdd_gb,
            inventory_code: row.inventory_code,
            system_uuid: row.system_uuid,
            serial_number: row.serial_number,
            bmc_address: row.bmc_address,
            metadata: from_json(&row.metadata)?,
            properties: from_json(&row.properties)?,
            capabilities: from_json(&row.capabilities)?,
            traits: from_json(&row.traits)?,
            extra: from_json(&row.extra)?,
            created_at: utc(row.created_at),
            updated_at: row.updated_at.map(utc),
        })
    }
}

/// What is set at a node; `None` leaves a column as it is, or at its default in a new row.
#[allow(
    clippy::option_option,
    reason = "Diesel: leave the column, set it to null, or to a value"
)]
#[derive(Default, AsChangeset, Insertable)]
#[diesel(table_name = nodes)]
pub(crate) struct NodeChanges {
    pub(crate) name: Option<Option<String>>,
    pub(crate) title: Option<Option<String>>,
    pub(crate) description: Option<Option<String>>,
    pub(crate) owner: Option<Option<String>>,
    pub(crate) active: Option<bool>,
    pub(crate) condition: Option<i32>,
    pub(crate) is_reserved: Option<bool>,
    pub(crate) is_protected: Option<bool>,
    pub(crate) is_controller: Option<bool>,
    pub(crate) power_state: Option<Option<String>>,
    pub(crate) image_id: Option<Option<i64>>,
    pub(crate) node_class_id: Option<Option<i64>>,
    pub(crate) node_type_id: Option<Option<i64>>,
    pub(crate) ip_addresses: Option<String>,
    pub(crate) mac_address: Option<Option<String>>,
    pub(crate) mac_key: Option<Option<String>>,
    pub(crate) hypervisor_id: Option<Option<String>>,
    pub(crate) controller_id: Option<Option<String>>,
    pub(crate) controller_type: Option<Option<String>>,
    pub(crate) dtc_number: Option<Option<i32>>,
    pub(crate) row_number: Option<Option<i32>>,
    pub(crate) rack_number: Option<Option<i32>>,
    pub(crate) unit_number: Option<Option<i32>>,
    pub(crate) cpu_amount: Option<Option<i32>>,
    pub(crate) cpu_arch: Option<Option<String>>,
    pub(crate) ram_mb: Option<Option<i64>>,
    pub(crate) hdd_gb: Option<Option<i64>>,
    pub(crate) inventory_code: Option<Option<String>>,
    pub(crate) system_uuid: Option<Option<String>>,
    pub(crate) serial_number: Option<Option<String>>,
    pub(crate) bmc_address: Option<Option<String>>,
    pub(crate) metadata: Option<String>,
    pub(crate) properties: Option<String>,
    pub(crate) capabilities: Option<String>,
    pub(crate) traits: Option<String>,
    pub(crate) extra: Option<String>,
    pub(crate) created_at: Option<NaiveDateTime>,
}

impl NodeChanges {
    /// The columns that `patch` sets.
    pub(crate) fn of(patch: &NodePatch) -> Outcome<Self> {
        let patch = patch.clone();
        Ok(Self {
            mac_key: patch
                .mac_address
                .as_ref()
                .map(|given| given.as_deref().map(mac_key)),
            name: patch.name,
            title: patch.title,
            description: patch.description,
            owner: patch.owner,
            active: patch.active,
            condition: patch.condition,
            is_reserved: patch.is_reserved,
            is_protected: patch.is_protected,
            is_controller: patch.is_controller,
            power_state: patch
                .power_state
                .map(|state| state.map(|known| known.as_str().to_owned())),
            image_id: patch.image_id,
            node_class_id: patch.node_class_id,
            node_type_id: patch.node_type_id,
            ip_addresses: patch.ip_addresses.as_ref().map(to_json).transpose()?,
            mac_address: patch.mac_address,
            hypervisor_id: patch.hypervisor_id,
            controller_id: patch.controller_id,
            controller_type: patch.controller_type,
            dtc_number: patch.dtc_number,
            row_number: patch.row_number,
            rack_number: patch.rack_number,
            unit_number: patch.unit_number,
            cpu_amount: patch.cpu_amount,
            cpu_arch: patch.cpu_arch,
            ram_mb: patch.ram_mb,
            hdd_gb: patch.hdd_gb,
            inventory_code: patch.inventory_code,
            system_uuid: patch
                .system_uuid
                .map(|given| given.map(|uuid| uuid.to_lowercase())),
            serial_number: patch.serial_number,
            bmc_address: patch
                .bmc_address
                .map(|given| given.map(|host| host_key(&host))),
            metadata: patch.metadata.as_ref().map(to_json).transpose()?,
            properties: patch.properties.as_ref().map(to_json).transpose()?,
            capabilities: patch.capabilities.as_ref().map(to_json).transpose()?,
            traits: patch.traits.as_ref().map(to_json).transpose()?,
            extra: patch.extra.as_ref().map(to_json).transpose()?,
            created_at: patch.created_at.map(naive),
        })
    }
}
