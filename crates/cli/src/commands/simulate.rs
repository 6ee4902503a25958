//! `assay simulate`: thousands of simulated BMCs in this process, and a simulated cloud, to try Assay and other
//! clients on.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use assay_sim::{
    FaultShare, Fleet, FleetFault, FleetOptions, FleetPorts, Member, RestartFault, Share,
    SimCertificate,
};
use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::simulate_cloud::CloudArgs;
use crate::error::Error;
use crate::signals::{Asked, Signals};

/// With every so-manieth request a BMC restarts that does so while it is asked.
const RESTART_EVERY: u64 = 10;

/// The command line of `assay simulate`.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Every BMC has a loopback address of its own: --first-address for the first one, then the next \
one, without those that end in .0 and .255 (127.1.0.1, …, 127.1.0.254, 127.1.1.1, …); Redfish comes \
first, then IPMI, then Intel AMT. All of one protocol have the same port. Nothing outside of this host \
reaches them.\n\nStandard output has one line of JSON per BMC: name, protocol, control_type, address, port, login, \
password, settings (as a power control of Assay has them: the fingerprint of the certificate), url, mac and \
fault. The machines behind the BMCs are simulated too: they are on or off, and do nothing.\n\nA FAULT's \
value is a share (5%) or a number (12) of the BMCs of each protocol; the seed chooses which, and each \
has one fault at most."
)]
pub(crate) struct Simulate {
    /// How many BMCs speak Redfish (HTTPS with a certificate that is made anew each time).
    #[arg(long, value_name = "N", default_value_t = 0)]
    redfish: usize,
    /// How many speak IPMI over LAN (2.0 with cipher suites 3 and 17, and 1.5).
    #[arg(long, value_name = "N", default_value_t = 0)]
    ipmi: usize,
    /// How many speak Intel AMT (HTTPS, as Redfish).
    #[arg(long, value_name = "N", default_value_t = 0)]
    amt: usize,
    /// The first one's address in 127.0.0.0/8.
    #[arg(long, value_name = "ADDR", default_value = "127.1.0.1")]
    first_address: Ipv4Addr,
    /// TCP port of Redfish.
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    redfish_port: u16,
    /// UDP port of IPMI.
    #[arg(long, value_name = "PORT", default_value_t = 6230)]
    ipmi_port: u16,
    /// TCP port of Intel AMT.
    #[arg(long, value_name = "PORT", default_value_t = 16993)]
    amt_port: u16,
    /// HTTP in place of HTTPS, for Redfish and Intel AMT.
    #[arg(long)]
    plain: bool,
    /// What the machines are made of, and who has which fault; the same seed, the same fleet.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The account of all BMCs.
    #[arg(long, value_name = "NAME", default_value = "admin")]
    user: String,
    /// Its password; made up and shown in the list when absent.
    #[arg(long, value_name = "TEXT")]
    password: Option<String>,
    /// Writes the list into this file, which only its owner may read, in place of standard output.
    #[arg(long, value_name = "FILE")]
    list: Option<std::path::PathBuf>,
    #[command(flatten)]
    faults: FaultArgs,
    #[command(flatten)]
    cloud: CloudArgs,
}

/// Who has which fault.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Faults")]
struct FaultArgs {
    /// Take what is sent and never answer.
    #[arg(long, value_name = "FAULT")]
    silent: Option<Share>,
    /// Answer late, by --slow-by.
    #[arg(long, value_name = "FAULT")]
    slow: Option<Share>,
    /// How late, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = seconds)]
    slow_by: f64,
    /// Take no password for right.
    #[arg(long, value_name = "FAULT")]
    refuse_login: Option<Share>,
    /// Forget a session after one request in it.
    #[arg(long, value_name = "FAULT")]
    drop_sessions: Option<Share>,
    /// Cut every answer off in the middle.
    #[arg(long, value_name = "FAULT")]
    malformed: Option<Share>,
    /// Restart with every tenth request (IPMI: datagram), which gets no answer, forget all sessions, and be
    /// away for --reset-for.
    #[arg(long, value_name = "FAULT")]
    reset_while_asked: Option<Share>,
    /// How long, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    reset_for: f64,
}

/// A time that is not negative and not longer than a day.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds from 0 to 86400 is needed".to_owned()),
    }
}

impl FaultArgs {
    fn shares(&self) -> Vec<FaultShare> {
        let restart = FleetFault::Restart(RestartFault {
            every: RESTART_EVERY,
            lasts: Duration::from_secs_f64(self.reset_for),
        });
        let slow = FleetFault::Slow(Duration::from_secs_f64(self.slow_by));
        let asked = [
            (FleetFault::Silent, self.silent),
            (slow, self.slow),
            (FleetFault::RefuseLogin, self.refuse_login),
            (FleetFault::DropSessions, self.drop_sessions),
            (FleetFault::Malformed, self.malformed),
            (restart, self.reset_while_asked),
        ];
        let asked = asked.into_iter();
        asked
            .filter_map(|(fault, share)| share.map(|share| FaultShare { fault, share }))
            .collect()
    }
}

