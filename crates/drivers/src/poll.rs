//! Waiting for a machine to reach a power state; BMCs answer seconds before it changes.

use std::future::Future;
use std::time::Duration;

use assay_domain::driver::NOT_IN_STATE;
use assay_domain::{DriverError, PowerState};
use tokio::time::{Instant, sleep, timeout_at};

use crate::peer::Peer;
use crate::retry::jittered;

/// The longest pause between two looks at the state.
const INTERVAL: Duration = Duration::from_secs(1);

/// Looks at the state until it is `wanted` or `limit` has passed. A look that fails for a moment is
/// forgiven: a BMC that is busy switching power does not always answer.
///
/// # Errors
/// [`DriverError::TimedOut`] with the last thing seen; at once what is not transient.
pub(crate) async fn until<F, Look>(
    peer: &Peer,
    wanted: PowerState,
    limit: Duration,
    mut look: F,
) -> Result<(), DriverError>
where
    F: FnMut() -> Look,
    Look: Future<Output = Result<PowerState, DriverError>>,
{
    let deadline = Instant::now() + limit;
    let mut seen = String::from("nothing was read yet");
    loop {
        match timeout_at(deadline, look()).await {
            Ok(Ok(state)) if state == wanted => return Ok(()),
            Ok(Ok(state)) => seen = format!("it is still {}", state.as_str()),
            Ok(Err(error)) if error.is_transient() => seen = error.to_string(),
            Ok(Err(error)) => return Err(error),
            Err(_) => {}
        }
        let next = Instant::now() + jittered(INTERVAL);
        if next >= deadline {
            return Err(peer.timed_out(format!(
                "{NOT_IN_STATE}{} within {} s; {seen}",
                wanted.as_str(),
                limit.as_secs()
            )));
        }
        sleep(next.duration_since(Instant::now())).await;
    }
}
