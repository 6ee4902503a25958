//! What the kernel line tells the agent to do.
//!
//! | parameter | meaning | default |
//! |---|---|---|
//! | `ipa-inspection-callback-url=` | where to POST the report | required |
//! | `assay.phase-url=` | where to POST `/agent` and `/collectors` | none |
//! | `BOOTIF=` | MAC of the card that booted, `01-` in front | none |
//! | `ip=` | `client::gateway:netmask:host:device:autoconf` | DHCP |
//! | `nameserver=` | DNS server, repeatable | DHCP's |
//! | `root_device=` | root device hints | smallest disk of 4 GiB |
//! | `assay.ca=` | base64url of the CA certificate's DER; a kernel line has 2048 bytes in all, so prefer an EC key | none |
//! | `assay.insecure=1` | https without checking the server | off |
//! | `assay.collect-timeout=` | seconds a collector may take | 60 |
//! | `assay.settle-timeout=` | seconds to wait for disks to appear | 30 |
//! | `assay.network-timeout=` | seconds to wait for an address | 120 |
//! | `assay.post-attempts=` | attempts to deliver the report | 30 |
//! | `assay.reboot-after=` | seconds from a fatal error to the reboot, 0: never | 300 |
//! | `ipa-collect-lldp=1` | wait for LLDP frames | off |
//! | `ipa-lldp-timeout=` | seconds to wait for them at most | 30 |
//! | `ipa-debug=1` | show every log line on the console | off |

use std::fmt::Display;
use std::net::IpAddr;
use std::time::Duration;

use assay_inventory::{Mac, RootDeviceHints};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::kernel_line::KernelLine;
use crate::network::KernelAddress;

/// Longer waits are typing errors, and far from any overflow.
const A_WEEK: u64 = 604_800;

/// The agent's settings.
#[derive(Clone)]
pub struct Settings {
    /// Where the report goes.
    pub callback_url: Option<String>,
    /// Where phases are announced.
    pub phase_url: Option<String>,
    /// MAC of the card that booted.
    pub boot_interface: Option<Mac>,
    /// Address of the boot loader.
    pub address: Option<KernelAddress>,
    /// DNS servers.
    pub nameservers: Vec<IpAddr>,
    /// Which disk to install to.
    pub root_device: Option<RootDeviceHints>,
    /// What is wrong with the hints; then the choice of a disk is no choice.
    pub root_device_problem: Option<String>,
    /// CA certificate to trust, as DER.
    pub ca: Option<Vec<u8>>,
    /// Trust any server.
    pub insecure: bool,
    /// Longest time for one collector.
    pub collect_timeout: Duration,
    /// Longest time for disks to settle.
    pub settle_timeout: Duration,
    /// Longest time to get an address.
    pub network_timeout: Duration,
    /// Most attempts to deliver the report.
    pub post_attempts: u32,
    /// From a fatal error to the reboot; `None`: never.
    pub reboot_after: Option<Duration>,
    /// How long to wait for LLDP frames; `None`: not at all.
    pub lldp: Option<Duration>,
    /// What is wrong with the kernel line.
    pub problems: Vec<String>,
}

impl Settings {
    /// Reads the kernel line. What is wrong is named in `problems`, and taken
    /// as absent: a machine that reports with a default is worth more than one
    /// that is never heard of.
    pub fn from_kernel_line(line: &KernelLine) -> Self {
        let mut reader = Reader {
            line,
            problems: Vec::new(),
        };
        let root_device = reader.read("root_device", RootDeviceHints::from_kernel_argument);
        Self {
            root_device_problem: reader.problems.first().cloned(),
            root_device,
            callback_url: reader
                .text("ipa-inspection-callback-url")
                .map(str::to_owned),
            phase_url: reader
                .text("assay.phase-url")
                .map(|url| url.trim_end_matches('/').to_owned()),
            boot_interface: reader.read("BOOTIF", str::parse::<Mac>),
            address: reader.text("ip").and_then(KernelAddress::parse),
            nameservers: reader.nameservers(),
            ca: reader.read("assay.ca", certificate),
            insecure: line.is_on("assay.insecure"),
            collect_timeout: reader.seconds("assay.collect-timeout", 60),
            settle_timeout: reader.seconds("assay.settle-timeout", 30),
            network_timeout: reader.seconds("assay.network-timeout", 120),
            post_attempts: u32::try_from(reader.number("assay.post-attempts", 30).max(1))
                .unwrap_or(u32::MAX),
            reboot_after: Some(reader.seconds("assay.reboot-after", 300))
                .filter(|delay| !delay.is_zero()),
            lldp: Some(reader.seconds("ipa-lldp-timeout", 30))
                .filter(|_| line.is_on("ipa-collect-lldp")),
            problems: reader.problems,
        }
    }
}

