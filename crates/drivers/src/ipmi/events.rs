//! The event log of a BMC over IPMI.

use assay_domain::DriverError;
use assay_domain::capability::{EventLogCapability, EventLogEntry};
use assay_ipmi::command::sel::Entry;
use async_trait::async_trait;
use chrono::DateTime;

use super::session::Bmc;

#[async_trait]
impl EventLogCapability for Bmc {
    async fn event_log(&self) -> Result<Vec<EventLogEntry>, DriverError> {
        let entries = self.session.event_log().await;
        let entries = entries.map_err(|error| self.error(&error))?;
        Ok(entries.iter().map(entry).collect())
    }

    async fn clear_event_log(&self) -> Result<(), DriverError> {
        let cleared = self.session.clear_event_log().await;
        cleared.map_err(|error| self.error(&error))
    }
}

fn entry(entry: &Entry) -> EventLogEntry {
    let (text, severity) = entry.meaning();
    EventLogEntry {
        id: entry.id.to_string(),
        at: entry
            .at
            .and_then(|seconds| DateTime::from_timestamp(seconds.into(), 0)),
        subject: entry.subject(),
        text,
        severity,
    }
}
