//! A real virtual machine, booted over the network into the agent, against what it was made of.

use assay_sim::{Firmware, Machine, Power, SimMachine};
use assay_tests::guest::{self, Guest, LIMIT};
use assay_tests::{Server, Setup, status, wait};
use serde_json::{Value, json};

fn assert_inventory(data: &Value, hardware: &SimMachine, boot_mode: &str) {
    let inventory = &data["inventory"];
    assert_eq!(inventory["cpu"]["count"], hardware.cpus);
    assert_eq!(inventory["cpu"]["architecture"], "x86_64");
    assert_eq!(inventory["memory"]["physical_mb"], hardware.memory_mib);
    assert_eq!(inventory["boot"]["current_boot_mode"], boot_mode);
    assert_eq!(
        inventory["system_vendor"]["serial_number"],
        hardware.serial.as_str()
    );
    assert_eq!(
        inventory["system_vendor"]["manufacturer"],
        hardware.manufacturer.as_str()
    );
    assert_eq!(
        inventory["system_vendor"]["product_name"],
        hardware.model.as_str()
    );

    let disks = inventory["disks"].as_array().unwrap();
    assert_eq!(disks.len(), 1, "{disks:?}");
    assert_eq!(
        disks[0]["size"],
        u64::from(hardware.disks[0].size_gib) << 30
    );
    assert_eq!(disks[0]["serial"], hardware.disks[0].serial.as_str());

    let mut macs: Vec<&str> = inventory["interfaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|interface| interface["mac_address"].as_str().unwrap())
        .collect();
    macs.sort_unstable();
    let wanted: Vec<String> = hardware
        .nics
        .iter()
        .map(|nic| nic.mac.to_string())
        .collect();
    assert_eq!(macs, wanted);
    assert_eq!(data["cpus"], hardware.cpus);
    assert_eq!(data["memory_mb"], hardware.memory_mib);
}

async fn a_guest_is_introspected(firmware: Firmware, boot_mode: &str) {
    let guest = Guest::introspected(guest::hardware(firmware)).await;
    let client = guest.server.client();
    let (node, machine) = (&guest.node, &guest.machine);
    let hardware = machine.hardware();
    let data = client
        .get(&format!("/v1/introspection/{}/data", node.uuid))
        .await
        .expect(200)
        .json();
    assert_inventory(&data, hardware, boot_mode);
    let shown = client
        .get(&format!("/v1/nodes/{}", node.id))
        .await
        .expect(200)
        .json();
    assert_eq!(shown["node"]["cpu_amount"], hardware.cpus);
    assert_eq!(shown["node"]["ram_mb"], hardware.memory_mib);

    // The machine is left as configured: off, and without a boot override.
    wait::until_is(
        "the guest is off",
        LIMIT,
        async || machine.power(),
        |power| *power == Power::Off,
    )
    .await;
    assert_eq!(
        guest.bmc.boot_override(),
        assay_sim::BootOverride::default()
    );
    assert_phases(&guest.server, &node.uuid).await;
}

/// Every phase is stamped, in order.
async fn assert_phases(server: &Server, uuid: &str) {
    let path = format!("/assay/v1/nodes/{uuid}/introspection");
    let reply = server.client().get(&path).await.expect(200).json();
    let stamps = reply["phases"].as_array().unwrap();
    let names: Vec<&Value> = stamps.iter().map(|stamp| &stamp["phase"]).collect();
    let wanted = [
        "power",
        "boot_script",
        "kernel",
        "initramfs",
        "agent",
        "collectors",
        "callback",
        "hooks",
        "rules",
    ];
    assert_eq!(json!(names), json!(wanted));
    let times: Vec<&str> = stamps
        .iter()
        .map(|stamp| stamp["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bios_guest_is_introspected() {
    a_guest_is_introspected(Firmware::Bios, "bios").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uefi_guest_is_introspected() {
    a_guest_is_introspected(Firmware::Uefi, "uefi").await;
}

/// kill -9 of the server when the guest has reached a phase; the guest is a process of this test and lives on.
async fn survives_a_kill_at(phase: &str) {
    let setup = Setup::new()
        .env("ASSAY_LEASE", 2)
        .env("ASSAY_SWEEP_INTERVAL", 1)
        .env("ASSAY_INTROSPECTION_TIMEOUT", 120);
    let mut guest = Guest::enrolled(guest::hardware(Firmware::Bios), setup).await;
    guest.start().await;
    let client = guest.server.client().clone();
    let path = format!("/assay/v1/nodes/{}/introspection", guest.node.uuid);
    let reached = async || {
        let detail = client.get(&path).await.expect(200).json();
        detail["phases"]
            .as_array()
            .unwrap()
            .iter()
            .any(|stamp| stamp["phase"] == phase)
    };
    wait::until_is(phase, LIMIT, reached, |reached| *reached).await;
    guest.server.kill();
    guest.server.start_again();
    let ended = status::ended(&client, &guest.node.uuid, LIMIT).await;
    let detail = client.get(&path).await.expect(200).json();
    let console = guest.machine.console().text();
    match ended["error"].as_str() {
        None => assert_eq!(detail["missing"], Value::Null, "{detail}"),
        Some(error) => {
            // Firmware that lost its server gives up; then the phase it lost is the one to be named.
            let missing = detail["missing"].as_str().unwrap_or_default();
            assert!(
                error.contains(&format!("phase {missing}")),
                "{error}: {detail}\n{console}"
            );
            assert_eq!(
                phase, "boot_script",
                "only firmware may give up: {error}\n{console}"
            );
        }
    }
    let power = async || guest.machine.power();
    wait::until_is("the guest is off", LIMIT, power, |power| {
        *power == Power::Off
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_survives_a_kill_at_its_boot_script() {
    survives_a_kill_at("boot_script").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_survives_a_kill_at_its_agent() {
    survives_a_kill_at("agent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_survives_a_kill_at_its_callback() {
    survives_a_kill_at("callback").await;
}
