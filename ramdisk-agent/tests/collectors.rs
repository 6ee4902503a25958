//! The other collectors, on fixture trees.
#![allow(clippy::unwrap_used)] // Test code throughout.

mod tree;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::thread;
use std::time::{Duration, Instant};

use assay_agent::host::Host;
use assay_agent::netlink::Link;
use assay_agent::{Error, collect, collectors, settle};
use assay_inventory::{BootMode, Inventory, Report};
use tree::Tree;

const TIMEOUT: Duration = Duration::from_secs(30);

fn report(host: &Host) -> Report {
    collect::run(host, &collectors::ALL, None, TIMEOUT)
}

fn inventory(tree: &Tree) -> Inventory {
    report(&tree.host()).inventory.unwrap()
}

#[test]
fn a_bare_machine_is_all_null_and_no_error_but_for_what_every_machine_has() {
    let tree = Tree::new();
    let report = report(&tree.host());
    let error = report.error.unwrap();
    assert!(
        error.starts_with("collector cpu: /proc/cpuinfo: "),
        "{error}"
    );
    let inventory = report.inventory.unwrap();
    assert_eq!(
        (
            inventory.system_vendor,
            inventory.bmc_address,
            inventory.bmc_mac
        ),
        (None, None, None)
    );
    assert_eq!(
        (inventory.disks, inventory.interfaces),
        (Vec::new(), Vec::new())
    );
    assert_eq!((report.root_disk, report.numa_topology), (None, None));
}

#[test]
fn processors_are_counted_with_their_sockets() {
    let tree = Tree::new();
    let cpu = |n: u8| {
        format!(
            "processor\t: {n}\nmodel name\t: Quick CPU\ncpu MHz\t\t: 2095.078\nflags\t\t: fpu vmx\n\n"
        )
    };
    tree.file("proc/cpuinfo", (0..4).map(cpu).collect::<String>());
    for (name, package) in [("cpu0", "0"), ("cpu1", "0"), ("cpu2", "1"), ("cpu3", "1")] {
        let folder = format!("sys/devices/system/cpu/{name}/topology");
        tree.files(&folder, &[("physical_package_id", package)]);
    }
    let cpu = inventory(&tree).cpu.unwrap();
    assert_eq!((cpu.count, cpu.socket_count), (Some(4), Some(2)));
    assert_eq!(cpu.model_name.as_deref(), Some("Quick CPU"));
    assert_eq!(cpu.frequency.as_deref(), Some("2095.0780"));
    assert_eq!(cpu.flags, ["fpu", "vmx"]);
    tree.files(
        "sys/devices/system/cpu/cpu0/cpufreq",
        &[("cpuinfo_max_freq", "3500000")],
    );
    assert_eq!(
        inventory(&tree).cpu.unwrap().frequency.as_deref(),
        Some("3500.0000")
    );
}

#[test]
fn memory_is_taken_from_the_best_source() {
    let tree = Tree::new();
    tree.file(
        "proc/meminfo",
        "MemTotal:        2030756 kB\nMemFree: 1 kB\n",
    );
    let memory = || inventory(&tree).memory.unwrap();
    assert_eq!(
        (memory().total, memory().physical_mb),
        (Some(2_079_494_144), Some(1983))
    );
    let folder = "sys/devices/system/memory";
    tree.files(
        folder,
        &[
            ("block_size_bytes", "8000000"),
            ("auto_online_blocks", "online"),
        ],
    );
    for number in 0..16 {
        tree.files(&format!("{folder}/memory{number}"), &[("state", "online")]);
    }
    assert_eq!(memory().physical_mb, Some(2048));
    let mut module = vec![17, 0x22, 0, 0];
    module.resize(0x22, 0);
    module[0x0c..0x0e].copy_from_slice(&3072u16.to_le_bytes());
    module.extend([0, 0]);
    tree.file(
        "sys/firmware/dmi/tables/smbios_entry_point",
        b"_SM3_\0\x18\x03\x02\0",
    );
    tree.file("sys/firmware/dmi/tables/DMI", module);
    assert_eq!(memory().physical_mb, Some(3072));
}

