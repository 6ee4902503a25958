//! TLVs of IEEE 802.3 (Std 802.3-2018, clause 79): autonegotiation, link aggregation, frame size.

use super::{Facts, link_aggregation, mau, number16};

const MAC_PHY_STATUS: u8 = 1;
const LINK_AGGREGATION: u8 = 3;
const MAXIMUM_FRAME_SIZE: u8 = 4;

/// Bits of the advertised capabilities, most significant first (RFC 4836, IANAifMauAutoNegCapBits),
/// in the inspector's words; the first bit means "other".
const ABILITIES: [&str; 15] = [
    "10BASE-T hdx",
    "10BASE-T fdx",
    "100BASE-T4",
    "100BASE-TX hdx",
    "100BASE-TX fdx",
    "100BASE-T2 hdx",
    "100BASE-T2 fdx",
    "PAUSE fdx",
    "Asym PAUSE fdx",
    "Sym PAUSE fdx",
    "Asym and Sym PAUSE fdx",
    "1000BASE-X hdx",
    "1000BASE-X fdx",
    "1000BASE-T hdx",
    "1000BASE-T fdx",
];

/// Adds what a TLV tells; `None` when it is not understood.
pub(super) fn add(facts: &mut Facts, subtype: u8, value: &[u8]) -> Option<()> {
    match subtype {
        MAC_PHY_STATUS => {
            let &[status, high, low, mau_high, mau_low] = value else {
                return None;
            };
            facts.set("switch_port_autonegotiation_enabled", status & 2 != 0);
            facts.set("switch_port_autonegotiation_support", status & 1 != 0);
            let abilities = abilities(u16::from_be_bytes([high, low]));
            facts.set("switch_port_physical_capabilities", abilities);
            let kind = u16::from_be_bytes([mau_high, mau_low]);
            facts.set("switch_port_mau_type", mau::name(kind)?);
        }
        LINK_AGGREGATION => link_aggregation(facts, value)?,
        MAXIMUM_FRAME_SIZE => facts.set("switch_port_mtu", number16(value)?),
        _ => return None,
    }
    Some(())
}

fn abilities(bits: u16) -> Vec<&'static str> {
    let named = ABILITIES.into_iter().enumerate();
    let mut found: Vec<_> = named
        .filter(|(at, _)| bits << (at + 1) & 0x8000 != 0)
        .map(|(_, name)| name)
        .collect();
    found.sort_unstable();
    found
}
