//! Why a machine that is on does not load the ramdisk: each cause produced by a machine that does so.

use std::time::Duration;

use assay_sim::{Behaviour, Machine as _, ScriptedFault};
use assay_tests::fleet::{self, Member};
use assay_tests::{Client, Machine, lab, stuck};
use serde_json::{Value, json};

/// Larger than what fits into the buffers of a connection.
const LARGE: usize = 32 << 20;

/// Starts an introspection of a machine with that fault.
async fn started(client: &Client, number: usize, fault: ScriptedFault) -> Member {
    let behaviour = Behaviour {
        fault: Some(fault),
        ..Behaviour::default()
    };
    let member = fleet::enrol(client, lab::hardware(number), behaviour).await;
    assert_eq!(member.start(client).await, 202);
    member
}

/// Enrols a node for a machine that is played by hand, and starts its introspection.
async fn by_hand(client: &Client, name: &str, number: u32, facts: &Value) -> (Machine, String) {
    let machine = Machine::numbered(number);
    let node = machine.enrol(client, name).await;
    let uuid = node["uuid"].as_str().unwrap().to_owned();
    if facts != &json!({}) {
        let path = format!("/assay/v1/nodes/{uuid}");
        let _ = client.put(&path, facts).await.expect(200);
    }
    let path = format!("/v1/introspection/{uuid}?manage_boot=False");
    let _ = client.post_empty(&path).await.expect(202);
    (machine, uuid)
}

#[tokio::test]
async fn each_way_to_stop_while_booting_has_its_cause() {
    let server = stuck::setup().start().await;
    let client = server.client();
    let cases = [
        (ScriptedFault::NeverAsks, "boot_script", "no_boot_request"),
        (
            ScriptedFault::StopsAfterScript,
            "kernel",
            "kernel_not_asked",
        ),
        (
            ScriptedFault::StopsAfterKernel,
            "initramfs",
            "initramfs_not_asked",
        ),
        (ScriptedFault::StopsAfterInitramfs, "agent", "agent_silent"),
        (ScriptedFault::BootLoops, "agent", "boot_loop"),
        (
            ScriptedFault::StopsAfterAgent,
            "collectors",
            "collector_hangs",
        ),
        (
            ScriptedFault::StopsAfterCollectors,
            "callback",
            "report_never_sent",
        ),
    ];
    let runs = cases
        .into_iter()
        .enumerate()
        .map(async |(number, (fault, phase, cause))| {
            let member = started(client, number, fault).await;
            stuck::is_stuck(client, &member.node.uuid, phase, cause).await;
            member
        });
    let members = futures::future::join_all(runs).await;

    // Somebody switches the first one off, and its BMC says so.
    members[0].machine.power_off().await.unwrap();
    let node = &members[0].node.uuid;
    stuck::is_stuck(client, node, "boot_script", "powered_off_again").await;
}

#[tokio::test]
async fn an_override_that_the_bmc_forgets_is_noticed() {
    let server = stuck::setup().start().await;
    let client = server.client();
    let behaviour = Behaviour::default();
    let member = fleet::enrol(client, lab::hardware(0), behaviour).await;
    member
        .bmc
        .change_faults(|faults| faults.forget_boot_override = true);
    assert_eq!(member.start(client).await, 202);
    stuck::is_stuck(
        client,
        &member.node.uuid,
        "boot_script",
        "boot_override_lost",
    )
    .await;
}

#[tokio::test]
async fn a_card_that_no_node_has_is_named() {
    let server = stuck::setup().start().await;
    let client = server.client();
    let (mut machine, uuid) = by_hand(client, "wrong-card", 701, &json!({})).await;
    let known = machine.macs[0].clone();
    machine.macs[0] = "52:ff:00:00:00:01".to_owned();
    let _ = machine.ask_for_script(client).await.expect(200);
    let said = stuck::is_stuck(client, &uuid, "boot_script", "unknown_mac").await;
    assert!(
        stuck::first_line(&said).contains("52:ff:00:00:00:01"),
        "{said}"
    );
    assert_eq!(said["causes"][0]["confidence"], "likely");
    stuck::is_kept(client, &uuid, "unknown_mac").await;

    // Once it boots from the right card nothing is stuck; the diagnosis stays with the history.
    machine.macs[0] = known;
    let boot = machine.boot(client).await;
    let _ = boot.load(&boot.kernel).await.expect(200);
    let _ = boot.load(&boot.initramfs).await.expect(200);
    let shown = stuck::detail(client, &uuid).await;
    assert_eq!(shown["stuck"], Value::Null, "{shown}");
    assert_eq!(shown["diagnosis"]["causes"][0]["cause"], "unknown_mac");
}

