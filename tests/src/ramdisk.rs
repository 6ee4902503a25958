//! A real kernel of this machine and an initramfs made for it.

use std::path::PathBuf;
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

/// Builds an initramfs with these modules alone, and what they depend on.
pub fn build_with(modules: &[&str]) -> Ramdisk {
    let kernel = assay_ramdisk::find_kernel().expect("package linux-image-amd64 is installed");
    let folder = tempfile::tempdir().unwrap();
    let initramfs = folder.path().join("initramfs");
    let builder = assay_ramdisk::Builder::new(folder::agent(), &kernel.modules_dir);
    let image = builder.modules(modules.iter().copied()).build().unwrap();
    image.write(&initramfs).unwrap();
    Ramdisk {
        kernel: kernel.image,
        initramfs,
        _folder: folder,
    }
}

/// Builds an initramfs with `assay ramdisk build` for the newest kernel that is installed here.
pub fn build() -> Ramdisk {
    let kernel = assay_ramdisk::find_kernel().expect("package linux-image-amd64 is installed");
    let folder = tempfile::tempdir().unwrap();
    let initramfs = folder.path().join("initramfs");
    let output = Command::new(folder::assay())
        .args([
            "ramdisk",
            "build",
            "--kernel-release",
            &kernel.release,
            "--agent",
        ])
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
        kernel: kernel.image,
        initramfs,
        _folder: folder,
    }
}
