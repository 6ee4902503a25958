//! The whole body of an inspection callback.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Boot, Cpu, Disk, Interface, LldpTlv, Mac, Memory, NumaTopology, PciDevice, SystemVendor,
    UsbDevice, lenient,
};

/// What an agent POSTs to the callback URL.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The hardware. `None` when the agent failed before it had looked.
    pub inventory: Option<Inventory>,
    /// Disk to install to, chosen by [`crate::select_root_disk`].
    pub root_disk: Option<Disk>,
    /// MAC of the card that booted; the `BOOTIF` form occurs.
    #[serde(deserialize_with = "lenient::text")]
    pub boot_interface: Option<String>,
    /// Why the report is not complete; `null` when all went well.
    #[serde(deserialize_with = "lenient::text")]
    pub error: Option<String>,
    /// Base64 of a tar.gz with the ramdisk's logs.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub logs: Option<String>,
    /// Every PCI function; `None` when the collector did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pci_devices: Option<Vec<PciDevice>>,
    /// NUMA topology; `None` on kernels without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numa_topology: Option<NumaTopology>,
    /// LLDP by interface name, where an agent keeps it outside of the interfaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lldp_raw: Option<BTreeMap<String, Vec<LldpTlv>>>,
    /// Facts of the `extra-hardware` collector, `[[group, name, key, value], …]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Which agent and which collectors made this report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Configuration>,
}

/// The hardware of one machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// Network interfaces of real hardware.
    #[serde(deserialize_with = "lenient::list")]
    pub interfaces: Vec<Interface>,
    /// Processors.
    pub cpu: Option<Cpu>,
    /// Disks.
    #[serde(deserialize_with = "lenient::list")]
    pub disks: Vec<Disk>,
    /// Memory.
    pub memory: Option<Memory>,
    /// IPv4 address of the BMC (IPMI, LAN parameter 3); `0.0.0.0` occurs.
    #[serde(deserialize_with = "lenient::text")]
    pub bmc_address: Option<String>,
    /// IPv6 address of the BMC (IPMI, LAN parameters 56 and 59); `::/0` occurs.
    #[serde(deserialize_with = "lenient::text")]
    pub bmc_v6address: Option<String>,
    /// MAC of the BMC (IPMI, LAN parameter 5).
    #[serde(deserialize_with = "lenient::text")]
    pub bmc_mac: Option<String>,
    /// Maker, model, serial number, firmware.
    pub system_vendor: Option<SystemVendor>,
    /// Boot mode and boot card.
    pub boot: Option<Boot>,
    /// Name that the running system has (`uname -n`).
    #[serde(deserialize_with = "lenient::text")]
    pub hostname: Option<String>,
    /// USB devices; `None` when the collector did not run.
    pub usb_devices: Option<Vec<UsbDevice>>,
}

/// Who made a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// Names of the collectors that ran.
    #[serde(deserialize_with = "lenient::list")]
    pub collectors: Vec<String>,
    /// Hardware managers of the agent, with their versions.
    #[serde(deserialize_with = "lenient::list")]
    pub managers: Vec<Manager>,
}

/// One hardware manager of an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manager {
    /// Its name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Its version.
    #[serde(deserialize_with = "lenient::text")]
    pub version: Option<String>,
}

impl Report {
    /// Every MAC that can identify the machine, in use or burnt in, each once.
    pub fn macs(&self) -> Vec<Mac> {
        let mut macs = Vec::new();
        let interfaces = self.inventory.iter().flat_map(|known| &known.interfaces);
        for mac in interfaces.flat_map(|card| [card.mac(), card.permanent_mac()]) {
            if let Some(mac) = mac.filter(|mac| !macs.contains(mac)) {
                macs.push(mac);
            }
        }
        macs
    }

    /// MAC of the card that booted, from `boot_interface` or the inventory.
    pub fn pxe_mac(&self) -> Option<Mac> {
        let boot = self
            .inventory
            .as_ref()
            .and_then(|known| known.boot.as_ref());
        [
            self.boot_interface.as_deref(),
            boot.and_then(|boot| boot.pxe_interface.as_deref()),
        ]
        .into_iter()
        .flatten()
        .find_map(|text| text.parse().ok())
    }

    /// The BMC's IPv4 address; the placeholders for "none" are none.
    pub fn bmc_ipv4(&self) -> Option<Ipv4Addr> {
        let text = self.inventory.as_ref()?.bmc_address.as_deref()?;
        let address: Ipv4Addr = text.trim().parse().ok()?;
        (!address.is_unspecified()).then_some(address)
    }

    /// The BMC's IPv6 address without prefix length; the placeholders for
    /// "none" are none.
    pub fn bmc_ipv6(&self) -> Option<Ipv6Addr> {
        let text = self.inventory.as_ref()?.bmc_v6address.as_deref()?.trim();
        let bare = text.split(['/', '%']).next().unwrap_or(text);
        let address: Ipv6Addr = bare.parse().ok()?;
        (!address.is_unspecified()).then_some(address)
    }

    /// The system UUID in lower case, from `system_vendor.uuid` or the
    /// `extra-hardware` facts (`system`, `product`, `uuid`).
    pub fn system_uuid(&self) -> Option<String> {
        let own = self.system_vendor().and_then(|maker| maker.uuid.as_deref());
        let text = own.or_else(|| self.extra_fact("system", "product", "uuid"))?;
        let uuid = text.trim().to_ascii_lowercase();
        is_telling_uuid(&uuid).then_some(uuid)
    }

    /// The system's serial number, unless empty.
    pub fn system_serial(&self) -> Option<&str> {
        let own = self
            .system_vendor()
            .and_then(|maker| maker.serial_number.as_deref());
        own.map(str::trim).filter(|serial| !serial.is_empty())
    }

    fn system_vendor(&self) -> Option<&SystemVendor> {
        self.inventory.as_ref()?.system_vendor.as_ref()
    }

    fn extra_fact(&self, group: &str, name: &str, key: &str) -> Option<&str> {
        let facts = self.data.as_ref()?.as_array()?;
        facts
            .iter()
            .find_map(|fact| match fact.as_array()?.as_slice() {
                [g, n, k, value] if g == group && n == name && k == key => value.as_str(),
                _ => None,
            })
    }
}

/// Boards without an own UUID show all zeros or all ones (SMBIOS, section 7.2.1).
fn is_telling_uuid(text: &str) -> bool {
    let digits = || text.bytes().filter(|&byte| byte != b'-');
    text.len() == 36
        && digits().count() == 32
        && digits().all(|byte| byte.is_ascii_hexdigit())
        && digits().any(|byte| byte != b'0')
        && digits().any(|byte| byte != b'f')
}
