//! A network of its own for one test, with dnsmasq as its DHCP server, and machines that ask it.
//!
//! A bridge `lan0` with the address that `packaging/dhcp/dnsmasq.conf` gives Assay, and a cable from
//! it whose other end, `machine`, plays the network cards of any number of machines.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dhcproto::v4::{DhcpOption, Flags, Message, MessageType, Opcode, OptionCode};
use dhcproto::{Decodable, Decoder, Encodable, Encoder};
use tempfile::TempDir;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::folder;

/// Where the test finds out that it is inside.
const INSIDE: &str = "ASSAY_TEST_LAN";
const NEEDS: &str = "needs root, and the Debian packages dnsmasq-base, iproute2 and util-linux";

/// The host's own address.
pub const HOST: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
/// How long a DHCP server gets for an answer.
const PATIENCE: Duration = Duration::from_millis(400);

/// Whether this is a network namespace of the test's own. Outside, the test is run again in one,
/// and must end well; then there is nothing left to do here. `test` is its full name.
pub fn entered(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let status = Command::new("setpriv")
        .args([
            "--pdeathsig",
            "KILL",
            "--",
            "unshare",
            "--net",
            "--mount",
            "--",
        ])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .status()
        .unwrap_or_else(|error| panic!("setpriv: {error}; this test {NEEDS}"));
    assert!(
        status.success(),
        "failed inside the namespace; this test {NEEDS}"
    );
    false
}

/// The network. Its DHCP server ends with it.
pub struct Lan {
    folder: TempDir,
    server: Option<Child>,
}

impl Lan {
    /// Lays the network in the namespace that the test has entered.
    pub fn lay() -> Self {
        assert!(std::env::var_os(INSIDE).is_some(), "not in a namespace");
        for words in [
            "link set lo up",
            "link add lan0 type bridge",
            "address add 192.0.2.10/24 dev lan0",
            "link set lan0 up",
            "link add machine type veth peer name cable",
            "link set cable master lan0 up",
            "link set machine up",
        ] {
            ip(words);
        }
        // Machines and server are one host here: each takes what the other sends.
        fs::write("/proc/sys/net/ipv4/conf/all/accept_local", "1").unwrap();
        let lan = Self {
            folder: tempfile::tempdir().unwrap(),
            server: None,
        };
        fs::create_dir(lan.hostsdir()).unwrap();
        lan
    }

    /// A network card's cable, for a virtual machine.
    pub fn tap(&self, name: &str) -> String {
        ip(&format!("tuntap add {name} mode tap"));
        ip(&format!("link set {name} master lan0 up"));
        name.to_owned()
    }

    /// The folder from which the DHCP server takes its hosts.
    pub fn hostsdir(&self) -> PathBuf {
        self.folder.path().join("hosts")
    }

