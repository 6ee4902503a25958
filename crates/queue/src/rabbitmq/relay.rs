//! The relay: publishes what the database says must be announced, and records what the broker has.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::Result;
use assay_store::Announcement;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, PublisherConfirm};

use super::Shared;
use super::link::Session;
use super::message::Message;
use crate::{later, now};

/// How many tasks are announced at a time.
const BATCH: usize = 500;
/// For how long a batch is kept from other relays: when this one dies over it, they go on then.
const TAKEN: Duration = Duration::from_secs(3);
/// A task that was begun before, and lost its worker, is announced again after this long until somebody
/// takes it: the message may have gone to a worker that is cut off, which takes the broker a while to
/// see.
const BEGUN: Duration = Duration::from_secs(5);
/// How long the broker may take to confirm a batch.
const CONFIRM: Duration = Duration::from_secs(10);
/// The pause after the database did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Relays until the engine is stopped.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut failing = false;
    loop {
        tokio::select! {
            () = shared.nudge.notified() => {}
            () = tokio::time::sleep(shared.poll) => {}
            () = shared.stop.cancelled() => return,
        }
        let Some(session) = shared.connected().await else {
            return;
        };
        match relay_all(&shared, &session).await {
            Ok(()) => failing = false,
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "tasks cannot be announced: the database does not answer");
                }
                failing = true;
                if !shared.pause(PAUSE).await {
                    return;
                }
            }
        }
    }
}

/// Announces everything that is due.
async fn relay_all(shared: &Shared, session: &Session) -> Result<()> {
    while !shared.stop.is_cancelled() && !session.is_blocked() {
        let until = later(TAKEN);
        let due = shared.store.take_announcements(BATCH, now(), until).await?;
        let published = publish(shared, session, &due).await;
        metrics::counter!("assay_announced_total")
            .increment(u64::try_from(published.len()).unwrap_or(0));
        let next = later(shared.resync);
        shared
            .store
            .confirm_announcements(&published, until, next, later(BEGUN))
            .await?;
        if due.len() < BATCH || published.len() < due.len() {
            break;
        }
    }
    Ok(())
}

/// Publishes; gives the keys of the tasks that the broker has for certain.
async fn publish(shared: &Shared, session: &Session, due: &[Announcement]) -> Vec<i64> {
    let mut sent = Vec::with_capacity(due.len());
    let all = async {
        for announcement in due {
            match send(shared, session, announcement).await {
                Ok(confirm) => sent.push((announcement.task_id, confirm)),
                Err(error) => {
                    session.fail(format!("publishing failed: {error}"));
                    break;
                }
            }
        }
    };
    if tokio::time::timeout(CONFIRM, all).await.is_err() {
        session.fail("the broker takes no messages");
        return Vec::new();
    }
    confirmed(session, sent).await
}

/// Waits for the broker's word on each message. A queue that does not take any must not keep the
/// others from being confirmed.
async fn confirmed(session: &Session, sent: Vec<(i64, PublisherConfirm)>) -> Vec<i64> {
    let answers = sent.into_iter().map(|(task_id, confirm)| async move {
        (task_id, tokio::time::timeout(CONFIRM, confirm).await)
    });
    let mut published = Vec::new();
    let mut unanswered = 0;
    for (task_id, answer) in futures::future::join_all(answers).await {
        match answer {
            Ok(Ok(answer)) if answer.is_ack() => match answer.take_message() {
                None => published.push(task_id),
                Some(_) => session.fail("the broker has lost a queue"),
            },
            // A nack is the broker's trouble for now; the task is announced again.
            Ok(Ok(_)) => {}
            Ok(Err(error)) => session.fail(format!("publishing failed: {error}")),
            Err(_) => unanswered += 1,
        }
    }
    if unanswered > 0 {
        tracing::warn!(unanswered, "the broker does not confirm what is published");
        if published.is_empty() {
            session.fail("the broker does not confirm what is published");
        }
    }
    published
}

async fn send(
    shared: &Shared,
    session: &Session,
    announcement: &Announcement,
) -> lapin::Result<PublisherConfirm> {
    let message = Message {
        task: announcement.task_id,
        class: announcement.class.clone(),
    };
    let mandatory = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let persistent = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(2)
        .with_app_id("assay".into());
    session
        .publisher
        .basic_publish(
            shared.names.exchange().into(),
            announcement.class.as_str().into(),
            mandatory,
            &message.encode(),
            persistent,
        )
        .await
}
