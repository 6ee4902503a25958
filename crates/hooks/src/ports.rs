//! Ports of a node as a report says they should be.

use std::collections::{BTreeMap, BTreeSet};

use assay_domain::Port;
use serde_json::{Map, Value};

use crate::report::interfaces;
use crate::{AddPorts, HookSettings, KeepPorts, Subject};

/// What the processed interfaces say about one MAC address; several may share it (a bond and its
/// members).
#[derive(Default)]
struct Found {
    booted: bool,
    client_id: Option<String>,
}

/// Creates, updates and deletes ports by the report's `interfaces` and `all_interfaces`.
pub(crate) fn update(subject: &mut Subject, settings: &HookSettings) {
    let chosen = by_mac(subject.data.get("interfaces"));
    let all = by_mac(subject.data.get("all_interfaces"));
    let boot_is_known = all.values().any(|found| found.booted);
    if settings.add_ports != AddPorts::Disabled {
        for (mac, found) in &chosen {
            let known = subject.ports.iter().any(|port| has_mac(port, mac));
            if !known {
                let boots = found.booted || !boot_is_known || !settings.update_pxe_enabled;
                let port = new_port(subject.node.id, mac, boots, found.client_id.as_deref());
                subject.ports.push(port);
            }
        }
    }
    if settings.keep_ports != KeepPorts::All {
        let kept = kept_macs(subject, settings.keep_ports, &chosen, &all);
        subject
            .ports
            .retain(|port| kept.contains(&normal(&port.address)));
    }
    if settings.overwrite_existing && settings.update_pxe_enabled && boot_is_known {
        for port in &mut subject.ports {
            if let Some(found) = all.get(&normal(&port.address)) {
                port.pxe_enabled = found.booted;
            }
        }
    }
}

fn by_mac(interfaces: Option<&Value>) -> BTreeMap<String, Found> {
    let mut macs: BTreeMap<String, Found> = BTreeMap::new();
    for card in interfaces.and_then(Value::as_object).into_iter().flatten() {
        let text = |key: &str| card.1.get(key).and_then(Value::as_str);
        if let Some(mac) = text("mac") {
            let found = macs.entry(mac.to_owned()).or_default();
            found.booted |= card.1.get("pxe") == Some(&Value::Bool(true));
            found.client_id = found
                .client_id
                .take()
                .or(text("client_id").map(str::to_owned));
        }
    }
    macs
}

/// Burnt-in addresses count as present: the address in use may be a bond's.
fn kept_macs(
    subject: &Subject,
    which: KeepPorts,
    chosen: &BTreeMap<String, Found>,
    all: &BTreeMap<String, Found>,
) -> BTreeSet<String> {
    match which {
        KeepPorts::Added => chosen.keys().cloned().collect(),
        KeepPorts::All | KeepPorts::Present => {
            let cards = interfaces(&subject.data);
            let burnt_in = cards.iter().filter_map(|(_, card)| card.permanent_mac());
            let burnt_in = burnt_in.map(|mac| mac.to_string());
            all.keys().cloned().chain(burnt_in).collect()
        }
    }
}

fn new_port(node_id: i64, mac: &str, pxe_enabled: bool, client_id: Option<&str>) -> Port {
    let mut extra = Map::new();
    if let Some(id) = client_id {
        extra.insert("client-id".to_owned(), id.into());
    }
    Port {
        id: 0,
        uuid: uuid::Uuid::new_v4().to_string(),
        node_id,
        address: mac.to_owned(),
        pxe_enabled,
        local_link_connection: Map::new(),
        extra,
    }
}

/// Does the port have this MAC address (in its normal form)?
pub(crate) fn has_mac(port: &Port, mac: &str) -> bool {
    normal(&port.address) == mac
}

/// The normal form of an address; one that is no MAC address stands for itself.
fn normal(address: &str) -> String {
    assay_inventory::normalize_mac(address).unwrap_or_else(|| address.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    const BOOT: &str = "52:54:00:4e:3d:30";
    const OTHER: &str = "52:54:00:47:20:4d";
    const GONE: &str = "52:54:00:00:00:99";

    fn run(settings: &HookSettings) -> Subject {
        let card = |mac: &str, pxe: bool| json!({"mac": mac, "pxe": pxe, "client_id": "ff:01"});
        let mut subject = fixture::subject(json!({
            "interfaces": {"ib0": card(BOOT, true), "bond0": card(BOOT, false)},
            "all_interfaces": {
                "ib0": card(BOOT, true), "bond0": card(BOOT, false), "eth1": card(OTHER, false),
            },
        }));
        subject.ports = vec![
            fixture::port(1, &OTHER.to_uppercase()),
            fixture::port(2, GONE),
        ];
        update(&mut subject, settings);
        subject
    }

    fn addresses(subject: &Subject) -> Vec<String> {
        subject
            .ports
            .iter()
            .map(|port| port.address.to_lowercase())
            .collect()
    }

    #[test]
    fn one_port_per_address_is_added() {
        let subject = run(&HookSettings::default());
        assert_eq!(addresses(&subject), [OTHER, GONE, BOOT]);
        let added = &subject.ports[2];
        assert_eq!((added.id, added.node_id, added.pxe_enabled), (0, 7, true));
        assert_eq!(added.extra["client-id"], "ff:01");
        assert!(uuid::Uuid::parse_str(&added.uuid).is_ok());
        assert!(
            !subject.ports[0].pxe_enabled,
            "a present card that did not boot"
        );
        assert!(
            subject.ports[1].pxe_enabled,
            "nothing is known of an absent card"
        );
    }

    #[test]
    fn ports_are_deleted_only_when_so_configured() {
        let keeping = |keep_ports| {
            addresses(&run(&HookSettings {
                keep_ports,
                ..HookSettings::default()
            }))
        };
        assert_eq!(keeping(KeepPorts::Present), [OTHER, BOOT]);
        assert_eq!(keeping(KeepPorts::Added), [BOOT]);
    }

    #[test]
    fn boot_flags_stay_when_so_configured() {
        let settings = HookSettings {
            update_pxe_enabled: false,
            add_ports: AddPorts::Disabled,
            ..HookSettings::default()
        };
        let subject = run(&settings);
        assert_eq!(addresses(&subject), [OTHER, GONE]);
        assert!(subject.ports[0].pxe_enabled);
    }

    #[test]
    fn an_unknown_boot_card_changes_no_flag() {
        let mut subject = fixture::subject(json!({
            "interfaces": {"eth0": {"mac": BOOT, "pxe": false}},
            "all_interfaces": {"eth0": {"mac": BOOT, "pxe": false}},
        }));
        update(&mut subject, &HookSettings::default());
        update(&mut subject, &HookSettings::default());
        assert_eq!(subject.ports.len(), 1);
        assert!(subject.ports[0].pxe_enabled);
    }
}
