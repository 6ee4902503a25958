//! The keys of one guest, and the initramfs that brings them into it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cpio::newc::{Builder, ModeFileType, trailer};

use crate::sshd::new_key;

/// The guest's first program.
const START: &str = include_str!("start.sh");

/// Two new Ed25519 keys: that of the guest, and that of whoever may log in as root.
pub(super) struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// Makes them in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        for name in ["host", "client"] {
            let _ = new_key(&folder.join(name));
        }
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The guest's public key, as OpenSSH writes it: `ssh-ed25519 AAAA…`.
    pub(super) fn host(&self) -> String {
        self.read("host.pub").trim().to_owned()
    }

    /// The private key that is let in, in OpenSSH's format.
    pub(super) fn client(&self) -> String {
        self.read("client")
    }

    /// Where the private key that is let in is, for the OpenSSH client.
    pub(super) fn client_file(&self) -> PathBuf {
        self.folder.join("client")
    }

    /// An archive that stands behind the initramfs of all guests and brings the keys.
    pub(super) fn archive(&self) -> Vec<u8> {
        let mut archive = Archive(Vec::new());
        archive.add("bin", ModeFileType::Directory, 0o755, "");
        archive.add("bin/busybox", ModeFileType::Symlink, 0o777, "/init");
        archive.add("start", ModeFileType::Regular, 0o755, START);
        for (folder, mode) in [
            ("given", 0o755),
            ("given/etc", 0o755),
            ("given/etc/ssh", 0o755),
            ("given/root", 0o700),
            ("given/root/.ssh", 0o700),
        ] {
            archive.add(folder, ModeFileType::Directory, mode, "");
        }
        for (file, key) in [
            ("etc/ssh/ssh_host_ed25519_key", "host"),
            ("etc/ssh/ssh_host_ed25519_key.pub", "host.pub"),
            ("root/.ssh/authorized_keys", "client.pub"),
        ] {
            let mode = if key == "host" { 0o600 } else { 0o644 };
            let content = self.read(key);
            archive.add(
                &format!("given/{file}"),
                ModeFileType::Regular,
                mode,
                &content,
            );
        }
        trailer(archive.0).unwrap()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }
}

/// A cpio archive in the newc format, in memory.
struct Archive(Vec<u8>);

impl Archive {
    fn add(&mut self, path: &str, kind: ModeFileType, mode: u32, content: &str) {
        let entry = Builder::new(path).mode(mode).set_mode_file_type(kind);
        let size = u32::try_from(content.len()).unwrap();
        let mut writer = entry.write(&mut self.0, size);
        writer.write_all(content.as_bytes()).unwrap();
        writer.finish().unwrap();
    }
}
