//! QEMU, which runs a guest, and the ports of this host that lead into it.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;

use serde_json::{Value, json};

use super::system::System;

/// A small machine; the buffer for translated code is as large as the boot can use, while the usual one
/// is a GiB.
const MACHINE: &str = "-accel tcg,tb-size=128 -machine q35 -cpu qemu64 -smp 1 -m 512 \
    -nodefaults -no-user-config -display none -qmp stdio -device virtio-rng-pci";

/// Ports of the host's own choice lead to SSH and SNMP.
const NETWORK: &str =
    "user,id=net0,ipv6=off,hostfwd=tcp:127.0.0.1:0-:22,hostfwd=udp:127.0.0.1:0-:161";

const KERNEL_LINE: &str = "rdinit=/start console=ttyS0 net.ifnames=0 mitigations=off TERM=dumb \
    systemd.unit=multi-user.target";

/// A running machine. It ends with this, at the latest with this process.
pub(super) struct Emulator {
    child: Child,
    answers: BufReader<ChildStdout>,
    /// The kernel ends the emulator when the thread that started it ends, which this one keeps.
    _keeper: mpsc::Sender<()>,
}

/// A folder that the guest can mount, of type 9p with the tag `shared`.
fn shared(folder: &Path) -> OsString {
    let local = OsString::from("local,mount_tag=shared,security_model=none,path=");
    joined(local, &folder.join("shared"))
}

impl Emulator {
    /// Starts a machine with the initramfs and a console in `folder`. It writes to a copy of the
    /// system's disk, in a file that nobody else sees.
    pub(super) fn start(system: &System, folder: &Path) -> Self {
        let drive = OsString::from("if=none,id=disk0,format=raw,snapshot=on,file=");
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "qemu-system-x86_64"])
            .args(MACHINE.split_whitespace())
            .args(["-netdev", NETWORK])
            .args(["-device", "virtio-net-pci,netdev=net0,romfile="])
            .arg("-drive")
            .arg(joined(drive, &system.disk()))
            .args(["-device", "virtio-blk-pci,drive=disk0"])
            .arg("-virtfs")
            .arg(shared(folder))
            .arg("-serial")
            .arg(joined("file:".into(), &folder.join("console")))
            .arg("-kernel")
            .arg(system.kernel())
            .arg("-initrd")
            .arg(folder.join("initramfs"))
            .args(["-append", KERNEL_LINE])
            .env("TMPDIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let (mut child, keeper) = spawn_kept(command);
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut emulator = Self {
            child,
            answers,
            _keeper: keeper,
        };
        emulator.ask(&json!({"execute": "qmp_capabilities"}));
        emulator
    }

    /// The host's addresses that lead to TCP port 22 and UDP port 161 of the guest.
    pub(super) fn forwarded(&mut self) -> (SocketAddr, SocketAddr) {
        let network = self.ask(&json!({
            "execute": "human-monitor-command", "arguments": {"command-line": "info usernet"},
        }));
        let table = network.as_str().unwrap();
        let port = |protocol: &str| {
            let row = table.lines().map(str::trim);
            let mut rows = row.filter(|row| row.starts_with(&format!("{protocol}[HOST_FORWARD]")));
            // Protocol[State], file descriptor, source address, port, …
            let port = rows.next()?.split_whitespace().nth(3)?.parse().ok()?;
            Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        };
        let ports = port("TCP").zip(port("UDP"));
        ports.unwrap_or_else(|| panic!("no ports in:\n{table}"))
    }

    /// Whether the machine still runs.
    pub(super) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends one command of QEMU's monitor protocol (QMP) and gives what it returns.
    fn ask(&mut self, command: &Value) -> Value {
        let input = self.child.stdin.as_mut().unwrap();
        writeln!(input, "{command}").unwrap();
        let mut line = String::new();
        // Greeting and events come in between.
        while self.answers.read_line(&mut line).unwrap() > 0 {
            let message: Value = serde_json::from_str(&line).unwrap();
            if let Some(answer) = message.get("return") {
                return answer.clone();
            }
            assert!(message.get("error").is_none(), "{command}: {message}");
            line.clear();
        }
        panic!("QEMU has ended before it answered {command}");
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the command from a thread that stays until the sender is dropped.
fn spawn_kept(mut command: Command) -> (Child, mpsc::Sender<()>) {
    let (started, child) = mpsc::channel();
    let (keeper, kept) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let _ = started.send(command.spawn());
        let _ = kept.recv();
    });
    let child = child.recv().unwrap();
    let child = child.expect("setpriv starts (Debian: util-linux, qemu-system-x86)");
    (child, keeper)
}

/// A comma ends a value of QEMU's options unless it is doubled.
fn joined(mut option: OsString, path: &Path) -> OsString {
    option.push(path.to_str().unwrap().replace(',', ",,"));
    option
}
