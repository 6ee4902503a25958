//! What a simulated machine is made of, as data.

use assay_inventory::Mac;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Error;

/// One machine: what its BMC tells, what its firmware tells, and what an agent finds in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimMachine {
    /// Name for people; also the host name its BMC shows.
    pub name: String,
    /// System UUID (SMBIOS type 1).
    pub uuid: Uuid,
    /// Serial number (SMBIOS type 1).
    pub serial: String,
    /// Maker (SMBIOS type 1).
    pub manufacturer: String,
    /// Product name (SMBIOS type 1).
    pub model: String,
    /// Logical processors, 1 to 255.
    pub cpus: u32,
    /// Memory in MiB; a machine that boots Assay's ramdisk needs 512.
    pub memory_mib: u32,
    /// Disks in the order of their slots.
    pub disks: Vec<SimDisk>,
    /// Network cards in the order of their slots; the first boots.
    pub nics: Vec<SimNic>,
    /// MAC of the BMC's own network port.
    pub bmc_mac: Mac,
    /// The firmware that is active unless a boot override says otherwise.
    pub firmware: Firmware,
    /// What the machine boots from when no override is set.
    pub default_boot: BootDevice,
}

/// One disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimDisk {
    /// Serial number; at most 20 characters reach the machine's system.
    pub serial: String,
    /// Size in GiB, at least 1.
    pub size_gib: u32,
    /// How it is attached.
    pub bus: DiskBus,
}

/// How a disk is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiskBus {
    /// A virtio block device.
    Virtio,
    /// A disk on a virtio SCSI controller.
    Scsi,
    /// A disk on the AHCI controller; at most six.
    Sata,
    /// An NVMe controller with one namespace.
    Nvme,
}

/// One network card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimNic {
    /// Its MAC.
    pub mac: Mac,
    /// Its kind.
    pub model: NicModel,
}

/// Kinds of network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NicModel {
    /// virtio.
    Virtio,
    /// Intel 82540EM.
    E1000,
    /// Intel 82574L.
    E1000e,
    /// VMware's vmxnet3.
    Vmxnet3,
}

/// The firmware a machine starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Firmware {
    /// Legacy BIOS.
    Bios,
    /// UEFI.
    Uefi,
}

/// What a machine boots from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BootDevice {
    /// The first network card.
    Network,
    /// The first disk.
    Disk,
    /// Neither: the machine stays in its firmware.
    Nothing,
}

/// How a machine is to start this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootPlan {
    /// From where.
    pub device: BootDevice,
    /// With which firmware.
    pub firmware: Firmware,
}

impl SimMachine {
    /// How this machine starts when nobody has set an override.
    pub fn default_plan(&self) -> BootPlan {
        BootPlan {
            device: self.default_boot,
            firmware: self.firmware,
        }
    }

    /// The MAC of the card the machine boots from; `None` without cards.
    pub fn boot_mac(&self) -> Option<Mac> {
        self.nics.first().map(|nic| nic.mac)
    }

    /// Refuses hardware that no machine can have.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |reason: &str| Err(Error::Hardware(format!("{}: {reason}", self.name)));
        if !(1..=255).contains(&self.cpus) {
            return wrong("it needs 1 to 255 processors");
        }
        if self.memory_mib < 64 {
            return wrong("it needs at least 64 MiB of memory");
        }
        if self.disks.iter().any(|disk| disk.size_gib == 0) {
            return wrong("a disk needs a size");
        }
        if self
            .disks
            .iter()
            .filter(|disk| disk.bus == DiskBus::Sata)
            .count()
            > 6
        {
            return wrong("its SATA controller has six ports");
        }
        Ok(())
    }
}
