//! How large the agent and the initramfs are, and how fast they report.

use std::fs;
use std::path::Path;
use std::time::Instant;

use assay_sim::Firmware;
use assay_tests::guest::{self, Guest};
use assay_tests::{Setup, folder};

use crate::figures::Figures;

/// Builds an initramfs for this machine's newest kernel and measures it and the agent.
pub(crate) fn measure(figures: &mut Figures) {
    let agent = folder::agent();
    figures.note("agent binary, MiB", mib(&agent), "under 6");
    let setup = Setup::new();
    let output = setup.data().join("initramfs");
    let began = Instant::now();
    let status = std::process::Command::new(folder::assay())
        .args(["ramdisk", "build", "--agent"])
        .arg(agent)
        .arg("--output")
        .arg(&output)
        .status()
        .unwrap();
    assert!(status.success(), "assay ramdisk build failed");
    figures.note("initramfs built, s", began.elapsed().as_secs_f64(), "-");
    figures.note("initramfs, MiB", mib(&output), "under 16");
}

fn mib(path: &Path) -> f64 {
    fs::metadata(path).unwrap().len() as f64 / f64::from(1 << 20)
}

/// Boots a virtual machine and measures from the agent's first sign to its report.
pub(crate) async fn guest(figures: &mut Figures) {
    let began = Instant::now();
    let guest = Guest::introspected(guest::hardware(Firmware::Bios)).await;
    let whole = began.elapsed().as_secs_f64();
    let at = |phase: &str| guest.reached(phase).unwrap_or_default().as_secs_f64();
    figures.note("guest: power-on to init, s", at("init"), "-");
    figures.note(
        "guest: init to report posted, s",
        at("done") - at("init"),
        "under 5",
    );
    figures.note("guest: enrolled to finished, s", whole, "-");
}
