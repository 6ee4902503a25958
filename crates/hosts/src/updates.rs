//! Updates of the distribution: all that apt or dnf has, in a service of the host's own, which goes on
//! when the connection breaks; whoever asks again meanwhile waits for the same one.

use std::time::Duration;

use assay_domain::host::HostShell;

use crate::{HostError, Outcome, outcome, run_for};

/// Installs updates, waits for their end, and prints the packages that are others than before.
pub(crate) const INSTALL: &str = include_str!("scripts/update.sh");

/// How long one attempt waits for the end, below the time limit of a task.
const LIMIT: Duration = Duration::from_mins(13);

/// Installs all updates.
pub(crate) async fn install(shell: &dyn HostShell) -> Result<Outcome, HostError> {
    outcome(&run_for(shell, INSTALL, "", LIMIT).await?)
}
