//! The disks of a system as Redfish shows them.

use serde_json::{Value, json};

use super::documents::{CHASSIS, SYSTEM, collection, link, nth, numbers};
use crate::hardware::{DiskBus, SimDisk, SimMachine};

/// The resource at a path below the system's `Storage`.
pub(super) fn document(machine: &SimMachine, path: &[&str]) -> Option<Value> {
    Some(match path {
        [] => collection("Storage", "Systems/1/Storage", &["1".to_owned()]),
        ["1"] => controller(machine),
        _ => return None,
    })
}

/// The resource at a path below the chassis' `Drives`.
pub(super) fn drives(machine: &SimMachine, path: &[&str]) -> Option<Value> {
    Some(match path {
        [] => collection("Drive", "Chassis/1/Drives", &numbers(machine.disks.len())),
        [number] => drive(number, nth(&machine.disks, number)?),
        _ => return None,
    })
}

fn controller(machine: &SimMachine) -> Value {
    let drives: Vec<Value> = numbers(machine.disks.len())
        .iter()
        .map(|number| link(&format!("{CHASSIS}/Drives/{number}")))
        .collect();
    json!({
        "@odata.id": format!("{SYSTEM}/Storage/1"),
        "@odata.type": "#Storage.v1_14_0.Storage",
        "Id": "1",
        "Name": "Disks",
        "Drives@odata.count": drives.len(),
        "Drives": drives,
        "Status": { "State": "Enabled", "Health": "OK" },
    })
}

fn drive(number: &str, disk: &SimDisk) -> Value {
    let protocol = match disk.bus {
        DiskBus::Virtio => "OEM",
        DiskBus::Scsi => "SAS",
        DiskBus::Sata => "SATA",
        DiskBus::Nvme => "NVMe",
    };
    json!({
        "@odata.id": format!("{CHASSIS}/Drives/{number}"),
        "@odata.type": "#Drive.v1_16_0.Drive",
        "Id": number,
        "Name": format!("Disk {number}"),
        "SerialNumber": disk.serial,
        "CapacityBytes": u64::from(disk.size_gib) << 30,
        "Protocol": protocol,
        "MediaType": "SSD",
        "Status": { "State": "Enabled", "Health": "OK" },
    })
}
