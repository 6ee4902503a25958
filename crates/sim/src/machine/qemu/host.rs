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
/// packages to install.
pub fn qemu_available() -> Result<(), Error> {
    let kernel = || {
        std::fs::read_dir("/boot").is_ok_and(|mut files| {
            files.any(|file| {
                file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("vmlinuz-"))
            })
        })
    };
    let exists = |path: &str| Path::new(path).exists();
    let packages: Vec<String> = [
        (on_path(EMULATOR), "qemu-system-x86"),
        (exists(NETWORK_BOOT), "ipxe-qemu"),
        (exists(UEFI_CODE) && exists(UEFI_VARIABLES), "ovmf"),
        (kernel(), "linux-image-amd64"),
        (on_path("setpriv"), "util-linux"),
    ]
    .into_iter()
    .filter(|(present, _)| !present)
    .map(|(_, package)| package.to_owned())
    .collect();
    if packages.is_empty() {
        Ok(())
    } else {
        Err(Error::Missing { packages })
    }
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}
