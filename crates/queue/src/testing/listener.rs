//! Hears what is published, beside those whom it is for.

use assay_domain::{Error, Result};
use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, ConnectionProperties};

use crate::rabbitmq::topology::Names;
use crate::state;

/// A queue of its own, which gets a copy of every message. It goes with its connection.
pub struct Listener {
    // The channel lives as long as this.
    _connection: Connection,
    channel: Channel,
    queue: ShortString,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What it says.
    pub body: Vec<u8>,
    /// Whatever else came with it, as text: exchange, routing key, properties and headers.
    pub envelope: String,
}

impl Listener {
    /// Listens from now on to everything that is published to exchanges with this prefix, dead letters
    /// included.
    ///
    /// # Errors
    /// [`Error::Internal`] with what the broker says.
    pub async fn start(url: &str, prefix: &str) -> Result<Self> {
        let connection = Connection::connect(url, ConnectionProperties::default())
            .await
            .map_err(Error::internal)?;
        let channel = connection.create_channel().await.map_err(Error::internal)?;
        let names = Names::new(prefix);
        names.declare(&channel).await.map_err(Error::internal)?;
        let own = QueueDeclareOptions {
            exclusive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = channel
            .queue_declare("".into(), own, FieldTable::default())
            .await
            .map_err(Error::internal)?
            .name()
            .clone();
        let tasks = state::names().into_iter();
        let tasks = tasks.map(|class| (names.exchange(), class));
        for (exchange, routing_key) in tasks.chain([(names.dead(), "")]) {
            channel
                .queue_bind(
                    queue.clone(),
                    exchange.into(),
                    routing_key.into(),
                    QueueBindOptions::default(),
                    FieldTable::default(),
                )
                .await
                .map_err(Error::internal)?;
        }
        Ok(Self {
            _connection: connection,
            channel,
            queue,
        })
    }

    /// What has been heard since the last call.
    ///
    /// # Errors
    /// [`Error::Internal`] with what the broker says.
    pub async fn heard(&self) -> Result<Vec<Heard>> {
        let mut heard = Vec::new();
        let settled = BasicGetOptions { no_ack: true };
        while let Some(message) = self
            .channel
            .basic_get(self.queue.clone(), settled)
            .await
            .map_err(Error::internal)?
        {
            let (exchange, key) = (&message.exchange, &message.routing_key);
            heard.push(Heard {
                envelope: format!("{exchange:?} {key:?} {:?}", message.properties),
                body: message.delivery.data,
            });
        }
        Ok(heard)
    }
}
