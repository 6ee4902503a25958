//! The broker's dead letters: fetched by workers, and kept in the database for people to see.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::{NewDeadLetter, Result};
use futures::StreamExt;
use lapin::message::Delivery as Received;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};

use super::consume::accept;
use super::link::Session;
use super::message::{Message, text};
use super::{ANSWER, Shared};
use crate::now;

/// Messages that are fetched at a time.
const PREFETCH: u16 = 50;
/// The pause after something did not work.
const PAUSE: Duration = Duration::from_secs(1);

/// Fetches until the engine is stopped.
pub(super) async fn run(shared: Arc<Shared>) {
    while let Some(session) = shared.connected().await {
        tokio::select! {
            fetched = fetch(&shared, &session) => if let Err(error) = fetched {
                tracing::debug!(error, "dead letters are not fetched at the moment");
            },
            () = shared.stop.cancelled() => return,
        }
        if !shared.pause(PAUSE).await {
            return;
        }
    }
}

/// Fetches until the connection ends.
async fn fetch(shared: &Shared, session: &Session) -> Result<(), String> {
    let text = |error: lapin::Error| error.to_string();
    let channel = session.channel().await?;
    channel
        .basic_qos(PREFETCH, BasicQosOptions::default())
        .await
        .map_err(text)?;
    let consuming = channel.basic_consume(
        shared.names.dead().into(),
        "".into(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    let mut stream = tokio::time::timeout(ANSWER, consuming)
        .await
        .map_err(|_| "no answer".to_owned())?
        .map_err(text)?;
    while let Some(message) = stream.next().await {
        let message = message.map_err(text)?;
        while let Err(error) = keep(shared, &message).await {
            tracing::warn!(%error, "a dead letter was not kept; it stays with the broker for now");
            tokio::time::sleep(PAUSE).await;
        }
        accept(&message.acker).await;
    }
    Err("the broker has ended the consumer".to_owned())
}

/// Keeps a message, unless its task is known: a task that was given up is among the dead letters
/// already, and one that waits is announced again.
pub(super) async fn keep(shared: &Shared, message: &Received) -> Result<()> {
    let store = &shared.store;
    let reason = match Message::decode(&message.data) {
        Err(why) => why,
        Ok(named) => match store.task_by_id(named.task).await? {
            Some(task) if task.status.is_final() => return Ok(()),
            Some(task) => {
                tracing::warn!(
                    task = task.uuid,
                    "the broker could not deliver a task; it is announced again"
                );
                return store.announce_again(task.id, now()).await;
            }
            None => format!("there is no task {}", named.task),
        },
    };
    let letter = NewDeadLetter {
        class: class(shared, message),
        body: text(&message.data),
        reason,
    };
    let id = store.add_dead_letter(letter, now()).await?;
    tracing::warn!(dead_letter = id, "a message is among the dead letters");
    Ok(())
}

/// The class of the queue that the message died in, as the broker says.
fn class(shared: &Shared, message: &Received) -> String {
    let headers = message.properties.headers().as_ref();
    let queue = headers.and_then(|headers| headers.inner().get("x-first-death-queue"));
    match queue {
        Some(AMQPValue::LongString(queue)) => {
            let queue = text(queue.as_bytes());
            match shared.names.class(&queue) {
                Some(class) => class.to_owned(),
                None => queue,
            }
        }
        _ => text(message.routing_key.as_str().as_bytes()),
    }
}
