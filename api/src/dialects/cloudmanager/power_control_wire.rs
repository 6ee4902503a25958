//! A power control as CloudManager shows and takes it. Password and key are never shown.
#![allow(
    clippy::option_option,
    reason = "absent, null and given are three things"
)]

use std::collections::BTreeMap;

use assay_app::PowerControlDetail;
use assay_domain::power_control::PowerControlPatch;
use assay_domain::{NodePowerControl, PowerControl, Result, Secret, Timestamp};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::input::{TextOrNumber, nullable};
use super::iso;
use super::node_wire::power_state;

/// What hangs on an output.
#[derive(Serialize, ToSchema)]
pub(super) struct Coil {
    /// Whether the node's power actions use this output.
    is_default: bool,
    /// Whether the device has answered for it at least once.
    is_initialized: bool,
    /// The node's key.
    #[schema(example = 1)]
    node_id: i64,
    /// The node's name.
    node_name: Option<String>,
    /// The output.
    #[schema(example = "1")]
    power_control_port: String,
    /// power_on, power_off or null.
    #[schema(value_type = Option<String>, example = "power_on")]
    power_state: Option<&'static str>,
}

impl From<NodePowerControl> for Coil {
    fn from(assignment: NodePowerControl) -> Self {
        let NodePowerControl {
            node_id,
            node_name,
            node_power_state,
            power_control_id: _,
            port,
            is_default,
            is_initialized,
        } = assignment;
        Self {
            is_default,
            is_initialized,
            node_id,
            node_name,
            power_control_port: port,
            power_state: node_power_state.map(power_state),
        }
    }
}

/// An output: what hangs on it, or null.
#[derive(Serialize, ToSchema)]
pub(super) struct CoilSlot(Option<Coil>);

/// A power control.
#[derive(Serialize, ToSchema)]
#[schema(as = PowerControl)]
pub(super) struct PowerControlWire {
    /// What hangs on each output, null where nothing does.
    #[serde(serialize_with = "as_map")]
    #[schema(value_type = BTreeMap<String, CoilSlot>)]
    coil_map: Vec<(String, CoilSlot)>,
    /// How many outputs it has.
    #[schema(example = 1)]
    coils_count: i32,
    /// Kind of device.
    #[schema(example = "Redfish")]
    control_type: String,
    /// Host name or address.
    #[schema(example = "10.35.17.33")]
    host: String,
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// Login name.
    #[schema(example = "ADMIN")]
    login: Option<String>,
    /// Port.
    #[schema(example = 443)]
    port_number: i32,
    /// Protocol.
    #[schema(example = "redfish")]
    protocol_type: String,
    /// Settings of the driver, e.g. `tls` and `system_id` (an addition of Assay).
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// When it was created, UTC.
    #[schema(example = "2018-10-24T12:12:02")]
    time_created: String,
    /// When it was changed last, UTC.
    #[schema(example = "2018-10-24T12:42:34")]
    time_updated: Option<String>,
    /// Label.
    #[schema(example = "redfish://Redfish@10.35.17.33:443")]
    title: String,
    /// How many outputs feed a node.
    #[schema(example = 0)]
    used_coils_count: usize,
}

impl From<PowerControlDetail> for PowerControlWire {
    fn from(detail: PowerControlDetail) -> Self {
        let PowerControlDetail {
            control,
            assignments,
            coils,
        } = detail;
        let PowerControl {
            id,
            title,
            control_type,
            protocol_type,
            host,
            port_number,
            login,
            password: _,
            ssh_key: _,
            settings,
            refused: _,
            time_created,
            time_updated,
        } = control;
        Self {
            used_coils_count: assignments.len(),
            coil_map: coil_map(assignments, coils),
            coils_count: coils,
            control_type,
            host,
            id,
            login,
            port_number,
            protocol_type,
            settings,
            time_created: iso(time_created),
            time_updated: time_updated.map(iso),
            title,
        }
    }
}

