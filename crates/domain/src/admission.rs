//! PXE admission: which machines the DHCP server serves now, so that only they boot the ramdisk.

use std::collections::BTreeSet;

use assay_inventory::Mac;
use async_trait::async_trait;

use crate::error::Error;

/// What is to be served now, whatever was served before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Network cards of the machines that are to boot.
    pub served: BTreeSet<Mac>,
    /// What becomes of cards that are not among them.
    pub others: Others,
}

/// What becomes of network cards whose machine is not to boot now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Others {
    /// They get no answer.
    #[default]
    Refused,
    /// Machines that nobody knows yet are served, to be discovered; these cards of known machines
    /// get no answer.
    ServedExcept(BTreeSet<Mac>),
}

impl Wanted {
    /// Whether this card is to be served.
    pub fn serves(&self, mac: Mac) -> bool {
        self.served.contains(&mac)
            || match &self.others {
                Others::Refused => false,
                Others::ServedExcept(known) => !known.contains(&mac),
            }
    }
}

/// A DHCP server that can be told whom to serve.
///
/// It is driven by level: each call says the whole of what is wanted, and leaves the server in that
/// state from whatever state it was in.
#[async_trait]
pub trait PxeAdmission: Send + Sync {
    /// The driver's name in configuration.
    fn name(&self) -> &'static str;

    /// Whether it refuses anybody, so that it must be told what is wanted.
    fn is_active(&self) -> bool;

    /// Makes the server serve exactly what is wanted.
    ///
    /// # Errors
    /// When it cannot be told; what it serves then lies between the former and the wanted state.
    async fn apply(&self, wanted: &Wanted) -> Result<(), AdmissionError>;

    /// Whether something else has touched what the last [`Self::apply`] left: cheap, asked often.
    async fn is_disturbed(&self) -> bool;
}

/// Why a DHCP server was not told whom to serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// A file that the server reads was not read or written.
    #[error("PXE admission by {driver}: {path}: {reason}")]
    File {
        /// The driver.
        driver: &'static str,
        /// The file or folder.
        path: String,
        /// What the operating system says.
        reason: String,
    },
    /// The driver's own work was cut off.
    #[error("PXE admission by {driver} was cut off: {reason}")]
    CutOff {
        /// The driver.
        driver: &'static str,
        /// By what.
        reason: String,
    },
}

impl From<AdmissionError> for Error {
    /// Not [`Error::Unavailable`], which is for what Assay itself stands on and passes by itself.
    fn from(error: AdmissionError) -> Self {
        Self::Conflict(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(last: u8) -> Mac {
        Mac::new([0x52, 0x54, 0, 0, 0, last])
    }

    #[test]
    fn known_machines_are_served_only_when_they_are_to_boot() {
        let served = BTreeSet::from([mac(1)]);
        let closed = Wanted {
            served: served.clone(),
            others: Others::Refused,
        };
        let known = BTreeSet::from([mac(1), mac(2)]);
        let open = Wanted {
            served,
            others: Others::ServedExcept(known),
        };
        let all = [mac(1), mac(2), mac(3)];
        assert_eq!(all.map(|mac| closed.serves(mac)), [true, false, false]);
        assert_eq!(all.map(|mac| open.serves(mac)), [true, false, true]);
    }
}
