//! Requests outside of any session (section 13.6): IPMI messages in IPMI 1.5 packets without a code.

use tokio::time::Instant;

use super::port::{Key, Route};
use super::{Access, Client, FIRST_WAIT, LONGEST_WAIT, Version, jittered};
use crate::Error;
use crate::command::Command;
use crate::command::app::CHANNEL_AUTHENTICATION;
use crate::cursor::Cursor;
use crate::wire::{Message, Packet, packet};

/// The channel that a request comes in on (table 6-1).
const THIS_CHANNEL: u8 = 0x0e;

/// Asks for the fields of IPMI 2.0 (table 22-15).
const EXTENDED: u8 = 0x80;

/// What a BMC says of its sessions (table 22-15). BMCs are known to say less than is true, so this
/// forbids nothing: it explains why a handshake was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// Mask of the authentication types of IPMI 1.5.
    pub(super) types: u8,
    /// Which versions it speaks: bit 0 is 1.5, bit 1 is 2.0.
    pub(super) versions: u8,
}

impl Capabilities {
    pub(super) fn decode(body: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(CHANNEL_AUTHENTICATION.name, body);
        cursor.skip(1)?;
        let types = cursor.u8()?;
        cursor.skip(1)?;
        Ok(Self {
            types,
            // A BMC of IPMI 1.5 does not have this byte, or has 0 in it.
            versions: cursor.u8().unwrap_or(0),
        })
    }

    /// Whether it says that it speaks RMCP+.
    pub(super) fn has_plus(self) -> bool {
        self.types & 0x80 != 0 && self.versions & 2 != 0
    }
}

/// Get Channel Authentication Capabilities: also shows whether anybody is there. `None` when the BMC
/// is there and does not tell.
pub(super) async fn capabilities(
    client: &Client,
    access: &Access,
) -> Result<Option<Capabilities>, Error> {
    let extended = match access.version {
        Version::Two(_) => EXTENDED,
        Version::OneFive(_) => 0,
    };
    let mut route = client.route(access.address)?;
    route.add(Key::Outside);
    let data = [THIS_CHANNEL | extended, access.privilege.bits()];
    match ask(&mut route, CHANNEL_AUTHENTICATION, &data, access).await {
        Ok(body) => Ok(Capabilities::decode(&body).ok()),
        Err(Error::Completion { code, .. }) => {
            tracing::debug!(peer = %access.address, code, "the BMC does not say which sessions it has");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Asks until there is an answer, and gives its data.
pub(super) async fn ask(
    route: &mut Route,
    command: Command,
    data: &[u8],
    access: &Access,
) -> Result<Vec<u8>, Error> {
    let seq = rand::random::<u8>() & 0x3f;
    let datagram = packet::legacy(None, 0, 0, &Message::request(command, seq, data).encode())?;
    let deadline = Instant::now() + access.limit;
    let mut wait = FIRST_WAIT;
    let mut fault = None;
    loop {
        route.send(&datagram).await?;
        let until = (Instant::now() + jittered(wait)).min(deadline);
        while let Some(datagram) = route.receive(until).await {
            match read(&datagram) {
                Ok(message) if is_ours(&message, command, seq) => {
                    return completed(command, message.body);
                }
                Ok(_) => {}
                Err(error) => fault = Some(error),
            }
        }
        if Instant::now() >= deadline {
            return Err(fault.unwrap_or(Error::TimedOut {
                what: command.name,
                after: access.limit,
            }));
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Whether a message is the answer. The capabilities are the same for all who ask, and pyghmi's BMC
/// answers them with sequence number 0 whatever was asked.
fn is_ours(message: &Message, command: Command, seq: u8) -> bool {
    let seq = if command == CHANNEL_AUTHENTICATION {
        message.seq
    } else {
        seq
    };
    message.answers(command, seq)
}

fn read(datagram: &[u8]) -> Result<Message, Error> {
    match Packet::decode(datagram)? {
        Packet::Legacy { payload, .. } => Message::decode(payload),
        Packet::Plus(packet) => Message::decode(packet.payload),
    }
}

/// The data of an answer, or its completion code as an error.
pub(super) fn completed(command: Command, mut body: Vec<u8>) -> Result<Vec<u8>, Error> {
    match body.first() {
        Some(0) => {
            body.remove(0);
            Ok(body)
        }
        Some(code) => Err(Error::Completion {
            what: command.name,
            code: *code,
        }),
        None => Err(Error::too_short(command.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_bmc_says_of_itself_is_read() {
        let both = Capabilities::decode(&[1, 0x96, 0x04, 0x03, 0, 0, 0, 0]).unwrap();
        assert!(both.has_plus() && crate::Proof::Md5.is_in(both.types));
        let old = Capabilities::decode(&[1, 0x14, 0x04]).unwrap();
        assert!(!old.has_plus() && crate::Proof::Password.is_in(old.types));
        assert!(Capabilities::decode(&[1]).is_err());
    }
}
