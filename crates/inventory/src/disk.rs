//! Block devices, and the choice of the one to install to.

use serde::{Deserialize, Serialize};

use crate::{RootDeviceHints, lenient};

/// Smallest disk that is taken as the root disk without hints: 4 GiB.
pub const MIN_ROOT_DISK_BYTES: u64 = 4 << 30;

/// One block device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// Device node, say `/dev/sda`; may differ from boot to boot.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Model (SCSI INQUIRY, NVMe Identify or ATA IDENTIFY, through sysfs).
    #[serde(deserialize_with = "lenient::text")]
    pub model: Option<String>,
    /// Size in bytes (sysfs `size`, which counts 512-byte sectors).
    #[serde(deserialize_with = "lenient::number")]
    pub size: Option<u64>,
    /// Does it have spinning platters (sysfs `queue/rotational`)?
    #[serde(deserialize_with = "lenient::boolean")]
    pub rotational: Option<bool>,
    /// World wide name without vendor extension, say `0x5000c500a1b2c3d4`
    /// (SPC-4, VPD page 83h).
    #[serde(deserialize_with = "lenient::text")]
    pub wwn: Option<String>,
    /// Serial number (VPD page 80h, NVMe Identify, virtio's id string).
    #[serde(deserialize_with = "lenient::text")]
    pub serial: Option<String>,
    /// Vendor (SCSI INQUIRY; `ATA` for SATA disks).
    #[serde(deserialize_with = "lenient::text")]
    pub vendor: Option<String>,
    /// World wide name with its vendor extension appended.
    #[serde(deserialize_with = "lenient::text")]
    pub wwn_with_extension: Option<String>,
    /// The vendor extension alone (NAA type 6, second half).
    #[serde(deserialize_with = "lenient::text")]
    pub wwn_vendor_extension: Option<String>,
    /// SCSI address as `host:channel:target:lun`.
    #[serde(deserialize_with = "lenient::text")]
    pub hctl: Option<String>,
    /// `/dev/disk/by-path/…` name, which stays as long as the slot does.
    #[serde(deserialize_with = "lenient::text")]
    pub by_path: Option<String>,
    /// Logical sector size in bytes (sysfs `queue/logical_block_size`).
    #[serde(deserialize_with = "lenient::number")]
    pub logical_sectors: Option<u64>,
    /// Physical sector size in bytes (sysfs `queue/physical_block_size`).
    #[serde(deserialize_with = "lenient::number")]
    pub physical_sectors: Option<u64>,
    /// Transport: `sata`, `sas`, `nvme`, `usb`, `virtio`, …
    #[serde(deserialize_with = "lenient::text")]
    pub tran: Option<String>,
}

/// The disk to install to: the first that satisfies all hints; without hints
/// the smallest of at least [`MIN_ROOT_DISK_BYTES`], and of equal ones the
/// first by name. Agent and server both ask here, so that they agree.
pub fn select_root_disk<'a>(
    disks: &'a [Disk],
    hints: Option<&RootDeviceHints>,
) -> Option<&'a Disk> {
    if let Some(hints) = hints.filter(|hints| !hints.is_empty()) {
        return disks.iter().find(|disk| hints.matches(disk));
    }
    disks
        .iter()
        .filter(|disk| disk.size >= Some(MIN_ROOT_DISK_BYTES))
        .min_by_key(|disk| (disk.size, disk.name.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(name: &str, gib: u64) -> Disk {
        Disk {
            name: Some(name.to_owned()),
            size: Some(gib << 30),
            ..Disk::default()
        }
    }

    #[test]
    fn the_smallest_sufficient_disk_is_the_default() {
        let disks = [
            disk("/dev/sdb", 20),
            disk("/dev/sda", 20),
            disk("/dev/sdc", 3),
            Disk::default(),
        ];
        let chosen = select_root_disk(&disks, None).unwrap();
        assert_eq!(chosen.name.as_deref(), Some("/dev/sda"));
        assert_eq!(select_root_disk(&disks[2..], None), None);
    }

    #[test]
    fn hints_win_over_the_default_and_may_match_nothing() {
        let disks = [disk("/dev/sda", 4), disk("/dev/sdb", 3)];
        let hints = RootDeviceHints::from_kernel_argument("name=/dev/sdb").unwrap();
        let chosen = select_root_disk(&disks, Some(&hints)).unwrap();
        assert_eq!(chosen.name.as_deref(), Some("/dev/sdb"));
        let hints = RootDeviceHints::from_kernel_argument("name=/dev/sdc").unwrap();
        assert_eq!(select_root_disk(&disks, Some(&hints)), None);
    }
}
