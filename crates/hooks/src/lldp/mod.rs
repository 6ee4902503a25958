//! Decoder of raw LLDP TLVs (IEEE 802.1AB) into the inspector's readable facts.
//!
//! Understood are the basic management set (IEEE Std 802.1AB-2016, section 8.5), the set of
//! IEEE 802.1 (Std 802.1Q-2018, annex D; OUI 00-80-C2) and that of IEEE 802.3 (Std 802.3-2018,
//! clause 79; OUI 00-12-0F). A TLV that is malformed, truncated or of another kind is left out.

mod address;
mod basic;
mod dot1;
mod dot3;
mod mau;

use serde_json::{Map, Value};

const END: u64 = 0;
const ORGANIZATION_SPECIFIC: u64 = 127;

/// The facts in the TLVs of one frame, `[[type, "hex digits"], …]`, by the inspector's names
/// (`switch_chassis_id`, `switch_port_vlans`, …). Where a fact is announced twice, the first wins;
/// facts that may repeat are lists. Any input is accepted.
pub fn decode(tlvs: &Value) -> Map<String, Value> {
    let mut facts = Facts::default();
    for tlv in tlvs.as_array().into_iter().flatten() {
        if let Some((kind, value)) = parts(tlv) {
            if kind == END {
                break;
            }
            if add(&mut facts, kind, &value).is_none() {
                tracing::debug!(kind, length = value.len(), "LLDP TLV is not understood");
            }
        }
    }
    facts.0
}

fn parts(tlv: &Value) -> Option<(u64, Vec<u8>)> {
    let [kind, value] = tlv.as_array()?.as_slice() else {
        return None;
    };
    Some((kind.as_u64()?, unhex(value.as_str()?)?))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16)?.try_into().ok();
    let pairs = text.as_bytes().chunks(2).map(|pair| match *pair {
        [high, low] => {
            let (high, low): (u8, u8) = (digit(high)?, digit(low)?);
            Some(high << 4 | low)
        }
        _ => None,
    });
    pairs.collect()
}

fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .collect()
}

/// `None` when the TLV is not understood.
fn add(facts: &mut Facts, kind: u64, value: &[u8]) -> Option<()> {
    if kind != ORGANIZATION_SPECIFIC {
        return basic::add(facts, kind, value);
    }
    match value {
        [0x00, 0x80, 0xc2, subtype, rest @ ..] => dot1::add(facts, *subtype, rest),
        [0x00, 0x12, 0x0f, subtype, rest @ ..] => dot3::add(facts, *subtype, rest),
        _ => None,
    }
}

/// What has been understood so far.
#[derive(Default)]
struct Facts(Map<String, Value>);

impl Facts {
    /// A fact that a frame tells once.
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    /// A fact that a frame may tell several times.
    fn append(&mut self, name: &str, value: impl Into<Value>) {
        let list = self
            .0
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(list) = list.as_array_mut() {
            list.push(value.into());
        }
    }
}

/// Text; some switches end it with zero bytes.
fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.trim_end_matches('\0').to_owned())
}

