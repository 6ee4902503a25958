//! Access to the parts of a report that hooks share. A report is foreign input: any part of it may
//! be missing or of another type.

use assay_inventory::{Interface, Mac, Report};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The inventory, unless missing or empty.
pub(crate) fn inventory(data: &Value) -> Result<&Map<String, Value>, String> {
    data.get("inventory")
        .and_then(Value::as_object)
        .filter(|inventory| !inventory.is_empty())
        .ok_or_else(|| "The hardware inventory is missing".to_owned())
}

/// The entries of a list in the inventory, none when there is no such list.
pub(crate) fn entries<'a>(data: &'a Value, list: &str) -> &'a [Value] {
    inventory(data)
        .ok()
        .and_then(|inventory| inventory.get(list))
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A part of the inventory in its own type; `None` when missing or not of that shape.
pub(crate) fn decode<'a, T: Deserialize<'a>>(value: &'a Value) -> Option<T> {
    T::deserialize(value)
        .inspect_err(|error| tracing::warn!(%error, "a part of the report is ignored"))
        .ok()
}

/// The interfaces that have a name, with it.
pub(crate) fn interfaces(data: &Value) -> Vec<(String, Interface)> {
    entries(data, "interfaces")
        .iter()
        .filter_map(decode::<Interface>)
        .filter_map(|card| {
            let name = card.name.clone().filter(|name| !name.is_empty())?;
            Some((name, card))
        })
        .collect()
}

/// The facts that say how to reach the machine: boot card and BMC addresses, the rest left out so
/// that a fault elsewhere does not hide them.
pub(crate) fn reachability(data: &Value) -> Report {
    let inventory = data.get("inventory");
    let part = |key: &str| inventory.and_then(|known| known.get(key)).cloned();
    let facts = json!({
        "boot_interface": data.get("boot_interface"),
        "inventory": {
            "boot": part("boot"),
            "bmc_address": part("bmc_address"),
            "bmc_v6address": part("bmc_v6address"),
        },
    });
    decode(&facts).unwrap_or_default()
}

/// MAC address of the card that booted.
pub(crate) fn boot_mac(data: &Value) -> Option<Mac> {
    reachability(data).pxe_mac()
}

/// Adds a finding to the report.
pub(crate) fn put(data: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(report) = data.as_object_mut() {
        report.insert(key.to_owned(), value.into());
    }
}
