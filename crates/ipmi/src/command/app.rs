//! The BMC itself and its sessions (section 20 to 22).

use crate::Error;
use crate::client::Session;
use crate::command::Command;
use crate::cursor::Cursor;

const APP: u8 = 0x06;

/// Get Device ID.
pub const DEVICE_ID: Command = Command::new(APP, 0x01, "Get Device ID");
/// Get Device GUID.
pub const DEVICE_GUID: Command = Command::new(APP, 0x08, "Get Device GUID");
/// Get System GUID.
pub const SYSTEM_GUID: Command = Command::new(APP, 0x37, "Get System GUID");
/// Get Channel Authentication Capabilities.
pub const CHANNEL_AUTHENTICATION: Command =
    Command::new(APP, 0x38, "Get Channel Authentication Capabilities");
/// Get Session Challenge.
pub const SESSION_CHALLENGE: Command = Command::new(APP, 0x39, "Get Session Challenge");
/// Activate Session.
pub const ACTIVATE_SESSION: Command = Command::new(APP, 0x3a, "Activate Session");
/// Set Session Privilege Level.
pub const SET_PRIVILEGE: Command = Command::new(APP, 0x3b, "Set Session Privilege Level");
/// Close Session.
pub const CLOSE_SESSION: Command = Command::new(APP, 0x3c, "Close Session");
/// Get Channel Info.
pub const CHANNEL_INFO: Command = Command::new(APP, 0x42, "Get Channel Info");
/// Get Channel Cipher Suites.
pub const CIPHER_SUITES: Command = Command::new(APP, 0x54, "Get Channel Cipher Suites");

/// What the BMC says of itself (table 20-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceId {
    /// Its number among the maker's.
    pub device: u8,
    /// Its revision, 0 to 15.
    pub revision: u8,
    /// Firmware's version before the dot, 0 to 127.
    pub major: u8,
    /// Firmware's version after the dot, two decimal digits in one byte (BCD).
    pub minor: u8,
    /// IPMI's version in BCD, the digits swapped: 0x51 is 1.5, 0x02 is 2.0.
    pub ipmi: u8,
    /// The maker's IANA enterprise number.
    pub manufacturer: u32,
    /// The product's number among the maker's.
    pub product: u16,
}

impl DeviceId {
    /// Reads the command's answer.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is too short.
    pub fn decode(body: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(DEVICE_ID.name, body);
        let [device, revision, major, minor, ipmi, _] = cursor.array()?;
        Ok(Self {
            device,
            revision: revision & 0x0f,
            major: major & 0x7f,
            minor,
            ipmi,
            manufacturer: cursor.u24()?,
            product: cursor.u16()?,
        })
    }

    /// The firmware's version as makers write it, e.g. `3.88`.
    pub fn firmware(&self) -> String {
        format!("{}.{:02x}", self.major, self.minor)
    }
}

/// A UUID of the 16 bytes of a GUID. The specification has all of them backwards (20.8), SMBIOS its
/// first three fields (section 7.2.1), and BMCs do either, or neither: what has a version and a variant
/// that RFC 4122 knows is taken, SMBIOS's order first. `None` when all bytes are the same, which stands
/// for no UUID.
pub fn uuid(guid: [u8; 16]) -> Option<String> {
    if guid.iter().all(|byte| *byte == guid[0]) {
        return None;
    }
    let mut smbios = guid;
    smbios[..4].reverse();
    smbios[4..6].reverse();
    smbios[6..8].reverse();
    let mut backwards = guid;
    backwards.reverse();
    let known = |bytes: &[u8; 16]| (1..=8).contains(&(bytes[6] >> 4)) && bytes[8] & 0xc0 == 0x80;
    let bytes = [smbios, backwards, guid]
        .into_iter()
        .find(known)
        .unwrap_or(smbios);
    let number = u128::from_be_bytes(bytes);
    let hex = format!("{number:032x}");
    Some(format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    ))
}

impl Session {
    /// What the BMC says of itself.
    ///
    /// # Errors
    /// As [`Session::request`], and [`Error::Malformed`]; so it is with all commands below.
    pub async fn device_id(&self) -> Result<DeviceId, Error> {
        DeviceId::decode(&self.request(DEVICE_ID, &[]).await?)
    }

    /// The machine's UUID: the system's GUID, or the device's where there is none.
    pub async fn uuid(&self) -> Result<Option<String>, Error> {
        let body = match self.request(SYSTEM_GUID, &[]).await {
            Err(error) if error.is_unsupported() => self.request(DEVICE_GUID, &[]).await?,
            outcome => outcome?,
        };
        Ok(uuid(Cursor::new(SYSTEM_GUID.name, &body).array()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_device_is_read() {
        let body = [
            0x20, 0x81, 0x03, 0x88, 0x02, 0xbf, 0x7c, 0x2a, 0x00, 0x01, 0x08,
        ];
        let id = DeviceId::decode(&body).unwrap();
        assert_eq!(id.firmware(), "3.88");
        assert_eq!((id.manufacturer, id.product), (10_876, 0x0801));
        assert!(DeviceId::decode(&body[..8]).is_err());
    }

    #[test]
    fn a_uuid_is_found_in_each_order() {
        let text = "12345678-9abc-4def-8123-456789abcdef";
        let plain = 0x1234_5678_9abc_4def_8123_4567_89ab_cdef_u128.to_be_bytes();
        let mut smbios = plain;
        smbios[..4].reverse();
        smbios[4..6].reverse();
        smbios[6..8].reverse();
        assert_eq!(uuid(smbios).as_deref(), Some(text));
        let mut backwards = plain;
        backwards.reverse();
        assert_eq!(uuid(backwards).as_deref(), Some(text));
        assert_eq!(uuid([0; 16]), None);
        assert_eq!(uuid([0xff; 16]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_decoding_panic(body in proptest::collection::vec(any::<u8>(), 0..20), guid: [u8; 16]) {
            let _ = DeviceId::decode(&body);
            let _ = uuid(guid);
        }
    }
}
