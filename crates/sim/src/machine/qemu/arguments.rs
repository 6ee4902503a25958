//! Turns hardware data into QEMU's command line.

use std::ffi::OsString;
use std::path::Path;

use super::files::Files;
use super::{Network, host};
use crate::hardware::{
    BootDevice, BootPlan, DiskBus, Firmware, NicModel, SimDisk, SimMachine, SimNic,
};

/// The whole command line for one run.
pub(super) fn arguments(
    machine: &SimMachine,
    plan: BootPlan,
    files: &Files,
    network: &Network,
) -> Vec<OsString> {
    let mut line = Line::default();
    line.fixed(machine);
    if plan.firmware == Firmware::Uefi {
        line.option(
            "-drive",
            format!(
                "if=pflash,unit=0,format=raw,readonly=on,file={}",
                host::UEFI_CODE
            ),
        );
        line.option(
            "-drive",
            format!(
                "if=pflash,unit=1,format=raw,file={}",
                escaped_path(&files.variables())
            ),
        );
    }
    line.option(
        "-qmp",
        format!("unix:{},server=on,wait=off", escaped_path(&files.monitor())),
    );
    for (slot, nic) in machine.nics.iter().enumerate() {
        line.network(slot, network);
        line.nic(slot, nic, plan);
    }
    if machine.disks.iter().any(|disk| disk.bus == DiskBus::Scsi) {
        line.option("-device", "virtio-scsi-pci,id=scsi".to_owned());
    }
    let mut sata = 0;
    for (slot, disk) in machine.disks.iter().enumerate() {
        line.disk(slot, disk, plan, &files.disk(slot), sata);
        sata += usize::from(disk.bus == DiskBus::Sata);
    }
    line.0
}

#[derive(Default)]
struct Line(Vec<OsString>);

impl Line {
    fn option(&mut self, name: &str, value: String) {
        self.0.extend([name.into(), value.into()]);
    }

    fn fixed(&mut self, machine: &SimMachine) {
        self.option("-accel", "tcg".to_owned());
        // graphics=off makes the firmware talk over the serial line.
        self.option("-machine", "q35,graphics=off".to_owned());
        self.option("-cpu", "max".to_owned());
        self.option("-smp", machine.cpus.to_string());
        self.option("-m", machine.memory_mib.to_string());
        for bare in ["-nodefaults", "-no-user-config", "-no-reboot"] {
            self.0.push(bare.into());
        }
        self.option("-display", "none".to_owned());
        self.option("-serial", "stdio".to_owned());
        self.option("-device", "virtio-rng-pci".to_owned());
        let values = [
            ("uuid", machine.uuid.to_string()),
            ("serial", machine.serial.clone()),
            ("manufacturer", machine.manufacturer.clone()),
            ("product", machine.model.clone()),
        ];
        let values: Vec<String> = values
            .iter()
            .map(|(key, value)| format!("{key}={}", escaped(value)))
            .collect();
        self.option("-smbios", format!("type=1,{}", values.join(",")));
    }

    fn network(&mut self, slot: usize, network: &Network) {
        let tap = match network {
            Network::Taps(taps) => taps.get(slot),
            Network::User { .. } => None,
        };
        let backend = match (network, tap, slot) {
            (_, Some(tap), _) => {
                let tap = escaped(tap);
                format!("tap,id=net{slot},ifname={tap},script=no,downscript=no")
            }
            (Network::User { boot_url }, _, 0) => {
                format!("user,id=net0,bootfile={}", escaped(boot_url))
            }
            // Each card gets its own network, as the addresses in it are always the same.
            (_, None, _) => format!("user,id=net{slot},net=10.0.{}.0/24", slot + 2),
        };
        self.option("-netdev", backend);
    }

    fn nic(&mut self, slot: usize, nic: &SimNic, plan: BootPlan) {
        let model = match nic.model {
            NicModel::Virtio => "virtio-net-pci",
            NicModel::E1000 => "e1000",
            NicModel::E1000e => "e1000e",
            NicModel::Vmxnet3 => "vmxnet3",
        };
        let boots = slot == 0 && plan.device == BootDevice::Network;
        // Without its boot program a card cannot be booted from, and the start is quicker.
        let boot = if boots { ",bootindex=0" } else { ",romfile=" };
        self.option(
            "-device",
            format!("{model},netdev=net{slot},mac={}{boot}", nic.mac),
        );
    }

