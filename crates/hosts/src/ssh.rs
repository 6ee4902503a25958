//! Who may log in on a host over SSH: everybody whom its own configuration lets in, or Assay alone.
//!
//! Assay's own key stays in a file of its own. The restriction takes itself back after two minutes
//! unless Assay has logged in anew by then, so that nobody can lock himself out with it.

use std::time::Duration;

use assay_domain::DriverError;
use assay_domain::host::{HostDoor, HostShell};
use tokio::time::{Instant, sleep};

use crate::{HostError, HostSettings, Outcome, outcome, run};

/// Lets nobody but Assay in.
pub(crate) const RESTRICT: &str = include_str!("scripts/ssh_restrict.sh");
/// Keeps it so.
pub(crate) const CONFIRM: &str = include_str!("scripts/ssh_confirm.sh");
/// Lets the others in again.
pub(crate) const RELEASE: &str = include_str!("scripts/ssh_release.sh");

/// How long coming in again is tried: less than the time after which the restriction takes itself back.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// Lets others than Assay log in, or not, through a shell that is open, and looks whether Assay still
/// comes in.
pub(crate) async fn set(
    door: &dyn HostDoor,
    shell: Box<dyn HostShell>,
    wanted: bool,
    settings: &HostSettings,
) -> Result<Outcome, HostError> {
    if wanted {
        let end = run(shell.as_ref(), RELEASE, "").await;
        shell.close().await;
        let done = outcome(&end?)?;
        come_in_again(door).await?.close().await;
        return Ok(done);
    }
    let input = format!("{}\n{}\n", settings.login, settings.public_key);
    let end = run(shell.as_ref(), RESTRICT, &input).await;
    shell.close().await;
    let done = outcome(&end?)?;
    let again = come_in_again(door).await?;
    let confirmed = run(again.as_ref(), CONFIRM, "").await;
    again.close().await;
    confirmed?;
    Ok(done)
}

/// Logs in anew. A server that reads its configuration again does not listen for a moment.
async fn come_in_again(door: &dyn HostDoor) -> Result<Box<dyn HostShell>, DriverError> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        match door.open().await {
            Err(error) if error.is_transient() && Instant::now() < give_up => {
                sleep(PAUSE).await;
            }
            opened => return opened,
        }
    }
}