#[tokio::test]
async fn a_machine_that_fits_two_nodes_names_both() {
    let server = stuck::setup().start().await;
    let client = server.client();
    let (one, first) = by_hand(client, "by-mac", 711, &json!({})).await;
    let serial = json!({"serial_number": "SHARED-SERIAL-1"});
    let (_, second) = by_hand(client, "by-serial", 712, &serial).await;
    let both = Machine {
        serial: "SHARED-SERIAL-1".to_owned(),
        ..one
    };
    let _ = both.ask_for_script(client).await.expect(200);
    for uuid in [&first, &second] {
        let said = stuck::is_stuck(client, uuid, "boot_script", "ambiguous_machine").await;
        let line = stuck::first_line(&said);
        assert!(line.contains(&first) && line.contains(&second), "{line}");
    }
}

#[tokio::test]
async fn a_second_machine_that_claims_to_be_the_node_is_told() {
    let server = stuck::setup().start().await;
    let client = server.client();
    let (machine, uuid) = by_hand(client, "claimed", 721, &json!({})).await;
    machine.boot(client).await;
    let other = Machine {
        macs: machine.macs.clone(),
        ..Machine::numbered(722)
    };
    let _ = other.ask_for_script(client).await.expect(200);
    stuck::is_stuck(client, &uuid, "kernel", "second_claimant").await;
}

#[tokio::test]
async fn boot_files_that_cannot_be_read_are_named() {
    let server = stuck::setup().start().await;
    let client = server.client();
    let file = |name: &str| server.setup().data().join(name);
    std::fs::remove_file(file("initramfs")).unwrap();
    let (machine, uuid) = by_hand(client, "no-initramfs", 731, &json!({})).await;
    let boot = machine.boot(client).await;
    let _ = boot.load(&boot.kernel).await.expect(200);
    let _ = boot.load(&boot.initramfs).await.expect(404);
    let said = stuck::is_stuck(client, &uuid, "initramfs", "initramfs_not_configured").await;
    assert!(stuck::first_line(&said).contains("No such file"), "{said}");

    std::fs::remove_file(file("kernel")).unwrap();
    let (machine, uuid) = by_hand(client, "no-kernel", 732, &json!({})).await;
    let boot = machine.boot(client).await;
    let _ = boot.load(&boot.kernel).await.expect(404);
    stuck::is_stuck(client, &uuid, "kernel", "kernel_not_configured").await;
}

#[tokio::test]
async fn a_transfer_that_breaks_off_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, size: usize| {
        let path = folder.path().join(name);
        std::fs::write(&path, vec![7_u8; size]).unwrap();
        path
    };
    let (large, small) = (file("large", LARGE), file("small", 100));
    for (kernel, initramfs, fault, phase, cause) in [
        (
            &large,
            &small,
            ScriptedFault::StopsAfterKernel,
            "initramfs",
            "kernel_cut",
        ),
        (
            &small,
            &large,
            ScriptedFault::StopsAfterInitramfs,
            "agent",
            "initramfs_cut",
        ),
    ] {
        let server = stuck::setup().boot(kernel, initramfs).start().await;
        // This machine takes the first KiB of a file and hangs up.
        let member = started(server.client(), 0, fault).await;
        let said = stuck::is_stuck(server.client(), &member.node.uuid, phase, cause).await;
        assert!(
            stuck::first_line(&said).contains(&LARGE.to_string()),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_time_out_names_the_cause_in_every_dialect() {
    let server = stuck::setup()
        .env("ASSAY_INTROSPECTION_TIMEOUT", 4)
        .start()
        .await;
    let client = server.client();
    let member = started(client, 0, ScriptedFault::NeverAsks).await;
    let (_, error) =
        stuck::has_failed(client, &member.node.uuid, "boot_script", "no_boot_request").await;
    let begin = "Introspection timeout after 4 s in phase boot_script: ";
    assert!(error.starts_with(begin), "{error}");
    assert!(error.contains("[no_boot_request]"), "{error}");
    assert!(
        error.contains("the BMC says that the machine is"),
        "{error}"
    );
}

#[tokio::test]
async fn a_phase_past_its_limit_ends_the_introspection_if_so_configured() {
    let server = stuck::setup()
        .env("ASSAY_PHASE_LIMITS__FAIL", "true")
        .start()
        .await;
    let client = server.client();
    let began = std::time::Instant::now();
    let member = started(client, 0, ScriptedFault::StopsAfterAgent).await;
    let (_, error) =
        stuck::has_failed(client, &member.node.uuid, "collectors", "collector_hangs").await;
    assert!(error.contains("in phase collectors: "), "{error}");
    assert!(began.elapsed() < Duration::from_secs(60));
}
