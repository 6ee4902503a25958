//! Disks of every kind of bus, in fixture trees of sysfs.
#![allow(clippy::unwrap_used)] // Test code throughout.

mod tree;

use std::time::Duration;

use assay_agent::{collect, collectors};
use assay_inventory::Disk;
use tree::Tree;

const TIMEOUT: Duration = Duration::from_secs(30);

fn disks(tree: &Tree) -> Vec<Disk> {
    let report = collect::run(&tree.host(), &collectors::ALL, None, TIMEOUT);
    report.inventory.unwrap().disks
}

/// The only disk of a tree.
fn only(tree: &Tree) -> Disk {
    let mut found = disks(tree);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[allow(clippy::unnecessary_wraps)] // Its type is that of the fact.
fn path(name: &str) -> Option<String> {
    Some(format!("/dev/disk/by-path/{name}"))
}

/// Makes the devices of a SCSI disk below a controller's folder, from the host on.
fn scsi(tree: &Tree, above: &str, address: &str) -> String {
    let number = address.split(':').next().unwrap();
    let target = address.rsplit_once(':').unwrap().0;
    let host = above
        .rsplit_once("/host")
        .map_or_else(|| format!("{above}/host{number}"), |_| above.to_owned());
    let device = format!("{host}/target{target}/{address}");
    tree.device(&device, "scsi");
    device
}

#[test]
fn a_sata_disk() {
    let tree = Tree::new();
    tree.device("pci0000:00/0000:00:1f.2", "pci");
    let device = scsi(&tree, "pci0000:00/0000:00:1f.2/ata2", "1:0:0:0");
    tree.device("pci0000:00/0000:00:1f.2/ata2/host1", "scsi");
    tree.disk("sda", &device, 41_943_040);
    tree.file("sys/class/ata_port/ata2/port_no", "2\n");
    let folder = format!("sys/devices/{device}");
    tree.files(
        &folder,
        &[("vendor", "ATA     "), ("model", "A Long Model Nam")],
    );
    let mut identify = vec![b' '; 60 + 512];
    for (at, pair) in b"A Long Model Name of 22T".chunks(2).enumerate() {
        identify[114 + 2 * at] = pair[1];
        identify[115 + 2 * at] = pair[0];
    }
    tree.file(&format!("{folder}/vpd_pg89"), identify);
    tree.file(&format!("{folder}/vpd_pg80"), b"\0\x80\0\x08   S1234");
    tree.file(
        &format!("{folder}/vpd_pg83"),
        b"\0\x83\0\x0c\x01\x03\0\x08\x50\0\xc5\0\xa1\xb2\xc3\xd4",
    );
    tree.files(
        &format!("{folder}/block/sda/queue"),
        &[
            ("rotational", "1"),
            ("logical_block_size", "512"),
            ("physical_block_size", "4096"),
        ],
    );
    let expected = Disk {
        name: Some("/dev/sda".to_owned()),
        model: Some("A Long Model Name of 22T".to_owned()),
        size: Some(20 << 30),
        rotational: Some(true),
        wwn: Some("0x5000c500a1b2c3d4".to_owned()),
        serial: Some("S1234".to_owned()),
        vendor: Some("ATA".to_owned()),
        wwn_with_extension: Some("0x5000c500a1b2c3d4".to_owned()),
        wwn_vendor_extension: None,
        hctl: Some("1:0:0:0".to_owned()),
        by_path: path("pci-0000:00:1f.2-ata-2"),
        logical_sectors: Some(512),
        physical_sectors: Some(4096),
        tran: Some("sata".to_owned()),
    };
    assert_eq!(only(&tree), expected);
}

#[test]
fn a_sas_disk_behind_an_expander_is_named_by_its_phy() {
    let tree = Tree::new();
    tree.device("pci0000:80/0000:81:00.0", "pci");
    let above = "pci0000:80/0000:81:00.0/host0/port-0:0/expander-0:0/port-0:0:5/end_device-0:0:5";
    let device = scsi(&tree, above, "0:0:5:0");
    tree.disk("sdb", &device, 16_777_216);
    tree.files("sys/class/sas_port/port-0:0:5", &[("num_phys", "1")]);
    tree.files(
        "sys/class/sas_device/end_device-0:0:5",
        &[
            ("phy_identifier", "7"),
            ("sas_address", "0x5000c50012345679"),
        ],
    );
    tree.files(
        "sys/class/sas_device/expander-0:0",
        &[("sas_address", "0x500304800abcdef0")],
    );
    tree.files(
        &format!("sys/devices/{device}"),
        &[("wwid", "naa.600508b1001c7e3a0123456789abcdef")],
    );
    let disk = only(&tree);
    assert_eq!(
        disk.by_path,
        path("pci-0000:81:00.0-sas-exp0x500304800abcdef0-phy7-lun-0")
    );
    assert_eq!(
        (disk.tran.as_deref(), disk.hctl.as_deref()),
        (Some("sas"), Some("0:0:5:0"))
    );
    assert_eq!(
        disk.wwn_vendor_extension.as_deref(),
        Some("0x0123456789abcdef")
    );
}

#[test]
fn a_sas_disk_on_several_phys_is_named_by_its_address() {
    let tree = Tree::new();
    tree.device("pci0000:80/0000:81:00.0", "pci");
    let device = scsi(
        &tree,
        "pci0000:80/0000:81:00.0/host0/port-0:1/end_device-0:1",
        "0:0:1:300",
    );
    tree.disk("sdc", &device, 16_777_216);
    tree.files("sys/class/sas_port/port-0:1", &[("num_phys", "2")]);
    tree.files(
        "sys/class/sas_device/end_device-0:1",
        &[("sas_address", "0x5000c50012345679")],
    );
    let expected = "pci-0000:81:00.0-sas-0x5000c50012345679-lun-0x012c000000000000";
    assert_eq!(only(&tree).by_path, path(expected));
}

#[test]
fn fabric_disks_are_named_by_their_target() {
    let tree = Tree::new();
    tree.device("pci0000:80/0000:82:00.0", "pci");
    let device = scsi(
        &tree,
        "pci0000:80/0000:82:00.0/host3/rport-3:0-1",
        "3:0:0:4",
    );
    tree.disk("sdd", &device, 16_777_216);
    tree.files(
        "sys/class/fc_transport/target3:0:0",
        &[("port_name", "0x5005076801401234")],
    );
    let disk = only(&tree);
    assert_eq!(
        disk.by_path,
        path("pci-0000:82:00.0-fc-0x5005076801401234-lun-4")
    );
    assert_eq!(disk.tran.as_deref(), Some("fc"));

    let tree = Tree::new();
    let device = scsi(&tree, "platform/host4/session1", "4:0:0:1");
    tree.disk("sde", &device, 16_777_216);
    tree.files(
        "sys/class/iscsi_session/session1",
        &[("targetname", "iqn.2026-01.example:t")],
    );
    tree.files(
        "sys/class/iscsi_connection/connection1:0",
        &[
            ("persistent_address", "192.0.2.1"),
            ("persistent_port", "3260"),
        ],
    );
    let disk = only(&tree);
    assert_eq!(
        disk.by_path,
        path("ip-192.0.2.1:3260-iscsi-iqn.2026-01.example:t-lun-1")
    );
    assert_eq!(disk.tran.as_deref(), Some("iscsi"));
}

#[test]
fn a_usb_disk_counts_hosts_from_its_controllers_first() {
    let tree = Tree::new();
    tree.device("pci0000:00/0000:00:14.0", "pci");
    tree.device("pci0000:00/0000:00:14.0/usb2", "usb");
    let port = "pci0000:00/0000:00:14.0/usb2/2-3";
    tree.device(port, "usb");
    tree.files(
        &format!("sys/devices/{port}"),
        &[("serial", "USB-SERIAL-1")],
    );
    let interface = format!("{port}/2-3:1.0");
    tree.device(&interface, "usb");
    tree.device(&format!("{interface}/host8"), "scsi");
    let device = scsi(&tree, &interface, "8:0:0:0");
    tree.disk("sdf", &device, 8_388_608);
    let disk = only(&tree);
    assert_eq!(
        disk.by_path,
        path("pci-0000:00:14.0-usb-0:3:1.0-scsi-0:0:0:0")
    );
    assert_eq!(
        (disk.tran.as_deref(), disk.serial.as_deref()),
        (Some("usb"), Some("USB-SERIAL-1"))
    );
}

#[test]
fn an_nvme_disk() {
    let tree = Tree::new();
    tree.device("pci0000:00/0000:00:01.0", "pci");
    tree.device("pci0000:00/0000:00:01.0/0000:01:00.0", "pci");
    let controller = "pci0000:00/0000:00:01.0/0000:01:00.0/nvme/nvme0";
    tree.device(controller, "nvme");
    tree.disk("nvme0n1", controller, 16_777_216);
    tree.files(
        &format!("sys/devices/{controller}"),
        &[("model", "Fast  "), ("serial", " N1 ")],
    );
    tree.files(
        "sys/block/nvme0n1",
        &[("nsid", "1"), ("wwid", "eui.0025385b71b0e0a1")],
    );
    let disk = only(&tree);
    assert_eq!(disk.by_path, path("pci-0000:01:00.0-nvme-1"));
    assert_eq!(
        (disk.model.as_deref(), disk.serial.as_deref()),
        (Some("Fast"), Some("N1"))
    );
    assert_eq!(disk.wwn.as_deref(), Some("eui.0025385b71b0e0a1"));
    assert_eq!((disk.vendor, disk.hctl), (None, None));
}

#[test]
fn a_multipath_nvme_disk_is_found_once_at_its_first_controller() {
    let tree = Tree::new();
    tree.device("pci0000:00/0000:02:00.0", "pci");
    let controller = "pci0000:00/0000:02:00.0/nvme/nvme1";
    tree.device(controller, "nvme");
    let subsystem = "virtual/nvme-subsystem/nvme-subsys1";
    tree.device(subsystem, "nvme-subsystem");
    tree.link(
        &format!("sys/devices/{subsystem}/nvme1"),
        &format!("sys/devices/{controller}"),
    );
    tree.disk("nvme1n1", subsystem, 16_777_216);
    tree.files("sys/block/nvme1n1", &[("nsid", "1")]);
    tree.disk("nvme1c1n1", controller, 16_777_216);
    tree.files("sys/block/nvme1c1n1", &[("hidden", "1")]);
    let disk = only(&tree);
    assert_eq!(disk.name.as_deref(), Some("/dev/nvme1n1"));
    assert_eq!(disk.by_path, path("pci-0000:02:00.0-nvme-1"));
}

#[test]
fn a_virtio_disk_has_a_serial_of_its_own() {
    let tree = Tree::new();
    tree.device("pci0000:00/0000:00:03.0", "pci");
    tree.device("pci0000:00/0000:00:03.0/virtio0", "virtio");
    tree.disk("vda", "pci0000:00/0000:00:03.0/virtio0", 20_971_520);
    tree.files("sys/block/vda", &[("serial", "DISK1")]);
    tree.files(
        "sys/devices/pci0000:00/0000:00:03.0/virtio0",
        &[("vendor", "0x1af4")],
    );
    let disk = only(&tree);
    assert_eq!(disk.by_path, path("pci-0000:00:03.0"));
    assert_eq!(
        (disk.serial.as_deref(), disk.vendor.as_deref()),
        (Some("DISK1"), Some("0x1af4"))
    );
    assert_eq!(disk.model, None);
}

#[test]
fn what_is_no_disk_is_left_out() {
    let tree = Tree::new();
    for name in ["loop0", "ram0", "dm-0", "zram0", "md127"] {
        tree.files(&format!("sys/block/{name}"), &[("size", "1000")]);
    }
    for (name, sectors) in [("sr0", 2048), ("fd0", 8), ("sdg", 0)] {
        tree.device(&format!("platform/{name}-device"), "platform");
        tree.disk(name, &format!("platform/{name}-device"), sectors);
    }
    assert_eq!(disks(&tree), []);
}
