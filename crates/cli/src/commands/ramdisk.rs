//! `assay ramdisk build`: makes the initramfs that machines boot.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use assay_ramdisk::{Builder, Image, Kernel, find_kernel};

use super::{agent, say};
use crate::args::{Common, Ramdisk, RamdiskBuild};
use crate::config::Config;
use crate::error::Error;

/// Builds the initramfs and says what went into it.
pub(crate) fn run(common: &Common, command: Ramdisk) -> Result<(), Error> {
    let Ramdisk::Build(build) = command;
    let kernel = match &build.kernel_release {
        Some(release) => Kernel {
            image: Path::new("/boot").join(format!("vmlinuz-{release}")),
            modules_dir: Path::new("/lib/modules").join(release),
            release: release.clone(),
        },
        None => newest_kernel()?,
    };
    let image = make(&build, &kernel.modules_dir)?;
    let written = match &build.output {
        Some(file) => {
            image.write(file)?;
            file.clone()
        }
        None => install(
            &image,
            &kernel,
            &Config::load(common)?.data_dir.join("boot"),
        )?,
    };
    describe(&image, &written);
    Ok(())
}

/// The newest kernel of this host that has its modules.
fn newest_kernel() -> Result<Kernel, Error> {
    find_kernel().ok_or_else(|| {
        Error::Config(
            "this host has no kernel with modules; on Debian: apt-get install linux-image-amd64"
                .to_owned(),
        )
    })
}

fn make(build: &RamdiskBuild, modules_dir: &Path) -> Result<Image, Error> {
    let agent = agent::find(build.agent.as_deref())?;
    let mut builder = Builder::new(&agent, modules_dir);
    if let Some(folder) = &build.firmware {
        builder = builder.firmware(folder);
    }
    Ok(builder.build()?)
}

/// Puts kernel and initramfs where the API serves them from. Both are complete before the first
/// takes its name, so that only an instant has one of each.
fn install(image: &Image, kernel: &Kernel, folder: &Path) -> Result<PathBuf, Error> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder.display().to_string()))?;
    let place = folder.join("kernel");
    let partial = folder.join(format!("kernel.{}.part", std::process::id()));
    // Some distributions let only root read their kernels; the service is not root.
    std::fs::copy(&kernel.image, &partial)
        .and_then(|_| std::fs::set_permissions(&partial, Permissions::from_mode(0o644)))
        .map_err(Error::io(kernel.image.display().to_string()))?;
    let initramfs = folder.join("initramfs");
    image.write(&initramfs)?;
    std::fs::rename(&partial, &place).map_err(Error::io(place.display().to_string()))?;
    say(&format!("{}: kernel {}", place.display(), kernel.release));
    Ok(initramfs)
}

fn describe(image: &Image, file: &Path) {
    say(&format!(
        "{}: {} bytes ({} unpacked), {} modules, {} firmware files",
        file.display(),
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
}
