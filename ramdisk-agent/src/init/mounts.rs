//! The kernel's file systems.

use std::ffi::CStr;
use std::path::Path;

use rustix::mount::{MountFlags, mount};

use MountFlags as Flag;

const SAFE: MountFlags = Flag::NOSUID.union(Flag::NODEV).union(Flag::NOEXEC);

/// Mounts what the agent needs. Returns what failed, since there is nowhere
/// to log yet; what is mounted already (devtmpfs, by some kernels) is no failure.
pub(super) fn mount_all() -> Vec<String> {
    let table = [
        ("proc", "/proc", SAFE),
        ("sysfs", "/sys", SAFE),
        ("devtmpfs", "/dev", Flag::NOSUID),
        ("tmpfs", "/run", Flag::NOSUID.union(Flag::NODEV)),
        ("tmpfs", "/tmp", Flag::NOSUID.union(Flag::NODEV)),
        // Tells which devices the kernel has put off probing.
        ("debugfs", "/sys/kernel/debug", SAFE),
    ];
    let mut problems: Vec<String> = table
        .into_iter()
        .filter_map(|(kind, target, flags)| mount_one(kind, target, flags))
        .collect();
    problems.extend(
        std::fs::create_dir_all("/etc")
            .err()
            .map(|error| format!("/etc: {error}")),
    );
    problems
}

/// Mounts the variables of UEFI where there are any; their file system is
/// commonly a module, so only after modules were loaded. Returns what failed.
pub(super) fn mount_efi_variables() -> Option<String> {
    let target = "/sys/firmware/efi/efivars";
    Path::new(target)
        .is_dir()
        .then(|| mount_one("efivarfs", target, SAFE))?
}

fn mount_one(kind: &str, target: &str, flags: MountFlags) -> Option<String> {
    // Sysfs makes its own mount points, and refuses others.
    let _ = std::fs::create_dir_all(target);
    match mount(kind, target, kind, flags, None::<&CStr>) {
        Ok(()) | Err(rustix::io::Errno::BUSY) => None,
        Err(error) => Some(format!("mount: {kind} on {target}: {error}")),
    }
}
