//! Who made the machine, and its firmware.

use serde::{Deserialize, Serialize};

use crate::lenient;

/// The machine's maker, model and identity, from DMI (SMBIOS types 0 to 3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemVendor {
    /// Model (SMBIOS type 1, Product Name).
    #[serde(deserialize_with = "lenient::text")]
    pub product_name: Option<String>,
    /// Chassis-independent serial number (SMBIOS type 1, Serial Number).
    #[serde(deserialize_with = "lenient::text")]
    pub serial_number: Option<String>,
    /// Maker (SMBIOS type 1, Manufacturer).
    #[serde(deserialize_with = "lenient::text")]
    pub manufacturer: Option<String>,
    /// System UUID in lower case with hyphens, byte order of SMBIOS 2.6 and
    /// later (section 7.2.1), so that it equals what a BMC shows. Assay's own key.
    #[serde(deserialize_with = "lenient::text")]
    pub uuid: Option<String>,
    /// Serial number of the chassis (SMBIOS type 3, Serial Number); blades of one chassis may share
    /// it. Assay's own key.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub chassis_serial_number: Option<String>,
    /// Serial number of the main board (SMBIOS type 2, Serial Number). Assay's own key.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub board_serial_number: Option<String>,
    /// BIOS or UEFI firmware.
    pub firmware: Option<Firmware>,
}

/// The firmware that booted the machine (SMBIOS type 0).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Firmware {
    /// Maker of the firmware.
    #[serde(deserialize_with = "lenient::text")]
    pub vendor: Option<String>,
    /// Version, in the maker's own form.
    #[serde(deserialize_with = "lenient::text")]
    pub version: Option<String>,
    /// Release date, in the maker's own form (commonly `mm/dd/yyyy`).
    #[serde(deserialize_with = "lenient::text")]
    pub build_date: Option<String>,
}
