//! What tells one machine from another: single facts, and all of them together.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// System UUID (SMBIOS type 1); lower case with hyphens.
    SystemUuid,
    /// Serial number of the system (SMBIOS type 1).
    SystemSerial,
    /// Serial number of the chassis (SMBIOS type 3); blades of one chassis may share it.
    ChassisSerial,
    /// Serial number of the main board (SMBIOS type 2).
    BoardSerial,
    /// IP address or host name of the BMC, in its canonical form.
    BmcAddress,
    /// MAC address of the BMC.
    BmcMac,
    /// MAC address of a network card, the burnt-in one where it is known; its place is the card's
    /// PCI address.
    Card,
}

impl FactKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::SystemUuid,
        Self::SystemSerial,
        Self::ChassisSerial,
        Self::BoardSerial,
        Self::BmcAddress,
        Self::BmcMac,
        Self::Card,
    ];

    /// The kind's name in the store and in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SystemUuid => "system_uuid",
            Self::SystemSerial => "system_serial",
            Self::ChassisSerial => "chassis_serial",
            Self::BoardSerial => "board_serial",
            Self::BmcAddress => "bmc_address",
            Self::BmcMac => "bmc_mac",
            Self::Card => "card",
        }
    }
}

impl FromStr for FactKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown kind of fact '{text}'")))
    }
}

/// One fact about a machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// What it is about.
    pub kind: FactKind,
    /// What it says.
    pub value: String,
    /// Where in the machine: a card's PCI address, when that is known.
    pub place: Option<String>,
}

impl Fact {
    /// A fact without a place.
    pub fn new(kind: FactKind, value: impl Into<String>) -> Self {
        Self {
            kind,
            value: value.into(),
            place: None,
        }
    }
}

/// Everything that is known of one machine.
pub type Facts = BTreeSet<Fact>;

/// The same UUID with its first three fields in the other byte order. SMBIOS 2.6 (section 7.2.1)
/// made them little-endian; firmware, BMCs and boot loaders of before and after disagree. `None`
/// for what is no UUID with hyphens.
pub fn swapped_uuid(uuid: &str) -> Option<String> {
    let fields: Vec<&str> = uuid.split('-').collect();
    let lengths: Vec<usize> = fields.iter().map(|field| field.len()).collect();
    if lengths != [8, 4, 4, 4, 12] || !uuid.is_ascii() {
        return None;
    }
    let swap = |field: &str| -> String {
        let pairs = (0..field.len()).step_by(2).rev();
        pairs.filter_map(|at| field.get(at..at + 2)).collect()
    };
    let (little, rest) = fields.split_at_checked(3)?;
    let swapped = little.iter().map(|field| swap(field));
    let all: Vec<String> = swapped
        .chain(rest.iter().map(|&field| field.to_owned()))
        .collect();
    Some(all.join("-"))
}

/// Whether two values of the same kind say the same.
pub fn says_the_same(kind: FactKind, one: &str, other: &str) -> bool {
    one == other || (kind == FactKind::SystemUuid && swapped_uuid(one).as_deref() == Some(other))
}

#[cfg(test)]
mod tests {
    use super::{FactKind, says_the_same, swapped_uuid};

    #[test]
    fn both_byte_orders_of_a_uuid_are_one() {
        let (one, other) = (
            "00112233-4455-6677-8899-aabbccddeeff",
            "33221100-5544-7766-8899-aabbccddeeff",
        );
        assert_eq!(swapped_uuid(one).as_deref(), Some(other));
        assert_eq!(swapped_uuid(other).as_deref(), Some(one));
        assert!(says_the_same(FactKind::SystemUuid, one, other));
        assert!(!says_the_same(FactKind::SystemSerial, one, other));
        for text in ["", "1-2-3-4-5", "ä0112233-4455-6677-8899-aabbccddeeff"] {
            assert_eq!(swapped_uuid(text), None, "{text}");
        }
    }

    #[test]
    fn names_round_trip() {
        for kind in FactKind::ALL {
            assert_eq!(kind.as_str().parse::<FactKind>().unwrap(), kind);
        }
    }
}
