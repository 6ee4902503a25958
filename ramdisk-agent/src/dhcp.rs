//! A DHCP client (RFC 2131) for machines whose boot loader told no address.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use dhcproto::v4::{DhcpOption, Flags, Message, MessageType, Opcode, OptionCode};
use dhcproto::{Decodable, Decoder, Encodable, Encoder};

use crate::Error;
use crate::backoff::{Backoff, random_u32};
use crate::netlink::Link;
use crate::packet::{IPV4, PacketSocket, udp_packet, udp_payload};

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;

/// What a DHCP server granted. It is not renewed: the machine is switched off
/// or rebooted long before it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Our address.
    pub address: Ipv4Addr,
    /// Length of the network's prefix, 0 to 32.
    pub prefix: u8,
    /// The router.
    pub gateway: Option<Ipv4Addr>,
    /// DNS servers.
    pub nameservers: Vec<Ipv4Addr>,
}

/// Asks on one link until a server grants an address or the deadline passes.
/// Works on Ethernet; needs the right to open raw sockets.
pub fn acquire(link: &Link, deadline: Instant) -> Result<Lease, Error> {
    let nobody = || Error::Network(format!("no DHCP server answered on {}", link.name));
    let mac = link
        .mac()
        .ok_or_else(|| Error::Network(format!("{} has no MAC address", link.name)))?;
    let client = Client {
        socket: PacketSocket::open(IPV4, link.index)?,
        mac: mac.bytes(),
        transaction: random_u32(),
    };
    let mut backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(16));
    while Instant::now() < deadline {
        let until = (Instant::now() + backoff.wait()).min(deadline);
        if let Some(lease) = client.attempt(until)? {
            return Ok(lease);
        }
    }
    Err(nobody())
}

struct Client {
    socket: PacketSocket,
    mac: [u8; 6],
    transaction: u32,
}

impl Client {
    /// One round of discover, offer, request and acknowledgement.
    fn attempt(&self, until: Instant) -> Result<Option<Lease>, Error> {
        self.send(MessageType::Discover, &[])?;
        let Some(offer) = self.hear(&[MessageType::Offer], until)? else {
            return Ok(None);
        };
        let mut wanted = vec![DhcpOption::RequestedIpAddress(offer.yiaddr())];
        if let Some(DhcpOption::ServerIdentifier(server)) =
            offer.opts().get(OptionCode::ServerIdentifier)
        {
            wanted.push(DhcpOption::ServerIdentifier(*server));
        }
        self.send(MessageType::Request, &wanted)?;
        let answers = [MessageType::Ack, MessageType::Nak];
        Ok(self
            .hear(&answers, until)?
            .and_then(|answer| lease(&answer)))
    }

    fn send(&self, kind: MessageType, options: &[DhcpOption]) -> Result<(), Error> {
        let mut message = Message::default();
        message
            .set_opcode(Opcode::BootRequest)
            .set_xid(self.transaction)
            // We have no address yet to which an answer could be sent.
            .set_flags(Flags::default().set_broadcast())
            .set_chaddr(&self.mac);
        let all = message.opts_mut();
        all.insert(DhcpOption::MessageType(kind));
        all.insert(DhcpOption::ParameterRequestList(vec![
            OptionCode::SubnetMask,
            OptionCode::Router,
            OptionCode::DomainNameServer,
        ]));
        for option in options {
            all.insert(option.clone());
        }
        let mut bytes = Vec::new();
        message
            .encode(&mut Encoder::new(&mut bytes))
            .map_err(|error| Error::Malformed(format!("dhcp: {error}")))?;
        let from = (Ipv4Addr::UNSPECIFIED, CLIENT_PORT);
        let to = (Ipv4Addr::BROADCAST, SERVER_PORT);
        self.socket.broadcast(&udp_packet(from, to, &bytes)?)
    }

    /// The next answer of these kinds to us.
    fn hear(&self, kinds: &[MessageType], until: Instant) -> Result<Option<Message>, Error> {
        while let Some(packet) = self.socket.receive(until)? {
            let Some(payload) = udp_payload(&packet, CLIENT_PORT) else {
                continue;
            };
            let answer = Message::decode(&mut Decoder::new(payload))
                .ok()
                .filter(|message| {
                    message.opcode() == Opcode::BootReply
                        && message.xid() == self.transaction
                        && message.chaddr() == self.mac
                        && message
                            .opts()
                            .msg_type()
                            .is_some_and(|kind| kinds.contains(&kind))
                });
            if answer.is_some() {
                return Ok(answer);
            }
        }
        Ok(None)
    }
}

/// `None` for a refusal, or an answer without an address.
fn lease(message: &Message) -> Option<Lease> {
    let address = message.yiaddr();
    let granted = message.opts().msg_type() == Some(MessageType::Ack);
    if !granted || address.is_unspecified() {
        return None;
    }
    let option = |code| message.opts().get(code);
    let mask = match option(OptionCode::SubnetMask) {
        Some(DhcpOption::SubnetMask(mask)) => *mask,
        _ => Ipv4Addr::new(255, 255, 255, 0),
    };
    Some(Lease {
        address,
        prefix: prefix_length(mask),
        gateway: match option(OptionCode::Router) {
            Some(DhcpOption::Router(routers)) => routers.first().copied(),
            _ => None,
        },
        nameservers: match option(OptionCode::DomainNameServer) {
            Some(DhcpOption::DomainNameServer(servers)) => servers.clone(),
            _ => Vec::new(),
        },
    })
}

/// Leading ones of a netmask, 0 to 32.
pub(crate) fn prefix_length(mask: Ipv4Addr) -> u8 {
    u8::try_from(u32::from(mask).leading_ones()).unwrap_or(32)
}
