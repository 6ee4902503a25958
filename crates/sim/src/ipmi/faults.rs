//! What an IPMI BMC does wrong, or slowly, as data.

use std::time::Duration;

use crate::restart::RestartFault;

/// The faults of one BMC. The default is none, and an immediate change of power state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IpmiFaults {
    /// Never answers.
    pub silent: bool,
    /// Every answer is held back this long.
    pub answer_delay: Duration,
    /// Takes no password for right.
    pub refuse_login: bool,
    /// Has no room for another session.
    pub session_table_full: bool,
    /// Forgets a session after this many commands in it, and does not answer it any more.
    pub drop_session_after: Option<u32>,
    /// Restarts itself while it is asked.
    pub restart: Option<RestartFault>,
    /// Cuts its answers off in the middle.
    pub malformed: bool,
    /// Loses every n-th datagram that arrives; 0 is taken as none.
    pub lose_every: Option<u64>,
    /// Power changes take effect this long after their answer.
    pub state_change_delay: Duration,
    /// Answers a change of power and does nothing.
    pub ignore_power: bool,
    /// Does change power and does not answer.
    pub mute_power: bool,
    /// Forgets boot flags as soon as they are set.
    pub forget_boot_flags: bool,
}
