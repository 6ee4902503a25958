//! What booting machines ask for: iPXE scripts, kernel, initramfs, and stamps of phases.
//!
//! No path here takes a token: each is guarded by the introspection window and by a nonce which is
//! new with every boot.

mod files;
mod ipxe;
mod phase;
mod pxelinux;
mod script;
mod transfer;

use crate::endpoints::endpoints;

endpoints![
    ipxe::get_chain_script,
    ipxe::get_boot_script,
    files::get_kernel,
    files::get_initramfs,
    phase::report_phase,
];
