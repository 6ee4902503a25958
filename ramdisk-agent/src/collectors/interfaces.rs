//! Network interfaces of real hardware, from sysfs and rtnetlink.

use std::path::Path;

use assay_inventory::{Interface, LldpTlv, Mac};

use super::{Collector, Found, into_inventory};
use crate::Error;
use crate::host::{self, Host};
use crate::netlink::{Link, hardware_address};

/// `ARPHRD_INFINIBAND` of the kernel's `if_arp.h`.
const INFINIBAND: u32 = 32;
/// What InfiniBand's boot firmware puts before the port GUID in its DHCP
/// client identifier (RFC 4390: type 255, then an identity of its own).
const CLIENT_ID_PREFIX: &str = "ff:00:00:00:00:00:02:00:00:02:c9:00:";

pub(super) struct Interfaces;

impl Collector for Interfaces {
    fn name(&self) -> &'static str {
        "interfaces"
    }

    fn is_essential(&self) -> bool {
        true
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let folder = host.sys("class/net");
        let links = (host.links)().unwrap_or_else(|error| {
            host.log
                .note(format!("interfaces: no answer from rtnetlink: {error}"));
            Vec::new()
        });
        let interfaces = hardware_names(host)
            .iter()
            .map(|name| {
                let link = links.iter().find(|link| link.name == *name);
                let heard = host.lldp.as_ref().map(|heard| heard.tlvs(name));
                interface(&folder.join(name), name, link, heard)
            })
            .collect();
        Ok(into_inventory(|inventory| {
            inventory.interfaces = interfaces;
        }))
    }
}

/// Interfaces with a device behind them, which bridges, bonds, VLANs,
/// containers' ends and the loopback do not have.
pub(crate) fn hardware_names(host: &Host) -> Vec<String> {
    let folder = host.sys("class/net");
    let mut names = host::names(&folder);
    names.retain(|name| folder.join(name).join("device").exists());
    names
}

fn interface(
    folder: &Path,
    name: &str,
    link: Option<&Link>,
    lldp: Option<Vec<LldpTlv>>,
) -> Interface {
    let fact = |file: &str| host::text(folder.join(file));
    let address = fact("address");
    let mac = address.as_deref().and_then(|text| text.parse::<Mac>().ok());
    let infiniband = host::number::<u32>(folder.join("type")) == Some(INFINIBAND);
    let device = folder.join("device");
    Interface {
        name: Some(name.to_owned()),
        mac_address: mac.map(|mac| mac.to_string()),
        permanent_mac_address: link
            .and_then(|link| link.permanent.as_deref())
            .and_then(hardware_address)
            .map(|mac| mac.to_string()),
        ipv4_address: link.and_then(|link| link.ipv4).map(|ip| ip.to_string()),
        ipv6_address: link.and_then(|link| link.ipv6).map(|ip| ip.to_string()),
        // The kernel refuses to tell while the interface is down.
        has_carrier: host::number::<u8>(folder.join("carrier")).map(|carrier| carrier == 1),
        lldp,
        vendor: fact("device/vendor"),
        product: fact("device/device"),
        client_id: address
            .filter(|_| infiniband)
            .and_then(|text| client_id(&text)),
        biosdevname: None,
        // -1 stands for unknown.
        speed_mbps: host::number::<i64>(folder.join("speed")).and_then(|s| u64::try_from(s).ok()),
        pci_address: host::pci_address(&device),
        driver: host::link_name(device.join("driver")),
    }
}

/// The port GUID is the last eight of the address's twenty bytes.
fn client_id(address: &str) -> Option<String> {
    let guid = address.get(36..).filter(|_| address.len() == 59)?;
    Some(format!("{CLIENT_ID_PREFIX}{guid}"))
}
