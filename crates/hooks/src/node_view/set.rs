//! Writing into a node through its view.

use std::collections::BTreeMap;
use std::net::IpAddr;

use assay_domain::Node;
use serde_json::{Map, Value};

use super::KEPT;
use super::path::{Path, Root};

/// Properties that are fields of their own in Assay.
pub(super) fn is_own_property(name: &str) -> bool {
    matches!(
        name,
        "cpus" | "cpu_arch" | "memory_mb" | "local_gb" | "capabilities"
    )
}

pub(super) fn set(node: &mut Node, path: &Path, value: Value) -> Result<(), String> {
    let done = match path.root {
        Root::Name => text(value).map(|value| node.name = value),
        Root::Title => text(value).map(|value| node.title = value),
        Root::Description => text(value).map(|value| node.description = value),
        Root::Owner => text(value).map(|value| node.owner = value),
        Root::InventoryCode => text(value).map(|value| node.inventory_code = value),
        Root::BmcAddress => ip(value).map(|value| node.bmc_address = value),
        Root::Extra => match path.below() {
            [] => object(value).map(|value| node.extra = value),
            below => insert(&mut node.extra, below, value),
        },
        Root::Properties => match path.below() {
            [] => object(value).and_then(|value| all_properties(node, value)),
            [name] => property(node, name, value),
            below => insert(&mut node.properties, below, value),
        },
        Root::Kept => {
            let kept = node
                .properties
                .entry(KEPT)
                .or_insert_with(|| Map::new().into());
            into(kept, &path.parts, value)
        }
    };
    done.map_err(|reason| format!("{path}: {reason}"))
}

