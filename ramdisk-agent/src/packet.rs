//! Packet sockets, and UDP before the machine has an address.

use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::Error;
use crate::sys::PacketAddress;

/// EtherType of IPv4.
pub(crate) const IPV4: u16 = 0x0800;
/// EtherType of LLDP (IEEE 802.1AB).
pub(crate) const LLDP: u16 = 0x88cc;
const BROADCAST: [u8; 6] = [0xff; 6];
const UDP: u8 = 17;

/// Frames of one kind on one link, without their link-layer header.
pub(crate) struct PacketSocket {
    socket: OwnedFd,
    ether_type: u16,
    index: u32,
}

impl PacketSocket {
    /// Needs the right to open raw sockets.
    pub(crate) fn open(ether_type: u16, index: u32) -> Result<Self, Error> {
        let flags = SocketFlags::CLOEXEC;
        let socket =
            rustix::net::socket_with(AddressFamily::PACKET, SocketType::DGRAM, flags, None)
                .map_err(Error::io("opening a packet socket"))?;
        // Without a protocol nothing is received before this, which would be
        // frames of other links.
        rustix::net::bind(&socket, &PacketAddress::new(ether_type, index, BROADCAST))
            .map_err(Error::io("binding a packet socket"))?;
        Ok(Self {
            socket,
            ether_type,
            index,
        })
    }

    /// Sends to every station on the link.
    pub(crate) fn broadcast(&self, payload: &[u8]) -> Result<(), Error> {
        let everybody = PacketAddress::new(self.ether_type, self.index, BROADCAST);
        rustix::net::sendto(&self.socket, payload, SendFlags::empty(), &everybody)
            .map(drop)
            .map_err(Error::io("broadcasting"))
    }

    /// The next frame, or `None` when the deadline passes.
    pub(crate) fn receive(&self, deadline: Instant) -> Result<Option<Vec<u8>>, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).unwrap_or_default();
        let mut ready = [PollFd::new(&self.socket, PollFlags::IN)];
        if poll(&mut ready, Some(&timeout)).map_err(Error::io("waiting for a frame"))? == 0 {
            return Ok(None);
        }
        let mut frame = vec![0u8; 9216];
        match rustix::net::recv(&self.socket, frame.as_mut_slice(), RecvFlags::empty()) {
            Ok((length, _)) => {
                frame.truncate(length);
                Ok(Some(frame))
            }
            // Links go down for a moment while they negotiate.
            Err(rustix::io::Errno::NETDOWN) => {
                std::thread::sleep(Duration::from_millis(50).min(left));
                Ok(Some(Vec::new()))
            }
            Err(error) => Err(Error::io("receiving a frame")(error)),
        }
    }
}

/// An IPv4 packet with a UDP datagram (RFC 791, RFC 768; UDP's checksum is
/// optional and left out).
pub(crate) fn udp_packet(
    (source, source_port): (Ipv4Addr, u16),
    (target, target_port): (Ipv4Addr, u16),
    payload: &[u8],
) -> Result<Vec<u8>, Error> {
    let too_long = |_| Error::Malformed("datagram too long".to_owned());
    let udp_length = u16::try_from(payload.len() + 8).map_err(too_long)?;
    let length = u16::try_from(payload.len() + 28).map_err(too_long)?;
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, UDP, 0, 0]);
    packet.extend(source.octets());
    packet.extend(target.octets());
    let sum = checksum(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(source_port.to_be_bytes());
    packet.extend(target_port.to_be_bytes());
    packet.extend(udp_length.to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(payload);
    Ok(packet)
}

/// Payload of an IPv4 packet that is a whole UDP datagram to this port. Sums
/// are not checked: virtual cards leave them to be filled in.
pub(crate) fn udp_payload(packet: &[u8], port: u16) -> Option<&[u8]> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let is_fragment = u16::from_be_bytes([*packet.get(6)?, *packet.get(7)?]) & 0x3fff != 0;
    if packet[0] >> 4 != 4 || header < 20 || is_fragment || *packet.get(9)? != UDP {
        return None;
    }
    let datagram = packet.get(header..)?;
    let field = |at: usize| {
        Some(u16::from_be_bytes([
            *datagram.get(at)?,
            *datagram.get(at + 1)?,
        ]))
    };
    (field(2)? == port).then_some(())?;
    datagram.get(8..usize::from(field(4)?))
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| {
        u32::from(u16::from_be_bytes([
            pair[0],
            pair.get(1).copied().unwrap_or(0),
        ]))
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_header_sums_up() {
        let from = (Ipv4Addr::UNSPECIFIED, 68);
        let to = (Ipv4Addr::BROADCAST, 67);
        let packet = udp_packet(from, to, b"hello").unwrap();
        assert_eq!(checksum(&packet[..20]), 0);
        assert_eq!(udp_payload(&packet, 67), Some(&b"hello"[..]));
        assert_eq!(udp_payload(&packet, 68), None);
    }

    proptest! {
        #[test]
        fn no_packet_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            udp_payload(&bytes, 68);
        }
    }
}
