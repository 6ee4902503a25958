//! The program itself, on this very host: whatever it is made of, it must be reported.
#![allow(clippy::unwrap_used)] // Test code throughout.

mod server;

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use assay_inventory::Report;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use server::{Answer, TestServer};

const NONCE: &str = "aVerySecretNonce42";

fn agent(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_assay-agent"))
        .args(arguments)
        .output()
        .unwrap()
}

fn assert_plausible(report: &Report) {
    let inventory = report.inventory.as_ref().unwrap();
    let cpu = inventory.cpu.as_ref().unwrap();
    let memory = inventory.memory.as_ref().unwrap();
    assert_eq!(report.error, None);
    let online = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    let online = online
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    assert_eq!(cpu.count.map(|count| count as usize), Some(online));
    assert_eq!(cpu.architecture.as_deref(), Some(std::env::consts::ARCH));
    assert!(memory.total.unwrap() > 1 << 26);
    assert!(memory.physical_mb.unwrap() >= memory.total.unwrap() >> 20);
    assert!(inventory.disks.iter().all(|disk| disk.size > Some(0)));
    let names = inventory
        .interfaces
        .iter()
        .filter_map(|card| card.name.as_deref());
    assert!(!names.into_iter().any(|name| name == "lo"));
}

#[test]
fn print_shows_this_host() {
    let output = agent(&["--print"]);
    assert!(output.status.success(), "{output:?}");
    assert_plausible(&serde_json::from_slice(&output.stdout).unwrap());
}

#[test]
fn print_works_for_those_who_are_not_root() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let copy = folder.path().join("assay-agent");
    std::fs::copy(env!("CARGO_BIN_EXE_assay-agent"), &copy).unwrap();
    let mut command = Command::new(copy);
    command.arg("--print").current_dir("/");
    if rustix::process::getuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_plausible(&serde_json::from_slice(&output.stdout).unwrap());
}

#[test]
fn a_kernel_line_makes_it_report_in_order_and_tell_no_secret() {
    let server = TestServer::plain(vec![Answer::Status(200); 3]);
    let line = format!(
        "quiet ipa-inspection-callback-url={} assay.phase-url={} BOOTIF=01-52-54-00-AA-BB-CC \
         root_device=size=%3E%3D%201 ipa-debug=1",
        server.url(&format!("/v1/continue?nonce={NONCE}")),
        server.url(&format!("/assay/v1/boot/{NONCE}/phase")),
    );
    let output = agent(&["--cmdline", &line]);
    assert!(output.status.success(), "{output:?}");
    let requests = server.requests();
    let targets: Vec<&str> = requests
        .iter()
        .map(|request| request.target.as_str())
        .collect();
    assert_eq!(
        targets,
        [
            format!("/assay/v1/boot/{NONCE}/phase/agent"),
            format!("/assay/v1/boot/{NONCE}/phase/collectors"),
            format!("/v1/continue?nonce={NONCE}"),
        ]
    );
    let report: Report = serde_json::from_slice(&requests[2].body).unwrap();
    assert_plausible(&report);
    assert_eq!(report.boot_interface.as_deref(), Some("52:54:00:aa:bb:cc"));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("assay-agent: phase collectors") && told.contains("phase done"),
        "{told}"
    );
    let logs = unpack(report.logs.as_deref().unwrap());
    assert!(logs.contains("phase callback"), "{logs}");
    for text in [told, logs] {
        assert!(!text.contains(NONCE), "{text}");
    }
}

/// All files of the logs' archive, one after the other.
fn unpack(logs: &str) -> String {
    let packed = STANDARD.decode(logs).unwrap();
    let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
    let mut text = String::new();
    for entry in archive.entries().unwrap() {
        entry.unwrap().read_to_string(&mut text).unwrap();
    }
    text
}

#[test]
fn hints_that_make_no_sense_are_the_reports_error() {
    let server = TestServer::plain(vec![Answer::Status(200)]);
    let url = server.url("/v1/continue");
    let line = format!("ipa-inspection-callback-url={url} root_device=color=red");
    assert!(agent(&["--cmdline", &line]).status.success());
    let report: Report = serde_json::from_slice(&server.requests()[0].body).unwrap();
    let error = report.error.unwrap();
    assert_eq!(
        error,
        "kernel line: root_device: unknown root device hint \"color\""
    );
}

#[test]
fn exit_codes_tell_what_happened() {
    let server = TestServer::plain(vec![Answer::Status(403)]);
    let line = format!("ipa-inspection-callback-url={}", server.url("/v1/continue"));
    let output = agent(&["--cmdline", &line]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("error: the server refused the report: HTTP 403"),
        "{told}"
    );
    assert_eq!(agent(&["--cmdline", "quiet"]).status.code(), Some(1));
    assert_eq!(agent(&[]).status.code(), Some(2));
    assert_eq!(agent(&["--help"]).status.code(), Some(0));
}