#[test]
fn the_maker_is_read_from_tables_or_what_everybody_may_read() {
    let tree = Tree::new();
    tree.files(
        "sys/class/dmi/id",
        &[
            ("sys_vendor", "Acme"),
            ("product_name", "Box"),
            ("bios_version", "1.2"),
            ("product_serial", " "),
        ],
    );
    let maker = inventory(&tree).system_vendor.unwrap();
    assert_eq!(
        (maker.manufacturer.as_deref(), maker.product_name.as_deref()),
        (Some("Acme"), Some("Box"))
    );
    assert_eq!((maker.serial_number, maker.uuid), (None, None));
    assert_eq!(maker.firmware.unwrap().version.as_deref(), Some("1.2"));

    let mut table = vec![0, 0x12, 0, 0, 1, 2, 0, 0, 3];
    table.resize(0x12, 0);
    table.extend(b"BIOS Maker\x009.9\x0002/03/2026\0\0");
    table.extend([1, 0x1b, 1, 0, 1, 2, 0, 3]);
    table.extend(0x10..0x20);
    table.extend([6, 0, 0]);
    table.extend(b"Tables Inc\0Model T\0S-9\0\0");
    tree.file(
        "sys/firmware/dmi/tables/smbios_entry_point",
        b"_SM3_\0\x18\x03\x02\0",
    );
    tree.file("sys/firmware/dmi/tables/DMI", table);
    let maker = inventory(&tree).system_vendor.unwrap();
    assert_eq!(maker.manufacturer.as_deref(), Some("Tables Inc"));
    assert_eq!(maker.serial_number.as_deref(), Some("S-9"));
    assert_eq!(
        maker.uuid.as_deref(),
        Some("13121110-1514-1716-1819-1a1b1c1d1e1f")
    );
    let firmware = maker.firmware.unwrap();
    assert_eq!(
        (firmware.version.as_deref(), firmware.build_date.as_deref()),
        (Some("9.9"), Some("02/03/2026"))
    );
}

#[allow(clippy::unnecessary_wraps)] // Its type is that of the kernel's answer.
fn cable_links() -> Result<Vec<Link>, Error> {
    Ok(vec![Link {
        name: "eth0".to_owned(),
        permanent: Some(vec![0x52, 0x54, 0, 0, 0, 9]),
        ipv4: Some(Ipv4Addr::new(192, 0, 2, 5)),
        ipv6: Some(Ipv6Addr::LOCALHOST),
        ..Link::default()
    }])
}

#[test]
fn interfaces_of_real_hardware_are_found() {
    let tree = Tree::new();
    for name in ["lo", "docker0", "veth1"] {
        tree.files(
            &format!("sys/class/net/{name}"),
            &[("address", "52:54:00:00:00:01")],
        );
    }
    let device = "sys/devices/pci0000:00/0000:00:19.0";
    tree.files(device, &[("vendor", "0x8086"), ("device", "0x15bc")]);
    tree.link(&format!("{device}/driver"), "sys/bus/pci/drivers/e1000e");
    tree.files(
        "sys/class/net/eth0",
        &[
            ("address", "52:54:00:00:00:08"),
            ("carrier", "1"),
            ("speed", "10000"),
            ("type", "1"),
        ],
    );
    tree.link("sys/class/net/eth0/device", device);
    tree.files(
        "sys/class/net/eth1",
        &[("address", "52:54:00:00:00:0A"), ("speed", "-1")],
    );
    tree.link("sys/class/net/eth1/device", device);
    let host = Host {
        links: cable_links,
        ..tree.host()
    };
    let cards = report(&host).inventory.unwrap().interfaces;
    assert_eq!(cards.len(), 2);
    let card = &cards[0];
    assert_eq!(card.mac_address.as_deref(), Some("52:54:00:00:00:08"));
    assert_eq!(
        card.permanent_mac_address.as_deref(),
        Some("52:54:00:00:00:09")
    );
    assert_eq!(
        (card.ipv4_address.as_deref(), card.ipv6_address.as_deref()),
        (Some("192.0.2.5"), Some("::1"))
    );
    assert_eq!(
        (card.has_carrier, card.speed_mbps),
        (Some(true), Some(10_000))
    );
    assert_eq!(
        (card.vendor.as_deref(), card.product.as_deref()),
        (Some("0x8086"), Some("0x15bc"))
    );
    assert_eq!(
        (card.pci_address.as_deref(), card.driver.as_deref()),
        (Some("0000:00:19.0"), Some("e1000e"))
    );
    assert_eq!((&card.lldp, &card.client_id), (&None, &None));
    assert_eq!((cards[1].has_carrier, cards[1].speed_mbps), (None, None));
    assert_eq!(cards[1].mac_address.as_deref(), Some("52:54:00:00:00:0a"));
}

#[test]
fn an_infiniband_port_has_a_client_id() {
    let tree = Tree::new();
    let address = "80:00:02:08:fe:80:00:00:00:00:00:00:e4:1d:2d:03:00:6e:23:f1";
    tree.files("sys/class/net/ib0", &[("address", address), ("type", "32")]);
    tree.files("sys/class/net/ib0/device", &[("vendor", "0x15b3")]);
    let card = inventory(&tree).interfaces.remove(0);
    assert_eq!(card.mac_address.as_deref(), Some("e4:1d:2d:6e:23:f1"));
    let expected = "ff:00:00:00:00:00:02:00:00:02:c9:00:e4:1d:2d:03:00:6e:23:f1";
    assert_eq!(card.client_id.as_deref(), Some(expected));
}

#[test]
fn boot_mode_and_card_are_told() {
    let tree = Tree::new();
    assert_eq!(
        inventory(&tree).boot.unwrap().current_boot_mode,
        Some(BootMode::Bios)
    );
    tree.file("sys/firmware/efi/fw_platform_size", "64");
    let host = Host {
        boot_interface: "01-52-54-00-00-00-01".parse().ok(),
        ..tree.host()
    };
    let report = report(&host);
    assert_eq!(report.boot_interface.as_deref(), Some("52:54:00:00:00:01"));
    let boot = report.inventory.unwrap().boot.unwrap();
    assert_eq!(boot.current_boot_mode, Some(BootMode::Uefi));
    assert_eq!(boot.pxe_interface, report.boot_interface);
}