    fn disk(&mut self, slot: usize, disk: &SimDisk, plan: BootPlan, image: &Path, sata: usize) {
        self.option(
            "-drive",
            format!(
                "if=none,id=disk{slot},format=raw,discard=unmap,file={}",
                escaped_path(image)
            ),
        );
        let device = match disk.bus {
            DiskBus::Virtio => "virtio-blk-pci".to_owned(),
            DiskBus::Scsi => format!("scsi-hd,bus=scsi.0,scsi-id={slot}"),
            DiskBus::Sata => format!("ide-hd,bus=ide.{sata}"),
            DiskBus::Nvme => "nvme".to_owned(),
        };
        let boots = slot == 0 && plan.device == BootDevice::Disk;
        let boot = if boots { ",bootindex=0" } else { "" };
        self.option(
            "-device",
            format!(
                "{device},drive=disk{slot},serial={}{boot}",
                escaped(&disk.serial)
            ),
        );
    }
}

/// A comma ends a value unless it is doubled.
fn escaped(value: &str) -> String {
    value.replace(',', ",,")
}

fn escaped_path(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::fleet;

    fn line(machine: &SimMachine, plan: BootPlan) -> Vec<String> {
        let boot_url = "http://10.0.2.2:1/a,b".to_owned();
        line_on(machine, plan, &Network::User { boot_url })
    }

    fn line_on(machine: &SimMachine, plan: BootPlan, network: &Network) -> Vec<String> {
        let files = Files::empty(&std::env::temp_dir()).unwrap();
        arguments(machine, plan, &files, network)
            .into_iter()
            .map(|argument| argument.into_string().unwrap())
            .collect()
    }

    #[test]
    fn hardware_becomes_arguments_without_hardware_acceleration() {
        let mut machine = fleet(1, 1).remove(0);
        machine.serial = "A,B".to_owned();
        let line = line(
            &machine,
            BootPlan {
                device: BootDevice::Network,
                firmware: Firmware::Uefi,
            },
        );
        let joined = line.join(" ");
        assert!(joined.starts_with("-accel tcg "));
        assert!(!joined.contains("kvm"));
        assert!(joined.contains("serial=A,,B"));
        assert!(joined.contains("bootfile=http://10.0.2.2:1/a,,b"));
        assert!(joined.contains("if=pflash"));
        assert_eq!(joined.matches("bootindex=").count(), 1);
        for nic in &machine.nics {
            assert!(joined.contains(&format!("mac={}", nic.mac)));
        }
        for disk in &machine.disks {
            assert!(joined.contains(&format!("serial={}", disk.serial)));
        }
    }

    #[test]
    fn cards_are_plugged_into_taps_as_far_as_there_are_some() {
        let fleet = crate::fleet::fleet(20, 1).into_iter();
        let machine = fleet.max_by_key(|machine| machine.nics.len()).unwrap();
        let plan = BootPlan {
            device: BootDevice::Network,
            firmware: Firmware::Bios,
        };
        let joined = line_on(&machine, plan, &Network::Taps(vec!["tap0".to_owned()])).join(" ");
        assert!(joined.contains("-netdev tap,id=net0,ifname=tap0,script=no,downscript=no"));
        assert!(joined.contains("-netdev user,id=net1,net=10.0.3.0/24"));
        assert!(!joined.contains("bootfile="));
    }

    #[test]
    fn a_bios_machine_that_boots_from_disk_has_no_uefi() {
        let machine = fleet(1, 1).remove(0);
        let joined = line(
            &machine,
            BootPlan {
                device: BootDevice::Disk,
                firmware: Firmware::Bios,
            },
        )
        .join(" ");
        assert!(!joined.contains("pflash"));
        assert!(joined.contains("drive=disk0") && joined.contains("bootindex=0"));
        assert!(joined.contains("netdev=net0,mac=") && joined.contains(",romfile="));
    }
}