fn coil_map(assignments: Vec<NodePowerControl>, coils: i32) -> Vec<(String, CoilSlot)> {
    let mut used: BTreeMap<String, Coil> = assignments
        .into_iter()
        .map(|assignment| (assignment.port.clone(), assignment.into()))
        .collect();
    let numbered: Vec<String> = (1..=coils).map(|number| number.to_string()).collect();
    let mut map: Vec<(String, CoilSlot)> = numbered
        .into_iter()
        .map(|name| {
            let coil = CoilSlot(used.remove(&name));
            (name, coil)
        })
        .collect();
    map.extend(
        used.into_iter()
            .map(|(name, coil)| (name, CoilSlot(Some(coil)))),
    );
    map
}

fn as_map<S: Serializer>(coils: &[(String, CoilSlot)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(coils.len()))?;
    for (name, coil) in coils {
        map.serialize_entry(name, coil)?;
    }
    map.end()
}

/// One power control.
#[derive(Serialize, ToSchema)]
pub(super) struct OnePowerControl {
    /// The power control.
    pub(super) power_control: PowerControlWire,
}

/// A list of power controls.
#[derive(Serialize, ToSchema)]
pub(super) struct PowerControlList {
    /// The power controls, by key.
    pub(super) power_controls: Vec<PowerControlWire>,
}

/// A power control to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPowerControlBody {
    /// Its fields.
    pub(super) power_control: NewPowerControl,
}

/// Fields of a new power control.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPowerControl {
    /// Kind of device, one of a pair of /v1/power-controls/types.
    #[schema(example = "Redfish")]
    control_type: String,
    /// Protocol, the other of the pair.
    #[schema(example = "redfish")]
    protocol_type: String,
    /// Host name or address.
    #[schema(example = "10.35.17.33")]
    host: String,
    /// Port; digits as text are taken too.
    #[schema(value_type = i32, example = 443, minimum = 1, maximum = 65535)]
    port_number: TextOrNumber,
    /// Label; `protocol://type@host:port` when absent.
    title: Option<String>,
    /// Login name.
    #[schema(example = "ADMIN")]
    login: Option<String>,
    /// Password; never shown again.
    #[schema(format = Password)]
    password: Option<String>,
    /// Private key (PEM), for SshDevice only; never shown again.
    #[schema(format = Password)]
    ssh_key: Option<String>,
    /// Settings of the driver: for Redfish `tls` and `system_id` (an addition of Assay).
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    settings: Map<String, Value>,
}

impl NewPowerControl {
    /// The record to store; key and times are filled in there.
    pub(super) fn into_record(self) -> Result<PowerControl> {
        Ok(PowerControl {
            id: 0,
            title: self.title.unwrap_or_default(),
            control_type: self.control_type,
            protocol_type: self.protocol_type,
            host: self.host,
            port_number: self.port_number.number("port_number")?,
            login: self.login,
            password: self.password.map(Secret::new),
            ssh_key: self.ssh_key.map(Secret::new),
            settings: self.settings,
            refused: None,
            time_created: Timestamp::UNIX_EPOCH,
            time_updated: None,
        })
    }
}

/// A power control to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PowerControlPatchBody {
    /// The fields that are given.
    pub(super) power_control: PowerControlFields,
}

/// Fields of a power control that change; what is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PowerControlFields {
    /// Kind of device.
    control_type: Option<String>,
    /// Protocol.
    protocol_type: Option<String>,
    /// Host name or address.
    host: Option<String>,
    /// Port; digits as text are taken too.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 65535)]
    port_number: Option<TextOrNumber>,
    /// Label.
    #[schema(example = "rack 3, PDU 1")]
    title: Option<String>,
    /// Login name; null empties it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    login: Option<Option<String>>,
    /// Password; null empties it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Option<String>>,
    /// Private key; null empties it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = Password)]
    ssh_key: Option<Option<String>>,
    /// Settings of the driver, all of them (an addition of Assay).
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

impl PowerControlFields {
    /// The change that the fields ask for.
    pub(super) fn into_patch(self) -> Result<PowerControlPatch> {
        let secret = |text: Option<String>| text.map(Secret::new);
        Ok(PowerControlPatch {
            title: self.title,
            control_type: self.control_type,
            protocol_type: self.protocol_type,
            host: self.host,
            port_number: self
                .port_number
                .map(|port| port.number("port_number"))
                .transpose()?,
            login: self.login,
            password: self.password.map(secret),
            ssh_key: self.ssh_key.map(secret),
            settings: self.settings,
        })
    }
}
