//! sushy-tools' Redfish emulator with its fake driver, which Assay did not write. It has no sessions;
//! it changes the power state 1 to 2 s after it answers (by itself: at random up to 11 s).

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use assay_domain::Target;
use tempfile::TempDir;

use super::{pytools, target};

/// The emulated system's UUID, which is its name on the BMC as well.
pub(crate) const UUID: &str = "27946b59-9e44-4fa7-8e91-f3527a1ef094";
/// Its network card.
pub(crate) const MAC: &str = "00:5c:52:31:3a:9c";

/// The emulator's own program, but for the length of its waits, which it draws by lot.
const PROGRAM: &str = "import random; random.randint = lambda low, high: low + 1\n\
    from sushy_tools.emulator.main import main; main()\n";

/// A running emulator; dropping it ends it.
pub(crate) struct Sushy {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
}

/// How an emulator is set up.
#[derive(Default)]
pub(crate) struct Options<'a> {
    /// Name and password that it asks for.
    pub(crate) login: Option<(&'a str, &'a str)>,
    /// Files with its certificate and key.
    pub(crate) tls: Option<(&'a Path, &'a Path)>,
    /// Further systems beside the usual one.
    pub(crate) more_systems: &'a [&'a str],
}

impl Sushy {
    /// Starts an emulator and waits until it listens.
    pub(crate) fn start(options: &Options<'_>) -> Self {
        // The program of the package tells whether it is there; its interpreter runs it.
        let python = pytools::tool("sushy-emulator", "sushy-tools").with_file_name("python");
        // The port may be taken by another between its choice and its use: then another one is.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let address = free_address();
            let config = folder.path().join("emulator.conf");
            fs::write(&config, config_text(options, address, folder.path())).unwrap();
            let log = File::create(folder.path().join("log")).unwrap();
            let process = Command::new(&python)
                .args(["-c", PROGRAM, "--fake"])
                .arg("--config")
                .arg(&config)
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap();
            let mut sushy = Self {
                process,
                address,
                folder,
            };
            if sushy.listens() {
                return sushy;
            }
        }
        panic!("sushy-emulator does not start");
    }

    /// Its target, without a login.
    pub(crate) fn target(&self) -> Target {
        target(self.address)
    }

    /// How many requests it has answered with this status.
    pub(crate) fn answers(&self, status: u16) -> usize {
        let status = format!(" {status} -");
        self.log()
            .lines()
            .filter(|line| line.contains(&status))
            .count()
    }

    /// How many requests of this kind it has got, e.g. `POST /redfish`.
    pub(crate) fn requests(&self, start: &str) -> usize {
        let start = format!("\"{start}");
        self.log()
            .lines()
            .filter(|line| line.contains(&start))
            .count()
    }

    /// What it has logged, without the colours of refused requests.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        [
            "\u{1b}[31m",
            "\u{1b}[33m",
            "\u{1b}[35m",
            "\u{1b}[1m",
            "\u{1b}[0m",
        ]
        .iter()
        .fold(log, |text, colour| text.replace(colour, ""))
    }

    fn listens(&mut self) -> bool {
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end && self.process.try_wait().unwrap().is_none() {
            if TcpStream::connect(self.address).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        eprintln!("{}", self.log());
        false
    }
}

impl Drop for Sushy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

fn config_text(options: &Options<'_>, address: SocketAddr, folder: &Path) -> String {
    let systems: Vec<String> = [UUID]
        .iter()
        .chain(options.more_systems)
        .map(|uuid| {
            format!("{{'uuid': '{uuid}', 'name': 'n-{uuid}', 'power_state': 'Off', 'nics': [{{'mac': '{MAC}', 'ip': '192.0.2.1'}}]}}")
        })
        .collect();
    let mut text = format!(
        "SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'\nSUSHY_EMULATOR_LISTEN_PORT = {}\n\
         SUSHY_EMULATOR_STATE_DIR = '{}'\nSUSHY_EMULATOR_FAKE_SYSTEMS = [{}]\n",
        address.port(),
        folder.display(),
        systems.join(", ")
    );
    if let Some((login, password)) = options.login {
        let file = folder.join("htpasswd");
        fs::write(&file, format!("{login}:{}\n", bcrypt(password))).unwrap();
        text = format!("{text}SUSHY_EMULATOR_AUTH_FILE = '{}'\n", file.display());
    }
    if let Some((certificate, key)) = options.tls {
        text = format!(
            "{text}SUSHY_EMULATOR_SSL_CERT = '{}'\nSUSHY_EMULATOR_SSL_KEY = '{}'\n",
            certificate.display(),
            key.display()
        );
    }
    text
}

/// The only kind of hash that the emulator reads.
fn bcrypt(password: &str) -> String {
    let script = "import bcrypt, sys; print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(4)).decode())";
    let output = Command::new(pytools::tool("python", "sushy-tools"))
        .args(["-c", script, password])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
