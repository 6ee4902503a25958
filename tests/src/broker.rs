//! A private RabbitMQ that a run may stop, kill and start again. To be used inside an arena, which
//! ends it and all of its helpers.

use std::fs::File;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The server itself, without the wrapper that becomes another user.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// How long it may take until it listens.
const START_LIMIT: Duration = Duration::from_mins(2);
/// How long it may take to end in order.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const PORT: u16 = 5672;

/// A broker with a folder of its own, where everybody may log in as `guest`.
pub struct Broker {
    folder: PathBuf,
    address: SocketAddr,
    server: Option<Child>,
}

impl Broker {
    /// Starts a broker on that address, with its files in the new folder `folder`.
    pub fn start(folder: &Path, address: IpAddr) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let config = "loopback_users = none\nlog.console.level = warning\n";
        std::fs::write(folder.join("rabbitmq.conf"), config).unwrap();
        std::fs::write(folder.join("plugins"), "[].").unwrap();
        let mut broker = Self {
            folder: folder.to_owned(),
            address: (address, PORT).into(),
            server: None,
        };
        broker.start_again();
        broker
    }

    /// What a fleet is told.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@{}/%2f", self.address)
    }

    /// kill -9 of the server and its helpers.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal("-KILL", &server);
            server.wait().unwrap();
        }
    }

    /// Ends it in order.
    pub fn stop(&mut self) {
        let Some(mut server) = self.server.take() else {
            return;
        };
        signal("-TERM", &server);
        let began = Instant::now();
        while server.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < STOP_LIMIT, "RabbitMQ does not end");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Starts it after [`Self::kill`] or [`Self::stop`], and waits until it takes connections.
    pub fn start_again(&mut self) {
        let server = self.server.insert(spawn(&self.folder, self.address));
        let began = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let ended = server.try_wait().unwrap();
            let log = self.folder.join("server.log");
            assert!(
                ended.is_none() && began.elapsed() < START_LIMIT,
                "RabbitMQ does not start ({ended:?}): {}",
                std::fs::read_to_string(log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            signal("-KILL", server);
        }
    }
}

fn spawn(folder: &Path, address: SocketAddr) -> Child {
    let path = |name: &str| folder.join(name);
    let log = File::options()
        .create(true)
        .append(true)
        .open(path("server.log"))
        .unwrap();
    Command::new(SERVER)
        .env("HOME", folder)
        // The script then becomes the server.
        .env("RUNNING_UNDER_SYSTEMD", "true")
        .env("RABBITMQ_NODENAME", "assay@localhost")
        .env("RABBITMQ_NODE_IP_ADDRESS", address.ip().to_string())
        .env("RABBITMQ_NODE_PORT", address.port().to_string())
        .env("RABBITMQ_MNESIA_BASE", path("mnesia"))
        .env("RABBITMQ_LOG_BASE", path("log"))
        .env("RABBITMQ_LOGS", "-")
        .env("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("plugins"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        // One signal reaches the script, the server and its helpers.
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("{SERVER}: {error}: install the package rabbitmq-server"))
}

fn signal(signal: &str, server: &Child) {
    let group = format!("-{}", server.id());
    let _ = Command::new("kill").args([signal, "--", &group]).status();
}
