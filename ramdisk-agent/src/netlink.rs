//! Network links through rtnetlink(7): what they are, and setting them up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use assay_inventory::Mac;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkHeader,
    NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage, AddressScope};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteProtocol, RouteScope,
    RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::Error;
use crate::host::hex_digits;

const PATIENCE: Duration = Duration::from_secs(5);

/// A network link as the kernel describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// The kernel's number of it.
    pub index: u32,
    /// The kernel's name of it.
    pub name: String,
    /// Hardware address in use.
    pub address: Vec<u8>,
    /// Hardware address burnt in, when the driver tells.
    pub permanent: Option<Vec<u8>>,
    /// Is it switched on?
    pub is_up: bool,
    /// Is the cable alive?
    pub has_carrier: bool,
    /// First IPv4 address.
    pub ipv4: Option<Ipv4Addr>,
    /// First IPv6 address, one of global scope before others.
    pub ipv6: Option<Ipv6Addr>,
}

impl Link {
    /// The hardware address in use, when it has the form of a MAC.
    pub fn mac(&self) -> Option<Mac> {
        hardware_address(&self.address)
    }
}

/// A MAC out of the kernel's bytes: six of Ethernet, twenty of InfiniBand.
pub(crate) fn hardware_address(bytes: &[u8]) -> Option<Mac> {
    let text: Vec<String> = bytes.iter().map(|byte| hex_digits(&[*byte])).collect();
    text.join(":").parse().ok()
}

/// Every link with its addresses.
pub fn links() -> Result<Vec<Link>, Error> {
    let mut links: Vec<Link> = Vec::new();
    for message in ask(
        RouteNetlinkMessage::GetLink(LinkMessage::default()),
        NLM_F_DUMP,
    )? {
        if let RouteNetlinkMessage::NewLink(found) = message {
            links.push(link(&found));
        }
    }
    for message in ask(
        RouteNetlinkMessage::GetAddress(AddressMessage::default()),
        NLM_F_DUMP,
    )? {
        if let RouteNetlinkMessage::NewAddress(found) = message {
            let owner = links
                .iter_mut()
                .find(|link| link.index == found.header.index);
            if let Some(owner) = owner {
                add_known_address(owner, &found);
            }
        }
    }
    Ok(links)
}

/// Switches a link on, and lets it hear every multicast (which LLDP needs).
pub fn set_up(index: u32, all_multicast: bool) -> Result<(), Error> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.header.flags = LinkFlags::Up;
    if all_multicast {
        message.header.flags |= LinkFlags::Allmulti;
    }
    message.header.change_mask = message.header.flags;
    ask(RouteNetlinkMessage::SetLink(message), NLM_F_ACK).map(drop)
}

/// Gives a link an address.
pub fn add_address(index: u32, address: Ipv4Addr, prefix: u8) -> Result<(), Error> {
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.prefix_len = prefix;
    message.header.index = index;
    message.attributes = vec![
        AddressAttribute::Local(address.into()),
        AddressAttribute::Address(address.into()),
    ];
    if let Some(broadcast) = broadcast(address, prefix) {
        message
            .attributes
            .push(AddressAttribute::Broadcast(broadcast));
    }
    let flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
    ask(RouteNetlinkMessage::NewAddress(message), flags).map(drop)
}

/// Sends everything unknown through a gateway, which is taken to be on the
/// link even when the netmask denies it, as some providers configure it.
pub fn add_default_route(index: u32, gateway: Ipv4Addr) -> Result<(), Error> {
    let mut message = RouteMessage::default();
    message.header = RouteHeader {
        address_family: AddressFamily::Inet,
        table: RouteHeader::RT_TABLE_MAIN,
        protocol: RouteProtocol::Boot,
        scope: RouteScope::Universe,
        kind: RouteType::Unicast,
        flags: RouteFlags::Onlink,
        ..RouteHeader::default()
    };
    message.attributes = vec![
        RouteAttribute::Gateway(RouteAddress::Inet(gateway)),
        RouteAttribute::Oif(index),
    ];
    let flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
    ask(RouteNetlinkMessage::NewRoute(message), flags).map(drop)
}

