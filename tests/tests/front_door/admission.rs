//! PXE admission with a real dnsmasq: only machines on introspection get an address from it.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use assay_admission::Dnsmasq;
use assay_domain::admission::{Others, PxeAdmission, Wanted};
use assay_sim::{Firmware, IdleMachine, Machine as _, Network, Power, QemuMachine, SimMachine};
use assay_tests::lan::{self, Lan};
use assay_tests::{Client, Machine, Server, Setup, guest, lab, ramdisk, status, wait};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(20);
/// From a change in Assay to the DHCP server's answer; twice as long as the loop's interval, and a
/// refused question takes 0.4 s.
const SOON: Duration = Duration::from_millis(2500);
/// A card that no node has.
const STRANGER: &str = "52:54:00:99:99:99";

fn macs(numbers: &[u8]) -> BTreeSet<assay_inventory::Mac> {
    let mac = |number: &u8| assay_inventory::Mac::new([0x52, 0x54, 0, 0, 0, *number]);
    numbers.iter().map(mac).collect()
}

fn closed(served: &[u8]) -> Wanted {
    Wanted {
        served: macs(served),
        others: Others::Refused,
    }
}

fn open(served: &[u8], known: &[u8]) -> Wanted {
    Wanted {
        served: macs(served),
        others: Others::ServedExcept(macs(known)),
    }
}

async fn assert_served(lan: &Lan, wanted: &Wanted) {
    for mac in macs(&[1, 2, 3]) {
        lan.until(&mac.to_string(), wanted.serves(mac), SOON).await;
    }
}

#[tokio::test]
async fn dnsmasq_does_what_the_driver_wants() {
    if !lan::entered("admission::dnsmasq_does_what_the_driver_wants") {
        return;
    }
    let mut lan = Lan::lay();
    std::fs::write(lan.hostsdir().join("by-hand"), "52:54:00:77:77:77\n").unwrap();
    lan.serve(1).await;
    assert_served(&lan, &closed(&[])).await;
    let mut driver = Dnsmasq::new(lan.hostsdir());
    let steps = [
        closed(&[]),
        closed(&[1]),
        closed(&[1, 2]),
        open(&[2], &[1, 2]),
        closed(&[2]),
        closed(&[1]),
        open(&[], &[1]),
        open(&[1], &[1, 2]),
        closed(&[]),
    ];
    for (number, wanted) in steps.iter().enumerate() {
        driver.apply(wanted).await.unwrap();
        assert_served(&lan, wanted).await;
        match number % 3 {
            0 => lan.reload(),
            1 => lan.serve(1).await,
            _ => driver = Dnsmasq::new(lan.hostsdir()),
        }
        assert_served(&lan, wanted).await;
        assert!(lan.is_served(), "dnsmasq has ended");
    }
    // What somebody else put there is neither touched nor lost.
    assert!(lan.ask("52:54:00:77:77:77").await.is_some());
    driver.apply(&closed(&[])).await.unwrap();
    assert!(!driver.is_disturbed().await);
    let ours = lan.hostsdir().join("assay-others");
    std::fs::remove_file(ours).unwrap();
    assert!(driver.is_disturbed().await);
}

fn setup(lan: &Lan) -> Setup {
    Setup::new()
        .env("ASSAY_ADMISSION__DRIVER", "dnsmasq")
        .env("ASSAY_ADMISSION__HOSTSDIR", lan.hostsdir().display())
        .env("ASSAY_SWEEP_INTERVAL", 1)
        .env("ASSAY_LEASE", 2)
}

fn port(server: &Server) -> u16 {
    let (_, port) = server.base().rsplit_once(':').unwrap();
    port.parse().unwrap()
}

/// Starts an introspection in which somebody else switches the machine on.
async fn start(client: &Client, uuid: &str) {
    let path = format!("/v1/introspection/{uuid}?manage_boot=False");
    let _ = client.post_empty(&path).await.expect(202);
}

