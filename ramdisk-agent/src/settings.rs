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
//! | `assay.ca=` | base64url of the CA certificate's DER | none |
//! | `assay.insecure=1` | https without checking the server | off |
//! | `assay.collect-timeout=` | seconds a collector may take | 60 |
//! | `assay.settle-timeout=` | seconds to wait for disks to appear | 30 |
//! | `assay.network-timeout=` | seconds to wait for an address | 120 |
//! | `assay.post-attempts=` | attempts to deliver the report | 30 |
//! | `assay.reboot-after=` | seconds from a fatal error to the reboot, 0: never | 300 |
//! | `ipa-collect-lldp=1` | wait for LLDP frames | off |
//! | `ipa-lldp-timeout=` | seconds to wait for them at most | 30 |
//! | `ipa-debug=1` | show every log line on the console | off |

use std::net::IpAddr;
use std::time::Duration;

use assay_inventory::{Mac, RootDeviceHints};
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};

use crate::Error;
use crate::kernel_line::KernelLine;
use crate::network::KernelAddress;

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
}

impl Settings {
    /// Reads the kernel line; an error names the parameter that is wrong.
    pub fn from_kernel_line(line: &KernelLine) -> Result<Self, Error> {
        let text = |name: &str| line.get(name).filter(|value| !value.is_empty());
        let seconds = |name, default| Ok(Duration::from_secs(number(line, name, default)?));
        Ok(Self {
            callback_url: text("ipa-inspection-callback-url").map(str::to_owned),
            phase_url: text("assay.phase-url").map(|url| url.trim_end_matches('/').to_owned()),
            boot_interface: text("BOOTIF").map(mac).transpose()?,
            address: text("ip").and_then(KernelAddress::parse),
            nameservers: nameservers(line)?,
            root_device: text("root_device").map(hints).transpose()?,
            ca: text("assay.ca").map(certificate).transpose()?,
            insecure: line.is_on("assay.insecure"),
            collect_timeout: seconds("assay.collect-timeout", 60)?,
            settle_timeout: seconds("assay.settle-timeout", 30)?,
            network_timeout: seconds("assay.network-timeout", 120)?,
            post_attempts: u32::try_from(number(line, "assay.post-attempts", 30)?.max(1))
                .unwrap_or(u32::MAX),
            reboot_after: Some(seconds("assay.reboot-after", 300)?)
                .filter(|delay| !delay.is_zero()),
            lldp: Some(seconds("ipa-lldp-timeout", 30)?).filter(|_| line.is_on("ipa-collect-lldp")),
        })
    }
}

fn wrong(name: &str, reason: impl std::fmt::Display) -> Error {
    Error::KernelLine(format!("{name}: {reason}"))
}

fn number(line: &KernelLine, name: &str, default: u64) -> Result<u64, Error> {
    match line.get(name) {
        None | Some("") => Ok(default),
        // A week: longer waits are typing errors, and far from any overflow.
        Some(text) => match text.parse() {
            Ok(value) if value <= 604_800 => Ok(value),
            _ => Err(wrong(
                name,
                format_args!("{text:?} is not a number up to 604800"),
            )),
        },
    }
}

fn mac(text: &str) -> Result<Mac, Error> {
    text.parse().map_err(|error| wrong("BOOTIF", error))
}

fn hints(text: &str) -> Result<RootDeviceHints, Error> {
    RootDeviceHints::from_kernel_argument(text).map_err(|error| wrong("root_device", error))
}

fn nameservers(line: &KernelLine) -> Result<Vec<IpAddr>, Error> {
    line.all("nameserver")
        .filter(|text| !text.is_empty())
        .map(|text| {
            let bare = text.trim_start_matches('[').trim_end_matches(']');
            bare.parse()
                .map_err(|_| wrong("nameserver", format_args!("{text:?} is no IP address")))
        })
        .collect()
}

fn certificate(text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .map_err(|error| wrong("assay.ca", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<Settings, Error> {
        Settings::from_kernel_line(&KernelLine::parse(line))
    }

    #[test]
    fn the_boot_scripts_line_is_understood() {
        let settings = read(
            "ipa-inspection-callback-url=http://10.0.2.2:80/v1/continue?nonce=x \
             assay.phase-url=http://10.0.2.2:80/p/ BOOTIF=01-52-54-00-12-34-56 \
             ip=10.0.2.15::10.0.2.2:255.255.255.0:::none nameserver=10.0.2.3 \
             assay.ca=AQID console=ttyS0 quiet assay.collect-timeout=9 assay.reboot-after=0",
        )
        .unwrap();
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
    fn what_is_wrong_is_named() {
        for (line, name) in [
            ("assay.collect-timeout=soon", "assay.collect-timeout"),
            ("BOOTIF=me", "BOOTIF"),
            ("root_device=color=red", "root_device"),
            ("nameserver=one", "nameserver"),
            ("assay.ca=*", "assay.ca"),
        ] {
            let error = read(line).err().unwrap().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(text in "((ip|BOOTIF|root_device|assay\\.ca|nameserver|ipa-lldp-timeout)=\\PC{0,20} ?){0,6}") {
            let _ = read(&text);
        }
    }
}
