//! One RabbitMQ node in a folder: own name server, own ports.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use assay_domain::{Error, Result};
use rustix::process::{Pid, Signal};

use super::certificates::Certificates;

/// The server, without Debian's wrapper that insists on its own user.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// How long a start may take; two cores that do other things too need their time.
const START: Duration = Duration::from_secs(120);
/// How long an orderly stop may take.
const STOP: Duration = Duration::from_secs(60);

/// Ends the node in folder $1 once nobody uses it. The folder is moved away before it is removed,
/// so that whoever comes meanwhile begins with a new one.
const WATCHDOG: &str = r#"
exec 9>>"$1/watchdog.lock" || exit 0
flock -n 9 || exit 0
while sleep 3; do
    exec 8>>"$1/users.lock" || exit 0
    if flock -n 8; then
        for file in broker.pid epmd.pid; do
            test -s "$1/$file" && kill -KILL "$(cat "$1/$file")" 2>/dev/null
        done
        mv "$1" "$1.over.$$"
        rm -rf "$1".over.*
        exit 0
    fi
    exec 8>&-
done
"#;

/// The ports of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) amqp: u16,
    pub(super) tls: u16,
    distribution: u16,
    names: u16,
}

impl Ports {
    /// Ports that are free at the moment.
    pub(super) fn free() -> Result<Self> {
        let listeners = (0..4)
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(Error::internal)?;
        let port = |index: usize| {
            let address = listeners[index].local_addr().map_err(Error::internal)?;
            Ok::<_, Error>(address.port())
        };
        Ok(Self {
            amqp: port(0)?,
            tls: port(1)?,
            distribution: port(2)?,
            names: port(3)?,
        })
    }
}

/// A node, whether or not it runs.
#[derive(Debug, Clone)]
pub(super) struct Node {
    folder: PathBuf,
    /// Where clients find it.
    address: Ipv4Addr,
    ports: Ports,
}

impl Node {
    pub(super) fn new(folder: &Path, address: Ipv4Addr, ports: Ports) -> Self {
        Self {
            folder: folder.to_owned(),
            address,
            ports,
        }
    }

    pub(super) fn url(&self) -> String {
        url(self.address, self.ports.amqp)
    }

    pub(super) fn tls_url(&self) -> String {
        format!("amqps://guest:guest@localhost:{}/%2f", self.ports.tls)
    }

    /// Writes the node's configuration.
    pub(super) fn configure(&self, certificates: Option<&Certificates>) -> Result<()> {
        let mut text = format!(
            "listeners.tcp.1 = {}:{}\n\
             loopback_users = none\n\
             vm_memory_high_watermark.absolute = 1GB\n\
             disk_free_limit.absolute = 1MB\n\
             raft.wal_max_size_bytes = 16777216\n\
             log.file.level = warning\n",
            self.address, self.ports.amqp
        );
        if let Some(made) = certificates {
            write!(
                text,
                "listeners.ssl.1 = 127.0.0.1:{}\n\
                 ssl_options.cacertfile = {}\n\
                 ssl_options.certfile = {}\n\
                 ssl_options.keyfile = {}\n\
                 ssl_options.verify = verify_peer\n\
                 ssl_options.fail_if_no_peer_cert = true\n",
                self.ports.tls,
                made.ca.display(),
                made.server.display(),
                made.server_key.display(),
            )
            .map_err(Error::internal)?;
        }
        self.write("rabbitmq.conf", &text)?;
        self.write("plugins", "[].\n")
    }

    /// Starts the node and waits until it serves.
    pub(super) fn start(&self) -> Result<()> {
        if !Path::new(SERVER).exists() {
            return Err(Error::internal(format!(
                "{SERVER} is missing: install the Debian package rabbitmq-server"
            )));
        }
        if self.running("epmd.pid").is_none() {
            let epmd = format!(
                "exec epmd -port {} -address 127.0.0.1 -relaxed_command_check",
                self.ports.names
            );
            self.spawn("epmd", &epmd)?;
        }
        self.spawn("broker", &format!("exec {SERVER}"))?;
        self.wait_until_it_serves()
    }

    fn wait_until_it_serves(&self) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < START {
            if serves(self.address, self.ports.amqp) {
                return Ok(());
            }
            let started = begun.elapsed() > Duration::from_secs(2);
            if started && self.pid().is_none() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(self.folder.join("out.log")).unwrap_or_default();
        Err(Error::internal(format!("RabbitMQ did not start: {log}")))
    }

