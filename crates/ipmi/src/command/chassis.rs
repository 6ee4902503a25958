//! Power and the identification light (section 28).

use std::time::Duration;

use crate::Error;
use crate::client::Session;
use crate::command::Command;
use crate::cursor::Cursor;

const CHASSIS: u8 = 0x00;

/// Get Chassis Status.
pub const STATUS: Command = Command::new(CHASSIS, 0x01, "Get Chassis Status");
/// Chassis Control.
pub const CONTROL: Command = Command::new(CHASSIS, 0x02, "Chassis Control");
/// Chassis Identify.
pub const IDENTIFY: Command = Command::new(CHASSIS, 0x04, "Chassis Identify");

/// What Chassis Control is to do (table 28-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Cut the power.
    Off = 0,
    /// Switch on.
    On = 1,
    /// Cut the power for at least a second; BMCs may refuse it on a machine that is off.
    Cycle = 2,
    /// Restart at once.
    Reset = 3,
    /// Send a diagnostic interrupt.
    Diagnostic = 4,
    /// Ask the operating system to shut down, as if it were too hot (ACPI).
    Soft = 5,
}

impl Control {
    /// The control of this number in a message.
    pub fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Off,
            1 => Self::On,
            2 => Self::Cycle,
            3 => Self::Reset,
            4 => Self::Diagnostic,
            5 => Self::Soft,
            _ => return None,
        })
    }
}

/// The chassis as it is now (table 28-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChassisStatus {
    /// Whether the machine has power.
    pub on: bool,
    /// Whether its power failed for a fault.
    pub power_fault: bool,
}

impl ChassisStatus {
    /// Reads the command's answer.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is empty.
    pub fn decode(body: &[u8]) -> Result<Self, Error> {
        let power = Cursor::new(STATUS.name, body).u8()?;
        Ok(Self {
            on: power & 0x01 != 0,
            power_fault: power & 0x08 != 0,
        })
    }
}

/// How the light is to shine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// Not at all.
    Off,
    /// For this long, 1 to 255 s.
    For(Duration),
    /// Until it is switched off.
    On,
}

impl Light {
    /// The request's data (table 28-6). "Off" is an interval of zero.
    pub fn encode(self) -> Vec<u8> {
        match self {
            Self::Off => vec![0],
            Self::For(time) => {
                // Rounded up: a light that is wanted for half a second is wanted.
                let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
                vec![u8::try_from(seconds.max(1)).unwrap_or(u8::MAX)]
            }
            Self::On => vec![0, 1],
        }
    }
}

impl Session {
    /// The chassis as it is now.
    pub async fn chassis_status(&self) -> Result<ChassisStatus, Error> {
        ChassisStatus::decode(&self.request(STATUS, &[]).await?)
    }

    /// Changes the machine's power; one datagram is sent.
    ///
    /// # Errors
    /// After [`Error::TimedOut`] and [`Error::Malformed`] it may have happened.
    pub async fn chassis_control(&self, control: Control) -> Result<(), Error> {
        self.request_once(CONTROL, &[control as u8]).await.map(drop)
    }

    /// Switches the identification light.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the BMC has a light, and none that shines until it is switched off.
    pub async fn chassis_identify(&self, light: Light) -> Result<(), Error> {
        let answer = self.request(IDENTIFY, &light.encode()).await;
        if light == Light::On && answer.as_ref().is_err_and(Error::is_unsupported) {
            return Err(Error::Unsupported(
                "the BMC's light cannot shine until it is switched off".into(),
            ));
        }
        answer.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_is_read() {
        assert!(ChassisStatus::decode(&[0x01, 0, 0]).unwrap().on);
        assert!(!ChassisStatus::decode(&[0x60]).unwrap().on);
        assert!(ChassisStatus::decode(&[0x08]).unwrap().power_fault);
        assert!(ChassisStatus::decode(&[]).is_err());
    }

    #[test]
    fn a_light_shines_as_long_as_it_can() {
        assert_eq!(Light::For(Duration::from_millis(1)).encode(), [1]);
        assert_eq!(Light::For(Duration::from_mins(10)).encode(), [255]);
        assert_eq!(Light::Off.encode(), [0]);
        assert_eq!(Light::On.encode(), [0, 1]);
    }

    #[test]
    fn controls_round_trip() {
        for bits in 0..=5 {
            assert_eq!(
                Control::from_bits(bits).map(|control| control as u8),
                Some(bits)
            );
        }
        assert_eq!(Control::from_bits(6), None);
    }
}
