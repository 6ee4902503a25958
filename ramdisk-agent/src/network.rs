//! Bringing the network up in the ramdisk: with the boot loader's lease when
//! the kernel line tells it, else by DHCP.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;
use crate::dhcp::{self, Lease, prefix_length};
use crate::log::Log;
use crate::netlink::{self, Link};
use crate::settings::Settings;

const POLL: Duration = Duration::from_millis(50);
/// How long one link is asked for a lease before the next has its turn.
const TURN: Duration = Duration::from_secs(12);

/// The kernel's `ip=` parameter: `client:server:gateway:netmask:host:device:autoconf`
/// (the kernel's nfsroot.rst). Only an address that is told counts; for
/// anything else the agent asks DHCP itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelAddress {
    /// The address and where it leads.
    pub lease: Lease,
    /// The link to use, by the kernel's name; else the one that booted.
    pub device: Option<String>,
}

impl KernelAddress {
    /// `None` when no usable address is told.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let part = |at: usize| parts.get(at).copied().unwrap_or("");
        let address: Ipv4Addr = part(0).parse().ok()?;
        if address.is_unspecified() {
            return None;
        }
        let mask = part(3)
            .parse()
            .ok()
            .unwrap_or(Ipv4Addr::new(255, 255, 255, 0));
        let gateway = part(2).parse().ok();
        Some(Self {
            lease: Lease {
                address,
                prefix: prefix_length(mask),
                gateway: gateway.filter(|gateway: &Ipv4Addr| !gateway.is_unspecified()),
                nameservers: [part(7), part(8)]
                    .iter()
                    .filter_map(|ip| ip.parse().ok())
                    .collect(),
            },
            device: Some(part(5).to_owned()).filter(|name| !name.is_empty()),
        })
    }
}

/// Switches every link on and gets an address for one of them, within
/// `network_timeout`. Writes the DNS servers to `resolv_conf`.
pub fn bring_up(
    settings: &Settings,
    mut hardware: impl FnMut() -> Vec<String>,
    resolv_conf: &Path,
    log: &Log,
) -> Result<(), Error> {
    let deadline = Instant::now() + settings.network_timeout;
    let (link, lease) = match told(settings, &mut hardware, log)? {
        Some(found) => found,
        None => ask_around(settings, &mut hardware, deadline, log)?,
    };
    log.note(format!(
        "network: {} on {}, gateway {:?}",
        lease.address, link.name, lease.gateway
    ));
    netlink::add_address(link.index, lease.address, lease.prefix)?;
    if let Some(gateway) = lease.gateway {
        netlink::add_default_route(link.index, gateway)?;
    }
    let own = lease.nameservers.iter().copied().map(IpAddr::V4);
    let servers: Vec<IpAddr> = settings.nameservers.iter().copied().chain(own).collect();
    std::fs::write(resolv_conf, resolver_text(&servers)).map_err(Error::io("resolv.conf"))
}

/// The boot loader's lease and the card it is for; `None` when the kernel line
/// tells none, or the card does not come within half of the time, for lack of
/// a driver, say.
fn told(
    settings: &Settings,
    hardware: &mut impl FnMut() -> Vec<String>,
    log: &Log,
) -> Result<Option<(Link, Lease)>, Error> {
    let Some(address) = &settings.address else {
        return Ok(None);
    };
    let deadline = Instant::now() + settings.network_timeout / 2;
    let wanted = |link: &Link| is_wanted(link, address.device.as_deref(), settings);
    let link = wait_for_link(hardware, wanted, deadline, log)?;
    Ok(link.map(|link| (link, address.lease.clone())))
}

/// By name, else by the MAC that booted; any link when neither is told.
fn is_wanted(link: &Link, device: Option<&str>, settings: &Settings) -> bool {
    match (device, settings.boot_interface) {
        (Some(name), _) => link.name == name,
        (None, Some(mac)) => link.mac() == Some(mac),
        (None, None) => true,
    }
}

/// Waits for a link with carrier that is wanted; switches on whatever appears.
fn wait_for_link(
    hardware: &mut impl FnMut() -> Vec<String>,
    wanted: impl Fn(&Link) -> bool,
    deadline: Instant,
    log: &Log,
) -> Result<Option<Link>, Error> {
    loop {
        let links = switch_on(hardware, log)?;
        let found = links.iter().find(|link| wanted(link) && link.has_carrier);
        if found.is_some() {
            return Ok(found.cloned());
        }
        if Instant::now() >= deadline {
            let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
            log.note(format!(
                "network: the card that booted is absent or has no carrier; cards: {}",
                names.join(" ")
            ));
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// Asks for a lease on every link with carrier, the one that booted first,
/// again and again.
fn ask_around(
    settings: &Settings,
    hardware: &mut impl FnMut() -> Vec<String>,
    deadline: Instant,
    log: &Log,
) -> Result<(Link, Lease), Error> {
    let mut last = Error::Network("no card has carrier".to_owned());
    while Instant::now() < deadline {
        let mut links = switch_on(hardware, log)?;
        links.retain(|link| link.has_carrier);
        links.sort_by_key(|link| link.mac() != settings.boot_interface);
        for link in links {
            match dhcp::acquire(&link, deadline.min(Instant::now() + TURN)) {
                Ok(lease) => return Ok((link, lease)),
                Err(error) => {
                    log.note(format!("network: {error}"));
                    last = error;
                }
            }
        }
        thread::sleep(POLL);
    }
    Err(last)
}

/// Switches every card on and tells how all of them are.
fn switch_on(hardware: &mut impl FnMut() -> Vec<String>, log: &Log) -> Result<Vec<Link>, Error> {
    let names = hardware();
    let mut links = netlink::links()?;
    for link in links.iter().filter(|link| link.name == "lo" && !link.is_up) {
        netlink::set_up(link.index, false)?;
    }
    links.retain(|link| names.contains(&link.name));
    for link in links.iter().filter(|link| !link.is_up) {
        match netlink::set_up(link.index, true) {
            Ok(()) => log.note(format!("network: switched {} on", link.name)),
            Err(error) => log.note(format!("network: {}: {error}", link.name)),
        }
    }
    Ok(links)
}

fn resolver_text(servers: &[IpAddr]) -> String {
    servers.iter().fold(String::new(), |mut text, server| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "nameserver {server}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_boot_loaders_lease_is_understood() {
        let address = KernelAddress::parse("10.0.2.15::10.0.2.2:255.255.255.0:::none").unwrap();
        assert_eq!(address.lease.address, Ipv4Addr::new(10, 0, 2, 15));
        assert_eq!(address.lease.prefix, 24);
        assert_eq!(address.lease.gateway, Some(Ipv4Addr::new(10, 0, 2, 2)));
        assert_eq!(address.device, None);
        let address = KernelAddress::parse("192.0.2.9::::node:eth1:off:192.0.2.53").unwrap();
        assert_eq!((address.lease.prefix, address.lease.gateway), (24, None));
        assert_eq!(address.device.as_deref(), Some("eth1"));
        assert_eq!(address.lease.nameservers, [Ipv4Addr::new(192, 0, 2, 53)]);
    }

    #[test]
    fn what_tells_no_address_means_dhcp() {
        for text in [
            "",
            "dhcp",
            "0.0.0.0::::::none",
            "::::::dhcp",
            ":::::eth0:dhcp",
        ] {
            assert_eq!(KernelAddress::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9a-z.:]{0,60}|\\PC{0,20}") {
            KernelAddress::parse(&text);
        }
    }
}
