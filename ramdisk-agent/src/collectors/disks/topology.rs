//! Where a disk is plugged in, told from sysfs's tree as udev's rules tell it.
//!
//! The result equals the name below `/dev/disk/by-path` that udev makes (of
//! its two names for an ATA disk the one without the device number, which
//! every version knows).

use std::fs;
use std::path::{Path, PathBuf};

use crate::host::{self, Host};

/// The devices from the disk up to the root.
pub(super) struct Topology {
    sys: PathBuf,
    nsid: Option<String>,
    chain: Vec<Node>,
}

struct Node {
    folder: PathBuf,
    name: String,
    subsystem: String,
}

impl Topology {
    pub(super) fn of(host: &Host, disk: &Path) -> Self {
        let device = fs::canonicalize(disk.join("device")).unwrap_or_default();
        Self {
            sys: host.sys.clone(),
            nsid: host::text(disk.join("nsid")),
            chain: chain(&first_controller(&device).unwrap_or(device)),
        }
    }

    /// SCSI address of the disk.
    pub(super) fn hctl(&self) -> Option<String> {
        self.scsi_device().map(|node| node.name.clone())
    }

    /// Serial number that the USB device around the disk bears.
    pub(super) fn usb_serial(&self) -> Option<String> {
        let mut devices = self.chain.iter().filter(|node| node.subsystem == "usb");
        devices.find_map(|node| host::text(node.folder.join("serial")))
    }

    /// Kind of the link between disk and controller.
    pub(super) fn transport(&self) -> Option<&'static str> {
        let path = self.chain.first()?.folder.to_string_lossy().into_owned();
        let marks = [
            ("/rport-", "fc"),
            ("/end_device-", "sas"),
            ("/session", "iscsi"),
            ("/usb", "usb"),
            ("/ata", "sata"),
            ("/nvme", "nvme"),
            ("/mmc_host/", "mmc"),
            ("/virtio", "virtio"),
        ];
        let found = marks.iter().find(|(mark, _)| path.contains(mark));
        found.map(|(_, transport)| *transport)
    }

    /// Name below `/dev/disk/by-path`; `None` where udev makes none, since the
    /// bus gives no name that lasts.
    pub(super) fn by_path(&self) -> Option<String> {
        let mut parts = Vec::new();
        let mut is_rooted = false;
        let mut at = 0;
        while let Some(node) = self.chain.get(at) {
            match node.subsystem.as_str() {
                "scsi" if is_scsi_address(&node.name) => {
                    let (part, rooted) = self.scsi_part(at)?;
                    parts.push(part);
                    is_rooted |= rooted;
                }
                "usb" => {
                    if let Some((_, port)) = node.name.split_once('-') {
                        parts.push(format!("usb-0:{port}"));
                        at = self.last_of(at);
                    }
                }
                "nvme" => {
                    parts.push(format!("nvme-{}", self.nsid.as_deref()?));
                    at = self.last_of(at);
                    is_rooted = true;
                }
                bus @ ("pci" | "platform" | "acpi" | "xen") => {
                    parts.push(format!("{bus}-{}", node.name));
                    at = self.last_of(at);
                    is_rooted = true;
                }
                _ => {}
            }
            at += 1;
        }
        parts.reverse();
        (is_rooted && !parts.is_empty()).then(|| parts.join("-"))
    }

    fn scsi_device(&self) -> Option<&Node> {
        self.chain
            .iter()
            .find(|node| node.subsystem == "scsi" && is_scsi_address(&node.name))
    }

    /// Index of the topmost device of the run of one subsystem that begins here.
    fn last_of(&self, from: usize) -> usize {
        let same = |node: &&Node| node.subsystem == self.chain[from].subsystem;
        from + self.chain[from..].iter().take_while(same).count() - 1
    }

    /// How a SCSI disk is named by its transport, and whether that name needs
    /// no controller before it to be unique.
    fn scsi_part(&self, at: usize) -> Option<(String, bool)> {
        let device = &self.chain[at];
        let path = device.folder.to_string_lossy();
        let lun = lun(&device.name)?;
        if path.contains("/rport-") {
            let target = self.class("fc_transport", &self.above(at, "target")?, "port_name")?;
            Some((format!("fc-{target}-{lun}"), true))
        } else if path.contains("/end_device-") {
            Some((self.sas_part(at, &lun)?, true))
        } else if path.contains("/session") {
            Some((self.iscsi_part(at, &lun)?, true))
        } else if path.contains("/ata") {
            let port = self.class("ata_port", &self.above(at, "ata")?, "port_no")?;
            Some((format!("ata-{port}"), false))
        } else {
            self.plain_scsi_part(at).map(|part| (part, false))
        }
    }

    /// By the expander's address and the phy there, or the disk's own address
    /// where it hangs on several phys.
    fn sas_part(&self, at: usize, lun: &str) -> Option<String> {
        let device = self.above(at, "end_device-")?;
        let port = self.above(at, "port-")?;
        if self.class("sas_port", &port, "num_phys").as_deref() != Some("1") {
            let address = self.class("sas_device", &device, "sas_address")?;
            return Some(format!("sas-{address}-{lun}"));
        }
        let phy = self.class("sas_device", &device, "phy_identifier")?;
        let expander = self.above(at, "expander-");
        match expander.and_then(|name| self.class("sas_device", &name, "sas_address")) {
            Some(address) => Some(format!("sas-exp{address}-phy{phy}-{lun}")),
            None => Some(format!("sas-phy{phy}-{lun}")),
        }
    }

    fn iscsi_part(&self, at: usize, lun: &str) -> Option<String> {
        let session = self.above(at, "session")?;
        let target = self.class("iscsi_session", &session, "targetname")?;
        let connection = format!("connection{}:0", session.strip_prefix("session")?);
        let address = self.class("iscsi_connection", &connection, "persistent_address")?;
        let port = self.class("iscsi_connection", &connection, "persistent_port")?;
        Some(format!("ip-{address}:{port}-iscsi-{target}-{lun}"))
    }

    /// By the SCSI address, with the host counted from the controller's first.
    fn plain_scsi_part(&self, at: usize) -> Option<String> {
        let (number, rest) = self.chain[at].name.split_once(':')?;
        let host = self.chain[at..]
            .iter()
            .find(|node| node.name == format!("host{number}"))?;
        let hosts = host::names(host.folder.parent()?);
        let numbers = hosts
            .iter()
            .filter_map(|name| name.strip_prefix("host")?.parse().ok());
        let first: u32 = numbers.min()?;
        let number = number.parse::<u32>().ok()?.checked_sub(first)?;
        Some(format!("scsi-{number}:{rest}"))
    }

    /// Name of the nearest folder above whose name starts so, device or not.
    fn above(&self, at: usize, start: &str) -> Option<String> {
        let folders = self.chain[at].folder.ancestors().skip(1);
        folders
            .filter_map(|folder| folder.file_name()?.to_str())
            .find(|name| name.starts_with(start))
            .map(str::to_owned)
    }

    fn class(&self, class: &str, name: &str, attribute: &str) -> Option<String> {
        host::text(
            self.sys
                .join("class")
                .join(class)
                .join(name)
                .join(attribute),
        )
    }
}

