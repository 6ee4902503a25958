//! What a simulated device does in the background, and its end.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one device; all end when it stops.
pub(crate) struct Work {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Work {
    /// None yet. It also stops when `with` is cancelled.
    pub(crate) fn new(with: &CancellationToken) -> Self {
        Self {
            tasks: TaskTracker::new(),
            stop: with.child_token(),
        }
    }

    /// Goes on with `task` until it ends or the device stops.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks
            .spawn(async move { stop.run_until_cancelled(task).await });
    }

    /// Has all tasks end.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Has all tasks end, and waits until they have.
    pub(crate) async fn end(&self) {
        self.stop();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
