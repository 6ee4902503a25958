//! Builds images from this host's kernel and reads them back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assay_ramdisk::{Builder, Compression, Error, Image, Kernel, find_kernel};

fn kernel() -> Kernel {
    find_kernel().expect("no kernel with modules in /boot: install linux-image-amd64")
}

/// The smallest static executable: an ELF header, one program header, and `exit(0)`.
fn static_executable(folder: &Path) -> PathBuf {
    let code = [0xb8u8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05];
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend_from_slice(&[2, 0, 62, 0, 1, 0, 0, 0]);
    for word in [0x40_0078u64, 64, 0] {
        elf.extend_from_slice(&word.to_le_bytes());
    }
    elf.extend_from_slice(&[0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    elf.extend_from_slice(&[1, 0, 0, 0, 5, 0, 0, 0]);
    for word in [0u64, 0x40_0000, 0x40_0000, 129, 129, 4096] {
        elf.extend_from_slice(&word.to_le_bytes());
    }
    elf.extend_from_slice(&code);
    let path = folder.join("agent");
    std::fs::write(&path, elf).unwrap();
    path
}

fn entries(image: &Image) -> Vec<(cpio::newc::Entry, Vec<u8>)> {
    let unpacked = zstd::decode_all(image.bytes.as_slice()).unwrap();
    assert_eq!(unpacked.len(), image.unpacked_size);
    let mut rest = unpacked.as_slice();
    let mut found = Vec::new();
    loop {
        let mut reader = cpio::NewcReader::new(rest).unwrap();
        if reader.entry().is_trailer() {
            return found;
        }
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut content).unwrap();
        found.push((reader.entry().clone(), content));
        rest = reader.finish().unwrap();
    }
}

fn files(image: &Image) -> BTreeMap<String, Vec<u8>> {
    entries(image)
        .into_iter()
        .map(|(entry, content)| (entry.name().to_owned(), content))
        .collect()
}

fn lines(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Vec<String> {
    String::from_utf8(files[name].clone())
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_small_image_has_everything_the_agent_needs() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = kernel();
    let agent = static_executable(folder.path());
    let builder = Builder::new(&agent, &kernel.modules_dir)
        .modules([
            "virtio_pci",
            "virtio_net",
            "virtio_blk",
            "sd_mod",
            "no_such_module",
        ])
        .compression(Compression::Zstd(3));
    let image = builder.build().unwrap();
    assert_eq!(image.missing_modules, ["no_such_module"]);

    let files = files(&image);
    assert_eq!(files["init"], std::fs::read(&agent).unwrap());
    let all = lines(&files, "etc/assay/modules");
    assert_eq!(all.len(), image.modules.len());
    for path in &all {
        assert!(
            files[path.trim_start_matches('/')].starts_with(b"\x7fELF"),
            "{path}"
        );
    }
    let position = |name: &str| {
        all.iter()
            .position(|path| path.ends_with(&format!("/{name}.ko")))
            .unwrap()
    };
    assert!(position("virtio_ring") < position("virtio_pci"));
    assert!(position("scsi_mod") < position("sd_mod"));

    let alias = lines(&files, "etc/assay/modules.alias");
    assert!(
        alias[0].starts_with("* /") && alias[0].ends_with("/sd_mod.ko"),
        "{}",
        alias[0]
    );
    let net = alias
        .iter()
        .find(|line| line.starts_with("virtio:d00000001v*"))
        .unwrap();
    assert!(net.ends_with("/virtio_net.ko"));
    for line in &alias {
        let paths = line.split(' ').skip(1).collect::<Vec<_>>();
        assert!(
            !paths.is_empty()
                && paths
                    .iter()
                    .all(|path| all.iter().any(|known| known == path)),
            "{line}"
        );
    }
    assert_eq!(
        builder.build().unwrap().bytes,
        image.bytes,
        "the same input gave other bytes"
    );
}

#[test]
fn the_console_is_a_device_node() {
    let folder = tempfile::tempdir().unwrap();
    let image = Builder::new(static_executable(folder.path()), kernel().modules_dir)
        .modules(Vec::<String>::new())
        .compression(Compression::Zstd(1))
        .build()
        .unwrap();
    let entries = entries(&image);
    let (console, _) = entries
        .iter()
        .find(|(entry, _)| entry.name() == "dev/console")
        .unwrap();
    assert_eq!(
        (console.mode(), console.rdev_major(), console.rdev_minor()),
        (0o020_600, 5, 1)
    );
    let (init, _) = entries
        .iter()
        .find(|(entry, _)| entry.name() == "init")
        .unwrap();
    assert_eq!(init.mode(), 0o100_755);
    assert!(
        entries
            .iter()
            .all(|(entry, _)| entry.mtime() == 0 && entry.uid() == 0)
    );
}

#[test]
fn only_firmware_that_a_chosen_module_wants_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let firmware = folder.path().join("firmware");
    std::fs::create_dir_all(firmware.join("tigon")).unwrap();
    std::fs::write(firmware.join("tigon/tg3.bin"), b"for tg3").unwrap();
    std::fs::write(firmware.join("tigon/tg3_tso.bin.zst"), b"packed").unwrap();
    std::fs::write(firmware.join("unasked.bin"), b"for nobody").unwrap();
    let image = Builder::new(static_executable(folder.path()), kernel().modules_dir)
        .modules(["tg3"])
        .firmware(&firmware)
        .compression(Compression::Zstd(1))
        .build()
        .unwrap();
    assert_eq!(image.firmware, ["tigon/tg3.bin", "tigon/tg3_tso.bin.zst"]);
    assert!(
        image
            .missing_firmware
            .contains(&"tigon/tg3_tso5.bin".to_owned()),
        "{:?}",
        image.missing_firmware
    );
    let files = files(&image);
    assert_eq!(files["lib/firmware/tigon/tg3.bin"], b"for tg3");
    assert!(!files.contains_key("lib/firmware/unasked.bin"));
}

#[test]
fn the_broad_set_stays_under_sixteen_mebibytes() {
    let folder = tempfile::tempdir().unwrap();
    let image = Builder::new(static_executable(folder.path()), kernel().modules_dir)
        .build()
        .unwrap();
    // Six of the sixteen belong to the agent.
    assert!(image.bytes.len() < 10 << 20, "{} bytes", image.bytes.len());
    for name in ["mlx5_core", "ice", "megaraid_sas", "nvme", "ipmi_si", "uas"] {
        assert!(image.modules.iter().any(|module| module == name), "{name}");
    }
}

#[test]
fn a_dynamic_executable_is_refused_as_agent() {
    let error = Builder::new("/bin/sh", kernel().modules_dir)
        .build()
        .unwrap_err();
    assert!(matches!(error, Error::Agent { .. }), "{error}");
}

#[test]
fn a_written_image_leaves_no_half_file() {
    let folder = tempfile::tempdir().unwrap();
    let target = tempfile::tempdir().unwrap();
    let image = Builder::new(static_executable(folder.path()), kernel().modules_dir)
        .modules(Vec::<String>::new())
        .build()
        .unwrap();
    image.write(&target.path().join("initramfs")).unwrap();
    let names: Vec<_> = std::fs::read_dir(target.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["initramfs"]);
}
