//! The files of a virtual machine on this host: disks, UEFI variables and the monitor's socket.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::host;
use crate::Error;
use crate::hardware::SimMachine;

/// What the names of all folders begin with; the number of the process that owns the folder follows.
const PREFIX: &str = "assay-sim-";

/// A temporary folder with the machine's files; it goes when this is dropped.
#[derive(Debug)]
pub(super) struct Files {
    folder: TempDir,
}

impl Files {
    /// Makes the disks, empty. Folders that killed processes left behind are removed.
    pub(super) fn create(machine: &SimMachine) -> Result<Self, Error> {
        let parent = std::env::temp_dir();
        sweep(&parent);
        let files = Self::empty(&parent)?;
        for (slot, disk) in machine.disks.iter().enumerate() {
            let file =
                std::fs::File::create(files.disk(slot)).map_err(Error::host("disk image"))?;
            file.set_len(u64::from(disk.size_gib) << 30)
                .map_err(Error::host("disk image"))?;
        }
        Ok(files)
    }

    /// A folder without files.
    pub(super) fn empty(parent: &Path) -> Result<Self, Error> {
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        Ok(Self {
            folder: folder.map_err(Error::host("temporary folder"))?,
        })
    }

    /// Gives the machine its own UEFI variables, unless it has them from an earlier start.
    pub(super) fn prepare_uefi(&self) -> Result<(), Error> {
        host::uefi_available()?;
        if !self.variables().exists() {
            std::fs::copy(host::UEFI_VARIABLES, self.variables())
                .map_err(Error::host(host::UEFI_VARIABLES))?;
        }
        Ok(())
    }

    pub(super) fn disk(&self, slot: usize) -> PathBuf {
        self.folder.path().join(format!("disk{slot}.raw"))
    }

    pub(super) fn variables(&self) -> PathBuf {
        self.folder.path().join("efi-variables.fd")
    }

    pub(super) fn monitor(&self) -> PathBuf {
        self.folder.path().join("monitor")
    }
}

/// Removes the folders of processes that do not exist any more. What cannot be removed is somebody else's.
fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let owner = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner.to_string()).exists()) {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_dead_processes_go_and_others_stay() {
        let parent = tempfile::tempdir().unwrap();
        // Linux gives no process a number above 2^22.
        let names = [
            "assay-sim-4194999-abc",
            "assay-sim-1-abc",
            "assay-sim-x",
            "other-4194999-abc",
        ];
        for name in names {
            std::fs::create_dir(parent.path().join(name)).unwrap();
        }
        let own = Files::empty(parent.path()).unwrap();
        sweep(parent.path());
        let left: Vec<bool> = names
            .iter()
            .map(|name| parent.path().join(name).exists())
            .collect();
        assert_eq!(left, [false, true, true, true]);
        assert!(own.folder.path().exists());
    }
}