    /// Starts the DHCP server with Assay's example, in which Assay listens on this port.
    pub async fn serve(&mut self, port: u16) {
        self.stop();
        let config = self.folder.path().join("dnsmasq.conf");
        fs::write(&config, self.example(port)).unwrap();
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let log = fs::File::create(path("log")).unwrap();
        let child = Command::new("dnsmasq")
            .args([
                "--keep-in-foreground",
                "--port=0",
                "--user=root",
                "--no-ping",
            ])
            .args(["--bind-interfaces", "--pid-file", "--log-facility=-"])
            .arg(format!("--conf-file={}", config.display()))
            .arg(format!("--dhcp-leasefile={}", path("leases")))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("dnsmasq: {error}; this test {NEEDS}"));
        self.server = Some(child);
        let started = async || self.log().contains("sockets bound").then_some(());
        crate::wait::until("dnsmasq serves", Duration::from_secs(10), started).await;
    }

    /// The example, for this network; what it says of admission is taken in.
    fn example(&self, port: u16) -> String {
        let example = folder::root().join("packaging/dhcp/dnsmasq.conf");
        let hosts = self.hostsdir().display().to_string();
        let tftp = self.folder.path().display().to_string();
        let changes = [
            ("interface=eth1", "interface=lan0"),
            ("192.0.2.10:5050", &format!("{HOST}:{port}")),
            ("#dhcp-", "dhcp-"),
            ("/var/lib/assay-dhcp", &hosts),
            ("/usr/lib/ipxe", &tftp),
        ];
        let mut text = fs::read_to_string(example).unwrap();
        for (from, to) in changes {
            assert!(text.contains(from), "{from} is not in the example");
            text = text.replace(from, to);
        }
        text
    }

    /// Has the DHCP server read everything again, as a reload of its service does.
    pub fn reload(&self) {
        let pid = self.server.as_ref().unwrap().id().to_string();
        let status = Command::new("kill").args(["-HUP", &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Whether the DHCP server runs.
    pub fn is_served(&mut self) -> bool {
        let server = self.server.as_mut();
        server.is_some_and(|server| server.try_wait().unwrap().is_none())
    }

    /// Ends the DHCP server.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// What the DHCP server has logged since it was started.
    pub fn log(&self) -> String {
        let log = self.folder.path().join("log");
        fs::read_to_string(log).unwrap_or_default()
    }

    /// Asks for an address as the network card with this MAC does; none when nobody answers.
    pub async fn ask(&self, mac: &str) -> Option<Ipv4Addr> {
        let client = Client::new(mac).await;
        let offer = client.say(MessageType::Discover, None).await?;
        let granted = client
            .say(MessageType::Request, Some(offer.yiaddr()))
            .await?;
        let is_granted = granted.opts().msg_type() == Some(MessageType::Ack);
        is_granted.then(|| granted.yiaddr())
    }

    /// Waits until the card gets an address, or gets none; gives how long that took.
    pub async fn until(&self, mac: &str, served: bool, limit: Duration) -> Duration {
        let began = std::time::Instant::now();
        let what = format!("{mac} is served: {served}");
        let ask = async || self.ask(mac).await.is_some();
        crate::wait::until_is(&what, limit, ask, |is| *is == served).await;
        began.elapsed()
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!("--- the DHCP server's log\n{}", self.log());
            eprintln!("--- its hosts\n{:#?}", hosts(&self.hostsdir()));
        }
    }
}

/// The files of a folder with their texts, by name.
pub fn hosts(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read_to_string(entry.path()).unwrap_or_default())
        })
        .collect();
    files.sort();
    files
}

/// A DHCP client (RFC 2131) that is any network card: a server goes by what the message says.
struct Client {
    socket: UdpSocket,
    mac: Vec<u8>,
    transaction: u32,
}

impl Client {
    async fn new(mac: &str) -> Self {
        let bytes = mac.split(':').map(|byte| u8::from_str_radix(byte, 16));
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 68)).await.unwrap();
        socket.bind_device(Some(b"machine")).unwrap();
        socket.set_broadcast(true).unwrap();
        Self {
            socket,
            mac: bytes.collect::<Result<_, _>>().unwrap(),
            transaction: rand::random(),
        }
    }

    async fn say(&self, kind: MessageType, wanted: Option<Ipv4Addr>) -> Option<Message> {
        let mut message = Message::default();
        message
            .set_opcode(Opcode::BootRequest)
            .set_xid(self.transaction)
            .set_flags(Flags::default().set_broadcast())
            .set_chaddr(&self.mac);
        let options = message.opts_mut();
        options.insert(DhcpOption::MessageType(kind));
        options.insert(DhcpOption::ParameterRequestList(vec![
            OptionCode::SubnetMask,
        ]));
        if let Some(address) = wanted {
            options.insert(DhcpOption::RequestedIpAddress(address));
            options.insert(DhcpOption::ServerIdentifier(HOST));
        }
        let mut bytes = Vec::new();
        message.encode(&mut Encoder::new(&mut bytes)).unwrap();
        let everybody = SocketAddrV4::new(Ipv4Addr::BROADCAST, 67);
        self.socket.send_to(&bytes, everybody).await.unwrap();
        timeout(PATIENCE, self.hear()).await.ok()
    }

    async fn hear(&self) -> Message {
        let mut buffer = [0; 2048];
        loop {
            let length = self.socket.recv(&mut buffer).await.unwrap();
            let answer = Message::decode(&mut Decoder::new(&buffer[..length]));
            if let Ok(answer) = answer
                && answer.opcode() == Opcode::BootReply
                && answer.xid() == self.transaction
            {
                return answer;
            }
        }
    }
}

fn ip(words: &str) {
    let status = Command::new("ip").args(words.split(' ')).status();
    let status = status.unwrap_or_else(|error| panic!("ip: {error}; this test {NEEDS}"));
    assert!(status.success(), "ip {words}; this test {NEEDS}");
}
