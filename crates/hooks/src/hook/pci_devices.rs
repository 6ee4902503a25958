//! Hook: PCI devices with an alias are counted.

use std::collections::BTreeMap;

use assay_inventory::PciDevice;
use serde_json::Value;

use super::Hook;
use crate::report::decode;
use crate::{HookSettings, PciAlias, Subject};

/// Sets the capability of each alias to the number of its devices; where there are none any more,
/// the capability is removed. A report without a list of devices changes nothing.
pub(crate) struct PciDevices;

impl Hook for PciDevices {
    fn name(&self) -> &'static str {
        "pci_devices"
    }

    fn update(&self, subject: &mut Subject, settings: &HookSettings) -> Result<(), String> {
        let Some(devices) = subject.data.get("pci_devices").and_then(Value::as_array) else {
            if !settings.pci_aliases.is_empty() {
                tracing::warn!(node = subject.node.uuid, "the report lists no PCI devices");
            }
            return Ok(());
        };
        let devices: Vec<PciDevice> = devices.iter().filter_map(decode).collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for alias in &settings.pci_aliases {
            let count = devices.iter().filter(|device| is_a(device, alias)).count();
            *counts.entry(&alias.name).or_default() += count;
        }
        for (name, count) in counts {
            let capabilities = &mut subject.node.capabilities;
            if count == 0 {
                capabilities.remove(name);
            } else {
                capabilities.insert(name.to_owned(), count.to_string());
            }
        }
        Ok(())
    }
}

fn is_a(device: &PciDevice, alias: &PciAlias) -> bool {
    let same = |found: Option<&str>, wanted: &str| found.is_some_and(|id| bare(id) == bare(wanted));
    same(device.vendor_id.as_deref(), &alias.vendor_id)
        && same(device.product_id.as_deref(), &alias.product_id)
}

/// Ids are written with and without `0x`, in either case.
fn bare(id: &str) -> String {
    let id = id.trim().to_ascii_lowercase();
    id.strip_prefix("0x").map_or(id.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn run(data: Value) -> BTreeMap<String, String> {
        let alias = |product: &str, name: &str| PciAlias {
            vendor_id: "0x8086".to_owned(),
            product_id: product.to_owned(),
            name: name.to_owned(),
        };
        let settings = HookSettings {
            pci_aliases: vec![alias("1528", "x540"), alias("10FB", "x520")],
            ..HookSettings::default()
        };
        let mut subject = fixture::subject(data);
        let old = ("x520".to_owned(), "4".to_owned());
        subject.node.capabilities.extend([old]);
        PciDevices.update(&mut subject, &settings).unwrap();
        subject.node.capabilities
    }

    #[test]
    fn devices_are_counted_and_gone_ones_forgotten() {
        let expected = [("x540".to_owned(), "2".to_owned())];
        assert_eq!(run(fixture::report()), expected.into());
    }

    #[test]
    fn a_report_without_devices_changes_nothing() {
        let expected = [("x520".to_owned(), "4".to_owned())];
        assert_eq!(run(json!({})), expected.clone().into());
        assert_eq!(run(json!({"pci_devices": null})), expected.into());
    }
}
