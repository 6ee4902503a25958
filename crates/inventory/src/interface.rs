//! Network interfaces and what their neighbours announce.

use serde::{Deserialize, Serialize};

use crate::{Mac, lenient};

/// One TLV of an LLDP frame, encoded as `[type, "hex digits of the value"]`
/// (IEEE 802.1AB, section 8.4; the type has seven bits).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LldpTlv(pub u8, pub String);

/// One network interface of real hardware.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interface {
    /// The kernel's name; may differ from boot to boot.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Address in use (sysfs `address`). Empty texts occur in the field.
    #[serde(deserialize_with = "lenient::text")]
    pub mac_address: Option<String>,
    /// Address burnt into the card (rtnetlink `IFLA_PERM_ADDRESS`); Assay's own key.
    #[serde(deserialize_with = "lenient::text")]
    pub permanent_mac_address: Option<String>,
    /// First IPv4 address, without prefix length.
    #[serde(deserialize_with = "lenient::text")]
    pub ipv4_address: Option<String>,
    /// First IPv6 address, of global scope when there is one.
    #[serde(deserialize_with = "lenient::text")]
    pub ipv6_address: Option<String>,
    /// Is the cable alive (sysfs `carrier`)?
    #[serde(deserialize_with = "lenient::boolean")]
    pub has_carrier: Option<bool>,
    /// TLVs of the last LLDP frame heard; `null` when none was listened for.
    pub lldp: Option<Vec<LldpTlv>>,
    /// PCI vendor id, say `0x8086` (sysfs `device/vendor`).
    #[serde(deserialize_with = "lenient::text")]
    pub vendor: Option<String>,
    /// PCI device id, say `0x1528` (sysfs `device/device`).
    #[serde(deserialize_with = "lenient::text")]
    pub product: Option<String>,
    /// DHCP client identifier of an InfiniBand port (RFC 4390), `null` for Ethernet.
    #[serde(deserialize_with = "lenient::text")]
    pub client_id: Option<String>,
    /// Name that the firmware gives the port (biosdevname), when known.
    #[serde(deserialize_with = "lenient::text")]
    pub biosdevname: Option<String>,
    /// Link speed in Mbit/s (sysfs `speed`), `null` without link.
    #[serde(deserialize_with = "lenient::number")]
    pub speed_mbps: Option<u64>,
    /// PCI address, say `0000:01:00.0`.
    #[serde(deserialize_with = "lenient::text")]
    pub pci_address: Option<String>,
    /// Kernel driver (sysfs `device/driver`).
    #[serde(deserialize_with = "lenient::text")]
    pub driver: Option<String>,
}

impl Interface {
    /// The address in use, when it is one that can tell machines apart.
    pub fn mac(&self) -> Option<Mac> {
        unicast(self.mac_address.as_deref())
    }

    /// The burnt-in address, when known and able to tell machines apart.
    pub fn permanent_mac(&self) -> Option<Mac> {
        unicast(self.permanent_mac_address.as_deref())
    }
}

fn unicast(text: Option<&str>) -> Option<Mac> {
    text?.parse().ok().filter(|mac: &Mac| mac.is_unicast())
}
