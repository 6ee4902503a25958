//! Devices on the PCI and USB buses.

use serde::{Deserialize, Serialize};

use crate::lenient;

/// One PCI function (`/sys/bus/pci/devices`); ids are lower-case hex without `0x`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PciDevice {
    /// Vendor id, four digits.
    #[serde(deserialize_with = "lenient::text")]
    pub vendor_id: Option<String>,
    /// Device id, four digits.
    #[serde(deserialize_with = "lenient::text")]
    pub product_id: Option<String>,
    /// Class, subclass and interface, six digits.
    #[serde(deserialize_with = "lenient::text")]
    pub class: Option<String>,
    /// Revision, two digits.
    #[serde(deserialize_with = "lenient::text")]
    pub revision: Option<String>,
    /// Address, say `0000:01:00.0`.
    #[serde(deserialize_with = "lenient::text")]
    pub bus: Option<String>,
    /// NUMA node, `-1` when the platform does not tell.
    #[serde(deserialize_with = "lenient::text")]
    pub numa_node_id: Option<String>,
    /// Vendor's name by the PCI ID Repository; Assay's own key.
    #[serde(deserialize_with = "lenient::text")]
    pub vendor_name: Option<String>,
    /// Device's name by the PCI ID Repository; Assay's own key.
    #[serde(deserialize_with = "lenient::text")]
    pub product_name: Option<String>,
}

/// One USB device (`/sys/bus/usb/devices`, hubs of the host left out).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsbDevice {
    /// Product string, else the product id in hex.
    #[serde(deserialize_with = "lenient::text")]
    pub product: Option<String>,
    /// Vendor string, else the vendor id in hex.
    #[serde(deserialize_with = "lenient::text")]
    pub vendor: Option<String>,
    /// Where it is plugged in, say `USB:1-1.2`.
    #[serde(deserialize_with = "lenient::text")]
    pub handle: Option<String>,
}