    /// Runs a command in a session of its own, which no signal of the test reaches.
    fn spawn(&self, name: &str, command: &str) -> Result<()> {
        let pid_file = self.folder.join(format!("{name}.pid"));
        let log = self.folder.join("out.log");
        let script = format!(
            "echo $$ > '{}'; {command} >> '{}' 2>&1 < /dev/null",
            pid_file.display(),
            log.display()
        );
        let mut shell = Command::new("setsid");
        shell
            .args(["--fork", "sh", "-c", &script])
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(self.environment())
            .current_dir(&self.folder);
        run(&mut shell)
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.folder.join(name).display().to_string();
        vec![
            ("LANG", "C.UTF-8".to_owned()),
            // Where Erlang keeps the cookie.
            ("HOME", self.folder.display().to_string()),
            ("ERL_EPMD_PORT", self.ports.names.to_string()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
            // The start script becomes the broker instead of waiting for it.
            ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
            ("RABBITMQ_NODENAME", "assay@localhost".to_owned()),
            ("RABBITMQ_DIST_PORT", self.ports.distribution.to_string()),
            ("RABBITMQ_MNESIA_BASE", path("data")),
            ("RABBITMQ_LOG_BASE", path("log")),
            ("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", path("plugins")),
            ("RABBITMQ_CONF_ENV_FILE", path("none")),
            (
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +S 2:2".to_owned(),
            ),
        ]
    }

    /// Ends the node in order.
    pub(super) fn stop(&self) -> Result<()> {
        self.signal(Signal::TERM)?;
        self.wait_until_gone(STOP)
    }

    /// Kills the node.
    pub(super) fn kill(&self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.wait_until_gone(STOP)
    }

    /// Kills the node and its name server.
    pub(super) fn end(&self) {
        for name in ["broker.pid", "epmd.pid"] {
            if let Some(pid) = self.running(name).and_then(Pid::from_raw) {
                // It may end by itself just now.
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
    }

    /// Removes what the node holds.
    pub(super) fn wipe(&self) -> Result<()> {
        if self.pid().is_some() {
            return Err(Error::internal("a broker that runs cannot be wiped"));
        }
        std::fs::remove_dir_all(self.folder.join("data")).map_err(Error::internal)
    }

    /// The broker's process.
    pub(super) fn pid(&self) -> Option<i32> {
        self.running("broker.pid")
    }

    fn running(&self, pid_file: &str) -> Option<i32> {
        let text = std::fs::read_to_string(self.folder.join(pid_file)).ok()?;
        let pid = text.trim().parse().ok()?;
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // A process that has ended stays until somebody asks for its end.
        let gone = state
            .rsplit_once(')')
            .is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'));
        (!gone).then_some(pid)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.pid().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Error::internal("the broker does not run"))?;
        rustix::process::kill_process(pid, signal).map_err(Error::internal)
    }

    fn wait_until_gone(&self, patience: Duration) -> Result<()> {
        let begun = Instant::now();
        while self.pid().is_some() {
            if begun.elapsed() > patience {
                return Err(Error::internal("the broker does not end"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Has somebody end the node when this process is gone.
    pub(super) fn watch(&self) -> Result<()> {
        let mut watchdog = Command::new("setsid");
        watchdog
            .args(["--fork", "sh", "-c", WATCHDOG, "watchdog"])
            .arg(&self.folder);
        run(&mut watchdog)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        std::fs::write(self.folder.join(name), text).map_err(Error::internal)
    }
}

/// The URL of a broker at this address and port.
pub(super) fn url(address: Ipv4Addr, port: u16) -> String {
    format!("amqp://guest:guest@{address}:{port}/%2f")
}

/// Whether a broker answers at this address and port: it greets whoever speaks AMQP 0-9-1.
pub(super) fn serves(address: Ipv4Addr, port: u16) -> bool {
    let patience = Duration::from_secs(2);
    let address = SocketAddr::from((address, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, patience) else {
        return false;
    };
    let mut first = [0];
    stream.set_read_timeout(Some(patience)).is_ok()
        && stream.write_all(b"AMQP\0\0\x09\x01").is_ok()
        && stream.read_exact(&mut first).is_ok()
        && first[0] == 1
}

/// Locks a file of a folder. A watchdog may remove the folder while this waits, so the lock only
/// counts when the file still has its name.
pub(super) fn hold(
    folder: &Path,
    name: &str,
    lock: impl Fn(&File) -> std::io::Result<()>,
) -> Result<File> {
    let path = folder.join(name);
    loop {
        std::fs::create_dir_all(folder).map_err(Error::internal)?;
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        let file = match opened {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            opened => opened.map_err(Error::internal)?,
        };
        lock(&file).map_err(Error::internal)?;
        let held = file.metadata().map_err(Error::internal)?.ino();
        if std::fs::metadata(&path).is_ok_and(|named| named.ino() == held) {
            return Ok(file);
        }
    }
}

/// Runs a command to its end. What it leaves behind must not hold this process's output open.
fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| Error::internal(format!("{command:?}: {error}")))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::internal(format!("{command:?}: {status}")))
}
