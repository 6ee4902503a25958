//! The body with which a node is created or changed.
#![allow(
    clippy::option_option,
    reason = "absent, null and given are three things"
)]

use assay_domain::{Error, NodePatch, PowerState, Result};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::filter::time;
use super::input::{TextOrNumber, check_range, nullable};

/// A node to create or change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeBody {
    /// The fields that are given.
    pub(super) node: NodeFields,
}

/// Fields of a node; all optional, and what is not given stays or gets its default.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeFields {
    /// When it was created.
    #[schema(example = "2018-10-24T12:12:02")]
    created_at: Option<String>,
    /// Boot image.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    image_id: Option<Option<i64>>,
    /// Class.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    node_class_id: Option<Option<i64>>,
    /// Type within the class.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    node_type_id: Option<Option<i64>>,
    /// Addresses of the operating system.
    ip_addresses: Option<Vec<String>>,
    /// Id of the hypervisor in the cloud.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    hypervisor_id: Option<Option<String>>,
    /// Host name, unique.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "node1.example.org")]
    name: Option<Option<String>>,
    /// The virtual controller that it is bound to.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    controller_id: Option<Option<String>>,
    /// Kind of that controller.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    controller_type: Option<Option<String>>,
    /// Free text.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    /// Place: data centre.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 99)]
    dtc_number: Option<Option<i32>>,
    /// Place: unit in the rack.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 99)]
    unit_number: Option<Option<i32>>,
    /// Place: rack.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 99)]
    rack_number: Option<Option<i32>>,
    /// Place: row.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 99)]
    row_number: Option<Option<i32>>,
    /// Logical CPUs.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 99)]
    cpu_amount: Option<Option<i32>>,
    /// Memory in MiB.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>, minimum = 0)]
    ram_mb: Option<Option<i64>>,
    /// Root disk in GiB.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>, minimum = 0)]
    hdd_gb: Option<Option<i64>>,
    /// Main MAC address; a new node boots from the port with this address.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "52:54:00:00:00:01")]
    mac_address: Option<Option<String>>,
    /// Label.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    title: Option<Option<String>>,
    /// Whether it is taken out of automatic actions; false by default.
    is_reserved: Option<bool>,
    /// Whether it is a controller; false by default.
    is_controller: Option<bool>,
    /// Inventory code; a number is taken as text.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    inventory_code: Option<Option<TextOrNumber>>,
    /// power_on or power_off: changes the record, not the machine.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "power_off")]
    power_state: Option<Option<String>>,
    /// Who owns it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<String>>,
    /// Whether it is in use; true by default.
    active: Option<bool>,
    /// 0 out of service, 1 enabled, 2 disabled, 3 alarm, 4 reserved; 0 by default.
    #[schema(minimum = 0, maximum = 4)]
    condition: Option<i32>,
    /// Free data, e.g. `cpu_benchmark`.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

impl NodeFields {
    /// The change that the fields ask for.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the field that is out of range.
    pub(super) fn into_patch(self) -> Result<NodePatch> {
        self.check()?;
        Ok(NodePatch {
            name: self.name,
            title: self.title,
            description: self.description,
            owner: self.owner,
            active: self.active,
            condition: self.condition,
            is_reserved: self.is_reserved,
            is_controller: self.is_controller,
            power_state: self.power_state.map(power_state).transpose()?,
            image_id: self.image_id,
            node_class_id: self.node_class_id,
            node_type_id: self.node_type_id,
            ip_addresses: self.ip_addresses,
            mac_address: self.mac_address,
            hypervisor_id: self.hypervisor_id,
            controller_id: self.controller_id,
            controller_type: self.controller_type,
            dtc_number: self.dtc_number,
            row_number: self.row_number,
            rack_number: self.rack_number,
            unit_number: self.unit_number,
            cpu_amount: self.cpu_amount,
            ram_mb: self.ram_mb,
            hdd_gb: self.hdd_gb,
            inventory_code: self.inventory_code.map(|code| code.map(String::from)),
            metadata: self.metadata,
            created_at: self
                .created_at
                .map(|text| time(&text))
                .transpose()
                .map_err(|reason| Error::invalid(format!("created_at: {reason}")))?,
            ..NodePatch::default()
        })
    }

    fn check(&self) -> Result<()> {
        let places = [
            ("dtc_number", self.dtc_number),
            ("unit_number", self.unit_number),
            ("rack_number", self.rack_number),
            ("row_number", self.row_number),
            ("cpu_amount", self.cpu_amount),
        ];
        for (field, value) in places {
            check_range(field, value, 1, 99)?;
        }
        check_range("condition", Some(self.condition), 0, 4)?;
        check_range("ram_mb", self.ram_mb, 0, i64::MAX)?;
        check_range("hdd_gb", self.hdd_gb, 0, i64::MAX)
    }
}

fn power_state(state: Option<String>) -> Result<Option<PowerState>> {
    match state.as_deref() {
        None => Ok(None),
        Some("power_on") => Ok(Some(PowerState::On)),
        Some("power_off") => Ok(Some(PowerState::Off)),
        Some(other) => Err(Error::invalid(format!(
            "power_state: '{other}' is neither power_on nor power_off"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use assay_domain::PowerState;

    use super::NodeBody;

    fn patch(json: &str) -> Result<assay_domain::NodePatch, String> {
        let body: NodeBody = serde_json::from_str(json).map_err(|problem| problem.to_string())?;
        body.node.into_patch().map_err(|error| error.to_string())
    }

    #[test]
    fn absent_null_and_given_are_three_things() {
        let patch =
            patch(r#"{"node": {"title": null, "name": "n", "inventory_code": 7}}"#).unwrap();
        assert_eq!(patch.title, Some(None));
        assert_eq!(patch.name, Some(Some("n".to_owned())));
        assert_eq!(patch.inventory_code, Some(Some("7".to_owned())));
        assert_eq!(patch.owner, None);
    }

    #[test]
    fn power_state_is_told_in_this_dialects_words() {
        let patch = patch(r#"{"node": {"power_state": "power_on"}}"#).unwrap();
        assert_eq!(patch.power_state, Some(Some(PowerState::On)));
    }

    #[test]
    fn bad_fields_are_named() {
        let cases = [
            (r#"{"node": {"colour": 1}}"#, "colour"),
            (r#"{"node": {}, "extra": 1}"#, "extra"),
            (r#"{"node": {"rack_number": 100}}"#, "rack_number"),
            (r#"{"node": {"condition": 5}}"#, "condition"),
            (r#"{"node": {"power_state": "on"}}"#, "power_state"),
            (r#"{"node": {"created_at": "now"}}"#, "created_at"),
            (r#"{"node": {"ram_mb": -1}}"#, "ram_mb"),
        ];
        for (json, field) in cases {
            let reason = patch(json).unwrap_err();
            assert!(reason.contains(field), "{json}: {reason}");
        }
    }
}
