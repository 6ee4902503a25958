//! SNMP requests to one agent: reads are repeated when they get lost, writes never by themselves.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::{DriverError, Target};
use async_snmp::{
    Auth, ClientBuilder, EngineCache, Error, Oid, ResponseShapePolicy, Retry, UdpClient, Value,
    WalkOptions,
};

use super::fault::Fault;
use crate::peer::Peer;

/// How often a read is sent within the time that a request may take.
const READS: u32 = 3;

/// How often a write that may be repeated is sent.
const SURE_WRITES: u32 = 3;

/// The most rows that a walk takes.
const MOST_ROWS: usize = 4096;

/// The two clients of a session.
pub(super) struct Wire {
    reader: UdpClient,
    writer: UdpClient,
    pub(super) peer: Peer,
}

impl Wire {
    /// Prepares both clients; nothing is sent yet but for looking up the host's name.
    pub(super) async fn open(target: &Target, auth: Auth, peer: Peer) -> Result<Self, DriverError> {
        // Both clients learn the engine of SNMP 3 once. The cache lives no longer than the session:
        // another device at the same address has another engine.
        let engines = Arc::new(EngineCache::new());
        let limit = target.request_timeout;
        let client = |auth: Auth, retry: Retry, attempt: Duration, reads: bool| {
            let host = target.host.trim_start_matches('[').trim_end_matches(']');
            // What a device echoes after a write is no news: its acceptance is what counts.
            let shape = if reads {
                ResponseShapePolicy::Strict
            } else {
                ResponseShapePolicy::Compatible
            };
            ClientBuilder::new(auth)
                .request_timeout(attempt)
                .exchange_timeout(Some(limit))
                .retry(retry)
                .response_shape_policy(shape)
                // An agent that does not believe a user says so without proof (RFC 3414, 3.2), which
                // the library hears under this name only. A read may believe it: at worst it is
                // sent once more. A write may not, for it would be sent twice; and every session
                // begins with a read.
                .allow_unauthenticated_v3_time_correction(reads)
                .engine_cache(Arc::clone(&engines))
                .target((host, target.port))
                .construction_timeout(limit)
                .strict_source(true)
                .connect()
        };
        let again = Retry::fixed(READS - 1, Duration::ZERO).unwrap_or_else(|_| Retry::none());
        let unreachable = |error: Box<Error>| peer.unreachable(Fault::from(error).to_string());
        let reader = client(auth.clone(), again, limit / READS, true)
            .await
            .map_err(unreachable)?;
        let writer = client(auth, Retry::none(), limit, false)
            .await
            .map_err(unreachable)?;
        Ok(Self {
            reader,
            writer,
            peer,
        })
    }

    /// Reads an object; none when the agent has none of that name.
    pub(super) async fn look(&self, oid: &Oid) -> Result<Option<Value>, Fault> {
        match self.reader.get(oid).await {
            Ok(response) => match response.into_single() {
                Ok(found) if found.value.is_exception() => Ok(None),
                Ok(found) => Ok(Some(found.value)),
                Err(_) => Err(Fault::Malformed("the answer holds no object".into())),
            },
            Err(error) if is_no_such_name(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a number.
    ///
    /// # Errors
    /// [`Fault::NoObject`] when the agent has none of that name.
    pub(super) async fn number(&self, oid: &Oid) -> Result<i64, Fault> {
        let value = self.look(oid).await?;
        let value = value.ok_or_else(|| Fault::NoObject(oid.to_string()))?;
        number(&value).ok_or_else(|| {
            Fault::Malformed(format!("{oid} is no number but {}", value.kind().as_str()))
        })
    }

    /// Reads all objects under a name, in order.
    pub(super) async fn walk(&self, under: Oid) -> Result<Vec<(Oid, Value)>, Fault> {
        let options = WalkOptions {
            result_limit: Some(MOST_ROWS),
            ..WalkOptions::default()
        };
        let rows = self.reader.walk_with(under, options)?.collect().await?;
        Ok(rows.into_iter().map(|row| (row.oid, row.value)).collect())
    }

    /// Writes a number, once.
    pub(super) async fn write(&self, oid: &Oid, value: i32) -> Result<(), Fault> {
        self.writer.set(oid, Value::Integer(value)).await?;
        Ok(())
    }

    /// Writes a number that may be written twice, until the agent has taken it or three writes have
    /// failed.
    pub(super) async fn write_surely(&self, oid: &Oid, value: i32) -> Result<(), Fault> {
        let mut attempt = 1;
        loop {
            match self.write(oid, value).await {
                Err(fault) if attempt < SURE_WRITES => {
                    tracing::debug!(endpoint = self.peer.endpoint(), %fault, attempt,
                        "a write is repeated");
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }
}

/// SNMP 1's way to say that there is no such object (RFC 1157, 4.1.2).
fn is_no_such_name(error: &Error) -> bool {
    matches!(
        error.exchange_source(),
        Error::Snmp {
            status: async_snmp::ErrorStatus::NoSuchName,
            ..
        }
    )
}

/// A value as a number: any of SNMP's numbers, or its digits as text.
pub(super) fn number(value: &Value) -> Option<i64> {
    value
        .as_i32()
        .map(i64::from)
        .or_else(|| value.as_u32().map(i64::from))
        .or_else(|| value.as_u64().and_then(|number| number.try_into().ok()))
        .or_else(|| value.as_str()?.trim().parse().ok())
}

/// A value as a text that can be shown; none when nothing is left of it.
pub(super) fn text(value: &Value) -> Option<String> {
    let text: String = String::from_utf8_lossy(value.as_bytes()?)
        .chars()
        .filter(|character| !character.is_control())
        .take(255)
        .collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_many_types() {
        for value in [
            Value::Integer(7),
            Value::Gauge32(7),
            Value::Counter64(7),
            Value::from(" 7"),
        ] {
            assert_eq!(number(&value), Some(7), "{value:?}");
        }
        assert_eq!(number(&Value::Integer(-1)), Some(-1));
        for value in [
            Value::Null,
            Value::Counter64(u64::MAX),
            Value::from("on"),
            Value::NoSuchInstance,
        ] {
            assert_eq!(number(&value), None, "{value:?}");
        }
    }

    #[test]
    fn texts_are_cleaned() {
        assert_eq!(text(&Value::from(" rack\u{0} 7\n")), Some("rack 7".into()));
        assert_eq!(text(&Value::from("\u{0}")), None);
        assert_eq!(text(&Value::Integer(1)), None);
        assert_eq!(
            text(&Value::from("x".repeat(900))).map(|text| text.len()),
            Some(255)
        );
    }
}
