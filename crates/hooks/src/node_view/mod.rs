//! A node in ironic's shape, as rules see and change it.
//!
//! `properties.cpus`, `cpu_arch`, `memory_mb`, `local_gb` and `capabilities` are fields of their
//! own in Assay; as in ironic they are texts here, capabilities as `name:value,name:value`.
//! Attributes that only ironic has (`driver`, `driver_info`, `resource_class`, …) can be set too, so
//! that existing rules work: they are kept together in the property [`KEPT`] and shown in their
//! places.

mod path;
mod set;

use assay_domain::{Node, PowerState};
use serde_json::{Map, Value, json};

use path::Path;

/// The property that keeps ironic's attributes without an own field.
pub const KEPT: &str = "node_attributes";

/// The node as ironic shows it.
pub fn view(node: &Node) -> Value {
    let mut view = kept(node).cloned().unwrap_or_default();
    let power = node.power_state.map(|state| match state {
        PowerState::On => "power on",
        PowerState::Off => "power off",
    });
    let own = [
        ("uuid", json!(node.uuid)),
        ("name", json!(node.name)),
        ("title", json!(node.title)),
        ("description", json!(node.description)),
        ("owner", json!(node.owner)),
        ("inventory_code", json!(node.inventory_code)),
        ("serial_number", json!(node.serial_number)),
        ("system_uuid", json!(node.system_uuid)),
        ("power_state", json!(power)),
        ("driver_info", driver_info(node)),
        ("properties", properties(node)),
        ("traits", json!(node.traits)),
        ("extra", Value::Object(node.extra.clone())),
    ];
    view.extend(own.map(|(key, value)| (key.to_owned(), value)));
    Value::Object(view)
}

/// Sets what is at the path, `/properties/cpus`, `extra/a/b` or the like (a JSON pointer whose
/// first slash may be missing). Objects on the way to it are made; in a list the last part is an
/// index to insert at, or `-` for its end. The error says why it cannot be set.
pub fn set(node: &mut Node, path: &str, value: Value) -> Result<(), String> {
    set::set(node, &Path::parse(path)?, value)
}

/// Appends to the list at the path, which is made when there is none; with `unique` not when the
/// list contains the value already.
pub fn extend(node: &mut Node, path: &str, value: Value, unique: bool) -> Result<(), String> {
    let parsed = Path::parse(path)?;
    let list = match view(node).pointer(&parsed.pointer()) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.clone(),
        Some(_) => return Err(format!("{parsed}: is not a list")),
    };
    if unique && list.contains(&value) {
        return Ok(());
    }
    let list = list.into_iter().chain([value]).collect();
    set::set(node, &parsed, Value::Array(list))
}

/// Can this path be set at all? The error says why not.
pub fn check(path: &str) -> Result<(), String> {
    Path::parse(path).map(drop)
}

fn kept(node: &Node) -> Option<&Map<String, Value>> {
    node.properties.get(KEPT).and_then(Value::as_object)
}

fn driver_info(node: &Node) -> Value {
    let info = kept(node).and_then(|kept| kept.get("driver_info")?.as_object());
    let mut info = info.cloned().unwrap_or_default();
    if let Some(address) = &node.bmc_address {
        for key in ["bmc_address", "ipmi_address"] {
            info.insert(key.to_owned(), address.as_str().into());
        }
    }
    Value::Object(info)
}

fn properties(node: &Node) -> Value {
    let mut properties = node.properties.clone();
    properties.shift_remove(KEPT);
    let own = [
        ("cpus", node.cpu_amount.map(|cpus| cpus.to_string())),
        ("cpu_arch", node.cpu_arch.clone()),
        ("memory_mb", node.ram_mb.map(|mib| mib.to_string())),
        ("local_gb", node.hdd_gb.map(|gib| gib.to_string())),
        ("capabilities", capabilities(node)),
    ];
    for (key, value) in own {
        if let Some(value) = value {
            properties.insert(key.to_owned(), value.into());
        }
    }
    Value::Object(properties)
}

fn capabilities(node: &Node) -> Option<String> {
    let pairs = node.capabilities.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}:{value}"))
        .collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_view_has_ironics_shape() {
        let mut node = fixture::node();
        node.cpu_amount = Some(8);
        node.capabilities = [
            ("a".to_owned(), "1".to_owned()),
            ("b".to_owned(), "2".to_owned()),
        ]
        .into();
        node.power_state = Some(PowerState::Off);
        node.properties = json!({"inspection_scope": "x"})
            .as_object()
            .unwrap()
            .clone();
        set(&mut node, "driver", json!("ipmi")).unwrap();
        set(&mut node, "driver_info/deploy_kernel", json!("k")).unwrap();
        let view = view(&node);
        assert_eq!(
            view["properties"],
            json!({"inspection_scope": "x", "cpus": "8", "capabilities": "a:1,b:2"})
        );
        assert_eq!(
            view["driver_info"],
            json!({"deploy_kernel": "k", "bmc_address": "192.0.2.10", "ipmi_address": "192.0.2.10"})
        );
        assert_eq!(
            (&view["driver"], &view["power_state"]),
            (&json!("ipmi"), &json!("power off"))
        );
    }

    #[test]
    fn lists_are_made_and_extended() {
        let mut node = fixture::node();
        extend(&mut node, "/extra/tags/list", json!("a"), false).unwrap();
        extend(&mut node, "/extra/tags/list", json!("a"), true).unwrap();
        assert_eq!(node.extra["tags"]["list"], json!(["a"]));
        extend(&mut node, "/extra/tags/list", json!("a"), false).unwrap();
        assert_eq!(node.extra["tags"]["list"], json!(["a", "a"]));
        assert_eq!(
            extend(&mut node, "/extra/tags", json!("a"), false).unwrap_err(),
            "/extra/tags: is not a list"
        );
    }
}