impl Simulate {
    fn options(&self) -> Result<FleetOptions, Error> {
        // 16 characters fit IPMI.
        let made_up = || uuid::Uuid::new_v4().simple().to_string()[..16].to_owned();
        let password = self.password.clone().unwrap_or_else(made_up);
        let certificate = if self.plain {
            None
        } else {
            Some(SimCertificate::new()?)
        };
        Ok(FleetOptions {
            redfish: self.redfish,
            ipmi: self.ipmi,
            amt: self.amt,
            first: self.first_address,
            ports: FleetPorts {
                redfish: self.redfish_port,
                ipmi: self.ipmi_port,
                amt: self.amt_port,
            },
            seed: self.seed,
            certificate,
            faults: self.faults.shares(),
            ..FleetOptions::new(&self.user, password)
        })
    }
}

/// Runs the fleet and the cloud until SIGTERM or SIGINT.
pub(crate) async fn run(simulate: Simulate) -> Result<(), Error> {
    let mut signals = Signals::listen()?;
    let mut options = simulate.options()?;
    let account = (options.username.as_str(), options.password.as_str());
    let cloud = simulate.cloud.start(account, simulate.seed)?;
    if let Some((cloud, _)) = &cloud {
        options.hosts = cloud.machines();
    }
    let bmcs = simulate.redfish + simulate.ipmi + simulate.amt;
    // A cloud may be alone; nothing at all is refused by the fleet.
    let fleet = match &cloud {
        Some(_) if bmcs == 0 => None,
        _ => Some(Fleet::start(&options)?),
    };
    let mut list = String::new();
    let members = fleet.iter().flat_map(assay_sim::Fleet::members);
    let bmcs = members.map(|member| entry(member, &options));
    let clouds = cloud.iter().map(|(_, entry)| entry.clone());
    for entry in bmcs.chain(clouds) {
        list.push_str(&entry.to_string());
        list.push('\n');
    }
    if fleet.is_some() {
        notice(&format!(
            "This is a simulator, not hardware: {} Redfish, {} IPMI and {} Intel AMT BMCs, seed {}. Ctrl-C ends it.",
            simulate.redfish, simulate.ipmi, simulate.amt, simulate.seed
        ));
    }
    if let Some((cloud, _)) = &cloud {
        notice(&format!(
            "This is a simulator of OpenStack, not a cloud: OS_AUTH_URL={}. Ctrl-C ends it.",
            cloud.auth_url()
        ));
    }
    match &simulate.list {
        Some(file) => {
            write(file, &list)?;
            notice(&format!("Their list is in {}", file.display()));
        }
        None => print(&list),
    }
    while signals.next().await != Asked::End {}
    if let Some((cloud, _)) = cloud {
        cloud.stop().await;
    }
    match fleet {
        Some(fleet) => Ok(fleet.stop().await?),
        None => Ok(()),
    }
}

/// One BMC as the list has it.
fn entry(member: &Member, options: &FleetOptions) -> Value {
    let (bmc, protocol) = (&member.bmc, member.bmc.protocol());
    let machine = bmc.machine();
    let hardware = machine.hardware();
    let (address, port) = (bmc.address().ip().to_string(), bmc.address().port());
    let tls = match &options.certificate {
        Some(certificate) => json!({"fingerprint": certificate.fingerprint_text()}),
        None => json!("plain"),
    };
    let scheme = match (protocol.has_tls(), &options.certificate) {
        (false, _) => "ipmi",
        (true, Some(_)) => "https",
        (true, None) => "http",
    };
    json!({
        "name": hardware.name,
        "protocol": protocol.name(),
        "control_type": protocol.control_type(),
        "address": address,
        "port": port,
        "login": options.username,
        "password": options.password,
        "settings": if protocol.has_tls() { json!({"tls": tls}) } else { json!({}) },
        "url": format!("{scheme}://{address}:{port}"),
        "mac": hardware.boot_mac().map(|mac| mac.to_string()),
        "fault": member.fault.map(FleetFault::name),
    })
}

/// Puts a whole list into place, so that nobody reads half of it.
fn write(file: &Path, list: &str) -> Result<(), Error> {
    let beside = file.with_extension("part");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut part| part.write_all(list.as_bytes()))
        .and_then(|()| std::fs::rename(&beside, file));
    written.map_err(Error::io(file.display().to_string()))
}

/// The list alone goes to standard output. Whoever does not read it any more still has the fleet.
fn print(list: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(list.as_bytes()).and_then(|()| out.flush());
}

#[allow(
    clippy::print_stderr,
    reason = "what people read, beside the list for programs"
)]
fn notice(text: &str) {
    eprintln!("assay simulate: {text}");
}
