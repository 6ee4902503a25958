//! What identifies the entries of a report's lists.

use serde_json::Value;

/// A way to identify an entry: fields that together are the same in both documents.
pub(super) type Key = &'static [&'static str];

/// The ways for the lists that reports have, the surest first. Names of the kernel come last,
/// since they may differ from boot to boot.
const KNOWN: &[(&str, &[Key])] = &[
    (
        "interfaces",
        &[
            &["permanent_mac_address"],
            &["mac_address"],
            &["pci_address"],
            &["name"],
        ],
    ),
    (
        "disks",
        &[
            &["wwn_with_extension"],
            &["wwn"],
            &["serial"],
            &["by_path"],
            &["name"],
        ],
    ),
    ("pci_devices", &[&["bus"]]),
    ("usb_devices", &[&["handle"]]),
    ("managers", &[&["name"]]),
    ("ram", &[&["numa_node"]]),
    ("nics", &[&["name"]]),
    (
        "cpus",
        &[
            &["numa_node", "cpu"],
            &["socket"],
            &["designation"],
            &["id"],
        ],
    ),
];

/// The ways for any other list: memory modules, batteries, whatever an agent adds.
const OTHERS: &[Key] = &[
    &["uuid"],
    &["slot"],
    &["device_locator"],
    &["locator"],
    &["designation"],
    &["wwn"],
    &["serial"],
    &["serial_number"],
    &["mac_address"],
    &["address"],
    &["bus"],
    &["pci_address"],
    &["handle"],
    &["id"],
    &["name"],
    &["key"],
];

/// The ways to identify the entries of the list of that name.
pub(super) fn keys(list: &str) -> &'static [Key] {
    let known = KNOWN.iter().find(|(name, _)| *name == list);
    known.map_or(OTHERS, |(_, keys)| keys)
}

/// What an entry is called by one of these ways, e.g. `numa_node=0 cpu=3`; `None` when a field is
/// missing, null or empty, or is no plain value.
pub(super) fn name(entry: &Value, key: Key) -> Option<String> {
    let mut name = String::new();
    for field in key {
        let value = match entry.get(field)? {
            Value::String(text) if !text.is_empty() => text.to_lowercase(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(field);
        name.push('=');
        name.push_str(&value);
    }
    Some(name)
}

/// What identifies an entry that is itself a list: a fact of the extra hardware collector by its
/// group, name and key; a TLV of LLDP by its type, and an organisation's own one (type 127) also by
/// identifier and subtype, the first four bytes (IEEE 802.1AB, section 8.6).
pub(super) fn list_name(list: &str, entry: &Value) -> Option<String> {
    let parts = entry.as_array()?;
    if list == "data" {
        let [
            Value::String(group),
            Value::String(name),
            Value::String(key),
            _,
        ] = parts.as_slice()
        else {
            return None;
        };
        return Some(format!("{group}/{name}/{key}"));
    }
    let [Value::Number(kind), Value::String(digits)] = parts.as_slice() else {
        return None;
    };
    let own = digits.get(..8).filter(|_| kind.as_u64() == Some(127));
    Some(own.map_or(format!("tlv={kind}"), |own| format!("tlv={kind} {own}")))
}

/// The key of a fact of the extra hardware collector.
pub(super) fn fact<'a>(list: &str, entry: &'a Value) -> Option<&'a str> {
    match entry.as_array()?.as_slice() {
        [_, _, Value::String(key), _] if list == "data" => Some(key),
        _ => None,
    }
}