fn property(node: &mut Node, name: &str, value: Value) -> Result<(), String> {
    match name {
        "cpus" => node.cpu_amount = number(value)?,
        "cpu_arch" => node.cpu_arch = text(value)?,
        "memory_mb" => node.ram_mb = number(value)?,
        "local_gb" => node.hdd_gb = number(value)?,
        "capabilities" => node.capabilities = capabilities(value)?,
        _ => {
            node.properties.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

/// Replaces all properties; ironic's kept attributes are not among them.
fn all_properties(node: &mut Node, properties: Map<String, Value>) -> Result<(), String> {
    if properties.contains_key(KEPT) {
        return Err(format!("{KEPT} cannot be set"));
    }
    let mut changed = node.clone();
    changed.properties.retain(|key, _| key == KEPT);
    changed.capabilities.clear();
    (changed.cpu_amount, changed.cpu_arch) = (None, None);
    (changed.ram_mb, changed.hdd_gb) = (None, None);
    for (name, value) in properties {
        property(&mut changed, &name, value).map_err(|reason| format!("{name} {reason}"))?;
    }
    *node = changed;
    Ok(())
}

fn insert(map: &mut Map<String, Value>, path: &[String], value: Value) -> Result<(), String> {
    let mut all = Value::Object(std::mem::take(map));
    let done = into(&mut all, path, value);
    if let Value::Object(all) = all {
        *map = all;
    }
    done
}

/// Goes down to the last part, making objects where there is nothing.
fn into(place: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else {
        *place = value;
        return Ok(());
    };
    match place {
        Value::Object(map) => {
            let next = map.entry(first.as_str()).or_insert(Value::Null);
            into(next, rest, value)
        }
        Value::Null => {
            *place = Value::Object(Map::new());
            into(place, path, value)
        }
        Value::Array(list) => into_list(list, first, rest, value),
        _ => Err(format!("there is no {first:?} in a plain value")),
    }
}

fn into_list(list: &mut Vec<Value>, at: &str, rest: &[String], value: Value) -> Result<(), String> {
    let end = list.len();
    let index = match at {
        "-" => end,
        digits => digits
            .parse()
            .ok()
            .filter(|&index| index <= end)
            .ok_or_else(|| format!("{at:?} is not an index into a list of {end}"))?,
    };
    if rest.is_empty() {
        list.insert(index, value);
        return Ok(());
    }
    if index == end {
        list.push(Value::Null);
    }
    list.get_mut(index)
        .map_or(Ok(()), |place| into(place, rest, value))
}

fn text(value: Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err("must be a text".to_owned()),
    }
}

fn ip(value: Value) -> Result<Option<String>, String> {
    let Some(text) = text(value)? else {
        return Ok(None);
    };
    let address: IpAddr = text
        .trim()
        .parse()
        .map_err(|_| format!("{text:?} is not an IP address"))?;
    Ok(Some(address.to_string()))
}

fn object(value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err("must be an object".to_owned()),
    }
}

/// A whole number that is not negative, also as text.
fn number<T: TryFrom<i64>>(value: Value) -> Result<Option<T>, String> {
    let number = match &value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number
        .filter(|number| *number >= 0)
        .and_then(|number| T::try_from(number).ok())
        .map(Some)
        .ok_or_else(|| format!("{value} is not a whole number in range"))
}

/// `name:value,name:value`, or an object of plain values.
fn capabilities(value: Value) -> Result<BTreeMap<String, String>, String> {
    let wrong = || "must look like name:value,name:value".to_owned();
    match value {
        Value::Null => Ok(BTreeMap::new()),
        Value::String(text) => text
            .split(',')
            .filter(|pair| !pair.trim().is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once(':').ok_or_else(wrong)?;
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => Ok((name, text)),
                Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
                _ => Err(wrong()),
            })
            .collect(),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture;
    use crate::node_view::{set, view};
    use serde_json::{Value, json};

    #[test]
    fn own_fields_take_numbers_as_text_too() {
        let mut node = fixture::node();
        for (path, value) in [
            ("/properties/cpus", json!("16")),
            ("properties/memory_mb", json!(4096)),
            ("/properties/local_gb", json!(" 99 ")),
            ("/properties/cpu_arch", json!("aarch64")),
            ("/properties/capabilities", json!("boot_mode:uefi, gpu:2")),
            ("/name", json!("new")),
            ("/driver_info/ipmi_address", json!("2001:DB8::1")),
        ] {
            set(&mut node, path, value).unwrap();
        }
        assert_eq!(
            (node.cpu_amount, node.ram_mb, node.hdd_gb),
            (Some(16), Some(4096), Some(99))
        );
        assert_eq!(node.capabilities["gpu"], "2");
        assert_eq!(node.bmc_address.as_deref(), Some("2001:db8::1"));
        set(&mut node, "/properties/cpus", Value::Null).unwrap();
        assert_eq!(node.cpu_amount, None);
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let refused = |path, value| set(&mut fixture::node(), path, value).unwrap_err();
        assert_eq!(
            refused("properties/cpus", json!("many")),
            "/properties/cpus: \"many\" is not a whole number in range"
        );
        assert!(refused("/properties/cpus", json!(1_i64 << 40)).contains("in range"));
        assert!(refused("/properties/memory_mb", json!(-1)).contains("in range"));
        assert!(refused("/name", json!(5)).contains("must be a text"));
        assert!(refused("/extra", json!("x")).contains("must be an object"));
        assert!(refused("/properties/capabilities", json!("x")).contains("name:value"));
        assert!(refused("/driver_info/bmc_address", json!("bmc7")).contains("not an IP address"));
    }

    #[test]
    fn extra_grows_where_needed() {
        let mut node = fixture::node();
        set(&mut node, "/extra/a/b", json!([1])).unwrap();
        set(&mut node, "/extra/a/b/0", json!(0)).unwrap();
        set(&mut node, "/extra/a/b/-", json!(2)).unwrap();
        assert_eq!(node.extra["a"], json!({"b": [0, 1, 2]}));
        let refused = set(&mut node, "/extra/a/b/9", json!(2)).unwrap_err();
        assert_eq!(
            refused,
            "/extra/a/b/9: \"9\" is not an index into a list of 3"
        );
        assert!(set(&mut node, "/extra/a/b/0/c", json!(2)).is_err());
        assert_eq!(node.extra["a"], json!({"b": [0, 1, 2]}));
    }

    #[test]
    fn all_properties_at_once_are_replaced_or_left() {
        let mut node = fixture::node();
        set(&mut node, "/driver", json!("ipmi")).unwrap();
        set(&mut node, "/properties/old", json!(1)).unwrap();
        assert!(set(&mut node, "/properties", json!({"new": 1, "cpus": "x"})).is_err());
        assert_eq!(node.properties["old"], 1);
        set(&mut node, "/properties", json!({"new": 1, "cpus": 4})).unwrap();
        assert_eq!(view(&node)["properties"], json!({"new": 1, "cpus": "4"}));
        assert_eq!(view(&node)["driver"], "ipmi");
    }
}
