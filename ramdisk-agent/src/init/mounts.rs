//! The kernel's file systems.

use std::ffi::CStr;
use std::path::Path;

use rustix::mount::{MountFlags, mount};

use MountFlags as Flag;

/// Mounts what the agent needs. Returns what failed, since there is nowhere
/// to log yet; what is mounted already (devtmpfs, by some kernels) is no failure.
pub(super) fn mount_all() -> Vec<String> {
    let safe = Flag::NOSUID.union(Flag::NODEV).union(Flag::NOEXEC);
    let table = [
        ("proc", "/proc", safe),
        ("sysfs", "/sys", safe),
        ("devtmpfs", "/dev", Flag::NOSUID),
        ("tmpfs", "/run", Flag::NOSUID.union(Flag::NODEV)),
        ("tmpfs", "/tmp", Flag::NOSUID.union(Flag::NODEV)),
        // Tells which devices the kernel has put off probing.
        ("debugfs", "/sys/kernel/debug", safe),
    ];
    let mut problems: Vec<String> = table
        .into_iter()
        .filter_map(|(kind, target, flags)| mount_one(kind, target, flags))
        .collect();
    // Its module may be missing, and then it is no loss.
    if Path::new("/sys/firmware/efi").is_dir() {
        problems.extend(mount_one("efivarfs", "/sys/firmware/efi/efivars", safe));
    }
    problems.extend(
        std::fs::create_dir_all("/etc")
            .err()
            .map(|error| format!("/etc: {error}")),
    );
    problems
}

fn mount_one(kind: &str, target: &str, flags: MountFlags) -> Option<String> {
    // Sysfs makes its own mount points, and refuses others.
    let _ = std::fs::create_dir_all(target);
    match mount(kind, target, kind, flags, None::<&CStr>) {
        Ok(()) | Err(rustix::io::Errno::BUSY) => None,
        Err(error) => Some(format!("mount: {kind} on {target}: {error}")),
    }
}
