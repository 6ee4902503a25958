//! The sweep: nothing stays in a transient state once its time is up or its owner is gone.

use assay_domain::{About, Cause, Error, Event, Introspection, IntrospectionState, Result, Task};
use serde_json::Value;

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
            // The deadline was set a moment before the start was stamped.
            let limit = (late.deadline - late.started_at).num_milliseconds() + 500;
            let text = self.timeout_text(&late, limit / 1000).await?;
            ended += self.end(&late, Event::Timeout, text).await?;
        }
        for orphan in store.orphaned_introspections(AT_A_TIME).await? {
            self.app.diagnoses().last_word(&orphan).await;
            let text = stopped(orphan.state, "its task ended without bringing it further");
            ended += self.end(&orphan, orphan.state.failure(), text).await?;
        }
        Ok(ended)
    }

    /// The error text of an introspection that has taken so long: the phase that did not come, and
    /// the most likely cause.
    pub(crate) async fn timeout_text(
        &self,
        introspection: &Introspection,
        seconds: i64,
    ) -> Result<String> {
        let stamps = self.app.store().phases(introspection.id).await?;
        let cause = self.app.diagnoses().last_word(introspection).await;
        let reached = reached(introspection, &stamps);
        Ok(Introspection::timeout_message(
            seconds,
            &reached,
            cause.as_ref(),
        ))
    }

    /// Ends the introspection of a task that is given up, because its worker died each time.
    pub async fn given_up(&self, task: &Task) -> Result<()> {
        let id = payload_id(task, "introspection_id")?;
        let introspection = self.by_id(id).await?;
        let why = format!("its worker died {} times", task.max_attempts);
        let text = stopped(introspection.state, &why);
        self.app.evidence().points(
            About::Introspection(id),
            Cause::ProcessingAbandoned,
            &task.uuid,
            &format!("task {}: {why}", task.uuid),
            Value::Null,
        );
        self.app.diagnoses().last_word(&introspection).await;
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
