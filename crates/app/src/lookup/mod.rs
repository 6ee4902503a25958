//! Which node a machine is: by BMC address, MAC addresses, system UUID and serial number.

use std::collections::{BTreeMap, BTreeSet};

use assay_domain::{IntrospectionState, Result};
use assay_inventory::Report;
use assay_store::{LookupBy, LookupHit, LookupKeys};

use crate::App;

/// A node that a lookup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) node_id: i64,
    pub(crate) state: Option<IntrospectionState>,
}

/// What a lookup came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// Exactly one node.
    One(Found),
    /// No node.
    None,
    /// Several nodes, with what led to each, for the log.
    Several(String),
}

/// The keys in a report. Unset addresses, empty MACs and the like are left out.
pub(crate) fn keys_of(report: &Report) -> LookupKeys {
    let ipv4 = report.bmc_ipv4().map(|address| address.to_string());
    let ipv6 = report.bmc_ipv6().map(|address| address.to_string());
    LookupKeys {
        bmc_addresses: ipv4.into_iter().chain(ipv6).collect(),
        macs: report.macs().iter().map(ToString::to_string).collect(),
        system_uuid: report.system_uuid(),
        serial: report
            .system_serial()
            .filter(|serial| is_telling(serial))
            .map(str::to_owned),
    }
}

/// Looks the keys up. A key that several nodes share says nothing and is ignored.
pub(crate) async fn find(app: &App, keys: LookupKeys) -> Result<Lookup> {
    let hits = app.store().lookup_nodes(keys).await?;
    Ok(decide(&hits))
}

fn decide(hits: &[LookupHit]) -> Lookup {
    let mut nodes_by_key: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for hit in hits {
        nodes_by_key
            .entry(key_text(&hit.by))
            .or_default()
            .insert(hit.node_id);
    }
    let telling: Vec<&LookupHit> = hits
        .iter()
        .filter(|hit| {
            nodes_by_key
                .get(&key_text(&hit.by))
                .is_some_and(|nodes| nodes.len() == 1)
        })
        .collect();
    let nodes: BTreeSet<i64> = telling.iter().map(|hit| hit.node_id).collect();
    match (telling.first(), nodes.len()) {
        (Some(hit), 1) => Lookup::One(Found {
            node_id: hit.node_id,
            state: hit.state,
        }),
        (None, _) if hits.is_empty() => Lookup::None,
        _ => Lookup::Several(describe(hits)),
    }
}

fn describe(hits: &[LookupHit]) -> String {
    let parts: Vec<String> = hits
        .iter()
        .map(|hit| format!("node {} by {}", hit.node_uuid, key_text(&hit.by)))
        .collect();
    parts.join(", ")
}

fn key_text(by: &LookupBy) -> String {
    match by {
        LookupBy::Bmc => "BMC address".to_owned(),
        LookupBy::Mac(mac) => format!("MAC address {mac}"),
        LookupBy::SystemUuid => "system UUID".to_owned(),
        LookupBy::Serial => "serial number".to_owned(),
    }
}

/// Firmware that was never given an identity says so in a few well-known ways.
pub(crate) fn is_telling(text: &str) -> bool {
    const EMPTY: [&str; 7] = [
        "not specified",
        "to be filled by o.e.m.",
        "default string",
        "system serial number",
        "none",
        "n/a",
        "0123456789",
    ];
    let text = text.trim().to_lowercase();
    let one_character = text
        .chars()
        .filter(|character| *character != '-')
        .collect::<BTreeSet<_>>()
        .len()
        <= 1;
    !one_character && !EMPTY.contains(&text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(node_id: i64, by: LookupBy) -> LookupHit {
        LookupHit {
            node_id,
            node_uuid: format!("uuid-{node_id}"),
            by,
            state: Some(IntrospectionState::Waiting),
        }
    }

    #[test]
    fn a_shared_mac_never_decides() {
        let shared = LookupBy::Mac("aa:00:00:00:00:01".to_owned());
        let own = LookupBy::Mac("aa:00:00:00:00:02".to_owned());
        let hits = [hit(1, shared.clone()), hit(2, shared.clone()), hit(2, own)];
        assert!(matches!(decide(&hits), Lookup::One(found) if found.node_id == 2));
        let only_shared = [hit(1, shared.clone()), hit(2, shared)];
        assert!(matches!(decide(&only_shared), Lookup::Several(_)));
    }

    #[test]
    fn keys_that_disagree_find_several() {
        let hits = [hit(1, LookupBy::Bmc), hit(2, LookupBy::SystemUuid)];
        assert!(matches!(decide(&hits), Lookup::Several(text) if text.contains("uuid-1")));
        assert_eq!(decide(&[]), Lookup::None);
    }

    #[test]
    fn identities_that_were_never_set_are_ignored() {
        for text in [
            "",
            "0",
            "00000000-0000-0000-0000-000000000000",
            "To Be Filled By O.E.M.",
        ] {
            assert!(!is_telling(text), "{text}");
        }
        assert!(is_telling("S1234"));
    }
}
