//! The SSH driver against Debian's OpenSSH server and against servers that are none.

mod commands;
mod hosts;
mod logins;
mod odd;

use assay_domain::{DriverError, PowerState, Target};

use crate::support::gate;

/// The protocol under test.
const SSH: &str = "ssh";

async fn state(target: &Target) -> Result<PowerState, DriverError> {
    gate().0.power_state(target, SSH).await
}
