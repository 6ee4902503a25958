//! How much each fact counts when two machines are compared. The numbers are points; what they must
//! do together is in the tests of this folder.
//!
//! A fact that several nodes share, and a placeholder, count nothing, for or against.

use assay_domain::FactKind;

/// Points for facts that agree, and against those that contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight {
    /// For a fact that both have.
    pub(crate) same: i32,
    /// Against, when both have one and they differ. Not for cards: see [`ALL_CARDS_OTHER`].
    pub(crate) other: i32,
}

/// The weight of each kind of fact.
pub(crate) fn weight(kind: FactKind) -> Weight {
    let (same, other) = match kind {
        // Made for this purpose; changes with the main board.
        FactKind::SystemUuid => (40, -40),
        // Some makers give blades of one chassis the same.
        FactKind::SystemSerial => (20, -30),
        FactKind::ChassisSerial => (10, -5),
        FactKind::BoardSerial => (10, -10),
        // BMCs get another address from DHCP; two machines rarely have the same one.
        FactKind::BmcAddress => (30, -5),
        FactKind::BmcMac => (20, -10),
        FactKind::Card => (CARD, 0),
    };
    Weight { same, other }
}

/// For a card that both have.
pub(crate) const CARD: i32 = 20;
/// For a card that both have at the same PCI address.
pub(crate) const CARD_IN_PLACE: i32 = 25;
/// For all cards together: cards can be moved, one at a time or four on one board.
pub(crate) const CARDS_AT_MOST: i32 = 30;
/// Against, when all cards of both are known and none is the same.
pub(crate) const ALL_CARDS_OTHER: i32 = -10;

/// From here on a node can be the machine: any single fact that nothing contradicts gets there, but
/// the serial numbers of chassis and board.
pub(crate) const DECIDES: i32 = 20;
/// Down to here a node cannot be the machine, whatever cards they have in common: a card was moved.
pub(crate) const RULED_OUT: i32 = -40;
/// How far the best node must be ahead of the next one that is not ruled out.
pub(crate) const MARGIN: i32 = 25;
