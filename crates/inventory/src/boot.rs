//! How the machine was booted.

use serde::{Deserialize, Deserializer, Serialize};

use crate::lenient;

/// How this boot came about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Boot {
    /// Firmware mode: `bios` or `uefi` (is there `/sys/firmware/efi`?).
    #[serde(deserialize_with = "known_mode")]
    pub current_boot_mode: Option<BootMode>,
    /// MAC of the card that booted, from the boot loader's `BOOTIF`.
    #[serde(deserialize_with = "lenient::text")]
    pub pxe_interface: Option<String>,
}

/// Mode of the firmware.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BootMode {
    /// Legacy BIOS, or a UEFI firmware's emulation of it.
    Bios,
    /// UEFI.
    Uefi,
}

/// A mode that this version does not know is as good as none.
fn known_mode<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BootMode>, D::Error> {
    Ok(match lenient::text(from)?.as_deref().map(str::trim) {
        Some(text) if text.eq_ignore_ascii_case("bios") => Some(BootMode::Bios),
        Some(text) if text.eq_ignore_ascii_case("uefi") => Some(BootMode::Uefi),
        _ => None,
    })
}
