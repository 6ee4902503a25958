//! Who made the machine, and its firmware.

use serde::{Deserialize, Serialize};

use crate::lenient;

/// The machine's maker, model and identity, from DMI (SMBIOS types 0 and 1).
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
