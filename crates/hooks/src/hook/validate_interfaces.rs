//! Hook: which network interfaces are real, and which of them become ports.

use std::net::IpAddr;

use assay_inventory::{Interface, Mac};
use serde_json::{Map, Value, json};

use super::Hook;
use crate::report::{boot_mac, entries, interfaces, inventory, put, reachability};
use crate::{AddPorts, HookSettings, Subject, ports};

/// Adds to the report `all_interfaces` (every interface with a usable MAC address, by name, with
/// `ip`, `mac`, `client_id` and `pxe`), `interfaces` (those that the setting `add_ports` selects),
/// `macs` (their addresses, each once), `ipmi_address` and `ipmi_v6address`; then creates, updates
/// and deletes ports accordingly.
pub(crate) struct ValidateInterfaces;

impl Hook for ValidateInterfaces {
    fn name(&self) -> &'static str {
        "validate_interfaces"
    }

    fn before(&self, data: &mut Value, settings: &HookSettings) -> Result<(), String> {
        inventory(data)?;
        if entries(data, "interfaces").is_empty() {
            return Err("The inventory has no network interfaces".to_owned());
        }
        let cards = Card::all(data);
        if cards.is_empty() {
            return Err("No valid network interfaces".to_owned());
        }
        let chosen = select(&cards, settings.add_ports);
        if chosen.is_empty() && settings.add_ports != AddPorts::Disabled {
            return Err(unsuitable(&cards));
        }
        let mut macs: Vec<String> = Vec::new();
        for card in &chosen {
            let mac = card.mac.to_string();
            if !macs.contains(&mac) {
                macs.push(mac);
            }
        }
        let chosen = shape(chosen);
        let bmc = reachability(data);
        put(data, "ipmi_address", json!(bmc.bmc_ipv4()));
        put(data, "ipmi_v6address", json!(bmc.bmc_ipv6()));
        put(data, "all_interfaces", shape(cards.iter().collect()));
        put(data, "interfaces", chosen);
        put(data, "macs", macs);
        Ok(())
    }

    fn update(&self, subject: &mut Subject, settings: &HookSettings) -> Result<(), String> {
        ports::update(subject, settings);
        Ok(())
    }
}

/// An interface with a name and a MAC address that can tell machines apart.
struct Card {
    name: String,
    mac: Mac,
    ip: Option<IpAddr>,
    client_id: Option<String>,
    pxe: bool,
}

impl Card {
    fn all(data: &Value) -> Vec<Self> {
        let boot = boot_mac(data);
        interfaces(data)
            .into_iter()
            .filter_map(|(name, card)| {
                let Some(mac) = card.mac() else {
                    tracing::debug!(name, mac = card.mac_address, "no usable MAC address");
                    return None;
                };
                Some(Self {
                    ip: address(&card),
                    pxe: boot.is_some_and(|boot| boot == mac || Some(boot) == card.permanent_mac()),
                    client_id: card.client_id.filter(|id| !id.is_empty()),
                    name,
                    mac,
                })
            })
            .collect()
    }

    fn is_loopback(&self) -> bool {
        self.name == "lo" || self.ip.is_some_and(|ip| ip.is_loopback())
    }
}

/// The address in use, IPv4 first; a zone (`fe80::1%eth0`) is not part of it.
fn address(card: &Interface) -> Option<IpAddr> {
    [&card.ipv4_address, &card.ipv6_address]
        .into_iter()
        .flatten()
        .find_map(|text| text.split('%').next()?.trim().parse().ok())
}

fn select(cards: &[Card], which: AddPorts) -> Vec<&Card> {
    let booted = cards.iter().any(|card| card.pxe);
    cards
        .iter()
        .filter(|card| !card.is_loopback())
        .filter(|card| match which {
            AddPorts::All => true,
            AddPorts::Pxe if booted => card.pxe,
            AddPorts::Active | AddPorts::Pxe | AddPorts::Disabled => card.ip.is_some(),
        })
        .collect()
}

fn unsuitable(cards: &[Card]) -> String {
    let reasons: Vec<String> = cards
        .iter()
        .map(|card| {
            let reason = if card.is_loopback() {
                "is a loopback"
            } else {
                "has no IP address"
            };
            format!("{} {} {reason}", card.name, card.mac)
        })
        .collect();
    format!("No suitable network interfaces: {}", reasons.join(", "))
}

