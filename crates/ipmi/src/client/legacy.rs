//! The handshake of an IPMI 1.5 session (section 6.12).

use subtle::ConstantTimeEq;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::channel::Channel;
use super::outside::{self, Capabilities};
use super::port::{Key, Route};
use super::{Access, Client, Session};
use crate::Error;
use crate::command::app::{ACTIVATE_SESSION, SESSION_CHALLENGE};
use crate::cursor::Cursor;
use crate::wire::legacy::{Proof, padded};
use crate::wire::{LEGACY_PASSWORD_LIMIT, Message, Packet, packet};

/// What the BMC gives for the proof.
struct Challenge {
    session: u32,
    text: [u8; 16],
}

/// Opens a session with this proof of the password and no other.
pub(super) async fn open(
    client: &Client,
    access: &Access,
    proof: Proof,
    offer: Option<Capabilities>,
) -> Result<Session, Error> {
    if offer.is_some_and(|offer| !proof.is_in(offer.types)) {
        return Err(Error::Unsupported(
            "the BMC does not have this authentication type of IPMI 1.5, and no other is tried"
                .into(),
        ));
    }
    let password = padded(access.password.expose().as_bytes())
        .map(Zeroizing::new)
        .ok_or_else(|| Error::Unsupported("the password is too long for IPMI 1.5".into()))?;
    let mut route = client.route(access.address)?;
    route.add(Key::Outside);
    let challenge = challenge(&mut route, access, proof).await?;
    // From here on the route is the session's: answers outside of it are no longer ours.
    drop(route);
    let mut route = client.route(access.address)?;
    route.add(Key::Legacy(challenge.session));
    let (session, sequence) = activate(&mut route, access, proof, &password, &challenge).await?;
    if session != challenge.session {
        route.add(Key::Legacy(session));
    }
    // The number that the BMC wants to see is that of the next packet.
    let channel = Channel::legacy(proof, password, session, sequence.wrapping_sub(1));
    let session = Session::new(route, channel, access.limit);
    session.raise(access.privilege).await?;
    Ok(session)
}

/// Get Session Challenge (section 22.16).
async fn challenge(route: &mut Route, access: &Access, proof: Proof) -> Result<Challenge, Error> {
    let name = padded(access.name.as_bytes())
        .ok_or_else(|| Error::Unsupported("the login is too long for IPMI".into()))?;
    let mut data = vec![proof.number()];
    data.extend(name);
    match outside::ask(route, SESSION_CHALLENGE, &data, access).await {
        Ok(body) => {
            let mut cursor = Cursor::new(SESSION_CHALLENGE.name, &body);
            Ok(Challenge {
                session: cursor.u32()?,
                text: cursor.array()?,
            })
        }
        Err(Error::Completion {
            code: 0x81 | 0x82, ..
        }) => Err(Error::Refused(
            "Get Session Challenge: the name is not known".into(),
        )),
        Err(error) => Err(error),
    }
}

/// Activate Session (section 22.17), once: a BMC says nothing at all to a wrong password, and asking
/// again would be a second wrong login. Gives the session's id and its first sequence number.
async fn activate(
    route: &mut Route,
    access: &Access,
    proof: Proof,
    password: &[u8; LEGACY_PASSWORD_LIMIT],
    challenge: &Challenge,
) -> Result<(u32, u32), Error> {
    let mut data = vec![proof.number(), access.privilege.bits()];
    data.extend(challenge.text);
    // The number that the BMC is to begin with; any but 0.
    data.extend(1_u32.to_le_bytes());
    let seq = rand::random::<u8>() & 0x3f;
    let message = Message::request(ACTIVATE_SESSION, seq, &data).encode();
    let code = proof.code(password, challenge.session, 0, &message);
    let auth = Some((proof.number(), code));
    let datagram = packet::legacy(auth, 0, challenge.session, &message)?;
    route.send(&datagram).await?;
    let until = Instant::now() + access.limit;
    while let Some(datagram) = route.receive(until).await {
        let Ok(Packet::Legacy {
            sequence,
            session,
            code,
            payload,
            ..
        }) = Packet::decode(&datagram)
        else {
            continue;
        };
        let Ok(message) = Message::decode(payload) else {
            continue;
        };
        // Only who knows the password can say yes; a no may come from a BMC that does not sign it.
        let expected = proof.code(password, session, sequence, payload);
        let is_signed = code.is_some_and(|code| bool::from(code.ct_eq(&expected)));
        let is_no = message.body.first().is_some_and(|code| *code != 0);
        if message.answers(ACTIVATE_SESSION, seq) && (is_signed || is_no) {
            return activated(message.body);
        }
    }
    Err(Error::Refused(
        "the password is wrong: the BMC gave a challenge and does not answer the login".into(),
    ))
}

fn activated(body: Vec<u8>) -> Result<(u32, u32), Error> {
    let body = match outside::completed(ACTIVATE_SESSION, body) {
        // Codes of this command (section 22.17): the session id, and with it the proof, was not taken;
        // the privilege level is too high for the account.
        Err(Error::Completion {
            code: 0x85 | 0x86, ..
        }) => {
            return Err(Error::Refused(
                "Activate Session: the password or the privilege level was not taken".into(),
            ));
        }
        outcome => outcome?,
    };
    let mut cursor = Cursor::new(ACTIVATE_SESSION.name, &body);
    cursor.skip(1)?;
    Ok((cursor.u32()?, cursor.u32()?))
}
