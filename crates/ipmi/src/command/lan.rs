//! The BMC's own network (section 23).

use std::net::Ipv4Addr;

use crate::Error;
use crate::client::Session;
use crate::command::Command;
use crate::command::app::CHANNEL_INFO;
use crate::cursor::Cursor;

/// Get LAN Configuration Parameters.
pub const GET: Command = Command::new(0x0c, 0x02, "Get LAN Configuration Parameters");

/// The channel that a request comes in on (table 6-1).
const THIS_CHANNEL: u8 = 0x0e;

/// Numbers of parameters (table 23-4).
pub mod parameter {
    #![allow(missing_docs, reason = "the names are those of the table")]
    pub const ADDRESS: u8 = 3;
    pub const SOURCE: u8 = 4;
    pub const MAC: u8 = 5;
    pub const MASK: u8 = 6;
    pub const GATEWAY: u8 = 12;
    pub const VLAN: u8 = 20;
}

/// A network interface of the BMC; what it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lan {
    /// The channel's number.
    pub channel: u8,
    /// Its address; none while it has none (0.0.0.0).
    pub address: Option<Ipv4Addr>,
    /// Where the address comes from: 1 set by hand, 2 DHCP, 3 firmware, 4 another.
    pub source: Option<u8>,
    /// Its MAC.
    pub mac: Option<[u8; 6]>,
    /// The network's mask.
    pub mask: Option<Ipv4Addr>,
    /// The gateway; none when there is none (0.0.0.0).
    pub gateway: Option<Ipv4Addr>,
    /// The VLAN, 1 to 4094, when it is on one.
    pub vlan: Option<u16>,
}

/// The data of a parameter, after its revision.
fn data<const N: usize>(body: &[u8]) -> Result<[u8; N], Error> {
    let mut cursor = Cursor::new(GET.name, body);
    cursor.skip(1)?;
    cursor.array()
}

fn address(body: &[u8]) -> Result<Option<Ipv4Addr>, Error> {
    let address = Ipv4Addr::from(data::<4>(body)?);
    Ok(Some(address).filter(|address| !address.is_unspecified()))
}

fn vlan(body: &[u8]) -> Result<Option<u16>, Error> {
    let bits = u16::from_le_bytes(data(body)?);
    Ok((bits & 0x8000 != 0).then_some(bits & 0x0fff))
}

impl Session {
    /// The number of the channel that this session comes in on.
    pub async fn channel(&self) -> Result<u8, Error> {
        match self.request(CHANNEL_INFO, &[THIS_CHANNEL]).await {
            Ok(body) => Cursor::new(CHANNEL_INFO.name, &body).u8(),
            Err(error) if error.is_unsupported() => Ok(THIS_CHANNEL),
            Err(error) => Err(error),
        }
    }

    /// The interface that this session comes in on.
    pub async fn lan(&self) -> Result<Lan, Error> {
        let channel = self.channel().await? & 0x0f;
        let mut lan = Lan {
            channel,
            ..Lan::default()
        };
        if let Some(body) = self.parameter(channel, parameter::ADDRESS).await? {
            lan.address = address(&body)?;
        }
        if let Some(body) = self.parameter(channel, parameter::SOURCE).await? {
            let [source] = data(&body)?;
            lan.source = Some(source & 0x0f);
        }
        if let Some(body) = self.parameter(channel, parameter::MAC).await? {
            lan.mac = Some(data(&body)?);
        }
        if let Some(body) = self.parameter(channel, parameter::MASK).await? {
            lan.mask = Some(Ipv4Addr::from(data::<4>(&body)?));
        }
        if let Some(body) = self.parameter(channel, parameter::GATEWAY).await? {
            lan.gateway = address(&body)?;
        }
        if let Some(body) = self.parameter(channel, parameter::VLAN).await? {
            lan.vlan = vlan(&body)?;
        }
        Ok(lan)
    }

    /// A parameter's data; none when the BMC does not have it.
    async fn parameter(&self, channel: u8, number: u8) -> Result<Option<Vec<u8>>, Error> {
        match self.request(GET, &[channel, number, 0, 0]).await {
            Ok(body) => Ok(Some(body)),
            Err(error) if error.is_unsupported() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_read() {
        assert_eq!(
            address(&[0x11, 192, 0, 2, 7]),
            Ok(Some(Ipv4Addr::new(192, 0, 2, 7)))
        );
        assert_eq!(address(&[0x11, 0, 0, 0, 0]), Ok(None));
        assert_eq!(vlan(&[0x11, 0x2a, 0x80]), Ok(Some(42)));
        assert_eq!(vlan(&[0x11, 0x2a, 0x00]), Ok(None));
    }

    proptest! {
        #[test]
        fn no_bytes_make_decoding_panic(body in proptest::collection::vec(any::<u8>(), 0..9)) {
            let _ = (address(&body), vlan(&body), data::<6>(&body));
        }
    }
}
