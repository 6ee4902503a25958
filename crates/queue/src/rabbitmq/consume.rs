//! Messages on their way to workers: one consumer per class and process.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use assay_domain::{Result, Task};
use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use lapin::Acker;
use lapin::Channel;
use lapin::message::Delivery as Received;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
    BasicRejectOptions,
};
use lapin::types::FieldTable;
use tokio::sync::Mutex;

use super::link::Session;
use super::message::Message;
use super::{ANSWER, Shared, dead};
use crate::delivery::{Delivery, Receipt, Settle, Want};
use crate::{later, now};

/// The consumer of one class.
pub(super) struct Consumer {
    shared: Arc<Shared>,
    queue: String,
    /// The most messages that anybody wanted at a time.
    most: AtomicU16,
    open: Mutex<Option<Open>>,
}

/// A consumer that the broker gives messages to.
struct Open {
    session: Arc<Session>,
    channel: Channel,
    stream: lapin::Consumer,
    /// Messages that have come and whose tasks were not claimed yet.
    kept: VecDeque<Received>,
}

impl Consumer {
    pub(super) fn new(shared: Arc<Shared>, class: &str) -> Self {
        Self {
            queue: shared.names.queue(class),
            shared,
            most: AtomicU16::new(1),
            open: Mutex::new(None),
        }
    }

    /// Waits for messages and claims their tasks.
    pub(super) async fn take(&self, want: Want<'_>) -> Result<Vec<Delivery>> {
        let limit = u16::try_from(want.limit).unwrap_or(u16::MAX);
        self.most.fetch_max(limit, Ordering::Relaxed);
        let mut open = self.open.lock().await;
        if open.is_none() {
            // Who cannot claim tasks must not take their messages.
            self.shared.store.ping().await?;
        }
        let received = tokio::select! {
            received = self.receive(&mut open, want.limit) => received,
            () = tokio::time::sleep(want.patience) => Vec::new(),
            () = want.stop.cancelled() => Vec::new(),
        };
        if received.is_empty() {
            return Ok(Vec::new());
        }
        let (known, foreign) = sort(received);
        for message in foreign {
            self.bury(&message).await;
        }
        let ids: Vec<i64> = known.keys().copied().collect();
        let claimed = self
            .shared
            .store
            .claim_these_tasks(want.owner, &ids, now(), later(want.lease))
            .await;
        match claimed {
            Ok(tasks) => Ok(hand_out(tasks, known).await),
            Err(error) => {
                if let Some(mut consuming) = open.take() {
                    consuming.kept.extend(known.into_values().flatten());
                    // Others may reach the database.
                    let _ = tokio::time::timeout(ANSWER, consuming.give_back()).await;
                }
                Err(error)
            }
        }
    }

    /// Puts a message that is none of ours among the dead letters at once: what the broker moves
    /// there itself it may lose. That way is taken when the database does not answer.
    async fn bury(&self, message: &Received) {
        match dead::keep(&self.shared, message).await {
            Ok(()) => accept(&message.acker).await,
            Err(error) => {
                tracing::warn!(%error, "a dead letter stays with the broker for now");
                reject(&message.acker).await;
            }
        }
    }

    /// Waits for the first message and takes those that have come with it. Dropped while it waits,
    /// it loses none: a message is taken from the stream in the step that ends the waiting.
    async fn receive(&self, open: &mut Option<Open>, limit: usize) -> Vec<Received> {
        loop {
            let Some(session) = self.shared.connected().await else {
                return Vec::new();
            };
            if open
                .as_ref()
                .is_none_or(|open| !Arc::ptr_eq(&open.session, &session))
            {
                *open = self.consume(&session).await;
            }
            let Some(consuming) = open else {
                tokio::time::sleep(ANSWER / 10).await;
                continue;
            };
            if consuming.kept.is_empty() {
                match consuming.stream.next().await {
                    Some(Ok(first)) => consuming.kept.push_back(first),
                    Some(Err(error)) => {
                        session.fail(format!("consuming failed: {error}"));
                        *open = None;
                        tokio::time::sleep(ANSWER / 10).await;
                        continue;
                    }
                    None => {
                        session.fail("the broker has cancelled a consumer");
                        *open = None;
                        tokio::time::sleep(ANSWER / 10).await;
                        continue;
                    }
                }
            }
            while consuming.kept.len() < limit
                && let Some(Some(Ok(next))) = consuming.stream.next().now_or_never()
            {
                consuming.kept.push_back(next);
            }
            let count = consuming.kept.len().min(limit);
            return consuming.kept.drain(..count).collect();
        }
    }

