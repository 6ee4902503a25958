//! Hook: the node's root device hints choose the root disk.

use assay_inventory::{Disk, RootDeviceHints};
use serde_json::Value;

use super::Hook;
use crate::report::{decode, entries, inventory, put};
use crate::{HookSettings, Subject};

/// Replaces `data.root_disk` by the first disk that satisfies the property `root_device`; disks
/// that satisfy an entry of the property `skip_block_devices` are left out. Without hints the
/// ramdisk's own choice stays.
pub(crate) struct RootDiskSelection;

impl Hook for RootDiskSelection {
    fn name(&self) -> &'static str {
        "root_disk_selection"
    }

    fn update(&self, subject: &mut Subject, _: &HookSettings) -> Result<(), String> {
        let Some(wanted) = hints(subject.node.properties.get("root_device"))? else {
            return Ok(());
        };
        inventory(&subject.data)?;
        let skipped = skipped(subject.node.properties.get("skip_block_devices"))?;
        let chosen = entries(&subject.data, "disks").iter().find(|disk| {
            decode::<Disk>(disk).is_some_and(|disk| {
                wanted.matches(&disk) && !skipped.iter().any(|hints| hints.matches(&disk))
            })
        });
        let chosen = chosen
            .cloned()
            .ok_or("No disk satisfies the node's root device hints")?;
        put(&mut subject.data, "root_disk", chosen);
        Ok(())
    }
}

fn hints(property: Option<&Value>) -> Result<Option<RootDeviceHints>, String> {
    let map = match property {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(map)) => map,
        Some(_) => return Err("The node's root device hints are not an object".to_owned()),
    };
    let hints = RootDeviceHints::from_map(map)
        .map_err(|error| format!("The node's root device hints cannot be used: {error}"))?;
    Ok((!hints.is_empty()).then_some(hints))
}

fn skipped(property: Option<&Value>) -> Result<Vec<RootDeviceHints>, String> {
    let list = property.and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|entry| hints(Some(entry)).transpose())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn select(properties: Value) -> Result<Value, String> {
        let mut subject = fixture::subject(fixture::report());
        subject.node.properties = properties.as_object().unwrap().clone();
        RootDiskSelection.update(&mut subject, &HookSettings::default())?;
        Ok(subject.data["root_disk"]["name"].clone())
    }

    #[test]
    fn hints_choose_and_their_absence_leaves_the_choice() {
        assert_eq!(select(json!({})).unwrap(), "/dev/vda");
        assert_eq!(select(json!({"root_device": {}})).unwrap(), "/dev/vda");
        assert_eq!(
            select(json!({"root_device": {"serial": "s1"}})).unwrap(),
            "/dev/vdb"
        );
        let skipping = json!({
            "root_device": {"vendor": "0x1af4"},
            "skip_block_devices": [{"serial": "s0"}],
        });
        assert_eq!(select(skipping).unwrap(), "/dev/vdb");
    }

    #[test]
    fn hints_that_match_nothing_or_make_no_sense_fail() {
        let failure = |hints| select(json!({"root_device": hints})).unwrap_err();
        assert_eq!(
            failure(json!({"serial": "s2"})),
            "No disk satisfies the node's root device hints"
        );
        assert!(failure(json!({"colour": "red"})).contains("unknown root device hint"));
        assert!(failure(json!("/dev/sda")).contains("not an object"));
    }
}
