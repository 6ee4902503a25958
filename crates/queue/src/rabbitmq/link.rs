//! The connection: made, watched, made again, for ever.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::Timestamp;
use futures::StreamExt;
use lapin::options::{ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Event};
use tokio::sync::{Notify, OnceCell};

use super::{ANSWER, Shared, report};
use crate::now;
use crate::state::LinkState;

/// The first pause after a connection that was lost or not made; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What is told of a broker that has stopped to take messages.
const BLOCKED: &str = "the broker takes no messages: it is short of disk or memory";
/// How often the state of the connection is looked at, besides waiting for its events.
const LOOK: Duration = Duration::from_secs(1);
/// How long a connection may take to end in order.
const FAREWELL: Duration = Duration::from_secs(2);

/// The connection, or why there is none.
pub(super) enum Link {
    /// The first connection is being made.
    Starting {
        since: Timestamp,
    },
    Up {
        since: Timestamp,
        session: Arc<Session>,
    },
    Down {
        since: Timestamp,
        why: String,
    },
}

impl Link {
    pub(super) fn down(why: impl Into<String>) -> Self {
        Self::Down {
            since: now(),
            why: why.into(),
        }
    }

    pub(super) fn session(&self) -> Option<Arc<Session>> {
        match self {
            Self::Up { session, .. } => Some(Arc::clone(session)),
            Self::Starting { .. } | Self::Down { .. } => None,
        }
    }

    /// Whether there is a connection, since when, and what is wrong.
    pub(super) fn describe(&self) -> LinkState {
        let (connected, since, problem) = match self {
            Self::Starting { since } => (false, since, Some("connecting")),
            Self::Up { since, session } => (true, since, session.is_blocked().then_some(BLOCKED)),
            Self::Down { since, why } => (false, since, Some(why.as_str())),
        };
        LinkState {
            engine: "rabbitmq",
            connected,
            since: *since,
            problem: problem.map(str::to_owned),
        }
    }
}

/// One connection with the topology declared.
pub(super) struct Session {
    connection: Connection,
    /// The channel of the relay, with confirms.
    pub(super) publisher: Channel,
    broken: Notify,
    why: OnceCell<String>,
}

impl Session {
    /// A further channel.
    pub(super) async fn channel(&self) -> Result<Channel, String> {
        let made = tokio::time::timeout(ANSWER, self.connection.create_channel()).await;
        made.map_err(|_| "no channel was made in time".to_owned())?
            .map_err(|error| error.to_string())
    }

    /// Whether the broker refuses to be published to at the moment.
    pub(super) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Messages and consumers of a queue; none when the broker does not tell.
    pub(super) async fn counts(&self, queue: &str) -> Option<(u32, u32)> {
        let channel = self.channel().await.ok()?;
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let found = channel
            .queue_declare(queue.into(), passive, FieldTable::default())
            .await
            .ok()?;
        // A channel that cannot be closed goes with its connection.
        let _ = channel.close(200, "asked".into()).await;
        Some((found.message_count(), found.consumer_count()))
    }

    /// Says that this connection does not do what it should: it is made anew, with the topology.
    pub(super) fn fail(&self, why: impl Into<String>) {
        let _ = self.why.set(why.into());
        self.broken.notify_one();
    }

    /// Waits until the connection is lost; gives why.
    async fn lost(&self) -> String {
        let mut events = self.connection.events_listener();
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Event::Error(error)) => return error.to_string(),
                    Some(_) => {}
                    None => return "the connection has ended".to_owned(),
                },
                () = self.broken.notified() => {
                    let why = self.why.get().map(String::as_str);
                    return why.unwrap_or("the connection is broken").to_owned();
                }
                () = tokio::time::sleep(LOOK) => {
                    if !self.connection.status().connected() {
                        return "the connection was closed".to_owned();
                    }
                }
            }
        }
    }

    async fn close(&self) {
        if self.connection.status().connected() {
            let closing = self.connection.close(200, "Assay is done".into());
            // Whether it ended in order makes no difference to anybody.
            let _ = tokio::time::timeout(FAREWELL, closing).await;
        }
    }
}

/// Keeps a connection until the engine is stopped.
pub(super) async fn keep(shared: Arc<Shared>) {
    let mut pause = FIRST_PAUSE;
    while !shared.stop.is_cancelled() {
        let opened = tokio::select! {
            opened = open(&shared) => opened,
            () = shared.stop.cancelled() => return,
        };
        match opened {
            Ok(session) => {
                pause = FIRST_PAUSE;
                hold(&shared, Arc::new(session)).await;
            }
            Err(why) => down(&shared, why),
        }
        let spread = rand::random_range(0.5..1.0);
        if !shared.pause(pause.mul_f64(spread)).await {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn hold(shared: &Shared, session: Arc<Session>) {
    report(true, &shared.target, None);
    shared.link.send_replace(Link::Up {
        since: now(),
        session: Arc::clone(&session),
    });
    // What was stored meanwhile is announced at once.
    shared.nudge.notify_one();
    tokio::select! {
        why = session.lost() => down(shared, why),
        () = shared.stop.cancelled() => {
            shared.link.send_replace(Link::down("Assay is stopping"));
        }
    }
    session.close().await;
}

fn down(shared: &Shared, why: String) {
    let mut told = false;
    shared.link.send_if_modified(|link| {
        if let Link::Down { why: before, since } = link {
            told = *before == why;
            let since = *since;
            *link = Link::Down {
                since,
                why: why.clone(),
            };
        } else {
            *link = Link::down(why.clone());
        }
        !told
    });
    if !told {
        report(false, &shared.target, Some(&why));
    }
}

/// Connects, declares the topology, and has what the broker has lost announced again.
async fn open(shared: &Shared) -> Result<Session, String> {
    let connection = shared.target.connect().await?;
    let prepared = tokio::time::timeout(ANSWER * 2, prepare(shared, &connection)).await;
    let publisher = match prepared {
        Ok(Ok(publisher)) => publisher,
        Ok(Err(error)) => return Err(format!("exchanges and queues: {error}")),
        Err(_) => return Err("exchanges and queues were not declared in time".to_owned()),
    };
    Ok(Session {
        connection,
        publisher,
        broken: Notify::new(),
        why: OnceCell::new(),
    })
}

async fn prepare(shared: &Shared, connection: &Connection) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    for class in shared.names.declare(&channel).await? {
        match shared.store.repeat_announcements(class, now()).await {
            Ok(0) => {}
            Ok(tasks) => tracing::info!(
                class,
                tasks,
                "the broker holds no message: waiting tasks are announced again"
            ),
            Err(error) => tracing::warn!(%error, class, "tasks were not announced again"),
        }
    }
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    Ok(channel)
}