#[test]
fn buses_are_listed() {
    let tree = Tree::new();
    let ids = [
        ("vendor", "0x8086"),
        ("device", "0x100e"),
        ("class", "0x020000"),
        ("revision", "0x03"),
        ("numa_node", "1"),
    ];
    tree.files("sys/bus/pci/devices/0000:00:02.0", &ids);
    tree.files(
        "sys/bus/pci/devices/0000:00:10.0",
        &[("vendor", "0xf00d"), ("device", "0x0001")],
    );
    tree.files(
        "sys/bus/usb/devices/1-2",
        &[("manufacturer", "Maker"), ("idProduct", "0042")],
    );
    for hidden in ["usb1", "1-2:1.0"] {
        tree.files(
            &format!("sys/bus/usb/devices/{hidden}"),
            &[("product", "no device")],
        );
    }
    let report = report(&tree.host());
    let pci = report.pci_devices.unwrap();
    assert_eq!(pci.len(), 2);
    assert_eq!(pci[0].vendor_name.as_deref(), Some("Intel Corporation"));
    assert_eq!(
        (pci[0].class.as_deref(), pci[0].revision.as_deref()),
        (Some("020000"), Some("03"))
    );
    assert_eq!(
        (pci[0].bus.as_deref(), pci[0].numa_node_id.as_deref()),
        (Some("0000:00:02.0"), Some("1"))
    );
    assert_eq!(
        (&pci[1].vendor_name, pci[1].vendor_id.as_deref()),
        (&None, Some("f00d"))
    );
    let usb = report.inventory.unwrap().usb_devices.unwrap();
    assert_eq!(usb.len(), 1);
    assert_eq!(
        (usb[0].vendor.as_deref(), usb[0].product.as_deref()),
        (Some("Maker"), Some("0042"))
    );
    assert_eq!(usb[0].handle.as_deref(), Some("USB:1-2"));
}

#[test]
fn numa_nodes_know_their_memory_cores_and_cards() {
    let tree = Tree::new();
    let node = "sys/devices/system/node/node1";
    tree.file(
        &format!("{node}/meminfo"),
        "Node 1 MemTotal:       65536 kB\nNode 1 MemFree: 1 kB\n",
    );
    for (cpu, core) in [("cpu2", "0"), ("cpu10", "0"), ("cpu3", "1")] {
        tree.files(&format!("{node}/{cpu}/topology"), &[("core_id", core)]);
    }
    tree.files(node, &[("cpumap", "f")]);
    tree.files("sys/class/net/eth0/device", &[("numa_node", "1")]);
    let topology = report(&tree.host()).numa_topology.unwrap();
    assert_eq!(
        (topology.ram[0].numa_node, topology.ram[0].size_kb),
        (1, 65536)
    );
    let cores: Vec<(i64, &[u32])> = topology
        .cpus
        .iter()
        .map(|core| (core.cpu, core.thread_siblings.as_slice()))
        .collect();
    assert_eq!(cores, [(0, &[2, 10][..]), (1, &[3][..])]);
    assert_eq!(
        (topology.nics[0].name.as_str(), topology.nics[0].numa_node),
        ("eth0", 1)
    );
}

#[test]
fn settling_waits_for_late_disks() {
    let tree = Tree::new();
    let host = tree.host();
    let started = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..4 {
                thread::sleep(Duration::from_millis(80));
                tree.files(&format!("sys/block/sd{number}"), &[("size", "8")]);
            }
        });
        assert!(settle::settle(&host, Duration::from_mins(1)));
    });
    assert!(
        tree.path("sys/block/sd3/size").exists() && started.elapsed() > Duration::from_millis(400)
    );
}

#[test]
fn settling_has_an_end() {
    let tree = Tree::new();
    tree.files("sys/class/scsi_host/host0", &[("proc_name", "a fabric")]);
    let started = Instant::now();
    assert!(!settle::settle(&tree.host(), Duration::from_millis(200)));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn settling_does_not_wait_for_what_is_known_to_be_whole() {
    let tree = Tree::new();
    tree.files("sys/class/scsi_host/host0", &[("proc_name", "ahci")]);
    tree.files("sys/class/scsi_host/host1", &[("proc_name", "usb-storage")]);
    tree.files(
        "sys/class/scsi_host/host1/device/target1:0:0",
        &[("uevent", "")],
    );
    tree.files("sys/class/nvme/nvme0", &[("state", "live")]);
    assert!(settle::settle(&tree.host(), Duration::from_secs(2)));
    tree.files("sys/class/nvme/nvme0", &[("state", "connecting")]);
    assert!(!settle::settle(&tree.host(), Duration::from_millis(400)));
}