fn link(message: &LinkMessage) -> Link {
    let mut link = Link {
        index: message.header.index,
        is_up: message.header.flags.contains(LinkFlags::Up),
        has_carrier: message.header.flags.contains(LinkFlags::LowerUp),
        ..Link::default()
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Address(bytes) => link.address.clone_from(bytes),
            LinkAttribute::PermAddress(bytes) => link.permanent = Some(bytes.clone()),
            _ => {}
        }
    }
    link
}

fn add_known_address(link: &mut Link, message: &AddressMessage) {
    // On a point-to-point link `Address` is the peer, and `Local` our own.
    let own = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            AddressAttribute::Local(address) => Some(*address),
            _ => None,
        });
    let any = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        });
    match own.or(any) {
        Some(IpAddr::V4(address)) => link.ipv4 = link.ipv4.or(Some(address)),
        Some(IpAddr::V6(address)) => {
            let is_global = message.header.scope == AddressScope::Universe;
            let is_better = link
                .ipv6
                .is_none_or(|known| is_global && known.is_unicast_link_local());
            if is_better {
                link.ipv6 = Some(address);
            }
        }
        None => {}
    }
}

fn broadcast(address: Ipv4Addr, prefix: u8) -> Option<Ipv4Addr> {
    let host_bits = u32::MAX
        .checked_shr(u32::from(prefix))
        .filter(|_| prefix < 31)?;
    Some(Ipv4Addr::from(u32::from(address) | host_bits))
}

/// Sends one request and gathers the answers until the kernel says it is done.
fn ask(request: RouteNetlinkMessage, flags: u16) -> Result<Vec<RouteNetlinkMessage>, Error> {
    let socket = open().map_err(Error::io("opening rtnetlink"))?;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    header.sequence_number = 1;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(request));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    let kernel = SocketAddrNetlink::new(0, 0);
    rustix::net::sendto(&socket, &bytes, SendFlags::empty(), &kernel)
        .map_err(Error::io("asking rtnetlink"))?;

    let mut answers = Vec::new();
    let mut buffer = vec![0u8; 64 * 1024];
    loop {
        let (length, _) = rustix::net::recv(&socket, buffer.as_mut_slice(), RecvFlags::empty())
            .map_err(Error::io("hearing rtnetlink"))?;
        if take_messages(&buffer[..length], &mut answers)? {
            return Ok(answers);
        }
    }
}

fn open() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    let family = rustix::net::AddressFamily::NETLINK;
    let socket = rustix::net::socket_with(family, SocketType::RAW, flags, None)?;
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    Ok(socket)
}

/// Takes the messages of one datagram; true when the last one ends the answer.
fn take_messages(mut rest: &[u8], answers: &mut Vec<RouteNetlinkMessage>) -> Result<bool, Error> {
    while !rest.is_empty() {
        let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
            .map_err(|error| Error::Malformed(format!("rtnetlink: {error}")))?;
        let length = usize::try_from(message.header.length)
            .unwrap_or(0)
            .next_multiple_of(4);
        match message.payload {
            NetlinkPayload::Done(_) => return Ok(true),
            NetlinkPayload::Error(answer) => {
                return match answer.code {
                    None => Ok(true),
                    Some(_) => Err(Error::io("rtnetlink")(answer.to_io())),
                };
            }
            NetlinkPayload::InnerMessage(found) => answers.push(found),
            _ => {}
        }
        if length == 0 {
            return Err(Error::Malformed("rtnetlink: empty message".to_owned()));
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_found_with_its_address() {
        let links = links().unwrap();
        let loopback = links.iter().find(|link| link.name == "lo").unwrap();
        assert_eq!(loopback.index, 1);
        assert!(!loopback.is_up || loopback.ipv4 == Some(Ipv4Addr::LOCALHOST));
    }

    #[test]
    fn broadcast_addresses_follow_the_prefix() {
        let address = Ipv4Addr::new(10, 0, 2, 15);
        assert_eq!(broadcast(address, 24), Some(Ipv4Addr::new(10, 0, 2, 255)));
        assert_eq!(broadcast(address, 0), Some(Ipv4Addr::BROADCAST));
        assert_eq!(
            (broadcast(address, 31), broadcast(address, 32)),
            (None, None)
        );
    }

    #[test]
    fn truncated_answers_are_refused() {
        let mut answers = Vec::new();
        assert!(take_messages(&[1, 0, 0], &mut answers).is_err());
        assert!(take_messages(&[0; 16], &mut answers).is_err());
    }
}
