//! The sweep: nothing stays in a transient state once its time is up or its owner is gone.

use assay_domain::{Error, Event, Introspection, IntrospectionState, Result, Task};

use super::{CANCELED, Introspections, reached};
use crate::work::payload_id;

/// How many introspections one sweep ends at most; the next one goes on.
const AT_A_TIME: i64 = 500;

impl Introspections<'_> {
    /// Ends introspections whose deadline has passed and those that lost their task; gives how many.
    pub async fn sweep(&self) -> Result<usize> {
        let store = self.app.store();
        let now = self.app.clock().now();
        let mut ended = 0;
        for late in store.expired_introspections(now, AT_A_TIME).await? {
            let reached = reached(&late, &store.phases(late.id).await?);
            // The deadline was set a moment before the start was stamped.
            let limit = (late.deadline - late.started_at).num_milliseconds() + 500;
            let text = Introspection::timeout_message(limit / 1000, &reached);
            ended += self.end(&late, Event::Timeout, text).await?;
        }
        for orphan in store.orphaned_introspections(AT_A_TIME).await? {
            let text = stopped(orphan.state, "its task ended without bringing it further");
            ended += self.end(&orphan, orphan.state.failure(), text).await?;
        }
        Ok(ended)
    }

    /// Ends the introspection of a task that is given up, because its worker died each time.
    pub async fn given_up(&self, task: &Task) -> Result<()> {
        let id = payload_id(task, "introspection_id")?;
        let introspection = self.by_id(id).await?;
        let why = format!("its worker died {} times", task.max_attempts);
        let text = stopped(introspection.state, &why);
        self.end(&introspection, introspection.state.failure(), text)
            .await
            .map(|_| ())
    }

    async fn end(
        &self,
        introspection: &Introspection,
        event: Event,
        text: String,
    ) -> Result<usize> {
        match self.fail(introspection, event, text).await {
            Ok(_) => Ok(1),
            // It ended by itself between the look and the event.
            Err(Error::Conflict(_)) => Ok(0),
            Err(other) => Err(other),
        }
    }
}

fn stopped(state: IntrospectionState, why: &str) -> String {
    match state {
        IntrospectionState::Aborting => format!("{CANCELED}; the machine was not put back: {why}"),
        other => format!("Introspection stopped while {}: {why}", other.as_str()),
    }
}