fn shape(cards: Vec<&Card>) -> Map<String, Value> {
    cards
        .into_iter()
        .map(|card| {
            let facts = json!({
                "ip": card.ip,
                "mac": card.mac,
                "client_id": card.client_id,
                "pxe": card.pxe,
            });
            (card.name.clone(), facts)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn processed(mut data: Value, add_ports: AddPorts) -> Result<Value, String> {
        let settings = HookSettings {
            add_ports,
            ..HookSettings::default()
        };
        ValidateInterfaces.before(&mut data, &settings)?;
        Ok(data)
    }

    #[test]
    fn the_report_gets_the_inspectors_shape() {
        let data = processed(fixture::report(), AddPorts::Pxe).unwrap();
        let eth0 = json!({
            "ip": "192.0.2.71", "mac": "52:54:00:4e:3d:30", "client_id": null, "pxe": true,
        });
        let eth1 = json!({
            "ip": null, "mac": "52:54:00:47:20:4d", "client_id": null, "pxe": false,
        });
        assert_eq!(data["all_interfaces"], json!({"eth0": eth0, "eth1": eth1}));
        assert_eq!(data["interfaces"], json!({"eth0": eth0}));
        assert_eq!(data["macs"], json!(["52:54:00:4e:3d:30"]));
        assert_eq!(data["ipmi_address"], "192.0.2.10");
        assert_eq!(data["ipmi_v6address"], Value::Null);
    }

    #[test]
    fn the_setting_selects_interfaces() {
        let macs = |which, mut report: Value, boot: &str| {
            report["boot_interface"] = json!(boot);
            report["inventory"]["boot"] = Value::Null;
            processed(report, which).unwrap()["macs"].clone()
        };
        let (first, second) = ("52:54:00:4e:3d:30", "52:54:00:47:20:4d");
        let report = fixture::report;
        assert_eq!(macs(AddPorts::All, report(), ""), json!([first, second]));
        assert_eq!(macs(AddPorts::Active, report(), second), json!([first]));
        assert_eq!(macs(AddPorts::Pxe, report(), second), json!([second]));
        assert_eq!(macs(AddPorts::Pxe, report(), ""), json!([first]));
        // A boot card that is not in the inventory chooses nothing.
        assert_eq!(
            macs(AddPorts::Pxe, report(), "02:00:00:00:00:01"),
            json!([first])
        );
    }

    #[test]
    fn reports_without_usable_interfaces_are_refused() {
        let refused = |data| processed(data, AddPorts::Active).unwrap_err();
        let cards = |cards: Value| refused(json!({"inventory": {"interfaces": cards}}));
        assert_eq!(refused(json!({})), "The hardware inventory is missing");
        assert_eq!(refused(json!([])), "The hardware inventory is missing");
        assert_eq!(cards(json!([])), "The inventory has no network interfaces");
        for mac in ["", "zz", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"] {
            let card = json!([{"name": "eth0", "mac_address": mac, "ipv4_address": "192.0.2.1"}]);
            assert_eq!(cards(card), "No valid network interfaces", "{mac:?}");
        }
        assert_eq!(
            cards(json!([{"name": "eth0", "mac_address": "02:00:00:00:00:01"}])),
            "No suitable network interfaces: eth0 02:00:00:00:00:01 has no IP address"
        );
        let card = json!({"name": "eth0", "mac_address": "02:00:00:00:00:01"});
        let data = json!({"inventory": {"interfaces": [card]}});
        assert_eq!(
            processed(data, AddPorts::Disabled).unwrap()["macs"],
            json!([])
        );
    }

    #[test]
    fn loopbacks_zones_and_shared_addresses_are_understood() {
        let data = json!({"inventory": {"interfaces": [
            {"name": "lo", "mac_address": "02:00:00:00:00:01", "ipv4_address": "192.0.2.9"},
            {"name": "eth0", "mac_address": "02-00-00-00-00-02", "ipv6_address": "fe80::1%eth0"},
            {"name": "bond0", "mac_address": "0200.0000.0002", "ipv4_address": "192.0.2.2"},
            "nonsense",
            {"mac_address": "02:00:00:00:00:03", "ipv4_address": "192.0.2.3"},
        ]}});
        let data = processed(data, AddPorts::Active).unwrap();
        assert_eq!(data["macs"], json!(["02:00:00:00:00:02"]));
        assert_eq!(data["interfaces"]["eth0"]["ip"], "fe80::1");
        assert_eq!(data["all_interfaces"].as_object().unwrap().len(), 3);
    }
}
