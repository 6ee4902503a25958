//! Makes what all guests boot from once, and keeps it in the folder that cargo builds into.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use assay_ramdisk::{Builder, Compression, find_kernel_in};

use crate::debian;
use crate::folder;

/// What the system has beside the base: a device manager, what a host action works on, an iSCSI target
/// that needs nothing of the kernel, and the tools of the initramfs.
const PACKAGES: &[&str] = &[
    "udev",
    "openssh-server",
    "snmpd",
    "snmp",
    "rsyslog",
    "open-iscsi",
    "tgt",
    "sanlock",
    "lvm2-lockd",
    "iproute2",
    "busybox-static",
];

/// What the kernel needs for QEMU's devices and the disk; crc32c is asked for by ext4 only when a disk
/// is mounted.
const MODULES: &[&str] = &[
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "virtio_rng",
    "crc32c_generic",
    "ext4",
];

/// The shell script that makes the system.
const SCRIPT: &str = include_str!("system.sh");

/// What all guests share. Guests only read it.
pub(super) struct System {
    place: PathBuf,
}

impl System {
    /// Gives the system; makes it when it is not there yet, or was made of something else.
    pub(super) fn get() -> Self {
        let base = debian::base();
        let target = folder::target().canonicalize().unwrap();
        let place = target.join("debian-guest");
        let of_base = fs::read_to_string(base.join("usr/share/assay-base")).unwrap();
        let made_of = format!("{of_base}\n{PACKAGES:?}\n{MODULES:?}\n{SCRIPT}");
        // Others that need it wait until it is there.
        let lock = File::create(target.join("debian-guest.lock")).unwrap();
        lock.lock().unwrap();
        if fs::read_to_string(place.join("made-of")).is_ok_and(|text| text == made_of) {
            return Self { place };
        }
        let partial = target.join("debian-guest.part");
        for folder in [&place, &partial] {
            if folder.exists() {
                fs::remove_dir_all(folder).unwrap();
            }
        }
        fs::create_dir(&partial).unwrap();
        make_disk(&base, &partial);
        make_kernel(&base, &partial);
        fs::write(partial.join("made-of"), made_of).unwrap();
        fs::rename(&partial, &place).unwrap();
        Self { place }
    }

    /// The disk's raw image: one ext4 file system.
    pub(super) fn disk(&self) -> PathBuf {
        self.place.join("disk")
    }

    /// The kernel's image.
    pub(super) fn kernel(&self) -> PathBuf {
        self.place.join("kernel")
    }

    /// An initramfs with busybox as `/init`, and the kernel's modules. An archive behind it says what
    /// to do with them.
    pub(super) fn initramfs(&self) -> PathBuf {
        self.place.join("initramfs")
    }
}

fn make_disk(base: &Path, place: &Path) {
    let mut command = debian::namespace(SCRIPT);
    command.args(PACKAGES);
    command.env("BASE", base.canonicalize().unwrap());
    command.env("PLACE", place);
    if let Some(proxy) = debian::proxy() {
        command.env("http_proxy", proxy);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the guest's system: {said}\n{complained}"
    );
}

fn make_kernel(base: &Path, place: &Path) {
    let kernel = find_kernel_in(&base.join("boot"), &base.join("usr/lib/modules"));
    let kernel = kernel.expect("the base has a kernel");
    fs::copy(&kernel.image, place.join("kernel")).unwrap();
    let builder = Builder::new(place.join("busybox"), &kernel.modules_dir)
        .modules(MODULES.iter().copied())
        // It is read faster than it is unpacked.
        .compression(Compression::None);
    let image = builder.build().unwrap();
    assert_eq!(image.missing_modules, [""; 0], "of {}", kernel.release);
    image.write(&place.join("initramfs")).unwrap();
}