    async fn consume(&self, session: &Arc<Session>) -> Option<Open> {
        match tokio::time::timeout(ANSWER, self.open_on(session)).await {
            Ok(Ok(open)) => return Some(open),
            Ok(Err(error)) => session.fail(format!("consuming failed: {error}")),
            Err(_) => session.fail("the broker does not answer a new consumer"),
        }
        None
    }

    async fn open_on(&self, session: &Arc<Session>) -> Result<Open, String> {
        let text = |error: lapin::Error| error.to_string();
        let channel = session.channel().await?;
        let most = self.most.load(Ordering::Relaxed);
        let prefetch = self.shared.prefetch.unwrap_or(most);
        channel
            .basic_qos(prefetch, BasicQosOptions::default())
            .await
            .map_err(text)?;
        let stream = channel
            .basic_consume(
                self.queue.as_str().into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await
            .map_err(text)?;
        Ok(Open {
            session: Arc::clone(session),
            channel,
            stream,
            kept: VecDeque::new(),
        })
    }

    /// Takes no more messages, and gives back those that came and were not taken.
    pub(super) async fn close(&self) {
        let Some(open) = self.open.lock().await.take() else {
            return;
        };
        // When the connection is gone, the broker has given them to others already.
        let _ = tokio::time::timeout(ANSWER, open.give_back()).await;
    }
}

impl Open {
    async fn give_back(mut self) {
        let tag = self.stream.tag();
        let cancelled = self
            .channel
            .basic_cancel(tag, BasicCancelOptions::default())
            .await;
        if cancelled.is_err() {
            return;
        }
        while let Some(Some(Ok(message))) = self.stream.next().now_or_never() {
            self.kept.push_back(message);
        }
        for message in self.kept {
            let again = BasicNackOptions {
                requeue: true,
                ..BasicNackOptions::default()
            };
            let _ = message.acker.nack(again).await;
        }
    }
}

type Known = HashMap<i64, Vec<Received>>;

/// The messages by task, and those that name none.
fn sort(received: Vec<Received>) -> (Known, Vec<Received>) {
    let mut known = Known::new();
    let mut foreign = Vec::new();
    for message in received {
        match Message::decode(&message.data) {
            Ok(named) => known.entry(named.task).or_default().push(message),
            Err(why) => {
                tracing::warn!(why, "a message goes to the dead letters");
                foreign.push(message);
            }
        }
    }
    (known, foreign)
}

/// Gives each claimed task its receipt. All other messages have had their effect: their task has
/// ended, is held by somebody, or is announced again when its time has come.
async fn hand_out(tasks: Vec<Task>, mut known: Known) -> Vec<Delivery> {
    let mut deliveries = Vec::with_capacity(tasks.len());
    for task in tasks {
        let message = known.get_mut(&task.id).and_then(Vec::pop);
        let receipt = message.map_or_else(Receipt::none, |message| {
            Receipt::of(Settlement(message.acker))
        });
        deliveries.push(Delivery { task, receipt });
    }
    for message in known.into_values().flatten() {
        accept(&message.acker).await;
    }
    deliveries
}

/// Settles a message. What cannot be settled is delivered again, which is harmless.
struct Settlement(Acker);

#[async_trait]
impl Settle for Settlement {
    async fn done(&self) {
        accept(&self.0).await;
    }

    async fn dead(&self) {
        reject(&self.0).await;
    }
}

/// Says that a message has had its effect.
pub(super) async fn accept(acker: &Acker) {
    let _ = acker.ack(BasicAckOptions::default()).await;
}

/// Sends a message to the dead letters.
async fn reject(acker: &Acker) {
    let dead = BasicRejectOptions { requeue: false };
    let _ = acker.reject(dead).await;
}
