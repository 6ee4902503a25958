//! Hook: to which switch port each port of the node is connected.

use assay_inventory::{Interface, normalize_mac};
use serde_json::{Map, Value};

use super::{Hook, lldp_basic};
use crate::report::{decode, entries};
use crate::{HookSettings, Subject, lldp, ports};

/// Sets `switch_id` (the chassis' MAC address; other kinds of chassis id are not taken), `port_id`
/// and `switch_info` (the switch's name) of the ports' local link connection.
pub(crate) struct LocalLinkConnection;

impl Hook for LocalLinkConnection {
    fn name(&self) -> &'static str {
        "local_link_connection"
    }

    fn update(&self, subject: &mut Subject, settings: &HookSettings) -> Result<(), String> {
        let data = &subject.data;
        for card in entries(data, "interfaces") {
            let Some(mac) = decode::<Interface>(card).and_then(|card| card.mac()) else {
                continue;
            };
            let mac = mac.to_string();
            let port = subject
                .ports
                .iter_mut()
                .find(|port| ports::has_mac(port, &mac));
            let (Some(port), Some(facts)) = (port, facts(data, card)) else {
                continue;
            };
            for (key, value) in connection(&facts) {
                let link = &mut port.local_link_connection;
                if settings.overwrite_existing || !link.contains_key(key) {
                    link.insert(key.to_owned(), value.into());
                }
            }
        }
        Ok(())
    }
}

/// What `lldp_basic` found, or the raw TLVs decoded when it did not run.
fn facts(data: &Value, card: &Value) -> Option<Map<String, Value>> {
    let name = card.get("name")?.as_str()?;
    let processed = data
        .get("all_interfaces")
        .and_then(|all| all.get(name)?.get("lldp_processed")?.as_object().cloned());
    processed.or_else(|| lldp_basic::raw(data, card).map(lldp::decode))
}

fn connection(facts: &Map<String, Value>) -> Vec<(&'static str, String)> {
    let text = |key: &str| facts.get(key)?.as_str().filter(|text| !text.is_empty());
    [
        (
            "switch_id",
            text("switch_chassis_id").and_then(normalize_mac),
        ),
        ("port_id", text("switch_port_id").map(str::to_owned)),
        ("switch_info", text("switch_system_name").map(str::to_owned)),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn run(mut data: Value, chassis: &str, overwrite_existing: bool) -> Value {
        data["inventory"]["interfaces"][0]["lldp"][0] = json!([1, chassis]);
        let mut subject = fixture::subject(data);
        let mut port = fixture::port(1, "52:54:00:4e:3d:30");
        port.local_link_connection
            .insert("port_id".to_owned(), "56".into());
        subject.ports = vec![port, fixture::port(2, "52:54:00:47:20:4d")];
        let settings = HookSettings {
            overwrite_existing,
            ..HookSettings::default()
        };
        LocalLinkConnection.update(&mut subject, &settings).unwrap();
        assert!(subject.ports[1].local_link_connection.is_empty());
        Value::Object(subject.ports.remove(0).local_link_connection)
    }

    #[test]
    fn raw_announcements_are_enough() {
        let expected = json!({
            "port_id": "Ethernet1/18",
            "switch_id": "88:5a:92:ec:54:59",
            "switch_info": "sw01-dist-1b-b12",
        });
        assert_eq!(run(fixture::report(), "04885a92ec5459", true), expected);
    }

    #[test]
    fn a_chassis_without_mac_address_and_existing_values_stay_out() {
        let expected = json!({"port_id": "56", "switch_info": "sw01-dist-1b-b12"});
        assert_eq!(run(fixture::report(), "0773773031", false), expected);
    }

    #[test]
    fn processed_announcements_come_first() {
        let mut data = fixture::report();
        data["all_interfaces"] =
            json!({"eth0": {"lldp_processed": {"switch_port_id": "p9", "switch_system_name": 3}}});
        assert_eq!(run(data, "04885a92ec5459", true), json!({"port_id": "p9"}));
    }
}