async fn enrol(client: &Client, machine: &Machine, name: &str) -> String {
    let node = machine.enrol(client, name).await;
    node["uuid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn only_machines_on_introspection_get_an_address() {
    if !lan::entered("admission::only_machines_on_introspection_get_an_address") {
        return;
    }
    let mut lan = Lan::lay();
    let server = setup(&lan).start().await;
    lan.serve(port(&server)).await;
    let client = server.client();
    let (one, two) = (Machine::numbered(1), Machine::numbered(2));
    let uuid = enrol(client, &one, "one").await;
    enrol(client, &two, "two").await;
    let (mac, other) = (&one.macs[0], &two.macs[0]);
    assert_eq!(lan.ask(mac).await, None);

    start(client, &uuid).await;
    lan.until(mac, true, SOON).await;
    assert_eq!(lan.ask(other).await, None);
    assert_eq!(lan.ask(STRANGER).await, None);
    let abort = format!("/v1/introspection/{uuid}/abort");
    let _ = client.post_empty(&abort).await.expect(202);
    lan.until(mac, false, SOON).await;

    start(client, &uuid).await;
    lan.until(mac, true, SOON).await;
    let boot = one.boot(client).await;
    let _ = boot.report(&one.report()).await.expect(200);
    let _ = status::finished(client, &uuid, LIMIT).await;
    lan.until(mac, false, SOON).await;
    assert!(lan.ask(mac).await.is_none() && lan.is_served());
}

#[tokio::test]
async fn discovery_serves_strangers_and_no_known_machine() {
    if !lan::entered("admission::discovery_serves_strangers_and_no_known_machine") {
        return;
    }
    let mut lan = Lan::lay();
    let setup = setup(&lan).env("ASSAY_DISCOVERY__ENABLED", true);
    let server = setup.start().await;
    lan.serve(port(&server)).await;
    lan.until(STRANGER, true, SOON).await;
    let client = server.client();
    let (one, two) = (Machine::numbered(1), Machine::numbered(2));
    let uuid = enrol(client, &one, "one").await;
    enrol(client, &two, "two").await;
    start(client, &uuid).await;
    lan.until(&two.macs[0], false, SOON).await;
    assert!(lan.ask(&one.macs[0]).await.is_some());
    let abort = format!("/v1/introspection/{uuid}/abort");
    let _ = client.post_empty(&abort).await.expect(202);
    lan.until(&one.macs[0], false, SOON).await;
    assert!(lan.ask(STRANGER).await.is_some());
}

#[tokio::test]
async fn a_restart_of_either_side_ends_in_the_right_state() {
    if !lan::entered("admission::a_restart_of_either_side_ends_in_the_right_state") {
        return;
    }
    let mut lan = Lan::lay();
    let setup = setup(&lan).env("ASSAY_INTROSPECTION_TIMEOUT", 8);
    let mut server = setup.start().await;
    lan.serve(port(&server)).await;
    let client = server.client().clone();
    let machine = Machine::numbered(1);
    let uuid = enrol(&client, &machine, "one").await;
    let mac = &machine.macs[0];
    start(&client, &uuid).await;
    lan.until(mac, true, SOON).await;

    // Assay's death changes nothing, nor does a restart of the DHCP server.
    server.kill();
    lan.serve(port(&server)).await;
    assert!(lan.ask(mac).await.is_some());
    // What went away meanwhile is put back.
    for (name, _) in lan::hosts(&lan.hostsdir()) {
        std::fs::remove_file(lan.hostsdir().join(name)).unwrap();
    }
    lan.serve(port(&server)).await;
    assert_eq!(lan.ask(mac).await, None);
    server.start_again();
    lan.until(mac, true, SOON).await;

    // The time runs out while nobody looks.
    server.kill();
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(lan.ask(mac).await.is_some());
    server.start_again();
    let ended = status::ended(&client, &uuid, LIMIT).await;
    let error = ended["error"].as_str().unwrap();
    assert!(error.contains("timeout"), "{error}");
    lan.until(mac, false, SOON).await;
}

/// A machine behind a simulated BMC.
struct Managed {
    machine: Arc<IdleMachine>,
    node: lab::Enrolled,
    _bmc: assay_sim::Bmc,
}

impl Managed {
    async fn enrolled(client: &Client, hardware: SimMachine) -> Self {
        let machine = Arc::new(IdleMachine::new(hardware));
        let bmc = lab::bmc(machine.clone());
        let node = lab::enrol(client, &bmc).await;
        Self {
            machine,
            node,
            _bmc: bmc,
        }
    }

    async fn start(&self, client: &Client) {
        let path = format!("/v1/introspection/{}", self.node.uuid);
        let _ = client.post_empty(&path).await.expect(202);
    }

    /// Starts an introspection that must fail; gives the error. The machine stays off.
    async fn refused(&self, client: &Client) -> String {
        self.start(client).await;
        let ended = status::ended(client, &self.node.uuid, LIMIT).await;
        assert!(self.machine.starts().is_empty(), "it was switched on");
        ended["error"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn no_machine_is_switched_on_into_nothing() {
    if !lan::entered("admission::no_machine_is_switched_on_into_nothing") {
        return;
    }
    let mut lan = Lan::lay();
    let folder = lan.hostsdir().display().to_string();
    // Room for the folder itself and two files.
    let mount = ["-t", "tmpfs", "-o", "nr_inodes=3", "tmpfs", &folder];
    assert!(
        Command::new("mount")
            .args(mount)
            .status()
            .unwrap()
            .success()
    );
    let server = setup(&lan).start().await;
    lan.serve(port(&server)).await;
    let client = server.client();
    let (one, two) = (
        Managed::enrolled(client, lab::hardware(0)).await,
        Managed::enrolled(client, lab::hardware(1)).await,
    );
    let mac = one.machine.hardware().boot_mac().unwrap().to_string();
    one.start(client).await;
    let on = async || one.machine.starts().len();
    wait::until_is("the machine was switched on", LIMIT, on, |on| *on == 1).await;
    assert!(
        lan.ask(&mac).await.is_some(),
        "it was switched on before it was admitted"
    );

    let error = two.refused(client).await;
    assert!(error.contains("PXE admission by dnsmasq"), "{error}");
    assert!(error.contains("No space left on device"), "{error}");
    // Even then a machine can be refused that was served.
    let abort = format!("/v1/introspection/{}/abort", one.node.uuid);
    let _ = client.post_empty(&abort).await.expect(202);
    lan.until(&mac, false, SOON).await;
    remount(&folder, "nr_inodes=30");
    two.start(client).await;
    let on = async || two.machine.starts().len();
    wait::until_is("the machine was switched on", LIMIT, on, |on| *on == 1).await;
    until_the_fleet_shows(client, "dnsmasq serves 1 ").await;
    remount(&folder, "ro");
    let abort = format!("/v1/introspection/{}/abort", two.node.uuid);
    let _ = client.post_empty(&abort).await.expect(202);
    until_the_fleet_shows(client, "dnsmasq FAILS: ").await;
    remount(&folder, "rw");
    until_the_fleet_shows(client, "dnsmasq serves 0 ").await;
}

fn remount(folder: &str, options: &str) {
    let options = format!("remount,{options}");
    let mut mount = Command::new("mount");
    mount.args(["-o", &options, folder]);
    assert!(mount.status().unwrap().success());
}

/// Waits until the fleet's only process says that of its admission.
async fn until_the_fleet_shows(client: &Client, start: &str) {
    let show = async || client.get("/assay/v1/fleet").await.expect(200).json();
    let shows = |fleet: &Value| {
        let admission = fleet["processes"][0]["admission"].as_str();
        admission.is_some_and(|text| text.starts_with(start))
    };
    wait::until_is("the fleet shows the admission", LIMIT, show, shows).await;
}

#[tokio::test]
async fn what_keeps_a_machine_from_being_served_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let server = Setup::new()
        .env("ASSAY_ADMISSION__DRIVER", "dnsmasq")
        .env(
            "ASSAY_ADMISSION__HOSTSDIR",
            folder.path().join("missing").display(),
        )
        .start()
        .await;
    let client = server.client();
    let managed = Managed::enrolled(client, lab::hardware(0)).await;
    let error = managed.refused(client).await;
    assert!(error.contains("missing: No such file"), "{error}");

    std::fs::create_dir(folder.path().join("missing")).unwrap();
    let mut hardware = lab::hardware(1);
    hardware.nics.clear();
    let managed = Managed::enrolled(client, hardware).await;
    let error = managed.refused(client).await;
    assert!(
        error.contains("no MAC address of the node is known"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_boots_when_it_is_admitted() {
    if !lan::entered("admission::a_guest_boots_when_it_is_admitted") {
        return;
    }
    let mut lan = Lan::lay();
    let ramdisk = ramdisk::build();
    let server = setup(&lan)
        .authenticated()
        .listen("192.0.2.10:0")
        .boot(&ramdisk.kernel, &ramdisk.initramfs)
        .start()
        .await;
    lan.serve(port(&server)).await;
    let network = Network::Taps(vec![lan.tap("tap0")]);
    let hardware = guest::hardware(Firmware::Bios);
    let mac = hardware.boot_mac().unwrap().to_string();
    let machine = Arc::new(QemuMachine::on_network(hardware, network).unwrap());
    let bmc = lab::bmc(machine.clone());
    let client = server.client();
    let node = lab::enrol(client, &bmc).await;
    assert_eq!(lan.ask(&mac).await, None);

    let path = format!("/v1/introspection/{}", node.uuid);
    let _ = client.post_empty(&path).await.expect(202);
    lan.until(&mac, true, LIMIT).await;
    assert_eq!(lan.ask(STRANGER).await, None);
    let ended = status::ended(client, &node.uuid, guest::LIMIT).await;
    let console = machine.console().text();
    assert_eq!(ended["error"], Value::Null, "{ended}\n{console}");
    let off = async || machine.power();
    wait::until_is("the guest is off", LIMIT, off, |power| *power == Power::Off).await;
    lan.until(&mac, false, SOON).await;
}
