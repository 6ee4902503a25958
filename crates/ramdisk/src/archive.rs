//! The newc cpio archive: folders, files and device nodes with fixed owners and times.

use std::collections::BTreeSet;
use std::io::Write;

use cpio::newc::{Builder, ModeFileType, trailer};

use crate::Error;

/// An archive in memory. Entries get ascending inode numbers and the time 0, so that the same input gives the same
/// bytes.
pub(crate) struct Archive {
    bytes: Vec<u8>,
    folders: BTreeSet<String>,
    inode: u32,
}

impl Archive {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            folders: BTreeSet::new(),
            inode: 0,
        }
    }

    /// Adds a folder and the folders above it; one that exists already is left alone.
    pub(crate) fn folder(&mut self, path: &str) -> Result<(), Error> {
        let mut so_far = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            if !so_far.is_empty() {
                so_far.push('/');
            }
            so_far.push_str(part);
            if self.folders.insert(so_far.clone()) {
                let entry = self
                    .entry(&so_far, 0o755)
                    .set_mode_file_type(ModeFileType::Directory);
                self.append(entry, &so_far, &[])?;
            }
        }
        Ok(())
    }

    /// Adds a regular file (`path` without the leading slash) and the folders above it.
    pub(crate) fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<(), Error> {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.folder(folder)?;
        }
        let entry = self
            .entry(path, mode)
            .set_mode_file_type(ModeFileType::Regular);
        self.append(entry, path, content)
    }

    /// Adds a character device node.
    pub(crate) fn char_device(
        &mut self,
        path: &str,
        mode: u32,
        device: (u32, u32),
    ) -> Result<(), Error> {
        let entry = self
            .entry(path, mode)
            .set_mode_file_type(ModeFileType::Char)
            .rdev_major(device.0)
            .rdev_minor(device.1);
        self.append(entry, path, &[])
    }

    /// Ends the archive and gives its bytes.
    pub(crate) fn finish(self) -> Result<Vec<u8>, Error> {
        trailer(self.bytes).map_err(Error::Assemble)
    }

    fn entry(&mut self, path: &str, mode: u32) -> Builder {
        self.inode += 1;
        Builder::new(path)
            .ino(self.inode)
            .mode(mode)
            .nlink(1)
            .mtime(0)
    }

    fn append(&mut self, entry: Builder, path: &str, content: &[u8]) -> Result<(), Error> {
        let size = u32::try_from(content.len()).map_err(|_| Error::TooLarge(path.to_owned()))?;
        let mut writer = entry.write(&mut self.bytes, size);
        writer.write_all(content).map_err(Error::Assemble)?;
        writer.finish().map_err(Error::Assemble)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_once_and_before_their_files() {
        let mut archive = Archive::new();
        archive.folder("etc").unwrap();
        archive.file("etc/assay/modules", 0o644, b"x\n").unwrap();
        archive.char_device("console", 0o600, (5, 1)).unwrap();
        let bytes = archive.finish().unwrap();
        let mut names = Vec::new();
        let mut rest = bytes.as_slice();
        loop {
            let reader = cpio::NewcReader::new(rest).unwrap();
            if reader.entry().is_trailer() {
                break;
            }
            names.push(reader.entry().name().to_owned());
            rest = reader.finish().unwrap();
        }
        assert_eq!(names, ["etc", "etc/assay", "etc/assay/modules", "console"]);
    }
}
