//! Fixture trees in the shape of sysfs, procfs and /dev.
// Each test program uses a part of it, and all of it is test code.
#![allow(dead_code, clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use assay_agent::host::Host;
use assay_agent::kernel_line::KernelLine;
use assay_agent::log::Log;
use tempfile::TempDir;

pub(crate) struct Tree(TempDir);

impl Tree {
    pub(crate) fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for folder in ["sys", "proc", "dev"] {
            fs::create_dir(tree.path(folder)).unwrap();
        }
        tree
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// A file with this content.
    pub(crate) fn file(&self, relative: &str, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Several small files in one folder.
    pub(crate) fn files(&self, folder: &str, files: &[(&str, &str)]) {
        for (name, content) in files {
            self.file(&format!("{folder}/{name}"), format!("{content}\n"));
        }
    }

    /// A symbolic link to another place in the tree.
    pub(crate) fn link(&self, relative: &str, target: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(self.path(target), path).unwrap();
    }

    /// A device of a subsystem, below `sys/devices`.
    pub(crate) fn device(&self, relative: &str, subsystem: &str) {
        self.file(&format!("sys/devices/{relative}/uevent"), "");
        self.link(
            &format!("sys/devices/{relative}/subsystem"),
            &format!("sys/bus/{subsystem}"),
        );
    }

    /// A block device whose `device` is the one below `sys/devices`; size in sectors.
    pub(crate) fn disk(&self, name: &str, device: &str, sectors: u64) {
        let block = format!("sys/devices/{device}/block/{name}");
        self.file(&format!("{block}/size"), format!("{sectors}\n"));
        self.link(&format!("{block}/device"), &format!("sys/devices/{device}"));
        self.link(&format!("sys/block/{name}"), &block);
    }

    pub(crate) fn host(&self) -> Host {
        Host {
            sys: self.path("sys"),
            proc: self.path("proc"),
            dev: self.path("dev"),
            links: || Ok(Vec::new()),
            ..Host::live(Log::new(&KernelLine::default(), None))
        }
    }
}
