//! What the machine behind an AMT device boots next: a source, options, and whether they count.

use crate::hardware::{BootDevice, BootPlan};

/// What the machine boots next, as far as the device has a say in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmtBoot {
    /// As configured.
    Configured,
    /// The network.
    Network,
    /// A disk.
    Disk,
    /// A CD drive, which no simulated machine has.
    Cd,
    /// The firmware's set-up.
    Setup,
}

/// The sources' names, as CIM_BootSourceSetting has them.
pub(super) const SOURCES: [(&str, AmtBoot); 3] = [
    ("Intel(r) AMT: Force Hard-drive Boot", AmtBoot::Disk),
    ("Intel(r) AMT: Force PXE Boot", AmtBoot::Network),
    ("Intel(r) AMT: Force CD/DVD Boot", AmtBoot::Cd),
];

/// The one boot configuration's name.
pub(super) const CONFIGURATION: &str = "Intel(r) AMT: Boot Configuration 0";

/// The options of AMT_BootSettingData, in its order, and whether a client may write them.
const OPTIONS: [(&str, &str, bool); 18] = [
    ("BIOSLastStatus", "0", false),
    ("BIOSPause", "false", true),
    ("BIOSSetup", "false", true),
    ("BootMediaIndex", "0", true),
    ("ConfigurationDataReset", "false", true),
    ("ElementName", "Assay simulator: boot options", true),
    ("FirmwareVerbosity", "0", true),
    ("ForcedProgressEvents", "false", true),
    ("IDERBootDevice", "0", true),
    ("InstanceID", "Intel(r) AMT:BootSettingData 0", true),
    ("OptionsCleared", "true", false),
    ("OwningEntity", "Assay simulator", true),
    ("ReflashBIOS", "false", true),
    ("SecureBootControlEnabled", "true", false),
    ("UseIDER", "false", true),
    ("UseSOL", "false", true),
    ("UseSafeMode", "false", true),
    ("WinREBootEnabled", "false", false),
];
/// Options that forbid a source.
const EXCLUSIVE: [&str; 5] = ["BIOSPause", "BIOSSetup", "ReflashBIOS", "UseIDER", "UseSOL"];

/// The settings as they stand.
pub(super) struct BootSettings {
    /// The source that comes first, an index of [`SOURCES`].
    source: Option<usize>,
    /// Whether source and options count for the next start.
    counts: bool,
    options: Vec<(&'static str, String)>,
}

impl Default for BootSettings {
    fn default() -> Self {
        let options = OPTIONS.map(|(name, value, _)| (name, value.to_owned()));
        Self {
            source: None,
            counts: false,
            options: options.to_vec(),
        }
    }
}

impl BootSettings {
    /// What the machine boots next.
    pub(super) fn next(&self) -> AmtBoot {
        if !self.counts {
            return AmtBoot::Configured;
        }
        match self.source {
            Some(at) => SOURCES[at].1,
            None if self.is_set("BIOSSetup") => AmtBoot::Setup,
            None => AmtBoot::Configured,
        }
    }

    /// How the machine starts now; everything that was set is used up by that.
    pub(super) fn consume(&mut self, default: BootPlan) -> BootPlan {
        let device = match self.next() {
            AmtBoot::Configured => default.device,
            AmtBoot::Network => BootDevice::Network,
            AmtBoot::Disk => BootDevice::Disk,
            AmtBoot::Cd | AmtBoot::Setup => BootDevice::Nothing,
        };
        *self = Self::default();
        BootPlan { device, ..default }
    }

    /// Chooses a source by its name, or none; false when there is none of this name, or an option forbids it.
    pub(super) fn choose(&mut self, name: Option<&str>) -> bool {
        let Some(name) = name else {
            self.source = None;
            return true;
        };
        let found = SOURCES.iter().position(|(source, _)| *source == name);
        if found.is_none() || EXCLUSIVE.iter().any(|option| self.is_set(option)) {
            return false;
        }
        self.source = found;
        true
    }

    /// Gives the configuration a role; false when there is no such role.
    pub(super) fn assign(&mut self, role: &str) -> bool {
        match role {
            "1" => self.counts = true,
            "32768" => self.counts = false,
            _ => return false,
        }
        true
    }

    /// Whether it counts for the next start.
    pub(super) fn counts(&self) -> bool {
        self.counts
    }

    /// The source's place in the order: 1, or 0 when it is not chosen.
    pub(super) fn sequence(&self, at: usize) -> u8 {
        u8::from(self.source == Some(at))
    }

    /// The options in their order.
    pub(super) fn options(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.options
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    }

    /// Writes options, all or none; false when one may not be written, has no such value, or is forbidden by a source.
    pub(super) fn write<'a>(&mut self, written: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
        let mut options = self.options.clone();
        for (name, value) in written {
            let may = OPTIONS.iter().any(|(known, _, may)| *known == name && *may);
            let option = options.iter_mut().find(|(known, _)| *known == name);
            let (true, Some((_, current))) = (may, option) else {
                return false;
            };
            if !is_alike(current, value) || (self.source.is_some() && value == "true") {
                return false;
            }
            value.clone_into(current);
        }
        self.options = options;
        true
    }

    /// Sets one option, whatever forbids it.
    pub(super) fn set_option(&mut self, name: &str, value: &str) -> bool {
        let option = self.options.iter_mut().find(|(known, _)| *known == name);
        option
            .map(|(_, current)| value.clone_into(current))
            .is_some()
    }

    fn is_set(&self, name: &str) -> bool {
        self.options()
            .any(|(known, value)| known == name && value == "true")
    }
}

/// Whether a value is of the kind that an option has.
fn is_alike(current: &str, value: &str) -> bool {
    let is_truth = |text: &str| matches!(text, "true" | "false");
    let is_number = |text: &str| text.parse::<u32>().is_ok();
    is_truth(current) == is_truth(value) && is_number(current) == is_number(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::Firmware;

    const DEFAULT: BootPlan = BootPlan {
        device: BootDevice::Disk,
        firmware: Firmware::Uefi,
    };

    #[test]
    fn a_source_counts_for_one_start_once_it_has_the_role() {
        let mut boot = BootSettings::default();
        assert!(boot.choose(Some("Intel(r) AMT: Force PXE Boot")));
        assert_eq!(boot.next(), AmtBoot::Configured);
        assert!(boot.assign("1") && !boot.assign("2"));
        assert_eq!(boot.consume(DEFAULT).device, BootDevice::Network);
        assert_eq!(boot.consume(DEFAULT), DEFAULT);
    }

    #[test]
    fn sources_and_options_forbid_each_other() {
        let mut boot = BootSettings::default();
        assert!(boot.set_option("UseSOL", "true"));
        assert!(!boot.choose(Some("Intel(r) AMT: Force PXE Boot")));
        assert!(boot.write([("UseSOL", "false")].into_iter()));
        assert!(boot.choose(Some("Intel(r) AMT: Force PXE Boot")));
        assert!(!boot.write([("BIOSSetup", "true")].into_iter()));
        assert!(!boot.choose(Some("Intel(r) AMT: Force Floppy Boot")));
    }

    #[test]
    fn what_only_the_device_writes_is_refused_and_nothing_is_changed() {
        let mut boot = BootSettings::default();
        assert!(!boot.write([("BIOSSetup", "true"), ("OptionsCleared", "true")].into_iter()));
        assert!(!boot.write([("BIOSSetup", "1x")].into_iter()));
        assert!(!boot.is_set("BIOSSetup"));
    }
}
