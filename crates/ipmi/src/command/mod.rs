//! Commands and their decoders, one file per group. Decoders are functions without I/O.

pub mod app;
pub mod boot;
pub mod chassis;
pub mod events;
pub mod fru;
pub mod lan;
pub mod sdr;
pub mod sel;
pub mod sensor;
mod states;
pub mod text;
pub mod units;
pub mod user;

/// A command: to whom, which, and its name for errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// Network function (table 5-1), an even number.
    pub netfn: u8,
    /// Logical unit, 0 to 3.
    pub lun: u8,
    /// Its number (appendix G).
    pub code: u8,
    /// Its name in the specification.
    pub name: &'static str,
}

impl Command {
    /// A command of the BMC's logical unit 0.
    pub const fn new(netfn: u8, code: u8, name: &'static str) -> Self {
        Self {
            netfn,
            lun: 0,
            code,
            name,
        }
    }

    /// The same for another logical unit.
    #[must_use]
    pub const fn at(self, lun: u8) -> Self {
        Self {
            lun: lun & 3,
            ..self
        }
    }
}
