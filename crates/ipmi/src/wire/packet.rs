//! Datagrams: the RMCP header (section 13.1.3) and the session headers of IPMI 1.5 and 2.0 (13.6).

use crate::Error;
use crate::cursor::Cursor;

/// RMCP version 1.0, no acknowledgement, class IPMI (table 13-1).
const RMCP: [u8; 4] = [0x06, 0x00, 0xff, 0x07];

/// The authentication type of RMCP+ packets (table 13-8).
const RMCP_PLUS: u8 = 0x06;

/// Kinds of payload of an RMCP+ packet (table 13-16). Others, such as serial over LAN (1), are kept as
/// their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PayloadType(pub u8);

impl PayloadType {
    /// An IPMI message.
    pub const IPMI: Self = Self(0x00);
    /// Serial over LAN.
    pub const SOL: Self = Self(0x01);
    /// RMCP+ Open Session Request.
    pub const OPEN_REQUEST: Self = Self(0x10);
    /// RMCP+ Open Session Response.
    pub const OPEN_RESPONSE: Self = Self(0x11);
    /// RAKP Message 1.
    pub const RAKP_1: Self = Self(0x12);
    /// RAKP Message 2.
    pub const RAKP_2: Self = Self(0x13);
    /// RAKP Message 3.
    pub const RAKP_3: Self = Self(0x14);
    /// RAKP Message 4.
    pub const RAKP_4: Self = Self(0x15);

    /// A maker's own payload, whose header is longer.
    const OEM: Self = Self(0x02);
}

/// A datagram taken apart, not yet checked or decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// IPMI 1.5.
    Legacy {
        /// Authentication type: 0 none, 1 MD2, 2 MD5, 4 password.
        auth: u8,
        /// Session sequence number; 0 outside of sessions.
        sequence: u32,
        /// Session id; 0 outside of sessions.
        session: u32,
        /// Authentication code; none with type 0.
        code: Option<[u8; 16]>,
        /// An IPMI message.
        payload: &'a [u8],
    },
    /// RMCP+.
    Plus(Plus<'a>),
}

/// An RMCP+ packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plus<'a> {
    /// What the payload is.
    pub payload_type: PayloadType,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Whether an authentication code follows.
    pub authenticated: bool,
    /// The receiver's session id; 0 in the handshake.
    pub session: u32,
    /// Session sequence number; 0 in the handshake.
    pub sequence: u32,
    /// The payload as it came.
    pub payload: &'a [u8],
    /// Everything after the RMCP header, which the authentication code is made over, and the code.
    pub body: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Takes a datagram apart.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is no IPMI packet or is cut off.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new("a packet", datagram);
        let [version, _, _, class] = cursor.array()?;
        // The top bit of the class marks an acknowledgement, which nobody asked for.
        if version != RMCP[0] || class != RMCP[3] {
            return Err(Error::Malformed(
                "a packet is not of RMCP's IPMI class".into(),
            ));
        }
        let body = cursor.rest();
        let mut cursor = Cursor::new("a packet", body);
        match cursor.u8()? {
            RMCP_PLUS => plus(cursor, body).map(Self::Plus),
            auth => {
                let sequence = cursor.u32()?;
                let session = cursor.u32()?;
                let code = (auth != 0).then(|| cursor.array()).transpose()?;
                let length = cursor.u8()?;
                let payload = cursor.bytes(length.into())?;
                Ok(Self::Legacy {
                    auth,
                    sequence,
                    session,
                    code,
                    payload,
                })
            }
        }
    }
}

fn plus<'a>(mut cursor: Cursor<'a>, body: &'a [u8]) -> Result<Plus<'a>, Error> {
    let kind = cursor.u8()?;
    let payload_type = PayloadType(kind & 0x3f);
    if payload_type == PayloadType::OEM {
        cursor.skip(6)?;
    }
    let session = cursor.u32()?;
    let sequence = cursor.u32()?;
    let length = cursor.u16()?;
    Ok(Plus {
        payload_type,
        encrypted: kind & 0x80 != 0,
        authenticated: kind & 0x40 != 0,
        session,
        sequence,
        payload: cursor.bytes(length.into())?,
        body,
    })
}

/// A packet of IPMI 1.5; without a code it is of authentication type none.
///
/// # Errors
/// [`Error::Malformed`] when the payload is longer than 255 bytes.
pub fn legacy(
    auth: Option<(u8, [u8; 16])>,
    sequence: u32,
    session: u32,
    payload: &[u8],
) -> Result<Vec<u8>, Error> {
    let length = u8::try_from(payload.len()).map_err(|_| too_long())?;
    let mut bytes = Vec::with_capacity(payload.len() + 30);
    bytes.extend(RMCP);
    bytes.push(auth.map_or(0, |(kind, _)| kind));
    bytes.extend(sequence.to_le_bytes());
    bytes.extend(session.to_le_bytes());
    if let Some((_, code)) = auth {
        bytes.extend(code);
    }
    bytes.push(length);
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

/// A packet of RMCP+ outside of any session: neither encrypted nor authenticated.
///
/// # Errors
/// [`Error::Malformed`] when the payload is longer than 65,535 bytes.
pub fn bare(payload_type: PayloadType, payload: &[u8]) -> Result<Vec<u8>, Error> {
    let mut bytes = head(payload_type, false, 0, 0, payload.len())?;
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

/// The headers of an RMCP+ packet; `sealed` marks the payload as encrypted and authenticated.
pub(super) fn head(
    payload_type: PayloadType,
    sealed: bool,
    session: u32,
    sequence: u32,
    length: usize,
) -> Result<Vec<u8>, Error> {
    let length = u16::try_from(length).map_err(|_| too_long())?;
    let mut bytes = Vec::with_capacity(usize::from(length) + 48);
    bytes.extend(RMCP);
    bytes.push(RMCP_PLUS);
    bytes.push(payload_type.0 & 0x3f | if sealed { 0xc0 } else { 0 });
    bytes.extend(session.to_le_bytes());
    bytes.extend(sequence.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    Ok(bytes)
}

/// The part of a whole datagram that authentication codes are made over begins here.
pub(super) const BODY: usize = RMCP.len();

fn too_long() -> Error {
    Error::Malformed("a payload is too long for its packet".into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packets_round_trip(
            session: u32, sequence: u32, code: [u8; 16],
            payload in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes = legacy(Some((2, code)), sequence, session, &payload).unwrap();
            let expected = Packet::Legacy { auth: 2, sequence, session, code: Some(code), payload: &payload };
            prop_assert_eq!(Packet::decode(&bytes), Ok(expected));

            let bytes = bare(PayloadType::RAKP_1, &payload).unwrap();
            let Ok(Packet::Plus(packet)) = Packet::decode(&bytes) else { unreachable!() };
            prop_assert_eq!(packet.payload, &payload[..]);
            prop_assert_eq!((packet.payload_type, packet.session), (PayloadType::RAKP_1, 0));
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut datagram = RMCP.to_vec();
            datagram.extend(&bytes);
            let _ = Packet::decode(&bytes);
            let _ = Packet::decode(&datagram);
        }
    }
}
