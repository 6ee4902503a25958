//! `assay ramdisk build`: makes the initramfs that machines boot.

use std::path::Path;

use assay_ramdisk::{Builder, Kernel, find_kernel};

use super::say;
use crate::args::{Ramdisk, RamdiskBuild};
use crate::error::Error;

/// Builds the initramfs and says what went into it.
pub(crate) fn run(command: Ramdisk) -> Result<(), Error> {
    let Ramdisk::Build(build) = command;
    let modules_dir = match &build.kernel_release {
        Some(release) => Path::new("/lib/modules").join(release),
        None => newest_kernel()?.modules_dir,
    };
    make(&build, &modules_dir)
}

/// The newest kernel of this host that has its modules.
pub(crate) fn newest_kernel() -> Result<Kernel, Error> {
    find_kernel().ok_or_else(|| {
        Error::Config(
            "this host has no kernel with modules; on Debian: apt-get install linux-image-amd64"
                .to_owned(),
        )
    })
}

fn make(build: &RamdiskBuild, modules_dir: &Path) -> Result<(), Error> {
    let mut builder = Builder::new(&build.agent, modules_dir);
    if let Some(folder) = &build.firmware {
        builder = builder.firmware(folder);
    }
    let image = builder.build()?;
    image.write(&build.output)?;
    say(&format!(
        "{}: {} bytes ({} unpacked), {} modules, {} firmware files",
        build.output.display(),
        image.bytes.len(),
        image.unpacked_size,
        image.modules.len(),
        image.firmware.len()
    ));
    for name in &image.missing_modules {
        say(&format!("this kernel has no module {name}"));
    }
    for name in &image.missing_firmware {
        say(&format!("the firmware folder has no {name}"));
    }
    Ok(())
}
