//! Hook: what the switches announced, in readable form.

use serde_json::Value;

use super::Hook;
use crate::report::entries;
use crate::{HookSettings, Subject, lldp};

/// Decodes the raw LLDP of each interface into `all_interfaces[name].lldp_processed`, from where
/// the client's `interface list` and `interface show` read it.
pub(crate) struct LldpBasic;

impl Hook for LldpBasic {
    fn name(&self) -> &'static str {
        "lldp_basic"
    }

    fn update(&self, subject: &mut Subject, _: &HookSettings) -> Result<(), String> {
        for (name, facts) in decoded(&subject.data) {
            let all = subject.data.get_mut("all_interfaces");
            let card = all.and_then(|all| all.get_mut(&name));
            if let Some(card) = card.and_then(Value::as_object_mut) {
                card.insert("lldp_processed".to_owned(), facts);
            }
        }
        Ok(())
    }
}

fn decoded(data: &Value) -> Vec<(String, Value)> {
    entries(data, "interfaces")
        .iter()
        .filter_map(|card| {
            let name = card.get("name")?.as_str()?;
            let facts = lldp::decode(raw(data, card)?);
            (!facts.is_empty()).then(|| (name.to_owned(), Value::Object(facts)))
        })
        .collect()
}

/// The TLVs of an interface: in the report's `lldp_raw`, where older agents put them, or in the
/// interface itself.
pub(crate) fn raw<'a>(data: &'a Value, card: &'a Value) -> Option<&'a Value> {
    let name = card.get("name").and_then(Value::as_str).unwrap_or_default();
    let apart = data.get("lldp_raw").and_then(|all| all.get(name));
    apart
        .filter(|tlvs| tlvs.as_array().is_some_and(|tlvs| !tlvs.is_empty()))
        .or_else(|| card.get("lldp"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    #[test]
    fn both_places_are_read_and_silent_interfaces_stay() {
        let mut subject = fixture::subject(json!({
            "inventory": {"interfaces": [
                {"name": "em1", "lldp": [[5, "6f6c64"]]},
                {"name": "em2", "lldp": [[5, "737732"]]},
                {"name": "em3", "lldp": [[3, "0078"]]},
                {"name": "em4", "lldp": [[5, "737732"]]},
            ]},
            "lldp_raw": {"em1": [[5, "737731"]], "em2": []},
            "all_interfaces": {"em1": {}, "em2": {}, "em3": {}},
        }));
        LldpBasic
            .update(&mut subject, &HookSettings::default())
            .unwrap();
        assert_eq!(
            subject.data["all_interfaces"],
            json!({
                "em1": {"lldp_processed": {"switch_system_name": "sw1"}},
                "em2": {"lldp_processed": {"switch_system_name": "sw2"}},
                "em3": {},
            })
        );
    }
}
