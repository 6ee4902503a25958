//! What all callers of one device share, whichever process they are in: who is let through now, at what
//! pace, and whether our credentials may be tried.

mod record;

use std::time::Duration;

use async_trait::async_trait;

pub use record::GateRecord;

use crate::error::Result;

/// How many logins may have ended without success, or without anybody telling how, within
/// [`GateRules::lockout`]. Common BMCs lock an account after three to five.
pub const LOGINS_PER_LOCKOUT: i32 = 2;

/// The pace at which a device may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The least time from the end of one operation to the begin of the next.
    pub interval: Duration,
    /// The time in which the device's bucket gains one token; each operation takes one.
    pub refill: Duration,
    /// How many tokens the bucket holds: that many operations may follow each other at `interval`.
    pub burst: u32,
}

impl Pace {
    /// Thirty operations at the given interval, then one a second.
    pub const fn every(interval: Duration) -> Self {
        Self {
            interval,
            refill: Duration::from_secs(1),
            burst: 30,
        }
    }
}

/// By what a caller is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateRules {
    /// The device's pace.
    pub pace: Pace,
    /// How long a pass counts unless it is extended: so long others wait for a holder that died.
    pub hold: Duration,
    /// How long a device may keep the session of a holder that died. Within this time no second holder
    /// is taken over, so that no device has more than two sessions of ours.
    pub session_life: Duration,
    /// The window for which devices count failed logins.
    pub lockout: Duration,
}

/// What became of asking to be let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The caller holds the gate. It has begun a login that counts as failed until it says
    /// [`GateState::accepted`] or [`GateState::leave`].
    In {
        /// Whether logins before this one have ended without a word: then the caller says
        /// [`GateState::accepted`] as soon as the device has let it in.
        in_doubt: bool,
    },
    /// Not now; ask again after that time.
    Wait {
        /// The least time until the answer can be another one.
        time: Duration,
        /// What is waited for.
        cause: String,
    },
    /// The device has refused our credentials; nobody may ask it until they change.
    Shut {
        /// What the device said.
        reason: String,
    },
}

/// The gates of all devices, kept where all workers see them. One process is one caller: it lets its own
/// operations on a device through one after the other.
///
/// # Errors
/// All methods fail when the state cannot be reached; then nobody may ask the device.
#[async_trait]
pub trait GateState: Send + Sync {
    /// Asks to be let through to the device of a power control.
    async fn enter(&self, power_control_id: i64, rules: &GateRules) -> Result<Entry>;

    /// Keeps the gate for another [`GateRules::hold`]; `false` when somebody else has it.
    async fn extend(&self, power_control_id: i64, rules: &GateRules) -> Result<bool>;

    /// The device has let the holder in.
    async fn accepted(&self, power_control_id: i64) -> Result<()>;

    /// The holder is done, and the device is free after [`Pace::interval`].
    async fn leave(&self, power_control_id: i64, rules: &GateRules) -> Result<()>;

    /// Shuts the gate: the device refused our credentials. It opens when they are changed.
    async fn refuse(&self, power_control_id: i64, reason: &str) -> Result<()>;
}
