//! Addresses of the BMC, asked from the BMC itself.

use std::net::{Ipv4Addr, Ipv6Addr};

use assay_inventory::Mac;

use super::{Collector, Found, into_inventory};
use crate::Error;
use crate::host::Host;
use crate::ipmi::Ipmi;

/// IPMI 2.0, section 23.2: Get LAN Configuration Parameters.
const TRANSPORT: u8 = 0x0c;
const GET_LAN_PARAMETERS: u8 = 0x02;
/// IPMI 2.0, table 23-4: IP address, MAC address, static and dynamic IPv6 addresses.
const IP_ADDRESS: u8 = 3;
const MAC_ADDRESS: u8 = 5;
const IPV6_STATIC: u8 = 56;
const IPV6_DYNAMIC: u8 = 59;
/// IPMI 2.0, table 6-1: channels that can be a LAN.
const CHANNELS: std::ops::RangeInclusive<u8> = 1..=0x0b;

pub(super) struct Bmc;

/// What the BMC says of its LAN channels.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lan {
    ipv4: Option<Ipv4Addr>,
    ipv6: Option<Ipv6Addr>,
    mac: Option<Mac>,
}

impl Collector for Bmc {
    fn name(&self) -> &'static str {
        "bmc"
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let lan = match Ipmi::open(&host.dev) {
            Some(mut ipmi) => search(|channel, parameter, set| {
                let request = [channel, parameter, set, 0];
                ipmi.command(TRANSPORT, GET_LAN_PARAMETERS, &request)
            })?,
            None => Lan::default(),
        };
        Ok(into_inventory(move |inventory| {
            inventory.bmc_address = lan.ipv4.map(|ip| ip.to_string());
            inventory.bmc_v6address = lan.ipv6.map(|ip| ip.to_string());
            inventory.bmc_mac = lan.mac.map(|mac| mac.to_string());
        }))
    }
}

/// Takes each fact from the first channel that has it: boards number their
/// dedicated and shared ports differently, and leave unused ones at zero.
fn search(mut ask: impl FnMut(u8, u8, u8) -> Result<Option<Vec<u8>>, Error>) -> Result<Lan, Error> {
    let mut lan = Lan::default();
    for channel in CHANNELS {
        // The first byte of each answer is the parameter's revision.
        let mut bytes = |parameter, set| {
            ask(channel, parameter, set).map(|answer| Some(answer?.get(1..)?.to_vec()))
        };
        let Some(address) = bytes(IP_ADDRESS, 0)? else {
            continue;
        };
        let ipv4 = ipv4(&address);
        let ipv6 = match ipv6(bytes(IPV6_STATIC, 0)?) {
            Some(found) => Some(found),
            None => ipv6(bytes(IPV6_DYNAMIC, 0)?),
        };
        if lan.mac.is_none() && (ipv4.is_some() || ipv6.is_some()) {
            lan.mac = bytes(MAC_ADDRESS, 0)?.and_then(|raw| mac(&raw));
        }
        lan.ipv4 = lan.ipv4.or(ipv4);
        lan.ipv6 = lan.ipv6.or(ipv6);
        if lan.ipv4.is_some() && lan.ipv6.is_some() {
            break;
        }
    }
    Ok(lan)
}

fn ipv4(raw: &[u8]) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = raw.get(..4)?.try_into().ok()?;
    Some(Ipv4Addr::from(octets)).filter(|ip| !ip.is_unspecified() && !ip.is_broadcast())
}

/// Set selector, source and state, then the address (IPMI 2.0, table 23-4).
fn ipv6(raw: Option<Vec<u8>>) -> Option<Ipv6Addr> {
    let octets: [u8; 16] = raw?.get(2..18)?.try_into().ok()?;
    Some(Ipv6Addr::from(octets)).filter(|ip| !ip.is_unspecified())
}

fn mac(raw: &[u8]) -> Option<Mac> {
    let bytes: [u8; 6] = raw.get(..6)?.try_into().ok()?;
    Some(Mac::new(bytes)).filter(|mac| mac.is_unicast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_channel_with_an_address_is_taken() {
        let lan = search(|channel, parameter, _| {
            Ok(match (channel, parameter) {
                (2, IP_ADDRESS) => Some(vec![0x11, 0, 0, 0, 0]),
                (2, MAC_ADDRESS) => Some(vec![0x11, 2, 2, 2, 2, 2, 2]),
                (8, IP_ADDRESS) => Some(vec![0x11, 192, 0, 2, 7]),
                (8, MAC_ADDRESS) => Some(vec![0x11, 0x52, 0x54, 0, 0, 0, 8]),
                (8, IPV6_DYNAMIC) => {
                    let address: Ipv6Addr = "2001:db8::8".parse().unwrap();
                    Some([&[0x11, 0, 1][..], &address.octets(), &[64, 0]].concat())
                }
                _ => None,
            })
        })
        .unwrap();
        assert_eq!(lan.ipv4, Some(Ipv4Addr::new(192, 0, 2, 7)));
        assert_eq!(lan.ipv6, Some("2001:db8::8".parse().unwrap()));
        assert_eq!(lan.mac.unwrap().to_string(), "52:54:00:00:00:08");
    }

    #[test]
    fn short_answers_are_no_facts() {
        let lan = search(|_, _, _| Ok(Some(vec![0x11]))).unwrap();
        assert_eq!(lan, Lan::default());
        let lan = search(|_, _, _| Ok(Some(Vec::new()))).unwrap();
        assert_eq!(lan, Lan::default());
    }
}
