//! Addresses within LLDP TLVs.

use std::net::{Ipv4Addr, Ipv6Addr};

use assay_inventory::Mac;

/// A MAC address of exactly six bytes.
pub(super) fn mac(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 6] = bytes.try_into().ok()?;
    Some(Mac::new(bytes).to_string())
}

/// A network address with its family in front: IANA's address family numbers 1 (IPv4), 2 (IPv6)
/// and 6 (IEEE 802 MAC).
pub(super) fn network(bytes: &[u8]) -> Option<String> {
    let (family, address) = bytes.split_first()?;
    match family {
        1 => <[u8; 4]>::try_from(address)
            .ok()
            .map(|octets| Ipv4Addr::from(octets).to_string()),
        2 => <[u8; 16]>::try_from(address)
            .ok()
            .map(|octets| Ipv6Addr::from(octets).to_string()),
        6 => mac(address),
        _ => None,
    }
}
