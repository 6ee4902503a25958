//! The messages that open an RMCP+ session (sections 13.17 to 13.24).

use super::NAME_LIMIT;
use crate::cursor::Cursor;
use crate::error::{Error, Status};

/// The bit of the role that has the account looked up by its name alone, not by name and privilege
/// level (table 13-11).
pub const BY_NAME: u8 = 0x10;

/// RMCP+ Open Session Request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenRequest {
    /// What its answer is told by.
    pub tag: u8,
    /// The highest privilege level wanted; 0 leaves it to the BMC.
    pub privilege: u8,
    /// The console's session id, not 0.
    pub console: u32,
    /// Numbers of the proposed algorithms.
    pub algorithms: [u8; 3],
}

impl OpenRequest {
    /// Its payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.tag, self.privilege, 0, 0];
        bytes.extend(self.console.to_le_bytes());
        bytes.extend(proposals(self.algorithms));
        bytes
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is too short or proposes something else than algorithms.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new("Open Session Request", bytes);
        let [tag, privilege, _, _] = cursor.array()?;
        let console = cursor.u32()?;
        Ok(Self {
            tag,
            privilege,
            console,
            algorithms: read_proposals(&mut cursor)?,
        })
    }
}

/// RMCP+ Open Session Response without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenResponse {
    /// The request's tag.
    pub tag: u8,
    /// The highest privilege level of the session.
    pub privilege: u8,
    /// The console's session id.
    pub console: u32,
    /// The BMC's session id.
    pub managed: u32,
    /// Numbers of the algorithms that the session uses.
    pub algorithms: [u8; 3],
}

impl OpenResponse {
    /// Its payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.tag, 0, self.privilege, 0];
        bytes.extend(self.console.to_le_bytes());
        bytes.extend(self.managed.to_le_bytes());
        bytes.extend(proposals(self.algorithms));
        bytes
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`Error::Handshake`] with the BMC's status; [`Error::Malformed`] when it is too short.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (tag, mut cursor) = answer("Open Session Response", bytes)?;
        let [privilege, _] = cursor.array()?;
        Ok(Self {
            tag,
            privilege,
            console: cursor.u32()?,
            managed: cursor.u32()?,
            algorithms: read_proposals(&mut cursor)?,
        })
    }
}

/// RAKP Message 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rakp1 {
    /// What its answer is told by.
    pub tag: u8,
    /// The BMC's session id.
    pub managed: u32,
    /// The console's random number.
    pub random: [u8; 16],
    /// Privilege level, and [`BY_NAME`].
    pub role: u8,
    /// The account's name.
    pub name: Vec<u8>,
}

impl Rakp1 {
    /// Its payload; a name is cut at [`NAME_LIMIT`].
    pub fn encode(&self) -> Vec<u8> {
        let name = &self.name[..self.name.len().min(NAME_LIMIT)];
        let mut bytes = head(self.tag, 0, self.managed);
        bytes.extend(self.random);
        bytes.extend([self.role, 0, 0, u8::try_from(name.len()).unwrap_or(0)]);
        bytes.extend_from_slice(name);
        bytes
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is too short.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new("RAKP 1", bytes);
        let [tag, _, _, _] = cursor.array()?;
        let managed = cursor.u32()?;
        let random = cursor.array()?;
        let [role, _, _, length] = cursor.array()?;
        Ok(Self {
            tag,
            managed,
            random,
            role,
            name: cursor.bytes(length.into())?.to_vec(),
        })
    }
}

/// RAKP Message 2 without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rakp2 {
    /// The request's tag.
    pub tag: u8,
    /// The console's session id.
    pub console: u32,
    /// The BMC's random number.
    pub random: [u8; 16],
    /// The BMC's GUID.
    pub guid: [u8; 16],
    /// The BMC's proof that it knows the password.
    pub proof: Vec<u8>,
}

impl Rakp2 {
    /// Its payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = head(self.tag, 0, self.console);
        bytes.extend(self.random);
        bytes.extend(self.guid);
        bytes.extend_from_slice(&self.proof);
        bytes
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`Error::Handshake`] with the BMC's status; [`Error::Malformed`] when it is too short.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (tag, mut cursor) = answer("RAKP 2", bytes)?;
        cursor.skip(2)?;
        Ok(Self {
            tag,
            console: cursor.u32()?,
            random: cursor.array()?,
            guid: cursor.array()?,
            proof: cursor.rest().to_vec(),
        })
    }
}

/// RAKP Message 3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rakp3 {
    /// What its answer is told by.
    pub tag: u8,
    /// The console's view of RAKP 2; other than 0 ends the handshake.
    pub status: u8,
    /// The BMC's session id.
    pub managed: u32,
    /// The console's proof that it knows the password.
    pub proof: Vec<u8>,
}

