//! What the machine boots next (sections 28.12 to 28.14).

use crate::Error;
use crate::client::Session;
use crate::command::Command;
use crate::cursor::Cursor;

/// Set System Boot Options.
pub const SET: Command = Command::new(0x00, 0x08, "Set System Boot Options");
/// Get System Boot Options.
pub const GET: Command = Command::new(0x00, 0x09, "Get System Boot Options");

/// The parameter that says when the BMC takes the flags back by itself.
pub const CLEARING: u8 = 3;

/// The parameter of the boot flags.
pub const FLAGS: u8 = 5;

/// "Do not take the flags back when no restart follows within 60 s" (table 28-14, parameter 3).
const NOT_AFTER_A_MINUTE: u8 = 0x08;

/// From where to boot (table 28-14, parameter 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// In the machine's own order.
    None,
    /// The network.
    Network,
    /// The first disk.
    Disk,
    /// A CD.
    Cd,
    /// The firmware's set-up.
    Setup,
    /// One of the others, by its number.
    Other(u8),
}

impl Device {
    fn from_bits(bits: u8) -> Self {
        match bits {
            0 => Self::None,
            1 => Self::Network,
            2 => Self::Disk,
            5 => Self::Cd,
            6 => Self::Setup,
            other => Self::Other(other),
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Network => 1,
            Self::Disk => 2,
            Self::Cd => 5,
            Self::Setup => 6,
            Self::Other(other) => other & 0x0f,
        }
    }
}

/// The boot flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootFlags {
    /// Whether they hold at all.
    pub valid: bool,
    /// Whether they hold for every boot, not for the next one only.
    pub persistent: bool,
    /// Whether to boot with UEFI, else with legacy BIOS.
    pub uefi: bool,
    /// From where.
    pub device: Device,
}

impl BootFlags {
    /// Reads the answer to Get System Boot Options.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is too short or about another parameter.
    pub fn decode(body: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(GET.name, body);
        let [_, parameter, how, device] = cursor.array()?;
        if parameter & 0x7f != FLAGS {
            let text = "the BMC answers with another boot option than asked for";
            return Err(Error::Malformed(text.into()));
        }
        Ok(Self::of_bytes([how, device]))
    }

    /// The flags in the first two bytes of the parameter's data.
    pub fn of_bytes([how, device]: [u8; 2]) -> Self {
        Self {
            valid: how & 0x80 != 0,
            persistent: how & 0x40 != 0,
            uefi: how & 0x20 != 0,
            device: Device::from_bits(device >> 2 & 0x0f),
        }
    }

    /// The parameter's data.
    pub fn encode(self) -> [u8; 5] {
        let bit = |on: bool, bit: u8| if on { bit } else { 0 };
        let how = bit(self.valid, 0x80) | bit(self.persistent, 0x40) | bit(self.uefi, 0x20);
        [how, self.device.bits() << 2, 0, 0, 0]
    }
}

impl Session {
    /// The boot flags as they are now.
    pub async fn boot_flags(&self) -> Result<BootFlags, Error> {
        BootFlags::decode(&self.request(GET, &[FLAGS, 0, 0]).await?)
    }

    /// Sets the boot flags, and has the BMC keep them for longer than the minute that is usual.
    pub async fn set_boot_flags(&self, flags: BootFlags) -> Result<(), Error> {
        match self.request(SET, &[CLEARING, NOT_AFTER_A_MINUTE]).await {
            Ok(_) => {}
            // Whoever cannot keep them longer can still have them.
            Err(Error::Completion { code, .. }) => {
                tracing::debug!(code, "the BMC decides by itself how long boot flags hold");
            }
            Err(error) => return Err(error),
        }
        let mut data = vec![FLAGS];
        data.extend(flags.encode());
        self.request(SET, &data).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn flags_are_those_of_the_specification() {
        let flags = BootFlags {
            valid: true,
            persistent: true,
            uefi: true,
            device: Device::Network,
        };
        assert_eq!(flags.encode(), [0xe0, 0x04, 0, 0, 0]);
        assert!(BootFlags::decode(&[1, 4, 0x80, 4, 0, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn flags_round_trip(how in 0..8_u8, device in 0..16_u8) {
            let flags = BootFlags::of_bytes([how << 5, device << 2]);
            let mut body = vec![1, FLAGS];
            body.extend(flags.encode());
            prop_assert_eq!(BootFlags::decode(&body), Ok(flags));
        }

        #[test]
        fn no_bytes_make_decoding_panic(body in proptest::collection::vec(any::<u8>(), 0..9)) {
            let _ = BootFlags::decode(&body);
        }
    }
}
