//! Boots a virtual machine through its BMC: network boot, kernel and an initramfs made for it.
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{self, BootServer, client, initramfs};
use assay_inventory::Inventory;
use assay_sim::{
    Bmc, BmcOptions, BootDevice, BootPlan, Console, DiskBus, Firmware, Machine, Marker, NicModel,
    Power, QemuMachine, SimDisk, SimMachine, SimNic,
};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

const LIMIT: Duration = Duration::from_mins(2);

fn hardware(firmware: Firmware) -> SimMachine {
    let mac = |last| assay_inventory::Mac::new([0x00, 0x16, 0x3e, 0, 0, last]);
    let nic = |last, model| SimNic {
        mac: mac(last),
        model,
    };
    let disk = |serial: &str, size_gib, bus| SimDisk {
        serial: serial.to_owned(),
        size_gib,
        bus,
    };
    // Between them the two machines have every kind of card and disk.
    let (disks, nics) = match firmware {
        Firmware::Bios => (
            vec![
                disk("VIRTIO-1", 8, DiskBus::Virtio),
                disk("SATA-1", 5, DiskBus::Sata),
            ],
            vec![nic(1, NicModel::Virtio), nic(2, NicModel::E1000e)],
        ),
        Firmware::Uefi => (
            vec![
                disk("SCSI-1", 7, DiskBus::Scsi),
                disk("NVME-1", 6, DiskBus::Nvme),
            ],
            vec![
                nic(1, NicModel::E1000),
                nic(2, NicModel::Vmxnet3),
                nic(4, NicModel::Virtio),
            ],
        ),
    };
    SimMachine {
        name: "virtual".to_owned(),
        uuid: uuid::Uuid::from_u128(0x1111_2222_3333_4444_5555_6666_7777_8888),
        serial: "QEMU-TEST".to_owned(),
        manufacturer: "Assay simulator".to_owned(),
        model: "Virtual machine".to_owned(),
        cpus: 2,
        memory_mib: 1024,
        disks,
        nics,
        bmc_mac: mac(3),
        firmware,
        default_boot: BootDevice::Disk,
    }
}

/// From the override and the reset to a report from inside the machine.
async fn boots(firmware: Firmware) {
    let server = BootServer::start(initramfs()).await;
    let machine =
        Arc::new(QemuMachine::new(hardware(firmware), &server.url("/assay/v1/boot/ipxe")).unwrap());
    let bmc = Bmc::start(
        Arc::clone(&machine) as Arc<dyn Machine>,
        BmcOptions::default(),
    )
    .unwrap();
    boot_from_network(&bmc).await;
    let begun = std::time::Instant::now();
    let console = machine.console();
    let Ok(report) = tokio::time::timeout(LIMIT, server.report()).await else {
        panic!(
            "no report came; the server was asked {:?}; the console says:\n{}",
            server.requests(),
            console.text()
        );
    };
    let sightings = console.sightings();
    support::log(&format!(
        "{firmware:?}: report {:?} after power-on, {sightings:#?}",
        begun.elapsed()
    ));
    is_of_this_machine(&report.inventory.unwrap(), machine.hardware());
    saw_everything(&console);
    let done = Marker::Agent("done".to_owned());
    assert!(
        console
            .wait_for(|marker| *marker == done, LIMIT)
            .await
            .is_some(),
        "{}",
        console.text()
    );
    assert_eq!(
        machine.power(),
        Power::On,
        "the agent waits for its machine to be switched off"
    );
    let pid = machine.pid().unwrap();
    bmc.stop().await.unwrap();
    assert_eq!(machine.power(), Power::Off);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

async fn boot_from_network(bmc: &Bmc) {
    let system = format!("{}{}", bmc.url(), bmc.system_path());
    let boot = json!({ "Boot": { "BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe" } });
    let patch = client()
        .patch(&system)
        .basic_auth("admin", Some("simulated"))
        .json(&boot);
    assert_eq!(patch.send().await.unwrap().status(), 200);
    let reset = client()
        .post(format!("{system}/Actions/ComputerSystem.Reset"))
        .basic_auth("admin", Some("simulated"));
    assert_eq!(
        reset
            .json(&json!({ "ResetType": "On" }))
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
}

/// The console told of each step.
fn saw_everything(console: &Console) {
    let seen: Vec<Marker> = console
        .sightings()
        .into_iter()
        .map(|sighting| sighting.marker)
        .collect();
    let loaded =
        |marker: &Marker| matches!(marker, Marker::Fetched(url) if url.ends_with("/initramfs"));
    assert!(seen.contains(&Marker::NetworkBoot), "{seen:?}");
    assert!(seen.iter().any(loaded), "{}", console.text());
    assert!(seen.contains(&Marker::Agent("init".to_owned())), "{seen:?}");
}

/// What the agent found is what the machine was built of.
fn is_of_this_machine(inventory: &Inventory, machine: &SimMachine) {
    let vendor = inventory.system_vendor.as_ref().unwrap();
    assert_eq!(vendor.serial_number.as_deref(), Some("QEMU-TEST"));
    assert_eq!(
        vendor.uuid.as_deref(),
        Some("11112222-3333-4444-5555-666677778888")
    );
    assert_eq!(inventory.cpu.as_ref().unwrap().count, Some(2));
    assert_eq!(inventory.memory.as_ref().unwrap().physical_mb, Some(1024));
    let mut macs: Vec<_> = inventory
        .interfaces
        .iter()
        .filter_map(|card| card.mac_address.clone())
        .collect();
    macs.sort();
    assert_eq!(
        macs,
        machine
            .nics
            .iter()
            .map(|nic| nic.mac.to_string())
            .collect::<Vec<_>>()
    );
    let found = inventory
        .disks
        .iter()
        .map(|disk| (disk.serial.clone(), disk.size));
    let built = machine.disks.iter().map(|disk| {
        (
            Some(disk.serial.clone()),
            Some(u64::from(disk.size_gib) << 30),
        )
    });
    assert_eq!(
        found.collect::<BTreeSet<_>>(),
        built.collect::<BTreeSet<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bios_machine_boots_and_reports() {
    boots(Firmware::Bios).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uefi_machine_boots_and_reports() {
    boots(Firmware::Uefi).await;
}

/// The test starts itself again as a program of its own, which starts a machine and is then killed.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_dies_with_its_program() {
    const MARK: &str = "ASSAY_SIM_IS_CHILD";
    let server = BootServer::serving(Vec::new(), Vec::new()).await;
    if std::env::var_os(MARK).is_some() {
        let machine = QemuMachine::new(hardware(Firmware::Bios), &server.url("/")).unwrap();
        machine
            .power_on(BootPlan {
                device: BootDevice::Network,
                firmware: Firmware::Bios,
            })
            .await
            .unwrap();
        support::log(&format!("machine={}", machine.pid().unwrap()));
        std::future::pending::<()>().await;
    }
    let name = "qemu::a_machine_dies_with_its_program";
    let mut program = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(MARK, "1")
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let pid = loop {
        let line = lines
            .next_line()
            .await
            .unwrap()
            .expect("the program ended early");
        if let Some(pid) = line.strip_prefix("machine=") {
            break pid.to_owned();
        }
    };
    let status = format!("/proc/{pid}/stat");
    let runs = || std::fs::read_to_string(&status).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(runs());
    program.kill().await.unwrap();
    support::eventually(async || !runs()).await;
}
