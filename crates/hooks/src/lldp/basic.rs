//! The basic management set of LLDP (IEEE Std 802.1AB-2016, section 8.5).

use super::{Facts, address, number16, text};

const CHASSIS_ID: u64 = 1;
const PORT_ID: u64 = 2;
const TIME_TO_LIVE: u64 = 3;
const PORT_DESCRIPTION: u64 = 4;
const SYSTEM_NAME: u64 = 5;
const SYSTEM_DESCRIPTION: u64 = 6;
const SYSTEM_CAPABILITIES: u64 = 7;
const MANAGEMENT_ADDRESS: u64 = 8;

/// Bits of the system capabilities, from bit 1 on (table 8-4), in the inspector's words.
const CAPABILITIES: [&str; 10] = [
    "Repeater",
    "Bridge",
    "WLAN",
    "Router",
    "Telephone",
    "DOCSIS cable device",
    "Station only",
    "C-Vlan",
    "S-Vlan",
    "TPMR",
];

/// Adds what a TLV tells; `None` when it is not understood.
pub(super) fn add(facts: &mut Facts, kind: u64, value: &[u8]) -> Option<()> {
    match kind {
        CHASSIS_ID => facts.set("switch_chassis_id", chassis_id(value)?),
        PORT_ID => facts.set("switch_port_id", port_id(value)?),
        TIME_TO_LIVE => {}
        PORT_DESCRIPTION => facts.set("switch_port_description", text(value)?),
        SYSTEM_NAME => facts.set("switch_system_name", text(value)?),
        SYSTEM_DESCRIPTION => facts.set("switch_system_description", text(value)?),
        SYSTEM_CAPABILITIES => {
            let (supported, enabled) = value.split_at_checked(2)?;
            let enabled: &[u8; 2] = enabled.try_into().ok()?;
            facts.set("switch_capabilities_support", capabilities(supported)?);
            facts.set("switch_capabilities_enabled", capabilities(enabled)?);
        }
        MANAGEMENT_ADDRESS => {
            let (&length, rest) = value.split_first()?;
            let address = address::network(rest.get(..usize::from(length))?)?;
            facts.append("switch_mgmt_addresses", address);
        }
        _ => return None,
    }
    Some(())
}

/// Chassis ID: a subtype, then the id (section 8.5.2, table 8-2).
fn chassis_id(value: &[u8]) -> Option<String> {
    let (subtype, id) = value.split_first()?;
    match subtype {
        4 => address::mac(id),
        5 => address::network(id),
        1 | 2 | 3 | 6 | 7 => text(id).filter(|id| !id.is_empty()),
        _ => None,
    }
}

/// Port ID: a subtype, then the id (section 8.5.3, table 8-3). An agent circuit id (6) is no text.
fn port_id(value: &[u8]) -> Option<String> {
    let (subtype, id) = value.split_first()?;
    match subtype {
        3 => address::mac(id),
        4 => address::network(id),
        1 | 2 | 5 | 7 => text(id).filter(|id| !id.is_empty()),
        _ => None,
    }
}

fn capabilities(bytes: &[u8]) -> Option<Vec<&'static str>> {
    let bits = number16(bytes)? >> 1;
    let named = CAPABILITIES.into_iter().enumerate();
    Some(
        named
            .filter(|(bit, _)| bits >> bit & 1 == 1)
            .map(|(_, name)| name)
            .collect(),
    )
}