fn number16(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

/// Link aggregation: status and port (802.1Q section D.2.7; the same layout as the deprecated
/// 802.3 section 79.3.3). Bit 0: supported, bit 1: enabled.
fn link_aggregation(facts: &mut Facts, value: &[u8]) -> Option<()> {
    let [status, port @ ..] = value else {
        return None;
    };
    let port = u32::from_be_bytes(port.try_into().ok()?);
    facts.set("switch_port_link_aggregation_enabled", status & 2 != 0);
    facts.set("switch_port_link_aggregation_support", status & 1 != 0);
    facts.set("switch_port_link_aggregation_id", port);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_full_frame_is_understood() {
        let frame = json!([
            [1, "04112233AABBCC"],
            [2, "07373334"],
            [3, "003c"],
            [4, "706f72742033"],
            [5, "73772d31"],
            [6, "4e6574776f726b732c20496e632e00"],
            [7, "00140004"],
            [8, "0501c000020f020000000000"],
            [8, "110220010db885a3000000008a2e03707334020000000000"],
            [8, "0706aa11bb22cc3302000003e900"],
            [127, "00120f01036c110010"],
            [127, "00120f030300000002"],
            [127, "00120f0405ea"],
            [127, "0080c2010066"],
            [127, "0080c20206000a"],
            [127, "0080c202060014"],
            [127, "0080c204080026424203000000"],
            [127, "0080c203006507766c616e313031"],
            [127, "0080c203006607766c616e313032"],
            [127, "0080c2060058"],
            [0, ""],
            [5, "6166746572"],
        ]);
        insta::assert_json_snapshot!(decode(&frame));
    }

    #[test]
    fn the_first_of_two_wins() {
        let frame = json!([
            [1, "04112233aabbcc"],
            [1, "04332211ddeeff"],
            [2, "07373334"],
            [2, "0738"]
        ]);
        assert_eq!(
            Value::Object(decode(&frame)),
            json!({"switch_chassis_id": "11:22:33:aa:bb:cc", "switch_port_id": "734"})
        );
    }

    #[test]
    fn every_kind_of_identity_is_told_as_text() {
        let of = |kind: u8, hex: &str| {
            let facts = decode(&json!([[kind, hex]]));
            facts
                .values()
                .next()
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        assert_eq!(of(1, "0501c000020f").as_deref(), Some("192.0.2.15"));
        assert_eq!(
            of(1, "0506112233aabbcc").as_deref(),
            Some("11:22:33:aa:bb:cc")
        );
        assert_eq!(of(1, "0773773031").as_deref(), Some("sw01"));
        assert_eq!(of(1, "0873773031"), None);
        assert_eq!(
            of(2, "03112233aabbcc").as_deref(),
            Some("11:22:33:aa:bb:cc")
        );
        assert_eq!(
            of(2, "0545746865726e6574312f3138").as_deref(),
            Some("Ethernet1/18")
        );
        assert_eq!(of(2, "0645746865726e6574312f3138"), None);
        assert_eq!(of(2, "0401c000020f").as_deref(), Some("192.0.2.15"));
    }

    #[test]
    fn malformed_and_foreign_tlvs_are_left_out() {
        let frame = json!([
            [1, "04"],
            [1, "0411"],
            [2, ""],
            [5, "ff"],
            [5, "abc"],
            [5, "gg"],
            [7, "001400"],
            [8, "0501"],
            [8, "0507c000020f"],
            [8, ""],
            [10, "04112233aabbcc"],
            [127, "00120f04"],
            [127, "0080c201"],
            [127, "0080c206"],
            [127, "00120f01036c11"],
            [127, "00120f0303"],
            [127, "00120f03"],
            [127, "0080c203006507"],
            [127, "0080c20408"],
            [127, "00906901"],
            [127, "0012"],
            [128, "00120f080300010000"],
            [-1, "00"],
            ["5", "61"],
            [5],
            [5, "61", "62"],
            7,
            null,
        ]);
        assert_eq!(Value::Object(decode(&frame)), json!({}));
        assert!(decode(&json!({"a": 1})).is_empty());
        let empty = json!([[4, ""], [5, ""]]);
        assert_eq!(
            Value::Object(decode(&empty)),
            json!({"switch_port_description": "", "switch_system_name": ""})
        );
    }

    #[test]
    fn an_unknown_mau_type_does_not_hide_the_rest() {
        let facts = decode(&json!([[127, "00120f01030400ffff"]]));
        assert_eq!(facts.get("switch_port_mau_type"), None);
        assert_eq!(facts["switch_port_autonegotiation_enabled"], true);
        assert_eq!(
            facts["switch_port_physical_capabilities"],
            json!(["100BASE-TX fdx"])
        );
    }

    proptest! {
        #[test]
        fn no_frame_panics(tlvs in prop::collection::vec((0_u8..=130, prop::collection::vec(any::<u8>(), 0..40)), 0..12)) {
            let frame: Vec<Value> = tlvs
                .iter()
                .map(|(kind, bytes)| {
                    json!([kind, hex(bytes)])
                })
                .collect();
            decode(&Value::Array(frame));
        }

        #[test]
        fn no_organisational_tlv_panics(oui in prop::sample::select(vec!["0080c2", "00120f"]), subtype in 0_u8..8, rest in "([0-9a-f]{2}){0,20}") {
            decode(&json!([[127, format!("{oui}{subtype:02x}{rest}")]]));
        }

        #[test]
        fn no_hex_text_panics(kind in 0_u8..=130, text in "\\PC{0,20}") {
            decode(&json!([[kind, text]]));
        }
    }
}
