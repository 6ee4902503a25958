//! Settings of the queue (`[queue]` in the configuration).

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use assay_domain::Secret;
use serde::{Deserialize, Deserializer};

/// How long names of exchanges and queues may be, with the class at their end (AMQP 0-9-1 allows
/// 255 bytes).
const LONGEST_PREFIX: usize = 200;

/// Which engine, and how it is reached. Durations are seconds in configuration.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    /// `amqp://USER:PASSWORD@HOST:PORT/VHOST` or `amqps://…`; the embedded engine when absent.
    #[serde(deserialize_with = "secret")]
    pub url: Option<Secret>,
    /// What the names of exchanges and queues begin with.
    pub prefix: String,
    /// PEM file of authorities that the broker's certificate may come from, besides the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file with this client's certificate chain, for a broker that asks for one.
    pub client_certificate: Option<PathBuf>,
    /// PEM file with the certificate's private key.
    pub client_key: Option<PathBuf>,
    /// Messages that a worker has at a time, per class; as many as it has slots when absent.
    pub prefetch: Option<u16>,
    /// How often the database is asked for tasks to announce, when nobody said that there are any.
    #[serde(deserialize_with = "seconds")]
    pub poll: Duration,
    /// After how long a task that was announced and not begun is announced again.
    #[serde(deserialize_with = "seconds")]
    pub resync: Duration,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            url: None,
            prefix: "assay".to_owned(),
            ca_file: None,
            client_certificate: None,
            client_key: None,
            prefetch: None,
            poll: Duration::from_millis(500),
            resync: Duration::from_secs(600),
        }
    }
}

impl QueueSettings {
    /// What is wrong with these settings, apart from files and the URL.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        if self.prefix.is_empty() || self.prefix.len() > LONGEST_PREFIX {
            return Some("queue.prefix must have 1 to 200 bytes");
        }
        if self.prefetch == Some(0) {
            return Some("queue.prefetch must be at least 1");
        }
        if self.client_certificate.is_some() != self.client_key.is_some() {
            return Some("queue.client_certificate and queue.client_key belong together");
        }
        None
    }
}

impl fmt::Debug for QueueSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("QueueSettings")
            .field("url", &self.url.as_ref().map(|_| "(secret)"))
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| serde::de::Error::custom("expected seconds, greater than zero"))
}
