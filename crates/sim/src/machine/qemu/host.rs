//! What the host must have for virtual machines.

use std::path::Path;

use crate::Error;

/// The emulator.
pub(super) const EMULATOR: &str = "qemu-system-x86_64";
/// UEFI firmware.
pub(super) const UEFI_CODE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
/// The variables a fresh UEFI machine starts with.
pub(super) const UEFI_VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";
/// Where the network boot program for QEMU's network cards lies.
const NETWORK_BOOT: &str = "/usr/lib/ipxe/qemu/pxe-virtio.rom";

/// Whether this host can run virtual machines that boot a kernel over the network; the error names the Debian
/// packages to install. UEFI machines need more: [`uefi_available`].
pub fn qemu_available() -> Result<(), Error> {
    require(&[
        (on_path(EMULATOR), "qemu-system-x86"),
        (Path::new(NETWORK_BOOT).exists(), "ipxe-qemu"),
        (has_kernel(), "linux-image-amd64"),
        (on_path("setpriv"), "util-linux"),
    ])
}

/// Whether this host has UEFI firmware for virtual machines; the error names the Debian package to install.
pub fn uefi_available() -> Result<(), Error> {
    let present = [UEFI_CODE, UEFI_VARIABLES]
        .iter()
        .all(|path| Path::new(path).exists());
    require(&[(present, "ovmf")])
}

fn require(packages: &[(bool, &str)]) -> Result<(), Error> {
    let missing = packages
        .iter()
        .filter(|(present, _)| !present)
        .map(|(_, package)| (*package).to_owned());
    let packages: Vec<String> = missing.collect();
    if packages.is_empty() {
        Ok(())
    } else {
        Err(Error::Missing { packages })
    }
}

fn has_kernel() -> bool {
    let is_kernel =
        |file: std::fs::DirEntry| file.file_name().to_string_lossy().starts_with("vmlinuz-");
    std::fs::read_dir("/boot").is_ok_and(|mut files| files.any(|file| file.is_ok_and(is_kernel)))
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}
