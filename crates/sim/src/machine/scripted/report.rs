//! The report of a played machine, made from its hardware data.

use assay_inventory::{
    Boot, BootMode, Configuration, Cpu, Disk, Interface, Inventory, Manager, Memory, Report,
    SystemVendor,
};

use crate::hardware::{DiskBus, Firmware, SimDisk, SimMachine, SimNic};

/// What an agent on this machine would report if the machine were real. It says that it is simulated: its agent calls
/// itself `assay-sim`.
pub fn simulated_report(machine: &SimMachine, firmware: Firmware) -> Report {
    let boot_mac = machine.boot_mac().map(|mac| mac.to_string());
    let disks: Vec<Disk> = machine
        .disks
        .iter()
        .enumerate()
        .map(|(slot, known)| disk(slot, known))
        .collect();
    let simulator = Manager {
        name: Some("assay-sim".to_owned()),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
    };
    Report {
        root_disk: disks.first().cloned(),
        boot_interface: boot_mac.clone(),
        inventory: Some(Inventory {
            interfaces: machine
                .nics
                .iter()
                .enumerate()
                .map(|(slot, nic)| interface(slot, nic))
                .collect(),
            cpu: Some(Cpu {
                model_name: Some("Simulated processor".to_owned()),
                count: Some(machine.cpus),
                architecture: Some("x86_64".to_owned()),
                socket_count: Some(1),
                ..Cpu::default()
            }),
            disks,
            memory: Some(Memory {
                total: Some(u64::from(machine.memory_mib) << 20),
                physical_mb: Some(u64::from(machine.memory_mib)),
            }),
            bmc_mac: Some(machine.bmc_mac.to_string()),
            system_vendor: Some(SystemVendor {
                product_name: Some(machine.model.clone()),
                serial_number: Some(machine.serial.clone()),
                manufacturer: Some(machine.manufacturer.clone()),
                uuid: Some(machine.uuid.to_string()),
                ..SystemVendor::default()
            }),
            boot: Some(Boot {
                current_boot_mode: Some(match firmware {
                    Firmware::Bios => BootMode::Bios,
                    Firmware::Uefi => BootMode::Uefi,
                }),
                pxe_interface: boot_mac,
            }),
            hostname: Some(machine.name.clone()),
            ..Inventory::default()
        }),
        configuration: Some(Configuration {
            collectors: vec!["simulated".to_owned()],
            managers: vec![simulator],
        }),
        ..Report::default()
    }
}

fn interface(slot: usize, nic: &SimNic) -> Interface {
    Interface {
        name: Some(format!("eth{slot}")),
        mac_address: Some(nic.mac.to_string()),
        permanent_mac_address: Some(nic.mac.to_string()),
        ipv4_address: (slot == 0).then(|| "192.0.2.10".to_owned()),
        has_carrier: Some(true),
        speed_mbps: Some(10_000),
        ..Interface::default()
    }
}

fn disk(slot: usize, disk: &SimDisk) -> Disk {
    let letter = char::from(b'a' + u8::try_from(slot % 26).unwrap_or_default());
    let name = match disk.bus {
        DiskBus::Virtio => format!("/dev/vd{letter}"),
        DiskBus::Scsi | DiskBus::Sata => format!("/dev/sd{letter}"),
        DiskBus::Nvme => format!("/dev/nvme{slot}n1"),
    };
    Disk {
        name: Some(name),
        model: Some("Simulated disk".to_owned()),
        size: Some(u64::from(disk.size_gib) << 30),
        rotational: Some(false),
        serial: Some(disk.serial.clone()),
        ..Disk::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::fleet;

    #[test]
    fn a_report_carries_the_identity_and_says_that_it_is_simulated() {
        let machine = fleet(1, 3).remove(0);
        let report = simulated_report(&machine, machine.firmware);
        let text = serde_json::to_string(&report).unwrap();
        let report: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(report.system_uuid(), Some(machine.uuid.to_string()));
        assert_eq!(report.system_serial(), Some(machine.serial.as_str()));
        assert_eq!(report.pxe_mac(), machine.boot_mac());
        assert_eq!(
            report.macs(),
            machine.nics.iter().map(|nic| nic.mac).collect::<Vec<_>>()
        );
        assert!(text.contains("assay-sim"));
    }
}
