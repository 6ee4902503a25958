//! Resets, one after the other on each of a few machines: what they came to is read from the
//! database, how often they were done is counted at the BMCs.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::stage::Stage;
use crate::client::try_send;

/// Between two resets of a machine, also so that two of them cannot be mistaken for each other.
const PAUSE: Duration = Duration::from_millis(1_500);

/// The resets of one run.
pub(super) struct Resets {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Resets {
    /// Begins to reset machines.
    pub(super) fn start(stage: &Arc<Stage>) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for number in 0..stage.idlers.len() {
            let (stage, stop) = (Arc::clone(stage), stop.clone());
            tasks.spawn(async move {
                let resets = reset_again_and_again(&stage, number, &stop);
                resets.await;
            });
        }
        Self { stop, tasks }
    }

    /// Asks for no more.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.tasks.join_all().await;
    }
}

async fn reset_again_and_again(stage: &Stage, number: usize, stop: &CancellationToken) {
    let id = stage.idlers[number].node.id;
    while !stop.is_cancelled() {
        let path = format!("/v1/nodes/{id}/actions/reset");
        let request = stage.client.request(reqwest::Method::POST, &path);
        // Whatever the answer is: the database knows what was asked for.
        let _ = try_send(request.timeout(Duration::from_secs(20))).await;
        tokio::time::sleep(PAUSE).await;
    }
}
