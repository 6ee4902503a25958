//! Which hooks run, in which order, and what they may do.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};

use crate::HookError;
use crate::hook::known_hooks;

/// Flags of `/proc/cpuinfo` and the capabilities they stand for.
const CPU_FLAGS: [(&str, &str); 6] = [
    ("vmx", "cpu_vt"),
    ("svm", "cpu_vt"),
    ("aes", "cpu_aes"),
    ("pse", "cpu_hugepages"),
    ("pdpe1gb", "cpu_hugepages_1g"),
    ("smx", "cpu_txt"),
];

/// Which interfaces become ports of the node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AddPorts {
    /// Every interface with a usable MAC address.
    All,
    /// Those that have an IP address in the ramdisk.
    Active,
    /// The one the machine booted from; like [`AddPorts::Active`] when the report does not tell.
    #[default]
    Pxe,
    /// None.
    Disabled,
}

/// Which ports the node keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeepPorts {
    /// Every one.
    #[default]
    All,
    /// Those whose MAC address is in the report.
    Present,
    /// Those that [`AddPorts`] selects from this report.
    Added,
}

/// A PCI device to be counted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PciAlias {
    /// Vendor id, four hex digits.
    pub vendor_id: String,
    /// Device id, four hex digits.
    pub product_id: String,
    /// Name of the capability that gets the count.
    pub name: String,
}

/// Settings of all hooks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HookSettings {
    /// Names of the hooks to run, in this order. `root_disk_selection` belongs before `scheduler`,
    /// `lldp_basic` after `validate_interfaces`.
    #[serde(deserialize_with = "hook_names")]
    pub hooks: Vec<String>,
    /// Which interfaces become ports.
    pub add_ports: AddPorts,
    /// Which ports are kept.
    pub keep_ports: KeepPorts,
    /// Whether what the node already has is replaced by what the report says.
    pub overwrite_existing: bool,
    /// Whether ports are marked as boot ports by the card that booted. Existing ports are changed
    /// only together with `overwrite_existing`.
    pub update_pxe_enabled: bool,
    /// Whether `local_gb` leaves out one GiB for partition tables.
    pub disk_partitioning_spacing: bool,
    /// Whether a report without CPU or memory facts fails; otherwise it is logged.
    pub require_scheduler_facts: bool,
    /// Whether the boot mode becomes the capability `boot_mode`.
    pub boot_mode: bool,
    /// CPU flag to capability; the capability is `true` when one of its flags is present.
    pub cpu_flags: BTreeMap<String, String>,
    /// PCI devices to count.
    pub pci_aliases: Vec<PciAlias>,
    /// Whether malformed facts of the extra-hardware collector are dropped as a whole.
    pub extra_hardware_strict: bool,
}

impl Default for HookSettings {
    fn default() -> Self {
        Self {
            hooks: known_hooks().map(str::to_owned).collect(),
            add_ports: AddPorts::default(),
            keep_ports: KeepPorts::default(),
            overwrite_existing: true,
            update_pxe_enabled: true,
            disk_partitioning_spacing: true,
            require_scheduler_facts: false,
            boot_mode: true,
            cpu_flags: CPU_FLAGS
                .map(|(flag, name)| (flag.to_owned(), name.to_owned()))
                .into(),
            pci_aliases: Vec::new(),
            extra_hardware_strict: false,
        }
    }
}

impl HookSettings {
    /// Do the settings make sense together?
    pub fn validate(&self) -> Result<(), HookError> {
        check_names(&self.hooks).map_err(HookError::Settings)?;
        if self.add_ports == AddPorts::Disabled && self.keep_ports == KeepPorts::Added {
            return Err(HookError::Settings(
                "add_ports = \"disabled\" with keep_ports = \"added\" would delete every port; \
                 use keep_ports = \"all\""
                    .to_owned(),
            ));
        }
        for alias in &self.pci_aliases {
            let wrong = alias.name.is_empty() || alias.name.contains([':', ',']);
            if wrong {
                return Err(HookError::Settings(format!(
                    "{:?} cannot name a capability of a PCI device",
                    alias.name
                )));
            }
        }
        Ok(())
    }
}

fn hook_names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    check_names(&names).map_err(D::Error::custom)?;
    Ok(names)
}

fn check_names(names: &[String]) -> Result<(), String> {
    for (at, name) in names.iter().enumerate() {
        if !known_hooks().any(|known| known == name) {
            let known = known_hooks().collect::<Vec<_>>().join(", ");
            return Err(format!("unknown hook {name:?}; known are {known}"));
        }
        if names[..at].contains(name) {
            return Err(format!("hook {name:?} is listed twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: serde_json::Value) -> Result<HookSettings, String> {
        let settings: HookSettings =
            serde_json::from_value(value).map_err(|error| error.to_string())?;
        settings.validate().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        let settings = read(json!({"add_ports": "all", "hooks": ["scheduler"]})).unwrap();
        assert_eq!(settings.add_ports, AddPorts::All);
        assert_eq!(settings.hooks, ["scheduler"]);
        assert_eq!(settings.cpu_flags["svm"], "cpu_vt");
        assert_eq!(read(json!({})).unwrap(), HookSettings::default());
    }

    #[test]
    fn nonsense_is_refused_with_the_reason() {
        let refused = |value| read(value).unwrap_err();
        assert!(
            refused(json!({"hooks": ["schedule"]}))
                .contains("unknown hook \"schedule\"; known are ramdisk_error, ")
        );
        assert!(refused(json!({"hooks": ["scheduler", "scheduler"]})).contains("listed twice"));
        assert!(
            refused(json!({"add_ports": "disabled", "keep_ports": "added"}))
                .contains("delete every port")
        );
        assert!(refused(json!({"add_port": "all"})).contains("add_port"));
        let alias = json!({"vendor_id": "10de", "product_id": "1db4", "name": "g,pu"});
        assert!(refused(json!({"pci_aliases": [alias]})).contains("\"g,pu\""));
    }
}
