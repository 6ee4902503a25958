//! Names of exchanges and queues, and their declaration.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use crate::state;

/// How often a message may come back unsettled before the broker puts it among the dead letters.
const DELIVERY_LIMIT: i32 = 20;

/// Names of exchanges and queues; all begin with the prefix.
pub(crate) struct Names {
    prefix: String,
    tasks: String,
    dead: String,
}

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            tasks: format!("{prefix}.tasks"),
            dead: format!("{prefix}.dead"),
        }
    }

    /// The exchange that all tasks are published to, with their class as routing key.
    pub(crate) fn exchange(&self) -> &str {
        &self.tasks
    }

    /// The queue of a class.
    pub(crate) fn queue(&self, class: &str) -> String {
        format!("{}.{class}", self.prefix)
    }

    /// The class whose queue has that name.
    pub(crate) fn class<'a>(&self, queue: &'a str) -> Option<&'a str> {
        queue.strip_prefix(&self.prefix)?.strip_prefix('.')
    }

    /// The queue of dead letters, and the exchange that leads to it.
    pub(crate) fn dead(&self) -> &str {
        &self.dead
    }

    /// Declares everything; what exists already is left as it is. Gives the classes whose queue
    /// holds no message.
    ///
    /// # Errors
    /// When the broker refuses, e.g. because a queue of that name exists with other properties.
    pub(crate) async fn declare(&self, channel: &Channel) -> lapin::Result<Vec<&'static str>> {
        let durable = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        for (exchange, kind) in [
            (&self.tasks, ExchangeKind::Direct),
            (&self.dead, ExchangeKind::Fanout),
        ] {
            let none = FieldTable::default();
            channel
                .exchange_declare(exchange.as_str().into(), kind, durable, none)
                .await?;
        }
        self.queue_with(channel, &self.dead, &self.dead, "", quorum())
            .await?;
        let mut empty = Vec::new();
        for class in state::names() {
            let mut arguments = quorum();
            let dead = AMQPValue::LongString(self.dead.as_str().into());
            arguments.insert("x-dead-letter-exchange".into(), dead);
            let limit = AMQPValue::LongInt(DELIVERY_LIMIT);
            arguments.insert("x-delivery-limit".into(), limit);
            let queue = self.queue(class);
            let messages = self
                .queue_with(channel, &queue, &self.tasks, class, arguments)
                .await?;
            if messages == 0 {
                empty.push(class);
            }
        }
        Ok(empty)
    }

    async fn queue_with(
        &self,
        channel: &Channel,
        queue: &str,
        exchange: &str,
        routing_key: &str,
        arguments: FieldTable,
    ) -> lapin::Result<u32> {
        let durable = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        let declared = channel
            .queue_declare(queue.into(), durable, arguments)
            .await?;
        channel
            .queue_bind(
                queue.into(),
                exchange.into(),
                routing_key.into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await?;
        Ok(declared.message_count())
    }
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    let kind = AMQPValue::LongString("quorum".into());
    arguments.insert("x-queue-type".into(), kind);
    arguments
}
