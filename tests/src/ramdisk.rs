//! A real kernel of this machine and an initramfs made for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::folder;

/// A kernel and its initramfs; the initramfs goes with its owner.
pub struct Ramdisk {
    /// The kernel image.
    pub kernel: PathBuf,
    /// The initramfs.
    pub initramfs: PathBuf,
    _folder: TempDir,
}

/// Builds an initramfs with `assay ramdisk build` for the newest kernel that is installed here.
pub fn build() -> Ramdisk {
    let release = newest_kernel();
    let folder = tempfile::tempdir().unwrap();
    let initramfs = folder.path().join("initramfs");
    let output = Command::new(folder::assay())
        .args(["ramdisk", "build", "--kernel-release", &release, "--agent"])
        .arg(folder::agent())
        .arg("--output")
        .arg(&initramfs)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ramdisk {
        kernel: Path::new("/boot").join(format!("vmlinuz-{release}")),
        initramfs,
        _folder: folder,
    }
}

/// The release of the newest kernel that has both an image and modules.
fn newest_kernel() -> String {
    let mut releases: Vec<(Vec<u64>, String)> = fs::read_dir("/boot")
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            let release = name.strip_prefix("vmlinuz-")?.to_owned();
            let modules = Path::new("/lib/modules").join(&release).join("modules.dep");
            modules.exists().then(|| (numbers(&release), release))
        })
        .collect();
    releases.sort();
    releases
        .pop()
        .expect("package linux-image-amd64 is installed")
        .1
}

/// The numbers in a release, so that 6.10 comes after 6.9.
fn numbers(release: &str) -> Vec<u64> {
    let parts = release.split(|letter: char| !letter.is_ascii_digit());
    parts.filter_map(|part| part.parse().ok()).collect()
}
