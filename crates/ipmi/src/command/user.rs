//! The accounts of a channel (sections 22.26 to 22.29).

use crate::Error;
use crate::client::Session;
use crate::command::Command;
use crate::cursor::Cursor;
use crate::wire::{NAME_LIMIT, Privilege};

const APP: u8 = 0x06;

/// Get User Access.
pub const ACCESS: Command = Command::new(APP, 0x44, "Get User Access");
/// Get User Name.
pub const NAME: Command = Command::new(APP, 0x46, "Get User Name");

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its number, 1 to 63.
    pub id: u8,
    /// Its name; number 1 has none.
    pub name: String,
    /// What it may do on the channel; none for nothing at all.
    pub privilege: Option<Privilege>,
    /// Whether it can log in for IPMI.
    pub enabled: bool,
}

/// What an account may do (table 22-32).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserAccess {
    /// How many accounts there can be, 1 to 63.
    pub places: u8,
    /// Whether the account is enabled; none when the BMC does not tell.
    pub enabled: Option<bool>,
    /// Whether it may open sessions for IPMI.
    pub messaging: bool,
    /// What it may do.
    pub privilege: Option<Privilege>,
}

impl UserAccess {
    /// Reads the command's answer.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is too short.
    pub fn decode(body: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(ACCESS.name, body);
        let [places, enabled, _, access] = cursor.array()?;
        Ok(Self {
            places: places & 0x3f,
            enabled: match enabled >> 6 {
                1 => Some(true),
                2 => Some(false),
                _ => None,
            },
            messaging: access & 0x10 != 0,
            privilege: Privilege::from_bits(access & 0x0f),
        })
    }
}

/// A name without the zeros after it.
fn name(body: &[u8]) -> String {
    let name = body.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(&name[..name.len().min(NAME_LIMIT)]).into_owned()
}

impl Session {
    /// The accounts of a channel that have a name or may do something.
    pub async fn users(&self, channel: u8) -> Result<Vec<User>, Error> {
        let mut users = Vec::new();
        let mut places = 1;
        let mut id = 1;
        while id <= places {
            let access = match self.request(ACCESS, &[channel, id]).await {
                // Some BMCs count more places than they have.
                Err(error) if id > 1 && error.is_unsupported() => break,
                outcome => UserAccess::decode(&outcome?)?,
            };
            places = access.places;
            let name = match self.request(NAME, &[id]).await {
                Ok(body) => name(&body),
                // A place without an account.
                Err(Error::Completion { .. }) => String::new(),
                Err(error) => return Err(error),
            };
            if !name.is_empty() || (access.messaging && access.privilege.is_some()) {
                users.push(User {
                    id,
                    name,
                    privilege: access.privilege,
                    enabled: access.enabled.unwrap_or(true) && access.messaging,
                });
            }
            id += 1;
        }
        Ok(users)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accounts_are_read() {
        let access = UserAccess::decode(&[0x0a, 0x42, 0x01, 0x34]).unwrap();
        assert_eq!(access.places, 10);
        assert_eq!((access.enabled, access.messaging), (Some(true), true));
        assert_eq!(access.privilege, Some(Privilege::Administrator));
        assert_eq!(
            UserAccess::decode(&[1, 1, 1, 0x0f]).unwrap().privilege,
            None
        );
        assert_eq!(name(b"admin\0\0\0"), "admin");
    }

    proptest! {
        #[test]
        fn no_bytes_make_decoding_panic(body in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = (UserAccess::decode(&body), name(&body));
        }
    }
}
