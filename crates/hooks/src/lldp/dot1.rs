//! TLVs of IEEE 802.1 (Std 802.1Q-2018, annex D): VLANs, protocols, link aggregation.

use serde_json::json;

use super::{Facts, hex, link_aggregation, number16, text};

const PORT_VLAN_ID: u8 = 1;
const PORT_AND_PROTOCOL_VLAN_ID: u8 = 2;
const VLAN_NAME: u8 = 3;
const PROTOCOL_IDENTITY: u8 = 4;
const MANAGEMENT_VLAN_ID: u8 = 6;
const LINK_AGGREGATION: u8 = 7;

/// Adds what a TLV tells; `None` when it is not understood.
pub(super) fn add(facts: &mut Facts, subtype: u8, value: &[u8]) -> Option<()> {
    match subtype {
        PORT_VLAN_ID => facts.set("switch_port_untagged_vlan_id", number16(value)?),
        PORT_AND_PROTOCOL_VLAN_ID => {
            let [flags, id @ ..] = value else {
                return None;
            };
            let id: &[u8; 2] = id.try_into().ok()?;
            facts.set("switch_port_protocol_vlan_enabled", flags & 4 != 0);
            facts.set("switch_port_protocol_vlan_support", flags & 2 != 0);
            facts.append("switch_port_protocol_vlan_ids", u16::from_be_bytes(*id));
        }
        VLAN_NAME => {
            let id = number16(value)?;
            let name = text(counted(value.get(2..)?)?)?;
            facts.append("switch_port_vlans", json!({"id": id, "name": name}));
        }
        PROTOCOL_IDENTITY => {
            facts.append("switch_protocol_identities", hex(counted(value)?));
        }
        MANAGEMENT_VLAN_ID => facts.set("switch_port_management_vlan_id", number16(value)?),
        LINK_AGGREGATION => link_aggregation(facts, value)?,
        _ => return None,
    }
    Some(())
}

/// Bytes with their number in front.
fn counted(value: &[u8]) -> Option<&[u8]> {
    let (&length, rest) = value.split_first()?;
    rest.get(..usize::from(length))
}
