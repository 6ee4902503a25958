//! Why a ramdisk is not heard of: the real agent as a process, and real kernels in virtual machines,
//! told apart by their serial logs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use assay_sim::{Bmc, Firmware, Http, Machine, NicModel, ProcessMachine};
use assay_tests::guest::{self, Guest};
use assay_tests::lab::{self, Enrolled};
use assay_tests::{Server, Setup, folder, ramdisk, stuck};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;

/// The agent as a machine, and the server that awaits it.
struct Host {
    server: Server,
    node: Enrolled,
    _bmc: Bmc,
    _logs: TempDir,
}

/// A server that reads serial logs and puts these arguments on the kernel's line.
fn reading_logs(setup: Setup, logs: &Path, arguments: &str) -> Setup {
    setup
        .env("ASSAY_DIAGNOSIS__CONSOLE_DIR", logs.display())
        .env("ASSAY_BOOT__EXTRA_KERNEL_ARGS", arguments)
}

/// Boots the real agent with these kernel arguments; its console goes into a serial log.
async fn agent_with(setup: Setup, http: Http, arguments: &str) -> Host {
    let logs = tempfile::tempdir().unwrap();
    let server = reading_logs(setup, logs.path(), arguments).start().await;
    let boot = format!("{}/assay/v1/boot/ipxe", server.base());
    let hardware = lab::hardware(0);
    let log = logs.path().join(format!("{}.log", hardware.name));
    // What an earlier boot left in the log does not count.
    std::fs::write(&log, "Kernel panic - not syncing: of an earlier boot\n").unwrap();
    let machine = Arc::new(ProcessMachine::new(hardware, boot, folder::agent(), http));
    machine.console().copy_to(&log).unwrap();
    let bmc = lab::bmc(machine);
    let node = lab::enrol(server.client(), &bmc).await;
    let path = format!("/v1/introspection/{}", node.uuid);
    let _ = server.client().post_empty(&path).await.expect(202);
    Host {
        server,
        node,
        _bmc: bmc,
        _logs: logs,
    }
}

const NOWHERE: &str = "assay.phase-url=http://127.0.0.1:9/p \
    ipa-inspection-callback-url=http://127.0.0.1:9/v1/continue assay.settle-timeout=1";

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_does_not_reach_the_server_is_seen_on_its_console() {
    let host = agent_with(stuck::setup(), Http::new([]).unwrap(), NOWHERE).await;
    let (client, uuid) = (host.server.client(), &host.node.uuid);
    let said = stuck::is_stuck(client, uuid, "agent", "callback_unreachable").await;
    assert!(stuck::first_line(&said).contains("phase c"), "{said}");
    assert!(!said.to_string().contains("earlier boot"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_gives_up_is_quoted() {
    let arguments = "ipa-inspection-callback-url=";
    let host = agent_with(stuck::setup(), Http::new([]).unwrap(), arguments).await;
    let (client, uuid) = (host.server.client(), &host.node.uuid);
    let said = stuck::is_stuck(client, uuid, "agent", "agent_error").await;
    assert!(stuck::first_line(&said).contains("is missing"), "{said}");
}

/// A new self-signed certificate for loopback: certificate and key.
fn certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let file = |end: &str| folder.join(format!("{name}.{end}"));
    let (certificate, key) = (file("crt"), file("key"));
    let output = Command::new("openssl")
        .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(' '))
        .args("-days 2 -subj /CN=assay -addext subjectAltName=IP:127.0.0.1".split(' '))
        .args("-addext basicConstraints=critical,CA:FALSE".split(' '))
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (certificate, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_does_not_trust_the_server_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, key) = certificate(folder.path(), "listener");
    let (other, _) = certificate(folder.path(), "other");
    let (crt, key) = (listener.display(), key.display());
    let setup = stuck::setup()
        .config(&format!("[tls]\ncertificate = '{crt}'\nkey = '{key}'\n"))
        .trusting(&listener)
        .ca_file(&other);
    let firmware = CertificateDer::from_pem_file(&listener).unwrap();
    let arguments = "assay.post-attempts=1 assay.settle-timeout=1";
    let host = agent_with(setup, Http::new([firmware]).unwrap(), arguments).await;
    let (client, uuid) = (host.server.client(), &host.node.uuid);
    stuck::is_stuck(client, uuid, "agent", "callback_tls").await;
}

/// Boots a virtual machine whose console goes into a serial log.
async fn guest_with(arguments: &str, ramdisk: ramdisk::Ramdisk) -> (Guest, TempDir) {
    let logs = tempfile::tempdir().unwrap();
    let setup = reading_logs(stuck::setup(), logs.path(), arguments);
    let mut hardware = guest::hardware(Firmware::Bios);
    hardware.nics.truncate(1);
    hardware.nics[0].model = NicModel::E1000;
    let log = logs.path().join(format!("{}.log", hardware.name));
    let guest = Guest::booting(hardware, setup, ramdisk).await;
    guest.machine.console().copy_to(&log).unwrap();
    guest.start().await;
    (guest, logs)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_whose_kernel_panics_is_told_with_its_last_words() {
    let (guest, _logs) = guest_with("rdinit=/nowhere", ramdisk::build()).await;
    let (client, uuid) = (guest.server.client(), &guest.node.uuid);
    let said = stuck::is_stuck_within(client, uuid, "agent", "kernel_panic", guest::LIMIT).await;
    assert!(stuck::first_line(&said).contains("not syncing"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_without_its_cards_driver_is_told() {
    let arguments = "assay.network-timeout=2 assay.reboot-after=0";
    let (guest, _logs) = guest_with(arguments, ramdisk::build_with(&["virtio_net"])).await;
    let (client, uuid) = (guest.server.client(), &guest.node.uuid);
    let said =
        stuck::is_stuck_within(client, uuid, "agent", "ramdisk_no_network", guest::LIMIT).await;
    assert!(stuck::first_line(&said).contains("network:"), "{said}");
}