/// Reads parameters and remembers what is wrong with them.
struct Reader<'a> {
    line: &'a KernelLine,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.line.get(name).filter(|value| !value.is_empty())
    }

    fn read<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<T> {
        self.keep(name, parse(self.text(name)?))
    }

    fn keep<T, E: Display>(&mut self, name: &str, outcome: Result<T, E>) -> Option<T> {
        outcome
            .map_err(|error| self.problems.push(format!("kernel line: {name}: {error}")))
            .ok()
    }

    fn number(&mut self, name: &str, default: u64) -> u64 {
        let parse = |text: &str| match text.parse() {
            Ok(value) if value <= A_WEEK => Ok(value),
            _ => Err(format!("{text:?} is not a number up to {A_WEEK}")),
        };
        self.read(name, parse).unwrap_or(default)
    }

    fn seconds(&mut self, name: &str, default: u64) -> Duration {
        Duration::from_secs(self.number(name, default))
    }

    fn nameservers(&mut self) -> Vec<IpAddr> {
        let mut servers = Vec::new();
        for text in self.line.all("nameserver").filter(|text| !text.is_empty()) {
            let bare = text.trim_matches(['[', ']']);
            servers.extend(self.keep("nameserver", bare.parse::<IpAddr>()));
        }
        servers
    }
}

fn certificate(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Settings {
        Settings::from_kernel_line(&KernelLine::parse(line))
    }

    #[test]
    fn the_boot_scripts_line_is_understood() {
        let settings = read(
            "ipa-inspection-callback-url=http://10.0.2.2:80/v1/continue?nonce=x \
             assay.phase-url=http://10.0.2.2:80/p/ BOOTIF=01-52-54-00-12-34-56 \
             ip=10.0.2.15::10.0.2.2:255.255.255.0:::none nameserver=10.0.2.3 \
             assay.ca=AQID console=ttyS0 quiet assay.collect-timeout=9 assay.reboot-after=0",
        );
        assert_eq!(
            settings.callback_url.as_deref(),
            Some("http://10.0.2.2:80/v1/continue?nonce=x")
        );
        assert_eq!(settings.phase_url.as_deref(), Some("http://10.0.2.2:80/p"));
        assert_eq!(
            settings.boot_interface.unwrap().to_string(),
            "52:54:00:12:34:56"
        );
        assert_eq!(
            settings.nameservers,
            ["10.0.2.3".parse::<IpAddr>().unwrap()]
        );
        assert_eq!(settings.ca, Some(vec![1, 2, 3]));
        assert_eq!(settings.collect_timeout, Duration::from_secs(9));
        assert!(
            settings.reboot_after.is_none()
                && settings.address.is_some()
                && settings.lldp.is_none()
        );
    }

    #[test]
    fn what_is_wrong_is_named_and_taken_as_absent() {
        for (line, name) in [
            ("assay.collect-timeout=soon", "assay.collect-timeout"),
            ("assay.settle-timeout=999999999999", "assay.settle-timeout"),
            ("BOOTIF=me", "BOOTIF"),
            ("root_device=color=red", "root_device"),
            ("nameserver=one", "nameserver"),
            ("assay.ca=*", "assay.ca"),
        ] {
            let settings = read(line);
            assert_eq!(settings.problems.len(), 1, "{line}");
            assert!(
                settings.problems[0].contains(name),
                "{:?}",
                settings.problems
            );
            assert_eq!(
                settings.root_device_problem.is_some(),
                name == "root_device"
            );
            assert_eq!(settings.collect_timeout, Duration::from_mins(1));
        }
        assert_eq!(
            read("nameserver=one nameserver=[2001:db8::1]")
                .nameservers
                .len(),
            1
        );
    }

    proptest! {
        #[test]
        fn no_line_panics(text in "((ip|BOOTIF|root_device|assay\\.ca|nameserver|ipa-lldp-timeout)=\\PC{0,20} ?){0,6}") {
            let _ = read(&text);
        }
    }
}