/// Devices have a `uevent` file; other folders only group them.
fn chain(device: &Path) -> Vec<Node> {
    device
        .ancestors()
        .filter(|folder| folder.join("uevent").exists())
        .filter_map(|folder| {
            Some(Node {
                name: folder.file_name()?.to_str()?.to_owned(),
                subsystem: host::link_name(folder.join("subsystem")).unwrap_or_default(),
                folder: folder.to_owned(),
            })
        })
        .collect()
}

/// A multipath NVMe disk belongs to a subsystem, which has no place of its
/// own; its first controller has.
fn first_controller(device: &Path) -> Option<PathBuf> {
    let subsystem = device.file_name()?.to_str()?;
    if !subsystem.starts_with("nvme-subsys") {
        return None;
    }
    let mut controllers = host::names(device);
    controllers.retain(|name| {
        let number = name.strip_prefix("nvme").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    fs::canonicalize(device.join(controllers.first()?)).ok()
}

fn is_scsi_address(name: &str) -> bool {
    let parts: Vec<&str> = name.split(':').collect();
    parts.len() == 4 && parts.iter().all(|part| part.parse::<u64>().is_ok())
}

/// `lun-N`, or for units beyond 255 the flat form of SAM's addressing.
fn lun(address: &str) -> Option<String> {
    let number: u64 = address.rsplit(':').next()?.parse().ok()?;
    Some(if number < 256 {
        format!("lun-{number}")
    } else {
        format!(
            "lun-0x{:04x}{:04x}00000000",
            number & 0xffff,
            (number >> 16) & 0xffff
        )
    })
}
