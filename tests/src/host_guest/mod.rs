//! A virtual machine with a Debian of its own, on which Assay's actions on hosts are tried over SSH.
//!
//! systemd, OpenSSH, snmpd, rsyslog, open-iscsi and sanlock run as Debian configures them; snmpd answers
//! inside only until it is told otherwise. lvmlockd is installed and does not run. Beside them are an iSCSI target, `iqn.2026-11.test.guest:store` at
//! every address of the guest, with a logical unit of 16 MiB, and a package `guest-notice` 1.0, of which
//! the only repository, `/srv/repository`, has 1.1. The guest reaches this host's loopback interface as
//! 10.0.2.2, and nothing else. What is changed in it stays over a reboot of it and is gone with it.
//!
//! The system is made once (`debootstrap`, `mke2fs`) and kept; that takes root.

mod emulator;
mod keys;
mod system;

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use emulator::Emulator;
use keys::Keys;
use system::System;

/// How long it may boot, on busy cores.
const BOOT_LIMIT: Duration = Duration::from_mins(4);

/// What the console says when everything that is to be started has been.
const BOOTED: &str = "Reached target multi-user.target";

/// A running guest; dropping it ends it and removes its files.
pub struct HostGuest {
    emulator: Emulator,
    ssh: SocketAddr,
    snmp: SocketAddr,
    keys: Keys,
    folder: TempDir,
}

impl HostGuest {
    /// Boots a guest with new keys, and waits until its system runs.
    pub fn start() -> Self {
        let system = System::get();
        let folder = tempfile::Builder::new()
            .prefix("assay-guest-")
            .tempdir()
            .unwrap();
        let keys = Keys::new(folder.path());
        let initramfs = folder.path().join("initramfs");
        fs::copy(system.initramfs(), &initramfs).unwrap();
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(&initramfs)
            .unwrap();
        file.write_all(&keys.archive()).unwrap();
        fs::create_dir(folder.path().join("shared")).unwrap();
        let mut emulator = Emulator::start(&system, folder.path());
        let (ssh, snmp) = emulator.forwarded();
        let known = format!("[{}]:{} {}\n", ssh.ip(), ssh.port(), keys.host());
        fs::write(folder.path().join("known_hosts"), known).unwrap();
        let mut guest = Self {
            emulator,
            ssh,
            snmp,
            keys,
            folder,
        };
        guest.wait_until_booted();
        guest
    }

    fn wait_until_booted(&mut self) {
        let began = Instant::now();
        while !self.console().contains(BOOTED) {
            let (runs, console) = (self.emulator.runs(), self.console());
            assert!(runs, "the guest has ended:\n{console}");
            let in_time = began.elapsed() < BOOT_LIMIT;
            assert!(in_time, "the guest does not boot:\n{console}");
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.ok("systemctl is-system-running --wait");
    }

    /// Where its SSH server answers. Connections come from 10.0.2.2, as the guest sees them.
    pub fn ssh(&self) -> SocketAddr {
        self.ssh
    }

    /// Where its SNMP agent answers (UDP) once it listens at the guest's address, 10.0.2.15.
    pub fn snmp(&self) -> SocketAddr {
        self.snmp
    }

    /// A folder of this host that the guest can mount: `mount -t 9p -o trans=virtio shared …`.
    pub fn shared(&self) -> PathBuf {
        self.folder.path().join("shared")
    }

    /// Its public host key, as OpenSSH writes it: `ssh-ed25519 AAAA…`.
    pub fn host_key(&self) -> String {
        self.keys.host()
    }

    /// The private key with which root may log in, in OpenSSH's format.
    pub fn client_key(&self) -> String {
        self.keys.client()
    }

    /// What it has written to its console.
    pub fn console(&self) -> String {
        let text = fs::read(self.folder.path().join("console")).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Runs a shell script in it as root, by OpenSSH's client, which insists on the host key. The exit
    /// code 255 is the client's own.
    pub fn run(&self, script: &str) -> Output {
        let known = self.folder.path().join("known_hosts");
        Command::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"])
            .args(["-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=30"])
            .args(["-o", "StrictHostKeyChecking=yes"])
            // The usual one takes seconds under emulation.
            .args(["-o", "KexAlgorithms=curve25519-sha256"])
            .args(["-o", &format!("UserKnownHostsFile={}", known.display())])
            .args(["-o", "GlobalKnownHostsFile=/dev/null", "-i"])
            .arg(self.keys.client_file())
            .args(["-p", &self.ssh.port().to_string()])
            .arg(format!("root@{}", self.ssh.ip()))
            .arg(script)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// As [`Self::run`]; panics unless it ends well; gives its output, trimmed.
    pub fn ok(&self, script: &str) -> String {
        let output = self.run(script);
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{script}: {}\n{said}\n{complained}\n{}",
            output.status,
            self.console()
        );
        said
    }
}
