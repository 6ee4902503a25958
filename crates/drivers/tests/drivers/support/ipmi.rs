//! IPMI BMCs for tests: Assay's simulator, Debian's ipmi_sim and pyghmi's fakebmc, which Assay did not
//! write.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_domain::Target;
use assay_ipmi::command::fru;
use assay_ipmi::command::text;
use assay_sim::{IdleMachine, IpmiBmc, IpmiFaults, IpmiOptions, fleet};
use serde_json::Value;
use tempfile::TempDir;

use super::{pytools, target, with_login};

/// The protocol under test.
pub(crate) const IPMI: &str = "ipmi";

/// The account of the peers.
pub(crate) const LOGIN: (&str, &str) = ("operator", "right-enough");

/// The GUID of ipmi_sim, as its UUID is written.
pub(crate) const UUID: &str = "33221100-5544-4766-8899-aabbccddeeff";

/// Get Channel Authentication Capabilities of this channel, for administrators, whole.
const KNOCK: [u8; 23] = [
    6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 0x18, 0xc8, 0x81, 0x04, 0x38, 0x8e, 0x04,
    0xb1,
];

/// What ipmi_sim asks for power and boot device, and tells to change them; it keeps both in files.
const CHASSIS: &str = r#"#!/bin/sh
dir=$(dirname "$0")
shift
how=$1
shift
case "$how" in
get)
    for name; do
        case "$name" in
        power|boot) echo "$name:$(cat "$dir/$name")" ;;
        *) echo "$name:0" ;;
        esac
    done ;;
set)
    echo "$*" >> "$dir/seen"
    case "$1" in
    power|boot) echo "$2" > "$dir/$1" ;;
    shutdown) echo 0 > "$dir/power" ;;
    esac ;;
esac
"#;

/// The target of an IPMI BMC with a login and settings.
pub(crate) fn ipmi_target(address: SocketAddr, login: (&str, &str), settings: &Value) -> Target {
    let mut target = with_login(target(address), login.0, login.1);
    target.control_type = "SupermicroRackDevice".into();
    target.settings.clone_from(settings.as_object().unwrap());
    target
}

/// The simulated BMC of an idle machine, and its target with the right login.
pub(crate) fn simulated(faults: IpmiFaults) -> (IpmiBmc, Target) {
    simulated_with(IpmiOptions {
        faults,
        ..IpmiOptions::default()
    })
}

/// As [`simulated`], with options of one's own.
pub(crate) fn simulated_with(options: IpmiOptions) -> (IpmiBmc, Target) {
    let hardware = fleet(1, 42).remove(0);
    let bmc = IpmiBmc::start(Arc::new(IdleMachine::new(hardware)), options).unwrap();
    let login = (bmc.username().to_owned(), bmc.password().to_owned());
    let target = ipmi_target(bmc.address(), (&login.0, &login.1), &serde_json::json!({}));
    (bmc, target)
}

/// A running BMC of others; dropping it ends it.
pub(crate) struct Foreign {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Foreign {
    /// Debian's ipmi_sim: power, boot device, a sensor, an event, FRU data.
    pub(crate) fn ipmi_sim() -> Self {
        Self::start("openipmi", &|folder, address| {
            let state = folder.join("state");
            fs::create_dir(&state).unwrap();
            let script = folder.join("chassis");
            fs::write(&script, CHASSIS).unwrap();
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
            fs::write(folder.join("power"), "0").unwrap();
            fs::write(folder.join("boot"), "none").unwrap();
            fs::write(folder.join("lan.conf"), lan_conf(&script, address)).unwrap();
            fs::write(folder.join("sim.emu"), emulation()).unwrap();
            let mut command = command("ipmi_sim".as_ref());
            command
                .arg("-c")
                .arg(folder.join("lan.conf"))
                .arg("-f")
                .arg(folder.join("sim.emu"))
                .arg("-s")
                .arg(state)
                .arg("-n");
            command
        })
    }

    /// pyghmi's BMC with power and boot device.
    pub(crate) fn fakebmc() -> Self {
        // A program of its own shows whether the package is there.
        pytools::tool("fakebmc", "pyghmi");
        let python = pytools::tool("python", "pyghmi");
        Self::start("pyghmi", &|folder, address| {
            let script = folder.join("bmc.py");
            fs::write(&script, include_str!("fakebmc.py")).unwrap();
            let mut command = command(&python);
            command
                .arg(script)
                .arg(address.port().to_string())
                .args([LOGIN.0, LOGIN.1]);
            command
        })
    }

