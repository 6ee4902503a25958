//! Builds the initramfs that boots a machine into the Assay agent.
//!
//! The image is one newc cpio archive, compressed as a whole. It holds the static agent as `/init`, the kernel
//! modules a server needs to reach its network cards and disks, their firmware, and two lists that tell the agent
//! what to load. There is no shell, no `modprobe` and no `udev` inside; the lists replace them.
//!
//! # The module lists
//!
//! Every line ends with a newline; there are no comments and no blank lines. Every path is absolute inside the
//! ramdisk and names an uncompressed ELF module, so `finit_module` needs no flags.
//!
//! * `/etc/assay/modules`: one path a line, dependencies first. Loading the whole file in its order is always right.
//! * `/etc/assay/modules.alias`: `PATTERN PATH [PATH …]`. `PATTERN` is a shell pattern (`*`, `?`, `[…]`) to compare
//!   with the `modalias` files under `/sys/devices`; the paths are what to load when it matches, in order,
//!   dependencies before the module itself. Lines follow the order of `/etc/assay/modules`. All lines that match
//!   are to be loaded, as `udev` does. A first line with the pattern `*` has the modules that every machine needs and
//!   no device asks for: `sd_mod` before the disks are scanned, `ipmi_devintf`, `efivarfs`.
//!
//! A path that fails to load (a checksum module for another processor, say) must not stop the rest of its line.
//! New buses appear while modules load (virtio after `virtio_pci`, SCSI after a controller), so the agent walks the
//! `modalias` files again until a walk loads nothing new.

#![forbid(unsafe_code)]

mod archive;
mod builder;
mod compress;
mod defaults;
mod depmod;
mod error;
mod kernel;
mod lists;
mod modfile;
mod select;

pub use builder::{Builder, Image};
pub use compress::Compression;
pub use defaults::{DEFAULT_MODULES, FORCED_MODULES};
pub use depmod::{Catalogue, canonical};
pub use error::Error;
pub use kernel::{Kernel, find_kernel, find_kernel_in};