impl Rakp3 {
    /// Its payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = head(self.tag, self.status, self.managed);
        bytes.extend_from_slice(&self.proof);
        bytes
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is too short.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new("RAKP 3", bytes);
        let [tag, status, _, _] = cursor.array()?;
        Ok(Self {
            tag,
            status,
            managed: cursor.u32()?,
            proof: cursor.rest().to_vec(),
        })
    }
}

/// RAKP Message 4 without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rakp4 {
    /// The request's tag.
    pub tag: u8,
    /// The console's session id.
    pub console: u32,
    /// The BMC's proof that it has the same session key.
    pub proof: Vec<u8>,
}

impl Rakp4 {
    /// Its payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = head(self.tag, 0, self.console);
        bytes.extend_from_slice(&self.proof);
        bytes
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`Error::Handshake`] with the BMC's status; [`Error::Malformed`] when it is too short.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (tag, mut cursor) = answer("RAKP 4", bytes)?;
        cursor.skip(2)?;
        Ok(Self {
            tag,
            console: cursor.u32()?,
            proof: cursor.rest().to_vec(),
        })
    }
}

/// The payload of any answer that is an error.
pub fn failure(tag: u8, status: Status, console: u32) -> Vec<u8> {
    head(tag, status.0, console)
}

/// How messages begin: tag, status, two reserved bytes, and the session id of whom they go to.
fn head(tag: u8, status: u8, session: u32) -> Vec<u8> {
    let mut bytes = vec![tag, status, 0, 0];
    bytes.extend(session.to_le_bytes());
    bytes
}

/// An answer's tag, and what follows a status that is no error. One that is may end after it.
fn answer<'a>(what: &'static str, bytes: &'a [u8]) -> Result<(u8, Cursor<'a>), Error> {
    let mut cursor = Cursor::new(what, bytes);
    let [tag, status] = cursor.array()?;
    match Status(status) {
        Status::OK => Ok((tag, cursor)),
        status => Err(Error::Handshake { what, status }),
    }
}

/// The three records of algorithms: authentication, integrity, confidentiality.
fn proposals(algorithms: [u8; 3]) -> Vec<u8> {
    (0..)
        .zip(algorithms)
        .flat_map(|(kind, number)| [kind, 0, 0, 8, number, 0, 0, 0])
        .collect()
}

fn read_proposals(cursor: &mut Cursor<'_>) -> Result<[u8; 3], Error> {
    let mut algorithms = [0; 3];
    for (kind, number) in (0_u8..).zip(&mut algorithms) {
        let [found, _, _, _, algorithm, _, _, _] = cursor.array()?;
        if found != kind {
            return Err(Error::Malformed(
                "algorithms come in the wrong order".into(),
            ));
        }
        *number = algorithm & 0x3f;
    }
    Ok(algorithms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Suite;

    #[test]
    fn an_error_may_end_after_its_status() {
        // ipmi_sim's are two bytes long.
        let error = OpenResponse::decode(&[7, 0x11]).unwrap_err();
        let Error::Handshake { status, .. } = error else {
            unreachable!()
        };
        assert!(status.is_other_suite());
        let failed = failure(7, Status::NO_NAME, 9);
        assert!(Rakp2::decode(&failed).is_err() && Rakp4::decode(&failed).is_err());
    }

    proptest! {
        #[test]
        fn messages_round_trip(
            tag: u8, one: u32, two: u32, random: [u8; 16], guid: [u8; 16], role: u8,
            name in proptest::collection::vec(any::<u8>(), 0..=16),
            proof in proptest::collection::vec(any::<u8>(), 0..33),
        ) {
            let algorithms = Suite::Seventeen.algorithms();
            let message = OpenRequest { tag, privilege: 0, console: one, algorithms };
            prop_assert_eq!(OpenRequest::decode(&message.encode()), Ok(message));
            let message = OpenResponse { tag, privilege: 4, console: one, managed: two, algorithms };
            prop_assert_eq!(OpenResponse::decode(&message.encode()), Ok(message));
            let message = Rakp1 { tag, managed: two, random, role, name };
            prop_assert_eq!(Rakp1::decode(&message.encode()), Ok(message));
            let message = Rakp2 { tag, console: one, random, guid, proof: proof.clone() };
            prop_assert_eq!(Rakp2::decode(&message.encode()), Ok(message));
            let message = Rakp3 { tag, status: 0, managed: two, proof: proof.clone() };
            prop_assert_eq!(Rakp3::decode(&message.encode()), Ok(message));
            let message = Rakp4 { tag, console: one, proof };
            prop_assert_eq!(Rakp4::decode(&message.encode()), Ok(message));
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = OpenRequest::decode(&bytes);
            let _ = OpenResponse::decode(&bytes);
            let _ = Rakp1::decode(&bytes);
            let _ = Rakp2::decode(&bytes);
            let _ = Rakp3::decode(&bytes);
            let _ = Rakp4::decode(&bytes);
        }
    }
}