    fn start(package: &str, command: &dyn Fn(&Path, SocketAddr) -> Command) -> Self {
        // The port may be taken by another between its choice and its use: then another one is.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let address = free_address();
            let log = File::create(folder.path().join("log")).unwrap();
            let process = command(folder.path(), address)
                .current_dir(folder.path())
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap_or_else(|error| panic!("{package} is missing: {error}"));
            let mut foreign = Self {
                process,
                address,
                folder,
            };
            if foreign.answers() {
                return foreign;
            }
        }
        panic!("the BMC of {package} does not start");
    }

    /// Whether it answers within ten seconds; from a socket that is used for nothing else.
    fn answers(&mut self) -> bool {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end && self.process.try_wait().unwrap().is_none() {
            socket.send_to(&KNOCK, self.address).unwrap();
            if socket.recv_from(&mut [0; 256]).is_ok() {
                return true;
            }
        }
        eprintln!("{}", self.file("log"));
        false
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its target with the right login.
    pub(crate) fn target(&self, settings: &Value) -> Target {
        ipmi_target(self.address, LOGIN, settings)
    }

    /// What ipmitool says to a command, in a session of cipher suite 3.
    pub(crate) fn ipmitool(&self, command: &str) -> String {
        let output = Command::new("ipmitool")
            .args(["-I", "lanplus", "-C", "3", "-U", LOGIN.0, "-P", LOGIN.1])
            .args(["-H", &self.address.ip().to_string()])
            .args(["-p", &self.address.port().to_string()])
            .args(command.split_whitespace())
            .output()
            .expect("ipmitool is missing: apt-get install ipmitool");
        assert!(output.status.success(), "ipmitool {command}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A file of its folder.
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program that ends with the thread that started it.
fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

fn free_address() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap()
}

fn lan_conf(script: &Path, address: SocketAddr) -> String {
    let auths = ["callback", "user", "operator", "admin"]
        .map(|level| format!("allowed_auths_{level} none md2 md5 straight\n"))
        .concat();
    format!(
        "name \"assay\"\nset_working_mc 0x20\nstartlan 1\naddr {} {}\npriv_limit admin\n{auths}\
         guid 00112233445566478899aabbccddeeff\nendlan\n\
         chassis_control \"{} 0x20\"\n\
         user 1 true \"\" \"nobody\" user 10 none md2 md5 straight\n\
         user 2 true \"{}\" \"{}\" admin 10 none md2 md5 straight\n\
         user 3 true \"reader\" \"{}\" user 10 none md2 md5 straight\n",
        address.ip(),
        address.port(),
        script.display(),
        LOGIN.0,
        LOGIN.1,
        LOGIN.1
    )
}

/// The emulation file: a temperature of 0x60 whose upper critical threshold is 0x90, its record, one
/// event, and FRU data.
fn emulation() -> String {
    let area = fru::encode_area(
        &[0],
        &["Maker", "Server", "Model 5", "2", "SERIAL-7", "", ""],
    );
    let data = fru::encode([Vec::new(), Vec::new(), area]);
    format!(
        "mc_setbmc 0x20\n\
         mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\n\
         sel_enable 0x20 1000 0x0a\n\
         sensor_add 0x20 0 1 0x01 0x01\n\
         sensor_set_value 0x20 0 1 0x60 0\n\
         sensor_set_threshold 0x20 0 1 settable 111000 0xa0 0x90 0x70 00 00 00\n\
         sensor_set_event_support 0x20 0 1 enable scanning per-state 000111111000000 000111111000000 000111111000000 000111111000000\n\
         main_sdr_add 0x20 {}\n\
         mc_add_fru_data 0x20 0 {} data {}\n\
         sel_add 0x20 0x02 0x80 0x43 0x6d 0x65 0x20 0x00 0x04 0x01 0x01 0x01 0x59 0x60 0x50\n\
         mc_enable 0x20\n",
        hex(&temperature()),
        data.len(),
        hex(&data),
    )
}

/// The full record of sensor 1, "Board Temp" in °C (table 43-1).
fn temperature() -> Vec<u8> {
    let mut body = vec![0x20, 0, 1, 7, 1, 0x7f, 0x68, 0x01, 0x01];
    body.extend([0; 6]);
    body.extend([0, 1, 0]);
    body.extend([0, 1, 0, 0, 0, 0, 0]);
    body.extend([0; 17]);
    body.extend(text::encode("Board Temp"));
    let mut record = vec![1, 0, 0x51, 0x01, u8::try_from(body.len()).unwrap()];
    record.extend(body);
    record
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:#04x}")).collect();
    bytes.join(" ")
}
