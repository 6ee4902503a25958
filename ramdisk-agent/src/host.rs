//! The host under inspection: where its files are, and how they are read.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use assay_inventory::Mac;

use crate::Error;
use crate::lldp::Heard;
use crate::log::Log;
use crate::netlink::{self, Link};

/// Roots of the kernel's file systems, and what is known besides them. Tests
/// point the roots at folders of their own.
#[derive(Clone)]
pub struct Host {
    /// Root of sysfs, `/sys`.
    pub sys: PathBuf,
    /// Root of procfs, `/proc`.
    pub proc: PathBuf,
    /// Root of the device nodes, `/dev`.
    pub dev: PathBuf,
    /// MAC of the card that booted, from the kernel line.
    pub boot_interface: Option<Mac>,
    /// Asks the kernel for its network links.
    pub links: fn() -> Result<Vec<Link>, Error>,
    /// LLDP frames heard, when anybody listened.
    pub lldp: Option<Heard>,
    /// Where collectors note what is odd.
    pub log: Log,
}

impl Host {
    /// The host that the agent runs on.
    pub fn live(log: Log) -> Self {
        Self {
            sys: "/sys".into(),
            proc: "/proc".into(),
            dev: "/dev".into(),
            boot_interface: None,
            links: netlink::links,
            lldp: None,
            log,
        }
    }

    /// A path below sysfs.
    pub(crate) fn sys(&self, relative: &str) -> PathBuf {
        self.sys.join(relative)
    }
}

/// Contents of a small file, trimmed; `None` when it is absent, unreadable or empty.
pub(crate) fn text(path: impl AsRef<Path>) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// A decimal number in a small file.
pub(crate) fn number<T: std::str::FromStr>(path: impl AsRef<Path>) -> Option<T> {
    text(path)?.parse().ok()
}

/// Names in a folder, sorted with numbers in their numeric order; none when it is absent.
pub(crate) fn names(path: impl AsRef<Path>) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort_by_cached_key(|name| natural_key(name));
    names
}

/// Two lower-case digits for each byte.
pub(crate) fn hex_digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Last part of the path that a symbolic link points to.
pub(crate) fn link_name(path: impl AsRef<Path>) -> Option<String> {
    let target = fs::read_link(path).ok()?;
    Some(target.file_name()?.to_string_lossy().into_owned())
}

/// The PCI address nearest to a device, on its way up to the root.
pub(crate) fn pci_address(device: &Path) -> Option<String> {
    let real = fs::canonicalize(device).ok()?;
    let mut parts = real.iter().rev().filter_map(|part| part.to_str());
    parts.find(|part| is_pci_address(part)).map(str::to_owned)
}

/// `0000:01:00.0`: domain, bus, device and function in hex.
fn is_pci_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', '.']).collect();
    let hex = |part: &str, least: usize| {
        part.len() >= least && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    matches!(parts.as_slice(), [domain, bus, device, function]
        if hex(domain, 4) && hex(bus, 2) && hex(device, 2) && hex(function, 1))
        && text.contains('.')
}

fn natural_key(name: &str) -> Vec<(String, u64)> {
    let mut key = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at(digits);
        let end = tail
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (number, after) = tail.split_at(end);
        key.push((word.to_owned(), number.parse().unwrap_or(u64::MAX)));
        rest = after;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_a_person_expects() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["nvme10n1", "nvme2n1", "sda", "nvme2n10"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(
            names(folder.path()),
            ["nvme2n1", "nvme2n10", "nvme10n1", "sda"]
        );
    }

    #[test]
    fn pci_addresses_are_told_from_others() {
        assert!(is_pci_address("0000:01:00.0") && is_pci_address("10000:e1:00.0"));
        for text in [
            "pci0000:00",
            "0:0:0:0",
            "virtio1",
            "1-1:1.0",
            "0000:01:00:0",
        ] {
            assert!(!is_pci_address(text), "{text}");
        }
    }
}
