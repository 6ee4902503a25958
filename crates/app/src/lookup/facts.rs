//! What a report or a boot request tells about its machine.

use assay_domain::{Fact, FactKind, Facts};
use assay_inventory::{Interface, Report, SystemVendor, normalize_mac};
use assay_store::BootClaim;
use serde_json::{Value, json};

/// The longest value that is kept: real ones are far shorter.
const LONGEST: usize = 200;
/// More cards than any machine has; what is over is left out.
const CARDS: usize = 256;

/// A machine by what it tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Machine {
    /// What it tells.
    pub(crate) facts: Facts,
    /// Whether all of its cards are among the facts: firmware names only the one that it boots from.
    pub(crate) has_all_cards: bool,
}

/// The facts of a report. Placeholders, unset addresses and empty MACs are left out.
pub(crate) fn of_report(report: &Report) -> Machine {
    let inventory = report.inventory.as_ref();
    let vendor = inventory.and_then(|known| known.system_vendor.as_ref());
    let serial = |of: fn(&SystemVendor) -> &Option<String>| vendor.and_then(|it| of(it).clone());
    let bmc_mac = inventory
        .and_then(|known| known.bmc_mac.as_deref())
        .and_then(usable_mac);
    let single = [
        (FactKind::SystemUuid, report.system_uuid()),
        (FactKind::SystemSerial, serial(|it| &it.serial_number)),
        (
            FactKind::ChassisSerial,
            serial(|it| &it.chassis_serial_number),
        ),
        (FactKind::BoardSerial, serial(|it| &it.board_serial_number)),
        (
            FactKind::BmcAddress,
            report.bmc_ipv4().map(|ip| ip.to_string()),
        ),
        (
            FactKind::BmcAddress,
            report.bmc_ipv6().map(|ip| ip.to_string()),
        ),
        (FactKind::BmcMac, bmc_mac),
    ];
    let mut facts: Facts = single.into_iter().filter_map(telling).collect();
    let cards = inventory.map_or(&[][..], |known| &known.interfaces);
    facts.extend(cards.iter().filter_map(card).take(CARDS));
    Machine {
        has_all_cards: facts.iter().any(|fact| fact.kind == FactKind::Card),
        facts,
    }
}

/// The facts of firmware that asks for a boot script.
pub(crate) fn of_claim(claim: &BootClaim) -> Machine {
    let single = [
        (FactKind::SystemUuid, claim.system_uuid.clone()),
        (FactKind::SystemSerial, claim.serial.clone()),
        (FactKind::Card, usable_mac(&claim.mac)),
    ];
    Machine {
        facts: single.into_iter().filter_map(telling).collect(),
        has_all_cards: false,
    }
}

fn telling((kind, value): (FactKind, Option<String>)) -> Option<Fact> {
    let value = value?;
    let value = value.trim();
    let value = match kind {
        FactKind::SystemUuid => value.to_lowercase(),
        _ => value.to_owned(),
    };
    (is_telling(&value) && value.len() <= LONGEST).then(|| Fact::new(kind, value))
}

/// The burnt-in address where it is known: the one in use may be a bond's.
fn card(interface: &Interface) -> Option<Fact> {
    let mac = interface.permanent_mac().or(interface.mac())?;
    let place = interface.pci_address.as_deref().map(str::trim);
    Some(Fact {
        kind: FactKind::Card,
        value: mac.to_string(),
        place: place
            .filter(|place| !place.is_empty() && place.len() <= LONGEST)
            .map(str::to_owned),
    })
}

fn usable_mac(text: &str) -> Option<String> {
    let mac = normalize_mac(text)?;
    let parsed: assay_inventory::Mac = mac.parse().ok()?;
    parsed.is_unicast().then_some(mac)
}

/// Firmware that was never given an identity says so in a few well-known ways.
pub(crate) fn is_telling(text: &str) -> bool {
    const EMPTY: [&str; 13] = [
        "not specified",
        "not available",
        "not applicable",
        "to be filled by o.e.m.",
        "default string",
        "system serial number",
        "chassis serial number",
        "base board serial number",
        "none",
        "n/a",
        "unknown",
        "0123456789",
        "03000200-0400-0500-0006-000700080009",
    ];
    let text = text.trim().to_lowercase();
    let mut characters = text.chars().filter(|character| *character != '-');
    let first = characters.next();
    let one_character = characters.all(|character| Some(character) == first);
    !one_character && !EMPTY.contains(&text.as_str())
}

/// Facts for people: lists by kind.
pub(crate) fn shown(facts: &Facts) -> Value {
    let mut all = serde_json::Map::new();
    for fact in facts {
        let entry = all
            .entry(fact.kind.as_str())
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(list) = entry.as_array_mut() {
            list.push(match &fact.place {
                Some(place) => json!({"value": fact.value, "place": place}),
                None => json!({"value": fact.value}),
            });
        }
    }
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_that_were_never_set_are_ignored() {
        for text in [
            "",
            "0",
            "00000000-0000-0000-0000-000000000000",
            "To Be Filled By O.E.M.",
            "XXXXXXX",
        ] {
            assert!(!is_telling(text), "{text}");
        }
        assert!(is_telling("S1234"));
    }

    #[test]
    fn a_report_tells_every_fact_once() {
        let report = json!({"inventory": {
            "interfaces": [
                {"name": "eth0", "mac_address": "02:00:00:00:00:aa",
                 "permanent_mac_address": "52-54-00-00-00-01", "pci_address": "0000:01:00.0"},
                {"name": "eth1", "mac_address": "52:54:00:00:00:02"},
                {"name": "usb0", "mac_address": ""},
            ],
            "bmc_address": "192.0.2.7", "bmc_v6address": "::/0", "bmc_mac": "52:54:00:00:00:0B",
            "system_vendor": {"uuid": "4C4C4544-0042-3510-8052-B4C04F4D3132",
                "serial_number": " SN-1 ", "chassis_serial_number": "N/A",
                "board_serial_number": "B-1"},
        }});
        let machine = of_report(&serde_json::from_value(report).unwrap());
        assert_eq!(
            shown(&machine.facts),
            json!({
                "system_uuid": [{"value": "4c4c4544-0042-3510-8052-b4c04f4d3132"}],
                "system_serial": [{"value": "SN-1"}],
                "board_serial": [{"value": "B-1"}],
                "bmc_address": [{"value": "192.0.2.7"}],
                "bmc_mac": [{"value": "52:54:00:00:00:0b"}],
                "card": [{"value": "52:54:00:00:00:01", "place": "0000:01:00.0"},
                         {"value": "52:54:00:00:00:02"}],
            })
        );
        assert!(machine.has_all_cards);
    }
}
