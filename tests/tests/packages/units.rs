//! The services: as little as they can do with.

use std::fs;
use std::process::Command;

use assay_tests::folder;

const UNITS: [&str; 3] = ["assay.service", "assay-api.service", "assay-worker.service"];

/// The exposure that `systemd-analyze security` may see at most, of 100. What is left is the network
/// that the services are there for.
const EXPOSURE: &str = "--threshold=11";

fn text(unit: &str) -> String {
    fs::read_to_string(folder::root().join("packaging/systemd").join(unit)).unwrap()
}

#[test]
fn services_are_hardly_exposed() {
    for unit in UNITS {
        let output = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", EXPOSURE])
            .arg(folder::root().join("packaging/systemd").join(unit))
            .output()
            .unwrap();
        let table = String::from_utf8_lossy(&output.stdout);
        assert!(table.contains("Overall exposure level"), "{unit}: {table}");
        assert!(output.status.success(), "{unit}: {table}");
    }
}

#[test]
fn all_services_are_hardened_alike() {
    let hardening = |unit: &str| {
        let text = text(unit);
        let (_, rest) = text.split_once("User=assay").unwrap();
        let (settings, _) = rest.split_once("[Install]").unwrap();
        // Only who works on tasks writes for dnsmasq.
        let lines = settings.lines();
        lines
            .filter(|line| !line.starts_with("ReadWritePaths="))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for unit in &UNITS[1..] {
        assert_eq!(hardening(unit), hardening(UNITS[0]), "{unit}");
    }
}

#[test]
fn services_run_as_their_user_and_restart_after_a_failure() {
    for unit in UNITS {
        let text = text(unit);
        for line in [
            "Type=notify",
            "User=assay",
            "UMask=0077",
            "StateDirectory=assay",
            "CapabilityBoundingSet=",
            "Restart=on-failure",
            "ExecReload=/bin/sh -c 'kill -HUP $MAINPID'",
        ] {
            assert!(text.lines().any(|own| own == line), "{unit}: {line}");
        }
    }
}
